//! Are these bytes a pickle? The machine is asked, with little fuel.
//!
//! Protocols 0 and 1 have no magic number, and any letter is an opcode. So text and numbers are taken for a pickle
//! only when the machine gets somewhere with them:
//! - it reaches STOP and has imported something, or has called something;
//! - it reaches STOP behind which nothing but padding or another stream lies, and has built a container or filled
//!   the memo on the way;
//! - the bytes end in the middle, after opcodes that fill the memo or a container.
//!
//! An import alone is not enough: every two words below each other of which the first begins with `c` are one.

use std::io;

use super::{Event, Frames, Observer, Op, Value, Values, What, machine};
use crate::{
    Fault, Problem,
    content::Content,
    limits::{Budget, Limits},
};

/// Opcodes that a probe does.
const FUEL: u64 = 20_000;
/// Bytes that a probe sees.
const REACH: u64 = 1 << 20;

/// What the machine made of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Probe {
    opcodes: u64,
    imports: u64,
    calls: u64,
    /// Opcodes that put into the memo or make or fill containers.
    structure: u64,
    proto: bool,
    end: Option<u64>,
    /// The bytes ended before it did.
    cut: bool,
    /// The fuel, or another limit, ended before it did.
    exhausted: bool,
}

impl Probe {
    /// Whether it went as far as there was something to go.
    const fn ran_out(&self) -> bool {
        self.cut || self.exhausted
    }
}

impl Observer for Probe {
    fn see(&mut self, event: &Event, _: &Values) {
        match event.what {
            What::Import { .. } => self.imports = self.imports.saturating_add(1),
            What::Call { .. } | What::Build { .. } => self.calls = self.calls.saturating_add(1),
            _ => {}
        }
    }

    fn step(&mut self, _: u64, op: Op, _: &[Value], _: &Values) {
        self.opcodes = self.opcodes.saturating_add(1);
        let structure = match op {
            Op::Put | Op::BinPut | Op::LongBinPut | Op::Memoize => 1,
            Op::Tuple | Op::List | Op::Dict | Op::Append | Op::Appends | Op::SetItem | Op::SetItems => 1,
            _ => 0,
        };
        self.structure = self.structure.saturating_add(structure);
        self.proto |= op == Op::Proto;
    }
}

fn probe(content: &Content, start: u64) -> io::Result<Probe> {
    run(&content.part(start, REACH), start, &mut FUEL.clone())
}

/// Runs `part`, which begins at `start` of the content, on what is left of `fuel`.
fn run(part: &Content, start: u64, fuel: &mut u64) -> io::Result<Probe> {
    run_with(part, start, fuel, Frames::Ignored)
}

/// As [`run`], with what becomes of an argument that crosses the end of a frame.
fn run_with(part: &Content, start: u64, fuel: &mut u64, frames: Frames) -> io::Result<Probe> {
    let mut probe = Probe::default();
    let limits = Limits {
        entries: *fuel,
        opcodes: *fuel,
        ..Limits::default()
    };
    let mut budget = Budget::new(&limits);
    let stream = machine::read(part, 0, frames, &limits, &mut budget, &mut probe)?;
    *fuel = budget.opcodes;
    match stream.broken {
        None => probe.end = Some(start.saturating_add(stream.range.end)),
        Some(Problem::LimitExceeded { .. }) => probe.exhausted = true,
        Some(Problem::Malformed {
            fault: Fault::Truncated { .. },
            ..
        }) => probe.cut = true,
        Some(_) => {}
    }
    Ok(probe)
}

/// Whether `content` as a whole is a pickle that imports something: what a loader that is given it would run.
#[must_use]
pub fn is_stream(content: &Content) -> bool {
    probe(content, 0).is_ok_and(|probe| probe.calls > 0 || probe.imports > 0 && probe.end.is_some())
}

/// Whether the first byte is what pickles in use begin with; the others are not worth the fuel.
fn begins(first: Option<u8>) -> Option<Op> {
    let is_idle = |op: &Op| {
        matches!(
            op,
            Op::Stop | Op::Pop | Op::PopMark | Op::Dup | Op::Append | Op::Build
        )
    };
    first.and_then(Op::of).filter(|op| !is_idle(op))
}

/// Whether a file that begins with `head` is a pickle. See the [module](self).
pub(crate) fn is_head(head: &[u8]) -> bool {
    let Some(first) = begins(head.first().copied()) else {
        return false;
    };
    let content = Content::from(head.to_vec());
    let Ok(probe) = probe(&content, 0) else {
        return false;
    };
    is_convincing(&probe, &content, &mut FUEL.clone()).unwrap_or(false)
        || probe.exhausted && probe.structure > 0 && probe.opcodes >= 3
        || probe.end.is_none() && head.len() >= crate::detect::HEAD_BYTES && is_endless_number(first, head)
}

/// Opcodes that are done before a text that breaks nowhere is taken for a pickle.
const WHOLE_FUEL: u64 = 200_000;

/// Whether `content`, text as far as one can see, is a pickle as a whole: the machine is let run over all of it, for what
/// is printed in front of a call can be as long as one likes. What it does not come to the end of counts as a pickle, so
/// that its analyzer says how far it gets.
///
/// # Errors
/// What reading raises.
pub fn is_text_stream(content: &Content) -> io::Result<bool> {
    if begins(content.read(0, 1)?.first().copied()).is_none() {
        return Ok(false);
    }
    let mut fuel = WHOLE_FUEL;
    let probe = run(content, 0, &mut fuel)?;
    Ok(probe.exhausted || is_convincing(&probe, content, &mut fuel)? || fuel == 0)
}

/// Whether the machine comes to a call of something imported, whatever else `content` is: a reader that is given the file
/// as a pickle asks for no more.
///
/// # Errors
/// What reading raises.
pub fn calls_from_start(content: &Content) -> io::Result<bool> {
    // An id in text is resolved by its loader, which first asks what else the file could be.
    let first = begins(content.read(0, 1)?.first().copied());
    if first.is_none_or(|op| op == Op::PersId) {
        return Ok(false);
    }
    let probe = run(content, 0, &mut WHOLE_FUEL.clone())?;
    Ok(probe.calls > 0 && probe.imports > 0)
}

/// Whether a loader that is given `content` as a pickle could come to an import, or nobody can tell because there is more of
/// it than is run. For questions of policy: what is pushed before it may be as long as one likes, what else the file could be
/// does not matter, and both ways to read frames count.
///
/// # Errors
/// What reading raises.
pub fn could_import(content: &Content) -> io::Result<bool> {
    if begins(content.read(0, 1)?.first().copied()).is_none() {
        return Ok(false);
    }
    for frames in [Frames::Ignored, Frames::Dropped] {
        let mut fuel = WHOLE_FUEL;
        let probe = run_with(content, 0, &mut fuel, frames)?;
        let imports = probe.calls > 0 || probe.imports > 0 && probe.end.is_some();
        if imports || probe.exhausted {
            return Ok(true);
        }
        // Some loaders read one object after the other.
        if let Some(end) = probe.end
            && (is_followed_by_a_call(content, padding(content, end), &mut fuel)? || fuel == 0)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether what the machine made of the first stream of `content` says that it is a pickle. See the [module](self).
fn is_convincing(probe: &Probe, content: &Content, fuel: &mut u64) -> io::Result<bool> {
    if probe.calls > 0 || probe.imports > 0 && probe.end.is_some() {
        return Ok(true);
    }
    let is_built = probe.structure > 0 && probe.opcodes >= 3;
    let Some(end) = probe.end else {
        return Ok(is_built && probe.cut);
    };
    let again = padding(content, end);
    let next = content.read(again, 2)?;
    let is_alone =
        next.is_empty() || matches!(*next, [0x80, 0..=5]) || next.first() == content.read(0, 1)?.first();
    Ok(is_built && is_alone || is_followed_by_a_call(content, again, fuel)?)
}

/// Whether one of the streams that lie right behind each other from `at` on calls something: loaders that read several
/// objects come to it.
fn is_followed_by_a_call(content: &Content, mut at: u64, fuel: &mut u64) -> io::Result<bool> {
    while *fuel > 0 && at < content.size() {
        let probe = run(&content.since(at), at, fuel)?;
        if probe.calls > 0 {
            return Ok(true);
        }
        let Some(end) = probe.end else {
            return Ok(false);
        };
        at = padding(content, end);
    }
    Ok(false)
}

/// Whether an integer in text goes on as far as one can see: readers take quadratic time for it.
fn is_endless_number(first: Op, head: &[u8]) -> bool {
    let digits = head.get(1..).unwrap_or_default();
    matches!(first, Op::Int | Op::Long) && digits.iter().all(u8::is_ascii_digit)
}

/// Zeros and white space, which nothing can hide in.
const fn is_padding(byte: u8) -> bool {
    matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n')
}

/// The end of the zeros and white space that begin at `from`.
#[must_use]
pub fn padding(content: &Content, from: u64) -> u64 {
    let mut at = from;
    let mut ahead = 64_usize;
    while let Ok(window) = content.read(at, ahead) {
        ahead = WINDOW;
        let count = window.iter().take_while(|byte| is_padding(**byte)).count();
        at = at.saturating_add(count as u64);
        if count < window.len() || window.is_empty() {
            break;
        }
    }
    at
}

/// Bytes that are searched at once.
const WINDOW: usize = 64 << 10;
/// Bytes beyond a place that are looked at to tell whether a stream begins there.
const LOOK: usize = 512;
/// Places that are tried.
const MOST_TRIES: usize = 2000;

/// Where the next stream begins, at `from` or behind it.
///
/// 1. At `from`, or behind the padding there: any stream that states its protocol, reaches STOP, or calls something.
/// 2. Behind other bytes: a stream that states its protocol and reaches STOP or calls something, or one that
///    begins with a global in text and calls something.
#[must_use]
pub fn next_stream(content: &Content, from: u64) -> Option<u64> {
    let behind = padding(content, from);
    for at in [from, behind] {
        let first = content.read(at, 3).ok()?;
        if may_begin(&first) {
            return Some(at);
        }
        let is_op = first.first().copied().and_then(Op::of).is_some();
        if is_op && probe(content, at).is_ok_and(is_next) {
            return Some(at);
        }
    }
    let mut tries = 0_usize;
    let mut at = behind;
    loop {
        let window = content.read(at, WINDOW.saturating_add(LOOK)).ok()?;
        let places = window.len().min(WINDOW);
        for index in 0..places {
            let rest = window.get(index..).unwrap_or_default();
            if !may_begin(rest) {
                continue;
            }
            tries = tries.saturating_add(1);
            let place = at.saturating_add(index as u64);
            let found = probe(content, place).ok()?;
            if found.calls > 0 || found.proto && found.end.is_some() && found.opcodes > 2 {
                return Some(place);
            }
            if tries >= MOST_TRIES {
                return None;
            }
        }
        if window.len() <= WINDOW {
            return None;
        }
        at = at.saturating_add(places as u64);
    }
}

const fn is_next(probe: Probe) -> bool {
    probe.calls > 0 || probe.opcodes >= 2 && (probe.end.is_some() || probe.proto && probe.ran_out())
}

/// Whether a stream may begin here, among other bytes.
fn may_begin(rest: &[u8]) -> bool {
    match rest {
        [0x80, 0..=5, next, ..] => Op::of(*next).is_some(),
        [b'c', rest @ ..] | [b'(', b'c', rest @ ..] => is_global(rest),
        _ => false,
    }
}

/// Two lines that are dotted names: module and attribute.
fn is_global(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._".contains(byte);
    let is_name = |line: &[u8]| !line.is_empty() && line.iter().all(plain);
    let text = text.get(..text.len().min(LOOK)).unwrap_or_default();
    let mut lines = text.splitn(3, |&byte| byte == b'\n');
    let (module, name, rest) = (lines.next(), lines.next(), lines.next());
    module.is_some_and(is_name) && name.is_some_and(is_name) && rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_are_told_from_text_and_numbers() {
        for head in [
            &b"cposix\nsystem\n(S'echo'\ntR."[..],
            b"(S'echo'\nios\nsystem\n.",
            b"S'posix'\nS'system'\n\x93(S'echo'\ntR.",
            b"I0x10\n0cposix\nsystem\n(S'echo'\ntR.",
            b"(dp0\nS'a'\nI1\ns.",
            b"(dp0\nS'a'\n",
            b"(lp0\n",
            b"(lp0\nI1\naI2\na.\n",
            b"]q\0.",
            b"}q\0(X\x01\0\0\0aK\x01u.",
            b"cposix\nsystem\n)R\xff\xff",
            b"Vposix\nVsystem\n\x93)R.",
            b"(lp0\n.cposix\nsystem\n(S'echo'\ntR.",
            b"N.I1\n.\n\ncposix\nsystem\n(S'echo'\ntR.",
            &[b"L", &[b'9'; 5000][..]].concat(),
        ] {
            assert!(is_head(head), "{:?}", String::from_utf8_lossy(head));
        }
        for head in [
            &b"."[..],
            b"N.",
            b"N",
            b"cat\ndog\nbird\n",
            b"cat\ncab\ncan\ncar\ncup\ncut\n",
            b"call me\nwhen ready\nplease",
            b"(d. 1950) was a painter",
            b"I am a text.",
            b"]",
            b"[1, 2]",
            b"Name,Value\na,b\n",
            b"pad\nunk\n",
            b"\0\0\x80\x3f\0\0\0\x40",
            b"KKKKKKKK",
            b"NNNNNNNN",
            b"((((((((",
            b"]]]]]]",
            b"N. N. N. N. Smith (R. I.) wrote it.\n",
            &[b"L", &[b'9'; 100][..]].concat(),
            &[b"L", &[b'a'; 5000][..]].concat(),
        ] {
            assert!(!is_head(head), "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn the_next_stream_is_found_behind_padding_and_junk() {
        let next = |bytes: &[u8], from| next_stream(&Content::from(bytes.to_vec()), from);
        assert_eq!(next(b"N.\x80\x02N.", 2), Some(2));
        assert_eq!(next(b"N.I1\n.", 2), Some(2));
        assert_eq!(next(b"N.\0\0\0\x80\x02N.", 2), Some(5));
        assert_eq!(next(b"N.junk\x80\x02K\x01.", 2), Some(6));
        assert_eq!(next(b"N.junkcos\nsystem\n)R.", 2), Some(6));
        assert_eq!(next(b"N.junk", 2), None);
        assert_eq!(next(b"N.\0\0\0\0", 2), None);
        assert_eq!(next(b"N.", 2), None);
        let mut far = vec![b'.'];
        far.extend([0xff; 70_000]);
        far.extend(b"\x80\x04\x8c\x02os\x8c\x06system\x93)R.");
        assert_eq!(next(&far, 1), Some(70_001));
        assert_eq!(padding(&Content::from(b"N.\0\0 \nx".to_vec()), 2), 6);
    }

    #[test]
    fn text_is_run_to_where_it_breaks_or_calls() {
        let whole = |bytes: &[u8]| is_text_stream(&Content::from(bytes.to_vec())).unwrap();
        const EVIL: &[u8] = b"cposix\nsystem\n(Vecho\ntR.";
        for front in [
            b"N0".repeat(2100),
            [b"S'", &[b'x'; 5000][..], b"'\n0"].concat(),
            [b"V", &b"model weights ".repeat(400)[..], b"\n0"].concat(),
            b"F1.5\n0".repeat(1200),
            b"ccollections\nOrderedDict\n0".repeat(300),
            b"N.\n".repeat(2000),
            b"N0".repeat(2 << 20),
        ] {
            assert!(whole(&[&front, EVIL].concat()), "{:?}", &front[..8]);
        }
        for text in [
            "cat\ndog\nbird\n".repeat(1000),
            "Name,Value\na,b\n".repeat(1000),
            "N. N. Smith (R. I.) wrote it.\n".repeat(1000),
            "Vocabulary\nVowel\nand\n".repeat(1000),
            "I am a text.\n".repeat(1000),
            "# Title\n".repeat(1000),
        ] {
            assert!(!whole(text.as_bytes()), "{text:.20}");
        }
    }

    #[test]
    fn a_call_is_told_whatever_the_bytes_are_besides() {
        let calls = |bytes: &[u8]| calls_from_start(&Content::from(bytes.to_vec())).unwrap();
        assert!(calls(b"GIF89a\x01\x000cposix\nsystem\n)R.\0\xff"));
        assert!(!calls(b"GIF89a\x01\0\x01\0\0\0\0"));
        assert!(!calls(b"PK\x03\x04\ncposix\nsystem\n)R."));
    }

    #[test]
    fn a_stream_in_a_constant_imports_something() {
        let is = |bytes: &[u8]| is_stream(&Content::from(bytes.to_vec()));
        assert!(is(b"\x80\x02cposix\nsystem\n)R."));
        assert!(is(b"\x80\x02cposix\nsystem\n)R"));
        assert!(!is(b"\x80\x02N."));
        assert!(!is(b"cat\ndog\n"));
    }
}

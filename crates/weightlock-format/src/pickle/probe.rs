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
    /// The bytes, or the fuel, ended before it did.
    ran_out: bool,
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
    let mut probe = Probe::default();
    let limits = Limits {
        entries: FUEL,
        opcodes: FUEL,
        ..Limits::default()
    };
    let mut budget = Budget::new(&limits);
    let part = content.part(start, REACH);
    let stream = machine::read(&part, 0, Frames::Ignored, &limits, &mut budget, &mut probe)?;
    match stream.broken {
        None => probe.end = Some(start.saturating_add(stream.range.end)),
        Some(
            Problem::LimitExceeded { .. }
            | Problem::Malformed {
                fault: Fault::Truncated { .. },
                ..
            },
        ) => probe.ran_out = true,
        Some(_) => {}
    }
    Ok(probe)
}

/// Whether `content` as a whole is a pickle that imports something: what a loader that is given it would run.
#[must_use]
pub fn is_stream(content: &Content) -> bool {
    probe(content, 0).is_ok_and(|probe| probe.calls > 0 || probe.imports > 0 && probe.end.is_some())
}

/// Whether a file that begins with `head` is a pickle. See the [module](self).
pub(crate) fn is_head(head: &[u8]) -> bool {
    let Some(first) = head.first().copied().and_then(Op::of) else {
        return false;
    };
    // What every pickle in use begins with; the others are not worth the fuel.
    if matches!(
        first,
        Op::Stop | Op::Pop | Op::PopMark | Op::Dup | Op::Append | Op::Build
    ) {
        return false;
    }
    let Ok(probe) = probe(&Content::from(head.to_vec()), 0) else {
        return false;
    };
    if probe.calls > 0 || probe.imports > 0 && probe.end.is_some() {
        return true;
    }
    match probe.end.and_then(|end| usize::try_from(end).ok()) {
        Some(end) => {
            let rest = head.get(end..).unwrap_or_default();
            let padding = rest.iter().take_while(|byte| is_padding(**byte)).count();
            let again = rest.get(padding..).unwrap_or_default();
            let is_alone =
                again.is_empty() || matches!(again, [0x80, 0..=5, ..]) || again.first() == head.first();
            probe.opcodes >= 3 && probe.structure > 0 && is_alone || is_followed_by_a_call(again)
        }
        None => {
            probe.ran_out && probe.structure > 0 && probe.opcodes >= 3
                || head.len() >= crate::detect::HEAD_BYTES && is_endless_number(first, head)
        }
    }
}

/// Streams that are tried one behind the other before the first bytes are believed to be something else.
const MOST_STREAMS: usize = 16;

/// Whether one of the streams that lie right behind each other in `rest` calls something: loaders that read several
/// objects come to it.
fn is_followed_by_a_call(mut rest: &[u8]) -> bool {
    for _ in 0..MOST_STREAMS {
        let Ok(probe) = probe(&Content::from(rest.to_vec()), 0) else {
            return false;
        };
        if probe.calls > 0 {
            return true;
        }
        let Some(behind) = probe
            .end
            .and_then(|end| usize::try_from(end).ok())
            .and_then(|end| rest.get(end..))
        else {
            return false;
        };
        let padding = behind.iter().take_while(|byte| is_padding(**byte)).count();
        rest = behind.get(padding..).unwrap_or_default();
    }
    false
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
    probe.calls > 0 || probe.opcodes >= 2 && (probe.end.is_some() || probe.proto && probe.ran_out)
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
    fn a_stream_in_a_constant_imports_something() {
        let is = |bytes: &[u8]| is_stream(&Content::from(bytes.to_vec()));
        assert!(is(b"\x80\x02cposix\nsystem\n)R."));
        assert!(is(b"\x80\x02cposix\nsystem\n)R"));
        assert!(!is(b"\x80\x02N."));
        assert!(!is(b"cat\ndog\n"));
    }
}

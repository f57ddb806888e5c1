//! [`Listing`]: the opcodes of a pickle, what lies on the stack after each, and what each would do.
//!
//! For people who want to see with their own eyes what a finding is about. Values are shown in a few words: names in
//! full, texts shortened, containers by their size; nothing is run, and nothing recurses on input.

use std::{collections::BTreeMap, io};

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_format::{
    content::Content,
    limits::{Budget, Limits},
    pickle::{self, Event, Frames, Observer, Op, Value, Values, View, What},
};

use crate::{imports::Grade, observation::pickle::Name};

/// Values that are shown of a stack or of a tuple.
const MOST_VALUES: usize = 4;
/// Characters that are shown of a text.
const MOST_TEXT: usize = 60;
/// Containers within each other that are opened.
const DEPTH: u32 = 2;

/// One pickle after the other, as far as they could be read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The streams, in the order of the bytes.
    pub streams: Vec<Stream>,
    /// Bytes behind the last stream that begin no other.
    pub bytes_left: u64,
    /// Opcodes that are not listed.
    pub left_out: u64,
}

/// One stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Offset of its first byte.
    pub start: u64,
    /// Offset behind its last byte, or where it breaks.
    pub end: u64,
    /// The highest protocol that it states.
    pub protocol: u8,
    /// Opcodes in it, also those that are not listed.
    pub opcodes: u64,
    /// Why it has no end.
    pub broken: Option<String>,
    /// The opcodes.
    pub lines: Vec<Line>,
}

/// One opcode.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its offset.
    pub offset: u64,
    /// Its name.
    pub opcode: String,
    /// What lies on the stack since the last mark afterwards, the top first; at most four.
    pub stack: Vec<String>,
    /// How many more lie there.
    pub deeper: u64,
    /// What it would do.
    pub does: Vec<String>,
}

/// Lists the pickles that begin at `start`, at most `most` opcodes of them.
///
/// # Errors
/// What reading raises.
pub fn list(content: &Content, start: u64, most: usize, limits: &Limits) -> io::Result<Listing> {
    let mut budget = Budget::new(limits);
    let mut listing = Listing::default();
    let mut at = start;
    let mut left = most;
    loop {
        let mut scribe = Scribe {
            lines: Vec::new(),
            does: Vec::new(),
            most: left,
            left_out: 0,
        };
        let read = pickle::read(content, at, Frames::Ignored, limits, &mut budget, &mut scribe)?;
        left = left.saturating_sub(scribe.lines.len());
        listing.left_out = listing.left_out.saturating_add(scribe.left_out);
        let whole = read.broken.is_none();
        listing.streams.push(Stream {
            start: read.range.start,
            end: read.range.end,
            protocol: read.protocol,
            opcodes: read.opcodes,
            broken: read.broken.map(|problem| problem.to_string()),
            lines: scribe.lines,
        });
        at = read.range.end;
        match following(content, at)? {
            Some(next) if whole => at = next,
            _ => break,
        }
    }
    listing.bytes_left = content.size().saturating_sub(at);
    Ok(listing)
}

/// The names that the pickles at the start of `content` import, as `module.name`, with what is known of each.
///
/// # Errors
/// What reading raises.
pub fn imports(content: &Content, limits: &Limits) -> io::Result<BTreeMap<String, Grade>> {
    let mut budget = Budget::new(limits);
    let mut names = Names::default();
    let mut at = 0;
    loop {
        let read = pickle::read(content, at, Frames::Ignored, limits, &mut budget, &mut names)?;
        match following(content, read.range.end)? {
            Some(next) if read.broken.is_none() => at = next,
            _ => return Ok(names.0),
        }
    }
}

/// Writes down what is imported.
#[derive(Default)]
struct Names(BTreeMap<String, Grade>);

impl Observer for Names {
    fn see(&mut self, event: &Event, values: &Values) {
        if let What::Import { global } = &event.what
            && let View::Global(global) = values.view(*global)
        {
            let name = Name::new(global);
            self.0.insert(name.dotted(), name.known.grade);
        }
    }
}

/// Where the next stream begins: behind padding of zeros, at an opcode that begins streams.
fn following(content: &Content, at: u64) -> io::Result<Option<u64>> {
    let window = content.read(at, 4096)?;
    let zeros = window.iter().take_while(|byte| **byte == 0).count();
    let begins = window
        .get(zeros)
        .and_then(|byte| Op::of(*byte))
        .is_some_and(|op| {
            matches!(
                op,
                Op::Proto
                    | Op::Mark
                    | Op::Global
                    | Op::EmptyDict
                    | Op::EmptyList
                    | Op::EmptyTuple
                    | Op::Int
                    | Op::Long
            )
        });
    Ok(begins.then(|| at.saturating_add(zeros as u64)))
}

/// Writes down what it is told.
struct Scribe {
    lines: Vec<Line>,
    /// What the opcode does that is being done.
    does: Vec<String>,
    most: usize,
    left_out: u64,
}

impl Observer for Scribe {
    fn see(&mut self, event: &Event, values: &Values) {
        if self.lines.len() < self.most {
            self.does.push(does(&event.what, values));
        }
    }

    fn step(&mut self, offset: u64, op: Op, stack: &[Value], values: &Values) {
        let does = std::mem::take(&mut self.does);
        if self.lines.len() >= self.most {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        let shown = stack.iter().rev().take(MOST_VALUES);
        self.lines.push(Line {
            offset,
            opcode: op.name().to_owned(),
            stack: shown.map(|value| describe(*value, values, DEPTH)).collect(),
            deeper: stack.len().saturating_sub(MOST_VALUES) as u64,
            does,
        });
    }
}

fn does(what: &What, values: &Values) -> String {
    let show = |value: &Value| describe(*value, values, DEPTH);
    match what {
        What::Import { global } => format!("imports {}", show(global)),
        What::Call { callable, args, .. } => format!("calls {} with {}", show(callable), show(args)),
        What::Build { object, state } => format!("gives {} the state {}", show(object), show(state)),
        What::Modify { object, items } => format!("changes {} with {}", show(object), show(items)),
        What::Persistent { id, .. } => format!("asks the loader for {}", show(id)),
        What::Extension { code } => format!("takes what is registered as extension {code}"),
        What::Buffer => "takes a buffer that is not in the stream".to_owned(),
        What::Unusual { what } => format!("unusual: {what}"),
        What::Abuse { what, asked } => format!("abuse: {what} ({asked})"),
        _ => "does what this version has no words for".to_owned(),
    }
}

/// A value in a few words. Opens `depth` containers within each other.
fn describe(value: Value, values: &Values, depth: u32) -> String {
    match values.view(value) {
        View::Unknown => "?".to_owned(),
        View::None => "None".to_owned(),
        View::Bool(true) => "True".to_owned(),
        View::Bool(false) => "False".to_owned(),
        View::Int(number) => number.to_string(),
        View::Long => "a long integer".to_owned(),
        View::Float => "a float".to_owned(),
        View::Text => text(value, values),
        View::Bytes => match values.bytes(value) {
            Some(bytes) => format!("{} bytes", bytes.size()),
            None => "bytes".to_owned(),
        },
        View::Tuple(items) => match depth.checked_sub(1) {
            Some(depth) if items.left_out == 0 && items.kept.len() <= MOST_VALUES => {
                let inside: Vec<String> = items
                    .kept
                    .iter()
                    .map(|item| describe(*item, values, depth))
                    .collect();
                format!("({})", inside.join(", "))
            }
            _ => sized("tuple", items.kept.len(), items.left_out),
        },
        View::List(items) => sized("list", items.kept.len(), items.left_out),
        View::Set(items) => sized("set", items.kept.len(), items.left_out),
        View::FrozenSet(items) => sized("frozenset", items.kept.len(), items.left_out),
        View::Dict(items) => {
            let all = (items.kept.len() as u64).saturating_add(items.left_out);
            format!("dict of {}", all.checked_div(2).unwrap_or_default())
        }
        View::Global(global) => global.dotted(),
        View::Instance(instance) => {
            let callable = match depth.checked_sub(1) {
                Some(depth) => describe(instance.callable, values, depth),
                None => "?".to_owned(),
            };
            format!("what {callable} gives")
        }
        View::Persistent(id) => match depth.checked_sub(1) {
            Some(depth) => format!("what the loader gives for {}", describe(id, values, depth)),
            None => "what the loader gives".to_owned(),
        },
        View::Extension(code) => format!("extension {code}"),
        View::Buffer => "a buffer".to_owned(),
        _ => "?".to_owned(),
    }
}

fn sized(noun: &str, kept: usize, left_out: u64) -> String {
    format!("{noun} of {}", (kept as u64).saturating_add(left_out))
}

/// A text in quotes, its end left out where it is long.
fn text(value: Value, values: &Values) -> String {
    const MOST_BYTES: usize = 1 << 16;
    let Some(text) = values.text(value, MOST_BYTES) else {
        return "a long text".to_owned();
    };
    let mut short: String = text.chars().take(MOST_TEXT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(bytes: &[u8]) -> Listing {
        list(&bytes.to_vec().into(), 0, 100, &Limits::default()).unwrap()
    }

    #[test]
    fn the_names_of_all_streams_with_what_is_known_of_them() {
        let streams = [
            b"\x80\x02ccollections\nOrderedDict\n.".as_slice(),
            b"\x80\x02cposix\nsystem\n.",
            b"\x80\x02cfoo.bar\nBaz\n",
        ];
        let names = imports(&streams.concat().into(), &Limits::default()).unwrap();
        let grades: Vec<_> = names.iter().map(|(name, grade)| (name.as_str(), *grade)).collect();
        assert_eq!(
            grades,
            [
                ("collections.OrderedDict", Grade::Core),
                ("foo.bar.Baz", Grade::Unknown),
                ("posix.system", Grade::Dangerous),
            ]
        );
    }

    fn lines(listing: &Listing) -> String {
        let all = listing.streams.iter().flat_map(|stream| &stream.lines);
        let line = |line: &Line| {
            format!(
                "{} {} [{}] {}\n",
                line.offset,
                line.opcode,
                line.stack.join(", "),
                line.does.join("; ")
            )
        };
        all.map(line).collect()
    }

    #[test]
    fn tells_what_each_opcode_would_do() {
        let listing = listed(b"cposix\nsystem\n(Vid\ntR.");
        insta::assert_snapshot!(lines(&listing), @r#"
        0 GLOBAL [posix.system] imports posix.system
        14 MARK [] 
        15 UNICODE ["id"] 
        19 TUPLE [("id"), posix.system] 
        20 REDUCE [what posix.system gives] calls posix.system with ("id")
        21 STOP [what posix.system gives] 
        "#);
        assert_eq!(listing.bytes_left, 0);
    }

    #[test]
    fn goes_on_behind_the_first_stream_and_says_where_it_stops() {
        let listing = listed(b"\x80\x02N.\0\0\x80\x04K\x01.junk");
        let ranges: Vec<_> = listing.streams.iter().map(|one| (one.start, one.end)).collect();
        assert_eq!(ranges, [(0, 4), (6, 11)]);
        assert_eq!(listing.bytes_left, 4);
    }

    #[test]
    fn a_broken_stream_keeps_what_was_read() {
        let listing = listed(b"\x80\x02cos\nsystem\n\xffrest");
        let stream = &listing.streams[0];
        assert_eq!(stream.lines.len(), 2);
        assert!(stream.broken.as_ref().unwrap().contains("0xff"), "{stream:?}");
    }

    #[test]
    fn a_long_stream_is_counted_beyond_what_is_listed() {
        let bytes = [&b"("[..], &[b'N'; 500], b"t."].concat();
        let listing = list(&bytes.into(), 0, 10, &Limits::default()).unwrap();
        assert_eq!(listing.streams[0].lines.len(), 10);
        assert_eq!((listing.left_out, listing.streams[0].opcodes), (493, 503));
        let last = &listing.streams[0].lines[9];
        assert_eq!((last.stack.len(), last.deeper), (4, 5));
    }

    #[test]
    fn texts_and_nests_are_shortened() {
        let long = "x".repeat(200);
        let listing = listed(format!("V{long}\n\u{85}.").replace('\u{85}', "0N").as_bytes());
        assert!(listing.streams[0].lines[0].stack[0].len() < 70);
        let nest = listed(b"NN\x86N\x86N\x86.");
        assert_eq!(nest.streams[0].lines[6].stack[0], "((tuple of 2, None), None)");
    }
}

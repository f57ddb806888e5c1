//! `weightlock disassemble FILE`: the opcodes of a pickle, what lies on the stack after each, and what each would do.

use std::{io, path::PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::Error;
use weightlock_format::{content::Content, detect::Format};
use weightlock_scan::{
    Settings, Trail, coverage, engine,
    listing::{self, Line, Listing},
};

use super::scan::opened;
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    nearest,
    reply::Reply,
    sources::Source,
    terminal::{Paint, Style},
    text::{Shown, quoted},
};

const VERB: &str = "disassemble";

/// Members that are named when none was chosen.
const MOST_NAMED: usize = 12;

/// Show the opcodes of a pickle and what each would do; nothing is run.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock disassemble model.pkl
  weightlock disassemble --member archive/data.pkl model.pt
  weightlock disassemble --offset 4096 weights.bin")]
pub struct Arguments {
    /// A pickle, or an archive that holds one
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The pickle begins at this byte
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: u64,
    /// A member of the archive, and of the archive in it; as findings name it behind `!/`. Repeatable
    #[arg(long, value_name = "NAME")]
    member: Vec<String>,
    /// List at most this many opcodes; all are read
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    limit: usize,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disassembled {
    /// The file and the members in it, joined with `!/`.
    pub trail: String,
    /// The opcodes.
    pub listing: Listing,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match disassemble(arguments) {
        Ok(result) => answer(&result, context),
        Err(reason) => Reply::refusal(VERB, vec![reason]),
    }
}

fn answer(result: &Disassembled, context: &Context) -> Reply {
    let text = text(result, context.out);
    let broken = result.listing.streams.iter().find_map(|stream| {
        let why = stream.broken.as_ref()?;
        Some(
            Diagnostic::new(coverage::BROKEN, format!("the stream has no end: {why}"))
                .at(format!("{}   offset {}", result.trail, stream.end))
                .note("what stands before the break is done by a loader before it notices"),
        )
    });
    match broken {
        None => Reply::yes(VERB, text, result),
        Some(reason) => Reply::refusal(VERB, vec![reason])
            .with_text(text)
            .with_result(result),
    }
}

fn disassemble(arguments: &Arguments) -> Result<Disassembled, Diagnostic> {
    let source = Source::named(&arguments.file)?;
    let content = opened(&source)?;
    let name = arguments.file.to_string_lossy().into_owned();
    let (trail, content) = choose(&name, content, arguments)?;
    let settings = Settings::default();
    let listing = listing::list(&content, arguments.offset, arguments.limit, &settings.limits)
        .map_err(|source: io::Error| Error::io("read", &arguments.file, source))?;
    Ok(Disassembled {
        trail: trail.to_string(),
        listing,
    })
}

/// The content to list: the member that was named, the file itself, or the only pickle in it.
fn choose(name: &str, content: Content, arguments: &Arguments) -> Result<(Trail, Content), Diagnostic> {
    let file = Trail::file(name);
    if !arguments.member.is_empty() {
        let wanted = arguments
            .member
            .iter()
            .fold(file, |trail, member| trail.member(member));
        return find(name, content, &wanted);
    }
    let is_pickle = |content: &Content| {
        let head = content.read(arguments.offset, weightlock_format::detect::HEAD_BYTES);
        head.is_ok_and(|head| Format::of(&head) == Format::Pickle)
    };
    if arguments.offset > 0 || is_pickle(&content) {
        return Ok((file, content));
    }
    let mut pickles = Vec::new();
    engine::visit(
        name,
        content.clone(),
        &Settings::default(),
        &mut |subject, format| {
            if format == Format::Pickle {
                pickles.push(subject.trail.clone());
            }
        },
    );
    match pickles.as_slice() {
        [only] => find(name, content, only),
        // What does not look like a pickle may be one all the same.
        [] if ends(&content) => Ok((file, content)),
        [] => Err(not_a_pickle(name)),
        several => Err(ambiguous(name, several)),
    }
}

/// Whether the opcodes from the first byte on come to a STOP.
fn ends(content: &Content) -> bool {
    let listing = listing::list(content, 0, 0, &Settings::default().limits);
    listing.is_ok_and(|listing| {
        listing
            .streams
            .first()
            .is_some_and(|stream| stream.broken.is_none())
    })
}

fn find(name: &str, content: Content, wanted: &Trail) -> Result<(Trail, Content), Diagnostic> {
    let mut found = None;
    let mut others = Vec::new();
    engine::visit(name, content, &Settings::default(), &mut |subject, _| {
        if subject.trail == *wanted {
            found.get_or_insert_with(|| subject.content.clone());
        } else if found.is_none() {
            others.push(subject.trail.to_string());
        }
    });
    if let Some(content) = found {
        return Ok((wanted.clone(), content));
    }
    let told = Diagnostic::new(USAGE, format!("there is no {wanted}"));
    Err(match nearest::of(wanted.as_str(), others.iter()) {
        Some(near) => told.help(format!("did you mean {}", command(name, near))),
        None => told.help(format!(
            "what is in it:  weightlock scan --coverage {}",
            quoted(name)
        )),
    })
}

fn not_a_pickle(name: &str) -> Diagnostic {
    Diagnostic::new(coverage::UNKNOWN, format!("{name} is no pickle and holds none"))
        .at(name)
        .help(format!("weightlock scan {}", quoted(name)))
}

fn ambiguous(name: &str, pickles: &[Trail]) -> Diagnostic {
    let told = Diagnostic::new(
        USAGE,
        format!("{name} holds {} pickles; name one with --member", pickles.len()),
    );
    pickles
        .iter()
        .take(MOST_NAMED)
        .fold(told, |told, trail| told.help(command(name, trail.as_str())))
}

/// The command that lists the pickle at a trail.
fn command(name: &str, trail: &str) -> String {
    let members = trail.strip_prefix(name).unwrap_or(trail).split("!/").skip(1);
    let flags: String = members
        .map(|member| format!(" --member {}", quoted(member)))
        .collect();
    format!("weightlock disassemble{flags} {}", quoted(name))
}

fn text(result: &Disassembled, paint: Paint) -> String {
    let listing = &result.listing;
    let mut text = format!(
        "{}\n",
        paint.apply(Style::Strong, &Shown(&result.trail).to_string())
    );
    for stream in &listing.streams {
        if listing.streams.len() > 1 {
            text += &format!("\nstream from {} to {}\n", stream.start, stream.end);
        }
        let width = stream.end.to_string().len().max(4);
        for one in &stream.lines {
            line(one, width, paint, &mut text);
        }
        if let Some(why) = &stream.broken {
            text += &format!("{:>width$}  broken: {}\n", stream.end, Shown(why));
        }
    }
    if listing.left_out > 0 {
        text += &format!(
            "{} more opcodes were read and are not listed; --limit shows more\n",
            listing.left_out
        );
    }
    if listing.bytes_left > 0 {
        text += &format!("{} bytes behind it begin no other stream\n", listing.bytes_left);
    }
    text += "nothing was run\n";
    text
}

fn line(line: &Line, width: usize, paint: Paint, text: &mut String) {
    let mut stack = line
        .stack
        .iter()
        .map(|value| Shown(value).to_string())
        .collect::<Vec<_>>();
    if line.deeper > 0 {
        stack.push(format!("{} more", line.deeper));
    }
    *text += &format!(
        "{:>width$}  {:16}  [{}]\n",
        line.offset,
        line.opcode,
        stack.join(" | ")
    );
    for does in &line.does {
        *text += &format!(
            "{:width$}  {} {}\n",
            "",
            paint.apply(Style::Error, "^"),
            Shown(does)
        );
    }
}

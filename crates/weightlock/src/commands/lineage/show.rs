//! `weightlock lineage show`: where a thing comes from, what came of it, and where the chain is broken.
//!
//! With `--from` it asks whether the thing came from one other thing: from what was published to what is served. A chain
//! with a link missing is told with the digests at both of its ends.

use std::collections::HashSet;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;
use weightlock_bom::lineage::{Direction, Gap, Identity, Lineage, NodeId};

use super::{
    GAP, Hop, Question, column, hops,
    listed::{is_weights, read_lines, way_lines},
    store::ReadStores,
    unknown,
    what::What,
};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    reply::Reply,
    text::{Shown, counted},
};

/// Show where a thing comes from, what came of it, and where the chain is broken.
///
/// A chain is broken where a step used bytes of which nobody tells how they were made, although somebody does tell how
/// other bytes of the same name were made.
#[derive(Args, Debug)]
#[command(after_help = "\
Answers: 0 the chain is whole, 1 a link is missing or refuted, 3 the stores do not know the thing, or the chain to --from
is whole only over what nobody signed.

  weightlock lineage show ./served --store ./evidence --key builder.pub
  weightlock lineage show ./served --from sha256:9f2c… --store ./evidence --key builder.pub")]
pub(super) struct Arguments {
    #[command(flatten)]
    question: Question,
    /// Whether it came from this: a digest, a path, or `name:` with a name
    #[arg(long, value_name = "WHAT")]
    from: Option<String>,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineageShown {
    /// What was asked for.
    pub what: String,
    /// What it was made from.
    pub ancestors: Vec<Ancestor>,
    /// How many things were made from it.
    pub descendants: usize,
    /// Where the chain before it is broken.
    pub gaps: Vec<BrokenLink>,
    /// The way from the thing that was named with `--from`; empty where there is none.
    pub way: Vec<Hop>,
    /// How that way is known; none where there is none, or none was asked for.
    #[schemars(with = "Option<String>")]
    pub way_standing: Option<Standing>,
    /// What was read.
    pub read: ReadStores,
}

/// Something that it was made from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ancestor {
    /// What it is called.
    pub name: String,
    /// What names its bytes; none where it is known by name only.
    pub digest: Option<String>,
    /// How the way to it is known.
    #[schemars(with = "String")]
    pub standing: Standing,
    /// Whether anybody tells what it was made from.
    pub is_origin: bool,
}

/// A missing link.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrokenLink {
    /// The name that both have.
    pub name: String,
    /// The bytes that were used.
    pub used: String,
    /// The bytes whose making is told of.
    pub made: Vec<String>,
}

const VERB: &str = "lineage show";

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match show(arguments, context) {
        Ok((shown, reasons)) if reasons.is_empty() => Reply::yes(VERB, text(&shown), shown),
        Ok((shown, reasons)) => {
            let exit = exit(&shown, arguments.from.is_some());
            Reply::refusal(VERB, reasons)
                .with_text(text(&shown))
                .with_exit(exit)
                .with_result(shown)
        }
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

/// A chain that is whole, but not signed throughout, is no answer.
fn exit(shown: &LineageShown, asked: bool) -> Exit {
    if shown.gaps.is_empty() && asked && shown.way_standing.is_some() {
        Exit::NoAnswer
    } else {
        Exit::No
    }
}

fn show(
    arguments: &Arguments,
    context: &Context,
) -> Result<(LineageShown, Vec<Diagnostic>), Vec<Diagnostic>> {
    let question = &arguments.question;
    let what = What::read(&question.what, question, context)?;
    let from = match &arguments.from {
        Some(text) => Some(What::read(text, question, context)?),
        None => None,
    };
    let (lineage, read) = question.read(context)?;
    let start = what.find(&lineage).ok_or_else(|| unknown(&what.shown, &read))?;
    let before = lineage.walk(start, Direction::Ancestors, &is_weights);
    let mut inside: HashSet<NodeId> = before.reached.iter().map(|it| it.node).collect();
    inside.insert(start);
    let least = if read.are_signers_named {
        Standing::Verified
    } else {
        Standing::Declared
    };
    let gaps: Vec<Gap> = lineage
        .gaps(least)
        .into_iter()
        .filter(|gap| is_before(&lineage, gap, &inside))
        .collect();
    let mut reasons: Vec<Diagnostic> = gaps.iter().map(|gap| broken(&lineage, gap)).collect();
    let (mut way, mut way_standing) = (Vec::new(), None);
    if let Some(from) = &from {
        let found = from
            .find(&lineage)
            .and_then(|node| before.reached.iter().find(|it| it.node == node));
        match found {
            Some(reached) => {
                way = hops(&lineage, &before.way(reached), Direction::Ancestors);
                way_standing = Some(reached.standing);
                if reached.standing != Standing::Verified {
                    reasons.push(unsigned(&what, from, reached.standing));
                }
            }
            None => reasons.push(no_way(&what, from, start, &lineage)),
        }
    }
    let shown = LineageShown {
        what: what.shown,
        ancestors: before
            .reached
            .iter()
            .filter_map(|reached| {
                let node = lineage.node(reached.node)?;
                Some(Ancestor {
                    name: node.shown(),
                    digest: node.content().map(ToString::to_string),
                    standing: reached.standing,
                    is_origin: !lineage.is_told(reached.node),
                })
            })
            .collect(),
        descendants: lineage
            .walk(start, Direction::Descendants, &is_weights)
            .reached
            .len(),
        gaps: gaps.iter().map(link).collect(),
        way,
        way_standing,
        read,
    };
    Ok((shown, reasons))
}

/// Whether the bytes of a gap are before the thing that is asked for, or are it.
fn is_before(lineage: &Lineage, gap: &Gap, inside: &HashSet<NodeId>) -> bool {
    lineage
        .find(&Identity::Content(gap.used))
        .is_some_and(|used| inside.contains(&used))
}

fn link(gap: &Gap) -> BrokenLink {
    BrokenLink {
        name: gap.name.clone(),
        used: gap.used.to_string(),
        made: gap.made.iter().map(ToString::to_string).collect(),
    }
}

fn broken(lineage: &Lineage, gap: &Gap) -> Diagnostic {
    let step = lineage
        .into_node(gap.by)
        .next()
        .map_or_else(String::new, |edge| lineage.source(edge.source).to_owned());
    let told = Diagnostic::new(
        GAP,
        format!(
            "what was used under the name {} is not what was made",
            Shown(&gap.name)
        ),
    )
    .at(Shown(&step).to_string())
    .fact("used", gap.used.to_string());
    gap.made
        .iter()
        .fold(told, |told, made| told.fact("made", made.to_string()))
        .note("a link between source and artifact is missing: nobody tells how the bytes that were used came to be")
        .help("find out where the used bytes come from, or make the step again from the bytes that were made")
}

fn unsigned(what: &What, from: &What, standing: Standing) -> Diagnostic {
    Diagnostic::new(
        GAP,
        format!(
            "that {} came from {} is only {}",
            what.shown,
            from.shown,
            standing.word().to_lowercase()
        ),
    )
    .note("somebody could have written it who never made the model")
    .help("say whose statements count, with --key or --identity, or have the step attested")
}

fn no_way(what: &What, from: &What, start: NodeId, lineage: &Lineage) -> Diagnostic {
    let served = lineage
        .node(start)
        .and_then(weightlock_bom::lineage::Node::content);
    let told = Diagnostic::new(
        GAP,
        format!("no known step leads from {} to {}", from.shown, what.shown),
    );
    let told = match served {
        Some(digest) => told.fact("served", digest.to_string()),
        None => told,
    };
    told.fact("published", from.shown.clone())
        .note("a link between source and artifact is missing")
        .help("have every conversion, merge and quantisation attested:  weightlock attest run … -- CMD")
}

fn text(shown: &LineageShown) -> String {
    let mut text = format!("{}\n", Shown(&shown.what));
    if shown.ancestors.is_empty() {
        text += "  made from: the stores do not tell\n";
    }
    for one in &shown.ancestors {
        let digest = one
            .digest
            .as_ref()
            .filter(|it| **it != one.name)
            .map_or_else(String::new, |it| format!("   {it}"));
        let origin = if one.is_origin {
            "   nobody tells where it comes from"
        } else {
            ""
        };
        text += &format!(
            "  from  {}  {}{digest}{origin}\n",
            column(one.standing),
            Shown(&one.name)
        );
    }
    text += &format!("  made from it: {}\n", counted(shown.descendants, "known thing"));
    if !shown.way.is_empty() {
        text += "  the way\n";
        text += &way_lines(&shown.way);
    }
    text + &read_lines(&shown.read)
}

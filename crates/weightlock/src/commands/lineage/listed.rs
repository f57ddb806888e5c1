//! `weightlock lineage ancestors|descendants|who-uses`: everything that lies in one direction.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;
use weightlock_bom::{
    lineage::{Direction, Lineage, Node, Walk},
    provenance::step::BASE,
};
use weightlock_format::loadable::{EXTENSIONS, Loadable};

use super::{MADE, Question, READ, column, hops, store::ReadStores, unknown, what::What};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::{Shown, counted},
};

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineageList {
    /// What was asked for.
    pub what: String,
    /// `ancestors`, `descendants` or `users`.
    pub direction: String,
    /// What was found: the best known first, then the nearest.
    pub found: Vec<Found>,
    /// Models that hold the very weights of one that was found, and of which nobody tells why.
    pub same_weights: Vec<SameWeights>,
    /// How many were found, by the standing of the way to them.
    pub by_standing: BTreeMap<String, usize>,
    /// What was read.
    pub read: ReadStores,
}

/// Something that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// What it is called; its digest where nobody says.
    pub name: String,
    /// Everything it is called.
    pub names: Vec<String>,
    /// What names its bytes; none where it is known by name only.
    pub digest: Option<String>,
    /// Where statements about it lie.
    pub places: Vec<String>,
    /// How the worst known edge of the best known way is known.
    #[schemars(with = "String")]
    pub standing: Standing,
    /// The way, in the order of time.
    pub way: Vec<Hop>,
}

/// One thing went into another.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// What went in.
    pub from: String,
    /// How, to be read between the two names.
    pub how: String,
    /// What it went into.
    pub to: String,
    /// How that is known.
    #[schemars(with = "String")]
    pub standing: Standing,
    /// Who says so.
    pub source: String,
}

/// A model with the weights of another.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SameWeights {
    /// The model.
    pub model: String,
    /// What names it.
    pub digest: Option<String>,
    /// The file that both hold.
    pub file: String,
    /// Where statements about the model lie.
    pub places: Vec<String>,
}

pub(super) fn run(verb: &'static str, question: &Question, direction: Direction, context: &Context) -> Reply {
    match list(question, direction, context) {
        Ok(listed) => Reply::yes(verb, text(&listed), listed),
        Err(reasons) => Reply::refusal(verb, reasons),
    }
}

fn list(
    question: &Question,
    direction: Direction,
    context: &Context,
) -> Result<LineageList, Vec<Diagnostic>> {
    let what = What::read(&question.what, question, context)?;
    let (lineage, read) = question.read(context)?;
    let start = what.find(&lineage).ok_or_else(|| unknown(&what.shown, &read))?;
    let walk = lineage.walk(start, direction, &is_weights);
    let found: Vec<Found> = found(&lineage, &walk, direction);
    let mut by_standing = BTreeMap::new();
    for one in &found {
        *by_standing.entry(one.standing.word().to_lowercase()).or_insert(0) += 1;
    }
    Ok(LineageList {
        what: what.shown,
        direction: match direction {
            Direction::Ancestors => "ancestors",
            Direction::Descendants => "descendants",
            Direction::Users => "users",
        }
        .to_owned(),
        same_weights: same_weights(&lineage, &walk),
        found,
        by_standing,
        read,
    })
}

/// Whether a file of this name holds weights.
pub(super) fn is_weights(path: &str) -> bool {
    let Some((_, extension)) = path.rsplit_once('.') else {
        return false;
    };
    EXTENSIONS.iter().any(|(what, known)| {
        *what == Loadable::Weights && known.iter().any(|it| it.eq_ignore_ascii_case(extension))
    })
}

fn found(lineage: &Lineage, walk: &Walk, direction: Direction) -> Vec<Found> {
    walk.reached
        .iter()
        .filter_map(|reached| {
            let node = lineage.node(reached.node)?;
            Some(Found {
                name: node.shown(),
                names: node.names.keys().cloned().collect(),
                digest: node.content().map(ToString::to_string),
                places: node.places.iter().cloned().collect(),
                standing: reached.standing,
                way: hops(lineage, &walk.way(reached), direction),
            })
        })
        .collect()
}

fn same_weights(lineage: &Lineage, walk: &Walk) -> Vec<SameWeights> {
    walk.shares
        .iter()
        .filter_map(|share| {
            let (model, file) = (lineage.node(share.model)?, lineage.node(share.file)?);
            Some(SameWeights {
                model: model.shown(),
                digest: model.content().map(ToString::to_string),
                file: file.paths.first().cloned().unwrap_or_else(|| file.shown()),
                places: places(model),
            })
        })
        .collect()
}

fn places(node: &Node) -> Vec<String> {
    node.places.iter().cloned().collect()
}

fn text(listed: &LineageList) -> String {
    let what = Shown(&listed.what);
    let mut text = match (listed.direction.as_str(), listed.found.len()) {
        ("ancestors", 0) => format!("{what}: the stores tell of nothing it was made from\n"),
        ("descendants", 0) => format!("{what}: the stores tell of nothing that was made from it\n"),
        (_, 0) => format!("{what}: the stores tell of nothing that uses it\n"),
        ("ancestors", count) => format!("{what}: made from {}\n", counted(count, "known thing")),
        ("descendants", count) => format!("{what}: {} made from it\n", counted(count, "known thing")),
        (_, count) => format!("{what}: {} use it\n", counted(count, "known thing")),
    };
    for one in &listed.found {
        text += &format!("  {}  {}", column(one.standing), Shown(&one.name));
        if let Some(digest) = one.digest.as_ref().filter(|digest| **digest != one.name) {
            text += &format!("   {digest}");
        }
        text.push('\n');
        for place in &one.places {
            text += &format!("            at {}\n", Shown(place));
        }
        text += &way_lines(&one.way);
    }
    for one in &listed.same_weights {
        text += &format!(
            "  same weights: {} holds {} too, and nobody tells why\n",
            Shown(&one.model),
            Shown(&one.file)
        );
    }
    text + &read_lines(&listed.read)
}

/// A way, a line for each step: `base → chat   ml/finetune/v1   VERIFIED: provenance-….json`.
pub(super) fn way_lines(way: &[Hop]) -> String {
    let mut text = String::new();
    let mut hops = way.iter().peekable();
    while let Some(hop) = hops.next() {
        let next = hops.next_if(|next| hop.how == READ && next.how == MADE);
        let (to, how) = match next {
            Some(next) => (&next.to, hop.to.trim_start_matches(BASE)),
            None => (&hop.to, hop.how.as_str()),
        };
        text += &format!(
            "            {} → {}   {}   {}: {}\n",
            Shown(&hop.from),
            Shown(to),
            Shown(how),
            hop.standing.word(),
            Shown(&hop.source)
        );
    }
    text
}

/// What the answer rests on, and what is missing from it.
pub(super) fn read_lines(read: &ReadStores) -> String {
    let documents = match read.documents {
        0 => String::new(),
        count => format!(", and {} that nobody signed", counted(count, "document")),
    };
    let mut text = format!(
        "read {}, of which {} count{documents}\n",
        counted(read.statements, "statement"),
        read.verified
    );
    for one in &read.not_counted {
        text += &format!("  only a claim: {}: {}\n", Shown(&one.path), Shown(&one.why));
    }
    for one in &read.not_read {
        text += &format!("  not read: {}: {}\n", Shown(&one.path), Shown(&one.why));
    }
    text
}

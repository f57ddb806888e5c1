//! `weightlock bom show`: one screen of what is known, and how.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;
use weightlock_bom::graph::{Claim, Component, Conflict, Graph, Kind, Property, Ref, Teller, Verb};

use super::{Input, input::Given, make::Standings};
use crate::{
    context::Context,
    reply::Reply,
    terminal::{Paint, Style},
    text::{self, counted},
};

/// Show what a model is made of on one screen, and how each fact is known.
///
/// FILE may be a bill of materials of any tool; then nothing is better than declared, because nothing was checked.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A model, or a CycloneDX or SPDX document
    #[arg(value_name = "TARGET|FILE", value_parser = crate::layout::typed::target())]
    target: PathBuf,
    #[command(flatten)]
    input: Input,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The target as it was named.
    pub target: String,
    /// The format of the document that was read; none for a model.
    pub document: Option<String>,
    /// What is known of what it is about, and of what it was made from.
    pub facts: Vec<Known>,
    /// Components by kind, and how many.
    pub components: std::collections::BTreeMap<String, usize>,
    /// How facts are known.
    pub standings: Standings,
    /// Where sources disagree, one line each.
    pub conflicts: Vec<String>,
    /// Files that could not be read.
    pub unread: Vec<String>,
}

/// A fact.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The property, or what it is to another component.
    pub name: String,
    /// Its values; none where nobody says.
    pub values: Vec<String>,
    /// How it is known.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    pub standing: Standing,
    /// Where it was found.
    pub sources: Vec<String>,
}

const VERB: &str = "bom show";
/// What stands for a path or a name on somebody's machine; `bom --show-private` writes it.
const LEFT_OUT: &str = "(private, left out)";
/// Values of one fact on the screen; JSON has all.
const MOST_VALUES: usize = 4;
/// Characters of a value on the screen.
const MOST_LETTERS: usize = 72;

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match arguments.input.either(&arguments.target, context) {
        Ok(given) => {
            let shown = shown(&given, &arguments.target.display().to_string());
            let text = screen(&shown, context.out);
            let unread = given.unread();
            if unread.is_empty() {
                Reply::yes(VERB, text, shown).with_notes(given.notes)
            } else {
                Reply::refusal(VERB, unread)
                    .with_text(text)
                    .with_result(shown)
                    .with_notes(given.notes)
            }
        }
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

fn shown(given: &Given, target: &str) -> Shown {
    let graph = &given.graph;
    let mut components = std::collections::BTreeMap::new();
    for component in graph.components().values() {
        let kind = serde_json::to_value(component.kind).unwrap_or_default();
        *components
            .entry(kind.as_str().unwrap_or_default().to_owned())
            .or_insert(0) += 1;
    }
    let mut facts = graph
        .component(graph.subject())
        .map_or_else(Vec::new, of_component);
    facts.extend(of_relations(graph));
    facts.extend(unknown(graph, &facts));
    Shown {
        target: target.to_owned(),
        document: given.foreign.as_ref().map(|it| it.form.clone()),
        facts,
        components,
        standings: Standings::of(graph),
        conflicts: graph.conflicts().iter().map(|it| conflict(graph, it)).collect(),
        unread: graph
            .unread()
            .iter()
            .map(|it| format!("{}: {}", it.path, it.why))
            .collect(),
    }
}

fn of_component(component: &Component) -> Vec<Known> {
    let facts = component.facts().iter();
    facts
        .map(|(property, fact)| {
            let claims = fact.claims().iter();
            let sources = claims
                .clone()
                .flat_map(|it| it.sources.iter().map(ToString::to_string));
            Known {
                name: property.name().to_owned(),
                values: claims.map(value).collect(),
                standing: fact.standing(property.arity()),
                sources: sources.collect(),
            }
        })
        .collect()
}

/// A value as the documents have it: screens are copied into reports too.
pub(in crate::commands) fn value(claim: &Claim) -> String {
    if claim.is_private {
        LEFT_OUT.to_owned()
    } else {
        claim.value.to_string()
    }
}

fn of_relations(graph: &Graph) -> Vec<Known> {
    let shown = graph.from(graph.subject()).filter_map(|relation| {
        let name = match relation.verb {
            Verb::DerivedFrom => relation.derivation().map_or("made from", |it| it.word()),
            Verb::TrainedOn => "trained on",
            Verb::EvaluatedOn => "evaluated on",
            Verb::CalibratedOn => "calibrated on",
            _ => return None,
        };
        Some(Known {
            name: name.to_owned(),
            values: vec![title(graph, &relation.to)],
            standing: relation.standing,
            sources: relation.sources.iter().map(ToString::to_string).collect(),
        })
    });
    shown.collect()
}

/// What everybody asks about a model or a data set, and nobody says here.
fn unknown(graph: &Graph, facts: &[Known]) -> Vec<Known> {
    let kind = graph.component(graph.subject()).map(|it| it.kind);
    let asked: &[&[&str]] = match kind {
        Some(Kind::Model) => &[
            &["name"],
            &["version", "revision"],
            &["supplier", "author", "namespace"],
            &["license"],
            &[
                "made from",
                "finetune",
                "adapter",
                "merge",
                "quantized",
                "converted",
            ],
            &["trained on"],
        ],
        Some(Kind::Dataset) => &[
            &["name"],
            &["version", "revision"],
            &["license"],
            &["sensitive-data"],
        ],
        _ => &[],
    };
    let is_known = |names: &[&str]| facts.iter().any(|it| names.contains(&it.name.as_str()));
    asked
        .iter()
        .filter(|names| !is_known(names))
        .filter_map(|names| names.first())
        .map(|name| Known {
            name: (*name).to_owned(),
            values: Vec::new(),
            standing: Standing::Unknown,
            sources: Vec::new(),
        })
        .collect()
}

/// What a component is called, with its owner.
pub(in crate::commands) fn title(graph: &Graph, reference: &Ref) -> String {
    let Some(component) = graph.component(reference) else {
        return reference.to_string();
    };
    let name = component
        .text(Property::Name)
        .map_or_else(|| reference.to_string(), str::to_owned);
    match component.text(Property::Namespace) {
        Some(owner) if !owner.is_empty() && component.kind != Kind::File => format!("{owner}/{name}"),
        _ => name,
    }
}

/// A conflict in a line, as the documents have it.
pub(in crate::commands) fn conflict(graph: &Graph, conflict: &Conflict) -> String {
    let told = conflict.told(graph, &Screen(graph));
    format!("{}: {told}", title(graph, conflict.about()))
}

struct Screen<'g>(&'g Graph);

impl Teller for Screen<'_> {
    fn title(&self, reference: &Ref) -> String {
        title(self.0, reference)
    }

    fn shows(&self, claim: &Claim) -> bool {
        !claim.is_private
    }
}

fn screen(shown: &Shown, paint: Paint) -> String {
    let title = text::Shown(&shown.target).to_string();
    let mut text = paint.apply(Style::Strong, &title).to_string();
    if let Some(document) = &shown.document {
        text += &format!("   {}, not checked", text::Shown(document));
    }
    text += "\n\n";
    for known in &shown.facts {
        let some: Vec<String> = known
            .values
            .iter()
            .take(MOST_VALUES)
            .map(|it| short(it))
            .collect();
        let more = known.values.len().saturating_sub(MOST_VALUES);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let line = match some.as_slice() {
            [] => "nobody says".to_owned(),
            some => format!("{}{more}", some.join(", ")),
        };
        text += &format!(
            "  {:10} {:24} {}\n",
            known.standing.word(),
            known.name,
            text::Shown(&line)
        );
    }
    let parts: Vec<String> = shown
        .components
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    text += &format!("\n  components: {}\n", parts.join(", "));
    let standings = &shown.standings;
    text += &format!(
        "  facts: {} verified, {} declared, {} inferred\n",
        standings.verified, standings.declared, standings.inferred
    );
    for line in &shown.conflicts {
        let word = paint.apply(Style::Error, "conflict");
        text += &format!("  {word}: {}\n", text::Shown(line));
    }
    if !shown.unread.is_empty() {
        text += &format!("  {} could not be read\n", counted(shown.unread.len(), "file"));
    }
    text
}

/// The start of a value.
fn short(value: &str) -> String {
    let line = value.split('\n').next().unwrap_or_default();
    let mut short: String = line.chars().take(MOST_LETTERS).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    short
}

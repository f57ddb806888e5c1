//! What a model is made of, from the graph that bills of materials are written from.
//!
//! With a verdict it is the graph of the bytes that were judged; without one it is read from headers and small files, and has no
//! digest. What tells about somebody's machine is left out, as in the documents.

use std::collections::BTreeMap;

use weightlock_bom::graph::{Component as Thing, Fact as Known, Graph, Kind, Property, Ref, Verb};

use super::Material;
use crate::commands::{
    bom::show,
    inspect::html::report::{Component, Composition, End, Fact, Metric, Relation},
};

/// Facts of a component other than the model.
const MOST_FACTS: usize = 6;

/// The facts of another component that people look for, in this order.
const TOLD: [Property; 9] = [
    Property::Version,
    Property::Revision,
    Property::License,
    Property::Purl,
    Property::Digest,
    Property::StatedDigest,
    Property::StepKind,
    Property::Location,
    Property::Description,
];

pub(super) fn of(material: &Material<'_>) -> Composition {
    let judged = material.judging.done().map(|(_, judged)| &judged.described.graph);
    told(judged.unwrap_or(&material.seen.graph))
}

fn told(graph: &Graph) -> Composition {
    let things: Vec<(&Ref, &Thing)> = graph
        .components()
        .iter()
        .filter(|(name, it)| *name != graph.subject() && it.kind != Kind::File)
        .collect();
    let ends: BTreeMap<&Ref, End> = things
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (*name, End::Component(at)))
        .chain([(graph.subject(), End::Model)])
        .collect();
    let subject = graph.component(graph.subject());
    Composition {
        facts: subject.map_or_else(Vec::new, |it| it.facts().iter().map(fact).collect()),
        components: things
            .iter()
            .map(|(name, it)| component(graph, name, it))
            .collect(),
        relations: relations(graph, &ends),
        metrics: metrics(graph),
        unread: graph
            .unread()
            .iter()
            .map(|it| format!("{}: {}", it.path, it.why))
            .collect(),
    }
}

fn fact((property, known): (&Property, &Known)) -> Fact {
    let claims = known.claims();
    let mut sources: Vec<String> = claims
        .iter()
        .flat_map(|it| it.sources.iter().map(ToString::to_string))
        .collect();
    sources.sort();
    sources.dedup();
    Fact {
        name: property.name(),
        values: claims.iter().map(show::value).collect(),
        standing: known.standing(property.arity()),
        sources,
    }
}

fn component(graph: &Graph, name: &Ref, thing: &Thing) -> Component {
    let known = |property: &Property| thing.fact(*property).map(|it| fact((property, it)));
    let mut facts: Vec<Fact> = TOLD.iter().filter_map(known).collect();
    facts.truncate(MOST_FACTS);
    Component {
        title: show::title(graph, name),
        kind: kind(thing.kind),
        facts_left_out: thing.facts().len().saturating_sub(facts.len()),
        facts,
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "model",
        Kind::Dataset => "data set",
        Kind::File => "file",
        Kind::Package => "package",
        Kind::Tool => "tool",
        Kind::Environment => "environment",
        Kind::OperatingSystem => "operating system",
        Kind::Hardware => "hardware",
        Kind::Step => "step",
        Kind::Person => "person",
        Kind::Organisation => "organisation",
        Kind::Pipeline => "pipeline",
    }
}

/// Relations between what is listed; those with files stand in the list of files.
fn relations(graph: &Graph, ends: &BTreeMap<&Ref, End>) -> Vec<Relation> {
    let both = graph.relations().filter_map(|it| {
        let (from, to) = (*ends.get(&it.from)?, *ends.get(&it.to)?);
        let how = it.derivation().map(|how| format!(" ({})", how.word()));
        Some(Relation {
            from,
            verb: format!("{}{}", verb(it.verb), how.unwrap_or_default()),
            to,
            standing: it.standing,
            sources: it.sources.iter().map(ToString::to_string).collect(),
        })
    });
    both.collect()
}

const fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::DerivedFrom => "made from",
        Verb::TrainedOn => "trained on",
        Verb::EvaluatedOn => "evaluated on",
        Verb::CalibratedOn => "calibrated on",
        Verb::Contains => "contains",
        Verb::DependsOn => "depends on",
        Verb::HasInput => "read",
        Verb::HasOutput => "made",
        Verb::UsesTool => "used",
        Verb::RanIn => "ran in",
        Verb::InvokedBy => "done by",
        Verb::HasVariant => "has the variant",
    }
}

fn metrics(graph: &Graph) -> Vec<Metric> {
    let metrics = graph.metrics().iter().map(|it| {
        let on = it.on.as_ref().map(|on| show::title(graph, on));
        let parts: Vec<String> = on
            .into_iter()
            .chain([it.slice.clone()])
            .filter(|it| !it.is_empty())
            .collect();
        Metric {
            metric: it.metric.clone(),
            value: it.value.to_string(),
            on: parts.join(", "),
            standing: it.standing,
        }
    });
    metrics.collect()
}

//! What packages are to each other.

use std::collections::BTreeSet;

use super::Writer;
use crate::{
    document::{identity, json::Object},
    graph::{Kind, Ref, Relation, Verb},
};

impl Writer<'_> {
    pub(super) fn relationships(&self) -> Vec<Object> {
        let graph = self.view.graph;
        let mut written = BTreeSet::new();
        let mut list = Vec::new();
        let mut add = |from: &str, kind: &str, to: &str, comment: Option<String>| {
            if from != to && written.insert((from.to_owned(), kind.to_owned(), to.to_owned())) {
                list.push(
                    Object::new()
                        .with("spdxElementId", from)
                        .with("relationshipType", kind)
                        .with("relatedSpdxElement", to)
                        .with_some("comment", comment),
                );
            }
        };
        if let Some(subject) = self.id(graph.subject()) {
            add("SPDXRef-DOCUMENT", "DESCRIBES", subject, None);
        }
        for relation in graph.relations() {
            let (from, kind, to) = word(relation);
            if let (Some(from), Some(to)) = (self.id(from), self.id(to)) {
                add(from, kind, to, Some(self.comment(relation)));
            }
        }
        for (step, _) in graph.components().iter().filter(|(_, it)| it.kind == Kind::Step) {
            for made in self.view.out(step, Verb::HasOutput) {
                for relation in graph.from(step) {
                    let (from, kind, to) = match relation.verb {
                        Verb::HasInput => (&made.to, "GENERATED_FROM", &relation.to),
                        Verb::UsesTool | Verb::RanIn => (&relation.to, "BUILD_TOOL_OF", &made.to),
                        _ => continue,
                    };
                    if let (Some(from), Some(to)) = (self.id(from), self.id(to)) {
                        add(from, kind, to, Some(self.comment(relation)));
                    }
                }
            }
        }
        list
    }

    /// How it is known; of data, which digest they have.
    fn comment(&self, relation: &Relation) -> String {
        let how = match relation.verb {
            Verb::DerivedFrom => relation.derivation().map_or("", |it| it.word()),
            Verb::TrainedOn => "trained on",
            Verb::EvaluatedOn => "evaluated on",
            Verb::CalibratedOn => "calibrated on",
            _ => "",
        };
        let standing = relation.standing.word().to_lowercase();
        let known = format!("{standing}: {}", self.view.places(&relation.sources));
        let digest = match relation.verb {
            Verb::TrainedOn | Verb::EvaluatedOn | Verb::CalibratedOn => self.digest(&relation.to),
            _ => String::new(),
        };
        let parts = [how, &digest, &known];
        let parts: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
        parts.join("; ")
    }

    fn digest(&self, reference: &Ref) -> String {
        let component = self.view.graph.component(reference);
        let digest = component.and_then(identity::sha256);
        digest.map_or_else(|| "digest not known".to_owned(), ToString::to_string)
    }
}

/// The ends and the word of the specification, in its order.
const fn word(relation: &Relation) -> (&Ref, &'static str, &Ref) {
    let (from, to) = (&relation.from, &relation.to);
    match relation.verb {
        Verb::DerivedFrom => (from, "DESCENDANT_OF", to),
        Verb::TrainedOn => (from, "GENERATED_FROM", to),
        Verb::Contains => (from, "CONTAINS", to),
        Verb::DependsOn => (from, "DEPENDS_ON", to),
        Verb::HasVariant => (to, "VARIANT_OF", from),
        _ => (from, "OTHER", to),
    }
}

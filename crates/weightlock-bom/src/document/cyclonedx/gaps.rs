//! What is not known, and where sources disagree: said in the document, so that nobody takes silence for an answer.

use super::{TOOL, Writer, property};
use crate::{
    document::{Settings, json::Object},
    graph::{Component, Kind, Property, Ref, Verb},
};

/// What a model should say of itself.
const WANTED: [Property; 8] = [
    Property::Version,
    Property::Purl,
    Property::Supplier,
    Property::License,
    Property::Description,
    Property::Task,
    Property::ModelType,
    Property::ReleaseTime,
];

impl Writer<'_> {
    /// Files that could not be read, and what nobody says of the whole.
    pub(super) fn properties_of_document(&self) -> Vec<Object> {
        let mut properties: Vec<Object> = self
            .view
            .graph
            .unread()
            .iter()
            .map(|gap| {
                property(
                    "unread",
                    &format!("{} at byte {}: {}", gap.path, gap.offset, gap.why),
                )
            })
            .collect();
        if let Some(component) = self.view.subject() {
            properties.extend(self.gaps(component).iter().map(|gap| property("gap", gap)));
        }
        properties.extend(self.view.unhashed().map(|told| property("gap", told)));
        properties
    }

    /// What nobody says of the thing that the graph is about.
    fn gaps(&self, component: &Component) -> Vec<String> {
        if component.kind != Kind::Model {
            return Vec::new();
        }
        let graph = self.view.graph;
        let missing = WANTED.iter().filter(|it| component.fact(**it).is_none());
        let mut gaps: Vec<String> = missing.map(|it| it.name().to_owned()).collect();
        let has = |verb: Verb| graph.from(graph.subject()).any(|it| it.verb == verb);
        if !has(Verb::TrainedOn) {
            gaps.push("training-data".to_owned());
        }
        if !has(Verb::DerivedFrom) {
            gaps.push("base-model".to_owned());
        }
        gaps
    }

    /// Whether the lists of parts and of dependencies are whole. Every file of the model is listed; what it was made from is
    /// what somebody said.
    pub(super) fn compositions(&self) -> Vec<Object> {
        let graph = self.view.graph;
        let Some(component) = self.view.subject() else {
            return Vec::new();
        };
        let is_whole =
            graph.unread().is_empty() && self.gaps(component).is_empty() && self.view.unhashed().is_none();
        let aggregate = if is_whole { "complete" } else { "incomplete" };
        let name = self.view.name(graph.subject());
        let mut compositions = vec![
            Object::new()
                .with("aggregate", aggregate)
                .with("assemblies", vec![name]),
            Object::new()
                .with("aggregate", "unknown")
                .with("dependencies", vec![name]),
        ];
        let others: Vec<&str> = self.ancestors.iter().map(|it| self.view.name(it)).collect();
        if !others.is_empty() {
            compositions.push(
                Object::new()
                    .with("aggregate", "unknown")
                    .with("assemblies", others),
            );
        }
        compositions
    }

    /// Disputes about a component, for its properties.
    pub(super) fn disputes(&self, reference: &Ref) -> Vec<Object> {
        let told = self.view.disputes(&self.conflicts, reference).into_iter();
        told.map(|it| property("conflict", &it)).collect()
    }

    /// The same as remarks of the program, which need a time.
    pub(super) fn annotations(&self, time: Option<&str>, settings: &Settings) -> Vec<Object> {
        let Some(time) = time else {
            return Vec::new();
        };
        let annotator = Object::new()
            .with("type", "application")
            .with("name", TOOL)
            .with("version", settings.tool_version.as_str());
        let written = self.conflicts.iter().filter(|it| self.is_written(it.about()));
        written
            .map(|it| {
                Object::new()
                    .with("subjects", vec![self.view.name(it.about())])
                    .with("annotator", Object::new().with("component", annotator.clone()))
                    .with("timestamp", time)
                    .with(
                        "text",
                        format!("sources disagree: {}", it.told(self.view.graph, &self.view)),
                    )
            })
            .collect()
    }

    fn is_written(&self, reference: &Ref) -> bool {
        let kind = self.view.graph.component(reference).map(|it| it.kind);
        !matches!(kind, None | Some(Kind::Person | Kind::Organisation))
    }
}

//! `formulation`: what was done to make the model, one workflow a step.
//!
//! An input has exactly one of `resource`, `parameters`, `environmentVars` and `data`, so that a model and the settings it was
//! trained with are two inputs. No task type means training or quantising; `build` comes nearest, and the step's own word is a
//! property of it.

use std::collections::BTreeMap;

use super::{Writer, property};
use crate::{
    document::{json::Object, view},
    graph::{Component, Kind, Property, Ref, Verb},
};

impl<'a> Writer<'a> {
    pub(super) fn formulation(&self) -> Vec<Object> {
        let steps = self.view.graph.components().iter();
        let steps = steps.filter(|(_, component)| component.kind == Kind::Step);
        let workflows: Vec<Object> = steps
            .map(|(reference, step)| self.workflow(reference, step))
            .collect();
        if workflows.is_empty() {
            return Vec::new();
        }
        vec![Object::new().with("bom-ref", "formula").with("workflows", workflows)]
    }

    fn workflow(&self, reference: &'a Ref, step: &'a Component) -> Object {
        let text = |property| self.view.text(step, property);
        let name = self.view.name(reference);
        let kind = text(Property::StepKind);
        let title = text(Property::Name).or(kind).unwrap_or_else(|| view::UNKNOWN.to_owned());
        Object::new()
            .with("bom-ref", name)
            .with("uid", name)
            .with("name", &title)
            .with_list("resourceReferences", self.resources(reference, &[Verb::UsesTool, Verb::RanIn]))
            .with("taskTypes", vec!["build"])
            .with_list("inputs", self.inputs(reference, step))
            .with_list("outputs", self.outputs(reference))
            .with_some("timeStart", text(Property::StartedAt).and_then(|it| view::time(&it)))
            .with_some("timeEnd", text(Property::FinishedAt).and_then(|it| view::time(&it)))
            .with_list("properties", self.step_properties(reference, step))
    }

    fn resources(&self, step: &Ref, verbs: &[Verb]) -> Vec<Object> {
        let mut names: Vec<&str> = Vec::new();
        for relation in self.view.graph.from(step).filter(|it| verbs.contains(&it.verb)) {
            if self.is_component(&relation.to) {
                names.push(self.view.name(&relation.to));
            }
        }
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| Object::new().with("ref", *name)).collect()
    }

    /// Whether a thing is written as a component, which is what a resource must be.
    fn is_component(&self, reference: &Ref) -> bool {
        let kind = self.view.graph.component(reference).map(|it| it.kind);
        !matches!(kind, None | Some(Kind::Step | Kind::Person | Kind::Organisation))
    }

    fn inputs(&self, reference: &Ref, step: &'a Component) -> Vec<Object> {
        let resources = self.resources(reference, &[Verb::HasInput]).into_iter();
        let mut inputs: Vec<Object> = resources.map(|it| Object::new().with("resource", it)).collect();
        let mut parameters = BTreeMap::new();
        for (name, fact) in step.parameters() {
            if let Some(claim) = fact.claims().iter().find(|it| self.view.shows(it)) {
                parameters.insert(name.clone(), claim.value.to_string());
            }
        }
        let parameters: Vec<Object> = parameters
            .iter()
            .map(|(name, value)| Object::new().with("name", name).with("value", value))
            .collect();
        if !parameters.is_empty() {
            inputs.push(Object::new().with("parameters", parameters));
        }
        inputs
    }

    fn outputs(&self, reference: &Ref) -> Vec<Object> {
        let resources = self.resources(reference, &[Verb::HasOutput]).into_iter();
        resources
            .map(|it| Object::new().with("type", "artifact").with("resource", it))
            .collect()
    }

    fn step_properties(&self, reference: &'a Ref, step: &'a Component) -> Vec<Object> {
        let mut properties = self.properties(reference, step);
        for relation in self.view.out(reference, Verb::InvokedBy) {
            properties.push(property("invoked-by", &self.view.title(&relation.to)));
        }
        properties
    }
}

//! `modelCard`: what is known of the making and the use of a model.

use super::{Writer, property};
use crate::{
    document::json::Object,
    graph::{Component, Kind, Property, Ref, Verb},
};

/// The ways of learning that the schema enumerates.
const APPROACHES: [&str; 5] = [
    "supervised",
    "unsupervised",
    "reinforcement-learning",
    "semi-supervised",
    "self-supervised",
];

impl<'a> Writer<'a> {
    pub(super) fn card(&self, component: &'a Component) -> Object {
        self.card_called(component, "model-card")
    }

    pub(super) fn card_called(&self, component: &'a Component, name: &'static str) -> Object {
        Object::new()
            .with("bom-ref", name)
            .with_some("modelParameters", Some(self.parameters(component)))
            .with_some("quantitativeAnalysis", self.metrics())
            .with_some("considerations", Some(self.considerations(component)))
            .with_list("properties", self.metric_details())
    }

    /// When, by whom and with which settings values were measured: the metric and what it was measured on stand in the name.
    fn metric_details(&self) -> Vec<Object> {
        let graph = self.view.graph;
        let own = graph.metrics().iter().filter(|it| it.of == *graph.subject());
        own.flat_map(|it| {
            let of = if it.slice.is_empty() {
                it.metric.clone()
            } else {
                format!("{}:{}", it.metric, it.slice)
            };
            let details = it.details.iter();
            details.map(move |(key, text)| property(&format!("metric:{of}:{key}"), text))
        })
        .collect()
    }

    fn parameters(&self, component: &'a Component) -> Object {
        let text = |property| self.view.text(component, property);
        let approach = text(Property::LearningApproach)
            .filter(|it| APPROACHES.contains(&it.as_str()))
            .map(|it| Object::new().with("type", it));
        Object::new()
            .with_some("approach", approach)
            .with_some("task", text(Property::Task))
            .with_some("architectureFamily", text(Property::ModelType))
            .with_some("modelArchitecture", text(Property::Architecture))
            .with_list("datasets", self.training_data())
            .with_list(
                "inputs",
                self.formats(component, [Property::InputModality, Property::InputField]),
            )
            .with_list(
                "outputs",
                self.formats(component, [Property::OutputModality, Property::OutputField]),
            )
    }

    /// Data that the model learnt from; data that it was measured with are no part of this list.
    fn training_data(&self) -> Vec<Object> {
        let graph = self.view.graph;
        let is_written = |it: &Ref| graph.component(it).is_some_and(|it| it.kind == Kind::Dataset);
        let trained = self.view.out(graph.subject(), Verb::TrainedOn);
        let trained = trained.filter(|it| is_written(&it.to) && it.to != *graph.subject());
        trained
            .map(|it| Object::new().with("ref", self.view.name(&it.to)))
            .collect()
    }

    fn formats(&self, component: &'a Component, properties: [Property; 2]) -> Vec<Object> {
        let values = properties
            .into_iter()
            .flat_map(|property| self.view.texts(component, property));
        values.map(|value| Object::new().with("format", value)).collect()
    }

    fn metrics(&self) -> Option<Object> {
        let graph = self.view.graph;
        let own = graph.metrics().iter().filter(|it| it.of == *graph.subject());
        let metrics: Vec<Object> = own
            .map(|it| {
                let slice = Some(&it.slice).filter(|it| !it.is_empty());
                Object::new()
                    .with("type", &it.metric)
                    .with("value", it.value.to_string())
                    .with_some("slice", slice)
            })
            .collect();
        (!metrics.is_empty()).then(|| Object::new().with("performanceMetrics", metrics))
    }

    fn considerations(&self, component: &'a Component) -> Object {
        let texts = |property| self.view.texts(component, property);
        let risks = |property| {
            let names = texts(property).into_iter();
            names
                .map(|name| Object::new().with("name", name))
                .collect::<Vec<_>>()
        };
        let mut limits = texts(Property::Limitation);
        limits.extend(
            texts(Property::OutOfScopeUse)
                .iter()
                .map(|it| format!("out of scope: {it}")),
        );
        Object::new()
            .with_some("useCases", Some(texts(Property::IntendedUse)))
            .with_some("technicalLimitations", Some(limits))
            .with_list("ethicalConsiderations", risks(Property::Bias))
            .with_some("environmentalConsiderations", self.environmental(component))
    }

    /// An entry of `energyConsumptions` demands providers and kilowatt hours, which hardly anybody gives; what there is goes into
    /// properties.
    fn environmental(&self, component: &'a Component) -> Option<Object> {
        let mut properties = Vec::new();
        for own in [Property::Carbon, Property::CarbonSource, Property::Energy] {
            let values = self.view.texts(component, own);
            properties.extend(values.iter().map(|value| property(own.name(), value)));
        }
        (!properties.is_empty()).then(|| Object::new().with("properties", properties))
    }
}

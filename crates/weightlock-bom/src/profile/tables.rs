//! The tables. Each element names the facts that it is looked for in; the first that is there counts.

use super::{
    Element,
    Find::{self, Document, Every, EveryComponent, Metric, Relation, Subject},
    Part,
};
use crate::graph::{Kind, Property as P, Verb};

const fn must(cluster: &'static str, name: &'static str, find: Find) -> Element {
    Element {
        cluster,
        name,
        is_required: true,
        find,
    }
}

const fn may(cluster: &'static str, name: &'static str, find: Find) -> Element {
    Element {
        cluster,
        name,
        is_required: false,
        find,
    }
}

const VERSION: &[P] = &[P::Version, P::Revision];
const PRODUCER: &[P] = &[P::Supplier, P::Author];
const IDENTIFIER: &[P] = &[P::Purl, P::Digest];
const LICENCE: &[P] = &[P::License, P::LicenseText];
const PARENTS: &[Verb] = &[Verb::DerivedFrom, Verb::TrainedOn, Verb::DependsOn, Verb::Contains];

/// Seven clusters.
pub(super) const G7_AI: &[Element] = &[
    must("metadata", "author", Document(Part::Author)),
    must("metadata", "format and version", Document(Part::Form)),
    may("metadata", "signature of the author", Document(Part::Signature)),
    must("metadata", "tool", Document(Part::Tool)),
    must("metadata", "generation context", Document(Part::Form)),
    must("metadata", "timestamp", Document(Part::Time)),
    must("metadata", "dependencies", Relation(PARENTS)),
    must("models", "name", Subject(&[P::Name])),
    must("models", "identifier", Subject(IDENTIFIER)),
    must("models", "version", Subject(VERSION)),
    must("models", "producer", Subject(PRODUCER)),
    may("models", "description", Subject(&[P::Description])),
    may("models", "timestamp", Subject(&[P::ReleaseTime])),
    must("models", "hash", Subject(&[P::Digest])),
    may("models", "properties", Subject(&[P::ModelType, P::Architecture, P::Parameters])),
    must("models", "licence", Subject(LICENCE)),
    may("models", "external references", Subject(&[P::Location, P::Homepage, P::Paper])),
    may("models", "how the weights were made", Relation(&[Verb::DerivedFrom, Verb::TrainedOn])),
    may("models", "limits", Subject(&[P::Limitation, P::OutOfScopeUse, P::Bias])),
    must("data", "name", Every(Kind::Dataset, &[P::Name])),
    may("data", "identifier", Every(Kind::Dataset, &[P::Purl, P::Digest, P::Location])),
    may("data", "provenance", Every(Kind::Dataset, &[P::Supplier, P::Collection, P::Location])),
    may("data", "content", Every(Kind::Dataset, &[P::DatasetType, P::Description])),
    may("data", "statistics", Every(Kind::Dataset, &[P::Records, P::DatasetSize])),
    may("data", "sensitivity", Every(Kind::Dataset, &[P::SensitiveData, P::PersonalData])),
    may("data", "licence", Every(Kind::Dataset, LICENCE)),
    may("data", "hash", Every(Kind::Dataset, &[P::Digest])),
    may("system", "intended application", Subject(&[P::IntendedUse])),
    may("system", "input and output", Subject(&[P::InputModality, P::InputField, P::Task])),
    may("system", "data flow", Subject(&[P::DataFlow])),
    may("system", "data usage", Subject(&[P::DataUsage])),
    may("infrastructure", "software", Find::Kind(Kind::Package)),
    may("infrastructure", "hardware", Subject(&[P::HardwareUsed])),
    may("security", "controls", Subject(&[P::SecurityControl])),
    may("security", "compliance", Subject(&[P::Standard])),
    may("indicators", "operational performance", Metric),
];

/// Seventeen fields and coverage; an explicit unknown is an answer.
pub(super) const CISA: &[Element] = &[
    must("document", "author", Document(Part::Author)),
    may("document", "signature of the author", Document(Part::Signature)),
    must("document", "format and version", Document(Part::Form)),
    must("document", "generation context", Document(Part::Form)),
    must("document", "timestamp", Document(Part::Time)),
    must("document", "tool name and version", Document(Part::Tool)),
    must("component", "name", EveryComponent(&[P::Name])),
    must("component", "producer", EveryComponent(PRODUCER)),
    must("component", "version", EveryComponent(VERSION)),
    must("component", "identifiers", EveryComponent(&[P::Purl, P::Digest, P::Name])),
    must("component", "hash and its algorithm", EveryComponent(&[P::Digest])),
    must("component", "licence", EveryComponent(LICENCE)),
    must("component", "dependencies", Relation(PARENTS)),
    must("coverage", "files with their hashes", Every(Kind::File, &[P::Digest])),
];

/// Seven fields.
pub(super) const NTIA: &[Element] = &[
    must("document", "author", Document(Part::Author)),
    must("document", "timestamp", Document(Part::Time)),
    must("component", "supplier", Subject(PRODUCER)),
    must("component", "name", EveryComponent(&[P::Name])),
    must("component", "version", Subject(VERSION)),
    must("component", "other identifiers", Subject(IDENTIFIER)),
    must("component", "dependencies", Relation(PARENTS)),
];

/// Section 1 of the annex.
pub(super) const EU_AI_ACT: &[Element] = &[
    must("general", "tasks it is meant for", Subject(&[P::Task, P::IntendedUse])),
    must("general", "acceptable use", Subject(&[P::IntendedUse, P::OutOfScopeUse])),
    must("general", "release date", Subject(&[P::ReleaseTime])),
    must("general", "methods of distribution", Subject(&[P::Distribution, P::Location])),
    must("general", "architecture", Subject(&[P::ModelType, P::Architecture])),
    must("general", "number of parameters", Subject(&[P::Parameters])),
    must("general", "modality of input", Subject(&[P::InputModality, P::InputField])),
    must("general", "modality of output", Subject(&[P::OutputModality, P::OutputField])),
    must("general", "licence", Subject(LICENCE)),
    must("making", "means of integration", Subject(&[P::Integration, P::Library])),
    must("making", "design and training", Subject(&[P::TrainingMethod, P::LearningApproach])),
    must("data", "data it was trained on", Relation(&[Verb::TrainedOn])),
    must("data", "type", Every(Kind::Dataset, &[P::DatasetType])),
    must("data", "provenance", Every(Kind::Dataset, &[P::Supplier, P::Location, P::Collection])),
    must("data", "curation", Every(Kind::Dataset, &[P::Preprocessing, P::Collection])),
    must("data", "number of data points", Every(Kind::Dataset, &[P::Records])),
    must("data", "detection of biases", Every(Kind::Dataset, &[P::DatasetBias])),
    must("cost", "compute", Subject(&[P::Compute])),
    must("cost", "energy", Subject(&[P::Energy, P::Carbon])),
    may("evaluation", "results", Metric),
    may("evaluation", "limits", Subject(&[P::Limitation])),
];

/// The fields that the project's generator fills.
pub(super) const OWASP: &[Element] = &[
    must("required", "format and version", Document(Part::Form)),
    must("metadata", "timestamp", Document(Part::Time)),
    must("metadata", "tool", Document(Part::Tool)),
    may("metadata", "author", Document(Part::Author)),
    must("component", "name", Subject(&[P::Name])),
    must("component", "type and identifier", Subject(IDENTIFIER)),
    may("component", "description", Subject(&[P::Description])),
    may("component", "supplier", Subject(PRODUCER)),
    must("component", "licence", Subject(LICENCE)),
    may("component", "version", Subject(VERSION)),
    may("model card", "task", Subject(&[P::Task])),
    may("model card", "architecture", Subject(&[P::ModelType, P::Architecture])),
    may("model card", "data sets", Relation(&[Verb::TrainedOn])),
    may("model card", "inputs", Subject(&[P::InputModality, P::InputField])),
    may("model card", "outputs", Subject(&[P::OutputModality, P::OutputField])),
    may("model card", "metrics", Metric),
    may("model card", "limits", Subject(&[P::Limitation])),
    may("model card", "ethical considerations", Subject(&[P::Bias])),
    may("model card", "energy", Subject(&[P::Energy, P::Carbon])),
    may("model card", "safety risk", Subject(&[P::SafetyRisk])),
    may("external", "references", Subject(&[P::Location, P::Homepage, P::Paper])),
];

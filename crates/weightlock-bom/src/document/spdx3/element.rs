//! Things of the graph as elements: packages of models, data and software, files, agents, builds.

use super::{Writer, is_element};
use crate::{
    document::{
        identity,
        json::Object,
        view::{self, UNKNOWN, is_purl, is_url},
    },
    graph::{Component, Kind, Property, Ref},
};

/// Kinds of data that the specification enumerates.
const DATASET_TYPES: [&str; 12] = [
    "audio",
    "categorical",
    "graph",
    "image",
    "numeric",
    "other",
    "sensor",
    "structured",
    "syntactic",
    "text",
    "timeseries",
    "video",
];

impl<'a> Writer<'a> {
    pub(super) fn add_elements(&mut self) {
        let graph = self.view.graph;
        for (reference, component) in graph.components() {
            if is_element(component.kind) {
                let element = self.thing(reference, component);
                self.elements.push(element);
            }
        }
        self.add_suppliers();
        self.add_licences();
        self.add_relations();
        self.add_annotations();
    }

    fn thing(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let name = self.view.name(reference);
        match component.kind {
            Kind::Model => self.model(reference, component),
            Kind::Dataset => self.dataset(reference, component),
            Kind::File => self.file(reference, component),
            Kind::Step => self.build(reference, component),
            Kind::Person => self.agent("Person", name, reference),
            Kind::Organisation => self.agent("Organization", name, reference),
            Kind::Pipeline => self.agent("SoftwareAgent", name, reference),
            Kind::Tool => self.agent("Tool", name, reference),
            Kind::Package | Kind::Environment | Kind::OperatingSystem | Kind::Hardware => {
                let purpose = match component.kind {
                    Kind::Package => "library",
                    Kind::OperatingSystem => "operatingSystem",
                    _ => "platform",
                };
                self.package("software_Package", purpose, reference, component)
            }
        }
    }

    /// Who, or which program. A tool has no version of its own in SPDX, so that it stands in the name.
    fn agent(&self, kind: &str, name: &str, reference: &'a Ref) -> Object {
        let title = self.view.title(reference);
        let version = self
            .view
            .graph
            .component(reference)
            .and_then(|it| self.view.text(it, Property::Version));
        let title = match version {
            Some(version) if kind == "Tool" => format!("{title} {version}"),
            _ => title,
        };
        self.element(kind, name).with("name", title)
    }

    fn package(&self, kind: &str, purpose: &str, reference: &'a Ref, component: &'a Component) -> Object {
        let text = |property| self.view.text(component, property);
        let version = text(Property::Version).or_else(|| text(Property::Revision));
        let purl = text(Property::Purl).filter(|it| is_purl(it));
        let purl =
            purl.or_else(|| identity::generic_purl(&text(Property::Name)?, version.as_deref(), component));
        let title = match text(Property::Namespace).filter(|it| !it.is_empty()) {
            Some(owner) if component.kind != Kind::Package => {
                format!("{owner}/{}", self.view.title(reference))
            }
            _ => self.view.title(reference),
        };
        let location = self
            .view
            .texts(component, Property::Location)
            .into_iter()
            .find(|it| is_url(it));
        let homepage = self
            .view
            .texts(component, Property::Homepage)
            .into_iter()
            .find(|it| is_url(it));
        let supplier = text(Property::Supplier).map(|it| self.supplier_id(&it));
        let originators = (kind == "dataset_DatasetPackage")
            .then(|| supplier.clone())
            .flatten();
        let supplier = supplier.filter(|_| kind != "dataset_DatasetPackage");
        self.element(kind, self.view.name(reference))
            .with("name", title)
            .with_some("description", text(Property::Description))
            .with_list("verifiedUsing", self.hashes(component))
            .with_some(
                "releaseTime",
                text(Property::ReleaseTime).and_then(|it| view::time(&it)),
            )
            .with_some(
                "builtTime",
                text(Property::FinishedAt).and_then(|it| view::time(&it)),
            )
            .with_some("suppliedBy", supplier)
            .with_some("originatedBy", originators.map(|it| vec![it]))
            .with(
                "software_packageVersion",
                version.unwrap_or_else(|| UNKNOWN.to_owned()),
            )
            .with_some("software_packageUrl", purl)
            .with_some("software_downloadLocation", location)
            .with_some("software_homePage", homepage)
            .with("software_primaryPurpose", purpose)
    }

    fn hashes(&self, component: &'a Component) -> Vec<Object> {
        let digests = self.view.digests(component).into_iter();
        digests
            .map(|(words, hex)| {
                Object::new()
                    .with("type", "Hash")
                    .with("algorithm", words.spdx3)
                    .with("hashValue", hex)
            })
            .collect()
    }

    fn model(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let texts = |property| self.view.texts(component, property);
        let yes_or_no = |property: Property| {
            let text = self.view.text(component, property);
            text.filter(|it| matches!(it.as_str(), "yes" | "no"))
                .unwrap_or_else(|| "noAssertion".to_owned())
        };
        let risk = self.view.text(component, Property::SafetyRisk);
        let risk = risk.filter(|it| matches!(it.as_str(), "low" | "medium" | "high" | "serious"));
        let mut kinds = texts(Property::ModelType);
        kinds.extend(texts(Property::Architecture));
        kinds.extend(texts(Property::LearningApproach));
        let mut limits = texts(Property::Limitation);
        limits.extend(texts(Property::Bias).iter().map(|it| format!("bias: {it}")));
        limits.extend(
            texts(Property::OutOfScopeUse)
                .iter()
                .map(|it| format!("out of scope: {it}")),
        );
        let mut use_of = texts(Property::IntendedUse);
        use_of.extend(
            texts(Property::InputModality)
                .iter()
                .map(|it| format!("input: {it}")),
        );
        use_of.extend(
            texts(Property::InputField)
                .iter()
                .map(|it| format!("input: {it}")),
        );
        use_of.extend(
            texts(Property::OutputModality)
                .iter()
                .map(|it| format!("output: {it}")),
        );
        use_of.extend(
            texts(Property::OutputField)
                .iter()
                .map(|it| format!("output: {it}")),
        );
        let joined = |list: Vec<String>| Some(list.join("\n")).filter(|it| !it.is_empty());
        self.package("ai_AIPackage", "model", reference, component)
            .with("ai_autonomyType", yes_or_no(Property::Autonomy))
            .with_some("ai_domain", Some(texts(Property::Task)))
            .with_list("ai_hyperparameter", self.numbers(component))
            .with_some("ai_informationAboutApplication", joined(use_of))
            .with_some(
                "ai_informationAboutTraining",
                joined(texts(Property::TrainingMethod)),
            )
            .with_some("ai_limitation", joined(limits))
            .with_list("ai_metric", self.metrics(reference))
            .with_some("ai_modelExplainability", Some(texts(Property::Explainability)))
            .with_some("ai_safetyRiskAssessment", risk)
            .with_some("ai_standardCompliance", Some(texts(Property::Standard)))
            .with_some("ai_typeOfModel", Some(kinds))
            .with(
                "ai_useSensitivePersonalInformation",
                yes_or_no(Property::PersonalData),
            )
    }

    /// What a model is in numbers and words that no member is for.
    fn numbers(&self, component: &'a Component) -> Vec<Object> {
        const OWN: [Property; 22] = [
            Property::Parameters,
            Property::StoredElements,
            Property::Tensors,
            Property::ContextLength,
            Property::VocabularySize,
            Property::HiddenSize,
            Property::Layers,
            Property::Language,
            Property::QuantizationMethod,
            Property::QuantizationBits,
            Property::QuantizationGroup,
            Property::QuantizationType,
            Property::QuantizationVersion,
            Property::QuantizedBy,
            Property::AdapterType,
            Property::AdapterRank,
            Property::AdapterAlpha,
            Property::MergeMethod,
            Property::MergeType,
            Property::Carbon,
            Property::RemoteCode,
            Property::ChatTemplate,
        ];
        let values = OWN.iter().flat_map(|own| {
            let texts = self.view.texts(component, *own);
            texts.into_iter().map(|text| entry(own.name(), &text))
        });
        let settings = component.parameters().iter().filter_map(|(name, fact)| {
            let claim = fact.claims().iter().find(|it| self.view.shows(it))?;
            Some(entry(name, &claim.value.to_string()))
        });
        values.chain(settings).collect()
    }

    fn metrics(&self, reference: &Ref) -> Vec<Object> {
        let own = self.view.graph.metrics().iter().filter(|it| it.of == *reference);
        own.map(|it| {
            let name = if it.slice.is_empty() {
                it.metric.clone()
            } else {
                format!("{} ({})", it.metric, it.slice)
            };
            let details: Vec<String> = it
                .details
                .iter()
                .map(|(key, text)| format!("{key}: {text}"))
                .collect();
            if details.is_empty() {
                entry(&name, &it.value.to_string())
            } else {
                entry(&name, &format!("{} ({})", it.value, details.join("; ")))
            }
        })
        .collect()
    }

    fn dataset(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let texts = |property| self.view.texts(component, property);
        let kind = self.view.text(component, Property::DatasetType);
        let kind = kind.filter(|it| DATASET_TYPES.contains(&it.as_str()));
        let kind = kind.unwrap_or_else(|| "noAssertion".to_owned());
        let joined = |list: Vec<String>| Some(list.join("\n")).filter(|it| !it.is_empty());
        let size = component.number(Property::Records);
        let personal = if texts(Property::SensitiveData).is_empty() {
            "noAssertion"
        } else {
            "yes"
        };
        self.package("dataset_DatasetPackage", "data", reference, component)
            .with_some(
                "dataset_dataCollectionProcess",
                joined(texts(Property::Collection)),
            )
            .with_some("dataset_dataPreprocessing", Some(texts(Property::Preprocessing)))
            .with_some("dataset_datasetSize", size)
            .with("dataset_datasetType", vec![kind])
            .with("dataset_hasSensitivePersonalInformation", personal)
            .with_some("dataset_intendedUse", joined(texts(Property::IntendedUse)))
            .with_some("dataset_knownBias", Some(texts(Property::DatasetBias)))
    }

    fn file(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let title = self.view.title(reference);
        self.element("software_File", self.view.name(reference))
            .with("name", &title)
            .with_list("verifiedUsing", self.hashes(component))
            .with("software_primaryPurpose", self.file_purpose(component, &title))
    }

    fn file_purpose(&self, component: &'a Component, name: &str) -> &'static str {
        let roles = self.view.texts(component, Property::Role);
        let is = |word: &str| roles.iter().any(|it| it == word);
        if is("weights") {
            "model"
        } else if is("source") || name.ends_with(".py") {
            "source"
        } else if is("configuration") || is("tokenizer") {
            "configuration"
        } else if is("card") || is("licence") || name.ends_with(".md") {
            "documentation"
        } else if is("data") {
            "data"
        } else {
            "file"
        }
    }

    fn build(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let text = |property| self.view.text(component, property);
        let kind = text(Property::StepKind).unwrap_or_else(|| "other".to_owned());
        let word: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
        let parameters = component.parameters().iter().filter_map(|(name, fact)| {
            let claim = fact.claims().iter().find(|it| self.view.shows(it))?;
            Some(entry(name, &claim.value.to_string()))
        });
        self.element("build_Build", self.view.name(reference))
            .with("name", text(Property::Name).unwrap_or_else(|| kind.clone()))
            .with(
                "build_buildType",
                format!(
                    "urn:weightlock:ml:{}:v1",
                    if word.is_empty() { "other" } else { &word }
                ),
            )
            .with_some(
                "build_buildStartTime",
                text(Property::StartedAt).and_then(|it| view::time(&it)),
            )
            .with_some(
                "build_buildEndTime",
                text(Property::FinishedAt).and_then(|it| view::time(&it)),
            )
            .with_list("build_parameter", parameters.collect())
    }

    /// One annotation for everything that is known of a thing, with how it is known and where it was found.
    fn add_annotations(&mut self) {
        let graph = self.view.graph;
        let conflicts = graph.conflicts();
        for (reference, component) in graph.components() {
            let lines = self.view.known(reference, component, &conflicts);
            if !lines.is_empty() && is_element(component.kind) {
                let name = self.view.name(reference).to_owned();
                let annotation = self
                    .element("Annotation", &format!("known.{name}"))
                    .with("annotationType", "other")
                    .with("subject", self.id(&name))
                    .with("contentType", "text/plain")
                    .with("statement", lines.join("\n"));
                self.elements.push(annotation);
            }
        }
    }
}

/// An entry of a dictionary.
fn entry(key: &str, value: &str) -> Object {
    Object::new()
        .with("type", "DictionaryEntry")
        .with("key", key)
        .with("value", value)
}

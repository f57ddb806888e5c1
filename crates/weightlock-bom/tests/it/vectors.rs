//! Every fact of `expected.json`, and none of its `must_not`: as the folders are, in another place, under other file names,
//! and with other names inside.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use weightlock_artifact::{digest::Algorithm, standing::Standing};
use weightlock_bom::graph::{Component, Conflict, Graph, Kind, Property, Ref, Relation, Value, Verb};

use crate::folder::{Folder, models, vectors};

fn expected() -> Json {
    let text = std::fs::read_to_string(vectors().join("expected.json")).expect("the answers");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_fact_is_found() {
    let expected = expected();
    let mut facts = 0;
    for model in &models() {
        facts += check(model, &Folder::of(model), &expected[model]);
    }
    assert!(facts > 150, "{facts} facts");
}

#[test]
fn facts_do_not_depend_on_the_place() {
    let expected = expected();
    for model in &models() {
        let mut moved = Folder::default();
        for (name, bytes) in Folder::of(model).entries() {
            moved.add(&format!("some/other place/{name}"), bytes);
        }
        check(model, &moved, &expected[model]);
    }
}

#[test]
fn facts_do_not_depend_on_the_names_of_weights() {
    let expected = expected();
    for model in &models() {
        let mut renamed = Folder::default();
        for (name, bytes) in Folder::of(model).entries() {
            let is_weights = name.ends_with(".safetensors") || name.ends_with(".gguf");
            let name = if is_weights {
                name.replace("model", "tensors").replace("pebble-chat", "x")
            } else {
                name.to_owned()
            };
            let is_index = name.ends_with(".index.json");
            let bytes = if is_index {
                replaced(bytes, &[("\"model-0", "\"tensors-0")])
            } else {
                bytes.to_vec()
            };
            renamed.add(&name, bytes);
        }
        check(model, &renamed, &expected[model]);
    }
}

/// Names of equal length, so that GGUF's lengths stay right.
const NAMES: [(&str, &str); 11] = [
    ("acme-labs", "zeta-corp"),
    ("Acme-Labs", "Zeta-Corp"),
    ("pebble-base", "gravel-root"),
    ("Pebble Base", "Gravel Root"),
    ("pebble-chat", "cobble-talk"),
    ("Pebble Chat", "Cobble Talk"),
    ("pebble-legal", "gravel-legit"),
    ("support-chats", "assist-talkss"),
    ("acme-community-1.0", "zeta-collective-9."),
    ("other-org", "third-org"),
    ("someone", "anybody"),
];

#[test]
fn facts_follow_the_names() {
    let text = std::fs::read(vectors().join("expected.json")).expect("the answers");
    let expected: Json = serde_json::from_slice(&replaced(&text, &NAMES)).expect("JSON");
    for model in &models() {
        let mut renamed = Folder::default();
        for (name, bytes) in Folder::of(model).entries() {
            renamed.add(
                &String::from_utf8(replaced(name.as_bytes(), &NAMES)).expect("text"),
                replaced(bytes, &NAMES),
            );
        }
        check(model, &renamed, &expected[model]);
    }
}

fn replaced(bytes: &[u8], names: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (from, to) in names {
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at..].starts_with(from.as_bytes()) {
                out.extend_from_slice(to.as_bytes());
                at += from.len();
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        bytes = out;
    }
    bytes
}

/// The facts of a model against its graph; how many there were.
fn check(model: &str, folder: &Folder, expected: &Json) -> usize {
    let graph = folder.graph();
    let case = Case {
        model,
        graph: &graph,
        folder,
    };
    let mut facts = 0;
    for (key, value) in expected.as_object().expect("facts") {
        facts += case.fact(key, value);
    }
    case.never();
    facts
}

struct Case<'a> {
    model: &'a str,
    graph: &'a Graph,
    folder: &'a Folder,
}

impl Case<'_> {
    fn subject(&self) -> &Component {
        self.graph.component(&Ref::subject()).expect("a subject")
    }

    fn is(
        &self,
        what: &str,
        found: impl std::fmt::Debug + PartialEq,
        expected: impl std::fmt::Debug + PartialEq,
    ) -> usize {
        let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
        assert_eq!(found, expected, "{}: {what}", self.model);
        1
    }

    fn shown(&self, property: Property, expected: &Json) -> usize {
        let found = self.subject().claim(property).map(|it| it.value.to_string());
        self.is(property.name(), found, Some(text(expected)))
    }

    fn each(&self, property: Property, expected: &Json) -> usize {
        let found: BTreeSet<String> = self
            .subject()
            .claims(property)
            .iter()
            .map(|it| it.value.to_string())
            .collect();
        self.is(property.name(), found, texts(expected))
    }

    /// One fact of the answers.
    fn fact(&self, key: &str, value: &Json) -> usize {
        match key {
            "identity" => {
                self.shown(Property::Name, &value["name"])
                    + self.stated(self.subject(), Property::Name, &value["stated_in"])
            }
            "kind" => self.kind(text(value).as_str()),
            "license" => self.licence(value),
            "base_models" => self.parents(value),
            "base_models_conflict" => self.rivals(value),
            "training_datasets" => self.training(value),
            "eval_datasets" => self.evaluation(value),
            "metrics" => self.metrics(value),
            "task" => self.shown(Property::Task, value),
            "architecture" => {
                self.shown(Property::ModelType, &value["family"])
                    + self.shown(Property::Architecture, &value["cls"])
            }
            "languages" => self.each(Property::Language, value),
            "co2_g" => self.shown(Property::Carbon, value),
            "parameters" => {
                self.is(
                    "standing",
                    self.subject().standing(Property::Parameters),
                    Standing::Verified,
                ) + self.shown(Property::Parameters, value)
            }
            "context_length" => self.shown(Property::ContextLength, value),
            "tokens" => self.shown(Property::VocabularySize, value),
            "hyperparameters" => self.settings("step:train", value),
            "frameworks" | "packages" => self.packages(value),
            "weights" => self.weights(value),
            "claim_mismatch" => self.mismatch(value),
            "shards" => self.is(
                "shards",
                self.files(".safetensors").len() as u64,
                value.as_u64().expect("a number"),
            ),
            "peft" => {
                self.shown(Property::AdapterType, &value["type"])
                    + self.shown(Property::AdapterRank, &value["r"])
                    + self.shown(Property::AdapterAlpha, &value["alpha"])
                    + self.each(Property::AdapterTarget, &value["target_modules"])
            }
            "quantization" => value
                .as_object()
                .expect("facts")
                .iter()
                .map(|(key, value)| self.quantization(key, value))
                .sum(),
            "merge" => {
                self.shown(Property::MergeMethod, &value["method"])
                    + self.shown(Property::MergeType, &value["dtype"])
                    + self.tool(&text(&value["tool"]))
            }
            "errors" => value
                .as_array()
                .expect("a list")
                .iter()
                .map(|it| self.unread(&text(it)))
                .sum(),
            "unknowns" => self.unknown(value),
            "flavors" => self.each(Property::Entrypoint, value),
            "python" => self.tool(&format!("python {}", text(value))),
            "signature" => {
                self.each(Property::InputField, &value["inputs"])
                    + self.each(Property::OutputField, &value["outputs"])
            }
            "run_id" => self.each(Property::RunId, value),
            "files" => self.digests(value),
            "croissant" => self.shown(Property::ConformsTo, &value["conformsTo"]) + self.verified_digests(),
            "packages_pypi" => self.is(
                "packages",
                self.of_ecosystem("pypi").len() as u64,
                value.as_u64().expect("a number"),
            ),
            "packages_deb" => value
                .as_array()
                .expect("a list")
                .iter()
                .map(|it| self.debian(it))
                .sum(),
            "distro" => self.is(
                "os",
                self.graph
                    .component(&Ref::new("os", &text(value).to_lowercase().replace(':', "-")))
                    .is_some(),
                true,
            ),
            "engine" => self.tool(text(value).trim_end_matches(" (launch.json)")),
            "note" | "see" | "must" | "must_not" | "parameters_rule" => 0,
            other => panic!("{}: the fact {other} is not checked", self.model),
        }
    }

    fn kind(&self, kind: &str) -> usize {
        let expected = match kind {
            "dataset" => Kind::Dataset,
            "environment" => Kind::Environment,
            _ => Kind::Model,
        };
        let found: BTreeSet<&str> = self
            .parent_relations()
            .filter_map(Relation::derivation)
            .map(|it| it.word())
            .collect();
        let derivation = match kind {
            "finetune" | "adapter" | "merge" => BTreeSet::from([kind]),
            // A quantised model without a known parent has no relation, but the fact itself.
            "quantized"
                if self
                    .graph
                    .from(&Ref::subject())
                    .any(|it| it.verb == Verb::DerivedFrom) =>
            {
                BTreeSet::from([kind])
            }
            _ => BTreeSet::new(),
        };
        self.is("kind", self.subject().kind, expected) + self.is("derivation", found, derivation)
    }

    fn licence(&self, value: &Json) -> usize {
        if value.is_null() {
            return self.is("licence", self.subject().fact(Property::License).is_none(), true);
        }
        let written = self.subject().claims(Property::LicenseWritten);
        let raw = self.is(
            "licence",
            written
                .iter()
                .any(|it| it.value.to_string() == text(&value["raw"])),
            true,
        );
        if value["spdx"].is_null() {
            return raw + self.each(Property::LicenseUnlisted, &value["raw"]);
        }
        raw + self.shown(Property::License, &value["spdx"])
            + self.is(
                "listed",
                self.subject().fact(Property::LicenseUnlisted).is_none(),
                true,
            )
    }

    fn parent_relations(&self) -> impl Iterator<Item = &Relation> {
        self.graph
            .from(&SUBJECT)
            .filter(|it| it.verb == Verb::DerivedFrom)
    }

    fn parents(&self, value: &Json) -> usize {
        let parents = value.as_array().expect("a list");
        let found: BTreeSet<String> = self.parent_relations().map(|it| it.to.to_string()).collect();
        let named: BTreeSet<String> = parents
            .iter()
            .map(|it| Ref::new("parent", &text(&it["ref"])).to_string())
            .collect();
        let mut facts = self.is("parents", found, named);
        for parent in parents {
            let to = Ref::new("parent", &text(&parent["ref"]));
            let relation = self
                .parent_relations()
                .find(|it| it.to == to)
                .expect("a relation");
            let said = |property| relation.claim(property).map(|it| it.value.to_string());
            facts += self.is(
                "relation",
                said(Property::Derivation),
                Some(text(&parent["relation"])),
            );
            for (key, property) in [
                ("revision", Property::Revision),
                ("weight", Property::Weight),
                ("applied_on", Property::AppliedOn),
            ] {
                let expected = parent.get(key).map(text);
                facts += self.is(key, said(property), expected);
            }
            for place in list(&parent["stated_in"]) {
                facts += self.is(
                    &place,
                    relation.sources.iter().any(|it| is_at(&it.to_string(), &place))
                        || is_of(relation, &place),
                    true,
                );
            }
            if let Some(place) = parent.get("relation_from") {
                let claim = relation.claim(Property::Derivation).expect("a derivation");
                facts += self.is("standing", claim.standing, Standing::Inferred);
                facts += self.is(
                    "reason",
                    claim
                        .sources
                        .iter()
                        .any(|it| is_at(&it.to_string(), &text(place))),
                    true,
                );
            }
        }
        facts
    }

    fn rivals(&self, value: &Json) -> usize {
        let conflicts = self.graph.conflicts();
        let is_listed = conflicts
            .iter()
            .any(|it| matches!(it, Conflict::Parents { parents, .. } if parents.len() == 2));
        let mut facts = self.is("conflict of parents", is_listed, true);
        for rival in value.as_array().expect("a list") {
            let name = text(&rival["ref"]);
            let relation = self.parent_relations().find(|relation| {
                let parent = self.graph.component(&relation.to).expect("a parent");
                relation.to == Ref::new("parent", &name) || parent.text(Property::Location) == Some(&name)
            });
            let relation = relation.expect("a relation");
            facts += self.is(
                "place",
                relation
                    .sources
                    .iter()
                    .any(|it| is_at(&it.to_string(), &text(&rival["stated_in"]))),
                true,
            );
            if name.starts_with('/') {
                let claims = self
                    .graph
                    .component(&relation.to)
                    .expect("a parent")
                    .claims(Property::Location);
                facts += self.is("private", claims.iter().all(|it| it.is_private), true);
                facts += self.is("reference", relation.to.as_str().contains("home"), false);
            }
        }
        facts
    }

    fn related(&self, verb: Verb) -> BTreeSet<String> {
        self.graph
            .from(&Ref::subject())
            .filter(|it| it.verb == verb)
            .map(|it| it.to.to_string())
            .collect()
    }

    fn training(&self, value: &Json) -> usize {
        let sets = value.as_array().expect("a list");
        let name = |it: &Json| it.get("name").map_or_else(|| text(it), text);
        let named: BTreeSet<String> = sets
            .iter()
            .map(|it| Ref::new("dataset", &name(it)).to_string())
            .collect();
        let mut facts = self.is("training data", self.related(Verb::TrainedOn), named);
        for set in sets.iter().filter(|it| it.is_object()) {
            let own = self
                .graph
                .component(&Ref::new("dataset", &name(set)))
                .expect("a data set");
            facts += self.is(
                "revision",
                own.text(Property::Revision).map(str::to_owned),
                Some(text(&set["revision"])),
            );
        }
        facts
    }

    fn evaluation(&self, value: &Json) -> usize {
        let sets = value.as_array().expect("a list");
        let named: BTreeSet<String> = sets
            .iter()
            .map(|it| Ref::new("dataset", &text(&it["type"])).to_string())
            .collect();
        let mut facts = self.is("evaluation data", self.related(Verb::EvaluatedOn), named);
        for set in sets {
            let own = self
                .graph
                .component(&Ref::new("dataset", &text(&set["type"])))
                .expect("a data set");
            for (key, property) in [
                ("name", Property::Title),
                ("config", Property::DatasetConfig),
                ("split", Property::DatasetSplit),
                ("revision", Property::Revision),
            ] {
                facts += self.is(key, own.text(property).map(str::to_owned), set.get(key).map(text));
            }
        }
        facts
    }

    fn metrics(&self, value: &Json) -> usize {
        let facts = value.as_array().expect("a list").iter().map(|metric| {
            let found = self.graph.metrics().iter().any(|it| {
                it.metric == text(&metric["type"])
                    && it.value.to_string() == text(&metric["value"])
                    && it.slice == text(&metric["slice"])
            });
            self.is("metric", found, true)
        });
        facts.sum()
    }

    fn settings(&self, step: &str, value: &Json) -> usize {
        let (family, name) = step.split_once(':').expect("a step");
        let family = if family == "step" { "step" } else { "tool" };
        let step = self.graph.component(&Ref::new(family, name)).expect("a step");
        let facts = value.as_object().expect("settings").iter().map(|(key, value)| {
            let found = step
                .parameters()
                .get(key)
                .and_then(|it| it.first())
                .map(|it| it.value.to_string());
            self.is(key, found, Some(text(value)))
        });
        facts.sum()
    }

    fn packages(&self, value: &Json) -> usize {
        let facts = value
            .as_object()
            .expect("packages")
            .iter()
            .map(|(name, version)| {
                let own = Ref::new("package", &format!("pypi/{name}@{}", text(version)));
                let relation = self
                    .graph
                    .from(&SUBJECT)
                    .any(|it| it.verb == Verb::DependsOn && it.to == own);
                self.is(name, relation, true)
            });
        facts.sum()
    }

    fn files(&self, ending: &str) -> Vec<&Component> {
        let components = self.graph.components().iter();
        components
            .filter(|(name, it)| it.kind == Kind::File && name.as_str().ends_with(ending))
            .map(|(_, it)| it)
            .collect()
    }

    /// The files with weights, told by their digests, since names may be others.
    fn weights(&self, value: &Json) -> usize {
        let mut facts = 0;
        for (name, expected) in value.as_object().expect("files") {
            let digest = |bytes: &[u8]| Algorithm::Sha256.digest(bytes).hex();
            let ending = name.rsplit('.').next().expect("an ending");
            let is_rewritten = !self
                .folder
                .entries()
                .any(|(_, bytes)| digest(bytes) == text(&expected["sha256"]));
            let (path, bytes) = self
                .folder
                .entries()
                .find(|(path, bytes)| {
                    digest(bytes) == text(&expected["sha256"]) || (is_rewritten && path.ends_with(ending))
                })
                .expect("the file");
            let file = self.graph.component(&Ref::new("file", path)).expect("a file");
            facts += self.is(
                "digest",
                file.claim(Property::Digest).map(|it| it.value.to_string()),
                Some(format!("sha256:{}", digest(bytes))),
            );
            facts += self.is("digest is", file.standing(Property::Digest), Standing::Verified);
            facts += self.is("size", file.number(Property::Size), expected["size"].as_u64());
            facts += self.is(
                "format",
                file.text(Property::Format).map(str::to_owned),
                Some(text(&expected["format"])),
            );
            if let Some(tensors) = expected.get("tensors") {
                facts += self.is("tensors", file.number(Property::Tensors), tensors.as_u64());
            }
            if let Some(Value::Counts(counts)) = file.claim(Property::StoredElements).map(|it| &it.value)
                && let Some(by_type) = expected["elements_by_dtype"].as_object()
            {
                facts += self.is(
                    "elements",
                    counts.values().sum::<u64>(),
                    expected["elements"].as_u64().expect("a number"),
                );
                for (name, count) in by_type {
                    facts += self.is(name, counts.get(name).copied(), count.as_u64());
                }
            }
            for (key, value) in expected["metadata"].as_object().into_iter().flatten() {
                let found = file
                    .parameters()
                    .get(key)
                    .and_then(|it| it.first())
                    .map(|it| it.value.to_string());
                facts += self.is(key, found, Some(text(value)));
            }
        }
        facts
    }

    fn mismatch(&self, value: &Json) -> usize {
        let claimed: String = text(&value["claimed"])
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let is_listed = self.graph.conflicts().iter().any(|it| {
            matches!(it, Conflict::Parameters { claimed: found, counted, .. }
                if found.starts_with(&claimed) && Some(*counted) == value["measured"].as_u64())
        });
        self.is("claim of size", is_listed, true)
    }

    fn quantization(&self, key: &str, value: &Json) -> usize {
        match key {
            "file_type" => self.shown(Property::QuantizationFileType, value),
            "name" | "algo" => self.shown(Property::QuantizationType, value),
            "quantization_version" => self.shown(Property::QuantizationVersion, value),
            "quantized_by" => self.each(Property::QuantizedBy, value),
            "method" => self.shown(Property::QuantizationMethod, value),
            "bits" => self.shown(Property::QuantizationBits, value),
            "group_size" => self.shown(Property::QuantizationGroup, value),
            "kv_cache" => self.shown(Property::QuantizationCache, value),
            "exclude" => self.each(Property::QuantizationExcluded, value),
            "tool" => self.tool(&text(value)),
            "calibration_dataset" => {
                let named = BTreeSet::from([Ref::new("dataset", &text(value)).to_string()]);
                self.is(key, self.related(Verb::CalibratedOn), named)
            }
            other => panic!("{}: the fact quantization.{other} is not checked", self.model),
        }
    }

    fn tool(&self, tool: &str) -> usize {
        let (name, version) = tool.split_once([' ', ':']).expect("name and version");
        let own = Ref::new("tool", &format!("{name}@{version}"));
        self.is(tool, self.graph.component(&own).is_some(), true)
            + self.is(tool, self.graph.relations().any(|it| it.to == own), true)
    }

    fn unread(&self, error: &str) -> usize {
        let (file, _) = error.split_once(':').expect("a file");
        self.is(
            error,
            self.graph.unread().iter().any(|it| it.path.base_name() == file),
            true,
        )
    }

    fn unknown(&self, value: &Json) -> usize {
        let facts = list(value).into_iter().map(|it| match it.as_str() {
            "identity" => self.is(&it, self.subject().fact(Property::Name).is_none(), true),
            "license" => self.is(&it, self.subject().fact(Property::License).is_none(), true),
            "base_model" => self.is(&it, self.parent_relations().count(), 0),
            "datasets" => self.is(&it, self.related(Verb::TrainedOn).len(), 0),
            other => panic!("the unknown {other} is not checked"),
        });
        facts.sum()
    }

    fn digests(&self, value: &Json) -> usize {
        let facts = value.as_object().expect("files").iter().map(|(name, sha256)| {
            let found = self.files(name).iter().any(|it| {
                it.claim(Property::Digest)
                    .is_some_and(|it| it.value.to_string() == format!("sha256:{}", text(sha256)))
            });
            self.is(name, found, true)
        });
        facts.sum()
    }

    fn verified_digests(&self) -> usize {
        let stated: Vec<Standing> = self
            .graph
            .components()
            .values()
            .flat_map(|it| it.claims(Property::StatedDigest))
            .map(|it| it.standing)
            .collect();
        self.is("stated digests", stated, [Standing::Verified])
    }

    fn of_ecosystem(&self, ecosystem: &str) -> Vec<&Component> {
        self.graph
            .components()
            .values()
            .filter(|it| it.text(Property::Ecosystem) == Some(ecosystem))
            .collect()
    }

    fn debian(&self, value: &Json) -> usize {
        let own = Ref::new(
            "package",
            &format!("deb/{}@{}", text(&value["name"]), text(&value["version"])),
        );
        let package = self.graph.component(&own).expect("a package");
        let version = value.get("source_version").unwrap_or(&value["version"]);
        let source = format!("{}@{}", text(&value["source"]), text(version));
        self.is(
            "source",
            package.text(Property::SourcePackage).map(str::to_owned),
            Some(source),
        ) + self.is(
            "purl",
            package
                .text(Property::Purl)
                .is_some_and(|it| it.contains("distro=debian-12")),
            true,
        )
    }

    /// What no bill may say, whatever the model.
    fn never(&self) {
        let purls: Vec<&str> = self
            .graph
            .components()
            .values()
            .filter_map(|it| it.text(Property::Purl))
            .collect();
        assert!(
            purls.iter().all(|it| !it.contains("%25")),
            "{}: encoded twice: {purls:?}",
            self.model
        );
        let own = self.subject().text(Property::Purl);
        let names: Vec<_> = self
            .subject()
            .claims(Property::Name)
            .iter()
            .filter_map(|it| it.value.as_text())
            .collect();
        for relation in self.parent_relations() {
            let parent = self.graph.component(&relation.to).expect("a parent");
            assert_ne!(relation.to, *SUBJECT);
            assert!(
                own.is_none() || parent.text(Property::Purl) != own,
                "{}: {own:?}",
                self.model
            );
            let its = parent.text(Property::Name);
            assert!(
                its.is_none() || !names.contains(&its.unwrap_or_default()),
                "{}: {its:?}",
                self.model
            );
        }
        let models = self
            .graph
            .components()
            .iter()
            .filter(|(name, it)| it.kind == Kind::Model && !name.as_str().starts_with("parent:"));
        let models: Vec<&str> = models
            .map(|(name, _)| name.as_str())
            .filter(|it| !it.starts_with("served:"))
            .collect();
        assert!(
            models.iter().all(|it| *it == "subject"),
            "{}: {models:?}",
            self.model
        );
        let hosts = ["git", "java", "node"];
        assert!(
            !self
                .graph
                .components()
                .values()
                .any(|it| it.text(Property::Name).is_some_and(|it| hosts.contains(&it)))
        );
        for (name, component) in self.graph.components() {
            for (property, fact) in component.facts() {
                let is_path = |text: &str| text.starts_with("/home/");
                let bare = fact
                    .claims()
                    .iter()
                    .any(|it| !it.is_private && it.value.as_text().is_some_and(is_path));
                assert!(!bare, "{}: {name} {property:?}", self.model);
            }
        }
    }

    fn stated(&self, component: &Component, property: Property, places: &Json) -> usize {
        let sources: Vec<String> = component
            .claims(property)
            .iter()
            .flat_map(|it| &it.sources)
            .map(ToString::to_string)
            .collect();
        list(places)
            .iter()
            .map(|place| self.is(place, sources.iter().any(|it| is_at(it, place)), true))
            .sum()
    }
}

static SUBJECT: std::sync::LazyLock<Ref> = std::sync::LazyLock::new(Ref::subject);

/// Whether a source is the place that the answers name: a file, by its last part or by its format, and a key.
fn is_at(source: &str, place: &str) -> bool {
    let (file, key) = place.split_once(':').unwrap_or((place, ""));
    let Some((path, found)) = source.split_once(':') else {
        return false;
    };
    let is_file = path.rsplit('/').next() == Some(file) || (file == "gguf" && path.ends_with(".gguf"));
    is_file && found.starts_with(key)
}

/// Whether a fact of a relation, and not the relation, is stated at the place.
fn is_of(relation: &Relation, place: &str) -> bool {
    let claims = relation.facts().values().flat_map(|it| it.claims());
    claims
        .flat_map(|it| &it.sources)
        .any(|it| is_at(&it.to_string(), place))
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Json) -> Vec<String> {
    value
        .as_array()
        .map_or_else(Vec::new, |it| it.iter().map(text).collect())
}

fn texts(value: &Json) -> BTreeSet<String> {
    match value {
        Json::Array(items) => items.iter().map(text).collect(),
        one => BTreeSet::from([text(one)]),
    }
}

//! Every form against its official schema, for a graph with everything in it, an empty one, and hostile ones.

use std::{fs, path::PathBuf, sync::LazyLock};

use jsonschema::{Registry, Validator};
use proptest::prelude::*;
use serde_json::Value as Json;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::ArtifactPath,
    standing::Standing,
};

use super::*;
use crate::graph::{Claim, Derivation, Kind, Metric, Property, Ref, Relation, Source, Unread, Value, Verb};

fn schemas() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/schemas")
}

fn schema(name: &str) -> Json {
    let text = fs::read_to_string(schemas().join(name)).expect("a schema");
    serde_json::from_str(&text).expect("JSON")
}

fn cyclonedx_validator(version: &str) -> Validator {
    let others = [
        "spdx.schema.json",
        "jsf-0.82.schema.json",
        "cryptography-defs.schema.json",
    ];
    let registry = others.into_iter().fold(Registry::new(), |registry, name| {
        let others = schema(&format!("cyclonedx/{name}"));
        registry
            .add(format!("http://cyclonedx.org/schema/{name}"), others)
            .expect("a schema")
    });
    let registry = registry.prepare().expect("schemas that hold together");
    jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&schema(&format!("cyclonedx/bom-{version}.schema.json")))
        .expect("a schema")
}

static V1_7: LazyLock<Validator> = LazyLock::new(|| cyclonedx_validator("1.7"));
static V1_6: LazyLock<Validator> = LazyLock::new(|| cyclonedx_validator("1.6"));
static SPDX_3: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema("spdx3/spdx-json-schema-3.0.1.json"))
        .expect("a schema")
});

fn settings() -> Settings {
    Settings {
        time: Some(1_780_272_000),
        tool_version: "1.2.3".to_owned(),
        author: Some("Acme Labs".to_owned()),
        ..Settings::default()
    }
}

#[track_caller]
fn written(graph: &Graph, form: Form, settings: &Settings) -> Json {
    let text = write(graph, form, settings).unwrap_or_else(|error| panic!("{}: {error}", form.name()));
    let json: Json = serde_json::from_str(&text).expect("JSON");
    let validator = match form {
        Form::CycloneDx17 => &*V1_7,
        Form::CycloneDx16 => &*V1_6,
        Form::Spdx3 => &*SPDX_3,
        // Its schema is not public domain; `spdx-tools` reads what the binary writes.
        Form::Spdx2 => return json,
    };
    let errors: Vec<String> = validator
        .iter_errors(&json)
        .take(3)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}: {errors:#?}\n{text}", form.name());
    json
}

fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).expect("a path")
}

fn declared(value: impl Into<String>) -> Claim {
    Claim::declared(Value::text(value), Source::file(&path("README.md"), "key").at(7))
}

fn digest(text: &str) -> Claim {
    let digest: Digest = Algorithm::Sha256.digest(text.as_bytes());
    Claim::verified(Value::Digest(digest), Source::file(&path("model.gguf"), ""))
}

fn relate(graph: &mut Graph, from: &Ref, verb: Verb, to: &Ref) {
    let source = Source::file(&path("README.md"), "key");
    let mut relation = Relation::new(from, verb, to, Standing::Declared, source.clone());
    if verb == Verb::DerivedFrom {
        let word = Value::text(Derivation::Quantized.word());
        relation = relation.with(Property::Derivation, Claim::declared(word, source));
    }
    assert!(graph.relate(relation));
}

/// A model with everything that a graph can hold; every text is `text`.
fn full(text: &str) -> Graph {
    let subject = Ref::subject();
    let mut graph = Graph::about(subject.clone(), Kind::Model);
    for property in Property::ALL {
        let model = graph.ensure(&subject, Kind::Model);
        model.state(*property, declared(text));
        model.state(*property, declared(format!("{text} again")));
    }
    graph.state(
        &subject,
        Kind::Model,
        Property::Parameters,
        Claim::verified(Value::Number(5), Source::computed("x", "")).rank(1),
    );
    let kinds = [
        (Kind::File, "file"),
        (Kind::Dataset, "dataset"),
        (Kind::Package, "package"),
        (Kind::Tool, "tool"),
        (Kind::Environment, "environment"),
        (Kind::OperatingSystem, "system"),
        (Kind::Hardware, "hardware"),
        (Kind::Step, "step"),
        (Kind::Person, "person"),
        (Kind::Organisation, "organisation"),
        (Kind::Pipeline, "pipeline"),
        (Kind::Model, "parent"),
    ];
    for (kind, family) in kinds {
        let name = Ref::new(family, text);
        graph.state(&name, kind, Property::Name, declared(text));
        graph.state(&name, kind, Property::Digest, digest(family));
        graph.state(&name, kind, Property::License, declared(text));
        graph.state(&name, kind, Property::Supplier, declared(text));
        graph.state(&name, kind, Property::Purl, declared(text));
        graph.state(&name, kind, Property::Location, declared(text));
        graph.ensure(&name, kind).set(text, declared(text));
    }
    let named = |family| Ref::new(family, text);
    let step = named("step");
    for (from, verb, to) in [
        (&subject, Verb::Contains, named("file")),
        (&subject, Verb::DerivedFrom, named("parent")),
        (&named("parent"), Verb::DerivedFrom, subject.clone()),
        (&subject, Verb::TrainedOn, named("dataset")),
        (&subject, Verb::EvaluatedOn, named("dataset")),
        (&subject, Verb::CalibratedOn, named("dataset")),
        (&subject, Verb::DependsOn, named("package")),
        (&subject, Verb::DependsOn, subject.clone()),
        (&step, Verb::HasInput, named("parent")),
        (&step, Verb::HasInput, named("person")),
        (&step, Verb::HasOutput, subject.clone()),
        (&step, Verb::UsesTool, named("tool")),
        (&step, Verb::RanIn, named("environment")),
        (&step, Verb::InvokedBy, named("person")),
        (&subject, Verb::HasVariant, named("parent")),
    ] {
        relate(&mut graph, from, verb, &to);
    }
    graph.measure(Metric {
        details: [("date".to_owned(), "2026-01-15".to_owned())].into(),
        of: subject,
        metric: text.to_owned(),
        value: Value::Decimal("0.5".to_owned()),
        on: None,
        slice: text.to_owned(),
        standing: Standing::Declared,
        sources: vec![Source::user("x")],
    });
    graph.leave_unread(Unread {
        path: path("config.json"),
        offset: 4,
        why: text.to_owned(),
    });
    graph
}

#[test]
fn a_graph_with_everything_is_valid_in_every_form() {
    for text in [
        "plain",
        "MIT",
        "MIT OR Apache-2.0",
        "https://example.org/a",
        "pkg:pypi/a@1",
        "2026-01-31T00:00:00Z",
        "text",
        "yes",
        "low",
        "supervised",
        "",
    ] {
        for form in Form::ALL {
            written(&full(text), form, &settings());
            written(&full(text), form, &Settings::default());
        }
    }
}

#[test]
fn a_graph_with_nothing_is_valid_in_every_form() {
    for kind in [Kind::Model, Kind::Dataset, Kind::Environment, Kind::File] {
        let graph = Graph::about(Ref::subject(), kind);
        for form in Form::ALL {
            written(&graph, form, &settings());
            written(&graph, form, &Settings::default());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn hostile_names_and_values_never_make_an_invalid_document(text in "\\PC{0,12}|[\\x00-\\x7f]{0,12}|(pkg:|https?://|LicenseRef-)[ -~]{0,9}") {
        for form in Form::ALL {
            let graph = full(&text);
            let written = written(&graph, form, &settings());
            let again = read::read(written.to_string().as_bytes(), "it").expect("our own document");
            prop_assert!(again.components() > 0);
        }
    }
}

#[test]
fn the_same_graph_has_the_same_bytes_and_another_one_another_number() {
    for form in Form::ALL {
        let one = write(&full("a"), form, &settings()).expect("a document");
        assert_eq!(one, write(&full("a"), form, &settings()).expect("a document"));
        assert_ne!(one, write(&full("b"), form, &settings()).expect("a document"));
    }
    let serial = |text| written(&full(text), Form::CycloneDx17, &settings())["serialNumber"].clone();
    assert_ne!(serial("a"), serial("b"));
    assert!(
        serial("a").as_str().is_some_and(|it| it.get(23..24) == Some("5")),
        "{}",
        serial("a")
    );
}

#[test]
fn data_for_evaluation_are_no_training_data() {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    for (name, verb) in [("learnt", Verb::TrainedOn), ("measured", Verb::EvaluatedOn)] {
        let data = Ref::new("dataset", name);
        graph.state(&data, Kind::Dataset, Property::Name, declared(name));
        relate(&mut graph, &Ref::subject(), verb, &data);
    }
    let json = written(&graph, Form::CycloneDx17, &settings());
    let datasets = &json["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"];
    assert_eq!(datasets, &serde_json::json!([{"ref": "dataset:learnt"}]));
    let roles: Vec<&Json> = json["components"]
        .as_array()
        .expect("components")
        .iter()
        .map(|it| &it["properties"][0]["value"])
        .collect();
    assert_eq!(roles, ["training", "evaluation"]);
    let spdx = written(&graph, Form::Spdx2, &settings()).to_string();
    assert!(spdx.contains("GENERATED_FROM") && spdx.contains("digest not known"));
}

#[test]
fn what_is_private_is_left_out_with_its_name() {
    let secret = "/home/someone/checkpoints/run7";
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    let parent = Ref::new("parent", secret);
    graph.state(&parent, Kind::Model, Property::Name, declared(secret).private());
    relate(&mut graph, &Ref::subject(), Verb::DerivedFrom, &parent);
    let open = Ref::new("parent", "acme/base");
    graph.state(&open, Kind::Model, Property::Name, declared("base"));
    relate(&mut graph, &Ref::subject(), Verb::DerivedFrom, &open);
    for form in Form::ALL {
        let hidden = written(&graph, form, &settings()).to_string();
        assert!(
            !hidden.contains("someone") && hidden.contains("private"),
            "{hidden}"
        );
        let shown = written(
            &graph,
            form,
            &Settings {
                show_private: true,
                ..settings()
            },
        );
        assert!(shown.to_string().contains(secret));
    }
}

#[test]
fn what_nobody_says_is_written_as_unknown_and_conflicts_are_told() {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    for name in ["one", "two"] {
        graph.state(&Ref::subject(), Kind::Model, Property::Name, declared(name));
    }
    let json = written(&graph, Form::CycloneDx17, &settings());
    let model = &json["metadata"]["component"];
    assert_eq!(model["version"], "unknown");
    assert_eq!(model["licenses"][0]["license"]["name"], "NOASSERTION");
    assert_eq!(json["compositions"][0]["aggregate"], "incomplete");
    assert!(model.to_string().contains("name: one | two"));
    assert_eq!(json["annotations"][0]["subjects"][0], "subject");
    assert_eq!(json["citations"][0]["pointers"][0], "/metadata/component/name");
    let old = written(&graph, Form::CycloneDx16, &settings());
    assert_eq!(old["citations"], Json::Null);
}

/// With a disputed fact, a disputed setting and a disputed relation.
fn disputed(claim: impl Fn(&str) -> Claim) -> Graph {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    let data = Ref::new("dataset", "corpus");
    graph.ensure(&data, Kind::Dataset);
    for value in ["/home/ada/one", "/home/ada/two"] {
        graph.state(&Ref::subject(), Kind::Model, Property::Version, claim(value));
        graph
            .ensure(&Ref::subject(), Kind::Model)
            .set("output_dir", claim(value));
        let source = Source::file(&path("README.md"), "key");
        let relation = Relation::new(
            &Ref::subject(),
            Verb::TrainedOn,
            &data,
            Standing::Declared,
            source,
        );
        assert!(graph.relate(relation.with(Property::Revision, claim(value))));
    }
    assert_eq!(graph.conflicts().len(), 3, "{:?}", graph.conflicts());
    graph
}

#[test]
fn every_form_tells_every_kind_of_conflict() {
    let graph = disputed(|it| declared(it));
    for form in [Form::CycloneDx17, Form::CycloneDx16, Form::Spdx3, Form::Spdx2] {
        let text = written(&graph, form, &settings()).to_string();
        for told in ["version: ", "output_dir: ", "revision of unknown: "] {
            let told = format!("{told}/home/ada/one | /home/ada/two");
            assert!(text.contains(&told), "{}: {told}\n{text}", form.name());
        }
    }
}

#[test]
fn a_conflict_gives_no_private_value_away() {
    let graph = disputed(|it| declared(it).private());
    for form in [Form::CycloneDx17, Form::CycloneDx16, Form::Spdx3, Form::Spdx2] {
        let text = written(&graph, form, &settings()).to_string();
        assert!(!text.contains("/home/ada"), "{}: {text}", form.name());
        assert!(
            text.contains("output_dir: 2 values, of which some are private"),
            "{}",
            form.name()
        );
    }
}

#[test]
fn licences_of_1_6_are_not_mixed() {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    for licence in ["MIT", "MIT OR Apache-2.0", "my own"] {
        graph.state(&Ref::subject(), Kind::Model, Property::License, declared(licence));
    }
    let of = |form| written(&graph, form, &settings())["metadata"]["component"]["licenses"].clone();
    assert_eq!(of(Form::CycloneDx17)[1]["expression"], "MIT OR Apache-2.0");
    assert_eq!(of(Form::CycloneDx16)[1]["license"]["name"], "MIT OR Apache-2.0");
    assert_eq!(of(Form::CycloneDx16)[0]["license"]["id"], "MIT");
}

#[test]
fn the_model_can_be_the_first_component() {
    let first = Settings {
        model_first: true,
        ..settings()
    };
    for form in [Form::CycloneDx17, Form::CycloneDx16] {
        let json = written(&full("a"), form, &first);
        assert_eq!(json["components"][0]["type"], "machine-learning-model");
        assert!(json["components"][0]["modelCard"].is_object());
    }
}

#[test]
fn a_profile_that_is_not_met_is_not_claimed() {
    let bare = Graph::about(Ref::subject(), Kind::Model);
    let json = written(&bare, Form::Spdx3, &settings());
    let document = json["@graph"].as_array().expect("elements");
    let document = document
        .iter()
        .find(|it| it["type"] == "SpdxDocument")
        .expect("a document");
    let claimed = document["profileConformance"].to_string();
    assert!(
        !claimed.contains("\"ai\"") && claimed.contains("\"dataset\""),
        "{claimed}"
    );
    assert!(document["comment"].to_string().contains("releaseTime"));
}

#[test]
fn references_that_do_not_hold_are_refused() {
    assert_eq!(check_references(["a", "b"], ["a"]), Ok(()));
    assert_eq!(
        check_references(["a", "a"], []),
        Err(DocumentError::Twice("a".to_owned()))
    );
    assert_eq!(
        check_references(["a"], ["b"]),
        Err(DocumentError::Dangling("b".to_owned()))
    );
}

/// What is written is read again, as somebody's word.
#[test]
fn documents_are_read_again_and_nothing_in_them_is_verified() {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    graph.state(&Ref::subject(), Kind::Model, Property::Name, declared("pebble"));
    graph.state(&Ref::subject(), Kind::Model, Property::Digest, digest("m"));
    graph.state(
        &Ref::subject(),
        Kind::Model,
        Property::License,
        declared("Apache-2.0"),
    );
    let parent = Ref::new("parent", "acme/base");
    graph.state(&parent, Kind::Model, Property::Name, declared("base"));
    relate(&mut graph, &Ref::subject(), Verb::DerivedFrom, &parent);
    let data = Ref::new("dataset", "acme/chats");
    graph.state(&data, Kind::Dataset, Property::Name, declared("chats"));
    relate(&mut graph, &Ref::subject(), Verb::TrainedOn, &data);
    for form in Form::ALL {
        let text = write(&graph, form, &settings()).expect("a document");
        let foreign = read::read(text.as_bytes(), "it.json")
            .unwrap_or_else(|error| panic!("{}: {error:?}", form.name()));
        let again = foreign.graph();
        let model = again.component(&Ref::subject()).expect("the subject");
        assert_eq!(
            (model.kind, model.text(Property::Name)),
            (Kind::Model, Some("pebble")),
            "{}",
            form.name()
        );
        assert_eq!(
            model.standing(Property::Digest),
            Standing::Declared,
            "{}",
            form.name()
        );
        assert_eq!(
            model.text(Property::License),
            Some("Apache-2.0"),
            "{}",
            form.name()
        );
        let verbs: Vec<Verb> = again.from(&Ref::subject()).map(|it| it.verb).collect();
        assert_eq!(
            verbs,
            [Verb::DerivedFrom, Verb::TrainedOn].to_vec(),
            "{}",
            form.name()
        );
        assert_eq!(foreign.author.as_deref(), Some("Acme Labs"));
    }
}

#[test]
fn merged_packages_are_joined_by_their_url_and_keep_where_they_come_from() {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    let package = Ref::new("package", "numpy");
    graph.state(
        &package,
        Kind::Package,
        Property::Purl,
        declared("pkg:pypi/numpy@1.21.0"),
    );
    let document = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": {"tools": [{"name": "syft", "version": "1.0"}], "component": {"type": "container", "bom-ref": "root", "name": "image"}},
        "components": [
            {"type": "library", "bom-ref": "a", "name": "NumPy", "version": "1.21.0", "purl": "pkg:pypi/numpy@1.21.0"},
            {"type": "library", "bom-ref": "b", "name": "left-pad", "version": "1"}],
        "dependencies": [{"ref": "root", "dependsOn": ["a", "b", "nobody"]}]}"#;
    let foreign = read::read(document.as_bytes(), "image.json").expect("a document");
    assert_eq!(foreign.tool.as_deref(), Some("syft 1.0"));
    foreign.merge_into(&mut graph);
    let numpy = graph.component(&package).expect("numpy");
    let sources = &numpy.claim(Property::Purl).expect("a claim").sources;
    assert!(
        sources
            .iter()
            .any(|it| it.to_string().starts_with("document:image.json"))
    );
    assert_eq!(graph.components().len(), 4, "subject, numpy, left-pad, image");
    assert!(graph.conflicts().is_empty());
    assert!(graph.from(&Ref::subject()).any(|it| it.verb == Verb::DependsOn));
    for form in Form::ALL {
        written(&graph, form, &settings());
    }
}

/// Scanners of folders call the folder an application, and say what they know of a model where they list it.
#[test]
fn models_among_the_components_are_read_as_well_as_the_one_in_front() {
    let document = serde_json::json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "metadata": {"component": {"type": "application", "bom-ref": "folder", "name": "folder"}},
        "components": [
            {
                "type": "machine-learning-model",
                "bom-ref": "m",
                "group": "hill",
                "name": "gravel",
                "publisher": "Hill",
                "author": "somebody",
                "modelCard": {
                    "modelParameters": {
                        "task": "text-generation",
                        "architectureFamily": "llama",
                        "datasets": [
                            {"ref": "d"},
                            {"type": "dataset", "name": "hill/notes", "contents": {"url": "https://example.org/notes"}}
                        ]
                    },
                    "quantitativeAnalysis": {
                        "performanceMetrics": [{"type": "accuracy", "value": "0.5", "slice": "all"}]
                    }
                }
            },
            {"type": "data", "bom-ref": "d", "name": "letters"}
        ]
    });
    let foreign = read::read(document.to_string().as_bytes(), "it.json").expect("a document");
    let graph = foreign.graph();
    let (model, component) = graph
        .components()
        .iter()
        .find(|(_, it)| it.kind == Kind::Model)
        .expect("the model");
    assert_eq!(component.text(Property::Task), Some("text-generation"));
    assert_eq!(component.text(Property::ModelType), Some("llama"));
    assert_eq!(component.text(Property::Supplier), Some("Hill"));
    assert_eq!(component.text(Property::Author), Some("somebody"));
    let learnt = graph.from(model).filter(|it| it.verb == Verb::TrainedOn);
    let names: Vec<_> = learnt
        .filter_map(|it| graph.component(&it.to)?.text(Property::Name))
        .collect();
    assert_eq!(names, ["letters", "notes"]);
    assert_eq!(graph.metrics().len(), 1);
    assert_eq!(&graph.metrics()[0].of, model);
    assert!(graph.metrics().iter().all(|it| it.standing == Standing::Declared));
}

#[test]
fn what_is_no_bill_of_materials_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"bomFormat": "CycloneDX", "specVersion": "0.9"}"#,
        r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "specVersion": "1.7"}"#,
        r#"{"spdxVersion": "SPDX-1.0"}"#,
        r#"{"@context": "https://example.org/"}"#,
    ] {
        assert!(read::read(text.as_bytes(), "it").is_err(), "{text}");
    }
}

/// The seeds of the fuzz target `bom_document`, with what it asserts.
#[test]
fn seeds_are_read_and_written_in_every_form() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/bom_document");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("seeds") {
        let text = fs::read(entry.expect("a seed").path()).expect("a seed");
        let Ok(foreign) = read::read(&text, "seed.json") else {
            continue;
        };
        let graph = foreign.graph();
        for component in graph.components().values() {
            for (property, fact) in component.facts() {
                assert_ne!(fact.standing(property.arity()), Standing::Verified);
            }
        }
        for form in Form::ALL {
            written(&graph, form, &Settings::default());
        }
        seen += 1;
    }
    assert!(seen >= 7, "{seen}");
}

/// Every value of a document, in turn.
fn pointers(json: &Json) -> Vec<String> {
    let mut open = vec![(String::new(), json)];
    let mut all = Vec::new();
    while let Some((place, value)) = open.pop() {
        match value {
            Json::Object(members) => open.extend(members.iter().map(|(name, value)| {
                let name = name.replace('~', "~0").replace('/', "~1");
                (format!("{place}/{name}"), value)
            })),
            Json::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(at, value)| (format!("{place}/{at}"), value)));
            }
            _ => {}
        }
        all.push(place);
    }
    all
}

/// A value of another kind, or of another place, anywhere in a document: it is refused, or read into a graph that every form can
/// be written from.
#[test]
fn documents_with_anything_anywhere_are_read_or_refused() {
    let others = [
        serde_json::json!(null),
        serde_json::json!(""),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!(-1.5e300),
        serde_json::json!(["subject", {"ref": "subject"}, [[]]]),
        serde_json::json!("SPDXRef-DOCUMENT"),
        serde_json::json!("\u{0}\u{202e}%00/../"),
    ];
    let mut tried = 0;
    for form in Form::ALL {
        let text = write(&full("a"), form, &settings()).expect("a document");
        let whole: Json = serde_json::from_str(&text).expect("JSON");
        for (at, place) in pointers(&whole).iter().enumerate().filter(|(at, _)| at % 71 == 0) {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).expect("a place") = others[at / 71 % others.len()].clone();
            let Ok(foreign) = read::read(changed.to_string().as_bytes(), "it") else {
                continue;
            };
            let graph = foreign.graph();
            for form in Form::ALL {
                write(&graph, form, &settings()).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

/// A document of some kilobytes can ask for gigabytes: each limit is one that is named, and nothing is left out in silence.
#[test]
fn a_document_that_asks_for_more_than_is_read_is_refused() {
    use read::{MOST_FACTS_OF_ONE, MOST_METRICS, MOST_RELATIONS};
    let cyclonedx = |members: Json| {
        let mut document = serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {"component": {"type": "machine-learning-model", "bom-ref": "r", "name": "m"}}});
        for (name, value) in members.as_object().unwrap() {
            document[name] = value.clone();
        }
        document.to_string()
    };
    let refused = |text: &str| {
        read::read(text.as_bytes(), "x")
            .err()
            .map_or_else(|| "read".to_owned(), |error| error.to_string())
    };
    let many = |count: usize| {
        let to: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        cyclonedx(serde_json::json!({"dependencies": [{"ref": "r", "dependsOn": to}]}))
    };
    assert_eq!(refused(&many(MOST_RELATIONS)), "read");
    assert_eq!(
        refused(&many(MOST_RELATIONS + 1)),
        format!("it has more than {MOST_RELATIONS} relations")
    );
    let long = "x".repeat(1 << 20);
    let inner = vec![serde_json::json!({}); 200];
    let nested = serde_json::json!({"components": [{"bom-ref": long, "components": inner}]});
    assert!(
        refused(&cyclonedx(nested)).contains("bytes of names"),
        "a long name for each of many"
    );
    let to: Vec<&str> = vec!["a"; 200];
    let named = serde_json::json!({"dependencies": [{"ref": long, "dependsOn": to}]});
    assert!(refused(&cyclonedx(named)).contains("bytes of names"));
    let licences = vec![serde_json::json!({"expression": "MIT"}); MOST_FACTS_OF_ONE + 1];
    let one = serde_json::json!({"components": [{"name": "a", "licenses": licences}]});
    assert_eq!(
        refused(&cyclonedx(one)),
        format!("it has more than {MOST_FACTS_OF_ONE} facts of one component")
    );
    let metrics = vec![serde_json::json!({"type": "a"}); MOST_METRICS + 1];
    let card = serde_json::json!({"metadata": {"component": {"type": "machine-learning-model", "bom-ref": "r",
        "modelCard": {"quantitativeAnalysis": {"performanceMetrics": metrics}}}}});
    assert!(refused(&cyclonedx(card)).contains("measured values"));
    let tasks = vec![long.as_str(); 200];
    let agents = serde_json::json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "Person", "spdxId": "p", "name": long},
        {"type": "ai_AIPackage", "spdxId": "m", "suppliedBy": vec!["p"; 200]},
        {"type": "ai_AIPackage", "spdxId": "n", "suppliedBy": vec!["p"; 100], "ai_domain": tasks[..1]}]});
    assert!(refused(&agents.to_string()).contains("facts of one component"));
    let licences = serde_json::json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "simplelicensing_LicenseExpression", "spdxId": "l", "simplelicensing_licenseExpression": long},
        {"type": "ai_AIPackage", "spdxId": "m"},
        {"type": "Relationship", "relationshipType": "hasDeclaredLicense", "from": "m", "to": vec!["l"; 200]}]});
    assert!(refused(&licences.to_string()).contains("bytes of names"));
}

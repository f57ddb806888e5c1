//! Lineages small enough to be read, and a long one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    manifest::Subject,
    standing::Standing,
};
use weightlock_signing::statement::Statement;

use super::{
    statement::{Subjects, Told, read},
    *,
};

const SLSA: &str = "https://slsa.dev/provenance/v1";

fn content(name: &str) -> Digest {
    Algorithm::Sha256.digest(name.as_bytes())
}

fn is_weights(path: &str) -> bool {
    path.ends_with(".safetensors")
}

/// A story of statements, each of which made a model out of things.
#[derive(Default)]
struct Story(Builder);

impl Story {
    /// `model` with `files` was made from `inputs`; a name with `@` is a name, everything else stands for bytes.
    fn made(mut self, model: &str, files: &[&str], inputs: &[&str], standing: Standing) -> Self {
        let subject = |name: &str, bytes: &str| Subject {
            name: name.to_owned(),
            sha256: content(bytes),
        };
        let mut subjects = vec![subject(model, model)];
        subjects.extend(files.iter().map(|file| match file.split_once('=') {
            Some((name, bytes)) => subject(name, bytes),
            None => subject(file, &format!("{model}/{file}")),
        }));
        let dependencies: Vec<Value> = inputs
            .iter()
            .map(|input| match input.strip_prefix('@') {
                Some(name) => json!({"uri": name}),
                None => json!({"name": input, "digest": {"sha256": content(input).hex()}}),
            })
            .collect();
        let statement = Statement {
            subjects,
            predicate_type: SLSA.to_owned(),
            predicate: json!({"buildDefinition": {"resolvedDependencies": dependencies}}),
        };
        self.tell(&statement, Subjects::Model, standing);
        self
    }

    fn tell(&mut self, statement: &Statement, subjects: Subjects, standing: Standing) {
        let source = self.0.source("a test");
        let told = Told {
            statement,
            document: Algorithm::Sha256.digest(&statement.to_payload()),
            subjects,
            standing,
            source,
        };
        read(&mut self.0, &told).expect("few edges");
    }

    fn end(self) -> Lineage {
        self.0.finish()
    }
}

fn reached(lineage: &Lineage, from: &str, direction: Direction) -> Vec<(String, Standing)> {
    let identity = match from.strip_prefix('@') {
        Some(name) => Identity::Named(name.to_owned()),
        None => Identity::Content(content(from)),
    };
    let start = lineage.find(&identity).expect("a node");
    let walk = lineage.walk(start, direction, &is_weights);
    walk.reached
        .iter()
        .map(|it| (lineage.node(it.node).expect("a node").shown(), it.standing))
        .collect()
}

fn names(lineage: &Lineage, from: &str, direction: Direction) -> BTreeSet<String> {
    reached(lineage, from, direction)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&it| it.to_owned()).collect()
}

use Standing::{Declared, Verified};

#[test]
fn what_was_made_with_bad_data_is_found_through_every_step() {
    let lineage = Story::default()
        .made("chat", &["a.safetensors"], &["base", "data"], Verified)
        .made("chat-q4", &["q.gguf"], &["chat", "calibration"], Verified)
        .made("other", &["b.safetensors"], &["base"], Verified)
        .end();
    assert_eq!(
        names(&lineage, "data", Direction::Descendants),
        set(&["chat", "chat-q4"])
    );
    assert_eq!(
        names(&lineage, "chat-q4", Direction::Ancestors),
        set(&["chat", "base", "data", "calibration"])
    );
    assert_eq!(
        names(&lineage, "base", Direction::Descendants),
        set(&["chat", "chat-q4", "other"])
    );
    assert!(names(&lineage, "chat-q4", Direction::Descendants).is_empty());
}

#[test]
fn a_shared_licence_joins_no_models() {
    let lineage = Story::default()
        .made(
            "base",
            &[
                "w.safetensors=base-weights",
                "LICENSE=text",
                "tokenizer.json=words",
            ],
            &["corpus"],
            Verified,
        )
        .made(
            "chat",
            &[
                "w.safetensors=chat-weights",
                "LICENSE=text",
                "tokenizer.json=words",
            ],
            &["base", "bad"],
            Verified,
        )
        .end();
    assert_eq!(names(&lineage, "bad", Direction::Descendants), set(&["chat"]));
    // What is bad in the file itself is bad for both.
    assert_eq!(
        names(&lineage, "words", Direction::Descendants),
        set(&["base", "chat"])
    );
}

#[test]
fn one_bad_file_is_bad_for_its_model_and_for_what_was_made_with_that() {
    let lineage = Story::default()
        .made(
            "base",
            &["w.safetensors=weights", "README.md=readme"],
            &[],
            Verified,
        )
        .made("from-model", &[], &["base"], Verified)
        .made("from-file", &[], &["weights"], Verified)
        .made("from-readme", &[], &["readme"], Verified)
        .end();
    assert_eq!(
        names(&lineage, "weights", Direction::Descendants),
        set(&["base", "from-model", "from-file"])
    );
    // What is bad in the whole model is bad in what was made of any file of it.
    assert_eq!(
        names(&lineage, "base", Direction::Descendants),
        set(&["from-model", "from-file", "from-readme"])
    );
    assert_eq!(
        names(&lineage, "from-file", Direction::Ancestors),
        set(&["weights", "base"])
    );
}

#[test]
fn the_same_weights_elsewhere_are_told_apart_and_older_ones_not() {
    let lineage = Story::default()
        .made("base", &["frozen.safetensors=frozen"], &["corpus"], Verified)
        .made(
            "chat",
            &["frozen.safetensors=frozen", "tuned.safetensors=tuned"],
            &["base", "bad"],
            Verified,
        )
        .made("copy", &["model.safetensors=tuned"], &[], Declared)
        .end();
    let start = lineage.find(&Identity::Content(content("bad"))).expect("there");
    let walk = lineage.walk(start, Direction::Descendants, &is_weights);
    assert_eq!(walk.reached.len(), 1);
    let shares: Vec<_> = walk
        .shares
        .iter()
        .map(|it| lineage.node(it.model).expect("there").shown())
        .collect();
    assert_eq!(shares, ["copy"]);
}

#[test]
fn the_best_known_way_gives_the_standing() {
    let lineage = Story::default()
        .made("chat", &[], &["bad"], Declared)
        .made("chat", &["again"], &["middle"], Verified)
        .made("middle", &[], &["bad"], Verified)
        .made("far", &[], &["chat", "x"], Declared)
        .end();
    assert_eq!(
        reached(&lineage, "bad", Direction::Descendants),
        [
            ("middle".to_owned(), Verified),
            ("chat".to_owned(), Verified),
            ("far".to_owned(), Declared)
        ]
    );
}

#[test]
fn a_name_does_not_lead_from_one_version_to_another() {
    let uri = "pkg:huggingface/acme/data";
    let mut story = Story::default()
        .made("only-named", &[], &["@pkg:huggingface/acme/data"], Declared)
        .made("unrelated", &[], &["other"], Verified);
    for version in ["one", "two"] {
        let dependency = json!({"uri": uri, "digest": {"sha256": content(version).hex()}});
        let statement = Statement {
            subjects: vec![Subject {
                name: format!("from-{version}"),
                sha256: content(&format!("from-{version}")),
            }],
            predicate_type: SLSA.to_owned(),
            predicate: json!({"buildDefinition": {"resolvedDependencies": [dependency]}}),
        };
        story.tell(&statement, Subjects::Apart, Verified);
    }
    let lineage = story.end();
    let found = names(&lineage, "one", Direction::Descendants);
    assert_eq!(found, set(&["from-one", "only-named"]));
    // Whoever asks for the name asks for every version.
    let found = names(&lineage, "@pkg:huggingface/acme/data", Direction::Descendants);
    assert_eq!(found, set(&["from-one", "from-two", "only-named"]));
}

#[test]
fn what_a_model_was_measured_with_does_not_spread_and_is_a_use() {
    let mut story = Story::default();
    let statement = Statement {
        subjects: vec![Subject {
            name: "chat".to_owned(),
            sha256: content("chat"),
        }],
        predicate_type: "https://in-toto.io/attestation/test-result/v0.1".to_owned(),
        predicate: json!({"configuration": [{"name": "bench", "digest": {"sha256": content("bench").hex()}}]}),
    };
    story.tell(&statement, Subjects::Model, Verified);
    let lineage = story.end();
    assert!(names(&lineage, "bench", Direction::Descendants).is_empty());
    assert_eq!(names(&lineage, "bench", Direction::Users), set(&["chat"]));
}

#[test]
fn circles_end() {
    let lineage = Story::default()
        .made("a", &[], &["b"], Verified)
        .made("b", &[], &["a"], Verified)
        .end();
    assert_eq!(names(&lineage, "a", Direction::Descendants), set(&["b"]));
    assert_eq!(names(&lineage, "a", Direction::Ancestors), set(&["b"]));
}

#[test]
fn other_bytes_under_the_name_are_a_gap() {
    let mut story = Story::default().made("base", &[], &["corpus"], Verified);
    // `chat` was made from something called base that is not the base that was published.
    let dependency = json!({"name": "base", "digest": {"sha256": content("another base").hex()}});
    let statement = Statement {
        subjects: vec![Subject {
            name: "chat".to_owned(),
            sha256: content("chat"),
        }],
        predicate_type: SLSA.to_owned(),
        predicate: json!({"buildDefinition": {"resolvedDependencies": [dependency]}}),
    };
    story.tell(&statement, Subjects::Model, Verified);
    let gaps = story.end().gaps(Declared);
    assert!(
        matches!(&gaps[..], [Gap { name, used, made, .. }]
            if name == "base" && *used == content("another base") && *made == [content("base")]),
        "{gaps:?}"
    );

    let whole = Story::default()
        .made("base", &[], &["corpus"], Verified)
        .made("chat", &[], &["base"], Verified)
        .end();
    assert!(whole.gaps(Declared).is_empty());
}

/// Statements list a folder and each of its files under one name, and some builders write the role where the name belongs.
#[test]
fn roles_and_files_of_folders_have_no_names_of_their_own() {
    let mut story = Story::default().made("chat", &["w.safetensors=weights"], &["corpus"], Verified);
    let digest = |name: &str| json!({"sha256": content(name).hex()});
    for (model, dependencies) in [
        ("one", json!([{"name": "base-model", "digest": digest("chat")}])),
        (
            "two",
            json!([{"name": "base-model", "digest": digest("elsewhere")}]),
        ),
        (
            "three",
            json!([
                {"name": "chat", "digest": digest("chat")},
                {"name": "chat", "digest": digest("a piece"), "annotations": {"path": "w.safetensors"}},
            ]),
        ),
    ] {
        let statement = Statement {
            subjects: vec![Subject {
                name: model.to_owned(),
                sha256: content(model),
            }],
            predicate_type: SLSA.to_owned(),
            predicate: json!({"buildDefinition": {"resolvedDependencies": dependencies}}),
        };
        story.tell(&statement, Subjects::Model, Verified);
    }
    let lineage = story.end();
    assert!(lineage.gaps(Declared).is_empty(), "{:?}", lineage.gaps(Declared));
    // A file is a part of the folder that is named beside it.
    assert_eq!(
        names(&lineage, "a piece", Direction::Descendants),
        set(&["chat", "one", "three"])
    );
    assert_eq!(
        names(&lineage, "three", Direction::Ancestors),
        set(&["chat", "corpus"])
    );
}

/// What nobody vouches for neither closes a gap nor opens one, where somebody is named who vouches.
#[test]
fn gaps_go_by_what_is_known_as_well_as_is_asked() {
    let other = |story: &mut Story, name: &str, bytes: &str, standing| {
        let statement = Statement {
            subjects: vec![Subject {
                name: name.to_owned(),
                sha256: content(bytes),
            }],
            predicate_type: SLSA.to_owned(),
            predicate: json!({"buildDefinition": {"resolvedDependencies": [{"uri": "x"}]}}),
        };
        story.tell(&statement, Subjects::Model, standing);
    };
    let uses = |story: &mut Story, bytes: &str| {
        let dependency = json!({"name": "base", "digest": {"sha256": content(bytes).hex()}});
        let statement = Statement {
            subjects: vec![Subject {
                name: "served".to_owned(),
                sha256: content("served"),
            }],
            predicate_type: SLSA.to_owned(),
            predicate: json!({"buildDefinition": {"resolvedDependencies": [dependency]}}),
        };
        story.tell(&statement, Subjects::Model, Verified);
    };
    // Signed: base was made; other bytes were used under its name. Unsigned: somebody made those.
    let mut story = Story::default().made("base", &[], &["corpus"], Verified);
    uses(&mut story, "another base");
    other(&mut story, "whatever", "another base", Declared);
    let lineage = story.end();
    assert_eq!(lineage.gaps(Verified).len(), 1);
    assert!(lineage.gaps(Declared).is_empty());
    // Signed: a base of unknown making was used. Unsigned: somebody made other bytes of that name.
    let mut story = Story::default();
    uses(&mut story, "base");
    other(&mut story, "base", "another base", Declared);
    let lineage = story.end();
    assert!(lineage.gaps(Verified).is_empty());
    assert_eq!(lineage.gaps(Declared).len(), 1);
}

#[test]
fn a_file_of_a_model_whose_making_is_known_is_no_gap() {
    let lineage = Story::default()
        .made("base", &["w.safetensors=weights"], &["corpus"], Verified)
        .made("chat", &[], &["weights"], Verified)
        .end();
    assert!(lineage.gaps(Declared).is_empty());
}

#[test]
fn a_hostile_predicate_says_nothing() {
    for predicate in [
        json!(null),
        json!([1, 2]),
        json!({"buildDefinition": []}),
        json!({"buildDefinition": {"resolvedDependencies": {"digest": 3}}}),
        json!({"buildDefinition": {"resolvedDependencies": [null, 3, {"digest": "x"}, {"digest": {"sha256": "zz"}}, {"uri": ""}]}}),
    ] {
        let mut story = Story::default();
        let statement = Statement {
            subjects: vec![Subject {
                name: "m".to_owned(),
                sha256: content("m"),
            }],
            predicate_type: SLSA.to_owned(),
            predicate,
        };
        story.tell(&statement, Subjects::Model, Declared);
        assert!(names(&story.end(), "m", Direction::Ancestors).is_empty());
    }
}

#[test]
fn the_materials_of_a_link_are_inputs() {
    let bytes = json!({"sha256": content("data").hex()});
    for materials in [
        json!({"data.csv": bytes}),
        json!([{"uri": "data.csv", "digest": bytes}]),
    ] {
        let mut story = Story::default();
        let statement = Statement {
            subjects: vec![Subject {
                name: "m".to_owned(),
                sha256: content("m"),
            }],
            predicate_type: "https://in-toto.io/Link/v1".to_owned(),
            predicate: json!({"name": "train", "materials": materials}),
        };
        story.tell(&statement, Subjects::Model, Declared);
        let lineage = story.end();
        assert!(
            names(&lineage, "data", Direction::Descendants).contains("m"),
            "{materials}"
        );
    }
}

#[test]
fn a_long_lineage_is_walked() {
    let mut builder = Builder::default();
    let source = builder.source("a test");
    let nodes: Vec<_> = (0_u32..50_001)
        .map(|number| builder.node(Identity::Named(number.to_string())))
        .collect();
    for (index, node) in nodes.iter().enumerate().skip(1) {
        for parent in [nodes[index / 2], nodes[index - 1]] {
            builder
                .join(parent, How::Derived(None), *node, Verified, source)
                .expect("room");
        }
    }
    let lineage = builder.finish();
    assert_eq!(lineage.len(), 100_000);
    let walk = lineage.walk(nodes[0], Direction::Descendants, &is_weights);
    assert_eq!(walk.reached.len(), 50_000);
    let last = walk.reached.last().expect("the farthest");
    assert_eq!(walk.way(last).len(), 16, "the shortest of the ways");
}

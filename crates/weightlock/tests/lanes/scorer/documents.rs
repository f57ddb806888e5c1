//! Documents that other tools really write, as our input: shown, checked, compared and merged.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use weightlock_peers::{
    Peer,
    boms::{Asked, ENVIRONMENT, Subjects, TOOLS},
    program,
};

fn weightlock(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_weightlock"))
        .args(arguments)
        .arg("--json")
        .envs(ENVIRONMENT)
        .output()
        .unwrap();
    let json = serde_json::from_slice(&output.stdout);
    let json = json.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
    (output.status.code(), json)
}

fn shown(path: &Path) -> Value {
    let (code, json) = weightlock(&["bom", "show", path.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{}: {json}", path.display());
    json["result"].clone()
}

/// How many components of these kinds a document has: what it is about, and the list, with what is nested. Some tools give a model
/// and what it was made from one reference; of those the first is read.
fn listed(document: &Path, kinds: &[&str]) -> usize {
    let json: Value = serde_json::from_slice(&fs::read(document).unwrap()).unwrap();
    let mut due: Vec<&Value> = vec![&json["metadata"]["component"]];
    due.extend(json["components"].as_array().into_iter().flatten());
    let mut seen = BTreeSet::new();
    while let Some(component) = due.pop() {
        let kind = component["type"].as_str().unwrap_or_default();
        if kinds.contains(&kind) {
            seen.insert(component["bom-ref"].to_string());
        }
        due.extend(component["components"].as_array().into_iter().flatten());
        due.extend(
            component["pedigree"]["ancestors"]
                .as_array()
                .into_iter()
                .flatten(),
        );
    }
    seen.len()
}

#[test]
fn documents_of_other_tools_are_read_whole() {
    if TOOLS
        .into_iter()
        .chain([Peer::BomModels])
        .any(|peer| program(peer).is_none())
    {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let subjects = Subjects::make(folder.path()).unwrap();
    let ours = folder.path().join("ours.json");
    let first = subjects.folder(0);
    Asked::weightlock(Path::new(env!("CARGO_BIN_EXE_weightlock")), &first, &ours)
        .run()
        .unwrap();
    let (mut tasks, mut trained) = (0, 0);
    for tool in TOOLS {
        for number in 0..subjects.names.len() {
            let document = folder.path().join(format!("{}-{number}.json", tool.name()));
            let asked = Asked::tool(tool, &subjects.folder(number), &document).unwrap();
            asked.run().unwrap();
            let path = document.to_str().unwrap();
            let what = format!("{} of {}", tool.name(), subjects.names[number]);
            let shown = shown(&document);
            let models = shown["components"]["model"].as_u64().unwrap_or_default();
            let said = listed(&document, &["machine-learning-model"]);
            assert_eq!(models, said as u64, "{what}: {shown}");
            assert_eq!(shown["standings"]["verified"], 0, "{what}");
            let (code, _) = weightlock(&["bom", "check", "--profile", "cisa", path]);
            assert!(matches!(code, Some(0 | 1)), "{what}: {code:?}");
            let (code, _) = weightlock(&["bom", "diff", ours.to_str().unwrap(), path]);
            assert!(matches!(code, Some(0 | 1)), "{what}: {code:?}");
            let (code, merged) = weightlock(&["bom", "--merge", path, first.to_str().unwrap()]);
            assert_eq!(code, Some(0), "{what}");
            let text = merged["result"]["document"].to_string();
            tasks += usize::from(tool == Peer::Cdxgen && text.contains("sentence-similarity"));
            trained += usize::from(tool == Peer::Cdxgen && text.contains("legal-qa"));
        }
    }
    // What cdxgen says of a model that it lists arrives in the document that it is merged into.
    assert!(tasks > 0 && trained > 0, "{tasks} {trained}");
}

/// A virtual environment, which syft reads too: the same packages in the same versions, in three of its forms.
#[test]
fn packages_of_an_environment_are_those_that_syft_lists() {
    let (Some(syft), Some(python)) = (program(Peer::Syft), program(Peer::Aisbom)) else {
        return;
    };
    let environment = python.parent().and_then(Path::parent).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ours = weightlock(&["bom", "--metadata-only", environment.to_str().unwrap()]);
    assert_eq!(ours.0, Some(0));
    let ours = packages(&ours.1["result"]["document"]);
    assert!(ours.len() > 30, "{ours:?}");
    for form in ["cyclonedx-json", "cyclonedx-json@1.4", "spdx-json"] {
        let document = folder.path().join(format!("{form}.json"));
        let ran = Command::new(&syft)
            .args(["scan", &format!("dir:{}", environment.display()), "-q", "-o"])
            .arg(format!("{form}={}", document.display()))
            .envs(ENVIRONMENT)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
        assert_eq!(through(&document, folder.path()), ours, "{form}");
    }
}

/// The Python packages of a document after it went through ours.
fn through(document: &Path, home: &Path) -> Vec<String> {
    let empty: PathBuf = home.join("empty");
    fs::create_dir_all(&empty).unwrap();
    fs::write(empty.join("config.json"), "{}").unwrap();
    let arguments = [
        "bom",
        "--merge",
        document.to_str().unwrap(),
        empty.to_str().unwrap(),
    ];
    let (code, json) = weightlock(&arguments);
    assert_eq!(code, Some(0), "{json}");
    packages(&json["result"]["document"])
}

fn packages(document: &Value) -> Vec<String> {
    let all = document["components"].as_array().unwrap().iter();
    let urls = all.filter_map(|it| it["purl"].as_str());
    let own = urls.filter(|it| it.starts_with("pkg:pypi/"));
    let mut own: Vec<String> = own
        .map(|it| it.split(['?', '#']).next().unwrap().to_owned())
        .collect();
    own.sort();
    own.dedup();
    own
}

//! What a loader would read besides the files that were judged: under names that are passed over, beside a file that was judged
//! alone, and by names in graphs and lists. Each beside an ordinary model that is allowed.

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::{
    models::{tiny, weights},
    run::{Place, Ran},
};

const POLICY: &str = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nformats = { deny = [\"pickle\"] }\n";
const CALL: &[u8] = b"cposix\nsystem\n(Vtrue\ntR.";

fn model() -> Place {
    let place = Place::new();
    tiny(&place, "m");
    place.write("policy.toml", POLICY);
    place
}

fn gate(place: &Place, target: &str) -> Ran {
    place.run(["gate", "--policy", "policy.toml", target])
}

/// Allowed, or held because nobody knows what would be read.
#[track_caller]
fn judge(place: &Place, target: &str, is_held: bool) {
    let ran = gate(place, target);
    assert_eq!(ran.code, if is_held { 3 } else { 0 }, "{target}: {ran:#?}");
    assert_eq!(
        ran.stderr.contains("error[WL-POLICY-INCOMPLETE]"),
        is_held,
        "{ran:#?}"
    );
    // The program is handed files of the model alone, and the verdict is the same.
    let run = [
        "run",
        "--policy",
        "policy.toml",
        "--model",
        target,
        "--",
        "/bin/ls",
        "{model}",
    ];
    let run = place.run(run);
    assert_eq!(run.code, ran.code, "{target}: {run:#?}");
}

fn git(place: &Place, arguments: &[&str]) {
    let place = place.path("m");
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(place)
        .args(["-c", "user.name=a", "-c", "user.email=a@b.example"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Nobody has to name what lies there: it is asked what it is.
#[test]
fn nothing_that_is_passed_over_could_be_loaded() {
    let weights = weights();
    let cases: [(&str, &[u8], bool); 14] = [
        (
            ".gitattributes",
            b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
            false,
        ),
        (".github/workflows/ci.yaml", b"on: push\n", false),
        (
            ".cache/huggingface/download/config.json.metadata",
            b"0123\n\"4567\"\n1763812345.6\n",
            false,
        ),
        (".cache/huggingface/download/config.json.lock", b"", false),
        (".git/hooks/pre-commit.sample", b"#!/bin/sh\nexit 0\n", false),
        (".git/x", CALL, true),
        (".gitattributes", CALL, true),
        (".github/a.pkl", b"\x80\x04N.", true),
        (".github/code.py", b"import os\n", true),
        (".cache/huggingface/model.safetensors", &weights, true),
        (".git/objects/ab/cdef", b"x\x9c\x03\0\0\0\0\x01", true),
        (".weightlock/w.bin", b"numbers", true),
        (".weightlock/evidence/x.pkl", CALL, true),
        ("model.sig", CALL, true),
    ];
    for (name, content, is_held) in cases {
        let place = model();
        place.write(&format!("m/{name}"), content);
        judge(&place, "m", is_held);
    }
    for (link, target, is_held) in [
        (".git/HEAD", "ORIG", false),
        (".git/x.pkl", "/tmp/evil.pkl", true),
        (".git/x.pkl", "../../evil.pkl", true),
    ] {
        let place = model();
        fs::create_dir_all(place.path("m/.git")).unwrap();
        symlink(target, place.path("m").join(link)).unwrap();
        judge(&place, "m", is_held);
    }
}

/// A clone as git makes it, with loose objects and with packs, and with what LFS keeps.
#[test]
fn a_clone_is_an_ordinary_model() {
    let place = model();
    git(&place, &["init", "-q"]);
    git(&place, &["add", "."]);
    git(&place, &["commit", "-qm", "first"]);
    git(&place, &["tag", "-a", "-m", "first", "v1"]);
    judge(&place, "m", false);
    git(&place, &["gc", "-q"]);
    judge(&place, "m", false);
    let hex = place.run(["digest", "m/model.safetensors"]).yes().stdout;
    let hex = hex
        .split_whitespace()
        .next()
        .unwrap()
        .trim_start_matches("sha256:")
        .to_owned();
    let copy = format!("m/.git/lfs/objects/{}/{}/{hex}", &hex[..2], &hex[2..4]);
    place.write(&copy, weights());
    judge(&place, "m", false);
    // The name is right, and the content is not.
    place.write(&copy, CALL);
    judge(&place, "m", true);
}

/// A string of a protocol buffer.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    [&[number << 3 | 2, length][..], content].concat()
}

/// A graph with one tensor, whose data lies in another file.
fn onnx(location: &str) -> Vec<u8> {
    let entry = [field(1, b"location"), field(2, location.as_bytes())].concat();
    let tensor = [
        vec![1 << 3, 4, 2 << 3, 1],
        field(8, b"w"),
        field(13, &entry),
        vec![14 << 3, 1],
    ]
    .concat();
    let graph = [field(2, b"g"), field(5, &tensor)].concat();
    let opset = field(8, &[2 << 3, 17]);
    [vec![1 << 3, 8], field(7, &graph), opset].concat()
}

#[test]
fn data_of_a_graph_is_among_the_files() {
    for (location, is_held) in [
        ("w.bin", false),
        ("./w.bin", false),
        ("gone.bin", true),
        (".git/w.bin", true),
        (".gitattributes", true),
        ("sub/../.cache/huggingface/w.bin", true),
        ("../w.bin", true),
        ("/etc/w.bin", true),
    ] {
        let place = model();
        place.write("m/model.onnx", onnx(location));
        place.write("m/w.bin", [0; 16]);
        judge(&place, "m", is_held);
    }
    // Alone it is judged without its data.
    let place = model();
    place.write("m/model.onnx", onnx("w.bin"));
    place.write("m/w.bin", [0; 16]);
    judge(&place, "m/model.onnx", true);
}

/// A GGUF file without tensors, which says that it is one of so many.
fn part(of: u16) -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(11_u64.to_le_bytes());
    bytes.extend(b"split.count");
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend(of.to_le_bytes());
    bytes
}

#[test]
fn a_part_is_not_judged_without_the_others() {
    let place = model();
    place.write("g/q-00001-of-00002.gguf", part(2));
    place.write("g/q-00002-of-00002.gguf", part(2));
    judge(&place, "g", false);
    judge(&place, "g/q-00001-of-00002.gguf", true);
    place.write("one/q.gguf", part(1));
    judge(&place, "one/q.gguf", false);
    fs::remove_file(place.path("g/q-00002-of-00002.gguf")).unwrap();
    judge(&place, "g", true);
    place.write("two/q.gguf", part(2));
    judge(&place, "two/q.gguf", true);
}

/// Lists of other loaders than those of JSON; and JSON that is too long to be read as a whole.
#[test]
fn other_lists_and_long_ones_lead_nowhere_else() {
    let long = " ".repeat(17 << 20);
    for (file, text, is_held) in [
        (
            "MLmodel",
            "flavors:\n  python_function:\n    data: model\n".to_owned(),
            false,
        ),
        ("MLmodel", "python_model: .git/model.pkl\n".to_owned(), true),
        ("MLmodel", "code: \".github\"\n".to_owned(), true),
        ("MLmodel", "data: \"\\x2egit/x\"\n".to_owned(), true),
        (
            "checkpoint",
            "model_checkpoint_path: \"model.ckpt-1\"\n".to_owned(),
            false,
        ),
        (
            "checkpoint",
            "model_checkpoint_path: \".git/model\"\n".to_owned(),
            true,
        ),
        ("trainer_state.json", format!("{{\"log\": \"\"{long}}}"), false),
        ("MLmodel", format!("flavors: {{}}\n#{long}\n"), true),
        (
            "trainer_state.json",
            format!("{{\"log\": \".git/x\"{long}}}"),
            true,
        ),
        (
            "trainer_state.json",
            format!("{{\"log\": \"\\u002egit/x\"{long}}}"),
            true,
        ),
        ("config.json", format!("{{{long}}}"), true),
        ("model_index.json", format!("{{{long}}}"), true),
    ] {
        let place = model();
        place.write(&format!("m/{file}"), &text);
        let shown = text.chars().take(60).collect::<String>();
        let ran = gate(&place, "m");
        assert_eq!(
            ran.stderr.contains("error[WL-POLICY-INCOMPLETE]"),
            is_held,
            "{file} {shown}: {ran:#?}"
        );
    }
}

/// What would take as long as somebody wants is not done.
#[test]
fn a_list_with_a_key_many_times_is_held_at_once() {
    let place = model();
    let pair = "\"path\": \"x\", \"type\": \"sentence_transformers.models.Normalize\", ";
    let list = format!("[{{{}\"idx\": 0}}]", pair.repeat(50_000));
    place.write("m/modules.json", list);
    judge(&place, "m", true);
}

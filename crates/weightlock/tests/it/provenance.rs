//! `weightlock attest run`, `attest provenance`, `attest evaluation`, `attest review`.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use weightlock::commands::attest::{review, run::Recorded, stated::Stated};

use crate::{
    attest::{names, path, statement},
    run::{Place, Ran},
};

/// What a material, a data set and a configuration are called here.
const INPUTS: [&str; 6] = [
    "--material",
    "base=base-model:acme/base",
    "--material",
    "data=dataset",
    "--config",
    "train.yaml",
];

/// A folder to train in.
pub(crate) fn place() -> Place {
    let place = Place::new();
    place.write("base/w.bin", "weights of the base");
    place.write("base/config.json", "{}");
    place.write("data/a.jsonl", "{}");
    place.write("train.yaml", "lr: 1\n");
    place
}

/// `attest run` with these flags, of a shell script.
pub(crate) fn attest(place: &Place, flags: &[&str], script: &str) -> Ran {
    let mut arguments = vec!["attest", "run"];
    arguments.extend(flags);
    arguments.extend(["--", "/bin/sh", "-c", script]);
    place.run(arguments)
}

/// Makes a model in `out` by running a script, and states it unsigned in `p.json`.
fn recorded(place: &Place, more: &[&str], script: &str) -> Value {
    let flags = [&["--product", "out", "--output", "p.json"], &INPUTS[..], more].concat();
    let ran = attest(place, &flags, script);
    assert_eq!(ran.code, 0, "{ran:#?}");
    serde_json::from_slice(&fs::read(place.path("p.json")).unwrap()).unwrap()
}

fn digest(place: &Place, name: &str) -> String {
    let ran = place.run(["digest", "--manifest", name]).yes();
    ran.stdout.trim().strip_prefix("sha256:").unwrap().to_owned()
}

fn dependency<'a>(statement: &'a Value, name: &str) -> &'a Value {
    let listed = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        .as_array()
        .unwrap();
    listed.iter().find(|one| one["name"] == name).unwrap()
}

/// S68, S79, S80: what was made, of what, by which command; and that nothing else was looked at.
#[test]
fn a_run_states_what_it_made_out_of_what() {
    let place = place();
    let statement = recorded(
        &place,
        &[
            "--step",
            "finetune",
            "--parameter",
            "method=lora",
            "--parameter",
            "seed=7",
        ],
        "mkdir out; cat base/w.bin data/a.jsonl > out/w.bin; echo {} > out/config.json",
    );
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    let subjects: Vec<&str> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["out", "config.json", "w.bin"]);
    assert_eq!(statement["subject"][0]["digest"]["sha256"], digest(&place, "out"));
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(
        definition["buildType"],
        "urn:weightlock:build-type:ml/finetune/v1"
    );
    let external = &definition["externalParameters"];
    assert_eq!(
        (&external["method"], &external["seed"]),
        (&"lora".into(), &7.into())
    );
    assert_eq!(external["materials"], serde_json::json!(["acme/base", "data"]));
    assert_eq!(external["config"], serde_json::json!(["train.yaml"]));
    assert_eq!(external["command"][0], "/bin/sh");
    let internal = &definition["internalParameters"];
    assert_eq!(internal["observed"], "declared materials only");
    assert_eq!(internal["environment"]["architecture"], std::env::consts::ARCH);
    let base = dependency(&statement, "acme/base");
    assert_eq!(base["digest"]["sha256"], digest(&place, "base"));
    assert_eq!(base["annotations"]["role"], "base-model");
    assert_eq!(dependency(&statement, "data")["annotations"]["role"], "dataset");
    let details = &statement["predicate"]["runDetails"];
    assert_eq!(details["builder"]["id"], "urn:weightlock:builder:local:v1");
    let (started, finished) = (
        &details["metadata"]["startedOn"],
        &details["metadata"]["finishedOn"],
    );
    // As times: a text with a fraction of a second sorts before one without.
    let [started, finished]: [jiff::Timestamp; 2] =
        [started, finished].map(|it| it.as_str().unwrap().parse().unwrap());
    assert!(started <= finished);
    let text = statement.to_string();
    let whole = place.path("").display().to_string();
    assert!(
        !text.contains(whole.trim_end_matches('/')),
        "no path of this machine: {text}"
    );
}

/// Invariant 9, U15: no secret of the environment or the command line gets into a statement.
#[test]
fn no_secret_is_stated() {
    let place = place();
    let mut command = place.command([
        "attest",
        "run",
        "--product",
        "out",
        "--output",
        "p.json",
        "--env",
        "MY_CHOICE",
        "--parameter",
        "hyperparameters={\"hub_token\": \"canary-9\", \"lr\": 1}",
        "--",
        "/bin/sh",
        "-c",
        "mkdir out; echo 1 > out/a",
        "sh",
        "--hub-token",
        "canary-1",
        "--api-key=canary-2",
        "https://u:canary-3@example.org/x",
        "HF_TOKEN=canary-4",
        "curl -H 'Authorization: Bearer canary-10' 'https://h/x?sig=canary-11'",
        "--max-tokens",
        "512",
    ]);
    for (name, value) in [
        ("AWS_SECRET_ACCESS_KEY", "canary-5"),
        ("HF_TOKEN", "canary-6"),
        ("WEIGHTLOCK_PASSWORD", "canary-7"),
        ("CUDA_VISIBLE_DEVICES", "0,1"),
        ("MY_CHOICE", "yes"),
        ("OTHER", "canary-8"),
    ] {
        command.env(name, value);
    }
    let ran = Ran::of(&mut command);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let text = fs::read_to_string(place.path("p.json")).unwrap();
    assert!(!text.contains("canary"), "{text}");
    let statement: Value = serde_json::from_str(&text).unwrap();
    let definition = &statement["predicate"]["buildDefinition"];
    let external = &definition["externalParameters"];
    assert_eq!(external["hyperparameters"]["lr"], 1);
    assert!(external["command"].to_string().contains("\"512\""), "{external}");
    assert_eq!(definition["internalParameters"]["leftOut"], 7, "{definition}");
    let variables =
        &statement["predicate"]["buildDefinition"]["internalParameters"]["environment"]["variables"];
    assert_eq!(
        *variables,
        serde_json::json!({"CUDA_VISIBLE_DEVICES": "0,1", "MY_CHOICE": "yes"})
    );
    attest(
        &place,
        &["--product", "out", "--output", "q.json", "--env", "MY_TOKEN"],
        "exit 0",
    )
    .refused(2, "WL-CLI-USAGE")
    .says("looks like a secret");
}

/// What was there before was not made; what is gone is told.
#[test]
fn only_what_is_new_or_changed_is_a_product() {
    let place = place();
    for (name, content) in [("kept", "1"), ("edited", "1"), ("gone", "1")] {
        place.write(&format!("out/{name}"), content);
    }
    let statement = recorded(
        &place,
        &[],
        "echo 2 > out/edited; rm out/gone; echo 3 > out/added",
    );
    let subjects: Vec<&str> = statement["subject"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["out", "added", "edited"]);
    assert_eq!(
        dependency(&statement, "kept")["annotations"]["role"],
        "carried-over"
    );
    let products = &statement["predicate"]["buildDefinition"]["internalParameters"]["products"];
    assert_eq!(products["deletedFiles"][0]["path"], "gone");
    assert_eq!(products["changedFiles"][0]["path"], "edited");
    assert_ne!(
        products["changedFiles"][0]["before"],
        products["changedFiles"][0]["after"]
    );
}

#[test]
fn a_file_is_a_product_too_and_the_result_follows_its_schema() {
    let place = place();
    let ran = attest(
        &place,
        &[
            "--product",
            "m.gguf",
            "--material",
            "base",
            "--key",
            &path("p256.key.pem"),
            "--json",
        ],
        "echo from the command; echo q > m.gguf",
    );
    let document = ran.document::<Recorded>();
    assert_eq!(document["result"]["new"], 1);
    assert_eq!(document["result"]["materials"][0]["role"], "material");
    assert!(
        ran.stderr.starts_with("from the command\n"),
        "standard output is the document's: {ran:#?}"
    );
    let name = &names(&place.path("m.gguf.weightlock/evidence"))[0];
    let statement = statement(&place.path(&format!("m.gguf.weightlock/evidence/{name}")));
    assert_eq!(statement["subject"].as_array().unwrap().len(), 1);
    place
        .run([
            "verify-attestation",
            "--key",
            &path("p256.pub.pem"),
            "--type",
            "slsaprovenance1",
            "m.gguf",
        ])
        .yes();
}

/// The command's end is this command's end, and a failure leaves no statement.
#[test]
fn a_command_that_fails_leaves_no_statement() {
    let place = place();
    let flags = ["--product", "out", "--output", "p.json"];
    let failed = attest(&place, &flags, "mkdir out; echo 1 > out/a; exit 37");
    assert_eq!((failed.code, failed.stdout.as_str()), (37, ""));
    assert_eq!(
        failed.stderr,
        "note: the command ended with 37, so nothing is stated\n"
    );
    let ran = attest(&place, &[&flags[..], &["--json"]].concat(), "echo told; exit 37");
    assert_eq!(ran.code, 37);
    let document = ran.document::<Recorded>();
    assert_eq!(
        (&document["outcome"], &document["exit_code"]),
        (&"no-answer".into(), &37.into())
    );
    let reason = &document["reasons"][0];
    assert_eq!(reason["code"], "WL-PROVENANCE-COMMAND");
    let text = reason.to_string();
    assert!(text.contains("37") && text.contains("not stated"), "{text}");
    assert!(!place.path("p.json").exists());
    let killed = attest(&place, &flags, "kill -TERM $$");
    assert_eq!(killed.code, 128 + 15);
    assert!(!place.path("p.json").exists());
    attest(&place, &flags, "exit 0").refused(3, "WL-PROVENANCE-NO-PRODUCT");
    attest(&place, &["--product", "nowhere", "--output", "p.json"], "exit 0")
        .refused(3, "WL-PROVENANCE-NO-PRODUCT");
    place
        .run([
            "attest",
            "run",
            "--product",
            "out",
            "--output",
            "p.json",
            "--",
            "/no/such/program",
        ])
        .refused(4, "WL-RUN-START");
    assert!(!place.path("p.json").exists());
}

/// S56: what was hashed before is what the command has read, or there is no statement.
#[test]
fn a_material_that_changes_meanwhile_is_refused() {
    let place = place();
    let flags = [&["--product", "out", "--output", "p.json"], &INPUTS[..]].concat();
    for script in [
        "echo x >> data/a.jsonl",
        "echo x > data/new.jsonl",
        "rm base/config.json",
        "echo lr: 2 > train.yaml",
        // Changed, and back again.
        "echo x > data/b; rm data/b; cp data/a.jsonl t; cp t data/a.jsonl",
    ] {
        let script = format!("mkdir -p out; echo 1 >> out/a; {script}");
        attest(&place, &flags, &script).refused(1, "WL-PROVENANCE-MATERIAL-CHANGED");
        assert!(!place.path("p.json").exists(), "{script}");
        place.write("base/config.json", "{}");
    }
    attest(&place, &flags, "mkdir -p out; cat data/* > out/b").says("stated, unsigned, out");
    fs::remove_file(place.path("p.json")).unwrap();

    // Another folder under the same name is another material, unless it holds the same.
    place.write("other/a.jsonl", "poisoned");
    let swapped = "mv data was; mv other data; cat data/* > out/c";
    attest(&place, &flags, swapped)
        .refused(1, "WL-PROVENANCE-MATERIAL-CHANGED")
        .says("another folder lies there now");
    assert!(!place.path("p.json").exists());
    attest(&place, &flags, "rm -r data; echo 1 > out/d").refused(1, "WL-PROVENANCE-MATERIAL-CHANGED");
    fs::rename(place.path("was"), place.path("data")).unwrap();
    let copied = "cp -r data copy; mv data was; mv copy data; echo 1 > out/e";
    attest(&place, &flags, copied).says("stated, unsigned, out");
}

/// A product is what its name leads to: writing through a link changes what it leads to.
#[test]
fn a_product_that_is_a_link_into_a_material_is_refused() {
    let place = place();
    std::os::unix::fs::symlink("data", place.path("out")).unwrap();
    std::os::unix::fs::symlink(".", place.path("here")).unwrap();
    for (product, output) in [
        ("out", "p.json"),
        ("out/sub", "p.json"),
        ("here/data/new", "p.json"),
    ] {
        let flags = [
            "--material",
            "data=dataset",
            "--product",
            product,
            "--output",
            output,
        ];
        attest(&place, &flags, "echo ran > ran")
            .refused(2, "WL-CLI-USAGE")
            .says("lies in the material");
    }
    attest(
        &place,
        &["--product", "data", "--output", "out/p.json"],
        "echo ran > ran",
    )
    .refused(2, "WL-CLI-USAGE")
    .says("a file of what it is about");
    assert!(!place.path("ran").exists());
}

#[test]
fn what_cannot_be_stated_is_refused_before_the_command_runs() {
    let place = place();
    let out = ["--product", "out", "--output", "p.json"];
    for (flags, code, reason, says) in [
        (
            &["--product", "out"][..],
            2,
            "WL-CLI-USAGE",
            "nobody is named who signs",
        ),
        (&["--material", "none"], 4, "WL-IO-NOT-FOUND", ""),
        (&["--step", "training"], 2, "WL-CLI-USAGE", "no published step"),
        (
            &["--step", "quantize", "--parameter", "preload=x"],
            2,
            "WL-CLI-USAGE",
            "no parameter preload",
        ),
        (
            &["--parameter", "seed=1", "--parameter", "seed=2"],
            2,
            "WL-CLI-USAGE",
            "twice",
        ),
        (
            &["--material", "data", "--material", "base=data"],
            2,
            "WL-CLI-USAGE",
            "two materials",
        ),
        (&["--material", "."], 2, "WL-CLI-USAGE", "lies in the material"),
        (
            &["--product", "out", "--output", "out/p.json"],
            2,
            "WL-CLI-USAGE",
            "a file of what it is about",
        ),
        (&["--config", "data"], 2, "WL-CLI-USAGE", "is a folder"),
        (&["--key", "/no/such/key"], 4, "WL-IO-NOT-FOUND", ""),
    ] {
        let flags = if flags[0] == "--product" {
            flags.to_vec()
        } else {
            [&out[..], flags].concat()
        };
        let ran = attest(&place, &flags, "echo ran > ran").refused(code, reason);
        ran.says(says).says("the command was not started");
        assert!(!place.path("ran").exists(), "{flags:?}");
    }
}

/// S86: a transformation starts only from what its publisher has signed.
#[test]
fn a_base_model_can_be_required_to_be_signed() {
    let place = place();
    let key = path("p256.key.pem");
    place.run(["sign", "base", "--key", &key]).yes();
    let (signer, other) = (path("p256.pub.pem"), path("p384.pub.pem"));
    let run = |signer: &str, material: &str| {
        let _ = fs::remove_file(place.path("p.json"));
        let flags = [
            "--step",
            "convert",
            "--product",
            "out.bin",
            "--output",
            "p.json",
            "--base-signer",
            signer,
            "--material",
            material,
        ];
        attest(&place, &flags, "date +%N > out.bin; echo ran > ran")
    };
    assert_eq!(run(&signer, "base=base-model").code, 0);
    let statement: Value = serde_json::from_slice(&fs::read(place.path("p.json")).unwrap()).unwrap();
    assert_eq!(
        dependency(&statement, "base")["annotations"]["signature"],
        "verified before the command ran"
    );
    fs::remove_file(place.path("ran")).unwrap();
    run(&other, "base=base-model")
        .refused(1, "WL-PROVENANCE-MATERIAL")
        .says("WL-SIG-KEY-MISMATCH");
    run(&signer, "base=dataset")
        .refused(2, "WL-CLI-USAGE")
        .says("no material is one");
    run(&signer, "data=base-model")
        .refused(1, "WL-PROVENANCE-MATERIAL")
        .says("WL-SIG-UNSIGNED");
    place.write("base/w.bin", "changed");
    run(&signer, "base=base-model")
        .refused(1, "WL-PROVENANCE-MATERIAL")
        .says("WL-SIG-TAMPERED");
    assert!(!place.path("ran").exists());
}

fn git(place: &Place, arguments: &[&str]) {
    let status = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(place.path(""))
        .env("HOME", place.path("home"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
}

fn commit_of(place: &Place) -> String {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn has_git() -> bool {
    Command::new("git")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// S80: the commit, where it comes from, and whether the tree was as in it; read without running `git`.
#[test]
fn the_commit_is_read_and_a_dirty_tree_is_said_to_be_one() {
    if !has_git() {
        weightlock_peers::skip("git is not installed");
        return;
    }
    let place = place();
    git(&place, &["init"]);
    git(&place, &["add", "train.yaml", "data"]);
    git(&place, &["commit", "-m", "x"]);
    git(
        &place,
        &[
            "remote",
            "add",
            "origin",
            "https://user:canary@Example.org/acme/models.git",
        ],
    );
    let source = |more: &str| {
        let _ = fs::remove_file(place.path("p.json"));
        let statement = recorded(&place, &[], &format!("mkdir -p out; date +%N > out/a; {more}"));
        assert!(!statement.to_string().contains("canary"));
        let parameter = statement["predicate"]["buildDefinition"]["externalParameters"]["source"].clone();
        (parameter, dependency(&statement, "source").clone())
    };
    let (parameter, found) = source("");
    assert_eq!(parameter["uri"], "git+https://Example.org/acme/models");
    assert_eq!(parameter["ref"], "refs/heads/main");
    assert_eq!(found["digest"]["gitCommit"], commit_of(&place));
    assert_eq!(found["annotations"]["tree"], "unchanged", "{found}");

    // As a clone has it: packed objects, packed refs, an annotated tag, no branch.
    git(&place, &["tag", "-a", "v1.2.3", "-m", "x"]);
    git(&place, &["checkout", "v1.2.3"]);
    assert_eq!(
        source("").0["ref"],
        "refs/tags/v1.2.3",
        "a loose tag with a message"
    );
    // Links among the tags, of which a walk would find no end, are passed over.
    for (link, target) in [("a", "."), ("b", "."), ("root", "/")] {
        std::os::unix::fs::symlink(target, place.path(&format!(".git/refs/tags/{link}"))).unwrap();
    }
    assert_eq!(source("").0["ref"], "refs/tags/v1.2.3");
    for link in ["a", "b", "root"] {
        fs::remove_file(place.path(&format!(".git/refs/tags/{link}"))).unwrap();
    }
    git(&place, &["gc"]);
    let (parameter, found) = source("");
    assert_eq!(parameter["ref"], "refs/tags/v1.2.3");
    assert_eq!(found["annotations"]["tree"], "unchanged", "{found}");

    // Touched, and the same.
    place.write("data/a.jsonl", "{}");
    assert_eq!(source("").1["annotations"]["tree"], "unchanged");
    // Of the same size, and another.
    place.write("data/a.jsonl", "[]");
    let (_, found) = source("");
    assert_eq!(found["annotations"]["tree"], "changed");
    assert_eq!(found["annotations"]["changed"], "data/a.jsonl");
    git(&place, &["add", "data"]);
    assert_ne!(source("").1["annotations"]["tree"], "unchanged", "staged");
    git(&place, &["commit", "-m", "y"]);
    assert_eq!(source("").1["annotations"]["tree"], "unchanged");
    fs::remove_file(place.path("data/a.jsonl")).unwrap();
    place.write("data/b.jsonl", "{}");
    assert_eq!(source("").1["annotations"]["tree"], "changed", "deleted");

    // Broken: not known is not unchanged, and the run goes on.
    place.write(".git/index", "DIRC");
    assert_eq!(source("").1["annotations"]["tree"], "unknown");
    place.write(".git/HEAD", "ref: refs/../../secret\n");
    let _ = fs::remove_file(place.path("p.json"));
    let statement = recorded(&place, &[], "date +%N > out/a");
    assert!(
        statement["predicate"]["buildDefinition"]["externalParameters"]
            .get("source")
            .is_none()
    );
}

/// A place with a repository of one commit, and what a run in it says of the working tree.
fn repository(sha256: bool) -> Option<Place> {
    if !has_git() {
        weightlock_peers::skip("git is not installed");
        return None;
    }
    let place = place();
    let format = format!("--object-format={}", if sha256 { "sha256" } else { "sha1" });
    git(&place, &["init", &format]);
    place.write("src/train.py", "print(1)\n");
    place.write("src-more/a.py", "print(2)\n");
    place.write(".gitignore", "/base/\n/home/\n/data/\n/out/\n*.json\n");
    git(
        &place,
        &["add", "-f", "train.yaml", "data", "src", "src-more", ".gitignore"],
    );
    git(&place, &["commit", "-m", "x"]);
    Some(place)
}

fn annotations(place: &Place) -> Value {
    let _ = fs::remove_file(place.path("p.json"));
    let statement = recorded(place, &[], "mkdir -p out; date +%N > out/a");
    dependency(&statement, "source")["annotations"].clone()
}

/// S80: nothing that a repository says of itself makes a changed file an unchanged one.
#[test]
fn a_file_that_is_hidden_from_git_is_a_changed_file() {
    for sha256 in [false, true] {
        let Some(place) = repository(sha256) else { return };
        let clean = annotations(&place);
        assert_eq!(clean["tree"], "unchanged", "{clean}");
        assert_eq!(clean["untracked"], "none", "{clean}");

        // Marked as not to be looked at, and the same size and times as before.
        let file = place.path("src/train.py");
        for mark in ["--assume-unchanged", "--skip-worktree"] {
            git(&place, &["update-index", mark, "src/train.py"]);
            assert_eq!(annotations(&place)["tree"], "unchanged", "{mark}");
            fs::write(&file, "print(6)\n").unwrap();
            assert_eq!(annotations(&place)["tree"], "changed", "{mark}");
            fs::remove_file(&file).unwrap();
            assert_ne!(annotations(&place)["tree"], "unchanged", "{mark}");
            fs::write(&file, "print(1)\n").unwrap();
            git(
                &place,
                &["update-index", &mark.replace("--", "--no-"), "src/train.py"],
            );
        }
        let times = fs::metadata(&file).unwrap().modified().unwrap();
        git(&place, &["status"]);
        fs::write(&file, "print(7)\n").unwrap();
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(times)
            .unwrap();
        assert_ne!(annotations(&place)["tree"], "unchanged", "the old times");
        fs::write(&file, "print(1)\n").unwrap();
        assert_eq!(annotations(&place)["tree"], "unchanged");

        // Staged, with the tree of the commit written into the index: what `git add` makes and `git write-tree` of before.
        let before = fs::read(place.path(".git/index")).unwrap();
        fs::write(&file, "print(8)\n").unwrap();
        git(&place, &["add", "src"]);
        let after = fs::read(place.path(".git/index")).unwrap();
        let at = |index: &[u8]| index.windows(4).position(|four| four == b"TREE").unwrap();
        let forged = [&after[..at(&after)], &before[at(&before)..]].concat();
        fs::write(place.path(".git/index"), forged).unwrap();
        let staged = annotations(&place);
        assert_eq!(
            (&staged["tree"], &staged["changed"]),
            (&"changed".into(), &"(staged)".into())
        );
    }
}

/// S80: a commit is what hashes to its name, and files that no commit knows are told.
#[test]
fn what_no_commit_says_is_told_apart() {
    let Some(place) = repository(false) else { return };
    place.write("src/helper.py", "import os");
    place.write("new/a.py", "");
    place.write("new/b.py", "");
    place.write("q.json", "{}");
    let found = annotations(&place);
    assert_eq!(found["tree"], "unchanged");
    assert_eq!(found["untracked"], "2: new/, src/helper.py");
    for number in 0..9 {
        place.write(&format!("src/x{number}"), "");
    }
    assert_eq!(
        annotations(&place)["untracked"],
        "11: new/, src/helper.py, src/x0, src/x1, src/x2, and others"
    );

    // Another commit's bytes under this commit's name.
    let id = commit_of(&place);
    fs::write(place.path("src/train.py"), "print(9)\n").unwrap();
    git(&place, &["commit", "-am", "evil"]);
    let other = commit_of(&place);
    let object = |id: &str| place.path(&format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    fs::remove_file(object(&id)).unwrap();
    fs::copy(object(&other), object(&id)).unwrap();
    fs::write(place.path(".git/refs/heads/main"), format!("{id}\n")).unwrap();
    let forged = annotations(&place);
    assert_eq!(forged["tree"], "unknown", "{forged}");
}

/// S68: Python and its libraries, from the files of the virtual environment that runs the command.
#[test]
fn the_python_that_runs_the_command_is_told() {
    let place = place();
    let Ok(made) = Command::new("/usr/bin/python3")
        .args(["-m", "venv", "--without-pip", "v"])
        .current_dir(place.path(""))
        .output()
    else {
        weightlock_peers::skip("python3 is not installed");
        return;
    };
    if !made.status.success() {
        weightlock_peers::skip("python3 makes no virtual environments here");
        return;
    }
    let libraries = fs::read_dir(place.path("v/lib"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
        .join("site-packages");
    for name in [
        "torch-2.8.0+cu128.dist-info",
        "transformers-4.57.1.dist-info",
        "unknown-1.dist-info",
    ] {
        fs::create_dir(libraries.join(name)).unwrap();
    }
    fs::create_dir(libraries.join("torch")).unwrap();
    fs::write(
        libraries.join("torch/version.py"),
        "__version__ = '2.8.0+cu128'\ncuda: Optional[str] = '12.8'\nhip = None\n",
    )
    .unwrap();
    place.write(
        "train",
        format!(
            "#!{}\nopen('out.bin', 'w').write('x')\n",
            place.path("v/bin/python3").display()
        ),
    );
    Command::new("chmod")
        .args(["+x", "train"])
        .current_dir(place.path(""))
        .status()
        .unwrap();
    let python = |command: &[&str]| {
        let _ = fs::remove_file(place.path("p.json"));
        let _ = fs::remove_file(place.path("out.bin"));
        let ran = place.run(
            [
                &[
                    "attest",
                    "run",
                    "--product",
                    "out.bin",
                    "--output",
                    "p.json",
                    "--",
                ],
                command,
            ]
            .concat(),
        );
        assert_eq!(ran.code, 0, "{ran:#?}");
        let statement: Value = serde_json::from_slice(&fs::read(place.path("p.json")).unwrap()).unwrap();
        statement["predicate"]["buildDefinition"]["internalParameters"]["environment"]["python"].clone()
    };
    let real = Command::new("/usr/bin/python3")
        .args(["-c", "import platform; print(platform.python_version(), end='')"])
        .output()
        .unwrap();
    for command in [
        &["v/bin/python3", "-c", "open('out.bin', 'w').write('x')"][..],
        &["./train"],
    ] {
        let told = python(command);
        assert_eq!(told["version"], String::from_utf8(real.stdout.clone()).unwrap());
        assert_eq!(
            told["libraries"],
            serde_json::json!({"torch": "2.8.0+cu128", "transformers": "4.57.1"})
        );
        assert_eq!(told["torchCuda"], "12.8");
    }
    // pyenv's switch: a script that stands for one of several.
    fs::create_dir_all(place.path("pyenv/shims")).unwrap();
    fs::create_dir_all(place.path("pyenv/versions")).unwrap();
    fs::rename(place.path("v"), place.path("pyenv/versions/3.0.0")).unwrap();
    place.write("pyenv/version", "3.0.0\n");
    place.write("pyenv/shims/python3", "#!/bin/sh\necho 1 > out.bin\n");
    Command::new("chmod")
        .args(["+x", "pyenv/shims/python3"])
        .current_dir(place.path(""))
        .status()
        .unwrap();
    assert_eq!(python(&["pyenv/shims/python3"])["torchCuda"], "12.8");
    place.write(".python-version", "../../v\n");
    assert_eq!(python(&["pyenv/shims/python3"])["version"], "unknown");
    let told = python(&["/bin/sh", "-c", "echo 1 > out.bin"]);
    assert_eq!(
        told["version"], "unknown",
        "nobody knows what a shell script runs"
    );
}

const DESCRIPTION: &str = "version: 1
build-type: quantize
builder: https://example.org/builders/farm/v1
parameters: {scheme: Q8_0}
source: {uri: https://github.com/acme/models, ref: refs/tags/v1.0.0, commit: 0123456789abcdef0123456789abcdef01234567}
materials:
  - {name: pebble, role: base-model, path: base}
  - {name: c4, role: calibration-dataset, digest: {sha256: 1111111111111111111111111111111111111111111111111111111111111111}}
started: 2026-06-01T00:00:00Z
";

#[test]
fn a_description_becomes_a_statement_that_says_it_was_described() {
    let place = place();
    place.write("d/how.yaml", DESCRIPTION.replace("path: base", "path: ../base"));
    let ran = place.run([
        "attest",
        "provenance",
        "--description",
        "d/how.yaml",
        "--output",
        "p.json",
        "base",
        "--json",
    ]);
    let document = ran.document::<Stated>();
    assert_eq!(document["result"]["signer"], Value::Null);
    let statement: Value = serde_json::from_slice(&fs::read(place.path("p.json")).unwrap()).unwrap();
    assert_eq!(
        dependency(&statement, "pebble")["digest"]["sha256"],
        digest(&place, "base")
    );
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(
        definition["internalParameters"]["recorded"],
        "described by a person"
    );
    assert_eq!(
        definition["externalParameters"]["source"]["ref"],
        "refs/tags/v1.0.0"
    );
    place.write("wrong.yaml", "version: 1\nbuild-type: quantize\nbuilders: x\n");
    place
        .run([
            "attest",
            "provenance",
            "--description",
            "wrong.yaml",
            "--output",
            "q.json",
            "base",
        ])
        .refused(2, "WL-PROVENANCE-DESCRIPTION")
        .says("line 3");
    assert!(!place.path("q.json").exists());
}

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/provenance")
}

#[test]
fn results_are_stated_as_they_are_written() {
    let place = Place::new();
    let readme = fs::read_to_string(vectors().join("README.md")).unwrap();
    place.write("m/w.bin", "w");
    place.write("m/README.md", &readme);
    place.write(
        "m/.eval_results/hle.yaml",
        "- dataset: {id: cais/hle, task_id: default}\n  value: 20.90\n",
    );
    fs::copy(vectors().join("results.json"), place.path("results.json")).unwrap();
    let key = path("p256.key.pem");
    let ran = place
        .run([
            "attest",
            "evaluation",
            "m",
            "--results",
            "results.json",
            "--key",
            &key,
        ])
        .yes();
    assert!(
        ran.stdout.starts_with("attested m: 5 results from 3 files\n"),
        "{ran:#?}"
    );
    let name = &names(&place.path("m/.weightlock/evidence"))[0];
    assert!(name.starts_with("evaluation-"));
    let statement = statement(&place.path(&format!("m/.weightlock/evidence/{name}")));
    assert_eq!(statement["predicateType"], "urn:weightlock:evaluation:v1");
    let results = statement["predicate"]["results"].as_array().unwrap();
    let of = |source: &str| -> Vec<(&str, &str)> {
        let own = results.iter().filter(|one| one["source"] == source);
        own.map(|one| (one["metric"].as_str().unwrap(), one["value"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(of("README.md"), [("perplexity", "47.9"), ("accuracy", "0.314")]);
    assert_eq!(of(".eval_results/hle.yaml"), [("benchmark", "20.90")]);
    assert_eq!(of("results.json"), [("acc", "0.4135"), ("acc_norm", "0.4377")]);
    place
        .run([
            "verify-attestation",
            "--key",
            &path("p256.pub.pem"),
            "--type",
            "evaluation",
            "m",
        ])
        .yes();

    place.write("none/w.bin", "w");
    place
        .run(["attest", "evaluation", "none", "--key", &key])
        .refused(3, "WL-PROVENANCE-NO-RESULTS");
    place.write("broken/README.md", "---\nmodel-index: [\n---\n");
    place
        .run(["attest", "evaluation", "broken", "--key", &key])
        .refused(1, "WL-PROVENANCE-RESULTS");
    place.write("broken.json", "{\"results\": {\"a\": {\"b\": NaN}}}");
    place
        .run([
            "attest",
            "evaluation",
            "m",
            "--results",
            "broken.json",
            "--key",
            &key,
        ])
        .refused(1, "WL-PROVENANCE-RESULTS");
}

/// S45: every file of code and every entry of auto_map, with digests.
#[test]
fn a_review_lists_the_code_that_was_reviewed() {
    let place = Place::new();
    place.write("m/config.json", r#"{"auto_map": {"AutoModel": "modeling_x.X"}}"#);
    place.write("m/modeling_x.py", "class X: pass");
    place.write("m/sub/more.py", "");
    place.write("m/w.bin", "w");
    place
        .run(["attest", "review", "--list", "m", "--json"])
        .document::<review::Listed>();
    let list = place.run(["attest", "review", "--list", "m"]).yes().stdout;
    assert_eq!(list.lines().count(), 3);
    assert!(list.contains("config.json: AutoModel is modeling_x.X"));
    let key = path("p256.key.pem");
    let review = |model: &str| {
        place.run([
            "attest",
            "review",
            "--reviewer",
            "Ada",
            "--decision",
            "approved",
            "--key",
            &key,
            model,
        ])
    };
    review("m").yes().says("2 code files, 1 entry of auto_map");
    let name = &names(&place.path("m/.weightlock/evidence"))[0];
    let statement = statement(&place.path(&format!("m/.weightlock/evidence/{name}")));
    assert_eq!(statement["predicate"]["decision"], "approved");
    assert_eq!(statement["predicate"]["files"][0]["path"], "modeling_x.py");
    place.write("plain/w.bin", "w");
    review("plain").refused(3, "WL-PROVENANCE-NO-CODE");
    place.write(
        "m/config.json",
        r#"{"auto_map": {"AutoModel": "other/repo--modeling_x.X"}}"#,
    );
    review("m")
        .refused(1, "WL-PROVENANCE-REVIEW")
        .says("another repository");
    place.write("m/config.json", "{");
    review("m")
        .refused(1, "WL-PROVENANCE-REVIEW")
        .says("cannot be read");
}

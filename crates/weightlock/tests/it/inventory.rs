//! X15: `inventory` finds the models of the usual caches of a user, offline, and says what can be told at a glance.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use serde_json::{Value, json};
use weightlock::commands::inventory::Inventoried;

use crate::run::{Place, Ran};

const PICKLE: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.";
const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";
const GGUF: &[u8] = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A model of one safetensors file, as its repository in a hub cache.
fn hub(place: &Place, cache: &str) {
    let weights = fs::read(place.path("m/model.safetensors")).unwrap();
    let repository = format!("{cache}/models--org--name");
    place.write(&format!("{repository}/blobs/aa"), weights);
    place.write(&format!("{repository}/blobs/bb"), "{\"model_type\": \"toy\"}");
    place.write(&format!("{repository}/refs/main"), NEW);
    place.write(
        &format!("{repository}/refs/pr/1"),
        "3333333333333333333333333333333333333333",
    );
    for revision in [OLD, NEW] {
        let snapshot = place.path(&format!("{repository}/snapshots/{revision}"));
        fs::create_dir_all(&snapshot).unwrap();
        symlink("../../blobs/aa", snapshot.join("model.safetensors")).unwrap();
        symlink("../../blobs/bb", snapshot.join("config.json")).unwrap();
    }
    place.write(
        &format!("{cache}/datasets--org--name/snapshots/{OLD}/data.pkl"),
        PICKLE,
    );
}

fn ollama(place: &Place, store: &str) {
    let layer = |digest: &str| json!({"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": 1});
    let model = format!("sha256:{}", "a".repeat(64));
    let lost = format!("sha256:{}", "b".repeat(64));
    let manifest =
        |layers: Value| json!({"schemaVersion": 2, "config": {"digest": "sha256:c"}, "layers": layers});
    place.write(&format!("{store}/blobs/{}", model.replace(':', "-")), GGUF);
    let names = format!("{store}/manifests/registry.ollama.ai");
    place.write(
        &format!("{names}/library/tiny/latest"),
        manifest(json!([layer(&model)])).to_string(),
    );
    place.write(
        &format!("{names}/someone/half/q4"),
        manifest(json!([layer(&model), layer(&lost)])).to_string(),
    );
    place.write(&format!("{names}/library/odd/latest"), "no manifest");
}

fn torch_hub(place: &Place, hub: &str) {
    place.write(&format!("{hub}/checkpoints/net.pth"), PICKLE);
    place.write(&format!("{hub}/org_repo_main/hubconf.py"), "def net(): pass\n");
}

/// Everything in its usual place below the home folder.
fn home() -> Place {
    let place = Place::with_model();
    hub(&place, "home/.cache/huggingface/hub");
    ollama(&place, "home/.ollama/models");
    torch_hub(&place, "home/.cache/torch/hub");
    place.write("home/.lmstudio/models/maker/thing/thing.gguf", GGUF);
    place
}

#[track_caller]
fn models(ran: &Ran) -> Vec<Value> {
    ran.document::<Inventoried>()["result"]["models"]
        .as_array()
        .unwrap()
        .clone()
}

/// The model of this name and, where several have it, of this revision.
#[track_caller]
fn model<'a>(models: &'a [Value], name: &str, revision: &str) -> &'a Value {
    models
        .iter()
        .find(|model| {
            let has = |text: &str| revision.is_empty() || text.starts_with(revision);
            model["name"] == name && has(model["revision"].as_str().unwrap_or_default())
        })
        .unwrap_or_else(|| panic!("{name} {revision} is not in {models:#?}"))
}

#[test]
fn every_usual_place_is_looked_in() {
    let place = home();
    let ran = place.run(["inventory", "--json"]).yes();
    let models = models(&ran);
    let names: Vec<&str> = models
        .iter()
        .map(|model| model["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "net.pth",
            "org_repo_main",
            "odd:latest",
            "someone/half:q4",
            "org/name",
            "org/name",
            "maker/thing",
            "tiny:latest",
        ],
        "what can do most comes first"
    );
    for (name, revision, key, value) in [
        ("net.pth", "", "risk", json!("runs-code")),
        ("net.pth", "", "pinned", Value::Null),
        ("org_repo_main", "", "risk", json!("custom-code")),
        ("org_repo_main", "", "custom_code", json!(true)),
        ("org/name", OLD, "pinned", json!(true)),
        ("org/name", NEW, "pinned", json!(false)),
        ("org/name", NEW, "references", json!(["main"])),
        ("org/name", NEW, "risk", json!("data")),
        ("org/name", NEW, "files", json!(2)),
        ("org/name", NEW, "signature", json!("none")),
        ("tiny:latest", "sha256:", "risk", json!("data")),
        ("tiny:latest", "sha256:", "pinned", json!(false)),
        ("tiny:latest", "sha256:", "bytes", json!(GGUF.len())),
        ("odd:latest", "", "problems", json!(["the manifest is none"])),
        ("odd:latest", "", "risk", json!("unknown")),
    ] {
        assert_eq!(model(&models, name, revision)[key], value, "{name} {key}");
    }
    let half = model(&models, "someone/half:q4", "");
    assert_eq!(
        half["problems"],
        json!([format!("sha256-{} is missing", "b".repeat(64))])
    );
    assert_eq!(
        half["risk"], "unknown",
        "what is not there is not known to be data"
    );
    let totals = &ran.json()["result"]["totals"];
    assert_eq!(
        (
            &totals["models"],
            &totals["can_run_code"],
            &totals["custom_code"],
            &totals["unsigned"]
        ),
        (&json!(8), &json!(1), &json!(1), &json!(8))
    );
    let shared: u64 = models.iter().map(|model| model["bytes"].as_u64().unwrap()).sum();
    assert!(
        totals["bytes"].as_u64().unwrap() < shared,
        "a file of two snapshots counts once"
    );
}

#[test]
fn places_follow_the_variables_of_the_tools() {
    let place = Place::with_model();
    hub(&place, "elsewhere/hub");
    ollama(&place, "o");
    torch_hub(&place, "t/hub");
    let names = |variables: &[(&str, &str)]| {
        let mut command = place.command(["inventory", "--json"]);
        command.envs(variables.iter().map(|(name, path)| (name, place.path(path))));
        let models = models(&Ran::of(&mut command));
        let mut stores: Vec<String> = models
            .iter()
            .map(|model| model["store"].as_str().unwrap().to_owned())
            .collect();
        stores.dedup();
        stores.sort();
        stores.dedup();
        stores
    };
    assert_eq!(names(&[]), Vec::<String>::new());
    assert_eq!(names(&[("HF_HOME", "elsewhere")]), ["hugging-face"]);
    assert_eq!(
        names(&[("HF_HUB_CACHE", "elsewhere/hub"), ("HF_HOME", "m")]),
        ["hugging-face"]
    );
    assert_eq!(
        names(&[("HUGGINGFACE_HUB_CACHE", "elsewhere/hub")]),
        ["hugging-face"]
    );
    assert_eq!(
        names(&[("OLLAMA_MODELS", "o"), ("TORCH_HOME", "t")]),
        ["ollama", "torch-hub"]
    );
}

#[test]
fn folders_are_searched_instead_and_stores_in_them_are_known() {
    let place = home();
    place.write("models/a/deep/weights.pkl", PICKLE);
    place.write("models/notes/config.json", "{}");
    place.write("models/notes/index.xml", "<a/>");
    ollama(&place, "models/ollama");
    hub(&place, "models/cache");
    let ran = place.run(["inventory", "--json", "models/"]).yes();
    let models = models(&ran);
    model(&models, "a/deep", "");
    model(&models, "tiny:latest", "");
    model(&models, "org/name", OLD);
    assert_eq!(
        models.len(),
        6,
        "nothing of the usual places, and no folder without weights"
    );
    // A folder with weights is one model with all below it; a file is one, too.
    let ran = place
        .run(["inventory", "--json", "m", "models/a/deep/weights.pkl"])
        .yes();
    let found = self::models(&ran);
    assert_eq!(found.len(), 2);
    assert_eq!(model(&found, "m", "")["files"], 3);
    assert_eq!(
        model(&found, "weights.pkl", "")["because"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn links_are_followed_in_snapshots_into_their_own_blobs_and_nowhere_else() {
    let place = home();
    place.write(
        "secret/model.safetensors",
        fs::read(place.path("m/model.safetensors")).unwrap(),
    );
    fs::create_dir(place.path("here")).unwrap();
    symlink(place.path("secret"), place.path("here/linked")).unwrap();
    symlink(
        place.path("secret/model.safetensors"),
        place.path("here/model.safetensors"),
    )
    .unwrap();
    place
        .run(["inventory", "here"])
        .refused(3, "WL-INVENTORY-NOTHING");
    let snapshot = format!("home/.cache/huggingface/hub/models--org--name/snapshots/{NEW}");
    symlink(
        place.path("secret/model.safetensors"),
        place.path(&snapshot).join("out.safetensors"),
    )
    .unwrap();
    let models = models(&place.run(["inventory", "--json"]).yes());
    let model = model(&models, "org/name", NEW);
    assert_eq!(model["files"], 2, "{model:#}");
    assert_eq!(model["risk"], "unknown");
    assert!(
        model["problems"][0].as_str().unwrap().contains("symbolic link"),
        "{model:#}"
    );
}

#[test]
fn a_signature_is_declared_and_never_said_to_be_checked() {
    let place = Place::with_model();
    let signature = |place: &Place| models(&place.run(["inventory", "--json", "m"]))[0]["signature"].clone();
    assert_eq!(signature(&place), "none");
    place.sign(&[]).yes();
    assert_eq!(signature(&place), "declared");
    let ran = place.run(["inventory", "m"]).yes().says("signed, not checked");
    assert!(!ran.stdout.contains("unsigned"));
    place.write("m/model.sig", "{}");
    assert_eq!(signature(&place), "broken");
}

#[test]
fn a_scan_shows_the_worst_finding_of_each_and_no_more_than_that_changes() {
    let place = home();
    place.write(
        "half/model.safetensors",
        fs::read(place.path("m/model.safetensors")).unwrap(),
    );
    place.write("half/odd.bin", [0xff; 64]);
    let ran = place.run(["inventory", "--json", "--scan", "home", "half"]).yes();
    let models = models(&ran);
    let worst = &model(&models, ".cache/torch/hub/checkpoints", "")["scan"]["worst"];
    assert_eq!(
        (&worst["severity"], &worst["rule"]),
        (&json!("critical"), &json!("pickle-code-execution"))
    );
    let half = &model(&models, "half", "")["scan"];
    assert_eq!((&half["complete"], &half["worst"]), (&json!(false), &Value::Null));
    let tiny = &model(&models, "tiny:latest", "")["scan"];
    assert_eq!(tiny["complete"], true, "{tiny:#}");
    place
        .run(["inventory", "--scan"])
        .yes()
        .says("critical[pickle-code-execution]")
        .says("weightlock explain pickle-code-execution");
}

#[test]
fn the_list_reads_well() {
    let place = home();
    let ran = place.run(["inventory"]).yes();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("8 models, "), "{ran:#?}");
    assert_eq!(
        lines[1].trim(),
        "1 can run code when loaded     1 with custom code     2 not understood     8 unsigned     5 not pinned to a \
         revision"
    );
    assert!(
        lines[3].starts_with("  can run code     torch-hub net.pth"),
        "{ran:#?}"
    );
    assert!(
        ran.stdout.contains("@222222222222 as main, not pinned"),
        "{ran:#?}"
    );
    assert!(
        lines.last().unwrap().starts_with("next: weightlock scan "),
        "{ran:#?}"
    );
    let names = place.run(["inventory", "-q"]).yes();
    assert_eq!(names.stdout, "");
}

#[test]
fn what_cannot_be_read_is_told_and_a_hostile_name_is_harmless() {
    let place = Place::with_model();
    place.write(
        "d/a\u{1b}[2J\nnext: x/w.safetensors",
        fs::read(place.path("m/model.safetensors")).unwrap(),
    );
    let ran = place.run(["inventory", "d"]).yes();
    assert!(!ran.stdout.contains('\u{1b}'), "{ran:#?}");
    assert!(
        !ran.stdout.lines().any(|line| line.starts_with("next: x")),
        "{ran:#?}"
    );
    place.write("d/locked/w.pkl", PICKLE);
    fs::set_permissions(place.path("d/locked"), fs::Permissions::from_mode(0o0)).unwrap();
    let ran = place.run(["inventory", "--json", "d"]);
    let listed = models(&ran).len();
    let told = ran.json()["result"]["not_read"].as_array().unwrap().len();
    fs::set_permissions(place.path("d/locked"), fs::Permissions::from_mode(0o700)).unwrap();
    // A superuser reads it all the same.
    assert_eq!(listed + told, 2, "{ran:#?}");
}

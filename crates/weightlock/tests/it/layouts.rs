//! Targets whose files are named by digests: hub caches, OCI layouts, stores of Ollama, single blobs; as they should be, and as an
//! attacker would have them.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};
use weightlock::commands::inspect::Inspection;
use weightlock_artifact::{digest::Algorithm, inventory::blob::BlobName};

use crate::{
    contract::interrupted,
    models::{tiny, weights},
    run::{Place, Ran, key},
};

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Algorithm::Sha256.digest(bytes).hex()
}

/// Git's name of these bytes; that it is git's is a test of the name's own.
fn git_name(bytes: &[u8]) -> String {
    let name = BlobName::Git([0; 20])
        .of_same_kind(bytes.len() as u64, bytes)
        .unwrap();
    name.to_string().replace("git:", "")
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A file of a snapshot: large ones are named as git LFS names them.
fn cached(place: &Place, repository: &str, commit: &str, name: &str, bytes: &[u8], lfs: bool) {
    let blob = if lfs { sha256(bytes) } else { git_name(bytes) };
    place.write(&format!("{repository}/blobs/{blob}"), bytes);
    let folder = place.path(&format!("{repository}/snapshots/{commit}"));
    let link = folder.join(name);
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    let ups = "../".repeat(name.matches('/').count() + 2);
    symlink(format!("{ups}blobs/{blob}"), link).unwrap();
}

/// A hub cache with one repository, `hub/models--org--tiny`.
pub(crate) fn hub(place: &Place) -> &'static str {
    let repository = "hub/models--org--tiny";
    tiny(place, "tiny");
    for (name, lfs) in [
        ("config.json", false),
        ("README.md", false),
        ("model.safetensors", true),
    ] {
        let bytes = fs::read(place.path(&format!("tiny/{name}"))).unwrap();
        cached(place, repository, COMMIT, name, &bytes, lfs);
    }
    place.write("hub/models--org--tiny/refs/main", COMMIT);
    "hub/models--org--tiny/snapshots/0123456789abcdef0123456789abcdef01234567"
}

/// Writes a blob of an OCI layout, and gives its descriptor.
fn blob(place: &Place, layout: &str, kind: &str, bytes: &[u8]) -> Value {
    let hex = sha256(bytes);
    place.write(&format!("{layout}/blobs/sha256/{hex}"), bytes);
    json!({"mediaType": kind, "digest": format!("sha256:{hex}"), "size": bytes.len()})
}

fn titled(mut descriptor: Value, title: &str) -> Value {
    descriptor["annotations"] = json!({"org.opencontainers.image.title": title});
    descriptor
}

const RAW: &str = "application/vnd.cncf.model.weight.v1.raw";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.model.config.v1+json";

/// An image of these layers in `layout`, and the descriptor of its manifest.
fn image(place: &Place, layout: &str, config: &Value, layers: &[Value]) -> Value {
    let config = blob(place, layout, CONFIG, config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "artifactType": "application/vnd.cncf.model.manifest.v1+json", "config": config, "layers": layers});
    blob(place, layout, MANIFEST, manifest.to_string().as_bytes())
}

fn index(place: &Place, layout: &str, manifests: &[Value]) {
    place.write(
        &format!("{layout}/oci-layout"),
        r#"{"imageLayoutVersion": "1.0.0"}"#,
    );
    place.write(
        &format!("{layout}/index.json"),
        json!({"schemaVersion": 2, "manifests": manifests}).to_string(),
    );
}

/// The files of `tiny` as layers.
fn layers(place: &Place, layout: &str) -> Vec<Value> {
    tiny(place, "tiny");
    let names = ["model.safetensors", "config.json", "README.md"];
    let of = |name: &&str| {
        let bytes = fs::read(place.path(&format!("tiny/{name}"))).unwrap();
        titled(blob(place, layout, RAW, &bytes), name)
    };
    names.iter().map(of).collect()
}

/// An OCI layout `layout` with one image, `v1`.
pub(crate) fn oci(place: &Place) -> Value {
    let layers = layers(place, "layout");
    let config = json!({"descriptor": {"licenses": ["Apache-2.0"]}, "modelfs": {"type": "layers"}});
    let mut manifest = image(place, "layout", &config, &layers);
    manifest["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
    index(place, "layout", std::slice::from_ref(&manifest));
    manifest
}

/// A store of Ollama, `models`, with one model; gives the path of its manifest.
pub(crate) fn ollama(place: &Place) -> &'static str {
    let path = "models/manifests/registry.ollama.ai/library/tiny/latest";
    let layer = |kind: &str, bytes: &[u8]| {
        let hex = sha256(bytes);
        place.write(&format!("models/blobs/sha256-{hex}"), bytes);
        json!({"mediaType": format!("application/vnd.ollama.image.{kind}"),
            "digest": format!("sha256:{hex}"), "size": bytes.len()})
    };
    let config = br#"{"model_format": "gguf", "model_family": "tiny"}"#;
    let mut described = layer("config", config);
    described["mediaType"] = json!("application/vnd.docker.container.image.v1+json");
    let manifest = json!({"schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": described,
        "layers": [layer("model", &gguf()), layer("template", b"{{ .Prompt }}"), layer("license", b"MIT License\n"),
            layer("params", br#"{"stop": ["<|end|>"]}"#), layer("system", b"You are small.")]});
    place.write(path, manifest.to_string());
    path
}

/// A GGUF file without tensors.
fn gguf() -> Vec<u8> {
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    text(&mut bytes, "general.architecture");
    bytes.extend(8_u32.to_le_bytes());
    text(&mut bytes, "llama");
    bytes
}

fn inspect(place: &Place, arguments: &[&str]) -> (Ran, Value) {
    let ran = place.run([&["inspect", "--json"], arguments].concat());
    let document = ran.document::<Inspection>();
    (ran, document["result"].clone())
}

#[track_caller]
fn standing(result: &Value, question: &str) -> String {
    result["answers"][question]["standing"]
        .as_str()
        .unwrap_or_else(|| panic!("{result:#}"))
        .to_owned()
}

/// Names that were recomputed are declared, and never more.
#[test]
fn names_of_blobs_are_recomputed_and_declared() {
    let place = Place::new();
    let snapshot = hub(&place);
    oci(&place);
    let ollama = ollama(&place);
    let blob = format!("models/blobs/sha256-{}", sha256(&gguf()));
    for (target, kind, files) in [
        (snapshot, "hub-snapshot", 3),
        ("hub/models--org--tiny", "hub-snapshot", 3),
        ("layout", "oci-image", 3),
        ("layout:v1", "oci-image", 3),
        (ollama, "ollama-model", 5),
        ("models", "ollama-model", 5),
        ("models/tiny", "ollama-model", 5),
        ("models/tiny:latest", "ollama-model", 5),
        (blob.as_str(), "blob", 1),
    ] {
        let (ran, result) = inspect(&place, &[target]);
        assert_eq!(ran.code, 0, "{target}: {ran:#?}");
        assert_eq!(result["kind"], kind, "{target}");
        assert_eq!(result["files"], files, "{target}");
        assert_eq!(standing(&result, "unchanged"), "declared", "{target}");
        assert_eq!(
            result["answers"]["unchanged"]["says"],
            "each blob has the content that its name says; who named them is not known"
        );
        assert_eq!(result["blobs"]["recomputed"], true);
        assert_eq!(result["blobs"]["fitting"], files, "{target}");
        let (_, quick) = inspect(&place, &["--metadata-only", target]);
        assert_eq!(standing(&quick, "unchanged"), "declared", "{target}");
        assert_eq!(quick["blobs"]["recomputed"], false);
        assert_eq!(quick["answers"]["unchanged"]["checks"], json!([]));
    }
    let (_, plain) = inspect(&place, &["tiny"]);
    assert_eq!(plain["blobs"], Value::Null);
}

/// The digest of a model does not depend on how it is kept.
#[test]
fn an_image_has_the_digest_of_the_folder_that_it_was_made_of() {
    let place = Place::new();
    let snapshot = hub(&place);
    oci(&place);
    let digest = |target: &str| place.run(["digest", "--manifest", target]).yes().stdout;
    let folder = digest("tiny");
    for target in ["layout", "layout:v1", snapshot, "hub/models--org--tiny"] {
        assert_eq!(
            digest(target).split(' ').next(),
            folder.split(' ').next(),
            "{target}"
        );
    }
    let list = place.run(["digest", "layout"]);
    assert_eq!(list.refusal(), (2, vec!["WL-CLI-LAYOUT"]));
}

/// Changes one blob without changing its size.
fn spoil(place: &Place, name: &str) {
    // Near the end, where no format breaks by it.
    let length = fs::metadata(place.path(name)).unwrap().len();
    place.flip(name, usize::try_from(length).unwrap() - 2, 1);
}

#[test]
fn a_blob_that_is_not_what_its_name_says_has_failed_and_is_named() {
    let lfs = sha256(&weights());
    type Make = fn(&Place) -> String;
    let cases: [(Make, String, &str); 4] = [
        (
            |place| hub(place).to_owned(),
            format!("hub/models--org--tiny/blobs/{lfs}"),
            "model.safetensors",
        ),
        (
            |place| hub(place).to_owned(),
            format!(
                "hub/models--org--tiny/blobs/{}",
                git_name(br#"{"architectures": ["TinyModel"], "hidden_size": 8}"#)
            ),
            "config.json",
        ),
        (
            |place| {
                oci(place);
                "layout".to_owned()
            },
            format!("layout/blobs/sha256/{lfs}"),
            "model.safetensors",
        ),
        (
            |place| ollama(place).to_owned(),
            format!("models/blobs/sha256-{}", sha256(b"You are small.")),
            "system",
        ),
    ];
    for (make, blob, name) in cases {
        let place = Place::new();
        let target = make(&place);
        spoil(&place, &blob);
        let (ran, result) = inspect(&place, &[&target]);
        assert_eq!(ran.code, 1, "{blob}: {ran:#?}");
        assert!(
            ran.codes().contains(&"WL-ART-BLOB-DIFFERS".to_owned()),
            "{ran:#?}"
        );
        assert_eq!(standing(&result, "unchanged"), "failed", "{blob}");
        let told = result["answers"]["unchanged"]["details"][0]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(told.starts_with(&format!("{name}: named ")), "{told}");
        assert_eq!(result["blobs"]["differing"], json!([name]));
        let (_, quick) = inspect(&place, &["--metadata-only", &target]);
        assert_eq!(standing(&quick, "unchanged"), "declared", "{blob}");
    }
}

#[test]
fn a_file_that_is_no_blob_is_named_by_nobody() {
    let place = Place::new();
    let snapshot = hub(&place);
    place.write(&format!("{snapshot}/extra.txt"), "came later");
    let (ran, result) = inspect(&place, &[snapshot]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(standing(&result, "unchanged"), "unknown");
    assert_eq!(result["blobs"]["unnamed"], json!(["extra.txt"]));
}

/// A blob that was removed leaves a link to nothing, and the rest is not the model.
#[test]
fn a_blob_that_is_gone_leaves_no_answer() {
    let place = Place::new();
    let snapshot = hub(&place);
    fs::remove_file(place.path(&format!("hub/models--org--tiny/blobs/{}", sha256(&weights())))).unwrap();
    let (_, result) = inspect(&place, &[snapshot]);
    assert_eq!(standing(&result, "unchanged"), "unknown");
    assert_eq!(standing(&result, "executes"), "unknown");
    let unnamed = result["blobs"]["unnamed"][0].as_str().unwrap();
    assert!(
        unnamed.starts_with("model.safetensors is a symbolic link"),
        "{unnamed}"
    );
}

#[test]
fn which_snapshot_is_meant_is_said_or_asked() {
    let place = Place::new();
    hub(&place);
    let repository = "hub/models--org--tiny";
    let (_, result) = inspect(&place, &[repository]);
    assert_eq!(
        result["chosen"],
        format!("took snapshot {COMMIT}, which refs/main names")
    );
    let next = result["answers"]["who"]["next"].as_str().unwrap();
    assert!(next.ends_with(&format!("snapshots/{COMMIT}")), "{next}");
    let other = COMMIT.replace('0', "f");
    cached(&place, repository, &other, "config.json", b"{}", false);
    assert_eq!(inspect(&place, &[repository]).0.code, 0);
    let refused = |text: Option<&str>| {
        match text {
            Some(text) => place.write(&format!("{repository}/refs/main"), text),
            None => fs::remove_file(place.path(&format!("{repository}/refs/main"))).unwrap(),
        }
        let ran = place.run(["inspect", repository]);
        assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{text:?}: {ran:#?}");
        assert!(ran.stderr.contains(&format!("snapshots/{other}")), "{ran:#?}");
    };
    refused(Some("../../../../etc"));
    refused(Some(&"0".repeat(40)));
    refused(Some(&"x".repeat(5000)));
    refused(None);
    fs::remove_dir_all(place.path(&format!("{repository}/snapshots/{other}"))).unwrap();
    let (_, result) = inspect(&place, &[repository]);
    assert_eq!(result["chosen"], format!("took snapshot {COMMIT}, the only one"));
    symlink("/etc/hostname", place.path(&format!("{repository}/refs/main"))).unwrap();
    assert_eq!(
        place.run(["inspect", repository]).refusal(),
        (1, vec!["WL-ART-SYMLINK"])
    );
}

/// A reference of the repository is a target, whatever else is there.
#[test]
fn a_reference_names_a_snapshot() {
    let place = Place::new();
    hub(&place);
    let repository = "hub/models--org--tiny";
    let other = COMMIT.replace('0', "f");
    cached(&place, repository, &other, "config.json", b"{}", false);
    place.write(&format!("{repository}/refs/v1"), &other);
    let (_, result) = inspect(&place, &[&format!("{repository}/refs/v1")]);
    assert_eq!(
        result["chosen"],
        format!("took snapshot {other}, which refs/v1 names")
    );
    assert_eq!(result["kind"], "hub-snapshot");
    place.write(&format!("{repository}/refs/broken"), "main");
    for (name, expected) in [("v2", (4, "WL-IO-NOT-FOUND")), ("broken", (2, "WL-CLI-CHOOSE"))] {
        let ran = place.run(["inspect", &format!("{repository}/refs/{name}")]);
        assert_eq!(ran.refusal(), (expected.0, vec![expected.1]), "{ran:#?}");
        assert!(ran.stderr.contains(&format!("snapshots/{other}")), "{ran:#?}");
    }
}

/// Names as tools write them stand for what is on this machine, for every verb alike.
#[test]
fn models_are_named_as_their_tools_name_them() {
    let place = Place::new();
    let snapshot = hub(&place);
    ollama(&place);
    oci(&place);
    policy(&place);
    let private = key("p256.key.pem");
    place
        .run(["sign", "--key", private.to_str().unwrap(), "--beside", snapshot])
        .yes();
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("HF_HUB_CACHE", place.path("hub"));
        Ran::of(command.env("OLLAMA_MODELS", place.path("models")))
    };
    let kind = |target: &str| run(&["inspect", "--json", target]).yes().json()["result"]["kind"].clone();
    let commit = format!("hf:org/tiny@{COMMIT}");
    for target in ["hf:org/tiny", "hf:org/tiny@main", &commit] {
        assert_eq!(kind(target), "hub-snapshot", "{target}");
        assert_eq!(
            run(&["gate", "--policy", "policy.toml", target]).code,
            0,
            "{target}"
        );
    }
    let public = key("p256.pub.pem");
    run(&["verify", "--key", public.to_str().unwrap(), &commit]).yes();
    assert_eq!(kind("ollama:tiny"), "ollama-model");
    assert_eq!(kind("oci-layout:layout:v1"), "oci-image");
    // A path stays one.
    assert_eq!(run(&["inspect", "./hf:org/tiny"]).code, 4);
    place.write("hf:file", "{}");
    assert_eq!(run(&["digest", "./hf:file"]).code, 0);

    for (target, code, says) in [
        ("hf:org/other", 4, "WL-IO-NOT-FOUND"),
        ("hf:org/tiny@v9", 4, "WL-IO-NOT-FOUND"),
        ("hf:org/tiny@../../x", 2, "a revision is a commit"),
        ("hf:", 2, "a model of the hub is named hf:ORG/NAME"),
        ("ollama:other", 4, "WL-IO-NOT-FOUND"),
        ("ollama:../x", 2, "a model of Ollama is named"),
        ("oci-layout:hub", 2, "no OCI layout is there"),
        ("oci://registry.example/model", 2, "nothing is fetched"),
    ] {
        for verb in [&["inspect"][..], &["scan"], &["gate", "--policy", "policy.toml"]] {
            let ran = run(&[verb, &[target]].concat());
            assert_eq!(ran.code, code, "{verb:?} {target}: {ran:#?}");
            assert!(ran.stderr.contains(says), "{verb:?} {target}: {ran:#?}");
        }
    }
    for verb in [
        "sign",
        "verify",
        "verify-attestation",
        "attest",
        "attest review",
        "attest approval",
        "attest evaluation",
        "attest provenance",
        "bom",
        "bom show",
        "bom check",
        "card init",
        "card check",
        "card show",
        "card sign",
        "diff",
        "bom diff",
        "digest",
        "evidence list",
        "evidence show",
        "evidence add",
        "evidence remove",
        "evidence export",
        "policy explain",
        "slsa level",
        "slsa verify",
    ] {
        let arguments: Vec<_> = verb.split(' ').chain(["s3://bucket/model"]).collect();
        let ran = run(&arguments);
        assert_eq!(ran.code, 2, "{verb}: {ran:#?}");
        assert!(ran.stderr.contains("nothing is fetched"), "{verb}: {ran:#?}");
    }
}

#[test]
fn of_several_images_one_must_be_named() {
    let place = Place::new();
    let first = oci(&place);
    let other = image(&place, "layout", &json!({}), &layers(&place, "layout")[..1]);
    index(&place, "layout", &[first.clone(), other.clone()]);
    let ran = place.run(["inspect", "layout"]);
    assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]));
    let digest = other["digest"].as_str().unwrap();
    let named = format!("layout@{digest}");
    assert!(
        ran.stderr.contains("layout:v1") && ran.stderr.contains(&named),
        "{ran:#?}"
    );
    assert_eq!(inspect(&place, &["layout:v1"]).1["files"], 3);
    assert_eq!(inspect(&place, &[&named]).1["files"], 1);
    let path = format!("layout/blobs/{}", digest.replace(':', "/"));
    assert_eq!(inspect(&place, &[&path]).1["files"], 1);
    assert_eq!(
        place.run(["inspect", "layout:v2"]).refusal(),
        (4, vec!["WL-IO-NOT-FOUND"])
    );
    // Signatures and attestations are about an image, and none themselves.
    let mut about = other.clone();
    about["annotations"] =
        json!({"org.opencontainers.image.ref.name": format!("sha256-{}.sig", sha256(b""))});
    index(&place, "layout", &[first.clone(), about]);
    assert_eq!(inspect(&place, &["layout"]).1["files"], 3);
    // An index in the index.
    let nested = json!({"schemaVersion": 2, "manifests": [first]}).to_string();
    let nested = blob(
        &place,
        "layout",
        "application/vnd.oci.image.index.v1+json",
        nested.as_bytes(),
    );
    index(&place, "layout", &[nested]);
    assert_eq!(inspect(&place, &["layout"]).1["files"], 3);
    place.write("models/manifests/registry.ollama.ai/library/other/8b", "{}");
    ollama(&place);
    let ran = place.run(["inspect", "models"]);
    assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]));
    assert_eq!(inspect(&place, &["models/tiny"]).1["files"], 5);
    assert_eq!(
        place.run(["inspect", "models/none"]).refusal(),
        (4, vec!["WL-IO-NOT-FOUND"])
    );
}

/// Evidence beside a snapshot is no snapshot, and what only has the name of evidence is one.
#[test]
fn a_signature_beside_a_snapshot_is_no_second_one() {
    let place = Place::new();
    let snapshot = hub(&place);
    fs::remove_file(place.path("hub/models--org--tiny/refs/main")).unwrap();
    let private = key("p256.key.pem");
    place
        .run(["sign", "--key", private.to_str().unwrap(), snapshot])
        .yes();
    assert!(place.path(&format!("{snapshot}.weightlock/model.sig")).is_file());
    let (ran, result) = inspect(&place, &["hub/models--org--tiny"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(result["chosen"], format!("took snapshot {COMMIT}, the only one"));
    let listed = place.run(["inventory", "hub", "--json"]).json();
    assert_eq!(
        listed["result"]["models"].as_array().unwrap().len(),
        1,
        "{listed:#}"
    );
    place.write(&format!("{snapshot}.weightlock/weights.bin"), "x");
    let ran = place.run(["inspect", "hub/models--org--tiny"]);
    assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]));
    let listed = place.run(["inventory", "hub", "--json"]).json();
    assert_eq!(
        listed["result"]["models"].as_array().unwrap().len(),
        2,
        "{listed:#}"
    );
}

#[test]
fn a_hub_cache_is_no_model() {
    let place = Place::new();
    hub(&place);
    cached(
        &place,
        "hub/models--org--other",
        COMMIT,
        "config.json",
        b"{}",
        false,
    );
    place.write("hub/.locks/models--org--tiny/x.lock", "");
    place.write("hub/version.txt", "1");
    let private = key("p256.key.pem");
    for verb in [
        ["inspect", "hub"].as_slice(),
        &["digest", "--manifest", "hub"],
        &["digest", "hub"],
        &["sign", "--key", private.to_str().unwrap(), "hub"],
    ] {
        let ran = place.run(verb);
        assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{ran:#?}");
        for name in ["other", "tiny"] {
            let help = format!("name one:  hub/models--org--{name}");
            assert!(ran.stderr.contains(&help), "{ran:#?}");
        }
    }
    // A folder with files of its own is a model, whatever else lies in it.
    tiny(&place, "tiny");
    place.write("tiny/models--org--other/blobs/x", "x");
    place.write("tiny/models--org--other/snapshots/v1/config.json", "{}");
    place.run(["digest", "--manifest", "tiny"]).yes();
}

/// A tag is the one that `index.json` gives; one of an index is that of what is below it.
#[test]
fn tags_are_those_of_the_index_that_clients_read() {
    let place = Place::new();
    let tagged = |mut one: Value, tag: &str| {
        one["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        one
    };
    let mut good = oci(&place);
    good.as_object_mut().unwrap().remove("annotations");
    let other = titled(blob(&place, "layout", RAW, b"x"), "x.bin");
    let other = image(&place, "layout", &json!({}), &[other]);
    let list = |manifests: &[&Value]| {
        let kind = "application/vnd.oci.image.index.v1+json";
        let text = json!({"schemaVersion": 2, "mediaType": kind, "manifests": manifests});
        blob(&place, "layout", kind, text.to_string().as_bytes())
    };
    let files = |target: &str| {
        let (ran, result) = inspect(&place, &[target]);
        match result["files"].as_u64() {
            Some(files) => Ok(files),
            None => Err(ran.codes()),
        }
    };
    let choose = || Err(vec!["WL-CLI-CHOOSE".to_owned()]);
    let one = tagged(good.clone(), "v1");
    for (case, listed, expected) in [
        ("on a manifest", vec![one.clone(), other.clone()], Ok(3)),
        (
            "on an index",
            vec![tagged(list(&[&good]), "v1"), other.clone()],
            Ok(3),
        ),
        (
            "on an index, listed twice",
            vec![
                list(&[&list(&[&good])]),
                tagged(list(&[&list(&[&good])]), "v1"),
                other.clone(),
            ],
            Ok(3),
        ),
        (
            "on both",
            vec![one.clone(), tagged(list(&[&other]), "v1")],
            choose(),
        ),
        (
            "below, and on another index",
            vec![tagged(list(&[&other]), "v1"), list(&[&one])],
            Ok(1),
        ),
        (
            "on two manifests",
            vec![one.clone(), tagged(other.clone(), "v1")],
            choose(),
        ),
        (
            "on an index of two",
            vec![tagged(list(&[&good, &other]), "v1")],
            choose(),
        ),
        (
            "below only",
            vec![list(&[&one]), other.clone()],
            Err(vec!["WL-IO-NOT-FOUND".to_owned()]),
        ),
    ] {
        index(&place, "layout", &listed);
        assert_eq!(files("layout:v1"), expected, "{case}");
        let by_digest = format!("layout@{}", good["digest"].as_str().unwrap());
        assert_eq!(files(&by_digest), Ok(3), "{case}");
    }
}

/// Everything that can be wrong with a layout, and the code that it must give.
/// A tag that names a model and, besides, something about a model means another thing to another client.
#[test]
fn a_tag_that_names_two_things_is_not_taken_for_one() {
    let place = Place::new();
    let model = oci(&place);
    let config = json!({});
    let mut other = image(
        &place,
        "layout",
        &config,
        &[titled(blob(&place, "layout", RAW, b"x"), "x.bin")],
    );
    other["annotations"] = json!({"org.opencontainers.image.ref.name": "v1",
        "vnd.docker.reference.type": "attestation-manifest"});
    index(&place, "layout", &[model.clone(), other]);
    let by_digest = format!("layout@{}", model["digest"].as_str().unwrap());
    for (target, code) in [("layout:v1", 2), ("layout", 2), (by_digest.as_str(), 0)] {
        let ran = place.run(["inspect", target]);
        assert_eq!(ran.code, code, "{target}: {ran:#?}");
        assert_eq!(ran.stderr.contains("error[WL-CLI-CHOOSE]"), code == 2, "{ran:#?}");
    }
    // Likewise where it says itself that it is about another, and is listed a second time with the tag.
    let described = blob(&place, "layout", CONFIG, b"{}");
    let about = json!({"schemaVersion": 2, "mediaType": MANIFEST, "subject": described.clone(),
        "artifactType": "application/vnd.example", "config": described, "layers": []});
    let plain = blob(&place, "layout", MANIFEST, about.to_string().as_bytes());
    let mut tagged = plain.clone();
    tagged["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
    for listed in [
        vec![tagged.clone(), model.clone()],
        vec![model.clone(), tagged.clone()],
        vec![plain.clone(), tagged.clone(), model.clone()],
        vec![plain, model.clone(), tagged],
    ] {
        index(&place, "layout", &listed);
        let ran = place.run(["inspect", "layout:v1"]);
        assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{listed:?}: {ran:#?}");
    }
}

/// Everything that can be wrong with a layout, and the code that it must give.
#[test]
fn hostile_layouts_are_refused_with_their_reasons() {
    type Spoil = fn(&Place, &mut Vec<Value>, &mut Value);
    let cases: &[(&str, &str, i32, Spoil)] = &[
        ("a title that climbs", "WL-IMAGE-NAME", 1, |_, layers, _| {
            layers[0] = titled(layers[0].clone(), "../../.ssh/authorized_keys");
        }),
        ("an absolute title", "WL-IMAGE-NAME", 1, |_, layers, _| {
            layers[0] = titled(layers[0].clone(), "/etc/passwd");
        }),
        (
            "a title that is passed over",
            "WL-IMAGE-NAME",
            1,
            |_, layers, _| {
                layers[0] = titled(layers[0].clone(), ".git/hooks/x.bin");
            },
        ),
        ("evidence that comes along", "WL-IMAGE-NAME", 1, |_, layers, _| {
            layers[0] = titled(layers[0].clone(), ".weightlock/pytorch_model.bin");
        }),
        ("one name for two layers", "WL-IMAGE-NAME", 1, |_, layers, _| {
            layers[0] = titled(layers[0].clone(), "config.json");
        }),
        ("a file below a file", "WL-IMAGE-NAME", 1, |_, layers, _| {
            layers[0] = titled(layers[0].clone(), "config.json/model.safetensors");
        }),
        ("another size", "WL-ART-BLOB-DIFFERS", 1, |_, layers, _| {
            layers[0]["size"] = json!(1);
        }),
        (
            "a size beyond all numbers",
            "WL-FORMAT-MALFORMED",
            1,
            |_, layers, _| {
                layers[0]["size"] = json!(1e30);
            },
        ),
        (
            "a blob that is not there",
            "WL-ART-BLOB-MISSING",
            1,
            |_, layers, _| {
                layers[0]["digest"] = json!(format!("sha256:{}", sha256(b"nothing")));
            },
        ),
        (
            "a digest that climbs",
            "WL-FORMAT-UNSUPPORTED",
            3,
            |_, layers, _| {
                layers[0]["digest"] = json!("sha256:../../../etc/passwd");
            },
        ),
        ("another algorithm", "WL-FORMAT-UNSUPPORTED", 3, |_, layers, _| {
            layers[0]["digest"] = json!(format!("sha512:{}", "0".repeat(128)));
        }),
        (
            "a blob that is a link",
            "WL-ART-SYMLINK",
            1,
            |place, layers, _| {
                let digest = layers[0]["digest"].as_str().unwrap().replace(':', "/");
                let blob = place.path(&format!("layout/blobs/{digest}"));
                fs::rename(&blob, place.path("outside")).unwrap();
                symlink(place.path("outside"), &blob).unwrap();
            },
        ),
        (
            "a blob that is a folder",
            "WL-ART-SPECIAL-FILE",
            1,
            |place, layers, _| {
                let digest = layers[0]["digest"].as_str().unwrap().replace(':', "/");
                let blob = place.path(&format!("layout/blobs/{digest}"));
                fs::remove_file(&blob).unwrap();
                fs::create_dir(&blob).unwrap();
            },
        ),
        (
            "a manifest of another digest",
            "WL-ART-BLOB-DIFFERS",
            1,
            |place, _, manifest| {
                // As long as it says, and another content.
                let digest = manifest["digest"].as_str().unwrap().replace(':', "/");
                let blob = place.path(&format!("layout/blobs/{digest}"));
                let text = fs::read_to_string(&blob).unwrap();
                fs::write(blob, text.replacen("application", "applicatioN", 1)).unwrap();
            },
        ),
        (
            "a manifest of another size",
            "WL-ART-BLOB-DIFFERS",
            1,
            |_, _, manifest| {
                manifest["size"] = json!(manifest["size"].as_u64().unwrap() + 1);
            },
        ),
        (
            "a manifest that is not there",
            "WL-ART-BLOB-MISSING",
            1,
            |_, _, manifest| {
                manifest["digest"] = json!(format!("sha256:{}", sha256(b"none")));
            },
        ),
        (
            "a manifest that is no JSON",
            "WL-FORMAT-MALFORMED",
            1,
            |place, _, manifest| {
                *manifest = blob(place, "layout", MANIFEST, b"x");
            },
        ),
        (
            "an index that is huge",
            "WL-FORMAT-LIMIT",
            3,
            |place, _, manifest| {
                let many = format!("{{\"manifests\": []{}}}", " ".repeat(5 << 20));
                *manifest = blob(
                    place,
                    "layout",
                    "application/vnd.oci.image.index.v1+json",
                    many.as_bytes(),
                );
            },
        ),
        (
            "an index of itself",
            "WL-ART-BLOB-DIFFERS",
            1,
            |place, _, manifest| {
                // No index can name its own digest; one that says so is not what it says.
                let hex = sha256(b"loop");
                let text = json!({"manifests": [{"mediaType": MANIFEST, "digest": format!("sha256:{hex}"), "size": 1}]});
                let text = text.to_string();
                place.write(&format!("layout/blobs/sha256/{hex}"), &text);
                *manifest =
                    json!({"mediaType": MANIFEST, "digest": format!("sha256:{hex}"), "size": text.len()});
            },
        ),
    ];
    for (name, code, exit, spoil) in cases {
        let place = Place::new();
        let mut all = layers(&place, "layout");
        let mut manifest = image(&place, "layout", &json!({}), &all);
        spoil(&place, &mut all, &mut manifest);
        if !name.contains("manifest") && !name.contains("index") {
            manifest = image(&place, "layout", &json!({}), &all);
        }
        index(&place, "layout", &[manifest]);
        for verb in [
            &["inspect"][..],
            &["digest", "--manifest"],
            &["bom"],
            &["inspect", "--metadata-only"],
        ] {
            let ran = place.run([verb, &["layout"]].concat());
            assert_eq!(ran.refusal(), (*exit, vec![*code]), "{name}: {verb:?}: {ran:#?}");
        }
        // A scan reads what is there all the same, and is not clean.
        let ran = place.run(["scan", "layout"]);
        assert_ne!(ran.code, 0, "{name}: {ran:#?}");
        assert!((ran.stdout + &ran.stderr).contains(code), "{name}");
    }
}

#[test]
fn lists_that_are_broken_are_refused() {
    for (file, text, code) in [
        (
            "layout/oci-layout",
            r#"{"imageLayoutVersion": "9"}"#,
            "WL-FORMAT-UNSUPPORTED",
        ),
        ("layout/oci-layout", "", "WL-FORMAT-TRUNCATED"),
        ("layout/index.json", "{", "WL-FORMAT-TRUNCATED"),
        (
            "layout/index.json",
            r#"{"layers": [], "config": {}}"#,
            "WL-FORMAT-MALFORMED",
        ),
        (
            "layout/index.json",
            r#"{"manifests": []}"#,
            "WL-INSPECT-NOTHING-KNOWN",
        ),
    ] {
        let place = Place::new();
        oci(&place);
        place.write(file, text);
        let ran = place.run(["inspect", "layout"]);
        assert_eq!(ran.refusal().1, vec![code], "{file} {text}: {ran:#?}");
        assert_ne!(ran.code, 0);
    }
    let place = Place::new();
    let manifest = ollama(&place);
    place.write(manifest, r#"{"layers": [{"digest": "sha256:00"}]}"#);
    assert_eq!(place.run(["inspect", manifest]).code, 1);
}

/// An index that leads to more and more indexes is not followed for ever.
#[test]
fn an_index_of_many_indexes_has_an_end() {
    let place = Place::new();
    let of = |count: usize| {
        let text = format!("{{\"manifests\": [], \"n\": {count}}}");
        blob(
            &place,
            "layout",
            "application/vnd.oci.image.index.v1+json",
            text.as_bytes(),
        )
    };
    let many: Vec<Value> = (0..300).map(of).collect();
    index(&place, "layout", &many);
    assert_eq!(
        place.run(["inspect", "layout"]).refusal(),
        (3, vec!["WL-FORMAT-LIMIT"])
    );
}

/// What is dangerous in an image is found under the name that it has there, also in an archive, and so is what no manifest names.
#[test]
fn a_scan_reads_every_layer_and_everything_beside_them() {
    let danger = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";
    let place = Place::new();
    let mut all = layers(&place, "layout");
    all.push(titled(blob(&place, "layout", RAW, danger), "old.bin"));
    let manifest = image(&place, "layout", &json!({}), &all);
    index(&place, "layout", &[manifest]);
    let ran = place.run(["scan", "layout"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains("layout/old.bin"), "{ran:#?}");
    let (_, result) = inspect(&place, &["layout"]);
    let told = result["answers"]["executes"]["details"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        told.starts_with("old.bin: critical[pickle-code-execution]"),
        "{told}"
    );

    let place = Place::new();
    oci(&place);
    assert_eq!(place.run(["scan", "layout"]).code, 0);
    blob(&place, "layout", RAW, danger);
    let ran = place.run(["scan", "layout"]);
    assert_eq!(ran.code, 1, "no manifest names it: {ran:#?}");

    let place = Place::new();
    place.write("in/old.bin", danger);
    let tar = place.program("tar", ["-cf", "in.tar", "in"]);
    assert_eq!(tar.code, 0, "{tar:#?}");
    let bytes = fs::read(place.path("in.tar")).unwrap();
    let kind = "application/vnd.kitops.modelkit.model.v1.tar";
    let layer = blob(&place, "layout", kind, &bytes);
    let manifest = image(&place, "layout", &json!({}), &[layer]);
    index(&place, "layout", &[manifest]);
    let ran = place.run(["scan", "layout"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains("layout/model.tar"), "{ran:#?}");
    assert!(!place.path("layout/in").exists(), "nothing is extracted");

    let place = Place::new();
    let manifest = ollama(&place);
    assert_eq!(place.run(["scan", manifest]).code, 0);
    assert_eq!(place.run(["scan", "models/tiny"]).code, 0);
}

/// A harmless file beside the lists, which has the name of a layer, does not stand in for it.
#[test]
fn a_file_beside_a_layout_hides_no_layer() {
    let place = Place::new();
    let mut all = layers(&place, "layout");
    let danger = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";
    all.push(titled(blob(&place, "layout", RAW, danger), "old.bin"));
    let manifest = image(&place, "layout", &json!({}), &all);
    index(&place, "layout", &[manifest]);
    place.write("layout/old.bin", b"\x80\x02N.");
    place.write("layout/model.sig", "{}");
    let ran = place.run(["scan", "layout"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains("critical[pickle-code-execution]"), "{ran:#?}");
    // Four layers, four lists, and the two files beside them.
    assert!(
        ran.stdout.contains(
            "
10 files, "
        ),
        "{ran:#?}"
    );
    fs::remove_file(place.path("layout/old.bin")).unwrap();
    let (_, result) = inspect(&place, &["layout"]);
    assert_eq!(
        standing(&result, "who"),
        "unknown",
        "what lies in a layout is no signature of the model"
    );
    assert_eq!(result["files"], 4);
}

/// What a folder is by its lists and what it is by the files beside them are two models, and no answer about the one is one about the
/// other.
#[test]
fn a_layout_that_is_a_folder_of_files_besides_is_refused() {
    let place = Place::new();
    hub(&place);
    oci(&place);
    let manifest = ollama(&place);
    let rules = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n";
    place.write(
        "policy.toml",
        format!("{rules}[require]\nformats = {{ deny = [\"pickle\"] }}\n"),
    );
    let repository = "hub/models--org--tiny";
    let layouts = [
        ("layout", vec!["layout", "layout:v1"]),
        ("models", vec!["models", "models/tiny", manifest]),
        (repository, vec![repository, "hub/models--org--tiny/refs/main"]),
    ];
    let gate = |target: &str| place.run(["gate", "--policy", "policy.toml", target]);
    for (folder, targets) in &layouts {
        // What tools leave there, and what is nothing.
        place.write(&format!("{folder}/.DS_Store"), "x");
        place.write(&format!("{folder}/.lock"), "");
        place.write(&format!("{folder}/x.weightlock/evidence/x"), "x");
        if *folder == "layout" {
            place.write("layout/ingest/half", "x");
        }
        if *folder == repository {
            place.write(&format!("{folder}/.no_exist/{COMMIT}/x.json"), "");
        }
        for target in targets {
            let ran = gate(target);
            assert_eq!(ran.code, 0, "{target}: {ran:#?}");
            assert_eq!(inspect(&place, &[target]).0.code, 0, "{target}");
        }
        let danger = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";
        for name in [
            "pytorch_model.bin",
            "sub/modeling.py",
            "config.json",
            ".DS_Store/x",
        ] {
            if name.starts_with('.') {
                fs::remove_file(place.path(&format!("{folder}/.DS_Store"))).unwrap();
            }
            place.write(&format!("{folder}/{name}"), danger);
            for target in targets {
                for ran in [gate(target), place.run(["inspect", target])] {
                    assert_eq!(
                        ran.refusal(),
                        (1, vec!["WL-CLI-BESIDE"]),
                        "{target} {name}: {ran:#?}"
                    );
                }
            }
            let scan = place.run(["scan", folder]);
            assert_eq!(scan.code, 1, "{folder} {name}: {scan:#?}");
            assert!(
                scan.stdout.contains(&format!("--> {folder}/{name} ")),
                "{scan:#?}"
            );
            assert!(scan.stdout.contains("WL-CLI-BESIDE"), "{scan:#?}");
            let top = name.split('/').next().unwrap();
            let top = place.path(&format!("{folder}/{top}"));
            if top.is_dir() {
                fs::remove_dir_all(top).unwrap();
            } else {
                fs::remove_file(top).unwrap();
            }
        }
        // Nothing is read through a link that lies there.
        place.write("outside/old.bin", danger);
        symlink(place.path("outside"), place.path(&format!("{folder}/link"))).unwrap();
        for target in targets {
            assert_eq!(gate(target).refusal(), (1, vec!["WL-CLI-BESIDE"]), "{target}");
        }
        let scan = place.run(["scan", folder]);
        assert_ne!(scan.code, 0, "{scan:#?}");
        assert!(!scan.stdout.contains("link/old.bin"), "{scan:#?}");
        fs::remove_file(place.path(&format!("{folder}/link"))).unwrap();
        for target in targets {
            assert_eq!(gate(target).code, 0, "{target}");
        }
    }
}

/// Statements about an image lie beside its layout, and are found there.
#[test]
fn evidence_about_an_image_lies_beside_its_layout() {
    let place = Place::new();
    oci(&place);
    let manifest = ollama(&place);
    place.write("claim.json", "{}");
    let private = key("p256.key.pem");
    let before = fs::read_dir(place.path("layout")).unwrap().count();
    for target in ["layout", manifest] {
        let attest = [
            "attest",
            "--type",
            "review",
            "--predicate",
            "claim.json",
            "--key",
            private.to_str().unwrap(),
            target,
        ];
        let ran = place.run(attest);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(place.path(&format!("{target}.weightlock/evidence")).is_dir());
        let list = place.run(["evidence", "list", target]);
        assert!(list.stdout.contains("review"), "{list:#?}");
        assert_eq!(inspect(&place, &[target]).0.code, 0);
    }
    assert_eq!(fs::read_dir(place.path("layout")).unwrap().count(), before);
    assert_eq!(
        inspect(&place, &["models"]).1["files"],
        5,
        "evidence is no manifest"
    );
}

/// Verbs that know files say so, and take no list for a model.
#[test]
fn verbs_that_know_nothing_of_layouts_say_so() {
    let place = Place::new();
    hub(&place);
    oci(&place);
    let manifest = ollama(&place);
    let (private, public) = (key("p256.key.pem"), key("p256.pub.pem"));
    let (private, public) = (private.to_str().unwrap(), public.to_str().unwrap());
    for target in ["layout", "layout:v1", manifest, "models", "hub/models--org--tiny"] {
        for verb in [
            &["sign", "--key", private][..],
            &["verify", "--key", public],
            &["card", "init"],
        ] {
            let ran = place.run([verb, &[target]].concat());
            assert_eq!(
                ran.refusal(),
                (2, vec!["WL-CLI-LAYOUT"]),
                "{target}: {verb:?}: {ran:#?}"
            );
        }
    }
    assert!(!place.path("layout/model.sig").exists());
}

fn policy(place: &Place) {
    let key = key("p256.pub.pem");
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.release]\nkey = \"{}\"\n\
             [signers]\noms = [\"release\"]\n[require]\nsignature = true\n",
            key.display()
        ),
    );
}

/// The signature of the folder holds for the image that was made of it, whether it lies in it or beside it.
#[test]
fn a_policy_judges_an_image_by_the_signature_of_its_files() {
    let place = Place::new();
    oci(&place);
    policy(&place);
    let private = key("p256.key.pem");
    place
        .run(["sign", "--key", private.to_str().unwrap(), "tiny"])
        .yes();
    let judge = |place: &Place, verb: &str| place.run([verb, "--policy", "policy.toml", "layout"]);
    assert_eq!(judge(&place, "gate").code, 1);
    let (ran, result) = inspect(&place, &["--policy", "policy.toml", "layout"]);
    assert_eq!(
        (ran.code, standing(&result, "unchanged").as_str()),
        (1, "declared")
    );

    let signature = fs::read(place.path("tiny/model.sig")).unwrap();
    place.write("layout.weightlock/model.sig", &signature);
    assert_eq!(judge(&place, "gate").code, 0);
    let (ran, result) = inspect(&place, &["--policy", "policy.toml", "layout"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for question in ["who", "unchanged", "may_we_use"] {
        assert_eq!(standing(&result, question), "verified", "{question}");
    }

    fs::remove_dir_all(place.path("layout.weightlock")).unwrap();
    let mut all = layers(&place, "layout");
    all.push(titled(blob(&place, "layout", RAW, &signature), "model.sig"));
    let manifest = image(&place, "layout", &json!({}), &all);
    index(&place, "layout", &[manifest]);
    assert_eq!(judge(&place, "gate").code, 0, "{:#?}", judge(&place, "gate"));

    spoil(&place, &format!("layout/blobs/sha256/{}", sha256(&weights())));
    let ran = judge(&place, "gate");
    assert_eq!(ran.code, 1, "{ran:#?}");
    let (ran, result) = inspect(&place, &["--policy", "policy.toml", "layout"]);
    assert_eq!(ran.code, 1);
    assert_eq!(standing(&result, "unchanged"), "failed");
    assert_eq!(standing(&result, "may_we_use"), "failed");
    assert_eq!(result["verdict"], Value::Null);
}

/// A name that does not fit is no matter of who signed.
#[test]
fn a_cache_whose_names_lie_fails_although_the_files_are_signed() {
    let place = Place::new();
    let snapshot = hub(&place);
    policy(&place);
    let private = key("p256.key.pem");
    let renamed = git_name(b"other");
    let folder = place.path("hub/models--org--tiny/blobs");
    let config = fs::read(place.path("tiny/config.json")).unwrap();
    fs::rename(folder.join(git_name(&config)), folder.join(&renamed)).unwrap();
    let link = place.path(&format!("{snapshot}/config.json"));
    fs::remove_file(&link).unwrap();
    symlink(format!("../../blobs/{renamed}"), &link).unwrap();
    place
        .run(["sign", "--key", private.to_str().unwrap(), snapshot])
        .yes();
    let (ran, result) = inspect(&place, &["--policy", "policy.toml", snapshot]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(result["verdict"], Value::Null);
    assert_eq!(standing(&result, "may_we_use"), "failed");
    assert_eq!(standing(&result, "unchanged"), "failed");
    assert_eq!(result["blobs"]["differing"], json!(["config.json"]));
}

/// The configuration of an image that names another licence than the card does.
#[test]
fn what_the_configuration_of_an_image_says_is_compared() {
    let place = Place::new();
    let all = layers(&place, "layout");
    let config = json!({"descriptor": {"licenses": ["MIT"]}});
    let manifest = image(&place, "layout", &config, &all);
    index(&place, "layout", &[manifest]);
    let (_, result) = inspect(&place, &["layout"]);
    assert_eq!(
        result["contradictions"],
        json!(["the configuration of the image: licence MIT; the files: Apache-2.0"])
    );
}

/// In a store of Ollama the kind of a layer says what it is for, and no annotation; and its configuration adds nothing to what is signed.
#[test]
fn a_signature_of_a_model_of_ollama_holds_for_what_each_layer_is_for() {
    let place = Place::new();
    let target = ollama(&place);
    policy(&place);
    let good: Value = serde_json::from_slice(&fs::read(place.path(target)).unwrap()).unwrap();
    for (name, bytes) in [
        ("model.gguf", gguf().as_slice()),
        ("template", b"{{ .Prompt }}"),
        ("LICENSE", b"MIT License\n"),
        ("params.json", br#"{"stop": ["<|end|>"]}"#),
        ("system", b"You are small."),
    ] {
        place.write(&format!("folder/{name}"), bytes);
    }
    let private = key("p256.key.pem");
    place
        .run(["sign", "--key", private.to_str().unwrap(), "folder"])
        .yes();
    let signature = fs::read(place.path("folder/model.sig")).unwrap();
    place.write(&format!("{target}.weightlock/model.sig"), signature);
    let gate = |manifest: &Value| {
        place.write(target, manifest.to_string());
        place.run(["gate", "--policy", "policy.toml", target])
    };
    assert_eq!(gate(&good).code, 0, "{:#?}", gate(&good));

    // Names that Ollama does not read, under which all of it is as it was signed.
    let mut swapped = good.clone();
    for layer in swapped["layers"].as_array_mut().unwrap() {
        let kind = layer["mediaType"].clone();
        let kind = kind.as_str().unwrap().rsplit('.').next().unwrap();
        let (kind, title) = match kind {
            "system" => ("license", "system"),
            "license" => ("system", "LICENSE"),
            "model" => ("model", "model.gguf"),
            "params" => ("params", "params.json"),
            kind => (kind, kind),
        };
        let kind = format!("application/vnd.ollama.image.{kind}");
        layer["mediaType"] = json!(kind);
        *layer = titled(layer.clone(), title);
    }
    let ran = gate(&swapped);
    assert_eq!(ran.code, 1, "{ran:#?}");
    // A kind that Ollama does not know is no prompt for it.
    let mut dropped = good.clone();
    dropped["layers"][4]["mediaType"] = json!("application/vnd.ollama.image.system2");
    assert_eq!(gate(&dropped).code, 1);
    let mut titles = good.clone();
    titles["layers"][2] = titled(titles["layers"][2].clone(), "notes.txt");
    assert_eq!(gate(&titles).code, 0, "a title changes nothing");

    for (config, code) in [
        (json!({"model_format": "gguf", "renderer": "tiny"}), 0),
        (
            json!({"model_format": "gguf", "remote_host": "https://evil.example", "remote_model": "evil:120b"}),
            3,
        ),
        (json!({"Remote_Model": "evil:120b"}), 3),
        (json!({"model_format": "gguf", "novelty": 1}), 3),
    ] {
        let text = config.to_string();
        let hex = sha256(text.as_bytes());
        place.write(&format!("models/blobs/sha256-{hex}"), &text);
        let mut other = good.clone();
        other["config"]["digest"] = json!(format!("sha256:{hex}"));
        other["config"]["size"] = json!(text.len());
        let ran = gate(&other);
        assert_eq!(ran.code, code, "{config}: {ran:#?}");
        assert_eq!(
            ran.stderr.contains("WL-FORMAT-UNSUPPORTED"),
            code == 3,
            "{ran:#?}"
        );
    }
}

/// What a cache says of a blob by its name, and is not so, is a no for every verdict, and nothing is started.
#[test]
fn a_cache_whose_names_lie_is_not_allowed() {
    for (file, code) in [
        (None, 0),
        (Some("config.json"), 1),
        (Some("model.safetensors"), 1),
    ] {
        let place = Place::new();
        let snapshot = hub(&place);
        let text = "version = 1\nmode = \"production\"\n[require]\nrevision = true\nformats = { deny = [\"pickle\"] }\n";
        place.write("policy.toml", text);
        if let Some(file) = file {
            let blob = fs::canonicalize(place.path(&format!("{snapshot}/{file}"))).unwrap();
            let mut bytes = fs::read(&blob).unwrap();
            bytes.push(b' ');
            fs::write(&blob, bytes).unwrap();
        }
        for verb in [
            vec!["gate", "--policy", "policy.toml", snapshot],
            vec![
                "run",
                "--policy",
                "policy.toml",
                "--model",
                snapshot,
                "--",
                "sh",
                "-c",
                "touch started; test -d $0",
                "{model}",
            ],
        ] {
            let ran = place.run(&verb);
            assert_eq!(ran.code, code, "{file:?}: {ran:#?}");
            assert_eq!(ran.stderr.contains("WL-ART-BLOB-DIFFERS"), code == 1, "{ran:#?}");
        }
        assert_eq!(place.path("started").exists(), code == 0, "{file:?}");
    }
}

/// A rule for a model is for an image by the name that its layout gives it, whatever the folder is called.
#[test]
fn a_rule_is_for_an_image_by_its_own_name() {
    let place = Place::new();
    let target = ollama(&place);
    for (name, code) in [("tiny", 1), ("other", 0)] {
        let rule = format!("[[rule]]\nwhen = {{ model = \"{name}\" }}\ndeny = \"known\"\n");
        let head = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n";
        place.write(
            "policy.toml",
            format!("{head}[require]\nformats = {{ deny = [\"pickle\"] }}\n{rule}"),
        );
        let ran = place.run(["gate", "--policy", "policy.toml", target]);
        assert_eq!(ran.code, code, "{name}: {ran:#?}");
    }
}

/// A policy that denies pickles and what this rule is for.
fn denying(place: &Place, rule: &str) {
    let head = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n";
    place.write(
        "policy.toml",
        format!(
            "{head}[require]\nformats = {{ deny = [\"pickle\"] }}\n[[rule]]\nwhen = {{ {rule} }}\ndeny = \"known\"\n"
        ),
    );
}

/// A rule is for an image by each of its tags, wherever the registry lies, and however the image is named.
#[test]
fn a_rule_is_for_an_image_by_every_tag_without_its_host() {
    let place = Place::new();
    let plain = oci(&place);
    let tagged = |tag: &str| {
        let mut one = plain.clone();
        one["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        one
    };
    let blob = plain["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "layout/blobs/sha256/");
    let by_digest = format!("layout@{}", plain["digest"].as_str().unwrap());
    for tags in [
        vec!["evil/x:v1"],
        vec!["docker.io/evil/x:v1"],
        vec!["localhost:5000/evil/x"],
        vec!["hf.co/evil/x"],
        vec!["docker.io/good/x:v1", "docker.io/evil/x:v1"],
    ] {
        let listed: Vec<Value> = tags.iter().map(|tag| tagged(tag)).collect();
        index(&place, "layout", &listed);
        for (rule, code) in [
            ("namespace = \"evil\"", 1),
            ("namespace = \"evil\", model = \"x\"", 1),
            ("namespace = \"wicked\"", 0),
            ("namespace = \"evil\", model = \"y\"", 0),
        ] {
            denying(&place, rule);
            for target in ["layout", blob.as_str(), by_digest.as_str()] {
                let ran = place.run(["gate", "--policy", "policy.toml", "--as", "good/x", target]);
                assert_eq!(ran.code, code, "{tags:?}: {rule}: {target}: {ran:#?}");
            }
        }
    }
}

/// What Ollama leaves out of a name is known: the namespace `library`. The file that a tag is has no name of a model.
#[test]
fn a_rule_for_a_namespace_decides_about_a_model_of_ollama() {
    let place = Place::new();
    let target = ollama(&place);
    let other = "models/manifests/hf.co/my.org/tiny/latest";
    place.write(other, fs::read(place.path(target)).unwrap());
    for (rule, target, code) in [
        ("namespace = \"library\"", target, 1),
        ("namespace = \"my.org\"", target, 0),
        ("namespace = \"library\"", other, 0),
        ("namespace = \"my.org\"", other, 1),
        ("model = \"latest\"", target, 0),
        ("model = \"tiny\"", target, 1),
    ] {
        denying(&place, rule);
        let ran = place.run(["gate", "--policy", "policy.toml", target]);
        assert_eq!(ran.code, code, "{rule}: {target}: {ran:#?}");
    }
}

/// One file of a snapshot is of that model and revision, has the name that the snapshot gives it, and is what its link says.
#[test]
fn a_file_of_a_snapshot_is_one_of_its_model() {
    let place = Place::new();
    let snapshot = hub(&place);
    let repository = "hub/models--org--tiny";
    cached(
        &place,
        repository,
        COMMIT,
        "sub/deep/more.safetensors",
        &weights(),
        true,
    );
    let file = format!("{snapshot}/model.safetensors");
    symlink(place.path(&file), place.path("link.safetensors")).unwrap();
    symlink("link.safetensors", place.path("links.safetensors")).unwrap();
    let targets = [
        file.clone(),
        format!("{snapshot}/sub/deep/more.safetensors"),
        "links.safetensors".to_owned(),
    ];
    let gate = |target: &str| place.run(["gate", "--policy", "policy.toml", target]);
    for (rule, code) in [
        ("model = \"tiny\"", 1),
        ("namespace = \"org\"", 1),
        ("model = \"other\"", 0),
        ("namespace = \"other\"", 0),
    ] {
        denying(&place, rule);
        for target in &targets {
            let ran = gate(target);
            assert_eq!(ran.code, code, "{rule}: {target}: {ran:#?}");
        }
    }
    place.write(
        "revision.toml",
        "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nrevision = true\n",
    );
    let (ran, result) = inspect(&place, &[&file]);
    assert_eq!(
        (ran.code, &result["kind"]),
        (0, &json!("hub-snapshot")),
        "{ran:#?}"
    );
    assert_eq!(standing(&result, "unchanged"), "declared");
    for target in &targets {
        let ran = place.run(["gate", "--policy", "revision.toml", target]);
        assert_eq!(ran.code, 0, "{target}: {ran:#?}");
    }
    let run = |policy: &str| {
        let model = format!("{file}=m");
        let shell = ["sh", "-c", "basename \"$0\"; touch started", "{m}"];
        place.run([&["run", "--policy", policy, "--model", &model, "--"][..], &shell].concat())
    };
    let ran = run("revision.toml");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("model.safetensors"), "{ran:#?}");
    fs::remove_file(place.path("started")).unwrap();

    spoil(&place, &format!("{repository}/blobs/{}", sha256(&weights())));
    for target in &targets {
        let ran = gate(target);
        assert_eq!(
            ran.refusal(),
            (1, vec!["WL-ART-BLOB-DIFFERS"]),
            "{target}: {ran:#?}"
        );
    }
    let ran = run("revision.toml");
    assert_eq!(ran.refusal(), (1, vec!["WL-ART-BLOB-DIFFERS"]), "{ran:#?}");
    assert!(!place.path("started").exists());
}

/// A blob by itself must be what its name says, for a verdict and before anything is started.
#[test]
fn a_blob_whose_name_lies_is_not_allowed() {
    let place = Place::new();
    denying(&place, "model = \"x\"");
    let (said, git) = (sha256(b"{}"), git_name(b"{}"));
    for (content, code) in [("{}", 0), (r#"{"b":1}"#, 1)] {
        for name in [
            format!("blobs/sha256-{said}"),
            format!("blobs/{said}"),
            format!("blobs/sha256/{said}"),
            format!("blobs/{git}"),
            format!("sha256-{said}"),
        ] {
            place.write(&name, content);
            let link = format!("{}.json", name.replace('/', "-"));
            drop(fs::remove_file(place.path(&link)));
            symlink(&name, place.path(&link)).unwrap();
            for target in [&name, &link] {
                let gate = place.run(["gate", "--policy", "policy.toml", target]);
                let model = format!("{target}=m");
                let shell = ["sh", "-c", "touch started", "{m}"];
                let run = ["run", "--policy", "policy.toml", "--model", &model, "--"];
                let run = place.run([&run[..], &shell].concat());
                for ran in [gate, run] {
                    assert_eq!(ran.code, code, "{target}: {ran:#?}");
                    assert_eq!(ran.stderr.contains("WL-ART-BLOB-DIFFERS"), code == 1, "{ran:#?}");
                }
                assert_eq!(fs::remove_file(place.path("started")).is_ok(), code == 0);
            }
        }
    }
}

/// A licence that the configuration or an annotation of an image states counts like one of its files, and an archive of documents is no
/// silence.
#[test]
fn licences_of_images_are_heard() {
    let place = Place::new();
    let all = layers(&place, "layout");
    place.write(
        "policy.toml",
        "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nlicenses = { allow = [\"Apache-2.0\"] }\n",
    );
    let gate = |config: Value, layers: &[Value], licence: Option<&str>| {
        let config = blob(&place, "layout", CONFIG, config.to_string().as_bytes());
        let mut manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        if let Some(licence) = licence {
            manifest["annotations"] = json!({"org.opencontainers.image.licenses": licence});
        }
        let manifest = blob(&place, "layout", MANIFEST, manifest.to_string().as_bytes());
        index(&place, "layout", &[manifest]);
        place.run(["gate", "--policy", "policy.toml", "layout"]).code
    };
    let states = |licence: &str| json!({"descriptor": {"licenses": [licence]}});
    let with = |kind: &str| {
        let layer = titled(blob(&place, "layout", kind, &[0; 1024]), "docs.tar");
        [all.as_slice(), &[layer]].concat()
    };
    let mut noted = all.clone();
    noted[0]["annotations"]["org.opencontainers.image.licenses"] = json!("AGPL-3.0-only");
    assert_eq!(gate(json!({}), &all, None), 0);
    assert_eq!(gate(states("Apache-2.0"), &all, Some("Apache-2.0")), 0);
    assert_eq!(
        gate(json!({}), &with("application/vnd.cncf.model.weight.v1.tar"), None),
        0
    );
    let states_other = gate(states("AGPL-3.0-only"), &all, None);
    let is_noted = gate(json!({}), &all, Some("AGPL-3.0-only"));
    let layer_is_noted = gate(json!({}), &noted, None);
    assert_eq!((states_other, is_noted, layer_is_noted), (1, 1, 1));
    // What is not known is no yes.
    assert_eq!(gate(json!({}), &all, Some("Our own terms")), 3);
    for kind in [
        "application/vnd.cncf.model.doc.v1.tar",
        "application/vnd.kitops.modelkit.docs.v1.tar+gzip",
    ] {
        assert_eq!(gate(json!({}), &with(kind), None), 3, "{kind}");
    }
}

/// A large file that git names is read whole for its name, and whoever does not want to wait for that need not.
#[test]
fn recomputing_the_name_of_a_blob_can_be_interrupted() {
    let place = Place::new();
    let snapshot = hub(&place);
    let blob = "f".repeat(40);
    place.write(&format!("hub/models--org--tiny/blobs/{blob}"), "");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(place.path(&format!("hub/models--org--tiny/blobs/{blob}")));
    // It takes no room, and half a minute or more to hash.
    file.unwrap().set_len(1 << 36).unwrap();
    symlink(
        format!("../../blobs/{blob}"),
        place.path(snapshot).join("data.json"),
    )
    .unwrap();
    let output = interrupted(place.command(["inspect", snapshot]));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("error[WL-IO-INTERRUPTED]"), "{told}");
}

/// What nobody can name, or what is not understood, is not passed over where one snapshot must be the only one.
#[test]
fn a_snapshot_is_the_only_one_where_nothing_else_could_be_one() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    hub(&place);
    let repository = place.path("hub/models--org--tiny");
    fs::remove_file(repository.join("refs/main")).unwrap();
    let gate = || place.run(["inspect", "hub/models--org--tiny"]);
    let ran = gate();
    assert!(ran.stdout.contains("the only one"), "{ran:#?}");
    // A file is no snapshot.
    fs::write(repository.join("snapshots/.DS_Store"), "").unwrap();
    assert_eq!(gate().code, ran.code);
    let strange = repository
        .join("snapshots")
        .join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    fs::create_dir(&strange).unwrap();
    let told = gate();
    assert_eq!(told.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{told:#?}");
    assert!(
        told.stderr.contains("holds 2 snapshots") && told.stderr.contains("not UTF-8"),
        "{told:#?}"
    );
    fs::remove_dir(&strange).unwrap();
    symlink(COMMIT, repository.join("snapshots/other")).unwrap();
    let told = gate();
    assert_eq!(told.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{told:#?}");
}

#[test]
fn a_reference_is_a_commit_and_nothing_behind_it() {
    let place = Place::new();
    hub(&place);
    for (more, is_one) in [("\n", true), (&" ".repeat(216), true), (&" ".repeat(217), false)] {
        place.write("hub/models--org--tiny/refs/main", format!("{COMMIT}{more}"));
        let ran = place.run(["inspect", "hub/models--org--tiny"]);
        assert_eq!(ran.stderr.contains("names no commit"), !is_one, "{ran:#?}");
    }
    let hidden = format!("{COMMIT}{}and more", " ".repeat(300));
    place.write("hub/models--org--tiny/refs/main", hidden);
    let ran = place.run(["inspect", "hub/models--org--tiny"]);
    assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{ran:#?}");
}

/// Stray files are no models of a store, and what is not looked at is not passed over.
#[test]
fn a_store_holds_the_models_that_ollama_finds_in_it() {
    let place = Place::new();
    let manifest = ollama(&place);
    for stray in [
        "",
        "registry.ollama.ai/",
        "registry.ollama.ai/library/",
        "registry.ollama.ai/library/tiny/",
    ] {
        place.write(&format!("models/manifests/{stray}.DS_Store"), "x");
    }
    place.write("models/manifests/registry.ollama.ai/readme.txt", "x");
    let inspect = || place.run(["inspect", "models"]);
    let ran = inspect();
    assert!(ran.stdout.contains("tiny:latest"), "{ran:#?}");
    // Another tag is another model, also where it is a link.
    symlink("latest", place.path(manifest).with_file_name("other")).unwrap();
    let ran = inspect();
    assert_eq!(ran.refusal(), (2, vec!["WL-CLI-CHOOSE"]), "{ran:#?}");
    fs::remove_file(place.path(manifest).with_file_name("other")).unwrap();
    let deep = format!("models/manifests/{}x", "d/".repeat(10));
    place.write(&deep, "x");
    let ran = inspect();
    assert_eq!(ran.refusal().1, ["WL-FORMAT-LIMIT"], "{ran:#?}");
    fs::remove_dir_all(place.path("models/manifests/d")).unwrap();
    for number in 0..10_001 {
        place.write(&format!("models/manifests/a/{number}"), "");
    }
    let ran = inspect();
    assert_eq!(ran.refusal().1, ["WL-FORMAT-LIMIT"], "{ran:#?}");
}

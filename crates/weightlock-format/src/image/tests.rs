use proptest::prelude::*;
use serde_json::json;

use super::*;

const HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn layer(kind: &str, annotations: Value) -> Value {
    json!({"mediaType": kind, "digest": format!("sha256:{HEX}"), "size": 2, "annotations": annotations})
}

fn manifest(layers: &[Value]) -> Result<Manifest, Problem> {
    let text = json!({"schemaVersion": 2, "config": layer("application/vnd.oci.empty.v1+json", Value::Null),
        "layers": layers});
    match Document::parse(text.to_string().as_bytes())? {
        Document::Manifest(manifest) => Ok(*manifest),
        Document::Index(_) => panic!("no index"),
    }
}

/// The names of the layers, or the code of the refusal.
fn names(layers: &[Value]) -> Result<Vec<String>, &'static str> {
    let manifest = manifest(layers).map_err(|problem| problem.code().as_str())?;
    let files = manifest.files().map_err(|problem| problem.code().as_str())?;
    Ok(files
        .into_iter()
        .map(|(path, _)| path.as_str().to_owned())
        .collect())
}

#[test]
fn layers_are_called_by_annotation_else_by_kind() {
    let title = "org.opencontainers.image.title";
    let path = "org.cncf.model.filepath";
    let raw = "application/vnd.cncf.model.weight.v1.raw";
    for (kind, annotations, name) in [
        (raw, json!({title: "model.safetensors"}), "model.safetensors"),
        (raw, json!({title: "./sub/model.bin"}), "sub/model.bin"),
        (
            raw,
            json!({path: "sub/model.bin", title: "model.bin"}),
            "sub/model.bin",
        ),
        (raw, json!({}), "weight"),
        (
            "application/vnd.cncf.model.code.v1.tar",
            json!({path: "src"}),
            "src.tar",
        ),
        (
            "application/vnd.cncf.model.code.v1.tar",
            json!({path: "src.tar"}),
            "src.tar",
        ),
        (
            "application/vnd.kitops.modelkit.model.v1.tar+gzip",
            json!({}),
            "model.tar.gz",
        ),
        ("application/vnd.ollama.image.model", json!({}), "model.gguf"),
        ("application/vnd.ollama.image.license", json!({}), "LICENSE"),
        ("application/vnd.ollama.image.params", Value::Null, "params.json"),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip",
            json!({}),
            "layer.tar.gz",
        ),
        ("x", json!({}), "layer"),
    ] {
        assert_eq!(
            names(&[layer(kind, annotations)]),
            Ok(vec![name.to_owned()]),
            "{kind}"
        );
    }
    let two = layer("application/vnd.ollama.image.license", json!({}));
    assert_eq!(
        names(&[two.clone(), two]),
        Ok(vec!["LICENSE".to_owned(), "LICENSE-2".to_owned()])
    );
}

#[test]
fn names_that_leave_the_model_are_refused() {
    let title = "org.opencontainers.image.title";
    for bad in ["../x", "/etc/x", "a/../b", "", ".", "a//b", "a\0b", "././x"] {
        assert_eq!(
            names(&[layer("x", json!({title: bad}))]),
            Err("WL-IMAGE-NAME"),
            "{bad:?}"
        );
    }
    let two = json!({"org.cncf.model.filepath": "a.bin", title: "b.bin"});
    assert_eq!(names(&[layer("x", two)]), Err("WL-IMAGE-NAME"));
}

#[test]
fn every_broken_document_is_refused() {
    let good = json!({"manifests": [layer("x", Value::Null)]});
    assert!(matches!(
        Document::parse(good.to_string().as_bytes()),
        Ok(Document::Index(_))
    ));
    let with = |key: &str, value: Value| {
        let mut one = layer("x", Value::Null);
        one[key] = value;
        json!({"manifests": [one]}).to_string()
    };
    for (text, code) in [
        ("[]".to_owned(), "WL-FORMAT-MALFORMED"),
        ("{}".to_owned(), "WL-FORMAT-MALFORMED"),
        (
            json!({"layers": [], "manifests": []}).to_string(),
            "WL-FORMAT-MALFORMED",
        ),
        (json!({"layers": []}).to_string(), "WL-FORMAT-MALFORMED"),
        (json!({"manifests": [7]}).to_string(), "WL-FORMAT-MALFORMED"),
        (
            r#"{"manifests": [], "manifests": []}"#.to_owned(),
            "WL-FORMAT-DUPLICATE",
        ),
        (with("size", json!(-1)), "WL-FORMAT-MALFORMED"),
        (with("size", json!("2")), "WL-FORMAT-MALFORMED"),
        (with("mediaType", json!(7)), "WL-FORMAT-MALFORMED"),
        (with("data", json!("!")), "WL-FORMAT-MALFORMED"),
        (with("annotations", json!({"a": 7})), "WL-FORMAT-MALFORMED"),
        (with("digest", json!("sha512:00")), "WL-FORMAT-UNSUPPORTED"),
        (
            with("digest", json!(format!("sha256:{}", HEX.to_uppercase()))),
            "WL-FORMAT-UNSUPPORTED",
        ),
        (with("digest", json!("sha256:../../x")), "WL-FORMAT-UNSUPPORTED"),
        ("{".to_owned(), "WL-FORMAT-TRUNCATED"),
        (format!("{{}}{}", " ".repeat(MAX_BYTES)), "WL-FORMAT-LIMIT"),
        (
            json!({"manifests": vec![7; MAX_DESCRIPTORS + 1]}).to_string(),
            "WL-FORMAT-LIMIT",
        ),
    ] {
        let code_found = Document::parse(text.as_bytes()).unwrap_err().code().as_str();
        assert_eq!(code_found, code, "{}", &text[..text.len().min(200)]);
    }
}

#[test]
fn only_the_known_version_of_a_layout_is_read() {
    assert!(layout_version(br#"{"imageLayoutVersion": "1.0.0"}"#).is_ok());
    for text in [
        "{}",
        r#"{"imageLayoutVersion": "2.0.0"}"#,
        r#"{"imageLayoutVersion": 1}"#,
        "",
    ] {
        assert!(layout_version(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_is_about_another_image_is_told_apart() {
    let of = |annotations: Value| descriptor(&layer("x", annotations)).unwrap();
    let tag = "org.opencontainers.image.ref.name";
    assert!(!of(json!({tag: "latest"})).is_about_another());
    assert!(!of(json!({tag: "my.sig"})).is_about_another());
    assert!(of(json!({tag: format!("sha256-{HEX}.sig")})).is_about_another());
    assert!(of(json!({"vnd.docker.reference.type": "attestation-manifest"})).is_about_another());
}

/// In a store of Ollama a name says which kind a layer is of, and nothing else does.
#[test]
fn layers_of_ollama_are_called_by_their_kind_alone() {
    let named = |layers: &[Value]| {
        let manifest = manifest(layers).unwrap();
        let files = manifest
            .files_of_ollama()
            .map_err(|problem| problem.code().as_str())?;
        Ok::<Vec<String>, &str>(files.into_iter().map(|(path, _)| path.to_string()).collect())
    };
    let one = |kind: &str, own: Option<&str>| {
        let title = json!({"org.opencontainers.image.title": "LICENSE"});
        let mut layer = layer(&format!("application/vnd.ollama.image.{kind}"), title);
        if let Some(own) = own {
            layer["name"] = json!(own);
        }
        layer
    };
    for (kind, own, name) in [
        ("model", None, "model.gguf"),
        ("system", None, "system"),
        ("system", Some("template"), "system"),
        ("license", None, "LICENSE"),
        ("params", None, "params.json"),
        ("tensor", Some("model.layers.0"), "tensor/model.layers.0"),
        ("json", Some("config.json"), "json/config.json"),
        // Ollama knows none of these.
        ("systems", None, "layer"),
        ("MODEL", None, "layer"),
        ("template; charset=utf-8", None, "layer"),
        ("../../docker.ai.gguf", None, "layer"),
    ] {
        assert_eq!(named(&[one(kind, own)]), Ok(vec![name.to_owned()]), "{kind}");
    }
    let docker = layer("application/vnd.docker.ai.gguf", Value::Null);
    assert_eq!(named(&[docker]), Ok(vec!["layer".to_owned()]));
    assert_eq!(
        named(&[one("license", None), one("model", None), one("license", None)]),
        Ok(["LICENSE", "model.gguf", "LICENSE-2"].map(str::to_owned).to_vec())
    );
    assert_eq!(named(&[one("tensor", Some("../x"))]), Err("WL-IMAGE-NAME"));
}

#[test]
fn what_the_configuration_of_a_model_of_ollama_adds_is_refused() {
    let usual = json!({"model_format": "gguf", "model_family": "llama", "model_families": ["llama"],
        "model_type": "8B", "file_type": "Q4_K_M", "renderer": "x", "parser": "x", "requires": "0.14.0",
        "capabilities": ["tools"], "context_length": 8192, "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []}});
    let check = |config: &Value| check_config(config.to_string().as_bytes()).map_err(|it| it.to_string());
    assert_eq!(check(&usual), Ok(()));
    assert_eq!(check(&json!({})), Ok(()));
    for (key, elsewhere) in [
        ("remote_host", true),
        ("remote_model", true),
        ("Remote_Host", true),
        ("REMOTE_MODEL", true),
        ("adapter", false),
        ("Model_Format", false),
        ("parſer", false),
    ] {
        let mut config = usual.clone();
        config[key] = json!("x");
        let told = check(&config).unwrap_err();
        assert_eq!(told.contains("runs elsewhere"), elsewhere, "{key}: {told}");
    }
    assert!(check(&json!([])).is_err());
    assert!(check_config(b"").is_err());
}

/// Go's readers take `Layers` for `layers`, and of two the last.
#[test]
fn members_in_other_capitals_are_refused() {
    let descriptor = layer("x", json!({}));
    let manifest = json!({"config": descriptor.clone(), "layers": []});
    let with = |key: &str| {
        let mut manifest = manifest.clone();
        manifest[key] = json!([]);
        manifest
    };
    let below = |key: &str| {
        let mut descriptor = descriptor.clone();
        descriptor[key] = json!("x");
        json!({"config": descriptor, "layers": []})
    };
    let parse = |document: Value| Document::parse(document.to_string().as_bytes()).map(drop);
    assert_eq!(parse(with("other")), Ok(()));
    assert_eq!(parse(below("urls")), Ok(()));
    for document in [
        with("Layers"),
        with("LAYERS"),
        with("layerſ"),
        below("Digest"),
        below("MediaType"),
    ] {
        let told = parse(document).unwrap_err();
        assert!(told.to_string().contains("other capitals"), "{told}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Document::Manifest(manifest)) = Document::parse(&text) {
            drop(manifest.files());
            drop(manifest.files_of_ollama());
        }
    }
}

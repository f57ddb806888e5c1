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

proptest! {
    #[test]
    fn never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Document::Manifest(manifest)) = Document::parse(&text) {
            drop(manifest.files());
        }
    }
}

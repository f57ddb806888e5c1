//! The models whose reports are looked at: an ordinary one with evidence and a policy, and one that is all hostile names.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

/// A report, and the folder it lies in.
pub(crate) struct Reported {
    pub(crate) page: PathBuf,
    _folder: tempfile::TempDir,
}

const POLICY: &str = "version = 1\nmode = \"staging\"\ndefault-tier = \"medium\"\n\
    [identity.release]\nkey = \"release.pub\"\n[signers]\noms = [\"release\"]\nbom = [\"release\"]\ncard = [\"release\"]\n\
    [require]\nsignature = true\nscan = true\nbom = true\ncard = true\nadvisories = { below = \"critical\" }\n";

fn weightlock(folder: &Path, arguments: &[&str], codes: &[i32]) {
    let ran = Command::new(env!("CARGO_BIN_EXE_weightlock"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder.join("home"))
        .output()
        .unwrap();
    assert!(
        codes.contains(&ran.status.code().unwrap()),
        "{arguments:?}: {ran:?}"
    );
}

fn reported(folder: tempfile::TempDir, more: &[&str]) -> Reported {
    let page = folder.path().canonicalize().unwrap().join("report.html");
    let arguments = [
        &["inspect", "--format", "html", "-o", "report.html"],
        more,
        &["m"],
    ]
    .concat();
    weightlock(folder.path(), &arguments, &[0, 1, 3]);
    Reported {
        page,
        _folder: folder,
    }
}

/// A fine-tuned model, signed, with a bill of materials and a card, judged by a policy.
pub(crate) fn honest() -> Reported {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m");
    fs::create_dir(&model).unwrap();
    let vector =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../weightlock-bom/testdata/vectors/models/finetune");
    for entry in fs::read_dir(vector).unwrap() {
        let path = entry.unwrap().path();
        fs::write(model.join(path.file_name().unwrap()), fs::read(&path).unwrap()).unwrap();
    }
    fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
    for verb in [
        &["key", "generate", "release", "--unencrypted"][..],
        &["sign", "--key", "release.key", "m"],
        &["bom", "--sign", "--key", "release.key", "m"],
        &["card", "sign", "--key", "release.key", "m"],
    ] {
        weightlock(folder.path(), verb, &[0]);
    }
    reported(folder, &["--policy", "policy.toml"])
}

/// What files, tensors, metadata and cards could be called to get out of their places. A slash begins a folder.
const NAMES: [&str; 7] = [
    "<script>window.owned=1</script>.py",
    "\"><img src=x onerror=window.owned=1>.bin",
    "' autofocus onfocus='window.owned=1.pkl",
    "<svg onload=window.owned=1>.safetensors.txt",
    "<style>body{display:none}@import 'http:evil.example';.json",
    "gpj.\u{202e}exe\u{1b}[2J",
    "javascript:window.owned=1",
];

/// A model that is all hostile names.
pub(crate) fn hostile() -> Reported {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m");
    fs::create_dir(&model).unwrap();
    let pickle =
        b"\x80\x02c__builtin__\neval\nX\x2a\x00\x00\x00<script>window.owned=1</script>document.tit\x85R.";
    for name in NAMES {
        let path = model.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, pickle).unwrap();
    }
    let script = "<script>window.owned=1</script>";
    let long = format!("{script}{}", "long".repeat(1 << 18));
    let config = json!({
        "architectures": [script, "\u{202e}fdp.exe", long],
        "model_type": "</style><script>window.owned=1</script>",
        "_name_or_path": "\"><img src=http://evil.example/x onerror=window.owned=1>",
    });
    fs::write(model.join("config.json"), config.to_string()).unwrap();
    let card = "---\nlicense: \"</title><script>window.owned=1</script>\"\n\
        base_model: \"javascript:window.owned=1\"\ndatasets:\n- \"<img src=x onerror=window.owned=1>\"\n\
        - \"https://evil.example/data\"\n---\n# <script>window.owned=1</script>\n\n\
        <iframe src=\"https://evil.example\"></iframe> ![](https://evil.example/x.png)\n";
    fs::write(model.join("README.md"), card).unwrap();
    fs::write(model.join("model.safetensors"), weights(script)).unwrap();
    fs::write(
        model.join("model.sig"),
        r#"{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": "<script>window.owned=1</script>"}, "tlogEntries": []},
            "dsseEnvelope": {"payload": "e30=", "payloadType": "application/vnd.in-toto+json",
                             "signatures": [{"sig": "AA==", "keyid": ""}]}}"#,
    )
    .unwrap();
    reported(folder, &[])
}

/// A safetensors file whose names and metadata are hostile: two tensors of one byte.
fn weights(script: &str) -> Vec<u8> {
    let one = |from: u8| json!({"dtype": "U8", "shape": [1], "data_offsets": [from, from + 1]});
    let mut header = serde_json::Map::new();
    header.insert(
        "__metadata__".to_owned(),
        json!({"format": script, "\u{202e}": "x"}),
    );
    header.insert(format!("{script}.0.weight"), one(0));
    header.insert(
        format!("\"' onload=window.owned=1 {}", "name".repeat(5000)),
        one(1),
    );
    let header = serde_json::Value::Object(header).to_string();
    let mut file = u64::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

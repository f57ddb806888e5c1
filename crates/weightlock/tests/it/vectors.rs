//! The cases of `testdata/oms`: three manifests of one shape, described in the README there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// The manifests, by folder.
pub(crate) const SETS: [&str; 3] = ["reference-1.1.1", "legacy", "crafted"];

#[derive(Deserialize)]
struct Manifest {
    format: String,
    cases: Vec<Case>,
}

#[derive(Deserialize, Debug)]
pub(crate) struct Case {
    pub(crate) id: String,
    model: Option<String>,
    setup: Vec<Step>,
    target: String,
    signature: String,
    pub(crate) method: Method,
    public_key: Option<String>,
    #[serde(default)]
    certificate_chain: Vec<String>,
    options: Vec<String>,
    pub(crate) expect: Expect,
    pub(crate) subject_sha256: Option<String>,
    /// The folder of its manifest.
    #[serde(skip)]
    pub(crate) set: &'static str,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    Key,
    Certificate,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    Pass,
    Fail,
}

#[derive(Deserialize, Debug)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Step {
    Write {
        path: String,
        text: Option<String>,
        base64: Option<String>,
    },
    Flip {
        path: String,
        offset: usize,
        #[serde(default = "one")]
        mask: u8,
    },
    Truncate {
        path: String,
        size: usize,
    },
    Append {
        path: String,
        text: String,
    },
    Delete {
        path: String,
    },
    Rename {
        path: String,
        to: String,
    },
    Symlink {
        path: String,
        target: PathBuf,
    },
    Mkdir {
        path: String,
    },
}

const fn one() -> u8 {
    1
}

/// A case set up in a folder of its own.
pub(crate) struct Stage {
    /// The working directory of the reference.
    pub(crate) folder: tempfile::TempDir,
    /// The model's name in it.
    name: String,
}

pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oms")
}

/// Every case of every manifest.
pub(crate) fn all() -> Vec<Case> {
    SETS.into_iter().flat_map(of_set).collect()
}

pub(crate) fn of_set(set: &'static str) -> Vec<Case> {
    let text = fs::read(testdata().join(set).join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_slice(&text).unwrap();
    assert_eq!(manifest.format, "oms-vectors/1", "{set}");
    let with_set = |case| Case { set, ..case };
    manifest.cases.into_iter().map(with_set).collect()
}

impl Case {
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        testdata().join(self.set).join(path)
    }

    pub(crate) fn signature(&self) -> PathBuf {
        self.file(&self.signature)
    }

    pub(crate) fn public_key(&self) -> PathBuf {
        self.file(self.public_key.as_deref().expect("a key case names its key"))
    }

    pub(crate) fn certificates(&self) -> Vec<PathBuf> {
        self.certificate_chain
            .iter()
            .map(|path| self.file(path))
            .collect()
    }

    /// The options as typed, with the model's name in them.
    pub(crate) fn options<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = String> + 'a {
        self.options
            .iter()
            .map(|option| option.replace("MODEL", &stage.name))
    }

    /// The model as the reference was given it, relative to the stage.
    pub(crate) fn target(&self, stage: &Stage) -> String {
        match self.target.as_str() {
            "." => stage.name.clone(),
            file => format!("{}/{file}", stage.name),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let source = self.model.as_ref().map(|model| self.file(model));
        let name = source.as_ref().map_or_else(
            || "model".to_owned(),
            |source| source.file_name().unwrap().to_str().unwrap().to_owned(),
        );
        let model = folder.path().join(&name);
        fs::create_dir(&model).unwrap();
        if let Some(source) = source {
            copy(&source, &model);
        }
        self.setup.iter().for_each(|step| step.apply(&model));
        Stage { folder, name }
    }
}

impl Step {
    fn apply(&self, model: &Path) {
        let place = |path: &str| {
            let place = model.join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            place
        };
        let edit = |path: &str, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = fs::read(model.join(path)).unwrap();
            change(&mut bytes);
            fs::write(model.join(path), bytes).unwrap();
        };
        match self {
            Self::Write { path, text, base64 } => {
                let bytes = match (text, base64) {
                    (Some(text), None) => text.clone().into_bytes(),
                    (None, Some(base64)) => STANDARD.decode(base64).unwrap(),
                    _ => panic!("{path}: text or base64"),
                };
                fs::write(place(path), bytes).unwrap();
            }
            Self::Flip { path, offset, mask } => edit(path, &|bytes| bytes[*offset] ^= mask),
            Self::Truncate { path, size } => edit(path, &|bytes| bytes.truncate(*size)),
            Self::Append { path, text } => edit(path, &|bytes| bytes.extend(text.bytes())),
            Self::Delete { path } => fs::remove_file(model.join(path)).unwrap(),
            Self::Rename { path, to } => fs::rename(model.join(path), place(to)).unwrap(),
            Self::Symlink { path, target } => std::os::unix::fs::symlink(target, place(path)).unwrap(),
            Self::Mkdir { path } => fs::create_dir_all(model.join(path)).unwrap(),
        }
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

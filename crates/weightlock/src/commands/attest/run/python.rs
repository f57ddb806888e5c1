//! Which Python a command runs, and which libraries are installed for it: from the files of the installation. No Python is
//! started for it; what a name or a file says is what is told.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use weightlock_artifact::input;

use crate::environment;

/// Libraries that training and what follows it depend on; the lock file has the others.
const LIBRARIES: [&str; 34] = [
    "accelerate",
    "auto_gptq",
    "autoawq",
    "bitsandbytes",
    "datasets",
    "deepspeed",
    "diffusers",
    "flash_attn",
    "flax",
    "gguf",
    "gptqmodel",
    "huggingface_hub",
    "jax",
    "keras",
    "lightning",
    "llmcompressor",
    "lm_eval",
    "mergekit",
    "megatron_core",
    "numpy",
    "nvidia_modelopt",
    "onnx",
    "peft",
    "safetensors",
    "scikit_learn",
    "sentencepiece",
    "tensorflow",
    "tokenizers",
    "torch",
    "transformers",
    "triton",
    "trl",
    "vllm",
    "xformers",
];
/// Entries of a folder of libraries that are looked at.
const MOST_LISTED: usize = 20_000;
const SMALL: usize = 64 << 10;
/// What a script's first line may have.
const HEAD: usize = 256;

/// A Python installation.
struct Python {
    version: Option<String>,
    /// Where libraries are.
    places: Vec<PathBuf>,
}

/// What is told of the Python that runs a program; that its version is unknown where none was found.
pub(super) fn found(program: &OsStr) -> Value {
    let mut told = Map::new();
    let python = interpreter(program).and_then(|path| Python::of(&path));
    let version = python.as_ref().and_then(|python| python.version.as_deref());
    told.insert("version".to_owned(), json!(version.unwrap_or("unknown")));
    let Some(python) = python else {
        return Value::Object(told);
    };
    let libraries = python.libraries();
    if let Some(cuda) = python.torch_cuda() {
        told.insert("torchCuda".to_owned(), json!(cuda));
    }
    if !libraries.is_empty() {
        told.insert("libraries".to_owned(), json!(libraries));
    }
    Value::Object(told)
}

/// The interpreter that runs a program: itself, or the one that its first line names; else the active virtual environment's.
fn interpreter(program: &OsStr) -> Option<PathBuf> {
    let path = in_path(program);
    if let Some(path) = &path {
        // A script that is called python is somebody's switch between several.
        let is_script = input::read_at_most(path, 2).is_ok_and(|head| head.starts_with(b"#!"));
        if is_python(path) && !is_script {
            return Some(path.clone());
        }
        if let Some(found) = first_line(path) {
            return Some(found);
        }
    }
    let active = environment::VIRTUAL_ENV.filled().map(PathBuf::from)?;
    let python = active.join("bin/python3");
    python.exists().then_some(python)
}

fn is_python(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_bytes().starts_with(b"python"))
}

/// `#!/path/python3`, `#!/usr/bin/env python3`.
fn first_line(path: &Path) -> Option<PathBuf> {
    let head = input::read_at_most(path, HEAD).ok()?;
    let line = head.split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let first = Path::new(words.next()?);
    if is_python(first) {
        return Some(first.to_owned());
    }
    let named = Path::new(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    let is_env = first.file_name() == Some(OsStr::new("env"));
    (is_env && is_python(named))
        .then(|| in_path(named.as_os_str()))
        .flatten()
}

/// The file of a program, as the shell finds it.
fn in_path(program: &OsStr) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(program));
    }
    let path = environment::PATH.filled()?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

impl Python {
    fn of(interpreter: &Path) -> Option<Self> {
        let own = interpreter.parent()?.parent()?;
        let virtual_environment = text(&own.join("pyvenv.cfg"));
        if let Some(config) = virtual_environment {
            let version = config.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                matches!(name.trim(), "version" | "version_info").then(|| value.trim().to_owned())
            });
            return Some(Self {
                version,
                places: places(own),
            });
        }
        let real = fs::canonicalize(interpreter).ok()?;
        let prefix = real.parent()?.parent()?;
        let name = real.file_name()?.to_str()?.to_owned();
        let minor = name.strip_prefix("python").filter(|minor| minor.starts_with('3'));
        Some(Self {
            version: minor.map(|minor| header_version(prefix, minor).unwrap_or_else(|| minor.to_owned())),
            places: places(prefix),
        })
    }

    /// Libraries by name, as their folders of metadata say it.
    fn libraries(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for place in &self.places {
            let Ok(entries) = fs::read_dir(place) else {
                continue;
            };
            for entry in entries.take(MOST_LISTED).flatten() {
                let name = entry.file_name();
                let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".dist-info")) else {
                    continue;
                };
                let Some((name, version)) = stem.split_once('-') else {
                    continue;
                };
                let plain = name.to_ascii_lowercase().replace(['-', '.'], "_");
                if LIBRARIES.contains(&plain.as_str()) {
                    // What is found first is what is imported.
                    found.entry(plain).or_insert_with(|| version.to_owned());
                }
            }
        }
        found
    }

    /// The CUDA that PyTorch was built for: `cuda: Optional[str] = '12.8'` in its `version.py`.
    fn torch_cuda(&self) -> Option<String> {
        let text = self
            .places
            .iter()
            .find_map(|place| text(&place.join("torch/version.py")))?;
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            let is_cuda = name.split(':').next()?.trim() == "cuda";
            let value = value.trim().trim_matches(['\'', '"']);
            (is_cuda && value.starts_with(|digit: char| digit.is_ascii_digit())).then(|| value.to_owned())
        })
    }
}

/// Where an installation has its libraries.
fn places(prefix: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for folder in ["local/lib", "lib"] {
        let Ok(entries) = fs::read_dir(prefix.join(folder)) else {
            continue;
        };
        let mut names: Vec<PathBuf> = entries
            .take(MOST_LISTED)
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| is_python(path))
            .collect();
        names.sort();
        for name in names {
            places.extend(["site-packages", "dist-packages"].map(|below| name.join(below)));
        }
    }
    places.retain(|place| place.is_dir());
    places
}

/// `#define PY_VERSION "3.11.2"`, where the headers are installed.
fn header_version(prefix: &Path, minor: &str) -> Option<String> {
    let header = text(&prefix.join(format!("include/python{minor}/patchlevel.h")))?;
    let line = header.lines().find(|line| line.contains("PY_VERSION "))?;
    line.split('"').nth(1).map(str::to_owned)
}

fn text(path: &Path) -> Option<String> {
    if !path.is_file() {
        return None;
    }
    String::from_utf8(input::read_at_most(path, SMALL).ok()?).ok()
}

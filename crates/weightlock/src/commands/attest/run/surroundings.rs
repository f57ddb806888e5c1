//! What a command ran in: system, processor, GPUs, CUDA, Python, and variables that were allowed. Read from files of the
//! kernel and of the driver; no program is started, `nvidia-smi` neither: it is whatever a job's PATH says it is.
//!
//! Variables are stated by a list of names that change how training computes, and by `--env`. No host name, no user, no
//! address is read.

use std::{ffi::OsString, fs, path::Path};

use serde_json::{Map, Value, json};
use weightlock_artifact::input;
use weightlock_bom::provenance::command::{self, Folders, is_secret};

use super::python;
use crate::{diagnostic::Diagnostic, environment, explanations::USAGE};

const SMALL: usize = 1 << 20;
const MOST_GPUS: usize = 1024;

/// Variables that change what a training computes, or on what.
const STATED: [&str; 26] = [
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES",
    "HF_HUB_OFFLINE",
    "HIP_VISIBLE_DEVICES",
    "LC_ALL",
    "LOCAL_WORLD_SIZE",
    "MKL_NUM_THREADS",
    "NCCL_ALGO",
    "NCCL_PROTO",
    "NVIDIA_TF32_OVERRIDE",
    "NVIDIA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTORCH_CUDA_ALLOC_CONF",
    "ROCR_VISIBLE_DEVICES",
    "SOURCE_DATE_EPOCH",
    "TF_DETERMINISTIC_OPS",
    "TOKENIZERS_PARALLELISM",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "TRANSFORMERS_OFFLINE",
    "TZ",
    "WORLD_SIZE",
    "XLA_FLAGS",
    "XLA_PYTHON_CLIENT_MEM_FRACTION",
];

/// What a command runs in.
pub(super) fn found(
    command: &[OsString],
    more: &[String],
    folders: Folders<'_>,
) -> Result<Value, Diagnostic> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            told.insert(name.to_owned(), value);
        }
    };
    tell("architecture", Some(json!(std::env::consts::ARCH)));
    tell(
        "kernel",
        text("/proc/sys/kernel/osrelease").map(|text| json!(text.trim())),
    );
    let release = text("/etc/os-release").or_else(|| text("/usr/lib/os-release"));
    tell(
        "system",
        release.and_then(|text| field(&text, "PRETTY_NAME", '=')),
    );
    let cpu = text("/proc/cpuinfo").and_then(|text| field(&text, "model name", ':'));
    tell("processor", cpu);
    let cpus = std::thread::available_parallelism().ok();
    tell("processors", cpus.map(|count| json!(count.get())));
    let memory = text("/proc/meminfo").and_then(|text| field(&text, "MemTotal", ':'));
    tell("memory", memory);
    tell(
        "gpus",
        Some(gpus())
            .filter(|gpus| !gpus.is_empty())
            .map(|gpus| json!(gpus)),
    );
    let driver = text("/sys/module/nvidia/version").map(|text| json!(text.trim()));
    tell("nvidiaDriver", driver);
    tell("cuda", cuda());
    tell("python", command.first().map(|program| python::found(program)));
    tell("variables", variables(more, folders)?);
    Ok(Value::Object(told))
}

/// Models of NVIDIA's GPUs, as the driver names them, in order of their addresses.
fn gpus() -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc/driver/nvidia/gpus") else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .take(MOST_GPUS)
        .flatten()
        .map(|entry| entry.path().join("information"))
        .collect();
    files.sort();
    let models = files.iter().filter_map(|file| {
        let text = text(file)?;
        field(&text, "Model", ':')?.as_str().map(str::to_owned)
    });
    models.collect()
}

/// The version of the toolkit, where it is installed in its usual place.
fn cuda() -> Option<Value> {
    let text = text("/usr/local/cuda/version.json")?;
    let value = weightlock_format::json::parse(text.as_bytes()).ok()?;
    let version = value.get("cuda")?.get("version")?;
    version.as_str().map(|version| json!(version))
}

/// The value of the first line `name SEPARATOR value`.
fn field(text: &str, name: &str, separator: char) -> Option<Value> {
    let line = text.lines().find_map(|line| {
        let (found, value) = line.split_once(separator)?;
        (found.trim() == name).then(|| value.trim().trim_matches('"'))
    })?;
    Some(json!(line))
}

fn variables(more: &[String], folders: Folders<'_>) -> Result<Option<Value>, Diagnostic> {
    let mut told = Map::new();
    if let Some(secret) = more.iter().find(|name| is_secret(name)) {
        return Err(Diagnostic::new(
            USAGE,
            format!("{secret} looks like a secret, and a statement is given away"),
        )
        .note("variables are stated with their values, for everybody who reads the statement"));
    }
    for name in STATED.iter().copied().chain(more.iter().map(String::as_str)) {
        let value = environment::named(name).and_then(|value| value.into_string().ok());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            told.insert(name.to_owned(), json!(command::one(&value, folders)));
        }
    }
    Ok((!told.is_empty()).then_some(Value::Object(told)))
}

fn text(path: impl AsRef<Path>) -> Option<String> {
    let bytes = input::read_at_most(path.as_ref(), SMALL).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

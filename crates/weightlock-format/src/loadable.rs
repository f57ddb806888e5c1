//! [`loadable`]: could a model loader, a tokenizer loader or Python read this file when it sits in a model folder?
//!
//! The answer decides whether a file may stay outside a signature (`WL-SIG-IGNORED-LOADABLE`), so it errs on the
//! side of yes: a needless refusal costs a signature made anew, a missed file costs the whole promise.
//!
//! | first rule that applies | answer |
//! |---|---|
//! | content is code, weights, an archive, a script or an executable, whatever the name | yes |
//! | name or extension is in [`NAMES`] or [`EXTENSIONS`] | yes |
//! | content is JSON or XML | yes |
//! | content is a picture or PDF and the extension is that of a picture or document | no |
//! | content is text or nothing, and the extension is not `.txt` | no |
//! | content is text, `.txt`, and the name is one of prose, such as `LICENSE.txt` | no |
//! | otherwise: other `.txt` (vocabularies, LightGBM models), binary content nobody knows | yes |
//!
//! Names are compared without regard to case: loaders on some systems find them so. Only the start of a file is
//! looked at; an archive behind a picture is for [`Format::of_tail`], which needs the end.

use serde::Serialize;
use weightlock_artifact::path::ArtifactPath;

use crate::detect::Format;

/// Why a loader could read a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Loadable {
    /// Source or byte code, a notebook, a library that an interpreter loads.
    Code,
    /// A program or library of the operating system.
    Executable,
    /// Weights or a whole model.
    Weights,
    /// A list of weight files.
    Index,
    /// Configuration.
    Config,
    /// A tokenizer, vocabulary or list of merges.
    Tokenizer,
    /// A template that a loader runs.
    Template,
    /// An archive or compressed stream.
    Archive,
    /// Content that nobody knows.
    Unknown,
}

impl Loadable {
    /// Its name in policies.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Executable => "executable",
            Self::Weights => "weights",
            Self::Index => "index",
            Self::Config => "config",
            Self::Tokenizer => "tokenizer",
            Self::Template => "template",
            Self::Archive => "archive",
            Self::Unknown => "unknown",
        }
    }
}

/// Extensions, without the dot and in lower case.
pub const EXTENSIONS: &[(Loadable, &[&str])] = &[
    (
        Loadable::Code,
        &[
            "py", "pyc", "pyo", "pyd", "pyi", "pyx", "pyw", "pth", "ipynb", "so", "egg", "whl", "pyz",
            "pyzw", "mar", "r", "jl", "lua", "js", "mjs", "wasm", "java", "class", "jar", "cu", "cuh", "cpp",
            "cc", "c", "h", "hpp", "ptx", "cubin", "fatbin", "hsaco", "triton", "metal", "metallib",
        ],
    ),
    (
        Loadable::Executable,
        &[
            "exe",
            "dll",
            "dylib",
            "elf",
            "sh",
            "bash",
            "zsh",
            "bat",
            "cmd",
            "ps1",
            "com",
            "msi",
            "app",
            "llamafile",
            "ko",
            "a",
            "o",
            "lib",
        ],
    ),
    (
        Loadable::Weights,
        &[
            "safetensors",
            "gguf",
            "ggml",
            "bin",
            "pt",
            "ckpt",
            "pkl",
            "pickle",
            "joblib",
            "dill",
            "cloudpickle",
            "sav",
            "p",
            "dat",
            "data",
            "npy",
            "npz",
            "h5",
            "hdf5",
            "keras",
            "onnx",
            "ort",
            "pb",
            "pbtxt",
            "tflite",
            "lite",
            "ptl",
            "pte",
            "pt2",
            "mlmodel",
            "mlpackage",
            "mlmodelc",
            "engine",
            "plan",
            "trt",
            "params",
            "pdparams",
            "pdiparams",
            "pdmodel",
            "pdopt",
            "caffemodel",
            "prototxt",
            "msgpack",
            "nemo",
            "skops",
            "xgb",
            "ubj",
            "cbm",
            "lgb",
            "pmml",
            "rds",
            "rda",
            "rdata",
            "t7",
            "th",
            "mat",
            "npk",
            "mpk",
            "tensors",
            "distcp",
            "meta",
            "weights",
            "cfg",
            "model",
            "task",
            "rten",
            "nnef",
            "xml",
            "mnn",
            "ncnn",
            "param",
            "rknn",
            "om",
            "dlc",
            "hef",
            "index",
            "faiss",
            "annoy",
            "arrow",
            "parquet",
            "feather",
            "zarr",
            "orbax",
            "ocdbt",
        ],
    ),
    (
        Loadable::Config,
        &[
            "json",
            "jsonl",
            "json5",
            "yaml",
            "yml",
            "toml",
            "ini",
            "conf",
            "properties",
            "env",
            "lock",
            "proto",
            "textproto",
            "gin",
            "config",
        ],
    ),
    (
        Loadable::Tokenizer,
        &[
            "spm",
            "vocab",
            "merges",
            "bpe",
            "tiktoken",
            "codes",
            "dict",
            "wordpiece",
            "unigram",
            "fst",
            "trie",
            "csv",
            "token",
            "tokens",
            "tsv",
        ],
    ),
    (
        Loadable::Template,
        &[
            "jinja", "jinja2", "j2", "tmpl", "template", "tpl", "mustache", "prompt", "gotmpl", "gbnf",
        ],
    ),
    (
        Loadable::Archive,
        &[
            "zip", "tar", "tgz", "tbz2", "txz", "gz", "bz2", "xz", "lzma", "zst", "zstd", "lz4", "lz", "br",
            "z", "7z", "rar", "cab", "rpm", "deb", "iso", "squashfs", "img", "cpio", "ar",
        ],
    ),
];

/// Whole names without a telling extension, in lower case.
pub const NAMES: &[(Loadable, &[&str])] = &[
    (
        Loadable::Config,
        &[
            "requirements.txt",
            "mlmodel",
            "modelfile",
            "conda",
            "dockerfile",
            "containerfile",
            "config",
            "pipfile",
            ".env",
            "makefile",
        ],
    ),
    (
        Loadable::Tokenizer,
        &[
            "vocab",
            "merges",
            "tokenizer",
            "dict",
            "bpe",
            "spiece",
            "sentencepiece",
            "added_tokens",
            "special_tokens_map",
        ],
    ),
    (
        Loadable::Weights,
        &[
            "model",
            "weights",
            "checkpoint",
            "params",
            "adapter",
            "pytorch_model",
        ],
    ),
];

/// Base names of prose, without extension and in lower case; a suffix behind `-`, `_` or `.` is allowed.
const PROSE: &[&str] = &[
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "authors",
    "contributors",
    "changelog",
    "changes",
    "history",
    "news",
    "citation",
    "acknowledgements",
    "acknowledgments",
    "contributing",
    "security",
    "code_of_conduct",
    "disclaimer",
    "terms",
    "eula",
    "use_policy",
    "usage_policy",
    "third_party_notices",
    "thirdpartynotices",
    "patents",
    "todo",
    "install",
    "robots",
];

/// Extensions of pictures and printed documents: no loader of models takes these for its own.
const PICTURES: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "bmp", "svg", "ico", "pdf"];

/// Whether and why a loader could read the file `name` that begins with `head`. Give at least
/// [`crate::detect::HEAD_BYTES`] bytes, or all of a smaller file.
#[must_use]
pub fn loadable(name: &ArtifactPath, head: &[u8]) -> Option<Loadable> {
    let format = Format::of(head);
    let base = name.base_name().to_lowercase();
    let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
    by_content(format)
        .or_else(|| is_index(&base).then_some(Loadable::Index))
        .or_else(|| find(NAMES, &base))
        .or_else(|| find(EXTENSIONS, extension))
        .or_else(|| by_both(format, &base, extension))
}

/// Formats that are loadable under any name.
const fn by_content(format: Format) -> Option<Loadable> {
    Some(match format {
        Format::Pickle | Format::Pyc => Loadable::Code,
        Format::Elf | Format::Pe | Format::MachO | Format::Wasm | Format::Script => Loadable::Executable,
        Format::Safetensors | Format::Gguf | Format::Ggml | Format::Numpy | Format::Hdf5 => Loadable::Weights,
        Format::Onnx | Format::TensorFlow | Format::TfLite | Format::ExecuTorch => Loadable::Weights,
        _ if format.is_container() => Loadable::Archive,
        _ => return None,
    })
}

/// What neither content nor name decides alone.
fn by_both(format: Format, base: &str, extension: &str) -> Option<Loadable> {
    match format {
        // A vector drawing is XML, and no loader asks for one.
        Format::Image | Format::Pdf | Format::Xml if PICTURES.contains(&extension) => None,
        Format::Json | Format::Xml => Some(Loadable::Config),
        Format::Text | Format::Empty if extension != "txt" => None,
        Format::Text | Format::Empty if is_prose(base) => None,
        Format::Text | Format::Empty => Some(Loadable::Tokenizer),
        _ => Some(Loadable::Unknown),
    }
}

fn is_index(base: &str) -> bool {
    base.ends_with(".index.json")
}

fn is_prose(base: &str) -> bool {
    let stem = base.split_once('.').map_or(base, |(stem, _)| stem);
    PROSE.iter().any(|prose| {
        stem.strip_prefix(prose)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
    })
}

fn find(table: &[(Loadable, &[&str])], word: &str) -> Option<Loadable> {
    table
        .iter()
        .find(|(_, words)| words.contains(&word))
        .map(|&(loadable, _)| loadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, head: &[u8]) -> Option<Loadable> {
        loadable(&ArtifactPath::parse(name).unwrap(), head)
    }

    #[test]
    fn what_loaders_read() {
        for (name, head, why) in [
            ("modeling_x.py", &b"import os\n"[..], Loadable::Code),
            ("pkg/__init__.py", b"", Loadable::Code),
            ("MODEL.PY", b"x", Loadable::Code),
            ("lib/x.so", b"\x7fELF", Loadable::Executable),
            ("lib/x.so", b"text", Loadable::Code),
            ("x.pyd", b"\0", Loadable::Code),
            ("nb.ipynb", b"{}", Loadable::Code),
            ("site.pth", b"import x\n", Loadable::Code),
            ("README.md", b"\x80\x04\x95", Loadable::Code),
            ("LICENSE", b"cos\nsystem\n(S'x'\ntR.", Loadable::Code),
            ("logo.png", b"PK\x03\x04", Loadable::Archive),
            ("run", b"#!/bin/sh\n", Loadable::Executable),
            ("model.safetensors", b"", Loadable::Weights),
            (
                "model.safetensors.bak",
                b"\x10\0\0\0\0\0\0\0{\"a\":",
                Loadable::Weights,
            ),
            ("pytorch_model.bin", b"text", Loadable::Weights),
            ("spiece.model", b"\n\x0e\n\x05<unk>", Loadable::Weights),
            ("model.safetensors.index.json", b"{}", Loadable::Index),
            ("config.json", b"{}", Loadable::Config),
            ("generation_config", b"{\"a\":1}", Loadable::Config),
            ("conda.yaml", b"a: b", Loadable::Config),
            ("MLmodel", b"a: b", Loadable::Config),
            ("requirements.txt", b"evil\n", Loadable::Config),
            ("selected_tags.csv", b"a,b\n", Loadable::Tokenizer),
            ("vocab.txt", b"a\nb\n", Loadable::Tokenizer),
            ("merges.txt", b"a b\n", Loadable::Tokenizer),
            ("lgb.txt", b"tree\n", Loadable::Tokenizer),
            ("chat_template.jinja", b"{{ x }}", Loadable::Template),
            ("weights.tar.gz", b"\x1f\x8b", Loadable::Archive),
            ("blob", b"\xff\xfe\0\x01", Loadable::Unknown),
            ("README.md", b"\0\x01\x02", Loadable::Unknown),
            ("logo.png", b"\0\x01\x02", Loadable::Unknown),
            ("picture", b"\x89PNG\r\n\x1a\n", Loadable::Unknown),
        ] {
            assert_eq!(of(name, head), Some(why), "{name}");
        }
    }

    #[test]
    fn what_no_loader_reads() {
        for (name, head) in [
            ("README.md", &b"# Title\n"[..]),
            ("docs/usage.md", b"---\nlicense: mit\n---\n"),
            ("LICENSE", b"Apache License\n"),
            ("LICENSE.txt", b"Apache License\n"),
            ("LICENSE-MIT.txt", b"MIT\n"),
            ("NOTICE", b"x"),
            ("train.log", b"loss 0.1\n"),
            (".gitignore", b"*.tmp\n"),
            (".gitkeep", b""),
            ("logo.png", b"\x89PNG\r\n\x1a\n"),
            ("photo.JPG", b"\xff\xd8\xff\xe0"),
            ("figure.svg", b"<svg xmlns"),
            ("paper.pdf", b"%PDF-1.4"),
        ] {
            assert_eq!(of(name, head), None, "{name}");
        }
    }

    #[test]
    fn tables_are_in_lower_case_and_without_repetition() {
        let mut seen = std::collections::BTreeSet::new();
        for word in EXTENSIONS.iter().flat_map(|(_, words)| *words) {
            assert_eq!(*word, word.to_lowercase());
            assert!(seen.insert(word), "{word} stands twice");
        }
    }
}

//! What a model is said to be made with, beside the library of the front matter and the files that hold its weights.
//!
//! Names stand for families of programs that can use each other's files; a contradiction needs two names of which no family is
//! common. A name, or a file, that is not in the tables contradicts nothing.

/// Programs that use each other's files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    PyTorch,
    TensorFlow,
    Jax,
    Onnx,
    Ggml,
    Mlx,
    CoreMl,
    Paddle,
    Trees,
}

use Family::{CoreMl, Ggml, Jax, Mlx, Onnx, Paddle, PyTorch, TensorFlow, Trees};

/// Libraries by their names, without blanks, dashes and versions.
const NAMES: &[(&[&str], &[Family])] = &[
    (
        &[
            "pytorch",
            "torch",
            "peft",
            "trl",
            "timm",
            "sentencetransformers",
            "lightning",
            "pytorchlightning",
            "fastai",
            "setfit",
            "speechbrain",
            "nemo",
            "espnet",
            "flair",
            "openclip",
        ],
        &[PyTorch],
    ),
    (&["diffusers"], &[PyTorch, Jax]),
    // Loads weights of all of these.
    (&["transformers"], &[PyTorch, TensorFlow, Jax, Ggml]),
    (&["keras"], &[PyTorch, TensorFlow, Jax]),
    (
        &["tensorflow", "tf", "tfkeras", "tflite", "litert"],
        &[TensorFlow],
    ),
    (&["jax", "flax"], &[Jax]),
    (&["onnx", "onnxruntime"], &[Onnx]),
    (&["gguf", "ggml", "llama.cpp", "llamacpp"], &[Ggml]),
    (&["mlx", "mlxlm"], &[Mlx]),
    (&["coreml", "coremltools"], &[CoreMl]),
    (&["paddlepaddle", "paddle", "paddlenlp"], &[Paddle]),
    (
        &[
            "sklearn",
            "scikitlearn",
            "skops",
            "xgboost",
            "lightgbm",
            "catboost",
        ],
        &[Trees],
    ),
];

/// What can use a file, by its extension. Safetensors, and names that several use, are not here.
const EXTENSIONS: &[(&[&str], &[Family])] = &[
    (&["pt", "pth", "ckpt"], &[PyTorch]),
    (&["gguf", "ggml"], &[Ggml]),
    (&["onnx"], &[Onnx]),
    (&["h5", "keras"], &[PyTorch, TensorFlow, Jax]),
    (&["tflite", "pb"], &[TensorFlow]),
    (&["mlmodel"], &[CoreMl]),
    (&["pdparams", "pdmodel"], &[Paddle]),
    (&["skops", "joblib", "xgb", "cbm"], &[Trees]),
];

/// Whether two names of libraries cannot both be right; `None` where one of them is not known.
pub(super) fn contradict(one: &str, other: &str) -> Option<bool> {
    Some(!overlap(of_name(one)?, of_name(other)?))
}

/// Whether nothing of the family can use any of these files; `None` where the name or one of the files is not known.
pub(super) fn cannot_use<'n>(name: &str, files: impl Iterator<Item = &'n str>) -> Option<bool> {
    let family = of_name(name)?;
    let mut any = None;
    for file in files {
        let fits = overlap(family, of_file(file)?);
        any = Some(any.unwrap_or(false) || fits);
    }
    any.map(|any| !any)
}

/// Whether a file is one of those that hold weights, as far as its extension tells.
pub(super) fn holds_weights(file: &str) -> bool {
    of_file(file).is_some()
        || matches!(
            extension(file).as_str(),
            "safetensors" | "bin" | "msgpack" | "npz" | "pkl"
        )
}

fn overlap(one: &[Family], other: &[Family]) -> bool {
    one.iter().any(|family| other.contains(family))
}

/// The families of the first word, or of the whole name: `PyTorch 2.8`, `sentence-transformers`.
fn of_name(name: &str) -> Option<&'static [Family]> {
    let bare = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let first = name.split_whitespace().next().unwrap_or_default();
    let first = first.split(['=', ':', '@']).next().unwrap_or_default();
    let (whole, first) = (bare(name), bare(first));
    let found = |text: &str| NAMES.iter().find(|(names, _)| names.contains(&text));
    found(&whole)
        .or_else(|| found(&first))
        .map(|(_, families)| *families)
}

fn of_file(file: &str) -> Option<&'static [Family]> {
    let extension = extension(file);
    let found = EXTENSIONS
        .iter()
        .find(|(extensions, _)| extensions.contains(&extension.as_str()));
    found.map(|(_, families)| *families)
}

fn extension(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or_default();
    base.rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_contradict_only_what_they_cannot_be() {
        for (one, other, expected) in [
            ("PyTorch 2.8", "transformers", Some(false)),
            ("torch==2.8.0", "peft", Some(false)),
            ("TensorFlow", "peft", Some(true)),
            ("Scikit-Learn", "sklearn", Some(false)),
            ("sentence-transformers", "jax", Some(true)),
            ("our own", "transformers", None),
            ("", "transformers", None),
        ] {
            assert_eq!(contradict(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn files_contradict_only_when_all_are_known() {
        let of = |name, files: &[&str]| cannot_use(name, files.iter().copied());
        assert_eq!(of("tensorflow", &["a/m.onnx"]), Some(true));
        assert_eq!(of("onnx", &["m.onnx", "m.pt"]), Some(false));
        assert_eq!(of("tensorflow", &["m.onnx", "m.safetensors"]), None);
        assert_eq!(of("tensorflow", &[]), None);
        assert!(holds_weights("x/M.GGUF") && holds_weights("m.bin") && !holds_weights("README.md"));
    }
}

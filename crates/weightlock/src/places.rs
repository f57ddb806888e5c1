//! Where tools keep models. Their variables are read as they read them.

use std::path::{Path, PathBuf};

use crate::environment::{self, Variable};

/// Whose layout a folder has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `models--org--name/{blobs,refs,snapshots}`.
    HuggingFace,
    /// `manifests/…` and `blobs/sha256-…`.
    Ollama,
    /// `checkpoints/*.pth`, and repositories with a `hubconf.py`.
    TorchHub,
    /// `publisher/name/*.gguf`.
    LmStudio,
    /// Folders that hold files of models.
    Folder,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::HuggingFace => "hugging-face",
            Self::Ollama => "ollama",
            Self::TorchHub => "torch-hub",
            Self::LmStudio => "lm-studio",
            Self::Folder => "folder",
        }
    }
}

/// The usual places of this user, whether or not they exist.
pub(crate) fn usual() -> Vec<(Kind, PathBuf)> {
    places(&|variable| variable.filled().map(PathBuf::from))
}

/// Where this user's tools keep models of a kind, whether or not it exists.
pub(crate) fn of(kind: Kind) -> Option<PathBuf> {
    let mut places = usual().into_iter();
    places.find_map(|(other, path)| (other == kind).then_some(path))
}

fn places(value: &dyn Fn(Variable) -> Option<PathBuf>) -> Vec<(Kind, PathBuf)> {
    let home = value(environment::HOME);
    let below = |name: &str| home.as_ref().map(|home| home.join(name));
    let folder = |variable| value(variable).map(|path| expanded(path, home.as_deref()));
    let caches = || folder(environment::XDG_CACHE_HOME).or_else(|| below(".cache"));
    let hub = folder(environment::HF_HUB_CACHE)
        .or_else(|| folder(environment::HUGGINGFACE_HUB_CACHE))
        .or_else(|| folder(environment::HF_HOME).map(|home| home.join("hub")))
        .or_else(|| caches().map(|caches| caches.join("huggingface/hub")));
    let torch = folder(environment::TORCH_HOME)
        .or_else(|| caches().map(|caches| caches.join("torch")))
        .map(|torch| torch.join("hub"));
    let ollama = folder(environment::OLLAMA_MODELS).or_else(|| below(".ollama/models"));
    [
        (Kind::HuggingFace, hub),
        (Kind::Ollama, ollama),
        (Kind::TorchHub, torch),
        (Kind::LmStudio, below(".lmstudio/models")),
        (Kind::LmStudio, below(".cache/lm-studio/models")),
    ]
    .into_iter()
    .filter_map(|(kind, path)| Some((kind, path?)))
    .collect()
}

/// With the user's folder in the place of `~`.
fn expanded(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Vec<String> {
        let value = |variable: Variable| {
            let set = variables.iter().find(|(name, _)| *name == variable.name);
            set.map(|(_, value)| PathBuf::from(value))
        };
        let places = places(&value);
        places
            .iter()
            .map(|(kind, path)| format!("{} {}", kind.name(), path.display()))
            .collect()
    }

    #[test]
    fn the_defaults_of_the_tools() {
        assert_eq!(
            with(&[("HOME", "/h")]),
            [
                "hugging-face /h/.cache/huggingface/hub",
                "ollama /h/.ollama/models",
                "torch-hub /h/.cache/torch/hub",
                "lm-studio /h/.lmstudio/models",
                "lm-studio /h/.cache/lm-studio/models",
            ]
        );
        assert!(with(&[]).is_empty());
    }

    #[test]
    fn their_variables_in_their_order() {
        let first = |variables: &[(&str, &str)]| with(variables).swap_remove(0);
        let home = ("HOME", "/h");
        let cache = ("XDG_CACHE_HOME", "/c");
        let hf = ("HF_HOME", "~/hf");
        assert_eq!(first(&[home, cache]), "hugging-face /c/huggingface/hub");
        assert_eq!(first(&[home, cache, hf]), "hugging-face /h/hf/hub");
        assert_eq!(
            first(&[home, hf, ("HUGGINGFACE_HUB_CACHE", "/b")]),
            "hugging-face /b"
        );
        let all = [home, hf, ("HUGGINGFACE_HUB_CACHE", "/b"), ("HF_HUB_CACHE", "/a")];
        assert_eq!(first(&all), "hugging-face /a");
        assert_eq!(with(&[("OLLAMA_MODELS", "/o")]), ["ollama /o"]);
        assert_eq!(with(&[("TORCH_HOME", "/t")]), ["torch-hub /t/hub"]);
    }
}

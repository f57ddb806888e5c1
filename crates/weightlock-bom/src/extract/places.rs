//! [`Places`]: what a folder stands for, from the names alone.
//!
//! A `config.json` speaks for the model only where the model lies. A tree may also hold its parts (`unet/config.json`),
//! checkpoints, a virtual environment with thousands of configurations that are no model's, or nothing but one folder in which
//! everything is. So the *home* is found first: the one folder nearest to the root that holds a file of a model. Files in it
//! speak for the subject. A folder below it is a part only where a model of its own lies in it; a folder of documents, of other
//! forms of the same weights or of modules is none, and its files belong to what is around them and speak for nobody. Files of
//! an installed package or of an operating system speak for nobody either.
//!
//! Where the home has a card or an `MLmodel` and no model, and exactly one folder below it has one, that is the model: both
//! speak for the subject.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::path::ArtifactPath;

use super::File;

/// What folders stand for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Places {
    /// The folder that speaks for the subject; empty for the root.
    home: String,
    /// A folder below it that speaks for the subject too.
    joined: Option<String>,
    /// Folders with a model of their own.
    parts: BTreeSet<String>,
    /// Folders with GGUF files of several models, or of one model in several forms.
    mixed: BTreeSet<String>,
    has_model: bool,
    /// Whether files of records lie there, and no model does.
    has_records: bool,
    /// Folders that packages are installed in.
    installed: BTreeSet<String>,
    is_environment: bool,
}

/// Whom a file speaks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Speaker<'p> {
    /// The subject itself.
    Subject,
    /// The part in this folder.
    Part(&'p str),
    /// Nobody, though it belongs to the part in this folder, or to the subject.
    Silent(Option<&'p str>),
    /// Nobody: it came with a package or an operating system.
    Nobody,
}

/// Names of files that a model, an adapter or a data set is known by.
const SIGNS: [&str; 15] = [
    "MLmodel",
    "README.md",
    "adapter_config.json",
    "config.json",
    "croissant.json",
    "hf_quant_config.json",
    "mergekit_config.yml",
    "model_index.json",
    "modules.json",
    "params.json",
    "quantize_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "trainer_state.json",
    "weightlock-facts.yaml",
];

/// Folders of a root file system, whose files belong to the system.
const SYSTEM: [&str; 9] = ["bin", "etc", "lib", "lib64", "opt", "proc", "sbin", "usr", "var"];

impl Places {
    /// Looks at the names of all files.
    pub(super) fn of(files: &[&File]) -> Self {
        let installed = installed(files);
        let is_system = files.iter().any(|it| is_system_file(it.path.as_str()));
        let mut places = Self {
            installed,
            ..Self::default()
        };
        // A model may lie beside packages in the root; where none does, the root is a folder of packages.
        let is_model = |it: &&&File| folder(&it.path).is_empty() && is_sign(it.path.base_name());
        if files.iter().any(|it| is_model(&it)) {
            places.installed.remove("");
        }
        if is_system {
            places.installed.extend(SYSTEM.map(str::to_owned));
        }
        places.home = places.home(files);
        places.lay_out(files);
        let has_environment = !places.installed.is_empty() || files.iter().any(|it| is_lock(&it.path));
        let mut signs = files
            .iter()
            .filter(|it| is_sign(it.path.base_name()) && it.path.base_name() != "README.md");
        let has_model = signs.any(|it| !places.is_installed(folder(&it.path)));
        places.is_environment = has_environment && !has_model;
        places
    }

    /// The one folder nearest to the root that holds a sign of a model; the root where there are several.
    fn home(&self, files: &[&File]) -> String {
        let mut nearest: BTreeSet<&str> = BTreeSet::new();
        let mut depth = usize::MAX;
        for file in files.iter().filter(|it| is_sign(it.path.base_name())) {
            let folder = folder(&file.path);
            if self.is_installed(folder) {
                continue;
            }
            let its = folder.split('/').filter(|it| !it.is_empty()).count();
            if its < depth {
                depth = its;
                nearest.clear();
            }
            if its == depth {
                nearest.insert(folder);
            }
        }
        // A folder with a card only is beside the matter where a model lies at the same depth.
        if nearest.len() > 1 {
            let is_card = |folder: &str| {
                let mut inside = files.iter().filter(|it| self::folder(&it.path) == folder);
                !inside.any(|it| is_sign(it.path.base_name()) && it.path.base_name() != "README.md")
            };
            let strong: BTreeSet<&str> = nearest.iter().copied().filter(|it| !is_card(it)).collect();
            if strong.len() == 1 {
                nearest = strong;
            }
        }
        match nearest.first() {
            Some(home) if nearest.len() == 1 => (*home).to_owned(),
            _ => String::new(),
        }
    }

    /// Finds the parts, once the home is known.
    fn lay_out(&mut self, files: &[&File]) {
        let mut folders: BTreeMap<&str, Contents> = BTreeMap::new();
        // Files of a folder follow each other; an environment has tens of thousands.
        let mut last: Option<(&str, bool)> = None;
        for file in files {
            let folder = folder(&file.path);
            let is_installed = match last {
                Some((of, is_installed)) if of == folder => is_installed,
                _ => self.is_installed(folder),
            };
            last = Some((folder, is_installed));
            if !is_installed {
                folders.entry(folder).or_default().add(file.path.base_name());
            }
        }
        let has_model = |folder: &str| folders.get(folder).is_some_and(Contents::is_model);
        for (folder, contents) in &folders {
            if contents.gguf.len() > 1 {
                self.mixed.insert((*folder).to_owned());
            }
            let around = || outer_folders(folder).find(|it| has_model(it));
            let is_of_pipeline = || {
                let outer = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
                folders.get(outer).is_some_and(|it| it.has_index)
            };
            let is_part = *folder != self.home
                && !self.is_module(folder, &folders)
                && match contents {
                    it if it.is_whole() => true,
                    it if it.has_config => around().is_none() || is_of_pipeline(),
                    it => it.has_weights && around().is_none(),
                };
            if is_part {
                self.parts.insert((*folder).to_owned());
            }
        }
        let is_below = |it: &&String| outer_folders(it).any(|outer| outer == self.home);
        let mut below = self.parts.iter().filter(is_below);
        let joined = below.next().filter(|_| !has_model(&self.home));
        if let Some(only) = joined.cloned()
            && self
                .parts
                .iter()
                .all(|it| *it == only || outer_folders(it).any(|it| it == only))
            && folders
                .get(self.home.as_str())
                .is_some_and(|it| it.has_card || it.has_flavours)
        {
            self.parts.remove(&only);
            self.joined = Some(only);
        }
        self.has_model = self.joined.is_some() || has_model(&self.home);
        self.has_records = folders.values().any(|it| it.has_records)
            && !folders.values().any(Contents::is_model)
            && folders.get(self.home.as_str()).is_some_and(|it| it.has_card);
    }

    /// Whether a folder is a module of sentence-transformers: `2_Dense` beside `modules.json`. In old models `0_Transformer` is
    /// what the others sit on, which is the model.
    fn is_module(&self, folder: &str, folders: &BTreeMap<&str, Contents>) -> bool {
        let (outer, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let is_numbered = name.split_once('_').is_some_and(|(number, _)| is_place(number));
        is_numbered && folders.get(outer).is_some_and(|it| it.has_modules)
    }

    /// Whether there is an environment and no sign of a model.
    pub(super) const fn is_environment(&self) -> bool {
        self.is_environment
    }

    /// Whom the file speaks for.
    pub(super) fn speaker<'p>(&self, path: &'p ArtifactPath) -> Speaker<'p> {
        let folder = folder(path);
        if self.speaks(folder) {
            return Speaker::Subject;
        }
        if self.is_installed(folder) {
            return Speaker::Nobody;
        }
        if self.parts.contains(folder) {
            return Speaker::Part(folder);
        }
        let around = outer_folders(folder).find(|it| self.speaks(it) || self.parts.contains(*it));
        Speaker::Silent(around.filter(|it| !self.speaks(it)))
    }

    fn speaks(&self, folder: &str) -> bool {
        folder == self.home || self.joined.as_deref() == Some(folder)
    }

    /// The folder that speaks for the subject; empty for the root.
    pub(super) fn root(&self) -> &str {
        &self.home
    }

    /// Whether a file lies in the home or in a folder around it.
    pub(super) fn is_around_home(&self, path: &ArtifactPath) -> bool {
        let folder = folder(path);
        folder == self.home || outer_folders(&self.home).any(|it| it == folder)
    }

    /// Whether the file lies beside GGUF files that are another model, or the same one in another form.
    pub(super) fn is_mixed(&self, path: &ArtifactPath) -> bool {
        self.mixed.contains(folder(path))
    }

    /// Whether the file is of a module that belongs to the weights around it.
    pub(super) fn is_of_module(&self, path: &ArtifactPath) -> bool {
        let name = folder(path).rsplit('/').next().unwrap_or_default();
        let number = name.split_once('_').map_or("", |(number, _)| number);
        is_place(number)
    }

    /// Whether a model lies in the home or is joined to it.
    pub(super) const fn has_model(&self) -> bool {
        self.has_model
    }

    /// Whether files of records lie there, with a card, and no model does.
    pub(super) const fn has_records(&self) -> bool {
        self.has_records
    }

    /// The folder around the environment that a file is in: what precedes `lib/`, `site-packages` or its like.
    pub(super) fn root_of<'p>(&self, path: &'p ArtifactPath) -> &'p str {
        let marks = [
            "lib",
            "lib64",
            "Lib",
            "site-packages",
            "dist-packages",
            "conda-meta",
            "etc",
            "var",
            "usr",
        ];
        let text = path.as_str();
        let mut end = 0_usize;
        for part in path.components() {
            if marks.contains(&part) {
                break;
            }
            end = end.saturating_add(part.len()).saturating_add(1);
        }
        match text.get(..end.saturating_sub(1)) {
            Some(root) if end < text.len() => root,
            _ => folder(path),
        }
    }

    /// Whether the file came with a package or an operating system.
    pub(super) fn is_foreign(&self, path: &ArtifactPath) -> bool {
        self.speaker(path) == Speaker::Nobody
    }

    fn is_installed(&self, folder: &str) -> bool {
        if self.installed.contains("") {
            return true;
        }
        let mut rest = folder;
        loop {
            if self.installed.contains(rest) {
                return true;
            }
            match rest.rsplit_once('/') {
                Some((outer, _)) => rest = outer,
                None => return false,
            }
        }
    }
}

/// What lies in a folder, by the names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Contents {
    has_card: bool,
    has_config: bool,
    has_weights: bool,
    has_index: bool,
    has_modules: bool,
    has_records: bool,
    has_adapter: bool,
    has_flavours: bool,
    /// GGUF files, without the numbers of their pieces.
    gguf: BTreeSet<String>,
}

impl Contents {
    fn add(&mut self, name: &str) {
        match name {
            "README.md" => self.has_card = true,
            "config.json" => self.has_config = true,
            "model_index.json" => self.has_index = true,
            "modules.json" => self.has_modules = true,
            "MLmodel" => self.has_flavours = true,
            "adapter_config.json" => self.has_adapter = true,
            _ => {}
        }
        let lower = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|it| lower.ends_with(it));
        self.has_records |= ends(&[".parquet", ".jsonl", ".csv", ".tsv", ".arrow"]);
        self.has_weights |= ends(&[".safetensors", ".gguf", ".onnx"])
            || (ends(&[".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".keras"])
                && !matches!(
                    lower.as_str(),
                    "training_args.bin" | "optimizer.pt" | "scheduler.pt" | "rng_state.pth" | "optimizer.bin"
                ));
        if lower.ends_with(".gguf") {
            self.gguf.insert(stem(&lower).to_owned());
        }
    }

    /// Whether a model lies here that needs no folder around it.
    const fn is_whole(&self) -> bool {
        self.has_flavours || self.has_index || self.has_adapter || (self.has_config && self.has_weights)
    }

    /// Whether a model lies here. What `MLmodel` describes may lie in a folder below it.
    const fn is_model(&self) -> bool {
        self.has_config || self.has_weights || self.has_index || self.has_adapter
    }
}

/// Whether this is the place of a module behind the first.
fn is_place(number: &str) -> bool {
    !number.is_empty() && number != "0" && number.bytes().all(|it| it.is_ascii_digit())
}

/// The folders around a folder, the nearest first; the root is the last.
fn outer_folders(folder: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(folder).filter(|it| !it.is_empty());
    std::iter::from_fn(move || {
        let outer = rest?.rsplit_once('/').map_or("", |(outer, _)| outer);
        rest = Some(outer).filter(|it| !it.is_empty());
        Some(outer)
    })
}

/// A file name without its ending and the number of its shard.
pub(super) fn stem(name: &str) -> &str {
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    shard(name).map_or(name, |(stem, _)| stem)
}

/// The name that a shard shares with the others, and how many there are: `model-00001-of-00002`.
pub(super) fn shard(name: &str) -> Option<(&str, u64)> {
    let (rest, total) = name.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    (is_number(number) && is_number(total)).then(|| Some((stem, total.parse().ok()?)))?
}

/// The folder that a file lies in; empty for the root.
pub(super) fn folder(path: &ArtifactPath) -> &str {
    path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a file lists packages.
pub(super) fn is_lock(path: &ArtifactPath) -> bool {
    let name = path.base_name();
    let is_requirements = name.starts_with("requirements") && name.ends_with(".txt");
    let names = [
        "uv.lock",
        "poetry.lock",
        "Pipfile.lock",
        "pdm.lock",
        "pylock.toml",
        "conda.yaml",
        "conda.yml",
        "environment.yml",
        "environment.yaml",
        "python_env.yaml",
        "launch.json",
    ];
    is_requirements || names.contains(&name) || is_conda_lock(name) || path.as_str().contains("conda-meta/")
}

/// Whether a file is called like a list of exactly what conda installed.
pub(super) fn is_conda_lock(name: &str) -> bool {
    let is_platform = name.starts_with("conda-") && name.ends_with(".lock");
    is_platform
        || matches!(
            name,
            "conda-lock.yml" | "spec-file.txt" | "spec-list.txt" | "explicit.txt"
        )
}

fn is_sign(name: &str) -> bool {
    SIGNS.contains(&name)
        || [".safetensors", ".gguf", ".onnx"]
            .iter()
            .any(|it| name.ends_with(it))
}

/// Every folder that holds a `*.dist-info` or `*.egg-info`; empty for the root.
fn installed(files: &[&File]) -> BTreeSet<String> {
    files
        .iter()
        .filter_map(|file| {
            let (at, _) = file
                .path
                .as_str()
                .rmatch_indices('/')
                .find(|(at, _)| is_package(file.path.as_str().get(..*at).unwrap_or_default()))?;
            let outer = file.path.as_str().get(..at)?.rsplit_once('/');
            Some(outer.map_or_else(String::new, |(outer, _)| outer.to_owned()))
        })
        .collect()
}

fn is_package(folder: &str) -> bool {
    [".dist-info", ".egg-info"].iter().any(|it| folder.ends_with(it))
}

fn is_system_file(path: &str) -> bool {
    matches!(
        path,
        "etc/os-release" | "usr/lib/os-release" | "var/lib/dpkg/status" | "lib/apk/db/installed"
    ) || path.starts_with("var/lib/dpkg/status.d/")
        || path.starts_with("var/lib/rpm/")
        || path.starts_with("usr/lib/sysimage/rpm/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(names: &[&str]) -> (Places, Vec<ArtifactPath>) {
        let files: Vec<File> = names
            .iter()
            .map(|it| File {
                path: ArtifactPath::parse(*it).expect("a path"),
                size: 0,
                sha256: None,
            })
            .collect();
        let sorted: Vec<&File> = files.iter().collect();
        (
            Places::of(&sorted),
            files.iter().map(|it| it.path.clone()).collect(),
        )
    }

    #[test]
    fn the_root_speaks_where_a_model_lies_in_it() {
        let (places, paths) = places(&["config.json", "other/config.json", "other/model.safetensors"]);
        assert_eq!(places.speaker(&paths[0]), Speaker::Subject);
        assert_eq!(places.speaker(&paths[1]), Speaker::Part("other"));
    }

    #[test]
    fn a_folder_without_a_model_of_its_own_is_no_part() {
        let (places, paths) = places(&[
            "config.json",
            "model.safetensors",
            "docs/README.md",
            "onnx/model.onnx",
            "1_Pooling/config.json",
            "checkpoint-5/config.json",
            "checkpoint-5/model.safetensors",
            "checkpoint-5/runs/events",
            "modules.json",
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
        ]);
        for at in [2, 3, 4, 9, 10] {
            assert_eq!(places.speaker(&paths[at]), Speaker::Silent(None), "{}", paths[at]);
        }
        assert_eq!(places.speaker(&paths[5]), Speaker::Part("checkpoint-5"));
        assert_eq!(places.speaker(&paths[7]), Speaker::Silent(Some("checkpoint-5")));
    }

    #[test]
    fn the_only_model_below_a_card_is_what_the_card_is_about() {
        for card in ["README.md", "MLmodel"] {
            let (places, paths) = places(&[
                card,
                "data/model/config.json",
                "data/model/model.safetensors",
                "code/x.py",
            ]);
            assert_eq!(places.speaker(&paths[1]), Speaker::Subject, "{card}");
            assert_eq!(places.speaker(&paths[3]), Speaker::Silent(None), "{card}");
        }
        let (places, paths) = places(&[
            "README.md",
            "modules.json",
            "0_Transformer/config.json",
            "0_Transformer/x.bin",
            "1_Pooling/config.json",
        ]);
        assert_eq!(places.speaker(&paths[2]), Speaker::Subject);
        assert_eq!(places.speaker(&paths[4]), Speaker::Silent(None));
        let (places, paths) = self::places(&["README.md", "a/config.json", "b/config.json"]);
        assert_eq!(places.speaker(&paths[1]), Speaker::Part("a"));
    }

    #[test]
    fn one_folder_speaks_where_everything_is_in_it() {
        let (places, paths) = places(&[
            "notes.txt",
            "snapshots/a1/config.json",
            "snapshots/a1/model_index.json",
            "snapshots/a1/vae/config.json",
        ]);
        assert_eq!(places.speaker(&paths[1]), Speaker::Subject);
        assert_eq!(places.speaker(&paths[0]), Speaker::Silent(None));
        assert_eq!(places.speaker(&paths[3]), Speaker::Part("snapshots/a1/vae"));
    }

    #[test]
    fn two_models_side_by_side_are_parts() {
        let (places, paths) = places(&["a/config.json", "b/config.json"]);
        assert_eq!(places.speaker(&paths[0]), Speaker::Part("a"));
        assert_eq!(places.speaker(&paths[1]), Speaker::Part("b"));
    }

    #[test]
    fn installed_packages_speak_for_nothing() {
        let (places, paths) = places(&[
            "config.json",
            "venv/lib/site-packages/x/config.json",
            "venv/lib/site-packages/x-1.0.dist-info/METADATA",
        ]);
        assert!(!places.is_foreign(&paths[0]));
        assert!(places.is_foreign(&paths[1]));
        let (places, paths) = self::places(&["x/config.json", "x-1.0.dist-info/METADATA"]);
        assert!(places.is_foreign(&paths[0]) && places.is_environment());
        let (places, paths) = self::places(&[
            "etc/os-release",
            "usr/share/m/config.json",
            "models/m/config.json",
        ]);
        assert!(places.is_foreign(&paths[1]));
        assert_eq!(places.speaker(&paths[2]), Speaker::Subject);
    }
}

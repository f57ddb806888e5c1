//! [`Places`]: what a folder stands for, from the names alone.
//!
//! A `config.json` speaks for the model only where the model lies. A tree may also hold its parts (`unet/config.json`),
//! checkpoints, a virtual environment with thousands of configurations that are no model's, or nothing but one folder in which
//! everything is. So the *home* is found first: the one folder nearest to the root that holds a file of a model. Files in it
//! speak for the subject, files elsewhere for a part; files of an installed package or of an operating system for neither.

use std::collections::BTreeSet;

use weightlock_artifact::path::ArtifactPath;

use super::File;

/// What folders stand for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Places {
    /// The folder that speaks for the subject; empty for the root.
    home: String,
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
            home: String::new(),
            installed,
            is_environment: false,
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
        match nearest.first() {
            Some(home) if nearest.len() == 1 => (*home).to_owned(),
            _ => String::new(),
        }
    }

    /// Whether there is an environment and no sign of a model.
    pub(super) const fn is_environment(&self) -> bool {
        self.is_environment
    }

    /// Whom the file speaks for.
    pub(super) fn speaker<'p>(&self, path: &'p ArtifactPath) -> Speaker<'p> {
        let folder = folder(path);
        if folder == self.home {
            Speaker::Subject
        } else if self.is_installed(folder) {
            Speaker::Nobody
        } else {
            Speaker::Part(folder)
        }
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
    is_requirements || names.contains(&name) || path.as_str().contains("conda-meta/")
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
        let (places, paths) = places(&["config.json", "unet/config.json"]);
        assert_eq!(places.speaker(&paths[0]), Speaker::Subject);
        assert_eq!(places.speaker(&paths[1]), Speaker::Part("unet"));
    }

    #[test]
    fn one_folder_speaks_where_everything_is_in_it() {
        let (places, paths) = places(&[
            "notes.txt",
            "snapshots/a1/config.json",
            "snapshots/a1/vae/config.json",
        ]);
        assert_eq!(places.speaker(&paths[1]), Speaker::Subject);
        assert_eq!(places.speaker(&paths[2]), Speaker::Part("snapshots/a1/vae"));
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

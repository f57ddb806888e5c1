//! What configuration files ask for: remote code, targets, loaders.

use std::fmt;

use crate::reach::Escape;

/// See the variants.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A loader that is allowed to run code of the model takes a class from it, or from elsewhere.
    RemoteCode {
        /// The loader.
        loader: Loader,
        /// Module and class.
        class: String,
        /// Another repository that the code comes from.
        repository: Option<String>,
    },
    /// The configuration itself switches on that code of the model is run.
    TrustsRemoteCode,
    /// A file name leaves the folder of the model.
    EscapingPath {
        /// The name.
        path: String,
        /// How.
        how: Escape,
    },
    /// An adapter belongs to a model that is not named by a repository.
    ForeignBase {
        /// Where it is.
        path: String,
        /// In which way that leaves the folder.
        how: Escape,
    },
    /// A list of requirements takes packages from elsewhere than the usual index.
    PackageSource {
        /// The line.
        line: String,
        /// From where.
        source: Source,
    },
    /// A callable is named, to be called when the model is built from its configuration.
    Target {
        /// The key that names it: `_target_`.
        key: String,
        /// The callable, as written.
        name: String,
        /// What calling it can do.
        reach: TargetReach,
    },
    /// A tag makes the loader build an object of a programming language.
    LanguageTag {
        /// The tag, without the namespace of YAML.
        tag: String,
        /// What that can do.
        reach: TargetReach,
    },
    /// A text that a resolver fills in when the configuration is read.
    Interpolation {
        /// The resolver: `oc.env`.
        resolver: String,
    },
    /// A module of MLflow's model description that is imported to load the model.
    LoaderModule {
        /// The module.
        module: String,
    },
    /// A node of a skops file.
    Skops(SkopsNode),
}

/// What calling a named callable can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetReach {
    /// It runs code or a program, changes the interpreter, or calls what it is given by name.
    Unbounded,
    /// It loads a second file that can run code, writes files, or opens a connection.
    Files,
    /// It belongs to no library that is known, or is a function of one that is on no list of harmless ones.
    Unknown,
    /// Which one it is, is told only when the configuration is read.
    Computed,
    /// Nothing beyond building a part of a model.
    Known,
}

/// A node of a skops file that is not on the list of trusted types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkopsNode {
    /// The kind of the node: `ObjectNode`.
    pub loader: String,
    /// Module and name.
    pub name: String,
    /// What is wrong with it.
    pub fault: SkopsFault,
}

/// What is wrong with a node of a skops file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SkopsFault {
    /// Calling or making it runs code, or reaches other objects.
    Dangerous,
    /// Its type is of a known library and on no list of trusted ones.
    Unlisted,
    /// Its type is known to nobody.
    Untrusted,
    /// It declares another type than its object has: only the declared one is checked.
    Disagrees,
    /// It is of a kind that is not known.
    UnknownKind,
}

/// What loads a class by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loader {
    /// `auto_map` of transformers.
    AutoMap,
    /// `custom_pipelines` of transformers, the class of a diffusers pipeline.
    Pipeline,
    /// A component of a diffusers pipeline.
    Component,
    /// A module of a sentence-transformers encoder.
    Encoder,
    /// The library of a PEFT adapter's base model.
    Adapter,
    /// An attention kernel from a hub.
    Kernel,
}

impl Loader {
    /// Whether the loader finds `name` in itself or in a library that belongs to it.
    #[must_use]
    pub fn knows(self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or_default();
        let known: &[&str] = match self {
            Self::Component => COMPONENTS,
            Self::Encoder => &["sentence_transformers", "pylate", "torch"],
            Self::Adapter => &[
                "transformers",
                "diffusers",
                "peft",
                "torch",
                "sentence_transformers",
                "timm",
            ],
            Self::AutoMap | Self::Pipeline | Self::Kernel => &[],
        };
        known.contains(&root)
    }
}

/// Libraries and pipeline modules that diffusers takes components from without being allowed to run foreign code.
const COMPONENTS: &[&str] = &[
    "diffusers",
    "transformers",
    "onnxruntime",
    "optimum",
    "flax",
    "peft",
    "stable_diffusion",
    "stable_diffusion_xl",
    "stable_diffusion_3",
    "stable_diffusion_safe",
    "stable_cascade",
    "stable_audio",
    "alt_diffusion",
    "latent_diffusion",
    "paint_by_example",
    "deepfloyd_if",
    "versatile_diffusion",
    "unidiffuser",
    "kandinsky",
    "kandinsky2_2",
    "kandinsky3",
    "wuerstchen",
    "shap_e",
    "audioldm",
    "audioldm2",
    "musicldm",
    "blip_diffusion",
    "controlnet",
    "controlnet_xs",
    "flux",
    "pixart_alpha",
    "hunyuandit",
    "hunyuan_video",
    "lumina",
    "lumina2",
    "cogvideo",
    "cogview3",
    "cogview4",
    "ltx",
    "mochi",
    "sana",
    "wan",
    "consisid",
    "semantic_stable_diffusion",
    "spectrogram_diffusion",
    "unclip",
    "amused",
    "marigold",
    "ledits_pp",
    "omnigen",
    "visualcloze",
    "cosmos",
    "qwenimage",
    "bria",
];

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AutoMap => "auto_map",
            Self::Pipeline => "a pipeline of its own",
            Self::Component => "a component of the pipeline",
            Self::Encoder => "a module of the encoder",
            Self::Adapter => "the library of the adapter",
            Self::Kernel => "an attention kernel",
        })
    }
}

/// Where a package comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// Another index, alone or beside the usual one: a package of the same name is taken from there.
    Index,
    /// Another index of a known publisher of machine-learning libraries.
    KnownIndex,
    /// An address.
    Address,
    /// An address without encryption, or an index whose certificate is not checked.
    Insecure,
}

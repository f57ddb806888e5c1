//! Names in configurations that are called to build a model.
//!
//! [Hydra](https://hydra.cc/docs/advanced/instantiate_objects/overview/) calls what `_target_` names with the keys
//! beside it, at any depth; torchtune says `_component_`, Lightning's command line `class_path`. Tags of YAML do the
//! same: PyYAML's `!!python/…`, SnakeYAML's Java classes, Ruby's objects, HyperPyYAML's `!new:`.

use weightlock_format::yaml::{self, Tag};

use crate::{
    analyze::python,
    imports::{Capability, Grade, Kind, look_up},
    observation::{
        config::{Seen, TargetReach},
        python::What,
    },
};

/// Keys whose value is called.
const CALLED: &[&str] = &["_target_", "__target__", "_component_", "class_path"];
/// Keys whose value is called by some programs, and means something else to others: only what has reach is told.
const PERHAPS_CALLED: &[&str] = &[
    "target",
    "_fn_",
    "_class_",
    "callable",
    "func",
    "function",
    "loader",
    "entrypoint",
    "entry_point",
    "factory",
];

/// Callables that call what a text names, or look it up: with them every other is within reach.
const INDIRECT: &[&str] = &[
    "hydra.utils.get_method",
    "hydra.utils.get_static_method",
    "hydra.utils.get_class",
    "hydra.utils.get_object",
    "hydra.utils.call",
    "hydra.utils.instantiate",
    "hydra._internal.utils._locate",
    "hydra._internal.instantiate._instantiate2.instantiate",
    "hydra.initialize_config_module",
    "omegaconf.OmegaConf.register_new_resolver",
    "omegaconf.OmegaConf.register_resolver",
    "nemo.core.classes.common.Serialization.from_config_dict",
    "nemo.utils.model_utils.import_class_by_path",
    "transformers.dynamic_module_utils.get_class_from_dynamic_module",
    "transformers.utils.import_utils.direct_transformers_import",
    "lightning.pytorch.cli.instantiate_class",
    "pytorch_lightning.cli.instantiate_class",
    "pytorch_lightning.utilities.cli.instantiate_class",
    "jsonargparse.util.import_object",
    "sklearn.utils.metaestimators.available_if",
    "monai.utils.module.instantiate",
    "monai.utils.instantiate",
    "monai.bundle.run",
    "monai.bundle.scripts.run",
    "kedro.utils.load_obj",
    "django.utils.module_loading.import_string",
    "torch.package.PackageImporter",
    "mmengine.config.Config.fromfile",
    "fairseq.utils.import_user_module",
    "confection.registry.make_from_config",
];

/// Functions that configurations call every day, and that only read data or build a model.
const ORDINARY: &[&str] = &[
    "timm.create_model",
    "timm.models.create_model",
    "torch.compile",
    "pandas.read_csv",
    "pandas.read_parquet",
    "numpy.loadtxt",
    "numpy.genfromtxt",
    "torch.jit.script",
];

/// Modules of which any member has reach, or which lead to one.
const REACHING: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "builtins",
    "__builtin__",
    "importlib",
    "imp",
    "ctypes",
    "socket",
    "shutil",
    "pickle",
    "_pickle",
    "marshal",
    "pty",
    "runpy",
    "code",
    "codeop",
    "types",
    "operator",
    "functools",
    "inspect",
    "pkgutil",
    "pydoc",
    "webbrowser",
    "multiprocessing",
    "asyncio",
    "threading",
    "_thread",
    "signal",
    "site",
    "atexit",
    "gc",
    "timeit",
    "cProfile",
    "profile",
    "pdb",
    "bdb",
    "platform",
    "tempfile",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "telnetlib",
    "xmlrpc",
    "socketserver",
    "cloudpickle",
    "dill",
    "joblib",
    "shelve",
    "zipimport",
    "distutils",
    "setuptools",
    "pip",
    "requests",
    "httpx",
    "io",
    "_io",
    "codecs",
    "glob",
    "mmap",
    "linecache",
];

/// Libraries of which models are built.
const LIBRARIES: &[&str] = &[
    "nemo",
    "torch",
    "torchvision",
    "torchaudio",
    "torchtext",
    "torchmetrics",
    "torchtune",
    "torchdata",
    "pytorch_lightning",
    "lightning",
    "lightning_fabric",
    "omegaconf",
    "hydra",
    "transformers",
    "diffusers",
    "megatron",
    "apex",
    "timm",
    "sklearn",
    "numpy",
    "einops",
    "monai",
    "speechbrain",
    "fairseq",
    "fairseq2",
    "nemo_text_processing",
    "nvidia",
    "bionemo",
    "modulus",
    "physicsnemo",
    "esm",
    "xformers",
    "peft",
    "accelerate",
    "datasets",
    "tokenizers",
    "kornia",
    "segmentation_models_pytorch",
    "detectron2",
    "mmcv",
    "mmdet",
    "mmengine",
    "mmseg",
    "ultralytics",
    "gluonts",
    "chronos",
    "deepspeed",
    "flash_attn",
    "ldm",
    "sgm",
    "k_diffusion",
    "open_clip",
    "clip",
    "sentencepiece",
    "tiktoken",
    "librosa",
    "albumentations",
    "tensorflow",
    "keras",
    "keras_hub",
    "keras_nlp",
    "jax",
    "flax",
    "optax",
    "haiku",
    "scipy",
    "pandas",
    "xgboost",
    "lightgbm",
    "catboost",
    "spacy",
    "flair",
    "gym",
    "gymnasium",
    "stable_baselines3",
    "ray",
    "trl",
    "sentence_transformers",
    "audiocraft",
    "encodec",
    "pyannote",
    "asteroid",
    "espnet",
    "espnet2",
    "matcha",
    "vocos",
    "cosmos_predict1",
    "torch_geometric",
    "dgl",
    "pytorch_forecasting",
    "neuralforecast",
    "pytorch3d",
    "nerfstudio",
    "bitsandbytes",
    "transformer_engine",
    "megatron_core",
];

/// Whether a key that occurs twice could hide a callable.
pub(super) fn decides(key: &str) -> bool {
    CALLED.contains(&key)
        || PERHAPS_CALLED.contains(&key)
        || matches!(
            key,
            "loader_module" | "_args_" | "python_model" | "code" | "model_path"
        )
}

/// Whether what a text under `key` names is called.
pub(super) fn is_called(key: &str) -> bool {
    CALLED.contains(&key)
}

/// What a value under `key` asks for.
pub(super) fn of_value(key: &str, text: &str, resolve: impl Fn(&str) -> Option<String>) -> Option<Seen> {
    let is_called = CALLED.contains(&key);
    if !is_called && !PERHAPS_CALLED.contains(&key) {
        return None;
    }
    let name = text.trim();
    let resolved = name
        .strip_prefix("${")
        .and_then(|inner| inner.strip_suffix('}'))
        .and_then(resolve);
    let name = resolved.as_deref().unwrap_or(name).trim();
    let reach = if name.contains("${") {
        TargetReach::Computed
    } else {
        reach(name)
    };
    let notable = reach.is_notable() && is_called;
    let is_path = name.contains('.') && name.len() < 512 && !name.contains(char::is_whitespace);
    let dangerous =
        is_path && matches!(reach, TargetReach::Unbounded | TargetReach::Files) && !name.contains('/');
    (notable || dangerous).then(|| Seen::Target {
        key: key.to_owned(),
        name: name.to_owned(),
        reach,
    })
}

/// What a tag asks for; `None` when it is no tag of a language.
pub(super) fn of_tag(tag: &Tag) -> Option<Seen> {
    let name = tag.name.strip_prefix(yaml::CORE);
    let local = tag.name.strip_prefix('!');
    if let Some(call) = name.and_then(|name| name.strip_prefix("python/")) {
        return Some(python_tag(&tag.name, call));
    }
    if let Some(local) = local {
        if let Some((kind, target)) = local.split_once(':')
            && matches!(
                kind,
                "new" | "name" | "apply" | "module" | "call" | "func" | "obj" | "class"
            )
        {
            let reach = reach(target);
            let seen = || Seen::Target {
                key: format!("!{kind}"),
                name: target.to_owned(),
                reach,
            };
            return reach.is_notable().then(seen);
        }
        if let Some(call) = local.strip_prefix("python/") {
            return Some(python_tag(&tag.name, call));
        }
    }
    let language = name.or(local).unwrap_or(&tag.name);
    let is_language = [
        "ruby/",
        "php/",
        "perl/",
        "js/",
        "javascript/",
        "java/",
        "cs/",
        "dotnet/",
        "lua/",
        "rust/",
    ]
    .iter()
    .any(|start| language.starts_with(start));
    // SnakeYAML takes any global tag for the name of a class.
    let is_class = name.is_some_and(|name| name.contains('.'))
        || local.is_none() && name.is_none() && !tag.name.starts_with("tag:");
    (is_language || is_class).then(|| Seen::LanguageTag {
        tag: language.to_owned(),
        reach: TargetReach::Unbounded,
    })
}

/// `python/object/apply:os.system` and its relatives.
fn python_tag(whole: &str, call: &str) -> Seen {
    let tag = whole.strip_prefix(yaml::CORE).unwrap_or(whole).to_owned();
    let reach = match call.split_once(':') {
        Some((_, name)) => match reach(name) {
            TargetReach::Known => TargetReach::Known,
            _ => TargetReach::Unbounded,
        },
        None if matches!(
            call,
            "tuple"
                | "list"
                | "dict"
                | "str"
                | "unicode"
                | "int"
                | "long"
                | "float"
                | "complex"
                | "bool"
                | "bytes"
                | "none"
        ) =>
        {
            TargetReach::Known
        }
        None => TargetReach::Unbounded,
    };
    Seen::LanguageTag { tag, reach }
}

/// What calling `name` can do.
fn reach(name: &str) -> TargetReach {
    let name = name.replace(':', ".");
    let parts: Vec<&str> = name.split('.').collect();
    let leads_out = parts
        .iter()
        .any(|part| part.starts_with("__") && part.ends_with("__"));
    let reaching = parts
        .iter()
        .rev()
        .skip(1)
        .any(|part| REACHING.contains(part) && !is_own_module(&name, part));
    if INDIRECT.contains(&name.as_str()) || leads_out {
        return TargetReach::Unbounded;
    }
    // A function of a module, or a method of a class of one.
    let is_method = |at: &usize| {
        parts
            .get(*at)
            .is_some_and(|part| part.starts_with(char::is_uppercase))
    };
    let splits = [parts.len().saturating_sub(1), parts.len().saturating_sub(2)];
    let splits = splits
        .into_iter()
        .enumerate()
        .filter(|(back, at)| *at > 0 && (*back == 0 || is_method(at)));
    let imports: Vec<_> = splits
        .filter_map(|(_, at)| Some(look_up(&parts.get(..at)?.join("."), &parts.get(at..)?.join("."))))
        .collect();
    let can = |list: &[Capability]| {
        imports
            .iter()
            .any(|import| list.iter().any(|&capability| import.can(capability)))
    };
    let unbounded = [
        Capability::Execute,
        Capability::Process,
        Capability::Import,
        Capability::Reflect,
        Capability::Interpreter,
        Capability::Memory,
    ];
    let deed = python::deed_of(&name);
    let runs = matches!(
        deed,
        Some(
            What::Process
                | What::Execute
                | What::Source
                | What::Native
                | What::NativeSource
                | What::Interpreter
        )
    );
    // What the constructor of a library's class can do is bounded by what it is given; starting a program is not.
    let is_library = parts.first().is_some_and(|root| LIBRARIES.contains(root)) && !reaching;
    let is_class = imports
        .first()
        .is_some_and(|import| import.kind == Kind::Class && import.bare_capabilities.is_empty());
    if is_library && (is_class && !can(&[Capability::Process]) || ORDINARY.contains(&name.as_str())) {
        return TargetReach::Known;
    }
    if can(&unbounded) || runs {
        return TargetReach::Unbounded;
    }
    if can(&[
        Capability::Load,
        Capability::FileWrite,
        Capability::FileRead,
        Capability::Network,
    ]) || deed.is_some()
        || name.starts_with("torch.hub.")
    {
        return TargetReach::Files;
    }
    let vouched = |grade: Grade| !matches!(grade, Grade::Unknown | Grade::Unlisted | Grade::Dangerous);
    if imports.iter().any(|import| vouched(import.grade)) {
        return TargetReach::Known;
    }
    if reaching {
        return TargetReach::Unbounded;
    }
    match parts.split_first() {
        Some((root, rest)) if LIBRARIES.contains(root) && !rest.is_empty() => TargetReach::Known,
        _ => TargetReach::Unknown,
    }
}

/// Whether a module that is called like one with reach belongs to a library: `torch.utils.data.distributed.io` is not `io`.
fn is_own_module(name: &str, part: &str) -> bool {
    const AMBIGUOUS: &[&str] = &[
        "code",
        "types",
        "io",
        "operator",
        "functools",
        "http",
        "platform",
        "profile",
        "site",
        "distutils",
        "multiprocessing",
        "signal",
        "glob",
        "codecs",
    ];
    let root = name.split('.').next().unwrap_or_default();
    root != part && AMBIGUOUS.contains(&part)
}

/// The resolver of an interpolation that is more than a reference.
pub(super) fn resolver(text: &str) -> Option<String> {
    let inner = text.split("${").nth(1)?;
    let (name, _) = inner.split_once(':')?;
    let is_name = !name.is_empty()
        && name.len() < 64
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_can_do_is_told() {
        use TargetReach::{Files, Known, Unbounded, Unknown};
        for (name, expected) in [
            ("os.system", Unbounded),
            ("builtins.exec", Unbounded),
            ("subprocess.Popen", Unbounded),
            ("functools.partial", Unbounded),
            ("hydra.utils.get_method", Unbounded),
            ("hydra.utils.instantiate", Unbounded),
            ("torch.os.system", Unbounded),
            ("torch.serialization.os.popen", Unbounded),
            ("nemo.collections.asr.models.sys.modules.get", Unbounded),
            ("torch.nn.Linear.__init__.__globals__.get", Unbounded),
            ("torch.hub.load", Unbounded),
            ("torch.load", Files),
            ("numpy.load", Files),
            ("my_package.Model", Unknown),
            ("model", Unknown),
            ("torch", Unknown),
            ("nemo.collections.asr.models.EncDecCTCModelBPE", Known),
            ("torch.optim.AdamW", Known),
            ("torch.utils.data.DataLoader", Known),
            ("timm.create_model", Known),
            ("transformers.AutoModel.from_pretrained", Known),
            ("torch.utils.collect_env.run", Unbounded),
            ("lightning.pytorch.callbacks.ModelCheckpoint", Known),
            ("collections.OrderedDict", Known),
        ] {
            assert_eq!(reach(name), expected, "{name}");
        }
    }
}

//! What calling the callable of a given name can do, where a configuration names it and a loader calls it.
//!
//! Default deny: what [`look_up`] grades as dangerous is told as such; of a known library its *classes* are taken for
//! parts of a model, its functions only where they are listed one by one or belong to a family of plain constructors.
//! Anything else cannot be vouched for. The name of a module says nothing of what it has imported: `torch.os.system` is
//! `os.system`.

mod names;

use names::{FAMILIES, INDIRECT, LIBRARIES, ORDINARY, REACHING};

use super::{python, tensorflow};
use crate::{
    imports::{Capability, Grade, Import, Kind, look_up},
    observation::{config::TargetReach, python::What},
};

/// What lets a callable reach every other.
const UNBOUNDED: &[Capability] = &[
    Capability::Execute,
    Capability::Process,
    Capability::Import,
    Capability::Reflect,
    Capability::Interpreter,
    Capability::Memory,
];

/// What reaches files and other machines.
const OUTSIDE: &[Capability] = &[
    Capability::Load,
    Capability::FileWrite,
    Capability::FileRead,
    Capability::Network,
];

/// Constructors of a class that take a repository or a configuration, in libraries that load weights without running
/// code of the model unless told to.
const FROM: &[&str] = &["from_pretrained", "from_config"];
const PUBLISHERS: &[&str] = &[
    "transformers",
    "diffusers",
    "tokenizers",
    "peft",
    "timm",
    "open_clip",
    "sentence_transformers",
];

/// Words in the name of a function of a library that say that it runs, imports or looks up what it is given.
const RUNNING_WORDS: &[&str] = &[
    "command",
    "decode",
    "deserialize",
    "eval",
    "exec",
    "execute",
    "foreign",
    "import",
    "instantiate",
    "launch",
    "launcher",
    "loads",
    "locate",
    "main",
    "popen",
    "query",
    "run",
    "script",
    "shell",
    "spawn",
    "subprocess",
    "system",
    "unpickle",
];

/// Words that say that it reads or writes files, or fetches them.
const FILE_WORDS: &[&str] = &[
    "checkpoint",
    "download",
    "dump",
    "extract",
    "fetch",
    "file",
    "fromfile",
    "install",
    "load",
    "open",
    "pickle",
    "read",
    "restore",
    "save",
    "url",
    "write",
];

/// Parts of the name of a class that say that it starts programs or runs code, in libraries that no table covers.
const RUNNING_CLASSES: &[&str] = &[
    "Command",
    "Importer",
    "Interpreter",
    "Shell",
    "Subproc",
    "Unpickler",
];

/// What calling `name` can do.
pub(super) fn reach(name: &str) -> TargetReach {
    let name = name.replace(':', ".");
    let parts: Vec<&str> = name.split('.').collect();
    let leads_out = parts
        .iter()
        .any(|part| part.starts_with("__") && part.ends_with("__"));
    let of_indirect = name
        .rsplit_once('.')
        .is_some_and(|(class, _)| INDIRECT.contains(&class));
    if INDIRECT.contains(&name.as_str()) || of_indirect || leads_out {
        return TargetReach::Unbounded;
    }
    if ORDINARY.contains(&name.as_str()) {
        return TargetReach::Known;
    }
    let reaching = parts
        .iter()
        .rev()
        .skip(1)
        .any(|part| REACHING.contains(part) && !is_own_module(&name, part));
    let is_library = parts.len() > 1 && parts.first().is_some_and(|root| LIBRARIES.contains(root));
    let imports = imports(&parts);
    let listed = of_imports(&name, &imports, is_library && !reaching);
    listed.unwrap_or_else(|| match () {
        () if reaching => TargetReach::Unbounded,
        () if is_library => in_library(&name, &parts),
        () if is_bare_class(&name) => TargetReach::Known,
        () => TargetReach::Unknown,
    })
}

/// What the import policy says of a name, as a member of a module and as a method of a class of one.
fn imports(parts: &[&str]) -> Vec<Import> {
    let is_method = |at: &usize| parts.get(*at).is_some_and(|part| is_class(part));
    let splits = [parts.len().saturating_sub(1), parts.len().saturating_sub(2)];
    splits
        .into_iter()
        .enumerate()
        .filter(|(back, at)| *at > 0 && (*back == 0 || is_method(at)))
        .filter_map(|(_, at)| Some(look_up(&parts.get(..at)?.join("."), &parts.get(at..)?.join("."))))
        .collect()
}

/// What the tables say; `None` where they do not know the name.
fn of_imports(name: &str, imports: &[Import], is_library: bool) -> Option<TargetReach> {
    let can = |list: &[Capability]| {
        imports
            .iter()
            .any(|import| list.iter().any(|&capability| import.can(capability)))
    };
    // What the constructor of a library's class can do is bounded by what it is given; starting a program is not.
    let is_class = imports
        .first()
        .is_some_and(|import| import.kind == Kind::Class && import.bare_capabilities.is_empty());
    if is_library && is_class && !can(&[Capability::Process]) {
        return Some(TargetReach::Known);
    }
    let deed = python::deed_of(name);
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
    if can(UNBOUNDED) || runs {
        return Some(TargetReach::Unbounded);
    }
    if can(OUTSIDE) || deed.is_some() || name.starts_with("torch.hub.") {
        return Some(TargetReach::Files);
    }
    let vouched = |grade: Grade| !matches!(grade, Grade::Unknown | Grade::Unlisted | Grade::Dangerous);
    imports
        .iter()
        .any(|import| vouched(import.grade))
        .then_some(TargetReach::Known)
}

/// A member of a library that the tables do not know.
fn in_library(name: &str, parts: &[&str]) -> TargetReach {
    let Some((last, before)) = parts.split_last() else {
        return TargetReach::Unknown;
    };
    if let Some(operator) = name.strip_prefix("tensorflow.raw_ops.") {
        return match tensorflow::reach_of(operator) {
            Some(_) => TargetReach::Unbounded,
            None => TargetReach::Unknown,
        };
    }
    if is_class(last) {
        return class_of_library(last);
    }
    let module = before.join(".");
    let says = |list: &[&str]| last.split('_').any(|word| list.contains(&word));
    let is_published = FROM.contains(last) && parts.first().is_some_and(|root| PUBLISHERS.contains(root));
    if is_published {
        TargetReach::Known
    } else if says(RUNNING_WORDS) {
        TargetReach::Unbounded
    } else if says(FILE_WORDS) {
        TargetReach::Files
    } else if is_constructor(&module, last) {
        TargetReach::Known
    } else {
        TargetReach::Unknown
    }
}

/// A class that a library has, or has imported from the standard library.
fn class_of_library(class: &str) -> TargetReach {
    let foreign = REACHING
        .iter()
        .map(|module| look_up(module, class))
        .find(|import| import.kind == Kind::Class && import.grade == Grade::Dangerous);
    match foreign {
        Some(import) if UNBOUNDED.iter().any(|&capability| import.can(capability)) => TargetReach::Unbounded,
        Some(_) => TargetReach::Files,
        None if RUNNING_CLASSES.iter().any(|word| class.contains(word)) => TargetReach::Unknown,
        None => TargetReach::Known,
    }
}

/// Whether `function` is a public one of a family. Those of torchtune have a module for each model.
fn is_constructor(module: &str, function: &str) -> bool {
    let is_family = FAMILIES.contains(&module)
        || module == "torchtune.models"
        || module
            .strip_prefix("torchtune.models.")
            .is_some_and(|model| !model.contains('.'))
        || module == "timm.models"
        || module
            .strip_prefix("timm.models.")
            .is_some_and(|model| !model.starts_with('_') && !model.contains('.'));
    let helper = ["_", "get_", "list_", "register", "boolean_", "handle_", "has_"];
    is_family && !helper.iter().any(|start| function.starts_with(start))
}

/// `DataLoader`, `_Loss`; not `random_split`.
fn is_class(part: &str) -> bool {
    part.trim_start_matches('_').starts_with(char::is_uppercase)
}

/// A class without its module, as the bundles of MONAI name their own: nothing else is found that way.
fn is_bare_class(name: &str) -> bool {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric());
    let has_small = name.contains(|c: char| c.is_ascii_lowercase());
    let of_monai = [
        "monai.bundle",
        "monai.bundle.workflows",
        "monai.bundle.config_item",
        "monai.apps.auto3dseg",
        "monai.apps.nnunet",
    ];
    let has_reach = of_monai
        .iter()
        .any(|module| INDIRECT.contains(&format!("{module}.{name}").as_str()));
    is_word && has_small && name.starts_with(|c: char| c.is_ascii_uppercase()) && !has_reach
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
            // Functions and methods of libraries, of which only listed ones are known.
            ("torch.distributed.run.main", Unbounded),
            ("torch.utils.benchmark.Timer", Unbounded),
            ("torch.utils.benchmark.Timer.timeit", Unbounded),
            ("torch.jit.CompilationUnit", Unbounded),
            ("torch.hub.zipfile.ZipFile", Files),
            ("gluonts.core.serde.decode", Unbounded),
            ("ldm.util.instantiate_from_config", Unbounded),
            ("detectron2.config.LazyConfig.load", Unbounded),
            ("mmengine.utils.import_modules_from_strings", Unbounded),
            ("fairseq.checkpoint_utils.load_checkpoint_to_cpu", Files),
            ("nemo.collections.asr.models.ASRModel.restore_from", Files),
            ("lightning.pytorch.LightningModule.load_from_checkpoint", Files),
            ("gym.make", Unbounded),
            ("tensorflow.raw_ops.PyFunc", Unbounded),
            ("tensorflow.raw_ops.WriteFile", Unbounded),
            ("pandas.DataFrame.query", Unbounded),
            ("numpy.f2py.main", Unbounded),
            ("monai.bundle.load", Unbounded),
            ("librosa.util.anything", Unknown),
            ("torchvision.models.get_weight", Unknown),
            ("deepspeed.launcher.ShellRunner", Unknown),
            ("torch.nn.functional.gelu", Known),
            ("torchvision.models.resnet18", Known),
            ("torchtune.models.llama3.llama3_8b", Known),
            ("transformers.get_linear_schedule_with_warmup", Known),
            ("optax.adamw", Known),
            ("monai.networks.nets.UNet", Known),
            // Without a module.
            ("UNet", Known),
            ("LoadImaged", Known),
            ("ConfigParser", Unknown),
            ("load", Unknown),
        ] {
            assert_eq!(reach(name), expected, "{name}");
        }
    }
}

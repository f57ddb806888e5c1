//! Marshalled Python code: which dangerous names it reaches, and compiled modules (`.pyc`).
//!
//! Code is not disassembled: opcodes change with every version, and obfuscation is cheap. What code can reach must go
//! through a name that stands in it, or through reflection, which has names of its own. A module may be named as a
//! global, as an attribute, or in a text that is handed to an import; so each of these is paired with each name.

use std::collections::BTreeSet;

use weightlock_format::{
    Problem,
    limits::Limits,
    marshal::{self, Marshalled},
};

use super::{Examination, Role, Subject};
use crate::{
    coverage::Gap,
    imports::{self, Capability, Grade},
    observation::marshal::{Reached, Seen},
};

/// Modules that are paired with names. A function that uses more is no function of a layer.
const MODULES: usize = 64;
/// Names that are paired with modules.
const NAMES: usize = 1024;

/// Attributes of any object that lead from it to everything else.
const ESCAPES: &[&str] = &[
    "__base__",
    "__bases__",
    "__builtins__",
    "__closure__",
    "__code__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__loader__",
    "__mro__",
    "__reduce__",
    "__reduce_ex__",
    "__spec__",
    "__subclasses__",
    "cr_frame",
    "f_back",
    "f_builtins",
    "f_globals",
    "gi_frame",
    "mro",
    "tb_frame",
];

/// Built-in functions that reflect, and that a computation has no use for. Others that reflect, such as `max` with its
/// key function, are everyday.
const REFLECTIVE: &[&str] = &["delattr", "getattr", "globals", "locals", "setattr", "vars"];

/// What marshalled data names that can do harm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Survey {
    /// The names, sorted.
    pub(crate) reached: Vec<Reached>,
    /// Bytes that were read.
    pub(crate) size: u64,
}

/// Surveys the marshalled code in `bytes`, which begin at `offset` of their content.
///
/// # Errors
/// When it is no marshalled code, or too much of it.
pub(crate) fn survey(bytes: &[u8], offset: u64, limits: &Limits) -> Result<Survey, Problem> {
    let marshalled = marshal::read(bytes, offset, limits)?;
    Ok(Survey {
        reached: reached(&marshalled),
        size: marshalled.size,
    })
}

/// The dangerous names that any of the code objects reaches.
fn reached(marshalled: &Marshalled) -> Vec<Reached> {
    let names: BTreeSet<&str> = marshalled
        .codes
        .iter()
        .flat_map(|code| &code.names)
        .map(String::as_str)
        .collect();
    let texts = marshalled.codes.iter().flat_map(|code| &code.texts);
    let texts: BTreeSet<&str> = texts.map(String::as_str).filter(|text| is_name(text)).collect();
    let mut found = BTreeSet::new();
    for &name in &names {
        let import = imports::look_up("builtins", name);
        if import.grade == Grade::Dangerous && (is_harmful(import.capabilities) || REFLECTIVE.contains(&name))
        {
            found.insert(reach("builtins", name, import.capabilities));
        }
    }
    // A text can be the name that `getattr` looks up.
    for &name in names.iter().chain(&texts) {
        if ESCAPES.contains(&name) {
            found.insert(reach("", name, &[Capability::Reflect]));
        }
    }
    // What is no module of a known package leads to nothing that is known.
    let is_module =
        |module: &&&str| **module != "builtins" && imports::look_up(module, "").grade != Grade::Unknown;
    let modules = names.iter().chain(&texts).filter(is_module).take(MODULES);
    for &module in modules {
        for &name in names.iter().chain(&texts).take(NAMES) {
            let import = imports::look_up(module, name);
            if import.grade == Grade::Dangerous && is_harmful(import.capabilities) {
                found.insert(reach(module, name, import.capabilities));
            }
        }
    }
    found.into_iter().collect()
}

fn reach(module: &str, name: &str, capabilities: &'static [Capability]) -> Reached {
    Reached {
        module: module.to_owned(),
        name: name.to_owned(),
        capabilities,
    }
}

/// Whether there is more to it than reflection.
fn is_harmful(capabilities: &[Capability]) -> bool {
    capabilities
        .iter()
        .any(|&capability| capability != Capability::Reflect)
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
    !text.is_empty() && text.len() <= 128 && text.bytes().all(plain)
}

/// Examines a compiled module.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let file = match subject.content.whole(exam.limits.held) {
        Ok(Some(file)) => file,
        Ok(None) => {
            exam.observe(Seen::Module { reached: None });
            let limit = exam.limits.held as u64;
            let what = "bytes of a compiled module";
            return exam.unread(0..size, Gap::Limit { what, limit });
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    match marshal::read_module(&file, exam.limits) {
        Ok(module) => {
            let reached = Some(reached(&module));
            exam.put(Some(0), Some("code object".to_owned()), Seen::Module { reached });
            exam.explain(0..module.size);
            for &(start, length) in module.codes.iter().flat_map(|code| &code.bytes) {
                let name = format!("bytes at {start}");
                if length >= LEAST_BYTES {
                    exam.inner(&name, subject.content.part(start, length), Role::TensorBytes);
                }
            }
        }
        Err(problem) => {
            exam.observe(Seen::Module { reached: None });
            exam.gave_up(problem.into(), subject);
        }
    }
}

/// Shorter constants hold no pickle or program.
const LEAST_BYTES: u64 = 16;

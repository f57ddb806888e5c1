//! Names in configurations that are called to build a model.
//!
//! [Hydra](https://hydra.cc/docs/advanced/instantiate_objects/overview/) calls what `_target_` names with the keys
//! beside it, at any depth; torchtune says `_component_`, Lightning's command line `class_path`. Tags of YAML do the
//! same: PyYAML's `!!python/…`, SnakeYAML's Java classes, Ruby's objects, HyperPyYAML's `!new:`.

use weightlock_format::yaml::{self, Tag};

use super::super::callable::reach;
use crate::observation::config::{Seen, TargetReach};

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

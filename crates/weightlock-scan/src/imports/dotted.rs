//! Names with dots: protocol 4 resolves them attribute by attribute, so `collections` + `_sys.modules.get` leads out
//! of the module through whatever it happens to have imported.
//!
//! Nothing dotted is vouched for here; nested classes that pickles name are entries of the tables. What is told is
//! how bad it is.

use super::{Capability, Grade, Import, Kind, listed, roots};

/// Attributes that lead from any object to the interpreter.
const WAYS_OUT: [&str; 21] = [
    "__base__",
    "__bases__",
    "__builtins__",
    "__call__",
    "__class__",
    "__closure__",
    "__code__",
    "__dict__",
    "__func__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__init__",
    "__loader__",
    "__mro__",
    "__reduce__",
    "__reduce_ex__",
    "__self__",
    "__spec__",
    "__subclasses__",
    "modules",
];

/// What a dotted name leads to; `None` for a name without dots, and for a harmless path in an unknown module.
///
/// 1. Each part read as a module with the next as its name (`torch.serialization` + `os.system`): the worst of them.
/// 2. The first part in the module itself (`builtins` + `eval.__call__`).
/// 3. A way out of any object: reflection.
pub(super) fn judge(module: &str, name: &str) -> Option<Import> {
    if !name.contains('.') {
        return None;
    }
    let dangerous = |import: &Import| import.grade == Grade::Dangerous;
    let parts: Vec<&str> = name.split('.').take(MOST_PARTS).collect();
    let inner = parts
        .windows(2)
        .filter_map(|pair| listed(pair.first()?.trim_start_matches('_'), pair.last()?))
        .find(dangerous);
    let first = || listed(module, parts.first()?).filter(dangerous);
    let way_out = parts.iter().any(|part| WAYS_OUT.contains(part));
    let way_out = || way_out.then_some(REFLECTION);
    inner.or_else(first).or_else(way_out).or_else(|| {
        (parts.len() == MOST_PARTS || roots::is_known(module)).then(|| Import::plain(Grade::Unlisted))
    })
}

/// More parts than any real name has.
const MOST_PARTS: usize = 64;

const REFLECTION: Import = Import {
    grade: Grade::Dangerous,
    kind: Kind::Other,
    capabilities: &[Capability::Reflect],
    bare_capabilities: &[Capability::Reflect],
    calls_arguments: false,
    executes_template: false,
    may_be_held: false,
};

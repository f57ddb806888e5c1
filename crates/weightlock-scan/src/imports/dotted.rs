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
/// 1. Each run of parts read as a module with the next part as its name (`torch.serialization` + `os.system`,
///    `torch` + `_sys.importlib.util.spec_from_loader`), with or without an underscore in front.
/// 2. The same below the module itself (`torch` + `utils.cpp_extension.load`, `builtins` + `eval.__call__`).
/// 3. A way out of any object: reflection.
pub(super) fn judge(module: &str, name: &str) -> Option<Import> {
    if !name.contains('.') {
        return None;
    }
    let parts: Vec<&str> = name.split('.').take(MOST_PARTS).collect();
    let reached = reached(module, &parts);
    let way_out = parts.iter().any(|part| WAYS_OUT.contains(part));
    let way_out = || way_out.then_some(REFLECTION);
    reached.or_else(way_out).or_else(|| {
        (parts.len() == MOST_PARTS || roots::is_known(module)).then(|| Import::plain(Grade::Unlisted))
    })
}

/// The first dangerous name that one of the parts may be.
fn reached(module: &str, parts: &[&str]) -> Option<Import> {
    let found = |at: usize| {
        let (name, before) = (parts.get(at)?, parts.get(..at)?);
        let own = (at <= MOST_DEPTH).then(|| joined(module, before));
        let other = (1..=MOST_DEPTH).filter_map(|length| before.get(at.checked_sub(length)?..));
        let other = other.map(|run| run.join("."));
        let bare = |module: &String| module.strip_prefix('_').map(ToOwned::to_owned);
        let modules = own.into_iter().chain(other);
        let modules = modules.flat_map(|module| [bare(&module), Some(module)]).flatten();
        modules
            .filter_map(|module| listed(&module, name))
            .find(|import| import.grade == Grade::Dangerous)
    };
    (0..parts.len()).find_map(found)
}

fn joined(module: &str, below: &[&str]) -> String {
    let parts: Vec<&str> = [module].into_iter().chain(below.iter().copied()).collect();
    parts.join(".")
}

/// More parts than any real name has.
const MOST_PARTS: usize = 16;

/// How many parts may be a module; each costs a search of the tables.
const MOST_DEPTH: usize = 4;

const REFLECTION: Import = Import {
    grade: Grade::Dangerous,
    kind: Kind::Other,
    capabilities: &[Capability::Reflect],
    bare_capabilities: &[Capability::Reflect],
    calls_arguments: false,
    executes_template: false,
    may_be_held: false,
};

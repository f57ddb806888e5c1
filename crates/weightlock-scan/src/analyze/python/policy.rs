//! What the import policy knows of a callable that no list here names, when it is called while the file is imported or
//! an object is made.
//!
//! The policy grades names by what they *can* do with arguments of an attacker's choice. Source names them with
//! arguments of its own, so what is judged is the call: a text that is evaluated, an address, a command.

use weightlock_format::python::{Call, Reach, Value};

use super::names;
use crate::{
    imports::{Capability, Import, Kind, is_of_python, look_up},
    observation::python::What,
};

/// What `call` of `name` does.
pub(super) fn of(call: &Call, name: &str) -> Option<What> {
    if call.reach > Reach::Construct || names::is_everyday(name) {
        return None;
    }
    if fetches(call, name) {
        return Some(What::Network);
    }
    let (module, function) = names::ask(name)?;
    let import = look_up(module, function);
    let is_class = import.kind == Kind::Class;
    // What a library can do through many hands says little of what its caller wants.
    let of_python = is_of_python(module);
    if call.reach > Reach::Import && !of_python {
        return None;
    }
    if import.can(Capability::Process) && gives_command(call, of_python) {
        return Some(What::Process);
    }
    if import.can(Capability::Execute) && !is_class && gives_code(call) {
        return Some(What::Execute);
    }
    if import.can(Capability::Network) && connects(import, name) {
        return Some(What::Network);
    }
    None
}

/// Whether a command is among the arguments: words, or text; for a function of a library, one that cannot be a name.
fn gives_command(call: &Call, any_text: bool) -> bool {
    use weightlock_format::python::What as Is;
    let is_words = |value: &Value| match &value.what {
        Is::Text(text) => any_text || text.starts_with('/') || text.trim().contains(' '),
        Is::Bytes(_) => true,
        Is::Items(words) => words.first().is_some_and(|word| word.as_path().is_some()),
        _ => false,
    };
    call.arguments.iter().any(|argument| is_words(&argument.value))
}

/// Whether a text that is code is among the arguments.
fn gives_code(call: &Call) -> bool {
    let texts = call
        .arguments
        .iter()
        .filter_map(|argument| argument.value.as_text());
    texts.into_iter().any(reaches_out)
}

/// Whether an expression leads out of what it is about: it names what is inside of objects, or calls by way of them.
/// `@` is how an expression on a table names what stands outside of it.
pub(super) fn reaches_out(text: &str) -> bool {
    let outside = text.contains('@') && text.contains('.')
        || ["import", "exec", "eval", ".system", ".popen", ".spawn", "open("]
            .iter()
            .any(|word| text.contains(word));
    text.contains("__") || text.contains('(') && outside
}

/// An address in an argument of what reads, or opens.
fn fetches(call: &Call, name: &str) -> bool {
    let has_address = call.arguments.iter().any(|argument| {
        let text = argument.value.as_text().unwrap_or_default();
        ["http://", "https://", "ftp://", "s3://", "gs://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
    });
    has_address
        && names::ask(name).is_some_and(|(module, function)| {
            let import = look_up(module, function);
            import.can(Capability::Network)
                || import.can(Capability::FileRead)
                || import.can(Capability::Load)
        })
}

/// Classes that keep an address until they are asked for more.
const LAZY: &[&str] = &[
    "socket.socket",
    "socket.SocketType",
    "ssl.SSLSocket",
    "requests.Session",
    "requests.session",
    "requests.sessions.Session",
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
];

fn connects(import: Import, name: &str) -> bool {
    import.kind != Kind::Other && !LAZY.contains(&name) && names::is_of_network(name)
}

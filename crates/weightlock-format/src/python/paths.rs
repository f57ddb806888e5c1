//! Paths that source puts together: `os.path.join`, `pathlib`, and the places that have a name.
//!
//! Where the beginning of a path is not known (`os.path.dirname(__file__)`), its end is kept: [`What::Tail`] of a text,
//! [`What::Path`] of a path of `pathlib`, both as a relative path. Nothing here asks whether a file exists.

use super::value::{Origin, Value, What};

/// Characters of a path that are followed.
const MOST_LENGTH: usize = 4096;

/// Where Python keeps packages, in the words of the file: what lies there is imported by others.
const PACKAGES: &str = "/site-packages";

/// What a function that gives a path gives.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Value> {
    let origin = arguments
        .iter()
        .fold(Origin::NONE, |all, value| all.and(value.origin));
    let first = arguments.first();
    let made = match name {
        "pathlib.Path" | "pathlib.PosixPath" | "pathlib.WindowsPath" | "pathlib.PurePath" => {
            path(joined(arguments).map_or_else(|| ".".to_owned(), |(text, _)| text))
        }
        "pathlib.Path.home" => path("~".to_owned()),
        "os.path.join" | "posixpath.join" => {
            let (text, is_whole) = joined(arguments)?;
            if is_whole {
                Value::text(text)
            } else {
                What::Tail(text.into()).into()
            }
        }
        "os.path.expanduser" | "os.path.expandvars" | "os.path.abspath" | "os.path.realpath"
        | "os.path.normpath" | "os.fspath"
            if matches!(first?.what, What::Text(_) | What::Tail(_)) =>
        {
            first?.clone()
        }
        "os.fspath" | "builtins.str" => Value::from(What::Tail(first?.as_path()?.into())),
        "site.getsitepackages" => Value::items(vec![Value::text(PACKAGES)]),
        "site.getusersitepackages" | "sysconfig.get_path" | "distutils.sysconfig.get_python_lib" => {
            Value::text(PACKAGES)
        }
        "sysconfig.get_paths" => {
            let table = [(Value::text("purelib"), Value::text(PACKAGES))];
            Value::from(What::Table(table.into()))
        }
        _ => return None,
    };
    Some(made.with(origin))
}

/// A variable of the environment; that of the home of the user is a place.
pub(super) fn variable(key: &What) -> Value {
    match key {
        What::Text(key) if matches!(&**key, "HOME" | "USERPROFILE") => Value::text("~"),
        _ => Value::unknown(),
    }
}

/// `left / right` of paths.
pub(super) fn divide(left: &Value, right: &Value) -> Option<Value> {
    if !matches!(left.what, What::Path(_)) && !matches!(right.what, What::Path(_)) {
        return None;
    }
    let (text, _) = joined(&[left.clone(), right.clone()])?;
    Some(path(text).with(left.origin.and(right.origin)))
}

/// An attribute of the path `text`.
pub(super) fn attribute(text: &str, name: &str) -> Value {
    match name {
        "parent" | "parents" => {
            let parent = text.rsplit_once('/').map_or(".", |(parent, _)| parent);
            path(if parent.is_empty() { "/" } else { parent }.to_owned())
        }
        _ => Value::global(format!("pathlib.Path.{name}")),
    }
}

/// What a method of the path `text` gives, if that is a path.
pub(super) fn method(text: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    match name {
        "joinpath" => {
            let parts: Vec<Value> = [path(text.to_owned())]
                .into_iter()
                .chain(arguments.iter().cloned())
                .collect();
            joined(&parts).map(|(text, _)| path(text))
        }
        "expanduser" | "resolve" | "absolute" | "as_posix" => Some(path(text.to_owned())),
        "with_name" => {
            let folder = text.rsplit_once('/').map_or(".", |(folder, _)| folder);
            Some(path(format!("{folder}/{}", arguments.first()?.as_path()?)))
        }
        _ => None,
    }
}

fn path(text: String) -> Value {
    if text.len() > MOST_LENGTH {
        return Value::unknown();
    }
    What::Path(text.into()).into()
}

/// The parts one after the other, and whether all of them are known; a part from the root begins anew.
fn joined(parts: &[Value]) -> Option<(String, bool)> {
    let mut whole = String::new();
    let mut is_whole = true;
    let mut has_end = false;
    for part in parts {
        let known = part.as_path();
        is_whole &= part.as_text().is_some();
        has_end = known.is_some();
        let known = known.unwrap_or(".");
        if whole.len().saturating_add(known.len()) > MOST_LENGTH {
            return None;
        }
        if known.starts_with('/') {
            whole.clear();
        } else if !whole.is_empty() && !whole.ends_with('/') {
            whole.push('/');
        }
        whole.push_str(known);
    }
    has_end.then_some((whole, is_whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> Value {
        Value::unknown()
    }

    #[test]
    fn paths_are_put_together_as_far_as_they_are_known() {
        let text = Value::text;
        let join = |parts: &[Value]| call("os.path.join", parts).map(|value| value.what);
        assert_eq!(join(&[text("a"), text("b")]), Some(text("a/b").what));
        assert_eq!(join(&[text("a"), text("/b")]), Some(text("/b").what));
        assert_eq!(join(&[unknown(), text("b")]), Some(What::Tail("./b".into())));
        assert_eq!(join(&[text("a"), unknown()]), None);
        assert_eq!(join(&[]), None);
        let home = call("pathlib.Path.home", &[]).unwrap();
        let file = divide(&home, &text(".bashrc")).unwrap();
        assert_eq!(file.as_path(), Some("~/.bashrc"));
        assert_eq!(file.as_text(), None);
        assert_eq!(divide(&text("a"), &text("b")), None);
        let made = method("/a/b", "with_name", &[text("c")]).unwrap();
        assert_eq!(made.as_path(), Some("/a/c"));
        assert_eq!(attribute("/a/b", "parent").as_path(), Some("/a"));
    }

    #[test]
    fn paths_do_not_grow_without_end() {
        let mut path = Value::text("a".repeat(1000));
        for _ in 0..20 {
            match call("os.path.join", &[path.clone(), path.clone()]) {
                Some(longer) => path = longer,
                None => return,
            }
        }
        panic!("{:?}", path.as_path().map(str::len));
    }
}

//! Which settings differ: keys of JSON documents, of safetensors metadata, of GGUF metadata.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    os::unix::fs::FileExt as _,
};

use serde_json::Value;
use weightlock_format::{
    gguf::{Array, Metadata},
    json,
};

use super::SettingChange;

/// A value longer than this is cut: a message is no place for a chat template.
const MOST_CHARS: usize = 120;

/// Keys that differ between two JSON documents; none when one of them is not JSON within the limits.
pub(super) fn of_json(file: &str, a: &[u8], b: &[u8]) -> Option<Vec<SettingChange>> {
    let (a, b) = (json::parse(a).ok()?, json::parse(b).ok()?);
    let mut changes = Vec::new();
    // No recursion: the documents come from strangers.
    let mut pending = vec![(String::new(), Some(&a), Some(&b))];
    while let Some((key, a, b)) = pending.pop() {
        match (a, b) {
            (a, b) if a == b => {}
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                for name in keys.into_iter().rev() {
                    pending.push((below(&key, name), a.get(name), b.get(name)));
                }
            }
            (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
                for (index, (a, b)) in a.iter().zip(b).enumerate().rev() {
                    pending.push((format!("{key}[{index}]"), Some(a), Some(b)));
                }
            }
            (a, b) => changes.push(change(file, key, a.map(shown), b.map(shown))),
        }
    }
    Some(changes)
}

fn below(key: &str, name: &str) -> String {
    if key.is_empty() {
        name.to_owned()
    } else {
        format!("{key}.{name}")
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(MOST_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn change(file: &str, key: String, a: Option<String>, b: Option<String>) -> SettingChange {
    SettingChange {
        file: file.to_owned(),
        key,
        a,
        b,
    }
}

/// Keys that differ in the metadata of two safetensors files.
pub(super) fn of_safetensors(
    file: &str,
    a: &BTreeMap<String, String>,
    b: &BTreeMap<String, String>,
) -> Vec<SettingChange> {
    let shown = |text: &String| cut(&format!("{text:?}"));
    keys(a, b)
        .filter(|key| a.get(*key) != b.get(*key))
        .map(|key| change(file, key.clone(), a.get(key).map(shown), b.get(key).map(shown)))
        .collect()
}

/// Keys that differ in the metadata of two GGUF files. Arrays are compared where they lie.
pub(super) fn of_gguf(
    file: &str,
    (a, file_a): (&BTreeMap<String, Metadata>, &File),
    (b, file_b): (&BTreeMap<String, Metadata>, &File),
) -> std::io::Result<Vec<SettingChange>> {
    let mut changes = Vec::new();
    for key in keys(a, b) {
        let same = match (a.get(key), b.get(key)) {
            (Some(Metadata::Array(a)), Some(Metadata::Array(b))) => same_array((a, file_a), (b, file_b))?,
            (a, b) => a == b,
        };
        if !same {
            let (a, b) = (a.get(key).map(metadata), b.get(key).map(metadata));
            changes.push(change(file, key.clone(), a, b));
        }
    }
    Ok(changes)
}

fn keys<'a, V>(a: &'a BTreeMap<String, V>, b: &'a BTreeMap<String, V>) -> impl Iterator<Item = &'a String> {
    a.keys().chain(b.keys()).collect::<BTreeSet<_>>().into_iter()
}

fn same_array((a, file_a): (&Array, &File), (b, file_b): (&Array, &File)) -> std::io::Result<bool> {
    let length = |array: &Array| array.bytes.end - array.bytes.start;
    if a.kind != b.kind || a.length != b.length || length(a) != length(b) {
        return Ok(false);
    }
    const PIECE: usize = 1 << 16;
    let (mut ours, mut theirs) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    while at < length(a) {
        let count = usize::try_from(length(a) - at).unwrap_or(PIECE).min(PIECE);
        file_a.read_exact_at(&mut ours[..count], a.bytes.start + at)?;
        file_b.read_exact_at(&mut theirs[..count], b.bytes.start + at)?;
        if ours[..count] != theirs[..count] {
            return Ok(false);
        }
        at += count as u64;
    }
    Ok(true)
}

fn metadata(value: &Metadata) -> String {
    match value {
        Metadata::Integer(value) => value.to_string(),
        Metadata::Float(value) => value.to_string(),
        Metadata::Bool(value) => value.to_string(),
        Metadata::Text(text) => cut(&format!("{text:?}")),
        Metadata::Array(array) => format!("{} elements", array.length),
        _ => "a value of another kind".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(a: &str, b: &str) -> Vec<String> {
        let changes = of_json("c.json", a.as_bytes(), b.as_bytes()).unwrap();
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        changes
            .iter()
            .map(|one| format!("{}: {} -> {}", one.key, shown(&one.a), shown(&one.b)))
            .collect()
    }

    #[test]
    fn names_the_innermost_keys() {
        assert_eq!(
            keys(
                r#"{"a": 1, "b": {"c": [1, 2], "d": "x"}, "e": [1]}"#,
                r#"{"b": {"c": [1, 3], "d": "x"}, "a": 1, "e": [1, 2], "f": null}"#
            ),
            ["b.c[1]: 2 -> 3", "e: [1] -> [1,2]", "f: none -> null"]
        );
        assert!(keys("{\"a\": 1}", "{ \"a\":1 }").is_empty());
    }

    #[test]
    fn cuts_long_values_and_refuses_what_is_no_json() {
        let long = format!("{{\"t\": \"{}\"}}", "x".repeat(1000));
        assert!(keys(&long, "{}")[0].len() < 150);
        assert!(of_json("c.json", b"{\"a\": 1, \"a\": 2}", b"{}").is_none());
    }
}

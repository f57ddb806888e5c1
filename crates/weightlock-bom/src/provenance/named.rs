//! [`Named`]: a thing that a statement names, read with patience.
//!
//! Statements of strangers are read for what they tell, whatever else is wrong with them: what is not of its kind is passed over, and
//! an empty text is none. [`super::Provenance`] is for who must know that a predicate is as the specification demands.
//!
//! Resource descriptors stand in the lists of SLSA provenance and test results; links of in-toto have a map from addresses to digests
//! in their place.

use serde_json::{Map, Value};

/// What a statement says of one thing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named<'v> {
    pub(crate) name: Option<&'v str>,
    pub(crate) uri: Option<&'v str>,
    /// Where it can be had.
    pub(crate) location: Option<&'v str>,
    /// The annotation `path`: which file of a folder it is.
    pub(crate) path: Option<&'v str>,
    /// The annotation `role`.
    pub(crate) role: Option<&'v str>,
    digests: Option<&'v Map<String, Value>>,
}

impl<'v> Named<'v> {
    /// Reads a resource descriptor.
    pub(crate) fn of(descriptor: &'v Value) -> Self {
        let text = |pointer: &str| {
            let text = descriptor.pointer(pointer).and_then(Value::as_str);
            text.filter(|it| !it.is_empty())
        };
        Self {
            name: text("/name"),
            uri: text("/uri"),
            location: text("/downloadLocation"),
            path: text("/annotations/path"),
            role: text("/annotations/role"),
            digests: descriptor.get("digest").and_then(Value::as_object),
        }
    }

    /// Algorithms and hexadecimal digits, in small letters.
    pub(crate) fn digests(&self) -> impl Iterator<Item = (&'v str, String)> {
        let digests = self.digests.into_iter().flatten();
        digests.filter_map(|(name, hex)| Some((name.as_str(), hex.as_str()?.to_ascii_lowercase())))
    }

    /// The digits by one algorithm.
    pub(crate) fn digest(&self, algorithm: &str) -> Option<String> {
        let mut digests = self.digests();
        let found = digests.find(|(name, hex)| *name == algorithm && !hex.is_empty());
        found.map(|(_, hex)| hex)
    }
}

/// What a list names.
pub(crate) fn listed(list: Option<&Value>) -> Vec<Named<'_>> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.map(Named::of).collect()
}

/// What materials name: a list, or the map of a link.
pub(crate) fn materials(materials: Option<&Value>) -> Vec<Named<'_>> {
    match materials {
        Some(Value::Object(items)) => items.iter().map(|(uri, digests)| of_link(uri, digests)).collect(),
        list => listed(list),
    }
}

fn of_link<'v>(uri: &'v str, digests: &'v Value) -> Named<'v> {
    Named {
        uri: Some(uri).filter(|it| !it.is_empty()),
        digests: digests.as_object(),
        ..Named::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_of_its_kind_is_passed_over() {
        let list = json!([7, {"name": 7, "uri": "", "digest": {"sha256": 7, "sha1": "AB"}}, {"digest": []}]);
        let named = listed(Some(&list));
        assert_eq!(named.len(), 3);
        assert!(named.iter().all(|it| it.name.is_none() && it.uri.is_none()));
        assert_eq!(
            named[1].digests().collect::<Vec<_>>(),
            [("sha1", "ab".to_owned())]
        );
        assert_eq!(named[1].digest("sha256"), None);
        assert!(listed(Some(&json!("x"))).is_empty() && listed(None).is_empty());
    }

    #[test]
    fn maps_of_links_are_lists_of_addresses() {
        let map = json!({"data.csv": {"sha256": "AB"}});
        assert!(listed(Some(&map)).is_empty());
        let named = materials(Some(&map));
        assert_eq!(named[0].uri, Some("data.csv"));
        assert_eq!(named[0].digest("sha256").as_deref(), Some("ab"));
    }
}

//! [`Seen`]: what earlier updates saw of a repository, so that nobody can go back behind it.
//!
//! Metadata as they were signed, as text in one JSON object. They are checked again from the root of keys each time: whoever
//! changes the file can make it worthless, and not make anything believed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use sigstore_tuf::{Error, MetadataStore};

use super::TufError;
use crate::json;

/// The name of what is written, with its version.
const SCHEMA: &str = "weightlock-tuf-seen-v1";

/// What earlier updates saw.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Seen(BTreeMap<String, String>);

#[derive(Serialize, Deserialize)]
struct Wire {
    schema: String,
    metadata: BTreeMap<String, String>,
}

impl Seen {
    /// The largest file that is read, in bytes. After ten years of an instance it has some 100 KB.
    pub const MAX_BYTES: usize = 16 << 20;

    /// Reads what [`Seen::to_json`] wrote.
    ///
    /// # Errors
    /// [`TufError::Malformed`]: another kind of file, or a damaged one.
    pub fn from_json(text: &[u8]) -> Result<Self, TufError> {
        let damaged = || TufError::Malformed {
            what: "the memory of earlier updates is damaged".to_owned(),
        };
        if text.len() > Self::MAX_BYTES {
            return Err(damaged());
        }
        let wire: Wire = json::read(text).map_err(|_| damaged())?;
        if wire.schema == SCHEMA {
            Ok(Self(wire.metadata))
        } else {
            Err(damaged())
        }
    }

    /// The text to keep.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let wire = Wire {
            schema: SCHEMA.to_owned(),
            metadata: self.0.clone(),
        };
        // Maps of text are always written.
        serde_json::to_vec(&wire).unwrap_or_default()
    }
}

/// What the client keeps its metadata in while it works. Clones share it.
#[derive(Clone)]
pub(super) struct Store(Arc<Mutex<Seen>>);

impl Store {
    pub(super) fn new(seen: Seen) -> Self {
        Self(Arc::new(Mutex::new(seen)))
    }

    pub(super) fn seen(&self) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Targets are not kept: they are fetched each time. Of a snapshot only the copy without its version in the name is.
fn is_kept(name: &str) -> bool {
    !name.starts_with("targets/") && !name.ends_with(".snapshot.json")
}

impl MetadataStore for Store {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.0.get(name).map(|text| text.clone().into_bytes()))
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        if is_kept(name) {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Error::Malformed("metadata are no text".to_owned()))?;
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            seen.0.insert(name.to_owned(), text.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_written_and_read() {
        let store = Store::new(Seen::default());
        store.store("timestamp.json", b"{\"a\": \"\\u00e9\"}\n").unwrap();
        store.store("targets/trusted_root.json", b"x").unwrap();
        store.store("3.snapshot.json", b"x").unwrap();
        assert!(store.store("snapshot.json", b"\xff").is_err());
        let seen = Seen::from_json(&store.seen().to_json()).unwrap();
        assert_eq!(seen, store.seen());
        assert_eq!(seen.0.len(), 1);
        let again = Store::new(seen);
        assert_eq!(
            again.load("timestamp.json").unwrap().unwrap(),
            b"{\"a\": \"\\u00e9\"}\n"
        );
        for damaged in ["", "{}", "[]", r#"{"schema":"other","metadata":{}}"#] {
            assert!(Seen::from_json(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }
}

//! `model.safetensors.index.json`: which file of a split model holds which tensor.
//!
//! File names in it are an attacker's: each becomes an [`ArtifactPath`] or is refused, so that no reader follows
//! `../../etc/passwd`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weightlock_artifact::path::ArtifactPath;

use crate::{Named, Problem, config::Fault, json, reader::within};

/// Bytes of an index. The largest published ones have 8 MB.
pub const MAX_BYTES: u64 = 64 << 20;
/// Tensors in an index, three values each in the JSON text.
pub const MAX_TENSORS: u64 = 1_000_000;

/// A parsed index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Index {
    /// Tensor name → file that holds it.
    pub weight_map: BTreeMap<String, ArtifactPath>,
    /// Bytes of all tensors together, as declared.
    pub total_size: Option<u64>,
}

impl Index {
    /// Parses the text of an index.
    ///
    /// # Errors
    /// The first broken rule: JSON, a missing or ill-typed `weight_map`, a file name that leaves the folder.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let limits = json::Limits {
            bytes: MAX_BYTES,
            values: MAX_TENSORS,
            ..json::Limits::default()
        };
        let document = json::parse_within(text, limits)?;
        let Some(Value::Object(map)) = document.get("weight_map") else {
            return Err(Problem::malformed(0, Fault::Field { field: "weight_map" }));
        };
        within(
            "the number of tensors in the index",
            map.len() as u64,
            MAX_TENSORS,
            0,
        )?;
        let weight_map = map
            .iter()
            .map(|(name, file)| Ok((name.clone(), file_name(file)?)))
            .collect::<Result<_, Problem>>()?;
        let total_size = document.pointer("/metadata/total_size").and_then(whole_number);
        Ok(Self {
            weight_map,
            total_size,
        })
    }

    /// The files named, each once.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&ArtifactPath> {
        self.weight_map.values().collect()
    }
}

fn file_name(value: &Value) -> Result<ArtifactPath, Problem> {
    let text = value.as_str().ok_or(Fault::Field { field: "weight_map" });
    let text = text.map_err(|fault| Problem::malformed(0, fault))?;
    let hostile = |reason| Fault::FileName {
        name: Named::new(text),
        reason,
    };
    ArtifactPath::parse(text).map_err(|reason| Problem::malformed(0, hostile(reason)))
}

/// A whole number; some writers store it as a float.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and within 2^53: checked"
)]
fn whole_number(value: &Value) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && (0.0..=EXACT).contains(&float)).then_some(float as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason;

    #[test]
    fn reads_a_split_model() {
        let index = Index::parse(
            br#"{"metadata":{"total_size":24.0},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#,
        )
        .unwrap();
        assert_eq!(index.total_size, Some(24));
        let files: Vec<&str> = index.files().into_iter().map(ArtifactPath::as_str).collect();
        assert_eq!(files, ["m-1.safetensors", "m-2.safetensors"]);
    }

    #[test]
    fn refuses_names_that_leave_the_folder_and_other_abuse() {
        for (text, code) in [
            (r#"{"weight_map":{"a":"../m.safetensors"}}"#, reason::MALFORMED),
            (r#"{"weight_map":{"a":"/m.safetensors"}}"#, reason::MALFORMED),
            (r#"{"weight_map":{"a":1}}"#, reason::MALFORMED),
            (r#"{"weight_map":[]}"#, reason::MALFORMED),
            ("{}", reason::MALFORMED),
            (r#"{"weight_map":{"a":"m","a":"n"}}"#, reason::DUPLICATE),
        ] {
            assert_eq!(Index::parse(text.as_bytes()).unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn sizes_that_are_not_whole_are_not_believed() {
        for (text, size) in [
            ("7", Some(7)),
            ("7.5", None),
            ("-1", None),
            ("1e300", None),
            ("\"7\"", None),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(whole_number(&value), size, "{text}");
        }
    }
}

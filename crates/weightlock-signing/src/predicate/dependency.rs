//! What a model was made from, as provenance names it: `resolvedDependencies` of SLSA v1, `materials` of SLSA v0.2 and of
//! in-toto links. Training data and code are both named by digest, and a verifier can require either.

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::types::{LINK, SLSA_0_2, SLSA_1, is_version_of};

/// The digest of something that a model is made from, such as `sha256:…` of a manifest of training data, or `gitCommit:…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dependency {
    algorithm: String,
    hex: String,
}

/// The text is no digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a dependency is named by its digest, as sha256:HEX or gitCommit:HEX")]
pub struct NotADigest;

/// Algorithms with the number of their hexadecimal digits (in-toto `DigestSet`).
const LENGTHS: [(&str, &[usize]); 6] = [
    ("sha256", &[64]),
    ("sha384", &[96]),
    ("sha512", &[128]),
    ("sha1", &[40]),
    ("gitCommit", &[40, 64]),
    ("gitTree", &[40, 64]),
];

impl FromStr for Dependency {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (algorithm, hex) = text.split_once(':').ok_or(NotADigest)?;
        let (_, lengths) = LENGTHS
            .iter()
            .find(|(name, _)| *name == algorithm)
            .ok_or(NotADigest)?;
        if !lengths.contains(&hex.len()) || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotADigest);
        }
        Ok(Self {
            algorithm: algorithm.to_owned(),
            hex: hex.to_ascii_lowercase(),
        })
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

impl Dependency {
    /// Whether a predicate of this type says that the model was made from it.
    #[must_use]
    pub fn is_named_in(&self, predicate_type: &str, predicate: &Value) -> bool {
        let listed = match predicate_type {
            SLSA_0_2 => predicate.get("materials"),
            other if is_version_of(other, SLSA_1) => {
                predicate.pointer("/buildDefinition/resolvedDependencies")
            }
            other if is_version_of(other, LINK) => predicate.get("materials"),
            _ => None,
        };
        let listed = listed.and_then(Value::as_array).map(Vec::as_slice);
        listed
            .unwrap_or_default()
            .iter()
            .any(|one| self.is_digest_of(one))
    }

    fn is_digest_of(&self, descriptor: &Value) -> bool {
        let same = |name: &str| {
            let found = descriptor.get("digest").and_then(|digests| digests.get(name));
            found
                .and_then(Value::as_str)
                .is_some_and(|hex| hex.eq_ignore_ascii_case(&self.hex))
        };
        // SLSA v0.2 has no name of its own for commits: there they are `sha1`.
        same(&self.algorithm) || (self.algorithm == "gitCommit" && self.hex.len() == 40 && same("sha1"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DATA: &str = "1111111111111111111111111111111111111111111111111111111111111111";
    const COMMIT: &str = "abcdef0123456789abcdef0123456789abcdef01";

    #[test]
    fn is_found_where_the_specification_has_it_and_nowhere_else() {
        let data: Dependency = format!("sha256:{DATA}").parse().unwrap();
        let commit: Dependency = format!("gitCommit:{}", COMMIT.to_uppercase()).parse().unwrap();
        let listed = json!([{"uri": "x"}, {"digest": {"sha256": DATA}}, {"digest": {"gitCommit": COMMIT}}]);
        let v1 = json!({"buildDefinition": {"resolvedDependencies": listed}});
        assert!(data.is_named_in(SLSA_1, &v1) && commit.is_named_in(SLSA_1, &v1));
        let v0_2 = json!({"materials": [{"digest": {"sha1": COMMIT}}]});
        assert!(commit.is_named_in(SLSA_0_2, &v0_2) && !data.is_named_in(SLSA_0_2, &v0_2));
        for elsewhere in [
            json!({"resolvedDependencies": listed}),
            json!({"materials": listed}),
            json!({"buildDefinition": {"externalParameters": {"data": DATA}}}),
            json!({"buildDefinition": {"resolvedDependencies": {"digest": {"sha256": DATA}}}}),
            json!({"buildDefinition": {"resolvedDependencies": [{"digest": {"sha512": DATA}}]}}),
            json!([]),
        ] {
            assert!(!data.is_named_in(SLSA_1, &elsewhere), "{elsewhere}");
        }
        assert!(!data.is_named_in("urn:x:y", &v1), "another type says nothing");
    }

    #[test]
    fn only_digests_are_taken() {
        for text in [
            "",
            "sha256",
            "sha256:",
            "sha256:11",
            "md5:11111111111111111111111111111111",
            DATA,
        ] {
            assert_eq!(text.parse::<Dependency>(), Err(NotADigest), "{text}");
        }
        assert!(format!("sha256:{}g", &DATA[1..]).parse::<Dependency>().is_err());
    }
}

//! A predicate as somebody brings it: a document of another tool, that is to be signed unchanged.
//!
//! It is read strictly, because whoever reads the statement later must read the same: bounded, UTF-8, JSON without repeated
//! keys, and with what the specification of its type demands. The text is signed as it is, so that no number is rounded.

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use weightlock_artifact::{evidence::Kind, manifest::Subject, reason::Code};

use super::{
    reason, scan, shape,
    types::{self, CUSTOM, CYCLONEDX, OPENVEX, SLSA_0_2, SLSA_1, SLSA_VSA, SPDX, Wanted},
};
use crate::{
    json::{self, JsonError},
    statement,
};

/// A predicate that is ready to be signed.
#[derive(Clone, Debug)]
pub struct Predicate {
    predicate_type: String,
    text: Box<RawValue>,
}

/// Why a document is no predicate of the type that is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredicateError {
    /// More than is read.
    #[error("the predicate is larger than {} bytes", Predicate::MAX_BYTES)]
    TooLarge,
    /// No JSON, or JSON that two readers could read differently.
    #[error("the predicate is not JSON that every reader reads alike")]
    Syntax(#[source] JsonError),
    /// No UTF-8.
    #[error("the predicate is not UTF-8 text")]
    NotText,
    /// The specification demands something else.
    #[error("the predicate is not {specification}: {lacks}")]
    Shape {
        /// The specification.
        specification: &'static str,
        /// What it lacks.
        lacks: String,
    },
    /// A kind was named, and the document does not say which type of that kind it is.
    #[error("the predicate does not say which type of {0} it is")]
    Undecided(Kind),
    /// Statements of this kind are about something that is computed, so nobody brings them.
    #[error("statements of the kind {0} are not made from a document")]
    Made(Kind),
}

impl PredicateError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Undecided(_) | Self::Made(_) => reason::TYPE,
            _ => reason::PREDICATE,
        }
    }
}

/// What cosign wraps data of the type `custom` into.
#[derive(Serialize)]
struct Custom<'a> {
    #[serde(rename = "Data")]
    data: &'a str,
    #[serde(rename = "Timestamp")]
    timestamp: &'a str,
}

impl Predicate {
    /// Larger predicates are not read: the bill of materials of a large image has 20 MiB, and all evidence of a model
    /// together may have 64.
    pub const MAX_BYTES: usize = 32 << 20;

    /// Reads a document of the type that is asked for. `now` (RFC 3339) goes into predicates of the type `custom`, as
    /// cosign writes it there; nothing else of the document is changed.
    ///
    /// # Errors
    /// [`PredicateError`] names the first rule that is broken.
    pub fn read(document: &[u8], wanted: &Wanted, now: &str) -> Result<Self, PredicateError> {
        if document.len() > Self::MAX_BYTES {
            return Err(PredicateError::TooLarge);
        }
        if let kind @ (Kind::Oms | Kind::Leaves | Kind::Verity) = wanted.kind() {
            return Err(PredicateError::Made(kind));
        }
        let text = std::str::from_utf8(document).map_err(|_| PredicateError::NotText)?;
        if *wanted == Wanted::Type(CUSTOM.to_owned()) {
            return Self::of(
                CUSTOM,
                &Custom {
                    data: text,
                    timestamp: now,
                },
            );
        }
        let is_tag_value = *wanted == Wanted::Type(SPDX.to_owned()) && text.starts_with("SPDXVersion:");
        if is_tag_value {
            return Self::of(SPDX, &text);
        }
        json::refuse_repeated_keys(document).map_err(PredicateError::Syntax)?;
        let value: Value =
            serde_json::from_str(text).map_err(|error| PredicateError::Syntax(error.into()))?;
        let predicate_type = match wanted {
            Wanted::Type(uri) => uri.clone(),
            Wanted::Kind(kind) => type_of(*kind, &value)
                .ok_or(PredicateError::Undecided(*kind))?
                .to_owned(),
        };
        check(&predicate_type, &value)?;
        let text = RawValue::from_string(text.trim().to_owned());
        Ok(Self {
            predicate_type,
            text: text.map_err(|error| PredicateError::Syntax(error.into()))?,
        })
    }

    fn of(predicate_type: &str, predicate: &impl Serialize) -> Result<Self, PredicateError> {
        let text = serde_json::value::to_raw_value(predicate);
        Ok(Self {
            predicate_type: predicate_type.to_owned(),
            text: text.map_err(|error| PredicateError::Syntax(error.into()))?,
        })
    }

    /// The URI of its type.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// The kind of evidence that a statement with it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        types::kind_of(&self.predicate_type)
    }

    /// The payload of the statement that claims this of `subjects`, the model first.
    #[must_use]
    pub fn payload(&self, subjects: &[Subject]) -> Vec<u8> {
        statement::payload(subjects, &self.predicate_type, &self.text)
    }
}

/// Checks a predicate that was read with its statement against the specification of its type.
///
/// # Errors
/// [`PredicateError::Shape`]; for a scan also [`PredicateError::Syntax`].
pub fn check(predicate_type: &str, predicate: &Value) -> Result<(), PredicateError> {
    if predicate_type == scan::PREDICATE_TYPE {
        scan::parse(predicate).map_err(PredicateError::Syntax)?;
    }
    shape::check(predicate_type, predicate)
        .map_err(|(specification, lacks)| PredicateError::Shape { specification, lacks })
}

/// The type of a document of which only the kind was named, by what it says of itself.
fn type_of(kind: Kind, document: &Value) -> Option<&'static str> {
    let says = |member: &str| document.get(member).is_some();
    match kind {
        Kind::Scan => Some(scan::PREDICATE_TYPE),
        Kind::Bom if says("bomFormat") => Some(CYCLONEDX),
        Kind::Bom if says("spdxVersion") || says("@context") => Some(SPDX),
        Kind::Card => Some(types::CARD),
        Kind::Provenance if says("buildDefinition") => Some(SLSA_1),
        Kind::Provenance if says("builder") => Some(SLSA_0_2),
        Kind::Evaluation => Some(types::EVALUATION),
        Kind::Review => Some(types::REVIEW),
        Kind::Vex => Some(OPENVEX),
        Kind::Verdict => Some(SLSA_VSA),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::digest::Algorithm;

    use super::*;
    use crate::statement::Statement;

    fn read(document: impl AsRef<[u8]>, word: &str) -> Result<Predicate, PredicateError> {
        Predicate::read(
            document.as_ref(),
            &Wanted::parse(word).unwrap(),
            "2026-01-31T00:00:00Z",
        )
    }

    fn stated(predicate: &Predicate) -> Statement {
        let subject = Subject {
            name: "m".to_owned(),
            sha256: Algorithm::Sha256.digest(b"m"),
        };
        Statement::parse_unverified(&predicate.payload(&[subject])).unwrap()
    }

    /// What each specification shows as its smallest document.
    const GOOD: [(&str, &str, &str); 16] = [
        (
            "slsaprovenance1",
            r#"{"buildDefinition": {}, "runDetails": {}}"#,
            SLSA_1,
        ),
        (
            "provenance",
            r#"{"buildDefinition": {}, "runDetails": {}}"#,
            SLSA_1,
        ),
        (
            "slsaprovenance",
            r#"{"builder": {"id": "x"}, "buildType": "y"}"#,
            SLSA_0_2,
        ),
        (
            "provenance",
            r#"{"builder": {"id": "x"}, "buildType": "y"}"#,
            SLSA_0_2,
        ),
        (
            "cyclonedx",
            r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#,
            CYCLONEDX,
        ),
        (
            "bom",
            r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#,
            CYCLONEDX,
        ),
        ("spdxjson", r#"{"spdxVersion": "SPDX-2.3"}"#, SPDX),
        (
            "bom",
            r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#,
            SPDX,
        ),
        ("spdx", "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n", SPDX),
        (
            "openvex",
            r#"{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}"#,
            OPENVEX,
        ),
        (
            "vex",
            r#"{"@context": "https://openvex.dev/ns", "statements": []}"#,
            OPENVEX,
        ),
        ("vuln", r#"{"scanner": {}}"#, types::VULN),
        ("link", r#"{"materials": []}"#, types::LINK),
        (
            "verdict",
            r#"{"verifier": {}, "verificationResult": "PASSED"}"#,
            SLSA_VSA,
        ),
        ("review", r#"{}"#, types::REVIEW),
        ("test-result", r#"{"result": "PASSED"}"#, types::TEST_RESULT),
    ];

    #[test]
    fn documents_of_each_type_are_taken() {
        for (word, document, expected) in &GOOD {
            let predicate = read(document, word).unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(predicate.predicate_type(), *expected, "{word}");
            assert_eq!(stated(&predicate).predicate_type, *expected);
        }
    }

    /// One type's document under each other type's name.
    #[test]
    fn documents_of_another_type_are_not() {
        for (word, _, wanted) in &GOOD[..14] {
            for (_, document, made) in &GOOD {
                if wanted != made && matches!(Wanted::parse(word), Ok(Wanted::Type(_))) {
                    assert!(read(document, word).is_err(), "{document} as {word}");
                }
            }
        }
    }

    #[test]
    fn the_text_is_signed_as_it_is() {
        let predicate = read(
            r#" {"a": [1.10, 0.30000000000000004, 18446744073709551616, "\u00e9"]}"#,
            "urn:x:y",
        )
        .unwrap();
        let subject = Subject {
            name: "m".to_owned(),
            sha256: Algorithm::Sha256.digest(b"m"),
        };
        let payload = String::from_utf8(predicate.payload(&[subject])).unwrap();
        let end = r#","predicate":{"a": [1.10, 0.30000000000000004, 18446744073709551616, "\u00e9"]}}"#;
        assert!(payload.ends_with(end), "{payload}");
    }

    #[test]
    fn custom_data_is_wrapped_as_cosign_wraps_it() {
        let predicate = read("any \"text\"\n", "custom").unwrap();
        let wrapped = serde_json::json!({"Data": "any \"text\"\n", "Timestamp": "2026-01-31T00:00:00Z"});
        assert_eq!(stated(&predicate).predicate, wrapped);
        assert!(matches!(read(b"\xff", "custom"), Err(PredicateError::NotText)));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for document in [
            "",
            "{",
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": {"b": 1, "\u0062": 2}}"#,
            r#"{} {}"#,
            "\u{feff}{}",
            r#"{"a": NaN}"#,
        ] {
            let refused = read(document, "review");
            assert!(
                matches!(refused, Err(PredicateError::Syntax(_))),
                "{document}: {refused:?}"
            );
        }
        for document in ["[]", "1", "null", "\"text\""] {
            let refused = read(document, "review");
            assert!(
                matches!(refused, Err(PredicateError::Shape { .. })),
                "{document}: {refused:?}"
            );
        }
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(200), "]".repeat(200));
        assert!(matches!(read(deep, "review"), Err(PredicateError::Syntax(_))));
        let large = vec![b' '; Predicate::MAX_BYTES + 1];
        assert!(matches!(read(large, "review"), Err(PredicateError::TooLarge)));
    }

    #[test]
    fn what_is_computed_is_not_brought() {
        for word in ["oms", "leaves", "verity", "https://model_signing/signature/v1.0"] {
            assert!(matches!(read("{}", word), Err(PredicateError::Made(_))), "{word}");
        }
        assert!(matches!(read("{}", "scan"), Err(PredicateError::Syntax(_))));
        for word in ["bom", "provenance", "other"] {
            assert!(
                matches!(read("{}", word), Err(PredicateError::Undecided(_))),
                "{word}"
            );
        }
    }
}

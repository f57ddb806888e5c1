//! Predicate types: what people call them, the URIs that are signed, and the kind of evidence each one is.
//!
//! A name stands for one URI, and is cosign's where cosign has one. A kind stands for all types of that kind: who asks for
//! `bom` takes CycloneDX and SPDX. A URI stands for itself. Which signer counts goes by kind, and the kind goes by the
//! *signed* type, never by a file name.

use weightlock_artifact::{evidence::Kind, reason::Code, text::Shown};

use super::{leaves, reason, scan, verity};
use crate::oms;

/// cosign's wrapper for anything (`custom`).
pub const CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";
/// A report of a vulnerability scanner, as cosign defines it.
pub const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
/// SLSA provenance v0.2.
pub const SLSA_0_2: &str = "https://slsa.dev/provenance/v0.2";
/// SLSA provenance v1.
pub const SLSA_1: &str = "https://slsa.dev/provenance/v1";
/// SLSA verification summary v1.
pub const SLSA_VSA: &str = "https://slsa.dev/verification_summary/v1";
/// SPDX, of any version.
pub const SPDX: &str = "https://spdx.dev/Document";
/// CycloneDX, of any version.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";
/// in-toto's link of a step.
pub const LINK: &str = "https://in-toto.io/Link/v1";
/// OpenVEX.
pub const OPENVEX: &str = "https://openvex.dev/ns";
/// in-toto's result of a test.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// A model card.
pub const CARD: &str = "urn:weightlock:card:v1";
/// An evaluation.
pub const EVALUATION: &str = "urn:weightlock:evaluation:v1";
/// A person's review.
pub const REVIEW: &str = "urn:weightlock:review:v1";

/// A person's yes or no to using a model.
pub const APPROVAL: &str = "urn:weightlock:approval:v1";

/// Names of one type each. The first group is cosign's, unchanged.
const NAMES: [(&str, &str); 12] = [
    ("custom", CUSTOM),
    ("slsaprovenance", SLSA_0_2),
    ("slsaprovenance02", SLSA_0_2),
    ("slsaprovenance1", SLSA_1),
    ("spdx", SPDX),
    ("spdxjson", SPDX),
    ("cyclonedx", CYCLONEDX),
    ("link", LINK),
    ("vuln", VULN),
    ("openvex", OPENVEX),
    ("vsa", SLSA_VSA),
    ("test-result", TEST_RESULT),
];

/// Types by the start of their URI: versions of a specification are one kind.
const FAMILIES: [(&str, Kind); 15] = [
    ("https://slsa.dev/provenance", Kind::Provenance),
    ("https://slsa.dev/verification_summary", Kind::Verdict),
    (SPDX, Kind::Bom),
    (CYCLONEDX, Kind::Bom),
    (OPENVEX, Kind::Vex),
    ("https://in-toto.io/attestation/test-result", Kind::Evaluation),
    ("https://in-toto.io/attestation/vulns", Kind::Scan),
    (VULN, Kind::Scan),
    ("urn:weightlock:approval", Kind::Review),
    ("urn:weightlock:bom", Kind::Bom),
    ("urn:weightlock:card", Kind::Card),
    ("urn:weightlock:evaluation", Kind::Evaluation),
    ("urn:weightlock:review", Kind::Review),
    ("urn:weightlock:verdict", Kind::Verdict),
    ("urn:weightlock:vex", Kind::Vex),
];

/// The kind of evidence that a predicate type is.
#[must_use]
pub fn kind_of(predicate_type: &str) -> Kind {
    match predicate_type {
        oms::PREDICATE_TYPE | oms::PREDICATE_TYPE_0_2 => Kind::Oms,
        leaves::PREDICATE_TYPE => Kind::Leaves,
        verity::PREDICATE_TYPE => Kind::Verity,
        scan::PREDICATE_TYPE => Kind::Scan,
        other => FAMILIES
            .iter()
            .find(|(family, _)| is_version_of(other, family))
            .map_or(Kind::Other, |(_, kind)| *kind),
    }
}

/// Whether a type is the family's, or a version of it: what follows begins a new part of the URI.
pub fn is_version_of(predicate_type: &str, family: &str) -> bool {
    predicate_type
        .strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
}

/// Which statements are meant by a word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Those of one type, by its URI.
    Type(String),
    /// Those of every type of a kind.
    Kind(Kind),
}

/// The word is no type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no predicate type {:?}", Shown(.0).to_string())]
pub struct UnknownType(pub String);

impl UnknownType {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::TYPE
    }

    /// Every known word, for telling which one was meant.
    pub fn known() -> impl Iterator<Item = &'static str> {
        let names = NAMES.iter().map(|(name, _)| *name);
        names.chain(Kind::ALL.iter().map(|kind| kind.name()))
    }
}

impl Wanted {
    /// What a word means: a kind of ours, a name, or a URI.
    ///
    /// # Errors
    /// [`UnknownType`] for what is none of them.
    pub fn parse(word: &str) -> Result<Self, UnknownType> {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == word) {
            return Ok(Self::Kind(kind));
        }
        if let Some((_, uri)) = NAMES.iter().find(|(name, _)| *name == word) {
            return Ok(Self::Type((*uri).to_owned()));
        }
        if is_uri(word) {
            return Ok(Self::Type(word.to_owned()));
        }
        Err(UnknownType(word.to_owned()))
    }

    /// Whether a statement of this type is meant.
    #[must_use]
    pub fn includes(&self, predicate_type: &str) -> bool {
        match self {
            Self::Type(uri) => uri == predicate_type,
            Self::Kind(kind) => kind_of(predicate_type) == *kind,
        }
    }

    /// The kind that is meant, by which signers are chosen.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Type(uri) => kind_of(uri),
            Self::Kind(kind) => *kind,
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Type(uri) => Shown(uri).fmt(f),
            Self::Kind(kind) => kind.fmt(f),
        }
    }
}

/// A scheme, a colon, and something behind it, in visible ASCII (RFC 3986, section 3; in-toto's `TypeURI`).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(word: &str) -> String {
        match Wanted::parse(word) {
            Ok(Wanted::Type(uri)) => uri,
            other => panic!("{word}: {other:?}"),
        }
    }

    /// signing-formats: cosign's table.
    #[test]
    fn names_of_cosign_mean_what_they_mean_there() {
        for (name, expected) in [
            ("custom", "https://cosign.sigstore.dev/attestation/v1"),
            ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
            ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
            ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
            ("spdx", "https://spdx.dev/Document"),
            ("spdxjson", "https://spdx.dev/Document"),
            ("cyclonedx", "https://cyclonedx.org/bom"),
            ("link", "https://in-toto.io/Link/v1"),
            ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
            ("openvex", "https://openvex.dev/ns"),
            ("https://example.com/x", "https://example.com/x"),
            ("urn:x:y", "urn:x:y"),
        ] {
            assert_eq!(uri(name), expected, "{name}");
        }
        for word in [
            "", "slsa", "Custom", "/path", "https:", "1a:b", "a b:c", "a:b c", "a:\u{e9}",
        ] {
            assert_eq!(Wanted::parse(word), Err(UnknownType(word.to_owned())), "{word}");
        }
    }

    #[test]
    fn a_kind_means_all_of_its_types_and_a_type_means_itself() {
        let bom = Wanted::parse("bom").unwrap();
        assert!(
            bom.includes(SPDX) && bom.includes(CYCLONEDX) && bom.includes("https://cyclonedx.org/bom/v1.6")
        );
        assert!(!bom.includes(SLSA_1) && !bom.includes("https://cyclonedx.org/bomb"));
        let old = Wanted::parse("slsaprovenance").unwrap();
        assert!(old.includes(SLSA_0_2) && !old.includes(SLSA_1));
        assert_eq!(old.kind(), Kind::Provenance);
    }

    #[test]
    fn every_kind_has_a_type_of_its_own() {
        let types = [
            oms::PREDICATE_TYPE,
            leaves::PREDICATE_TYPE,
            verity::PREDICATE_TYPE,
            scan::PREDICATE_TYPE,
            SPDX,
            CARD,
            SLSA_1,
            EVALUATION,
            REVIEW,
            OPENVEX,
            SLSA_VSA,
            CUSTOM,
        ];
        assert_eq!(types.map(kind_of), Kind::ALL);
    }
}

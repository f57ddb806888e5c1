//! Where evidence about a model lies on disk, and what may lie there.
//!
//! ```text
//! a model folder of ours          somebody else's folder, a file m.gguf, a hub cache snapshot
//!   DIR/model.sig                   m.gguf.weightlock/model.sig
//!   DIR/.weightlock/evidence/…      m.gguf.weightlock/evidence/<kind>-<16 hex>.sigstore.json
//!   DIR/.weightlock/leaves/…        m.gguf.weightlock/leaves/<16 hex>.bin
//! ```
//!
//! The 16 hex digits are the start of the file's own SHA-256. Loaders never see these places, and that makes
//! them a hiding place: any other name, folder, link or content in there is refused
//! (`WL-SIG-EXTRA-FILE`). Nothing here is *believed*; that is up to whoever checks the signatures.

use std::{fmt, str::FromStr};

use crate::{
    digest::{Algorithm, hex},
    path::ArtifactPath,
    reason::{Code, Explanation, Outcome},
};

#[cfg(feature = "fs")]
mod store;
#[cfg(feature = "fs")]
pub use store::{Listing, Place, Store, StoreError};

/// A file that the signature does not cover, in the model or among its evidence.
pub const EXTRA_FILE: Code = Code::new("WL-SIG-EXTRA-FILE");
/// More evidence than is read.
pub const EVIDENCE_LIMIT: Code = Code::new("WL-SIG-EVIDENCE-LIMIT");

/// What a statement claims; also the first part of its file name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A further OMS signature; the first is `model.sig`.
    Oms,
    /// A leaf table.
    Leaves,
    /// What fs-verity calls the digests of files.
    Verity,
    /// A scan report.
    Scan,
    /// A bill of materials.
    Bom,
    /// A model card.
    Card,
    /// How it was made (SLSA provenance).
    Provenance,
    /// Measured behaviour.
    Evaluation,
    /// A person's review.
    Review,
    /// Which advisories apply (OpenVEX).
    Vex,
    /// A verdict (SLSA VSA).
    Verdict,
    /// Anything else.
    Other,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Oms,
        Self::Leaves,
        Self::Verity,
        Self::Scan,
        Self::Bom,
        Self::Card,
        Self::Provenance,
        Self::Evaluation,
        Self::Review,
        Self::Vex,
        Self::Verdict,
        Self::Other,
    ];

    /// The word used in file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oms => "oms",
            Self::Leaves => "leaves",
            Self::Verity => "verity",
            Self::Scan => "scan",
            Self::Bom => "bom",
            Self::Card => "card",
            Self::Provenance => "provenance",
            Self::Evaluation => "evaluation",
            Self::Review => "review",
            Self::Vex => "vex",
            Self::Verdict => "verdict",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The start of a file's SHA-256, which is its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentPrefix([u8; 8]);

impl ContentPrefix {
    /// The prefix for these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Algorithm::Sha256.digest(bytes);
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&digest.as_bytes()[..8]);
        Self(prefix)
    }
}

impl fmt::Display for ContentPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ContentPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContentPrefix {
    type Err = NotEvidence;

    fn from_str(text: &str) -> Result<Self, NotEvidence> {
        let digits = text.as_bytes();
        let lower = digits.len() == 16 && digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f'));
        let value = u64::from_str_radix(text, 16);
        match value {
            Ok(value) if lower => Ok(Self(value.to_be_bytes())),
            _ => Err(NotEvidence),
        }
    }
}

/// A name that evidence may have, relative to the folder that holds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EvidenceName {
    /// `evidence/<kind>-<16 hex>.sigstore.json`
    Statement(Kind, ContentPrefix),
    /// `leaves/<16 hex>.bin`
    Leaves(ContentPrefix),
}

/// The name is none that evidence may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a name of evidence")]
pub struct NotEvidence;

impl EvidenceName {
    /// The path below the evidence folder.
    ///
    /// # Errors
    /// [`NotEvidence`] for every name that [`EvidenceName`]'s `Display` would not write.
    pub fn parse(path: &ArtifactPath) -> Result<Self, NotEvidence> {
        let (folder, name) = path.as_str().split_once('/').ok_or(NotEvidence)?;
        match folder {
            "leaves" => Ok(Self::Leaves(
                name.strip_suffix(".bin").ok_or(NotEvidence)?.parse()?,
            )),
            "evidence" => {
                let stem = name.strip_suffix(".sigstore.json").ok_or(NotEvidence)?;
                let (kind, prefix) = stem.split_once('-').ok_or(NotEvidence)?;
                let kind = Kind::ALL
                    .into_iter()
                    .find(|known| known.name() == kind)
                    .ok_or(NotEvidence)?;
                Ok(Self::Statement(kind, prefix.parse()?))
            }
            _ => Err(NotEvidence),
        }
    }

    /// The prefix its content must have.
    #[must_use]
    pub const fn content(&self) -> ContentPrefix {
        match self {
            Self::Statement(_, prefix) | Self::Leaves(prefix) => *prefix,
        }
    }
}

impl fmt::Display for EvidenceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(kind, prefix) => write!(f, "evidence/{kind}-{prefix}.sigstore.json"),
            Self::Leaves(prefix) => write!(f, "leaves/{prefix}.bin"),
        }
    }
}

/// What `explain` says of this module's codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: EXTRA_FILE,
        outcome: Outcome::No,
        what: "a file is there that the signature does not cover: in the model, or among its evidence",
        why: "a loader may read it although nobody vouched for it; one Python file is enough to run code",
        example: "modeling.py added to a signed model, or a file .weightlock/helper.py that is no evidence",
        fix: "look at the file, then move it out of the model, or ask the signer to sign it",
    },
    Explanation {
        code: EVIDENCE_LIMIT,
        outcome: Outcome::NoAnswer,
        what: "there is more evidence than is read: 1000 files or 64 MiB",
        why: "anybody can add evidence; without a limit it could exhaust time and memory",
        example: "a folder .weightlock/evidence with ten thousand statements",
        fix: "move evidence that is no longer needed into an archive",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_nothing_else_is_a_name() {
        let parse = |text: &str| EvidenceName::parse(&ArtifactPath::parse(text).unwrap());
        for kind in Kind::ALL {
            let name = format!("evidence/{kind}-00112233aabbccdd.sigstore.json");
            assert_eq!(parse(&name).unwrap().to_string(), name);
        }
        assert_eq!(
            parse("leaves/00112233aabbccdd.bin").unwrap().to_string(),
            "leaves/00112233aabbccdd.bin"
        );
        for name in [
            "evidence/scan-00112233AABBCCDD.sigstore.json",
            "evidence/scan-00112233aabbccd.sigstore.json",
            "evidence/scan-+0112233aabbccdd.sigstore.json",
            "evidence/scan-00112233aabbccdd.json",
            "evidence/virus-00112233aabbccdd.sigstore.json",
            "evidence/sub/scan-00112233aabbccdd.sigstore.json",
            "evidence",
            "leaves/00112233aabbccdd",
            "leaves/x/00112233aabbccdd.bin",
            "other/00112233aabbccdd.bin",
            "model.sig",
        ] {
            assert_eq!(parse(name), Err(NotEvidence), "{name}");
        }
    }

    #[test]
    fn the_prefix_is_the_start_of_the_sha256() {
        assert_eq!(ContentPrefix::of(b"abc").to_string(), "ba7816bf8f01cfea");
    }
}

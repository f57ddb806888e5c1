//! `urn:weightlock:verity:v1`: "this is what fs-verity calls the digests of the model's files".
//!
//! ```json
//! {"algorithm": "sha256", "blockSize": 4096,
//!  "files": [{"path": "w.bin", "size": 12345, "sha256": "<hex>", "fsVerity": "<hex>"}]}
//! ```
//!
//! Files are those of the canonical manifest in its order, so the list determines the manifest and its digest, which is
//! that of the first subject: path, size and SHA-256 are bound to the fs-verity digest. Only the one form of fs-verity that
//! [`verity`](weightlock_artifact::digest::verity) computes can be stated.
//!
//! A list says nothing by itself. It is believed only when the signer of the model signed it, and stands in for a file's
//! digest only under the rules in `docs/threat-model.md`. Rejected: a binary form beside the statement, as leaf tables have
//! (a file takes one digest here, not one for each MiB).

use serde::{Deserialize, Serialize};
use weightlock_artifact::{
    digest::{
        Algorithm, Digest,
        verity::{BLOCK, VerityDigest},
    },
    manifest::{Manifest, ManifestError, ManifestFile, Subject},
    path::{ArtifactPath, PathError},
};

use super::binding;
use crate::{
    json::{self, Object},
    oms::VerifiedStatement,
    refusal::Refusal,
    statement::{Statement, VerifiedEvidence},
};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "urn:weightlock:verity:v1";

const ALGORITHM: &str = "sha256";

/// Why a list of fs-verity digests is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotBelieved {
    /// The statement is of another kind.
    #[error("the statement is not about fs-verity digests")]
    Kind,
    /// The statement cannot be read.
    #[error("the statement about fs-verity digests cannot be read")]
    Statement(#[source] Refusal),
    /// Another algorithm or another size of blocks.
    #[error("fs-verity digests are by SHA-256 in blocks of {BLOCK} bytes here")]
    Form,
    /// A digest is not 64 hexadecimal digits.
    #[error("a digest in the list is none")]
    Digest,
    /// A path is no [`ArtifactPath`].
    #[error("a path in the list cannot be used")]
    Path(#[from] PathError),
    /// The files are not those of a manifest.
    #[error("the files of the list are no manifest")]
    Manifest(#[from] ManifestError),
    /// The files are not in canonical order.
    #[error("the files of the list are out of order")]
    Order,
    /// The list is about another model than the statement.
    #[error("the list covers another model than the statement names")]
    OtherModel,
    /// Somebody else than the signer of the model signed the statement.
    #[error("the fs-verity digests were not signed by the signer of the model")]
    OtherSigner,
    /// The list lacks a file of the model's signature, or has another digest for it.
    #[error("the fs-verity digests are not of the files that the model's signature lists")]
    OtherFiles,
}

/// The fs-verity digests of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerityList {
    manifest: Manifest,
    /// In the order of the manifest.
    digests: Vec<VerityDigest>,
}

impl VerityList {
    /// A list over the files of a manifest, in any order.
    ///
    /// # Errors
    /// [`ManifestError`] when the files are no manifest.
    pub fn new(files: Vec<(ManifestFile, VerityDigest)>) -> Result<Self, ManifestError> {
        let manifest = Manifest::new(files.iter().map(|(file, _)| file.clone()))?;
        let mut placed: Vec<_> = files
            .into_iter()
            .filter_map(|(file, digest)| Some((manifest.position(&file.path)?, digest)))
            .collect();
        placed.sort_unstable_by_key(|(at, _)| *at);
        let digests = placed.into_iter().map(|(_, digest)| digest).collect();
        Ok(Self { manifest, digests })
    }

    /// The manifest that the list covers.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The statement of the list: its subjects are the model's.
    #[must_use]
    pub fn statement(&self, subjects: Vec<Subject>) -> Statement {
        Statement {
            subjects,
            predicate_type: PREDICATE_TYPE.to_owned(),
            // Serialising these types cannot fail: their keys are strings.
            predicate: serde_json::to_value(Predicate::of(self)).unwrap_or_default(),
        }
    }

    /// The text of the predicate, which [`parse`](Self::parse) reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        // As above.
        serde_json::to_string(&Predicate::of(self)).unwrap_or_default()
    }

    /// Reads what a signed statement lists. The caller has checked *whose* statement it is.
    ///
    /// # Errors
    /// [`NotBelieved`] names the first condition that does not hold.
    pub fn read(evidence: &VerifiedEvidence) -> Result<Self, NotBelieved> {
        let statement = evidence.statement();
        if statement.predicate_type != PREDICATE_TYPE {
            return Err(NotBelieved::Kind);
        }
        let list = Self::parse(statement.predicate.to_string().as_bytes())?;
        if binding::is_about(evidence, &list.manifest) {
            Ok(list)
        } else {
            Err(NotBelieved::OtherModel)
        }
    }

    /// Reads the text of a predicate.
    ///
    /// # Errors
    /// [`NotBelieved`] names the first rule that is broken.
    pub fn parse(text: &[u8]) -> Result<Self, NotBelieved> {
        let predicate: Predicate =
            json::read(text).map_err(|error| NotBelieved::Statement(Refusal::StatementSyntax(error)))?;
        if predicate.algorithm != ALGORITHM || predicate.block_size != BLOCK as u64 {
            return Err(NotBelieved::Form);
        }
        let files = predicate.files.into_iter().map(|Object(file)| file.checked());
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let list = Self::new(files.clone())?;
        let in_order = list
            .manifest
            .files()
            .iter()
            .eq(files.iter().map(|(file, _)| file));
        if in_order {
            Ok(list)
        } else {
            Err(NotBelieved::Order)
        }
    }
}

/// A list that the signer of a model signed for exactly the files of the model's signature.
///
/// Whether its digests are those of the bytes with the signed digest is another question, which only the bytes answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedVerity {
    list: VerityList,
    /// The model is one file, recorded without a name.
    single: bool,
}

impl SignedVerity {
    /// Checks a list against the signature of the model.
    ///
    /// # Errors
    /// [`NotBelieved`] names the first condition that does not hold.
    pub fn check(verified: &VerifiedStatement, evidence: &VerifiedEvidence) -> Result<Self, NotBelieved> {
        if !binding::is_by_same_signer(verified, evidence) {
            return Err(NotBelieved::OtherSigner);
        }
        let signed = Self {
            list: VerityList::read(evidence)?,
            single: binding::is_single(verified),
        };
        if signed.is_of(verified) {
            Ok(signed)
        } else {
            Err(NotBelieved::OtherFiles)
        }
    }

    /// Whether every file that a statement lists is in the list with the signed digest.
    #[must_use]
    pub fn is_of(&self, verified: &VerifiedStatement) -> bool {
        binding::lists_all(&self.list.manifest, self.single, verified)
    }

    /// Size and digest of a file of the model, with what fs-verity calls its digest.
    #[must_use]
    pub fn file(&self, path: &ArtifactPath) -> Option<(&ManifestFile, &VerityDigest)> {
        let manifest = &self.list.manifest;
        let file = binding::file(manifest, self.single, path)?;
        let at = manifest.position(&file.path)?;
        Some((file, self.list.digests.get(at)?))
    }
}

#[derive(Deserialize, Serialize)]
struct Predicate {
    algorithm: String,
    #[serde(rename = "blockSize")]
    block_size: u64,
    files: Vec<Object<WireFile>>,
}

#[derive(Deserialize, Serialize)]
struct WireFile {
    path: String,
    size: u64,
    sha256: String,
    #[serde(rename = "fsVerity")]
    verity: String,
}

impl Predicate {
    fn of(list: &VerityList) -> Self {
        let files = list.manifest.files().iter().zip(&list.digests);
        Self {
            algorithm: ALGORITHM.to_owned(),
            block_size: BLOCK as u64,
            files: files
                .map(|(file, verity)| {
                    Object(WireFile {
                        path: file.path.as_str().to_owned(),
                        size: file.size,
                        sha256: file.sha256().hex(),
                        verity: verity.hex(),
                    })
                })
                .collect(),
        }
    }
}

impl WireFile {
    fn checked(self) -> Result<(ManifestFile, VerityDigest), NotBelieved> {
        let sha256 = Digest::from_hex(Algorithm::Sha256, &self.sha256).map_err(|_| NotBelieved::Digest)?;
        let verity = VerityDigest::from_hex(&self.verity).map_err(|_| NotBelieved::Digest)?;
        let path = ArtifactPath::parse(self.path)?;
        let file = ManifestFile::new(path, self.size, sha256).ok_or(NotBelieved::Digest)?;
        Ok((file, verity))
    }
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests;

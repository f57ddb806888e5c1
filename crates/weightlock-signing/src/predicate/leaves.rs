//! `urn:weightlock:leaves:v1`: "this is the leaf table of the model".
//!
//! ```json
//! {"table": {"sha256": "<hex>", "size": 12345}, "leafSize": 1048576}
//! ```
//!
//! The table itself lies beside the statement. It is believed when the statement was signed by the signer of the
//! model, the table has the digest and size named, its leaves are of the size named, and the files it covers give the
//! digest of the first subject.

use serde::{Deserialize, Serialize};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    leaf::{LEAF, LeafError, LeafTable},
    manifest::{ManifestFile, Subject},
    path::ArtifactPath,
};

use super::binding;
use crate::{
    json::{self, Object},
    oms::VerifiedStatement,
    refusal::Refusal,
    statement::{Statement, VerifiedEvidence},
};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "urn:weightlock:leaves:v1";

/// Why a leaf table is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotBelieved {
    /// The statement is of another kind.
    #[error("the statement is not about a leaf table")]
    Kind,
    /// The statement cannot be read.
    #[error("the statement about the leaf table cannot be read")]
    Statement(#[source] Refusal),
    /// The table is not the one the statement names.
    #[error("the leaf table is not the one that was signed")]
    OtherTable,
    /// The table cannot be read.
    #[error("the leaf table cannot be read")]
    Table(#[from] LeafError),
    /// The table is about other files than the statement.
    #[error("the leaf table covers another model than the statement names")]
    OtherModel,
    /// Somebody else than the signer of the model signed the statement.
    #[error("the leaf table was not signed by the signer of the model")]
    OtherSigner,
    /// The table lacks a file of the model's signature, or has another digest for it.
    #[error("the leaf table is not of the files that the model's signature lists")]
    OtherFiles,
}

/// A table that the signer of a model signed for exactly the files of the model's signature: for each of them it binds
/// name, size, leaf size and leaves to the signed digest.
///
/// Whether its leaves are those of the bytes with that digest is another question, which only the bytes answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedTable {
    table: LeafTable,
    sha256: Digest,
    /// The model is one file, recorded without a name.
    single: bool,
}

impl SignedTable {
    /// Checks a table against the signature of the model.
    ///
    /// # Errors
    /// [`NotBelieved`] names the first condition that does not hold.
    pub fn check(
        verified: &VerifiedStatement,
        evidence: &VerifiedEvidence,
        bytes: &[u8],
    ) -> Result<Self, NotBelieved> {
        if !binding::is_by_same_signer(verified, evidence) {
            return Err(NotBelieved::OtherSigner);
        }
        let signed = Self {
            table: table(evidence, bytes)?,
            sha256: Algorithm::Sha256.digest(bytes),
            single: binding::is_single(verified),
        };
        if signed.is_of(verified) {
            Ok(signed)
        } else {
            Err(NotBelieved::OtherFiles)
        }
    }

    /// Whether every file that a statement lists is in the table with the signed digest. Signatures by shards, and with
    /// other algorithms than SHA-256, have no such table.
    #[must_use]
    pub fn is_of(&self, verified: &VerifiedStatement) -> bool {
        binding::lists_all(self.table.manifest(), self.single, verified)
    }

    /// Size and digest of a file of the model, with its leaves. A model that is one file may have any name now.
    #[must_use]
    pub fn file(&self, path: &ArtifactPath) -> Option<(&ManifestFile, &[[u8; 32]])> {
        let file = binding::file(self.table.manifest(), self.single, path)?;
        self.table.file(&file.path)
    }

    /// The model is one file, whose name does not matter.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.single
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &LeafTable {
        &self.table
    }

    /// SHA-256 of the table's bytes.
    #[must_use]
    pub const fn sha256(&self) -> &Digest {
        &self.sha256
    }
}

/// The statement about a table: its subjects are the model's.
#[must_use]
pub fn statement(subjects: Vec<Subject>, table: &[u8]) -> Statement {
    let predicate = Predicate {
        table: Object(TableRef {
            sha256: Algorithm::Sha256.digest(table).hex(),
            size: table.len() as u64,
        }),
        leaf_size: LEAF,
    };
    Statement {
        subjects,
        predicate_type: PREDICATE_TYPE.to_owned(),
        // Serialising this type cannot fail: its keys are strings.
        predicate: serde_json::to_value(predicate).unwrap_or_default(),
    }
}

/// The digest of the table that a statement names, for finding it.
///
/// # Errors
/// [`NotBelieved`] when the statement is of another kind or cannot be read.
pub fn named_table(evidence: &VerifiedEvidence) -> Result<Digest, NotBelieved> {
    let predicate = read(evidence)?;
    Digest::from_hex(Algorithm::Sha256, &predicate.table.0.sha256).map_err(|_| NotBelieved::OtherTable)
}

/// Reads a table that a signed statement vouches for. The caller has checked *whose* statement it is.
///
/// # Errors
/// [`NotBelieved`] names the first condition that does not hold.
pub fn table(evidence: &VerifiedEvidence, bytes: &[u8]) -> Result<LeafTable, NotBelieved> {
    let predicate = read(evidence)?;
    let TableRef { sha256, size } = &predicate.table.0;
    let same = *size == bytes.len() as u64 && *sha256 == Algorithm::Sha256.digest(bytes).hex();
    if !same {
        return Err(NotBelieved::OtherTable);
    }
    if predicate.leaf_size != LEAF {
        return Err(LeafError::LeafSize(predicate.leaf_size).into());
    }
    let table = LeafTable::parse(bytes)?;
    if binding::is_about(evidence, table.manifest()) {
        Ok(table)
    } else {
        Err(NotBelieved::OtherModel)
    }
}

fn read(evidence: &VerifiedEvidence) -> Result<Predicate, NotBelieved> {
    let statement = evidence.statement();
    if statement.predicate_type != PREDICATE_TYPE {
        return Err(NotBelieved::Kind);
    }
    let text = statement.predicate.to_string();
    json::read(text.as_bytes()).map_err(|error| NotBelieved::Statement(Refusal::StatementSyntax(error)))
}

#[derive(Deserialize, Serialize)]
struct Predicate {
    table: Object<TableRef>,
    #[serde(rename = "leafSize")]
    leaf_size: u64,
}

#[derive(Deserialize, Serialize)]
struct TableRef {
    sha256: String,
    size: u64,
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests {
    use weightlock_artifact::leaf::LeafFile;

    use super::*;
    use crate::{
        Trust,
        key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom},
        oms::SigningMaterial,
        statement::{sign_evidence, verify_evidence},
    };

    fn a_table(content: &[u8]) -> LeafTable {
        let digest = Algorithm::Sha256.digest(content);
        let path = ArtifactPath::parse("w.bin").unwrap();
        let file = ManifestFile::new(path, content.len() as u64, digest).unwrap();
        let empty = ManifestFile::new(
            ArtifactPath::parse("e").unwrap(),
            0,
            Algorithm::Sha256.digest(b""),
        )
        .unwrap();
        LeafTable::new(vec![
            LeafFile::new(file, &[digest]).unwrap(),
            LeafFile::new(empty, &[]).unwrap(),
        ])
        .unwrap()
    }

    fn signed(statement: &Statement) -> VerifiedEvidence {
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
        let bundle = sign_evidence(statement, &key, &SigningMaterial::Key).unwrap();
        let trust = Trust::Key(key.public_key().clone());
        verify_evidence(&bundle, &trust).unwrap()
    }

    #[test]
    fn a_vouched_table_is_believed_and_no_other() {
        let one = a_table(b"one");
        let bytes = one.to_bytes();
        let evidence = signed(&statement(one.manifest().subjects("tiny"), &bytes));
        assert_eq!(table(&evidence, &bytes).unwrap(), one);
        assert_eq!(named_table(&evidence).unwrap(), Algorithm::Sha256.digest(&bytes));
        let other = a_table(b"two").to_bytes();
        assert!(matches!(table(&evidence, &other), Err(NotBelieved::OtherTable)));
    }

    #[test]
    fn a_table_of_another_model_and_another_kind_of_statement_are_not() {
        let (one, two) = (a_table(b"one"), a_table(b"two"));
        let mixed = signed(&statement(two.manifest().subjects("tiny"), &one.to_bytes()));
        assert!(matches!(
            table(&mixed, &one.to_bytes()),
            Err(NotBelieved::OtherModel)
        ));
        let mut review = statement(one.manifest().subjects("tiny"), &one.to_bytes());
        review.predicate_type = "urn:weightlock:review:v1".to_owned();
        assert!(matches!(
            table(&signed(&review), &one.to_bytes()),
            Err(NotBelieved::Kind)
        ));
    }
}

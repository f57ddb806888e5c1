//! Evidence as it is found, and what becomes of each piece: shared by the verbs that list it and those that rely on it.

use std::path::{Path, PathBuf};

use weightlock_artifact::{
    evidence::{EvidenceName, Kind, Store},
    inventory::Root,
    reason::Code,
};
use weightlock_signing::{
    NotCounted, SignersByKind,
    bundle::Material,
    certificate::Certificate,
    identity::Identity,
    statement::{Claimed, Model, VerifiedEvidence, read_unverified},
};

use super::super::target;
use crate::diagnostic::Diagnostic;

/// One piece of evidence. Nothing of it is believed.
pub(in crate::commands) struct Found {
    /// Its name in the evidence folder, or the path that was typed.
    pub(in crate::commands) name: String,
    /// The kind in its name.
    pub(in crate::commands) kind: Option<Kind>,
    /// Where it lies; none for a file that was named.
    pub(in crate::commands) place: Option<(Store, EvidenceName)>,
    /// Its size in bytes, as far as it was read.
    pub(in crate::commands) size: u64,
    bundle: Result<Vec<u8>, Diagnostic>,
}

/// Why a piece of evidence does not count.
pub(in crate::commands) struct Why {
    pub(in crate::commands) code: Code,
    pub(in crate::commands) why: String,
}

impl Found {
    /// The statements about a model that lie in it and beside it, in order of names.
    pub(in crate::commands) fn about(root: &Root) -> Result<Vec<Self>, Diagnostic> {
        let mut found = Vec::new();
        for store in target::stores(root) {
            let listing = store
                .list()
                .map_err(|error| Diagnostic::of(error.code(), &error))?;
            for (name, size) in listing.evidence {
                if let EvidenceName::Statement(kind, _) = name {
                    found.push(Self {
                        name: name.to_string(),
                        kind: Some(kind),
                        size,
                        bundle: store
                            .read(&name)
                            .map_err(|error| Diagnostic::of(error.code(), &error)),
                        place: Some((store.clone(), name)),
                    });
                }
            }
        }
        Ok(found)
    }

    /// Files that somebody sent.
    pub(in crate::commands) fn named(paths: &[PathBuf]) -> Result<Vec<Self>, Diagnostic> {
        let read = |path: &Path| {
            let bundle =
                target::read_document(path, usize::try_from(Store::MAX_BYTES).unwrap_or(usize::MAX))?;
            Ok(Self {
                name: path.display().to_string(),
                kind: None,
                place: None,
                size: bundle.len() as u64,
                bundle: Ok(bundle),
            })
        };
        paths.iter().map(|path| read(path)).collect()
    }

    /// The bytes, if they could be read and are what the name promises.
    pub(in crate::commands) fn bundle(&self) -> Result<&[u8], Why> {
        self.bundle.as_deref().map_err(|told| Why {
            code: told.code(),
            why: told.message().to_owned(),
        })
    }

    /// What it says, without anybody's signature being checked.
    pub(in crate::commands) fn claimed(&self) -> Result<Claimed, Why> {
        read_unverified(self.bundle()?).map_err(|refusal| (&NotCounted::from(refusal)).into())
    }

    /// What it says, if it counts.
    pub(in crate::commands) fn judged(
        &self,
        signers: &SignersByKind,
        model: &Model,
    ) -> Result<VerifiedEvidence, Why> {
        let judged = signers.judge(self.bundle()?, self.kind, model);
        judged.map_err(|why| (&why).into())
    }
}

impl From<&NotCounted> for Why {
    fn from(why: &NotCounted) -> Self {
        let told = Diagnostic::of(why.code(), why);
        let told = match why {
            NotCounted::About { found, model } => told
                .fact("it says", found.to_string())
                .fact("the model is", model.to_string()),
            _ => told,
        };
        Self {
            code: told.code(),
            why: told.sentence(),
        }
    }
}

/// Who is said to have signed. Nobody has checked it.
pub(in crate::commands) fn said_signer(material: &Material) -> String {
    match material {
        Material::PublicKey { hint: Some(hint) } => format!("key {hint}"),
        Material::PublicKey { hint: None } => "a key that is not named".to_owned(),
        Material::Certificates(chain) => chain
            .first()
            .and_then(|leaf| Certificate::from_der(leaf).ok())
            .map_or_else(
                || "a certificate that cannot be read".to_owned(),
                |leaf| leaf.subject(),
            ),
        Material::Sigstore(chain) => chain
            .first()
            .and_then(|leaf| Identity::of_certificate(leaf).ok())
            .map_or_else(
                || "a Sigstore identity".to_owned(),
                |identity| identity.to_string(),
            ),
    }
}

//! Models on disk in two calls: [`sign`] gives the bundle to store as `model.sig`, [`verify`] gives a model that is what its
//! signer signed.
//!
//! Everything that can be chosen (shards, other digests, ignored paths, progress, files that are kept) is in
//! [`crate::oms::model`]; here it is as `weightlock sign` and `weightlock verify` do it without flags, only stricter in one
//! thing: what a signer ignored is refused whatever it is, because this crate does not know what loaders read.

use std::path::Path;

use weightlock_artifact::{
    Error,
    digest::{Algorithm, engine::Settings},
    inventory::{Links, Root},
    path::ArtifactPath,
    reason::Code,
};

#[cfg(feature = "sign")]
use crate::oms::{
    SigningError, SigningMaterial,
    model::{Plan, Unsignable, prepare},
    sign_statement,
};
use crate::{
    Refusal, Trust, oms,
    oms::model::{LoaderView, Mismatch, Rules, Strictness, Unsigned, VerifiedModel, Work, compare},
};

/// Why a model was not signed, or is not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Weightlock could not work: input and output, or a model that changed meanwhile.
    #[error(transparent)]
    Io(#[from] Error),
    /// The signature is not accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The model is not what was signed.
    #[error("the model is not what was signed")]
    Mismatch(Box<Mismatch>),
    /// The model cannot be vouched for.
    #[cfg(feature = "sign")]
    #[error(transparent)]
    Unsignable(#[from] Unsignable),
    /// Nothing was signed.
    #[cfg(feature = "sign")]
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl FolderError {
    /// The reason code; of a mismatch the gravest.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Io(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Mismatch(mismatch) => {
                let codes = mismatch.codes();
                codes.first().copied().unwrap_or(crate::reason::TAMPERED)
            }
            #[cfg(feature = "sign")]
            Self::Unsignable(unsignable) => unsignable.code(),
            #[cfg(feature = "sign")]
            Self::Signing(error) => error.code(),
        }
    }
}

/// Signs a folder or a file, by whole files and SHA-256, and returns the bundle. The place for it is `model.sig` in the folder;
/// every name that is never part of a model, that one among them, is left out and recorded as such.
///
/// # Errors
/// [`FolderError`]: links and special files in the folder, nothing to sign, or a key that does not sign.
#[cfg(feature = "sign")]
pub fn sign(
    model: &Path,
    signer: &dyn crate::key::Signer,
    material: &SigningMaterial,
) -> Result<Vec<u8>, FolderError> {
    let root = Root::open(model, Links::Refused)?;
    let prepared = prepare(root, &Plan::new(), None, &mut work())??;
    let bundle = sign_statement(&prepared.statement, signer, material)?;
    prepared.still_holds()?;
    Ok(bundle)
}

/// Verifies a folder or a file: somebody who is trusted signed it, every signed file is there with the signed digest, and no
/// other file is.
///
/// # Errors
/// [`FolderError`] names the first rule that is broken; a [`Mismatch`] tells every file that differs.
pub fn verify(model: &Path, bundle: &[u8], trust: &Trust) -> Result<VerifiedModel, FolderError> {
    let verified = oms::verify(bundle, trust)?;
    let root = Root::open(model, Links::Refused)?;
    let rules = Rules {
        strictness: Strictness::Native {
            loaders: &Everything,
            git: true,
        },
        ignore: Vec::new(),
        unsigned: Unsigned::Refused,
        signature: None,
        only: None,
    };
    compare(&verified, root, &rules, &mut work())?
        .accept()
        .map_err(|mismatch| FolderError::Mismatch(Box::new(mismatch)))
}

fn work<'a>() -> Work<'a> {
    Work {
        settings: Settings::new(Algorithm::Sha256),
        observer: &(),
        cache: None,
        keeper: None,
        leaves: None,
    }
}

/// A loader that reads whatever there is.
struct Everything;

impl LoaderView for Everything {
    fn could_read(&self, _: &ArtifactPath, _: &[u8]) -> bool {
        true
    }

    fn matters_empty(&self, _: &ArtifactPath) -> bool {
        true
    }
}

#[cfg(feature = "sign")]
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::key::{Algorithm as KeyAlgorithm, PrivateKey, SystemRandom};

    #[test]
    fn a_folder_is_verified_as_it_was_signed_and_in_no_other_state() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path();
        fs::write(model.join("config.json"), "{}").unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
        let bundle = sign(model, &key, &SigningMaterial::Key).unwrap();
        fs::write(model.join("model.sig"), &bundle).unwrap();
        let trust = Trust::Key(key.public_key().clone());
        assert!(verify(model, &bundle, &trust).unwrap().is_complete());

        fs::write(model.join("evil.py"), "").unwrap();
        let refused = verify(model, &bundle, &trust).unwrap_err();
        assert_eq!(refused.code(), weightlock_artifact::evidence::EXTRA_FILE);
        fs::remove_file(model.join("evil.py")).unwrap();
        fs::write(model.join("config.json"), "{ }").unwrap();
        assert_eq!(
            verify(model, &bundle, &trust).unwrap_err().code(),
            crate::reason::TAMPERED
        );
        let other = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
        let refused = verify(model, &bundle, &Trust::Key(other.public_key().clone()));
        assert_eq!(refused.unwrap_err().code(), crate::reason::KEY_MISMATCH);
        assert_eq!(
            sign(&model.join("none"), &key, &SigningMaterial::Key)
                .unwrap_err()
                .code(),
            weightlock_artifact::error::NOT_FOUND
        );
    }
}

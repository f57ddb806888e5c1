//! What evidence that stands in for digests of files has in common, whatever it says of them: the signer of the model signed
//! it, about the model, and it lists exactly the files of the model's signature with their digests.

use weightlock_artifact::{
    manifest::{Manifest, ManifestFile},
    path::ArtifactPath,
};

use crate::{
    oms::{FileClaim, Files, VerifiedStatement},
    statement::{Model, VerifiedEvidence},
};

/// Whether the key that signed the model signed the evidence too.
pub(super) fn is_by_same_signer(verified: &VerifiedStatement, evidence: &VerifiedEvidence) -> bool {
    evidence.signer().is_same_as(verified.signer())
}

/// Whether the evidence names the model that has these files; a model that is one file goes by the digest of that.
pub(super) fn is_about(evidence: &VerifiedEvidence, manifest: &Manifest) -> bool {
    match manifest.files() {
        [only] if evidence.is_about(&Model::file(*only.sha256())) => true,
        _ => evidence.is_about(&Model::folder(manifest)),
    }
}

/// Whether the model is one file, recorded without a name.
pub(super) const fn is_single(verified: &VerifiedStatement) -> bool {
    matches!(verified.statement().files(), Files::Single(_))
}

/// Whether every file that a statement lists is in the manifest with the signed digest. Signatures by shards, and with other
/// algorithms than SHA-256, have no such manifest.
pub(super) fn lists_all(manifest: &Manifest, single: bool, verified: &VerifiedStatement) -> bool {
    match verified.statement().files() {
        Files::Named(files) => {
            let same = |(path, claim): (&ArtifactPath, &FileClaim)| {
                let file = manifest.file(path);
                file.is_some_and(|file| *claim == FileClaim::Whole(*file.sha256()))
            };
            !single && files.iter().all(same)
        }
        Files::Single(claim) => match manifest.files() {
            [only] => single && *claim == FileClaim::Whole(*only.sha256()),
            _ => false,
        },
    }
}

/// A file of the model. One that is the whole model may have any name now.
pub(super) fn file<'a>(
    manifest: &'a Manifest,
    single: bool,
    path: &ArtifactPath,
) -> Option<&'a ManifestFile> {
    match manifest.files() {
        [only] if single => Some(only),
        _ => manifest.file(path),
    }
}

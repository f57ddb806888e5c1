//! `sign --add`: a further signature, among the evidence. The first one stays where it is.

use std::path::PathBuf;

use weightlock_artifact::{
    evidence::{EvidenceName, Kind, Store},
    inventory::Root,
};
use weightlock_signing::{is_signed_by, key::Signer};

use super::super::target;
use crate::{diagnostic::Diagnostic, explanations::USAGE};

/// Somebody else must have signed first: a further signature alone would not be looked for. The first signature.
pub(super) fn first(root: &Root) -> Result<Vec<u8>, Diagnostic> {
    let first = target::stores(root)
        .into_iter()
        .find(|store| store.signature().symlink_metadata().is_ok());
    let first = first.ok_or_else(|| {
        usage(
            root,
            "--add is for a model that somebody else has signed, and this one is not signed",
        )
    })?;
    target::read(first.signature())
}

fn usage(root: &Root, message: &str) -> Diagnostic {
    Diagnostic::new(USAGE, message)
        .at(root.path().display().to_string())
        .help("sign without --add")
}

/// The first signer is another one.
pub(super) fn beside_another(root: &Root, signer: &dyn Signer) -> Result<(), Diagnostic> {
    if is_signed_by(&first(root)?, signer.public_key()) {
        return Err(usage(
            root,
            "the first signature of this model is by this key already",
        ));
    }
    Ok(())
}

/// Writes the signature, and removes earlier ones by the same key: as a first signature replaces them.
pub(super) fn add(store: &Store, bundle: &[u8], signer: &dyn Signer) -> Result<PathBuf, Diagnostic> {
    let failed = |error: weightlock_artifact::evidence::StoreError| Diagnostic::of(error.code(), &error);
    let name = store.add_statement(Kind::Oms, bundle).map_err(failed)?;
    for (other, _) in store.list().map_err(failed)?.evidence {
        let is_earlier = other != name && matches!(other, EvidenceName::Statement(Kind::Oms, _));
        if is_earlier
            && store
                .read(&other)
                .is_ok_and(|earlier| is_signed_by(&earlier, signer.public_key()))
        {
            store.remove(&other).map_err(failed)?;
        }
    }
    Ok(store.folder().join(name.to_string()))
}

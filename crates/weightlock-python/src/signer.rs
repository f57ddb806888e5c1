//! [`Signer`]: whose signature counts, as Python says it.

use std::path::PathBuf;

use pyo3::prelude::*;
use weightlock::embedded::Model;

/// What an object of `weightlock._trust.Signer` says. Whether it makes sense is for the load to say, as for the command line.
#[derive(FromPyObject, Debug)]
pub(crate) struct Signer {
    key: Option<PathBuf>,
    certificate_chain: Vec<PathBuf>,
    identity: Option<String>,
    identity_provider: Option<String>,
    trusted_root: Option<PathBuf>,
    share: bool,
}

impl Signer {
    /// A model of this signer that has no path yet.
    pub(crate) fn model(self) -> Model {
        Model {
            key: self.key,
            certificate_chain: self.certificate_chain,
            identity: self.identity,
            identity_provider: self.identity_provider,
            trusted_root: self.trusted_root,
            share: self.share,
            ..Model::default()
        }
    }
}

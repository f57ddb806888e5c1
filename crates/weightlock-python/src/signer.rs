//! [`Signer`]: whose signature counts, and by which policy, as Python says it.

use std::path::PathBuf;

use pyo3::prelude::*;
use weightlock::embedded::{self, Model};

/// What an object of `weightlock._trust.Signer` says. Whether it makes sense is for the load to say, as for the command line.
#[derive(FromPyObject, Debug)]
pub(crate) struct Signer {
    key: Option<PathBuf>,
    certificate_chain: Vec<PathBuf>,
    identity: Option<String>,
    identity_provider: Option<String>,
    trusted_root: Option<PathBuf>,
    share: bool,
    policy: Option<Policy>,
}

/// What an object of `weightlock.Policy` says; likewise.
#[derive(FromPyObject, Debug)]
struct Policy {
    file: Option<PathBuf>,
    mode: Option<String>,
    tier: Option<String>,
    name: Option<String>,
    revision: Option<String>,
    advisories: Vec<PathBuf>,
    audit_log: Option<PathBuf>,
    from_verdict: bool,
    skip: Vec<String>,
}

impl From<Policy> for embedded::Policy {
    fn from(policy: Policy) -> Self {
        Self {
            policy: policy.file,
            mode: policy.mode,
            tier: policy.tier,
            name: policy.name,
            revision: policy.revision,
            advisories: policy.advisories,
            audit_log: policy.audit_log,
            from_verdict: policy.from_verdict,
            skip: policy.skip,
        }
    }
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
            policy: self.policy.map(Into::into).unwrap_or_default(),
            ..Model::default()
        }
    }
}

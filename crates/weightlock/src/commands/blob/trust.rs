//! Whose signature of a blob counts: from flags to [`Trust`].

use std::path::PathBuf;

use clap::Args;
use weightlock_signing::{
    blob::Trust,
    certificate::{Certificate, Profile, UnixTime},
    key::PublicKey,
};

use crate::{
    commands::target::read_bounded,
    diagnostic::Diagnostic,
    environment::PUBLIC_KEY,
    explanations::{NO_TRUST, USAGE},
    flags::{certificates, named_key},
};

/// Whose signature counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whose signature counts")]
pub(crate) struct BlobTrustFlags {
    /// The public key of the signer, of any kind; also from WEIGHTLOCK_PUBLIC_KEY
    #[arg(long, value_name = "FILE", alias = "public-key")]
    pub key: Option<PathBuf>,
    /// Root certificates of the signer, with intermediates if the signature brings none; repeatable
    #[arg(long, value_name = "FILE", alias = "ca-roots", alias = "ca-intermediates")]
    pub certificate_chain: Vec<PathBuf>,
    /// The name that the signer's certificate must be for, exactly: an e-mail address, URI or host name
    #[arg(long, value_name = "NAME", alias = "identity")]
    pub certificate_identity: Option<String>,
    /// Check certificates as of this time (RFC 3339, such as 2026-01-31T00:00:00Z) instead of now; the answer says so
    #[arg(long, value_name = "TIME")]
    pub at_time: Option<jiff::Timestamp>,
}

impl BlobTrustFlags {
    /// What the flags say is trusted.
    pub(crate) fn trust(&self, verb: &str, now: UnixTime) -> Result<Trust, Diagnostic> {
        let otherwise = !self.certificate_chain.is_empty();
        match (
            named_key(self.key.as_ref(), PUBLIC_KEY, otherwise),
            self.certificate_chain.as_slice(),
        ) {
            (Some(_), []) if self.certificate_identity.is_some() => Err(Diagnostic::new(
                USAGE,
                "a key has no name; --certificate-identity goes with --certificate-chain",
            )),
            (Some(key), []) => Ok(Trust::Key(public_key(&key)?)),
            (None, [_, ..]) => Ok(Trust::Roots {
                certificates: self.roots()?,
                at: self.at(now)?,
                profile: Profile::Strict,
                name: self.certificate_identity.clone(),
            }),
            (None, []) => Err(Diagnostic::new(
                NO_TRUST,
                format!("{verb} needs to know whose signature counts"),
            )
            .help(format!("weightlock {verb} --key SIGNER.pub FILE"))
            .help(format!("weightlock {verb} --certificate-chain ROOT.pem FILE"))),
            (Some(_), [_, ..]) => Err(Diagnostic::new(
                USAGE,
                "--key and --certificate-chain name two different signers; give one of them",
            )),
        }
    }

    fn roots(&self) -> Result<Vec<Certificate>, Diagnostic> {
        let mut roots = Vec::new();
        for path in &self.certificate_chain {
            roots.extend(certificates(path)?);
        }
        Ok(roots)
    }

    fn at(&self, now: UnixTime) -> Result<UnixTime, Diagnostic> {
        match self.at_time {
            None => Ok(now),
            Some(stated) => u64::try_from(stated.as_second())
                .map(UnixTime)
                .map_err(|_| Diagnostic::new(USAGE, "--at-time lies before 1970")),
        }
    }
}

/// Reads a public key of any kind.
pub(crate) fn public_key(path: &std::path::Path) -> Result<PublicKey, Diagnostic> {
    let text = read_bounded(path, PublicKey::MAX_PEM_BYTES)?;
    PublicKey::from_pem(&text).map_err(|error| {
        let told = Diagnostic::of(error.code(), &error).at(path.display().to_string());
        error.hint().map_or(told.clone(), |hint| told.help(hint))
    })
}

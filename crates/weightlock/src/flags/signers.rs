//! Whose statements count for which kind of evidence: from flags to [`SignersByKind`]. A policy will give the same map.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_artifact::evidence::Kind;
use weightlock_signing::{
    SignersByKind, Trust,
    certificate::{Profile, UnixTime},
};

use super::{MAX_BYTES, Method, TrustFlags, certificates, reference};
use crate::{commands::target::read_bounded, diagnostic::Diagnostic, explanations::NO_TRUST, nearest};

/// Whose statements of one kind count.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whose signature counts")]
pub(crate) struct SignersFlags {
    /// Whose statements of a kind count, such as scan=scanner.pub or review=people-ca.pem; for that kind, nobody else's.
    /// FILE is a public key, or root certificates. Repeatable
    #[arg(long, value_name = "KIND=FILE", value_parser = pair)]
    pub signer_for: Vec<(Kind, PathBuf)>,
}

impl SignersFlags {
    /// Whose statements of every kind count, if anybody was named.
    pub(crate) fn default_trust(
        trust: &TrustFlags,
        method: Option<Method>,
        now: UnixTime,
    ) -> Result<Option<Trust>, Diagnostic> {
        match trust.trust("verify", method, now) {
            // Half an identity is somebody, and a mistake.
            Err(told) if told.code() == NO_TRUST && !trust.identity.is_asked() => Ok(None),
            named => named.map(Some),
        }
    }

    /// The map: `default` for every kind that no flag names.
    pub(crate) fn signers(
        &self,
        default: Option<Trust>,
        trust: &TrustFlags,
        now: UnixTime,
    ) -> Result<SignersByKind, Diagnostic> {
        let mut signers = SignersByKind::new(default);
        for (kind, path) in &self.signer_for {
            signers = signers.with(*kind, trust_in(path, trust, now)?);
        }
        Ok(signers)
    }
}

/// A public key, or certificates that are roots: the file says which.
pub(crate) fn trust_in(path: &Path, flags: &TrustFlags, now: UnixTime) -> Result<Trust, Diagnostic> {
    let of_key = || reference::public_key(path, flags.online).map(Trust::Key);
    if reference::parse(path)?.file().is_none() {
        return of_key();
    }
    let text = read_bounded(path, MAX_BYTES)?;
    let is_certificate = text
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"-----BEGIN CERTIFICATE-----"));
    if is_certificate {
        return Ok(Trust::Roots {
            certificates: certificates(path)?,
            at: flags.at(now)?,
            profile: Profile::Strict,
        });
    }
    of_key()
}

/// `KIND=FILE`.
fn pair(text: &str) -> Result<(Kind, PathBuf), String> {
    let (word, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("give a kind and a file, such as review=reviewer.pub")?;
    let kinds = || Kind::ALL.iter().map(|kind| kind.name());
    match Kind::ALL.into_iter().find(|kind| kind.name() == word) {
        Some(kind) => Ok((kind, PathBuf::from(file))),
        None => Err(match nearest::of(word, kinds()) {
            Some(near) => format!("there is no kind of evidence {word:?}; did you mean {near}?"),
            None => format!(
                "there is no kind of evidence {word:?}; the kinds are {}",
                kinds().collect::<Vec<_>>().join(", ")
            ),
        }),
    }
}

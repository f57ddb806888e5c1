//! Whose signature counts: from flags to [`Trust`].

use std::path::PathBuf;

use clap::Args;
use weightlock_signing::{
    Trust,
    certificate::{Certificate, Profile, UnixTime},
};

use super::{IdentityFlags, Method, certificates, named_key, reference, refused_in_production};
use crate::{
    diagnostic::Diagnostic,
    environment::PUBLIC_KEY,
    explanations::{NO_TRUST, USAGE},
};

/// Whose signature counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whose signature counts")]
pub(crate) struct TrustFlags {
    /// The public key of the signer: a PEM file, env://NAME, or a key of a service; also from WEIGHTLOCK_PUBLIC_KEY
    #[arg(long, value_name = "FILE|REFERENCE", alias = "public-key")]
    pub key: Option<PathBuf>,
    /// Permit the call to the service that keeps the key named by --key; everything else stays offline
    #[arg(long)]
    pub online: bool,
    /// Root certificates of the signer, with intermediates if the signature brings none; repeatable
    #[arg(long, value_name = "FILE", alias = "certificate-chains")]
    pub certificate_chain: Vec<PathBuf>,
    /// Check certificates as of this time (RFC 3339, such as 2026-01-31T00:00:00Z) instead of now; the answer says so
    #[arg(long, value_name = "TIME")]
    pub at_time: Option<jiff::Timestamp>,
    /// Whose identity counts, and who is believed about it.
    #[command(flatten)]
    pub identity: IdentityFlags,
}

impl TrustFlags {
    /// Whether a signer is named, or anything that only makes sense with one.
    pub(crate) fn is_given(&self) -> bool {
        self.key.is_some()
            || !self.certificate_chain.is_empty()
            || self.at_time.is_some()
            || self.identity.is_asked()
            || self.identity.names_sigstore()
    }

    /// Flags that give up a check, as they are typed.
    pub(crate) fn given_up(&self) -> Vec<String> {
        let flags = [
            (self.at_time.is_some(), "--at-time"),
            (self.identity.danger_any_identity, "--danger-any-identity"),
            (self.identity.danger_without_log, "--danger-without-log"),
            (self.identity.danger_without_sct, "--danger-without-sct"),
        ];
        let given = flags.into_iter().filter(|(given, _)| *given);
        given.map(|(_, flag)| flag.to_owned()).collect()
    }

    /// What the flags say is trusted. `verb` is the one that asks, and `method` the word before the target, if there was one.
    pub(crate) fn trust(
        &self,
        verb: &str,
        method: Option<Method>,
        now: UnixTime,
    ) -> Result<Trust, Diagnostic> {
        if self.identity.is_asked() || method == Some(Method::Sigstore) {
            return self.identity(method, now);
        }
        let otherwise = !self.certificate_chain.is_empty() || method == Some(Method::Certificate);
        if self.identity.names_sigstore() {
            return Err(Diagnostic::new(
                USAGE,
                "a Sigstore is named and no identity; a key or a certificate is not checked against it",
            )
            .help(format!(
                "weightlock {verb} --identity NAME --identity-provider URL MODEL"
            )));
        }
        match (
            named_key(self.key.as_ref(), PUBLIC_KEY, otherwise),
            self.certificate_chain.as_slice(),
        ) {
            (Some(key), []) if method.is_none_or(|method| matches!(method, Method::Key | Method::Pkcs11)) => {
                Ok(Trust::Key(reference::public_key(&key, self.online)?))
            }
            (None, [_, ..]) if method.is_none_or(|method| method == Method::Certificate) => {
                Ok(Trust::Roots {
                    certificates: self.roots()?,
                    at: self.at(now)?,
                    profile: Profile::Strict,
                })
            }
            (None, []) => Err(nobody(verb)),
            (Some(_), [_, ..]) => Err(Diagnostic::new(
                USAGE,
                "--key and --certificate-chain name two different signers; give one of them",
            )),
            _ => Err(Diagnostic::new(
                USAGE,
                "the method and the flags name two different ways to verify; give one of them",
            )),
        }
    }

    fn identity(&self, method: Option<Method>, now: UnixTime) -> Result<Trust, Diagnostic> {
        let others = self.key.is_some() || !self.certificate_chain.is_empty();
        if others || method.is_some_and(|method| method != Method::Sigstore) {
            return Err(Diagnostic::new(
                USAGE,
                "an identity and a key or certificate name two different signers; give one of them",
            ));
        }
        if self.at_time.is_some() {
            return Err(Diagnostic::new(USAGE, "--at-time has no meaning for identities")
                .note("logs and timestamp authorities say when such a signature was made"));
        }
        self.identity.trust(now).map(Trust::Identity)
    }

    fn roots(&self) -> Result<Vec<Certificate>, Diagnostic> {
        let mut roots = Vec::new();
        for path in &self.certificate_chain {
            roots.extend(certificates(path)?);
        }
        Ok(roots)
    }

    /// When certificates are checked: as stated, or now.
    pub(super) fn at(&self, now: UnixTime) -> Result<UnixTime, Diagnostic> {
        if self.at_time.is_some() {
            refused_in_production("--at-time")?;
        }
        match self.at_time {
            None => Ok(now),
            Some(stated) => u64::try_from(stated.as_second())
                .map(UnixTime)
                .map_err(|_| Diagnostic::new(USAGE, "--at-time lies before 1970")),
        }
    }
}

fn nobody(verb: &str) -> Diagnostic {
    Diagnostic::new(NO_TRUST, format!("{verb} needs to know whose signature counts"))
        .help(format!("weightlock {verb} --key SIGNER.pub MODEL"))
        .help(format!("weightlock {verb} --certificate-chain ROOT.pem MODEL"))
        .help(format!(
            "weightlock {verb} --identity NAME --identity-provider URL MODEL"
        ))
}

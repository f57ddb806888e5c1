//! Whose signature of a blob counts: from flags to [`Trust`].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use weightlock_signing::{
    blob::Trust,
    certificate::{Certificate, Profile, UnixTime},
};

use crate::{
    diagnostic::Diagnostic,
    environment::PUBLIC_KEY,
    explanations::{NO_TRUST, USAGE},
    flags::{IdentityFlags, certificates, named_key, reference},
};

/// Whose signature counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whose signature counts")]
pub(crate) struct BlobTrustFlags {
    /// The public key of the signer, of any kind: a PEM file, env://NAME, or a key of a service; also from
    /// WEIGHTLOCK_PUBLIC_KEY
    #[arg(long, value_name = "FILE|REFERENCE", alias = "public-key")]
    pub key: Option<PathBuf>,
    /// Permit the call to the service that keeps the key named by --key; everything else stays offline
    #[arg(long)]
    pub online: bool,
    /// Root certificates of the signer, with intermediates if the signature brings none; with --identity also for this
    /// name. Repeatable
    #[arg(long, value_name = "FILE", alias = "ca-roots", alias = "ca-intermediates")]
    pub certificate_chain: Vec<PathBuf>,
    /// Check certificates as of this time (RFC 3339, such as 2026-01-31T00:00:00Z) instead of now; the answer says so
    #[arg(long, value_name = "TIME")]
    pub at_time: Option<jiff::Timestamp>,
    /// Demand that a timestamp authority says when it was signed; what a log says of the time is not enough
    #[arg(long)]
    pub use_signed_timestamps: bool,
    /// A regular expression lets in more than is meant.
    #[arg(long, value_name = "RE", hide = true)]
    pub certificate_identity_regexp: Option<String>,
    /// As above.
    #[arg(long, value_name = "RE", hide = true)]
    pub certificate_oidc_issuer_regexp: Option<String>,
    /// Whose identity counts, and who is believed about it.
    #[command(flatten)]
    pub identity: IdentityFlags,
}

impl BlobTrustFlags {
    /// What the flags say is trusted.
    pub(crate) fn trust(&self, verb: &str, now: UnixTime) -> Result<Trust, Diagnostic> {
        if self.certificate_identity_regexp.is_some() || self.certificate_oidc_issuer_regexp.is_some() {
            return Err(Diagnostic::new(
                USAGE,
                "a regular expression that is not anchored lets in more names than are meant",
            )
            .help("--identity-pattern with an exact --certificate-oidc-issuer")
            .help(format!("with cosign's meaning:  weightlock compat cosign {verb}")));
        }
        let by_name = self.identity.is_asked() && !self.names_in_chain();
        let otherwise = by_name || !self.certificate_chain.is_empty();
        let key = named_key(self.key.as_ref(), PUBLIC_KEY, otherwise);
        match (key, self.certificate_chain.as_slice(), by_name) {
            (Some(key), [], false) => self.by_key(&key, now),
            (None, [_, ..], false) => self.by_chain(now),
            (None, [], true) => self.by_identity(now),
            (None, [], false) => Err(no_signer(verb)),
            _ => Err(Diagnostic::new(
                USAGE,
                "--key, --certificate-chain and an identity name different signers; give one of them",
            )),
        }
    }

    /// Whether the identity is a name in a private certificate, which nobody else vouches for.
    fn names_in_chain(&self) -> bool {
        let only_named = IdentityFlags {
            identity: self.identity.identity.clone(),
            ..IdentityFlags::default()
        };
        let rest = IdentityFlags {
            identity: None,
            ..self.identity.clone()
        };
        !self.certificate_chain.is_empty() && only_named.is_asked() && !rest.is_asked()
    }

    /// Whether a flag asks for what only logs, clocks and the age of a root can answer.
    fn asks_of_root(&self) -> bool {
        !self.identity.given_up().is_empty()
            || self.use_signed_timestamps
            || self.identity.max_root_age.is_some()
    }

    /// Whether a root is named.
    fn names_root(&self) -> bool {
        self.identity.trusted_root.is_some() || self.identity.sigstore.is_some() || self.identity.staging
    }

    /// A key decides alone, unless a root is named: then logs and clocks must agree.
    fn by_key(&self, key: &Path, now: UnixTime) -> Result<Trust, Diagnostic> {
        let key = reference::public_key(key, self.online)?;
        if self.names_root() {
            let root = Arc::new(self.identity.root(now)?);
            return Ok(Trust::LoggedKey {
                key,
                root,
                timestamp: self.use_signed_timestamps,
            });
        }
        if !self.asks_of_root() {
            return Ok(Trust::Key(key));
        }
        Err(Diagnostic::new(
            USAGE,
            "with a key no log and no clock is asked; they are asked with --trusted-root",
        ))
    }

    fn by_chain(&self, now: UnixTime) -> Result<Trust, Diagnostic> {
        if self.names_root() || self.asks_of_root() {
            return Err(Diagnostic::new(
                USAGE,
                "a private certificate chain is checked without logs and clocks; leave out what asks for them",
            ));
        }
        Ok(Trust::Roots {
            certificates: self.roots()?,
            at: self.at(now)?,
            profile: Profile::Strict,
            name: self.identity.identity.clone(),
        })
    }

    fn by_identity(&self, now: UnixTime) -> Result<Trust, Diagnostic> {
        if self.at_time.is_some() {
            return Err(Diagnostic::new(USAGE, "--at-time has no meaning for identities")
                .note("logs and timestamp authorities say when such a signature was made"));
        }
        Ok(Trust::Identity {
            trust: self.identity.trust(now)?,
            timestamp: self.use_signed_timestamps,
        })
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

fn no_signer(verb: &str) -> Diagnostic {
    Diagnostic::new(NO_TRUST, format!("{verb} needs to know whose signature counts"))
        .help(format!("weightlock {verb} --key SIGNER.pub FILE"))
        .help(format!("weightlock {verb} --certificate-chain ROOT.pem FILE"))
        .help(format!(
            "weightlock {verb} --identity NAME --identity-provider URL FILE"
        ))
}

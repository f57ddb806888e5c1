//! Whose signature of a blob counts: from flags to [`Trust`].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use weightlock_signing::{
    IdentityTrust,
    blob::Trust,
    certificate::{Certificate, Profile, UnixTime},
    identity::{Claim, Pattern, Required},
    sigstore::{Instance, RootError, TrustRoot, Without},
};

use crate::{
    commands::target::read_bounded,
    diagnostic::Diagnostic,
    environment::PUBLIC_KEY,
    explanations::{NO_TRUST, USAGE},
    flags::{certificates, named_key, reference},
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
    /// Root certificates of the signer, with intermediates if the signature brings none; repeatable
    #[arg(long, value_name = "FILE", alias = "ca-roots", alias = "ca-intermediates")]
    pub certificate_chain: Vec<PathBuf>,
    /// The signer's name in their certificate, exactly: an e-mail address, URI or host name
    #[arg(long, value_name = "NAME", alias = "identity")]
    pub certificate_identity: Option<String>,
    /// A pattern of names, where * stands for a part without / and @; the whole name must match
    #[arg(
        long,
        value_name = "PATTERN",
        alias = "identity-pattern",
        conflicts_with = "certificate_identity"
    )]
    pub certificate_identity_pattern: Option<String>,
    /// Who vouches for the name, exactly: the URL of an OpenID Connect provider
    #[arg(long, value_name = "URL", alias = "identity-provider")]
    pub certificate_oidc_issuer: Option<String>,
    /// A regular expression lets in more than is meant.
    #[arg(long, value_name = "RE", hide = true)]
    pub certificate_identity_regexp: Option<String>,
    /// As above.
    #[arg(long, value_name = "RE", hide = true)]
    pub certificate_oidc_issuer_regexp: Option<String>,
    /// The event that started the workflow, such as push
    #[arg(long, value_name = "TEXT")]
    pub certificate_github_workflow_trigger: Option<String>,
    /// The commit that the workflow ran for
    #[arg(long, value_name = "TEXT")]
    pub certificate_github_workflow_sha: Option<String>,
    /// The name of the workflow
    #[arg(long, value_name = "TEXT")]
    pub certificate_github_workflow_name: Option<String>,
    /// The repository of the workflow, as OWNER/NAME
    #[arg(long, value_name = "TEXT")]
    pub certificate_github_workflow_repository: Option<String>,
    /// The ref that the workflow ran for, such as refs/heads/main
    #[arg(long, value_name = "TEXT")]
    pub certificate_github_workflow_ref: Option<String>,
    /// Authorities, logs and clocks that are believed: a Sigstore trusted_root.json, or a trust configuration with one in
    /// it [default: those of the public Sigstore]
    #[arg(long, value_name = "FILE", alias = "trust-root", alias = "trust-config")]
    pub trusted_root: Option<PathBuf>,
    /// Demand that a timestamp authority says when it was signed; what a log says of the time is not enough
    #[arg(long)]
    pub use_signed_timestamps: bool,
    /// Do not demand that the signature is in a transparency log: a stolen identity can then sign unseen
    #[arg(long)]
    pub danger_ignore_tlog: bool,
    /// Do not demand that the certificate was published: an authority can then issue certificates in secret
    #[arg(long)]
    pub danger_ignore_sct: bool,
    /// Check certificates as of this time (RFC 3339, such as 2026-01-31T00:00:00Z) instead of now; the answer says so
    #[arg(long, value_name = "TIME")]
    pub at_time: Option<jiff::Timestamp>,
}

impl BlobTrustFlags {
    /// What the flags say is trusted.
    pub(crate) fn trust(&self, verb: &str, now: UnixTime) -> Result<Trust, Diagnostic> {
        if self.certificate_identity_regexp.is_some() || self.certificate_oidc_issuer_regexp.is_some() {
            return Err(Diagnostic::new(
                USAGE,
                "a regular expression that is not anchored lets in more names than are meant",
            )
            .help("--certificate-identity-pattern with an exact --certificate-oidc-issuer")
            .help(format!("with cosign's meaning:  weightlock compat cosign {verb}")));
        }
        let otherwise = !self.certificate_chain.is_empty() || self.is_keyless();
        let key = named_key(self.key.as_ref(), PUBLIC_KEY, otherwise);
        match (key, self.certificate_chain.as_slice(), self.is_keyless()) {
            (Some(key), [], false) => self.by_key(&key),
            (None, [_, ..], false) => self.by_chain(now),
            (None, [], true) => self.by_identity(),
            (None, [], false) => Err(no_signer(verb)),
            _ => Err(Diagnostic::new(
                USAGE,
                "--key, --certificate-chain and an identity name different signers; give one of them",
            )),
        }
    }

    /// What was given up, for the answer to say.
    pub(crate) fn given_up(&self) -> Vec<String> {
        let flags = [
            (self.danger_ignore_tlog, "transparency-log"),
            (self.danger_ignore_sct, "certificate-log"),
        ];
        let given_up = flags.into_iter().filter(|(given, _)| *given);
        given_up.map(|(_, what)| what.to_owned()).collect()
    }

    /// Whether a Sigstore identity is meant: a name alone may also be one in a private certificate.
    fn is_keyless(&self) -> bool {
        let named = self.certificate_identity.is_some() && self.certificate_chain.is_empty();
        named
            || self.certificate_identity_pattern.is_some()
            || self.certificate_oidc_issuer.is_some()
            || self.claims().next().is_some()
    }

    fn claims(&self) -> impl Iterator<Item = (Claim, &String)> {
        let claims = [
            (Claim::GithubTrigger, &self.certificate_github_workflow_trigger),
            (Claim::GithubSha, &self.certificate_github_workflow_sha),
            (Claim::GithubName, &self.certificate_github_workflow_name),
            (
                Claim::GithubRepository,
                &self.certificate_github_workflow_repository,
            ),
            (Claim::GithubRef, &self.certificate_github_workflow_ref),
        ];
        claims
            .into_iter()
            .filter_map(|(claim, value)| Some((claim, value.as_ref()?)))
    }

    /// A key decides alone, unless a root is named: then logs and clocks must agree.
    fn by_key(&self, key: &Path) -> Result<Trust, Diagnostic> {
        let key = reference::public_key(key, self.online)?;
        if self.trusted_root.is_none() {
            return if self.given_up().is_empty() && !self.use_signed_timestamps {
                Ok(Trust::Key(key))
            } else {
                Err(Diagnostic::new(
                    USAGE,
                    "with a key no log and no clock is asked; they are asked with --trusted-root",
                ))
            };
        }
        Ok(Trust::LoggedKey {
            key,
            root: Arc::new(self.root()?),
        })
    }

    fn by_chain(&self, now: UnixTime) -> Result<Trust, Diagnostic> {
        if self.trusted_root.is_some() {
            return Err(Diagnostic::new(
                USAGE,
                "--certificate-chain and --trusted-root name two kinds of authorities; give one of them",
            ));
        }
        Ok(Trust::Roots {
            certificates: self.roots()?,
            at: self.at(now)?,
            profile: Profile::Strict,
            name: self.certificate_identity.clone(),
        })
    }

    fn by_identity(&self) -> Result<Trust, Diagnostic> {
        if self.at_time.is_some() {
            return Err(Diagnostic::new(
                USAGE,
                "--at-time is for private certificates; a Sigstore signature brings its own time",
            ));
        }
        let required = self.required()?;
        let required = self.claims().fold(required, |required, (claim, value)| {
            required.with_claim(claim, value)
        });
        Ok(Trust::Identity {
            trust: IdentityTrust {
                required,
                root: Arc::new(self.root()?),
            },
            timestamp: self.use_signed_timestamps,
        })
    }

    fn required(&self) -> Result<Required, Diagnostic> {
        let issuer = self.certificate_oidc_issuer.as_ref().ok_or_else(|| {
            Diagnostic::new(USAGE, "an identity needs to be vouched for by somebody you name")
                .help("--certificate-oidc-issuer URL")
        })?;
        match (&self.certificate_identity, &self.certificate_identity_pattern) {
            (Some(name), _) => Ok(Required::exactly(name, issuer)),
            (None, Some(pattern)) => {
                let pattern = Pattern::parse(pattern).map_err(|error| {
                    Diagnostic::new(USAGE, format!("--certificate-identity-pattern: {error}"))
                })?;
                Ok(Required::like(pattern, issuer))
            }
            (None, None) => Err(
                Diagnostic::new(USAGE, "say whose signature counts, not only who vouches")
                    .help("--certificate-identity NAME"),
            ),
        }
    }

    /// Who is believed about identities.
    fn root(&self) -> Result<TrustRoot, Diagnostic> {
        let mut root = trust_root(self.trusted_root.as_deref())?;
        if self.danger_ignore_tlog {
            root = root.dangerously(Without::Log);
        }
        if self.danger_ignore_sct {
            root = root.dangerously(Without::CertificateLog);
        }
        Ok(root)
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

/// The root in a file, or that of the public Sigstore.
pub(crate) fn trust_root(named: Option<&Path>) -> Result<TrustRoot, Diagnostic> {
    let told = |error: &RootError| Diagnostic::of(error.code(), error);
    match named {
        None => TrustRoot::embedded(Instance::Production).map_err(|error| told(&error)),
        Some(path) => {
            let text = read_bounded(path, TrustRoot::MAX_BYTES)?;
            TrustRoot::from_json(&text).map_err(|error| told(&error).at(path.display().to_string()))
        }
    }
}

fn no_signer(verb: &str) -> Diagnostic {
    Diagnostic::new(NO_TRUST, format!("{verb} needs to know whose signature counts"))
        .help(format!("weightlock {verb} --key SIGNER.pub FILE"))
        .help(format!("weightlock {verb} --certificate-chain ROOT.pem FILE"))
        .help(format!(
            "weightlock {verb} --certificate-identity NAME --certificate-oidc-issuer URL FILE"
        ))
}

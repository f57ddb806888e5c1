//! Whose identity counts, and which Sigstore is believed about it: from flags to [`IdentityTrust`].

use std::{
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use weightlock_signing::{
    IdentityTrust,
    certificate::UnixTime,
    identity::{Claim, Pattern, Required, danger},
    sigstore::{TrustRoot, Without},
};

use crate::{
    commands::verdict,
    diagnostic::Diagnostic,
    environment::TRUST_ROOT,
    explanations::{NO_TRUST, ROOT_STALE, USAGE},
    roots::{self, Roots},
};

/// Whose identity counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Whose identity counts")]
pub(crate) struct IdentityFlags {
    /// The Sigstore identity of the signer, exactly: an address, or the URI of a workflow
    #[arg(long, value_name = "NAME", visible_alias = "certificate-identity")]
    pub identity: Option<String>,
    /// A family of identities: `*` stands for characters within one segment, such as
    /// 'https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/*'
    #[arg(long, value_name = "PATTERN", conflicts_with = "identity")]
    pub identity_pattern: Option<String>,
    /// Who vouches for the identity, exactly: the URL of the OpenID Connect provider
    #[arg(long, value_name = "URL", visible_alias = "certificate-oidc-issuer")]
    pub identity_provider: Option<String>,
    /// The repository that was built: its URL, or GitHub's OWNER/NAME
    #[arg(long, value_name = "REPOSITORY")]
    pub workflow_repository: Option<String>,
    /// The ref that was built, such as refs/tags/v1.0
    #[arg(long, value_name = "REF")]
    pub workflow_ref: Option<String>,
    /// What started the build, such as push
    #[arg(long, value_name = "EVENT")]
    pub workflow_trigger: Option<String>,
    /// The workflow file that was run, as a URI with its ref; or GitHub's display name of the workflow
    #[arg(long, value_name = "WORKFLOW")]
    pub workflow: Option<String>,
    /// The commit that was built
    #[arg(long, value_name = "COMMIT")]
    pub workflow_sha: Option<String>,
    /// Any other claim of the certificate, exactly, such as runner-environment=github-hosted; repeatable
    #[arg(long, value_name = "CLAIM=VALUE", value_parser = claim)]
    pub claim: Vec<(Claim, String)>,
    #[arg(long, value_name = "REF", hide = true)]
    pub certificate_github_workflow_ref: Option<String>,
    #[arg(long, value_name = "OWNER/NAME", hide = true)]
    pub certificate_github_workflow_repository: Option<String>,
    #[arg(long, value_name = "NAME", hide = true)]
    pub certificate_github_workflow_name: Option<String>,
    #[arg(long, value_name = "COMMIT", hide = true)]
    pub certificate_github_workflow_sha: Option<String>,
    #[arg(long, value_name = "EVENT", hide = true)]
    pub certificate_github_workflow_trigger: Option<String>,
    /// Accept whoever could get a certificate at all. Then somebody signed, and anybody can be somebody
    #[arg(long, conflicts_with_all = ["identity", "identity_pattern", "identity_provider"])]
    pub danger_any_identity: bool,
    /// The Sigstore trust root of a private deployment, or a client trust configuration with one
    #[arg(
        long,
        value_name = "FILE",
        visible_alias = "trust-config",
        alias = "trust-root"
    )]
    pub trusted_root: Option<PathBuf>,
    /// Which Sigstore is believed: production, staging, github, or a name given to `trust import`
    /// [default: production]
    #[arg(long, value_name = "NAME", conflicts_with = "trusted_root")]
    pub sigstore: Option<String>,
    /// Short for --sigstore staging
    #[arg(long, alias = "use-staging", conflicts_with_all = ["trusted_root", "sigstore"])]
    pub staging: bool,
    /// Refuse a trust root that is older than this
    #[arg(long, value_name = "DAYS")]
    pub max_root_age: Option<u64>,
    /// Accept signatures that no transparency log has, for a deployment without one
    #[arg(long)]
    pub danger_without_log: bool,
    /// Accept certificates that no certificate log has, for a deployment without one
    #[arg(long)]
    pub danger_without_sct: bool,
}

impl IdentityFlags {
    /// What was given up, for the answer to say.
    pub(crate) fn given_up(&self) -> Vec<String> {
        let flags = [
            (self.danger_any_identity, "identity"),
            (self.danger_without_log, "transparency-log"),
            (self.danger_without_sct, "certificate-log"),
        ];
        let given_up = flags.into_iter().filter(|(given, _)| *given);
        given_up.map(|(_, what)| what.to_owned()).collect()
    }

    /// Whether any of them asks for an identity.
    pub(crate) fn is_asked(&self) -> bool {
        self.identity.is_some()
            || self.identity_pattern.is_some()
            || self.identity_provider.is_some()
            || self.danger_any_identity
            || !self.claims().is_empty()
    }

    /// Whether a flag says which Sigstore is believed, or how much of it; it decides nothing where no identity is asked for.
    pub(crate) const fn names_sigstore(&self) -> bool {
        self.trusted_root.is_some()
            || self.sigstore.is_some()
            || self.staging
            || self.max_root_age.is_some()
            || self.danger_without_log
            || self.danger_without_sct
    }

    /// Whose identity counts, and who is believed about it.
    pub(crate) fn trust(&self, now: UnixTime) -> Result<IdentityTrust, Diagnostic> {
        Ok(IdentityTrust {
            required: self.required()?,
            root: Arc::new(self.root(now)?),
        })
    }

    /// Whose identity counts.
    pub(crate) fn required(&self) -> Result<Required, Diagnostic> {
        let required = match (&self.identity, &self.identity_pattern, &self.identity_provider) {
            _ if self.danger_any_identity => {
                refused_in_production("--danger-any-identity")?;
                danger::any_identity()
            }
            (Some(name), None, Some(issuer)) => Required::exactly(name, issuer),
            (None, Some(pattern), Some(issuer)) => {
                let pattern = Pattern::parse(pattern).map_err(|error| {
                    Diagnostic::of(USAGE, &error).at(pattern.clone()).help(
                        "'https://github.com/OWNER/REPO/.github/workflows/*@refs/tags/*', '*@example.com'",
                    )
                })?;
                Required::like(pattern, issuer)
            }
            (Some(_), _, None) | (_, Some(_), None) => {
                return Err(incomplete("an identity counts only with who vouches for it")
                    .help("add --identity-provider URL, such as https://accounts.google.com"));
            }
            _ => {
                return Err(incomplete(
                    "who vouches for an identity says nothing without the identity",
                ));
            }
        };
        let claims = self.claims().into_iter();
        Ok(claims.fold(required, |required, (claim, value)| {
            required.with_claim(claim, value)
        }))
    }

    fn claims(&self) -> Vec<(Claim, String)> {
        let either = |value: &Option<String>, uri, short| {
            let value = value.clone()?;
            Some((if value.contains("://") { uri } else { short }, value))
        };
        let one = |value: &Option<String>, claim| Some((claim, value.clone()?));
        let named = [
            either(
                &self.workflow_repository,
                Claim::SourceRepositoryUri,
                Claim::GithubRepository,
            ),
            either(&self.workflow, Claim::BuildConfigUri, Claim::GithubName),
            one(&self.workflow_ref, Claim::SourceRepositoryRef),
            one(&self.workflow_trigger, Claim::BuildTrigger),
            one(&self.workflow_sha, Claim::SourceRepositoryDigest),
            one(&self.certificate_github_workflow_ref, Claim::GithubRef),
            one(
                &self.certificate_github_workflow_repository,
                Claim::GithubRepository,
            ),
            one(&self.certificate_github_workflow_name, Claim::GithubName),
            one(&self.certificate_github_workflow_sha, Claim::GithubSha),
            one(&self.certificate_github_workflow_trigger, Claim::GithubTrigger),
        ];
        named
            .into_iter()
            .flatten()
            .chain(self.claim.iter().cloned())
            .collect()
    }

    /// Which Sigstore is believed.
    pub(crate) fn root(&self, now: UnixTime) -> Result<TrustRoot, Diagnostic> {
        let named = self.sigstore.as_deref().or(self.staging.then_some("staging"));
        let file = self
            .trusted_root
            .clone()
            .or_else(|| TRUST_ROOT.filled().filter(|_| named.is_none()).map(PathBuf::from));
        let mut root = match file {
            Some(file) => roots::in_file(&file)?,
            None => Roots::of_user().open(named.unwrap_or("production"))?.root,
        };
        self.young_enough(&root, now)?;
        for (asked, flag, without) in [
            (self.danger_without_log, "--danger-without-log", Without::Log),
            (
                self.danger_without_sct,
                "--danger-without-sct",
                Without::CertificateLog,
            ),
        ] {
            if asked {
                refused_in_production(flag)?;
                root = root.dangerously(without);
            }
        }
        Ok(root)
    }

    /// Of a file nobody knows how old the root in it is: where that is asked, it is no answer.
    fn young_enough(&self, root: &TrustRoot, now: UnixTime) -> Result<(), Diagnostic> {
        let Some(limit) = self.max_root_age else {
            return Ok(());
        };
        let Some(obtained) = root.origin().obtained else {
            return Err(Diagnostic::new(
                ROOT_STALE,
                format!("nobody knows how old the trust root is, and {limit} days are allowed"),
            )
            .at(root.origin().name.clone())
            .help("keep it under a name, which remembers when it came:  weightlock trust import FILE --name NAME"));
        };
        let days = roots::days(obtained, now);
        if days <= limit {
            return Ok(());
        }
        Err(Diagnostic::new(
            ROOT_STALE,
            format!("the trust root is {days} days old, and {limit} are allowed"),
        )
        .at(root.origin().name.clone())
        .help("get the current one:  weightlock trust update")
        .help("without a network:  weightlock trust import FILE --name NAME --replace"))
    }
}

fn incomplete(what: &str) -> Diagnostic {
    Diagnostic::new(NO_TRUST, what).help("weightlock verify --identity NAME --identity-provider URL MODEL")
}

/// In production, nothing gives up a check.
pub(crate) fn refused_in_production(flag: &str) -> Result<(), Diagnostic> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = seconds.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let now = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    verdict::refused_in_production(flag, now)
}

/// `CLAIM=VALUE`.
fn claim(text: &str) -> Result<(Claim, String), String> {
    let known = || {
        let names: Vec<_> = Claim::ALL.iter().map(|claim| claim.name()).collect();
        format!("a claim is NAME=VALUE, with a name of: {}", names.join(", "))
    };
    let (name, value) = text.split_once('=').ok_or_else(known)?;
    let claim = Claim::named(name).ok_or_else(known)?;
    Ok((claim, value.to_owned()))
}

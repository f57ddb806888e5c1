//! Identities as Sigstore certificates state them: a name, who vouched for it, and what is claimed of a workflow.
//!
//! An [`Identity`] is read from a certificate ([`Identity::of_certificate`]); what a caller demands of it is a
//! [`Required`]. Reading one proves nothing: that the certificate was issued by an authority that is trusted is
//! [`crate::sigstore`]'s matter, and only there an identity becomes that of a signer.

mod certificate;
mod pattern;
mod reason;
mod refusal;
mod required;

use std::{collections::BTreeMap, fmt};

pub use certificate::IdentityError;
pub use pattern::{Pattern, PatternError};
pub use reason::EXPLANATIONS;
pub use refusal::{IdentityRefusal, first_difference};
pub use required::{Required, danger};

/// The name in a certificate (its only subject alternative name). From a stranger until it is required: show it
/// through [`weightlock_artifact::text::Shown`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Name {
    /// An e-mail address: a person, or a service account.
    Email(String),
    /// A URI: a workflow, or another workload.
    Uri(String),
    /// A user name (`1.3.6.1.4.1.57264.1.7`), of an issuer that has no addresses.
    Username(String),
}

impl Name {
    /// The name without its kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(name) | Self::Uri(name) | Self::Username(name) => name,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a certificate says of its holder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    name: Name,
    issuer: String,
    claims: BTreeMap<Claim, String>,
}

impl Identity {
    /// The name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Who vouched for the name: the URL of an OpenID Connect provider.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What is claimed about this, if anything.
    #[must_use]
    pub fn claim(&self, claim: Claim) -> Option<&str> {
        self.claims.get(&claim).map(String::as_str)
    }

    /// All claims, in the order of their numbers.
    pub fn claims(&self) -> impl Iterator<Item = (Claim, &str)> {
        self.claims.iter().map(|(claim, value)| (*claim, value.as_str()))
    }
}

/// `NAME (vouched for by ISSUER)`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (vouched for by {})", self.name, self.issuer)
    }
}

macro_rules! claims {
    ($($(#[$meaning:meta])* $name:ident = $number:literal $text:literal $encoding:ident,)*) => {
        /// A claim about a workflow, by the number of its extension below `1.3.6.1.4.1.57264.1` (Fulcio's
        /// `oid-info.md`). The first five are GitHub's own and superseded; the others are any provider's.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Claim {
            $($(#[$meaning])* $name = $number,)*
        }

        impl Claim {
            /// Every claim, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in output and flags.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The last arc of its object identifier.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            /// How its value is written.
            const fn encoding(self) -> Encoding {
                match self { $(Self::$name => Encoding::$encoding,)* }
            }
        }
    };
}

/// How the value of a claim is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    /// The characters alone.
    Bare,
    /// A DER UTF8String.
    Der,
}

claims! {
    /// The event that started GitHub's workflow, such as `push`.
    GithubTrigger = 2 "github-workflow-trigger" Bare,
    /// The commit it ran for.
    GithubSha = 3 "github-workflow-sha" Bare,
    /// The workflow's display name.
    GithubName = 4 "github-workflow-name" Bare,
    /// `OWNER/REPOSITORY`.
    GithubRepository = 5 "github-workflow-repository" Bare,
    /// The ref it ran for, such as `refs/heads/main`.
    GithubRef = 6 "github-workflow-ref" Bare,
    /// The workflow that asked for the signature, with its ref.
    BuildSignerUri = 9 "build-signer-uri" Der,
    /// The commit that workflow was taken from.
    BuildSignerDigest = 10 "build-signer-digest" Der,
    /// `github-hosted`, `self-hosted` and the like.
    RunnerEnvironment = 11 "runner-environment" Der,
    /// URL of the repository that was built.
    SourceRepositoryUri = 12 "source-repository" Der,
    /// The commit that was built.
    SourceRepositoryDigest = 13 "source-repository-digest" Der,
    /// The ref that was built.
    SourceRepositoryRef = 14 "source-repository-ref" Der,
    /// The provider's number of the repository, which survives renaming.
    SourceRepositoryId = 15 "source-repository-id" Der,
    /// URL of the repository's owner.
    SourceRepositoryOwnerUri = 16 "source-repository-owner" Der,
    /// The provider's number of the owner.
    SourceRepositoryOwnerId = 17 "source-repository-owner-id" Der,
    /// URL of the workflow file that was run.
    BuildConfigUri = 18 "build-config-uri" Der,
    /// The commit the workflow file was taken from.
    BuildConfigDigest = 19 "build-config-digest" Der,
    /// The event that started the build.
    BuildTrigger = 20 "build-trigger" Der,
    /// URL of the run.
    RunInvocationUri = 21 "run-invocation-uri" Der,
    /// `public`, `private` or `internal`, at the time of signing.
    SourceRepositoryVisibility = 22 "source-repository-visibility" Der,
    /// The deployment environment, such as `production`.
    DeploymentEnvironment = 23 "deployment-environment" Der,
    /// The `sub` of the identity token, as it was.
    TokenSubject = 24 "token-subject" Der,
}

impl Claim {
    /// The claim with this number.
    #[must_use]
    pub fn numbered(number: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|claim| claim.number() == number)
    }

    /// The claim with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|claim| claim.name() == name)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

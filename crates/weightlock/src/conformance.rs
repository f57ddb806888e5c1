//! The client protocol of the Sigstore conformance suite (`docs/cli_protocol.md` there): `verify-bundle` and
//! `sign-bundle`.
//!
//! A verification that holds ends with 0, everything else with the code of its outcome and a reason on standard error.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand};
use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_signing::{
    bundle::Bundle,
    identity::Required,
    key::PublicKey,
    sigstore::{
        Artifact, Instance, TrustRoot, Whom,
        oidc::Application,
        sign::{ConfigError, Signable, SigningConfig},
    },
};
use weightlock_transport::Secret;

use crate::{
    commands::target::read_bounded,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations,
    flags::clock,
    keyless::{self, Keyless, Source},
    online, terminal,
};

#[derive(Parser, Debug)]
#[command(
    name = "weightlock-conformance",
    version,
    about = "Sigstore conformance client"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Verify a bundle against an artifact.
    VerifyBundle(VerifyBundle),
    /// Sign an artifact.
    SignBundle(SignBundle),
}

#[derive(Args, Debug)]
struct VerifyBundle {
    /// Trust the staging instance instead of production
    #[arg(long)]
    staging: bool,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The signer's identity, exactly
    #[arg(long, value_name = "ID", requires = "certificate_oidc_issuer")]
    certificate_identity: Option<String>,
    /// Who vouches for it, exactly
    #[arg(long, value_name = "URL", requires = "certificate_identity")]
    certificate_oidc_issuer: Option<String>,
    /// The signer's public key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["certificate_identity", "certificate_oidc_issuer"])]
    #[arg(required_unless_present = "certificate_identity")]
    key: Option<PathBuf>,
    /// Trust this root instead of one that is built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The artifact, or `sha256:` and its digest where there is no such file
    artifact: PathBuf,
}

#[derive(Args, Debug)]
struct SignBundle {
    /// Sign with the staging instance instead of production
    #[arg(long)]
    staging: bool,
    /// The artifact is an in-toto statement, and goes into the bundle
    #[arg(long)]
    in_toto: bool,
    /// The identity token
    #[arg(long, value_name = "TOKEN")]
    identity_token: String,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Trust this root instead of one that is built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Sign with these services instead of those that are built in
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,
    /// The artifact
    artifact: PathBuf,
}

/// Runs one command line and returns how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return terminal::print_usage(&error),
    };
    let done = match cli.verb {
        Verb::VerifyBundle(verify) => verify.run(),
        Verb::SignBundle(sign) => sign.run(),
    };
    match done {
        Ok(()) => Exit::Yes,
        Err(told) => {
            terminal::say(&format!("{}: {}\n", told.code(), told.sentence()));
            Exit::from(explanations::outcome(told.code()))
        }
    }
}

impl VerifyBundle {
    fn run(&self) -> Result<(), Diagnostic> {
        let text = read_bounded(&self.bundle, Bundle::MAX_BYTES)?;
        let bundle = Bundle::parse(&text).map_err(|refusal| Diagnostic::of(refusal.code(), &refusal))?;
        let root = root(self.trusted_root.as_deref(), self.staging)?;
        let key = self.key.as_deref().map(key).transpose()?;
        let required = self
            .certificate_identity
            .as_ref()
            .zip(self.certificate_oidc_issuer.as_ref());
        let required = required.map(|(name, issuer)| Required::exactly(name, issuer));
        let whom = match (&key, &required) {
            (Some(key), _) => Whom::Key(key),
            (None, Some(required)) => Whom::Identity(required),
            (None, None) => {
                return Err(Diagnostic::new(
                    explanations::NO_TRUST,
                    "neither an identity nor a key was given",
                ));
            }
        };
        let artifact = Input::read(&self.artifact)?;
        root.verify(&bundle, artifact.as_artifact(), whom)
            .map_err(|refusal| Diagnostic::of(refusal.code(), &refusal))?;
        Ok(())
    }
}

impl SignBundle {
    fn run(&self) -> Result<(), Diagnostic> {
        let root = root(self.trusted_root.as_deref(), self.staging)?;
        let refused = |error: &ConfigError| Diagnostic::of(error.code(), error);
        let config = match &self.signing_config {
            Some(file) => SigningConfig::parse(&read_bounded(file, SigningConfig::MAX_BYTES)?)
                .map_err(|error| refused(&error))?,
            None => {
                let instance = if self.staging {
                    Instance::Staging
                } else {
                    Instance::Production
                };
                SigningConfig::embedded(instance)
                    .ok_or_else(|| Diagnostic::new(explanations::USAGE, "this instance signs for nobody"))?
            }
        };
        let content = fs::read(&self.artifact)
            .map_err(|source| weightlock_artifact::Error::io("read", &self.artifact, source))?;
        let keyless = Keyless {
            client: online::client()?,
            plan: config.plan(clock()).map_err(|error| refused(&error))?,
            root,
            source: Source::Given(Secret::new(self.identity_token.as_bytes())),
            application: Application::default(),
            expected: None,
        };
        let signable = if self.in_toto {
            Signable::Statement(&content)
        } else {
            Signable::bytes(&content)
        };
        let bundle = keyless::sign(&keyless.session()?, signable)?;
        fs::write(&self.bundle, bundle)
            .map_err(|source| weightlock_artifact::Error::io("write", &self.bundle, source).into())
    }
}

fn root(file: Option<&Path>, staging: bool) -> Result<TrustRoot, Diagnostic> {
    let root = match file {
        Some(file) => TrustRoot::from_json(&read_bounded(file, TrustRoot::MAX_BYTES)?),
        None if staging => TrustRoot::embedded(Instance::Staging),
        None => TrustRoot::embedded(Instance::Production),
    };
    root.map_err(|error| Diagnostic::of(error.code(), &error))
}

fn key(file: &Path) -> Result<PublicKey, Diagnostic> {
    let text = read_bounded(file, PublicKey::MAX_PEM_BYTES)?;
    PublicKey::from_pem(&text).map_err(|error| Diagnostic::of(error.code(), &error))
}

/// What was signed. The suite's artifacts are small, so that files are read whole: signatures by Ed25519 need that.
enum Input {
    Bytes(Vec<u8>),
    Digest(Digest),
}

impl Input {
    fn read(path: &Path) -> Result<Self, Diagnostic> {
        let digest = path.to_str().and_then(|text| text.strip_prefix("sha256:"));
        match digest.map(|hex| Digest::from_hex(Algorithm::Sha256, hex)) {
            Some(Ok(digest)) if !path.exists() => Ok(Self::Digest(digest)),
            _ => {
                let error = |source| weightlock_artifact::Error::io("read", path, source);
                Ok(Self::Bytes(fs::read(path).map_err(error)?))
            }
        }
    }

    fn as_artifact(&self) -> Artifact<'_> {
        match self {
            Self::Bytes(bytes) => Artifact::Bytes(bytes),
            Self::Digest(digest) => Artifact::Sha256(*digest),
        }
    }
}

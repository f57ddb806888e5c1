//! Signing keyless: from flags to a [`Keyless`], which says what will be published before anything is.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_signing::{
    certificate::UnixTime,
    sigstore::{
        Instance, TrustRoot,
        oidc::{AUDIENCE, Application, ambient::Surroundings},
        sign::{Plan, SigningConfig},
    },
};
use weightlock_transport::{Secret, Url};

use crate::{
    commands::target::read_bounded,
    context::Context,
    diagnostic::Diagnostic,
    environment,
    explanations::{NO_TERMINAL, NOT_CONFIRMED, OFFLINE, USAGE},
    keyless::{Keyless, Source},
    online, roots, terminal,
    text::Shown,
};

/// A token or secret longer than this is a mistake, such as naming the wrong file.
const MOST_SECRET: usize = 64 << 10;
/// Where a token is projected into pods, by cosign's convention.
const PROJECTED: &str = "/var/run/sigstore/cosign/oidc-token";
/// What tells Google's machines.
const PRODUCT: &str = "/sys/class/dmi/id/product_name";
const METADATA: &str = "metadata.google.internal";

/// Which Sigstore signs, and as whom.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Signing keyless")]
pub(crate) struct KeylessFlags {
    /// Sign with the services of this signing configuration (signing_config.v0.2.json); needs --trusted-root
    #[arg(long, value_name = "FILE", requires = "trusted_root")]
    pub signing_config: Option<PathBuf>,
    /// Check what the services answer against this trust root
    #[arg(long, value_name = "FILE", alias = "trust-root", requires = "signing_config")]
    pub trusted_root: Option<PathBuf>,
    /// Both in one file: a client trust configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signing_config", "staging", "production"])]
    pub trust_config: Option<PathBuf>,
    /// Sign with the public instance's rehearsal; its signatures count for nobody
    #[arg(long, alias = "use-staging", conflicts_with_all = ["signing_config", "production"])]
    pub staging: bool,
    /// Sign with Sigstore's public instance
    #[arg(long, conflicts_with = "signing_config")]
    pub production: bool,
    /// Read the identity token from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["use_ambient_credentials", "device_flow"])]
    pub identity_token_file: Option<PathBuf>,
    /// Refused: whoever lists processes sees it.
    #[arg(long, value_name = "TOKEN", hide = true)]
    pub identity_token: Option<String>,
    /// Ask the surroundings of this job for a token (GitHub, GitLab, Google, Kubernetes, SIGSTORE_ID_TOKEN)
    #[arg(long, conflicts_with = "device_flow")]
    pub use_ambient_credentials: bool,
    /// Log in on another device, with a code
    #[arg(long, visible_alias = "oauth-force-oob")]
    pub device_flow: bool,
    /// Log in at this issuer instead of the one in the signing configuration
    #[arg(long, value_name = "URL", visible_alias = "oidc-issuer")]
    pub oidc_provider: Option<String>,
    /// The name this client has at the issuer [default: sigstore]
    #[arg(long, value_name = "ID", visible_alias = "client-id")]
    pub oidc_client_id: Option<String>,
    /// Read the secret this client has at the issuer from a file
    #[arg(long, value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// The name that the certificate must carry, where the token does not tell it
    #[arg(long, value_name = "NAME")]
    pub expect_identity: Option<String>,
    /// Publish without asking
    #[arg(short, long)]
    pub yes: bool,
}

impl KeylessFlags {
    /// Whether any flag asks for signing keyless.
    pub(crate) const fn is_asked(&self) -> bool {
        self.signing_config.is_some()
            || self.trust_config.is_some()
            || self.staging
            || self.production
            || self.identity_token_file.is_some()
            || self.identity_token.is_some()
            || self.use_ambient_credentials
            || self.device_flow
    }

    /// Decides who is called and as whom, and has it confirmed. Calls nobody.
    pub(crate) fn keyless(&self, context: &Context) -> Result<Keyless, Diagnostic> {
        if context.offline {
            return Err(Diagnostic::new(
                OFFLINE,
                "signing keyless calls services, and --offline forbids it",
            )
            .help("sign with a key:  weightlock sign --key NAME.key MODEL"));
        }
        let (root, config) = self.instance()?;
        let plan = config
            .plan(context.now())
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        let source = self.source(&plan)?;
        let keyless = Keyless {
            client: online::client()?,
            plan,
            root,
            source,
            application: self.application()?,
            expected: self.expect_identity.clone(),
        };
        if !self.yes {
            confirmed(&keyless)?;
        } else {
            terminal::say(&keyless.warning());
        }
        Ok(keyless)
    }

    fn instance(&self) -> Result<(TrustRoot, SigningConfig), Diagnostic> {
        let unusable = |what: &str| Diagnostic::new(USAGE, what);
        let embedded = |instance| {
            let root = TrustRoot::embedded(instance).map_err(|error| Diagnostic::of(error.code(), &error))?;
            let config = SigningConfig::embedded(instance);
            Ok((
                root,
                config.ok_or_else(|| unusable("this instance signs for nobody"))?,
            ))
        };
        if self.staging {
            return embedded(Instance::Staging);
        }
        if self.production {
            return embedded(Instance::Production);
        }
        if let Some(file) = &self.trust_config {
            let root = roots::in_file(file)?;
            let config = root.signing_config().ok_or_else(|| {
                unusable("the trust configuration has no signing configuration").at(shown(file))
            })?;
            let config = parsed(config, file)?;
            return Ok((root, config));
        }
        match (&self.signing_config, &self.trusted_root) {
            (Some(config), Some(root)) => {
                let text = read_bounded(config, SigningConfig::MAX_BYTES)?;
                Ok((roots::in_file(root)?, parsed(&text, config)?))
            }
            _ => Err(unusable("signing keyless needs to know with which Sigstore")
                .help("a private one:  --trust-config FILE, or --signing-config FILE --trusted-root FILE")
                .help("the public one:  --production, or --staging to try it out")),
        }
    }

    fn application(&self) -> Result<Application, Diagnostic> {
        Ok(Application {
            id: self.oidc_client_id.clone().unwrap_or_else(|| AUDIENCE.to_owned()),
            secret: self.oidc_client_secret_file.as_deref().map(secret).transpose()?,
        })
    }

    /// Where the token comes from. What needs a person is refused here where there is none.
    fn source(&self, plan: &Plan) -> Result<Source, Diagnostic> {
        if self.identity_token.is_some() {
            return Err(Diagnostic::new(
                USAGE,
                "a token on the command line can be read by every process of this machine",
            )
            .help("put it into a file:  --identity-token-file FILE, or into SIGSTORE_ID_TOKEN"));
        }
        if let Some(file) = &self.identity_token_file {
            return Ok(Source::Given(secret(file)?));
        }
        let surroundings = surroundings(self.use_ambient_credentials)?;
        if self.use_ambient_credentials || (!self.device_flow && surroundings.offer_something()) {
            let audience = self.oidc_client_id.as_deref().unwrap_or(AUDIENCE);
            surroundings
                .address(audience)
                .map_err(|error| Diagnostic::of(error.code(), &error))?;
            return Ok(Source::Ambient(surroundings));
        }
        if !(terminal::stdin_is_terminal() && terminal::stderr_is_terminal()) {
            return Err(
                Diagnostic::new(NO_TERMINAL, "logging in needs a person, and there is no terminal")
                    .help("in a job:  --use-ambient-credentials, or --identity-token-file FILE"),
            );
        }
        let issuer = match &self.oidc_provider {
            Some(url) => Url::parse(url).map_err(|error| Diagnostic::of(error.code(), &error))?,
            None => plan.issuer.clone().ok_or_else(|| {
                Diagnostic::new(USAGE, "the signing configuration names no issuer to log in at")
                    .help("name one:  --oidc-provider URL")
            })?,
        };
        Ok(if self.device_flow {
            Source::Device(issuer)
        } else {
            Source::Browser(issuer)
        })
    }
}

fn parsed(text: &[u8], file: &Path) -> Result<SigningConfig, Diagnostic> {
    SigningConfig::parse(text).map_err(|error| Diagnostic::of(error.code(), &error).at(shown(file)))
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

fn secret(file: &Path) -> Result<Secret, Diagnostic> {
    let text = zeroize::Zeroizing::new(read_bounded(file, MOST_SECRET)?);
    Ok(Secret::new(text.trim_ascii()))
}

/// What a job finds around it. The files of Kubernetes and Google are looked at only when a token was asked for.
fn surroundings(asked: bool) -> Result<Surroundings, Diagnostic> {
    let bytes = |variable: environment::Variable| {
        let value = variable.filled()?;
        Some(Secret::new(std::os::unix::ffi::OsStringExt::into_vec(value)))
    };
    let text = |variable: environment::Variable| variable.filled()?.into_string().ok();
    let mut found = Surroundings {
        token: bytes(environment::SIGSTORE_ID_TOKEN),
        github_url: text(environment::ACTIONS_ID_TOKEN_REQUEST_URL),
        github_token: bytes(environment::ACTIONS_ID_TOKEN_REQUEST_TOKEN),
        github: environment::GITHUB_ACTIONS.filled().is_some(),
        gitlab: environment::GITLAB_CI.filled().is_some(),
        google: text(environment::GCE_METADATA_HOST),
    };
    if asked && !found.offer_something() {
        if Path::new(PROJECTED).exists() {
            found.token = Some(secret(Path::new(PROJECTED))?);
        }
        let product = read_bounded(Path::new(PRODUCT), 4096).unwrap_or_default();
        if product.starts_with(b"Google") {
            found.google = Some(METADATA.to_owned());
        }
    }
    Ok(found)
}

/// Says what will be published, and asks.
fn confirmed(keyless: &Keyless) -> Result<(), Diagnostic> {
    let mut question = keyless.warning();
    let refused =
        |what: &str| Diagnostic::new(NOT_CONFIRMED, what).help("publish without being asked:  --yes");
    if !(terminal::stdin_is_terminal() && terminal::stderr_is_terminal()) {
        terminal::say(&question);
        return Err(refused(
            "nothing is published without a yes, and there is no terminal to ask on",
        ));
    }
    question += "Publish? [y/N] ";
    if terminal::ask(&question) {
        Ok(())
    } else {
        Err(refused("nothing was published"))
    }
}

impl Keyless {
    /// What everybody will be able to read, and where.
    pub(crate) fn warning(&self) -> String {
        let mut text = "note: signing keyless publishes who signs, for ever: the name in the identity token (an address or a \
                        workflow) goes into a certificate and public logs, and cannot be taken back\n"
            .to_owned();
        for url in self.plan.addresses() {
            text += &format!("  {}\n", Shown(url.as_str()));
        }
        text
    }
}

impl Context {
    /// How a waiting call learns that the user wants to stop.
    pub(crate) fn stop(&self) -> weightlock_transport::http::Stop {
        let stop = self.stopping();
        weightlock_transport::http::Stop::when(move || stop.is_wanted())
    }
}

/// Seconds since 1970 of the system's clock, for tokens that are fetched while a person takes their time.
pub(crate) fn clock() -> UnixTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixTime(since.map_or(0, |since| since.as_secs()))
}

//! [`Keyless`]: who is called to sign keyless and as whom, and the session that comes of it.

use weightlock_signing::{
    key::SystemRandom,
    sigstore::{
        TrustRoot,
        oidc::{Application, OidcError, Provider, Token, ambient::Surroundings, browser, device},
        sign::{KeylessError, Plan, Services, Session, Signable},
    },
};
use weightlock_transport::{Secret, Url, http::Client};

use crate::{diagnostic::Diagnostic, flags::clock, terminal, text::Shown};

/// Everything decided about signing keyless. Nobody was called yet.
#[derive(Debug)]
pub(crate) struct Keyless {
    pub(crate) client: Client,
    pub(crate) plan: Plan,
    pub(crate) root: TrustRoot,
    pub(crate) source: Source,
    pub(crate) application: Application,
    pub(crate) expected: Option<String>,
}

/// Where the identity token comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file that somebody wrote.
    Given(Secret),
    /// The surroundings of a job.
    Ambient(Surroundings),
    /// A person with a browser on this machine.
    Browser(Url),
    /// A person with another device.
    Device(Url),
}

impl Keyless {
    /// Gets a token and a certificate for it. From here on the name in the token is public.
    pub(crate) fn session(&self) -> Result<Session<'_>, Diagnostic> {
        let token = self
            .token()
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        let services = Services {
            client: &self.client,
            plan: &self.plan,
            root: &self.root,
        };
        Session::open(services, &token, self.expected.as_deref(), &mut SystemRandom)
            .map_err(|error| told(&error))
    }

    fn token(&self) -> Result<Token, OidcError> {
        let audience = self.application.id.as_str();
        match &self.source {
            Source::Given(text) => Token::parse(text, audience, clock()),
            Source::Ambient(surroundings) => surroundings.token(&self.client, audience, clock()),
            Source::Browser(issuer) => {
                let provider = Provider::discover(&self.client, issuer)?;
                browser::token(
                    &self.client,
                    &provider,
                    &self.application,
                    &mut SystemRandom,
                    &clock,
                    &mut |page| {
                        terminal::say(&format!(
                            "Open this in a browser of this machine and log in:\n\n  {page}\n\n"
                        ))
                    },
                )
            }
            Source::Device(issuer) => {
                let provider = Provider::discover(&self.client, issuer)?;
                device::token(
                    &self.client,
                    &provider,
                    &self.application,
                    &mut SystemRandom,
                    &clock,
                    &mut |told| {
                        let page = told.complete.as_ref().unwrap_or(&told.page);
                        let (page, code) = (Shown(page), Shown(&told.code));
                        terminal::say(&format!(
                            "Open {page} on any device, enter the code {code}, and log in.\n"
                        ));
                    },
                )
            }
        }
    }
}

/// Signs one thing, and gives the bundle.
pub(crate) fn sign(session: &Session<'_>, signable: Signable<'_>) -> Result<Vec<u8>, Diagnostic> {
    let signed = session.sign(signable, clock(), &mut SystemRandom);
    signed.map(|signed| signed.bundle).map_err(|error| told(&error))
}

/// An error of signing keyless, with what to do.
fn told(error: &KeylessError) -> Diagnostic {
    let told = Diagnostic::of(error.code(), error);
    match error {
        KeylessError::Refused(_) | KeylessError::Bundle(_) => told
            .note("no signature was written; certificate and log entry may have been published all the same")
            .help("check that signing configuration and trust root belong to the same instance"),
        KeylessError::OtherIdentity { .. } => {
            told.help("if the name is right, say so:  --expect-identity NAME")
        }
        _ => told,
    }
}

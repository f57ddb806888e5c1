//! `weightlock trust update`: fetch a newer trust root from the deployment that publishes it.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::write::Existing;
use weightlock_signing::sigstore::{
    Instance, RootError,
    tuf::{self, Repository, TufError},
};
use weightlock_transport::Url;

use crate::{
    commands::target::read_bounded,
    context::Context,
    diagnostic::Diagnostic,
    explanations::{ROOT_NAME, USAGE},
    online,
    reply::Reply,
    roots::{Named, Roots},
    text::Shown,
};

/// Fetch the newest trust root of a deployment by The Update Framework, and keep it.
///
/// The root must be signed by keys that lead back to the ones that are built in, or to those of --tuf-root; it must not have
/// expired, and not be older than what an earlier update saw. This is the only verb about trust roots that uses the network.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Whose root: production, staging or github; with --tuf-root a name of your own
    #[arg(value_name = "NAME", default_value = "production")]
    name: String,
    /// The keys to begin with, for a private deployment: the root.json of its TUF repository, got over a channel you trust
    #[arg(long, value_name = "FILE", requires = "mirror")]
    tuf_root: Option<PathBuf>,
    /// Where the repository is, instead of the instance's own address
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Replace a root of this name that came on another way
    #[arg(long)]
    replace: bool,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewed {
    /// Its name, for `--sigstore`.
    pub name: String,
    /// Where it is kept.
    pub file: String,
    /// The address it was fetched from.
    pub source: String,
    /// The version of the publisher's list.
    pub version: u64,
    /// Until when the publisher vouches for its being current (RFC 3339).
    pub expires: String,
    /// SHA-256 of its JSON.
    pub sha256: String,
    /// Whether it differs from the root that was kept or built in before.
    pub changed: bool,
}

const VERB: &str = "trust update";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match renew(arguments, context) {
        Ok(renewed) => Reply::yes(VERB, text(&renewed), renewed),
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("not updated: nothing was changed"),
    }
}

fn renew(arguments: &Arguments, context: &Context) -> Result<Renewed, Diagnostic> {
    let repository = repository(arguments)?;
    let (roots, name, now) = (Roots::of_user(), arguments.name.as_str(), context.now());
    let told = |error: &TufError| Diagnostic::of(error.code(), error).at(repository.mirror().origin());
    let source = repository.mirror().as_str();
    let before = match roots.open(name) {
        Ok(before) => Some(before),
        // A kept root that cannot be read or is not safe is somebody's to look at.
        Err(told) if told.code() != ROOT_NAME && !arguments.replace => return Err(told),
        Err(_) => None,
    };
    let own = before
        .as_ref()
        .is_none_or(|kept| kept.source == "built in" || kept.source == source);
    if !own && !arguments.replace {
        let kept = before.map(|kept| kept.source).unwrap_or_default();
        return Err(
            Diagnostic::new(USAGE, format!("the trust root {name} came on another way"))
                .fact("kept", kept)
                .fact("this", source)
                .help("to have this one instead, add --replace; to keep both, give another name"),
        );
    }
    let seen = roots.seen(name)?;
    let updated = tuf::update(&repository, &online::client()?, seen, now).map_err(|error| told(&error))?;
    if updated.root.authorities().is_empty() {
        let error = RootError::Unusable {
            what: "it believes nobody".to_owned(),
        };
        return Err(Diagnostic::of(error.code(), &error).at(repository.mirror().origin()));
    }
    let file = roots.keep(name, &updated.root, source, now, Existing::Replaced)?;
    // After the root: a memory without its root would only make the next update fetch it again.
    roots.keep_seen(name, &updated.seen)?;
    // White space around a kept root is not kept.
    let same = |before: &Named| before.root.to_json().trim_ascii() == updated.root.to_json().trim_ascii();
    Ok(Renewed {
        name: name.to_owned(),
        file: file.display().to_string(),
        source: source.to_owned(),
        version: updated.version,
        expires: updated.expires.to_string(),
        changed: !before.is_some_and(|before| same(&before)),
        sha256: updated.root.digest().hex(),
    })
}

/// Which repository: of a public instance, perhaps by another mirror, or one with keys of its own.
fn repository(arguments: &Arguments) -> Result<Repository, Diagnostic> {
    let mirror = arguments.mirror.as_deref().map(Url::parse).transpose();
    let mirror = mirror.map_err(|error| Diagnostic::of(error.code(), &error))?;
    let instance = arguments.name.parse::<Instance>();
    match (&arguments.tuf_root, instance, mirror) {
        (Some(file), _, Some(mirror)) => {
            let keys = read_bounded(file, Repository::MAX_ROOT_BYTES)?;
            Ok(Repository::new(&keys, mirror))
        }
        (None, Ok(instance), None) => Ok(Repository::of(instance)),
        (None, Ok(instance), Some(mirror)) => Ok(Repository::of(instance).at(mirror)),
        _ => Err(Diagnostic::new(
            ROOT_NAME,
            format!("there is no public instance called {}", Shown(&arguments.name)),
        )
        .help("the public instances are production, staging and github")
        .help("for a private one:  weightlock trust update NAME --tuf-root ROOT.json --mirror URL")),
    }
}

fn text(renewed: &Renewed) -> String {
    let head = if renewed.changed { "updated" } else { "is current" };
    format!(
        "{} {head}: {}\n  from     {}, version {}\n  current  until {}\n  sha256   {}\n  use      --sigstore {}\n",
        renewed.name,
        Shown(&renewed.file),
        Shown(&renewed.source),
        renewed.version,
        renewed.expires,
        renewed.sha256,
        renewed.name
    )
}

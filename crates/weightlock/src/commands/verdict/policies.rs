//! Which policies hold here: the machine's floor, and one that was named for the call, in the environment, or by the user.
//!
//! A policy never comes from the working folder or from a model. A floor that is there and cannot be read is a fault, and no
//! missing floor.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use weightlock_artifact::{digest::Algorithm, input};
use weightlock_policy::{
    Document, Layer, LayerKind, Mode, Policy, SignedWaivers, WaiverList,
    document::MAX_BYTES,
    reason::{DOCUMENT, UNDEFINED},
};

use super::{
    flags::{PolicyFlags, WhichPolicy},
    log,
    people::{self, People},
    words::WORDS,
};
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    environment::{HOME, MODE, POLICY, XDG_CONFIG_HOME},
    explanations::DANGER,
};

/// The machine's policy.
const FLOOR: &str = "/etc/weightlock/policy.toml";

/// The policies that hold, and whoever they know.
#[derive(Debug)]
pub(crate) struct Policies {
    /// The policies.
    pub(crate) policy: Policy,
    /// Whoever they know, with what their signatures are checked with.
    pub(super) people: People,
}

impl Policies {
    /// Finds the policies that hold here. Without any there is no verdict.
    pub(crate) fn find(flags: &WhichPolicy, context: &Context) -> Result<Self, Diagnostic> {
        Self::above(Path::new(FLOOR), flags, context)
    }

    /// Reads the policies that hold here, and none of the keys and files that they name: for cases that are made up.
    pub(in crate::commands) fn documents(flags: &WhichPolicy) -> Result<Policy, Diagnostic> {
        let files = [Some((LayerKind::Floor, PathBuf::from(FLOOR), true)), named(flags)];
        let mut layers = Vec::new();
        for (kind, file, may_be_missing) in files.into_iter().flatten() {
            layers.extend(read(kind, &file, may_be_missing)?);
        }
        if layers.is_empty() {
            return Err(nowhere());
        }
        Ok(Policy::new(layers))
    }

    /// Likewise; nothing where no policy holds here. What only a policy understands is refused without one.
    pub(crate) fn find_any(flags: &PolicyFlags, context: &Context) -> Result<Option<Self>, Diagnostic> {
        if flags.is_given() {
            return Self::find(&flags.which, context).map(Some);
        }
        Self::if_any(Path::new(FLOOR), &flags.which, context)
    }

    /// Likewise, above this floor.
    pub(crate) fn above(floor: &Path, flags: &WhichPolicy, context: &Context) -> Result<Self, Diagnostic> {
        match Self::if_any(floor, flags, context)? {
            Some(found) => Ok(found),
            None => Err(nowhere()),
        }
    }

    /// Likewise; nothing where no policy holds here.
    pub(crate) fn if_any(
        floor: &Path,
        flags: &WhichPolicy,
        context: &Context,
    ) -> Result<Option<Self>, Diagnostic> {
        let mut layers = Vec::new();
        let mut people = People::default();
        let named = named(flags);
        let files = if context.plays {
            [None, named.filter(|(kind, ..)| *kind == LayerKind::Named)]
        } else {
            [Some((LayerKind::Floor, floor.to_owned(), true)), named]
        };
        for (kind, file, may_be_missing) in files.into_iter().flatten() {
            let Some(layer) = read(kind, &file, may_be_missing)? else {
                continue;
            };
            let number = layers.len();
            let files = people.add(number, &layer, &file, context)?;
            let waivers = waivers(&layer, &file, number, &people)?;
            layers.push(Layer {
                waivers,
                files,
                ..layer
            });
        }
        Ok((!layers.is_empty()).then(|| Self {
            policy: Policy::new(layers),
            people,
        }))
    }
}

/// Whether flags that give up a check are refused here: by the environment, or by a policy that holds. A word of the environment
/// that nobody knows is a misspelling of `production`, and no permission; nor is a policy that cannot be read.
pub(crate) fn is_production() -> bool {
    MODE.filled().is_some()
        || match Policies::documents(&WhichPolicy::default()) {
            Ok(policy) => policy.mode(None) == Mode::Production,
            Err(told) => told.code() != UNDEFINED,
        }
}

/// Refuses a flag that gives up a check where this is production, and writes to the logs that somebody tried.
pub(crate) fn refused_in_production(flag: &str, now: Timestamp) -> Result<(), Diagnostic> {
    if !is_production() {
        return Ok(());
    }
    // A log that cannot be written changes nothing about the refusal.
    let policy = Policies::documents(&WhichPolicy::default()).unwrap_or_default();
    let written = log::write_refused(flag, &policy, now);
    let told = Diagnostic::new(
        DANGER,
        format!("{flag} gives up a check, and this machine is in production mode"),
    );
    Err(match written {
        Ok(()) => told,
        Err(why) => told.note(format!(
            "that it was tried could not be logged: {}",
            why.message()
        )),
    })
}

fn nowhere() -> Diagnostic {
    Diagnostic::new(
        UNDEFINED,
        "no policy was named, and without one nothing is allowed",
    )
    .note(format!(
        "there is none in {FLOOR}, in WEIGHTLOCK_POLICY, or in your configuration folder"
    ))
    .help("name one with --policy FILE; weightlock policy init makes one")
}

/// The one policy besides the floor, and whether it need not be there.
fn named(flags: &WhichPolicy) -> Option<(LayerKind, PathBuf, bool)> {
    if let Some(file) = &flags.policy {
        return Some((LayerKind::Named, file.clone(), false));
    }
    if let Some(file) = POLICY.filled() {
        return Some((LayerKind::Environment, PathBuf::from(file), false));
    }
    let own = XDG_CONFIG_HOME.folder();
    let folder = own.or_else(|| HOME.folder().map(|home| home.join(".config")))?;
    Some((LayerKind::User, folder.join("weightlock/policy.toml"), true))
}

fn read(kind: LayerKind, file: &Path, may_be_missing: bool) -> Result<Option<Layer>, Diagnostic> {
    if may_be_missing && is_missing(kind, file) {
        return Ok(None);
    }
    let text = input::read_at_most(file, MAX_BYTES)?;
    let source = file.display().to_string();
    let document = Document::parse(&text, &WORDS)
        .map_err(|error| Diagnostic::of(DOCUMENT, &error.fault).at(format!("{source}:{}", error.line)))?;
    Ok(Some(Layer {
        kind,
        digest: Algorithm::Sha256.digest(&text),
        source,
        document,
        waivers: None,
        files: Vec::new(),
    }))
}

/// Whether nothing is there at all. A link that leads nowhere is something: somebody wanted a policy there. So is whatever cannot be
/// looked at.
fn is_missing(kind: LayerKind, file: &Path) -> bool {
    let is_absent = |path: &Path| match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        // Nothing lies below a file, and what lies in a folder that this user may not look into is not this user's. For the floor
        // both are strange enough to be told.
        Err(error) => {
            let elsewhere = [io::ErrorKind::NotADirectory, io::ErrorKind::PermissionDenied];
            kind == LayerKind::User && elsewhere.contains(&error.kind())
        }
        Ok(_) => false,
    };
    let leads_nowhere = |folder: &Path| !is_absent(folder) && !folder.exists();
    is_absent(file) && !file.parent().is_some_and(leads_nowhere)
}

/// The exceptions in the other file that a policy names, and whose signatures that file has.
fn waivers(
    layer: &Layer,
    file: &Path,
    number: usize,
    people: &People,
) -> Result<Option<SignedWaivers>, Diagnostic> {
    let Some(name) = &layer.document.waiver_file else {
        return Ok(None);
    };
    let path = people::beside(file, name);
    let text = input::read_at_most(&path, MAX_BYTES)?;
    let source = path.display().to_string();
    let list = WaiverList::parse(&text, &WORDS)
        .map_err(|error| Diagnostic::of(DOCUMENT, &error.fault).at(format!("{source}:{}", error.line)))?;
    let digest = Algorithm::Sha256.digest(&text);
    Ok(Some(SignedWaivers {
        signed_by: people.signers_of_file(number, &path, &text),
        source,
        digest,
        waivers: list.0,
    }))
}

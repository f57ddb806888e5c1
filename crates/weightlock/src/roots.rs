//! [`Roots`]: the trust roots of this user, by name. Those of the public instances are built in; what `trust import` and
//! `trust update` keep stands before them.
//!
//! A kept root is one file, `NAME.json`, with the root as it was and where it came from: written whole or not at all.
//! Files that others can write are not believed, and a model folder is never looked into.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use weightlock_artifact::{
    Error,
    write::{Existing, write_whole},
};
use weightlock_signing::{
    certificate::UnixTime,
    sigstore::{Instance, Origin, RootError, TrustRoot, tuf::Seen},
};

use crate::{
    commands::target::read_bounded,
    diagnostic::Diagnostic,
    environment,
    explanations::{ROOT_NAME, ROOT_UNSAFE, USAGE},
};

/// After this many days an answer says that its trust root is old: public roots change about twice a year.
pub(crate) const OLD_DAYS: u64 = 180;

/// The trust roots of this user.
#[derive(Debug)]
pub(crate) struct Roots {
    folder: Option<PathBuf>,
}

/// How a kept root is written. Members that a later version adds are passed over.
#[derive(Deserialize, Serialize)]
struct Kept {
    schema_version: u32,
    source: String,
    obtained: jiff::Timestamp,
    root: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing_config: Option<Box<RawValue>>,
}

/// A root with its name and where it came from.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    /// The file or address it was taken from; `built in`.
    pub(crate) source: String,
    pub(crate) obtained: UnixTime,
    pub(crate) root: TrustRoot,
}

impl Named {
    /// Its age in whole days.
    pub(crate) fn days(&self, now: UnixTime) -> u64 {
        days(self.obtained, now)
    }
}

/// Whole days between two times.
pub(crate) fn days(from: UnixTime, to: UnixTime) -> u64 {
    to.0.saturating_sub(from.0) / 86_400
}

impl Roots {
    /// The user's own folder: `WEIGHTLOCK_TRUST_DIR`, `XDG_DATA_HOME/weightlock/trust` or `~/.local/share/weightlock/trust`.
    pub(crate) fn of_user() -> Self {
        let own = environment::TRUST_DIR.filled().map(PathBuf::from);
        let data = || environment::XDG_DATA_HOME.folder();
        let home = || environment::HOME.folder();
        Self {
            folder: own
                .or_else(|| data().map(|base| base.join("weightlock/trust")))
                .or_else(|| home().map(|home| home.join(".local/share/weightlock/trust"))),
        }
    }

    /// The root with this name.
    pub(crate) fn open(&self, name: &str) -> Result<Named, Diagnostic> {
        check(name)?;
        if let Some(kept) = self.kept(name)? {
            return Ok(kept);
        }
        match name.parse::<Instance>() {
            Ok(instance) => embedded(instance),
            Err(()) => Err(
                Diagnostic::new(ROOT_NAME, format!("there is no trust root called {name}"))
                    .help("see which there are:  weightlock trust list"),
            ),
        }
    }

    /// Every root: of the public instances first, then others by name.
    pub(crate) fn all(&self) -> Vec<Result<Named, Diagnostic>> {
        let mut names: Vec<_> = Instance::ALL
            .iter()
            .map(|instance| instance.name().to_owned())
            .collect();
        let files = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        let mut others: Vec<_> = files
            .into_iter()
            .flatten()
            .filter_map(|file| {
                file.ok()?
                    .file_name()
                    .into_string()
                    .ok()?
                    .strip_suffix(".json")
                    .map(str::to_owned)
            })
            .filter(|name| !names.contains(name) && check(name).is_ok())
            .collect();
        others.sort();
        names.extend(others);
        names.iter().map(|name| self.open(name)).collect()
    }

    /// Keeps a root under a name. An earlier one is replaced only when that is asked for.
    pub(crate) fn keep(
        &self,
        name: &str,
        root: &TrustRoot,
        source: &str,
        now: UnixTime,
        existing: Existing,
    ) -> Result<PathBuf, Diagnostic> {
        check(name)?;
        let file = self.file(name)?;
        if let Some(folder) = file.parent() {
            let mut builder = fs::DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(folder);
            made.map_err(|source| Error::io("make", folder, source))?;
        }
        let text = String::from_utf8_lossy(root.to_json()).into_owned();
        let obtained = i64::try_from(now.0)
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let kept = Kept {
            schema_version: 1,
            source: source.to_owned(),
            obtained: obtained.unwrap_or_default(),
            root: RawValue::from_string(text).map_err(|error| Diagnostic::of(USAGE, &error))?,
            signing_config: root
                .signing_config()
                .and_then(|config| serde_json::from_slice(config).ok()),
        };
        let text = serde_json::to_vec(&kept).map_err(|error| Diagnostic::of(USAGE, &error))?;
        write_whole(&file, &text, 0o600, existing)?;
        Ok(file)
    }

    /// What earlier updates of this root saw.
    pub(crate) fn seen(&self, name: &str) -> Result<Seen, Diagnostic> {
        check(name)?;
        let file = self.file(name)?.with_extension("tuf");
        match fs::symlink_metadata(&file) {
            Err(_) => return Ok(Seen::default()),
            Ok(found) => own(&file, &found)?,
        }
        let text = read_bounded(&file, Seen::MAX_BYTES)?;
        Seen::from_json(&text)
            .map_err(|error| Diagnostic::of(error.code(), &error).at(file.display().to_string()))
    }

    /// Keeps what an update saw, beside the root.
    pub(crate) fn keep_seen(&self, name: &str, seen: &Seen) -> Result<(), Diagnostic> {
        check(name)?;
        let file = self.file(name)?.with_extension("tuf");
        Ok(write_whole(&file, &seen.to_json(), 0o600, Existing::Replaced)?)
    }

    fn file(&self, name: &str) -> Result<PathBuf, Diagnostic> {
        let folder = self.folder.as_ref().ok_or_else(|| {
            Diagnostic::new(USAGE, "there is no folder for trust roots")
                .help("set WEIGHTLOCK_TRUST_DIR to a folder of your own")
        })?;
        Ok(folder.join(format!("{name}.json")))
    }

    fn kept(&self, name: &str) -> Result<Option<Named>, Diagnostic> {
        let Ok(file) = self.file(name) else {
            return Ok(None);
        };
        match fs::symlink_metadata(&file) {
            Err(_) => return Ok(None),
            Ok(found) => own(&file, &found)?,
        }
        let text = read_bounded(&file, TrustRoot::MAX_BYTES)?;
        let unreadable =
            |error: &dyn std::error::Error| Diagnostic::of(ROOT_UNSAFE, error).at(file.display().to_string());
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        let root = TrustRoot::from_json(kept.root.get().as_bytes()).map_err(|error| told(&error, &file))?;
        let obtained = UnixTime(u64::try_from(kept.obtained.as_second()).unwrap_or(0));
        let origin = Origin {
            name: format!("{name}, from {}", kept.source),
            obtained: Some(obtained),
        };
        let config = kept.signing_config.map(|config| config.get().as_bytes().to_vec());
        let root = root.with_signing_config(config);
        let root = match name.parse::<Instance>() {
            Ok(instance) => root.as_of(instance),
            Err(()) => root,
        };
        Ok(Some(Named {
            name: name.to_owned(),
            source: kept.source,
            obtained,
            root: root.from(origin),
        }))
    }
}

/// The root in a file that the user named: a trust root, or a client trust configuration with one.
pub(crate) fn in_file(file: &Path) -> Result<TrustRoot, Diagnostic> {
    let text = read_bounded(file, TrustRoot::MAX_BYTES)?;
    let root = TrustRoot::from_json(&text).map_err(|error| {
        let told = told(&error, file);
        if text.starts_with(b"-----BEGIN") {
            told.help("this is a PEM file; root certificates are named with --certificate-chain")
        } else {
            told
        }
    })?;
    Ok(root.from(Origin {
        name: file.display().to_string(),
        obtained: None,
    }))
}

fn embedded(instance: Instance) -> Result<Named, Diagnostic> {
    let root = TrustRoot::embedded(instance).map_err(|error| Diagnostic::of(error.code(), &error))?;
    Ok(Named {
        name: instance.name().to_owned(),
        source: "built in".to_owned(),
        obtained: instance.embedded_on(),
        root,
    })
}

fn told(error: &RootError, file: &Path) -> Diagnostic {
    Diagnostic::of(error.code(), error).at(file.display().to_string())
}

/// A name is a word, never a path.
fn check(name: &str) -> Result<(), Diagnostic> {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(word) && !name.starts_with('-') {
        return Ok(());
    }
    Err(Diagnostic::new(
        ROOT_NAME,
        format!(
            "{:?} is no name of a trust root",
            crate::text::Shown(name).to_string()
        ),
    )
    .note("a name has lower-case letters, digits and `-`; a file is named with --trusted-root"))
}

/// A root that others can change is theirs.
fn own(file: &Path, found: &fs::Metadata) -> Result<(), Diagnostic> {
    let trusted = found.is_file() && found.mode() & 0o022 == 0;
    let me = rustix::process::geteuid().as_raw();
    if trusted && (found.uid() == me || found.uid() == 0) {
        return Ok(());
    }
    Err(Diagnostic::new(
        ROOT_UNSAFE,
        "a kept trust root can be changed by others, or is no plain file",
    )
    .at(file.display().to_string())
    .help(format!(
        "look at it, then:  chmod go-w {}",
        crate::text::quoted(&file.display().to_string())
    )))
}

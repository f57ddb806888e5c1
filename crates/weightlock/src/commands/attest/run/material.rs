//! Materials: what a command is declared to work from, hashed before it runs.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use weightlock_artifact::{
    Error,
    inventory::{Links, Root},
    reason::Code,
};
use weightlock_bom::provenance::{
    PATH, Resource, Role,
    command::{self, Folders},
    reason::MATERIAL,
};
use weightlock_signing::{Trust, folder, reason::TAMPERED};

use super::{git, size};
use crate::{
    commands::{attest::stated::ModelFlags, subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
};

/// Files of one material that are listed one by one; the digest of the whole covers all of them.
const MOST_LISTED: usize = 1000;

/// Names of files with exact versions, looked for in the working directory and at the root of its working tree.
const LOCK_FILES: [&str; 12] = [
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pixi.lock",
    "conda-lock.yml",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "conda.yaml",
    "package-lock.json",
    "Cargo.lock",
];

/// A material as it was named.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    path: PathBuf,
    name: String,
    role: Role,
}

/// A material that was hashed.
pub(crate) struct Material {
    path: PathBuf,
    resource: Resource,
    hashed: Hashed,
}

impl Given {
    /// `PATH`, `PATH=ROLE`, `PATH=ROLE:NAME`, `PATH=NAME`. A path that is there is one as a whole.
    pub(super) fn parse(word: &OsString) -> Result<Self, Diagnostic> {
        let split = word.to_str().and_then(|text| text.rsplit_once('='));
        let (path, said) = match split {
            Some((path, said)) if !Path::new(word).exists() => (PathBuf::from(path), Some(said)),
            _ => (PathBuf::from(word), None),
        };
        let usual = base_name(&path);
        let (role, name) = match said {
            None => (Role::Material, usual),
            Some(said) => match (Role::named(said), said.split_once(':')) {
                (Some(role), _) => (role, usual),
                (None, Some((word, name))) if Role::named(word).is_some() => {
                    (Role::named(word).unwrap_or(Role::Material), name.to_owned())
                }
                (None, _) => (Role::Material, said.to_owned()),
            },
        };
        if name.is_empty() {
            return Err(Diagnostic::new(
                USAGE,
                format!("the material {} has no name", path.display()),
            ));
        }
        Ok(Self { path, name, role })
    }

    /// A configuration file.
    pub(super) fn config(path: &Path) -> Result<Self, Diagnostic> {
        if path.is_dir() {
            return Err(Diagnostic::new(
                USAGE,
                format!("{} is a folder, and --config names files", path.display()),
            )
            .help("a folder is a material:  --material PATH"));
        }
        Ok(Self {
            path: path.to_owned(),
            name: base_name(path),
            role: Role::Config,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Hashes it.
    pub(super) fn hash(
        self,
        folders: Folders<'_>,
        reading: &ModelFlags,
        context: &Context,
    ) -> Result<Material, Vec<Diagnostic>> {
        let place = command::one(&self.path.to_string_lossy(), folders);
        let resource = Resource::named(self.name, self.role).with("location", place);
        Material::hash(&self.path, resource, reading, context)
    }
}

impl Material {
    /// Hashes what lies at a path.
    pub(crate) fn hash(
        path: &Path,
        resource: Resource,
        reading: &ModelFlags,
        context: &Context,
    ) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self {
            path: path.to_owned(),
            resource,
            hashed: reading.hashed(path, context)?,
        })
    }

    pub(super) fn name(&self) -> &str {
        self.resource.title().unwrap_or_default()
    }

    pub(super) fn role(&self) -> Role {
        self.resource.role()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its descriptors: the whole, then its files, as far as they are listed.
    pub(crate) fn resources(&self) -> Vec<Resource> {
        let hashed = &self.hashed;
        let mut whole = self
            .resource
            .clone()
            .with_sha256(hashed.digest())
            .with("size", size(hashed.files, hashed.bytes));
        let files = hashed
            .manifest()
            .map(|manifest| manifest.files())
            .unwrap_or_default();
        if files.len() > MOST_LISTED {
            whole = whole.with("listed", format!("{MOST_LISTED} of {} files", files.len()));
        }
        let one_by_one = files.iter().take(MOST_LISTED).map(|file| {
            Resource {
                uri: self.resource.uri.clone(),
                ..Resource::named(self.name(), self.role())
            }
            .with_sha256(file.sha256())
            .with(PATH, file.path.as_str())
        });
        std::iter::once(whole).chain(one_by_one).collect()
    }

    /// Refuses one that is not what this signer has signed, and states that it is. That it does not change from its hashing to
    /// the end is seen by [`still_holds`](Self::still_holds).
    pub(super) fn verify(&mut self, trust: &Trust) -> Result<(), Diagnostic> {
        let told = |code: Code, why: String| {
            Diagnostic::new(
                MATERIAL,
                format!("{} is not verified, and nothing is made from it", self.name()),
            )
            .at(self.path.display().to_string())
            .note(format!("{why} ({code})"))
        };
        let found = target::signature(self.hashed.root(), None)
            .map_err(|why| told(why.code(), why.message().to_owned()))?;
        let verified = folder::verify(&self.path, &found.bundle, trust)
            .map_err(|why| told(why.code(), why.to_string()))?;
        if !verified.is_complete() {
            return Err(told(TAMPERED, "only a part of it could be checked".to_owned()));
        }
        self.resource = self
            .resource
            .clone()
            .with("signature", "verified before the command ran");
        Ok(())
    }

    /// Refuses one that is no longer what was hashed, or whose name leads to something else by now: that may be what the command
    /// has read. The same content in another place is the same material.
    pub(super) fn still_holds(&self, reading: &ModelFlags, context: &Context) -> Result<(), Vec<Diagnostic>> {
        self.hashed.still_holds()?;
        let now = Root::open(&self.path, Links::Refused).map_err(Diagnostic::from)?;
        if self
            .hashed
            .root()
            .is_same_folder(&now)
            .map_err(Diagnostic::from)?
        {
            return Ok(());
        }
        let again = reading.hashed(&self.path, context)?;
        if again.digest() == self.hashed.digest() {
            return Ok(());
        }
        let changed = Error::Changed {
            path: self.path.clone(),
            offset: None,
        };
        Err(Diagnostic::from(changed)
            .note("another folder lies there now")
            .into())
    }
}

/// Lock files in the working directory and at the root of the working tree.
pub(super) fn lock_files(work: &Path, commit: Option<&git::Found>) -> Vec<Given> {
    let root = commit.map(|found| found.root()).filter(|root| *root != work);
    let mut found = Vec::new();
    for (folder, is_root) in [(Some(work), false), (root, true)] {
        let Some(folder) = folder else { continue };
        for name in LOCK_FILES {
            let path = folder.join(name);
            // A link could lead anywhere; whoever wants it names it.
            if path.symlink_metadata().is_ok_and(|file| file.is_file()) {
                found.push(Given {
                    path: if is_root { path } else { PathBuf::from(name) },
                    name: if is_root {
                        format!("root/{name}")
                    } else {
                        name.to_owned()
                    },
                    role: Role::LockFile,
                });
            }
        }
    }
    found
}

fn base_name(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

//! Repositories of The Update Framework, made by its reference implementation for Python, which comes with the reference
//! tool for model signing, and served in this process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Peer,
    http::{Request, Response, Server, Trouble},
    program,
};

/// A folder with repositories, some honest and some not, and the keys to begin with.
#[derive(Debug)]
pub struct Repositories {
    folder: tempfile::TempDir,
}

/// A repository that is served; it ends when dropped.
#[derive(Debug)]
pub struct Mirror(Server);

impl Repositories {
    /// Makes them around a trust root and a signing configuration; records a skip of the running test where Python lacks the
    /// implementation.
    ///
    /// # Panics
    /// When it is there and fails.
    #[must_use]
    pub fn make(trusted_root: &[u8], signing_config: &[u8]) -> Option<Self> {
        let python = program(Peer::ModelSigning)?.with_file_name("python");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("a writable folder");
            path
        };
        let targets = [
            file("root-target", trusted_root),
            file("config-target", signing_config),
        ];
        let made = Command::new(python)
            .args(["-c", include_str!("repositories.py")])
            .arg(folder.path())
            .args(targets)
            .output()
            .expect("python runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(Self { folder })
    }

    /// The root of keys to begin with: `root.json`, or `other-root.json` of a stranger.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Serves one: `good`, `newer` (which the keys were rotated for), `older` (by the new keys), `plain` (without a signing configuration), `expired`,
    /// `forged` (a timestamp by a stranger), `usurped` (new keys that the old did not sign), `changed` (other bytes than
    /// pinned), `large`, `empty`, `useless` (no trust root).
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn serve(&self, name: &str) -> Mirror {
        let folder = self.file(name);
        assert!(folder.is_dir(), "{}", folder.display());
        Mirror(Server::start(move |request| answer(&folder, request)))
    }
}

impl Mirror {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Has it misbehave below its protocol from now on.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        self.0.trouble(trouble);
    }

    /// How many calls it had since the last change of [`Mirror::trouble`].
    #[must_use]
    pub fn requests(&self) -> usize {
        self.0.requests()
    }
}

fn answer(folder: &Path, request: &Request) -> Response {
    let inside = !request.path.contains("..");
    let found = fs::read(folder.join(request.path.trim_start_matches('/')));
    match found {
        Ok(content) if inside => Response::bytes("application/json", content),
        _ => Response::refused(404, "not found"),
    }
}

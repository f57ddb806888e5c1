//! Notes in a private folder that something signed was worked out once from bytes, on this machine: what makes leaves and
//! fs-verity digests stand in for digests of files.
//!
//! What is noted (these leaves belong to this table, this fs-verity digest to this SHA-256) is true for ever, whatever becomes
//! of files; so a note never ages. It is as trustworthy as the user, who alone can write to the folder.

use weightlock_artifact::digest::Digest;

use crate::{Error, folder::PrivateFolder};

/// What was worked out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Begins the name of the note.
    pub(super) name: &'static str,
    /// Begins the note; changed when the way of working it out changes.
    pub(super) form: &'static str,
}

impl Kind {
    /// Notes that it was worked out for what has this digest.
    pub(super) fn note(self, folder: &PrivateFolder, of: &Digest) -> Result<(), Error> {
        folder.write(&self.file(of), self.text(of).as_bytes())
    }

    /// Whether that was noted.
    pub(super) fn is_noted(self, folder: &PrivateFolder, of: &Digest) -> bool {
        let noted = folder.read(&self.file(of), 1 << 10);
        noted.is_some_and(|noted| noted == self.text(of).as_bytes())
    }

    fn file(self, of: &Digest) -> String {
        format!("{}-{}", self.name, of.hex())
    }

    fn text(self, of: &Digest) -> String {
        format!("{} {}\n", self.form, of.hex())
    }
}

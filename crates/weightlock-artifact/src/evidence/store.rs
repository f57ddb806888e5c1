//! The evidence of one model on disk: found, listed within limits, added atomically.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{ContentPrefix, EVIDENCE_LIMIT, EXTRA_FILE, EvidenceName, Kind};
use crate::{
    Error,
    inventory::{Inventory, Links, Root, Scope},
    path::ArtifactPath,
    reason::Code,
    write::{Existing, write_whole},
};

/// Where the evidence of a model lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the model folder: `model.sig` and `.weightlock/`.
    Inside,
    /// In the folder next to it, named like it with `.weightlock` added.
    Beside,
}

/// The evidence of one model.
#[derive(Clone, Debug)]
pub struct Store {
    place: Place,
    signature: PathBuf,
    folder: PathBuf,
}

/// What is in a store, in order of names.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Listing {
    /// Evidence by name, with size in bytes. Its content has not been looked at.
    pub evidence: Vec<(EvidenceName, u64)>,
    /// Everything else: a reason to refuse, `WL-SIG-EXTRA-FILE`.
    pub foreign: Vec<String>,
}

/// Why evidence was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// More files or bytes than are read.
    #[error("{} holds more than {} files or {} bytes of evidence", .folder.display(), Store::MAX_FILES, Store::MAX_BYTES)]
    Limit {
        /// The evidence folder.
        folder: PathBuf,
    },
    /// The content is not what the name promises.
    #[error("{} does not hold what its name says", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// The operating system said no.
    #[error(transparent)]
    Io(#[from] Error),
}

impl StoreError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Limit { .. } => EVIDENCE_LIMIT,
            Self::Content { .. } => EXTRA_FILE,
            Self::Io(error) => error.code(),
        }
    }
}

impl Store {
    /// At most this many files are read as evidence.
    pub const MAX_FILES: usize = 1000;
    /// At most this many bytes of statements are read. Leaf tables have a limit of their own.
    pub const MAX_BYTES: u64 = 64 << 20;

    /// The store of the model at `model`, a path to its folder or file.
    #[must_use]
    pub fn at(model: &Path, place: Place) -> Self {
        match place {
            Place::Inside => Self {
                place,
                signature: model.join("model.sig"),
                folder: model.join(".weightlock"),
            },
            Place::Beside => {
                let whole = model.canonicalize().unwrap_or_else(|_| model.to_owned());
                let mut name = whole.file_name().unwrap_or_default().to_owned();
                name.push(".weightlock");
                let folder = model
                    .file_name()
                    .map_or_else(|| whole.with_file_name(&name), |_| model.with_file_name(&name));
                Self {
                    place,
                    signature: folder.join("model.sig"),
                    folder,
                }
            }
        }
    }

    /// In the model or beside it.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Where the model's signature is.
    #[must_use]
    pub fn signature(&self) -> &Path {
        &self.signature
    }

    /// The folder that holds `evidence/` and `leaves/`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lists the store; one that does not exist is empty.
    ///
    /// # Errors
    /// [`StoreError::Limit`] and [`StoreError::Io`].
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        match fs::symlink_metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(Error::io("look at", &self.folder, error).into()),
            Ok(found) if !found.is_dir() => {
                listing.foreign.push(self.folder.display().to_string());
                return Ok(listing);
            }
            Ok(_) => {}
        }
        let inventory = Inventory::walk(Root::open(&self.folder, Links::Refused)?, &Scope::everything())?;
        let mut bytes = 0_u64;
        for entry in inventory.entries() {
            match EvidenceName::parse(&entry.path) {
                Ok(name) => {
                    if matches!(name, EvidenceName::Statement(..)) {
                        bytes = bytes.saturating_add(entry.stamp.size);
                    }
                    listing.evidence.push((name, entry.stamp.size));
                }
                Err(_) if self.place == Place::Beside && entry.path.as_str() == "model.sig" => {}
                Err(_) => listing.foreign.push(entry.path.to_string()),
            }
        }
        let known = |folder: &&ArtifactPath| !matches!(folder.as_str(), "evidence" | "leaves");
        listing.foreign.extend(
            inventory
                .folders()
                .iter()
                .filter(known)
                .map(|folder| format!("{folder}/")),
        );
        listing
            .foreign
            .extend(inventory.irregular().iter().map(|found| found.name.clone()));
        listing.foreign.sort();
        listing.evidence.sort();
        if listing.evidence.len() > Self::MAX_FILES || bytes > Self::MAX_BYTES {
            return Err(StoreError::Limit {
                folder: self.folder.clone(),
            });
        }
        Ok(listing)
    }

    /// Reads one piece of evidence and checks that its content has the digest its name promises.
    ///
    /// # Errors
    /// [`StoreError::Content`], [`StoreError::Limit`] and [`StoreError::Io`].
    pub fn read(&self, name: &EvidenceName) -> Result<Vec<u8>, StoreError> {
        let limit = match name {
            EvidenceName::Statement(..) => Self::MAX_BYTES,
            EvidenceName::Leaves(_) => crate::leaf::LeafTable::MAX_BYTES as u64,
        };
        let path = self.folder.join(name.to_string());
        let failed = |source| Error::io("read", &path, source);
        let root = Root::open(&self.folder, Links::Refused)?;
        let inside = ArtifactPath::parse(name.to_string()).map_err(|source| Error::Name {
            path: path.clone(),
            source,
        })?;
        let mut bytes = Vec::new();
        root.open_file(&inside)?
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(StoreError::Limit {
                folder: self.folder.clone(),
            });
        }
        if ContentPrefix::of(&bytes) != name.content() {
            return Err(StoreError::Content { path });
        }
        Ok(bytes)
    }

    /// Adds a statement; adding the same bytes again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn add_statement(&self, kind: Kind, bundle: &[u8]) -> Result<EvidenceName, StoreError> {
        self.add(EvidenceName::Statement(kind, ContentPrefix::of(bundle)), bundle)
    }

    /// Adds a leaf table; adding the same bytes again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn add_leaves(&self, table: &[u8]) -> Result<EvidenceName, StoreError> {
        self.add(EvidenceName::Leaves(ContentPrefix::of(table)), table)
    }

    fn add(&self, name: EvidenceName, bytes: &[u8]) -> Result<EvidenceName, StoreError> {
        let path = self.folder.join(name.to_string());
        self.has_room_for(&name, bytes.len() as u64)?;
        own_folder(&self.folder)?;
        path.parent().map_or(Ok(()), own_folder)?;
        match write_whole(&path, bytes, 0o644, Existing::Refused) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                self.read(&name).map(|_| name)
            }
            done => Ok(done.map(|()| name)?),
        }
    }

    /// With one file too many nothing in the store would be read any more.
    fn has_room_for(&self, name: &EvidenceName, size: u64) -> Result<(), StoreError> {
        let there = self.list()?.evidence;
        if there.iter().any(|(known, _)| known == name) {
            return Ok(());
        }
        let statements = there
            .iter()
            .filter(|(known, _)| matches!(known, EvidenceName::Statement(..)));
        let bytes = statements.fold(0, |sum: u64, (_, size)| sum.saturating_add(*size));
        let more = match name {
            EvidenceName::Statement(..) => size,
            EvidenceName::Leaves(_) => 0,
        };
        if there.len() >= Self::MAX_FILES || bytes.saturating_add(more) > Self::MAX_BYTES {
            return Err(StoreError::Limit {
                folder: self.folder.clone(),
            });
        }
        Ok(())
    }

    /// Removes one piece of evidence, and nothing else: not what a link in the place of a folder leads to.
    ///
    /// # Errors
    /// [`StoreError::Content`] when a folder of the store is a link, and [`StoreError::Io`].
    pub fn remove(&self, name: &EvidenceName) -> Result<(), StoreError> {
        let path = self.folder.join(name.to_string());
        for folder in [Some(self.folder.as_path()), path.parent()].into_iter().flatten() {
            let found =
                fs::symlink_metadata(folder).map_err(|source| Error::io("look at", folder, source))?;
            if !found.is_dir() {
                return Err(StoreError::Content {
                    path: folder.to_owned(),
                });
            }
        }
        Ok(fs::remove_file(&path).map_err(|source| Error::io("remove", &path, source))?)
    }

    /// When a piece of evidence was last written, where the file system tells.
    #[must_use]
    pub fn written(&self, name: &EvidenceName) -> Option<SystemTime> {
        let found = fs::symlink_metadata(self.folder.join(name.to_string())).ok()?;
        found.modified().ok()
    }

    /// Whether this user may add to the store, as far as permissions say.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let parent = self
            .folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let evidence = self.folder.join("evidence");
        let nearest = [evidence.as_path(), self.folder.as_path()]
            .into_iter()
            .find(|folder| folder.symlink_metadata().is_ok());
        let nearest = nearest.or(parent).unwrap_or_else(|| Path::new("."));
        rustix::fs::access(nearest, rustix::fs::Access::WRITE_OK).is_ok()
    }

    /// Writes the model's signature.
    ///
    /// # Errors
    /// [`StoreError::Io`], with `AlreadyExists` under [`Existing::Refused`].
    pub fn write_signature(&self, bundle: &[u8], existing: Existing) -> Result<(), StoreError> {
        if self.place == Place::Beside {
            own_folder(&self.folder)?;
        }
        Ok(write_whole(&self.signature, bundle, 0o644, existing)?)
    }
}

/// Makes a folder of the store. A link in its place, which may have come with the model, is not followed: evidence is
/// written nowhere else.
fn own_folder(folder: &Path) -> Result<(), StoreError> {
    let failed = |source| Error::io("create", folder, source);
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error).into()),
        _ => {}
    }
    if fs::symlink_metadata(folder).map_err(failed)?.is_dir() {
        return Ok(());
    }
    Err(StoreError::Content {
        path: folder.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn evidence_of_a_hub_snapshot_lies_among_its_blobs() {
        let cache = tempfile::tempdir().unwrap();
        let repository = cache.path().join("models--org--tiny");
        let snapshot = repository.join("snapshots/0123");
        let store = Store::at(&snapshot, Place::Inside);
        fs::create_dir_all(repository.join("blobs")).unwrap();
        fs::create_dir_all(store.folder().join("evidence")).unwrap();
        fs::write(repository.join("blobs/ab12"), "{}").unwrap();
        fs::write(cache.path().join("outside"), "{}").unwrap();
        let name = EvidenceName::Statement(Kind::Leaves, ContentPrefix::of(b"{}"));
        let link = store.folder().join(name.to_string());
        symlink("../../../../blobs/ab12", &link).unwrap();
        assert_eq!(store.list().unwrap().evidence, [(name, 2)]);
        assert_eq!(store.read(&name).unwrap(), b"{}");
        // Only there, only by such a link, and only evidence.
        for target in [
            "../../../blobs/ab12",
            "../../../../../outside",
            "../../../../blobs",
        ] {
            fs::remove_file(&link).unwrap();
            symlink(target, &link).unwrap();
            assert_eq!(store.list().unwrap().foreign, [name.to_string()], "{target}");
            store.read(&name).unwrap_err();
        }
        fs::remove_file(&link).unwrap();
        symlink("../../../blobs/ab12", store.folder().join("helper.py")).unwrap();
        assert_eq!(store.list().unwrap().foreign, ["helper.py"]);
        fs::remove_file(store.folder().join("helper.py")).unwrap();
        // In another folder than a snapshot.
        let elsewhere = repository.join("elsewhere/0123");
        fs::create_dir(repository.join("elsewhere")).unwrap();
        symlink("../../../../blobs/ab12", &link).unwrap();
        fs::rename(&snapshot, &elsewhere).unwrap();
        assert_eq!(
            Store::at(&elsewhere, Place::Inside).list().unwrap().foreign,
            [name.to_string()]
        );
    }

    #[test]
    fn what_is_added_is_listed_and_read_back() {
        let model = tempfile::tempdir().unwrap();
        let store = Store::at(model.path(), Place::Inside);
        assert_eq!(store.list().unwrap(), Listing::default());
        let scan = store.add_statement(Kind::Scan, b"{}").unwrap();
        let again = store.add_statement(Kind::Scan, b"{}").unwrap();
        let leaves = store.add_leaves(b"table").unwrap();
        assert_eq!(scan, again);
        let listing = store.list().unwrap();
        assert_eq!(listing.evidence, [(scan, 2), (leaves, 5)]);
        assert!(listing.foreign.is_empty());
        assert_eq!(store.read(&scan).unwrap(), b"{}");
        store.write_signature(b"sig", Existing::Refused).unwrap();
        assert!(model.path().join("model.sig").is_file());
    }

    #[test]
    fn one_is_removed_and_the_others_stay() {
        let model = tempfile::tempdir().unwrap();
        let store = Store::at(model.path(), Place::Inside);
        store.write_signature(b"sig", Existing::Refused).unwrap();
        let one = store.add_statement(Kind::Scan, b"1").unwrap();
        let two = store.add_statement(Kind::Scan, b"2").unwrap();
        assert!(store.written(&one).is_some() && store.is_writable());
        store.remove(&one).unwrap();
        assert_eq!(store.list().unwrap().evidence, [(two, 1)]);
        assert_eq!(store.remove(&one).unwrap_err().code(), crate::error::NOT_FOUND);
        assert!(store.signature().is_file());
        // Through a link nothing is removed.
        let elsewhere = model.path().join("elsewhere");
        fs::rename(store.folder().join("evidence"), &elsewhere).unwrap();
        symlink("../elsewhere", store.folder().join("evidence")).unwrap();
        assert_eq!(store.remove(&two).unwrap_err().code(), EXTRA_FILE);
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
    }

    #[test]
    fn what_would_close_the_store_is_not_added() {
        let model = tempfile::tempdir().unwrap();
        let store = Store::at(model.path(), Place::Inside);
        for number in 0..Store::MAX_FILES {
            let name = EvidenceName::Statement(Kind::Other, ContentPrefix::of(&number.to_be_bytes()));
            let path = store.folder().join(name.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, number.to_be_bytes()).unwrap();
        }
        assert_eq!(store.list().unwrap().evidence.len(), Store::MAX_FILES);
        assert_eq!(
            store.add_statement(Kind::Scan, b"one more").unwrap_err().code(),
            EVIDENCE_LIMIT
        );
        store.add_statement(Kind::Other, &0_usize.to_be_bytes()).unwrap();
        let large = tempfile::tempdir().unwrap();
        let store = Store::at(large.path(), Place::Inside);
        let name = store.add_statement(Kind::Bom, b"{}").unwrap();
        let file = fs::OpenOptions::new()
            .write(true)
            .open(store.folder().join(name.to_string()));
        file.unwrap().set_len(Store::MAX_BYTES).unwrap();
        assert_eq!(
            store.add_statement(Kind::Scan, b"x").unwrap_err().code(),
            EVIDENCE_LIMIT
        );
        store.add_leaves(b"a table has a limit of its own").unwrap();
    }

    #[test]
    fn nothing_is_written_through_a_link_in_the_place_of_a_folder() {
        for link in [".weightlock", ".weightlock/evidence"] {
            let model = tempfile::tempdir().unwrap();
            let elsewhere = tempfile::tempdir().unwrap();
            let path = model.path().join(link);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(elsewhere.path(), path).unwrap();
            let refused = Store::at(model.path(), Place::Inside).add_statement(Kind::Scan, b"{}");
            assert_eq!(refused.unwrap_err().code(), EXTRA_FILE, "{link}");
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "{link}");
        }
    }

    #[test]
    fn everything_else_is_foreign() {
        let model = tempfile::tempdir().unwrap();
        let store = Store::at(model.path(), Place::Inside);
        let good = store.add_statement(Kind::Bom, b"bom").unwrap();
        let at = |name: &str| store.folder().join(name);
        fs::write(at("helper.py"), "import os").unwrap();
        fs::write(at("model.sig"), "x").unwrap();
        fs::create_dir_all(at("evidence/empty")).unwrap();
        fs::create_dir_all(at("plugins")).unwrap();
        symlink("/etc/hostname", at("evidence/bom-0000000000000000.sigstore.json")).unwrap();
        let listing = store.list().unwrap();
        assert_eq!(listing.evidence, [(good, 3)]);
        assert_eq!(
            listing.foreign,
            [
                "evidence/bom-0000000000000000.sigstore.json",
                "evidence/empty/",
                "helper.py",
                "model.sig",
                "plugins/"
            ]
        );
    }

    #[test]
    fn content_must_be_what_the_name_promises() {
        let model = tempfile::tempdir().unwrap();
        let store = Store::at(model.path(), Place::Inside);
        let name = store.add_statement(Kind::Card, b"one").unwrap();
        fs::write(store.folder().join(name.to_string()), "two").unwrap();
        let refused = store.read(&name).unwrap_err();
        assert_eq!(refused.code(), EXTRA_FILE);
        assert!(
            store.add_statement(Kind::Card, b"one").is_err(),
            "a squatted name is not success"
        );
    }

    #[test]
    fn a_link_in_place_of_the_folder_is_foreign() {
        let model = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), model.path().join(".weightlock")).unwrap();
        let listing = Store::at(model.path(), Place::Inside).list().unwrap();
        assert_eq!(listing.foreign.len(), 1);
    }

    #[test]
    fn a_single_file_keeps_its_evidence_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("m.gguf");
        fs::write(&model, "weights").unwrap();
        let store = Store::at(&model, Place::Beside);
        store.write_signature(b"sig", Existing::Refused).unwrap();
        assert!(place.path().join("m.gguf.weightlock/model.sig").is_file());
        assert_eq!(store.list().unwrap(), Listing::default());
    }

    #[test]
    fn too_much_evidence_is_no_answer() {
        let model = tempfile::tempdir().unwrap();
        let store = Store::at(model.path(), Place::Inside);
        fs::create_dir_all(store.folder().join("evidence")).unwrap();
        for index in 0..=Store::MAX_FILES {
            fs::write(
                store
                    .folder()
                    .join(format!("evidence/other-{index:016x}.sigstore.json")),
                "",
            )
            .unwrap();
        }
        assert_eq!(store.list().unwrap_err().code(), EVIDENCE_LIMIT);
    }
}

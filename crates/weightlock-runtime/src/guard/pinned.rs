//! [`read`]: one file against a digest that the caller knows, without a signature.
//!
//! Whoever has the digest from somewhere safe (a signed container, reviewed source) knows which bytes they want, and not who
//! made them. The file is read once, into memory that is sealed, and hashed there, as signed models are. Only SHA-256, and
//! only whole files: for a folder, a signature says more and needs no list of names.

use std::collections::BTreeMap;

use weightlock_artifact::{
    Error as ArtifactError,
    digest::{
        Algorithm, Digest,
        engine::{Observer, Settings},
    },
    inventory::{Inventory, Root, RootKind, Scope},
    measure::{Wanted, measure_kept},
    path::ArtifactPath,
};

use super::Freezer;
use crate::{Error, sealed::Sealed, view::Frozen};

/// A file with the digest that was expected, and its bytes, which nobody can change any more.
#[derive(Debug)]
pub struct Pinned {
    digest: Digest,
    files: BTreeMap<ArtifactPath, Sealed>,
}

impl Pinned {
    /// The SHA-256 of the file, which is the one that was expected.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl Frozen for Pinned {
    fn files(&self) -> &BTreeMap<ArtifactPath, Sealed> {
        &self.files
    }
}

/// Reads a file, `root`, and compares its SHA-256 with `expected`.
///
/// # Errors
/// [`Error`] when it could not be done, or `root` is a folder. That the digest is another one is the inner error, which is
/// the one that was found; the bytes are gone then.
pub fn read(
    root: Root,
    expected: &Digest,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<Pinned, Digest>, Error> {
    let settings = Settings {
        algorithm: Algorithm::Sha256,
        ..settings
    };
    let inventory = Inventory::walk(root, &Scope::everything())?;
    let (RootKind::File(_), [entry]) = (inventory.root().kind(), inventory.entries()) else {
        return Err(Error::Artifact(ArtifactError::NotAModel {
            path: inventory.root().path().to_owned(),
            kind: "folder",
        }));
    };
    let mut freezer = Freezer::default();
    let measured = measure_kept(
        &inventory,
        &[entry],
        Wanted::Whole,
        &settings,
        observer,
        &mut freezer,
    );
    if let Some(refused) = freezer.refused.take() {
        return Err(refused);
    }
    let found = measured?.pop().and_then(|measured| measured.whole);
    match found {
        Some(found) if found == *expected => Ok(Ok(Pinned {
            digest: found,
            files: freezer.freeze()?,
        })),
        Some(found) => Ok(Err(found)),
        None => Err(Error::Artifact(ArtifactError::Interrupted)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use weightlock_artifact::inventory::Links;

    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn pinned(content: &[u8], expected: &str) -> Result<Pinned, Digest> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.bin");
        fs::write(&file, content).unwrap();
        let root = Root::open(&file, Links::Refused).unwrap();
        let expected = Digest::from_hex(Algorithm::Sha256, expected).unwrap();
        read(root, &expected, Settings::new(Algorithm::Sha256), &()).unwrap()
    }

    #[test]
    fn a_file_with_its_digest_is_sealed_and_any_other_is_not() {
        let good = pinned(b"abc", ABC).unwrap();
        let (name, sealed) = good.files().first_key_value().unwrap();
        assert_eq!(
            (name.as_str(), sealed.map().unwrap().as_ref()),
            ("weights.bin", b"abc".as_slice())
        );
        assert_eq!(good.digest().hex(), ABC);
        assert_eq!(pinned(b"abd", EMPTY).unwrap_err().hex().len(), 64);
        assert_eq!(pinned(b"abc", EMPTY).unwrap_err().hex(), ABC);
        assert!(pinned(b"", EMPTY).is_ok());
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let expected = Digest::from_hex(Algorithm::Sha256, ABC).unwrap();
        for number in 0..2 {
            fs::write(folder.path().join(number.to_string()), "abc").unwrap();
            let root = Root::open(folder.path(), Links::Refused).unwrap();
            assert!(read(root, &expected, Settings::new(Algorithm::Sha256), &()).is_err());
        }
    }
}

//! The leaf table: SHA-256 of every 1 MiB of every file, so that a refusal can name *where* a file changed.
//!
//! ```text
//! table = "weightlock-leaves-v1" LF, leaf size u64, number of files u64, *file
//! file  = path length u32, path, size u64, file SHA-256 [32], *leaf [32]     ceil(size / leaf size) leaves
//! ```
//! Numbers are little-endian. Files are those of the canonical manifest in its order, so the table determines
//! the manifest and its digest: name, size and file digest are bound to the leaves. The last leaf of a file may
//! be short; an empty file has none.
//!
//! A table says nothing by itself. It is believed only as evidence signed by the signer of the model, and
//! stands in for a file digest only under the rules in `docs/threat-model.md`.

use std::ops::Range;

use crate::{
    digest::{Algorithm, Digest},
    manifest::{Manifest, ManifestError, ManifestFile},
    path::{ArtifactPath, PathError},
};

/// Bytes covered by one leaf.
pub const LEAF: u64 = 1 << 20;

const MAGIC: &[u8; 21] = b"weightlock-leaves-v1\n";

/// The leaves of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeafFile {
    /// Name, size and digest of the file.
    pub file: ManifestFile,
    leaves: Vec<[u8; 32]>,
}

/// The leaves of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeafTable {
    manifest: Manifest,
    leaves: Vec<Vec<[u8; 32]>>,
}

/// Why bytes are not a leaf table.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeafError {
    /// The bytes do not begin with `weightlock-leaves-v1`.
    #[error("not a leaf table of version 1")]
    Magic,
    /// The table is larger than [`LeafTable::MAX_BYTES`].
    #[error("the table is larger than {} bytes", LeafTable::MAX_BYTES)]
    TooLarge,
    /// Another leaf size than [`LEAF`].
    #[error("leaves of {0} bytes; version 1 has leaves of {LEAF}")]
    LeafSize(u64),
    /// The table ends in the middle.
    #[error("the table ends in the middle of a file's entry")]
    Truncated,
    /// Bytes follow the last file.
    #[error("bytes follow the last file")]
    Trailing,
    /// The number of leaves is not what the size of a file needs.
    #[error("{path} needs {needed} leaves, not {found}")]
    Count {
        /// The file.
        path: ArtifactPath,
        /// Leaves its size needs.
        needed: u64,
        /// Leaves given.
        found: u64,
    },
    /// A digest that is not SHA-256 was given.
    #[error("leaves are SHA-256 digests")]
    Algorithm,
    /// A path is no [`ArtifactPath`].
    #[error("a path in the table cannot be used")]
    Path(#[from] PathError),
    /// The files are not those of a manifest in canonical order.
    #[error("the files of the table are no manifest")]
    Manifest(#[from] ManifestError),
    /// The files are not in canonical order.
    #[error("the files of the table are out of order")]
    Order,
}

impl LeafFile {
    /// A file with its leaves in order.
    ///
    /// # Errors
    /// [`LeafError::Count`] and [`LeafError::Algorithm`].
    pub fn new(file: ManifestFile, leaves: &[Digest]) -> Result<Self, LeafError> {
        let needed = file.size.div_ceil(LEAF);
        let found = leaves.len() as u64;
        if needed != found {
            return Err(LeafError::Count {
                path: file.path,
                needed,
                found,
            });
        }
        let leaves = leaves
            .iter()
            .map(raw)
            .collect::<Option<_>>()
            .ok_or(LeafError::Algorithm)?;
        Ok(Self { file, leaves })
    }
}

impl LeafTable {
    /// Larger tables are refused: this covers 8 TiB of weights.
    pub const MAX_BYTES: usize = 256 << 20;

    /// A table over the files of a manifest.
    ///
    /// # Errors
    /// [`LeafError::Manifest`] when the files are no manifest.
    pub fn new(files: Vec<LeafFile>) -> Result<Self, LeafError> {
        let manifest = Manifest::new(files.iter().map(|entry| entry.file.clone()))?;
        let mut leaves = vec![Vec::new(); files.len()];
        for entry in files {
            if let Some(place) = manifest
                .position(&entry.file.path)
                .and_then(|at| leaves.get_mut(at))
            {
                *place = entry.leaves;
            }
        }
        Ok(Self { manifest, leaves })
    }

    /// Reads a table. Any bytes that [`LeafTable::to_bytes`] would not write are refused.
    ///
    /// # Errors
    /// [`LeafError`] names the first rule broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(LeafError::TooLarge);
        }
        let mut rest = Input(bytes.strip_prefix(MAGIC).ok_or(LeafError::Magic)?);
        let leaf_size = rest.number()?;
        if leaf_size != LEAF {
            return Err(LeafError::LeafSize(leaf_size));
        }
        let count = rest.number()?;
        let mut files = Vec::new();
        let mut leaves = Vec::new();
        for _ in 0..count {
            let file = rest.file()?;
            leaves.push(rest.leaves(file.size.div_ceil(LEAF))?);
            files.push(file);
        }
        if !rest.0.is_empty() {
            return Err(LeafError::Trailing);
        }
        let manifest = Manifest::new(files.clone())?;
        if manifest.files() != files {
            return Err(LeafError::Order);
        }
        Ok(Self { manifest, leaves })
    }

    /// The table as bytes; the same table gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(LEAF.to_le_bytes());
        bytes.extend((self.leaves.len() as u64).to_le_bytes());
        for (file, leaves) in self.manifest.files().iter().zip(&self.leaves) {
            let path = file.path.as_str().as_bytes();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "an ArtifactPath has at most 4096 bytes"
            )]
            bytes.extend((path.len() as u32).to_le_bytes());
            bytes.extend(path);
            bytes.extend(file.size.to_le_bytes());
            bytes.extend(file.sha256().as_bytes());
            bytes.extend(leaves.iter().flatten());
        }
        bytes
    }

    /// The manifest the table covers.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The leaves of a file in order, with its size and digest; `None` when the table does not cover the path.
    #[must_use]
    pub fn file(&self, path: &ArtifactPath) -> Option<(&ManifestFile, &[[u8; 32]])> {
        let at = self.manifest.position(path)?;
        Some((self.manifest.files().get(at)?, self.leaves.get(at)?))
    }

    /// The byte ranges of a file whose leaves differ from those found, adjacent ones joined; `None` when the
    /// table does not cover the path. Bytes beyond the recorded size count as one further range.
    #[must_use]
    pub fn changed_ranges(
        &self,
        path: &ArtifactPath,
        found: &[Digest],
        size: u64,
    ) -> Option<Vec<Range<u64>>> {
        let at = self.manifest.position(path)?;
        let recorded = self.leaves.get(at)?;
        let end = self.manifest.files().get(at)?.size.max(size);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for index in 0..recorded.len().max(found.len()) {
            let same = match (recorded.get(index), found.get(index)) {
                (Some(recorded), Some(found)) => raw(found).as_ref() == Some(recorded),
                _ => false,
            };
            if same {
                continue;
            }
            let start = index as u64 * LEAF;
            let stop = (start + LEAF).min(end);
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = stop,
                _ => ranges.push(start..stop),
            }
        }
        Some(ranges)
    }
}

fn raw(digest: &Digest) -> Option<[u8; 32]> {
    (digest.algorithm() == Algorithm::Sha256).then(|| digest.as_bytes().try_into().ok())?
}

/// What is left to read of a table.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], LeafError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(LeafError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LeafError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(LeafError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, LeafError> {
        self.array().map(u64::from_le_bytes)
    }

    fn file(&mut self) -> Result<ManifestFile, LeafError> {
        let length = u32::from_le_bytes(self.array()?);
        let length = usize::try_from(length).map_err(|_| LeafError::Truncated)?;
        let path = ArtifactPath::from_bytes(self.take(length)?)?;
        let size = self.number()?;
        ManifestFile::new(path, size, Digest::sha256(self.array()?)).ok_or(LeafError::Algorithm)
    }

    fn leaves(&mut self, count: u64) -> Result<Vec<[u8; 32]>, LeafError> {
        let bytes = count
            .checked_mul(32)
            .and_then(|bytes| usize::try_from(bytes).ok());
        let bytes = self.take(bytes.ok_or(LeafError::Truncated)?)?;
        Ok(bytes.as_chunks::<32>().0.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(path: &str, size: u64) -> LeafFile {
        let digest = |text: String| Algorithm::Sha256.digest(text.as_bytes());
        let leaves: Vec<_> = (0..size.div_ceil(LEAF))
            .map(|index| digest(format!("{path}{index}")))
            .collect();
        let file =
            ManifestFile::new(ArtifactPath::parse(path).unwrap(), size, digest(path.to_owned())).unwrap();
        LeafFile::new(file, &leaves).unwrap()
    }

    fn table() -> LeafTable {
        LeafTable::new(vec![
            entry("b.bin", LEAF * 2 + 1),
            entry("a.bin", 0),
            entry("c.bin", LEAF),
        ])
        .unwrap()
    }

    #[test]
    fn reads_back_what_it_writes_and_nothing_else() {
        let table = table();
        let bytes = table.to_bytes();
        assert_eq!(LeafTable::parse(&bytes), Ok(table.clone()));
        assert_eq!(bytes.len(), 21 + 16 + 3 * (4 + 5 + 8 + 32) + 4 * 32);
        for cut in 0..bytes.len() {
            assert!(LeafTable::parse(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert_eq!(LeafTable::parse(&longer), Err(LeafError::Trailing));
    }

    #[test]
    fn refuses_other_sizes_orders_and_counts() {
        let mut bytes = table().to_bytes();
        bytes[21] = 1;
        assert_eq!(LeafTable::parse(&bytes), Err(LeafError::LeafSize(LEAF + 1)));
        let mut huge = table().to_bytes();
        huge[29..37].fill(0xff);
        assert_eq!(LeafTable::parse(&huge), Err(LeafError::Truncated));
        let file = entry("a", 1).file;
        assert!(matches!(
            LeafFile::new(file.clone(), &[]),
            Err(LeafError::Count {
                needed: 1,
                found: 0,
                ..
            })
        ));
        let wrong = [Algorithm::Blake3.digest(b"")];
        assert_eq!(LeafFile::new(file, &wrong), Err(LeafError::Algorithm));
        let twice = LeafTable::new(vec![entry("a", 1), entry("a", 1)]);
        assert!(matches!(
            twice,
            Err(LeafError::Manifest(ManifestError::Duplicate(_)))
        ));
    }

    #[test]
    fn names_changed_ranges_and_joins_neighbours() {
        let one = |range: Range<u64>| Some(vec![range]);
        let table = table();
        let path = ArtifactPath::parse("b.bin").unwrap();
        let mut found: Vec<_> = (0..3)
            .map(|i| Algorithm::Sha256.digest(format!("b.bin{i}").as_bytes()))
            .collect();
        let size = LEAF * 2 + 1;
        assert_eq!(table.changed_ranges(&path, &found, size), Some(vec![]));
        found[1] = Algorithm::Sha256.digest(b"x");
        assert_eq!(table.changed_ranges(&path, &found, size), one(LEAF..LEAF * 2));
        found[2] = Algorithm::Sha256.digest(b"x");
        assert_eq!(table.changed_ranges(&path, &found, size), one(LEAF..size));
        found.truncate(1);
        assert_eq!(table.changed_ranges(&path, &found, LEAF), one(LEAF..size));
        let other = ArtifactPath::parse("other").unwrap();
        assert_eq!(table.changed_ranges(&other, &found, size), None);
    }

    proptest! {
        #[test]
        fn a_flipped_bit_never_panics_and_never_reads_as_the_same(at in 0_usize..300, bit in 0_u8..8) {
            let table = table();
            let mut bytes = table.to_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(LeafTable::parse(&bytes), Ok(table));
        }
    }

    /// The seeds of the fuzz target: two are sound, each of the others breaks one rule.
    #[test]
    fn what_is_read_is_written_back() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/leaf_table");
        let mut sound = 0;
        for seed in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            if let Ok(table) = LeafTable::parse(&bytes) {
                assert_eq!(table.to_bytes(), bytes);
                sound += 1;
            }
        }
        assert_eq!(sound, 2);
    }
}

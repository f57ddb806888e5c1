//! The digest under which the kernel knows a file that fs-verity protects ([Linux, fs-verity], "File digest computation").
//!
//! ```text
//! digest     = SHA-256(descriptor)
//! descriptor = version u8 (1), algorithm u8 (1: SHA-256), log2 of the block size u8 (12), salt length u8 (0),
//!              reserved [4], file size u64, root hash [64], salt [32], reserved [144]      little-endian, 256 bytes
//! ```
//! The root hash is that of a Merkle tree: SHA-256 of every 4096 bytes, the last block padded with zeros; of every 128 such
//! hashes, padded in the same way; and so on until one is left. That of an empty file is zeros.
//!
//! [`VerityDigest`] is a type of its own because it is no digest of content: two tools that hash the same bytes with another
//! block size or a salt get another one, and nothing else than the kernel can check it. Only this one form is computed, which
//! is what `fsverity enable FILE` makes: SHA-256, blocks of 4096 bytes, no salt. A [`Tree`] needs a block for each of its at
//! most eight levels, however large the file is.
//!
//! Rejected: a library for it (it would hash block by block on one lane), the tree as pieces of the engine (a digest of 4 GiB
//! would need a million of them in memory).
//!
//! [Linux, fs-verity]: https://docs.kernel.org/filesystems/fsverity.html

use std::fmt;

use super::{Algorithm, Digest, DigestError, sha256::Kernel};

#[cfg(test)]
mod tests;

/// Bytes of a block of the tree.
pub const BLOCK: usize = 4096;

/// Blocks that are hashed together, which fills every lane of every kernel.
const TOGETHER: usize = 16;

/// What fs-verity calls the digest of a file: SHA-256, blocks of 4096 bytes, no salt. Says nothing about content to anybody
/// but the kernel that protects the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerityDigest([u8; 32]);

impl VerityDigest {
    /// Wraps the bytes that a kernel gave, or that were recorded.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut tree = Tree::new(Kernel::best());
        tree.update(bytes);
        tree.finish()
    }

    /// Reads 64 hexadecimal digits, either case.
    ///
    /// # Errors
    /// [`DigestError`] when the text is something else.
    pub fn from_hex(hex: &str) -> Result<Self, DigestError> {
        let digest = Digest::from_hex(Algorithm::Sha256, hex)?;
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_bytes());
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal text.
    #[must_use]
    pub fn hex(&self) -> String {
        super::hex(&self.0)
    }
}

impl fmt::Display for VerityDigest {
    /// `fs-verity:<hex>`, which no digest of content is written as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fs-verity:{}", self.hex())
    }
}

impl fmt::Debug for VerityDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One file on its way to a [`VerityDigest`].
#[derive(Clone, Debug)]
pub struct Tree {
    kernel: Kernel,
    size: u64,
    /// The block of the file that is not full yet.
    partial: Vec<u8>,
    levels: Vec<Level>,
}

/// One level of the tree, the one next to the file first.
#[derive(Clone, Default, Debug)]
struct Level {
    /// The block of hashes that is not full yet.
    block: Vec<u8>,
    /// Hashes there were so far.
    hashes: u64,
}

impl Tree {
    /// A file without bytes so far.
    #[must_use]
    pub const fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            size: 0,
            partial: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Appends bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let missing = (BLOCK - self.partial.len()) % BLOCK;
        let (first, rest) = bytes.split_at(missing.min(bytes.len()));
        self.partial.extend(first);
        if self.partial.len() == BLOCK {
            let block = std::mem::take(&mut self.partial);
            self.blocks(&[block.as_slice()]);
        }
        let (blocks, rest) = rest.as_chunks::<BLOCK>();
        for together in blocks.chunks(TOGETHER) {
            let together: Vec<&[u8]> = together.iter().map(<[u8; BLOCK]>::as_slice).collect();
            self.blocks(&together);
        }
        self.partial.extend(rest);
    }

    /// The digest of all bytes given so far.
    #[must_use]
    pub fn finish(mut self) -> VerityDigest {
        if !self.partial.is_empty() {
            let mut block = std::mem::take(&mut self.partial);
            block.resize(BLOCK, 0);
            self.blocks(&[block.as_slice()]);
        }
        let root = self.root();
        let mut descriptor = [0; 256];
        descriptor[..3].copy_from_slice(&[1, 1, 12]);
        descriptor[8..16].copy_from_slice(&self.size.to_le_bytes());
        descriptor[16..48].copy_from_slice(&root);
        VerityDigest(sha256(self.kernel, &descriptor))
    }

    /// Hashes whole blocks of the file.
    fn blocks(&mut self, blocks: &[&[u8]]) {
        for hash in self.kernel.digests(blocks) {
            self.push(hash.as_bytes());
        }
    }

    /// Adds a hash to the lowest level, and a full block of hashes to the level above.
    fn push(&mut self, hash: &[u8]) {
        let mut hash = hash.to_vec();
        for index in 0.. {
            if self.levels.len() == index {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[index];
            level.block.extend_from_slice(&hash);
            level.hashes += 1;
            if level.block.len() < BLOCK {
                return;
            }
            hash = sha256(self.kernel, &level.block).to_vec();
            level.block.clear();
        }
    }

    /// Closes level after level, until one has a single hash.
    fn root(&mut self) -> [u8; 32] {
        let mut above: Option<[u8; 32]> = None;
        for level in &mut self.levels {
            if let Some(hash) = above.take() {
                level.block.extend_from_slice(&hash);
                level.hashes += 1;
            }
            if let (1, Some(root)) = (level.hashes, level.block.first_chunk()) {
                return *root;
            }
            if !level.block.is_empty() {
                level.block.resize(BLOCK, 0);
                above = Some(sha256(self.kernel, &level.block));
            }
        }
        // Without a level the file is empty; otherwise what is left is the hash of the one block of the highest.
        above.unwrap_or_default()
    }
}

fn sha256(kernel: Kernel, message: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    if let Some(digest) = kernel.digests(&[message]).first() {
        bytes.copy_from_slice(digest.as_bytes());
    }
    bytes
}

//! The digest against its definition, written down answers, and the tool of those who defined it.

use std::{fs::File, io::Write as _, path::Path, process::Command};

use weightlock_peers::{Peer, program};

use super::*;
use crate::digest::engine::{self, Files, Job, Settings, Want};

/// Bytes under one block of hashes.
const LEVEL: usize = 128 * BLOCK;

/// What `fsverity digest` of fsverity-utils 1.5 says of [`content`] of these sizes.
const KNOWN: [(usize, &str); 10] = [
    (
        0,
        "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95",
    ),
    (
        1,
        "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551",
    ),
    (
        BLOCK - 1,
        "f7c044deee0d5af15f6478c08b8a0c03931d9963beb30220eeca8bdd03e1c7e4",
    ),
    (
        BLOCK,
        "258b680fa93e3bfc1586d9b439d29a2172bd0db550fe7da1272fd8120d801182",
    ),
    (
        BLOCK + 1,
        "0b56d91e56b7acb8a5d9b3c634035e958de06d93cebf44ec208715e5d31e702e",
    ),
    (
        2 * BLOCK,
        "ec78685a584fc206ff5d5f5d994e772430ec274eca4e1f91d5bdfcb8590a19de",
    ),
    (
        LEVEL - 1,
        "ecfc6e1db7129c303419876233a6052e6fa92bf35687228c624f35ab126e9a9f",
    ),
    (
        LEVEL,
        "3f0878082c1ff21b3c72099f28aafe4d629ba40d693ad12c03a48921cf50e92d",
    ),
    (
        LEVEL + 1,
        "0b290ba5244d75295e37ef71e3cf78277b2ccb688c590011bb5c9dc95cad7937",
    ),
    (
        LEVEL + BLOCK,
        "4d164649f095f3388b3978558ff7f615eb0634ad249c1aeb55d19fd8ee476806",
    ),
];

/// And of so many zeros: two full levels above the file, and three.
const KNOWN_ZEROS: [(usize, &str); 2] = [
    (
        128 * LEVEL,
        "382b8844ad09fb5f7b53e0fc27413cd4e72f47d69604dac5d4865e609ba33c53",
    ),
    (
        128 * LEVEL + 1,
        "be5993679f703697692cc6ce69e480edc9721baff591795438ae8097275c0687",
    ),
];

/// Byte `i` of a test file, which has no period of a block.
fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| u8::try_from((at * 7 + at / BLOCK) % 251).unwrap())
        .collect()
}

/// The definition, level by level in memory.
fn plain(bytes: &[u8]) -> VerityDigest {
    let hash = |block: &[u8]| {
        let mut padded = block.to_vec();
        padded.resize(BLOCK, 0);
        Algorithm::Sha256.digest(&padded).as_bytes().to_vec()
    };
    let mut level: Vec<u8> = bytes.chunks(BLOCK).flat_map(hash).collect();
    while level.len() > 32 {
        level = level.chunks(BLOCK).flat_map(hash).collect();
    }
    level.resize(64, 0);
    let mut descriptor = vec![1, 1, 12, 0, 0, 0, 0, 0];
    descriptor.extend((bytes.len() as u64).to_le_bytes());
    descriptor.extend(level);
    descriptor.resize(256, 0);
    VerityDigest::from_hex(&Algorithm::Sha256.digest(&descriptor).hex()).unwrap()
}

#[test]
fn every_kernel_and_every_division_gives_the_defined_digest() {
    for size in [
        0,
        1,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        17 * BLOCK,
        LEVEL - BLOCK,
        LEVEL - 1,
        LEVEL,
        LEVEL + 1,
        LEVEL + BLOCK,
        2 * LEVEL,
        3 * LEVEL + 5,
    ] {
        let bytes = content(size);
        let expected = plain(&bytes);
        for kernel in Kernel::available() {
            for step in [BLOCK, 64 << 10, 100_003, usize::MAX] {
                let mut tree = Tree::new(kernel);
                bytes.chunks(step).for_each(|chunk| tree.update(chunk));
                assert_eq!(tree.finish(), expected, "{size} {kernel} {step}");
            }
        }
    }
}

#[test]
fn bytes_may_come_one_by_one() {
    let bytes = content(2 * BLOCK + 3);
    let mut tree = Tree::new(Kernel::best());
    bytes.iter().for_each(|byte| tree.update(&[*byte]));
    tree.update(&[]);
    assert_eq!(tree.finish(), plain(&bytes));
}

#[test]
fn it_is_written_as_no_digest_of_content_is() {
    let digest = VerityDigest::of(b"abc");
    assert!(digest.to_string().starts_with("fs-verity:"));
    assert_eq!(VerityDigest::from_hex(&digest.hex().to_uppercase()), Ok(digest));
    assert!(VerityDigest::from_hex("ab").is_err() && VerityDigest::from_hex(&"zz".repeat(32)).is_err());
    assert_ne!(digest.hex(), Algorithm::Sha256.digest(b"abc").hex());
}

#[test]
fn known_answers() {
    for (size, hex) in KNOWN {
        assert_eq!(VerityDigest::of(&content(size)).hex(), hex, "{size}");
    }
}

#[test]
fn known_answers_of_several_levels() {
    let zeros = vec![0; 1 << 20];
    for (size, hex) in KNOWN_ZEROS {
        let mut tree = Tree::new(Kernel::best());
        let mut left = size;
        while left > 0 {
            let step = left.min(zeros.len());
            tree.update(&zeros[..step]);
            left -= step;
        }
        let kept: usize = tree.levels.iter().map(|level| level.block.capacity()).sum();
        assert!(kept <= 4 * 2 * BLOCK, "{kept} bytes of hashes are kept");
        assert_eq!(tree.finish().hex(), hex, "{size}");
    }
}

/// One file, hashed by the engine as signing does.
struct OneFile<'a>(&'a Path, u64);

impl Files for OneFile<'_> {
    type Error = std::io::Error;

    fn size(&self, _: usize) -> u64 {
        self.1
    }

    fn open(&self, _: usize) -> Result<File, Self::Error> {
        File::open(self.0)
    }

    fn finished(&self, _: usize, _: &File) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn by_engine(path: &Path, size: u64) -> VerityDigest {
    let job = Job {
        file: 0,
        range: 0..size,
        want: Want::WithVerity(None),
    };
    let outcomes = engine::run(
        &OneFile(path, size),
        &[job],
        &Settings::new(Algorithm::Sha256),
        &(),
    );
    outcomes.unwrap()[0].verity.unwrap()
}

/// What the tool that made verity files first says, also of a file that is mostly a hole.
#[test]
fn the_digest_is_that_of_fsverity_utils() {
    let Some(tool) = program(Peer::Fsverity) else {
        return;
    };
    let library = tool.parent().unwrap().join("../lib/x86_64-linux-gnu");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let said = || {
        let mut command = Command::new(&tool);
        command.args(["digest", "--compact"]).arg(&path);
        let output = command.env("LD_LIBRARY_PATH", &library).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    for size in [
        0,
        1,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        127 * BLOCK,
        LEVEL - 1,
        LEVEL,
        LEVEL + 1,
        2 * LEVEL + 77,
        9 << 20,
    ] {
        std::fs::write(&path, content(size)).unwrap();
        assert_eq!(by_engine(&path, size as u64).hex(), said(), "{size}");
    }
    let sparse = 1_000_000_001_u64;
    let mut file = File::create(&path).unwrap();
    file.write_all(b"weights").unwrap();
    file.set_len(sparse).unwrap();
    assert_eq!(by_engine(&path, sparse).hex(), said());
}

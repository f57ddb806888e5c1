//! The Merkle tree below both kinds of log (RFC 6962 section 2.1), and its signed checkpoints (C2SP tlog-checkpoint
//! and signed-note).

use std::sync::Mutex;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Lies, base64, digest, key::Key, lie::Lie};

/// A hash of the tree.
type Hash = [u8; 32];

/// An append-only log with its key.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) key: Key,
    pub(super) origin: String,
    stranger: Key,
    bodies: Mutex<Vec<Vec<u8>>>,
    lies: Lies,
}

/// Where an entry is in the log, and the proof that it is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) index: usize,
    pub(super) size: usize,
    pub(super) root: Hash,
    pub(super) hashes: Vec<Hash>,
    pub(super) checkpoint: String,
}

impl Log {
    /// A log with a few entries in it, so that proofs have hashes.
    pub(super) fn new(origin: String, lies: Lies) -> Self {
        let first = (0..3).map(|number| format!("{{\"number\":{number}}}").into_bytes());
        Self {
            key: Key::generate(),
            origin,
            stranger: Key::generate(),
            bodies: Mutex::new(first.collect()),
            lies,
        }
    }

    /// Appends an entry.
    pub(super) fn append(&self, body: &[u8]) -> Place {
        let mut bodies = self.bodies.lock().expect("no thread panics with it");
        bodies.push(body.to_vec());
        let leaves: Vec<Hash> = bodies.iter().map(|body| leaf(body)).collect();
        let (index, size) = (leaves.len() - 1, leaves.len());
        let proven = if self.lies.told(Lie::ProofOfAnotherEntry) {
            index - 1
        } else {
            index
        };
        let mut root = root(&leaves);
        if self.lies.told(Lie::ProofOfAnotherTree) {
            root = digest(b"another tree");
        }
        let checkpoint = if self.lies.told(Lie::OldCheckpoint) {
            self.checkpoint(size - 1, &self::root(&leaves[..size - 1]))
        } else {
            self.checkpoint(size, &root)
        };
        Place {
            index,
            size,
            root,
            hashes: path(proven, &leaves),
            checkpoint,
        }
    }

    fn checkpoint(&self, size: usize, root: &Hash) -> String {
        let key = if self.lies.told(Lie::CheckpointOfAnotherLog) {
            &self.stranger
        } else {
            &self.key
        };
        let note = format!("{}\n{size}\n{}\n", self.origin, base64(root));
        // The hint is that of the key a verifier looks for; only the signature gives the stranger away.
        let signature = [&self.key.id()[..4], &key.sign(note.as_bytes())].concat();
        let name = self.origin.split(" - ").next().unwrap_or_default();
        format!("{note}\n\u{2014} {name} {}\n", base64(&signature))
    }

    /// The proof as protobuf has it in JSON: bytes in base64, 64-bit numbers as text.
    pub(super) fn proof_json(place: &Place) -> Value {
        json!({
            "logIndex": place.index.to_string(),
            "rootHash": base64(&place.root),
            "treeSize": place.size.to_string(),
            "hashes": place.hashes.iter().map(|hash| base64(hash)).collect::<Vec<_>>(),
            "checkpoint": {"envelope": place.checkpoint},
        })
    }

    /// The entry as trusted roots name it.
    pub(super) fn trusted_json(&self, url: &str, since: &str) -> Value {
        json!({
            "baseUrl": url,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": base64(&self.key.spki),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": since},
            },
            "logId": {"keyId": base64(&self.key.id())},
        })
    }
}

fn leaf(body: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: usize) -> usize {
    length.next_power_of_two() / 2
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => digest(b""),
        [one] => *one,
        several => {
            let (left, right) = several.split_at(split(several.len()));
            node(&root(left), &root(right))
        }
    }
}

/// The audit path of a leaf, from the bottom up.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut below, sibling) = if index < middle {
        (path(index, left), root(right))
    } else {
        (path(index - middle, right), root(left))
    };
    below.push(sibling);
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The roots of the tree of RFC 6962's examples, as certificate-transparency's own tests have them.
    #[test]
    fn roots_are_those_of_the_known_tree() {
        let inputs: [&[u8]; 3] = [b"", b"\x00", b"\x10"];
        let leaves: Vec<Hash> = inputs.iter().map(|input| leaf(input)).collect();
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            hex(root(&leaves[..1])),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(root(&leaves[..2])),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
        assert_eq!(
            hex(root(&leaves)),
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
        );
    }

    #[test]
    fn every_path_leads_to_the_root() {
        for size in 1..20 {
            let leaves: Vec<Hash> = (0..size).map(|number: u8| leaf(&[number])).collect();
            for index in 0..leaves.len() {
                let mut hash = leaves[index];
                let (mut at, mut last) = (index, leaves.len() - 1);
                // RFC 9162 section 2.1.3.2.
                for sibling in path(index, &leaves) {
                    if at % 2 == 1 || at == last {
                        hash = node(&sibling, &hash);
                        while at % 2 == 0 && at != 0 {
                            (at, last) = (at / 2, last / 2);
                        }
                    } else {
                        hash = node(&hash, &sibling);
                    }
                    (at, last) = (at / 2, last / 2);
                }
                assert_eq!(hash, root(&leaves), "{index} of {size}");
            }
        }
    }
}

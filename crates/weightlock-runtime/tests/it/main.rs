//! Guarded loads of signed models on disk.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "helpers of tests, with small numbers"
)]

mod by_leaves;
mod guard;
mod into;
mod judged;
mod lazy;
mod races;
mod requests;
mod share;
mod verity;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use weightlock_artifact::{
    digest::{Algorithm, engine::Settings},
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_signing::{
    Trust,
    key::{Algorithm as KeyAlgorithm, PrivateKey, PublicKey, SystemRandom},
    oms::{
        SigningMaterial, VerifiedStatement,
        model::{LoaderView, Plan, Rules, Strictness, Unsigned, Work, prepare},
        sign_statement, verify,
    },
    predicate::leaves::{self, SignedTable},
    statement::{sign_evidence, verify_evidence},
};

/// Everything could be loaded.
struct Wary;

impl LoaderView for Wary {
    fn could_read(&self, _: &ArtifactPath, _: &[u8]) -> bool {
        true
    }

    fn matters_empty(&self, _: &ArtifactPath) -> bool {
        true
    }
}

/// Every file must be signed.
fn rules() -> Rules<'static> {
    Rules {
        strictness: Strictness::Native {
            loaders: &Wary,
            git: true,
        },
        ignore: Vec::new(),
        unsigned: Unsigned::Refused,
        signature: None,
        only: None,
    }
}

fn settings() -> Settings {
    Settings::new(Algorithm::Sha256)
}

fn path(name: &str) -> ArtifactPath {
    ArtifactPath::parse(name).unwrap()
}

/// Bytes without a period of a page or a leaf.
fn content(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// A signed model, with its signature, key and leaf table beside it.
struct Signed {
    place: TempDir,
    key: PrivateKey,
    table: Vec<u8>,
    evidence: Vec<u8>,
}

impl Signed {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let place = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let file = place.path().join("m").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        Self::sign(place, "m")
    }

    /// Signs what lies in the place under this name, a folder or a file.
    fn sign(place: TempDir, model: &str) -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut SystemRandom).unwrap();
        let plan = Plan {
            leaves: true,
            ..Plan::new()
        };
        let root = Root::open(&place.path().join(model), Links::Refused).unwrap();
        let mut work = Work {
            settings: settings(),
            observer: &(),
            cache: None,
            keeper: None,
            leaves: None,
        };
        let prepared = prepare(root, &plan, None, &mut work).unwrap().unwrap();
        let bundle = sign_statement(&prepared.statement, &key, &SigningMaterial::Key).unwrap();
        let table = prepared.leaves.unwrap();
        let subjects = table.manifest().subjects(model);
        let subjects = if prepared.manifest.is_some() {
            subjects
        } else {
            subjects[1..].to_vec()
        };
        let evidence = leaves::statement(subjects, &table.to_bytes());
        let evidence = sign_evidence(&evidence, &key, &SigningMaterial::Key).unwrap();
        fs::write(place.path().join("signature"), bundle).unwrap();
        fs::write(place.path().join("key"), key.public_key().to_pem()).unwrap();
        Self {
            place,
            key,
            table: table.to_bytes(),
            evidence,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join("m").join(name)
    }

    fn root(&self) -> Root {
        Root::open(&self.place.path().join("m"), Links::Refused).unwrap()
    }

    fn verified(&self) -> VerifiedStatement {
        verified(self.place.path())
    }

    fn trust(&self) -> Trust {
        Trust::Key(self.key.public_key().clone())
    }

    fn table(&self) -> SignedTable {
        let evidence = verify_evidence(&self.evidence, &self.trust()).unwrap();
        SignedTable::check(&self.verified(), &evidence, &self.table).unwrap()
    }
}

/// The signature that lies in a place, if the key beside it made it.
fn verified(place: &Path) -> VerifiedStatement {
    let key = PublicKey::from_pem(&fs::read(place.join("key")).unwrap()).unwrap();
    let trust = Trust::Key(key);
    verify(&fs::read(place.join("signature")).unwrap(), &trust).unwrap()
}

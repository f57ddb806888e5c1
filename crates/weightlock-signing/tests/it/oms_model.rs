//! A signed model on disk, changed in every way a folder can change: refused with the code of the rule.

use std::{fs, num::NonZeroU64, os::unix::fs::symlink, path::Path};

use weightlock_artifact::{
    digest::{Algorithm, engine::Settings},
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_signing::{
    Trust,
    oms::{
        Method, SigningMaterial, VerifiedStatement,
        model::{LoaderView, Plan, Rules, Strictness, Unsigned, Work, compare, prepare},
        sign_statement, verify,
    },
};

use super::private;

/// Everything could be loaded; a `.py` is code.
struct Wary;

impl LoaderView for Wary {
    fn could_read(&self, _: &ArtifactPath, _: &[u8]) -> bool {
        true
    }

    fn matters_empty(&self, path: &ArtifactPath) -> bool {
        path.as_str().ends_with(".py")
    }
}

fn work() -> Work<'static> {
    Work {
        settings: Settings::new(Algorithm::Sha256),
        observer: &(),
        cache: None,
        keeper: None,
        leaves: None,
    }
}

fn sign(target: &Path, plan: &Plan) -> VerifiedStatement {
    let root = Root::open(target, Links::Refused).unwrap();
    let prepared = prepare(root, plan, None, &mut work()).unwrap().unwrap();
    let key = private("keys/p256.key.pem");
    let bundle = sign_statement(&prepared.statement, &key, &SigningMaterial::Key).unwrap();
    let trust = Trust::Key(key.public_key().clone());
    let verified = verify(&bundle, &trust).unwrap();
    assert_eq!(verified.statement().root(), prepared.statement.root());
    verified
}

/// `accepted`, or the codes of the refusal.
fn told(verified: &VerifiedStatement, target: &Path) -> String {
    let rules = Rules {
        strictness: Strictness::Native {
            loaders: &Wary,
            git: true,
        },
        ignore: Vec::new(),
        unsigned: Unsigned::Refused,
        signature: None,
        only: None,
    };
    let root = Root::open(target, Links::Refused).unwrap();
    match compare(verified, root, &rules, &mut work()).unwrap().accept() {
        Ok(model) => {
            assert!(model.is_complete());
            "accepted".to_owned()
        }
        Err(mismatch) => {
            let codes: Vec<_> = mismatch.codes().into_iter().map(|code| code.as_str()).collect();
            codes.join(" ")
        }
    }
}

/// A header of eight bytes of length and JSON, then sixteen bytes of data.
fn safetensors() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend([0x3f; 16]);
    file
}

fn model() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("model.safetensors"), safetensors()).unwrap();
    fs::write(folder.path().join("sub/config.json"), "{}").unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    folder
}

fn shards() -> Plan {
    Plan {
        method: Method::Shards(NonZeroU64::new(10).unwrap()),
        ..Plan::new()
    }
}

#[test]
fn one_flipped_bit_in_every_byte_of_every_file() {
    for plan in [Plan::new(), shards()] {
        let model = model();
        let verified = sign(model.path(), &plan);
        for name in ["model.safetensors", "sub/config.json"] {
            let path = model.path().join(name);
            let sound = fs::read(&path).unwrap();
            for index in 0..sound.len() {
                let mut changed = sound.clone();
                changed[index] ^= 1 << (index % 8);
                fs::write(&path, &changed).unwrap();
                assert_eq!(
                    told(&verified, model.path()),
                    "WL-SIG-TAMPERED",
                    "{name} at {index}"
                );
            }
            fs::write(&path, sound).unwrap();
        }
        assert_eq!(told(&verified, model.path()), "accepted");
    }
}

#[test]
fn every_other_change_of_a_folder() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 12] = [
        ("WL-SIG-TAMPERED", |at| {
            fs::remove_file(at.join("sub/config.json")).unwrap()
        }),
        ("WL-SIG-TAMPERED", |at| {
            fs::rename(at.join("sub"), at.join("bus")).unwrap()
        }),
        ("WL-SIG-TAMPERED", |at| {
            fs::remove_file(at.join("sub/config.json")).unwrap();
            fs::create_dir(at.join("sub/config.json")).unwrap();
        }),
        ("WL-SIG-TAMPERED", |at| {
            fs::remove_file(at.join("sub/config.json")).unwrap();
            symlink("../empty", at.join("sub/config.json")).unwrap();
        }),
        ("WL-SIG-TAMPERED", |at| {
            let file = fs::File::options()
                .append(true)
                .open(at.join("sub/config.json"))
                .unwrap();
            file.set_len(3).unwrap();
        }),
        ("WL-SIG-EXTRA-FILE", |at| {
            fs::write(at.join("new.bin"), "x").unwrap()
        }),
        ("WL-SIG-EXTRA-FILE", |at| {
            fs::write(at.join("sub/__init__.py"), "").unwrap()
        }),
        ("WL-ART-SYMLINK", |at| symlink("empty", at.join("link")).unwrap()),
        ("WL-ART-SYMLINK", |at| symlink("sub", at.join("link")).unwrap()),
        ("accepted", |at| fs::create_dir(at.join("folder")).unwrap()),
        ("accepted", |at| fs::write(at.join(".gitignore"), "*").unwrap()),
        ("accepted", |at| {
            fs::write(at.join("model.sig"), "the signature itself").unwrap()
        }),
    ];
    for plan in [Plan::new(), shards()] {
        for (index, (expected, change)) in changes.iter().enumerate() {
            let model = model();
            let verified = sign(model.path(), &plan);
            change(model.path());
            assert_eq!(
                told(&verified, model.path()),
                *expected,
                "change {index}, {:?}",
                plan.method
            );
        }
    }
}

/// Shards by byte range cannot list an empty file. One that is code is refused, another cannot be told from a signed
/// one.
#[test]
fn an_empty_file_beside_shards() {
    let model = model();
    let verified = sign(model.path(), &shards());
    fs::write(model.path().join("empty.txt"), "").unwrap();
    assert_eq!(told(&verified, model.path()), "accepted");
    fs::write(model.path().join("empty.txt"), "1").unwrap();
    assert_ne!(told(&verified, model.path()), "accepted");
}

#[test]
fn ignored_files_must_be_of_no_use_to_a_loader() {
    let model = model();
    let plan = Plan {
        ignore: vec![ArtifactPath::parse("cache").unwrap()],
        ..Plan::new()
    };
    let verified = sign(model.path(), &plan);
    assert_eq!(told(&verified, model.path()), "accepted");
    fs::create_dir(model.path().join("cache")).unwrap();
    fs::write(model.path().join("cache/x"), "x").unwrap();
    assert_eq!(told(&verified, model.path()), "WL-SIG-IGNORED-LOADABLE");
}

#[test]
fn one_file_is_not_the_folder_it_lies_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.safetensors");
    fs::write(&file, safetensors()).unwrap();
    for plan in [Plan::new(), shards()] {
        let verified = sign(&file, &plan);
        assert_eq!(told(&verified, &file), "accepted");
        assert_eq!(told(&verified, folder.path()), "WL-SIG-TAMPERED");
        // Its name is informational: a download may have another.
        let renamed = folder.path().join("renamed");
        fs::rename(&file, &renamed).unwrap();
        assert_eq!(told(&verified, &renamed), "accepted");
        fs::rename(renamed, &file).unwrap();
    }
}

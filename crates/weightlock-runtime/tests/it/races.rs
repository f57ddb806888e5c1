//! Loads beside a process that changes the model: the signed bytes, or an error.

mod halted;
mod rounds;

use std::{collections::BTreeMap, fs, num::NonZeroUsize, path::Path};

use weightlock_artifact::{
    digest::{
        Algorithm,
        engine::{Observer, PastCache, Settings},
    },
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_peers::races::Victim;
use weightlock_runtime::{
    guard::{self, Guarded},
    view::SealedView,
};
use weightlock_signing::{
    Trust,
    key::{Password, PasswordNeeded, PrivateKey},
    oms::{
        SigningMaterial, VerifiedStatement,
        model::{LoaderView, Plan, Rules, Strictness, Unsigned, Work, prepare},
        sign_statement, verify,
    },
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

fn no_password(_: PasswordNeeded) -> Result<Password, String> {
    Err("no password was expected".into())
}

/// Signs a model as it is now, by whole files or by shards.
fn signed(victim: &Victim, plan: &Plan) -> VerifiedStatement {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oms/reference-1.1.1/keys");
    let key = PrivateKey::from_pem(&fs::read(keys.join("p256.key.pem")).unwrap(), no_password).unwrap();
    let mut work = Work {
        settings: Settings::new(Algorithm::Sha256),
        observer: &(),
        cache: None,
        keeper: None,
        leaves: None,
    };
    let root = Root::open(victim.model(), Links::Refused).unwrap();
    let prepared = prepare(root, plan, None, &mut work).unwrap().unwrap();
    let bundle = sign_statement(&prepared.statement, &key, &SigningMaterial::Key).unwrap();
    verify(&bundle, &Trust::Key(key.public_key().clone())).unwrap()
}

/// Through the page cache, or past it wherever the file system can do that.
fn settings(workers: usize, past_cache: bool) -> Settings {
    Settings {
        past_cache: if past_cache {
            PastCache::Always
        } else {
            PastCache::Never
        },
        workers: NonZeroUsize::new(workers).unwrap(),
        ..Settings::new(Algorithm::Sha256)
    }
}

/// A guarded load, or the code of why it was refused.
fn load(
    verified: &VerifiedStatement,
    root: Root,
    only: &dyn Fn(&ArtifactPath) -> bool,
    (settings, observer): (Settings, &dyn Observer),
) -> Result<Guarded, String> {
    let rules = Rules {
        strictness: Strictness::Native {
            loaders: &Wary,
            git: true,
        },
        ignore: Vec::new(),
        unsigned: Unsigned::Refused,
        signature: None,
        only: Some(only),
    };
    match guard::read(verified, root, &rules, None, settings, observer) {
        Err(error) => Err(error.code().to_string()),
        Ok(Err(mismatch)) => Err(mismatch.codes()[0].to_string()),
        Ok(Ok(guarded)) => Ok(guarded),
    }
}

/// What lies in a view, as a program that knows only paths reads it.
fn seen(view: &SealedView, victim: &Victim) -> BTreeMap<String, Vec<u8>> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![view.path()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(view.path()).unwrap().to_str().unwrap();
            seen.insert(name.to_owned(), fs::read(&path).unwrap());
        }
    }
    assert_eq!(seen.len(), victim.files().len());
    seen
}

/// The name of the first file that a program would not read as it was signed, by each way to read it.
fn judged(view: &SealedView, victim: &Victim) -> Result<(), String> {
    let by_path = seen(view, victim);
    victim.is(by_path.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())))?;
    let files = view.guarded().files();
    victim.is(files
        .iter()
        .map(|(name, sealed)| (name.as_str(), sealed.map().unwrap().as_ref().to_vec())))?;
    victim.is(files
        .iter()
        .map(|(name, sealed)| (name.as_str(), sealed.map_private().unwrap().as_ref().to_vec())))
}

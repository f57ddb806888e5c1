//! The vectors under the rules of native `verify`. Where its answer is not the compatible one is in
//! `testdata/oms/native.json`, each case with its reason; that table is reviewed by people.

use std::{collections::BTreeMap, fs};

use serde::Deserialize;
use weightlock_artifact::{
    digest::{Algorithm, engine::Settings},
    inventory::{Links, Root},
    path::ArtifactPath,
    reason::Code,
};
use weightlock_format::loadable::{Loadable, loadable};
use weightlock_signing::{
    Trust,
    certificate::{Certificate, Profile, UnixTime},
    key::{OmsKey, PublicKey},
    oms::{
        self,
        model::{LoaderView, Rules, Strictness, Unsigned, Work, compare},
    },
};

use crate::{
    oms_vectors::differences,
    vectors::{self, Case, Expect, Method},
};

/// 2026-01-01, when every certificate of the test PKI that should be valid is.
const NOW: UnixTime = UnixTime(1_767_225_600);

/// A case in which native `verify` answers otherwise than the compatible command.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct Difference {
    expect: Expect,
    /// The first reason code, when it is refused.
    code: Option<String>,
    why: String,
}

struct Loaders;

impl LoaderView for Loaders {
    fn could_read(&self, path: &ArtifactPath, head: &[u8]) -> bool {
        loadable(path, head).is_some()
    }

    fn matters_empty(&self, path: &ArtifactPath) -> bool {
        matches!(
            loadable(path, b""),
            Some(Loadable::Code | Loadable::Template | Loadable::Tokenizer)
        )
    }
}

fn trust(case: &Case) -> Result<Trust, Code> {
    match case.method {
        Method::Key => {
            let key =
                PublicKey::from_pem(&fs::read(case.public_key()).unwrap()).map_err(|error| error.code())?;
            OmsKey::try_from(key)
                .map(Trust::Key)
                .map_err(|error| error.code())
        }
        Method::Certificate => {
            let files = case.certificates();
            let all = files
                .iter()
                .flat_map(|file| Certificate::chain_from_pem(&fs::read(file).unwrap()).unwrap());
            Ok(Trust::Roots {
                certificates: all.collect(),
                at: NOW,
                profile: Profile::Strict,
            })
        }
    }
}

/// Nothing, or the first reason of the refusal.
fn native_verify(case: &Case) -> Result<(), Code> {
    let trust = trust(case)?;
    let bundle = fs::read(case.signature()).unwrap();
    let verified = oms::verify(&bundle, &trust).map_err(|refusal| refusal.code())?;
    let stage = case.stage();
    let links = if case.has("--allow_symlinks") {
        Links::FilesInside
    } else {
        Links::Refused
    };
    let root =
        Root::open(&stage.folder.path().join(case.target(&stage)), links).map_err(|error| error.code())?;
    let ignored = case.options(&stage).filter_map(|option| {
        let (_, name) = option.split_once('/')?;
        ArtifactPath::parse(name).ok()
    });
    let unsigned = if case.has("--ignore_unsigned_files") {
        Unsigned::Tolerated
    } else {
        Unsigned::Refused
    };
    let rules = Rules {
        strictness: Strictness::Native(&Loaders),
        ignore: ignored.collect(),
        unsigned,
        signature: None,
        only: None,
    };
    let mut work = Work {
        settings: Settings::new(Algorithm::Sha256),
        observer: &(),
        cache: None,
    };
    let comparison = compare(&verified, root, &rules, &mut work).map_err(|error| error.code())?;
    comparison
        .accept()
        .map(drop)
        .map_err(|mismatch| mismatch.codes()[0])
}

#[test]
fn native_differs_from_the_compatible_answer_only_where_the_table_says_why() {
    let text = fs::read(vectors::testdata().join("native.json")).unwrap();
    let table: BTreeMap<String, Difference> = serde_json::from_slice(&text).unwrap();
    let cases = vectors::all();
    let differing = differences(&cases, |case| {
        let answer = native_verify(case);
        let expect = if answer.is_ok() {
            Expect::Pass
        } else {
            Expect::Fail
        };
        let code = answer.err().map(|code| code.as_str().to_owned());
        match table.get(&format!("{}/{}", case.set, case.id)) {
            Some(known) if known.expect == case.expect => {
                Some("is in the table and no difference".to_owned())
            }
            Some(known) if (known.expect, &known.code) == (expect, &code) => None,
            None if expect == case.expect => None,
            known => Some(format!(
                "native {expect:?} {code:?}, compatible {:?}, table {known:?}",
                case.expect
            )),
        }
    });
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    let known = |name: &String| {
        cases
            .iter()
            .any(|case| format!("{}/{}", case.set, case.id) == *name)
    };
    let gone: Vec<_> = table.keys().filter(|name| !known(name)).collect();
    assert!(gone.is_empty(), "no such cases: {gone:?}");
    assert!(
        table.values().all(|known| known.why.len() > 20),
        "every difference says why"
    );
}

//! The vectors under the rules of native `verify`. Where its answer is not the compatible one is in
//! `testdata/oms/native.json`, each case with its reason; that table is reviewed by people.

use std::{collections::BTreeMap, fs, process::Command};

use serde::Deserialize;

use crate::{
    oms_vectors::differences,
    run::Ran,
    vectors::{self, Case, Expect, Method},
};

/// When every certificate of the test PKI that should be valid is.
const NOW: &str = "2026-01-01T00:00:00Z";

/// A case in which native `verify` answers otherwise than the compatible command.
#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct Difference {
    expect: Expect,
    /// The first reason code, when it is refused.
    code: Option<String>,
    why: String,
}

/// The answer of `verify`, and its first reason when it refuses.
fn native_verify(case: &Case) -> (Expect, Option<String>) {
    let stage = case.stage();
    let mut command = Command::new(env!("CARGO_BIN_EXE_weightlock"));
    command.current_dir(stage.folder.path()).env_clear();
    command.args(["verify", "--json"]);
    match case.method {
        Method::Key => {
            command.arg("--key").arg(case.public_key());
        }
        Method::Certificate => {
            command.args(["--at-time", NOW]);
            for file in case.certificates() {
                command.arg("--certificate-chain").arg(file);
            }
        }
    }
    command.arg("--signature").arg(case.signature());
    command.args(case.options(&stage)).arg(case.target(&stage));
    let ran = Ran::of(&mut command);
    if ran.code == 0 {
        return (Expect::Pass, None);
    }
    assert_eq!(ran.json()["exit_code"], ran.code, "{}: {ran:?}", case.id);
    (Expect::Fail, ran.codes().into_iter().next())
}

#[test]
fn native_differs_from_the_compatible_answer_only_where_the_table_says_why() {
    let text = fs::read(vectors::testdata().join("native.json")).unwrap();
    let table: BTreeMap<String, Difference> = serde_json::from_slice(&text).unwrap();
    let cases = vectors::all();
    let differing = differences(&cases, |case| {
        let (expect, code) = native_verify(case);
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

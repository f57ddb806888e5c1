//! The vectors of `testdata/oms` through the real binary, all differences reported at once.

use std::{process::Command, sync::Mutex, thread};

use crate::vectors::{self, Case, Expect, Method};

/// The answer of `compat model_signing verify`, with what it said.
fn compat_verify(case: &Case) -> (Expect, String) {
    let stage = case.stage();
    let mut command = Command::new(env!("CARGO_BIN_EXE_weightlock"));
    command.current_dir(stage.folder.path()).env_clear();
    command.args(["compat", "model_signing", "verify"]);
    match case.method {
        Method::Key => {
            command.args(["key", "--public_key"]).arg(case.public_key());
        }
        Method::Certificate => {
            command.arg("certificate");
            for file in case.certificates() {
                command.arg("--certificate_chain").arg(file);
            }
        }
    }
    command.arg("--signature").arg(case.signature());
    command.args(case.options(&stage)).arg(case.target(&stage));
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let answer = match output.status.code() {
        Some(0) => Expect::Pass,
        Some(1) => Expect::Fail,
        other => panic!("{}: exit {other:?}: {stderr}", case.id),
    };
    let said = match answer {
        Expect::Pass => stdout.ends_with("Verification succeeded\n") && stderr.is_empty(),
        Expect::Fail => {
            stderr.starts_with("Verification failed with error: ")
                && stderr.lines().count() == 1
                && stderr.ends_with(")\n")
                && stderr.contains(" (WL-")
                && !stdout.contains("succeeded")
        }
    };
    assert!(said, "{}: {stdout}{stderr}", case.id);
    (answer, stderr)
}

/// Asks about every case on four threads and lists what is not as wanted.
pub(crate) fn differences(cases: &[Case], ask: impl Fn(&Case) -> Option<String> + Sync) -> Vec<String> {
    let found = Mutex::new(Vec::new());
    let (ask, collected) = (&ask, &found);
    thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(4)) {
            scope.spawn(move || {
                for case in part {
                    let told = ask(case).map(|told| format!("{}/{}: {told}", case.set, case.id));
                    collected.lock().unwrap().extend(told);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    found
}

#[test]
fn compat_answers_every_case_as_expected() {
    let cases = vectors::all();
    assert!(cases.len() >= 604, "only {} cases were found", cases.len());
    let differing = differences(&cases, |case| {
        let (answer, said) = compat_verify(case);
        (answer != case.expect).then(|| format!("expected {:?}: {said}", case.expect))
    });
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Cases of models that are as they were signed, by file and with SHA-256: what `digest` prints is their subject.
const SIGNED_BY_FILE: [&str; 8] = [
    "key-p256",
    "key-p384",
    "key-p521",
    "cert-chain",
    "nested-sort-order",
    "single-file",
    "empty-file",
    "unicode-names",
];

#[test]
fn digest_is_the_signed_subject_of_an_untouched_model() {
    let cases: Vec<_> = vectors::of_set("reference-1.1.1")
        .into_iter()
        .filter(|case| SIGNED_BY_FILE.contains(&case.id.as_str()))
        .collect();
    assert_eq!(cases.len(), SIGNED_BY_FILE.len());
    let differing = differences(&cases, |case| {
        let stage = case.stage();
        let output = Command::new(env!("CARGO_BIN_EXE_weightlock"))
            .current_dir(stage.folder.path())
            .args(["compat", "model_signing", "digest", &case.target(&stage)])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let wanted = format!("sha256:{}\n", case.subject_sha256.as_deref().unwrap());
        (printed != wanted).then(|| format!("{printed} instead of {wanted}"))
    });
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

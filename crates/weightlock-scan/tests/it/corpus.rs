//! The corpus: every malicious file refused, every suspicious one reported, every benign one quiet and fully read.
//!
//! The files are made by `testdata/scan/make.py` (Python's standard library only) when the tests run: nothing hostile
//! lies in the repository. `varied` holds the same cases spelt otherwise, and must get the same verdicts.

use std::{fs, path::PathBuf, process::Command, sync::LazyLock};

use serde::Deserialize;
use weightlock_scan::{FileReport, Settings, Severity, scan};

/// A case as the corpus describes it.
#[derive(Deserialize)]
struct Case {
    file: String,
    label: String,
    class: String,
    note: String,
}

/// The folder that `make.py` filled.
static CORPUS: LazyLock<PathBuf> = LazyLock::new(|| {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("corpus-{}", std::process::id()));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/scan/make.py");
    let made = Command::new("python3").arg(script).arg(&out).output();
    let made = made.expect("the corpus is made by python3, which cannot be started");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    out
});

/// Classes whose harm is that they break or exhaust a parser: Medium is enough for them.
const ABUSE: [&str; 6] = [
    "bomb",
    "zip-differential",
    "torch-metadata",
    "numpy-header",
    "safetensors",
    "gguf",
];

fn is_abuse(case: &Case) -> bool {
    ABUSE.contains(&case.class.as_str())
        || ["denial of service", "allocate", "dims claim", "entity expansion"]
            .iter()
            .any(|words| case.note.contains(words))
        || case.note.starts_with("nested list references")
}

/// What is wrong with the verdict, if anything.
fn complaint(case: &Case, report: &FileReport) -> Option<String> {
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    let located = |least: Severity| {
        report.findings.iter().any(|finding| {
            finding.severity >= least && (finding.place.offset.is_some() || finding.construct.is_some())
        })
    };
    let wrong = match case.label.as_str() {
        "malicious" => {
            let least = if is_abuse(case) {
                Severity::Medium
            } else {
                Severity::High
            };
            (worst < Some(least))
                .then(|| format!("wants at least {least:?}"))
                .or_else(|| (!located(least)).then(|| "no finding has an offset or a construct".to_owned()))
        }
        "suspicious" => (!matches!(worst, Some(Severity::Low | Severity::Medium)))
            .then(|| "wants Low or Medium".to_owned()),
        _ => {
            let most = if case.note.contains("low severity at most") {
                Severity::Low
            } else {
                Severity::Info
            };
            // Bytes without a header have no answer; a side file is accounted for by the file that names it.
            let unknowable = case.class == "benign" && case.note == "raw tensor bytes"
                || case.file.ends_with(".onnx.data");
            (worst > Some(most))
                .then(|| format!("wants at most {most:?}"))
                .or_else(|| {
                    (!unknowable && !report.coverage.is_complete()).then(|| "is not fully read".to_owned())
                })
        }
    };
    wrong.map(|wrong| {
        let mut text = format!(
            "{} [{} {}] {}: {wrong}, is {worst:?}",
            case.file, case.label, case.class, case.note
        );
        for finding in &report.findings {
            text += &format!("\n    {:?} {} {}", finding.severity, finding.rule, finding.reason);
        }
        for gap in report.coverage.gaps.iter().take(3) {
            text += &format!(
                "\n    unread {} bytes at {} of {}: {}",
                gap.bytes, gap.offset, gap.trail, gap.why
            );
        }
        text
    })
}

fn check(folder: &str) {
    let folder = CORPUS.join(folder);
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&manifest).unwrap();
    assert!(cases.len() > 60, "the corpus is there");
    let complaints: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let bytes = fs::read(folder.join(&case.file)).unwrap();
            complaint(case, &scan(&case.file, bytes.into(), &Settings::default()))
        })
        .collect();
    assert!(
        complaints.is_empty(),
        "{} of {}:\n{}",
        complaints.len(),
        cases.len(),
        complaints.join("\n")
    );
}

#[test]
fn every_case_gets_its_verdict() {
    check("dev");
}

#[test]
fn verdicts_do_not_follow_spelling() {
    check("varied");
}

#[test]
fn files_of_the_real_libraries_are_quiet_and_fully_read() {
    check("benign_libs");
}

//! The corpus: every malicious file refused, every suspicious one reported, every benign one quiet and fully read.
//!
//! The files are made by `testdata/scan/make.py` (Python's standard library only) when the tests run: nothing hostile
//! lies in the repository. `varied` holds the same cases spelt otherwise, and must get the same verdicts.

use std::{fs, path::PathBuf, process::Command, sync::LazyLock};

use serde::Deserialize;
use weightlock_scan::{FileReport, Finding, Settings, Severity, scan};

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

/// The rules that name what a class of the corpus does. Other findings may stand beside them, but none of them alone
/// tells the reader what he has before him.
fn fitting(class: &str) -> &'static [&'static str] {
    match class {
        "archive" => &[
            "pickle-code-execution",
            "source-runs-process",
            "skops-untrusted-type",
            "config-target",
            "mlflow-foreign-loader",
        ],
        "archive-traversal" => &["archive-path-escape", "archive-link"],
        "bomb" => &["decompression-bomb", "nesting-too-deep"],
        "embedded-executable" => &["executable-content"],
        "gguf" | "template" => &[
            "broken-format",
            "template-code-execution",
            "template-format-string",
            "template-internal-access",
        ],
        "keras" => &[
            "keras-external-file",
            "keras-lambda",
            "keras-torch-module-wrapper",
            "keras-unsafe-function",
            "pickle-code-execution",
        ],
        "numpy-header" => &["numpy-broken-header"],
        "onnx" => &[
            "broken-format",
            "onnx-external-path",
            "onnx-inflation",
            "onnx-python-operator",
        ],
        "other-format" => &["lua-code", "pickle-code-execution", "r-code", "xml-entities"],
        "path-traversal" => &["joblib-external-file"],
        "pickle-chain" => &["pickle-code-execution", "pickle-reflection"],
        "pickle-structure" => &[
            "pickle-code-execution",
            "pickle-reflection",
            "pickle-resource-abuse",
        ],
        "polyglot" => &[
            "executable-content",
            "pickle-code-execution",
            "polyglot-file",
            "template-code-execution",
            "template-internal-access",
        ],
        "remote-code" => &["source-executes-code", "source-runs-process"],
        "safetensors" => &["broken-format", "pickle-code-execution"],
        "tensorflow" => &["keras-lambda", "tensorflow-operator"],
        "torch-metadata" => &["pickle-object-rewrite", "torch-storage-mismatch"],
        "torchscript" => &["torchscript-file-access"],
        "extension"
        | "joblib"
        | "numpy-object"
        | "pickle-gadget-known"
        | "pickle-gadget-rare"
        | "torch-container"
        | "zip-differential" => &["pickle-code-execution"],
        other => panic!("no rule is said to fit the class {other}"),
    }
}

/// Whether the byte at the offset of a finding in a bare pickle is the opcode that the finding names.
fn opcode_is_there(finding: &Finding, bytes: &[u8]) -> bool {
    let code = match finding.construct.as_deref() {
        Some("REDUCE") => b'R',
        Some("BUILD") => b'b',
        Some("INST") => b'i',
        Some("OBJ") => b'o',
        Some("NEWOBJ") => 0x81,
        Some("NEWOBJ_EX") => 0x92,
        Some("GLOBAL") => b'c',
        Some("STACK_GLOBAL") => 0x93,
        Some("BINPERSID") => b'Q',
        Some("SETITEM") => b's',
        Some("EXT1") => 0x82,
        _ => return true,
    };
    let at = finding
        .place
        .offset
        .and_then(|offset| usize::try_from(offset).ok());
    at.and_then(|at| bytes.get(at)) == Some(&code)
}

fn is_abuse(case: &Case) -> bool {
    ABUSE.contains(&case.class.as_str())
        || ["denial of service", "allocate", "dims claim", "entity expansion"]
            .iter()
            .any(|words| case.note.contains(words))
        || case.note.starts_with("nested list references")
}

/// What is wrong with the verdict, if anything.
fn complaint(case: &Case, bytes: &[u8], report: &FileReport) -> Option<String> {
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    let located = |least: Severity| {
        let fitting = fitting(&case.class);
        report.findings.iter().any(|finding| {
            finding.severity >= least
                && fitting.contains(&finding.rule)
                && (finding.place.offset.is_some() || finding.construct.is_some())
        })
    };
    let misplaced = report.findings.iter().find(|finding| {
        finding.rule.starts_with("pickle-")
            && finding.place.trail.as_str() == case.file
            && case.file.starts_with("pickle/")
            && !opcode_is_there(finding, bytes)
    });
    let wrong = match case.label.as_str() {
        "malicious" => {
            let least = if is_abuse(case) {
                Severity::Medium
            } else {
                Severity::High
            };
            (worst < Some(least))
                .then(|| format!("wants at least {least:?}"))
                .or_else(|| {
                    (!located(least)).then(|| "no rule that fits names a construct or an offset".to_owned())
                })
                .or_else(|| {
                    misplaced.map(|finding| {
                        format!("{:?} is not at {:?}", finding.construct, finding.place.offset)
                    })
                })
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
            let report = scan(&case.file, bytes.clone().into(), &Settings::default());
            complaint(case, &bytes, &report)
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

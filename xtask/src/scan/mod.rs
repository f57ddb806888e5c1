//! `cargo xtask bench-scan`: Weightlock beside four other scanners on the corpus of `testdata/scan`.
//!
//! Each scanner is asked about each file by its own command line, in a virtual environment of its own (installed by
//! `cargo xtask ci --lane frameworks`). What came out is kept in `docs/scan-scorecard.md` for people and in
//! `docs/scan-scorecard.json` for the test of the lane, which fails on a difference that is not published there.
//! `--speed` measures times and memory instead, into `docs/benchmarks.md`.

mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result};
use serde::Serialize;
use weightlock_peers::Peer;
use weightlock_peers::scanners::{Answer, Corpus, SCANNERS, Verdicts};

use crate::args::Args;
use crate::bench::{self, Line, Sample, machine};
use crate::say;
use crate::workspace::Metadata;

const PAGE: &str = "docs/scan-scorecard.md";
const JSON: &str = "docs/scan-scorecard.json";

/// Everything that the page shows.
#[derive(Debug)]
struct Scorecard {
    machine: String,
    date: String,
    corpus: Corpus,
    /// Weightlock first.
    columns: Vec<Column>,
}

/// A scanner and its answers.
#[derive(Debug)]
struct Column {
    name: &'static str,
    version: String,
    answers: Vec<Answer>,
    /// One run over the folder `dev`, where the scanner has such a thing.
    folder: Option<Sample>,
}

/// What is kept for the test.
#[derive(Serialize)]
struct Published {
    date: String,
    versions: BTreeMap<&'static str, String>,
    /// The scanners, in the order of the letters.
    order: Vec<&'static str>,
    verdicts: Verdicts,
}

/// Asks everybody and writes the scorecard, or measures.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    if raw.iter().any(|word| word == "--speed") {
        let rest = raw.iter().filter(|word| *word != "--speed").cloned();
        return bench::run_scans(&rest.collect::<Vec<_>>());
    }
    let args = Args::parse(raw, &["--no-write"], &["--bin", "--date"])?.no_words()?;
    let root = Metadata::load()?.workspace_root;
    // Asked for first: the answers take minutes.
    let date = bench::date(&args)?;
    let program = bench::binary(&args, &root)?;
    let lab = Lab::new()?;
    let corpus = Corpus::make(&lab.0)?;
    let columns = columns(&corpus, &program)?;
    let card = Scorecard {
        machine: machine::describe(),
        date,
        corpus,
        columns,
    };
    say(&page::summary(&card));
    if !args.has("--no-write") {
        fs::write(root.join(PAGE), page::render(&card)).with_context(|| format!("cannot write {PAGE}"))?;
        let text = serde_json::to_string_pretty(&card.published())? + "\n";
        fs::write(root.join(JSON), text).with_context(|| format!("cannot write {JSON}"))?;
    }
    Ok(true)
}

fn columns(corpus: &Corpus, program: &Path) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    say("asking weightlock");
    columns.push(Column {
        name: "weightlock",
        version: env!("CARGO_PKG_VERSION").to_owned(),
        answers: corpus.ask_weightlock(program)?,
        folder: Some(over_folder(program, &["scan"], corpus)?),
    });
    for scanner in SCANNERS {
        say(&format!("asking {}", scanner.name()));
        let command = |args: &[&str]| over_folder(&beside(scanner)?, args, corpus);
        columns.push(Column {
            name: scanner.name(),
            version: version(scanner)?,
            answers: corpus.ask(scanner)?,
            folder: match scanner {
                Peer::Picklescan => Some(command(&["--path"])?),
                Peer::ModelScan => Some(command(&["--path"])?),
                Peer::ModelAudit => Some(command(&["scan", "--no-cache"])?),
                _ => None,
            },
        });
    }
    Ok(columns)
}

/// One run over the folder `dev`. Any exit code will do: there is something to be found.
fn over_folder(program: &Path, args: &[&str], corpus: &Corpus) -> Result<Sample> {
    let folder = corpus.folder.join("dev").into_os_string();
    let line = Line {
        program: program.to_path_buf(),
        args: args.iter().map(Into::into).chain([folder]).collect(),
        may_refuse: true,
    };
    bench::one(&line)
}

/// The program of a scanner, which lies beside the Python that has it.
pub(crate) fn beside(scanner: Peer) -> Result<PathBuf> {
    let python = scanner
        .find()
        .with_context(|| format!("{} is missing: {}", scanner.name(), scanner.install()))?;
    Ok(python.with_file_name(scanner.name()))
}

fn version(scanner: Peer) -> Result<String> {
    let python = scanner.find().context("it was there before")?;
    let code = format!(
        "import importlib.metadata as m; print(m.version('{}'))",
        scanner.name()
    );
    let out = Command::new(python).args(["-c", &code]).output()?;
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

impl Scorecard {
    fn published(&self) -> Published {
        let answers: Vec<_> = self.columns.iter().map(|column| column.answers.clone()).collect();
        Published {
            date: self.date.clone(),
            versions: self
                .columns
                .iter()
                .map(|column| (column.name, column.version.clone()))
                .collect(),
            order: self.columns.iter().map(|column| column.name).collect(),
            verdicts: Verdicts::new(&self.corpus, &answers),
        }
    }
}

/// A folder for the corpus, deleted at the end.
struct Lab(PathBuf);

impl Lab {
    fn new() -> Result<Self> {
        let home = env::temp_dir().join(format!("weightlock-scorecard-{}", std::process::id()));
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        Ok(Self(home))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

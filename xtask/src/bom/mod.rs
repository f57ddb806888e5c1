//! `cargo xtask bench-bom`: Weightlock beside four other tools that write bills of materials.
//!
//! Each tool is asked about every folder of the vectors and two published models, by its own command line, and everybody's
//! documents are judged by the same reader (`peers/bom/score.py`) and validated by the same validators. What came out is kept in
//! `docs/bom-scorecard.json`; the page `docs/bom-scorecard.md` is made from it, and the lane `scorer` fails on a result that
//! is not published there. Documents of others stay in a folder that is deleted.

mod page;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use weightlock_peers::Peer;
use weightlock_peers::boms::{Asked, ENVIRONMENT, Faults, Job, Subjects, TOOLS, faults, judge, version};

use crate::args::Args;
use crate::bench::{self, Line, Sample, machine};
use crate::say;
use crate::workspace::Metadata;

const PAGE: &str = "docs/bom-scorecard.md";
const JSON: &str = "docs/bom-scorecard.json";

/// Everything that the page shows.
#[derive(Debug, Serialize, Deserialize)]
struct Scorecard {
    machine: String,
    date: String,
    /// Weightlock first.
    tools: Vec<Column>,
}

/// A tool and its results.
#[derive(Debug, Serialize, Deserialize)]
struct Column {
    name: String,
    version: String,
    /// With `FOLDER` and `DOCUMENT` for what changes.
    command: String,
    results: Vec<Outcome>,
}

/// A document of a tool.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    /// What the folder stands for.
    subject: String,
    /// Facts that are asked for.
    facts: usize,
    /// Those that the document does not say.
    missing: Vec<String>,
    /// Every kind of wrong claim once, with an example.
    wrong: Vec<(String, String)>,
    /// Files with their digest, and files.
    digests: (usize, usize),
    /// Whether the path of the folder on this machine is in it.
    names_host: bool,
    /// What is wrong with its form.
    faults: Faults,
    code: Option<i32>,
    sample: Sample,
}

/// Asks everybody and writes the scorecard.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--no-write", "--render"], &["--bin", "--date"])?.no_words()?;
    let root = Metadata::load()?.workspace_root;
    if args.has("--render") {
        fs::write(root.join(PAGE), page::render(&load(&root)?))
            .with_context(|| format!("cannot write {PAGE}"))?;
        return Ok(true);
    }
    // Asked for first: the answers take minutes.
    let date = bench::date(&args)?;
    let program = bench::binary(&args, &root)?;
    let lab = Lab::new()?;
    let subjects = Subjects::make(&lab.0)?;
    let mut tools = vec![column(&subjects, &lab.0, Tool::Weightlock(&program))?];
    for peer in TOOLS {
        tools.push(column(&subjects, &lab.0, Tool::Peer(peer))?);
    }
    let card = Scorecard {
        machine: machine::describe(),
        date,
        tools,
    };
    say(&page::summary(&card));
    if !args.has("--no-write") {
        let text = serde_json::to_string_pretty(&card)? + "\n";
        fs::write(root.join(JSON), text).with_context(|| format!("cannot write {JSON}"))?;
        fs::write(root.join(PAGE), page::render(&card)).with_context(|| format!("cannot write {PAGE}"))?;
    }
    Ok(true)
}

fn load(root: &Path) -> Result<Scorecard> {
    let text = fs::read_to_string(root.join(JSON)).with_context(|| format!("cannot read {JSON}"))?;
    serde_json::from_str(&text).with_context(|| format!("cannot parse {JSON}"))
}

/// Whether the page shows what the results say.
pub(crate) fn page_is_current(root: &Path) -> Result<bool> {
    let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    Ok(page::render(&load(root)?) == page)
}

/// Who is asked.
#[derive(Clone, Copy)]
enum Tool<'a> {
    Weightlock(&'a Path),
    Peer(Peer),
}

impl Tool<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Weightlock(_) => "weightlock",
            Self::Peer(peer) => peer.name(),
        }
    }

    fn asked(self, folder: &Path, document: &Path) -> Result<Asked> {
        match self {
            Self::Weightlock(program) => Ok(Asked::weightlock(program, folder, document)),
            Self::Peer(peer) => Asked::tool(peer, folder, document),
        }
    }

    fn version(self) -> Result<String> {
        match self {
            Self::Weightlock(_) => Ok(env!("CARGO_PKG_VERSION").to_owned()),
            Self::Peer(peer) => version(peer),
        }
    }
}

fn column(subjects: &Subjects, home: &Path, tool: Tool<'_>) -> Result<Column> {
    say(&format!("asking {}", tool.name()));
    let mut jobs = Vec::new();
    let mut samples = Vec::new();
    for (number, subject) in subjects.names.iter().enumerate() {
        let folder = subjects.folder(number);
        let document = |which: &str| home.join(format!("{}-{number}-{which}.json", tool.name()));
        // Once for the document and its exit code, then once to be measured, with everything in the page cache.
        let code = tool.asked(&folder, &document("kept"))?.run()?;
        samples.push(bench::one(&measured(
            &tool.asked(&folder, &document("measured"))?,
        ))?);
        jobs.push(Job {
            subject: subject.clone(),
            folder,
            document: document("kept"),
            code,
        });
    }
    let documents: Vec<PathBuf> = jobs.iter().map(|job| job.document.clone()).collect();
    let results = judge(&jobs)?
        .into_iter()
        .zip(faults(&documents)?)
        .zip(jobs.iter().zip(samples))
        .map(|((score, faults), (job, sample))| Outcome {
            facts: score.facts.len(),
            missing: score.missing(),
            subject: score.subject,
            wrong: score.wrong,
            digests: score.digests,
            names_host: score.names_host,
            faults: Faults {
                schema: faults.schema.map(|it| without(&it, home)),
                references: faults.references.map(|it| without(&it, home)),
            },
            code: job.code,
            sample,
        });
    Ok(Column {
        name: tool.name().to_owned(),
        version: tool.version()?,
        command: command(&tool.asked(Path::new("FOLDER"), Path::new("DOCUMENT"))?),
        results: results.collect(),
    })
}

/// A fault without the name of the folder of this run.
fn without(text: &str, home: &Path) -> String {
    text.replace(&home.display().to_string(), "")
}

fn measured(asked: &Asked) -> Line {
    let environment = ENVIRONMENT.map(|(name, value)| OsString::from(format!("{name}={value}")));
    let program = std::iter::once(asked.program.clone().into_os_string());
    Line {
        program: "env".into(),
        args: environment
            .into_iter()
            .chain(program)
            .chain(asked.arguments.iter().cloned())
            .collect(),
        may_refuse: true,
    }
}

fn command(asked: &Asked) -> String {
    let program = asked.program.file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(asked.arguments.iter().map(OsString::as_os_str));
    let words: Vec<String> = words.map(|it| it.to_string_lossy().into_owned()).collect();
    words.join(" ")
}

/// A folder for the subjects and documents, deleted at the end. Its name tells nothing.
struct Lab(PathBuf);

impl Lab {
    fn new() -> Result<Self> {
        let home = env::temp_dir().join(format!("wl-{}", std::process::id()));
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        Ok(Self(home))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

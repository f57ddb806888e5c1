//! `cargo xtask bench`: whole processes measured against peers, in one run.
//!
//! Times of different days or machines do not compare, ratios within one run do. So each case runs ours and the
//! peer alternately (A B A B …), takes medians, and states the ratio. Every run must succeed: a fast failure is
//! no result. A bar that is missed is printed as missed; the command does not fail, because the reader should
//! see the number and not a red light that depends on the machine.
//!
//! Results are kept in `docs/benchmarks.json`; the table in `docs/benchmarks.md` is made from it.

mod boms;
mod cases;
mod data;
mod kernels;
mod loads;
pub(crate) mod machine;
mod measure;
mod scans;
mod table;
mod verdicts;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::args::Args;
use crate::say;
use crate::workspace::{Metadata, cargo};
use cases::{Bar, Case, Lab};

pub(crate) use loads::{READER, STARTED, read_unverified, write_time};
pub(crate) use measure::{Line, MEASURE, Sample, measure_child, one};

const JSON: &str = "docs/benchmarks.json";
const PAGE: &str = "docs/benchmarks.md";

/// One line of the table.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The case.
    pub(crate) name: String,
    /// The machine it ran on.
    pub(crate) machine: String,
    pub(crate) date: String,
    /// What ran, with short names for paths.
    pub(crate) ours: String,
    pub(crate) peer: String,
    pub(crate) rounds: usize,
    /// The hash kernel that ran, as the program reports it.
    pub(crate) kernel: String,
    pub(crate) our_sample: Sample,
    pub(crate) peer_sample: Sample,
    /// Each bar in words, and whether it was met.
    pub(crate) bars: Vec<(String, bool)>,
}

/// Runs the cases and renders the table.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let switches = ["--quick", "--list", "--no-write", "--render"];
    let args = Args::parse(raw, &switches, &["--bin", "--dir", "--date", "--rounds"])?;
    let root = Metadata::load()?.workspace_root;
    if args.has("--list") {
        names().for_each(say);
        return Ok(true);
    }
    if args.has("--render") {
        write_page(&root, &load(&root)?)?;
        return Ok(true);
    }
    known(&args, |word| names().any(|name| name == word))?;
    let dir = args.value("--dir").map_or_else(env::temp_dir, PathBuf::from);
    let lab = Lab::new(&dir, binary(&args, &root)?, args.has("--quick"))?;
    let rounds = rounds(&args)?;
    let names = names().map(ToOwned::to_owned).collect();
    each(&args, &root, names, |name| match name {
        kernels::NAME => kernels::measure(&root),
        _ if verdicts::NAMES.contains(&name) => verdicts::measure(name, &lab, &root, rounds),
        _ if boms::NAMES.contains(&name) => boms::measure(name, &lab, &root, rounds),
        _ => cases::prepare(name, &lab).and_then(|case| measure_case(name, &case, rounds, &lab)),
    })
}

/// The cases of `cargo xtask bench`, in the order of the table.
fn names() -> impl Iterator<Item = &'static str> {
    cases::NAMES.into_iter().chain(boms::NAMES).chain(verdicts::NAMES)
}

/// Builds and runs an example of a library, and reads the JSON that it prints.
fn example<T: DeserializeOwned>(root: &Path, package: &str, name: &str) -> Result<T> {
    let words = [
        "run",
        "--quiet",
        "--release",
        "--locked",
        "-p",
        package,
        "--example",
        name,
    ];
    let out = Command::new(cargo())
        .args(words)
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !out.status.success() {
        bail!("the example {name} failed");
    }
    serde_json::from_slice(&out.stdout).context("cannot read the example's answer")
}

impl Row {
    /// What an example measured in its own memory: median seconds.
    fn in_memory(name: &str, ours: String, seconds: f64, bars: &[Bar]) -> Self {
        let sample = Sample {
            wall: seconds,
            cpu: seconds,
            ..Sample::default()
        };
        Self {
            name: name.to_owned(),
            ours,
            rounds: 9,
            kernel: "–".to_owned(),
            our_sample: sample,
            bars: bars.iter().map(|bar| bar.judge(&sample, &sample)).collect(),
            ..Self::default()
        }
    }
}

/// `cargo xtask bench-scan --speed`: time and memory of scans, on two processors.
pub(crate) fn run_scans(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--list", "--no-write"], &["--bin", "--dir", "--date"])?;
    if args.has("--list") {
        scans::names()?.iter().for_each(|name| say(name));
        return Ok(true);
    }
    let names = scans::names()?;
    known(&args, |word| names.iter().any(|name| name == word))?;
    let root = Metadata::load()?.workspace_root;
    let dir = args.value("--dir").map_or_else(env::temp_dir, PathBuf::from);
    let lab = Lab::new(&dir, binary(&args, &root)?, false)?;
    each(&args, &root, names, |name| scans::measure(name, &lab))
}

/// `cargo xtask bench-load`: guarded loads against other ways to load, on two processors.
pub(crate) fn run_loads(raw: &[String]) -> Result<bool> {
    let switches = ["--quick", "--list", "--no-write"];
    let args = Args::parse(raw, &switches, &["--bin", "--dir", "--date", "--rounds"])?;
    if args.has("--list") {
        loads::NAMES.iter().for_each(|name| say(name));
        return Ok(true);
    }
    known(&args, |word| loads::NAMES.contains(&word))?;
    let root = Metadata::load()?.workspace_root;
    let dir = args.value("--dir").map_or_else(env::temp_dir, PathBuf::from);
    let lab = Lab::new(&dir, binary(&args, &root)?, args.has("--quick"))?;
    let rounds = rounds(&args)?;
    let names = loads::NAMES.iter().map(ToString::to_string).collect();
    each(&args, &root, names, |name| loads::measure(name, &lab, rounds))
}

fn rounds(args: &Args) -> Result<Option<usize>> {
    let rounds = args.value("--rounds").map(str::parse).transpose();
    rounds.context("--rounds needs a number")
}

/// Measures the cases that are wanted, says each row, and keeps them in the table.
fn each(args: &Args, root: &Path, names: Vec<String>, measure: impl Fn(&str) -> Result<Row>) -> Result<bool> {
    let (machine, date) = (machine::describe(), date(args)?);
    say(&machine);
    let wanted = |name: &String| args.words.is_empty() || args.words.contains(name);
    let mut all = load(root)?;
    for name in names.into_iter().filter(wanted) {
        match measure(&name) {
            Ok(measured) => {
                let row = Row {
                    machine: machine.clone(),
                    date: date.clone(),
                    ..measured
                };
                say(&table::line(&row));
                table::put(&mut all, row);
            }
            Err(error) => say(&format!("{name}: NOT RUN ({error:#})")),
        }
    }
    // A quick run has sizes of its own; its numbers do not belong in the table.
    if !args.has("--quick") && !args.has("--no-write") {
        fs::write(root.join(JSON), serde_json::to_string_pretty(&all)? + "\n")?;
        write_page(root, &all)?;
    }
    Ok(true)
}

/// Refuses the name of a case that does not exist: it would measure nothing and look like success.
fn known(args: &Args, exists: impl Fn(&str) -> bool) -> Result<()> {
    match args.words.iter().find(|word| !exists(word)) {
        Some(word) => bail!("there is no case {word}; see --list"),
        None => Ok(()),
    }
}

fn measure_case(name: &str, case: &Case, rounds: Option<usize>, lab: &Lab) -> Result<Row> {
    let rounds = rounds.unwrap_or(case.rounds).max(1);
    if case.same_digest {
        measure::same_digest(&case.ours, &case.peer)?;
    }
    let (ours, peer) = measure::alternate(&case.ours, &case.peer, rounds)?;
    Ok(Row {
        name: name.to_owned(),
        ours: lab.shorten(&case.ours),
        peer: lab.shorten(&case.peer),
        rounds,
        kernel: match name {
            "blake3" => "blake3".to_owned(),
            _ => measure::kernel_of(lab.program()),
        },
        our_sample: ours,
        peer_sample: peer,
        bars: case.bars.iter().map(|bar| bar.judge(&ours, &peer)).collect(),
        ..Row::default()
    })
}

/// The program under test: the one named, or a fresh release build.
pub(crate) fn binary(args: &Args, root: &Path) -> Result<PathBuf> {
    if let Some(named) = args.value("--bin") {
        return fs::canonicalize(named).with_context(|| format!("cannot find {named}"));
    }
    let build = [
        "build",
        "--release",
        "--locked",
        "-p",
        "weightlock",
        "--bin",
        "weightlock",
    ];
    let built = Command::new(cargo())
        .args(build)
        .current_dir(root)
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        bail!("the release build failed");
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/weightlock"))
}

/// The date as given, or that of `SOURCE_DATE_EPOCH`. The clock is not asked: the date says which state of the
/// sources was measured.
pub(crate) fn date(args: &Args) -> Result<String> {
    if let Some(date) = args.value("--date") {
        return Ok(date.to_owned());
    }
    if args.has("--quick") || args.has("--no-write") {
        return Ok("today".to_owned());
    }
    let epoch = env::var("SOURCE_DATE_EPOCH").context("say --date YYYY-MM-DD, or set SOURCE_DATE_EPOCH")?;
    Ok(machine::civil_date(
        epoch
            .trim()
            .parse()
            .context("SOURCE_DATE_EPOCH is not a number")?,
    ))
}

fn load(root: &Path) -> Result<Vec<Row>> {
    let path = root.join(JSON);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {JSON}"))?;
    serde_json::from_str(&text).with_context(|| format!("cannot parse {JSON}"))
}

fn write_page(root: &Path, rows: &[Row]) -> Result<()> {
    let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    fs::write(root.join(PAGE), table::render(&page, rows)?).with_context(|| format!("cannot write {PAGE}"))
}

/// Whether the page shows what the results say.
pub(crate) fn page_is_current(root: &Path) -> Result<bool> {
    let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    Ok(table::render(&page, &load(root)?)? == page)
}

//! Scans: the cost of starting, many small files, large files, and files made to exhaust a scanner.
//!
//! Everything runs on two processors (`taskset`). What picklescan can be asked as well is compared with it; the
//! hostile files of `testdata/scan/hostile.py` are for Weightlock alone, and what counts there is memory.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use weightlock_peers::Peer;
use weightlock_peers::scanners::{Corpus, repository};

use super::Row;
use super::cases::{Bar, Lab, Metric, bars};
use super::measure::{self, Line, Sample};
use crate::scan::beside;

/// What is measured against picklescan, and what is large and honest.
const ORDINARY: [&str; 4] = [
    "scan-start",
    "scan-small-pickles",
    "scan-mixed",
    "scan-large-checkpoint",
];
/// All small hostile files in one folder.
const FOLDER: &str = "scan-hostile-folder";
/// A hostile file that takes more megabytes than this is not in the folder, or the folder would take gigabytes.
const SMALL_FILE: u64 = 128;
/// Before the name of a hostile file.
const HOSTILE: &str = "scan-hostile-";
/// Megabytes that a scan may take, whatever it is given.
const MOST_MEMORY: f64 = 100.0;

/// Writes the honest files: a kind, a folder.
const WRITER: &str = r#"
import os, pickle, random, sys
kind, out = sys.argv[1:]
os.makedirs(out)
random.seed(1)
def write(number):
    value = {"name": "x" * (number % 500), "values": list(range(50)), "scores": {str(key): key * 1.5 for key in range(40)}}
    with open(os.path.join(out, f"{number:05}.pkl"), "wb") as file:
        pickle.dump(value, file, 2 + number % 4)
for number in range(1 if kind == "one" else 2000):
    write(number)
"#;

/// The names of all cases.
pub(super) fn names() -> Result<Vec<String>> {
    let out = Command::new("python3")
        .arg(hostile_script())
        .arg("--list")
        .output()
        .context("cannot run python3")?;
    let listed = String::from_utf8_lossy(&out.stdout);
    let hostile = listed
        .lines()
        .filter(|name| *name != "torch")
        .map(|name| format!("{HOSTILE}{}", name.replace('_', "-")));
    let folder = std::iter::once(FOLDER.to_owned());
    Ok(ORDINARY
        .iter()
        .map(ToString::to_string)
        .chain(folder)
        .chain(hostile)
        .collect())
}

/// Every hostile file that is small.
fn hostile_folder(data: &Path) -> Result<()> {
    fs::create_dir_all(data)?;
    for name in names()? {
        let Some(kind) = name.strip_prefix(HOSTILE).filter(|_| name != FOLDER) else {
            continue;
        };
        let file = data.join(kind);
        hostile_file(&kind.replace('-', "_"), &file)?;
        if fs::metadata(&file)?.len() > SMALL_FILE << 20 {
            fs::remove_file(&file)?;
        }
    }
    Ok(())
}

fn hostile_file(kind: &str, file: &Path) -> Result<()> {
    python(&[hostile_script().as_os_str(), kind.as_ref(), file.as_os_str()])
}

fn python(args: &[&std::ffi::OsStr]) -> Result<()> {
    let out = Command::new("python3").args(args).stdin(Stdio::null()).output();
    let out = out.context("cannot run python3")?;
    match out.status.success() {
        true => Ok(()),
        false => bail!("python3: {}", String::from_utf8_lossy(&out.stderr).trim()),
    }
}

/// Makes what a case scans, measures, and deletes it.
pub(super) fn measure(name: &str, lab: &Lab) -> Result<Row> {
    use Metric::{Memory, Milliseconds, Wall};
    let data = lab.path(name);
    let (rounds, bars, compared) = match name {
        "scan-start" => (20, bars(&[(Milliseconds, 10.0), (Memory, MOST_MEMORY)]), true),
        "scan-small-pickles" => (7, bars(&[(Wall, 0.4), (Memory, MOST_MEMORY)]), true),
        "scan-mixed" => (7, bars(&[(Milliseconds, 1000.0), (Memory, MOST_MEMORY)]), true),
        "scan-large-checkpoint" => (7, bars(&[(Milliseconds, 50.0), (Memory, 30.0)]), true),
        _ => (1, bars(&[(Memory, MOST_MEMORY)]), false),
    };
    make(name, Path::new(&data), lab)?;
    let ours = pinned(lab.program().as_os_str().to_owned(), &["scan"], &data);
    let peer = compared
        .then(|| {
            anyhow::Ok(pinned(
                beside(Peer::Picklescan)?.into_os_string(),
                &["--path"],
                &data,
            ))
        })
        .transpose()?;
    let row = row(name, lab, &ours, peer.as_ref(), rounds, &bars);
    let deleted = fs::remove_dir_all(&data).or_else(|_| fs::remove_file(&data));
    deleted.with_context(|| format!("cannot delete {}", Path::new(&data).display()))?;
    row
}

fn row(name: &str, lab: &Lab, ours: &Line, peer: Option<&Line>, rounds: usize, bars: &[Bar]) -> Result<Row> {
    let (our_sample, peer_sample) = match peer {
        Some(peer) => measure::alternate(ours, peer, rounds)?,
        None => (measure::alone(ours, rounds)?, Sample::default()),
    };
    Ok(Row {
        name: name.to_owned(),
        ours: lab.shorten(ours),
        peer: peer.map(|peer| lab.shorten(peer)).unwrap_or_default(),
        rounds,
        kernel: "–".to_owned(),
        our_sample,
        peer_sample,
        bars: bars
            .iter()
            .map(|bar| bar.judge(&our_sample, &peer_sample))
            .collect(),
        ..Row::default()
    })
}

/// A program on two processors.
fn pinned(program: OsString, args: &[&str], data: &OsString) -> Line {
    let fixed = ["-c", "0,1"].map(OsString::from).into_iter();
    Line {
        program: "taskset".into(),
        args: fixed
            .chain([program])
            .chain(args.iter().map(OsString::from))
            .chain([data.clone()])
            .collect(),
        may_refuse: true,
    }
}

fn make(name: &str, data: &Path, lab: &Lab) -> Result<()> {
    let pickles = |kind: &str| python(&["-c".as_ref(), WRITER.as_ref(), kind.as_ref(), data.as_os_str()]);
    match name {
        "scan-start" => pickles("one"),
        "scan-small-pickles" => pickles("many"),
        "scan-mixed" => mixed(data, lab),
        "scan-large-checkpoint" => hostile_file("torch", data),
        FOLDER => hostile_folder(data),
        _ => hostile_file(&name.trim_start_matches(HOSTILE).replace('-', "_"), data),
    }
}

/// 500 files of the corpus, of every format in it.
fn mixed(data: &Path, lab: &Lab) -> Result<()> {
    let home = lab.path("corpus");
    let corpus = Corpus::make(Path::new(&home))?;
    fs::create_dir_all(data)?;
    // Every part of the corpus, spread evenly.
    let step = corpus.cases.len().div_euclid(250).max(1);
    let spread = (0..step).flat_map(|first| corpus.cases.iter().skip(first).step_by(step));
    for (number, case) in spread.take(500).enumerate() {
        let base = Path::new(&case.file).file_name().unwrap_or_default();
        let folder = data.join(number.to_string());
        fs::create_dir(&folder)?;
        fs::copy(corpus.folder.join(&case.file), folder.join(base))?;
    }
    fs::remove_dir_all(&home)?;
    Ok(())
}

fn hostile_script() -> std::path::PathBuf {
    repository().join("testdata/scan/hostile.py")
}

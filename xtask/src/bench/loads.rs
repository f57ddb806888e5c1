//! Guarded loads: how long until the verified bytes of a model are where nobody can change them.
//!
//! Ours is `weightlock run … -- PROGRAM`, from its own start until the program runs that is to use the model: it starts,
//! checks the signature, reads and hashes into sealed memory, and makes the view. What it is compared with is chosen so that
//! no work is left out on the other side: a mapped file that nobody has touched is not loaded, so every tensor is copied
//! once; and what Python needs to start and to import is not counted against it, so such a peer takes the time itself.
//! Giving the memory back is counted on neither side.
//!
//! Everything runs on two processors. A cold round begins with both files out of the page cache
//! (`posix_fadvise(POSIX_FADV_DONTNEED)`).
//!
//! Rows with `python` load through the wheel, in the environment of the lane `frameworks`, and take the time themselves on
//! both sides.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use nix::sys::memfd::{MFdFlags, memfd_create};
use weightlock_peers::Peer;

use super::Row;
use super::cases::{Bar, Lab, Metric, bars, peer, run, words};
use super::data;
use super::measure::{self, Line, Sample};

/// The hidden command that reads and verifies nothing.
pub(crate) const READER: &str = "read-unverified";

/// The hidden command that writes to a file when it was started.
pub(crate) const STARTED: &str = "write-time";

/// All cases, in the order of the table.
pub(super) const NAMES: [&str; 12] = [
    "load-cold-reader",
    "load-cold-copy",
    "load-warm-copy",
    "load-warm-hash",
    "load-model-signing-reader",
    "load-model-signing-files",
    "load-model-signing-leaves",
    "load-python-cold-copy",
    "load-python-warm-copy",
    "load-python-warm-hash",
    "load-python-into-copy",
    "load-python-import",
];

/// Two files of this many tensors of this many bytes each: 2.1 GB.
const FILES: u64 = 2;
const TENSORS: u64 = 17;
const TENSOR: u64 = 63 << 20;

/// Files of 1 GiB against the reference.
const GIBIBYTES: u64 = 4;

/// The interpreter with the wheel and the frameworks, below the checkout.
const PYTHON: &str = "target/wheel-tests/frameworks/bin/python";

/// All scripts take the time themselves and write it to the first argument: importing is not loading. The last arguments
/// are the files.
const COPY: &str = "
import os, sys, time
import torch
from safetensors.torch import load_file
start = time.perf_counter()
loaded = [{name: tensor.clone() for name, tensor in load_file(file).items()} for file in sys.argv[2:]]
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";
const HASH: &str = "
import hashlib, sys, time
from concurrent.futures import ThreadPoolExecutor
import torch
from safetensors.torch import load_file
def digest(name):
    with open(name, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
start = time.perf_counter()
with ThreadPoolExecutor(2) as pool:
    digests = list(pool.map(digest, sys.argv[2:]))
loaded = [{name: tensor.clone() for name, tensor in load_file(file).items()} for file in sys.argv[2:]]
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";
/// The second argument is the key, the third the model.
const VERIFIED: &str = "
import os, sys, time
import torch, weightlock
from weightlock.safetensors import load_file
start = time.perf_counter()
with weightlock.verified(sys.argv[3], key=sys.argv[2]) as path:
    loaded = [load_file(os.path.join(path, os.path.basename(file))) for file in sys.argv[4:]]
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";
/// Memory that is there already, also for the peer: as parameters of a model are.
const INTO: &str = "
import os, sys, time
import weightlock
rooms = [bytearray(os.path.getsize(file)) for file in sys.argv[4:]]
for room in rooms:
    room[::4096] = bytes(len(range(0, len(room), 4096)))
start = time.perf_counter()
for file, room in zip(sys.argv[4:], rooms):
    weightlock.read_into(file, room, key=sys.argv[2])
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";
const INTO_PEER: &str = "
import sys, time
import torch
from safetensors.torch import load_file
rooms = [{name: torch.ones_like(tensor) for name, tensor in load_file(file).items()} for file in sys.argv[2:]]
start = time.perf_counter()
for file, room in zip(sys.argv[2:], rooms):
    for name, tensor in load_file(file).items():
        room[name].copy_(tensor)
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";
const IMPORT: &str = "
import sys, time
start = time.perf_counter()
import weightlock
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";
const IMPORT_PEER: &str = "
import sys, time
start = time.perf_counter()
import safetensors
took = time.perf_counter() - start
open(sys.argv[1], 'w').write(str(took))
";

/// A way to load a model.
struct Way {
    line: Line,
    counted: Counted,
}

/// What of a process counts.
enum Counted {
    Whole,
    /// The seconds that it writes to this file.
    Told(PathBuf),
    /// From its start to the time, in seconds since 1970, that is written to this file.
    Until(PathBuf),
}

impl Way {
    fn once(&self) -> Result<Sample> {
        let begun = since_1970();
        let sample = measure::one(&self.line)?;
        let wall = match &self.counted {
            Counted::Whole => sample.wall,
            Counted::Told(file) => told(file)?,
            // The helper that measures has started meanwhile too: some milliseconds to our disadvantage.
            Counted::Until(file) => told(file)? - begun,
        };
        Ok(Sample { wall, ..sample })
    }
}

fn told(file: &Path) -> Result<f64> {
    let text = fs::read_to_string(file).context("a program did not tell its time")?;
    fs::remove_file(file)?;
    text.trim().parse().context("a program told no time")
}

fn since_1970() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// The program that a model is loaded for: says that it runs.
pub(crate) fn write_time(arguments: &[String]) -> Result<bool> {
    let now = since_1970();
    let [file, ..] = arguments else {
        bail!("no file is named");
    };
    fs::write(file, now.to_string())?;
    Ok(true)
}

/// A comparison of two ways.
struct Case {
    ours: Way,
    peer: Way,
    /// These are out of the page cache when a load begins.
    cold: Vec<PathBuf>,
    rounds: usize,
    bars: Vec<Bar>,
}

/// Makes what a case loads, measures, and deletes it.
pub(super) fn measure(name: &str, lab: &Lab, rounds: Option<usize>) -> Result<Row> {
    let case = prepare(name, lab)?;
    let rounds = rounds.unwrap_or(case.rounds).max(1);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Alternately, and once each that is not counted.
    for round in 0..=rounds {
        for (way, samples) in [(&case.ours, &mut ours), (&case.peer, &mut theirs)] {
            case.cold.iter().try_for_each(|file| forget(file))?;
            let sample = way.once()?;
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    let (ours, theirs) = (measure::median(&ours), measure::median(&theirs));
    Ok(Row {
        name: name.to_owned(),
        ours: lab.shorten(&case.ours.line),
        peer: lab.shorten(&case.peer.line),
        rounds,
        kernel: measure::kernel_of(lab.program()),
        our_sample: ours,
        peer_sample: theirs,
        bars: case.bars.iter().map(|bar| bar.judge(&ours, &theirs)).collect(),
        ..Row::default()
    })
}

fn prepare(name: &str, lab: &Lab) -> Result<Case> {
    let wall = |limit| bars(&[(Metric::Wall, limit)]);
    let pair = |peer: &str, cold: bool, limit| pair(lab, peer, cold, wall(limit));
    match name {
        "load-cold-reader" => pair("reader", true, 1.05),
        "load-cold-copy" => pair("copy", true, 0.75),
        "load-warm-copy" => pair("copy", false, 2.2),
        "load-warm-hash" => pair("hash", false, 0.75),
        "load-model-signing-reader" => unverified_reference(lab),
        "load-model-signing-files" => reference(lab, &[], wall(1.0 / 1.8)),
        "load-model-signing-leaves" => reference(lab, &["--leaves"], wall(1.0 / 2.5)),
        "load-python-cold-copy" => through_python(lab, "copy", true, wall(0.75)),
        "load-python-warm-copy" => through_python(lab, "copy", false, wall(2.2)),
        "load-python-warm-hash" => through_python(lab, "hash", false, wall(0.75)),
        "load-python-into-copy" => into_memory(lab, wall(2.2)),
        "load-python-import" => imports(lab),
        _ => bail!("there is no case {name}"),
    }
}

/// Two safetensors files, ours against another way to get their bytes into memory.
fn pair(lab: &Lab, other: &str, cold: bool, bars: Vec<Bar>) -> Result<Case> {
    let (model, files) = two_files(lab)?;
    let peer = match other {
        "reader" => reader(lab, &files)?,
        _ => original(lab, other, &files)?,
    };
    Ok(Case {
        ours: ours(lab, &model, &[])?,
        peer,
        cold: if cold { files } else { Vec::new() },
        rounds: 5,
        bars,
    })
}

/// A reader that verifies nothing.
fn reader(lab: &Lab, files: &[PathBuf]) -> Result<Way> {
    let took = lab.path("read");
    Ok(Way {
        line: pinned(
            std::env::current_exe()?.into_os_string(),
            [READER.into(), took.clone()].into_iter().chain(names(files)),
        ),
        counted: Counted::Told(took.into()),
    })
}

/// The same files through the wheel.
fn through_python(lab: &Lab, other: &str, cold: bool, bars: Vec<Bar>) -> Result<Case> {
    let (model, files) = two_files(lab)?;
    sign(lab, &model, &[])?;
    let (_, public) = lab.keys()?;
    let given = [public, model.into_os_string()].into_iter().chain(names(&files));
    Ok(Case {
        ours: script(lab, with_wheel()?, ("verified.py", VERIFIED), given)?,
        peer: original(lab, other, &files)?,
        cold: if cold { files } else { Vec::new() },
        rounds: 5,
        bars,
    })
}

/// The same files into memory that is there, by leaves, which a first load has proven.
fn into_memory(lab: &Lab, bars: Vec<Bar>) -> Result<Case> {
    let (model, files) = two_files(lab)?;
    ours(lab, &model, &["--leaves"])?.once()?;
    let (_, public) = lab.keys()?;
    let given = [public, model.into_os_string()].into_iter().chain(names(&files));
    let peer = peer(Peer::Torch)?.into_os_string();
    Ok(Case {
        ours: script(lab, with_wheel()?, ("read_into.py", INTO), given)?,
        peer: script(lab, peer, ("load_file_and_copy.py", INTO_PEER), names(&files))?,
        cold: Vec::new(),
        rounds: 5,
        bars,
    })
}

/// The import of the package beside that of a small one with a native module.
fn imports(lab: &Lab) -> Result<Case> {
    let way = |name, text| script(lab, with_wheel()?, (name, text), []);
    Ok(Case {
        ours: way("import_weightlock.py", IMPORT)?,
        peer: way("import_safetensors.py", IMPORT_PEER)?,
        cold: Vec::new(),
        rounds: 15,
        bars: bars(&[(Metric::Milliseconds, 50.0)]),
    })
}

/// A folder of two files, and the files.
fn two_files(lab: &Lab) -> Result<(PathBuf, Vec<PathBuf>)> {
    let model = PathBuf::from(lab.path("pair"));
    let files: Vec<PathBuf> = (0..FILES)
        .map(|number| model.join(format!("model-{:05}-of-{FILES:05}.safetensors", number + 1)))
        .collect();
    let tensors = lab.smaller(TENSORS);
    for (seed, file) in (0..).zip(&files) {
        data::safetensors(file, tensors, TENSOR, seed)?;
    }
    Ok((model, files))
}

fn names(files: &[PathBuf]) -> impl Iterator<Item = OsString> {
    files.iter().map(|file| file.clone().into_os_string())
}

/// What people do without verifying, or with hashing first.
fn original(lab: &Lab, other: &str, files: &[PathBuf]) -> Result<Way> {
    let text = match other {
        "hash" => ("hash_then_load_file_and_clone.py", HASH),
        _ => ("load_file_and_clone.py", COPY),
    };
    script(lab, peer(Peer::Torch)?.into_os_string(), text, names(files))
}

/// A script of a name that takes the time itself.
fn script(
    lab: &Lab,
    python: OsString,
    (name, text): (&str, &str),
    given: impl IntoIterator<Item = OsString>,
) -> Result<Way> {
    let (program, seconds) = (lab.path(name), lab.path("seconds"));
    fs::write(&program, text)?;
    let fixed = [program, seconds.clone()];
    Ok(Way {
        line: pinned(python, fixed.into_iter().chain(given)),
        counted: Counted::Told(seconds.into()),
    })
}

fn with_wheel() -> Result<OsString> {
    let python = weightlock_peers::scanners::repository().join(PYTHON);
    if !python.exists() {
        bail!("the wheel is not installed beside the frameworks; run cargo xtask ci --lane frameworks");
    }
    Ok(python.into_os_string())
}

/// Four files of 1 GiB, warm, against the reference, which verifies and loads nothing.
fn reference(lab: &Lab, how: &[&str], bars: Vec<Bar>) -> Result<Case> {
    let model = PathBuf::from(lab.model("quad", GIBIBYTES, 1 << 30)?);
    Ok(Case {
        ours: ours(lab, &model, how)?,
        peer: model_signing(lab, &model)?,
        cold: Vec::new(),
        rounds: 5,
        bars,
    })
}

/// What the bars of the reference leave room for: a reader that verifies nothing has to fill new memory too.
fn unverified_reference(lab: &Lab) -> Result<Case> {
    let model = PathBuf::from(lab.model("quad", GIBIBYTES, 1 << 30)?);
    sign(lab, &model, &[])?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&model)? {
        let entry = entry?;
        if entry.metadata()?.len() == 1 << 30 {
            files.push(entry.path());
        }
    }
    Ok(Case {
        ours: reader(lab, &files)?,
        peer: model_signing(lab, &model)?,
        cold: Vec::new(),
        rounds: 5,
        bars: Vec::new(),
    })
}

/// The reference, which verifies a signed model.
fn model_signing(lab: &Lab, model: &Path) -> Result<Way> {
    let (_, public) = lab.keys()?;
    let fixed = ["verify", "key", "--public_key"].map(OsString::from);
    let rest = [
        public,
        "--signature".into(),
        model.join("model.sig").into_os_string(),
        model.as_os_str().to_owned(),
    ];
    Ok(Way {
        line: pinned(
            peer(Peer::ModelSigning)?.into_os_string(),
            fixed.into_iter().chain(rest),
        ),
        counted: Counted::Whole,
    })
}

/// Signs a model, in place of a signature that is there.
fn sign(lab: &Lab, model: &Path, how: &[&str]) -> Result<()> {
    let (key, _) = lab.keys()?;
    for stale in ["model.sig", ".weightlock"] {
        let stale = model.join(stale);
        let _: io::Result<()> = fs::remove_file(&stale).or_else(|_| fs::remove_dir_all(&stale));
    }
    let signing = [["sign", "key"].as_slice(), how, &["--key"]].concat();
    let model = model.as_os_str().to_owned();
    run(lab.program(), words(&signing, [&key, &model]))
}

/// Signs a model and loads it for a program that does nothing.
fn ours(lab: &Lab, model: &Path, how: &[&str]) -> Result<Way> {
    sign(lab, model, how)?;
    let (_, public) = lab.keys()?;
    let model = model.as_os_str().to_owned();
    let fixed = ["run", "-q", "--key"].map(OsString::from);
    let started = lab.path("started");
    let rest = [
        public,
        "--model".into(),
        model,
        "--".into(),
        std::env::current_exe()?.into_os_string(),
        STARTED.into(),
        started.clone(),
        "{model}".into(),
    ];
    Ok(Way {
        line: pinned(
            lab.program().as_os_str().to_owned(),
            fixed.into_iter().chain(rest),
        ),
        counted: Counted::Until(started.into()),
    })
}

/// A program on two processors.
fn pinned(program: OsString, args: impl IntoIterator<Item = OsString>) -> Line {
    let fixed = ["-c".into(), "0,1".into(), program];
    Line {
        program: "taskset".into(),
        args: fixed.into_iter().chain(args).collect(),
        may_refuse: false,
    }
}

/// Has the kernel drop a file from its cache. What was just written must reach the disk first, or it stays.
fn forget(file: &Path) -> Result<()> {
    let open = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    open.sync_all()?;
    posix_fadvise(&open, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).context("posix_fadvise")
}

/// The reader that verifies nothing: each file by a thread of its own into memory without a name, copied by the kernel.
/// Writes how long that took to the first file.
pub(crate) fn read_unverified(arguments: &[String]) -> Result<bool> {
    let Some((took, files)) = arguments.split_first() else {
        bail!("no file is named");
    };
    let read = |file: &String| -> Result<(u64, File)> {
        let mut from = File::open(file).with_context(|| format!("cannot open {file}"))?;
        let size = from.metadata()?.len();
        posix_fadvise(&from, 0, 0, PosixFadviseAdvice::POSIX_FADV_SEQUENTIAL)?;
        let mut memory = File::from(memfd_create("unverified", MFdFlags::MFD_CLOEXEC)?);
        memory.set_len(size)?;
        let read = io::copy(&mut from, &mut memory)?;
        Ok((size - read, memory))
    };
    let begun = Instant::now();
    let read = thread::scope(|scope| {
        let reading: Vec<_> = files.iter().map(|file| scope.spawn(move || read(file))).collect();
        reading
            .into_iter()
            .map(|reading| reading.join().unwrap_or_else(|_| bail!("a reader failed")))
            .collect::<Result<Vec<_>>>()
    })?;
    fs::write(took, begun.elapsed().as_secs_f64().to_string())?;
    Ok(read.iter().all(|(missing, _)| *missing == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_reads_every_byte_and_fails_where_it_cannot() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.safetensors");
        data::safetensors(&file, 3, 4096, 1).unwrap();
        forget(&file).unwrap();
        let name = |path: &Path| path.to_str().unwrap().to_owned();
        let took = home.path().join("took");
        assert!(read_unverified(&[name(&took), name(&file), name(&file)]).unwrap());
        assert!(told(&took).unwrap() > 0.0);
        assert!(read_unverified(&[name(&took), name(&home.path().join("b"))]).is_err());
        assert!(!took.exists());
    }
}

//! What a guarded load reads, from the descriptors of its trace: each byte of the model once, by the verifier, and nothing
//! of it by anybody else of the process tree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use weightlock_peers::{
    Peer,
    races::{Layout, Victim, WEIGHTS, python},
};

use crate::run::{Place, key};

/// Everything that opens, reads, maps or copies a file or sets its flags, and what makes a process or a thread.
const CALLS: &str = "?open,?creat,openat,openat2,open_by_handle_at,read,readv,pread64,preadv,preadv2,mmap,sendfile,\
                     copy_file_range,splice,?fork,?vfork,clone,clone3,execve,fcntl";

/// Reads every file of the view in two processes; what is no folder is the one file.
const PROGRAM: &str = "
import os, subprocess, sys
def read(view):
    found = {'': len(open(view, 'rb').read())} if os.path.isfile(view) else {}
    for at, _, names in os.walk(view):
        for name in names:
            with open(os.path.join(at, name), 'rb') as file:
                found[os.path.relpath(os.path.join(at, name), view)] = len(file.read())
    return found
again = subprocess.run(['/bin/cp', '-RL', sys.argv[1], 'seen']) if len(sys.argv) == 2 else None
assert again is None or read(sys.argv[1]) == read('seen')
";

/// Bytes from which a cold file is read past the page cache.
const LARGE: u64 = 8 << 20;

/// A call of the trace, whole, with the process that made it.
struct Call {
    process: u32,
    text: String,
}

impl Call {
    fn kind(&self) -> &str {
        self.text.split_once('(').map_or("", |(kind, _)| kind)
    }

    fn result(&self) -> &str {
        self.text.rsplit_once(" = ").map_or("", |(_, result)| result)
    }

    /// The path of the descriptor that it gave, or `None` where it failed.
    fn opened(&self) -> Option<&str> {
        let opens = self.kind().starts_with("open") || self.kind() == "creat";
        let (_, path) = self.result().split_once('<').filter(|_| opens)?;
        // A descriptor by which nothing can be read.
        (!self.text.contains("O_PATH")).then(|| path.trim_end_matches(['>', ')']))
    }

    /// Where a `pread64` began, and how much it gave.
    fn range(&self) -> (u64, u64) {
        let (arguments, count) = self.text.rsplit_once(") = ").unwrap();
        let (_, offset) = arguments.rsplit_once(", ").unwrap();
        let start = offset.parse::<u64>().unwrap();
        (start, start + count.parse::<u64>().unwrap())
    }
}

/// All calls; those that another one interrupted are put together again, and threads count as their process.
fn calls(trace: &str) -> Vec<Call> {
    let mut begun: BTreeMap<u32, &str> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let (thread, text) = line.split_once(' ').unwrap();
        let (thread, text) = (thread.parse::<u32>().unwrap(), text.trim_start());
        if let Some(first) = text.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, first);
        } else if let Some((_, rest)) = text.split_once(" resumed>") {
            let first = begun.remove(&thread).unwrap_or_default();
            calls.push(Call {
                process: thread,
                text: format!("{first}{rest}"),
            });
        } else if !text.starts_with(['+', '-']) {
            calls.push(Call {
                process: thread,
                text: text.to_owned(),
            });
        }
    }
    let threads: BTreeMap<u32, u32> = calls
        .iter()
        .filter(|call| call.kind().starts_with("clone") && call.text.contains("CLONE_THREAD"))
        .filter_map(|call| Some((call.result().parse().ok()?, call.process)))
        .collect();
    for call in &mut calls {
        while let Some(process) = threads.get(&call.process) {
            call.process = *process;
        }
    }
    calls
}

/// Runs a load of Python below strace: the calls.
fn traced(strace: &Path, model: &Path, home: &Path) -> Vec<Call> {
    let mut command = Command::new(strace);
    command
        .args(["-f", "-y", "-s", "0", "-e"])
        .arg(format!("trace={CALLS}"))
        .arg("-o")
        .arg(home.join("trace"))
        .arg(env!("CARGO_BIN_EXE_weightlock"))
        .args(["run", "-q", "--key"])
        .arg(key("p256.pub.pem"))
        .arg("--model")
        .arg(model)
        .arg("--")
        .arg(python().unwrap())
        .args(["-I", "-S", "-c", PROGRAM, "{model}"])
        .current_dir(home)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    calls(&fs::read_to_string(home.join("trace")).unwrap())
}

/// The files with their sizes, as they are on disk, links resolved.
fn sizes(paths: impl Iterator<Item = PathBuf>) -> BTreeMap<String, u64> {
    let resolved = paths.map(|path| path.canonicalize().unwrap());
    resolved
        .map(|path| {
            (
                path.to_str().unwrap().to_owned(),
                fs::metadata(&path).unwrap().len(),
            )
        })
        .collect()
}

/// Each file is opened once and read once, by the verifier; the program opens and reads memory only.
fn assert_read_once(calls: &[Call], files: &BTreeMap<String, u64>, signature: &Path, around: &Path) {
    let verifier = calls[0].process;
    let signature = signature.canonicalize().unwrap();
    let around = around.canonicalize().unwrap();
    let mut ranges: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    let mut opens: Vec<&str> = Vec::new();
    for call in calls {
        if let Some(path) = call.opened().filter(|path| Path::new(path).starts_with(&around)) {
            assert_eq!(call.process, verifier, "{}", call.text);
            if !Path::new(path).is_dir() {
                opens.push(path);
            }
        }
        let touched = files.keys().find(|file| call.text.contains(&format!("<{file}>")));
        // Flags and locks of a descriptor say nothing of bytes.
        let may_read = !call.kind().starts_with("open") && call.kind() != "fcntl";
        if let Some(file) = touched.filter(|_| may_read) {
            assert_eq!(
                (call.process, call.kind()),
                (verifier, "pread64"),
                "{}",
                call.text
            );
            ranges.entry(file).or_default().push(call.range());
        }
    }
    opens.sort_unstable();
    let mut expected: Vec<&str> = files.keys().map(String::as_str).collect();
    expected.push(signature.to_str().unwrap());
    expected.sort_unstable();
    assert_eq!(opens, expected, "each file once, and nothing else");
    for (file, size) in files {
        let mut ranges = ranges.remove(file.as_str()).unwrap_or_default();
        ranges.sort_unstable();
        let end = ranges.iter().fold(0, |end, (start, next)| {
            assert_eq!(*start, end, "{file} has a byte that is read twice, or never");
            *next
        });
        assert_eq!(end, *size, "{file}");
    }
    // It did read, and in two processes.
    let memory = calls.iter().filter(|call| call.process != verifier);
    let memory = memory.filter(|call| call.opened().is_some_and(|path| path.contains("memfd:")));
    let readers: BTreeSet<u32> = memory.clone().map(|call| call.process).collect();
    assert_eq!((readers.len(), memory.count()), (2, 2 * files.len()));
}

#[test]
fn each_byte_is_read_once_by_the_verifier_and_by_nobody_else() {
    let Some(strace) = weightlock_peers::program(Peer::Strace) else {
        return;
    };
    if python().is_none() {
        weightlock_peers::skip("there is no python3");
        return;
    }
    for layout in Layout::BOTH {
        // Large enough for several threads.
        let victim = Victim::new(layout, 20 << 20).unwrap();
        let signature = match layout {
            Layout::Folder => victim.model().join("model.sig"),
            Layout::HubCache => beside(victim.model()),
        };
        let files = victim.files().keys().map(|name| victim.model().join(name));
        assert_signed_and_read_once(&strace, victim.model(), &signature, files, victim.home());
    }
    let alone = Victim::new(Layout::Folder, 20 << 20).unwrap();
    let file = alone.model().join(WEIGHTS);
    let only = std::iter::once(file.clone());
    assert_signed_and_read_once(&strace, &file, &beside(&file), only, alone.home());
}

/// Where a signature lies that is not in its model.
fn beside(model: &Path) -> PathBuf {
    PathBuf::from(format!("{}.weightlock/model.sig", model.display()))
}

fn assert_signed_and_read_once(
    strace: &Path,
    model: &Path,
    signature: &Path,
    files: impl Iterator<Item = PathBuf>,
    around: &Path,
) {
    let (place, private) = (Place::new(), key("p256.key.pem"));
    let sign = [
        "sign",
        model.to_str().unwrap(),
        "--key",
        private.to_str().unwrap(),
    ];
    place.run(sign).yes();
    let sizes = sizes(files);
    for is_cold in [false, true] {
        let place = Place::new();
        if is_cold {
            sizes.keys().for_each(|file| forget(file));
        }
        let calls = traced(strace, model, &place.path("."));
        assert_read_once(&calls, &sizes, signature, around);
        let is_large = sizes.values().any(|&size| size >= LARGE);
        if is_cold && is_large && !calls.iter().any(|call| call.text.contains("O_DIRECT")) {
            weightlock_peers::skip("temporary files lie where nothing is read past the page cache");
        }
    }
}

/// Has the kernel drop a file from its cache.
fn forget(file: &str) {
    let dd = Command::new("dd")
        .arg(format!("of={file}"))
        .args([
            "oflag=nocache",
            "conv=notrunc,fdatasync",
            "count=0",
            "status=none",
        ])
        .status();
    assert!(dd.unwrap().success());
}

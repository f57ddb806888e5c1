//! `run`, halted from outside at each stage while another process changes the model; and without being halted.
//!
//! Nothing in the binary knows of this: `strace` sends SIGSTOP at the N-th call of its kind, and which one that is comes
//! from the trace of a load that is left alone. A stage that is not reached fails the test.

mod halts;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use weightlock_peers::{
    Peer,
    races::{
        Attack, Attacker, CODE, CONFIG, Count, Layout, Stage, TOKENIZER, Table, Victim, WEIGHTS, python,
        rounds,
    },
};

use self::halts::{Halts, Strace};
use crate::run::key;

/// Weights that take several reads.
const SIZE: usize = 560_000;

/// No load takes so long, whatever is put in its way.
const HANGS: Duration = Duration::from_secs(30);

/// Free-running rounds of the whole binary for each of the library's.
const SHARE: usize = 40;
const FEWEST: usize = 10;
const PATIENCE: Duration = Duration::from_secs(120);

/// Copies the whole view.
const COPY: &str = "cp -RL {model} seen";

/// Waits to be told that the model was changed, and copies the view.
const WAIT: &str = "touch ready; while [ ! -e changed ]; do sleep 0.005; done; cp -RL {model} seen";

/// Opens, maps and half reads every file, waits to be told that the model was changed, and writes down what the mappings
/// hold, what is left to be read, and what is found when everything is opened again.
const LOAD: &str = "
import mmap, os, shutil, sys, time
view = sys.argv[1]
names = [os.path.relpath(os.path.join(at, name), view) for at, _, names in os.walk(view) for name in names]
files = {name: open(os.path.join(view, name), 'rb', buffering=0) for name in names}
maps = {name: mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) for name, file in files.items()}
private = {name: mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE) for name, file in files.items()}
halves = {name: file.read(len(maps[name]) // 2) for name, file in files.items()}
open('ready', 'w').close()
while not os.path.exists('changed'):
    time.sleep(0.005)
for name, file in files.items():
    assert maps[name][:] == private[name][:] == halves[name] + file.read(), name
shutil.copytree(view, 'seen')
";

/// Who decides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Key,
    Policy,
}

/// A signed model that is about to be loaded.
struct Case {
    victim: Victim,
    by: By,
}

impl Case {
    fn new(layout: Layout, by: By) -> Self {
        let victim = Victim::new(layout, SIZE).unwrap();
        let signed = Command::new(env!("CARGO_BIN_EXE_weightlock"))
            .arg("sign")
            .arg(victim.model())
            .arg("--key")
            .arg(key("p256.key.pem"))
            .env_clear()
            .output()
            .unwrap();
        assert!(signed.status.success(), "{signed:?}");
        fs::create_dir(victim.home().join("views")).unwrap();
        let policy = format!(
            "version = 1\nmode = \"staging\"\n[identity.release]\nkey = {:?}\n\
             [signers]\noms = [\"release\"]\n[require]\nsignature = true\n",
            key("p256.pub.pem")
        );
        fs::write(victim.home().join("policy.toml"), policy).unwrap();
        Self { victim, by }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.victim.home().join(name)
    }

    /// `weightlock run` on one thread, by itself or by another program.
    fn load(&self, by: Option<&Strace>, program: &[&str]) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_weightlock"));
        let mut command = match by {
            Some(strace) => strace.command(binary, &self.path("trace")),
            None => Command::new(binary),
        };
        command.args(["run", "-q", "--jobs", "1"]);
        match self.by {
            By::Key => command.arg("--key").arg(key("p256.pub.pem")),
            By::Policy => command.arg("--policy").arg(self.path("policy.toml")),
        };
        command
            .arg("--model")
            .arg(self.victim.model())
            .arg("--")
            .args(program)
            .current_dir(self.victim.home())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TMPDIR", self.path("views"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("stderr")).unwrap());
        command
    }

    /// How a load ended: with what the program saw, or with the code of a refusal.
    fn outcome(&self, child: Child) -> Result<Result<(), String>, String> {
        let code = ended(child);
        let left = fs::read_dir(self.path("views")).unwrap().count();
        assert_eq!(left, 0, "something is left of a view");
        let talk = fs::read_to_string(self.path("stderr")).unwrap();
        let reason = talk.strip_prefix("error[").and_then(|rest| rest.split_once(']'));
        let seen = self.path("seen");
        match (code, reason) {
            (Some(0), None) => Ok(self.judged(&seen)),
            (Some(1 | 3 | 4), Some((reason, _))) => {
                assert!(!seen.exists(), "refused, and the program ran: {talk}");
                Err(reason.to_owned())
            }
            other => panic!("neither loaded nor refused: {other:?} {talk}"),
        }
    }

    fn judged(&self, seen: &Path) -> Result<(), String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![seen.to_owned()];
        while let Some(folder) = folders.pop() {
            for item in fs::read_dir(folder).unwrap() {
                let path = item.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(seen).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
        self.victim
            .is(found.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())))
    }
}

/// Waits for a process that must not hang.
fn ended(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begun.elapsed() > HANGS {
            child.kill().unwrap();
            panic!("a load hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HANGS, "{what}: never");
        thread::sleep(Duration::from_millis(2));
    }
}

type Cell = (Layout, Stage, Attack, &'static str);

/// A load that is halted by a signal right after one of its system calls.
fn halted(
    (layout, stage, attack, name): Cell,
    by: By,
    halts: &Halts,
    attacker: &mut Attacker,
) -> Result<Result<(), String>, String> {
    let case = Case::new(layout, by);
    attacker.aim(attack, case.victim.model(), name);
    let child = case
        .load(Some(&halts.at(stage)), &["/bin/sh", "-c", COPY])
        .spawn()
        .unwrap();
    until_stopped(stage, &case);
    attacker.act();
    send("-CONT", &child);
    case.outcome(child)
}

fn until_stopped(stage: Stage, case: &Case) {
    let stopped = |trace: String| trace.contains("--- stopped by SIGSTOP ---");
    until(stage.name(), || {
        fs::read_to_string(case.path("trace")).is_ok_and(stopped)
    });
}

/// Sends a signal to the one process that strace started.
fn send(signal: &str, strace: &Child) {
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let children = fs::read_to_string(children).unwrap();
    let kill = Command::new("/bin/kill").args([signal, children.trim()]).status();
    assert!(kill.unwrap().success());
}

/// A load whose program says itself how far it is.
fn running(
    (layout, stage, attack, name): Cell,
    by: By,
    attacker: &mut Attacker,
) -> Result<Result<(), String>, String> {
    let case = Case::new(layout, by);
    attacker.aim(attack, case.victim.model(), name);
    let python = python().unwrap();
    let program = match stage {
        Stage::Loaded => vec![python.to_str().unwrap(), "-I", "-S", "-c", LOAD, "{model}"],
        _ => vec!["/bin/sh", "-c", WAIT],
    };
    let child = case.load(None, &program).spawn().unwrap();
    until("the program runs", || case.path("ready").exists());
    attacker.act();
    fs::write(case.path("changed"), "").unwrap();
    case.outcome(child)
}

/// Everything about weights, in both layouts; configuration and code where a file is looked at, read, compared, sealed.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    let stages = Halts::STAGES.into_iter().chain([Stage::Running, Stage::Loaded]);
    for stage in stages {
        for attack in Attack::ALL {
            cells.extend(Layout::BOTH.map(|layout| (layout, stage, attack, WEIGHTS)));
            if matches!(
                stage,
                Stage::Listed | Stage::FirstRead | Stage::Digested | Stage::Sealing | Stage::Viewed
            ) {
                cells.push((Layout::HubCache, stage, attack, CONFIG));
                cells.push((Layout::Folder, stage, attack, CODE));
            }
        }
    }
    cells
}

#[test]
fn a_halted_run_gives_the_signed_bytes_or_an_error() {
    halted_runs(By::Key, cells());
}

/// The bytes that a policy allowed, too: what it decides about is what is handed out.
#[test]
fn a_halted_run_by_a_policy_gives_the_allowed_bytes_or_an_error() {
    let cells = cells().into_iter();
    // The other layout and the other names are read in the same way.
    let cells = cells.filter(|(layout, _, _, name)| *layout == Layout::HubCache && *name == WEIGHTS);
    halted_runs(By::Policy, cells.collect());
}

fn halted_runs(by: By, cells: Vec<Cell>) {
    let Some(strace) = weightlock_peers::program(Peer::Strace) else {
        return;
    };
    if python().is_none() {
        weightlock_peers::skip("there is no python3");
        return;
    }
    let halts = Layout::BOTH.map(|layout| (layout, Halts::find(&strace, &Case::new(layout, by))));
    let (table, next) = (Table::default(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut attacker = Attacker::start().unwrap();
                while let Some(cell) = cells.get(next.fetch_add(1, SeqCst)) {
                    let (layout, stage, attack, name) = *cell;
                    let outcome = if stage >= Stage::Running {
                        running(*cell, by, &mut attacker)
                    } else {
                        let (_, halts) = halts.iter().find(|(known, _)| *known == layout).unwrap();
                        halted(*cell, by, halts, &mut attacker)
                    };
                    table.add(stage, attack, name, outcome);
                }
            });
        }
    });
    assert_eq!(table.loads(), cells.len());
    if by == By::Key {
        table.publish("halted-run.md");
    }
}

/// Ctrl-C and termination, wherever they come: the program is not started any more, and nothing is left.
#[test]
fn a_run_that_is_ended_leaves_nothing_behind() {
    let Some(strace) = weightlock_peers::program(Peer::Strace) else {
        return;
    };
    let halts = Halts::find(&strace, &Case::new(Layout::Folder, By::Key));
    for (stage, (signal, code)) in Halts::STAGES
        .into_iter()
        .zip([("-INT", 130), ("-TERM", 143)].into_iter().cycle())
    {
        let case = Case::new(Layout::Folder, By::Key);
        let child = case
            .load(Some(&halts.at(stage)), &["/bin/sh", "-c", COPY])
            .spawn()
            .unwrap();
        until_stopped(stage, &case);
        send(signal, &child);
        send("-CONT", &child);
        assert_eq!(ended(child), Some(code), "{}", stage.name());
        assert!(!case.path("seen").exists(), "{}", stage.name());
        assert_eq!(
            fs::read_dir(case.path("views")).unwrap().count(),
            0,
            "{}",
            stage.name()
        );
    }
}

#[test]
fn free_running_runs_give_the_signed_bytes_or_an_error() {
    free_running(By::Key);
}

#[test]
fn free_running_runs_by_a_policy_give_the_allowed_bytes_or_an_error() {
    free_running(By::Policy);
}

fn free_running(by: By) {
    let least = (rounds() / SHARE).max(FEWEST).div_ceil(2);
    let counts = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for layout in Layout::BOTH {
            let counts = &counts;
            scope.spawn(move || {
                if let Some(count) = raced(layout, by, least) {
                    counts.lock().unwrap().push((layout, count));
                }
            });
        }
    });
    for (layout, count) in counts.into_inner().unwrap() {
        if by == By::Key {
            count.publish("run", layout, "`weightlock run`");
        }
    }
}

fn raced(layout: Layout, by: By, least: usize) -> Option<Count> {
    let case = Case::new(layout, by);
    // Ended before the model is removed.
    let mut attacker = Attacker::start()?;
    attacker.storm(11, case.victim.model(), &[WEIGHTS, CONFIG, CODE, TOKENIZER]);
    let (begun, mut count, mut number) = (Instant::now(), Count::default(), 0);
    while number < least || (!count.is_race() && begun.elapsed() < PATIENCE) {
        let child = case.load(None, &["/bin/sh", "-c", COPY]).spawn().unwrap();
        count.add(case.outcome(child).map(|bytes| {
            assert!(bytes.is_ok(), "round {number} loaded other bytes: {bytes:?}");
            fs::remove_dir_all(case.path("seen")).unwrap();
        }));
        number += 1;
    }
    assert!(attacker.is_alive(), "nobody attacked any more");
    assert!(count.is_race(), "there was no race: {count:?}");
    Some(count)
}

//! Which system call ends which stage of a load: found in the trace of a load that nobody disturbs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use weightlock_peers::races::{Stage, WEIGHTS};

use super::{COPY, Case, ended};

/// What a load is halted by, and what marks its stages.
const CALLS: &str = "openat,openat2,getdents64,memfd_create,pread64,fcntl,?chmod,fchmodat";

/// A program that looks at each call of some kinds, and may send SIGSTOP at one.
pub(super) struct Strace {
    program: PathBuf,
    calls: String,
    /// At the how-maniest call.
    halt: Option<usize>,
}

impl Strace {
    /// Runs a program below it. The trace is written line by line. Of what is halted its children are not followed: each
    /// of them would have a count of its own, and be halted too.
    pub(super) fn command(&self, program: &Path, trace: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["-y", "-s", "300", "-e"])
            .arg(format!("trace={}", self.calls));
        match self.halt {
            Some(halt) => command.arg(format!("--inject={}:signal=SIGSTOP:when={halt}", self.calls)),
            None => command.arg("-f"),
        };
        command.arg("-o").arg(trace).arg(program);
        command
    }
}

/// For each stage the kind of call after which it is reached, and the number of that call among its kind.
pub(super) struct Halts {
    program: PathBuf,
    found: BTreeMap<Stage, (String, usize)>,
}

impl Halts {
    pub(super) const STAGES: [Stage; 11] = [
        Stage::Opened,
        Stage::Signature,
        Stage::Listed,
        Stage::Walked,
        Stage::FirstRead,
        Stage::Reading,
        Stage::Digested,
        Stage::ListedAgain,
        Stage::Sealing,
        Stage::Sealed,
        Stage::Viewed,
    ];

    /// Has a model loaded once and finds every stage.
    pub(super) fn find(strace: &Path, case: &Case) -> Self {
        let watch = Strace {
            program: strace.to_owned(),
            calls: CALLS.to_owned(),
            halt: None,
        };
        let child = case.load(Some(&watch), &["/bin/sh", "-c", COPY]).spawn().unwrap();
        assert_eq!(
            ended(child),
            Some(0),
            "{}",
            fs::read_to_string(case.path("stderr")).unwrap()
        );
        let trace = fs::read_to_string(case.path("trace")).unwrap();
        let calls = calls(&trace);
        let found = Self::STAGES.map(|stage| {
            let at = position(stage, &calls, case);
            let at = at.unwrap_or_else(|| panic!("{} is not in the trace:\n{trace}", stage.name()));
            let kind = kind(calls[at]);
            let number = calls[..=at]
                .iter()
                .filter(|call| self::kind(call) == kind)
                .count();
            (stage, (kind.to_owned(), number))
        });
        Self {
            program: strace.to_owned(),
            found: BTreeMap::from(found),
        }
    }

    /// Halts a load right after the call that ends a stage.
    pub(super) fn at(&self, stage: Stage) -> Strace {
        let (calls, number) = self.found[&stage].clone();
        Strace {
            program: self.program.clone(),
            calls,
            halt: Some(number),
        }
    }
}

/// The calls of the process that was started, without those of its children.
fn calls(trace: &str) -> Vec<&str> {
    let lines = trace.lines().filter_map(|line| line.split_once(' '));
    let (process, _) = lines.clone().next().unwrap();
    lines
        .filter(|(of, _)| *of == process)
        .map(|(_, call)| call.trim_start())
        .filter(|call| !call.starts_with(['-', '+', '<']))
        .collect()
}

fn kind(call: &str) -> &str {
    call.split_once('(').map_or("", |(kind, _)| kind)
}

/// The call that ends a stage.
fn position(stage: Stage, calls: &[&str], case: &Case) -> Option<usize> {
    let model = case.victim.model().canonicalize().unwrap();
    let quoted = format!("\"{}\"", model.display());
    let listed = format!("<{}>", model.display());
    let weights = model.join(WEIGHTS).canonicalize().unwrap();
    let weights = format!("<{}>", weights.display());
    let first = |from: usize, is: &dyn Fn(&str) -> bool| {
        let found = calls.get(from..)?.iter().position(|call| is(call))?;
        Some(from + found)
    };
    let last = |is: &dyn Fn(&str) -> bool| calls.iter().rposition(|call| is(call));
    // What lies under names that are passed over is looked at by policies, and handed to nobody.
    let passed_over = ["/model.sig>", "/.git", "/.weightlock/"];
    let read = |call: &str| {
        kind(call) == "pread64"
            && call.contains(case.victim.home().to_str().unwrap_or("?"))
            && !passed_over.iter().any(|name| call.contains(name))
    };
    let lists = |call: &str| kind(call) == "getdents64" && call.contains(&listed);
    let seals =
        |call: &str| kind(call) == "fcntl" && call.contains("F_ADD_SEALS") && call.contains("F_SEAL_SEAL");
    let made = first(0, &|call| kind(call) == "memfd_create")?;
    match stage {
        Stage::Opened => first(0, &|call| kind(call) == "openat" && call.contains(&quoted)),
        Stage::Signature => first(0, &|call| call.contains("model.sig") && !call.contains("= -1")),
        Stage::Listed => first(0, &lists),
        Stage::Walked => Some(made),
        Stage::FirstRead => first(made, &|call| {
            kind(call).starts_with("open") && call.ends_with(&weights)
        }),
        Stage::Reading => first(0, &|call| read(call) && call.contains(&weights)),
        Stage::Digested => last(&read),
        Stage::ListedAgain => first(last(&read)?, &lists),
        Stage::Sealing => first(0, &seals),
        Stage::Sealed => last(&seals),
        Stage::Viewed => last(&|call| ["chmod", "fchmodat"].contains(&kind(call)) && call.contains("0500")),
        Stage::Running | Stage::Loaded => None,
    }
}

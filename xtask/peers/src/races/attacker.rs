//! The other process.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use super::Attack;

const ATTACKER: &str = include_str!("../../attacker.py");

/// The Python of this machine itself, not a script that looks for it.
#[must_use]
pub fn python() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let script = "import sys; print(sys.executable)";
        let told = Command::new(crate::on_path("python3")?)
            .args(["-c", script])
            .output()
            .ok()?;
        Some(PathBuf::from(String::from_utf8(told.stdout).ok()?.trim())).filter(|path| path.is_file())
    };
    FOUND.get_or_init(find).clone()
}

/// The other process. It is ended with this value.
#[derive(Debug)]
pub struct Attacker {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Attacker {
    /// Starts one; `None` where there is no Python, and the test is skipped.
    ///
    /// # Panics
    /// When it was there and does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(python) = python() else {
            crate::skip("there is no python3 to attack with");
            return None;
        };
        let mut process = Command::new(python)
            .args(["-I", "-S", "-c", ATTACKER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (orders, answers) = (process.stdin.take()?, process.stdout.take()?);
        Some(Self {
            process,
            orders,
            answers: BufReader::new(answers),
        })
    }

    /// Has it get ready.
    ///
    /// # Panics
    /// When it cannot, which is a fault of the test.
    pub fn aim(&mut self, attack: Attack, model: &Path, name: &str) {
        self.order(&format!("aim\t{}\t{}\t{name}", attack.name(), model.display()));
    }

    /// Has it do what it aimed at, and waits until it is done.
    ///
    /// # Panics
    /// When it cannot, which is a fault of the test.
    pub fn act(&mut self) {
        self.order("act");
    }

    /// Has it attack again and again, until this value is gone.
    ///
    /// # Panics
    /// When it cannot begin.
    pub fn storm(&mut self, seed: u64, model: &Path, names: &[&str]) {
        self.order(&format!(
            "storm\t{seed}\t{}\t{}",
            model.display(),
            names.join("\t")
        ));
    }

    /// Whether it still runs: a storm that ended by itself attacks nobody.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    fn order(&mut self, order: &str) {
        let mut answer = String::new();
        let told = writeln!(self.orders, "{order}").and_then(|()| self.answers.read_line(&mut answer));
        assert!(
            told.is_ok() && answer == "done\n",
            "the attacker failed at {order:?}"
        );
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        let _: io::Result<()> = self.process.kill();
        let _: io::Result<_> = self.process.wait();
    }
}

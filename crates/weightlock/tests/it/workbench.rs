//! Runs the real binary with a clean environment in a folder of its own.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use schemars::JsonSchema;
use serde_json::Value;
use tempfile::TempDir;
use weightlock::reply::Document;

/// A folder that is the working directory and the home of every run in it.
pub(crate) struct Place(TempDir);

/// What one run did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// One run, before it begins.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Prepares a run of `weightlock`.
    pub(crate) fn weightlock(&self, arguments: &[&str]) -> Run {
        self.program(env!("CARGO_BIN_EXE_weightlock"), arguments)
    }

    /// Prepares a run of another program.
    pub(crate) fn program(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Run {
        let mut command = Command::new(program.as_ref());
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.0.path());
        Run {
            command,
            input: Vec::new(),
        }
    }

    /// Runs `weightlock`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.weightlock(arguments).run()
    }
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    pub(crate) fn run(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        Ran {
            exit: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The JSON document of this run, which must be as its published schema says.
    pub(crate) fn json<T: JsonSchema>(&self) -> Value {
        let document: Value = serde_json::from_str(&self.out).unwrap();
        let schema = schemars::schema_for!(Document<T>);
        let schema = jsonschema::validator_for(schema.as_value()).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        assert_eq!(document["exit_code"], self.exit);
        document
    }

    /// The exit code and the codes of all reasons on standard error.
    pub(crate) fn refusal(&self) -> (i32, Vec<&str>) {
        let codes = self.err.lines().filter_map(|line| {
            let rest = line.strip_prefix("error[")?;
            rest.split_once(']').map(|(code, _)| code)
        });
        (self.exit, codes.collect())
    }
}

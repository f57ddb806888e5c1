//! Runs the real binary, offline, in a folder of its own, with an environment of its own.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use schemars::JsonSchema;
use serde_json::Value;
use weightlock::reply::Document;

/// Throw-away keys of the test vectors.
pub(crate) fn key(name: &str) -> PathBuf {
    repository().join("testdata/oms/reference-1.1.1/keys").join(name)
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A folder to work in, removed at the end.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With a small model in `m`: weights of three leaves, configuration, tokenizer in a folder below.
    pub(crate) fn with_model() -> Self {
        let place = Self::new();
        place.write("m/config.json", "{\"model_type\": \"toy\"}");
        place.write("m/tokenizer/tokenizer.json", "{\"version\": \"1.0\"}");
        fs::write(place.path("m/model.safetensors"), weights()).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Flips bits of one byte.
    pub(crate) fn flip(&self, name: &str, offset: usize, mask: u8) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        bytes[offset] ^= mask;
        fs::write(self.path(name), bytes).unwrap();
    }

    /// A command of the binary, for adding variables.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weightlock"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        command.env("HOME", self.folder.path().join("home"));
        command
    }

    /// Another program in the same folder, with the same environment.
    pub(crate) fn program<A: AsRef<OsStr>>(&self, name: &str, arguments: impl IntoIterator<Item = A>) -> Ran {
        let mut command = Command::new(name);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        Ran::of(&mut command)
    }

    /// Runs the binary with this text on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        self.write("standard-input", input);
        let input = fs::File::open(self.path("standard-input")).unwrap();
        Ran::of(self.command(arguments).stdin(input))
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Signs `m` with the P-256 key and whatever else is asked.
    pub(crate) fn sign(&self, more: &[&str]) -> Ran {
        self.run_with_key("sign", "p256.key.pem", more)
    }

    /// Verifies `m` with the P-256 key and whatever else is asked.
    pub(crate) fn verify(&self, more: &[&str]) -> Ran {
        self.run_with_key("verify", "p256.pub.pem", more)
    }

    pub(crate) fn run_with_key(&self, verb: &str, name: &str, more: &[&str]) -> Ran {
        let key = key(name);
        let mut arguments = vec![verb, "m", "--key", key.to_str().unwrap()];
        arguments.extend(more);
        self.run(arguments)
    }
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It ended with yes and said nothing else than its result.
    #[track_caller]
    pub(crate) fn yes(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:#?}");
        self
    }

    /// It ended with this code, gave this reason first, and printed no result.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, reason: &str) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(self.stderr.starts_with(&format!("error[{reason}]")), "{self:#?}");
        assert_eq!(self.stdout, "", "a refusal has no result on standard output");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text) || self.stdout.contains(text),
            "{text:?} is not in {self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The JSON document, which must be as its schema says.
    #[track_caller]
    pub(crate) fn document<T: JsonSchema>(&self) -> Value {
        let document = self.json();
        let schema = schemars::schema_for!(Document<T>);
        let schema = jsonschema::validator_for(schema.as_value()).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        assert_eq!(document["exit_code"], self.code);
        document
    }

    /// The exit code and the codes of all reasons in text.
    pub(crate) fn refusal(&self) -> (i32, Vec<&str>) {
        let codes = self.stderr.lines().filter_map(|line| {
            let rest = line.strip_prefix("error[")?;
            rest.split_once(']').map(|(code, _)| code)
        });
        (self.code, codes.collect())
    }

    /// The codes of all reasons in JSON.
    #[track_caller]
    pub(crate) fn codes(&self) -> Vec<String> {
        let reasons = self.json()["reasons"].as_array().unwrap().clone();
        reasons
            .iter()
            .map(|reason| reason["code"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A safetensors file of two tensors that spans three leaves.
fn weights() -> Vec<u8> {
    let header = r#"{"layers.0.weight":{"dtype":"F32","shape":[512,1024],"data_offsets":[0,2097152]},"layers.1.weight":{"dtype":"F32","shape":[128,1024],"data_offsets":[2097152,2621440]}}"#;
    let padded = format!("{header:width$}", width = header.len().next_multiple_of(8));
    let mut bytes = (padded.len() as u64).to_le_bytes().to_vec();
    bytes.extend(padded.as_bytes());
    bytes.extend(
        (0_u32..2_621_440 / 4).flat_map(|index| (index.wrapping_mul(2_654_435_761) >> 3).to_le_bytes()),
    );
    bytes
}

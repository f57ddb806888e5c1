//! `weightlock doctor`: what this machine offers, and what would stand in the way of work.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    digest::{cpu::Processors, sha256::Kernel},
    inventory::has_openat2,
};
use weightlock_signing::{
    certificate::UnixTime,
    key::{Random as _, SystemRandom},
};

use crate::{
    context::{self, Context},
    diagnostic::Diagnostic,
    environment::{self, Origin, VARIABLES},
    explanations, nearest,
    reply::Reply,
    terminal::{self, Style},
    text::{Shown, counted},
};

const VERB: &str = "doctor";

/// No clock of a working machine shows an earlier time than that of this version: 2026-01-01.
const EARLIEST: UnixTime = UnixTime(1_767_225_600);
/// Nor one after 2100.
const LATEST: UnixTime = UnixTime(4_102_444_800);

/// Say what this machine offers, and what would stand in the way.
#[derive(Args, Debug)]
pub struct Arguments {}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Version of the program.
    pub version: String,
    /// SHA-256 kernels of this processor, slowest first.
    pub sha256_kernels: Vec<KernelFacts>,
    /// The kernel that is used.
    pub sha256_kernel: String,
    /// Threads that hash at once.
    pub workers: usize,
    /// Processors that this process may run on.
    pub processors: usize,
    /// Processors' worth of time that its cgroup may use; absent without a limit.
    pub processor_quota: Option<usize>,
    /// Whether the kernel itself keeps opened paths below their folder.
    pub openat2: bool,
    /// Whether this build can use PKCS#11 tokens.
    pub pkcs11: bool,
    /// PKCS#11 modules in the usual folders.
    pub pkcs11_modules: Vec<String>,
    /// Folder of the digest cache; absent when there is no place for one.
    pub cache_folder: Option<String>,
    /// State of that folder: `absent`, `private`, `open-to-others`, `not-ours`, `unreadable`.
    pub cache_state: Option<String>,
    /// Variables of the environment that are set and read; the value is absent where it is a secret.
    pub environment: Vec<SetVariable>,
    /// Variables that begin as ours do and that nothing reads.
    pub unknown_variables: Vec<String>,
    /// The time of this machine, RFC 3339.
    pub time: String,
    /// What standard input, output and error are.
    pub terminal: Terminal,
}

/// One SHA-256 kernel.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelFacts {
    /// Its name.
    pub name: String,
    /// Streams it hashes at once on one core.
    pub streams: usize,
    /// Whether it computes SHA-256 rightly here.
    pub correct: bool,
}

/// A variable that is set.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVariable {
    /// Its name.
    pub name: String,
    /// Its value, unless that is a secret.
    pub value: Option<String>,
}

/// Which standard streams are terminals.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// A person can be asked for a password.
    pub stdin: bool,
    /// Results go to a person.
    pub stdout: bool,
    /// Talk goes to a person.
    pub stderr: bool,
    /// Results are coloured.
    pub colour: bool,
}

pub(crate) fn run(_: &Arguments, context: &Context) -> Reply {
    let now = context.now();
    let health = Health::of_this_machine(now, context);
    let troubles = troubles(&health, now);
    let text = health.text(context);
    if troubles.is_empty() {
        return Reply::yes(VERB, text + "nothing stands in the way\n", health);
    }
    let verdict = format!("{} in the way", counted(troubles.len(), "thing"));
    Reply::refusal(VERB, troubles)
        .with_result(health)
        .with_text(text)
        .with_verdict(verdict)
}

/// What would prevent work.
fn troubles(health: &Health, now: UnixTime) -> Vec<Diagnostic> {
    let mut troubles = Vec::new();
    for kernel in health.sha256_kernels.iter().filter(|kernel| !kernel.correct) {
        troubles.push(Diagnostic::new(
            explanations::KERNEL,
            format!(
                "the SHA-256 kernel {} gives wrong digests on this machine",
                kernel.name
            ),
        ));
    }
    if !(EARLIEST..LATEST).contains(&now) {
        troubles.push(
            Diagnostic::new(explanations::CLOCK, "the clock of this machine cannot be right")
                .fact("shows", health.time.clone()),
        );
    }
    if let Err(error) = SystemRandom.fill(&mut [0; 32]) {
        troubles.push(Diagnostic::of(error.code(), &error));
    }
    troubles
}

impl Health {
    fn of_this_machine(now: UnixTime, context: &Context) -> Self {
        let processors = Processors::of_this_process();
        let cache = context::cache_folder();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256_kernels: Kernel::available().into_iter().map(KernelFacts::of).collect(),
            sha256_kernel: Kernel::best().name().to_owned(),
            workers: processors.workers().get(),
            processors: processors.allowed.get(),
            processor_quota: processors.quota.map(std::num::NonZeroUsize::get),
            openat2: has_openat2(),
            pkcs11: cfg!(feature = "pkcs11"),
            pkcs11_modules: modules(),
            cache_state: cache.as_deref().map(|folder| cache_state(folder).to_owned()),
            cache_folder: cache.map(|folder| folder.display().to_string()),
            environment: set_variables(),
            unknown_variables: environment::strangers(),
            time: now.to_string(),
            terminal: Terminal {
                stdin: terminal::stdin_is_terminal(),
                stdout: terminal::stdout_is_terminal(),
                stderr: terminal::stderr_is_terminal(),
                colour: context.out.is_coloured(),
            },
        }
    }

    fn text(&self, context: &Context) -> String {
        let rows = [
            ("program", format!("weightlock {}", self.version)),
            ("SHA-256", self.kernels_text()),
            ("workers", self.workers_text()),
            (
                "opening",
                if self.openat2 {
                    "openat2: the kernel keeps paths inside a model"
                } else {
                    "no openat2: paths are checked part by part"
                }
                .to_owned(),
            ),
            ("tokens", self.tokens_text()),
            ("cache", self.cache_text()),
            ("time", self.time.clone()),
            ("terminal", self.terminal.text()),
        ];
        let mut text: String = rows
            .iter()
            .map(|(name, fact)| {
                format!(
                    "{}  {}\n",
                    context.out.apply(Style::Strong, &format!("{name:9}")),
                    Shown(fact)
                )
            })
            .collect();
        for SetVariable { name, value } in &self.environment {
            let value = value
                .as_ref()
                .map_or_else(|| "(set; not shown)".to_owned(), |value| format!("{value:?}"));
            text += &format!("variable   {name} {value}\n");
        }
        for name in &self.unknown_variables {
            let near = nearest::of(name, VARIABLES.iter().map(|one| one.name));
            let meant = near
                .map(|near| format!("; did you mean {near} ?"))
                .unwrap_or_default();
            text += &format!("variable   {} is set, and nothing reads it{meant}\n", Shown(name));
        }
        text
    }

    fn kernels_text(&self) -> String {
        let all: Vec<_> = self
            .sha256_kernels
            .iter()
            .map(|kernel| kernel.name.as_str())
            .collect();
        format!("{} (of {})", self.sha256_kernel, all.join(", "))
    }

    fn workers_text(&self) -> String {
        let quota = match self.processor_quota {
            Some(quota) => format!("its cgroup may use {quota}"),
            None => "no cgroup limits them".to_owned(),
        };
        format!(
            "{}: {} may be used, {quota}",
            self.workers,
            counted(self.processors, "processor")
        )
    }

    fn tokens_text(&self) -> String {
        match (self.pkcs11, self.pkcs11_modules.as_slice()) {
            (false, _) => "this build has no PKCS#11".to_owned(),
            (true, []) => "PKCS#11; no module in the usual folders".to_owned(),
            (true, modules) => format!("PKCS#11: {}", modules.join(", ")),
        }
    }

    fn cache_text(&self) -> String {
        let Some(folder) = &self.cache_folder else {
            return "no folder for a digest cache".to_owned();
        };
        let state = match self.cache_state.as_deref() {
            Some("private") => "yours alone",
            Some("open-to-others") => "others can read the folder; entries are still private",
            Some("not-ours") => "another user's: --digest-cache finds nothing there",
            Some("unreadable") => "cannot be looked at",
            _ => "not made yet; --digest-cache makes it",
        };
        format!("{folder} ({state})")
    }
}

impl KernelFacts {
    fn of(kernel: Kernel) -> Self {
        Self {
            name: kernel.name().to_owned(),
            streams: kernel.lanes(),
            correct: computes_sha256(kernel),
        }
    }
}

/// FIPS 180-4, the example messages, in as many streams as the kernel has.
fn computes_sha256(kernel: Kernel) -> bool {
    const EXAMPLES: [(&[u8], &str); 3] = [
        (
            b"",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            b"abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];
    let examples: Vec<_> = EXAMPLES
        .iter()
        .cycle()
        .take(kernel.lanes() * EXAMPLES.len())
        .collect();
    let messages: Vec<&[u8]> = examples.iter().map(|(message, _)| *message).collect();
    let digests = kernel.digests(&messages);
    digests.len() == examples.len()
        && digests
            .iter()
            .zip(examples)
            .all(|(digest, (_, hex))| digest.hex() == *hex)
}

#[cfg(feature = "pkcs11")]
fn modules() -> Vec<String> {
    let found = weightlock_signing::key::pkcs11::installed_modules();
    found.iter().map(|path| path.display().to_string()).collect()
}

#[cfg(not(feature = "pkcs11"))]
const fn modules() -> Vec<String> {
    Vec::new()
}

fn cache_state(folder: &Path) -> &'static str {
    match fs::metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "absent",
        Err(_) => "unreadable",
        Ok(found) if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != found.uid()) => "not-ours",
        Ok(found) if found.permissions().mode() & 0o077 != 0 => "open-to-others",
        Ok(_) => "private",
    }
}

fn set_variables() -> Vec<SetVariable> {
    let ours = VARIABLES
        .iter()
        .filter(|variable| variable.origin != Origin::Foreign || variable.name.contains("COLOR"));
    ours.filter_map(|variable| {
        let value = variable.value()?;
        Some(SetVariable {
            name: variable.name.to_owned(),
            value: (variable.origin != Origin::Secret).then(|| value.to_string_lossy().into_owned()),
        })
    })
    .collect()
}

impl Terminal {
    fn text(&self) -> String {
        let named = |is: bool, name: &str| {
            if is {
                format!("{name} yes")
            } else {
                format!("{name} no")
            }
        };
        format!(
            "{}, {}, {}; colours {}",
            named(self.stdin, "input"),
            named(self.stdout, "output"),
            named(self.stderr, "messages"),
            if self.colour { "on" } else { "off" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_of_this_machine_computes_sha256() {
        for kernel in Kernel::available() {
            assert!(computes_sha256(kernel), "{}", kernel.name());
        }
    }

    #[test]
    fn a_folder_is_told_apart_by_who_may_enter() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(cache_state(folder.path()), "private");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(cache_state(folder.path()), "open-to-others");
        assert_eq!(cache_state(&folder.path().join("none")), "absent");
    }
}

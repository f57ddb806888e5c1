//! Gets the peers of the core lane: from Debian where that is possible, from PyPI with pinned hashes otherwise.
//! What is installed lies in a cache folder outside the checkout and is reused while the pins are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use weightlock_peers::{Peer, REQUIRE, cache_folder};

use super::report::Report;

/// Pinned versions and hashes of the reference tool and everything it needs.
const REQUIREMENTS: &str = include_str!("../../peers/requirements.txt");

/// Debian packages: the peer that shows it is there, and the package.
const PACKAGES: [(Peer, &str); 5] = [
    (Peer::Openssl, "openssl"),
    (Peer::SofthsmUtil, "softhsm2"),
    (Peer::SofthsmModule, "softhsm2"),
    (Peer::Pkcs11Tool, "opensc"),
    (Peer::Strace, "strace"),
];

/// Installs what is missing and makes every peer a requirement of the tests that follow.
pub(super) fn prepare(report: &mut Report) -> Result<()> {
    // Set first: when installing fails, the tests that need the peer fail as well, and are not skipped.
    report.env.push((REQUIRE.to_owned(), "1".into()));
    let debian = install_packages(report);
    let reference = install_reference(report);
    let core = [
        Peer::ModelSigning,
        Peer::Openssl,
        Peer::SofthsmUtil,
        Peer::SofthsmModule,
        Peer::Pkcs11Tool,
        Peer::Strace,
    ];
    for peer in core {
        if let Some(path) = peer.find() {
            report.note(&format!("peer {}: {}", peer.name(), path.display()));
            report
                .env
                .push((peer.variable().to_owned(), path.into_os_string()));
        }
    }
    debian.and(reference)
}

fn install_packages(report: &mut Report) -> Result<()> {
    let missing = || {
        PACKAGES
            .iter()
            .filter(|(peer, _)| peer.find().is_none())
            .map(|(_, package)| *package)
    };
    let mut wanted = missing().collect::<Vec<_>>();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", wanted.join(" "));
    if !nix::unistd::geteuid().is_root() {
        bail!("missing programs; as root run: {by_hand}");
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    report.quiet_step("apt-get update", &mut apt(&["update", "-q"]));
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    report.quiet_step(&by_hand, &mut apt(&[install.as_slice(), &wanted].concat()));
    match missing().next() {
        Some(package) => bail!("{package} could not be installed; run: {by_hand}"),
        None => Ok(()),
    }
}

fn install_reference(report: &mut Report) -> Result<()> {
    if std::env::var_os(Peer::ModelSigning.variable()).is_some() {
        return Ok(());
    }
    let cache = cache_folder().context("neither XDG_CACHE_HOME nor HOME is set")?;
    let home = cache.join("model-signing");
    let stamp = home.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == REQUIREMENTS)
        && Peer::ModelSigning.find().is_some()
    {
        return Ok(());
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let pins = cache.join("model-signing-requirements.txt");
    fs::write(&pins, REQUIREMENTS)?;
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&home);
    let mut fill = Command::new(home.join("bin/python"));
    fill.args([
        "-m",
        "pip",
        "install",
        "-q",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
    ])
    .arg(&pins);
    let done = report.quiet_step("virtual environment for model_signing", &mut make)
        && report.quiet_step("pip install model_signing (pinned)", &mut fill);
    if !done {
        bail!("model_signing could not be installed in {}", home.display());
    }
    fs::write(&stamp, REQUIREMENTS)?;
    Ok(())
}

/// The version of cosign that the lane `go` compares with.
const COSIGN: &str = "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3";

/// Builds cosign, unless this version is there.
pub(super) fn cosign(report: &mut Report) -> Result<PathBuf> {
    let bin = cache_folder()
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join("go/bin");
    let (program, stamp) = (bin.join("cosign"), bin.join("cosign.version"));
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|text| text == COSIGN) {
        return Ok(program);
    }
    let go = go().context("Go is not installed")?;
    fs::create_dir_all(&bin).with_context(|| format!("cannot make {}", bin.display()))?;
    let mut install = Command::new(go);
    install
        .args(["install", COSIGN])
        .env("GOBIN", &bin)
        .env("GOFLAGS", "-trimpath")
        .env("CGO_ENABLED", "0");
    if !report.quiet_step(&format!("go install {COSIGN}"), &mut install) {
        bail!("cosign does not build here");
    }
    fs::write(&stamp, COSIGN)?;
    Ok(program)
}

fn go() -> Option<PathBuf> {
    let usual = Path::new("/usr/local/go/bin/go");
    weightlock_peers::on_path("go").or_else(|| usual.is_file().then(|| usual.to_path_buf()))
}

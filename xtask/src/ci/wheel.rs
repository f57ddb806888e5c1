//! `cargo xtask wheel`, and the part of the core lane that tests what it builds.
//!
//! The wheel is built as for a release, because its size and the time it takes to import are promises. It is then installed
//! into an empty environment for each interpreter at hand, and the package's tests run there: nothing of the checkout is on
//! their path but the tests themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use weightlock_peers::Peer;

use super::identities::Identities;
use super::peers;
use super::report::Report;
use crate::args::Args;
use crate::say;
use crate::workspace::Metadata;

/// The most that the wheel may weigh.
const MOST_BYTES: u64 = 15_000_000;

/// The oldest Python that the wheel is for, and the newest that is looked for.
const MINORS: std::ops::RangeInclusive<u32> = 11..=20;

/// Builds the wheel and says where it is; or tests it, as the core lane does.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--test"], &["--out"])?.no_words()?;
    let metadata = Metadata::load()?;
    let out = args.values("--out").next().map(PathBuf::from);
    let out = out.unwrap_or_else(|| metadata.workspace_root.join("target/wheels"));
    let mut report = Report::start()?;
    if args.has("--test") {
        check(&metadata, &mut report);
        let counts = report.finish();
        say(&counts.to_string());
        return Ok(counts.failed == 0 && counts.passed > 0);
    }
    let wheel = build(&metadata, &out, &mut report)?;
    say(&format!(
        "{}, {} bytes",
        wheel.display(),
        fs::metadata(&wheel)?.len()
    ));
    Ok(true)
}

/// Builds, measures, and tests on every interpreter.
pub(super) fn check(metadata: &Metadata, report: &mut Report) {
    let out = metadata.workspace_root.join("target/wheels");
    let built = build(metadata, &out, report);
    let wheel = built.as_ref().ok().cloned();
    report.check_fn("wheel", || {
        let size = fs::metadata(built?)?.len();
        say(&format!("{size} bytes of at most {MOST_BYTES}"));
        Ok(size <= MOST_BYTES)
    });
    let Some(wheel) = wheel else {
        report.not_run("tests of the wheel", "it does not build");
        return;
    };
    let interpreters = interpreters();
    if interpreters.is_empty() {
        report.not_run("tests of the wheel", "there is no Python 3.11 or later");
    }
    for (version, python) in interpreters {
        test(metadata, &wheel, &version, &python, report);
    }
}

/// Builds the wheel into `out`, which then holds no other.
fn build(metadata: &Metadata, out: &Path, report: &mut Report) -> Result<PathBuf> {
    peers::wheel(report)?;
    let maturin = Peer::Maturin.find().context("maturin is not installed")?;
    let (_, python) = interpreters()
        .pop_first()
        .context("there is no Python 3.11 or later")?;
    for old in wheels(out)? {
        fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    let manifest = metadata
        .workspace_root
        .join("crates/weightlock-python/Cargo.toml");
    let mut command = Command::new(maturin);
    command
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--interpreter")
        .arg(python)
        .arg("--out")
        .arg(out)
        .current_dir(&metadata.workspace_root);
    if !report.quiet_step("maturin build", &mut command) {
        bail!("the wheel does not build");
    }
    match wheels(out)?.as_slice() {
        [wheel] => Ok(wheel.clone()),
        found => bail!("{} wheels were built", found.len()),
    }
}

fn wheels(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Tests the wheel in an empty environment.
fn test(metadata: &Metadata, wheel: &Path, version: &str, python: &Path, report: &mut Report) {
    let root = &metadata.workspace_root;
    let home = root.join("target/wheel-tests").join(version);
    let mut make = Command::new(python);
    make.args(["-m", "venv", "--clear"]).arg(&home);
    let inside = home.join("bin/python");
    let mut install = Command::new(&inside);
    install
        .args([
            "-m",
            "pip",
            "install",
            "-q",
            "--no-index",
            "--disable-pip-version-check",
        ])
        .arg(wheel);
    let name = format!("tests of the wheel on Python {version}");
    if !report.quiet_step(&format!("virtual environment for Python {version}"), &mut make)
        || !report.quiet_step("pip install of the wheel", &mut install)
    {
        report.check_fn(&name, || bail!("the wheel could not be installed"));
        return;
    }
    let mut tests = Command::new(&inside);
    tests
        .args(["-m", "unittest", "discover", "-t", ".", "-s", "."])
        .current_dir(root.join("crates/weightlock-python/tests"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(pyright) = Peer::Pyright.find() {
        tests.env(Peer::Pyright.variable(), pyright);
    }
    match identities(metadata) {
        Ok(identities) => {
            identities.tell(&mut tests);
            report.python_tests(&name, &mut tests);
        }
        Err(error) => {
            report.check_fn(&name, || Err(error));
        }
    }
}

/// Tests the modules for frameworks with the real libraries: those of two other environments, beside the installed wheel.
pub(super) fn frameworks(metadata: &Metadata, report: &mut Report) -> Result<()> {
    let root = &metadata.workspace_root;
    let wheel = build(metadata, &root.join("target/wheels"), report)?;
    let home = root.join("target/wheel-tests/frameworks");
    let mut libraries = Vec::new();
    for peer in [Peer::Torch, Peer::Serving] {
        let python = peer
            .find()
            .with_context(|| format!("{} is not installed", peer.name()))?;
        let folder =
            site_packages(&python).with_context(|| format!("{} has no site-packages", python.display()))?;
        libraries.push((python, folder));
    }
    let mut make = Command::new(&libraries[0].0);
    make.args(["-m", "venv", "--clear"]).arg(&home);
    let inside = home.join("bin/python");
    let mut install = Command::new(&inside);
    install
        .args(["-m", "pip", "install", "-q", "--no-index", "--no-deps"])
        .arg(wheel);
    if !report.quiet_step("virtual environment for the frameworks", &mut make)
        || !report.quiet_step("pip install of the wheel", &mut install)
    {
        bail!("the wheel could not be installed");
    }
    let own = site_packages(&inside).context("the environment has no site-packages")?;
    let paths: String = libraries
        .iter()
        .map(|(_, folder)| format!("{}\n", folder.display()))
        .collect();
    fs::write(own.join("libraries.pth"), paths)?;
    let mut tests = Command::new(&inside);
    tests
        .args(["-m", "unittest", "discover", "-t", ".", "-s", "frameworks"])
        .current_dir(root.join("crates/weightlock-python/tests"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WEIGHTLOCK_REQUIRE_FRAMEWORKS", "1");
    let identities = identities(metadata)?;
    identities.tell(&mut tests);
    report.python_tests("tests of the wheel with the real frameworks", &mut tests);
    Ok(())
}

/// What tests sign with as an identity.
fn identities(metadata: &Metadata) -> Result<Identities> {
    Identities::start(&metadata.workspace_root.join("target/wheel-tests/sigstore"))
}

/// Where an environment has its libraries.
fn site_packages(python: &Path) -> Option<PathBuf> {
    let asked = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let told = Command::new(python).args(["-I", "-c", asked]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
    path.is_dir().then_some(path)
}

/// The interpreters that the wheel is for, one of each version: those on `PATH`, and those that pyenv has.
fn interpreters() -> BTreeMap<String, PathBuf> {
    let mut candidates: Vec<PathBuf> = MINORS
        .filter_map(|minor| weightlock_peers::on_path(&format!("python3.{minor}")))
        .chain(weightlock_peers::on_path("python3"))
        .collect();
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    if let Some(versions) = pyenv
        .or(home)
        .and_then(|root| fs::read_dir(root.join("versions")).ok())
    {
        let mut found: Vec<PathBuf> = versions
            .flatten()
            .map(|version| version.path().join("bin/python3"))
            .collect();
        found.sort();
        candidates.extend(found);
    }
    let mut usable = BTreeMap::new();
    for python in candidates {
        if let Some(version) = version(&python) {
            usable.entry(version).or_insert(python);
        }
    }
    usable
}

/// `3.11`; `None` of what does not run, is too old, or has no interpreter lock: wheels for the stable interface do not fit.
fn version(python: &Path) -> Option<String> {
    let asked =
        "import sys, sysconfig as s; print(*sys.version_info[:2], s.get_config_var('Py_GIL_DISABLED') or 0)";
    let told = Command::new(python).args(["-I", "-c", asked]).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let mut words = text.split_whitespace();
    let (major, minor, free) = (words.next()?, words.next()?, words.next()?);
    let fits = major == "3" && free == "0" && MINORS.contains(&minor.parse().ok()?);
    fits.then(|| format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_interpreter_has_no_version() {
        assert_eq!(version(Path::new("/bin/true")), None);
        assert_eq!(version(Path::new("/no/such/python")), None);
    }

    #[test]
    fn only_wheels_are_wheels() {
        let folder = tempfile::tempdir().unwrap();
        assert!(wheels(&folder.path().join("missing")).unwrap().is_empty());
        fs::write(folder.path().join("a.whl"), "").unwrap();
        fs::write(folder.path().join("a.tar.gz"), "").unwrap();
        assert_eq!(wheels(folder.path()).unwrap(), [folder.path().join("a.whl")]);
    }
}

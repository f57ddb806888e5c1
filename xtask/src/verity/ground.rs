//! The ground of the cases in the machine: a signed model on an ext4 file system, and ways to load it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use weightlock::embedded;
use weightlock_artifact::digest::{Algorithm, verity::VerityDigest};
use weightlock_artifact::evidence::{Kind, Place, Store};
use weightlock_artifact::manifest::ManifestFile;
use weightlock_artifact::path::ArtifactPath;
use weightlock_signing::key::PrivateKey;
use weightlock_signing::oms::SigningMaterial;
use weightlock_signing::predicate::verity::VerityList;
use weightlock_signing::statement::sign_evidence;

use super::machine::MODULES;

/// The model, its weights, and the image that they lie in.
pub(super) const MODEL: &str = "/mnt/m";
pub(super) const WEIGHTS: &str = "/mnt/m/w.bin";
pub(super) const CONFIG: &[u8] = b"{\"model_type\": \"toy\"}";
pub(super) const IMAGE: &str = "/tmp/image";

/// Bytes of the weights: three levels of a tree, and a block that is not full.
pub(super) const SIZE: usize = (3 << 20) + 77;

/// Is found in the image, to change it underneath.
pub(super) const MARK: &[u8] = b"weightlock looks for these bytes underneath the file system 4711";
pub(super) const MARK_AT: usize = 2 << 20;

/// Says that something was not read.
pub(super) const VOUCHED: &str = "3.0 MiB of it not read";

pub(super) fn prepare() -> Result<()> {
    for (kind, place) in [
        ("devtmpfs", "/dev"),
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("tmpfs", "/tmp"),
    ] {
        // Without devices there is no empty input yet, so this inherits its own.
        let mounted = Command::new("/busybox")
            .args(["mount", "-t", kind, kind, place])
            .status()?;
        ensure!(mounted.success(), "cannot mount {place}");
    }
    for (module, _) in MODULES {
        tool("/busybox", &["insmod", &format!("/modules/{module}")])?;
    }
    tool(
        "/mke2fs",
        &["-q", "-t", "ext4", "-O", "verity", "-b", "4096", IMAGE, "64M"],
    )?;
    tool("/busybox", &["losetup", "/dev/loop0", IMAGE])?;
    tool("/busybox", &["mount", "-t", "ext4", "/dev/loop0", "/mnt"])?;
    for name in ["ours", "theirs"] {
        tool(
            "/weightlock",
            &["key", "generate", "--unencrypted", &format!("/tmp/{name}")],
        )?;
    }
    fs::create_dir(MODEL)?;
    fs::write("/mnt/m/config.json", CONFIG)?;
    fs::write(WEIGHTS, weights())?;
    tool(
        "/weightlock",
        &["sign", "--fs-verity", "--leaves", "--key", "/tmp/ours.key", MODEL],
    )?;
    Ok(())
}

/// Bytes without a period of a block.
pub(super) fn weights() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..SIZE)
        .map(|at| u8::try_from((at * 7 + at / 4096 * 3) % 251).unwrap_or(0))
        .collect();
    bytes[MARK_AT..MARK_AT + MARK.len()].copy_from_slice(MARK);
    bytes
}

/// Puts a list, signed by the signer of the model, in the place of the right one.
pub(super) fn forge(model: &str, weights_are: &VerityDigest) -> Result<()> {
    let folder = Path::new(model).join(".weightlock/evidence");
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.to_string_lossy().contains("/verity-") {
            fs::remove_file(path)?;
        }
    }
    let file = |name: &str, bytes: &[u8]| {
        let path = ArtifactPath::parse(name)?;
        let file = ManifestFile::new(path, bytes.len() as u64, Algorithm::Sha256.digest(bytes));
        file.context("no SHA-256")
    };
    let list = VerityList::new(vec![
        (file("config.json", CONFIG)?, VerityDigest::of(CONFIG)),
        (file("w.bin", &weights())?, *weights_are),
    ])?;
    let key = PrivateKey::from_pem(&fs::read("/tmp/ours.key")?, |_| Err("it has no password"));
    let key = key.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let bundle = sign_evidence(
        &list.statement(list.manifest().subjects("m")),
        &key,
        &SigningMaterial::Key,
    )?;
    Store::at(Path::new(model), Place::Inside).add_statement(Kind::Verity, &bundle)?;
    Ok(())
}

/// A copy of the model with its signature and evidence.
pub(super) fn copied(place: &str) -> Result<String> {
    tool("/busybox", &["cp", "-r", MODEL, place])?;
    Ok(place.to_owned())
}

pub(super) fn loads_right(vouched: bool) -> Result<()> {
    loads(MODEL, vouched)
}

/// A program gets the signed bytes; the line says whether they were read.
pub(super) fn loads(model: &str, vouched: bool) -> Result<()> {
    let ran = load("/tmp/ours.pub", model, &[], &["/busybox", "cat", "{model}/w.bin"])?;
    let told = text(&ran.stderr);
    ensure!(ran.status.success(), "{told}");
    ensure!(ran.stdout == weights(), "the program got other bytes");
    ensure!(told.contains(VOUCHED) == vouched, "{told}");
    Ok(())
}

pub(super) fn load(key: &str, model: &str, flags: &[&str], command: &[&str]) -> Result<Output> {
    let ran = Command::new("/weightlock")
        .args(["run", "--key", key])
        .arg("--model")
        .arg(format!("{model}=model"))
        .args(flags)
        .arg("--")
        .args(command)
        .output()?;
    Ok(ran)
}

/// The library, as the wheel calls it.
pub(super) fn embedded() -> Result<embedded::Loaded> {
    let model = embedded::Model {
        path: MODEL.into(),
        key: Some("/tmp/ours.pub".into()),
        ..embedded::Model::default()
    };
    let loaded = embedded::load(&model, &Arc::default());
    loaded.map_err(|reasons| anyhow::anyhow!("refused: {reasons:?}"))
}

pub(super) fn refused(ran: &Output, code: &str) -> Result<()> {
    let told = text(&ran.stderr);
    ensure!(
        !ran.status.success() && told.contains(code),
        "not refused by {code}: {told}"
    );
    ensure!(ran.stdout.is_empty(), "the program ran");
    Ok(())
}

pub(super) fn tool(program: &str, arguments: &[&str]) -> Result<String> {
    let ran = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !ran.status.success() {
        bail!("{program} {arguments:?}: {}", text(&ran.stderr));
    }
    Ok(text(&ran.stdout))
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! What happens in the machine: this program is its first process.
//!
//! A model is signed on an ext4 file system in an image on a loop device, so that bytes can be changed underneath. Each case
//! loads it by `weightlock run`, whose line says how much was not read; what the program got is compared with the bytes.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use weightlock_artifact::digest::verity::VerityDigest;
use weightlock_runtime::view::Frozen as _;

use super::ground::{
    IMAGE, MARK, MARK_AT, MODEL, SIZE, VOUCHED, WEIGHTS, copied, embedded, forge, load, loads, loads_right,
    prepare, refused, text, tool, weights,
};
use super::{RESULT, TOUCH};
use crate::say;

type Case = (&'static str, fn() -> Result<()>);

/// Every case, in an order in which each leaves what the next one needs.
pub(super) const CASES: [Case; 15] = [
    ("without fs-verity everything is read", plain),
    ("the kernel's digest is the signed one", measured),
    ("the first load reads and works it out", first_load),
    ("later loads do not read", later_load),
    ("the file cannot be written to", immutable),
    ("mappings, private ones too, have the verified bytes", mapped),
    ("the scan reads what is not in memory", scanned),
    ("a wrong key is refused", wrong_key),
    ("digests by another signer change nothing", other_signer),
    ("in a folder that others may write to it is read", writable_folder),
    ("through overlayfs it is read", overlay),
    ("a salt, and another algorithm: it is read", other_form),
    ("another file under fs-verity is refused", other_file),
    ("a list of other bytes never stands in", mistaken_signer),
    (
        "bytes changed underneath are an error, never other bytes",
        tampered,
    ),
];

pub(super) fn run() -> Result<bool> {
    let prepared = prepare();
    if let Err(error) = &prepared {
        say(&format!("{RESULT} FAILED to prepare: {error:#}"));
    }
    for (name, case) in CASES.iter().filter(|_| prepared.is_ok()) {
        match case() {
            Ok(()) => say(&format!("{RESULT} ok {name}")),
            Err(error) => say(&format!(
                "{RESULT} FAILED {name}: {}",
                format!("{error:#}").trim()
            )),
        }
    }
    let _ = Command::new("/busybox").args(["poweroff", "-f"]).status();
    Ok(true)
}

fn plain() -> Result<()> {
    loads_right(false)
}

fn measured() -> Result<()> {
    tool("/fsverity", &["enable", WEIGHTS])?;
    let kernel = tool("/fsverity", &["measure", WEIGHTS])?;
    let evidence = fs::read_dir("/mnt/m/.weightlock/evidence")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().contains("/verity-"))
        .context("there is no evidence about fs-verity")?;
    let own = VerityDigest::of(&weights());
    ensure!(
        kernel.contains(&own.hex()),
        "the kernel says {kernel}, and it is {own}"
    );
    ensure!(fs::metadata(evidence)?.len() > 100, "the evidence is empty");
    Ok(())
}

fn first_load() -> Result<()> {
    loads_right(false)?;
    let notes = noted("verity-")?.len();
    ensure!(notes == 1, "{notes} notes, and one file is under fs-verity");
    Ok(())
}

/// Not read: neither said, nor by the count of bytes that the loader's process has read.
fn later_load() -> Result<()> {
    loads_right(true)?;
    let script =
        "while read name count; do [ $name = rchar: ] && echo $count; done < /proc/$PPID/io; : {model}";
    let ran = load("/tmp/ours.pub", MODEL, &[], &["/busybox", "sh", "-c", script])?;
    let read: usize = text(&ran.stdout).trim().parse().context("no count of bytes")?;
    ensure!(read < SIZE / 2, "{read} bytes were read");
    // What was not read proves nothing of its leaves.
    let leaves = noted("leaves-")?;
    ensure!(leaves.len() == 1, "{} tables are noted", leaves.len());
    leaves.iter().try_for_each(fs::remove_file)?;
    loads_right(true)?;
    ensure!(
        noted("leaves-")?.is_empty(),
        "leaves were noted that nobody compared"
    );
    Ok(())
}

/// The notes of one kind.
fn noted(kind: &str) -> Result<Vec<PathBuf>> {
    let all = fs::read_dir("/tmp/cache/notes")?.map(|entry| Ok(entry?.path()));
    let all = all.collect::<Result<Vec<_>>>()?;
    let is_of_kind = |path: &PathBuf| {
        let name = path.file_name();
        name.is_some_and(|name| name.to_string_lossy().starts_with(kind))
    };
    Ok(all.into_iter().filter(is_of_kind).collect())
}

fn immutable() -> Result<()> {
    ensure!(
        File::options().append(true).open(WEIGHTS).is_err(),
        "it was opened for writing"
    );
    ensure!(
        File::options().write(true).open(WEIGHTS).is_err(),
        "it was opened for writing"
    );
    // Replaced by name, what was loaded stays what it is.
    let loaded = embedded()?;
    fs::rename(WEIGHTS, "/mnt/m/elsewhere")?;
    fs::write(WEIGHTS, "another")?;
    let through_view = fs::read(loaded.view().path().join("w.bin"))?;
    ensure!(through_view == weights(), "the view follows the name");
    refused(
        &load("/tmp/ours.pub", MODEL, &[], &["/busybox", "true", "{model}"])?,
        "WL-SIG-",
    )?;
    fs::rename("/mnt/m/elsewhere", WEIGHTS)?;
    Ok(())
}

fn mapped() -> Result<()> {
    let loaded = embedded()?;
    ensure!(
        loaded
            .verified()
            .is_some_and(|it| it.bytes_by_kernel == SIZE as u64),
        "{}",
        loaded.line()
    );
    let files = loaded.view().guarded().files();
    let (_, sealed) = files
        .iter()
        .find(|(name, _)| name.as_str() == "w.bin")
        .context("no weights")?;
    ensure!(
        sealed.map()?.as_ref() == weights(),
        "the shared mapping has other bytes"
    );
    ensure!(
        sealed.map_private()?.as_ref() == weights(),
        "the private mapping has other bytes"
    );
    ensure!(
        File::options()
            .write(true)
            .open(format!("/proc/self/fd/{}", sealed.number()))
            .is_err()
    );
    Ok(())
}

fn scanned() -> Result<()> {
    let ran = load(
        "/tmp/ours.pub",
        MODEL,
        &["--scan"],
        &["/busybox", "true", "{model}"],
    )?;
    // Bytes of no format are unread, which is no answer: the scanner looked at them.
    let told = text(&ran.stderr);
    ensure!(told.contains("w.bin") || ran.status.success(), "{told}");
    Ok(())
}

fn wrong_key() -> Result<()> {
    refused(
        &load("/tmp/theirs.pub", MODEL, &[], &["/busybox", "true", "{model}"])?,
        "WL-SIG-",
    )
}

/// The list of a stranger takes the place of the signer's.
fn other_signer() -> Result<()> {
    let folder = Path::new("/mnt/m/.weightlock/evidence");
    let away = Path::new("/tmp/away");
    fs::create_dir(away)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().contains("/verity-") {
            fs::copy(&path, away.join(path.file_name().context("no name")?))?;
            fs::remove_file(&path)?;
        }
    }
    loads_right(false)?;
    let sign = [
        "sign",
        "--fs-verity",
        "--key",
        "/tmp/theirs.key",
        "--signature",
        "/tmp/theirs.sig",
        MODEL,
    ];
    tool("/weightlock", &sign)?;
    loads_right(false)?;
    for entry in fs::read_dir(away)? {
        let path = entry?.path();
        fs::copy(&path, folder.join(path.file_name().context("no name")?))?;
    }
    loads_right(true)
}

fn writable_folder() -> Result<()> {
    fs::set_permissions(MODEL, Permissions::from_mode(0o775))?;
    let read = loads_right(false);
    fs::set_permissions(MODEL, Permissions::from_mode(0o755))?;
    read?;
    loads_right(true)
}

fn overlay() -> Result<()> {
    for folder in ["/tmp/upper", "/tmp/work", "/tmp/over"] {
        fs::create_dir(folder)?;
    }
    let layers = "lowerdir=/mnt,upperdir=/tmp/upper,workdir=/tmp/work";
    tool(
        "/busybox",
        &["mount", "-t", "overlay", "overlay", "-o", layers, "/tmp/over"],
    )?;
    let read = loads("/tmp/over/m", false);
    tool("/busybox", &["umount", "/tmp/over"])?;
    read
}

/// Copies of the model whose files the kernel knows under other digests of the same bytes.
fn other_form() -> Result<()> {
    for (place, form) in [("/mnt/salted", "--salt=ab"), ("/mnt/sha512", "--hash-alg=sha512")] {
        let model = copied(place)?;
        tool("/fsverity", &["enable", form, &format!("{model}/w.bin")])?;
        loads(&model, false)?;
    }
    let model = copied("/mnt/copy")?;
    loads(&model, false)?;
    tool("/fsverity", &["enable", &format!("{model}/w.bin")])?;
    // The digests were worked out before, of other files with these bytes.
    loads(&model, true)
}

fn other_file() -> Result<()> {
    let model = copied("/mnt/other")?;
    let mut bytes = weights();
    bytes[5] ^= 1;
    fs::write(format!("{model}/w.bin"), bytes)?;
    tool("/fsverity", &["enable", &format!("{model}/w.bin")])?;
    refused(
        &load("/tmp/ours.pub", &model, &[], &["/busybox", "true", "{model}"])?,
        "WL-SIG-TAMPERED",
    )
}

/// The signer lists, beside the SHA-256 of the weights, the fs-verity digest of other bytes, and those lie there: the kernel
/// says the listed digest. Because nobody has ever seen bytes with both, they are read, and found out.
fn mistaken_signer() -> Result<()> {
    let model = copied("/mnt/mistaken")?;
    let mut bytes = weights();
    bytes[MARK_AT] ^= 1;
    let other = VerityDigest::of(&bytes);
    forge(&model, &other)?;
    loads(&model, false)?;
    fs::write(format!("{model}/w.bin"), bytes)?;
    tool("/fsverity", &["enable", &format!("{model}/w.bin")])?;
    let measured = tool("/fsverity", &["measure", &format!("{model}/w.bin")])?;
    ensure!(
        measured.contains(&other.hex()),
        "the kernel does not say what was listed: {measured}"
    );
    for _ in 0..2 {
        refused(
            &load("/tmp/ours.pub", &model, &[], &["/busybox", "true", "{model}"])?,
            "WL-SIG-TAMPERED",
        )?;
    }
    Ok(())
}

/// Bytes of the image are changed, as whoever can write to the disk could. The kernel finds that out when the page is read.
fn tampered() -> Result<()> {
    tool("/busybox", &["sync"])?;
    let image = fs::read(IMAGE)?;
    let places: Vec<usize> = image
        .as_chunks::<4096>()
        .0
        .iter()
        .enumerate()
        .filter(|(_, block)| block.starts_with(MARK))
        .map(|(at, _)| at * 4096)
        .collect();
    ensure!(!places.is_empty(), "the weights are not found in the image");
    let file = File::options().write(true).open(IMAGE)?;
    for place in places {
        file.write_all_at(b"W", place as u64)?;
    }
    file.sync_all()?;
    fs::write("/proc/sys/vm/drop_caches", "3")?;
    // The loader reads nothing of it, and the kernel still answers: whoever reads the page gets an error.
    let ran = load("/tmp/ours.pub", MODEL, &[], &["/busybox", "cat", "{model}/w.bin"])?;
    ensure!(!ran.status.success(), "the program read a changed page");
    ensure!(weights().starts_with(&ran.stdout), "the program got other bytes");
    ensure!(ran.stdout.len() <= MARK_AT, "the program got the changed page");
    ensure!(text(&ran.stderr).contains(VOUCHED), "{}", text(&ran.stderr));
    // Who has it mapped is ended by SIGBUS, and so is this program when it touches the page.
    let touched = Command::new("/xtask").arg(TOUCH).status()?;
    ensure!(touched.signal() == Some(7), "touching the page gave {touched}");
    // A load that reads, because it knows no list, is refused.
    refused(
        &load(
            "/tmp/ours.pub",
            "/mnt/salted",
            &[],
            &["/busybox", "true", "{model}"],
        )?,
        "WL-",
    )
}

/// Touches every page of the weights in a mapping of them.
pub(super) fn touch() -> Result<bool> {
    let loaded = embedded()?;
    let files = loaded.view().guarded().files();
    let weights = files.iter().find(|(name, _)| name.as_str() == "w.bin");
    let (_, sealed) = weights.context("no weights")?;
    let sum: u64 = sealed.map()?.as_ref().iter().map(|byte| u64::from(*byte)).sum();
    Ok(sum > 0)
}

//! A machine with Debian's kernel, emulated by QEMU: its packages, its first file system, its run.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use weightlock_peers::{cache_folder, on_path};

use super::{GUEST, RESULT};
use crate::say;

/// Fetched by `apt-get download`: the emulator with the libraries that a small system lacks, the kernel (the package that
/// names the present one), and what runs in the machine.
const PACKAGES: [&str; 27] = [
    "busybox-static",
    "e2fsprogs",
    "fsverity",
    "ipxe-qemu",
    "libaio1",
    "libcapstone4",
    "libdaxctl1",
    "libexecs0",
    "libfdt1",
    "libfsverity0",
    "libfuse3-3",
    "libibverbs1",
    "libndctl6",
    "libnl-3-200",
    "libnl-route-3-200",
    "libpmem1",
    "librdmacm1",
    "libslirp0",
    "liburing2",
    "libvdeplug2",
    "linux-image-cloud-amd64",
    "qemu-system-common",
    "qemu-system-data",
    "qemu-system-x86",
    "seabios",
    "libpixman-1-0",
    "libglib2.0-0",
];

/// Where libraries of packages lie.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// Kernel modules that the cases need, in the order in which they are loaded, and where they lie in the kernel's tree.
pub(super) const MODULES: [(&str, &str); 3] = [
    ("loop", "drivers/block/loop.ko"),
    ("overlay", "fs/overlayfs/overlay.ko"),
    ("sha512", "crypto/sha512_generic.ko"),
];

/// Of the first process, and of what it starts.
const ENVIRONMENT: &str = "WEIGHTLOCK_CACHE_DIR=/tmp/cache TMPDIR=/tmp";

/// The machine is stopped after so many seconds; it takes some 30.
const SECONDS: &str = "300";

/// Gets what the machine is made of, unless it is there.
pub(super) fn prepare() -> Result<()> {
    let place = place()?;
    let root = place.join("root");
    if !emulator(&root).is_file() || kernel(&root).is_err() {
        fetch(&place)?;
    }
    let asked = Command::new(emulator(&root))
        .arg("--version")
        .env("LD_LIBRARY_PATH", libraries(&root)?)
        .output()
        .context("cannot run the emulator")?;
    if asked.status.success() {
        Ok(())
    } else {
        bail!(
            "the emulator does not run: {}",
            String::from_utf8_lossy(&asked.stderr).trim()
        )
    }
}

fn place() -> Result<PathBuf> {
    Ok(cache_folder()
        .context("there is no folder for caches")?
        .join("verity"))
}

fn emulator(root: &Path) -> PathBuf {
    root.join("usr/bin/qemu-system-x86_64")
}

/// Boots, and gives what the machine wrote to its console.
pub(super) fn boot(program: &Path) -> Result<String> {
    let place = place()?;
    let root = place.join("root");
    let initial = place.join("initial");
    lay_out(&root, &initial, program)?;
    let archive = place.join("initial.cpio");
    pack(&root, &initial, &archive)?;
    let shared = |name: &str| root.join("usr/share").join(name);
    // What the kernel does not know becomes the environment of the first process.
    let parameters = format!("rdinit=/xtask console=ttyS0 quiet panic=-1 {ENVIRONMENT} -- {GUEST}");
    say("booting a machine with fs-verity, which takes half a minute");
    let ran = Command::new("timeout")
        .arg(SECONDS)
        .arg(emulator(&root))
        .arg("-L")
        .arg(shared("qemu"))
        .arg("-L")
        .arg(shared("seabios"))
        .args(["-accel", "tcg", "-cpu", "max", "-m", "1536", "-smp", "2"])
        .args([
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "stdio",
            "-no-reboot",
            "-nic",
            "none",
        ])
        .arg("-kernel")
        .arg(kernel(&root)?)
        .arg("-initrd")
        .arg(&archive)
        .args(["-append", &parameters])
        .env("LD_LIBRARY_PATH", libraries(&root)?)
        .stdin(Stdio::null())
        .output()
        .context("cannot run the emulator")?;
    let console = String::from_utf8_lossy(&ran.stdout).into_owned();
    if !console.contains(RESULT) {
        let errors = String::from_utf8_lossy(&ran.stderr);
        bail!("the machine did not come up:\n{console}\n{errors}");
    }
    Ok(console)
}

/// Takes the packages from the distribution and unpacks them.
fn fetch(place: &Path) -> Result<()> {
    if on_path("apt-get").is_none() || on_path("dpkg").is_none() {
        bail!("this needs packages of Debian 12, and apt-get to get them");
    }
    say("fetching packages of a kernel and an emulator (some 60 MB); nothing is installed");
    let packages = place.join("packages");
    fs::create_dir_all(&packages).with_context(|| format!("cannot make {}", packages.display()))?;
    let download = |names: &[&str]| {
        let mut command = Command::new("apt-get");
        command.arg("download").args(names).current_dir(&packages);
        done(&mut command)
    };
    if download(&PACKAGES).is_err() {
        // Fresh systems do not know any package yet.
        done(Command::new("apt-get").args(["update", "-q"]))?;
        download(&PACKAGES)?;
    }
    for package in listed(&packages)? {
        unpack(&package, &place.join("root"))?;
        // The kernel itself is what the package that names it depends on.
        if package.to_string_lossy().contains("linux-image-cloud") {
            let depends = output(Command::new("dpkg").args(["-f"]).arg(&package).arg("Depends"))?;
            let name = depends.split_whitespace().next().unwrap_or_default().to_owned();
            download(&[name.as_str()])?;
        }
    }
    for package in listed(&packages)? {
        unpack(&package, &place.join("root"))?;
    }
    Ok(())
}

fn listed(packages: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(packages)? {
        let path = entry?.path();
        found.extend(path.extension().is_some_and(|kind| kind == "deb").then_some(path));
    }
    found.sort();
    Ok(found)
}

fn unpack(package: &Path, root: &Path) -> Result<()> {
    done(Command::new("dpkg").arg("-x").arg(package).arg(root))
}

fn kernel(root: &Path) -> Result<PathBuf> {
    let boot = fs::read_dir(root.join("boot")).context("no kernel was unpacked")?;
    let mut found: Vec<PathBuf> = boot.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
    });
    found.sort();
    found.pop().context("no kernel was unpacked")
}

fn libraries(root: &Path) -> Result<String> {
    let paths = LIBRARIES.map(|folder| root.join(folder).to_string_lossy().into_owned());
    Ok(paths.join(":"))
}

/// The first file system: this program, the program under test, some tools, and the libraries of all.
fn lay_out(root: &Path, initial: &Path, program: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(initial);
    for folder in [
        "proc",
        "sys",
        "dev",
        "tmp",
        "mnt",
        "lib64",
        "lib/x86_64-linux-gnu",
        "modules",
    ] {
        fs::create_dir_all(initial.join(folder))?;
    }
    let programs = [
        // Also when it was built again since it began.
        (Path::new("/proc/self/exe"), "xtask"),
        (program, "weightlock"),
        (&root.join("bin/busybox"), "busybox"),
        (&root.join("usr/bin/fsverity"), "fsverity"),
        (&root.join("sbin/mke2fs"), "mke2fs"),
    ];
    for (from, name) in programs {
        let to = initial.join(name);
        fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        for library in needed(root, &to)? {
            let name = library.file_name().context("a library has no name")?;
            let folder = if name.to_string_lossy().starts_with("ld-") {
                "lib64"
            } else {
                "lib/x86_64-linux-gnu"
            };
            fs::copy(&library, initial.join(folder).join(name))?;
        }
    }
    let version = kernel(root)?;
    let version = version.to_string_lossy().into_owned();
    let version = version.rsplit_once("vmlinuz-").map_or("", |(_, version)| version);
    let tree = root.join("lib/modules").join(version).join("kernel");
    for (name, below) in MODULES {
        fs::copy(tree.join(below), initial.join("modules").join(name))
            .with_context(|| format!("the kernel has no module {name}"))?;
    }
    Ok(())
}

/// The libraries that a program loads; none for a static one.
fn needed(root: &Path, program: &Path) -> Result<Vec<PathBuf>> {
    let listed = Command::new("ldd")
        .arg(program)
        .env("LD_LIBRARY_PATH", libraries(root)?)
        .output()
        .context("cannot run ldd")?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let paths = text
        .split_whitespace()
        .filter(|word| word.starts_with('/') && !word.ends_with(':'));
    Ok(paths.map(PathBuf::from).collect())
}

/// Packs a folder for the kernel, everything owned by root.
fn pack(root: &Path, folder: &Path, archive: &Path) -> Result<()> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            names.push(path.strip_prefix(folder)?.to_string_lossy().into_owned());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    names.sort();
    let mut packing = Command::new(root.join("bin/busybox"))
        .args(["cpio", "-o", "-H", "newc", "-R", "0:0"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(fs::File::create(archive)?)
        .stderr(Stdio::null())
        .spawn()
        .context("cannot pack the first file system")?;
    if let Some(input) = &mut packing.stdin {
        input.write_all(names.join("\n").as_bytes())?;
    }
    drop(packing.stdin.take());
    if packing.wait()?.success() {
        Ok(())
    } else {
        bail!("the first file system could not be packed")
    }
}

fn done(command: &mut Command) -> Result<()> {
    output(command).map(|_| ())
}

fn output(command: &mut Command) -> Result<String> {
    let ran = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !ran.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&ran.stderr));
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

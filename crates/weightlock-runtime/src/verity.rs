//! [`measure`]: files that the kernel lets nobody change, by fs-verity ([Linux, fs-verity]).
//!
//! Such a file cannot be opened for writing any more, by nobody; each page of it is compared with the tree under its digest
//! when it is read, also when it is mapped; and what its digest is can be asked in constant time. So a descriptor of it is as
//! good as memory that is sealed, and costs none. A page that differs on the disk is an error of whoever reads it (`EIO`), and
//! a signal to whoever maps it (`SIGBUS`).
//!
//! Believed is only the kernel, and only of a file
//!
//! 1. in a file system whose fs-verity is the kernel's own: ext4, F2FS, Btrfs. FUSE passes the question on to a program,
//!    which may say anything; a layer such as overlayfs has no answer of its own. The kernel says which file system it is.
//! 2. with SHA-256. Size of blocks, salt and size of the file are part of the digest.
//! 3. that nobody but root and this user can put another file in the place of ([`is_settled`]): a program that resolves the
//!    links of a view finds the file's name on the disk, and not, as for memory, a name that leads nowhere.
//!
//! Whatever else is answered, the file is read and hashed.
//!
//! [Linux, fs-verity]: https://docs.kernel.org/filesystems/fsverity.html
#![expect(unsafe_code, reason = "one question to the kernel, which writes its answer")]

use std::{
    fs::{self, File},
    os::{
        fd::AsRawFd as _,
        unix::fs::{MetadataExt as _, PermissionsExt as _},
    },
};

use rustix::{
    fs::fstatfs,
    ioctl::{Opcode, Updater, ioctl, opcode},
    process::geteuid,
};
use weightlock_artifact::digest::verity::VerityDigest;

/// `f_type` of the file systems whose fs-verity is the kernel's own (statfs(2)): ext4, F2FS, Btrfs.
const OWN: [u32; 3] = [0xef53, 0xf2f5_2010, 0x9123_683e];

/// `FS_VERITY_HASH_ALG_SHA256` of linux/fsverity.h.
const SHA256: u16 = 1;

/// `FS_IOC_MEASURE_VERITY`.
const MEASURE: Opcode = opcode::read_write::<Header>(b'f', 134);

/// `struct fsverity_digest` without its digest.
#[repr(C)]
struct Header {
    algorithm: u16,
    /// Bytes there is room for; then bytes there are.
    size: u16,
}

#[repr(C)]
struct Answer {
    header: Header,
    digest: [u8; 64],
}

/// The fs-verity digest of an open file, by SHA-256. `None` where the file has none, or nobody who can be believed says so.
#[must_use]
pub fn measure(file: &File) -> Option<VerityDigest> {
    if !is_own(file) {
        return None;
    }
    let mut answer = Answer {
        header: Header {
            algorithm: 0,
            size: 64,
        },
        digest: [0; 64],
    };
    // SAFETY: the kernel writes a header, and no more bytes behind it than the header says there is room for.
    unsafe { ioctl(file, Updater::<MEASURE, Answer>::new(&mut answer)) }.ok()?;
    let Header { algorithm, size } = answer.header;
    let digest = answer.digest.first_chunk()?;
    (algorithm == SHA256 && size == 32).then(|| VerityDigest::new(*digest))
}

fn is_own(file: &File) -> bool {
    let kind = fstatfs(file)
        .ok()
        .and_then(|found| u32::try_from(found.f_type).ok());
    kind.is_some_and(|kind| OWN.contains(&kind))
}

/// Whether the name of an open file leads to it, and will: every folder above it belongs to root or to this user, and lets
/// nobody else rename what is in it.
#[must_use]
pub fn is_settled(file: &File) -> bool {
    let found = || {
        let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        let (named, own) = (fs::symlink_metadata(&path)?, file.metadata()?);
        let same = (named.dev(), named.ino()) == (own.dev(), own.ino());
        let ours = |owner: u32| owner == 0 || owner == geteuid().as_raw();
        let mut settled = same && ours(own.uid());
        for folder in path.ancestors().skip(1) {
            let folder = fs::symlink_metadata(folder)?;
            let mode = folder.permissions().mode();
            // In a sticky folder only owners rename.
            let shut = mode & 0o022 == 0 || mode & 0o1000 != 0;
            settled &= folder.is_dir() && ours(folder.uid()) && shut;
        }
        Ok::<_, std::io::Error>(settled)
    };
    found().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn the_question_is_the_kernels() {
        // Of linux/fsverity.h on x86 and Arm.
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        assert_eq!(MEASURE, 0xc004_6686);
        assert_eq!(size_of::<Answer>(), 68);
    }

    #[test]
    fn a_plain_file_has_no_digest() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(measure(&file), None);
        // Neither has one of a file system that has no such thing.
        assert_eq!(measure(&File::open("/proc/self/stat").unwrap()), None);
    }

    #[test]
    fn a_file_that_others_can_replace_is_not_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner/file");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        let file = File::open(&path).unwrap();
        for (mode, settled) in [
            (0o700, true),
            (0o755, true),
            (0o775, false),
            (0o777, false),
            (0o1777, true),
        ] {
            fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_settled(&file), settled, "{mode:o}");
        }
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        assert!(is_settled(&file), "it is found under its new name");
        fs::remove_file(folder.path().join("elsewhere")).unwrap();
        assert!(!is_settled(&file));
        fs::write(folder.path().join("elsewhere (deleted)"), "y").unwrap();
        assert!(!is_settled(&file));
    }
}

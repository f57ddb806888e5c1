use std::{io::Write as _, os::unix::fs::FileExt as _};

use super::*;

fn filled(content: &[u8]) -> Filling {
    let mut filling = Filling::new("weights", content.len() as u64).unwrap();
    filling.bytes().copy_from_slice(content);
    filling
}

fn path(handle: impl AsFd) -> String {
    format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd())
}

#[test]
fn what_is_sealed_can_be_read_and_by_no_way_written() {
    let sealed = filled(b"tensor").seal().unwrap();
    assert_eq!(std::fs::read(path(&sealed)).unwrap(), b"tensor");
    let mut again = std::fs::OpenOptions::new()
        .write(true)
        .open(path(&sealed))
        .unwrap();
    assert!(again.write_all(b"x").is_err());
    assert!(again.write_at(b"x", 3).is_err());
    assert!(again.set_len(0).is_err() && again.set_len(100).is_err());
    let writable = ProtFlags::READ | ProtFlags::WRITE;
    assert!(Mapping::new(again.as_fd(), 6, writable, MapFlags::SHARED).is_err());
    assert!(fcntl_add_seals(&sealed, SealFlags::GROW).is_err());
    assert_eq!(sealed.map().unwrap().as_ref(), b"tensor");
}

#[test]
fn a_private_copy_can_be_written_and_changes_nothing() {
    let sealed = filled(&[7; 10_000]).seal().unwrap();
    let mut copy = sealed.map_private().unwrap();
    copy.memory.as_mut().unwrap().bytes_mut()[5000] = 1;
    assert_eq!(copy.as_ref()[5000], 1);
    assert!(sealed.map().unwrap().as_ref().iter().all(|&byte| byte == 7));
    drop(sealed);
    assert_eq!(copy.as_ref().len(), 10_000);
}

#[test]
fn nobody_writes_while_it_is_filled() {
    let filling = filled(&[1; 5000]);
    let other = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path(&filling.handle))
        .unwrap();
    assert!(other.write_at(b"x", 0).is_err());
    let writable = ProtFlags::READ | ProtFlags::WRITE;
    assert!(Mapping::new(other.as_fd(), 5000, writable, MapFlags::SHARED).is_err());
    let sealed = filling.seal().unwrap();
    assert!(sealed.map().unwrap().as_ref().iter().all(|&byte| byte == 1));
}

#[test]
fn memory_that_another_got_hold_of_first_is_not_filled() {
    let made = || {
        let handle = create(&CString::new("x").unwrap()).unwrap();
        ftruncate(&handle, 4096).unwrap();
        handle
    };
    let writable = ProtFlags::READ | ProtFlags::WRITE;
    let reopen = |handle: &OwnedFd| {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).open(path(handle)).unwrap()
    };
    let refused = |handle| shut_out(handle).unwrap_err().kind() == io::ErrorKind::ResourceBusy;
    // As if somebody had been quicker than the first seal: with an open file, and with a mapping left of one.
    let handle = made();
    let other = reopen(&handle);
    let mapped = Mapping::new(other.as_fd(), 4096, writable, MapFlags::SHARED).unwrap();
    let own = Mapping::new(handle.as_fd(), 4096, writable, MapFlags::SHARED).unwrap();
    assert!(refused(&handle));
    drop(other);
    assert!(refused(&handle));
    drop(mapped);
    shut_out(&handle).unwrap();
    drop(own);
    // Whoever opens it later cannot write, so he may.
    let handle = made();
    shut_out(&handle).unwrap();
    let other = reopen(&handle);
    assert!(other.write_at(b"x", 0).is_err());
    assert!(Mapping::new(other.as_fd(), 4096, writable, MapFlags::SHARED).is_err());
}

#[test]
fn memory_that_another_can_write_is_not_sealed() {
    let handle = create(&CString::new("x").unwrap()).unwrap();
    ftruncate(&handle, 4096).unwrap();
    let writable = ProtFlags::READ | ProtFlags::WRITE;
    // As if somebody had been quicker than the first seal.
    let quick = Mapping::new(handle.as_fd(), 4096, writable, MapFlags::SHARED).unwrap();
    let memory = Some(Mapping::new(handle.as_fd(), 4096, writable, MapFlags::SHARED).unwrap());
    let filling = Filling {
        handle,
        memory,
        size: 4096,
    };
    assert_eq!(filling.seal().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    drop(quick);
}

#[test]
fn what_is_given_up_is_overwritten() {
    let size = 3 * WIPED_AT_ONCE + 1;
    let mut filling = Filling::new("x", size as u64).unwrap();
    filling.bytes()[WIPED_AT_ONCE..].fill(9);
    let other = filling.handle.try_clone().unwrap();
    drop(filling);
    let left = Mapping::new(other.as_fd(), size, ProtFlags::READ, MapFlags::SHARED).unwrap();
    assert!(left.bytes().iter().all(|&byte| byte == 0));
}

#[test]
fn only_what_is_sealed_and_the_very_file_is_adopted() {
    let sealed = filled(b"tensor").seal().unwrap();
    let identity = sealed.identity().unwrap();
    let reopened = || OwnedFd::from(sealed.reopen().unwrap());
    let adopted = Sealed::adopt(reopened(), identity, 6).unwrap();
    drop(Sealed::adopt(reopened(), identity, 5).unwrap_err());
    let other = filled(b"tensor").seal().unwrap();
    drop(Sealed::adopt(reopened(), other.identity().unwrap(), 6).unwrap_err());
    let refused = |handle: OwnedFd| {
        let identity = Identity::new(&fstat(&handle).unwrap());
        Sealed::adopt(handle, identity, 6).unwrap_err()
    };
    let filling = filled(b"tensor");
    refused(filling.handle.try_clone().unwrap());
    let mut plain = tempfile::tempfile().unwrap();
    plain.write_all(b"tensor").unwrap();
    refused(plain.into());
    if let Ok(mut shared) = tempfile::tempfile_in("/dev/shm") {
        shared.write_all(b"tensor").unwrap();
        refused(shared.into());
    }
    drop(sealed);
    assert_eq!(adopted.map().unwrap().as_ref(), b"tensor");
}

#[test]
fn nothing_is_sealed_too() {
    let sealed = Filling::new("a\0b", 0).unwrap().seal().unwrap();
    assert_eq!(sealed.size(), 0);
    assert!(sealed.map().unwrap().as_ref().is_empty());
    assert!(std::fs::read(path(&sealed)).unwrap().is_empty());
}

use std::{io::Write as _, os::unix::fs::FileExt as _};

use rustix::fs::{Mode, fchmod};

use super::*;

/// Filled in the way of this system, and in that of one without leases.
fn both_ways(content: &[u8]) -> [Filling; 2] {
    let size = content.len() as u64;
    let handle = make("weights").unwrap();
    let mut fillings = [
        Filling::new("weights", size).unwrap(),
        Filling::mapped(handle, size).unwrap(),
    ];
    assert!(matches!(fillings[0].way, Way::Leased));
    for filling in &mut fillings {
        fill(filling, content);
    }
    fillings
}

fn filled(content: &[u8]) -> Filling {
    let [leased, _mapped] = both_ways(content);
    leased
}

fn fill(filling: &mut Filling, content: &[u8]) {
    match &mut filling.way {
        Way::Leased => assert_eq!(rustix::io::pwrite(&filling.handle, content, 0), Ok(content.len())),
        Way::Mapped(Some(memory)) => memory.bytes_mut().copy_from_slice(content),
        Way::Mapped(None) => assert!(content.is_empty()),
    }
}

fn opened(handle: impl AsFd, flags: i32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = File::options();
    options
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path(handle))
}

const WRITABLE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

fn path(handle: impl AsFd) -> String {
    format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd())
}

#[test]
fn what_is_sealed_can_be_read_and_by_no_way_written() {
    for filling in both_ways(b"tensor") {
        let sealed = filling.seal().unwrap();
        assert_eq!(std::fs::read(path(&sealed)).unwrap(), b"tensor");
        let mut again = opened(&sealed, 0).unwrap();
        assert!(again.write_all(b"x").is_err());
        assert!(again.write_at(b"x", 3).is_err());
        assert!(again.set_len(0).is_err() && again.set_len(100).is_err());
        assert!(rustix::io::pwrite(&sealed, b"x", 0).is_err());
        assert!(Mapping::new(again.as_fd(), 6, WRITABLE, MapFlags::SHARED).is_err());
        assert!(fcntl_add_seals(&sealed, SealFlags::GROW).is_err());
        assert_eq!(sealed.map().unwrap().as_ref(), b"tensor");
    }
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
fn nobody_opens_it_while_it_is_filled() {
    let filling = filled(&[1; 5000]);
    let refused = opened(&filling.handle, libc::O_NONBLOCK).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    // Who only asked, and did not wait, is one too many: nobody can tell them apart.
    assert_eq!(filling.seal().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
}

#[test]
fn who_waits_for_it_finds_nothing() {
    let filling = filled(&[1; 5000]);
    let name = format!("/proc/{}/fd/{}", std::process::id(), filling.handle.as_raw_fd());
    let waiting = std::thread::spawn(move || File::options().read(true).write(true).open(name));
    while is_held(&filling.handle) {
        std::thread::yield_now();
    }
    drop(filling.seal().unwrap_err());
    let mut content = Vec::new();
    // The file may have gone before it was opened.
    if let Ok(mut file) = waiting.join().unwrap() {
        io::Read::read_to_end(&mut file, &mut content).unwrap();
        assert!(file.write_at(b"x", 0).is_err());
    }
}

#[test]
fn who_lets_it_go_unsealed_leaves_nothing() {
    let size = 3 * WIPED_AT_ONCE + 1;
    let mut content = vec![0; WIPED_AT_ONCE];
    content.resize(size, 9);
    for filling in both_ways(&content) {
        let other = filling.handle.try_clone().unwrap();
        drop(filling);
        let left = fstat(&other).unwrap().st_size;
        assert!(left == 0 || left == i64::try_from(size).unwrap());
        if left > 0 {
            let left = Mapping::new(other.as_fd(), size, ProtFlags::READ, MapFlags::SHARED).unwrap();
            assert!(left.bytes().iter().all(|&byte| byte == 0));
        }
    }
}

#[test]
fn nobody_else_writes_while_it_is_filled_by_a_mapping() {
    let [_leased, filling] = both_ways(&[1; 5000]);
    let other = opened(&filling.handle, 0).unwrap();
    assert!(other.write_at(b"x", 0).is_err());
    assert!(Mapping::new(other.as_fd(), 5000, WRITABLE, MapFlags::SHARED).is_err());
    let sealed = filling.seal().unwrap();
    assert!(sealed.map().unwrap().as_ref().iter().all(|&byte| byte == 1));
}

#[test]
fn memory_that_another_got_hold_of_first_is_not_filled() {
    // As if somebody had been quicker than the lease: with an open file, and with a mapping left of one.
    let refused = |handle| leased(handle).unwrap_err().kind() == io::ErrorKind::ResourceBusy;
    let handle = make("x").unwrap();
    let other = opened(&handle, 0).unwrap();
    assert!(refused(handle));
    let handle = make("x").unwrap();
    let mapped = Mapping::new(other.as_fd(), 4096, WRITABLE, MapFlags::SHARED).unwrap();
    drop(other);
    // It is another file.
    assert!(leased(handle.try_clone().unwrap()).unwrap().is_ok());
    drop((mapped, handle));
    let handle = make("x").unwrap();
    let other = opened(&handle, 0).unwrap();
    let mapped = Mapping::new(other.as_fd(), 4096, WRITABLE, MapFlags::SHARED).unwrap();
    drop(other);
    assert!(refused(handle.try_clone().unwrap()));
    drop(mapped);
    assert!(leased(handle).unwrap().is_ok());
}

#[test]
fn what_another_put_into_it_first_is_not_there() {
    // As if somebody had been quicker than the lease, and had gone again: with a longer file, and with pages that he still
    // has hold of, without a descriptor or a mapping that the kernel would count.
    for size in [0, 1, 4096, 6000] {
        let handle = make("x").unwrap();
        let other = opened(&handle, 0).unwrap();
        other.write_all_at(&[b'x'; 20_000], 0).unwrap();
        drop(other);
        let filling = Filling::of(handle, size).unwrap();
        let stat = fstat(&filling.handle).unwrap();
        assert_eq!((stat.st_size, stat.st_blocks), (i64::try_from(size).unwrap(), 0));
        let sealed = filling.seal().unwrap();
        assert_eq!(
            std::fs::read(path(&sealed)).unwrap(),
            vec![0; usize::try_from(size).unwrap()]
        );
    }
}

#[test]
fn memory_that_another_has_sealed_or_shut_is_not_filled() {
    for seal in [
        SealFlags::GROW,
        SealFlags::SHRINK,
        SealFlags::WRITE,
        SealFlags::SEAL,
    ] {
        let handle = make("x").unwrap();
        let other = opened(&handle, 0).unwrap();
        other.write_all_at(b"x", 0).unwrap();
        fcntl_add_seals(&other, seal).unwrap();
        drop(other);
        let sealed = Filling::of(handle, 4096).and_then(|filling| {
            rustix::io::pwrite(&filling.handle, b"y", 0)?;
            filling.seal()
        });
        sealed.unwrap_err();
    }
    let shut = make("x").unwrap();
    fchmod(&shut, Mode::empty()).unwrap();
    if opened(&shut, 0).is_err() {
        // Not by the other way, which keeps fewer out. (Root opens it all the same.)
        Filling::of(shut, 4096).unwrap_err();
    }
}

#[test]
fn memory_that_another_can_write_is_not_sealed() {
    let handle = make("x").unwrap();
    // As if somebody had been quicker than the first seal.
    let quick = Mapping::new(handle.as_fd(), 4096, WRITABLE, MapFlags::SHARED).unwrap();
    let filling = Filling::mapped(handle, 4096).unwrap();
    assert_eq!(filling.seal().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    drop(quick);
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
    let [_leased, filling] = both_ways(b"tensor");
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

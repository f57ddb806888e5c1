//! Whole models: the bytes that were verified, or none.

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    sync::Mutex,
};

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use weightlock_artifact::digest::engine::{Observer, PastCache, Settings};
use weightlock_runtime::{Error, guard};

use super::{Signed, content, path, rules, settings};

const SIZE: usize = (9 << 20) + 77;

/// Gets hold of the memory of a file while it is filled, as a debugger of this process could.
struct Spy(&'static str, Mutex<Option<File>>);

impl Observer for Spy {
    fn advanced(&self, _: u64) {
        let mut held = self.1.lock().unwrap();
        if held.is_some() {
            return;
        }
        *held = descriptors_of(self.0).find_map(|number| {
            let this = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
            let shared = pidfd_getfd(&this, number, PidfdGetfdFlags::empty()).ok()?;
            Some(File::from(shared))
        });
    }
}

/// The descriptors of this process that are memory of that name.
fn descriptors_of(name: &str) -> impl Iterator<Item = i32> {
    let links = fs::read_dir("/proc/self/fd").unwrap().flatten();
    links.filter_map(move |link| {
        let target = fs::read_link(link.path()).ok()?;
        let named = target.to_string_lossy().starts_with(&format!("/memfd:{name}"));
        named.then(|| link.file_name().to_string_lossy().parse().unwrap())
    })
}

fn spied(signed: &Signed, name: &'static str, settings: Settings) -> (bool, Vec<u8>) {
    let spy = Spy(name, Mutex::default());
    let read = guard::read(&signed.verified(), signed.root(), &rules(), None, settings, &spy).unwrap();
    let file = spy
        .1
        .into_inner()
        .unwrap()
        .expect("the memory has the name of the file");
    let mut seen = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut seen, 0).unwrap();
    (read.is_ok(), seen)
}

#[test]
fn nothing_is_left_of_what_was_read_of_a_refused_model() {
    for past_cache in [PastCache::Always, PastCache::Never] {
        let settings = Settings {
            past_cache,
            ..settings()
        };
        let signed = Signed::new(&[("spied.bin", &content(SIZE, 1)), ("config.json", b"{}")]);
        let (accepted, seen) = spied(&signed, "spied.bin", settings);
        assert!(accepted && seen == content(SIZE, 1));
        // One bit, in another file than the one that is looked at.
        fs::write(signed.file("config.json"), "{]").unwrap();
        let (accepted, seen) = spied(&signed, "spied.bin", settings);
        assert!(!accepted && seen.is_empty());
    }
}

/// Whoever opens the memory while it is filled gets nothing, and neither does the caller.
#[test]
fn memory_that_somebody_wants_to_open_meanwhile_is_not_handed_out() {
    struct Opener(&'static str);

    impl Observer for Opener {
        fn advanced(&self, _: u64) {
            for number in descriptors_of(self.0) {
                let mut options = File::options();
                let path = format!("/proc/self/fd/{number}");
                let opened = options.write(true).custom_flags(libc::O_NONBLOCK).open(path);
                assert_eq!(opened.unwrap_err().kind(), ErrorKind::WouldBlock);
            }
        }
    }

    let signed = Signed::new(&[("wanted.bin", &content(SIZE, 1)), ("config.json", b"{}")]);
    let read = guard::read(
        &signed.verified(),
        signed.root(),
        &rules(),
        None,
        settings(),
        &Opener("wanted.bin"),
    );
    let Err(Error::Seal { name, source }) = read else {
        panic!("{read:?}");
    };
    assert_eq!(
        (name.as_str(), source.kind()),
        ("wanted.bin", ErrorKind::ResourceBusy)
    );
}

#[test]
fn bytes_stay_while_somebody_has_them() {
    let signed = Signed::new(&[("w.bin", &content(SIZE, 2))]);
    let read = || guard::read(&signed.verified(), signed.root(), &rules(), None, settings(), &());
    let first = read().unwrap().unwrap();
    let shared = first.files()[&path("w.bin")].map().unwrap();
    let private = first.files()[&path("w.bin")].map_private().unwrap();
    drop(first);
    let file = File::options().write(true).open(signed.file("w.bin")).unwrap();
    file.write_all_at(&content(SIZE, 3), 0).unwrap();
    assert!(read().unwrap().is_err());
    assert!(shared.as_ref() == content(SIZE, 2) && private.as_ref() == content(SIZE, 2));
}

/// A file that is written to while it is read gives its signed bytes, or nothing.
#[test]
fn a_cold_file_that_changes_meanwhile_gives_the_signed_bytes_or_none() {
    struct Writer<'a>(&'a Signed);

    impl Observer for Writer<'_> {
        fn advanced(&self, _: u64) {
            let file = File::options().write(true).open(self.0.file("w.bin")).unwrap();
            file.write_all_at(b"evil", 8 << 20).unwrap();
        }
    }

    let signed = Signed::new(&[("w.bin", &content(SIZE, 4))]);
    let settings = Settings {
        past_cache: PastCache::Always,
        ..settings()
    };
    // The times tell, whichever bytes were read.
    let read = guard::read(
        &signed.verified(),
        signed.root(),
        &rules(),
        None,
        settings,
        &Writer(&signed),
    );
    assert!(!matches!(read, Ok(Ok(_))));
}

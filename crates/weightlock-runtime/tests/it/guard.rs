//! Whole models: the bytes that were verified, or none.

use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::fs::FileExt as _,
    sync::Mutex,
};

use weightlock_artifact::digest::engine::{Observer, PastCache, Settings};
use weightlock_runtime::guard;

use super::{Signed, content, path, rules, settings};

const SIZE: usize = (9 << 20) + 77;

/// Gets hold of the memory of a file while it is filled, as a process of the same user could.
struct Spy(&'static str, Mutex<Option<File>>);

impl Observer for Spy {
    fn advanced(&self, _: u64) {
        let mut held = self.1.lock().unwrap();
        if held.is_some() {
            return;
        }
        for link in fs::read_dir("/proc/self/fd").unwrap().flatten() {
            let target = fs::read_link(link.path()).unwrap_or_default();
            if target
                .to_string_lossy()
                .starts_with(&format!("/memfd:{}", self.0))
            {
                *held = File::open(link.path()).ok();
            }
        }
    }
}

fn spied(signed: &Signed, name: &'static str, settings: Settings) -> (bool, Vec<u8>) {
    let spy = Spy(name, Mutex::default());
    let read = guard::read(&signed.verified(), signed.root(), &rules(), settings, &spy).unwrap();
    let mut seen = Vec::new();
    let mut file = spy
        .1
        .into_inner()
        .unwrap()
        .expect("the memory has the name of the file");
    file.read_to_end(&mut seen).unwrap();
    (read.is_ok(), seen)
}

#[test]
fn what_was_read_of_a_refused_model_is_overwritten() {
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
        assert!(!accepted);
        assert_eq!(seen.len(), SIZE);
        assert!(seen.iter().all(|&byte| byte == 0));
    }
}

#[test]
fn bytes_stay_while_somebody_has_them() {
    let signed = Signed::new(&[("w.bin", &content(SIZE, 2))]);
    let read = || guard::read(&signed.verified(), signed.root(), &rules(), settings(), &());
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
        settings,
        &Writer(&signed),
    );
    assert!(!matches!(read, Ok(Ok(_))));
}

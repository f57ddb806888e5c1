//! [`could_be_unpickled`]: could a loader unpickle something in this file?
//!
//! Whoever denies pickles means everything that ends in an unpickler, and the answer errs on the side of yes:
//!
//! | yes, because | |
//! |---|---|
//! | it is a pickle | also behind pushed strings of any length, and in front of what the file claims to be |
//! | it holds other files or a stream | zip, tar, 7z, gzip and so on: loaders look for pickles in them |
//! | it ends like a zip archive | readers of zip look at the end, whatever stands before it |
//! | it is an array of objects | NumPy writes these as a pickle behind the header |
//! | nobody can look into it | RAR, cabinets, encrypted files, archives of a kind that is not known |
//! | it is named like a pickle | `.pkl`, `.joblib` and so on, and its content is no other known format |
//!
//! [`Format::of`] says what a file most likely is, for which the first bytes have to do; this is about what it could be made
//! to be.

use std::io;

use weightlock_artifact::path::ArtifactPath;

use crate::{
    Error,
    content::Content,
    detect::{Format, TAIL_BYTES},
    loadable::{EXTENSIONS, Loadable},
    numpy::{self, Data},
    pickle,
};

/// Extensions that loaders take for those of pickles, in lower case.
const NAMES: &[&str] = &[
    "pkl",
    "pickle",
    "ckpt",
    "joblib",
    "p",
    "dill",
    "cloudpickle",
    "pck",
    "sav",
];

/// Extensions of encrypted files, in lower case.
const SECRET_NAMES: &[&str] = &["gpg", "pgp", "age", "enc", "aes", "crypt"];

/// How encrypted files begin.
const SECRETS: &[&[u8]] = &[
    b"Salted__",
    b"age-encryption.org/",
    b"-----BEGIN AGE ENCRYPTED FILE",
    b"-----BEGIN PGP MESSAGE",
];

/// Whether a loader could unpickle something in the file `name`, or nobody can tell. See the [module](self).
///
/// # Errors
/// What reading raises.
pub fn could_be_unpickled(name: &ArtifactPath, content: &Content) -> io::Result<bool> {
    let format = Format::of_content(content)?;
    let is_unpickled = is_by_format(format)
        || is_by_name(name, format)
        || is_secret(content)?
        || ends_as_zip(content)?
        || format == Format::Numpy && may_hold_objects(content)?
        || is_nothing_known(format) && pickle::is_text_stream(content)?
        || pickle::could_import(content)?;
    Ok(is_unpickled)
}

fn is_by_format(format: Format) -> bool {
    format.is_container() || matches!(format, Format::Pickle | Format::Rar | Format::Cab)
}

/// Whether the content says nothing that a pickle could not say.
const fn is_nothing_known(format: Format) -> bool {
    matches!(format, Format::Unknown | Format::Text)
}

fn is_by_name(name: &ArtifactPath, format: Format) -> bool {
    let base = name.base_name().to_lowercase();
    let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_archive = || {
        let mut archives = EXTENSIONS.iter().filter(|(kind, _)| *kind == Loadable::Archive);
        archives.any(|(_, words)| words.contains(&extension))
    };
    match format {
        Format::Text => NAMES.contains(&extension),
        Format::Unknown => NAMES.contains(&extension) || SECRET_NAMES.contains(&extension) || is_archive(),
        _ => false,
    }
}

fn is_secret(content: &Content) -> io::Result<bool> {
    let head = content.read(0, 64)?;
    Ok(SECRETS.iter().any(|magic| head.starts_with(magic)))
}

fn ends_as_zip(content: &Content) -> io::Result<bool> {
    let from = content.size().saturating_sub(TAIL_BYTES as u64);
    Ok(Format::of_tail(&content.read(from, TAIL_BYTES)?).is_some())
}

/// Whether an array is one of objects, or nobody can tell.
fn may_hold_objects(content: &Content) -> io::Result<bool> {
    match numpy::Header::read(content, 0) {
        Ok(header) => Ok(!matches!(header.data, Data::Values(_))),
        Err(Error::Refused(_)) => Ok(true),
        Err(Error::Io(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &[u8] = b"cos\nsystem\n(S'true'\ntR.";

    fn of(name: &str, parts: &[&[u8]]) -> bool {
        could_be_unpickled(&ArtifactPath::parse(name).unwrap(), &parts.concat().into()).unwrap()
    }

    fn pushed(before: &[u8], length: usize) -> Vec<u8> {
        let count = u32::try_from(length).unwrap().to_le_bytes();
        [before, &count, &vec![b'a'; length], b"0"].concat()
    }

    #[test]
    fn what_is_pushed_first_hides_nothing() {
        for length in [100, 2000, 4000, 4091, 4096, 5000, 70_000, 2 << 20] {
            for before in [&b"X"[..], b"T", b"B", b"(X", b"}X", b"]X", b"NX"] {
                assert!(
                    of("w.bin", &[&pushed(before, length), CALL]),
                    "{length} {before:?}"
                );
            }
            // The same bytes without a pickle behind them are none.
            assert!(!of("w.bin", &[&pushed(b"X", length), b"\xff\xff"]), "{length}");
        }
        let many = b"N0".repeat(300_000);
        assert!(
            of("w.bin", &[b"GIF8....\0", &many, CALL]),
            "nobody runs all of it"
        );
    }

    #[test]
    fn what_stands_in_front_makes_no_other_file() {
        assert!(of("w.gif", &[b"GIF8....\x000", CALL]));
        assert!(!of("w.gif", &[b"GIF89a..\0 and a picture"]));
        let end = [&b"PK\x05\x06"[..], &[0; 18]].concat();
        let header = b"\x02\0\0\0\0\0\0\0{}";
        assert!(of("m.safetensors", &[header, &end]));
        assert!(!of("m.safetensors", &[header]));
        assert!(of("m.gguf", &[b"GGUF\x03\0\0\0", &[0; 99], &end]));
        assert!(!of("m.gguf", &[b"GGUF\x03\0\0\0", &[0; 99]]));
        assert!(of("junk", &[&[0xff; 99], &end]));
        assert!(!of("junk", &[&[0xff; 99]]));
    }

    #[test]
    fn arrays_of_objects_are_pickles() {
        let array = |descr: &str| {
            let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}");
            text += &" ".repeat(127_usize.saturating_sub(text.len().saturating_add(10)));
            text.push('\n');
            let length = u16::try_from(text.len()).unwrap().to_le_bytes();
            [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), &[0; 8]].concat()
        };
        assert!(of("a.npy", &[&array("|O")]));
        assert!(of("a.npy", &[&array("what")]));
        assert!(of("a.npy", &[b"\x93NUMPY\x09\0"]));
        assert!(!of("a.npy", &[&array("<f8")]));
    }

    #[test]
    fn what_nobody_can_look_into_could_be_one() {
        for (name, content) in [
            ("a.rar", &b"Rar!\x1a\x07\x01\0"[..]),
            ("a", b"Rar!\x1a\x07\0"),
            ("a.rar", b"\xff\xff"),
            ("a.cab", b"MSCF\0\0\0\0"),
            ("a.br", b"\xff\xff"),
            ("a", b"Salted__12345678"),
            ("a.gpg", b"\x85\x01"),
            ("a", b"age-encryption.org/v1\n"),
        ] {
            assert!(of(name, &[content]), "{name}");
        }
        assert!(!of("a.unknown", &[b"\xff\xff"]));
    }

    #[test]
    fn a_name_counts_where_content_says_nothing_else() {
        for name in ["m.pkl", "m.PICKLE", "m.ckpt", "m.joblib", "m.p"] {
            assert!(of(name, &[b"\xff\xff"]), "{name}");
            assert!(of(name, &[b"words"]), "{name}");
            assert!(!of(name, &[b"GGUF\x03\0\0\0"]), "{name}");
            assert!(!of(name, &[b"{\"a\": 1}"]), "{name}");
        }
        for name in ["m.bin", "m.txt", "p"] {
            assert!(!of(name, &[b"words"]), "{name}");
        }
    }
}

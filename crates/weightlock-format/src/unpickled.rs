//! [`could_be_unpickled`]: could a loader unpickle something in this file?
//!
//! Whoever denies pickles means everything that ends in an unpickler, and the answer errs on the side of yes:
//!
//! | yes, because | |
//! |---|---|
//! | it is a pickle | also behind pushed strings of any length, and in front of what the file claims to be |
//! | it holds other files or a stream | zip, tar, 7z, gzip and so on: loaders look for pickles in them |
//! | a loader takes it for such | a tar whose first name is the magic number of something else, LZMA and zlib by two bytes |
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
        || is_opened_as_stream(content)?
        || is_tar(&content.read(0, 512)?)
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

/// How joblib tells a compressed stream: LZMA with a dictionary of any size, and zlib in letters.
fn is_opened_as_stream(content: &Content) -> io::Result<bool> {
    let head = content.read(0, 2)?;
    Ok(matches!(head.as_slice(), b"\x5d\0" | b"x^"))
}

/// Whether Python opens a file that begins with this block as a tar: by the checksum alone, of bytes with a sign or without, and
/// whatever the name in front of it looks like.
fn is_tar(block: &[u8]) -> bool {
    let Some(stated) = block.get(148..156).and_then(tar_number) else {
        return false;
    };
    if block.len() < 512 {
        return false;
    }
    let counted = || {
        let others = block.iter().enumerate();
        others
            .filter(|(at, _)| !(148..156).contains(at))
            .map(|(_, byte)| *byte)
    };
    let blanks = 8 * 32;
    let plain: i64 = counted().map(i64::from).sum();
    let signed: i64 = counted().map(|byte| i64::from(byte.cast_signed())).sum();
    [plain, signed]
        .iter()
        .any(|sum| sum.saturating_add(blanks) == stated)
}

/// A number in a header of a tar, as leniently as Python reads it.
fn tar_number(field: &[u8]) -> Option<i64> {
    if let [0x80, rest @ ..] = field {
        let add = |sum: i64, byte: &u8| sum.checked_mul(256)?.checked_add(i64::from(*byte));
        return rest.iter().try_fold(0_i64, add);
    }
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text)
        .ok()?
        .trim()
        .to_lowercase()
        .replace('_', "");
    let text = text.strip_prefix('+').unwrap_or(&text);
    i64::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8).ok()
}

/// Whether readers of zip archives would find one, whatever the file begins with: they look at its end.
///
/// # Errors
/// What reading raises.
pub fn ends_as_zip(content: &Content) -> io::Result<bool> {
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
    use proptest::prelude::*;

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
    fn objects_behind_each_other_are_loaded_one_by_one() {
        assert!(of("w.gif", &[b"GIF8....\x000I1\n.", CALL]));
        assert!(!of("w.gif", &[b"GIF8....\x000I1\n.", b"\xff\xff"]));
    }

    #[test]
    fn what_loaders_open_as_an_archive_or_stream_is_one() {
        let tar = |name: &[u8], sum: &dyn Fn(i64) -> Vec<u8>| {
            let mut block = [0_u8; 512];
            block[..name.len()].copy_from_slice(name);
            block[257..263].copy_from_slice(b"ustar\0");
            block[148..156].fill(b' ');
            let total = block.iter().map(|byte| i64::from(*byte)).sum();
            let field = sum(total);
            block[148..156].fill(0);
            block[148..148 + field.len()].copy_from_slice(&field);
            block
        };
        let octal = |total: i64| format!("{total:06o}").into_bytes();
        assert!(of("m.gguf", &[&tar(b"GGUF\x03", &octal)]));
        assert!(of("m.png", &[&tar(b"\x89PNG\r\n\x1a\n", &octal)]));
        let signed = |total: i64| octal(total - 256);
        assert!(of("m.gguf", &[&tar(b"GGUF\xe9", &signed)]));
        let python = |total: i64| format!("0o{total:o}").into_bytes();
        assert!(of("m.gguf", &[&tar(b"GGUF", &python)]));
        let wrong = |total: i64| octal(total + 1);
        assert!(!of("m.gguf", &[&tar(b"GGUF", &wrong)]));
        assert!(!of("m.gguf", &[b"GGUF", &[0; 508]]));
        assert!(of("w.bin", &[b"\x5d\0\x01\0\0\xff\xff"]));
        assert!(of("w.bin", &[b"x^letters"]));
        assert!(!of("w.bin", &[b"xyz letters"]));
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

    proptest! {
        #[test]
        fn never_panics(head in prop::collection::vec(any::<u8>(), 0..600), name in "[a-z]{1,3}\\.[a-z]{1,3}") {
            let _ = of(&name, &[&head]);
            let _ = is_tar(&head);
        }

        #[test]
        fn numbers_of_a_tar_never_overflow(field in prop::array::uniform8(any::<u8>())) {
            let _ = tar_number(&field);
        }
    }
}

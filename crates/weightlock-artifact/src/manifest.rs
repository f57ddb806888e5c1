//! The canonical manifest, form v1: the one text that names what a model *is*.
//!
//! ```text
//! manifest = "weightlock-manifest-v1" LF *line
//! line     = 64 lower-case hex digits, SP, size, SP, path, LF
//! size     = decimal bytes, no sign, no leading zero
//! path     = relative, "/" between components; "%", bytes below 0x20 and 0x7f written "%XX" (upper-case hex)
//! ```
//!
//! Lines are sorted by the bytes of `path` as written. Every regular file below the root has a line, except
//! [`BUILT_IN`]: what a signer chose to ignore is still listed here. The **manifest digest** is the SHA-256 of
//! the text. A model that is one file has no manifest; its digest is the file's SHA-256.
//!
//! The reader accepts exactly the texts the writer can make, so that one model has one text and one digest.

use std::fmt::Write as _;

use crate::{
    digest::{Algorithm, Digest, DigestError},
    path::{ArtifactPath, PathError},
};

/// Names at the root that are never part of a model's manifest: the signature, the evidence, what version
/// control and download tools keep beside a model. Matching is by whole components, at the root only.
pub const BUILT_IN: [&str; 7] = [
    ".cache/huggingface",
    ".git",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".weightlock",
    "model.sig",
];

const FIRST_LINE: &str = "weightlock-manifest-v1";

/// One file of a manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestFile {
    /// Where it lies below the root.
    pub path: ArtifactPath,
    /// Its size in bytes.
    pub size: u64,
    sha256: Digest,
}

impl ManifestFile {
    /// A file with its SHA-256; `None` when the digest is of another algorithm.
    #[must_use]
    pub fn new(path: ArtifactPath, size: u64, sha256: Digest) -> Option<Self> {
        (sha256.algorithm() == Algorithm::Sha256).then_some(Self { path, size, sha256 })
    }

    /// Its SHA-256.
    #[must_use]
    pub const fn sha256(&self) -> &Digest {
        &self.sha256
    }
}

/// The files of a model, in canonical order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    files: Vec<ManifestFile>,
}

/// What a statement is about: a name and a digest, as in-toto's ResourceDescriptor uses them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// Base name of the model, or path of a file in it. Informational for the first subject.
    pub name: String,
    /// SHA-256 of it: of the canonical manifest for a folder, of the bytes for a file.
    pub sha256: Digest,
}

/// Why a list of files or a text is not a canonical manifest.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Two files have one path.
    #[error("{0} is listed twice")]
    Duplicate(ArtifactPath),
    /// A path lies at or below a name that is never part of a manifest.
    #[error("{0} is never part of a manifest")]
    BuiltIn(ArtifactPath),
    /// The text is larger than [`Manifest::MAX_TEXT`].
    #[error("the manifest is larger than {} bytes", Manifest::MAX_TEXT)]
    TooLarge,
    /// The text is not UTF-8.
    #[error("the manifest is not UTF-8")]
    NotUtf8,
    /// The first line is not `weightlock-manifest-v1`.
    #[error("the first line is not {FIRST_LINE:?}")]
    FirstLine,
    /// The last line is not ended by a line feed.
    #[error("the last line is not ended")]
    Unfinished,
    /// A line has not the three parts of the grammar.
    #[error("line {0} is not `<sha256> <size> <path>`")]
    Line(usize),
    /// A digest is not 64 lower-case hexadecimal digits.
    #[error("line {line}: {source}")]
    Digest {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        source: DigestError,
    },
    /// A digest, size or path is written in another than the canonical way.
    #[error("line {0} is not in canonical form")]
    NotCanonical(usize),
    /// A path is not an [`ArtifactPath`].
    #[error("line {line}: {source}")]
    Path {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        source: PathError,
    },
    /// Lines are not in order.
    #[error("line {0} is out of order")]
    Order(usize),
}

impl Manifest {
    /// Texts larger than this are refused: 400 000 files with long names; the largest public models have 2000.
    pub const MAX_TEXT: usize = 64 << 20;

    /// Puts files into canonical order.
    ///
    /// # Errors
    /// [`ManifestError::Duplicate`] and [`ManifestError::BuiltIn`].
    pub fn new(files: impl IntoIterator<Item = ManifestFile>) -> Result<Self, ManifestError> {
        let mut keyed: Vec<(String, ManifestFile)> =
            files.into_iter().map(|file| (escape(&file.path), file)).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        for pair in keyed.windows(2) {
            if pair[0].0 == pair[1].0 {
                return Err(ManifestError::Duplicate(pair[0].1.path.clone()));
            }
        }
        let files: Vec<ManifestFile> = keyed.into_iter().map(|(_, file)| file).collect();
        match files.iter().find(|file| is_built_in(&file.path)) {
            Some(file) => Err(ManifestError::BuiltIn(file.path.clone())),
            None => Ok(Self { files }),
        }
    }

    /// Reads a canonical text.
    ///
    /// # Errors
    /// [`ManifestError`] names the first rule the text breaks. Any text that [`Manifest::to_text`] would not
    /// write is refused.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        if text.len() > Self::MAX_TEXT {
            return Err(ManifestError::TooLarge);
        }
        let text = std::str::from_utf8(text).map_err(|_| ManifestError::NotUtf8)?;
        let body = text
            .strip_prefix(FIRST_LINE)
            .and_then(|rest| rest.strip_prefix('\n'));
        let body = body.ok_or(ManifestError::FirstLine)?;
        if !body.is_empty() && !body.ends_with('\n') {
            return Err(ManifestError::Unfinished);
        }
        let mut files = Vec::new();
        let mut previous = "";
        for (index, line) in body.split_terminator('\n').enumerate() {
            let (file, written) = parse_line(line, index + 2)?;
            if index > 0 && written <= previous {
                return Err(ManifestError::Order(index + 2));
            }
            previous = written;
            files.push(file);
        }
        Self::new(files)
    }

    /// The canonical text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        for file in &self.files {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} {} {}", file.sha256.hex(), file.size, escape(&file.path));
        }
        text
    }

    /// SHA-256 of the canonical text: the identity of a model that is a folder.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Algorithm::Sha256.digest(self.to_text().as_bytes())
    }

    /// The files, in canonical order.
    #[must_use]
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// The file at a path.
    #[must_use]
    pub fn file(&self, path: &ArtifactPath) -> Option<&ManifestFile> {
        self.files.get(self.position(path)?)
    }

    /// Where a path stands in [`Manifest::files`].
    #[must_use]
    pub fn position(&self, path: &ArtifactPath) -> Option<usize> {
        let key = escape(path);
        self.files
            .binary_search_by(|file| escape(&file.path).cmp(&key))
            .ok()
    }

    /// The subjects of a statement about this model: the model first, then each file.
    #[must_use]
    pub fn subjects(&self, base_name: &str) -> Vec<Subject> {
        let model = Subject {
            name: base_name.to_owned(),
            sha256: self.digest(),
        };
        let files = self.files.iter().map(|file| Subject {
            name: file.path.as_str().to_owned(),
            sha256: file.sha256,
        });
        std::iter::once(model).chain(files).collect()
    }
}

/// Whether a path lies at or below one of [`BUILT_IN`].
#[must_use]
pub fn is_built_in(path: &ArtifactPath) -> bool {
    BUILT_IN.iter().any(|name| {
        path.as_str()
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn parse_line(line: &str, number: usize) -> Result<(ManifestFile, &str), ManifestError> {
    let mut parts = line.splitn(3, ' ');
    let (Some(hex), Some(size), Some(written)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(ManifestError::Line(number));
    };
    let sha256 = Digest::from_hex(Algorithm::Sha256, hex)
        .map_err(|source| ManifestError::Digest { line: number, source })?;
    let bytes = size.parse::<u64>().map_err(|_| ManifestError::Line(number))?;
    let path = ArtifactPath::parse(unescape(written).ok_or(ManifestError::NotCanonical(number))?)
        .map_err(|source| ManifestError::Path { line: number, source })?;
    let canonical = sha256.hex() == hex && bytes.to_string() == size && escape(&path) == written;
    if !canonical {
        return Err(ManifestError::NotCanonical(number));
    }
    Ok((
        ManifestFile {
            path,
            size: bytes,
            sha256,
        },
        written,
    ))
}

fn escape(path: &ArtifactPath) -> String {
    let mut text = String::with_capacity(path.as_str().len());
    for character in path.as_str().chars() {
        match character {
            '%' | '\0'..'\u{20}' | '\u{7f}' => {
                let _ = write!(text, "%{:02X}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text
}

fn unescape(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(path: &str, content: &str) -> ManifestFile {
        let path = ArtifactPath::parse(path).unwrap();
        ManifestFile::new(
            path,
            content.len() as u64,
            Algorithm::Sha256.digest(content.as_bytes()),
        )
        .unwrap()
    }

    /// The vector: `testdata/manifest/` holds the same text and digest for other tools.
    #[test]
    fn vector() {
        let manifest = Manifest::new([
            file("a.txt", "6"),
            file("a/b.bin", ""),
            file("a-b/c.bin", "abc"),
            file("100%/nl\nname\u{7f}", "x"),
            file("模型/é.bin", "unicode"),
        ])
        .unwrap();
        let text = include_str!("../testdata/manifest/v1.txt");
        assert_eq!(manifest.to_text(), text);
        assert_eq!(
            manifest.digest().hex(),
            include_str!("../testdata/manifest/v1.sha256").trim()
        );
        assert_eq!(Manifest::parse(text.as_bytes()), Ok(manifest));
    }

    #[test]
    fn a_model_without_files_has_a_text_too() {
        let empty = Manifest::new([]).unwrap();
        assert_eq!(empty.to_text(), "weightlock-manifest-v1\n");
        assert_eq!(Manifest::parse(b"weightlock-manifest-v1\n"), Ok(empty));
    }

    #[test]
    fn refuses_what_the_writer_would_not_write() {
        let hex = "0".repeat(64);
        let one = |line: &str| Manifest::parse(format!("weightlock-manifest-v1\n{line}\n").as_bytes());
        assert!(one(&format!("{hex} 0 a")).is_ok());
        for (line, why) in [
            (format!("{hex} 00 a"), ManifestError::NotCanonical(2)),
            (format!("{hex} +1 a"), ManifestError::NotCanonical(2)),
            (format!("{} 0 a", "A".repeat(64)), ManifestError::NotCanonical(2)),
            (format!("{hex} 0 a%2fb"), ManifestError::NotCanonical(2)),
            (format!("{hex} 0 a%41"), ManifestError::NotCanonical(2)),
            (format!("{hex} 0 a%"), ManifestError::NotCanonical(2)),
            (format!("{hex} 0 a\tb"), ManifestError::NotCanonical(2)),
            (
                format!("{hex} 0 a%00"),
                ManifestError::Path {
                    line: 2,
                    source: PathError::Nul,
                },
            ),
            (
                format!("{hex} 0 ../a"),
                ManifestError::Path {
                    line: 2,
                    source: PathError::Traversal,
                },
            ),
            (
                format!("{hex} 0 "),
                ManifestError::Path {
                    line: 2,
                    source: PathError::Empty,
                },
            ),
            (format!("{hex} 0"), ManifestError::Line(2)),
            (format!("{hex} -1 a"), ManifestError::Line(2)),
            (format!("{hex} 0 a\n{hex} 0 a"), ManifestError::Order(3)),
            (format!("{hex} 0 b\n{hex} 0 a"), ManifestError::Order(3)),
            (String::new(), ManifestError::Line(2)),
            (
                format!("{hex} 0 .git/x"),
                ManifestError::BuiltIn(ArtifactPath::parse(".git/x").unwrap()),
            ),
        ] {
            assert_eq!(one(&line), Err(why), "{line}");
        }
        assert_eq!(
            Manifest::parse(b"weightlock-manifest-v2\n"),
            Err(ManifestError::FirstLine)
        );
        assert_eq!(
            Manifest::parse(b"\xef\xbb\xbfweightlock-manifest-v1\n"),
            Err(ManifestError::FirstLine)
        );
        assert_eq!(Manifest::parse(b"\xff"), Err(ManifestError::NotUtf8));
        let unfinished = format!("weightlock-manifest-v1\n{hex} 0 a");
        assert_eq!(
            Manifest::parse(unfinished.as_bytes()),
            Err(ManifestError::Unfinished)
        );
    }

    #[test]
    fn built_in_names_are_whole_components_at_the_root() {
        for (path, left_out) in [
            ("model.sig", true),
            ("sub/model.sig", false),
            (".git", true),
            (".git/HEAD", true),
            (".gitmodules", false),
            ("sub/.gitignore", false),
            (".cache/huggingface/x", true),
            (".cache/other", false),
            (".weightlock/evidence/x", true),
        ] {
            assert_eq!(
                is_built_in(&ArtifactPath::parse(path).unwrap()),
                left_out,
                "{path}"
            );
        }
    }

    #[test]
    fn subjects_name_the_model_first() {
        let manifest = Manifest::new([file("b", "2"), file("a", "1")]).unwrap();
        let names: Vec<_> = manifest
            .subjects("tiny")
            .into_iter()
            .map(|subject| subject.name)
            .collect();
        assert_eq!(names, ["tiny", "a", "b"]);
        assert_eq!(manifest.subjects("tiny")[0].sha256, manifest.digest());
    }

    proptest! {
        #[test]
        fn reads_back_what_it_writes(names in proptest::collection::btree_set("[^/\0]{1,12}(/[^/\0]{1,5})?", 0..8)) {
            let files = names.iter().filter_map(|name| ArtifactPath::parse(name.clone()).ok());
            let files: Vec<_> = files.map(|path| file(path.as_str(), path.as_str())).collect();
            if let Ok(manifest) = Manifest::new(files) {
                prop_assert_eq!(Manifest::parse(manifest.to_text().as_bytes()), Ok(manifest.clone()));
                for file in manifest.files() {
                    prop_assert_eq!(manifest.file(&file.path), Some(file));
                }
            }
        }

        #[test]
        fn never_panics_and_accepts_only_canonical_texts(text in "(weightlock-manifest-v1\n)?([0-9a-f]{64} [0-9]{1,3} .{0,9}\n){0,3}") {
            if let Ok(manifest) = Manifest::parse(text.as_bytes()) {
                prop_assert_eq!(manifest.to_text(), text);
            }
        }
    }

    /// The seeds of the fuzz target: three are sound, each of the others breaks one rule.
    #[test]
    fn what_is_read_is_written_back() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/manifest");
        let mut sound = 0;
        for seed in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            if let Ok(manifest) = Manifest::parse(&bytes) {
                assert_eq!(manifest.to_text().into_bytes(), bytes);
                sound += 1;
            }
        }
        assert_eq!(sound, 3);
    }
}

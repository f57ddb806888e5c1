//! What lies under names that are passed over (`.git`, `.github`, `.cache/huggingface`, …) and a loader could read.
//!
//! Nothing there is hashed, signed or scanned. Configuration can name it in any format, in any spelling, or be made to by code; so it is
//! asked what is there, and not who names it: a pickle, weights or code has no business under such a name. What tools leave there is
//! let be:
//!
//! | where | what | known by |
//! |---|---|---|
//! | `.git/objects` | objects | a zlib stream that begins with the kind of an object |
//! | `.git/objects/pack` | packs and their indexes | their first bytes, and no archive at their end |
//! | `.git/lfs/objects` | copies of files of the model | SHA-256, computed |
//! | everywhere | text, JSON, lists | a loader that took it for more would find nothing |

use std::{collections::BTreeSet, path::Component};

use weightlock_artifact::{
    digest::{Algorithm, Digest, Hasher},
    evidence::EvidenceName,
    inventory::{RootKind, Scope},
    manifest::is_built_in,
    path::ArtifactPath,
};
use weightlock_format::{
    container::stream::{Kind, Packed},
    content::Content,
    detect::{Format, HEAD_BYTES},
    loadable::{EXTENSIONS, Loadable},
    unpickled::{could_be_unpickled, ends_as_zip},
};

use crate::{
    commands::{scan, subject::Hashed},
    diagnostic::Diagnostic,
    interrupt,
    sources::{Source, Target},
    text::Shown,
};

/// Files that are looked at; a clone has some hundred.
const MOST: usize = 50_000;
/// Those that are told.
const MOST_TOLD: usize = 8;
/// Bytes that are hashed at once.
const BLOCK: usize = 1 << 20;

/// What a loader could read, a sentence each. A model of one file and an image have no such names. It is the folder that is asked also
/// where its files were read into memory: the verdict is about the model, whoever asks.
pub(super) fn loadable_there(hashed: &Hashed) -> Result<Vec<String>, Diagnostic> {
    let root = hashed.root();
    if *root.kind() != RootKind::Folder || root.view().is_some() {
        return Ok(Vec::new());
    }
    let target = Target::below(root.on_disk()?, &Scope::everything())?;
    let mut told = links(hashed, &target);
    let known = known(hashed);
    let names = target.names()?.into_iter().zip(target.sources());
    let there = names.filter(|(path, _)| is_built_in(path) && !is_known(hashed, path));
    for (number, (path, source)) in there.enumerate() {
        if number >= MOST {
            told.push(format!(
                "more than {MOST} files lie under names that are passed over, and were not all looked at"
            ));
            break;
        }
        if interrupt::signal().is_some() {
            return Err(weightlock_artifact::Error::Interrupted.into());
        }
        if told.len() < MOST_TOLD && could_be_read(&path, &source, &known)? {
            told.push(format!(
                "{path} is passed over as no part of the model, and a loader could read it"
            ));
        }
    }
    Ok(told)
}

/// Links lead a loader wherever they lead; what lies beside them is looked at by itself.
fn links(hashed: &Hashed, target: &Target) -> Vec<String> {
    let Target::Folder(inventory) = target else {
        return Vec::new();
    };
    let irregular = inventory.irregular().iter();
    let leads_away = |path: &ArtifactPath| is_built_in(path) && !stays(hashed, path);
    let there =
        irregular.filter(|it| ArtifactPath::parse(it.name.clone()).is_ok_and(|path| leads_away(&path)));
    let told = there.map(|it| {
        format!(
            "{} is passed over as no part of the model, and {}",
            Shown(&it.name),
            it.kind
        )
    });
    told.take(MOST_TOLD).collect()
}

/// Whether it is a link to what lies in its own folder.
fn stays(hashed: &Hashed, path: &ArtifactPath) -> bool {
    let target = std::fs::read_link(hashed.root().join(path.as_str()));
    target.is_ok_and(|target| {
        let mut parts = target.components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
    })
}

/// Whether it is a file of the model all the same: one that somebody of the policies signed.
fn is_known(hashed: &Hashed, path: &ArtifactPath) -> bool {
    hashed.manifest().is_some_and(|it| it.file(path).is_some())
}

/// The digests of the model's files.
fn known(hashed: &Hashed) -> BTreeSet<Digest> {
    let files = hashed.manifest().map(|it| it.files()).unwrap_or_default();
    files.iter().map(|file| *file.sha256()).collect()
}

fn could_be_read(path: &ArtifactPath, source: &Source, known: &BTreeSet<Digest>) -> Result<bool, Diagnostic> {
    let failed = |error| Diagnostic::from(weightlock_artifact::Error::io("read", &source.name, error));
    let content = scan::opened(source).map_err(Diagnostic::from)?;
    if is_of_git(path, &content).map_err(failed)? {
        return Ok(false);
    }
    if !is_loadable(path, &content).map_err(failed)? {
        return Ok(false);
    }
    match copied(path) {
        Some(digest) if known.contains(&digest) => Ok(sha256(&content).map_err(failed)? != digest),
        _ => Ok(true),
    }
}

/// Whether it is an object of git, or a file of many.
fn is_of_git(path: &ArtifactPath, content: &Content) -> std::io::Result<bool> {
    const KINDS: [&[u8]; 4] = [b"blob ", b"tree ", b"commit ", b"tag "];
    const FILES: [&[u8]; 5] = [b"PACK\0", b"\xfftOc", b"DIRC\0", b"RIDX", b"MIDX"];
    if !path.as_str().starts_with(".git/") {
        return Ok(false);
    }
    let head = content.read(0, HEAD_BYTES)?;
    let is_object = head.first() == Some(&0x78) && {
        let inflated = Packed::stream(content.clone(), Kind::Zlib).head(8);
        KINDS.iter().any(|kind| inflated.starts_with(kind))
    };
    let is_file = FILES.iter().any(|magic| head.starts_with(magic));
    Ok((is_object || is_file) && !ends_as_zip(content)?)
}

/// Whether a loader could take it for a pickle, for weights or for code.
fn is_loadable(path: &ArtifactPath, content: &Content) -> std::io::Result<bool> {
    let by_name = |wanted: Loadable| {
        let base = path.base_name().to_lowercase();
        let extension = base
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
            .to_owned();
        let mut kinds = EXTENSIONS.iter().filter(move |(kind, _)| *kind == wanted);
        kinds.any(|(_, words)| words.contains(&extension.as_str()))
    };
    // Scripts of hooks are run by git, and by no loader.
    let is_harmless = matches!(
        Format::of_content(content)?,
        Format::Json
            | Format::Xml
            | Format::Image
            | Format::Media
            | Format::Pdf
            | Format::Text
            | Format::Script
            | Format::Empty
            | Format::Unknown
    );
    let is_named = by_name(Loadable::Code) || by_name(Loadable::Weights) && content.size() > 0;
    Ok(!is_harmless || is_named && !is_evidence(path) || could_be_unpickled(path, content)?)
}

/// Whether it has the name of evidence; tables of leaves end like weights.
fn is_evidence(path: &ArtifactPath) -> bool {
    let below = path.as_str().strip_prefix(".weightlock/");
    let below = below.and_then(|below| ArtifactPath::parse(below).ok());
    below.is_some_and(|below| EvidenceName::parse(&below).is_ok())
}

/// What git LFS keeps a copy of, as its name says.
fn copied(path: &ArtifactPath) -> Option<Digest> {
    let name = path.as_str().strip_prefix(".git/lfs/objects/")?;
    let (_, hex) = name.rsplit_once('/')?;
    Digest::from_hex(Algorithm::Sha256, hex).ok()
}

fn sha256(content: &Content) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut at = 0;
    while at < content.size() {
        let block = content.read(at, BLOCK)?;
        if block.is_empty() {
            break;
        }
        if interrupt::signal().is_some() {
            return Err(std::io::Error::other("interrupted"));
        }
        hasher.update(&block);
        at = at.saturating_add(block.len() as u64);
    }
    Ok(hasher.finish())
}

//! An OCI image layout: `oci-layout`, `index.json`, `blobs/sha256/<hex>` (image specification 1.1, "Image Layout").
//!
//! The index may name further indexes; all of them are read, up to limits, and what is left are manifests. Those that are about another
//! (signatures, attestations) are no models. Of several the user says which: `LAYOUT:TAG`, `LAYOUT@sha256:…`, or the path of the
//! manifest's blob.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    rc::Rc,
};

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::ArtifactPath,
};
use weightlock_format::{
    image::{Descriptor, Document, Index, MAX_BYTES, Manifest, layout_version},
    reason::LIMIT,
};

use super::{
    Opened,
    image::{Called, ImageKind, Repository, Store, broken},
};
use crate::{
    diagnostic::Diagnostic,
    explanations::{CHOOSE, NOTHING_KNOWN},
    sources,
    text::{Shown, quoted},
};

/// The file that says that this is a layout.
const MARK: &str = "oci-layout";
/// Bytes of it.
const MARK_BYTES: usize = 4096;
/// Indexes and manifests that are read. Registries' indexes have some ten.
const MOST_DOCUMENTS: usize = 256;
/// Bytes of all of them; what is read of them is kept until one is chosen.
const MOST_BYTES: u64 = 32 << 20;
/// Images that are told.
const MOST_TOLD: usize = 8;

/// One image that could be meant.
struct Candidate {
    digest: Digest,
    tags: Vec<Rc<str>>,
    /// A tag of it that names something else besides: another client could take that one.
    disputed: Option<Rc<str>>,
    manifest: Manifest,
}

/// What of a layout is meant.
enum Wanted {
    Any,
    Tag(String),
    Digest(Digest),
}

/// The image in a layout; `None` for what is no layout.
pub(super) fn open(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    if let Some(opened) = by_blob(path)? {
        return Ok(Some(opened));
    }
    let Some((folder, wanted)) = split(path)? else {
        return Ok(None);
    };
    let store = Store::open(ImageKind::Oci, &folder)?;
    let mut fitting = candidates(&store)?;
    fitting.retain(|one| match &wanted {
        Wanted::Any => true,
        Wanted::Tag(tag) => one.tags.iter().any(|it| **it == **tag),
        Wanted::Digest(digest) => one.digest == *digest,
    });
    match fitting.as_slice() {
        [one] => match (&one.disputed, &wanted) {
            (Some(tag), Wanted::Any | Wanted::Tag(_)) => Err(disputed(&folder, one, tag)),
            _ => model(&store, path, one).map(Some),
        },
        [] => Err(none(path, &store, &wanted)),
        many => Err(several(&folder, many)),
    }
}

/// Every image in a layout; `None` for what is no layout.
pub(super) fn all(path: &Path) -> Result<Option<Vec<Opened>>, Diagnostic> {
    let Some((folder, Wanted::Any)) = split(path)? else {
        return Ok(open(path)?.map(|one| vec![one]));
    };
    let store = Store::open(ImageKind::Oci, &folder)?;
    let found = candidates(&store)?;
    let is_one = found.len() == 1;
    let opened = found.iter().map(|one| {
        let named = format!("{}@{}", path.display(), one.digest);
        let shown = if is_one {
            path.to_owned()
        } else {
            PathBuf::from(named)
        };
        model(&store, &shown, one)
    });
    opened.collect::<Result<Vec<_>, _>>().map(Some)
}

fn model(store: &Store<'_>, path: &Path, one: &Candidate) -> Result<Opened, Diagnostic> {
    let shown = store.folder.join(format!("blobs/sha256/{}", one.digest.hex()));
    store.model(path, &one.manifest, called(one.digest, &one.tags), &shown)
}

fn called(manifest: Digest, tags: &[Rc<str>]) -> Called {
    Called {
        manifest,
        reference: tags.first().map(|tag| tag.to_string()),
        names: tags.iter().map(|tag| Repository::of_reference(tag)).collect(),
    }
}

fn is_layout(folder: &Path) -> bool {
    folder.join(MARK).symlink_metadata().is_ok()
}

/// The folder, and what is said behind it where no file has that name.
fn split(path: &Path) -> Result<Option<(PathBuf, Wanted)>, Diagnostic> {
    if path.symlink_metadata().is_ok() {
        return Ok(is_layout(path).then(|| (path.to_owned(), Wanted::Any)));
    }
    let bytes = path.as_os_str().as_bytes();
    let at = |sign: u8| bytes.iter().rposition(|byte| *byte == sign);
    let parts = |at: usize| {
        let folder = bytes.get(..at).map(|it| PathBuf::from(OsStr::from_bytes(it)));
        let rest = bytes
            .get(at.saturating_add(1)..)
            .and_then(|it| std::str::from_utf8(it).ok());
        Some((folder?, rest?.to_owned()))
    };
    if let Some((folder, rest)) = at(b'@').and_then(parts)
        && is_layout(&folder)
    {
        let hex = rest.strip_prefix("sha256:").unwrap_or_default();
        let digest = Digest::from_hex(Algorithm::Sha256, hex)
            .map_err(|error| Diagnostic::of(crate::explanations::USAGE, &error).at(sources::shown(path)))?;
        return Ok(Some((folder, Wanted::Digest(digest))));
    }
    let tagged = at(b':').and_then(parts).filter(|(folder, _)| is_layout(folder));
    Ok(tagged.map(|(folder, tag)| (folder, Wanted::Tag(tag))))
}

/// A manifest that was named by the path of its blob.
fn by_blob(path: &Path) -> Result<Option<Opened>, Diagnostic> {
    let Ok(whole) = path.canonicalize() else {
        return Ok(None);
    };
    let named = whole.file_name().and_then(OsStr::to_str).map(str::to_owned);
    let digest = named.and_then(|name| Digest::from_hex(Algorithm::Sha256, &name).ok());
    let folder = whole.parent().filter(|folder| folder.ends_with("blobs/sha256"));
    let layout = folder.and_then(|folder| folder.ancestors().nth(2));
    let (Some(digest), Some(layout)) = (digest, layout.filter(|layout| is_layout(layout))) else {
        return Ok(None);
    };
    let size = whole.symlink_metadata().map_or(u64::MAX, |found| found.len());
    if size > MAX_BYTES as u64 {
        return Ok(None);
    }
    let store = Store::open(ImageKind::Oci, layout)?;
    check(&store)?;
    let text = store.read(&format!("blobs/sha256/{}", digest.hex()), MAX_BYTES)?;
    // Whatever is no manifest is a blob, and looked at as such.
    let Ok(Document::Manifest(manifest)) = Document::parse(&text) else {
        return Ok(None);
    };
    same(&text, &digest, path)?;
    // Rules are for it by its tags, however it was named.
    let listed = candidates(&store)?;
    let tags = listed.iter().find(|one| one.digest == digest);
    let tags = tags.map_or(&[][..], |one| &one.tags);
    store.model(path, &manifest, called(digest, tags), path).map(Some)
}

fn same(text: &[u8], digest: &Digest, path: &Path) -> Result<(), Diagnostic> {
    let found = Algorithm::Sha256.digest(text);
    if found == *digest {
        return Ok(());
    }
    Err(weightlock_artifact::Error::BlobDiffers {
        path: path.to_owned(),
        what: "its digest",
        said: digest.to_string(),
        found: found.to_string(),
    }
    .into())
}

fn check(store: &Store<'_>) -> Result<(), Diagnostic> {
    let text = store.read(MARK, MARK_BYTES)?;
    layout_version(&text).map_err(|problem| broken(&problem, &store.folder.join(MARK)))
}

/// Every manifest that the index leads to and that is a model's, each once.
fn candidates(store: &Store<'_>) -> Result<Vec<Candidate>, Diagnostic> {
    check(store)?;
    let mut listed = Listed::default();
    // The first one is taken first.
    let mut waiting = index(store)?;
    waiting.iter().for_each(|named| listed.tagged(named));
    waiting.reverse();
    while let Some(named) = waiting.pop() {
        if !listed.takes(&named, store)? {
            continue;
        }
        match store.document(&named)? {
            Document::Index(index) => {
                listed.holds(&named, &index);
                waiting.extend(index.manifests.into_iter().rev());
            }
            Document::Manifest(manifest) if manifest.subject.is_some() => {
                listed.about_another.insert(named.sha256);
            }
            Document::Manifest(manifest) => listed.manifests.push((named.sha256, *manifest)),
        }
    }
    Ok(listed.candidates())
}

/// What `index.json` names.
fn index(store: &Store<'_>) -> Result<Vec<Descriptor>, Diagnostic> {
    let shown = store.folder.join("index.json");
    let text = store.read("index.json", MAX_BYTES)?;
    match Document::parse(&text).map_err(|problem| broken(&problem, &shown))? {
        Document::Index(index) => Ok(index.manifests),
        Document::Manifest(_) => {
            let told = "index.json is a manifest, and no index";
            Err(Diagnostic::new(weightlock_format::reason::MALFORMED, told).at(sources::shown(&shown)))
        }
    }
}

/// What an index leads to, as far as it was read.
///
/// A tag is what `index.json` gives: clients look for it there and in no index below. One that an index has is that of each manifest
/// below it.
#[derive(Default)]
struct Listed {
    /// What was read.
    read: BTreeSet<Digest>,
    /// The tags, with whatever each is given to.
    tags: BTreeMap<String, BTreeSet<Digest>>,
    /// What the indexes that were read hold of what is read.
    below: BTreeMap<Digest, BTreeSet<Digest>>,
    /// Manifests of models.
    manifests: Vec<(Digest, Manifest)>,
    /// Manifests about another, as they say themselves.
    about_another: BTreeSet<Digest>,
    /// Tags of what is about another: another client could take it for what the tag means.
    passed_over: BTreeSet<String>,
    bytes: u64,
}

impl Listed {
    /// Notes the tag that `index.json` gives to something.
    fn tagged(&mut self, named: &Descriptor) {
        let Some(tag) = named.reference().map(str::to_owned) else {
            return;
        };
        if !named.is_about_another() {
            self.tags.entry(tag).or_default().insert(named.sha256);
        } else if !is_of_cosign(&tag) {
            self.passed_over.insert(tag);
        }
    }

    fn holds(&mut self, named: &Descriptor, index: &Index) {
        let read = index.manifests.iter().filter(|one| !one.is_about_another());
        self.below
            .insert(named.sha256, read.map(|one| one.sha256).collect());
    }

    /// Whether to read what is named: not what is about another, and nothing twice.
    fn takes(&mut self, named: &Descriptor, store: &Store<'_>) -> Result<bool, Diagnostic> {
        if named.is_about_another() || !self.read.insert(named.sha256) {
            return Ok(false);
        }
        self.bytes = named.size.saturating_add(self.bytes);
        if self.read.len() > MOST_DOCUMENTS || self.bytes > MOST_BYTES {
            let told = format!(
                "the index leads to more than {MOST_DOCUMENTS} manifests and indexes, or to more than {MOST_BYTES} bytes of them"
            );
            let shown = store.folder.join("index.json");
            return Err(Diagnostic::new(LIMIT, told).at(sources::shown(&shown)));
        }
        Ok(true)
    }

    /// Here and not before: a tag may be told of what was read already.
    fn candidates(self) -> Vec<Candidate> {
        let named: BTreeSet<Digest> = self.tags.values().flatten().copied().collect();
        let led: Led = named.iter().map(|it| (*it, self.led_to(*it))).collect();
        let tags = self.tags.iter().map(|(name, digests)| Tag {
            is_disputed: self.is_disputed(name, digests, &led),
            name: Rc::from(name.as_str()),
            digests,
        });
        let tags: Vec<Tag<'_>> = tags.collect();
        let all = self.manifests.iter().map(|(digest, manifest)| {
            let own = || tags.iter().filter(|tag| tag.leads_to(digest, &led));
            let disputed = own().find(|tag| tag.is_disputed);
            Candidate {
                digest: *digest,
                tags: own().map(|tag| Rc::clone(&tag.name)).collect(),
                disputed: disputed.map(|tag| Rc::clone(&tag.name)),
                manifest: manifest.clone(),
            }
        });
        all.collect()
    }

    /// Whether another client could take a tag for something else: of two, one takes the first and another the last.
    fn is_disputed(&self, tag: &str, digests: &BTreeSet<Digest>, led: &Led) -> bool {
        let mut all = digests.iter().filter_map(|it| led.get(it)).flatten();
        let mut names_others = || all.any(|it| self.about_another.contains(it));
        digests.len() > 1 || self.passed_over.contains(tag) || (!is_of_cosign(tag) && names_others())
    }

    /// Everything at and below a digest.
    fn led_to(&self, digest: Digest) -> BTreeSet<Digest> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![digest];
        while let Some(digest) = waiting.pop() {
            if found.insert(digest) {
                waiting.extend(self.below.get(&digest).into_iter().flatten().copied());
            }
        }
        found
    }
}

/// What lies at and below each digest that has a tag.
type Led = BTreeMap<Digest, BTreeSet<Digest>>;

/// A tag that `index.json` gives.
struct Tag<'a> {
    name: Rc<str>,
    /// What it is given to.
    digests: &'a BTreeSet<Digest>,
    is_disputed: bool,
}

impl Tag<'_> {
    fn leads_to(&self, digest: &Digest, led: &Led) -> bool {
        let mut all = self.digests.iter().filter_map(|it| led.get(it));
        all.any(|below| below.contains(digest))
    }
}

/// The tags that cosign gives to signatures, statements and documents.
fn is_of_cosign(tag: &str) -> bool {
    let rest = tag.strip_prefix("sha256-").unwrap_or_default();
    let ends = [".sig", ".att", ".sbom"];
    ends.iter()
        .any(|end| rest.strip_suffix(end).is_some_and(|hex| hex.len() == 64))
}

fn none(path: &Path, store: &Store<'_>, wanted: &Wanted) -> Diagnostic {
    let told = match wanted {
        Wanted::Any => Diagnostic::new(
            NOTHING_KNOWN,
            format!(
                "{} names no image of a model",
                sources::shown(&store.folder.join("index.json"))
            ),
        ),
        Wanted::Tag(_) | Wanted::Digest(_) => Diagnostic::new(
            weightlock_artifact::error::NOT_FOUND,
            format!("there is no such image in {}", sources::shown(store.folder)),
        ),
    };
    told.at(sources::shown(path))
}

fn disputed(folder: &Path, one: &Candidate, tag: &str) -> Diagnostic {
    let told = format!(
        "the tag {} names a model and something else besides, which another client could take",
        Shown(tag)
    );
    let named = format!("{}@{}", folder.display(), one.digest);
    Diagnostic::new(CHOOSE, told)
        .at(sources::shown(&folder.join("index.json")))
        .help(format!(
            "name it by its digest:  weightlock inspect {}",
            quoted(&named)
        ))
}

fn several(folder: &Path, many: &[Candidate]) -> Diagnostic {
    let told = Diagnostic::new(
        CHOOSE,
        format!("{} holds {} images", sources::shown(folder), many.len()),
    )
    .at(sources::shown(folder));
    many.iter().take(MOST_TOLD).fold(told, |told, one| {
        let folder = folder.display();
        let name = match one.tags.first() {
            Some(tag) if ArtifactPath::parse(&**tag).is_ok() => format!("{folder}:{tag}"),
            _ => format!("{folder}@{}", one.digest),
        };
        told.help(format!(
            "name one:  {}   {}",
            quoted(&name),
            Shown(&one.manifest.artifact_type)
        ))
    })
}

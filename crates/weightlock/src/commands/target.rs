//! What several verbs do with a target: open it, find its signature, resolve names below it.

use std::{
    io::{ErrorKind, Read as _},
    path::{Component, Path, PathBuf},
};

use weightlock_artifact::{
    Error,
    evidence::{Place, Store},
    input,
    inventory::{Links, Root, RootKind},
    path::ArtifactPath,
};
use weightlock_signing::{bundle::Bundle, oms, reason::UNSIGNED};

use crate::{cli::Selection, diagnostic::Diagnostic, explanations::USAGE, text::quoted};

const MODEL_SIG: &str = "model.sig";
const EVIDENCE: &str = ".weightlock";

/// Opens the model.
pub(crate) fn open(target: &Path, files: &Selection) -> Result<Root, Diagnostic> {
    let links = Links::following(files.allow_symlinks);
    crate::layout::refuse(target)?;
    Ok(Root::open(target, links)?)
}

/// Paths the user gave, as names below the model.
pub(crate) fn below(root: &Root, paths: &[PathBuf]) -> Result<Vec<ArtifactPath>, Diagnostic> {
    paths
        .iter()
        .map(|path| inside(root, path).ok_or_else(|| outside(root, path)))
        .collect()
}

fn outside(root: &Root, path: &Path) -> Diagnostic {
    Diagnostic::new(
        USAGE,
        format!("{} is not inside {}", path.display(), root.path().display()),
    )
    .note("paths to leave out are relative to the working directory, as in a shell")
    .help(format!(
        "--ignore-paths {}",
        quoted(&root.path().join(path).display().to_string())
    ))
}

/// The name of a path below the model, whether or not it exists; `None` when it lies elsewhere.
///
/// The last component stands for itself also where it is a link: what a link points to is another file, and a
/// stranger chose it.
pub(crate) fn inside(root: &Root, path: &Path) -> Option<ArtifactPath> {
    let model = root.path().canonicalize().ok()?;
    let absolute = std::path::absolute(path).ok()?;
    let whole = match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) => resolved(folder)?.join(name),
        _ => resolved(path)?,
    };
    let below = whole.strip_prefix(model).ok()?;
    ArtifactPath::parse(below.to_str()?).ok()
}

/// Whether a path is a model, or lies in its folder, whatever links lead there. The path itself need not exist.
pub(crate) fn is_at_or_below(path: &Path, model: &Path) -> bool {
    let parts = |path: &Path| -> Option<PathBuf> {
        let absolute = std::path::absolute(path).ok()?;
        match (absolute.parent(), absolute.file_name()) {
            (Some(folder), Some(name)) => Some(resolved(folder)?.join(name)),
            _ => resolved(&absolute),
        }
    };
    let Ok(model) = model.canonicalize() else {
        return false;
    };
    parts(path).is_some_and(|path| path.starts_with(model))
}

/// The absolute path with the links of its folder resolved. The last component itself need not exist.
fn resolved(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let mut known = absolute.as_path();
    let mut rest = Vec::new();
    loop {
        if let Ok(real) = known.canonicalize() {
            let plain = rest.iter().rev().all(|name| matches!(name, Component::Normal(_)));
            return plain.then(|| rest.iter().rev().fold(real, |path, name| path.join(name)));
        }
        rest.push(known.components().next_back()?);
        known = known.parent()?;
    }
}

/// A signature and where it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) bundle: Vec<u8>,
    /// Where further evidence about the model lies.
    pub(crate) store: Store,
}

/// Reads the signature that was named, or looks for it: in the model, then beside it.
pub(crate) fn signature(root: &Root, named: Option<&Path>) -> Result<Found, Diagnostic> {
    let stores = stores(root);
    if let Some(path) = named {
        let bundle = read(path)?;
        let own = stores.iter().find(|store| same(store.signature(), path));
        let store = own
            .or(stores.first())
            .cloned()
            .unwrap_or_else(|| Store::at(root.path(), Place::Beside));
        return Ok(Found {
            path: path.to_owned(),
            bundle,
            store,
        });
    }
    for store in stores {
        let path = store.signature().to_owned();
        if let Some(bundle) = lying(root, &store)? {
            return Ok(Found { path, bundle, store });
        }
    }
    Err(unsigned(root))
}

/// The signature that lies in a place; `None` where none does. What lies there and cannot be read is an error, and no absence.
pub(crate) fn lying(root: &Root, store: &Store) -> Result<Option<Vec<u8>>, Diagnostic> {
    let path = store.signature();
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("look at", path, error).into()),
        Ok(_) => {}
    }
    match store.place() {
        Place::Inside => in_model(root, path),
        Place::Beside => read(path),
    }
    .map(Some)
}

/// Folders that are looked at for a signature that covers a file in them.
const MOST_FOLDERS: usize = 8;

/// The nearest folder with a signature, in it or beside it, that a file without one of its own lies in; and the name of
/// the file there. `None` for a folder, and for a file that is signed by itself.
///
/// Names are taken as they were typed, because the links of a hub cache lead out of the folder that is signed. Whether the
/// signature covers the file is not asked here.
pub(crate) fn around(file: &Path) -> Option<(PathBuf, ArtifactPath)> {
    let signed = |model: &Path, place| Store::at(model, place).signature().symlink_metadata().is_ok();
    if !file.is_file() || signed(file, Place::Beside) {
        return None;
    }
    let whole = std::path::absolute(file).ok()?;
    let folders = whole.ancestors().skip(1).take(MOST_FOLDERS);
    let folder = folders
        .filter(|folder| folder.file_name().is_some())
        .find(|folder| signed(folder, Place::Inside) || signed(folder, Place::Beside))?;
    let name = whole.strip_prefix(folder).ok()?.to_str()?;
    Some((folder.to_owned(), ArtifactPath::parse(name).ok()?))
}

/// The signature among the files of an image; where a model lies as files it is found by its path.
pub(crate) fn in_image(root: &Root) -> Option<Result<Vec<u8>, Diagnostic>> {
    let name = ArtifactPath::parse(MODEL_SIG).ok()?;
    root.view()?.file(&name)?;
    Some(in_model(root, &root.join(MODEL_SIG)))
}

/// Where signatures and evidence of a model may lie, in the order they are looked for.
pub(crate) fn stores(root: &Root) -> Vec<Store> {
    let beside = Store::at(root.path(), Place::Beside);
    match root.kind() {
        // What lies in the folder of a layout is the layout's, and no file of the model.
        RootKind::Folder if root.view().is_some() => vec![beside],
        RootKind::Folder => vec![Store::at(root.path(), Place::Inside), beside],
        RootKind::File(_) => vec![beside],
    }
}

/// Where new evidence goes: into the model; beside it for a file, a hub cache snapshot, a folder that cannot be written, one
/// whose signature lies beside it or leaves no room for evidence, and when that is asked for.
///
/// Whose signature it is does not matter here: a signer who did not leave `.weightlock` out would take what is written there
/// for a file that was added, and so would every other verifier.
pub(crate) fn evidence_store(root: &Root, beside: bool) -> Store {
    let inside = Store::at(root.path(), Place::Inside);
    let outside = Store::at(root.path(), Place::Beside);
    let is_signed = |store: &Store| store.signature().symlink_metadata().is_ok();
    let has_room = match (is_signed(&inside), is_signed(&outside)) {
        (true, _) => leaves_room(&inside),
        (false, signed_beside) => !signed_beside,
    };
    let must = root.is_hub_snapshot() || root.view().is_some() || matches!(root.kind(), RootKind::File(_));
    if beside || must || !has_room || !inside.is_writable() {
        outside
    } else {
        inside
    }
}

/// Whether a signature says that evidence is no part of what was signed.
fn leaves_room(store: &Store) -> bool {
    let signature = input::read_at_most(store.signature(), Bundle::MAX_BYTES);
    let statement = signature
        .ok()
        .and_then(|bundle| oms::danger::read_unverified(&bundle).ok());
    statement.is_some_and(|statement| {
        let ignored = &statement.serialization().ignore_paths;
        ignored.iter().any(|path| path.as_str() == EVIDENCE)
    })
}

fn same(one: &Path, other: &Path) -> bool {
    resolved(one).is_some_and(|one| resolved(other) == Some(one))
}

fn unsigned(root: &Root) -> Diagnostic {
    let mut told = Diagnostic::new(UNSIGNED, format!("{} has no signature", root.path().display()));
    for store in stores(root) {
        told = told.note(format!("looked for {}", store.signature().display()));
    }
    if let Some(list) = digest_list(root) {
        let list = quoted(&list.display().to_string());
        told = told
            .note("there is a list of digests, which shows damage and not who made the model")
            .help(format!("check the list:  weightlock digest --check {list}"));
    }
    if let Some(told) = elsewhere(root, &told) {
        return told;
    }
    let model = quoted(&root.path().display().to_string());
    told.help("get the signature from the publisher and name it with --signature FILE")
        .help(format!(
            "if the model is your own:  weightlock sign --key NAME.key {model}"
        ))
}

/// What the target is instead, or where its signature is: then nobody is advised to sign.
fn elsewhere(root: &Root, told: &Diagnostic) -> Option<Diagnostic> {
    let shown = |path: &Path| quoted(&path.display().to_string());
    let whole = root.path().canonicalize().ok()?;
    let name = whole.file_name()?.to_str()?;
    let extension = whole.extension().and_then(|extension| extension.to_str());
    if matches!(extension, Some("sig" | "pub" | "key" | "pem" | "crt")) {
        return Some(
            told.clone()
                .note(format!(
                    "{name} looks like a key or a signature, not like a model"
                ))
                .help("name the model: a folder, or the file that holds the weights"),
        );
    }
    let folder = whole
        .ancestors()
        .skip(1)
        .take(8)
        .find(|folder| folder.join("model.sig").is_file())?;
    let inside = whole.strip_prefix(folder).ok()?;
    let pattern = match root.kind() {
        RootKind::File(_) => inside.to_path_buf(),
        RootKind::Folder => inside.join("**"),
    };
    let (folder, pattern) = (shown(folder), shown(&pattern));
    Some(
        told.clone()
            .note("it lies in a folder that has a signature, which covers it together with the rest")
            .help(format!(
                "check this part of it:  weightlock verify --key SIGNER.pub --only {pattern} {folder}"
            )),
    )
}

/// A plain list of digests that came with the model: `model.sha256` in it, or `NAME.sha256` beside it.
fn digest_list(root: &Root) -> Option<PathBuf> {
    let mut beside = root.path().as_os_str().to_owned();
    beside.push(".sha256");
    [root.path().join("model.sha256"), PathBuf::from(beside)]
        .into_iter()
        .find(|path| path.is_file())
}

/// Reads the signature that lies in the model. It came with the model, so the rules for the model's files hold for it:
/// a link is not followed unless links were allowed.
fn in_model(root: &Root, path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let name = ArtifactPath::parse(MODEL_SIG)
        .map_err(|error| Diagnostic::of(weightlock_artifact::error::NAME, &error))?;
    let file = root.open_plain(&name)?.map_err(|kind| {
        Diagnostic::new(kind.code(), format!("{MODEL_SIG} {kind}")).at(path.display().to_string())
    })?;
    Ok(input::read_open(file, path, Bundle::MAX_BYTES)?)
}

/// Reads a signature file, bounded.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    read_bounded(path, Bundle::MAX_BYTES)
}

/// Reads a document that was named, bounded; `-` is standard input.
pub(crate) fn read_document(path: &Path, limit: usize) -> Result<Vec<u8>, Diagnostic> {
    if path != Path::new("-") {
        return read_bounded(path, limit);
    }
    let mut text = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::io::stdin().lock().take(most).read_to_end(&mut text);
    read.map_err(|source| Error::io("read", path, source))?;
    Ok(text)
}

/// Reads at most one byte more than the limit, for the parser to refuse.
pub(crate) fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, Diagnostic> {
    Ok(input::read_at_most(path, limit)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_belongs_to_the_nearest_folder_with_a_signature() {
        let folder = tempfile::tempdir().unwrap();
        let outer = folder.path().join("outer");
        let inner = outer.join("inner");
        fs::create_dir_all(inner.join("deep")).unwrap();
        let file = inner.join("deep/weights.bin");
        fs::write(&file, "weights").unwrap();
        assert_eq!(around(&file), None);

        fs::write(outer.join("model.sig"), "").unwrap();
        let (found, name) = around(&file).unwrap();
        assert_eq!((found, name.as_str()), (outer.clone(), "inner/deep/weights.bin"));

        fs::create_dir(outer.join("inner.weightlock")).unwrap();
        fs::write(outer.join("inner.weightlock/model.sig"), "").unwrap();
        let (found, name) = around(&file).unwrap();
        assert_eq!((found, name.as_str()), (inner.clone(), "deep/weights.bin"));

        assert_eq!(around(&inner), None, "a folder is looked at as a whole");
        fs::create_dir(inner.join("deep/weights.bin.weightlock")).unwrap();
        fs::write(inner.join("deep/weights.bin.weightlock/model.sig"), "").unwrap();
        assert_eq!(around(&file), None, "it has a signature of its own");
    }

    #[test]
    fn a_link_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        fs::create_dir(&model).unwrap();
        fs::write(model.join("model.sig"), "").unwrap();
        fs::write(folder.path().join("blob"), "weights").unwrap();
        std::os::unix::fs::symlink("../blob", model.join("weights.bin")).unwrap();
        let (found, name) = around(&model.join("weights.bin")).unwrap();
        assert_eq!((found, name.as_str()), (model, "weights.bin"));
    }
}

//! A file that is named by a digest: a blob that somebody named by itself.

use weightlock_artifact::inventory::{Root, RootKind, blob::BlobName};

/// The digest that the name of a file is: `sha256-<64 hex>` of Ollama anywhere, bare digits where stores keep such files.
pub(super) fn name(root: &Root) -> Option<BlobName> {
    let RootKind::File(name) = root.kind() else {
        return None;
    };
    if let Some(hex) = name.as_str().strip_prefix("sha256-") {
        return BlobName::parse(hex).filter(|name| matches!(name, BlobName::Sha256(_)));
    }
    let whole = root.path().canonicalize().ok()?;
    let folder = whole.parent()?.file_name()?.to_str()?;
    let known = BlobName::parse(name.as_str())?;
    let fits = match known {
        BlobName::Sha256(_) => folder == "sha256" || folder == "blobs",
        BlobName::Git(_) => folder == "blobs",
    };
    fits.then_some(known)
}

//! What loaders could do with a file, as `signing` asks it and `format` knows it.

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::loadable::{Loadable, loadable};
use weightlock_signing::oms::model::LoaderView;

/// Every loader, tokenizer and Python that is known.
#[derive(Debug)]
pub(crate) struct KnownLoaders;

impl LoaderView for KnownLoaders {
    fn could_read(&self, path: &ArtifactPath, head: &[u8]) -> bool {
        loadable(path, head).is_some()
    }

    fn matters_empty(&self, path: &ArtifactPath) -> bool {
        matches!(
            loadable(path, b""),
            Some(Loadable::Code | Loadable::Template | Loadable::Tokenizer)
        )
    }
}

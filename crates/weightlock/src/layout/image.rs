//! [`Image`]: a manifest whose blobs lie in a folder, whoever keeps them there.

use std::path::{Path, PathBuf};

use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest},
    error::NOT_FOUND,
    input,
    inventory::{Blob, Root, View},
    manifest::is_built_in,
    path::ArtifactPath,
};
use weightlock_format::{
    Problem,
    image::{Descriptor, Document, MAX_BYTES, MAX_CONFIG_BYTES, Manifest, check_config, licenses},
    reason::{IMAGE_NAME, LIMIT},
};

use super::{Layout, Opened};
use crate::{diagnostic::Diagnostic, sources, text::Shown};

/// Who keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ImageKind {
    /// An OCI image layout.
    Oci,
    /// A store of Ollama.
    Ollama,
}

impl ImageKind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Oci => "oci-image",
            Self::Ollama => "ollama-model",
        }
    }

    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Oci => "an image in an OCI layout",
            Self::Ollama => "a model in a store of Ollama",
        }
    }

    /// Where a blob lies below the folder.
    fn place(self, digest: &Digest) -> String {
        match self {
            Self::Oci => format!("blobs/sha256/{}", digest.hex()),
            Self::Ollama => format!("blobs/sha256-{}", digest.hex()),
        }
    }
}

/// An image.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// Who keeps it.
    pub(crate) kind: ImageKind,
    /// The layout's folder.
    pub(crate) folder: PathBuf,
    /// What it is called there.
    pub(crate) reference: Option<String>,
    /// Every repository that the layout gives as its name.
    pub(crate) names: Vec<Repository>,
    /// SHA-256 of its manifest.
    pub(crate) manifest: Digest,
    /// What kind of artifact it says that it is.
    pub(crate) artifact_type: String,
    /// Licences that its configuration states.
    pub(crate) licenses: Vec<String>,
    /// Licences that its annotations state.
    pub(crate) annotated: Vec<String>,
    /// Archives of documents, of which a licence can be one.
    pub(crate) documents: Vec<String>,
    /// Where the blobs lie that are no files of the model: its configuration, and its manifest where that is a blob.
    pub(crate) besides: Vec<PathBuf>,
}

/// What an image is called, without the host that it lies on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Repository {
    /// Whose it is, if that is said.
    pub(crate) namespace: Option<String>,
    /// Its name.
    pub(crate) name: String,
}

impl Repository {
    /// Reads a reference: `host/namespace/name:tag@digest`, of which all but the name may be left out. A host is told by a point, a
    /// port, or as `localhost`.
    pub(super) fn of_reference(reference: &str) -> Self {
        let repository = reference.split_once('@').map_or(reference, |(before, _)| before);
        let repository = match repository.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => repository,
            _ => repository,
        };
        let is_host = |part: &str| part.contains(['.', ':']) || part.eq_ignore_ascii_case("localhost");
        match repository.split_once('/') {
            Some((host, rest)) if is_host(host) => Self::of_path(rest),
            _ => Self::of_path(repository),
        }
    }

    /// Reads `namespace/name`.
    pub(super) fn of_path(path: &str) -> Self {
        match path.rsplit_once('/') {
            Some((namespace, name)) => Self {
                namespace: Some(namespace.to_owned()),
                name: name.to_owned(),
            },
            None => Self {
                namespace: None,
                name: path.to_owned(),
            },
        }
    }
}

/// What a layout says of an image.
pub(super) struct Called {
    /// SHA-256 of its manifest.
    pub(super) manifest: Digest,
    /// As people know it.
    pub(super) reference: Option<String>,
    /// All of its names.
    pub(super) names: Vec<Repository>,
}

impl Image {
    /// Which one it is.
    pub(super) fn told(&self) -> String {
        let of = match &self.reference {
            Some(reference) => format!("{}, ", Shown(reference)),
            None => String::new(),
        };
        format!("{}: {of}manifest {}", self.kind.what(), self.manifest)
    }
}

/// A folder with blobs.
pub(super) struct Store<'a> {
    pub(super) kind: ImageKind,
    /// As the user named it.
    pub(super) folder: &'a Path,
    root: Root,
}

impl<'a> Store<'a> {
    pub(super) fn open(kind: ImageKind, folder: &'a Path) -> Result<Self, Diagnostic> {
        let root = Root::open(folder, weightlock_artifact::inventory::Links::Refused)?;
        Ok(Self { kind, folder, root })
    }

    /// A small file of the layout, read through no link.
    pub(super) fn read(&self, name: &str, limit: usize) -> Result<Vec<u8>, Diagnostic> {
        let shown = self.folder.join(name);
        let path = ArtifactPath::parse(name).map_err(|error| {
            Diagnostic::of(weightlock_artifact::error::NAME, &error).at(sources::shown(&shown))
        })?;
        let file = self.root.open_plain(&path)?.map_err(|kind| {
            Diagnostic::new(kind.code(), format!("{path} {kind}")).at(sources::shown(&shown))
        })?;
        let bytes = input::read_open(file, &shown, limit)?;
        if bytes.len() > limit {
            let told = format!("{} has more than {limit} bytes", sources::shown(&shown));
            return Err(Diagnostic::new(LIMIT, told).at(sources::shown(&shown)));
        }
        Ok(bytes)
    }

    /// The bytes that a descriptor names, which must have its size and digest.
    pub(super) fn blob(&self, named: &Descriptor, limit: usize) -> Result<Vec<u8>, Diagnostic> {
        let blob = self.placed(named)?;
        let shown = self.folder.join(blob.place.as_str());
        if named.size > limit as u64 {
            let told = format!(
                "{} is said to have {} bytes, and {limit} are read",
                sources::shown(&shown),
                named.size
            );
            return Err(Diagnostic::new(LIMIT, told).at(sources::shown(&shown)));
        }
        let bytes = match self.read(blob.place.as_str(), limit) {
            // Small ones may be given in the manifest itself.
            Err(told) if told.code() == NOT_FOUND => match &named.data {
                Some(data) => data.clone(),
                None => return Err(missing(&named.media_type, &shown)),
            },
            other => other?,
        };
        blob.has_size(bytes.len() as u64, &shown)?;
        blob.has_digest(&Algorithm::Sha256.digest(&bytes), &shown)?;
        Ok(bytes)
    }

    fn placed(&self, named: &Descriptor) -> Result<Blob, Diagnostic> {
        let place = ArtifactPath::parse(self.kind.place(&named.sha256))
            .map_err(|error| Diagnostic::of(weightlock_artifact::error::NAME, &error))?;
        Ok(Blob {
            place,
            size: named.size,
            sha256: named.sha256,
        })
    }

    /// An index or a manifest, which a descriptor names.
    pub(super) fn document(&self, named: &Descriptor) -> Result<Document, Diagnostic> {
        let text = self.blob(named, MAX_BYTES)?;
        let shown = self.folder.join(self.kind.place(&named.sha256));
        Document::parse(&text).map_err(|problem| broken(&problem, &shown))
    }

    /// The model that a manifest is, under what the user called it.
    pub(super) fn model(
        &self,
        path: &Path,
        manifest: &Manifest,
        called: Called,
        shown: &Path,
    ) -> Result<Opened, Diagnostic> {
        let config = self.blob(&manifest.config, MAX_CONFIG_BYTES)?;
        let named = match self.kind {
            ImageKind::Oci => manifest.files(),
            ImageKind::Ollama => {
                let place = self.folder.join(self.kind.place(&manifest.config.sha256));
                check_config(&config).map_err(|problem| broken(&problem, &place))?;
                manifest.files_of_ollama()
            }
        };
        let mut files = Vec::new();
        let mut documents = Vec::new();
        for (name, layer) in named.map_err(|problem| broken(&problem, shown))? {
            // What is passed over in a model would be unpacked by others, unseen.
            if is_built_in(&name) && name.as_str() != "model.sig" {
                let told = format!("a layer is called {name}, a name that is passed over in models");
                return Err(Diagnostic::new(IMAGE_NAME, told).at(sources::shown(shown)));
            }
            documents.extend(layer.is_archive_of_documents().then(|| name.to_string()));
            files.push((name, self.placed(layer)?));
        }
        let view =
            View::new(files).map_err(|clash| Diagnostic::of(IMAGE_NAME, &clash).at(sources::shown(shown)))?;
        self.there(&view)?;
        let root = Root::of_view(path, self.folder, view)?;
        let image = Image {
            kind: self.kind,
            folder: self.folder.to_owned(),
            reference: called.reference,
            names: called.names,
            manifest: called.manifest,
            artifact_type: manifest.artifact_type.clone(),
            licenses: licenses(&config),
            annotated: manifest.licenses(),
            documents,
            besides: [called.manifest, manifest.config.sha256]
                .iter()
                .map(|it| self.folder.join(self.kind.place(it)))
                .filter(|it| it.symlink_metadata().is_ok())
                .collect(),
        };
        Ok(Opened {
            root,
            layout: Layout::Image(Box::new(image)),
        })
    }

    /// Each blob must be there as a plain file of its size, before anything is said of the model.
    fn there(&self, view: &View) -> Result<(), Diagnostic> {
        for (name, blob) in view.files() {
            let shown = self.folder.join(blob.place.as_str());
            let file = match self.root.open_plain(&blob.place) {
                Ok(Ok(file)) => file,
                Ok(Err(kind)) => {
                    let told = Diagnostic::new(kind.code(), format!("{} {kind}", blob.place));
                    return Err(told.at(sources::shown(&shown)));
                }
                Err(error) if error.code() == NOT_FOUND => return Err(missing(name.as_str(), &shown)),
                Err(error) => return Err(error.into()),
            };
            let size = file
                .metadata()
                .map_err(|error| Error::io("look at", &shown, error))?
                .len();
            blob.has_size(size, &shown)?;
        }
        Ok(())
    }
}

fn missing(name: &str, shown: &Path) -> Diagnostic {
    let error = Error::BlobMissing {
        name: Shown(name).to_string(),
        path: shown.to_owned(),
    };
    Diagnostic::from(error).at(sources::shown(shown))
}

/// A list that breaks its rules.
pub(super) fn broken(problem: &Problem, shown: &Path) -> Diagnostic {
    Diagnostic::of(problem.code(), problem).at(sources::shown(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_no_namespace() {
        for (reference, namespace, name) in [
            ("v1", None, "v1"),
            ("v1.0", None, "v1.0"),
            ("x:v1", None, "x"),
            ("evil/x", Some("evil"), "x"),
            ("evil/x:v1", Some("evil"), "x"),
            ("docker.io/evil/x:v1", Some("evil"), "x"),
            ("hf.co/evil/x", Some("evil"), "x"),
            ("localhost/evil/x", Some("evil"), "x"),
            ("LocalHost:5000/evil/x", Some("evil"), "x"),
            ("registry:5000/evil/team/x:v1", Some("evil/team"), "x"),
            ("registry:5000/x", None, "x"),
            ("docker.io/evil/x@sha256:00", Some("evil"), "x"),
            ("docker.io/evil/x:v1@sha256:00", Some("evil"), "x"),
        ] {
            let found = Repository::of_reference(reference);
            assert_eq!(
                (found.namespace.as_deref(), found.name.as_str()),
                (namespace, name),
                "{reference}"
            );
        }
    }
}

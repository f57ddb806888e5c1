//! From files to a [`Graph`]: what each file says, then what follows from several.
//!
//! ```text
//! File[] ─► home ─► EXTRACTORS, one a source ─► Draft ─► infer::RULES ─► Graph
//! ```
//!
//! An [`Extractor`] reads one kind of file and states what is in it, as *declared* or, where Weightlock counted it itself, as
//! *verified*. What takes more than one file to know (who the parent is, whether the shards are whole, what kind of thing this
//! is) is decided afterwards by the rules under `infer`, which see everything at once, so that the order of reading means
//! nothing. A file that breaks its format becomes [`Unread`](crate::graph::Unread) and is listed; the rest of the model is still described.
//! Nothing is executed, and no more of a file is read than the facts need: of weights the header.

mod adapter;
mod conda;
mod config;
mod croissant;
mod dataset_card;
mod draft;
mod evaluations;
mod files;
mod generation;
mod gguf;
mod hub;
mod infer;
mod launch;
pub mod licence_form;
mod licence_text;
pub mod license;
mod locks;
mod mergekit;
mod mlflow;
mod notes;
mod onnx;
mod page;
mod pipeline;
mod places;
mod private;
pub mod purl;
mod python;
mod quantization;
mod readme;
mod requirement;
mod requirements;
mod rpm;
mod safetensors;
mod sizes;
mod snapshot;
mod system;
mod things;
mod trainer;
mod training_args;

use std::io;

use weightlock_artifact::{digest::Digest, path::ArtifactPath};
use weightlock_format::{Error, detect::Format};

pub use weightlock_format::content::Content;

use self::draft::Draft;
pub use self::draft::limit;

/// Whether a text tells about somebody's machine, or about a person: what a published document leaves out.
#[must_use]
pub fn is_private(text: &str) -> bool {
    private::is_told_by(text)
}

use crate::graph::Graph;

/// A file to be described.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// Its name below the root.
    pub path: ArtifactPath,
    /// Bytes in it.
    pub size: u64,
    /// SHA-256 of its bytes, where they were hashed.
    pub sha256: Option<Digest>,
}

/// Files that can be read.
pub trait Files {
    /// All of them, in any order.
    fn files(&self) -> &[File];

    /// Opens one; called only for the few that a source is in.
    ///
    /// # Errors
    /// What opening raises.
    fn open(&self, path: &ArtifactPath) -> io::Result<Content>;
}

/// Reads one kind of file.
trait Extractor: Sync {
    /// Whether this file is of the kind. Decided by the name; the content is not yet open.
    fn wants(&self, file: &File, draft: &Draft) -> bool;

    /// States what is in it.
    ///
    /// # Errors
    /// The file breaks its format, or reading failed. What was stated before stays.
    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error>;
}

/// Every source. The order is that of reading; it does not change the result.
const EXTRACTORS: &[&dyn Extractor] = &[
    &config::Config,
    &readme::Readme,
    &safetensors::Safetensors,
    &safetensors::ShardList,
    &gguf::Gguf,
    &adapter::Adapter,
    &quantization::QuantizationFile,
    &trainer::TrainerState,
    &training_args::TrainingArgs,
    &pipeline::Pipeline,
    &generation::Generation,
    &generation::Tokenizer,
    &mergekit::Mergekit,
    &mlflow::Mlflow,
    &onnx::Onnx,
    &croissant::Croissant,
    &evaluations::Evaluations,
    &licence_text::LicenceText,
    &python::Distribution,
    &requirements::Requirements,
    &locks::Lock,
    &conda::CondaFile,
    &conda::CondaMeta,
    &conda::CondaLock,
    &system::OsRelease,
    &system::SystemPackages,
    &system::Rpm,
    &launch::Launch,
];

/// Describes what these files are.
///
/// # Errors
/// Reading failed, or `stop` said so ([`io::ErrorKind::Interrupted`]). A broken file is no error but
/// [unread](Graph::unread).
pub fn describe(files: &dyn Files, stop: &dyn Fn() -> bool) -> io::Result<Graph> {
    let mut sorted: Vec<&File> = files.files().iter().collect();
    sorted.sort_by_key(|it| it.path.as_str());
    let mut draft = Draft::new(&sorted);
    for file in sorted {
        if stop() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        examine(file, files, &mut draft)?;
    }
    snapshot::state(&mut draft);
    infer::conclude(&mut draft);
    Ok(draft.finish())
}

/// Opens a file once, for all that want it, and not at all where nobody does.
fn examine(file: &File, files: &dyn Files, draft: &mut Draft) -> io::Result<()> {
    let is_foreign = draft.places().is_foreign(&file.path);
    // Of an environment that was not hashed, only packages are told: ten thousand names without digests say nothing.
    if !is_foreign || file.sha256.is_some() {
        files::state(file, draft);
    }
    let wanted: Vec<_> = EXTRACTORS.iter().filter(|it| it.wants(file, draft)).collect();
    if is_foreign && wanted.is_empty() {
        draft.settle(file);
        return Ok(());
    }
    let content = files.open(&file.path)?;
    if !is_foreign {
        files::state_format(file, Format::of_content(&content)?, draft);
    }
    for extractor in wanted {
        match extractor.read(file, &content, draft) {
            Ok(()) => {}
            Err(Error::Io(error)) => return Err(error),
            Err(error) => draft.leave(file, &error),
        }
    }
    draft.settle(file);
    Ok(())
}

//! Files that differ, compared by what is in them.

use std::fs::File;

use weightlock_artifact::{Error, digest::engine::Observer as _, input, path::ArtifactPath};
use weightlock_format::{
    Problem, gguf,
    layout::Layout,
    model::{Facts, examine},
    reader::Endian,
    safetensors,
};

use super::{
    FileChange, SettingChange, TensorChange, Verdict, settings,
    side::Side,
    tensors::{Pairs, Weights},
};
use crate::{context::Context, diagnostic::Diagnostic, progress, sources::Source};

/// Larger JSON documents are not compared by key: it is the limit of the reader.
const MOST_JSON: usize = 16 << 20;

/// Tensors of one side; each costs some hundred bytes of memory. The largest published models have about 100 000.
const MOST_TENSORS: usize = 2_000_000;

/// What differs in files that differ.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) tensors: Vec<TensorChange>,
    pub(super) tensors_compared: u64,
    pub(super) settings: Vec<SettingChange>,
    pub(super) notes: Vec<String>,
}

/// What was found while files were opened.
#[derive(Default)]
struct Found {
    a: Vec<Weights>,
    b: Vec<Weights>,
    content: Content,
}

impl Content {
    /// Compares the files of two models. Sides without files of their own say nothing about content.
    pub(super) fn compare(
        files: &[FileChange],
        a: &Side,
        b: &Side,
        context: &Context,
    ) -> Result<Self, Diagnostic> {
        if a.sources.is_empty() || b.sources.is_empty() {
            return Ok(Self::default());
        }
        let mut found = Found::default();
        for change in files {
            found.look(change, a, b)?;
        }
        let Found { a, b, mut content } = found;
        let pairs = Pairs::new(&a, &b);
        content.tensors_compared = pairs.len() as u64;
        let total = pairs.bytes();
        content.tensors = progress::shown_as("comparing", &context.show, |progress| {
            progress.begins(total);
            pairs.compare(progress)
        })?;
        Ok(content)
    }
}

impl Found {
    fn look(&mut self, change: &FileChange, a: &Side, b: &Side) -> Result<(), Diagnostic> {
        let Ok(path) = &ArtifactPath::parse(change.path.as_str()) else {
            return Ok(());
        };
        let Some(ours) = a.sources.get(path) else {
            if let Some(theirs) = b.sources.get(path) {
                let facts = facts(path, theirs)?;
                self.weights(path, theirs, &facts, "B")
                    .into_iter()
                    .for_each(|weights| self.b.push(weights));
            }
            return Ok(());
        };
        match change.change {
            Verdict::Changed => match b.sources.get(path) {
                Some(theirs) => self.changed(path, ours, theirs),
                None => Ok(()),
            },
            Verdict::Removed => {
                let facts = facts(path, ours)?;
                let weights = self.weights(path, ours, &facts, "A");
                self.a.extend(weights);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn changed(&mut self, path: &ArtifactPath, ours: &Source, theirs: &Source) -> Result<(), Diagnostic> {
        let (facts_a, facts_b) = (facts(path, ours)?, facts(path, theirs)?);
        let weights = self.weights(path, ours, &facts_a, "A");
        self.a.extend(weights);
        let weights = self.weights(path, theirs, &facts_b, "B");
        self.b.extend(weights);
        let name = path.as_str();
        match (&facts_a, &facts_b) {
            (Facts::Safetensors(a), Facts::Safetensors(b)) => {
                let changes = settings::of_safetensors(name, a.metadata(), b.metadata());
                self.content.settings.extend(changes);
            }
            (Facts::Gguf(a), Facts::Gguf(b)) => {
                let (file_a, file_b) = (ours.open()?, theirs.open()?);
                let changes = settings::of_gguf(name, (a.metadata(), &file_a), (b.metadata(), &file_b))
                    .map_err(|source| Error::io("read", &ours.name, source))?;
                self.content.settings.extend(changes);
            }
            _ if name.ends_with(".json") => self.json(name, ours, theirs)?,
            _ => {}
        }
        Ok(())
    }

    fn json(&mut self, name: &str, ours: &Source, theirs: &Source) -> Result<(), Diagnostic> {
        let read = |source: &Source| -> Result<Vec<u8>, Error> {
            input::read_open(source.open()?, &source.name, MOST_JSON)
        };
        match settings::of_json(name, &read(ours)?, &read(theirs)?) {
            Some(changes) if changes.is_empty() => self
                .content
                .notes
                .push(format!("{name}: other bytes, the same settings")),
            Some(changes) => self.content.settings.extend(changes),
            None => self
                .content
                .notes
                .push(format!("{name}: not JSON that can be compared by key")),
        }
        Ok(())
    }

    /// The tensors of a file whose header is sound.
    fn weights(
        &mut self,
        path: &ArtifactPath,
        source: &Source,
        facts: &Facts,
        side: &str,
    ) -> Option<Weights> {
        let (sound, endian): (Result<&Layout, &Problem>, Endian) = match facts {
            Facts::Safetensors(header) => (safetensors::Header::sound(header), Endian::Little),
            Facts::Gguf(header) => (gguf::Header::sound(header), header.endian()),
            Facts::Broken(problem) => (Err(problem), Endian::Little),
            _ => return None,
        };
        let held: usize = [&self.a, &self.b]
            .into_iter()
            .flatten()
            .map(|weights| weights.tensors.len())
            .sum();
        match sound {
            Ok(layout) if held + layout.tensors().len() <= MOST_TENSORS => Some(Weights {
                path: path.clone(),
                source: source.clone(),
                tensors: layout.tensors().to_vec(),
                endian,
            }),
            Ok(_) => {
                self.content.notes.push(format!(
                    "{path} in {side}: tensors not compared, there are more than {MOST_TENSORS}"
                ));
                None
            }
            Err(problem) => {
                self.content
                    .notes
                    .push(format!("{path} in {side}: tensors not compared, {problem}"));
                None
            }
        }
    }
}

fn facts(path: &ArtifactPath, source: &Source) -> Result<Facts, Error> {
    let mut file: File = source.open()?;
    let facts = examine(path, &mut file).map_err(|error| Error::io("read", &source.name, error))?;
    source.same(&file)?;
    Ok(facts)
}

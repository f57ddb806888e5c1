//! From what was seen and judged to the [`Report`]. Nothing is decided here: answers, verdict, findings and graph come as they are.

mod composition;
mod scanned;
mod statements;

use std::collections::BTreeMap;

use weightlock_format::{layout::Layout, model::Facts};

use super::report::{self, File, Report, Stop, Tensor, TensorFile};
use crate::{
    commands::{
        bom,
        inspect::{Inspection, Judging, answers, look::Seen, read, text, word},
    },
    diagnostic::Diagnostic,
    environment::SOURCE_DATE_EPOCH,
};

/// What the page is made from.
pub(in crate::commands::inspect) struct Material<'a> {
    /// What was seen of the model.
    pub(in crate::commands::inspect) seen: &'a Seen,
    /// What is told of it.
    pub(in crate::commands::inspect) inspection: &'a Inspection,
    /// What came of asking the policies.
    pub(in crate::commands::inspect) judging: &'a Judging,
}

impl<'a> Material<'a> {
    /// Everything that the page tells. A time that the environment states and that is none is refused.
    pub(in crate::commands::inspect) fn report(self) -> Result<Report<'a>, Diagnostic> {
        Ok(Report {
            headline: text::headline(self.inspection),
            made: self.made()?,
            judging: self.told(),
            read: read(self.inspection, self.judging),
            contradictions: self.inspection.contradictions.clone(),
            statements: statements::of(&self),
            scanned: scanned::of(self.seen),
            files: self.files(),
            tensors: tensors(self.seen),
            composition: composition::of(&self),
            inspection: self.inspection,
        })
    }

    fn told(&self) -> report::Judging {
        match self.judging {
            Judging::NotAsked => report::Judging::NotAsked,
            Judging::Done(..) => report::Judging::Done,
            Judging::Stopped(why) => report::Judging::Stopped(why.iter().map(stop).collect()),
        }
    }

    /// The time on the page: the one that the environment states, else that of the verdict. A page without a verdict has none, so
    /// that the same model has the same page.
    fn made(&self) -> Result<Option<String>, Diagnostic> {
        if let Some(seconds) = bom::stated_time()? {
            let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
            return Ok(Some(format!("{time}, as {} states", SOURCE_DATE_EPOCH.name)));
        }
        let verdict = self.inspection.verdict.as_ref();
        Ok(verdict.map(|it| it.time.clone()))
    }

    fn files(&self) -> Vec<File> {
        let judged = self
            .judging
            .done()
            .map(|(_, judged)| &judged.evidence.model.files);
        let digests: BTreeMap<&str, String> = judged
            .into_iter()
            .flatten()
            .map(|file| (file.path.as_str(), file.digest.to_string()))
            .collect();
        let formats: BTreeMap<&str, String> = self
            .seen
            .scan
            .files
            .iter()
            .map(|file| (answers::below(&file.file, self.seen), word(file.format)))
            .collect();
        let entries = self.seen.inventory.entries().iter();
        entries
            .map(|entry| {
                let path = entry.path.as_str();
                File {
                    path: path.to_owned(),
                    size: entry.stamp.size,
                    format: formats
                        .get(path)
                        .cloned()
                        .unwrap_or_else(|| "not read".to_owned()),
                    digest: digests.get(path).cloned(),
                }
            })
            .collect()
    }
}

fn stop(why: &Diagnostic) -> Stop {
    Stop {
        code: why.code().to_string(),
        why: why.sentence(),
        place: why.place().map(str::to_owned),
    }
}

/// The tensors of every file that has a list of them.
fn tensors(seen: &Seen) -> Vec<TensorFile> {
    let files = seen.facts.iter().filter_map(|(path, facts)| {
        let layout = match facts {
            Facts::Safetensors(header) => header.layout(),
            Facts::Gguf(header) => header.layout(),
            _ => return None,
        };
        Some(TensorFile {
            path: path.to_string(),
            tensors: listed(layout),
        })
    });
    files.collect()
}

fn listed(layout: &Layout) -> Vec<Tensor> {
    let mut tensors: Vec<Tensor> = layout
        .tensors()
        .iter()
        .map(|tensor| Tensor {
            name: tensor.name.clone(),
            dtype: tensor
                .dtype
                .map_or("unknown type", weightlock_format::Dtype::name),
            shape: tensor.shape.clone(),
            bytes: tensor.bytes.end.saturating_sub(tensor.bytes.start),
        })
        .collect();
    tensors.sort_by(|one, other| one.name.cmp(&other.name));
    tensors
}

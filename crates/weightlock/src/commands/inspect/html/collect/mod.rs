//! From what was seen and judged to the [`Report`]. Nothing is decided here: answers, verdict, findings and graph come as they are.

mod composition;
mod scanned;
mod statements;

use std::collections::BTreeMap;

use weightlock_format::{layout::Layout, model::Facts};

use super::report::{File, Report, Tensor, TensorFile};
use crate::{
    commands::{
        bom,
        inspect::{Inspection, answers, look::Seen, text, word},
        verdict::{Judged, Policies},
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
    /// What was judged, where a policy holds.
    pub(in crate::commands::inspect) judged: Option<(&'a Policies, &'a Judged)>,
}

impl<'a> Material<'a> {
    /// Everything that the page tells. A time that the environment states and that is none is refused.
    pub(in crate::commands::inspect) fn report(self) -> Result<Report<'a>, Diagnostic> {
        Ok(Report {
            headline: text::headline(self.inspection),
            made: self.made()?,
            contradictions: self.inspection.contradictions.clone(),
            statements: statements::of(&self),
            scanned: scanned::of(self.seen),
            files: self.files(),
            tensors: tensors(self.seen),
            composition: composition::of(&self),
            inspection: self.inspection,
        })
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
        let judged = self.judged.map(|(_, judged)| &judged.evidence.model.files);
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

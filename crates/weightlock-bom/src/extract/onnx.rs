//! ONNX: who wrote it, which operators it needs, what goes in and out, how many numbers are in it.
//! <https://github.com/onnx/onnx/blob/main/docs/IR.md>
//!
//! Initializers and constants of a kind that is trained, numbers with a fraction or quantised ones, are counted from their
//! dimensions.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_format::{
    Error,
    content::Content,
    limits::{Budget, Limits},
    onnx::{self, Fact, Kind as Outermost, Tensor},
};

use super::{Extractor, File, draft::Draft, files, page::Page, safetensors, things};
use crate::graph::{Claim, Kind, Property, Value, Verb};

/// See the module.
pub(super) struct Onnx;

impl Extractor for Onnx {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.as_str().ends_with(".onnx") && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let limits = Limits::default();
        if Outermost::of(content, &limits)? != Some(Outermost::Model) {
            return Ok(());
        }
        let mut seen = Seen::default();
        let mut budget = Budget::for_file(&limits, content.size());
        let end = onnx::read(content, Outermost::Model, &limits, &mut budget, &mut |fact| {
            seen.add(fact)
        });
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        seen.state(&page, content, draft)?;
        end
    }
}

/// What was seen in a model.
#[derive(Default)]
struct Seen {
    tensors: u64,
    numbers: Option<u64>,
    is_broken: bool,
    operators: BTreeSet<String>,
    metadata: Vec<(String, std::ops::Range<u64>)>,
    header: BTreeMap<&'static str, String>,
    sets: Vec<(String, u64)>,
    ports: Vec<(&'static str, String)>,
}

/// Types of `onnx.TensorProto` that are trained: float, uint8, int8, float16, double, bfloat16, float8, int4, uint4, float4.
const TRAINED: [u64; 13] = [1, 2, 3, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23];

impl Seen {
    fn add(&mut self, fact: Fact) {
        match fact {
            Fact::Tensor(tensor) => self.tensor(&tensor),
            Fact::Node(node)
                if !node.domain.is_empty() && node.domain != "ai.onnx" && self.operators.len() < 1000 =>
            {
                self.operators
                    .insert(format!("{}::{}", node.domain, node.operator));
            }
            Fact::Metadata { key, range } if self.metadata.len() < 1000 => self.metadata.push((key, range)),
            Fact::Header { field, text } => drop(self.header.insert(field, text)),
            Fact::Operators { domain, version } if self.sets.len() < 1000 => {
                self.sets.push((domain, version))
            }
            Fact::Port { field, name } if self.ports.len() < 1000 => self.ports.push((field, name)),
            _ => {}
        }
    }

    fn tensor(&mut self, tensor: &Tensor) {
        self.tensors = self.tensors.saturating_add(1);
        if !TRAINED.contains(&tensor.data_type) {
            return;
        }
        let numbers = tensor
            .dims
            .iter()
            .try_fold(1_u64, |all, it| all.checked_mul(u64::try_from(*it).ok()?));
        let sum = numbers.and_then(|it| self.numbers.unwrap_or(0).checked_add(it));
        self.is_broken |= sum.is_none();
        self.numbers = sum.or(self.numbers);
    }

    fn state(&self, page: &Page<'_>, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let own = files::reference(page.file);
        let source = || safetensors::counted(&page.file.path);
        let tensors = Claim::verified(Value::Number(self.tensors), source());
        draft.state(&own, Kind::File, Property::Tensors, tensors);
        if let Some(numbers) = self.numbers.filter(|_| !self.is_broken) {
            let claim = Claim::verified(Value::Number(numbers), source());
            draft.state(&own, Kind::File, Property::Parameters, claim.clone());
            draft
                .notes
                .graphs
                .push((page.of.clone(), page.file.path.clone(), claim));
        }
        self.outside(page, draft);
        for operator in &self.operators {
            page.declare(draft, Property::CustomCode, Value::text(operator), "graph.node");
        }
        for (key, range) in &self.metadata {
            let length = range.end.saturating_sub(range.start).min(4096);
            let bytes = content.read(range.start, usize::try_from(length).unwrap_or_default())?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let source = page.source(format!("metadata_props.{key}")).at(range.start);
            draft.set(&own, Kind::File, key, Claim::declared(Value::text(text), source));
        }
        Ok(())
    }

    /// Who wrote it, which sets of operators it needs, what goes in and out.
    fn outside(&self, page: &Page<'_>, draft: &mut Draft) {
        if let Some(name) = self.header.get("producer_name").filter(|it| !it.is_empty()) {
            let source = page.source("producer_name");
            let version = self.header.get("producer_version").map(String::as_str);
            let tool = things::tool(draft, name, version, &source);
            draft.relate(&page.of, Verb::UsesTool, &tool, &source);
        }
        let own = files::reference(page.file);
        for (domain, version) in &self.sets {
            let name = if domain.is_empty() { "ai.onnx" } else { domain };
            let claim = Claim::declared(Value::Number(*version), page.source("opset_import"));
            draft.set(&own, Kind::File, &format!("opset:{name}"), claim);
        }
        for (field, name) in &self.ports {
            let property = if *field == "input" {
                Property::InputField
            } else {
                Property::OutputField
            };
            page.declare(draft, property, Value::text(name), format!("graph.{field}"));
        }
    }
}

//! safetensors files, by their headers, and `*.safetensors.index.json`. <https://huggingface.co/docs/safetensors>
//!
//! Names, types and dimensions of tensors are counted from the bytes, so what is said of them is verified. The metadata of
//! a header are its writer's words.

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{
    Error, Problem,
    content::Content,
    json,
    safetensors::{
        Header,
        index::{Index, MAX_BYTES},
    },
};

use super::{
    Extractor, File,
    draft::Draft,
    files,
    notes::{Shards, Tensor, Weights},
    page::Page,
    places, things,
};
use crate::graph::{Claim, Kind, Source, Value, Verb};

/// Programs that write their version into a header. Any other `…_version` is of a format, a model or nobody knows what.
const PROGRAMS: [&str; 14] = [
    "accelerate",
    "auto_round",
    "autoawq",
    "diffusers",
    "gptqmodel",
    "llmcompressor",
    "mergekit",
    "mlx",
    "modelopt",
    "optimum",
    "peft",
    "safetensors",
    "torch",
    "transformers",
];

/// Headers.
pub(super) struct Safetensors;

impl Extractor for Safetensors {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.as_str().ends_with(".safetensors") && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let header = Header::read(&mut content.cursor())?;
        let page = Page::of(file, draft);
        let Some(owner) = draft.owner(&file.path) else {
            return Ok(());
        };
        let own = files::reference(file);
        for (key, value) in header.metadata() {
            let source = Source::file(&file.path, format!("__metadata__.{key}"));
            draft.set(
                &own,
                Kind::File,
                key,
                Claim::declared(Value::text(value), source.clone()),
            );
            let program = key.strip_suffix("_version").filter(|it| PROGRAMS.contains(it));
            if let (Some(program), Some(page)) = (program, &page) {
                let tool = things::tool(draft, program, Some(value), &source);
                draft.relate(&page.of, Verb::UsesTool, &tool, &source);
            }
        }
        draft.notes.weights.push(Weights {
            of: owner,
            is_counted: page.is_some() || draft.places().is_of_module(&file.path),
            path: file.path.clone(),
            is_gguf: false,
            is_whole: header.is_whole(),
            tensors: header.layout().tensors().iter().map(tensor).collect(),
        });
        header.sound().map_err(|problem| problem.clone())?;
        Ok(())
    }
}

/// A tensor as far as counting needs it.
pub(super) fn tensor(tensor: &weightlock_format::layout::Tensor) -> Tensor {
    Tensor {
        name: tensor.name.clone(),
        dtype: tensor.dtype,
        shape: tensor.shape.clone(),
    }
}

/// The list of shards.
pub(super) struct ShardList;

impl Extractor for ShardList {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.as_str().ends_with(".safetensors.index.json") && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
        let text = content.whole(most)?.ok_or(Problem::LimitExceeded {
            offset: 0,
            what: "the size of an index",
            asked: content.size(),
            limit: MAX_BYTES,
        })?;
        let index = Index::parse(&text)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        if let Some(total) = total_parameters(&text)? {
            let claim = Claim::declared(
                Value::text(total.to_string()),
                page.source("metadata.total_parameters"),
            );
            draft.notes.sizes.push((page.of.clone(), claim));
        }
        let folder = places::folder(&file.path);
        let inside = |shard: &ArtifactPath| {
            let name = if folder.is_empty() {
                shard.to_string()
            } else {
                format!("{folder}/{}", shard.as_str())
            };
            ArtifactPath::parse(name).ok()
        };
        let tensors = index.weight_map.iter();
        let tensors = tensors
            .filter_map(|(name, shard)| Some((name.clone(), inside(shard)?)))
            .collect();
        draft.notes.shards.push(Shards {
            of: page.of,
            path: file.path.clone(),
            tensors,
            total_size: index.total_size,
        });
        Ok(())
    }
}

fn total_parameters(text: &[u8]) -> Result<Option<u64>, Problem> {
    let limits = json::Limits {
        bytes: MAX_BYTES,
        ..json::Limits::default()
    };
    let document = json::parse_within(text, limits)?;
    Ok(document
        .pointer("/metadata/total_parameters")
        .and_then(serde_json::Value::as_u64))
}

/// The rule that counts tensors.
pub(super) fn counted(path: &ArtifactPath) -> Source {
    Source::computed("tensor-shapes", path.as_str())
}

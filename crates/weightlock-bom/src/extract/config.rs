//! `config.json` of transformers and of what resembles it: architecture, sizes, code that it asks for.
//! <https://huggingface.co/docs/transformers/main_classes/configuration>
//!
//! Models of several parts keep the sizes of the language model under `text_config`, `llm_config` or the like; those
//! count where the document itself has none.

use serde_json::Value as Json;
use weightlock_format::{Error, config::requested_code, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    hub::Named,
    notes::{By, Parent},
    page::{Page, json_of, place, text_of},
    quantization, things,
};
use crate::graph::{Claim, Property, Source, Value, Verb};

/// See the module.
pub(super) struct Config;

impl Extractor for Config {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "config.json" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let config = json_of(content)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        page.declare_at(draft, Property::ModelType, &config, "model_type", "");
        page.declare_each(draft, Property::Architecture, &config, "architectures", "");
        for key in ["torch_dtype", "dtype"] {
            page.declare_at(draft, Property::WeightsType, &config, key, "");
        }
        if config.get("tie_word_embeddings") == Some(&Json::Bool(true)) {
            draft.notes.tied.insert(page.of.clone());
        }
        sizes(&page, &config, draft);
        // MLX has the facts under `quantization`.
        for key in ["quantization_config", "quantization"] {
            if let Some(quantization) = config.get(key) {
                quantization::state(&page, quantization, key, draft);
            }
        }
        origin(&page, &config, draft);
        libraries(&page, &config, draft);
        code(&page, &text_of(content)?, draft)
    }
}

/// Where the sizes of the language model may stand.
const PARTS: [&str; 6] = [
    "",
    "text_config",
    "llm_config",
    "language_config",
    "thinker_config",
    "decoder",
];

/// Sizes and the names that families have for them.
const SIZES: [(Property, &[&str]); 4] = [
    (Property::HiddenSize, &["hidden_size", "n_embd", "d_model", "dim"]),
    (
        Property::Layers,
        &["num_hidden_layers", "n_layer", "num_layers", "n_layers"],
    ),
    (Property::VocabularySize, &["vocab_size"]),
    (
        Property::ContextLength,
        &[
            "max_position_embeddings",
            "n_positions",
            "seq_length",
            "max_seq_len",
            "n_ctx",
        ],
    ),
];

fn sizes(page: &Page<'_>, config: &Json, draft: &mut Draft) {
    for (property, names) in SIZES {
        let found = PARTS.iter().find_map(|part| {
            let object = if part.is_empty() {
                config
            } else {
                config.get(*part)?
            };
            let (key, size) = names
                .iter()
                .find_map(|key| Some((key, object.get(*key)?.as_u64()?)))?;
            Some((place(part, key), size))
        });
        if let Some((place, size)) = found {
            page.declare(draft, property, Value::Number(size), place);
        }
    }
}

/// What it was loaded from, or written to: nobody can tell which without the other files.
fn origin(page: &Page<'_>, config: &Json, draft: &mut Draft) {
    let key = "_name_or_path";
    let Some(written) = config.get(key).and_then(Json::as_str) else {
        return;
    };
    let Some(named) = Named::read(written) else {
        return;
    };
    let source = page.source(key);
    if matches!(named, Named::Local(_)) {
        page.private(draft, written, &source);
        return;
    }
    page.declare(draft, Property::LoadedFrom, Value::text(written), key);
    let parent = Parent::new(page.of.clone(), named, By::NameOrPath, source);
    draft.notes.parents.push(parent);
}

/// The libraries that wrote it.
fn libraries(page: &Page<'_>, config: &Json, draft: &mut Draft) {
    for (key, name) in [
        ("transformers_version", "transformers"),
        ("_diffusers_version", "diffusers"),
    ] {
        if let Some(version) = config.get(key).and_then(Json::as_str) {
            let source = page.source(key);
            let own = things::python(draft, name, Some(version), &source);
            draft.relate(&page.of, Verb::DependsOn, &own, &source);
        }
    }
}

/// Classes that are asked for from outside the library.
fn code(page: &Page<'_>, text: &[u8], draft: &mut Draft) -> Result<(), Error> {
    for wanted in requested_code(text)? {
        let place = format!("auto_map.{}", wanted.role);
        let class = match &wanted.repository {
            Some(repository) => format!("{repository}--{}", wanted.class),
            None => wanted.class,
        };
        page.declare(draft, Property::CustomCode, Value::text(class), place.as_str());
        let source = Source::file(&page.file.path, place);
        draft.state(
            &page.of,
            page.kind,
            Property::RemoteCode,
            Claim::declared(Value::Flag(true), source),
        );
    }
    Ok(())
}

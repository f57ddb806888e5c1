//! Models made of parts: `model_index.json` of diffusers, `modules.json` of sentence-transformers.
//! <https://huggingface.co/docs/diffusers/using-diffusers/loading>
//!
//! Parts lie in folders of their own; the list names the class that loads each. A safety checker among them is a component like
//! any other, so that its absence shows.

use serde_json::Value as Json;
use weightlock_artifact::path::ArtifactPath;
use weightlock_format::{Error, config::requested_code, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    page::{Page, json_of, text_of},
    places, things,
};
use crate::graph::{Claim, Kind, Property, Ref, Value, Verb};

/// See the module.
pub(super) struct Pipeline;

impl Extractor for Pipeline {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        matches!(
            file.path.base_name(),
            "model_index.json" | "modules.json" | "config_sentence_transformers.json"
        ) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = json_of(content)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        match &document {
            Json::Object(config) if file.path.base_name() == "config_sentence_transformers.json" => {
                versions(&page, config, draft);
                return Ok(());
            }
            Json::Object(index) => diffusers(&page, index, draft),
            Json::Array(modules) => sentence_transformers(&page, modules, draft),
            _ => {}
        }
        for wanted in requested_code(&text_of(content)?)? {
            page.declare(
                draft,
                Property::CustomCode,
                Value::text(wanted.class),
                wanted.role,
            );
            page.declare(draft, Property::RemoteCode, Value::Flag(true), "");
        }
        Ok(())
    }
}

/// `"unet": ["diffusers", "UNet2DConditionModel"]`.
fn diffusers(page: &Page<'_>, index: &serde_json::Map<String, Json>, draft: &mut Draft) {
    for (key, value) in index {
        match (key.as_str(), value) {
            ("_class_name", Json::String(class)) => {
                page.declare(draft, Property::Entrypoint, Value::text(class), key.as_str());
            }
            ("_diffusers_version", Json::String(version)) => {
                let source = page.source(key.as_str());
                let own = things::python(draft, "diffusers", Some(version), &source);
                draft.relate(&page.of, Verb::DependsOn, &own, &source);
            }
            (_, Json::Array(pair)) => {
                if let [library, class] = &pair[..]
                    && let Some(class) = class.as_str()
                    && !is_helper(class)
                {
                    part(page, key, library.as_str(), class, key, draft);
                }
            }
            _ => {}
        }
    }
}

/// `"__version__": {"sentence_transformers": "3.0.1", "pytorch": "2.3.0"}`.
fn versions(page: &Page<'_>, config: &serde_json::Map<String, Json>, draft: &mut Draft) {
    const KNOWN: [(&str, &str); 3] = [
        ("sentence_transformers", "sentence-transformers"),
        ("transformers", "transformers"),
        ("pytorch", "torch"),
    ];
    for (key, name) in KNOWN {
        let version = config
            .get("__version__")
            .and_then(|it| it.get(key))
            .and_then(Json::as_str);
        if let Some(version) = version {
            let source = page.source(format!("__version__.{key}"));
            let own = things::python(draft, name, Some(version), &source);
            draft.relate(&page.of, Verb::DependsOn, &own, &source);
        }
    }
}

/// Whether a class has nothing that was trained: it turns texts into numbers, or says in which steps noise is taken away.
fn is_helper(class: &str) -> bool {
    const ENDINGS: [&str; 6] = [
        "Scheduler",
        "Tokenizer",
        "TokenizerFast",
        "FeatureExtractor",
        "Processor",
        "ProcessorFast",
    ];
    ENDINGS.iter().any(|it| class.ends_with(it))
}

/// `{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}`.
fn sentence_transformers(page: &Page<'_>, modules: &[Json], draft: &mut Draft) {
    for (at, module) in modules.iter().enumerate() {
        let text = |key: &str| module.get(key).and_then(Json::as_str);
        // A module is no model: pooling has no weights, and those of a dense layer count for the whole.
        if let Some(class) = text("type") {
            page.declare(draft, Property::Entrypoint, Value::text(class), format!("[{at}]"));
        }
    }
}

/// A part in a folder beside the list, or in the same one.
fn part(page: &Page<'_>, folder: &str, library: Option<&str>, class: &str, place: &str, draft: &mut Draft) {
    let source = page.source(place);
    let outer = places::folder(&page.file.path);
    let full = if outer.is_empty() {
        folder.to_owned()
    } else {
        format!("{outer}/{folder}")
    };
    if folder.is_empty() || ArtifactPath::parse(full.as_str()).is_err() {
        page.declare(draft, Property::Entrypoint, Value::text(class), place);
        return;
    }
    let own = Ref::new("part", &full);
    let facts = [
        (Property::Name, Some(folder)),
        (Property::Architecture, Some(class)),
        (Property::Library, library),
    ];
    for (property, text) in facts {
        if let Some(text) = text {
            draft.state(
                &own,
                Kind::Model,
                property,
                Claim::declared(Value::text(text), source.clone()),
            );
        }
    }
    draft.relate(&page.of, Verb::Contains, &own, &source);
}

//! `generation_config.json`, `tokenizer_config.json` and chat templates: how text is made with the model.

use serde_json::Value as Json;
use weightlock_artifact::digest::Algorithm;
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    page::{Page, json_of, scalar, text_of},
    things,
};
use crate::graph::{Claim, Property, Value, Verb};

/// Settings of text generation.
pub(super) struct Generation;

impl Extractor for Generation {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "generation_config.json" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let config = json_of(content)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        for (key, value) in config.as_object().into_iter().flatten() {
            match scalar(value) {
                Some(Value::Text(version)) if key == "transformers_version" => {
                    let source = page.source(key);
                    let own = things::python(draft, "transformers", Some(&version), &source);
                    draft.relate(&page.of, Verb::DependsOn, &own, &source);
                }
                Some(value) if !key.starts_with('_') => {
                    page.declare(
                        draft,
                        Property::Generation,
                        Value::text(format!("{key}={value}")),
                        key,
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Tokenizers: chat templates, by their digests.
pub(super) struct Tokenizer;

impl Extractor for Tokenizer {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let name = file.path.base_name();
        let is_template =
            name.contains("chat_template") && (name.ends_with(".jinja") || name.ends_with(".json"));
        let is_wanted = name == "tokenizer_config.json" || is_template;
        is_wanted && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = text_of(content)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        if file.path.base_name().ends_with(".jinja") {
            template(&page, &text, "", draft);
            return Ok(());
        }
        let config = json_of(content)?;
        let Some(templates) = config.get("chat_template") else {
            return Ok(());
        };
        match templates {
            Json::String(one) => template(&page, one.as_bytes(), "chat_template", draft),
            Json::Array(many) => {
                for (at, entry) in many.iter().enumerate() {
                    if let Some(one) = entry.get("template").and_then(Json::as_str) {
                        template(&page, one.as_bytes(), &format!("chat_template[{at}]"), draft);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn template(page: &Page<'_>, text: &[u8], place: &str, draft: &mut Draft) {
    let digest = Algorithm::Sha256.digest(text);
    let claim = Claim::verified(Value::Digest(digest), page.source(place));
    draft.state(&page.of, page.kind, Property::ChatTemplate, claim);
}

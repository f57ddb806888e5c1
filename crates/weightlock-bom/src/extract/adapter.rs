//! `adapter_config.json` of PEFT. <https://huggingface.co/docs/peft/main/en/package_reference/config>

use serde_json::Value as Json;
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    hub::Named,
    notes::{By, Parent},
    page::{Page, json_of, scalar},
    things,
};
use crate::graph::{Claim, Derivation, Kind, Property, Value, Verb};

/// See the module.
pub(super) struct Adapter;

impl Extractor for Adapter {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "adapter_config.json" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let config = json_of(content)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        let facts = [
            (Property::AdapterType, "peft_type"),
            (Property::AdapterRank, "r"),
            (Property::AdapterAlpha, "lora_alpha"),
        ];
        for (property, key) in facts {
            page.declare_at(draft, property, &config, key, "");
        }
        page.declare_each(draft, Property::AdapterTarget, &config, "target_modules", "");
        if let Some(task) = config.get("task_type").and_then(Json::as_str).and_then(task) {
            let claim = Claim::inferred(Value::text(task), page.source("task_type"));
            draft.state(&page.of, page.kind, Property::Task, claim);
        }
        if let Some(version) = config.get("peft_version").and_then(Json::as_str) {
            let source = page.source("peft_version");
            let own = things::python(draft, "peft", Some(version), &source);
            draft.relate(&page.of, Verb::DependsOn, &own, &source);
        }
        parent(&page, &config, draft);
        settings(&page, &config, draft);
        Ok(())
    }
}

fn parent(page: &Page<'_>, config: &Json, draft: &mut Draft) {
    let key = "base_model_name_or_path";
    let Some(named) = config.get(key).and_then(Json::as_str).and_then(Named::read) else {
        return;
    };
    let source = page.source(key);
    let mut parent = Parent::new(page.of.clone(), named, By::Adapter, source.clone());
    parent.derivation = Some((Derivation::Adapter.word().to_owned(), source));
    parent.revision = config
        .get("revision")
        .and_then(scalar)
        .map(|it| Claim::declared(it, page.source("revision")));
    draft.notes.parents.push(parent);
}

/// The other scalars say how it was trained.
fn settings(page: &Page<'_>, config: &Json, draft: &mut Draft) {
    const KNOWN: [&str; 5] = [
        "base_model_name_or_path",
        "revision",
        "peft_type",
        "task_type",
        "peft_version",
    ];
    let step = page.step("train");
    for (key, value) in config.as_object().into_iter().flatten() {
        let listed = || {
            let items: Vec<String> = value
                .as_array()?
                .iter()
                .filter_map(|it| Some(scalar(it)?.to_string()))
                .collect();
            (!items.is_empty() && key != "target_modules").then(|| Value::text(items.join(", ")))
        };
        if !KNOWN.contains(&key.as_str())
            && let Some(value) = scalar(value).or_else(listed)
        {
            draft.set(&step, Kind::Step, key, Claim::declared(value, page.source(key)));
        }
    }
}

/// The task that PEFT's word means, in the words of the model hubs.
fn task(word: &str) -> Option<&'static str> {
    Some(match word {
        "CAUSAL_LM" => "text-generation",
        "SEQ_2_SEQ_LM" => "text2text-generation",
        "SEQ_CLS" => "text-classification",
        "TOKEN_CLS" => "token-classification",
        "QUESTION_ANS" => "question-answering",
        "FEATURE_EXTRACTION" => "feature-extraction",
        _ => return None,
    })
}

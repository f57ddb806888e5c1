//! `trainer_state.json` of transformers: what the trainer noted while it ran.
//! <https://huggingface.co/docs/transformers/main_classes/trainer>
//!
//! The last value of each measure counts; the course of the loss is in the file for whoever wants it.

use serde_json::Value as Json;
use weightlock_artifact::standing::Standing;
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    page::{Page, json_of, scalar},
};
use crate::graph::{Claim, Kind, Metric, Property, Value};

/// See the module.
pub(super) struct TrainerState;

/// What says how far it ran.
const FACTS: [(Property, &str); 3] = [
    (Property::Steps, "global_step"),
    (Property::Epochs, "epoch"),
    (Property::Compute, "total_flos"),
];
/// Settings of the run.
const SETTINGS: [&str; 7] = [
    "train_batch_size",
    "num_train_epochs",
    "max_steps",
    "logging_steps",
    "save_steps",
    "eval_steps",
    "best_model_checkpoint",
];

impl Extractor for TrainerState {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "trainer_state.json" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let state = json_of(content)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        let step = page.step("train");
        draft.ensure(&step, Kind::Step);
        let told = Page {
            of: step.clone(),
            kind: Kind::Step,
            ..page.clone()
        };
        for (property, key) in FACTS {
            told.declare_at(draft, property, &state, key, "");
        }
        for key in SETTINGS {
            if let Some(value) = state.get(key).and_then(scalar) {
                let claim = Claim::declared(value, page.source(key));
                let is_path = claim.value.as_text().is_some_and(super::hub::is_local);
                draft.set(
                    &step,
                    Kind::Step,
                    key,
                    if is_path { claim.private() } else { claim },
                );
            }
        }
        let history = state.get("log_history").and_then(Json::as_array);
        course(&page, &told, history.map_or(&[][..], Vec::as_slice), draft);
        Ok(())
    }
}

/// The last value of each measure, and how long it took.
fn course(page: &Page<'_>, step: &Page<'_>, history: &[Json], draft: &mut Draft) {
    // What the optimiser did is no measure of the model.
    const COUNTERS: [&str; 6] = [
        "epoch",
        "step",
        "total_flos",
        "learning_rate",
        "grad_norm",
        "num_input_tokens_seen",
    ];
    let mut last: std::collections::BTreeMap<&str, (usize, &Json)> = std::collections::BTreeMap::new();
    for (at, entry) in history.iter().enumerate() {
        for (key, value) in entry
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.is_number())
        {
            last.insert(key, (at, value));
        }
    }
    for (key, (at, value)) in last {
        let Some(value) = scalar(value) else {
            continue;
        };
        let source = page.source(format!("log_history[{at}].{key}"));
        if key == "train_runtime" {
            draft.state(
                &step.of,
                Kind::Step,
                Property::Duration,
                Claim::declared(value, source),
            );
            continue;
        }
        let is_speed = key.ends_with("_per_second") || key.ends_with("_runtime");
        if is_speed || COUNTERS.contains(&key) {
            continue;
        }
        draft.measure(Metric {
            details: std::collections::BTreeMap::new(),
            of: page.of.clone(),
            metric: key.to_owned(),
            value: Value::Decimal(value.to_string()),
            on: None,
            slice: if key.starts_with("eval_") {
                "evaluation"
            } else {
                "training"
            }
            .to_owned(),
            standing: Standing::Declared,
            sources: vec![source],
        });
    }
}

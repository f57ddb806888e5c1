//! What was done: the steps that settings tell of, what went into them and what came out.

use weightlock_artifact::standing::Standing;

use super::super::{draft::Draft, page::step_of};
use crate::graph::{Claim, Derivation, Kind, Property, Ref, Relation, Source, Value, Verb};

/// The rule's name.
const RULE: &str = "steps";

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    for model in super::models(draft) {
        for kind in ["train", "quantize", "merge"] {
            step(&model, kind, draft);
        }
    }
}

fn step(model: &Ref, kind: &'static str, draft: &mut Draft) {
    let step = step_of(model, kind);
    let is_quantized = kind == "quantize" && draft.notes.quantized.iter().any(|(it, _)| it == model);
    if draft.graph().component(&step).is_none() && !is_quantized {
        return;
    }
    let derivations: &[Derivation] = match kind {
        "quantize" => &[Derivation::Quantized],
        "merge" => &[Derivation::Merge],
        _ => &[Derivation::Finetune, Derivation::Adapter],
    };
    let mut inputs: Vec<Ref> = Vec::new();
    let mut is_further = false;
    for relation in draft.graph().from(model) {
        let is_parent = relation.verb == Verb::DerivedFrom
            && relation.derivation().is_some_and(|it| derivations.contains(&it));
        let is_data = kind == "train" && relation.verb == Verb::TrainedOn;
        is_further |= is_parent;
        if is_parent || is_data {
            inputs.push(relation.to.clone());
        }
    }
    let word = if kind == "train" && is_further {
        "finetune"
    } else {
        kind
    };
    let source = || Source::computed(RULE, model.as_str());
    draft.state(
        &step,
        Kind::Step,
        Property::StepKind,
        Claim::inferred(Value::text(word), source()),
    );
    draft.join(Relation::new(
        &step,
        Verb::HasOutput,
        model,
        Standing::Inferred,
        source(),
    ));
    for input in inputs {
        draft.join(Relation::new(
            &step,
            Verb::HasInput,
            &input,
            Standing::Inferred,
            source(),
        ));
    }
}

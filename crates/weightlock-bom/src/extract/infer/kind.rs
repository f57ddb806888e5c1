//! What the subject is: a model, a data set, an environment.
//!
//! Data are told by a card or a description of data where there are no weights and nothing that describes a model; an environment
//! by installed packages or lock files where there is no sign of either.

use super::super::draft::Draft;
use crate::graph::{Kind, Property, Ref, Verb};

/// Facts that only a model has.
const OF_MODELS: [Property; 6] = [
    Property::ModelType,
    Property::Architecture,
    Property::AdapterType,
    Property::Entrypoint,
    Property::QuantizationMethod,
    Property::MergeMethod,
];

/// Whether files of records lie there with a card that says nothing only cards of models say.
fn is_of_records(draft: &Draft) -> bool {
    let own = Ref::subject();
    let subject = draft.graph().component(&own);
    let says = |property| subject.is_some_and(|it| it.fact(property).is_some());
    let mut others = draft.graph().from(&own);
    draft.places().has_records()
        && !says(Property::Library)
        && !says(Property::Task)
        && !others.any(|it| matches!(it.verb, Verb::TrainedOn | Verb::EvaluatedOn))
}

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    let has_data = !draft.notes.data.is_empty() || is_of_records(draft);
    let has_weights = !draft.notes.weights.is_empty() || !draft.notes.parents.is_empty();
    let is_environment = draft.places().is_environment();
    let Some(subject) = draft.ensure(&Ref::subject(), Kind::Model) else {
        return;
    };
    let is_model = has_weights || OF_MODELS.iter().any(|it| subject.fact(*it).is_some());
    subject.kind = match (is_model, has_data, is_environment) {
        (true, _, _) | (false, false, false) => Kind::Model,
        (false, true, _) => Kind::Dataset,
        (false, false, true) => Kind::Environment,
    };
}

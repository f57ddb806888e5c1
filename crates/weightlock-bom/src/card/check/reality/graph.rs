//! What the files together tell, also where there is no structured card: how many numbers there are, and whose model it was.

use super::{Agreement, Compared, Material, Place, Saying, contradiction, is_in_readme, saying};
use crate::{
    card::Field,
    graph::{Conflict, Property, Verb, contradicts_count},
};

/// How many numbers the model is said to have beside what was counted, in the structured card and in the text of `README.md`.
pub(super) fn parameters(material: &Material<'_>, compared: &mut Compared) {
    let Some(component) = material.graph.and_then(|graph| graph.component(graph.subject())) else {
        return;
    };
    let Some(counted) = component.number(Property::Parameters) else {
        return;
    };
    let standing = component.standing(Property::Parameters);
    let found = Saying {
        value: counted.to_string(),
        place: Place::of("the tensors of the weights"),
        standing,
    };
    let ours = material.card.and_then(|(name, card)| {
        let said = card.first(Field::Parameters)?;
        Some((said.text.clone(), saying(name, &said)))
    });
    let theirs = component
        .claims(Property::ParameterClaim)
        .iter()
        .filter_map(|claim| {
            // What the header of a file of weights claims is not said by a card.
            let source = claim.sources.iter().find(|it| is_in_readme(it))?;
            let value = claim.value.as_text()?.to_owned();
            let place = Place::of(source.to_string());
            Some((
                value.clone(),
                Saying {
                    value,
                    place,
                    standing: claim.standing,
                },
            ))
        });
    for (value, saying) in ours.into_iter().chain(theirs) {
        match contradicts_count(&value, counted) {
            Some(true) => {
                let message = "more or fewer parameters are claimed than the weights hold".to_owned();
                let sayings = vec![saying, found.clone()];
                compared
                    .contradictions
                    .push(contradiction(Field::Parameters, message, sayings));
            }
            Some(false) => compared.agreements.push(Agreement {
                field: Field::Parameters,
                with: found.clone(),
            }),
            None => {}
        }
    }
}

/// The model it was made from, where the files of a model that has one parent name several. A name that is a path on somebody's
/// machine is not repeated.
pub(super) fn parents(material: &Material<'_>, compared: &mut Compared) {
    let Some(graph) = material.graph else {
        return;
    };
    let is_of_it =
        |it: &Conflict| matches!(it, Conflict::Parents { component, .. } if component == graph.subject());
    if !graph.conflicts().iter().any(is_of_it) {
        return;
    }
    let parents = graph
        .from(graph.subject())
        .filter(|it| it.verb == Verb::DerivedFrom);
    let mut sayings: Vec<Saying> = parents
        .filter_map(|parent| {
            let component = graph.component(&parent.to)?;
            let name = component
                .text(Property::Name)
                .map(|name| match component.text(Property::Namespace) {
                    Some(namespace) => format!("{namespace}/{name}"),
                    None => name.to_owned(),
                });
            Some(Saying {
                value: name.unwrap_or_else(|| "a place on somebody's machine".to_owned()),
                place: Place::of(parent.sources.first()?.to_string()),
                standing: parent.standing,
            })
        })
        .collect();
    // What the card says comes first.
    sayings.sort_by_key(|saying| !saying.place.name.starts_with("README.md"));
    if sayings
        .first()
        .is_some_and(|first| first.place.name.starts_with("README.md"))
    {
        let message = "the files of the model name different models that it was made from".to_owned();
        compared
            .contradictions
            .push(contradiction(Field::BaseModel, message, sayings));
    }
}

//! What something is called.
//!
//! 1. The address of the model, then the name in its index of results, then `_name_or_path` where it is the model's own, then
//!    the name for people.
//! 2. A name that differs from a stronger one in blanks and capitals only is a title, not another name.
//! 3. A name for people, or in an index of results, that is the parent's says nothing new: quantisers and trainers leave it
//!    as it was. It is a title, and no name.
//!
//! Names that differ otherwise stay side by side, as a conflict.

use std::collections::BTreeSet;

use super::super::{
    draft::Draft,
    hub::slug,
    notes::{Name, NameFrom},
    purl, sizes,
};
use crate::graph::{Claim, Kind, Property, Ref, Value, Verb};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    let mut names = draft.notes.names.clone();
    names.retain(|it| it.from != NameFrom::Heading);
    names.sort_by(|one, other| (&one.of, one.from, &one.source).cmp(&(&other.of, other.from, &other.source)));
    let all: BTreeSet<Ref> = names.iter().map(|it| it.of.clone()).collect();
    for of in all {
        let own: Vec<&Name> = names.iter().filter(|it| it.of == of).collect();
        name(&of, &own, draft);
    }
}

fn name(of: &Ref, names: &[&Name], draft: &mut Draft) {
    let parents = parents(of, draft);
    let mut known: Vec<String> = Vec::new();
    for name in names {
        let (Some(text), Some(full)) = (name.name.name(), name.name.full()) else {
            continue;
        };
        let claim =
            |text: &str| Claim::declared(Value::text(text), name.source.clone()).rank(rank(name.from));
        let slug = slug(text);
        let is_parents = name.from != NameFrom::Address && parents.contains(&slug);
        let is_told = known.contains(&slug) && !is_named(of, text, draft);
        let is_title = is_told || is_parents;
        let property = if is_title { Property::Title } else { Property::Name };
        draft.state(
            of,
            Kind::Model,
            property,
            claim(if is_title { &full } else { text }),
        );
        if !is_title {
            known.push(slug);
        }
        if let Some(size) = sizes::in_name(text) {
            draft.notes.sizes.push((of.clone(), claim(size)));
        }
        if let Some((namespace, _)) = name.name.parts()
            && !namespace.is_empty()
            && !is_title
        {
            draft.state(of, Kind::Model, Property::Namespace, claim(namespace));
            if !name.name.is_at_hub() {
                continue;
            }
            let purl = Claim::inferred(
                Value::text(purl::huggingface(namespace, text, None)),
                name.source.clone(),
            );
            draft.state(of, Kind::Model, Property::Purl, purl);
        }
    }
}

/// Whether exactly this is a name already.
fn is_named(of: &Ref, text: &str, draft: &Draft) -> bool {
    let claims = draft
        .graph()
        .component(of)
        .map_or(&[][..], |it| it.claims(Property::Name));
    claims.iter().any(|it| it.value.as_text() == Some(text))
}

/// The names of parents.
fn parents(of: &Ref, draft: &Draft) -> BTreeSet<String> {
    let graph = draft.graph();
    graph
        .from(of)
        .filter(|it| it.verb == Verb::DerivedFrom)
        .filter_map(|it| graph.component(&it.to)?.text(Property::Name))
        .map(slug)
        .collect()
}

/// The rank of a name by what it is taken from. That of `_name_or_path` lies between.
const fn rank(from: NameFrom) -> u8 {
    match from {
        NameFrom::Address => 10,
        NameFrom::Index => 20,
        NameFrom::Title | NameFrom::Heading => 40,
    }
}

/// The rank of a model's own name that stands in its `_name_or_path`.
pub(super) const OWN_PATH: u8 = 30;

//! Who the parents are, and what was done to them.
//!
//! | the derivation is | because |
//! |---|---|
//! | what a source says | `base_model_relation`, a tag, the configuration of an adapter, a recipe |
//! | `adapter` | there is a configuration of an adapter, or all weights are those of one |
//! | `merge` | one source names several parents |
//! | `quantized` | numbers are packed |
//! | `merge` | a tag says so; quantisers leave it as it was, so that it comes after their packing |
//! | `converted` | a GGUF file names what it was converted from, and nothing is packed |
//! | `finetune` | else |
//! | unknown | only a tracker says where it was loaded from |
//!
//! `_name_or_path` is the weakest source: after training it is the parent, after an upload sometimes the model itself. Where
//! it is the model's own name, or somebody else names the parent, it names none; where nobody else does, the parent is inferred
//! and not declared.
//!
//! A GGUF file may name both what it was converted from and what that was made from. Only the first is its parent by
//! conversion; how the other one was used is the first one's affair.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::standing::Standing;

use super::{
    super::{
        draft::Draft,
        hub::{Named, slug},
        notes::{By, NameFrom, Parent, Weights},
        purl, safetensors, things,
    },
    names::OWN_PATH,
};
use crate::graph::{Claim, Derivation, Kind, Property, Ref, Relation, Source, Value, Verb};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    let mut parents = std::mem::take(&mut draft.notes.parents);
    join_titles(&mut parents);
    parents.sort_by(|one, other| (one.by, &one.source).cmp(&(other.by, &other.source)));
    let all: BTreeSet<Ref> = parents.iter().map(|it| it.of.clone()).collect();
    let locals = locals(&parents);
    for of in &all {
        let mut mine: Vec<&Parent> = parents.iter().filter(|it| it.of == *of).collect();
        mine.retain(|it| it.by != By::NameOrPath || !is_own(it, &parents, draft));
        let stronger: Vec<&Parent> = mine
            .iter()
            .copied()
            .filter(|it| it.by != By::NameOrPath)
            .collect();
        mine.retain(|it| {
            it.by != By::NameOrPath
                || stronger.is_empty()
                || stronger.iter().any(|other| other.from.is_same(&it.from))
        });
        let default = default(of, &mine, draft);
        let converted: Vec<&Named> = mine
            .iter()
            .filter(|it| it.by == By::GgufSource)
            .map(|it| &it.from)
            .collect();
        for parent in &mine {
            let is_farther = parent.by == By::Gguf
                && !converted.is_empty()
                && !converted.iter().any(|it| it.is_same(&parent.from));
            relate(parent, &locals, default.as_ref().filter(|_| !is_farther), draft);
        }
    }
    for of in all {
        identify(&of, &parents, draft);
    }
    draft.notes.parents = parents;
}

/// A name for people, without an address, is that of the parent whose name has the same letters where another source names
/// one: `Pebble Chat` is `acme-labs/pebble-chat`.
fn join_titles(parents: &mut [Parent]) {
    let addressed: Vec<(Ref, String, Named)> = parents
        .iter()
        .filter(|it| matches!(it.from, Named::Registry { .. }) || it.location.is_some())
        .filter_map(|it| Some((it.of.clone(), slug(it.from.name()?), it.from.clone())))
        .collect();
    for parent in parents.iter_mut().filter(|it| it.location.is_none()) {
        let Named::Elsewhere { name, .. } = &parent.from else {
            continue;
        };
        let letters = slug(name);
        let found = addressed
            .iter()
            .find(|(of, its, _)| *of == parent.of && *its == letters);
        if let Some((_, _, named)) = found {
            parent.from = named.clone();
        }
    }
}

/// Numbers for the paths on machines, in their order.
fn locals(parents: &[Parent]) -> BTreeMap<Named, Ref> {
    let paths: BTreeSet<&Named> = parents
        .iter()
        .map(|it| &it.from)
        .filter(|it| matches!(it, Named::Local(_)))
        .collect();
    let number = |(at, path): (usize, &Named)| {
        let own = Ref::new("parent", &format!("local-{}", at.saturating_add(1)));
        (path.clone(), own)
    };
    paths.into_iter().enumerate().map(number).collect()
}

/// Whether `_name_or_path` is the name of the model itself; then it is stated as such.
fn is_own(parent: &Parent, all: &[Parent], draft: &mut Draft) -> bool {
    let Some((namespace, name)) = parent.from.parts() else {
        return false;
    };
    let is_parent = all
        .iter()
        .any(|it| it.of == parent.of && it.by != By::NameOrPath && it.from.is_same(&parent.from));
    let its = slug(name);
    let is_same = |heading: &str| {
        let heading = slug(heading);
        heading.strip_prefix("modelcardfor").unwrap_or(&heading) == its
    };
    let mut names = draft.notes.names.iter().filter(|it| it.of == parent.of);
    let is_own = !is_parent
        && names.any(|it| match it.from {
            NameFrom::Heading => it.name.full().is_some_and(|it| is_same(&it)),
            _ => it.name.name().is_some_and(is_same),
        });
    if is_own {
        let claim = |text: &str| Claim::declared(Value::text(text), parent.source.clone()).rank(OWN_PATH);
        draft.state(&parent.of, Kind::Model, Property::Name, claim(name));
        if !namespace.is_empty() {
            draft.state(&parent.of, Kind::Model, Property::Namespace, claim(namespace));
        }
        if parent.from.is_at_hub() {
            let purl = Claim::inferred(
                Value::text(purl::huggingface(namespace, name, None)),
                parent.source.clone(),
            );
            draft.state(&parent.of, Kind::Model, Property::Purl, purl);
        }
    }
    is_own
}

/// What was done to a parent of which no source says it, and why that is thought.
fn default(of: &Ref, parents: &[&Parent], draft: &Draft) -> Option<(Derivation, Source)> {
    let first = |by: By| parents.iter().find(|it| it.by == by).map(|it| it.source.clone());
    if let Some(source) = first(By::Adapter) {
        return Some((Derivation::Adapter, source));
    }
    if let Some(source) = first(By::Merge).or_else(|| several(parents)) {
        return Some((Derivation::Merge, source));
    }
    if let Some(source) = low_rank(of, draft) {
        return Some((Derivation::Adapter, source));
    }
    if let Some((_, source)) = draft
        .notes
        .quantized
        .iter()
        .filter(|(it, _)| it == of)
        .min_by_key(|(_, it)| it)
    {
        return Some((Derivation::Quantized, source.clone()));
    }
    let says_merged = draft
        .notes
        .merged
        .iter()
        .filter(|(it, _)| it == of)
        .map(|(_, it)| it)
        .min();
    if let Some(source) = says_merged.filter(|_| parents.iter().any(|it| it.by != By::NameOrPath)) {
        return Some((Derivation::Merge, source.clone()));
    }
    if let Some(source) = first(By::GgufSource) {
        return Some((Derivation::Converted, source));
    }
    let named = parents.iter().find(|it| it.by != By::Tracker)?;
    Some((Derivation::Finetune, named.source.clone()))
}

/// Weights that are nothing but small matrices to put beside others, whatever configuration lies with them.
fn low_rank(of: &Ref, draft: &Draft) -> Option<Source> {
    let mine: Vec<&Weights> = draft
        .notes
        .weights
        .iter()
        .filter(|it| it.of == *of && it.is_counted)
        .collect();
    let is_beside =
        |name: &str| name.contains("lora_") || name.contains(".lora.") || name.ends_with(".alpha");
    let mut names = mine
        .iter()
        .flat_map(|it| &it.tensors)
        .map(|it| it.name.as_str())
        .peekable();
    names.peek()?;
    let path = &mine.first()?.path;
    names.all(is_beside).then(|| safetensors::counted(path))
}

/// A source that names more than one parent.
fn several(parents: &[&Parent]) -> Option<Source> {
    [By::Card, By::Tag, By::Gguf].into_iter().find_map(|by| {
        let of_one: Vec<&&Parent> = parents.iter().filter(|it| it.by == by).collect();
        let names: BTreeSet<Option<String>> = of_one.iter().map(|it| it.from.full()).collect();
        (names.len() > 1).then(|| of_one.first().map(|it| it.source.clone()))?
    })
}

/// Adds the parent and the relation to it.
fn relate(
    parent: &Parent,
    locals: &BTreeMap<Named, Ref>,
    default: Option<&(Derivation, Source)>,
    draft: &mut Draft,
) {
    let own = match (&parent.from, parent.from.parts(), parent.from.full()) {
        (_, Some((namespace, name)), Some(full)) => {
            let own = Ref::new("parent", &full);
            things::named(draft, &own, Kind::Model, namespace, name, &parent.source);
            own
        }
        (Named::Local(path), ..) => {
            let Some(own) = locals.get(&parent.from) else {
                return;
            };
            let claim = Claim::declared(Value::text(path), parent.source.clone()).private();
            draft.state(own, Kind::Model, Property::Location, claim);
            own.clone()
        }
        _ => return,
    };
    let facts = [
        (Property::Version, &parent.version),
        (Property::Location, &parent.location),
        (Property::Supplier, &parent.supplier),
        (Property::Revision, &parent.revision),
    ];
    for (property, claim) in facts {
        if let Some(claim) = claim {
            draft.state(&own, Kind::Model, property, claim.clone());
        }
    }
    let is_weak = parent.by == By::NameOrPath;
    let standing = if is_weak {
        Standing::Inferred
    } else {
        Standing::Declared
    };
    let mut relation = Relation::new(
        &parent.of,
        Verb::DerivedFrom,
        &own,
        standing,
        parent.source.clone(),
    );
    let stated = parent
        .derivation
        .as_ref()
        .map(|(it, source)| Claim::declared(Value::text(it), source.clone()));
    let inferred = default.map(|(it, source)| Claim::inferred(Value::text(it.word()), source.clone()));
    let is_said = is_said(parent, draft);
    if let Some(claim) = stated.or_else(|| inferred.filter(|_| !is_said)) {
        relation = relation.with(Property::Derivation, claim);
    }
    let facts = [
        (Property::Revision, &parent.revision),
        (Property::Weight, &parent.weight),
        (Property::AppliedOn, &parent.applied_on),
    ];
    for (property, claim) in facts {
        if let Some(claim) = claim {
            relation = relation.with(property, claim.clone());
        }
    }
    draft.join(relation);
}

/// Whether a stronger source, which was read before, has said how this parent was used.
fn is_said(parent: &Parent, draft: &Draft) -> bool {
    let Some(full) = parent.from.full() else {
        return false;
    };
    let own = Ref::new("parent", &full);
    draft
        .graph()
        .from(&parent.of)
        .any(|it| it.to == own && it.claim(Property::Derivation).is_some())
}

/// Gives each parent its package URL, with the revision where there is one.
/// Only what somebody names at the hub has one.
fn identify(of: &Ref, named: &[Parent], draft: &mut Draft) {
    let graph = draft.graph();
    let at_hub: BTreeSet<Ref> = named
        .iter()
        .filter(|it| it.of == *of && it.from.is_at_hub())
        .filter_map(|it| Some(Ref::new("parent", &it.from.full()?)))
        .collect();
    let parents = graph.from(of).filter(|it| it.verb == Verb::DerivedFrom);
    let found: Vec<(Ref, String, Source)> = parents
        .filter(|it| at_hub.contains(&it.to))
        .filter_map(|relation| {
            let parent = graph.component(&relation.to)?;
            let (namespace, name) = (parent.text(Property::Namespace)?, parent.text(Property::Name)?);
            let purl = purl::huggingface(namespace, name, parent.text(Property::Revision));
            Some((relation.to.clone(), purl, relation.sources.first()?.clone()))
        })
        .collect();
    for (parent, purl, source) in found {
        let has_one = draft
            .graph()
            .component(&parent)
            .is_some_and(|it| it.fact(Property::Purl).is_some());
        if !has_one {
            draft.state(
                &parent,
                Kind::Model,
                Property::Purl,
                Claim::inferred(Value::text(purl), source),
            );
        }
    }
}

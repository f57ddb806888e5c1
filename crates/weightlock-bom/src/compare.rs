//! What differs between two graphs: facts of the same component, components that only one has, and relations.
//!
//! Components are the same when they have the same place in their model: the subject, the same file, the same package URL
//! without its version, the same name. Where a fact comes from is not compared, because two tools read the same thing in two
//! places.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Component, Graph, Kind, Property, Ref};

/// Something that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Change {
    /// Of what: a name as documents show it.
    pub component: String,
    /// Which fact; none where the whole component is in one graph only.
    pub property: Option<Property>,
    /// In the first; nothing where it is not there.
    pub before: Vec<String>,
    /// In the second.
    pub after: Vec<String>,
    /// Why it matters, where it does more than differ.
    pub note: Option<&'static str>,
}

/// Facts about a whole that follow from its files.
const OF_BYTES: [Property; 1] = [Property::Digest];

/// Every difference, in the order of names.
#[must_use]
pub fn compare(before: &Graph, after: &Graph) -> Vec<Change> {
    let (old, new) = (named(before), named(after));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(one), Some(other)) => facts(name, one, other, &mut changes),
            (one, other) => changes.push(Change {
                component: name.clone(),
                property: None,
                before: one.map(|it| digest_of(it)).into_iter().collect(),
                after: other.map(|it| digest_of(it)).into_iter().collect(),
                note: None,
            }),
        }
    }
    relations(before, after, &mut changes);
    let is_same_model = is_related(before, after);
    for change in &mut changes {
        if change.property == Some(Property::ChatTemplate) && is_same_model {
            change.note = Some("the two are quantisations of one model, which should talk alike");
        }
    }
    changes.sort();
    changes
}

/// Components by what they are in their model.
fn named(graph: &Graph) -> BTreeMap<String, &Component> {
    let all = graph.components().iter();
    all.map(|(reference, component)| (name(graph, reference, component), component))
        .collect()
}

fn name(graph: &Graph, reference: &Ref, component: &Component) -> String {
    if reference == graph.subject() {
        return "subject".to_owned();
    }
    let purl = component.text(Property::Purl).map(|it| it.split(['@', '?']).next().unwrap_or(it));
    let own = component.text(Property::Name).map(|name| match component.text(Property::Namespace) {
        Some(owner) if !owner.is_empty() => format!("{owner}/{name}"),
        _ => name.to_owned(),
    });
    let kind = kind_word(component.kind);
    match (purl, own) {
        (Some(purl), _) if component.kind == Kind::Package => purl.to_owned(),
        (_, Some(own)) => format!("{kind} {own}"),
        (Some(purl), None) => purl.to_owned(),
        (None, None) => format!("{kind} {reference}"),
    }
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "model",
        Kind::Dataset => "data",
        Kind::File => "file",
        Kind::Package => "package",
        Kind::Tool => "tool",
        Kind::Environment => "environment",
        Kind::OperatingSystem => "system",
        Kind::Hardware => "hardware",
        Kind::Step => "step",
        Kind::Person => "person",
        Kind::Organisation => "organisation",
        Kind::Pipeline => "pipeline",
    }
}

fn digest_of(component: &Component) -> String {
    let claim = component.claim(Property::Digest);
    claim.map_or_else(|| "there".to_owned(), |claim| claim.value.to_string())
}

fn facts(name: &str, one: &Component, other: &Component, changes: &mut Vec<Change>) {
    let all: BTreeSet<Property> = one.facts().keys().chain(other.facts().keys()).copied().collect();
    for property in all {
        let (before, after) = (values(one, property), values(other, property));
        if before != after && !(name == "subject" && OF_BYTES.contains(&property) && before.is_empty()) {
            changes.push(Change {
                component: name.to_owned(),
                property: Some(property),
                before,
                after,
                note: None,
            });
        }
    }
}

fn values(component: &Component, property: Property) -> Vec<String> {
    let shown = component.claims(property).iter().filter(|it| !it.is_private);
    let mut values: Vec<String> = shown.map(|it| it.value.to_string()).collect();
    values.sort();
    values
}

fn relations(before: &Graph, after: &Graph, changes: &mut Vec<Change>) {
    let all = |graph: &Graph| -> BTreeMap<String, String> {
        let ends = |reference: &Ref| {
            graph
                .component(reference)
                .map_or_else(|| reference.to_string(), |it| name(graph, reference, it))
        };
        graph
            .relations()
            .map(|it| (format!("{} {:?} {}", ends(&it.from), it.verb, ends(&it.to)), it.derivation().map_or("there", |it| it.word()).to_owned()))
            .collect()
    };
    let (old, new) = (all(before), all(after));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        if old.get(name) != new.get(name) {
            changes.push(Change {
                component: format!("relation {name}"),
                property: None,
                before: old.get(name).cloned().into_iter().collect(),
                after: new.get(name).cloned().into_iter().collect(),
                note: None,
            });
        }
    }
}

/// Whether two models are said to be forms of one: a parent of both is the same, or one is the other's parent.
fn is_related(before: &Graph, after: &Graph) -> bool {
    let family = |graph: &Graph| -> BTreeSet<String> {
        let parents = graph.from(graph.subject()).filter(|it| it.verb == crate::graph::Verb::DerivedFrom);
        let mut names: BTreeSet<String> = parents
            .filter_map(|it| Some(name(graph, &it.to, graph.component(&it.to)?)))
            .collect();
        if let Some(own) = graph.component(graph.subject()) {
            let title = own.text(Property::Name).map(|name| match own.text(Property::Namespace) {
                Some(owner) if !owner.is_empty() => format!("model {owner}/{name}"),
                _ => format!("model {name}"),
            });
            names.extend(title);
        }
        names
    };
    !family(before).is_disjoint(&family(after))
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::standing::Standing;

    use super::*;
    use crate::graph::{Claim, Relation, Source, Value, Verb};

    fn model(template: &str, parent: &str) -> Graph {
        let mut graph = Graph::about(Ref::subject(), Kind::Model);
        let say = |text: &str| Claim::declared(Value::text(text), Source::user("x"));
        graph.state(&Ref::subject(), Kind::Model, Property::ChatTemplate, say(template));
        let parent_ref = Ref::new("parent", parent);
        graph.state(&parent_ref, Kind::Model, Property::Name, say(parent));
        let relation = Relation::new(&Ref::subject(), Verb::DerivedFrom, &parent_ref, Standing::Declared, Source::user("x"));
        assert!(graph.relate(relation));
        graph
    }

    #[test]
    fn nothing_differs_from_itself() {
        assert_eq!(compare(&model("a", "base"), &model("a", "base")), []);
    }

    /// X11.
    #[test]
    fn a_template_that_differs_between_quantisations_of_one_model_is_remarked() {
        let changes = compare(&model("a", "base"), &model("b", "base"));
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].before[0].as_str(), changes[0].after[0].as_str()), ("a", "b"));
        assert!(changes[0].note.is_some());
        let strangers = compare(&model("a", "base"), &model("b", "other"));
        assert!(strangers.iter().all(|it| it.note.is_none()));
        assert!(strangers.len() > 1, "the parents differ too");
    }

    #[test]
    fn a_component_of_one_side_is_told() {
        let mut more = model("a", "base");
        let say = Claim::declared(Value::text("chats"), Source::user("x"));
        more.state(&Ref::new("dataset", "chats"), Kind::Dataset, Property::Name, say);
        let changes = compare(&model("a", "base"), &more);
        assert_eq!(changes[0].component, "data chats");
        assert!(changes[0].before.is_empty() && changes[0].after == ["there"]);
    }
}

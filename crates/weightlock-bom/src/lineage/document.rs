//! What a bill of materials says about lineage.
//!
//! | the document says | lineage |
//! |---|---|
//! | derived from, trained on, calibrated on | the first was made of the second |
//! | evaluated on | the first was measured with the second |
//! | contains a file | the second is a part of the first |
//! | contains anything else, depends on, uses a tool, ran in | the first uses the second |
//! | a step with inputs and outputs | they went in and came out |
//!
//! A thing with a SHA-256 goes by it, anything else by its package URL or its name. A document says what somebody wrote into
//! it, also when it is signed: its edges are declared, never more.

use std::collections::BTreeMap;

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    standing::Standing,
};

use super::{Builder, How, Identity, NodeId, SourceId, TooLarge};
use crate::graph::{Component, Graph, Kind, Property, Ref, Relation, Value, Verb};

/// Adds what a document says. `about` is the digest of what a statement with the document in it is about; without one the document
/// tells itself, or it is known by name only. `document` is the SHA-256 of its text, which tells its steps from those of others.
///
/// # Errors
/// [`TooLarge`].
pub fn read(
    builder: &mut Builder,
    graph: &Graph,
    about: Option<Digest>,
    document: Digest,
    source: SourceId,
) -> Result<Option<NodeId>, TooLarge> {
    let mut nodes: BTreeMap<&Ref, NodeId> = BTreeMap::new();
    for (reference, component) in graph.components() {
        let about = about.filter(|_| reference == graph.subject());
        let Some(identity) = identity(reference, component, about, document) else {
            continue;
        };
        let node = builder.node(identity.clone());
        nodes.insert(reference, node);
        name(builder, node, &identity, component, source)?;
    }
    for relation in graph.relations() {
        let (Some(from), Some(to)) = (nodes.get(&relation.from), nodes.get(&relation.to)) else {
            continue;
        };
        let is_file = graph
            .component(&relation.to)
            .is_some_and(|it| it.kind == Kind::File);
        let Some((first, how, second)) = edge(relation, is_file, *from, *to) else {
            continue;
        };
        if how == How::PartOf
            && let Some(path) = relation.to.as_str().strip_prefix("file:")
        {
            builder.call_inside(first, path);
        }
        builder.join(first, how, second, Standing::Declared, source)?;
    }
    Ok(nodes.get(graph.subject()).copied())
}

/// Tells what a thing is called, and joins what others may mean by that.
///
/// Bytes are joined to every name they have, so that whoever names them without a digest is found. Bytes of which nobody says
/// the version may be any version that others name; bytes of a known version are no other.
fn name(
    builder: &mut Builder,
    node: NodeId,
    identity: &Identity,
    component: &Component,
    source: SourceId,
) -> Result<(), TooLarge> {
    let names = Names::of(component);
    for name in &names.all {
        builder.call(node, name, Standing::Declared);
    }
    if names.all.is_empty() {
        let alone = component.text(Property::Name).unwrap_or_default();
        builder.call(node, alone, Standing::Declared);
    }
    if component.kind == Kind::File {
        return Ok(());
    }
    let is_content = matches!(identity, Identity::Content(_));
    for name in names.all.iter().filter(|_| is_content) {
        let by_name = builder.node(Identity::Named(name.clone()));
        builder.join(node, How::Called, by_name, Standing::Declared, source)?;
    }
    for name in names.of_any_version() {
        if is_content == names.is_versioned {
            continue;
        }
        let any = builder.node(Identity::Named(name));
        let (from, to) = if is_content { (node, any) } else { (any, node) };
        builder.join(from, How::Called, to, Standing::Declared, source)?;
    }
    Ok(())
}

/// The way in which something bad spreads over a relation; nothing where it does not.
fn edge(relation: &Relation, is_file: bool, from: NodeId, to: NodeId) -> Option<(NodeId, How, NodeId)> {
    Some(match relation.verb {
        Verb::DerivedFrom => (to, How::Derived(relation.derivation()), from),
        Verb::TrainedOn | Verb::CalibratedOn => (to, How::Trained, from),
        Verb::EvaluatedOn => (to, How::Evaluated, from),
        Verb::Contains if is_file => (to, How::PartOf, from),
        Verb::Contains | Verb::DependsOn | Verb::UsesTool | Verb::RanIn => (to, How::Uses, from),
        Verb::HasInput => (to, How::Input, from),
        Verb::HasOutput => (from, How::Output, to),
        Verb::InvokedBy | Verb::HasVariant => return None,
    })
}

fn identity(
    reference: &Ref,
    component: &Component,
    about: Option<Digest>,
    document: Digest,
) -> Option<Identity> {
    if let Some(digest) = about.or_else(|| sha256(component)) {
        return Some(Identity::Content(digest));
    }
    if component.kind == Kind::Step {
        let name = format!("{document} {reference}");
        return Some(Identity::Step(Algorithm::Sha256.digest(name.as_bytes())));
    }
    let alone = || component.text(Property::Name).map(str::to_owned);
    Names::of(component)
        .all
        .into_iter()
        .next()
        .or_else(alone)
        .map(Identity::Named)
}

/// The one SHA-256 of a thing. Two of them are two things, or a contradiction; neither names it.
fn sha256(component: &Component) -> Option<Digest> {
    let mut found = component
        .claims(Property::Digest)
        .iter()
        .filter_map(|claim| match &claim.value {
            Value::Digest(digest) if digest.algorithm() == Algorithm::Sha256 => Some(*digest),
            _ => None,
        });
    found.next().filter(|_| found.next().is_none())
}

/// What others may mean a thing by. A name alone is everybody's, and leads to no bytes.
struct Names {
    /// Its package URL, and its name with that of its owner.
    all: Vec<String>,
    /// Whether its version is among what is known.
    is_versioned: bool,
}

impl Names {
    fn of(component: &Component) -> Self {
        // A generic package URL is a name alone, or a digest.
        let purl = component
            .text(Property::Purl)
            .filter(|purl| !purl.starts_with("pkg:generic/"));
        let name = component.text(Property::Name);
        let owned = component
            .text(Property::Namespace)
            .zip(name)
            .map(|(owner, name)| format!("{owner}/{name}"));
        let alone = name
            .filter(|name| purl.is_none() && name.contains('/'))
            .map(str::to_owned);
        let has_revision = component.claim(Property::Revision).is_some();
        Self {
            is_versioned: has_revision || purl.is_some_and(|purl| purl.contains('@')),
            all: purl
                .map(str::to_owned)
                .into_iter()
                .chain(owned)
                .chain(alone)
                .collect(),
        }
    }

    /// Names for any version of it.
    fn of_any_version(&self) -> Vec<String> {
        let unversioned = |name: &String| name.split('@').next().map(|name| format!("{name} (any version)"));
        self.all.iter().filter_map(unversioned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::{Claim, Source},
        lineage::{Direction, Lineage},
    };

    fn digest(name: &str) -> Digest {
        Algorithm::Sha256.digest(name.as_bytes())
    }

    fn source() -> Source {
        Source::user("a test")
    }

    fn named(graph: &mut Graph, reference: &Ref, kind: Kind, owner: &str, name: &str) {
        for (property, text) in [(Property::Namespace, owner), (Property::Name, name)] {
            let claim = Claim::declared(Value::text(text), source());
            graph.state(reference, kind, property, claim);
        }
    }

    fn relate(graph: &mut Graph, verb: Verb, to: &Ref) {
        let relation = Relation::new(&Ref::subject(), verb, to, Standing::Declared, source());
        assert!(graph.relate(relation));
    }

    /// A model of acme made from another one, with data, a tokenizer package and weights.
    fn graph(name: &str, parent: &str) -> Graph {
        let mut graph = Graph::about(Ref::subject(), Kind::Model);
        named(&mut graph, &Ref::subject(), Kind::Model, "acme", name);
        let base = Ref::new("parent", parent);
        named(&mut graph, &base, Kind::Model, "acme", parent);
        relate(&mut graph, Verb::DerivedFrom, &base);
        let file = Ref::new("file", "w.safetensors");
        let claim = Claim::verified(Value::Digest(digest(&format!("{name}/w"))), source());
        graph.state(&file, Kind::File, Property::Digest, claim);
        relate(&mut graph, Verb::Contains, &file);
        let package = Ref::new("package", "pypi/tokenizers@1.0");
        let claim = Claim::declared(Value::text("pkg:pypi/tokenizers@1.0"), source());
        graph.state(&package, Kind::Package, Property::Purl, claim);
        relate(&mut graph, Verb::DependsOn, &package);
        graph
    }

    fn lineage() -> Lineage {
        let mut builder = Builder::default();
        for (name, parent) in [("chat", "base"), ("chat-q8", "chat")] {
            let source = builder.source(name);
            let graph = graph(name, parent);
            read(
                &mut builder,
                &graph,
                Some(digest(name)),
                digest("document"),
                source,
            )
            .expect("few edges");
        }
        builder.finish()
    }

    fn names_of(lineage: &Lineage, from: Identity, direction: Direction) -> Vec<String> {
        let start = lineage.find(&from).expect("a node");
        let walk = lineage.walk(start, direction, &|_| false);
        assert!(walk.reached.iter().all(|it| it.standing == Standing::Declared));
        walk.reached
            .iter()
            .map(|it| lineage.node(it.node).expect("a node").shown())
            .collect()
    }

    #[test]
    fn models_join_by_the_names_that_documents_give() {
        let lineage = lineage();
        let base = Identity::Named("acme/base".to_owned());
        assert_eq!(
            names_of(&lineage, base, Direction::Descendants),
            ["acme/chat", "acme/chat-q8"]
        );
        let weights = Identity::Content(digest("chat/w"));
        assert_eq!(
            names_of(&lineage, weights, Direction::Descendants),
            ["acme/chat", "acme/chat-q8"]
        );
    }

    #[test]
    fn a_package_is_used_and_no_ancestor() {
        let lineage = lineage();
        let package = || Identity::Named("pkg:pypi/tokenizers@1.0".to_owned());
        assert!(names_of(&lineage, package(), Direction::Descendants).is_empty());
        let users = names_of(&lineage, package(), Direction::Users);
        assert_eq!(users, ["acme/chat", "acme/chat-q8"]);
    }

    #[test]
    fn bytes_of_unknown_version_may_be_any_and_others_are_what_they_are() {
        let mut builder = Builder::default();
        let source_id = builder.source("a test");
        for (name, parent, version) in [("tuned", "base", Some("1")), ("other", "base", Some("2"))] {
            let mut graph = graph(name, parent);
            let claim = Claim::declared(
                Value::text(format!("pkg:huggingface/acme/base@{}", version.unwrap_or(""))),
                source(),
            );
            graph.state(&Ref::new("parent", parent), Kind::Model, Property::Purl, claim);
            read(
                &mut builder,
                &graph,
                Some(digest(name)),
                digest("document"),
                source_id,
            )
            .expect("few edges");
        }
        for (bytes, version) in [("some base", ""), ("base 2", "@2")] {
            let mut graph = Graph::about(Ref::subject(), Kind::Model);
            named(&mut graph, &Ref::subject(), Kind::Model, "acme", "base");
            let claim = Claim::declared(
                Value::text(format!("pkg:huggingface/acme/base{version}")),
                source(),
            );
            graph.state(&Ref::subject(), Kind::Model, Property::Purl, claim);
            read(
                &mut builder,
                &graph,
                Some(digest(bytes)),
                digest("document"),
                source_id,
            )
            .expect("few edges");
        }
        let lineage = builder.finish();
        let found = |bytes: &str| {
            let mut found = names_of(&lineage, Identity::Content(digest(bytes)), Direction::Descendants);
            found.sort();
            found
        };
        assert_eq!(found("some base"), ["acme/other", "acme/tuned"]);
        assert_eq!(found("base 2"), ["acme/other"]);
    }

    #[test]
    fn a_name_without_an_owner_leads_to_no_bytes() {
        let mut builder = Builder::default();
        let source_id = builder.source("a test");
        for (name, parent) in [("chat", "llama"), ("llama", "corpus")] {
            let mut graph = Graph::about(Ref::subject(), Kind::Model);
            let claim = Claim::declared(Value::text(name), source());
            graph.state(&Ref::subject(), Kind::Model, Property::Name, claim);
            let reference = Ref::new("parent", parent);
            let claim = Claim::declared(Value::text(parent), source());
            graph.state(&reference, Kind::Model, Property::Name, claim);
            relate(&mut graph, Verb::DerivedFrom, &reference);
            read(
                &mut builder,
                &graph,
                Some(digest(name)),
                digest("document"),
                source_id,
            )
            .expect("few edges");
        }
        let lineage = builder.finish();
        // Somebody's llama is not everybody's.
        let llama = Identity::Content(digest("llama"));
        assert!(names_of(&lineage, llama, Direction::Descendants).is_empty());
        let chat = Identity::Content(digest("chat"));
        assert_eq!(names_of(&lineage, chat, Direction::Ancestors), ["llama"]);
    }
}

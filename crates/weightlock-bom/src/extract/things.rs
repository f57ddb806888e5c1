//! Things that many sources name: data sets, packages, tools. Each is made in one way, so that the same thing is one component
//! whoever names it.

use super::{draft::Draft, hub::Named, purl};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value};

/// A data set by its name; `None` where it is a path on a machine, of which nothing is said but that it is one.
pub(super) fn dataset(draft: &mut Draft, name: &str, source: &Source) -> Option<Ref> {
    let Named::Registry { namespace, name } = Named::read(name)? else {
        return None;
    };
    let full = if namespace.is_empty() {
        name.clone()
    } else {
        format!("{namespace}/{name}")
    };
    let own = Ref::new("dataset", &full);
    named(draft, &own, Kind::Dataset, &namespace, &name, source);
    if !namespace.is_empty() {
        let purl = purl::dataset(&namespace, &name, None);
        let claim = Claim::inferred(Value::text(purl), source.clone());
        draft.state(&own, Kind::Dataset, Property::Purl, claim);
    }
    draft.graph().component(&own).is_some().then_some(own)
}

/// States name and owner.
pub(super) fn named(draft: &mut Draft, own: &Ref, kind: Kind, namespace: &str, name: &str, source: &Source) {
    let claim = |text: &str| Claim::declared(Value::text(text), source.clone());
    draft.state(own, kind, Property::Name, claim(name));
    if !namespace.is_empty() {
        draft.state(own, kind, Property::Namespace, claim(namespace));
    }
}

/// A program that made or runs something.
pub(super) fn tool(draft: &mut Draft, name: &str, version: Option<&str>, source: &Source) -> Ref {
    let version = version.map(str::trim).filter(|it| !it.is_empty());
    let own = Ref::new("tool", &versioned(name, version));
    named(draft, &own, Kind::Tool, "", name, source);
    if let Some(version) = version {
        let claim = Claim::declared(Value::text(version), source.clone());
        draft.state(&own, Kind::Tool, Property::Version, claim);
    }
    own
}

/// A Python distribution of one version.
pub(super) fn python(draft: &mut Draft, name: &str, version: Option<&str>, source: &Source) -> Ref {
    let name = purl::python_name(name);
    let version = version.map(str::trim).filter(|it| !it.is_empty());
    let own = package(draft, "pypi", &name, version, source);
    let claim = Claim::inferred(Value::text(purl::pypi(&name, version)), source.clone());
    draft.state(&own, Kind::Package, Property::Purl, claim);
    own
}

/// A package of one version.
pub(super) fn package(
    draft: &mut Draft,
    ecosystem: &'static str,
    name: &str,
    version: Option<&str>,
    source: &Source,
) -> Ref {
    let own = Ref::new("package", &format!("{ecosystem}/{}", versioned(name, version)));
    named(draft, &own, Kind::Package, "", name, source);
    let claim = Claim::declared(Value::text(ecosystem), source.clone());
    draft.state(&own, Kind::Package, Property::Ecosystem, claim);
    if let Some(version) = version {
        let claim = Claim::declared(Value::text(version), source.clone());
        draft.state(&own, Kind::Package, Property::Version, claim);
    }
    own
}

fn versioned(name: &str, version: Option<&str>) -> String {
    match version {
        Some(version) => format!("{name}@{version}"),
        None => name.to_owned(),
    }
}

//! Things that many sources name: data sets, packages, tools. Each is made in one way, so that the same thing is one component
//! whoever names it.

use super::{draft::Draft, hub::Named, page::Page, purl};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// A data set by its name; `None` where it is a path on a machine, of which nothing is said but that it is one.
pub(super) fn dataset(draft: &mut Draft, name: &str, source: &Source) -> Option<Ref> {
    known_dataset(draft, &Named::read(name)?, source)
}

/// A data set that is named so.
pub(super) fn known_dataset(draft: &mut Draft, it: &Named, source: &Source) -> Option<Ref> {
    let (namespace, name) = it.parts()?;
    let own = Ref::new("dataset", &it.full()?);
    named(draft, &own, Kind::Dataset, namespace, name, source);
    if it.is_at_hub() {
        let purl = purl::dataset(namespace, name, None);
        let claim = Claim::inferred(Value::text(purl), source.clone());
        draft.state(&own, Kind::Dataset, Property::Purl, claim);
    }
    draft.graph().component(&own).is_some().then_some(own)
}

/// States that the scales of a model were found with these data.
pub(super) fn calibrates(draft: &mut Draft, page: &Page<'_>, data: &Ref, source: &Source) {
    draft.relate(&page.of, Verb::CalibratedOn, data, source);
    let step = page.step("quantize");
    draft.ensure(&step, Kind::Step);
    draft.relate(&step, Verb::HasInput, data, source);
    let role = Claim::declared(Value::text("calibration"), source.clone());
    draft.state(data, Kind::Dataset, Property::Role, role);
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

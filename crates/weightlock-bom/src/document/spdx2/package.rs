//! Packages, and the licences that no list of SPDX has.

use std::collections::BTreeMap;

use super::{Writer, one_line};
use crate::{
    document::{
        identity,
        json::Object,
        licence::Licence,
        view::{self, NO_ASSERTION, UNKNOWN, is_purl, is_url},
    },
    graph::{Component, Conflict, Kind, Property, Ref},
};

impl<'a> Writer<'a> {
    pub(super) fn packages(&self) -> Vec<Object> {
        let conflicts = self.view.graph.conflicts();
        let packages = self.ids.iter().filter_map(|(reference, id)| {
            let component = self.view.graph.component(reference)?;
            Some(self.package(reference, id, component, &conflicts))
        });
        packages.collect()
    }

    fn package(
        &self,
        reference: &'a Ref,
        id: &str,
        component: &'a Component,
        conflicts: &[Conflict],
    ) -> Object {
        let text = |property| self.view.text(component, property);
        let version = text(Property::Version).or_else(|| text(Property::Revision));
        let locations = self.view.texts(component, Property::Location);
        let location = locations.into_iter().find(|it| is_url(it));
        let homepages = self.view.texts(component, Property::Homepage);
        let homepage = homepages.into_iter().find(|it| is_url(it));
        let supplier = text(Property::Supplier)
            .map(|it| one_line(&it))
            .filter(|it| !it.is_empty());
        let supplier = supplier.map_or_else(|| NO_ASSERTION.to_owned(), |it| format!("Organization: {it}"));
        let is_file = component.kind == Kind::File;
        let shown = version.clone().or_else(|| (!is_file).then(|| UNKNOWN.to_owned()));
        let title = match text(Property::Namespace).filter(|it| !it.is_empty()) {
            Some(owner) if component.kind != Kind::Package => {
                format!("{owner}/{}", self.view.title(reference))
            }
            _ => self.view.title(reference),
        };
        Object::new()
            .with("SPDXID", id)
            .with("name", one_line(&title))
            .with_some("versionInfo", shown.map(|it| one_line(&it)))
            .with("supplier", supplier)
            .with(
                "downloadLocation",
                location.unwrap_or_else(|| NO_ASSERTION.to_owned()),
            )
            .with_some("homepage", homepage)
            .with("filesAnalyzed", false)
            .with_list("checksums", self.checksums(component))
            .with(
                "licenseConcluded",
                self.expression(component, Property::LicenseText),
            )
            .with("licenseDeclared", self.expression(component, Property::License))
            .with("copyrightText", NO_ASSERTION)
            .with_some("description", text(Property::Description))
            .with_some(
                "releaseDate",
                text(Property::ReleaseTime).and_then(|it| view::time(&it)),
            )
            .with("comment", comment(component.kind))
            .with("primaryPackagePurpose", purpose(component.kind))
            .with_list("externalRefs", self.external(component, version.as_deref()))
            .with_list("annotations", self.annotations(reference, component, conflicts))
    }

    fn checksums(&self, component: &'a Component) -> Vec<Object> {
        let digests = self.view.digests(component).into_iter();
        digests
            .map(|(words, hex)| {
                Object::new()
                    .with("algorithm", words.spdx2)
                    .with("checksumValue", hex)
            })
            .collect()
    }

    fn expression(&self, component: &'a Component, property: Property) -> String {
        let texts = self.view.texts(component, property);
        let parts: Vec<String> = texts.iter().map(|it| Licence::of(it).expression()).collect();
        match parts.as_slice() {
            [] => NO_ASSERTION.to_owned(),
            [one] => one.clone(),
            many => {
                let bracketed: Vec<String> = many.iter().map(|it| format!("({it})")).collect();
                bracketed.join(" AND ")
            }
        }
    }

    /// Licences of somebody's own: their text is with the model, or nowhere.
    pub(super) fn licences(&self) -> Vec<Object> {
        let mut known: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
        for component in self.view.graph.components().values() {
            let link = self.view.text(component, Property::LicenseLink);
            for property in [Property::License, Property::LicenseText] {
                for text in self.view.texts(component, property) {
                    for (id, name) in Licence::of(&text).references() {
                        known.entry(id).or_insert_with(|| (name, link.clone()));
                    }
                }
            }
        }
        known
            .into_iter()
            .map(|(id, (name, link))| {
                let where_ = match &link {
                    Some(link) => format!("The text of this licence is said to be at {link}."),
                    None => "The text of this licence is not known here.".to_owned(),
                };
                Object::new()
                    .with("licenseId", id)
                    .with("name", one_line(&name))
                    .with("extractedText", where_)
                    .with_some("seeAlsos", link.filter(|it| is_url(it)).map(|it| vec![it]))
            })
            .collect()
    }

    fn external(&self, component: &'a Component, version: Option<&str>) -> Vec<Object> {
        let purl = self.view.text(component, Property::Purl).filter(|it| is_purl(it));
        let name = self.view.text(component, Property::Name);
        let purl = purl.or_else(|| identity::generic_purl(&name?, version, component));
        let reference = purl.map(|purl| {
            Object::new()
                .with("referenceCategory", "PACKAGE-MANAGER")
                .with("referenceType", "purl")
                .with("referenceLocator", purl)
        });
        reference.into_iter().collect()
    }

    /// Everything that is known, how it is known, and where it was found; and where sources disagree.
    fn annotations(
        &self,
        reference: &'a Ref,
        component: &'a Component,
        conflicts: &[Conflict],
    ) -> Vec<Object> {
        let lines = self.view.known(reference, component, conflicts);
        if lines.is_empty() {
            return Vec::new();
        }
        vec![
            Object::new()
                .with("annotationDate", &self.time)
                .with("annotationType", "OTHER")
                .with("annotator", &self.tool)
                .with("comment", lines.join("\n")),
        ]
    }
}

const fn comment(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "machine-learning model",
        Kind::Dataset => "data set",
        Kind::File => "file",
        Kind::Package => "software package",
        Kind::Tool => "tool",
        Kind::Environment => "environment",
        Kind::OperatingSystem => "operating system",
        _ => "hardware",
    }
}

const fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "FILE",
        Kind::Package => "LIBRARY",
        Kind::Tool => "APPLICATION",
        Kind::OperatingSystem => "OPERATING-SYSTEM",
        Kind::Hardware => "DEVICE",
        _ => "OTHER",
    }
}

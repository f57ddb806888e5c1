//! One component: what it is, whose it is, what its digest is, and every other fact with the way it is known.

use weightlock_artifact::standing::Standing;

use super::{Version, Writer, property};
use crate::{
    document::{
        identity,
        json::Object,
        licence::Licence,
        view::{NO_ASSERTION, UNKNOWN, is_purl, is_url},
    },
    graph::{Claim, Component, Kind, Property, Ref, Verb},
};

/// Facts that a component has a member of its own for; any other is a property of it.
const MEMBERS: [Property; 13] = [
    Property::Name,
    Property::Namespace,
    Property::Version,
    Property::Purl,
    Property::Digest,
    Property::Supplier,
    Property::Author,
    Property::Description,
    Property::License,
    Property::LicenseText,
    Property::Homepage,
    Property::Paper,
    Property::Location,
];

impl<'a> Writer<'a> {
    /// What the graph is about.
    pub(super) fn subject(&self) -> Object {
        let graph = self.view.graph;
        let Some(component) = self.view.subject() else {
            return Object::new();
        };
        let files = self.nested.iter().filter_map(|reference| {
            let file = graph.component(reference)?;
            Some(self.component(reference, file))
        });
        let mut object = self.component(graph.subject(), component);
        let files: Vec<Object> = files.collect();
        if !files.is_empty() {
            object.put_after("externalReferences", "components", files);
        }
        let pedigree = self.pedigree();
        if !pedigree.is_empty() {
            object.put_after("externalReferences", "pedigree", pedigree);
        }
        if component.kind == Kind::Model {
            object.put_after("evidence", "modelCard", self.card(component));
        }
        object
    }

    /// The model once more, under another reference, without what would be there twice.
    pub(super) fn repeated(&self) -> Object {
        let Some(component) = self.view.subject() else {
            return Object::new();
        };
        let mut object = self.bare(self.view.graph.subject(), component, "model-again");
        if component.kind == Kind::Model {
            object = object.with("modelCard", self.card_called(component, "model-card-again"));
        }
        object
    }

    /// Any component.
    pub(super) fn component(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let evidence = self.evidence(component);
        let data = (component.kind == Kind::Dataset).then(|| vec![self.data(reference, component)]);
        self.bare(reference, component, self.view.name(reference))
            .with_some("evidence", Some(evidence))
            .with_some("releaseNotes", self.release(component))
            .with_some("data", data)
            .with_list("properties", self.properties(reference, component))
    }

    fn bare(&self, reference: &'a Ref, component: &'a Component, name: &str) -> Object {
        let text = |property| self.view.text(component, property);
        let version = text(Property::Version).or_else(|| text(Property::Revision));
        let title = self.view.title(reference);
        let purl = text(Property::Purl).filter(|it| is_purl(it));
        let purl = purl.or_else(|| match self.view.text(component, Property::Name) {
            Some(name) => identity::generic_purl(&name, version.as_deref(), component),
            None => None,
        });
        let is_file = component.kind == Kind::File;
        let version = version.or_else(|| (!is_file).then(|| UNKNOWN.to_owned()));
        let group = text(Property::Namespace).filter(|it| !it.is_empty());
        Object::new()
            .with("type", kind_word(component.kind))
            .with("bom-ref", name)
            .with_some("supplier", self.supplier(component))
            .with_list("authors", self.authors(component))
            .with_some("group", group)
            .with("name", title)
            .with_some("version", version)
            .with_some("description", text(Property::Description))
            .with_list("hashes", self.hashes(reference, component))
            .with_list("licenses", self.licenses(component))
            .with_some("purl", purl)
            .with_list("externalReferences", self.external(component))
    }

    fn supplier(&self, component: &'a Component) -> Option<Object> {
        let name = self.view.text(component, Property::Supplier);
        let unknown = || (component.kind != Kind::File).then(|| UNKNOWN.to_owned());
        name.or_else(unknown).map(|name| Object::new().with("name", name))
    }

    fn authors(&self, component: &'a Component) -> Vec<Object> {
        let authors = self.view.texts(component, Property::Author);
        authors
            .iter()
            .map(|name| Object::new().with("name", name))
            .collect()
    }

    /// Digests of the bytes. What names a folder is the digest of a text about it, and so is no hash of the component; readers
    /// that take no model without a hash get it nevertheless, and a property says of what it is.
    fn hashes(&self, reference: &Ref, component: &'a Component) -> Vec<Object> {
        let of_a_folder = *reference == *self.view.graph.subject() && !self.is_one_file(component);
        if of_a_folder && !self.model_first {
            return Vec::new();
        }
        let digests = self.view.digests(component).into_iter();
        digests
            .map(|(words, hex)| Object::new().with("alg", words.cyclonedx).with("content", hex))
            .collect()
    }

    /// Whether what the graph is about is one of its files.
    fn is_one_file(&self, component: &Component) -> bool {
        let own = identity::sha256(component);
        let mut files = self.nested.iter().filter_map(|it| self.view.graph.component(it));
        self.nested.is_empty() || own.is_some() && files.any(|file| identity::sha256(file) == own)
    }

    fn licenses(&self, component: &'a Component) -> Vec<Object> {
        let claims = self.view.claims(component, Property::License);
        let link = self
            .view
            .text(component, Property::LicenseLink)
            .filter(|it| is_url(it));
        let licences: Vec<(Licence, &Claim)> = claims
            .iter()
            .filter_map(|claim| Some((Licence::of(claim.value.as_text()?), *claim)))
            .collect();
        if licences.is_empty() {
            let has_licence = !matches!(component.kind, Kind::File | Kind::Hardware);
            let unknown = Object::new().with("name", NO_ASSERTION);
            return if has_licence {
                vec![Object::new().with("license", unknown)]
            } else {
                Vec::new()
            };
        }
        // 1.6 takes one expression, or licences without expressions.
        let may_mix = self.version >= Version::V1_7 || licences.len() == 1;
        licences
            .iter()
            .map(|(licence, claim)| choice(licence, claim.standing, link.as_deref(), may_mix))
            .collect()
    }

    fn external(&self, component: &'a Component) -> Vec<Object> {
        let mut references = Vec::new();
        for (property, kind) in [
            (Property::Location, "distribution"),
            (Property::Homepage, "website"),
            (Property::Paper, "documentation"),
        ] {
            let urls = self.view.texts(component, property);
            let urls = urls.into_iter().filter(|it| is_url(it));
            references.extend(urls.map(|url| Object::new().with("type", kind).with("url", url)));
        }
        references
    }

    fn release(&self, component: &'a Component) -> Option<Object> {
        let text = self.view.text(component, Property::ReleaseTime)?;
        let time = crate::document::view::time(&text)?;
        Some(Object::new().with("type", "release").with("timestamp", time))
    }

    fn pedigree(&self) -> Object {
        let graph = self.view.graph;
        let ancestors = self.ancestors.iter().filter_map(|reference| {
            let parent = graph.component(reference)?;
            Some(self.component(reference, parent))
        });
        let notes: Vec<String> = self
            .view
            .out(graph.subject(), Verb::DerivedFrom)
            .map(|relation| {
                let how = relation.derivation().map_or(UNKNOWN, |it| it.word());
                let places = self.view.places(&relation.sources);
                format!("{}: {how} ({places})", self.view.title(&relation.to))
            })
            .collect();
        let ancestors: Vec<Object> = ancestors.collect();
        let notes = (!ancestors.is_empty()).then(|| notes.join("\n"));
        Object::new()
            .with_list("ancestors", ancestors)
            .with_some("notes", notes)
    }

    /// A data set, for `data`.
    fn data(&self, reference: &'a Ref, component: &'a Component) -> Object {
        let text = |property| self.view.text(component, property);
        let urls = self.view.texts(component, Property::Location);
        let contents = Object::new().with_some("url", urls.into_iter().find(|it| is_url(it)));
        let owner = text(Property::Supplier).map(|name| {
            let organisation = Object::new().with("organization", Object::new().with("name", name));
            Object::new().with("owners", vec![organisation])
        });
        Object::new()
            .with("type", "dataset")
            .with("name", self.view.title(reference))
            .with_some("contents", Some(contents))
            .with_some("classification", text(Property::DatasetType))
            .with_some(
                "sensitiveData",
                Some(self.view.texts(component, Property::SensitiveData)),
            )
            .with_some("governance", owner)
    }

    /// Every fact without a member of its own, how each is known, what is disputed, and what nobody says.
    pub(super) fn properties(&self, reference: &'a Ref, component: &'a Component) -> Vec<Object> {
        let mut properties = Vec::new();
        let mut purposes = Vec::new();
        if component.kind == Kind::Dataset {
            purposes = self.view.purposes(reference);
            properties.extend(purposes.iter().map(|it| property("role", it.word())));
        }
        let is_told = |own: Property, claim: &Claim| {
            own == Property::Role && purposes.iter().any(|it| claim.value.as_text() == Some(it.word()))
        };
        for (own, fact) in component.facts() {
            let shown: Vec<&Claim> = fact.claims().iter().filter(|it| self.view.shows(it)).collect();
            for claim in &shown {
                if (!MEMBERS.contains(own) || !fits(*own, claim)) && !is_told(*own, claim) {
                    properties.push(property(own.name(), &claim.value.to_string()));
                }
            }
            if !shown.is_empty() {
                let standing = fact.standing(own.arity()).word().to_lowercase();
                properties.push(property(&format!("standing:{}", own.name()), &standing));
            }
        }
        for (name, fact) in component.parameters() {
            let shown = fact.claims().iter().filter(|it| self.view.shows(it));
            let name = format!("parameter:{name}");
            properties.extend(shown.map(|claim| property(&name, &claim.value.to_string())));
        }
        if *reference == *self.view.graph.subject()
            && !self.is_one_file(component)
            && let Some(digest) = identity::sha256(component)
        {
            properties.push(property("manifest-digest", &digest.to_string()));
            if self.model_first {
                properties.push(property("hash-of", "canonical manifest"));
            }
        }
        if component.kind == Kind::Model {
            properties.extend(self.lineage(reference));
        }
        properties.extend(self.disputes(reference));
        properties.extend(unknowns(component));
        properties
    }

    /// What the thing is to what it was made from, and its parents where the pedigree has no room for them.
    fn lineage(&self, reference: &'a Ref) -> Vec<Object> {
        let graph = self.view.graph;
        let mut properties = Vec::new();
        for relation in graph.relations().filter(|it| it.verb == Verb::DerivedFrom) {
            let is_ancestor = relation.from == *graph.subject() && relation.to == *reference;
            let is_other = relation.from == *reference && relation.from != *graph.subject();
            if is_other {
                properties.push(property("lineage:parent", self.view.name(&relation.to)));
            }
            if is_ancestor {
                for (own, fact) in relation.facts() {
                    let name = match own {
                        Property::Derivation => "lineage:relation".to_owned(),
                        _ => format!("lineage:{}", own.name()),
                    };
                    let shown = fact.claims().iter().filter(|it| self.view.shows(it));
                    properties.extend(shown.map(|claim| property(&name, &claim.value.to_string())));
                }
                let standing = relation.standing.word().to_lowercase();
                properties.push(property("lineage:standing", &standing));
            }
        }
        properties
    }
}

/// Whether a value fits into the member that its fact has.
fn fits(own: Property, claim: &Claim) -> bool {
    match own {
        Property::Purl => claim.value.as_text().is_some_and(is_purl),
        Property::Location | Property::Homepage | Property::Paper => {
            claim.value.as_text().is_some_and(is_url)
        }
        Property::License | Property::LicenseText => claim.value.as_text().is_some(),
        _ => true,
    }
}

/// What a component of this kind should say and does not.
fn unknowns(component: &Component) -> Vec<Object> {
    let wanted: &[Property] = match component.kind {
        Kind::Model | Kind::Dataset => &[
            Property::Version,
            Property::Digest,
            Property::License,
            Property::Supplier,
            Property::Purl,
        ],
        Kind::Package | Kind::Tool | Kind::OperatingSystem => &[Property::Version, Property::Digest],
        Kind::File => &[Property::Digest],
        _ => &[],
    };
    let missing = wanted.iter().filter(|it| component.fact(**it).is_none());
    missing.map(|it| property("unknown", it.name())).collect()
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "machine-learning-model",
        Kind::Dataset => "data",
        Kind::File => "file",
        Kind::Package => "library",
        Kind::Environment => "platform",
        Kind::OperatingSystem => "operating-system",
        Kind::Hardware => "device",
        Kind::Tool | Kind::Step | Kind::Pipeline | Kind::Person | Kind::Organisation => "application",
    }
}

/// One licence of the list.
fn choice(licence: &Licence, standing: Standing, link: Option<&str>, may_mix: bool) -> Object {
    let acknowledged = if standing == Standing::Declared || standing == Standing::Unknown {
        "declared"
    } else {
        "concluded"
    };
    let named = |member: &'static str, text: &str| {
        let license = Object::new()
            .with(member, text)
            .with("acknowledgement", acknowledged)
            .with_some("url", link);
        Object::new().with("license", license)
    };
    match licence {
        Licence::Id(id) => named("id", id),
        Licence::Expression(text) if Licence::is_own(text) || !may_mix => named("name", text),
        Licence::Expression(text) => Object::new()
            .with("expression", text)
            .with("acknowledgement", acknowledged),
        Licence::Name(text) => named("name", text),
    }
}

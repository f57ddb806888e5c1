//! [`View`]: a graph as a document may show it.
//!
//! Claims that tell about a machine or a person are left out unless they are asked for, and so is the name of a component of which
//! nothing else is known than such a claim: the reference of a parent at `/home/…` would give away what its name does not.

use std::collections::{BTreeMap, BTreeSet};

use weightlock_artifact::{digest::Algorithm, standing::Standing};

use crate::graph::{
    Claim, Component, Conflict, Graph, Kind, Origin, Property, Ref, Relation, Source, Teller, Value, Verb,
};

/// What a document says in place of a version nobody gives.
pub(super) const UNKNOWN: &str = "unknown";
/// What it says in place of a licence nobody gives.
pub(super) const NO_ASSERTION: &str = "NOASSERTION";
const UNHASHED: &str = "digests: nothing was hashed; this tells of names, not of bytes, and files of installed packages are not listed";
/// What it is called whose name is private.
const LEFT_OUT: &str = "left out: a private name";

/// A graph, without what is private.
pub(super) struct View<'a> {
    pub(super) graph: &'a Graph,
    show_private: bool,
    names: BTreeMap<&'a Ref, String>,
}

/// For what a data set or a file is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Purpose {
    Training,
    Evaluation,
    Calibration,
}

impl Purpose {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Evaluation => "evaluation",
            Self::Calibration => "calibration",
        }
    }
}

impl<'a> View<'a> {
    pub(super) fn new(graph: &'a Graph, show_private: bool) -> Self {
        let mut hidden: u32 = 0;
        let names = graph.components().iter().map(|(reference, component)| {
            let name = if show_private || !is_private(component) {
                reference.as_str().to_owned()
            } else {
                hidden = hidden.saturating_add(1);
                format!("private:{hidden}")
            };
            (reference, name)
        });
        Self {
            graph,
            show_private,
            names: names.collect(),
        }
    }

    /// What a component is called in the document. Every end of a relation is a component of the graph.
    pub(super) fn name<'b>(&'b self, reference: &'b Ref) -> &'b str {
        self.names
            .get(reference)
            .map_or(reference.as_str(), String::as_str)
    }

    /// The component that the graph is about. A graph always has it.
    pub(super) fn subject(&self) -> Option<&'a Component> {
        self.graph.component(self.graph.subject())
    }

    /// What to say where no digest names what the graph is about, and whoever reads the document must not think that one does.
    pub(super) fn unhashed(&self) -> Option<&'static str> {
        let is_named = self.subject()?.fact(Property::Digest).is_some();
        (!is_named).then_some(UNHASHED)
    }

    /// The claims that may be shown, the first to be shown first.
    pub(super) fn claims(&self, component: &'a Component, property: Property) -> Vec<&'a Claim> {
        let claims = component.claims(property).iter();
        claims.filter(|claim| self.shows(claim)).collect()
    }

    pub(super) const fn shows(&self, claim: &Claim) -> bool {
        self.show_private || !claim.is_private
    }

    /// The value to show.
    pub(super) fn text(&self, component: &'a Component, property: Property) -> Option<String> {
        let claims = self.claims(component, property);
        claims.first().map(|claim| claim.value.to_string())
    }

    /// Every value, in order.
    pub(super) fn texts(&self, component: &'a Component, property: Property) -> Vec<String> {
        let claims = self.claims(component, property);
        claims.iter().map(|claim| claim.value.to_string()).collect()
    }

    /// What it is called for people.
    pub(super) fn title(&self, reference: &'a Ref) -> String {
        let Some(component) = self.graph.component(reference) else {
            return UNKNOWN.to_owned();
        };
        match self.text(component, Property::Name) {
            Some(name) if !name.is_empty() => name,
            _ if self.name(reference).starts_with("private:") => LEFT_OUT.to_owned(),
            _ if component.kind == Kind::File => own_name(reference),
            _ => UNKNOWN.to_owned(),
        }
    }

    /// Relations that go out from a component, of one verb.
    pub(super) fn out(&self, from: &Ref, verb: Verb) -> impl Iterator<Item = &'a Relation> {
        self.graph.from(from).filter(move |it| it.verb == verb)
    }

    /// What a data set is there for.
    pub(super) fn purposes(&self, data: &Ref) -> Vec<Purpose> {
        let purposes = self.graph.relations().filter(|it| it.to == *data);
        let purposes: BTreeSet<Purpose> = purposes
            .filter_map(|it| match it.verb {
                Verb::TrainedOn => Some(Purpose::Training),
                Verb::EvaluatedOn => Some(Purpose::Evaluation),
                Verb::CalibratedOn => Some(Purpose::Calibration),
                _ => None,
            })
            .collect();
        purposes.into_iter().collect()
    }

    /// Where a claim was found, for people: each place once.
    pub(super) fn places(&self, sources: &[Source]) -> String {
        let places: Vec<String> = sources.iter().map(ToString::to_string).collect();
        places.join(", ")
    }

    /// Digests: what the algorithm is called, and the digits.
    pub(super) fn digests(&self, component: &'a Component) -> Vec<(HashWords, String)> {
        let claims = self.claims(component, Property::Digest);
        let digests = claims.iter().filter_map(|claim| match &claim.value {
            Value::Digest(digest) => Some((words(digest.algorithm())?, digest.hex())),
            _ => None,
        });
        digests.collect()
    }

    /// Everything that is known of a component, a line each: how it is known, where it was found, and where sources disagree.
    pub(super) fn known(&self, about: &Ref, component: &'a Component, conflicts: &[Conflict]) -> Vec<String> {
        let mut lines = Vec::new();
        for (property, fact) in component.facts() {
            for claim in fact.claims().iter().filter(|it| self.shows(it)) {
                let standing = claim.standing.word().to_lowercase();
                let places = self.places(&claim.sources);
                lines.push(format!(
                    "{} = {} ({standing}; {places})",
                    property.name(),
                    claim.value
                ));
            }
        }
        let disputes = self.disputes(conflicts, about).into_iter();
        lines.extend(disputes.map(|it| format!("sources disagree: {it}")));
        lines
    }

    /// What sources disagree about that is said of a component, a line each.
    pub(super) fn disputes(&self, conflicts: &[Conflict], about: &Ref) -> Vec<String> {
        let own = conflicts.iter().filter(|it| it.about() == about);
        own.map(|it| it.told(self.graph, self)).collect()
    }
}

impl Teller for View<'_> {
    fn title(&self, reference: &Ref) -> String {
        self.title(reference)
    }

    fn shows(&self, claim: &Claim) -> bool {
        self.shows(claim)
    }
}

/// What an algorithm is called in each form.
pub(super) struct HashWords {
    pub(super) cyclonedx: &'static str,
    pub(super) spdx2: &'static str,
    pub(super) spdx3: &'static str,
}

/// `None` for algorithms that nothing is listed by.
const fn words(algorithm: Algorithm) -> Option<HashWords> {
    let (cyclonedx, spdx2, spdx3) = match algorithm {
        Algorithm::Sha256 => ("SHA-256", "SHA256", "sha256"),
        Algorithm::Blake3 => ("BLAKE3", "BLAKE3", "blake3"),
        _ => return None,
    };
    Some(HashWords {
        cyclonedx,
        spdx2,
        spdx3,
    })
}

/// The name that a reference was made from, as far as it can be told.
pub(super) fn own_name(reference: &Ref) -> String {
    let text = reference.as_str();
    text.split_once(':').map_or(text, |(_, name)| name).to_owned()
}

/// Whether nothing but private claims says what it is.
fn is_private(component: &Component) -> bool {
    let named: Vec<&Claim> = [Property::Name, Property::Location, Property::Purl]
        .into_iter()
        .flat_map(|property| component.claims(property))
        .collect();
    !named.is_empty() && named.iter().all(|claim| claim.is_private)
}

/// How sure a claim is, as CycloneDX and its readers count.
pub(super) const fn confidence(standing: Standing) -> f64 {
    match standing {
        Standing::Verified => 1.0,
        Standing::Declared => 0.8,
        Standing::Inferred => 0.5,
        Standing::Unknown | Standing::Failed => 0.0,
    }
}

/// The technique that a source stands for.
pub(super) const fn technique(origin: &Origin) -> &'static str {
    match origin {
        Origin::File(_) | Origin::Document { .. } => "manifest-analysis",
        Origin::Evidence { .. } => "attestation",
        Origin::Computed(_) => "binary-analysis",
        Origin::User => "other",
    }
}

/// A URL that every reader takes for one (RFC 3986): with a scheme, in visible ASCII, percent signs before two digits.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    matches!(scheme, "http" | "https" | "ftp" | "s3" | "oci" | "git" | "hf")
        && is_host(host)
        && rest.matches('#').count() <= 1
        && is_percent_encoded(rest)
        && rest
            .bytes()
            .all(|it| it.is_ascii_graphic() && !b"\"<>\\^`{|}[]".contains(&it))
}

fn is_host(host: &str) -> bool {
    // Who asks has no "@" in the name, so that the first one ends it.
    let host = host.split_once('@').map_or(host, |(_, host)| host);
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    !host.is_empty()
        && host
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it))
        && port.bytes().all(|it| it.is_ascii_digit())
}

fn is_percent_encoded(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A package URL: `pkg:type/…`, in visible ASCII.
pub(super) fn is_purl(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("pkg:") else {
        return false;
    };
    let Some((kind, name)) = rest.split_once('/') else {
        return false;
    };
    kind.starts_with(|it: char| it.is_ascii_alphabetic())
        && kind
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b".+-".contains(&it))
        && name.trim_matches('/').len() == name.len()
        && !name.starts_with(['@', '?', '#'])
        && !name.is_empty()
        && is_percent_encoded(name)
        && name
            .bytes()
            .all(|it| it.is_ascii_graphic() && !b"\"<>\\^`{|}[]".contains(&it))
}

/// A time as RFC 3339 has it, in UTC and to the second, as SPDX demands it; `None` for what is none.
pub(super) fn time(text: &str) -> Option<String> {
    let timestamp: jiff::Timestamp = text.trim().parse().ok()?;
    jiff::Timestamp::from_second(timestamp.as_second())
        .ok()
        .map(|it| it.to_string())
        .filter(|it| it.len() == "2026-01-31T00:00:00Z".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_reader_takes_for_a_url_is_none() {
        for text in [
            "https://example.org/a/b?c=d#e",
            "http://h:80",
            "s3://bucket/k%20x",
        ] {
            assert!(is_url(text), "{text}");
        }
        for text in [
            "example.org",
            "https://",
            "https://a b",
            "https://a/%zz",
            "https://a/<b>",
            "javascript://x/%0a",
            "https://ü.de/",
            "https://a#b#c",
            "https://a:b/",
            "https:///x",
            "https://a/\u{0}",
            "https://[::1/",
            "http://@@A",
        ] {
            assert!(!is_url(text), "{text}");
        }
    }

    #[test]
    fn package_urls_are_told() {
        for text in [
            "pkg:pypi/numpy@1.21.0",
            "pkg:huggingface/acme-labs/pebble@abc",
            "pkg:generic/a?checksum=sha256:00",
        ] {
            assert!(is_purl(text), "{text}");
        }
        for text in [
            "pkg:pypi",
            "pkg:pypi/",
            "pkg:/a",
            "pkg:a b/c",
            "pkg:pypi/%",
            "pkg:pypi/@1",
            "http://a/b",
            "pkg:pypi/a/",
        ] {
            assert!(!is_purl(text), "{text}");
        }
    }

    #[test]
    fn times_are_written_in_one_way() {
        assert_eq!(
            time("2026-06-01T02:00:00.5+02:00").as_deref(),
            Some("2026-06-01T00:00:00Z")
        );
        for text in ["", "yesterday", "2026-06-01", "2026-13-01T00:00:00Z"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}

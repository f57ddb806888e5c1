//! XML: entities, inclusions, and what OpenVINO and PMML documents name.

use weightlock_format::{
    Error, Problem,
    limits::{Budget, Limits},
    xml::{Fact, read},
};

use super::{Claim, Examination, Subject};
use crate::observation::other::{Declared, Seen};

/// Endings of names under which XML is read as such.
const NAMES: &[&str] = &[
    ".xml", ".pmml", ".svg", ".xhtml", ".xsd", ".xsl", ".xslt", ".rdf", ".plist", ".xaml", ".kml", ".mathml",
];
/// Endings of names under which HTML and words in angle brackets are usual, however long.
const PROSE: &[&str] = &[
    ".md",
    ".markdown",
    ".rst",
    ".txt",
    ".vocab",
    ".html",
    ".htm",
    ".tex",
    ".csv",
    ".tsv",
    ".log",
    ".mdx",
];

/// Whether what begins with a tag is no XML to anybody: it is neither declared nor named as XML, is not well formed, and
/// asks for nothing before it breaks. Pages of HTML, read-me files and vocabularies begin like that.
pub(crate) fn is_mere_text(subject: &Subject, limits: &Limits) -> bool {
    let name = subject.trail.base_name().to_ascii_lowercase();
    let ends = |names: &[&str]| names.iter().any(|end| name.ends_with(end));
    let head = subject.content.read(0, 64).unwrap_or_default();
    let bare = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if ends(NAMES) || bare.trim_ascii_start().starts_with(b"<?xml") {
        return false;
    }
    let mut asks = false;
    let end = read(&subject.content, limits, &mut Budget::new(limits), &mut |fact| {
        asks |= match &fact {
            Fact::DocType { text, .. } => entities(text).is_some_and(|seen| !is_public(&seen)),
            fact => is_telling(fact),
        };
    });
    let is_broken = match end {
        Ok(()) | Err(Error::Io(_)) => false,
        Err(Error::Refused(Problem::LimitExceeded { .. })) => ends(PROSE),
        Err(_) => true,
    };
    is_broken && !asks
}

/// Examines an XML document.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let mut facts = Vec::new();
    let limits = exam.limits;
    let end = read(&subject.content, limits, &mut *exam.budget, &mut |fact| {
        if is_telling(&fact) {
            facts.push(fact);
        }
    });
    for fact in facts {
        match fact {
            Fact::DocType { text, offset } => doc_type(&text, offset, exam),
            Fact::Instruction { text, offset } => {
                let target = text;
                exam.put(
                    Some(offset),
                    Some("xml-stylesheet".to_owned()),
                    Seen::Inclusion { target },
                );
            }
            Fact::Element {
                name,
                attributes,
                offset,
            } => element(&name, &attributes, offset, subject, exam),
            _ => {}
        }
    }
    match end {
        Ok(()) => exam.explain(0..subject.content.size()),
        Err(error) => {
            if let Error::Refused(problem) = &error {
                exam.explain(0..problem.offset());
            }
            exam.gave_up(error, subject);
        }
    }
}

/// Whether the fact is more than the ordinary element.
fn is_telling(fact: &Fact) -> bool {
    match fact {
        Fact::DocType { .. } => true,
        Fact::Instruction { text, .. } => text.starts_with("xml-stylesheet"),
        Fact::Element { name, attributes, .. } => {
            matches!(local(name), "include" | "layer" | "data")
                || attributes.iter().any(|(key, _)| local(key) == "library")
        }
        _ => false,
    }
}

/// The name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn doc_type(text: &str, offset: u64, exam: &mut Examination<'_>) {
    if let Some(seen) = entities(text) {
        exam.put(Some(offset), Some("DOCTYPE".to_owned()), seen);
    }
}

/// What a document type declares, or where it has its declarations.
fn entities(text: &str) -> Option<Seen> {
    let (outside, inside) = text
        .split_once('[')
        .map_or((text, None), |(outside, inside)| (outside, Some(inside)));
    let declares = inside.is_some_and(|inside| inside.contains("<!ENTITY") || inside.contains('%'));
    let names_file = ["SYSTEM", "PUBLIC"]
        .iter()
        .any(|word| outside.split_whitespace().any(|part| part == *word));
    if !declares && !names_file {
        return None;
    }
    let from = text.find("<!ENTITY").unwrap_or(0);
    let declaration: String = text
        .chars()
        .skip(text.get(..from).unwrap_or_default().chars().count())
        .take(160)
        .collect();
    let source = if declares {
        Declared::Inside
    } else if inside.is_none() && is_standard(outside) {
        Declared::Standard
    } else {
        Declared::Outside
    };
    Some(Seen::Entities { declaration, source })
}

fn is_public(seen: &Seen) -> bool {
    matches!(
        seen,
        Seen::Entities {
            source: Declared::Standard,
            ..
        }
    )
}

/// Whether the document type is one of the World Wide Web Consortium's, as drawing programs and editors write it: a public
/// identifier of theirs, and an address of theirs or none.
fn is_standard(text: &str) -> bool {
    let mut quoted = text.split(['"', '\'']).skip(1).step_by(2);
    let is_public = text.split_whitespace().any(|word| word == "PUBLIC");
    let (first, second) = (quoted.next().unwrap_or_default(), quoted.next());
    let is_theirs = |address: &str| {
        ["http://www.w3.org/", "https://www.w3.org/"]
            .iter()
            .any(|start| address.starts_with(start))
    };
    let legacy = !is_public && second.is_none() && first == "about:legacy-compat";
    let own = is_public && first.starts_with("-//W3C//DTD ") && second.is_none_or(is_theirs);
    (legacy || own) && quoted.next().is_none()
}

fn element(
    name: &str,
    attributes: &[(String, String)],
    offset: u64,
    subject: &Subject,
    exam: &mut Examination<'_>,
) {
    let value = |wanted: &str| {
        let found = attributes.iter().find(|(key, _)| local(key) == wanted);
        found.map(|(_, value)| value.clone())
    };
    if let Some(path) = value("library") {
        exam.put(
            Some(offset),
            Some(format!("{name}.library")),
            Seen::NativeLibrary { path },
        );
    }
    match local(name) {
        "include" => {
            if let Some(target) = value("href") {
                exam.put(Some(offset), Some(name.to_owned()), Seen::Inclusion { target });
            }
        }
        "layer" if value("version").as_deref() == Some("extension") => {
            let kind = value("type").unwrap_or_default();
            exam.put(
                Some(offset),
                Some("layer.type".to_owned()),
                Seen::ExtensionLayer { kind },
            );
        }
        "data" => weights(value("offset"), value("size"), subject, exam),
        _ => {}
    }
}

/// A constant of an OpenVINO model: its bytes lie in the file of the same name that ends in `.bin`.
fn weights(offset: Option<String>, size: Option<String>, subject: &Subject, exam: &mut Examination<'_>) {
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
    let (Some(offset), Some(size)) = (number(offset), number(size)) else {
        return;
    };
    let name = subject.trail.base_name();
    if let Some(stem) = name.strip_suffix(".xml") {
        exam.claim(Claim {
            location: format!("{stem}.bin"),
            range: offset..offset.saturating_add(size),
        });
    }
}

//! XML: entities, inclusions, and what OpenVINO and PMML documents name.

use weightlock_format::xml::{Fact, read};

use super::{Claim, Examination, Subject};
use crate::observation::other::Seen;

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
            if let weightlock_format::Error::Refused(problem) = &error {
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
    let (outside, inside) = text
        .split_once('[')
        .map_or((text, None), |(outside, inside)| (outside, Some(inside)));
    let declares = inside.is_some_and(|inside| inside.contains("<!ENTITY") || inside.contains('%'));
    let names_file = ["SYSTEM", "PUBLIC"]
        .iter()
        .any(|word| outside.split_whitespace().any(|part| part == *word));
    if !declares && !names_file {
        return;
    }
    let from = text.find("<!ENTITY").unwrap_or(0);
    let declaration: String = text
        .chars()
        .skip(text.get(..from).unwrap_or_default().chars().count())
        .take(160)
        .collect();
    let seen = Seen::Entities {
        declaration,
        only_outside: !declares,
    };
    exam.put(Some(offset), Some("DOCTYPE".to_owned()), seen);
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

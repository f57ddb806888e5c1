//! SPDX 2.3 as JSON ([specification](https://spdx.github.io/spdx-spec/v2.3/)).
//!
//! SPDX 2.3 knows neither models nor data sets: both are packages, and what they are stands in a comment. Files are packages
//! too, of the purpose `FILE`, because a file of SPDX 2.3 must have a SHA-1, which nobody should compute any more. A model is
//! `GENERATED_FROM` the data it was trained on; the relation names the digest of the data, or says that it is not known.
//!
//! Steps have no place. What a step read and used is related to what it made.

mod package;
mod relation;

use std::collections::{BTreeMap, BTreeSet};

use super::{DocumentError, Settings, check_references, identity, json::Object, view::View};
use crate::graph::{Graph, Kind, Ref};

/// A document without a time has this one: SPDX demands one, and the beginning of 1970 is nobody's real time.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Everything that the parts of a document are made from.
struct Writer<'a> {
    view: View<'a>,
    /// Letters, digits, dots and dashes.
    ids: BTreeMap<&'a Ref, String>,
    /// When it was made.
    time: String,
    /// The program, as an annotator.
    tool: String,
}

/// Writes a document.
///
/// # Errors
/// [`DocumentError`] when its references do not hold.
pub fn write(graph: &Graph, settings: &Settings) -> Result<String, DocumentError> {
    let writer = Writer::new(graph, settings);
    let mut document = writer.document(settings);
    check_references(document.texts("SPDXID"), references(&document))?;
    let space = format!("urn:uuid:{}", identity::uuid(&document.to_text()));
    document.put_after("name", "documentNamespace", space);
    Ok(document.to_text())
}

fn references(document: &Object) -> Vec<&str> {
    let mut references = document.texts("spdxElementId");
    references.extend(document.texts("relatedSpdxElement"));
    references
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, settings: &Settings) -> Self {
        let view = View::new(graph, settings.show_private);
        let mut taken = BTreeSet::new();
        let written = graph.components().iter().filter(|(_, it)| is_package(it.kind));
        let ids = written.map(|(reference, _)| {
            let plain: String = view.name(reference).chars().map(plain).collect();
            let mut id = format!("SPDXRef-{plain}");
            let mut next = 2_u32;
            while !taken.insert(id.clone()) {
                id = format!("SPDXRef-{plain}-{next}");
                next = next.saturating_add(1);
            }
            (reference, id)
        });
        Self {
            ids: ids.collect(),
            view,
            time: settings.timestamp().unwrap_or_else(|| NO_TIME.to_owned()),
            tool: format!("Tool: weightlock-{}", settings.tool_version),
        }
    }

    fn document(&self, settings: &Settings) -> Object {
        let graph = self.view.graph;
        let mut creators = vec![self.tool.clone()];
        creators.extend(
            settings
                .author
                .iter()
                .map(|it| format!("Organization: {}", one_line(it))),
        );
        let title = self.view.title(graph.subject());
        let mut comments = Vec::new();
        if settings.time.is_none() {
            comments.push("The time of making is not stated; 1970 stands for none.".to_owned());
        }
        comments.extend(self.view.unhashed().map(|told| format!("Not known: {told}")));
        for gap in graph.unread() {
            comments.push(format!(
                "Not read: {} at byte {}: {}",
                gap.path, gap.offset, gap.why
            ));
        }
        let comment = Some(comments.join("\n")).filter(|it| !it.is_empty());
        let licences: Vec<Object> = self.licences();
        Object::new()
            .with("spdxVersion", "SPDX-2.3")
            .with("dataLicense", "CC0-1.0")
            .with("SPDXID", "SPDXRef-DOCUMENT")
            .with("name", format!("{}: bill of materials", one_line(&title)))
            .with(
                "creationInfo",
                Object::new()
                    .with("created", &self.time)
                    .with("creators", creators),
            )
            .with_some("comment", comment)
            .with("packages", self.packages())
            .with_list("hasExtractedLicensingInfos", licences)
            .with("relationships", self.relationships())
    }

    /// What a thing is called in the document, where it is in it.
    fn id(&self, reference: &Ref) -> Option<&str> {
        self.ids.get(reference).map(String::as_str)
    }
}

/// Whether a thing becomes a package.
const fn is_package(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Step | Kind::Person | Kind::Organisation | Kind::Pipeline
    )
}

const fn plain(it: char) -> char {
    if it.is_ascii_alphanumeric() || it == '.' {
        it
    } else {
        '-'
    }
}

/// A name within a line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

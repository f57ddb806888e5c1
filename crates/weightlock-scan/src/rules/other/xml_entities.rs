//! `xml-entities`: a document declares entities, or takes in other documents.

use crate::{
    Severity,
    observation::other::{Declared, Seen},
    rules::{Check, Context, Judgement, Rule},
};

/// Entities and inclusions.
pub(super) const RULE: Rule = Rule {
    id: "xml-entities",
    title: "an XML document declares entities or takes in others",
    worst: Severity::High,
    cwe: 611,
    what: "the document type declares entities or names a file of declarations, or an element or instruction takes in \
           another document",
    why: "a parser that expands entities reads files of the machine into the model, connects to servers, or fills the \
          memory: nine entities of ten references each make a thousand million texts",
    example: "a PMML file with `<!ENTITY x SYSTEM \"file:///etc/hostname\">`",
    fix: "do not load the model; ask the publisher for one without a document type",
    references: &[],
    check: Check::Other(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::Entities {
            declaration,
            source: Declared::Inside,
        } => Some(
            Judgement::new(Severity::High, "the document declares entities of its own").named(declaration),
        ),
        Seen::Entities {
            declaration,
            source: Declared::Standard,
        } => {
            let reason =
                "the document is of a type of the World Wide Web Consortium, and declares nothing of its own";
            Some(Judgement::new(Severity::Info, reason).named(declaration))
        }
        Seen::Entities { declaration, .. } => {
            let reason = "the document takes its declarations from another file";
            Some(Judgement::new(Severity::High, reason).named(declaration))
        }
        Seen::Inclusion { target } => {
            Some(Judgement::new(Severity::High, "the document takes in another").named(target))
        }
        _ => None,
    }
}

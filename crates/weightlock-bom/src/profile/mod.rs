//! Which elements a list of minimum elements asks for are there, and how each is known.
//!
//! A [`Profile`] is a table of [`Element`]s ([`tables`]); [`check`] looks each up in a graph. The result has one count a
//! [`Standing`] and no mark: a list with every element declared by its maker is not as good as one that was verified, and a
//! percentage would say that it is.
//!
//! The tables follow published lists, which are not quoted: they say what is looked for here, and are no legal advice.

mod tables;

use std::collections::BTreeMap;

use weightlock_artifact::standing::Standing;

use crate::graph::{Component, Graph, Kind, Property, Ref, Verb};

/// A list of elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// "SBOM for AI: minimum elements" of the G7, May 2026.
    G7Ai,
    /// "2026 minimum elements for a software bill of materials" of CISA and partners, July 2026.
    Cisa,
    /// "Minimum elements for a software bill of materials" of NTIA, July 2021.
    Ntia,
    /// Annex XI of the EU's AI Act: general-purpose models.
    EuAiAct,
    /// The field list of the OWASP AIBOM project.
    Owasp,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 5] = [Self::G7Ai, Self::Cisa, Self::Ntia, Self::EuAiAct, Self::Owasp];

    /// The word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::G7Ai => "g7-ai",
            Self::Cisa => "cisa",
            Self::Ntia => "ntia",
            Self::EuAiAct => "eu-ai-act",
            Self::Owasp => "owasp",
        }
    }

    /// The elements, in their order.
    #[must_use]
    pub const fn elements(self) -> &'static [Element] {
        match self {
            Self::G7Ai => tables::G7_AI,
            Self::Cisa => tables::CISA,
            Self::Ntia => tables::NTIA,
            Self::EuAiAct => tables::EU_AI_ACT,
            Self::Owasp => tables::OWASP,
        }
    }

    /// Whether an element that is said to be unknown is there: the list asks for explicit unknowns, and our documents write them.
    const fn takes_unknown(self) -> bool {
        matches!(self, Self::Cisa)
    }
}

/// One element of a list.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// The part of the list that it is in.
    pub cluster: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Whether the list asks for it in every document.
    pub is_required: bool,
    find: Find,
}

/// Where an element is looked for.
#[derive(Clone, Copy, Debug)]
enum Find {
    /// In the document itself.
    Document(Part),
    /// One of these facts of what the document is about.
    Subject(&'static [Property]),
    /// One of these facts of everything of this kind.
    Every(Kind, &'static [Property]),
    /// The fact of every component that has such facts; where nobody says it, the document says so.
    EveryComponent(&'static [Property]),
    /// A relation of what the document is about.
    Relation(&'static [Verb]),
    /// A measured value.
    Metric,
    /// Something of this kind.
    Kind(Kind),
}

/// A part of a document.
#[derive(Clone, Copy, Debug)]
enum Part {
    Author,
    Signature,
    Tool,
    Time,
    /// Always there: format and version of the document, its own version, the phase it was made in.
    Form,
}

/// What is known about the document that is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// Who lets it be made.
    pub author: Option<String>,
    /// Whether somebody's signature of it was checked; none where nobody looked.
    pub is_signed: Option<bool>,
    /// What made it.
    pub tool: Option<String>,
    /// When it was made.
    pub time: Option<String>,
    /// How what it says of itself is known: verified where it is made now.
    pub standing: Standing,
}

/// What became of an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// It is there.
    Present {
        /// How it is known; of several, the worst.
        standing: Standing,
        /// What it says, in a line; of several, how many.
        says: String,
    },
    /// It is said not to be known, which this list takes.
    SaidUnknown {
        /// Of what.
        says: String,
    },
    /// It is not there.
    Absent {
        /// Of what it lacks, where it is not of everything.
        says: String,
    },
    /// There is nothing that could have it.
    NotApplicable,
}

/// One line of the answer.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The element.
    pub element: &'static Element,
    /// What became of it.
    pub found: Found,
}

/// Looks for every element of a list.
#[must_use]
pub fn check(graph: &Graph, profile: Profile, about: &About) -> Vec<Checked> {
    let look = Look { graph, profile, about };
    let elements = profile.elements().iter();
    elements
        .map(|element| Checked {
            element,
            found: look.find(element.find),
        })
        .collect()
}

/// Elements by how they are known. What is absent, or said to be unknown, is unknown; what is not applicable is not counted.
#[must_use]
pub fn counts(checked: &[Checked]) -> BTreeMap<Standing, usize> {
    let mut counts = BTreeMap::new();
    for one in checked {
        let standing = match &one.found {
            Found::Present { standing, .. } => *standing,
            Found::SaidUnknown { .. } | Found::Absent { .. } => Standing::Unknown,
            Found::NotApplicable => continue,
        };
        let count: &mut usize = counts.entry(standing).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

struct Look<'a> {
    graph: &'a Graph,
    profile: Profile,
    about: &'a About,
}

impl Look<'_> {
    fn find(&self, find: Find) -> Found {
        let subject = self.graph.subject();
        match find {
            Find::Document(part) => self.part(part),
            Find::Subject(properties) => self.each([subject], properties),
            Find::Every(kind, properties) => {
                let all = self.graph.components().iter().filter(|(_, it)| it.kind == kind);
                self.each(all.map(|(reference, _)| reference), properties)
            }
            Find::EveryComponent(properties) => {
                let all = self.graph.components().iter().filter(|(_, it)| has_facts(it.kind));
                self.each(all.map(|(reference, _)| reference), properties)
            }
            Find::Relation(verbs) => {
                let relations = self.graph.from(subject).filter(|it| verbs.contains(&it.verb));
                let relations: Vec<Standing> = relations.map(|it| it.standing).collect();
                match relations.iter().max() {
                    Some(worst) => Found::Present {
                        standing: *worst,
                        says: relations.len().to_string(),
                    },
                    None => absent(),
                }
            }
            Find::Metric => match self.graph.metrics() {
                [] => absent(),
                metrics => Found::Present {
                    standing: metrics.iter().map(|it| it.standing).max().unwrap_or(Standing::Unknown),
                    says: metrics.len().to_string(),
                },
            },
            Find::Kind(kind) => {
                let count = self.graph.components().values().filter(|it| it.kind == kind).count();
                if count == 0 {
                    absent()
                } else {
                    Found::Present {
                        standing: Standing::Declared,
                        says: count.to_string(),
                    }
                }
            }
        }
    }

    fn part(&self, part: Part) -> Found {
        let about = self.about;
        let (standing, says) = match part {
            // Who runs a program is not known by running it.
            Part::Author => (Standing::Declared, about.author.clone()),
            Part::Tool => (about.standing, about.tool.clone()),
            Part::Time => (Standing::Declared, about.time.clone()),
            Part::Form => (about.standing, Some("as written".to_owned())),
            Part::Signature => match about.is_signed {
                Some(true) => (Standing::Verified, Some("signed".to_owned())),
                Some(false) => (Standing::Unknown, None),
                None => return Found::Absent { says: "a signature lies beside the document".to_owned() },
            },
        };
        says.map_or_else(absent, |says| Found::Present { standing, says })
    }

    /// The first of these facts that each thing has.
    fn each<'r>(&self, all: impl IntoIterator<Item = &'r Ref>, properties: &[Property]) -> Found {
        let (mut worst, mut lacking, mut count) = (Standing::Verified, Vec::new(), 0_usize);
        let mut first = None;
        for reference in all {
            let Some(component) = self.graph.component(reference) else {
                continue;
            };
            count = count.saturating_add(1);
            match properties.iter().find(|it| component.fact(**it).is_some()) {
                Some(property) => {
                    worst = worst.max(component.standing(*property));
                    let value = component.claim(*property).map(|it| it.value.to_string());
                    first = first.or(value);
                }
                None => lacking.push(title(component, reference)),
            }
        }
        match (count, lacking.as_slice()) {
            (0, _) => Found::NotApplicable,
            (1, []) => Found::Present {
                standing: worst,
                says: first.unwrap_or_default(),
            },
            (_, []) => Found::Present {
                standing: worst,
                says: format!("all {count}"),
            },
            (_, [..]) if self.profile.takes_unknown() && properties.iter().all(|it| is_written_unknown(*it)) => {
                Found::SaidUnknown { says: few(&lacking) }
            }
            (_, [..]) => Found::Absent { says: few(&lacking) },
        }
    }
}

/// What documents write as unknown.
const fn is_written_unknown(property: Property) -> bool {
    matches!(
        property,
        Property::Version | Property::Revision | Property::License | Property::LicenseText | Property::Supplier | Property::Author | Property::Digest
    )
}

/// Whether a component is one that lists of elements speak of. A file is a part of one.
const fn has_facts(kind: Kind) -> bool {
    matches!(kind, Kind::Model | Kind::Dataset | Kind::Package | Kind::Tool)
}

fn absent() -> Found {
    Found::Absent { says: String::new() }
}

fn title(component: &Component, reference: &Ref) -> String {
    let name = component.claims(Property::Name).iter().find(|it| !it.is_private);
    let name = name.and_then(|it| it.value.as_text());
    name.map_or_else(|| component_word(component, reference), str::to_owned)
}

fn component_word(component: &Component, reference: &Ref) -> String {
    match component.fact(Property::Name) {
        Some(_) => "a component with a private name".to_owned(),
        None => reference.to_string(),
    }
}

/// A few names of many.
fn few(names: &[String]) -> String {
    const MOST: usize = 3;
    let some: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    match names.len().saturating_sub(MOST) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

#[cfg(test)]
mod tests;

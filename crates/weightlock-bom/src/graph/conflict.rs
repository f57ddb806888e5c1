//! [`Conflict`]: where sources disagree.
//!
//! 1. Two values of a fact that has one.
//! 2. Two parents of a model that was made from one: an adapter fits one base.
//! 3. A claimed number of parameters that is more than [`PARAMETER_TOLERANCE`] off what the files hold.
//! 4. Licences of a model or data set that different sources name, and a licence whose text lies with it while another one is
//!    declared. Several licences in one source are a choice, and none.
//! 5. A digest that a list states and the bytes do not have.
//!
//! None is resolved here. Which value a document shows is the claim of the lowest rank; that there is another one is
//! shown beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weightlock_artifact::standing::Standing;

use super::{Arity, Claim, Derivation, Fact, Graph, Kind, Origin, Property, Ref, Relation, Value, Verb};

/// How far a claimed number of parameters may be off, as a share of what was counted. `7B` is said of 6.7 to 7.3.
pub const PARAMETER_TOLERANCE: f64 = 0.05;

/// Sources that disagree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "conflict")]
pub enum Conflict {
    /// A fact that has one value is claimed with several.
    Values {
        /// Of what.
        component: Ref,
        /// Which fact.
        property: Property,
        /// The values, the one to show first.
        values: Vec<Value>,
    },
    /// A setting is claimed with several values.
    Settings {
        /// Of what.
        component: Ref,
        /// Which setting.
        parameter: String,
        /// The values, the one to show first.
        values: Vec<Value>,
    },
    /// Sources do not agree what a relation is.
    Relations {
        /// The one.
        from: Ref,
        /// The other.
        to: Ref,
        /// Which fact of the relation.
        property: Property,
        /// The values, the one to show first.
        values: Vec<Value>,
    },
    /// Sources name different parents of a model that can have one only.
    Parents {
        /// Of what.
        component: Ref,
        /// How it was made.
        derivation: Derivation,
        /// The parents.
        parents: Vec<Ref>,
    },
    /// A list states another digest than the bytes have.
    Digests {
        /// Of what.
        component: Ref,
        /// What the list states.
        stated: Value,
        /// What was computed.
        computed: Value,
    },
    /// More or fewer parameters are claimed than there are.
    Parameters {
        /// Of what.
        component: Ref,
        /// As it is written.
        claimed: String,
        /// As it was counted.
        counted: u64,
    },
}

/// Whoever tells of conflicts, in a document or on a screen.
pub trait Teller {
    /// What a component is called there.
    fn title(&self, reference: &Ref) -> String;

    /// Whether a claim may be shown there.
    fn shows(&self, claim: &Claim) -> bool;
}

impl Conflict {
    /// What it is about; of a relation, the component that it goes out from.
    #[must_use]
    pub const fn about(&self) -> &Ref {
        match self {
            Self::Values { component, .. }
            | Self::Settings { component, .. }
            | Self::Parents { component, .. }
            | Self::Digests { component, .. }
            | Self::Parameters { component, .. } => component,
            Self::Relations { from, .. } => from,
        }
    }

    /// The conflict in a line, without the name of what it is [about](Self::about).
    #[must_use]
    pub fn told(&self, graph: &Graph, teller: &impl Teller) -> String {
        match self {
            Self::Values {
                component,
                property,
                values,
            } => {
                let fact = graph.component(component).and_then(|it| it.fact(*property));
                format!("{}: {}", property.name(), listed(values, fact, teller))
            }
            Self::Settings {
                component,
                parameter,
                values,
            } => {
                let component = graph.component(component);
                let fact = component.and_then(|it| it.parameters().get(parameter));
                format!("{parameter}: {}", listed(values, fact, teller))
            }
            Self::Relations {
                from,
                to,
                property,
                values,
            } => {
                let ends = graph.from(from).filter(|it| it.to == *to);
                let facts = ends.filter_map(|it| it.facts().get(property));
                let title = teller.title(to);
                format!(
                    "{} of {title}: {}",
                    property.name(),
                    listed(values, facts, teller)
                )
            }
            Self::Parents { parents, .. } => {
                let parents: Vec<String> = parents.iter().map(|it| teller.title(it)).collect();
                format!("parent: {}", parents.join(" | "))
            }
            Self::Digests { stated, computed, .. } => {
                format!("digest: {stated} stated | {computed} computed")
            }
            Self::Parameters { claimed, counted, .. } => {
                format!("parameters: {claimed} claimed | {counted} counted")
            }
        }
    }
}

/// The values that are claimed; where some may not be shown, how many there are.
fn listed<'f>(values: &[Value], facts: impl IntoIterator<Item = &'f Fact>, teller: &impl Teller) -> String {
    let mut claims = facts.into_iter().flat_map(Fact::claims);
    if claims.all(|claim| teller.shows(claim)) {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        values.join(" | ")
    } else {
        format!("{} values, of which some are private", values.len())
    }
}

/// Every conflict of a graph, in the order of its components.
pub(super) fn all(graph: &Graph) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = values(graph).chain(settings(graph)).collect();
    found.extend(relations(graph));
    found.extend(parents(graph));
    found.extend(parameters(graph));
    found.extend(licences(graph));
    found.extend(digests(graph));
    found.sort();
    found
}

fn values(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    graph.components().iter().flat_map(|(name, component)| {
        component
            .facts()
            .iter()
            .filter(|(property, fact)| fact.is_disputed(property.arity()))
            .map(|(property, fact)| Conflict::Values {
                component: name.clone(),
                property: *property,
                values: fact.claims().iter().map(|it| it.value.clone()).collect(),
            })
    })
}

fn settings(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    graph.components().iter().flat_map(|(name, component)| {
        component
            .parameters()
            .iter()
            .filter(|(_, fact)| fact.is_disputed(Arity::One))
            .map(|(parameter, fact)| Conflict::Settings {
                component: name.clone(),
                parameter: parameter.clone(),
                values: fact.claims().iter().map(|it| it.value.clone()).collect(),
            })
    })
}

fn relations(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    graph.relations().flat_map(|relation| {
        relation
            .facts()
            .iter()
            .filter(|(property, fact)| fact.is_disputed(property.arity()))
            .map(|(property, fact)| Conflict::Relations {
                from: relation.from.clone(),
                to: relation.to.clone(),
                property: *property,
                values: fact.claims().iter().map(|it| it.value.clone()).collect(),
            })
    })
}

fn parents(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    graph.components().keys().filter_map(|name| {
        // How a parent was used must be known: a farther ancestor is no rival of the nearest.
        let parents: Vec<&Relation> = graph
            .from(name)
            .filter(|it| it.verb == Verb::DerivedFrom && it.derivation().is_some())
            .collect();
        let derivation = parents.iter().find_map(|it| it.derivation())?;
        let is_merge = parents
            .iter()
            .any(|it| it.derivation().is_some_and(|it| !it.has_one_parent()));
        (parents.len() > 1 && !is_merge).then(|| Conflict::Parents {
            component: name.clone(),
            derivation,
            parents: parents.iter().map(|it| it.to.clone()).collect(),
        })
    })
}

fn licences(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    let components = graph.components().iter();
    components
        .filter(|(_, it)| matches!(it.kind, Kind::Model | Kind::Dataset))
        .filter_map(|(name, component)| {
            let declared = component.claims(Property::License);
            let mut by_origin: BTreeMap<&Origin, BTreeSet<&Value>> = BTreeMap::new();
            for claim in declared {
                for source in &claim.sources {
                    by_origin.entry(&source.origin).or_default().insert(&claim.value);
                }
            }
            let said: BTreeSet<&BTreeSet<&Value>> = by_origin.values().collect();
            let texts = component.claims(Property::LicenseText);
            let is_of = |text: &Value| declared.iter().any(|it| is_same_licence(&it.value, text));
            let is_other_text =
                !declared.is_empty() && !texts.is_empty() && !texts.iter().any(|it| is_of(&it.value));
            let mut values: Vec<Value> = declared.iter().map(|it| it.value.clone()).collect();
            if is_other_text {
                values.extend(texts.iter().map(|it| it.value.clone()));
            }
            (said.len() > 1 || is_other_text).then(|| Conflict::Values {
                component: name.clone(),
                property: Property::License,
                values,
            })
        })
}

/// Whether a text may be that of a declared licence: it does not say whether later versions are granted too, and an expression
/// names several.
fn is_same_licence(declared: &Value, text: &Value) -> bool {
    let (Some(declared), Some(text)) = (declared.as_text(), text.as_text()) else {
        return false;
    };
    let plain = |it: &str| {
        let it = it.trim_matches(['(', ')']).to_ascii_lowercase();
        let it = it.strip_suffix("-only").unwrap_or(&it);
        let it = it.strip_suffix("-or-later").unwrap_or(it);
        it.trim_end_matches('+').to_owned()
    };
    let text = plain(text);
    // `MIT License`, `Apache License, Version 2.0` are written in words.
    let letters = |it: &str| it.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let words = declared
        .split_whitespace()
        .map(|it| letters(&it.to_ascii_lowercase()));
    let named: String = words
        .filter(|it| !matches!(it.as_str(), "the" | "license" | "licence" | "version"))
        .collect();
    declared.split_whitespace().any(|it| plain(it) == text) || named == letters(&text)
}

fn parameters(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    graph.components().iter().flat_map(|(name, component)| {
        let counted = component.number(Property::Parameters);
        component
            .claims(Property::ParameterClaim)
            .iter()
            .filter_map(move |claim| {
                let (counted, claimed) = (counted?, claim.value.as_text()?);
                contradicts_count(claimed, counted)?.then(|| Conflict::Parameters {
                    component: name.clone(),
                    claimed: claimed.to_owned(),
                    counted,
                })
            })
    })
}

fn digests(graph: &Graph) -> impl Iterator<Item = Conflict> + '_ {
    graph.components().iter().flat_map(|(name, component)| {
        let computed = component.claim(Property::Digest);
        component
            .claims(Property::StatedDigest)
            .iter()
            .filter(|it| it.standing != Standing::Verified)
            .filter_map(move |claim| {
                Some(Conflict::Digests {
                    component: name.clone(),
                    stated: claim.value.clone(),
                    computed: computed?.value.clone(),
                })
            })
    })
}

/// The number that a claim means: `7B`, `16K`, `16-thousand`, `1.5 billion`, `8x7B`, `26,784`.
fn claimed_number(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase().replace([',', '_'], "");
    let (experts, text) = match text.split_once('x') {
        Some((experts, rest)) => (experts.parse::<f64>().ok()?, rest),
        None => (1.0, text.as_str()),
    };
    let digits = text
        .find(|it: char| !it.is_ascii_digit() && it != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let scale = match unit.trim_start_matches([' ', '-']) {
        "" => 1.0,
        "k" | "thousand" => 1e3,
        "m" | "million" => 1e6,
        "b" | "bn" | "g" | "billion" => 1e9,
        "t" | "trillion" => 1e12,
        _ => return None,
    };
    let claimed = experts * number.parse::<f64>().ok()? * scale;
    (claimed.is_finite() && claimed > 0.0).then_some(claimed)
}

/// Whether a claimed number of parameters is more than [`PARAMETER_TOLERANCE`] off what was counted; `None` where the claim is no
/// number.
#[must_use]
pub fn contradicts_count(claimed: &str, counted: u64) -> Option<bool> {
    claimed_number(claimed).map(|claimed| is_off(claimed, counted))
}

#[expect(clippy::cast_precision_loss, reason = "a share is compared, not a count")]
fn is_off(claimed: f64, counted: u64) -> bool {
    let counted = counted as f64;
    (claimed - counted).abs() > counted * PARAMETER_TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_size_are_read() {
        for (text, number) in [
            ("7B", 7e9),
            ("16K", 16e3),
            ("16-thousand", 16e3),
            ("1.5 billion", 1.5e9),
            ("8x7B", 56e9),
            ("26,784", 26784.0),
            ("350M", 350e6),
        ] {
            assert_eq!(claimed_number(text), Some(number), "{text}");
        }
        for text in ["", "B", "many", "7 gallons", "-7B", "1e999B", "x", "0B"] {
            assert_eq!(claimed_number(text), None, "{text}");
        }
    }

    #[test]
    fn five_per_cent_are_granted() {
        assert!(!is_off(7e9, 6_738_415_616));
        assert!(is_off(7e9, 6_500_000_000));
        assert!(is_off(16e3, 26_784));
    }
}

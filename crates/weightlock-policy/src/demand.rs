//! [`Demand`]: one thing that a policy asks of a model.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use spdx::{Expression, LicenseReq};
use weightlock_artifact::evidence::Kind;
use weightlock_bom::slsa::Level;
use weightlock_scan::Severity;

use crate::{check::Check, document::Age};

/// One thing that is asked.
#[derive(Clone, PartialEq, Debug)]
pub enum Demand {
    /// Signed by one who counts, and unchanged.
    Signature {
        /// So many different signers.
        signers: u32,
        /// Only these identities of the layer, if any are named.
        by: Vec<String>,
    },
    /// No finding at or above a line.
    Scan {
        /// The line.
        below: Severity,
        /// Whose scan.
        by: ScanBy,
    },
    /// Every byte was accounted for.
    Coverage,
    /// A signed bill of materials describes these bytes.
    Bom,
    /// A card without gaps and contradictions.
    Card {
        /// It is a signed statement; else the card among the files of a signed model does, too.
        signed: bool,
    },
    /// Provenance reaches a level.
    Provenance {
        /// The level.
        level: Level,
        /// Only these builders, if any are named.
        builders: Vec<String>,
    },
    /// Measured values are within bounds.
    Evaluation(Vec<Measure>),
    /// Code that comes along was reviewed.
    Review {
        /// By so many different people.
        reviewers: u32,
    },
    /// The licence is allowed.
    Licenses(Licences),
    /// No file has a denied format.
    Formats {
        /// Names of formats.
        deny: BTreeSet<String>,
        /// Unless one of these identities of the layer signed the model.
        unless_signed_by: Vec<String>,
    },
    /// The revision is a commit or a digest.
    Revision,
    /// No known vulnerability at or above a line.
    Advisories {
        /// The line.
        below: Severity,
        /// Whose reports count.
        by: ReportBy,
    },
    /// People approved it.
    Approvals {
        /// So many different people.
        count: u32,
        /// Only these identities of the layer, if any are named.
        by: Vec<String>,
    },
    /// Evidence is not older than this. It asks for no evidence; what other demands take is measured by it.
    MaxAge {
        /// Of what.
        of: AgeOf,
        /// How old.
        age: Age,
    },
}

/// Whose scan counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScanBy {
    /// The one that is run now.
    Now,
    /// One that a scanner who counts has signed.
    Signed,
    /// Either.
    Either,
}

/// Whose reports about vulnerabilities count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportBy {
    /// Those that a scanner who counts has signed, about this very model.
    Signed,
    /// Those too that the caller names; that they are about what the model needs is the caller's word.
    Either,
}

/// Of what an age is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AgeOf {
    /// Statements of a kind.
    Kind(Kind),
    /// Reports about vulnerabilities.
    Advisories,
}

/// A measured value and its bounds.
#[derive(Clone, PartialEq, Debug)]
pub struct Measure {
    /// What is measured.
    pub metric: String,
    /// On what data, if that matters.
    pub dataset: Option<String>,
    /// The least value.
    pub at_least: Option<f64>,
    /// The greatest value.
    pub at_most: Option<f64>,
}

impl Measure {
    /// Whether a value is within the bounds. What is no number is not.
    #[must_use]
    pub fn allows(&self, value: f64) -> bool {
        value.is_finite()
            && self.at_least.is_none_or(|least| value >= least)
            && self.at_most.is_none_or(|most| value <= most)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        if let Some(dataset) = &self.dataset {
            write!(f, " on {dataset}")?;
        }
        if let Some(least) = self.at_least {
            write!(f, " at least {least}")?;
        }
        if let Some(most) = self.at_most {
            write!(f, " at most {most}")?;
        }
        Ok(())
    }
}

/// Licences that are allowed and denied: as they are compared, and as they are written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Licences {
    /// These, and no others, if there are any.
    pub allow: BTreeMap<String, String>,
    /// Not these.
    pub deny: BTreeMap<String, String>,
}

impl Licences {
    /// The name of one licence as it is compared: an identifier of the list or a `LicenseRef-`, in lower case, with its exception
    /// and `+` if it has them.
    pub(crate) fn name(text: &str) -> Option<String> {
        let expression = Expression::parse(text).ok()?;
        let mut all = expression.requirements();
        let one = all.next()?;
        all.next().is_none().then(|| word(&one.req))
    }

    /// Whether an expression can be met with licences that are allowed. `None` when it is no expression.
    pub(crate) fn allows(&self, expression: &str) -> Option<bool> {
        let expression = Expression::parse(expression).ok()?;
        Some(expression.evaluate(|req| {
            let word = word(req);
            (self.allow.is_empty() || self.allow.contains_key(&word)) && !self.deny.contains_key(&word)
        }))
    }
}

fn word(req: &LicenseReq) -> String {
    req.to_string().to_lowercase()
}

impl Demand {
    /// Whether a scan that is run now answers it, if there is one.
    #[must_use]
    pub fn takes_scan_now(&self) -> bool {
        match self {
            Self::Scan { by, .. } => *by != ScanBy::Signed,
            Self::Coverage => true,
            _ => false,
        }
    }

    /// The question that it belongs to; an age is measured with others.
    #[must_use]
    pub const fn check(&self) -> Option<Check> {
        Some(match self {
            Self::Signature { .. } => Check::Signature,
            Self::Scan { .. } => Check::Scan,
            Self::Coverage => Check::Coverage,
            Self::Bom => Check::Bom,
            Self::Card { .. } => Check::Card,
            Self::Provenance { .. } => Check::Provenance,
            Self::Evaluation(_) => Check::Evaluation,
            Self::Review { .. } => Check::Review,
            Self::Licenses(_) => Check::License,
            Self::Formats { .. } => Check::Formats,
            Self::Revision => Check::Revision,
            Self::Advisories { .. } => Check::Advisories,
            Self::Approvals { .. } => Check::Approvals,
            Self::MaxAge { .. } => return None,
        })
    }
}

impl Demand {
    /// The kinds of statements that it can rest on.
    #[must_use]
    pub const fn rests_on(&self) -> &'static [Kind] {
        match self {
            Self::Signature { .. } => &[Kind::Oms],
            Self::Scan { by: ScanBy::Now, .. }
            | Self::Licenses(_)
            | Self::Formats { .. }
            | Self::Revision
            | Self::MaxAge { .. } => &[],
            Self::Scan { .. } | Self::Coverage | Self::Advisories { .. } => &[Kind::Scan],
            Self::Bom => &[Kind::Bom],
            Self::Card { signed: true } => &[Kind::Card],
            Self::Card { signed: false } => &[Kind::Card, Kind::Oms],
            Self::Provenance { .. } => &[Kind::Provenance],
            Self::Evaluation(_) => &[Kind::Evaluation],
            Self::Review { .. } | Self::Approvals { .. } => &[Kind::Review],
        }
    }
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    names.join(", ")
}

/// ` by a, b`, or nothing.
fn by(identities: &[String]) -> String {
    if identities.is_empty() {
        String::new()
    } else {
        format!(" by {}", names(identities))
    }
}

/// What is asked, in words.
impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature { signers: 1, by: whom } => write!(f, "a signature{}", by(whom)),
            Self::Signature { signers, by: whom } => write!(f, "signatures of {signers} signers{}", by(whom)),
            Self::Scan {
                below,
                by: ScanBy::Now,
            } => write!(f, "a scan, run now, below {}", below.as_str()),
            Self::Scan {
                below,
                by: ScanBy::Signed,
            } => write!(f, "a signed scan below {}", below.as_str()),
            Self::Scan {
                below,
                by: ScanBy::Either,
            } => write!(f, "a scan below {}", below.as_str()),
            Self::Coverage => f.write_str("every byte accounted for"),
            Self::Bom => f.write_str("a signed bill of materials about these bytes"),
            Self::Card { signed: true } => f.write_str("a signed model card"),
            Self::Card { signed: false } => f.write_str("a model card"),
            Self::Provenance { level, builders } => write!(f, "provenance of level {level}{}", by(builders)),
            Self::Evaluation(measures) => {
                let measures: Vec<String> = measures.iter().map(ToString::to_string).collect();
                write!(f, "{}", measures.join("; "))
            }
            Self::Review { reviewers: 1 } => f.write_str("a review of the code that comes along"),
            Self::Review { reviewers } => {
                write!(f, "reviews of the code that comes along by {reviewers} people")
            }
            Self::Licenses(Licences { allow, deny }) => match (allow.is_empty(), deny.is_empty()) {
                (false, true) => write!(f, "a license of {}", names(allow.values())),
                (true, _) => write!(f, "no license of {}", names(deny.values())),
                (false, false) => write!(
                    f,
                    "a license of {}, and none of {}",
                    names(allow.values()),
                    names(deny.values())
                ),
            },
            Self::Formats {
                deny,
                unless_signed_by,
            } => {
                write!(f, "no file of the format {}", names(deny))?;
                if unless_signed_by.is_empty() {
                    return Ok(());
                }
                write!(f, ", unless it is signed{}", by(unless_signed_by))
            }
            Self::Revision => f.write_str("a pinned revision"),
            Self::Advisories { below, by } => {
                write!(f, "no known vulnerability at or above {}", below.as_str())?;
                match by {
                    ReportBy::Signed => f.write_str(", by signed reports"),
                    ReportBy::Either => Ok(()),
                }
            }
            Self::Approvals { count: 1, by: whom } => write!(f, "an approval{}", by(whom)),
            Self::Approvals { count, by: whom } => write!(f, "{count} approvals{}", by(whom)),
            Self::MaxAge {
                of: AgeOf::Kind(kind),
                age,
            } => write!(f, "{kind} not older than {age}"),
            Self::MaxAge {
                of: AgeOf::Advisories,
                age,
            } => write!(f, "advisories not older than {age}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licences(allow: &[&str], deny: &[&str]) -> Licences {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (Licences::name(name).unwrap(), (*name).to_owned()))
                .collect()
        };
        Licences {
            allow: names(allow),
            deny: names(deny),
        }
    }

    #[test]
    fn an_expression_is_allowed_when_it_can_be_met() {
        let mild = licences(&["MIT", "Apache-2.0", "LicenseRef-acme"], &[]);
        for (text, wanted) in [
            ("MIT", Some(true)),
            ("MIT OR GPL-3.0-only", Some(true)),
            ("MIT AND GPL-3.0-only", Some(false)),
            ("LicenseRef-acme", Some(true)),
            ("LicenseRef-other", Some(false)),
            ("some words", None),
        ] {
            assert_eq!(mild.allows(text), wanted, "{text}");
        }
        let strict = licences(&[], &["CC-BY-NC-4.0"]);
        assert_eq!(strict.allows("CC-BY-NC-4.0"), Some(false));
        assert_eq!(strict.allows("CC-BY-NC-4.0 OR MIT"), Some(true));
        assert_eq!(strict.allows("MIT"), Some(true));
        assert!(Licences::name("MIT OR Apache-2.0").is_none());
        assert!(Licences::name("No-Such").is_none());
    }

    #[test]
    fn what_is_no_number_is_within_no_bounds() {
        let measure = Measure {
            metric: "m".into(),
            dataset: None,
            at_least: Some(0.5),
            at_most: None,
        };
        for (value, wanted) in [
            (0.5, true),
            (0.49, false),
            (f64::NAN, false),
            (f64::INFINITY, false),
        ] {
            assert_eq!(measure.allows(value), wanted, "{value}");
        }
    }
}

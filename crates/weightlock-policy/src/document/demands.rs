//! What a document demands: each demand with its line, and with sound values.

use std::collections::BTreeMap;

use toml::Spanned;
use weightlock_scan::Severity;

use super::{
    Age, DocumentError, Fault, Placed,
    build::{Reading, kind_of, level_of, shape, value},
    wire::{
        Given, WireAdvisories, WireApprovals, WireDemands, WireFormats, WireLicenses, WireMeasure,
        WireProvenance, WireReportBy, WireReview, WireScan, WireScanBy, WireSignature,
    },
};
use crate::{
    demand::{AgeOf, Demand, Licences, Measure, ReportBy, ScanBy},
    level::{Mode, Tier},
};

/// The prefix of a set of licences.
const SET: &str = "set:";

/// A demand, and where it stands in the text.
type At = (usize, Result<Demand, Fault>);

impl Reading<'_> {
    /// What is demanded in this mode and tier; the first fault, if there is one.
    pub(super) fn demands(
        &self,
        wire: WireDemands,
        mode: Option<Mode>,
        tier: Option<Tier>,
    ) -> Result<Vec<Placed>, DocumentError> {
        let all = self.given(wire).into_iter().map(|(at, demand)| {
            Ok(Placed {
                line: self.lines.line(at),
                mode,
                tier,
                demand: demand.map_err(|fault| self.lines.at(at, fault))?,
            })
        });
        all.collect()
    }

    fn given(&self, wire: WireDemands) -> Vec<At> {
        let given = [
            at(wire.signature, |it: Given<_>| self.signature(it.0)),
            at(wire.scan, |it| scan(it.0)),
            at(wire.coverage, |_| Ok(Demand::Coverage)),
            at(wire.bom, |_| Ok(Demand::Bom)),
            at(wire.revision, |_| Ok(Demand::Revision)),
            at(wire.card, |it| {
                let signed = it.0.signed.unwrap_or(true);
                Ok(Demand::Card { signed })
            }),
            at(wire.provenance, provenance),
            at(wire.evaluation, evaluation),
            at(wire.review, |it| review(&it.0)),
            at(wire.licenses, |it| self.licences(it)),
            at(wire.formats, |it| self.formats(it)),
            at(wire.advisories, |it| advisories(it.0)),
            at(wire.approvals, |it| self.approvals(it.0)),
        ];
        let ages = wire.max_age.into_iter();
        let ages = ages.map(|(of, age)| (of.span().start, max_age(of.get_ref(), age.get_ref())));
        given.into_iter().flatten().chain(ages).collect()
    }

    fn signature(&self, wire: WireSignature) -> Result<Demand, Fault> {
        let by = wire.by;
        self.all_known(&by)?;
        let signers = some("signers", wire.signers)?;
        if !by.is_empty() && (by.len() as u64) < u64::from(signers) {
            return Err(shape("more signers are demanded than are named"));
        }
        Ok(Demand::Signature { signers, by })
    }

    fn formats(&self, wire: WireFormats) -> Result<Demand, Fault> {
        self.all_known(&wire.unless_signed_by)?;
        if wire.deny.is_empty() {
            return Err(shape("formats names the formats that it denies"));
        }
        let deny = wire.deny.into_iter().map(|name| self.format(name));
        Ok(Demand::Formats {
            deny: deny.collect::<Result<_, _>>()?,
            unless_signed_by: wire.unless_signed_by,
        })
    }

    fn licences(&self, wire: WireLicenses) -> Result<Demand, Fault> {
        let allow = self.licence_names(wire.allow)?;
        let deny = self.licence_names(wire.deny)?;
        if allow.is_empty() && deny.is_empty() {
            return Err(shape("licenses names what it allows or denies"));
        }
        Ok(Demand::Licenses(Licences { allow, deny }))
    }

    /// Names, with those of sets in their place.
    fn licence_names(&self, names: Vec<String>) -> Result<BTreeMap<String, String>, Fault> {
        let mut all = BTreeMap::new();
        for name in names {
            let members = match name.strip_prefix(SET) {
                None => vec![name.as_str()],
                Some(set) => match self.sets.get(set) {
                    Some(members) => members.iter().map(String::as_str).collect(),
                    None => return Err(Fault::Unknown("set of licences", set.to_owned())),
                },
            };
            for member in members {
                let known = Licences::name(member).ok_or_else(|| {
                    value(
                        "license",
                        member,
                        "neither an identifier of SPDX nor a LicenseRef-",
                    )
                })?;
                all.insert(known, member.to_owned());
            }
        }
        Ok(all)
    }

    fn approvals(&self, wire: WireApprovals) -> Result<Demand, Fault> {
        self.all_known(&wire.by)?;
        Ok(Demand::Approvals {
            count: some("count", wire.count)?,
            by: wire.by,
        })
    }
}

/// A demand that is made, and where.
fn at<T>(wire: Option<Spanned<T>>, demand: impl FnOnce(T) -> Result<Demand, Fault>) -> Option<At> {
    wire.map(|it| (it.span().start, demand(it.into_inner())))
}

fn scan(wire: WireScan) -> Result<Demand, Fault> {
    let by = match wire.by {
        WireScanBy::Now => ScanBy::Now,
        WireScanBy::Signed => ScanBy::Signed,
        WireScanBy::Either => ScanBy::Either,
    };
    let below = severity(wire.below, Severity::Medium)?;
    Ok(Demand::Scan { below, by })
}

fn review(wire: &WireReview) -> Result<Demand, Fault> {
    let reviewers = some("reviewers", wire.reviewers)?;
    Ok(Demand::Review { reviewers })
}

fn advisories(wire: WireAdvisories) -> Result<Demand, Fault> {
    let by = match wire.by {
        WireReportBy::Signed => ReportBy::Signed,
        WireReportBy::Either => ReportBy::Either,
    };
    let below = severity(wire.below, Severity::High)?;
    Ok(Demand::Advisories { below, by })
}

fn severity(word: Option<String>, otherwise: Severity) -> Result<Severity, Fault> {
    let Some(word) = word else { return Ok(otherwise) };
    match Severity::of(&word) {
        Some(severity) if severity != Severity::Info => Ok(severity),
        _ => Err(value(
            "below",
            &word,
            "it is one of low, medium, high and critical",
        )),
    }
}

/// A count; none is one, and zero demands nothing.
fn some(what: &'static str, count: Option<u32>) -> Result<u32, Fault> {
    match count {
        None => Ok(1),
        Some(0) => Err(value(what, "0", "that demands nothing")),
        Some(count) => Ok(count),
    }
}

fn provenance(wire: WireProvenance) -> Result<Demand, Fault> {
    Ok(Demand::Provenance {
        level: level_of(wire.level)?,
        builders: wire.builders,
    })
}

fn evaluation(wire: Vec<WireMeasure>) -> Result<Demand, Fault> {
    let measures: Vec<Measure> = wire.into_iter().map(measure).collect::<Result<_, _>>()?;
    if measures.is_empty() {
        return Err(shape("evaluation names what is measured"));
    }
    Ok(Demand::Evaluation(measures))
}

fn measure(wire: WireMeasure) -> Result<Measure, Fault> {
    let bounds = [wire.at_least, wire.at_most];
    if wire.metric.is_empty() || bounds.iter().all(Option::is_none) {
        return Err(shape("a measured value has a metric, and at-least or at-most"));
    }
    if bounds.iter().flatten().any(|bound| !bound.is_finite()) {
        return Err(value("evaluation", &wire.metric, "its bounds are numbers"));
    }
    if let [Some(least), Some(most)] = bounds
        && least > most
    {
        return Err(value(
            "evaluation",
            &wire.metric,
            "no value is at least one bound and at most the other",
        ));
    }
    Ok(Measure {
        metric: wire.metric,
        dataset: wire.dataset,
        at_least: wire.at_least,
        at_most: wire.at_most,
    })
}

fn max_age(of: &str, age: &str) -> Result<Demand, Fault> {
    let of = if of == "advisories" {
        AgeOf::Advisories
    } else {
        AgeOf::Kind(kind_of(of)?)
    };
    let age = Age::parse(age).map_err(|why| value("max-age", age, why))?;
    Ok(Demand::MaxAge { of, age })
}

//! [`judge`]: evidence and a policy become a verdict.
//!
//! 1. The mode is the strictest that a layer sets or that is asked for; the tier likewise, with the tiers of rules that match.
//! 2. Demands are collected: of every layer, those without condition, those of this mode and milder ones, of this tier and
//!    lower ones, and of rules that match. A rule whose condition cannot be told matches.
//! 3. Each demand is judged by itself, and only statements count whose signer may make them.
//! 4. What is waived is set aside, with the waiver; and outside production, what may be skipped.
//! 5. The worst of what is left decides. A policy that demands nothing denies.
//!
//! It takes time proportional to demands × evidence, and reads no clock.

mod advisory;
mod approval;
mod bom;
mod candidates;
mod card;
mod counted;
mod evaluation;
mod format;
mod licence;
mod provenance;
mod review;
mod revision;
mod rule;
mod scan;
mod signature;
mod waive;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use weightlock_artifact::{digest::Digest, evidence::Kind};

use self::rule::Matching;
use crate::{
    check::Check,
    demand::{AgeOf, Demand},
    document::{Age, Placed},
    evidence::{Evidence, ModelFacts},
    layer::{LayerKind, Policy},
    level::{Mode, Tier},
    reason,
    verdict::{Applied, Asked, Decision, Reason, Verdict},
};

/// What the caller asks and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Situation {
    /// The time.
    pub now: Timestamp,
    /// A mode that is asked for; a milder one than the policy's changes nothing.
    pub mode: Option<Mode>,
    /// A tier that is asked for; likewise.
    pub tier: Option<Tier>,
    /// Checks that somebody wants to leave out. In production each is a refusal.
    pub skip: BTreeSet<Check>,
    /// Flags and arguments that give up a check of their own, as they are typed. In production each is a refusal.
    pub given_up: BTreeSet<String>,
}

impl Situation {
    /// Nothing is asked but the time.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now,
            mode: None,
            tier: None,
            skip: BTreeSet::new(),
            given_up: BTreeSet::new(),
        }
    }
}

/// What one demand comes to.
#[derive(Debug, Default)]
struct Answer {
    met_by: Option<String>,
    evidence: Vec<Digest>,
    reasons: Vec<Reason>,
}

impl Answer {
    fn met(by: impl Into<String>, evidence: impl IntoIterator<Item = Digest>) -> Self {
        Self {
            met_by: Some(by.into()),
            evidence: evidence.into_iter().collect(),
            reasons: Vec::new(),
        }
    }

    fn no(reasons: Vec<Reason>) -> Self {
        Self {
            reasons,
            ..Self::default()
        }
    }

    fn because(reason: Reason) -> Self {
        Self::no(vec![reason])
    }
}

/// Everything that a demand is judged by.
struct Case<'c> {
    policy: &'c Policy,
    evidence: &'c Evidence,
    now: Timestamp,
    ages: BTreeMap<AgeOf, Age>,
}

/// What applies to a model here.
pub(crate) struct Frame<'p> {
    pub(crate) mode: Mode,
    pub(crate) tier: Tier,
    matching: Matching,
    active: Vec<Active<'p>>,
}

impl<'p> Frame<'p> {
    pub(crate) fn of(policy: &'p Policy, model: &ModelFacts, situation: &Situation) -> Self {
        let mode = policy.mode(situation.mode);
        let matching = Matching::of(policy, model);
        let tiers = matching.tiers().chain([policy.default_tier()]);
        let tier = tiers.chain(situation.tier).max().unwrap_or(Tier::High);
        Self {
            active: active(policy, &matching, mode, tier),
            mode,
            tier,
            matching,
        }
    }

    /// How old a verdict may be that stands in for judging: the strictest of what the layers say. One that says nothing means a day,
    /// so that another one cannot speak for it.
    pub(crate) fn verdict_age(&self, policy: &Policy) -> Age {
        let of_layer = |layer: usize| {
            let here = self.active.iter().filter(|it| it.layer == layer);
            let ages = here.filter_map(|it| match &it.placed.demand {
                Demand::MaxAge {
                    of: AgeOf::Kind(Kind::Verdict),
                    age,
                } => Some(*age),
                _ => None,
            });
            ages.min().unwrap_or(Age::DAY)
        };
        let layers = 0..policy.layers().len();
        layers.map(of_layer).min().unwrap_or(Age::DAY)
    }

    /// What is demanded here, each by what tells it from all others of the same policies.
    pub(crate) fn demands(&self, policy: &Policy) -> BTreeSet<String> {
        self.active.iter().map(|it| it.key(policy)).collect()
    }

    /// A rule that denies the model by itself, or holds it.
    pub(crate) fn denied_by(&self, policy: &Policy) -> Option<String> {
        self.matching.denied_by(policy)
    }
}

/// A demand that is made here.
struct Active<'c> {
    layer: usize,
    rule: Option<usize>,
    /// Its number among all demands of the document.
    number: usize,
    placed: &'c Placed,
}

impl Active<'_> {
    /// Layer, line, number among the demands of the document, and check: several may stand in one line.
    fn key(&self, policy: &Policy) -> String {
        let layer = policy.layers().get(self.layer).map_or("", |it| it.kind.word());
        let check = self.placed.demand.check().map_or("max_age", Check::name);
        format!("{layer}:{}:{}:{check}", self.placed.line, self.number)
    }
}

/// May this model be used here?
#[must_use]
pub fn judge(policy: &Policy, evidence: &Evidence, situation: &Situation) -> Verdict {
    let frame = Frame::of(policy, &evidence.model, situation);
    let demands = frame.demands(policy);
    let Frame {
        mode,
        tier,
        matching,
        active,
    } = frame;
    let believed = evidence.with_times_until(situation.now);
    let case = Case {
        policy,
        evidence: &believed,
        now: situation.now,
        ages: ages(&active),
    };
    let mut asked: Vec<Asked> = active.iter().filter_map(|it| case.asked(it)).collect();
    asked.extend(matching.verdicts(policy));
    let mut general = Vec::new();
    if asked.is_empty() {
        general.push(Reason::no(
            reason::UNDEFINED,
            format!(
                "the policy demands nothing of a model of the tier {tier} in {mode}, so nothing is allowed"
            ),
        ));
    }
    general.extend(incomplete(&evidence.model));
    asked.sort_by_key(|it| (it.check, it.place.layer, it.place.line));
    let waivers = waive::apply(policy, evidence, situation, mode, &mut asked);
    general.extend(skip(policy, situation, mode, &mut asked));
    general.extend(given_up(situation, mode));
    let worst = asked.iter().map(Asked::decision);
    let worst = worst.chain(general.iter().map(|reason| reason.decision)).max();
    Verdict {
        decision: worst.unwrap_or(Decision::Deny),
        digest: evidence.model.digest,
        revision: evidence.model.revision.as_ref().map(|it| it.text.clone()),
        mode,
        tier,
        now: situation.now,
        demands,
        asked,
        general,
        waivers,
        level: case.reached(&active),
        policies: applied(policy),
    }
}

/// A loader would read what is none of the model's files. Nothing is known of it.
pub(crate) fn incomplete(model: &ModelFacts) -> Option<Reason> {
    let first = model.incomplete.first()?;
    let more = match model.incomplete.len() {
        1 => String::new(),
        count => format!("; and {} more like it", count - 1),
    };
    Some(Reason::unknown(reason::INCOMPLETE, format!("{first}{more}")))
}

/// The documents of a policy.
pub(crate) fn applied(policy: &Policy) -> Vec<Applied> {
    let layers = policy.layers().iter();
    layers
        .map(|layer| Applied {
            layer: layer.kind.word(),
            source: layer.source.clone(),
            digest: layer.digest,
        })
        .collect()
}

fn active<'p>(policy: &'p Policy, matching: &Matching, mode: Mode, tier: Tier) -> Vec<Active<'p>> {
    let mut active = Vec::new();
    for (layer, it) in policy.layers().iter().enumerate() {
        for (number, (rule, placed)) in it.document.all_demands().enumerate() {
            let is_here = placed.mode.is_none_or(|from| mode >= from)
                && placed.tier.is_none_or(|from| tier >= from)
                && rule.is_none_or(|rule| matching.applies(layer, rule));
            if is_here {
                active.push(Active {
                    layer,
                    rule,
                    number,
                    placed,
                });
            }
        }
    }
    active
}

/// The strictest age of everything.
fn ages(active: &[Active<'_>]) -> BTreeMap<AgeOf, Age> {
    let mut ages: BTreeMap<AgeOf, Age> = BTreeMap::new();
    for it in active {
        if let Demand::MaxAge { of, age } = &it.placed.demand {
            let strictest = ages.entry(*of).or_insert(*age);
            *strictest = (*strictest).min(*age);
        }
    }
    ages
}

impl Case<'_> {
    fn asked(&self, active: &Active<'_>) -> Option<Asked> {
        let demand = &active.placed.demand;
        let check = demand.check()?;
        let layer = active.layer;
        let answer = match demand {
            Demand::Signature { signers, by } => self.signature(layer, *signers, by),
            Demand::Scan { below, by } => self.scan(*below, *by),
            Demand::Coverage => self.coverage(),
            Demand::Bom => self.bom(),
            Demand::Card { signed } => self.card(*signed),
            Demand::Provenance { level, builders } => self.provenance(*level, builders),
            Demand::Evaluation(measures) => self.evaluation(measures),
            Demand::Review { reviewers } => self.review(*reviewers),
            Demand::Licenses(licences) => self.licenses(licences),
            Demand::Formats {
                deny,
                unless_signed_by,
            } => self.formats(layer, deny, unless_signed_by),
            Demand::Revision => self.revision(),
            Demand::Advisories { below, by } => self.advisories(*below, *by),
            Demand::Approvals { count, by } => self.approvals(layer, *count, by),
            Demand::MaxAge { .. } => return None,
        };
        let place = self.policy.place(layer, active.placed.line);
        let rule = active.rule.and_then(|rule| {
            let rule = self.policy.layers().get(layer)?.document.rules.get(rule)?;
            Some(rule::called(rule))
        });
        let reasons = answer.reasons.into_iter().map(|it| Reason {
            place: Some(place.clone()),
            ..it
        });
        Some(Asked {
            check,
            text: demand.to_string(),
            reasons: reasons.collect(),
            place,
            rule,
            met_by: answer.met_by,
            evidence: answer.evidence,
            waived: Vec::new(),
            skipped: false,
            lacks_scan: demand.takes_scan_now() && self.evidence.scan.is_none(),
        })
    }
}

/// In production nothing gives up a check. Elsewhere it may: what a policy demands is judged all the same.
pub(crate) fn given_up(situation: &Situation, mode: Mode) -> impl Iterator<Item = Reason> {
    let refused = situation
        .given_up
        .iter()
        .filter(move |_| mode == Mode::Production);
    refused.map(|flag| {
        let why = format!("{flag} gives up a check, and cannot be used in production");
        Reason::no(reason::OVERRIDE, why)
    })
}

/// Sets aside what somebody wants to leave out, where they may. Where they may not, that they tried is a refusal.
fn skip(policy: &Policy, situation: &Situation, mode: Mode, asked: &mut [Asked]) -> Vec<Reason> {
    let mut refused = Vec::new();
    for check in &situation.skip {
        if mode == Mode::Production {
            refused.push(Reason::no(
                reason::OVERRIDE,
                format!("{check} cannot be left out in production"),
            ));
            continue;
        }
        for it in asked.iter_mut().filter(|it| it.check == *check) {
            let layer = policy.layers().get(it.place.layer);
            if layer.is_some_and(|layer| layer.kind == LayerKind::Floor) {
                refused.push(Reason {
                    place: Some(it.place.clone()),
                    ..Reason::no(
                        reason::OVERRIDE,
                        format!("{check} cannot be left out: the floor demands it"),
                    )
                });
            } else {
                it.skipped = true;
                it.reasons.clear();
            }
        }
    }
    refused
}

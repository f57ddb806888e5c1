//! `weightlock policy check`: reads the policies that hold here, with every key and file that they name.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use clap::Args;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::evidence::Kind;
use weightlock_policy::{
    Exception, Layer, Mode, Policy,
    document::{Demand, Licences, Who},
    waiver::InForce,
};

use crate::{
    commands::verdict::{Policies, WhichPolicy},
    context::Context,
    reply::Reply,
    terminal::Style,
    text::Shown,
};

const VERB: &str = "policy check";

/// Read the policies that hold here, and say what they demand and of whom.
///
/// Every key, root and file of waivers that they name is read, too. A policy with one mistake is used for nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock policy check --policy policy.toml
  weightlock policy check                          the policies that hold for you on this machine")]
pub struct Arguments {
    #[command(flatten)]
    policy: WhichPolicy,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedPolicies {
    /// `development`, `staging` or `production`: the strictest that a policy sets or that was asked for.
    pub mode: String,
    /// The tier of models of which no rule says more.
    pub default_tier: String,
    /// The policies, the floor first.
    pub policies: Vec<CheckedPolicy>,
}

/// One policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckedPolicy {
    /// `floor`, `user`, `environment` or `named`.
    pub layer: String,
    /// Its file.
    pub source: String,
    /// SHA-256 of it.
    pub digest: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// Who is known.
    pub identities: Vec<String>,
    /// Whose statements of a kind count.
    pub signers: Vec<SignersTold>,
    /// What is demanded, and when.
    pub demands: Vec<PlacedDemand>,
    /// Rules for some models.
    pub rules: usize,
    /// Waivers, with their state today.
    pub waivers: Vec<ListedWaiver>,
}

/// Whose statements of a kind count.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignersTold {
    /// The kind of evidence.
    pub kind: String,
    /// Names of identities.
    pub identities: Vec<String>,
}

/// A demand, and when it is made.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedDemand {
    /// What.
    pub demand: String,
    /// The line, from 1.
    pub line: usize,
    /// In this mode and stricter ones.
    pub mode: Option<String>,
    /// Of this tier and higher ones.
    pub tier: Option<String>,
    /// The line of the rule that it stands under.
    pub rule: Option<usize>,
}

/// A waiver.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedWaiver {
    /// What it waives.
    pub waives: String,
    /// For which model.
    pub digest: String,
    /// Its file and line.
    pub place: String,
    /// Its last day.
    pub expires: String,
    /// `in-force`, `not-yet` or `expired`.
    pub state: String,
    /// Why it counts for nothing, whatever its dates say.
    pub not_counted: Option<String>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match Policies::find(&arguments.policy, context) {
        Ok(policies) => {
            let checked = checked(&policies.policy, arguments, context);
            let notes = notes(&policies.policy);
            Reply::yes(VERB, text(&checked, context), checked).with_notes(notes)
        }
        Err(told) => Reply::refusal(VERB, vec![told]).with_verdict("no policy: nothing is allowed"),
    }
}

fn checked(policy: &Policy, arguments: &Arguments, context: &Context) -> CheckedPolicies {
    // By a clock that no calendar has, every waiver is over.
    let today = context.timestamp();
    let today = today.map_or(jiff::civil::Date::MAX, |now| now.to_zoned(TimeZone::UTC).date());
    CheckedPolicies {
        mode: policy.mode(arguments.policy.mode_here()).to_string(),
        default_tier: policy
            .default_tier()
            .max(arguments.policy.tier.unwrap_or(weightlock_policy::Tier::Low))
            .to_string(),
        policies: policy
            .layers()
            .iter()
            .map(|layer| told(layer, policy.mode(arguments.policy.mode_here()), today))
            .collect(),
    }
}

/// What makes every answer a no, and is no mistake by itself.
fn notes(policy: &Policy) -> Vec<String> {
    let mut notes = Vec::new();
    if !policy.asks(|_| true) && policy.layers().iter().all(|it| it.document.rules.is_empty()) {
        notes.push("nothing is demanded, so that every model is denied".to_owned());
    }
    // A scan may be run now, and a report named.
    let kinds = Kind::ALL.into_iter();
    for kind in kinds.filter(|kind| !matches!(kind, Kind::Scan | Kind::Verdict)) {
        for layer in policy.silent_on(kind) {
            notes.push(format!(
                "{} demands what rests on signed statements ({kind}), and nobody is named under [signers] {kind}: nobody's word counts",
                layer.source
            ));
        }
    }
    for layer in policy.layers() {
        notes.extend(layer.document.all_demands().filter_map(|(_, placed)| {
            let why = never_met(layer, &placed.demand)?;
            Some(format!("{}:{}: {why}", layer.source, placed.line))
        }));
    }
    notes
}

/// Why a demand can never be met, as far as the policy alone tells.
fn never_met(layer: &Layer, demand: &Demand) -> Option<String> {
    let (kind, wanted, by) = match demand {
        Demand::Signature { signers, by } => (Kind::Oms, *signers, by.as_slice()),
        Demand::Approvals { count, by } => (Kind::Review, *count, by.as_slice()),
        Demand::Review { reviewers } => (Kind::Review, *reviewers, &[][..]),
        Demand::Licenses(licences) => return denied_as_well(licences),
        _ => return None,
    };
    let counting = layer.document.signers.get(&kind)?;
    let asked = counting.iter().filter(|name| by.is_empty() || by.contains(name));
    let most = most_people(layer, asked)?;
    (most < u64::from(wanted)).then(|| {
        format!("{wanted} people are demanded, and {most} can be among those who count: it is never met")
    })
}

/// How many people these identities can be at most; nothing where one stands for anybody of several.
fn most_people<'n>(layer: &Layer, names: impl Iterator<Item = &'n String>) -> Option<u64> {
    let mut people = BTreeSet::new();
    for name in names {
        people.insert(match &layer.document.identities.get(name)?.who {
            Who::Key(file) => {
                let parts = Path::new(file).components();
                parts.filter(|it| *it != Component::CurDir).collect::<PathBuf>()
            }
            Who::Identity { required, .. } if required.is_one_name() => {
                PathBuf::from(format!("{required:?}"))
            }
            _ => return None,
        });
    }
    Some(people.len() as u64)
}

/// Licences that are allowed and denied.
fn denied_as_well(licences: &Licences) -> Option<String> {
    let both = licences
        .allow
        .iter()
        .filter(|(id, _)| licences.deny.contains_key(*id));
    let both: Vec<&str> = both.map(|(_, written)| written.as_str()).collect();
    (!both.is_empty()).then(|| format!("{} is allowed and denied: denied it is", both.join(", ")))
}

fn told(layer: &Layer, mode: Mode, today: jiff::civil::Date) -> CheckedPolicy {
    let document = &layer.document;
    let demands = document.all_demands().map(|(rule, placed)| PlacedDemand {
        demand: placed.demand.to_string(),
        line: placed.line,
        mode: placed.mode.map(|mode| mode.to_string()),
        tier: placed.tier.map(|tier| tier.to_string()),
        rule: rule.and_then(|rule| Some(document.rules.get(rule)?.line)),
    });
    CheckedPolicy {
        layer: layer.kind.word().to_owned(),
        source: layer.source.clone(),
        digest: layer.digest.to_string(),
        name: document.name.clone(),
        identities: document.identities.keys().cloned().collect(),
        signers: document
            .signers
            .iter()
            .map(|(kind, names)| SignersTold {
                kind: kind.name().to_owned(),
                identities: names.clone(),
            })
            .collect(),
        demands: demands.collect(),
        rules: document.rules.len(),
        waivers: layer.exceptions(mode).map(|one| listed(&one, today)).collect(),
    }
}

fn listed(one: &Exception<'_>, today: jiff::civil::Date) -> ListedWaiver {
    let parts = one.waiver.parts();
    ListedWaiver {
        waives: parts.waives.to_string(),
        digest: parts.digest.to_string(),
        place: format!("{}:{}", one.source, parts.line),
        expires: parts.expires.to_string(),
        state: match one.waiver.in_force(today) {
            InForce::Yes => "in-force",
            InForce::NotYet => "not-yet",
            InForce::Expired => "expired",
        }
        .to_owned(),
        not_counted: one.not_counted.map(str::to_owned),
    }
}

fn text(checked: &CheckedPolicies, context: &Context) -> String {
    let mut text = format!(
        "{} {}, tier {} where no rule says more\n",
        context.out.apply(Style::Strong, "mode"),
        checked.mode,
        checked.default_tier
    );
    for policy in &checked.policies {
        let name = policy
            .name
            .as_deref()
            .map_or_else(String::new, |name| format!(" ({name})"));
        text += &format!("{} {}{}\n", policy.layer, Shown(&policy.source), Shown(&name));
        for signers in &policy.signers {
            text += &format!(
                "  {:12} by {}\n",
                signers.kind,
                Shown(&signers.identities.join(", "))
            );
        }
        for demand in &policy.demands {
            let when = [
                demand.mode.as_ref().map(|mode| format!("from {mode}")),
                demand.tier.as_ref().map(|tier| format!("tier {tier} and up")),
                demand.rule.map(|line| format!("rule of line {line}")),
            ];
            let when: Vec<String> = when.into_iter().flatten().collect();
            let when = if when.is_empty() {
                String::new()
            } else {
                format!("   [{}]", when.join(", "))
            };
            text += &format!("  {:4} {}{when}\n", demand.line, Shown(&demand.demand));
        }
        for waiver in &policy.waivers {
            let why = waiver.not_counted.as_deref();
            let why = why.map_or_else(String::new, |why| format!(", and DOES NOT COUNT: {why}"));
            text += &format!(
                "  waiver of {} for {}, until {}: {}{why} ({})\n",
                Shown(&waiver.waives),
                waiver.digest,
                waiver.expires,
                waiver.state,
                Shown(&waiver.place)
            );
        }
    }
    text
}

//! [`Summary`]: a verdict as a statement, SLSA's verification summary (VSA, <https://slsa.dev/spec/v1.2/verification_summary>), and
//! when one stands in for judging again.
//!
//! ```json
//! {"verifier": {"id": "urn:weightlock:verifier:v1", "version": {"weightlock": "0.1.0"}},
//!  "timeVerified": "2026-11-22T12:00:00Z", "resourceUri": "urn:weightlock:model:sha256:…",
//!  "policy": {"uri": "urn:weightlock:policies:v1", "digest": {"sha256": "…"}},
//!  "inputAttestations": [{"digest": {"sha256": "…"}}],
//!  "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_2"], "slsaVersion": "1.2",
//!  "urn:weightlock:verdict:v1": {"decision": "allow", "mode": "production", "tier": "high", "goodUntil": "2026-12-01",
//!   "demands": ["floor:12:0:signature_valid"], "skipped": [], "revision": null,
//!   "policies": [{"layer": "floor", "source": "policy.toml", "digest": {"sha256": "…"}}], "reasons": []}}
//! ```
//!
//! The digest of the policy names every document that was applied, in order, with its layer and the keys that it names; so another
//! floor, or none, and another key, is another policy. A quarantined model has not passed.
//!
//! A summary replaces judging and never hashing. It stands in only where nothing was left out, for the same policies and for no more
//! of their demands than were judged (a model of another name can have others), in the same mode or a stricter one, of the
//! same tier or a higher one, while it is young and while no exception that it rests on has ended.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence::Kind,
    reason::Code,
};

use weightlock_bom::slsa::Level;

use crate::{
    check::Check,
    evidence::ModelFacts,
    judge::{Frame, Situation, applied, given_up, incomplete},
    layer::Policy,
    level::{Mode, Tier},
    reason,
    verdict::{Asked, Decision, Reason, Verdict},
};

/// What makes such statements, where nobody says another name.
pub const VERIFIER: &str = "urn:weightlock:verifier:v1";

/// The member that SLSA does not have.
const OWN: &str = "urn:weightlock:verdict:v1";

/// A verdict that somebody stated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Who made it, as it says.
    pub verifier: String,
    /// When.
    pub time: Timestamp,
    /// The digest of the policies that were applied.
    pub policies: Digest,
    /// What was decided.
    pub decision: Decision,
    /// In which mode.
    pub mode: Mode,
    /// Of which tier.
    pub tier: Tier,
    /// The last day on which every exception holds that it rests on.
    pub good_until: Option<Date>,
    /// What was demanded, each by its layer, line, number and check; and limits of age.
    pub demands: BTreeSet<String>,
    /// Checks that somebody left out.
    pub skipped: Vec<String>,
    /// The revision that was stated of the model, if one was.
    pub revision: Option<String>,
    /// Digests of the statements and reports that it rests on.
    pub evidence: Vec<Digest>,
}

/// Why a summary does not stand in for judging.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotEnough {
    /// It is not written as one of ours.
    #[error("it is no verdict that can be relied on: {0}")]
    Form(String),
    /// It is not written as one of ours, and does not say that the model passed.
    #[error("it cannot be read, and it does not say that the model passed: {0}")]
    Unread(String),
    /// Checks were left out.
    #[error("checks were left out of it: {0}")]
    Skipped(String),
    /// More is demanded here than was judged.
    #[error("it was made of a model of which less is demanded: {0} is demanded here")]
    Demands(String),
    /// Another revision.
    #[error("it was made of the revision {}, and this is {}", .found.as_deref().unwrap_or("that nobody stated"), .asked.as_deref().unwrap_or("of none"))]
    Revision {
        /// Of which.
        found: Option<String>,
        /// What this is.
        asked: Option<String>,
    },
    /// A rule denies the model.
    #[error("{0} is about this model, and no other verdict stands in for it")]
    Rule(String),
    /// It does not allow the model.
    #[error("it does not allow the model: {0}")]
    Decision(Decision),
    /// Other policies.
    #[error("it was made by other policies than hold here")]
    Policies,
    /// A milder mode.
    #[error("it was made for {found}, and this is {asked}")]
    Mode {
        /// For which.
        found: Mode,
        /// What this is.
        asked: Mode,
    },
    /// A lower tier.
    #[error("it was made for the tier {found}, and this is {asked}")]
    Tier {
        /// For which.
        found: Tier,
        /// What this is.
        asked: Tier,
    },
    /// Somebody said no, not earlier.
    #[error("a no that is not older, or that cannot be read, takes it back")]
    TakenBack,
    /// Too old, or of the future.
    #[error("it is of {made}, and {limit} is the limit")]
    Age {
        /// When it was made.
        made: Timestamp,
        /// How old it may be.
        limit: String,
    },
    /// An exception has ended.
    #[error("it rests on an exception that ended on {0}")]
    Ended(Date),
}

impl NotEnough {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        reason::SUMMARY
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    verifier: Verifier,
    time_verified: String,
    policy: Descriptor,
    #[serde(default)]
    input_attestations: Vec<Descriptor>,
    verification_result: String,
    #[serde(rename = "urn:weightlock:verdict:v1")]
    own: Own,
}

#[derive(Serialize, Deserialize)]
struct Verifier {
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Descriptor {
    digest: Sha256,
}

#[derive(Serialize, Deserialize)]
struct Sha256 {
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Own {
    decision: String,
    mode: Mode,
    tier: Tier,
    good_until: Option<String>,
    demands: BTreeSet<String>,
    skipped: Vec<String>,
    revision: Option<String>,
}

/// The digest that names the documents of a policy, with their layers, in order.
#[must_use]
pub fn policies_digest<'a>(documents: impl IntoIterator<Item = (&'a str, Digest)>) -> Digest {
    let mut text = String::from("weightlock-policies-v1\n");
    for (layer, digest) in documents {
        text.push_str(&format!("{} {layer}\n", digest.hex()));
    }
    Algorithm::Sha256.digest(text.as_bytes())
}

/// That of a policy, with the files that it names: exceptions, keys, certificates, roots.
#[must_use]
pub fn digest_of(policy: &Policy) -> Digest {
    policies_digest(policy.layers().iter().flat_map(|layer| {
        let waivers = layer.waivers.as_ref().map(|file| ("waivers", file.digest));
        let files = layer.files.iter().map(|file| ("file", *file));
        std::iter::once((layer.kind.word(), layer.digest))
            .chain(waivers)
            .chain(files)
    }))
}

impl Verdict {
    /// The predicate of a verification summary. `version` is the program's.
    #[must_use]
    pub fn summary(&self, policy: &Policy, verifier: &str, version: &str) -> Value {
        let sha256 = |digest: &Digest| json!({"sha256": digest.hex()});
        let inputs: Vec<Value> = self
            .evidence()
            .iter()
            .map(|it| json!({"digest": sha256(it)}))
            .collect();
        let policies: Vec<Value> = self
            .policies
            .iter()
            .map(|it| json!({"layer": it.layer, "source": it.source, "digest": sha256(&it.digest)}))
            .collect();
        let reasons: Vec<Value> = self
            .reasons()
            .iter()
            .map(|it| json!({"code": it.code, "text": it.text}))
            .collect();
        let waived = self.asked.iter().flat_map(|asked| &asked.waived);
        let good_until = waived.map(|it| it.waiver.parts().expires).min();
        let skipped = self.asked.iter().filter(|asked| asked.skipped);
        let skipped: BTreeSet<&str> = skipped.map(|asked| asked.check.name()).collect();
        json!({
            "verifier": {"id": verifier, "version": {"weightlock": version}},
            "timeVerified": self.now.to_string(),
            "resourceUri": format!("urn:weightlock:model:{}", self.digest),
            "policy": {"uri": "urn:weightlock:policies:v1", "digest": sha256(&digest_of(policy))},
            "inputAttestations": inputs,
            "verificationResult": if self.decision == Decision::Allow { "PASSED" } else { "FAILED" },
            "verifiedLevels": [format!("SLSA_BUILD_LEVEL_{}", self.level)],
            "slsaVersion": "1.2",
            OWN: {
                "decision": self.decision.word(),
                "mode": self.mode,
                "tier": self.tier,
                "goodUntil": good_until.map(|day| day.to_string()),
                "demands": self.demands,
                "skipped": skipped,
                "revision": self.revision,
                "policies": policies,
                "reasons": reasons,
            },
        })
    }
}

/// The verdict where judging is left to somebody who stated one: one of those that are given and that stands for it, the newest, or
/// why none does. `stated` are verdicts about the model as it is now, by those whose verdicts count or whose no is heard. A no by the same
/// policies takes back every yes that is not newer, and one that cannot be read every yes.
#[must_use]
pub fn instead_of_judging(
    stated: &[(Stated, Result<Summary, NotEnough>)],
    policy: &Policy,
    model: &ModelFacts,
    situation: &Situation,
) -> Verdict {
    let frame = Frame::of(policy, model, situation);
    let no = Taken::by(stated, policy);
    let mut reasons = Vec::new();
    let mut met: Option<(&Stated, Timestamp)> = None;
    for (one, summary) in stated.iter().filter(|(one, _)| one.counts) {
        let stands = summary.as_ref().map_err(Clone::clone).and_then(|it| {
            it.stands_for(policy, model, situation)?;
            if no.takes_back(it.time) {
                Err(NotEnough::TakenBack)
            } else {
                Ok(it.time)
            }
        });
        match stands {
            Ok(time) if met.is_none_or(|(_, newest)| newest < time) => met = Some((one, time)),
            Ok(_) => {}
            Err(why) => {
                reasons.push(Reason::no(Check::Verdict.code(), format!("{}: {why}", one.name)).of([one.id]));
            }
        }
    }
    let met = met.map(|(one, _)| one);
    if met.is_some() {
        reasons.clear();
    } else if reasons.is_empty() {
        let why = match policy.silent_on(Kind::Verdict).next() {
            Some(layer) => format!(
                "{} does not say whose verdicts stand in for its demands",
                layer.source
            ),
            None => "there is no verdict about it by anybody whose verdicts count".to_owned(),
        };
        reasons.push(Reason::no(Check::Verdict.code(), why));
    }
    let mut general: Vec<Reason> = incomplete(model).into_iter().collect();
    if !situation.skip.is_empty() {
        // Nothing was judged, so that nothing can be left out.
        general.push(Reason::no(
            reason::OVERRIDE,
            "nothing is left out of a verdict that somebody else gave",
        ));
    }
    general.extend(given_up(situation, frame.mode));
    let worst = reasons.iter().chain(&general).map(|reason| reason.decision).max();
    Verdict {
        decision: worst.unwrap_or(Decision::Allow),
        digest: model.digest,
        revision: model.revision.as_ref().map(|it| it.text.clone()),
        mode: frame.mode,
        tier: frame.tier,
        now: situation.now,
        demands: BTreeSet::new(),
        asked: vec![Asked {
            check: Check::Verdict,
            text: "a verdict that stands in for judging".to_owned(),
            place: policy.place(0, 1),
            rule: None,
            met_by: met.map(|one| format!("{}, signed by {}", one.name, one.signed_by)),
            evidence: met.iter().map(|one| one.id).collect(),
            reasons,
            waived: Vec::new(),
            skipped: false,
            lacks_scan: false,
        }],
        general,
        waivers: Vec::new(),
        level: Level::L0,
        policies: applied(policy),
    }
}

/// What takes back a yes.
enum Taken {
    /// Nothing.
    Never,
    /// A no of this time, by the same policies.
    Until(Timestamp),
    /// One that cannot be read.
    Always,
}

impl Taken {
    fn by(stated: &[(Stated, Result<Summary, NotEnough>)], policy: &Policy) -> Self {
        let digest = digest_of(policy);
        let mut newest = None;
        for (_, summary) in stated {
            match summary {
                Err(NotEnough::Unread(_)) => return Self::Always,
                Ok(it) if it.decision != Decision::Allow && it.policies == digest => {
                    newest = newest.max(Some(it.time));
                }
                _ => {}
            }
        }
        newest.map_or(Self::Never, Self::Until)
    }

    fn takes_back(&self, yes: Timestamp) -> bool {
        match self {
            Self::Never => false,
            Self::Until(no) => yes <= *no,
            Self::Always => true,
        }
    }
}

/// A verdict that lies with a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stated {
    /// SHA-256 of its bundle.
    pub id: Digest,
    /// Its file.
    pub name: String,
    /// Who signed it, for people.
    pub signed_by: String,
    /// Whether its yes counts; else only its no is heard.
    pub counts: bool,
}

impl Summary {
    /// Reads the predicate of a summary that Weightlock made. Who signed it is for the caller.
    ///
    /// # Errors
    /// [`NotEnough::Form`] for every other document, also one that contradicts itself.
    pub fn read(predicate: &Value) -> Result<Self, NotEnough> {
        let passed = predicate.get("verificationResult").and_then(Value::as_str) == Some("PASSED");
        let form = |why: String| {
            if passed {
                NotEnough::Form(why)
            } else {
                NotEnough::Unread(why)
            }
        };
        let wire: Wire =
            serde_json::from_value(predicate.clone()).map_err(|error| form(error.to_string()))?;
        let decision = Decision::ALL
            .into_iter()
            .find(|it| it.word() == wire.own.decision);
        let decision = decision.ok_or_else(|| form("its decision is none".to_owned()))?;
        let passed = match wire.verification_result.as_str() {
            "PASSED" => true,
            "FAILED" => false,
            _ => return Err(form("its result is neither PASSED nor FAILED".to_owned())),
        };
        if passed != (decision == Decision::Allow) {
            return Err(form(
                "its result and its decision contradict each other".to_owned(),
            ));
        }
        let digest = |hex: &str| {
            Digest::from_hex(Algorithm::Sha256, hex).map_err(|error| form(format!("a digest: {error}")))
        };
        let evidence = wire.input_attestations.iter().map(|it| digest(&it.digest.sha256));
        Ok(Self {
            verifier: wire.verifier.id,
            time: wire
                .time_verified
                .parse()
                .map_err(|error| form(format!("its time: {error}")))?,
            policies: digest(&wire.policy.digest.sha256)?,
            decision,
            mode: wire.own.mode,
            tier: wire.own.tier,
            good_until: match wire.own.good_until {
                None => None,
                Some(day) => Some(
                    day.parse()
                        .map_err(|error| form(format!("its last day: {error}")))?,
                ),
            },
            demands: wire.own.demands,
            skipped: wire.own.skipped,
            revision: wire.own.revision,
            evidence: evidence.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it stands in for judging a model again. That it is about the model as it is now, and by one whose verdicts count,
    /// is for the caller.
    ///
    /// # Errors
    /// [`NotEnough`] names the first rule that it breaks.
    pub fn stands_for(
        &self,
        policy: &Policy,
        model: &ModelFacts,
        situation: &Situation,
    ) -> Result<(), NotEnough> {
        let frame = Frame::of(policy, model, situation);
        if self.decision != Decision::Allow {
            return Err(NotEnough::Decision(self.decision));
        }
        if self.policies != digest_of(policy) {
            return Err(NotEnough::Policies);
        }
        if self.mode < frame.mode {
            return Err(NotEnough::Mode {
                found: self.mode,
                asked: frame.mode,
            });
        }
        if self.tier < frame.tier {
            return Err(NotEnough::Tier {
                found: self.tier,
                asked: frame.tier,
            });
        }
        if !self.skipped.is_empty() {
            return Err(NotEnough::Skipped(self.skipped.join(", ")));
        }
        if let Some(more) = frame.demands(policy).difference(&self.demands).next() {
            return Err(NotEnough::Demands(more.clone()));
        }
        let asked = model.revision.as_ref().map(|it| it.text.clone());
        if asked.is_some() && self.revision != asked {
            return Err(NotEnough::Revision {
                found: self.revision.clone(),
                asked,
            });
        }
        if let Some(rule) = frame.denied_by(policy) {
            return Err(NotEnough::Rule(rule));
        }
        let limit = frame.verdict_age(policy);
        if !limit.allows(self.time, situation.now) {
            return Err(NotEnough::Age {
                made: self.time,
                limit: limit.to_string(),
            });
        }
        let today = situation.now.to_zoned(TimeZone::UTC).date();
        match self.good_until {
            Some(day) if today > day => Err(NotEnough::Ended(day)),
            _ => Ok(()),
        }
    }
}

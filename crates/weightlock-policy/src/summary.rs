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
//!   "policies": [{"layer": "floor", "source": "policy.toml", "digest": {"sha256": "…"}}], "reasons": []}}
//! ```
//!
//! The digest of the policy names every document that was applied, in order, with its layer; so another floor, or none, is another
//! policy. A quarantined model has not passed.
//!
//! A summary replaces judging and never hashing. It stands in only for the same policies, in the same mode or a stricter one, of the
//! same tier or a higher one, while it is young and while no exception that it rests on has ended.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
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
    demand::AgeOf,
    document::Age,
    evidence::ModelFacts,
    judge::{Frame, Situation, applied, given_up},
    layer::Policy,
    level::{Mode, Tier},
    reason,
    verdict::{Asked, Decision, Reason, Verdict},
};

/// What makes such statements, where nobody says another name.
pub const VERIFIER: &str = "urn:weightlock:verifier:v1";

/// The member that SLSA does not have.
const OWN: &str = "urn:weightlock:verdict:v1";

/// How old a verdict may be where no policy says anything.
const MOST_HOURS: i64 = 24;

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

/// That of a policy, with the files of exceptions that it names.
#[must_use]
pub fn digest_of(policy: &Policy) -> Digest {
    policies_digest(policy.layers().iter().flat_map(|layer| {
        let waivers = layer.waivers.as_ref().map(|file| ("waivers", file.digest));
        std::iter::once((layer.kind.word(), layer.digest)).chain(waivers)
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
                "policies": policies,
                "reasons": reasons,
            },
        })
    }
}

/// The verdict where judging is left to somebody who stated one: the newest of those that are given and stand for it, or why none
/// does. `stated` are verdicts about the model as it is now, by those whose verdicts count, the newest first.
#[must_use]
pub fn instead_of_judging(
    stated: &[(Stated, Result<Summary, NotEnough>)],
    policy: &Policy,
    model: &ModelFacts,
    situation: &Situation,
) -> Verdict {
    let frame = Frame::of(policy, model, situation);
    let code = Check::Verdict.code();
    let mut reasons = Vec::new();
    let mut met = None;
    for (one, summary) in stated {
        let stands = summary
            .clone()
            .and_then(|it| it.stands_for(policy, model, situation));
        match stands {
            Ok(()) if met.is_none() => met = Some(one),
            Ok(()) => {}
            Err(why) => {
                reasons.push(Reason::no(code, format!("{}: {why}", one.name)).of([one.id]));
                // A later no by the same policies takes back an earlier yes.
                let is_no = |it: &Summary| it.decision != Decision::Allow && it.policies == digest_of(policy);
                if summary.as_ref().is_ok_and(is_no) {
                    break;
                }
            }
        }
    }
    if met.is_some() {
        reasons.clear();
    } else if reasons.is_empty() {
        reasons.push(Reason::no(
            code,
            "there is no verdict about it by anybody whose verdicts count",
        ));
    }
    let mut general = Vec::new();
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
        mode: frame.mode,
        tier: frame.tier,
        now: situation.now,
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
        }],
        general,
        waivers: Vec::new(),
        level: Level::L0,
        policies: applied(policy),
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
}

impl Summary {
    /// Reads the predicate of a summary that Weightlock made. Who signed it is for the caller.
    ///
    /// # Errors
    /// [`NotEnough::Form`] for every other document, also one that contradicts itself.
    pub fn read(predicate: &Value) -> Result<Self, NotEnough> {
        let form = |why: String| NotEnough::Form(why);
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
        self.is_young(frame.age(AgeOf::Kind(Kind::Verdict)), situation.now)?;
        let today = situation.now.to_zoned(TimeZone::UTC).date();
        match self.good_until {
            Some(day) if today > day => Err(NotEnough::Ended(day)),
            _ => Ok(()),
        }
    }

    fn is_young(&self, limit: Option<Age>, now: Timestamp) -> Result<(), NotEnough> {
        let age = now.duration_since(self.time);
        let is_young = match limit {
            Some(limit) => limit.allows(self.time, now),
            None => age >= SignedDuration::from_mins(-5) && age <= SignedDuration::from_hours(MOST_HOURS),
        };
        if is_young {
            return Ok(());
        }
        Err(NotEnough::Age {
            made: self.time,
            limit: limit.map_or_else(|| format!("{MOST_HOURS}h"), |limit| limit.to_string()),
        })
    }
}

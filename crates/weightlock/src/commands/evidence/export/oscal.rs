//! Controls as OSCAL assessment results (NIST, version 1.2.1, JSON).
//!
//! | here | there |
//! |---|---|
//! | a policy | the assessment plan: a resource of the back matter, by digest |
//! | a statement, a report | a resource of the back matter, by digest |
//! | a check | an observation, with what it rests on |
//! | a control | a finding about our own objective of it, never about the control as a whole |
//!
//! A finding is `satisfied` only where the standing is verified. Everything else is `not-satisfied`, with the reason `fail` where a
//! check said no, and `other` where it is declared, inferred or unknown; the property `standing` says which. Controls that rest on no
//! check have no finding. Numbers are made from content, so that the same input gives the same document.

use serde_json::{Value, json};
use weightlock_artifact::standing::Standing;
use weightlock_bom::document::uuid;

use super::{BasisTold, ControlTold, EvidenceTold, Exported};
use crate::text::Shown;

const VERSION: &str = "1.2.1";
/// Whose properties ours are.
const SPACE: &str = "urn:weightlock:oscal:v1";

pub(super) fn render(exported: &Exported) -> String {
    let document = json!({"assessment-results": Written { exported }.whole()});
    format!("{document:#}\n")
}

struct Written<'a> {
    exported: &'a Exported,
}

impl Written<'_> {
    fn whole(&self) -> Value {
        let exported = self.exported;
        let title = line(&format!("Checks of the model {}", exported.target));
        json!({
            "uuid": self.uuid("document", ""),
            "metadata": {
                "title": title,
                "last-modified": exported.time,
                "version": "1",
                "oscal-version": VERSION,
            },
            "import-ap": {"href": self.plan()},
            "results": [self.result()],
            "back-matter": {"resources": self.resources()},
        })
    }

    /// The number of something in this document.
    fn uuid(&self, kind: &str, name: &str) -> String {
        let exported = self.exported;
        let policies: Vec<&str> = exported.policies.iter().map(|it| it.digest.as_str()).collect();
        uuid(&format!(
            "oscal\n{}\n{}\n{}\n{kind}\n{name}",
            exported.digest,
            exported.time,
            policies.join(" ")
        ))
    }

    /// The last policy is the one that was named; the floor holds in any case.
    fn plan(&self) -> String {
        let plan = self.exported.policies.last();
        let digest = plan.map_or("", |policy| policy.digest.as_str());
        format!("#{}", self.uuid("resource", digest))
    }

    fn result(&self) -> Value {
        let exported = self.exported;
        let controls: Vec<Value> = exported
            .controls
            .iter()
            .filter(|control| !control.basis.is_empty())
            .map(|control| json!({"control-id": token(control)}))
            .collect();
        json!({
            "uuid": self.uuid("result", ""),
            "title": line(&format!("{}: {}", exported.target, exported.decision)),
            "description": line(&format!(
                "The model {} was judged in {}, tier {}: {}. Each finding is about what its description says, and not about the whole control.",
                exported.digest, exported.mode, exported.tier, exported.decision
            )),
            "start": exported.time,
            "end": exported.time,
            "props": [
                property("model-digest", &exported.digest),
                property("decision", exported.decision.word()),
                property("mode", &exported.mode),
                property("tier", &exported.tier),
            ],
            "reviewed-controls": {"control-selections": [{"include-controls": controls}]},
            "observations": self.observations(),
            "findings": self.findings(),
        })
    }

    /// One for each check, however many controls rest on it.
    fn observations(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        let mut observations = Vec::new();
        for basis in self.exported.controls.iter().flat_map(|control| &control.basis) {
            if !seen.contains(&&basis.check) {
                seen.push(&basis.check);
                observations.push(self.observation(basis));
            }
        }
        observations
    }

    fn observation(&self, basis: &BasisTold) -> Value {
        let mut observation = json!({
            "uuid": self.uuid("observation", &basis.check),
            "title": line(&basis.check),
            "description": line(&basis.says),
            "props": [property("state", &basis.state), property("standing", &word(basis.standing))],
            "methods": ["TEST"],
            "collected": self.exported.time,
        });
        let evidence: Vec<Value> = basis
            .evidence
            .iter()
            .map(|digest| {
                let href = format!("#{}", self.uuid("resource", digest));
                json!({"href": href, "description": digest})
            })
            .collect();
        if !evidence.is_empty() {
            observation["relevant-evidence"] = Value::Array(evidence);
        }
        let reasons = basis.reasons.iter();
        let reasons: Vec<String> = reasons
            .map(|it| line(&format!("{}: {}", it.code, it.text)))
            .collect();
        if !reasons.is_empty() {
            observation["remarks"] = Value::String(reasons.join("\n\n"));
        }
        observation
    }

    fn findings(&self) -> Vec<Value> {
        let controls = self.exported.controls.iter();
        controls
            .filter(|control| !control.basis.is_empty())
            .map(|control| self.finding(control))
            .collect()
    }

    fn finding(&self, control: &ControlTold) -> Value {
        let (state, reason) = match control.standing {
            Standing::Verified => ("satisfied", "pass"),
            Standing::Failed => ("not-satisfied", "fail"),
            Standing::Declared | Standing::Inferred | Standing::Unknown => ("not-satisfied", "other"),
        };
        let observations: Vec<Value> = control
            .basis
            .iter()
            .map(|basis| json!({"observation-uuid": self.uuid("observation", &basis.check)}))
            .collect();
        json!({
            "uuid": self.uuid("finding", &token(control)),
            "title": line(&control.title),
            "description": line(&control.shows),
            "props": [property("standing", &word(control.standing))],
            "target": {
                "type": "objective-id",
                "target-id": format!("{}_obj.weightlock", token(control)),
                "status": {"state": state, "reason": reason},
            },
            "related-observations": observations,
            "remarks": line(&format!("Beyond any tool: {}. Evidence: {}", control.beyond, control.command)),
        })
    }

    fn resources(&self) -> Vec<Value> {
        let exported = self.exported;
        let policies = exported.policies.iter().map(|policy| {
            let title = format!("policy {} ({})", policy.source, policy.layer);
            self.resource(&title, &policy.digest, &[])
        });
        let mut seen: Vec<&str> = Vec::new();
        let evidence = exported.evidence.iter().filter(|it| {
            let is_new = !seen.contains(&it.digest.as_str());
            seen.push(&it.digest);
            is_new
        });
        policies.chain(evidence.map(|it| self.evidence(it))).collect()
    }

    fn evidence(&self, evidence: &EvidenceTold) -> Value {
        let counts = if evidence.counts { "yes" } else { "no" };
        let mut props = vec![property("kind", &evidence.kind), property("counts", counts)];
        if let Some(who) = &evidence.signed_by {
            props.push(property("signed-by", who));
        }
        self.resource(&evidence.name, &evidence.digest, &props)
    }

    fn resource(&self, title: &str, digest: &str, props: &[Value]) -> Value {
        let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
        let mut resource = json!({
            "uuid": self.uuid("resource", digest),
            "title": line(title),
            "rlinks": [{
                "href": format!("urn:sha256:{hex}"),
                "hashes": [{"algorithm": "SHA-256", "value": hex}],
            }],
        });
        if !props.is_empty() {
            resource["props"] = Value::Array(props.to_vec());
        }
        resource
    }
}

/// A control's name as a token of OSCAL.
fn token(control: &ControlTold) -> String {
    format!("{}-{}", control.framework, control.control)
}

fn word(standing: Standing) -> String {
    standing.word().to_lowercase()
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": SPACE, "value": line(value)})
}

/// One line without control characters, which is never empty.
fn line(text: &str) -> String {
    let shown = Shown(text).to_string();
    match shown.trim() {
        "" => "-".to_owned(),
        text => text.to_owned(),
    }
}

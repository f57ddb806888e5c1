//! A verdict in the forms of build servers: JUnit XML with a case for each check, SARIF with a result for each reason.
//!
//! Both are written from the JSON form, so that they cannot say something else. What comes from strangers is one line without control
//! characters, and escaped.

use serde_json::{Value, json};

use crate::{
    commands::verdict::{DemandTold, ReasonTold, VerdictTold},
    explanations,
    text::Shown,
};

/// JUnit XML: a suite with a case for each check; each reason is a failure, or an error where there is no answer.
pub(super) fn junit(told: &VerdictTold) -> String {
    let checks = checks(told);
    let count = |wanted: fn(&ReasonTold) -> bool| {
        let of_checks = checks.iter().filter(|(_, demands)| {
            let mut reasons = demands.iter().flat_map(|demand| &demand.reasons);
            reasons.any(wanted)
        });
        of_checks.count()
    };
    let denied = |reason: &ReasonTold| reason.decision == weightlock_policy::Decision::Deny;
    let failures = count(denied).saturating_add(told.general.len());
    let tests = checks.len().saturating_add(told.general.len());
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"weightlock gate\" tests=\"{tests}\" failures=\"{failures}\">\n  \
         <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\">\n",
        escaped(&told.digest)
    );
    for (check, demands) in &checks {
        let reasons: Vec<&ReasonTold> = demands.iter().flat_map(|demand| &demand.reasons).collect();
        text += &case(check, &reasons);
    }
    for reason in &told.general {
        text += &case("policy", &[reason]);
    }
    text + &format!(
        "    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>\n",
        told.decision
    )
}

fn case(name: &str, reasons: &[&ReasonTold]) -> String {
    let head = format!("    <testcase classname=\"gate\" name=\"{}\"", escaped(name));
    if reasons.is_empty() {
        return head + "/>\n";
    }
    let mut text = head + ">\n";
    for reason in reasons {
        let element = match reason.decision {
            weightlock_policy::Decision::Quarantine => "error",
            _ => "failure",
        };
        text += &format!(
            "      <{element} type=\"{}\" message=\"{}\">{}</{element}>\n",
            escaped(&reason.code),
            escaped(&reason.text),
            escaped(reason.place.as_deref().unwrap_or_default())
        );
    }
    text + "    </testcase>\n"
}

/// The demands by check, in the order of the verdict.
fn checks(told: &VerdictTold) -> Vec<(&str, Vec<&DemandTold>)> {
    let mut checks: Vec<(&str, Vec<&DemandTold>)> = Vec::new();
    for demand in &told.demands {
        match checks.iter_mut().find(|(check, _)| *check == demand.check) {
            Some((_, demands)) => demands.push(demand),
            None => checks.push((&demand.check, vec![demand])),
        }
    }
    checks
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in Shown(text).to_string().chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// SARIF 2.1.0: a result for each reason, at the line of the policy that demands it.
pub(super) fn sarif(told: &VerdictTold) -> String {
    let of_demands = told.demands.iter().flat_map(|demand| &demand.reasons);
    let reasons: Vec<&ReasonTold> = of_demands.chain(&told.general).collect();
    let mut codes: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<Value> = reasons.iter().map(|reason| result(reason)).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "weightlock gate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
            "properties": {"decision": told.decision, "digest": told.digest, "mode": told.mode, "tier": told.tier},
        }],
    });
    format!("{document:#}\n")
}

fn rule(code: &str) -> Value {
    let what = explanations::find(code);
    json!({
        "id": code,
        "shortDescription": {"text": what.map_or(code, |it| it.what)},
        "help": {"text": what.map_or("", |it| it.fix)},
    })
}

fn result(reason: &ReasonTold) -> Value {
    let mut result = json!({
        "ruleId": reason.code,
        "level": "error",
        "message": {"text": Shown(&reason.text).to_string()},
        "properties": {"decision": reason.decision, "evidence": reason.evidence},
    });
    let place = reason.place.as_deref().and_then(|place| place.rsplit_once(':'));
    if let Some((file, line)) = place
        && let Ok(line) = line.parse::<u64>()
    {
        result["locations"] = json!([{
            "physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": {"startLine": line}},
        }]);
    }
    result
}

/// A path as a URI reference: every byte that is no letter, digit or harmless sign is encoded.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

//! A verdict in the forms of build servers: JUnit XML with a case for each check, SARIF with a result for each reason.
//!
//! Both are written from the JSON form, so that they cannot say something else. What was skipped, not run or waived looks like nothing else,
//! and where there is no verdict, because a policy or the model is missing, the document has an error for it: who reads only the
//! document must not take silence for a yes. What comes from strangers is one line without control characters, and escaped.

use serde_json::{Value, json};
use weightlock_policy::Decision;

use crate::{
    cli::Format,
    commands::verdict::{DemandTold, NOT_RUN, ReasonTold, VerdictTold, WaivedTold},
    diagnostic::Diagnostic,
    explanations,
    text::Shown,
};

/// A verdict in the form that was asked for; `None` for text and JSON, which every verb has.
pub(super) fn verdict(format: Format, told: &VerdictTold) -> Option<String> {
    match format {
        Format::Junit => Some(junit(told)),
        Format::Sarif => Some(sarif(told)),
        _ => None,
    }
}

/// Why there is no verdict, in the form that was asked for.
pub(super) fn refusal(format: Format, reasons: &[Diagnostic]) -> Option<String> {
    match format {
        Format::Junit => Some(junit_of_refusal(reasons)),
        Format::Sarif => Some(sarif_of_refusal(reasons)),
        _ => None,
    }
}

/// A case of JUnit.
#[derive(Default)]
struct Case {
    name: String,
    faults: Vec<Fault>,
    /// Why it was not asked at all.
    skipped: Option<String>,
    /// What else is to be known of it.
    notes: Vec<String>,
}

/// Why a case has not passed.
struct Fault {
    /// There is no answer, instead of a no.
    is_error: bool,
    code: String,
    text: String,
    place: String,
}

impl Case {
    fn of_check(check: &str, demands: &[&DemandTold]) -> Self {
        let reasons = demands.iter().flat_map(|demand| &demand.reasons);
        let waived = demands.iter().flat_map(|demand| &demand.waived);
        let mut notes: Vec<String> = waived
            .map(|it| format!("waived: {} {} ({})", it.reason.code, it.reason.text, it.by()))
            .collect();
        let left_out: Vec<String> = demands.iter().filter_map(|demand| left_out(demand)).collect();
        let is_all = !left_out.is_empty() && left_out.len() == demands.len();
        let message = is_all.then(|| left_out.join("; "));
        if !is_all {
            notes.extend(left_out);
        }
        Self {
            name: check.to_owned(),
            faults: reasons.map(Fault::of).collect(),
            skipped: message,
            notes,
        }
    }

    fn of_fault(name: &str, fault: Fault) -> Self {
        Self {
            name: name.to_owned(),
            faults: vec![fault],
            ..Self::default()
        }
    }

    fn is_failure(&self) -> bool {
        self.faults.iter().any(|fault| !fault.is_error)
    }

    fn is_error(&self) -> bool {
        !self.faults.is_empty() && !self.is_failure()
    }

    fn is_skipped(&self) -> bool {
        self.faults.is_empty() && self.skipped.is_some()
    }

    fn text(&self) -> String {
        let mut text = format!(
            "    <testcase classname=\"gate\" name=\"{}\"",
            escaped(&self.name)
        );
        if self.faults.is_empty() && self.skipped.is_none() && self.notes.is_empty() {
            return text + "/>\n";
        }
        text += ">\n";
        for fault in &self.faults {
            text += &fault.text();
        }
        if let Some(message) = self.skipped.as_ref().filter(|_| self.is_skipped()) {
            text += &format!("      <skipped message=\"{}\"/>\n", escaped(message));
        }
        if !self.notes.is_empty() {
            let notes: Vec<String> = self.notes.iter().map(|note| escaped(note)).collect();
            text += &format!("      <system-out>{}</system-out>\n", notes.join("\n"));
        }
        text + "    </testcase>\n"
    }
}

/// Why a demand was not judged at all: it was left out as asked, or only a scan would answer it, and the answer is no without one.
fn left_out(demand: &DemandTold) -> Option<String> {
    let why = match demand.state.as_str() {
        "skipped" => "skipped, and not checked",
        "not-run" => NOT_RUN,
        _ => return None,
    };
    Some(format!("{why}: {} ({})", demand.demand, demand.place))
}

impl Fault {
    fn of(reason: &ReasonTold) -> Self {
        Self {
            is_error: reason.decision == Decision::Quarantine,
            code: reason.code.clone(),
            text: reason.text.clone(),
            place: reason.place.clone().unwrap_or_default(),
        }
    }

    fn text(&self) -> String {
        let element = if self.is_error { "error" } else { "failure" };
        format!(
            "      <{element} type=\"{}\" message=\"{}\">{}</{element}>\n",
            escaped(&self.code),
            escaped(&self.text),
            escaped(&self.place)
        )
    }
}

/// JUnit XML: a suite with a case for each check; each reason is a failure, or an error where there is no answer.
fn junit(told: &VerdictTold) -> String {
    let mut cases: Vec<Case> = checks(told)
        .iter()
        .map(|(check, demands)| Case::of_check(check, demands))
        .collect();
    let general = told.general.iter().map(Fault::of);
    cases.extend(general.map(|fault| Case::of_fault("policy", fault)));
    suite(&told.digest, &cases, &told.decision.to_string())
}

fn junit_of_refusal(reasons: &[Diagnostic]) -> String {
    let fault = |reason: &Diagnostic| Fault {
        is_error: true,
        code: reason.code().to_string(),
        text: reason.sentence(),
        place: reason.place().unwrap_or_default().to_owned(),
    };
    let cases: Vec<Case> = reasons
        .iter()
        .map(|reason| Case::of_fault("verdict", fault(reason)))
        .collect();
    suite("no verdict", &cases, "there is no verdict")
}

fn suite(name: &str, cases: &[Case], says: &str) -> String {
    let count = |wanted: fn(&Case) -> bool| cases.iter().filter(|case| wanted(case)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        count(Case::is_failure),
        count(Case::is_error),
        count(Case::is_skipped)
    );
    let cases: String = cases.iter().map(Case::text).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"weightlock gate\" {counts}>\n  \
         <testsuite name=\"{}\" {counts}>\n{cases}    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>\n",
        escaped(name),
        escaped(says)
    )
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
            other if is_of_xml(other) => escaped.push(other),
            other => escaped.push_str(&other.escape_unicode().to_string()),
        }
    }
    escaped
}

/// Whether XML 1.0 has the character at all, even escaped.
const fn is_of_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// SARIF 2.1.0: a result for each reason, at the line of the policy that demands it. What is waived is a result that is suppressed;
/// what was not judged stands among the notifications, where checks that were switched off are told.
fn sarif(told: &VerdictTold) -> String {
    let of_demands = told.demands.iter().flat_map(|demand| &demand.reasons);
    let reasons: Vec<&ReasonTold> = of_demands.chain(&told.general).collect();
    let waived = told.demands.iter().flat_map(|demand| &demand.waived);
    let results: Vec<Value> = reasons
        .iter()
        .map(|reason| result(reason))
        .chain(waived.clone().map(suppressed))
        .collect();
    let skipped: Vec<Value> = told.demands.iter().filter_map(skip).collect();
    let waived = waived.map(|it| &it.reason);
    let codes = reasons.into_iter().chain(waived).map(|it| it.code.as_str());
    document(
        codes.collect(),
        results,
        json!({"executionSuccessful": true, "toolConfigurationNotifications": skipped}),
        json!({"decision": told.decision, "digest": told.digest, "mode": told.mode, "tier": told.tier}),
    )
}

fn sarif_of_refusal(reasons: &[Diagnostic]) -> String {
    let results: Vec<Value> = reasons
        .iter()
        .map(|reason| {
            let result = json!({
                "ruleId": reason.code().to_string(),
                "level": "error",
                "message": {"text": Shown(&reason.sentence()).to_string()},
            });
            located(result, reason.place())
        })
        .collect();
    let notifications: Vec<Value> = reasons
        .iter()
        .map(|reason| {
            let text = Shown(&reason.sentence()).to_string();
            json!({"level": "error", "descriptor": {"id": reason.code().to_string()}, "message": {"text": text}})
        })
        .collect();
    let codes: Vec<String> = reasons.iter().map(|reason| reason.code().to_string()).collect();
    document(
        codes.iter().map(String::as_str).collect(),
        results,
        json!({"executionSuccessful": false, "toolExecutionNotifications": notifications}),
        json!({}),
    )
}

fn document(mut codes: Vec<&str>, results: Vec<Value>, invocation: Value, properties: Value) -> String {
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "weightlock gate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "invocations": [invocation],
            "results": results,
            "properties": properties,
        }],
    });
    format!("{document:#}\n")
}

/// A reason that a waiver stands in for, with that waiver.
fn suppressed(waived: &WaivedTold) -> Value {
    let mut suppressed = result(&waived.reason);
    let justification = Shown(&waived.by()).to_string();
    suppressed["level"] = json!("note");
    suppressed["suppressions"] =
        json!([{"kind": "external", "status": "accepted", "justification": justification}]);
    suppressed
}

/// A demand that was not judged.
fn skip(demand: &DemandTold) -> Option<Value> {
    let text = format!("{} was {}", demand.check, left_out(demand)?);
    Some(json!({"level": "warning", "message": {"text": Shown(&text).to_string()}}))
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
    let result = json!({
        "ruleId": reason.code,
        "level": "error",
        "message": {"text": Shown(&reason.text).to_string()},
        "properties": {"decision": reason.decision, "evidence": reason.evidence},
    });
    located(result, reason.place.as_deref())
}

/// With the line of a file, where the place is one.
fn located(mut result: Value, place: Option<&str>) -> Value {
    let place = place.and_then(|place| place.rsplit_once(':'));
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

//! SARIF 2.1.0 (OASIS, errata 01), as code-scanning services read it.
//!
//! | here | there | § |
//! |---|---|---|
//! | a rule | `reportingDescriptor`, with `security-severity` and the CWE as a tag | 3.49 |
//! | a finding in a file | `result` with a binary `region` | 3.27, 3.30.10 |
//! | a finding in a member of an archive | the file as place, the member as nested `artifact` and `logicalLocation` | 3.24.3, 3.33 |
//! | what is unread | `notification` of the `invocation`, whose execution was then not successful | 3.20, 3.58 |
//! | a baseline | `baselineState` | 3.27.24 |
//!
//! Nothing depends on time or machine. Messages are plain text in which §3.11 gives `[`, `]`, `{`, `}` a meaning;
//! strangers' are escaped.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weightlock_artifact::{reason::Outcome, text::Shown};

use super::{Fingerprint, Report, left_out, rules_version};
use crate::{
    Confidence, Finding, Severity,
    coverage::Unread,
    rules::{self, Rule},
};

/// Identifies the schema; nothing is fetched.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What the fingerprint is called. A new way to make it gets a new number.
const FINGERPRINT: &str = "weightlockFinding/v1";

/// Writes the report.
#[must_use]
pub fn render(report: &Report) -> String {
    let artifacts = Artifacts::of(report);
    let rules: Vec<&Rule> = rules::all().collect();
    let results: Vec<Value> = report
        .files
        .iter()
        .flat_map(|file| &file.findings)
        .map(|finding| result(finding, report, &rules, &artifacts))
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "weightlock",
                "version": report.version,
                "semanticVersion": report.version,
                "properties": {"rules": rules_version()},
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "invocations": [invocation(report, &artifacts)],
            "artifacts": artifacts.list,
            "results": results,
            "columnKind": "unicodeCodePoints",
            "properties": {
                "profile": report.profile.as_str(),
                "threshold": report.threshold.as_str(),
            },
        }],
    });
    format!("{document:#}\n")
}

/// The files, and the contents within them that results are about.
struct Artifacts {
    list: Vec<Value>,
    index: BTreeMap<String, usize>,
}

impl Artifacts {
    fn of(report: &Report) -> Self {
        let mut artifacts = Self {
            list: Vec::new(),
            index: BTreeMap::new(),
        };
        for file in &report.files {
            let entry = json!({
                "location": {"uri": uri(&file.file)},
                "length": file.size,
                "roles": ["analysisTarget"],
            });
            let parent = artifacts.add(&file.file, entry);
            for finding in &file.findings {
                let trail = finding.place.trail.as_str();
                if artifacts.index.contains_key(trail) {
                    continue;
                }
                // A member need not lie below the last `!/` only: the whole way from the file is its name.
                let inner = trail.strip_prefix(file.file.as_str()).unwrap_or(trail);
                let inner = inner.trim_start_matches("!/").replace("!/", "/");
                let entry = json!({
                    "location": {"uri": format!("/{}", uri(inner.trim_start_matches('/')))},
                    "parentIndex": parent,
                });
                artifacts.add(trail, entry);
            }
        }
        artifacts
    }

    fn add(&mut self, trail: &str, entry: Value) -> usize {
        let at = self.list.len();
        self.list.push(entry);
        self.index.insert(trail.to_owned(), at);
        at
    }

    fn index(&self, trail: &str) -> Option<usize> {
        self.index.get(trail).copied()
    }
}

fn descriptor(rule: &Rule) -> Value {
    let references: String = rule
        .references
        .iter()
        .map(|reference| format!(" {reference}"))
        .collect();
    let references = if references.is_empty() {
        references
    } else {
        format!("\n\nSee:{references}")
    };
    json!({
        "id": rule.id,
        "shortDescription": {"text": message(&sentence(rule.title))},
        "fullDescription": {"text": message(&sentence(rule.what))},
        "help": {"text": message(&format!(
            "{}\n\n{}\n\nExample: {}.{references}",
            sentence(rule.why), sentence(rule.fix), rule.example
        ))},
        "defaultConfiguration": {"level": level(rule.worst)},
        "properties": {
            "tags": ["security", format!("external/cwe/cwe-{:03}", rule.cwe)],
            "precision": "high",
            "security-severity": score(rule.worst),
        },
    })
}

fn result(finding: &Finding, report: &Report, rules: &[&Rule], artifacts: &Artifacts) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": message(&Shown(&finding.reason).to_string())},
        "locations": [location(finding, artifacts)],
        "partialFingerprints": {FINGERPRINT: Fingerprint::of(finding).as_str()},
        "properties": {
            "severity": finding.severity.as_str(),
            "confidence": finding.confidence.as_str(),
            "security-severity": score(finding.severity),
            "precision": precision(finding.confidence),
            "construct": finding.construct.as_deref().map(shown),
            "name": finding.name.as_deref().map(shown),
            "fix": finding.fix,
        },
    });
    let Some(members) = result.as_object_mut() else {
        return result;
    };
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        members.insert("ruleIndex".to_owned(), index.into());
    }
    if let Some(nested) = nested(finding, artifacts) {
        members.insert("relatedLocations".to_owned(), json!([nested]));
    }
    if report.baseline.is_some() {
        let state = if report.is_known(finding) {
            "unchanged"
        } else {
            "new"
        };
        members.insert("baselineState".to_owned(), state.into());
    }
    result
}

/// The file, with the byte where the finding lies in the file itself, and the way through containers.
fn location(finding: &Finding, artifacts: &Artifacts) -> Value {
    let trail = finding.place.trail.as_str();
    let file = finding.place.trail.outermost();
    let mut physical = json!({"artifactLocation": file_location(file, artifacts)});
    if trail == file
        && let (Some(region), Some(members)) = (region(finding), physical.as_object_mut())
    {
        members.insert("region".to_owned(), region);
    }
    json!({
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": shown(trail), "kind": "resource"}],
    })
}

/// The byte in the member of a container.
fn nested(finding: &Finding, artifacts: &Artifacts) -> Option<Value> {
    let trail = finding.place.trail.as_str();
    if trail == finding.place.trail.outermost() {
        return None;
    }
    let region = region(finding)?;
    Some(json!({
        "physicalLocation": {
            "artifactLocation": {"index": artifacts.index(trail)?},
            "region": region,
        },
        "message": {"text": message(&Shown(trail).to_string())},
    }))
}

fn region(finding: &Finding) -> Option<Value> {
    let offset = finding.place.offset?;
    Some(json!({"byteOffset": offset, "byteLength": 1}))
}

fn file_location(file: &str, artifacts: &Artifacts) -> Value {
    match artifacts.index(file) {
        Some(index) => json!({"uri": uri(file), "index": index}),
        None => json!({"uri": uri(file)}),
    }
}

fn invocation(report: &Report, artifacts: &Artifacts) -> Value {
    let gaps = report.gaps().map(|gap| unread(gap, artifacts));
    let others = report.not_examined.iter().map(|one| {
        notification(
            one.code.as_str(),
            &format!("{}: {}", one.name, one.why),
            json!({"artifactLocation": file_location(&one.name, artifacts)}),
        )
    });
    let gaps_left_out: u64 = report
        .files
        .iter()
        .map(|file| file.coverage.gaps_left_out)
        .fold(0, u64::saturating_add);
    let more = (gaps_left_out > 0).then(|| {
        json!({
            "level": "error",
            "message": {"text": format!("{gaps_left_out} more ranges were not examined")},
        })
    });
    let findings_left_out = report.files.iter().filter_map(|file| {
        let text = format!("{}: {}", file.file, left_out(file)?);
        let place = json!({"artifactLocation": file_location(&file.file, artifacts)});
        Some(json!({
            "level": level(file.findings_left_out.worst()?),
            "message": {"text": message(&Shown(&text).to_string())},
            "locations": [{"physicalLocation": place}],
        }))
    });
    json!({
        "executionSuccessful": report.is_complete() && !report.files.is_empty(),
        "exitCode": report.outcome().map_or(0, Outcome::exit_code),
        "toolExecutionNotifications": gaps.chain(others).chain(more).chain(findings_left_out).collect::<Vec<_>>(),
    })
}

fn unread(gap: &Unread, artifacts: &Artifacts) -> Value {
    let file = gap.trail.outermost();
    let mut physical = json!({"artifactLocation": file_location(file, artifacts)});
    if gap.trail.as_str() == file
        && let Some(members) = physical.as_object_mut()
    {
        let region = json!({"byteOffset": gap.offset, "byteLength": gap.bytes});
        members.insert("region".to_owned(), region);
    }
    let text = format!(
        "{}: {} bytes from offset {}: {}",
        gap.trail, gap.bytes, gap.offset, gap.why
    );
    notification(gap.gap.code().as_str(), &text, physical)
}

fn notification(code: &str, text: &str, physical: Value) -> Value {
    json!({
        "level": "error",
        "descriptor": {"id": code},
        "message": {"text": message(&Shown(text).to_string())},
        "locations": [{"physicalLocation": physical}],
    })
}

fn shown(text: &str) -> String {
    Shown(text).to_string()
}

/// A first letter and an end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str()),
        None => String::new(),
    }
}

/// §3.11.5: braces are doubled; §3.11.6: a bracket that begins no link has a backslash before it.
fn message(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '{' => safe.push_str("{{"),
            '}' => safe.push_str("}}"),
            '\\' | '[' | ']' => safe.extend(['\\', character]),
            other => safe.push(other),
        }
    }
    safe
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number that code-scanning services sort by: above 9.0 critical, 7.0 high, 4.0 medium, 0 low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.8",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}

const fn precision(confidence: Confidence) -> &'static str {
    confidence.as_str()
}

/// A relative or absolute path as a URI reference (RFC 3986): everything but unreserved characters and `/` is
/// percent-encoded, so a colon cannot look like a scheme.
fn uri(path: &str) -> String {
    let encoded: String = path
        .trim_start_matches("./")
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    // Two slashes at the start would name a host.
    if encoded.starts_with('/') {
        format!("file:///{}", encoded.trim_start_matches('/'))
    } else {
        encoded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Trail,
        report::tests::{file, finding, hostile, report, thinned},
    };

    fn run(report: &Report) -> Value {
        let document: Value = serde_json::from_str(&render(report)).unwrap();
        assert_eq!(document["version"], "2.1.0");
        document["runs"][0].clone()
    }

    #[test]
    fn every_result_points_at_its_rule_and_its_file() {
        let run = run(&hostile());
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for result in results {
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[at]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            assert_eq!(place["uri"], "d/a%20b.pt");
            assert_eq!(place["index"], 0);
        }
        assert_eq!(
            results[0]["locations"][0]["physicalLocation"]["region"],
            json!({"byteOffset": 3, "byteLength": 1})
        );
        let nested = &results[1]["relatedLocations"][0]["physicalLocation"];
        let artifact = &run["artifacts"][1];
        assert_eq!(nested["artifactLocation"]["index"], 1);
        assert_eq!(artifact["parentIndex"], 0);
        assert_eq!(nested["region"]["byteOffset"], 7);
    }

    #[test]
    fn what_is_unread_makes_the_run_unsuccessful() {
        let run_of = |files| run(&report(files))["invocations"][0].clone();
        assert_eq!(
            run_of(vec![file("a", vec![], 0)]),
            json!({"executionSuccessful": true, "exitCode": 0, "toolExecutionNotifications": []})
        );
        let unread = run_of(vec![file("a", vec![], 5)]);
        assert_eq!(unread["executionSuccessful"], false);
        assert_eq!(unread["exitCode"], 3);
        assert_eq!(
            unread["toolExecutionNotifications"][0]["descriptor"]["id"],
            "WL-SCAN-UNCLAIMED"
        );
        assert_eq!(run_of(vec![])["executionSuccessful"], false);
    }

    #[test]
    fn what_is_not_listed_is_told() {
        let run = run(&thinned(Severity::High));
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["exitCode"], 1);
        assert_eq!(
            invocation["toolExecutionNotifications"][0]["message"]["text"],
            "a: 1 more finding not listed, the worst high"
        );
    }

    #[test]
    fn a_baseline_gives_every_result_a_state() {
        let old = finding(Severity::High, Trail::file("a"), Some(1), "x");
        let new = finding(Severity::High, Trail::file("a"), Some(2), "x");
        let mut report = report(vec![file("a", vec![old.clone(), new], 0)]);
        assert_eq!(run(&report)["results"][0]["baselineState"], Value::Null);
        report.baseline = Some(std::collections::BTreeSet::from([Fingerprint::of(&old)]));
        let states = run(&report);
        let states: Vec<_> = states["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["baselineState"])
            .collect();
        assert_eq!(states, ["unchanged", "new"]);
    }

    #[test]
    fn text_of_strangers_has_no_meaning() {
        assert_eq!(message("[a](b) {0} \\"), "\\[a\\](b) {{0}} \\\\");
        assert_eq!(uri("./a b:c/é"), "a%20b%3Ac/%C3%A9");
        assert_eq!(uri("//host/x"), "file:///host/x");
        let text = render(&hostile());
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        let hostile = run(&hostile())["results"][1]["message"]["text"].to_string();
        assert!(
            hostile.contains(r"\\[l\\](http") && hostile.contains("{{0}}"),
            "{hostile}"
        );
    }
}

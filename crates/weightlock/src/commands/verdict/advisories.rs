//! Reports about known vulnerabilities: the JSON of grype and of trivy, in a file or signed in cosign's `vuln` predicate.
//!
//! | | grype | trivy |
//! |---|---|---|
//! | matches | `matches[]` | `Results[].Vulnerabilities[]` |
//! | id, package | `vulnerability.id`, `artifact.{name,version}` | `VulnerabilityID`, `PkgName`, `InstalledVersion` |
//! | other names | `relatedVulnerabilities[].id` | `VendorIDs[]` |
//! | severity | `vulnerability.severity` | `Severity` |
//! | what, when | `source.target`, `descriptor.timestamp` | `ArtifactName`, `CreatedAt` |
//!
//! A report that has not got the list at all is none, however empty it looks; nor is one with a key twice, with the list of
//! another tool beside its own, of another version of its form, or of a run that looked for other things. A match whose severity is
//! not a known word is as bad as can be. What grype was told to pass over (`ignoredMatches`) is not looked at: whoever ran it decided so.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use weightlock_artifact::input;
use weightlock_format::json::{Limits, parse_within};
use weightlock_policy::evidence::{AdvisoryMatch, AdvisoryReport};
use weightlock_scan::Severity;

use super::{people::sha256, statements::time};
use crate::diagnostic::Diagnostic;

/// Bytes of a report. Of a large image they have some ten million.
const MAX_BYTES: usize = 128 << 20;
/// Matches that are read; more of them are a fault.
const MOST: usize = 200_000;

/// The reports in these files. One that cannot be read is a report that says so.
pub(super) fn in_files(paths: &[PathBuf]) -> Vec<AdvisoryReport> {
    paths.iter().map(|path| in_file(path)).collect()
}

fn in_file(path: &Path) -> AdvisoryReport {
    let name = path.display().to_string();
    match input::read_at_most(path, MAX_BYTES) {
        Ok(text) => read(name, &text),
        Err(error) => AdvisoryReport {
            tool: "unknown".to_owned(),
            name,
            digest: None,
            about: String::new(),
            made: None,
            found: Err(Diagnostic::from(error).sentence()),
        },
    }
}

fn read(name: String, text: &[u8]) -> AdvisoryReport {
    let digest = sha256(text);
    // As much as a report may have bytes: the number of values needs no limit of its own.
    let limits = Limits {
        bytes: MAX_BYTES as u64,
        values: MAX_BYTES as u64,
        ..Limits::default()
    };
    match parse_within(text, limits) {
        Ok(value) => AdvisoryReport {
            name,
            digest: Some(digest),
            ..of_value(&value)
        },
        Err(error) => AdvisoryReport {
            name,
            digest: Some(digest),
            ..none(format!("it is no JSON that every reader reads alike: {error}"))
        },
    }
}

/// The report in cosign's predicate: `scanner.result`, with the time when the scan ended.
pub(super) fn in_predicate(predicate: &Value) -> AdvisoryReport {
    let text = predicate.to_string();
    let report = match predicate.pointer("/scanner/result") {
        Some(result) => of_value(result),
        None => none("it has no scanner.result".to_owned()),
    };
    let ended = predicate
        .pointer("/metadata/scanFinishedOn")
        .and_then(Value::as_str);
    AdvisoryReport {
        name: "a signed report".to_owned(),
        digest: Some(sha256(text.as_bytes())),
        made: ended.and_then(time).or(report.made),
        ..report
    }
}

fn none(why: String) -> AdvisoryReport {
    AdvisoryReport {
        tool: "unknown".to_owned(),
        name: String::new(),
        digest: None,
        about: String::new(),
        made: None,
        found: Err(why),
    }
}

fn of_value(value: &Value) -> AdvisoryReport {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    if let Some(matches) = value.get("matches") {
        let about = text("/source/target").or_else(|| text("/source/target/userInput"));
        return AdvisoryReport {
            tool: text("/descriptor/name").unwrap_or_else(|| "grype".to_owned()),
            about: about.unwrap_or_default(),
            made: text("/descriptor/timestamp").as_deref().and_then(time),
            found: is_only(value, &["matches"]).and_then(|()| listed(matches, "matches", of_grype)),
            ..none(String::new())
        };
    }
    if value.get("SchemaVersion").is_some() && value.get("ArtifactName").is_some() {
        return AdvisoryReport {
            tool: "trivy".to_owned(),
            about: text("/ArtifactName").unwrap_or_default(),
            made: text("/CreatedAt").as_deref().and_then(time),
            found: is_only(value, &["SchemaVersion", "ArtifactName", "Results"])
                .and_then(|()| of_trivy(value)),
            ..none(String::new())
        };
    }
    none("it is neither a report of grype nor of trivy".to_owned())
}

/// Refuses what another reader would take for a report of another tool: members that say so, in whatever letters, other than `own`.
fn is_only(value: &Value, own: &[&str]) -> Result<(), String> {
    const TELLING: [&str; 10] = [
        "matches",
        "results",
        "vulnerabilities",
        "schemaversion",
        "artifactname",
        "bomformat",
        "specversion",
        "spdxversion",
        "runs",
        "issues",
    ];
    let mut keys = value.as_object().into_iter().flat_map(|it| it.keys());
    let is_foreign =
        |key: &&String| TELLING.contains(&key.to_lowercase().as_str()) && !own.contains(&key.as_str());
    match keys.find(is_foreign) {
        Some(key) => Err(format!(
            "{key} is beside {}, which no tool writes",
            own.join(" and ")
        )),
        None => Ok(()),
    }
}

/// Every item of a list; one that is none of its kind is a fault of the whole.
fn listed(
    list: &Value,
    what: &str,
    of: impl Fn(&Value) -> Option<AdvisoryMatch>,
) -> Result<Vec<AdvisoryMatch>, String> {
    let items = list.as_array().ok_or_else(|| format!("{what} is no list"))?;
    if items.len() > MOST {
        return Err(format!("{what} has more than {MOST} entries"));
    }
    let matches = items
        .iter()
        .enumerate()
        .map(|(at, item)| of(item).ok_or_else(|| format!("entry {at} of {what} has no id or no package")));
    matches.collect()
}

fn of_grype(item: &Value) -> Option<AdvisoryMatch> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
    let related = item.get("relatedVulnerabilities").and_then(Value::as_array);
    let aliases = related
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("id")?.as_str());
    Some(AdvisoryMatch {
        id: text("/vulnerability/id")?.to_owned(),
        aliases: aliases.map(str::to_owned).collect(),
        package: package(
            text("/artifact/name")?,
            text("/artifact/version"),
            item.pointer("/vulnerability/fix/versions"),
        ),
        severity: text("/vulnerability/severity").and_then(weight),
    })
}

/// No `Results`, and one without `Vulnerabilities`, is what trivy writes when it found nothing; a list under another name is not,
/// and neither are results of a run that looked for something else.
fn of_trivy(value: &Value) -> Result<Vec<AdvisoryMatch>, String> {
    if value.get("SchemaVersion").and_then(Value::as_u64) != Some(2) {
        return Err("its SchemaVersion is not 2".to_owned());
    }
    let results = match value.get("Results") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(results) => results.as_array().ok_or("Results is no list")?,
    };
    let mut all = Vec::new();
    let mut was_looked = results.is_empty();
    for result in results {
        let result = result.as_object().ok_or("an entry of Results is no object")?;
        let is_misspelt =
            |key: &&String| key.eq_ignore_ascii_case("vulnerabilities") && *key != "Vulnerabilities";
        if let Some(key) = result.keys().find(is_misspelt) {
            return Err(format!(
                "an entry of Results has {key}, which trivy does not write"
            ));
        }
        was_looked |= is_about_packages(result);
        match result.get("Vulnerabilities") {
            None | Some(Value::Null) => {}
            Some(list) => all.extend(listed(list, "Vulnerabilities", of_trivy_item)?),
        }
        if all.len() > MOST {
            return Err(format!("it has more than {MOST} vulnerabilities"));
        }
    }
    if was_looked {
        Ok(all)
    } else {
        Err("nobody looked for vulnerabilities: no entry of Results is about packages".to_owned())
    }
}

/// Whether vulnerabilities were looked for: in packages, by its class; an entry of a version without classes says so by having
/// nothing of another scanner.
fn is_about_packages(result: &Map<String, Value>) -> bool {
    const OF_OTHERS: [&str; 5] = [
        "Secrets",
        "Misconfigurations",
        "MisconfSummary",
        "Licenses",
        "CustomResources",
    ];
    if result.get("Vulnerabilities").is_some_and(Value::is_array) {
        return true;
    }
    match result.get("Class") {
        Some(class) => class
            .as_str()
            .is_some_and(|it| it == "os-pkgs" || it == "lang-pkgs"),
        None => !OF_OTHERS.iter().any(|key| result.contains_key(*key)),
    }
}

fn of_trivy_item(item: &Value) -> Option<AdvisoryMatch> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let vendor = item.get("VendorIDs").and_then(Value::as_array);
    let aliases = vendor.into_iter().flatten().filter_map(Value::as_str);
    Some(AdvisoryMatch {
        id: text("VulnerabilityID")?.to_owned(),
        aliases: aliases.map(str::to_owned).collect(),
        package: package(
            text("PkgName")?,
            text("InstalledVersion"),
            item.get("FixedVersion"),
        ),
        severity: text("Severity").and_then(weight),
    })
}

/// Name and version, and the versions in which it is mended: a text, or a list of them.
fn package(name: &str, version: Option<&str>, fixed: Option<&Value>) -> String {
    let named = version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"));
    let fixed: Vec<&str> = match fixed {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match fixed.join(", ").as_str() {
        "" => named,
        fixed => format!("{named}, mended in {fixed}"),
    }
}

/// The scanners' words. `Unknown`, and words of later versions, are none.
fn weight(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" => Severity::Low,
        "negligible" => Severity::Info,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(value: &Value) -> Result<Vec<AdvisoryMatch>, String> {
        of_value(value).found
    }

    #[test]
    fn both_tools_are_read() {
        let grype = json!({
            "matches": [{
                "vulnerability": {"id": "GHSA-aaaa-bbbb-cccc", "severity": "Critical"},
                "relatedVulnerabilities": [{"id": "CVE-2026-1"}],
                "artifact": {"name": "torch", "version": "2.0"},
            }],
            "source": {"type": "file", "target": "requirements.txt"},
            "descriptor": {"name": "grype", "timestamp": "2026-11-22T10:00:00Z"},
        });
        let report = of_value(&grype);
        assert_eq!(
            (report.tool.as_str(), report.about.as_str()),
            ("grype", "requirements.txt")
        );
        assert!(report.made.is_some());
        let one = &report.found.unwrap()[0];
        assert_eq!(one.severity, Some(Severity::Critical));
        assert_eq!(
            (one.package.as_str(), one.aliases.as_slice()),
            ("torch 2.0", &["CVE-2026-1".to_owned()][..])
        );
        let trivy = json!({
            "SchemaVersion": 2, "ArtifactName": "image:1", "CreatedAt": "2026-11-22T10:00:00.123456+02:00",
            "Results": [
                {"Target": "debian", "Vulnerabilities": [
                    {"VulnerabilityID": "CVE-2026-2", "PkgName": "libc6", "InstalledVersion": "2.36", "Severity": "HIGH"},
                    {"VulnerabilityID": "CVE-2026-3", "PkgName": "bash", "Severity": "UNKNOWN"},
                ]},
                {"Target": "python"},
            ],
        });
        let report = of_value(&trivy);
        assert!(report.made.is_some());
        let severities: Vec<_> = report.found.unwrap().iter().map(|one| one.severity).collect();
        assert_eq!(severities, [Some(Severity::High), None]);
    }

    #[test]
    fn what_is_no_report_is_not_an_empty_one() {
        for value in [
            json!({}),
            json!([]),
            json!({"Results": []}),
            json!({"matches": {}}),
            json!({"matches": [{}]}),
            json!({"matches": [{"vulnerability": {"id": "CVE-1"}}]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": {}}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": [7]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Vulnerabilities": [{}]}]}),
            json!({"runs": []}),
            json!({"matches": [], "Results": []}),
            json!({"matches": [], "results": []}),
            json!({"matches": [], "vulnerabilities": [{"id": "CVE-1"}]}),
            json!({"matches": [], "bomFormat": "CycloneDX"}),
            json!({"matches": [], "Matches": [{}]}),
            json!({"matches": [], "SchemaVersion": 2, "ArtifactName": "x"}),
            json!({"SchemaVersion": 3, "ArtifactName": "x"}),
            json!({"SchemaVersion": "2", "ArtifactName": "x"}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "results": [{}]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "vulnerabilities": [{}]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"vulnerabilities": [{}]}]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Class": "secret"}, {"Class": "config"}]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Class": "license"}]}),
            json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Secrets": []}]}),
        ] {
            assert!(found(&value).is_err(), "{value}");
        }
        let text = |text: &str| read("x".to_owned(), text.as_bytes()).found;
        for broken in [
            r#"{"matches": ["#,
            r#"{"matches": [{}], "matches": []}"#,
            r#"{"matches": [], "descriptor": {"name": "a", "name": "b"}}"#,
            r#"{"matches": []} {"matches": [{}]}"#,
        ] {
            assert!(text(broken).is_err(), "{broken}");
        }
        assert_eq!(text(r#"{"matches": []}"#), Ok(vec![]));
        let classes = json!([{"Class": "secret"}, {"Class": "lang-pkgs"}]);
        assert_eq!(
            found(&json!({"SchemaVersion": 2, "ArtifactName": "x", "Results": classes})),
            Ok(vec![])
        );
        assert_eq!(found(&json!({"matches": []})), Ok(vec![]));
        assert_eq!(
            found(&json!({"SchemaVersion": 2, "ArtifactName": "x"})),
            Ok(vec![])
        );
    }
}

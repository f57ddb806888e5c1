//! [`conclude`]: what only shows when the files of a folder are seen together.
//!
//! 1. A file of raw bytes beside a model (`weights.bin` of an ONNX model) is data where the model claims it
//!    ([`Claim`](crate::analyze::Claim)); by itself nobody could say what it is.
//! 2. The chat templates of one model are compared. Quantisations of one model that differ in nothing but their
//!    template were not made from the same model; a file whose template was exchanged looks just so.
//!
//! Nothing is read here, and the order of the files makes no difference.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::{
    FileReport, Finding, Place, Profile, Trail,
    coverage::{Coverage, Gap},
    observation::{Observation, template::Seen},
    rules::{self, Context},
};

/// Adds to the reports of `files` what follows from all of them together, and sorts them by name.
pub fn conclude(files: &mut [FileReport], profile: Profile) {
    files.sort_by(|a, b| a.file.cmp(&b.file));
    claim(files);
    let mut found = Vec::new();
    quantisations(files, &mut found);
    forms(files, &mut found);
    for (file, seen) in found {
        if let Some(report) = files.get_mut(file) {
            report.findings.extend(findings(&report.file, seen, profile));
            report.findings.sort();
            report.findings.dedup();
        }
    }
}

fn findings(file: &str, seen: Seen, profile: Profile) -> Vec<Finding> {
    let trail = Trail::file(file);
    let context = Context {
        profile,
        trail: &trail,
    };
    let observation = Observation::from(seen);
    let judged = rules::all().filter_map(|rule| Some((rule, rule.judge(&observation, &context)?)));
    judged
        .map(|(rule, judgement)| Finding {
            place: Place {
                trail: trail.clone(),
                offset: None,
            },
            rule: rule.id,
            severity: judgement.severity,
            confidence: judgement.confidence,
            cwe: rule.cwe,
            construct: None,
            name: judgement.name,
            reason: judgement.reason,
            fix: rule.fix,
        })
        .collect()
}

// Claims.

/// Turns unread bytes into data where another file claims them.
fn claim(files: &mut [FileReport]) {
    let mut claimed: BTreeMap<String, Vec<Range<u64>>> = BTreeMap::new();
    for report in files.iter() {
        for claim in &report.claims {
            if let Some(path) = beside(&report.file, &claim.location) {
                claimed.entry(path).or_default().push(claim.range.clone());
            }
        }
    }
    for report in files {
        let Some(mut ranges) = claimed.remove(&normal(&report.file).unwrap_or_default()) else {
            continue;
        };
        ranges.sort_by_key(|range| (range.start, range.end));
        grant(&report.file, &ranges, &mut report.coverage);
    }
}

/// The path of `location`, relative to the folder of `file`; `None` when it leaves what was examined.
fn beside(file: &str, location: &str) -> Option<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_relative = crate::reach::escape(location).is_none();
    let joined = if folder.is_empty() {
        location.to_owned()
    } else {
        format!("{folder}/{location}")
    };
    is_relative.then(|| normal(&joined)).flatten()
}

/// The path without `.` and empty steps.
fn normal(path: &str) -> Option<String> {
    let steps: Vec<&str> = path
        .split('/')
        .filter(|step| !matches!(*step, "" | "."))
        .collect();
    (!steps.is_empty()).then(|| steps.join("/"))
}

/// Only bytes of which nothing else is known can be granted: a broken archive stays broken.
fn grant(file: &str, ranges: &[Range<u64>], coverage: &mut Coverage) {
    let gaps = std::mem::take(&mut coverage.gaps);
    for gap in gaps {
        let is_free = matches!(gap.gap, Gap::UnknownFormat | Gap::Unclaimed);
        if !is_free || gap.trail.as_str() != file {
            coverage.gaps.push(gap);
            continue;
        }
        let mut at = gap.offset;
        let end = gap.offset.saturating_add(gap.bytes);
        let mut left = Vec::new();
        for range in ranges {
            let start = range.start.clamp(at, end);
            let stop = range.end.clamp(start, end);
            left.push(at..start);
            coverage.data = coverage.data.saturating_add(stop.saturating_sub(start));
            coverage.unread = coverage.unread.saturating_sub(stop.saturating_sub(start));
            at = stop;
        }
        left.push(at..end);
        for range in left.into_iter().filter(|range| !range.is_empty()) {
            let mut rest = gap.clone();
            rest.offset = range.start;
            rest.bytes = range.end.saturating_sub(range.start);
            coverage.gaps.push(rest);
        }
    }
}

// Templates.

/// A template, by what it is called, and its digest.
type Text = [u8; 32];

/// Files of one model in several quantisations, that have not the same template.
fn quantisations(files: &[FileReport], found: &mut Vec<(usize, Seen)>) {
    let mut models: BTreeMap<(String, &str), Vec<(usize, Text)>> = BTreeMap::new();
    for (file, report) in files.iter().enumerate() {
        let Some(model) = model_of(&report.file) else {
            continue;
        };
        for template in &report.templates {
            models
                .entry((model.clone(), &template.name))
                .or_default()
                .push((file, template.digest));
        }
    }
    for ((_, name), versions) in models {
        let common = most_common(&versions);
        for (file, digest) in &versions {
            if let Some((other, expected)) = common
                && *digest != expected
            {
                let other = files
                    .get(other)
                    .map(|report| report.file.clone())
                    .unwrap_or_default();
                found.push((
                    *file,
                    Seen::Differs {
                        name: name.to_owned(),
                        other,
                        quantisation: true,
                    },
                ));
            }
        }
    }
}

/// The digest that most have, the first of several, and the first file that has it.
fn most_common(versions: &[(usize, Text)]) -> Option<(usize, Text)> {
    let count = |digest: &Text| versions.iter().filter(|(_, other)| other == digest).count();
    let most = versions.iter().map(|(_, digest)| count(digest)).max()?;
    versions.iter().copied().find(|(_, digest)| count(digest) == most)
}

/// Files of one folder that give the tokenizer's template in several forms.
fn forms(files: &[FileReport], found: &mut Vec<(usize, Seen)>) {
    let mut folders: BTreeMap<(&str, &str), BTreeSet<(usize, Text)>> = BTreeMap::new();
    for (file, report) in files.iter().enumerate() {
        if is_gguf(&report.file) {
            continue;
        }
        let folder = report.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        for template in &report.templates {
            folders
                .entry((folder, &template.name))
                .or_default()
                .insert((file, template.digest));
        }
    }
    for ((_, name), versions) in folders {
        let Some((first, expected)) = versions.first().copied() else {
            continue;
        };
        let other = files
            .get(first)
            .map(|report| report.file.clone())
            .unwrap_or_default();
        for (file, digest) in versions {
            if digest != expected && file != first {
                let seen = Seen::Differs {
                    name: name.to_owned(),
                    other: other.clone(),
                    quantisation: false,
                };
                found.push((file, seen));
            }
        }
    }
}

fn is_gguf(file: &str) -> bool {
    file.to_ascii_lowercase().ends_with(".gguf")
}

/// The name of a GGUF file without its quantisation and its number among the parts of a split model.
fn model_of(file: &str) -> Option<String> {
    let lower = file.to_ascii_lowercase();
    let mut stem = lower.strip_suffix(".gguf")?;
    while let Some((rest, last)) = stem.rsplit_once(['-', '.', '/']) {
        if !is_variant(last) || stem.as_bytes().get(rest.len()) == Some(&b'/') {
            break;
        }
        stem = rest;
    }
    Some(stem.to_owned())
}

/// `q4_k_m`, `iq2_xxs`, `f16`, `mxfp4`, `ud`, `imat`, `00001`, `of`.
fn is_variant(word: &str) -> bool {
    let digit_behind = |prefix: &str| {
        let rest = word.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.as_bytes().first().is_some_and(u8::is_ascii_digit))
    };
    let is_part = word.len() == 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    ["q", "iq", "tq", "mxfp", "nvfp"]
        .iter()
        .any(|prefix| digit_behind(prefix))
        || matches!(
            word,
            "f16" | "f32" | "bf16" | "fp16" | "fp32" | "ud" | "imat" | "i1" | "of"
        )
        || is_part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        LeftOut, Severity,
        analyze::{Claim, Template},
        coverage::Unread,
    };
    use weightlock_format::detect::Format;

    fn report(file: &str, templates: &[(&str, u8)]) -> FileReport {
        FileReport {
            file: file.to_owned(),
            size: 100,
            format: Format::Unknown,
            findings: Vec::new(),
            findings_left_out: LeftOut::default(),
            coverage: Coverage::default(),
            claims: Vec::new(),
            templates: templates
                .iter()
                .map(|(name, byte)| Template {
                    name: (*name).to_owned(),
                    digest: [*byte; 32],
                })
                .collect(),
        }
    }

    fn unread(file: &str, gap: Gap) -> FileReport {
        let mut report = report(file, &[]);
        report.coverage.add_gap(Unread {
            trail: Trail::file(file),
            offset: 0,
            bytes: 100,
            why: gap.to_string(),
            gap,
        });
        report
    }

    fn claiming(file: &str, location: &str, range: Range<u64>) -> FileReport {
        let mut report = report(file, &[]);
        report.claims.push(Claim {
            location: location.to_owned(),
            range,
        });
        report
    }

    #[test]
    fn claimed_bytes_are_data_and_the_rest_stays_unread() {
        let mut files = [
            claiming("m/a.onnx", "./w.bin", 10..40),
            claiming("m/b.onnx", "w.bin", 30..60),
            unread("m/w.bin", Gap::UnknownFormat),
            unread("w.bin", Gap::UnknownFormat),
        ];
        conclude(&mut files, Profile::Default);
        let coverage = &files
            .iter()
            .find(|report| report.file == "m/w.bin")
            .unwrap()
            .coverage;
        assert_eq!((coverage.data, coverage.unread), (50, 50));
        let gaps: Vec<_> = coverage.gaps.iter().map(|gap| (gap.offset, gap.bytes)).collect();
        assert_eq!(gaps, [(0, 10), (60, 40)]);
        assert_eq!(
            files
                .iter()
                .find(|report| report.file == "w.bin")
                .unwrap()
                .coverage
                .unread,
            100
        );
    }

    #[test]
    fn what_is_broken_or_outside_is_not_granted() {
        for (location, gap) in [
            ("w.bin", Gap::Truncated),
            ("../m/w.bin", Gap::UnknownFormat),
            ("/m/w.bin", Gap::UnknownFormat),
        ] {
            let mut files = [
                claiming("m/a.onnx", location, 0..u64::MAX),
                unread("m/w.bin", gap),
            ];
            conclude(&mut files, Profile::Default);
            assert_eq!(files[1].coverage.unread, 100, "{location}");
        }
        let mut files = [
            claiming("m/a.onnx", "w.bin", 0..u64::MAX),
            unread("m/w.bin", Gap::UnknownFormat),
        ];
        conclude(&mut files, Profile::Default);
        assert!(files[1].coverage.is_complete());
    }

    #[test]
    fn the_quantisation_that_differs_is_named_in_any_order() {
        let reports = [
            report("m/Llama-3-8B-Q4_K_M.gguf", &[("default", 1)]),
            report("m/Llama-3-8B-Q8_0.gguf", &[("default", 2)]),
            report("m/Llama-3-8B-UD-IQ2_XXS-00001-of-00003.gguf", &[("default", 1)]),
            report("m/Other-7B-Q8_0.gguf", &[("default", 3)]),
            report("n/Llama-3-8B-Q8_0.gguf", &[("default", 4)]),
        ];
        let mut files = reports.clone();
        conclude(&mut files, Profile::Default);
        let found: Vec<_> = files
            .iter()
            .flat_map(|report| &report.findings)
            .map(|finding| (finding.place.trail.as_str(), finding.rule, finding.severity))
            .collect();
        assert_eq!(
            found,
            [("m/Llama-3-8B-Q8_0.gguf", "template-differs", Severity::Low)]
        );
        let mut backwards: Vec<_> = reports.into_iter().rev().collect();
        conclude(&mut backwards, Profile::Default);
        assert_eq!(backwards, files);
    }

    #[test]
    fn two_forms_of_a_template_that_differ_are_context() {
        let mut files = [
            report("m/chat_template.jinja", &[("default", 1)]),
            report("m/tokenizer_config.json", &[("default", 2), ("rag", 3)]),
            report("n/tokenizer_config.json", &[("default", 9)]),
        ];
        conclude(&mut files, Profile::Default);
        assert_eq!(files[1].findings.len(), 1);
        assert_eq!(files[1].findings[0].severity, Severity::Info);
        assert!(files[0].findings.is_empty() && files[2].findings.is_empty());
        files[1].findings.clear();
        files[1].templates[0].digest = [1; 32];
        conclude(&mut files, Profile::Default);
        assert!(files.iter().all(|report| report.findings.is_empty()));
    }
}

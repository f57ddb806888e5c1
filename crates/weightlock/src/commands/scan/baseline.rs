//! `--baseline FILE`: the findings of an earlier JSON report.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use weightlock_artifact::input;
use weightlock_scan::report::Fingerprint;

use super::{VERB, usage};
use crate::{diagnostic::Diagnostic, reply::SCHEMA_VERSION};

/// A report with a hundred thousand findings has some 60 MB.
const MAX_BYTES: usize = 128 << 20;

/// What of the document matters. Unknown members are let be: later versions add some.
#[derive(Deserialize)]
struct Earlier {
    schema_version: u32,
    verb: String,
    result: Option<EarlierResult>,
}

#[derive(Deserialize)]
struct EarlierResult {
    files: Vec<EarlierFile>,
}

#[derive(Deserialize)]
struct EarlierFile {
    findings: Vec<EarlierFinding>,
}

#[derive(Deserialize)]
struct EarlierFinding {
    fingerprint: String,
}

/// Reads the findings that are known.
pub(super) fn read(path: &Path) -> Result<BTreeSet<Fingerprint>, Diagnostic> {
    let bytes = input::read_at_most(path, MAX_BYTES)?;
    let wrong = |what: &str| {
        usage(format!("the baseline {what}"))
            .at(path.display().to_string())
            .help("make it with:  weightlock scan --json -o baseline.json PATH")
    };
    if bytes.len() > MAX_BYTES {
        return Err(wrong("is larger than 128 MiB"));
    }
    let earlier: Earlier = serde_json::from_slice(&bytes)
        .map_err(|error| wrong("is no report of a scan").note(error.to_string()))?;
    if earlier.verb != VERB || earlier.schema_version != SCHEMA_VERSION {
        return Err(wrong("is no report of a scan by this version of the format"));
    }
    let result = earlier
        .result
        .ok_or_else(|| wrong("is the report of a scan that did not come to a result"))?;
    let findings = result.files.into_iter().flat_map(|file| file.findings);
    findings
        .map(|finding| {
            finding
                .fingerprint
                .parse()
                .map_err(|_| wrong("holds a finding without its fingerprint"))
        })
        .collect()
}

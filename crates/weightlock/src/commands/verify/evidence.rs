//! Further evidence about the model: what it claims, and whether it counts.
//!
//! Evidence counts when the signer that is trusted here made it, and when it is about the model as it is now. What does
//! not count is listed too, and nothing here changes the answer of `verify`.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    evidence::{EvidenceName, Kind, Store},
};
use weightlock_signing::{
    predicate::scan::{self, Scan},
    statement::verify_evidence,
};

use super::Case;
use crate::commands::target;

/// One piece of evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// Its name in the evidence folder.
    pub name: String,
    /// `scan` and the like.
    pub kind: String,
    /// Signed by whom the caller trusts, about exactly this model.
    pub counts: bool,
    /// What it claims; where it does not count, why.
    pub says: String,
}

/// Evidence of the kinds that this version reads, but leaf tables and fs-verity digests: these serve to find changes, and
/// to load.
pub(super) fn list(case: &Case, model: Option<&str>) -> Vec<Stated> {
    let model =
        model.and_then(|digest| Digest::from_hex(Algorithm::Sha256, digest.strip_prefix("sha256:")?).ok());
    let mut found = Vec::new();
    for store in target::stores(&case.root) {
        // A folder that cannot be listed was refused before.
        let names = store.list().map(|listing| listing.evidence).unwrap_or_default();
        let scans = names
            .iter()
            .filter(|(name, _)| matches!(name, EvidenceName::Statement(Kind::Scan, _)));
        found.extend(scans.map(|(name, _)| stated(case, &store, name, model.as_ref())));
    }
    found
}

fn stated(case: &Case, store: &Store, name: &EvidenceName, model: Option<&Digest>) -> Stated {
    let told = read(case, store, name, model);
    Stated {
        name: name.to_string(),
        kind: Kind::Scan.name().to_owned(),
        counts: told.is_ok(),
        says: told.unwrap_or_else(|why| why),
    }
}

/// What a statement about a scan claims, or why it does not count.
fn read(case: &Case, store: &Store, name: &EvidenceName, model: Option<&Digest>) -> Result<String, String> {
    let bundle = store.read(name).map_err(|error| error.to_string())?;
    let evidence = verify_evidence(&bundle, &case.trust).map_err(|refusal| refusal.to_string())?;
    match model {
        None => return Err("which model this is was not worked out".to_owned()),
        Some(model) if !evidence.is_about(model) => {
            return Err("it is about another model, or about an earlier state of this one".to_owned());
        }
        Some(_) => {}
    }
    scan::read(&evidence)
        .map(|scan| words(&scan))
        .map_err(|error| error.to_string())
}

fn words(scan: &Scan) -> String {
    let answer = match scan.outcome.as_str() {
        "yes" => format!("no finding at or above {}", scan.threshold),
        "no" => format!("findings at or above {}", scan.threshold),
        _ => "no answer".to_owned(),
    };
    let coverage = if scan.complete {
        "every byte read".to_owned()
    } else {
        format!("{} bytes unread", scan.coverage.unread)
    };
    format!(
        "{answer}, {coverage} ({} {}, rules {}, profile {})",
        scan.scanner.name, scan.scanner.version, scan.scanner.rules, scan.profile
    )
}

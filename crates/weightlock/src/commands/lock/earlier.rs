//! What failed in an earlier `weightlock lock verify`, by its JSON. It changes the order of what is told and no answer.

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use weightlock_artifact::{error::NOT_FOUND, input};

use crate::{diagnostic::Diagnostic, explanations::USAGE};

/// The result of an earlier run that is larger than this is not read.
const MAX_PREVIOUS: usize = 64 << 20;

/// As far as an earlier result is asked: members that are not known here do not matter.
#[derive(Deserialize)]
struct Earlier {
    result: Option<EarlierResult>,
}

#[derive(Deserialize)]
struct EarlierResult {
    newly_failing: Vec<EarlierModel>,
    still_failing: Vec<EarlierModel>,
}

#[derive(Deserialize)]
struct EarlierModel {
    locked: EarlierName,
}

#[derive(Deserialize)]
struct EarlierName {
    name: String,
}

/// What failed in an earlier run. A run that came to no result tells nothing, so that everything counts as new; the first night has no
/// earlier run at all.
pub(super) fn failing_in(file: &Path) -> Result<BTreeSet<String>, Diagnostic> {
    let text = match input::read_at_most(file, MAX_PREVIOUS) {
        Ok(text) => text,
        Err(error) if error.code() == NOT_FOUND => return Ok(BTreeSet::new()),
        Err(error) => return Err(error.into()),
    };
    let unusable = |why: String| {
        Diagnostic::new(USAGE, format!("the earlier result cannot be read: {why}"))
            .at(file.display().to_string())
            .help("name what `weightlock lock verify --json` wrote, or leave out --previous")
    };
    if text.len() > MAX_PREVIOUS {
        return Err(unusable("it is too large".to_owned()));
    }
    let earlier: Earlier = serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
    let failing = earlier.result.into_iter().flat_map(|result| {
        let all = result.newly_failing.into_iter().chain(result.still_failing);
        all.map(|model| model.locked.name)
    });
    Ok(failing.collect())
}

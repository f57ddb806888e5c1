//! What a statement claims, in one line: by its type, for people. Nothing is judged by these words.

use serde_json::Value;
use weightlock_artifact::evidence::Kind;
use weightlock_bom::document::read::described::{Describes, describes};
use weightlock_signing::{
    predicate::{
        scan::Scan,
        types::{self, CUSTOM, SLSA_0_2, VULN},
    },
    statement::Statement,
};

use crate::text::{Size, counted};

/// Characters of somebody's text in a line.
const MOST: usize = 100;

/// What the statement claims.
pub(in crate::commands) fn of(statement: &Statement) -> String {
    let claim = &statement.predicate;
    match types::kind_of(&statement.predicate_type) {
        Kind::Provenance => provenance(&statement.predicate_type, claim),
        Kind::Bom => format!("{}{}", bom(claim), described(statement)),
        Kind::Vex => format!(
            "{} about advisories",
            counted(length(claim, "/statements"), "statement")
        ),
        Kind::Verdict => format!(
            "{} by {}",
            text(claim, "/verificationResult"),
            text(claim, "/verifier/id")
        ),
        Kind::Leaves => "digests of every 1 MiB".to_owned(),
        Kind::Verity => "fs-verity digests of the files".to_owned(),
        Kind::Oms => "a further signature".to_owned(),
        Kind::Card => card(claim),
        _ if statement.predicate_type == VULN => {
            format!("a report of {}", text(claim, "/scanner/uri"))
        }
        _ if statement.predicate_type == CUSTOM => format!(
            "{} of data, said to be of {}",
            Size(claim.get("Data").and_then(Value::as_str).map_or(0, str::len) as u64),
            text(claim, "/Timestamp")
        ),
        _ => format!("{} with {}", short(&statement.predicate_type), members(claim)),
    }
}

/// What a scan found, and how much of the model it has read.
pub(in crate::commands) fn scan(scan: &Scan) -> String {
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

fn provenance(predicate_type: &str, claim: &Value) -> String {
    let (builder, how, from) = if predicate_type == SLSA_0_2 {
        ("/builder/id", "/buildType", "/materials")
    } else {
        (
            "/runDetails/builder/id",
            "/buildDefinition/buildType",
            "/buildDefinition/resolvedDependencies",
        )
    };
    let from = match length(claim, from) {
        1 => "1 dependency".to_owned(),
        count => format!("{count} dependencies"),
    };
    format!(
        "built by {} as {}, {from}",
        text(claim, builder),
        text(claim, how)
    )
}

fn bom(claim: &Value) -> String {
    if claim.get("bomFormat").is_some() {
        let components = counted(length(claim, "/components"), "component");
        return format!("CycloneDX {}, {components}", text(claim, "/specVersion"));
    }
    match claim.get("spdxVersion") {
        Some(_) => format!(
            "{}, {}",
            text(claim, "/spdxVersion"),
            counted(length(claim, "/packages"), "package")
        ),
        None => format!("SPDX, {}", members(claim)),
    }
}

/// What a bill of materials is of, by its own digests, where that is not what the statement is about.
fn described(statement: &Statement) -> String {
    match describes(&statement.predicate, &statement.subjects) {
        Ok(Describes::This) => String::new(),
        Ok(Describes::Nothing) => ", which names no digest of what it describes".to_owned(),
        Ok(other) => format!("; {}", another(&other)),
        Err(why) => format!("; it cannot be compared with the model: {why}"),
    }
}

/// That a document describes something else, with both digests.
pub(in crate::commands) fn another(other: &Describes) -> String {
    let Describes::Another { file, stated, found } = other else {
        return String::new();
    };
    let what = file.as_deref().map_or_else(|| "the model".to_owned(), short);
    let found = found.map_or_else(
        || "no such file is there".to_owned(),
        |found| format!("it is {found}"),
    );
    format!("it describes another digest: {what} is {stated} there, and {found}")
}

/// A model card, by the name it gives the model.
fn card(claim: &Value) -> String {
    match (claim.get("card"), claim.get("readme")) {
        (Some(card), _) => format!("the card of {}", text(card, "/content/model_details/name")),
        (None, Some(readme)) => format!("{} as the card", text(readme, "/name")),
        (None, None) => format!("a card with {}", members(claim)),
    }
}

fn members(claim: &Value) -> String {
    counted(claim.as_object().map_or(0, serde_json::Map::len), "member")
}

fn length(claim: &Value, place: &str) -> usize {
    claim.pointer(place).and_then(Value::as_array).map_or(0, Vec::len)
}

fn text(claim: &Value, place: &str) -> String {
    claim
        .pointer(place)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map_or_else(|| "(not said)".to_owned(), short)
}

/// Somebody's text, cut where it would fill the screen.
fn short(text: &str) -> String {
    let cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}

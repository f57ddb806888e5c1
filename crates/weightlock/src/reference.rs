//! What the generated reference pages are made from: schemas of every JSON document.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use weightlock_bom::{
    provenance::{description::Description, evaluation::Evaluation, review::Review},
    slsa::BuilderList,
};

use weightlock_policy::{Document as PolicyDocument, Lock as LockDocument, WaiverList};

use crate::{
    commands::{
        attest, audit, blob, bom, card, demo, diff, digest, disassemble, doctor, evidence, explain, inspect,
        inventory, key, lineage, lock, man, pins, policy, scan, sign, slsa, trust, verdict, verify,
        verify_attestation, version,
    },
    reply::Document,
};

/// The schema of each verb's JSON document, and of documents that verbs read. Every verb with a result of its own adds a line.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("attest", schema::<attest::Attested>("attest")),
        (
            "attest-evaluation",
            schema::<attest::stated::Stated>("attest evaluation"),
        ),
        (
            "attest-provenance",
            schema::<attest::stated::Stated>("attest provenance"),
        ),
        (
            "attest-approval",
            schema::<attest::stated::Stated>("attest approval"),
        ),
        ("attest-review", schema::<attest::stated::Stated>("attest review")),
        (
            "attest-review-list",
            schema::<attest::review::Listed>("attest review --list"),
        ),
        ("attest-run", schema::<attest::run::Recorded>("attest run")),
        ("audit-verify", schema::<audit::verify::WholeLog>("audit verify")),
        ("attest-blob", schema::<blob::attest::AttestedFile>("attest-blob")),
        ("card-check", schema::<card::check::CheckedCard>("card check")),
        ("card-init", schema::<card::init::Initiated>("card init")),
        ("card-show", schema::<card::check::CheckedCard>("card show")),
        ("card-sign", schema::<card::sign::SignedCard>("card sign")),
        ("bom", schema::<bom::Made>("bom")),
        ("bom-check", schema::<bom::Elements>("bom check")),
        ("bom-diff", schema::<bom::Differences>("bom diff")),
        ("bom-show", schema::<bom::Shown>("bom show")),
        ("demo", schema::<demo::Shown>("demo")),
        ("diff", schema::<diff::Difference>("diff")),
        ("digest", schema::<digest::Digests>("digest")),
        ("disassemble", schema::<disassemble::Disassembled>("disassemble")),
        ("doctor", schema::<doctor::Health>("doctor")),
        ("evidence-add", schema::<evidence::add::Added>("evidence add")),
        (
            "evidence-export",
            schema::<evidence::export::Exported>("evidence export"),
        ),
        ("evidence-list", schema::<evidence::list::Listed>("evidence list")),
        (
            "evidence-remove",
            schema::<evidence::remove::Removed>("evidence remove"),
        ),
        (
            "evidence-show",
            schema::<evidence::show::Claimed>("evidence show"),
        ),
        ("explain", schema::<explain::Explanations>("explain")),
        ("gate", schema::<verdict::VerdictTold>("gate")),
        ("inspect", schema::<inspect::Inspection>("inspect")),
        ("inventory", schema::<inventory::Inventoried>("inventory")),
        ("trust-list", schema::<trust::list::Listed>("trust list")),
        ("trust-import", schema::<trust::import::Imported>("trust import")),
        ("trust-update", schema::<trust::update::Renewed>("trust update")),
        ("trust-export", schema::<trust::export::Exported>("trust export")),
        ("key-generate", schema::<key::generate::Generated>("key generate")),
        ("key-inspect", schema::<key::inspect::Inspected>("key inspect")),
        (
            "lineage-ancestors",
            schema::<lineage::LineageList>("lineage ancestors"),
        ),
        (
            "lineage-descendants",
            schema::<lineage::LineageList>("lineage descendants"),
        ),
        ("lineage-show", schema::<lineage::LineageShown>("lineage show")),
        (
            "lineage-who-uses",
            schema::<lineage::LineageList>("lineage who-uses"),
        ),
        ("lock", LockDocument::schema()),
        ("lock-add", schema::<lock::add::LockAdded>("lock add")),
        ("lock-diff", schema::<lock::diff::LockDiff>("lock diff")),
        ("lock-update", schema::<lock::update::LockUpdated>("lock update")),
        ("lock-verify", schema::<lock::verify::LockVerified>("lock verify")),
        ("man", schema::<man::Pages>("man")),
        ("pins-verify", schema::<pins::verify::PinsVerified>("pins verify")),
        ("pins-write", schema::<pins::write::PinsWritten>("pins write")),
        (
            "policy-check",
            schema::<policy::check::CheckedPolicies>("policy check"),
        ),
        ("policy-explain", schema::<verdict::VerdictTold>("policy explain")),
        ("policy-init", schema::<policy::init::Begun>("policy init")),
        ("policy-test", schema::<policy::test::Tested>("policy test")),
        ("policy", PolicyDocument::schema()),
        ("waivers", WaiverList::schema()),
        (
            "predicate-approval",
            predicate::<attest::approval::Approval>("urn:weightlock:approval:v1"),
        ),
        ("run", schema::<verdict::VerdictTold>("run")),
        ("scan", schema::<weightlock_scan::report::json::Scanned>("scan")),
        ("scan-rules", schema::<scan::Rules>("scan --rules")),
        ("sign", schema::<sign::Signed>("sign")),
        ("sign-blob", schema::<blob::sign::SignedFile>("sign-blob")),
        ("slsa-diff", schema::<slsa::diff::Compared>("slsa diff")),
        ("slsa-level", schema::<slsa::level::Levelled>("slsa level")),
        ("slsa-verify", schema::<slsa::verify::Verified>("slsa verify")),
        ("verify", schema::<verify::Verified>("verify")),
        ("provenance-description", Description::schema()),
        ("trusted-builders", BuilderList::schema()),
        (
            "predicate-evaluation",
            predicate::<Evaluation>("urn:weightlock:evaluation:v1"),
        ),
        (
            "predicate-review",
            predicate::<Review>("urn:weightlock:review:v1"),
        ),
        (
            "verify-attestation",
            schema::<verify_attestation::Attestations>("verify-attestation"),
        ),
        ("verify-blob", schema::<blob::verify::VerifiedFile>("verify-blob")),
        (
            "verify-blob-attestation",
            schema::<blob::verify_attestation::VerifiedClaim>("verify-blob-attestation"),
        ),
        ("version", schema::<version::Version>("version")),
    ]
}

/// The schema of each document that people write for Weightlock. Keys of their own are welcome there.
#[must_use]
pub fn forms() -> Vec<(&'static str, Schema)> {
    vec![
        ("model-card", weightlock_bom::card::schema()),
        ("facts", weightlock_bom::facts::schema()),
    ]
}

/// The schema of a predicate of ours.
fn predicate<T: JsonSchema>(predicate_type: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.insert("title".to_owned(), predicate_type.into());
    schema
}

fn schema<T: JsonSchema>(verb: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<Document<T>>();
    schema.insert("title".to_owned(), format!("weightlock {verb} --json").into());
    schema
}

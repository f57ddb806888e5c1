//! Verdicts: judging by a policy of a thousand rules, and a whole `gate` that scans nothing.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use weightlock_peers::scanners::repository;

use super::cases::{self, Bar, Lab, Metric, bars, words};
use super::measure::Line;
use super::{Row, boms, example};

/// All cases, in the order of the table.
pub(super) const NAMES: [&str; 3] = ["gate-small", RULES, RULES_READ];

const RULES: &str = "policy-rules";
const RULES_READ: &str = "policy-rules-read";

/// Makes what a case needs, and measures it.
pub(super) fn measure(name: &str, lab: &Lab, root: &Path, rounds: Option<usize>) -> Result<Row> {
    match name {
        RULES => rules(root, RULES, |ran| ran.judge_seconds, &[Bar::milliseconds(1.0)]),
        RULES_READ => rules(root, RULES_READ, |ran| ran.read_seconds, &[]),
        _ => gate(name, lab, rounds),
    }
}

/// A small model with a signature, a bill of materials, an approval and a report, and a policy that demands them all.
fn gate(name: &str, lab: &Lab, rounds: Option<usize>) -> Result<Row> {
    let model = lab.path("gate-model");
    copy(
        &repository().join("crates/weightlock-bom/testdata/vectors/models/base"),
        Path::new(&model),
    )?;
    let (key, public) = lab.keys()?;
    for verb in [
        &["sign", "--replace", "--key"][..],
        &["bom", "--sign", "--key"],
        &[
            "attest",
            "approval",
            "--approver",
            "a",
            "--decision",
            "approved",
            "--key",
        ],
    ] {
        cases::run(lab.program(), words(verb, [&key, &model]))?;
    }
    let (policy, report) = (lab.path("policy.toml"), lab.path("grype.json"));
    let text = format!(
        "version = 1\nmode = \"production\"\ndefault-tier = \"low\"\n[identity.us]\nkey = {:?}\n[signers]\noms = [\"us\"]\nbom = [\"us\"]\n\
         review = [\"us\"]\n[require]\nsignature = true\nbom = true\napprovals = {{ count = 1 }}\nadvisories = {{ below = \"critical\" }}\n",
        public.to_string_lossy()
    );
    fs::write(&policy, text)?;
    fs::write(&report, r#"{"matches": [], "descriptor": {"name": "grype"}}"#)?;
    let ours = Line {
        program: lab.program().to_path_buf(),
        args: words(
            &["gate", "--policy"],
            [&policy, &OsString::from("--advisories"), &report, &model],
        ),
        ..Line::default()
    };
    boms::alone(
        name,
        lab,
        &ours,
        rounds.unwrap_or(20).max(1),
        &bars(&[(Metric::Milliseconds, 30.0)]),
    )
}

/// The plain files of a folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Judged {
    rules: u64,
    bytes: u64,
    read_seconds: f64,
    judge_seconds: f64,
}

fn rules(root: &Path, name: &str, of: impl Fn(&Judged) -> f64, bars: &[Bar]) -> Result<Row> {
    let ran: Judged = example(root, "weightlock-policy", "thousand_rules")?;
    let what = if name == RULES { "judge by" } else { "read" };
    let ours = format!(
        "{what} {} rules in memory, {} bytes of TOML",
        ran.rules, ran.bytes
    );
    Ok(Row::in_memory(name, ours, of(&ran), bars))
}

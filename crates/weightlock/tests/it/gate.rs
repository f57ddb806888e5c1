//! `weightlock gate`, `weightlock policy` and `weightlock attest approval`.

use serde_json::Value;
use weightlock::commands::verdict::VerdictTold;

use crate::{
    attest::{path, place},
    contract::interrupted,
    run::{Place, Ran, repository},
};

/// The four checks of the usual gate script, by one key.
pub(crate) fn policy(place: &Place, more: &str) {
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n\
             [identity.release]\nkey = \"{}\"\n[identity.other]\nkey = \"{}\"\n\
             [signers]\noms = [\"release\"]\nbom = [\"release\"]\ncard = [\"release\"]\nreview = [\"other\"]\n\
             [require]\nsignature = true\nadvisories = {{ below = \"critical\" }}\nbom = true\ncard = true\n{more}",
            path("p256.pub.pem"),
            path("p384.pub.pem"),
        ),
    );
}

pub(crate) const CARD: &str = "---\nlicense: apache-2.0\n---\n# A model\n\nA small model.\n\n## Intended use\n\nTests.\n\n## Training data\n\n\
    Numbers that nobody chose.\n\n## Evaluation results\n\nNone are claimed; it is random.\n\n## Limitations\n\nIt knows nothing.\n";

const GRYPE: &str =
    r#"{"matches": [], "descriptor": {"name": "grype", "timestamp": "2026-11-22T10:00:00Z"}}"#;

/// A place with a model that has everything, and the policy that asks for it.
pub(crate) fn whole() -> Place {
    let place = place();
    policy(&place, "");
    place.write("m/README.md", CARD);
    place.write("grype.json", GRYPE);
    let key = path("p256.key.pem");
    for verb in [
        vec!["sign", "--replace", "--key", &key, "m"],
        vec!["bom", "--sign", "--key", &key, "m"],
        vec!["card", "sign", "--key", &key, "m"],
    ] {
        let ran = place.run(&verb);
        assert_eq!(ran.code, 0, "{verb:?}: {ran:#?}");
    }
    place
}

pub(crate) fn run_in<'a>(
    place: &Place,
    (name, value): (&str, &str),
    arguments: impl IntoIterator<Item = &'a str>,
) -> Ran {
    Ran::of(place.command(arguments).env(name, value))
}

fn gate(place: &Place, more: &[&str]) -> Ran {
    place.run(
        [
            &["gate", "--policy", "policy.toml", "--advisories", "grype.json"],
            more,
        ]
        .concat(),
    )
}

/// S104: the lines, the closing line, and the exit code.
#[test]
fn four_checks_pass_and_the_last_line_says_so() {
    let place = whole();
    let ran = gate(&place, &["m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        "[PASS] signature_valid\n[PASS] no_critical_cves\n[PASS] sbom_attached\n[PASS] model_card_present\n\
         Promotion APPROVED: all checks passed.\n"
    );
    let document = gate(&place, &["--json", "m"]).document::<VerdictTold>();
    assert_eq!(document["result"]["decision"], "allow");
}

/// Cases name identities; two names of one key are one person in them, as at the gate.
#[test]
fn a_case_takes_two_names_of_one_key_for_one_person() {
    let place = place();
    for (second, expect) in [("./a.pub", "deny"), ("b.pub", "allow")] {
        place.write(
            "policy.toml",
            format!(
                "version = 1\nmode = \"development\"\n[identity.a]\nkey = \"a.pub\"\n[identity.b]\nkey = \"{second}\"\n\
                 [signers]\nreview = [\"a\", \"b\"]\n[require]\napprovals = {{ count = 2 }}\n"
            ),
        );
        place.write(
            "cases.yaml",
            format!(
                "version: 1\nnow: 2026-11-22T12:00:00Z\ncases:\n- name: two\n  model: {{name: m}}\n  statements:\n  \
                 - {{kind: review, by: [a], approval: true}}\n  - {{kind: review, by: [b], approval: true}}\n  expect: {expect}\n"
            ),
        );
        let ran = place.run(["policy", "test", "--policy", "policy.toml", "cases.yaml"]);
        assert_eq!(ran.code, 0, "{second}: {ran:#?}");
    }
}

/// A line in a log below the model would make another model of it.
#[test]
fn a_log_lies_outside_the_model() {
    let place = whole();
    for (log, code) in [
        ("m/audit.jsonl", 1),
        ("./m/../m/tokenizer/audit.jsonl", 1),
        ("audit.jsonl", 0),
    ] {
        let ran = gate(&place, &["--audit-log", log, "m"]);
        assert_eq!(ran.code, code, "{log}: {ran:#?}");
        assert_eq!(place.path(log).exists(), code == 0, "{log}");
        assert_eq!(ran.stderr.contains("lies in the model"), code == 1, "{ran:#?}");
    }
}

/// S28: what is refused before there is a verdict is written to the log as well, and only what gives up a check.
#[test]
fn every_override_that_is_refused_is_logged() {
    let place = whole();
    let log = place.path("audit.jsonl");
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    let production = text.replace(
        "mode = \"development\"",
        &format!("mode = \"production\"\naudit-log = \"{}\"", log.display()),
    );
    place.write("strict.toml", &production);
    place.write("mild.toml", production.replace("\"production\"", "\"staging\""));
    let (key, public) = (path("p256.key.pem"), path("p256.pub.pem"));
    let lines = || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.matches("\"event\":\"override-refused\"").count()
    };
    let at = "2026-01-01T00:00:00Z";
    let compat = [
        "compat",
        "model_signing",
        "verify",
        "key",
        "m",
        "--public_key",
        &public,
    ];
    let compat = [&compat[..], &["--signature", "m/model.sig"]].concat();
    let skip = ["--skip", "sbom_attached"];
    for (words, is_refused) in [
        (
            [&["gate", "--attest", "--key", &key, "m"][..], &skip].concat(),
            true,
        ),
        ([&["gate", "--from-verdict", "m"][..], &skip].concat(), true),
        ([&["gate", "/nonexistent"][..], &skip].concat(), true),
        ([&["lock", "add", "m"][..], &skip].concat(), true),
        (
            vec!["lock", "verify", "m", "--key", &public, "--at-time", at],
            true,
        ),
        ([&compat[..], &["--ignore_unsigned_files"]].concat(), true),
        (vec!["gate", "/nonexistent"], false),
        (compat.clone(), false),
    ] {
        for (policy, is_production) in [("mild.toml", false), ("strict.toml", true)] {
            let before = lines();
            let policy = place.path(policy);
            let ran = run_in(
                &place,
                ("WEIGHTLOCK_POLICY", policy.to_str().unwrap()),
                words.iter().copied(),
            );
            let case = format!("{words:?} {is_production}: {ran:#?}");
            // Where a verdict stands in for judging, nothing is ever left out.
            let is_told = is_refused && (is_production || words.contains(&"--from-verdict"));
            assert_eq!(lines() - before, usize::from(is_told), "{case}");
            if is_refused && is_production {
                assert_ne!(ran.code, 0, "{case}");
            }
            if words[0] == "compat" {
                assert_eq!(ran.code == 0, !(is_refused && is_production), "{case}");
            }
        }
    }
    assert_eq!(place.run(["audit", "verify", "audit.jsonl"]).code, 0);
}

/// Ages are measured of statements that a key signed too: each says when it was made.
#[test]
fn statements_by_a_key_say_when_they_were_made() {
    let place = place();
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"development\"\n[identity.us]\nkey = \"{}\"\n\
             [signers]\noms = [\"us\"]\nbom = [\"us\"]\ncard = [\"us\"]\nscan = [\"us\"]\nevaluation = [\"us\"]\nreview = [\"us\"]\n\
             [require]\nsignature = true\nbom = true\ncard = true\nscan = {{ by = \"signed\" }}\n\
             evaluation = [{{ metric = \"accuracy\", at-least = 0.5 }}]\napprovals = {{ count = 1 }}\n\
             max-age = {{ bom = \"30d\", card = \"30d\", scan = \"30d\", evaluation = \"30d\", review = \"30d\" }}\n",
            path("p256.pub.pem"),
        ),
    );
    let card = CARD.replace(
        "license: apache-2.0\n",
        "license: apache-2.0\nmodel-index:\n- name: m\n  results:\n  - task: {type: text-classification}\n    \
         dataset: {type: d, name: D}\n    metrics: [{type: accuracy, value: 0.9}]\n",
    );
    place.write("m/README.md", card);
    let key = path("p256.key.pem");
    let sign = |epoch: Option<&str>| {
        for verb in [
            vec!["sign", "--replace", "--key", &key, "m"],
            vec!["bom", "--sign", "--key", &key, "m"],
            vec!["card", "sign", "--key", &key, "m"],
            vec!["scan", "--attest", "--key", &key, "m"],
            vec!["attest", "evaluation", "--key", &key, "m"],
            vec![
                "attest",
                "approval",
                "--decision",
                "approved",
                "--approver",
                "A",
                "--key",
                &key,
                "m",
            ],
        ] {
            let mut command = place.command(&verb);
            if let Some(epoch) = epoch {
                command.env("SOURCE_DATE_EPOCH", epoch);
            }
            let ran = Ran::of(&mut command);
            assert_eq!(ran.code, 0, "{verb:?}: {ran:#?}");
        }
    };
    sign(Some("1600000000"));
    let old = place.run(["gate", "--policy", "policy.toml", "m"]);
    assert_eq!(old.code, 1, "{old:#?}");
    let checks = [
        "sbom_attached",
        "model_card_present",
        "scan_clean",
        "evaluation_baseline",
        "approved",
    ];
    for check in checks {
        assert!(
            old.stdout.contains(&format!("[FAIL] {check}\n")),
            "{check}: {old:#?}"
        );
    }
    assert_eq!(
        old.stderr.matches("is of 2020-09-13").count(),
        checks.len(),
        "{old:#?}"
    );
    sign(None);
    let fresh = place.run(["gate", "--policy", "policy.toml", "m"]);
    assert_eq!(fresh.code, 0, "{fresh:#?}");
}

/// A report that somebody signed is about exactly these bytes; one that is merely named can be about anything.
#[test]
fn a_policy_can_ask_for_signed_reports() {
    let place = whole();
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    let text = text.replace("below = \"critical\"", "below = \"critical\", by = \"signed\"");
    place.write(
        "policy.toml",
        text.replace("[signers]\n", "[signers]\nscan = [\"release\"]\n"),
    );
    let ran = gate(&place, &["m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains("[FAIL] no_critical_cves\n"), "{ran:#?}");
    assert!(
        ran.stderr
            .contains("there is no signed report about vulnerabilities"),
        "{ran:#?}"
    );
    // As the page shows it.
    let page = std::fs::read_to_string(repository().join("docs/policy.md")).unwrap();
    let form = page
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    for (severity, code) in [("Low", 0), ("Critical", 1)] {
        let matched = format!(
            r#"[{{"vulnerability": {{"id": "CVE-2026-1", "severity": "{severity}"}}, "artifact": {{"name": "torch"}}}}]"#
        );
        let result = GRYPE.replace("[]", &matched);
        place.write("vuln.json", form.replace("\"the report of grype\"", &result));
        let key = path("p256.key.pem");
        let attested = place.run([
            "attest",
            "--type",
            "vuln",
            "--predicate",
            "vuln.json",
            "--key",
            &key,
            "m",
        ]);
        assert_eq!(attested.code, 0, "{attested:#?}");
        let ran = gate(&place, &["m"]);
        assert_eq!(ran.code, code, "{severity}: {ran:#?}");
    }
}

/// A card that names another signer than the one whose signature holds contradicts what was checked.
#[test]
fn a_card_names_who_signed_or_is_refused() {
    let place = place();
    policy(&place, "");
    let key = path("p256.key.pem");
    let own = place.run(["key", "inspect", "--json", &path("p256.pub.pem")]);
    let own = own.document::<Value>()["result"]["key"]["fingerprints"]["pem_sha256"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = "ab".repeat(32);
    for (named, code) in [(own.as_str(), 0), (other.as_str(), 1)] {
        place.write("m/README.md", CARD);
        place.write(
            "m/model-card.yaml",
            format!("model_details: {{name: m, version: 1.0.0, type: text-classification, framework: PyTorch, license: Apache-2.0}}\n\
                 intended_use: Tests.\nprovenance: {{training_data: {{source: nowhere}}, signed_by: {named}}}\n\
                 performance: {{accuracy: 0.9, evaluation_dataset: none}}\nknown_limitations: [all]\n"),
        );
        for verb in [
            vec!["sign", "--replace", "--key", &key, "m"],
            vec!["bom", "--sign", "--key", &key, "m"],
        ] {
            assert_eq!(place.run(&verb).code, 0);
        }
        remove(&place, "card");
        let signed = place.run(["card", "sign", "--key", &key, "m"]);
        assert_eq!(signed.code, 0, "{signed:#?}");
        place.write("grype.json", GRYPE);
        let ran = gate(&place, &["m"]);
        assert_eq!(ran.code, code, "{named}: {ran:#?}");
        assert_eq!(
            ran.stderr
                .contains("the signer of the model is another than the card says"),
            code == 1,
            "{ran:#?}"
        );
    }
}

/// Removes the evidence of a kind.
pub(crate) fn remove(place: &Place, kind: &str) {
    for entry in std::fs::read_dir(place.path("m/.weightlock/evidence")).unwrap() {
        let file = entry.unwrap().path();
        if file.file_name().unwrap().to_string_lossy().starts_with(kind) {
            std::fs::remove_file(file).unwrap();
        }
    }
}

/// Must show 2: each missing in turn.
#[test]
fn each_check_that_is_missing_blocks_by_itself() {
    let all = [
        "signature_valid",
        "no_critical_cves",
        "sbom_attached",
        "model_card_present",
    ];
    type Spoil = fn(&Place);
    let cases: [(&str, Spoil); 6] = [
        ("signature_valid", |place| {
            std::fs::remove_file(place.path("m/model.sig")).unwrap()
        }),
        ("no_critical_cves", |place| {
            place.write(
                "grype.json",
                r#"{"matches": [{"vulnerability": {"id": "CVE-2026-1", "severity": "Critical"}, "artifact": {"name": "torch"}}]}"#,
            );
        }),
        // A report that cannot be read has not passed.
        ("no_critical_cves", |place| {
            place.write("grype.json", "{\"matches\": [")
        }),
        ("no_critical_cves", |place| {
            std::fs::remove_file(place.path("grype.json")).unwrap()
        }),
        ("sbom_attached", |place| remove(place, "bom")),
        ("model_card_present", |place| remove(place, "card")),
    ];
    for (fails, spoil) in cases {
        let place = whole();
        spoil(&place);
        let ran = gate(&place, &["m"]);
        assert_eq!(ran.code, 1, "{fails}: {ran:#?}");
        let lines: String = all
            .iter()
            .map(|check| format!("[{}] {check}\n", if *check == fails { "FAIL" } else { "PASS" }))
            .collect();
        assert_eq!(
            ran.stdout,
            lines + "Promotion BLOCKED: not all checks passed.\n",
            "{fails}: {ran:#?}"
        );
        assert!(
            ran.stderr.contains("policy.toml:"),
            "the line that demands it is told: {ran:#?}"
        );
    }
}

#[test]
fn a_changed_byte_and_a_stranger_block_everything_that_rests_on_them() {
    let place = whole();
    place.write("m/more.txt", "added");
    let ran = gate(&place, &["m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    for check in ["signature_valid", "sbom_attached", "model_card_present"] {
        assert!(ran.stdout.contains(&format!("[FAIL] {check}\n")), "{ran:#?}");
    }
    let place = whole();
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        text.replace("oms = [\"release\"]", "oms = [\"other\"]"),
    );
    let ran = gate(&place, &["m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stdout
            .starts_with("[FAIL] signature_valid\n[PASS] no_critical_cves\n"),
        "{ran:#?}"
    );
}

/// S110: cheap things first, signatures before bytes, the scan last and only when it could matter.
#[test]
fn the_order_is_told_and_ends_with_a_refusal() {
    let place = whole();
    policy(&place, "scan = true\n");
    let ran = gate(&place, &["-v", "m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let order = [
        "of policy",
        "about vulnerabilities",
        "by signers who count",
        "hashed",
        "about it",
        "scanned",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|step| {
            ran.stdout
                .find(step)
                .unwrap_or_else(|| panic!("{step}: {ran:#?}"))
        })
        .collect();
    assert!(places.is_sorted(), "{ran:#?}");
    let seen = place.run([
        "inspect",
        "-v",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ]);
    let places: Vec<usize> = order.iter().filter_map(|step| seen.stderr.find(step)).collect();
    assert!(places.len() == order.len() && places.is_sorted(), "{seen:#?}");
    place.write("grype.json", "{}");
    let ran = gate(&place, &["-v", "m"]);
    assert!(
        ran.stdout.contains("no scan: the answer is no without it")
            && ran.stdout.contains("[FAIL] scan_clean (not run)"),
        "{ran:#?}"
    );
}

#[test]
fn without_a_policy_nothing_is_allowed_and_a_broken_one_is_none() {
    let place = whole();
    let ran = place.run(["gate", "m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("WL-POLICY-UNDEFINED"), "{ran:#?}");
    assert!(
        ran.stdout
            .ends_with("Promotion BLOCKED: not all checks passed.\n"),
        "{ran:#?}"
    );
    for (from, to) in [
        ("signature = true", "signatur = true"),
        ("p256.pub.pem", "p257.pub.pem"),
        ("version = 1", "version = 9"),
    ] {
        let place = whole();
        let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
        place.write("policy.toml", text.replacen(from, to, 1));
        let ran = gate(&place, &["m"]);
        assert_eq!(ran.code, 2, "{from} → {to}: {ran:#?}");
        assert!(
            ran.stderr.contains("WL-POLICY-FILE") && ran.stderr.contains("policy.toml:"),
            "{from} → {to}: {ran:#?}"
        );
    }
    // A policy that lies in the working folder or in the model is not looked for.
    place.write("m/policy.toml", "version = 1\n");
    assert_eq!(place.run(["gate", "m"]).code, 1);
}

/// S106: one policy, allowed in development and refused in production; S28: nothing is left out there.
#[test]
fn the_same_model_is_allowed_in_development_and_refused_in_production() {
    let place = whole();
    policy(&place, "[modes.production.require]\nrevision = true\n");
    assert_eq!(gate(&place, &["m"]).code, 0);
    assert_eq!(gate(&place, &["--mode", "staging", "m"]).code, 0);
    let ran = gate(&place, &["--mode", "production", "m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stdout.contains("[FAIL] revision_pinned\n"), "{ran:#?}");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(
        gate(&place, &["--mode", "production", "--revision", commit, "m"]).code,
        0
    );
    assert_eq!(
        gate(&place, &["--mode", "production", "--revision", "main", "m"]).code,
        1
    );
    let skipping = ["--skip", "sbom_attached", "m"];
    std::fs::remove_dir_all(place.path("m/.weightlock/evidence")).unwrap();
    let ran = gate(
        &place,
        &[&["--skip", "model_card_present"], &skipping[..]].concat(),
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout.contains("[SKIP] sbom_attached\n") && ran.stderr.contains("left out, as asked"),
        "{ran:#?}"
    );
    let ran = gate(
        &place,
        &[&["--mode", "production", "--revision", commit], &skipping[..]].concat(),
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("WL-POLICY-OVERRIDE"), "{ran:#?}");
    let environment = run_in(
        &place,
        ("WEIGHTLOCK_MODE", "production"),
        [&["gate", "--policy", "policy.toml"], &skipping[..]].concat(),
    );
    assert!(
        environment.stderr.contains("WL-POLICY-OVERRIDE"),
        "{environment:#?}"
    );
}

/// Approvals count by who signed them, and the last word holds.
#[test]
fn approvals_are_counted_by_signers_and_can_be_taken_back() {
    let place = whole();
    policy(&place, "approvals = { count = 1, by = [\"other\"] }\n");
    assert_eq!(gate(&place, &["m"]).code, 1);
    let approve = |key: &str, decision: &str, date: &str| {
        let key = path(key);
        let arguments = [
            "attest",
            "approval",
            "--approver",
            "Ada",
            "--decision",
            decision,
            "--key",
            &key,
            "m",
        ];
        let ran = run_in(&place, ("SOURCE_DATE_EPOCH", date), arguments);
        assert_eq!(ran.code, 0, "{ran:#?}");
    };
    approve("p256.key.pem", "approved", "1782000000");
    assert_eq!(gate(&place, &["m"]).code, 1, "not one of those who are named");
    approve("p384.key.pem", "approved", "1782000000");
    let ran = gate(&place, &["m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    approve("p384.key.pem", "rejected", "1782000001");
    let ran = gate(&place, &["m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("rejected it"), "{ran:#?}");
}

#[test]
fn explain_tells_every_demand_with_its_line() {
    let place = whole();
    let ran = place.run([
        "policy",
        "explain",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for line in [
        "signature_valid: a signature   policy.toml:",
        "by signed by",
        "model_card_present: a signed model card",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {ran:#?}");
    }
    let ran = place.run(["policy", "explain", "--json", "--policy", "policy.toml", "m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let result = ran.document::<VerdictTold>()["result"].clone();
    let unmet: Vec<&Value> = result["demands"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["state"] == "not-met")
        .collect();
    assert_eq!(unmet.len(), 1);
    assert_eq!(unmet[0]["reasons"][0]["code"], "WL-POLICY-ADVISORY");
}

#[test]
fn policies_to_begin_with_are_policies() {
    let place = place();
    for person in [
        "ml-engineer",
        "platform-engineer",
        "security-engineer",
        "publisher",
    ] {
        let file = format!("{person}.toml");
        let ran = place.run(["policy", "init", "--for", person, "-o", &file]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let again = place.run(["policy", "init", "--for", person, "-o", &file]);
        again.refused(1, "WL-SIG-EXISTS");
        // The keys are missing, which is told with the line; then they are there.
        let ran = place.run(["policy", "check", "--policy", &file]);
        assert_eq!(ran.code, 2, "{ran:#?}");
        assert!(ran.stderr.contains("cannot be used"), "{ran:#?}");
        let key = std::fs::read(path("p256.pub.pem")).unwrap();
        for name in ["publisher", "release", "scanner", "farm", "reviewer", "officer"] {
            place.write(&format!("{name}.pub"), &key);
        }
        let ran = place.run(["policy", "check", "--policy", &file]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        for name in ["publisher", "release", "scanner", "farm", "reviewer", "officer"] {
            std::fs::remove_file(place.path(&format!("{name}.pub"))).unwrap();
        }
    }
}

/// Every decision is a line that follows on the one before, whoever writes at the same time.
#[test]
fn decisions_are_written_to_a_log_whose_lines_follow_on_each_other() {
    let place = whole();
    let log = ["--audit-log", "audit.jsonl"];
    let processes: Vec<_> = (0..8)
        .map(|number| {
            let advisories: &[&str] = if number % 2 == 0 {
                &["--advisories", "grype.json"]
            } else {
                &[]
            };
            let arguments = [&["gate", "--policy", "policy.toml"], &log[..], advisories, &["m"]].concat();
            let mut command = place.command(arguments);
            command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut process in processes {
        process.wait().unwrap();
    }
    let ran = place.run(["audit", "verify", "--json", "audit.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let result = ran.document::<weightlock::commands::audit::verify::WholeLog>()["result"].clone();
    assert_eq!(
        (&result["lines"], &result["allowed"], &result["denied"]),
        (&8.into(), &4.into(), &4.into())
    );
    let head = result["head"].as_str().unwrap().to_owned();
    // S28: that somebody tried to leave a check out is written, too.
    let skip = [
        &["--mode", "production", "--skip", "sbom_attached"],
        &log[..],
        &["m"],
    ]
    .concat();
    assert_eq!(gate(&place, &skip).code, 1);
    let text = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert!(
        text.lines()
            .last()
            .unwrap()
            .contains("\"event\":\"override-refused\""),
        "{text}"
    );
    assert_eq!(
        place.run(["audit", "verify", "--has", &head, "audit.jsonl"]).code,
        0
    );
    // A changed line, and an end that was cut off.
    place.write(
        "changed.jsonl",
        text.replacen("\"decision\":\"deny\"", "\"decision\":\"allow\"", 1),
    );
    let ran = place.run(["audit", "verify", "changed.jsonl"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("WL-POLICY-AUDIT"), "{ran:#?}");
    let cut: String = text.lines().take(5).map(|line| format!("{line}\n")).collect();
    place.write("cut.jsonl", cut);
    assert_eq!(place.run(["audit", "verify", "cut.jsonl"]).code, 0);
    assert_eq!(
        place.run(["audit", "verify", "--has", &head, "cut.jsonl"]).code,
        1
    );
}

/// Whoever waits for a log that another process holds can stop.
#[test]
fn a_wait_for_the_log_can_be_interrupted() {
    let place = whole();
    place.write("audit.jsonl", "");
    let held = std::fs::File::open(place.path("audit.jsonl")).unwrap();
    held.lock().unwrap();
    // Else a wait that does not end would hang the tests.
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(20));
        drop(held);
    });
    let arguments = [
        "gate",
        "--policy",
        "policy.toml",
        "--audit-log",
        "audit.jsonl",
        "m",
    ];
    interrupted(place.command(arguments));
    assert_eq!(std::fs::read(place.path("audit.jsonl")).unwrap(), b"");
}

/// Whoever checks a log that is no file, or a long one, can stop: at once, or with Ctrl-C.
#[test]
fn a_check_of_the_log_ends() {
    let place = Place::new();
    assert_eq!(place.program("mkfifo", ["pipe.jsonl"]).code, 0);
    let ran = place.run(["audit", "verify", "pipe.jsonl"]);
    assert_eq!(ran.refusal(), (4, vec!["WL-IO-FAILED"]), "{ran:#?}");
    // A log that comes through a pipe, whose writer ends with the same signal, is not taken for a short one.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = place.command(["audit", "verify", "/dev/stdin"]);
    command.stdin(reader);
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(2));
        drop(writer);
    });
    let output = interrupted(command);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error[WL-IO-INTERRUPTED]"), "{told}");
    // What could not be read is not said to be broken.
    let ran = place.run(["audit", "verify", "none.jsonl"]);
    assert_eq!(ran.refusal(), (4, vec!["WL-IO-NOT-FOUND"]), "{ran:#?}");
    assert!(!ran.stderr.contains("not whole"), "{ran:#?}");
    place.write("bad.jsonl", "{}\n");
    let ran = place.run(["audit", "verify", "bad.jsonl"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-AUDIT"]), "{ran:#?}");
    assert!(
        ran.stderr.ends_with("the log is not whole (exit 1)\n"),
        "{ran:#?}"
    );
}

/// A full disk costs the decision that was to be written, and no later one.
#[test]
fn a_line_that_could_not_be_written_whole_is_taken_back() {
    let place = whole();
    let limited =
        "trap '' XFSZ; ulimit -f 2; exec \"$0\" gate --policy policy.toml --audit-log audit.jsonl m";
    let mut shell = std::process::Command::new("bash");
    let shell = shell.args(["-c", limited, env!("CARGO_BIN_EXE_weightlock")]);
    shell.current_dir(place.path("")).env_clear();
    let failed = (0..20)
        .map(|_| Ran::of(shell))
        .find(|ran| ran.stderr.contains("WL-IO"));
    let failed = failed.expect("a line goes beyond the limit");
    assert!(failed.stderr.contains("File too large"), "{failed:#?}");
    let text = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert!(text.len() < 2048 && text.ends_with('\n'), "{text}");
    let lines = text.lines().count();
    place.run(["audit", "verify", "audit.jsonl"]).yes();
    assert_eq!(gate(&place, &["--audit-log", "audit.jsonl", "m"]).code, 0);
    place.run(["audit", "verify", "audit.jsonl"]).yes();
    let text = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert_eq!(text.lines().count(), lines + 1);
}

/// One log is one log however it is spelt.
#[test]
fn a_decision_is_written_once_to_each_log() {
    let place = whole();
    std::fs::create_dir(place.path("logs")).unwrap();
    std::os::unix::fs::symlink("logs", place.path("also")).unwrap();
    let absolute = place.path("logs/audit.jsonl").display().to_string();
    for spelt in [
        "logs/audit.jsonl",
        "./logs/../logs/audit.jsonl",
        "also/audit.jsonl",
        &absolute,
    ] {
        let _ = std::fs::remove_file(place.path("logs/audit.jsonl"));
        let with = [
            "gate",
            "--policy",
            "policy.toml",
            "--advisories",
            "grype.json",
            "--audit-log",
            spelt,
            "m",
        ];
        let ran = run_in(&place, ("WEIGHTLOCK_AUDIT_LOG", &absolute), with);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let text = std::fs::read_to_string(place.path("logs/audit.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 1, "{spelt}: {text}");
    }
}

/// A decision that nobody will know of is not given.
#[test]
fn without_its_log_nothing_is_allowed() {
    let place = whole();
    let with = |log: &str| gate(&place, &["--audit-log", log, "m"]);
    assert_eq!(with("audit.jsonl").code, 0);
    place.write("broken.jsonl", "{}\n");
    place.write("unfinished.jsonl", "{");
    std::os::unix::fs::symlink("audit.jsonl", place.path("link.jsonl")).unwrap();
    for log in [
        "no/such/folder.jsonl",
        "broken.jsonl",
        "unfinished.jsonl",
        "link.jsonl",
        "m",
    ] {
        let ran = with(log);
        assert_ne!(ran.code, 0, "{log}: {ran:#?}");
        assert!(
            ran.stdout
                .ends_with("Promotion BLOCKED: not all checks passed.\n"),
            "{log}: {ran:#?}"
        );
    }
    assert_eq!(
        std::fs::read(place.path("broken.jsonl")).unwrap(),
        b"{}\n",
        "nothing is written on"
    );
    // A policy can demand a log; what it names means the same wherever one stands.
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "relative.toml",
        text.replacen("version = 1", "version = 1\naudit-log = \"a.jsonl\"", 1),
    );
    assert_eq!(
        place.run(["policy", "check", "--policy", "relative.toml"]).code,
        2
    );
    let absolute = format!(
        "version = 1\naudit-log = \"{}\"",
        place.path("of-policy.jsonl").display()
    );
    place.write("policy.toml", text.replacen("version = 1", &absolute, 1));
    assert_eq!(gate(&place, &["m"]).code, 0);
    assert_eq!(place.run(["audit", "verify", "of-policy.jsonl"]).code, 0);
}

/// A table of cases is run against a policy without any model or key.
#[test]
fn cases_are_judged_and_compared_with_what_is_expected() {
    let place = place();
    let ran = place.run([
        "policy",
        "init",
        "--for",
        "security-engineer",
        "-o",
        "policy.toml",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let whole = "
  statements:
  - {kind: oms, by: [release]}
  - {kind: bom, by: [release], age: 1d}
  - {kind: card, by: [release], age: 1d}
  - {kind: provenance, by: [farm], builder: 'https://builders.example.org/farm/v1'}
  - {kind: review, by: [officer], approval: true}
  scan: {findings: {pickle-global-import: low}}
  advisories: [{findings: {CVE-2026-1: medium}}]
  model: {name: pebble, revision: 0123456789abcdef0123456789abcdef01234567, files: {m.safetensors: [safetensors]}}
";
    let cases = |expect: &str| {
        format!(
            "version: 1\nnow: 2026-11-22T12:00:00Z\ncases:\n- name: everything is there{whole}  expect: {expect}\n\
             - name: nobody signed it\n  model: {{name: pebble}}\n  expect: deny\n"
        )
    };
    place.write("cases.yaml", cases("allow"));
    let test = |file: &str| place.run(["policy", "test", "--policy", "policy.toml", file]);
    let ran = test("cases.yaml");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        "ok      everything is there: allow\nok      nobody signed it: deny\n2 cases passed, 0 failed\n"
    );
    place.write("wrong.yaml", cases("deny"));
    let ran = test("wrong.yaml");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stderr.contains("WL-POLICY-CASE") && ran.stderr.contains("deny was expected, and allow came out"),
        "{ran:#?}"
    );
    let reasons = cases("allow").replacen(
        "expect: deny\n",
        "expect: deny\n  reasons: [WL-POLICY-SIGNATURE]\n",
        1,
    );
    place.write("reasons.yaml", reasons);
    assert_eq!(test("reasons.yaml").code, 1, "more is missing than a signature");
    for (what, text) in [
        ("no cases", "version: 1\ncases: []\n".to_owned()),
        ("a misspelt word", cases("allow").replace("age: 1d", "aeg: 1d")),
        ("nobody of that name", cases("allow").replace("[farm]", "[frm]")),
        ("no such kind", cases("allow").replace("kind: bom", "kind: bomb")),
        ("no such decision", cases("allowed")),
        (
            "another version",
            cases("allow").replace("version: 1", "version: 2"),
        ),
        (
            "no such format",
            cases("allow").replace("[safetensors]", "[pikle]"),
        ),
        (
            "no such rule",
            cases("allow").replace("pickle-global-import", "no-such-rule"),
        ),
        (
            "no such rule in a report",
            cases("allow").replace(
                "- {kind: bom,",
                "- {kind: scan, by: [release], findings: {no-such-rule: low}}\n  - {kind: bom,",
            ),
        ),
    ] {
        place.write("bad.yaml", text);
        let ran = test("bad.yaml");
        assert_eq!(ran.code, 2, "{what}: {ran:#?}");
    }
}

/// As with real signatures: two names of one key are one signer, and what is said by one of them is said by the other.
#[test]
fn names_of_one_key_are_one_signer_in_cases_too() {
    let place = Place::new();
    place.write(
        "policy.toml",
        "version = 1\nmode = \"development\"\n[identity.ada]\nkey = \"a.pub\"\n[identity.ben]\nkey = \"b.pub\"\n\
         [identity.ada-again]\nkey = \"a.pub\"\n[signers]\nreview = [\"ada-again\", \"ben\"]\n\
         [require]\napprovals = { count = 2 }\n",
    );
    let case = |name: &str, by: [&str; 2], expect: &str| {
        let said = by.map(|who| format!("  - {{kind: review, by: [{who}], approval: true}}\n"));
        let said = said.concat();
        format!("- name: {name}\n  statements:\n{said}  expect: {expect}\n")
    };
    let cases = [
        case("two people", ["ada", "ben"], "allow"),
        case("one person twice", ["ada", "ada-again"], "deny"),
    ];
    place.write("cases.yaml", format!("version: 1\ncases:\n{}", cases.concat()));
    place
        .run(["policy", "test", "--policy", "policy.toml", "cases.yaml"])
        .yes();
}

/// A signed verdict stands in for judging the same bytes by the same policy, and for nothing else.
#[test]
fn a_signed_verdict_stands_in_for_judging_and_never_for_hashing() {
    let place = whole();
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    let text = text.replace(
        "review = [\"other\"]",
        "verdict = [\"other\"]\nreview = [\"other\"]",
    );
    place.write("policy.toml", &text);
    let from = |more: &[&str]| {
        place.run(
            [
                &["gate", "--policy", "policy.toml", "--from-verdict"],
                more,
                &["m"],
            ]
            .concat(),
        )
    };
    assert_eq!(from(&[]).code, 1, "there is none");
    let sign = |key: &str, more: &[&str]| {
        gate(
            &place,
            &[&["--attest", "--key", &path(key)], more, &["m"]].concat(),
        )
    };
    // One whose verdicts do not count.
    assert_eq!(sign("p256.key.pem", &[]).code, 0);
    let ran = from(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("WL-POLICY-VERDICT"), "{ran:#?}");
    assert_eq!(sign("p384.key.pem", &[]).code, 0);
    let ran = from(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        "[PASS] verdict_holds\nPromotion APPROVED: all checks passed.\n"
    );
    // It needs no report, and no evidence but itself; a stricter question is another one.
    assert_eq!(from(&["--mode", "production"]).code, 1);
    assert_eq!(from(&["--tier", "high"]).code, 1);
    place.write("policy.toml", format!("{text}# another line\n"));
    assert_eq!(from(&[]).code, 1, "another policy");
    place.write("policy.toml", &text);
    assert_eq!(from(&[]).code, 0);
    // The bytes are hashed all the same.
    place.flip("m/model.safetensors", 1_000_000, 1);
    let ran = from(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    place.flip("m/model.safetensors", 1_000_000, 1);
    assert_eq!(from(&[]).code, 0);
    // A later no takes it back.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    place.write("grype.json", "{}");
    assert_eq!(sign("p384.key.pem", &[]).code, 1);
    let ran = from(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("does not allow the model"), "{ran:#?}");
    // A key without --attest would sign nothing.
    assert_eq!(gate(&place, &["--key", &path("p256.key.pem"), "m"]).code, 2);
}

#[test]
fn build_servers_get_the_same_verdict() {
    let place = whole();
    place.write("grype.json", "{}");
    let ran = gate(&place, &["--format", "junit", "m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    for part in [
        "<testsuites name=\"weightlock gate\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "<testcase classname=\"gate\" name=\"signature_valid\"/>",
        "<failure type=\"WL-POLICY-UNREADABLE\"",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {ran:#?}");
    }
    let ran = gate(&place, &["--format", "sarif", "m"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "WL-POLICY-UNREADABLE");
    let place_of = &result["locations"][0]["physicalLocation"];
    assert_eq!(place_of["artifactLocation"]["uri"], "policy.toml");
    assert!(
        place_of["region"]["startLine"]
            .as_u64()
            .is_some_and(|line| line > 1)
    );
    if let Some(schema) = crate::formats::sarif_schema() {
        let errors: Vec<String> = schema
            .iter_errors(&sarif)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Each reason that is set aside is told with the waiver that does it, and with no other's people.
#[test]
fn a_waived_reason_names_its_own_waiver() {
    let place = whole();
    remove(&place, "card");
    remove(&place, "bom");
    let digest = place.run(["digest", "--manifest", "m"]).stdout;
    let today = jiff::Zoned::now().date();
    let (before, after) = (today.yesterday().unwrap(), today.tomorrow().unwrap());
    let waiver = |code: &str, owner: &str, approver: &str| {
        format!(
            "[[waiver]]\nwaives = \"{code}\"\ndigest = \"{}\"\nowner = \"{owner}\"\napprover = \"{approver}\"\n\
             reason = \"for {code}\"\ngranted = {before}\nexpires = {after}\n",
            digest.trim()
        )
    };
    let both = waiver("WL-POLICY-BOM", "bo", "bert") + &waiver("WL-POLICY-CARD", "cy", "carl");
    policy(&place, &both);
    let people = |code: &str| match code {
        "WL-POLICY-BOM" => (["bo", "bert"], ["cy", "carl"]),
        "WL-POLICY-CARD" => (["cy", "carl"], ["bo", "bert"]),
        other => panic!("{other} is not waived"),
    };
    let names = |text: &str, code: &str| {
        let (own, other) = people(code);
        let has = |name: &str| {
            text.split(|it: char| !it.is_alphanumeric())
                .any(|word| word == name)
        };
        assert!(
            own.into_iter().all(has) && !other.into_iter().any(has),
            "{code}: {text}"
        );
    };
    let result = gate(&place, &["--json", "m"]).document::<VerdictTold>()["result"].clone();
    assert_eq!(result["decision"], "allow");
    let demands = result["demands"].as_array().unwrap().iter();
    let waived: Vec<&Value> = demands.flat_map(|it| it["waived"].as_array().unwrap()).collect();
    assert_eq!(waived.len(), 2, "{result:#}");
    for it in waived {
        let code = it["reason"]["code"].as_str().unwrap();
        let (own, _) = people(code);
        assert_eq!([&it["owner"], &it["approver"]], own, "{it:#}");
        assert_eq!(it["waives"], code);
        assert!(
            it["place"].as_str().unwrap().starts_with("policy.toml:"),
            "{it:#}"
        );
    }
    let junit = gate(&place, &["--format", "junit", "m"]).stdout;
    let waived: Vec<&str> = junit.lines().filter(|line| line.contains("waived: ")).collect();
    assert_eq!(waived.len(), 2, "{junit}");
    for line in waived {
        let code = line.split("waived: ").nth(1).unwrap().split(' ').next().unwrap();
        names(line, code);
    }
    let sarif: Value = serde_json::from_str(&gate(&place, &["--format", "sarif", "m"]).stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for it in results {
        let justification = it["suppressions"][0]["justification"].as_str().unwrap();
        names(justification, it["ruleId"].as_str().unwrap());
    }
    let asked = ["--policy", "policy.toml", "--advisories", "grype.json", "m"];
    let explained = place.run([&["policy", "explain"], &asked[..]].concat()).stdout;
    assert!(
        explained.contains("waived by WL-POLICY-BOM of bo, approved by bert"),
        "{explained}"
    );
    let page = place
        .run([&["inspect", "--format", "html"], &asked[..]].concat())
        .stdout;
    assert!(
        page.contains("by WL-POLICY-CARD of cy, approved by carl"),
        "{page}"
    );
}

/// A scan that was left out, because the answer is no without it, is told as not run, and never as one that is missing.
#[test]
fn a_scan_that_was_not_run_is_not_told_as_missing() {
    for scan in ["scan = true\n", "scan = { below = \"high\", by = \"now\" }\n"] {
        let place = whole();
        policy(&place, &format!("{scan}coverage = true\n"));
        place.write("grype.json", "{}");
        let asked = ["--policy", "policy.toml", "--advisories", "grype.json", "m"];
        let missing = |text: &str| text.contains("no signed scan") || text.contains("no scan was run now");
        let result = gate(&place, &["--json", "m"]).document::<VerdictTold>()["result"].clone();
        let demands = result["demands"].as_array().unwrap().iter();
        let not_run: Vec<&Value> = demands.filter(|it| it["state"] == "not-run").collect();
        assert_eq!(not_run.len(), 2, "{result:#}");
        assert!(
            not_run
                .iter()
                .all(|it| it["reasons"].as_array().unwrap().is_empty())
        );
        let junit = gate(&place, &["--format", "junit", "m"]).stdout;
        assert!(
            junit.contains("failures=\"1\" errors=\"0\" skipped=\"2\""),
            "{junit}"
        );
        assert_eq!(
            junit
                .matches("<skipped message=\"not run: the answer is no without it")
                .count(),
            2
        );
        let sarif = gate(&place, &["--format", "sarif", "m"]).stdout;
        let parsed: Value = serde_json::from_str(&sarif).unwrap();
        assert_eq!(
            parsed["runs"][0]["results"].as_array().unwrap().len(),
            1,
            "{sarif}"
        );
        let told = &parsed["runs"][0]["invocations"][0]["toolConfigurationNotifications"];
        assert_eq!(told.as_array().unwrap().len(), 2, "{sarif}");
        let explained = place.run([&["policy", "explain"], &asked[..]].concat()).stdout;
        assert_eq!(explained.matches("  not-run    ").count(), 2, "{explained}");
        let page = place
            .run([&["inspect", "--format", "html"], &asked[..]].concat())
            .stdout;
        assert_eq!(page.matches(">NOT RUN<").count(), 2);
        for text in [&junit, &sarif, &explained, &page] {
            assert!(!missing(text), "{text}");
        }
    }
    // A demand that no scan of now would meet was judged, and is told as such.
    let place = whole();
    policy(
        &place,
        "scan = { below = \"high\", by = \"signed\" }\ncoverage = true\n",
    );
    place.write("grype.json", "{}");
    let result = gate(&place, &["--json", "m"]).document::<VerdictTold>()["result"].clone();
    let of = |check: &str| {
        let mut demands = result["demands"].as_array().unwrap().iter();
        demands.find(|it| it["check"] == check).unwrap()["state"].clone()
    };
    assert_eq!(
        (of("scan_clean"), of("scan_complete")),
        ("not-met".into(), "not-run".into()),
        "{result:#}"
    );
}

/// A reason that belongs to no demand is told with its code, and as what it is.
#[test]
fn what_belongs_to_no_demand_is_explained_with_its_code() {
    let place = Place::with_model();
    place.write(
        "m/model.safetensors.index.json",
        r#"{"metadata": {}, "weight_map": {"c": "gone.safetensors"}}"#,
    );
    place.write(
        "policy.toml",
        "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nscan = true\n",
    );
    let explain =
        |more: &[&str]| place.run([&["policy", "explain", "--policy", "policy.toml"], more, &["m"]].concat());
    let ran = explain(&[]);
    assert!(
        ran.code == 3
            && ran
                .stdout
                .contains("\n  no-answer  WL-POLICY-INCOMPLETE: the model names gone.safetensors"),
        "{ran:#?}"
    );
    let ran = explain(&["--mode", "production", "--skip", "scan_clean"]);
    assert!(
        ran.code == 1 && ran.stdout.contains("\n  not-met    WL-POLICY-OVERRIDE: "),
        "{ran:#?}"
    );
}

/// The digest cache answers for no verdict, whatever is asked for.
#[test]
fn no_verdict_comes_from_the_digest_cache() {
    let place = whole();
    // Where the cache should be lies something that is none: whoever asks it fails.
    place.write("cache", "");
    let cached = |arguments: &[&str]| run_in_cache(&place, arguments);
    let policy = [
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "--digest-cache",
        "m",
    ];
    for verb in [&["gate"][..], &["inspect"], &["policy", "explain"]] {
        let ran = cached(&[verb, &policy].concat());
        assert_eq!(ran.code, 0, "{verb:?}: {ran:#?}");
    }
    let verify = cached(&["verify", "--key", &path("p256.pub.pem"), "--digest-cache", "m"]);
    assert_ne!(verify.code, 0, "the cache was not asked: {verify:#?}");
}

fn run_in_cache(place: &Place, arguments: &[&str]) -> Ran {
    Ran::of(
        place
            .command(arguments)
            .env("WEIGHTLOCK_CACHE_DIR", place.path("cache")),
    )
}

/// The page of `inspect` shows the same verdict, with each demand at its line and each statement with its signer.
#[test]
fn the_page_of_a_model_shows_the_verdict_and_whose_word_counts() {
    let place = whole();
    let page = |more: &[&str]| {
        let asks = ["inspect", "--format", "html", "--policy", "policy.toml"];
        place.run([&asks[..], more, &["m"]].concat())
    };
    let ran = page(&["--advisories", "grype.json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    for told in ["ALLOWED", "policy.toml:", "MET", "COUNTS", "SHA-256", "Time: "] {
        assert!(ran.stdout.contains(told), "{told}");
    }
    assert!(!ran.stdout.contains("NOT COUNT") && !ran.stdout.contains("NOT CHECKED"));
    // A report that is missing, and a signer whose word does not count.
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        text.replace("bom = [\"release\"]", "bom = [\"other\"]"),
    );
    let ran = page(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    for told in [
        "DENIED",
        "NOT MET",
        "WL-POLICY-ADVISORY",
        "DOES NOT COUNT",
        "the policy does not take its signer&#39;s word for this kind",
    ] {
        assert!(ran.stdout.contains(told), "{told}");
    }
    place.write("m/more.txt", "added");
    let ran = page(&[]);
    assert!(
        ran.stdout.contains("DOES NOT COUNT") && !ran.stdout.contains(">COUNTS<"),
        "{}",
        ran.stdout
    );
}

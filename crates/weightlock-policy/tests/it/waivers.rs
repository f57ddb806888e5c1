//! What exceptions stand in for, and what is said of them.

use weightlock_policy::{Decision, LayerKind, Policy, Situation, judge, waiver::InForce};
use weightlock_scan::Severity;

use crate::given::{PEOPLE, codes, digest, found, good, judged, layer, now, policy};

fn waiver(waives: &str) -> String {
    format!(
        "\n[[waiver]]\nwaives = \"{waives}\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"bob\"\nreason = \"r\"\n\
         granted = 2026-11-01\nexpires = 2026-12-01\n",
        digest("model")
    )
}

#[test]
fn a_rule_of_the_scanner_is_waived_and_no_other() {
    let text = |rule: &str| format!("{PEOPLE}\n[require]\nscan = true\n{}", waiver(rule));
    let mut evidence = good();
    evidence.scan = Some(found("pickle-global-import", Severity::High));
    let waived = judged(&policy(&text("pickle-global-import")), &evidence);
    assert_eq!(waived.decision, Decision::Allow);
    assert_eq!(waived.asked[0].waived.len(), 1, "waived, and never hidden");
    assert!(waived.waivers[0].used);
    let other = judged(&policy(&text("archive-path-escape")), &evidence);
    assert_eq!(other.decision, Decision::Deny);
    assert!(!other.waivers[0].used, "an exception of no use is listed");
    // What was not read is told under the question of the scan, and is not waived with it.
    evidence.scan.as_mut().unwrap().unread.push("a.zip".into());
    for waives in ["pickle-global-import", "WL-POLICY-SCAN"] {
        let unread = judged(&policy(&text(waives)), &evidence);
        assert_eq!(unread.decision, Decision::Quarantine, "{waives}");
    }
}

/// A vendor's word for several, and another vulnerability, are no names of this one.
#[test]
fn an_advisory_is_not_waived_by_the_name_of_another() {
    use weightlock_policy::evidence::AdvisoryMatch;
    for (id, aliases, waives, decision) in [
        (
            "CVE-2026-2222",
            &["CVE-2026-1111"][..],
            "CVE-2026-1111",
            Decision::Deny,
        ),
        (
            "CVE-2026-2222",
            &["CVE-2026-1111"],
            "CVE-2026-2222",
            Decision::Allow,
        ),
        (
            "GHSA-aaaa-bbbb-cccc",
            &["CVE-2026-1", "CVE-2026-2"],
            "CVE-2026-1",
            Decision::Deny,
        ),
        (
            "GHSA-aaaa-bbbb-cccc",
            &["CVE-2026-1", "CVE-2026-1"],
            "CVE-2026-1",
            Decision::Allow,
        ),
        (
            "GHSA-aaaa-bbbb-cccc",
            &["CVE-2026-1", "PYSEC-2026-1"],
            "CVE-2026-1",
            Decision::Allow,
        ),
    ] {
        let mut evidence = good();
        evidence.advisories[0].found = Ok(vec![AdvisoryMatch {
            id: id.into(),
            aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
            package: "torch".into(),
            severity: Some(Severity::Critical),
        }]);
        let text = format!("{PEOPLE}\n[require]\nadvisories = true\n{}", waiver(waives));
        let found = judged(&policy(&text), &evidence).decision;
        assert_eq!(found, decision, "{id} {aliases:?} {waives}");
    }
}

#[test]
fn an_advisory_is_waived_by_each_of_its_names() {
    use weightlock_policy::evidence::AdvisoryMatch;
    let mut evidence = good();
    evidence.advisories[0].found = Ok(vec![AdvisoryMatch {
        id: "GHSA-aaaa-bbbb-cccc".into(),
        aliases: vec!["CVE-2026-0001".into()],
        package: "torch".into(),
        severity: Some(Severity::Critical),
    }]);
    for (name, decision) in [
        ("GHSA-aaaa-bbbb-cccc", Decision::Allow),
        ("CVE-2026-0001", Decision::Allow),
        ("CVE-2026-0002", Decision::Deny),
    ] {
        let text = format!("{PEOPLE}\n[require]\nadvisories = true\n{}", waiver(name));
        assert_eq!(judged(&policy(&text), &evidence).decision, decision, "{name}");
    }
}

#[test]
fn an_exception_holds_in_its_layer_and_in_those_with_less_authority() {
    let demand = "version = 1\nmode = \"development\"\n[require]\nrevision = true\n";
    let excused = format!(
        "version = 1\nmode = \"development\"\n[require]\nformats = {{ deny = [\"gguf\"] }}\n{}",
        waiver("WL-POLICY-REVISION")
    );
    let mut evidence = good();
    evidence.model.revision = None;
    let decided = |demands: LayerKind, excuses: LayerKind| {
        judged(
            &Policy::new([layer(demands, demand), layer(excuses, &excused)]),
            &evidence,
        )
        .decision
    };
    use LayerKind::{Environment, Floor, Named, User};
    for (demands, excuses, decision) in [
        (User, User, Decision::Allow),
        (Named, User, Decision::Allow),
        (Named, Floor, Decision::Allow),
        (User, Named, Decision::Deny),
        (Environment, Named, Decision::Deny),
        // Nothing of the floor is waived, by itself neither.
        (Floor, Named, Decision::Deny),
        (Floor, Floor, Decision::Deny),
    ] {
        assert_eq!(decided(demands, excuses), decision, "{demands:?} {excuses:?}");
    }
}

#[test]
fn what_has_expired_is_listed() {
    let text = format!(
        "{PEOPLE}\n[require]\ncard = true\n{}",
        waiver("WL-POLICY-CARD").replace("2026-12-01", "2026-11-21")
    );
    let mut evidence = good();
    evidence.statements.clear();
    let verdict = judged(&policy(&text), &evidence);
    assert_eq!(verdict.decision, Decision::Deny);
    assert_eq!(verdict.waivers[0].in_force, InForce::Expired);
    assert!(!verdict.waivers[0].used);
}

#[test]
fn nothing_is_left_out_in_production_and_nothing_of_the_floor() {
    use std::collections::BTreeSet;
    use weightlock_policy::{Check, Mode, reason};
    let demand = "version = 1\nmode = \"development\"\n[require]\nrevision = true\n";
    let mut evidence = good();
    evidence.model.revision = None;
    for (kind, mode, allowed) in [
        (LayerKind::Named, Mode::Development, true),
        (LayerKind::Named, Mode::Staging, true),
        (LayerKind::Named, Mode::Production, false),
        (LayerKind::Floor, Mode::Development, false),
    ] {
        let situation = Situation {
            skip: BTreeSet::from([Check::Revision]),
            mode: Some(mode),
            ..Situation::at(now())
        };
        let verdict = judge(&Policy::new([layer(kind, demand)]), &evidence, &situation);
        assert_eq!(verdict.decision == Decision::Allow, allowed, "{kind:?} {mode}");
        assert_eq!(
            codes(&verdict).contains(&reason::OVERRIDE),
            !allowed,
            "{kind:?} {mode}"
        );
        assert_eq!(verdict.asked[0].skipped, allowed);
    }
    // That somebody tried is a refusal even where everything is well.
    let situation = Situation {
        skip: BTreeSet::from([Check::Card]),
        mode: Some(Mode::Production),
        ..Situation::at(now())
    };
    let verdict = judge(
        &policy(&format!("{PEOPLE}\n[require]\nsignature = true\n")),
        &good(),
        &situation,
    );
    assert_eq!(
        (verdict.decision, codes(&verdict)),
        (Decision::Deny, vec![reason::OVERRIDE])
    );
}

//! When a stated verdict stands in for judging.

use serde_json::{Value, json};
use weightlock_policy::{
    Check, Decision, IdentityId, LayerKind, Mode, Policy, Situation, Tier,
    evidence::{ModelFacts, Revision},
    judge,
    summary::{NotEnough, Stated, Summary, VERIFIER, instead_of_judging},
};

use crate::given::{DEMANDS, PEOPLE, good, judged, layer, now, policy};

fn allowed() -> (Policy, Value) {
    let policy = policy(&format!("{PEOPLE}\n[require]\n{DEMANDS}"));
    let verdict = judged(&policy, &good());
    assert_eq!(verdict.decision, Decision::Allow);
    let summary = verdict.summary(&policy, VERIFIER, "0.1.0");
    (policy, summary)
}

fn stands(summary: &Value, policy: &Policy, situation: &Situation) -> Result<(), NotEnough> {
    Summary::read(summary)?.stands_for(policy, &good().model, situation)
}

#[test]
fn it_has_what_the_specification_demands() {
    let (_, summary) = allowed();
    for pointer in [
        "/verifier/id",
        "/timeVerified",
        "/resourceUri",
        "/policy/digest/sha256",
        "/inputAttestations/0/digest/sha256",
    ] {
        assert!(
            summary.pointer(pointer).is_some_and(Value::is_string),
            "{pointer}"
        );
    }
    assert_eq!(summary["verificationResult"], "PASSED");
    assert_eq!(summary["verifiedLevels"], json!(["SLSA_BUILD_LEVEL_3"]));
}

#[test]
fn it_stands_for_the_same_question_and_for_milder_ones() {
    let (policy, summary) = allowed();
    let at = |time: &str| Situation::at(time.parse().unwrap());
    assert_eq!(stands(&summary, &policy, &Situation::at(now())), Ok(()));
    assert_eq!(stands(&summary, &policy, &at("2026-11-23T11:59:00Z")), Ok(()));
    for (time, what) in [
        ("2026-11-23T12:00:01Z", "old"),
        ("2026-11-22T11:54:00Z", "of the future"),
    ] {
        let told = stands(&summary, &policy, &at(time));
        assert!(matches!(told, Err(NotEnough::Age { .. })), "{what}: {told:?}");
    }
    let stricter = |mode, tier| Situation {
        mode,
        tier,
        ..Situation::at(now())
    };
    let told = stands(&summary, &policy, &stricter(Some(Mode::Production), None));
    assert!(matches!(told, Err(NotEnough::Mode { .. })), "{told:?}");
    let told = stands(&summary, &policy, &stricter(None, Some(Tier::High)));
    assert!(matches!(told, Err(NotEnough::Tier { .. })), "{told:?}");
    // One that was made for production stands in development.
    let verdict = judge(
        &policy,
        &good(),
        &stricter(Some(Mode::Production), Some(Tier::High)),
    );
    let strict = verdict.summary(&policy, VERIFIER, "0.1.0");
    assert_eq!(stands(&strict, &policy, &Situation::at(now())), Ok(()));
}

#[test]
fn another_policy_another_floor_or_none_is_another_question() {
    let (policy, summary) = allowed();
    let same = policy.layers()[0].clone();
    let floor = layer(
        LayerKind::Floor,
        "version = 1\nmode = \"development\"\n[require]\nsignature = true\n",
    );
    let with_floor = Policy::new([same.clone(), floor]);
    assert_eq!(
        stands(&summary, &with_floor, &Situation::at(now())),
        Err(NotEnough::Policies)
    );
    let mut as_floor = same;
    as_floor.kind = LayerKind::Floor;
    assert_eq!(
        stands(&summary, &Policy::new([as_floor]), &Situation::at(now())),
        Err(NotEnough::Policies)
    );
    let changed = crate::given::policy(&format!("{PEOPLE}\n[require]\n{DEMANDS}\n# one more line\n"));
    assert_eq!(
        stands(&summary, &changed, &Situation::at(now())),
        Err(NotEnough::Policies)
    );
}

#[test]
fn the_age_that_a_policy_demands_counts() {
    let text = format!("{PEOPLE}\n[require]\nsignature = true\nmax-age = {{ verdict = \"1h\" }}\n");
    let policy = policy(&text);
    let summary = judged(&policy, &good()).summary(&policy, VERIFIER, "0.1.0");
    let at = |time: &str| Situation::at(time.parse().unwrap());
    assert_eq!(stands(&summary, &policy, &at("2026-11-22T13:00:00Z")), Ok(()));
    assert!(stands(&summary, &policy, &at("2026-11-22T13:00:01Z")).is_err());
}

/// A verdict names what was demanded and what was left out, and stands for no more.
#[test]
fn it_stands_for_what_was_judged_and_for_nothing_else() {
    let text = format!(
        "{PEOPLE}\n[require]\nsignature = true\n[[rule]]\nwhen = {{ namespace = \"medical\" }}\nrequire = {{ bom = true }}\n\
         [[rule]]\nwhen = {{ model = \"stolen\" }}\ndeny = \"stolen\"\n"
    );
    let policy = policy(&text);
    let summary = judged(&policy, &good()).summary(&policy, VERIFIER, "0.1.0");
    let of = |namespace: &str, name: &str| {
        let model = ModelFacts {
            namespace: Some(namespace.into()),
            name: name.into(),
            ..good().model
        };
        Summary::read(&summary)?.stands_for(&policy, &model, &Situation::at(now()))
    };
    assert_eq!(of("acme", "pebble"), Ok(()));
    assert_eq!(of("acme", "boulder"), Ok(()));
    assert!(matches!(of("medical", "pebble"), Err(NotEnough::Demands(_))));
    assert!(matches!(of("acme", "stolen"), Err(NotEnough::Rule(_))));
    let skipping = Situation {
        skip: [Check::Signature].into(),
        ..Situation::at(now())
    };
    let skipped = judge(&policy, &good(), &skipping);
    assert_eq!(skipped.decision, Decision::Allow);
    let skipped = skipped.summary(&policy, VERIFIER, "0.1.0");
    assert_eq!(
        skipped["urn:weightlock:verdict:v1"]["skipped"],
        json!(["signature_valid"])
    );
    assert!(matches!(
        stands(&skipped, &policy, &Situation::at(now())),
        Err(NotEnough::Skipped(_))
    ));
    // It was made of one revision.
    let other = ModelFacts {
        revision: Some(Revision {
            text: "1111111111111111111111111111111111111111".into(),
            is_pinned: true,
        }),
        ..good().model
    };
    let told = Summary::read(&summary)
        .unwrap()
        .stands_for(&policy, &other, &Situation::at(now()));
    assert!(matches!(told, Err(NotEnough::Revision { .. })), "{told:?}");
    // Another key under the same name is another policy.
    let mut layer = policy.layers()[0].clone();
    layer.files.push(crate::given::digest("another key"));
    assert_eq!(
        stands(&summary, &Policy::new([layer]), &Situation::at(now())),
        Err(NotEnough::Policies)
    );
}

/// How old a verdict may be, each layer says for itself.
#[test]
fn no_layer_lengthens_the_day_of_another() {
    let long = format!("{PEOPLE}\n[require]\nsignature = true\nmax-age = {{ verdict = \"52w\" }}\n");
    let silent = format!("{PEOPLE}\n[require]\nsignature = true\n");
    let late = Situation::at("2026-11-24T12:00:00Z".parse().unwrap());
    for (floor, stands_then) in [(&silent, false), (&long, true)] {
        let policy = Policy::new([layer(LayerKind::Floor, floor), layer(LayerKind::Named, &long)]);
        let mut evidence = good();
        for it in &mut evidence.statements {
            let second: Vec<_> = it
                .by
                .iter()
                .cloned()
                .map(|id| IdentityId { layer: 1, ..id })
                .collect();
            it.by.extend(second);
        }
        let summary = judged(&policy, &evidence).summary(&policy, VERIFIER, "0.1.0");
        assert_eq!(stands(&summary, &policy, &late).is_ok(), stands_then, "{floor}");
    }
}

/// A no takes back every yes that is not newer, whatever their order; one that cannot be read takes back all.
#[test]
fn a_no_is_never_outrun() {
    let (policy, yes) = allowed();
    let at = |summary: &Value, time: &str| {
        let mut summary = summary.clone();
        summary["timeVerified"] = json!(time);
        summary
    };
    let mut no = yes.clone();
    no["verificationResult"] = json!("FAILED");
    no["urn:weightlock:verdict:v1"]["decision"] = json!("deny");
    let mut foreign = no.clone();
    foreign
        .as_object_mut()
        .unwrap()
        .remove("urn:weightlock:verdict:v1");
    let mut passed = yes.clone();
    passed
        .as_object_mut()
        .unwrap()
        .remove("urn:weightlock:verdict:v1");
    let (early, late) = ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    for (both, decision) in [
        ([at(&yes, early), at(&passed, late)], Decision::Allow),
        ([at(&no, early), at(&yes, late)], Decision::Allow),
        ([at(&yes, early), at(&no, late)], Decision::Deny),
        ([at(&yes, late), at(&no, late)], Decision::Deny),
        ([at(&yes, late), at(&foreign, early)], Decision::Deny),
    ] {
        for turned in [false, true] {
            let mut both: Vec<_> = both
                .iter()
                .map(|it| {
                    let stated = Stated {
                        id: crate::given::digest(&it.to_string()),
                        name: "v".into(),
                        signed_by: "us".into(),
                        counts: true,
                    };
                    (stated, Summary::read(it))
                })
                .collect();
            if turned {
                both.reverse();
            }
            let verdict = instead_of_judging(&both, &policy, &good().model, &Situation::at(now()));
            assert_eq!(verdict.decision, decision, "{both:#?}");
        }
    }
}

/// Of somebody whom one layer alone knows the no is heard, and the yes does not count.
#[test]
fn a_no_is_heard_of_those_whose_yes_does_not_count() {
    let (policy, yes) = allowed();
    let mut no = yes.clone();
    no["verificationResult"] = json!("FAILED");
    no["urn:weightlock:verdict:v1"]["decision"] = json!("deny");
    no["timeVerified"] = json!("2026-11-22T12:00:00Z");
    let stated = |it: &Value, counts| {
        let about = Stated {
            id: crate::given::digest(&it.to_string()),
            name: "v".into(),
            signed_by: "us".into(),
            counts,
        };
        (about, Summary::read(it))
    };
    for (all, decision) in [
        (vec![stated(&yes, true)], Decision::Allow),
        (vec![stated(&yes, false)], Decision::Deny),
        (vec![stated(&yes, true), stated(&no, false)], Decision::Deny),
    ] {
        let verdict = instead_of_judging(&all, &policy, &good().model, &Situation::at(now()));
        assert_eq!(verdict.decision, decision, "{all:#?}");
    }
}

#[test]
fn it_ends_with_the_first_exception_that_it_rests_on() {
    let waiver = format!(
        "\n[[waiver]]\nwaives = \"WL-POLICY-REVISION\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"bob\"\nreason = \"r\"\n\
         granted = 2026-11-01\nexpires = 2026-11-22\n",
        crate::given::digest("model")
    );
    let policy = policy(&format!("{PEOPLE}\n[require]\nrevision = true\n{waiver}"));
    let mut evidence = good();
    evidence.model.revision = None;
    let summary = judged(&policy, &evidence).summary(&policy, VERIFIER, "0.1.0");
    let at = |time: &str| {
        let situation = Situation::at(time.parse().unwrap());
        Summary::read(&summary)?.stands_for(&policy, &evidence.model, &situation)
    };
    assert_eq!(at("2026-11-22T23:59:59Z"), Ok(()));
    assert!(matches!(at("2026-11-23T00:00:00Z"), Err(NotEnough::Ended(_))));
}

#[test]
fn what_does_not_allow_or_contradicts_itself_stands_for_nothing() {
    let (policy, good_one) = allowed();
    let own = "urn:weightlock:verdict:v1";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut summary = good_one.clone();
        change(&mut summary);
        stands(&summary, &policy, &Situation::at(now()))
    };
    type Change<'c> = &'c dyn Fn(&mut Value);
    let changes: [(&str, Change<'_>); 11] = [
        ("failed", &|it| it["verificationResult"] = json!("FAILED")),
        ("no such result", &|it| it["verificationResult"] = json!("passed")),
        ("denied", &|it| it[own]["decision"] = json!("deny")),
        ("quarantined", &|it| {
            it[own]["decision"] = json!("quarantine");
            it["verificationResult"] = json!("FAILED");
        }),
        ("no such decision", &|it| it[own]["decision"] = json!("allowed")),
        ("no such mode", &|it| it[own]["mode"] = json!("prod")),
        ("nothing of ours", &|it| {
            drop(it.as_object_mut().unwrap().remove(own))
        }),
        ("no time", &|it| it["timeVerified"] = json!("yesterday")),
        ("no policy", &|it| it["policy"] = json!({})),
        ("no digest", &|it| it["policy"]["digest"]["sha256"] = json!("00")),
        ("no day", &|it| it[own]["goodUntil"] = json!("soon")),
    ];
    for (what, change) in changes {
        assert!(with(change).is_err(), "{what}");
    }
    assert_eq!(with(&|_| {}), Ok(()));
    assert!(Summary::read(&json!([])).is_err());
}

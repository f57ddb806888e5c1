//! What was left out, waived, or could not be read is said wherever a verdict is given, and never taken for what is not there.

use std::{fs, os::unix::fs::symlink};

use crate::{
    gate::{policy, remove, whole},
    run::{Place, Ran, key},
};

/// The five ways to ask a policy about `m`.
const VERBS: [&[&str]; 5] = [
    &[
        "gate",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ],
    &[
        "inspect",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ],
    &[
        "policy",
        "explain",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ],
    &[
        "lock",
        "add",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "m",
    ],
    &[
        "run",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
        "--model",
        "m",
        "--",
        "ls",
        "{model}",
    ],
];

fn all(place: &Place, more: &[&str]) -> Vec<(&'static [&'static str], Ran)> {
    let ask = |verb: &'static [&'static str]| {
        // Flags stand before what follows the verb's own words.
        let at = verb.iter().position(|word| word.starts_with("--")).unwrap();
        let words = [&verb[..at], more, &verb[at..]].concat();
        (verb, Ran::of(place.command(words).env("PATH", "/usr/bin:/bin")))
    };
    VERBS.into_iter().map(ask).collect()
}

fn waiver(place: &Place) {
    let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    policy(
        place,
        &format!(
            "[[waiver]]\nwaives = \"WL-POLICY-BOM\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"bob\"\n\
             reason = \"it comes tomorrow\"\ngranted = {}\nexpires = {}\n",
            digest.trim(),
            date(0),
            date(30),
        ),
    );
}

fn date(days: i64) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    (now.date() + jiff::Span::new().days(days)).to_string()
}

#[test]
fn a_waiver_that_stands_in_is_told_by_everybody() {
    let place = whole();
    remove(&place, "bom");
    for (verb, ran) in all(&place, &[]) {
        assert_ne!(ran.code, 0, "{verb:?}: {ran:#?}");
    }
    waiver(&place);
    for (verb, ran) in all(&place, &[]) {
        assert_eq!(ran.code, 0, "{verb:?}: {ran:#?}");
        let told = ran.stderr.contains("waived until") && ran.stderr.contains("approved by bob");
        assert!(told, "{verb:?}: {ran:#?}");
    }
    let ran = place.run([
        "lock",
        "verify",
        "--policy",
        "policy.toml",
        "--advisories",
        "grype.json",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stderr.contains("m: waived until"), "{ran:#?}");
    let run = &all(&place, &[])[4].1;
    assert!(run.stderr.ends_with(", sbom_attached waived\n"), "{run:#?}");
}

#[test]
fn what_was_left_out_is_told_by_everybody() {
    let place = whole();
    remove(&place, "bom");
    for (verb, ran) in all(&place, &["--skip", "sbom_attached"]) {
        // A lock rests on everything.
        let code = if verb[0] == "lock" { 2 } else { 0 };
        assert_eq!(ran.code, code, "{verb:?}: {ran:#?}");
        let told = ran.stderr.contains("left out, as asked: ");
        assert!(told || code != 0, "{verb:?}: {ran:#?}");
        if verb[0] == "run" {
            assert!(ran.stderr.ends_with(", without sbom_attached\n"), "{ran:#?}");
        }
    }
}

/// A signature that cannot be read is not one that is missing: nobody is told to sign.
#[test]
fn a_signature_that_cannot_be_read_is_an_error_everywhere() {
    type Spoil = fn(&Place);
    let spoils: [(&str, Spoil); 3] = [
        ("WL-ART-SYMLINK", |place| {
            fs::rename(place.path("m/model.sig"), place.path("elsewhere.sig")).unwrap();
            symlink("../elsewhere.sig", place.path("m/model.sig")).unwrap();
        }),
        ("WL-ART-SPECIAL-FILE", |place| {
            fs::remove_file(place.path("m/model.sig")).unwrap();
            fs::create_dir(place.path("m/model.sig")).unwrap();
        }),
        ("WL-ART-SYMLINK", |place| {
            fs::remove_file(place.path("m/model.sig")).unwrap();
            symlink("nowhere", place.path("m/model.sig")).unwrap();
        }),
    ];
    for (reason, spoil) in spoils {
        let place = whole();
        spoil(&place);
        let public = key("p256.pub.pem");
        let verify = place.run(["verify", "--key", public.to_str().unwrap(), "m"]);
        let (code, codes) = verify.refusal();
        assert_eq!(codes, [reason], "{verify:#?}");
        for (verb, ran) in all(&place, &[]) {
            if verb[0] == "inspect" {
                // It shows what else there is to see.
                assert_ne!(ran.code, 0, "{ran:#?}");
                continue;
            }
            assert_eq!(ran.code, code, "{verb:?}: {ran:#?}");
            assert!(ran.stderr.contains(reason), "{verb:?}: {ran:#?}");
            assert!(!ran.stderr.contains("weightlock sign "), "{verb:?}: {ran:#?}");
        }
    }
}

/// An override that is refused, and files that are missing, belong to no check: the lines say so all the same.
#[test]
fn what_belongs_to_no_check_has_a_line_of_its_own() {
    let place = whole();
    let gate = |more: &[&str]| {
        let words = [
            &["gate", "--policy", "policy.toml", "--advisories", "grype.json"],
            more,
            &["m"],
        ];
        place.run(words.concat())
    };
    assert!(!gate(&[]).stdout.contains("policy"));
    let ran = gate(&["--mode", "production", "--skip", "sbom_attached"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stdout
            .ends_with("[FAIL] policy\nPromotion BLOCKED: not all checks passed.\n"),
        "{ran:#?}"
    );
}

/// A card that cannot be read is not one that is missing.
#[test]
fn a_card_that_cannot_be_read_is_told() {
    let place = whole();
    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    let unsigned = policy.replace("card = true", "card = { signed = false }");
    place.write("policy.toml", unsigned);
    remove(&place, "card");
    let key = key("p256.key.pem");
    for (text, told) in [("name: [", "model-card.yaml"), ("version: 1\n", "does not say")] {
        place.write("m/model-card.yaml", text);
        place
            .run(["sign", "--replace", "--key", key.to_str().unwrap(), "m"])
            .yes();
        let ran = &all(&place, &[])[0].1;
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(ran.stdout.contains("[FAIL] model_card_present\n"), "{ran:#?}");
        let mut lines = ran.stderr.lines();
        let line = lines.find(|line| line.contains("WL-POLICY-CARD")).unwrap();
        assert!(line.contains(told), "{ran:#?}");
    }
}

/// What stands behind a known licence can take it back, however far behind.
#[test]
fn a_licence_is_read_to_its_end_or_not_known() {
    let mit = include_str!("../../../weightlock-bom/testdata/licence-mit.txt");
    let place = whole();
    let more = "licenses = { allow = [\"MIT\", \"Apache-2.0\"] }\n";
    for (text, code) in [
        (mit.to_owned(), 0),
        (format!("{mit}\nnon-commercial use only\n"), 3),
        (
            format!("{mit}{}non-commercial use only\n", " \n".repeat(200 << 10)),
            3,
        ),
    ] {
        policy(&place, more);
        place.write("m/LICENSE", text);
        let key = key("p256.key.pem");
        let key = key.to_str().unwrap();
        for verb in [
            &["sign", "--replace", "--key", key, "m"][..],
            &["bom", "--sign", "--key", key, "m"],
            &["card", "sign", "--key", key, "m"],
        ] {
            place.run(verb).yes();
        }
        let ran = &all(&place, &[])[0].1;
        assert_eq!(ran.code, code, "{ran:#?}");
    }
}

/// What only a policy understands is nothing to ignore where there is none.
#[test]
fn flags_of_policies_need_one() {
    let place = whole();
    for flags in [
        &["--mode", "production"][..],
        &["--skip", "sbom_attached"],
        &["--tier", "high"],
        &["--advisories", "nothing.json"],
        &["--from-verdict"],
    ] {
        for verb in [&["inspect"][..], &["lock", "add"]] {
            let ran = place.run([verb, flags, &["m"]].concat());
            if verb[0] == "lock" && flags[0] == "--mode" {
                // What is accepted in production is refused, with a policy or without.
                assert_eq!(ran.code, 0, "{ran:#?}");
                fs::remove_file(place.path("weightlock.lock")).unwrap();
                continue;
            }
            assert_ne!(ran.code, 0, "{verb:?} {flags:?}: {ran:#?}");
        }
    }
    // These judge no model, and have no use for what is said of one.
    for verb in [&["policy", "check"][..], &["policy", "test", "cases.yaml"]] {
        let words = [verb, &["--policy", "policy.toml", "--skip", "sbom_attached"]].concat();
        assert_eq!(place.run(words).code, 2, "{verb:?}");
    }
}

/// Whether a waiver counts is known before a model needs it.
#[test]
fn a_policy_that_is_read_says_which_waivers_count() {
    let place = whole();
    waiver(&place);
    let check = |more: &[&str]| {
        let words = [&["policy", "check", "--policy", "policy.toml"], more].concat();
        let ran = place.run(words);
        assert_eq!(ran.code, 0, "{ran:#?}");
        ran.stdout
    };
    assert!(!check(&[]).contains("DOES NOT COUNT"));
    assert!(check(&["--mode", "production"]).contains("DOES NOT COUNT: in production"));

    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    let (policy, waiver) = policy.split_at(policy.find("[[waiver]]").unwrap());
    let waiver = waiver.replace("bob", "other");
    place.write("waivers.toml", format!("version = 1\n{waiver}"));
    let policy = policy.replacen("version = 1", "version = 1\nwaivers = \"waivers.toml\"", 1);
    place.write("policy.toml", policy);
    assert!(check(&[]).contains("DOES NOT COUNT: its approver has not signed"));
    for (name, counts) in [("p256.key.pem", false), ("p384.key.pem", true)] {
        let key = key(name);
        place
            .run(["sign-blob", "--key", key.to_str().unwrap(), "waivers.toml"])
            .yes();
        let out = check(&["--mode", "production"]);
        assert_eq!(!out.contains("DOES NOT COUNT"), counts, "{name}: {out}");
    }
    // Its owner under another name is its owner; somebody else's key in the policy changes nothing.
    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    for (name, owner_key, counts) in [
        ("ann", "p521.pub.pem", true),
        ("Ann", "p384.pub.pem", false),
        ("ann", "p384.pub.pem", false),
        ("eve", "p384.pub.pem", true),
    ] {
        let file = key(owner_key);
        let identity = format!("[identity.{name}]\nkey = \"{}\"\n", file.display());
        place.write(
            "policy.toml",
            policy.replacen("[identity.", &format!("{identity}[identity."), 1),
        );
        let out = check(&["--mode", "production"]);
        assert_eq!(
            !out.contains("DOES NOT COUNT"),
            counts,
            "{name} {owner_key}: {out}"
        );
        assert_eq!(
            !out.contains("its owner's own key"),
            counts,
            "{name} {owner_key}: {out}"
        );
    }
}

/// A policy that lets nothing through is no mistake, and worth a word.
#[test]
fn a_policy_that_can_allow_nothing_says_so() {
    let place = whole();
    let notes = |text: &str| {
        place.write("other.toml", text);
        let ran = place.run(["policy", "check", "--policy", "other.toml"]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        ran.stderr
    };
    assert!(notes("version = 1\n").contains("every model is denied"));
    let silent = notes(
        "version = 1\n[require]\nsignature = true\nbom = true\nscan = { below = \"high\", by = \"now\" }\n",
    );
    for kind in ["oms", "bom"] {
        assert!(
            silent.contains(&format!("nobody is named under [signers] {kind}")),
            "{silent}"
        );
    }
    assert!(!silent.contains("[signers] scan"), "{silent}");
    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    assert_eq!(notes(&policy), "");
    let keys = ["p256.pub.pem", "p384.pub.pem"].map(|name| key(name).display().to_string());
    let of = |second: &str, demand: &str| {
        let [a, b] = [&keys[0], if second == "same" { &keys[0] } else { &keys[1] }];
        notes(&format!(
            "version = 1\n[identity.a]\nkey = \"{a}\"\n[identity.b]\nkey = \"{b}\"\n[signers]\noms = [\"a\", \"b\"]\n\
             review = [\"a\", \"b\"]\n[require]\n{demand}\n"
        ))
    };
    for (second, demand, is_never) in [
        ("other", "signature = { signers = 2 }", false),
        ("same", "signature = { signers = 2 }", true),
        ("other", "signature = { signers = 3 }", true),
        ("other", "signature = { signers = 2, by = [\"a\", \"a\"] }", true),
        ("other", "approvals = { count = 2 }", false),
        ("same", "approvals = { count = 2 }", true),
        ("other", "review = { reviewers = 3 }", true),
        (
            "other",
            "licenses = { allow = [\"MIT\"], deny = [\"MIT\"] }",
            true,
        ),
        (
            "other",
            "licenses = { allow = [\"MIT\"], deny = [\"ISC\"] }",
            false,
        ),
    ] {
        let out = of(second, demand);
        let is_told = out.contains("it is never met") || out.contains("denied it is");
        assert_eq!(is_told, is_never, "{second} {demand}: {out}");
    }
}

/// A report that was named and that nobody asks for, and one that is asked for and was not named.
#[test]
fn reports_that_are_not_judged_are_told() {
    let place = whole();
    let gate = |report: &str| place.run(["gate", "--policy", "policy.toml", "--advisories", report, "m"]);
    let ran = gate("missing.json");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stderr.contains("No such file") && !ran.stderr.contains("e3b0c44298fc1c14"),
        "{ran:#?}"
    );
    let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
    assert!(
        ran.stderr.contains("grype IMAGE -o json --file grype.json") && !ran.stderr.contains("without it"),
        "{ran:#?}"
    );
    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        policy.replace("advisories = { below = \"critical\" }\n", ""),
    );
    let ran = gate("missing.json");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let note = "note: missing.json was not judged: no policy demands advisories\n";
    assert!(ran.stderr.contains(note), "{ran:#?}");
}

/// What is printed takes out the file that is denied, and no other.
#[test]
fn the_remedy_of_a_format_is_about_that_file() {
    let place = whole();
    place.write("m/weights.pkl", b"\x80\x02}q\x00.");
    place.write("m/lib.so", b"\x7fELF\x02\x01\x01\0");
    place.write("m/config.json", r#"{"auto_map": {"AutoModel": "code.Model"}}"#);
    let key = key("p256.key.pem");
    place
        .run(["sign", "--replace", "--key", key.to_str().unwrap(), "m"])
        .yes();
    for (format, file) in [
        ("executable", Some("lib.so")),
        ("pickle", Some("weights.pkl")),
        ("custom-code", None),
    ] {
        policy(&place, &format!("formats = {{ deny = [\"{format}\"] }}\n"));
        let ran = &all(&place, &[])[0].1;
        assert!(ran.stdout.contains("[FAIL] formats_allowed\n"), "{ran:#?}");
        let told: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("rm -- "))
            .collect();
        let expected = file.map(|file| format!("rm -- m/{file}"));
        assert_eq!(told.len(), usize::from(file.is_some()), "{format}: {ran:#?}");
        for (line, expected) in told.iter().zip(expected) {
            assert!(line.ends_with(&expected), "{line}");
        }
    }
}

//! `weightlock slsa level`, `verify` and `diff`.

use std::{fs, process::Command};

use serde_json::{Value, json};
use weightlock::commands::slsa::{diff::Compared, level::Levelled, verify::Verified};
use weightlock_peers::sigstore::{Account, Rekor, Sigstore};

use crate::{
    attest::{names, path},
    provenance::{attest, place},
    run::{Place, Ran},
};

const FARM: &str = "https://example.org/builders/farm/v1";
const OTHER: &str = "https://example.org/builders/other/v1";

/// Two builders of level 3 and 2, each with its own key; and whoever runs something on their own machine.
fn builders(place: &Place) {
    let (farm, other) = (path("p256.pub.pem"), path("p384.pub.pem"));
    place.write(
        "builders.yaml",
        format!(
            "version: 1\nbuilders:\n- {{id: '{FARM}', level: 3, key: {farm}}}\n- {{id: '{OTHER}', level: 2, key: {other}}}\n- {{id: 'urn:weightlock:builder:local:v1', level: 1, key: {farm}}}\n"
        ),
    );
}

/// Makes a model in `name` as a builder, with further flags.
fn built(place: &Place, name: &str, builder: &str, key: &str, more: &[&str]) {
    let key = path(key);
    let flags = [&["--product", name, "--builder-id", builder, "--key", &key], more].concat();
    let script =
        format!("mkdir -p {name}; echo weights of {name} > {name}/w.bin; echo {{}} > {name}/config.json");
    let ran = attest(place, &flags, &script);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// A place with a model of the farm in `m`.
fn farm() -> Place {
    let place = place();
    builders(&place);
    let more = [
        "--step",
        "finetune",
        "--material",
        "base=base-model:acme/base",
        "--material",
        "data=dataset",
    ];
    built(&place, "m", FARM, "p256.key.pem", &more);
    place
}

fn level(place: &Place, more: &[&str]) -> (i32, Value) {
    let ran = place.run([&["slsa", "level", "--json"], more].concat());
    let document = ran.document::<Levelled>();
    (ran.code, document["result"].clone())
}

fn verify(place: &Place, more: &[&str]) -> Ran {
    place.run([&["slsa", "verify", "--builders", "builders.yaml"], more].concat())
}

/// S81, S82, S83: only the list of builders gives more than level 1.
#[test]
fn a_level_comes_from_the_list_and_from_nothing_else() {
    let place = farm();
    let of = |more: &[&str]| level(&place, more).1["level"].clone();
    let list = ["--builders", "builders.yaml"];
    assert_eq!(of(&["m"]), 1, "without a list, nobody's signature is worth more");
    assert_eq!(of(&[&list[..], &["m"]].concat()), 3);

    // Unsigned, and generated.
    let ran = attest(
        &place,
        &["--product", "u", "--builder-id", FARM, "--output", "u.json"],
        "mkdir u; echo 1 > u/w",
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(of(&[&list[..], &["--provenance", "u.json", "u"]].concat()), 1);

    // A local key, whatever it claims.
    built(
        &place,
        "own",
        "urn:weightlock:builder:local:v1",
        "p256.key.pem",
        &[],
    );
    assert_eq!(of(&[&list[..], &["own"]].concat()), 1);
    built(&place, "stranger", FARM, "other-p256.key.pem", &[]);
    assert_eq!(of(&[&list[..], &["stranger"]].concat()), 1);
    built(&place, "borrowed", FARM, "p384.key.pem", &[]);
    let (_, borrowed) = level(&place, &[&list[..], &["borrowed"]].concat());
    assert_eq!(borrowed["level"], 1);
    assert!(
        borrowed["why"][0].as_str().unwrap().contains("signs for"),
        "{borrowed}"
    );
    let text = fs::read_to_string(place.path("builders.yaml")).unwrap();
    place.write("raised.yaml", text.replace("level: 1", "level: 2"));
    place
        .run(["slsa", "level", "--builders", "raised.yaml", "own"])
        .refused(2, "WL-SLSA-FILE")
        .says("level 1, whoever signs it");

    // A list that came with the model is not looked for.
    fs::copy(place.path("builders.yaml"), place.path("u/builders.yaml")).unwrap();
    assert_eq!(level(&place, &["u"]).0, 3);
    place.write("none/w.bin", "w");
    let (code, none) = level(&place, &["none"]);
    assert_eq!((code, &none["level"]), (3, &0.into()));
    let (code, _) = level(&place, &["--at-least", "2", "m"]);
    assert_eq!(code, 1);
    place
        .run(["slsa", "level", "--at-least", "2", "own"])
        .says("WL-SLSA-LEVEL");
}

/// A file that was there before, came later, or was changed has no provenance.
#[test]
fn every_file_of_the_model_must_have_been_made() {
    let place = farm();
    verify(&place, &["m"]).yes().says("SLSA build level 3");
    place.write("m/more.py", "import os");
    verify(&place, &["m"]).refused(1, "WL-SLSA-SUBJECT");
    assert_eq!(level(&place, &["m"]).1["level"], 0);
    fs::remove_file(place.path("m/more.py")).unwrap();
    place.write("m/config.json", "{ }");
    verify(&place, &["m"])
        .refused(1, "WL-SLSA-SUBJECT")
        .says("made was");

    place.write("planted/evil.py", "import os");
    built(&place, "planted", FARM, "p256.key.pem", &[]);
    verify(&place, &["planted"])
        .refused(1, "WL-SLSA-SUBJECT")
        .says("evil.py is not among what was made");
}

/// S79, S82: builder, repository, ref and parameters, in this order.
#[test]
fn what_is_expected_is_compared() {
    let place = place();
    builders(&place);
    let described = |source: &str, more: &str| {
        place.write("m/w.bin", "w");
        let _ = fs::remove_dir_all(place.path("m/.weightlock"));
        place.write(
            "how.yaml",
            format!("version: 1\nbuild-type: quantize\nbuilder: {FARM}\nsource: {source}\n{more}"),
        );
        let key = path("p256.key.pem");
        place
            .run([
                "attest",
                "provenance",
                "--description",
                "how.yaml",
                "--key",
                &key,
                "m",
            ])
            .yes();
    };
    described(
        "{uri: https://GitHub.com/acme/models.git, ref: refs/tags/v1.2.3, commit: 0123456789abcdef0123456789abcdef01234567}",
        "",
    );
    let ask = |more: &[&str]| verify(&place, &[more, &["m"]].concat());
    for good in [
        &["--source-uri", "github.com/acme/models"][..],
        &[
            "--source-uri",
            "git+https://github.com/acme/models",
            "--source-tag",
            "v1.2.3",
        ],
        &["--source-versioned-tag", "v1", "--builder-id", FARM],
        &["--source-versioned-tag", "v1.2"],
    ] {
        let ran = ask(&[good, &["--json"]].concat());
        let document = ran.document::<Verified>();
        assert_eq!(document["result"]["level"], 3, "{good:?}");
        assert_eq!(
            document["result"]["source"]["commit"],
            "0123456789abcdef0123456789abcdef01234567"
        );
    }
    for (bad, reason) in [
        (
            &["--source-uri", "github.com/acme-labs/models"][..],
            "WL-SLSA-SOURCE",
        ),
        (
            &["--source-uri", "http://github.com/acme/models"],
            "WL-SLSA-SOURCE",
        ),
        (&["--source-tag", "v1.2"], "WL-SLSA-REF"),
        (&["--source-branch", "v1.2.3"], "WL-SLSA-REF"),
        (&["--source-versioned-tag", "v2"], "WL-SLSA-REF"),
        (&["--builder-id", OTHER], "WL-SLSA-BUILDER"),
    ] {
        ask(bad).refused(1, reason);
    }
    ask(&["--source-uri", "models"]).refused(2, "WL-CLI-USAGE");
    place.run(["slsa", "verify", "m"]).refused(2, "WL-CLI-NO-TRUST");
    place.write("empty/w.bin", "w");
    verify(&place, &["empty"]).refused(3, "WL-SLSA-NO-PROVENANCE");
}

/// Statements that no honest builder writes: each is refused for its own reason.
#[test]
fn forged_provenance_is_refused() {
    let place = place();
    builders(&place);
    place.write("m/w.bin", "w");
    let good = json!({
        "buildDefinition": {"buildType": "urn:weightlock:build-type:ml/convert/v1", "externalParameters": {"from": "a", "to": "b"}},
        "runDetails": {"builder": {"id": FARM}}
    });
    let sign = |predicate: &Value, key: &str| {
        let _ = fs::remove_dir_all(place.path("m/.weightlock"));
        place.write("p.json", predicate.to_string());
        let key = path(key);
        place
            .run([
                "attest",
                "m",
                "--type",
                "slsaprovenance1",
                "--predicate",
                "p.json",
                "--key",
                &key,
            ])
            .yes();
    };
    sign(&good, "p256.key.pem");
    verify(&place, &["m"]).yes();
    for (change, key, reason) in [
        (
            ("/buildDefinition/externalParameters/preload", json!("x.so")),
            "p256.key.pem",
            "WL-SLSA-PARAMETER",
        ),
        (
            (
                "/buildDefinition/buildType",
                json!("https://example.org/build/v1"),
            ),
            "p256.key.pem",
            "WL-SLSA-BUILD-TYPE",
        ),
        (
            ("/runDetails/builder/id", json!(OTHER)),
            "p256.key.pem",
            "WL-SLSA-BUILDER",
        ),
        (
            ("/runDetails/builder/id", json!(format!("{FARM}@refs/heads/x"))),
            "p256.key.pem",
            "WL-SLSA-BUILDER",
        ),
        (
            ("/runDetails/builder/id", json!("")),
            "p256.key.pem",
            "WL-PROVENANCE-FORM",
        ),
        (
            ("/runDetails/builder/id", json!(FARM)),
            "other-p256.key.pem",
            "WL-SLSA-UNTRUSTED",
        ),
    ] {
        let mut forged = good.clone();
        match forged.pointer_mut(change.0) {
            Some(place) => *place = change.1.clone(),
            None => forged["buildDefinition"]["externalParameters"]["preload"] = change.1.clone(),
        }
        sign(&forged, key);
        verify(&place, &["m"]).refused(1, reason);
    }
    // A good statement beside a bad one counts, and the other way round.
    place.write("p.json", good.to_string());
    let key = path("p256.key.pem");
    place
        .run([
            "attest",
            "m",
            "--type",
            "slsaprovenance1",
            "--predicate",
            "p.json",
            "--key",
            &key,
        ])
        .yes();
    verify(&place, &["m"]).yes();
    // The builder's own kinds of step are described in the list.
    let mut own = good;
    own["buildDefinition"] = json!({"buildType": "https://example.org/build/v1", "externalParameters": {"inputs": {"repository": "https://example.org/a"}}});
    sign(&own, "p256.key.pem");
    let list = format!(
        "version: 1\nbuilders:\n- id: '{FARM}'\n  level: 2\n  key: {}\n  build-types:\n  - {{uri: 'https://example.org/build/v1', parameters: [inputs], source: /inputs/repository}}\n",
        path("p256.pub.pem")
    );
    place.write("own.yaml", list);
    let ask = |uri: &str| {
        place.run([
            "slsa",
            "verify",
            "--builders",
            "own.yaml",
            "--source-uri",
            uri,
            "m",
        ])
    };
    ask("https://example.org/a").yes().says("level 2");
    ask("https://example.org/b").refused(1, "WL-SLSA-SOURCE");
}

/// The chain, and S90: parts are as well known as the worst link.
#[test]
fn models_that_it_was_made_from_are_followed() {
    let place = farm();
    let key = path("p384.key.pem");
    let flags = [
        "--step",
        "quantize",
        "--parameter",
        "scheme=Q8_0",
        "--material",
        "m=base-model:ours",
        "--product",
        "q.gguf",
        "--builder-id",
        OTHER,
        "--key",
        &key,
    ];
    assert_eq!(attest(&place, &flags, "cat m/w.bin > q.gguf").code, 0);
    let standings = |more: &[&str]| -> Vec<String> {
        let (_, result) = level(&place, &[&["--builders", "builders.yaml"], more].concat());
        let steps = result["steps"].as_array().unwrap();
        steps
            .iter()
            .map(|step| step["standing"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        standings(&["q.gguf"]),
        ["unknown", "unknown", "verified", "unknown"]
    );
    assert_eq!(
        standings(&["--base", "m", "q.gguf"]),
        ["unknown", "unknown", "verified", "unknown"],
        "nobody showed how the base of the base was made"
    );
    let document = verify(&place, &["--base", "m", "q.gguf", "--json"]).document::<Verified>();
    let bases = document["result"]["bases"].as_array().unwrap();
    assert_eq!(
        (&bases[0]["name"], &bases[0]["standing"]),
        (&"ours".into(), &"verified".into())
    );
    assert_eq!(
        (&bases[1]["name"], &bases[1]["standing"]),
        (&"acme/base".into(), &"unknown".into())
    );
    let near = verify(&place, &["--base", "m", "--depth", "1", "q.gguf", "--json"]).document::<Verified>();
    let bases = near["result"]["bases"].as_array().unwrap();
    assert_eq!(bases[1]["standing"], "unknown");
    assert_eq!(bases[1]["what"], "deeper than --depth 1, and not looked at");

    // Another state of the base has nothing to do with it.
    let other = farm();
    fs::write(other.path("m/w.bin"), "other").unwrap();
    let base = other.path("m").display().to_string();
    assert_eq!(standings(&["--base", &base, "q.gguf"])[2], "verified");

    // Provenance of the base that a listed builder signed, and that does not hold.
    let name = &names(&place.path("m/.weightlock/evidence"))[0];
    let bundle = place.path(&format!("m/.weightlock/evidence/{name}"));
    let mut forged = crate::attest::statement(&bundle);
    forged["predicate"]["buildDefinition"]["externalParameters"]["preload"] = "x.so".into();
    place.write("forged.json", forged.to_string());
    fs::remove_dir_all(place.path("m/.weightlock")).unwrap();
    place
        .run([
            "attest",
            "m",
            "--statement",
            "forged.json",
            "--key",
            &path("p256.key.pem"),
        ])
        .yes();
    verify(&place, &["--base", "m", "q.gguf"])
        .refused(1, "WL-SLSA-BASE")
        .says("WL-SLSA-PARAMETER");
    assert_eq!(standings(&["--base", "m", "q.gguf"])[1], "unknown");
}

/// S90: data and training are known as far as the whole chain is, and a chain with an open end is no answer.
#[test]
fn what_nobody_showed_of_a_base_is_not_verified() {
    let place = place();
    builders(&place);
    let data = ["--material", "data=dataset"];
    let train = [&["--step", "train"], &data[..]].concat();
    built(&place, "root", FARM, "p256.key.pem", &train);
    let tune = [
        &["--step", "finetune", "--material", "root=base-model:ours/root"],
        &data[..],
    ]
    .concat();
    built(&place, "tuned", FARM, "p256.key.pem", &tune);
    place.write(
        "r.yaml",
        "version: 1\nsteps:\n  data: declared\n  training: verified\n",
    );
    let known = |more: &[&str]| {
        let flags = ["--builders", "builders.yaml", "--requirements", "r.yaml"];
        let (code, result) = level(&place, &[&flags[..], more, &["tuned"]].concat());
        let steps = &result["steps"];
        let standings = [0, 1].map(|at| steps[at]["standing"].as_str().unwrap().to_owned());
        (code, standings, steps[1]["what"].as_str().unwrap().to_owned())
    };
    let all = known(&["--base", "root"]);
    assert_eq!((all.0, all.1), (0, ["verified", "verified"].map(str::to_owned)));
    for (more, says) in [
        (&[][..], "ours/root (no provenance of it was given)"),
        (
            &["--base", "root", "--depth", "0"],
            "ours/root (deeper than --depth 0, and not looked at)",
        ),
    ] {
        let (code, standings, what) = known(more);
        assert_eq!(code, 1, "{more:?}");
        assert_eq!(standings, ["unknown", "unknown"], "{more:?}");
        assert!(what.contains(says), "{what}");
    }
    place
        .run([
            "slsa",
            "level",
            "--builders",
            "builders.yaml",
            "--requirements",
            "r.yaml",
            "tuned",
        ])
        .says("r.yaml   line 3")
        .says("r.yaml   line 4")
        .says("how 1 model that it was made from came to be is not known");
}

/// S83: whoever approved can say no later, and a no of somebody who counts is heard.
#[test]
fn a_reviewer_can_withdraw() {
    let place = place();
    place.write("m/modeling.py", "import os");
    let review = |key: &str, decision: &str, at: &str| {
        let key = path(key);
        let mut command = place.command([
            "attest",
            "review",
            "--reviewer",
            "x",
            "--decision",
            decision,
            "--key",
            &key,
            "m",
        ]);
        Ran::of(command.env("SOURCE_DATE_EPOCH", at)).yes();
    };
    let (one, two) = (
        format!("review={}", path("p384.pub.pem")),
        format!("review={}", path("p521.pub.pem")),
    );
    place.write("r.yaml", "version: 1\nreview: {reviewers: 1}\n");
    let asked = [
        "--requirements",
        "r.yaml",
        "--signer-for",
        &one,
        "--signer-for",
        &two,
        "m",
    ];
    let counted = || {
        let (code, result) = level(&place, &asked);
        (code, result["review"].clone())
    };
    review("p384.key.pem", "approved", "1780000000");
    review("p521.key.pem", "approved", "1780000000");
    assert_eq!(
        counted(),
        (0, json!({"reviewers": 2, "rejected": 0, "others": 0}))
    );
    review("p256.key.pem", "rejected", "1790000000");
    assert_eq!(
        counted(),
        (0, json!({"reviewers": 2, "rejected": 0, "others": 1})),
        "who was not named cannot stop a model"
    );
    review("p521.key.pem", "rejected", "1780000000");
    assert_eq!(
        counted(),
        (1, json!({"reviewers": 1, "rejected": 1, "others": 1})),
        "of the same second, it is the rejection"
    );
    place
        .run([&["slsa", "level"], &asked[..]].concat())
        .says("1 who count rejected it")
        .says("1 whose word counts rejected the code");
    review("p521.key.pem", "approved", "1780000001");
    assert_eq!(counted().0, 0);
    review("p521.key.pem", "rejected", "1780000002");
    assert_eq!(counted().0, 1);
}

/// S90: a failed test of somebody who counts is no evaluation that is known, whatever else was measured.
#[test]
fn a_failed_test_is_a_failed_evaluation() {
    let place = place();
    place.write("m/w.bin", "w");
    let tested = |key: &str, result: &str| {
        let predicate = json!({"result": result, "configuration": []});
        place.write("t.json", predicate.to_string());
        let key = path(key);
        place
            .run([
                "attest",
                "m",
                "--type",
                "test-result",
                "--predicate",
                "t.json",
                "--key",
                &key,
            ])
            .yes();
    };
    let signer = format!("evaluation={}", path("p384.pub.pem"));
    place.write("r.yaml", "version: 1\nsteps: {evaluation: declared}\n");
    let known = || {
        let flags = ["--requirements", "r.yaml", "--signer-for", &signer, "m"];
        let (code, result) = level(&place, &flags);
        (code, result["steps"][3]["standing"].as_str().unwrap().to_owned())
    };
    tested("p256.key.pem", "FAILED");
    assert_eq!(known(), (1, "unknown".to_owned()), "it is no evaluation either");
    tested("p384.key.pem", "PASSED");
    assert_eq!(
        known(),
        (0, "verified".to_owned()),
        "what a stranger says changes nothing"
    );
    tested("p384.key.pem", "FAILED");
    assert_eq!(known(), (1, "failed".to_owned()));
}

/// S83: reviews by different people, of exactly this code.
#[test]
fn reviews_are_shown_and_count_by_who_signed_them() {
    let place = place();
    builders(&place);
    let key = path("p256.key.pem");
    let flags = ["--product", "m", "--builder-id", FARM, "--key", &key];
    assert_eq!(
        attest(&place, &flags, "mkdir m; echo 'import os' > m/modeling.py").code,
        0
    );
    let review = |key: &str| {
        let key = path(key);
        place
            .run([
                "attest",
                "review",
                "--reviewer",
                "x",
                "--decision",
                "approved",
                "--key",
                &key,
                "m",
            ])
            .yes();
    };
    let (one, two) = (
        format!("review={}", path("p384.pub.pem")),
        format!("review={}", path("p521.pub.pem")),
    );
    let counted = || {
        let (_, result) = level(&place, &["--signer-for", &one, "--signer-for", &two, "m"]);
        (
            result["review"]["reviewers"].as_u64().unwrap(),
            result["review"]["others"].as_u64().unwrap(),
        )
    };
    assert_eq!(counted(), (0, 0));
    review("p384.key.pem");
    assert_eq!(counted(), (1, 0));
    review("p256.key.pem");
    assert_eq!(counted(), (1, 1), "who was not named does not count");
    review("p521.key.pem");
    assert_eq!(counted(), (2, 1));
    let (_, nobody) = level(&place, &["m"]);
    assert_eq!(
        nobody["review"],
        json!({"reviewers": 0, "rejected": 0, "others": 3})
    );
    place.write("r.yaml", "version: 1\nreview: {reviewers: 3}\n");
    let ran = place.run([
        "slsa",
        "level",
        "--requirements",
        "r.yaml",
        "--signer-for",
        &one,
        "--signer-for",
        &two,
        "m",
    ]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.says("r.yaml   line 2").says("2 signed a review that counts");
}

/// S84: every line that is not met is told, and nothing else.
#[test]
fn unmet_requirements_are_told_line_by_line() {
    let place = farm();
    place.write(
        "r.yaml",
        "version: 1\nlevel: 3\nbuilder: https://example.org/builders/farm/v1\nsource:\n  commit: true\nbuild-types: [quantize]\ndependencies:\n  roles: [base-model, dataset, tokenizer]\nsteps:\n  training: verified\n  evaluation: declared\n",
    );
    let arguments = [
        "slsa",
        "level",
        "--builders",
        "builders.yaml",
        "--requirements",
        "r.yaml",
        "m",
    ];
    let ran = place.run(arguments);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let document = place
        .run([&arguments[..], &["--json"]].concat())
        .document::<Levelled>();
    let lines: Vec<u64> = document["result"]["unmet"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [5, 6, 8, 10, 11]);
    assert_eq!(ran.refusal().1, ["WL-SLSA-REQUIREMENT"; 5]);
    place.write(
        "met.yaml",
        "version: 1\nlevel: 3\ndependencies: {roles: [base-model]}\nreview: {reviewers: 0}\n",
    );
    place
        .run([
            "slsa",
            "level",
            "--builders",
            "builders.yaml",
            "--requirements",
            "met.yaml",
            "m",
        ])
        .yes();
    place.write("wrong.yaml", "version: 1\nlevle: 3\n");
    place
        .run(["slsa", "level", "--requirements", "wrong.yaml", "m"])
        .refused(2, "WL-SLSA-FILE")
        .says("line 2");
}

/// S56: a changed data set is told against the earlier build.
#[test]
fn changed_inputs_are_told_with_both_digests() {
    let place = farm();
    let more = [
        "--step",
        "finetune",
        "--material",
        "base=base-model:acme/base",
        "--material",
        "data=dataset",
    ];
    built(&place, "n", FARM, "p256.key.pem", &more);
    place
        .run(["slsa", "diff", "m", "n"])
        .yes()
        .says("nobody's signature was checked");
    // Evidence that was copied to other bytes is none about those.
    place.write("copied/w", "TAMPERED");
    let copy = Command::new("cp")
        .args(["-r", "m/.weightlock", "copied/"])
        .current_dir(place.path(""))
        .status();
    assert!(copy.unwrap().success());
    place
        .run(["slsa", "diff", "m", "copied"])
        .refused(1, "WL-SLSA-SUBJECT");
    place.write("data/a.jsonl", "poisoned");
    built(&place, "o", FARM, "p256.key.pem", &more);
    let ran = place.run(["slsa", "diff", "m", "o", "--json"]);
    let document = ran.document::<Compared>();
    assert_eq!(ran.code, 1);
    let changes = document["result"]["changes"].as_array().unwrap();
    let shown: Vec<_> = changes
        .iter()
        .map(|one| (one["role"].as_str().unwrap(), one["name"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [("dataset", "data"), ("dataset", "data/a.jsonl")]);
    assert_ne!(changes[0]["earlier"], changes[0]["later"]);
    place.write("none/w", "w");
    place
        .run(["slsa", "diff", "m", "none"])
        .refused(3, "WL-SLSA-NO-PROVENANCE");
}

/// A builder that signs with an identity; and what its certificate proves must not be denied.
#[test]
fn a_builder_can_be_an_identity() {
    let services = Sigstore::start();
    let account = Account::github("acme/model", "train.yml", "refs/tags/v1.0.0", "push");
    let place = place();
    place.write("m/w.bin", "w");
    place.write("trust.json", services.trust_config(Rekor::Second));
    place.write("token", services.token(&account) + "\n");
    let list = |who: &str| {
        let issuer = services.issuer();
        format!("version: 1\nbuilders:\n- {{id: '{FARM}', level: 3, {who}, issuer: '{issuer}'}}\n")
    };
    place.write(
        "builders.yaml",
        list(&format!("identity: '{}'", account.identity())),
    );
    let attest = |uri: &str, reference: &str| {
        let _ = fs::remove_dir_all(place.path("m/.weightlock"));
        place.write(
            "how.yaml",
            format!(
                "version: 1\nbuild-type: convert\nbuilder: {FARM}\nsource: {{uri: {uri}, ref: {reference}}}\n"
            ),
        );
        let ran = place.run([
            "attest",
            "provenance",
            "--description",
            "how.yaml",
            "--trust-config",
            "trust.json",
            "--identity-token-file",
            "token",
            "--yes",
            "m",
        ]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    };
    let ask = || {
        verify(
            &place,
            &[
                "--trusted-root",
                "trust.json",
                "--source-versioned-tag",
                "v1",
                "m",
            ],
        )
    };
    attest("https://github.com/acme/model", "refs/tags/v1.0.0");
    ask().yes().says("level 3");
    attest("https://github.com/acme/other", "refs/tags/v1.0.0");
    ask().refused(1, "WL-SLSA-CONTRADICTION");
    attest("https://github.com/acme/model", "refs/tags/v1.0.1");
    ask().refused(1, "WL-SLSA-CONTRADICTION");
    attest("https://github.com/acme/model", "refs/tags/v1.0.0");
    place.write("builders.yaml", list("identity: 'somebody@example.com'"));
    ask().refused(1, "WL-SLSA-UNTRUSTED");
    place.write(
        "builders.yaml",
        list("identity-pattern: 'https://github.com/acme/model/.github/workflows/*@refs/tags/*'"),
    );
    ask().yes();
}

//! What a verdict is bound to: the keys and the revision that it rests on, the name and the kind of what it is about, the files that
//! somebody signed, and every file that a loader would be led to.

use crate::{
    attest::{path, place},
    gate::{CARD, whole},
    layouts,
    models::{ones, safetensors},
    run::Place,
};

/// A policy by one key that counts for everything, with these demands.
fn demanding(place: &Place, demands: &str) {
    let kinds = ["oms", "scan", "bom", "card", "review", "verdict"];
    let signers: String = kinds.iter().map(|kind| format!("{kind} = [\"us\"]\n")).collect();
    let head = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n";
    let key = path("p256.pub.pem");
    place.write(
        "policy.toml",
        format!("{head}[identity.us]\nkey = \"{key}\"\n[signers]\n{signers}[require]\n{demands}"),
    );
}

fn signed(place: &Place, verbs: &[&[&str]], target: &str) {
    let key = path("p256.key.pem");
    for verb in verbs {
        let words: Vec<&str> = verb.iter().copied().chain(["--key", &key, target]).collect();
        let ran = place.run(&words);
        assert_eq!(ran.code, 0, "{words:?}: {ran:#?}");
    }
}

/// The digest of a model of one file binds its bytes. What was said of notes is nothing said of a program.
#[test]
fn what_is_said_of_one_kind_of_file_is_not_said_of_another() {
    let place = place();
    demanding(&place, "scan = { by = \"signed\" }\n");
    place.write("notes.txt", "import os\nos.system('true')\n");
    signed(&place, &[&["scan", "--attest"]], "notes.txt");
    let gate = |target: &str| place.run(["gate", "--policy", "policy.toml", target]);
    assert_eq!(gate("notes.txt").code, 0, "{:#?}", gate("notes.txt"));
    for (other, code) in [("more.txt", 0), ("evil.py", 1), ("evil", 1)] {
        std::fs::copy(place.path("notes.txt"), place.path(other)).unwrap();
        let (from, to) = (
            place.path("notes.txt.weightlock"),
            place.path(&format!("{other}.weightlock")),
        );
        std::fs::create_dir_all(to.join("evidence")).unwrap();
        for entry in std::fs::read_dir(from.join("evidence")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join("evidence").join(entry.file_name())).unwrap();
        }
        let ran = gate(other);
        assert_eq!(ran.code, code, "{other}: {ran:#?}");
        assert_eq!(ran.stderr.contains("is about notes.txt"), code == 1, "{ran:#?}");
    }
}

/// A person with two certificates is one person, and so are two identities of one key.
#[test]
fn people_are_counted_and_not_their_certificates() {
    let file = |name: &str| {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../weightlock-signing/testdata/people"
        );
        format!("{folder}/{name}.pem")
    };
    let ca = file("ca.cert");
    let said = |verb: &[&str], who: &[&str], place: &Place| {
        for name in who {
            let (key, certificate) = (file(&format!("{name}.key")), file(&format!("{name}.cert")));
            let how = [
                "--key",
                &key,
                "--signing-certificate",
                &certificate,
                "--certificate-chain",
                &ca,
                "m",
            ];
            let is_further = verb == ["sign"] && *name != who[0];
            let add: &[&str] = if is_further { &["--add"] } else { &[] };
            let ran = place.run([verb, add, &how[..]].concat());
            assert_eq!(ran.code, 0, "{name}: {ran:#?}");
        }
    };
    let approve = ["attest", "approval", "--decision", "approved", "--approver", "A"];
    let review = ["attest", "review", "--decision", "approved", "--reviewer", "A"];
    for (verb, kind, demand) in [
        (&approve[..], "review", "approvals = { count = 2 }"),
        (&review[..], "review", "review = { reviewers = 2 }"),
        (&["sign"][..], "oms", "signature = { signers = 2 }"),
    ] {
        for (who, code) in [
            (&["ann", "ann-again"][..], 1),
            (&["ann", "ann-by-mail"], 1),
            (&["ann-again", "ann-by-mail", "ann"], 1),
            (&["ann", "bob"], 0),
            (&["ann", "ann-again", "bob"], 0),
        ] {
            let place = place();
            place.write(
                "policy.toml",
                format!(
                    "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.staff]\ncertificates = \"{ca}\"\n\
                     [signers]\n{kind} = [\"staff\"]\n[require]\n{demand}\n"
                ),
            );
            place.write("m/code.py", "import os\n");
            said(verb, who, &place);
            let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
            assert_eq!(ran.code, code, "{demand} {who:?}: {ran:#?}");
        }
    }
}

/// A card that the signer left out is nobody's word, though the rest of the model is signed.
#[test]
fn a_card_that_the_signer_left_out_does_not_count() {
    for (leaves_out, code) in [(false, 0), (true, 1)] {
        let place = place();
        demanding(&place, "signature = true\ncard = { signed = false }\n");
        place.write("m/README.md", CARD);
        let mut verb = vec!["sign", "--replace"];
        if leaves_out {
            verb.extend(["--ignore-paths", "m/README.md"]);
        }
        signed(&place, &[&verb], "m");
        let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
        assert_eq!(ran.code, code, "{leaves_out}: {ran:#?}");
    }
}

/// What the signer left out of the files is anybody's word: it takes away, and allows nothing.
#[test]
fn a_licence_that_the_signer_left_out_allows_nothing() {
    let demands = "signature = true\nlicenses = { allow = [\"MIT\"] }\n";
    for (leaves_out, license, is_in_header, code) in [
        (false, "mit", false, 0),
        (true, "mit", false, 3),
        (true, "mit", true, 0),
        (true, "cc-by-nc-4.0", true, 1),
        (false, "cc-by-nc-4.0", false, 1),
    ] {
        let place = place();
        demanding(&place, demands);
        let card = |license: &str| format!("---\nlicense: {license}\n---\n# M\n");
        place.write("m/README.md", card("cc-by-nc-4.0"));
        let metadata: &[(&str, &str)] = if is_in_header { &[("license", "mit")] } else { &[] };
        place.write("m/model.safetensors", safetensors(&[ones("a", &[2])], metadata));
        let mut verb = vec!["sign", "--replace"];
        if leaves_out {
            verb.extend(["--ignore-paths", "m/README.md"]);
        } else {
            place.write("m/README.md", card(license));
        }
        signed(&place, &[&verb], "m");
        place.write("m/README.md", card(license));
        let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
        assert_eq!(ran.code, code, "{leaves_out} {license} {is_in_header}: {ran:#?}");
    }
}

/// A signed verdict leaves nothing out and renews no other one.
#[test]
fn a_verdict_is_not_signed_over_less_than_was_asked() {
    let place = whole();
    let key = path("p256.key.pem");
    for flag in [&["--skip", "sbom_attached"][..], &["--from-verdict"]] {
        let words = [
            &["gate", "--policy", "policy.toml", "--attest", "--key", &key],
            flag,
            &["m"],
        ]
        .concat();
        let ran = place.run(&words);
        assert_eq!(ran.code, 2, "{ran:#?}");
    }
}

/// Another key under the same name is another policy, and a no that cannot be read is one.
#[test]
fn a_verdict_ends_with_the_keys_that_it_rests_on() {
    let place = place();
    let own = std::fs::read(path("p256.pub.pem")).unwrap();
    std::fs::write(place.path("us.pub"), &own).unwrap();
    demanding(&place, "signature = true\n");
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    let text = text.replace(&path("p256.pub.pem"), "us.pub") + "\n[identity.gate]\nkey = \"gate.pub\"\n";
    place.write(
        "policy.toml",
        text.replace("verdict = [\"us\"]", "verdict = [\"gate\"]"),
    );
    std::fs::copy(path("p384.pub.pem"), place.path("gate.pub")).unwrap();
    signed(&place, &[&["sign", "--replace"]], "m");
    let key = path("p384.key.pem");
    let ran = place.run(["gate", "--policy", "policy.toml", "--attest", "--key", &key, "m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let taken = || place.run(["gate", "--policy", "policy.toml", "--from-verdict", "m"]);
    assert_eq!(taken().code, 0, "{:#?}", taken());
    std::fs::copy(path("p521.pub.pem"), place.path("us.pub")).unwrap();
    let ran = taken();
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("other policies"), "{ran:#?}");
    std::fs::write(place.path("us.pub"), &own).unwrap();
    assert_eq!(taken().code, 0);
    // Somebody else's form of a no, by the same signer.
    place.write("no.json", r#"{"verifier": {"id": "x"}, "timeVerified": "2020-01-01T00:00:00Z", "resourceUri": "x", "policy": {"uri": "x"}, "verificationResult": "FAILED", "verifiedLevels": []}"#);
    let words = [
        "attest",
        "--type",
        "https://slsa.dev/verification_summary/v1",
        "--predicate",
        "no.json",
        "--key",
        &key,
        "m",
    ];
    let ran = place.run(words);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = taken();
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains("cannot be read"), "{ran:#?}");
}

/// A name that the caller gives does not hide the one of the place, in letters of either case.
#[test]
fn a_rule_is_for_a_model_by_every_name_it_has() {
    let place = place();
    demanding(
        &place,
        "signature = true\n[[rule]]\nwhen = { namespace = \"evil\" }\ndeny = \"stolen\"\n",
    );
    let snapshot = layouts::hub(&place).replace("models--org--tiny", "models--Evil--x");
    std::fs::rename(
        place.path("hub/models--org--tiny"),
        place.path("hub/models--Evil--x"),
    )
    .unwrap();
    signed(&place, &[&["sign", "--replace"]], &snapshot);
    let gate = |more: &[&str]| place.run([&["gate", "--policy", "policy.toml"], more].concat());
    for (words, code) in [
        (vec![snapshot.as_str()], 1),
        (vec!["--as", "good/x", &snapshot], 1),
        (vec!["--as", "EVIL/x", "m"], 1),
        (vec!["--as", "evil//x", "m"], 2),
    ] {
        let ran = gate(&words);
        assert_eq!(ran.code, code, "{words:?}: {ran:#?}");
        if code == 1 {
            assert!(ran.stderr.contains("denies it: stolen"), "{words:?}: {ran:#?}");
        }
    }
}

/// An index leads a loader to whatever it names. What is passed over, or not there, was not looked at.
#[test]
fn a_model_that_names_what_is_none_of_its_files_is_not_allowed() {
    for (named, code) in [
        ("model.safetensors", 0),
        (".cache/huggingface/evil.bin", 3),
        (".git/evil.bin", 3),
        ("more.bin", 3),
        ("../evil.bin", 3),
        ("/etc/evil.bin", 3),
    ] {
        let place = place();
        demanding(&place, "formats = { deny = [\"pickle\"] }\n");
        let index = format!(r#"{{"metadata": {{}}, "weight_map": {{"w": "{named}"}}}}"#);
        place.write("m/pytorch_model.bin.index.json", index);
        if named.starts_with('.') {
            std::fs::create_dir_all(place.path("m").join(named).parent().unwrap()).unwrap();
            place.write(&format!("m/{named}"), "cposix\nsystem\n(Vtrue\ntR.");
        }
        let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
        assert_eq!(ran.code, code, "{named}: {ran:#?}");
        assert_eq!(
            ran.stderr.contains("error[WL-POLICY-INCOMPLETE]"),
            code == 3,
            "{ran:#?}"
        );
    }
}

/// Loaders follow names in configuration, not only in indexes of weights.
#[test]
fn configuration_that_leads_astray_is_quarantined() {
    let module =
        |path: &str| format!(r#"[{{"idx": 0, "name": "0", "path": "{path}", "type": "x.Transformer"}}]"#);
    let router = |key: &str| format!(r#"{{"types": {{"{key}": "x.Pooling"}}, "structure": {{}}}}"#);
    let normalize =
        |path: &str| module(path).replace("x.Transformer", "sentence_transformers.models.Normalize");
    let variant = r#"{"weight_map": {"w": ".git/x.bin"}}"#.to_owned();
    let cases = [
        ("m/modules.json", module(""), 0),
        ("m/modules.json", module("sub"), 0),
        ("m/modules.json", module(".github/x"), 3),
        ("m/modules.json", module("./.cache/huggingface"), 3),
        ("m/modules.json", module("../evil"), 3),
        ("m/modules.json", module("nothing"), 3),
        // Models are published without the empty folder of the module that loads nothing.
        ("m/modules.json", normalize("2_Normalize"), 0),
        ("m/modules.json", normalize(".git"), 3),
        ("m/modules.json", normalize("../evil"), 3),
        (
            "m/modules.json",
            normalize("nothing").replace("sentence", "other"),
            3,
        ),
        (
            "m/modules.json",
            normalize("nothing").replace("}", r#", "type": "x.Transformer"}"#),
            3,
        ),
        (
            "m/modules.json",
            format!("{}{}", module(""), " ".repeat(17 << 20)),
            3,
        ),
        ("m/modules.json", module("").replace("0,", "01,"), 3),
        ("m/sub/router_config.json", router("../sub"), 0),
        ("m/sub/router_config.json", router("../../evil"), 3),
        ("m/sub/router_config.json", router("nothing"), 3),
        (
            "m/sub/router_config.json",
            router("nothing").replace("x.Pooling", "sentence_transformers.models.Normalize"),
            0,
        ),
        ("m/sub/router_config.json", router("../.git"), 3),
        ("m/model.safetensors.index.fp16.json", variant.clone(), 3),
        ("m/pytorch_model.bin.index.fp16.json", variant, 3),
        (
            "m/config.json",
            r#"{"transformers_weights": ".github/x.bin"}"#.to_owned(),
            3,
        ),
        (
            "m/config.json",
            r#"{"transformers_weights": "../x.bin"}"#.to_owned(),
            3,
        ),
        (
            "m/config.json",
            r#"{"_name_or_path": "../ours/checkpoint"}"#.to_owned(),
            0,
        ),
        // A word is no name.
        ("m/vocab.json", r#"{".git": 1, ".github/x": 2}"#.to_owned(), 0),
    ];
    for (file, text, code) in cases {
        let place = place();
        demanding(&place, "formats = { deny = [\"pickle\"] }\n");
        std::fs::create_dir_all(place.path("m/sub")).unwrap();
        place.write("m/sub/config.json", "{}");
        place.write(file, &text);
        let ran = place.run(["gate", "--policy", "policy.toml", "m"]);
        assert_eq!(ran.code, code, "{file} {text}: {ran:#?}");
        assert_eq!(
            ran.stderr.contains("error[WL-POLICY-INCOMPLETE]"),
            code == 3,
            "{ran:#?}"
        );
    }
}

/// `inspect` says by what a model is allowed, and calls nothing verified that was left out.
#[test]
fn what_was_left_out_or_said_by_another_is_told() {
    let place = whole();
    let key = path("p384.key.pem");
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        text.replace("[signers]\n", "[signers]\nverdict = [\"other\"]\n"),
    );
    let inspect = |more: &[&str]| {
        let ran = place.run([&["inspect", "--json", "--policy", "policy.toml", "m"], more].concat());
        assert_eq!(ran.code, 0, "{ran:#?}");
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let answer = &document["result"]["answers"]["may_we_use"];
        [&answer["standing"], &answer["says"]].map(|it| it.as_str().unwrap().to_owned())
    };
    let reports = ["--advisories", "grype.json"];
    let [standing, says] = inspect(&reports);
    assert_eq!(standing, "verified");
    assert!(says.starts_with("the policy allows it in"), "{says}");
    let [standing, says] = inspect(&[&reports[..], &["--skip", "model_card_present"]].concat());
    assert_eq!(standing, "declared");
    assert!(says.contains("with model_card_present left out"), "{says}");
    let ran = place.run(
        [
            &["gate", "--policy", "policy.toml", "--attest", "--key", &key, "m"][..],
            &reports,
        ]
        .concat(),
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    let [standing, says] = inspect(&["--from-verdict"]);
    assert_eq!(standing, "verified");
    assert!(
        says.starts_with("a verdict that the policy names allows it"),
        "{says}"
    );
}

/// What is locked as allowed was asked of everything that the policy demands.
#[test]
fn nothing_is_left_out_of_a_lock() {
    let place = whole();
    let flags = ["--policy", "policy.toml", "--advisories", "grype.json", "m"];
    let ran = place.run([&["lock", "add", "--skip", "model_card_present"], &flags[..]].concat());
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(!place.path("weightlock.lock").exists());
    let ran = place.run([&["lock", "add"], &flags[..]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
}

//! Ways that were found to get a yes out of `weightlock gate`, each beside the nearest that is a yes.

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use crate::{
    attest::path,
    models::{ones, safetensors, weights},
    run::{Place, Ran},
};

/// A policy that asks for this alone.
fn asking(require: &str) -> Place {
    let place = Place::new();
    place.write(
        "policy.toml",
        format!("version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\n{require}\n"),
    );
    place
}

fn gate(place: &Place, target: &str, more: &[&str]) -> Ran {
    place.run([&["gate", "--policy", "policy.toml", target], more].concat())
}

const CALL: &[u8] = b"cos\nsystem\n(S'true'\ntR.";

fn pushed(before: &[u8], length: usize) -> Vec<u8> {
    let count = u32::try_from(length).unwrap().to_le_bytes();
    [before, &count, &vec![b'a'; length], b"0", CALL].concat()
}

/// The end of a zip archive, behind something else.
fn ending_as_zip(front: &[u8]) -> Vec<u8> {
    [front, b"PK\x05\x06", &[0; 18]].concat()
}

#[test]
fn a_denied_pickle_is_denied_however_it_hides() {
    let array = |descr: &str| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), &[0; 8]].concat()
    };
    let hidden = [
        ("m.pkl", pushed(b"X", 5000)),
        ("m.bin", pushed(b"X", 5000)),
        ("m.pt", pushed(b"X", 5000)),
        ("m.bin", pushed(b"T", 8000)),
        ("m.bin", pushed(b"(X", 5000)),
        ("m.bin", pushed(b"}X", 100_000)),
        ("a.npy", array("|O")),
        ("a.rar", b"Rar!\x1a\x07\x01\0".to_vec()),
        ("m.joblib", vec![0xff; 64]),
        ("m.safetensors", ending_as_zip(&weights())),
        ("junk", ending_as_zip(&[0xff; 64])),
    ];
    for (name, content) in hidden {
        let place = asking("formats = { deny = [\"pickle\"] }");
        place.write("m/config.json", "{}");
        place.write(&format!("m/{name}"), content);
        let ran = gate(&place, "m", &[]);
        assert_eq!(ran.code, 1, "{name}: {ran:#?}");
        let told = format!("{name} is of the denied format pickle");
        assert!(ran.stderr.contains(&told), "{name}: {ran:#?}");
        assert_eq!(gate(&place, &format!("m/{name}"), &[]).code, 1, "{name} alone");
    }
    let place = asking("formats = { deny = [\"pickle\"] }");
    place.write("m/model.safetensors", weights());
    place.write("m/a.npy", array("<f8"));
    place.write("m/w.bin", [0xff; 9000]);
    let without = pushed(b"X", 5000);
    place.write("m/x.bin", &without[..5000]);
    let ran = gate(&place, "m", &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// Every source that states a licence counts, and one that nobody understands is no silence.
#[test]
fn a_licence_that_is_not_known_is_not_passed_over() {
    const MIT: &str = include_str!("../../../weightlock-bom/testdata/licence-mit.txt");
    let card = "---\nlicense: mit\n---\n# M\n";
    let with = |files: &[(&str, &str)], metadata: &[(&str, &str)], wanted: &str| {
        let place = asking(&format!("licenses = {wanted}"));
        place.write("m/config.json", "{}");
        place.write("m/README.md", card);
        place.write("m/model.safetensors", safetensors(&[ones("a", &[2])], metadata));
        for (name, text) in files {
            place.write(&format!("m/{name}"), text);
        }
        gate(&place, "m", &[])
    };
    let mit = "{ allow = [\"MIT\"] }";
    for (files, metadata) in [
        (&[][..], &[][..]),
        (&[("LICENSE", MIT), ("docs/LICENSE", MIT)], &[("license", "mit")]),
        (&[("THIRD_PARTY_LICENSES.txt", "of others")], &[("format", "pt")]),
    ] {
        let ran = with(files, metadata, mit);
        assert_eq!(ran.code, 0, "{files:?} {metadata:?}: {ran:#?}");
    }
    let terms = "You may use this only for non-commercial purposes.";
    let more = format!("{MIT}\n{terms}\n");
    let agpl = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n";
    for (files, metadata, code) in [
        (&[("LICENSE", terms)][..], &[][..], 3),
        (&[("LICENSE", &more)], &[], 3),
        (&[("LICENSE.md", agpl)], &[], 3),
        (&[("docs/LICENSE", agpl)], &[], 3),
        (
            &[(
                "README.md",
                "---\nlicense: mit\nlicense_name: cc-by-nc-4.0\n---\n",
            )],
            &[],
            1,
        ),
        (
            &[
                ("README.md", "---\nlicense: mit\nlicense_link: terms.txt\n---\n"),
                ("terms.txt", terms),
            ],
            &[],
            3,
        ),
        (&[("readme.md", "---\nlicense: agpl-3.0-only\n---\n")], &[], 1),
        (&[], &[("license", "agpl-3.0-only")], 1),
        (&[], &[("modelspec.license", "Our terms")], 3),
    ] {
        let ran = with(files, metadata, mit);
        assert_eq!(ran.code, code, "{files:?} {metadata:?}: {ran:#?}");
        assert!(ran.stdout.contains("[FAIL] license_allowed"), "{ran:#?}");
    }
    // A denied licence is denied in its other forms.
    let denied = "{ deny = [\"AGPL-3.0-only\"] }";
    assert_eq!(with(&[], &[], denied).code, 0);
    for license in ["AGPL-3.0-or-later", "AGPL-3.0-only WITH GCC-exception-3.1"] {
        let text = format!("---\nlicense: {license}\n---\n");
        let ran = with(&[("README.md", &text)], &[], denied);
        assert_eq!(ran.code, 1, "{license}: {ran:#?}");
    }
}

/// What is run is code, whatever its name or its content shows, and a model that is one file has it too.
#[test]
fn code_of_every_kind_must_be_reviewed() {
    let key = path("p256.key.pem");
    let demand = |place: &Place| {
        place.write(
            "policy.toml",
            format!(
                "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.us]\nkey = \"{}\"\n\
                 [signers]\nreview = [\"us\"]\n[require]\nreview = true\n",
                path("p256.pub.pem")
            ),
        );
    };
    let review = |place: &Place, model: &str| {
        let how = [
            "--reviewer",
            "Ada",
            "--decision",
            "approved",
            "--key",
            &key,
            model,
        ];
        place.run([&["attest", "review"][..], &how].concat())
    };
    for (name, content) in [
        ("op.so", &b"text"[..]),
        ("op.so.1", b"text"),
        ("m.pyc", b"\xf3\x0d\r\n\0\0\0\0"),
        ("m.pyd", b""),
        ("m.pyw", b"import os"),
        ("x.pth", b"import os\n"),
        ("op.dll", b"MZ\x90\0\x03"),
        ("op.dylib", b"\xcf\xfa\xed\xfe\x07"),
        ("weights.dat", b"\x7fELF\x02"),
    ] {
        let place = Place::new();
        demand(&place);
        place.write("m/config.json", "{}");
        place.write(&format!("m/{name}"), content);
        let ran = gate(&place, "m", &[]);
        assert_ne!(ran.code, 0, "{name}: {ran:#?}");
        assert!(ran.stderr.contains(name), "{name}: {ran:#?}");
        let ran = review(&place, "m");
        assert_eq!(ran.code, 0, "{name}: {ran:#?}");
        assert_eq!(gate(&place, "m", &[]).code, 0, "{name}");
        place.write(&format!("m/{name}"), [content, b"!"].concat());
        assert_ne!(gate(&place, "m", &[]).code, 0, "{name} was changed");
    }
    let place = Place::new();
    demand(&place);
    place.write("evil.py", "import os\n");
    let ran = gate(&place, "evil.py", &[]);
    assert!(ran.code != 0 && ran.stderr.contains("evil.py"), "{ran:#?}");
    // Weights are not reviewed: they are scanned.
    place.write("m/model.safetensors", weights());
    place.write("m/model.pth", b"PK\x03\x04");
    let ran = gate(&place, "m", &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// A report that two readers would read differently, or of a run that looked for other things, is none.
#[test]
fn a_report_that_says_two_things_says_nothing() {
    let place = asking("advisories = { below = \"critical\" }");
    place.write("m/config.json", "{}");
    for (report, code) in [
        (r#"{"matches": []}"#, 0),
        (
            r#"{"SchemaVersion": 2, "ArtifactName": "m", "Results": [{"Class": "lang-pkgs"}]}"#,
            0,
        ),
        (r#"{"matches": [{}], "matches": []}"#, 3),
        (r#"{"matches": [], "Results": [{"Vulnerabilities": [{}]}]}"#, 3),
        (
            r#"{"matches": [], "bomFormat": "CycloneDX", "vulnerabilities": [{}]}"#,
            3,
        ),
        (r#"{"SchemaVersion": 1, "ArtifactName": "m"}"#, 3),
        (
            r#"{"SchemaVersion": 2, "ArtifactName": "m", "Results": [{"vulnerabilities": [{}]}]}"#,
            3,
        ),
        (
            r#"{"SchemaVersion": 2, "ArtifactName": "m", "Results": [{"Class": "secret"}]}"#,
            3,
        ),
    ] {
        place.write("report.json", report);
        let ran = gate(&place, "m", &["--advisories", "report.json"]);
        assert_eq!(ran.code != 0, code != 0, "{report}: {ran:#?}");
    }
}

/// Reads a document as an XML reader does, and gives the attributes of its suite and the names of its elements.
fn parsed(xml: &str) -> (Vec<(String, String)>, Vec<String>) {
    let is_of_xml = |it: char| matches!(it, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(is_of_xml), "{xml:?}");
    let mut reader = Reader::from_str(xml);
    let (mut suite, mut names, mut open) = (Vec::new(), Vec::new(), 0_i32);
    loop {
        let event = reader.read_event().unwrap();
        let element = match &event {
            Event::Eof => break,
            Event::Start(element) => {
                open += 1;
                element
            }
            Event::Empty(element) => element,
            Event::End(_) => {
                open -= 1;
                continue;
            }
            _ => continue,
        };
        let name = element.name().as_ref().to_owned();
        for attribute in element.attributes() {
            let attribute = attribute.unwrap();
            let key = attribute.key.as_ref().to_owned();
            let value = attribute.value.to_string();
            if name == "testsuite" {
                suite.push((key, value));
            }
        }
        names.push(name);
    }
    assert_eq!(open, 0, "{xml}");
    (suite, names)
}

fn counts(suite: &[(String, String)]) -> [usize; 4] {
    ["tests", "failures", "errors", "skipped"].map(|key| {
        let (_, value) = suite.iter().find(|(name, _)| name == key).unwrap();
        value.parse().unwrap()
    })
}

fn junit(ran: &Ran) -> ([usize; 4], Vec<String>) {
    let (suite, names) = parsed(&ran.stdout);
    (counts(&suite), names)
}

fn sarif(ran: &Ran) -> Value {
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    if let Some(schema) = crate::formats::sarif_schema() {
        let errors: Vec<String> = schema
            .iter_errors(&sarif)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    sarif["runs"][0].clone()
}

#[test]
fn what_was_skipped_waived_or_not_known_is_told_to_build_servers() {
    let place = asking("revision = true\nbom = true");
    place.write("m/config.json", "{}");
    let ask = |more: &[&str], format: &str| gate(&place, "m", &[more, &["--format", format]].concat());
    // Both are a no; then one is skipped, and one is left that is.
    let skip = ["--skip", "sbom_attached"];
    let (numbers, names) = junit(&ask(&skip, "junit"));
    assert_eq!(numbers, [2, 1, 0, 1]);
    assert!(names.contains(&"skipped".to_owned()), "{names:?}");
    let run = sarif(&ask(&skip, "sarif"));
    let told = &run["invocations"][0]["toolConfigurationNotifications"][0]["message"]["text"];
    assert!(
        told.as_str().unwrap().contains("sbom_attached was skipped"),
        "{told}"
    );
    // Waived.
    let ran = place.run(["digest", "--manifest", "m"]);
    let digest = ran
        .stdout
        .split_whitespace()
        .find(|it| it.starts_with("sha256:"))
        .unwrap();
    let text = std::fs::read_to_string(place.path("policy.toml")).unwrap();
    let today = jiff::Zoned::now().date();
    let until = today.checked_add(jiff::Span::new().days(10)).unwrap();
    place.write(
        "policy.toml",
        format!(
            "{text}\n[[waiver]]\nwaives = \"WL-POLICY-REVISION\"\ndigest = \"{digest}\"\nowner = \"ann\"\napprover = \"bob\"\n\
             reason = \"soon & <later>\"\ngranted = {}\nexpires = {until}\n",
            today.yesterday().unwrap()
        ),
    );
    let ran = ask(&skip, "junit");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let (numbers, _) = junit(&ran);
    assert_eq!(numbers, [2, 0, 0, 1]);
    assert!(
        ran.stdout.contains("<system-out>waived: WL-POLICY-REVISION")
            && ran.stdout.contains("soon &amp; &lt;later&gt;"),
        "{ran:#?}"
    );
    let run = sarif(&ask(&skip, "sarif"));
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "WL-POLICY-REVISION");
    assert_eq!(result["suppressions"][0]["kind"], "external");
    // No answer is an error, and none of it a failure.
    let place = asking("licenses = { allow = [\"MIT\"] }");
    place.write("m/config.json", "{}");
    place.write("m/LICENSE", "Our terms.");
    let ran = gate(&place, "m", &["--format", "junit"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(junit(&ran).0, [1, 0, 1, 0]);
    // All is well, and nothing else is said.
    let place = asking("formats = { deny = [\"pickle\"] }");
    place.write("m/config.json", "{}");
    let ran = gate(&place, "m", &["--format", "junit"]);
    assert_eq!((ran.code, junit(&ran).0), (0, [1, 0, 0, 0]), "{ran:#?}");
}

#[test]
fn names_cannot_break_the_document() {
    let place = asking("formats = { deny = [\"pickle\"] }");
    place.write("m/a\u{fffe}b\u{ffff}<&'\"\u{85}.pkl", CALL);
    let ran = gate(&place, "m", &["--format", "junit"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(junit(&ran).0, [1, 1, 0, 0]);
    sarif(&gate(&place, "m", &["--format", "sarif"]));
}

#[test]
fn where_there_is_no_verdict_the_document_has_an_error() {
    let place = asking("bom = true");
    place.write("broken.toml", "version = 9\n");
    place.write("m/config.json", "{}");
    let no_policy = &["gate", "m"][..];
    let broken = &["gate", "--policy", "broken.toml", "m"];
    let no_target = &["gate", "--policy", "policy.toml", "none"];
    for arguments in [no_policy, broken, no_target] {
        let ran = place.run([arguments, &["--format", "junit"]].concat());
        assert_ne!(ran.code, 0, "{ran:#?}");
        let ([tests, failures, errors, skipped], _) = junit(&ran);
        assert!(
            tests > 0 && errors == tests && failures == 0 && skipped == 0,
            "{ran:#?}"
        );
        let run = sarif(&place.run([arguments, &["--format", "sarif"]].concat()));
        assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        assert_eq!(run["results"][0]["level"], "error");
    }
}

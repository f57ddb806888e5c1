//! Ways that were found to get a yes out of `weightlock gate`, each beside the nearest that is a yes.

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use crate::{
    archives::{gzipped, tarred, zipped},
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

/// A licence in an odd form is no silence; and what published cards write is understood.
#[test]
fn every_form_of_a_licence_is_understood_or_told() {
    const MIT: &str = include_str!("../../../weightlock-bom/testdata/licence-mit.txt");
    const APACHE: &str = include_str!("../../../../LICENSE");
    let agpl = "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n";
    let whole_agpl = format!(
        "{agpl}{}\nremote network interaction\n",
        "words of it ".repeat(50)
    );
    let terms = format!("{MIT}\nYou may not use it for any commercial purpose.\n");
    let link = |link: &str| format!("license: mit\nlicense_link: {link}");
    let hub = "https://huggingface.co/acme/m/blob/main";
    let ordinary = [
        ("license: mit".to_owned(), vec![]),
        ("license: apache-2.0".to_owned(), vec![("LICENSE", APACHE)]),
        (
            "license: [mit, apache-2.0]".to_owned(),
            vec![("LICENSE", MIT), ("LICENSE-APACHE", APACHE)],
        ),
        (
            "license:\n- mit\n- apache-2.0\nlicense_name:\n".to_owned(),
            vec![],
        ),
        (link("LICENSE"), vec![("LICENSE", MIT)]),
        (link("./docs/terms.txt"), vec![("docs/terms.txt", MIT)]),
        (link(&format!("{hub}/LICENSE")), vec![]),
        (
            link("https://opensource.org/licenses/MIT"),
            vec![("LICENSE", MIT)],
        ),
        (link("https://choosealicense.com/licenses/mit/"), vec![]),
        (
            "license: apache-2.0\nlicense_link: https://www.apache.org/licenses/LICENSE-2.0".to_owned(),
            vec![],
        ),
        (
            "license: mit".to_owned(),
            vec![("README", "Run it."), ("gemma.txt", "notes")],
        ),
    ];
    let odd = [
        ("license: {name: agpl-3.0}".to_owned(), vec![], 3),
        ("license: [[agpl-3.0]]".to_owned(), vec![], 3),
        ("license: [mit, {id: agpl-3.0}]".to_owned(), vec![], 3),
        ("license: [mit, [agpl-3.0]]".to_owned(), vec![], 3),
        ("license:\n  agpl-3.0: yes".to_owned(), vec![], 3),
        ("license: \"\"".to_owned(), vec![], 3),
        ("license: mit\nlicense_name: [agpl-3.0]".to_owned(), vec![], 3),
        ("license: mit\nlicense_name: {a: agpl-3.0}".to_owned(), vec![], 3),
        ("license: mit\nlicence: cc-by-nc-4.0".to_owned(), vec![], 1),
        (link("https://www.gnu.org/licenses/agpl-3.0.html"), vec![], 3),
        (link("https://creativecommons.org/licenses/by-nc/4.0/"), vec![], 1),
        (link(&format!("{hub}/EULA")), vec![], 3),
        (link("EULA"), vec![], 3),
        (link("https://example.org/LICENSE"), vec![], 3),
        ("license: mit".to_owned(), vec![("LICENSE", terms.as_str())], 3),
        ("license: mit".to_owned(), vec![("AGPL-3.0.txt", agpl)], 3),
        (
            "license: mit".to_owned(),
            vec![("README", "---\nlicense: cc-by-nc-4.0\n---\n")],
            1,
        ),
        (
            "license: mit".to_owned(),
            vec![("README.rst", whole_agpl.as_str())],
            3,
        ),
    ];
    let ordinary = ordinary.into_iter().map(|(front, files)| (front, files, 0));
    for (front, files, code) in ordinary.chain(odd) {
        let place = asking("licenses = { allow = [\"MIT\", \"Apache-2.0\"] }");
        place.write("m/config.json", "{}");
        place.write("m/README.md", format!("---\n{front}\n---\n# M\n"));
        if !files.iter().any(|(name, _)| *name == "LICENSE") {
            place.write("m/docs/LICENSE", MIT);
        }
        for (name, text) in &files {
            place.write(&format!("m/{name}"), text);
        }
        let ran = gate(&place, "m", &[]);
        assert_eq!(ran.code, code, "{front} {files:?}: {ran:#?}");
    }
}

/// Writes a policy that asks for a review alone.
fn demand(place: &Place) {
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[identity.us]\nkey = \"{}\"\n\
             [signers]\nreview = [\"us\"]\n[require]\nreview = true\n",
            path("p256.pub.pem")
        ),
    );
}

/// Approves the code of a model.
fn review(place: &Place, model: &str) -> Ran {
    let key = path("p256.key.pem");
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
}

/// A pickle of an empty dictionary, as weights of PyTorch begin.
const EMPTY: &[u8] = b"\x80\x02}q\x00.";

/// Code in an archive is code: whoever unpacks, imports or serves the archive runs it.
#[test]
fn code_in_archives_must_be_reviewed() {
    const PY: &[u8] = b"import os\n";
    let py: &[(&str, &[u8])] = &[("code/inference.py", PY), ("model.safetensors", &weights())];
    let auto_map = br#"{"auto_map": {"AutoModel": "modeling_x.X"}}"#;
    let script: &[(&str, &[u8])] = &[
        ("m/data.pkl", EMPTY),
        ("m/constants.pkl", EMPTY),
        ("m/version", b"3\n"),
        ("m/code/__torch__.py", b"op_version_set = 1\n"),
    ];
    for (name, content) in [
        ("code.zip", zipped(py)),
        ("layer.tar", tarred(py)),
        ("model.tar.gz", gzipped(&tarred(py))),
        (
            "m.nemo",
            tarred(&[("model_config.yaml", b"a: b\n"), ("x.py", PY)]),
        ),
        ("nested.tar", tarred(&[("inner.zip", &zipped(py))])),
        ("inference.py.gz", gzipped(PY)),
        ("module.zip", zipped(&[("m.bin", b"\x7fELF\x02\x01")])),
        ("config.tar", tarred(&[("config.json", auto_map)])),
        ("script.pt", zipped(script)),
        ("weights.safetensors", [weights(), zipped(py)].concat()),
        ("empty.whl", zipped(&[])),
        ("app.pyz", zipped(py)),
        ("serve.mar", zipped(py)),
        ("broken.zip", zipped(py)[..60].to_vec()),
        ("sealed.rar", b"Rar!\x1a\x07\x01\x00abcdefgh".to_vec()),
    ] {
        let place = Place::new();
        demand(&place);
        place.write("m/config.json", "{}");
        place.write(&format!("m/{name}"), &content);
        let ran = gate(&place, "m", &[]);
        assert_ne!(ran.code, 0, "{name}: {ran:#?}");
        assert!(ran.stderr.contains(name), "{name}: {ran:#?}");
        let ran = review(&place, "m");
        assert_eq!(ran.code, 0, "{name}: {ran:#?}");
        assert_eq!(gate(&place, "m", &[]).code, 0, "{name}");
    }
    // No review of this folder covers what an archive takes from elsewhere.
    let place = Place::new();
    demand(&place);
    let elsewhere = br#"{"auto_map": {"AutoModel": "evil/x--modeling_x.X"}}"#;
    place.write("m/layer.tar", tarred(&[("config.json", elsewhere)]));
    assert_ne!(review(&place, "m").code, 0);
    assert_ne!(gate(&place, "m", &[]).code, 0);
}

/// A kernel from a hub is code that is not here, in whatever form the configuration names it.
#[test]
fn no_review_of_a_folder_covers_a_kernel_from_elsewhere() {
    for (config, code) in [
        (r#"{"attn_implementation": "evil/kernel"}"#, 1),
        (r#"{"attn_implementation": {"": "evil/kernel"}}"#, 1),
        (
            r#"{"text_config": {"_attn_implementation": {"text_config": "evil/kernel"}}}"#,
            1,
        ),
        (r#"{"experts_implementation": ["evil/kernel"]}"#, 1),
        (r#"{"attn_implementation": {"": "sdpa"}}"#, 0),
    ] {
        let place = Place::new();
        demand(&place);
        place.write("m/config.json", config);
        place.write("m/model.safetensors", weights());
        let ran = gate(&place, "m", &[]);
        assert_eq!((ran.code != 0), (code != 0), "{config}: {ran:#?}");
        let ran = place.run(["attest", "review", "--list", "m"]);
        assert_eq!(
            ran.stdout.contains("from another repository"),
            code != 0,
            "{config}: {ran:#?}"
        );
        assert_ne!(review(&place, "m").code, 0, "{config}");
    }
}

/// Archives of data are none: they are scanned.
#[test]
fn archives_of_weights_are_not_reviewed() {
    let array = b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }          \n\0\0\0\0";
    for (name, content) in [
        (
            "pytorch_model.bin",
            zipped(&[
                ("archive/data.pkl", EMPTY),
                // Numbers may begin as a program does.
                ("archive/data/0", b"\x7fELF\x02\x01"),
                ("archive/version", b"3\n"),
            ]),
        ),
        ("weights.npz", zipped(&[("a.npy", array)])),
        (
            "m.keras",
            zipped(&[
                ("metadata.json", b"{\"keras_version\": \"3.0.0\"}"),
                (
                    "config.json",
                    b"{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}",
                ),
            ]),
        ),
        ("vocab.txt.gz", gzipped(b"a\nb\n")),
        (
            "m.nemo",
            tarred(&[
                ("model_config.yaml", b"a: b\n"),
                ("model.safetensors", &weights()),
            ]),
        ),
    ] {
        let place = Place::new();
        demand(&place);
        place.write(&format!("m/{name}"), &content);
        let ran = gate(&place, "m", &[]);
        assert_eq!(ran.code, 0, "{name}: {ran:#?}");
    }
}

/// What is run is code, whatever its name or its content shows, and a model that is one file has it too.
#[test]
fn code_of_every_kind_must_be_reviewed() {
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
    place.write(
        "m/model.pth",
        zipped(&[("m/data.pkl", EMPTY), ("m/version", b"3\n")]),
    );
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

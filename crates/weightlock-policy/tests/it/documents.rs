//! What is no policy.

use weightlock_policy::{Document, WaiverList};

use crate::given::{DEMANDS, PEOPLE, WORDS, digest};

fn fault(text: &str) -> String {
    match Document::parse(text.as_bytes(), &WORDS) {
        Ok(_) => panic!("was taken:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_mistake_is_told_with_its_line() {
    let whole = format!("{PEOPLE}\n[require]\n{DEMANDS}");
    assert!(Document::parse(whole.as_bytes(), &WORDS).is_ok());
    for (from, to, said) in [
        ("version = 1", "version = 2", "version is 2"),
        ("version = 1", "", "version"),
        ("signature = true", "signatur = true", "unknown field"),
        ("signature = true", "signature = false", "leave out the line"),
        ("signature = true", "signature = \"yes\"", "true, or a table"),
        (
            "signature = true",
            "signature = { signers = 0 }",
            "demands nothing",
        ),
        (
            "signature = true",
            "signature = { by = [\"nobody\"] }",
            "no identity",
        ),
        (
            "signature = true",
            "signature = { signers = 2, by = [\"release\"] }",
            "more signers",
        ),
        ("below = \"medium\"", "below = \"info\"", "one of low"),
        ("below = \"medium\"", "below = \"Medium\"", "one of low"),
        ("level = 3, builders", "level = 4, builders", "1, 2 and 3"),
        ("at-least = 0.9", "at-leest = 0.9", "unknown field"),
        ("at-least = 0.9", "at-least = nan", "numbers"),
        (", at-least = 0.9", "", "at-least or at-most"),
        ("\"Apache-2.0\", \"MIT\"", "\"Apache 2\"", "neither an identifier"),
        ("\"Apache-2.0\", \"MIT\"", "\"set:mild\"", "no set of licences"),
        ("allow = [\"Apache-2.0\", \"MIT\"]", "", "allows or denies"),
        ("deny = [\"pickle\"]", "deny = [\"pikle\"]", "no file format"),
        ("deny = [\"pickle\"]", "deny = []", "names the formats"),
        ("scan = \"1d\"", "scan = \"1 day\"", "12h, 30d or 8w"),
        ("scan = \"1d\"", "scam = \"1d\"", "no kind of evidence"),
        ("oms = [\"release\"]", "oms = [\"relaese\"]", "no identity"),
        (
            "oms = [\"release\"]",
            "omms = [\"release\"]",
            "no kind of evidence",
        ),
        ("key = \"release.pub\"", "", "exactly one of"),
        (
            "key = \"release.pub\"",
            "key = \"a\"\ncertificates = \"b\"",
            "exactly one of",
        ),
        (
            "key = \"release.pub\"",
            "key = \"a\"\nissuer = \"b\"",
            "belong to an identity",
        ),
        ("issuer = \"https://login.acme.example\"", "", "needs its issuer"),
        ("builder-level = 3", "", "belong together"),
        ("builder-level = 3", "builder-level = 0", "1, 2 and 3"),
        ("mode = \"development\"", "mode = \"prod\"", "unknown variant"),
        (
            "identity = \"ciso@acme.example\"",
            "identity-pattern = \".*\"",
            "regular expression",
        ),
        (
            "identity = \"ciso@acme.example\"",
            "identity-pattern = \"*@*\"",
            "leaves open",
        ),
    ] {
        assert!(whole.contains(from), "{from}");
        let told = fault(&whole.replacen(from, to, 1));
        assert!(told.contains(said), "{from} → {to}: {told}");
        let place: usize = told
            .strip_prefix("line ")
            .unwrap()
            .split(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let line = 1 + whole.split(from).next().unwrap().matches('\n').count();
        assert!(
            place <= line && place + 3 >= line,
            "{from} → {to}: {told}, wanted line {line}"
        );
    }
}

#[test]
fn a_rule_has_a_condition_and_does_something() {
    let head = "version = 1\n";
    for (rule, said) in [
        ("[[rule]]\ndeny = \"x\"", "when"),
        ("[[rule]]\nwhen = {}\ndeny = \"x\"", "has a condition"),
        ("[[rule]]\nwhen = { model = \"x\" }", "does nothing"),
        ("[[rule]]\nwhen = { model = \"x\" }\ndeny = \" \"", "says why"),
        (
            "[[rule]]\nwhen = { model = \"x\" }\ndeny = \"x\"\nquarantine = \"y\"",
            "not both",
        ),
        (
            "[[rule]]\nwhen = { model = \"a**\" }\ndeny = \"x\"",
            "special characters",
        ),
        (
            "[[rule]]\nwhen = { digest = \"sha256:00\" }\ndeny = \"x\"",
            "digest",
        ),
        (
            "[[rule]]\nwhen = { format = \"pikle\" }\ndeny = \"x\"",
            "no file format",
        ),
        ("[[rule]]\nwhen = { nmae = \"x\" }\ndeny = \"x\"", "unknown field"),
    ] {
        let told = fault(&format!("{head}{rule}"));
        assert!(told.contains(said), "{rule}: {told}");
    }
}

fn waiver(change: impl Fn(String) -> String) -> Result<WaiverList, String> {
    let text = format!(
        "version = 1\n[[waiver]]\nwaives = \"WL-POLICY-CARD\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"bob\"\n\
         reason = \"the card is being written\"\ngranted = 2026-11-01\nexpires = 2027-01-30\n",
        digest("model")
    );
    WaiverList::parse(change(text).as_bytes(), &WORDS).map_err(|error| error.to_string())
}

#[test]
fn an_exception_has_two_people_an_end_and_something_that_can_be_waived() {
    assert!(waiver(|it| it).is_ok());
    for waives in ["pickle-global-import", "CVE-2026-1234", "GHSA-abcd-efgh-ijkl"] {
        assert!(
            waiver(|it| it.replace("WL-POLICY-CARD", waives)).is_ok(),
            "{waives}"
        );
    }
    for (from, to, said) in [
        ("WL-POLICY-CARD", "WL-POLICY-SIGNATURE", "cannot be waived"),
        ("WL-POLICY-CARD", "WL-POLICY-COVERAGE", "cannot be waived"),
        ("WL-POLICY-CARD", "WL-POLICY-UNREADABLE", "cannot be waived"),
        ("WL-POLICY-CARD", "WL-SIG-CHANGED", "cannot be waived"),
        ("WL-POLICY-CARD", "WL-NO-SUCH", "no reason"),
        (
            "WL-POLICY-CARD",
            "pickle-glbal-import",
            "no reason, rule or advisory",
        ),
        ("\"bob\"", "\"Ann \"", "does not approve it"),
        // Cyrillic letters.
        ("\"bob\"", "\"b\u{43e}b\"", "in ASCII"),
        ("\"ann\"", "\"\u{430}nn\"", "in ASCII"),
        ("\"bob\"", "\" \"", "an owner, an approver and a reason"),
        (
            "the card is being written",
            " ",
            "an owner, an approver and a reason",
        ),
        ("2027-01-30", "2027-01-31", "90 days at most"),
        ("2027-01-30", "2026-10-31", "ends before it begins"),
        ("2027-01-30", "\"2027-01-30\"", "line"),
        ("2027-01-30", "2027-01-30T00:00:00Z", "is a day"),
        ("expires", "expire", "unknown field"),
        ("sha256:", "sha1:", "sha256:"),
    ] {
        let told = waiver(|it| it.replacen(from, to, 1)).unwrap_err();
        assert!(told.contains(said), "{from} → {to}: {told}");
    }
}

#[test]
fn what_is_no_text_or_too_long_is_refused() {
    assert!(Document::parse(b"version = 1\n\xff", &WORDS).is_err());
    assert!(Document::parse(&vec![b'\n'; weightlock_policy::document::MAX_BYTES + 1], &WORDS).is_err());
    assert!(Document::parse(b"", &WORDS).is_err());
}

#[test]
fn the_schema_takes_what_is_taken_and_refuses_what_is_refused() {
    let schema = serde_json::to_value(Document::schema()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let json = |text: &str| -> serde_json::Value {
        serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
    };
    let whole = format!("{PEOPLE}\n[require]\n{DEMANDS}");
    assert!(schema.is_valid(&json(&whole)));
    assert!(!schema.is_valid(&json(&whole.replace("signature = true", "signatur = true"))));
    assert!(!schema.is_valid(&json(&whole.replace("level = 3", "level = \"3\""))));
}

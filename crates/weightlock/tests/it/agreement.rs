//! Must show: a verdict is the same from `gate`, `inspect` and `run`. The wheel judges the same table in its own tests.

use std::{collections::BTreeMap, fs};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    attest::path,
    gate::remove,
    run::{Place, Ran, repository},
};

/// `testdata/policy/agreement/cases.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    #[serde(rename = "about")]
    _about: String,
    policy: Vec<String>,
    files: BTreeMap<String, String>,
    states: BTreeMap<String, State>,
    steps: Vec<Step>,
    situations: BTreeMap<String, Situation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    #[serde(default)]
    begin: Vec<Step>,
    #[serde(default)]
    end: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Step {
    Run(Vec<String>),
    Write((String, String)),
    Remove(String),
    RemoveEvidence(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Situation {
    mode: Option<String>,
    tier: Option<String>,
    revision: Option<String>,
    #[serde(default)]
    skip: Vec<String>,
    #[serde(default)]
    advisories: Vec<String>,
    #[serde(default)]
    waives: Vec<String>,
}

fn keyed(text: &str) -> String {
    let release = path("p256.key.pem").replace(".key.pem", "");
    let other = path("p384.key.pem").replace(".key.pem", "");
    text.replace("{release}", &release).replace("{other}", &other)
}

impl Step {
    fn take(&self, place: &Place) {
        match self {
            Self::Run(words) => {
                let words: Vec<String> = words.iter().map(|word| keyed(word)).collect();
                let ran = place.run(&words);
                assert_eq!(ran.code, 0, "{words:?}: {ran:#?}");
            }
            Self::Write((name, text)) => place.write(name, text),
            Self::Remove(name) => fs::remove_file(place.path(name)).unwrap(),
            Self::RemoveEvidence(kind) => remove(place, kind),
        }
    }
}

impl Situation {
    fn flags(&self) -> Vec<String> {
        let one = |flag: &str, value: &Option<String>| {
            let value = value.as_ref()?;
            Some(format!("--{flag}={value}"))
        };
        let many = |flag: &'static str, values: &[String]| {
            let flags: Vec<String> = values.iter().map(|value| format!("--{flag}={value}")).collect();
            flags
        };
        let single = [
            one("mode", &self.mode),
            one("tier", &self.tier),
            one("revision", &self.revision),
        ];
        let mut flags: Vec<String> = single.into_iter().flatten().collect();
        flags.push("--policy=policy.toml".to_owned());
        flags.extend(many("skip", &self.skip));
        flags.extend(many("advisories", &self.advisories));
        flags
    }

    fn policy(&self, table: &Table, digest: &str) -> String {
        let mut text = keyed(&table.policy.join("\n"));
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let later = today.saturating_add(jiff::Span::new().days(30));
        for waives in &self.waives {
            text += &format!(
                "[[waiver]]\nwaives = \"{waives}\"\ndigest = \"{digest}\"\nowner = \"ann\"\napprover = \"officer\"\n\
                 reason = \"a test\"\ngranted = {today}\nexpires = {later}\n"
            );
        }
        text
    }
}

/// A verdict without its time, and how the run ended.
type Answer = (Value, i32);

fn without_time(mut verdict: Value, code: i32) -> Answer {
    verdict["time"] = json!(null);
    (verdict, code)
}

fn judged(place: &Place, verb: &str, flags: &[String]) -> Ran {
    let mut words = vec![verb.to_owned(), "--json".to_owned()];
    words.extend_from_slice(flags);
    match verb {
        "run" => words.extend(["--model", "m", "--", "/bin/ls", "{model}"].map(str::to_owned)),
        _ => words.push("m".to_owned()),
    }
    let mut command = place.command(words);
    Ran::of(command.env("TMPDIR", place.path(".")))
}

/// The digest in `allowed: m   sha256:…   …`.
fn told_digest(ran: &Ran) -> Option<&str> {
    let mut lines = ran.stderr.lines();
    let allowed = lines.find_map(|line| line.strip_prefix("allowed: m   "))?;
    allowed.split_whitespace().next()
}

#[test]
fn a_verdict_is_the_same_whoever_asks() {
    let file = repository().join("testdata/policy/agreement/cases.json");
    let table: Table = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (state, how) in &table.states {
        let place = Place::new();
        for (name, text) in &table.files {
            place.write(name, text);
        }
        for step in how.begin.iter().chain(&table.steps).chain(&how.end) {
            step.take(&place);
        }
        let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
        for (name, situation) in &table.situations {
            let case = format!("{state}, {name}");
            place.write("policy.toml", situation.policy(&table, digest.trim()));
            let flags = situation.flags();
            let gate = judged(&place, "gate", &flags);
            let expected = without_time(gate.json()["result"].clone(), gate.code);
            assert!(expected.0["decision"].is_string(), "{case}: {gate:#?}");
            let decision = expected.0["decision"].as_str().unwrap().to_owned();
            assert_eq!(expected.0["digest"], digest.trim(), "{case}");
            let inspect = judged(&place, "inspect", &flags);
            let told = without_time(inspect.json()["result"]["verdict"].clone(), inspect.code);
            assert_eq!(told.0, expected.0, "{case}: inspect");
            let run = judged(&place, "run", &flags);
            assert_eq!(run.code, expected.1, "{case}: {run:#?}");
            if decision == "allow" {
                assert_eq!(inspect.code, 0, "{case}");
                assert_eq!(told_digest(&run), Some(digest.trim()), "{case}: {run:#?}");
                assert!(run.stdout.contains("config.json"), "{case}: {run:#?}");
            } else {
                assert_ne!(inspect.code, 0, "{case}");
                let told = without_time(run.json()["result"].clone(), run.code);
                assert_eq!(told, expected, "{case}: run");
                assert_eq!(run.codes(), gate.codes(), "{case}: the reasons, in their order");
            }
            *counts.entry(decision).or_default() += 1;
        }
    }
    let counts: Vec<(&str, usize)> = counts
        .iter()
        .map(|(word, count)| (word.as_str(), *count))
        .collect();
    assert_eq!(counts, [("allow", 18), ("deny", 77), ("quarantine", 5)]);
}

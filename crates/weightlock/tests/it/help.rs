//! Help that is right: every advised command parses (U7), manual pages and completions follow the parser (U10), every
//! document follows its schema (U3).

use std::collections::BTreeSet;

use clap::{CommandFactory as _, Parser as _};
use weightlock::{
    cli::{Cli, WELCOME},
    commands::man,
    explanations, reference,
};

use crate::run::Place;

/// Commands of ours in a text: from `weightlock` to the end of the line, of the quotation, or of the sentence.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        for (at, _) in line.match_indices("weightlock ") {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|before| before.is_alphanumeric() || "/.-".contains(before)) {
                continue;
            }
            let rest = &line[at..];
            let end = match before {
                Some('`') => rest.find('`'),
                _ => rest
                    .find("  ")
                    .into_iter()
                    .chain(rest.find(['`', ',', ';', '|', '>', '…', '(']))
                    .min(),
            };
            found.push(rest[..end.unwrap_or(rest.len())].trim().to_owned());
        }
    }
    found
}

/// What is not a whole command by intention: examples of what one should not type, and prose.
const NOT_COMMANDS: [&str; 5] = [
    // explain WL-CLI-USAGE: the example of the mistake.
    "weightlock sign ./model",
    "weightlock verify ./model",
    "weightlock help VERB",
    "weightlock on",
    // What a scan says at its end.
    "weightlock verify says who made it",
];

#[track_caller]
fn parses(command: &str) {
    // A verb alone, in a sentence, is mentioned and not advised.
    let mut words = command.split_whitespace().skip(1);
    let verb = words.try_fold(Cli::command(), |verb, word| verb.find_subcommand(word).cloned());
    if NOT_COMMANDS.contains(&command) || verb.is_some() {
        return;
    }
    let words = command.split_whitespace();
    match Cli::try_parse_from(words) {
        Ok(_) => {}
        Err(error) if !error.use_stderr() => {}
        Err(error) => panic!("{command:?} is advised and does not parse: {error}"),
    }
}

#[test]
fn every_command_that_is_advised_parses() {
    let mut count = 0;
    let explained = explanations::all().map(|one| one.fix);
    let rules = weightlock_scan::rules::all().map(|rule| rule.fix);
    for text in explained.chain(rules).chain([WELCOME]) {
        for command in commands(text) {
            parses(&command);
            count += 1;
        }
    }
    assert!(
        count > 5,
        "only {count} commands were found: the search is broken"
    );
}

#[test]
fn every_command_that_a_run_advises_parses() {
    let place = Place::with_model();
    place.write("a.key", "");
    place.write("list.json", "{}");
    place.write("odd/x.bin", [0xff; 64]);
    place.write("odd/cut.safetensors", [9, 0, 0, 0, 0, 0, 0, 0, b'{']);
    let runs: [&[&str]; 22] = [
        &["scan", "odd"],
        &["scan", "--baseline", "a.key", "odd"],
        &["scan", "none"],
        &["explain", "broken-fromat"],
        &["sign", "m"],
        &["verify", "m"],
        &["verify", "--key", "none.pub", "m"],
        &["sign", "--key", "a.key", "m"],
        &["key", "generate", "a"],
        &["key", "generate", "x/"],
        &["explain", "WL-SIG-TAMPRED"],
        &["man", "verfy"],
        &["man", "zzz"],
        &["doctor"],
        &["inventory"],
        &["inventory", "--scan", "m"],
        &[
            "attest",
            "--key",
            "none.key",
            "--type",
            "revew",
            "--predicate",
            "none",
            "m",
        ],
        &[
            "attest",
            "--key",
            "none.key",
            "--type",
            "leaves",
            "--predicate",
            "list.json",
            "m",
        ],
        &[
            "verify-attestation",
            "--type",
            "bom",
            "--signer-for",
            "scan=none",
            "m",
        ],
        &["evidence", "list", "m"],
        &["evidence", "remove", "m", "x"],
        &["sign", "--add", "--key", "a.key", "m"],
    ];
    for arguments in runs {
        let ran = place.run(arguments);
        // A scan's findings, which stand in its result, advise too.
        let result = if arguments[0] == "scan" {
            ran.stdout.as_str()
        } else {
            ""
        };
        for command in commands(&ran.stderr).into_iter().chain(commands(result)) {
            parses(&command);
        }
    }
    for command in commands(&place.run(["demo"]).yes().stdout) {
        parses(&command);
    }
}

#[test]
fn every_verb_has_a_manual_page_with_all_of_its_flags() {
    let pages = man::pages();
    let mut parser = Cli::command();
    parser.build();
    let mut waiting = vec![&parser];
    let mut seen = 0;
    while let Some(command) = waiting.pop() {
        let name = command.get_bin_name().unwrap_or("weightlock").replace(' ', "-");
        let (_, page) = pages
            .iter()
            .find(|(page, _)| *page == name)
            .unwrap_or_else(|| panic!("{name} has no page"));
        for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
            if let Some(long) = flag.get_long() {
                let written = format!("\\-\\-{}", long.replace('-', "\\-"));
                assert!(page.contains(&written), "the page of {name} lacks --{long}");
            }
        }
        waiting.extend(
            command
                .get_subcommands()
                .filter(|below| below.get_name() != "help" && !below.is_hide_set()),
        );
        seen += 1;
    }
    assert_eq!(seen, pages.len());
}

#[test]
fn man_prints_one_page_and_writes_all() {
    let place = Place::new();
    let printed = place.run(["man", "key", "generate"]).yes().stdout;
    assert!(
        printed.starts_with(".ie") && printed.contains(".TH WEIGHTLOCK-KEY-GENERATE 1"),
        "{printed}"
    );
    std::fs::create_dir(place.path("pages")).unwrap();
    let written = place.run(["man", "--all", "-o", "pages", "--json"]).yes().json();
    assert_eq!(
        written["result"]["written"].as_array().unwrap().len(),
        man::pages().len()
    );
    let file = std::fs::read_to_string(place.path("pages/weightlock-key-generate.1")).unwrap();
    assert_eq!(file, printed);
    place
        .run(["man", "--all", "-o", "none"])
        .refused(4, "WL-IO-NOT-FOUND");
}

#[test]
fn completions_know_every_verb_in_every_shell() {
    let place = Place::new();
    let verbs: Vec<String> = Cli::command()
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .map(|verb| verb.get_name().to_owned())
        .collect();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(["completions", shell]).yes().stdout;
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "{shell} does not know {verb}");
        }
        assert!(script.contains("password-file"), "{shell}");
    }
}

#[test]
fn documents_follow_their_schemas() {
    let place = Place::with_model();
    place.write("pass", "x");
    let list = place.run(["digest", "m"]).yes().stdout;
    place.write("list", &list);
    place.write("n/config.json", "{}");
    place.write("a.pkl", b"\x80\x02cposix\nsystem\n(N.");
    let runs: [(&str, &[&str]); 34] = [
        ("version", &["version"]),
        ("explain", &["explain"]),
        ("explain", &["explain", "WL-NO-SUCH"]),
        ("doctor", &["doctor"]),
        ("demo", &["demo"]),
        ("digest", &["digest", "m"]),
        ("digest", &["digest", "--manifest", "m"]),
        ("digest", &["digest", "--check", "list"]),
        ("diff", &["diff", "m", "n"]),
        ("diff", &["diff", "m", "m"]),
        ("inspect", &["inspect", "m"]),
        ("inspect", &["inspect", "none"]),
        ("inventory", &["inventory", "m"]),
        ("inventory", &["inventory", "--scan", "m", "a.pkl"]),
        ("inventory", &["inventory"]),
        ("explain", &["explain", "broken-format"]),
        ("scan", &["scan", "m"]),
        ("scan", &["scan", "list", "none"]),
        ("scan", &["scan", "m", "--baseline", "none"]),
        ("scan-rules", &["scan", "--rules"]),
        ("disassemble", &["disassemble", "a.pkl"]),
        (
            "key-generate",
            &["key", "generate", "k", "--password-file", "pass"],
        ),
        (
            "key-generate",
            &["key", "generate", "k", "--password-file", "pass"],
        ),
        ("key-inspect", &["key", "inspect", "k.key"]),
        ("key-inspect", &["key", "inspect", "k.pub"]),
        (
            "sign",
            &["sign", "--key", "k.key", "--password-file", "pass", "m"],
        ),
        ("verify", &["verify", "--key", "k.pub", "m"]),
        ("verify", &["verify", "--key", "k.pub", "none"]),
        (
            "attest",
            &[
                "attest",
                "--key",
                "k.key",
                "--password-file",
                "pass",
                "--type",
                "card",
                "--predicate",
                "n/config.json",
                "m",
            ],
        ),
        ("evidence-list", &["evidence", "list", "m"]),
        (
            "verify-attestation",
            &["verify-attestation", "--key", "k.pub", "--type", "card", "m"],
        ),
        (
            "evidence-show",
            &["evidence", "show", "m", "card", "--output", "sent"],
        ),
        ("evidence-add", &["evidence", "add", "m", "sent"]),
        ("evidence-remove", &["evidence", "remove", "--yes", "m", "card"]),
    ];
    let schemas = reference::schemas();
    for (name, arguments) in runs {
        let (_, schema) = schemas.iter().find(|(verb, _)| *verb == name).unwrap();
        let validator = jsonschema::validator_for(schema.as_value()).unwrap();
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        let document = place.run(&arguments).json();
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
    }
}

#[test]
fn schemas_are_closed_and_have_a_name_of_their_own() {
    let mut names = BTreeSet::new();
    for (name, schema) in reference::schemas() {
        assert!(names.insert(name), "{name} twice");
        assert_eq!(schema.get("additionalProperties"), Some(&false.into()), "{name}");
    }
}

//! Documents that are right: commands in them parse, those of the README and of the how-tos run and print what is shown.
//!
//! A document shows the lines of the output that matter, or their beginnings, in their order. What is shown of a
//! refusal begins with `error[`; every other command ends with yes. The how-to of the first minute works on weights
//! from a package registry and is only parsed here.

use std::{fs, path::Path, process::Command};

use clap::Parser as _;
use weightlock::cli::Cli;

use crate::run::{Place, Ran, key, repository};

/// A line behind a prompt, and the lines shown below it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) command: String,
    pub(crate) output: Vec<String>,
}

/// The console blocks of a document, in order.
pub(crate) fn console(text: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if !inside {
        } else if let Some(command) = line.strip_prefix("$ ") {
            shown.push(Shown {
                command: command.to_owned(),
                output: Vec::new(),
            });
        } else if let Some(last) = shown.last_mut() {
            last.output.push(line.to_owned());
        }
    }
    shown
}

/// The words of a line as a shell reads them, up to the first operator; variables before the command are left out.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in line.chars() {
        match (character, quote) {
            ('\'' | '"', None) => quote = Some(character),
            (end, Some(begin)) if end == begin => quote = None,
            (' ', None) => words.push(String::new()),
            ('|' | '>' | '&' | ';', None) => break,
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    let command = words.iter().position(|word| !word.contains('=')).unwrap_or(0);
    words.split_off(command)
}

fn documents() -> Vec<(String, String)> {
    let mut found = vec![
        "README.md".into(),
        "CONTRIBUTING.md".into(),
        "CHANGELOG.md".into(),
    ];
    let mut folders = vec![Path::new("docs").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(repository().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if repository().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let read = |path: &Path| fs::read_to_string(repository().join(path)).unwrap();
    found
        .iter()
        .map(|path| (path.display().to_string(), read(path)))
        .collect()
}

fn document(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap()
}

/// Runs a line in a shell that finds our binary and has a password for keys.
pub(crate) fn run(place: &Place, line: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_weightlock"));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(place.path(""))
        .env_clear()
        .env("PATH", path)
        .env("HOME", place.path("home"))
        .env("WEIGHTLOCK_PASSWORD", "password");
    Ran::of(&mut command)
}

/// Every line shown begins a line that was printed, in the same order.
#[track_caller]
pub(crate) fn assert_printed(shown: &[String], printed: &str, whole: bool) {
    let mut lines = printed.lines();
    for line in shown.iter().filter(|line| !line.is_empty()) {
        let wanted = if whole { line.as_str() } else { beginning(line) };
        assert!(
            lines.any(|printed| printed.starts_with(wanted)),
            "{wanted:?} is not printed, or not there:\n{printed}"
        );
    }
}

/// What does not depend on the model: the words before the first number, name of a file or fingerprint.
fn beginning(line: &str) -> &str {
    let named = line.find(|character: char| character.is_ascii_digit() || "/.".contains(character));
    let end = named.unwrap_or(line.len());
    let words = line[..end].rfind(' ').filter(|_| named.is_some()).unwrap_or(end);
    &line[..words]
}

#[test]
fn every_command_in_a_document_parses() {
    let mut count = 0;
    for (name, text) in documents() {
        for shown in console(&text) {
            let words = words(&shown.command);
            if words.first().is_none_or(|word| word != "weightlock") {
                continue;
            }
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{name}: {} does not parse: {error}", shown.command);
            }
            count += 1;
        }
    }
    assert!(
        count > 30,
        "only {count} commands were found: the search is broken"
    );
}

#[test]
fn words_are_those_of_a_shell() {
    let line = "A=b weightlock verify --only '*.x y' \"z\" m > answer && rm m";
    assert_eq!(words(line), ["weightlock", "verify", "--only", "*.x y", "z", "m"]);
}

/// U11: the quick start fits on a screen and does what it shows, on a model of a few megabytes.
#[test]
fn the_quick_start_is_short_and_runs() {
    let text = document("README.md");
    let start = text.split("\n## ").nth(1).unwrap();
    let shown = console(start);
    let lines: usize = shown.iter().map(|one| 1 + one.output.len()).sum();
    assert!((3..=25).contains(&lines), "{lines} lines");
    let place = Place::with_model();
    fs::rename(place.path("m"), place.path("minilm")).unwrap();
    for one in &shown {
        let ran = run(&place, &one.command).yes();
        assert_printed(&one.output, &ran.stdout, false);
    }
    let refusal = start
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let refusal: Vec<String> = refusal.lines().map(str::to_owned).collect();
    place.flip("minilm/model.safetensors", 1_500_000, 1);
    let verify = shown.iter().find(|one| one.command.contains(" verify ")).unwrap();
    let ran = run(&place, &verify.command).refused(1, "WL-SIG-TAMPERED");
    assert_printed(&refusal, &ran.stderr, false);
}

#[test]
fn the_how_tos_run_and_print_what_they_show() {
    for name in [
        "publisher",
        "ml-engineer",
        "layouts",
        "auditor",
        "report",
        "evidence",
        "card",
        "platform-engineer",
        "blobs",
        "scan",
        "run",
        "fs-verity",
        "provenance",
        "lineage",
        "policy",
        "lock",
    ] {
        let text = document(&format!("docs/howto/{name}.md"));
        assert!(text.lines().count() <= 60, "{name} is longer than a page");
        let place = prepared(name != "publisher");
        // What needs a token is tested with a token, in `oms_reference` and in the signing crate.
        let shown = console(&text);
        let here = shown.iter().filter(|one| !one.command.contains("pkcs11"));
        for one in here {
            let ran = run(&place, &one.command);
            let says_no = |line: &String| line.starts_with("error[") || line.contains("(exit 1)");
            let refused = one.output.iter().any(says_no);
            assert_eq!(ran.code != 0, refused, "{name}: {one:?}: {ran:#?}");
            // A scan's last line comes after its findings, everything else before the result.
            let printed = format!("{0}{1}{0}", ran.stderr, ran.stdout);
            assert_printed(&one.output, &printed, true);
        }
    }
}

/// What the how-tos take for granted: a model, certificates, and for all but the publisher a signature and a key.
fn prepared(signed: bool) -> Place {
    let place = Place::with_model();
    fs::rename(place.path("m"), place.path("model")).unwrap();
    for (from, to) in [
        ("leaf.key.pem", "signer.key"),
        ("leaf.cert.pem", "signer.pem"),
        ("intermediate-ca.cert.pem", "intermediate.pem"),
        ("root-ca.cert.pem", "root.pem"),
    ] {
        fs::copy(key(from), place.path(to)).unwrap();
    }
    let weights = fs::read(place.path("model/model.safetensors")).unwrap();
    place.write("damaged.safetensors", [weights, vec![0; 4]].concat());
    if signed {
        let certified = "cp -r model certified && weightlock sign --key signer.key --signing-certificate signer.pem \
                         --certificate-chain intermediate.pem certified";
        run(&place, certified).yes();
        run(&place, "weightlock key generate release").yes();
        run(&place, "weightlock sign --leaves --key release.key model").yes();
    }
    place
}

//! `compat picklescan` and `compat modelscan`: the other tool's words and numbers around our verdict. What the tools
//! themselves print was observed on their releases 1.0.5 and 0.8.8 and is written down in `docs/compat/`.

use std::fs;

use crate::run::{Place, Ran};

const HARMLESS: &[u8] = b"\x80\x02ccollections\nOrderedDict\n)R.";
const CALLS_SYSTEM: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.";
const CALLS_A_STRANGER: &[u8] = b"\x80\x02cfoo.bar\nBaz\n)R.";
const PICKLESCAN_CLEAN: &str = "\
----------- SCAN SUMMARY -----------
Scanned files: 1
Infected files: 0
Suspicious globals: 0
Dangerous globals: 0
";

fn place() -> Place {
    let place = Place::new();
    place.write("clean.pkl", HARMLESS);
    place.write("bad.pkl", CALLS_SYSTEM);
    place.write("stranger.pkl", CALLS_A_STRANGER);
    place.write("unknown.bin", [0xff; 50]);
    place.write("d/bad.pkl", CALLS_SYSTEM);
    place.write("d/sub/clean.pkl", HARMLESS);
    place
}

/// The run, with the folder that it ran in written as `HERE`.
fn compat(place: &Place, arguments: &[&str]) -> Ran {
    let mut words = vec!["compat"];
    words.extend(arguments);
    let mut ran = place.run(&words);
    let here = place.path("").canonicalize().unwrap();
    let typed = place.path("");
    for folder in [
        here.to_str().unwrap(),
        typed.to_str().unwrap().trim_end_matches('/'),
    ] {
        ran.stdout = ran.stdout.replace(folder, "HERE");
    }
    ran
}

#[track_caller]
fn assert_answer(ran: &Ran, code: i32, stdout: &str) {
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (code, stdout, "")
    );
}

#[test]
fn picklescan_says_clean_and_dangerous_in_its_words() {
    let place = place();
    let ran = compat(&place, &["picklescan", "--path", "clean.pkl"]);
    assert_answer(&ran, 0, PICKLESCAN_CLEAN);
    let ran = compat(&place, &["picklescan", "-p", "d"]);
    let expected = "\
HERE/d/bad.pkl: dangerous import 'posix system' FOUND
----------- SCAN SUMMARY -----------
Scanned files: 2
Infected files: 1
Suspicious globals: 0
Dangerous globals: 1
";
    assert_answer(&ran, 1, expected);
}

#[test]
fn picklescan_shows_members_of_archives_behind_a_colon() {
    let place = place();
    let script = "import zipfile; zipfile.ZipFile('m.zip', 'w').write('bad.pkl', 'a/data.pkl')";
    if place.program("python3", ["-c", script]).code != 0 {
        weightlock_peers::skip("there is no python3 to write an archive with");
        return;
    }
    let ran = compat(&place, &["picklescan", "-p", "m.zip"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.starts_with("HERE/m.zip:a/data.pkl: dangerous import"),
        "{ran:#?}"
    );
}

/// It has no word for what nobody could read, and ends with 0 there. Here it is an error, and one line says so.
#[test]
fn picklescan_does_not_come_out_clean_where_something_is_unread() {
    let place = place();
    let unread =
        "ERROR: HERE/unknown.bin: 50 bytes from offset 0 not read: no known format begins like this\n";
    let ran = compat(&place, &["picklescan", "-p", "unknown.bin"]);
    assert_answer(&ran, 2, &format!("{unread}{PICKLESCAN_CLEAN}"));
    let ran = compat(&place, &["picklescan", "-p", "unknown.bin", "--log", "CRITICAL"]);
    assert_answer(&ran, 2, "");
    let ran = compat(&place, &["picklescan", "-p", "."]);
    assert_eq!(ran.code, 1, "a finding wins: {ran:#?}");
    assert!(ran.stdout.starts_with(unread));
    fs::create_dir(place.path("empty")).unwrap();
    let ran = compat(&place, &["picklescan", "-p", "empty"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.starts_with("ERROR: nothing was scanned"), "{ran:#?}");
    let ran = compat(&place, &["picklescan", "-p", "nothing"]);
    assert_answer(&ran, 2, "ERROR: Path HERE/nothing does not exist\n");
}

#[test]
fn picklescan_lists_globals_with_its_three_words() {
    let place = place();
    place.write("list.pkl", [HARMLESS, CALLS_A_STRANGER, CALLS_SYSTEM].concat());
    let ran = compat(&place, &["picklescan", "-g", "-p", "list.pkl"]);
    let list = ran.stdout.split_once("All globals found:\n").unwrap().1;
    assert_eq!(
        list,
        "  * collections.OrderedDict - innocuous\n  * foo.bar.Baz - dangerous\n  * posix.system - dangerous\n"
    );
}

#[test]
fn picklescan_filters_levels_and_strictness() {
    let place = place();
    for (code, flags) in [
        (1, &[][..]),
        (0, &["--exclude", "bad"]),
        (0, &["--include", "clean"]),
        (2, &["--include", "nothing"]),
        (1, &["--exclude-dir", "sub"]),
        (2, &["--exclude", "bad", "--exclude-dir", "sub"]),
        (0, &["--exclude=bad", "--include-dir=sub"]),
    ] {
        let arguments = [&["picklescan", "-p", "d"][..], flags].concat();
        assert_eq!(compat(&place, &arguments).code, code, "{flags:?}");
    }
    let ran = compat(&place, &["picklescan", "-l", "WARNING", "-p", "bad.pkl"]);
    assert_answer(&ran, 1, "HERE/bad.pkl: dangerous import 'posix system' FOUND\n");
    assert_answer(
        &compat(&place, &["picklescan", "-l", "ERROR", "-p", "bad.pkl"]),
        1,
        "",
    );
    // A class of a known library passes by default.
    place.write(
        "known.pkl",
        b"\x80\x02csklearn.linear_model._base\nLinearRegression\n)\x81.",
    );
    assert_eq!(compat(&place, &["picklescan", "-p", "known.pkl"]).code, 0);
    assert_eq!(
        compat(&place, &["picklescan", "--strict", "-p", "known.pkl"]).code,
        1
    );
}

#[test]
fn what_needs_the_network_is_refused_with_our_own_reason() {
    let place = place();
    for (flag, value) in [
        ("--url", "https://example.com/m.pkl"),
        ("-hf", "org/name"),
        ("--huggingface", "org/name"),
    ] {
        let ran = compat(&place, &["picklescan", flag, value]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        assert!(
            ran.stderr.starts_with("error[WL-CLI-USAGE]") && ran.stderr.contains("opens no connection"),
            "{ran:#?}"
        );
    }
    let ran = compat(&place, &["picklescan", "-p", "a", "-u", "b"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("picklescan: error: argument"), "{ran:#?}");
}

const MODELSCAN_HEAD: &str =
    "No settings file detected at HERE/modelscan-settings.toml. Using defaults. \n\n";

#[test]
fn modelscan_says_clean_and_issues_in_its_words() {
    let place = place();
    let ran = compat(&place, &["modelscan", "-p", "clean.pkl"]);
    let expected = "\
Scanning HERE/clean.pkl using weightlock.pickle model scan

--- Summary ---

 No issues found! 🎉
";
    assert_answer(&ran, 0, &format!("{MODELSCAN_HEAD}{expected}"));
    let ran = compat(
        &place,
        &["modelscan", "scan", "--path", "bad.pkl", "--log", "ERROR"],
    );
    let expected = "
--- Summary ---

Total Issues: 1

Total Issues By Severity:

    - LOW: 0
    - MEDIUM: 0
    - HIGH: 0
    - CRITICAL: 1

--- Issues by Severity ---

--- CRITICAL ---

Unsafe operator found:
  - Severity: CRITICAL
  - Description: Use of unsafe operator 'system' from module 'posix'
  - Source: HERE/bad.pkl
  - Rule: pickle-code-execution
";
    assert_answer(&ran, 1, &format!("{MODELSCAN_HEAD}{expected}"));
}

/// Its exit code is 0 when one file of many was skipped. Here what was skipped is unread, and the answer is an error.
#[test]
fn modelscan_does_not_come_out_clean_where_something_is_unread() {
    let place = place();
    let ran = compat(&place, &["modelscan", "-p", "unknown.bin", "--show-skipped"]);
    let expected = "\
Not read HERE/unknown.bin: 50 bytes from offset 0 not read: no known format begins like this

--- Summary ---

 No verdict: not everything could be read

--- Errors --- 

Error 1:
The following error was raised during scan of file HERE/unknown.bin: 
50 bytes from offset 0 not read: no known format begins like this (WL-SCAN-UNKNOWN-FORMAT)

--- Skipped --- 

Total skipped: 1 - run with --show-skipped to see the full list.

Skipped files list:

The following file HERE/unknown.bin was skipped during a ModelScan scan: 
Model Scan did not scan file
";
    assert_answer(&ran, 3, &format!("{MODELSCAN_HEAD}{expected}"));
    place.write("half/clean.pkl", HARMLESS);
    assert_eq!(compat(&place, &["modelscan", "-p", "half"]).code, 0);
    place.write("half/unknown.bin", [0xff; 50]);
    let ran = compat(&place, &["modelscan", "-p", "half"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(!ran.stdout.contains("No issues found"), "{ran:#?}");
    place.write("half/bad.pkl", CALLS_SYSTEM);
    assert_eq!(
        compat(&place, &["modelscan", "-p", "half"]).code,
        1,
        "a finding wins"
    );
}

/// The report in its last line on standard output, and the file that is the report alone.
#[test]
fn modelscan_reports_in_json_as_it_does() {
    let place = place();
    place.write("d/unknown.bin", [0xff; 50]);
    let ran = compat(
        &place,
        &[
            "modelscan",
            "-p",
            "d",
            "-r",
            "json",
            "--show-skipped",
            "-o",
            "report",
        ],
    );
    assert_eq!(ran.code, 1);
    let last = ran.stdout.lines().last().unwrap();
    let text = fs::read_to_string(place.path("report")).unwrap();
    assert!(
        text.starts_with(
            r#"{"summary": {"total_issues_by_severity": {"LOW": 0, "MEDIUM": 0, "HIGH": 0, "CRITICAL": 1}, "total_issues": 1, "input_path": "d", "#
        ),
        "{text}"
    );
    let printed: serde_json::Value = serde_json::from_str(last).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(printed["issues"], report["issues"]);
    assert_eq!(
        report["summary"]["scanned"],
        serde_json::json!({"total_scanned": 2, "scanned_files": ["bad.pkl", "sub/clean.pkl"]})
    );
    assert_eq!(
        report["summary"]["skipped"]["skipped_files"][0],
        serde_json::json!({
            "category": "SCAN_NOT_SUPPORTED",
            "description": "Model Scan did not scan file",
            "source": "unknown.bin",
        })
    );
    assert_eq!(
        report["issues"],
        serde_json::json!([{
            "description": "Use of unsafe operator 'system' from module 'posix'",
            "operator": "system",
            "module": "posix",
            "source": "bad.pkl",
            "scanner": "weightlock",
            "severity": "CRITICAL",
            "rule": "pickle-code-execution",
        }])
    );
    assert_eq!(report["errors"][0]["source"], "unknown.bin");
    let ran = compat(&place, &["modelscan", "-p", "bad.pkl", "-r", "json"]);
    let report: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(report["summary"]["absolute_path"], "HERE");
    assert_eq!(report["issues"][0]["source"], "bad.pkl");
    assert_eq!(report["summary"].get("skipped"), None);
}

#[test]
fn settings_and_reports_of_modelscan_are_refused_and_never_passed_over() {
    let place = place();
    place.write("s.toml", "");
    for arguments in [
        &["modelscan", "-p", "clean.pkl", "--settings-file", "s.toml"][..],
        &["modelscan", "-p", "clean.pkl", "-r", "custom"],
        &["modelscan", "create-settings-file"],
    ] {
        let ran = compat(&place, arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:#?}");
        assert!(ran.stderr.starts_with("error[WL-CLI-USAGE]"), "{ran:#?}");
    }
    place.write("modelscan-settings.toml", "");
    let ran = compat(&place, &["modelscan", "-p", "clean.pkl"]);
    assert!(
        ran.stdout.starts_with("Detected settings file. Not using HERE/"),
        "{ran:#?}"
    );
    for (arguments, error) in [
        (
            &["modelscan", "-p", "nothing"][..],
            "Error: Path 'nothing' does not exist.\n",
        ),
        (&["modelscan", "--bogus"], "Error: No such option '--bogus'.\n"),
    ] {
        let ran = compat(&place, arguments);
        assert!(ran.code == 4 && ran.stdout.starts_with(error), "{ran:#?}");
    }
}

/// A name from a stranger moves no cursor and begins no line of its own.
#[test]
fn hostile_names_are_made_harmless() {
    let place = Place::new();
    place.write(
        "a\u{1b}[2J\nInfected files: 0.pkl",
        b"\x80\x02cos\x1b[2J\nsystem\n)R.",
    );
    for tool in ["picklescan", "modelscan"] {
        let ran = compat(&place, &[tool, "-p", "."]);
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(!ran.stdout.contains('\u{1b}'), "{ran:#?}");
        assert!(
            !ran.stdout
                .lines()
                .any(|line| line.starts_with("Infected files: 0")),
            "{ran:#?}"
        );
    }
}

//! `weightlock digest`.

use std::os::unix::fs::symlink;

use weightlock::commands::digest::Digests;

use crate::{
    models::tiny,
    run::{Place, Ran},
};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Names that break tools which read lines or obey terminals.
const HOSTILE: [&str; 7] = [
    "a b",
    "-rf",
    "back\\slash",
    "new\nline",
    "carriage\rreturn",
    "esc\u{1b}[2J",
    "模型",
];

fn sha256sum(place: &Place, list: &str) -> Ran {
    place.program("sha256sum", ["-c", "--strict", list])
}

#[test]
fn lists_what_sha256sum_lists() {
    let place = Place::new();
    tiny(&place, "tiny");
    let ours = place.run(["digest", "tiny"]);
    let theirs = place.program(
        "sha256sum",
        ["tiny/README.md", "tiny/config.json", "tiny/model.safetensors"],
    );
    assert_eq!((ours.code, ours.stderr.as_str()), (0, ""));
    assert_eq!(ours.stdout, theirs.stdout);
}

#[test]
fn sha256sum_reads_our_list_and_we_read_its_with_hostile_names() {
    let place = Place::new();
    for name in HOSTILE {
        place.write(&format!("m/{name}"), name);
    }
    let ours = place.run(["digest", "m"]);
    place.write("ours.sha256", &ours.stdout);
    let checked = sha256sum(&place, "ours.sha256");
    assert_eq!(checked.code, 0, "{checked:?}");
    let names: Vec<String> = HOSTILE.iter().map(|name| format!("m/{name}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for flag in ["--text", "--binary"] {
        let arguments: Vec<&str> = [flag].into_iter().chain(names.iter().copied()).collect();
        let list = place.program("sha256sum", &arguments).stdout;
        place.write("theirs.sha256", &list);
        let checked = place.run(["digest", "--check", "theirs.sha256"]);
        assert_eq!(checked.code, 0, "{checked:?}");
        assert!(!checked.stdout.contains(['\u{1b}', '\r']), "{:?}", checked.stdout);
    }
}

#[test]
fn a_changed_and_a_missing_file_are_refused_by_both() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write("list", place.run(["digest", "tiny"]).stdout);
    place.write("tiny/config.json", "{}");
    std::fs::remove_file(place.path("tiny/README.md")).unwrap();
    let ran = place.run(["digest", "--check", "list"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-DIGEST-MISMATCH"]));
    insta::assert_snapshot!(ran.stdout, @r"
    tiny/README.md: MISSING
    tiny/config.json: DIFFERS
    tiny/model.safetensors: OK
    ");
    assert!(
        ran.stderr.contains("of 3 files listed, 1 differ, 1 are missing"),
        "{}",
        ran.stderr
    );
    assert_eq!(sha256sum(&place, "list").code, 1);
    let json = place
        .run(["digest", "--check", "list", "--json"])
        .document::<Digests>();
    assert_eq!(json["result"]["check"]["files"][1]["answer"], "differs");
    assert_eq!(json["outcome"], "no");
}

#[test]
fn a_check_never_says_verified_and_says_what_it_proves() {
    let place = Place::new();
    tiny(&place, "tiny");
    place.write("list", place.run(["digest", "tiny"]).stdout);
    let ran = place.run(["digest", "--check", "list"]);
    insta::assert_snapshot!(ran.stdout, @r"
    tiny/README.md: OK
    tiny/config.json: OK
    tiny/model.safetensors: OK
    3 files as listed: integrity only, the list does not say who made it
    ");
    for arguments in [
        &["digest", "--check", "list", "--json"][..],
        &["digest", "--check", "list"],
    ] {
        let ran = place.run(arguments);
        assert!(!(ran.stdout + &ran.stderr).to_lowercase().contains("verified"));
    }
}

#[test]
fn lists_come_from_standard_input_with_any_line_ends() {
    let place = Place::new();
    place.write("a", "");
    for list in [
        format!("{EMPTY}  a\n"),
        format!("{EMPTY} *a\r\n"),
        format!("# a list\n{}  a", EMPTY.to_uppercase()),
    ] {
        let ran = place.run_with_input(&["digest", "--check", "-"], &list);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
}

#[test]
fn a_list_that_checks_nothing_is_no_answer() {
    let place = Place::new();
    place.write("a", "");
    for list in [
        "",
        "# nothing\n",
        "hello\n",
        &format!("{EMPTY}  a\nhello\n"),
        &format!("sha256:{EMPTY}  a\n"),
    ] {
        let ran = place.run_with_input(&["digest", "--check", "-"], list);
        assert_eq!(ran.refusal(), (3, vec!["WL-DIGEST-LIST"]), "{list:?}");
    }
    let ran = place.run(["digest", "--check", "no-such-list"]);
    assert_eq!(ran.refusal(), (3, vec!["WL-DIGEST-LIST"]));
}

#[test]
fn a_list_cannot_make_us_read_devices_or_folders() {
    let place = Place::new();
    place.write("folder/a", "");
    for name in ["/dev/zero", "folder"] {
        let list = format!("{EMPTY}  {name}\n");
        let ran = place.run_with_input(&["digest", "--check", "-"], &list);
        assert_eq!(ran.refusal(), (1, vec!["WL-DIGEST-MISMATCH"]));
        assert!(
            ran.stdout.starts_with(&format!("{name}: UNREADABLE")),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn other_algorithms_are_those_of_other_tools() {
    let place = Place::new();
    place.write("a", "abc");
    for (name, tool) in [
        ("sha384", "sha384sum"),
        ("sha512", "sha512sum"),
        ("blake2b", "b2sum"),
    ] {
        let ours = place.run(["digest", "--algorithm", name, "a"]);
        assert_eq!(ours.stdout, place.program(tool, ["a"]).stdout);
        let checked = place.run_with_input(&["digest", "-a", name, "-c", "-"], &ours.stdout);
        assert_eq!(checked.code, 0, "{name}");
    }
    let blake3 = place.run(["digest", "--algorithm", "blake3", "a"]);
    assert_eq!(
        blake3.stdout,
        "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85  a\n"
    );
    assert_eq!(place.run(["digest", "--algorithm", "md5", "a"]).code, 2);
}

#[test]
fn the_manifest_digest_is_that_of_the_canonical_text() {
    let place = Place::new();
    place.write("m/a", "");
    place.write("m/model.sig", "is never part of it");
    place.write("manifest", format!("weightlock-manifest-v1\n{EMPTY} 0 a\n"));
    let expected = place.run(["digest", "manifest"]).stdout;
    let ran = place.run(["digest", "--manifest", "m"]);
    assert_eq!(ran.stdout.trim_end(), format!("sha256:{}", &expected[..64]));
    assert_eq!(
        place.run(["digest", "--manifest", "m/a"]).stdout,
        format!("sha256:{EMPTY}\n")
    );
    let json = place
        .run(["digest", "--manifest", "m", "--json"])
        .document::<Digests>();
    assert_eq!(json["result"]["models"][0]["manifest_files"], 1);
}

#[test]
fn what_is_no_plain_file_is_refused_by_its_own_code() {
    let place = Place::new();
    place.write("m/a", "");
    symlink("a", place.path("m/link")).unwrap();
    assert_eq!(place.run(["digest", "m"]).refusal(), (1, vec!["WL-ART-SYMLINK"]));
    let followed = place.run(["digest", "--allow-symlinks", "m"]);
    assert_eq!((followed.code, followed.stdout.lines().count()), (0, 2));
    symlink("/etc", place.path("m/out")).unwrap();
    assert_eq!(place.run(["digest", "--allow-symlinks", "m"]).code, 1);
    assert_eq!(
        place.run(["digest", "/dev/null"]).refusal(),
        (2, vec!["WL-ART-NOT-A-MODEL"])
    );
    assert_eq!(
        place.run(["digest", "none"]).refusal(),
        (4, vec!["WL-IO-NOT-FOUND"])
    );
    assert_eq!(place.run(["digest"]).code, 2);
}

#[test]
fn the_cache_is_asked_only_on_request_and_said_to_be() {
    let place = Place::new();
    place.write("a", "abc");
    // Only files that were quiet for two seconds are remembered.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let plain = place.run(["digest", "a"]);
    let first = place.run(["digest", "--digest-cache", "a"]);
    let second = place.run(["digest", "--digest-cache", "a"]);
    assert_eq!((plain.stderr.as_str(), first.stderr.as_str()), ("", ""));
    assert_eq!((&plain.stdout, &first.stdout), (&second.stdout, &second.stdout));
    assert_eq!(
        second.stderr,
        "note: from cache: 1 of 1 digest; these files were not read now\n"
    );
    let json = place
        .run(["digest", "--digest-cache", "a", "--json"])
        .document::<Digests>();
    assert_eq!(json["result"]["files"][0]["from_cache"], true);
    assert_eq!(place.run(["digest", "a"]).stderr, "");
}

#[test]
fn quiet_says_nothing_on_success_and_twice_nothing_at_all() {
    let place = Place::new();
    place.write("a", "");
    place.write("list", format!("{EMPTY}  a\n"));
    place.write("bad", format!("{}  a\n", "0".repeat(64)));
    let said = |arguments: &[&str]| {
        let ran = place.run(arguments);
        (ran.code, ran.stdout.is_empty(), ran.stderr.is_empty())
    };
    assert_eq!(said(&["digest", "-q", "--check", "list"]), (0, true, true));
    assert_eq!(said(&["digest", "-q", "--check", "bad"]), (1, false, false));
    assert_eq!(said(&["digest", "-qq", "--check", "bad"]), (1, true, true));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    for number in 0..2000 {
        place.write(&format!("m/{number:0200}"), "");
    }
    let line = format!(
        "set -o pipefail; {} digest m | head -n 1",
        env!("CARGO_BIN_EXE_weightlock")
    );
    let ran = place.program("bash", ["-c", &line]);
    assert_eq!(
        (ran.code, ran.stderr.as_str(), ran.stdout.lines().count()),
        (0, "", 1)
    );
}

#[test]
fn the_manifest_itself_is_printed_and_read_by_diff() {
    let place = Place::with_model();
    let text = place.run(["digest", "--manifest-text", "m"]).yes().stdout;
    assert!(text.starts_with("weightlock-manifest-v1\n"), "{text}");
    let named = place.run(["digest", "--manifest", "m"]).yes().stdout;
    let digest = weightlock_artifact::digest::Algorithm::Sha256.digest(text.as_bytes());
    assert_eq!(named, format!("{digest}\n"));
    place.write("before.manifest", &text);
    place.run(["diff", "before.manifest", "m"]).yes();
    place.flip("m/config.json", 3, 1);
    assert_eq!(place.run(["diff", "before.manifest", "m"]).code, 1);
    place
        .run(["digest", "--manifest-text", "m/config.json"])
        .refused(2, "WL-CLI-USAGE");
    place
        .run(["digest", "--manifest-text", "m", "m"])
        .refused(2, "WL-CLI-USAGE");
}

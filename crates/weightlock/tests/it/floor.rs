//! U13: the machine's floor, a real file at its place. Nothing that a user, a project, the environment, a flag or a model says loosens
//! it, and what tries to leave a check out is logged.
//!
//! The file lies in a mount namespace of the test, over which `/etc` is a folder in memory.

use std::{fs, process::Command};

use serde_json::Value;

use crate::{
    attest::path,
    gate::remove,
    run::{Place, Ran},
};

/// A shell in a namespace of its own, as if by root.
const UNSHARE: [&str; 5] = ["--user", "--map-root-user", "--mount", "/bin/sh", "-c"];

/// Whether this machine lets a test have its own `/etc`; counted as not run where it does not.
fn can_mount() -> bool {
    let script = "mount -t tmpfs none /etc && mkdir /etc/weightlock";
    let tried = Command::new("unshare").args(UNSHARE).arg(script).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        weightlock_peers::skip("this machine does not permit mount namespaces");
    }
    can
}

/// A command of the binary on a machine whose `/etc` holds what the script puts there.
fn on_machine(place: &Place, script: &str, words: &[&str]) -> Command {
    let script = format!("mount -t tmpfs none /etc && {script} && exec \"$0\" \"$@\"",);
    let mut command = Command::new("unshare");
    command
        .args(UNSHARE)
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_weightlock"))
        .args(words)
        .current_dir(place.path("."))
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HOME", place.path("home"))
        .env("TMPDIR", place.path("."))
        .stdin(std::process::Stdio::null());
    command
}

const FLOOR: &str = "mkdir /etc/weightlock && cp floor.toml /etc/weightlock/policy.toml";

/// A model that lacks what the floor demands of it, a bill of materials.
fn lacking() -> Place {
    let place = Place::with_model();
    let (release, other) = (path("p256.pub.pem"), path("p384.pub.pem"));
    place.write(
        "floor.toml",
        format!(
            "version = 1\nmode = \"production\"\naudit-log = {:?}\n[identity.release]\nkey = {release:?}\n\
             [signers]\noms = [\"release\"]\nbom = [\"release\"]\n[require]\nsignature = true\nbom = true\n",
            place.path("floor.jsonl")
        ),
    );
    // A policy that came with the model, signed like the rest of it.
    let loose = "version = 1\nmode = \"development\"\ndefault-tier = \"low\"\n[require]\nscan = { below = \"critical\" }\n";
    let mine = format!(
        "{loose}[identity.me]\nkey = {other:?}\n[signers]\noms = [\"me\"]\nbom = [\"me\"]\nverdict = [\"me\"]\n"
    );
    place.write("m/policy.toml", loose);
    place.write("m/weightlock.toml", "mode = \"development\"\n");
    place.sign(&[]).yes();
    place
        .run(["bom", "--sign", "--key", &path("p384.key.pem"), "m"])
        .says("bom-");
    let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let later = today.saturating_add(jiff::Span::new().days(30));
    let waiving = format!(
        "{loose}[[waiver]]\nwaives = \"WL-POLICY-BOM\"\ndigest = \"{}\"\nowner = \"ann\"\napprover = \"bob\"\n\
         reason = \"mine\"\ngranted = {today}\nexpires = {later}\n",
        digest.trim()
    );
    for name in [
        "loose.toml",
        "policy.toml",
        "weightlock.toml",
        "xdg/weightlock/policy.toml",
    ] {
        place.write(name, loose);
    }
    place.write("home/.config/weightlock/policy.toml", loose);
    place.write("mine.toml", mine);
    place.write("waiving.toml", waiving);
    place
}

/// What somebody tries, and the codes besides that of the missing bill of materials.
struct Attempt {
    what: &'static str,
    flags: &'static [&'static str],
    variable: Option<(&'static str, &'static str)>,
    more: &'static [&'static str],
}

const fn by_flags(what: &'static str, flags: &'static [&'static str]) -> Attempt {
    Attempt {
        what,
        flags,
        variable: None,
        more: &[],
    }
}

const fn by_variable(what: &'static str, name: &'static str, value: &'static str) -> Attempt {
    Attempt {
        variable: Some((name, value)),
        ..by_flags(what, &[])
    }
}

const ATTEMPTS: &[Attempt] = &[
    by_flags("nothing but files of the user, the project and the model", &[]),
    by_flags("another policy", &["--policy", "loose.toml"]),
    by_flags("the policy of the model", &["--policy", "m/policy.toml"]),
    by_flags("an exception of one's own", &["--policy", "waiving.toml"]),
    by_flags(
        "a milder mode",
        &["--policy", "loose.toml", "--mode", "development"],
    ),
    by_flags("a lower tier", &["--policy", "loose.toml", "--tier", "low"]),
    by_flags("another name", &["--as", "acme/other"]),
    by_variable(
        "a milder mode in the environment",
        "WEIGHTLOCK_MODE",
        "development",
    ),
    by_variable(
        "another policy in the environment",
        "WEIGHTLOCK_POLICY",
        "loose.toml",
    ),
    by_variable("another folder of settings", "XDG_CONFIG_HOME", "xdg"),
    by_variable("another home", "HOME", "/nonexistent"),
    by_variable("digests from a cache", "WEIGHTLOCK_DIGEST_CACHE", "true"),
    Attempt {
        more: &["WL-POLICY-OVERRIDE"],
        ..by_flags("a check left out", &["--skip", "sbom_attached"])
    },
    Attempt {
        more: &["WL-POLICY-OVERRIDE"],
        ..by_flags(
            "a check left out, in a milder mode",
            &[
                "--policy",
                "loose.toml",
                "--mode",
                "development",
                "--skip",
                "signature_valid",
            ],
        )
    },
];

fn judged(place: &Place, verb: &str, attempt: &Attempt) -> Ran {
    let target: &[&str] = match verb {
        "run" => &["--model", "m", "--", "/bin/sh", "-c", "touch started; ls {model}"],
        _ => &["m"],
    };
    let words = [&[verb, "--json"], attempt.flags, target].concat();
    let mut command = on_machine(place, FLOOR, &words);
    if let Some((name, value)) = attempt.variable {
        command.env(name, value);
    }
    Ran::of(&mut command)
}

/// The events of the log.
fn events(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("floor.jsonl")).unwrap_or_default();
    let entries = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries
        .map(|entry| entry["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn nothing_loosens_the_floor_and_overrides_are_logged() {
    if !can_mount() {
        return;
    }
    let place = lacking();
    // Without the floor, the loose policy allows it: what denies it below is the floor.
    let loose = place.run(["gate", "--policy", "loose.toml", "m"]);
    assert_eq!(loose.code, 0, "{loose:#?}");
    for attempt in ATTEMPTS {
        for verb in ["gate", "inspect", "run"] {
            let ran = judged(&place, verb, attempt);
            let case = format!("{verb}, {}: {ran:#?}", attempt.what);
            assert_eq!(ran.code, 1, "{case}");
            let mut codes = ran.codes();
            codes.sort();
            let mut expected = [&["WL-POLICY-BOM"], attempt.more].concat();
            expected.sort_unstable();
            assert_eq!(codes, expected, "{case}");
            assert!(!place.path("started").exists(), "{case}");
            let event = if attempt.more.is_empty() {
                "verdict"
            } else {
                "override-refused"
            };
            assert_eq!(events(&place).last().map(String::as_str), Some(event), "{case}");
        }
    }
    assert_eq!(events(&place).len(), ATTEMPTS.len() * 3, "a line for each");
    // With what it demands, the floor allows it.
    remove(&place, "bom");
    place
        .run(["bom", "--sign", "--key", &path("p256.key.pem"), "m"])
        .says("bom-");
    let ran = judged(&place, "run", &by_flags("", &[]));
    assert!(ran.code == 0 && place.path("started").exists(), "{ran:#?}");
    assert_eq!(place.run(["audit", "verify", "floor.jsonl"]).code, 0);
}

/// Signers and verdicts of one's own count for nothing, and flags that give up a check are refused.
#[test]
fn nobody_is_let_in_beside_those_whom_the_floor_names() {
    if !can_mount() {
        return;
    }
    let place = lacking();
    let other = path("p384.pub.pem");
    let private = path("p384.key.pem");
    place
        .run(["sign", "--replace", "--key", &private, "m"])
        .says("model.sig");
    let run = |flags: &[&str]| {
        let words = [
            &["run"],
            flags,
            &["--model", "m", "--", "/bin/sh", "-c", "touch started; ls {model}"],
        ];
        let ran = Ran::of(&mut on_machine(&place, FLOOR, &words.concat()));
        assert!(!place.path("started").exists(), "{ran:#?}");
        ran.refusal()
            .1
            .iter()
            .map(|code| (*code).to_owned())
            .collect::<Vec<_>>()
    };
    let denied = ["WL-POLICY-SIGNATURE", "WL-POLICY-BOM"];
    assert_eq!(run(&["--key", &other]), denied);
    assert_eq!(run(&["--policy", "mine.toml", "--key", &other]), denied);
    // A verdict of one's own.
    let attested = place.run([
        "gate",
        "--attest",
        "--key",
        &private,
        "--policy",
        "mine.toml",
        "m",
    ]);
    assert_eq!(attested.code, 0, "{attested:#?}");
    assert_eq!(
        run(&["--policy", "mine.toml", "--from-verdict"]),
        ["WL-POLICY-VERDICT"]
    );
    let before = events(&place).len();
    let flags: [&[&str]; 4] = [
        &["--danger-any-identity"],
        &[
            "--identity",
            "a",
            "--identity-provider",
            "https://b",
            "--danger-without-log",
        ],
        &["--key", &other, "--at-time", "2026-01-01T00:00:00Z"],
        &["--key", &other, "--ignore-paths", "m/config.json"],
    ];
    for flags in flags {
        let codes = run(flags);
        assert_eq!(
            codes,
            [&["WL-POLICY-OVERRIDE"], &denied[..]].concat(),
            "{flags:?}"
        );
    }
    // Verbs that ask no policy refuse them, too.
    for flags in [
        &["--key", &other, "--ignore-unsigned-files"][..],
        &["--danger-any-identity"],
    ] {
        let words = [&["verify"], flags, &["m"]].concat();
        let ran = Ran::of(&mut on_machine(&place, FLOOR, &words));
        assert_eq!(ran.refusal(), (2, vec!["WL-DANGER-REFUSED"]), "{ran:#?}");
    }
    let overrides = events(&place);
    assert_eq!(overrides[before..], ["override-refused"; 6]);
    assert_eq!(place.run(["audit", "verify", "floor.jsonl"]).code, 0);
}

/// The demonstration has a model of its own, about which the machine has nothing to say.
#[test]
fn the_demonstration_is_played_above_a_floor_too() {
    if !can_mount() {
        return;
    }
    let place = lacking();
    let ran = Ran::of(&mut on_machine(&place, FLOOR, &["demo"]));
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("Promotion APPROVED"), "{ran:#?}");
    assert!(events(&place).is_empty(), "and what it plays is no decision");
}

/// A floor that cannot be read is no missing floor.
#[test]
fn a_floor_that_cannot_be_read_denies() {
    if !can_mount() {
        return;
    }
    let place = lacking();
    let floor = "/etc/weightlock/policy.toml";
    let cases = [
        ("a directory", format!("mkdir -p {floor}")),
        (
            "a link that leads nowhere",
            format!("mkdir /etc/weightlock && ln -s nowhere {floor}"),
        ),
        (
            "a link to itself",
            format!("mkdir /etc/weightlock && ln -s policy.toml {floor}"),
        ),
        (
            "in a folder that is such a link",
            "ln -s nowhere /etc/weightlock".to_owned(),
        ),
        ("below a file", "touch /etc/weightlock".to_owned()),
        ("a pipe", format!("mkdir /etc/weightlock && mkfifo {floor}")),
        ("empty", format!("mkdir /etc/weightlock && touch {floor}")),
        (
            "malformed",
            format!("mkdir /etc/weightlock && echo 'version = 1 odd' > {floor}"),
        ),
        (
            "of a later version",
            format!("mkdir /etc/weightlock && echo 'version = 9' > {floor}"),
        ),
        (
            "larger than any policy",
            format!("mkdir /etc/weightlock && truncate -s 100M {floor}"),
        ),
        (
            "not to be read by this user",
            format!(
                "mkdir /etc/weightlock && cp floor.toml {floor} && chmod 0 {floor} && exec setpriv --bounding-set=-all \"$0\" \"$@\""
            ),
        ),
    ];
    let public = path("p256.pub.pem");
    for (what, script) in cases {
        for words in [
            &["gate", "--policy", "loose.toml", "m"][..],
            &["inspect", "m"],
            &["policy", "explain", "--policy", "loose.toml", "m"],
            &[
                "run",
                "--key",
                &public,
                "--model",
                "m",
                "--",
                "/bin/sh",
                "-c",
                "touch started; ls {model}",
            ],
        ] {
            let ran = Ran::of(&mut on_machine(&place, &script, words));
            let (code, codes) = ran.refusal();
            assert!(code != 0 && codes.len() == 1, "{what}: {words:?}: {ran:#?}");
            assert!(
                ran.stderr.contains("/etc/weightlock") && !ran.stderr.contains("cannot execute"),
                "{what}: {words:?}: {ran:#?}"
            );
            assert!(!place.path("started").exists(), "{what}");
        }
        // And it is production.
        let words = ["verify", "--key", &public, "--ignore-unsigned-files", "m"];
        let ran = Ran::of(&mut on_machine(&place, &script, &words));
        assert_eq!(ran.refusal(), (2, vec!["WL-DANGER-REFUSED"]), "{what}: {ran:#?}");
    }
    // A machine without a floor has none.
    let ran = Ran::of(&mut on_machine(
        &place,
        "true",
        &["gate", "--policy", "loose.toml", "m"],
    ));
    assert_eq!(ran.code, 0, "{ran:#?}");
}

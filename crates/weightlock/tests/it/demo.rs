//! U12: `demo` needs no network, leaves nothing behind, and writes into its temporary folder only.

use std::{fs, process::Command, time::Instant};

use crate::run::{Place, Ran};

#[test]
fn the_demonstration_runs_in_seconds_and_leaves_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("tmp")).unwrap();
    let started = Instant::now();
    let ran = Ran::of(place.command(["demo"]).env("TMPDIR", place.path("tmp"))).yes();
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    for text in [
        "$ weightlock key generate --unencrypted demo",
        "$ weightlock sign --leaves --key demo.key ./tiny",
        "error[WL-SIG-TAMPERED]: model.safetensors differs from what was signed",
        "leaf 2 of 3: lm_head.weight, model.embed_tokens.weight",
        "(1 bit)",
        "(exit 1)",
        "authenticity is not safety",
        "$ weightlock scan ./weights.pkl",
        "critical[pickle-code-execution]",
        "$ test ! -e ./it-ran",
        "$ weightlock gate --policy policy.toml ./tiny",
        "[PASS] signature_valid\n[PASS] sbom_attached\n[PASS] scan_clean\nPromotion APPROVED: all checks passed.",
        "[FAIL] signature_valid\n[PASS] sbom_attached\n[FAIL] scan_clean (not run)\nPromotion BLOCKED: not all checks passed.",
        "WL-POLICY-SIGNATURE",
    ] {
        assert!(ran.stdout.contains(text), "{text:?} is not in {}", ran.stdout);
    }
    assert_eq!(
        fs::read_dir(place.path("tmp")).unwrap().count(),
        0,
        "nothing is left"
    );
    assert_eq!(
        fs::read_dir(place.path("")).unwrap().count(),
        1,
        "only tmp, which was there"
    );
}

#[test]
fn settings_of_the_user_do_not_change_what_is_shown() {
    let place = Place::new();
    let mut command = place.command(["demo", "--json"]);
    command
        .env("WEIGHTLOCK_PUBLIC_KEY", "elsewhere")
        .env("WEIGHTLOCK_DIGEST_CACHE", "true")
        .env("WEIGHTLOCK_FORMAT", "text")
        .env("WEIGHTLOCK_POLICY", "elsewhere");
    let shown = Ran::of(&mut command).yes().json();
    assert!(shown["result"]["steps"].as_array().unwrap().len() > 10);
    assert_eq!(
        fs::read_dir(place.path("")).unwrap().count(),
        0,
        "no cache was written"
    );
}

#[test]
fn a_kept_folder_can_be_used_on_and_is_never_an_old_one() {
    let place = Place::new();
    place.run(["demo", "--keep", "stage"]).yes();
    place
        .run(["verify", "--key", "stage/demo.pub", "stage/tiny"])
        .yes();
    place.run(["demo", "--keep", "stage"]).refused(2, "WL-CLI-USAGE");
    assert!(place.path("stage/demo.key").is_file());
}

/// What is printed after `$` is what a shell does, too: the play is repeated by `sh` on the model it made.
#[test]
fn the_printed_commands_do_in_a_shell_what_they_show() {
    let place = Place::new();
    let shown = place.run(["demo", "--keep", "stage", "--json"]).yes().json();
    for left in ["demo.key", "demo.pub", "tiny/model.sig"] {
        fs::remove_file(place.path("stage").join(left)).unwrap();
    }
    for left in ["untouched", "tiny/.weightlock"] {
        fs::remove_dir_all(place.path("stage").join(left)).unwrap();
    }
    let binary = env!("CARGO_BIN_EXE_weightlock");
    let path = format!("{}:/usr/bin:/bin", binary.rsplit_once('/').unwrap().0);
    for step in shown["result"]["steps"].as_array().unwrap() {
        let line = step["command"].as_str().unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", line])
            .current_dir(place.path("stage"))
            .env_clear()
            .env("PATH", &path);
        let ran = Ran::of(&mut shell);
        assert_eq!(
            i64::from(ran.code),
            step["exit_code"].as_i64().unwrap_or(0),
            "{line}: {ran:#?}"
        );
    }
}

#[test]
fn an_interrupted_demonstration_cleans_up() {
    let place = Place::new();
    fs::create_dir(place.path("tmp")).unwrap();
    let mut command = place.command(["demo"]);
    command
        .env("TMPDIR", place.path("tmp"))
        .stdout(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    // Wherever it is by now, it either ends early or has just finished.
    while fs::read_dir(place.path("tmp")).unwrap().count() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
    assert_eq!(
        fs::read_dir(place.path("tmp")).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn the_demonstration_needs_no_network() {
    let place = Place::new();
    let alone = |program: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--net", program])
            .current_dir(place.path(""));
        command
    };
    if !alone("true").output().is_ok_and(|output| output.status.success()) {
        weightlock_peers::skip("this machine does not permit network namespaces");
        return;
    }
    Ran::of(alone(env!("CARGO_BIN_EXE_weightlock")).arg("demo")).yes();
}

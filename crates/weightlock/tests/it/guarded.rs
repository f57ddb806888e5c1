//! `run`: a program reads what was verified, whatever happens to the files; what was refused is read by nobody.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::run::{Place, Ran, key};

/// `run` with the model `m` and a shell script, in which `{model}` is its path.
fn arguments(more: &[&str], script: &str) -> Vec<String> {
    let public = key("p256.pub.pem").to_str().unwrap().to_owned();
    let mut arguments = vec!["run".to_owned(), "--key".to_owned(), public];
    arguments.extend(more.iter().map(|&more| more.to_owned()));
    arguments.extend(["--", "/bin/sh", "-c", script].map(str::to_owned));
    arguments
}

fn shell(place: &Place, script: &str) -> Ran {
    Ran::of(&mut command(place, &arguments(&["--model", "m"], script)))
}

fn command(place: &Place, arguments: &[String]) -> Command {
    let mut command = place.command(arguments);
    command
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", place.path("."));
    command
}

fn signed() -> Place {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place
}

/// Waits until a program says so by making a file.
fn wait_for(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{} is not made",
            path.display()
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// From the second load on, when the first one has compared both.
#[test]
fn signed_leaves_stand_in_for_digests_once_they_are_proven() {
    let place = Place::with_model();
    place.sign(&["--leaves"]).yes();
    let line = || {
        let ran = shell(&place, "cat {model}/config.json");
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (0, "{\"model_type\": \"toy\"}"),
            "{ran:?}"
        );
        ran.stderr
    };
    let lines = [line(), line()];
    assert!(
        !lines[0].contains("leaves") && lines[1].contains(" by signed leaves   signed by "),
        "{lines:?}"
    );
    // The same signer, model and digest are named.
    assert_eq!(lines[1].replace(" by signed leaves", ""), lines[0]);
    place.flip("m/model.safetensors", 70, 1);
    let refused = shell(&place, "echo started {model}");
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
    assert!(
        refused.stderr.contains("WL-SIG-TAMPERED]: model.safetensors"),
        "{refused:?}"
    );
    // Without a folder to note it in, digests are compared.
    let place = Place::with_model();
    place.sign(&["--leaves"]).yes();
    place.write("home", "a file");
    let quiet = [shell(&place, "true {model}"), shell(&place, "true {model}")];
    assert!(
        quiet
            .iter()
            .all(|ran| ran.code == 0 && !ran.stderr.contains("leaves")),
        "{quiet:?}"
    );
}

#[test]
fn a_program_sees_the_signed_files_and_no_others() {
    let place = signed();
    place.write("m/.weightlock/evidence/oms-0123456789abcdef.sigstore.json", "{}");
    let ran = shell(
        &place,
        "cd {model} && find . -type l | sort && cat config.json tokenizer/tokenizer.json",
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.stdout,
        "./config.json\n./model.safetensors\n./tokenizer/tokenizer.json\n\
         {\"model_type\": \"toy\"}{\"version\": \"1.0\"}"
    );
    assert!(ran.stderr.starts_with("verified: m   sha256:"), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1);
    let quiet = Ran::of(&mut command(
        &place,
        &arguments(&["-q", "--model", "m"], "cat {model}/config.json"),
    ));
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    // Nothing is left behind.
    let left = fs::read_dir(place.path(".")).unwrap();
    assert!(
        left.flatten()
            .all(|entry| !entry.file_name().to_string_lossy().starts_with("weightlock-"))
    );
}

#[test]
fn what_is_refused_is_started_by_nobody() {
    let untouched = |place: &Place, code, reason| {
        let ran = shell(place, "touch started; cat {model}/config.json");
        assert!(!place.path("started").exists(), "{ran:?}");
        ran.refused(code, reason);
    };
    untouched(&Place::with_model(), 1, "WL-SIG-UNSIGNED");
    for file in [
        "m/config.json",
        "m/model.safetensors",
        "m/tokenizer/tokenizer.json",
    ] {
        let place = signed();
        place.flip(file, 3, 1);
        untouched(&place, 1, "WL-SIG-TAMPERED");
    }
    let place = signed();
    place.write("m/modeling.py", "");
    untouched(&place, 1, "WL-SIG-EXTRA-FILE");
    let place = signed();
    fs::remove_file(place.path("m/config.json")).unwrap();
    symlink("/etc/hostname", place.path("m/config.json")).unwrap();
    untouched(&place, 1, "WL-SIG-TAMPERED");
    let place = signed();
    let other = key("p384.pub.pem");
    let mut wrong = arguments(&["--model", "m"], "touch started; ls {model}");
    wrong[2] = other.to_str().unwrap().to_owned();
    Ran::of(&mut command(&place, &wrong)).refused(1, "WL-SIG-KEY-MISMATCH");
    assert!(!place.path("started").exists());
}

#[test]
fn questions_that_are_put_wrongly_start_nothing() {
    let place = signed();
    for (more, script) in [
        (&["--model", "m"][..], "cat m/config.json"),
        (&["--model", "m=a", "--model", "m=a"], "ls {a}"),
        (&["--model", "m=a b"], "ls {a b}"),
        (&["--model", "m"], "cat {model:missing.json}"),
        (
            &["--model", "m=a", "--model", "m=b", "--signature", "m/model.sig"],
            "ls {a} {b}",
        ),
    ] {
        let script = format!("touch started; {script}");
        Ran::of(&mut command(&place, &arguments(more, &script))).refused(2, "WL-CLI-USAGE");
        assert!(!place.path("started").exists(), "{more:?}");
    }
    let program = Ran::of(&mut command(&place, &{
        let mut arguments = arguments(&["--model", "m"], "{model}");
        let at = arguments
            .iter()
            .position(|argument| argument == "/bin/sh")
            .unwrap();
        arguments[at] = "/no/such/program".to_owned();
        arguments
    }));
    assert_eq!(program.code, 4, "{program:?}");
    assert!(program.stderr.contains("error[WL-RUN-START]"), "{program:?}");
}

#[test]
fn exit_codes_and_signals_are_passed_on() {
    let place = signed();
    for (script, code) in [("exit 0", 0), ("exit 1", 1), ("exit 77", 77), ("kill -9 $$", 137)] {
        let ran = shell(&place, &format!("ls {{model}} > /dev/null; {script}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{script}");
    }
    for signal in ["TERM", "INT", "HUP", "USR1"] {
        let script = format!(
            "trap 'echo caught {signal}; exit 41' {signal}; touch {{model}}.x 2>/dev/null; touch ready; \
                              while :; do sleep 0.01; done"
        );
        let arguments = arguments(&["-q", "--model", "m"], &script);
        let child = command(&place, &arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(&place.path("ready"));
        fs::remove_file(place.path("ready")).unwrap();
        let kill = Command::new("/bin/kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(
            (ended.status.code(), said),
            (Some(41), format!("caught {signal}\n"))
        );
    }
}

/// Changes to a model that a program reads already.
type Change = (&'static str, fn(&Place));

const CHANGES: [Change; 7] = [
    ("rewritten", |place| {
        let size = fs::read(place.path("m/model.safetensors")).unwrap().len();
        let file = fs::OpenOptions::new()
            .write(true)
            .open(place.path("m/model.safetensors"))
            .unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xee; size], 0).unwrap();
    }),
    ("truncated", |place| {
        fs::write(place.path("m/model.safetensors"), "").unwrap()
    }),
    ("replaced", |place| {
        fs::write(place.path("other"), "other").unwrap();
        fs::rename(place.path("other"), place.path("m/model.safetensors")).unwrap();
    }),
    ("removed", |place| {
        fs::remove_file(place.path("m/model.safetensors")).unwrap()
    }),
    ("linked", |place| {
        fs::remove_file(place.path("m/model.safetensors")).unwrap();
        symlink("/etc/hostname", place.path("m/model.safetensors")).unwrap();
    }),
    ("hard-linked", |place| {
        fs::write(place.path("other"), "other").unwrap();
        fs::remove_file(place.path("m/model.safetensors")).unwrap();
        fs::hard_link(place.path("other"), place.path("m/model.safetensors")).unwrap();
    }),
    ("moved away", |place| {
        fs::rename(place.path("m"), place.path("gone")).unwrap()
    }),
];

#[test]
fn a_running_program_keeps_the_verified_bytes() {
    for (what, change) in CHANGES {
        let place = signed();
        let weights = fs::read(place.path("m/model.safetensors")).unwrap();
        let script =
            "touch ready; while [ ! -e changed ]; do sleep 0.01; done; cat {model}/model.safetensors > seen";
        let child = command(&place, &arguments(&["-q", "--model", "m"], script))
            .spawn()
            .unwrap();
        wait_for(&place.path("ready"));
        change(&place);
        place.write("changed", "");
        assert!(child.wait_with_output().unwrap().status.success());
        assert!(fs::read(place.path("seen")).unwrap() == weights, "{what}");
    }
}

#[test]
fn nobody_writes_to_what_a_program_reads() {
    let place = signed();
    let script = "for way in 'echo x > {model}/config.json' 'echo x >> {model}/model.safetensors' \
                  'truncate -s 0 {model}/config.json' 'rm {model}/config.json' 'touch {model}/new' \
                  'ln -sf /etc/hostname {model}/config.json'; do sh -c \"$way\" 2>/dev/null && echo \"did: $way\"; done; \
                  cat {model}/config.json";
    let ran = shell(&place, script);
    // A user who may do anything may also remove links of the private folder; the bytes stay as they are.
    let written: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("did: echo") || line.starts_with("did: truncate"))
        .collect();
    assert!(written.is_empty(), "{ran:?}");
}

#[test]
fn the_private_folder_is_for_this_user_only() {
    let place = signed();
    let ran = shell(&place, "stat -c %a {model} {model}/.. {model}/tokenizer");
    assert_eq!(ran.stdout, "500\n500\n500\n");
    assert_eq!(
        fs::metadata(place.path("m")).unwrap().permissions().mode() & 0o222,
        0o200
    );
}

#[test]
fn descriptors_are_passed_to_programs_that_want_no_folder() {
    let place = signed();
    let ran = shell(
        &place,
        "cat {model:config.json}; echo; echo {model:config.json}; ls -l /proc/self/fd | grep -c memfd",
    );
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "{\"model_type\": \"toy\"}");
    assert!(lines[1].starts_with("/proc/self/fd/"));
    // The one file that is named, and no other of the model.
    assert_eq!(lines[2].trim(), "1");
}

#[test]
fn one_file_is_a_model_too() {
    let place = Place::new();
    place.write("w.bin", "weights");
    let (private, public) = (key("p256.key.pem"), key("p256.pub.pem"));
    place
        .run(["sign", "w.bin", "--key", private.to_str().unwrap()])
        .yes();
    let mut run = command(
        &place,
        &arguments(&["-q", "--model", "w.bin=w"], "cat {w}; basename {w}"),
    );
    assert_eq!(Ran::of(&mut run).stdout, "weightsw.bin\n");
    place.write("w.bin", "weightz");
    Ran::of(&mut run).refused(1, "WL-SIG-TAMPERED");
    assert!(public.exists());
}

#[test]
fn the_hub_cache_is_read_through_its_links() {
    let place = Place::with_model();
    let revision = place.path("hub/models--o--n/snapshots/0123");
    let blobs = place.path("hub/models--o--n/blobs");
    fs::create_dir_all(&revision).unwrap();
    fs::create_dir_all(&blobs).unwrap();
    for (name, blob) in [("config.json", "aa11"), ("model.safetensors", "bb22")] {
        fs::copy(place.path("m").join(name), blobs.join(blob)).unwrap();
        symlink(format!("../../blobs/{blob}"), revision.join(name)).unwrap();
    }
    let (private, model) = (key("p256.key.pem"), revision.to_str().unwrap().to_owned());
    place
        .run(["sign", &model, "--key", private.to_str().unwrap()])
        .yes();
    let script = "touch ready; while [ ! -e changed ]; do sleep 0.01; done; cat {model}/config.json";
    let spawn = |place: &Place| -> Child {
        command(place, &arguments(&["-q", "--model", &model], script))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let child = spawn(&place);
    wait_for(&place.path("ready"));
    fs::write(blobs.join("aa11"), "evil").unwrap();
    fs::remove_file(revision.join("config.json")).unwrap();
    symlink("../../blobs/bb22", revision.join("config.json")).unwrap();
    place.write("changed", "");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(ended.stdout).unwrap(),
        "{\"model_type\": \"toy\"}"
    );
    assert!(!spawn(&place).wait_with_output().unwrap().status.success());
}

#[test]
fn what_cannot_be_scanned_clean_is_not_run_when_that_is_asked_for() {
    let place = Place::with_model();
    fs::remove_file(place.path("m/model.safetensors")).unwrap();
    let run = |place: &Place, scan: &str| {
        let _ = fs::remove_file(place.path("m/model.sig"));
        place.sign(&[]).yes();
        Ran::of(&mut command(
            place,
            &arguments(&["-q", scan, "--model", "m"], "echo ran {model} | cut -c1-3"),
        ))
    };
    assert_eq!(run(&place, "--scan").stdout, "ran\n");
    place.write(
        "m/pytorch_model.bin",
        b"\x80\x04cposix\nsystem\n\x8c\x04echo\x85R.",
    );
    run(&place, "--scan").refused(1, "WL-SCAN-FINDINGS");
    place.write("m/pytorch_model.bin", [0x9a; 300]);
    run(&place, "--scan=critical").refused(3, "WL-SCAN-UNKNOWN-FORMAT");
}

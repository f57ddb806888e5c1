//! Whoever controls the model folder, and even writes to it while it is read, gets no "verified" for something else
//! than what was signed.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::symlink, process::ExitStatusExt as _},
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use crate::run::{Place, Ran, key};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A way to give a file other bytes.
type Way<'a> = dyn Fn(&Path, &[u8]) + 'a;

/// Ends a command that hangs, and fails.
#[track_caller]
fn at_once(command: &mut Command) -> Ran {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it hangs");
        }
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), None, "it crashed");
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A signature is JSON with room for more members: one file can be a signature and a configuration at once. It must
/// not escape the comparison because `model.sig` links to it.
#[test]
fn a_signature_is_never_another_file_of_the_model() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let signature = fs::read_to_string(place.path("m/model.sig")).unwrap();
    let both = signature.replacen('{', "{\"auto_map\": {\"AutoModel\": \"evil/code--m.C\"}, ", 1);
    place.write("m/tokenizer_config.json", &both);
    fs::remove_file(place.path("m/model.sig")).unwrap();
    symlink("tokenizer_config.json", place.path("m/model.sig")).unwrap();
    place.verify(&[]).refused(1, "WL-ART-SYMLINK");
    place
        .verify(&["--allow-symlinks"])
        .refused(1, "WL-SIG-EXTRA-FILE")
        .says("tokenizer_config.json");
    place
        .verify(&["--signature", "m/model.sig"])
        .refused(1, "WL-SIG-EXTRA-FILE");
    symlink("m/tokenizer_config.json", place.path("s")).unwrap();
    place
        .verify(&["--signature", "s"])
        .refused(1, "WL-SIG-EXTRA-FILE");
    let public = key("p256.pub.pem");
    for signature in ["s", "m/model.sig"] {
        let compat = [
            "compat",
            "model_signing",
            "verify",
            "key",
            "m",
            "--allow_symlinks",
        ];
        let rest = ["--signature", signature, "--public_key", public.to_str().unwrap()];
        let ran = place.run(compat.into_iter().chain(rest));
        assert_eq!(ran.code, 1, "{ran:?}");
    }
}

/// A pattern that matches every signed file does not make the check a whole one: an unsigned file of another name
/// was not looked for.
#[test]
fn a_pattern_that_matches_every_signed_file_is_still_partial() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.write("m/evil.py", "import os");
    let only = ["--only", "*.json", "--only", "*.safetensors"];
    let part = place.verify(&only).yes();
    assert!(part.stdout.starts_with("partly verified m\n"), "{part:?}");
    let json = place.verify(&[&only[..], &["--json"]].concat()).json();
    assert_eq!(json["result"]["complete"], false);
    place
        .verify(&[&only[..], &["--format", "cosign-json"]].concat())
        .refused(2, "WL-CLI-USAGE");
}

#[test]
fn what_is_let_pass_is_named() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    symlink("/etc/hostname", place.path("m/evil.py")).unwrap();
    place
        .verify(&["--ignore-unsigned-files"])
        .yes()
        .says("not signed 1 file: evil.py");
    fs::remove_file(place.path("m/evil.py")).unwrap();
    place.write("m/.git/hooks/post-checkout", "#!/bin/sh");
    place.write("m/.cache/huggingface/x.py", "import os");
    place
        .verify(&[])
        .yes()
        .says("not part   .cache/huggingface, .git\n");
}

#[test]
fn an_empty_file_that_a_loader_reads_does_not_pass_beside_shards() {
    let place = Place::with_model();
    place.sign(&["--shards", "1MiB"]).yes();
    place.write("m/NOTICE", "");
    place.verify(&[]).yes();
    place.write("m/chat_template.jinja", "");
    place.verify(&[]).refused(1, "WL-SIG-EXTRA-FILE");
}

#[test]
fn pipes_and_devices_neither_block_nor_answer() {
    let place = Place::with_model();
    let (private, public) = (key("p256.key.pem"), key("p256.pub.pem"));
    let (private, public) = (private.to_str().unwrap(), public.to_str().unwrap());
    place.sign(&["--signature", "good.sig"]).yes();
    pipe(&place.path("pipe"));
    let compat = ["compat", "model_signing", "verify", "key", "m", "--public_key"];
    let table: [&[&str]; 8] = [
        &["verify", "m", "--key", "pipe", "--signature", "good.sig"],
        &["verify", "m", "--key", public, "--signature", "pipe"],
        &["verify", "m", "--key", public, "--signature", "/dev/zero"],
        &[
            "verify",
            "m",
            "--certificate-chain",
            "pipe",
            "--signature",
            "good.sig",
        ],
        &["sign", "m", "--key", "pipe"],
        &["sign", "m", "--key", private, "--signature", "pipe"],
        &[&compat[..], &[public, "--signature", "pipe"]].concat(),
        &[&compat[..], &["pipe", "--signature", "good.sig"]].concat(),
    ];
    for arguments in table {
        let ran = at_once(&mut place.command(arguments));
        assert_ne!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
    pipe(&place.path("m/model.sig"));
    let ran = at_once(&mut place.command(["verify", "m", "--key", public]));
    ran.refused(1, "WL-ART-SPECIAL-FILE");
    assert_ne!(
        at_once(&mut place.command(["sign", "m", "--key", private])).code,
        0
    );
    fs::remove_file(place.path("m/model.sig")).unwrap();
    fs::create_dir(place.path("m.weightlock")).unwrap();
    pipe(&place.path("m.weightlock/model.sig"));
    assert_ne!(
        at_once(&mut place.command(["verify", "m", "--key", public])).code,
        0
    );
}

#[test]
fn a_huge_unsigned_file_is_not_hashed_to_find_a_renamed_one() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    fs::remove_file(place.path("m/config.json")).unwrap();
    let huge = fs::File::create(place.path("m/huge.bin")).unwrap();
    huge.set_len(1 << 42).unwrap();
    let public = key("p256.pub.pem");
    let ran = at_once(&mut place.command(["verify", "m", "--key", public.to_str().unwrap()]));
    ran.refused(1, "WL-SIG-TAMPERED").says("huge.bin was added");
}

#[test]
fn what_is_no_signature_is_not_replaced_by_one() {
    let place = Place::with_model();
    place.write("precious", "-----BEGIN PRIVATE KEY-----");
    place
        .sign(&["--replace", "--signature", "precious"])
        .refused(1, "WL-SIG-EXISTS");
    assert_eq!(
        fs::read_to_string(place.path("precious")).unwrap(),
        "-----BEGIN PRIVATE KEY-----"
    );
    place
        .run_with_key("sign", "p384.key.pem", &["--signature", "s"])
        .yes();
    place.sign(&["--replace", "--signature", "s"]).yes();
}

#[test]
fn evidence_is_not_written_through_a_link_of_the_model() {
    let place = Place::with_model();
    fs::create_dir(place.path("elsewhere")).unwrap();
    symlink("../elsewhere", place.path("m/.weightlock")).unwrap();
    place.sign(&["--leaves"]).refused(1, "WL-SIG-EXTRA-FILE");
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 0);
    assert!(!place.path("m/model.sig").exists());
}

/// A writer changes two files all the time so that they are never good at once, rewriting, truncating and replacing
/// them. Whatever a check meets, it is not "verified", and no run ends by a signal.
#[test]
fn a_state_that_never_was_is_never_verified() {
    const TIME: Duration = Duration::from_millis(1200);
    let place = Place::with_model();
    let (good, bad) = (vec![b'g'; 70_000], vec![b'b'; 70_000]);
    let (one, two) = (place.path("m/one.bin"), place.path("m/two.bin"));
    fs::write(&one, &good).unwrap();
    fs::write(&two, &good).unwrap();
    place.sign(&[]).yes();
    place.verify(&[]).yes();
    fs::write(&one, &bad).unwrap();
    let stop = AtomicBool::new(false);
    let spare = place.path("spare");
    let rewrite = |path: &Path, bytes: &[u8]| {
        let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    };
    let replace = |path: &Path, bytes: &[u8]| {
        fs::write(&spare, bytes).unwrap();
        fs::rename(&spare, path).unwrap();
    };
    let truncate = |path: &Path, bytes: &[u8]| fs::write(path, bytes).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let ways: [&Way<'_>; 3] = [&rewrite, &replace, &truncate];
            let mut round = 0;
            while !stop.load(Relaxed) {
                let way = ways[round % ways.len()];
                way(&two, &bad);
                way(&one, &good);
                way(&one, &bad);
                way(&two, &good);
                round += 1;
            }
        });
        let begun = Instant::now();
        let mut checks = 0;
        while begun.elapsed() < TIME {
            let reading = ["mapped", "buffered"][checks % 2];
            let public = key("p256.pub.pem");
            let arguments = [
                "verify",
                "m",
                "--key",
                public.to_str().unwrap(),
                "--read",
                reading,
            ];
            let ran = at_once(&mut place.command(arguments));
            checks += 1;
            if ran.code == 0 {
                stop.store(true, Relaxed);
                panic!("check {checks}, {reading}: {ran:?}");
            }
        }
        stop.store(true, Relaxed);
        assert!(checks >= 3, "only {checks} checks were made");
    });
}

//! The contract that holds for every verb: exit codes, success words, what goes where, memory, sockets, execution.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use crate::run::{Place, Ran, key};

fn path(name: &str) -> String {
    key(name).to_str().unwrap().to_owned()
}

/// Words that say "all is well".
const SUCCESS: [&str; 12] = [
    "verified ",
    "Verified OK",
    "signed ",
    "attested ",
    "added ",
    ": OK",
    "succeeded",
    "written ",
    "the same",
    "clean:",
    "passed:",
    "No issues found",
];

fn prepared() -> Place {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place.run(["digest", "m"]).yes();
    let list = place.run(["digest", "m"]).stdout;
    fs::write(place.path("list"), list).unwrap();
    place.write("other/config.json", "{}");
    place.write("empty/.git/HEAD", "");
    place.write("notes.txt", "hello");
    place.write("claim.json", "{}");
    place.write("unknown.bin", [0xff; 64]);
    place.write("half/unknown.bin", [0xff; 64]);
    place.write("half/none.pkl", b"\x80\x02N.");
    place.write("none.pkl", b"\x80\x02N.");
    place.write("cut.pkl", b"\x80\x02cposix\nsystem\n");
    let weights = fs::read(place.path("m/model.safetensors")).unwrap();
    place.write("cut.safetensors", &weights[..weights.len() - 1]);
    fs::create_dir(place.path("folder.pub")).unwrap();
    place
}

/// U1: every verb ends with the documented code for each kind of answer it has.
#[test]
fn every_verb_has_the_documented_exit_codes() {
    let place = prepared();
    let (private, public, other) = (path("p256.key.pem"), path("p256.pub.pem"), path("p384.pub.pem"));
    let table: &[(i32, &[&str])] = &[
        (0, &["sign", "--key", &private, "m"]),
        (1, &["sign", "--key", &path("p384.key.pem"), "m"]),
        (2, &["sign", "m"]),
        (3, &["sign", "--key", &private, "empty"]),
        (4, &["sign", "--key", &private, "nothing"]),
        (0, &["verify", "--key", &public, "m"]),
        (1, &["verify", "--key", &other, "m"]),
        (2, &["verify", "m"]),
        (3, &["verify", "--key", &public, "--only", "*.gguf", "m"]),
        (4, &["verify", "--key", &public, "nothing"]),
        (
            0,
            &[
                "attest",
                "--key",
                &private,
                "--type",
                "review",
                "--predicate",
                "claim.json",
                "m",
            ],
        ),
        (
            1,
            &[
                "attest",
                "--key",
                &private,
                "--type",
                "cyclonedx",
                "--predicate",
                "claim.json",
                "m",
            ],
        ),
        (
            2,
            &[
                "attest",
                "--key",
                &private,
                "--type",
                "revue",
                "--predicate",
                "claim.json",
                "m",
            ],
        ),
        (
            3,
            &[
                "attest",
                "--key",
                &private,
                "--type",
                "review",
                "--predicate",
                "claim.json",
                "empty",
            ],
        ),
        (
            4,
            &[
                "attest",
                "--key",
                &private,
                "--type",
                "review",
                "--predicate",
                "nothing",
                "m",
            ],
        ),
        (
            0,
            &["verify-attestation", "--key", &public, "--type", "review", "m"],
        ),
        (
            1,
            &["verify-attestation", "--key", &other, "--type", "review", "m"],
        ),
        (2, &["verify-attestation", "--type", "review", "m"]),
        (3, &["verify-attestation", "--key", &public, "--type", "bom", "m"]),
        (
            4,
            &["verify-attestation", "--key", &public, "--type", "bom", "nothing"],
        ),
        (0, &["evidence", "list", "m"]),
        (3, &["evidence", "list", "other"]),
        (4, &["evidence", "list", "nothing"]),
        (0, &["evidence", "show", "m", "review", "--output", "sent.json"]),
        (2, &["evidence", "show", "m", "scan"]),
        (0, &["evidence", "add", "m", "sent.json"]),
        (1, &["evidence", "add", "other", "sent.json"]),
        (4, &["evidence", "add", "m", "nothing"]),
        (2, &["evidence", "remove", "m", "review"]),
        (0, &["evidence", "remove", "m", "review", "--yes"]),
        (2, &["evidence"]),
        (0, &["card", "init", "--card", "card.yaml", "other"]),
        (1, &["card", "init", "--card", "card.yaml", "other"]),
        (2, &["card", "init", "--inside", "--beside", "other"]),
        (4, &["card", "init", "nothing"]),
        (1, &["card", "check", "--card", "card.yaml", "other"]),
        (2, &["card", "check"]),
        (3, &["card", "check", "other"]),
        (4, &["card", "check", "nothing"]),
        (0, &["card", "show", "--card", "card.yaml", "other"]),
        (3, &["card", "show", "other"]),
        (4, &["card", "show", "nothing"]),
        (
            0,
            &[
                "card",
                "sign",
                "--key",
                &private,
                "--card",
                "card.yaml",
                "--dry-run",
                "other",
            ],
        ),
        (1, &["card", "sign", "--key", &private, "--card", "list", "other"]),
        (2, &["card", "sign", "--card", "card.yaml", "other"]),
        (3, &["card", "sign", "--key", &private, "other"]),
        (4, &["card", "sign", "--key", &private, "nothing"]),
        (2, &["card"]),
        (
            0,
            &[
                "sign-blob",
                "--key",
                &private,
                "--output-signature",
                "unknown.bin.sig",
                "unknown.bin",
            ],
        ),
        (
            1,
            &[
                "sign-blob",
                "--key",
                &private,
                "--output-signature",
                "notes.txt",
                "unknown.bin",
            ],
        ),
        (2, &["sign-blob", "unknown.bin"]),
        (4, &["sign-blob", "--key", &private, "nothing"]),
        (0, &["verify-blob", "--key", &public, "unknown.bin"]),
        (1, &["verify-blob", "--key", &other, "unknown.bin"]),
        (2, &["verify-blob", "unknown.bin"]),
        (4, &["verify-blob", "--key", "nothing", "unknown.bin"]),
        (
            0,
            &[
                "attest-blob",
                "--key",
                &private,
                "--predicate",
                "notes.txt",
                "--bundle",
                "claim",
                "unknown.bin",
            ],
        ),
        (
            1,
            &[
                "attest-blob",
                "--key",
                &private,
                "--predicate",
                "notes.txt",
                "--type",
                "spdx",
                "unknown.bin",
            ],
        ),
        (2, &["attest-blob", "--key", &private, "unknown.bin"]),
        (
            4,
            &[
                "attest-blob",
                "--key",
                &private,
                "--predicate",
                "nothing",
                "unknown.bin",
            ],
        ),
        (
            0,
            &[
                "verify-blob-attestation",
                "--key",
                &public,
                "--bundle",
                "claim",
                "unknown.bin",
            ],
        ),
        (
            1,
            &[
                "verify-blob-attestation",
                "--key",
                &public,
                "--bundle",
                "claim",
                "notes.txt",
            ],
        ),
        (
            2,
            &["verify-blob-attestation", "--bundle", "claim", "unknown.bin"],
        ),
        (
            4,
            &[
                "verify-blob-attestation",
                "--key",
                &public,
                "--bundle",
                "nothing",
                "unknown.bin",
            ],
        ),
        (0, &["digest", "m"]),
        (0, &["digest", "--check", "list"]),
        (2, &["digest"]),
        (3, &["digest", "--check", "notes.txt"]),
        (4, &["digest", "nothing"]),
        (0, &["inspect", "m"]),
        (2, &["inspect"]),
        (3, &["inspect", "notes.txt"]),
        (4, &["inspect", "nothing"]),
        (0, &["inventory", "m"]),
        (2, &["inventory", "--nonsense"]),
        (3, &["inventory"]),
        (3, &["inventory", "empty"]),
        (4, &["inventory", "nothing"]),
        (0, &["scan", "m/model.safetensors"]),
        (1, &["scan", "cut.safetensors"]),
        (2, &["scan"]),
        (3, &["scan", "empty"]),
        (3, &["scan", "unknown.bin"]),
        (4, &["scan", "nothing"]),
        (0, &["scan", "--rules"]),
        (0, &["disassemble", "none.pkl"]),
        (2, &["disassemble"]),
        (2, &["disassemble", "--member", "x", "none.pkl"]),
        (3, &["disassemble", "m/model.safetensors"]),
        (3, &["disassemble", "cut.pkl"]),
        (4, &["disassemble", "nothing"]),
        (0, &["diff", "m", "m"]),
        (1, &["diff", "m", "other"]),
        (2, &["diff", "m"]),
        (4, &["diff", "m", "nothing"]),
        (0, &["lock", "add", "--key", &public, "m"]),
        (1, &["lock", "add", "--key", &other, "n=m"]),
        (2, &["lock", "add", "--key", &public, "m"]),
        (3, &["lock", "add", "empty"]),
        (4, &["lock", "add", "nothing"]),
        (0, &["lock", "verify", "--key", &public]),
        (1, &["lock", "verify", "--key", &other]),
        (2, &["lock", "verify", "--as", "x"]),
        (3, &["lock", "verify"]),
        (4, &["lock", "verify", "--key", &public, "m=nothing"]),
        (0, &["lock", "update", "--key", &public]),
        (1, &["lock", "update", "--key", &other]),
        (2, &["lock", "update", "--key", &public, "m", "m"]),
        (3, &["lock", "update"]),
        (4, &["lock", "update", "--key", &public, "--lock", "nothing"]),
        (0, &["lock", "diff"]),
        (2, &["lock", "diff", "notes.txt"]),
        (4, &["lock", "diff", "nothing"]),
        (2, &["lock"]),
        (0, &["verify", "--key", &public, "--lock", "weightlock.lock", "m"]),
        (0, &["pins", "write", "m"]),
        (1, &["pins", "write", "--lock", "weightlock.lock", "x"]),
        (2, &["pins", "write"]),
        (3, &["pins", "write", "-o", "other.pins", "empty"]),
        (4, &["pins", "write", "nothing"]),
        (1, &["pins", "verify", "--key", &public, "m"]),
        (
            0,
            &[
                "sign-blob",
                "--key",
                &private,
                "--output-signature",
                "weightlock.pins.sig",
                "weightlock.pins",
            ],
        ),
        (0, &["pins", "verify", "--key", &public, "m"]),
        (2, &["pins", "verify", "m"]),
        (4, &["pins", "verify", "--pins", "nothing", "--key", &public, "m"]),
        (2, &["pins"]),
        (0, &["key", "generate", "--unencrypted", "new"]),
        (2, &["key", "generate", "--unencrypted", "new"]),
        (2, &["key", "generate", "locked"]),
        (4, &["key", "generate", "--unencrypted", "nothing/new"]),
        (0, &["key", "inspect", &public]),
        (2, &["key", "inspect"]),
        (4, &["key", "inspect", "nothing"]),
        (0, &["explain", "WL-SIG-TAMPERED"]),
        (2, &["explain", "WL-SIG-NONSENSE"]),
        (0, &["doctor"]),
        (0, &["completions", "bash"]),
        (2, &["completions", "nonsense"]),
        (0, &["man", "verify"]),
        (2, &["man", "nonsense"]),
        (0, &["version"]),
        (0, &["compat", "model_signing", "--version"]),
        (
            1,
            &[
                "compat",
                "model_signing",
                "verify",
                "key",
                "--public_key",
                &other,
                "--signature",
                "m/model.sig",
                "m",
            ],
        ),
        (2, &["compat", "model_signing", "verify", "key"]),
        (0, &["compat", "picklescan", "-p", "none.pkl"]),
        (1, &["compat", "picklescan", "-p", "cut.pkl"]),
        (2, &["compat", "picklescan", "-p", "unknown.bin"]),
        (2, &["compat", "picklescan", "-p", "empty"]),
        (2, &["compat", "picklescan", "-p", "nothing"]),
        (2, &["compat", "picklescan", "--nonsense"]),
        (0, &["compat", "modelscan", "-p", "none.pkl"]),
        (1, &["compat", "modelscan", "-p", "cut.pkl"]),
        (2, &["compat", "modelscan", "-p", "half"]),
        (3, &["compat", "modelscan", "-p", "unknown.bin"]),
        (3, &["compat", "modelscan", "-p", "empty"]),
        (4, &["compat", "modelscan", "-p", "nothing"]),
        (4, &["compat", "modelscan", "--nonsense"]),
        (2, &["nonsense"]),
    ];
    for (code, arguments) in table {
        let ran = place.run(*arguments);
        assert_eq!(ran.code, *code, "{arguments:?}: {ran:#?}");
        if *code != 0 {
            assert_no_success(&ran);
        }
    }
}

/// U2, X24: a run that did not end with yes says nothing on standard output that reads like it.
fn assert_no_success(ran: &Ran) {
    for word in SUCCESS {
        assert!(!ran.stdout.contains(word), "{word:?} in {ran:#?}");
    }
}

/// U2: after a failing check of a list, the lines of good files are there, and the end does not say that all is well.
#[test]
fn a_list_with_one_bad_file_does_not_end_well() {
    let place = prepared();
    place.flip("m/config.json", 3, 1);
    let ran = place.run(["digest", "--check", "list"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.starts_with("error[WL-DIGEST-MISMATCH]"), "{ran:#?}");
}

/// U4, U5: standard output is one JSON document whatever else is shown, and there are no escapes unless asked for.
#[test]
fn results_are_alone_on_standard_output_and_colour_is_asked_for() {
    let place = prepared();
    place.flip("m/config.json", 3, 1);
    let public = path("p256.pub.pem");
    let json = place.run(["verify", "--json", "--key", &public, "m"]);
    assert_eq!((json.code, json.json()["exit_code"].as_i64()), (1, Some(1)));
    let typo = place.run(["verify", "--json", "--kye", &public, "m"]);
    assert_eq!((typo.code, typo.codes()), (2, vec!["WL-CLI-USAGE".to_owned()]));
    let typo = place.run(["verify", "--format", "json", "--kye", &public, "m"]);
    assert_eq!((typo.code, typo.codes()), (2, vec!["WL-CLI-USAGE".to_owned()]));
    for (more, variables, coloured) in [
        (&[][..], &[][..], false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
    ] {
        let mut command = place.command(["verify", "m", "--key", &public].iter().chain(more));
        let ran = Ran::of(command.envs(variables.iter().copied()));
        assert_eq!(
            ran.stderr.contains('\u{1b}'),
            coloured,
            "{more:?} {variables:?} {ran:?}"
        );
    }
}

/// S31: one GiB is hashed within 64 MiB of address space beside the program itself, by both ways of reading.
#[test]
fn memory_does_not_grow_with_the_file() {
    let place = Place::new();
    let file = fs::File::create(place.path("big.bin")).unwrap();
    file.set_len(1 << 30).unwrap();
    let program = fs::metadata(env!("CARGO_BIN_EXE_weightlock")).unwrap().len();
    let kibibytes = program.div_ceil(1024) + (64 << 10);
    for reading in ["buffered", "mapped"] {
        let script = format!(
            "ulimit -v {kibibytes} && exec '{}' digest --read {reading} -j 2 big.bin",
            env!("CARGO_BIN_EXE_weightlock")
        );
        let ran = Ran::of(
            Command::new("sh")
                .args(["-c", &script])
                // The allocator reserves 64 MiB of addresses for each thread that is quick enough, and uses little of them.
                .env("MALLOC_ARENA_MAX", "1")
                .current_dir(place.path("")),
        );
        // SHA-256 of a GiB of zeros.
        let expected = "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14  big.bin\n";
        assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{ran:#?}");
    }
}

/// S32: nothing that is examined is executed: a pickle that would create a file stays data under every verb.
#[test]
fn a_canary_in_the_model_never_runs() {
    let place = Place::with_model();
    let canary = place.path("canary");
    let call = format!("cposix\nsystem\n(Vtouch '{}'\ntR.", canary.display());
    place.write("m/pytorch_model.bin", &call);
    place.write(
        "m/modeling.py",
        format!("open({:?}, 'w')", canary.display().to_string()),
    );
    place.sign(&["--leaves"]).yes();
    place.verify(&[]).yes();
    place.flip("m/pytorch_model.bin", 1, 1);
    place.verify(&[]).refused(1, "WL-SIG-TAMPERED");
    place.run(["inspect", "m"]);
    assert_ne!(place.run(["scan", "m"]).code, 0);
    place
        .run(["disassemble", "m/pytorch_model.bin"])
        .says("calls qosix.system");
    place.run(["digest", "m"]).yes();
    place.run(["diff", "m", "m"]).yes();
    assert!(!canary.exists());
}

/// X6, X23: no socket of the network is ever made, as the kernel sees it.
#[test]
fn no_verb_opens_a_socket() {
    let Some(strace) = weightlock_peers::program(weightlock_peers::Peer::Strace) else {
        return;
    };
    let place = prepared();
    let (private, public) = (path("p256.key.pem"), path("p256.pub.pem"));
    let runs: [&[&str]; 12] = [
        &["scan", "m/model.safetensors"],
        &["sign", "--key", &private, "m"],
        &["verify", "--offline", "--key", &public, "m"],
        &[
            "sign-blob",
            "--key",
            &private,
            "--output-signature",
            "notes.txt.sig",
            "notes.txt",
        ],
        &["verify-blob", "--key", &public, "notes.txt"],
        &["digest", "m"],
        &["inspect", "m"],
        &["diff", "m", "other"],
        &["doctor"],
        &["demo"],
        &["key", "generate", "--unencrypted", "new"],
        &[
            "compat",
            "model_signing",
            "verify",
            "key",
            "--public_key",
            &public,
            "--signature",
            "m/model.sig",
            "m",
        ],
    ];
    for arguments in runs {
        let trace = place.path("trace");
        let mut command = Command::new(&strace);
        command
            .args(["-f", "-qq", "-e", "trace=%network", "-o"])
            .arg(&trace);
        command.arg(env!("CARGO_BIN_EXE_weightlock")).args(arguments);
        let ran = Ran::of(
            command
                .current_dir(place.path(""))
                .env_clear()
                .env("HOME", place.path("home")),
        );
        let Ok(calls) = fs::read_to_string(&trace) else {
            return weightlock_peers::skip("strace may not trace here");
        };
        assert!(
            !calls.contains("socket(") && !calls.contains("connect("),
            "{arguments:?}: {calls}"
        );
        assert!(ran.code <= 1, "{arguments:?}: {ran:#?}");
    }
}

/// What a command has said when Ctrl-C reaches it in the middle of its work.
#[track_caller]
pub(crate) fn interrupted(mut command: Command) -> Output {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1000));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    output
}

/// U16: Ctrl-C in the middle of a scan ends it at once with the signal's code, and a report that was there is still whole.
#[test]
fn an_interrupted_scan_says_so_and_has_no_result() {
    let place = Place::new();
    // All of it is one tensor, which the strict profile reads; it takes no room.
    let header = format!(
        r#"{{"w":{{"dtype":"U8","shape":[{0}],"data_offsets":[0,{0}]}}}}"#,
        1_u64 << 40
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    place.write("big.safetensors", &bytes);
    let big = fs::OpenOptions::new()
        .write(true)
        .open(place.path("big.safetensors"))
        .unwrap();
    big.set_len(bytes.len() as u64 + (1 << 40)).unwrap();
    place.write("report.json", "what was there");
    let arguments = [
        "scan",
        "--profile",
        "strict",
        "--json",
        "--output",
        "report.json",
        "big.safetensors",
    ];
    let output = interrupted(place.command(arguments));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&said["outcome"], &said["result"]),
        (&"interrupted".into(), &serde_json::Value::Null)
    );
    assert_eq!(fs::read(place.path("report.json")).unwrap(), b"what was there");
}

/// U16: Ctrl-C in the middle of hashing ends sign, digest, lock and pins at once with the signal's code; no signature, no temporary
/// file is left, and a signature that was there is still whole.
#[test]
fn an_interruption_leaves_nothing_half_written() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let before = fs::read(place.path("m/model.sig")).unwrap();
    place.run(["lock", "add", "m"]);
    let locked = fs::read(place.path("weightlock.lock")).unwrap();
    // So large that nobody hashes it before the signal comes; it takes no room.
    let big = fs::File::create(place.path("m/big.safetensors")).unwrap();
    big.set_len(1 << 40).unwrap();
    for (verb, name) in [("sign", "p256.key.pem"), ("digest", "")] {
        let key = path(name);
        let key: &[&str] = if name.is_empty() { &[] } else { &["--key", &key] };
        interrupted(place.command([verb, "m"].iter().chain(key)));
    }
    for arguments in [
        &["lock", "add", "n=m"][..],
        &["lock", "update"],
        &["lock", "verify"],
        &["pins", "write", "m"],
    ] {
        interrupted(place.command(arguments));
    }
    assert_eq!(fs::read(place.path("weightlock.lock")).unwrap(), locked);
    assert!(!place.path("weightlock.pins").exists());
    assert_eq!(fs::read(place.path("m/model.sig")).unwrap(), before);
    let left: Vec<_> = fs::read_dir(place.path("m"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

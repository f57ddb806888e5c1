//! `run` by a policy: the verdict decides, about the very bytes that the program reads.

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use weightlock::commands::{audit::verify::WholeLog, verdict::VerdictTold};

use crate::{
    attest::path,
    gate::{policy, remove, whole},
    run::{Place, Ran},
};

/// `run` with more flags, and a shell script in which `{model}` is the path of `m`.
fn command(place: &Place, more: &[&str], script: &str) -> Command {
    let words = [&["run"], more, &["--model", "m", "--", "/bin/sh", "-c", script]];
    let mut command = place.command(words.concat());
    command
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", place.path("."));
    command
}

const POLICY: [&str; 4] = ["--policy", "policy.toml", "--advisories", "grype.json"];

fn by_policy(place: &Place, more: &[&str], script: &str) -> Ran {
    Ran::of(&mut command(place, &[&POLICY, more].concat(), script))
}

/// Nothing was started, and these are the reasons.
#[track_caller]
fn refused(place: &Place, more: &[&str], code: i32, codes: &[&str]) -> Ran {
    let ran = by_policy(place, more, "touch started; ls {model}");
    assert!(!place.path("started").exists(), "{ran:#?}");
    assert_eq!(ran.refusal(), (code, codes.to_vec()), "{ran:#?}");
    ran
}

/// No signer is named: the policy knows who counts.
#[test]
fn a_model_that_the_policy_allows_is_run_and_nothing_of_it_that_nobody_signed() {
    let place = whole();
    let ran = by_policy(
        &place,
        &[],
        "cd {model} && find . -type l | sort && cat config.json",
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout.starts_with("./README.md\n./config.json\n") && !ran.stdout.contains("model.sig"),
        "{ran:#?}"
    );
    let digest = place.run(["digest", "--manifest", "m"]).yes().stdout;
    assert!(
        ran.stderr
            .starts_with(&format!("allowed: m   {}   ", digest.trim())),
        "the digest is that of the model: {ran:#?}"
    );
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
}

/// S28, S29: the reasons are those of the verdict, and so is the exit code.
#[test]
fn what_the_policy_does_not_allow_is_started_by_nobody() {
    for (kind, code) in [("bom", "WL-POLICY-BOM"), ("card", "WL-POLICY-CARD")] {
        let place = whole();
        remove(&place, kind);
        refused(&place, &[], 1, &[code]);
    }
    let place = whole();
    fs::remove_file(place.path("m/model.sig")).unwrap();
    let ran = refused(&place, &[], 1, &["WL-POLICY-SIGNATURE"]);
    assert!(ran.stderr.contains("unsigned"), "{ran:#?}");
    let place = whole();
    place.write("m/modeling.py", "");
    let all = ["WL-POLICY-SIGNATURE", "WL-POLICY-BOM", "WL-POLICY-CARD"];
    refused(&place, &[], 1, &all);
    let place = whole();
    place.flip("m/model.safetensors", 70, 1);
    refused(&place, &[], 1, &all);
    let place = whole();
    symlink("/etc/hostname", place.path("m/link")).unwrap();
    refused(&place, &[], 1, &["WL-ART-SYMLINK"]);
    // No answer is no yes.
    let place = Place::with_model();
    place.write("m/odd.bin", [0x9a; 300]);
    place.write("grype.json", "{}");
    place.write(
        "policy.toml",
        "version = 1\nmode = \"staging\"\n[require]\ncoverage = true\n",
    );
    let ran = by_policy(&place, &[], "touch started; ls {model}");
    assert_eq!(ran.refusal(), (3, vec!["WL-POLICY-COVERAGE"]), "{ran:#?}");
    assert!(!place.path("started").exists());
}

#[test]
fn a_refusal_in_json_has_the_verdict() {
    let place = whole();
    remove(&place, "bom");
    let ran = by_policy(&place, &["--json"], "ls {model}");
    let document = ran.document::<VerdictTold>();
    assert_eq!(document["result"]["decision"], "deny");
    assert_eq!(ran.codes(), ["WL-POLICY-BOM"]);
}

/// The policy of the user, and the one that the environment names, hold without a word on the command line.
#[test]
fn policies_that_hold_here_are_asked_without_being_named() {
    let place = whole();
    let public = path("p256.pub.pem");
    let key = ["--key", &public];
    let text = fs::read(place.path("policy.toml")).unwrap();
    place.write("home/.config/weightlock/policy.toml", &text);
    let ran = Ran::of(&mut command(&place, &key, "ls {model}"));
    assert_eq!(
        ran.refusal(),
        (1, vec!["WL-POLICY-ADVISORY"]),
        "no report was named: {ran:#?}"
    );
    let named = ["--advisories", "grype.json"];
    assert_eq!(Ran::of(&mut command(&place, &named, "ls {model}")).code, 0);
    fs::remove_dir_all(place.path("home")).unwrap();
    let mut by_environment = command(&place, &key, "ls {model}");
    let ran = Ran::of(by_environment.env("WEIGHTLOCK_POLICY", "policy.toml"));
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-ADVISORY"]), "{ran:#?}");
    // Without any, what only a policy understands is refused, and a signer alone decides.
    let ran = Ran::of(&mut command(
        &place,
        &[&key[..], &["--mode", "staging"]].concat(),
        "ls {model}",
    ));
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-UNDEFINED"]), "{ran:#?}");
    assert_eq!(Ran::of(&mut command(&place, &key, "ls {model}")).code, 0);
    // A policy that cannot be read is none, and nothing is started.
    place.write("policy.toml", "version = 9\n");
    refused(&place, &[], 2, &["WL-POLICY-FILE"]);
}

/// Flags add to a policy, and take nothing from it.
#[test]
fn a_signer_who_is_named_must_have_signed_it_besides() {
    let place = whole();
    let (good, other) = (path("p256.pub.pem"), path("p384.pub.pem"));
    let ran = by_policy(&place, &["--key", &good], "cat {model}/config.json");
    assert!(ran.code == 0 && ran.stderr.contains("   signed by "), "{ran:#?}");
    refused(&place, &["--key", &other], 1, &["WL-SIG-KEY-MISMATCH"]);
    // What the policy denies, no signer allows.
    remove(&place, "card");
    refused(&place, &["--key", &good], 1, &["WL-POLICY-CARD"]);
    let place = whole();
    refused(&place, &["--ignore-paths", "m/README.md"], 2, &["WL-CLI-USAGE"]);
    refused(&place, &["--signature", "m/model.sig"], 2, &["WL-CLI-USAGE"]);
    // A variable that names a signer stands in for one where no policy holds, and asks for nobody here.
    let mut variable = command(&place, &POLICY, "ls {model}");
    assert_eq!(Ran::of(variable.env("WEIGHTLOCK_PUBLIC_KEY", &other)).code, 0);
}

/// S28: in production every flag that gives up a check is a refusal, and a line of the log.
#[test]
fn nothing_gives_up_a_check_in_production() {
    let place = whole();
    policy(&place, "revision = true\n");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let public = path("p256.pub.pem");
    let flags: [&[&str]; 6] = [
        &["--skip", "sbom_attached"],
        &["--danger-any-identity"],
        &[
            "--identity",
            "a",
            "--identity-provider",
            "https://b",
            "--danger-without-log",
        ],
        &[
            "--identity",
            "a",
            "--identity-provider",
            "https://b",
            "--danger-without-sct",
        ],
        &["--key", &public, "--at-time", "2026-01-01T00:00:00Z"],
        &["--key", &public, "--ignore-paths", "m/README.md"],
    ];
    let production = [
        "--mode",
        "production",
        "--revision",
        commit,
        "--audit-log",
        "log.jsonl",
    ];
    assert_eq!(by_policy(&place, &production, "ls {model}").code, 0);
    for more in flags {
        let ran = refused(&place, &[&production, more].concat(), 1, &["WL-POLICY-OVERRIDE"]);
        let flag = more.iter().rfind(|word| word.starts_with("--")).unwrap();
        let told = if *flag == "--skip" { "sbom_attached" } else { flag };
        assert!(ran.stderr.contains(told), "{ran:#?}");
    }
    let log = place.run(["audit", "verify", "--json", "log.jsonl"]);
    let log = log.document::<WholeLog>()["result"].clone();
    assert_eq!(
        (&log["lines"], &log["overrides_refused"]),
        (&7.into(), &6.into()),
        "{log:#}"
    );
}

/// Verbs without a policy refuse such flags where a policy that holds here says production, and say so in its log.
#[test]
fn verbs_that_ask_no_policy_give_up_no_check_in_production_either() {
    let place = whole();
    let log = place.path("log.jsonl").display().to_string();
    let text =
        format!("version = 1\nmode = \"production\"\naudit-log = {log:?}\n[require]\nsignature = true\n");
    place.write("home/.config/weightlock/policy.toml", &text);
    let (public, root) = (path("p256.pub.pem"), path("root-ca.cert.pem"));
    let flags: [&[&str]; 3] = [
        &["--danger-any-identity"],
        &["--key", &public, "--ignore-unsigned-files"],
        &["--certificate-chain", &root, "--at-time", "2026-01-01T00:00:00Z"],
    ];
    for (done, more) in flags.into_iter().enumerate() {
        let ran = place.run([&["verify"], more, &["m"]].concat());
        assert_eq!(ran.refusal(), (2, vec!["WL-DANGER-REFUSED"]), "{ran:#?}");
        let lines = fs::read_to_string(&log).unwrap().lines().count();
        assert_eq!(lines, done + 1, "{more:?}");
    }
    let ran = place.run(["audit", "verify", "--json", "log.jsonl"]);
    let log = ran.document::<WholeLog>()["result"].clone();
    assert_eq!(log["overrides_refused"], log["lines"]);
    // The same without the policy: they may.
    fs::remove_dir_all(place.path("home")).unwrap();
    assert_eq!(
        place
            .run(["verify", "--key", &public, "--ignore-unsigned-files", "m"])
            .code,
        0
    );
}

/// Files that a signer left out are judged with the others, and are in no view.
#[test]
fn what_a_signer_ignored_is_not_in_the_view() {
    let place = whole();
    place.write("m/notes/todo.txt", "later");
    let private = path("p256.key.pem");
    let again: [&[&str]; 3] = [
        &[
            "sign",
            "--replace",
            "--ignore-paths",
            "m/notes",
            "--key",
            &private,
            "m",
        ],
        &["bom", "--sign", "--key", &private, "m"],
        &["card", "sign", "--key", &private, "m"],
    ];
    remove(&place, "bom");
    remove(&place, "card");
    for words in again {
        let ran = place.run(words);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
    let ran = by_policy(&place, &[], "cd {model} && find .");
    assert!(ran.code == 0 && !ran.stdout.contains("notes"), "{ran:#?}");
    // A policy that asks for no signature has nobody leave anything out.
    place.write(
        "policy.toml",
        "version = 1\nmode = \"staging\"\n[require]\nscan = { below = \"critical\" }\n",
    );
    let ran = by_policy(&place, &[], "cd {model} && find .");
    assert!(ran.code == 0 && ran.stdout.contains("notes/todo.txt"), "{ran:#?}");
}

/// The scan of a verdict is of the bytes in memory, too.
#[test]
fn a_policy_that_asks_for_a_scan_has_the_sealed_bytes_scanned() {
    let place = Place::with_model();
    place.write("grype.json", "{}");
    place.write(
        "policy.toml",
        "version = 1\nmode = \"staging\"\n[require]\nscan = { below = \"medium\" }\n",
    );
    assert_eq!(by_policy(&place, &[], "ls {model}").code, 0);
    place.write(
        "m/pytorch_model.bin",
        b"\x80\x04cposix\nsystem\n\x8c\x04echo\x85R.",
    );
    refused(&place, &[], 1, &["WL-POLICY-SCAN"]);
}

#[test]
fn one_file_and_a_snapshot_of_a_hub_cache_are_judged_as_folders_are() {
    let place = Place::with_model();
    let (private, public) = (path("p256.key.pem"), path("p256.pub.pem"));
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let revision = place.path("hub/models--o--n/snapshots").join(commit);
    let blobs = place.path("hub/models--o--n/blobs");
    fs::create_dir_all(&revision).unwrap();
    fs::create_dir_all(&blobs).unwrap();
    for (name, blob) in [("config.json", "aa11"), ("model.safetensors", "bb22")] {
        fs::copy(place.path("m").join(name), blobs.join(blob)).unwrap();
        symlink(format!("../../blobs/{blob}"), revision.join(name)).unwrap();
    }
    place.write(
        "policy.toml",
        format!(
            "version = 1\nmode = \"staging\"\n[identity.release]\nkey = {public:?}\n[signers]\noms = [\"release\"]\n\
             [require]\nsignature = true\n[[rule]]\nwhen = {{ namespace = \"o\" }}\nrequire = {{ revision = true }}\n"
        ),
    );
    let model = revision.to_str().unwrap();
    let run = |model: &str, script: &str| {
        // What lies in no cache belongs to nobody, and then the rule would hold for it.
        let called: &[&str] = if model.contains('=') {
            &["--as", "me/w"]
        } else {
            &[]
        };
        let words = [
            &["run", "--policy", "policy.toml"],
            called,
            &["--model", model, "--", "/bin/sh", "-c", script],
        ]
        .concat();
        let mut command = place.command(words);
        Ran::of(
            command
                .env("PATH", "/usr/bin:/bin")
                .env("TMPDIR", place.path(".")),
        )
    };
    assert_eq!(
        run(model, "ls {model}").refusal(),
        (1, vec!["WL-POLICY-SIGNATURE"])
    );
    place.run(["sign", "--key", &private, model]).yes();
    let ran = run(model, "cd {model} && ls && pwd");
    assert!(
        ran.code == 0
            && ran.stdout.starts_with("config.json\nmodel.safetensors\n")
            && ran.stdout.contains(commit),
        "{ran:#?}"
    );
    // Links that lead elsewhere are refused as for any other verb.
    fs::remove_file(revision.join("config.json")).unwrap();
    symlink("/etc/hostname", revision.join("config.json")).unwrap();
    assert_eq!(run(model, "ls {model}").refusal(), (1, vec!["WL-ART-SYMLINK"]));
    place.write("w.bin", "weights");
    place.run(["sign", "--key", &private, "w.bin"]).yes();
    let ran = run("w.bin=w", "cat {w}; basename {w}");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "weightsw.bin\n"), "{ran:#?}");
    place.write("w.bin", "weightz");
    assert_eq!(
        run("w.bin=w", "cat {w}").refusal(),
        (1, vec!["WL-POLICY-SIGNATURE"])
    );
}

/// Every model is judged, and one that is not allowed stops all.
#[test]
fn of_several_models_each_must_be_allowed() {
    let place = whole();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(place.path("m"))
        .arg(place.path("n"))
        .status();
    assert!(copied.unwrap().success());
    let run = |more: &[&str]| {
        let words = [
            &["run"],
            &POLICY[..],
            more,
            &[
                "--audit-log",
                "log.jsonl",
                "--model",
                "m=a",
                "--model",
                "n=b",
                "--",
            ],
            &["/bin/sh", "-c", "touch started; ls {a} {b}"],
        ];
        Ran::of(
            place
                .command(words.concat())
                .env("PATH", "/usr/bin:/bin")
                .env("TMPDIR", place.path(".")),
        )
    };
    let ran = run(&[]);
    assert!(
        ran.code == 0 && ran.stderr.matches("allowed: ").count() == 2,
        "{ran:#?}"
    );
    fs::remove_file(place.path("started")).unwrap();
    assert_eq!(
        run(&["--as", "acme/m"]).refusal(),
        (2, vec!["WL-CLI-USAGE"]),
        "said of one model"
    );
    fs::remove_file(place.path("n/model.sig")).unwrap();
    assert_eq!(run(&[]).refusal(), (1, vec!["WL-POLICY-SIGNATURE"]));
    assert!(!place.path("started").exists());
    let log = place.run(["audit", "verify", "--json", "log.jsonl"]);
    let log = log.document::<WholeLog>()["result"].clone();
    assert_eq!(log["lines"], 4, "{log:#}");
}

/// Whatever happens to the files after the verdict, the program reads what was judged.
#[test]
fn a_running_program_keeps_the_bytes_that_were_allowed() {
    let place = whole();
    let weights = fs::read(place.path("m/model.safetensors")).unwrap();
    let script =
        "touch ready; while [ ! -e changed ]; do sleep 0.01; done; cat {model}/model.safetensors > seen";
    let mut child = command(&place, &[&POLICY[..], &["-q"]].concat(), script)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !place.path("ready").exists() {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it ended before it was ready"
        );
        std::thread::yield_now();
    }
    place.flip("m/model.safetensors", 4000, 1);
    fs::remove_file(place.path("m/config.json")).unwrap();
    place.write("changed", "");
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(fs::read(place.path("seen")).unwrap() == weights);
}

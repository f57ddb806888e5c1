//! S146: the usual failures, made for real. Each refusal names its cause and the very command that mends it; the command is taken
//! from what was printed, run in a shell, and then the failure is gone.
//!
//! Words in capitals are filled in: files of keys, which are secret.

use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use weightlock_peers::sigstore::{Account, Rekor, Sigstore};

use crate::{
    attest::path,
    run::{Place, Ran, key},
};

/// A place with a model and its owner's key, under a policy that demands this.
fn place(demands: &str) -> Place {
    let place = Place::with_model();
    for (from, to) in [
        ("p256.key.pem", "release.key"),
        ("p256.pub.pem", "release.pub"),
        ("p384.key.pem", "stranger.key"),
    ] {
        std::fs::copy(key(from), place.path(to)).unwrap();
    }
    place.write("policy.toml", policy("key = \"release.pub\"", demands));
    place
}

fn policy(release: &str, demands: &str) -> String {
    format!(
        "version = 1\nmode = \"staging\"\ndefault-tier = \"low\"\n[identity.release]\n{release}\n\
         [signers]\noms = [\"release\"]\ncard = [\"release\"]\nprovenance = [\"release\"]\nbom = [\"release\"]\n\
         [require]\n{demands}\n"
    )
}

fn gate(place: &Place, more: &[&str]) -> Ran {
    place.run([&["gate", "--policy", "policy.toml"], more, &["m"]].concat())
}

/// The command behind the advice of a reason that says this; it stands after a colon and two blanks.
#[track_caller]
fn remedy(ran: &Ran, code: &str, cause: &str, verb: &str) -> String {
    let reasons = ran.stderr.split("error[").skip(1);
    let reason = reasons
        .filter(|reason| reason.starts_with(&format!("{code}]")))
        .find(|reason| reason.contains(cause))
        .unwrap_or_else(|| panic!("no {code} that says {cause:?}: {ran:#?}"));
    let helps = reason.lines().filter_map(|line| line.strip_prefix("  = help: "));
    let mut commands = helps.filter_map(|help| help.split_once(":  ").map(|(_, command)| command.to_owned()));
    commands
        .find(|command| command.starts_with(verb))
        .unwrap_or_else(|| panic!("no command {verb:?}: {ran:#?}"))
}

/// Runs what was printed, in a shell that finds the program and, before others, those of the place.
#[track_caller]
fn mend(place: &Place, command: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_weightlock")).parent().unwrap();
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        place.path("bin").display(),
        program.display()
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(place.path(""))
        .env_clear()
        .env("PATH", path)
        .env("HOME", place.path("home"));
    let ran = Ran::of(&mut shell);
    assert_eq!(ran.code, 0, "{command}: {ran:#?}");
}

/// Blocked, mended by the command that was printed, and approved.
#[track_caller]
fn is_mended(place: &Place, more: &[&str], told: (&str, &str, &str)) {
    let (code, cause, verb) = told;
    let before = gate(place, more);
    assert_eq!(before.code, 1, "{before:#?}");
    let command = remedy(&before, code, cause, verb);
    mend(place, &command.replace("KEY", "release.key"));
    let after = gate(place, more);
    assert_eq!(after.code, 0, "{command}: {after:#?}");
    assert!(after.stdout.ends_with("Promotion APPROVED: all checks passed.\n"));
}

#[test]
fn no_matching_signature() {
    // Nobody signed it.
    let unsigned = place("signature = true");
    is_mended(
        &unsigned,
        &[],
        (
            "WL-POLICY-SIGNATURE",
            "there is no signature",
            "weightlock sign --key KEY",
        ),
    );
    // Somebody else did. Who that was is told, and no command that accepts them.
    let strange = place("signature = true");
    assert_eq!(strange.run(["sign", "--key", "stranger.key", "m"]).code, 0);
    let before = gate(&strange, &[]);
    assert!(!before.stderr.contains("stranger"), "{before:#?}");
    is_mended(
        &strange,
        &[],
        (
            "WL-POLICY-SIGNATURE",
            "the signature was made with another key (expected ",
            "weightlock sign --add --key KEY",
        ),
    );
    // `verify` says the same of a model that nobody signed.
    let unsigned = place("signature = true");
    let verify = || unsigned.run(["verify", "--key", "release.pub", "m"]);
    let before = verify();
    let command = remedy(&before, "WL-SIG-UNSIGNED", "has no signature", "weightlock sign");
    mend(&unsigned, &command.replace("NAME.key", "release.key"));
    verify().yes();
}

/// What was changed is not signed again: the difference is shown, and what was signed is put back.
#[test]
fn what_was_changed_is_not_advised_to_be_signed() {
    let place = place("signature = true");
    assert_eq!(place.run(["sign", "--key", "release.key", "m"]).code, 0);
    let config = std::fs::read(place.path("m/config.json")).unwrap();
    place.write("m/config.json", "{}");
    let before = gate(&place, &[]);
    assert!(!before.stderr.contains("weightlock sign"), "{before:#?}");
    let command = remedy(&before, "WL-POLICY-SIGNATURE", "config.json", "weightlock diff");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let shown = place.run(&words);
    assert!(
        shown.code == 1 && shown.stdout.contains("config.json"),
        "{shown:#?}"
    );
    place.write("m/config.json", config);
    assert_eq!(gate(&place, &[]).code, 0);
}

#[test]
fn provenance_is_missing() {
    let place = place("provenance = { level = 1 }");
    place.write(
        "provenance.yaml",
        "version: 1\nbuild-type: train\nbuilder: https://example.com/farm\n",
    );
    is_mended(
        &place,
        &[],
        (
            "WL-POLICY-PROVENANCE",
            "there is no provenance",
            "weightlock attest provenance --description provenance.yaml --key KEY",
        ),
    );
}

/// The report is about an image whose package is listed in a file; a stand-in for grype reads that, and knows one vulnerability.
#[test]
fn a_base_image_has_known_vulnerabilities() {
    const GRYPE: &str = r#"#!/bin/sh
# grype IMAGE -o json --file FILE
[ "$2 $3 $4" = "-o json --file" ] || exit 2
if [ "$(cat "$1")" = "torch 2.0" ]; then
  matches='{"vulnerability": {"id": "CVE-2026-1", "severity": "Critical", "fix": {"versions": ["2.1"]}}, "artifact": {"name": "torch", "version": "2.0"}}'
fi
echo '{"matches": ['"$matches"'], "source": {"target": "'"$1"'"}, "descriptor": {"name": "grype"}}' > "$5"
"#;
    let place = place("advisories = { below = \"critical\" }");
    place.write("bin/grype", GRYPE);
    let runs = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path("bin/grype"), runs).unwrap();
    place.write("base-image", "torch 2.0");
    mend(&place, "grype base-image -o json --file grype.json");
    let named = ["--advisories", "grype.json"];
    // What is named as the cause is what has to be updated; a new report alone mends nothing.
    let cause = "CVE-2026-1 in torch 2.0, mended in 2.1 (critical)";
    let before = gate(&place, &named);
    let command = remedy(&before, "WL-POLICY-ADVISORY", cause, "grype");
    mend(&place, &command);
    assert_eq!(gate(&place, &named).code, 1);
    place.write("base-image", "torch 2.1");
    is_mended(&place, &named, ("WL-POLICY-ADVISORY", cause, "grype base-image"));
}

#[test]
fn a_pickle_is_found() {
    // Beside safetensors it is not needed, whatever it calls.
    for demands in [
        "formats = { deny = [\"pickle\"] }",
        "scan = { below = \"medium\" }",
    ] {
        let place = place(demands);
        place.write(
            "m/pytorch model.bin",
            b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",
        );
        let (code, cause) = if demands.contains("deny") {
            (
                "WL-POLICY-FORMAT",
                "pytorch model.bin is of the denied format pickle",
            )
        } else {
            ("WL-POLICY-SCAN", "pickle-code-execution")
        };
        is_mended(&place, &[], (code, cause, "rm -- 'm/pytorch model.bin'"));
        assert_eq!(place.run(["scan", "m"]).code, 0);
    }
    // Alone it is converted by a program that runs nothing of it; that is shown with the real library in a lane.
    let place = place("formats = { deny = [\"pickle\"] }");
    std::fs::remove_file(place.path("m/model.safetensors")).unwrap();
    place.write("m/pytorch_model.bin", b"\x80\x02}q\x00.");
    let command = remedy(
        &gate(&place, &[]),
        "WL-POLICY-FORMAT",
        "pytorch_model.bin",
        "python3",
    );
    assert!(
        command.contains("weights_only=True")
            && command
                .ends_with("m/pytorch_model.bin m/pytorch_model.safetensors && rm -- m/pytorch_model.bin"),
        "{command}"
    );
}

/// Both are told, and the remedy is that the right one signs, never that the wrong one is accepted.
#[test]
fn issuer_or_identity_is_another() {
    let sigstore = Sigstore::start();
    let release = Account::email("release@example.com");
    for (identity, issuer, token) in [
        // The policy knows another name, or the same name by another issuer.
        (
            "release@example.com",
            sigstore.issuer().to_owned(),
            Account::email("mallory@example.com"),
        ),
        (
            "release@example.com",
            "https://accounts.example.org".to_owned(),
            Account::email("release@example.com"),
        ),
    ] {
        let place = place("signature = true");
        place.write("trust.json", sigstore.trust_config(Rekor::First));
        place.write("root.json", sigstore.trusted_root());
        place.write("token", sigstore.token(&token));
        let who = format!("identity = \"{identity}\"\nissuer = \"{issuer}\"\nroot = \"root.json\"");
        place.write("policy.toml", policy(&who, "signature = true"));
        let secret = "--identity-token-file token --yes";
        mend(
            &place,
            &format!("weightlock sign sigstore --trust-config trust.json {secret} m"),
        );
        let before = gate(&place, &[]);
        assert_eq!(before.code, 1, "{before:#?}");
        let verify = place.run([
            "verify",
            "--trusted-root",
            "root.json",
            "--identity",
            identity,
            "--identity-provider",
            &issuer,
            "m",
        ]);
        assert!(
            verify.stderr.contains("expected") && verify.stderr.contains("found"),
            "{verify:#?}"
        );
        let command = remedy(
            &before,
            "WL-POLICY-SIGNATURE",
            "(expected ",
            "weightlock sign sigstore --add --trust-config FILE",
        );
        assert!(!command.contains("mallory"), "{command}");
        if issuer != sigstore.issuer() {
            // The policy names an issuer that this Sigstore does not know: it is the policy that has to be corrected.
            let who = who.replace(&issuer, sigstore.issuer());
            place.write("policy.toml", policy(&who, "signature = true"));
            assert_eq!(gate(&place, &[]).code, 0);
            continue;
        }
        place.write("token", sigstore.token(&release));
        let command = command
            .replace("FILE", "trust.json")
            .replace(" m", &format!(" {secret} m"));
        mend(&place, &command);
        let after = gate(&place, &[]);
        assert_eq!(after.code, 0, "{after:#?}");
    }
}

#[test]
fn the_card_is_about_another_digest() {
    let place = place("card = true");
    let card = "---\nlicense: apache-2.0\n---\n# A model\n\n## Intended use\n\nTests.\n\n## Training data\n\nNumbers.\n\n\
                ## Evaluation results\n\nNone.\n\n## Limitations\n\nIt knows nothing.\n";
    place.write("m/README.md", card);
    let key = path("p256.key.pem");
    assert_eq!(place.run(["card", "sign", "--key", &key, "m"]).code, 0);
    assert_eq!(gate(&place, &[]).code, 0);
    place.write("m/config.json", "{\"model_type\": \"later\"}");
    let sign = "weightlock card sign --key KEY";
    is_mended(&place, &[], ("WL-POLICY-CARD", "it is about another model", sign));
    // A card that lacks something is not advised to be signed again: it is told what it lacks.
    place.write(
        "m/README.md",
        card.replace("## Limitations\n\nIt knows nothing.\n", ""),
    );
    let before = gate(&place, &[]);
    assert!(!before.stderr.contains(&format!(":  {sign}")), "{before:#?}");
    let command = remedy(&before, "WL-POLICY-CARD", "", "weightlock card check");
    let told = place.run(command.split(' ').skip(1));
    assert!(
        told.code == 1 && told.stderr.contains("WL-CARD-MISSING"),
        "{told:#?}"
    );
}

/// A file's name is no command, however it is called: what is printed takes it for a name.
#[test]
fn no_name_of_a_file_becomes_a_command() {
    let place = place("formats = { deny = [\"pickle\"] }");
    let weights = std::fs::read(place.path("m/model.safetensors")).unwrap();
    place.write("m/x:  touch ran #.safetensors", weights);
    let hostile = [
        "$(touch ran).bin",
        "a'; touch ran; '.bin",
        "-rf .bin",
        "x:  touch ran #.bin",
    ];
    for name in hostile {
        place.write(&format!("m/{name}"), b"\x80\x02}q\x00.");
        let command = remedy(&gate(&place, &[]), "WL-POLICY-FORMAT", name, "rm -- ");
        mend(&place, &command);
        assert!(!place.path(&format!("m/{name}")).exists(), "{command}");
    }
    assert!(!place.path("ran").exists());
    assert_eq!(gate(&place, &[]).code, 0);
}

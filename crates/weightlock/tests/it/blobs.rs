//! `sign-blob`, `verify-blob`, `attest-blob`, `verify-blob-attestation`: layouts, what is found, what is never replaced.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use weightlock::commands::blob::{attest, sign, verify, verify_attestation};
use weightlock_peers::{
    Peer, program,
    sigstore::{Account, Lie, Rekor, Service, Sigstore},
};

use crate::run::{Place, Ran, key};

fn path(name: &str) -> String {
    key(name).to_str().unwrap().to_owned()
}

fn place() -> Place {
    let place = Place::new();
    place.write("m.gguf", "GGUF of a kind");
    place.write("other.gguf", "GGUF of another kind");
    place.write("claim.json", r#"{"builder": {"id": "urn:builder"}}"#);
    place
}

/// Runs a verb with the P-256 key.
fn with_key(place: &Place, verb: &str, more: &[&str]) -> Ran {
    let name = if verb.starts_with("verify") {
        "p256.pub.pem"
    } else {
        "p256.key.pem"
    };
    let key = path(name);
    let mut arguments = vec![verb, "--key", &key];
    arguments.extend(more);
    place.run(arguments)
}

/// With a certificate of the test authority.
fn certified(place: &Place, verb: &str, more: &[&str]) -> Ran {
    let (key, leaf, above) = (
        path("leaf.key.pem"),
        path("leaf.cert.pem"),
        path("intermediate-ca.cert.pem"),
    );
    let mut arguments = vec![
        verb,
        "--key",
        &key,
        "--certificate",
        &leaf,
        "--certificate-chain",
        &above,
    ];
    arguments.extend(more);
    place.run(arguments)
}

const OLD: &str = "--new-bundle-format=false";
const TYPE: [&str; 4] = ["--predicate", "claim.json", "--type", "slsaprovenance1"];

/// S8: each layout is found again without flags.
#[test]
fn every_layout_is_written_on_request_and_found_without_flags() {
    let layouts: [(&[&str], &str, &str); 3] = [
        (&[], "m.gguf.sigstore.json", "sigstore-bundle"),
        (&[OLD], "m.gguf.bundle", "cosign-bundle"),
        (&["--output-signature", "m.gguf.sig"], "m.gguf.sig", "detached"),
    ];
    for (flags, file, form) in layouts {
        let place = place();
        let signed = with_key(&place, "sign-blob", &[flags, &["m.gguf"]].concat()).yes();
        assert!(signed.stdout.starts_with("signed m.gguf: 14 B\n"), "{signed:?}");
        assert!(place.path(file).is_file(), "{file}");
        let json = with_key(&place, "verify-blob", &["--json", "m.gguf"]).yes();
        let document = json.document::<verify::VerifiedFile>();
        assert_eq!(document["result"]["form"], form);
        assert_eq!(document["result"]["files"][0], file);
        place.flip("m.gguf", 3, 1);
        let code = if form == "sigstore-bundle" {
            "WL-BLOB-DIGEST"
        } else {
            "WL-SIG-INVALID"
        };
        with_key(&place, "verify-blob", &["m.gguf"]).refused(1, code);
    }
}

#[test]
fn a_certificate_beside_the_signature_is_found_under_each_of_its_names() {
    let (roots, above) = (path("root-ca.cert.pem"), path("intermediate-ca.cert.pem"));
    for name in ["m.gguf.cert", "m.gguf.crt", "m.gguf.pem"] {
        let place = place();
        let outputs = [
            "--output-signature",
            "m.gguf.sig",
            "--output-certificate",
            name,
            "m.gguf",
        ];
        certified(&place, "sign-blob", &outputs).yes();
        let verify = |more: &[&str]| {
            let arguments = [
                &[
                    "verify-blob",
                    "--certificate-chain",
                    &roots,
                    "--certificate-chain",
                    &above,
                ],
                more,
            ];
            place.run(arguments.concat())
        };
        verify(&["m.gguf"]).yes().says(name);
        verify(&["--certificate", &path("leaf-p384.cert.pem"), "m.gguf"]).refused(1, "WL-SIG-INVALID");
        verify(&["--certificate-identity", "nobody@example.com", "m.gguf"]).refused(1, "WL-BLOB-NAME");
        fs::remove_file(place.path(name)).unwrap();
        verify(&["m.gguf"]).refused(1, "WL-SIG-METHOD");
    }
}

#[test]
fn a_certificate_counts_only_below_a_root_that_is_named() {
    let place = place();
    certified(&place, "sign-blob", &[OLD, "m.gguf"]).yes();
    let (root, other, above) = (
        path("root-ca.cert.pem"),
        path("other-ca.cert.pem"),
        path("intermediate-ca.cert.pem"),
    );
    let verify = |root: &str, more: &[&str]| {
        let arguments = [
            &[
                "verify-blob",
                "--certificate-chain",
                root,
                "--certificate-chain",
                &above,
            ],
            more,
        ];
        place.run(arguments.concat())
    };
    verify(&root, &["m.gguf"]).yes();
    assert_eq!(verify(&other, &["m.gguf"]).code, 1);
    verify(&root, &["--at-time", "1999-01-01T00:00:00Z", "m.gguf"]).refused(1, "WL-CERT-NOT-YET-VALID");
    let leaf = path("leaf.cert.pem");
    place
        .run(["verify-blob", "--certificate-chain", &leaf, "m.gguf"])
        .refused(2, "WL-CERT-ROOT-NOT-SELF-SIGNED");
    // The key in the certificate is the key that is named: then the key decides.
    place
        .run(["verify-blob", "--key", &path("p256.pub.pem"), "m.gguf"])
        .refused(1, "WL-SIG-KEY-MISMATCH");
}

/// What says less than a person thinks is asked for by a name that says so, or not at all.
#[test]
fn identities_are_asked_for_in_full() {
    let place = place();
    with_key(&place, "sign-blob", &["m.gguf"]).yes();
    let ask = |more: &[&str]| place.run([&["verify-blob"], more, &["m.gguf"]].concat());
    let (name, issuer) = (
        ["--certificate-identity", "a@example.com"],
        ["--certificate-oidc-issuer", "https://i"],
    );
    ask(&name)
        .refused(2, "WL-CLI-NO-TRUST")
        .says("--identity-provider URL");
    ask(&issuer).refused(2, "WL-CLI-NO-TRUST");
    ask(&[&issuer[..], &["--identity-pattern", "*"]].concat()).refused(2, "WL-CLI-USAGE");
    ask(&[&issuer[..], &["--certificate-identity-regexp", ".*"]].concat())
        .refused(2, "WL-CLI-USAGE")
        .says("weightlock compat cosign verify-blob");
    ask(&[&name[..], &issuer].concat()).refused(1, "WL-SIG-METHOD");
    let public = path("p256.pub.pem");
    for asked_of_a_root in [
        &["--danger-without-log"][..],
        &["--use-signed-timestamps"],
        &["--max-root-age", "1"],
    ] {
        let ran = ask(&[&["--key", public.as_str()], asked_of_a_root].concat());
        ran.refused(2, "WL-CLI-USAGE");
    }
    ask(&[&["--key", &public], &name[..], &issuer].concat()).refused(2, "WL-CLI-USAGE");
}

/// A signature over the bytes that a statement's signature covers would be one over the statement: of whoever made the file.
#[test]
fn an_encoded_statement_is_signed_as_no_file() {
    let place = Place::with_model();
    place.run_with_key("sign", "p384.key.pem", &[]).yes();
    let signature = fs::read(place.path("m/model.sig")).unwrap();
    let signature: serde_json::Value = serde_json::from_slice(&signature).unwrap();
    let payload = signature["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = STANDARD.decode(payload).unwrap();
    let sigstore = Sigstore::start();
    place.write("trust.json", sigstore.trust_config(Rekor::Second));
    place.write("token", sigstore.token(&Account::email("a@example.com")));
    for word in ["DSSEv1", "DSSEV1"] {
        let head = format!("{word} 28 application/vnd.in-toto+json {} ", payload.len());
        place.write("upload", [head.as_bytes(), &payload].concat());
        with_key(&place, "sign-blob", &["upload"])
            .refused(1, "WL-BLOB-CONTENT")
            .says("attest-blob");
        place
            .run([
                "sign-blob",
                "--yes",
                "--trust-config",
                "trust.json",
                "--identity-token-file",
                "token",
                "upload",
            ])
            .refused(1, "WL-BLOB-CONTENT");
        assert!(!place.path("upload.sigstore.json").exists());
    }
    assert_eq!(sigstore.requests(Service::Fulcio), 0, "nobody was called");
    place.write("upload", "DSSE v1 is how statements are signed");
    with_key(&place, "sign-blob", &["upload"]).yes();
}

/// What weakens a check has a name of its own, and is refused where the mode is production; where it is misspelt, too.
#[test]
fn nothing_is_given_up_in_production() {
    let place = place();
    with_key(&place, "sign-blob", &["m.gguf"]).yes();
    with_key(
        &place,
        "attest-blob",
        &[&TYPE[..], &["--bundle", "claim", "m.gguf"]].concat(),
    )
    .yes();
    let public = path("p256.pub.pem");
    let key = ["--key", &public];
    let claim = ["--bundle", "claim", "--type", "slsaprovenance1", "m.gguf"];
    let bundle = ["--bundle", "m.gguf.sigstore.json", "m.gguf"];
    let no_log = ["--insecure-ignore-tlog"];
    let anybody = [
        "--certificate-identity-regexp",
        ".+",
        "--certificate-oidc-issuer",
        "https://i",
    ];
    let (cosign, unheld) = (["compat", "cosign"], ["--check-claims=false"]);
    let told = [
        [&["verify-blob-attestation"][..], &key, &unheld, &claim].concat(),
        [
            &cosign[..],
            &["verify-blob-attestation"],
            &key,
            &no_log,
            &unheld,
            &claim,
        ]
        .concat(),
        [&cosign[..], &["verify-blob"], &key, &no_log, &bundle].concat(),
        [&cosign[..], &["verify-blob"], &anybody, &bundle].concat(),
    ];
    for mode in ["production", "Production", "prod"] {
        for words in &told {
            let ran = Ran::of(place.command(words).env("WEIGHTLOCK_MODE", mode));
            assert!(
                ran.code != 0 && ran.stderr.contains("WL-DANGER-REFUSED"),
                "{mode} {words:?}: {ran:#?}"
            );
        }
    }
    for words in &told[..3] {
        let ran = place.run(words);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
}

#[test]
fn nothing_is_verified_without_a_signer_or_a_signature() {
    let place = place();
    place.run(["verify-blob", "m.gguf"]).refused(2, "WL-CLI-NO-TRUST");
    with_key(&place, "verify-blob", &["m.gguf"]).refused(1, "WL-BLOB-UNSIGNED");
    place.write("m.gguf.sha256", "0000  m.gguf\n");
    with_key(&place, "verify-blob", &["m.gguf"])
        .refused(1, "WL-BLOB-UNSIGNED")
        .says("shows damage and not who made the file");
    with_key(&place, "verify-blob", &["--bundle", "nothing", "m.gguf"]).refused(4, "WL-IO-NOT-FOUND");
    with_key(&place, "verify-blob", &["-"]).refused(2, "WL-CLI-USAGE");
    for rubbish in ["", "{}", "[]", "{\"base64Signature\": \"\"}", "no JSON"] {
        place.write("rubbish", rubbish);
        let ran = with_key(&place, "verify-blob", &["--bundle", "rubbish", "m.gguf"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{rubbish:?}: {ran:#?}");
    }
}

#[test]
fn a_stream_is_signed_and_checked_as_a_file_is() {
    let place = place();
    let private = path("p256.key.pem");
    let content = fs::read_to_string(place.path("m.gguf")).unwrap();
    place
        .run_with_input(
            &["sign-blob", "--key", &private, "--output-signature", "s.sig", "-"],
            &content,
        )
        .yes();
    with_key(&place, "verify-blob", &["--signature", "s.sig", "m.gguf"]).yes();
    let public = path("p256.pub.pem");
    let check = ["verify-blob", "--key", &public, "--signature", "s.sig", "-"];
    place.run_with_input(&check, &content).yes();
    place
        .run_with_input(&check, "another")
        .refused(1, "WL-SIG-INVALID");
    place
        .run_with_input(&["sign-blob", "--key", &private, "-"], &content)
        .refused(2, "WL-CLI-USAGE");
}

#[test]
fn earlier_signatures_are_replaced_and_nothing_else() {
    let place = place();
    let sign = |more: &[&str]| with_key(&place, "sign-blob", &[more, &["m.gguf"]].concat());
    for flags in [
        &[OLD, "--bundle", "b"][..],
        &["--output-signature", "s"],
        &[OLD, "--bundle", "b", "--output-signature", "s"],
    ] {
        sign(flags).yes();
    }
    for (flag, file) in [
        ("--bundle", "other.gguf"),
        ("--bundle", "s"),
        ("--output-signature", "claim.json"),
        ("--output-signature", "b"),
        ("--output-signature", "m.gguf"),
    ] {
        let before = fs::read(place.path(file)).unwrap();
        sign(&[OLD, flag, file]).refused(1, "WL-BLOB-EXISTS");
        assert_eq!(fs::read(place.path(file)).unwrap(), before, "{file}");
    }
    // One of two outputs cannot be written: then neither is.
    sign(&[OLD, "--bundle", "new", "--output-signature", "claim.json"]).refused(1, "WL-BLOB-EXISTS");
    assert!(!place.path("new").exists());
    sign(&[OLD, "--bundle", "x", "--output-signature", "x"]).refused(2, "WL-CLI-USAGE");
}

/// A statement is about the file, of the kind that is asked for, and no signature passes for one.
#[test]
fn attestations_are_held_against_the_file_and_the_kind() {
    for (flags, file) in [
        (&[][..], "m.gguf.sigstore.json"),
        (&[OLD], "m.gguf.bundle"),
        (&["--output-signature", "m.gguf.sig"], "m.gguf.sig"),
    ] {
        let place = place();
        let made = with_key(
            &place,
            "attest-blob",
            &[flags, &TYPE, &["--json", "m.gguf"]].concat(),
        )
        .yes();
        let made = made.document::<attest::AttestedFile>();
        assert_eq!(made["result"]["predicate_type"], "https://slsa.dev/provenance/v1");
        assert!(place.path(file).is_file(), "{file}");
        let check = |more: &[&str]| with_key(&place, "verify-blob-attestation", more);
        let right = ["--type", "slsaprovenance1", "m.gguf"];
        let json = check(&[&["--json"][..], &right].concat()).yes();
        let document = json.document::<verify_attestation::VerifiedClaim>();
        assert_eq!(document["result"]["predicate"]["builder"]["id"], "urn:builder");
        check(&["m.gguf"]).refused(1, "WL-BLOB-PREDICATE-TYPE");
        check(&["--type", "slsaprovenance", "m.gguf"]).refused(1, "WL-BLOB-PREDICATE-TYPE");
        let other = path("other-p256.pub.pem");
        let stranger = [
            "verify-blob-attestation",
            "--key",
            &other,
            "--type",
            "slsaprovenance1",
            "m.gguf",
        ];
        assert_eq!(place.run(stranger).code, 1);
        let named: &[&str] = if file.ends_with(".sig") {
            &["--signature", file]
        } else {
            &["--bundle", file]
        };
        check(&[named, &["--type", "slsaprovenance1", "other.gguf"]].concat()).refused(1, "WL-BLOB-SUBJECT");
        place.flip("m.gguf", 3, 1);
        check(&right).refused(1, "WL-BLOB-SUBJECT");
        if !file.ends_with(".sig") {
            with_key(&place, "verify-blob", &["m.gguf"]).refused(1, "WL-BLOB-CONTENT");
        }
    }
}

#[test]
fn a_signature_is_no_attestation() {
    let place = place();
    with_key(&place, "sign-blob", &[OLD, "m.gguf"]).yes();
    with_key(&place, "verify-blob-attestation", &["m.gguf"]).refused(1, "WL-BLOB-CONTENT");
    with_key(&place, "sign-blob", &["--output-signature", "s", "m.gguf"]).yes();
    with_key(&place, "verify-blob-attestation", &["--signature", "s", "m.gguf"])
        .refused(1, "WL-BLOB-MALFORMED");
}

#[test]
fn a_digest_stands_in_for_the_file_and_no_claim_says_so() {
    let place = place();
    with_key(
        &place,
        "attest-blob",
        &[&TYPE[..], &["--bundle", "a", "m.gguf"]].concat(),
    )
    .yes();
    let check = |more: &[&str]| {
        let always = ["--bundle", "a", "--type", "slsaprovenance1"];
        with_key(&place, "verify-blob-attestation", &[&always, more].concat())
    };
    let listed = place.run(["digest", "m.gguf"]).stdout;
    let digest = listed.split(' ').next().unwrap();
    check(&["--digest", digest]).yes();
    check(&["--digest", digest, "--digestAlg", "sha256"]).yes();
    check(&["--digest", &"0".repeat(64)]).refused(1, "WL-BLOB-SUBJECT");
    check(&["--digest", digest, "--digestAlg", "sha512"]).refused(2, "WL-CLI-USAGE");
    check(&["--digestAlg", "sha512", "m.gguf"]).refused(1, "WL-BLOB-SUBJECT");
    assert_eq!(check(&["--digestAlg", "md5", "m.gguf"]).code, 2);
    let unbound = check(&["--check-claims=false", "other.gguf"]);
    assert_eq!(unbound.code, 0, "{unbound:?}");
    assert!(
        unbound.stderr.contains("says nothing about one")
            && unbound.stdout.starts_with("verified a statement\n"),
        "{unbound:?}"
    );

    let by_hash = [&TYPE[..], &["--bundle", "b", "--hash", digest, "m.gguf"]].concat();
    with_key(&place, "attest-blob", &by_hash).yes();
    with_key(
        &place,
        "verify-blob-attestation",
        &["--bundle", "b", "--type", "slsaprovenance1", "m.gguf"],
    )
    .yes();
}

#[test]
fn statements_are_signed_as_they_are_and_must_be_statements() {
    let place = place();
    with_key(
        &place,
        "attest-blob",
        &[&TYPE[..], &["--output-attestation", "s.json", "m.gguf"]].concat(),
    )
    .yes();
    let statement = ["--statement", "s.json", "--bundle", "again"];
    with_key(&place, "attest-blob", &statement).yes();
    let check = ["--bundle", "again", "--type", "slsaprovenance1", "m.gguf"];
    with_key(&place, "verify-blob-attestation", &check).yes();
    place.write("no.json", "{}");
    with_key(
        &place,
        "attest-blob",
        &["--statement", "no.json", "--bundle", "x"],
    )
    .refused(1, "WL-BLOB-STATEMENT");
    // A model is signed by what was hashed, and not by what somebody wrote.
    let written = fs::read_to_string(place.path("s.json")).unwrap();
    for made in ["https://model_signing/signature/v1.0", "urn:weightlock:leaves:v1"] {
        let statement = written.replace("https://slsa.dev/provenance/v1", made);
        place.write("made.json", statement);
        let whole = ["--statement", "made.json", "--bundle", "x"];
        let part = [
            "--predicate",
            "claim.json",
            "--type",
            made,
            "--bundle",
            "x",
            "m.gguf",
        ];
        for words in [&whole[..], &part] {
            with_key(&place, "attest-blob", words)
                .refused(2, "WL-EVIDENCE-TYPE")
                .says("weightlock sign");
        }
    }
    place.write("twice.json", r#"{"a": 1, "a": 2}"#);
    let twice = [
        "--predicate",
        "twice.json",
        "--type",
        "spdx",
        "--bundle",
        "x",
        "m.gguf",
    ];
    with_key(&place, "attest-blob", &twice).refused(1, "WL-BLOB-MALFORMED");
    assert_eq!(
        with_key(
            &place,
            "attest-blob",
            &["--predicate", "claim.json", "--type", "nonsense", "m.gguf"]
        )
        .code,
        2
    );
    assert!(!place.path("x").exists());
}

#[test]
fn every_kind_of_key_signs_blobs() {
    let place = place();
    for algorithm in ["p256", "p384", "p521", "ed25519"] {
        let generate = [
            "key",
            "generate",
            "--unencrypted",
            algorithm,
            "--algorithm",
            algorithm,
        ];
        assert_eq!(place.run(generate).code, 0);
        let (private, public) = (format!("{algorithm}.key"), format!("{algorithm}.pub"));
        let signed = place
            .run(["sign-blob", "--json", "--key", &private, OLD, "m.gguf"])
            .yes();
        signed.document::<sign::SignedFile>();
        place.run(["verify-blob", "--key", &public, "m.gguf"]).yes();
        with_key(&place, "verify-blob", &["m.gguf"]).refused(1, "WL-SIG-INVALID");
    }
}

/// 300 MiB for a key that needs no memory, and for one that would.
#[test]
fn size_costs_no_memory_except_for_ed25519() {
    let place = place();
    let file = fs::File::create(place.path("big.bin")).unwrap();
    file.set_len(300 << 20).unwrap();
    assert_eq!(
        place
            .run(["key", "generate", "--unencrypted", "ed", "--algorithm", "ed25519"])
            .code,
        0
    );
    place
        .run(["sign-blob", "--key", "ed.key", OLD, "big.bin"])
        .refused(3, "WL-BLOB-TOO-LARGE-TO-HOLD");
    let program = fs::metadata(env!("CARGO_BIN_EXE_weightlock")).unwrap().len();
    let script = format!(
        "ulimit -v {} && exec '{}' sign-blob --key '{}' {OLD} big.bin",
        program.div_ceil(1024) + (64 << 10),
        env!("CARGO_BIN_EXE_weightlock"),
        path("p256.key.pem"),
    );
    place.program("sh", ["-c", &script]).yes();
    with_key(&place, "verify-blob", &["big.bin"]).yes();
}

/// A token signs a blob without its key ever being a file, and the PIN decides.
#[test]
fn a_key_on_a_token_signs_blobs() {
    let Some(module) = program(Peer::SofthsmModule) else {
        return;
    };
    let (Some(util), Some(tool)) = (program(Peer::SofthsmUtil), program(Peer::Pkcs11Tool)) else {
        return;
    };
    let place = place();
    let module = module.to_str().unwrap();
    place.write("tokens/.keep", "");
    let configuration = format!("directories.tokendir = {}\n", place.path("tokens").display());
    place.write("softhsm2.conf", configuration);
    let on_token = |program: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .current_dir(place.path(""))
            .env("SOFTHSM2_CONF", place.path("softhsm2.conf"));
        command
    };
    let init = [
        "--init-token",
        "--free",
        "--label",
        "t",
        "--so-pin",
        "12345678",
        "--pin",
        "4711",
    ];
    assert_eq!(Ran::of(&mut on_token(util.to_str().unwrap(), &init)).code, 0);
    let generate = [
        "--module",
        module,
        "--token-label",
        "t",
        "--login",
        "--pin",
        "4711",
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "k",
        "--id",
        "01",
        "--usage-sign",
    ];
    assert_eq!(Ran::of(&mut on_token(tool.to_str().unwrap(), &generate)).code, 0);
    let read = [
        "--module",
        module,
        "--token-label",
        "t",
        "--read-object",
        "--type",
        "pubkey",
        "--label",
        "k",
        "-o",
        "k.der",
    ];
    assert_eq!(Ran::of(&mut on_token(tool.to_str().unwrap(), &read)).code, 0);
    let pem = [
        "pkey", "-pubin", "-inform", "DER", "-in", "k.der", "-out", "k.pub",
    ];
    assert_eq!(place.program("openssl", pem).code, 0);

    let uri = "pkcs11:token=t;object=k";
    let with_pin = |verb: &str, pin: &str, more: &[&str]| {
        let arguments = [&[verb, "--key", uri, "--pkcs11-module", module], more].concat();
        let mut command = on_token(env!("CARGO_BIN_EXE_weightlock"), &arguments);
        Ran::of(command.env("COSIGN_PKCS11_PIN", pin))
    };
    with_pin("sign-blob", "4711", &[OLD, "m.gguf"]).yes();
    place.run(["verify-blob", "--key", "k.pub", "m.gguf"]).yes();
    with_key(&place, "verify-blob", &["m.gguf"]).refused(1, "WL-SIG-INVALID");
    with_pin("sign-blob", "0815", &[OLD, "--bundle", "no", "m.gguf"]).refused(2, "WL-PKCS11-PIN-WRONG");
    assert!(!place.path("no").exists());
    with_pin(
        "attest-blob",
        "4711",
        &[&TYPE[..], &["--bundle", "a", "m.gguf"]].concat(),
    )
    .yes();
    place
        .run([
            "verify-blob-attestation",
            "--key",
            "k.pub",
            "--bundle",
            "a",
            "--type",
            "slsaprovenance1",
            "m.gguf",
        ])
        .yes();
}

/// An identity signs a file and a statement about it, with services of the test; the token comes from a file.
#[test]
fn an_identity_signs_blobs_and_statements() {
    let (place, sigstore) = (place(), Sigstore::start());
    place.write("trust.json", sigstore.trust_config(Rekor::Second));
    place.write("token", sigstore.token(&Account::email("a@example.com")));
    let services = [
        "--yes",
        "--trust-config",
        "trust.json",
        "--identity-token-file",
        "token",
    ];
    let sign = |more: &[&str]| place.run([&["sign-blob"], &services[..], more, &["m.gguf"]].concat());
    let ran = sign(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let verify = |verb: &str, name: &str, more: &[&str]| {
        let who = [
            "--certificate-identity",
            name,
            "--certificate-oidc-issuer",
            sigstore.issuer(),
        ];
        place.run([&[verb, "--trusted-root", "trust.json"], &who[..], more].concat())
    };
    verify("verify-blob", "a@example.com", &["m.gguf"])
        .yes()
        .says("a@example.com (vouched for by");
    verify("verify-blob", "b@example.com", &["m.gguf"]).refused(1, "WL-ID-MISMATCH");
    with_key(&place, "verify-blob", &["m.gguf"]).refused(1, "WL-SIG-KEY-MISMATCH");

    let attest = [
        &["attest-blob"],
        &services[..],
        &TYPE,
        &["--bundle", "claim", "m.gguf"],
    ]
    .concat();
    assert_eq!(place.run(attest).code, 0);
    let claim = ["--bundle", "claim", "--type", "slsaprovenance1", "m.gguf"];
    verify("verify-blob-attestation", "a@example.com", &claim).yes();
    verify("verify-blob-attestation", "b@example.com", &claim).refused(1, "WL-ID-MISMATCH");

    sign(&["--output-signature", "m.gguf.sig"]).refused(2, "WL-CLI-USAGE");
    sign(&[OLD]).refused(2, "WL-CLI-USAGE");
    sign(&["--key", &path("p256.key.pem")]).refused(2, "WL-CLI-USAGE");
    let before = fs::read(place.path("m.gguf.sigstore.json")).unwrap();
    sigstore.lie(Some(Lie::ProofOfAnotherTree));
    let refused = sign(&[]);
    assert!(
        refused.code != 0 && refused.stderr.contains("error[WL-LOG-"),
        "{refused:#?}"
    );
    assert_eq!(fs::read(place.path("m.gguf.sigstore.json")).unwrap(), before);
    let changed = place.run([
        "compat",
        "cosign",
        "sign-blob",
        "--yes",
        "--bundle",
        "x",
        "--identity-token",
        "ey.a.b",
        "m.gguf",
    ]);
    assert!(
        changed.code == 1 && !changed.stderr.contains("ey.a.b"),
        "{changed:#?}"
    );
    place.flip("m.gguf", 3, 1);
    verify("verify-blob", "a@example.com", &["m.gguf"]).refused(1, "WL-SIG-OTHER-ARTIFACT");
}

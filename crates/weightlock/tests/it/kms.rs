//! Keys that services keep, from the command line: Vault's transit engine (a stand-in in this process) and AWS KMS (moto).

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use weightlock_peers::{
    Peer,
    moto::{Moto, REGION},
    program,
    vault::{Lie, TOKEN, Trouble, Vault},
};

use crate::run::{Place, Ran};

const KEY: &str = "hashivault://release";

/// A place with a model, and a server with keys.
fn place() -> (Place, Vault) {
    let vault = Vault::start();
    vault.create("release", "ecdsa-p256");
    vault.create("edwards", "ed25519");
    vault.create("symmetric", "aes256-gcm96");
    (Place::with_model(), vault)
}

fn command(place: &Place, vault: &Vault, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    command.env("VAULT_ADDR", vault.url()).env("VAULT_TOKEN", TOKEN);
    command
}

/// Runs, and makes sure that the token stands in nothing that was said.
fn run(place: &Place, vault: &Vault, arguments: &[&str]) -> Ran {
    silent(Ran::of(&mut command(place, vault, arguments)))
}

fn silent(ran: Ran) -> Ran {
    assert!(
        !ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN),
        "{ran:#?}"
    );
    ran
}

#[test]
fn a_model_is_signed_and_verified_with_a_key_of_vault() {
    let (place, vault) = place();
    run(&place, &vault, &["sign", "m", "--key", KEY]).yes();
    let signature = fs::read_to_string(place.path("m/model.sig")).unwrap();
    assert!(!signature.contains("release") && !signature.contains(TOKEN));
    run(&place, &vault, &["verify", "m", "--key", KEY, "--online"]).yes();
    let told = run(&place, &vault, &["key", "inspect", KEY, "--online"]).yes();
    assert!(
        told.stdout.starts_with("hashivault://release   public key\n"),
        "{told:?}"
    );
    place.flip("m/model.safetensors", 2_000_000, 1);
    run(&place, &vault, &["verify", "m", "--key", KEY, "--online"]).refused(1, "WL-SIG-TAMPERED");
    vault.create("other", "ecdsa-p256");
    let other = ["verify", "m", "--key", "hashivault://other", "--online"];
    run(&place, &vault, &other).refused(1, "WL-SIG-KEY-MISMATCH");
}

#[test]
fn verbs_that_read_call_nobody_unless_they_may() {
    let (place, vault) = place();
    run(&place, &vault, &["sign", "m", "--key", KEY]).yes();
    vault.trouble(None);
    for (arguments, reason) in [
        (&["verify", "m", "--key", KEY][..], "WL-CLI-USAGE"),
        (&["key", "inspect", KEY], "WL-CLI-USAGE"),
        (
            &["verify", "m", "--key", KEY, "--online", "--offline"],
            "WL-CLI-OFFLINE",
        ),
        (&["sign", "m", "--key", KEY, "--offline"], "WL-CLI-OFFLINE"),
    ] {
        run(&place, &vault, arguments).refused(2, reason);
    }
    assert_eq!(vault.requests(), 0);
}

#[test]
fn openbao_has_names_of_its_own_and_a_token_may_lie_in_a_file() {
    let (place, vault) = place();
    let sign = |name: &str, value: &str| {
        let mut command = place.command(["sign", "m", "--replace", "--key", "openbao://release"]);
        command.env(name, vault.url()).env(value, TOKEN);
        silent(Ran::of(&mut command))
    };
    sign("BAO_ADDR", "BAO_TOKEN").yes();
    sign("VAULT_ADDR", "VAULT_TOKEN").yes();
    sign("BAO_ADDR", "IGNORED").refused(2, "WL-KMS-SETTING");
    place.write("home/.vault-token", format!("{TOKEN}\n"));
    sign("BAO_ADDR", "IGNORED").yes();
    let mut wrong = place.command(["sign", "m", "--replace", "--key", KEY]);
    wrong.env("BAO_ADDR", vault.url()).env("BAO_TOKEN", TOKEN);
    Ran::of(&mut wrong)
        .refused(2, "WL-KMS-SETTING")
        .says("VAULT_ADDR is not set");
}

#[test]
fn what_vault_refuses_is_refused_with_its_reason() {
    let (place, vault) = place();
    for (key, code, reason) in [
        ("hashivault://missing", 4, "WL-KMS-KEY-MISSING"),
        ("hashivault://symmetric", 3, "WL-KMS-UNSUPPORTED-KEY"),
        ("hashivault://edwards", 2, "WL-KEY-NOT-FOR-OMS"),
        ("hashivault://a/b", 2, "WL-KMS-REFERENCE"),
        ("vault://release", 2, "WL-KMS-REFERENCE"),
        (
            "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
            3,
            "WL-KMS-UNTESTED",
        ),
        ("azurekms://vault.example/key", 3, "WL-KMS-UNTESTED"),
        ("k8s://namespace/secret", 3, "WL-KMS-UNTESTED"),
    ] {
        run(&place, &vault, &["sign", "m", "--key", key]).refused(code, reason);
    }
    let mut wrong = command(&place, &vault, &["sign", "m", "--key", KEY]);
    let wrong = Ran::of(wrong.env("VAULT_TOKEN", "hvs.canary-wrong")).refused(4, "WL-KMS-DENIED");
    assert!(!wrong.stderr.contains("canary"), "{wrong:?}");
    let mut gone = command(&place, &vault, &["sign", "m", "--key", KEY]);
    let gone = gone.env("VAULT_ADDR", "http://127.0.0.1:1");
    silent(Ran::of(gone)).refused(4, "WL-NET-CONNECT");
    let mut open = command(&place, &vault, &["sign", "m", "--key", KEY]);
    let open = open.env("VAULT_ADDR", "http://vault.example:8200");
    silent(Ran::of(open)).refused(2, "WL-NET-PLAIN-SECRET");
    vault.lie(Some(Lie::AnotherKey));
    run(&place, &vault, &["sign", "m", "--key", KEY]).refused(4, "WL-KMS-BAD-SIGNATURE");
    vault.lie(None);
    vault.trouble(Some(Trouble::Huge(32 << 20)));
    run(&place, &vault, &["sign", "m", "--key", KEY]).refused(4, "WL-NET-TOO-LARGE");
    assert!(!place.path("m/model.sig").exists());
}

#[test]
fn a_call_that_waits_is_stopped_by_a_signal() {
    let (place, vault) = place();
    vault.trouble(Some(Trouble::Slow(Duration::from_secs(30))));
    let mut command = command(&place, &vault, &["sign", "m", "--key", KEY]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while vault.requests() == 0 {
        thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_key_may_stand_in_a_variable() {
    let place = Place::with_model();
    let text = |name: &str| fs::read_to_string(crate::run::key(name)).unwrap();
    let mut sign = place.command(["sign", "m", "--key", "env://SIGNING_KEY"]);
    Ran::of(sign.env("SIGNING_KEY", text("p256.key.pem"))).yes();
    let mut verify = place.command(["verify", "m", "--key", "env://SIGNER"]);
    Ran::of(verify.env("SIGNER", text("p256.pub.pem"))).yes();
    let mut wrong = place.command(["verify", "m", "--key", "env://SIGNER"]);
    Ran::of(wrong.env("SIGNER", text("p256.key.pem"))).refused(2, "WL-KEY-IS-PRIVATE");
    place
        .run(["verify", "m", "--key", "env://SIGNER"])
        .refused(2, "WL-CLI-USAGE");
}

/// Adds what names the service and the user.
fn with_aws<'a>(command: &'a mut Command, moto: &Moto) -> &'a mut Command {
    command
        .env("AWS_ENDPOINT_URL_KMS", moto.url())
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", &moto.id)
        .env("AWS_SECRET_ACCESS_KEY", &moto.secret)
}

#[test]
fn a_model_is_signed_and_verified_with_a_key_of_aws() {
    let Some(moto) = Moto::start() else { return };
    let id = moto.create("release", "ECC_NIST_P384", "SIGN_VERIFY");
    let place = Place::with_model();
    let run = |arguments: &[&str]| {
        let ran = Ran::of(with_aws(&mut place.command(arguments), &moto));
        assert!(!ran.stdout.contains(&moto.secret) && !ran.stderr.contains(&moto.secret));
        ran
    };
    run(&["sign", "m", "--key", "awskms:///alias/release"]).yes();
    let arn = format!("awskms:///arn:aws:kms:{REGION}:123456789012:key/{id}");
    run(&["verify", "m", "--key", &arn, "--online"]).yes();
    run(&["verify", "m", "--key", "awskms:///alias/missing", "--online"]).refused(4, "WL-KMS-KEY-MISSING");
    run(&["sign", "m", "--replace", "--key", "awskms:///alias/missing"]).refused(4, "WL-KMS-KEY-MISSING");
    let profile = format!(
        "[other]\naws_access_key_id = x\naws_secret_access_key = y\n[ci]\naws_access_key_id = {}\n\
         aws_secret_access_key = {}\n",
        moto.id, moto.secret
    );
    place.write("home/.aws/credentials", profile);
    let by_profile = |name: &str| {
        let mut command = place.command(["sign", "m", "--replace", "--key", "awskms:///alias/release"]);
        with_aws(&mut command, &moto)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_PROFILE", name);
        Ran::of(&mut command)
    };
    by_profile("ci").yes();
    by_profile("other").refused(4, "WL-KMS-DENIED");
    by_profile("none").refused(2, "WL-KMS-SETTING");
}

#[test]
fn an_endpoint_in_the_reference_is_called_over_tls() {
    let Some(openssl) = program(Peer::Openssl) else {
        return;
    };
    let place = Place::with_model();
    // A root that is its own server certificate is no honest setup: an authority signs the server's.
    let made = |arguments: &str| {
        let mut command = Command::new(&openssl);
        command
            .args(arguments.split(' '))
            .current_dir(place.path("m").parent().unwrap());
        assert!(
            command.stderr(Stdio::null()).status().unwrap().success(),
            "{arguments}"
        );
    };
    let mut file = fs::File::create(place.path("name")).unwrap();
    writeln!(file, "subjectAltName=DNS:localhost").unwrap();
    made(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2",
    );
    made("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.csr -subj /CN=tls");
    made("x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile name -out tls.pem -days 2");
    let Some(moto) = Moto::with_tls(&place.path("tls.pem"), &place.path("tls.key")) else {
        return;
    };
    let _ = moto.create("release", "ECC_NIST_P256", "SIGN_VERIFY");
    let key = format!(
        "awskms://{}/alias/release",
        moto.url().trim_start_matches("https://")
    );
    let sign = |roots: Option<&str>| {
        let mut command = place.command(["sign", "m", "--key", &key]);
        with_aws(&mut command, &moto).env("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1");
        roots.map(|roots| command.env("SSL_CERT_FILE", place.path(roots)));
        Ran::of(&mut command)
    };
    sign(None).refused(4, "WL-NET-TLS");
    sign(Some("tls.key")).refused(2, "WL-NET-ROOTS");
    assert!(!place.path("m/model.sig").exists());
    sign(Some("ca.pem")).yes();
}

#[test]
fn blobs_are_signed_and_verified_with_keys_of_services() {
    let (place, vault) = place();
    place.write("blob", "a blob");
    for key in [KEY, "hashivault://edwards"] {
        run(
            &place,
            &vault,
            &["sign-blob", "--key", key, "--bundle", "b.json", "blob"],
        )
        .yes();
        let verify = [
            "verify-blob",
            "--key",
            key,
            "--bundle",
            "b.json",
            "blob",
            "--online",
        ];
        run(&place, &vault, &verify).yes();
        run(&place, &vault, &verify[..6]).refused(2, "WL-CLI-USAGE");
        place.write("blob", "another blob");
        assert_eq!(run(&place, &vault, &verify).code, 1);
        place.write("blob", "a blob");
        fs::remove_file(place.path("b.json")).unwrap();
    }
}

//! Both directions with the OpenSSL command line. Without it these tests are counted as skipped.

use std::{
    path::Path,
    process::{Command, Output},
};

use weightlock_peers::Peer;
use weightlock_signing::{
    certificate::{Certificate, Profile, UnixTime, validate},
    key::{
        Algorithm, Hash, KdfRefusal, KeyError, OpenError, Password, PrivateKey, PublicKey, Signer,
        SystemRandom,
    },
};

use super::no_password;

/// A folder to work in, if there is an OpenSSL.
fn workshop() -> Option<tempfile::TempDir> {
    weightlock_peers::program(Peer::Openssl)?;
    Some(tempfile::tempdir().unwrap())
}

fn run(folder: &Path, arguments: &str) -> Output {
    let arguments = arguments.split(' ').map(|word| word.replace('+', " "));
    Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn openssl(folder: &Path, arguments: &str) -> Vec<u8> {
    let output = run(folder, arguments);
    assert!(
        output.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn password(password: &str) -> impl FnOnce(weightlock_signing::key::PasswordNeeded) -> Result<Password, ()> {
    let password = Password::new(password);
    move |_| Ok(password)
}

const CURVES: [(Algorithm, &str, &str); 3] = [
    (Algorithm::P256, "P-256", "sha256"),
    (Algorithm::P384, "P-384", "sha384"),
    (Algorithm::P521, "P-521", "sha512"),
];

#[test]
fn openssl_verifies_our_signatures_and_we_verify_its() {
    let Some(folder) = workshop() else { return };
    let at = folder.path();
    std::fs::write(at.join("message"), b"message").unwrap();
    for (algorithm, curve, hash) in CURVES {
        let key = PrivateKey::generate(algorithm, &mut SystemRandom).unwrap();
        std::fs::write(at.join("ours.key"), key.to_pkcs8_pem().as_bytes()).unwrap();
        std::fs::write(at.join("ours.pub"), key.public_key().to_pem()).unwrap();
        std::fs::write(at.join("ours.sig"), key.sign(b"message").unwrap()).unwrap();
        openssl(
            at,
            &format!("dgst -{hash} -verify ours.pub -signature ours.sig message"),
        );
        assert_eq!(
            openssl(at, "pkey -in ours.key -pubout"),
            std::fs::read(at.join("ours.pub")).unwrap()
        );
        let its = openssl(at, &format!("dgst -{hash} -sign ours.key message"));
        assert_eq!(key.public_key().verify(b"message", &its), Ok(()), "{curve}");
        // Any hash with any curve, as in old OMS certificates: P-521 with SHA-256 is the awkward one.
        for (hash, name) in [
            (Hash::Sha256, "sha256"),
            (Hash::Sha384, "sha384"),
            (Hash::Sha512, "sha512"),
        ] {
            let its = openssl(at, &format!("dgst -{name} -sign ours.key message"));
            assert_eq!(
                key.public_key()
                    .dangerous_verify_with_hash(hash, b"message", &its),
                Ok(())
            );
        }
    }
}

#[test]
fn keys_written_by_openssl_are_read() {
    let Some(folder) = workshop() else { return };
    let at = folder.path();
    for (algorithm, curve, _) in CURVES {
        openssl(
            at,
            &format!("ecparam -name {} -genkey -out sec1.key", curve_name(curve)),
        );
        openssl(at, "pkcs8 -topk8 -nocrypt -in sec1.key -out pkcs8.key");
        openssl(
            at,
            "ec -in sec1.key -pubout -conv_form compressed -out compressed.pub",
        );
        let public = openssl(at, "pkey -in sec1.key -pubout");
        for file in ["sec1.key", "pkcs8.key"] {
            let key = PrivateKey::from_pem(&std::fs::read(at.join(file)).unwrap(), no_password).unwrap();
            assert_eq!(key.public_key().to_pem().into_bytes(), public, "{curve} {file}");
            assert_eq!(key.public_key().algorithm(), algorithm);
        }
        let compressed = PublicKey::from_pem(&std::fs::read(at.join("compressed.pub")).unwrap()).unwrap();
        assert_eq!(compressed.to_pem().into_bytes(), public);
    }
    openssl(at, "genpkey -algorithm ed25519 -out ed.key");
    let key = PrivateKey::from_pem(&std::fs::read(at.join("ed.key")).unwrap(), no_password).unwrap();
    assert_eq!(
        key.public_key().to_pem().into_bytes(),
        openssl(at, "pkey -in ed.key -pubout")
    );
    assert_eq!(
        key.to_pkcs8_pem().as_bytes(),
        std::fs::read(at.join("ed.key")).unwrap()
    );
}

fn curve_name(curve: &str) -> &'static str {
    match curve {
        "P-256" => "prime256v1",
        "P-384" => "secp384r1",
        _ => "secp521r1",
    }
}

#[test]
fn explicit_parameters_and_old_encryption_have_their_own_refusal() {
    let Some(folder) = workshop() else { return };
    let at = folder.path();
    openssl(
        at,
        "ecparam -name prime256v1 -genkey -noout -param_enc explicit -out explicit.key",
    );
    openssl(
        at,
        "ec -in explicit.key -pubout -param_enc explicit -out explicit.pub",
    );
    openssl(at, "ecparam -name prime256v1 -genkey -noout -out plain.key");
    openssl(at, "ec -in plain.key -aes128 -passout pass:x -out old.key");
    let private = |file: &str| match PrivateKey::from_pem(&std::fs::read(at.join(file)).unwrap(), no_password)
        .unwrap_err()
    {
        OpenError::Key(error) => error,
        OpenError::Password(error) => panic!("{error}"),
    };
    assert_eq!(private("explicit.key"), KeyError::ExplicitParameters);
    assert_eq!(private("old.key"), KeyError::LegacyEncryption);
    let public = PublicKey::from_pem(&std::fs::read(at.join("explicit.pub")).unwrap());
    assert_eq!(public, Err(KeyError::ExplicitParameters));
}

#[test]
fn every_encryption_of_pkcs8_is_read_or_refused_by_name() {
    let Some(folder) = workshop() else { return };
    let at = folder.path();
    openssl(at, "ecparam -name prime256v1 -genkey -noout -out plain.key");
    let public = openssl(at, "pkey -in plain.key -pubout");
    for options in [
        "-v2 aes-128-cbc",
        "-v2 aes-192-cbc",
        "-v2 aes-256-cbc",
        "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 10000",
        "-scrypt",
        "-scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 16",
    ] {
        openssl(
            at,
            &format!("pkcs8 -topk8 {options} -in plain.key -out sealed.key -passout pass:secret"),
        );
        let pem = std::fs::read(at.join("sealed.key")).unwrap();
        let key = PrivateKey::from_pem(&pem, password("secret")).unwrap();
        assert_eq!(key.public_key().to_pem().into_bytes(), public, "{options}");
        let wrong = PrivateKey::from_pem(&pem, password("Secret")).unwrap_err();
        assert_eq!(wrong, OpenError::Key(KeyError::WrongPassword), "{options}");
    }
    for (options, limit) in [
        (
            "-iter 10000001",
            KdfRefusal::Pbkdf2Iterations {
                iterations: 10_000_001,
            },
        ),
        (
            "-scrypt -scrypt_N 1024 -scrypt_r 1 -scrypt_p 8192",
            KdfRefusal::ScryptWork { work: 1 << 23 },
        ),
    ] {
        openssl(
            at,
            &format!("pkcs8 -topk8 {options} -in plain.key -out sealed.key -passout pass:secret"),
        );
        let pem = std::fs::read(at.join("sealed.key")).unwrap();
        let refused = PrivateKey::from_pem(&pem, |_| Err::<Password, _>("asked")).unwrap_err();
        assert_eq!(refused, OpenError::Key(KeyError::Kdf(limit)));
    }
    // What OpenSSL 1.0 wrote, and what nobody else reads.
    for options in [
        "-v2 aes-256-cbc -v2prf hmacWithSHA1",
        "-v2 des3",
        "-v2 camellia256",
        "-v1 PBE-SHA1-3DES",
    ] {
        openssl(
            at,
            &format!("pkcs8 -topk8 {options} -in plain.key -out sealed.key -passout pass:secret"),
        );
        let pem = std::fs::read(at.join("sealed.key")).unwrap();
        let refused = PrivateKey::from_pem(&pem, |_| Err::<Password, _>("asked")).unwrap_err();
        assert!(
            matches!(refused, OpenError::Key(KeyError::UnsupportedEncryption { .. })),
            "{options}"
        );
    }
}

#[test]
fn chains_made_by_openssl_validate() {
    let Some(folder) = workshop() else { return };
    let at = folder.path();
    std::fs::write(at.join("ca.cnf"), "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid,issuer:always\ncertificatePolicies=critical,1.2.3.4\n").unwrap();
    std::fs::write(at.join("leaf.cnf"), "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=email:a@example.com,URI:https://example.com/x,otherName:1.2.3;UTF8:x,IP:10.0.0.1,dirName:d\n[d]\nCN=x\n").unwrap();
    for kind in [
        "ec -pkeyopt ec_paramgen_curve:P-521",
        "ed25519",
        "rsa:2048",
        // The root signed itself with SHA-1 long ago; it is trusted because the user said so.
        "rsa:2048 -sha1",
        "rsa-pss -pkeyopt rsa_keygen_bits:2048",
    ] {
        openssl(
            at,
            &format!(
                "req -x509 -newkey {kind} -nodes -keyout root.key -out root.pem -days 3650 -subj /O=Org/CN=Root"
            ),
        );
        openssl(
            at,
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout middle.key -out middle.csr -subj /O=Org/CN=Middle",
        );
        openssl(
            at,
            "x509 -req -in middle.csr -CA root.pem -CAkey root.key -days 3650 -extfile ca.cnf -out middle.pem",
        );
        openssl(
            at,
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=Leaf",
        );
        openssl(
            at,
            "x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -days 3650 -extfile leaf.cnf -out leaf.pem",
        );
        let read = |name: &str| Certificate::from_pem(&std::fs::read(at.join(name)).unwrap());
        let leaf = read("leaf.pem").unwrap();
        // The machine's clock made them; a day later they are all valid.
        let tomorrow = UnixTime(leaf.not_before().0 + 86_400);
        let answer = validate(
            &leaf,
            &[read("middle.pem").unwrap()],
            &[read("root.pem").unwrap()],
            tomorrow,
            Profile::Strict,
        );
        let path = answer.unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
        let key = PrivateKey::from_pem(&std::fs::read(at.join("leaf.key")).unwrap(), no_password).unwrap();
        assert_eq!(path.public_key(), key.public_key());
    }
}

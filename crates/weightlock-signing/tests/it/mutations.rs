//! Every byte of valid files changed, one at a time: no panic, and never a different file with the same meaning.

use weightlock_signing::{
    certificate::{Certificate, Profile, validate},
    key::{PrivateKey, PublicKey, Signer},
};

use super::{data, mint::NOW, no_password};

/// Each byte replaced by a few others: one bit, another letter, nothing, a line end.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |index| {
        let with = move |byte: u8| {
            let mut changed = bytes.to_vec();
            changed[index] = byte;
            changed
        };
        let old = bytes[index];
        [old ^ 1, old ^ 0x20, old ^ 0x80, 0, b'\n', b'A']
            .into_iter()
            .filter(move |new| *new != old)
            .map(with)
    })
}

#[test]
fn a_changed_public_key_file_is_another_key_or_none() {
    for name in ["keys/p256.pub.pem", "keys/p521.pub.pem"] {
        let original = PublicKey::from_pem(&data(name)).unwrap();
        let der = original.to_spki_der();
        for changed in mutations(der) {
            assert!(
                PublicKey::from_spki_der(&changed).is_err_and(|error| !error.to_string().is_empty()) || {
                    PublicKey::from_spki_der(&changed).unwrap() != original
                }
            );
        }
        for changed in mutations(&data(name)) {
            // White space is free in PEM; whatever is read is written in the one form again.
            if let Ok(key) = PublicKey::from_pem(&changed) {
                let text = key.to_pem();
                assert_eq!(PublicKey::from_pem(text.as_bytes()).unwrap(), key);
            }
        }
    }
}

#[test]
fn a_changed_private_key_file_never_signs_for_the_old_public_key() {
    let original = super::private("keys/p256.key.pem");
    for changed in mutations(&data("keys/p256.key.pem")) {
        if let Ok(key) = PrivateKey::from_pem(&changed, no_password) {
            assert_eq!(
                key.public_key(),
                original.public_key(),
                "the stored point must catch a changed number"
            );
            let signature = key.sign(b"x").unwrap();
            assert_eq!(original.public_key().verify(b"x", &signature), Ok(()));
        }
    }
}

#[test]
fn a_changed_cosign_key_never_panics() {
    use weightlock_signing::key::{OpenError, Password};
    // The password is refused: a hundred derivations of a key would take a minute.
    for changed in mutations(&data("cosign/sealed.key")) {
        let opened = PrivateKey::from_pem(&changed, |_| Err::<Password, _>(()));
        assert!(matches!(opened, Err(OpenError::Key(_) | OpenError::Password(()))));
    }
}

#[test]
fn a_changed_signature_never_verifies() {
    let key = super::private("keys/p256.key.pem");
    let signature = key.sign(b"message").unwrap();
    for changed in mutations(&signature) {
        assert!(key.public_key().verify(b"message", &changed).is_err());
    }
}

#[test]
fn a_changed_certificate_never_validates() {
    let read = |name: &str| Certificate::from_pem(&data(name)).unwrap();
    let (leaf, middle, root) = (
        read("pki/leaf.cert.pem"),
        read("pki/intermediate-ca.cert.pem"),
        read("pki/root-ca.cert.pem"),
    );
    for changed in mutations(leaf.as_der()) {
        let Ok(changed) = Certificate::from_der(&changed) else {
            continue;
        };
        let answer = validate(
            &changed,
            std::slice::from_ref(&middle),
            std::slice::from_ref(&root),
            NOW,
            Profile::Compat,
        );
        assert!(answer.is_err(), "{:?}", changed);
    }
    for changed in mutations(middle.as_der()).step_by(3) {
        let Ok(changed) = Certificate::from_der(&changed) else {
            continue;
        };
        assert!(
            validate(
                &leaf,
                &[changed],
                std::slice::from_ref(&root),
                NOW,
                Profile::Compat
            )
            .is_err()
        );
    }
}

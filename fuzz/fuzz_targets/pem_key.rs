//! A key file is read or refused; what is read is written in one form, which is read as the same key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::key::{Password, PrivateKey, PublicKey};

fuzz_target!(|text: &[u8]| {
    if let Ok(key) = PublicKey::from_pem(text) {
        let again = PublicKey::from_pem(key.to_pem().as_bytes()).expect("our own PEM");
        assert_eq!(again, key);
        assert_eq!(again.hint_pem(), key.hint_pem());
    }
    if let Ok(key) = PublicKey::from_spki_der(text) {
        assert_eq!(PublicKey::from_spki_der(key.to_spki_der()), Ok(key));
    }
    // No password: deriving a key takes longer than a fuzzer has patience.
    if let Ok(key) = PrivateKey::from_pem(text, |_| Err::<Password, ()>(())) {
        let again = PrivateKey::from_pem(key.to_pkcs8_pem().as_bytes(), |_| Err::<Password, ()>(()));
        assert_eq!(again.expect("our own PEM").public_key(), key.public_key());
    }
    let _ = PrivateKey::from_pkcs8_der(text);
});

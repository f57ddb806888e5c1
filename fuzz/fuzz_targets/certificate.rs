//! Certificates are read or refused, and no chain built from hostile ones leads to a root that is not in it.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::certificate::{Certificate, Profile, UnixTime, validate};

static ROOT: OnceLock<Vec<Certificate>> = OnceLock::new();

const NOW: UnixTime = UnixTime(1_795_262_400);

fuzz_target!(|bytes: &[u8]| {
    let known = ROOT.get_or_init(|| {
        let pki = concat!(
            include_str!("../../crates/weightlock-signing/testdata/pki/leaf.cert.pem"),
            include_str!("../../crates/weightlock-signing/testdata/pki/intermediate-ca.cert.pem"),
            include_str!("../../crates/weightlock-signing/testdata/pki/root-ca.cert.pem"),
            // Also really issued, so the fuzzer may know them as seeds.
            include_str!("../../crates/weightlock-signing/testdata/pki/leaf-p384.cert.pem"),
            include_str!("../../crates/weightlock-signing/testdata/pki/leaf-eku-only.cert.pem"),
            include_str!("../../crates/weightlock-signing/testdata/pki/leaf-predates-ca.cert.pem"),
            include_str!("../../crates/weightlock-signing/testdata/pki/leaf-tls-server.cert.pem"),
        );
        Certificate::chain_from_pem(pki.as_bytes()).expect("test data")
    });
    let mut hostile = Certificate::chain_from_pem(bytes).unwrap_or_default();
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let again = Certificate::from_pem(certificate.to_pem().as_bytes()).expect("our own PEM");
        assert_eq!(again, certificate);
        let _ = format!("{certificate:?} {:?}", certificate.public_key());
        hostile.push(certificate);
    }
    let Some(first) = hostile.first() else { return };
    for profile in [Profile::Strict, Profile::Compat] {
        // Under the known root only what it really issued is trusted.
        let answer = validate(
            first,
            &[&hostile[..], &known[1..2]].concat(),
            &known[2..3],
            NOW,
            profile,
        );
        if let Ok(path) = answer {
            assert!(
                path.certificates()
                    .iter()
                    .all(|certificate| known.contains(certificate))
            );
        }
        // Hostile certificates as roots may say yes or no, and must come to an end.
        let _ = validate(first, known, &hostile, NOW, profile);
        // A forged issuer between a known leaf and the known root.
        let answer = validate(&known[0], &hostile, &known[2..3], NOW, profile);
        assert!(answer.is_err() || hostile.contains(&known[1]));
    }
});

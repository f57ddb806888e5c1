//! Nobody forges: what verifies under a known key has a payload that its holder signed. What is read can be written
//! and read again.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use weightlock_signing::{
    Trust,
    bundle::{Bundle, Content},
    certificate::{Certificate, Profile, UnixTime},
    key::PublicKey,
    oms::verify,
};

const KEY: &[u8] = include_bytes!("../../testdata/oms/reference-1.1.1/keys/p256.pub.pem");
const ROOT: &[u8] = include_bytes!("../../testdata/oms/reference-1.1.1/keys/root-ca.cert.pem");

static KNOWN: OnceLock<Known> = OnceLock::new();

struct Known {
    trusts: [Trust; 2],
    payloads: Vec<Vec<u8>>,
}

impl Known {
    /// The seeds are all that was ever signed with these keys, as far as the fuzzer can know.
    fn new() -> Self {
        let key = PublicKey::from_pem(KEY);
        let roots = Trust::Roots {
            certificates: Certificate::chain_from_pem(ROOT).expect("test data"),
            at: UnixTime(1_795_262_400),
            profile: Profile::Compat,
        };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/oms_bundle");
        let files = std::fs::read_dir(folder).expect("the corpus is beside the target");
        let bundles = files.filter_map(|file| Bundle::parse(&std::fs::read(file.ok()?.path()).ok()?).ok());
        Self {
            trusts: [Trust::Key(key.expect("test data")), roots],
            payloads: bundles.filter_map(|bundle| Some(bundle.into_envelope().ok()?.payload)).collect(),
        }
    }
}

fuzz_target!(|text: &[u8]| {
    let Ok(bundle) = Bundle::parse(text) else { return };
    if !bundle.is_logged() {
        let written = bundle.to_json().expect("everything without logs is written");
        assert_eq!(Bundle::parse(&written).as_ref().ok(), Some(&bundle));
    }
    let known = KNOWN.get_or_init(Known::new);
    for trust in &known.trusts {
        if verify(text, trust).is_ok() {
            let Content::Envelope(envelope) = &bundle.content else {
                panic!("a model signature has an envelope");
            };
            assert!(known.payloads.contains(&envelope.payload));
        }
    }
});

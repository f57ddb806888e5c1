//! What services could answer when somebody signs keyless, and the documents that name them. The first byte chooses the
//! reader. What is taken is in bounds and, for log entries, is what a bundle can hold; a timestamp with another number
//! than was asked for never passes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::{
    bundle::Bundle,
    certificate::UnixTime,
    sigstore::{
        oidc::Token,
        sign::{
            LogVersion, SigningConfig,
            answers::{Asked, read_chain, read_entry, read_token},
        },
    },
};
use weightlock_transport::Secret;

const NOW: UnixTime = UnixTime(1_795_262_400);

fuzz_target!(|data: &[u8]| {
    let Some((reader, answer)) = data.split_first() else {
        return;
    };
    match reader {
        b'c' => drop(read_chain(answer)),
        b'1' | b'2' => {
            let version = if *reader == b'1' {
                LogVersion::First
            } else {
                LogVersion::Second
            };
            let Ok(entry) = read_entry(answer, version, "hashedrekord") else {
                return;
            };
            let bundle = format!(
                "{{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":\
                 {{\"certificate\":{{\"rawBytes\":\"\"}},\"tlogEntries\":[{entry}]}},\"messageSignature\":\
                 {{\"signature\":\"\"}}}}"
            );
            Bundle::parse(bundle.as_bytes()).expect("what is taken from a log can stand in a bundle");
        }
        b't' => {
            let one = read_token(answer, &Asked::new(b"signature", [1; 8])).is_ok();
            let other = read_token(answer, &Asked::new(b"signature", [2; 8])).is_ok();
            assert!(!(one && other), "one timestamp answers two requests");
        }
        b's' => {
            let Ok(config) = SigningConfig::parse(answer) else {
                return;
            };
            if let Ok(plan) = config.plan(NOW) {
                assert!(!plan.logs.is_empty());
            }
        }
        b'j' => {
            let text = Secret::new(answer);
            if let Ok(token) = Token::parse(&text, "sigstore", NOW) {
                assert!(!format!("{token:?}").contains("eyJ"), "a token is shown");
                let _ = token.names();
            }
        }
        _ => {}
    }
});

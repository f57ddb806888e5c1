//! Any JSON is walked to its end or to a fault within it; the scan of a configuration ends and is the same twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::json::{
    Limits,
    walk::{Token, Walk},
};
use weightlock_scan::{Settings, scan};

fuzz_target!(|text: &[u8]| {
    let mut walk = Walk::new(text, Limits::default());
    let mut open = 0_u64;
    loop {
        match walk.next() {
            Ok(Some((offset, token))) => {
                assert!(offset < text.len() as u64);
                match token {
                    Token::Object | Token::Array => open += 1,
                    Token::End => open -= 1,
                    Token::Text(_) | Token::Other(_) => drop(walk.path()),
                }
                assert_eq!(walk.depth() as u64, open);
            }
            Ok(None) => break,
            Err(problem) => {
                assert!(problem.offset() <= text.len() as u64);
                break;
            }
        }
    }
    for name in ["tokenizer_config.json", "modules.json", "requirements.txt"] {
        let settings = Settings::default();
        let first = scan(name, text.to_vec().into(), &settings);
        assert_eq!(first, scan(name, text.to_vec().into(), &settings));
    }
});

//! Pins: nothing panics, and what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_policy::Pins;

fuzz_target!(|bytes: &[u8]| {
    let Ok(pins) = Pins::parse(bytes) else { return };
    assert_eq!(pins.to_text().as_bytes(), bytes);
    assert!(pins.all().count() > 0, "pins that pin nothing");
    for (name, pin) in pins.all() {
        assert_eq!(pins.find(name), Some(pin));
    }
});

//! Every rule of the parser, and that what is shown is read back.

use proptest::prelude::*;

use super::*;

fn refusal(text: &str) -> UriError {
    Uri::parse(text)
        .err()
        .unwrap_or_else(|| panic!("{text} was accepted"))
}

#[test]
fn the_usual_forms_are_read() {
    let uri = Uri::parse(
        "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;\
         object=my-certificate;type=cert;id=%69%95%3E%5C%F4%BD%EC%91;serial=;slot-id=327;library-version=3.1\
         ?pin-source=file:/etc/token_pin&module-name=mypkcs11",
    )
    .unwrap();
    assert_eq!(uri.token.as_deref(), Some("The Software PKCS#11 Softtoken"));
    assert_eq!(uri.manufacturer.as_deref(), Some("Snake Oil, Inc."));
    assert_eq!(uri.id.as_deref(), Some(&b"\x69\x95\x3e\x5c\xf4\xbd\xec\x91"[..]));
    assert_eq!((uri.slot_id, uri.library_version), (Some(327), Some((3, 1))));
    assert_eq!(
        (uri.object_type, uri.serial.as_deref()),
        (Some(ObjectType::Certificate), Some(""))
    );
    assert_eq!(
        uri.pin_source.as_ref().map(PinSource::path),
        Some("/etc/token_pin")
    );
    assert_eq!(uri.module_name.as_deref(), Some("mypkcs11"));
    assert!(Uri::parse("pkcs11:").unwrap().token.is_none());
    assert_eq!(
        Uri::parse("PKCS11:x-vendor=1;vnd_2=3?y=4&y=5")
            .unwrap()
            .vendor()
            .len(),
        4
    );
}

#[test]
fn each_broken_rule_has_its_own_refusal() {
    let named = |attribute: &str| attribute.to_owned();
    assert_eq!(
        refusal(&format!("pkcs11:object={}", "x".repeat(4096))),
        UriError::TooLong
    );
    for (text, why) in [
        ("", UriError::Scheme),
        ("pkcs1", UriError::Scheme),
        ("pkcs11é", UriError::Scheme),
        ("file:/x", UriError::Scheme),
        ("pkcs11:token", UriError::NotAnAttribute),
        ("pkcs11:=x", UriError::NotAnAttribute),
        ("pkcs11:token=a;", UriError::NotAnAttribute),
        ("pkcs11:to ken=a", UriError::NotAnAttribute),
        (
            "pkcs11:token=a b",
            UriError::Character {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:token=é",
            UriError::Character {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:token=a/b",
            UriError::Character {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:token=%4",
            UriError::Escape {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:token=%4g",
            UriError::Escape {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:token=%ff",
            UriError::NotText {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:token=%00",
            UriError::NotText {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:?module-path=/a%00b",
            UriError::NotText {
                attribute: named("module-path"),
            },
        ),
        (
            "pkcs11:token=a;token=a",
            UriError::Duplicate {
                attribute: named("token"),
            },
        ),
        (
            "pkcs11:?pin-value=1&pin-value=2",
            UriError::Duplicate {
                attribute: named("pin-value"),
            },
        ),
        (
            "pkcs11:x-a=1;x-a=2",
            UriError::Duplicate {
                attribute: named("x-a"),
            },
        ),
        (
            "pkcs11:slot-id=",
            UriError::Value {
                attribute: named("slot-id"),
            },
        ),
        (
            "pkcs11:slot-id=%2B1",
            UriError::Value {
                attribute: named("slot-id"),
            },
        ),
        (
            "pkcs11:type=key",
            UriError::Value {
                attribute: named("type"),
            },
        ),
        (
            "pkcs11:library-version=1.",
            UriError::Value {
                attribute: named("library-version"),
            },
        ),
        (
            "pkcs11:?module-name=..",
            UriError::Value {
                attribute: named("module-name"),
            },
        ),
        (
            "pkcs11:?module-name=a/b",
            UriError::Value {
                attribute: named("module-name"),
            },
        ),
        (
            "pkcs11:token=a&pin-value=1",
            UriError::Misplaced {
                attribute: named("pin-value"),
            },
        ),
        (
            "pkcs11:token=a;pin-value=1",
            UriError::Misplaced {
                attribute: named("pin-value"),
            },
        ),
        (
            "pkcs11:?module-path=/a?pin-value=1",
            UriError::Misplaced {
                attribute: named("pin-value"),
            },
        ),
        (
            "pkcs11:?token=a",
            UriError::Misplaced {
                attribute: named("token"),
            },
        ),
        ("pkcs11:?pin-source=|cat%20/x", UriError::PinCommand),
        ("pkcs11:?pin-source=%7Ccat", UriError::PinCommand),
        ("pkcs11:?pin-source=https://x/y", UriError::PinSource),
        ("pkcs11:?pin-source=file://host/y", UriError::PinSource),
        ("pkcs11:?pin-source=", UriError::PinSource),
        ("pkcs11:?pin-source=pin", UriError::PinSource),
        ("pkcs11:?pin-source=file:pin", UriError::PinSource),
    ] {
        assert_eq!(refusal(text), why, "{text}");
    }
}

#[test]
fn the_pin_is_never_shown() {
    let uri = Uri::parse("pkcs11:token=t?pin-value=canary%2D4711&module-path=/m.so").unwrap();
    assert_eq!(
        uri.pin_value.as_ref().map(Password::as_bytes),
        Some(&b"canary-4711"[..])
    );
    assert_eq!(uri.to_string(), "pkcs11:token=t?module-path=/m.so");
    assert!(!format!("{uri:?}").contains("canary"));
}

proptest! {
    #[test]
    fn never_panics(text in "(pkcs11:)?[ -~é%;&?=|]{0,80}") {
        let _ = Uri::parse(&text);
    }

    #[test]
    fn what_is_shown_is_read_back(
        token in "[^\0]{0,20}", id in proptest::collection::vec(any::<u8>(), 0..20), slot in any::<u64>(),
        path in "/[^\0]{0,20}",
    ) {
        let uri = Uri {
            token: Some(token), id: Some(id), slot_id: Some(slot), module_path: Some(path.clone()),
            pin_source: PinSource::parse(path).ok(), ..Uri::default()
        };
        let again = Uri::parse(&uri.to_string()).unwrap();
        prop_assert_eq!(format!("{:?}", again), format!("{:?}", uri));
    }
}

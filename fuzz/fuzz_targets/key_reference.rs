//! What names a key is read or refused; its text form names the same key, and nothing with a scheme is a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::key::reference::KeyReference;

fuzz_target!(|text: &str| {
    let Ok(reference) = KeyReference::parse(text) else { return };
    if let KeyReference::Token(_) = reference {
        return;
    }
    assert_eq!(reference.to_string(), text);
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    if let (Some(_), Some(scheme)) = (reference.file(), scheme) {
        assert!(!matches!(scheme, "env" | "hashivault" | "openbao" | "awskms" | "gcpkms" | "azurekms" | "k8s"));
    }
    if let KeyReference::Vault(key) = &reference {
        assert!(!key.name().contains(['/', '?', '#', '%']));
    }
    if let KeyReference::Aws(key) = &reference {
        assert!(!key.id().contains(['"', '\\']));
    }
});

//! The words that cosign's `--type` takes for predicate types, and the URIs they stand for.

/// cosign's default: any text. Its predicate is made by [`crate::blob::custom_predicate`].
pub const CUSTOM: &str = "https://cosign.sigstore.dev/attestation/v1";

/// Word and URI, in the order of cosign's help.
pub const WORDS: [(&str, &str); 10] = [
    ("custom", CUSTOM),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ("openvex", "https://openvex.dev/ns"),
];

/// The URI that a word stands for; a URI stands for itself. `None` for a word that is neither.
#[must_use]
pub fn uri(word: &str) -> Option<String> {
    if let Some((_, uri)) = WORDS.iter().find(|(known, _)| *known == word) {
        return Some((*uri).to_owned());
    }
    is_uri(word).then(|| word.to_owned())
}

/// RFC 3986 section 3: a scheme, a colon, something behind it, and none of the characters that no URI has.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_uris() {
        assert_eq!(uri("custom").as_deref(), Some(CUSTOM));
        assert_eq!(uri("spdx"), uri("spdxjson"));
        assert_eq!(uri("urn:x:y").as_deref(), Some("urn:x:y"));
        for word in [
            "",
            "Custom",
            "slsa",
            "spdx ",
            "https:",
            ":x",
            "1x:y",
            "https://a b",
            "x:\n",
        ] {
            assert_eq!(uri(word), None, "{word:?}");
        }
    }
}

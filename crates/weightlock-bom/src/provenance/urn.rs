//! [`canonical`]: one spelling for a URI that is a URN. The scheme and the namespace of a URN are the same in capitals and small
//! letters, what follows is not (RFC 8141, section 3.1). Whoever compares texts instead takes `URN:Weightlock:…` for somebody
//! else's, and passes over what is known of ours.

use std::borrow::Cow;

/// The URI with scheme and namespace in small letters, if it is a URN; else as it is.
#[must_use]
pub fn canonical(uri: &str) -> Cow<'_, str> {
    let Some(end) = namespace_end(uri) else {
        return Cow::Borrowed(uri);
    };
    let (head, rest) = uri.split_at(end);
    if head.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(head.to_ascii_lowercase() + rest)
    } else {
        Cow::Borrowed(uri)
    }
}

/// Where `urn:NID:` ends.
fn namespace_end(uri: &str) -> Option<usize> {
    let (scheme, rest) = uri.split_once(':')?;
    let (namespace, _) = rest.split_once(':')?;
    let is_namespace = !namespace.is_empty()
        && namespace.len() <= 32
        && namespace
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let end = scheme.len().checked_add(namespace.len())?.checked_add(2)?;
    (scheme.eq_ignore_ascii_case("urn") && is_namespace).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_namespace_have_no_case() {
        for (uri, expected) in [
            (
                "URN:Weightlock:Build-Type:ml/train/v1",
                "urn:weightlock:Build-Type:ml/train/v1",
            ),
            (
                "urn:weightlock:build-type:ml/TRAIN/v1",
                "urn:weightlock:build-type:ml/TRAIN/v1",
            ),
            ("HTTPS://Example.org/A", "HTTPS://Example.org/A"),
            ("URN:", "URN:"),
            ("URN:A", "URN:A"),
            ("URN::A", "URN::A"),
            ("URN:a/b:A", "URN:a/b:A"),
            ("Uüx:A:b", "Uüx:A:b"),
        ] {
            assert_eq!(canonical(uri), expected);
        }
    }
}

//! Package URLs, part by part. <https://github.com/package-url/purl-spec>
//!
//! Each part is encoded once, here; nothing that is given may be encoded already.

use std::fmt::Write;

/// A package URL: type, namespace (its parts joined by `/`), name, version, qualifiers in the order of their keys.
pub fn purl(
    kind: &str,
    namespace: &str,
    name: &str,
    version: Option<&str>,
    qualifiers: &[(&str, &str)],
) -> String {
    let mut text = format!("pkg:{kind}/");
    for part in namespace.split('/').filter(|it| !it.is_empty()) {
        encode(&mut text, part);
        text.push('/');
    }
    encode(&mut text, name);
    if let Some(version) = version.filter(|it| !it.is_empty()) {
        text.push('@');
        encode(&mut text, version);
    }
    let mut sorted: Vec<_> = qualifiers.iter().filter(|(_, value)| !value.is_empty()).collect();
    sorted.sort();
    for (at, (key, value)) in sorted.into_iter().enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(key);
        text.push('=');
        encode(&mut text, value);
    }
    text
}

/// A Python distribution, by its normalised name.
pub fn pypi(name: &str, version: Option<&str>) -> String {
    purl("pypi", "", &python_name(name), version, &[])
}

/// A model at the hub. Names are case sensitive there; a revision is written in small letters.
pub fn huggingface(namespace: &str, name: &str, revision: Option<&str>) -> String {
    let revision = revision.map(str::to_ascii_lowercase);
    purl("huggingface", namespace, name, revision.as_deref(), &[])
}

/// A data set at the hub.
pub fn dataset(namespace: &str, name: &str, revision: Option<&str>) -> String {
    huggingface(&format!("datasets/{namespace}"), name, revision)
}

/// The name of a Python distribution as [PEP 503](https://peps.python.org/pep-0503/#normalized-names) compares it.
pub fn python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    let mut is_gap = false;
    for letter in name.trim().chars() {
        if matches!(letter, '-' | '_' | '.') {
            is_gap = true;
            continue;
        }
        if std::mem::take(&mut is_gap) && !normal.is_empty() {
            normal.push('-');
        }
        normal.extend(letter.to_lowercase());
    }
    normal
}

/// Everything but letters, digits and `-._~:` becomes `%XX`.
fn encode(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_form() {
        assert_eq!(
            pypi("Flask_Login.X", Some("2.1.0+cu121")),
            "pkg:pypi/flask-login-x@2.1.0%2Bcu121"
        );
        assert_eq!(
            huggingface("Acme-Labs", "Pebble Chat", Some("ABC")),
            "pkg:huggingface/Acme-Labs/Pebble%20Chat@abc"
        );
        assert_eq!(dataset("a", "b", None), "pkg:huggingface/datasets/a/b");
        assert_eq!(
            purl(
                "deb",
                "debian",
                "libc6",
                Some("1:2.36-9+deb12u9"),
                &[("distro", "debian-12"), ("arch", "amd64")]
            ),
            "pkg:deb/debian/libc6@1:2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12"
        );
        assert_eq!(purl("mlflow", "", "m", None, &[("x", "")]), "pkg:mlflow/m");
        assert_eq!(
            purl("generic", "", "m", None, &[("checksum", "sha256:ab")]),
            "pkg:generic/m?checksum=sha256:ab"
        );
    }

    #[test]
    fn nothing_breaks_out_of_its_part() {
        assert_eq!(
            purl("generic", "", "a/b@c?d#e", Some("f?g"), &[]),
            "pkg:generic/a%2Fb%40c%3Fd%23e@f%3Fg"
        );
        assert_eq!(
            purl("generic", "", "a%20b", None, &[]),
            "pkg:generic/a%2520b",
            "a name with a percent sign"
        );
    }

    #[test]
    fn python_names_are_normal() {
        for name in ["Jinja2", "JINJA2", "jinja2"] {
            assert_eq!(python_name(name), "jinja2");
        }
        assert_eq!(python_name("a.-_b"), "a-b");
        assert_eq!(python_name("__a__"), "a");
    }
}

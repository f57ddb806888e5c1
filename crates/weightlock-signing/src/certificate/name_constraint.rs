//! Name constraints (RFC 5280 section 4.2.1.10): which names an authority may vouch for.
//!
//! Checked on directory names, e-mail addresses, host names, URIs and IP addresses, in the subject and in the
//! alternative names of every certificate below the authority. Other kinds, and the never used `minimum` and
//! `maximum`, make the answer "cannot be checked", which is a refusal.
//!
//! Comparison ignores letter case and repeated blanks. For an excluded name that is the safe side; for a permitted
//! one it is what RFC 5280 section 7 asks for.

use der::{Decode, Encode, asn1::ObjectIdentifier};
use x509_cert::{
    ext::pkix::{
        constraints::name::GeneralSubtree,
        name::{DirectoryString, GeneralName},
    },
    name::Name,
};

use super::{Certificate, CertificateRefusal};

/// Names or constraints beyond this number make the check too much work. Honest certificates have under ten.
const MAX_NAMES: usize = 256;

const EMAIL_ATTRIBUTE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");

/// Checks the certificates below `issuer`, leaf first, against its constraints.
pub(super) fn check(issuer: &Certificate, below: &[&Certificate]) -> Result<(), CertificateRefusal> {
    let Some(constraints) = &issuer.extensions.name_constraints else {
        return Ok(());
    };
    let permitted = constraints.permitted_subtrees.as_deref().unwrap_or(&[]);
    let excluded = constraints.excluded_subtrees.as_deref().unwrap_or(&[]);
    let unsupported = || CertificateRefusal::NameConstraintUnsupported {
        issuer: issuer.subject(),
    };
    if !permitted.iter().chain(excluded).all(is_supported) || permitted.len() + excluded.len() > MAX_NAMES {
        return Err(unsupported());
    }
    for (index, certificate) in below.iter().enumerate() {
        // An authority's own successor certificate keeps its name; the leaf never has that excuse.
        if index > 0 && certificate.is_self_issued() {
            continue;
        }
        let names = names_of(certificate)
            .filter(|names| names.len() <= MAX_NAMES)
            .ok_or_else(unsupported)?;
        for name in names {
            if !is_permitted(&name, permitted, excluded) {
                return Err(CertificateRefusal::NameNotPermitted {
                    issuer: issuer.subject(),
                    name: name.to_text(),
                });
            }
        }
    }
    Ok(())
}

fn is_supported(subtree: &GeneralSubtree) -> bool {
    let known = match &subtree.base {
        GeneralName::DirectoryName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DnsName(_)
        | GeneralName::UniformResourceIdentifier(_) => true,
        GeneralName::IpAddress(range) => matches!(range.as_bytes().len(), 8 | 32),
        _ => false,
    };
    known && subtree.minimum == 0 && subtree.maximum.is_none()
}

/// A name a certificate claims.
enum Claimed<'a> {
    Directory(&'a Name),
    Email(String),
    Host(&'a str),
    Uri(&'a str),
    Ip(&'a [u8]),
}

impl Claimed<'_> {
    fn to_text(&self) -> String {
        match self {
            Self::Directory(name) => name.to_string(),
            Self::Email(text) => text.clone(),
            Self::Host(text) | Self::Uri(text) => (*text).to_owned(),
            Self::Ip(bytes) => format!("{bytes:?}"),
        }
    }

    /// Whether a constraint is about names of this kind, and if so whether the name lies inside it.
    fn lies_in(&self, base: &GeneralName) -> Option<bool> {
        Some(match (self, base) {
            (Self::Directory(name), GeneralName::DirectoryName(base)) => directory_lies_in(name, base),
            (Self::Email(name), GeneralName::Rfc822Name(base)) => email_lies_in(name, base.as_str()),
            (Self::Host(name), GeneralName::DnsName(base)) => host_lies_in(name, base.as_str(), true),
            (Self::Uri(name), GeneralName::UniformResourceIdentifier(base)) => {
                uri_lies_in(name, base.as_str())
            }
            (Self::Ip(address), GeneralName::IpAddress(range)) => ip_lies_in(address, range.as_bytes()),
            _ => return None,
        })
    }
}

fn is_permitted(name: &Claimed<'_>, permitted: &[GeneralSubtree], excluded: &[GeneralSubtree]) -> bool {
    if let Claimed::Uri(uri) = name {
        // A URI without a host cannot be placed inside or outside of a constraint (RFC 5280): it is refused.
        let limited = permitted
            .iter()
            .chain(excluded)
            .any(|subtree| name.lies_in(&subtree.base).is_some());
        if limited && uri_host(uri).is_none() {
            return false;
        }
    }
    if excluded
        .iter()
        .any(|subtree| name.lies_in(&subtree.base) == Some(true))
    {
        return false;
    }
    let mut about_this_kind = permitted
        .iter()
        .filter_map(|subtree| name.lies_in(&subtree.base))
        .peekable();
    about_this_kind.peek().is_none() || about_this_kind.any(|inside| inside)
}

/// Subject, e-mail attributes in it, and alternative names. `None` if one cannot be read.
fn names_of(certificate: &Certificate) -> Option<Vec<Claimed<'_>>> {
    let subject = &certificate.subject.decoded;
    let mut names = Vec::new();
    if !subject.is_empty() {
        names.push(Claimed::Directory(subject));
    }
    for attribute in subject
        .iter()
        .filter(|attribute| attribute.oid == EMAIL_ATTRIBUTE)
    {
        names.push(Claimed::Email(
            String::from_utf8(attribute.value.value().to_vec()).ok()?,
        ));
    }
    let alternative = certificate.extensions.subject_alt_name.as_ref();
    for name in alternative.map_or(&[][..], |names| names.0.as_slice()) {
        names.push(match name {
            GeneralName::DirectoryName(name) => Claimed::Directory(name),
            GeneralName::Rfc822Name(text) => Claimed::Email(text.as_str().to_owned()),
            GeneralName::DnsName(text) => Claimed::Host(text.as_str()),
            GeneralName::UniformResourceIdentifier(text) => Claimed::Uri(text.as_str()),
            GeneralName::IpAddress(bytes) => Claimed::Ip(bytes.as_bytes()),
            // No constraint can be about these: `is_supported` refused it.
            _ => continue,
        });
    }
    Some(names)
}

/// Whether the base is the beginning of the name, component by component.
fn directory_lies_in(name: &Name, base: &Name) -> bool {
    let mut components = name.iter_rdn();
    base.iter_rdn().all(|wanted| {
        components.next().is_some_and(|has| {
            has.len() == wanted.len()
                && wanted.iter().all(|wanted| {
                    has.iter()
                        .any(|has| has.oid == wanted.oid && folded(&has.value) == folded(&wanted.value))
                })
        })
    })
}

/// Text without regard to case, repeated blanks and string type; anything else byte for byte.
fn folded(value: &der::Any) -> Vec<u8> {
    let encoded = value.to_der().unwrap_or_default();
    let Ok(text) = DirectoryString::from_der(&encoded) else {
        return encoded;
    };
    let words: Vec<_> = text.value().split_whitespace().map(str::to_lowercase).collect();
    words.join(" ").into_bytes()
}

/// `user@host` exactly, `host` for every user there, `.domain` for every host below.
fn email_lies_in(name: &str, base: &str) -> bool {
    if base.contains('@') {
        return name.eq_ignore_ascii_case(base);
    }
    name.rsplit_once('@')
        .is_some_and(|(_, host)| host_lies_in(host, base, false))
}

/// `.domain`: hosts below. `domain`: that host and, where `with_subdomains`, hosts below. Empty: everything.
fn host_lies_in(host: &str, base: &str, with_subdomains: bool) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    let (host, base) = (host.trim_end_matches('.'), base.trim_end_matches('.'));
    if base.is_empty() || host == base {
        return true;
    }
    match host.strip_suffix(base) {
        Some(_) if base.starts_with('.') => true,
        Some(front) => with_subdomains && front.ends_with('.'),
        None => false,
    }
}

fn uri_lies_in(uri: &str, base: &str) -> bool {
    uri_host(uri).is_some_and(|host| host_lies_in(host, base, false))
}

/// The host name of `scheme://user@host:port/…`; none for addresses in numbers and other forms.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_name = !host.is_empty() && !host.starts_with('[') && host.parse::<std::net::IpAddr>().is_err();
    is_name.then_some(host)
}

/// The range is an address followed by a mask of the same length.
fn ip_lies_in(address: &[u8], range: &[u8]) -> bool {
    let (base, mask) = range.split_at(range.len() / 2);
    address.len() == base.len()
        && address
            .iter()
            .zip(base)
            .zip(mask)
            .all(|((address, base), mask)| address & mask == base & mask)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn hosts_and_addresses_lie_where_rfc_5280_says() {
        for (host, base, inside) in [
            ("example.com", "example.com", true),
            ("a.example.com", "example.com", true),
            ("A.Example.COM.", "example.com", true),
            ("badexample.com", "example.com", false),
            ("example.com.evil", "example.com", false),
            ("a.example.com", ".example.com", true),
            ("anything", "", true),
        ] {
            assert_eq!(host_lies_in(host, base, true), inside, "{host} {base}");
        }
        for (name, base, inside) in [
            ("a@example.com", "example.com", true),
            ("a@b.example.com", "example.com", false),
            ("a@b.example.com", ".example.com", true),
            ("a@example.com", "a@example.com", true),
            ("b@example.com", "a@example.com", false),
            ("example.com", "example.com", false),
        ] {
            assert_eq!(email_lies_in(name, base), inside, "{name} {base}");
        }
        for (uri, base, inside) in [
            ("https://u:p@host.example:8443/x", "host.example", true),
            ("https://a.host.example/x", "host.example", false),
            ("https://a.host.example?q", ".host.example", true),
            ("https://evil/@host.example", "host.example", false),
            ("https://192.0.2.1/x", "192.0.2.1", false),
            ("urn:a", "a", false),
        ] {
            assert_eq!(uri_lies_in(uri, base), inside, "{uri} {base}");
        }
        assert!(ip_lies_in(&[10, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]));
        assert!(!ip_lies_in(&[11, 1, 2, 3], &[10, 0, 0, 0, 255, 0, 0, 0]));
        assert!(!ip_lies_in(&[0; 16], &[10, 0, 0, 0, 255, 0, 0, 0]));
    }

    #[test]
    fn directory_names_are_compared_from_the_root_and_without_case() {
        let name = |text: &str| Name::from_str(text).unwrap();
        let base = name("O=Example  Org,C=DE");
        assert!(directory_lies_in(&name("CN=signer,O=example org,C=DE"), &base));
        assert!(directory_lies_in(&base, &base));
        assert!(!directory_lies_in(&name("CN=signer,O=Example Org 2,C=DE"), &base));
        assert!(!directory_lies_in(&name("C=DE"), &base));
    }
}

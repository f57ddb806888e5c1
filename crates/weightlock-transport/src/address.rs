//! [`Url`]: an address, read once.
//!
//! ```text
//! ("https" | "http") "://" host [":" port] ["/" path] ["?" query]          RFC 3986, ASCII, at most 4096 bytes
//! ```
//!
//! Refused: every other scheme; credentials before the host, which would end up in logs; a fragment, which no server gets
//! to see; a missing host; anything the HTTP library would read in another way, because it is asked too.
//!
//! `http` is for services on this machine and for those the user put behind a plain address on purpose: what Weightlock
//! fetches is signed, or checked against what is. Secrets are another matter: over plain `http` they are sent to this
//! machine only ([`Error::PlainSecret`]).

use std::{fmt, net::IpAddr, str::FromStr};

use ureq::http::Uri;

use crate::Error;

/// Longer addresses are a mistake or an attack; servers refuse them as well.
const MAX_BYTES: usize = 4096;

/// Where a service is. Its parts were checked: scheme, host and port, no credentials, no fragment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    text: String,
    /// Where in the text the path begins; the text's length if there is none.
    path: usize,
    /// Where in the text the query begins, at its `?`; the text's length if there is none.
    query: usize,
}

impl Url {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Error::Address`] says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refused = |what| Error::Address {
            address: text.chars().take(200).collect(),
            what,
        };
        if text.len() > MAX_BYTES {
            return Err(refused("it is longer than 4096 bytes"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused("it holds a blank or a character outside ASCII"));
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| refused("it does not begin with https://"))?;
        if scheme != "https" && scheme != "http" {
            return Err(refused("only https and http are known"));
        }
        if rest.contains('#') {
            return Err(refused("a fragment (#) means nothing to a server"));
        }
        let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
        if authority.contains('@') {
            // Not shown: what stands before the @ may be a password.
            return Err(Error::Address {
                address: format!("{scheme}://…"),
                what: "it holds credentials, which do not belong into an address",
            });
        }
        let (host, port) =
            host_and_port(authority).ok_or_else(|| refused("its host or port is not valid"))?;
        let same = text.parse::<Uri>().is_ok_and(|uri| {
            uri.scheme_str() == Some(scheme) && uri.host() == Some(host) && uri.port_u16() == port
        });
        if !same {
            return Err(refused("it can be read in two ways"));
        }
        let path = scheme.len() + "://".len() + authority.len();
        Ok(Self {
            path,
            query: text.find('?').unwrap_or(text.len()),
            text: text.to_owned(),
        })
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, as written: what an error shows, since a path or a query may say more than it should.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.text[..self.path]
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        host_and_port(self.authority()).map_or("", |(host, _)| host)
    }

    /// The host with its port, if one is written: what stands in the `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.text[self.scheme().len() + "://".len()..self.path]
    }

    /// The path, `/` if none is written.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.text[self.path..self.query] {
            "" => "/",
            path => path,
        }
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.scheme() == "https"
    }

    /// Whether the service is on this machine: `localhost`, an address in 127.0.0.0/8, or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let number = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || IpAddr::from_str(number).is_ok_and(|address| address.is_loopback())
    }

    /// The address of something below this one: the segments are added to the path, each percent-encoded, so that no
    /// segment can lead anywhere else. A query is dropped.
    ///
    /// # Errors
    /// [`Error::Address`]: a segment is empty, `.` or `..`, or the whole becomes too long.
    pub fn below<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut text = self.text[..self.query].trim_end_matches('/').to_owned();
        for segment in segments {
            if matches!(segment, "" | "." | "..") {
                return Err(Error::Address {
                    address: self.origin().to_owned(),
                    what: "a part of its path is empty, `.` or `..`",
                });
            }
            text.push('/');
            encode(segment, &mut text);
        }
        Self::parse(&text)
    }

    /// The same address with another query; names and values are percent-encoded.
    ///
    /// # Errors
    /// [`Error::Address`] when the whole becomes too long.
    pub fn with_query<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut text = self.text[..self.query].to_owned();
        if self.path == self.query {
            text.push('/');
        }
        for (number, (name, value)) in pairs.into_iter().enumerate() {
            text.push(if number == 0 { '?' } else { '&' });
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        Self::parse(&text)
    }

    /// Where a redirect of this address leads: an address, or a path on the same host.
    pub(crate) fn redirected(&self, location: &str) -> Result<Self, Error> {
        match location.as_bytes() {
            [b'/', b'/', ..] => Self::parse(&format!("{}:{location}", self.scheme())),
            [b'/', ..] => Self::parse(&format!("{}{location}", self.origin())),
            _ => Self::parse(location),
        }
    }

    /// Whether the other address is the same service: scheme, host and port.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        let parts = |url: &Self| {
            let (host, port) = host_and_port(url.authority())?;
            let usual = if url.is_encrypted() { 443 } else { 80 };
            Some((
                url.is_encrypted(),
                host.to_ascii_lowercase(),
                port.unwrap_or(usual),
            ))
        };
        parts(self) == parts(other)
    }

    fn scheme(&self) -> &str {
        if self.text.starts_with("https://") {
            "https"
        } else {
            "http"
        }
    }
}

/// Splits `host[:port]` and checks both.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after = authority.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match authority[after..].rsplit_once(':') {
        Some((_, port)) => {
            let host = &authority[..authority.len() - port.len() - 1];
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            (
                host,
                Some(port.parse::<u16>().ok().filter(|port| digits && *port != 0)?),
            )
        }
        None => (authority, None),
    };
    let sound = match host.strip_prefix('[') {
        Some(inner) => inner
            .strip_suffix(']')
            .is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok()),
        None => is_name(host),
    };
    sound.then_some((host, port))
}

/// A DNS name or an IPv4 address. Underscores are no host names by the letter, and are in use.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
}

/// Percent-encodes all but the unreserved characters of RFC 3986 section 2.3.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            *out += &format!("%{byte:02X}");
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.text)
    }
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let url = Url::parse("https://rekor.example.org:8443/api/v1?x=1").unwrap();
        assert_eq!(url.host(), "rekor.example.org");
        assert_eq!(url.authority(), "rekor.example.org:8443");
        assert_eq!(url.origin(), "https://rekor.example.org:8443");
        assert_eq!(url.path(), "/api/v1");
        assert!(url.is_encrypted() && !url.is_loopback());
        assert_eq!(Url::parse("http://[::1]:80").unwrap().host(), "[::1]");
        assert_eq!(Url::parse("https://a_b.example").unwrap().path(), "/");
    }

    #[test]
    fn this_machine_is_known() {
        for here in [
            "http://localhost:1",
            "http://LOCALHOST/",
            "http://127.9.9.9",
            "http://[::1]",
        ] {
            assert!(Url::parse(here).unwrap().is_loopback(), "{here}");
        }
        for there in [
            "http://localhost.example",
            "http://128.0.0.1",
            "http://[::2]",
            "http://127.0.0.1.x",
        ] {
            assert!(!Url::parse(there).unwrap().is_loopback(), "{there}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "example.org",
            "ftp://example.org",
            "HTTPS://example.org",
            "file:///etc/passwd",
            "https://",
            "https:///path",
            "https://user:password@example.org/",
            "https://example.org@evil.example/",
            "https://example.org#x",
            "https://example.org:0",
            "https://example.org:70000",
            "https://example.org:+80",
            "https://example.org:",
            "https://exa mple.org",
            "https://example.org\\@evil.example",
            "https://exämple.org",
            "https://a..b",
            "https://[::1",
            "https://[1.2.3.4]",
            "https://-%41-",
            "https://example.org/\n",
        ] {
            assert!(matches!(Url::parse(bad), Err(Error::Address { .. })), "{bad:?}");
        }
        let long = format!("https://example.org/{}", "a".repeat(MAX_BYTES));
        assert!(Url::parse(&long).is_err());
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let error = Url::parse("https://user:hunter2@example.org/").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn segments_stay_below() {
        let base = Url::parse("https://example.org/base/?q=1").unwrap();
        let below = base.below(["keys", "a/../b?c#d"]).unwrap();
        assert_eq!(below.as_str(), "https://example.org/base/keys/a%2F..%2Fb%3Fc%23d");
        assert!(base.below([".."]).is_err());
        assert!(base.below([""]).is_err());
        let asked = Url::parse("https://example.org").unwrap();
        let asked = asked.with_query([("scope", "a b"), ("x", "&=")]).unwrap();
        assert_eq!(asked.as_str(), "https://example.org/?scope=a%20b&x=%26%3D");
    }

    #[test]
    fn origins_are_compared_with_their_ports() {
        let here = Url::parse("https://Example.org/a").unwrap();
        let same = |other| here.same_origin(&Url::parse(other).unwrap());
        assert!(same("https://example.org:443/b"));
        assert!(!same("http://example.org/a"));
        assert!(!same("https://example.org:8443/a"));
        assert!(!same("https://example.org.evil.example/a"));
        assert_eq!(here.redirected("/b").unwrap().as_str(), "https://Example.org/b");
        assert_eq!(here.redirected("//e.org/b").unwrap().host(), "e.org");
    }
}

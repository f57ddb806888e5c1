//! [`Uri`]: the name of a key or certificate on a PKCS#11 token ([RFC 7512]).
//!
//! ```text
//! pkcs11:token=Signing;object=model;type=private?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/run/pin
//!        └ path: which slot, token, object ────┘ └ query: how to get there ────────────────────────────────────┘
//! ```
//!
//! Strict: only the characters the RFC allows, complete `%XX` escapes, UTF-8 where text is meant, no attribute
//! twice. Attributes that the RFC leaves to vendors are accepted and reported by [`Uri::vendor`], never used.
//!
//! `pin-value` is accepted because the RFC has it, but it puts the PIN where command lines are seen: prefer
//! `pin-source` or a prompt. [`Uri`]'s text form leaves it out. `pin-source` names a file, as a path or a `file:`
//! address; `|command`, which some programs run, is refused: a name must not be a program.
//!
//! [RFC 7512]: https://www.rfc-editor.org/rfc/rfc7512

use std::fmt;

use weightlock_artifact::reason::Code;

use super::{Password, reason};

/// A parsed `pkcs11:` URI. Every field is `None` where the URI does not say.
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub struct Uri {
    /// `token`: the label of the token.
    pub token: Option<String>,
    /// `manufacturer` of the token.
    pub manufacturer: Option<String>,
    /// `serial` number of the token.
    pub serial: Option<String>,
    /// `model` of the token.
    pub model: Option<String>,
    /// `slot-id`.
    pub slot_id: Option<u64>,
    /// `slot-description`.
    pub slot_description: Option<String>,
    /// `slot-manufacturer`.
    pub slot_manufacturer: Option<String>,
    /// `library-manufacturer`.
    pub library_manufacturer: Option<String>,
    /// `library-description`.
    pub library_description: Option<String>,
    /// `library-version`, major and minor.
    pub library_version: Option<(u8, u8)>,
    /// `object`: the label of the key (`CKA_LABEL`).
    pub object: Option<String>,
    /// `id` of the key (`CKA_ID`).
    pub id: Option<Vec<u8>>,
    /// `type` of the object.
    pub object_type: Option<ObjectType>,
    /// `module-path`: the module to load.
    pub module_path: Option<String>,
    /// `module-name`: the module's file name without `lib` and `.so`.
    pub module_name: Option<String>,
    /// `pin-source`: the file that holds the PIN.
    pub pin_source: Option<PinSource>,
    /// `pin-value`: the PIN itself.
    pub pin_value: Option<Password>,
    vendor: Vec<String>,
}

/// `type=…`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectType {
    /// `cert`
    Certificate,
    /// `data`
    Data,
    /// `private`
    Private,
    /// `public`
    Public,
    /// `secret-key`
    SecretKey,
}

/// A file that holds a PIN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PinSource(String);

impl PinSource {
    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }
}

/// Why text is not a PKCS#11 URI that Weightlock accepts. Never holds a value, which might be a PIN.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// Longer than [`Uri::MAX_BYTES`].
    #[error("the PKCS#11 URI is longer than {} bytes", Uri::MAX_BYTES)]
    TooLong,
    /// Does not begin with `pkcs11:`.
    #[error("the URI does not begin with `pkcs11:`")]
    Scheme,
    /// A part without `=` or without a name.
    #[error("a part of the PKCS#11 URI is not `name=value`")]
    NotAnAttribute,
    /// A character that must be written as `%XX`, such as a space.
    #[error("the value of `{attribute}` holds a character that must be written as %XX (a space is %20)")]
    Character {
        /// The attribute.
        attribute: String,
    },
    /// `%` without two hexadecimal digits.
    #[error("the value of `{attribute}` holds an incomplete %XX")]
    Escape {
        /// The attribute.
        attribute: String,
    },
    /// Text that is not UTF-8, or holds a NUL.
    #[error("the value of `{attribute}` is not text")]
    NotText {
        /// The attribute.
        attribute: String,
    },
    /// The same attribute twice.
    #[error("`{attribute}` stands twice in the PKCS#11 URI")]
    Duplicate {
        /// The attribute.
        attribute: String,
    },
    /// A value outside the attribute's form.
    #[error("the value of `{attribute}` is not valid")]
    Value {
        /// The attribute.
        attribute: String,
    },
    /// An attribute of the path in the query, or of the query in the path, or inside of another one's value. A PIN
    /// that lands in a label would be shown in messages.
    #[error("`{attribute}` stands at the wrong place: `pkcs11:path;path?query&query`")]
    Misplaced {
        /// The attribute.
        attribute: String,
    },
    /// `pin-source=|command`.
    #[error("`pin-source` names a command; Weightlock runs no command to get a PIN")]
    PinCommand,
    /// `pin-source` with an address elsewhere, or with a relative path.
    #[error("`pin-source` is not the absolute path of a local file")]
    PinSource,
}

impl UriError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::PinCommand | Self::PinSource => reason::PKCS11_PIN_SOURCE,
            _ => reason::PKCS11_URI,
        }
    }
}

impl Uri {
    /// Longer than any URI written by hand or by a tool.
    pub const MAX_BYTES: usize = 4096;

    /// Parses a URI.
    ///
    /// # Errors
    /// [`UriError`] names the broken rule and the attribute, never its value.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > Self::MAX_BYTES {
            return Err(UriError::TooLong);
        }
        let scheme = text
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("pkcs11:"));
        let rest = &text[scheme.ok_or(UriError::Scheme)?.len()..];
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let mut uri = Self::default();
        let mut seen = Vec::new();
        for part in parts(path, ';') {
            let (name, value) = attribute(part, b":[]@!$'()*+,=&")?;
            once(&mut seen, name)?;
            if QUERY.contains(&name) {
                return Err(UriError::Misplaced {
                    attribute: name.into(),
                });
            }
            uri.set_path(name, value)?;
        }
        for part in query.into_iter().flat_map(|query| parts(query, '&')) {
            let (name, value) = attribute(part, b":[]@!$'()*+,=/?|")?;
            if PATH.contains(&name) {
                return Err(UriError::Misplaced {
                    attribute: name.into(),
                });
            }
            // Vendors may repeat theirs in the query.
            if QUERY.contains(&name) {
                once(&mut seen, name)?;
            }
            uri.set_query(name, value)?;
        }
        Ok(uri)
    }

    /// Names of attributes that RFC 7512 does not define, in the order written. They are not used.
    #[must_use]
    pub fn vendor(&self) -> &[String] {
        &self.vendor
    }

    fn set_path(&mut self, name: &str, value: Vec<u8>) -> Result<(), UriError> {
        let place = match name {
            "token" => &mut self.token,
            "manufacturer" => &mut self.manufacturer,
            "serial" => &mut self.serial,
            "model" => &mut self.model,
            "slot-description" => &mut self.slot_description,
            "slot-manufacturer" => &mut self.slot_manufacturer,
            "library-manufacturer" => &mut self.library_manufacturer,
            "library-description" => &mut self.library_description,
            "object" => &mut self.object,
            _ => return self.set_typed_path(name, value),
        };
        *place = Some(as_text(name, value)?);
        Ok(())
    }

    fn set_typed_path(&mut self, name: &str, value: Vec<u8>) -> Result<(), UriError> {
        let invalid = || UriError::Value {
            attribute: name.into(),
        };
        match name {
            "id" => self.id = Some(value),
            "slot-id" => self.slot_id = Some(digits(&value).ok_or_else(invalid)?),
            "library-version" => self.library_version = Some(version(&value).ok_or_else(invalid)?),
            "type" => self.object_type = Some(ObjectType::parse(&value).ok_or_else(invalid)?),
            _ => self.vendor.push(name.into()),
        }
        Ok(())
    }

    fn set_query(&mut self, name: &str, value: Vec<u8>) -> Result<(), UriError> {
        match name {
            "pin-value" => self.pin_value = Some(Password::new(value)),
            "pin-source" => self.pin_source = Some(PinSource::parse(as_text(name, value)?)?),
            "module-path" => self.module_path = Some(as_text(name, value)?),
            "module-name" => self.module_name = Some(module_name(as_text(name, value)?)?),
            _ => self.vendor.push(name.into()),
        }
        Ok(())
    }
}

/// The attributes RFC 7512 defines for the path.
const PATH: [&str; 13] = [
    "token",
    "manufacturer",
    "serial",
    "model",
    "library-manufacturer",
    "library-description",
    "library-version",
    "slot-description",
    "slot-manufacturer",
    "slot-id",
    "object",
    "id",
    "type",
];
/// And for the query.
const QUERY: [&str; 4] = ["pin-value", "pin-source", "module-path", "module-name"];

/// The parts between separators; none when there is nothing at all.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator)
        .take(if text.is_empty() { 0 } else { usize::MAX })
}

fn once<'a>(seen: &mut Vec<&'a str>, name: &'a str) -> Result<(), UriError> {
    if seen.contains(&name) {
        return Err(UriError::Duplicate {
            attribute: name.into(),
        });
    }
    seen.push(name);
    Ok(())
}

/// `name=value`, the value decoded. `reserved` are the characters allowed beside letters, digits and `-._~`.
fn attribute<'a>(part: &'a str, reserved: &[u8]) -> Result<(&'a str, Vec<u8>), UriError> {
    let (name, value) = part.split_once('=').ok_or(UriError::NotAnAttribute)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(UriError::NotAnAttribute);
    }
    if value.contains("pin-value=") {
        return Err(UriError::Misplaced {
            attribute: "pin-value".into(),
        });
    }
    Ok((name, percent_decode(name, value.as_bytes(), reserved)?))
}

fn percent_decode(name: &str, value: &[u8], reserved: &[u8]) -> Result<Vec<u8>, UriError> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.iter().copied();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || hex(rest.next()?);
                let escape = UriError::Escape {
                    attribute: name.into(),
                };
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(escape);
                };
                high << 4 | low
            }
            b'-' | b'.' | b'_' | b'~' => byte,
            _ if byte.is_ascii_alphanumeric() || reserved.contains(&byte) => byte,
            _ => {
                return Err(UriError::Character {
                    attribute: name.into(),
                });
            }
        });
    }
    Ok(decoded)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// UTF-8 without NUL: a NUL would end the name early in every C library behind us.
fn as_text(name: &str, value: Vec<u8>) -> Result<String, UriError> {
    let text = String::from_utf8(value).ok().filter(|text| !text.contains('\0'));
    text.ok_or_else(|| UriError::NotText {
        attribute: name.into(),
    })
}

/// A bare file name: a folder in it would make `module-name` a second `module-path`.
fn module_name(name: String) -> Result<String, UriError> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(UriError::Value {
            attribute: "module-name".into(),
        });
    }
    Ok(name)
}

fn digits(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn version(value: &[u8]) -> Option<(u8, u8)> {
    let mut numbers = value.splitn(2, |byte| *byte == b'.').map(digits);
    let major = u8::try_from(numbers.next()??).ok()?;
    let minor = numbers.next().map_or(Some(0), |minor| minor)?;
    Some((major, u8::try_from(minor).ok()?))
}

impl ObjectType {
    fn parse(value: &[u8]) -> Option<Self> {
        Some(match value {
            b"cert" => Self::Certificate,
            b"data" => Self::Data,
            b"private" => Self::Private,
            b"public" => Self::Public,
            b"secret-key" => Self::SecretKey,
            _ => return None,
        })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "cert",
            Self::Data => "data",
            Self::Private => "private",
            Self::Public => "public",
            Self::SecretKey => "secret-key",
        }
    }
}

impl PinSource {
    /// An absolute path, or a `file:` address without a host.
    fn parse(source: String) -> Result<Self, UriError> {
        if source.starts_with('|') {
            return Err(UriError::PinCommand);
        }
        let address = source.strip_prefix("file:");
        let path = match address.and_then(|address| address.strip_prefix("//")) {
            Some(host_and_path) => host_and_path.strip_prefix("localhost").unwrap_or(host_and_path),
            None => address.unwrap_or(&source),
        };
        // Also refuses other addresses, other hosts, and paths that depend on where the program was started.
        if !path.starts_with('/') {
            return Err(UriError::PinSource);
        }
        Ok(Self(path.to_owned()))
    }
}

/// The URI without its PIN and without vendor attributes; parsing it gives the same names again.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.as_ref().map(|text| text.clone().into_bytes());
        let path = [
            ("token", text(&self.token)),
            ("manufacturer", text(&self.manufacturer)),
            ("serial", text(&self.serial)),
            ("model", text(&self.model)),
            ("library-manufacturer", text(&self.library_manufacturer)),
            ("library-description", text(&self.library_description)),
            (
                "library-version",
                self.library_version.map(|(a, b)| format!("{a}.{b}").into_bytes()),
            ),
            ("slot-description", text(&self.slot_description)),
            ("slot-manufacturer", text(&self.slot_manufacturer)),
            ("slot-id", self.slot_id.map(|id| id.to_string().into_bytes())),
            ("object", text(&self.object)),
            ("id", self.id.clone()),
            (
                "type",
                self.object_type.map(|kind| kind.as_str().as_bytes().to_vec()),
            ),
        ];
        let query = [
            ("module-path", text(&self.module_path)),
            ("module-name", text(&self.module_name)),
            (
                "pin-source",
                self.pin_source
                    .as_ref()
                    .map(|source| source.0.clone().into_bytes()),
            ),
        ];
        f.write_str("pkcs11:")?;
        write_attributes(f, "", ";", b"", path)?;
        write_attributes(f, "?", "&", b"/", query)
    }
}

fn write_attributes<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    first: &str,
    between: &str,
    also_plain: &[u8],
    attributes: [(&str, Option<Vec<u8>>); N],
) -> fmt::Result {
    let mut before = first;
    for (name, value) in attributes {
        let Some(value) = value else { continue };
        write!(f, "{before}{name}=")?;
        for byte in value {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also_plain.contains(&byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        before = between;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
}

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

mod error;
mod show;
#[cfg(test)]
mod tests;

use super::Password;

pub use error::UriError;

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

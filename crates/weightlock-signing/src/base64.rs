//! Base64 as Sigstore documents use it: the standard alphabet or the URL-safe one, padded, no free bits.

#[cfg(feature = "online")]
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Bytes that are written in base64.
///
/// Readers take either alphabet (the protobuf JSON rule), but only the one spelling of the bytes within it:
/// padding is required and unused bits must be zero, so that a changed character is a changed value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Base64(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let url_safe = text.bytes().any(|byte| matches!(byte, b'-' | b'_'));
        let engine = if url_safe { URL_SAFE } else { STANDARD };
        engine
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|error| D::Error::custom(format_args!("not base64: {error}")))
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

/// The URL-safe alphabet without padding, as web protocols use it (RFC 7515 section 2).
#[cfg(feature = "online")]
pub(crate) fn url_safe(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// As [`url_safe`], read.
#[cfg(feature = "online")]
pub(crate) fn from_url_safe(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The standard alphabet with padding.
#[cfg(feature = "online")]
pub(crate) fn standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// As [`standard`], read.
#[cfg(feature = "online")]
pub(crate) fn from_standard(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<u8>> {
        serde_json::from_value::<Base64>(text.into())
            .ok()
            .map(|bytes| bytes.0)
    }

    #[test]
    fn either_alphabet_one_spelling() {
        assert_eq!(read("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(read("-_8="), Some(vec![0xfb, 0xff]));
        assert_eq!(read(""), Some(vec![]));
        for text in ["+_8=", "+/8", "+/9=", "+/8= ", "+/\n8=", "+/8==", "="] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert!(serde_json::from_value::<Base64>(serde_json::json!([1])).is_err());
    }
}

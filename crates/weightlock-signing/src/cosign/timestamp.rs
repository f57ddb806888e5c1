//! The RFC 3161 file of cosign before bundles had a place for timestamps:
//!
//! ```text
//! {"SignedRFC3161Timestamp": "<base64 of a DER TimeStampResp>"}
//! ```
//!
//! What the timestamp says, and who says it, is for the Sigstore verifier.

use serde::{Deserialize, Serialize};

use super::FormError;
use crate::{base64::Base64, json};

/// The largest file that is read. Honest ones have five thousand bytes.
pub const MAX_BYTES: usize = 64 * 1024;

#[derive(Deserialize, Serialize)]
struct Wire {
    #[serde(rename = "SignedRFC3161Timestamp")]
    timestamp: Base64,
}

/// Reads the file and returns the DER `TimeStampResp` in it.
///
/// # Errors
/// [`FormError`] names what is wrong.
pub fn read(file: &[u8]) -> Result<Vec<u8>, FormError> {
    let what = "timestamp file";
    if file.len() > MAX_BYTES {
        return Err(FormError::TooLarge {
            what,
            limit: MAX_BYTES,
        });
    }
    let wire: Wire = json::read(file).map_err(|source| FormError::Json { what, source })?;
    if wire.timestamp.0.is_empty() {
        return Err(FormError::Empty { what });
    }
    Ok(wire.timestamp.0)
}

/// The file for a DER `TimeStampResp`.
#[must_use]
pub fn write(timestamp: &[u8]) -> Vec<u8> {
    let wire = Wire {
        timestamp: Base64(timestamp.to_vec()),
    };
    // One string member: writing it to memory cannot fail.
    serde_json::to_vec(&wire).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        assert_eq!(read(&write(b"response")).unwrap(), b"response");
        for (file, code) in [
            (&br#"{"SignedRFC3161Timestamp": ""}"#[..], "WL-BLOB-MALFORMED"),
            (br#"{"SignedRFC3161Timestamp": "AQ"}"#, "WL-BLOB-MALFORMED"),
            (br#"{"SignedRFC3161Timestamp": null}"#, "WL-BLOB-MALFORMED"),
            (
                br#"{"SignedRFC3161Timestamp": "AQ==", "SignedRFC3161Timestamp": "Ag=="}"#,
                "WL-BLOB-MALFORMED",
            ),
            (b"{}", "WL-BLOB-MALFORMED"),
            (b"", "WL-BLOB-MALFORMED"),
            (&[b' '; MAX_BYTES + 1], "WL-BLOB-TOO-LARGE"),
        ] {
            assert_eq!(read(file).unwrap_err().code().as_str(), code);
        }
    }
}

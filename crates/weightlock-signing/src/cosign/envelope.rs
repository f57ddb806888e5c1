//! A DSSE envelope as a file of its own (`attest-blob --output-signature`).

use super::FormError;
use crate::{
    envelope::{Envelope, WireEnvelope},
    json,
};

/// The largest file that is read; the same as for a bundle, which holds an envelope.
pub const MAX_BYTES: usize = crate::bundle::Bundle::MAX_BYTES;

/// Reads the file.
///
/// # Errors
/// [`FormError`] names what is wrong.
pub fn read(file: &[u8]) -> Result<Envelope, FormError> {
    let what = "envelope";
    if file.len() > MAX_BYTES {
        return Err(FormError::TooLarge {
            what,
            limit: MAX_BYTES,
        });
    }
    let wire: WireEnvelope = json::read(file).map_err(|source| FormError::Json { what, source })?;
    Ok(wire.try_into()?)
}

/// The envelope as JSON: one line, members always in the same order.
#[must_use]
pub fn write(envelope: &Envelope) -> Vec<u8> {
    // Strings and lists of strings: writing them to memory cannot fail.
    serde_json::to_vec(&WireEnvelope::from(envelope)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let envelope = Envelope {
            payload_type: crate::envelope::IN_TOTO.to_owned(),
            payload: b"{}".to_vec(),
            signature: vec![1, 2, 3],
        };
        let text = write(&envelope);
        assert_eq!(read(&text).unwrap(), envelope);
        let two = String::from_utf8(text)
            .unwrap()
            .replace("[{", "[{\"sig\": \"AQID\"},{");
        assert_eq!(
            read(two.as_bytes()).unwrap_err().code(),
            crate::reason::ONE_SIGNATURE
        );
        assert_eq!(read(b"[]").unwrap_err().code(), crate::blob::reason::MALFORMED);
    }
}

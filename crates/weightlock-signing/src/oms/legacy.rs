//! What the reference implementation 0.2 signed: the payload's Python representation.
//!
//! It formatted the payload with `str(bytes)`, so its signatures cover `DSSEV1`, the type, the length, and then the
//! text `b'…'` with Python's escapes instead of the payload:
//!
//! ```text
//! "DSSEV1 28 application/vnd.in-toto+json " length " b" quote *character quote
//! quote     = "'", or '"' when the payload has "'" and no '"'
//! character = \t \n \r \\ \quote, \xNN for bytes below 0x20, 0x7f and above, else the byte itself
//! ```
//!
//! This is tried only for statements of that version's own predicate type: for anything else it would be a
//! second meaning of the same bytes.

use std::io::Write as _;

use crate::envelope::Envelope;

/// The bytes that a signature of the reference 0.2 covers.
pub(super) fn signed_bytes(envelope: &Envelope) -> Vec<u8> {
    let payload = &envelope.payload;
    let kind = &envelope.payload_type;
    let mut bytes = format!("DSSEV1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    python_repr(payload, &mut bytes);
    bytes
}

fn python_repr(payload: &[u8], out: &mut Vec<u8>) {
    let quote = if payload.contains(&b'\'') && !payload.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    out.extend([b'b', quote]);
    for &byte in payload {
        match byte {
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\\' => out.extend(b"\\\\"),
            _ if byte == quote => out.extend([b'\\', quote]),
            0x20..0x7f => out.push(byte),
            // Writing to a Vec cannot fail.
            _ => drop(write!(out, "\\x{byte:02x}")),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr(payload: &[u8]) -> String {
        let mut out = Vec::new();
        python_repr(payload, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// Each line is what CPython prints for the literal.
    #[test]
    fn writes_bytes_as_python_does() {
        assert_eq!(repr(b"abc"), "b'abc'");
        assert_eq!(repr(b"it's"), "b\"it's\"");
        assert_eq!(repr(b"it's \"quoted\""), "b'it\\'s \"quoted\"'");
        assert_eq!(repr(b"\"only double\""), "b'\"only double\"'");
        assert_eq!(
            repr(b"\t\n\r\\ \x00\x1f\x7f\x80\xff~"),
            "b'\\t\\n\\r\\\\ \\x00\\x1f\\x7f\\x80\\xff~'"
        );
    }

    #[test]
    fn encodes_type_and_length_of_the_payload_itself() {
        let envelope = Envelope {
            payload_type: "application/x".to_owned(),
            payload: b"{'a'}\n".to_vec(),
            signature: Vec::new(),
        };
        assert_eq!(
            signed_bytes(&envelope),
            b"DSSEV1 13 application/x 6 b\"{'a'}\\n\""
        );
    }
}

//! Timestamp authorities (RFC 3161 over HTTP, section 3.4).
//!
//! A request names the SHA-256 of the signature and a number that nobody else knows. The answer must be granted, and be
//! about that digest and that number. Whether it is signed by an authority that is believed is the verifier's matter.
//!
//! ```text
//! TimeStampResp ::= SEQUENCE { SEQUENCE { INTEGER status, … }, ContentInfo }
//! ContentInfo   ::= SEQUENCE { OID, [0] { SignedData ::= SEQUENCE { INTEGER, SET, EncapsulatedContentInfo, … } } }
//! Encapsulated  ::= SEQUENCE { OID, [0] { OCTET STRING holding TSTInfo } }
//! TSTInfo       ::= SEQUENCE { INTEGER, OID, SEQUENCE { SEQUENCE, OCTET STRING digest }, INTEGER, GeneralizedTime,
//!                              SEQUENCE accuracy OPTIONAL, BOOLEAN OPTIONAL, INTEGER nonce OPTIONAL, … }
//! ```

use der::{AnyRef, Reader as _, SliceReader, Tag, Tagged as _};
use sha2::{Digest as _, Sha256};
use weightlock_transport::{Url, http::Client};

use super::KeylessError;
use crate::key::Random;

/// A timestamp has one to six thousand bytes.
const MOST_BYTES: u64 = 256 << 10;
/// Bytes of the number in a request.
const NONCE: usize = 8;

/// What a request and its answer are about.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    digest: [u8; 32],
    nonce: [u8; NONCE],
}

impl Asked {
    /// What is asked about these bytes with this number.
    #[must_use]
    pub fn new(signature: &[u8], mut nonce: [u8; NONCE]) -> Self {
        // Positive and of full length, so that it has one spelling.
        nonce[0] = nonce[0] & 0x3f | 0x40;
        Self {
            digest: Sha256::digest(signature).into(),
            nonce,
        }
    }

    /// TimeStampReq for SHA-256, with the number, asking for the certificate to be left in.
    fn request(&self) -> Vec<u8> {
        const BEFORE_DIGEST: [u8; 24] = [
            0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
            0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
        ];
        [
            BEFORE_DIGEST.as_slice(),
            &self.digest,
            &[0x02, 0x08],
            &self.nonce,
            &[0x01, 0x01, 0xff],
        ]
        .concat()
    }
}

/// Asks a clock for a timestamp over a signature: a DER TimeStampResp.
pub(super) fn stamp(
    client: &Client,
    clock: &Url,
    signature: &[u8],
    random: &mut dyn Random,
) -> Result<Vec<u8>, KeylessError> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce)?;
    let asked = Asked::new(signature, nonce);
    let answer = client
        .post(clock, "application/timestamp-query", asked.request())
        .header("Accept", "application/timestamp-reply")
        .limit(MOST_BYTES)
        .send()?
        .success()?;
    read_token(&answer.body, &asked).map_err(|what| KeylessError::Clock { at: answer.at, what })?;
    Ok(answer.body)
}

/// Checks that an answer is granted, and about what was asked.
///
/// # Errors
/// What is wrong with it.
pub fn read_token(answer: &[u8], asked: &Asked) -> Result<(), &'static str> {
    let malformed = |_| "it is no timestamp";
    let mut response = inside(answer, Tag::Sequence).map_err(malformed)?;
    let status = next(&mut response, Tag::Sequence).map_err(malformed)?;
    let mut status = SliceReader::new(status).map_err(malformed)?;
    // granted, grantedWithMods
    if !matches!(next(&mut status, Tag::Integer).map_err(malformed)?, [0 | 1]) {
        return Err("the request was rejected");
    }
    if response.is_finished() {
        return Err("it is no timestamp");
    }
    let info = info(&mut response).map_err(malformed)?;
    let mut fields = inside(info, Tag::Sequence).map_err(malformed)?;
    next(&mut fields, Tag::Integer).map_err(malformed)?;
    next(&mut fields, Tag::ObjectIdentifier).map_err(malformed)?;
    let imprint = next(&mut fields, Tag::Sequence).map_err(malformed)?;
    let mut imprint = SliceReader::new(imprint).map_err(malformed)?;
    next(&mut imprint, Tag::Sequence).map_err(malformed)?;
    if next(&mut imprint, Tag::OctetString).map_err(malformed)? != asked.digest {
        return Err("it is about other bytes");
    }
    next(&mut fields, Tag::Integer).map_err(malformed)?;
    next(&mut fields, Tag::GeneralizedTime).map_err(malformed)?;
    while !fields.is_finished() {
        let field: AnyRef<'_> = fields.decode().map_err(malformed)?;
        if field.tag() == Tag::Integer {
            return if field.value() == asked.nonce {
                Ok(())
            } else {
                Err("it answers another request")
            };
        }
    }
    Err("it does not say which request it answers")
}

/// The TSTInfo inside the ContentInfo that comes next.
fn info<'a>(response: &mut SliceReader<'a>) -> der::Result<&'a [u8]> {
    let content = next(response, Tag::Sequence)?;
    let mut content = SliceReader::new(content)?;
    next(&mut content, Tag::ObjectIdentifier)?;
    let mut signed = inside(explicit(&mut content)?, Tag::Sequence)?;
    next(&mut signed, Tag::Integer)?;
    next(&mut signed, Tag::Set)?;
    let encapsulated = next(&mut signed, Tag::Sequence)?;
    let mut encapsulated = SliceReader::new(encapsulated)?;
    next(&mut encapsulated, Tag::ObjectIdentifier)?;
    let wrapped = explicit(&mut encapsulated)?;
    next(&mut SliceReader::new(wrapped)?, Tag::OctetString)
}

/// The content of one value of this tag.
fn next<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> der::Result<&'a [u8]> {
    let value: AnyRef<'a> = reader.decode()?;
    value.tag().assert_eq(tag)?;
    Ok(value.value())
}

/// A reader over the content of the first value.
fn inside(bytes: &[u8], tag: Tag) -> der::Result<SliceReader<'_>> {
    SliceReader::new(next(&mut SliceReader::new(bytes)?, tag)?)
}

/// The content of `[0]`.
fn explicit<'a>(reader: &mut SliceReader<'a>) -> der::Result<&'a [u8]> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: der::TagNumber(0),
    };
    next(reader, tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_der_value() {
        let asked = Asked::new(b"signature", [0xff; NONCE]);
        let request = asked.request();
        let mut fields = inside(&request, Tag::Sequence).unwrap();
        assert_eq!(next(&mut fields, Tag::Integer).unwrap(), [1]);
        let mut imprint = SliceReader::new(next(&mut fields, Tag::Sequence).unwrap()).unwrap();
        next(&mut imprint, Tag::Sequence).unwrap();
        assert_eq!(next(&mut imprint, Tag::OctetString).unwrap(), asked.digest);
        assert_eq!(next(&mut fields, Tag::Integer).unwrap(), asked.nonce);
        assert_eq!(next(&mut fields, Tag::Boolean).unwrap(), [0xff]);
        assert!(fields.is_finished() && imprint.is_finished());
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        let asked = Asked::new(b"signature", [1; NONCE]);
        for (answer, what) in [
            (&b""[..], "no timestamp"),
            (b"<html>", "no timestamp"),
            (&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00], "no timestamp"),
            (&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02], "rejected"),
        ] {
            assert!(
                read_token(answer, &asked).unwrap_err().contains(what),
                "{answer:?}"
            );
        }
    }
}

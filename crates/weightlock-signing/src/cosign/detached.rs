//! Detached files: a signature (`X.sig`) and the certificate of its key (`X.cert`, `X.crt`, `X.pem`).
//!
//! `--output-signature` writes base64 with nothing around it; tools and people add line ends, and `openssl dgst -sign`
//! writes the bytes themselves. `--output-certificate` writes base64 *of PEM* since 1.0, PEM before. All are read; what
//! is written is what the current cosign writes.
//!
//! Refused: files above a limit, base64 that is not the one spelling of its bytes, more certificates than a chain has.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::FormError;
use crate::{
    certificate::Certificate,
    key::PublicKey,
    pem::{self, Limits},
};

/// The largest signature file that is read. Signatures have 64 to 512 bytes, and base64 adds a third.
pub const MAX_SIGNATURE_BYTES: usize = 4096;
/// Longer bytes are no signature of any kind: RSA's longest has 1024.
const MAX_RAW_BYTES: usize = 1024;
/// The largest certificate file that is read: base64 of the PEM of a whole chain.
pub const MAX_CERTIFICATE_BYTES: usize = 1 << 20;

/// What stands in the place of a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Vouched {
    /// Certificates, the signer's first.
    Certificates(Vec<Certificate>),
    /// A public key: releases of cosign wrote it there when a key had signed.
    Key(PublicKey),
}

/// Reads a signature file: base64 text, white space around it ignored, or the signature's own bytes.
///
/// # Errors
/// [`FormError`] when it is empty or too large, or when it looks like text and is no base64.
pub fn read_signature(file: &[u8]) -> Result<Vec<u8>, FormError> {
    let what = "signature file";
    if file.len() > MAX_SIGNATURE_BYTES {
        return Err(FormError::TooLarge {
            what,
            limit: MAX_SIGNATURE_BYTES,
        });
    }
    let text = file.trim_ascii();
    if text.is_empty() {
        return Err(FormError::Empty { what });
    }
    match STANDARD.decode(text) {
        Ok(signature) => Ok(signature),
        // A DER signature and 64 bytes of Ed25519 hold bytes that no text has.
        Err(_) if !text.is_ascii() && file.len() <= MAX_RAW_BYTES => Ok(file.to_vec()),
        Err(_) => Err(FormError::Base64 { what }),
    }
}

/// A signature as `--output-signature` writes it: base64 without a line end.
#[must_use]
pub fn write_signature(signature: &[u8]) -> String {
    STANDARD.encode(signature)
}

/// Reads a certificate file: PEM, or base64 of PEM, with the signer's certificate first.
///
/// # Errors
/// [`FormError`] names what is wrong.
pub fn read_certificate(file: &[u8]) -> Result<Vec<Certificate>, FormError> {
    let pem = read_pem(file)?;
    Ok(Certificate::chain_from_pem(&pem)?)
}

/// As [`read_certificate`], where a public key may stand instead.
///
/// # Errors
/// [`FormError`] names what is wrong.
pub fn read_vouched(file: &[u8]) -> Result<Vouched, FormError> {
    let pem = read_pem(file)?;
    let limits = Limits {
        bytes: MAX_CERTIFICATE_BYTES,
        blocks: Certificate::MAX_COUNT,
    };
    let blocks = pem::blocks(&pem, limits).map_err(FormError::Pem)?;
    if blocks.iter().any(|block| block.label == "PUBLIC KEY") {
        return Ok(Vouched::Key(PublicKey::from_pem(&pem)?));
    }
    Ok(Vouched::Certificates(Certificate::chain_from_pem(&pem)?))
}

/// A certificate as `--output-certificate` writes it: base64 of its PEM, without a line end.
#[must_use]
pub fn write_certificate(certificate: &Certificate) -> String {
    STANDARD.encode(certificate.to_pem())
}

/// The PEM text, unwrapped when it is in base64.
fn read_pem(file: &[u8]) -> Result<Vec<u8>, FormError> {
    let what = "certificate file";
    if file.len() > MAX_CERTIFICATE_BYTES {
        return Err(FormError::TooLarge {
            what,
            limit: MAX_CERTIFICATE_BYTES,
        });
    }
    let text = file.trim_ascii();
    if text.is_empty() {
        return Err(FormError::Empty { what });
    }
    Ok(STANDARD.decode(text).unwrap_or_else(|_| file.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_as_text_and_as_bytes() {
        let der = [0x30, 0x06, 0x02, 0x01, 0x81, 0x02, 0x01, 0xff];
        let text = write_signature(&der);
        for file in [
            text.as_bytes().to_vec(),
            format!("{text}\n").into_bytes(),
            format!(" {text}\r\n").into_bytes(),
            der.to_vec(),
        ] {
            assert_eq!(read_signature(&file).unwrap(), der, "{file:?}");
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        for (file, code) in [
            (&b""[..], "WL-BLOB-MALFORMED"),
            (b" \n", "WL-BLOB-MALFORMED"),
            (b"MEQ", "WL-BLOB-MALFORMED"),
            (b"MEQ=\nMEQ=", "WL-BLOB-MALFORMED"),
            (b"MEQ==", "WL-BLOB-MALFORMED"),
            (b"{\"base64Signature\": \"\"}", "WL-BLOB-MALFORMED"),
            (&[b'A'; MAX_SIGNATURE_BYTES + 1], "WL-BLOB-TOO-LARGE"),
        ] {
            assert_eq!(read_signature(file).unwrap_err().code().as_str(), code);
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for file in [&b""[..], b"no PEM", b"bm8gUEVN"] {
            assert!(read_certificate(file).is_err() && read_vouched(file).is_err());
        }
    }
}

//! The certificate authority (Fulcio's `fulcio.proto`, version 2): `POST /api/v2/signingCert`.
//!
//! ```text
//! → { certificateSigningRequest: BASE64(PEM of PKCS#10) }                    with the token as bearer
//! ← { signedCertificateEmbeddedSct: { chain: { certificates: [PEM, …] } } }  leaf first
//! ```
//!
//! Possession of the key is proven by the request's own signature. A chain without the log's promise in the leaf
//! (`signedCertificateDetachedSct`) is refused: no verifier would take the bundle.

use der::{
    Decode, Encode,
    asn1::{Any, BitString, ObjectIdentifier},
};
use serde::{Deserialize, Serialize};
use weightlock_transport::{Url, http::Client};
use x509_cert::{
    name::Name,
    request::{CertReq, CertReqInfo, Version},
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};

use super::KeylessError;
use crate::{
    base64::{Base64, standard},
    certificate::Certificate,
    json::{self, Object},
    key::{PrivateKey, SignError, Signer as _},
    pem,
    sigstore::oidc::Token,
};

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
/// A chain has three to five thousand bytes.
const MOST_BYTES: u64 = 256 << 10;
/// More certificates are not read; real chains have three.
const MOST_CERTIFICATES: usize = 16;

#[derive(Serialize)]
struct Request {
    #[serde(rename = "certificateSigningRequest")]
    request: Base64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, rename = "signedCertificateEmbeddedSct")]
    embedded: Option<Object<Signed>>,
}

#[derive(Deserialize)]
struct Signed {
    chain: Object<Chain>,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// Asks for a certificate. That it is for this key, and for whom, is not checked here.
pub(super) fn certify(
    client: &Client,
    authority: &Url,
    token: &Token,
    key: &PrivateKey,
) -> Result<Certificate, KeylessError> {
    let request = Request {
        request: Base64(certificate_request(key)?.into_bytes()),
    };
    let body = serde_json::to_vec(&request).map_err(|_| SignError::Failed)?;
    let answer = client
        .post(
            &authority.below(["api", "v2", "signingCert"])?,
            "application/json",
            body,
        )
        .header("Accept", "application/json")
        .bearer(token.secret())
        .limit(MOST_BYTES)
        .send()?;
    if (400..500).contains(&answer.status) {
        return Err(KeylessError::NotCertified {
            words: answer.words(),
            at: answer.at,
            status: answer.status,
        });
    }
    let answer = answer.success()?;
    read_chain(&answer.body).map_err(|what| KeylessError::Authority { at: answer.at, what })
}

/// Reads the answer: the certificate for the key.
///
/// # Errors
/// What is wrong with it.
pub fn read_chain(answer: &[u8]) -> Result<Certificate, &'static str> {
    let answer: Answer = json::read(answer).map_err(|_| "it is no JSON with a chain of certificates")?;
    let Some(Object(signed)) = answer.embedded else {
        return Err("it has no certificate whose publication is promised in it");
    };
    let certificates = &signed.chain.0.certificates;
    if certificates.len() > MOST_CERTIFICATES {
        return Err("its chain has more certificates than any honest one");
    }
    let leaf = certificates.first().ok_or("its chain is empty")?;
    Certificate::from_pem(leaf.as_bytes()).map_err(|_| "its first certificate cannot be read")
}

/// A request for a certificate with this key, signed by it; PEM. It names nobody: the token does.
fn certificate_request(key: &PrivateKey) -> Result<String, KeylessError> {
    let failed = |_: der::Error| SignError::Failed;
    let info = CertReqInfo {
        version: Version::V1,
        subject: Name::default(),
        public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().to_spki_der()).map_err(failed)?,
        attributes: der::asn1::SetOfVec::default(),
    };
    let signature = key.sign(&info.to_der().map_err(failed)?)?;
    let request = CertReq {
        info,
        algorithm: AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA256,
            parameters: None::<Any>,
        },
        signature: BitString::from_bytes(&signature).map_err(failed)?,
    };
    let der = request.to_der().map_err(failed)?;
    Ok(pem::encode("CERTIFICATE REQUEST", &der).to_string())
}

/// A certificate as logs want it: base64 of PEM.
pub(super) fn for_logs(certificate: &Certificate) -> String {
    standard(certificate.to_pem().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_without_a_promise_is_no_answer() {
        for (answer, what) in [
            ("<html>", "JSON"),
            (
                "{\"signedCertificateDetachedSct\":{\"chain\":{\"certificates\":[]}}}",
                "promised",
            ),
            (
                "{\"signedCertificateEmbeddedSct\":{\"chain\":{\"certificates\":[]}}}",
                "empty",
            ),
            (
                "{\"signedCertificateEmbeddedSct\":{\"chain\":{\"certificates\":[\"x\"]}}}",
                "cannot be read",
            ),
        ] {
            assert!(
                read_chain(answer.as_bytes()).unwrap_err().contains(what),
                "{answer}"
            );
        }
    }
}

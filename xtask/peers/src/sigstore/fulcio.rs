//! Fulcio, the authority that certifies short-lived keys (`POST /api/v2/signingCert`, `GET /api/v2/trustBundle`,
//! fulcio.proto), with the certificate transparency log it writes to (RFC 6962).

use serde_json::{Value, json};

use super::{
    Lies,
    account::{Name, build_claims, name_of},
    authority::{self, Authority, CODE_SIGNING, TIME_STAMPING, Template},
    base64, der, digest,
    http::{Request, Response},
    key::{self, Key},
    lie::Lie,
    oidc::Issuer,
    unbase64,
};

/// The arc of Fulcio's own extensions.
const ARC: &str = "1.3.6.1.4.1.57264.1";
/// How long a certificate is valid, in seconds.
const LIFE: i64 = 600;

/// The certificate authority and its log.
#[derive(Debug)]
pub(super) struct Fulcio {
    pub(super) authority: Authority,
    pub(super) log: Key,
    stranger: Authority,
    lies: Lies,
}

impl Fulcio {
    pub(super) fn new(lies: Lies, now: i64) -> Self {
        Self {
            authority: Authority::new("fulcio", CODE_SIGNING, now),
            log: Key::generate(),
            stranger: Authority::new("fulcio", CODE_SIGNING, now),
            lies,
        }
    }

    pub(super) fn answer(&self, request: &Request, issuer: &Issuer) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/api/v2/signingCert") => self
                .certificate(request, issuer)
                .unwrap_or_else(|refusal| refusal),
            ("GET", "/api/v2/trustBundle") => {
                let chain = self.authority.chain().map(|der| der::pem("CERTIFICATE", der));
                Response::json(200, &json!({"chains": [{"certificates": chain}]}))
            }
            ("POST", "/ct/v1/add-pre-chain") => self
                .log_precertificate(request)
                .unwrap_or_else(|| Response::refused(400, "it is no precertificate with its issuer")),
            _ => Response::refused(404, "Not Found"),
        }
    }

    fn certificate(&self, request: &Request, issuer: &Issuer) -> Result<Response, Response> {
        let body = request.json().ok_or_else(|| Response::refused(400, "no JSON"))?;
        let bearer = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let token = bearer
            .or_else(|| body["credentials"]["oidcIdentityToken"].as_str())
            .ok_or_else(|| Response::refused(401, "there is no token"))?;
        let claims = issuer.check(token).map_err(|why| {
            Response::refused(
                401,
                &format!("There was an error processing the identity token: {why}"),
            )
        })?;
        let name = name_of(&claims).ok_or_else(|| Response::refused(400, "the token names nobody"))?;
        let spki = proven_key(&body, &claims).ok_or_else(|| {
            Response::refused(400, "The signature supplied in the request could not be verified")
        })?;
        let leaf = self.issue(&spki, &name, &claims);
        let chain = self.authority.chain();
        let certificates = [leaf.as_slice(), chain[0], chain[1]].map(|der| der::pem("CERTIFICATE", der));
        let member = if self.lies.told(Lie::NoSct) {
            "signedCertificateDetachedSct"
        } else {
            "signedCertificateEmbeddedSct"
        };
        Ok(Response::json(
            200,
            &json!({member: {"chain": {"certificates": certificates}}}),
        ))
    }

    /// A certificate for a key, with the timestamp of the log in it.
    pub(super) fn issue(&self, spki: &[u8], name: &Name, claims: &serde_json::Map<String, Value>) -> Vec<u8> {
        let authority = if self.lies.told(Lie::OtherAuthority) {
            &self.stranger
        } else {
            &self.authority
        };
        let other_key = Key::generate().spki;
        let spki = if self.lies.told(Lie::OtherKey) {
            &other_key
        } else {
            spki
        };
        let now = super::now()
            - if self.lies.told(Lie::ExpiredCertificate) {
                86_400
            } else {
                0
            };
        let mut template = Template {
            subject: None,
            spki,
            not_before: now,
            not_after: now + LIFE,
            extensions: self.extensions(authority, spki, name, claims),
        };
        // The serial number is drawn when the certificate is encoded, so the logged form is kept and extended.
        let logged = authority.to_be_signed(&template);
        if self.lies.told(Lie::NoSct) {
            return authority::certify(&logged, &authority.intermediate.key);
        }
        let subject = if self.lies.told(Lie::SctOfAnotherCertificate) {
            template.not_after += 1;
            authority.to_be_signed(&template)
        } else {
            logged.clone()
        };
        let sct = self.promise(&subject, authority);
        authority::certify(&with_extension(&logged, &sct), &authority.intermediate.key)
    }

    fn extensions(
        &self,
        authority: &Authority,
        spki: &[u8],
        name: &Name,
        claims: &serde_json::Map<String, Value>,
    ) -> Vec<Vec<u8>> {
        let name = match (self.lies.told(Lie::OtherIdentity), name) {
            (true, _) => der::tlv(0x81, b"mallory@example.org"),
            (false, Name::Email(address)) => der::tlv(0x81, address.as_bytes()),
            (false, Name::Uri(uri)) => der::tlv(0x86, uri.as_bytes()),
        };
        let issuer = match claims.get("iss").and_then(Value::as_str) {
            Some(issuer) if !self.lies.told(Lie::OtherIssuer) => issuer,
            _ => "https://issuer.example.org",
        };
        let purpose = if self.lies.told(Lie::OtherPurpose) {
            TIME_STAMPING
        } else {
            CODE_SIGNING
        };
        let mut extensions = vec![
            authority::key_usage(false),
            authority::extended_key_usage(purpose, false),
            authority::subject_key_identifier(spki),
            authority.key_identifier(),
            authority::extension("2.5.29.17", true, &der::sequence(&[name])),
            authority::extension(&format!("{ARC}.1"), false, issuer.as_bytes()),
        ];
        let claims = build_claims(claims);
        let (plain, typed): (Vec<_>, Vec<_>) = claims.iter().partition(|(number, _)| *number < 8);
        for (number, text) in plain {
            extensions.push(authority::extension(
                &format!("{ARC}.{number}"),
                false,
                text.as_bytes(),
            ));
        }
        extensions.push(authority::extension(
            &format!("{ARC}.8"),
            false,
            &der::utf8(issuer),
        ));
        for (number, text) in typed {
            extensions.push(authority::extension(
                &format!("{ARC}.{number}"),
                false,
                &der::utf8(text),
            ));
        }
        extensions
    }

    /// The extension with the log's promise to publish a certificate (RFC 6962 section 3.3).
    fn promise(&self, to_be_signed: &[u8], authority: &Authority) -> Vec<u8> {
        let stranger = Key::generate();
        let log = if self.lies.told(Lie::SctOfAnotherLog) {
            &stranger
        } else {
            &self.log
        };
        let (time, signature) = promised(log, &authority.intermediate.key.spki, to_be_signed);
        let timestamp = [
            &[0],
            log.id().as_slice(),
            &time.to_be_bytes(),
            &[0, 0],
            &signature,
        ]
        .concat();
        let one = [&length_prefix(&timestamp), timestamp.as_slice()].concat();
        let list = [&length_prefix(&one), one.as_slice()].concat();
        authority::extension("1.3.6.1.4.1.11129.2.4.2", false, &der::octets(&list))
    }

    /// What the log answers a foreign authority that is about to issue a certificate (RFC 6962 section 4.2).
    fn log_precertificate(&self, request: &Request) -> Option<Response> {
        let body = request.json()?;
        let certificate = |index: usize| unbase64(body["chain"][index].as_str()?);
        let (logged, issuer) = (certificate(0)?, certificate(1)?);
        let mut outer = der::expect(&mut logged.as_slice(), 0x30)?.content;
        let to_be_signed = without_poison(der::expect(&mut outer, 0x30)?.whole)?;
        let (time, signature) = promised(&self.log, authority::see(&issuer)?.spki, &to_be_signed);
        Some(Response::json(
            200,
            &json!({
                "sct_version": 0,
                "id": base64(&self.log.id()),
                "timestamp": time,
                "extensions": "",
                "signature": base64(&signature),
            }),
        ))
    }
}

/// A time in milliseconds, and the log's signature over it and a certificate that is about to be issued, with its
/// algorithm before it (RFC 6962 section 3.2).
fn promised(log: &Key, issuer: &[u8], to_be_signed: &[u8]) -> (i64, Vec<u8>) {
    let time = super::now() * 1000;
    let length = u32::try_from(to_be_signed.len())
        .expect("a short certificate")
        .to_be_bytes();
    let signed = [
        &[0, 0],
        time.to_be_bytes().as_slice(),
        &[0, 1],
        &digest(issuer),
        &length[1..],
        to_be_signed,
        &[0, 0],
    ]
    .concat();
    let signature = log.sign(&signed);
    (
        time,
        [&[4, 3], length_prefix(&signature).as_slice(), &signature].concat(),
    )
}

fn length_prefix(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).expect("a short list").to_be_bytes()
}

/// TBSCertificate with one more extension at its end.
fn with_extension(to_be_signed: &[u8], extension: &[u8]) -> Vec<u8> {
    let changed = with_extensions(to_be_signed, |list| [list, extension].concat());
    changed.expect("our own certificate can be read")
}

/// TBSCertificate without the extension that keeps a precertificate from being used.
fn without_poison(to_be_signed: &[u8]) -> Option<Vec<u8>> {
    let poison = der::oid("1.3.6.1.4.1.11129.2.4.3");
    with_extensions(to_be_signed, |mut list| {
        let mut kept = Vec::new();
        while let Some(extension) = der::take(&mut list) {
            if !extension.content.starts_with(&poison) {
                kept.extend_from_slice(extension.whole);
            }
        }
        kept
    })
}

fn with_extensions(to_be_signed: &[u8], change: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
    let mut fields = der::expect(&mut &*to_be_signed, 0x30)?.content;
    let mut parts = Vec::new();
    while let Some(field) = der::take(&mut fields) {
        if field.tag == 0xa3 {
            let inside = der::expect(&mut &*field.content, 0x30)?.content;
            parts.push(der::explicit(3, &der::tlv(0x30, &change(inside))));
        } else {
            parts.push(field.whole.to_vec());
        }
    }
    Some(der::sequence(&parts))
}

/// The key whose possession the request proves: by a certificate request (RFC 2986), or by a signature over the
/// name in the token.
fn proven_key(body: &Value, claims: &serde_json::Map<String, Value>) -> Option<Vec<u8>> {
    if let Some(request) = body["certificateSigningRequest"].as_str() {
        let (label, request) = der::from_pem(&String::from_utf8(unbase64(request)?).ok()?)?;
        if label != "CERTIFICATE REQUEST" {
            return None;
        }
        let mut outer = der::expect(&mut request.as_slice(), 0x30)?.content;
        let signed = der::expect(&mut outer, 0x30)?;
        der::expect(&mut outer, 0x30)?;
        let signature = der::expect(&mut outer, 0x03)?.content.get(1..)?;
        let mut fields = signed.content;
        der::expect(&mut fields, 0x02)?;
        der::expect(&mut fields, 0x30)?;
        let spki = der::expect(&mut fields, 0x30)?.whole;
        return key::verifies(spki, signed.whole, signature).then(|| spki.to_vec());
    }
    let request = &body["publicKeyRequest"];
    let text = request["publicKey"]["content"].as_str()?;
    let (_, spki) = der::from_pem(text)?;
    let proof = unbase64(request["proofOfPossession"].as_str()?)?;
    let challenge = claims.get("email").or_else(|| claims.get("sub"))?.as_str()?;
    key::verifies(&spki, challenge.as_bytes(), &proof).then_some(spki)
}

/// What a client sends, for bundles that are made without one.
pub(super) fn encoded_certificate(der: &[u8]) -> String {
    base64(der::pem("CERTIFICATE", der).as_bytes())
}

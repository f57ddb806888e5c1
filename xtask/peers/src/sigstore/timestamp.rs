//! A timestamp authority (RFC 3161 over HTTP, section 3.4): signed time over a digest, as CMS (RFC 5652).

use std::sync::atomic::{AtomicU32, Ordering};

use super::{
    Lies,
    authority::{self, Authority, TIME_STAMPING, Template, see},
    der, digest,
    http::{Request, Response},
    key::Key,
    lie::Lie,
};

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

/// The authority with the key that signs time.
#[derive(Debug)]
pub(super) struct Timestamps {
    authority: Authority,
    leaf: Vec<u8>,
    key: Key,
    stranger: Option<Box<Self>>,
    serial: AtomicU32,
    lies: Lies,
}

/// What is asked for.
struct Query {
    imprint: Vec<u8>,
    /// With its tag.
    nonce: Option<Vec<u8>>,
    certificates: bool,
}

impl Timestamps {
    pub(super) fn new(lies: Lies, now: i64) -> Self {
        let mut own = Self::alone(Lies::default(), now);
        own.stranger = Some(Box::new(Self::alone(Lies::default(), now)));
        own.lies = lies;
        own
    }

    fn alone(lies: Lies, now: i64) -> Self {
        let authority = Authority::new("timestamps", TIME_STAMPING, now);
        let key = Key::generate();
        let leaf = authority.issue(&Template {
            subject: Some("timestamps"),
            spki: &key.spki,
            not_before: now - 3600,
            not_after: now + 5 * 365 * 86_400,
            extensions: vec![
                authority::key_usage(false),
                authority::extended_key_usage(TIME_STAMPING, true),
                authority::subject_key_identifier(&key.spki),
                authority.key_identifier(),
            ],
        });
        Self {
            authority,
            leaf,
            key,
            stranger: None,
            serial: AtomicU32::new(1),
            lies,
        }
    }

    /// The certificates, leaf first.
    pub(super) fn chain(&self) -> [&[u8]; 3] {
        let [intermediate, root] = self.authority.chain();
        [&self.leaf, intermediate, root]
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        if (request.method.as_str(), request.path.as_str()) != ("POST", "/api/v1/timestamp") {
            return Response::refused(404, "Not Found");
        }
        match self.respond(&request.body) {
            Some(response) => Response::bytes("application/timestamp-reply", response),
            None => Response::refused(400, "it is no request for a timestamp"),
        }
    }

    /// TimeStampResp for a TimeStampReq.
    pub(super) fn respond(&self, query: &[u8]) -> Option<Vec<u8>> {
        self.grant(&Query::read(query)?)
    }

    /// TimeStampResp for bytes.
    pub(super) fn stamp(&self, bytes: &[u8]) -> Vec<u8> {
        let query = Query {
            imprint: imprint(bytes),
            nonce: None,
            certificates: false,
        };
        self.grant(&query).expect("our own request is sound")
    }

    fn grant(&self, query: &Query) -> Option<Vec<u8>> {
        if let Some(stranger) = self
            .stranger
            .as_ref()
            .filter(|_| self.lies.told(Lie::TimestampOfAnotherAuthority))
        {
            return stranger.grant(query);
        }
        let granted = if self.lies.told(Lie::TimestampRejected) {
            2
        } else {
            0
        };
        let status = der::sequence(&[der::integer(&[granted])]);
        Some(der::sequence(&[status, self.token(query)?]))
    }

    fn token(&self, query: &Query) -> Option<Vec<u8>> {
        let info = self.info(query);
        let mut data = vec![
            der::integer(&[3]),
            der::set(vec![der::sequence(&[der::oid(SHA256)])]),
            der::sequence(&[der::oid(TST_INFO), der::explicit(0, &der::octets(&info))]),
        ];
        if query.certificates {
            data.push(der::tlv(
                0xa0,
                &[self.leaf.as_slice(), self.authority.chain()[0]].concat(),
            ));
        }
        data.push(der::set(vec![self.signer(&info)?]));
        Some(der::sequence(&[
            der::oid(SIGNED_DATA),
            der::explicit(0, &der::sequence(&data)),
        ]))
    }

    /// TSTInfo (RFC 3161 section 2.4.2).
    fn info(&self, query: &Query) -> Vec<u8> {
        let late = if self.lies.told(Lie::LateTimestamp) {
            4200
        } else {
            0
        };
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let imprint = if self.lies.told(Lie::TimestampOfOtherBytes) {
            imprint(b"other bytes")
        } else {
            query.imprint.clone()
        };
        let mut parts = vec![
            der::integer(&[1]),
            der::oid("1.3.6.1.4.1.57264.2"),
            imprint,
            der::integer(&serial.to_be_bytes()),
            der::generalized_time(super::now() + late),
        ];
        match &query.nonce {
            Some(_) if self.lies.told(Lie::OtherNonce) => parts.push(der::integer(&[7])),
            Some(nonce) => parts.push(nonce.clone()),
            None => {}
        }
        der::sequence(&parts)
    }

    /// SignerInfo (RFC 5652 section 5.3), with the certificate's digest among what is signed (RFC 5816).
    fn signer(&self, info: &[u8]) -> Option<Vec<u8>> {
        let attribute = |oid, value| der::sequence(&[der::oid(oid), der::set(vec![value])]);
        let certificate = der::sequence(&[der::octets(&digest(&self.leaf))]);
        let attributes = vec![
            attribute("1.2.840.113549.1.9.3", der::oid(TST_INFO)),
            attribute("1.2.840.113549.1.9.4", der::octets(&digest(info))),
            attribute(
                "1.2.840.113549.1.9.16.2.47",
                der::sequence(&[der::sequence(&[certificate])]),
            ),
        ];
        let signed = der::set(attributes);
        let inside = der::expect(&mut signed.as_slice(), 0x31)?.content;
        let serial = see(&self.leaf)?.serial.to_vec();
        Some(der::sequence(&[
            der::integer(&[1]),
            der::sequence(&[self.authority.name().to_vec(), serial]),
            der::sequence(&[der::oid(SHA256)]),
            der::tlv(0xa0, inside),
            authority::ecdsa_with_sha256(),
            der::octets(&self.key.sign(&signed)),
        ]))
    }
}

impl Query {
    /// TimeStampReq (RFC 3161 section 2.4.1) for SHA-256.
    fn read(query: &[u8]) -> Option<Self> {
        let mut fields = der::expect(&mut &*query, 0x30)?.content;
        der::expect(&mut fields, 0x02).filter(|version| version.content == [1])?;
        let imprint = der::expect(&mut fields, 0x30)?;
        let mut inside = imprint.content;
        let algorithm = der::expect(&mut inside, 0x30)?.content;
        let known = der::expect(&mut &*algorithm, 0x06)?.whole == der::oid(SHA256);
        if !known || der::expect(&mut inside, 0x04)?.content.len() != 32 {
            return None;
        }
        der::expect(&mut fields, 0x06);
        let nonce = der::expect(&mut fields, 0x02).map(|nonce| nonce.whole.to_vec());
        let certificates = der::expect(&mut fields, 0x01).is_some_and(|wanted| wanted.content != [0]);
        Some(Self {
            imprint: imprint.whole.to_vec(),
            nonce,
            certificates,
        })
    }
}

fn imprint(bytes: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[der::oid(SHA256), vec![0x05, 0x00]]);
    der::sequence(&[algorithm, der::octets(&digest(bytes))])
}

//! Sigstore bundles (protobuf-specs `sigstore_bundle.proto`), versions 0.1 to 0.3: signed content with what is needed to
//! check it.
//!
//! Which field of `verificationMaterial` is present says by which method a bundle was signed. A bundle whose
//! material or content is of two kinds, or of none, is refused: two verifiers could check two different things.
//!
//! What logs and clocks contribute is kept as it was written, for [`crate::sigstore`] to judge; here it must at least look
//! like it.

pub(crate) mod log;
mod shape;

use serde::{Deserialize, Serialize};

use self::log::{LogEntry, MAX_EVIDENCE, Timestamps};

use crate::{
    base64::Base64,
    envelope::{Envelope, WireEnvelope},
    json::{self, Misspelt, Object},
    refusal::Refusal,
};

/// The media type of every OMS bundle made with a key or a certificate, and the one that is written.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Media types of Sigstore bundles in use. Model signatures by key or certificate come in the first only.
const SIGSTORE_MEDIA_TYPES: [&str; 4] = [
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// What a bundle offers for checking its signature. None of it is trusted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Material {
    /// Signed with a key pair. The hint says which, and selects nothing.
    PublicKey {
        /// A fingerprint of the key, when there is one: see [`crate::key::PublicKey::hint_pem`].
        hint: Option<String>,
    },
    /// Signed with a certificate; DER, leaf first.
    Certificates(Vec<Vec<u8>>),
    /// Signed with a short-lived certificate of a Sigstore identity; DER, leaf first. Bundles before v0.3 may bring
    /// the certificates above it.
    Sigstore(Vec<Vec<u8>>),
}

/// What a bundle's signature covers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// An envelope with the signed payload in it.
    Envelope(Envelope),
    /// Bytes elsewhere.
    Message(MessageSignature),
}

/// A signature over bytes that the bundle does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageSignature {
    /// The digest of the bytes, as the bundle claims it: for finding them, never for believing it.
    pub digest: Option<MessageDigest>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A digest as a bundle names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageDigest {
    /// Protobuf's name of the algorithm, such as `SHA2_256`.
    pub algorithm: String,
    /// The digest.
    pub bytes: Vec<u8>,
}

/// A parsed bundle. Nothing in it has been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// How it was signed.
    pub material: Material,
    /// What was signed.
    pub content: Content,
    /// What logs and clocks contribute, where they or identities have a part in it.
    logged: Option<Logged>,
}

/// A bundle's text, for the Sigstore client, and its log entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Logged {
    pub(crate) text: Vec<u8>,
    pub(crate) entries: Vec<LogEntry>,
}

impl Bundle {
    /// Larger bundles are not read: 64 MiB holds half a million shards, as an 8 TB model has at 16 MiB.
    pub const MAX_BYTES: usize = 64 << 20;
    /// More certificates are not read; real chains have three.
    pub const MAX_CERTIFICATES: usize = 16;

    /// Reads a bundle.
    ///
    /// # Errors
    /// [`Refusal`] names the first rule broken: size, JSON, media type, material, content, one signature.
    pub fn parse(text: &[u8]) -> Result<Self, Refusal> {
        if text.len() > Self::MAX_BYTES {
            return Err(Refusal::TooLarge {
                limit: Self::MAX_BYTES,
            });
        }
        let wire: WireBundle = json::read(text).map_err(Refusal::BundleSyntax)?;
        let logged = wire.material.0.is_logged();
        let entries = wire.material.0.evidence()?;
        // The newest version has chains for model signatures only; before it, Sigstore wrapped its certificate in one.
        let of_certificates = wire.media_type == MEDIA_TYPE && !logged;
        let material = wire.material.0.parse(of_certificates)?;
        let of_sigstore = logged || matches!(material, Material::Sigstore(_));
        let known = if of_sigstore {
            SIGSTORE_MEDIA_TYPES.as_slice()
        } else {
            &[MEDIA_TYPE]
        };
        if !known.contains(&wire.media_type.as_str()) {
            return Err(Refusal::MediaType {
                found: wire.media_type,
            });
        }
        let content = match (wire.envelope, wire.message_signature) {
            (Some(Object(envelope)), None) => Content::Envelope(envelope.try_into()?),
            (None, Some(Object(message))) => Content::Message(message.into()),
            _ => return Err(Refusal::NotOneContent),
        };
        if of_sigstore {
            shape::check(text).map_err(Refusal::BundleSyntax)?;
        }
        Ok(Self {
            material,
            content,
            logged: of_sigstore.then(|| Logged {
                text: text.to_vec(),
                entries,
            }),
        })
    }

    /// A bundle without logs and clocks.
    #[must_use]
    pub const fn new(material: Material, content: Content) -> Self {
        Self {
            material,
            content,
            logged: None,
        }
    }

    /// The envelope.
    ///
    /// # Errors
    /// [`Refusal::NoEnvelope`] when it is about bytes elsewhere.
    pub const fn envelope(&self) -> Result<&Envelope, Refusal> {
        match &self.content {
            Content::Envelope(envelope) => Ok(envelope),
            Content::Message(_) => Err(Refusal::NoEnvelope),
        }
    }

    /// The envelope alone.
    ///
    /// # Errors
    /// As [`Bundle::envelope`].
    pub fn into_envelope(self) -> Result<Envelope, Refusal> {
        match self.content {
            Content::Envelope(envelope) => Ok(envelope),
            Content::Message(_) => Err(Refusal::NoEnvelope),
        }
    }

    /// Where logs, clocks or identities have a part in it: its text and log entries.
    pub(crate) const fn logged(&self) -> Option<&Logged> {
        self.logged.as_ref()
    }

    /// Whether it brings entries of logs or timestamps, which [`crate::sigstore::TrustRoot::verify`] can check.
    #[must_use]
    pub const fn is_logged(&self) -> bool {
        self.logged.is_some()
    }

    /// The bundle as JSON: one line, members always in the same order.
    ///
    /// # Errors
    /// [`Refusal::NotWritable`] for a bundle with log entries, which are not kept in parts.
    pub fn to_json(&self) -> Result<Vec<u8>, Refusal> {
        let material = match &self.material {
            Material::PublicKey { hint } => WireMaterial {
                public_key: Some(Object(WirePublicKey { hint: hint.clone() })),
                ..WireMaterial::default()
            },
            Material::Certificates(chain) => {
                let certificates = chain.iter().map(|der| {
                    Object(WireCertificate {
                        raw_bytes: Base64(der.clone()),
                        _misspelt: Misspelt,
                    })
                });
                let chain = WireChain {
                    certificates: certificates.collect(),
                };
                WireMaterial {
                    chain: Some(Object(chain)),
                    ..WireMaterial::default()
                }
            }
            Material::Sigstore(_) => return Err(Refusal::NotWritable),
        };
        if self.is_logged() {
            return Err(Refusal::NotWritable);
        }
        let (envelope, message) = match &self.content {
            Content::Envelope(envelope) => (Some(Object(WireEnvelope::from(envelope))), None),
            Content::Message(message) => (None, Some(Object(WireMessage::from(message)))),
        };
        let wire = WireBundle {
            media_type: MEDIA_TYPE.to_owned(),
            material: Object(material),
            envelope,
            message_signature: message,
            _misspelt: Misspelt,
        };
        serde_json::to_vec(&wire).map_err(|_| Refusal::NotWritable)
    }
}

#[derive(Deserialize, Serialize)]
struct WireBundle {
    #[serde(rename = "mediaType")]
    media_type: String,
    #[serde(rename = "verificationMaterial")]
    material: Object<WireMaterial>,
    #[serde(default, rename = "dsseEnvelope", skip_serializing_if = "Option::is_none")]
    envelope: Option<Object<WireEnvelope>>,
    #[serde(default, rename = "messageSignature", skip_serializing_if = "Option::is_none")]
    message_signature: Option<Object<WireMessage>>,
    #[serde(default, skip_serializing, rename = "media_type")]
    #[serde(
        alias = "verification_material",
        alias = "dsse_envelope",
        alias = "message_signature"
    )]
    _misspelt: Misspelt,
}

#[derive(Deserialize, Serialize)]
struct WireMessage {
    #[serde(default, rename = "messageDigest", skip_serializing_if = "Option::is_none")]
    digest: Option<Object<WireMessageDigest>>,
    signature: Base64,
    #[serde(default, skip_serializing, rename = "message_digest")]
    _misspelt: Misspelt,
}

#[derive(Deserialize, Serialize)]
struct WireMessageDigest {
    algorithm: String,
    digest: Base64,
}

impl From<WireMessage> for MessageSignature {
    fn from(wire: WireMessage) -> Self {
        Self {
            digest: wire.digest.map(|Object(digest)| MessageDigest {
                algorithm: digest.algorithm,
                bytes: digest.digest.0,
            }),
            signature: wire.signature.0,
        }
    }
}

impl From<&MessageSignature> for WireMessage {
    fn from(message: &MessageSignature) -> Self {
        let digest = message.digest.as_ref().map(|digest| {
            Object(WireMessageDigest {
                algorithm: digest.algorithm.clone(),
                digest: Base64(digest.bytes.clone()),
            })
        });
        Self {
            digest,
            signature: Base64(message.signature.clone()),
            _misspelt: Misspelt,
        }
    }
}

#[derive(Default, Deserialize, Serialize)]
struct WireMaterial {
    #[serde(default, rename = "publicKey", skip_serializing_if = "Option::is_none")]
    public_key: Option<Object<WirePublicKey>>,
    #[serde(
        default,
        rename = "x509CertificateChain",
        skip_serializing_if = "Option::is_none"
    )]
    chain: Option<Object<WireChain>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Object<WireCertificate>>,
    #[serde(default, rename = "tlogEntries")]
    log_entries: Vec<Object<LogEntry>>,
    #[serde(default, rename = "timestampVerificationData", skip_serializing)]
    timestamps: Option<Object<Timestamps>>,
    #[serde(default, skip_serializing, rename = "public_key")]
    #[serde(
        alias = "x509_certificate_chain",
        alias = "tlog_entries",
        alias = "timestamp_verification_data"
    )]
    _misspelt: Misspelt,
}

#[derive(Deserialize, Serialize)]
struct WirePublicKey {
    /// Before 1.1.0 the whole key was here as `rawBytes`; it is no source of trust and is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct WireChain {
    certificates: Vec<Object<WireCertificate>>,
}

#[derive(Deserialize, Serialize)]
struct WireCertificate {
    #[serde(rename = "rawBytes")]
    raw_bytes: Base64,
    #[serde(default, skip_serializing, rename = "raw_bytes")]
    _misspelt: Misspelt,
}

impl WireChain {
    fn parse(self) -> Result<Vec<Vec<u8>>, Refusal> {
        let count = self.certificates.len();
        if count == 0 || count > Bundle::MAX_CERTIFICATES {
            return Err(Refusal::CertificateCount { found: count });
        }
        let chain: Vec<_> = self
            .certificates
            .into_iter()
            .map(|one| one.0.raw_bytes.0)
            .collect();
        Ok(chain)
    }
}

/// What is there twice has been put there for somebody who reads one of the two.
fn once<T: PartialEq>(all: &[T], what: &'static str) -> Result<(), Refusal> {
    let repeated = |(index, one): (usize, &T)| all[..index].contains(one);
    if all.len() > MAX_EVIDENCE || all.iter().enumerate().any(repeated) {
        return Err(Refusal::Repeated { what });
    }
    Ok(())
}

impl WireMaterial {
    /// Whether logs or clocks have a part in it.
    fn is_logged(&self) -> bool {
        let stamped = |stamps: &Object<Timestamps>| !stamps.0.rfc3161.is_empty();
        !self.log_entries.is_empty() || self.timestamps.as_ref().is_some_and(stamped)
    }

    /// The log entries; they and the timestamps are few, and each is there once.
    fn evidence(&self) -> Result<Vec<LogEntry>, Refusal> {
        if let Some(Object(timestamps)) = &self.timestamps {
            once(&timestamps.rfc3161, "timestamp")?;
        }
        once(&self.log_entries, "log entry")?;
        Ok(self.log_entries.iter().map(|entry| entry.0.clone()).collect())
    }

    fn parse(self, of_certificates: bool) -> Result<Material, Refusal> {
        match (self.public_key, self.chain, self.certificate) {
            (Some(Object(key)), None, None) => Ok(Material::PublicKey {
                hint: key.hint.filter(|hint| !hint.is_empty()),
            }),
            (None, None, Some(Object(one))) => Ok(Material::Sigstore(vec![one.raw_bytes.0])),
            (None, Some(Object(chain)), None) if of_certificates => chain.parse().map(Material::Certificates),
            (None, Some(Object(chain)), None) => {
                let chain = chain.parse()?;
                once(&chain, "certificate")?;
                Ok(Material::Sigstore(chain))
            }
            (None, None, None) => Err(Refusal::NoMaterial),
            _ => Err(Refusal::SeveralMaterials),
        }
    }
}

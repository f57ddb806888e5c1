//! Sigstore bundles (protobuf-specs `sigstore_bundle.proto`) as model signatures use them: a DSSE envelope with
//! what is needed to check it.
//!
//! Which field of `verificationMaterial` is present says by which method a bundle was signed. A bundle whose
//! material is of two kinds, or of none, is refused: two verifiers could check two different things.

use serde::{Deserialize, Serialize};

use crate::{
    base64::Base64,
    envelope::{Envelope, WireEnvelope},
    json::{self, Misspelt, Object},
    refusal::Refusal,
};

/// The media type of every OMS bundle made with a key or a certificate, and the one that is written.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Media types of Sigstore bundles in use; keyless bundles come in all of them.
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
    /// Signed with a short-lived certificate of a Sigstore identity.
    Sigstore,
}

/// A parsed bundle. Nothing in it has been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// How it was signed.
    pub material: Material,
    /// What was signed.
    pub envelope: Envelope,
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
        let material = wire.material.0.parse()?;
        let known = match &material {
            Material::Sigstore => SIGSTORE_MEDIA_TYPES.contains(&wire.media_type.as_str()),
            Material::PublicKey { .. } | Material::Certificates(_) => wire.media_type == MEDIA_TYPE,
        };
        if !known {
            return Err(Refusal::MediaType {
                found: wire.media_type,
            });
        }
        match (wire.envelope, wire.message_signature) {
            (Some(Object(envelope)), None) => Ok(Self {
                material,
                envelope: envelope.try_into()?,
            }),
            _ => Err(Refusal::NoEnvelope),
        }
    }

    /// The bundle as JSON: one line, members always in the same order.
    ///
    /// # Errors
    /// [`Refusal::NotWritable`] for [`Material::Sigstore`], whose log entries a bundle of this type has not got.
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
            Material::Sigstore => return Err(Refusal::NotWritable),
        };
        let wire = WireBundle {
            media_type: MEDIA_TYPE.to_owned(),
            material: Object(material),
            envelope: Some(Object(WireEnvelope::from(&self.envelope))),
            message_signature: None,
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
    message_signature: Option<serde_json::Value>,
    #[serde(default, skip_serializing, rename = "media_type")]
    #[serde(
        alias = "verification_material",
        alias = "dsse_envelope",
        alias = "message_signature"
    )]
    _misspelt: Misspelt,
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
    log_entries: Vec<Object<WireLogEntry>>,
    #[serde(default, skip_serializing, rename = "public_key")]
    #[serde(alias = "x509_certificate_chain", alias = "tlog_entries")]
    _misspelt: Misspelt,
}

/// An entry of a transparency log. It is checked with identities only; here it must at least look like one.
#[derive(Deserialize, Serialize)]
struct WireLogEntry {
    #[serde(rename = "logIndex")]
    log_index: serde_json::Value,
    #[serde(rename = "logId")]
    log_id: serde_json::Value,
    #[serde(rename = "kindVersion")]
    kind_version: serde_json::Value,
    #[serde(rename = "canonicalizedBody")]
    body: Base64,
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

impl WireMaterial {
    fn parse(self) -> Result<Material, Refusal> {
        let logged = !self.log_entries.is_empty();
        match (self.public_key, self.chain, self.certificate) {
            (Some(Object(key)), None, None) => Ok(Material::PublicKey {
                hint: key.hint.filter(|hint| !hint.is_empty()),
            }),
            // Sigstore bundles before v0.3 wrap their one certificate in a chain, and always have a log entry.
            (None, Some(_), None) if logged => Ok(Material::Sigstore),
            (None, None, Some(_)) => Ok(Material::Sigstore),
            (None, Some(Object(chain)), None) => {
                let count = chain.certificates.len();
                if count == 0 || count > Bundle::MAX_CERTIFICATES {
                    return Err(Refusal::CertificateCount { found: count });
                }
                Ok(Material::Certificates(
                    chain
                        .certificates
                        .into_iter()
                        .map(|one| one.0.raw_bytes.0)
                        .collect(),
                ))
            }
            (None, None, None) => Err(Refusal::NoMaterial),
            _ => Err(Refusal::SeveralMaterials),
        }
    }
}

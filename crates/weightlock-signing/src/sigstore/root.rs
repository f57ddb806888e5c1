//! [`TrustRoot`]: which authorities, logs and clocks are believed.
//!
//! Read from a `trusted_root.json` (protobuf-specs `sigstore_trustroot.proto`) or from a client trust configuration
//! that holds one; those of the public instances are built in. Refused: repeated keys, other media types, keys and
//! certificates that cannot be read, two logs of one id, windows that end before they begin.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use sigstore_verify::{
    Verifier,
    crypto::Keyring,
    trust_root::{SigstoreInstance, TrustedRoot},
    types::TimeRange,
};
use weightlock_artifact::{digest::Digest, reason::Code};

use super::{crypto, reason};
use crate::{
    certificate::{Certificate, UnixTime},
    json::{self, JsonError},
};

/// 2026-10-23, the release of `sigstore-trust-root` 0.15.1.
const EMBEDDED_ON: UnixTime = UnixTime(1_792_713_600);

/// Media types of the trust roots in use; the first is what the public instance ships.
const ROOT_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];
/// A trust root and a signing configuration in one file.
const CONFIG_TYPE: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// A public Sigstore instance whose root is built in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instance {
    /// The public good instance.
    Production,
    /// Its rehearsal. Its certificates say nothing to anybody.
    Staging,
    /// GitHub's own, for private repositories. It has timestamps and no logs.
    GitHub,
}

impl Instance {
    /// Every instance.
    pub const ALL: [Self; 3] = [Self::Production, Self::Staging, Self::GitHub];

    /// Its name in flags and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::GitHub => "github",
        }
    }

    /// When the embedded root was taken from the instance's own distribution: the release of the crate that carries
    /// it.
    #[must_use]
    pub const fn embedded_on(self) -> UnixTime {
        EMBEDDED_ON
    }

    const fn embedded(self) -> SigstoreInstance {
        match self {
            Self::Production => SigstoreInstance::PublicGood,
            Self::Staging => SigstoreInstance::Staging,
            Self::GitHub => SigstoreInstance::GitHub,
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Instance {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|instance| instance.name() == name)
            .ok_or(())
    }
}

/// Where a trust root comes from, for answers to tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Its name, or the file it was read from.
    pub name: String,
    /// When it was taken from the deployment, where that is known.
    pub obtained: Option<UnixTime>,
}

/// A proof that is not demanded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Without {
    /// The entry in a transparency log. Without it, a stolen identity signs and nobody can see that it did. Entries that
    /// are there must still be about this signature.
    Log,
    /// The promise that the certificate was published (SCT). Without it, an authority can issue certificates in secret.
    CertificateLog,
}

/// Authorities, logs and clocks that are believed.
pub struct TrustRoot {
    pub(super) parsed: TrustedRoot,
    pub(super) verifier: Verifier,
    pub(super) logs: Keyring,
    pub(super) needs_log: bool,
    pub(super) needs_certificate_log: bool,
    pub(super) origin: Origin,
    text: Vec<u8>,
    signing_config: Option<Vec<u8>>,
}

/// Why a file is no usable trust root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// Larger than is read.
    #[error("the trust root is larger than {} bytes", TrustRoot::MAX_BYTES)]
    TooLarge,
    /// No JSON of the expected shape.
    #[error("the trust root cannot be read")]
    Syntax(#[source] JsonError),
    /// Another kind of document, or a version that is not known.
    #[error("the document is a {found:?}, not a Sigstore trust root")]
    MediaType {
        /// The media type found.
        found: String,
    },
    /// A key, certificate or window in it is unusable.
    #[error("the trust root is unusable: {what}")]
    Unusable {
        /// What is wrong.
        what: String,
    },
}

impl RootError {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge => reason::ROOT_TOO_LARGE,
            Self::Syntax(_) | Self::Unusable { .. } => reason::ROOT_MALFORMED,
            Self::MediaType { .. } => reason::ROOT_MEDIA_TYPE,
        }
    }
}

#[derive(Deserialize)]
struct MediaTyped {
    #[serde(default, rename = "mediaType")]
    media_type: String,
}

#[derive(Deserialize)]
struct WireConfig {
    #[serde(rename = "trustedRoot")]
    root: Box<serde_json::value::RawValue>,
    #[serde(default, rename = "signingConfig")]
    signing: Option<Box<serde_json::value::RawValue>>,
}

impl TrustRoot {
    /// Larger files are not read; the public root has 8 kB.
    pub const MAX_BYTES: usize = 4 << 20;

    /// The built-in root of a public instance.
    ///
    /// # Errors
    /// [`RootError`], which would be a mistake of this build; a test reads them all.
    pub fn embedded(instance: Instance) -> Result<Self, RootError> {
        let root = Self::from_json(instance.embedded().embedded_trusted_root_json().as_bytes())?;
        let origin = Origin {
            name: format!("{instance}, built in"),
            obtained: Some(instance.embedded_on()),
        };
        Ok(root.as_of(instance).from(origin))
    }

    /// With the proofs that an instance has: GitHub's has no logs, so that nothing can be demanded of them. A root with
    /// logs keeps its demands, whatever it is called.
    #[must_use]
    pub fn as_of(mut self, instance: Instance) -> Self {
        if instance == Instance::GitHub {
            self.needs_log &= !self.parsed.tlogs.is_empty();
            self.needs_certificate_log &= !self.parsed.ctlogs.is_empty();
        }
        self
    }

    /// With another origin to tell.
    #[must_use]
    pub fn from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Where it comes from.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Reads a trust root, or a client trust configuration with one in it.
    ///
    /// # Errors
    /// [`RootError`] says what is wrong with it.
    pub fn from_json(text: &[u8]) -> Result<Self, RootError> {
        if text.len() > Self::MAX_BYTES {
            return Err(RootError::TooLarge);
        }
        let typed: MediaTyped = json::read(text).map_err(RootError::Syntax)?;
        if typed.media_type == CONFIG_TYPE {
            let config: WireConfig = json::read(text).map_err(RootError::Syntax)?;
            let signing = config.signing.map(|signing| signing.get().as_bytes().to_vec());
            let typed: MediaTyped = json::read(config.root.get().as_bytes()).map_err(RootError::Syntax)?;
            return Self::parse(config.root.get(), &typed.media_type, signing);
        }
        let text = std::str::from_utf8(text).map_err(|error| unusable(&error))?;
        Self::parse(text, &typed.media_type, None)
    }

    fn parse(text: &str, media_type: &str, signing_config: Option<Vec<u8>>) -> Result<Self, RootError> {
        if !ROOT_TYPES.contains(&media_type) {
            return Err(RootError::MediaType {
                found: media_type.to_owned(),
            });
        }
        crypto::install();
        let parsed = TrustedRoot::from_json(text).map_err(|error| unusable(&error))?;
        let verifier = Verifier::new(&parsed).map_err(|error| unusable(&error))?;
        let logs = parsed.rekor_keys().map_err(|error| unusable(&error))?;
        Ok(Self {
            parsed,
            verifier,
            logs,
            needs_log: true,
            needs_certificate_log: true,
            origin: Origin {
                name: "trust root".to_owned(),
                obtained: None,
            },
            text: text.as_bytes().to_vec(),
            signing_config,
        })
    }

    /// Gives up a proof that is demanded otherwise. For deployments that have no such log, and for nobody else.
    #[must_use]
    pub fn dangerously(mut self, without: Without) -> Self {
        match without {
            Without::Log => self.needs_log = false,
            Without::CertificateLog => self.needs_certificate_log = false,
        }
        self
    }

    /// Whether this proof is given up.
    #[must_use]
    pub const fn is_without(&self, proof: Without) -> bool {
        match proof {
            Without::Log => !self.needs_log,
            Without::CertificateLog => !self.needs_certificate_log,
        }
    }

    /// The root as JSON, as it was read.
    #[must_use]
    pub fn to_json(&self) -> &[u8] {
        &self.text
    }

    /// The signing configuration that came with it, as it was read.
    #[must_use]
    pub fn signing_config(&self) -> Option<&[u8]> {
        self.signing_config.as_deref()
    }

    /// The same root with another signing configuration beside it.
    #[must_use]
    pub fn with_signing_config(mut self, config: Option<Vec<u8>>) -> Self {
        self.signing_config = config;
        self
    }

    /// SHA-256 of the root's JSON: which root it is.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::sha256(Sha256::digest(&self.text).into())
    }

    /// Everything that is believed, in the order of the file.
    #[must_use]
    pub fn authorities(&self) -> Vec<Authority> {
        let log = |kind, url: &str, id: String, window| Authority {
            kind,
            name: url.to_owned(),
            id,
            window,
        };
        let chain = |kind, uri: Option<&str>, leaf: Option<&[u8]>, window| Authority {
            kind,
            name: uri.map_or_else(|| subject(leaf), str::to_owned),
            id: subject(leaf),
            window,
        };
        let parsed = &self.parsed;
        let logs = parsed.tlogs.iter().map(|one| {
            log(
                AuthorityKind::Log,
                &one.base_url,
                one.log_id.key_id.to_string(),
                window(one.public_key.valid_for),
            )
        });
        let certificate_logs = parsed.ctlogs.iter().map(|one| {
            let id = one.log_id.key_id.to_string();
            log(
                AuthorityKind::CertificateLog,
                &one.base_url,
                id,
                window(one.public_key.valid_for),
            )
        });
        let issuers = parsed.certificate_authorities.iter().map(|one| {
            let leaf = one
                .cert_chain
                .certificates
                .first()
                .map(|first| first.raw_bytes.as_bytes());
            chain(
                AuthorityKind::Certificates,
                Some(&one.uri),
                leaf,
                window(one.valid_for),
            )
        });
        let clocks = parsed.timestamp_authorities.iter().map(|one| {
            let leaf = one
                .cert_chain
                .certificates
                .first()
                .map(|first| first.raw_bytes.as_bytes());
            chain(
                AuthorityKind::Timestamps,
                one.uri.as_deref(),
                leaf,
                window(one.valid_for),
            )
        });
        issuers
            .chain(certificate_logs)
            .chain(logs)
            .chain(clocks)
            .collect()
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot")
            .field("sha256", &self.digest().hex())
            .field("needs_log", &self.needs_log)
            .field("needs_certificate_log", &self.needs_certificate_log)
            .finish_non_exhaustive()
    }
}

fn unusable(error: &dyn fmt::Display) -> RootError {
    RootError::Unusable {
        what: error.to_string(),
    }
}

fn subject(leaf: Option<&[u8]>) -> String {
    leaf.and_then(|der| Certificate::from_der(der).ok())
        .map(|leaf| leaf.subject())
        .unwrap_or_default()
}

fn window(range: Option<TimeRange>) -> (Option<UnixTime>, Option<UnixTime>) {
    let seconds = |time: jiff::Timestamp| u64::try_from(time.as_second()).ok().map(UnixTime);
    match range {
        None => (None, None),
        Some(range) => (seconds(range.start), range.end.and_then(seconds)),
    }
}

/// One key or chain of a trust root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authority {
    /// What it is believed for.
    pub kind: AuthorityKind,
    /// Its address, or its subject where it has none.
    pub name: String,
    /// The log's id in base64, or the subject of the first certificate.
    pub id: String,
    /// From when until when it is believed; open at either end.
    pub window: (Option<UnixTime>, Option<UnixTime>),
}

/// What a key or chain is believed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorityKind {
    /// Issues certificates (Fulcio).
    Certificates,
    /// Publishes certificates (certificate transparency).
    CertificateLog,
    /// Publishes signatures (Rekor).
    Log,
    /// Says what time it is (RFC 3161).
    Timestamps,
}

impl AuthorityKind {
    /// Its name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::CertificateLog => "certificate-log",
            Self::Log => "log",
            Self::Timestamps => "timestamps",
        }
    }
}

//! The checks of a Sigstore bundle, in the order of Sigstore's client specification.

use sigstore_verify::{
    PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult,
    crypto::{Checkpoint, CheckpointSignature},
    types::DerPublicKey,
};

use super::{Artifact, Origin, SigstoreRefusal, TrustRoot, tiles};
use crate::{
    bundle::{Bundle, Content, Material, log::LogEntry},
    certificate::UnixTime,
    identity::{Identity, IdentityRefusal, Required},
    json::Object,
    key::PublicKey,
};

/// Whose signature counts.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// That of an identity, shown by a certificate in the bundle.
    Identity(&'a Required),
    /// That of the holder of a key; what the bundle brings from logs and clocks must hold too.
    Key(&'a PublicKey),
}

/// What was checked and held. Only [`TrustRoot::verify`] makes one.
#[derive(Clone, Debug)]
pub struct Proven {
    identity: Option<Identity>,
    certificate: Option<Vec<u8>>,
    times: Vec<UnixTime>,
    logged: bool,
    root: Origin,
}

impl Proven {
    /// By which trust root.
    #[must_use]
    pub const fn root(&self) -> &Origin {
        &self.root
    }

    /// Who signed, where a certificate said so.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// When it was signed, by each clock or log that is believed; earliest first. The certificate was valid at each.
    #[must_use]
    pub fn times(&self) -> &[UnixTime] {
        &self.times
    }

    /// Whether an entry in a transparency log was proven.
    #[must_use]
    pub const fn logged(&self) -> bool {
        self.logged
    }
}

impl TrustRoot {
    /// Checks who signed an artifact.
    ///
    /// 1. The bundle has the evidence that its version demands.
    /// 2. Every timestamp and every promise of a log in it is by an authority that is believed for that time; there is at
    ///    least one.
    /// 3. The certificate leads to an authority that is believed, and was valid, at each of those times; it is for signing
    ///    code.
    /// 4. Its publication was promised by a certificate log that is believed.
    /// 5. Its identity is the one required.
    /// 6. The entry is in a log that is believed: inclusion proof, checkpoint and promise.
    /// 7. The signature is by that certificate over the artifact; a statement names the artifact as a subject.
    /// 8. The entry is about this very signature, certificate and artifact (CVE-2022-36056).
    ///
    /// For [`Whom::Key`] the key takes the place of 3 to 5, and a time is not demanded.
    ///
    /// # Errors
    /// [`SigstoreRefusal`] names the first rule that is broken.
    pub fn verify(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
        whom: Whom<'_>,
    ) -> Result<Proven, SigstoreRefusal> {
        let logged = bundle.logged().ok_or(SigstoreRefusal::NoLogEntry)?;
        logged.entries.iter().try_for_each(names_its_log)?;
        let tiles = tiles::set_aside(logged)?;
        let client = read(tiles.as_ref().map_or(&logged.text, |tiles| &tiles.rest))?;
        // The client proves inclusion for every entry it knows; those set aside are proven below.
        let proves_log = self.needs_log && tiles.is_none();
        let (result, identity) = match whom {
            Whom::Identity(required) => {
                let result = artifact.verify(&self.verifier, &client, &self.for_certificates(proves_log))?;
                (result, Some(identity(bundle, required)?))
            }
            Whom::Key(key) => {
                let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.to_spki_der().to_vec()));
                let policy = if proves_log {
                    policy
                } else {
                    policy.skip_tlog_unsafe()
                };
                (artifact.verify(&self.verifier, &client, &policy)?, None)
            }
        };
        if let Some(tiles) = &tiles {
            tiles.prove(bundle, whom, &self.logs)?;
        }
        Ok(Proven {
            identity,
            certificate: bundle.signing_certificate().map(<[u8]>::to_vec),
            times: times(&result),
            logged: result.tlog_verified() || tiles.is_some(),
            root: self.origin.clone(),
        })
    }

    fn for_certificates(&self, proves_log: bool) -> VerificationPolicy {
        // Whose identity counts is judged by this crate, after everything that makes a certificate one.
        let mut policy = VerificationPolicy::any_identity();
        if !proves_log {
            policy = policy.skip_tlog_unsafe();
        }
        if !self.needs_certificate_log {
            policy = policy.skip_sct();
        }
        policy
    }
}

/// A checkpoint is by the log that the entry names. The signature's key hint is the start of the log's id (C2SP
/// signed-note), and the client looks at either alone.
fn names_its_log(entry: &LogEntry) -> Result<(), SigstoreRefusal> {
    let proof = entry.proof.as_ref().and_then(|proof| proof.0.checkpoint.as_ref());
    let Some(Object(note)) = proof.filter(|note| !note.0.envelope.is_empty()) else {
        return Ok(());
    };
    let checkpoint = Checkpoint::from_text(&note.envelope).map_err(|error| SigstoreRefusal::Checkpoint {
        what: error.to_string(),
    })?;
    let by = |signature: &CheckpointSignature| entry.log.0.key.0.starts_with(signature.key_id.as_bytes());
    if note.envelope.ends_with('\n') && checkpoint.signatures().iter().any(by) {
        return Ok(());
    }
    Err(SigstoreRefusal::Checkpoint {
        what: "it is cut off, or by another log than the entry names".to_owned(),
    })
}

fn read(text: &[u8]) -> Result<sigstore_verify::types::Bundle, SigstoreRefusal> {
    serde_json::from_slice(text).map_err(|error| SigstoreRefusal::Malformed {
        what: error.to_string(),
    })
}

fn identity(bundle: &Bundle, required: &Required) -> Result<Identity, SigstoreRefusal> {
    let certificate = bundle
        .signing_certificate()
        .ok_or(SigstoreRefusal::NoCertificate)?;
    let identity = Identity::of_certificate(certificate).map_err(IdentityRefusal::from)?;
    required.check(&identity)?;
    Ok(identity)
}

fn times(result: &VerificationResult) -> Vec<UnixTime> {
    let seconds = |time: &jiff::Timestamp| u64::try_from(time.as_second()).ok().map(UnixTime);
    let mut times: Vec<_> = result.verified_timestamps().iter().filter_map(seconds).collect();
    times.sort_unstable();
    times.dedup();
    times
}

/// The signature of a bundle, whatever it covers.
pub(super) fn signature(content: &Content) -> &[u8] {
    match content {
        Content::Envelope(envelope) => &envelope.signature,
        Content::Message(message) => &message.signature,
    }
}

impl Bundle {
    /// The certificate of the signer, DER, where there is one.
    #[must_use]
    pub fn signing_certificate(&self) -> Option<&[u8]> {
        match &self.material {
            Material::PublicKey { .. } => None,
            Material::Certificates(chain) | Material::Sigstore(chain) => chain.first().map(Vec::as_slice),
        }
    }
}

//! [`Session`]: a certified key, and what it signs.

use sha2::{Digest as _, Sha256};
use weightlock_artifact::digest::Digest;
use weightlock_transport::http::Client;

use super::{KeylessError, Plan, authority, clock, log::Entry, write};
use crate::{
    Refusal,
    bundle::{Bundle, Content, MessageDigest, MessageSignature},
    certificate::{Certificate, UnixTime},
    envelope::{Envelope, IN_TOTO, pre_authentication_encoding},
    identity::{Identity, IdentityRefusal, Required},
    key::{Algorithm, PrivateKey, Random, Signer as _},
    sigstore::{Artifact, Proven, TrustRoot, Whom, oidc::Token},
    statement,
};

/// Who is called, and who is believed about what they answer.
#[derive(Clone, Copy, Debug)]
pub struct Services<'a> {
    /// How calls are made.
    pub client: &'a Client,
    /// Who is called.
    pub plan: &'a Plan,
    /// Against whom every answer is checked.
    pub root: &'a TrustRoot,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub enum Signable<'a> {
    /// Bytes with this SHA-256. Not of an encoded statement: see [`crate::blob::Blob::check_signable`].
    Sha256([u8; 32]),
    /// An in-toto statement; it goes into the bundle.
    Statement(&'a [u8]),
}

impl Signable<'_> {
    /// These bytes.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Sha256(Sha256::digest(bytes).into())
    }
}

/// A signature, and what was proven about it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The bundle to write.
    pub bundle: Vec<u8>,
    /// What a verifier finds in it.
    pub proven: Proven,
}

/// A key that is certified for minutes. It can sign several things, and is wiped when dropped.
#[derive(Debug)]
pub struct Session<'a> {
    services: Services<'a>,
    key: PrivateKey,
    certificate: Certificate,
    identity: Identity,
}

impl<'a> Session<'a> {
    /// Makes a key and has it certified for whom the token shows. `expected` names who that must be, for authorities
    /// whose names the token does not tell.
    ///
    /// # Errors
    /// [`KeylessError`]: the authority refuses, or certifies another key or somebody else.
    pub fn open(
        services: Services<'a>,
        token: &Token,
        expected: Option<&str>,
        random: &mut dyn Random,
    ) -> Result<Self, KeylessError> {
        let authority = &services.plan.authority;
        let key = PrivateKey::generate(Algorithm::P256, random)?;
        let certificate = authority::certify(services.client, authority, token, &key)?;
        let at = || authority.origin().to_owned();
        if certificate.public_key().ok().as_ref() != Some(key.public_key()) {
            return Err(KeylessError::OtherKey { at: at() });
        }
        let identity = Identity::of_certificate(certificate.as_der())
            .map_err(|error| KeylessError::Refused(IdentityRefusal::from(error).into()))?;
        let shown = match expected {
            Some(name) => identity.name().as_str() == name,
            None => token.shows(&identity),
        };
        if !shown {
            let wanted = expected.map(str::to_owned);
            let wanted = wanted
                .or_else(|| token.names().into_iter().next())
                .unwrap_or_default();
            return Err(KeylessError::OtherIdentity {
                at: at(),
                found: Box::new(identity),
                wanted: format!("{wanted} of {}", token.issuer()),
            });
        }
        Ok(Self {
            services,
            key,
            certificate,
            identity,
        })
    }

    /// Who signs.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Signs, has the signature timed and logged, and checks the whole as a consumer will.
    ///
    /// # Errors
    /// [`KeylessError`]: a service refuses or answers wrongly. The signature may have been published all the same.
    pub fn sign(
        &self,
        signable: Signable<'_>,
        now: UnixTime,
        random: &mut dyn Random,
    ) -> Result<Signed, KeylessError> {
        let until = self.certificate.not_after();
        if now > until {
            return Err(KeylessError::Ended {
                until: until.to_string(),
            });
        }
        let (digest, artifact) = match signable {
            Signable::Sha256(digest) => (digest, Digest::sha256(digest)),
            Signable::Statement(payload) => {
                let covered = pre_authentication_encoding(IN_TOTO, payload);
                let about = about(payload).map_err(KeylessError::Statement)?;
                (Sha256::digest(covered).into(), about)
            }
        };
        let signature = self.key.sign_digest(&digest)?;
        let content = content(signable, &digest, signature.clone());
        let (entries, stamps) = self.publish(&digest, &signature, &content, random)?;
        let text = write::bundle(&self.certificate, &content, &entries, &stamps);
        let bundle = Bundle::parse(&text).map_err(KeylessError::Bundle)?;
        let required = Required::exactly(self.identity.name().as_str(), self.identity.issuer());
        let root = self.services.root;
        let proven = root.verify(&bundle, Artifact::Sha256(artifact), Whom::Identity(&required));
        Ok(Signed {
            proven: proven.map_err(KeylessError::Refused)?,
            bundle: text,
        })
    }

    /// Timestamps first: what is logged cannot be taken back.
    fn publish(
        &self,
        digest: &[u8],
        signature: &[u8],
        content: &Content,
        random: &mut dyn Random,
    ) -> Result<(Vec<serde_json::Value>, Vec<Vec<u8>>), KeylessError> {
        let Services { client, plan, .. } = self.services;
        let stamps = plan
            .clocks
            .iter()
            .map(|clock| clock::stamp(client, clock, signature, random))
            .collect::<Result<Vec<_>, _>>()?;
        let entry = Entry {
            digest,
            signature,
            certificate: &self.certificate,
            envelope: match content {
                Content::Envelope(envelope) => Some(envelope),
                Content::Message(_) => None,
            },
        };
        let entries = plan
            .logs
            .iter()
            .map(|(version, log)| entry.log(client, *version, log))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((entries, stamps))
    }
}

/// The SHA-256 of the first subject of a statement.
fn about(payload: &[u8]) -> Result<Digest, Refusal> {
    let claimed = statement::first_subject(payload)?;
    Digest::from_hex(weightlock_artifact::digest::Algorithm::Sha256, &claimed)
        .map_err(|_| Refusal::SubjectDigest)
}

fn content(signable: Signable<'_>, digest: &[u8; 32], signature: Vec<u8>) -> Content {
    match signable {
        Signable::Sha256(_) => Content::Message(MessageSignature {
            digest: Some(MessageDigest {
                algorithm: "SHA2_256".to_owned(),
                bytes: digest.to_vec(),
            }),
            signature,
        }),
        Signable::Statement(payload) => Content::Envelope(Envelope {
            payload_type: IN_TOTO.to_owned(),
            payload: payload.to_vec(),
            signature,
        }),
    }
}

//! Keys on a PKCS#11 token: smart cards, HSMs, softhsm2. The private key never leaves the token.
//!
//! 1. Load the module (`module-path`, `module-name`, or the caller's default).
//! 2. Find exactly one token that fits the URI.
//! 3. Open a read-only session and log in: `pin-value`, `pin-source`, the caller's closure, or the token's own
//!    key pad.
//! 4. Find exactly one private EC key by label and id, and its public half: on the private object, on the public
//!    object with the same id, in the certificate the caller has, or in the one on the token.
//! 5. Sign with `CKM_ECDSA` over the digest, turn `r‖s` into DER, and **check the signature** with the public
//!    key before it is given out.
//!
//! Not finding something, finding two, a wrong PIN and a locked PIN are different refusals.

mod error;
mod module;

use std::{fmt, io::Read, path::Path};

use cryptoki::{
    context::Pkcs11,
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::RawAuthPin,
};
use der::{Decode, asn1::ObjectIdentifier};

use super::{
    Algorithm, Password, PasswordNeeded, PublicKey, SignError, Signer, public,
    signature::fixed_to_der,
    uri::{ObjectType, Uri},
};
use crate::certificate::Certificate;

pub use error::{Pkcs11Error, TokenOpenError};
pub use module::installed_modules;

/// What the caller knows beside the URI.
#[derive(Clone, Copy, Default, Debug)]
pub struct TokenOptions<'a> {
    /// The module to use when the URI names none.
    pub module: Option<&'a Path>,
    /// The signer's certificate, where the public key is not on the token.
    pub certificate: Option<&'a Certificate>,
}

/// A private key on a token, ready to sign.
pub struct Pkcs11Signer {
    session: Session,
    key: ObjectHandle,
    /// The key's `CKA_ID`; empty where it has none.
    id: Vec<u8>,
    public: PublicKey,
    uri: Uri,
}

impl Pkcs11Signer {
    /// Finds the key that the URI names and logs in. `pin` is called only if the token wants a PIN and the URI
    /// names none.
    ///
    /// # Errors
    /// [`TokenOpenError`]: what is wrong with module, token, key or PIN, or the closure's own error.
    pub fn open<E>(
        uri: &Uri,
        options: TokenOptions<'_>,
        pin: impl FnOnce(PasswordNeeded) -> Result<Password, E>,
    ) -> Result<Self, TokenOpenError<E>> {
        if matches!(uri.object_type, Some(ObjectType::Data | ObjectType::SecretKey)) {
            return Err(Pkcs11Error::NotASigningKey.into());
        }
        let module = module::load(uri, options.module)?;
        let slot = find_token(&module, uri)?;
        let session = module.open_ro_session(slot).map_err(failed("open a session"))?;
        log_in(&module, slot, &session, uri, pin)?;
        Ok(Self::find_key(session, uri, options.certificate)?)
    }

    fn find_key(session: Session, uri: &Uri, given: Option<&Certificate>) -> Result<Self, Pkcs11Error> {
        let shown = || uri.to_string();
        let keys = find(
            &session,
            ObjectClass::PRIVATE_KEY,
            uri.id.as_deref(),
            uri.object.as_deref(),
        )?;
        let key = match keys.as_slice() {
            [] => return Err(Pkcs11Error::KeyMissing { uri: shown() }),
            [key] => *key,
            several => {
                return Err(Pkcs11Error::KeyAmbiguous {
                    uri: shown(),
                    count: several.len(),
                });
            }
        };
        let found = Attributes::read(&session, key)?;
        if found.kind != Some(KeyType::EC) || found.may_sign == Some(false) {
            return Err(Pkcs11Error::NotASigningKey);
        }
        let public = match found.public_key()? {
            Some(public) => public,
            None => public_half(&session, uri, &found, given)?
                .ok_or_else(|| Pkcs11Error::PublicKeyMissing { uri: shown() })?,
        };
        Ok(Self {
            session,
            key,
            id: found.id,
            public,
            uri: uri.clone(),
        })
    }

    /// The X.509 certificate on the token that belongs to the key.
    ///
    /// # Errors
    /// [`Pkcs11Error::CertificateMissing`] if there is not exactly one.
    pub fn certificate(&self) -> Result<Certificate, Pkcs11Error> {
        let label = if self.id.is_empty() {
            self.uri.object.as_deref()
        } else {
            None
        };
        let mut found = certificates(&self.session, &self.id, label)?;
        match (found.pop(), found.len()) {
            (Some(certificate), 0) => Ok(certificate),
            (last, others) => Err(Pkcs11Error::CertificateMissing {
                uri: self.uri.to_string(),
                count: others + usize::from(last.is_some()),
            }),
        }
    }
}

impl Signer for Pkcs11Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_digest(&self.public.algorithm().hash().digest(message))
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let algorithm = self.public.algorithm();
        let fixed = self
            .session
            .sign(&Mechanism::Ecdsa, self.key, digest)
            .map_err(failed("sign"))?;
        let signature = fixed_to_der(algorithm, &fixed).ok_or(Pkcs11Error::BadSignature)?;
        self.public
            .verify_digest(digest, &signature)
            .map_err(|_| Pkcs11Error::BadSignature)?;
        Ok(signature)
    }
}

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Signer")
            .field("uri", &self.uri.to_string())
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

fn failed(operation: &'static str) -> impl FnOnce(Error) -> Pkcs11Error {
    move |source| Pkcs11Error::Failed { operation, source }
}

/// Step 2: the one initialised token that fits every attribute the URI gives.
fn find_token(module: &Pkcs11, uri: &Uri) -> Result<Slot, Pkcs11Error> {
    let mut fitting = Vec::new();
    if library_fits(module, uri)? {
        for slot in module
            .get_slots_with_initialized_token()
            .map_err(failed("list its tokens"))?
        {
            if token_fits(module, slot, uri)? {
                fitting.push(slot);
            }
        }
    }
    match fitting.as_slice() {
        [] => Err(Pkcs11Error::TokenMissing { uri: uri.to_string() }),
        [slot] => Ok(*slot),
        several => Err(Pkcs11Error::TokenAmbiguous {
            uri: uri.to_string(),
            count: several.len(),
        }),
    }
}

fn fits(wanted: Option<&String>, has: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == has)
}

fn library_fits(module: &Pkcs11, uri: &Uri) -> Result<bool, Pkcs11Error> {
    let info = module.get_library_info().map_err(failed("describe itself"))?;
    let version = (info.library_version().major(), info.library_version().minor());
    Ok(fits(uri.library_manufacturer.as_ref(), info.manufacturer_id())
        && fits(uri.library_description.as_ref(), info.library_description())
        && uri.library_version.is_none_or(|wanted| wanted == version))
}

fn token_fits(module: &Pkcs11, slot: Slot, uri: &Uri) -> Result<bool, Pkcs11Error> {
    let token = module.get_token_info(slot).map_err(failed("describe a token"))?;
    let place = module.get_slot_info(slot).map_err(failed("describe a slot"))?;
    Ok(fits(uri.token.as_ref(), token.label())
        && fits(uri.manufacturer.as_ref(), token.manufacturer_id())
        && fits(uri.serial.as_ref(), token.serial_number())
        && fits(uri.model.as_ref(), token.model())
        && fits(uri.slot_description.as_ref(), place.slot_description())
        && fits(uri.slot_manufacturer.as_ref(), place.manufacturer_id())
        && uri.slot_id.is_none_or(|wanted| wanted == slot.id()))
}

/// Step 3.
fn log_in<E>(
    module: &Pkcs11,
    slot: Slot,
    session: &Session,
    uri: &Uri,
    pin: impl FnOnce(PasswordNeeded) -> Result<Password, E>,
) -> Result<(), TokenOpenError<E>> {
    let token = module.get_token_info(slot).map_err(failed("describe a token"))?;
    if !token.login_required() {
        return Ok(());
    }
    if token.user_pin_locked() {
        return Err(Pkcs11Error::PinLocked.into());
    }
    let pin = match (&uri.pin_value, &uri.pin_source) {
        (Some(pin), _) => Some(pin.clone()),
        (None, Some(source)) => Some(read_pin(source.path())?),
        (None, None) if token.protected_authentication_path() => None,
        (None, None) => Some(pin(PasswordNeeded::TokenPin).map_err(TokenOpenError::Pin)?),
    };
    let answer = match pin {
        Some(pin) => session.login_with_raw(
            UserType::User,
            &RawAuthPin::new(Box::new(pin.as_bytes().to_vec())),
        ),
        None => session.login(UserType::User, None),
    };
    match answer {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
            Err(Pkcs11Error::PinWrong.into())
        }
        Err(Error::Pkcs11(RvError::PinLocked | RvError::PinExpired, _)) => Err(Pkcs11Error::PinLocked.into()),
        Err(source) => Err(Pkcs11Error::Failed {
            operation: "log in",
            source,
        }
        .into()),
    }
}

/// The first line of a small file.
fn read_pin(path: &str) -> Result<Password, Pkcs11Error> {
    /// PKCS#11 PINs have at most a few dozen characters.
    const MAX_BYTES: u64 = 1024;
    let unreadable = |source| Pkcs11Error::PinSource {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(1025));
    file.take(MAX_BYTES).read_to_end(&mut text).map_err(unreadable)?;
    let line = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or(&[]);
    Ok(Password::new(line))
}

/// Objects of a class, by id and label where given.
fn find(
    session: &Session,
    class: ObjectClass,
    id: Option<&[u8]>,
    label: Option<&str>,
) -> Result<Vec<ObjectHandle>, Pkcs11Error> {
    let mut template = vec![Attribute::Class(class)];
    template.extend(id.map(|id| Attribute::Id(id.to_vec())));
    template.extend(label.map(|label| Attribute::Label(label.as_bytes().to_vec())));
    session
        .find_objects(&template)
        .map_err(failed("look for objects"))
}

/// What is known about a key object.
#[derive(Default)]
struct Attributes {
    kind: Option<KeyType>,
    id: Vec<u8>,
    label: Vec<u8>,
    may_sign: Option<bool>,
    curve: Option<Vec<u8>>,
    point: Option<Vec<u8>>,
}

impl Attributes {
    fn read(session: &Session, object: ObjectHandle) -> Result<Self, Pkcs11Error> {
        const WANTED: [AttributeType; 6] = [
            AttributeType::KeyType,
            AttributeType::Id,
            AttributeType::Label,
            AttributeType::Sign,
            AttributeType::EcParams,
            AttributeType::EcPoint,
        ];
        let mut found = Self::default();
        for attribute in session
            .get_attributes(object, &WANTED)
            .map_err(failed("describe a key"))?
        {
            match attribute {
                Attribute::KeyType(kind) => found.kind = Some(kind),
                Attribute::Id(id) => found.id = id,
                Attribute::Label(label) => found.label = label,
                Attribute::Sign(may) => found.may_sign = Some(may),
                Attribute::EcParams(curve) => found.curve = Some(curve).filter(|curve| !curve.is_empty()),
                Attribute::EcPoint(point) => found.point = Some(point).filter(|point| !point.is_empty()),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The public key, if the object carries curve and point. The point is a DER OCTET STRING; some tokens leave
    /// the wrapping out.
    fn public_key(&self) -> Result<Option<PublicKey>, Pkcs11Error> {
        let (Some(curve), Some(point)) = (&self.curve, &self.point) else {
            return Ok(None);
        };
        let oid = ObjectIdentifier::from_der(curve).map_err(|_| Pkcs11Error::NotASigningKey)?;
        let algorithm: Algorithm = public::curve_of(oid).map_err(Pkcs11Error::Key)?;
        let bare = <&der::asn1::OctetStringRef>::from_der(point)
            .map_or(point.as_slice(), |octets| octets.as_bytes());
        PublicKey::from_point(algorithm, bare)
            .map(Some)
            .map_err(Pkcs11Error::Key)
    }
}

/// Step 4, where the private object does not carry its point.
fn public_half(
    session: &Session,
    uri: &Uri,
    private: &Attributes,
    given: Option<&Certificate>,
) -> Result<Option<PublicKey>, Pkcs11Error> {
    let by_id = !private.id.is_empty();
    let label = std::str::from_utf8(&private.label)
        .ok()
        .filter(|label| !by_id && !label.is_empty());
    let label = label.or(if by_id { None } else { uri.object.as_deref() });
    if !by_id && label.is_none() {
        return certificate_key(given);
    }
    let id = by_id.then_some(private.id.as_slice());
    for object in find(session, ObjectClass::PUBLIC_KEY, id, label)? {
        if let Some(key) = Attributes::read(session, object)?.public_key()? {
            return Ok(Some(key));
        }
    }
    match certificate_key(given)? {
        Some(key) => Ok(Some(key)),
        None => certificate_key(certificates(session, &private.id, label)?.first()),
    }
}

fn certificate_key(certificate: Option<&Certificate>) -> Result<Option<PublicKey>, Pkcs11Error> {
    certificate
        .map(Certificate::public_key)
        .transpose()
        .map_err(Pkcs11Error::Key)
}

/// The X.509 certificates with an id, or with a label where there is no id.
fn certificates(session: &Session, id: &[u8], label: Option<&str>) -> Result<Vec<Certificate>, Pkcs11Error> {
    let mut template = vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
    ];
    if !id.is_empty() {
        template.push(Attribute::Id(id.to_vec()));
    }
    template.extend(label.map(|label| Attribute::Label(label.as_bytes().to_vec())));
    let objects = session
        .find_objects(&template)
        .map_err(failed("look for certificates"))?;
    let mut certificates = Vec::new();
    for object in objects {
        let values = session.get_attributes(object, &[AttributeType::Value]);
        for value in values.map_err(failed("read a certificate"))? {
            if let Attribute::Value(der) = value {
                certificates.push(Certificate::from_der(&der).map_err(Pkcs11Error::Certificate)?);
            }
        }
    }
    Ok(certificates)
}

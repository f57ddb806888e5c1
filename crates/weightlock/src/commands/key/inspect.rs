//! `weightlock key inspect`: what a key or certificate file is, and whether it can sign models.
//!
//! An encrypted private key is described without its password. With a password it is opened, which also shows that
//! the password is the right one.

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_signing::{
    certificate::{Certificate, UnixTime},
    key::{KeyError, OpenError, Password, PasswordNeeded, PrivateKey, PublicKey},
};

use super::Fingerprints;
use crate::{
    cli::PasswordFlags, context::Context, diagnostic::Diagnostic, explanations::USAGE, flags::reference,
    password, reply::Reply, text::Shown,
};

const VERB: &str = "key inspect";

/// Say what a key or certificate file is, and whether it can sign models.
#[derive(Args, Debug)]
pub struct Arguments {
    /// A PEM file: public key, private key or certificates; env://NAME; or a key that a service keeps, with --online
    #[arg(value_name = "FILE|REFERENCE")]
    file: PathBuf,
    /// Permit the call to the service that keeps the key
    #[arg(long)]
    online: bool,
    #[command(flatten)]
    password: PasswordFlags,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspected {
    /// The file as it was named.
    pub file: String,
    /// `public-key`, `private-key` or `certificates`.
    pub kind: Kind,
    /// How a private key is encrypted: `none`, `pkcs8` or `cosign`; absent for what is public.
    pub encryption: Option<Encryption>,
    /// The key; absent when it is encrypted and no password was given, and for certificates.
    pub key: Option<Key>,
    /// The certificates in the order of the file.
    pub certificates: Vec<CertificateFacts>,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The public half of a key pair.
    PublicKey,
    /// The private half, which holds the public one too.
    PrivateKey,
    /// One or more X.509 certificates.
    Certificates,
}

/// How a private key is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// Not at all.
    None,
    /// With PKCS#8, as OpenSSL writes it.
    Pkcs8,
    /// As cosign and `key generate` write it.
    Cosign,
}

/// What is known about a key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Kind of key.
    pub algorithm: String,
    /// Whether it can sign models.
    pub signs_models: bool,
    /// Names of the key in signatures.
    pub fingerprints: Fingerprints,
}

/// What a certificate says. Nothing here was checked: `verify` does that.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// Whom it is about.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Further names of the subject.
    pub alternative_names: Vec<String>,
    /// Its number at the issuer, in hexadecimal.
    pub serial: String,
    /// First moment of validity, RFC 3339.
    pub not_before: String,
    /// Last moment of validity, RFC 3339.
    pub not_after: String,
    /// Whether now lies between the two.
    pub valid_now: bool,
    /// The key; absent when it is of a kind that is not used here, such as RSA.
    pub key: Option<Key>,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match inspect(arguments, context.now()) {
        Ok(result) => Reply::yes(VERB, text(&result), result),
        Err(told) => (VERB, told).into(),
    }
}

fn inspect(arguments: &Arguments, now: UnixTime) -> Result<Inspected, Diagnostic> {
    let path = &arguments.file;
    let reference = reference::parse(path)?;
    let mut found = Inspected {
        file: reference.to_string(),
        kind: Kind::PublicKey,
        encryption: None,
        key: None,
        certificates: Vec::new(),
    };
    if reference.needs_service() {
        found.key = Some((&reference::public_key(path, arguments.online)?).into());
        return Ok(found);
    }
    let Some(text) = reference::text(&reference, Certificate::MAX_PEM_BYTES)? else {
        return Err(Diagnostic::new(USAGE, "a key on a token is not a file")
            .note("the token's own tools list its keys; signing with one checks that it can be used"));
    };
    match PublicKey::from_pem(&text) {
        Ok(key) => found.key = Some((&key).into()),
        Err(KeyError::IsPrivate) => {
            found.kind = Kind::PrivateKey;
            (found.encryption, found.key) = private(&text, path, &arguments.password)?;
        }
        // A chain is larger than a key may be, so size alone does not decide.
        Err(error) => match Certificate::chain_from_pem(&text) {
            Ok(chain) => {
                found.kind = Kind::Certificates;
                found.certificates = chain.iter().map(|one| CertificateFacts::of(one, now)).collect();
            }
            Err(broken) if error == KeyError::IsCertificate => {
                return Err(Diagnostic::of(broken.code(), &broken).at(path.display().to_string()));
            }
            Err(_) => return Err(refused(&error, path)),
        },
    }
    Ok(found)
}

fn refused(error: &KeyError, path: &Path) -> Diagnostic {
    let told = Diagnostic::of(error.code(), error).at(path.display().to_string());
    match error.hint() {
        Some(hint) => told.help(hint),
        None => told,
    }
}

/// Opens a private key if it is not encrypted or its password was given.
fn private(
    text: &[u8],
    path: &Path,
    flags: &PasswordFlags,
) -> Result<(Option<Encryption>, Option<Key>), Diagnostic> {
    let mut encryption = Encryption::None;
    let mut given = |needed: PasswordNeeded| -> Result<Password, Option<Diagnostic>> {
        encryption = match needed {
            PasswordNeeded::Cosign => Encryption::Cosign,
            _ => Encryption::Pkcs8,
        };
        password::given(flags).map_err(Some)?.ok_or(None)
    };
    let key = match PrivateKey::from_pem(text, &mut given) {
        Ok(key) => Some(key.public_key().into()),
        Err(OpenError::Password(None)) => None,
        Err(OpenError::Password(Some(told))) => return Err(told),
        Err(OpenError::Key(error)) => return Err(refused(&error, path)),
    };
    Ok((Some(encryption), key))
}

fn text(found: &Inspected) -> String {
    let file = Shown(&found.file);
    let mut text = match (found.kind, found.encryption) {
        (Kind::PublicKey, _) => format!("{file}   public key\n"),
        (Kind::PrivateKey, Some(Encryption::Cosign)) => {
            format!("{file}   private key, encrypted as cosign does\n")
        }
        (Kind::PrivateKey, Some(Encryption::Pkcs8)) => {
            format!("{file}   private key, encrypted (PKCS#8)\n")
        }
        (Kind::PrivateKey, _) => format!("{file}   private key, NOT encrypted\n"),
        (Kind::Certificates, _) => format!("{file}   certificates: {}\n", found.certificates.len()),
    };
    match &found.key {
        Some(key) => text += &key.text(),
        None if found.kind == Kind::PrivateKey => {
            text += "  its kind and fingerprints are encrypted too; --password-file FILE opens it\n";
        }
        None => {}
    }
    text + &found
        .certificates
        .iter()
        .map(CertificateFacts::text)
        .collect::<String>()
}

impl From<&PublicKey> for Key {
    fn from(key: &PublicKey) -> Self {
        Self {
            algorithm: key.algorithm().to_string(),
            signs_models: key.algorithm().oms_allowed(),
            fingerprints: Fingerprints::of(key),
        }
    }
}

impl Key {
    fn text(&self) -> String {
        let use_for = if self.signs_models {
            "can sign models"
        } else {
            "for blobs and attestations; models need P-256, P-384 or P-521"
        };
        format!("  {}; {use_for}\n{}", self.algorithm, self.fingerprints.text())
    }
}

impl CertificateFacts {
    fn of(certificate: &Certificate, now: UnixTime) -> Self {
        let (from, to) = (certificate.not_before(), certificate.not_after());
        Self {
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            alternative_names: certificate.alternative_names().map(str::to_owned).collect(),
            serial: certificate.serial(),
            not_before: from.to_string(),
            not_after: to.to_string(),
            valid_now: (from..=to).contains(&now),
            key: certificate.public_key().ok().as_ref().map(Key::from),
        }
    }

    fn text(&self) -> String {
        let names: String = self
            .alternative_names
            .iter()
            .map(|name| format!("  also named {}\n", Shown(name)))
            .collect();
        let now = if self.valid_now {
            "valid now"
        } else {
            "NOT valid now"
        };
        let key = match &self.key {
            Some(key) => key.text(),
            None => "  its key is of a kind that is not used here; it cannot sign models\n".to_owned(),
        };
        format!(
            "\n  subject    {}\n{names}  issuer     {}\n  serial     {}\n  validity   {} to {}, {now}\n{key}",
            Shown(&self.subject),
            Shown(&self.issuer),
            self.serial,
            self.not_before,
            self.not_after
        )
    }
}

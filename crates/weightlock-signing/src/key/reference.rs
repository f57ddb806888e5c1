//! [`KeyReference`]: what somebody wrote to name a key.
//!
//! | written | meaning |
//! |---|---|
//! | a path | a file |
//! | `env://NAME` | the PEM text in an environment variable |
//! | `pkcs11:…` | a key on a token, [RFC 7512](super::uri) |
//! | `hashivault://KEY`, `openbao://KEY` | a key of the transit engine of Vault or OpenBao |
//! | `awskms://[ENDPOINT]/ID` | a key of AWS KMS: key id, key ARN, `alias/NAME` or alias ARN |
//! | `gcpkms://` `azurekms://` `k8s://` `https://` `github://` `gitlab://` | known, and refused by name |
//!
//! The forms are cosign's. The last row is refused because nothing here could be tested against those services, and an
//! untested way to a key is worse than none; none of them is ever taken for a file. So is a scheme nobody knows: a file
//! with `://` in its name is written `./NAME`.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
};

use weightlock_artifact::{reason::Code, text::Shown};

use super::{
    reason,
    uri::{Uri, UriError},
};

/// Longer than any reference written by hand.
const MAX_BYTES: usize = 4096;

/// Schemes that are known and not built.
const UNTESTED: [&str; 6] = ["gcpkms", "azurekms", "k8s", "https", "github", "gitlab"];

/// What names a key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeyReference {
    /// A file.
    File(PathBuf),
    /// An environment variable that holds the PEM text.
    Variable(String),
    /// A key on a token.
    Token(Box<Uri>),
    /// A key of Vault or OpenBao.
    Vault(VaultKey),
    /// A key of AWS KMS.
    Aws(AwsKey),
}

/// A key of the transit engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultKey {
    product: Product,
    name: String,
}

/// Whose transit engine: the protocol is the same, the variables that configure it are named after the product.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Product {
    /// HashiCorp Vault.
    Vault,
    /// OpenBao.
    OpenBao,
}

/// A key of AWS KMS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AwsKey {
    endpoint: Option<String>,
    id: String,
}

/// Why a text names no key that is used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// Known, and not built until it can be tested.
    #[error("keys named {scheme}:// are not supported: nothing here could be tested against that service")]
    Untested {
        /// The scheme.
        scheme: &'static str,
    },
    /// A scheme nobody knows.
    #[error("{}:// names no kind of key", Shown(scheme))]
    Unknown {
        /// The scheme.
        scheme: String,
    },
    /// The scheme is known and the rest has another form.
    #[error("a key named {scheme}:// has the form {form}")]
    Form {
        /// The scheme.
        scheme: &'static str,
        /// How it is written.
        form: &'static str,
    },
    /// The PKCS#11 URI is not valid.
    #[error(transparent)]
    Token(#[from] UriError),
}

impl ReferenceError {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Untested { .. } => reason::KMS_UNTESTED,
            Self::Unknown { .. } | Self::Form { .. } => reason::KMS_REFERENCE,
            Self::Token(error) => error.code(),
        }
    }
}

impl KeyReference {
    /// Reads a reference.
    ///
    /// # Errors
    /// [`ReferenceError`]: the scheme is not built or not known, or what follows it has another form.
    pub fn parse(written: impl AsRef<OsStr>) -> Result<Self, ReferenceError> {
        let written = written.as_ref();
        let file = || Ok(Self::File(PathBuf::from(written)));
        let Some(text) = written.to_str() else {
            return file();
        };
        if text
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("pkcs11:"))
        {
            return Ok(Self::Token(Box::new(Uri::parse(text)?)));
        }
        let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return file();
        };
        if let Some(scheme) = UNTESTED.iter().find(|known| **known == scheme) {
            return Err(ReferenceError::Untested { scheme });
        }
        let rest = Some(rest).filter(|_| text.len() <= MAX_BYTES);
        match scheme {
            "env" => rest
                .filter(|name| is_variable(name))
                .map(|name| Self::Variable(name.to_owned()))
                .ok_or(ReferenceError::Form {
                    scheme: "env",
                    form: "env://NAME, with letters, digits and underscores",
                }),
            "hashivault" => vault(Product::Vault, rest).ok_or(ReferenceError::Form {
                scheme: "hashivault",
                form: "hashivault://KEY, with letters, digits, and - . _ inside",
            }),
            "openbao" => vault(Product::OpenBao, rest).ok_or(ReferenceError::Form {
                scheme: "openbao",
                form: "openbao://KEY, with letters, digits, and - . _ inside",
            }),
            "awskms" => rest
                .and_then(AwsKey::parse)
                .map(Self::Aws)
                .ok_or(ReferenceError::Form {
                    scheme: "awskms",
                    form: "awskms://[HOST[:PORT]]/ID, where ID is a key id, alias/NAME, or the ARN of either",
                }),
            _ => Err(ReferenceError::Unknown {
                scheme: scheme.to_owned(),
            }),
        }
    }

    /// Whether a service must be called to use the key.
    #[must_use]
    pub const fn needs_service(&self) -> bool {
        matches!(self, Self::Vault(_) | Self::Aws(_))
    }

    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }
}

/// As it is written, without the PIN that a PKCS#11 URI may hold.
impl fmt::Display for KeyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) => write!(f, "env://{name}"),
            Self::Token(uri) => uri.fmt(f),
            Self::Vault(key) => key.fmt(f),
            Self::Aws(key) => key.fmt(f),
        }
    }
}

impl VaultKey {
    /// Whose engine it is in.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// Its name in the engine.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.product {
            Product::Vault => "hashivault",
            Product::OpenBao => "openbao",
        };
        write!(f, "{scheme}://{}", self.name)
    }
}

impl AwsKey {
    /// Host and port to call instead of AWS's own, if one is named. It is called over TLS.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The key id, `alias/NAME`, or the ARN of either.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The region, if the key is named by an ARN.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.id
            .starts_with("arn:")
            .then(|| self.id.split(':').nth(3))
            .flatten()
    }

    /// `[ENDPOINT]/ID`
    fn parse(rest: &str) -> Option<Self> {
        let (endpoint, id) = rest.split_once('/')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let sound = endpoint.bytes().all(plain) && (is_key_or_alias(id) || is_arn(id));
        sound.then(|| Self {
            endpoint: Some(endpoint.to_owned()).filter(|endpoint| !endpoint.is_empty()),
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for AwsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "awskms://{}/{}",
            self.endpoint.as_deref().unwrap_or_default(),
            self.id
        )
    }
}

fn vault(product: Product, name: Option<&str>) -> Option<KeyReference> {
    let name = name.filter(|name| is_vault_name(name))?;
    Some(KeyReference::Vault(VaultKey {
        product,
        name: name.to_owned(),
    }))
}

/// RFC 3986 section 3.1, in lower case: a path such as `./a://b` begins with none.
fn is_scheme(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_word) && !name.as_bytes()[0].is_ascii_digit()
}

/// `\w(([\w-.]+)?\w)?`
fn is_vault_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(|byte| is_word(*byte)))
        && bytes.iter().all(|byte| is_word(*byte) || b"-.".contains(byte))
}

/// `1234abcd-12ab-34cd-56ef-1234567890ab`, with `mrk-` and without dashes for keys of several regions, or `alias/NAME`.
fn is_key_or_alias(id: &str) -> bool {
    if let Some(name) = id.strip_prefix("alias/") {
        let plain = |byte: u8| is_word(byte) || b"-/".contains(&byte);
        return (1..=250).contains(&name.len()) && name.bytes().all(plain);
    }
    let digits = id.strip_prefix("mrk-").unwrap_or(id);
    let hex = digits.bytes().filter(|byte| *byte != b'-');
    hex.clone().count() == 32
        && hex.clone().all(|byte| byte.is_ascii_hexdigit())
        && (digits.len() == 32
            || (digits.len() == 36 && [8, 13, 18, 23].iter().all(|at| digits.as_bytes()[*at] == b'-')))
}

/// `arn:aws:kms:REGION:ACCOUNT:key/ID` or `…:alias/NAME`
fn is_arn(id: &str) -> bool {
    let parts: Vec<&str> = id.splitn(6, ':').collect();
    let [
        "arn",
        "aws" | "aws-us-gov" | "aws-cn",
        "kms",
        region,
        account,
        resource,
    ] = parts[..]
    else {
        return false;
    };
    let region_is_plain = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let named = match resource.strip_prefix("key/") {
        Some(key) => !key.starts_with("alias/") && is_key_or_alias(key),
        None => resource.starts_with("alias/") && is_key_or_alias(resource),
    };
    region_is_plain && account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && named
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn code(text: &str) -> &'static str {
        KeyReference::parse(text).unwrap_err().code().as_str()
    }

    #[test]
    fn files_are_files() {
        for path in [
            "release.key",
            "./a://b",
            "/tmp/x:y",
            "C:\\key",
            "a:b",
            "env:NAME",
            "",
        ] {
            let reference = KeyReference::parse(path).unwrap();
            assert_eq!(reference.file(), Some(Path::new(path)), "{path}");
            assert!(!reference.needs_service());
        }
    }

    #[test]
    fn every_kind_is_read_and_written_back() {
        for text in [
            "env://COSIGN_KEY".to_owned(),
            "hashivault://release".to_owned(),
            "hashivault://a-b.c_d".to_owned(),
            "openbao://x".to_owned(),
            "awskms:///alias/release".to_owned(),
            "awskms:///alias/team/release".to_owned(),
            format!("awskms:///{ID}"),
            format!("awskms://localhost:4566/{ID}"),
            "awskms:///mrk-1234abcd12ab34cd56ef1234567890ab".to_owned(),
            format!("awskms:///arn:aws:kms:us-east-2:111122223333:key/{ID}"),
            "awskms://[::1]:1/arn:aws-cn:kms:cn-north-1:111122223333:alias/release".to_owned(),
        ] {
            assert_eq!(KeyReference::parse(&text).unwrap().to_string(), text);
        }
        assert!(matches!(
            KeyReference::parse("PKCS11:token=a;object=b").unwrap(),
            KeyReference::Token(_)
        ));
    }

    #[test]
    fn a_region_is_in_an_arn_only() {
        let region = |text: &str| match KeyReference::parse(text).unwrap() {
            KeyReference::Aws(key) => key.region().map(str::to_owned),
            other => panic!("{other:?}"),
        };
        let arn = format!("awskms:///arn:aws:kms:eu-west-1:111122223333:key/{ID}");
        assert_eq!(region(&arn).as_deref(), Some("eu-west-1"));
        assert_eq!(region("awskms:///alias/x"), None);
    }

    #[test]
    fn kinds_without_a_test_are_refused_by_name() {
        for text in [
            "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
            "azurekms://vault.example/key",
            "k8s://namespace/secret",
            "https://example.org/cosign.pub",
            "github://owner/repository",
            "gitlab://1",
            "gcpkms://",
        ] {
            assert_eq!(code(text), "WL-KMS-UNTESTED", "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused_and_never_files() {
        for text in [
            "hashivault://".to_owned(),
            "hashivault://a/b".to_owned(),
            "hashivault://-a".to_owned(),
            "hashivault://a.".to_owned(),
            "hashivault://../sys".to_owned(),
            "hashivault://a b".to_owned(),
            "hashivault://ä".to_owned(),
            format!("hashivault://{}", "a".repeat(5000)),
            "openbao://a?b".to_owned(),
            "env://".to_owned(),
            "env://1A".to_owned(),
            "env://A=B".to_owned(),
            "awskms://alias/x".to_owned(),
            "awskms:///".to_owned(),
            "awskms:///alias/".to_owned(),
            "awskms:///alias/a\"b".to_owned(),
            "awskms:///1234".to_owned(),
            format!("awskms:///{ID}0"),
            format!("awskms://user@host/{ID}"),
            format!("awskms:///arn:aws:s3:us-east-2:111122223333:key/{ID}"),
            format!("awskms:///arn:aws:kms::111122223333:key/{ID}"),
            format!("awskms:///arn:aws:kms:us-east-2:1111:key/{ID}"),
            format!("awskms:///arn:aws:kms:us-east-2:111122223333:{ID}"),
            "awskms:///arn:aws:kms:us-east-2:111122223333:key/alias/x".to_owned(),
            "vault://key".to_owned(),
            "HASHIVAULT://key".to_owned(),
            "http://example.org/key".to_owned(),
            "file:///tmp/key".to_owned(),
        ] {
            assert_eq!(code(&text), "WL-KMS-REFERENCE", "{text}");
        }
        assert_eq!(code("pkcs11:token"), "WL-PKCS11-URI");
    }
}

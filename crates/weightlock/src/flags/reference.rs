//! Keys that are named by something else than a file: [`KeyReference`] with what the environment knows about services.
//!
//! | scheme | variables |
//! |---|---|
//! | `hashivault://` | `VAULT_ADDR`, `VAULT_TOKEN` or `~/.vault-token`, `VAULT_NAMESPACE`, `TRANSIT_SECRET_ENGINE_PATH` |
//! | `openbao://` | `BAO_…` of the first three, else those of Vault; the same file |
//! | `awskms://` | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, else `AWS_PROFILE` in `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials`; `AWS_REGION`, `AWS_DEFAULT_REGION`; `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL` |

use std::{
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::input;
use weightlock_signing::{
    certificate::UnixTime,
    key::{
        PublicKey, Signer,
        kms::{
            KmsError,
            aws::{self, AwsSigner, Credentials},
            vault::{self, VaultSigner},
        },
        reference::{KeyReference, Product},
    },
};
use weightlock_transport::{Secret, Url};
use zeroize::Zeroizing;

use crate::{
    commands::target::read_bounded,
    diagnostic::Diagnostic,
    environment::{self, Variable},
    explanations::USAGE,
    online,
};

/// The largest token file. A token has a hundred bytes, a service token of a namespace some more.
const MOST_TOKEN: usize = 64 << 10;

/// Reads what names a key.
pub(crate) fn parse(written: &Path) -> Result<KeyReference, Diagnostic> {
    KeyReference::parse(written).map_err(|error| {
        let place = shown(written);
        Diagnostic::of(error.code(), &error).at(place)
    })
}

/// A reference that is not valid, without a query that may hold a PIN.
fn shown(written: &Path) -> String {
    let text = written.display().to_string();
    text.split('?').next().unwrap_or_default().to_owned()
}

/// The text of a key: from a file or a variable. `None` for keys that have no text here.
pub(crate) fn text(reference: &KeyReference, limit: usize) -> Result<Option<Zeroizing<Vec<u8>>>, Diagnostic> {
    match reference {
        KeyReference::File(path) => read_bounded(path, limit).map(|text| Some(Zeroizing::new(text))),
        KeyReference::Variable(name) => {
            match environment::named(name) {
                Some(text) => Ok(Some(Zeroizing::new(text.into_vec()))),
                None => Err(Diagnostic::new(USAGE, format!("the variable {name} is not set"))
                    .at(reference.to_string())),
            }
        }
        _ => Ok(None),
    }
}

/// The public key that a reference names. A service is called only with `online`.
pub(crate) fn public_key(written: &Path, online: bool) -> Result<PublicKey, Diagnostic> {
    let reference = parse(written)?;
    if reference.needs_service() {
        if !online {
            return Err(Diagnostic::new(
                USAGE,
                "the key is kept by a service, and this verb calls none by itself",
            )
            .at(reference.to_string())
            .help("add --online to permit the call")
            .help("or save the key once:  weightlock key inspect --online REFERENCE"));
        }
        return Ok(service(&reference)?.public_key().clone());
    }
    let Some(text) = text(&reference, PublicKey::MAX_PEM_BYTES)? else {
        return Err(
            Diagnostic::new(USAGE, "a key on a token checks no signatures here")
                .at(reference.to_string())
                .help("give its public half in a file; `pkcs11-tool --read-object --type pubkey` writes it"),
        );
    };
    PublicKey::from_pem(&text).map_err(|error| {
        let told = Diagnostic::of(error.code(), &error).at(reference.to_string());
        error.hint().map_or(told.clone(), |hint| told.help(hint))
    })
}

/// Opens the key of a service.
pub(crate) fn service(reference: &KeyReference) -> Result<Box<dyn Signer>, Diagnostic> {
    let told = |error: KmsError| {
        let told = Diagnostic::of(error.code(), &error);
        told.at(reference.to_string())
    };
    match reference {
        KeyReference::Vault(key) => {
            let settings = of_vault(key.product()).map_err(told)?;
            let signer = VaultSigner::open(&online::client()?, settings, key).map_err(told)?;
            Ok(Box::new(signer))
        }
        KeyReference::Aws(key) => {
            let settings = of_aws().map_err(told)?;
            let signer = AwsSigner::open(&online::client()?, settings, key).map_err(told)?;
            Ok(Box::new(signer))
        }
        _ => Err(Diagnostic::new(USAGE, "no service keeps this key").at(reference.to_string())),
    }
}

fn of_vault(product: Product) -> Result<vault::Settings, KmsError> {
    let first = |bao: Variable, vault: Variable| match product {
        Product::OpenBao => bao.filled().or_else(|| vault.filled()),
        Product::Vault => vault.filled(),
    };
    let text = |bao, vault| first(bao, vault).map(|value| value.to_string_lossy().into_owned());
    let address = text(environment::BAO_ADDR, environment::VAULT_ADDR).ok_or(KmsError::Setting {
        what: match product {
            Product::Vault => "VAULT_ADDR is not set",
            Product::OpenBao => "neither BAO_ADDR nor VAULT_ADDR is set",
        },
    })?;
    let token = match first(environment::BAO_TOKEN, environment::VAULT_TOKEN) {
        Some(token) => Secret::new(token.into_vec()),
        None => token_file(product)?,
    };
    let engine = environment::TRANSIT_SECRET_ENGINE_PATH.filled();
    Ok(vault::Settings {
        address: Url::parse(&address)?,
        token,
        namespace: text(environment::BAO_NAMESPACE, environment::VAULT_NAMESPACE),
        engine: engine.map_or_else(
            || "transit".to_owned(),
            |engine| engine.to_string_lossy().into_owned(),
        ),
    })
}

/// `~/.vault-token`, which the command-line clients of both products write.
fn token_file(product: Product) -> Result<Secret, KmsError> {
    let text = below_home(".vault-token").and_then(|path| input::read_at_most(&path, MOST_TOKEN).ok());
    let text = Zeroizing::new(text.unwrap_or_default());
    match text.trim_ascii() {
        [] => Err(KmsError::Setting {
            what: match product {
                Product::Vault => "VAULT_TOKEN is not set, and ~/.vault-token holds no token",
                Product::OpenBao => {
                    "neither BAO_TOKEN nor VAULT_TOKEN is set, and ~/.vault-token holds no token"
                }
            },
        }),
        token => Ok(Secret::new(token)),
    }
}

fn of_aws() -> Result<aws::Settings, KmsError> {
    let text = |variable: Variable| {
        variable
            .filled()
            .map(|value| value.to_string_lossy().into_owned())
    };
    let either = |one, other| text(one).or_else(|| text(other));
    let endpoint = either(environment::AWS_ENDPOINT_URL_KMS, environment::AWS_ENDPOINT_URL);
    Ok(aws::Settings {
        endpoint: endpoint.map(|endpoint| Url::parse(&endpoint)).transpose()?,
        region: either(environment::AWS_REGION, environment::AWS_DEFAULT_REGION),
        credentials: credentials()?,
        clock: Arc::new(|| {
            let since = std::time::UNIX_EPOCH.elapsed();
            UnixTime(since.map_or(0, |since| since.as_secs()))
        }),
    })
}

/// From the variables, or from a profile of the shared file.
fn credentials() -> Result<Credentials, KmsError> {
    let secret = |variable: Variable| variable.filled().map(|value| Secret::new(value.into_vec()));
    let id = environment::AWS_ACCESS_KEY_ID.filled();
    match (id, secret(environment::AWS_SECRET_ACCESS_KEY)) {
        (Some(id), Some(secret_key)) => Ok(Credentials {
            id: id.to_string_lossy().into_owned(),
            secret: secret_key,
            session: secret(environment::AWS_SESSION_TOKEN),
        }),
        (None, None) => shared_credentials(),
        _ => Err(KmsError::Setting {
            what: "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set without the other",
        }),
    }
}

fn shared_credentials() -> Result<Credentials, KmsError> {
    let named = environment::AWS_SHARED_CREDENTIALS_FILE.filled();
    let path = named
        .map(PathBuf::from)
        .or_else(|| below_home(".aws/credentials"));
    let text = path.and_then(|path| input::read_at_most(&path, Credentials::MAX_FILE_BYTES).ok());
    let text = Zeroizing::new(text.ok_or(KmsError::Setting {
        what: "AWS_ACCESS_KEY_ID is not set, and there is no file of credentials",
    })?);
    let text = std::str::from_utf8(&text).map_err(|_| KmsError::Setting {
        what: "the file of credentials is no text",
    })?;
    let profile = environment::AWS_PROFILE.filled();
    let profile = profile.map_or_else(|| "default".into(), |name| name.to_string_lossy().into_owned());
    Credentials::from_file(text, &profile)
}

fn below_home(name: &str) -> Option<PathBuf> {
    environment::HOME
        .filled()
        .map(|home| PathBuf::from(home).join(name))
}

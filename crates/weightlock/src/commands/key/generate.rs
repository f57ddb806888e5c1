//! `weightlock key generate`: a key pair in two files, made offline.
//!
//! Nothing is ever overwritten, and there is never half a pair: both names are looked at before either file is
//! written, the public half comes first (alone it can do nothing), and it goes again when the private half cannot
//! be written.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    write::{Existing, write_whole},
};
use weightlock_signing::key::{self, PrivateKey, RandomError, SystemRandom};
use zeroize::Zeroizing;

use super::Fingerprints;
use crate::{
    cli::PasswordFlags,
    diagnostic::Diagnostic,
    explanations::{KEY_EXISTS, USAGE},
    interrupt, password,
    reply::Reply,
    text::{Shown, quoted},
};

const VERB: &str = "key generate";

/// Make a key pair: NAME.key, encrypted with a password, and NAME.pub.
///
/// The private key is written as cosign writes it, readable by you alone. Existing files are never replaced.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Name of both files, without ending; may begin with a folder
    #[arg(value_name = "NAME", default_value = "weightlock")]
    name: PathBuf,
    /// Kind of key
    #[arg(long, value_name = "KIND", default_value = "p256")]
    algorithm: Kind,
    /// Write the private key without a password, as plain PKCS#8
    #[arg(long, conflicts_with = "password_file")]
    unencrypted: bool,
    #[command(flatten)]
    password: PasswordFlags,
    /// Do everything but ask for a password and write
    #[arg(long)]
    dry_run: bool,
}

/// Kind of key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Kind {
    /// ECDSA on P-256 with SHA-256: what every tool understands.
    P256,
    /// ECDSA on P-384 with SHA-384.
    P384,
    /// ECDSA on P-521 with SHA-512.
    P521,
    /// For blobs and attestations only: it cannot sign models.
    Ed25519,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// File of the private key.
    pub private_key: String,
    /// File of the public key.
    pub public_key: String,
    /// Kind of key.
    pub algorithm: String,
    /// Whether the private key is encrypted.
    pub encrypted: bool,
    /// Whether the key can sign models.
    pub signs_models: bool,
    /// Names of the key in signatures; absent after a dry run.
    pub fingerprints: Option<Fingerprints>,
}

pub(crate) fn run(arguments: &Arguments) -> Reply {
    match generate(arguments) {
        Ok((result, text)) => Reply::yes(VERB, text, result),
        Err(told) => (VERB, told).into(),
    }
}

fn generate(arguments: &Arguments) -> Result<(Generated, String), Diagnostic> {
    let pair = Pair::named(&arguments.name)?;
    pair.refuse_existing()?;
    let key = match arguments.dry_run {
        true => None,
        false => Some(make(arguments, &pair)?),
    };
    let algorithm = arguments.algorithm.algorithm();
    let result = Generated {
        private_key: pair.private.display().to_string(),
        public_key: pair.public.display().to_string(),
        algorithm: algorithm.to_string(),
        encrypted: !arguments.unencrypted,
        signs_models: algorithm.oms_allowed(),
        fingerprints: key.map(|key| Fingerprints::of(key.public_key())),
    };
    let text = text(&result);
    Ok((result, text))
}

/// Makes the key and writes both files.
fn make(arguments: &Arguments, pair: &Pair) -> Result<PrivateKey, Diagnostic> {
    let no_random = |error: RandomError| Diagnostic::of(error.code(), &error);
    let key = PrivateKey::generate(arguments.algorithm.algorithm(), &mut SystemRandom).map_err(no_random)?;
    let private = if arguments.unencrypted {
        key.to_pkcs8_pem()
    } else {
        let password = password::new(&arguments.password, &pair.private.display().to_string())?;
        key.to_cosign_pem(&password, &mut SystemRandom)
            .map_err(no_random)?
    };
    pair.write(&private, &key.public_key().to_pem())?;
    Ok(key)
}

fn text(result: &Generated) -> String {
    let Generated {
        private_key,
        public_key,
        algorithm,
        encrypted,
        signs_models,
        fingerprints,
    } = result;
    let protection = if *encrypted {
        "encrypted; keep it and its password to yourself"
    } else {
        "NOT encrypted: whoever reads this file can sign as you"
    };
    let tense = if fingerprints.is_some() { "" } else { "would be " };
    let mut text = format!(
        "{tense}written {}   {algorithm}, private, {protection}\n{tense}written {}   public; give it to everyone who verifies\n",
        Shown(private_key),
        Shown(public_key)
    );
    if let Some(fingerprints) = fingerprints {
        text += &fingerprints.text();
    }
    if *signs_models {
        text += &format!("next: weightlock sign --key {} MODEL\n", quoted(private_key));
    } else {
        text += &format!(
            "{algorithm} keys are for blobs and attestations; for models make one without --algorithm\n"
        );
    }
    text
}

/// The two files.
#[derive(Debug)]
struct Pair {
    private: PathBuf,
    public: PathBuf,
}

impl Pair {
    /// The files of a name. A name that ends like one of them means the pair.
    fn named(name: &Path) -> Result<Self, Diagnostic> {
        let whole = name.as_os_str().to_str().unwrap_or_default();
        let stem = whole
            .strip_suffix(".key")
            .or(whole.strip_suffix(".pub"))
            .unwrap_or(whole);
        let last = Path::new(stem)
            .file_name()
            .is_some_and(|last| stem.ends_with(last.to_str().unwrap_or("/")));
        if !last || stem.starts_with("pkcs11:") {
            return Err(Diagnostic::new(
                USAGE,
                format!("{:?} cannot be the name of two files", name.display().to_string()),
            )
            .help("weightlock key generate release"));
        }
        Ok(Self {
            private: PathBuf::from(format!("{stem}.key")),
            public: PathBuf::from(format!("{stem}.pub")),
        })
    }

    fn refuse_existing(&self) -> Result<(), Diagnostic> {
        for path in [&self.private, &self.public] {
            match path.symlink_metadata() {
                Ok(_) => return Err(exists(path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("look at", path, error).into()),
            }
        }
        Ok(())
    }

    fn write(&self, private: &Zeroizing<String>, public: &str) -> Result<(), Diagnostic> {
        if interrupt::signal().is_some() {
            return Err(Error::Interrupted.into());
        }
        write_new(&self.public, public, 0o644)?;
        write_new(&self.private, private, 0o600).inspect_err(|_| {
            // Ours, written a moment ago. Left behind it would only stop the next try.
            let _ = fs::remove_file(&self.public);
        })
    }
}

/// Writes a file that must not exist. It may have come into being since we looked.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Diagnostic> {
    write_whole(path, text.as_bytes(), mode, Existing::Refused).map_err(|error| match &error {
        Error::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => exists(path),
        _ => error.into(),
    })
}

fn exists(path: &Path) -> Diagnostic {
    Diagnostic::new(KEY_EXISTS, "there is a file already; no key was made")
        .at(path.display().to_string())
        .help("choose another name:  weightlock key generate NAME")
        .help(format!(
            "see what is there:  weightlock key inspect {}",
            quoted(&path.display().to_string())
        ))
}

impl Kind {
    const fn algorithm(self) -> key::Algorithm {
        match self {
            Self::P256 => key::Algorithm::P256,
            Self::P384 => key::Algorithm::P384,
            Self::P521 => key::Algorithm::P521,
            Self::Ed25519 => key::Algorithm::Ed25519,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_name_means_two_files() {
        for (name, private) in [
            ("a", "a.key"),
            ("a.key", "a.key"),
            ("x/a.pub", "x/a.key"),
            ("v1.2", "v1.2.key"),
        ] {
            assert_eq!(
                Pair::named(Path::new(name)).unwrap().private,
                Path::new(private),
                "{name}"
            );
        }
        for name in ["", "x/", "..", "/", ".key", "pkcs11:token=a"] {
            assert!(Pair::named(Path::new(name)).is_err(), "{name:?}");
        }
    }

    #[test]
    fn half_a_pair_is_never_left() {
        let folder = tempfile::tempdir().unwrap();
        let pair = Pair::named(&folder.path().join("k")).unwrap();
        // The private half cannot be written: a folder took its name after the check.
        fs::create_dir(&pair.private).unwrap();
        let told = pair
            .write(&Zeroizing::new("secret".to_owned()), "public")
            .unwrap_err();
        assert_eq!(told.code(), KEY_EXISTS);
        assert!(!pair.public.exists());
        fs::remove_dir(&pair.private).unwrap();
        pair.write(&Zeroizing::new("secret".to_owned()), "public")
            .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&pair.private), mode(&pair.public)), (0o600, 0o644));
        assert_eq!(pair.refuse_existing().unwrap_err().code(), KEY_EXISTS);
    }
}

//! Signed pins and a model: two checks, which are both made whatever the other one says.
//!
//! 1. [`PinsFlags::open`] reads the file once and checks its signature over these very bytes.
//! 2. [`OpenPins::judge`] compares the digest that was worked out while the model's own signature was checked, and
//!    [`OpenPins::judge_path`] one of its own where that check ended early.
//!
//! Pins whose signature does not hold still tell whether a digest differs, so that nobody mends one fault only to meet the next; but
//! with them nothing is ever accepted.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_artifact::input;
use weightlock_policy::{
    ModelName, Pins,
    pins::{Pin, Shape},
    reason::{NOT_PINNED, PINS_DIGEST, PINS_SIGNATURE},
};
use weightlock_signing::{
    Signer,
    blob::{self, Blob},
};

use crate::{
    cli::Hashing,
    commands::{
        blob::files::{self, SignatureFlags, Wanted},
        lock,
        subject::Hashed,
        verdict,
        verify::{SignedBy, pinned},
    },
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    flags::{IdentityFlags, TrustFlags},
};

/// Which pins, and whose signature of them counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Pins")]
pub(crate) struct PinsFlags {
    /// Refuse any other model than the one whose digest is pinned in this file, which must be signed
    #[arg(long, value_name = "FILE")]
    pub pins: Option<PathBuf>,
    #[command(flatten)]
    pub signer: PinsSignerFlags,
}

/// Whose signature of pins counts.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Pins")]
pub(crate) struct PinsSignerFlags {
    /// The public key of whoever signs the pins [default: the signer of the model]
    #[arg(long, value_name = "FILE|REFERENCE", conflicts_with = "pins_identity")]
    pub pins_key: Option<PathBuf>,
    /// The Sigstore identity of whoever signs the pins, exactly
    #[arg(long, value_name = "NAME", requires = "pins_identity_provider")]
    pub pins_identity: Option<String>,
    /// Who vouches for that identity
    #[arg(long, value_name = "URL", requires = "pins_identity")]
    pub pins_identity_provider: Option<String>,
    /// The signature of the pins: a bundle [default: FILE.sigstore.json, FILE.bundle or FILE.sig beside the pins]
    #[arg(long, value_name = "FILE")]
    pub pins_bundle: Option<PathBuf>,
}

impl PinsFlags {
    /// Whether pins are named.
    pub(crate) const fn is_given(&self) -> bool {
        self.pins.is_some()
    }

    /// Reads pins, if they are named, and checks their signature.
    pub(crate) fn open(&self, model: &TrustFlags, context: &Context) -> Result<Option<OpenPins>, Diagnostic> {
        let Some(path) = &self.pins else {
            if self.signer.is_given() {
                let told = "flags say whose signature of pins counts, and no pins are named";
                return Err(Diagnostic::new(USAGE, told).help("--pins weightlock.pins"));
            }
            return Ok(None);
        };
        self.signer.open("verify", path, model, context).map(Some)
    }
}

/// Pins that were read.
#[derive(Debug)]
pub(crate) struct OpenPins {
    file: String,
    /// What they say, if they can be read; not yet that it counts.
    pins: Option<Pins>,
    /// Who signed them, if their signature holds.
    pub(crate) signer: Option<SignedBy>,
    /// Why they do not count.
    faults: Vec<Diagnostic>,
}

impl PinsSignerFlags {
    const fn is_given(&self) -> bool {
        self.pins_key.is_some() || self.pins_identity.is_some() || self.pins_bundle.is_some()
    }

    /// Reads pins and checks their signature. An error is one of flags; what is wrong with the pins is a fault of theirs.
    pub(crate) fn open(
        &self,
        verb: &str,
        path: &Path,
        model: &TrustFlags,
        context: &Context,
    ) -> Result<OpenPins, Diagnostic> {
        let trust = verdict::of_blobs(self.trust(model).trust(verb, None, context.now())?);
        let file = path.display().to_string();
        let mut faults = Vec::new();
        // Read once, so that what is signed is what is believed.
        let text = match input::read_at_most(path, Pins::MAX_BYTES) {
            Ok(text) => text,
            Err(error) => {
                faults.push(error.into());
                return Ok(OpenPins {
                    file,
                    pins: None,
                    signer: None,
                    faults,
                });
            }
        };
        let signer = self.signer_of(path, &text, &trust);
        let signer = signer
            .map_err(|reason| faults.push(unsigned(&file, &reason)))
            .ok();
        let pins = Pins::parse(&text);
        let pins = pins
            .map_err(|error| faults.push(Diagnostic::of(error.code(), &error).at(file.clone())))
            .ok();
        Ok(OpenPins {
            file,
            pins,
            signer: signer.as_ref().map(SignedBy::from),
            faults,
        })
    }

    /// Whoever is named for the pins, else whoever is for the model.
    fn trust(&self, model: &TrustFlags) -> TrustFlags {
        let own = TrustFlags {
            key: self.pins_key.clone(),
            online: model.online,
            identity: IdentityFlags {
                identity: self.pins_identity.clone(),
                identity_provider: self.pins_identity_provider.clone(),
                ..IdentityFlags::default()
            },
            ..TrustFlags::default()
        };
        if self.pins_key.is_some() {
            return own;
        }
        if self.pins_identity.is_some() {
            // The Sigstore that is believed is said once, for the model and for the pins.
            let root = &model.identity;
            return TrustFlags {
                identity: IdentityFlags {
                    trusted_root: root.trusted_root.clone(),
                    sigstore: root.sigstore.clone(),
                    staging: root.staging,
                    max_root_age: root.max_root_age,
                    ..own.identity.clone()
                },
                ..own
            };
        }
        model.clone()
    }

    fn signer_of(&self, path: &Path, text: &[u8], trust: &blob::Trust) -> Result<Signer, Diagnostic> {
        let flags = SignatureFlags {
            bundle: self.pins_bundle.clone(),
            ..SignatureFlags::default()
        };
        let wants_certificate = !matches!(trust, blob::Trust::Key(_));
        let found = files::find(path, &flags, Wanted::Signature, wants_certificate)?;
        let refused = |code, error: &dyn std::error::Error| Diagnostic::of(code, error).at(found.place());
        let read = Blob::read(&mut &*text, &trust.needs(&found.signature))
            .map_err(|error| refused(PINS_SIGNATURE, &error))?;
        let verified = blob::verify(&read, &found.signature, trust)
            .map_err(|refusal| refused(refusal.code(), &refusal))?;
        Ok(verified.signer().clone())
    }
}

/// The signature of the pins is missing or wrong.
fn unsigned(file: &str, reason: &Diagnostic) -> Diagnostic {
    Diagnostic::new(PINS_SIGNATURE, "the pins are not signed by whom they must be")
        .at(file)
        .fact("reason", format!("{}: {}", reason.code(), reason.sentence()))
        .help("take file and signature from where they were made, or sign them:  weightlock sign-blob --key NAME.key weightlock.pins")
}

impl OpenPins {
    /// The file, as it is shown.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Why they do not count, whatever the model.
    pub(crate) fn faults(&self) -> &[Diagnostic] {
        &self.faults
    }

    /// Every reason why a model with this digest is not the pinned one, or why the pins do not count.
    pub(crate) fn judge(&self, name: &ModelName, model: &str, found: Option<Pin>) -> Vec<Diagnostic> {
        let mut reasons = self.faults.clone();
        reasons.extend(self.differs(name, model, found));
        reasons
    }

    /// Likewise, of a model whose digest nobody has worked out, because its own check ended with `reasons`: that is done now. All
    /// of them, those reasons too.
    pub(crate) fn judge_path(
        &self,
        name: &ModelName,
        (path, allow_symlinks): (&Path, bool),
        reasons: Vec<Diagnostic>,
        (hashing, context): (&Hashing, &Context),
    ) -> Vec<Diagnostic> {
        let hashing = Hashing {
            digest_cache: false,
            ..hashing.clone()
        };
        let model = path.display().to_string();
        match Hashed::of(path, allow_symlinks, &hashing, context) {
            Ok(hashed) => {
                let mut all = self.judge(name, &model, Some(lock::files(&hashed).pin()));
                all.extend(reasons);
                all
            }
            // Why it cannot be read may be what the other check ended with, and is told once.
            Err(unread) => {
                let is_new = |it: &Diagnostic| !reasons.iter().any(|other| other.says_the_same(it));
                let unread: Vec<Diagnostic> = unread.into_iter().filter(is_new).collect();
                let faults = self.faults.iter().cloned();
                faults.chain(reasons).chain(unread).collect()
            }
        }
    }

    fn differs(&self, name: &ModelName, model: &str, found: Option<Pin>) -> Option<Diagnostic> {
        let pins = self.pins.as_ref()?;
        let Some(pin) = pins.find(name) else {
            let told = Diagnostic::new(NOT_PINNED, format!("no digest is pinned for {name}"));
            let told = told.at(self.file.clone()).fact("model", model);
            let names = pins.all().map(|(name, _)| name.as_str());
            return Some(match crate::nearest::of(name.as_str(), names) {
                Some(near) => told.help(format!("did you mean {near} ?")),
                None => told,
            });
        };
        if found == Some(*pin) {
            return None;
        }
        let found = found.map_or_else(
            || "none: the digest needs a whole check of SHA-256 file digests".to_owned(),
            |found| found.to_string(),
        );
        let told = Diagnostic::new(PINS_DIGEST, format!("{name} is not the model that is pinned"));
        Some(
            told.at(model)
                .fact("pinned", pin.to_string())
                .fact("found", found),
        )
    }
}

/// What was verified, as pins name it. `digest` names all of it, and `is_file` says that the model is one file.
pub(crate) fn pin_of(digest: Option<&str>, is_file: bool) -> Option<Pin> {
    let shape = if is_file { Shape::File } else { Shape::Folder };
    let digest = pinned(digest?).ok()?;
    Some(Pin { shape, digest })
}

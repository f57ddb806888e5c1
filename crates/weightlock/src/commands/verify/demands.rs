//! [`Demands`]: what a model must be besides being rightly signed: the one in a lock, the one in signed pins.
//!
//! Pins and the model's own signature are both asked whatever the other says, so that each fault is told with its own code.

use weightlock_artifact::inventory::RootKind;
use weightlock_policy::{ModelName, lock::Files};
use weightlock_signing::oms::{VerifiedStatement, model::VerifiedModel};

use super::{Arguments, Case, Verified, report::Demanded};
use crate::{
    commands::{
        lock::{against::Against, named},
        pins::check::{OpenPins, pin_of},
    },
    context::Context,
    diagnostic::Diagnostic,
    flags::Method,
};

/// What is demanded besides.
pub(super) struct Demands {
    against: Option<Against>,
    pins: Option<(OpenPins, ModelName)>,
}

impl Demands {
    /// Reads lock and pins. An error is one of flags and files, and not of the model.
    pub(super) fn of(arguments: &Arguments, context: &Context) -> Result<Self, Diagnostic> {
        let (_, model) = Method::split(&arguments.words)?;
        let pins = arguments.pins.open(&arguments.trust, context)?;
        let pins = pins.map(|pins| {
            let name = match &arguments.pinned_as {
                Some(name) => named::parsed(name)?,
                None => named::by_path(model)?,
            };
            Ok::<_, Diagnostic>((pins, name))
        });
        Ok(Self {
            against: arguments.against.find(model)?,
            pins: pins.transpose()?,
        })
    }

    /// The reasons of a model whose signature does not hold, with what its pins say.
    pub(super) fn beside(
        &self,
        of_model: Vec<Diagnostic>,
        arguments: &Arguments,
        context: &Context,
    ) -> Vec<Diagnostic> {
        let (Some((pins, name)), Ok((_, model))) = (&self.pins, Method::split(&arguments.words)) else {
            return of_model;
        };
        let target = (model, arguments.files.allow_symlinks);
        pins.judge_path(name, target, of_model, (&arguments.hashing, context))
    }

    /// What a rightly signed model does not meet.
    pub(super) fn unmet(
        &self,
        case: &Case,
        verified: &VerifiedStatement,
        model: &VerifiedModel,
        result: &Verified,
    ) -> Vec<Diagnostic> {
        let is_file = matches!(case.root.kind(), RootKind::File(_));
        let mut reasons = Vec::new();
        if let Some((pins, name)) = &self.pins {
            reasons.extend(pins.judge(name, &result.model, pin_of(result.digest.as_deref(), is_file)));
        }
        if let Some(against) = &self.against {
            let pin = pin_of(result.digest.as_deref(), is_file);
            let files = match (&model.comparison().manifest, pin) {
                (Some(manifest), _) if !is_file => Some(Files::Folder(manifest.clone())),
                (_, Some(pin)) if is_file => Some(Files::File {
                    digest: pin.digest,
                    size: result.bytes_checked,
                }),
                _ => None,
            };
            reasons.extend(against.compare(files, verified.signer()));
        }
        reasons
    }

    /// The entry of the lock.
    pub(super) fn locked_as(&self) -> Option<Demanded> {
        let against = self.against.as_ref()?;
        Some(Demanded {
            name: against.name().to_string(),
            file: against.file().to_owned(),
            signed_by: None,
        })
    }

    /// The name in the pins.
    pub(super) fn pinned_as(&self) -> Option<Demanded> {
        let (pins, name) = self.pins.as_ref()?;
        Some(Demanded {
            name: name.to_string(),
            file: pins.file().to_owned(),
            signed_by: pins.signer.as_ref().map(super::SignedBy::text),
        })
    }
}

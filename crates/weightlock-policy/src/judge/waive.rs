//! Which exceptions stand in for which reasons.

use jiff::tz::TimeZone;

use super::Situation;
use crate::{
    evidence::Evidence,
    layer::{LayerKind, Place, Policy},
    level::Mode,
    verdict::{Asked, Reason, Waived, WaiverUse},
    waiver::{InForce, Waiver, Waives},
};

/// An exception for this model, with the layer that grants it.
struct Granted<'p> {
    waiver: &'p Waiver,
    place: Place,
    kind: LayerKind,
    in_force: InForce,
    not_counted: Option<&'static str>,
    used: bool,
}

/// Moves reasons that an exception stands in for aside, and says of each exception for this model what became of it.
///
/// An exception stands in for demands of its own layer and of those that have less authority; never for the floor, never for what
/// [`crate::Check::is_waivable`] excludes; in production only when its approver has signed the file that it stands in.
pub(super) fn apply(
    policy: &Policy,
    evidence: &Evidence,
    situation: &Situation,
    mode: Mode,
    asked: &mut [Asked],
) -> Vec<WaiverUse> {
    let today = situation.now.to_zoned(TimeZone::UTC).date();
    let mut granted = granted(policy, evidence, mode);
    for it in &mut granted {
        it.in_force = it.waiver.in_force(today);
    }
    for it in asked {
        let Some(kind) = kind(policy, it.place.layer) else {
            continue;
        };
        if kind == LayerKind::Floor || !it.check.is_waivable() {
            continue;
        }
        let mut left = Vec::new();
        for reason in std::mem::take(&mut it.reasons) {
            let found = granted.iter_mut().find(|one| {
                one.in_force == InForce::Yes
                    && one.not_counted.is_none()
                    && one.kind <= kind
                    && stands_in(one.waiver, it.check, &reason)
            });
            match found {
                Some(one) => {
                    one.used = true;
                    it.waived.push(Waived {
                        reason,
                        waiver: one.waiver.clone(),
                        place: one.place.clone(),
                    });
                }
                None => left.push(reason),
            }
        }
        it.reasons = left;
    }
    let uses = granted.into_iter().map(|it| WaiverUse {
        waiver: it.waiver.clone(),
        place: it.place,
        in_force: it.in_force,
        not_counted: it.not_counted,
        used: it.used,
    });
    uses.collect()
}

fn kind(policy: &Policy, layer: usize) -> Option<LayerKind> {
    Some(policy.layers().get(layer)?.kind)
}

/// The exceptions for this model in every layer.
fn granted<'p>(policy: &'p Policy, evidence: &Evidence, mode: Mode) -> Vec<Granted<'p>> {
    let layers = policy.layers().iter().enumerate();
    let all = layers.flat_map(|(layer, it)| {
        let about = it
            .exceptions(mode)
            .filter(|one| one.waiver.parts().digest == evidence.model.digest);
        about.map(move |one| Granted {
            waiver: one.waiver,
            place: Place {
                layer,
                source: one.source.to_owned(),
                line: one.waiver.parts().line,
            },
            kind: it.kind,
            in_force: InForce::Yes,
            not_counted: one.not_counted,
            used: false,
        })
    });
    all.collect()
}

/// Whether an exception is about a reason. What was not read is not waivable under whatever question it is told.
fn stands_in(waiver: &Waiver, check: crate::Check, reason: &Reason) -> bool {
    if reason.code != check.code() {
        return false;
    }
    match &waiver.parts().waives {
        Waives::Check(waived) => *waived == check,
        Waives::Rule(name) | Waives::Advisory(name) => reason.names.contains(name),
    }
}

//! [`Steps`]: what is known of the four parts of making a model: its data, its training, what was done to the weights
//! afterwards, and its evaluation.
//!
//! A model's own provenance says how its files were made, and often that is only the last step: a quantisation. What came
//! before stands in the provenance of the model that it was made from, so the whole chain is looked at, as far as it was
//! given. The worst link decides.

use serde::Serialize;
use weightlock_artifact::standing::Standing;

use crate::provenance::{
    Provenance,
    step::{Part, Step},
};

/// A part of making a model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MlStep {
    /// What it was trained on.
    Data,
    /// How the weights came from data.
    Training,
    /// What was done to them afterwards.
    Transform,
    /// How it was measured.
    Evaluation,
}

impl MlStep {
    /// Every part, in order.
    pub const ALL: [Self; 4] = [Self::Data, Self::Training, Self::Transform, Self::Evaluation];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Training => "training",
            Self::Transform => "transform",
            Self::Evaluation => "evaluation",
        }
    }
}

/// Provenance of the model, or of one that it was made from.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// What it says.
    pub provenance: &'a Provenance,
    /// [`Standing::Verified`] when a builder of the list signed it and it covers its model, else [`Standing::Declared`].
    pub standing: Standing,
}

/// How a part is known, and why no better.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepState {
    /// How.
    pub standing: Standing,
    /// What there is.
    pub what: String,
}

/// The four parts, in the order of [`MlStep::ALL`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Steps(pub [StepState; 4]);

impl Steps {
    /// What a chain of provenance says, the model's own first, and statements about its evaluation with how each is known.
    #[must_use]
    pub fn of(chain: &[Link<'_>], evaluations: &[Standing]) -> Self {
        Self([
            data(chain),
            of_part(chain, Part::Training),
            of_part(chain, Part::Transform),
            evaluation(chain, evaluations),
        ])
    }

    /// How a part is known.
    #[must_use]
    pub const fn state(&self, step: MlStep) -> &StepState {
        let [data, training, transform, evaluation] = &self.0;
        match step {
            MlStep::Data => data,
            MlStep::Training => training,
            MlStep::Transform => transform,
            MlStep::Evaluation => evaluation,
        }
    }
}

fn unknown(what: &str) -> StepState {
    StepState {
        standing: Standing::Unknown,
        what: what.to_owned(),
    }
}

/// The worse of two.
fn worse(one: Standing, other: Standing) -> Standing {
    one.max(other)
}

fn part_of(provenance: &Provenance) -> Option<(Step, Part)> {
    let step = Step::of(&provenance.build_type).or_else(|| Step::like(&provenance.build_type))?;
    Some((step, step.part()))
}

fn of_part(chain: &[Link<'_>], part: Part) -> StepState {
    let links: Vec<_> = chain
        .iter()
        .filter_map(|link| {
            let (step, found) = part_of(link.provenance)?;
            (found == part).then_some((step, link.standing))
        })
        .collect();
    let Some(standing) = links.iter().map(|(_, standing)| *standing).reduce(worse) else {
        return unknown("no provenance of such a step was given");
    };
    let words: Vec<&str> = links.iter().map(|(step, _)| step.word()).collect();
    StepState {
        standing,
        what: words.join(", "),
    }
}

/// Data sets that training names. One without a digest could be any data of that name.
fn data(chain: &[Link<'_>]) -> StepState {
    let training = chain
        .iter()
        .filter(|link| matches!(part_of(link.provenance), Some((_, Part::Training))));
    let sets: Vec<_> = training
        .flat_map(|link| {
            let data = link
                .provenance
                .dependencies
                .iter()
                .filter(|one| one.role().is_data());
            data.map(|one| (one, link.standing))
        })
        .collect();
    let Some(standing) = sets.iter().map(|(_, standing)| *standing).reduce(worse) else {
        return unknown("no provenance of a training names its data");
    };
    let without = sets.iter().filter(|(one, _)| one.digests.is_empty()).count();
    let standing = if without > 0 {
        worse(standing, Standing::Declared)
    } else {
        standing
    };
    let listed = match sets.len() {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    StepState {
        standing,
        what: match without {
            0 => format!("{listed}, each with a digest"),
            _ => format!("{listed}, {without} without a digest"),
        },
    }
}

fn evaluation(chain: &[Link<'_>], statements: &[Standing]) -> StepState {
    // A signed statement is not made worse by another one that anybody could put beside it.
    let stated = statements.iter().copied().min();
    let own = chain
        .first()
        .filter(|link| matches!(part_of(link.provenance), Some((_, Part::Evaluation))));
    let Some(standing) = stated.into_iter().chain(own.map(|link| link.standing)).min() else {
        return unknown("no statement about an evaluation was found");
    };
    StepState {
        standing,
        what: match statements.len() {
            1 => "1 statement".to_owned(),
            count => format!("{count} statements"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::{Resource, Role};

    fn provenance(step: Step, data: &[bool]) -> Provenance {
        let digest = |has: &bool| {
            let one = Resource::named("d", Role::Dataset);
            if *has {
                one.with_sha256(&weightlock_artifact::digest::Algorithm::Sha256.digest(b"d"))
            } else {
                one
            }
        };
        Provenance {
            build_type: step.uri(),
            dependencies: data.iter().map(digest).collect(),
            ..Provenance::default()
        }
    }

    fn standings(chain: &[(&Provenance, Standing)], evaluations: &[Standing]) -> [Standing; 4] {
        let links: Vec<Link<'_>> = chain
            .iter()
            .map(|(provenance, standing)| Link {
                provenance,
                standing: *standing,
            })
            .collect();
        Steps::of(&links, evaluations).0.map(|state| state.standing)
    }

    #[test]
    fn a_part_is_as_well_known_as_its_worst_link() {
        use Standing::{Declared, Unknown, Verified};
        let quantize = provenance(Step::Quantize, &[true]);
        let tune = provenance(Step::FineTune, &[true, true]);
        let loose = provenance(Step::FineTune, &[true, false]);
        assert_eq!(standings(&[], &[]), [Unknown; 4]);
        assert_eq!(
            standings(&[(&quantize, Verified)], &[]),
            [Unknown, Unknown, Verified, Unknown],
            "calibration data is not training data"
        );
        assert_eq!(
            standings(&[(&quantize, Verified), (&tune, Verified)], &[Declared]),
            [Verified, Verified, Verified, Declared]
        );
        assert_eq!(
            standings(&[(&quantize, Verified), (&tune, Declared)], &[Declared, Verified]),
            [Declared, Declared, Verified, Verified]
        );
        assert_eq!(standings(&[(&loose, Verified)], &[])[0], Declared);
    }
}

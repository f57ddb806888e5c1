//! [`Steps`]: what is known of the four parts of making a model: its data, its training, what was done to the weights
//! afterwards, and its evaluation.
//!
//! A model's own provenance says how its files were made, and often that is only the last step: a quantisation. What came
//! before stands in the provenance of the model that it was made from, so the whole chain is looked at, as far as it was
//! given. The worst link decides, and a link that is missing is the worst: what nobody showed about a model at the other end
//! could be any training on any data ([`OpenEnds`]).

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

/// Models at the end of a chain of which nobody knows how they were made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenEnds {
    /// What each is called, and why nothing is known of it.
    pub models: Vec<(String, String)>,
    /// How many more there are that were not even looked at.
    pub beyond: usize,
}

impl OpenEnds {
    /// So many are named in a text.
    const MOST_NAMED: usize = 3;

    fn count(&self) -> usize {
        self.models.len().saturating_add(self.beyond)
    }

    /// Which they are, for people; nothing where there is none.
    fn told(&self) -> Option<String> {
        let count = self.count();
        let what = match count {
            0 => return None,
            1 => "how 1 model that it was made from came to be is not known".to_owned(),
            count => format!("how {count} models that it was made from came to be is not known"),
        };
        let named = self.models.iter().take(Self::MOST_NAMED);
        let named: Vec<String> = named.map(|(name, why)| format!("{name} ({why})")).collect();
        let rest = count.saturating_sub(named.len());
        let further = match rest {
            0 => String::new(),
            rest if named.is_empty() => format!("{rest} that were not looked at"),
            rest => format!(", and {rest} more"),
        };
        Some(format!("{what}: {}{further}", named.join(", ")))
    }
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
    /// What a chain of provenance says, the model's own first; where it ends without an answer; and statements about the
    /// model's evaluation with how each is known.
    #[must_use]
    pub fn of(chain: &[Link<'_>], open: &OpenEnds, evaluations: &[Standing]) -> Self {
        let open = with_unnamed(chain, open).told();
        let strange = unknown_kinds(chain);
        let closed = |state| match (&open, &strange) {
            (Some(open), _) => unanswered(state, open),
            (None, Some(strange)) => unanswered(state, strange),
            (None, None) => state,
        };
        let transform = of_part(chain, Part::Transform);
        Self([
            closed(data(chain)),
            closed(of_part(chain, Part::Training)),
            match &strange {
                Some(strange) => unanswered(transform, strange),
                None => transform,
            },
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

/// Further links whose statement names no model that they started from, although only a training from nothing has none.
fn with_unnamed(chain: &[Link<'_>], open: &OpenEnds) -> OpenEnds {
    let mut open = open.clone();
    for link in chain.iter().filter(|link| link.provenance.parents().is_empty()) {
        let step = part_of(link.provenance);
        if !matches!(step, Some((Step::Train, _))) {
            let step = step.map_or(link.provenance.build_type.as_str(), |(step, _)| step.word());
            open.models.push((
                "a model without a name".to_owned(),
                format!("what {step} began with is not stated"),
            ));
        }
    }
    open
}

/// Steps of a kind that is not known here: each could be a training as well as anything else.
fn unknown_kinds(chain: &[Link<'_>]) -> Option<String> {
    let mut strange = chain.iter().filter(|link| part_of(link.provenance).is_none());
    let first = &strange.next()?.provenance.build_type;
    let further = match strange.count() {
        0 => String::new(),
        count => format!(", and of {count} more"),
    };
    Some(format!("nobody knows what kind of step {first} is{further}"))
}

/// What the links that are there say is not the answer as long as others are missing.
fn unanswered(state: StepState, open: &str) -> StepState {
    StepState {
        standing: worse(state.standing, Standing::Unknown),
        what: if state.standing >= Standing::Unknown {
            state.what
        } else {
            format!("{}; {open}", state.what)
        },
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
    let training: Vec<&Link<'_>> = chain
        .iter()
        .filter(|link| matches!(part_of(link.provenance), Some((_, Part::Training))))
        .collect();
    let is_silent = |link: &&&Link<'_>| {
        !link
            .provenance
            .dependencies
            .iter()
            .any(|one| one.role().is_data())
    };
    let silent = training.iter().filter(is_silent).count();
    let sets: Vec<_> = training
        .iter()
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
    if silent > 0 {
        return StepState {
            standing: worse(standing, Standing::Unknown),
            what: format!(
                "{listed}, and {silent} of {} trainings name no data",
                training.len()
            ),
        };
    }
    StepState {
        standing,
        what: match without {
            0 => format!("{listed}, each with a digest"),
            _ => format!("{listed}, {without} without a digest"),
        },
    }
}

fn evaluation(chain: &[Link<'_>], statements: &[Standing]) -> StepState {
    // A signed statement is not made worse by another one that anybody could put beside it; a signer's word that it failed is.
    let failed = statements.iter().filter(|one| **one == Standing::Failed).count();
    if failed > 0 {
        return StepState {
            standing: Standing::Failed,
            what: match statements.len() {
                1 => "the statement says that it failed".to_owned(),
                count => format!("{failed} of {count} statements say that it failed"),
            },
        };
    }
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
        Steps::of(&links, &OpenEnds::default(), evaluations)
            .0
            .map(|state| state.standing)
    }

    fn from_base(mut provenance: Provenance) -> Provenance {
        provenance
            .dependencies
            .push(Resource::named("b", Role::BaseModel));
        provenance
    }

    #[test]
    fn a_part_is_as_well_known_as_its_worst_link() {
        use Standing::{Declared, Unknown, Verified};
        let quantize = from_base(provenance(Step::Quantize, &[true]));
        let tune = from_base(provenance(Step::FineTune, &[true, true]));
        let loose = provenance(Step::Train, &[true, false]);
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
        assert_eq!(standings(&[], &[Verified, Standing::Failed])[3], Standing::Failed);
    }

    #[test]
    fn a_chain_that_ends_open_is_no_answer() {
        use Standing::{Unknown, Verified};
        let tune = from_base(provenance(Step::FineTune, &[true]));
        let link = Link {
            provenance: &tune,
            standing: Verified,
        };
        let steps = |open: &OpenEnds| Steps::of(&[link], open, &[]);
        let state = |open: &OpenEnds, step| steps(open).state(step).standing;
        assert_eq!(state(&OpenEnds::default(), MlStep::Training), Verified);
        let mut open = OpenEnds {
            models: vec![("acme/base".to_owned(), "no provenance".to_owned())],
            beyond: 0,
        };
        assert_eq!(state(&open, MlStep::Training), Unknown);
        assert_eq!(state(&open, MlStep::Data), Unknown);
        assert_eq!(
            steps(&open).state(MlStep::Training).what,
            "finetune; how 1 model that it was made from came to be is not known: acme/base (no provenance)"
        );
        open.beyond = 7;
        assert!(
            steps(&open)
                .state(MlStep::Data)
                .what
                .ends_with("acme/base (no provenance), and 7 more")
        );
        open.models.clear();
        assert_eq!(state(&open, MlStep::Data), Unknown);
    }

    #[test]
    fn a_link_that_could_be_anything_is_no_answer() {
        use Standing::{Unknown, Verified};
        let train = provenance(Step::Train, &[true]);
        let silent = from_base(provenance(Step::FineTune, &[]));
        let quantize = from_base(provenance(Step::Quantize, &[]));
        let mut strange = from_base(provenance(Step::Convert, &[]));
        strange.build_type = "https://example.org/build/v1".to_owned();
        let chain = [(&quantize, Verified), (&silent, Verified), (&train, Verified)];
        assert_eq!(
            standings(&chain, &[])[..3],
            [Unknown, Verified, Verified],
            "a training that names no data had some"
        );
        let chain = [(&quantize, Verified), (&strange, Verified), (&train, Verified)];
        assert_eq!(
            standings(&chain, &[])[..3],
            [Unknown; 3],
            "it could be a training"
        );
    }

    #[test]
    fn only_a_training_from_nothing_has_no_model_that_it_began_with() {
        use Standing::{Unknown, Verified};
        let train = provenance(Step::Train, &[true]);
        let tune = provenance(Step::FineTune, &[true]);
        let convert = provenance(Step::Convert, &[]);
        assert_eq!(standings(&[(&train, Verified)], &[])[..2], [Verified; 2]);
        assert_eq!(standings(&[(&tune, Verified)], &[])[..2], [Unknown; 2]);
        let beside = [(&train, Verified), (&convert, Verified)];
        assert_eq!(
            standings(&beside, &[])[..2],
            [Unknown; 2],
            "the other parent of a merge"
        );
    }
}

//! The values of a card beside what else tells them (S77).
//!
//! Two values contradict each other only where they mean the same thing and cannot both be true. Where nothing comparable is
//! there, the value stays as it was and the comparison is told as open, so that "not contradicted" is never read as "checked".

mod data;
mod files;
mod front;
mod graph;
mod run;
mod same;

use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_format::config::card::Stated;

use super::{Counted, Fault, Finding, Material, Need, Open, Place, Saying};
use crate::{
    card::{Field, ModelCard},
    graph::{Origin, Source},
};

/// A value that something else says too.
pub(super) struct Agreement {
    pub(super) field: Field,
    pub(super) with: Saying,
}

/// What comparing gave.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) agreements: Vec<Agreement>,
    pub(super) contradictions: Vec<Finding>,
    pub(super) open: Vec<Open>,
}

/// Compares everything that can be.
pub(super) fn compare(material: &Material<'_>) -> Compared {
    let mut compared = Compared::default();
    graph::parameters(material, &mut compared);
    graph::parents(material, &mut compared);
    let Some((name, card)) = material.card else {
        return compared;
    };
    let mut case = Case {
        material,
        name,
        card,
        compared: &mut compared,
    };
    case.front_matter();
    case.framework();
    case.license();
    case.weights();
    case.training_data();
    case.evaluation();
    case.run();
    case.environment();
    case.signer();
    compared
}

/// A structured card that is being compared.
struct Case<'a, 'c> {
    material: &'a Material<'a>,
    name: &'a str,
    card: &'a ModelCard,
    compared: &'c mut Compared,
}

impl<'a> Case<'a, '_> {
    fn saying(&self, said: &Stated) -> Saying {
        Saying {
            value: said.text.clone(),
            place: Place::line(self.name, said.line),
            standing: Standing::Declared,
        }
    }

    fn agrees(&mut self, field: Field, value: impl Into<String>, place: Place, standing: Standing) {
        let with = Saying {
            value: value.into(),
            place,
            standing,
        };
        self.compared.agreements.push(Agreement { field, with });
    }

    fn contradicts(&mut self, field: Field, said: &Stated, others: Vec<Saying>, message: String) {
        let mut sayings = vec![self.saying(said)];
        sayings.extend(others);
        self.compared
            .contradictions
            .push(contradiction(field, message, sayings));
    }

    fn open(&mut self, field: Field, why: impl Into<String>) {
        self.compared.open.push(Open {
            field,
            why: why.into(),
        });
    }

    /// Statements of a kind that count.
    fn statements(&self, kind: Kind) -> Vec<Counted<'a>> {
        let all = self.material.statements.iter();
        all.filter(|one| one.kind == kind).copied().collect()
    }
}

fn is_in_readme(source: &Source) -> bool {
    matches!(&source.origin, Origin::File(path) if path.as_str() == "README.md")
}

fn contradiction(field: Field, message: String, sayings: Vec<Saying>) -> Finding {
    Finding {
        fault: Fault::Contradiction,
        field,
        need: Need::Required,
        message,
        sayings,
    }
}

fn saying(name: &str, said: &Stated) -> Saying {
    Saying {
        value: said.text.clone(),
        place: Place::line(name, said.line),
        standing: Standing::Declared,
    }
}

/// What a statement says: its signer counts for such statements.
fn signed(one: &Counted<'_>, value: &str) -> Saying {
    Saying {
        value: value.to_owned(),
        place: Place::of(format!("{} by {}", one.name, one.signer)),
        standing: Standing::Verified,
    }
}

fn computed(value: &str, path: &str) -> Saying {
    Saying {
        value: value.to_owned(),
        place: Place::of(path),
        standing: Standing::Verified,
    }
}

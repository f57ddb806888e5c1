//! What the model was trained on and measured on, beside what statements that count say.

use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_format::config::card::Stated;

use super::{Case, Counted, Saying, signed};
use crate::card::{
    Field,
    check::statement::{self, Input},
};

impl Case<'_, '_> {
    /// The digest of the training data beside what provenance names.
    pub(super) fn training_data(&mut self) {
        let Some(said) = self
            .card
            .first(Field::DataHash)
            .filter(|said| said.text.contains(':'))
        else {
            return;
        };
        let is_file = self.against_file(Field::DataHash, Field::DataSource, &said);
        let inputs: Vec<(Counted<'_>, Vec<Input>)> = self
            .statements(Kind::Provenance)
            .into_iter()
            .map(|one| (one, statement::inputs(one.predicate)))
            .collect();
        let inputs: Vec<(Saying, Input)> = inputs
            .into_iter()
            .flat_map(|(one, inputs)| {
                inputs
                    .into_iter()
                    .map(move |input| (signed(&one, &input.shown()), input))
            })
            .collect();
        if inputs.is_empty() {
            if !is_file {
                self.open(
                    Field::DataHash,
                    "no provenance that counts names what the model was made from",
                );
            }
            return;
        }
        if let Some((saying, _)) = inputs.iter().find(|(_, input)| is_named(input, &said.text)) {
            self.agrees(
                Field::DataHash,
                &saying.value,
                saying.place.clone(),
                Standing::Verified,
            );
            return;
        }
        let sources = self.card.says(Field::DataSource);
        let is_source = |input: &Input| {
            let named = |source: &Stated| input.names.iter().any(|name| same_address(name, &source.text));
            sources.iter().any(named)
        };
        let chosen = |is: &dyn Fn(&Input) -> bool| {
            let meant = inputs.iter().filter(|(_, input)| is(input));
            meant.map(|(saying, _)| saying.clone()).collect::<Vec<_>>()
        };
        let others = chosen(&|input| {
            input.is_data() || ((is_source(input) || input.looks_like_data()) && input.may_be_data())
        });
        if others.is_empty() {
            self.open(
                Field::DataHash,
                "the provenance names nothing with this digest, and nothing that is training data",
            );
        } else {
            let message = "the provenance names other training data than the card".to_owned();
            self.contradicts(Field::DataHash, &said, others, message);
        }
    }

    /// The digest of the evaluation data beside what evaluations name.
    pub(super) fn evaluation(&mut self) {
        let Some(said) = self
            .card
            .first(Field::EvaluationHash)
            .filter(|said| said.text.contains(':'))
        else {
            return;
        };
        let is_file = self.against_file(Field::EvaluationHash, Field::EvaluationDataset, &said);
        let mut others = Vec::new();
        let evaluations: Vec<Counted<'_>> = self.statements(Kind::Evaluation);
        let mut agreement = None;
        for one in &evaluations {
            let sets = statement::evaluated_on(one.predicate);
            let files = statement::result_files(one.predicate);
            let is_results = said
                .text
                .strip_prefix("sha256:")
                .is_some_and(|hex| files.iter().any(|file| file.eq_ignore_ascii_case(hex)));
            if let Some(set) = sets.iter().find(|set| is_named(set, &said.text)) {
                agreement = Some(signed(one, &set.shown()));
            } else if is_results {
                agreement = Some(signed(one, &said.text));
            }
            others.extend(sets.iter().map(|set| signed(one, &set.shown())));
        }
        match agreement {
            Some(saying) => {
                self.agrees(
                    Field::EvaluationHash,
                    saying.value,
                    saying.place,
                    Standing::Verified,
                );
            }
            None if !others.is_empty() => {
                let message = "the evaluation was made on other data than the card says".to_owned();
                self.contradicts(Field::EvaluationHash, &said, others, message);
            }
            None if evaluations.is_empty() && !is_file => {
                self.open(Field::EvaluationHash, "there is no evaluation that counts");
            }
            None if !is_file => self.open(
                Field::EvaluationHash,
                "the evaluation names no digest of its data",
            ),
            None => {}
        }
    }
}

/// Whether an input has this digest.
fn is_named(input: &Input, digest: &str) -> bool {
    let digest = digest.to_ascii_lowercase();
    input
        .digests
        .iter()
        .any(|(algorithm, hex)| format!("{}:{hex}", algorithm.to_ascii_lowercase()) == digest)
}

/// Whether two addresses of data are the same, whatever they begin or end with.
fn same_address(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().to_lowercase();
        let text = text
            .split_once("://")
            .map_or(text.as_str(), |(_, rest)| rest)
            .to_owned();
        text.split('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned()
    };
    let (one, other) = (bare(one), bare(other));
    !one.is_empty() && one == other
}

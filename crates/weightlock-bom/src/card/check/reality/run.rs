//! How the model was made, and who signs it, beside what provenance that counts says and who did sign.

use weightlock_artifact::{evidence::Kind, standing::Standing};

use super::{Case, Counted, Place, Saying, saying, signed};
use crate::card::{
    Field,
    check::{
        missing,
        statement::{self, Input},
    },
};

impl Case<'_, '_> {
    /// Commit, run, builder and time beside what provenance says of them.
    pub(super) fn run(&mut self) {
        let statements: Vec<Counted<'_>> = self.statements(Kind::Provenance);
        let fields = [
            Field::CommitSha,
            Field::BuildId,
            Field::Builder,
            Field::BuildTimestamp,
        ];
        for field in fields {
            let Some(said) = self.card.first(field) else {
                continue;
            };
            let told: Vec<Saying> = statements
                .iter()
                .flat_map(|one| {
                    told_by(field, one)
                        .into_iter()
                        .map(move |value| signed(one, &value))
                })
                .collect();
            let fits = |saying: &&Saying| fits(field, &said.text, &saying.value);
            match (told.iter().find(fits), told.is_empty()) {
                (Some(same), _) => {
                    self.agrees(field, &same.value, same.place.clone(), Standing::Verified);
                }
                (None, true) => self.open(field, "no provenance that counts tells it"),
                (None, false) if is_comparable(field, &said.text) => {
                    let message = format!("{field} is another than the provenance says");
                    self.contradicts(field, &said, told, message);
                }
                (None, false) => self.open(field, "the provenance names it in other words"),
            }
        }
    }

    /// Versions beside what provenance recorded, and what the front matter of the trainer says.
    pub(super) fn environment(&mut self) {
        for (field, names) in [
            (Field::Python, &["python", "python_version"][..]),
            (Field::Torch, &["torch", "pytorch", "torch_version"]),
            (Field::Cuda, &["cuda", "cuda_version"]),
        ] {
            let Some(said) = self.card.first(field) else {
                continue;
            };
            let mut told: Vec<Saying> = self
                .statements(Kind::Provenance)
                .into_iter()
                .flat_map(|one| {
                    let found = statement::recorded(one.predicate, names).into_iter();
                    found.map(move |value| signed(&one, &value)).collect::<Vec<_>>()
                })
                .collect();
            if let Some((name, readme)) = self.material.readme {
                told.extend(
                    missing::in_readme(readme, field)
                        .iter()
                        .map(|it| saying(name, it)),
                );
            }
            let (same, others): (Vec<Saying>, Vec<Saying>) = told
                .into_iter()
                .partition(|it| is_same_version(&said.text, &it.value));
            if !others.is_empty() {
                let message = format!("{field} is another version than was told elsewhere");
                self.contradicts(field, &said, others, message);
            }
            for it in same {
                self.agrees(field, it.value, it.place, it.standing);
            }
        }
    }

    /// Who is said to sign beside who did.
    pub(super) fn signer(&mut self) {
        let Some(said) = self.card.first(Field::SignedBy) else {
            return;
        };
        let Some(signer) = self.material.signer else {
            self.open(Field::SignedBy, "no signature of the model was verified");
            return;
        };
        let text = said.text.trim().to_lowercase();
        let hex = text
            .trim_start_matches("sha256:")
            .trim_start_matches("key ")
            .to_owned();
        let is_same = |name: &String| {
            let name = name.to_lowercase();
            name == text || (hex.len() >= 16 && name.starts_with(&hex) && is_hex(&hex))
        };
        let found = Saying {
            value: signer.shown.clone(),
            place: Place::of("the signature of the model"),
            standing: Standing::Verified,
        };
        if signer.names.iter().any(is_same) {
            self.agrees(Field::SignedBy, found.value, found.place, Standing::Verified);
        } else if signer.is_named || (hex.len() >= 16 && is_hex(&hex)) {
            let message = "the signer of the model is another than the card says".to_owned();
            self.contradicts(Field::SignedBy, &said, vec![found], message);
        } else {
            self.open(
                Field::SignedBy,
                "the signature is by a key, which has no name but its fingerprint",
            );
        }
    }
}

/// What a statement says under a field.
fn told_by(field: Field, one: &Counted<'_>) -> Vec<String> {
    let texts = |found: Option<&str>| found.map(str::to_owned).into_iter().collect();
    match field {
        Field::CommitSha => {
            let inputs = statement::inputs(one.predicate);
            inputs
                .iter()
                .filter_map(Input::commit)
                .map(str::to_owned)
                .collect()
        }
        Field::BuildId => texts(statement::run(one.predicate)),
        Field::Builder => texts(statement::builder(one.predicate)),
        Field::BuildTimestamp => {
            let [started, finished] = statement::times(one.predicate);
            match (started, finished) {
                (Some(started), Some(finished)) => vec![format!("{started} to {finished}")],
                (one, other) => texts(one.or(other)),
            }
        }
        _ => Vec::new(),
    }
}

/// Whether two values of a field of the run mean the same.
fn fits(field: Field, said: &str, told: &str) -> bool {
    let (said, told) = (said.trim().to_lowercase(), told.trim().to_lowercase());
    match field {
        Field::CommitSha => said.len() >= 7 && told.starts_with(&said),
        // A run is often an address that ends in its number.
        Field::BuildId => said == told || told.rsplit(['/', '#', '=']).any(|part| part == said),
        Field::Builder => said == told || told.split_once('@').is_some_and(|(builder, _)| builder == said),
        Field::BuildTimestamp => {
            let days: Vec<i64> = told.split(" to ").filter_map(day).collect();
            match (day(&said), days.as_slice()) {
                (Some(day), [first, .., last]) => {
                    (first.saturating_sub(1)..=last.saturating_add(1)).contains(&day)
                }
                // Dates of different places on earth are a day apart at most.
                (Some(day), [only]) => day.abs_diff(*only) <= 1,
                _ => false,
            }
        }
        _ => said == told,
    }
}

/// Whether a value is written so that it must be the same; a builder may be called by a name for people.
fn is_comparable(field: Field, said: &str) -> bool {
    match field {
        Field::Builder => said.contains("://"),
        Field::BuildTimestamp => day(said).is_some(),
        _ => true,
    }
}

/// The days from a fixed day to the date that a time begins with (proleptic Gregorian calendar).
fn day(time: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| time.get(range)?.parse::<i64>().ok();
    let is_dashed = time.get(4..5) == Some("-") && time.get(7..8) == Some("-");
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    if !is_dashed || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // A year begins in March here, so that its leap day is its last.
    let (year, month) = if month > 2 {
        (year, month.checked_sub(3)?)
    } else {
        (year.checked_sub(1)?, month.checked_add(9)?)
    };
    let leaps = year
        .div_euclid(4)
        .checked_sub(year.div_euclid(100))?
        .checked_add(year.div_euclid(400))?;
    let months = month.checked_mul(153)?.checked_add(2)?.div_euclid(5);
    year.checked_mul(365)?
        .checked_add(leaps)?
        .checked_add(months)?
        .checked_add(day)
}

/// Whether two versions are the same as far as both are told: 3.11 is 3.11.4, 2.8.0 is 2.8.0+cu128.
fn is_same_version(one: &str, other: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().trim_start_matches(['v', 'V']);
        text.split('+').next().unwrap_or_default().to_lowercase()
    };
    let (one, other) = (bare(one), bare(other));
    let mut parts = one.split('.').zip(other.split('.'));
    parts.all(|(a, b)| a == b)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

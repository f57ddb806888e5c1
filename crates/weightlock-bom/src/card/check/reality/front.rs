//! The front matter of `README.md` beside the structured card: values and metrics.

use weightlock_artifact::standing::Standing;
use weightlock_format::config::card::Stated;

use super::{
    Case, Place,
    same::{is_same_number, normal, number},
    saying,
};
use crate::card::{Field, check::missing};

impl Case<'_, '_> {
    /// The card beside the front matter: both are declared, and neither is better.
    pub(super) fn front_matter(&mut self) {
        let Some((name, readme)) = self.material.readme else {
            return;
        };
        for field in [Field::License, Field::BaseModel] {
            let (ours, theirs) = (self.card.says(field), missing::in_readme(readme, field));
            let Some(first) = ours.first().filter(|_| !theirs.is_empty()) else {
                continue;
            };
            let norm = |all: &[Stated]| all.iter().map(|one| normal(field, &one.text)).collect::<Vec<_>>();
            let (one, other) = (norm(&ours), norm(&theirs));
            let others = theirs.iter().map(|it| saying(name, it)).collect::<Vec<_>>();
            let within = |a: &[String], b: &[String]| a.iter().all(|it| b.contains(it));
            if within(&one, &other) || within(&other, &one) {
                for it in others {
                    self.agrees(field, it.value, it.place, it.standing);
                }
            } else {
                let message = format!("{field} is another than in the front matter of {name}");
                self.contradicts(field, &first.clone(), others, message);
            }
        }
        let theirs = missing::metrics(readme);
        for (metric, said) in self.card.named(Field::Performance) {
            let same: Vec<&Stated> = theirs
                .iter()
                .filter(|(name, value)| name.eq_ignore_ascii_case(&metric) && number(&value.text).is_some())
                .map(|(_, value)| value)
                .collect();
            let Some(ours) = number(&said.text).filter(|_| !same.is_empty()) else {
                continue;
            };
            match same
                .iter()
                .find(|it| number(&it.text).is_some_and(|theirs| is_same_number(ours, theirs)))
            {
                Some(same) => {
                    self.agrees(
                        Field::Performance,
                        &same.text,
                        Place::line(name, same.line),
                        Standing::Declared,
                    );
                }
                None => {
                    let others = same.iter().map(|it| saying(name, it)).collect();
                    let message =
                        format!("performance.{metric} is another than in the model-index of {name}");
                    self.contradicts(Field::Performance, &said, others, message);
                }
            }
        }
    }
}

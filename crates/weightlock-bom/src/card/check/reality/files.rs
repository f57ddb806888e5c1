//! The files of the model beside what the card says of them: the framework, the licence, digests.

use weightlock_artifact::standing::Standing;
use weightlock_format::config::card::Stated;

use super::{Case, Place, Saying, computed, is_in_readme, same::normal, saying};
use crate::{
    card::{Field, check::framework},
    graph::Property,
};

impl Case<'_, '_> {
    /// What it is made with beside the library of the front matter, and beside the files that hold the weights.
    pub(super) fn framework(&mut self) {
        let Some(said) = self.card.first(Field::Framework) else {
            return;
        };
        if let Some((name, readme)) = self.material.readme
            && let Some(library) = &readme.library_name
        {
            match framework::contradict(&said.text, &library.text) {
                Some(true) => {
                    let message = format!(
                        "{} is none that the library in {name} works with",
                        Field::Framework
                    );
                    self.contradicts(Field::Framework, &said, vec![saying(name, library)], message);
                }
                Some(false) => {
                    let place = Place::line(name, library.line);
                    self.agrees(Field::Framework, &library.text, place, Standing::Declared);
                }
                None => {}
            }
        }
        let files = self.material.files.unwrap_or_default().iter();
        let weights: Vec<&str> = files
            .map(|(name, _)| name.as_str())
            .filter(|name| framework::holds_weights(name))
            .collect();
        if framework::cannot_use(&said.text, weights.iter().copied()) == Some(true) {
            let found = Saying {
                value: weights.join(", "),
                place: Place::of("the files of the model"),
                standing: Standing::Inferred,
            };
            let message = "the weights are in files that the framework does not use".to_owned();
            self.contradicts(Field::Framework, &said, vec![found], message);
        }
    }

    /// The licence beside what other files than the cards say of it: headers of weights, the text of a licence.
    pub(super) fn license(&mut self) {
        let said = self.card.says(Field::License);
        let component = self
            .material
            .graph
            .and_then(|graph| graph.component(graph.subject()));
        let (Some(first), Some(component)) = (said.first(), component) else {
            return;
        };
        let ours: Vec<String> = said.iter().map(|one| normal(Field::License, &one.text)).collect();
        let claims = [Property::License, Property::LicenseText];
        let claims = claims.iter().flat_map(|property| component.claims(*property));
        let mut others = Vec::new();
        for claim in claims {
            let value = claim.value.to_string();
            // The front matter was compared as it is written.
            let Some(source) = claim.sources.iter().find(|it| !is_in_readme(it)) else {
                continue;
            };
            let place = Place::of(source.to_string());
            if ours.contains(&normal(Field::License, &value)) {
                self.agrees(Field::License, value, place, claim.standing);
            } else {
                others.push(Saying {
                    value,
                    place,
                    standing: claim.standing,
                });
            }
        }
        if !others.is_empty() {
            let message = "another file of the model names another licence".to_owned();
            self.contradicts(Field::License, &first.clone(), others, message);
        }
    }

    /// The digests of files beside what was computed now.
    pub(super) fn weights(&mut self) {
        let named = self.card.named(Field::Weights);
        let Some(files) = self.material.files else {
            if !named.is_empty() {
                self.open(Field::Weights, "no digest was computed");
            }
            return;
        };
        for (path, said) in named {
            let found = files.iter().find(|(name, _)| *name == path);
            match found.map(|(_, digest)| digest.to_string()) {
                None => {
                    let message = format!("the card has a digest of {path}, which is not there");
                    self.contradicts(
                        Field::Weights,
                        &said,
                        vec![computed("no such file", &path)],
                        message,
                    );
                }
                Some(found) if !said.text.starts_with("sha256:") => {
                    self.open(
                        Field::Weights,
                        format!("only SHA-256 was computed of {path}: {found}"),
                    );
                }
                Some(found) if found.eq_ignore_ascii_case(&said.text) => {
                    self.agrees(Field::Weights, found, Place::of(path), Standing::Verified);
                }
                Some(found) => {
                    let message = format!("the digest of {path} is another than the card says");
                    self.contradicts(Field::Weights, &said, vec![computed(&found, &path)], message);
                }
            }
        }
    }

    /// The file of the model that a field names, with its digest.
    fn file(&self, field: Field) -> Option<(String, String)> {
        let said = self.card.first(field)?;
        let path = said.text.trim_start_matches("./");
        let (name, digest) = self.material.files?.iter().find(|(name, _)| name == path)?;
        Some((name.clone(), digest.to_string()))
    }

    /// A digest beside the file that another field names; says whether there is one.
    pub(super) fn against_file(&mut self, field: Field, source: Field, said: &Stated) -> bool {
        let Some((path, found)) = self.file(source).filter(|_| said.text.starts_with("sha256:")) else {
            return false;
        };
        if found.eq_ignore_ascii_case(&said.text) {
            self.agrees(field, found, Place::of(path), Standing::Verified);
        } else {
            let message = format!("{field} is not the digest of {path}, which {source} names");
            self.contradicts(field, said, vec![computed(&found, &path)], message);
        }
        true
    }
}

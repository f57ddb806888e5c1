//! What each field says, in the structured card or else in `README.md`, and what is not there.

use weightlock_artifact::standing::Standing;
use weightlock_format::config::card::{Card, Stated, Topic, says_nothing};

use super::{Answer, Checked, Fault, Finding, Material, Need, Place, Saying};
use crate::card::Field;

/// An answer for each field, with what is missing or misshapen.
pub(super) fn answers(material: &Material<'_>) -> Checked {
    let mut checked = Checked::default();
    for field in Field::ALL.iter().copied() {
        let answer = answer(material, field);
        if answer.value.is_none() && answer.need != Need::Optional {
            checked.findings.push(Finding {
                fault: Fault::Missing,
                field,
                need: answer.need,
                message: message(material, field),
                sayings: Vec::new(),
            });
        }
        checked.answers.push(answer);
    }
    misfits(material, &mut checked);
    checked
}

fn answer(material: &Material<'_>, field: Field) -> Answer {
    let (name, said) = said(material, field);
    let texts: Vec<&str> = said.iter().map(|one| one.text.as_str()).collect();
    let place = match (&said.first(), material.card) {
        (Some(first), _) => Some(Place::line(name, first.line)),
        (None, Some((name, card))) => Some(Place::line(name, card.place(field).0)),
        (None, None) => None,
    };
    Answer {
        field,
        need: need(material, field),
        standing: if said.is_empty() {
            Standing::Unknown
        } else {
            Standing::Declared
        },
        value: (!said.is_empty()).then(|| texts.join("; ")),
        place,
        agrees_with: Vec::new(),
    }
}

/// Without a structured card, only what `README.md` has a place for is required.
fn need(material: &Material<'_>, field: Field) -> Need {
    const IN_README: [Field; 5] = [
        Field::License,
        Field::IntendedUse,
        Field::DataSource,
        Field::Performance,
        Field::KnownLimitations,
    ];
    match field.need() {
        Need::Required if material.card.is_none() && !IN_README.contains(&field) => Need::Recommended,
        need => need,
    }
}

/// Who says something under a field, and what.
fn said<'a>(material: &Material<'a>, field: Field) -> (&'a str, Vec<Stated>) {
    if let Some((name, card)) = material.card {
        let said = match field {
            Field::Performance | Field::Hyperparameters | Field::Weights => named(card.named(field)),
            _ => card.says(field),
        };
        // The fields of the structured card are its own; the intended use is asked of both.
        if !said.is_empty() || field != Field::IntendedUse {
            return (name, said);
        }
    }
    match material.readme {
        Some((name, readme)) => (name, in_readme(readme, field)),
        None => ("", Vec::new()),
    }
}

/// Names with their values, each as one text.
fn named(pairs: Vec<(String, Stated)>) -> Vec<Stated> {
    let one = |(name, stated): (String, Stated)| Stated {
        text: format!("{name}: {}", stated.text),
        ..stated
    };
    pairs.into_iter().map(one).collect()
}

/// What `README.md` says under a field of the structured card.
pub(in crate::card) fn in_readme(readme: &Card, field: Field) -> Vec<Stated> {
    let one = |stated: &Option<Stated>| stated.iter().cloned().collect::<Vec<_>>();
    let about = |topic| readme.body.about(topic).cloned().collect::<Vec<_>>();
    let said = match field {
        Field::Name => match &readme.model_name {
            None => readme
                .model_index
                .iter()
                .filter_map(|it| it.name.clone())
                .take(1)
                .collect(),
            name => one(name),
        },
        Field::Type => one(&readme.pipeline_tag),
        Field::Framework => one(&readme.library_name),
        Field::License => license(readme),
        Field::BaseModel => readme.base_model.clone(),
        Field::IntendedUse => about(Topic::IntendedUse),
        Field::DataSource => {
            let mut said: Vec<Stated> = readme.datasets.iter().map(|set| set.name.clone()).collect();
            if said.is_empty() {
                said = about(Topic::TrainingData);
            }
            said
        }
        Field::Hyperparameters => pairs(&readme.body.hyperparameters),
        Field::Performance => {
            let metrics = metrics(readme);
            if metrics.is_empty() {
                about(Topic::Evaluation)
            } else {
                named(metrics)
            }
        }
        Field::EvaluationDataset => {
            let results = readme.model_index.iter().flat_map(|it| &it.results);
            let sets = results.filter_map(|it| it.dataset.id.clone().or_else(|| it.dataset.name.clone()));
            let mut said: Vec<Stated> = Vec::new();
            for set in sets {
                if said.iter().all(|one| one.text != set.text) {
                    said.push(set);
                }
            }
            said
        }
        Field::Torch => framework(readme, &["pytorch", "torch"]),
        Field::KnownLimitations => about(Topic::Limitations),
        _ => Vec::new(),
    };
    said.into_iter().filter(|one| !says_nothing(&one.text)).collect()
}

/// The licences; `other` by its name.
fn license(readme: &Card) -> Vec<Stated> {
    let named = |license: &Stated| match &readme.license_name {
        Some(name) if license.text == "other" => name.clone(),
        _ => license.clone(),
    };
    readme.license.iter().map(named).collect()
}

/// The metrics of `model-index`, by type.
pub(super) fn metrics(readme: &Card) -> Vec<(String, Stated)> {
    let results = readme.model_index.iter().flat_map(|it| &it.results);
    let metrics = results.flat_map(|it| &it.metrics);
    metrics
        .filter_map(|metric| {
            let name = metric.kind.as_ref().or(metric.name.as_ref())?;
            Some((name.text.clone(), metric.value.clone()?))
        })
        .collect()
}

fn pairs(pairs: &[(Stated, Stated)]) -> Vec<Stated> {
    named(
        pairs
            .iter()
            .map(|(name, value)| (name.text.clone(), value.clone()))
            .collect(),
    )
}

fn framework(readme: &Card, names: &[&str]) -> Vec<Stated> {
    let is_meant = |name: &Stated| names.contains(&name.text.to_lowercase().as_str());
    let versions = readme.body.frameworks.iter();
    versions
        .filter(|(name, _)| is_meant(name))
        .map(|(_, version)| version.clone())
        .take(1)
        .collect()
}

fn message(material: &Material<'_>, field: Field) -> String {
    let what = field.meaning().to_lowercase();
    match (material.card, field) {
        (Some(_), Field::IntendedUse) => format!("neither {field} nor a section of README.md says {what}"),
        (Some(_), _) => format!("{field} is not said: {what}"),
        (None, _) => format!("README.md does not say {what}"),
    }
}

fn misfits(material: &Material<'_>, checked: &mut Checked) {
    let Some((name, card)) = material.card else {
        return;
    };
    for misfit in card.misfits() {
        // What is no value of the field is not told as missing too.
        checked
            .findings
            .retain(|it| it.fault != Fault::Missing || it.field != misfit.field);
        if let Some(answer) = checked.answers.iter_mut().find(|it| it.field == misfit.field) {
            answer.standing = Standing::Failed;
        }
        checked.findings.push(Finding {
            fault: Fault::Misfit,
            field: misfit.field,
            need: Need::Required,
            message: format!("{}: {}", misfit.field, misfit.why),
            sayings: vec![Saying {
                value: misfit.said.text.clone(),
                place: Place::line(name, misfit.said.line),
                standing: Standing::Declared,
            }],
        });
    }
}

//! The values of a card beside what else tells them (S77).
//!
//! Two values contradict each other only where they mean the same thing and cannot both be true. Where nothing comparable is
//! there, the value stays as it was and the comparison is told as open, so that "not contradicted" is never read as "checked".

use weightlock_artifact::{evidence::Kind, standing::Standing};
use weightlock_format::config::card::Stated;

use super::{
    Counted, Fault, Finding, Material, Need, Open, Place, Saying, missing,
    statement::{self, Input},
};
use crate::{
    card::{Field, ModelCard},
    graph::{Property, contradicts_count},
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
    parameters(material, &mut compared);
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

    /// The card beside the front matter: both are declared, and neither is better.
    fn front_matter(&mut self) {
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

    /// The digests of files beside what was computed now.
    fn weights(&mut self) {
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
    fn against_file(&mut self, field: Field, source: Field, said: &Stated) -> bool {
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

    /// The digest of the training data beside what provenance names.
    fn training_data(&mut self) {
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
        let named = chosen(&|input| input.is_data() || (is_source(input) && input.may_be_data()));
        let others = if named.is_empty() {
            chosen(&Input::may_be_data)
        } else {
            named
        };
        if others.is_empty() {
            self.open(Field::DataHash, "the provenance names no training data");
        } else {
            let message = "the provenance names other training data than the card".to_owned();
            self.contradicts(Field::DataHash, &said, others, message);
        }
    }

    /// The digest of the evaluation data beside what evaluations name.
    fn evaluation(&mut self) {
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

    /// Commit, run, builder and time beside what provenance says of them.
    fn run(&mut self) {
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
    fn environment(&mut self) {
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
    fn signer(&mut self) {
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

/// How many numbers the model is said to have beside what was counted, in the structured card and in the text of `README.md`.
fn parameters(material: &Material<'_>, compared: &mut Compared) {
    let Some(component) = material.graph.and_then(|graph| graph.component(graph.subject())) else {
        return;
    };
    let Some(counted) = component.number(Property::Parameters) else {
        return;
    };
    let standing = component.standing(Property::Parameters);
    let found = Saying {
        value: counted.to_string(),
        place: Place::of("the tensors of the weights"),
        standing,
    };
    let ours = material.card.and_then(|(name, card)| {
        let said = card.first(Field::Parameters)?;
        Some((said.text.clone(), saying(name, &said)))
    });
    let theirs = component
        .claims(Property::ParameterClaim)
        .iter()
        .filter_map(|claim| {
            let source = claim.sources.first()?;
            let value = claim.value.as_text()?.to_owned();
            let place = Place::of(source.to_string());
            Some((
                value.clone(),
                Saying {
                    value,
                    place,
                    standing: claim.standing,
                },
            ))
        });
    for (value, saying) in ours.into_iter().chain(theirs) {
        match contradicts_count(&value, counted) {
            Some(true) => {
                let message = "more or fewer parameters are claimed than the weights hold".to_owned();
                let sayings = vec![saying, found.clone()];
                compared
                    .contradictions
                    .push(contradiction(Field::Parameters, message, sayings));
            }
            Some(false) => compared.agreements.push(Agreement {
                field: Field::Parameters,
                with: found.clone(),
            }),
            None => {}
        }
    }
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

/// Whether an input has this digest.
fn is_named(input: &Input, digest: &str) -> bool {
    let digest = digest.to_ascii_lowercase();
    input
        .digests
        .iter()
        .any(|(algorithm, hex)| format!("{}:{hex}", algorithm.to_ascii_lowercase()) == digest)
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

/// A licence or a name for comparing.
fn normal(field: Field, text: &str) -> String {
    let text = text.trim().to_lowercase();
    match field {
        Field::License => {
            let text = text.trim_start_matches("licenseref-");
            let bare = text.trim_end_matches(" license").trim_end_matches(" licence");
            bare.trim_end_matches("-only")
                .trim_end_matches("-or-later")
                .replace(' ', "-")
        }
        _ => text.split('@').next().unwrap_or_default().to_owned(),
    }
}

/// The number that a metric is, per cent as a share.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, scale) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim(), 0.01),
        None => (text, 1.0),
    };
    let number = digits.parse::<f64>().ok()? * scale;
    number.is_finite().then_some(number)
}

/// Whether two metrics are the same number: as written, rounded to three digits, or one of them in per cent.
fn is_same_number(one: f64, other: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= a.abs().max(b.abs()) * 0.0005;
    near(one, other) || near(one * 100.0, other) || near(one, other * 100.0)
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

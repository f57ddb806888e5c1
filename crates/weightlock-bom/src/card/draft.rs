//! A new card, with everything that is known already and an explicit `unknown` for everything else; and the completion of one
//! that is there.

use weightlock_artifact::{digest::Digest, standing::Standing};
use weightlock_format::config::card::{Card, says_nothing};

use super::{
    Field, ModelCard, Need, SCHEMA_ID, Shape,
    check::Place,
    edit::{Document, EditError, New, block_key, scalar},
};
use crate::{
    card::check::in_readme,
    graph::{Claim, Graph, Property, Verb},
};

/// Something that is known of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// The field of a card that it belongs in.
    pub field: Field,
    /// The values, with names where the field has such.
    pub values: Vec<(Option<String>, String)>,
    /// Where it was found.
    pub place: Place,
}

/// What files tell about a model, each field from the first source that has it: the front matter and the Markdown of its
/// `README.md`, then what all files say together. The digests of its weights are computed.
#[must_use]
pub fn known(
    readme: Option<(&str, &Card)>,
    weights: &[(String, Digest)],
    graph: Option<&Graph>,
) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    for field in Field::ALL.iter().copied() {
        let found = match (field, readme) {
            (Field::Weights, _) => of_weights(weights),
            (_, Some((name, card))) => of_readme(field, name, card),
            (_, None) => None,
        };
        known.extend(found.or_else(|| graph.and_then(|graph| of_graph(field, graph))));
    }
    known
}

fn of_weights(weights: &[(String, Digest)]) -> Option<Known> {
    let value = |(name, digest): &(String, Digest)| (Some(name.clone()), digest.to_string());
    (!weights.is_empty()).then(|| Known {
        field: Field::Weights,
        values: weights.iter().map(value).collect(),
        place: Place::of("computed"),
    })
}

fn of_readme(field: Field, name: &str, card: &Card) -> Option<Known> {
    let said = in_readme(card, field);
    let first = said.first()?;
    let place = Place::line(name, first.line);
    let values = said.iter().map(|one| match field.shape() {
        Shape::Settings => match one.text.split_once(": ").filter(|(name, _)| is_name(name)) {
            Some((name, value)) => (Some(name.to_owned()), value.to_owned()),
            // Prose about results is no metric.
            None => (None, one.text.clone()),
        },
        _ => (None, one.text.lines().collect::<Vec<_>>().join(" ")),
    });
    let mut values: Vec<(Option<String>, String)> = values.collect();
    if field.shape() == Shape::Settings {
        // A field of its own has its name; a metric that is called the same would be there twice.
        let is_field = |name: &str| {
            let mut fields = Field::ALL.iter();
            let keys = |it: &Field| it.keys().map(str::to_owned).collect::<Vec<_>>();
            let own = [keys(&field), vec![name.to_owned()]].concat();
            fields.any(|it| keys(it) == own)
        };
        values.retain(|(name, _)| name.as_deref().is_some_and(|name| !is_field(name)));
        // A card would not read it as said.
        values.retain(|(_, value)| !says_nothing(value));
        // Names are there once; the first result is the one the card lists first.
        let mut seen = std::collections::BTreeSet::new();
        values.retain(|(name, _)| seen.insert(name.clone()));
    }
    (!values.is_empty()).then_some(Known { field, values, place })
}

/// Whether a text can be the name of a metric or of a setting.
fn is_name(text: &str) -> bool {
    const MOST_LETTERS: usize = 128;
    !text.contains('\n') && text.chars().take(MOST_LETTERS.saturating_add(1)).count() <= MOST_LETTERS
}

/// What the graph has under the property that a field means. What is private stays out.
fn of_graph(field: Field, graph: &Graph) -> Option<Known> {
    let property = match field {
        Field::Name => Property::Name,
        Field::Version => Property::Version,
        Field::Type => Property::Task,
        Field::Framework => Property::Library,
        Field::License => Property::License,
        Field::Parameters => Property::Parameters,
        Field::DataSource => return of_data(graph),
        _ => return None,
    };
    let claims = graph.component(graph.subject())?.claims(property);
    // A card states what somebody knows; what was only worked out is for its author to confirm.
    let is_known = |claim: &&Claim| matches!(claim.standing, Standing::Verified | Standing::Declared);
    let open: Vec<_> = claims
        .iter()
        .filter(|claim| !claim.is_private)
        .filter(is_known)
        .collect();
    let source = open.first()?.sources.first()?;
    Some(Known {
        field,
        values: open.iter().map(|claim| (None, claim.value.to_string())).collect(),
        place: Place::of(source.to_string()),
    })
}

/// The data sets that it is said to be trained on.
fn of_data(graph: &Graph) -> Option<Known> {
    let relations = graph
        .from(graph.subject())
        .filter(|it| it.verb == Verb::TrainedOn);
    let mut place = None;
    let mut values = Vec::new();
    for relation in relations.filter(|it| it.standing <= Standing::Declared) {
        let component = graph.component(&relation.to)?;
        let Some(name) = component.text(Property::Name) else {
            continue;
        };
        let namespace = component.text(Property::Namespace);
        let name = namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
        values.push((None, name));
        place = place.or_else(|| {
            relation
                .sources
                .first()
                .map(|source| Place::of(source.to_string()))
        });
    }
    Some(Known {
        field: Field::DataSource,
        values,
        place: place?,
    })
}

/// The text of a new card.
#[must_use]
pub fn write(known: &[Known]) -> String {
    let mut text = format!(
        "# Model card in the form {SCHEMA_ID}.\n\
         # `unknown` stands for what nobody has said yet; weightlock card check lists it.\n"
    );
    let mut open: Vec<&str> = Vec::new();
    for field in Field::ALL.iter().copied() {
        let found = known.iter().find(|one| one.field == field);
        if found.is_none() && field.need() == Need::Optional {
            continue;
        }
        let keys: Vec<&str> = field.keys().collect();
        let shared = open
            .iter()
            .zip(&keys)
            .take_while(|(one, other)| one == other)
            .count();
        for (depth, key) in keys.iter().enumerate().skip(shared) {
            text += &format!("{}{key}:", "  ".repeat(depth));
            if depth.saturating_add(1) < keys.len() {
                text.push('\n');
            }
        }
        text += &value(field, found, keys.len());
        open = keys;
    }
    text
}

/// What stands behind the colon of a field.
fn value(field: Field, known: Option<&Known>, depth: usize) -> String {
    let Some(known) = known else {
        return match (field, field.shape()) {
            // Its other members follow.
            (Field::Performance, _) => "\n".to_owned(),
            (_, Shape::Settings | Shape::Digests) => " {}\n".to_owned(),
            _ => " unknown\n".to_owned(),
        };
    };
    let comment = format!(" # {}", one_line(&known.place.to_string()));
    let indent = "  ".repeat(depth);
    match (field.shape(), known.values.as_slice()) {
        (Shape::Settings | Shape::Digests, values) => {
            let entry = |(name, value): &(Option<String>, String)| {
                let name = block_key(name.as_deref().unwrap_or_default(), &indent);
                format!("{indent}{name} {}\n", written(field, value))
            };
            format!("{comment}\n{}", values.iter().map(entry).collect::<String>())
        }
        (Shape::Texts, [_, _, ..]) => {
            let item = |(_, value): &(Option<String>, String)| format!("{indent}- {}\n", scalar(value));
            format!("{comment}\n{}", known.values.iter().map(item).collect::<String>())
        }
        (_, values) => {
            let texts: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
            format!(" {}{comment}\n", scalar(&texts.join("; ")))
        }
    }
}

/// A number stays a number where numbers belong.
fn written(field: Field, value: &str) -> String {
    match new(field, value) {
        New::Plain(text) => text,
        _ => scalar(value),
    }
}

fn new(field: Field, value: &str) -> New {
    let is_number = field.shape() == Shape::Settings
        && value.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && value.parse::<f64>().is_ok_and(f64::is_finite);
    if is_number {
        New::Plain(value.to_owned())
    } else {
        New::Text(value.to_owned())
    }
}

/// A name out of a file, fit for a comment.
fn one_line(text: &str) -> String {
    let shown = |letter: char| {
        if letter.is_control() || "\u{2028}\u{2029}\u{feff}".contains(letter) {
            '?'
        } else {
            letter
        }
    };
    text.chars().map(shown).collect()
}

/// Completes a card: each field that says nothing and of which something is known gets its value, and nothing else changes.
/// The fields that were filled in.
///
/// # Errors
/// [`EditError`]; the document is then as far as it came.
pub fn fill(document: &mut Document, known: &[Known]) -> Result<Vec<Field>, EditError> {
    let mut filled = Vec::new();
    for one in known {
        // What was written last is read again: one field may have brought the mapping of the next.
        let Ok(card) = ModelCard::read(document.text().as_bytes()) else {
            break;
        };
        if !card.says(one.field).is_empty() {
            continue;
        }
        let keys: Vec<&str> = one.field.keys().collect();
        match one.field {
            // Beside its members that are fields of their own.
            Field::Performance => {
                for (name, value) in &one.values {
                    let name = name.as_deref().unwrap_or_default();
                    document.set(&["performance", name], &new(one.field, value))?;
                }
            }
            _ => document.set(&keys, &value_of(one))?,
        }
        filled.push(one.field);
    }
    Ok(filled)
}

fn value_of(known: &Known) -> New {
    let texts = || known.values.iter().map(|(_, value)| value.clone());
    match (known.field.shape(), known.values.as_slice()) {
        (Shape::Settings | Shape::Digests, values) => New::Map(
            values
                .iter()
                .map(|(name, value)| (name.clone().unwrap_or_default(), new(known.field, value)))
                .collect(),
        ),
        (Shape::Texts, [_, _, ..]) => New::List(texts().collect()),
        _ => New::Text(texts().collect::<Vec<_>>().join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::digest::Algorithm;

    use super::*;

    const README: &str = "---\nmodel_name: \"Pebble: # \\u2028 one\"\nlicense: [mit, apache-2.0]\nlibrary_name: transformers\npipeline_tag: text-generation\nbase_model: o/base\ndatasets: [o/a, o/b]\nmodel-index:\n- name: p\n  results:\n  - dataset: {type: wikitext, name: W}\n    metrics:\n    - {type: perplexity, value: 47.90}\n    - {type: perplexity, value: 50}\n---\n# P\n\n## Limitations\n\nMany,\nand more.\n\n### Training hyperparameters\n\n- learning_rate: 2e-05\n";

    fn all() -> Vec<Known> {
        let card = Card::read(README.as_bytes());
        let weights = [("a b.safetensors".to_owned(), Algorithm::Sha256.digest(b"w"))];
        known(Some(("README.md", &card)), &weights, None)
    }

    #[test]
    fn a_metric_that_is_called_like_a_field_is_left_out() {
        let readme = README.replace("type: perplexity, value: 50", "type: evaluation_hash, value: 50");
        let card = Card::read(readme.as_bytes());
        let text = write(&known(Some(("README.md", &card)), &[], None));
        let card = ModelCard::read(text.as_bytes()).expect("a new card is read");
        assert_eq!(card.named(Field::Performance).len(), 1, "{text}");
    }

    #[test]
    fn a_metric_whose_value_says_nothing_is_left_out() {
        let readme = "---\nlicense: mit\n---\n## Results\n\nf1: |\n";
        let card = Card::read(readme.as_bytes());
        let known = known(Some(("README.md", &card)), &[], None);
        assert!(known.iter().all(|it| it.field != Field::Performance), "{known:?}");
        let stated = README.replace("value: 47.90", "value: '|'");
        let card = Card::read(stated.as_bytes());
        let text = write(&super::known(Some(("README.md", &card)), &[], None));
        let card = ModelCard::read(text.as_bytes()).expect("a new card is read");
        assert_eq!(card.named(Field::Performance).len(), 1, "{text}");
    }

    #[test]
    fn names_of_any_length_are_read_again() {
        let long = format!("{}: 1", "a ".repeat(600));
        let readme = format!("---\nlicense: mit\n---\n## Results\n\n{long}\n\nAnd\nmore: 2\n");
        let card = Card::read(readme.as_bytes());
        let weights = [("w/".repeat(2000), Algorithm::Sha256.digest(b"w"))];
        let known = known(Some(("README.md", &card)), &weights, None);
        assert!(known.iter().all(|it| it.field != Field::Performance), "{known:?}");
        let text = write(&known);
        let card = ModelCard::read(text.as_bytes()).expect("a new card is read");
        assert_eq!(card.named(Field::Weights)[0].0, weights[0].0);
        let mut document = Document::read(b"model:\n  name: x\n").expect("a card");
        fill(&mut document, &known).expect("filled");
        let card = ModelCard::read(document.text().as_bytes()).expect("a filled card is read");
        assert_eq!(card.named(Field::Weights)[0].0, weights[0].0);
    }

    #[test]
    fn a_new_card_says_what_is_known_and_that_the_rest_is_not() {
        let text = write(&all());
        let card = ModelCard::read(text.as_bytes()).unwrap();
        assert_eq!(card.misfits(), [], "{text}");
        let first = |field| card.first(field).map(|said| said.text);
        assert_eq!(first(Field::Name).as_deref(), Some("Pebble: # \u{2028} one"));
        assert_eq!(first(Field::KnownLimitations).as_deref(), Some("Many, and more."));
        let says = |field| {
            card.says(field)
                .into_iter()
                .map(|said| said.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(says(Field::License), ["mit", "apache-2.0"]);
        assert_eq!(says(Field::DataSource), ["o/a", "o/b"]);
        assert_eq!(says(Field::EvaluationDataset), ["wikitext"]);
        let named = |field| {
            card.named(field)
                .into_iter()
                .map(|(name, it)| (name, it.text))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            named(Field::Performance),
            [("perplexity".to_owned(), "47.90".to_owned())]
        );
        assert_eq!(
            named(Field::Hyperparameters),
            [("learning_rate".to_owned(), "2e-05".to_owned())]
        );
        assert_eq!(named(Field::Weights).len(), 1);
        for field in [
            Field::Version,
            Field::DataHash,
            Field::CommitSha,
            Field::SignedBy,
            Field::IntendedUse,
        ] {
            assert_eq!(says(field), Vec::<String>::new(), "{field}");
        }
        assert!(
            text.contains("  version: unknown\n") && text.contains("# README.md:4"),
            "{text}"
        );
    }

    #[test]
    fn nothing_known_gives_a_card_of_unknowns() {
        let text = write(&[]);
        let card = ModelCard::read(text.as_bytes()).unwrap();
        assert_eq!(card.misfits(), [], "{text}");
        for field in Field::ALL.iter().copied() {
            assert_eq!(card.says(field), [], "{field}");
        }
        assert!(!text.to_lowercase().contains("todo"));
    }

    #[test]
    fn a_card_is_completed_and_nothing_else_of_it_changes() {
        let before = "# ours\nmodel_details:\n  name: Mine   # stays\n  license: unknown\nknown_limitations: []\nextra: {a: 'b'}\n";
        let mut document = Document::read(before.as_bytes()).unwrap();
        let filled = fill(&mut document, &all()).unwrap();
        let after = document.text();
        assert!(filled.contains(&Field::License) && !filled.contains(&Field::Name));
        assert!(
            after.starts_with(
                "# ours\nmodel_details:\n  name: Mine   # stays\n  license: [mit, apache-2.0]\n"
            ),
            "{after}"
        );
        assert!(
            after.contains("known_limitations: Many, and more.\n")
                || after.contains("known_limitations: \"Many, and more.\"\n"),
            "{after}"
        );
        assert!(after.contains("extra: {a: 'b'}\n"));
        let card = ModelCard::read(after.as_bytes()).unwrap();
        assert_eq!(card.named(Field::Performance).len(), 1);
        assert_eq!(fill(&mut document, &all()).unwrap(), []);
    }
}

//! `README.md` of a model or a data set: front matter and text, as the
//! [model hubs](https://huggingface.co/docs/hub/model-cards) have them. Read by [`card`](weightlock_format::config::card).

use std::collections::BTreeMap;

use weightlock_artifact::standing::Standing;
use weightlock_format::{
    Error,
    config::card::{self, Card, Emissions, Evaluated, MAX_BYTES, Stated, Topic},
    content::Content,
};

use super::{
    Extractor, File, dataset_card,
    draft::Draft,
    hub::Named,
    license,
    notes::{By, Name, NameFrom, Parent},
    page::Page,
    purl, sizes, things,
};
use crate::graph::{Claim, Derivation, Kind, Metric, Property, Source, Value, Verb};

/// See the module.
pub(super) struct Readme;

impl Extractor for Readme {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "README.md" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = content.read(0, MAX_BYTES)?;
        let card = Card::read(&text);
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        dataset_card::state(&page, &text, &card, draft);
        names(&page, &card, draft);
        licence(&page, &card, draft);
        parents(&page, &card, draft);
        datasets(&page, &card, draft);
        words(&page, &card, draft);
        for (at, index) in card.model_index.iter().enumerate() {
            for (result_at, result) in index.results.iter().enumerate() {
                evaluation(
                    &page,
                    result,
                    &format!("model-index[{at}].results[{result_at}]"),
                    draft,
                );
            }
        }
        if let Some(emissions) = &card.emissions {
            carbon(&page, emissions, draft);
        }
        training(&page, &card, draft);
        prose(&page, &card, draft);
        card.fault.map_or(Ok(()), |problem| Err(problem.into()))
    }
}

fn at(page: &Page<'_>, stated: &Stated, place: impl Into<String>) -> Source {
    page.source(place).at(stated.offset)
}

fn claim(page: &Page<'_>, stated: &Stated, place: impl Into<String>) -> Claim {
    Claim::declared(Value::text(&stated.text), at(page, stated, place))
}

fn names(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    let indexed = card.model_index.iter().enumerate().filter_map(|(at, it)| {
        Some((
            it.name.as_ref()?,
            format!("model-index[{at}].name"),
            NameFrom::Index,
        ))
    });
    let title = card
        .model_name
        .iter()
        .map(|it| (it, "model_name".to_owned(), NameFrom::Title));
    let heading = card.body.sections.first().filter(|it| it.level == 1);
    let heading = heading.map(|it| (&it.title, "heading".to_owned(), NameFrom::Heading));
    for (stated, place, from) in indexed.chain(title).chain(heading) {
        if let Some(name) = Named::title(&stated.text) {
            let source = at(page, stated, place);
            draft.notes.names.push(Name {
                of: page.of.clone(),
                name,
                from,
                source,
            });
        }
    }
}

fn licence(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    let name = card.license_name.as_ref();
    for (index, stated) in card.license.iter().enumerate() {
        let place = if card.license.len() > 1 {
            format!("license[{index}]")
        } else {
            "license".to_owned()
        };
        let source = at(page, stated, place);
        page.licence(draft, &stated.text, name.map(|it| it.text.as_str()), &source);
    }
    if card.license.is_empty()
        && let Some(name) = name
    {
        page.licence(draft, &name.text, None, &at(page, name, "license_name"));
    }
    if let Some(link) = &card.license_link {
        draft.state(
            &page.of,
            page.kind,
            Property::LicenseLink,
            claim(page, link, "license_link"),
        );
    }
}

fn parents(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    let relation = card.base_model_relation.as_ref().and_then(|it| {
        // A word that no hub has is kept: something else than what would be guessed was done.
        let source = at(page, it, "base_model_relation");
        (it.text.len() < 64).then(|| (it.text.trim().to_ascii_lowercase(), source))
    });
    for (index, stated) in card.base_model.iter().enumerate() {
        let place = if card.base_model.len() > 1 {
            format!("base_model[{index}]")
        } else {
            "base_model".to_owned()
        };
        if let Some(named) = Named::read(&stated.text) {
            let mut parent = Parent::new(page.of.clone(), named, By::Card, at(page, stated, place));
            parent.derivation.clone_from(&relation);
            draft.notes.parents.push(parent);
        }
    }
    for (index, tag) in card.tags.iter().enumerate() {
        if matches!(tag.text.as_str(), "merge" | "mergekit") {
            let source = at(page, tag, format!("tags[{index}]"));
            draft.notes.merged.push((page.of.clone(), source));
        }
        let Some(rest) = tag.text.strip_prefix("base_model:") else {
            continue;
        };
        let (derivation, name) = match rest.split_once(':') {
            Some((word, name)) => (Derivation::parse(word), name),
            None => (None, rest),
        };
        if let Some(named) = Named::read(name) {
            let source = at(page, tag, format!("tags[{index}]"));
            let mut parent = Parent::new(page.of.clone(), named, By::Tag, source.clone());
            parent.derivation = derivation.map(|it| (it.word().to_owned(), source));
            draft.notes.parents.push(parent);
        }
    }
}

fn datasets(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    for (index, set) in card.datasets.iter().enumerate() {
        let source = at(page, &set.name, format!("datasets[{index}]"));
        let Some(own) = things::dataset(draft, &set.name.text, &source) else {
            page.private(draft, &set.name.text, &source);
            continue;
        };
        if let Some(revision) = &set.revision {
            let claim = claim(page, revision, format!("datasets[{index}].revision"));
            draft.state(&own, Kind::Dataset, Property::Revision, claim);
        }
        draft.relate(&page.of, Verb::TrainedOn, &own, &source);
    }
}

/// How somebody files it: language, task, library, tags.
fn words(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    let lists = [
        (Property::Language, "language", &card.language),
        (Property::Tag, "tags", &card.tags),
    ];
    for (property, key, values) in lists {
        for (index, stated) in values.iter().enumerate() {
            let claim = claim(page, stated, format!("{key}[{index}]"));
            draft.state(&page.of, page.kind, property, claim);
        }
    }
    let single = [
        (Property::Task, "pipeline_tag", &card.pipeline_tag),
        (Property::Library, "library_name", &card.library_name),
        (Property::QuantizedBy, "quantized_by", &card.quantized_by),
    ];
    for (property, key, value) in single {
        if let Some(stated) = value {
            draft.state(&page.of, page.kind, property, claim(page, stated, key));
        }
    }
    for (index, tag) in card.tags.iter().enumerate() {
        if let Some(approach) = approach(&tag.text) {
            let source = at(page, tag, format!("tags[{index}]"));
            let claim = Claim::inferred(Value::text(approach), source);
            draft.state(&page.of, page.kind, Property::LearningApproach, claim);
        }
    }
}

/// The learning approach that a tag of a trainer means.
fn approach(tag: &str) -> Option<&'static str> {
    Some(match tag.to_ascii_lowercase().as_str() {
        "sft" => "supervised",
        "dpo" | "orpo" | "kto" | "cpo" | "simpo" | "ppo" | "rlhf" | "grpo" | "reinforcement-learning" => {
            "reinforcement-learning"
        }
        _ => return None,
    })
}

fn evaluation(page: &Page<'_>, result: &Evaluated, place: &str, draft: &mut Draft) {
    let set = &result.dataset;
    let own = set.id.as_ref().or(set.name.as_ref()).and_then(|id| {
        let source = at(page, id, format!("{place}.dataset"));
        let own = things::dataset(draft, &id.text, &source)?;
        draft.relate(&page.of, Verb::EvaluatedOn, &own, &source);
        Some(own)
    });
    if let Some(own) = &own {
        let facts = [
            (Property::Title, "name", &set.name),
            (Property::DatasetConfig, "config", &set.config),
            (Property::DatasetSplit, "split", &set.split),
            (Property::Revision, "revision", &set.revision),
        ];
        for (property, key, stated) in facts {
            if let Some(stated) = stated {
                let claim = claim(page, stated, format!("{place}.dataset.{key}"));
                draft.state(own, Kind::Dataset, property, claim);
            }
        }
    }
    let slice = [&set.id, &set.config, &set.split];
    let slice: Vec<&str> = slice.into_iter().flatten().map(|it| it.text.as_str()).collect();
    for (index, metric) in result.metrics.iter().enumerate() {
        if let (Some(kind), Some(value)) = (&metric.kind, &metric.value) {
            draft.measure(Metric {
                details: details(result, metric),
                of: page.of.clone(),
                metric: kind.text.clone(),
                value: Value::Decimal(value.text.clone()),
                on: own.clone(),
                slice: slice.join("/"),
                standing: Standing::Declared,
                sources: vec![at(page, value, format!("{place}.metrics[{index}]"))],
            });
        }
    }
}

/// What else an index says of a measured value. That a hub checked it is a claim, which nobody asked the hub about.
fn details(result: &Evaluated, metric: &card::Metric) -> BTreeMap<String, String> {
    let texts = [
        ("task", &result.task),
        ("task.name", &result.task_name),
        ("name", &metric.name),
        ("args", &metric.args),
        ("source.name", &result.source_name),
        ("source.url", &result.source_url),
        ("dataset.revision", &result.dataset.revision),
    ];
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let texts = texts
        .into_iter()
        .filter_map(|(key, it)| Some((key.to_owned(), one_line(&it.as_ref()?.text))));
    let mut details: BTreeMap<String, String> = texts.collect();
    if let Some(verified) = metric.verified {
        details.insert("verified".to_owned(), format!("{verified}, says the card"));
    }
    if metric.verify_token.is_some() {
        details.insert("verify-token".to_owned(), "present, not checked".to_owned());
    }
    details
}

/// What training emitted. It is a fact of the step, shown with the model too.
fn carbon(page: &Page<'_>, emissions: &Emissions, draft: &mut Draft) {
    let facts = [
        (Property::CarbonSource, "source", &emissions.source),
        (Property::RanAt, "geographical_location", &emissions.location),
        (Property::HardwareUsed, "hardware_used", &emissions.hardware),
    ];
    if let Some(grams) = &emissions.grams {
        let source = at(page, grams, "co2_eq_emissions");
        let claim = Claim::declared(Value::Decimal(grams.text.clone()), source);
        draft.state(&page.of, page.kind, Property::Carbon, claim);
    }
    for (property, key, stated) in facts {
        if let Some(stated) = stated {
            let claim = claim(page, stated, format!("co2_eq_emissions.{key}"));
            draft.state(&page.of, page.kind, property, claim);
        }
    }
    if let Some(kind) = &emissions.training_type {
        let claim = claim(page, kind, "co2_eq_emissions.training_type");
        draft.set(&page.step("train"), Kind::Step, "training_type", claim);
    }
}

/// The lists that trainers write: hyper-parameters, versions of libraries.
fn training(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    if !card.body.hyperparameters.is_empty() {
        let step = page.step("train");
        for (name, value) in &card.body.hyperparameters {
            let source = at(page, value, format!("Training hyperparameters: {}", name.text));
            let claim = Claim::declared(plain(&value.text), source);
            draft.set(&step, Kind::Step, &name.text, claim);
        }
    }
    for (name, version) in &card.body.frameworks {
        let source = at(page, version, format!("Framework versions: {}", name.text));
        let version = version.text.split_whitespace().next().unwrap_or_default();
        let own = match (library(&name.text), name.text.to_ascii_lowercase().as_str()) {
            (Some(distribution), _) => things::python(draft, distribution, Some(version), &source),
            (None, "python") => things::tool(draft, "python", Some(version), &source),
            // A line of prose, a machine, something that is no package: nothing is made of it.
            (None, _) => continue,
        };
        draft.relate(&page.of, Verb::DependsOn, &own, &source);
    }
}

/// A setting as other files have it: a number is one, so that `8` in a card and `8` of a trainer say the same.
fn plain(text: &str) -> Value {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    match text.parse() {
        Ok(whole) => Value::Number(whole),
        Err(_) if is_number => Value::Decimal(text.to_owned()),
        Err(_) if matches!(text, "True" | "true") => Value::Flag(true),
        Err(_) if matches!(text, "False" | "false") => Value::Flag(false),
        Err(_) => Value::text(text),
    }
}

/// The distribution that a card means by a name, where it is that of a library that cards name.
fn library(name: &str) -> Option<&'static str> {
    const LIBRARIES: [&str; 46] = [
        "accelerate",
        "adapters",
        "auto-gptq",
        "autoawq",
        "axolotl",
        "bitsandbytes",
        "datasets",
        "deepspeed",
        "diffusers",
        "evaluate",
        "fairseq",
        "fasttext",
        "flair",
        "flash-attn",
        "flax",
        "gptqmodel",
        "huggingface-hub",
        "jax",
        "keras",
        "lightning",
        "llmcompressor",
        "mlx",
        "mlx-lm",
        "nemo-toolkit",
        "numpy",
        "onnx",
        "onnxruntime",
        "optimum",
        "peft",
        "pylate",
        "pytorch-lightning",
        "safetensors",
        "scikit-learn",
        "sentence-transformers",
        "sentencepiece",
        "setfit",
        "spacy",
        "span-marker",
        "tensorflow",
        "timm",
        "tokenizers",
        "torch",
        "transformers",
        "trl",
        "unsloth",
        "xformers",
    ];
    let name = purl::python_name(&name.replace(' ', "-"));
    let name = match name.as_str() {
        "pytorch" => "torch",
        "flash-attention" => "flash-attn",
        "spanmarker" => "span-marker",
        "sentencetransformers" => "sentence-transformers",
        "sklearn" => "scikit-learn",
        other => other,
    };
    LIBRARIES.into_iter().find(|it| *it == name)
}

/// What the text says: description, limits, uses, and how many parameters there are.
fn prose(page: &Page<'_>, card: &Card, draft: &mut Draft) {
    if let Some(first) = &card.body.first_paragraph {
        let claim = claim(page, first, "first paragraph").rank(Claim::ORDINARY);
        draft.state(&page.of, page.kind, Property::Description, claim);
        if let Some(size) = sizes::in_text(&first.text) {
            let claim = Claim::declared(Value::text(size), at(page, first, "first paragraph"));
            draft.notes.sizes.push((page.of.clone(), claim));
        }
    }
    let topics = [
        (Topic::Limitations, Property::Limitation),
        (Topic::Risks, Property::Limitation),
        (Topic::Bias, Property::Bias),
        (Topic::IntendedUse, Property::IntendedUse),
        (Topic::OutOfScopeUse, Property::OutOfScopeUse),
    ];
    for (topic, property) in topics {
        for says in card.body.about(topic) {
            draft.state(&page.of, page.kind, property, claim(page, says, "text"));
        }
    }
}

/// The licence of a page: its identifier where it has one, else what is written, with a sign that it is none.
impl Page<'_> {
    pub(super) fn licence(&self, draft: &mut Draft, written: &str, name: Option<&str>, source: &Source) {
        let claim = |text: &str| Claim::declared(Value::text(text), source.clone());
        draft.state(&self.of, self.kind, Property::LicenseWritten, claim(written));
        // The identifier that is made of a name has lost its blanks.
        if let Some(name) = name {
            draft.state(
                &self.of,
                self.kind,
                Property::LicenseWritten,
                claim(name).rank(Claim::ORDINARY + 1),
            );
        }
        match license::normalise(written, name) {
            Some(id) => draft.state(&self.of, self.kind, Property::License, claim(&id)),
            None if written.eq_ignore_ascii_case("unknown") => {}
            None => {
                draft.state(&self.of, self.kind, Property::License, claim(written));
                draft.state(&self.of, self.kind, Property::LicenseUnlisted, claim(written));
            }
        }
    }

    /// Keeps a path on a machine, as what documents leave out.
    pub(super) fn private(&self, draft: &mut Draft, path: &str, source: &Source) {
        let claim = Claim::declared(Value::text(path), source.clone()).private();
        draft.state(&self.of, self.kind, Property::LoadedFrom, claim);
    }
}

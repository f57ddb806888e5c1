use super::*;
use crate::reason;

fn texts(stated: &[Stated]) -> Vec<&str> {
    stated.iter().map(|one| one.text.as_str()).collect()
}

fn text(stated: Option<&Stated>) -> Option<&str> {
    stated.map(|one| one.text.as_str())
}

/// Each fact stands where it says it does.
fn holds_places(text: &str, stated: &Stated) {
    let offset = usize::try_from(stated.offset).unwrap();
    let first = stated.text.split_whitespace().next().unwrap();
    let there = text[offset..].trim_start_matches(['"', '\'']);
    assert!(there.starts_with(first), "{stated:?} at {there:.20}");
    let line = text[..offset].matches('\n').count() as u64 + 1;
    assert_eq!(stated.line, line, "{stated:?}");
}

const RICH: &str = "---
# ours
language: [en, no]
license: other
license_name: acme-1.0
license_link: LICENSE
library_name: \"transformers\"
pipeline_tag: text-generation
base_model:
  - o/base
  - 'o/second'
base_model_relation: merge
datasets:
- name: o/chats
  revision: 9a1c3e0
- o/plain
tags: [sft, 'base_model:merge:o/base']
model_name: Pebble \u{e4}
quantized_by: bot
metrics: accuracy
co2_eq_emissions:
  emissions: 1840.50
  source: CodeCarbon
  hardware_used: 1x toy
model-index:
- name: pebble
  results:
  - task: {type: text-generation, name: Text}
    dataset:
      name: WikiText
      type: wikitext
      config: raw
      split: test
      revision: 5f1d0a0
    metrics:
    - {type: perplexity, value: 47.90, name: Perplexity, verified: true, verifyToken: e30}
    - type: rouge
      value: {rouge1: 0.5}
    source: {name: harness, url: https://example.org/e}
extra_gated_prompt: |-
  Do no harm.
unknown_key: {a: [b]}
---
# Pebble

<!-- made by hand -->
![badge](x)

A small model. It
is a toy.

## Uses

### Direct Use

Testing.

### Out-of-Scope Use

Anything else.

## Bias, Risks, and Limitations

[More Information Needed]

### Recommendations

Read the code.

## Training procedure

### Training hyperparameters

- **Training regime:** fp16
- learning_rate: 2e-05

### Framework versions

- Transformers 4.57.1
- TRL: 0.12.0
";

#[test]
fn every_fact_is_read_with_its_place() {
    let card = Card::read(RICH.as_bytes());
    assert_eq!(card.fault, None);
    assert_eq!(texts(&card.language), ["en", "no"]);
    assert_eq!(texts(&card.license), ["other"]);
    assert_eq!(text(card.license_name.as_ref()), Some("acme-1.0"));
    assert_eq!(text(card.license_link.as_ref()), Some("LICENSE"));
    assert_eq!(text(card.library_name.as_ref()), Some("transformers"));
    assert_eq!(texts(&card.base_model), ["o/base", "o/second"]);
    assert_eq!(text(card.base_model_relation.as_ref()), Some("merge"));
    let sets: Vec<_> = card
        .datasets
        .iter()
        .map(|set| (set.name.text.as_str(), text(set.revision.as_ref())))
        .collect();
    assert_eq!(sets, [("o/chats", Some("9a1c3e0")), ("o/plain", None)]);
    assert_eq!(texts(&card.tags), ["sft", "base_model:merge:o/base"]);
    assert_eq!(text(card.model_name.as_ref()), Some("Pebble \u{e4}"));
    assert_eq!(text(card.quantized_by.as_ref()), Some("bot"));
    assert_eq!(texts(&card.metrics), ["accuracy"]);
    let emissions = card.emissions.as_ref().unwrap();
    assert_eq!(text(emissions.grams.as_ref()), Some("1840.50"));
    assert_eq!(text(emissions.hardware.as_ref()), Some("1x toy"));
    let stated = [
        &card.license_name,
        &card.model_name,
        &card.quantized_by,
        &emissions.grams,
    ];
    for one in stated
        .into_iter()
        .flatten()
        .chain(&card.base_model)
        .chain(&card.language)
    {
        holds_places(RICH, one);
    }
}

#[test]
fn results_keep_values_as_they_are_written() {
    let card = Card::read(RICH.as_bytes());
    let [indexed] = card.model_index.as_slice() else {
        panic!("one name: {:?}", card.model_index);
    };
    assert_eq!(text(indexed.name.as_ref()), Some("pebble"));
    let [result] = indexed.results.as_slice() else {
        panic!("one result: {:?}", indexed.results);
    };
    assert_eq!(text(result.task.as_ref()), Some("text-generation"));
    let set = &result.dataset;
    let set = [&set.name, &set.id, &set.config, &set.split, &set.revision].map(|it| text(it.as_ref()));
    assert_eq!(set, ["WikiText", "wikitext", "raw", "test", "5f1d0a0"].map(Some));
    let [perplexity, rouge] = result.metrics.as_slice() else {
        panic!("two metrics: {:?}", result.metrics);
    };
    assert_eq!(text(perplexity.value.as_ref()), Some("47.90"));
    assert_eq!(perplexity.verified, Some(true));
    assert_eq!(text(perplexity.verify_token.as_ref()), Some("e30"));
    assert_eq!(text(rouge.value.as_ref()), Some("{rouge1: 0.5}"));
    assert_eq!(text(result.source_url.as_ref()), Some("https://example.org/e"));
}

#[test]
fn the_markdown_says_what_its_headings_say() {
    let body = Card::read(RICH.as_bytes()).body;
    assert_eq!(
        text(body.first_paragraph.as_ref()),
        Some("A small model. It is a toy.")
    );
    holds_places(RICH, body.first_paragraph.as_ref().unwrap());
    let about = |topic| body.about(topic).map(|it| it.text.as_str()).collect::<Vec<_>>();
    assert_eq!(about(Topic::IntendedUse), ["Testing."]);
    assert_eq!(about(Topic::OutOfScopeUse), ["Anything else."]);
    // The placeholder says nothing; what stands below it does.
    assert_eq!(about(Topic::Limitations), ["Read the code."]);
    assert_eq!(about(Topic::Bias), ["Read the code."]);
    let pairs = |of: &[(Stated, Stated)]| {
        for (name, value) in of {
            holds_places(RICH, name);
            holds_places(RICH, value);
        }
        of.iter()
            .map(|(name, value)| format!("{}={}", name.text, value.text))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        pairs(&body.hyperparameters),
        ["Training regime=fp16", "learning_rate=2e-05"]
    );
    assert_eq!(pairs(&body.frameworks), ["Transformers=4.57.1", "TRL=0.12.0"]);
    let uses = body
        .sections
        .iter()
        .find(|section| section.title.text == "Uses")
        .unwrap();
    assert_eq!(uses.says, None);
    let whole = &RICH[usize::try_from(uses.whole.start).unwrap()..usize::try_from(uses.whole.end).unwrap()];
    assert!(
        whole.contains("Testing.") && whole.ends_with("Anything else.\n\n"),
        "{whole}"
    );
}

#[test]
fn placeholders_say_nothing() {
    for nothing in [
        "",
        "[More Information Needed]",
        "More information needed",
        "- **Developed by:** [More Information Needed]",
        "**Shared by [optional]:** TBD",
        "TODO",
        "...",
    ] {
        assert!(says_nothing(nothing), "{nothing}");
    }
    for something in ["None.", "- **Developed by:** Acme", "unknown unknowns", "0"] {
        assert!(!says_nothing(something), "{something}");
    }
}

#[test]
fn the_shapes_that_occur_are_read_alike() {
    for front in [
        "license: mit\nbase_model: o/b\n",
        "license: [mit]\nbase_model:\n- o/b\n",
        "license:\n  - mit # ours\nbase_model: {name: o/b, revision: v1}\n",
        "license: 'mit'\r\nbase_model: \"o/b\"\r\n",
        "license: &l mit\nbase_model: [ 'o/b', ]\nother: *l\n",
    ] {
        for start in ["---\n", "\u{feff}---\n", "\n\n---\r\n"] {
            let card = Card::read(format!("{start}{front}---\n# x\n").as_bytes());
            assert_eq!(card.fault, None, "{start}{front}");
            assert_eq!(texts(&card.license), ["mit"], "{start}{front}");
            assert_eq!(texts(&card.base_model), ["o/b"], "{start}{front}");
        }
    }
    let no = Card::read(b"---\nlicense: no\nversion: 1.10\nco2_eq_emissions: 120\n---\n");
    assert_eq!(texts(&no.license), ["no"]);
    assert_eq!(text(no.emissions.unwrap().grams.as_ref()), Some("120"));
}

#[test]
fn a_card_without_front_matter_declares_nothing() {
    for text in [
        "",
        "# Title\n---\nlicense: mit\n---\n",
        "license: mit\n",
        "---\n---\n",
        "---\n# x\n---\n",
    ] {
        let card = Card::read(text.as_bytes());
        assert_eq!((&card.fault, card.license.len()), (&None, 0), "{text}");
    }
}

#[test]
fn hostile_front_matter_is_a_fault_and_the_rest_is_read() {
    let deep = format!("---\na: {}\n---\n", "[".repeat(200));
    for (text, code, offset) in [
        ("---\nlicense: mit\n", reason::MALFORMED, 0),
        ("---\nlicense: \u{0}\u{1}[\n---\n", reason::MALFORMED, 13),
        (
            "---\nlicense: mit\nlicense: gpl-3.0\n---\n",
            reason::DUPLICATE,
            17,
        ),
        ("---\nlicense: [mit\nlanguage: en\n---\n", reason::MALFORMED, 26),
        ("---\n- a\n- b\n---\n", reason::MALFORMED, 4),
        ("---\nword\n---\n", reason::MALFORMED, 4),
        (deep.as_str(), reason::LIMIT, 70),
    ] {
        let card = Card::read(text.as_bytes());
        let fault = card.fault.unwrap_or_else(|| panic!("{text:.40}"));
        assert_eq!(fault.code(), code, "{text:.40}: {fault}");
        assert_eq!(fault.offset(), offset, "{text:.40}: {fault}");
        assert_eq!(card.license, []);
    }
    let bytes = Card::read(b"---\nlicense: \xff\n---\n");
    assert_eq!(bytes.fault.unwrap().offset(), 13);
    let broken = Card::read(b"---\na: [\n---\nProse.\n");
    assert_eq!(text(broken.body.first_paragraph.as_ref()), Some("Prose."));
    let odd = Card::read(b"---\nlicense: {a: b}\nbase_model: [[x], 1]\nmodel-index: 3\n---\n");
    assert_eq!((odd.license.len(), texts(&odd.base_model)), (0, vec!["1"]));
}

#[test]
fn places_are_counted_from_one() {
    let text = b"ab\r\nc\n";
    let places = [0, 1, 4, 5, 6, 99].map(|offset| line_and_column(text, offset));
    assert_eq!(places, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 1)]);
    assert_eq!(line_and_column(b"", 3), (1, 1));
}

use super::*;

const README: &[u8] = b"---
license: mit
model-index:
- name: pebble
  results:
  - task: {type: text-generation, name: Text}
    dataset:
      name: WikiText
      type: wikitext
      config: wikitext-2-raw-v1
      split: test
      revision: 5f1d0a
    metrics:
    - {type: perplexity, value: 47.90}
    - {name: Accuracy, value: no}
  - dataset: {type: acme/toy}
    metrics: []
---
# The model
";

#[test]
fn a_readme_says_what_was_measured_with_what() {
    let found = model_index::read(README).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].metric.as_str(), found[0].value.as_str()),
        ("perplexity", "47.90")
    );
    assert_eq!(found[0].at, "model-index[0].results[0].metrics[0]");
    assert_eq!(found[0].task.as_deref(), Some("text-generation"));
    let data = found[0].dataset.as_ref().unwrap();
    assert_eq!(data.config.as_deref(), Some("wikitext-2-raw-v1"));
    assert_eq!(
        (found[1].metric.as_str(), found[1].value.as_str()),
        ("Accuracy", "no")
    );
    for (text, expected) in [
        ("# A model", Some(0)),
        ("", Some(0)),
        ("---\nlicense: mit\n---\n", Some(0)),
        ("---\nlicense: mit\n", None),
        ("---\nlicense: [\n---\n", None),
        (
            "---\nmodel-index:\n- results:\n  - metrics:\n    - {type: a}\n---\n",
            None,
        ),
        (
            "---\nmodel-index:\n- results:\n  - metrics:\n    - {type: a, value: {x: 1}}\n---\n",
            None,
        ),
        ("---\nmodel-index: no\n---\n", Some(0)),
    ] {
        assert_eq!(
            model_index::read(text.as_bytes()).ok().map(|found| found.len()),
            expected,
            "{text}"
        );
    }
}

#[test]
fn result_files_are_read() {
    let text = b"- dataset: {id: cais/hle, task_id: default, revision: abc}\n  value: 20.90\n  verifyToken: eyJ\n  date: '2026-01-15'\n";
    let found = results::read(text).unwrap();
    assert_eq!(
        (found[0].value.as_str(), found[0].date.as_deref()),
        ("20.90", Some("2026-01-15"))
    );
    assert_eq!(
        found[0].dataset.as_ref().unwrap().kind.as_deref(),
        Some("cais/hle")
    );
    assert!(!format!("{found:?}").contains("eyJ"));
    for text in [
        "x",
        "- value: 1",
        "- dataset: {id: a}",
        "- dataset: {task_id: a}\n  value: 1",
        "[",
    ] {
        assert!(results::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn the_harness_tells_numbers_with_their_errors() {
    let text = br#"{"results": {"arc": {"alias": "arc", "acc,none": 0.5, "acc_stderr,none": 0.0102, "acc_norm,strict": 1, "sample_len": 3},
        "group": {"alias": " - x"}}, "configs": {"arc": {"dataset_path": "ai2_arc", "dataset_name": "ARC-Easy", "test_split": "test"}},
        "git_hash": "abc123"}"#;
    let read = harness::read(text).unwrap();
    assert_eq!(read.tool, "lm-evaluation-harness abc123");
    let shown: Vec<_> = read
        .results
        .iter()
        .map(|one| {
            (
                one.metric.as_str(),
                one.value.as_str(),
                one.uncertainty.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("acc", "0.5", Some("0.0102")), ("acc_norm (strict)", "1", None)]
    );
    assert_eq!(
        read.results[0].dataset.as_ref().unwrap().split.as_deref(),
        Some("test")
    );
    for text in [
        "{}",
        "[]",
        "{\"results\": 1}",
        "{\"results\": {}, \"results\": {}}",
        "{\"results\": {\"a\": {\"b\": NaN}}}",
    ] {
        assert!(harness::read(text.as_bytes()).is_err(), "{text}");
    }
}

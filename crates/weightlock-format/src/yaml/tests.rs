//! What reading YAML gives, and that no text costs more than its size.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn stream(text: &str) -> Stream {
    read(text.as_bytes(), &Limits::default()).unwrap()
}

fn scalars(text: &str) -> Vec<(String, String)> {
    let stream = stream(text);
    assert_eq!(stream.broken, None, "{text}");
    stream
        .scalars
        .into_iter()
        .map(|scalar| (scalar.path, scalar.text))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn scalars_have_their_paths() {
    assert_eq!(
        scalars("a:\n  b:\n    - {_target_: builtins.exec, _args_: [\"x\"]}\nc: 1\n"),
        pairs(&[
            ("a.b[0]._target_", "builtins.exec"),
            ("a.b[0]._args_[0]", "x"),
            ("c", "1")
        ])
    );
    assert_eq!(
        scalars("- a\n- - b\n  - c: d\n"),
        pairs(&[("[0]", "a"), ("[1][0]", "b"), ("[1][1].c", "d")])
    );
    assert_eq!(
        scalars("---\na: 1\n---\na: 2\n"),
        pairs(&[("a", "1"), ("a", "2")])
    );
    assert_eq!(scalars("a: |\n  x\n  y\n"), pairs(&[("a", "x\ny\n")]));
    assert_eq!(
        scalars("\"\\x5ftarget_\": os.system\n"),
        pairs(&[("_target_", "os.system")])
    );
    assert_eq!(
        scalars("{\"a\": {\"b\": [1, 2]}}"),
        pairs(&[("a.b[0]", "1"), ("a.b[1]", "2")])
    );
    assert_eq!(
        scalars("? [a, b]\n: c\nd: e\n"),
        pairs(&[("[0]", "a"), ("[1]", "b"), (".", "c"), ("d", "e")])
            .into_iter()
            .map(|(path, text)| (if text == "c" { String::new() } else { path }, text))
            .collect::<Vec<_>>()
    );
}

#[test]
fn aliases_of_scalars_are_followed_and_collections_are_not() {
    assert_eq!(
        scalars("x: &a os.system\ny: &k _target_\nz:\n  *k : *a\n"),
        pairs(&[("x", "os.system"), ("y", "_target_"), ("z._target_", "os.system")])
    );
    let mut laughs = String::from("a0: &a0 [x]\n");
    for level in 1..20 {
        let inner = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{inner}]").unwrap();
    }
    let stream = stream(&laughs);
    assert_eq!((stream.scalars.len(), stream.aliases), (1, 19 * 9));
    assert_eq!(stream.problems.len(), 1, "what they stand for is told once");
    let few = read(b"a: &a {b: 1}\nc: *a\nd:\n  <<: *a\n", &Limits::default()).unwrap();
    assert_eq!(few.problems, []);
}

#[test]
fn tags_are_whole() {
    for (text, name) in [
        (
            "!!python/object/apply:os.system ['x']",
            "tag:yaml.org,2002:python/object/apply:os.system",
        ),
        (
            "a: !<tag:yaml.org,2002:python/name:os.system> ''",
            "tag:yaml.org,2002:python/name:os.system",
        ),
        (
            "%TAG ! tag:yaml.org,2002:python/\n--- !name:os.system ''",
            "tag:yaml.org,2002:python/name:os.system",
        ),
        (
            "%TAG !p! tag:yaml.org,2002:python/object/\n--- !p!apply:os.system [x]",
            "tag:yaml.org,2002:python/object/apply:os.system",
        ),
        (
            "!!%70ython/name:os.system ''",
            "tag:yaml.org,2002:python/name:os.system",
        ),
        ("!ruby/object:X {}", "!ruby/object:X"),
        (
            "a: !new:speechbrain.nnet.Linear\n  x: 1",
            "!new:speechbrain.nnet.Linear",
        ),
    ] {
        let stream = stream(text);
        assert_eq!(
            stream.tags.first().map(|tag| tag.name.as_str()),
            Some(name),
            "{text}: {stream:?}"
        );
    }
    assert!(stream("a: !!str 1\nb: !!set {x}\nc: ! y\n").tags.is_empty());
}

#[test]
fn duplicate_keys_are_reported() {
    let fault = |key: &str| crate::Fault::Yaml(Fault::DuplicateKey(Named::new(key)));
    let stream = stream("a: 1\nb: {c: 1, \"c\": 2}\na: 2\n");
    let faults: Vec<_> = stream
        .problems
        .iter()
        .map(|problem| match problem {
            Problem::Malformed { fault, offset } => (*offset, fault.clone()),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(faults, [(15, fault("c")), (23, fault("a"))]);
    assert!(
        self::stream("a: {c: 1}\nb: {c: 1}\n<<: {d: 1}\n<<: {e: 1}\n")
            .problems
            .is_empty()
    );
}

#[test]
fn a_break_keeps_what_came_before() {
    let stream = stream("_target_: os.system\nb: [1, 2\nc: }");
    assert_eq!(stream.scalars[0].text, "os.system");
    assert!(matches!(stream.broken, Some(Problem::Malformed { .. })));
    assert!(read(b"a: \xff", &Limits::default()).is_err());
}

#[test]
fn flow_collections_are_read_as_pyyaml_does() {
    assert_eq!(
        scalars("a: [\n]\nb: {\n_target_: os.system\n}\nc: 1\n"),
        pairs(&[("b._target_", "os.system"), ("c", "1")])
    );
    assert!(stream("a: [\n]\nb: }\n").broken.is_some());
}

#[test]
fn depth_is_limited() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "a:\n".to_owned()
            + &(1..2000)
                .map(|depth| format!("{}a:\n", " ".repeat(depth)))
                .collect::<String>(),
    ] {
        let text: String = text.chars().take(1 << 20).collect();
        assert!(stream(&text).broken.is_some(), "{text:.40}");
    }
    assert_eq!(
        scalars(&format!("{}1{}", "[".repeat(250), "]".repeat(250))).len(),
        1
    );
}

#[test]
fn no_text_costs_more_than_its_size() {
    let many = |unit: &str| unit.repeat((1 << 20) / unit.len());
    for text in [
        many("a: b\n"),
        many("- a\n"),
        many("a\n"),
        many("a "),
        many("\""),
        many("'a' "),
        many("&a "),
        many("*a "),
        many("!a "),
        many("[a, "),
        many("#\n"),
        many("%TAG ! a\n"),
        many("---\n"),
        many("...\n"),
        many("|\n"),
        many("a: &a\n"),
        many("? a\n"),
        many("{a: b}, "),
        many("\t"),
        many(" \n"),
        many("a:\u{e9} "),
        many("k: &x [*x]\n"),
        many("\"a\n"),
        many(": "),
        many(","),
        format!("[{}", many("a,")),
        format!("{{{}", many("a: 1,")),
    ] {
        let started = std::time::Instant::now();
        let _ = read(&text.as_bytes()[..text.len().min(1 << 20)], &Limits::default());
        assert!(
            started.elapsed().as_secs() < 20,
            "{text:.40}: {:?}",
            started.elapsed()
        );
    }
}

/// YAML-like noise.
fn noise() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a",
        "b:",
        ": ",
        "- ",
        "\n",
        "  ",
        "    ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "'",
        "\"",
        "|\n",
        ">\n",
        "#",
        "---\n",
        "...\n",
        "?",
        "%TAG ! x\n",
        "\t",
        "<<: ",
        "\u{e9}",
        "\\",
        "_target_: ",
        "os.system",
        "%YAML 1.1\n",
        "\u{85}",
        "\r",
        "@",
        "`",
        "~",
        "!<x> ",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &Limits::default());
    }

    #[test]
    fn never_panics_on_noise(text in noise()) {
        let stream = stream(&text);
        prop_assert!(stream.scalars.iter().all(|scalar| scalar.offset <= text.len() as u64));
    }

    #[test]
    fn never_panics_on_broken_yaml(at in 0..SAMPLE.len(), len in 0..12_usize, with in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut text = SAMPLE.as_bytes().to_vec();
        let end = (at + len).min(text.len());
        text.splice(at..end, with);
        let _ = read(&text, &Limits::default());
    }
}

/// A little of everything.
const SAMPLE: &str = "%YAML 1.1\n%TAG !e! tag:x,2000:\n---\na: &x [1, 'b', \"c\\x41\", {d: *x}]\n? - e\n: |2-\n    f\n      g: !e!t {h: !!str 1,\ni: [\n]}\n<<: {j: ~}\n... # k\n--- >+\n l\n\n m\n";

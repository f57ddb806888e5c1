//! What a graph promises to everything that is built on it.

use weightlock_artifact::standing::Standing;

use super::*;

fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).expect("a path")
}

fn declared(value: &str, file: &str, place: &str) -> Claim {
    Claim::declared(Value::text(value), Source::file(&path(file), place))
}

fn graph() -> Graph {
    Graph::about(Ref::subject(), Kind::Model)
}

#[test]
fn equal_claims_join_and_the_better_standing_stays() {
    let mut graph = graph();
    let model = graph.ensure(&Ref::subject(), Kind::Model);
    model.state(
        Property::ModelType,
        declared("llama", "config.json", "model_type"),
    );
    model.state(
        Property::ModelType,
        Claim::inferred(Value::text("llama"), Source::computed("tensor-names", "")),
    );
    let fact = model.fact(Property::ModelType).expect("a fact");
    assert_eq!(fact.claims().len(), 1);
    assert_eq!(model.standing(Property::ModelType), Standing::Declared);
    assert_eq!(fact.claims()[0].sources.len(), 2);
    assert!(graph.conflicts().is_empty());
}

#[test]
fn claims_that_differ_are_a_conflict_and_the_lower_rank_is_shown() {
    let mut graph = graph();
    let model = graph.ensure(&Ref::subject(), Kind::Model);
    model.state(
        Property::Name,
        declared("weak", "config.json", "_name_or_path").rank(9),
    );
    model.state(
        Property::Name,
        declared("strong", "README.md", "model_name").rank(3),
    );
    assert_eq!(model.text(Property::Name), Some("strong"));
    let conflicts = graph.conflicts();
    assert!(
        matches!(&conflicts[..], [Conflict::Values { property: Property::Name, values, .. }] if values.len() == 2),
        "{conflicts:?}"
    );
}

#[test]
fn a_disputed_fact_is_not_verified() {
    let mut fact = Fact::default();
    fact.add(Claim::verified(Value::Number(4), Source::computed("shapes", "")).rank(1));
    assert_eq!(fact.standing(Arity::One), Standing::Verified);
    fact.add(Claim::declared(Value::Number(5), Source::user("x")));
    assert_eq!(fact.standing(Arity::One), Standing::Declared);
    assert_eq!(fact.standing(Arity::Many), Standing::Verified);
    assert_eq!(Fact::default().standing(Arity::One), Standing::Unknown);
}

#[test]
fn one_number_in_two_spellings_is_one_value() {
    let values = [
        Value::Number(8),
        Value::Decimal("8".to_owned()),
        Value::Decimal("8.0".to_owned()),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut fact = Fact::default();
        for index in order {
            fact.add(Claim::declared(
                values[index].clone(),
                Source::user(format!("{index}")),
            ));
        }
        assert_eq!(fact.claims().len(), 1);
        assert_eq!(fact.claims()[0].value, Value::Number(8), "{order:?}");
        assert_eq!(fact.claims()[0].sources.len(), 3);
    }
    let mut fact = Fact::default();
    for text in ["8", "8.5", "eight"] {
        fact.add(Claim::declared(
            Value::Decimal(text.to_owned()),
            Source::user(text),
        ));
    }
    assert_eq!(fact.claims().len(), 3);
    // Too large for a number with a point to tell them apart.
    let (one, other) = (Value::Number((1 << 53) + 1), Value::Number(1 << 53));
    assert!(!one.says_the_same(&other));
}

#[test]
fn several_languages_are_no_conflict() {
    let mut graph = graph();
    let model = graph.ensure(&Ref::subject(), Kind::Model);
    model.state(Property::Language, declared("en", "README.md", "language[0]"));
    model.state(Property::Language, declared("de", "README.md", "language[1]"));
    assert!(graph.conflicts().is_empty());
}

fn parent(graph: &mut Graph, name: &str, derivation: Derivation, file: &str) {
    let parent = Ref::new("parent", name);
    graph.ensure(&parent, Kind::Model);
    let source = Source::file(&path(file), "base_model");
    let claim = Claim::declared(Value::text(derivation.word()), source.clone());
    let relation = Relation::new(
        &Ref::subject(),
        Verb::DerivedFrom,
        &parent,
        Standing::Declared,
        source,
    )
    .with(Property::Derivation, claim);
    assert!(graph.relate(relation));
}

#[test]
fn an_adapter_has_one_parent_and_a_merge_several() {
    let mut adapter = graph();
    parent(&mut adapter, "a/one", Derivation::Adapter, "README.md");
    parent(&mut adapter, "a/one", Derivation::Adapter, "adapter_config.json");
    assert!(adapter.conflicts().is_empty());
    assert_eq!(
        adapter
            .from(&Ref::subject())
            .map(|it| it.sources.len())
            .sum::<usize>(),
        2
    );
    parent(&mut adapter, "b/two", Derivation::Adapter, "adapter_config.json");
    assert!(matches!(&adapter.conflicts()[..], [Conflict::Parents { parents, .. }] if parents.len() == 2));

    let mut merge = graph();
    parent(&mut merge, "a/one", Derivation::Merge, "README.md");
    parent(&mut merge, "b/two", Derivation::Merge, "README.md");
    assert!(merge.conflicts().is_empty());
}

#[test]
fn a_relation_that_is_told_differently_is_a_conflict() {
    let mut graph = graph();
    parent(&mut graph, "a/one", Derivation::Finetune, "README.md");
    parent(&mut graph, "a/one", Derivation::Quantized, "config.json");
    assert!(matches!(
        &graph.conflicts()[..],
        [Conflict::Relations {
            property: Property::Derivation,
            ..
        }]
    ));
}

#[test]
fn a_relation_needs_both_ends() {
    let mut graph = graph();
    let nobody = Ref::new("parent", "nobody");
    let source = Source::user("base_model");
    let standing = Standing::Declared;
    assert!(!graph.relate(Relation::new(
        &Ref::subject(),
        Verb::DerivedFrom,
        &nobody,
        standing,
        source
    )));
    assert_eq!(graph.relations().count(), 0);
}

#[test]
fn a_claimed_size_is_compared_with_the_counted_one() {
    let mut graph = graph();
    let model = graph.ensure(&Ref::subject(), Kind::Model);
    model.state(
        Property::Parameters,
        Claim::verified(Value::Number(26_784), Source::computed("tensor-shapes", "")),
    );
    model.state(
        Property::ParameterClaim,
        declared("16K", "m.gguf", "general.size_label"),
    );
    assert!(matches!(
        &graph.conflicts()[..],
        [Conflict::Parameters { counted: 26_784, .. }]
    ));
}

#[test]
fn references_of_different_names_differ() {
    let names = ["a b", "a%20b", "a:b", "a/b", "ä", "a\u{0}b", "a+b", "a@b"];
    let refs: std::collections::BTreeSet<_> = names.iter().map(|it| Ref::new("file", it)).collect();
    assert_eq!(refs.len(), names.len());
    assert!(
        refs.iter()
            .all(|it| it.as_str().bytes().all(|it| it.is_ascii_graphic()))
    );
}

#[test]
fn names_of_properties_are_unique_and_read_back() {
    let names: std::collections::BTreeSet<_> = Property::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(names.len(), Property::ALL.len());
    for property in Property::ALL {
        assert_eq!(Property::parse(property.name()), Some(*property));
        assert!(!property.meaning().ends_with('.'));
    }
}

#[test]
fn the_same_metric_from_two_sources_is_one() {
    let mut graph = graph();
    let metric = |file: &str| Metric {
        details: BTreeMap::new(),
        of: Ref::subject(),
        metric: "accuracy".to_owned(),
        value: Value::Decimal("0.314".to_owned()),
        on: None,
        slice: "test".to_owned(),
        standing: Standing::Declared,
        sources: vec![Source::file(&path(file), "")],
    };
    graph.measure(metric("README.md"));
    graph.measure(metric(".eval_results/a.yaml"));
    assert_eq!(graph.metrics().len(), 1);
    assert_eq!(graph.metrics()[0].sources.len(), 2);
}

#[test]
fn the_order_of_reading_does_not_matter() {
    let claims = [
        declared("b", "x", ""),
        declared("a", "y", ""),
        declared("a", "x", ""),
    ];
    let build = |order: [usize; 3]| {
        let mut graph = graph();
        for index in order {
            graph.state(&Ref::subject(), Kind::Model, Property::Tag, claims[index].clone());
        }
        graph
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        assert_eq!(build([0, 1, 2]), build(order));
    }
}

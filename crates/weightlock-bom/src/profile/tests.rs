//! What is there, what is not, and what is said not to be known.

use super::*;
use crate::graph::{Claim, Source, Value};

fn about() -> About {
    About {
        author: Some("Acme".to_owned()),
        is_signed: None,
        tool: Some("weightlock 1".to_owned()),
        time: Some("2026-01-31T00:00:00Z".to_owned()),
        standing: Standing::Verified,
    }
}

fn found<'a>(checked: &'a [Checked], cluster: &str, name: &str) -> &'a Found {
    let one = checked.iter().find(|it| it.element.cluster == cluster && it.element.name == name);
    &one.unwrap_or_else(|| panic!("{cluster}: {name}")).found
}

fn model() -> Graph {
    let mut graph = Graph::about(Ref::subject(), Kind::Model);
    let say = |graph: &mut Graph, property, text: &str| {
        let claim = Claim::declared(Value::text(text), Source::user("x"));
        graph.state(&Ref::subject(), Kind::Model, property, claim);
    };
    say(&mut graph, Property::Name, "pebble");
    say(&mut graph, Property::License, "MIT");
    let counted = Claim::verified(Value::Number(5), Source::computed("tensor-shapes", ""));
    graph.state(&Ref::subject(), Kind::Model, Property::Parameters, counted);
    graph
}

#[test]
fn elements_are_present_with_their_standing_absent_or_not_applicable() {
    let checked = check(&model(), Profile::EuAiAct, &about());
    assert_eq!(
        found(&checked, "general", "number of parameters"),
        &Found::Present {
            standing: Standing::Verified,
            says: "5".to_owned()
        }
    );
    assert!(matches!(
        found(&checked, "general", "licence"),
        Found::Present {
            standing: Standing::Declared,
            ..
        }
    ));
    assert!(matches!(found(&checked, "cost", "energy"), Found::Absent { .. }));
    assert_eq!(found(&checked, "data", "type"), &Found::NotApplicable);
    let counts = counts(&checked);
    assert_eq!(counts[&Standing::Verified], 1);
    assert_eq!(counts.values().sum::<usize>(), checked.iter().filter(|it| it.found != Found::NotApplicable).count());
}

#[test]
fn only_the_list_that_asks_for_explicit_unknowns_takes_them() {
    let cisa = check(&model(), Profile::Cisa, &about());
    assert!(matches!(found(&cisa, "component", "version"), Found::SaidUnknown { .. }));
    let ntia = check(&model(), Profile::Ntia, &about());
    assert!(matches!(found(&ntia, "component", "version"), Found::Absent { .. }));
}

#[test]
fn a_document_without_author_or_time_lacks_them() {
    let nobody = About {
        author: None,
        time: None,
        ..about()
    };
    let checked = check(&model(), Profile::G7Ai, &nobody);
    assert!(matches!(found(&checked, "metadata", "author"), Found::Absent { .. }));
    assert!(matches!(found(&checked, "metadata", "timestamp"), Found::Absent { .. }));
    assert!(matches!(found(&checked, "metadata", "signature of the author"), Found::Absent { .. }));
}

#[test]
fn what_is_disputed_is_not_verified() {
    let mut graph = model();
    let other = Claim::declared(Value::Number(7), Source::user("x")).rank(u8::MAX);
    graph.state(&Ref::subject(), Kind::Model, Property::Parameters, other);
    let checked = check(&graph, Profile::EuAiAct, &about());
    assert!(matches!(
        found(&checked, "general", "number of parameters"),
        Found::Present {
            standing: Standing::Declared,
            ..
        }
    ));
}

#[test]
fn names_of_elements_are_unique_in_their_cluster() {
    for profile in Profile::ALL {
        let mut names: Vec<(&str, &str)> = profile.elements().iter().map(|it| (it.cluster, it.name)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}", profile.word());
    }
}

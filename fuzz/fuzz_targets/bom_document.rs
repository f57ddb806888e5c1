//! Documents of strangers: whatever is read gives a graph in which nothing is verified, and from which every form is written with
//! references that hold and that are read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::standing::Standing;
use weightlock_bom::document::{Form, Settings, read, write};

fuzz_target!(|input: &[u8]| {
    let Ok(foreign) = read::read(input, "it.json") else { return };
    let graph = foreign.graph();
    for component in graph.components().values() {
        for (property, fact) in component.facts() {
            assert_ne!(fact.standing(property.arity()), Standing::Verified);
        }
    }
    for form in Form::ALL {
        let text = write(&graph, form, &Settings::default()).expect("references that hold");
        read::read(text.as_bytes(), "again.json").expect("what was written");
    }
});

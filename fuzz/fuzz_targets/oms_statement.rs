//! A statement that is read can be written anew and says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_signing::oms::ModelStatement;

fuzz_target!(|payload: &[u8]| {
    let Ok(read) = ModelStatement::parse_unverified(payload) else { return };
    assert!(read.file_count() > 0);
    let name = read.model_name().unwrap_or("model");
    let mut serialization = read.serialization().clone();
    serialization.ignore_paths.sort();
    serialization.ignore_paths.dedup();
    let anew = ModelStatement::new(name, serialization, read.files().clone());
    let again = ModelStatement::parse_unverified(&anew.to_payload()).expect("our own statement");
    assert_eq!(again.root(), anew.root());
    assert_eq!(again.serialization().method, anew.serialization().method);
    assert_eq!(again.file_count(), read.file_count());
    let (ours, theirs) = (&again.serialization().ignore_paths, &anew.serialization().ignore_paths);
    assert!(ours.len() == theirs.len() && theirs.iter().all(|path| ours.contains(path)));
    // Written twice, it is the same text.
    let twice = ModelStatement::new(name, again.serialization().clone(), again.files().clone());
    assert_eq!(twice.to_payload(), anew.to_payload());
});

//! Statements and predicates of strangers: what is read is written in one form, which reads as the same; and what is taken as a
//! predicate is signed unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_artifact::{digest::Algorithm, manifest::Subject};
use weightlock_signing::{
    predicate::{Predicate, Wanted, dependency::Dependency, document, types::kind_of},
    statement::Statement,
};

const WORDS: [&str; 12] = [
    "custom",
    "slsaprovenance1",
    "slsaprovenance",
    "bom",
    "cyclonedx",
    "spdx",
    "openvex",
    "vuln",
    "link",
    "verdict",
    "scan",
    "urn:any:type",
];

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::parse_unverified(bytes) {
        assert!(!statement.subjects.is_empty());
        let written = statement.to_payload();
        let again = Statement::parse_unverified(&written).expect("it reads its own form");
        assert_eq!(again, statement);
        let _ = document::check(&statement.predicate_type, &statement.predicate);
        let commit: Dependency = "gitCommit:abcdef0123456789abcdef0123456789abcdef01".parse().expect("a digest");
        let _ = commit.is_named_in(&statement.predicate_type, &statement.predicate);
    }
    let Some((first, document)) = bytes.split_first() else { return };
    let wanted = Wanted::parse(WORDS[usize::from(*first) % WORDS.len()]).expect("a known word");
    if let Ok(predicate) = Predicate::read(document, &wanted, "2026-01-31T00:00:00Z") {
        assert!(wanted.includes(predicate.predicate_type()));
        assert_eq!(kind_of(predicate.predicate_type()), wanted.kind());
        let subject = Subject {
            name: "m".to_owned(),
            sha256: Algorithm::Sha256.digest(b"m"),
        };
        let payload = predicate.payload(&[subject]);
        let statement = Statement::parse_unverified(&payload).expect("what is signed can be read");
        assert_eq!(statement.predicate_type, predicate.predicate_type());
        assert!(document::check(&statement.predicate_type, &statement.predicate).is_ok());
    }
});

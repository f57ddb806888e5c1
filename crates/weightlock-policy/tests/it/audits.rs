//! The audit log: what is written follows on what was, and what was changed is found.

use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_policy::audit::{Broken, Entry, Event, verify};

use crate::given::{DEMANDS, PEOPLE, good, judged, now, policy};

/// A log of so many verdicts, every third of them a no.
fn log(lines: usize) -> Vec<String> {
    let policy = policy(&format!("{PEOPLE}\n[require]\n{DEMANDS}"));
    let mut log: Vec<String> = Vec::new();
    for number in 0..lines {
        let mut evidence = good();
        if number % 3 == 2 {
            evidence.statements.clear();
        }
        let entry = Entry::of(&judged(&policy, &evidence), &policy, "gate", "acme/pebble", now());
        let line = entry.after(log.last().map(String::as_bytes)).unwrap();
        log.push(line);
    }
    log
}

fn checked(lines: &[String], remembered: Option<&Digest>) -> Result<(u64, [u64; 3], Digest), Broken> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    verify(&mut text.as_bytes(), remembered).map(|chain| (chain.lines, chain.decisions, chain.head))
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let log = log(7);
    let (lines, decisions, head) = checked(&log, None).unwrap();
    assert_eq!((lines, decisions), (7, [5, 0, 2]));
    assert_eq!(head, Algorithm::Sha256.digest(log[6].as_bytes()));
    assert_eq!(checked(&[], None).unwrap().0, 0);
    assert!(log[2].contains("WL-POLICY-SIGNATURE") && !log[2].contains('\n'));
}

#[test]
fn every_change_is_found_at_its_line() {
    let whole = log(6);
    let broken = |lines: &[String]| match checked(lines, None) {
        Err(Broken::Chain { line } | Broken::Line { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    for at in 0..5 {
        let mut changed = whole.clone();
        changed[at] = changed[at].replace("acme/pebble", "acme/other");
        assert_eq!(
            broken(&changed),
            at as u64 + 2,
            "a changed line is not what the next one follows on"
        );
        let mut removed = whole.clone();
        removed.remove(at);
        assert_eq!(broken(&removed), at as u64 + 1);
        let mut moved = whole.clone();
        moved.swap(at, at + 1);
        assert_eq!(broken(&moved), at as u64 + 1);
        let mut twice = whole.clone();
        twice.insert(at, whole[at].clone());
        assert_eq!(broken(&twice), at as u64 + 2);
    }
    for (what, line) in [("{}", 3), ("", 3), ("{\"version\":1}", 3)] {
        let mut foreign = whole.clone();
        foreign.insert(2, what.to_owned());
        assert_eq!(broken(&foreign), line, "{what}");
    }
}

/// The last line can be changed, and the end cut off, so that the rest is a chain: only who remembers notices.
#[test]
fn who_remembers_a_line_notices_that_the_end_is_gone() {
    let whole = log(6);
    let head = checked(&whole, None).unwrap().2;
    assert!(checked(&whole[..4], None).is_ok());
    assert!(matches!(
        checked(&whole[..4], Some(&head)),
        Err(Broken::Head { .. })
    ));
    assert!(checked(&whole, Some(&head)).is_ok());
    let earlier = Algorithm::Sha256.digest(whole[2].as_bytes());
    assert!(
        checked(&whole, Some(&earlier)).is_ok(),
        "a longer log has the lines of before"
    );
}

#[test]
fn a_log_with_a_fault_is_not_written_on() {
    let policy = policy(&format!("{PEOPLE}\n[require]\nsignature = true\n"));
    let entry = || {
        Entry::of(
            &judged(&policy, &good()),
            &policy,
            "run",
            &"x".repeat(10_000),
            now(),
        )
    };
    for last in ["{}", "", "not json"] {
        let told = entry().after(Some(last.as_bytes())).unwrap_err();
        assert!(matches!(told, Broken::Last { .. }), "{last:?}: {told:?}");
        let text = told.to_string();
        assert!(
            text.starts_with("the log does not end with a line of a log: ") && !text.contains("line 0"),
            "{text}"
        );
    }
    let line = entry().after(None).unwrap();
    let largest = line.replacen("\"number\":0", &format!("\"number\":{}", u64::MAX), 1);
    let told = entry().after(Some(largest.as_bytes()));
    assert!(matches!(told, Err(Broken::Last { .. })), "{told:?}");
    assert!(line.len() < 2_000, "a name is cut");
    let unfinished = &line.as_bytes()[..line.len() - 1];
    assert!(entry().after(Some(unfinished)).is_err());
    assert!(
        matches!(verify(&mut line.as_bytes(), None), Err(Broken::Line { .. })),
        "no end"
    );
    let long = vec![b'x'; 200_000];
    assert!(verify(&mut long.as_slice(), None).is_err());
}

#[test]
fn a_refused_override_is_an_event_of_its_own() {
    use std::collections::BTreeSet;
    use weightlock_policy::{Check, Mode, Situation, judge};
    let policy = policy(&format!("{PEOPLE}\n[require]\nsignature = true\n"));
    let situation = Situation {
        skip: BTreeSet::from([Check::Signature]),
        mode: Some(Mode::Production),
        ..Situation::at(now())
    };
    let verdict = judge(&policy, &good(), &situation);
    let entry = Entry::of(&verdict, &policy, "gate", "m", now());
    assert_eq!(entry.event, Event::OverrideRefused);
    let line = entry.after(None).unwrap() + "\n";
    assert_eq!(verify(&mut line.as_bytes(), None).unwrap().overrides, 1);
}

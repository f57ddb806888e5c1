//! What is put down about one file is bounded, and nothing is lost silently.

use weightlock_scan::{FileReport, Settings, Severity, coverage::Gap, scan};

/// Streams that each import a function of a module of its own.
fn imports(count: usize) -> Vec<u8> {
    let stream = |number| {
        [
            b"\x80\x02".to_vec(),
            format!("cmodule{number}\nname\n)R.").into_bytes(),
        ]
        .concat()
    };
    (0..count).flat_map(stream).collect()
}

fn with_sightings(bytes: Vec<u8>, sightings: u64) -> FileReport {
    let mut settings = Settings::default();
    settings.limits.sightings = sightings;
    scan("m.pkl", bytes.into(), &settings)
}

fn is_lost(report: &FileReport) -> bool {
    let gaps = &report.coverage.gaps;
    gaps.iter()
        .any(|gap| matches!(&gap.gap, Gap::Limit { what, .. } if *what == "facts about one file"))
}

#[test]
fn what_a_million_streams_repeat_is_told_often_enough() {
    let bytes = b"\x80\x02cos\nsystem\n.".repeat(20_000);
    let report = scan("m.pkl", bytes.into(), &Settings::default());
    assert!(report.findings.len() <= 1000, "{}", report.findings.len());
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.severity == Severity::High)
    );
    assert!(
        report.coverage.is_complete(),
        "a fact that stands there already is not lost"
    );
}

#[test]
fn facts_beyond_the_limit_leave_the_file_unread() {
    let report = with_sightings(imports(30), 10);
    assert_eq!(report.findings.len(), 10);
    assert!(is_lost(&report));
    assert!(!is_lost(&with_sightings(imports(30), 30)));
}

#[test]
fn a_danger_behind_many_repeated_facts_is_found() {
    let harmless = b"\x80\x02cunheard.of\nName\n)R.".repeat(5000);
    let report = with_sightings([harmless, b"\x80\x02cos\nsystem\n)R.".to_vec()].concat(), 2000);
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    assert_eq!(worst, Some(Severity::Critical));
    assert!(!is_lost(&report));
}

#[test]
fn names_beyond_the_limit_leave_the_pickle_unread() {
    let names = |count: usize| {
        let each = (0..count).map(|number| format!("cmodule{number}\nname\n0"));
        [
            b"\x80\x02".to_vec(),
            each.collect::<String>().into_bytes(),
            b"N.".to_vec(),
        ]
        .concat()
    };
    let report = with_sightings(names(20_001), 100_000);
    assert!(!report.coverage.is_complete());
    assert!(with_sightings(names(20_000), 100_000).coverage.is_complete());
}

/// A stream that does nothing costs something, too.
#[test]
fn a_file_of_empty_streams_meets_its_limit() {
    let mut settings = Settings::default();
    settings.limits.opcodes = 10_000;
    let report = scan("m.pkl", b"\x80\x02]q\x00.".repeat(1000).into(), &settings);
    assert!(!report.coverage.is_complete());
    settings.limits.opcodes = 100_000;
    let report = scan("m.pkl", b"\x80\x02]q\x00.".repeat(1000).into(), &settings);
    assert!(report.coverage.is_complete());
}

//! Scans files and prints what was found; for people who work on an analyzer.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers")]

use weightlock_scan::{Settings, scan};

fn main() {
    for file in std::env::args().skip(1) {
        let report = scan(&file, std::fs::read(&file).unwrap().into(), &Settings::default());
        println!("{file}: {:?} {:?}", report.format, report.coverage);
        for finding in report.findings {
            println!("  {:?} {} {finding:?}", finding.severity, finding.rule);
        }
    }
}

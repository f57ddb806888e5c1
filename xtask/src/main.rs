//! Automation of the workspace: `cargo xtask COMMAND`.
//!
//! Everything that people and machines run about this repository is here, in one language, so that it can be
//! read, tested and run anywhere the compiler runs. There are no shell scripts beyond `.ci/run`.

mod args;
mod bench;
mod bom;
mod ci;
mod docs;
mod imports;
mod races;
mod rooms;
mod scan;
mod source;
mod verity;
mod workspace;

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  ci [--all] [--lane NAME]... [--list] [--prepare]   the test command: core, then the peer lanes
  check-rooms                                        which crate may use what, and where unsafe may be
  docs [--check]                                     writes docs/reference and docs/schemas; with --check: these, the
                                                     features table, links, codes and benchmarks agree
  wheel [--out FOLDER] [--test]                      builds the Python wheel; with --test: in an empty environment of each
                                                     interpreter at hand, runs its tests
  imports [--check | --write | --stamp]              the scanner's tables of imports: verifies their form; makes them
                                                     again from pinned wheels and compares, or replaces; gives them a
                                                     version
  imports --record VERSION=FOLDER...                 reads the sources of CPython for them
  bench [NAME]... [--quick] [--list]                 measures against peers, writes docs/benchmarks.md
        [--bin FILE] [--dir FOLDER] [--date YYYY-MM-DD] [--rounds N] [--no-write]
  bench-load [NAME]... [--quick] [--list]             guarded loads against other ways to load, writes docs/benchmarks.md
        [--bin FILE] [--dir FOLDER] [--date YYYY-MM-DD] [--rounds N] [--no-write]
  races [--rounds N] [--date YYYY-MM-DD]             loads beside a process that changes the model; writes docs/races.md
  verity [--bin FILE] [--show]                       guarded loads of files under fs-verity, on an emulated machine
  bench-bom [--bin FILE] [--date YYYY-MM-DD] [--no-write] [--render]
                                                     four other tools that write bills of materials, writes
                                                     docs/bom-scorecard.md
  bench-scan [--bin FILE] [--date YYYY-MM-DD] [--no-write]
                                                     four other scanners on the corpus, writes docs/scan-scorecard.md
  bench-scan --speed [NAME]... [--list] [--bin FILE] [--dir FOLDER] [--date YYYY-MM-DD] [--no-write]
                                                     time and memory of scans, writes docs/benchmarks.md
";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest = args.collect::<Vec<_>>();
    let done = match command.as_str() {
        "ci" => ci::run(&rest),
        "check-rooms" => rooms::run(&rest),
        "docs" => docs::run(&rest),
        "imports" => imports::run(&rest),
        "wheel" => ci::wheel::run(&rest),
        "bench" => bench::run(&rest),
        "bench-scan" => scan::run(&rest),
        "bench-bom" => bom::run(&rest),
        "bench-load" => bench::run_loads(&rest),
        "races" => races::run(&rest),
        "verity" => verity::run(&rest),
        verity::GUEST => verity::in_guest(),
        verity::TOUCH => verity::touch(),
        bench::READER => bench::read_unverified(&rest),
        bench::STARTED => bench::write_time(&rest),
        bench::MEASURE => bench::measure_child(&rest),
        _ => {
            complain(&format!("unknown command `{command}`\n\n{HELP}"));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::from(4)
        }
    }
}

/// Writes a line of results. A closed pipe is not worth a panic.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Writes a line of talk.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

//! `cargo xtask ci`: the test command of the project, in lanes.
//!
//! The lane *core* always runs: it needs the compiler and the peers that can be installed anywhere. The other
//! lanes compare with peers that are large, slow or not to be had everywhere; each has tests of its own, in test
//! targets named `lane_<name>` behind the feature `lane-<name>`. A lane that does not run says why.
//!
//! Output streams as it comes. A failed step does not hide later ones, except that nothing is tested that was not
//! built. The last line is `N passed, N failed, N skipped`, and the exit code is 0 only without failures.

mod c_free;
mod core;
mod counts;
mod fuzz;
mod identities;
mod lanes;
mod peers;
mod report;
mod step;
pub(crate) mod wheel;

use std::time::Instant;

use anyhow::Result;

use crate::args::Args;
use crate::say;
use crate::workspace::Metadata;
use report::Report;

/// Runs the lanes and prints the sum.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--all", "--list", "--prepare"], &["--lane"])?.no_words()?;
    let metadata = Metadata::load()?;
    let wanted = lanes::choose(args.values("--lane"))?;
    if args.has("--list") {
        lanes::list(&metadata);
        return Ok(true);
    }
    let mut report = Report::start()?;
    if args.has("--prepare") {
        let ready = peers::prepare(&mut report).map(|()| true);
        report.check_fn("peers", || ready);
    } else {
        let started = Instant::now();
        if wanted.core {
            core::run(&metadata, &mut report);
        }
        lanes::run(&metadata, &wanted, args.has("--all"), started, &mut report);
    }
    let counts = report.finish();
    say(&counts.to_string());
    Ok(counts.failed == 0 && counts.passed > 0)
}

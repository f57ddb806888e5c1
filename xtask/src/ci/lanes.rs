//! The peer lanes: which there are, which tests they have, and which run.
//!
//! A lane's tests are the test targets `lane_<name>` of any crate, with `required-features = ["lane-<name>"]`, so
//! that a plain `cargo test` neither builds nor counts them:
//!
//! ```toml
//! [features]
//! lane-go = []
//!
//! [[test]]
//! name = "lane_go"
//! path = "tests/lanes/go.rs"
//! required-features = ["lane-go"]
//! ```

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use weightlock_peers::REQUIRE;

use super::peers;
use super::report::{Report, cargo_step};
use super::wheel;
use crate::say;
use crate::workspace::Metadata;

/// All lanes but core: name, and what its peers are.
const LANES: [(&str, &str); 4] = [
    ("go", "cosign and other Sigstore programs"),
    (
        "frameworks",
        "other scanners, and the libraries that write, load and serve models",
    ),
    ("browser", "a headless browser"),
    ("scorer", "independent scorers of documents"),
];

/// No lane is started later than this after the beginning, unless all were asked for.
const BUDGET: Duration = Duration::from_secs(55 * 60);

/// Which lanes were asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) core: bool,
    peers: Vec<&'static str>,
}

/// A test target that belongs to a lane.
#[derive(Debug)]
pub(super) struct LaneTarget {
    lane: &'static str,
    pub(super) package: String,
    pub(super) target: String,
    pub(super) feature: String,
}

/// Without names: everything.
pub(super) fn choose<'a>(names: impl Iterator<Item = &'a str>) -> Result<Wanted> {
    let mut wanted = Wanted {
        core: false,
        peers: Vec::new(),
    };
    let mut any = false;
    for name in names {
        any = true;
        match LANES.iter().find(|(lane, _)| *lane == name) {
            Some((lane, _)) => wanted.peers.push(lane),
            None if name == "core" => wanted.core = true,
            None => bail!("there is no lane {name}; see --list"),
        }
    }
    if !any {
        wanted = Wanted {
            core: true,
            peers: LANES.iter().map(|(lane, _)| *lane).collect(),
        };
    }
    Ok(wanted)
}

/// The test targets of all lanes.
pub(super) fn targets(metadata: &Metadata) -> Vec<LaneTarget> {
    let mut found = Vec::new();
    for package in &metadata.packages {
        for target in package
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "test"))
        {
            let Some((lane, _)) = LANES
                .iter()
                .find(|(lane, _)| target.name == format!("lane_{lane}"))
            else {
                continue;
            };
            let feature = format!("lane-{lane}");
            if package.features.contains_key(&feature) {
                found.push(LaneTarget {
                    lane,
                    package: package.name.clone(),
                    target: target.name.clone(),
                    feature,
                });
            }
        }
    }
    found
}

/// Prints the lanes and how many test targets each has.
pub(super) fn list(metadata: &Metadata) {
    let targets = targets(metadata);
    say(
        "core        everything that needs only the compiler, Debian packages and model_signing; always runs",
    );
    for (lane, peers) in LANES {
        let count = targets.iter().filter(|target| target.lane == lane).count();
        let state = if count == 0 {
            "no test yet".to_owned()
        } else {
            format!("{count} test targets")
        };
        say(&format!("{lane:11} {peers}; {state}"));
    }
}

/// Runs the lanes that were asked for and have tests.
pub(super) fn run(metadata: &Metadata, wanted: &Wanted, all: bool, started: Instant, report: &mut Report) {
    let targets = targets(metadata);
    for lane in &wanted.peers {
        let own = targets
            .iter()
            .filter(|target| target.lane == *lane)
            .collect::<Vec<_>>();
        let name = format!("lane {lane}");
        if own.is_empty() {
            report.not_run(&name, "it has no test yet");
        } else if !all && started.elapsed() > BUDGET {
            report.not_run(&name, "the time for peer lanes is used up; use --all");
        } else if let Err(error) = prepare(lane, report) {
            report.not_run(&name, &format!("{error:#}"));
        } else {
            own.iter().for_each(|target| run_target(target, report));
            if *lane == "frameworks"
                && let Err(error) = wheel::frameworks(metadata, report)
            {
                report.check_fn("tests of the wheel with the real frameworks", || Err(error));
            }
        }
    }
}

/// Gets the peers of a lane.
fn prepare(lane: &str, report: &mut Report) -> Result<()> {
    match lane {
        "go" => {
            for (peer, program) in peers::of_go(report)? {
                report
                    .env
                    .push((peer.variable().to_owned(), program.into_os_string()));
            }
        }
        "frameworks" => peers::frameworks(report)?,
        "scorer" => peers::scorer(report)?,
        "browser" => peers::browser(report)?,
        _ => bail!("its peers are not installed by this program yet"),
    }
    report.env.push((REQUIRE.to_owned(), "1".into()));
    Ok(())
}

fn run_target(target: &LaneTarget, report: &mut Report) {
    let select = [
        "-p",
        &target.package,
        "--features",
        &target.feature,
        "--test",
        &target.target,
    ];
    let name = format!("lane {}: {}", target.lane, target.package);
    report.tests(
        &name,
        &mut cargo_step(&[["test", "--locked", "--no-fail-fast"].as_slice(), &select].concat()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_names_everything_is_chosen() {
        let wanted = choose([].into_iter()).unwrap();
        assert!(wanted.core);
        assert_eq!(wanted.peers.len(), LANES.len());
    }

    #[test]
    fn a_named_lane_runs_alone_and_an_unknown_one_is_refused() {
        let wanted = choose(["go"].into_iter()).unwrap();
        assert!(!wanted.core);
        assert_eq!(wanted.peers, ["go"]);
        assert!(choose(["golang"].into_iter()).is_err());
    }
}

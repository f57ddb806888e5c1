//! The lane that always runs.

use std::process::Command;

use anyhow::Result;

use super::report::{Report, cargo_step};
use super::{c_free, fuzz, lanes, peers, wheel};
use crate::workspace::{Metadata, cargo};
use crate::{docs, imports, rooms, verity};

/// Pinned: a new version may have new rules.
const CARGO_DENY: &str = "0.20.2";

/// Everything that needs only the compiler and the peers that install anywhere.
pub(super) fn run(metadata: &Metadata, report: &mut Report) {
    report.check("format", &mut cargo_step(&["fmt", "--all", "--check"]));
    report.check_fn("rooms", || rooms::run(&[]));
    report.check_fn("imports", || imports::run(&[]));
    report.check_fn("documents", || docs::run(&["--check".to_owned()]));
    dependencies(report);
    if !report.check(
        "build",
        &mut cargo_step(&["build", "--locked", "--workspace", "--all-targets"]),
    ) {
        report.not_run("everything behind the build", "it does not build");
        return;
    }
    lints(metadata, report);
    peers_and_tests(report);
    wheel::check(metadata, report);
    let name = "loads under fs-verity, on an emulated machine";
    match verity::prepare() {
        Ok(()) => {
            report.check_fn(name, || verity::run(&[]));
        }
        Err(error) => report.not_run(name, &format!("{error:#}")),
    }
    let mut doc = cargo_step(&["doc", "--locked", "--workspace", "--no-deps"]);
    report.check("documentation builds", doc.env("RUSTDOCFLAGS", "-D warnings"));
    c_free::run(metadata, report);
    fuzz::run(metadata, report);
}

fn dependencies(report: &mut Report) {
    let Some(deny) = cargo_deny(report) else {
        report.check_fn("dependencies", || {
            anyhow::bail!("cargo-deny could not be installed")
        });
        return;
    };
    report.check(
        "dependencies",
        Command::new(deny).args(["deny", "--locked", "check", "bans", "licenses", "sources"]),
    );
}

/// The program, installed below the cache folder when it is missing.
fn cargo_deny(report: &mut Report) -> Option<String> {
    let works = |program: &str| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|out| out.status.success())
    };
    let root = weightlock_peers::cache_folder()?.join("tools");
    let cached = root.join("bin/cargo-deny").to_string_lossy().into_owned();
    if let Some(found) = ["cargo-deny".to_owned(), cached.clone()]
        .into_iter()
        .find(|program| works(program))
    {
        return Some(found);
    }
    let mut install = Command::new(cargo());
    install
        .args([
            "install",
            "--locked",
            "cargo-deny",
            "--version",
            CARGO_DENY,
            "--root",
        ])
        .arg(&root);
    report.quiet_step(
        "cargo-deny is missing: installing it (minutes, once)",
        &mut install,
    );
    works(&cached).then_some(cached)
}

fn lints(metadata: &Metadata, report: &mut Report) {
    let strict = ["--", "-D", "warnings"];
    let all = ["clippy", "--locked", "--workspace", "--all-targets"];
    report.check("lints", &mut cargo_step(&[all.as_slice(), &strict].concat()));
    let static_build = ["clippy", "--locked", "-p", "weightlock", "--no-default-features"];
    report.check(
        "lints without PKCS#11",
        &mut cargo_step(&[static_build.as_slice(), &strict].concat()),
    );
    for lane in lanes::targets(metadata) {
        // Their peers may be missing here; that they compile and are clean must not depend on it.
        let part = [
            "clippy",
            "--locked",
            "-p",
            &lane.package,
            "--features",
            &lane.feature,
            "--test",
            &lane.target,
        ];
        let name = format!("lints of {} in {}", lane.target, lane.package);
        report.check(&name, &mut cargo_step(&[part.as_slice(), &strict].concat()));
    }
}

fn peers_and_tests(report: &mut Report) {
    let ready: Result<()> = peers::prepare(report);
    if let Err(error) = ready {
        report.check_fn("peers", || Err(error));
    }
    report.tests(
        "unit and integration tests",
        &mut cargo_step(&[
            "test",
            "--locked",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
        ]),
    );
    report.tests(
        "documentation tests",
        &mut cargo_step(&["test", "--locked", "--workspace", "--doc"]),
    );
}

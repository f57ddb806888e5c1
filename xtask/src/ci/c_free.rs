//! The verify half builds without C: no compiler for C is called, and nothing links a foreign library.
//!
//! Two proofs. The build runs in a target folder of its own with every C tool pointing to nowhere, so that a
//! build script which tries fails. And the dependency tree is read for crates that build or link C, so that a
//! crate which would quietly fall back to a system library is found too.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::report::{Report, cargo_step};
use crate::say;
use crate::workspace::{Metadata, cargo};

/// The halves: package, and arguments that leave the rest out. BLAKE3 is chosen in Rust by a feature of artifact.
const HALVES: [(&str, &[&str]); 2] = [
    (
        "weightlock-artifact",
        &[
            "--no-default-features",
            "--features",
            "weightlock-artifact/pure-rust",
        ],
    ),
    (
        "weightlock-signing",
        &[
            "-p",
            "weightlock-artifact",
            "--no-default-features",
            "--features",
            "weightlock-artifact/pure-rust",
        ],
    ),
];

/// Crates that build or wrap foreign code. Names ending in `-sys` count as well.
const FOREIGN: [&str; 8] = [
    "cc",
    "cmake",
    "bindgen",
    "nasm-rs",
    "pkg-config",
    "vcpkg",
    "ring",
    "cryptoki",
];

/// Exceptions: `(crate, reason)`.
const HARMLESS: [(&str, &str); 2] = [
    ("linux-raw-sys", "constants of the kernel in Rust, links nothing"),
    (
        "cc",
        "blake3 names it always and calls it only without its feature `pure`, which the build proves",
    ),
];

/// Checks each half that exists.
pub(super) fn run(metadata: &Metadata, report: &mut Report) {
    for (package, features) in HALVES {
        if metadata.package(package).is_none() {
            report.note(&format!("{package} without C: the crate does not exist yet"));
            continue;
        }
        let select = [["-p", package].as_slice(), features].concat();
        report.check_fn(&format!("{package} without C: dependency tree"), || {
            tree_is_clean(&select)
        });
        report.check(
            &format!("{package} without C: build and lints"),
            &mut build(metadata, &select),
        );
    }
}

fn build(metadata: &Metadata, select: &[&str]) -> Command {
    let args = [
        ["clippy", "--locked"].as_slice(),
        select,
        &["--", "-D", "warnings"],
    ]
    .concat();
    let mut command = cargo_step(&args);
    command.env("CARGO_TARGET_DIR", metadata.workspace_root.join("target/c-free"));
    for tool in ["CC", "CXX", "AR", "CMAKE", "PKG_CONFIG", "HOST_CC", "TARGET_CC"] {
        command.env(tool, "/nonexistent");
    }
    command
}

fn tree_is_clean(select: &[&str]) -> Result<bool> {
    let form = ["--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let out = Command::new(cargo())
        .args(["tree", "--locked"])
        .args(select)
        .args(form)
        .output()
        .context("cannot run cargo tree")?;
    if !out.status.success() {
        bail!(
            "cargo tree failed: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    let text = String::from_utf8(out.stdout)?;
    let foreign = foreign(&text);
    foreign
        .iter()
        .for_each(|name| say(&format!("{name} builds or links foreign code")));
    say(&format!("{} lines of dependency tree", text.lines().count()));
    Ok(foreign.is_empty() && !text.trim().is_empty())
}

/// The crates in a dependency tree that bring foreign code.
fn foreign(tree: &str) -> Vec<&str> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let mut found = names
        .filter(|name| FOREIGN.contains(name) || name.ends_with("-sys"))
        .filter(|name| HARMLESS.iter().all(|(harmless, _)| harmless != name))
        .collect::<Vec<_>>();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_rust_pass() {
        assert!(foreign("sha2 v0.11.1\nlinux-raw-sys v0.12.0\ncc v1.2.0 (*)\nsystem v1.0.0\n").is_empty());
    }

    #[test]
    fn crates_that_bring_c_are_named_once() {
        let tree = "openssl-sys v0.9.1\nring v0.17.0\naws-lc-sys v0.1.0\nring v0.17.0 (*)\ncmake v0.1.0\n";
        assert_eq!(foreign(tree), ["aws-lc-sys", "cmake", "openssl-sys", "ring"]);
    }
}

//! The verify half builds without C: no compiler for C is called, and nothing links a foreign library. So does signing
//! with keys in files; only services (`weightlock-signing/online`, TLS) and tokens need C.
//!
//! Two proofs. The build runs in a target folder of its own with every C tool pointing to nowhere, so that a
//! build script which needs one fails. And the dependency tree is read for crates that build or link C, because a
//! build script may also fall back quietly (that of blake3 does) or find a system library.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::report::{Report, cargo_step};
use crate::say;
use crate::workspace::{Metadata, cargo};

/// The halves: package, what is left in, and arguments that leave the rest out. BLAKE3 is chosen in Rust by a feature of artifact.
const HALVES: [(&str, &str, &[&str]); 3] = [
    (
        "weightlock-artifact",
        "digests",
        &[
            "--no-default-features",
            "--features",
            "weightlock-artifact/pure-rust",
        ],
    ),
    (
        "weightlock-signing",
        "verifying",
        &[
            "-p",
            "weightlock-artifact",
            "--no-default-features",
            "--features",
            "weightlock-artifact/pure-rust",
        ],
    ),
    (
        "weightlock-signing",
        "signing",
        &[
            "-p",
            "weightlock-artifact",
            "--no-default-features",
            "--features",
            "weightlock-artifact/pure-rust,weightlock-signing/sign",
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

/// Checks each half that exists.
pub(super) fn run(metadata: &Metadata, report: &mut Report) {
    for (package, part, features) in HALVES {
        if metadata.package(package).is_none() {
            report.note(&format!("{package} without C: the crate does not exist yet"));
            continue;
        }
        let select = [["-p", package].as_slice(), features].concat();
        report.check_fn(&format!("{package} without C, {part}: dependency tree"), || {
            tree_is_clean(&select)
        });
        report.check(
            &format!("{package} without C, {part}: build"),
            &mut build(metadata, &select),
        );
        let lints = [
            ["clippy", "--locked"].as_slice(),
            &select,
            &["--", "-D", "warnings"],
        ]
        .concat();
        report.check(
            &format!("{package} without C, {part}: lints"),
            &mut cargo_step(&lints),
        );
    }
}

fn build(metadata: &Metadata, select: &[&str]) -> Command {
    let mut command = cargo_step(&[["build", "--locked"].as_slice(), select].concat());
    command.env("CARGO_TARGET_DIR", metadata.workspace_root.join("target/c-free"));
    for tool in ["CC", "CXX", "AR", "CMAKE", "PKG_CONFIG", "HOST_CC", "TARGET_CC"] {
        command.env(tool, "/nonexistent");
    }
    command
}

fn tree_is_clean(select: &[&str]) -> Result<bool> {
    let form = [
        "--edges",
        "normal,build",
        "--prefix",
        "depth",
        "--format",
        "{p} {f}",
    ];
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

/// The crates in a dependency tree that bring foreign code. A line is depth, name, version, features.
fn foreign(tree: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let text = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let Ok(depth) = line[..line.len() - text.len()].parse::<usize>() else {
            continue;
        };
        above.truncate(depth);
        let name = text.split(' ').next().unwrap_or_default();
        if (FOREIGN.contains(&name) || name.ends_with("-sys")) && !is_harmless(name, above.last()) {
            found.push(name);
        }
        above.push(text);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `linux-raw-sys` is constants of the kernel in Rust. blake3 names `cc` always and does not call it with its
/// feature `pure`.
fn is_harmless(name: &str, parent: Option<&&str>) -> bool {
    let is_pure_blake3 = |parent: &&str| {
        let mut words = parent.split(' ');
        words.next() == Some("blake3") && words.any(|word| word.split(',').any(|feature| feature == "pure"))
    };
    name == "linux-raw-sys" || (name == "cc" && parent.is_some_and(is_pure_blake3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_rust_pass() {
        let tree =
            "0weightlock-x v0.1.0 (/x) \n1sha2 v0.11.1 \n1linux-raw-sys v0.12.0 \n1system v1.0.0 a,b\n";
        assert!(foreign(tree).is_empty());
    }

    #[test]
    fn crates_that_bring_c_are_named_once() {
        let tree = "0x v1.0.0 \n1openssl-sys v0.9.1 \n1ring v0.17.0 \n2aws-lc-sys v0.1.0 \n\n0y v1.0.0 \n1ring v0.17.0 (*)\n";
        assert_eq!(foreign(tree), ["aws-lc-sys", "openssl-sys", "ring"]);
    }

    #[test]
    fn the_build_dependency_of_blake3_passes_only_with_its_feature_pure() {
        assert!(foreign("0blake3 v1.8.7 pure,std\n1cc v1.2.0 \n").is_empty());
        assert_eq!(foreign("0blake3 v1.8.7 std\n1cc v1.2.0 \n"), ["cc"]);
        assert_eq!(
            foreign("0blake3 v1.8.7 pure\n1cc v1.2.0 \n0zstd v1.0.0 pure\n1cc v1.2.0 \n"),
            ["cc"]
        );
    }
}

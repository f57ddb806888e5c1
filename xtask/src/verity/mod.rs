//! `cargo xtask verity`: guarded loads of files under fs-verity, on a kernel that has it.
//!
//! Most machines that build have a kernel without fs-verity, and enabling it on a file needs a file system made for it. So a
//! machine is emulated ([`machine`]): Debian's own kernel, and as its first process this program again, which makes an ext4
//! file system on a loop device, signs a model there and loads it in every state that matters ([`guest`]). Packages are
//! taken from the distribution by its own client, unpacked beside the checkout, and not installed.

mod ground;
mod guest;
mod machine;

use anyhow::{Context as _, Result, bail};

use crate::args::Args;
use crate::say;
use crate::workspace::{Metadata, cargo};

/// What this program is called as the first process of the machine.
pub(crate) const GUEST: &str = "verity-guest";

/// And when it is to touch every page of the model there.
pub(crate) const TOUCH: &str = "verity-touch";

/// Begins a line of the machine's console that is a result.
const RESULT: &str = "verity-result";

/// Runs the cases and says how each went.
pub(crate) fn run(raw: &[String]) -> Result<bool> {
    let args = Args::parse(raw, &["--show"], &["--bin"])?.no_words()?;
    let root = Metadata::load()?.workspace_root;
    let built = root.join("target/debug/weightlock");
    let program = match args.value("--bin") {
        Some(given) => given.into(),
        None => {
            let mut build = std::process::Command::new(cargo());
            build
                .args(["build", "--locked", "-p", "weightlock"])
                .current_dir(&root);
            if !build.status().context("cannot run cargo")?.success() {
                bail!("the program does not build");
            }
            built
        }
    };
    machine::prepare()?;
    let console = machine::boot(&program)?;
    if args.has("--show") {
        say(&console);
    }
    let mut good = 0;
    let mut bad = 0;
    for line in console.lines().filter_map(|line| line.strip_prefix(RESULT)) {
        say(line.trim());
        if line.trim().starts_with("ok ") {
            good += 1
        } else {
            bad += 1
        }
    }
    if good == 0 || bad > 0 || good != guest::CASES.len() {
        say(&console);
        say(&format!(
            "{good} of {} cases went as they must",
            guest::CASES.len()
        ));
        return Ok(false);
    }
    say(&format!("all {good} cases went as they must"));
    Ok(true)
}

/// Gets what is needed, where that is possible.
pub(crate) fn prepare() -> Result<()> {
    machine::prepare()
}

/// What runs in the machine.
pub(crate) fn in_guest() -> Result<bool> {
    guest::run()
}

/// What is ended by a signal in it.
pub(crate) fn touch() -> Result<bool> {
    guest::touch()
}

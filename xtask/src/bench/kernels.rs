//! The hash kernels against one stream of plain SHA-256, on one core and without any file.
//!
//! The measurement itself belongs beside the kernels: `weightlock-artifact` carries it as the example `kernels`,
//! built in release mode. It prints one line, a JSON object with `kernel`, `seconds` and `one_stream_seconds` for
//! the same number of bytes.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::Row;
use super::cases::{Bar, Metric};
use super::measure::Sample;
use crate::workspace::cargo;

/// The name of the case.
pub(super) const NAME: &str = "kernels";

#[derive(Deserialize)]
struct Answer {
    kernel: String,
    seconds: f64,
    one_stream_seconds: f64,
}

/// Builds and runs the example.
pub(super) fn measure(root: &Path) -> Result<Row> {
    if !root
        .join("crates/weightlock-artifact/examples/kernels.rs")
        .is_file()
    {
        bail!("weightlock-artifact has no example `kernels`");
    }
    let out = Command::new(cargo())
        .args([
            "run",
            "--quiet",
            "--release",
            "--locked",
            "-p",
            "weightlock-artifact",
            "--example",
            "kernels",
        ])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !out.status.success() {
        bail!("the example failed");
    }
    let answer = serde_json::from_slice::<Answer>(&out.stdout).context("cannot read the example's answer")?;
    let sample = |seconds| Sample {
        wall: seconds,
        cpu: seconds,
        ..Sample::default()
    };
    let (ours, peer) = (sample(answer.seconds), sample(answer.one_stream_seconds));
    let bar = Bar {
        metric: Metric::Wall,
        limit: 1.0 / 3.0,
    };
    Ok(Row {
        name: NAME.to_owned(),
        ours: "many streams, one core".to_owned(),
        peer: "one stream, one core".to_owned(),
        rounds: 1,
        kernel: answer.kernel,
        our_sample: ours,
        peer_sample: peer,
        bars: vec![bar.judge(&ours, &peer)],
        ..Row::default()
    })
}

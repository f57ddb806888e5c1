//! Measures the SHA-256 kernels of this machine on one core, in memory, against one stream of plain SHA-256.
//!
//! `cargo run --release -p weightlock-artifact --example kernels` prints one JSON object about the best kernel;
//! the others are named on stderr. Used by `cargo xtask bench kernels`.

use std::io::{self, Write as _};
use std::time::Instant;

use weightlock_artifact::digest::{Algorithm, Digest, sha256::Kernel};

/// Bytes of a message: what the engine feeds to a lane at a time, so that all lanes fit the second-level cache.
const MESSAGE: usize = 64 << 10;
/// Messages: a multiple of every kernel's lanes.
const MESSAGES: usize = 16;
/// How often all messages are hashed in one measurement: 1 GiB.
const REPEATS: usize = 1024;
/// Measurements, alternating; the median counts.
const ROUNDS: usize = 5;

fn main() -> io::Result<()> {
    let bytes = (0..MESSAGE * MESSAGES).map(|n| (n.wrapping_mul(0x9e37_79b1) >> 13).to_le_bytes()[0]);
    let bytes = bytes.collect::<Vec<_>>();
    let messages = bytes.chunks(MESSAGE).collect::<Vec<_>>();
    let plain = |messages: &[&[u8]]| {
        messages
            .iter()
            .map(|one| Algorithm::Sha256.digest(one))
            .collect::<Vec<_>>()
    };
    for kernel in Kernel::available() {
        let lanes = |messages: &[&[u8]]| kernel.digests(messages);
        assert_eq!(lanes(&messages), plain(&messages), "{} is wrong", kernel.name());
        let (fast, slow) = alternate(&messages, lanes, plain);
        writeln!(
            io::stderr(),
            "{}: {fast:.3} s against {slow:.3} s = {:.2}",
            kernel.name(),
            slow / fast
        )?;
        if kernel == Kernel::best() {
            let name = kernel.name();
            writeln!(
                io::stdout(),
                r#"{{"kernel":"{name}","seconds":{fast},"one_stream_seconds":{slow}}}"#
            )?;
        }
    }
    Ok(())
}

/// Median seconds of both.
fn alternate(
    messages: &[&[u8]],
    a: impl Fn(&[&[u8]]) -> Vec<Digest>,
    b: impl Fn(&[&[u8]]) -> Vec<Digest>,
) -> (f64, f64) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        first.push(seconds(messages, &a));
        second.push(seconds(messages, &b));
    }
    (median(first), median(second))
}

fn seconds(messages: &[&[u8]], hash: impl Fn(&[&[u8]]) -> Vec<Digest>) -> f64 {
    let started = Instant::now();
    for _ in 0..REPEATS {
        std::hint::black_box(hash(std::hint::black_box(messages)));
    }
    started.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

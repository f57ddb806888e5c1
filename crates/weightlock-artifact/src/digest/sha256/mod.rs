//! SHA-256 (FIPS 180-4) over many independent streams on one core.
//!
//! One stream is bound by the latency of its own rounds, so a faster library does not help it; independent
//! streams interleaved on the same core do. A [`Kernel`] is one way to advance several streams at once. It can
//! only be had by detection ([`Kernel::best`], [`Kernel::available`], or parsing a name), so holding one proves
//! that this processor has its instructions.
//!
//! | name | streams at once | runs when |
//! |---|---|---|
//! | `portable` | 1 | always |
//! | `library` | 1 | always; whatever the `sha2` crate finds, such as the Arm SHA-2 instructions |
//! | `sha-ni-x2` | 2 | SHA-NI |
//! | `avx2-x8` | 8, from 3 live streams on | AVX2; chosen only where SHA-NI is missing |
//! | `avx512-x16` | 16, from 9 live streams on; fewer go to SHA-NI or AVX2 | AVX-512 F and BW |

use std::{fmt, str::FromStr};

use super::Digest;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lockstep;
mod portable;
#[cfg(target_arch = "x86_64")]
mod shani;
#[cfg(feature = "fs")]
mod speed;
#[cfg(test)]
mod tests;

/// The most streams any kernel advances together.
pub(super) const MOST_LANES: usize = 16;

/// Bytes that SHA-256 consumes at once.
pub(super) const BLOCK: usize = 64;

/// A way to advance SHA-256 streams that this processor supports.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kernel(Kind);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Portable,
    Library,
    #[cfg(target_arch = "x86_64")]
    ShaNi,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512 {
        few: Few,
    },
}

/// What an AVX-512 processor does with fewer streams than fill its lanes.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Few {
    ShaNi,
    Avx2,
}

impl Kernel {
    /// The names of all kernels, also of those this processor lacks.
    pub const NAMES: [&str; 5] = ["portable", "library", "sha-ni-x2", "avx2-x8", "avx512-x16"];

    /// The kernels of this processor, slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut kernels = vec![Self(Kind::Portable), Self(Kind::Library)];
        #[cfg(target_arch = "x86_64")]
        kernels.extend(vector_kernels());
        kernels
    }

    /// The fastest kernel of this processor.
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = vector_kernels().last() {
            return kernel;
        }
        Self(Kind::Library)
    }

    /// The name used in reports and settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            Kind::Library => "library",
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi => "sha-ni-x2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2-x8",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 { .. } => "avx512-x16",
        }
    }

    /// The most streams this kernel advances together.
    #[must_use]
    pub const fn lanes(self) -> usize {
        match self.0 {
            Kind::Portable | Kind::Library => 1,
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi => 2,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => 8,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 { .. } => 16,
        }
    }

    /// The SHA-256 digest of each message, computed together.
    ///
    /// For bytes that are already in memory; files go through the engine.
    #[must_use]
    pub fn digests(self, messages: &[&[u8]]) -> Vec<Digest> {
        let mut states = vec![State::START; messages.len()];
        let tails: Vec<Tail> = messages
            .iter()
            .map(|message| Tail::new(remainder(message), message.len() as u64))
            .collect();
        let bodies = messages.iter().map(|message| message.as_chunks().0);
        self.compress(&mut lanes(&mut states, bodies));
        self.compress(&mut lanes(&mut states, tails.iter().map(Tail::blocks)));
        states.iter().map(State::digest).collect()
    }

    /// Advances every stream by all of its blocks. Streams may have different lengths.
    pub(super) fn compress(self, lanes: &mut [Lane<'_>]) {
        loop {
            let mut live = [0; MOST_LANES];
            let mut count = 0;
            for (index, lane) in lanes.iter().enumerate() {
                if !lane.blocks.is_empty() {
                    live[count] = index;
                    count += 1;
                    if count == MOST_LANES {
                        break;
                    }
                }
            }
            if count == 0 {
                return;
            }
            self.step(lanes, &live[..count]);
        }
    }

    /// Advances some of the `live` streams until the shortest of these has ended.
    fn step(self, lanes: &mut [Lane<'_>], live: &[usize]) {
        match self.0 {
            Kind::Portable => one(lanes, live, portable::compress),
            Kind::Library => one(lanes, live, sha2::block_api::compress256),
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi => shani::step(lanes, live),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => avx2_or_one(lanes, live),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 { few } => match (live.len(), few) {
                (9.., _) => avx512::step(lanes, live),
                (_, Few::ShaNi) => shani::step(lanes, live),
                (_, Few::Avx2) => avx2_or_one(lanes, live),
            },
        }
    }
}

/// The kernels in x86 vector instructions that this processor has, slowest first.
#[cfg(target_arch = "x86_64")]
fn vector_kernels() -> impl Iterator<Item = Kernel> {
    let (sha_ni, avx2, avx512) = (shani::detected(), avx2::detected(), avx512::detected());
    let few = match (sha_ni, avx2) {
        (true, _) => Some(Few::ShaNi),
        (false, true) => Some(Few::Avx2),
        (false, false) => None,
    };
    [
        avx2.then_some(Kind::Avx2),
        sha_ni.then_some(Kind::ShaNi),
        few.filter(|_| avx512).map(|few| Kind::Avx512 { few }),
    ]
    .into_iter()
    .flatten()
    .map(Kernel)
}

/// AVX2 from three streams on, where eight lanes beat plain code although most are idle.
#[cfg(target_arch = "x86_64")]
fn avx2_or_one(lanes: &mut [Lane<'_>], live: &[usize]) {
    if live.len() < 3 {
        one(lanes, live, portable::compress);
    } else {
        avx2::step(lanes, live);
    }
}

fn one(lanes: &mut [Lane<'_>], live: &[usize], compress: fn(&mut [u32; 8], &[[u8; BLOCK]])) {
    let lane = &mut lanes[live[0]];
    compress(&mut lane.state.0, lane.blocks);
    lane.blocks = &[];
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a name gives no [`Kernel`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The kernel exists, but this processor lacks its instructions.
    #[error("this processor lacks the instructions of the SHA-256 kernel {0}")]
    Unavailable(&'static str),
    /// No kernel has this name.
    #[error("no SHA-256 kernel is called {0:?}; the names are {names}", names = Kernel::NAMES.join(", "))]
    Unknown(String),
}

impl FromStr for Kernel {
    type Err = KernelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = Self::NAMES
            .into_iter()
            .find(|name| *name == text)
            .ok_or_else(|| KernelError::Unknown(text.chars().take(64).collect()))?;
        Self::available()
            .into_iter()
            .find(|kernel| kernel.name() == name)
            .ok_or(KernelError::Unavailable(name))
    }
}

/// The chaining value of one stream between blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct State([u32; 8]);

impl State {
    /// The initial hash value (section 5.3.3).
    pub(super) const START: Self = Self([
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ]);

    /// The digest, once the padding has been compressed too.
    pub(super) fn digest(&self) -> Digest {
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *bytes = word.to_be_bytes();
        }
        Digest::sha256(bytes)
    }
}

/// One stream and the blocks it is to be advanced by.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) state: &'a mut State,
    pub(super) blocks: &'a [[u8; BLOCK]],
}

fn lanes<'a>(states: &'a mut [State], blocks: impl Iterator<Item = &'a [[u8; BLOCK]]>) -> Vec<Lane<'a>> {
    let lanes = states.iter_mut().zip(blocks);
    lanes.map(|(state, blocks)| Lane { state, blocks }).collect()
}

fn remainder(message: &[u8]) -> &[u8] {
    message.as_chunks::<BLOCK>().1
}

/// The last one or two blocks of a message: what is left of it, and the padding (section 5.1.1).
#[derive(Clone, Debug)]
pub(super) struct Tail {
    blocks: [[u8; BLOCK]; 2],
    used: usize,
}

impl Tail {
    /// `rest` is what follows the last whole block of a message of `length` bytes.
    pub(super) fn new(rest: &[u8], length: u64) -> Self {
        let mut blocks = [[0; BLOCK]; 2];
        blocks[0][..rest.len()].copy_from_slice(rest);
        blocks[0][rest.len()] = 0x80;
        let used = if rest.len() < BLOCK - 8 { 1 } else { 2 };
        blocks[used - 1][BLOCK - 8..].copy_from_slice(&length.wrapping_mul(8).to_be_bytes());
        Self { blocks, used }
    }

    pub(super) fn blocks(&self) -> &[[u8; BLOCK]] {
        &self.blocks[..self.used]
    }
}

/// The shortest run of blocks that all the `live` streams have.
#[cfg(target_arch = "x86_64")]
fn common_blocks(lanes: &[Lane<'_>], live: &[usize]) -> usize {
    let counts = live.iter().map(|&index| lanes[index].blocks.len());
    counts.min().unwrap_or(0)
}

//! [`Limits`]: the most that Weightlock grants to one file, whatever the file asks for; [`Budget`]: what is left.
//!
//! A limit is counted work (bytes, opcodes, objects), never time: the answer is the same on every machine. A
//! reader that meets a limit stops there, keeps what it has found, and says so with
//! [`crate::Problem::LimitExceeded`].

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The most that is granted to one file. Every limit stops a known attack, and is reported when it is met.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Files within files: an archive in an archive, a pickle in a string. A quine contains itself for ever.
    pub depth: u32,
    /// Members of one archive. Each costs at least 76 bytes in a zip and some memory here.
    pub members: u64,
    /// Bytes that come out of all decompressors together. They are streamed, never held.
    pub inflated: u64,
    /// Bytes that may come out of a decompressor for one byte in, once [`Limits::RATIO_FREE`] are out. Real
    /// weights and configuration compress far less; a bomb reaches 1000 and more.
    pub ratio: u64,
    /// Bytes of all decompressed contents of a file together that are held in memory at one time, so that they can be
    /// read at any offset without being decompressed again.
    pub held: usize,
    /// Opcodes of all pickles together.
    pub opcodes: u64,
    /// Entries of the stack and of the memo of one pickle together. Both grow as used, never by a declared index.
    pub entries: u64,
    /// Bytes of a string constant that are kept to be looked at.
    pub constant: usize,
    /// Bytes of a template, a source file, a configuration file that are parsed.
    pub text: usize,
    /// Objects and arrays within each other in JSON, YAML, XML, Python, templates.
    pub nesting: usize,
    /// Objects, attributes, nodes, messages of one file.
    pub objects: u64,
    /// Facts that are put down about one file and everything in it. Each takes some hundred bytes until it is judged.
    pub sightings: u64,
}

impl Limits {
    /// Bytes that may come out of a decompressor before [`Limits::ratio`] counts: small files compress well.
    pub const RATIO_FREE: u64 = 16 << 20;
    /// Bytes that may come out of all decompressors of a file together before [`Limits::ratio`] counts for them.
    pub const EXPANSION_FREE: u64 = 256 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            members: 100_000,
            inflated: 64 << 30,
            ratio: 200,
            held: 16 << 20,
            opcodes: 50_000_000,
            entries: 5_000_000,
            constant: 64 << 10,
            text: 1 << 20,
            nesting: 512,
            objects: 1_000_000,
            sightings: 30_000,
        }
    }
}

/// What is left of the [`Limits`] that count over a whole file and everything in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// As [`Limits::inflated`].
    pub inflated: u64,
    /// As [`Limits::opcodes`].
    pub opcodes: u64,
    /// As [`Limits::objects`].
    pub objects: u64,
    /// As [`Limits::sightings`].
    pub sightings: u64,
    /// What [`Budget::inflated`] was at the start.
    pub granted_inflated: u64,
    /// Bytes that may come out of all decompressors together for the size of the file, except tensors: members that
    /// share their bytes stay below [`Limits::ratio`] each, and not together.
    pub expansion: u64,
    /// Memory for decompressed contents.
    pub pool: Pool,
}

/// Memory that the decompressed contents of one file share, so that contents within contents cannot each take the
/// most: as many bytes as [`Limits::held`] grants. What finds no room there is decompressed again when it is read.
#[derive(Clone, Debug, Default)]
pub struct Pool(Arc<AtomicUsize>);

impl Pool {
    /// A pool of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Takes `bytes` out, if there are as many.
    #[must_use]
    pub fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Puts back what was taken.
    pub fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl PartialEq for Pool {
    fn eq(&self, other: &Self) -> bool {
        self.0.load(Ordering::Relaxed) == other.0.load(Ordering::Relaxed)
    }
}

impl Eq for Pool {}

impl Budget {
    /// All that `limits` grant to a file of `size` bytes.
    #[must_use]
    pub fn for_file(limits: &Limits, size: u64) -> Self {
        let by_size = size
            .saturating_mul(limits.ratio)
            .saturating_add(Limits::EXPANSION_FREE);
        Self {
            expansion: by_size.min(limits.inflated),
            ..Self::new(limits)
        }
    }

    /// All that `limits` grant.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            granted_inflated: limits.inflated,
            expansion: limits.inflated,
            pool: Pool::new(limits.held),
            inflated: limits.inflated,
            opcodes: limits.opcodes,
            objects: limits.objects,
            sightings: limits.sightings,
        }
    }
}

//! [`Limits`]: the most that Weightlock grants to one file, whatever the file asks for; [`Budget`]: what is left.
//!
//! A limit is counted work (bytes, opcodes, objects), never time: the answer is the same on every machine. A
//! reader that meets a limit stops there, keeps what it has found, and says so with
//! [`crate::Problem::LimitExceeded`].

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
    /// Bytes of one decompressed member that are held in memory, so that it can be read at any offset.
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
}

impl Limits {
    /// Bytes that may come out of a decompressor before [`Limits::ratio`] counts: small files compress well.
    pub const RATIO_FREE: u64 = 16 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 8,
            members: 100_000,
            inflated: 64 << 30,
            ratio: 200,
            held: 32 << 20,
            opcodes: 50_000_000,
            entries: 10_000_000,
            constant: 64 << 10,
            text: 1 << 20,
            nesting: 512,
            objects: 1_000_000,
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
}

impl Budget {
    /// All that `limits` grant.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self {
            inflated: limits.inflated,
            opcodes: limits.opcodes,
            objects: limits.objects,
        }
    }
}

use proptest::prelude::*;
use sha2::Digest as _;

use super::*;
use lockstep::Words;

/// Every edge of block and padding, the empty message, and runs of several blocks.
const LENGTHS: [usize; 20] = [
    0, 1, 2, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 121, 127, 128, 129, 640, 1000, 4096,
];

/// The kernels of this processor; says aloud which ones nobody tested.
fn kernels() -> Vec<Kernel> {
    for name in Kernel::NAMES {
        if let Err(error) = name.parse::<Kernel>() {
            say_untested(&error.to_string());
        }
    }
    Kernel::available()
}

/// Past the test harness, which hides what passing tests print.
fn say_untested(what: &str) {
    use std::io::Write as _;
    let _: std::io::Result<()> = writeln!(std::io::stderr(), "NOT TESTED HERE: {what}");
}

fn message(length: usize, seed: usize) -> Vec<u8> {
    let mut word = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        word.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

fn assert_digests(kernel: Kernel, messages: &[Vec<u8>]) {
    let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let expected: Vec<Digest> = slices
        .iter()
        .map(|message| Digest::sha256(sha2::Sha256::digest(message).into()))
        .collect();
    let lengths: Vec<usize> = slices.iter().map(|message| message.len()).collect();
    assert_eq!(kernel.digests(&slices), expected, "{kernel}, lengths {lengths:?}");
}

#[test]
fn each_length_alone_and_in_full_lanes() {
    for kernel in kernels() {
        for length in LENGTHS {
            for count in [1, 2, 3, 7, 8, 9, 15, 16, 17, 33] {
                let messages: Vec<_> = (0..count).map(|seed| message(length, seed)).collect();
                assert_digests(kernel, &messages);
            }
        }
    }
}

#[test]
fn lanes_that_end_at_different_times() {
    for kernel in kernels() {
        for count in 0..40 {
            let messages: Vec<_> = (0..count)
                .map(|seed| message(LENGTHS[seed * 7 % LENGTHS.len()], seed))
                .collect();
            assert_digests(kernel, &messages);
        }
    }
}

/// A lane that took another's words would show here: all messages equal but for one bit in one of them.
#[test]
fn one_bit_changes_one_lane_only() {
    for kernel in kernels() {
        for lane in 0..16 {
            let mut messages = vec![message(300, 1); 16];
            messages[lane][lane * 18] ^= 1;
            assert_digests(kernel, &messages);
        }
    }
}

proptest! {
    #[test]
    fn any_messages(messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..700), 0..36)) {
        for kernel in Kernel::available() {
            assert_digests(kernel, &messages);
        }
    }
}

#[test]
fn a_million_a() {
    let digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    for kernel in kernels() {
        let messages = vec![vec![b'a'; 1_000_000]; kernel.lanes()];
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        for found in kernel.digests(&slices) {
            assert_eq!(found.hex(), digest, "{kernel}");
        }
    }
}

#[test]
fn names() {
    for kernel in Kernel::available() {
        assert_eq!(kernel.name().parse(), Ok(kernel));
        assert!(Kernel::NAMES.contains(&kernel.name()));
    }
    assert!(Kernel::available().contains(&Kernel::best()));
    assert_eq!(
        "sha-ni".parse::<Kernel>(),
        Err(KernelError::Unknown("sha-ni".into()))
    );
    assert_eq!("".parse::<Kernel>(), Err(KernelError::Unknown(String::new())));
}

/// With nothing for few streams on an AVX-512 processor, both fallbacks must still be right.
#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_for_the_few_streams_of_an_avx512_processor() {
    if !avx512::detected() {
        say_untested("avx512-x16 with AVX2 for few streams");
        return;
    }
    for count in [1, 2, 3, 8, 9, 16, 20] {
        let messages: Vec<_> = (0..count).map(|seed| message(100 * seed, seed)).collect();
        assert_digests(Kernel(Kind::Avx512 { few: Few::Avx2 }), &messages);
    }
}

/// A vector in plain arithmetic, with the three-operand functions through the truth tables of AVX-512: shows
/// errors of the shared rounds and of those tables on every processor.
#[derive(Clone, Copy)]
struct Model([u32; 16]);

fn ternary(table: u32, [a, b, c]: [u32; 3]) -> u32 {
    (0..32).fold(0, |word, bit| {
        let row = (a >> bit & 1) << 2 | (b >> bit & 1) << 1 | (c >> bit & 1);
        word | (table >> row & 1) << bit
    })
}

impl Model {
    fn lanes(word: impl Fn(usize) -> u32) -> Self {
        Self(std::array::from_fn(word))
    }
}

impl Words<16> for Model {
    fn splat(word: u32) -> Self {
        Self([word; 16])
    }
    fn load(words: &[u32; 16]) -> Self {
        Self(*words)
    }
    fn store(self) -> [u32; 16] {
        self.0
    }
    fn message(blocks: &[&[u8; BLOCK]; 16]) -> [Self; 16] {
        std::array::from_fn(|t| Self::lanes(|lane| u32::from_be_bytes(blocks[lane].as_chunks().0[t])))
    }
    fn add(self, other: Self) -> Self {
        Self::lanes(|lane| self.0[lane].wrapping_add(other.0[lane]))
    }
    fn ror<const R: i32, const L: i32>(self) -> Self {
        assert_eq!(R + L, 32);
        Self::lanes(|lane| self.0[lane].rotate_right(R.cast_unsigned()))
    }
    fn shr<const R: u32>(self) -> Self {
        Self::lanes(|lane| self.0[lane] >> R)
    }
    fn xor3(self, b: Self, c: Self) -> Self {
        Self::lanes(|lane| ternary(0x96, [self.0[lane], b.0[lane], c.0[lane]]))
    }
    fn choose(self, f: Self, g: Self) -> Self {
        Self::lanes(|lane| ternary(0xca, [self.0[lane], f.0[lane], g.0[lane]]))
    }
    fn majority(self, b: Self, c: Self) -> Self {
        Self::lanes(|lane| ternary(0xe8, [self.0[lane], b.0[lane], c.0[lane]]))
    }
}

#[test]
fn lockstep_rounds_over_the_model() {
    let messages: Vec<Vec<u8>> = (0..16).map(|seed| message(5 * BLOCK, seed)).collect();
    let blocks: [&[[u8; BLOCK]]; 16] = std::array::from_fn(|lane| messages[lane].as_chunks().0);
    let mut states = State::START.0.map(|word| [word; 16]);
    lockstep::compress::<Model, 16>(&mut states, &blocks, 5);
    for lane in 0..16 {
        let mut expected = State::START.0;
        sha2::block_api::compress256(&mut expected, blocks[lane]);
        assert_eq!(states.map(|word| word[lane]), expected, "lane {lane}");
    }
}

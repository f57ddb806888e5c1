//! The compression function for N streams in lockstep, written once for every vector width.
//!
//! Word-major: vector `t` holds word `t` of all N streams, so a round is the scalar round with vectors in place
//! of words. The only step with lanes in it is the transposition of the message blocks ([`Words::message`]).
//! With N = 1 it is the portable kernel; the tests also run it over a model of AVX-512 in plain arithmetic.

use super::BLOCK;

/// The round constants (section 4.2.2).
pub(super) const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// A vector of N 32-bit words.
///
/// Everything is `#[inline(always)]`: the instructions exist only inside the function that enables them.
pub(super) trait Words<const N: usize>: Copy {
    fn splat(word: u32) -> Self;
    fn load(words: &[u32; N]) -> Self;
    fn store(self) -> [u32; N];
    /// The sixteen big-endian words of one block per stream, transposed.
    fn message(blocks: &[&[u8; BLOCK]; N]) -> [Self; 16];
    fn add(self, other: Self) -> Self;
    /// Rotation to the right by R bits; L is 32 - R, which constant parameters cannot express yet.
    fn ror<const R: i32, const L: i32>(self) -> Self;
    fn shr<const R: u32>(self) -> Self;
    fn xor3(self, b: Self, c: Self) -> Self;
    /// Ch(self, f, g) of section 4.1.2.
    fn choose(self, f: Self, g: Self) -> Self;
    /// Maj(self, b, c) of section 4.1.2.
    fn majority(self, b: Self, c: Self) -> Self;
}

/// Advances N streams by `count` blocks; `states` is word-major, and every stream has that many blocks.
#[inline(always)]
pub(super) fn compress<V: Words<N>, const N: usize>(
    states: &mut [[u32; N]; 8],
    streams: &[&[[u8; BLOCK]]; N],
    count: usize,
) {
    let mut state = [V::splat(0); 8];
    for (vector, words) in state.iter_mut().zip(states.iter()) {
        *vector = V::load(words);
    }
    let mut blocks = [&[0; BLOCK]; N];
    for index in 0..count {
        for (block, blocks) in blocks.iter_mut().zip(streams) {
            *block = &blocks[index];
        }
        let working = rounds(state, V::message(&blocks));
        for (state, working) in state.iter_mut().zip(working) {
            *state = state.add(working);
        }
    }
    for (words, vector) in states.iter_mut().zip(state) {
        *words = vector.store();
    }
}

#[inline(always)]
fn rounds<V: Words<N>, const N: usize>(state: [V; 8], mut w: [V; 16]) -> [V; 8] {
    let [first, second, third, fourth] = const { quarters() };
    let mut s = sixteen(state, &w, first);
    for k in [second, third, fourth] {
        extend(&mut w);
        s = sixteen(s, &w, k);
    }
    s
}

/// The round constants of sixteen rounds each, so that the rounds need no bounds checks.
const fn quarters() -> [&'static [u32; 16]; 4] {
    match K.as_chunks() {
        ([a, b, c, d], []) => [a, b, c, d],
        _ => panic!("there are 64 round constants"),
    }
}

/// Replaces the sixteen latest schedule words by the next sixteen.
#[inline(always)]
fn extend<V: Words<N>, const N: usize>(w: &mut [V; 16]) {
    macro_rules! word {
        ($($t:literal)*) => { $(
            let (w15, w2) = (w[($t + 1) % 16], w[($t + 14) % 16]);
            let s0 = w15.ror::<7, 25>().xor3(w15.ror::<18, 14>(), w15.shr::<3>());
            let s1 = w2.ror::<17, 15>().xor3(w2.ror::<19, 13>(), w2.shr::<10>());
            w[$t] = w[$t].add(s0).add(w[($t + 9) % 16].add(s1));
        )* };
    }
    word!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// Sixteen rounds, spelt out so that the eight working variables are renamed and not moved.
#[inline(always)]
fn sixteen<V: Words<N>, const N: usize>(state: [V; 8], w: &[V; 16], k: &[u32; 16]) -> [V; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    macro_rules! round {
        ($t:literal: $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
            let sum1 = $e
                .ror::<6, 26>()
                .xor3($e.ror::<11, 21>(), $e.ror::<25, 7>());
            let kw = V::splat(k[$t]).add(w[$t]);
            let t1 = $h.add(kw).add($e.choose($f, $g)).add(sum1);
            let sum0 = $a
                .ror::<2, 30>()
                .xor3($a.ror::<13, 19>(), $a.ror::<22, 10>());
            $d = $d.add(t1);
            $h = t1.add($a.majority($b, $c)).add(sum0);
        };
    }
    macro_rules! eight {
        ($($t:literal)*) => { eight!(@ $($t)*); };
        (@ $t0:literal $t1:literal $t2:literal $t3:literal $t4:literal $t5:literal $t6:literal $t7:literal) => {
            round!($t0: a b c d e f g h);
            round!($t1: h a b c d e f g);
            round!($t2: g h a b c d e f);
            round!($t3: f g h a b c d e);
            round!($t4: e f g h a b c d);
            round!($t5: d e f g h a b c);
            round!($t6: c d e f g h a b);
            round!($t7: b c d e f g h a);
        };
    }
    eight!(0 1 2 3 4 5 6 7);
    eight!(8 9 10 11 12 13 14 15);
    [a, b, c, d, e, f, g, h]
}

/// Advances the first N of the `live` streams, or all if they are fewer, until the shortest has ended.
///
/// Idle lanes repeat the first stream's blocks, so that every lane has memory to read; what they compute is
/// thrown away.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn step<const N: usize>(
    lanes: &mut [super::Lane<'_>],
    live: &[usize],
    compress: impl FnOnce(&mut [[u32; N]; 8], &[&[[u8; BLOCK]]; N], usize),
) {
    let live = &live[..live.len().min(N)];
    let count = super::common_blocks(lanes, live);
    let index = |lane: usize| live[if lane < live.len() { lane } else { 0 }];
    let streams = std::array::from_fn(|lane| &lanes[index(lane)].blocks[..count]);
    let mut states: [[u32; N]; 8] =
        std::array::from_fn(|word| std::array::from_fn(|lane| lanes[index(lane)].state.0[word]));
    compress(&mut states, &streams, count);
    for (lane, &index) in live.iter().enumerate() {
        let target = &mut lanes[index];
        target.state.0 = std::array::from_fn(|word| states[word][lane]);
        target.blocks = &target.blocks[count..];
    }
}

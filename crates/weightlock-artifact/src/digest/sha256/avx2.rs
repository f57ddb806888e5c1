//! Eight streams in lockstep on AVX2, for processors without SHA-NI.
#![expect(unsafe_code, reason = "vector instructions that were detected at run time")]

use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set_epi64x, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srl_epi32, _mm256_srli_epi32, _mm256_storeu_si256,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use super::{
    BLOCK, Lane,
    lockstep::{self, Words},
};

const N: usize = 8;

pub(super) fn detected() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Advances up to eight of the `live` streams. Only for kernels that were detected.
pub(super) fn step(lanes: &mut [Lane<'_>], live: &[usize]) {
    debug_assert!(detected(), "only a detected kernel gets here");
    lockstep::step(lanes, live, |states, streams, count| {
        // SAFETY: a kernel that reaches this exists only after `detected` was true.
        unsafe { compress(states, streams, count) }
    });
}

#[target_feature(enable = "avx2")]
fn compress(states: &mut [[u32; N]; 8], streams: &[&[[u8; BLOCK]]; N], count: usize) {
    lockstep::compress::<Vector, N>(states, streams, count);
}

/// Lives only inside [`compress`]: every method is inlined there, where AVX2 is enabled.
#[derive(Clone, Copy)]
struct Vector(__m256i);

// SAFETY of all blocks below: AVX2 is present, because `compress` is the only user of these methods; the loads
// and stores touch exactly the 32 bytes of their array.
impl Words<N> for Vector {
    #[inline(always)]
    fn splat(word: u32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn load(words: &[u32; N]) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_loadu_si256(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self) -> [u32; N] {
        let mut words = [0; N];
        // SAFETY: see above.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn message(blocks: &[&[u8; BLOCK]; N]) -> [Self; 16] {
        // SAFETY: see above; each block has two halves of 32 bytes.
        unsafe {
            let swap = _mm256_set_epi64x(
                0x0c0d_0e0f_0809_0a0b,
                0x0405_0607_0001_0203,
                0x0c0d_0e0f_0809_0a0b,
                0x0405_0607_0001_0203,
            );
            // Loops, not `map`: that is compiled without these instructions, and would be called.
            let mut message = [Self(_mm256_setzero_si256()); 16];
            for half in 0..2 {
                let mut rows = [_mm256_setzero_si256(); N];
                for (row, block) in rows.iter_mut().zip(blocks) {
                    let words = _mm256_loadu_si256(block.as_ptr().add(32 * half).cast());
                    *row = _mm256_shuffle_epi8(words, swap);
                }
                let columns = transpose(rows);
                for (t, column) in columns.into_iter().enumerate() {
                    message[8 * half + t] = Self(column);
                }
            }
            message
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn ror<const R: i32, const L: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_or_si256(_mm256_srli_epi32::<R>(self.0), _mm256_slli_epi32::<L>(self.0)) })
    }

    #[inline(always)]
    fn shr<const R: u32>(self) -> Self {
        // SAFETY: see above. The compiler turns the constant count into an immediate one.
        Self(unsafe { _mm256_srl_epi32(self.0, _mm_cvtsi32_si128(R.cast_signed())) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_xor_si256(self.0, _mm256_xor_si256(b.0, c.0)) })
    }

    #[inline(always)]
    fn choose(self, f: Self, g: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_xor_si256(g.0, _mm256_and_si256(self.0, _mm256_xor_si256(f.0, g.0))) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let either = _mm256_and_si256(c.0, _mm256_or_si256(self.0, b.0));
            _mm256_or_si256(_mm256_and_si256(self.0, b.0), either)
        })
    }
}

/// An 8 x 8 transposition of words: row `i` becomes column `i`.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let pair = |a, b| (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let four = |(low0, high0), (low1, high1)| {
        [
            _mm256_unpacklo_epi64(low0, low1),
            _mm256_unpackhi_epi64(low0, low1),
            _mm256_unpacklo_epi64(high0, high1),
            _mm256_unpackhi_epi64(high0, high1),
        ]
    };
    // Column t of rows 0..4 in the low half, column t + 4 in the high half; the same for rows 4..8.
    let upper = four(pair(r0, r1), pair(r2, r3));
    let lower = four(pair(r4, r5), pair(r6, r7));
    let mut columns = [_mm256_setzero_si256(); 8];
    for t in 0..4 {
        columns[t] = _mm256_permute2x128_si256::<0x20>(upper[t], lower[t]);
        columns[4 + t] = _mm256_permute2x128_si256::<0x31>(upper[t], lower[t]);
    }
    columns
}

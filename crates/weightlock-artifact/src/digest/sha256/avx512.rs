//! Sixteen streams in lockstep on AVX-512 (F and BW).
//!
//! Rotation is one instruction, and `vpternlogd` computes any function of three bits in one: its operand is the
//! truth table, bit `4a + 2b + c` being the result for bits a, b, c.
#![expect(unsafe_code, reason = "vector instructions that were detected at run time")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_loadu_si512, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_set4_epi32,
    _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_storeu_si512,
    _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64,
};

use super::{
    BLOCK, Lane,
    lockstep::{self, Words},
};

const N: usize = 16;

/// Truth table of a ^ b ^ c.
const XOR3: i32 = 0x96;
/// Truth table of "b where a is set, else c".
const CHOOSE: i32 = 0xca;
/// Truth table of "at least two of a, b, c".
const MAJORITY: i32 = 0xe8;

pub(super) fn detected() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

/// Advances up to sixteen of the `live` streams. Only for kernels that were detected.
pub(super) fn step(lanes: &mut [Lane<'_>], live: &[usize]) {
    debug_assert!(detected(), "only a detected kernel gets here");
    lockstep::step(lanes, live, |states, streams, count| {
        // SAFETY: a kernel that reaches this exists only after `detected` was true.
        unsafe { compress(states, streams, count) }
    });
}

#[target_feature(enable = "avx512f,avx512bw")]
fn compress(states: &mut [[u32; N]; 8], streams: &[&[[u8; BLOCK]]; N], count: usize) {
    lockstep::compress::<Vector, N>(states, streams, count);
}

/// Lives only inside [`compress`]: every method is inlined there, where AVX-512 is enabled.
#[derive(Clone, Copy)]
struct Vector(__m512i);

// SAFETY of all blocks below: AVX-512 F and BW are present, because `compress` is the only user of these
// methods; the loads and stores touch exactly the 64 bytes of their array.
impl Words<N> for Vector {
    #[inline(always)]
    fn splat(word: u32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn load(words: &[u32; N]) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self) -> [u32; N] {
        let mut words = [0; N];
        // SAFETY: see above.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn message(blocks: &[&[u8; BLOCK]; N]) -> [Self; 16] {
        // SAFETY: see above.
        unsafe {
            let swap = _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
            // Loops, not `map`: that is compiled without these instructions, and would be called.
            let mut rows = [_mm512_setzero_si512(); N];
            for (row, block) in rows.iter_mut().zip(blocks) {
                let words = _mm512_loadu_si512(block.as_ptr().cast());
                *row = _mm512_shuffle_epi8(words, swap);
            }
            let columns = transpose(rows);
            let mut message = [Self(_mm512_setzero_si512()); 16];
            for (word, column) in message.iter_mut().zip(columns) {
                *word = Self(column);
            }
            message
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn ror<const R: i32, const L: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_ror_epi32::<R>(self.0) })
    }

    #[inline(always)]
    fn shr<const R: u32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_srli_epi32::<R>(self.0) })
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_ternarylogic_epi32::<XOR3>(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn choose(self, f: Self, g: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_ternarylogic_epi32::<CHOOSE>(self.0, f.0, g.0) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_ternarylogic_epi32::<MAJORITY>(self.0, b.0, c.0) })
    }
}

/// A 16 x 16 transposition of words: row `i` becomes column `i`.
///
/// Two levels of unpacking transpose the 4 x 4 tiles, because they work within 128-bit quarters; two levels of
/// quarter shuffles then put the tiles in their places.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    // tiles[g][t]: quarter q holds word 4q + t of rows 4g..4g + 4.
    let mut tiles = [[zero; 4]; 4];
    for (g, tile) in tiles.iter_mut().enumerate() {
        let (r0, r1, r2, r3) = (rows[4 * g], rows[4 * g + 1], rows[4 * g + 2], rows[4 * g + 3]);
        let (low0, high0) = (_mm512_unpacklo_epi32(r0, r1), _mm512_unpackhi_epi32(r0, r1));
        let (low1, high1) = (_mm512_unpacklo_epi32(r2, r3), _mm512_unpackhi_epi32(r2, r3));
        *tile = [
            _mm512_unpacklo_epi64(low0, low1),
            _mm512_unpackhi_epi64(low0, low1),
            _mm512_unpacklo_epi64(high0, high1),
            _mm512_unpackhi_epi64(high0, high1),
        ];
    }
    // Column 4q + t is quarter q of tiles[0..4][t], in that order.
    let mut columns = [zero; 16];
    for t in 0..4 {
        let (x0, x1, x2, x3) = (tiles[0][t], tiles[1][t], tiles[2][t], tiles[3][t]);
        // Quarters 0 and 1 of two tiles each, then quarters 2 and 3.
        let (front01, front23) = (
            _mm512_shuffle_i32x4::<0x44>(x0, x1),
            _mm512_shuffle_i32x4::<0x44>(x2, x3),
        );
        let (back01, back23) = (
            _mm512_shuffle_i32x4::<0xee>(x0, x1),
            _mm512_shuffle_i32x4::<0xee>(x2, x3),
        );
        columns[t] = _mm512_shuffle_i32x4::<0x88>(front01, front23);
        columns[4 + t] = _mm512_shuffle_i32x4::<0xdd>(front01, front23);
        columns[8 + t] = _mm512_shuffle_i32x4::<0x88>(back01, back23);
        columns[12 + t] = _mm512_shuffle_i32x4::<0xdd>(back01, back23);
    }
    columns
}

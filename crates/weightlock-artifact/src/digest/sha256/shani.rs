//! One or two streams on the SHA instructions of x86 (SHA-NI).
//!
//! `sha256rnds2` has a latency of several cycles and each depends on the one before it, so one stream leaves
//! the unit idle half of the time. Two streams whose instructions alternate fill it.
#![expect(
    unsafe_code,
    reason = "vector loads and stores, and calls of functions with instructions detected at run time"
)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi64x,
    _mm_setzero_si128, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32, _mm_storeu_si128,
};

use super::{BLOCK, Lane, common_blocks, lockstep::K};

pub(super) fn detected() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3")
}

/// Advances one or two of the `live` streams until the shorter has ended. Only for kernels that were detected.
pub(super) fn step(lanes: &mut [Lane<'_>], live: &[usize]) {
    debug_assert!(detected(), "only a detected kernel gets here");
    let live = &live[..live.len().min(2)];
    let count = common_blocks(lanes, live);
    match *live {
        [a, b] => {
            let mut states = [lanes[a].state.0, lanes[b].state.0];
            let blocks = [&lanes[a].blocks[..count], &lanes[b].blocks[..count]];
            // SAFETY: a kernel that reaches this exists only after `detected` was true.
            unsafe { compress(&mut states, blocks) };
            [lanes[a].state.0, lanes[b].state.0] = states;
        }
        [a] => {
            let mut states = [lanes[a].state.0];
            // SAFETY: as above.
            unsafe { compress(&mut states, [lanes[a].blocks]) };
            [lanes[a].state.0] = states;
        }
        _ => return,
    }
    for &index in live {
        lanes[index].blocks = &lanes[index].blocks[count..];
    }
}

/// Advances N streams, whose runs of blocks have the same length.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn compress<const N: usize>(states: &mut [[u32; 8]; N], blocks: [&[[u8; BLOCK]]; N]) {
    let mut working = states.map(|state| enter(&state));
    for index in 0..blocks[0].len() {
        let before = working;
        // Loops, not `map`: that is compiled without these instructions, and would be called.
        let mut messages = [[_mm_setzero_si128(); 4]; N];
        for (words, stream) in messages.iter_mut().zip(&blocks) {
            *words = message(&stream[index]);
        }
        macro_rules! rounds {
            ($($t:literal)*) => { $( {
                let k = load(&K, $t * 4);
                for lane in 0..N {
                    four_rounds(&mut working[lane], &mut messages[lane], $t, k);
                }
            } )* };
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for lane in 0..N {
            for half in 0..2 {
                working[lane][half] = _mm_add_epi32(working[lane][half], before[lane][half]);
            }
        }
    }
    *states = working.map(|state| leave(state));
}

/// Rounds `4t..4t+4`, and the schedule words that the rounds twelve later need.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
#[inline]
fn four_rounds(state: &mut [__m128i; 2], w: &mut [__m128i; 4], t: usize, k: __m128i) {
    let kw = _mm_add_epi32(w[t % 4], k);
    state[1] = _mm_sha256rnds2_epu32(state[1], state[0], kw);
    state[0] = _mm_sha256rnds2_epu32(state[0], state[1], _mm_shuffle_epi32::<0x0e>(kw));
    if t < 12 {
        let (w0, w1, w2, w3) = (w[t % 4], w[(t + 1) % 4], w[(t + 2) % 4], w[(t + 3) % 4]);
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2));
        w[t % 4] = _mm_sha256msg2_epu32(sum, w3);
    }
}

/// From `[a, …, h]` to the two registers (a b e f), (c d g h) that the instructions work on.
#[target_feature(enable = "sse2,ssse3,sse4.1")]
#[inline]
fn enter(state: &[u32; 8]) -> [__m128i; 2] {
    let badc = _mm_shuffle_epi32::<0xb1>(load(state, 0));
    let hgfe = _mm_shuffle_epi32::<0x1b>(load(state, 4));
    [
        _mm_alignr_epi8::<8>(badc, hgfe),
        _mm_blend_epi16::<0xf0>(hgfe, badc),
    ]
}

/// The inverse of [`enter`].
#[target_feature(enable = "sse2,ssse3,sse4.1")]
#[inline]
fn leave([abef, cdgh]: [__m128i; 2]) -> [u32; 8] {
    let feba = _mm_shuffle_epi32::<0x1b>(abef);
    let dchg = _mm_shuffle_epi32::<0xb1>(cdgh);
    let mut state = [0_u32; 8];
    let (low, high) = (
        _mm_blend_epi16::<0xf0>(feba, dchg),
        _mm_alignr_epi8::<8>(dchg, feba),
    );
    // SAFETY: two stores of four words each into an array of eight; no alignment is needed.
    unsafe {
        _mm_storeu_si128(state.as_mut_ptr().cast(), low);
        _mm_storeu_si128(state.as_mut_ptr().add(4).cast(), high);
    }
    state
}

/// The sixteen big-endian words of a block.
#[target_feature(enable = "sse2,ssse3")]
#[inline]
fn message(block: &[u8; BLOCK]) -> [__m128i; 4] {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut words = [_mm_setzero_si128(); 4];
    for (quarter, words) in words.iter_mut().enumerate() {
        // SAFETY: 16 bytes of the 64 are read at 0, 16, 32 and 48; no alignment is needed.
        let bytes = unsafe { _mm_loadu_si128(block.as_ptr().add(16 * quarter).cast()) };
        *words = _mm_shuffle_epi8(bytes, swap);
    }
    words
}

/// Four words from `first` on.
#[target_feature(enable = "sse2")]
#[inline]
fn load(words: &[u32], first: usize) -> __m128i {
    let four = &words[first..first + 4];
    // SAFETY: the slice holds the 16 bytes that are read; no alignment is needed.
    unsafe { _mm_loadu_si128(four.as_ptr().cast()) }
}

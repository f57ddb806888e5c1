//! One stream, no special instructions: the rounds of [`lockstep`] over vectors of one word.

use super::{
    BLOCK,
    lockstep::{self, Words},
};

pub(super) fn compress(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
    let mut states = state.map(|word| [word]);
    lockstep::compress::<Word, 1>(&mut states, &[blocks], blocks.len());
    *state = states.map(|[word]| word);
}

#[derive(Clone, Copy)]
struct Word(u32);

impl Words<1> for Word {
    #[inline(always)]
    fn splat(word: u32) -> Self {
        Self(word)
    }

    #[inline(always)]
    fn load([word]: &[u32; 1]) -> Self {
        Self(*word)
    }

    #[inline(always)]
    fn store(self) -> [u32; 1] {
        [self.0]
    }

    #[inline(always)]
    fn message([block]: &[&[u8; BLOCK]; 1]) -> [Self; 16] {
        std::array::from_fn(|t| Self(u32::from_be_bytes(block.as_chunks().0[t])))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    #[inline(always)]
    fn ror<const R: i32, const L: i32>(self) -> Self {
        Self(self.0.rotate_right(R.cast_unsigned()))
    }

    #[inline(always)]
    fn shr<const R: u32>(self) -> Self {
        Self(self.0 >> R)
    }

    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(self.0 ^ b.0 ^ c.0)
    }

    #[inline(always)]
    fn choose(self, f: Self, g: Self) -> Self {
        Self(g.0 ^ (self.0 & (f.0 ^ g.0)))
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Self((self.0 & b.0) | (c.0 & (self.0 | b.0)))
    }
}

//! How fast the kernels are relative to each other, for dividing streams between processors.

#[cfg(target_arch = "x86_64")]
use super::Few;
use super::{Kernel, Kind};

impl Kernel {
    /// Throughput of one core with `live` streams, in hundredths of its throughput with one.
    ///
    /// Used to divide streams between cores, so only proportions matter. Measured values, rounded.
    pub(in crate::digest) const fn relative_speed(self, live: usize) -> usize {
        match self.0 {
            Kind::Portable | Kind::Library => 100,
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi => pair_speed(live),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => eighths_speed(live),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 { few } => match (live, few) {
                (9.., _) => 370 * live / 16,
                (_, Few::ShaNi) => pair_speed(live),
                (_, Few::Avx2) => eighths_speed(live),
            },
        }
    }
}

#[cfg(target_arch = "x86_64")]
const fn pair_speed(live: usize) -> usize {
    if live < 2 { 100 } else { 195 }
}

/// Against plain code on a processor without SHA-NI.
#[cfg(target_arch = "x86_64")]
const fn eighths_speed(live: usize) -> usize {
    match live {
        0..3 => 100,
        3..8 => 50 * live,
        _ => 400,
    }
}

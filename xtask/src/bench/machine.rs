//! The machine in one line, and dates.

use std::fs;
use std::thread;

/// Instruction sets that decide which hash kernel runs.
const FEATURES: [&str; 6] = ["sha_ni", "avx2", "avx512f", "avx512bw", "avx512vl", "sha2"];

/// Processor, cores, instruction sets, memory and kernel.
pub(crate) fn describe() -> String {
    let cpu = read("/proc/cpuinfo");
    let model = field(&cpu, "model name").unwrap_or("unknown processor");
    let flags = field(&cpu, "flags")
        .or_else(|| field(&cpu, "Features"))
        .unwrap_or_default();
    let has = |feature: &&str| flags.split_whitespace().any(|flag| flag == *feature);
    let features = FEATURES
        .into_iter()
        .filter(|feature| has(feature))
        .collect::<Vec<_>>()
        .join(" ");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = read("/proc/meminfo");
    let kilobytes = field(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let gib = kilobytes.unwrap_or_default() >> 20;
    let release = read("/proc/sys/kernel/osrelease");
    let number = release.split(['-', '+']).next().unwrap_or_default().trim();
    format!("{model}, {cores} cores usable ({features}), {gib} GiB, Linux {number}")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text
        .lines()
        .find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// `YYYY-MM-DD` of seconds since 1970, by the usual computation with years that begin in March.
pub(super) fn civil_date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_around_leap_days_are_right() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
        ] {
            assert_eq!(civil_date(seconds), date);
        }
    }

    #[test]
    fn the_description_is_one_line() {
        assert!(!describe().contains('\n'));
    }
}

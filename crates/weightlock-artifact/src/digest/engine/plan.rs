//! How many workers, and how many tasks each holds at once.
//!
//! More tasks on one worker cost less processor time, more workers take less wall-clock time; a stream much
//! longer than the others must not share a worker with so many that it becomes the end of the run.

use super::{Algorithm, Settings, queue::Load};

/// Below this a helper thread costs more than it overlaps.
const WORTH_READING_AHEAD: u64 = 8 << 20;

/// Starting a thread takes as long as hashing this much, or as opening that many files.
const BYTES_WORTH_A_WORKER: u64 = 128 << 10;
const TASKS_WORTH_A_WORKER: u64 = 8;

/// Fewer workers are preferred while they need at most this share more time, in percent.
const SLACK: u64 = 108;

/// Files left open for the rest of the process.
const SPARE_FILES: u64 = 16;

#[derive(PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// Tasks held at once, for each worker.
    pub(super) workers: Vec<usize>,
    /// Whether a thread for each task reads while its worker hashes: there are processors to spare.
    pub(super) ahead: bool,
}

impl Plan {
    pub(super) fn new(settings: &Settings, load: &Load) -> Self {
        Self::within(settings, load, most_open_files())
    }

    fn within(settings: &Settings, load: &Load, most_files: usize) -> Self {
        let most_tasks = usize::try_from(load.tasks)
            .unwrap_or(usize::MAX)
            .min(most_files)
            .max(1);
        let worth = usize::try_from(load.bytes / BYTES_WORTH_A_WORKER + load.tasks / TASKS_WORTH_A_WORKER);
        let most_workers = settings
            .workers
            .get()
            .min(most_tasks)
            .min(worth.unwrap_or(usize::MAX).max(1));
        let most_lanes = match settings.algorithm {
            Algorithm::Sha256 => settings.kernel.lanes(),
            _ => 1,
        };
        let mut candidates = (1..=most_workers).flat_map(|workers| {
            let lanes = [1, 2, 4, 8, 16].into_iter().filter(|lanes| *lanes <= most_lanes);
            lanes.map(move |lanes| (workers, lanes))
        });
        let time = |&(workers, lanes): &(usize, usize)| time(settings, load, workers, lanes);
        let shortest = candidates
            .clone()
            .map(|candidate| time(&candidate))
            .min()
            .unwrap_or(0);
        let enough = |candidate: &(usize, usize)| time(candidate) <= shortest.saturating_mul(SLACK) / 100;
        let (workers, lanes) = candidates.find(enough).unwrap_or((1, 1));
        let held = most_tasks.min(workers * lanes);
        let workers: Vec<usize> = (0..workers)
            .map(|worker| held / workers + usize::from(worker < held % workers))
            .collect();
        let spare = settings.workers.get() - workers.len();
        Self {
            ahead: spare > 0 && load.longest >= WORTH_READING_AHEAD && held <= 2 * spare,
            workers,
        }
    }
}

/// An estimate of the time, in no unit: of all bytes, or of the longest stream among its neighbours.
fn time(settings: &Settings, load: &Load, workers: usize, lanes: usize) -> u64 {
    let tasks = usize::try_from(load.tasks).unwrap_or(usize::MAX);
    let held = lanes.min(tasks.div_ceil(workers)).max(1);
    let speed = match settings.algorithm {
        Algorithm::Sha256 => settings.kernel.relative_speed(held),
        _ => 100,
    } as u64;
    let all = load.bytes.saturating_mul(100) / (speed * workers as u64);
    // A long stream is alone towards the end, when the others of its worker have ended.
    let longest = load.longest.saturating_mul(100) / (speed / held as u64).max(1);
    all.max(longest.min(all.saturating_add(load.longest)))
}

/// How many files this process may still open, roughly: half of its limit is left to others.
fn most_open_files() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let files = limit.map_or(u64::MAX, |limit| limit.saturating_sub(SPARE_FILES) / 2);
    usize::try_from(files).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::digest::sha256::Kernel;

    fn plan(kernel: &str, workers: usize, load: Load) -> Option<Plan> {
        let mut settings = Settings::new(Algorithm::Sha256);
        settings.kernel = kernel.parse::<Kernel>().ok()?;
        settings.workers = NonZeroUsize::new(workers).unwrap();
        Some(Plan::within(&settings, &load, 1000))
    }

    const fn equal(tasks: u64, bytes: u64) -> Load {
        Load {
            tasks,
            bytes: tasks * bytes,
            longest: bytes,
        }
    }

    #[test]
    fn one_stream_reads_ahead_where_a_processor_is_free() {
        assert_eq!(
            plan("library", 4, equal(1, 1 << 32)),
            Some(Plan {
                workers: vec![1],
                ahead: true
            })
        );
        assert_eq!(
            plan("library", 1, equal(1, 1 << 32)),
            Some(Plan {
                workers: vec![1],
                ahead: false
            })
        );
        assert_eq!(
            plan("library", 4, equal(1, 1000)),
            Some(Plan {
                workers: vec![1],
                ahead: false
            })
        );
    }

    #[test]
    fn many_streams_use_all_workers() {
        assert_eq!(
            plan("library", 3, equal(100, 1 << 20)),
            Some(Plan {
                workers: vec![1; 3],
                ahead: false
            })
        );
        assert_eq!(
            plan("library", 3, equal(2, 1 << 20)),
            Some(Plan {
                workers: vec![1; 2],
                ahead: false
            })
        );
        assert_eq!(
            plan("library", 3, equal(0, 0)),
            Some(Plan {
                workers: vec![1],
                ahead: false
            })
        );
    }

    #[test]
    fn little_work_needs_no_second_thread() {
        assert_eq!(
            plan("library", 64, equal(7, 1000)).map(|plan| plan.workers.len()),
            Some(1)
        );
        assert_eq!(
            plan("library", 64, equal(160, 1000)).map(|plan| plan.workers.len()),
            Some(20)
        );
    }

    #[test]
    fn lanes_are_filled_on_processors_that_have_them() {
        if let Some(plan) = plan("sha-ni-x2", 4, equal(2000, 1 << 20)) {
            assert_eq!(
                plan,
                Plan {
                    workers: vec![2; 4],
                    ahead: false
                }
            );
        }
        if let Some(plan) = plan("sha-ni-x2", 4, equal(5, 1 << 30)) {
            assert_eq!(plan.workers.iter().sum::<usize>(), 5);
        }
        if let Some(plan) = plan("avx512-x16", 4, equal(2000, 1 << 20)) {
            assert_eq!(
                plan,
                Plan {
                    workers: vec![16; 4],
                    ahead: false
                }
            );
        }
    }

    #[test]
    fn never_more_tasks_than_files_may_be_open() {
        for kernel in Kernel::available() {
            let mut settings = Settings::new(Algorithm::Sha256);
            settings.kernel = kernel;
            settings.workers = NonZeroUsize::new(64).unwrap();
            for most in [1, 2, 3, 20] {
                let plan = Plan::within(&settings, &equal(1000, 1 << 20), most);
                assert!(
                    plan.workers.iter().sum::<usize>() <= most,
                    "{kernel}, {most}: {plan:?}"
                );
                assert!(!plan.workers.contains(&0));
            }
        }
    }
}

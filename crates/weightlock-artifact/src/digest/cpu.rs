//! How many threads may run at once: the affinity mask and the processor quota of the cgroup.
//!
//! A container that may use two processors of a large machine is slowed down, not sped up, by a thread per
//! processor of the machine. A quota of one and a half processors counts as two.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread,
};

/// More threads than this gain nothing: reading and memory bandwidth are the limit long before.
const MOST_WORKERS: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// What limits the number of threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Processors {
    /// Processors that the affinity mask allows.
    pub allowed: NonZeroUsize,
    /// The quota of the cgroup, rounded up; `None` when there is none.
    pub quota: Option<NonZeroUsize>,
}

impl Processors {
    /// What this process gets.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            allowed: affinity(),
            quota: quota(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup")),
        }
    }

    /// Threads to run at once.
    #[must_use]
    pub fn workers(self) -> NonZeroUsize {
        let allowed = self.allowed.min(MOST_WORKERS);
        self.quota.map_or(allowed, |quota| quota.min(allowed))
    }
}

/// Threads that this process may run at once.
#[must_use]
pub fn workers() -> NonZeroUsize {
    Processors::of_this_process().workers()
}

fn affinity() -> NonZeroUsize {
    rustix::thread::sched_getaffinity(None)
        .ok()
        .and_then(|set| NonZeroUsize::new(usize::try_from(set.count()).ok()?))
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// The smallest quota of the process's groups and of all groups above these.
///
/// Inside a container the paths of `membership` may be the host's, which do not exist below `mount`; the
/// container's own group is then the root of the mount, which is always looked at.
fn quota(membership: &Path, mount: &Path) -> Option<NonZeroUsize> {
    let membership = std::fs::read_to_string(membership).ok()?;
    let groups = membership.lines().filter_map(Group::parse);
    groups.filter_map(|group| group.quota(mount)).min()
}

/// One line of `/proc/self/cgroup` that can limit processor time.
#[derive(Debug, PartialEq, Eq)]
enum Group<'a> {
    /// The unified hierarchy, `0::/path`.
    V2(&'a str),
    /// The `cpu` controller of the old hierarchy, `4:cpu,cpuacct:/path`.
    V1 { controllers: &'a str, path: &'a str },
}

impl<'a> Group<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (_, line) = line.split_once(':')?;
        let (controllers, path) = line.split_once(':')?;
        match controllers {
            "" => Some(Self::V2(path)),
            _ if controllers.split(',').any(|name| name == "cpu") => Some(Self::V1 { controllers, path }),
            _ => None,
        }
    }

    fn quota(&self, mount: &Path) -> Option<NonZeroUsize> {
        let read = |folder: &Path, name| std::fs::read_to_string(folder.join(name)).ok();
        match self {
            Self::V2(path) => folders(mount.to_owned(), path)
                .filter_map(|folder| quota_v2(&read(&folder, "cpu.max")?))
                .min(),
            Self::V1 { controllers, path } => folders(mount.join(controllers), path)
                .filter_map(|folder| {
                    quota_v1(
                        &read(&folder, "cpu.cfs_quota_us")?,
                        &read(&folder, "cpu.cfs_period_us")?,
                    )
                })
                .min(),
        }
    }
}

/// The folder of a group and of every group above it.
fn folders(mount: PathBuf, path: &str) -> impl Iterator<Item = PathBuf> {
    let above: Vec<PathBuf> = Path::new(path.trim_start_matches('/'))
        .ancestors()
        .map(|group| mount.join(group))
        .collect();
    above.into_iter()
}

/// `cpu.max`: `200000 100000`, or `max 100000` without a limit.
fn quota_v2(text: &str) -> Option<NonZeroUsize> {
    let (quota, period) = text.trim().split_once(' ')?;
    quota_v1(quota, period)
}

/// Microseconds of processor time in each period; the quota is `-1` or `max` without a limit.
fn quota_v1(quota: &str, period: &str) -> Option<NonZeroUsize> {
    let (quota, period): (u64, u64) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
    if period == 0 {
        return None;
    }
    usize::try_from(quota.div_ceil(period))
        .ok()
        .and_then(NonZeroUsize::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(quota: Option<NonZeroUsize>) -> Option<usize> {
        quota.map(NonZeroUsize::get)
    }

    #[test]
    fn quotas_round_up() {
        assert_eq!(count(quota_v2("200000 100000\n")), Some(2));
        assert_eq!(count(quota_v2("150000 100000\n")), Some(2));
        assert_eq!(count(quota_v2("1000 100000\n")), Some(1));
        assert_eq!(count(quota_v1("400000\n", "100000\n")), Some(4));
    }

    #[test]
    fn no_limit_and_nonsense_are_no_quota() {
        for text in [
            "max 100000\n",
            "",
            "200000",
            "200000 0",
            "-1 100000",
            "0 100000",
            "x y",
            "1 2 3",
        ] {
            assert_eq!(quota_v2(text), None, "{text:?}");
        }
        assert_eq!(quota_v1("-1\n", "100000\n"), None);
    }

    #[test]
    fn membership_lines() {
        assert_eq!(
            Group::parse("0::/user.slice/a:b"),
            Some(Group::V2("/user.slice/a:b"))
        );
        let v1 = Group::V1 {
            controllers: "cpu,cpuacct",
            path: "/docker/1",
        };
        assert_eq!(Group::parse("4:cpu,cpuacct:/docker/1"), Some(v1));
        for line in ["", "5:memory:/", "6:cpuset:/", "nonsense", "1:cpu"] {
            assert_eq!(Group::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_tightest_group_above_counts() {
        let mount = tempfile::tempdir().unwrap();
        let group = mount.path().join("outer/inner");
        std::fs::create_dir_all(&group).unwrap();
        let membership = mount.path().join("membership");
        std::fs::write(&membership, "0::/outer/inner\n").unwrap();
        assert_eq!(quota(&membership, mount.path()), None);
        std::fs::write(group.join("cpu.max"), "max 100000\n").unwrap();
        std::fs::write(mount.path().join("outer/cpu.max"), "250000 100000\n").unwrap();
        assert_eq!(count(quota(&membership, mount.path())), Some(3));
        std::fs::write(group.join("cpu.max"), "100000 100000\n").unwrap();
        assert_eq!(count(quota(&membership, mount.path())), Some(1));
    }

    /// A container often sees the host's path, but only its own group, as the root of the mount.
    #[test]
    fn paths_of_the_host_fall_back_to_the_root_of_the_mount() {
        let mount = tempfile::tempdir().unwrap();
        let membership = mount.path().join("membership");
        std::fs::write(&membership, "1:cpu:/docker/0123\n2:memory:/x\n").unwrap();
        std::fs::create_dir(mount.path().join("cpu")).unwrap();
        std::fs::write(mount.path().join("cpu/cpu.cfs_quota_us"), "120000\n").unwrap();
        std::fs::write(mount.path().join("cpu/cpu.cfs_period_us"), "100000\n").unwrap();
        assert_eq!(count(quota(&membership, mount.path())), Some(2));
        assert_eq!(quota(&mount.path().join("missing"), mount.path()), None);
    }

    #[test]
    fn this_process_has_at_least_one() {
        assert!((1..=64).contains(&workers().get()));
    }
}

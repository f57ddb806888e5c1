#![expect(clippy::cast_possible_truncation, reason = "lengths of small test files")]

use std::{
    io::Write as _,
    path::PathBuf,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
};

use tempfile::TempDir;

use super::*;

mod past_cache;

const MIB: u64 = 1 << 20;

/// Files in a folder, with what they contain.
struct Folder {
    folder: TempDir,
    contents: Vec<Vec<u8>>,
    /// Sizes to claim instead of the true ones.
    claimed: Vec<(usize, u64)>,
    refuse: Option<usize>,
    open: AtomicUsize,
    finished: AtomicUsize,
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Folder {
    fn new(lengths: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let contents: Vec<Vec<u8>> = lengths
            .iter()
            .enumerate()
            .map(|(seed, length)| content(*length, seed))
            .collect();
        for (file, content) in contents.iter().enumerate() {
            std::fs::write(folder.path().join(file.to_string()), content).unwrap();
        }
        Self {
            folder,
            contents,
            claimed: Vec::new(),
            refuse: None,
            open: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
        }
    }

    fn path(&self, file: usize) -> PathBuf {
        self.folder.path().join(file.to_string())
    }

    fn jobs(&self, want: Want) -> Vec<Job> {
        let jobs = self.contents.iter().enumerate();
        jobs.map(|(file, content)| Job {
            file,
            range: 0..content.len() as u64,
            want,
        })
        .collect()
    }

    fn expected(&self, algorithm: Algorithm, job: &Job) -> Outcome {
        let (start, end) = (job.range.start as usize, job.range.end as usize);
        let bytes = &self.contents[job.file][start..end];
        let whole = (!matches!(job.want, Want::Pieces(_))).then(|| reference(algorithm, bytes));
        let pieces = job.want.piece().map_or_else(Vec::new, |size| {
            bytes
                .chunks(size.get() as usize)
                .map(|piece| reference(algorithm, piece))
                .collect()
        });
        let verity = matches!(job.want, Want::WithVerity(_)).then(|| VerityDigest::of(bytes));
        Outcome {
            whole,
            pieces,
            verity,
        }
    }

    fn assert_digests(&self, jobs: &[Job], settings: &Settings) {
        let outcomes = run(self, jobs, settings, &()).unwrap();
        for (job, outcome) in jobs.iter().zip(outcomes) {
            assert_eq!(
                outcome,
                self.expected(settings.algorithm, job),
                "{job:?} {settings:?}"
            );
        }
    }
}

impl Files for Folder {
    type Error = Refusal;

    fn size(&self, file: usize) -> u64 {
        let claimed = self.claimed.iter().find(|(claimed, _)| *claimed == file);
        claimed.map_or(self.contents[file].len() as u64, |(_, size)| *size)
    }

    fn open(&self, file: usize) -> Result<File, Refusal> {
        self.open.fetch_add(1, SeqCst);
        Ok(File::open(self.path(file))?)
    }

    fn finished(&self, file: usize, _: &File) -> Result<(), Refusal> {
        self.finished.fetch_add(1, SeqCst);
        if self.refuse == Some(file) {
            Err(Refusal::Refused)
        } else {
            Ok(())
        }
    }
}

/// Bytes without a period that a mistake could hide behind.
fn content(length: usize, seed: usize) -> Vec<u8> {
    let mut word = (seed as u32 + 1).wrapping_mul(0x9e37_79b9);
    let mut next = || {
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        (word >> 11) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Straight from the crates that define them.
fn reference(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    let digest = match algorithm {
        Algorithm::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        Algorithm::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
        Algorithm::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        Algorithm::Blake2b => blake2::Blake2b512::digest(bytes).to_vec(),
        Algorithm::Blake3 => blake3::hash(bytes).as_bytes().to_vec(),
    };
    Digest::new(algorithm, &digest).unwrap()
}

fn nonzero(size: u64) -> NonZeroU64 {
    NonZeroU64::new(size).unwrap()
}

fn settings(algorithm: Algorithm, kernel: Kernel, workers: usize, reading: Reading) -> Settings {
    Settings {
        algorithm,
        kernel,
        workers: NonZeroUsize::new(workers).unwrap(),
        reading,
        past_cache: PastCache::WhenCold,
    }
}

const READINGS: [Reading; 2] = [Reading::Buffered, Reading::Mapped];

/// Sizes around blocks, pages, chunks, windows and the smallest mapped file.
const LENGTHS: [usize; 26] = [
    0, 1, 55, 56, 63, 64, 65, 127, 128, 1000, 4095, 4096, 4097, 65_535, 65_536, 65_537, 262_143, 262_144,
    262_145, 300_001, 524_288, 524_289, 1_048_575, 1_048_576, 1_048_577, 2_500_003,
];

#[test]
fn whole_files_with_every_kernel() {
    let folder = Folder::new(&LENGTHS);
    let jobs = folder.jobs(Want::Whole);
    for kernel in Kernel::available() {
        for reading in READINGS {
            for workers in [1, 3] {
                folder.assert_digests(&jobs, &settings(Algorithm::Sha256, kernel, workers, reading));
            }
        }
    }
    assert_eq!(
        folder.open.load(SeqCst),
        folder.finished.load(SeqCst),
        "each file is closed as often as opened"
    );
}

#[test]
fn pieces_with_every_kernel() {
    let folder = Folder::new(&[0, 1, 64, 999, 1000, 1001, 70_000, 400_000]);
    for size in [63, 64, 1000, 4096, 65_536, 70_000, 100_003, u64::MAX] {
        for want in [Want::Pieces(nonzero(size)), Want::Both(nonzero(size))] {
            for kernel in Kernel::available() {
                for reading in READINGS {
                    folder.assert_digests(
                        &folder.jobs(want),
                        &settings(Algorithm::Sha256, kernel, 2, reading),
                    );
                }
            }
        }
    }
}

/// In the same read as the other digests, by lanes and by the plain worker.
#[test]
fn verity_digests_with_every_kernel_and_algorithm() {
    let folder = Folder::new(&[0, 1, 4095, 4096, 4097, 524_288, 524_289, 9 * MIB as usize + 77]);
    for want in [None, Some(nonzero(MIB)), Some(nonzero(100_003))].map(Want::WithVerity) {
        for reading in READINGS {
            for kernel in Kernel::available() {
                folder.assert_digests(
                    &folder.jobs(want),
                    &settings(Algorithm::Sha256, kernel, 4, reading),
                );
            }
            for algorithm in [Algorithm::Blake3, Algorithm::Sha512] {
                folder.assert_digests(
                    &folder.jobs(want),
                    &settings(algorithm, Kernel::best(), 2, reading),
                );
            }
        }
    }
}

#[test]
fn pieces_of_one_byte() {
    let folder = Folder::new(&[100]);
    let jobs = folder.jobs(Want::Both(nonzero(1)));
    folder.assert_digests(&jobs, &Settings::new(Algorithm::Sha256));
}

#[test]
fn every_algorithm() {
    let folder = Folder::new(&[
        0, 1, 1024, 1025, 70_000, 1_048_576, 1_048_577, 2_097_152, 5_300_001,
    ]);
    for algorithm in Algorithm::ALL {
        for reading in READINGS {
            for want in [
                Want::Whole,
                Want::Pieces(nonzero(50_000)),
                Want::Both(nonzero(MIB)),
            ] {
                let mut settings = Settings::new(algorithm);
                settings.reading = reading;
                folder.assert_digests(&folder.jobs(want), &settings);
            }
        }
    }
}

/// Long enough for a thread of its own that reads ahead.
#[test]
fn one_long_stream_read_ahead() {
    let folder = Folder::new(&[9 * MIB as usize + 77]);
    for reading in READINGS {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3] {
            for want in [
                Want::Whole,
                Want::Both(nonzero(MIB)),
                Want::Both(nonzero(1_000_001)),
            ] {
                let settings = settings(algorithm, Kernel::best(), 4, reading);
                folder.assert_digests(&folder.jobs(want), &settings);
            }
        }
    }
}

#[test]
fn ranges_of_the_same_file() {
    let folder = Folder::new(&[700_000, 5]);
    let job = |range: Range<u64>, want| Job { file: 0, range, want };
    let jobs = vec![
        job(600_000..700_000, Want::Whole),
        job(0..1, Want::Whole),
        Job {
            file: 1,
            range: 2..2,
            want: Want::Whole,
        },
        job(3..699_999, Want::Both(nonzero(100_032))),
        job(4097..400_000, Want::Pieces(nonzero(4096))),
        job(700_000..700_000, Want::Pieces(nonzero(7))),
        job(0..700_000, Want::Whole),
    ];
    for reading in READINGS {
        for algorithm in [Algorithm::Sha256, Algorithm::Blake3] {
            let mut settings = Settings::new(algorithm);
            settings.reading = reading;
            folder.assert_digests(&jobs, &settings);
        }
    }
    assert_eq!(folder.finished.load(SeqCst), 2 * 4, "once per file and run");
}

#[test]
fn no_jobs_no_digests() {
    let folder = Folder::new(&[]);
    assert_eq!(
        run(&folder, &[], &Settings::new(Algorithm::Sha256), &()).unwrap(),
        []
    );
}

#[test]
fn refuses_ranges_outside_the_file_and_too_many_pieces() {
    let mut folder = Folder::new(&[10]);
    let settings = Settings::new(Algorithm::Sha256);
    let refused = |folder: &Folder, range: Range<u64>, want| {
        run(folder, &[Job { file: 0, range, want }], &settings, &()).unwrap_err()
    };
    #[expect(clippy::reversed_empty_ranges, reason = "that is what must be refused")]
    for range in [0..11, 11..11, 7..3] {
        let failure = refused(&folder, range.clone(), Want::Whole);
        assert!(matches!(failure, Failure::Range { file: 0, range: found, size: 10 } if found == range));
    }
    assert_eq!(folder.open.load(SeqCst), 0, "refused before anything is opened");
    folder.claimed = vec![(0, 1 << 40)];
    assert!(matches!(
        refused(&folder, 0..1 << 40, Want::Pieces(nonzero(1))),
        Failure::TooManyPieces
    ));
}

#[test]
fn files_of_another_size_are_refused() {
    for reading in READINGS {
        for claimed in [0, 299_999, 300_001, 1 << 30] {
            let mut folder = Folder::new(&[300_000, 300_000]);
            folder.claimed = vec![(1, claimed)];
            let mut settings = Settings::new(Algorithm::Sha256);
            settings.reading = reading;
            let jobs = [
                Job {
                    file: 0,
                    range: 0..300_000,
                    want: Want::Whole,
                },
                Job {
                    file: 1,
                    range: 0..claimed,
                    want: Want::Whole,
                },
            ];
            let failure = run(&folder, &jobs, &settings, &()).unwrap_err();
            assert_eq!(failure.file(), Some(1));
            assert!(
                matches!(failure, Failure::Resized { expected, found: 300_000, .. } if expected == claimed)
            );
        }
    }
}

#[test]
fn missing_and_refused_files_stop_the_run() {
    let mut folder = Folder::new(&[50_000; 40]);
    let jobs = folder.jobs(Want::Whole);
    folder.refuse = Some(20);
    let failure = run(&folder, &jobs, &Settings::new(Algorithm::Sha256), &()).unwrap_err();
    assert!(
        matches!(
            failure,
            Failure::File {
                file: 20,
                source: Refusal::Refused
            }
        ),
        "{failure:?}"
    );
    folder.refuse = None;
    std::fs::remove_file(folder.path(7)).unwrap();
    let failure = run(&folder, &jobs, &Settings::new(Algorithm::Sha256), &()).unwrap_err();
    assert!(
        matches!(
            failure,
            Failure::File {
                file: 7,
                source: Refusal::Io(_)
            }
        ),
        "{failure:?}"
    );
}

/// Neither a folder nor a device has the bytes of a file, whatever size it claims.
#[test]
fn only_regular_files_are_read() {
    for special in ["/dev/zero", "."] {
        let folder = Folder::new(&[0; 9]);
        std::fs::remove_file(folder.path(4)).unwrap();
        std::os::unix::fs::symlink(special, folder.path(4)).unwrap();
        let settings = Settings::new(Algorithm::Sha256);
        let failure = run(&folder, &folder.jobs(Want::Whole), &settings, &()).unwrap_err();
        assert!(matches!(failure, Failure::Read { file: 4, .. }), "{failure:?}");
    }
}

/// Does something to a file once so many bytes were hashed.
struct Meanwhile<T: Fn() + Sync> {
    after: u64,
    advanced: AtomicU64,
    act: T,
}

impl<T: Fn() + Sync> Observer for Meanwhile<T> {
    fn advanced(&self, bytes: u64) {
        let before = self.advanced.fetch_add(bytes, SeqCst);
        if before < self.after && before + bytes >= self.after {
            (self.act)();
        }
    }
}

fn fails_when(change: impl Fn(&File) + Sync) {
    for reading in READINGS {
        for (algorithm, workers) in [
            (Algorithm::Sha256, 1),
            (Algorithm::Sha256, 4),
            (Algorithm::Blake3, 2),
        ] {
            let folder = Folder::new(&[12 * MIB as usize, 100]);
            let file = File::options().write(true).open(folder.path(0)).unwrap();
            let observer = Meanwhile {
                after: 3 * MIB,
                advanced: AtomicU64::new(0),
                act: || change(&file),
            };
            let settings = settings(algorithm, Kernel::best(), workers, reading);
            let failure = run(&folder, &folder.jobs(Want::Whole), &settings, &observer).unwrap_err();
            assert!(
                matches!(
                    failure,
                    Failure::Resized { file: 0, .. } | Failure::Changed { file: 0, .. }
                ),
                "{failure:?} {settings:?}"
            );
        }
    }
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    fails_when(|file| file.set_len(5 * MIB).unwrap());
}

#[test]
fn a_file_that_shrinks_to_nothing_is_an_error() {
    fails_when(|file| file.set_len(0).unwrap());
}

#[test]
fn a_file_that_grows_is_an_error() {
    fails_when(|mut file| {
        use std::io::{Seek as _, SeekFrom};
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"x").unwrap();
    });
}

/// Only whoever compares times can see this; the digest is of what was there, as with any reading.
#[test]
fn a_file_that_is_cut_off_and_filled_up_again_does_not_keep_its_digest() {
    for reading in READINGS {
        let folder = Folder::new(&[12 * MIB as usize]);
        let file = File::options().write(true).open(folder.path(0)).unwrap();
        let act = || {
            file.set_len(5 * MIB).unwrap();
            file.set_len(12 * MIB).unwrap();
        };
        let observer = Meanwhile {
            after: 3 * MIB,
            advanced: AtomicU64::new(0),
            act,
        };
        let jobs = folder.jobs(Want::Whole);
        let settings = settings(Algorithm::Sha256, Kernel::best(), 1, reading);
        match run(&folder, &jobs, &settings, &observer) {
            Ok(outcomes) => assert_ne!(outcomes[0], folder.expected(Algorithm::Sha256, &jobs[0])),
            Err(failure) => assert_eq!(failure.file(), Some(0)),
        }
    }
}

struct Cancel(u64, AtomicU64);

impl Observer for Cancel {
    fn advanced(&self, bytes: u64) {
        self.1.fetch_add(bytes, SeqCst);
    }

    fn cancelled(&self) -> bool {
        self.1.load(SeqCst) >= self.0
    }
}

#[test]
fn cancelling_stops_within_a_few_mib() {
    let folder = Folder::new(&[40 * MIB as usize, MIB as usize]);
    for algorithm in [Algorithm::Sha256, Algorithm::Blake3, Algorithm::Sha512] {
        for reading in READINGS {
            for after in [0, 2 * MIB] {
                let observer = Cancel(after, AtomicU64::new(0));
                let settings = settings(algorithm, Kernel::best(), 2, reading);
                let failure = run(&folder, &folder.jobs(Want::Whole), &settings, &observer).unwrap_err();
                assert!(matches!(failure, Failure::Cancelled));
                assert!(observer.1.load(SeqCst) <= after + 4 * MIB);
            }
        }
    }
}

#[test]
fn progress_adds_up_to_the_bytes_hashed() {
    let folder = Folder::new(&[3_000_000, 0, 17, 300_000]);
    for algorithm in [Algorithm::Sha256, Algorithm::Blake3] {
        let observer = Cancel(u64::MAX, AtomicU64::new(0));
        run(
            &folder,
            &folder.jobs(Want::Both(nonzero(64))),
            &Settings::new(algorithm),
            &observer,
        )
        .unwrap();
        assert_eq!(observer.1.load(SeqCst), 3_300_017);
    }
}

/// Most of these would fail to open if files stayed open until the end.
#[test]
fn five_thousand_files_with_few_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // The limit belongs to the whole process, so this test runs in one of its own.
    const CHILD: &str = "WEIGHTLOCK_TEST_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let mut test = std::process::Command::new(std::env::current_exe().unwrap());
        test.args([
            "digest::engine::tests::five_thousand_files_with_few_descriptors",
            "--exact",
        ]);
        let output = test.env(CHILD, "yes").output().unwrap();
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && report.contains("1 passed"), "{report}");
        return;
    }
    let folder = Folder::new(&[77; 5000]);
    let before = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(32),
            maximum: before.maximum,
        },
    )
    .unwrap();
    let mut settings = Settings::new(Algorithm::Sha256);
    settings.workers = NonZeroUsize::new(16).unwrap();
    let outcomes = run(&folder, &folder.jobs(Want::Whole), &settings, &());
    setrlimit(Resource::Nofile, before).unwrap();
    for (job, outcome) in folder.jobs(Want::Whole).iter().zip(outcomes.unwrap()) {
        assert_eq!(outcome, folder.expected(Algorithm::Sha256, job));
    }
}

/// A folder whose files stay in memory.
struct Kept<'a> {
    folder: &'a Folder,
    destinations: Vec<Option<Destination<'a>>>,
}

impl Files for Kept<'_> {
    type Error = Refusal;

    fn size(&self, file: usize) -> u64 {
        self.folder.size(file)
    }

    fn open(&self, file: usize) -> Result<File, Refusal> {
        self.folder.open(file)
    }

    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        self.destinations[file].as_ref()
    }

    fn finished(&self, file: usize, handle: &File) -> Result<(), Refusal> {
        self.folder.finished(file, handle)
    }
}

#[test]
fn bytes_stay_where_they_are_wanted_and_are_hashed_there() {
    let folder = Folder::new(&[0, 1, 100_000, 3 * MIB as usize + 17, 20 * MIB as usize, 9]);
    for want in [
        Want::Whole,
        Want::Pieces(NonZeroU64::new(MIB).unwrap()),
        Want::Both(NonZeroU64::new(100).unwrap()),
    ] {
        for algorithm in [Algorithm::Sha256, Algorithm::Blake3] {
            for workers in [1, 4] {
                let mut memory: Vec<Vec<u8>> = folder
                    .contents
                    .iter()
                    .map(|content| vec![0xaa; content.len()])
                    .collect();
                // The last stays nowhere, beside others that do.
                let last = memory.len() - 1;
                let destinations = memory
                    .iter_mut()
                    .enumerate()
                    .map(|(file, memory)| (file != last).then(|| Destination::new(memory)));
                let kept = Kept {
                    folder: &folder,
                    destinations: destinations.collect(),
                };
                let settings = Settings {
                    workers: NonZeroUsize::new(workers).unwrap(),
                    reading: Reading::Mapped,
                    ..Settings::new(algorithm)
                };
                let jobs = folder.jobs(want);
                let outcomes = run(&kept, &jobs, &settings, &()).unwrap();
                for (job, outcome) in jobs.iter().zip(outcomes) {
                    assert_eq!(outcome, folder.expected(algorithm, job), "{job:?} {settings:?}");
                }
                assert!(memory[..last] == folder.contents[..last], "{settings:?}");
                assert_eq!(memory[last], [0xaa; 9]);
            }
        }
    }
}

#[test]
fn memory_that_does_not_fit_is_refused_before_anything_is_read() {
    let folder = Folder::new(&[100]);
    let job = |range| Job {
        file: 0,
        range,
        want: Want::Whole,
    };
    let attempt = |size: usize, jobs: &[Job]| {
        let mut memory = vec![0; size];
        let kept = Kept {
            folder: &folder,
            destinations: vec![Some(Destination::new(&mut memory))],
        };
        run(&kept, jobs, &Settings::new(Algorithm::Sha256), &()).map(|outcomes| outcomes.len())
    };
    assert_eq!(attempt(100, &[job(0..60), job(60..100)]).unwrap(), 2);
    for (size, jobs) in [
        (99, vec![job(0..100)]),
        (101, vec![job(0..100)]),
        (100, vec![job(0..60), job(59..100)]),
        (100, vec![job(0..100), job(10..20), job(30..40)]),
    ] {
        let open = folder.open.load(SeqCst);
        assert!(
            matches!(attempt(size, &jobs), Err(Failure::Destination { file: 0 })),
            "{jobs:?}"
        );
        assert_eq!(folder.open.load(SeqCst), open);
    }
}

#[test]
fn a_part_stays_where_it_is_wanted() {
    let folder = Folder::new(&[3 * MIB as usize]);
    let attempt = |offset: u64, size: usize, range: Range<u64>| {
        let mut memory = vec![0xaa; size];
        let kept = Kept {
            folder: &folder,
            destinations: vec![Some(Destination::part(offset, &mut memory))],
        };
        let job = Job {
            file: 0,
            range,
            want: Want::Pieces(nonzero(MIB)),
        };
        let outcomes = run(
            &kept,
            std::slice::from_ref(&job),
            &Settings::new(Algorithm::Sha256),
            &(),
        );
        outcomes.map(|outcomes| {
            assert_eq!(outcomes[0], folder.expected(Algorithm::Sha256, &job));
            memory
        })
    };
    let memory = attempt(MIB, 2 * MIB as usize, MIB..2 * MIB).unwrap();
    assert!(memory[..MIB as usize] == folder.contents[0][MIB as usize..2 * MIB as usize]);
    assert!(memory[MIB as usize..].iter().all(|&byte| byte == 0xaa));
    for (offset, size, range) in [
        (MIB, 10, MIB..MIB + 11),
        (MIB, 10, MIB - 1..MIB + 1),
        (0, 10, 5..11),
    ] {
        assert!(matches!(
            attempt(offset, size, range),
            Err(Failure::Destination { file: 0 })
        ));
    }
}

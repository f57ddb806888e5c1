//! The engine under random loads: many files, few workers, failures and cancellation in the middle. It ends, and what it
//! wrote is what it hashed.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    fs::{self, File},
    io::Read as _,
    num::{NonZeroU64, NonZeroUsize},
    os::{fd::AsFd as _, unix::fs::FileExt as _},
    path::PathBuf,
    sync::{
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};

use weightlock_artifact::digest::{
    Algorithm,
    engine::{Destination, Failure, Files, Job, Observer, PastCache, Settings, Want, run},
    sha256::Kernel,
    verity::VerityDigest,
};

/// What is read past the page cache at once.
const BLOCK: u64 = 4 << 20;

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one<T: Copy>(&mut self, all: &[T]) -> T {
        let index = self.below(all.len() as u64);
        all[usize::try_from(index).unwrap()]
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no")]
struct No;

struct Folder<'a> {
    files: Vec<(PathBuf, u64)>,
    places: Vec<Option<Destination<'a>>>,
    missing: Option<usize>,
    moved: Option<usize>,
}

impl Files for Folder<'_> {
    type Error = No;

    fn size(&self, file: usize) -> u64 {
        self.files[file].1
    }

    fn open(&self, file: usize) -> Result<File, No> {
        if self.missing == Some(file) {
            return Err(No);
        }
        File::open(&self.files[file].0).map_err(|_| No)
    }

    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        self.places[file].as_ref()
    }

    fn finished(&self, file: usize, _: &File) -> Result<(), No> {
        if self.moved == Some(file) { Err(No) } else { Ok(()) }
    }
}

/// Stops after so many bytes.
struct Until(AtomicU64);

impl Observer for Until {
    fn advanced(&self, bytes: u64) {
        let _ = self
            .0
            .fetch_update(Relaxed, Relaxed, |left| Some(left.saturating_sub(bytes)));
    }

    fn cancelled(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

fn round(seed: u64) {
    let dice = &mut Dice(seed);
    (0..8).for_each(|_| {
        dice.below(2);
    });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let count = dice.one(&[1_u64, 2, 3, 9, 40]);
    let sizes: Vec<u64> = (0..count)
        .map(|_| match dice.below(if count > 9 { 3 } else { 6 }) {
            0 => 0,
            1 => dice.below(5000),
            2 => dice.below(300_000),
            3 => BLOCK * dice.below(4),
            4 => BLOCK * (1 + dice.below(3)) + dice.below(70) - 1,
            _ => dice.below(12 << 20),
        })
        .collect();
    let mut files = Vec::new();
    for (number, &size) in sizes.iter().enumerate() {
        let path = folder.path().join(number.to_string());
        let mut content = vec![0; usize::try_from(size).unwrap()];
        File::open("/dev/urandom")
            .unwrap()
            .read_exact(&mut content)
            .unwrap();
        fs::write(&path, content).unwrap();
        files.push((path, size));
    }
    // A size that is not the file's any more.
    let mut expect_failure = false;
    if dice.below(6) == 0 {
        let file = &mut files[usize::try_from(dice.below(count)).unwrap()];
        file.1 += dice.one(&[1, 4096, BLOCK]);
        expect_failure = true;
    }
    let copies: Vec<File> = files
        .iter()
        .map(|_| tempfile::tempfile_in(folder.path()).unwrap())
        .collect();
    let mut memories: Vec<Vec<u8>> = files
        .iter()
        .map(|(_, size)| vec![0; usize::try_from(*size).unwrap()])
        .collect();
    let kinds: Vec<u64> = files.iter().map(|_| dice.below(4)).collect();
    let places = files
        .iter()
        .zip(&copies)
        .zip(&mut memories)
        .zip(&kinds)
        .map(|(((file, copy), memory), kind)| match kind {
            0 => None,
            1 => Some(Destination::new(memory)),
            _ => Some(Destination::file(copy.as_fd(), file.1)),
        })
        .collect();
    let any = |dice: &mut Dice| (dice.below(8) == 0).then(|| usize::try_from(dice.below(count)).unwrap());
    let given = Folder {
        files: files.clone(),
        places,
        missing: any(dice),
        moved: any(dice),
    };
    expect_failure |= given.missing.is_some() || given.moved.is_some();
    let algorithm = dice.one(&[
        Algorithm::Sha256,
        Algorithm::Sha256,
        Algorithm::Sha256,
        Algorithm::Blake3,
    ]);
    let piece =
        NonZeroU64::new(dice.one(&[1 << 20, 1 << 20, 64 << 10, 4 << 20, 5000, 1000 * 64, 3 << 20])).unwrap();
    let want = dice.one(&[
        Want::Whole,
        Want::Pieces(piece),
        Want::Both(piece),
        Want::WithVerity(Some(piece)),
    ]);
    let jobs: Vec<Job> = files
        .iter()
        .enumerate()
        .map(|(file, (_, size))| Job {
            file,
            range: 0..*size,
            want,
        })
        .collect();
    let mut settings = Settings::new(algorithm);
    settings.workers = NonZeroUsize::new(usize::try_from(dice.one(&[1_u64, 2, 3, 4, 8])).unwrap()).unwrap();
    let kernels: Vec<Kernel> = Kernel::available();
    settings.kernel = dice.one(&kernels);
    settings.past_cache = dice.one(&[
        PastCache::Always,
        PastCache::Always,
        PastCache::WhenCold,
        PastCache::Never,
    ]);
    let stops = dice.below(5) == 0;
    let left = if stops {
        dice.below(sizes.iter().sum::<u64>() + 1)
    } else {
        u64::MAX
    };
    let found = run(&given, &jobs, &settings, &Until(AtomicU64::new(left)));
    drop(given);
    match found {
        Err(Failure::Cancelled) => assert!(stops, "{seed}"),
        Err(error) => assert!(expect_failure, "{seed}: {error}"),
        Ok(found) => {
            assert!(!expect_failure, "{seed}");
            for (number, outcome) in found.iter().enumerate() {
                let original = fs::read(&files[number].0).unwrap();
                let kept = match kinds[number] {
                    0 => original.clone(),
                    1 => memories[number].clone(),
                    _ => {
                        let mut copy =
                            vec![0; usize::try_from(copies[number].metadata().unwrap().len()).unwrap()];
                        copies[number].read_exact_at(&mut copy, 0).unwrap();
                        copy
                    }
                };
                assert!(kept == original, "{seed}: file {number}");
                let (whole, pieces) = match want {
                    Want::Whole => (true, None),
                    Want::Pieces(piece) => (false, Some(piece)),
                    Want::Both(piece) => (true, Some(piece)),
                    Want::WithVerity(piece) => (true, piece),
                };
                assert_eq!(
                    outcome.whole,
                    whole.then(|| algorithm.digest(&kept)),
                    "{seed}: file {number}"
                );
                let expected = pieces.map_or_else(Vec::new, |piece| {
                    kept.chunks(usize::try_from(piece.get()).unwrap())
                        .map(|one| algorithm.digest(one))
                        .collect()
                });
                let tree = matches!(want, Want::WithVerity(_)).then(|| VerityDigest::of(&kept));
                assert_eq!(outcome.verity, tree, "{seed}: file {number}");
                assert_eq!(outcome.pieces, expected, "{seed}: file {number}");
            }
        }
    }
}

#[test]
fn every_run_ends_and_keeps_what_it_hashed() {
    let rounds = std::env::var("STORM").map_or(40, |rounds| rounds.parse().unwrap());
    for seed in 1..=rounds {
        let (ended, end) = mpsc::channel();
        let running = thread::spawn(move || {
            round(seed * 7919);
            let _ = ended.send(());
        });
        match end.recv_timeout(Duration::from_secs(60)) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("round {seed} does not end"),
            _ => running.join().unwrap(),
        }
    }
}

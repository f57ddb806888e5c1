//! Reading past the page cache gives the same bytes and digests as reading through it, or the same refusals.

use std::os::{fd::AsFd as _, unix::fs::FileExt as _};

use rustix::fs::{Advice, OFlags, fadvise, fcntl_getfl};

use super::{
    super::past_cache::cold::{alignment, cached, is_cold, looks_cold},
    *,
};

const LENGTHS: [usize; 10] = [
    0,
    1,
    4095,
    4096,
    4097,
    (4 << 20) - 1,
    4 << 20,
    (4 << 20) + 1,
    (8 << 20) + 4096,
    (21 << 20) + 17,
];

/// Memory that begins with a page, or `off` bytes behind one.
struct Memory {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Memory {
    fn new(length: usize, off: usize) -> Self {
        let bytes = vec![0xaa; length + 2 * 4096];
        let start = bytes.as_ptr().align_offset(4096) + off;
        Self { bytes, start, length }
    }

    fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }

    /// What lies around it was left alone.
    fn is_alone(&self) -> bool {
        let (before, rest) = self.bytes.split_at(self.start);
        before
            .iter()
            .chain(&rest[self.length..])
            .all(|&byte| byte == 0xaa)
    }
}

/// A folder whose files stay in memory; counts those that were read past the cache.
struct Staying<'a> {
    folder: &'a Folder,
    destinations: Vec<Destination<'a>>,
    past_cache: AtomicUsize,
}

impl<'a> Staying<'a> {
    fn new(folder: &'a Folder, memory: &'a mut [Memory]) -> Self {
        let destinations = memory.iter_mut().map(|memory| Destination::new(memory.bytes()));
        Self::at(folder, destinations.collect())
    }

    /// The bytes stay in these files.
    fn in_files(folder: &'a Folder, files: &'a [File]) -> Self {
        let destinations = (0..).zip(files).map(|(number, file)| {
            let size = folder.size(number);
            Destination::file(file.as_fd(), size)
        });
        Self::at(folder, destinations.collect())
    }

    const fn at(folder: &'a Folder, destinations: Vec<Destination<'a>>) -> Self {
        Self {
            folder,
            destinations,
            past_cache: AtomicUsize::new(0),
        }
    }
}

impl Files for Staying<'_> {
    type Error = Refusal;

    fn size(&self, file: usize) -> u64 {
        self.folder.size(file)
    }

    fn open(&self, file: usize) -> Result<File, Refusal> {
        self.folder.open(file)
    }

    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        self.destinations.get(file)
    }

    fn finished(&self, file: usize, handle: &File) -> Result<(), Refusal> {
        let past_cache = fcntl_getfl(handle).unwrap().contains(OFlags::DIRECT);
        self.past_cache.fetch_add(usize::from(past_cache), SeqCst);
        self.folder.finished(file, handle)
    }
}

fn memory_for(folder: &Folder, off: usize) -> Vec<Memory> {
    let lengths = folder.contents.iter().map(Vec::len);
    lengths.map(|length| Memory::new(length, off)).collect()
}

fn files_for(folder: &Folder) -> Vec<File> {
    let files = folder.contents.iter().map(|_| tempfile::tempfile().unwrap());
    files.collect()
}

/// The file system of temporary files may be one that takes no such requests.
fn is_possible(folder: &Folder) -> bool {
    let possible = alignment(&File::open(folder.path(0)).unwrap()).is_some();
    if !possible {
        weightlock_peers::skip("temporary files lie where nothing is read past the page cache");
    }
    possible
}

fn of(past_cache: PastCache, workers: usize) -> Settings {
    Settings {
        workers: NonZeroUsize::new(workers).unwrap(),
        past_cache,
        ..Settings::new(Algorithm::Sha256)
    }
}

/// Reads a folder both ways, and says how many files were read past the cache.
fn same_both_ways(folder: &Folder, want: Want, settings: &Settings, off: usize) -> usize {
    let jobs = folder.jobs(want);
    let mut memory = memory_for(folder, off);
    let staying = Staying::new(folder, &mut memory);
    let outcomes = run(&staying, &jobs, settings, &()).unwrap();
    let past_cache = staying.past_cache.load(SeqCst);
    for (job, outcome) in jobs.iter().zip(outcomes) {
        assert_eq!(
            outcome,
            folder.expected(settings.algorithm, job),
            "{job:?} {settings:?}"
        );
    }
    for (memory, content) in memory.iter_mut().zip(&folder.contents) {
        assert!(memory.bytes() == content.as_slice(), "{settings:?}");
        assert!(memory.is_alone());
    }
    past_cache
}

/// The same with bytes that are written to files.
fn same_in_files(folder: &Folder, want: Want, settings: &Settings) -> usize {
    let jobs = folder.jobs(want);
    let files = files_for(folder);
    let staying = Staying::in_files(folder, &files);
    let outcomes = run(&staying, &jobs, settings, &()).unwrap();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        let expected = folder.expected(settings.algorithm, job);
        assert_eq!(outcome, expected, "{job:?} {settings:?}");
    }
    for (file, content) in files.iter().zip(&folder.contents) {
        let mut written = vec![0; content.len()];
        file.read_exact_at(&mut written, 0).unwrap();
        assert!(written == *content, "{settings:?}");
        assert_eq!(file.metadata().unwrap().len(), content.len() as u64);
    }
    staying.past_cache.load(SeqCst)
}

#[test]
fn bytes_and_digests_are_the_same_on_both_ways() {
    let folder = Folder::new(&LENGTHS);
    let possible = is_possible(&folder);
    for want in [
        Want::Whole,
        Want::Pieces(nonzero(MIB)),
        Want::Both(nonzero(MIB)),
        Want::Pieces(nonzero(3_000_001)),
    ] {
        for workers in [1, 4] {
            assert_eq!(
                same_both_ways(&folder, want, &of(PastCache::Never, workers), 0),
                0
            );
            // All but the empty one.
            let past_cache = same_both_ways(&folder, want, &of(PastCache::Always, workers), 0);
            let all = if possible { LENGTHS.len() - 1 } else { 0 };
            assert_eq!(past_cache, all);
            assert_eq!(same_in_files(&folder, want, &of(PastCache::Never, workers)), 0);
            // Pieces of odd lengths end where no block does.
            let odd = matches!(want, Want::Pieces(piece) if piece.get() % 64 != 0);
            let past_cache = same_in_files(&folder, want, &of(PastCache::Always, workers));
            assert_eq!(past_cache, if odd { 0 } else { all });
        }
    }
    let blake3 = Settings {
        algorithm: Algorithm::Blake3,
        ..of(PastCache::Always, 4)
    };
    same_both_ways(&folder, Want::Whole, &blake3, 0);
    same_in_files(&folder, Want::Whole, &blake3);
}

/// More is there than is read ahead at once, of more files than there are lanes.
#[test]
fn blocks_on_their_way_to_files_wait_for_lanes_and_lanes_for_none_of_them() {
    let folder = Folder::new(&[41 << 20, 33 << 20, (28 << 20) + 5, 9 << 20, 8 << 20, 1]);
    for workers in [1, 2, 4] {
        for want in [Want::Whole, Want::Pieces(nonzero(MIB))] {
            same_in_files(&folder, want, &of(PastCache::Always, workers));
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let folder = Folder::new(&[9 << 20]);
    for past_cache in [PastCache::Always, PastCache::Never] {
        let reading = [File::open(folder.path(0)).unwrap()];
        let staying = Staying::in_files(&folder, &reading);
        let settings = of(past_cache, 2);
        let failure = run(&staying, &folder.jobs(Want::Whole), &settings, &()).unwrap_err();
        assert!(matches!(failure, Failure::Keep { file: 0, .. }), "{failure:?}");
    }
}

#[test]
fn memory_that_lies_otherwise_is_filled_through_the_cache() {
    let folder = Folder::new(&LENGTHS);
    for off in [1, 64, 2048] {
        let settings = of(PastCache::Always, 4);
        assert_eq!(same_both_ways(&folder, Want::Whole, &settings, off), 0);
    }
}

/// Blocks take no notice of jobs, so they are for files of which all is wanted.
#[test]
fn a_part_of_a_file_is_read_through_the_cache() {
    let folder = Folder::new(&[9 << 20]);
    let mut memory = memory_for(&folder, 0);
    let staying = Staying::new(&folder, &mut memory);
    let job = Job {
        file: 0,
        range: 0..5 << 20,
        want: Want::Whole,
    };
    let jobs = [job];
    let outcomes = run(&staying, &jobs, &of(PastCache::Always, 2), &()).unwrap();
    assert_eq!(outcomes[0], folder.expected(Algorithm::Sha256, &jobs[0]));
    assert_eq!(staying.past_cache.load(SeqCst), 0);
    assert!(memory[0].bytes()[5 << 20..].iter().all(|&byte| byte == 0xaa));
}

#[test]
fn a_file_system_that_does_not_say_how_is_read_through_the_cache() {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        weightlock_peers::skip("there is no /dev/shm");
        return;
    };
    let mut folder = Folder {
        folder,
        ..Folder::new(&[])
    };
    folder.contents = vec![content(9 << 20, 3)];
    std::fs::write(folder.path(0), &folder.contents[0]).unwrap();
    let settings = of(PastCache::Always, 4);
    assert_eq!(same_both_ways(&folder, Want::Whole, &settings, 0), 0);
}

#[test]
fn a_file_that_changes_its_size_meanwhile_is_an_error() {
    for length in [0, 5 * MIB, 12 * MIB - 1, 12 * MIB + 1, 13 * MIB] {
        for workers in [1, 4] {
            let folder = Folder::new(&[12 * MIB as usize, 100]);
            let file = File::options().write(true).open(folder.path(0)).unwrap();
            let observer = Meanwhile {
                after: 1,
                advanced: AtomicU64::new(0),
                act: || file.set_len(length).unwrap(),
            };
            let mut memory = memory_for(&folder, 0);
            let files = files_for(&folder);
            let settings = of(PastCache::Always, workers);
            for staying in [
                Staying::new(&folder, &mut memory),
                Staying::in_files(&folder, &files),
            ] {
                file.set_len(12 * MIB).unwrap();
                observer.advanced.store(0, SeqCst);
                let failure = run(&staying, &folder.jobs(Want::Whole), &settings, &observer).unwrap_err();
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
}

#[test]
fn a_shorter_file_than_was_walked_is_an_error() {
    let mut folder = Folder::new(&[9 << 20]);
    folder.claimed = vec![(0, (9 << 20) + 1)];
    let mut memory = vec![Memory::new((9 << 20) + 1, 0)];
    let staying = Staying::new(&folder, &mut memory);
    let job = Job {
        file: 0,
        range: 0..(9 << 20) + 1,
        want: Want::Whole,
    };
    let failure = run(&staying, &[job], &of(PastCache::Always, 2), &()).unwrap_err();
    assert!(matches!(failure, Failure::Resized { file: 0, .. }), "{failure:?}");
}

#[test]
fn cancelling_stops_those_who_read_ahead_too() {
    let folder = Folder::new(&[40 << 20, 40 << 20]);
    let mut memory = memory_for(&folder, 0);
    let files = files_for(&folder);
    for staying in [
        Staying::new(&folder, &mut memory),
        Staying::in_files(&folder, &files),
    ] {
        let observer = Cancel(MIB, AtomicU64::new(0));
        let settings = of(PastCache::Always, 2);
        let failure = run(&staying, &folder.jobs(Want::Whole), &settings, &observer).unwrap_err();
        assert!(matches!(failure, Failure::Cancelled));
    }
}

/// What is cold is read past the cache, and what is warm through it.
#[test]
fn the_page_cache_is_asked() {
    let folder = Folder::new(&[16 << 20]);
    if !is_possible(&folder) {
        return;
    }
    let settings = of(PastCache::WhenCold, 4);
    let file = File::open(folder.path(0)).unwrap();
    file.sync_all().unwrap();
    fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    if !is_cold(&file, 16 << 20) {
        weightlock_peers::skip("the page cache keeps what it was told to forget");
        return;
    }
    assert!(looks_cold(&file, 16 << 20));
    assert_eq!(same_both_ways(&folder, Want::Whole, &settings, 0), 1);
    assert_eq!(same_in_files(&folder, Want::Whole, &settings), 1);
    assert!(is_cold(&file, 16 << 20), "it was read past the cache");
    let mut bytes = vec![0; 16 << 20];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert!(!is_cold(&file, 16 << 20) && !looks_cold(&file, 16 << 20));
    assert!(cached(&file).is_none_or(|pages| pages > 0));
    assert_eq!(same_both_ways(&folder, Want::Whole, &settings, 0), 0);
}

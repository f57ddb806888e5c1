//! How fast files that are not in the page cache get into memory with their digests: through the cache and past it.
//!
//! `cargo run --release -p weightlock-artifact --example cold -- FOLDER [MIB] [FILES] [ROUNDS]`
//!
//! Makes files in the folder, which should lie on the disk to be measured, and removes them at the end.

#![expect(clippy::print_stdout, reason = "it is a measurement for people")]

use std::{
    error::Error,
    fs::{self, File},
    io::Write as _,
    num::NonZeroU64,
    path::{Path, PathBuf},
    time::Instant,
};

use rustix::fs::{Advice, fadvise};
use weightlock_artifact::digest::{
    Algorithm,
    engine::{Destination, Files, Job, PastCache, Settings, Want, run},
};

const MIB: usize = 1 << 20;
const ALIGN: usize = 4096;

struct Kept<'a> {
    paths: &'a [PathBuf],
    size: u64,
    destinations: Vec<Destination<'a>>,
}

impl Files for Kept<'_> {
    type Error = std::io::Error;

    fn size(&self, _: usize) -> u64 {
        self.size
    }

    fn open(&self, file: usize) -> Result<File, Self::Error> {
        File::open(&self.paths[file])
    }

    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        self.destinations.get(file)
    }

    fn finished(&self, _: usize, _: &File) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let mut number = |default: usize| arguments.next().map_or(Ok(default), |text| text.parse());
    let (mib, files, rounds) = (number(1024)?, number(2)?, number(3)?);
    let folder = tempfile::tempdir_in(folder)?;
    let paths: Vec<PathBuf> = (0..files)
        .map(|file| folder.path().join(file.to_string()))
        .collect();
    for path in &paths {
        make(path, mib)?;
    }
    let mut memory: Vec<Vec<u8>> = paths.iter().map(|_| vec![1; mib * MIB + ALIGN]).collect();
    let leaves = Want::Pieces(NonZeroU64::new(1 << 20).ok_or("zero")?);
    for (what, want) in [("file digests", Want::Whole), ("leaves of 1 MiB", leaves)] {
        for (how, past_cache) in [
            ("through the cache", PastCache::Never),
            ("past the cache", PastCache::WhenCold),
        ] {
            let mut best = f64::MAX;
            for _ in 0..rounds {
                best = best.min(once(&paths, &mut memory, mib, want, past_cache)?);
            }
            let bytes = f64::from(u32::try_from(mib * files)?) * f64::from(1 << 20);
            println!("{what:16} {how:18} {best:.3} s  {:.2} GB/s", bytes / best / 1e9);
        }
    }
    Ok(())
}

fn make(path: &Path, mib: usize) -> Result<(), Box<dyn Error>> {
    let mut file = File::create(path)?;
    for block in 0..mib {
        let bytes: Vec<u8> = (0..MIB)
            .map(|at| (at * 31 + block * 7).to_le_bytes()[0])
            .collect();
        file.write_all(&bytes)?;
    }
    Ok(file.sync_all()?)
}

/// Seconds for all files, none of which is in the page cache.
fn once(
    paths: &[PathBuf],
    memory: &mut [Vec<u8>],
    mib: usize,
    want: Want,
    past_cache: PastCache,
) -> Result<f64, Box<dyn Error>> {
    for path in paths {
        fadvise(File::open(path)?, 0, None, Advice::DontNeed)?;
    }
    let size = fs::metadata(&paths[0])?.len();
    let destinations = memory.iter_mut().map(|memory| {
        let start = memory.as_ptr().align_offset(ALIGN);
        Destination::new(&mut memory[start..start + mib * MIB])
    });
    let kept = Kept {
        paths,
        size,
        destinations: destinations.collect(),
    };
    let jobs: Vec<Job> = (0..paths.len())
        .map(|file| Job {
            file,
            range: 0..size,
            want,
        })
        .collect();
    let settings = Settings {
        past_cache,
        ..Settings::new(Algorithm::Sha256)
    };
    let begun = Instant::now();
    run(&kept, &jobs, &settings, &())?;
    Ok(begun.elapsed().as_secs_f64())
}

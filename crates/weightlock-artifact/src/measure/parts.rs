//! [`measure_parts`]: parts of one open file, read to where they stay and hashed there.

use std::{fs::File, num::NonZeroU64, path::Path};

use super::explain;
use crate::{
    Error,
    digest::{
        Digest,
        engine::{self, Destination, Files, Job, Observer, Settings, Want},
    },
};

/// Memory for the bytes of a file from `offset` on.
#[derive(Debug)]
pub struct Part<'a> {
    /// Where in the file it begins.
    pub offset: u64,
    /// As many bytes as are wanted.
    pub memory: &'a mut [u8],
}

/// Reads parts of an open file into their memory, and gives the digests of their pieces, counted from the start of each
/// part. The file must have `size` bytes before and after. Reading through the descriptor moves no position of it.
///
/// # Errors
/// As [`measure`](super::measure); then anything may lie in the memory. `shown` is what the file is called.
pub fn measure_parts(
    handle: &File,
    (shown, size): (&Path, u64),
    parts: Vec<Part<'_>>,
    piece: NonZeroU64,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<Vec<Vec<Digest>>, Error> {
    let jobs: Vec<Job> = parts
        .iter()
        .enumerate()
        .map(|(file, part)| Job {
            file,
            range: part.offset..part.offset.saturating_add(part.memory.len() as u64),
            want: Want::Pieces(piece),
        })
        .collect();
    let destinations = parts
        .into_iter()
        .map(|part| Destination::part(part.offset, part.memory))
        .collect();
    let files = Parts {
        handle,
        shown,
        size,
        destinations,
    };
    let outcomes = engine::run(&files, &jobs, settings, observer);
    let outcomes = outcomes.map_err(|failure| explain(failure, shown))?;
    Ok(outcomes.into_iter().map(|outcome| outcome.pieces).collect())
}

/// Each part is a file to the engine.
struct Parts<'a> {
    handle: &'a File,
    shown: &'a Path,
    size: u64,
    destinations: Vec<Destination<'a>>,
}

impl Files for Parts<'_> {
    type Error = Error;

    fn size(&self, _: usize) -> u64 {
        self.size
    }

    fn open(&self, _: usize) -> Result<File, Error> {
        self.handle
            .try_clone()
            .map_err(|source| Error::io("open", self.shown, source))
    }

    fn destination(&self, file: usize) -> Option<&Destination<'_>> {
        self.destinations.get(file)
    }

    fn finished(&self, _: usize, _: &File) -> Result<(), Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    fn measure(file: &File, size: u64, parts: Vec<Part<'_>>) -> Result<Vec<Vec<Digest>>, Error> {
        let piece = NonZeroU64::new(3).unwrap();
        let settings = Settings::new(Algorithm::Sha256);
        measure_parts(file, (Path::new("f"), size), parts, piece, &settings, &())
    }

    #[test]
    fn parts_are_read_and_hashed_piece_by_piece() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"0123456789").unwrap();
        let (mut one, mut two) = ([0; 4], [0; 3]);
        let parts = vec![
            Part {
                offset: 1,
                memory: &mut one,
            },
            Part {
                offset: 7,
                memory: &mut two,
            },
        ];
        let digests = measure(file.as_file(), 10, parts).unwrap();
        let expected = |piece: &[u8]| Algorithm::Sha256.digest(piece);
        assert_eq!(
            digests,
            [vec![expected(b"123"), expected(b"4")], vec![expected(b"789")]]
        );
        assert_eq!((&one, &two), (b"1234", b"789"));
        for (size, offset) in [(9, 0), (11, 0), (10, 8)] {
            let memory = &mut two;
            let refused = measure(file.as_file(), size, vec![Part { offset, memory }]);
            assert!(refused.is_err(), "{size} {offset}");
        }
    }
}

//! The blob itself: a file, or standard input (`-`), read once from start to end.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use weightlock_artifact::{Error, input, inventory::Stamp};
use weightlock_signing::blob::{Blob, BlobError, Needs, reason::TOO_LARGE_TO_HOLD};

use crate::{context::Context, diagnostic::Diagnostic};

/// Reads a blob. A file that changes while it is read is refused.
pub(crate) fn read(path: &Path, needs: &Needs, context: &Context) -> Result<Blob, Diagnostic> {
    if is_standard_input(path) {
        let mut stream = Stoppable {
            inner: io::stdin().lock(),
            context,
        };
        return Blob::read(&mut stream, needs).map_err(|error| told(error, path));
    }
    let failed = |source| Diagnostic::from(Error::io("read", path, source));
    let file = input::open(path).map_err(failed)?;
    let before = stamp(&file, path)?;
    let mut stream = Stoppable {
        inner: &file,
        context,
    };
    let blob = Blob::read(&mut stream, needs).map_err(|error| told(error, path))?;
    if stamp(&file, path)? == before {
        return Ok(blob);
    }
    Err(Error::Changed {
        path: path.to_owned(),
        offset: None,
    }
    .into())
}

/// Whether standard input is meant.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The name that a statement gives the blob: the last part of its path.
pub(super) fn name(path: &Path) -> Result<String, Diagnostic> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.filter(|_| !is_standard_input(path))
        .map(str::to_owned)
        .ok_or_else(|| {
            Diagnostic::new(
                weightlock_artifact::error::NAME,
                "a statement names the blob, and this one has no name that can be written down",
            )
            .at(path.display().to_string())
        })
}

/// `X` with this ending, beside it.
pub(crate) fn beside(blob: &Path, ending: &str) -> PathBuf {
    let mut name = blob.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn stamp(file: &File, path: &Path) -> Result<Stamp, Diagnostic> {
    Ok(Stamp::of(file).map_err(|source| Error::io("look at", path, source))?)
}

fn told(error: BlobError, path: &Path) -> Diagnostic {
    match error {
        BlobError::Read(source) => Error::io("read", path, source).into(),
        error => Diagnostic::of(TOO_LARGE_TO_HOLD, &error).at(path.display().to_string()),
    }
}

/// Ends with an error when somebody wants the work to stop.
struct Stoppable<'a, R> {
    inner: R,
    context: &'a Context,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.context.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        self.inner.read(buffer)
    }
}

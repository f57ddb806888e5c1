//! What the verified bytes could do when they are loaded: the scanner, on sealed files.

use std::{collections::BTreeMap, fs::File, io, os::unix::fs::FileExt as _, path::Path, sync::Arc};

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::content::{Bytes, Content};
use weightlock_runtime::sealed::{self, Seal, Sealed};
use weightlock_scan::{Profile, Report, Settings, Severity, folder, scan};

use crate::{commands::scan::reasons, diagnostic::Diagnostic, interrupt};

/// A sealed file as the scanner reads it.
enum Frozen {
    Memory(sealed::Bytes),
    /// Read and not mapped: a page that was damaged on the disk is an error then, and no signal.
    Disk(File, u64),
}

impl Frozen {
    fn new(sealed: &Sealed) -> io::Result<Self> {
        Ok(match sealed.seal() {
            Seal::Memory => Self::Memory(sealed.map()?),
            Seal::Verity => Self::Disk(sealed.reopen()?, sealed.size()),
        })
    }
}

impl Bytes for Frozen {
    fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.as_ref().len() as u64,
            Self::Disk(_, size) => *size,
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = match self {
            Self::Memory(bytes) => bytes.as_ref(),
            Self::Disk(file, _) => return file.read_at(buffer, offset),
        };
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

/// Refuses a model with findings at or above `threshold`, and one that could not be read to the last byte.
pub(super) fn judge(
    model: &Path,
    verified: &BTreeMap<ArtifactPath, Sealed>,
    threshold: Severity,
) -> Result<(), Vec<Diagnostic>> {
    let settings = Settings::default();
    let mut files = Vec::new();
    for (path, sealed) in verified {
        let shown = model.join(path.as_str()).display().to_string();
        let bytes = Frozen::new(sealed).map_err(|source| {
            let error = weightlock_artifact::Error::io("map", Path::new(&shown), source);
            vec![error.into()]
        })?;
        files.push(scan(&shown, Content::new(Arc::new(bytes)), &settings));
        if interrupt::signal().is_some() {
            return Err(vec![weightlock_artifact::Error::Interrupted.into()]);
        }
    }
    folder::conclude(&mut files, settings.profile);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        profile: Profile::Default,
        threshold,
        files,
        not_examined: Vec::new(),
        left_out: Vec::new(),
        passed_over: Vec::new(),
        baseline: None,
        evidence: None,
    };
    match report.outcome() {
        None => Ok(()),
        Some(_) => Err(reasons(&report)),
    }
}

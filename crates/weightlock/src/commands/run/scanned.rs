//! What the verified bytes could do when they are loaded: the scanner, on sealed memory.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use weightlock_artifact::path::ArtifactPath;
use weightlock_format::content::{Bytes, Content};
use weightlock_runtime::sealed::{self, Sealed};
use weightlock_scan::{Profile, Report, Settings, Severity, folder, scan};

use crate::{commands::scan::reasons, diagnostic::Diagnostic, interrupt};

/// Sealed memory as the scanner reads it.
struct Frozen(sealed::Bytes);

impl Bytes for Frozen {
    fn size(&self) -> u64 {
        self.0.as_ref().len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.0.as_ref().get(offset..));
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
        let bytes = sealed.map().map_err(|source| {
            let error = weightlock_artifact::Error::io("map", Path::new(&shown), source);
            vec![error.into()]
        })?;
        files.push(scan(&shown, Content::new(Arc::new(Frozen(bytes))), &settings));
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

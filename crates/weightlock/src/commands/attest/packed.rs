//! Code that lies in archives: what a review is of where loaders, interpreters and unpackers find it.
//!
//! An archive is looked into as a scan does it, without being unpacked: every reader's members, streams within streams, an archive
//! behind a picture. It is code as a whole where a member is code, or where something in it cannot be looked at, so that nobody can
//! say that it is none. Archives of weights (of PyTorch, NumPy, Keras) have members of data only, and are none.

use std::io;

use weightlock_artifact::path::ArtifactPath;
use weightlock_bom::provenance::review::{is_code_called, is_configuration_called};
use weightlock_format::{
    container::zip,
    content::Content,
    detect::{Format, HEAD_BYTES},
};
use weightlock_scan::{
    Settings,
    analyze::{Role, Subject},
    coverage::{Coverage, Gap},
    engine::visit,
};

use super::review::MAX_CONFIG;

/// What is in an archive or compressed stream.
#[derive(Debug, Default)]
pub(super) struct Packed {
    /// A member is code, or nobody can tell whether one is.
    pub(super) is_code: bool,
    /// Configurations, by their way into the archive; `None` stands for one that cannot be read.
    pub(super) configurations: Vec<(ArtifactPath, Option<Vec<u8>>)>,
}

impl Packed {
    /// Looks into the file `path`. `None` where it is no archive.
    ///
    /// # Errors
    /// What reading raises.
    pub(super) fn of(path: &ArtifactPath, content: &Content) -> io::Result<Option<Self>> {
        if !is_packed(content)? {
            return Ok(None);
        }
        let mut packed = Self::default();
        let coverage = visit(
            path.as_str(),
            content.clone(),
            &Settings::default(),
            &mut |subject, format| {
                packed.is_code |= is_sealed(format);
                if subject.depth > 0 && packed.member(subject).is_err() {
                    packed.is_code = true;
                }
            },
        );
        packed.is_code |= is_hidden(&coverage);
        Ok(Some(packed))
    }

    fn member(&mut self, subject: &Subject) -> io::Result<()> {
        let name = subject.trail.base_name();
        self.is_code |= match subject.role {
            Role::Python | Role::TorchScript => true,
            // Numbers and texts may begin like anything.
            Role::TensorBytes | Role::Marker | Role::Metadata | Role::Template => false,
            _ => is_code_called(name, &subject.content.read(0, HEAD_BYTES)?),
        };
        if subject.role == Role::Plain && is_configuration_called(name) {
            self.configuration(subject)?;
        }
        Ok(())
    }

    fn configuration(&mut self, subject: &Subject) -> io::Result<()> {
        let Ok(path) = ArtifactPath::parse(subject.trail.as_str()) else {
            self.is_code = true;
            return Ok(());
        };
        let is_readable = subject.content.size() <= MAX_CONFIG as u64;
        let text = is_readable.then(|| subject.content.read(0, MAX_CONFIG));
        self.configurations.push((path, text.transpose()?));
        Ok(())
    }
}

/// Whether some reader finds other files in the content, at its start or at its end.
fn is_packed(content: &Content) -> io::Result<bool> {
    let format = Format::of(&content.read(0, HEAD_BYTES)?);
    Ok(format.is_container() || is_sealed(format) || zip::last_end(content)?.is_some())
}

/// Archives that this version does not list.
const fn is_sealed(format: Format) -> bool {
    matches!(format, Format::Rar | Format::Cab)
}

/// Whether something was not looked at that could have members. Content of a format that nobody knows is no code, here as in a file
/// of its own.
fn is_hidden(coverage: &Coverage) -> bool {
    let is_leaf = |gap: &Gap| {
        matches!(
            gap,
            Gap::UnknownFormat | Gap::UnsupportedFormat(_) | Gap::Unclaimed
        )
    };
    coverage.gaps_left_out > 0 || coverage.gaps.iter().any(|unread| !is_leaf(&unread.gap))
}

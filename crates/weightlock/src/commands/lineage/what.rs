//! The thing that is asked for. A bare path is a path; a digest and a name say what they are.

use std::path::Path;

use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_bom::lineage::{Identity, Lineage, NodeId};

use super::Question;
use crate::{
    commands::subject::Hashed, context::Context, diagnostic::Diagnostic, explanations::USAGE, text::Shown,
};

/// What is asked for.
#[derive(Debug)]
pub(super) struct What {
    /// As it is shown.
    pub(super) shown: String,
    identity: Identity,
}

impl What {
    /// Reads what was typed; a path is hashed now.
    pub(super) fn read(text: &str, question: &Question, context: &Context) -> Result<Self, Vec<Diagnostic>> {
        if let Some(hex) = text.strip_prefix("sha256:") {
            let digest = Digest::from_hex(Algorithm::Sha256, &hex.to_ascii_lowercase()).map_err(|error| {
                Diagnostic::new(USAGE, format!("{text:?} is no SHA-256: {error}"))
                    .help("give 64 hexadecimal digits, as `weightlock digest --manifest MODEL` prints them")
            })?;
            return Ok(Self::content(digest));
        }
        if let Some(name) = text.strip_prefix("name:") {
            return Ok(Self {
                shown: Shown(name).to_string(),
                identity: Identity::Named(name.to_owned()),
            });
        }
        let hashed = Hashed::of(
            Path::new(text),
            question.allow_symlinks,
            &question.hashing,
            context,
        )?;
        let mut what = Self::content(*hashed.digest());
        what.shown = format!("{} ({})", Shown(text), what.shown);
        Ok(what)
    }

    fn content(digest: Digest) -> Self {
        Self {
            shown: digest.to_string(),
            identity: Identity::Content(digest),
        }
    }

    /// Where it is in what is known. Names are compared as they are written; one that only goes with digests is found by
    /// those.
    pub(super) fn find(&self, lineage: &Lineage) -> Option<NodeId> {
        lineage.find(&self.identity)
    }
}

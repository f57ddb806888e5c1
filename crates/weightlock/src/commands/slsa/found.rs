//! Provenance as it is found: in a model's evidence, or in files that were named. Nothing of it is believed here.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_artifact::{
    evidence::Kind,
    inventory::{Links, Root},
};
use weightlock_bom::provenance::{NotProvenance, Provenance};
use weightlock_signing::{
    bundle::Bundle,
    predicate::types::{self, SLSA_1},
    statement::{Statement, read_unverified},
};

use crate::{
    commands::{evidence::found::Found, target},
    diagnostic::Diagnostic,
};

/// Where provenance is looked for.
#[derive(Args, Clone, Default, Debug)]
pub(super) struct ProvenanceFlags {
    /// Look at this statement too: a bundle, or an unsigned in-toto statement; repeatable
    #[arg(long, value_name = "FILE", help_heading = "Provenance")]
    pub provenance: Vec<PathBuf>,
    /// A model that this one was made from, or a file with its provenance; repeatable
    #[arg(long, value_name = "PATH", help_heading = "Provenance")]
    pub base: Vec<PathBuf>,
    /// How far back models that it was made from are looked at
    #[arg(long, value_name = "N", default_value_t = 8, help_heading = "Provenance")]
    pub depth: usize,
}

/// One statement about how something was made.
pub(super) struct Piece {
    /// Its name in the evidence, or the path that was typed.
    pub(super) name: String,
    /// The bundle; none for a statement that nobody signed.
    pub(super) bundle: Option<Vec<u8>>,
    /// What it says.
    pub(super) statement: Statement,
}

impl Piece {
    /// What it says of how something was made.
    pub(super) fn provenance(&self) -> Result<Provenance, NotProvenance> {
        Provenance::read(&self.statement.predicate)
    }

    /// The pieces in a model's evidence that say to be SLSA provenance v1. Other versions are not judged, and told.
    pub(super) fn about(root: &Root) -> Result<(Vec<Self>, Vec<String>), Diagnostic> {
        let mut pieces = Vec::new();
        let mut others = Vec::new();
        for found in Found::about(root)? {
            let Ok(claimed) = found.claimed() else {
                if found.kind == Some(Kind::Provenance) {
                    others.push(format!("{}: it cannot be read", found.name));
                }
                continue;
            };
            let predicate_type = &claimed.statement.predicate_type;
            if predicate_type == SLSA_1 {
                let Ok(bundle) = found.bundle() else { continue };
                pieces.push(Self {
                    name: found.name.clone(),
                    bundle: Some(bundle.to_vec()),
                    statement: claimed.statement,
                });
            } else if types::kind_of(predicate_type) == Kind::Provenance {
                others.push(format!("{}: {predicate_type} is not judged", found.name));
            }
        }
        Ok((pieces, others))
    }

    /// A statement in a file, signed or not.
    pub(super) fn named(path: &Path) -> Result<Self, Diagnostic> {
        let text = target::read_bounded(path, Bundle::MAX_BYTES)?;
        let name = path.display().to_string();
        if let Ok(claimed) = read_unverified(&text) {
            return Ok(Self {
                name,
                bundle: Some(text),
                statement: claimed.statement,
            });
        }
        let statement = Statement::parse_unverified(&text)
            .map_err(|refusal| Diagnostic::of(refusal.code(), &refusal).at(name.clone()))?;
        Ok(Self {
            name,
            bundle: None,
            statement,
        })
    }
}

impl ProvenanceFlags {
    /// The provenance of the model itself, and notes on what is not judged.
    pub(super) fn of_model(&self, root: &Root) -> Result<(Vec<Piece>, Vec<String>), Diagnostic> {
        let (mut pieces, others) = Piece::about(root)?;
        for path in &self.provenance {
            pieces.push(Piece::named(path)?);
        }
        Ok((pieces, others))
    }

    /// Everything that was given about models that it was made from.
    pub(super) fn of_bases(&self) -> Result<Vec<Piece>, Diagnostic> {
        let mut pieces = Vec::new();
        for path in &self.base {
            if path.is_file()
                && let Ok(piece) = Piece::named(path)
            {
                pieces.push(piece);
                continue;
            }
            pieces.extend(Piece::about(&crate::layout::root(path, Links::Refused)?)?.0);
        }
        Ok(pieces)
    }
}

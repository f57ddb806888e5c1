//! Whose word about how something was made is believed: from a file that the user names to what signatures are checked with.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_bom::{
    provenance::MAX_DOCUMENT,
    slsa::{Builder, BuilderList, ListError, TrustedBuilder, Who},
};
use weightlock_signing::{
    IdentityTrust, Trust,
    identity::{Pattern, Required},
    sigstore::TrustRoot,
};

use crate::{
    commands::target,
    context::Context,
    diagnostic::Diagnostic,
    flags::{IdentityFlags, TrustFlags, trust_in},
};

/// Who is believed.
#[derive(Args, Clone, Default, Debug)]
#[command(next_help_heading = "Who is believed")]
pub(super) struct BuilderFlags {
    /// The builders you trust: who signs for which builder id, and which level that is worth
    #[arg(long, value_name = "FILE")]
    pub builders: Option<PathBuf>,
    /// The Sigstore trust root for builders that sign with an identity
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Which Sigstore is believed about identities [default: production]
    #[arg(long, value_name = "NAME", conflicts_with = "trusted_root")]
    pub sigstore: Option<String>,
}

impl BuilderFlags {
    /// The builders of the list; none without a list.
    pub(super) fn trusted(&self, context: &Context) -> Result<Vec<TrustedBuilder>, Diagnostic> {
        let Some(file) = &self.builders else {
            return Ok(Vec::new());
        };
        let text = target::read_bounded(file, MAX_DOCUMENT)?;
        let list = BuilderList::parse(&text).map_err(|error: ListError| {
            Diagnostic::of(error.code(), &error).at(file.display().to_string())
        })?;
        let mut root = None;
        let trusted = list.builders.into_iter().map(|builder| {
            let trust = self.trust(&builder, file, &mut root, context)?;
            Ok(TrustedBuilder { builder, trust })
        });
        trusted.collect()
    }

    fn trust(
        &self,
        builder: &Builder,
        list: &Path,
        root: &mut Option<std::sync::Arc<TrustRoot>>,
        context: &Context,
    ) -> Result<Trust, Diagnostic> {
        let beside = |file: &str| list.parent().unwrap_or_else(|| Path::new("")).join(file);
        match &builder.who {
            Who::Key(file) | Who::Certificates(file) => {
                trust_in(&beside(file), &TrustFlags::default(), context.now())
            }
            Who::Identity {
                name,
                is_pattern,
                issuer,
            } => {
                let required = if *is_pattern {
                    let pattern = Pattern::parse(name).map_err(|error| {
                        Diagnostic::of(weightlock_bom::slsa::reason::FILE, &error)
                            .at(list.display().to_string())
                    })?;
                    Required::like(pattern, issuer)
                } else {
                    Required::exactly(name, issuer)
                };
                let root = match root {
                    Some(root) => root.clone(),
                    None => root.insert(self.root(context)?.into()).clone(),
                };
                Ok(Trust::Identity(IdentityTrust { required, root }))
            }
        }
    }

    fn root(&self, context: &Context) -> Result<TrustRoot, Diagnostic> {
        let flags = IdentityFlags {
            trusted_root: self.trusted_root.clone(),
            sigstore: self.sigstore.clone(),
            ..IdentityFlags::default()
        };
        flags.root(context.now())
    }
}

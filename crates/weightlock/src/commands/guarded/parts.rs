//! [`Parts`]: one file of a signed model, of which parts are read, each verified by its signed leaves.
//!
//! The signature is verified when it is opened, and that the file has the signed size; bytes when they are asked for; the
//! rest of the file and the other files of the model never. Whoever shows this says that it is partial.
//!
//! Leaves stand in for the signed digest only when they were derived once from bytes that have it ([`StandIn`]). Where nobody
//! has done that yet (a load of the whole model does it too), opening reads the whole model, once for this user on this
//! machine.

use std::ops::Range;

use weightlock_artifact::{digest::engine::Observer, path::ArtifactPath};
use weightlock_runtime::{
    guard::{
        Leaves,
        lazy::{self, Lazy},
        leaves::StandIn,
    },
    private::View,
};

use super::{Asked, Found, Given};
use crate::{
    commands::verify::SignedBy,
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    progress,
    text::{Shown, Size},
};

/// A file of which parts can be read.
#[derive(Debug)]
pub struct Parts {
    lazy: Lazy,
    file: ArtifactPath,
    size: u64,
    line: String,
}

impl Asked<'_> {
    /// Verifies the signature, and opens the one file that is asked for; `None` where its signer has signed no
    /// leaves of it.
    pub(crate) fn open_parts(&self, context: &Context) -> Result<Option<Parts>, Vec<Diagnostic>> {
        if self.policy.is_some() {
            // A policy decides about all of it, so that all of it has to be read.
            return Ok(None);
        }
        let one = |told| vec![told];
        let found = Found::open(self, context)?;
        let (verified, settings) = (&found.verified, found.settings);
        let opened = found.judged(
            self,
            |Given {
                 root, rules, leaves, ..
             }| {
                let Some(Leaves { table, notes }) = leaves else {
                    return Ok(Ok(None));
                };
                progress::shown_as("verifying", &context.show, |observer| {
                    let leaves = match StandIn::remembered(table, notes) {
                        Ok(leaves) => leaves,
                        Err(table) => {
                            let leaves = StandIn::derive(table, root.reopen()?, settings, observer)?;
                            leaves.remember(notes)?;
                            leaves
                        }
                    };
                    Ok(lazy::open(verified, leaves, root, &rules, settings, observer)?.map(Some))
                })
            },
        )?;
        let Some(lazy) = opened else {
            return Ok(None);
        };
        let mut files = lazy.files().map(|(path, size)| (path.clone(), size));
        let (Some((file, size)), None) = (files.next(), files.next()) else {
            let told = Diagnostic::new(USAGE, "only one file can be read in parts");
            return Err(one(told.at(self.path.display().to_string())));
        };
        drop(files);
        let line = format!(
            "verified in part: {}   of {} those bytes that are read   signed by {}",
            self.path.display(),
            Size(size),
            SignedBy::from(verified.signer()).text(),
        );
        Ok(Some(Parts {
            lazy,
            file,
            size,
            line: Shown(&line).to_string(),
        }))
    }
}

impl Parts {
    /// Bytes of the file.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that were read and verified so far, in whole leaves.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.lazy.verified_bytes()
    }

    /// What was verified when it was opened, in one line without its end.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Verified bytes of the file.
    ///
    /// # Errors
    /// Why not: a byte of the leaves around them is not what was signed, or there are no such bytes.
    pub fn read(&self, range: Range<u64>, observer: &dyn Observer) -> Result<View, Vec<Diagnostic>> {
        let read = self.lazy.read(&self.file, range, observer);
        read.map_err(|error| vec![error.into()])
    }
}

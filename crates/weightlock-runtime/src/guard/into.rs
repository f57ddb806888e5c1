//! [`read_into`]: one file of a model, verified into memory that the caller has already.
//!
//! For whoever has room for the bytes where they are to be used: they are read there and hashed there, and no memory is
//! made, filled and given back. In return the caller keeps everybody else from that memory while it is filled: it is
//! ordinary memory, and until the answer is yes it may hold anything. Where the answer is no, it is cleared.
//!
//! Only one file, because what is asked for is where its bytes go; the others are not looked at, so this is a check of a part
//! of the model, as its result says.

use weightlock_artifact::{
    digest::engine::{Destination, Observer, Settings},
    inventory::{Entry, Root},
    measure::Keeper,
    path::ArtifactPath,
};
use weightlock_signing::oms::{
    VerifiedStatement,
    model::{Mismatch, Rules, VerifiedModel},
};

use super::{Leaves, compared};
use crate::Error;

/// Reads a file of a model whose signature was verified into `memory`, which must have its size, and compares it with what
/// was signed. Of a model of one file, `file` is the name that it has now.
///
/// # Errors
/// [`Error::OtherSize`] when the memory has another size, and what else could not be done. That the file is another one is
/// the inner error. In both cases the memory is cleared.
pub fn read_into(
    verified: &VerifiedStatement,
    root: Root,
    (file, memory): (&ArtifactPath, &mut [u8]),
    rules: &Rules<'_>,
    leaves: Option<Leaves<'_>>,
    settings: Settings,
    observer: &dyn Observer,
) -> Result<Result<VerifiedModel, Mismatch>, Error> {
    let only = |path: &ArtifactPath| path == file;
    let rules = Rules {
        only: Some(&only),
        ..rules.clone()
    };
    let mut given = Given {
        file,
        memory,
        refused: None,
        keep: false,
    };
    let compared = compared(verified, root, &rules, leaves, (settings, observer), &mut given);
    if let Some(refused) = given.refused.take() {
        return Err(refused);
    }
    let compared = compared?.map(|(model, _)| model);
    given.keep = compared.is_ok();
    Ok(compared)
}

/// The caller's memory; cleared unless it is to be kept.
struct Given<'a> {
    file: &'a ArtifactPath,
    memory: &'a mut [u8],
    refused: Option<Error>,
    keep: bool,
}

impl Keeper for Given<'_> {
    fn keep<'k>(
        &'k mut self,
        entries: &[&Entry],
    ) -> Result<Vec<Option<Destination<'k>>>, weightlock_artifact::Error> {
        // The rules let one file through; when it is not there, that is what the comparison says.
        let one = |entry: &&Entry| {
            let needed = entry.stamp.size;
            (needed != self.memory.len() as u64).then(|| Error::OtherSize {
                name: self.file.as_str().to_owned(),
                needed,
                given: self.memory.len() as u64,
            })
        };
        if let Some(refused) = entries.iter().find_map(one) {
            self.refused = Some(refused);
            // The caller looks at what was refused first.
            return Err(weightlock_artifact::Error::Interrupted);
        }
        match entries {
            [_] => Ok(vec![Some(Destination::new(self.memory))]),
            _ => Ok(entries.iter().map(|_| None).collect()),
        }
    }
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        if !self.keep {
            self.memory.fill(0);
        }
    }
}

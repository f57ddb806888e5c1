//! Races: a model, another process that changes it, and what a load may come to at each stage.
//!
//! The other process is `attacker.py`, a program of its own; see there for what it does. The rule is one: a load gives the
//! bytes that were signed, or an error. Beyond that, [`Stage::expected`] says where a load must notice, and where it must
//! no longer care; that table is derived from the order of the steps of a load and not from what was seen.

mod attacker;
mod table;
mod victim;

pub use attacker::{Attacker, python};
pub use table::{Count, RESULTS, ROUNDS, Table, rounds};
pub use victim::{CODE, CONFIG, Layout, TOKENIZER, Victim, WEIGHTS};

/// What can be done to a file of a model. The names are those of `attacker.py`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Attack {
    /// Other bytes, in place.
    Rewrite,
    /// One other byte, and the time of modification set back.
    Flip,
    /// Half of it cut off.
    Truncate,
    /// A byte more.
    Extend,
    /// Cut off and filled again with other bytes.
    Refill,
    /// Another file renamed over it.
    Replace,
    /// Another name of another file in its place.
    HardLink,
    /// A link in its place; in a hub cache, to another blob.
    Relink,
    /// A link to a file outside of the model.
    RelinkOut,
    /// The folder in which its bytes lie, against another.
    SwapParent,
    /// The whole model, against another.
    SwapModel,
    /// Mapped before the load began, written to now.
    MapAndWrite,
    /// A file more.
    Add,
    /// The name is gone.
    Delete,
    /// A named pipe in its place.
    Pipe,
    /// A folder in its place.
    Folder,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Rewrite,
        Self::Flip,
        Self::Truncate,
        Self::Extend,
        Self::Refill,
        Self::Replace,
        Self::HardLink,
        Self::Relink,
        Self::RelinkOut,
        Self::SwapParent,
        Self::SwapModel,
        Self::MapAndWrite,
        Self::Add,
        Self::Delete,
        Self::Pipe,
        Self::Folder,
    ];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rewrite => "rewrite",
            Self::Flip => "flip",
            Self::Truncate => "truncate",
            Self::Extend => "extend",
            Self::Refill => "refill",
            Self::Replace => "replace",
            Self::HardLink => "hard-link",
            Self::Relink => "relink",
            Self::RelinkOut => "relink-out",
            Self::SwapParent => "swap-parent",
            Self::SwapModel => "swap-model",
            Self::MapAndWrite => "map-and-write",
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Pipe => "pipe",
            Self::Folder => "folder",
        }
    }

    /// The name leads to the same file of the same size afterwards: only bytes and times tell.
    const fn keeps_identity(self) -> bool {
        matches!(
            self,
            Self::Rewrite | Self::Flip | Self::Refill | Self::MapAndWrite
        )
    }

    /// Whoever opened the folder before goes on reading the right one.
    const fn moves_folders(self) -> bool {
        matches!(self, Self::SwapParent | Self::SwapModel)
    }
}

/// Where a load is halted: right after the step that gives the stage its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// The model was opened.
    Opened,
    /// The signature was opened.
    Signature,
    /// The names in the folder were read, and nothing was looked at.
    Listed,
    /// Every file was looked at, and memory is being made.
    Walked,
    /// Memory was made, and nothing was read.
    FirstRead,
    /// A part of the weights was read.
    Reading,
    /// The last byte was read and hashed.
    Digested,
    /// The names were read the second time.
    ListedAgain,
    /// Everything was compared, and the first file was sealed.
    Sealing,
    /// Every file was sealed.
    Sealed,
    /// The folder for the program was made.
    Viewed,
    /// The program runs.
    Running,
    /// The program has mapped and read the files, and reads them again.
    Loaded,
}

/// What a load may come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// The bytes that were signed.
    Bytes,
    /// An error.
    Refused,
    /// One of both.
    Either,
}

impl Stage {
    /// What a load may come to that is halted here while one of its files is attacked.
    #[must_use]
    pub fn expected(self, attack: Attack, name: &str) -> Expected {
        // Times are as fine as the file system has them, so a change without other traces may stay unseen. What was read
        // before it is what was signed.
        let already_read = self >= Self::Digested || (self == Self::Reading && name != WEIGHTS);
        match self {
            _ if self >= Self::Sealing => Expected::Bytes,
            Self::ListedAgain => Expected::Either,
            _ if attack.moves_folders() => Expected::Either,
            _ if already_read && attack.keeps_identity() => Expected::Either,
            _ => Expected::Refused,
        }
    }

    /// The heading of its column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Signature => "signature",
            Self::Listed => "listed",
            Self::Walked => "walked",
            Self::FirstRead => "first read",
            Self::Reading => "reading",
            Self::Digested => "digested",
            Self::ListedAgain => "listed again",
            Self::Sealing => "sealing",
            Self::Sealed => "sealed",
            Self::Viewed => "viewed",
            Self::Running => "running",
            Self::Loaded => "loaded",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::FileTypeExt as _};

    use super::*;

    #[test]
    #[should_panic(expected = "other bytes")]
    fn other_bytes_are_no_result() {
        Table::default().add(
            Stage::Digested,
            Attack::Rewrite,
            WEIGHTS,
            Ok(Err(WEIGHTS.to_owned())),
        );
    }

    #[test]
    #[should_panic(expected = "must be refused")]
    fn a_load_that_must_notice_and_does_not_is_no_result() {
        Table::default().add(Stage::Walked, Attack::Replace, WEIGHTS, Ok(Ok(())));
    }

    #[test]
    #[should_panic(expected = "must be loaded")]
    fn a_refusal_too_late_is_no_result() {
        Table::default().add(Stage::Viewed, Attack::Delete, WEIGHTS, Err("x".to_owned()));
    }

    #[test]
    fn the_attacker_changes_what_it_aims_at_and_nothing_before() {
        let Some(mut attacker) = Attacker::start() else {
            return;
        };
        for layout in Layout::BOTH {
            for attack in Attack::ALL {
                let victim = Victim::new(layout, 5000).unwrap();
                let seen = |name: &'static str| fs::read(victim.model().join(name)).ok();
                let whole = || {
                    let read = victim
                        .files()
                        .keys()
                        .filter_map(|name| Some((*name, seen(name)?)));
                    victim.is(read.collect::<Vec<_>>())
                };
                attacker.aim(attack, victim.model(), CODE);
                whole().unwrap();
                attacker.act();
                let there = fs::symlink_metadata(victim.model().join(CODE));
                let is_pipe = there.is_ok_and(|there| there.file_type().is_fifo());
                let added = victim.model().join("added.py").exists();
                assert!(is_pipe || added || whole().is_err(), "{attack:?} {layout:?}");
            }
        }
    }
}

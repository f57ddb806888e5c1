//! The crate's [`Error`]: what stopped a guarded load, and the codes of it.

use std::{io, ops::Range, path::PathBuf};

use weightlock_artifact::{
    digest::Digest,
    reason::{Code, Explanation, Outcome},
};
use weightlock_signing::reason::TAMPERED;

/// The model does not fit into the memory there is.
pub const MEMORY: Code = Code::new("WL-RUN-MEMORY");
/// The system has no sealed memory, or somebody else can write to it.
pub const NOT_SEALED: Code = Code::new("WL-RUN-NOT-SEALED");
/// The folder of links could not be made, or leads nowhere.
pub const VIEW: Code = Code::new("WL-RUN-VIEW");
/// The program could not be started.
pub const START: Code = Code::new("WL-RUN-START");
/// A leaf table cannot stand in for the digests of files.
pub const LEAVES: Code = Code::new("WL-RUN-LEAVES");
/// Bytes were asked for that the model does not have.
pub const RANGE: Code = Code::new("WL-RUN-RANGE");
/// The verdict does not allow what was read.
pub const NOT_ALLOWED: Code = Code::new("WL-RUN-NOT-ALLOWED");
/// The folder where processes of one user meet is not private.
pub const FOLDER: Code = Code::new("WL-RUN-FOLDER");

/// Why a guarded load could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model could not be read.
    #[error(transparent)]
    Artifact(#[from] weightlock_artifact::Error),
    /// There is not enough memory for the whole model.
    #[error("the model needs {needed} bytes of memory, and {available} are available")]
    Memory {
        /// Bytes of all files.
        needed: u64,
        /// Bytes that can be had, by the system or by the control group.
        available: u64,
    },
    /// A file could not be kept in memory that nobody can change.
    #[error("cannot keep {name} in sealed memory")]
    Seal {
        /// The file, by its name in the model.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes of a file, within these leaves of it, are not what was signed.
    #[error("bytes {} to {} of {name} differ from what was signed", .range.start, .range.end)]
    LeafDiffers {
        /// The file, by its name in the model.
        name: String,
        /// The first leaf that differs, or what was asked for when one had differed before.
        range: Range<u64>,
    },
    /// The leaf table belongs to another signature.
    #[error("the leaf table is not of the model's signature")]
    OtherTable,
    /// The leaves that were signed are not those of the file that was signed.
    #[error("the signed leaves are not those of {name}, or the file is another one")]
    OtherLeaves {
        /// The file, by its name in the table.
        name: String,
    },
    /// The model has no such bytes.
    #[error("{name} has no bytes {} to {}", .range.start, .range.end)]
    NoSuchRange {
        /// The file that was asked for.
        name: String,
        /// The bytes that were asked for.
        range: Range<u64>,
        /// Its size; none when it is not a file that was signed.
        size: Option<u64>,
    },
    /// The caller's memory for a file has another size.
    #[error("{name} has {needed} bytes, and the memory for it {given}")]
    OtherSize {
        /// The file.
        name: String,
        /// Its size.
        needed: u64,
        /// That of the memory.
        given: u64,
    },
    /// The verdict does not allow the model that was read, or is about another one.
    #[error("the model that was read, {held}, was not allowed: the verdict is about {judged}")]
    NotAllowed {
        /// The digest of what was read.
        held: Digest,
        /// The digest that the verdict is about.
        judged: Digest,
    },
    /// A private folder could not be used.
    #[error("cannot use the private folder {}", .path.display())]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder for programs could not be made.
    #[error("cannot make the sealed view at {}", .path.display())]
    View {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program could not be started.
    #[error("cannot start {program}")]
    Start {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Artifact(error) => error.code(),
            Self::Memory { .. } => MEMORY,
            Self::Seal { .. } => NOT_SEALED,
            Self::LeafDiffers { .. } => TAMPERED,
            Self::OtherTable | Self::OtherLeaves { .. } => LEAVES,
            Self::NoSuchRange { .. } | Self::OtherSize { .. } => RANGE,
            Self::NotAllowed { .. } => NOT_ALLOWED,
            Self::Folder { .. } => FOLDER,
            Self::View { .. } => VIEW,
            Self::Start { .. } => START,
        }
    }
}

/// What `explain` says of this crate's codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: MEMORY,
        outcome: Outcome::CouldNotWork,
        what: "the files of the model together are larger than the memory that is available",
        why: "a guarded load keeps the verified bytes in memory, because a file on disk can change after it was checked",
        example: "a model of 140 GB in a container that is allowed 64 GiB",
        fix: "give the container or the machine more memory, or load a quantised model",
    },
    Explanation {
        code: NOT_SEALED,
        outcome: Outcome::CouldNotWork,
        what: "a file could not be put into memory that nobody can change: the system refused, or another process holds \
               the memory open for writing",
        why: "bytes that somebody can still change are not the bytes that were verified",
        example: "a process of the same user that opens a file of /proc/PID/fd of the loader while it reads",
        fix: "look at the cause, and which process of this user looks into others; Linux 5.1 or later is needed",
    },
    Explanation {
        code: VIEW,
        outcome: Outcome::CouldNotWork,
        what: "the private folder through which programs read the verified bytes could not be made, its links lead nowhere, or \
               another user could put a folder of theirs in its place",
        why: "without it a program would have to open the files on disk again, which may be other files by then",
        example: "/proc is not mounted in the container, or the process forbids to be looked at (PR_SET_DUMPABLE)",
        fix: "mount /proc, and let TMPDIR or XDG_RUNTIME_DIR name a folder that this user may write to, and others may not \
              unless it is sticky",
    },
    Explanation {
        code: LEAVES,
        outcome: Outcome::No,
        what: "a leaf table cannot stand in for the digests of files: it belongs to another signature, or its leaves are not \
               those of the signed files",
        why: "whoever reads a part of a file by its leaves relies on them alone; leaves of other bytes would let other bytes in",
        example: "a model that was signed again, and reads with the leaf table of the version before",
        fix: "sign model and leaves together again, or read whole files:  weightlock sign --leaves --replace --key KEY MODEL",
    },
    Explanation {
        code: RANGE,
        outcome: Outcome::Usage,
        what: "bytes were asked for that the file does not have, or of a file that the signature does not list, or the memory \
               for a file has another size",
        why: "only what was signed can be read; beyond it there is nothing that anybody vouched for",
        example: "a tensor whose offsets lie behind the end of the file",
        fix: "look at the header of the file, which is verified before anything else of it",
    },
    Explanation {
        code: NOT_ALLOWED,
        outcome: Outcome::No,
        what: "the verdict does not allow the bytes that were read, or is about other bytes",
        why: "only what was judged is handed out; a verdict about a digest says nothing about any other",
        example: "a program that judges one folder and asks for another one to be loaded by that verdict",
        fix: "have the model judged and read in one act:  weightlock run --policy POLICY --model MODEL -- PROGRAM {model}",
    },
    Explanation {
        code: FOLDER,
        outcome: Outcome::CouldNotWork,
        what: "the folder in which processes of one user find each other's verified bytes cannot be used: it is a link, belongs \
               to somebody else, lets others in, or cannot be made",
        why: "whoever can write there could pass other bytes off as verified",
        example: "somebody made /tmp/weightlock-1000 before this user did",
        fix: "set XDG_RUNTIME_DIR to a folder of this user, or name another place",
    },
    Explanation {
        code: START,
        outcome: Outcome::CouldNotWork,
        what: "the program after -- could not be started",
        why: "nothing ran; the model was verified and is not loaded",
        example: "weightlock run --key SIGNER.pub --model ./model -- no-such-server --model {model}",
        fix: "check the name of the program and that it may be executed",
    },
];

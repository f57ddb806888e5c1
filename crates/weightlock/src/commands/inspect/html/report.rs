//! [`Report`]: everything that the page tells, as plain data. What comes from strangers is as they wrote it.

use weightlock_artifact::standing::Standing;
use weightlock_scan::Severity;

use crate::commands::inspect::Inspection;

/// Everything that the page tells.
#[derive(Debug)]
pub(in crate::commands::inspect) struct Report<'a> {
    /// The six answers, and the verdict where a policy holds.
    pub(super) inspection: &'a Inspection,
    /// What the model is, in a line.
    pub(super) headline: String,
    /// The time that stands on the page, where one does.
    pub(super) made: Option<String>,
    /// Whether a policy was asked.
    pub(super) judging: Judging,
    /// What was read, in words.
    pub(super) read: &'static str,
    /// Where sources disagree, a line each.
    pub(super) contradictions: Vec<String>,
    /// Signatures and other statements.
    pub(super) statements: Vec<Statement>,
    /// What the scanner found, and what it did not read.
    pub(super) scanned: Scanned,
    /// The files, in order of paths.
    pub(super) files: Vec<File>,
    /// Tensors by file, in order of paths.
    pub(super) tensors: Vec<TensorFile>,
    /// What the model is made of, or why that is not known.
    pub(super) composition: Composition,
}

/// Whether a policy was asked, and what came of it.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Judging {
    /// None was named, and none holds here.
    NotAsked,
    /// One was, and the model is in no state that could be judged.
    Stopped(Vec<Stop>),
    /// There is a verdict.
    Done,
}

/// Why the judging was stopped.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Stop {
    /// As a code.
    pub(super) code: String,
    /// In words.
    pub(super) why: String,
    /// Where, if that is known.
    pub(super) place: Option<String>,
}

/// A signature or another statement.
#[derive(Debug)]
pub(super) struct Statement {
    /// Its file.
    pub(super) name: String,
    /// What kind of statement it is.
    pub(super) kind: &'static str,
    /// What it says, in a line.
    pub(super) says: String,
    /// Who signed it, or is said to have.
    pub(super) signer: Option<String>,
    /// When it was made, as far as that is known.
    pub(super) made: Option<String>,
    /// Whether it counts.
    pub(super) counts: Counts,
}

/// Whether a statement counts.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Counts {
    /// Its signature was checked, its signer counts for its kind, and it is about exactly these bytes.
    Yes,
    /// It does not.
    No(String),
    /// There is no policy that says whose word counts.
    NotChecked,
}

/// What a scan found.
#[derive(Default, Debug)]
pub(super) struct Scanned {
    /// Findings, the worst first.
    pub(super) findings: Vec<Finding>,
    /// Findings that the scan itself counts and does not list.
    pub(super) left_out: u64,
    /// What was not examined, and why.
    pub(super) gaps: Vec<Gap>,
    /// Gaps that the scan itself counts and does not list.
    pub(super) gaps_left_out: u64,
    /// Files that were looked at.
    pub(super) files: u64,
    /// Bytes that a reader took apart.
    pub(super) explained: u64,
    /// Bytes that a format declares as data.
    pub(super) data: u64,
    /// Bytes that were not examined.
    pub(super) unread: u64,
}

/// A finding.
#[derive(Debug)]
pub(super) struct Finding {
    /// How bad.
    pub(super) severity: Severity,
    /// How sure.
    pub(super) confidence: &'static str,
    /// The rule.
    pub(super) rule: &'static str,
    /// The CWE number.
    pub(super) cwe: u16,
    /// Where: a file, and what lies in it.
    pub(super) place: String,
    /// The byte.
    pub(super) offset: Option<u64>,
    /// The opcode or field that was seen.
    pub(super) construct: Option<String>,
    /// The name that it resolves to.
    pub(super) name: Option<String>,
    /// What was seen.
    pub(super) reason: String,
    /// What to do.
    pub(super) fix: &'static str,
}

/// Something that was not examined.
#[derive(Debug)]
pub(super) struct Gap {
    /// The content.
    pub(super) place: String,
    /// From which byte, and how many.
    pub(super) bytes: Option<(u64, u64)>,
    /// Why, as a code; none for what is no plain file.
    pub(super) code: Option<String>,
    /// Why, in words.
    pub(super) why: String,
}

/// A file.
#[derive(Debug)]
pub(super) struct File {
    /// Its path below the root.
    pub(super) path: String,
    /// Bytes.
    pub(super) size: u64,
    /// What it is by content.
    pub(super) format: String,
    /// SHA-256, where the bytes were hashed.
    pub(super) digest: Option<String>,
}

/// The tensors of a file.
#[derive(Debug)]
pub(super) struct TensorFile {
    /// The file.
    pub(super) path: String,
    /// Its tensors, by name.
    pub(super) tensors: Vec<Tensor>,
}

/// A tensor.
#[derive(Debug)]
pub(super) struct Tensor {
    /// Its name.
    pub(super) name: String,
    /// The type of its elements.
    pub(super) dtype: &'static str,
    /// Its dimensions, outermost first.
    pub(super) shape: Vec<u64>,
    /// Bytes.
    pub(super) bytes: u64,
}

/// What a model is made of.
#[derive(Default, Debug)]
pub(super) struct Composition {
    /// What is known about the model itself.
    pub(super) facts: Vec<Fact>,
    /// Everything else but its files; what relations speak of, by place in this list.
    pub(super) components: Vec<Component>,
    /// How they hang together, and with the model.
    pub(super) relations: Vec<Relation>,
    /// Measured values.
    pub(super) metrics: Vec<Metric>,
    /// What could not be read, a line each.
    pub(super) unread: Vec<String>,
}

/// A fact.
#[derive(Debug)]
pub(super) struct Fact {
    /// Its name.
    pub(super) name: &'static str,
    /// Its values.
    pub(super) values: Vec<String>,
    /// How it is known.
    pub(super) standing: Standing,
    /// Where it is said.
    pub(super) sources: Vec<String>,
}

/// A component.
#[derive(Debug)]
pub(super) struct Component {
    /// Its name.
    pub(super) title: String,
    /// What it is.
    pub(super) kind: &'static str,
    /// What is known about it, the first few.
    pub(super) facts: Vec<Fact>,
    /// Facts that are not among them.
    pub(super) facts_left_out: usize,
}

/// An end of a relation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum End {
    /// The model itself.
    Model,
    /// A component, by its place in the list.
    Component(usize),
}

/// What one component is to another.
#[derive(Debug)]
pub(super) struct Relation {
    /// The one.
    pub(super) from: End,
    /// What it is to the other, in words.
    pub(super) verb: String,
    /// The other.
    pub(super) to: End,
    /// How it is known.
    pub(super) standing: Standing,
    /// Where it is said.
    pub(super) sources: Vec<String>,
}

/// A measured value.
#[derive(Debug)]
pub(super) struct Metric {
    /// What was measured.
    pub(super) metric: String,
    /// The value, as it is written.
    pub(super) value: String,
    /// On what.
    pub(super) on: String,
    /// How it is known.
    pub(super) standing: Standing,
}

impl Composition {
    /// What an end is called.
    pub(super) fn title(&self, end: End) -> &str {
        match end {
            End::Model => "this model",
            End::Component(at) => self.components.get(at).map_or("", |it| it.title.as_str()),
        }
    }

    /// What an end is.
    pub(super) fn kind(&self, end: End) -> &'static str {
        match end {
            End::Model => "model",
            End::Component(at) => self.components.get(at).map_or("", |it| it.kind),
        }
    }
}

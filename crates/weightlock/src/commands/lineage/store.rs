//! Reading stores: the statements and bills of materials that lie in folders.
//!
//! A file is taken for one by what is in it, not by its name: an in-toto statement, a DSSE envelope's bundle, lines of either,
//! `CycloneDX` or SPDX. What lies in an evidence folder and cannot be read is told; of other files only those that say they are
//! statements and are not.

use std::{
    fs,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    digest::{Algorithm, Digest},
    evidence::{EvidenceName, Kind, Store},
    input,
    path::ArtifactPath,
    standing::Standing,
};
use weightlock_bom::lineage::{
    Builder, Lineage, NodeId, SourceId, TooLarge, document,
    statement::{self, Subjects, Told},
};
use weightlock_signing::{
    SignersByKind,
    predicate::types,
    statement::{Statement, read_unverified},
};

use super::TOO_LARGE;
use crate::{
    commands::evidence::found::said_signer,
    context::Context,
    diagnostic::Diagnostic,
    flags::{SignersFlags, TrustFlags},
    sources,
};

/// Entries of all folders together.
const MOST_ENTRIES: usize = 1_000_000;
/// Folders within each other.
const DEEPEST: usize = 32;
/// Bytes that are looked at to tell whether a file may be a statement.
const HEAD: u64 = 4096;
/// What each statement and each bundle has at its beginning.
const STATEMENTS: [&[u8]; 4] = [b"in-toto", b"dsseEnvelope", b"payloadType", b"sigstore.bundle"];
/// What each bill of materials has at its beginning, or at its end.
const DOCUMENTS: [&[u8]; 3] = [b"\"bomFormat\"", b"\"spdxVersion\"", b"spdx.org/rdf/3"];

/// What was read.
#[derive(Debug, Default, Clone, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadStores {
    /// Statements that were read, of any standing.
    pub statements: usize,
    /// Bills of materials that were read beside them, outside of any statement.
    pub documents: usize,
    /// Those among them that count: signed by somebody whose word counts for their kind.
    pub verified: usize,
    /// Whether anybody was named whose statements count. Then only those tell whether a chain is whole.
    pub are_signers_named: bool,
    /// Statements that do not count although somebody was named; what they say is taken for a claim.
    pub not_counted: Vec<NotCountedFile>,
    /// What could not be read, and so is missing from the answer.
    pub not_read: Vec<NotCountedFile>,
}

/// A file and why nothing, or less, came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotCountedFile {
    /// The file.
    pub path: String,
    /// Why.
    pub why: String,
}

/// Reads every statement of the stores.
pub(super) fn read(
    stores: &[PathBuf],
    signers: &SignersFlags,
    trust: &TrustFlags,
    context: &Context,
) -> Result<(Lineage, ReadStores), Vec<Diagnostic>> {
    let now = context.now();
    let default = SignersFlags::default_trust(trust, None, now)?;
    let is_anybody_named = default.is_some() || !signers.signer_for.is_empty();
    let signers = is_anybody_named
        .then(|| signers.signers(default, trust, now))
        .transpose()?;
    let mut reading = Reading {
        signers,
        builder: Builder::default(),
        read: ReadStores {
            are_signers_named: is_anybody_named,
            ..ReadStores::default()
        },
        entries: 0,
    };
    for store in stores {
        let kind =
            fs::symlink_metadata(store).map_err(|error| Diagnostic::from(Error::io("read", store, error)))?;
        if kind.is_dir() {
            reading.folder(store, context)?;
        } else {
            reading.file(store, true)?;
        }
    }
    Ok((reading.builder.finish(), reading.read))
}

struct Reading {
    signers: Option<SignersByKind>,
    builder: Builder,
    read: ReadStores,
    entries: usize,
}

impl Reading {
    /// Every file below a folder, in order of names. Links are not followed.
    fn folder(&mut self, folder: &Path, context: &Context) -> Result<(), Diagnostic> {
        let mut due = vec![(folder.to_owned(), 0_usize)];
        while let Some((folder, depth)) = due.pop() {
            if context.is_stopped() {
                return Err(Error::Interrupted.into());
            }
            let mut below = Vec::new();
            for entry in self.entries(&folder)? {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() && depth < DEEPEST {
                    below.push((entry.path(), depth + 1));
                } else if kind.is_dir() {
                    self.not_read(&entry.path(), "it lies deeper than is looked");
                } else if kind.is_file() {
                    self.file(&entry.path(), false)?;
                }
            }
            due.extend(below.into_iter().rev());
        }
        Ok(())
    }

    fn entries(&mut self, folder: &Path) -> Result<Vec<fs::DirEntry>, Diagnostic> {
        let listed = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(error) => {
                self.not_read(folder, error);
                return Ok(Vec::new());
            }
        };
        self.entries = self.entries.saturating_add(entries.len());
        if self.entries > MOST_ENTRIES {
            return Err(Diagnostic::new(
                TOO_LARGE,
                format!("the stores hold more than {MOST_ENTRIES} files"),
            )
            .at(sources::shown(folder))
            .help("name the folders that hold statements, rather than all that is above them"));
        }
        entries.sort_by_key(fs::DirEntry::file_name);
        Ok(entries)
    }

    fn not_read(&mut self, path: &Path, why: impl ToString) {
        self.read.not_read.push(NotCountedFile {
            path: sources::shown(path),
            why: why.to_string(),
        });
    }

    /// Reads a file that may be a statement. `is_named` is whether the user means this very file.
    fn file(&mut self, path: &Path, is_named: bool) -> Result<(), Diagnostic> {
        let evidence = evidence_name(path);
        let is_meant = is_named || evidence.is_some();
        let looks = Looks::of(path);
        if !is_meant && looks == Looks::Other {
            return Ok(());
        }
        let limit = usize::try_from(Store::MAX_BYTES).unwrap_or(usize::MAX);
        let bytes = match input::read_at_most(path, limit) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.not_read(path, error);
                return Ok(());
            }
        };
        let kind = match evidence {
            // A leaf table is no statement, and a signature tells nothing about lineage.
            Some(EvidenceName::Leaves(_) | EvidenceName::Statement(Kind::Oms, _)) => return Ok(()),
            Some(EvidenceName::Statement(kind, _)) => Some(kind),
            None => None,
        };
        if evidence.is_none() && looks == Looks::Document {
            return self.document(path, &bytes);
        }
        let lines: Vec<&[u8]> = match whole(&bytes) {
            true => vec![&bytes],
            false => bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.trim_ascii().is_empty())
                .collect(),
        };
        for line in lines {
            self.statement(path, line, kind)?;
        }
        Ok(())
    }

    /// Adds one statement: verified where it counts, claimed where it can only be read.
    fn statement(&mut self, path: &Path, text: &[u8], kind: Option<Kind>) -> Result<(), Diagnostic> {
        let shown = sources::shown(path);
        let vouched = self.signers.as_ref().map(|signers| signers.vouch(text, kind));
        let (read, standing, by) = match vouched {
            Some(Ok(evidence)) => {
                let by = read_unverified(text).map_or_else(|_| String::new(), |it| said_signer(&it.material));
                (
                    evidence.statement().clone(),
                    Standing::Verified,
                    format!(", signed by {by}"),
                )
            }
            other => match claimed(text) {
                Ok(statement) => {
                    if let Some(Err(why)) = other {
                        self.read.not_counted.push(NotCountedFile {
                            path: shown.clone(),
                            why: why.to_string(),
                        });
                    }
                    (statement, Standing::Declared, String::new())
                }
                Err(why) => {
                    self.not_read(path, why);
                    return Ok(());
                }
            },
        };
        self.read.statements += 1;
        self.read.verified += usize::from(standing == Standing::Verified);
        let source = self.builder.source(format!("{shown}{by}"));
        let told = Told {
            statement: &read,
            document: Algorithm::Sha256.digest(text),
            subjects: match kind {
                Some(_) => Subjects::Model,
                None => Subjects::of(&read),
            },
            standing,
            source,
        };
        let about = statement::read(&mut self.builder, &told).map_err(|error| too_large(path, error))?;
        if types::kind_of(&read.predicate_type) == Kind::Bom {
            let text = serde_json::to_vec(&read.predicate).unwrap_or_default();
            let model = read.subjects.first().map(|it| it.sha256);
            self.bill(path, &text, model, source)?;
        }
        if let Some(node) = about {
            self.builder.place(node, &place(path));
        }
        Ok(())
    }
}

impl Reading {
    /// A bill of materials that nobody signed.
    fn document(&mut self, path: &Path, text: &[u8]) -> Result<(), Diagnostic> {
        let source = self.builder.source(sources::shown(path));
        if let Some(node) = self.bill(path, text, None, source)? {
            self.builder.place(node, &sources::shown(path));
            self.read.documents += 1;
        }
        Ok(())
    }

    /// Adds what a bill of materials says. `about` is the model that a statement with it is about.
    fn bill(
        &mut self,
        path: &Path,
        text: &[u8],
        about: Option<Digest>,
        source: SourceId,
    ) -> Result<Option<NodeId>, Diagnostic> {
        match weightlock_bom::document::read::read(text, &sources::shown(path)) {
            Ok(foreign) => {
                let graph = foreign.graph();
                document::read(&mut self.builder, &graph, about, foreign.digest, source)
                    .map_err(|error| too_large(path, error))
            }
            Err(why) => {
                self.not_read(path, told(&why));
                Ok(None)
            }
        }
    }
}

fn too_large(path: &Path, error: TooLarge) -> Diagnostic {
    Diagnostic::new(TOO_LARGE, format!("the stores tell of {error}")).at(sources::shown(path))
}

/// An error with what lies behind it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text += &format!(": {inner}");
        source = inner.source();
    }
    text
}

/// What a file in an evidence folder is, by its name.
fn evidence_name(path: &Path) -> Option<EvidenceName> {
    let names: Vec<&str> = path
        .components()
        .rev()
        .take(3)
        .filter_map(|it| it.as_os_str().to_str())
        .collect();
    let [name, folder, above] = names.as_slice() else {
        return None;
    };
    if *above != ".weightlock" && !above.ends_with(".weightlock") {
        return None;
    }
    let inside = ArtifactPath::parse(format!("{folder}/{name}")).ok()?;
    EvidenceName::parse(&inside).ok()
}

/// Where the thing lies that a statement is about: beside the evidence folder, or with the statement.
fn place(path: &Path) -> String {
    let above = |path: &Path, levels: usize| path.ancestors().nth(levels).map(Path::to_owned);
    let model = evidence_name(path).and_then(|_| {
        let folder = above(path, 2)?;
        let name = folder.file_name()?.to_str()?.to_owned();
        match name.strip_suffix(".weightlock")? {
            "" => above(&folder, 1),
            model => Some(folder.with_file_name(model)),
        }
    });
    sources::shown(&model.unwrap_or_else(|| path.to_owned()))
}

/// What a file is, by its beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    Statement,
    Document,
    Other,
}

impl Looks {
    fn of(path: &Path) -> Self {
        let known = ["json", "jsonl", "jsonld", "bundle", "sigstore", "att"];
        let is_json = path
            .extension()
            .is_some_and(|it| known.iter().any(|known| it == *known));
        if !is_json {
            return Self::Other;
        }
        let Ok((head, tail)) = ends(path) else {
            return Self::Other;
        };
        let has = |text: &[u8], sign: &[u8]| text.windows(sign.len()).any(|window| window == sign);
        if STATEMENTS.iter().any(|sign| has(&head, sign)) {
            Self::Statement
        } else if DOCUMENTS.iter().any(|sign| has(&head, sign) || has(&tail, sign)) {
            Self::Document
        } else {
            Self::Other
        }
    }
}

/// The beginning and the end of a file. Libraries that sort members by name write what a document is behind all of its components.
fn ends(path: &Path) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut file = input::open(path)?;
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    let size = file.metadata()?.len();
    if size > HEAD {
        file.seek(SeekFrom::Start(size.saturating_sub(HEAD)))?;
        file.take(HEAD).read_to_end(&mut tail)?;
    }
    Ok((head, tail))
}

/// Whether the text is one JSON document, and no lines of several.
fn whole(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// A statement that nobody vouches for: in a bundle, or bare.
fn claimed(text: &[u8]) -> Result<Statement, String> {
    match read_unverified(text) {
        Ok(claimed) => Ok(claimed.statement),
        Err(of_bundle) => match Statement::parse_unverified(text) {
            Ok(statement) => Ok(statement),
            Err(_) if text.windows(12).any(|it| it == b"dsseEnvelope") => Err(of_bundle.to_string()),
            Err(of_statement) => Err(of_statement.to_string()),
        },
    }
}

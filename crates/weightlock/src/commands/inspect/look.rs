//! Looking at a model: the headers of weights, the configuration, and what the scanner makes of every file. The numbers
//! of the weights are not read, and nothing is hashed.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use weightlock_artifact::{
    Error,
    evidence::Kind,
    inventory::{Entry, Inventory, Irregular, Links, Scope},
    path::ArtifactPath,
};
use weightlock_bom::{
    extract::is_private,
    graph::{Graph, Property},
};
use weightlock_format::{
    Problem,
    model::{Facts, ModelSummary, examine, summarise},
};
use weightlock_scan::Report;
use weightlock_signing::{
    Refusal,
    bundle::{Bundle, Material},
    certificate::Certificate,
    predicate::types,
    reason::UNSIGNED,
};

use super::contradictions::Bom;
use crate::{
    commands::{
        bom::model::Unhashed,
        evidence::{found::Found, summary},
        scan, target,
    },
    context::Context,
    diagnostic::Diagnostic,
    layout::{self, Opened},
};

/// Tensors of all files together. The largest published models have about 100 000; each costs some hundred bytes
/// of memory while the model is looked at.
const MOST_TENSORS: u64 = 2_000_000;

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Seen {
    /// What the target is.
    pub(super) opened: Opened,
    pub(super) inventory: Arc<Inventory>,
    pub(super) summary: ModelSummary,
    /// What the header or the configuration of each file says.
    pub(super) facts: Vec<(ArtifactPath, Facts)>,
    pub(super) signature: Signature,
    /// What the scanner found, with its default settings.
    pub(super) scan: Report,
    /// Statements that lie with it; claimed, and not checked.
    pub(super) stated: Stated,
    /// What the files say of themselves.
    pub(super) graph: Graph,
}

/// The statements that lie with a model, as far as they could be listed. Nobody checked any.
#[derive(Debug)]
pub(super) struct Stated(Result<Vec<Claimed>, Diagnostic>);

/// A statement that nobody checked.
#[derive(Debug)]
struct Claimed {
    /// Its kind, by its type; by its name where it cannot be read.
    kind: Kind,
    /// What it claims, in a line.
    claims: String,
    /// The document of a bill of materials, where it can be read and could be about these files.
    document: Option<Bom>,
}

/// The signature that lies with the model.
#[derive(Debug)]
pub(in crate::commands) enum Signature {
    /// There is none.
    None,
    /// Something is there that could not be read: a link, a folder, a file that nobody may open. What it is, is not known.
    Unreadable(Box<Diagnostic>),
    /// Something is there that is no signature of a model.
    Broken(Refusal),
    /// Made with a key; the hint tells keys apart and proves nothing.
    Key(Option<String>),
    /// Made with a certificate that names this subject.
    Certificate(String),
    /// Made with a Sigstore identity.
    Sigstore,
}

impl Seen {
    /// Looks at a model. A broken file is part of what is seen.
    pub(super) fn look(target: &Path, context: &Context) -> Result<Self, Diagnostic> {
        let opened = layout::open(target, Links::Refused)?;
        let inventory = Arc::new(Inventory::walk(opened.root.reopen()?, &Scope::model())?);
        let facts = facts(&inventory, inventory.entries())?;
        Ok(Self {
            summary: without_private(summarise(&facts)),
            signature: signature(&inventory),
            scan: scan::of_model(&inventory, context)?,
            stated: Stated::about(&inventory),
            graph: Unhashed::in_inventory(&inventory, context)?,
            opened,
            inventory,
            facts,
        })
    }

    /// What the files say of the model under a property, as text.
    pub(super) fn said(&self, property: Property) -> Vec<String> {
        let subject = self.graph.component(self.graph.subject());
        let claims = subject.into_iter().flat_map(|it| it.claims(property));
        let told = claims.filter(|claim| !claim.is_private);
        told.filter_map(|claim| claim.value.as_text().map(str::to_owned))
            .collect()
    }

    /// Trained numbers, where what they are packed into can be told.
    pub(super) fn parameters(&self) -> Option<u64> {
        let is_weights = |name: &str| name.ends_with(".safetensors") || name.ends_with(".gguf");
        let is_partial = self
            .summary
            .problems
            .iter()
            .any(|(file, _)| is_weights(file.as_str()));
        if is_partial || !self.summary.missing.is_empty() {
            return None;
        }
        let subject = self.graph.component(self.graph.subject())?;
        let counted = subject.claims(Property::Parameters).iter();
        counted
            .filter_map(|claim| claim.value.as_number())
            .find(|count| *count > 0)
    }

    /// What is in the folder and is no plain file, so that it was not looked at.
    pub(super) fn irregular(&self) -> &[Irregular] {
        self.inventory.irregular()
    }
}

/// What the files say of their making, without paths on somebody's machine; and without the word that says that there is a licence of
/// another name, where that name is there.
fn without_private(mut summary: ModelSummary) -> ModelSummary {
    let told = |name: String| {
        if is_private(&name) {
            "a path on its maker's machine".to_owned()
        } else {
            name
        }
    };
    summary.base_models = summary.base_models.into_iter().map(told).collect();
    if summary.licenses.len() > 1 {
        summary.licenses.remove("other");
    }
    summary
}

impl Stated {
    /// What lies with a model, and what each claims. Nothing was hashed, so that only other names of files show that it is about
    /// another model.
    fn about(inventory: &Inventory) -> Self {
        let here: BTreeSet<&str> = inventory.entries().iter().map(|it| it.path.as_str()).collect();
        let found = Found::about(inventory.root());
        Self(found.map(|found| found.iter().map(|it| Claimed::of(it, &here)).collect()))
    }

    /// What the statements of a kind claim, a line each; why it is not known whether there is one, where that is so.
    pub(super) fn of(&self, kind: Kind) -> Result<Vec<&str>, &Diagnostic> {
        let all = self.0.as_ref()?.iter().filter(|it| it.kind == kind);
        Ok(all.map(|it| it.claims.as_str()).collect())
    }

    /// The bills of materials that could be about these files.
    pub(super) fn boms(&self) -> Vec<Bom> {
        let all = self.0.iter().flatten();
        all.filter_map(|it| it.document.clone()).collect()
    }
}

impl Claimed {
    fn of(found: &Found, here: &BTreeSet<&str>) -> Self {
        let claimed = match found.claimed() {
            Ok(claimed) => claimed,
            Err(why) => {
                return Self {
                    kind: found.kind.unwrap_or(Kind::Other),
                    claims: format!("{}: {}", found.name, why.why),
                    document: None,
                };
            }
        };
        let statement = &claimed.statement;
        let mut subjects = statement.subjects.iter();
        let about = subjects
            .next()
            .map_or_else(String::new, |it| it.sha256.to_string());
        let files: BTreeSet<&str> = subjects.map(|it| it.name.as_str()).collect();
        let is_other = !files.is_empty() && files != *here;
        let other = if is_other {
            ", and of other files than are here"
        } else {
            ""
        };
        let kind = types::kind_of(&statement.predicate_type);
        let is_bom = kind == Kind::Bom && !is_other;
        Self {
            kind,
            claims: format!(
                "{}: claims {}, of {about}{other}; not checked",
                found.name,
                summary::of(statement)
            ),
            document: is_bom.then(|| (found.name.clone(), statement.predicate.clone())),
        }
    }
}

/// What the headers and the configuration of some files of a folder say.
pub(in crate::commands) fn facts<'a>(
    inventory: &Inventory,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<Vec<(ArtifactPath, Facts)>, Error> {
    let mut tensors = 0;
    let mut all = Vec::new();
    for entry in entries {
        let mut file = inventory.root().open_file(&entry.path)?;
        let shown = || inventory.root().join(entry.path.as_str());
        let facts = examine(&entry.path, &mut file).map_err(|source| Error::io("read", &shown(), source))?;
        tensors += count(&facts);
        let facts = if tensors > MOST_TENSORS {
            Facts::Broken(Problem::LimitExceeded {
                offset: 0,
                what: "the number of tensors of all files so far",
                asked: tensors,
                limit: MOST_TENSORS,
            })
        } else {
            facts
        };
        all.push((entry.path.clone(), facts));
    }
    Ok(all)
}

fn count(facts: &Facts) -> u64 {
    match facts {
        Facts::Safetensors(header) => header.layout().tensors().len() as u64,
        Facts::Gguf(header) => header.layout().tensors().len() as u64,
        _ => 0,
    }
}

/// The signature that lies with a model, in it or beside it, read by the rules of `verify`; nothing of it is checked.
pub(in crate::commands) fn signature(inventory: &Inventory) -> Signature {
    let root = inventory.root();
    let bundle = match target::in_image(root) {
        Some(bundle) => bundle,
        None => match target::signature(root, None) {
            Err(told) if told.code() == UNSIGNED => return Signature::None,
            found => found.map(|found| found.bundle),
        },
    };
    match bundle {
        Ok(text) => parse(&text),
        Err(told) => Signature::Unreadable(Box::new(told)),
    }
}

fn parse(text: &[u8]) -> Signature {
    match Bundle::parse(text).map(|bundle| bundle.material) {
        Err(refusal) => Signature::Broken(refusal),
        Ok(Material::PublicKey { hint }) => Signature::Key(hint),
        Ok(Material::Sigstore(_)) => Signature::Sigstore,
        Ok(Material::Certificates(chain)) => match chain.first().map(|der| Certificate::from_der(der)) {
            Some(Ok(leaf)) => Signature::Certificate(leaf.subject()),
            Some(Err(error)) => Signature::Broken(error.into()),
            None => Signature::Broken(Refusal::NoMaterial),
        },
    }
}

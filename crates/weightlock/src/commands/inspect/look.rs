//! Looking at a model: the headers of weights, the configuration, and what the scanner makes of every file. The numbers
//! of the weights are not read, and nothing is hashed.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use weightlock_artifact::{
    Error,
    error::NOT_FOUND,
    evidence::Kind,
    input,
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
    /// Bills of materials that lie with it; claimed, and not checked.
    pub(super) boms: Vec<Claimed>,
    /// What the files say of themselves.
    pub(super) graph: Graph,
}

/// A bill of materials that nobody checked.
#[derive(Debug)]
pub(super) struct Claimed {
    /// What it claims, in a line.
    pub(super) claims: String,
    /// Its document, where it can be read.
    pub(super) document: Option<Bom>,
}

/// The signature that lies with the model. Here is where a verified one will have its own variant.
#[derive(Debug)]
pub(in crate::commands) enum Signature {
    /// There is none.
    None,
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
            signature: signature(&inventory)?,
            scan: scan::of_model(&inventory, context)?,
            boms: boms(&inventory),
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

/// The bills of materials that lie with a model: what each claims, and what it is about. Nothing was hashed, so that only other
/// names of files show that it is about another model.
fn boms(inventory: &Inventory) -> Vec<Claimed> {
    let here: BTreeSet<&str> = inventory.entries().iter().map(|it| it.path.as_str()).collect();
    let found = match Found::about(inventory.root()) {
        Ok(found) => found,
        Err(told) => {
            return vec![Claimed {
                claims: told.message().to_owned(),
                document: None,
            }];
        }
    };
    let boms = found.iter().filter(|it| it.kind == Some(Kind::Bom));
    let told = boms.map(|it| match it.claimed() {
        Err(why) => Claimed {
            claims: format!("{}: {}", it.name, why.why),
            document: None,
        },
        Ok(claimed) => {
            let statement = &claimed.statement;
            let mut subjects = statement.subjects.iter();
            let about = subjects
                .next()
                .map_or_else(String::new, |it| it.sha256.to_string());
            let files: BTreeSet<&str> = subjects.map(|it| it.name.as_str()).collect();
            let is_other = !files.is_empty() && files != here;
            let other = if is_other {
                ", and of other files than are here"
            } else {
                ""
            };
            let says = summary::of(statement);
            Claimed {
                claims: format!("{}: claims {says}, of {about}{other}; not checked", it.name),
                document: (!is_other).then(|| (it.name.clone(), statement.predicate.clone())),
            }
        }
    });
    told.collect()
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

/// The signature that lies with a model; nothing of it is checked.
pub(in crate::commands) fn signature(inventory: &Inventory) -> Result<Signature, Error> {
    if let Some(text) = target::in_image(inventory.root()) {
        return Ok(match text {
            Ok(text) => parse(&text),
            Err(_) => Signature::Broken(Refusal::NoMaterial),
        });
    }
    for store in target::stores(inventory.root()) {
        match input::read_at_most(store.signature(), Bundle::MAX_BYTES) {
            Ok(text) => return Ok(parse(&text)),
            Err(error) if error.code() == NOT_FOUND => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Signature::None)
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

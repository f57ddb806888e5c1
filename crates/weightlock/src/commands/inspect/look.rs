//! Looking at a model: the headers of weights, the configuration, and what the scanner makes of every file. The numbers
//! of the weights are not read, and nothing is hashed.

use std::{path::Path, sync::Arc};

use weightlock_artifact::{
    Error,
    error::NOT_FOUND,
    input,
    inventory::{Entry, Inventory, Irregular, Links, Root, Scope},
    path::ArtifactPath,
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

use crate::{
    commands::{scan, target},
    context::Context,
    diagnostic::Diagnostic,
};

/// Tensors of all files together. The largest published models have about 100 000; each costs some hundred bytes
/// of memory while the model is looked at.
const MOST_TENSORS: u64 = 2_000_000;

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) inventory: Arc<Inventory>,
    pub(super) summary: ModelSummary,
    pub(super) signature: Signature,
    /// What the scanner found, with its default settings.
    pub(super) scan: Report,
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
        let root = Root::open(target, Links::Refused)?;
        let inventory = Arc::new(Inventory::walk(root, &Scope::model())?);
        let facts = facts(&inventory, inventory.entries())?;
        Ok(Self {
            summary: summarise(&facts),
            signature: signature(&inventory)?,
            scan: scan::of_model(&inventory, context)?,
            inventory,
        })
    }

    /// What is in the folder and is no plain file, so that it was not looked at.
    pub(super) fn irregular(&self) -> &[Irregular] {
        self.inventory.irregular()
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

/// The signature that lies with a model; nothing of it is checked.
pub(in crate::commands) fn signature(inventory: &Inventory) -> Result<Signature, Error> {
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

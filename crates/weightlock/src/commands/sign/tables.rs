//! What is signed beside the signature, and could stand in for digests of files: the leaf table, and fs-verity digests.

use weightlock_artifact::{
    evidence::{Kind, Store, StoreError},
    inventory::RootKind,
    manifest::{Manifest, Subject},
};
use weightlock_signing::{oms::model::Prepared, predicate::leaves, statement::Statement};

use crate::diagnostic::Diagnostic;

/// Statements ready to be written.
pub(super) struct Tables {
    /// The leaf table and the bundle about it.
    leaves: Option<(Vec<u8>, Vec<u8>)>,
    /// The bundle with the fs-verity digests.
    verity: Option<Vec<u8>>,
}

/// Where they were written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) leaves: Option<String>,
    pub(super) verity: Option<String>,
}

impl Tables {
    /// Signs what was prepared.
    pub(super) fn sign<E>(
        prepared: &Prepared,
        sign: &mut dyn FnMut(&Statement) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let leaves = prepared.leaves.as_ref().map(|table| {
            let subjects = subjects(prepared, table.manifest());
            let table = table.to_bytes();
            let bundle = sign(&leaves::statement(subjects, &table))?;
            Ok((table, bundle))
        });
        let verity = prepared.verity.as_ref().map(|list| {
            let subjects = subjects(prepared, list.manifest());
            sign(&list.statement(subjects))
        });
        Ok(Self {
            leaves: leaves.transpose()?,
            verity: verity.transpose()?,
        })
    }

    /// Writes them into the model's evidence.
    pub(super) fn write(&self, store: &Store) -> Result<Written, Diagnostic> {
        let failed = |error: StoreError| Diagnostic::of(error.code(), &error);
        let add = |kind: Kind, bundle: &[u8]| {
            let name = store.add_statement(kind, bundle).map_err(failed)?;
            Ok::<_, Diagnostic>(store.folder().join(name.to_string()).display().to_string())
        };
        let mut written = Written::default();
        if let Some((table, bundle)) = &self.leaves {
            store.add_leaves(table).map_err(failed)?;
            written.leaves = Some(add(Kind::Leaves, bundle)?);
        }
        if let Some(bundle) = &self.verity {
            written.verity = Some(add(Kind::Verity, bundle)?);
        }
        Ok(written)
    }
}

/// The model, and its files; for a model that is one file, that file.
fn subjects(prepared: &Prepared, manifest: &Manifest) -> Vec<Subject> {
    let root = prepared.inventory.root();
    let name = root.base_name();
    match (root.kind(), manifest.files()) {
        (RootKind::File(_), [file]) => vec![Subject {
            name,
            sha256: *file.sha256(),
        }],
        _ => manifest.subjects(&name),
    }
}

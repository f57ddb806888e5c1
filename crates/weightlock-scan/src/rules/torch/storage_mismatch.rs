//! `torch-storage-mismatch`: what a pickle says of storages and tensors does not fit the bytes that are there.

use crate::{
    Severity,
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Storages and tensors do not fit the bytes.
pub(super) const RULE: Rule = Rule {
    id: "torch-storage-mismatch",
    title: "tensor does not fit the bytes that are there",
    worst: Severity::High,
    cwe: 125,
    what: "a PyTorch container describes a storage with more bytes than its record has, or a tensor that reaches beyond \
           its storage, with negative or overflowing numbers, or an assignment of items to a storage",
    why: "loaders that believe these numbers read or write memory that is not the tensor's, even with weights_only=True",
    example: "a persistent id that states 268435456 floats for a record of 64 bytes",
    fix: "do not load the file; fetch it again from its publisher and compare the digest",
    references: &["CVE-2026-24747"],
    check: Check::Torch(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::StorageSize { key, stated, record } => Some(size(*stated, *record).named(key.as_str())),
        Seen::TensorOutside {
            key,
            elements,
            reached,
        } => {
            let reason = match reached {
                Some(reached) => {
                    format!("a tensor reaches {reached} elements into a storage that has {elements}")
                }
                None => "a tensor is described with negative or overflowing numbers".to_owned(),
            };
            Some(Judgement::new(Severity::High, reason).named(key.as_str()))
        }
        Seen::StorageFilled => Some(Judgement::new(Severity::High, "items are assigned to a storage")),
        _ => None,
    }
}

fn size(stated: Option<u64>, record: Option<u64>) -> Judgement {
    match (stated, record) {
        (None, _) => Judgement::new(Severity::High, "the size of a storage is negative or overflows"),
        (Some(stated), None) => {
            let reason = format!("a storage of {stated} bytes is named, and its bytes are not there");
            Judgement::new(Severity::Medium, reason)
        }
        (Some(stated), Some(record)) if stated > record => {
            let reason = format!("a storage states {stated} bytes, and {record} are there");
            Judgement::new(Severity::High, reason)
        }
        (Some(stated), Some(record)) => {
            let reason = format!("a storage states {stated} bytes, fewer than the {record} that are there");
            Judgement::new(Severity::Info, reason)
        }
    }
}

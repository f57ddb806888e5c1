//! Blobs: `sign-blob`, `verify-blob`, `attest-blob`, `verify-blob-attestation`, with cosign's flags and files.
//!
//! | file | holds |
//! |---|---|
//! | `sign`, `verify`, `attest`, `verify_attestation` | one verb each |
//! | `input` | reading the blob, once |
//! | `files` | the files around it: found by name, told apart by content |
//! | `output` | what is written, and what is never replaced |
//! | `trust` | whose signature counts |

pub mod attest;
pub(crate) mod files;
pub(crate) mod input;
pub(crate) mod output;
pub mod sign;
pub(crate) mod trust;
pub mod verify;
pub mod verify_attestation;

use weightlock_signing::{
    blob::{BlobRefusal, SigningFailure},
    sigstore::SigstoreRefusal,
};

use crate::diagnostic::Diagnostic;

/// Why a signature is not accepted, with what helps.
fn refused(refusal: &BlobRefusal, place: &str) -> Diagnostic {
    let told = Diagnostic::of(refusal.code(), refusal).at(place);
    match refusal {
        BlobRefusal::KeyMismatch { found, expected } => told
            .fact("expected", expected)
            .fact("found", found)
            .help("compare with the fingerprint the publisher states:  weightlock key inspect SIGNER.pub"),
        BlobRefusal::Sigstore(SigstoreRefusal::Identity(refusal)) => match refusal.pair() {
            Some((expected, found)) => told.fact("expected", expected).fact("found", found),
            None => told,
        },
        BlobRefusal::Digest { claimed, found } => told
            .fact("signed", claimed.to_string())
            .fact("found", found.to_string()),
        BlobRefusal::Name { found, .. } if found.is_empty() => told.note("the certificate has no name"),
        BlobRefusal::Name { found, .. } => found
            .iter()
            .fold(told, |told, name| told.fact("found", name.as_str())),
        BlobRefusal::Subject { found, claimed } => claimed
            .iter()
            .fold(told.fact("blob", found.to_string()), |told, claimed| {
                told.fact("signed", claimed.as_str())
            }),
        BlobRefusal::Signature(_) => told
            .help("fetch file and signature again; if it stays so, treat the file as not from its publisher"),
        BlobRefusal::Content { found, .. } => told.help(if *found == "a signature" {
            "weightlock verify-blob checks signatures"
        } else {
            "weightlock verify-blob-attestation checks attestations"
        }),
        _ => told,
    }
}

/// Why nothing was signed.
fn unsigned(failure: &SigningFailure) -> Diagnostic {
    let told = Diagnostic::of(failure.code(), failure);
    match failure {
        SigningFailure::Encoding => told.help("weightlock attest-blob signs statements"),
        _ => told,
    }
}

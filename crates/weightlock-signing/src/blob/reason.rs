//! Reason codes of signed blobs, and what `explain` says of them. Codes of signatures, keys and certificates are theirs.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// A file around a signature is larger than is read.
pub const TOO_LARGE: Code = Code::new("WL-BLOB-TOO-LARGE");
/// A file around a signature cannot be read.
pub const MALFORMED: Code = Code::new("WL-BLOB-MALFORMED");
/// A log entry in an old bundle cannot be.
pub const LOG_ENTRY: Code = Code::new("WL-BLOB-LOG-ENTRY");
/// The blob is too large for the kind of key.
pub const TOO_LARGE_TO_HOLD: Code = Code::new("WL-BLOB-TOO-LARGE-TO-HOLD");
/// No signature was found.
pub const UNSIGNED: Code = Code::new("WL-BLOB-UNSIGNED");
/// The signature is for other bytes.
pub const DIGEST: Code = Code::new("WL-BLOB-DIGEST");
/// The signature names a digest that does not go with the key.
pub const ALGORITHM: Code = Code::new("WL-BLOB-ALGORITHM");
/// A signature where an attestation is wanted, or the other way round.
pub const CONTENT: Code = Code::new("WL-BLOB-CONTENT");
/// Two certificates for one signature.
pub const CERTIFICATE: Code = Code::new("WL-BLOB-CERTIFICATE");
/// A timestamp is missing, or there is one too many.
pub const TIMESTAMP: Code = Code::new("WL-BLOB-TIMESTAMP");
/// The certificate is not for the name that was asked for.
pub const NAME: Code = Code::new("WL-BLOB-NAME");
/// The attestation is about something else.
pub const SUBJECT: Code = Code::new("WL-BLOB-SUBJECT");
/// The attestation claims something else.
pub const PREDICATE_TYPE: Code = Code::new("WL-BLOB-PREDICATE-TYPE");
/// The signed payload is no in-toto statement.
pub const STATEMENT: Code = Code::new("WL-BLOB-STATEMENT");
/// Something else lies where a signature would be written.
pub const EXISTS: Code = Code::new("WL-BLOB-EXISTS");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: TOO_LARGE,
        outcome: Outcome::NoAnswer,
        what: "a signature, certificate or timestamp file is larger than any honest one",
        why: "memory is bounded; a signature has some hundred bytes, a certificate a few thousand",
        example: "the blob itself given as --signature",
        fix: "check which file is the signature",
    },
    Explanation {
        code: MALFORMED,
        outcome: Outcome::No,
        what: "a signature, certificate, bundle or timestamp file is not what cosign writes",
        why: "a text that two programs can read differently could be good for one and bad for the other",
        example: "an empty model.gguf.sig, base64 that was cut off, a bundle with the same member twice",
        fix: "fetch the file again; if it stays so, tell the publisher what the message says",
    },
    Explanation {
        code: LOG_ENTRY,
        outcome: Outcome::No,
        what: "the transparency log entry in an old bundle cannot be one",
        why: "the log's own signature covers these values exactly as written",
        example: "an old bundle whose logID is not the SHA-256 of a log's key",
        fix: "fetch the bundle again from its publisher",
    },
    Explanation {
        code: TOO_LARGE_TO_HOLD,
        outcome: Outcome::NoAnswer,
        what: "the blob is too large for an Ed25519 key",
        why: "such a key signs all bytes at once, so they would have to be in memory; 256 MiB are held at most",
        example: "weightlock sign-blob --key ed25519.key model-70b.gguf",
        fix: "sign with a P-256 key, which needs no memory; or sign a list of digests, or attest with attest-blob",
    },
    Explanation {
        code: UNSIGNED,
        outcome: Outcome::No,
        what: "no signature of the blob was named, and none lies beside it",
        why: "without one nothing says who made the file or whether it is still what they made",
        example: "`weightlock verify-blob --key release.pub m.gguf` without m.gguf.sigstore.json, m.gguf.bundle or m.gguf.sig",
        fix: "get the signature from the publisher, and name it with --bundle or --signature",
    },
    Explanation {
        code: DIGEST,
        outcome: Outcome::No,
        what: "the signature is for other bytes than those of the blob",
        why: "the file was changed, or the signature belongs to another one",
        example: "one bit of model.gguf flipped since it was signed",
        fix: "fetch file and signature again; if it stays so, treat the file as not from its publisher",
    },
    Explanation {
        code: ALGORITHM,
        outcome: Outcome::No,
        what: "the bundle names no digest, or one that does not go with the key",
        why: "which hash is used must not be the choice of whoever made the bundle",
        example: "messageDigest with SHA2_512 beside a P-256 key, or without an algorithm",
        fix: "ask the publisher to sign again with a current cosign or Weightlock",
    },
    Explanation {
        code: CONTENT,
        outcome: Outcome::No,
        what: "the file holds an attestation where a signature is wanted, or a signature where an attestation is",
        why: "a signature says \"these bytes\", an attestation says something about them; one must not pass for the other",
        example: "`weightlock verify-blob` with the bundle of `attest-blob`",
        fix: "use verify-blob for a signature and verify-blob-attestation for an attestation",
    },
    Explanation {
        code: CERTIFICATE,
        outcome: Outcome::No,
        what: "two different certificates were given for one signature, or none where one is needed",
        why: "it would be unclear whose signature was checked",
        example: "--certificate a.pem with a bundle that holds b.pem",
        fix: "give the certificate that came with the signature, or leave --certificate out",
    },
    Explanation {
        code: TIMESTAMP,
        outcome: Outcome::No,
        what: "a timestamp of a timestamp authority was demanded and is missing, or was given where there is no place for it",
        why: "a short-lived certificate is good only for the minutes in which it signed, and somebody must say which those were",
        example: "--use-signed-timestamps with a bundle that only a log speaks for",
        fix: "sign with a timestamp authority, or give the file of the timestamp with --rfc3161-timestamp beside a detached signature",
    },
    Explanation {
        code: NAME,
        outcome: Outcome::No,
        what: "the signer's certificate is for another name than the one that was asked for",
        why: "an authority vouches for many people; its certificate for one of them says nothing about another",
        example: "--certificate-identity release@example.com, and the certificate says dev@example.com",
        fix: "check who should have signed; the message tells which names the certificate has",
    },
    Explanation {
        code: SUBJECT,
        outcome: Outcome::No,
        what: "the attestation is not about this blob",
        why: "a true statement about another file says nothing about this one",
        example: "the provenance of last week's build given for this week's file",
        fix: "get the attestation for this file; the message tells what the statement is about",
    },
    Explanation {
        code: PREDICATE_TYPE,
        outcome: Outcome::No,
        what: "the attestation claims something else than was asked for",
        why: "a signed bill of materials must not pass for provenance",
        example: "--type slsaprovenance1, and the statement's predicate type is https://spdx.dev/Document",
        fix: "give the --type that is wanted, or get the right attestation",
    },
    Explanation {
        code: STATEMENT,
        outcome: Outcome::No,
        what: "what was signed is not an in-toto statement that can be read",
        why: "an attestation is judged by its subject and type; without them there is nothing to judge",
        example: "an envelope whose payload is plain text, or a statement without subject",
        fix: "ask the publisher to attest again",
    },
    Explanation {
        code: EXISTS,
        outcome: Outcome::No,
        what: "something else than a signature lies where one would be written",
        why: "a mistyped name must not cost a key, a model or a document",
        example: "--output-signature model.gguf",
        fix: "choose another name; earlier signatures are replaced, other files never",
    },
];

//! Reason codes of signatures and statements, and what `explain` says of them. Keys and certificates have
//! tables of their own next to their code.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// No signature was found.
pub const UNSIGNED: Code = Code::new("WL-SIG-UNSIGNED");
/// The signature file is larger than is read.
pub const TOO_LARGE: Code = Code::new("WL-SIG-TOO-LARGE");
/// The signature file or the statement in it cannot be read.
pub const MALFORMED: Code = Code::new("WL-SIG-MALFORMED");
/// The bundle's version is not known.
pub const MEDIA_TYPE: Code = Code::new("WL-SIG-MEDIA-TYPE");
/// The bundle does not say in exactly one way how it was signed.
pub const MATERIAL: Code = Code::new("WL-SIG-MATERIAL");
/// None or several signatures.
pub const ONE_SIGNATURE: Code = Code::new("WL-SIG-ONE-SIGNATURE");
/// Signed by another method than the one asked for.
pub const METHOD: Code = Code::new("WL-SIG-METHOD");
/// Signed keyless.
pub const NEEDS_IDENTITY: Code = Code::new("WL-SIG-NEEDS-IDENTITY");
/// Signed with another key.
pub const KEY_MISMATCH: Code = Code::new("WL-SIG-KEY-MISMATCH");
/// The signature does not verify.
pub const INVALID: Code = Code::new("WL-SIG-INVALID");
/// The payload is not an in-toto statement.
pub const PAYLOAD_TYPE: Code = Code::new("WL-SIG-PAYLOAD-TYPE");
/// The statement is of another kind or version.
pub const STATEMENT_TYPE: Code = Code::new("WL-SIG-STATEMENT-TYPE");
/// Not exactly one usable subject.
pub const SUBJECT: Code = Code::new("WL-SIG-SUBJECT");
/// The subject is not the digest of the files.
pub const ROOT_DIGEST: Code = Code::new("WL-SIG-ROOT-DIGEST");
/// The statement lists no file.
pub const NO_FILES: Code = Code::new("WL-SIG-NO-FILES");
/// A file is listed twice.
pub const DUPLICATE: Code = Code::new("WL-SIG-DUPLICATE");
/// A listed name leads out of the model or is not canonical.
pub const RESOURCE_NAME: Code = Code::new("WL-SIG-RESOURCE-NAME");
/// An unknown or contradictory digest.
pub const ALGORITHM: Code = Code::new("WL-SIG-ALGORITHM");
/// An unknown serialization method.
pub const SERIALIZATION: Code = Code::new("WL-SIG-SERIALIZATION");
/// Shards do not cover their file.
pub const SHARDS: Code = Code::new("WL-SIG-SHARDS");
/// Ignored paths are unusable or contradict the list of files.
pub const IGNORE_PATHS: Code = Code::new("WL-SIG-IGNORE-PATHS");
/// Files changed, went, or were renamed.
pub const TAMPERED: Code = Code::new("WL-SIG-TAMPERED");
/// Ignored files that a loader could read.
pub const IGNORED_LOADABLE: Code = Code::new("WL-SIG-IGNORED-LOADABLE");
/// A signature is already there.
pub const EXISTS: Code = Code::new("WL-SIG-EXISTS");
/// The certificate belongs to another key.
pub const CERTIFICATE_KEY: Code = Code::new("WL-SIG-CERTIFICATE-KEY");
/// There is nothing to sign.
pub const NOTHING_TO_SIGN: Code = Code::new("WL-SIG-NOTHING-TO-SIGN");
/// No file of the model was selected.
pub const NOTHING_SELECTED: Code = Code::new("WL-SIG-NOTHING-SELECTED");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: UNSIGNED,
        outcome: Outcome::No,
        what: "no signature was found for the model",
        why: "without one nothing says who made the model or whether it is still what they made",
        example: "`weightlock verify --key release.pub ./model`, and neither ./model/model.sig nor ./model.weightlock/model.sig exists",
        fix: "ask the publisher for the signature and name it with --signature, or sign your own model with `weightlock sign`",
    },
    Explanation {
        code: TOO_LARGE,
        outcome: Outcome::NoAnswer,
        what: "the signature file is larger than Weightlock reads (64 MiB)",
        why: "memory is bounded; the signature of the largest public model has a few megabytes",
        example: "a bundle with a million shards, or any other large file given as --signature",
        fix: "check that the file is the signature; sign with larger shards or by file",
    },
    Explanation {
        code: MALFORMED,
        outcome: Outcome::No,
        what: "the signature file, or the statement in it, is not the JSON it should be",
        why: "a text that two programs can read differently, such as one with a repeated key, could be good for one and bad for the other",
        example: "an empty model.sig, a truncated download, a bundle with two members called `payload`",
        fix: "fetch the signature again; if it stays so, tell the publisher what the message says",
    },
    Explanation {
        code: MEDIA_TYPE,
        outcome: Outcome::No,
        what: "the bundle's media type is not one used for this kind of model signature",
        why: "another version can have other rules; guessing them would be checking something else",
        example: "a bundle of a future version 0.9",
        fix: "ask the publisher for a bundle v0.3, or look for a newer Weightlock",
    },
    Explanation {
        code: MATERIAL,
        outcome: Outcome::No,
        what: "the bundle does not say in exactly one way how it was signed",
        why: "with a key and a certificate in one bundle, two verifiers could check two different signers",
        example: "a bundle with both publicKey and x509CertificateChain",
        fix: "fetch the signature again from its publisher",
    },
    Explanation {
        code: ONE_SIGNATURE,
        outcome: Outcome::No,
        what: "the envelope has no signature, or more than one",
        why: "a Sigstore bundle has exactly one; with several, it would be unclear which was checked",
        example: "an envelope whose `signatures` is an empty list",
        fix: "fetch the signature again; further signers sign into .weightlock/evidence instead",
    },
    Explanation {
        code: METHOD,
        outcome: Outcome::No,
        what: "the model was signed by another method than the one it was checked with",
        why: "a key cannot vouch for a certificate, nor the reverse; only the signer you trust counts",
        example: "`weightlock verify --key release.pub ./model` for a model signed with a company certificate",
        fix: "verify by the method the message names, with the trust material of the signer you expect",
    },
    Explanation {
        code: NEEDS_IDENTITY,
        outcome: Outcome::No,
        what: "the model was signed with a Sigstore identity, and a key or certificate was given to check it",
        why: "such a signature says who signed by name and issuer; a key cannot vouch for that",
        example: "`weightlock verify --key release.pub ./model` for a model signed in a CI workflow",
        fix: "say whose signature you expect: --identity NAME --identity-provider URL",
    },
    Explanation {
        code: KEY_MISMATCH,
        outcome: Outcome::No,
        what: "the signature was made with another key than the one given",
        why: "either the key file is the wrong one, or somebody else signed the model",
        example: "verifying with last year's release key",
        fix: "get the publisher's current key over a channel you trust, and compare fingerprints with `weightlock key inspect FILE`",
    },
    Explanation {
        code: INVALID,
        outcome: Outcome::No,
        what: "the signature does not fit the key and the signed bytes",
        why: "the statement was changed after signing, or was never signed by this key",
        example: "one character of the payload was edited",
        fix: "fetch model and signature again; if it stays so, treat the model as not from its publisher",
    },
    Explanation {
        code: PAYLOAD_TYPE,
        outcome: Outcome::No,
        what: "what was signed is not an in-toto statement",
        why: "a signature over something else says nothing about a model",
        example: "an envelope with payload type text/plain",
        fix: "check that the file is the model's signature and not that of something else",
    },
    Explanation {
        code: STATEMENT_TYPE,
        outcome: Outcome::No,
        what: "the signed statement is not a model signature of a known version",
        why: "a validly signed statement of another kind, such as a review, must not pass for a model signature",
        example: "a provenance statement renamed to model.sig",
        fix: "ask the publisher for the model's signature",
    },
    Explanation {
        code: SUBJECT,
        outcome: Outcome::No,
        what: "the statement has not exactly one subject with a SHA-256 digest",
        why: "a model signature is about one model; with several subjects it is unclear about which",
        example: "a statement with two subjects",
        fix: "ask the publisher to sign again with a conforming tool",
    },
    Explanation {
        code: ROOT_DIGEST,
        outcome: Outcome::No,
        what: "the statement's subject is not the digest of the files it lists",
        why: "other systems refer to a model by that digest; a wrong one would make this model pass for another",
        example: "a statement whose subject is all zeros",
        fix: "ask the publisher to sign again with a conforming tool",
    },
    Explanation {
        code: NO_FILES,
        outcome: Outcome::No,
        what: "the statement lists no files",
        why: "it would verify for every folder",
        example: "a signature made over an empty folder",
        fix: "ask the publisher to sign the model itself",
    },
    Explanation {
        code: DUPLICATE,
        outcome: Outcome::No,
        what: "the statement lists one file twice",
        why: "tools disagree on which digest counts, so one of them would load what the other refused",
        example: "config.json listed with two different digests; other verifiers take the last",
        fix: "ask the publisher to sign again with a conforming tool",
    },
    Explanation {
        code: RESOURCE_NAME,
        outcome: Outcome::No,
        what: "the statement lists a name that leads out of the model, or one that is not in canonical form",
        why: "checking ../secrets would read files that are not part of the model; a/./b and a/b would be two names of one file",
        example: "a resource called ../outside.bin",
        fix: "do not use this signature; ask the publisher how it was made",
    },
    Explanation {
        code: ALGORITHM,
        outcome: Outcome::No,
        what: "a digest algorithm is unknown, weak, or contradicts the one declared for the model",
        why: "files of a model could be replaced where the digest can be forged, as with MD5 and SHA-1",
        example: "hash_type md5 with resources that say sha256",
        fix: "ask the publisher to sign with SHA-256",
    },
    Explanation {
        code: SERIALIZATION,
        outcome: Outcome::No,
        what: "the statement's files became digests by a method that is not known",
        why: "the digests cannot be computed again, so nothing can be compared",
        example: "a serialization method called `tensors`",
        fix: "look for a newer Weightlock, or ask the publisher to sign by file",
    },
    Explanation {
        code: SHARDS,
        outcome: Outcome::No,
        what: "the listed shards of a file leave a gap, overlap, or have no usable size",
        why: "bytes that no shard covers could be changed without being noticed",
        example: "shards 0–1000 and 2000–3000 of a file of 3000 bytes",
        fix: "ask the publisher to sign again with a conforming tool",
    },
    Explanation {
        code: IGNORE_PATHS,
        outcome: Outcome::No,
        what: "a path the signer ignored is unusable, or hides a file that is listed",
        why: "a statement that ignores the model it lists could be read as covering everything or nothing",
        example: "ignore_paths that hold `.` or `..`",
        fix: "ask the publisher to sign again without that path",
    },
    Explanation {
        code: TAMPERED,
        outcome: Outcome::No,
        what: "files of the model differ from what was signed",
        why: "whoever changed a file of a model controls what it answers, and with some formats what your machine runs",
        example: "one bit of model.safetensors flipped, a file missing, renamed, or replaced by a link",
        fix: "restore the files that are named; `weightlock diff GOOD BAD` shows what changed against a good copy",
    },
    Explanation {
        code: IGNORED_LOADABLE,
        outcome: Outcome::No,
        what: "the signer told verifiers to ignore files that a loader could read",
        why: "code, weights or configuration in an ignored folder can be exchanged at will while the signature stays valid",
        example: "ignore_paths holds `cache`, and cache/modeling.py exists",
        fix: "remove the files that are named, or ask the publisher to sign them",
    },
    Explanation {
        code: EXISTS,
        outcome: Outcome::No,
        what: "the model already has a signature by somebody else",
        why: "replacing it would destroy another signer's word, perhaps without notice",
        example: "`weightlock sign --key mine.key ./model` for a model that its publisher signed",
        fix: "keep both: --signature FILE writes elsewhere; --replace replaces it on purpose",
    },
    Explanation {
        code: CERTIFICATE_KEY,
        outcome: Outcome::Usage,
        what: "the certificate belongs to another key than the one that signs",
        why: "nobody could verify the signature",
        example: "last year's certificate with this year's key",
        fix: "give the certificate that was issued for this key",
    },
    Explanation {
        code: NOTHING_TO_SIGN,
        outcome: Outcome::NoAnswer,
        what: "the folder holds no files to sign",
        why: "a signature over nothing would verify for every empty folder",
        example: "signing a folder that only holds .git",
        fix: "check the path",
    },
    Explanation {
        code: NOTHING_SELECTED,
        outcome: Outcome::NoAnswer,
        what: "no signed file matches what was asked for",
        why: "checking no file must not look like success",
        example: "`weightlock verify --key release.pub --only *.safetensor ./model`: an s is missing",
        fix: "check the pattern; `weightlock digest TARGET` lists the files of the model",
    },
];

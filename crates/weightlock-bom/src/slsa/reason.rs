//! Reason codes of levels and of what is expected of provenance.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// There is no provenance.
pub const NONE: Code = Code::new("WL-SLSA-NO-PROVENANCE");
/// Nobody of the list signed it.
pub const UNTRUSTED: Code = Code::new("WL-SLSA-UNTRUSTED");
/// Another builder.
pub const BUILDER: Code = Code::new("WL-SLSA-BUILDER");
/// Something that the statement is not about.
pub const SUBJECT: Code = Code::new("WL-SLSA-SUBJECT");
/// A kind of step that nobody knows.
pub const BUILD_TYPE: Code = Code::new("WL-SLSA-BUILD-TYPE");
/// Another repository.
pub const SOURCE: Code = Code::new("WL-SLSA-SOURCE");
/// Another branch or tag.
pub const REF: Code = Code::new("WL-SLSA-REF");
/// A parameter that the kind of step does not have.
pub const PARAMETER: Code = Code::new("WL-SLSA-PARAMETER");
/// The certificate says something else.
pub const CONTRADICTION: Code = Code::new("WL-SLSA-CONTRADICTION");
/// The provenance of a model that it was made from does not hold.
pub const BASE: Code = Code::new("WL-SLSA-BASE");
/// A lower level than was asked for.
pub const LEVEL: Code = Code::new("WL-SLSA-LEVEL");
/// Lines of the requirements are not met.
pub const REQUIREMENT: Code = Code::new("WL-SLSA-REQUIREMENT");
/// A list of builders or requirements cannot be read.
pub const FILE: Code = Code::new("WL-SLSA-FILE");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: NONE,
        outcome: Outcome::NoAnswer,
        what: "there is no SLSA provenance about the model",
        why: "how a model was made is then not known at all; that nobody says anything bad is no good news",
        example: "`weightlock slsa verify ./model`, and ./model was downloaded without its evidence",
        fix: "ask the publisher for the provenance and name it with --provenance FILE; for a model of your own, make it with `weightlock attest run`",
    },
    Explanation {
        code: UNTRUSTED,
        outcome: Outcome::No,
        what: "no builder of your list signed the provenance",
        why: "anybody can write provenance; only the signature of a builder that you know makes it more than a claim",
        example: "provenance that the author of the model signed on a laptop, and --builders names the build farm",
        fix: "if you trust the signer as a builder, add it to the list with its builder id and level; else ask for provenance from a builder that is on it",
    },
    Explanation {
        code: BUILDER,
        outcome: Outcome::No,
        what: "the provenance names another builder than its signer signs for, or than you expect",
        why: "a signer who may speak for one builder could otherwise borrow the level of another",
        example: "the key of the test farm signs provenance that says the release farm built it",
        fix: "compare the builder id with the list; list the signer for that id only if it may really speak for it",
    },
    Explanation {
        code: SUBJECT,
        outcome: Outcome::No,
        what: "the model, or one of its files, is not among what the provenance says was made",
        why: "a file that was added or changed afterwards has no provenance, and a loader reads it all the same",
        example: "a config.json that was edited after the training, or one that lay in the folder before it",
        fix: "get the files that the provenance is about; both digests are in the message",
    },
    Explanation {
        code: BUILD_TYPE,
        outcome: Outcome::No,
        what: "the build type of the provenance is not known",
        why: "nobody can tell what its parameters mean, nor which of them let a caller change the result",
        example: "buildType https://example.org/build/v1, and the list of builders does not describe it",
        fix: "describe it under build-types of its builder in the list, with the external parameters it may have",
    },
    Explanation {
        code: SOURCE,
        outcome: Outcome::No,
        what: "the model was built from another repository than you expect, or does not say from which",
        why: "a builder that everybody can use builds everybody's code; the repository says whose it was",
        example: "--source-uri github.com/acme/models, and the provenance says github.com/acme-labs/models",
        fix: "check the name letter by letter; it must be the repository that you trust",
    },
    Explanation {
        code: REF,
        outcome: Outcome::No,
        what: "the model was built from another branch or tag than you expect, or does not say from which",
        why: "a branch holds what nobody has released or reviewed yet",
        example: "--source-versioned-tag v1, and the model was built from refs/heads/experiment",
        fix: "take a model that was built from the release, or ask why this one was not",
    },
    Explanation {
        code: PARAMETER,
        outcome: Outcome::No,
        what: "the build was given a parameter from outside that its build type does not have",
        why: "whoever started the build set it, and it could have changed anything about the result",
        example: "externalParameters with `preload` under the build type for quantisation",
        fix: "ask the builder's operator what it does; if it is harmless, describe the build type with it in your list",
    },
    Explanation {
        code: CONTRADICTION,
        outcome: Outcome::No,
        what: "the provenance says something else about the source than the certificate of its signer",
        why: "the certificate was issued for what really ran; the statement is what the job wrote",
        example: "the certificate names github.com/evil/fork, the statement github.com/acme/models",
        fix: "do not use the model; report it to whoever publishes it",
    },
    Explanation {
        code: BASE,
        outcome: Outcome::No,
        what: "the provenance of a model that this one was made from was given, and does not hold",
        why: "what was done to a model's weights before is in the model; a well-built quantisation of a bad model is a bad model",
        example: "a fine-tuned model whose base has provenance by an unknown signer",
        fix: "look at the reason under it; get the right provenance for the base model",
    },
    Explanation {
        code: LEVEL,
        outcome: Outcome::No,
        what: "the model reaches a lower SLSA level than you asked for",
        why: "each level keeps more people from being able to make a model look like what it is not",
        example: "--at-least 2, and the provenance is signed with somebody's own key",
        fix: "have the model built by a builder of your list; `weightlock slsa level` says what is missing",
    },
    Explanation {
        code: REQUIREMENT,
        outcome: Outcome::No,
        what: "the model does not meet every line of the requirements",
        why: "each line was written because something must not go without it",
        example: "review: {reviewers: 2}, and one person signed a review",
        fix: "each line that is not met is told with its number; supply what it asks for",
    },
    Explanation {
        code: FILE,
        outcome: Outcome::Usage,
        what: "a list of builders or a file of requirements cannot be used",
        why: "a list with a fault could let in whom it was meant to keep out",
        example: "`levle: 2`, or a builder without a key",
        fix: "correct what the message names; docs/howto/provenance.md shows both files",
    },
];

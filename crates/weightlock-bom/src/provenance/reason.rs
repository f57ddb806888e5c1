//! Reason codes of how something was made: recording it, describing it, reading it.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// The predicate is no SLSA provenance v1.
pub const FORM: Code = Code::new("WL-PROVENANCE-FORM");
/// A description cannot be used.
pub const DESCRIPTION: Code = Code::new("WL-PROVENANCE-DESCRIPTION");
/// A material changed while the command ran.
pub const CHANGED: Code = Code::new("WL-PROVENANCE-MATERIAL-CHANGED");
/// The command made nothing.
pub const NO_PRODUCT: Code = Code::new("WL-PROVENANCE-NO-PRODUCT");
/// The command failed.
pub const COMMAND: Code = Code::new("WL-PROVENANCE-COMMAND");
/// A material that was required to be verified is not.
pub const MATERIAL: Code = Code::new("WL-PROVENANCE-MATERIAL");
/// There are no results.
pub const NO_RESULTS: Code = Code::new("WL-PROVENANCE-NO-RESULTS");
/// Results cannot be read.
pub const RESULTS: Code = Code::new("WL-PROVENANCE-RESULTS");
/// There is no code to review.
pub const NO_CODE: Code = Code::new("WL-PROVENANCE-NO-CODE");
/// A review is not of this code.
pub const REVIEW: Code = Code::new("WL-PROVENANCE-REVIEW");
/// Two builds had other inputs.
pub const INPUTS: Code = Code::new("WL-PROVENANCE-INPUTS");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: FORM,
        outcome: Outcome::No,
        what: "a predicate is no SLSA provenance v1",
        why: "nothing can be decided by a document whose members are missing or of another kind",
        example: "runDetails without builder.id",
        fix: "have it made anew by the builder; the message names the member",
    },
    Explanation {
        code: DESCRIPTION,
        outcome: Outcome::Usage,
        what: "a description of how a model was made cannot be used",
        why: "what would be signed must be exactly what was meant; an unknown word may be a misspelt known one",
        example: "`buld-type: quantize`, or a parameter that the build type does not have",
        fix: "correct what the message names; docs/build-types lists the parameters of each step",
    },
    Explanation {
        code: CHANGED,
        outcome: Outcome::No,
        what: "a material changed while the command ran",
        why: "nobody can tell which of the two states the command has read, so neither can be stated",
        example: "a data set that another job was still writing during the training",
        fix: "copy the material to where nobody writes, and run the command again",
    },
    Explanation {
        code: COMMAND,
        outcome: Outcome::NoAnswer,
        what: "the command that was to make the product failed",
        why: "files that a failed command leaves behind are not what it was meant to make, so nothing is stated about them",
        example: "a training that runs out of memory; the exit code is the command's own",
        fix: "mend what made the command fail, and run it again",
    },
    Explanation {
        code: NO_PRODUCT,
        outcome: Outcome::NoAnswer,
        what: "the command ended well and no file of the product is new or changed",
        why: "provenance for files that were there before would say that the command made them",
        example: "--product ./out, and the command writes to ./output",
        fix: "name the folder that the command writes to with --product",
    },
    Explanation {
        code: MATERIAL,
        outcome: Outcome::No,
        what: "a base model or adapter that had to be verified before the command is not signed by whom was named",
        why: "a transformation of an unknown model gives an unknown model, with a fresh signature on it",
        example: "--base-signer release.pub, and the base model was changed after it was signed",
        fix: "get the model that its publisher signed, or name the right signer",
    },
    Explanation {
        code: NO_RESULTS,
        outcome: Outcome::NoAnswer,
        what: "no result of an evaluation was found",
        why: "a signed statement without a single result would look like an evaluation",
        example: "a README without model-index, and no --results",
        fix: "name the files with results: --results FILE, as lm-evaluation-harness writes them",
    },
    Explanation {
        code: RESULTS,
        outcome: Outcome::No,
        what: "a file with results of an evaluation cannot be read",
        why: "what cannot be read cannot be signed, and leaving it out in silence would hide it",
        example: "a README whose front matter is no YAML",
        fix: "correct the file, or leave it out with --only-results",
    },
    Explanation {
        code: NO_CODE,
        outcome: Outcome::NoAnswer,
        what: "the model has no code to review",
        why: "a review of nothing would count for code that is added later",
        example: "a folder with weights and configuration only",
        fix: "nothing needs to be reviewed; loaders run no code of this model",
    },
    Explanation {
        code: REVIEW,
        outcome: Outcome::No,
        what: "a review does not cover exactly the code that is there",
        why: "one changed line of reviewed code is code that nobody has reviewed",
        example: "modeling_x.py was edited after the review, or auto_map names another repository's code",
        fix: "have the code reviewed as it is now: `weightlock attest review`",
    },
    Explanation {
        code: INPUTS,
        outcome: Outcome::No,
        what: "two builds did not have the same inputs",
        why: "a changed data set or base model changes what the result learned, also where everything else is the same",
        example: "the digest of the training data differs from that of last month's build",
        fix: "find out who changed the input and why; both digests are in the message",
    },
];

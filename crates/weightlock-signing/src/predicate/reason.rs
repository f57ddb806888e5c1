//! Reason codes of evidence: statements about a model other than its signature.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// The type is none that can be asked for.
pub const TYPE: Code = Code::new("WL-EVIDENCE-TYPE");
/// The predicate is not what its type promises.
pub const PREDICATE: Code = Code::new("WL-EVIDENCE-PREDICATE");
/// The statement lies under the name of another kind.
pub const KIND: Code = Code::new("WL-EVIDENCE-KIND");
/// The statement is about another model.
pub const ABOUT: Code = Code::new("WL-EVIDENCE-SUBJECT");
/// Nobody may make such statements.
pub const NOBODY: Code = Code::new("WL-EVIDENCE-NOBODY");
/// A required dependency is not named.
pub const DEPENDENCY: Code = Code::new("WL-EVIDENCE-DEPENDENCY");
/// No statement of the kind counts.
pub const NOT_COUNTED: Code = Code::new("WL-EVIDENCE-NOT-COUNTED");
/// There is no statement of the kind.
pub const NONE: Code = Code::new("WL-EVIDENCE-NONE");
/// No evidence has that name.
pub const NAME: Code = Code::new("WL-EVIDENCE-NAME");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: TYPE,
        outcome: Outcome::Usage,
        what: "the type of a statement is none that can be asked for here",
        why: "a statement under a mistyped type would never be found by those who look for it",
        example: "`--type slsaprovenence1`, or `--type leaves`, which `weightlock sign --leaves` makes",
        fix: "name a type of the documentation, such as slsaprovenance1, cyclonedx, openvex or review, or give its URI",
    },
    Explanation {
        code: PREDICATE,
        outcome: Outcome::No,
        what: "a predicate is not the document that its type promises",
        why: "whoever reads the statement later finds nothing to judge by, or reads another text than the next reader",
        example: "a CycloneDX file given with --type spdx, or JSON in which a key occurs twice",
        fix: "give the document that the message names, or the type that fits the document",
    },
    Explanation {
        code: KIND,
        outcome: Outcome::No,
        what: "a statement lies under the name of another kind than it is",
        why: "who may sign a review may not sign a scan; a name must not lend a statement a signer that it has not got",
        example: "a scan report renamed to review-0011223344556677.sigstore.json",
        fix: "remove it, and add it again under its own kind: `weightlock evidence add MODEL FILE`",
    },
    Explanation {
        code: ABOUT,
        outcome: Outcome::No,
        what: "a statement is about another model, or about another state of this one",
        why: "what was found out about other bytes says nothing about these; a statement about one shared file is none about the model",
        example: "last month's scan report beside this month's weights",
        fix: "make the statement anew for the model as it is now, or restore the model that it is about",
    },
    Explanation {
        code: NOBODY,
        outcome: Outcome::No,
        what: "nobody is allowed to make statements of this kind",
        why: "evidence counts only if its signer is allowed for that kind; a valid signature by anybody is no allowance",
        example: "signers were named for reviews only, and the statement is a scan report",
        fix: "name who may make such statements, with --signer-for KIND=FILE",
    },
    Explanation {
        code: DEPENDENCY,
        outcome: Outcome::No,
        what: "the provenance does not name a dependency that was required",
        why: "the model was then made from other data or code than it has to be, or nobody says from which",
        example: "--require-dependency with the digest of the released training manifest, and another one was used",
        fix: "ask the builder from what the model was made, and compare the digests",
    },
    Explanation {
        code: NOT_COUNTED,
        outcome: Outcome::No,
        what: "there are statements of the kind that is asked for, and none of them counts",
        why: "a statement counts when a signer whose word counts made it, about exactly these bytes; all others are somebody's talk",
        example: "provenance that was signed by another builder than the one whose key was given",
        fix: "each statement is listed with its reason; ask the signer that you trust for a statement about this model",
    },
    Explanation {
        code: NONE,
        outcome: Outcome::NoAnswer,
        what: "there is no statement of the kind that is asked for",
        why: "that nothing was found says nothing: who removed the evidence would be believed otherwise",
        example: "`weightlock verify-attestation --type slsaprovenance1 --key builder.pub ./model` where nobody made provenance",
        fix: "ask the publisher for it and add it with `weightlock evidence add MODEL FILE`; `weightlock evidence list MODEL` shows what is there",
    },
    Explanation {
        code: NAME,
        outcome: Outcome::Usage,
        what: "no evidence has that name",
        why: "showing or removing another one than was meant would mislead or destroy",
        example: "`weightlock evidence show ./model scan` where two scan reports lie",
        fix: "`weightlock evidence list MODEL` shows the names; so many characters are enough that only one fits",
    },
];

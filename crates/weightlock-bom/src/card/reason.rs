//! Reason codes of model cards.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// There is no card.
pub const NONE: Code = Code::new("WL-CARD-NONE");
/// A card cannot be read, or not alike by every reader.
pub const MALFORMED: Code = Code::new("WL-CARD-MALFORMED");
/// A value is none that its field can have.
pub const VALUE: Code = Code::new("WL-CARD-VALUE");
/// A card does not say what it must.
pub const MISSING: Code = Code::new("WL-CARD-MISSING");
/// Something contradicts a card.
pub const CONTRADICTION: Code = Code::new("WL-CARD-CONTRADICTION");
/// The card that lies there is another than the one that was signed.
pub const CHANGED: Code = Code::new("WL-CARD-CHANGED");
/// A card cannot be changed in place.
pub const EDIT: Code = Code::new("WL-CARD-EDIT");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: NONE,
        outcome: Outcome::NoAnswer,
        what: "the model has no card: no model-card.yaml, no README.md, and no signed card that counts",
        why: "what a model is for, what it was trained on and what it cannot do stands nowhere else",
        example: "weightlock card check ./model, of a folder with weights only",
        fix: "make one with what the files tell, and fill in the rest: weightlock card init MODEL",
    },
    Explanation {
        code: MALFORMED,
        outcome: Outcome::No,
        what: "a card cannot be read, or two readers of YAML would read it differently",
        why: "a key that is there twice, or a list that is never closed, says one thing to one program and another to the next",
        example: "license: [mit   in the front matter of README.md",
        fix: "mend the text at the line and column that are told",
    },
    Explanation {
        code: VALUE,
        outcome: Outcome::No,
        what: "a field of a card has a value that it cannot have",
        why: "a digest that is none, or a date that is none, can be compared with nothing",
        example: "hash: see the wiki",
        fix: "write the value in the form that is told, or unknown",
    },
    Explanation {
        code: MISSING,
        outcome: Outcome::No,
        what: "a card does not say something that it must, or says that it is unknown",
        why: "whoever uses a model must be able to read what it is for, what it was trained on, how well it does and what it cannot do",
        example: "a card without known_limitations, or a section \"Limitations\" that reads [More Information Needed]",
        fix: "fill it in; `weightlock card init --fill MODEL` adds what the files tell",
    },
    Explanation {
        code: CONTRADICTION,
        outcome: Outcome::No,
        what: "a card says something that the files, a signed statement, the signature or the other card contradicts",
        why: "a card that names other training data than the provenance is wrong, old, or of another model",
        example: "provenance.training_data.hash is another digest than the signed provenance names",
        fix: "find out which of the values is right; both are told with their places",
    },
    Explanation {
        code: CHANGED,
        outcome: Outcome::No,
        what: "the card that lies with the model is another one than its signer signed",
        why: "one word that was changed afterwards was approved by nobody",
        example: "model.card.yaml was edited after weightlock card sign",
        fix: "bring back the signed text, or sign the new one: weightlock card sign MODEL",
    },
    Explanation {
        code: EDIT,
        outcome: Outcome::No,
        what: "a card cannot be completed in place without changing something else in it",
        why: "what its author wrote stays as it is, to the byte",
        example: "a value with an anchor that another field refers to",
        fix: "write the value by hand, or make a new card with --replace",
    },
];

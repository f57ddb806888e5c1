//! Reason codes of bills of materials: making them, reading them, checking them.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// Something of the model could not be read.
pub const PARTIAL: Code = Code::new("WL-BOM-PARTIAL");
/// A document is no bill of materials that is known.
pub const DOCUMENT: Code = Code::new("WL-BOM-DOCUMENT");
/// A facts file is refused.
pub const FACTS: Code = Code::new("WL-BOM-FACTS");
/// Elements that are required are not there.
pub const ELEMENTS: Code = Code::new("WL-BOM-ELEMENTS");
/// Two bills of materials differ.
pub const DIFFERENT: Code = Code::new("WL-BOM-DIFFERENT");
/// A document does not hold together.
pub const REFERENCES: Code = Code::new("WL-BOM-REFERENCES");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: PARTIAL,
        outcome: Outcome::NoAnswer,
        what: "a file of the model could not be read, so that the bill of materials is partial",
        why: "what the file says is missing from the document, and silence would look like an answer; every file is still listed \
              with its digest",
        example: "a config.json that was cut off in the middle",
        fix: "repair or replace the file that is named, or accept the document, which names the gap too",
    },
    Explanation {
        code: DOCUMENT,
        outcome: Outcome::NoAnswer,
        what: "a file is no bill of materials that can be read",
        why: "components that are not understood must not be left out in silence",
        example: "a CycloneDX document as XML, or one with a key twice",
        fix: "have it made as JSON: CycloneDX 1.2 to 1.7, SPDX 2.2, 2.3 or 3.0",
    },
    Explanation {
        code: FACTS,
        outcome: Outcome::Usage,
        what: "the file with the user's own facts is refused",
        why: "a misspelt fact would be missing from the document without anybody noticing",
        example: "suplier: Acme Labs",
        fix: "the message names the place and what may stand there; docs/schemas/facts.json is the schema, for editors",
    },
    Explanation {
        code: ELEMENTS,
        outcome: Outcome::No,
        what: "elements that the profile requires are not known",
        why: "whoever asks for the profile will ask for them",
        example: "weightlock bom check --profile eu-ai-act, and nobody says when the model was released",
        fix: "state what you know in a facts file: weightlock bom check --profile PROFILE --facts FILE TARGET",
    },
    Explanation {
        code: DIFFERENT,
        outcome: Outcome::No,
        what: "the two bills of materials differ",
        why: "the differences are what a reviewer should look at before one replaces the other",
        example: "weightlock bom diff ./model-v1 ./model-v2",
        fix: "read the list of differences; nothing is wrong with differing as such",
    },
    Explanation {
        code: REFERENCES,
        outcome: Outcome::CouldNotWork,
        what: "the document that was made does not hold together, and was not written",
        why: "a reader would join what does not belong together; this is a defect of Weightlock",
        example: "two components with one reference",
        fix: "report it, with the names of the files of the model",
    },
];

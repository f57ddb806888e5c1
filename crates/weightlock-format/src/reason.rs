//! The reason codes of this crate and what `weightlock explain` says about them.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// The file ends before what it announces.
pub const TRUNCATED: Code = Code::new("WL-FORMAT-TRUNCATED");
/// The file breaks the syntax or a rule of its format.
pub const MALFORMED: Code = Code::new("WL-FORMAT-MALFORMED");
/// A name or key occurs twice.
pub const DUPLICATE: Code = Code::new("WL-FORMAT-DUPLICATE");
/// Tensors do not tile the data: overlap, gap, wrong size, outside the file.
pub const RANGE: Code = Code::new("WL-FORMAT-RANGE");
/// A version, element type or value that this build does not know.
pub const UNSUPPORTED: Code = Code::new("WL-FORMAT-UNSUPPORTED");
/// The file asks for more memory or work than is granted.
pub const LIMIT: Code = Code::new("WL-FORMAT-LIMIT");
/// Reading failed.
pub const UNREADABLE: Code = Code::new("WL-FORMAT-UNREADABLE");

/// A manifest gives its files names that cannot stand.
pub const IMAGE_NAME: Code = Code::new("WL-IMAGE-NAME");

/// One entry for each code above.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: TRUNCATED,
        outcome: Outcome::No,
        what: "the file ends before the bytes that it announces",
        why: "an interrupted download and a file cut on purpose look the same; a loader that trusts the announced \
              length reads memory that is not part of the model",
        example: "a safetensors file says that its header has 4096 bytes and has 300",
        fix: "fetch the file again and compare its size and digest with those that the publisher states",
    },
    Explanation {
        code: MALFORMED,
        outcome: Outcome::No,
        what: "the file breaks a rule of its format",
        why: "two programs that read a broken file differently can be shown two different models: one when it is \
              examined, another when it is loaded",
        example: "a header that is not one JSON object, a GGUF metadata value of an unknown kind, text that is not \
                  UTF-8",
        fix: "write the file again with the library that made it; if it was downloaded, fetch it again and compare the \
              digest",
    },
    Explanation {
        code: DUPLICATE,
        outcome: Outcome::No,
        what: "a name occurs twice where the format allows it once",
        why: "readers disagree on which of the two counts; what was examined need not be what is loaded",
        example: "two entries `lm_head.weight` in one safetensors header, two `auto_map` keys in one config.json",
        fix: "write the file again with one entry for each name; ask the publisher which of the two is meant",
    },
    Explanation {
        code: RANGE,
        outcome: Outcome::No,
        what: "the tensors of the file do not cover its data exactly: they overlap, leave a gap, have another size \
               than their shape, or lie outside the file",
        why: "bytes that no tensor owns can hide a second file, such as an archive with code; ranges outside the file \
              make careless loaders read foreign memory",
        example: "a zip archive appended after the last tensor",
        fix: "write the file again with the library that made it, and treat the present copy as hostile until it is \
              known where the extra bytes come from",
    },
    Explanation {
        code: UNSUPPORTED,
        outcome: Outcome::NoAnswer,
        what: "the file uses a version or an element type that this build of Weightlock does not know",
        why: "what cannot be read cannot be vouched for; it may be newer than this build, or invented to be skipped",
        example: "a GGUF tensor of type 9999",
        fix: "update Weightlock; if the newest version does not know it either, report the format to the project",
    },
    Explanation {
        code: LIMIT,
        outcome: Outcome::NoAnswer,
        what: "the file asks for more memory or work than Weightlock grants to any file",
        why: "a few bytes can announce billions of entries; without limits, examining a model would be a way to stop \
              the machine that examines it",
        example: "JSON nested 10000 levels deep, a GGUF file with 2^60 metadata entries",
        fix: "treat the file as hostile; an honest file that meets a limit is a bug report: the limits are set well \
              above published models",
    },
    Explanation {
        code: UNREADABLE,
        outcome: Outcome::CouldNotWork,
        what: "the operating system could not read the file",
        why: "a part that was not read was not examined, so there is no answer about the whole",
        example: "a disk error, a network file system that went away",
        fix: "look at the system's message, make the file readable, and run the command again",
    },
    Explanation {
        code: IMAGE_NAME,
        outcome: Outcome::No,
        what: "the manifest of an image calls a file something that it cannot be called: a path that leaves the model, two names \
               for one layer, one name for two layers",
        why: "tools that unpack the image would write outside of the folder, or one file over another; which one is loaded is \
              then chance, or the attacker's choice",
        example: "a layer with the title ../../.ssh/authorized_keys",
        fix: "do not unpack this image; ask its publisher, or push it again with plain relative names",
    },
];

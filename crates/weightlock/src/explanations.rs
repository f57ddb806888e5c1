//! Every reason code of the tool with its explanation, joined from the crates that raise them.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

use crate::commands::lineage;

/// The arguments do not say what is needed.
pub(crate) const USAGE: Code = Code::new("WL-CLI-USAGE");
/// Nobody is named whose signature would count.
pub(crate) const NO_TRUST: Code = Code::new("WL-CLI-NO-TRUST");
/// A password is needed and there is nowhere to take it from.
pub(crate) const NO_PASSWORD: Code = Code::new("WL-CLI-NO-PASSWORD");
/// The pinned digest is another.
pub(crate) const PIN: Code = Code::new("WL-DIGEST-PIN");
/// A second signer who had to sign did not.
pub(crate) const CO_SIGNER: Code = Code::new("WL-SIG-CO-SIGNER");
/// A list of digests does not fit the files.
pub(crate) const DIGEST_MISMATCH: Code = Code::new("WL-DIGEST-MISMATCH");
/// A list of digests cannot be read.
pub(crate) const DIGEST_LIST: Code = Code::new("WL-DIGEST-LIST");
/// Two models differ.
pub(crate) const DIFFERENT: Code = Code::new("WL-DIFF-DIFFERENT");
/// Nothing in the target is known to be a model.
pub(crate) const NOTHING_KNOWN: Code = Code::new("WL-INSPECT-NOTHING-KNOWN");
/// The target holds several models.
pub(crate) const CHOOSE: Code = Code::new("WL-CLI-CHOOSE");
/// The target is a store of images, of which this verb knows nothing.
pub(crate) const LAYOUT: Code = Code::new("WL-CLI-LAYOUT");

/// A layout is something else besides.
pub(crate) const BESIDE: Code = Code::new("WL-CLI-BESIDE");
/// Two things cannot be compared.
pub(crate) const INCOMPARABLE: Code = Code::new("WL-DIFF-INCOMPARABLE");
/// A capability that this build has not got.
/// There is no such trust root.
pub(crate) const ROOT_NAME: Code = Code::new("WL-ROOT-NAME");
/// A kept trust root is not safe to use.
pub(crate) const ROOT_UNSAFE: Code = Code::new("WL-ROOT-UNSAFE");
/// A trust root is too old.
pub(crate) const ROOT_STALE: Code = Code::new("WL-ROOT-STALE");
/// A check is given up, in production.
pub(crate) const DANGER: Code = Code::new("WL-DANGER-REFUSED");
pub(crate) const NOT_BUILT: Code = Code::new("WL-CLI-NOT-BUILT");
/// The network is needed and forbidden.
pub(crate) const OFFLINE: Code = Code::new("WL-CLI-OFFLINE");
/// Nobody said yes.
pub(crate) const NOT_CONFIRMED: Code = Code::new("WL-CLI-NOT-CONFIRMED");
/// A person is needed.
pub(crate) const NO_TERMINAL: Code = Code::new("WL-OIDC-NO-TERMINAL");
/// A key would have to replace a file.
pub(crate) const KEY_EXISTS: Code = Code::new("WL-KEY-EXISTS");
/// The clock cannot be right.
pub(crate) const CLOCK: Code = Code::new("WL-DOCTOR-CLOCK");
/// A SHA-256 kernel does not compute SHA-256.
pub(crate) const KERNEL: Code = Code::new("WL-DOCTOR-KERNEL");
/// A step of the demonstration went another way than it must.
pub(crate) const DEMO: Code = Code::new("WL-CLI-DEMO");

/// Findings reach the threshold.
pub(crate) const FINDINGS: Code = Code::new("WL-SCAN-FINDINGS");
/// There is nothing to examine.
pub(crate) const NOTHING_TO_SCAN: Code = Code::new("WL-SCAN-NOTHING");

/// There is no model where models are looked for.
pub(crate) const NO_MODELS: Code = Code::new("WL-INVENTORY-NOTHING");

/// Codes raised by the command line itself.
const OWN: &[Explanation] = &[
    Explanation {
        code: USAGE,
        outcome: Outcome::Usage,
        what: "the arguments do not say what is needed, or contradict each other",
        why: "guessing what was meant could sign or trust the wrong thing",
        example: "weightlock sign ./model, without saying with what",
        fix: "the message names what is missing; `weightlock help VERB` shows all flags",
    },
    Explanation {
        code: CHOOSE,
        outcome: Outcome::Usage,
        what: "the target holds several models, and nothing says which one is meant",
        why: "an answer about one of them would be read as one about all",
        example: "weightlock inspect ./layout, whose index.json names two images",
        fix: "name one of those that the message lists",
    },
    Explanation {
        code: LAYOUT,
        outcome: Outcome::Usage,
        what: "the target is a store of images or of downloads, and this verb reads a model that lies as files",
        why: "taken as a folder of files, its lists and blobs would be the model, and the answer about something that nobody loads",
        example: "weightlock sign ./layout, where layout/oci-layout says that it is an OCI layout",
        fix: "unpack the image and name the folder with its files; inspect, scan, gate, bom and digest --manifest read it as it is",
    },
    Explanation {
        code: BESIDE,
        outcome: Outcome::No,
        what: "the folder is an OCI layout, a store of Ollama or a repository of a hub cache, and files lie beside its lists",
        why: "tools for the layout read the image, and loaders of folders the files beside it; a verdict on the one would be taken for one on \
              the other",
        example: "oci-layout, index.json and blobs/ of a signed model, and pytorch_model.bin beside them",
        fix: "move away what lies beside, if it is yours; do not load a folder that came so; `weightlock scan` reads all of it",
    },
    Explanation {
        code: NO_TRUST,
        outcome: Outcome::Usage,
        what: "verify was not told whose signature counts",
        why: "\"signed by anybody\" is true of every attacker; a check without a name to check is none",
        example: "weightlock verify ./model",
        fix: "name the signer you expect: --key FILE for a public key, --certificate-chain FILE for a root",
    },
    Explanation {
        code: NO_PASSWORD,
        outcome: Outcome::Usage,
        what: "the private key is encrypted and no password was given",
        why: "passwords are never taken from the command line, where every process of the machine can read them",
        example: "signing in a job without a terminal, with an encrypted key",
        fix: "--password-file FILE, or the variable WEIGHTLOCK_PASSWORD, or run on a terminal to be asked",
    },
    Explanation {
        code: PIN,
        outcome: Outcome::No,
        what: "the model is not the one whose digest was pinned",
        why: "a model can be rightly signed and still be another version than the one that was reviewed",
        example: "--expect-digest with the digest of last month's release, and ./model holds this month's",
        fix: "fetch the pinned version, or review the new one and pin its digest",
    },
    Explanation {
        code: CO_SIGNER,
        outcome: Outcome::No,
        what: "a signer who had to sign the model besides has not signed these files",
        why: "two signers are asked for so that one stolen key is not enough",
        example: "--also-signed-by security.pub, and only the team that trained the model has signed",
        fix: "ask that signer to add a signature: `weightlock sign --add --key NAME.key MODEL`",
    },
    Explanation {
        code: DIGEST_MISMATCH,
        outcome: Outcome::No,
        what: "a file does not have the digest that the list says",
        why: "it was changed or damaged since the list was made; who made the list is not known either way",
        example: "`weightlock digest --check model.sha256` after one bit flipped",
        fix: "fetch the file again and check again",
    },
    Explanation {
        code: DIGEST_LIST,
        outcome: Outcome::NoAnswer,
        what: "the list of digests cannot be read, or is empty",
        why: "a list that checks nothing must not look like success",
        example: "`weightlock digest --check notes.txt`",
        fix: "make the list with `weightlock digest TARGET`, or with sha256sum",
    },
    Explanation {
        code: DIFFERENT,
        outcome: Outcome::No,
        what: "the two models, manifests or signatures differ",
        why: "the differences are what a reviewer should look at before one replaces the other",
        example: "weightlock diff ./model-v1 ./model-v2",
        fix: "read the list of differences; nothing is wrong with differing as such",
    },
    Explanation {
        code: NOTHING_KNOWN,
        outcome: Outcome::NoAnswer,
        what: "nothing in the target is known to be a model",
        why: "a description of something that was not understood would be a guess",
        example: "weightlock inspect ./documents",
        fix: "name the folder or file with the weights: safetensors, GGUF, PyTorch, ONNX and others are known",
    },
    Explanation {
        code: INCOMPARABLE,
        outcome: Outcome::NoAnswer,
        what: "the two sides say nothing that can be compared",
        why: "digests of two algorithms, or of shards of two sizes, differ also where the files are the same",
        example: "comparing a signature made with BLAKE2b with a canonical manifest, which has SHA-256",
        fix: "compare with the model itself: name its folder or file in place of one of the two",
    },
    Explanation {
        code: ROOT_NAME,
        outcome: Outcome::Usage,
        what: "there is no trust root of this name, or the name is none",
        why: "a signature checked against another root than the one that was meant would answer another question",
        example: "--sigstore corp, before `weightlock trust import FILE --name corp`",
        fix: "`weightlock trust list` shows the names; a file is named with --trusted-root",
    },
    Explanation {
        code: ROOT_UNSAFE,
        outcome: Outcome::CouldNotWork,
        what: "a trust root that was kept on this machine can be changed by others, or was damaged",
        why: "whoever writes the trust root decides whose signatures count",
        example: "a file in the folder of trust roots that everybody may write",
        fix: "compare it with what the deployment's operator gives you, import it again, and allow only yourself to write it",
    },
    Explanation {
        code: ROOT_STALE,
        outcome: Outcome::No,
        what: "the trust root is older than was allowed",
        why: "keys that were withdrawn since then would still count",
        example: "--max-root-age 90 on a machine that nobody has updated for a year",
        fix: "`weightlock trust update` where there is a network, else `weightlock trust import FILE --name NAME --replace`",
    },
    Explanation {
        code: DANGER,
        outcome: Outcome::Usage,
        what: "a flag that gives up a check was given on a machine in production mode",
        why: "in production, no flag, variable or argument skips a check",
        example: "--danger-any-identity with WEIGHTLOCK_MODE=production",
        fix: "say whose signature counts; try things out on a machine that serves nobody",
    },
    Explanation {
        code: OFFLINE,
        outcome: Outcome::Usage,
        what: "the verb needs a service, and `--offline` or WEIGHTLOCK_OFFLINE forbids the network",
        why: "whoever forbids the network must be able to rely on it",
        example: "`weightlock --offline sign sigstore …`",
        fix: "leave out --offline on a machine that may call the services, or sign with a key",
    },
    Explanation {
        code: NOT_CONFIRMED,
        outcome: Outcome::Usage,
        what: "nobody agreed to what would be published",
        why: "certificates and log entries name the signer in public for ever, and cannot be taken back",
        example: "`weightlock sign sigstore …` in a job, without `--yes`",
        fix: "read what will be published, then give --yes, or answer y on a terminal",
    },
    Explanation {
        code: NO_TERMINAL,
        outcome: Outcome::Usage,
        what: "logging in needs a person, and there is no terminal",
        why: "a job that waits for somebody to log in waits for ever, and shows its code to whoever reads the log",
        example: "`weightlock sign sigstore …` in a job that offers no token",
        fix: "in jobs use --use-ambient-credentials or --identity-token-file",
    },
    Explanation {
        code: NOT_BUILT,
        outcome: Outcome::NoAnswer,
        what: "this version cannot do that yet",
        why: "an answer that was not worked out must not look like one",
        example: "weightlock sign sigstore ./model",
        fix: "use a key or a certificate; the changelog says what each version brings",
    },
    Explanation {
        code: KEY_EXISTS,
        outcome: Outcome::Usage,
        what: "a file with the name of the new key exists",
        why: "a private key that is overwritten is lost, and nothing signed with it can be renewed",
        example: "weightlock key generate release, twice",
        fix: "choose another name, or move the old pair away first",
    },
    Explanation {
        code: CLOCK,
        outcome: Outcome::CouldNotWork,
        what: "the clock of this machine cannot be right",
        why: "whether a certificate is valid is judged by the clock; a wrong one accepts expired certificates",
        example: "a machine without a battery that starts in 1970",
        fix: "set the clock, for example by enabling time synchronisation, and run `weightlock doctor` again",
    },
    Explanation {
        code: KERNEL,
        outcome: Outcome::CouldNotWork,
        what: "this processor computes SHA-256 wrongly with one of the kernels",
        why: "no digest made on such a machine can be trusted",
        example: "faulty hardware, or an emulator with an error in its vector instructions",
        fix: "do not sign or verify on this machine until its hardware or emulator is mended",
    },
    Explanation {
        code: FINDINGS,
        outcome: Outcome::No,
        what: "a finding of the scan is at or above the threshold",
        why: "loading the file can run what somebody else wrote, or nobody can vouch for what it does",
        example: "a pickle that calls os.system when it is loaded",
        fix: "do not load the file; each finding names its rule, and `weightlock explain RULE` says what to do",
    },
    Explanation {
        code: NOTHING_TO_SCAN,
        outcome: Outcome::NoAnswer,
        what: "there is no file to examine",
        why: "a scan of nothing must not look like a clean one",
        example: "weightlock scan of an empty folder, or with an --only that matches nothing",
        fix: "name the files or the folder of the model; with --only, check the pattern",
    },
    Explanation {
        code: NO_MODELS,
        outcome: Outcome::NoAnswer,
        what: "no model was found where models were looked for",
        why: "\"nothing is wrong\" and \"nothing was looked at\" are two answers",
        example: "weightlock inventory, on a machine whose models lie on another disk",
        fix: "name the folders that hold models: `weightlock inventory FOLDER`",
    },
    Explanation {
        code: lineage::UNKNOWN,
        outcome: Outcome::NoAnswer,
        what: "no statement in the stores tells of the thing that was asked for",
        why: "\"nothing was made with it\" and \"nobody wrote down what was made with it\" are two answers",
        example: "weightlock lineage descendants of a data set whose training runs were never attested",
        fix: "name the folders that hold statements with --store, and have the steps attested: `weightlock attest run`",
    },
    Explanation {
        code: lineage::GAP,
        outcome: Outcome::No,
        what: "the chain from source to artifact is broken, or not signed throughout",
        why: "what is served may have been exchanged where the link is missing",
        example: "a quantised model whose provenance names other bytes under the name of the base than those that were published",
        fix: "the message shows the digests at both ends; make the step again from the bytes that were published, attested",
    },
    Explanation {
        code: lineage::TOO_LARGE,
        outcome: Outcome::CouldNotWork,
        what: "the stores hold more than can be looked at",
        why: "an answer over a part of them would look like one over all",
        example: "weightlock lineage show MODEL --store /",
        fix: "name the folders that hold statements",
    },
    Explanation {
        code: DEMO,
        outcome: Outcome::CouldNotWork,
        what: "a step of the demonstration did not do what it must do",
        why: "a demonstration that shows nonsense would teach nonsense; something is wrong with this build or machine",
        example: "a verify step that accepts a changed file",
        fix: "run `weightlock doctor`, and report what the message says",
    },
];

/// All tables, in the order the reference lists them.
const TABLES: &[&[Explanation]] = &[
    weightlock_signing::reason::EXPLANATIONS,
    weightlock_artifact::evidence::EXPLANATIONS,
    weightlock_artifact::error::EXPLANATIONS,
    weightlock_signing::key::EXPLANATIONS,
    weightlock_signing::certificate::EXPLANATIONS,
    weightlock_signing::blob::reason::EXPLANATIONS,
    weightlock_signing::identity::EXPLANATIONS,
    weightlock_signing::sigstore::EXPLANATIONS,
    weightlock_signing::sigstore::tuf::EXPLANATIONS,
    weightlock_signing::sigstore::sign::EXPLANATIONS,
    weightlock_signing::sigstore::oidc::EXPLANATIONS,
    weightlock_signing::predicate::reason::EXPLANATIONS,
    weightlock_bom::document::reason::EXPLANATIONS,
    weightlock_format::reason::EXPLANATIONS,
    weightlock_scan::coverage::EXPLANATIONS,
    weightlock_bom::card::reason::EXPLANATIONS,
    weightlock_runtime::error::EXPLANATIONS,
    weightlock_transport::EXPLANATIONS,
    weightlock_bom::provenance::reason::EXPLANATIONS,
    weightlock_bom::slsa::reason::EXPLANATIONS,
    weightlock_policy::reason::EXPLANATIONS,
    OWN,
];

/// Every code with its explanation.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    TABLES.iter().copied().flatten()
}

/// The explanation of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Explanation> {
    all().find(|explanation| explanation.code.as_str() == code)
}

/// What kind of answer a code stands for. A code without explanation, which a test rules out, is no answer.
pub(crate) fn outcome(code: Code) -> Outcome {
    find(code.as_str()).map_or(Outcome::NoAnswer, |explanation| explanation.outcome)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_explained_once_and_in_full() {
        let mut seen = HashSet::new();
        for explanation in all() {
            let code = explanation.code;
            assert!(seen.insert(code), "{code} is explained twice");
            for text in [
                explanation.what,
                explanation.why,
                explanation.example,
                explanation.fix,
            ] {
                assert!(text.len() > 10 && !text.ends_with('.'), "{code}: {text:?}");
            }
        }
    }
}

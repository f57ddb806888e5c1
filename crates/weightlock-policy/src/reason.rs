//! Reason codes of verdicts.

use weightlock_artifact::reason::{Code, Explanation, Outcome};

/// Nobody whose word counts signed it, or not enough of them.
pub const SIGNATURE: Code = Code::new("WL-POLICY-SIGNATURE");
/// The scanner found something, or there is no scan.
pub const SCAN: Code = Code::new("WL-POLICY-SCAN");
/// Not everything was read.
pub const COVERAGE: Code = Code::new("WL-POLICY-COVERAGE");
/// There is no signed bill of materials about these bytes.
pub const BOM: Code = Code::new("WL-POLICY-BOM");
/// There is no card that counts, or it lacks or contradicts something.
pub const CARD: Code = Code::new("WL-POLICY-CARD");
/// There is no provenance that reaches the level.
pub const PROVENANCE: Code = Code::new("WL-POLICY-PROVENANCE");
/// Measured values are missing or out of bounds.
pub const EVALUATION: Code = Code::new("WL-POLICY-EVALUATION");
/// The code that comes along was not reviewed.
pub const REVIEW: Code = Code::new("WL-POLICY-REVIEW");
/// The license is not allowed.
pub const LICENSE: Code = Code::new("WL-POLICY-LICENSE");
/// A file has a denied format.
pub const FORMAT: Code = Code::new("WL-POLICY-FORMAT");
/// The revision is not pinned.
pub const REVISION: Code = Code::new("WL-POLICY-REVISION");
/// A known vulnerability, or nobody looked.
pub const ADVISORY: Code = Code::new("WL-POLICY-ADVISORY");
/// Not enough people approved it.
pub const APPROVAL: Code = Code::new("WL-POLICY-APPROVAL");
/// A rule denies or holds it.
pub const RULE: Code = Code::new("WL-POLICY-RULE");
/// A report that was named cannot be read.
pub const UNREADABLE: Code = Code::new("WL-POLICY-UNREADABLE");
/// The model names files that are none of its own.
pub const INCOMPLETE: Code = Code::new("WL-POLICY-INCOMPLETE");
/// The policy demands nothing.
pub const UNDEFINED: Code = Code::new("WL-POLICY-UNDEFINED");
/// Somebody tried to leave a check out.
pub const OVERRIDE: Code = Code::new("WL-POLICY-OVERRIDE");
/// A policy cannot be read.
pub const DOCUMENT: Code = Code::new("WL-POLICY-FILE");
/// A verdict does not stand in for judging.
pub const SUMMARY: Code = Code::new("WL-POLICY-VERDICT");
/// A case came out otherwise than expected.
pub const CASE: Code = Code::new("WL-POLICY-CASE");
/// The audit log is not whole.
pub const AUDIT: Code = Code::new("WL-POLICY-AUDIT");
/// A lock file cannot be read or written.
pub const LOCK_FILE: Code = Code::new("WL-LOCK-FILE");
/// A model is not in the lock.
pub const NOT_LOCKED: Code = Code::new("WL-LOCK-MISSING");
/// A name is locked already.
pub const LOCKED: Code = Code::new("WL-LOCK-EXISTS");
/// The files of a model are not the locked ones.
pub const LOCK_DIGEST: Code = Code::new("WL-LOCK-DIGEST");
/// Somebody who vouched for a locked model does not any more.
pub const LOCK_SIGNER: Code = Code::new("WL-LOCK-SIGNER");
/// A model comes from somewhere else than the locked one.
pub const LOCK_SOURCE: Code = Code::new("WL-LOCK-SOURCE");
/// The lock remembers more than was asked for now.
pub const LOCK_UNCHECKED: Code = Code::new("WL-LOCK-UNCHECKED");
/// Pins cannot be read or written.
pub const PINS: Code = Code::new("WL-PINS-FILE");
/// Pins are not signed by whom they must be.
pub const PINS_SIGNATURE: Code = Code::new("WL-PINS-SIGNATURE");
/// A model does not have its pinned digest.
pub const PINS_DIGEST: Code = Code::new("WL-PINS-DIGEST");
/// A model has no pin.
pub const NOT_PINNED: Code = Code::new("WL-PINS-MISSING");

/// What `explain` says of these codes.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: SIGNATURE,
        outcome: Outcome::No,
        what: "nobody whose word counts signed the model, or fewer than are demanded, or it was changed afterwards",
        why: "whoever can write to the place it lies in could have put anything there",
        example: "`[require] signature = true`, and model.sig was made with a key that is in no [identity] of the policy",
        fix: "get the model with the signature of its publisher; if you trust who signed it, add the key as an [identity] and name it under [signers] oms",
    },
    Explanation {
        code: SCAN,
        outcome: Outcome::No,
        what: "the scan found something at or above the line, or there is no scan whose maker counts",
        why: "such a file can run code or reach other files when it is loaded",
        example: "`scan = { below = \"medium\" }`, and a pickle imports a name that nobody vouches for",
        fix: "look at the findings with `weightlock scan MODEL`; take weights in safetensors, or a model without the finding",
    },
    Explanation {
        code: COVERAGE,
        outcome: Outcome::NoAnswer,
        what: "not every byte of the model was accounted for",
        why: "what was not read could hold anything; a scan that passed over it is no answer",
        example: "an archive that is encrypted, or larger than the limits",
        fix: "`weightlock scan --coverage MODEL` names what was not read and why; take a model that can be read whole",
    },
    Explanation {
        code: BOM,
        outcome: Outcome::No,
        what: "there is no bill of materials that counts and describes exactly these bytes",
        why: "when something turns out to be bad, nobody could tell whether this model has it",
        example: "the bill of materials was signed, then the model was changed",
        fix: "make and sign one now:  weightlock bom --sign --key KEY MODEL",
    },
    Explanation {
        code: CARD,
        outcome: Outcome::No,
        what: "there is no model card that counts, or it leaves out what it must say, or contradicts the files",
        why: "whoever uses the model must know what it is for and where it fails",
        example: "a signed card whose limitations are empty",
        fix: "`weightlock card check MODEL` names what is missing; complete the card and sign it with `weightlock card sign --key KEY MODEL`",
    },
    Explanation {
        code: PROVENANCE,
        outcome: Outcome::No,
        what: "there is no provenance that counts and reaches the demanded level",
        why: "how a model was made is part of what it does; a claim that anybody can write proves nothing",
        example: "`provenance = { level = 2 }`, and the provenance is signed with a key that is no builder's",
        fix: "`weightlock slsa level MODEL` says what is missing; have it built by a builder whose identity the policy names with builder and builder-level",
    },
    Explanation {
        code: EVALUATION,
        outcome: Outcome::No,
        what: "a measured value that is demanded is missing, or outside its bounds",
        why: "a model that got worse is replaced by nobody when nobody looks",
        example: "`evaluation = [{ metric = \"accuracy\", at-least = 0.9 }]`, and the signed evaluation says 0.87",
        fix: "evaluate the model and sign the result with `weightlock attest evaluation --key KEY MODEL`; take the previous version if it got worse",
    },
    Explanation {
        code: REVIEW,
        outcome: Outcome::No,
        what: "code comes along with the model, and it was not reviewed by those who are demanded",
        why: "with trust_remote_code that code runs with the rights of whoever loads the model",
        example: "modeling_x.py was changed after its review",
        fix: "have exactly this code reviewed:  weightlock attest review --reviewer NAME --decision approved --key KEY MODEL",
    },
    Explanation {
        code: LICENSE,
        outcome: Outcome::No,
        what: "the license is not allowed, or is not known",
        why: "using a model against its license can stop a product",
        example: "`licenses = { allow = [\"Apache-2.0\"] }`, and the card says cc-by-nc-4.0",
        fix: "take a model whose license is allowed, or ask whoever answers for licenses to change the policy",
    },
    Explanation {
        code: FORMAT,
        outcome: Outcome::No,
        what: "a file is of a format that the policy denies",
        why: "some formats can run code when they are loaded; the safest way is not to have them",
        example: "`formats = { deny = [\"pickle\"] }`, and the model has a pytorch_model.bin",
        fix: "take the model without such files: weights as safetensors, and configuration without auto_map",
    },
    Explanation {
        code: REVISION,
        outcome: Outcome::No,
        what: "the revision of the model is not known, or is a name whose content can change",
        why: "whoever can move a branch or a tag could give you another model tomorrow",
        example: "the model was fetched from `main`",
        fix: "fetch it by its commit, and say so with --revision COMMIT",
    },
    Explanation {
        code: ADVISORY,
        outcome: Outcome::No,
        what: "a known vulnerability is at or above the line, or there is no report about vulnerabilities",
        why: "a server with a known hole is broken into by known means",
        example: "`advisories = { below = \"critical\" }`, and grype found a critical one in the serving image",
        fix: "take a version without it; the report names one. Make reports with `grype -o json` or `trivy -f json` and name them with --advisories, or sign them about the model with `weightlock attest --type vuln --predicate vuln.json --key KEY MODEL` where the policy asks for signed ones",
    },
    Explanation {
        code: APPROVAL,
        outcome: Outcome::No,
        what: "fewer people approved the model than are demanded, or one of them rejected it",
        why: "for some uses, one person's judgement is not enough",
        example: "`approvals = { count = 2 }`, and one person has approved it",
        fix: "have the people who are named approve it:  weightlock attest approval --approver NAME --decision approved --key KEY MODEL",
    },
    Explanation {
        code: RULE,
        outcome: Outcome::No,
        what: "a rule of the policy denies the model, or holds it until somebody has looked",
        why: "whoever wrote the rule knew something about such models",
        example: "a [[rule]] with `when = { namespace = \"evil\" }` and a reason to deny",
        fix: "the reason names the rule with its line; ask whoever owns the policy",
    },
    Explanation {
        code: INCOMPLETE,
        outcome: Outcome::NoAnswer,
        what: "a loader would read files that are not among those that were judged",
        why: "a loader reads what an index, a graph or a configuration names, and nothing is known of it: it is not there, or lies under a name that is passed over, such as .git",
        example: "pytorch_model.bin.index.json names .cache/huggingface/more.bin; a pickle lies in .git",
        fix: "fetch the missing files, judge the folder and not one file of it, and take out what lies under names that are no part of a model",
    },
    Explanation {
        code: UNREADABLE,
        outcome: Outcome::No,
        what: "a report that was named as evidence cannot be read",
        why: "a report that cannot be read could say anything; taking it for a good one would be a way around it",
        example: "--advisories image.json, and the file ends in the middle",
        fix: "make the report again, and name that",
    },
    Explanation {
        code: UNDEFINED,
        outcome: Outcome::No,
        what: "the policy demands nothing of this model, so it allows nothing",
        why: "a policy that says nothing would let everything through",
        example: "a policy with demands for production alone, asked in development",
        fix: "write what is demanded under [require]; `weightlock policy init` shows examples",
    },
    Explanation {
        code: OVERRIDE,
        outcome: Outcome::No,
        what: "a check was to be left out that cannot be left out here",
        why: "a check that a flag can skip is skipped on the day it matters",
        example: "`--skip scan_clean`, and the policy says mode = \"production\"",
        fix: "meet the demand, or have a waiver granted for this one model",
    },
    Explanation {
        code: DOCUMENT,
        outcome: Outcome::Usage,
        what: "a policy, or a file that it names, cannot be used",
        why: "a policy with a mistake could let in what it was meant to keep out, so that it is used for nothing",
        example: "`requrie = …`, or a key file that is not there",
        fix: "correct what the message names; `weightlock policy check --policy FILE` reads a policy without a model",
    },
    Explanation {
        code: SUMMARY,
        outcome: Outcome::No,
        what: "the verdict that was to stand in for judging does not",
        why: "an old verdict, or one by other rules, says nothing about this use",
        example: "--from-verdict, and the policy was changed since",
        fix: "judge it again:  weightlock gate --policy POLICY MODEL",
    },
    Explanation {
        code: CASE,
        outcome: Outcome::No,
        what: "a case of `policy test` came out otherwise than expected",
        why: "the policy does not do what somebody thought that it does",
        example: "a case expects deny, and the policy demands nothing of such a model",
        fix: "change the policy, or the case: one of the two is wrong",
    },
    Explanation {
        code: AUDIT,
        outcome: Outcome::No,
        what: "the audit log is not whole, or a decision could not be written to it",
        why: "a log in which lines can change tells nothing about what was decided",
        example: "a line was edited, so that the next one does not follow on it",
        fix: "find out who can write there; keep the log, begin a new one, and keep the digest that `weightlock audit verify FILE` prints elsewhere",
    },
    Explanation {
        code: LOCK_FILE,
        outcome: Outcome::Usage,
        what: "the lock file cannot be used",
        why: "a lock that was changed by hand, or was not written whole, would pin something that nobody looked at",
        example: "a digest in weightlock.lock was edited, or a merge left both sides in it",
        fix: "take the last good version of the file from version control, and change it with `weightlock lock add` and `weightlock lock update`",
    },
    Explanation {
        code: NOT_LOCKED,
        outcome: Outcome::No,
        what: "the model is not in the lock",
        why: "a model that nobody locked is one that nobody decided to use",
        example: "`weightlock verify --lock weightlock.lock ./other`, and only ./model was added",
        fix: "lock it:  weightlock lock add NAME=PATH; if it was moved, name its entry with --locked-as NAME",
    },
    Explanation {
        code: LOCKED,
        outcome: Outcome::Usage,
        what: "a model of this name is locked already",
        why: "an entry that is replaced without a look at the difference pins nothing",
        example: "`weightlock lock add pebble=./new`, and pebble is in the lock",
        fix: "see what differs and replace it:  weightlock lock update NAME=PATH; or give it another name",
    },
    Explanation {
        code: LOCK_DIGEST,
        outcome: Outcome::No,
        what: "the model's files are not the ones that were locked",
        why: "somebody changed, added or removed a file since, or another version was fetched",
        example: "one byte of model.safetensors changed, or a branch upstream moved",
        fix: "fetch the locked version again; if the new one is wanted:  weightlock lock update NAME",
    },
    Explanation {
        code: LOCK_SIGNER,
        outcome: Outcome::No,
        what: "somebody who had signed the locked model does not vouch for this one, or not any more",
        why: "a new signer of a known name is what a stolen account looks like",
        example: "the signature was deleted, the key was taken out of the policy, or a new version is signed by somebody else",
        fix: "ask the publisher why, by another way than the one the model came; outside production, `weightlock lock update --key NEW.pub --accept-signer NAME` accepts another signer",
    },
    Explanation {
        code: LOCK_SOURCE,
        outcome: Outcome::No,
        what: "the model comes from somewhere else than the locked one",
        why: "a namespace that was given up can be taken by anybody, with the same names in it",
        example: "locked from hub:acme/pebble, and now from hub:acme-ai/pebble",
        fix: "ask the publisher why; outside production, `weightlock lock update --key SIGNER.pub --source SOURCE --accept-source NAME` accepts it",
    },
    Explanation {
        code: LOCK_UNCHECKED,
        outcome: Outcome::NoAnswer,
        what: "the lock says that a signer or a policy was asked, and now neither was named",
        why: "the bytes alone do not show that their signer still counts; a lock file authenticates nobody",
        example: "locked with --key release.pub, and `weightlock lock verify` without it",
        fix: "name them again:  weightlock lock verify --key SIGNER.pub, or --policy POLICY",
    },
    Explanation {
        code: PINS,
        outcome: Outcome::Usage,
        what: "the pins cannot be used",
        why: "pins that are read in part would let in what they were to keep out",
        example: "a line of weightlock.pins was cut off, or a name is there twice",
        fix: "make them again and sign them:  weightlock pins write, then weightlock sign-blob",
    },
    Explanation {
        code: PINS_SIGNATURE,
        outcome: Outcome::No,
        what: "the pins are not signed by whom they must be",
        why: "whoever can change a model in an image can change the pins beside it",
        example: "weightlock.pins was edited after it was signed, or its signature was left out of the image",
        fix: "take file and signature from where they were made; sign new ones with `weightlock sign-blob --key KEY weightlock.pins`",
    },
    Explanation {
        code: PINS_DIGEST,
        outcome: Outcome::No,
        what: "the model does not have the digest that is pinned for it",
        why: "it can be rightly signed and still be another version than the one this container was made for",
        example: "the image was made for last month's model, and this month's is mounted",
        fix: "mount the pinned version; or make and sign new pins, and a new image",
    },
    Explanation {
        code: NOT_PINNED,
        outcome: Outcome::No,
        what: "no digest is pinned for the model",
        why: "a container that loads what nobody pinned can be given anything",
        example: "weightlock.pins has acme/pebble, and ./model was named",
        fix: "say by which name it is pinned: NAME=PATH, or --pinned-as NAME for `weightlock verify`",
    },
];

//! [`CONTROLS`]: which control of which framework rests on which check. The one table for `evidence export` and for the page
//! `docs/compliance.md`, which is made from it.
//!
//! A control of a framework is wider than what a program can look at. So each row says what exactly its standing is about
//! ([`Control::shows`]), and what of the control nobody can read from a model ([`Control::beyond`]). Titles and sentences are ours:
//! they say what is looked for here, quote no framework, and are no legal advice.

use weightlock_bom::{profile::Profile, slsa::Level};
use weightlock_policy::Check;

use self::Basis::{Check as Asked, Decision, Elements, Log, Reaches};

/// A framework.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Framework {
    /// SLSA.
    Slsa,
    /// Trust Services Criteria.
    Soc2,
    /// NIST SP 800-218 and 800-218A.
    Ssdf,
    /// Minimum elements for bills of materials.
    Elements,
    /// Regulation (EU) 2024/1689.
    EuAiAct,
}

impl Framework {
    /// Every framework, in the order of the page.
    pub const ALL: [Self; 5] = [Self::Slsa, Self::Soc2, Self::Ssdf, Self::Elements, Self::EuAiAct];

    /// Its word in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Slsa => "slsa",
            Self::Soc2 => "soc2",
            Self::Ssdf => "ssdf",
            Self::Elements => "sbom-elements",
            Self::EuAiAct => "eu-ai-act",
        }
    }

    /// Its name and version.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Slsa => "SLSA 1.2",
            Self::Soc2 => "SOC 2, Trust Services Criteria of 2017 (common criteria)",
            Self::Ssdf => "NIST SSDF: SP 800-218 1.1 with SP 800-218A",
            Self::Elements => "Minimum elements: SBOM for AI (G7, 2026), SBOM (CISA and partners, 2026)",
            Self::EuAiAct => "EU AI Act, Regulation (EU) 2024/1689",
        }
    }
}

/// What a control rests on. Each is a check that runs when evidence is exported, or does not run and is then unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// A demand of the policy.
    Check(Check),
    /// The build level that provenance reaches, by the builders of the policy.
    Reaches(Level),
    /// Elements of a list, looked up in what the files say.
    Elements(Profile, &'static str),
    /// The verdict.
    Decision,
    /// The audit log that the decision was written to.
    Log,
}

/// A control.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Whose.
    pub framework: Framework,
    /// Its number there.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What the standing is about.
    pub shows: &'static str,
    /// What that rests on. All of it counts, the worst decides; nothing at all is never known.
    pub rests_on: &'static [Basis],
    /// The command that yields the evidence.
    pub command: &'static str,
    /// What no tool gives.
    pub beyond: &'static str,
}

/// Every control, by framework.
pub const CONTROLS: &[Control] = &[
    Control {
        framework: Framework::Slsa,
        id: "build-l1",
        title: "Build level 1: provenance exists",
        shows: "signed provenance that counts is about exactly these files",
        rests_on: &[Reaches(Level::L1)],
        command: "weightlock slsa verify --builders builders.yaml MODEL",
        beyond: "that the provenance is complete: an input that nobody declared is not in it",
    },
    Control {
        framework: Framework::Slsa,
        id: "build-l2",
        title: "Build level 2: hosted builder that signs",
        shows: "the provenance is signed by a builder that the policy gives level 2",
        rests_on: &[Reaches(Level::L2)],
        command: "weightlock slsa level --builders builders.yaml --at-least 2 MODEL",
        beyond: "that the builder is hosted and signs by itself: whoever wrote the policy looked, and says so there",
    },
    Control {
        framework: Framework::Slsa,
        id: "build-l3",
        title: "Build level 3: hardened builder",
        shows: "the provenance is signed by a builder that the policy gives level 3",
        rests_on: &[Reaches(Level::L3)],
        command: "weightlock slsa level --builders builders.yaml --at-least 3 MODEL",
        beyond: "that builds are isolated and cannot reach the signing key: an assessment of the builder shows that",
    },
    Control {
        framework: Framework::Slsa,
        id: "vsa",
        title: "Verification before use, and its summary",
        shows: "this model meets the policy",
        rests_on: &[Decision],
        command: "weightlock gate --attest --key gate.key --policy policy.toml MODEL",
        beyond: "that nobody uses a model without asking",
    },
    Control {
        framework: Framework::Slsa,
        id: "source",
        title: "Source track",
        shows: "nothing: it is about the repository and its history",
        rests_on: &[],
        command: "weightlock slsa verify --builders builders.yaml --source-uri URI MODEL",
        beyond: "the level of the source: the forge states it",
    },
    Control {
        framework: Framework::Soc2,
        id: "cc1-cc5",
        title: "Control environment, communication, risk assessment, monitoring",
        shows: "nothing: people and their organisation",
        rests_on: &[],
        command: "weightlock policy check --policy policy.toml",
        beyond: "all of it; the policy under version control is a document for the auditor",
    },
    Control {
        framework: Framework::Soc2,
        id: "cc6.8",
        title: "Unauthorised or malicious software is kept out or found",
        shows: "the model is signed by one who counts and unchanged, the scan found nothing at or above the line, and every byte was accounted for",
        rests_on: &[
            Asked(Check::Signature),
            Asked(Check::Scan),
            Asked(Check::Coverage),
        ],
        command: "weightlock gate --policy policy.toml MODEL",
        beyond: "what weights do with inputs, and that every way in passes the gate",
    },
    Control {
        framework: Framework::Soc2,
        id: "cc7.1",
        title: "New vulnerabilities are looked for",
        shows: "reports about vulnerabilities that were given have none at or above the line",
        rests_on: &[Asked(Check::Advisories)],
        command: "weightlock gate --policy policy.toml --advisories grype.json MODEL",
        beyond: "that the report is about what is deployed, and the scanner knew what was published",
    },
    Control {
        framework: Framework::Soc2,
        id: "cc7.2",
        title: "Events are recorded and watched",
        shows: "this decision was written to the audit log",
        rests_on: &[Log],
        command: "weightlock audit verify /var/log/weightlock/audit.jsonl",
        beyond: "that somebody reads the log, and keeps its last digest elsewhere",
    },
    Control {
        framework: Framework::Soc2,
        id: "cc8.1",
        title: "Changes are authorised, tested and approved",
        shows: "the people who are demanded approved exactly these bytes, the measured values are within bounds, and the policy allows it",
        rests_on: &[Asked(Check::Approvals), Asked(Check::Evaluation), Decision],
        command: "weightlock policy explain --policy policy.toml MODEL",
        beyond: "that the approvers looked, and the measured values mean something for this use",
    },
    Control {
        framework: Framework::Soc2,
        id: "cc9.2",
        title: "Risks of vendors",
        shows: "the vendor's signature, bill of materials and licence are as the policy demands",
        rests_on: &[Asked(Check::Signature), Asked(Check::Bom), Asked(Check::License)],
        command: "weightlock gate --policy policy.toml MODEL",
        beyond: "the contract, and whether the vendor keeps it",
    },
    Control {
        framework: Framework::Ssdf,
        id: "po.4.1",
        title: "Criteria for security checks are defined and followed",
        shows: "this model was judged by a policy, and meets it",
        rests_on: &[Decision],
        command: "weightlock policy explain --policy policy.toml MODEL",
        beyond: "that the criteria fit the risk",
    },
    Control {
        framework: Framework::Ssdf,
        id: "po.4.2",
        title: "Information about the checks is gathered and kept safe",
        shows: "this decision was written to the audit log",
        rests_on: &[Log],
        command: "weightlock gate --audit-log /var/log/weightlock/audit.jsonl --policy policy.toml MODEL",
        beyond: "who can write there",
    },
    Control {
        framework: Framework::Ssdf,
        id: "ps.1.3",
        title: "Weights and configuration are protected from change (218A)",
        shows: "every file is what one who counts signed",
        rests_on: &[Asked(Check::Signature)],
        command: "weightlock verify --key release.pub MODEL",
        beyond: "who could read the weights",
    },
    Control {
        framework: Framework::Ssdf,
        id: "ps.2.1",
        title: "Integrity information is there for acquirers",
        shows: "the model has a signature that counts",
        rests_on: &[Asked(Check::Signature)],
        command: "weightlock sign --key release.key MODEL",
        beyond: "that acquirers got the public key another way than the model",
    },
    Control {
        framework: Framework::Ssdf,
        id: "ps.3.2",
        title: "Provenance data of all components is kept and shared",
        shows: "a signed bill of materials and provenance that count are about exactly these bytes",
        rests_on: &[Asked(Check::Bom), Asked(Check::Provenance)],
        command: "weightlock bom --sign --key release.key MODEL",
        beyond: "components that nobody named",
    },
    Control {
        framework: Framework::Ssdf,
        id: "pw.3.1",
        title: "Training data is examined for poisoning, bias and tampering (218A)",
        shows: "nothing: it is done before a model exists",
        rests_on: &[],
        command: "weightlock slsa diff EARLIER LATER",
        beyond: "all of it; data sets that changed between two builds are told by their digests",
    },
    Control {
        framework: Framework::Ssdf,
        id: "pw.4.4",
        title: "What was acquired meets the requirements, also later",
        shows: "this model meets the policy now",
        rests_on: &[Decision],
        command: "weightlock gate --policy policy.toml MODEL",
        beyond: "that the gate is asked again when the policy or the advisories change",
    },
    Control {
        framework: Framework::Ssdf,
        id: "pw.7.2",
        title: "Code is reviewed",
        shows: "people who count reviewed exactly the code that comes along, or none does",
        rests_on: &[Asked(Check::Review)],
        command: "weightlock attest review --reviewer NAME --decision approved --key reviewer.key MODEL",
        beyond: "how well they looked",
    },
    Control {
        framework: Framework::Ssdf,
        id: "pw.8.2",
        title: "What runs is tested",
        shows: "signed evaluations that count are within the bounds",
        rests_on: &[Asked(Check::Evaluation)],
        command: "weightlock attest evaluation --key lab.key --results results.json MODEL",
        beyond: "that the tests fit the use; nothing is measured here",
    },
    Control {
        framework: Framework::Ssdf,
        id: "rv.1.1",
        title: "Vulnerabilities that become known are looked for",
        shows: "reports about vulnerabilities that were given have none at or above the line",
        rests_on: &[Asked(Check::Advisories)],
        command: "weightlock gate --policy policy.toml --advisories grype.json MODEL",
        beyond: "what was not published, and what was not in the report",
    },
    Control {
        framework: Framework::Elements,
        id: "g7-metadata",
        title: "G7: metadata",
        shows: "a bill of materials about exactly these bytes is signed by one who counts",
        rests_on: &[Asked(Check::Bom)],
        command: "weightlock bom --sign --key release.key MODEL",
        beyond: "author and time: you state them",
    },
    Control {
        framework: Framework::Elements,
        id: "g7-models",
        title: "G7: models",
        shows: "the required elements of the cluster are known from the files",
        rests_on: &[Elements(Profile::G7Ai, "models")],
        command: "weightlock bom check --profile g7-ai MODEL",
        beyond: "producer, version and limits where nobody writes them: state them with --facts",
    },
    Control {
        framework: Framework::Elements,
        id: "g7-data",
        title: "G7: data sets",
        shows: "the required elements of the cluster are known from the files",
        rests_on: &[Elements(Profile::G7Ai, "data")],
        command: "weightlock bom check --profile g7-ai MODEL",
        beyond: "what the data were, and how sensitive: only who trained it knows",
    },
    Control {
        framework: Framework::Elements,
        id: "g7-system",
        title: "G7: system level, infrastructure, security, indicators",
        shows: "the elements of the cluster for the system are known from the files",
        rests_on: &[Elements(Profile::G7Ai, "system")],
        command: "weightlock bom check --profile g7-ai MODEL",
        beyond: "the system around the model",
    },
    Control {
        framework: Framework::Elements,
        id: "cisa-document",
        title: "CISA: elements of the document",
        shows: "a bill of materials about exactly these bytes is signed by one who counts",
        rests_on: &[Asked(Check::Bom)],
        command: "weightlock bom check --profile cisa MODEL",
        beyond: "author and time: you state them",
    },
    Control {
        framework: Framework::Elements,
        id: "cisa-component",
        title: "CISA: elements of each component",
        shows: "the required elements are known from the files, or said not to be known",
        rests_on: &[Elements(Profile::Cisa, "component")],
        command: "weightlock bom check --profile cisa MODEL",
        beyond: "components that no file names",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-9",
        title: "Article 9: risk management",
        shows: "nothing: it is a process",
        rests_on: &[],
        command: "weightlock policy explain --policy policy.toml MODEL",
        beyond: "all of it; tiers of the policy show which measures apply where a mistake harms people",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-10",
        title: "Article 10: data and data governance",
        shows: "what the files say of training data",
        rests_on: &[Elements(Profile::EuAiAct, "data")],
        command: "weightlock bom check --profile eu-ai-act MODEL",
        beyond: "whether the data fit, how they were collected, and how biases were looked for",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-11",
        title: "Article 11 and Annex IV: technical documentation",
        shows: "a card that counts says what a card must and contradicts nothing, and a bill of materials is about exactly these bytes",
        rests_on: &[Asked(Check::Card), Asked(Check::Bom)],
        command: "weightlock card check --key release.pub MODEL",
        beyond: "the system that the model is a part of, its design choices, and that what the card says is true",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-12",
        title: "Article 12: record-keeping",
        shows: "this decision was written to the audit log",
        rests_on: &[Log],
        command: "weightlock audit verify /var/log/weightlock/audit.jsonl",
        beyond: "events while the system is used: its operator logs them",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-13",
        title: "Article 13: transparency to deployers",
        shows: "a card that counts says intended use, results and limitations",
        rests_on: &[Asked(Check::Card)],
        command: "weightlock card show --key release.pub MODEL",
        beyond: "instructions for use of the system, and that they are understood",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-14",
        title: "Article 14: human oversight",
        shows: "nothing: it is about people and the system's interface",
        rests_on: &[],
        command: "weightlock attest approval --approver NAME --decision approved --key officer.key MODEL",
        beyond: "all of it; approvals show who released the model, and nothing of who watches it",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-15",
        title: "Article 15: accuracy, robustness, cybersecurity",
        shows: "measured values are within the bounds, the model is signed and unchanged, and the scan found nothing at or above the line",
        rests_on: &[
            Asked(Check::Evaluation),
            Asked(Check::Signature),
            Asked(Check::Scan),
        ],
        command: "weightlock gate --policy policy.toml MODEL",
        beyond: "poisoned data, adversarial inputs and feedback loops; nothing is measured here",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-50",
        title: "Article 50: telling people that it is AI",
        shows: "nothing: it is about what users are shown",
        rests_on: &[],
        command: "weightlock card show MODEL",
        beyond: "all of it",
    },
    Control {
        framework: Framework::EuAiAct,
        id: "art-53",
        title: "Article 53 and Annex XI: general-purpose models",
        shows: "what Annex XI asks for is known from the files",
        rests_on: &[
            Elements(Profile::EuAiAct, "general"),
            Elements(Profile::EuAiAct, "making"),
            Elements(Profile::EuAiAct, "cost"),
        ],
        command: "weightlock bom check --profile eu-ai-act MODEL",
        beyond: "compute, energy and the summary of training content: only who trained it knows; the copyright policy",
    },
];

impl Basis {
    /// What it is called in documents.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Check(check) => check.name().to_owned(),
            Self::Reaches(level) => format!("slsa_build_level_{}", level.number()),
            Self::Elements(profile, cluster) => format!("elements_{}_{cluster}", profile.word()),
            Self::Decision => "policy_allows".to_owned(),
            Self::Log => "decision_logged".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_parses_and_every_number_is_once() {
        let mut seen = BTreeSet::new();
        for control in CONTROLS {
            assert!(
                seen.insert((control.framework, control.id)),
                "{} is there twice",
                control.id
            );
            if let Err(error) = Cli::read(control.command.split(' ').map(Into::into)) {
                panic!("{}: {error}", control.command);
            }
        }
        for framework in Framework::ALL {
            let of = CONTROLS.iter().filter(|control| control.framework == framework);
            let (nothing, something): (Vec<&Control>, Vec<&Control>) =
                of.partition(|control| control.rests_on.is_empty());
            assert!(!something.is_empty());
            assert!(
                nothing.iter().all(|control| control.shows.starts_with("nothing")),
                "what rests on nothing says so"
            );
        }
    }

    #[test]
    fn clusters_that_are_named_are_in_their_list() {
        for basis in CONTROLS.iter().flat_map(|control| control.rests_on) {
            if let Elements(profile, cluster) = basis {
                let has = profile
                    .elements()
                    .iter()
                    .any(|element| element.cluster == *cluster);
                assert!(has, "{} has no {cluster}", profile.word());
            }
        }
    }
}

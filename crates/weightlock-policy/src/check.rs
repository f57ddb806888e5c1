//! [`Check`]: the questions a verdict answers, one for each kind of demand.

use std::fmt;

use serde::{Serialize, Serializer};
use weightlock_artifact::reason::Code;

use crate::reason;

/// A question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Check {
    /// Did one whose word counts sign exactly these bytes?
    Signature,
    /// Is no known vulnerability at or above the line?
    Advisories,
    /// Is there a signed bill of materials that describes these bytes?
    Bom,
    /// Is there a signed card without gaps and contradictions?
    Card,
    /// Is no finding of the scanner at or above the line?
    Scan,
    /// Was every byte accounted for?
    Coverage,
    /// Does the provenance reach the level?
    Provenance,
    /// Do the measured values reach the baseline?
    Evaluation,
    /// Was the code that comes along reviewed?
    Review,
    /// Is the licence one of those that are allowed?
    License,
    /// Is no file of a denied format?
    Formats,
    /// Is the revision pinned?
    Revision,
    /// Did enough people approve?
    Approvals,
    /// Does no rule deny or hold it?
    Rules,
    /// Does a stated verdict stand in for judging?
    Verdict,
}

impl Check {
    /// Every check, in the order in which they are told.
    pub const ALL: [Self; 15] = [
        Self::Signature,
        Self::Advisories,
        Self::Bom,
        Self::Card,
        Self::Scan,
        Self::Coverage,
        Self::Provenance,
        Self::Evaluation,
        Self::Review,
        Self::License,
        Self::Formats,
        Self::Revision,
        Self::Approvals,
        Self::Rules,
        Self::Verdict,
    ];

    /// Its name in the lines of `gate`. The first four are those of the usual gate script.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature_valid",
            Self::Advisories => "no_critical_cves",
            Self::Bom => "sbom_attached",
            Self::Card => "model_card_present",
            Self::Scan => "scan_clean",
            Self::Coverage => "scan_complete",
            Self::Provenance => "provenance_level",
            Self::Evaluation => "evaluation_baseline",
            Self::Review => "code_reviewed",
            Self::License => "license_allowed",
            Self::Formats => "formats_allowed",
            Self::Revision => "revision_pinned",
            Self::Approvals => "approved",
            Self::Rules => "no_rule_denies",
            Self::Verdict => "verdict_holds",
        }
    }

    /// The check of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }

    /// The reason code of a no.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Signature => reason::SIGNATURE,
            Self::Advisories => reason::ADVISORY,
            Self::Bom => reason::BOM,
            Self::Card => reason::CARD,
            Self::Scan => reason::SCAN,
            Self::Coverage => reason::COVERAGE,
            Self::Provenance => reason::PROVENANCE,
            Self::Evaluation => reason::EVALUATION,
            Self::Review => reason::REVIEW,
            Self::License => reason::LICENSE,
            Self::Formats => reason::FORMAT,
            Self::Revision => reason::REVISION,
            Self::Approvals => reason::APPROVAL,
            Self::Rules => reason::RULE,
            Self::Verdict => reason::SUMMARY,
        }
    }

    /// Whether a waiver can stand in for it. Who signed, that nothing was changed, and that everything was read are what all other
    /// answers rest on.
    #[must_use]
    pub const fn is_waivable(self) -> bool {
        !matches!(self, Self::Signature | Self::Coverage | Self::Verdict)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

//! Further evidence about the model: what it claims, and whether it counts.
//!
//! Evidence counts when a signer who may make statements of its kind made it, and when it is about the model as it is now.
//! What does not count is listed too, and nothing here changes the answer of `verify`.

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::evidence::Kind;
use weightlock_bom::document::read::described::{Describes, describes};
use weightlock_signing::{
    oms::VerifiedStatement,
    predicate::{
        reason::{ABOUT, NOBODY},
        scan,
    },
    statement::{Model, VerifiedEvidence},
};

use super::Case;
use crate::commands::evidence::{
    found::{Found, Why},
    summary,
};

/// One piece of evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// Its name in the evidence folder.
    pub name: String,
    /// `scan` and the like.
    pub kind: String,
    /// Signed by one who may make such statements, about exactly this model.
    pub counts: bool,
    /// What it claims; where it does not count, why.
    pub says: String,
    /// Who signed it, where it counts.
    pub signer: Option<super::SignedBy>,
    /// The reason code, where it does not count.
    pub code: Option<String>,
}

/// All evidence, of every kind.
pub(super) fn list(case: &Case, verified: &VerifiedStatement, model: Option<&Model>) -> Vec<Stated> {
    // A folder that cannot be listed was refused before.
    let found = Found::about(&case.root).unwrap_or_default();
    let teller = Teller {
        case,
        verified,
        model,
    };
    found.iter().map(|found| teller.stated(found)).collect()
}

struct Teller<'a> {
    case: &'a Case,
    verified: &'a VerifiedStatement,
    model: Option<&'a Model>,
}

impl Teller<'_> {
    fn stated(&self, found: &Found) -> Stated {
        let kind = found.kind.unwrap_or(Kind::Other);
        let told = match kind {
            Kind::Oms => self.case.further_signature(found, self.verified),
            _ => self.statement(found),
        };
        let (says, signer, code) = match told {
            Ok((says, signer)) => (says, Some(signer), None),
            Err(why) => (why.why, None, Some(why.code.to_string())),
        };
        Stated {
            name: found.name.clone(),
            kind: kind.name().to_owned(),
            counts: code.is_none(),
            says,
            signer,
            code,
        }
    }

    /// What a statement claims, or why it does not count.
    fn statement(&self, found: &Found) -> Result<(String, super::SignedBy), Why> {
        let model = self.model.ok_or_else(|| Why {
            code: ABOUT,
            why: "which model this is was not worked out".to_owned(),
        })?;
        let evidence = found.judged(&self.case.signers, model)?;
        let by_same = evidence.signer().is_same_as(self.verified.signer());
        if matches!(found.kind, Some(Kind::Leaves | Kind::Verity)) && !by_same {
            return Err(Why {
                code: NOBODY,
                why: "only the signer of the model can state such digests".to_owned(),
            });
        }
        let statement = evidence.statement();
        if found.kind == Some(Kind::Bom)
            && let Ok(other @ Describes::Another { .. }) =
                describes(&statement.predicate, &statement.subjects)
        {
            return Err(Why {
                code: ABOUT,
                why: summary::another(&other),
            });
        }
        Ok((words(&evidence), evidence.signer().into()))
    }
}

fn words(evidence: &VerifiedEvidence) -> String {
    scan::read(evidence).map_or_else(|_| summary::of(evidence.statement()), |scan| summary::scan(&scan))
}

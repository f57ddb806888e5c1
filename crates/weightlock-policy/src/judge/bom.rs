//! A signed bill of materials that describes these bytes.

use weightlock_artifact::evidence::Kind;

use super::{Answer, Case};
use crate::{
    check::Check,
    evidence::{Content, Describes},
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn bom(&self) -> Answer {
        let boms = self.candidates(Kind::Bom, |content| match content {
            Content::Bom(describes) => Some(describes.clone()),
            _ => None,
        });
        if boms.good.is_empty() {
            return Answer::no(boms.lack(Check::Bom, "signed bill of materials"));
        }
        let fitting = boms
            .good
            .iter()
            .find(|(_, describes)| *describes == Describes::This);
        if let Some((statement, _)) = fitting {
            return Answer::met(format!("{} describes it", statement.name), [statement.id]);
        }
        let reasons = boms.good.iter().map(|(statement, describes)| {
            let why = match describes {
                Describes::Other(what) => format!("its document describes something else: {what}"),
                Describes::This | Describes::Nothing => {
                    "its document names no digest, so it could be about anything".to_owned()
                }
            };
            Reason::no(Check::Bom.code(), format!("{}: {why}", statement.name)).of([statement.id])
        });
        Answer::no(reasons.collect())
    }
}

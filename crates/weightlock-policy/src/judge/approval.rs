//! People approved it.

use weightlock_artifact::evidence::Kind;

use super::{Answer, Case, candidates::last_words};
use crate::{
    check::Check,
    evidence::{ApprovalFact, Content},
    people::People,
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn approvals(&self, layer: usize, count: u32, by: &[String]) -> Answer {
        let approvals = self.candidates(Kind::Review, |content| match content {
            Content::Approval(approval) => Some(*approval),
            _ => None,
        });
        let words = last_words(approvals.heard(), |approval| approval == ApprovalFact::Rejects);
        let mut reasons: Vec<Reason> = words
            .iter()
            .filter(|(.., approval)| *approval == ApprovalFact::Rejects)
            .map(|(_, statement, _)| {
                let who = statement.signed_by.as_deref().unwrap_or("somebody who counts");
                Reason::no(
                    Check::Approvals.code(),
                    format!("{who} rejected it ({})", statement.name),
                )
                .of([statement.id])
            })
            .chain(approvals.doubts(Check::Approvals))
            .collect();
        if approvals.good.is_empty() {
            reasons.extend(approvals.lack(Check::Approvals, "approval"));
            return Answer::no(reasons);
        }
        let approving = words
            .iter()
            .filter(|(_, statement, approval)| {
                *approval == ApprovalFact::Approves
                    && approvals.counts(statement)
                    && self.policy.is_by(layer, by, statement)
            })
            .map(|(_, statement, _)| *statement);
        let approving = People::of(&self.evidence.statements).first_of_each(approving);
        if (approving.len() as u64) < u64::from(count) {
            let text = format!("{} of {count} demanded people approved it", approving.len());
            reasons.push(Reason::no(Check::Approvals.code(), text).of(approving.iter().map(|it| it.id)));
        }
        if reasons.is_empty() {
            let who: Vec<&str> = approving
                .iter()
                .filter_map(|statement| statement.signed_by.as_deref())
                .collect();
            let evidence = approving.iter().map(|statement| statement.id);
            Answer::met(format!("approved by {}", who.join(", ")), evidence)
        } else {
            Answer::no(reasons)
        }
    }
}

//! Code that comes along was reviewed.

use weightlock_artifact::evidence::Kind;

use super::{Answer, Case, candidates::last_words};
use crate::{
    check::Check,
    evidence::{Content, ReviewFact},
    people::People,
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn review(&self, reviewers: u32) -> Answer {
        let code = &self.evidence.model.code;
        if code.is_empty() {
            return Answer::met("no code comes along", []);
        }
        let reviews = self.candidates(Kind::Review, |content| match content {
            Content::Review(review) => Some(*review),
            _ => None,
        });
        let words = last_words(reviews.heard(), |review| review == ReviewFact::Rejects);
        let mut reasons: Vec<Reason> = words
            .iter()
            .filter(|(.., review)| *review == ReviewFact::Rejects)
            .map(|(_, statement, _)| {
                let text = format!("{} rejects the code that comes along", statement.name);
                Reason::no(Check::Review.code(), text).of([statement.id])
            })
            .chain(reviews.doubts(Check::Review))
            .collect();
        if reviews.good.is_empty() {
            let what = format!("signed review of the code that comes along ({})", code.join(", "));
            reasons.extend(reviews.lack(Check::Review, &what));
            return Answer::no(reasons);
        }
        let approving = words
            .iter()
            .filter(|(_, statement, review)| *review == ReviewFact::Approves && reviews.counts(statement))
            .map(|(_, statement, _)| *statement);
        let approving = People::of(&self.evidence.statements).first_of_each(approving);
        if (approving.len() as u64) < u64::from(reviewers) {
            let text = format!(
                "{} of {reviewers} demanded reviewers approved exactly the code that is there",
                approving.len()
            );
            reasons.push(Reason::no(Check::Review.code(), text).of(words.iter().map(|(_, it, _)| it.id)));
        }
        if reasons.is_empty() {
            let by = format!("{} reviewed exactly this code", approving.len());
            Answer::met(by, approving.iter().map(|statement| statement.id))
        } else {
            Answer::no(reasons)
        }
    }
}

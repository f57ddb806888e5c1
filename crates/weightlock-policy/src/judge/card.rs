//! A card that says what it must, and contradicts nothing.

use weightlock_artifact::evidence::Kind;

use super::{Answer, Case, candidates::Candidates};
use crate::{
    check::Check,
    evidence::{CardFact, Content},
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn card(&self, signed: bool) -> Answer {
        let cards = self.candidates(Kind::Card, |content| match content {
            Content::Card(card) => Some(card.clone()),
            _ => None,
        });
        let reasons = said_against(&cards);
        if !reasons.is_empty() {
            return Answer::no(reasons);
        }
        if !cards.good.is_empty() {
            let newest = || cards.newest(|_| true);
            let names: Vec<&str> = newest().map(|(it, _)| it.name.as_str()).collect();
            return Answer::met(
                format!("{} says what a card must", names.join(" and ")),
                newest().map(|(it, _)| it.id),
            );
        }
        match &self.evidence.card {
            Some(card) if !signed && self.is_signed() => {
                let reasons = faults("the card among the files", card);
                if reasons.is_empty() {
                    return Answer::met("the card among the signed files says what a card must", []);
                }
                Answer::no(reasons)
            }
            Some(_) if !signed => Answer::because(Reason::no(
                Check::Card.code(),
                "the card among the files is nobody's word: the model is not signed",
            )),
            _ => Answer::no(cards.lack(Check::Card, if signed { "signed card" } else { "card" })),
        }
    }
}

/// What the newest signed card lacks or contradicts; and every other one that could be the newest, and the newest that a layer hears.
fn said_against(cards: &Candidates<'_, CardFact>) -> Vec<Reason> {
    let decisive = cards.decisive(|_| true).into_iter();
    let faults = decisive.flat_map(|(statement, card)| {
        let faults = faults(&statement.name, card).into_iter();
        faults.map(|it| it.of([statement.id]))
    });
    faults.chain(cards.doubts(Check::Card)).collect()
}

fn faults(name: &str, card: &CardFact) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !card.missing.is_empty() {
        let text = format!("{name} does not say {}", card.missing.join(", "));
        reasons.push(Reason::no(Check::Card.code(), text));
    }
    for contradiction in &card.contradictions {
        reasons.push(Reason::no(Check::Card.code(), format!("{name}: {contradiction}")));
    }
    reasons
}

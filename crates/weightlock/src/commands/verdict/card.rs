//! Cards, signed and among the files: what each lacks, and what contradicts it.

use weightlock_artifact::{digest::Digest, evidence::Kind};
use weightlock_bom::card::{
    Need,
    check::{Checked, Counted, Fault, Material, SignedBy, check},
    statement::CardStatement,
};
use weightlock_format::config::card::Card;
use weightlock_policy::{
    Policy,
    evidence::{CardFact, Content, Holds},
};
use weightlock_signing::{predicate::types::CUSTOM, statement::Statement};

use super::{signatures::Judged as Signatures, statements::Looked};
use crate::{
    commands::{
        bom::model::Described,
        card::{files::Cards, report::digests},
    },
    diagnostic::Diagnostic,
};

/// Everything that a card is compared with.
pub(super) struct Compared<'a> {
    described: &'a Described,
    cards: Cards,
    digests: Vec<(String, Digest)>,
    signed: &'a Signatures,
    signer: Option<SignedBy>,
}

/// What is known of cards where one among the files cannot be read: nothing that anybody could rest on.
pub(super) fn unread(told: &Diagnostic, looked: &mut [Looked]) -> CardFact {
    let fact = CardFact {
        missing: Vec::new(),
        contradictions: vec![match told.place() {
            Some(place) => format!("{place}: {}", told.sentence()),
            None => told.sentence(),
        }],
    };
    for one in looked.iter_mut().filter(|one| one.fact.kind == Kind::Card) {
        one.fact.content = Content::Card(fact.clone());
    }
    fact
}

impl<'a> Compared<'a> {
    /// Reads the cards among the files. One that cannot be read is told where it is asked for.
    pub(super) fn with(
        described: &'a Described,
        signed: &'a Signatures,
        policy: &Policy,
    ) -> Result<Self, Diagnostic> {
        Ok(Self {
            described,
            cards: Cards::find(described.hashed.root(), None)?,
            digests: digests(&described.hashed),
            signer: signed.signed_by(policy),
            signed,
        })
    }

    /// Fills in what the signed cards say, and gives what the card among the files says.
    pub(super) fn fill(&self, looked: &mut [Looked], policy: &Policy) -> Option<CardFact> {
        let counted: Vec<(String, Kind, Statement, String)> = looked
            .iter()
            .filter(|one| one.fact.holds == Holds::Yes && policy.counts(one.fact.kind, &one.fact.by))
            .filter_map(|one| {
                let signer = one.fact.signed_by.clone().unwrap_or_default();
                Some((
                    one.fact.name.clone(),
                    one.fact.kind,
                    one.statement.clone()?,
                    signer,
                ))
            })
            .collect();
        let statements: Vec<Counted<'_>> = counted
            .iter()
            .map(|(name, kind, statement, signer)| Counted {
                name,
                kind: *kind,
                predicate: &statement.predicate,
                signer,
            })
            .collect();
        for one in looked.iter_mut().filter(|one| one.fact.kind == Kind::Card) {
            if let Some(statement) = &one.statement {
                one.fact.content = Content::Card(self.signed(&one.fact.name, statement, &statements));
            }
        }
        let readme = self.readme();
        // A card that a signer left out is nobody's word, though the rest is signed.
        let readme = readme.filter(|(name, _)| self.signed.has_listed(name));
        let structured = self.cards.structured.as_ref();
        let structured = structured.map(|read| (read.name.as_str(), &read.card));
        let structured = structured.filter(|(name, _)| self.signed.has_listed(name));
        if structured.is_none() && readme.is_none() {
            return None;
        }
        Some(fact(&check(&Material {
            card: structured,
            readme,
            ..self.material(&statements)
        })))
    }

    fn readme(&self) -> Option<(&str, &Card)> {
        let readme = self.cards.readme.as_ref()?;
        Some((readme.name.as_str(), &readme.card))
    }

    fn material<'m>(&'m self, statements: &'m [Counted<'m>]) -> Material<'m> {
        Material {
            card: None,
            readme: None,
            files: Some(&self.digests),
            statements,
            signer: self.signer.as_ref(),
            graph: Some(&self.described.graph),
        }
    }

    /// What a signed card says. Files that it names must be as they were signed.
    fn signed(&self, name: &str, statement: &Statement, statements: &[Counted<'_>]) -> CardFact {
        let read = if statement.predicate_type == CUSTOM {
            CardStatement::custom(&statement.predicate)
        } else {
            CardStatement::read(&statement.predicate)
        };
        let Some(card) = read else {
            return CardFact {
                missing: vec!["anything: it is no card".to_owned()],
                ..CardFact::default()
            };
        };
        let mut contradictions = Vec::new();
        let names_readme = card.readme.as_ref();
        let current = self.cards.readme.as_ref();
        if let Some(named) = names_readme
            && current.is_none_or(|read| read.sha256 != named.sha256)
        {
            contradictions.push(format!("{} is another one than was signed", named.name));
        }
        if let (Some((Some(named), _)), Some(read)) = (&card.card, &self.cards.structured)
            && named.sha256 != read.sha256
        {
            contradictions.push(format!("{} is another one than was signed", read.name));
        }
        let readme = names_readme.and_then(|_| self.readme());
        let checked = check(&Material {
            card: card.card.as_ref().map(|(_, card)| (name, card)),
            readme: readme.or_else(|| self.readme().filter(|_| card.card.is_some())),
            ..self.material(statements)
        });
        let mut fact = fact(&checked);
        fact.contradictions.extend(contradictions);
        fact
    }
}

fn fact(checked: &Checked) -> CardFact {
    let mut fact = CardFact::default();
    for finding in checked.findings.iter().filter(|it| it.need == Need::Required) {
        match finding.fault {
            Fault::Missing => fact.missing.push(finding.field.path().to_string()),
            Fault::Contradiction | Fault::Misfit => fact.contradictions.push(finding.message.clone()),
        }
    }
    fact
}

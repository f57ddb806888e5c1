//! How the model was made, and how far that can be believed.

use weightlock_artifact::evidence::Kind;
use weightlock_bom::slsa::Level;

use super::{Active, Answer, Case};
use crate::{
    check::Check,
    demand::Demand,
    document::Document,
    evidence::{Content, ProvenanceFact, StatementFact},
    verdict::Reason,
};

impl Case<'_> {
    pub(super) fn provenance(&self, level: Level, builders: &[String]) -> Answer {
        let found = self.candidates(Kind::Provenance, |content| match content {
            Content::Provenance(provenance) => Some(provenance.clone()),
            _ => None,
        });
        if found.good.is_empty() {
            return Answer::no(found.lack(Check::Provenance, "provenance"));
        }
        let mut reasons = Vec::new();
        for (statement, provenance) in &found.good {
            match self.shortfall(statement, provenance, level, builders) {
                None => {
                    let by = format!("{}, built by {}", statement.name, provenance.builder);
                    return Answer::met(by, [statement.id]);
                }
                Some(why) => reasons.push(
                    Reason::no(Check::Provenance.code(), format!("{}: {why}", statement.name))
                        .of([statement.id]),
                ),
            }
        }
        Answer::no(reasons)
    }

    fn shortfall(
        &self,
        statement: &StatementFact,
        provenance: &ProvenanceFact,
        level: Level,
        builders: &[String],
    ) -> Option<String> {
        if let Some(fault) = provenance.faults.first() {
            return Some(fault.clone());
        }
        if !builders.is_empty() && !builders.contains(&provenance.builder) {
            return Some(format!(
                "it was built by {}, which is not demanded",
                provenance.builder
            ));
        }
        let reached = self.level(statement, provenance);
        (reached < level).then(|| format!("it is of level {reached}, and {level} is demanded"))
    }

    /// The highest level of the provenance that counts. One by a builder that is not demanded counts for nothing.
    pub(super) fn reached(&self, active: &[Active<'_>]) -> Level {
        let is_demanded = |found: &ProvenanceFact| {
            active.iter().all(|it| match &it.placed.demand {
                Demand::Provenance { builders, .. } => {
                    builders.is_empty() || builders.contains(&found.builder)
                }
                _ => true,
            })
        };
        let found = self.candidates(Kind::Provenance, |content| match content {
            Content::Provenance(provenance) if provenance.faults.is_empty() && is_demanded(provenance) => {
                Some(provenance.clone())
            }
            _ => None,
        });
        let levels = found.good.iter().map(|(statement, it)| self.level(statement, it));
        levels.max().unwrap_or(Level::L0)
    }

    /// What the layers give the builder: the least of those that know builders or demand a level above the first. A statement cannot
    /// raise itself, and no layer speaks for another.
    fn level(&self, statement: &StatementFact, provenance: &ProvenanceFact) -> Level {
        let mut least: Option<Level> = None;
        for (layer, it) in self.policy.layers().iter().enumerate() {
            let identities = &it.document.identities;
            let knows_builders = identities.values().any(|identity| identity.builder.is_some());
            if !knows_builders && !demands_a_level(&it.document) {
                continue;
            }
            let given = statement
                .by
                .iter()
                .filter(|id| id.layer == layer)
                .filter_map(|id| {
                    let builder = identities.get(&id.name)?.builder.as_ref()?;
                    builder.is(&provenance.builder).then_some(builder.level)
                });
            let given = given.max().unwrap_or(Level::L1);
            least = Some(least.map_or(given, |least| least.min(given)));
        }
        least.unwrap_or(Level::L1)
    }
}

/// Whether it asks for more than that there is provenance.
fn demands_a_level(document: &Document) -> bool {
    document
        .all_demands()
        .any(|(_, it)| matches!(it.demand, Demand::Provenance { level, .. } if level > Level::L1))
}

impl crate::document::Builder {
    /// Whether a `builder.id` is this one.
    fn is(&self, id: &str) -> bool {
        let known = if self.without_ref {
            id.split_once('@').map_or(id, |(id, _)| id)
        } else {
            id
        };
        !id.is_empty() && known == self.id
    }
}

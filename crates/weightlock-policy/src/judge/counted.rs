//! Which statements count, for whoever tells a verdict: by the same rules as it was given.

use std::collections::BTreeMap;

use weightlock_artifact::digest::Digest;

use super::{Case, Frame, Situation, ages};
use crate::{
    evidence::{Content, Evidence, StatementFact},
    layer::Policy,
    verdict::Verdict,
};

impl Verdict {
    /// Why statements count for nothing here, by their digests: who signed them, what they are about, their age, what a provenance lacks.
    /// Those that are not named count.
    #[must_use]
    pub fn not_counted(&self, policy: &Policy, evidence: &Evidence) -> BTreeMap<Digest, String> {
        let situation = Situation {
            mode: Some(self.mode),
            tier: Some(self.tier),
            ..Situation::at(self.now)
        };
        let frame = Frame::of(policy, &evidence.model, &situation);
        let believed = evidence.with_times_until(self.now);
        let case = Case {
            policy,
            evidence: &believed,
            now: self.now,
            ages: ages(&frame.active),
        };
        let why = |it: &StatementFact| Some((it.id, case.fault(it).or_else(|| worthless(it))?));
        believed.statements.iter().filter_map(why).collect()
    }
}

/// What makes a provenance worth nothing whoever signed it.
fn worthless(statement: &StatementFact) -> Option<String> {
    match &statement.content {
        Content::Provenance(found) => found.faults.first().cloned(),
        _ => None,
    }
}

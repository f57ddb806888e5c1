//! `torch-member-method`: a member of a PyTorch file is compressed unusually.

use crate::{
    Severity,
    observation::container::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A member of a PyTorch file is compressed unusually.
pub(super) const RULE: Rule = Rule {
    id: "torch-member-method",
    title: "a member of a PyTorch file is compressed unusually",
    worst: Severity::Low,
    cwe: 436,
    what: "a member of a PyTorch file is compressed with a method other than stored and deflate",
    why: "PyTorch refuses it and other loaders read it, so it may be meant for those, or for scanners to \
          fail on",
    example: "a `data.pkl` compressed with LZMA",
    fix: "write the file again with `torch.save`",
    references: &[],
    check: Check::Container(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::Method { member, method } = seen else {
        return None;
    };
    let reason = format!("the member is compressed with {method}, which PyTorch does not read");
    Some(Judgement::new(Severity::Low, reason).named(member.clone()))
}

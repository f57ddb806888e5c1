//! `numpy-broken-header`: the header of an array is no literal, contradicts itself or the size of the file.

use weightlock_format::{Fault, Problem, numpy};

use crate::{
    Severity,
    observation::numpy::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// The header of an array is broken.
pub(super) const RULE: Rule = Rule {
    id: "numpy-broken-header",
    title: "header of an array is broken",
    worst: Severity::High,
    cwe: 20,
    what: "the header of a NumPy array is not the literal that the format asks for, or type, shape and size of the \
           file contradict each other",
    why: "readers that evaluate the header run an expression in it, and native readers that multiply the shape \
          without a check allocate too little and write beyond it",
    example: "a header {'descr': __import__('os').system('…'), …}, or a shape of (9223372036854775807, 16)",
    fix: "treat the file as hostile when the header is an expression or overflows; otherwise write it again with NumPy",
    references: &["CVE-2019-6446"],
    check: Check::Numpy(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let Seen::BrokenHeader { problem } = seen else {
        return None;
    };
    Some(Judgement::new(severity(problem), problem.to_string()))
}

fn severity(problem: &Problem) -> Severity {
    match problem {
        Problem::Malformed {
            fault: Fault::Numpy(numpy::Fault::Code | numpy::Fault::SizeOverflow),
            ..
        } => Severity::High,
        _ => Severity::Medium,
    }
}

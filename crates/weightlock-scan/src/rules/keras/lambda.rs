//! `keras-lambda`: the configuration brings code, or has a layer call a function by its name.

use super::quoted;
use crate::{
    Severity,
    observation::{keras::Seen, marshal::line},
    rules::{Check, Context, Judgement, Rule},
};

/// Code in the configuration.
pub(super) const RULE: Rule = Rule {
    id: "keras-lambda",
    title: "Keras configuration brings code",
    worst: Severity::Critical,
    cwe: 502,
    what: "a Lambda layer or another part of the configuration holds marshalled Python code, which loading turns into a \
           function; critical when the code names functions that do harm",
    why: "the function runs as soon as the model is rebuilt or called, with all the rights of the program; `safe_mode` \
          does not exist for HDF5 files and older versions",
    example: "a Lambda layer whose code is `__import__('os').system(...)`",
    fix: "do not load the model; ask for one that is built from layers of Keras, or whose code comes as source",
    references: &["CVE-2024-3660", "CVE-2025-9905", "CVE-2025-9906"],
    check: Check::Keras(check),
};

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    Some(match seen {
        Seen::Code { reached: None } => Judgement::new(
            Severity::High,
            "a function in the configuration that could not be read as marshalled code",
        ),
        Seen::Code {
            reached: Some(reached),
        } if reached.is_empty() => {
            Judgement::new(Severity::High, "marshalled Python code in the configuration")
        }
        Seen::Code {
            reached: Some(reached),
        } => {
            let names = line(reached, 8);
            let reason = format!("marshalled Python code that names {names}");
            Judgement::new(Severity::Critical, reason).named(names)
        }
        Seen::NamedFunction { name } => {
            let reason = format!(
                "a Lambda layer calls {}, which does not come with the file",
                quoted(name)
            );
            Judgement::new(Severity::Low, reason).named(name)
        }
        _ => return None,
    })
}

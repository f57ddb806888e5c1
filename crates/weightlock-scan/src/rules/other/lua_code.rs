//! `lua-code`: a Torch7 file holds compiled Lua, or objects that nobody knows.

use crate::{
    Severity,
    observation::other::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// Compiled Lua, or unknown classes.
pub(super) const RULE: Rule = Rule {
    id: "lua-code",
    title: "a Torch7 file holds compiled Lua or unknown classes",
    worst: Severity::High,
    cwe: 502,
    what: "the file holds a serialized Lua function (High), or an object of a class that is no part of Torch7 (Medium)",
    why: "the loader gives the bytes to the Lua machine, which does not check them: they run, and can break the machine \
          itself; an unknown class is read by code of its own",
    example: "a table with a function under `forward`",
    fix: "do not load the file; ask the publisher for the tensors in a format without code",
    references: &[],
    check: Check::Other(check),
};

/// What comes with Torch7 and its common packages.
const KNOWN: [&str; 10] = [
    "torch.", "nn.", "nngraph.", "cudnn.", "cunn.", "cutorch.", "optim.", "tds.", "inn.", "stn.",
];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    match seen {
        Seen::LuaFunction => Some(Judgement::new(
            Severity::High,
            "compiled Lua, which the loader runs or keeps to be run",
        )),
        Seen::LuaClass { name } if !KNOWN.iter().any(|known| name.starts_with(known)) => {
            let reason = "an object of a class that is no part of Torch7";
            Some(Judgement::new(Severity::Medium, reason).named(name))
        }
        _ => None,
    }
}

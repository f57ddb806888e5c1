//! `weightlock trust list`.

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::Root;
use crate::{
    context::Context,
    reply::Reply,
    roots::Roots,
    text::{Shown, counted},
};

/// List the trust roots, with their source and age.
///
/// With -v also everything that each of them believes.
#[derive(Args, Debug)]
pub struct Arguments {}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The trust roots: of the public instances first, then others by name.
    pub roots: Vec<Root>,
}

const VERB: &str = "trust list";

pub(crate) fn run(Arguments {}: &Arguments, context: &Context) -> Reply {
    let (mut roots, mut reasons) = (Vec::new(), Vec::new());
    for found in Roots::of_user().all() {
        match found {
            Ok(named) => roots.push(Root::of(&named, context.now())),
            Err(told) => reasons.push(told),
        }
    }
    let text: String = roots.iter().map(|root| text(root, context.verbose)).collect();
    let listed = Listed { roots };
    if reasons.is_empty() {
        Reply::yes(VERB, text, listed)
    } else {
        Reply::refusal(VERB, reasons).with_text(text).with_result(listed)
    }
}

fn text(root: &Root, verbose: bool) -> String {
    let age = if root.old {
        format!("{}  OLD", counted_days(root.age_days))
    } else {
        counted_days(root.age_days)
    };
    let mut text = format!(
        "{:12} {}, {age}, {}\n",
        root.name,
        Shown(&root.source),
        counted(root.authorities.len(), "authority").replace("authoritys", "authorities")
    );
    if verbose {
        for believed in &root.authorities {
            let from = believed.from.as_deref().unwrap_or("always");
            let until = believed.until.as_deref().unwrap_or("now");
            text += &format!(
                "  {:16} {}   {from} to {until}\n                   {}\n",
                believed.kind,
                Shown(&believed.name),
                Shown(&believed.id)
            );
        }
    }
    text
}

fn counted_days(days: u64) -> String {
    format!(
        "{} old",
        counted(usize::try_from(days).unwrap_or(usize::MAX), "day")
    )
}

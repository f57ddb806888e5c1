//! The licence is one of those that are allowed.

use spdx::Expression;

use super::{Answer, Case};
use crate::{check::Check, demand::Licences, verdict::Reason};

impl Case<'_> {
    /// Every source that says something of it must be content: two licences that contradict each other are both taken seriously.
    pub(super) fn licenses(&self, wanted: &Licences) -> Answer {
        let code = Check::License.code();
        let known = &self.evidence.model.licenses;
        let mut reasons = Vec::new();
        if known.is_empty() {
            reasons.push(Reason::unknown(code, "no file says under which license it is"));
        } else if known.iter().all(|license| !license.counts) {
            let text = "no file that the signer listed says under which license it is";
            reasons.push(Reason::unknown(code, text));
        }
        for license in known {
            let allowed = license.expression.as_deref().and_then(|it| permits(wanted, it));
            match allowed {
                Some(true) => {}
                Some(false) => reasons.push(Reason::no(
                    code,
                    format!("{} is not allowed ({})", license.text, license.source),
                )),
                None => reasons.push(Reason::unknown(
                    code,
                    format!(
                        "{:?} is no license that is known ({})",
                        license.text, license.source
                    ),
                )),
            }
        }
        if reasons.is_empty() {
            let texts: Vec<&str> = known.iter().map(|license| license.text.as_str()).collect();
            Answer::met(texts.join(", "), [])
        } else {
            Answer::no(reasons)
        }
    }
}

/// Whether an expression can be met with licences that are allowed. A denied identifier stands for its licence, also "or later"
/// and with an exception; one with an exception only for what has that exception.
fn permits(wanted: &Licences, expression: &str) -> Option<bool> {
    let parsed = Expression::parse(expression).ok()?;
    let mut wanted = wanted.clone();
    let words = parsed.requirements().map(|it| it.req.to_string().to_lowercase());
    let denied: Vec<String> = words
        .filter(|word| wanted.deny.keys().any(|denied| is_meant(denied, word)))
        .collect();
    wanted
        .deny
        .extend(denied.into_iter().map(|word| (word.clone(), word)));
    wanted.allows(expression)
}

/// Whether who denies `denied` means `word`; both as they are compared.
fn is_meant(denied: &str, word: &str) -> bool {
    let parts = |text: &str| match text.split_once(" with ") {
        Some((id, exception)) => (base(id).to_owned(), Some(exception.to_owned())),
        None => (base(text).to_owned(), None),
    };
    let (denied, word) = (parts(denied), parts(word));
    denied.0 == word.0 && (denied.1.is_none() || denied.1 == word.1)
}

/// The licence without a word about later versions.
fn base(id: &str) -> &str {
    let id = id.trim_end_matches('+');
    ["-only", "-or-later"]
        .iter()
        .find_map(|end| id.strip_suffix(end))
        .unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licences(allow: &[&str], deny: &[&str]) -> Licences {
        let all = |ids: &[&str]| {
            let ids = ids
                .iter()
                .map(|id| (Licences::name(id).unwrap(), (*id).to_owned()));
            ids.collect()
        };
        Licences {
            allow: all(allow),
            deny: all(deny),
        }
    }

    #[test]
    fn a_denied_licence_is_denied_in_every_form() {
        let wanted = licences(&[], &["AGPL-3.0-only", "Apache-2.0"]);
        for expression in [
            "AGPL-3.0-only",
            "AGPL-3.0-or-later",
            "AGPL-3.0-only WITH GCC-exception-3.1",
            "Apache-2.0 WITH LLVM-exception",
            "Apache-2.0+",
            "MIT AND AGPL-3.0-or-later",
        ] {
            assert_eq!(permits(&wanted, expression), Some(false), "{expression}");
        }
        for expression in ["MIT", "AGPL-1.0-only", "GPL-3.0-only", "MIT OR AGPL-3.0-or-later"] {
            assert_eq!(permits(&wanted, expression), Some(true), "{expression}");
        }
        // What is no expression, or one that older lists had, is not known.
        assert_eq!(permits(&wanted, "AGPL-3.0"), None);
        assert_eq!(permits(&wanted, "no expression"), None);
    }

    #[test]
    fn a_denied_exception_is_that_one() {
        let wanted = licences(&[], &["Apache-2.0 WITH LLVM-exception"]);
        assert_eq!(permits(&wanted, "Apache-2.0 WITH LLVM-exception"), Some(false));
        assert_eq!(permits(&wanted, "Apache-2.0"), Some(true));
    }

    #[test]
    fn what_is_allowed_is_allowed_as_it_is_written() {
        let wanted = licences(&["GPL-2.0-only", "AGPL-3.0-or-later"], &["AGPL-3.0-only"]);
        assert_eq!(permits(&wanted, "GPL-2.0-only"), Some(true));
        assert_eq!(permits(&wanted, "GPL-2.0-or-later"), Some(false));
        // What is denied is not saved by a branch that is not allowed.
        assert_eq!(permits(&wanted, "AGPL-3.0-or-later OR MIT"), Some(false));
    }
}

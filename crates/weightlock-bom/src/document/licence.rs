//! [`Licence`]: how a licence is written: an identifier of SPDX, an expression, or a name.
//!
//! The identifiers are those that CycloneDX 1.6 and 1.7 enumerate (its `spdx.schema.json`, Apache-2.0). The grammar is that of SPDX
//! 2.3, annex D. What is neither is a name, and never passed off as an identifier.

use std::{collections::BTreeSet, sync::LazyLock};

use weightlock_artifact::digest::Algorithm;

/// Every identifier, one a line, in the order of bytes.
const IDENTIFIERS: &str = include_str!("licences.txt");

/// Words of an expression. Longer ones do not occur, and are taken for a name.
const MOST_WORDS: usize = 200;

/// What a licence is written as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Licence {
    /// `Apache-2.0`
    Id(String),
    /// `MIT OR Apache-2.0`, `LicenseRef-acme-1.0`
    Expression(String),
    /// Anything else.
    Name(String),
}

impl Licence {
    /// Tells what a licence is written as.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if is_identifier(text) {
            Self::Id(text.to_owned())
        } else if is_expression(text) {
            Self::Expression(text.to_owned())
        } else {
            Self::Name(text.to_owned())
        }
    }

    /// Whether it is a single reference to a licence of somebody's own.
    #[must_use]
    pub fn is_own(text: &str) -> bool {
        text.strip_prefix("LicenseRef-").is_some_and(is_reference)
    }

    /// As an expression of SPDX: a name ([`Licence::Name`]) becomes a reference of its own, which the document explains.
    #[must_use]
    pub fn expression(&self) -> String {
        match self {
            Self::Id(text) | Self::Expression(text) => text.clone(),
            Self::Name(text) => {
                let is_kept = |it: char| it.is_ascii_alphanumeric() || it == '.';
                let word = |it: char| if is_kept(it) { it } else { '-' };
                let short: String = text.chars().take(64).map(word).collect();
                if text.is_empty() {
                    return "LicenseRef-unnamed".to_owned();
                }
                if text.chars().all(|it| is_kept(it) || it == '-') && short.len() == text.len() {
                    return format!("LicenseRef-{short}");
                }
                // Two names must not become one reference: what was lost stays in the digest.
                let digest = Algorithm::Sha256.digest(text.as_bytes()).hex();
                format!("LicenseRef-{short}-{}", digest.get(..8).unwrap_or_default())
            }
        }
    }

    /// The references to licences of somebody's own in it, each with what it is called.
    #[must_use]
    pub fn references(&self) -> Vec<(String, String)> {
        match self {
            Self::Id(_) => Vec::new(),
            Self::Name(text) => vec![(self.expression(), text.clone())],
            Self::Expression(text) => words(text)
                .into_iter()
                .filter(|word| Self::is_own(word))
                .map(|word| (word.to_owned(), word.to_owned()))
                .collect(),
        }
    }
}

/// Whether the SPDX list has it, exactly so.
fn is_identifier(text: &str) -> bool {
    static KNOWN: LazyLock<BTreeSet<&str>> = LazyLock::new(|| IDENTIFIERS.lines().collect());
    KNOWN.contains(text)
}

fn is_reference(rest: &str) -> bool {
    !rest.is_empty()
        && rest
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.'))
}

/// Brackets are words of their own.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace()
        .flat_map(|word| word.split_inclusive(['(', ')']))
        .flat_map(|word| {
            let bracket = word.len().saturating_sub(usize::from(word.ends_with(['(', ')'])));
            let (word, bracket) = word.split_at_checked(bracket).unwrap_or((word, ""));
            [word, bracket]
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Operand and operator in turn; brackets that close; `WITH` takes one exception.
fn is_expression(text: &str) -> bool {
    let words = words(text);
    if words.len() > MOST_WORDS || !text.is_ascii() {
        return false;
    }
    let (mut open, mut wants_operand, mut wants_exception) = (0_usize, true, false);
    let mut may_take_exception = false;
    for word in words {
        match (word, wants_operand) {
            ("(", true) if !wants_exception => open = open.saturating_add(1),
            (")", false) if open > 0 => {
                open = open.saturating_sub(1);
                may_take_exception = false;
            }
            ("AND" | "OR", false) => wants_operand = true,
            ("WITH", false) if may_take_exception => {
                wants_operand = true;
                wants_exception = true;
            }
            (word, true) if is_operand(word, wants_exception) => {
                may_take_exception = !wants_exception;
                wants_operand = false;
                wants_exception = false;
            }
            _ => return false,
        }
    }
    open == 0 && !wants_operand
}

fn is_operand(word: &str, is_exception: bool) -> bool {
    let is_exception_id = word.contains("exception") || word.starts_with("LLVM-");
    if is_exception {
        is_identifier(word) && is_exception_id
    } else {
        Licence::is_own(word) || is_identifier(word.strip_suffix('+').unwrap_or(word)) && !is_exception_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_expressions_and_names_are_told_apart() {
        assert_eq!(Licence::of("Apache-2.0"), Licence::Id("Apache-2.0".to_owned()));
        for text in [
            "MIT OR Apache-2.0",
            "LicenseRef-acme-community-1.0",
            "(MIT AND (GPL-2.0-or-later WITH Classpath-exception-2.0))",
            "GPL-2.0+ OR MIT",
            "((MIT))",
        ] {
            assert_eq!(Licence::of(text), Licence::Expression(text.to_owned()));
        }
        for text in [
            "",
            "apache-2.0",
            "MIT License",
            "other",
            "MIT OR",
            "OR MIT",
            "(MIT",
            "MIT)",
            "MIT WITH MIT",
            "MIT (OR) MIT",
            "LicenseRef-",
            "LicenseRef-a b",
            "(MIT) WITH Classpath-exception-2.0",
            "MÏT",
            "()",
        ] {
            assert_eq!(Licence::of(text), Licence::Name(text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_name_becomes_a_reference_that_names_it() {
        let name = Licence::of("MIT License");
        assert_eq!(name.expression(), "LicenseRef-MIT-License-abb2896d");
        assert_eq!(name.references(), [(name.expression(), "MIT License".to_owned())]);
        assert_eq!(Licence::of("acme-1.0").expression(), "LicenseRef-acme-1.0");
        let names = ["MIT License", "MIT-License", "MIT/License", "MIT License "]
            .map(|it| Licence::Name(it.to_owned()).expression());
        assert_eq!(
            BTreeSet::from(names).len(),
            4,
            "different names are different references"
        );
        assert!(matches!(
            Licence::of(&Licence::of("a/b ü").expression()),
            Licence::Expression(_)
        ));
        assert_eq!(Licence::of("").expression(), "LicenseRef-unnamed");
    }
}

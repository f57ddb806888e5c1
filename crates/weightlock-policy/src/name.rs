//! [`ModelName`]: what lock files and pins call a model.

use std::fmt;

use weightlock_artifact::text::Shown;

/// What a model is called where it is locked or pinned: `pebble`, `acme/pebble`.
///
/// One to four parts with `/` between them; each of ASCII letters, digits, `-`, `_` and `.`, beginning with a letter or a digit. So a
/// name is no path that leads anywhere, no flag, and looks like no other name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModelName(String);

/// Why a text is no name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is no name of a model: {why}", text = Shown(text).to_string())]
pub struct NameError {
    /// The text, cut short.
    pub text: String,
    /// Why.
    pub why: &'static str,
}

impl ModelName {
    /// The longest name, in bytes; the hub allows 96 for each of two parts.
    pub const MAX_BYTES: usize = 200;

    /// The most parts.
    const MAX_PARTS: usize = 4;

    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let refused = |why| NameError {
            text: text.chars().take(Self::MAX_BYTES).collect(),
            why,
        };
        if text.len() > Self::MAX_BYTES {
            return Err(refused("it is longer than 200 bytes"));
        }
        if text.split('/').count() > Self::MAX_PARTS {
            return Err(refused("it has more than four parts"));
        }
        if text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused(
                "its parts are letters, digits, -, _ and ., and begin with a letter or a digit",
            ))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose it is, if the name says so, and what it is called there.
    #[must_use]
    pub fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, &self.0),
        }
    }
}

fn is_part(part: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    part.bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric())
        && part.bytes().all(is_letter)
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        for good in ["pebble", "acme/pebble", "Qwen/Qwen2.5-0.5B_x", "a/b/c/d", "0"] {
            assert_eq!(
                ModelName::parse(good).map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
        let long = "a".repeat(201);
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "..",
            "a/../b",
            "../a",
            ".hidden",
            "-rf",
            "a b",
            "a\nb",
            "a\u{1b}[0m",
            "é",
            "a//b",
            "a/b/c/d/e",
            "a=b",
            &long,
        ] {
            assert!(ModelName::parse(bad).is_err(), "{bad:?}");
        }
    }
}

//! A requirement for a Python distribution. <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>
//!
//! ```text
//! requirement = name [ "[" extras "]" ] ( versions | "@" address )? ( ";" marker )?
//! versions    = op version ("," op version)*         op = == | === | ~= | != | <= | >= | < | >
//! ```
//!
//! Only `== version` without `*`, alone, fixes a version; everything else is a range.

/// A requirement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Requirement {
    /// The name, as it is written.
    pub(super) name: String,
    /// What is asked for.
    pub(super) wanted: Wanted,
    /// On which machines it is asked for; empty where on all.
    pub(super) marker: String,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// Exactly this version.
    Version(String),
    /// A range of versions; empty for any.
    Range(String),
    /// What lies at an address.
    Address(String),
}

impl Requirement {
    /// Reads one; `None` where it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // A blank must precede the semicolon of an address only, in which one may stand.
        let (text, marker) = text.split_once(';').unwrap_or((text, ""));
        let text = text.trim();
        let end = text
            .find(|it: char| !it.is_ascii_alphanumeric() && !"-_.".contains(it))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        let is_name = name.starts_with(|it: char| it.is_ascii_alphanumeric())
            && name.ends_with(|it: char| it.is_ascii_alphanumeric())
            && name.len() <= 256;
        if !is_name {
            return None;
        }
        let rest = rest.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']')?.1.trim_start(),
            None => rest,
        };
        Some(Self {
            name: name.to_owned(),
            wanted: wanted(rest)?,
            marker: marker.trim().to_owned(),
        })
    }
}

fn wanted(text: &str) -> Option<Wanted> {
    if let Some(address) = text.strip_prefix('@') {
        let address = address.trim();
        return (!address.is_empty()).then(|| Wanted::Address(address.to_owned()));
    }
    let text = text
        .strip_prefix('(')
        .and_then(|it| it.strip_suffix(')'))
        .unwrap_or(text)
        .trim();
    if text.is_empty() {
        return Some(Wanted::Range(String::new()));
    }
    if !text.starts_with(['=', '<', '>', '~', '!']) {
        return None;
    }
    let fixed = text
        .strip_prefix("===")
        .or_else(|| text.strip_prefix("=="))
        .map(str::trim);
    match fixed {
        Some(version) if is_version(version) => Some(Wanted::Version(version.to_owned())),
        _ => Some(Wanted::Range(text.split_whitespace().collect())),
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_digit() || it == 'v')
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || ".!+-_".contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Wanted) {
        let it = Requirement::read(text).expect(text);
        (it.name, it.wanted)
    }

    #[test]
    fn only_an_equal_version_is_fixed() {
        let fixed = |version: &str| Wanted::Version(version.to_owned());
        let range = |range: &str| Wanted::Range(range.to_owned());
        for (text, name, wanted) in [
            ("mlflow==2.9.1", "mlflow", fixed("2.9.1")),
            (
                "torch == 2.1.0+cu121 ; python_version < '3.13'",
                "torch",
                fixed("2.1.0+cu121"),
            ),
            ("a===1!2.0", "a", fixed("1!2.0")),
            ("pip<=24.0", "pip", range("<=24.0")),
            ("x[a,b] >= 1, < 2", "x", range(">=1,<2")),
            ("x (>=1)", "x", range(">=1")),
            ("x==1.*", "x", range("==1.*")),
            ("x==1,!=2", "x", range("==1,!=2")),
            ("x", "x", range("")),
            (
                "x @ https://example.org/x.whl",
                "x",
                Wanted::Address("https://example.org/x.whl".to_owned()),
            ),
        ] {
            assert_eq!(read(text), (name.to_owned(), wanted), "{text}");
        }
        assert_eq!(
            Requirement::read("x; sys_platform == 'linux'")
                .expect("one")
                .marker,
            "sys_platform == 'linux'"
        );
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for text in ["", "-r x", "==1", "x y", "x[a", "x @", "./x", "é"] {
            assert_eq!(Requirement::read(text), None, "{text}");
        }
    }
}

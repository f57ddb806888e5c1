//! Where the code came from: repositories that are the same under two spellings, branches, tags and tags that are versions.

use std::fmt;

use serde_json::Value;

use crate::provenance::Provenance;

/// A repository, in one spelling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceUri(String);

/// The text names no repository.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} names no repository; one looks like https://github.com/OWNER/NAME")]
pub struct NotASource(pub String);

impl SourceUri {
    /// Reads `https://Host/owner/name.git`, `git+https://host/owner/name@refs/tags/v1`, `host/owner/name`. Scheme and host
    /// are written in small letters; the rest is kept, because hosts tell paths apart by case.
    ///
    /// # Errors
    /// [`NotASource`] for what has no host or no path.
    pub fn parse(text: &str) -> Result<Self, NotASource> {
        let refused = || NotASource(text.to_owned());
        let plain = text.strip_prefix("git+").unwrap_or(text);
        let (scheme, rest) = plain.split_once("://").unwrap_or(("https", plain));
        let (host, path) = rest.split_once('/').ok_or_else(refused)?;
        let path = path.split_once('@').map_or(path, |(path, _)| path);
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let is_host =
            |host: &str| (host.contains(['.', ':']) && !host.starts_with('.')) || host == "localhost";
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_word = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_host(host) || host.contains('@') || path.is_empty() || !is_word || !is_plain(rest) {
            return Err(refused());
        }
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        Ok(Self(format!("{scheme}://{host}/{path}")))
    }
}

impl fmt::Display for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which ref is expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefWanted {
    /// This branch.
    Branch(String),
    /// This tag.
    Tag(String),
    /// A tag that is a version of this: `v1` is any release `v1.x.y`, `v1.2` any `v1.2.y`.
    VersionedTag(String),
}

impl RefWanted {
    /// Whether a ref is what is expected.
    #[must_use]
    pub fn is_met_by(&self, found: &str) -> bool {
        match self {
            Self::Branch(name) => found.strip_prefix("refs/heads/") == Some(name),
            Self::Tag(name) => found.strip_prefix("refs/tags/") == Some(name),
            Self::VersionedTag(name) => {
                let found = found.strip_prefix("refs/tags/").and_then(Version::parse);
                match (Version::parse(name), found) {
                    (Some(wanted), Some(found)) => wanted.includes(&found),
                    _ => false,
                }
            }
        }
    }
}

impl fmt::Display for RefWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "refs/heads/{name}"),
            Self::Tag(name) => write!(f, "refs/tags/{name}"),
            Self::VersionedTag(name) => write!(f, "refs/tags/{name}, or a release of it"),
        }
    }
}

/// `v1`, `v1.2`, `v1.2.3`, `v1.2.3-rc.1`: one to three numbers without leading zeros.
#[derive(Debug)]
struct Version<'a> {
    numbers: Vec<u64>,
    /// What stands behind `-`.
    before: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        let (numbers, before) = match text.split_once('-') {
            Some((numbers, before)) => (numbers, Some(before)),
            None => (text, None),
        };
        let number = |part: &str| {
            let is_plain =
                part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            is_plain.then(|| part.parse().ok()).flatten()
        };
        let numbers: Vec<u64> = numbers.split('.').map(number).collect::<Option<_>>()?;
        let is_whole = (1..=3).contains(&numbers.len()) && before.is_none_or(|_| numbers.len() == 3);
        is_whole.then_some(Self { numbers, before })
    }

    /// Whether another is a release of this. What comes before a release is only itself.
    fn includes(&self, other: &Self) -> bool {
        other.numbers.len() == 3 && other.numbers.starts_with(&self.numbers) && self.before == other.before
    }
}

/// What provenance says of the code, where its build type has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// The repository as it is written.
    pub uri: Option<String>,
    /// The ref that was built: `refs/tags/v1`.
    pub reference: Option<String>,
    /// The commit, by the resolved dependency of the same repository.
    pub commit: Option<String>,
    /// The working tree differed from the commit, or nobody could tell: what the dependency's annotation says.
    pub tree: Option<String>,
}

/// Where repository and ref stand in the external parameters: ours, and those of GitHub's workflows.
const PLACES: [(&str, &str); 2] = [
    ("/source/uri", "/source/ref"),
    ("/workflow/repository", "/workflow/ref"),
];

impl Source {
    /// What is said. `places` are JSON pointers of another build type.
    #[must_use]
    pub fn of(provenance: &Provenance, places: Option<(&str, Option<&str>)>) -> Self {
        let parameters = Value::Object(provenance.external_parameters.clone());
        let text = |place: &str| Some(parameters.pointer(place)?.as_str()?.to_owned());
        let (uri, reference) = match places {
            Some((uri, reference)) => (text(uri), reference.and_then(text)),
            None => {
                let found = PLACES.iter().find(|(uri, _)| text(uri).is_some());
                found.map_or((None, None), |(uri, reference)| (text(uri), text(reference)))
            }
        };
        let same = uri.as_deref().and_then(|uri| SourceUri::parse(uri).ok());
        let resolved = provenance.dependencies.iter().find(|one| {
            let found = one.uri.as_deref().and_then(|uri| SourceUri::parse(uri).ok());
            found.is_some() && found == same
        });
        let commit = |name: &str| resolved?.digests.get(name).cloned();
        Self {
            uri,
            reference,
            commit: commit("gitCommit").or_else(|| commit("sha1")),
            tree: resolved.and_then(|one| one.annotations.get("tree").cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_repository_are_one() {
        let same = SourceUri::parse("https://github.com/Acme/models").unwrap();
        for text in [
            "HTTPS://GitHub.com/Acme/models",
            "git+https://github.com/Acme/models.git",
            "git+https://github.com/Acme/models@refs/tags/v1",
            "github.com/Acme/models/",
        ] {
            assert_eq!(SourceUri::parse(text).unwrap(), same, "{text}");
        }
        for text in [
            "https://github.com/acme/models",
            "https://github.com.example.org/Acme/models",
            "http://github.com/Acme/models",
            "https://github.com/Acme/models2",
            "git+ssh://github.com/Acme/models",
        ] {
            assert_ne!(SourceUri::parse(text).unwrap(), same, "{text}");
        }
        for text in [
            "",
            "models",
            "https://",
            "https://github.com",
            "https://github.com/",
            "./models",
            "https://a@github.com/x",
            "Acme/models",
        ] {
            assert!(SourceUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_ref_is_the_one_that_is_expected_and_no_other() {
        let tag = |name: &str| RefWanted::Tag(name.to_owned());
        let version = |name: &str| RefWanted::VersionedTag(name.to_owned());
        for (wanted, found, expected) in [
            (RefWanted::Branch("main".to_owned()), "refs/heads/main", true),
            (RefWanted::Branch("main".to_owned()), "refs/tags/main", false),
            (RefWanted::Branch("main".to_owned()), "refs/heads/main2", false),
            (tag("v1"), "refs/tags/v1", true),
            (tag("v1"), "refs/tags/v1.2.3", false),
            (tag("v1"), "refs/heads/v1", false),
            (version("v1"), "refs/tags/v1.2.3", true),
            (version("v1.2"), "refs/tags/v1.2.9", true),
            (version("v1.2"), "refs/tags/v1.20.0", false),
            (version("v1.2.3"), "refs/tags/v1.2.3", true),
            (version("v1"), "refs/tags/v1.2.3-rc.1", false),
            (version("v1.2.3-rc.1"), "refs/tags/v1.2.3-rc.1", true),
            (version("v1"), "refs/tags/v10.0.0", false),
            (version("v1"), "refs/tags/v1", false),
            (version("v1"), "refs/tags/latest", false),
            (version("latest"), "refs/tags/latest", false),
        ] {
            assert_eq!(wanted.is_met_by(found), expected, "{wanted} {found}");
        }
    }
}

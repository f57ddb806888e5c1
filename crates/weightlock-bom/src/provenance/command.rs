//! [`told`]: a command line as a statement may tell it, without secrets and without the user's own folders.
//!
//! A statement is given away and kept for years. Arguments are what a step was told from outside, so they belong into it; a
//! token that somebody put there does not. What *looks* like a secret is left out: by the name of the flag or variable that
//! it belongs to, and in addresses what stands before the host. A secret that looks like nothing is told; the page
//! [provenance](https://github.com/weightlock/weightlock/blob/main/docs/howto/provenance.md) says so.

/// What stands in the place of a secret.
pub const LEFT_OUT: &str = "(left out)";

/// Parts of names whose values are secrets, without dashes and underscores.
const SECRET: [&str; 11] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "cookie",
];

/// Beginnings of well-known tokens.
const TOKENS: [&str; 9] = [
    "hf_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk-",
    "AKIA",
    "xox",
];
/// A token is at least this long; shorter words that begin so are words.
const SHORTEST_TOKEN: usize = 20;

/// Folders whose paths tell who somebody is, and what stands for them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Folders<'a> {
    /// The working directory, told as `.`.
    pub work: Option<&'a str>,
    /// The user's own folder, told as `~`.
    pub home: Option<&'a str>,
}

/// Whether the value of a flag or variable of this name is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let is_about_tokenizers = plain.contains("tokenizer") || plain.contains("tokens");
    SECRET
        .iter()
        .any(|word| plain.contains(word) && !(*word == "token" && is_about_tokenizers))
}

/// The arguments as they may be told.
#[must_use]
pub fn told(arguments: &[String], folders: Folders<'_>) -> Vec<String> {
    let mut told = Vec::with_capacity(arguments.len());
    let mut follows_secret = false;
    for argument in arguments {
        let is_value = follows_secret && !argument.starts_with('-');
        follows_secret = argument.starts_with('-') && !argument.contains('=') && is_secret(argument);
        told.push(if is_value {
            LEFT_OUT.to_owned()
        } else {
            one(argument, folders)
        });
    }
    told
}

/// A text of one argument, or of a variable.
#[must_use]
pub fn one(argument: &str, folders: Folders<'_>) -> String {
    if let Some((name, value)) = argument.split_once('=')
        && !value.is_empty()
        && is_secret(name)
    {
        return format!("{name}={LEFT_OUT}");
    }
    let is_token = |word: &str| {
        word.len() >= SHORTEST_TOKEN && TOKENS.iter().any(|beginning| word.starts_with(beginning))
    };
    let words = argument.split(|letter: char| !(letter.is_ascii_alphanumeric() || "_-".contains(letter)));
    if words.into_iter().any(is_token) {
        return LEFT_OUT.to_owned();
    }
    without_folders(&without_user(argument), folders)
}

/// An address without what stands before its host: `https://user:password@host/…`.
#[must_use]
pub fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => text.to_owned(),
    }
}

/// Where a folder's path stands as a whole, what stands for it.
fn without_folders(text: &str, folders: Folders<'_>) -> String {
    let mut told = text.to_owned();
    for (folder, sign) in [(folders.work, "."), (folders.home, "~")] {
        let Some(folder) = folder.map(|folder| folder.trim_end_matches('/')) else {
            continue;
        };
        if folder.is_empty() {
            continue;
        }
        told = replaced(&told, folder, sign);
    }
    told
}

fn replaced(text: &str, folder: &str, sign: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(folder) {
        let (before, found) = rest.split_at(at);
        let behind = found.get(folder.len()..).unwrap_or_default();
        let begins = !before.ends_with(|letter: char| letter.is_alphanumeric() || "_.-".contains(letter));
        let ends = behind.is_empty() || behind.starts_with(|letter: char| "/:,;'\" ".contains(letter));
        told += before;
        told += if begins && ends { sign } else { folder };
        rest = behind;
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        told(
            &arguments,
            Folders {
                work: Some("/home/ada/run"),
                home: Some("/home/ada"),
            },
        )
    }

    #[test]
    fn what_looks_like_a_secret_is_left_out() {
        for (given, expected) in [
            (&["--token", "abc"][..], &["--token", LEFT_OUT][..]),
            (&["--api-key=abc"], &["--api-key=(left out)"]),
            (
                &["AWS_SECRET_ACCESS_KEY=abc"],
                &["AWS_SECRET_ACCESS_KEY=(left out)"],
            ),
            (&["--hub_token", "abc", "x"], &["--hub_token", LEFT_OUT, "x"]),
            (&["--token", "--push"], &["--token", "--push"]),
            (&["hf_abcdefghijklmnopqrstuvwxyz"], &[LEFT_OUT]),
            (&["Bearer ghp_abcdefghijklmnopqrstuvwxyz"], &[LEFT_OUT]),
            (&["https://u:p@example.org/x"], &["https://example.org/x"]),
            (&["git+https://u@example.org"], &["git+https://example.org"]),
        ] {
            assert_eq!(tell(given), expected, "{given:?}");
        }
    }

    #[test]
    fn what_does_not_is_told() {
        for argument in [
            "train.py",
            "--learning-rate=2e-5",
            "--tokenizer",
            "--max-new-tokens=5",
            "--tokenizer-path=x",
            "sk-learn",
            "https://example.org/a@b",
            "a=b",
            "",
        ] {
            assert_eq!(tell(&[argument]), [argument], "{argument}");
        }
    }

    #[test]
    fn the_users_folders_are_not_told() {
        for (given, expected) in [
            ("/home/ada/run/out", "./out"),
            ("--out=/home/ada/run", "--out=."),
            ("/home/ada/data", "~/data"),
            ("/home/adam/data", "/home/adam/data"),
            ("/mnt/home/ada/data", "/mnt/home/ada/data"),
            ("/home/ada/run:/home/ada/x", ".:~/x"),
        ] {
            assert_eq!(tell(&[given]), [expected], "{given}");
        }
    }
}

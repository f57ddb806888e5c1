//! [`told`]: a command line as a statement may tell it, without secrets and without the user's own folders.
//!
//! A statement is given away and kept for years. Arguments are what a step was told from outside, so they belong into it; a
//! token that somebody put there does not. What *looks* like a secret is left out, wherever it stands: by the name of the flag,
//! variable, member, header or parameter that it belongs to ([`is_secret`]), by its own form (`shape`), by the program whose flag it
//! follows, and in addresses what stands before the host. How many were left out is counted. A secret that looks like nothing is
//! told; the page [provenance](https://github.com/weightlock/weightlock/blob/main/docs/howto/provenance.md) says so.
//!
//! An argument that is a script or a list (`sh -c '…'`, `{api_key:…}`) is gone through word by word, so that one secret does not
//! hide the rest of what was done.

mod name;
mod shape;

use serde_json::Value;

pub use self::name::is_secret;
use self::{
    name::{is_cookie, is_key},
    shape::{is_encoded, is_token, without_private_keys},
};

/// What stands in the place of a secret.
pub const LEFT_OUT: &str = "(left out)";

/// Folders whose paths tell who somebody is, and what stands for them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Folders<'a> {
    /// The working directory, told as `.`.
    pub work: Option<&'a str>,
    /// The user's own folder, told as `~`.
    pub home: Option<&'a str>,
}

/// Arguments as they may be told.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Told {
    /// The arguments.
    pub words: Vec<String>,
    /// How many secrets were left out of them.
    pub left_out: usize,
}

/// Flags of programs that are followed by a secret. With a second word, only where that is an argument too.
const FLAGS: [(&[&str], Option<&str>, &[&str]); 7] = [
    (&["sshpass"], None, &["-p"]),
    (
        &[
            "docker", "podman", "nerdctl", "buildah", "oras", "helm", "skopeo", "az",
        ],
        Some("login"),
        &["-p"],
    ),
    (
        &["curl"],
        None,
        &["-u", "--user", "-U", "--proxy-user", "-b", "--oauth2-bearer"],
    ),
    (&["redis-cli"], None, &["-a"]),
    (&["ldapsearch", "ldapadd", "ldapmodify"], None, &["-w"]),
    (&["zip", "unzip"], None, &["-P"]),
    (&["openssl"], None, &["-pass", "-passin", "-passout"]),
];
/// Flags of programs that a secret follows without a space.
const ATTACHED: [(&[&str], &str); 4] = [
    (
        &["mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump"],
        "-p",
    ),
    (&["sshpass", "7z", "7za", "7zz", "rar", "unrar"], "-p"),
    (&["curl"], "-u"),
    (&["redis-cli"], "-a"),
];
/// Programs whose names are words of other things too.
const WORDS: [&str; 6] = ["zip", "az", "helm", "oras", "7z", "rar"];
/// Addresses that are a secret themselves.
const SECRET_ADDRESSES: [&str; 2] = ["hooks.slack.com/services/", "/api/webhooks/"];
/// The program whose keys are 40 hexadecimal digits, as commits are.
const WANDB: &str = "wandb";
/// Words in front of the program that is run.
const WRAPPERS: [&str; 13] = [
    "env", "sudo", "nohup", "exec", "time", "timeout", "nice", "command", "stdbuf", "srun", "do", "then",
    "else",
];
/// Words between `Authorization:` and what it is about.
const SCHEMES: [&str; 6] = ["bearer", "basic", "token", "digest", "negotiate", "apikey"];
/// What ends a word in a script, a list or an address.
const ENDS: &[char] = &[
    ' ', '\t', '\n', '\r', '"', '\'', '`', ',', ';', '|', '&', '?', '#', '{', '}', '[', ']', '(', ')', '<',
    '>',
];

/// The arguments as they may be told.
#[must_use]
pub fn told(arguments: &[String], folders: Folders<'_>) -> Told {
    let mut reader = Reader::default();
    let words = arguments
        .iter()
        .map(|argument| without_folders(&reader.argument(argument), folders));
    Told {
        words: words.collect(),
        left_out: reader.left_out,
    }
}

/// A text of one argument, or of a variable.
#[must_use]
pub fn one(argument: &str, folders: Folders<'_>) -> String {
    without_folders(&Reader::default().argument(argument), folders)
}

/// A value that was set from outside under a name, and how many secrets were left out of it.
#[must_use]
pub fn parameter(name: &str, value: &Value, folders: Folders<'_>) -> (Value, usize) {
    let mut reader = Reader::default();
    let mut value = value.clone();
    reader.members(name, &mut value, folders);
    (value, reader.left_out)
}

/// Goes through arguments in their order, since some say what the next one is.
#[derive(Default)]
struct Reader {
    left_out: usize,
    /// The program that flags belong to, one of [`FLAGS`] or [`ATTACHED`].
    program: Option<&'static str>,
    /// The program has been named.
    is_named: bool,
    /// The program was told to log in.
    logs_in: bool,
    /// The word before names a secret, as in `password = "…"`.
    is_after_name: bool,
    /// The secret is a list of cookies, which goes on behind spaces and semicolons.
    is_cookie: bool,
    next: Next,
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Next {
    #[default]
    Ordinary,
    /// A secret, unless it is a flag.
    Secret,
    /// A secret, or the word for its kind.
    SecretOrScheme,
    /// A secret if it is encoded.
    SecretIfEncoded,
}

impl Reader {
    fn hide(&mut self) -> &'static str {
        self.left_out = self.left_out.saturating_add(1);
        LEFT_OUT
    }

    /// One argument, as a program gets it.
    fn argument(&mut self, argument: &str) -> String {
        match std::mem::take(&mut self.next) {
            Next::Secret | Next::SecretOrScheme if is_value(argument) => {
                return self.hide().to_owned();
            }
            Next::SecretIfEncoded if is_encoded(argument, 8) => return self.hide().to_owned(),
            _ => {}
        }
        if let Some((name, value)) = argument.split_once('=')
            && !value.is_empty()
            && !name.contains(ENDS)
            && !name.contains("://")
            && (is_secret(name) || (is_key(name) && is_encoded(value, 16)))
        {
            return format!("{name}={}", self.hide());
        }
        match self.json(argument) {
            Some(told) => told,
            None => self.text(argument),
        }
    }

    /// An argument that is JSON, or ends in it behind `NAME=`; none for another, and where nothing is left out of it.
    fn json(&mut self, text: &str) -> Option<String> {
        let at = text.find(['{', '['])?;
        let (before, json) = text.split_at(at);
        if !(before.is_empty() || before.ends_with('=')) {
            return None;
        }
        let mut value: Value = serde_json::from_str(json).ok()?;
        let earlier = self.left_out;
        let name = before.trim_end_matches('=');
        self.members(name, &mut value, Folders::default());
        (self.left_out > earlier).then(|| format!("{before}{value}"))
    }

    /// Members of a document under a name, worked off as a list.
    fn members(&mut self, name: &str, value: &mut Value, folders: Folders<'_>) {
        let mut open = vec![(is_secret(name), is_key(name), value)];
        while let Some((is_hidden, is_named_key, value)) = open.pop() {
            match value {
                Value::Object(members) => {
                    open.extend(members.iter_mut().map(|(name, value)| {
                        (is_hidden || is_secret(name), is_named_key || is_key(name), value)
                    }));
                }
                Value::Array(items) => {
                    open.extend(items.iter_mut().map(|item| (is_hidden, is_named_key, item)));
                }
                Value::String(text) if text.is_empty() => {}
                Value::String(text) if is_hidden || (is_named_key && is_encoded(text, 16)) => {
                    *text = self.hide().to_owned();
                }
                Value::String(text) => {
                    let before = std::mem::take(&mut self.next);
                    *text = without_folders(&self.text(text), folders);
                    self.next = before;
                }
                Value::Number(_) if is_hidden => *value = Value::from(self.hide()),
                Value::Number(_) | Value::Bool(_) | Value::Null => {}
            }
        }
    }

    /// A text word by word, with everything between words as it is.
    fn text(&mut self, text: &str) -> String {
        let (text, keys) = without_private_keys(text, LEFT_OUT);
        let (text, users) = without_users(&text, char::is_whitespace);
        self.left_out = self.left_out.saturating_add(keys).saturating_add(users);
        let is_script = text.contains(ENDS);
        if text.contains(char::is_whitespace) {
            self.is_named = false;
        }
        let mut told = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|letter| !ENDS.contains(&letter)).unwrap_or(rest.len());
            let (between, behind) = rest.split_at(end);
            told += between;
            if between.contains([';', '|', '&', '(', '\n', '`']) {
                self.is_named = false;
            }
            let end = behind.find(ENDS).unwrap_or(behind.len());
            let (word, more) = behind.split_at(end);
            let quote = between
                .chars()
                .last()
                .filter(|last| matches!(last, '"' | '\'' | '`'));
            let (shown, is_hidden) = self.word(word, more, is_script);
            told += &shown;
            rest = more;
            if is_hidden {
                rest = match std::mem::take(&mut self.is_cookie) {
                    true => more
                        .find(['"', '\''])
                        .map_or("", |end| more.get(end..).unwrap_or_default()),
                    false => rest_of_secret(more, quote),
                };
            }
        }
        if is_script {
            self.next = Next::Ordinary;
        }
        told
    }

    /// A word, as it may be told, and whether it ends in a secret that was left out. `more` is what follows it.
    fn word(&mut self, word: &str, more: &str, is_script: bool) -> (String, bool) {
        if word.is_empty() {
            return (String::new(), false);
        }
        let is_named = std::mem::replace(&mut self.is_after_name, !word.starts_with('-') && is_secret(word));
        // `password = x`, `"password": x`: the sign stands alone.
        if word.bytes().all(|byte| b":=".contains(&byte)) {
            if is_named {
                self.next = Next::SecretOrScheme;
            }
            return (word.to_owned(), false);
        }
        match std::mem::take(&mut self.next) {
            Next::SecretOrScheme if SCHEMES.contains(&word.to_ascii_lowercase().as_str()) => {
                self.next = Next::Secret;
                return (word.to_owned(), false);
            }
            Next::Secret | Next::SecretOrScheme if !word.starts_with('-') => {
                return (self.hide().to_owned(), true);
            }
            Next::SecretIfEncoded if is_encoded(word, 8) => return (self.hide().to_owned(), true),
            _ => {}
        }
        self.learn(word);
        if let Some(flag) = self.attached(word) {
            return (format!("{flag}{}", self.hide()), true);
        }
        if let Some((flag, value)) = word.split_once('=')
            && !value.is_empty()
            && self.announces(flag)
        {
            return (format!("{flag}={}", self.hide()), true);
        }
        if self.announces(word) {
            self.next = Next::Secret;
            return (word.to_owned(), false);
        }
        match word.to_ascii_lowercase().as_str() {
            "bearer" => self.next = Next::Secret,
            "basic" => self.next = Next::SecretIfEncoded,
            _ => {}
        }
        // `NAME=VALUE`, `name:value`, `a=b=NAME=VALUE`; what follows in quotes or behind a colon is the value too.
        let mut from = 0_usize;
        for (at, sign) in word.match_indices(['=', ':']) {
            let name = word.get(from..at).unwrap_or_default();
            let behind = at.saturating_add(sign.len());
            from = behind;
            let value = word.get(behind..).unwrap_or_default();
            let is_named = is_secret(name) || (is_key(name) && is_encoded(value, 16));
            if !is_named || value.starts_with("//") {
                continue;
            }
            if sign == ":" && SCHEMES.contains(&value.to_ascii_lowercase().as_str()) {
                self.next = Next::Secret;
                return (word.to_owned(), false);
            }
            if !value.is_empty() {
                self.is_cookie = is_cookie(name);
                let head = word.get(..behind).unwrap_or_default();
                return (format!("{head}{}", self.hide()), true);
            }
            if is_script && !more.is_empty() && (sign == ":" || more.starts_with(['"', '\'', '`'])) {
                self.is_cookie = is_cookie(name);
                self.next = Next::SecretOrScheme;
            }
        }
        for address in SECRET_ADDRESSES {
            if let Some((before, _)) = word.split_once(address).filter(|(_, rest)| !rest.is_empty()) {
                return (format!("{before}{address}{}", self.hide()), true);
            }
        }
        (self.by_shape(word), false)
    }

    /// Takes note of the program that the following flags belong to.
    fn learn(&mut self, word: &str) {
        self.logs_in |= word == "login";
        let is_before = word.starts_with('-') || word.contains('=') || word.parse::<u32>().is_ok();
        if is_before || WRAPPERS.contains(&word) {
            return;
        }
        let base = word.rsplit('/').next().unwrap_or_default();
        let named = FLAGS.iter().map(|(programs, ..)| *programs);
        let attached = ATTACHED.iter().map(|(programs, _)| *programs);
        let mut programs = named.chain(attached).flatten().chain([&WANDB]);
        let found = programs.find(|program| **program == base).copied();
        // Launchers name the program somewhere behind.
        if !self.is_named || found.is_some_and(|program| !WORDS.contains(&program)) {
            self.program = found;
            self.logs_in = false;
        }
        self.is_named = true;
    }

    /// Whether a flag is followed by a secret.
    fn announces(&self, word: &str) -> bool {
        let of_program = FLAGS.iter().any(|(programs, needs, flags)| {
            self.program.is_some_and(|program| programs.contains(&program))
                && flags.contains(&word)
                && (needs.is_none() || self.logs_in)
        });
        of_program || (word.starts_with('-') && !word.contains(['=', ':']) && is_secret(word))
    }

    /// The flag that a secret is written behind.
    fn attached(&self, word: &str) -> Option<&'static str> {
        let program = self.program?;
        let mut flags = ATTACHED
            .iter()
            .filter(|(programs, _)| programs.contains(&program));
        flags.find_map(|(_, flag)| {
            let rest = word.strip_prefix(flag)?;
            (!rest.is_empty() && !word.starts_with("--")).then_some(*flag)
        })
    }

    /// A word without the tokens in it.
    fn by_shape(&mut self, word: &str) -> String {
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        let mut told = String::new();
        let mut rest = word;
        while !rest.is_empty() {
            let end = rest.find(is_inner).unwrap_or(rest.len());
            let (between, behind) = rest.split_at(end);
            let end = behind.find(|letter| !is_inner(letter)).unwrap_or(behind.len());
            let (part, more) = behind.split_at(end);
            told += between;
            let is_key = self.program == Some(WANDB)
                && self.logs_in
                && part.len() == 40
                && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_hidden = is_key || is_token(part) || part.split('.').any(is_token);
            told += if is_hidden { self.hide() } else { part };
            rest = more;
        }
        told
    }
}

/// Whether an argument is the value of the flag before it. A long one may begin as a flag of one letter does.
fn is_value(argument: &str) -> bool {
    !argument.is_empty()
        && (!argument.starts_with('-') || (!argument.starts_with("--") && argument.len() >= 12))
}

/// What follows a secret that goes on: to its closing quote, or to the next space or quote.
fn rest_of_secret(more: &str, quote: Option<char>) -> &str {
    let end = match quote {
        Some(quote) => more.find(quote),
        None => more.find(|letter: char| letter.is_whitespace() || "\"'`&#;|,}])".contains(letter)),
    };
    more.get(end.unwrap_or(more.len())..).unwrap_or_default()
}

/// An address without what stands before its host: `https://user:password@host/…`.
#[must_use]
pub fn without_user(text: &str) -> String {
    without_users(text, |_| false).0
}

/// A text in which no address has anything before its host, and how many had. A password can have quotes in it, so that only
/// what ends an address for `is_end` too does end one.
fn without_users(text: &str, is_end: impl Fn(char) -> bool) -> (String, usize) {
    const SCHEME: &str = "://";
    let (mut told, mut left_out) = (String::with_capacity(text.len()), 0_usize);
    let mut rest = text;
    while let Some(at) = rest.find(SCHEME) {
        let (before, behind) = rest.split_at(at.saturating_add(SCHEME.len()));
        told += before;
        let end = behind.find(|letter: char| "/?#".contains(letter) || is_end(letter));
        let end = end.unwrap_or(behind.len());
        let (authority, more) = behind.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                told += host;
                left_out = left_out.saturating_add(1);
            }
            None => told += authority,
        }
        rest = more;
    }
    (told + rest, left_out)
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
mod tests;

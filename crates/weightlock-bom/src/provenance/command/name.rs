//! [`is_secret`]: whether what stands behind a name is a secret, going by the words of the name.

/// Parts of names whose values are secrets, without what separates words.
const PARTS: [&str; 19] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "accountkey",
    "authorization",
    "connectionstring",
    "storepass",
    "keypass",
    "webhook",
    "xamzsignature",
    "xgoogsignature",
];
/// Whole names that are secrets, and are parts of many that are none.
const WHOLE: [&str; 11] = [
    "pass",
    "pwd",
    "userpass",
    "dbpass",
    "pgpass",
    "pat",
    "sas",
    "sig",
    "jwt",
    "auth",
    "signature",
];
/// Words that make the name of a variable one of a secret, where it is written in capitals as those of the environment are.
const OF_VARIABLES: [&str; 6] = ["pat", "pwd", "pass", "auth", "sas", "jwt"];
/// Words before `token` that make it one of a tokenizer, or a count.
const OF_A_TOKENIZER: [&str; 27] = [
    "pad",
    "eos",
    "bos",
    "unk",
    "mask",
    "sep",
    "cls",
    "special",
    "stop",
    "image",
    "video",
    "audio",
    "start",
    "end",
    "additional",
    "extra",
    "prompt",
    "per",
    "next",
    "last",
    "first",
    "max",
    "min",
    "num",
    "by",
    "new",
    "each",
];
/// Words behind `token` that make it something about tokens of a text.
const ABOUT_TOKENS: [&str; 23] = [
    "id",
    "ids",
    "type",
    "types",
    "level",
    "length",
    "len",
    "count",
    "counts",
    "size",
    "dim",
    "budget",
    "limit",
    "limits",
    "dropout",
    "rate",
    "idx",
    "index",
    "embedding",
    "embeddings",
    "classification",
    "mixing",
    "merging",
];
/// Last words of names whose value says where a secret is, and words that take no value.
const ELSEWHERE: [&str; 6] = ["stdin", "file", "path", "env", "fd", "prompt"];
/// First words of names that are switched on or off.
const SWITCHES: [&str; 6] = ["use", "no", "has", "require", "enable", "disable"];

/// Whether the value of a flag, variable, member or header of this name is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let words = words(name);
    let plain = words.concat();
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return false;
    };
    if ELSEWHERE.contains(&last.as_str()) {
        return false;
    }
    PARTS.iter().any(|part| plain.contains(part))
        || WHOLE.contains(&plain.as_str())
        || is_cookie(name)
        || words.iter().any(|word| word == "bearer")
        || (is_variable(name) && words.iter().any(|word| OF_VARIABLES.contains(&word.as_str())))
        || (has_token(&words) && !SWITCHES.contains(&first.as_str()))
}

/// Whether it is a header of cookies, whose value goes on behind a semicolon.
pub(super) fn is_cookie(name: &str) -> bool {
    words(name)
        .iter()
        .any(|word| matches!(word.as_str(), "cookie" | "cookies"))
}

/// Whether a name is written as those of the environment are.
fn is_variable(name: &str) -> bool {
    name.contains('_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a name ends in `key`, so that its value is a secret if it looks like one.
pub(super) fn is_key(name: &str) -> bool {
    words(name).last().is_some_and(|last| last == "key")
}

fn has_token(words: &[String]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let behind = at.checked_add(1).and_then(|at| words.get(at));
        let joined = word.strip_suffix("token").filter(|rest| !rest.is_empty());
        let of_a_tokenizer = |word: &str| OF_A_TOKENIZER.contains(&word);
        (word == "token" || joined.is_some())
            && !before.is_some_and(|word| of_a_tokenizer(word))
            && !joined.is_some_and(of_a_tokenizer)
            && !behind.is_some_and(|word| ABOUT_TOKENS.contains(&word.as_str()))
    })
}

/// The words of `--hub-token`, `HUB_TOKEN`, `hub.token` and `hubToken`, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_ascii_alphanumeric() || (was_small && letter.is_ascii_uppercase()) {
            words.push(String::new());
        }
        was_small = letter.is_ascii_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_their_words() {
        for name in [
            "--token",
            "HF_TOKEN",
            "hub_token",
            "hubToken",
            "hftoken",
            "model.api_key",
            "X-Api-Key",
            "Authorization",
            "AWS_SECRET_ACCESS_KEY",
            "X-Amz-Signature",
            "X-Amz-Security-Token",
            "X-Amz-Credential",
            "sig",
            "db_password",
            "PGPASSWORD",
            "MYSQL_PWD_PASSWORD",
            "pwd",
            "--pass",
            "Set-Cookie",
            "AZURE_STORAGE_CONNECTION_STRING",
            "token_hf",
            "client-secret",
            "WANDB_API_KEY",
            "GITHUB_PAT",
            "SMTP_PASS",
            "DOCKER_AUTH_CONFIG",
            "SLACK_WEBHOOK",
            "--storepass",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "",
            "--max-tokens",
            "--max-new-tokens",
            "tokenizer",
            "tokenizer.path",
            "--pad_token",
            "eos-token",
            "padToken",
            "eos_token_id",
            "--token-type-ids",
            "loss_per_token",
            "--key-size",
            "--num_key_value_heads",
            "key",
            "--author",
            "--bypass",
            "passes",
            "--lr",
            "--password-stdin",
            "--password-file",
            "token_path",
            "TOKENIZERS_PARALLELISM",
            "use_auth_token",
            "--assignment",
            "compass",
            "signal",
            "keyword",
            "signature_def",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_key("--key") && is_key("openai_key") && !is_key("--key-size") && !is_key("monkey"));
    }
}

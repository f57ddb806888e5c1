//! What tells about a machine or a person, in any text of a stranger's file: a path in somebody's folders, an address with a
//! password in it or of a host that nobody else can reach, a token of a service.
//!
//! Claims that hold such a text are kept and marked, so that documents leave them out unless they are asked for. It is better
//! to leave out a sentence too many than to publish somebody's name.

/// Folders that lie on machines of people. Folders of the system itself (`/usr`, `/etc`) tell nothing.
const ROOTS: [&str; 33] = [
    "/home/",
    "/users/",
    "/root/",
    "/mnt/",
    "/media/",
    "/scratch",
    "/tmp/",
    "/nfs",
    "/nas",
    "/gpfs",
    "/lustre",
    "/fsx/",
    "/raid",
    "/ssd",
    "/nvme",
    "/storage",
    "/cluster/",
    "/project/",
    "/projects/",
    "/work/",
    "/workspace/",
    "/shared/",
    "/share/",
    "/data/",
    "/data1/",
    "/data2/",
    "/datasets/",
    "/export/",
    "/private/",
    "/var/folders/",
    "/content/",
    "/kaggle/",
    "/volumes/",
];

/// How tokens of services begin, and how many letters follow at least.
const TOKENS: [(&str, usize); 12] = [
    ("hf_", 20),
    ("sk-", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 20),
    ("glpat-", 15),
    ("xoxb-", 15),
    ("xoxp-", 15),
    ("AKIA", 16),
    ("AIza", 30),
    ("dapi", 32),
];

/// Names that settings for one person or one machine have.
const KEYS: [&str; 20] = [
    "access_token",
    "api_key",
    "api_token",
    "apikey",
    "auth_token",
    "cache_dir",
    "hf_token",
    "host",
    "host_name",
    "hostname",
    "hub_token",
    "logging_dir",
    "output_dir",
    "passwd",
    "password",
    "run_name",
    "secret",
    "user",
    "user_name",
    "username",
];

/// Whether a text tells about a machine or a person.
pub(super) fn is_told_by(text: &str) -> bool {
    let text = text.trim();
    is_path(text) || is_copy_address(text) || addresses(text).any(is_private_address) || has_word(text)
}

/// Whether the setting of this name belongs to one person or one machine, whatever its value is.
pub(super) fn is_key(key: &str) -> bool {
    let last = key.rsplit(['.', ' ']).next().unwrap_or(key).to_ascii_lowercase();
    KEYS.contains(&last.as_str()) || last.ends_with("_api_key") || last.ends_with("_password")
}

/// Whether the whole of a text is a path: absolute with a folder in it, in a home folder, behind a drive, of a server.
fn is_path(text: &str) -> bool {
    let is_drive =
        matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    let is_absolute = text.starts_with('/') && !text.starts_with("//") && text.matches('/').count() > 1;
    is_drive || is_absolute && !text.contains(char::is_whitespace)
}

/// `me@host:/data`, as copying programs write it. Whoever fetches code is called `git` on every host, and what follows the name of
/// an image is a digest.
fn is_copy_address(text: &str) -> bool {
    let Some((user, rest)) = text.split_once('@') else {
        return false;
    };
    let is_word = |it: &str| {
        !it.is_empty()
            && it
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
    };
    let host = rest.split_once(':').map(|(host, _)| host);
    is_word(user) && user != "git" && host.is_some_and(|it| is_word(it) && !it.starts_with("sha"))
}

/// What stands between `://` and the next slash of each address in a text, with what follows it.
fn addresses(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("://").filter_map(move |(at, _)| {
        let rest = text.get(at.saturating_add(3)..)?;
        let rest = rest
            .split(|it: char| it.is_whitespace() || "\"'<>`".contains(it))
            .next()?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest.split_at_checked(end)
    })
}

fn is_private_address((authority, path): (&str, &str)) -> bool {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let octets: Vec<&str> = host.split('.').collect();
    let is_inner = match octets[..] {
        ["127" | "10", ..] => octets.len() == 4,
        ["192", "168", ..] => octets.len() == 4,
        ["172", second, ..] => {
            second.parse::<u8>().is_ok_and(|it| (16..32).contains(&it)) && octets.len() == 4
        }
        _ => host == "localhost" || is_inner_host(&host),
    };
    // Channels of conda have the token in the path.
    let has_token = path.starts_with("/t/") && path.matches('/').count() > 2;
    let is_signed = path.to_ascii_lowercase().contains("signature=") || path.contains("token=");
    !matches!(user, "" | "git") || is_inner || has_token || is_signed
}

fn is_inner_host(host: &str) -> bool {
    const ENDINGS: [&str; 6] = [
        ".internal",
        ".local",
        ".lan",
        ".corp",
        ".intranet",
        ".localdomain",
    ];
    ENDINGS
        .iter()
        .any(|it| host.strip_suffix(it).is_some_and(|rest| !rest.is_empty()))
}

/// Whether a word of a text is a path in somebody's folders, a host of a network of somebody's own, or a token.
fn has_word(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_file = lower.contains("file:/");
    let is_server = text.match_indices("\\\\").any(|(at, it)| {
        text.get(at.saturating_add(it.len())..)
            .is_some_and(|it| it.starts_with(|it: char| it.is_ascii_alphanumeric()))
    });
    let is_drive = text.match_indices(":\\").any(|(at, _)| {
        let mut before = text.get(..at).unwrap_or_default().chars().rev();
        before.next().is_some_and(|it| it.is_ascii_alphabetic())
            && !before.next().is_some_and(char::is_alphanumeric)
    });
    let is_mark = |it: char| it.is_whitespace() || "\"'`()[]{}<>,;=|:".contains(it);
    let mut words = lower
        .split(is_mark)
        .map(|it| it.trim_end_matches(['.', '!', '?']));
    let is_word = words.any(|word| {
        let is_home =
            word.starts_with("~/") || word.starts_with("$home") || word.starts_with("%userprofile%");
        let in_root = ROOTS.iter().any(|root| {
            word.strip_prefix(root)
                .is_some_and(|rest| rest.len() > 1 && (root.ends_with('/') || rest.contains('/')))
        });
        is_home || in_root || (!word.contains('/') && is_inner_host(word))
    });
    is_file || is_server || is_drive || is_word || has_token(text)
}

fn has_token(text: &str) -> bool {
    let mut words = text.split(|it: char| !it.is_ascii_alphanumeric() && !"-_".contains(it));
    words.any(|word| {
        TOKENS.iter().any(|(prefix, most)| {
            let rest = word.strip_prefix(prefix).unwrap_or_default();
            rest.len() >= *most
                && rest
                    .bytes()
                    .any(|it| it.is_ascii_digit() || it.is_ascii_uppercase())
                || rest.len() >= most.saturating_add(10)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_private_wherever_they_stand() {
        for text in [
            "/home/x/m",
            "~/m",
            "C:\\m",
            "C:/m",
            "file:///x",
            " /data/x",
            "\\\\server\\share\\x",
            "cache_dir=/home/x/m",
            "Trained from /home/x/ckpt, with care.",
            "see (C:\\Users\\x)",
            "me@host:/data/x",
        ] {
            assert!(is_told_by(text), "{text}");
        }
        for text in [
            "/",
            "</s>",
            "a/b/c",
            "and/or",
            "https://example.org/a/b",
            "https://example.org/home/b",
            "a: b",
            "1:1",
            "call /v1/chat/completions there",
            "me@example.org",
            "git@github.com:a/b",
            "image@sha256:abcd",
            "Use adamw_torch_fused with betas=(0.9,0.999)",
        ] {
            assert!(!is_told_by(text), "{text}");
        }
    }

    #[test]
    fn addresses_and_tokens_are_private_where_they_let_somebody_in() {
        let token = format!("hf_{}", "aB3".repeat(11));
        for text in [
            "https://me:pw@example.org/x",
            "index https://tok@example.org/simple",
            "http://10.0.0.7/x",
            "http://box.corp.internal:80/x",
            "ran on gpu-7.corp.internal",
            "https://conda.example.org/t/tk-1/chan/x",
            "https://example.org/x?X-Amz-Signature=1",
            &token,
        ] {
            assert!(is_told_by(text), "{text}");
        }
        for text in [
            "https://example.org/x@v1",
            "ssh://git@github.com/a/b",
            "hf_transfer",
            "sk-learn",
            "10.0.0.7",
        ] {
            assert!(!is_told_by(text), "{text}");
        }
    }

    #[test]
    fn keys_of_people_and_machines_are_told() {
        for key in ["hf_token", "training.output_dir", "WANDB_API_KEY", "user"] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "bos_token",
            "num_virtual_tokens",
            "learning_rate",
            "tokenizer.ggml.pre",
        ] {
            assert!(!is_key(key), "{key}");
        }
    }
}

//! [`Named`]: how metadata name a model or a data set: at the hub, by an address elsewhere, or by a path on somebody's machine.

use super::private;

/// A model or data set that metadata name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Named {
    /// `name`, or `owner/name`, as the hub writes it or at an address of the hub.
    Registry {
        /// The owner; empty where none is named.
        namespace: String,
        /// The name.
        name: String,
    },
    /// A name for people, or something at an address of another host: of the hub nothing is said.
    Elsewhere {
        /// Whose it is there; empty where nobody says.
        namespace: String,
        /// The name.
        name: String,
    },
    /// A path that tells about a machine or a person.
    Local(String),
}

/// Longer names are no names.
const MOST_BYTES: usize = 512;

/// Hosts of the hub.
const HUB: [&str; 3] = ["huggingface.co", "www.huggingface.co", "hf.co"];

impl Named {
    /// What `text` names; `None` where it is empty or cannot be a name.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = readable(text)?;
        if is_local(text) {
            return Some(Self::Local(text.to_owned()));
        }
        match text.split_once("://") {
            Some((scheme, rest)) => of_address(&scheme.to_ascii_lowercase(), rest),
            None => Some(of_parts(text)),
        }
    }

    /// What a name for people says, in which a slash need not part an owner from a name.
    pub(super) fn title(text: &str) -> Option<Self> {
        let text = readable(text)?;
        if !text.contains(char::is_whitespace) {
            return Self::read(text);
        }
        Some(if private::is_told_by(text) {
            Self::Local(text.to_owned())
        } else {
            Self::elsewhere("", text)
        })
    }

    /// A name and perhaps an owner as people write them.
    pub(super) fn elsewhere(namespace: &str, name: &str) -> Self {
        Self::Elsewhere {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The owner, empty where nobody says, and the name.
    pub(super) fn parts(&self) -> Option<(&str, &str)> {
        match self {
            Self::Registry { namespace, name } | Self::Elsewhere { namespace, name } => {
                Some((namespace, name))
            }
            Self::Local(_) => None,
        }
    }

    /// The name without the owner.
    pub(super) fn name(&self) -> Option<&str> {
        self.parts().map(|(_, name)| name)
    }

    /// `owner/name`.
    pub(super) fn full(&self) -> Option<String> {
        self.parts().map(|(namespace, name)| match namespace {
            "" => name.to_owned(),
            _ => format!("{namespace}/{name}"),
        })
    }

    /// Whether it is a name at the hub with an owner, so that a package URL can be made of it.
    pub(super) const fn is_at_hub(&self) -> bool {
        matches!(self, Self::Registry { namespace, .. } if !namespace.is_empty())
    }

    /// Whether both name the same, wherever it lies.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self == other || self.full().is_some_and(|it| Some(it) == other.full())
    }
}

fn readable(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_name = !text.is_empty() && text.len() <= MOST_BYTES && !text.contains(['\n', '\r', '\0']);
    is_name.then_some(text)
}

/// What an address names. At the hub, owner and name stand first, behind `datasets` for data; elsewhere the last two parts
/// of a page are taken for them, and of what is no page (`s3://…`) the last part for the name.
fn of_address(scheme: &str, rest: &str) -> Option<Named> {
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let mut parts: Vec<&str> = rest.split('/').filter(|it| !it.is_empty()).collect();
    let is_page = matches!(scheme, "http" | "https" | "git" | "ssh" | "git+https" | "git+ssh");
    let is_hub = scheme == "hf"
        || (is_page
            && parts
                .first()
                .is_some_and(|host| HUB.iter().any(|it| it.eq_ignore_ascii_case(host))));
    if is_page && !parts.is_empty() {
        parts.remove(0);
    }
    if let Some(at) = parts
        .iter()
        .position(|it| matches!(*it, "tree" | "blob" | "resolve" | "-"))
    {
        parts.truncate(at);
    }
    if is_hub {
        let kind = matches!(parts.first(), Some(&("datasets" | "models")));
        return Some(match parts.get(usize::from(kind)..)? {
            [owner, name, ..] if is_part(owner) && is_part(name) => Named::Registry {
                namespace: (*owner).to_owned(),
                name: (*name).trim_end_matches(".git").to_owned(),
            },
            [name] if is_part(name) => Named::Registry {
                namespace: String::new(),
                name: (*name).to_owned(),
            },
            _ => Named::elsewhere("", parts.last()?),
        });
    }
    let name = parts.pop()?.trim_end_matches(".git");
    let namespace = parts.pop().filter(|_| is_page).unwrap_or_default();
    Some(Named::elsewhere(namespace, name))
}

fn of_parts(text: &str) -> Named {
    let text = text.trim_end_matches('/');
    let (namespace, name) = text.rsplit_once('/').unwrap_or(("", text));
    if is_part(name) && (namespace.is_empty() || is_part(namespace)) {
        return Named::Registry {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
    }
    Named::elsewhere(namespace, name)
}

/// Whether the hub takes this for an owner or a name.
fn is_part(text: &str) -> bool {
    const MOST: usize = 96;
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    (1..=MOST).contains(&text.len())
        && text.bytes().all(is_letter)
        && !text.starts_with(['-', '.'])
        && !text.ends_with(['-', '.'])
        && !text.contains("..")
}

/// Whether a text is a path on a machine: absolute, in a home folder, with a drive, relative by dots, in a folder that people
/// keep models and runs in, a file, or with more parts than a name at a registry has.
pub(super) fn is_local(text: &str) -> bool {
    let text = text.trim();
    let drive =
        text.as_bytes().get(1) == Some(&b':') && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let is_path = text.starts_with(['/', '~', '\\', '.', '$', '%']) || drive || text.contains('\\');
    is_path
        || private::is_told_by(text)
        || (!text.contains("://") && (text.matches('/').count() > 1 || is_relative(text)))
}

/// Whether a name of one or two parts is rather a path: no owner is called so.
fn is_relative(text: &str) -> bool {
    const FOLDERS: [&str; 38] = [
        "adapters",
        "artifacts",
        "cache",
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "data",
        "dataset",
        "datasets",
        "exp",
        "experiment",
        "experiments",
        "exps",
        "final",
        "home",
        "local",
        "log",
        "logs",
        "lora",
        "merged",
        "mnt",
        "model",
        "models",
        "out",
        "output",
        "outputs",
        "pretrained",
        "result",
        "results",
        "run",
        "runs",
        "save",
        "saves",
        "scratch",
        "tmp",
        "weights",
        "work_dirs",
    ];
    const FILES: [&str; 16] = [
        ".arrow",
        ".bin",
        ".ckpt",
        ".csv",
        ".gguf",
        ".gz",
        ".json",
        ".jsonl",
        ".onnx",
        ".parquet",
        ".pkl",
        ".pt",
        ".pth",
        ".safetensors",
        ".tsv",
        ".txt",
    ];
    let lower = text.trim_end_matches('/').to_ascii_lowercase();
    let mut parts = lower.split('/');
    let is_run = |part: &str| {
        let rest = part
            .strip_prefix("checkpoint-")
            .or_else(|| part.strip_prefix("epoch-"));
        rest.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
    };
    parts.next().is_some_and(|it| FOLDERS.contains(&it) || is_run(it))
        || parts.any(is_run)
        || FILES.iter().any(|it| lower.ends_with(it))
}

/// The letters and digits of a name, small, so that `Pebble Base` and `pebble-base` are the same.
pub(super) fn slug(name: &str) -> String {
    name.chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_hub(namespace: &str, name: &str) -> Option<Named> {
        Some(Named::Registry {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    #[test]
    fn names_of_the_hub_are_split() {
        for text in [
            "acme/pebble",
            "hf://acme/pebble",
            "https://huggingface.co/acme/pebble",
            "https://huggingface.co/acme/pebble/tree/main/sub",
            "https://hf.co/datasets/acme/pebble.git?x=1",
        ] {
            assert_eq!(Named::read(text), at_hub("acme", "pebble"), "{text}");
        }
        assert_eq!(Named::read("c4"), at_hub("", "c4"));
        assert_eq!(Named::read(" "), None);
    }

    #[test]
    fn what_lies_elsewhere_has_a_name_but_none_of_the_hub() {
        for (text, full) in [
            ("https://example.org/acme/pebble/", "acme/pebble"),
            ("https://example.org/datasets/acme/pebble.git?x=1", "acme/pebble"),
            ("s3://bucket/some/pebble", "pebble"),
            ("https://huggingface.co/spaces/acme/pebble?x", "spaces/acme"),
            ("Acme Labs/Pebble", "Acme Labs/Pebble"),
        ] {
            let named = Named::read(text).expect(text);
            assert!(!named.is_at_hub() || text.contains("spaces"), "{text}: {named:?}");
            if !text.contains("spaces") {
                assert_eq!(named.full().as_deref(), Some(full), "{text}");
            }
        }
        assert_eq!(Named::read("https://example.org"), None);
        let title = Named::title("SentenceTransformer based on acme/pebble");
        assert_eq!(
            title,
            Some(Named::elsewhere("", "SentenceTransformer based on acme/pebble"))
        );
    }

    #[test]
    fn paths_are_private() {
        for text in [
            "/home/x/m",
            "~/m",
            "./m",
            "../m",
            "C:\\m",
            "C:/m",
            "a/b/c",
            "file:///x",
            "$HOME/m",
            "outputs/run7",
            "acme/checkpoint-500",
            "data/train.jsonl",
            "me@host:/data/x",
            "https://me:secret@huggingface.co/acme/pebble",
        ] {
            assert!(matches!(Named::read(text), Some(Named::Local(_))), "{text}");
        }
        for text in [
            "acme/pebble",
            "acme/checkpoint-7b",
            "openai-community/gpt2",
            "acme/data",
        ] {
            assert!(!is_local(text), "{text}");
        }
    }

    #[test]
    fn names_are_compared_by_letters() {
        assert_eq!(slug("Pebble Base"), slug("pebble-base"));
        assert_ne!(slug("pebble-base"), slug("pebble-base-2"));
    }
}

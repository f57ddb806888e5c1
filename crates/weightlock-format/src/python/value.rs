//! [`Value`]: what is known of an object without running anything.
//!
//! A value is small: containers within containers are kept up to a number of elements and a depth, so that copying,
//! comparing and dropping one costs little whatever the source builds. Beyond that it is unknown.

use std::sync::Arc;

/// What is known of the object that an expression gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// What it is.
    pub what: What,
    /// Where it comes from.
    pub origin: Origin,
    /// Values in it, itself included.
    size: u32,
    /// Containers around the innermost.
    depth: u8,
}

/// What an object is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum What {
    /// Nothing is known.
    #[default]
    Unknown,
    /// A text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A whole number.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// None.
    None,
    /// What an import or the builtins give under a dotted name: `os.system`.
    Global(Arc<str>),
    /// What a call of the global of that name gives, or an attribute of it.
    Result(Arc<str>),
    /// A path of `pathlib`, as far as it is known.
    Path(Arc<str>),
    /// A text that is a path whose beginning is not known: its end.
    Tail(Arc<str>),
    /// A list, tuple or set whose elements are written down.
    Items(Arc<[Value]>),
    /// A dictionary whose entries are written down.
    Table(Arc<[(Value, Value)]>),
    /// A function of this file: an index into [`super::Source::functions`].
    Function(usize),
    /// A class of this file.
    Class(usize),
    /// An instance of a class of this file.
    Instance(usize),
    /// A callable that looks an attribute up on its argument (`operator.attrgetter`), and then calls it or not.
    Attribute {
        /// The attribute.
        name: Arc<str>,
        /// Whether it is called (`operator.methodcaller`).
        called: bool,
    },
    /// One of these.
    Any(Arc<[Value]>),
}

/// Where an object comes from, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Origin(u8);

impl Origin {
    /// Nowhere in particular.
    pub const NONE: Self = Self(0);
    /// Read from the network.
    pub const NETWORK: Self = Self(1);
    /// Decoded from text: base64, hexadecimal, compressed, shifted letters.
    pub const DECODED: Self = Self(2);
    /// Read from a file.
    pub const FILE: Self = Self(4);
    /// All of the environment, or what tells the machine and its user apart.
    pub const ENVIRONMENT: Self = Self(8);
    /// Put together from pieces, so that it is not written anywhere in the file.
    pub const ASSEMBLED: Self = Self(16);
    /// A builtin whose name the file also binds, later or elsewhere.
    pub const SHADOWED: Self = Self(32);
    /// A member that a class of the file has from a class elsewhere.
    pub const INHERITED: Self = Self(64);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `other` is among them.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Default for Value {
    fn default() -> Self {
        Self::unknown()
    }
}

impl From<What> for Value {
    fn from(what: What) -> Self {
        let (size, depth) = match &what {
            What::Items(items) | What::Any(items) => Self::measure(items.iter()),
            What::Table(entries) => Self::measure(entries.iter().flat_map(|(key, value)| [key, value])),
            _ => (1, 0),
        };
        if size > Self::MOST_INSIDE || depth > Self::MOST_DEPTH {
            return Self::unknown();
        }
        Self {
            what,
            origin: Origin::NONE,
            size,
            depth,
        }
    }
}

impl Value {
    /// Alternatives that are kept for one name.
    pub(super) const MOST_ALTERNATIVES: usize = 8;

    /// Values within a value that are kept.
    const MOST_INSIDE: u32 = 4096;
    /// Containers within each other that are kept.
    const MOST_DEPTH: u8 = 6;

    /// Nothing is known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            what: What::Unknown,
            origin: Origin::NONE,
            size: 1,
            depth: 0,
        }
    }

    fn measure<'a>(inner: impl Iterator<Item = &'a Self>) -> (u32, u8) {
        inner.fold((1, 1), |(size, depth), value| {
            (
                size.saturating_add(value.size),
                depth.max(value.depth.saturating_add(1)),
            )
        })
    }

    pub(super) fn items(items: Vec<Self>) -> Self {
        What::Items(items.into()).into()
    }

    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        What::Bytes(bytes.into()).into()
    }

    /// A text that is written down.
    #[must_use]
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        What::Text(text.into()).into()
    }

    /// The global of a dotted name.
    pub(super) fn global(name: impl Into<String>) -> Self {
        let name = canonical(name.into());
        let origin = if name == "os.environ" || name == "os.environb" {
            Origin::ENVIRONMENT
        } else {
            Origin::NONE
        };
        Self {
            what: What::Global(name.into()),
            origin,
            ..Self::unknown()
        }
    }

    /// Also from `origin`.
    #[must_use]
    pub(super) const fn with(mut self, origin: Origin) -> Self {
        self.origin = self.origin.and(origin);
        self
    }

    /// One of `values`.
    pub(super) fn any(values: impl IntoIterator<Item = Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        let mut add = |value: Self| {
            if kept.len() < Self::MOST_ALTERNATIVES && !kept.contains(&value) {
                kept.push(value);
            }
        };
        for value in values {
            match value {
                Self {
                    what: What::Any(inner),
                    ..
                } => inner.iter().cloned().for_each(&mut add),
                value => add(value),
            }
        }
        if kept.len() > 1 {
            let origin = kept.iter().fold(Origin::NONE, |all, value| all.and(value.origin));
            return Self::from(What::Any(kept.into())).with(origin);
        }
        kept.pop().unwrap_or_default()
    }

    /// What it may be: itself, or each alternative.
    #[must_use]
    pub fn alternatives(&self) -> &[Self] {
        match &self.what {
            What::Any(values) => values,
            _ => std::slice::from_ref(self),
        }
    }

    /// The text, if it is one and known.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.alternatives().iter().find_map(|value| match &value.what {
            What::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// The path, if it is one, as far as it is known: a text, or a path of `pathlib`.
    #[must_use]
    pub fn as_path(&self) -> Option<&str> {
        self.alternatives().iter().find_map(|value| match &value.what {
            What::Text(text) | What::Path(text) | What::Tail(text) => Some(&**text),
            _ => None,
        })
    }

    /// Whether it is known to be `wanted`.
    #[must_use]
    pub fn is_bool(&self, wanted: bool) -> bool {
        self.alternatives()
            .iter()
            .any(|value| value.what == What::Bool(wanted))
    }

    /// The globals that it is or holds, a few levels deep: those that whoever gets it can call.
    pub(super) fn globals(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut level = vec![self];
        for _ in 0..4 {
            let mut inner = Vec::new();
            for value in level {
                match &value.what {
                    What::Global(_) => found.push(value),
                    What::Any(values) | What::Items(values) => inner.extend(values.iter()),
                    What::Table(entries) => inner.extend(entries.iter().map(|(_, value)| value)),
                    _ => {}
                }
            }
            level = inner;
        }
        found
    }
}

/// Where the result of the global `name` comes from.
pub(super) fn origin_of(name: &str) -> Origin {
    const NETWORK: &[&str] = &[
        "requests.",
        "urllib.request.",
        "urllib.urlopen",
        "urllib2.",
        "urllib3.",
        "httpx.",
        "aiohttp.",
        "http.client.",
        "socket.",
        "ftplib.",
        "telnetlib.",
        "wget.",
        "websocket.",
        "websockets.",
        "smtplib.",
        "xmlrpc.client.",
        "gdown.",
        "huggingface_hub.hf_hub_download",
        "huggingface_hub.snapshot_download",
        "huggingface_hub.cached_download",
        "torch.hub.download_url_to_file",
        "transformers.utils.cached_file",
        "transformers.utils.hub.cached_file",
    ];
    const ENVIRONMENT: &[&str] = &[
        "getpass.getuser",
        "platform.node",
        "platform.uname",
        "socket.gethostname",
        "os.uname",
        "os.getlogin",
        "os.environ.items",
        "os.environ.copy",
        "os.environ.values",
    ];
    const DECODED: &[&str] = &[
        "base64.",
        "zlib.decompress",
        "binascii.",
        "codecs.decode",
        "gzip.decompress",
        "lzma.decompress",
        "bz2.decompress",
        "cryptography.",
        "Crypto.Cipher.",
    ];
    const FILE: &[&str] = &[
        "builtins.open",
        "io.open",
        "codecs.open",
        "pathlib.Path.read",
        "pathlib.Path.open",
    ];
    let begins = |list: &[&str]| list.iter().any(|prefix| name.starts_with(prefix));
    [
        (ENVIRONMENT, Origin::ENVIRONMENT),
        (NETWORK, Origin::NETWORK),
        (DECODED, Origin::DECODED),
        (FILE, Origin::FILE),
    ]
    .into_iter()
    .find(|(list, _)| begins(list))
    .map_or(Origin::NONE, |(_, origin)| origin)
}

/// Modules that others import and so re-export: `torch.os.system` is `os.system`.
const REEXPORTED: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "builtins",
    "importlib",
    "ctypes",
    "socket",
    "shutil",
    "pickle",
    "marshal",
    "runpy",
    "pty",
    "urllib",
    "requests",
    "types",
];

/// Members of modules that are called like a module.
const OWN_MEMBERS: &[(&str, &str)] = &[("asyncio", "subprocess"), ("socket", "socket")];

/// The name under which an object is known, whatever way led to it.
fn canonical(name: String) -> String {
    // The loader of a module that came from source, or its class.
    let loader = |name: &str| {
        ["__loader__", "__spec__.loader"]
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|before| before.ends_with('.')))
    };
    if name.strip_suffix(".__class__").is_some_and(loader) {
        return "importlib.machinery.SourceFileLoader".to_owned();
    }
    // `random._os` is `os`, too.
    let public = |part: &str| {
        part.strip_prefix('_')
            .filter(|part| REEXPORTED.contains(part))
            .is_some()
    };
    let parts: Vec<&str> = name.split('.').collect();
    let from = parts.iter().enumerate().rposition(|(at, part)| {
        let is_builtins = *part == "__builtins__" || *part == "__builtin__";
        is_builtins || REEXPORTED.contains(part) || at > 0 && public(part)
    });
    // `socket.socket` and `asyncio.subprocess` are members of their modules, and not what these have imported.
    let from = from.map(|at| {
        let owner = at.checked_sub(1).and_then(|before| parts.get(before));
        let is_own = owner.zip(parts.get(at)).is_some_and(|(owner, part)| {
            let owner = owner.strip_prefix('_').unwrap_or(owner);
            OWN_MEMBERS.contains(&(owner, part))
        });
        at.saturating_sub(usize::from(is_own))
    });
    let Some(from) = from.filter(|&at| at > 0 || parts.first().is_some_and(|part| part.starts_with("__b")))
    else {
        return name;
    };
    // `urllib.request.socket` is the module; `concurrent.futures.types` would be too.
    let rest = parts.get(from..).unwrap_or_default();
    let is_relative = parts.first().is_some_and(|part| part.is_empty());
    match rest.split_first() {
        _ if is_relative => name,
        Some((head, rest)) if head.starts_with("__b") => [&["builtins"], rest].concat().join("."),
        Some((head, rest)) if public(head) => [&[head.trim_start_matches('_')], rest].concat().join("."),
        _ => rest.join("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_known_whatever_way_leads_to_it() {
        for (name, known) in [
            ("os.system", "os.system"),
            ("torch.os.system", "os.system"),
            ("random._os.system", "os.system"),
            ("tempfile._sys.modules", "sys.modules"),
            ("random._random.Random", "random._random.Random"),
            ("a.b.sys.modules", "sys.modules"),
            ("__builtins__.eval", "builtins.eval"),
            ("__builtin__", "builtins"),
            ("x.__builtins__.exec", "builtins.exec"),
            ("os.path.join", "os.path.join"),
            ("socket.socket.connect", "socket.socket.connect"),
            ("http.client.socket.socket.connect", "socket.socket.connect"),
            ("random._socket.socket", "socket.socket"),
            ("urllib.request.socket", "socket"),
            ("asyncio.subprocess.PIPE", "asyncio.subprocess.PIPE"),
            ("asyncio.subprocess.subprocess.run", "subprocess.run"),
            (
                "builtins.__loader__.__class__",
                "importlib.machinery.SourceFileLoader",
            ),
            (
                "os.__spec__.loader.__class__",
                "importlib.machinery.SourceFileLoader",
            ),
            ("x.my__loader__.__class__", "x.my__loader__.__class__"),
            (".os.system", ".os.system"),
            ("torch.nn.Linear", "torch.nn.Linear"),
        ] {
            assert_eq!(canonical(name.to_owned()), known);
        }
    }

    #[test]
    fn alternatives_are_few_and_distinct() {
        let many = Value::any((0..100).map(|number| What::Number(number % 20).into()));
        assert_eq!(many.alternatives().len(), Value::MOST_ALTERNATIVES);
        assert_eq!(Value::any([Value::text("a"), Value::text("a")]), Value::text("a"));
    }
}

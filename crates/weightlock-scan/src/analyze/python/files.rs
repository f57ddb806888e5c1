//! What source does to files, by the paths that are written down.

use weightlock_format::python::{Call, Reach, Value};

use super::names;
use crate::{
    imports::{Capability, look_up},
    observation::python::What,
    reach::{self, Escape},
};

/// Write, move or make files where they are told.
const WRITE: &[&str] = &[
    "pathlib.Path.write_text",
    "pathlib.Path.write_bytes",
    "pathlib.Path.touch",
    "pathlib.Path.rename",
    "pathlib.Path.replace",
    "pathlib.Path.symlink_to",
    "pathlib.Path.hardlink_to",
    "pathlib.Path.chmod",
    "shutil.copy",
    "shutil.copy2",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.move",
    "shutil.unpack_archive",
    "os.rename",
    "os.renames",
    "os.replace",
    "os.symlink",
    "os.link",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.mkfifo",
    "os.mknod",
    "logging.FileHandler",
    "logging.handlers.RotatingFileHandler",
    "logging.handlers.TimedRotatingFileHandler",
    "logging.handlers.WatchedFileHandler",
    "sqlite3.connect",
    "sqlite3.dbapi2.connect",
    "zipfile.ZipFile.extract",
    "zipfile.ZipFile.extractall",
    "zipfile.PyZipFile.extractall",
    "tarfile.TarFile.extract",
    "tarfile.TarFile.extractall",
    "tarfile.open.extract",
    "tarfile.open.extractall",
    "tarfile.TarFile.open.extractall",
    "dbm.open",
];

/// Make empty folders. Beside the model, or among caches, that is nothing.
const FOLDER: &[&str] = &["os.makedirs", "os.mkdir", "pathlib.Path.mkdir"];

/// Delete files.
const DELETE: &[&str] = &[
    "os.remove",
    "os.unlink",
    "os.rmdir",
    "os.removedirs",
    "shutil.rmtree",
    "pathlib.Path.unlink",
    "pathlib.Path.rmdir",
];

/// What calling `name` does to files, whatever it is given.
pub(super) fn of_name(name: &str) -> Option<What> {
    if DELETE.contains(&name) {
        return Some(What::Delete);
    }
    let array = name.starts_with("numpy.") && (name.ends_with(".tofile") || name.ends_with(".dump"));
    (array || WRITE.contains(&name)).then_some(What::Write)
}

/// What `call` does to files, as far as its arguments tell.
pub(super) fn of_call(call: &Call, name: &str) -> Option<What> {
    if is_sensitive(call, name) {
        return Some(What::SensitiveFile);
    }
    if FOLDER.contains(&name) {
        return is_far(call, WORK).then_some(What::WriteOutside);
    }
    if DELETE.contains(&name) {
        return Some(if is_far(call, &[]) {
            What::SensitiveFile
        } else {
            What::Delete
        });
    }
    writes(call, name).then(|| {
        if is_run(call) {
            What::SensitiveFile
        } else if is_far(call, WORK) {
            What::WriteOutside
        } else {
            What::Write
        }
    })
}

/// Whether it writes: by its name, by the mode that it is given, or by what the import policy knows of it.
fn writes(call: &Call, name: &str) -> bool {
    let mode_at = match name {
        "builtins.open" | "io.open" | "codecs.open" | "fsspec.open" | "zipfile.ZipFile" | "tarfile.open"
        | "gzip.open" | "bz2.open" | "lzma.open" => Some(1),
        "pathlib.Path.open" => Some(0),
        _ => None,
    };
    if let Some(at) = mode_at {
        let mode = call.argument(at, "mode").and_then(Value::as_text);
        return mode.is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']));
    }
    match name {
        "logging.basicConfig" => call.keyword("filename").is_some(),
        "sqlite3.connect" | "sqlite3.dbapi2.connect" => {
            call.argument(0, "database").and_then(Value::as_text) != Some(":memory:")
        }
        "os.open" => call.argument(1, "flags").is_some_and(|flags| !reads_only(flags)),
        _ => of_name(name) == Some(What::Write) || is_known_to_write(call, name),
    }
}

/// `os.O_RDONLY`, or nothing that can be told.
fn reads_only(flags: &Value) -> bool {
    use weightlock_format::python::What as Is;
    match &flags.what {
        Is::Global(name) => !["O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"]
            .iter()
            .any(|flag| name.ends_with(flag)),
        Is::Number(number) => number & 0o1103 == 0,
        // Several flags.
        _ => false,
    }
}

/// Functions that the import policy has as writing, with a path that is written down and no business of a model.
fn is_known_to_write(call: &Call, name: &str) -> bool {
    let is_elsewhere =
        call.reach == Reach::Import && names::of(name).is_none() && (is_far(call, WORK) || is_run(call));
    is_elsewhere
        && names::ask(name).is_some_and(|(module, function)| {
            let import = look_up(module, function);
            // What also reads, connects or starts programs writes somewhere on its way, not necessarily to that path.
            let only_writes = ![
                Capability::FileRead,
                Capability::Process,
                Capability::Network,
                Capability::Execute,
            ]
            .iter()
            .any(|other| import.can(*other));
            import.can(Capability::FileWrite) && only_writes && import.kind == crate::imports::Kind::Function
        })
}

/// The arguments that are written down, as paths.
fn paths(call: &Call) -> impl Iterator<Item = &str> {
    call.arguments
        .iter()
        .filter_map(|argument| argument.value.as_path())
}

/// Places for what is thrown away.
const SCRATCH: &[&str] = &[
    "/tmp",
    "/var/tmp",
    "/content",
    "/kaggle",
    "/workspace",
    "/dev/shm",
    "/dev/null",
    "/dev/stdout",
    "/dev/stderr",
    "~/.cache",
];

/// Places where hosts of training and of notebooks have programs work and leave what they made.
const WORK: &[&str] = &[
    "/data", "/dbfs", "/mnt", "/opt/ml", "/output", "/outputs", "/scratch",
];

/// A path, written down, that is nowhere near the model, nor in a place for what is thrown away, nor in one of `also`.
fn is_far(call: &Call, also: &[&str]) -> bool {
    let is_scratch = |path: &str| {
        let inside = |place: &&str| {
            path.strip_prefix(*place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        SCRATCH.iter().chain(also).any(inside) && !path.split('/').any(|part| part == "..")
    };
    paths(call).any(|path| {
        let escape = reach::escape(path);
        matches!(escape, Some(Escape::Absolute | Escape::Expanded | Escape::Parent)) && !is_scratch(path)
    })
}

/// A path in a place from which Python, a shell or the system runs what lies there.
fn is_run(call: &Call) -> bool {
    const PLACES: &[&str] = &[
        "/site-packages",
        "/dist-packages",
        "/usr/lib/python",
        "/usr/local/lib/python",
        "/usr/bin/",
        "/usr/sbin/",
        "/usr/local/bin/",
        "/usr/local/sbin/",
        "/.local/bin/",
        "/.local/lib/python",
        "/etc/profile",
        "/etc/init",
        "/etc/systemd",
        "/etc/ld.so",
        "/.config/systemd",
        "/.config/fish",
        "/.ipython/profile_default/startup",
        "/.bash",
        "/.zsh",
        "/.vimrc",
        "/.gitconfig",
        "/.pypirc",
        "/.config/pip",
    ];
    let begins = ["/bin/", "/sbin/", "/lib/", "/root/."];
    paths(call).any(|path| {
        PLACES.iter().any(|place| path.contains(place)) || begins.iter().any(|place| path.starts_with(place))
    })
}

/// A path, in an argument that is written down, to a file that holds secrets or is run at the start of something.
fn is_sensitive(call: &Call, name: &str) -> bool {
    const PLACES: &[&str] = &[
        "/.ssh",
        "~/.ssh",
        "id_rsa",
        "id_ed25519",
        "authorized_keys",
        ".bashrc",
        ".bash_profile",
        ".zshrc",
        "/.profile",
        "/etc/passwd",
        "/etc/shadow",
        "/etc/cron",
        "/etc/sudoers",
        "/etc/ld.so.preload",
        "/var/spool/cron",
        "/.aws/",
        "~/.aws",
        ".netrc",
        "/.kube/",
        "/.docker/config",
        "sitecustomize",
        "usercustomize",
        "/LaunchAgents",
        "/.config/autostart",
        "/proc/self/mem",
        "\\Startup\\",
        "/.git/hooks",
        "/.huggingface/token",
        "huggingface/token",
        "/.gnupg",
    ];
    const OPENS: &[&str] = &[
        "builtins.open",
        "io.open",
        "codecs.open",
        "os.open",
        "pathlib.Path",
        "pathlib.Path.open",
        "pathlib.Path.read_text",
        "pathlib.Path.read_bytes",
        "os.path.expanduser",
    ];
    (OPENS.contains(&name) || writes(call, name))
        && paths(call).any(|path| PLACES.iter().any(|place| path.contains(place)))
}

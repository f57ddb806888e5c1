//! Every environment variable that is read, in one list. The reference page is made from it, and a test refuses a
//! variable that is read elsewhere.
//!
//! Variables that stand for a flag are read by the argument parser; the others through [`Variable::value`], which is
//! the only place of this crate that asks the environment.

use std::{env, ffi::OsString, path::PathBuf};

/// One environment variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub meaning: &'static str,
    /// Whose convention it is.
    pub origin: Origin,
}

/// Whose convention a variable is, and whether its value may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Stands for a flag of ours.
    Flag,
    /// Ours, without a flag.
    Own,
    /// Ours or another tool's, and its value is a secret.
    Secret,
    /// Another tool's or the system's.
    Foreign,
}

/// The key of `sign`. Not read by the parser: there a variable would stand against the flags of other methods, and a
/// flag is to win.
pub(crate) const PRIVATE_KEY: Variable = own(
    "WEIGHTLOCK_PRIVATE_KEY",
    "`--key` of `sign`, where no flag says who signs",
);
/// The key of `verify`, likewise.
pub(crate) const PUBLIC_KEY: Variable = own(
    "WEIGHTLOCK_PUBLIC_KEY",
    "`--key` of `verify`, where no flag says whose signature counts",
);
/// Which Sigstore root counts, where no flag says so.
pub(crate) const TRUST_ROOT: Variable = own(
    "WEIGHTLOCK_TRUST_ROOT",
    "`--trusted-root`, where no flag names a trust root",
);
/// Where trust roots are kept.
pub(crate) const TRUST_DIR: Variable = own(
    "WEIGHTLOCK_TRUST_DIR",
    "Folder of the trust roots that `trust import` and `trust update` keep, instead of `~/.local/share/weightlock/trust`",
);
/// How strict this machine is.
pub(crate) const MODE: Variable = own(
    "WEIGHTLOCK_MODE",
    "`production` refuses every flag that gives up a check; so does every other word",
);
/// Which policy holds.
pub(crate) const POLICY: Variable = own(
    "WEIGHTLOCK_POLICY",
    "The policy, where no `--policy` names one; the floor, `/etc/weightlock/policy.toml`, holds besides",
);
/// Where decisions are written.
pub(crate) const AUDIT_LOG: Variable = own(
    "WEIGHTLOCK_AUDIT_LOG",
    "A log that decisions are written to, besides those that policies and `--audit-log` name",
);
/// Folder of the digest cache, and of notes.
pub(crate) const CACHE_DIR: Variable = own(
    "WEIGHTLOCK_CACHE_DIR",
    "Folder of the digest cache, and of notes on signed tables, instead of `~/.cache/weightlock`",
);
/// Password of a private key.
pub(crate) const PASSWORD: Variable = secret(
    "WEIGHTLOCK_PASSWORD",
    "Password of a private key, or PIN of a token; an empty one is an empty password",
);
/// cosign's name for the same.
pub(crate) const COSIGN_PASSWORD: Variable = secret(
    "COSIGN_PASSWORD",
    "As WEIGHTLOCK_PASSWORD, which wins if both are set",
);
/// The PIN of a token, under cosign's name.
pub(crate) const COSIGN_PKCS11_PIN: Variable = secret(
    "COSIGN_PKCS11_PIN",
    "PIN of a PKCS#11 token; wins over WEIGHTLOCK_PASSWORD",
);
/// A token that a job was given.
pub(crate) const SIGSTORE_ID_TOKEN: Variable = secret(
    "SIGSTORE_ID_TOKEN",
    "Identity token of a job, for signing keyless; GitLab sets it by `id_tokens`",
);
/// Where a job of GitHub asks for a token.
pub(crate) const ACTIONS_ID_TOKEN_REQUEST_URL: Variable = foreign(
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "Where a job of GitHub Actions asks for its identity token",
);
/// What it shows there.
pub(crate) const ACTIONS_ID_TOKEN_REQUEST_TOKEN: Variable = secret(
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "What a job of GitHub Actions shows to get its identity token",
);
/// Whether this is a job of GitHub.
pub(crate) const GITHUB_ACTIONS: Variable = foreign("GITHUB_ACTIONS", "Set in jobs of GitHub Actions");
/// Whether this is a job of GitLab.
pub(crate) const GITLAB_CI: Variable = foreign("GITLAB_CI", "Set in jobs of GitLab");
/// Another metadata server of Google.
pub(crate) const GCE_METADATA_HOST: Variable = foreign(
    "GCE_METADATA_HOST",
    "Host of Google's metadata server, which gives identity tokens, where it is another one",
);
/// Base of the user's caches.
pub(crate) const XDG_CACHE_HOME: Variable = foreign(
    "XDG_CACHE_HOME",
    "Folder that holds the user's caches, instead of `~/.cache`",
);
/// Base of the user's configuration.
pub(crate) const XDG_CONFIG_HOME: Variable = foreign(
    "XDG_CONFIG_HOME",
    "Folder that holds the user's configuration, instead of `~/.config`; `weightlock/policy.toml` in it is the policy where none is named",
);
/// Base of the user's data.
pub(crate) const XDG_DATA_HOME: Variable = foreign(
    "XDG_DATA_HOME",
    "Folder that holds the user's data, instead of `~/.local/share`",
);
/// Where the hub's client keeps its cache, and everything else of its own.
pub(crate) const HF_HUB_CACHE: Variable = foreign(
    "HF_HUB_CACHE",
    "Cache of the Hugging Face hub, for `hf:` targets and `inventory`, instead of `hub` in HF_HOME",
);
/// Its older name.
pub(crate) const HUGGINGFACE_HUB_CACHE: Variable = foreign(
    "HUGGINGFACE_HUB_CACHE",
    "As HF_HUB_CACHE, which wins if both are set",
);
/// Everything of the hub's client.
pub(crate) const HF_HOME: Variable = foreign(
    "HF_HOME",
    "Folder of the Hugging Face hub's client, instead of `~/.cache/huggingface`",
);
/// Where Ollama keeps models.
pub(crate) const OLLAMA_MODELS: Variable = foreign(
    "OLLAMA_MODELS",
    "Store of Ollama, for `ollama:` targets and `inventory`, instead of `~/.ollama/models`",
);
/// Where PyTorch keeps what it downloads.
pub(crate) const TORCH_HOME: Variable = foreign(
    "TORCH_HOME",
    "Folder of PyTorch whose `hub` `inventory` looks in, instead of `~/.cache/torch`",
);
/// Where programs are.
pub(crate) const PATH: Variable = foreign(
    "PATH",
    "Folders in which `attest run` finds the command, to tell which Python runs it",
);
/// The virtual environment of Python that is active.
pub(crate) const VIRTUAL_ENV: Variable = foreign(
    "VIRTUAL_ENV",
    "Virtual environment of Python that `attest run` tells of, where the command itself does not say which Python runs it",
);
/// The user's folder.
pub(crate) const HOME: Variable = foreign("HOME", "The user's folder; `~` stands for it");
/// The time that documents are said to be made at.
pub(crate) const SOURCE_DATE_EPOCH: Variable = foreign(
    "SOURCE_DATE_EPOCH",
    "The time that `attest --type custom` and `attest review` write, in seconds since 1970, instead of now",
);
/// Asks programs not to use colours.
pub(crate) const NO_COLOR: Variable =
    foreign("NO_COLOR", "No colours, unless `--color always` asks for them");
/// Asks programs to use colours.
pub(crate) const CLICOLOR_FORCE: Variable = foreign(
    "CLICOLOR_FORCE",
    "Colours also where no terminal is seen, unless it is `0`",
);
/// The user's own folder for what lasts as long as a session.
pub(crate) const XDG_RUNTIME_DIR: Variable = foreign(
    "XDG_RUNTIME_DIR",
    "Folder for the sealed views of `run` and of the Python package",
);
/// Where temporary files go.
pub(crate) const TMPDIR: Variable = foreign(
    "TMPDIR",
    "Folder for the temporary files of `demo`, and for sealed views where there is no XDG_RUNTIME_DIR; else `/tmp`",
);
/// Where Vault is.
pub(crate) const VAULT_ADDR: Variable =
    foreign("VAULT_ADDR", "Address of the server for `hashivault://` keys");
/// Who asks Vault.
pub(crate) const VAULT_TOKEN: Variable = secret(
    "VAULT_TOKEN",
    "Token for `hashivault://` keys, instead of the one in `~/.vault-token`",
);
/// Which namespace of Vault.
pub(crate) const VAULT_NAMESPACE: Variable = foreign("VAULT_NAMESPACE", "Namespace of `hashivault://` keys");
/// Where OpenBao is.
pub(crate) const BAO_ADDR: Variable = foreign(
    "BAO_ADDR",
    "As VAULT_ADDR, for `openbao://` keys; wins over it there",
);
/// Who asks OpenBao.
pub(crate) const BAO_TOKEN: Variable = secret(
    "BAO_TOKEN",
    "As VAULT_TOKEN, for `openbao://` keys; wins over it there",
);
/// Which namespace of OpenBao.
pub(crate) const BAO_NAMESPACE: Variable = foreign(
    "BAO_NAMESPACE",
    "As VAULT_NAMESPACE, for `openbao://` keys; wins over it there",
);
/// Where the transit engine is mounted.
pub(crate) const TRANSIT_SECRET_ENGINE_PATH: Variable = foreign(
    "TRANSIT_SECRET_ENGINE_PATH",
    "Where the transit engine is mounted in Vault or OpenBao, instead of `transit`",
);
/// Whose key at AWS.
pub(crate) const AWS_ACCESS_KEY_ID: Variable =
    foreign("AWS_ACCESS_KEY_ID", "Access key for `awskms://` keys");
/// Its secret.
pub(crate) const AWS_SECRET_ACCESS_KEY: Variable =
    secret("AWS_SECRET_ACCESS_KEY", "Secret of AWS_ACCESS_KEY_ID");
/// The token of credentials that end.
pub(crate) const AWS_SESSION_TOKEN: Variable = secret(
    "AWS_SESSION_TOKEN",
    "Session token of AWS_ACCESS_KEY_ID, where it has one",
);
/// Where access keys are, where no variable names one.
pub(crate) const AWS_SHARED_CREDENTIALS_FILE: Variable = foreign(
    "AWS_SHARED_CREDENTIALS_FILE",
    "File with access keys, where AWS_ACCESS_KEY_ID is not set, instead of `~/.aws/credentials`",
);
/// Which of them.
pub(crate) const AWS_PROFILE: Variable = foreign(
    "AWS_PROFILE",
    "Profile in the file with access keys, instead of `default`",
);
/// Which region.
pub(crate) const AWS_REGION: Variable = foreign(
    "AWS_REGION",
    "Region of `awskms://` keys that are not named by an ARN",
);
/// Its older name.
pub(crate) const AWS_DEFAULT_REGION: Variable =
    foreign("AWS_DEFAULT_REGION", "As AWS_REGION, which wins if both are set");
/// Another place than AWS's own.
pub(crate) const AWS_ENDPOINT_URL_KMS: Variable = foreign(
    "AWS_ENDPOINT_URL_KMS",
    "Address of the service for `awskms://` keys that name none, instead of AWS's own",
);
/// The same for all services of AWS.
pub(crate) const AWS_ENDPOINT_URL: Variable = foreign(
    "AWS_ENDPOINT_URL",
    "As AWS_ENDPOINT_URL_KMS, which wins if both are set",
);
/// Through whom encrypted calls go.
pub(crate) const HTTPS_PROXY: Variable = foreign(
    "HTTPS_PROXY",
    "HTTP proxy for `https` calls to services; calls to this machine go through none",
);
/// Its other spelling.
pub(crate) const HTTPS_PROXY_SMALL: Variable =
    foreign("https_proxy", "As HTTPS_PROXY, which wins if both are set");
/// Through whom plain calls go.
pub(crate) const HTTP_PROXY: Variable = foreign("HTTP_PROXY", "HTTP proxy for `http` calls to services");
/// Its other spelling.
pub(crate) const HTTP_PROXY_SMALL: Variable =
    foreign("http_proxy", "As HTTP_PROXY, which wins if both are set");
/// Who is called without a proxy.
pub(crate) const NO_PROXY: Variable = foreign(
    "NO_PROXY",
    "Hosts that are called without a proxy, with commas: a name stands for all below it, `*` for all",
);
/// Its other spelling.
pub(crate) const NO_PROXY_SMALL: Variable = foreign("no_proxy", "As NO_PROXY, which wins if both are set");
/// Whose certificates are believed.
pub(crate) const SSL_CERT_FILE: Variable = foreign(
    "SSL_CERT_FILE",
    "PEM file with root certificates of private services, believed beside the public ones that are built in",
);

/// Every variable, in the order of the reference.
pub const VARIABLES: &[Variable] = &[
    flag("WEIGHTLOCK_JSON", "`1` or `true` is `--json`"),
    flag("WEIGHTLOCK_FORMAT", "`--format`"),
    flag("WEIGHTLOCK_COLOR", "`--color`"),
    flag("WEIGHTLOCK_NO_PROGRESS", "`1` or `true` is `--no-progress`"),
    flag("WEIGHTLOCK_OFFLINE", "`1` or `true` is `--offline`"),
    flag("WEIGHTLOCK_JOBS", "`--jobs`"),
    flag("WEIGHTLOCK_READ", "`--read`"),
    flag("WEIGHTLOCK_DIGEST_CACHE", "`1` or `true` is `--digest-cache`"),
    flag(
        "WEIGHTLOCK_SHA256_KERNEL",
        "Forces a SHA-256 kernel, for tests and measurements; `doctor` lists those of this machine",
    ),
    flag("WEIGHTLOCK_PASSWORD_FILE", "`--password-file`"),
    flag("WEIGHTLOCK_FAIL_ON", "`--fail-on` of `scan`"),
    flag("WEIGHTLOCK_PROFILE", "`--profile` of `scan`"),
    PRIVATE_KEY,
    PUBLIC_KEY,
    flag(
        "COSIGN_PKCS11_MODULE_PATH",
        "`--pkcs11-module`, under cosign's name",
    ),
    TRUST_ROOT,
    TRUST_DIR,
    MODE,
    POLICY,
    AUDIT_LOG,
    CACHE_DIR,
    PASSWORD,
    COSIGN_PASSWORD,
    COSIGN_PKCS11_PIN,
    SIGSTORE_ID_TOKEN,
    ACTIONS_ID_TOKEN_REQUEST_URL,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    GITHUB_ACTIONS,
    GITLAB_CI,
    GCE_METADATA_HOST,
    HF_HUB_CACHE,
    HUGGINGFACE_HUB_CACHE,
    HF_HOME,
    OLLAMA_MODELS,
    TORCH_HOME,
    XDG_CACHE_HOME,
    XDG_CONFIG_HOME,
    XDG_DATA_HOME,
    HOME,
    PATH,
    VIRTUAL_ENV,
    SOURCE_DATE_EPOCH,
    NO_COLOR,
    CLICOLOR_FORCE,
    XDG_RUNTIME_DIR,
    TMPDIR,
    VAULT_ADDR,
    VAULT_TOKEN,
    VAULT_NAMESPACE,
    BAO_ADDR,
    BAO_TOKEN,
    BAO_NAMESPACE,
    TRANSIT_SECRET_ENGINE_PATH,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN,
    AWS_SHARED_CREDENTIALS_FILE,
    AWS_PROFILE,
    AWS_REGION,
    AWS_DEFAULT_REGION,
    AWS_ENDPOINT_URL_KMS,
    AWS_ENDPOINT_URL,
    HTTPS_PROXY,
    HTTPS_PROXY_SMALL,
    HTTP_PROXY,
    HTTP_PROXY_SMALL,
    NO_PROXY,
    NO_PROXY_SMALL,
    SSL_CERT_FILE,
];

impl Variable {
    /// The value, if the variable is set.
    pub(crate) fn value(self) -> Option<OsString> {
        env::var_os(self.name)
    }

    /// The folder it names. A relative path is none, as the XDG specification has it: what is believed would depend on the
    /// folder that one stands in.
    pub(crate) fn folder(self) -> Option<PathBuf> {
        self.filled().map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The value, if the variable is set and not empty.
    pub(crate) fn filled(self) -> Option<OsString> {
        self.value().filter(|value| !value.is_empty())
    }
}

/// The value of a variable that the user named himself: `--key env://NAME`.
pub(crate) fn named(name: &str) -> Option<OsString> {
    env::var_os(name)
}

/// Variables that look like ours and that nothing reads: most likely misspelt.
pub(crate) fn strangers() -> Vec<String> {
    let mut names: Vec<String> = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("WEIGHTLOCK_") && find(name).is_none())
        .collect();
    names.sort();
    names
}

fn find(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name)
}

const fn flag(name: &'static str, meaning: &'static str) -> Variable {
    Variable {
        name,
        meaning,
        origin: Origin::Flag,
    }
}

const fn own(name: &'static str, meaning: &'static str) -> Variable {
    Variable {
        name,
        meaning,
        origin: Origin::Own,
    }
}

const fn secret(name: &'static str, meaning: &'static str) -> Variable {
    Variable {
        name,
        meaning,
        origin: Origin::Secret,
    }
}

const fn foreign(name: &'static str, meaning: &'static str) -> Variable {
    Variable {
        name,
        meaning,
        origin: Origin::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use clap::CommandFactory as _;

    use super::*;

    fn variables_of(command: &clap::Command, found: &mut BTreeSet<String>) {
        let names = command.get_arguments().filter_map(clap::Arg::get_env);
        found.extend(names.map(|name| name.to_string_lossy().into_owned()));
        for below in command.get_subcommands() {
            variables_of(below, found);
        }
    }

    #[test]
    fn variables_of_flags_are_those_of_the_parser() {
        let mut parsed = BTreeSet::new();
        variables_of(&crate::cli::Cli::command(), &mut parsed);
        let listed: BTreeSet<String> = VARIABLES
            .iter()
            .filter(|variable| variable.origin == Origin::Flag)
            .map(|variable| variable.name.to_owned())
            .collect();
        // Flags that several verbs share are written once and may not have a verb yet.
        let written: BTreeSet<String> = listed
            .iter()
            .filter(|name| include_str!("cli.rs").contains(&format!("\"{name}\"")))
            .cloned()
            .collect();
        assert_eq!(
            parsed.difference(&listed).collect::<Vec<_>>(),
            Vec::<&String>::new()
        );
        let unread: Vec<_> = listed
            .iter()
            .filter(|name| !parsed.contains(*name) && !written.contains(*name))
            .collect();
        assert!(unread.is_empty(), "listed, but no flag reads {unread:?}");
    }

    #[test]
    fn the_environment_is_asked_here_only() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut asked = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read_to_string(&path)
                    .unwrap()
                    .contains(concat!("env::", "var"))
                {
                    asked.push(path.file_name().unwrap().to_owned());
                }
            }
        }
        assert_eq!(asked, ["environment.rs"]);
    }

    #[test]
    fn names_are_listed_once() {
        let names: BTreeSet<_> = VARIABLES.iter().map(|variable| variable.name).collect();
        assert_eq!(names.len(), VARIABLES.len());
    }
}

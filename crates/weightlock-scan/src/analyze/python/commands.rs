//! Commands of notebooks.

use weightlock_format::python;

use crate::observation::python::Command;

/// What a command of a notebook is.
pub(super) fn of(command: &python::Command) -> Command {
    let text = command.text.trim();
    let line = text.lines().next().unwrap_or_default();
    let first = line.split_whitespace().next().unwrap_or_default();
    let is_magic = !command.shell;
    let shell_magics = ["bash", "sh", "script", "cmd", "perl", "ruby", "system", "sx", "!"];
    let code_magics = ["run", "load", "loadpy", "load_ext", "macro"];
    let fetches = [
        "curl ",
        "wget ",
        "http://",
        "https://",
        "Invoke-WebRequest",
        "iwr ",
    ];
    let runs = [
        "| sh",
        "|sh",
        "| bash",
        "|bash",
        "| python",
        "|python",
        "| sudo",
        "eval ",
        "| iex",
        "bash -c",
        "sh -c",
        "bash <(",
        "chmod +x",
        "/dev/tcp/",
        "nc -e",
        "base64 -d",
    ];
    let has = |list: &[&str]| list.iter().any(|part| text.contains(part));
    let usual = [
        "pip",
        "pip3",
        "conda",
        "mamba",
        "uv",
        "poetry",
        "apt-get",
        "apt",
        "brew",
        "ls",
        "dir",
        "cd",
        "pwd",
        "cat",
        "head",
        "tail",
        "nvidia-smi",
        "git",
        "mkdir",
        "unzip",
        "tar",
        "echo",
        "wget",
        "curl",
        "cp",
        "mv",
        "rm",
        "huggingface-cli",
        "hf",
        "du",
        "df",
        "which",
        "export",
        "python",
        "python3",
    ];
    let is_usual = if is_magic {
        !shell_magics.contains(&first) && !code_magics.contains(&first)
    } else {
        usual.contains(&first)
    };
    Command {
        text: text.chars().take(200).collect(),
        fetches_and_runs: (command.shell || shell_magics.contains(&first))
            && has(&runs)
            && (has(&fetches)
                || text.contains("/dev/tcp/")
                || text.contains("nc -e")
                || text.contains("base64 -d")),
        is_usual,
    }
}

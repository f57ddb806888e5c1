//! Scripts: Python under any name, and the commands of shell scripts and container files that agree to foreign code, or
//! run what they fetch.

use super::{Examination, Subject, python, python::fetches_and_runs};
use crate::{
    coverage::Gap,
    observation::python::{Command, RemoteCode, Seen},
};

/// Examines text for commands, and as Python when its first line says so.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let name = subject.trail.base_name();
    if python::is_source_name(name) {
        return;
    }
    let head = match subject.content.read(0, 256) {
        Ok(head) => head,
        Err(error) => return exam.gap(0, subject.content.size(), Gap::Unreadable(error.to_string())),
    };
    if python::is_site_name(name) {
        return python::site_file(subject, exam);
    }
    let has_interpreter = head.starts_with(b"#!");
    if has_interpreter && is_python(&head) {
        return python::analyze(subject, exam);
    }
    if has_interpreter || is_command_file(name) {
        commands(subject, exam);
    }
}

/// Whether the first line names Python as the interpreter.
fn is_python(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.windows(6).any(|window| window == b"python")
}

/// Whether a file of that name holds commands.
fn is_command_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = [
        ".sh",
        ".bash",
        ".zsh",
        ".ps1",
        ".bat",
        ".cmd",
        ".vbs",
        ".psm1",
        ".fish",
        ".makefile",
        ".service",
        ".mk",
        ".dockerfile",
        ".slurm",
        ".sbatch",
    ];
    let begins = ["dockerfile", "containerfile", "makefile", "justfile", "procfile"];
    ends.iter().any(|end| name.ends_with(end)) || begins.iter().any(|begin| name.starts_with(begin))
}

fn commands(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = match subject.content.whole(exam.limits.text) {
        Ok(Some(text)) => text,
        // As text it is accounted for elsewhere, so this is said beside that.
        Ok(None) => {
            let limit = exam.limits.text as u64;
            let what = "bytes of commands";
            return exam.gap(0, size, Gap::Limit { what, limit });
        }
        Err(error) => return exam.gap(0, size, Gap::Unreadable(error.to_string())),
    };
    let mut offset = 0_u64;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let words = String::from_utf8_lossy(line);
        let is_comment = words.trim_start().starts_with(['#', ';'])
            || words.trim_start().to_ascii_lowercase().starts_with("rem ");
        if !is_comment && fetches_and_runs(&words) {
            let text = words.trim().chars().take(200).collect();
            let command = Command {
                text,
                fetches_and_runs: true,
                is_usual: false,
            };
            exam.put(Some(offset), Some("command".to_owned()), Seen::Command(command));
        }
        if !is_comment && agrees_in_words(&words) {
            let agreed = RemoteCode {
                name: "--trust-remote-code".to_owned(),
                is_pinned: false,
                in_model_code: false,
            };
            exam.put(Some(offset), Some("command".to_owned()), Seen::RemoteCode(agreed));
        }
        offset = offset.saturating_add(line.len() as u64);
    }
}

/// Whether words of a command agree to foreign code.
pub(super) fn agrees_in_words(text: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || "\"',;)]\\".contains(c);
    let mut words = text.split(is_end).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let word = word.trim_start_matches(['"', '\'', '[', '(']);
        let (option, value) = word
            .split_once('=')
            .map_or((word, None), |(option, value)| (option, Some(value)));
        if !matches!(
            option,
            "--trust-remote-code" | "--trust_remote_code" | "HF_TRUST_REMOTE_CODE" | "TRUST_REMOTE_CODE"
        ) {
            continue;
        }
        let value = value.or_else(|| {
            words
                .peek()
                .copied()
                .filter(|next| !next.starts_with('-') && option.starts_with("--"))
        });
        let refuses = value
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off"));
        let is_variable = !option.starts_with("--") && value.is_none();
        if !refuses && !is_variable {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_agree_are_told_from_those_that_refuse() {
        for text in [
            "vllm serve x --trust-remote-code",
            "--trust-remote-code=true \\",
            "[\"--trust-remote-code\"]",
            "run --trust_remote_code True",
            "TRUST_REMOTE_CODE=1 run",
        ] {
            assert!(agrees_in_words(text), "{text}");
        }
        for text in [
            "--trust-remote-code=false",
            "--trust_remote_code False",
            "--no-trust-remote-code",
            "trust remote code",
            "the flag --trust-remote-codes",
            "TRUST_REMOTE_CODE",
        ] {
            assert!(!agrees_in_words(text), "{text}");
        }
    }
}

//! [`Step`]: one thing that the demonstration does, and what must come of it.

use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use clap::{CommandFactory as _, FromArgMatches as _};
use weightlock_artifact::Error;
use weightlock_format::safetensors::Header;

use crate::{
    cli::Cli, commands, context::Context, diagnostic::Diagnostic, exit::Exit, explanations::DEMO,
    text::quoted,
};

/// One thing that is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Why, in one sentence; empty where the step needs none.
    pub(super) say: &'static str,
    pub(super) act: Act,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// A command of ours, through the same parser as the real command line.
    Verb {
        arguments: &'static [&'static str],
        expect: Exit,
        /// Texts that the answer must hold; else something is wrong, and the demonstration stops.
        shows: &'static [&'static str],
    },
    /// `cp -r`: a folder of files.
    CopyFolder(&'static str, &'static str),
    /// `cp`: one file, replacing another.
    CopyFile(&'static str, &'static str),
    /// `mv`.
    Move(&'static str, &'static str),
    /// A file with one line of text.
    Add(&'static str, &'static str),
    /// `printf`: a file of these bytes, in which a line feed and text without quotes or percent signs stand.
    Write(&'static str, &'static str),
    /// `test ! -e`: a file that must not be there.
    Absent(&'static str),
    /// `rm`.
    Remove(&'static str),
    /// The highest bit but one of one number in the middle of a tensor: its exponent.
    Flip {
        file: &'static str,
        tensor: &'static str,
    },
}

/// What a step did.
#[derive(Debug)]
pub(super) struct Done {
    /// The command line that does the same.
    pub(super) command: String,
    /// How the command ended; absent for what the shell does.
    pub(super) exit: Option<Exit>,
    /// What it printed.
    pub(super) output: String,
}

impl Step {
    /// Does it, in the working directory.
    pub(super) fn run(&self, context: &Context) -> Result<Done, Diagnostic> {
        let failed = |path: &str, source| Diagnostic::from(Error::io("change", Path::new(path), source));
        let command = match self.act {
            Act::Verb {
                arguments,
                expect,
                shows,
            } => return verb(arguments, expect, shows, context),
            Act::CopyFolder(from, to) => {
                copy_folder(Path::new(from), Path::new(to)).map_err(|source| failed(to, source))?;
                format!("cp -r {from} {to}")
            }
            Act::CopyFile(from, to) => {
                fs::copy(from, to).map_err(|source| failed(to, source))?;
                format!("cp {from} {to}")
            }
            Act::Move(from, to) => {
                fs::rename(from, to).map_err(|source| failed(to, source))?;
                format!("mv {from} {to}")
            }
            Act::Add(path, line) => {
                fs::write(path, format!("{line}\n")).map_err(|source| failed(path, source))?;
                format!("echo {} > {path}", quoted(line))
            }
            Act::Write(path, text) => {
                fs::write(path, text).map_err(|source| failed(path, source))?;
                format!("printf '{}' > {path}", text.replace('\n', "\\n"))
            }
            Act::Absent(path) if Path::new(path).exists() => {
                return Err(Diagnostic::new(
                    DEMO,
                    format!("{path} is there, and nothing may have made it"),
                ));
            }
            Act::Absent(path) => format!("test ! -e {path}"),
            Act::Remove(path) => {
                fs::remove_file(path).map_err(|source| failed(path, source))?;
                format!("rm {path}")
            }
            Act::Flip { file, tensor } => {
                let (offset, byte) = flip(file, tensor).map_err(|source| failed(file, source))?;
                format!("printf '\\{byte:03o}' | dd of={file} bs=1 seek={offset} conv=notrunc status=none")
            }
        };
        Ok(Done {
            command,
            exit: None,
            output: String::new(),
        })
    }
}

/// Runs one of our own commands and checks that it answered as it must.
fn verb(arguments: &[&str], expect: Exit, shows: &[&str], context: &Context) -> Result<Done, Diagnostic> {
    let words = std::iter::once("weightlock").chain(arguments.iter().copied());
    let command = words.clone().map(quoted).collect::<Vec<_>>().join(" ");
    let wrong = |what: &str| Diagnostic::new(DEMO, format!("`{command}` {what}"));
    // Settings of the user's must not change what the demonstration shows.
    let parsed = without_environment(Cli::command())
        .try_get_matches_from(words)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| wrong("does not parse").note(error.to_string()))?;
    let reply = commands::dispatch(&parsed.command, &parsed.global, context);
    let output = reply.reasons_text(context) + reply.text() + &reply.verdict_text();
    if reply.exit() != expect {
        return Err(wrong("ended otherwise than it must")
            .fact("expected", format!("exit {}", expect.number()))
            .fact("found", format!("exit {}", reply.exit().number()))
            .note(output));
    }
    match shows.iter().find(|text| !output.contains(**text)) {
        Some(missing) => Err(wrong("does not say what it must")
            .fact("expected", *missing)
            .note(output)),
        None => Ok(Done {
            command,
            exit: Some(expect),
            output,
        }),
    }
}

fn without_environment(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| argument.env(None::<&'static str>))
        .mut_subcommands(without_environment)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    let mut waiting = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = waiting.pop() {
        fs::create_dir(&to)?;
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let to = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                waiting.push((entry.path(), to));
            } else {
                fs::copy(entry.path(), to)?;
            }
        }
    }
    Ok(())
}

/// Flips one bit of a number in the middle of a tensor. Returns the place and the new byte.
fn flip(file: &str, tensor: &str) -> io::Result<(u64, u8)> {
    let mut file = fs::File::options().read(true).write(true).open(file)?;
    let header = Header::read(&mut file).map_err(io::Error::other)?;
    let layout = header
        .sound()
        .map_err(|problem| io::Error::other(problem.to_string()))?;
    let found = layout.tensors().iter().find(|one| one.name == tensor);
    let bytes = &found
        .ok_or_else(|| io::Error::other("the tensor is missing"))?
        .bytes;
    // The last of the four bytes of a 32-bit float in little-endian order: sign, and the top of the exponent.
    let offset = bytes.start + (bytes.end - bytes.start) / 8 * 4 + 3;
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut byte)?;
    byte[0] ^= 0x40;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(&byte)?;
    Ok((offset, byte[0]))
}

//! `weightlock completions SHELL`: made from the parser's own definition, so that they cannot drift from it.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{cli::Cli, reply::Reply};

/// Print completions for a shell.
///
/// For bash: weightlock completions bash > ~/.local/share/bash-completion/completions/weightlock
#[derive(Args, Debug)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Reply {
    Reply::verbatim("completions", script(arguments.shell))
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "weightlock", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

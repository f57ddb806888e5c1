//! The terminal: what is printed where, with which colours. The only place that prints.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anstyle::{AnsiColor, Style as Ansi};

use crate::{environment, exit::Exit};

/// What a piece of text is, for colouring. Meaning never depends on the colour alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// The head of an error.
    Error,
    /// Good news.
    Good,
    /// Arrows and bars around text.
    Frame,
    /// Something worth a look.
    Strong,
}

/// Whether text is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Paint(bool);

/// `--color`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Paint {
    /// Decides from the flag, then `NO_COLOR`, `CLICOLOR_FORCE` and whether the stream is a terminal.
    pub(crate) fn decide(choice: ColorChoice, terminal: bool) -> Self {
        Self(match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if environment::NO_COLOR.filled().is_some() => false,
            ColorChoice::Auto => {
                terminal
                    || environment::CLICOLOR_FORCE
                        .filled()
                        .is_some_and(|value| value != "0")
            }
        })
    }

    /// Whether text is coloured.
    pub(crate) const fn is_coloured(self) -> bool {
        self.0
    }

    /// The text, coloured or not.
    pub(crate) fn apply(self, style: Style, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let ansi = match style {
            Style::Error => Ansi::new().bold().fg_color(Some(AnsiColor::Red.into())),
            Style::Good => Ansi::new().bold().fg_color(Some(AnsiColor::Green.into())),
            Style::Frame => Ansi::new().fg_color(Some(AnsiColor::Cyan.into())),
            Style::Strong => Ansi::new().bold(),
        };
        format!("{ansi}{text}{ansi:#}")
    }
}

/// Whether standard output is a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Prints a result. A closed pipe is no error of ours; any other failure to write is.
pub(crate) fn print(text: &str, exit: Exit) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            say(&format!("error: cannot write the result: {error}\n"));
            Exit::CouldNotWork
        }
    }
}

/// Whether standard input is a terminal.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Asks a question on standard error, and takes `y` or `yes` for a yes.
pub(crate) fn ask(question: &str) -> bool {
    say(question);
    let mut answer = String::new();
    let read = io::stdin().lock().take(16).read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Talks to the user on standard error. When nobody can hear, nothing more can be done.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Shows what the argument parser has to say: help and version are results, everything else is a usage error.
pub(crate) fn print_usage(error: &clap::Error) -> Exit {
    let paint = Paint::decide(
        ColorChoice::Auto,
        if error.use_stderr() {
            stderr_is_terminal()
        } else {
            stdout_is_terminal()
        },
    );
    let rendered = error.render();
    let text = if paint.0 {
        rendered.ansi().to_string()
    } else {
        rendered.to_string()
    };
    if error.use_stderr() {
        say(&text);
        Exit::Usage
    } else {
        print(&text, Exit::Yes)
    }
}

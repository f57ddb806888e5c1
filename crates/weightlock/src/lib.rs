//! The command line: what was typed → what it means → do it → say it.
//!
//! [`run`] parses arguments into [`cli::Cli`], gives the verb a [`context::Context`] (clock, terminal, environment
//! come in here and nowhere below), and renders its [`reply::Reply`] as text or JSON. Results go to standard output,
//! talk to standard error.

pub mod cli;
pub mod commands;
pub mod conformance;
mod context;
mod diagnostic;
pub mod embedded;
pub mod environment;
pub mod exit;
pub mod explanations;
mod flags;
mod held;
mod interrupt;
mod keyless;
mod layout;
mod loaders;
mod nearest;
pub mod online;
mod password;
mod places;
mod progress;
pub mod reference;
pub mod reply;
mod roots;
mod sources;
mod spelling;
mod terminal;
mod text;

use std::ffi::OsString;

use clap::ValueEnum as _;

use crate::{cli::Cli, context::Context, exit::Exit};

/// Runs one command line and returns how it ended. Arguments begin with the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = spelling::with_hyphens(arguments.into_iter().collect());
    if arguments.len() <= 1 {
        return terminal::print(cli::WELCOME, Exit::Yes);
    }
    match Cli::read(arguments.clone()) {
        Ok(cli) => {
            let context = Context::new(&cli.global);
            let format = cli.global.format();
            let reply = if cli.command.writes(format) {
                commands::dispatch(&cli.command, &cli.global, &context)
            } else {
                reply::Reply::refusal("weightlock", vec![no_form(&cli.command, format)])
            };
            reply.render(&cli.global, &context)
        }
        Err(error) => usage(&spelling::suggest(error, &arguments), &arguments),
    }
}

/// The verb does not write its result so; the forms that it has.
fn no_form(command: &commands::Command, asked: cli::Format) -> diagnostic::Diagnostic {
    let told = format!("this verb has no form {}", asked.name());
    let forms = cli::Format::value_variants()
        .iter()
        .filter(|form| command.writes(**form));
    let forms: Vec<String> = forms.map(|form| format!("--format {}", form.name())).collect();
    diagnostic::Diagnostic::new(explanations::USAGE, told).help(forms.join(" or "))
}

/// What the argument parser has to say; with `--json` also as the document that a program waits for.
fn usage(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let exit = terminal::print_usage(error);
    if exit == Exit::Usage && wants_json(arguments) {
        let sentence = error.to_string();
        let sentence = sentence
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let reason = diagnostic::Diagnostic::new(explanations::USAGE, sentence);
        return terminal::print(
            &reply::Reply::refusal("weightlock", vec![reason]).document(),
            exit,
        );
    }
    exit
}

/// Whether a command line that could not be parsed asks for JSON.
fn wants_json(arguments: &[OsString]) -> bool {
    let format = |pair: &[OsString]| pair == ["--format", "json"];
    arguments
        .iter()
        .any(|argument| argument == "--json" || argument == "--format=json")
        || arguments.windows(2).any(format)
}

//! `weightlock run --model PATH[=NAME] … -- CMD …{NAME}…`: a program that reads what was verified, and nothing else.
//!
//! 1. Each model is verified and read into sealed memory, in one act ([`guarded`](super::guarded)). Where a policy holds, it
//!    decides about the bytes in that memory.
//! 2. If asked for, those very bytes are scanned ([`scanned`]).
//! 3. A folder of links to them is made ([`weightlock_runtime::view`]), whose path takes the place of `{NAME}` in the command.
//! 4. The program runs; its signals and its exit code are passed through.
//!
//! The program may do what this user may do: it is not confined. What it reads by the paths it was given was verified.

mod placeholder;
mod scanned;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::Args;
use weightlock_artifact::Error;
use weightlock_runtime::child::{self, Output};

use self::placeholder::Placeholders;
use super::{
    guarded::{Asked, Judging, Loaded, Refused},
    lock::named,
    pins::check::{OpenPins, PinsFlags, pin_of},
    scan::Level,
    verdict::PolicyFlags,
};
use crate::{
    cli::{Global, Hashing, Selection},
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::USAGE,
    flags::TrustFlags,
    interrupt,
    layout::typed,
    reply::Reply,
    terminal,
    text::Shown,
};

const VERB: &str = "run";

/// Run a program with models that were verified, and that nobody can change while it reads them.
///
/// Each model is read once, into memory that is sealed, and compared with its signature there. The program gets the path
/// of a private folder that leads to this memory: weights, configuration, tokenizer, code. Files that the signature does
/// not cover are not in it. Files for which the kernel answers (fs-verity) stay on the disk. The program itself is not
/// confined.
#[derive(Args, Debug)]
#[command(
    override_usage = "weightlock run [--key SIGNER.pub] [--policy FILE] --model PATH[=NAME]... [OPTIONS] -- COMMAND [ARG]...",
    after_help = "\
{NAME} in an argument becomes the path of the model; without =NAME the only model is {model}.
{NAME:FILE} becomes the path of an open descriptor of one file, for programs that want no folder.

  weightlock run --key release.pub --model ./model -- python serve.py --model {model}
  weightlock run --policy policy.toml --model ./model -- python serve.py --model {model}
  weightlock run --key release.pub --model ./qwen.gguf=m -- llama-server -m {m}
  weightlock run --key release.pub --model ./base=base --model ./adapter=lora -- vllm serve {base} --lora {lora}

With --pins, each model must have the digest that is pinned for its NAME, too.

The program's exit code is passed on, and 128 plus the number of the signal that ended it. A model that is refused ends
with 1 or 3, and the program is not started."
)]
pub struct Arguments {
    /// A model, and the name that stands for it in the command [default name: model]; repeatable
    #[arg(long, value_name = "PATH[=NAME]", required = true, value_parser = clap::builder::OsStringValueParser::new())]
    model: Vec<OsString>,
    #[command(flatten)]
    policy: PolicyFlags,
    #[command(flatten)]
    trust: TrustFlags,
    /// The signature [default: model.sig in the model, or beside it in MODEL.weightlock/]; for one model
    #[arg(long, value_name = "FILE", help_heading = "Signature")]
    signature: Option<PathBuf>,
    #[command(flatten)]
    pins: PinsFlags,
    #[command(flatten)]
    files: Selection,
    /// Scan the verified bytes too: refuse findings of this severity and above, and what cannot be read
    #[arg(
        long,
        value_name = "SEVERITY",
        num_args = 0..=1,
        default_missing_value = "medium",
        require_equals = true,
        help_heading = "Judgement"
    )]
    scan: Option<Level>,
    #[command(flatten)]
    hashing: Hashing,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Reply {
    match prepare(arguments, context) {
        Ok(models) => {
            if global.quiet == 0 {
                for model in &models {
                    for note in model.loaded.notes() {
                        terminal::say(&format!("note: {}\n", Shown(note)));
                    }
                    terminal::say(&format!("{}\n", model.loaded.line()));
                }
            }
            start(arguments, &models)
        }
        Err(refused) => reply(refused),
    }
}

/// A model was refused, and nothing was started.
fn reply(refused: Refused) -> Reply {
    let exit = refused.exit();
    let reply = Reply::refusal(VERB, refused.reasons).with_verdict("refused: the program was not started");
    let reply = match refused.verdict {
        Some(verdict) => reply.with_result(verdict),
        None => reply,
    };
    match exit {
        Some(exit) => reply.with_exit(exit),
        None => reply,
    }
}

/// A model that a program may read.
struct Ready {
    name: String,
    loaded: Loaded,
}

fn prepare(arguments: &Arguments, context: &Context) -> Result<Vec<Ready>, Refused> {
    let named = models(arguments)?;
    let placeholders = Placeholders::find(&arguments.command, &named)?;
    let judging = Judging::find(VERB, &arguments.policy, context)?;
    let pins = arguments.pins.open(&arguments.trust, context)?;
    let mut ready = Vec::new();
    for (path, name) in &named {
        let read = guarded(path, name, (arguments, judging.as_ref()), context);
        ready.push(match &pins {
            Some(pins) => pinned(pins, (path, name), read, arguments, context)?,
            None => read?,
        });
    }
    placeholders.check(&ready)?;
    if interrupt::signal().is_some() {
        return Err(Diagnostic::from(Error::Interrupted).into());
    }
    Ok(ready)
}

/// The models with their names: what stands before and behind the last `=`. A path that is there is one as a whole.
fn models(arguments: &Arguments) -> Result<Vec<(PathBuf, String)>, Diagnostic> {
    let mut models: Vec<(PathBuf, String)> = Vec::new();
    for given in &arguments.model {
        let split = given.to_str().and_then(|text| text.rsplit_once('='));
        let (path, name) = match split {
            Some((path, name)) if !Path::new(given).exists() => (path.into(), name),
            _ => (given.clone(), "model"),
        };
        let path = typed::path(path).map_err(|told| Diagnostic::new(USAGE, told))?;
        if !placeholder::is_name(name) {
            return Err(Diagnostic::new(
                USAGE,
                format!("{name:?} cannot stand for a model; a name is made of letters, digits, - and _"),
            ));
        }
        if models.iter().any(|(_, other)| other == name) {
            return Err(
                Diagnostic::new(USAGE, format!("two models have the name {name:?}"))
                    .help("give each its own:  --model ./base=base --model ./adapter=adapter"),
            );
        }
        models.push((path, name.to_owned()));
    }
    if arguments.signature.is_some() && models.len() > 1 {
        return Err(Diagnostic::new(
            USAGE,
            "--signature names the signature of one model, and there are several",
        ));
    }
    let of_one = arguments.policy.called.is_some() || arguments.policy.revision.is_some();
    if of_one && models.len() > 1 {
        return Err(Diagnostic::new(
            USAGE,
            "--as and --revision are said of one model, and there are several",
        ));
    }
    Ok(models)
}

fn guarded(
    path: &Path,
    name: &str,
    (arguments, policy): (&Arguments, Option<&Judging<'_>>),
    context: &Context,
) -> Result<Ready, Refused> {
    let asked = Asked {
        path,
        trust: &arguments.trust,
        signature: arguments.signature.as_deref(),
        files: &arguments.files,
        only: &[],
        hashing: &arguments.hashing,
        in_folder: false,
        share: false,
        policy,
    };
    let read = asked.read(context)?;
    if let Some(level) = arguments.scan {
        scanned::judge(path, read.files(), level.into())?;
    }
    Ok(Ready {
        name: name.to_owned(),
        loaded: read.into_view()?,
    })
}

/// A model that has its pinned digest besides; both are asked whatever the other says.
fn pinned(
    pins: &OpenPins,
    (path, name): (&Path, &str),
    read: Result<Ready, Refused>,
    arguments: &Arguments,
    context: &Context,
) -> Result<Ready, Refused> {
    let name = named::parsed(name)?;
    let model = path.display().to_string();
    match read {
        Ok(ready) => {
            let found = pin_of(ready.loaded.digest(), ready.loaded.is_file());
            let reasons = pins.judge(&name, &model, found);
            if reasons.is_empty() {
                Ok(ready)
            } else {
                Err(reasons.into())
            }
        }
        Err(of_model) => {
            let target = (path, arguments.files.allow_symlinks);
            let reading = (&arguments.hashing, context);
            let reasons = pins.judge_path(&name, target, of_model.reasons, reading);
            Err(Refused { reasons, ..of_model })
        }
    }
}

fn start(arguments: &Arguments, models: &[Ready]) -> Reply {
    let filled: Vec<OsString> = arguments
        .command
        .iter()
        .map(|argument| placeholder::fill(argument, models))
        .collect();
    let Some((program, rest)) = filled.split_first() else {
        return Reply::refusal(
            VERB,
            vec![Diagnostic::new(USAGE, "no program is named behind --")],
        );
    };
    let inherited = placeholder::inherited(&arguments.command, models);
    let takes_over = || {
        interrupt::hand_over();
        interrupt::signal().is_none()
    };
    match child::run(program, rest, &inherited, Output::Inherited, takes_over) {
        Ok(ended) => Reply::verbatim(VERB, String::new()).with_exit(Exit::Program(ended.code())),
        Err(error) => Reply::refusal(VERB, vec![error.into()]),
    }
}

//! `weightlock demo`: sees it work, in ten seconds, without network, account or trace.
//!
//! A tiny model is made, signed, changed and caught, and comes to a gate. Every command is printed as a user would type it and then run
//! through the same parser and the same verbs, so what is shown is real. A step that answers otherwise than it must
//! ends the demonstration with an error.

mod model;
mod step;

use std::{
    env,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::Error;

use self::step::{Act, Step};
use crate::{
    context::Context, diagnostic::Diagnostic, exit::Exit, explanations::USAGE, interrupt, progress::Show,
    reply::Reply, terminal::Style, text::quoted,
};

const VERB: &str = "demo";

/// Show it all on a tiny model, in ten seconds and without a trace.
///
/// Works in a temporary folder, which is removed at the end. Uses no network.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Work in this new folder, and leave it for you to go on
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The folder, if it was kept.
    pub folder: Option<String>,
    /// What was done, in order.
    pub steps: Vec<ShownStep>,
}

/// One step.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownStep {
    /// Why.
    pub say: String,
    /// The command, as one types it.
    pub command: String,
    /// How it ended; absent for commands of the shell.
    pub exit_code: Option<u8>,
    /// What it printed.
    pub output: String,
}

const TENSOR: &str = "model.embed_tokens.weight";

/// Protocol 0: imports `posix.system`, calls it, and goes on with bytes that are no opcodes. Loaded by an unpickler it would
/// make an empty file; here nothing loads it.
const BAD_PICKLE: &str = "cposix\nsystem\n(Vtouch it-ran\ntR~~~~";

/// The play. Everything that is changed is put back before the next scene.
const STEPS: &[Step] = &[
    Step {
        say: "A model from somewhere. What is it?",
        act: Act::Verb {
            arguments: &["inspect", "./tiny"],
            expect: Exit::Yes,
            shows: &["apache-2.0"],
        },
    },
    Step {
        say: "What could it do when it is loaded?",
        act: Act::Verb {
            arguments: &["scan", "./tiny"],
            expect: Exit::Yes,
            shows: &["clean:"],
        },
    },
    Step {
        say: "Here are other weights: a pickle that runs a command, and is broken behind it to stop scanners.",
        act: Act::Write("./weights.pkl", BAD_PICKLE),
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["scan", "./weights.pkl"],
            expect: Exit::No,
            shows: &["posix.system"],
        },
    },
    Step {
        say: "The scan read the command and ran nothing.",
        act: Act::Absent("./it-ran"),
    },
    Step {
        say: "",
        act: Act::Remove("./weights.pkl"),
    },
    Step {
        say: "A key pair to sign with. (A real key has a password: leave out --unencrypted.)",
        act: Act::Verb {
            arguments: &["key", "generate", "--unencrypted", "demo"],
            expect: Exit::Yes,
            shows: &["demo.key", "demo.pub"],
        },
    },
    Step {
        say: "One signature over every file, and over every 1 MiB of the weights.",
        act: Act::Verb {
            arguments: &["sign", "--leaves", "--key", "demo.key", "./tiny"],
            expect: Exit::Yes,
            shows: &["model.sig"],
        },
    },
    Step {
        say: "Whoever has demo.pub can check it, anywhere and offline.",
        act: Act::Verb {
            arguments: &["verify", "--key", "demo.pub", "./tiny"],
            expect: Exit::Yes,
            shows: &["verified"],
        },
    },
    Step {
        say: "Now somebody flips one bit of one weight. (We keep a copy first, to compare with.)",
        act: Act::CopyFolder("./tiny", "./untouched"),
    },
    Step {
        say: "",
        act: Act::Flip {
            file: "./tiny/model.safetensors",
            tensor: TENSOR,
        },
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["verify", "--key", "demo.pub", "./tiny"],
            expect: Exit::No,
            shows: &["WL-SIG-TAMPERED", TENSOR],
        },
    },
    Step {
        say: "What was changed? Compare with the untouched copy.",
        act: Act::Verb {
            arguments: &["diff", "./untouched", "./tiny"],
            expect: Exit::No,
            shows: &[TENSOR],
        },
    },
    Step {
        say: "",
        act: Act::CopyFile("./untouched/model.safetensors", "./tiny/model.safetensors"),
    },
    Step {
        say: "A file is renamed: every byte is as signed, and yet the model is another.",
        act: Act::Move("./tiny/tokenizer.json", "./tiny/tokenizer.old.json"),
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["verify", "--key", "demo.pub", "./tiny"],
            expect: Exit::No,
            shows: &["tokenizer.json", "tokenizer.old.json"],
        },
    },
    Step {
        say: "",
        act: Act::Move("./tiny/tokenizer.old.json", "./tiny/tokenizer.json"),
    },
    Step {
        say: "A file is added that nobody signed, and that a loader would run.",
        act: Act::Add(
            "./tiny/modeling_tiny.py",
            r#"print("anything could happen here")"#,
        ),
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["verify", "--key", "demo.pub", "./tiny"],
            expect: Exit::No,
            shows: &["modeling_tiny.py"],
        },
    },
    Step {
        say: "",
        act: Act::Remove("./tiny/modeling_tiny.py"),
    },
    Step {
        say: "All is put back, and it is the signed model again.",
        act: Act::Verb {
            arguments: &["verify", "--key", "demo.pub", "./tiny"],
            expect: Exit::Yes,
            shows: &["verified"],
        },
    },
];

/// What the gate of the demonstration demands.
const POLICY: &str = "version = 1\nmode = \"staging\"\n[identity.demo]\nkey = \"demo.pub\"\n[signers]\noms = [\"demo\"]\n\
    bom = [\"demo\"]\n[require]\nsignature = true\nscan = true\nbom = true\n";

/// The last scene.
const GATE: &[Step] = &[
    Step {
        say: "May it be used? A policy says what is demanded: signed by us, a clean scan, a bill of materials.",
        act: Act::Write("./policy.toml", POLICY),
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["bom", "--sign", "--key", "demo.key", "./tiny"],
            expect: Exit::Yes,
            shows: &["bom-"],
        },
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["gate", "--policy", "policy.toml", "./tiny"],
            expect: Exit::Yes,
            shows: &[
                "[PASS] signature_valid",
                "[PASS] sbom_attached",
                "[PASS] scan_clean",
                "Promotion APPROVED",
            ],
        },
    },
    Step {
        say: "One thing is missing, and the answer is no. By this policy, nothing would be started with it either.",
        act: Act::Move("./tiny/model.sig", "./model.sig"),
    },
    Step {
        say: "",
        act: Act::Verb {
            arguments: &["gate", "--policy", "policy.toml", "./tiny"],
            expect: Exit::No,
            shows: &["[FAIL] signature_valid", "unsigned", "Promotion BLOCKED"],
        },
    },
    Step {
        say: "",
        act: Act::Move("./model.sig", "./tiny/model.sig"),
    },
];

/// The whole play.
fn steps() -> impl Iterator<Item = &'static Step> {
    STEPS.iter().chain(GATE)
}

const CLOSING: &str = "\
A signature says who made a model and that nobody changed it since. It does not say that the model is
good: authenticity is not safety.

next: weightlock inventory                  what is on this machine
      weightlock inspect MODEL              what one of the models is
      weightlock scan MODEL                 what it can do when it is loaded
      weightlock key generate               a key of your own, with a password
      weightlock policy init                a policy of your own, for weightlock gate
      weightlock help
";

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    // Everything goes to standard output here, also what verbs tell on standard error.
    let inner = Context {
        out: context.out,
        err: context.out,
        show: Show::Nothing,
        verbose: false,
        offline: context.offline,
        plays: true,
    };
    let mut shown = Shown {
        folder: None,
        steps: Vec::new(),
    };
    match perform(arguments, &inner, &mut shown) {
        Ok(opening) => {
            let text = opening + &text(&shown, &inner);
            Reply::yes(VERB, text, shown)
        }
        Err(told) => {
            let text = text(&shown, &inner);
            Reply::from((VERB, told)).with_text(text).with_result(shown)
        }
    }
}

/// Plays every step. Returns the opening lines.
fn perform(arguments: &Arguments, context: &Context, shown: &mut Shown) -> Result<String, Diagnostic> {
    let stage = Stage::open(arguments.keep.as_deref())?;
    shown.folder = arguments.keep.as_ref().map(|folder| folder.display().to_string());
    model::make(Path::new("tiny")).map_err(|source| Error::io("make", &stage.folder, source))?;
    for step in steps() {
        if interrupt::signal().is_some() {
            return Err(Error::Interrupted.into());
        }
        let done = step.run(context)?;
        shown.steps.push(ShownStep {
            say: step.say.to_owned(),
            command: done.command,
            exit_code: done.exit.map(Exit::number),
            output: done.output,
        });
    }
    Ok(format!("$ cd {}\n", quoted(&stage.folder.display().to_string())))
}

fn text(shown: &Shown, context: &Context) -> String {
    let mut text = String::new();
    for step in &shown.steps {
        if !step.say.is_empty() {
            text += &format!("\n{}\n", context.out.apply(Style::Strong, &step.say));
        }
        text += &format!(
            "{} {}\n{}",
            context.out.apply(Style::Frame, "$"),
            step.command,
            step.output
        );
    }
    if shown.steps.len() == steps().count() {
        text += &format!("\n{CLOSING}");
        if let Some(folder) = &shown.folder {
            text += &format!("      cd {}\n", quoted(folder));
        }
    }
    text
}

/// The working directory while the play lasts.
#[derive(Debug)]
struct Stage {
    folder: PathBuf,
    before: PathBuf,
    /// Removed when dropped, after the working directory was left.
    _temporary: Option<tempfile::TempDir>,
}

impl Stage {
    fn open(keep: Option<&Path>) -> Result<Self, Diagnostic> {
        let before = env::current_dir().map_err(|source| Error::io("find", Path::new("."), source))?;
        let (folder, temporary) = match keep {
            Some(folder) => (new_folder(folder)?, None),
            None => {
                let private = Permissions::from_mode(0o700);
                let made = tempfile::Builder::new()
                    .prefix("weightlock-demo-")
                    .permissions(private)
                    .tempdir();
                let made = made.map_err(|source| Error::io("make a folder in", &env::temp_dir(), source))?;
                (made.path().to_owned(), Some(made))
            }
        };
        env::set_current_dir(&folder).map_err(|source| Error::io("enter", &folder, source))?;
        Ok(Self {
            folder,
            before,
            _temporary: temporary,
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Where we came from may be gone; there is nothing better to go to.
        let _ = env::set_current_dir(&self.before);
    }
}

fn new_folder(folder: &Path) -> Result<PathBuf, Diagnostic> {
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Diagnostic::new(
                USAGE,
                format!("{} exists; --keep wants a new folder", folder.display()),
            ));
        }
        Err(source) => return Err(Error::io("make", folder, source).into()),
    }
    Ok(folder
        .canonicalize()
        .map_err(|source| Error::io("enter", folder, source))?)
}

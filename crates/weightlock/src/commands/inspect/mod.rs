//! `weightlock inspect TARGET`: what a model is, and six separate answers about it: who made it, is it unchanged,
//! what can it execute, how was it made, may we use it, does it behave.
//!
//! Headers, configuration and whatever could hold code are read, and the numbers of the weights are not, so that a model
//! of 100 GB answers at once. What that cannot tell is said to be unknown; no answer stands in for another.

pub(super) mod answers;
mod html;
mod judged;
pub(super) mod look;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    inventory::RootKind,
    reason::Outcome,
    standing::Standing,
    write::{Existing, write_whole},
};
use weightlock_format::{detect::Format, model::ModelSummary};

use self::look::{Seen, Signature};
use crate::{
    cli::{Format as Form, Hashing},
    commands::verdict::{self, Asked, Judged, Policies, PolicyFlags, VerdictTold, judge},
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::{self, NOTHING_KNOWN},
    reply::Reply,
    sources,
    text::quoted,
};

const VERB: &str = "inspect";

/// Say what a model is, and what is known about it.
#[derive(Args, Debug)]
#[command(after_help = "\
Without a policy, the numbers of the weights are not read, nothing is hashed and no signature checked. With one
(--policy, or one that holds here), all of it is, and the exit code is that of `weightlock gate`.
How each answer is known:
  VERIFIED  a check ran and it holds        DECLARED  somebody says so
  INFERRED  worked out from the content     UNKNOWN   not known
  FAILED    a check ran and said no")]
pub struct Arguments {
    /// A model: a folder or a file
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Write the result to a file instead of to standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// The target as typed.
    pub target: String,
    /// `file`, `folder` or `hub-snapshot`.
    pub kind: String,
    /// Files of the model. What version control and download tools keep beside it is not counted.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// What the model is.
    pub model: Model,
    /// The six answers.
    pub answers: Answers,
    /// The verdict, where a policy holds here.
    pub verdict: Option<VerdictTold>,
}

/// What the model is, from headers and configuration.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Files by format, in order of names. Inferred.
    pub formats: Vec<Counted>,
    /// Architectures. Declared.
    pub architectures: Vec<String>,
    /// Elements of all tensors; none where a header is broken or a file is missing. Inferred.
    pub parameters: Option<u64>,
    /// Tensors in safetensors and GGUF files. Inferred.
    pub tensors: u64,
    /// Elements by type, the most frequent first. Inferred.
    pub dtypes: Vec<Counted>,
    /// Quantisation methods. Declared, or inferred from GGUF tensors.
    pub quantization: Vec<String>,
    /// The task. Declared.
    pub task: Option<String>,
    /// Models that this one is made from. Declared.
    pub base_models: Vec<String>,
    /// Licences. Declared.
    pub licenses: Vec<String>,
}

/// A name and how often it occurs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// The six answers. None of them stands in for another.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Who vouches for it.
    pub who: Answer,
    /// Whether it is as it was.
    pub unchanged: Answer,
    /// What it can execute.
    pub executes: Answer,
    /// How it was made.
    pub made_how: Answer,
    /// Whether it may be used.
    pub may_we_use: Answer,
    /// Whether it behaves as it did.
    pub behaves: Answer,
}

/// One answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// How it is known: `verified`, `declared`, `inferred`, `unknown` or `failed`.
    #[schemars(
        with = "String",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed"])
    )]
    pub standing: Standing,
    /// The answer, in one sentence.
    pub says: String,
    /// Files and facts that it rests on.
    pub details: Vec<String>,
    /// Further details that are not listed.
    pub details_left_out: u64,
    /// What to do next, where there is something to do.
    pub next: Option<String>,
}

impl Answers {
    fn all(&self) -> [(&'static str, &Answer); 6] {
        [
            ("who", &self.who),
            ("unchanged", &self.unchanged),
            ("executes", &self.executes),
            ("made how", &self.made_how),
            ("may we use", &self.may_we_use),
            ("behaves", &self.behaves),
        ]
    }
}

pub(crate) fn run(arguments: &Arguments, format: Form, context: &Context) -> Reply {
    let seen = match Seen::look(&arguments.target, context) {
        Ok(seen) => seen,
        Err(reason) => return Reply::refusal(VERB, vec![reason]),
    };
    match judged(arguments, context) {
        Ok(None) => answer(&seen, None, arguments, format, context),
        Ok(Some((policies, judged))) => answer(&seen, Some((&policies, &judged)), arguments, format, context),
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

/// The verdict, where a policy holds here.
fn judged(arguments: &Arguments, context: &Context) -> Result<Option<(Policies, Judged)>, Vec<Diagnostic>> {
    let Some(policies) = Policies::find_any(&arguments.policy, context).map_err(|told| vec![told])? else {
        return Ok(None);
    };
    let asked = Asked {
        verb: VERB,
        target: &arguments.target,
        allow_symlinks: false,
        flags: &arguments.policy,
        given_up: Vec::new(),
    };
    let judged = judge(&policies, &asked, &arguments.hashing, context)?;
    Ok(Some((policies, judged)))
}

fn answer(
    seen: &Seen,
    judged: Option<(&Policies, &Judged)>,
    arguments: &Arguments,
    format: Form,
    context: &Context,
) -> Reply {
    let target = arguments.target.to_string_lossy();
    let mut inspection = inspection(seen, &target);
    if let Some((policies, judged)) = judged {
        let named = arguments.policy.policy.as_ref();
        let named = named.map_or_else(String::new, |file| {
            format!("--policy {} ", quoted(&file.display().to_string()))
        });
        let explain = format!("weightlock policy explain {named}{}", quoted(&target));
        judged::answer(&mut inspection.answers, judged, &policies.policy, &explain);
        inspection.verdict = Some(VerdictTold::from(judged));
    }
    let text = text::render(&inspection, context.out);
    let material = html::Material {
        seen,
        inspection: &inspection,
        judged,
    };
    let page = match page(material, format, context) {
        Ok(page) => page,
        Err(told) => return Reply::refusal(VERB, vec![told]),
    };
    let mut reasons = faults(seen);
    if reasons.is_empty() && !is_recognised(&seen.summary) {
        reasons.push(
            Diagnostic::new(
                NOTHING_KNOWN,
                format!(
                    "nothing in {} is known to be a model",
                    sources::shown(&arguments.target)
                ),
            )
            .at(sources::shown(&arguments.target)),
        );
    }
    let notes = judged.map_or_else(Vec::new, |(_, judged)| verdict::notes(&judged.verdict));
    if let Some((_, judged)) = judged {
        reasons.extend(verdict::reasons(judged));
    }
    let reply = if reasons.is_empty() {
        Reply::yes(VERB, text, inspection).with_notes(notes)
    } else {
        // A fault decides before what was merely not understood.
        reasons.sort_by_key(|reason| explanations::outcome(reason.code()) != Outcome::No);
        Reply::refusal(VERB, reasons)
            .with_text(text)
            .with_notes(notes)
            .with_result(inspection)
    };
    let reply = match page {
        Some(page) => reply.rendered_as(page),
        None => reply,
    };
    match &arguments.output {
        Some(path) => written(reply, path, format),
        None => reply,
    }
}

/// The page, where one is asked for.
fn page(material: html::Material<'_>, format: Form, context: &Context) -> Result<Option<String>, Diagnostic> {
    if format != Form::Html {
        return Ok(None);
    }
    Ok(Some(html::render(&material.report(context)?)))
}

/// Writes the result into a file, in one step.
fn written(reply: Reply, path: &Path, format: Form) -> Reply {
    let (text, reply) = reply.taken(format);
    match write_whole(path, text.as_bytes(), 0o644, Existing::Replaced) {
        Ok(()) => reply,
        Err(error) => Reply::refusal(VERB, vec![error.into()]).with_exit(Exit::CouldNotWork),
    }
}

fn inspection(seen: &Seen, target: &str) -> Inspection {
    let root = seen.inventory.root();
    Inspection {
        target: target.to_owned(),
        kind: match root.kind() {
            RootKind::File(_) => "file",
            RootKind::Folder if root.is_hub_snapshot() => "hub-snapshot",
            RootKind::Folder => "folder",
        }
        .to_owned(),
        files: seen.inventory.entries().len() as u64,
        bytes: seen.inventory.bytes(),
        model: Model::from(&seen.summary),
        answers: answers::answers(seen, target),
        verdict: None,
    }
}

/// One reason for each file that breaks its format, each missing file, and a broken signature.
fn faults(seen: &Seen) -> Vec<Diagnostic> {
    let place = |name: &str| seen.inventory.root().join(name).to_string_lossy().into_owned();
    let mut reasons = Vec::new();
    let mut last = None;
    for (file, problem) in &seen.summary.problems {
        // Problems of one file follow each other; the first is told.
        if last != Some(file) && reasons.len() < answers::MOST_DETAILS {
            reasons.push(Diagnostic::of(problem.code(), problem).at(place(file.as_str())));
        }
        last = Some(file);
    }
    for file in seen.summary.missing.iter().take(answers::MOST_DETAILS) {
        reasons.push(
            Diagnostic::new(
                weightlock_format::reason::TRUNCATED,
                format!("{file} is missing, and the index of the model names it"),
            )
            .at(place(file.as_str()))
            .help("fetch the missing file"),
        );
    }
    if let Signature::Broken(refusal) = &seen.signature {
        reasons.push(Diagnostic::of(refusal.code(), refusal));
    }
    reasons
}

/// Whether anything says that this is a model: weights, or a configuration with an architecture.
fn is_recognised(summary: &ModelSummary) -> bool {
    const WEIGHTS: [Format; 12] = [
        Format::Safetensors,
        Format::Gguf,
        Format::Ggml,
        Format::Zip,
        Format::Pickle,
        Format::Numpy,
        Format::Hdf5,
        Format::Onnx,
        Format::TensorFlow,
        Format::TfLite,
        Format::ExecuTorch,
        Format::Tar,
    ];
    let has = |format| summary.formats.contains_key(format);
    WEIGHTS.iter().any(has) || !summary.architectures.is_empty() || !summary.base_models.is_empty()
}

impl From<&ModelSummary> for Model {
    fn from(summary: &ModelSummary) -> Self {
        let mut dtypes: Vec<Counted> = summary
            .dtypes
            .iter()
            .map(|(dtype, count)| Counted {
                name: dtype.name().to_owned(),
                count: *count,
            })
            .collect();
        dtypes.sort_by_key(|one| std::cmp::Reverse(one.count));
        Self {
            formats: summary
                .formats
                .iter()
                .map(|(format, count)| Counted {
                    name: word(*format),
                    count: *count,
                })
                .collect(),
            architectures: summary.architectures.iter().cloned().collect(),
            parameters: summary.parameters.filter(|_| summary.tensors > 0),
            tensors: summary.tensors,
            dtypes,
            quantization: summary.quantization.iter().cloned().collect(),
            task: summary.task.clone(),
            base_models: summary.base_models.iter().cloned().collect(),
            licenses: summary.licenses.iter().cloned().collect(),
        }
    }
}

/// The word that JSON has for a format.
pub(super) fn word(format: Format) -> String {
    serde_json::to_value(format)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

//! `weightlock inspect TARGET`: what a model is, and six separate answers about it: who made it, is it unchanged,
//! what can it execute, how was it made, may we use it, does it behave.
//!
//! Headers, configuration and whatever could hold code are read, and the numbers of the weights are not, so that a model
//! of 100 GB answers at once. What that cannot tell is said to be unknown; no answer stands in for another.

mod answer;
pub(super) mod answers;
mod blobs;
mod check;
mod contradictions;
mod html;
mod judged;
pub(super) mod look;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    reason::Outcome,
    write::{Existing, write_whole},
};
use weightlock_bom::graph::Property;
use weightlock_format::{detect::Format, model::ModelSummary};
use weightlock_signing::reason::EXISTS;

pub use self::{
    answer::Answer,
    blobs::{Blobs, ImageTold},
    check::CheckTold,
};
use self::{
    check::Refused,
    look::{Seen, Signature},
};
use crate::{
    cli::{Format as Form, Hashing},
    commands::{
        target,
        verdict::{self, Asked, Judged, Policies, PolicyFlags, VerdictTold, judge},
    },
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::{self, NOTHING_KNOWN, USAGE},
    layout::{
        Layout,
        names::{self, Names},
    },
    reply::Reply,
    sources,
    text::quoted,
};

const VERB: &str = "inspect";

/// Say what a model is, and what is known about it.
#[derive(Args, Debug)]
#[command(after_help = "\
Targets: a folder, a file, a snapshot of a hub cache or its models--ORG--NAME folder, an OCI layout (LAYOUT, LAYOUT:TAG,
LAYOUT@sha256:…), a model of Ollama (its manifest, or STORE/NAME:TAG), a blob that is named by its digest. Likewise by the
names that tools use, of what is on this machine: hf:ORG/NAME, hf:ORG/NAME@REVISION, ollama:NAME:TAG, oci-layout:FOLDER:TAG.

Without a policy, the numbers of the weights are not read, nothing is hashed and no signature checked; but where files are
named by digests (hub cache, OCI layout, Ollama, a blob), every byte is read to recompute the names, unless
--metadata-only says not to. With a policy (--policy, or one that holds here), all of it is checked.

Exit code without a policy: 0 nothing is broken, which is no permission; 1 something is broken, or not what its name says;
3 nothing is known to be a model. With a policy: 0 only when it allows; 1 when it denies, or something is broken;
3 when an answer that it needs is missing.

How each answer is known:
  VERIFIED  a check ran and it holds        DECLARED  somebody says so
  INFERRED  worked out from the content     UNKNOWN   not known
  FAILED    a check ran and said no")]
pub struct Arguments {
    /// A model: a folder or a file
    #[arg(value_name = "TARGET", value_parser = crate::layout::typed::target())]
    target: PathBuf,
    /// Do not recompute the names of blobs; what they say is then only claimed
    #[arg(long)]
    metadata_only: bool,
    #[command(flatten)]
    policy: PolicyFlags,
    /// Write the result to a file instead of to standard output; never into the model
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Replace the file of --output, if there is one
    #[arg(long, requires = "output", help_heading = "Output")]
    replace: bool,
    #[command(flatten)]
    hashing: Hashing,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// The target as typed.
    pub target: String,
    /// `file`, `folder`, `hub-snapshot`, `oci-image`, `ollama-model` or `blob`.
    pub kind: String,
    /// Which of several models was taken and why; of an image, which one it is.
    pub chosen: Option<String>,
    /// The image that the files belong to, if there is one.
    pub image: Option<ImageTold>,
    /// What the names of blobs say, where files are named by digests.
    pub blobs: Option<Blobs>,
    /// Files of the model. What version control and download tools keep beside it is not counted.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// What the model is.
    pub model: Model,
    /// The six answers.
    pub answers: Answers,
    /// Where sources disagree, at most 100 lines.
    pub contradictions: Vec<String>,
    /// Further contradictions that are not listed.
    pub contradictions_left_out: u64,
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
    /// Trained numbers, whatever they are packed into; none where that cannot be told. Inferred.
    pub parameters: Option<u64>,
    /// Elements of all tensors; none where a header is broken or a file is missing. Inferred.
    pub elements: Option<u64>,
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
    if let Err(reason) = may_write(arguments, &seen) {
        return Reply::refusal(VERB, vec![reason]);
    }
    let judged = match judged(arguments, context) {
        // What is wrong with the model stops the judging, and is an answer; what is wrong with the policy is none.
        Err(reasons) if is_of_model(&reasons) => Judging::Stopped(reasons),
        Err(reasons) => return Reply::refusal(VERB, reasons),
        Ok(None) => Judging::NotAsked,
        Ok(Some((policies, judged))) => Judging::Done(Box::new(policies), Box::new(judged)),
    };
    match names(&seen, &judged, arguments, context) {
        Ok(names) => answer(&seen, names.as_ref(), &judged, arguments, format, context),
        Err(reason) => Reply::refusal(VERB, vec![reason]),
    }
}

/// What came of asking the policies.
enum Judging {
    /// None holds here.
    NotAsked,
    /// There is no verdict, because of the model: a link, a blob that differs.
    Stopped(Vec<Diagnostic>),
    /// There is one.
    Done(Box<Policies>, Box<Judged>),
}

impl Judging {
    /// The verdict and the policies, where there is one.
    fn done(&self) -> Option<(&Policies, &Judged)> {
        match self {
            Self::Done(policies, judged) => Some((policies, judged)),
            Self::NotAsked | Self::Stopped(_) => None,
        }
    }

    /// Why there is none, where the model is why.
    fn stopped(&self) -> &[Diagnostic] {
        match self {
            Self::Stopped(why) => why,
            Self::NotAsked | Self::Done(..) => &[],
        }
    }
}

/// What was read to answer, in words: the same on the screen and on the page.
const fn read(inspection: &Inspection, judging: &Judging) -> &'static str {
    let recomputed = matches!(&inspection.blobs, Some(blobs) if blobs.recomputed);
    match (judging, recomputed) {
        (Judging::Done(..), _) => "every byte, and everything stated about it; nothing was run",
        (Judging::NotAsked, true) => "every byte, to recompute the names of blobs; nothing was run",
        (Judging::NotAsked, false) => "everything but the numbers of the weights; nothing was hashed or run",
        (Judging::Stopped(_), true) => {
            "every byte, to recompute the names of blobs; the judging was stopped, and nothing was run"
        }
        (Judging::Stopped(_), false) => {
            "everything but the numbers of the weights; the judging was stopped, and nothing was run"
        }
    }
}

fn is_of_model(reasons: &[Diagnostic]) -> bool {
    let mut outcomes = reasons.iter().map(|reason| explanations::outcome(reason.code()));
    !reasons.is_empty() && outcomes.all(|outcome| matches!(outcome, Outcome::No | Outcome::NoAnswer))
}

/// The names of blobs, recomputed. What was hashed for the verdict is not read again.
fn names(
    seen: &Seen,
    judged: &Judging,
    arguments: &Arguments,
    context: &Context,
) -> Result<Option<Names>, Diagnostic> {
    if arguments.metadata_only {
        return Ok(None);
    }
    let known = match judged {
        Judging::Done(_, judged) => judged.described.hashed.manifest(),
        Judging::NotAsked | Judging::Stopped(_) => None,
    };
    names::recompute(
        &seen.opened.layout,
        &seen.inventory,
        known,
        &arguments.hashing,
        context,
    )
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
    names: Option<&Names>,
    judging: &Judging,
    arguments: &Arguments,
    format: Form,
    context: &Context,
) -> Reply {
    let target = arguments.target.to_string_lossy();
    let mut inspection = inspection(seen, names, &target);
    judge_answers(&mut inspection, seen, judging, &explain(arguments, &target));
    let text = text::render(&inspection, judging, context.out);
    let material = html::Material {
        seen,
        inspection: &inspection,
        judging,
    };
    let page = match page(material, format) {
        Ok(page) => page,
        Err(told) => return Reply::refusal(VERB, vec![told]),
    };
    let reasons = reasons(seen, names, judging, &arguments.target);
    let notes = notes(judging, context);
    let reply = if reasons.is_empty() {
        Reply::yes(VERB, text, inspection).with_notes(notes)
    } else {
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
        Some(path) => written(reply, path, arguments.replace, format),
        None => reply,
    }
}

/// Puts what the policies make of it among the answers.
fn judge_answers(inspection: &mut Inspection, seen: &Seen, judging: &Judging, explain: &str) {
    match judging {
        Judging::Done(policies, judged) => {
            judged::answer(&mut inspection.answers, seen, judged, &policies.policy, explain);
            let lines = judged::contradictions(judged, &policies.policy, &seen.opened.layout);
            (inspection.contradictions, inspection.contradictions_left_out) = contradictions::cut(lines);
            inspection.verdict = Some(VerdictTold::from(judged.as_ref()));
        }
        Judging::Stopped(why) => {
            let says = "not judged: the model is in no state that could be";
            inspection.answers.may_we_use = match Refused::judging(why) {
                Some(check) => Answer::failed(check, says),
                None => Answer::unknown(says),
            }
            .details(why.iter().map(Diagnostic::sentence));
        }
        Judging::NotAsked => {}
    }
}

/// Why the answer is no yes: a fault before what was merely not understood.
fn reasons(seen: &Seen, names: Option<&Names>, judging: &Judging, target: &Path) -> Vec<Diagnostic> {
    let mut reasons = faults(seen);
    reasons.extend(blobs::reasons(names));
    let told: Vec<_> = reasons.iter().map(Diagnostic::code).collect();
    let stopped = judging.stopped().iter();
    reasons.extend(stopped.filter(|it| !told.contains(&it.code())).cloned());
    // Where there is a verdict, it says whether the model may be used, whatever it is.
    if reasons.is_empty() && judging.done().is_none() && !is_recognised(seen) {
        let target = sources::shown(target);
        let told = format!("nothing in {target} is known to be a model");
        reasons.push(Diagnostic::new(NOTHING_KNOWN, told).at(target));
    }
    if let Some((_, judged)) = judging.done() {
        reasons.extend(verdict::reasons(judged));
        // Whoever asks whether it is unchanged hears a no, whatever is demanded.
        reasons.extend(verdict::unheard(judged));
    }
    reasons.sort_by_key(|reason| explanations::outcome(reason.code()) != Outcome::No);
    reasons
}

fn notes(judging: &Judging, context: &Context) -> Vec<String> {
    let Some((_, judged)) = judging.done() else {
        return Vec::new();
    };
    let mut notes = verdict::exceptions(judged);
    if context.verbose {
        notes.extend(judged.steps.iter().map(|step| step.0.clone()));
    }
    notes
}

/// The page, where one is asked for.
fn page(material: html::Material<'_>, format: Form) -> Result<Option<String>, Diagnostic> {
    if format != Form::Html {
        return Ok(None);
    }
    Ok(Some(html::render(&material.report()?)))
}

/// Whether the result may go where it is asked for: no file of the model, and nothing that is there.
fn may_write(arguments: &Arguments, seen: &Seen) -> Result<(), Diagnostic> {
    let Some(path) = &arguments.output else {
        return Ok(());
    };
    let shown = path.display().to_string();
    let models = [seen.inventory.root().path(), &arguments.target];
    if models
        .into_iter()
        .any(|model| target::is_at_or_below(path, model))
    {
        let told = Diagnostic::new(USAGE, "the report would be a file of the model that it is about");
        return Err(told.at(shown).help("put it somewhere else:  -o FILE"));
    }
    if !arguments.replace && path.symlink_metadata().is_ok() {
        let told = Diagnostic::new(
            EXISTS,
            format!("{} exists and is not replaced", sources::shown(path)),
        );
        return Err(told
            .at(shown)
            .help("choose another name, or replace it with --replace"));
    }
    Ok(())
}

/// Writes the result into a file, in one step.
fn written(reply: Reply, path: &Path, replace: bool, format: Form) -> Reply {
    let (text, reply) = reply.taken(format);
    let existing = if replace {
        Existing::Replaced
    } else {
        Existing::Refused
    };
    match write_whole(path, text.as_bytes(), 0o644, existing) {
        Ok(()) => reply,
        Err(error) => Reply::refusal(VERB, vec![error.into()]).with_exit(Exit::CouldNotWork),
    }
}

/// The command that tells more of the verdict, asked in the same way.
fn explain(arguments: &Arguments, target: &str) -> String {
    let mut words = vec!["weightlock policy explain".to_owned()];
    words.extend(arguments.policy.words());
    words.push(quoted(target));
    words.join(" ")
}

fn inspection(seen: &Seen, names: Option<&Names>, target: &str) -> Inspection {
    let lines = contradictions::of(&seen.graph, &seen.stated.boms(), &seen.opened.layout);
    let (contradictions, contradictions_left_out) = contradictions::cut(lines);
    Inspection {
        target: target.to_owned(),
        kind: seen.opened.word().to_owned(),
        chosen: seen.opened.chosen(),
        image: match &seen.opened.layout {
            Layout::Image(image) => Some(image.as_ref().into()),
            _ => None,
        },
        blobs: blobs::told(&seen.opened, names),
        files: seen.inventory.entries().len() as u64,
        bytes: seen.inventory.bytes(),
        model: Model {
            parameters: seen.parameters(),
            ..Model::from(&seen.summary)
        },
        answers: answers::answers(seen, names, target),
        contradictions,
        contradictions_left_out,
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
        if last != Some(file) && reasons.len() < answer::MOST_DETAILS {
            reasons.push(Diagnostic::of(problem.code(), problem).at(place(file.as_str())));
        }
        last = Some(file);
    }
    for file in seen.summary.missing.iter().take(answer::MOST_DETAILS) {
        reasons.push(
            Diagnostic::new(
                weightlock_format::reason::TRUNCATED,
                format!("{file} is missing, and the index of the model names it"),
            )
            .at(place(file.as_str()))
            .help("fetch the missing file"),
        );
    }
    match &seen.signature {
        Signature::Broken(refusal) => reasons.push(Diagnostic::of(refusal.code(), refusal)),
        Signature::Unreadable(told) => reasons.push(told.as_ref().clone()),
        _ => {}
    }
    reasons
}

/// Whether anything says that this is a model: weights, a configuration with an architecture, or a packer's word how to load it.
fn is_recognised(seen: &Seen) -> bool {
    let summary = &seen.summary;
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
    let says =
        WEIGHTS.iter().any(has) || !summary.architectures.is_empty() || !summary.base_models.is_empty();
    says || !seen.said(Property::Entrypoint).is_empty() || is_flax(seen) || is_openvino(seen)
}

/// Whether there are weights of Flax.
fn is_flax(seen: &Seen) -> bool {
    let mut files = seen.scan.files.iter();
    files.any(|file| file.format == Format::Msgpack && file.file.ends_with(".msgpack"))
}

/// Whether there is a graph of OpenVINO with its weights: `X.xml` and `X.bin`.
fn is_openvino(seen: &Seen) -> bool {
    let has = |name: &str| seen.inventory.entries().iter().any(|it| it.path.as_str() == name);
    let mut names = seen.inventory.entries().iter().map(|it| it.path.as_str());
    names.any(|name| {
        name.strip_suffix(".xml")
            .is_some_and(|stem| has(&format!("{stem}.bin")))
    })
}

fn elements(summary: &ModelSummary) -> Option<u64> {
    summary.parameters.filter(|_| summary.tensors > 0)
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
            parameters: None,
            elements: elements(summary),
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

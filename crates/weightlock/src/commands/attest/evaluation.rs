//! `weightlock attest evaluation`: states what was measured, from the files that say so.

use std::path::PathBuf;

use clap::Args;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    inventory::RootKind,
    path::ArtifactPath,
};
use weightlock_bom::provenance::{
    MAX_DOCUMENT,
    evaluation::{Evaluation, Form, Measured, NotResults, Origin, harness, model_index, results},
    reason::NO_RESULTS,
};
use weightlock_signing::predicate::types::EVALUATION;

use super::{
    stated::{self, Claim, ModelFlags, Stated},
    timestamp,
};
use crate::{
    commands::publish::PublishFlags,
    commands::{subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::counted,
};

const VERB: &str = "attest evaluation";
/// The hub's folder for results.
const EVAL_RESULTS: &str = ".eval_results/";

/// State what was measured about a model, from its README, from .eval_results, and from files with results.
///
/// Read are model-index in README.md and .eval_results/*.yaml in the model, and every file named by --results, as
/// lm-evaluation-harness writes them. Numbers are stated as they are written there.
#[derive(Args, Debug)]
#[command(after_help = "\
  weightlock attest evaluation --key NAME.key ./model
  weightlock attest evaluation --results results_2026-06-01.json --only-results --key NAME.key ./model")]
pub struct Arguments {
    /// The model
    #[arg(value_name = "MODEL", value_parser = crate::layout::typed::target())]
    model: PathBuf,
    /// Results of lm-evaluation-harness, in JSON; repeatable
    #[arg(long, value_name = "FILE")]
    results: Vec<PathBuf>,
    /// Leave out what the model's own files say
    #[arg(long, requires = "results")]
    only_results: bool,
    #[command(flatten)]
    pub(super) publish: PublishFlags,
    #[command(flatten)]
    reading: ModelFlags,
}

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    stated::reply(VERB, state(arguments, context), context)
}

fn state(arguments: &Arguments, context: &Context) -> Result<Stated, Vec<Diagnostic>> {
    let hashed = arguments.reading.hashed(&arguments.model, context)?;
    let mut evaluation = Evaluation {
        date: Some(timestamp(context)?),
        ..Evaluation::default()
    };
    if !arguments.only_results {
        own(&hashed, &mut evaluation)?;
    }
    for path in &arguments.results {
        let shown = path.display().to_string();
        let text = target::read_bounded(path, MAX_DOCUMENT)?;
        let read = harness::read(&text).map_err(|error| told(&error, &shown))?;
        let name = path
            .file_name()
            .map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
        let origin = origin(
            name,
            &Algorithm::Sha256.digest(&text),
            Form::LmEval,
            Some(read.tool),
        );
        add(&mut evaluation, origin, read.results, &shown)?;
    }
    if evaluation.results.is_empty() {
        return Err(Diagnostic::new(
            NO_RESULTS,
            format!(
                "no result of an evaluation of {} was found",
                arguments.model.display()
            ),
        )
        .at(arguments.model.display().to_string())
        .help("name the files that have them:  --results FILE")
        .into());
    }
    let claim = Claim {
        predicate_type: EVALUATION,
        says: format!(
            "{} from {}",
            counted(evaluation.results.len(), "result"),
            counted(evaluation.sources.len(), "file")
        ),
        // Serialising this type cannot fail: its keys are strings.
        predicate: serde_json::to_value(&evaluation).unwrap_or_default(),
    };
    stated::state(&arguments.model, &hashed, claim, &arguments.publish, context)
}

/// What the model's own files say. What is read must be what was hashed.
fn own(hashed: &Hashed, evaluation: &mut Evaluation) -> Result<(), Vec<Diagnostic>> {
    let root = hashed.root();
    if !matches!(root.kind(), RootKind::Folder) {
        return Ok(());
    }
    for file in hashed.manifest().iter().flat_map(|manifest| manifest.files()) {
        let Some(form) = form(&file.path) else { continue };
        let shown = root.join(file.path.as_str()).display().to_string();
        if file.size > MAX_DOCUMENT as u64 {
            let error = NotResults(format!("it is larger than {MAX_DOCUMENT} bytes"));
            return Err(told(&error, &shown).into());
        }
        let text = hashed.text(&file.path, MAX_DOCUMENT)?;
        let read = match form {
            Form::ModelIndex => model_index::read(&text),
            _ => results::read(&text),
        };
        let read = read.map_err(|error| told(&error, &shown))?;
        if !read.is_empty() {
            let origin = origin(file.path.as_str().to_owned(), file.sha256(), form, None);
            add(evaluation, origin, read, &shown)?;
        }
    }
    Ok(())
}

fn form(path: &ArtifactPath) -> Option<Form> {
    let text = path.as_str();
    let is_yaml = text.ends_with(".yaml") || text.ends_with(".yml");
    if text == "README.md" {
        Some(Form::ModelIndex)
    } else if text.starts_with(EVAL_RESULTS) && is_yaml {
        Some(Form::EvalResults)
    } else {
        None
    }
}

fn origin(name: String, sha256: &Digest, form: Form, tool: Option<String>) -> Origin {
    Origin {
        name,
        sha256: sha256.hex(),
        form,
        tool,
    }
}

fn add(
    evaluation: &mut Evaluation,
    origin: Origin,
    results: Vec<Measured>,
    shown: &str,
) -> Result<(), Diagnostic> {
    evaluation
        .add(origin, results)
        .map_err(|error| told(&error, shown))
}

fn told(error: &NotResults, place: &str) -> Diagnostic {
    Diagnostic::of(error.code(), error).at(place)
}

//! `weightlock scan PATH…`: what can these files do when they are loaded?
//!
//! 1. [`targets`] finds the files: everything below a folder, opened as by `sign` and `verify`; what is no plain file is
//!    reported and never passed over.
//! 2. [`work`] examines each once, on several threads; the answer does not depend on how many.
//! 3. The report is judged against the threshold and written in the form that was asked for.
//!
//! A finding at or above the threshold is *no* (1); what could not be opened is *could not work* (4); bytes that nobody
//! read are *no answer* (3). Only what is left is *yes*.

mod attest;
mod baseline;
mod room;
mod rules;
mod targets;
mod text;
mod work;

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum, builder::BoolishValueParser};
use globset::GlobMatcher;
use weightlock_artifact::{
    Error,
    inventory::{Inventory, Links},
    reason::Outcome,
    write::{Existing, write_whole},
};
use weightlock_scan::{
    Profile, Report, Settings, Severity,
    report::{self, json::Scanned},
};

pub use self::rules::{RuleText, Rules};
use self::{attest::Attester, targets::Targets, work::Work};
pub(crate) use self::{rules::sorted as rules_by_name, work::opened};

use crate::{
    cli::Format,
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations::{FINDINGS, NOTHING_TO_SCAN, USAGE, outcome},
    flags::SignerFlags,
    reply::Reply,
    sources::{Source, Target},
};

/// Say what files can do when they are loaded.
///
/// Every file is read and nothing is loaded: pickles, archives, weights, configuration, templates, code. A file is clean
/// only when no finding reaches the threshold and every byte is accounted for.
#[derive(Args, Debug)]
#[command(after_help = "\
Answers: 0 clean and complete, 1 a finding at or above the threshold, 3 not everything could be read, 4 not opened.
A scan is the fast first filter, not the verdict: it does not say who made a model (weightlock verify does).

  weightlock scan ./model
  weightlock scan --format sarif -o scan.sarif ./models
  find . -name '*.pt' -print0 | weightlock scan -
  weightlock scan --rules                          what is looked for")]
pub struct Arguments {
    /// Files, folders, archives; `-` reads a list of paths from standard input
    #[arg(value_name = "PATH", required_unless_present_any = ["files_from", "rules"], value_parser = crate::layout::typed::target())]
    paths: Vec<PathBuf>,
    /// Read a list of paths, ended by NUL or line feeds; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    files_from: Option<PathBuf>,
    /// Examine only files that match, such as '*.pkl'; the others are counted and named. Repeatable
    #[arg(long, value_name = "GLOB", value_parser = super::verify::glob, num_args = 1, help_heading = "Files")]
    only: Vec<GlobMatcher>,
    /// Follow symbolic links to files inside a folder; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    /// Findings of this severity and above make the answer no; changes the exit code, never what is printed
    #[arg(
        long,
        value_name = "SEVERITY",
        default_value = "medium",
        env = "WEIGHTLOCK_FAIL_ON",
        hide_env = true,
        help_heading = "Judgement"
    )]
    fail_on: Level,
    /// What must be vouched for
    #[arg(
        long,
        value_name = "PROFILE",
        default_value = "default",
        env = "WEIGHTLOCK_PROFILE",
        hide_env = true,
        help_heading = "Judgement"
    )]
    profile: ProfileChoice,
    /// Short for --profile strict
    #[arg(long, conflicts_with = "profile", help_heading = "Judgement")]
    strict: bool,
    /// An earlier --json report: its findings are marked as known and do not count. It covers nothing that is unread
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    baseline: Option<PathBuf>,
    /// End with 0 also when the answer is no or there is none; for steps that only report
    #[arg(
        long,
        value_parser = BoolishValueParser::new(),
        help_heading = "Judgement"
    )]
    exit_zero: bool,
    /// Print the account of every file, and every range that was not read
    #[arg(long, help_heading = "Output")]
    coverage: bool,
    /// Write the result to a file instead of to standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// List the rules instead
    #[arg(
        long,
        conflicts_with_all = ["paths", "files_from", "baseline", "output", "coverage"],
        help_heading = "Output"
    )]
    rules: bool,
    /// Sign the result as evidence about the model, with a key as for sign; it is kept where sign keeps signatures
    #[arg(
        long,
        conflicts_with_all = ["only", "files_from", "baseline", "allow_symlinks"],
        help_heading = "Evidence"
    )]
    attest: bool,
    /// Keep the evidence next to the model instead of in it: MODEL.weightlock/
    #[arg(long, requires = "attest", help_heading = "Evidence")]
    beside: bool,
    #[command(flatten)]
    signer: SignerFlags,
    /// Files that are examined at once [default: one per processor, at most 4]
    #[arg(short, long, value_name = "N", env = "WEIGHTLOCK_JOBS", hide_env = true)]
    jobs: Option<NonZeroUsize>,
}

/// `--fail-on`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Level {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Low => Self::Low,
            Level::Medium => Self::Medium,
            Level::High => Self::High,
            Level::Critical => Self::Critical,
        }
    }
}

/// `--profile`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum ProfileChoice {
    /// Known classes of the common libraries may be constructed
    Default,
    /// Only plain values, tensors and arrays may
    Strict,
    /// Only what PyTorch accepts with weights_only=True may
    WeightsOnly,
}

impl Arguments {
    fn profile(&self) -> Profile {
        match self.profile {
            _ if self.strict => Profile::Strict,
            ProfileChoice::Default => Profile::Default,
            ProfileChoice::Strict => Profile::Strict,
            ProfileChoice::WeightsOnly => Profile::WeightsOnly,
        }
    }

    const fn links(&self) -> Links {
        Links::following(self.allow_symlinks)
    }
}

pub(super) const VERB: &str = "scan";

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    if arguments.rules {
        return rules::list(format);
    }
    let report = match examine(arguments, context) {
        Ok(report) => report,
        Err(reason) => return Reply::refusal(VERB, vec![reason]),
    };
    let reply = reply(&report, arguments, format, context);
    match &arguments.output {
        Some(path) => written(reply, path, format),
        None => reply,
    }
}

fn examine(arguments: &Arguments, context: &Context) -> Result<Report, Diagnostic> {
    if let Some(told) = attest::without_meaning(arguments) {
        return Err(told);
    }
    let baseline = arguments.baseline.as_deref().map(baseline::read).transpose()?;
    let attester = Attester::open(arguments)?;
    let targets = Targets::find(arguments)?;
    let mut settings = Settings::default();
    settings.profile = arguments.profile();
    let work = Work {
        settings: &settings,
        jobs: arguments.jobs,
        hash: attester.is_some(),
    };
    let examined = work::examine(&targets.sources, work, context);
    if context.is_stopped() {
        return Err(Error::Interrupted.into());
    }
    let mut not_examined = targets.not_examined.clone();
    not_examined.extend(examined.failed);
    not_examined.sort();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        profile: settings.profile,
        threshold: arguments.fail_on.into(),
        files: examined.files,
        not_examined,
        left_out: targets.left_out.clone(),
        passed_over: targets.passed_over.clone(),
        baseline,
        evidence: None,
    };
    // Of what was not opened, nothing can be stated; the answer is not yes in any case.
    if let Some(attester) = attester
        && report.not_examined.is_empty()
        && !report.files.is_empty()
    {
        report.evidence = Some(attester.attest(&report, &targets, &examined.digests, context)?);
    }
    Ok(report)
}

/// What the scanner makes of the files of a model, with its default settings. What is irregular is for the caller.
pub(super) fn of_model(inventory: &Arc<Inventory>, context: &Context) -> Result<Report, Diagnostic> {
    of_sources(Target::Folder(Arc::clone(inventory)).sources(), context)
}

/// What the scanner makes of these files, with its default settings.
pub(super) fn of_sources(sources: Vec<Source>, context: &Context) -> Result<Report, Diagnostic> {
    of_targets(Targets::of(sources), Profile::Default, Severity::Medium, context)
}

/// What the scanner makes of what is `wanted` of everything at a path. Links to files inside a folder are followed.
pub(super) fn of_path(
    path: &Path,
    wanted: &dyn Fn(&Path) -> bool,
    (profile, threshold): (Profile, Severity),
    context: &Context,
) -> Result<Report, Diagnostic> {
    let targets = Targets::at(path, Links::FilesInside, wanted);
    of_targets(targets, profile, threshold, context)
}

fn of_targets(
    targets: Targets,
    profile: Profile,
    threshold: Severity,
    context: &Context,
) -> Result<Report, Diagnostic> {
    let mut settings = Settings::default();
    settings.profile = profile;
    let work = Work {
        settings: &settings,
        jobs: None,
        hash: false,
    };
    let examined = work::examine(&targets.sources, work, context);
    if context.is_stopped() {
        return Err(Error::Interrupted.into());
    }
    let mut not_examined = targets.not_examined;
    not_examined.extend(examined.failed);
    not_examined.sort();
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        profile,
        threshold,
        files: examined.files,
        not_examined,
        left_out: targets.left_out,
        passed_over: targets.passed_over,
        baseline: None,
        evidence: None,
    })
}

/// The report in the form that was asked for, with its reasons.
fn reply(report: &Report, arguments: &Arguments, format: Format, context: &Context) -> Reply {
    let shown = match format {
        Format::Text => Some(text::render(report, arguments.coverage, context)),
        Format::Sarif => Some(report::sarif::render(report)),
        Format::Junit => Some(report::junit::render(report)),
        Format::Github => Some(report::github::render(report)),
        Format::Markdown => Some(report::markdown::render(report)),
        Format::Json
        | Format::CosignJson
        | Format::Html
        | Format::Cyclonedx
        | Format::Cyclonedx16
        | Format::Spdx
        | Format::Spdx23
        | Format::Csv
        | Format::Oscal => None,
    };
    let result = (format == Format::Json).then(|| Scanned::from(report));
    let reasons = reasons(report);
    let reply = match report.outcome() {
        None => Reply::yes(VERB, String::new(), result),
        Some(answer) => Reply::refusal(VERB, reasons)
            .with_exit(answer.into())
            .with_result(result)
            .with_verdict(report::answer(report)),
    };
    // What was found stands in the result, under its rule or code; only what went wrong is told beside it.
    let reply = reply
        .telling(|reason| reason.code() == NOTHING_TO_SCAN || outcome(reason.code()) == Outcome::CouldNotWork)
        .with_exit_zero(arguments.exit_zero);
    match shown {
        Some(shown) if format == Format::Text => reply.with_text(shown),
        Some(shown) => reply.rendered_as(shown),
        None => reply,
    }
}

/// One reason for the findings, one for each kind of gap, one for each thing that was not opened.
pub(super) fn reasons(report: &Report) -> Vec<Diagnostic> {
    let totals = report.totals();
    let mut reasons = Vec::new();
    if totals.failing > 0 {
        let findings = crate::text::counted(usize::try_from(totals.failing).unwrap_or(usize::MAX), "finding");
        reasons.push(
            Diagnostic::new(
                FINDINGS,
                format!("{findings} at or above {}", report.threshold.as_str()),
            )
            .help("read what was found; `weightlock explain RULE` tells more of each rule"),
        );
    }
    for one in &report.not_examined {
        reasons.push(Diagnostic::new(one.code, one.why.clone()).at(one.name.clone()));
    }
    let mut codes = std::collections::BTreeMap::new();
    for gap in report.gaps() {
        codes.entry(gap.gap.code()).or_insert(gap);
    }
    for (code, gap) in codes {
        reasons.push(
            Diagnostic::new(code, gap.why.clone())
                .at(format!("{}   offset {}", gap.trail, gap.offset))
                .help("every range that was not read:  weightlock scan --coverage PATH"),
        );
    }
    if report.files.is_empty() && report.not_examined.is_empty() {
        reasons.push(Diagnostic::new(NOTHING_TO_SCAN, "there is nothing to examine"));
    }
    reasons
}

/// Writes the result into a file, in one step.
fn written(reply: Reply, path: &Path, format: Format) -> Reply {
    let (text, reply) = reply.taken(format);
    match write_whole(path, text.as_bytes(), 0o644, Existing::Replaced) {
        Ok(()) => reply,
        Err(error) => Reply::refusal(VERB, vec![error.into()]).with_exit(Exit::CouldNotWork),
    }
}

/// A usage error of this verb.
fn usage(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(USAGE, message)
}

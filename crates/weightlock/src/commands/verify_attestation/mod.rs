//! `weightlock verify-attestation`: what somebody whose word counts states about a model.
//!
//! Every statement of the type is looked at. One that counts is enough for yes, and each that does not is told with its
//! reason, so that an answer can be understood without believing what lies there.

mod report;

use std::path::PathBuf;

use clap::Args;
use weightlock_artifact::evidence::Kind;
use weightlock_signing::{
    SignersByKind,
    predicate::{
        Wanted,
        dependency::Dependency,
        reason::{DEPENDENCY, NONE, NOT_COUNTED, TYPE},
    },
    statement::{Model, VerifiedEvidence},
};

pub(super) use self::report::pretty;
pub use self::report::{Attestations, NotCounted, Statement};
use super::{
    evidence::found::{Found, Why},
    subject::Hashed,
};
use crate::{
    cli::{Format, Hashing},
    context::Context,
    diagnostic::Diagnostic,
    explanations::NO_TRUST,
    flags::{Method, SignersFlags, TrustFlags, wanted},
    reply::Reply,
    text::{Shown, counted, quoted},
};

/// Verify what somebody states about a model, and print it.
///
/// A statement counts when a signer whose word counts made it, about exactly the bytes that are there now. Whether the model
/// itself is signed is another question: weightlock verify.
#[derive(Args, Debug)]
#[command(
    override_usage = "weightlock verify-attestation [key|certificate|pkcs11] [OPTIONS] --type TYPE MODEL",
    after_help = "\
  weightlock verify-attestation --key builder.pub --type slsaprovenance1 ./model
  weightlock verify-attestation --key builder.pub --type slsaprovenance1 --json ./model |
      jq .result.statements[0].predicate.buildDefinition"
)]
pub struct Arguments {
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    /// Which statements: a name such as slsaprovenance1, a kind of evidence such as bom, or a URI
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    signers: SignersFlags,
    /// Look at this bundle instead of the model's evidence; repeatable
    #[arg(
        long,
        value_name = "FILE",
        visible_alias = "attestation",
        help_heading = "Evidence"
    )]
    bundle: Vec<PathBuf>,
    /// The provenance must name this dependency, as sha256:HEX or gitCommit:HEX: training data, code. Repeatable
    #[arg(long, value_name = "DIGEST", help_heading = "Evidence")]
    require_dependency: Vec<Dependency>,
    /// Follow symbolic links to files inside the model; links to folders are always refused
    #[arg(long, help_heading = "Files")]
    allow_symlinks: bool,
    #[command(flatten)]
    hashing: Hashing,
}

const VERB: &str = "verify-attestation";

/// More statements than this are not told one by one in text; JSON has them all.
const MOST_TOLD: usize = 20;

/// What was looked at.
struct Looked {
    hashed: Hashed,
    counted: Vec<(Found, VerifiedEvidence)>,
    others: Vec<(Found, Why)>,
}

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    let refused = |reasons| {
        Reply::refusal(VERB, reasons).with_verdict(format!(
            "no such statement about the model counts: {}",
            Shown(&arguments.kind)
        ))
    };
    let (wanted, looked) = match look(arguments, context) {
        Ok(looked) => looked,
        Err(reasons) => return refused(reasons),
    };
    let result = report::result(arguments, &wanted, &looked);
    if looked.counted.is_empty() {
        return refused(reasons(&wanted, &looked)).with_result(result);
    }
    if format == Format::CosignJson {
        return Reply::verbatim(VERB, report::cosign_json(&looked));
    }
    Reply::yes(VERB, report::text(&result, context), result)
}

fn look(arguments: &Arguments, context: &Context) -> Result<(Wanted, Looked), Vec<Diagnostic>> {
    let (method, model) = Method::split(&arguments.words)?;
    let wanted = wanted(&arguments.kind)?;
    if wanted.kind() == Kind::Oms {
        return Err(
            Diagnostic::new(TYPE, "a signature of the model is no statement about it")
                .help("weightlock verify --key SIGNER.pub MODEL")
                .into(),
        );
    }
    let signers = signers(arguments, method, wanted.kind(), context)?;
    let hashed = Hashed::of(model, arguments.allow_symlinks, &arguments.hashing, context)?;
    let found = if arguments.bundle.is_empty() {
        Found::about(hashed.root())?
    } else {
        Found::named(&arguments.bundle)?
    };
    let mut looked = Looked {
        hashed,
        counted: Vec::new(),
        others: Vec::new(),
    };
    let model = looked.hashed.model();
    for found in found {
        if !is_meant(&found, &wanted) {
            continue;
        }
        match judged(&found, &signers, &model, &arguments.require_dependency) {
            Ok(evidence) => looked.counted.push((found, evidence)),
            Err(why) => looked.others.push((found, why)),
        }
    }
    looked.hashed.still_holds()?;
    Ok((wanted, looked))
}

/// Whose statements of the kind count; somebody must.
fn signers(
    arguments: &Arguments,
    method: Option<Method>,
    kind: Kind,
    context: &Context,
) -> Result<SignersByKind, Diagnostic> {
    let default = SignersFlags::default_trust(&arguments.trust, method, context.now())?;
    let signers = arguments
        .signers
        .signers(default, &arguments.trust, context.now())?;
    if signers.of(kind).is_empty() {
        return Err(Diagnostic::new(
            NO_TRUST,
            format!("nobody was named whose statements of the kind {kind} count"),
        )
        .help(format!(
            "name who makes them:  --key SIGNER.pub, or --signer-for {kind}=SIGNER.pub"
        )));
    }
    Ok(signers)
}

/// Whether a piece of evidence is, or says by its name that it is, of the type that is asked for.
fn is_meant(found: &Found, wanted: &Wanted) -> bool {
    match found.claimed() {
        Ok(claimed) => wanted.includes(&claimed.statement.predicate_type),
        Err(_) => found.kind.is_none_or(|kind| kind == wanted.kind()),
    }
}

fn judged(
    found: &Found,
    signers: &SignersByKind,
    model: &Model,
    required: &[Dependency],
) -> Result<VerifiedEvidence, Why> {
    let evidence = found.judged(signers, model)?;
    let statement = evidence.statement();
    let missing = required
        .iter()
        .find(|one| !one.is_named_in(&statement.predicate_type, &statement.predicate));
    match missing {
        None => Ok(evidence),
        Some(missing) => Err(Why {
            code: DEPENDENCY,
            why: format!("it does not name the dependency {missing}"),
        }),
    }
}

/// Why no statement counts.
fn reasons(wanted: &Wanted, looked: &Looked) -> Vec<Diagnostic> {
    let model = looked.hashed.root().path().display().to_string();
    if looked.others.is_empty() {
        return vec![nothing(wanted, looked, &model)];
    }
    let mut told = Diagnostic::new(
        NOT_COUNTED,
        format!(
            "{} of {wanted} about {model}, and none counts",
            counted(looked.others.len(), "statement")
        ),
    )
    .at(model);
    for (found, why) in looked.others.iter().take(MOST_TOLD) {
        told = told.note(format!("{}: {} ({})", found.name, why.why, why.code));
    }
    if looked.others.len() > MOST_TOLD {
        told = told.note(format!(
            "and {} more; --json lists all",
            looked.others.len() - MOST_TOLD
        ));
    }
    vec![told]
}

/// There is none of the type, and perhaps some of another version.
fn nothing(wanted: &Wanted, looked: &Looked, model: &str) -> Diagnostic {
    let mut told =
        Diagnostic::new(NONE, format!("there is no statement of {wanted} about {model}")).at(model);
    let others = Found::about(looked.hashed.root()).unwrap_or_default();
    let types = others.iter().filter_map(|found| {
        let claimed = found.claimed().ok()?;
        Some(claimed.statement.predicate_type)
    });
    let mut near: Vec<String> = types
        .filter(|found| weightlock_signing::predicate::types::kind_of(found) == wanted.kind())
        .collect();
    near.sort();
    near.dedup();
    if let [_, ..] = near.as_slice() {
        told = told.note(format!(
            "what is there of that kind is of another type: {}",
            near.join(", ")
        ));
    }
    told.help(format!("weightlock evidence list {}", quoted(model)))
}

//! `weightlock verify`: who signed the model, and is it what they signed.

mod demands;
mod evidence;
mod further;
pub(crate) mod leaves;
mod locate;
mod report;
mod verity;

use std::path::{Path, PathBuf};

use clap::Args;
use globset::{GlobBuilder, GlobMatcher};
use weightlock_artifact::{
    digest::{Digest, engine::Reading},
    evidence::EXTRA_FILE,
    inventory::{Root, RootKind},
    path::ArtifactPath,
};
use weightlock_signing::{
    SignersByKind, Trust, oms,
    oms::{
        VerifiedStatement,
        model::{Mismatch, Rules, Strictness, Surveyed, Unsigned, VerifiedModel, Work, compare},
    },
};

use self::demands::Demands;
pub(crate) use self::report::SignedBy;
pub use self::{evidence::Stated, report::Verified};
use super::target::{self, Found};
use crate::{
    cli::{Format, Hashing, Selection},
    commands::{lock::against::AgainstFlags, pins::check::PinsFlags},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    flags::{Method, SignersFlags, TrustFlags, refused_in_production},
    loaders::KnownLoaders,
    progress,
    reply::Reply,
    text::quoted,
};

/// Verify who signed a model, and that it is unchanged.
///
/// Every file that was signed must be there with the signed digest, and no other file may be there. A valid signature
/// says who and unchanged; it does not say that the model is safe.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock verify [key|certificate|pkcs11|sigstore] [OPTIONS] MODEL")]
pub struct Arguments {
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustFlags,
    #[command(flatten)]
    signers: SignersFlags,
    /// This signer, of a public key or of root certificates, must have signed the same files too. Repeatable
    #[arg(long, value_name = "FILE", help_heading = "Whose signature counts")]
    also_signed_by: Vec<PathBuf>,
    /// The signature [default: model.sig in the model, or beside it in MODEL.weightlock/]
    #[arg(long, value_name = "FILE", help_heading = "Signature")]
    signature: Option<PathBuf>,
    /// Refuse any other model than the one with this digest, rightly signed or not
    #[arg(long, value_name = "sha256:HEX", value_parser = pinned, help_heading = "Signature")]
    expect_digest: Option<Digest>,
    #[command(flatten)]
    against: AgainstFlags,
    #[command(flatten)]
    pins: PinsFlags,
    /// The name that the model is pinned by [default: that of the folder or file]
    #[arg(long, value_name = "NAME", requires = "pins", help_heading = "Pins")]
    pinned_as: Option<String>,
    #[command(flatten)]
    files: Selection,
    /// Check only files that match, such as '*.safetensors'; the answer says how many. Repeatable
    #[arg(long, value_name = "GLOB", value_parser = glob, num_args = 1, help_heading = "Files")]
    only: Vec<GlobMatcher>,
    /// Let files pass that nobody signed; they are listed
    #[arg(long, help_heading = "Files")]
    ignore_unsigned_files: bool,
    /// Do not pass over git's own files at the root: each must be signed, or ignored by its signer
    #[arg(long, overrides_with = "ignore_git_paths", help_heading = "Files")]
    no_ignore_git_paths: bool,
    /// Pass over git's own files at the root unless they were signed (the default)
    #[arg(long, hide = true)]
    ignore_git_paths: bool,
    #[command(flatten)]
    hashing: Hashing,
}

const VERB: &str = "verify";

pub(crate) fn run(arguments: &Arguments, format: Format, context: &Context) -> Reply {
    if format == Format::CosignJson && !arguments.only.is_empty() {
        let told = Diagnostic::new(
            USAGE,
            "--format cosign-json cannot say that only a part was checked",
        );
        return refused(vec![told.help("leave out --only, or use --json")]);
    }
    let demands = match Demands::of(arguments, context) {
        Ok(demands) => demands,
        Err(told) => return refused(vec![told]),
    };
    let mut case = match open(arguments, context) {
        Ok(case) => case,
        Err(told) => return refused(demands.beside(vec![told], arguments, context)),
    };
    let (verified, outcome) = match case.check(arguments, context) {
        Ok(checked) => checked,
        Err(reasons) => return refused(demands.beside(reasons, arguments, context)),
    };
    match outcome {
        Ok(model) => accepted(arguments, (&case, &verified, &model), &demands, format, context),
        Err(mismatch) => {
            let located = locate::changes(&case, &verified, &mismatch, arguments, context);
            let result = report::refused(&case, &verified, &mismatch, &located);
            let reasons = report::reasons(&case, &verified, &mismatch, &located);
            refused(demands.beside(reasons, arguments, context)).with_result(result)
        }
    }
}

fn refused(reasons: Vec<Diagnostic>) -> Reply {
    Reply::refusal(VERB, reasons).with_verdict("not verified: do not load this model")
}

/// A model that is what its signer signed; whatever else is demanded is asked here.
fn accepted(
    arguments: &Arguments,
    (case, verified, model): (&Case, &VerifiedStatement, &VerifiedModel),
    demands: &Demands,
    format: Format,
    context: &Context,
) -> Reply {
    let also = (&arguments.trust, context.now());
    let also = match case.also_signed_by(&arguments.also_signed_by, also, verified) {
        Ok(also) => also,
        Err(reasons) => return refused(demands.beside(reasons, arguments, context)),
    };
    let result = Verified {
        also_signed_by: also,
        ..report::accepted(case, verified, model)
    };
    let unmet = demands.unmet(case, verified, model, &result);
    if !unmet.is_empty() {
        return refused(unmet).with_result(result);
    }
    if let Err(told) = report::pin(arguments.expect_digest.as_ref(), &result) {
        return refused(vec![told]).with_result(result);
    }
    let result = Verified {
        locked_as: demands.locked_as(),
        pinned_as: demands.pinned_as(),
        ..result
    };
    if format == Format::CosignJson {
        return Reply::verbatim(VERB, report::cosign_json(&result));
    }
    Reply::yes(VERB, report::text(&result, context), result)
}

fn open(arguments: &Arguments, context: &Context) -> Result<Case, Diagnostic> {
    if arguments.ignore_unsigned_files {
        refused_in_production("--ignore-unsigned-files")?;
    }
    let (method, model) = Method::split(&arguments.words)?;
    let trust = arguments.trust.trust(VERB, method, context.now())?;
    let signers = arguments
        .signers
        .signers(Some(trust.clone()), &arguments.trust, context.now())?;
    let case = Case::open(
        model,
        arguments.signature.as_deref(),
        &arguments.files,
        trust,
        &arguments.trust,
    )?;
    Ok(Case { signers, ..case })
}

/// A model, its signature, and whose signature counts.
pub(super) struct Case {
    pub(super) root: Root,
    found: Found,
    trust: Trust,
    /// Whose statements count besides; nobody else's than the model's signer, if nothing else is said.
    signers: SignersByKind,
    /// Which files belong to the model.
    files: Selection,
    /// The signature was named, so that no other is looked at.
    named: bool,
    /// The time that was stated instead of now.
    stated: Option<jiff::Timestamp>,
    /// What flags gave up.
    given_up: Vec<String>,
}

type Checked = (VerifiedStatement, Result<VerifiedModel, Mismatch>);

impl Case {
    /// Opens a model and finds its signature. `trust` is what the flags say is trusted.
    pub(super) fn open(
        model: &Path,
        signature: Option<&Path>,
        files: &Selection,
        trust: Trust,
        flags: &TrustFlags,
    ) -> Result<Self, Diagnostic> {
        let root = target::open(model, files)?;
        let found = target::signature(&root, signature)?;
        Ok(Self {
            root,
            found,
            signers: SignersByKind::new([trust.clone()]),
            trust,
            files: files.clone(),
            named: signature.is_some(),
            stated: flags.at_time,
            given_up: flags.identity.given_up(),
        })
    }

    /// The signature first, then the evidence folder, then the files: nothing is read that cannot matter.
    fn check(&mut self, arguments: &Arguments, context: &Context) -> Result<Checked, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let verified = self.statement()?;
        let only = |path: &ArtifactPath| arguments.only.iter().any(|glob| glob.is_match(path.as_str()));
        let rules = Rules {
            strictness: Strictness::Native {
                loaders: &KnownLoaders,
                git: !arguments.no_ignore_git_paths,
            },
            unsigned: if arguments.ignore_unsigned_files {
                Unsigned::Tolerated
            } else {
                Unsigned::Refused
            },
            only: if arguments.only.is_empty() {
                None
            } else {
                Some(&only)
            },
            ..self.rules(&arguments.files).map_err(one)?
        };
        let is_pinned = arguments.against.lock.is_some() || arguments.pins.is_given();
        let hashing = Hashing {
            // What is compared with a lock or with pins is what is there, and not what a cache remembers.
            digest_cache: arguments.hashing.digest_cache && !is_pinned,
            ..arguments.hashing.clone()
        };
        let compared = self.compared(&verified, &rules, &hashing, context)?;
        Ok((verified, compared))
    }

    /// Reads the model and compares it with what was signed.
    pub(super) fn compared(
        &self,
        verified: &VerifiedStatement,
        rules: &Rules<'_>,
        hashing: &Hashing,
        context: &Context,
    ) -> Result<Result<VerifiedModel, Mismatch>, Vec<Diagnostic>> {
        let settings = context.hashing(hashing, Reading::Mapped)?;
        let mut cache = context.cache(hashing)?;
        let root = self.root.reopen().map_err(Diagnostic::from)?;
        let comparison = progress::shown(&context.show, |observer| {
            let mut work = Work {
                settings,
                observer,
                cache: cache.as_mut(),
                keeper: None,
                leaves: None,
            };
            compare(verified, root, rules, &mut work)
        });
        let comparison = comparison.map_err(Diagnostic::from)?;
        if let Some(cache) = cache {
            cache.save().map_err(Diagnostic::from)?;
        }
        Ok(comparison.accept())
    }

    /// What was signed, if it was signed by one whose signature counts; and nothing lies among the evidence but evidence.
    /// Where the first signature is not theirs, one among the evidence may be.
    pub(super) fn statement(&mut self) -> Result<VerifiedStatement, Vec<Diagnostic>> {
        let one = |told| vec![told];
        let verified = match oms::verify(&self.found.bundle, &self.trust) {
            Ok(verified) => verified,
            Err(refusal) => match (!self.named).then(|| self.further()).flatten() {
                Some((found, verified)) => {
                    self.found = found;
                    verified
                }
                None => return Err(one(self.other_signature(report::refusal(&refusal, &self.found)))),
            },
        };
        self.same_shape(&verified).map_err(one)?;
        self.no_stowaways()?;
        Ok(verified)
    }

    /// How the model is compared: every file of it must be signed.
    pub(super) fn rules(&self, files: &Selection) -> Result<Rules<'static>, Diagnostic> {
        Ok(Rules {
            strictness: Strictness::Native {
                loaders: &KnownLoaders,
                git: true,
            },
            ignore: target::below(&self.root, &files.ignore_paths)?,
            unsigned: Unsigned::Refused,
            signature: target::inside(&self.root, &self.found.path),
            only: None,
        })
    }

    /// The reasons of a mismatch, gravest first.
    pub(super) fn reasons(&self, verified: &VerifiedStatement, mismatch: &Mismatch) -> Vec<Diagnostic> {
        report::reasons(self, verified, mismatch, &[])
    }

    /// What was verified.
    pub(super) fn accepted(&self, verified: &VerifiedStatement, model: &VerifiedModel) -> Verified {
        report::accepted(self, verified, model)
    }

    /// What was verified by another process of this user, when this one compared the names.
    pub(super) fn joined(&self, verified: &VerifiedStatement, survey: &Surveyed, leader: u32) -> Verified {
        report::joined(self, verified, survey, leader)
    }

    /// A folder's signature says nothing about one file taken alone, under whatever name.
    fn same_shape(&self, verified: &VerifiedStatement) -> Result<(), Diagnostic> {
        let listed = verified.statement().file_count();
        if matches!(self.root.kind(), RootKind::Folder) || listed == 1 {
            return Ok(());
        }
        Err(Diagnostic::new(
            USAGE,
            format!("the signature is for a folder of {listed} files, and one file was named"),
        )
        .at(self.found.path.display().to_string())
        .help("name the folder, and the file with --only:  weightlock verify --key SIGNER.pub --only FILE FOLDER"))
    }

    /// Where a second signature lies, when the first was not made by the signer that is asked for.
    fn other_signature(&self, told: Diagnostic) -> Diagnostic {
        let first = &self.found.path;
        let other = target::stores(&self.root)
            .into_iter()
            .find(|store| store.signature() != first && store.signature().is_file());
        match other {
            Some(store) => {
                let other = quoted(&store.signature().display().to_string());
                told.note(format!("there is another signature, {other}"))
                    .help(format!("check that one with --signature {other}"))
            }
            None => told,
        }
    }

    /// Nothing but evidence may lie among the evidence.
    fn no_stowaways(&self) -> Result<(), Vec<Diagnostic>> {
        let mut reasons = Vec::new();
        for store in target::stores(&self.root) {
            match store.list() {
                Ok(listing) => reasons.extend(listing.foreign.iter().map(|name| {
                    Diagnostic::new(
                        EXTRA_FILE,
                        format!("{name} is no evidence and must not lie among it"),
                    )
                    .at(store.folder().join(name).display().to_string())
                })),
                Err(error) => reasons.push(Diagnostic::of(error.code(), &error)),
            }
        }
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }
}

/// `sha256:HEX`, or `HEX`.
pub(crate) fn pinned(text: &str) -> Result<Digest, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    Digest::from_hex(weightlock_artifact::digest::Algorithm::Sha256, hex).map_err(|error| error.to_string())
}

/// `*` stays within a folder name when the pattern has a `/`, and matches file names anywhere when it has none.
pub(crate) fn glob(text: &str) -> Result<GlobMatcher, String> {
    let pattern = if text.contains('/') {
        text.to_owned()
    } else {
        format!("**/{text}")
    };
    let glob = GlobBuilder::new(&pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| error.to_string())
}

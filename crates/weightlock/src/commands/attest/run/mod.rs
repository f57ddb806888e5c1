//! `weightlock attest run --material … --product DIR -- CMD…`: runs a command, and states what it made out of what.
//!
//! 1. The signer is opened, so that a long run does not end without one. Materials, configuration and lock files are hashed,
//!    the commit is read, and the files that lie in the product's place already.
//! 2. The command runs; its signals and its exit code are passed through. One that fails has made nothing that could be
//!    stated: there is no statement then, and no flag for one.
//! 3. The materials must be what they were. The product is hashed again: what is new or changed was made, what was there
//!    before and was not touched is listed as an input (`carried-over`), and is no subject.
//! 4. The statement is signed and written.
//!
//! Nothing is traced, and the statement says so: `observed: declared materials only`. What else the command has read, nobody
//! knows. Rejected: tracing by ptrace or eBPF, which sees reads and not what they mean, needs rights that a training job
//! has not got, and slows it down.

pub(crate) mod git;
pub(crate) mod material;
mod product;
mod python;
mod surroundings;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::SystemTime,
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use weightlock_artifact::{digest::Algorithm, error::INTERRUPTED, evidence::Kind};
use weightlock_bom::{
    provenance::{
        Provenance, Resource, Role,
        command::{self, Folders},
        description::{RECORDED, build_type, check_parameters},
        reason::{CHANGED, COMMAND, NO_PRODUCT},
    },
    slsa::LOCAL,
};
use weightlock_runtime::child::{self, Ended, Output};
use weightlock_signing::{predicate::types::SLSA_1, statement};

use self::{
    material::{Given, Material},
    product::{Before, Changes},
};
use super::stated::ModelFlags;
use crate::{
    cli::{Format, Global},
    commands::publish::{Author, PublishFlags},
    context::Context,
    diagnostic::Diagnostic,
    environment,
    exit::Exit,
    explanations::USAGE,
    flags::{TrustFlags, trust_in},
    interrupt,
    reply::Reply,
    terminal,
    text::{Shown, Size, counted},
};

const VERB: &str = "attest run";

/// Run a command, and state what it made out of what.
///
/// The statement is SLSA provenance v1: the command, the digests of every declared material before it ran, lock files and the
/// commit of the working directory, Python, CUDA and hardware, and every file below --product that is new or changed. Nothing
/// is traced: what else the command has read is not known, and the statement says so. A run on one's own machine is SLSA
/// level 1, whoever signs.
#[derive(Args, Debug)]
#[command(
    override_usage = "weightlock attest run [OPTIONS] --product PATH [--material PATH[=ROLE[:NAME]]]... [--config FILE]... -- COMMAND [ARG]...",
    after_help = "\
Roles are base-model, adapter, dataset, calibration-dataset, evaluation-dataset, code, tool, tokenizer, base-image; any other
word is a name. Steps are train, finetune, merge, quantize, convert, shard, package, evaluate; docs/build-types has their parameters.

  weightlock attest run --step finetune --material ./base=base-model:acme/base --material ./data=dataset \\
      --config train.yaml --product ./out --key NAME.key -- python train.py --config train.yaml
  weightlock attest run --step quantize --parameter scheme=Q8_0 --material ./m=base-model --product m-q8.gguf \\
      --output provenance.json -- llama-quantize ./m m-q8.gguf Q8_0

The command's exit code is passed on. One that fails leaves no statement. With --json, what the command prints goes to
standard error."
)]
pub struct Arguments {
    /// A folder or file that the command works from, with the part it plays or its name; repeatable
    #[arg(long, value_name = "PATH[=ROLE[:NAME]]", value_parser = clap::builder::OsStringValueParser::new())]
    material: Vec<OsString>,
    /// A configuration file that the command reads; repeatable
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// The folder or file that the command writes
    #[arg(long, value_name = "PATH")]
    product: PathBuf,
    /// Refuse to start unless every base model and adapter has a signature by this public key, or by a certificate of these
    /// roots, and is what was signed
    #[arg(long, value_name = "FILE")]
    base_signer: Option<PathBuf>,
    /// Which kind of step it is: a published step, or the URI of a build type
    #[arg(long, value_name = "STEP", default_value = "train")]
    step: String,
    /// What was set from outside, such as method=lora; a value that is JSON is taken as such; repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter, help_heading = "What is stated")]
    parameter: Vec<(String, Value)>,
    /// Who builds, as a URI; what it is worth is decided by who verifies
    #[arg(long, value_name = "URI", default_value = LOCAL, help_heading = "What is stated")]
    builder_id: String,
    /// Which run it is, as a URI
    #[arg(long, value_name = "URI", help_heading = "What is stated")]
    invocation_id: Option<String>,
    /// State this variable too, if it is set; repeatable. None is stated whose name looks like a secret
    #[arg(long, value_name = "NAME", help_heading = "What is stated")]
    env: Vec<String>,
    /// Do not read .git
    #[arg(long, help_heading = "What is stated")]
    no_git: bool,
    #[command(flatten)]
    pub(super) publish: PublishFlags,
    #[command(flatten)]
    reading: ModelFlags,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The product as it was named.
    pub product: String,
    /// What names it: SHA-256 of the canonical manifest, or of the one file.
    pub digest: String,
    /// The build type, a URI.
    pub build_type: String,
    /// Files that the command made.
    pub new: usize,
    /// Files that it changed.
    pub changed: usize,
    /// Files that were there before and were not touched; they are no product.
    pub untouched: usize,
    /// Files that are gone.
    pub deleted: usize,
    /// What was declared or found, with how many entries for it.
    pub materials: Vec<Listed>,
    /// How long the command ran, in seconds.
    pub seconds: u64,
    /// Who signed; `null` where nobody did.
    pub signer: Option<String>,
    /// Where the statement was written; absent after a dry run.
    pub written: Option<String>,
}

/// A material in the result.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// What it is called.
    pub name: String,
    /// Which part it played.
    pub role: String,
    /// Its digest.
    pub digest: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, global: &Global, context: &Context) -> Reply {
    let refused =
        |reasons: Vec<Diagnostic>, verdict: &str| Reply::refusal(VERB, reasons).with_verdict(verdict);
    let ready = match Ready::prepare(arguments, context) {
        Ok(ready) => ready,
        Err(reasons) => return refused(reasons, "refused: the command was not started"),
    };
    let ran = match start(arguments, global) {
        Ok(ran) => ran,
        Err(told) => return refused(told.into(), "not attested: the command was not run"),
    };
    interrupt::take_back();
    if ran.ended.code() != 0 {
        let note = format!(
            "the command ended with {}, so nothing is stated",
            ran.ended.code()
        );
        if global.format() == Format::Json {
            let told = Diagnostic::new(COMMAND, note)
                .at(arguments.product.display().to_string())
                .fact("ended with", ran.ended.code().to_string())
                .fact("not stated", arguments.product.display().to_string());
            return Reply::refusal(VERB, told.into()).with_exit(Exit::Unfinished(ran.ended.code()));
        }
        if global.quiet == 0 {
            terminal::say(&format!("note: {note}\n"));
        }
        return Reply::verbatim(VERB, String::new()).with_exit(Exit::Program(ran.ended.code()));
    }
    match ready.finish(arguments, &ran, context) {
        Ok(recorded) => {
            // Standard output belongs to the command.
            if global.quiet == 0 {
                terminal::say(&text(&recorded));
            }
            Reply::yes(VERB, String::new(), recorded)
        }
        Err(reasons) => refused(
            reasons,
            "not attested: the command ended well, and nothing was stated",
        ),
    }
}

/// How a run went.
struct Ran {
    ended: Ended,
    began: SystemTime,
    ended_at: SystemTime,
}

fn start(arguments: &Arguments, global: &Global) -> Result<Ran, Diagnostic> {
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err(Diagnostic::new(USAGE, "no program is named behind --"));
    };
    let takes_over = || {
        interrupt::hand_over();
        interrupt::signal().is_none()
    };
    let output = if global.format() == Format::Json {
        Output::ToStandardError
    } else {
        Output::Inherited
    };
    let began = SystemTime::now();
    let ended = child::run(program, rest, &[], output, takes_over)?;
    Ok(Ran {
        ended,
        began,
        ended_at: SystemTime::now(),
    })
}

/// Everything that is known before the command runs.
struct Ready {
    author: Option<Author>,
    provenance: Provenance,
    materials: Vec<Material>,
    before: Before,
}

impl Ready {
    fn prepare(arguments: &Arguments, context: &Context) -> Result<Self, Vec<Diagnostic>> {
        let build_type = build_type(&arguments.step).map_err(|error| Diagnostic::of(USAGE, &error))?;
        let mut external: Map<String, Value> = Map::new();
        let mut left_out = 0_usize;
        for (name, value) in &arguments.parameter {
            let (value, hidden) = command::parameter(name, value, Folders::default());
            left_out = left_out.saturating_add(hidden);
            if external.insert(name.clone(), value).is_some() {
                return Err(Diagnostic::new(USAGE, format!("the parameter {name} is given twice")).into());
            }
        }
        check_parameters(&build_type, &external).map_err(|error| Diagnostic::of(USAGE, &error))?;
        let author = arguments.publish.author_or_nobody(context)?;

        let work = std::env::current_dir().ok();
        let work_text = work.as_deref().and_then(Path::to_str);
        let home = environment::HOME
            .filled()
            .and_then(|home| home.into_string().ok());
        let folders = Folders {
            work: work_text,
            home: home.as_deref(),
        };
        let given = given(arguments)?;
        outside_materials(&arguments.product, &given)?;
        outside_product(arguments)?;
        let mut materials = Vec::new();
        for one in given {
            materials.push(one.hash(folders, &arguments.reading, context)?);
        }
        if let Some(signer) = &arguments.base_signer {
            verify_bases(&mut materials, signer, context)?;
        }
        let commit = if arguments.no_git {
            None
        } else {
            work.as_deref().and_then(git::Found::at)
        };
        let locks = work
            .as_deref()
            .map(|work| material::lock_files(work, commit.as_ref()));
        for lock in locks.into_iter().flatten() {
            materials.push(lock.hash(folders, &arguments.reading, context)?);
        }
        let words: Vec<String> = arguments
            .command
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let told = command::told(&words, folders);
        external.insert("command".to_owned(), json!(told.words));
        left_out = left_out.saturating_add(told.left_out);
        for (name, is_config) in [("materials", false), ("config", true)] {
            let named = materials.iter().filter(|one| {
                let role = one.role();
                role != Role::LockFile && (role == Role::Config) == is_config
            });
            let names: Vec<&str> = named.map(Material::name).collect();
            if !names.is_empty() {
                external.insert(name.to_owned(), json!(names));
            }
        }
        let mut dependencies: Vec<Resource> = materials.iter().flat_map(Material::resources).collect();
        if let Some(found) = &commit {
            if let Some(source) = found.parameter() {
                external.insert("source".to_owned(), source);
            }
            dependencies.push(found.resource());
        }
        let mut internal = Map::new();
        internal.insert(RECORDED.to_owned(), json!("by weightlock attest run"));
        internal.insert("observed".to_owned(), json!("declared materials only"));
        if left_out > 0 {
            internal.insert("leftOut".to_owned(), json!(left_out));
        }
        internal.insert(
            "environment".to_owned(),
            surroundings::found(&arguments.command, &arguments.env, folders)?,
        );
        Ok(Self {
            author,
            provenance: Provenance {
                build_type,
                external_parameters: external,
                internal_parameters: internal,
                dependencies,
                builder: arguments.builder_id.clone(),
                builder_version: [("weightlock".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
                invocation: arguments
                    .invocation_id
                    .as_deref()
                    .map(|id| command::one(id, folders)),
                ..Provenance::default()
            },
            materials,
            before: Before::look(&arguments.product, &arguments.reading, context)?,
        })
    }

    fn finish(
        mut self,
        arguments: &Arguments,
        ran: &Ran,
        context: &Context,
    ) -> Result<Recorded, Vec<Diagnostic>> {
        for material in &self.materials {
            let holds = material.still_holds(&arguments.reading, context);
            holds.map_err(|told| moved(material, told))?;
        }
        let (hashed, changes) = self
            .before
            .compare(&arguments.product, &arguments.reading, context)?;
        if changes.made().next().is_none() {
            return Err(Diagnostic::new(
                NO_PRODUCT,
                format!("no file of {} is new or changed", arguments.product.display()),
            )
            .at(arguments.product.display().to_string())
            .into());
        }
        self.complete(&changes, ran);
        let subjects = changes.subjects(&hashed);
        let payload = statement::payload(&subjects, SLSA_1, &self.provenance.to_predicate());
        hashed.still_holds()?;
        let (signer, written) =
            arguments
                .publish
                .publish(self.author.as_ref(), payload, Kind::Provenance, hashed.root())?;
        Ok(Recorded {
            product: arguments.product.display().to_string(),
            digest: hashed.digest().to_string(),
            build_type: self.provenance.build_type,
            new: changes.new.len(),
            changed: changes.changed.len(),
            untouched: changes.untouched.len(),
            deleted: changes.deleted.len(),
            materials: self.materials.iter().map(listed).collect(),
            seconds: seconds(ran),
            signer,
            written,
        })
    }

    /// What is known only afterwards.
    fn complete(&mut self, changes: &Changes, ran: &Ran) {
        let provenance = &mut self.provenance;
        provenance.dependencies.extend(changes.carried_over());
        provenance
            .internal_parameters
            .insert("products".to_owned(), changes.told());
        provenance.started = time(ran.began);
        provenance.finished = time(ran.ended_at);
        if provenance.invocation.is_none() {
            let parameters = serde_json::to_string(&provenance.external_parameters).unwrap_or_default();
            let text = format!("{:?} {} {parameters}", ran.began, std::process::id());
            let hex = Algorithm::Sha256.digest(text.as_bytes()).hex();
            let short: String = hex.chars().take(32).collect();
            provenance.invocation = Some(format!("urn:weightlock:run:{short}"));
        }
    }
}

fn listed(material: &Material) -> Listed {
    Listed {
        name: material.name().to_owned(),
        role: material.role().word().to_owned(),
        digest: material.resources().first().and_then(Resource::shown_digest),
    }
}

fn seconds(ran: &Ran) -> u64 {
    ran.ended_at
        .duration_since(ran.began)
        .map_or(0, |took| took.as_secs())
}

/// A time in RFC 3339, to the millisecond.
fn time(at: SystemTime) -> Option<String> {
    let time = jiff::Timestamp::try_from(at).ok()?;
    let time = jiff::Timestamp::from_millisecond(time.as_millisecond()).ok()?;
    Some(time.to_string())
}

fn moved(material: &Material, told: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if told.iter().any(|one| one.code() == INTERRUPTED) {
        return told;
    }
    let changed = Diagnostic::new(
        CHANGED,
        format!("the material {} changed while the command ran", material.name()),
    )
    .at(material.path().display().to_string());
    let noted = told
        .iter()
        .fold(changed, |changed, one| changed.note(one.sentence()));
    noted.into()
}

/// Materials and configuration as they were named. No two have one name.
fn given(arguments: &Arguments) -> Result<Vec<Given>, Diagnostic> {
    let materials = arguments.material.iter().map(Given::parse);
    let configs = arguments.config.iter().map(|path| Given::config(path));
    let given: Vec<Given> = materials.chain(configs).collect::<Result<_, _>>()?;
    for (at, one) in given.iter().enumerate() {
        if given.iter().take(at).any(|other| other.name() == one.name()) {
            return Err(
                Diagnostic::new(USAGE, format!("two materials have the name {:?}", one.name()))
                    .help("give each its own:  --material ./a=dataset:a --material ./b=dataset:b"),
            );
        }
    }
    Ok(given)
}

/// Models that the new one descends from must be what this signer has signed; there must be one.
fn verify_bases(materials: &mut [Material], signer: &Path, context: &Context) -> Result<(), Diagnostic> {
    let trust = trust_in(signer, &TrustFlags::default(), context.now())?;
    let mut bases = materials
        .iter_mut()
        .filter(|one| one.role().is_parent())
        .peekable();
    if bases.peek().is_none() {
        return Err(Diagnostic::new(
            USAGE,
            "--base-signer says whose base models count, and no material is one",
        )
        .help("name it:  --material PATH=base-model"));
    }
    bases.try_for_each(|one| one.verify(&trust))
}

/// What the command writes cannot be what it works from: it would change while the command runs. Links lead to what they lead to.
fn outside_materials(product: &Path, given: &[Given]) -> Result<(), Diagnostic> {
    let places = |path: &Path| [absolute(path), real(path)];
    let products = places(product);
    let around = given.iter().find(|one| {
        let materials = places(one.path());
        materials
            .iter()
            .any(|material| products.iter().any(|product| product.starts_with(material)))
    });
    match around {
        None => Ok(()),
        Some(one) => Err(Diagnostic::new(
            USAGE,
            format!(
                "the product lies in the material {}, which must not change",
                one.name()
            ),
        )
        .at(one.path().display().to_string())
        .help("write to another folder, and name it with --product")),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Where a path leads, as far as it is there; what will be made has no links yet.
fn real(path: &Path) -> PathBuf {
    let whole = absolute(path);
    let found = whole.ancestors().find_map(|folder| {
        let real = folder.canonicalize().ok()?;
        Some(real.join(whole.strip_prefix(folder).ok()?))
    });
    found.unwrap_or(whole)
}

/// The statement is about the product as it is, so it cannot become a file of it.
fn outside_product(arguments: &Arguments) -> Result<(), Diagnostic> {
    let product = &arguments.product;
    let is_inside = |output: &&Path| {
        absolute(output).starts_with(absolute(product)) || real(output).starts_with(real(product))
    };
    let output = arguments.publish.output.as_deref();
    match output.filter(is_inside) {
        None => Ok(()),
        Some(output) => Err(
            Diagnostic::new(USAGE, "the statement would become a file of what it is about")
                .at(output.display().to_string())
                .help("write it elsewhere with --output, or sign it: then it goes to the product's evidence"),
        ),
    }
}

/// `NAME=VALUE`.
fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("a parameter is NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

fn text(recorded: &Recorded) -> String {
    let head = match (&recorded.written, &recorded.signer) {
        (None, _) => "would attest",
        (Some(_), Some(_)) => "attested",
        (Some(_), None) => "stated, unsigned,",
    };
    let mut text = format!("{head} {}: provenance\n", Shown(&recorded.product));
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", Shown(value));
    line("build type", &recorded.build_type);
    line("about", &recorded.digest);
    let untouched = match recorded.untouched {
        0 => String::new(),
        count => format!(", {count} untouched and no product"),
    };
    line(
        "products",
        &format!(
            "{} new, {} changed, {} deleted{untouched}",
            recorded.new, recorded.changed, recorded.deleted
        ),
    );
    for material in &recorded.materials {
        let digest = material.digest.as_deref().unwrap_or("no digest");
        line(&material.role, &format!("{}   {digest}", material.name));
    }
    line("observed", "declared materials only; nothing was traced");
    line(
        "signer",
        recorded.signer.as_deref().unwrap_or("nobody: level 1 at most"),
    );
    recorded.written.iter().for_each(|path| line("written", path));
    text
}

/// How many files and bytes, for a descriptor.
fn size(files: usize, bytes: u64) -> String {
    format!("{}, {}", counted(files, "file"), Size(bytes))
}

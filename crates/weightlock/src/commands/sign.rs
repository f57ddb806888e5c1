//! `weightlock sign`: one signature over every file of a model, written beside its bytes.

mod further;
mod keyless;
mod tables;

use std::{
    io::Read as _,
    num::NonZeroU64,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{
    Error,
    digest::{Algorithm, engine::Reading},
    evidence::{Place, Store},
    inventory::{Root, RootKind},
    path::ArtifactPath,
    write::{Existing, write_whole},
};
use weightlock_format::detect::HEAD_BYTES;
use weightlock_signing::{
    Trust,
    bundle::Bundle,
    is_signed_by,
    key::Signer,
    oms::{
        self, Method as Serialized, SigningError, VerifiedStatement,
        model::{LoaderView as _, Plan, Prepared, Previous, Unsignable, Work, prepare},
        sign_statement,
    },
    reason::{EXISTS, IGNORED_LOADABLE},
    statement::sign_evidence,
};

use self::tables::Tables;
use super::target;
use crate::{
    cli::{Hashing, Selection},
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    flags::{KeylessFlags, Method, SIGN, SignerFlags, named},
    loaders::KnownLoaders,
    progress,
    reply::Reply,
    terminal::Style,
    text::{Size, counted, quoted},
};

/// Sign a model: a folder or a file, as one unit.
///
/// The signature lists every file with its digest. It is written to MODEL/model.sig, or for a file to
/// MODEL.weightlock/model.sig, in the OpenSSF Model Signing format.
#[derive(Args, Debug)]
#[command(override_usage = "weightlock sign [key|certificate|pkcs11|sigstore] [OPTIONS] MODEL")]
pub struct Arguments {
    /// The model, after an optional word for the method
    #[arg(value_name = "MODEL", num_args = 1..=2, required = true, value_parser = crate::layout::typed::target())]
    words: Vec<PathBuf>,
    #[command(flatten)]
    signer: SignerFlags,
    #[command(flatten)]
    keyless: KeylessFlags,
    #[command(flatten)]
    files: Selection,
    /// Where to write the signature
    #[arg(long, value_name = "FILE", help_heading = "Signature")]
    signature: Option<PathBuf>,
    /// Write next to the model instead of into it: MODEL.weightlock/model.sig
    #[arg(long, conflicts_with = "signature", help_heading = "Signature")]
    beside: bool,
    /// Sign besides the first signer: the signature is written among the model's evidence, and verify accepts either
    #[arg(long, conflicts_with_all = ["signature", "replace", "incremental"], help_heading = "Signature")]
    add: bool,
    /// Replace a signature that somebody else made
    #[arg(long, help_heading = "Signature")]
    replace: bool,
    /// Also sign digests of every 1 MiB: a refusal can name the place and the tensors that changed, and loads use all
    /// processors for one file
    #[arg(long, help_heading = "Signature")]
    leaves: bool,
    /// Also sign fs-verity digests, by which the kernel of a serving machine can vouch for files that are not read again
    #[arg(long, conflicts_with = "shards", help_heading = "Signature")]
    fs_verity: bool,
    /// Sign shards of SIZE bytes (such as 16MiB) instead of whole files
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "leaves", help_heading = "Signature")]
    shards: Option<NonZeroU64>,
    /// Digest of every file
    #[arg(long, value_name = "NAME", default_value = "sha256", value_parser = algorithm, help_heading = "Signature")]
    algorithm: Algorithm,
    /// Take over digests of files that are older than the model's own earlier signature, which is verified first
    #[arg(long, conflicts_with_all = ["leaves", "fs_verity", "shards", "paranoid"], help_heading = "Signature")]
    incremental: bool,
    /// Read every file, whatever the times of files say (the default; refuses --incremental)
    #[arg(long, help_heading = "Signature")]
    paranoid: bool,
    /// Also sign git's own files at the root
    #[arg(long, overrides_with = "ignore_git_paths", help_heading = "Files")]
    no_ignore_git_paths: bool,
    /// Leave out git's own files at the root (the default)
    #[arg(long, hide = true)]
    ignore_git_paths: bool,
    /// Do everything but write
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    hashing: Hashing,
}

impl Arguments {
    /// Nobody is there who could be asked for a password.
    pub(crate) const fn never_ask(&mut self) {
        self.signer.password.never_asked = true;
    }
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The model as it was named.
    pub model: String,
    /// Where the signature was written; absent after a dry run.
    pub signature: Option<String>,
    /// `key <hex SHA-256 of its PEM>`, the subject of the certificate, or the identity with its issuer.
    pub signer: String,
    /// Number of files signed.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// How many digests were taken over from the earlier signature.
    pub reused: usize,
    /// SHA-256 of the canonical manifest (a model of one file: of its bytes); absent for other digests than SHA-256.
    pub digest: Option<String>,
    /// The evidence written about the leaf table.
    pub leaves: Option<String>,
    /// The evidence written about fs-verity digests.
    pub fs_verity: Option<String>,
    /// Paths that are not signed, without signature and evidence themselves.
    pub ignored: Vec<String>,
    /// What other tools can do with the signature, when not all of them can check it.
    pub note: Option<String>,
}

const VERB: &str = "sign";

/// What signing writes into a model: naming it as not signed would say nothing.
const OWN: [&str; 2] = ["model.sig", ".weightlock"];

pub(crate) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match sign(arguments, context) {
        Ok(signed) => Reply::yes(VERB, text(&signed, context), signed),
        Err(reasons) => Reply::refusal(VERB, reasons).with_verdict("not signed: no signature was written"),
    }
}

fn sign(arguments: &Arguments, context: &Context) -> Result<Signed, Vec<Diagnostic>> {
    let one = |told| vec![told];
    let (method, model) = Method::split(&arguments.words).map_err(one)?;
    if method == Some(Method::Sigstore) || (method.is_none() && arguments.keyless.is_asked()) {
        return keyless::sign(arguments, model, context);
    }
    let (signer, material) = arguments.signer.signer(SIGN, method).map_err(one)?;
    let root = target::open(model, &arguments.files).map_err(one)?;
    let store = if arguments.add {
        target::evidence_store(&root, arguments.beside)
    } else {
        store(&root, arguments)
    };
    let path = arguments
        .signature
        .clone()
        .unwrap_or_else(|| store.signature().to_owned());
    let earlier = if arguments.add {
        further::beside_another(&root, signer.as_ref()).map_err(one)?;
        None
    } else {
        earlier(&path, signer.as_ref(), arguments, &root).map_err(one)?
    };
    let plan = plan(&root, &path, arguments).map_err(one)?;
    let prepared = prepared(root, &plan, earlier.as_ref(), arguments, context)?;

    let bundle = sign_statement(&prepared.statement, signer.as_ref(), &material)
        .map_err(|error| one(failed(&error)))?;
    let tables = Tables::sign(&prepared, &mut |statement| {
        sign_evidence(statement, signer.as_ref(), &material)
    })
    .map_err(|error| one(failed(&error)))?;
    nothing_loadable_is_ignored(&prepared, &path)?;
    prepared.still_holds().map_err(|error| one(error.into()))?;
    let mut signed = describe(&prepared, model, named(signer.as_ref(), &material));
    if !arguments.dry_run {
        let written = tables.write(&store).map_err(one)?;
        (signed.leaves, signed.fs_verity) = (written.leaves, written.verity);
        let path = if arguments.add {
            further::add(&store, &bundle, signer.as_ref()).map_err(one)?
        } else {
            write(&path, &store, &bundle, earlier.is_some() || arguments.replace).map_err(one)?;
            path
        };
        signed.signature = Some(path.display().to_string());
    }
    Ok(signed)
}

/// What no verifier would accept is not signed: a file that a loader could read, and that the signature leaves out.
fn nothing_loadable_is_ignored(prepared: &Prepared, signature: &Path) -> Result<(), Vec<Diagnostic>> {
    let root = prepared.inventory.root();
    let own = target::inside(root, signature);
    let mut reasons = Vec::new();
    for entry in prepared.inventory.set_aside() {
        let path = &entry.path;
        if own.as_ref() != Some(path) && could_be_read(root, path).map_err(|told| vec![told])? {
            let told = Diagnostic::new(
                IGNORED_LOADABLE,
                format!("{path} is left out, and a loader could read it"),
            )
            .at(root.join(path.as_str()).display().to_string())
            .note("weightlock verify refuses a signature that leaves such a file open to change")
            .help("sign it too: leave out --ignore-paths; or move it out of the model");
            reasons.push(told);
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

fn could_be_read(root: &Root, path: &ArtifactPath) -> Result<bool, Diagnostic> {
    let mut head = Vec::new();
    let shown = root.join(path.as_str());
    let file = root.open_file(path)?;
    file.take(HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(|source| Error::io("read", &shown, source))?;
    Ok(KnownLoaders.could_read(path, &head))
}

/// In the model; beside it for a file, a hub cache snapshot, or when asked for.
fn store(root: &Root, arguments: &Arguments) -> Store {
    let beside = arguments.beside || root.is_hub_snapshot() || matches!(root.kind(), RootKind::File(_));
    Store::at(root.path(), if beside { Place::Beside } else { Place::Inside })
}

/// A signature of the same signer that is already there.
struct Earlier {
    verified: Option<VerifiedStatement>,
    written: i128,
}

/// What lies where the signature goes: nothing, one's own (which is replaced), or somebody else's (which is not).
fn earlier(
    path: &Path,
    signer: &dyn Signer,
    arguments: &Arguments,
    root: &Root,
) -> Result<Option<Earlier>, Diagnostic> {
    let bundle = match target::read(path) {
        Ok(bundle) => bundle,
        Err(told) if told.code() == weightlock_artifact::error::NOT_FOUND => {
            return if arguments.incremental {
                Err(nothing_earlier(path))
            } else {
                Ok(None)
            };
        }
        Err(told) => return Err(told),
    };
    let key = signer.public_key();
    if is_signed_by(&bundle, key) {
        let verified = oms::verify(&bundle, &Trust::Key(key.clone())).ok();
        if arguments.incremental && verified.is_none() {
            return Err(nothing_earlier(path)
                .note("the signature that is there does not verify as a signature by this key alone"));
        }
        return Ok(Some(Earlier {
            verified,
            written: written(path)?,
        }));
    }
    // A mistyped --signature must not cost a key or a file of the model.
    let is_signature = arguments.signature.is_none() || Bundle::parse(&bundle).is_ok();
    if arguments.replace && !arguments.incremental && is_signature {
        return Ok(None);
    }
    let model = quoted(&root.path().display().to_string());
    Err(
        Diagnostic::new(EXISTS, format!("{} was not made with this key", path.display()))
            .at(path.display().to_string())
            .help(format!(
                "sign besides its signer:  weightlock sign --add --key NAME.key {model}"
            ))
            .help(if is_signature {
                "--replace replaces it"
            } else {
                "what is there is no signature, and is not replaced"
            }),
    )
}

fn nothing_earlier(path: &Path) -> Diagnostic {
    Diagnostic::new(
        USAGE,
        format!(
            "--incremental needs an earlier signature by the same key at {}",
            path.display()
        ),
    )
    .help("sign without --incremental")
}

fn written(path: &Path) -> Result<i128, Diagnostic> {
    use std::os::unix::fs::MetadataExt as _;
    let found = path
        .metadata()
        .map_err(|source| Error::io("look at", path, source))?;
    Ok(i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec()))
}

fn plan(root: &Root, signature: &Path, arguments: &Arguments) -> Result<Plan, Diagnostic> {
    if arguments.fs_verity && arguments.algorithm != Algorithm::Sha256 {
        return Err(Diagnostic::new(
            USAGE,
            "--fs-verity names files by their SHA-256, so the signature must",
        )
        .help("leave out --algorithm, or --fs-verity"));
    }
    let mut ignore = target::below(root, &arguments.files.ignore_paths)?;
    // A signature written into the model under another name is no file of it.
    ignore.extend(target::inside(root, signature));
    let method = arguments.shards.map_or(Serialized::Files, Serialized::Shards);
    Ok(Plan {
        algorithm: arguments.algorithm,
        method,
        ignore,
        git: !arguments.no_ignore_git_paths,
        allow_symlinks: arguments.files.allow_symlinks,
        leaves: arguments.leaves,
        verity: arguments.fs_verity,
        ..Plan::new()
    })
}

fn prepared(
    root: Root,
    plan: &Plan,
    earlier: Option<&Earlier>,
    arguments: &Arguments,
    context: &Context,
) -> Result<Prepared, Vec<Diagnostic>> {
    let one = |told| vec![told];
    let shown = root.path().to_owned();
    let settings = context
        .hashing(&arguments.hashing, Reading::Buffered)
        .map_err(one)?;
    let previous = earlier.filter(|_| arguments.incremental).and_then(|earlier| {
        Some(Previous {
            statement: earlier.verified.as_ref()?,
            written: earlier.written,
        })
    });
    let outcome = progress::shown(&context.show, |observer| {
        prepare(
            root,
            plan,
            previous,
            &mut Work {
                settings,
                observer,
                cache: None,
                keeper: None,
                leaves: None,
            },
        )
    });
    match outcome {
        Ok(Ok(prepared)) => Ok(prepared),
        Ok(Err(Unsignable::Irregular(found))) => Err(found
            .iter()
            .map(|found| {
                Diagnostic::new(found.kind.code(), format!("{} {}", found.name, found.kind))
                    .at(shown.join(&found.name).display().to_string())
            })
            .collect()),
        Ok(Err(unsignable)) => Err(one(
            Diagnostic::of(unsignable.code(), &unsignable).at(shown.display().to_string())
        )),
        Err(error) => Err(one(error.into())),
    }
}

fn failed(error: &SigningError) -> Diagnostic {
    Diagnostic::of(error.code(), error)
}

fn write(path: &Path, store: &Store, bundle: &[u8], replace: bool) -> Result<(), Diagnostic> {
    let existing = if replace {
        Existing::Replaced
    } else {
        Existing::Refused
    };
    if path == store.signature() {
        return store
            .write_signature(bundle, existing)
            .map_err(|error| Diagnostic::of(error.code(), &error));
    }
    Ok(write_whole(path, bundle, 0o644, existing)?)
}

fn describe(prepared: &Prepared, model: &Path, signer: String) -> Signed {
    let digest = prepared
        .manifest
        .as_ref()
        .map(|manifest| manifest.digest().to_string());
    let ignored = prepared
        .inventory
        .set_aside()
        .iter()
        .map(|entry| &entry.path)
        .chain(prepared.inventory.skipped())
        .filter(|path| !OWN.contains(&path.as_str()));
    Signed {
        model: model.display().to_string(),
        signature: None,
        signer,
        files: prepared.inventory.entries().len(),
        bytes: prepared.inventory.bytes(),
        reused: prepared.reused,
        digest: digest.or_else(|| prepared.single_digest().map(|digest| digest.to_string())),
        leaves: None,
        fs_verity: None,
        note: other_tools(prepared),
        ignored: ignored
            .map(|path: &ArtifactPath| path.as_str().to_owned())
            .collect(),
    }
}

/// The reference's command line checks SHA-256 of whole files only.
fn other_tools(prepared: &Prepared) -> Option<String> {
    let serialization = prepared.statement.serialization();
    let everybody = serialization.algorithm == Algorithm::Sha256 && serialization.method == Serialized::Files;
    let note = "the command line of the reference model_signing cannot check shards, BLAKE2 or BLAKE3; Weightlock can";
    (!everybody).then(|| note.to_owned())
}

fn text(signed: &Signed, context: &Context) -> String {
    let Signed {
        model,
        signature,
        signer,
        files,
        bytes,
        reused,
        digest,
        leaves,
        fs_verity,
        ignored,
        note: _,
    } = signed;
    let head = context.out.apply(
        Style::Good,
        if signature.is_some() {
            "signed"
        } else {
            "would sign"
        },
    );
    let mut text = format!(
        "{head} {}: {}, {}\n",
        crate::text::Shown(model),
        counted(*files, "file"),
        Size(*bytes)
    );
    let mut line = |name: &str, value: &str| text += &format!("  {name:10} {}\n", crate::text::Shown(value));
    line("signer", signer);
    digest.iter().for_each(|digest| line("digest", digest));
    signature.iter().for_each(|path| line("signature", path));
    leaves.iter().for_each(|path| line("leaves", path));
    fs_verity.iter().for_each(|path| line("fs-verity", path));
    if let Some(note) = &signed.note {
        line("note", note);
    }
    if *reused > 0 {
        line(
            "reused",
            &format!(
                "digests of {} from the earlier signature",
                counted(*reused, "unchanged file")
            ),
        );
    }
    if !ignored.is_empty() {
        line("not signed", &ignored.join(", "));
    }
    text
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    match Algorithm::from_str(name) {
        Ok(found @ (Algorithm::Sha256 | Algorithm::Blake3 | Algorithm::Blake2b)) => Ok(found),
        Ok(_) => Err("models are signed with sha256, blake3 or blake2b".to_owned()),
        Err(unknown) => Err(unknown.to_string()),
    }
}

/// `1048576`, `1MiB`, `16MiB`, `1GiB`.
fn size(text: &str) -> Result<NonZeroU64, String> {
    let split = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("a size is a number of bytes, or a number with KiB, MiB or GiB".to_owned()),
    };
    let bytes = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    bytes
        .filter(|bytes| *bytes >= 64 << 10)
        .and_then(NonZeroU64::new)
        .ok_or_else(|| "a shard has at least 64 KiB".to_owned())
}

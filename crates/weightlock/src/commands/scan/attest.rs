//! `--attest`: the result as signed evidence about exactly the bytes that were examined.
//!
//! Every file is hashed through the descriptor it was scanned through, and must be unchanged at the end. What could not
//! be read is stated as unread; a model of which something could not be opened gets no statement.

use std::path::Path;

use weightlock_artifact::{
    digest::Digest,
    error::NAME,
    evidence::Kind,
    inventory::{Inventory, Links, Root, RootKind, Scope},
    manifest::{Manifest, ManifestFile, Subject},
};
use weightlock_scan::Report;
use weightlock_signing::{
    key::Signer,
    oms::SigningMaterial,
    predicate::scan::{self, Coverage, Finding, MOST_LISTED, Scan, Scanner, Unread},
    statement::sign_evidence,
};

use super::{Arguments, targets::Targets, usage};
use crate::{
    commands::{attest::timestamp, target},
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    sources::Source,
};

/// Who signs, and the one model that is signed for.
pub(super) struct Attester<'a> {
    signer: Box<dyn Signer>,
    material: SigningMaterial,
    model: &'a Path,
    beside: bool,
}

impl<'a> Attester<'a> {
    /// Opens the key before the work begins; `None` when no statement was asked for.
    pub(super) fn open(arguments: &'a Arguments) -> Result<Option<Self>, Diagnostic> {
        if !arguments.attest {
            return Ok(None);
        }
        let model = match (arguments.paths.as_slice(), &arguments.files_from) {
            ([model], None) if model != Path::new("-") => model,
            _ => return Err(usage("--attest states something about one model: name one path")),
        };
        let (signer, material) = arguments
            .signer
            .signer("weightlock scan --attest --key NAME.key MODEL", None)?;
        Ok(Some(Self {
            signer,
            material,
            model,
            beside: arguments.beside,
        }))
    }

    /// Signs the report, and tells where the statement lies.
    pub(super) fn attest(
        &self,
        report: &Report,
        targets: &Targets,
        digests: &[Digest],
        context: &Context,
    ) -> Result<String, Diagnostic> {
        let root = Root::open(self.model, Links::Refused)?;
        let subjects = match (root.kind(), targets.inventory(), digests) {
            (RootKind::File(_), _, [digest]) => vec![Subject {
                name: root.base_name(),
                sha256: *digest,
            }],
            (RootKind::Folder, Some(inventory), _) => {
                let manifest = manifest(&targets.sources, digests)?;
                unmoved(inventory)?;
                manifest.subjects(&root.base_name())
            }
            _ => {
                return Err(usage(
                    "--attest states something about one model: name a folder or a file",
                ));
            }
        };
        let statement = scan::statement(
            subjects,
            &Scan {
                examined_on: Some(timestamp(context)?),
                ..self.scan(report, root.kind())
            },
        );
        let bundle = sign_evidence(&statement, self.signer.as_ref(), &self.material)
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        let store = target::evidence_store(&root, self.beside);
        let name = store
            .add_statement(Kind::Scan, &bundle)
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        Ok(store.folder().join(name.to_string()).display().to_string())
    }

    fn scan(&self, report: &Report, kind: &RootKind) -> Scan {
        let totals = report.totals();
        let findings = report.files.iter().flat_map(|file| &file.findings);
        let all_findings: u64 = totals.findings.iter().sum();
        let gaps: Vec<Unread> = report
            .gaps()
            .take(MOST_LISTED)
            .map(|gap| Unread {
                code: gap.gap.code().to_string(),
                place: self.within(gap.trail.as_str(), kind),
                offset: gap.offset,
                bytes: gap.bytes,
                why: gap.why.clone(),
            })
            .collect();
        let findings: Vec<Finding> = findings
            .take(MOST_LISTED)
            .map(|finding| Finding {
                rule: finding.rule.to_owned(),
                severity: finding.severity.as_str().to_owned(),
                place: self.within(finding.place.trail.as_str(), kind),
                offset: finding.place.offset,
                reason: finding.reason.clone(),
            })
            .collect();
        Scan {
            examined_on: None,
            scanner: Scanner {
                name: "weightlock".to_owned(),
                version: report.version.to_owned(),
                rules: weightlock_scan::report::rules_version(),
            },
            profile: report.profile.as_str().to_owned(),
            threshold: report.threshold.as_str().to_owned(),
            outcome: report.outcome().map_or(Exit::Yes, Exit::from).word().to_owned(),
            complete: report.is_complete(),
            coverage: Coverage {
                files: totals.files,
                bytes: totals.bytes,
                contents: totals.contents,
                explained: totals.explained,
                data: totals.data,
                unread: totals.unread,
            },
            findings_left_out: all_findings.saturating_sub(findings.len() as u64),
            findings,
            unread_left_out: totals.gaps.saturating_sub(gaps.len() as u64),
            unread: gaps,
        }
    }

    /// A place below the model. Of a model of one file, its name.
    fn within(&self, trail: &str, kind: &RootKind) -> String {
        let typed = self.model.to_string_lossy();
        let rest = trail.strip_prefix(typed.as_ref()).unwrap_or(trail);
        match kind {
            RootKind::Folder => rest.trim_start_matches('/').to_owned(),
            RootKind::File(name) => format!("{name}{rest}"),
        }
    }
}

fn manifest(sources: &[Source], digests: &[Digest]) -> Result<Manifest, Diagnostic> {
    let files = sources.iter().zip(digests).filter_map(|(source, digest)| {
        ManifestFile::new(source.artifact_path()?.clone(), source.stamp.size, *digest)
    });
    let files: Vec<ManifestFile> = files.collect();
    if files.len() != sources.len() || digests.len() != sources.len() {
        return Err(usage("--attest needs the digest of every file"));
    }
    Manifest::new(files).map_err(|error| Diagnostic::of(NAME, &error))
}

/// Nothing came, went or changed while the model was examined.
fn unmoved(inventory: &Inventory) -> Result<(), Diagnostic> {
    Ok(inventory.still_holds(&Scope::model())?)
}

/// Flags that only `--attest` gives a meaning.
pub(super) fn without_meaning(arguments: &Arguments) -> Option<Diagnostic> {
    let signer = &arguments.signer;
    let given = signer.key.is_some()
        || signer.pkcs11_uri.is_some()
        || signer.signing_certificate.is_some()
        || signer.password.password_file.is_some();
    (given && !arguments.attest).then(|| {
        usage("a key signs the result only with --attest")
            .help("weightlock scan --attest --key NAME.key MODEL")
    })
}

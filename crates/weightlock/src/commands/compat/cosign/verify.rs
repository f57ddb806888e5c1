//! `verify-blob` and `verify-blob-attestation` in cosign's words.

use std::sync::Arc;

use weightlock_artifact::digest::Algorithm;
use weightlock_signing::{
    IdentityTrust, Signer,
    blob::Trust,
    certificate::Profile,
    identity::{Claim, danger},
    sigstore::TrustRoot,
};

use super::{
    Failure, Said,
    arguments::{VerifyBlob, VerifyBlobAttestation, Verifying},
    identity::Asked,
};
use crate::{
    commands::blob::{
        attest::predicate_type, files::SignatureFlags, verify::check, verify_attestation as attestation,
    },
    context::Context,
    flags::{IdentityFlags, certificates, reference, refused_in_production},
};

const VERIFIED: &str = "Verified OK\n";

pub(super) fn blob(asked: &VerifyBlob, context: &Context) -> Result<Said, Failure> {
    let flags = &asked.verifying;
    let warning = warning(flags, "blob");
    answer(flags, &warning, context, |trust| {
        if flags.bundle.is_none() && flags.signature.is_none() {
            return Err(Failure::words("missing flag '--signature'"));
        }
        let (_, signer, _) = check(&asked.blob, &signature(flags), trust, context)?;
        Ok(signer)
    })
}

pub(super) fn statement(asked: &VerifyBlobAttestation, context: &Context) -> Result<Said, Failure> {
    let flags = &asked.verifying;
    let warning = warning(flags, "blob attestation");
    answer(flags, &warning, context, |trust| {
        if flags.bundle.is_none() && flags.signature.is_none() {
            return Err(Failure::words(
                "please specify path to the DSSE envelope signature via --signature or --bundle",
            ));
        }
        let algorithm = asked
            .digest_algorithm
            .as_deref()
            .map(attestation::subject_algorithm);
        let wanted = attestation::Asked {
            blob: asked.blob.as_deref(),
            predicate_type: &predicate_type(&asked.predicate_type).map_err(Failure::words)?,
            digest: asked.digest.as_deref(),
            digest_algorithm: algorithm
                .transpose()
                .map_err(Failure::words)?
                .unwrap_or(Algorithm::Sha256),
            held: asked.check_claims,
        };
        let (verified, _) = attestation::check(&wanted, &signature(flags), trust, context)?;
        Ok(verified.signer().clone())
    })
}

/// Trust, signature, identity; in this order, so that a wrong name is told only of a right signature.
fn answer(
    flags: &Verifying,
    warning: &str,
    context: &Context,
    check: impl FnOnce(&Trust) -> Result<Signer, Failure>,
) -> Result<Said, Failure> {
    let done = || {
        let (trust, asked) = trust(flags, context)?;
        let signer = check(&trust)?;
        asked.map_or(Ok(()), |asked| asked.check(&signer))
    };
    done().map_err(|failure: Failure| failure.after(warning))?;
    Ok(Said {
        stdout: String::new(),
        stderr: format!("{warning}{VERIFIED}"),
    })
}

fn warning(flags: &Verifying, what: &str) -> String {
    if flags.insecure_ignore_tlog {
        format!(
            "WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability \
             verification for the {what}.\n"
        )
    } else {
        String::new()
    }
}

fn signature(flags: &Verifying) -> SignatureFlags {
    SignatureFlags {
        bundle: flags.bundle.clone(),
        signature: flags.signature.clone().filter(|_| flags.bundle.is_none()),
        certificate: flags.certificate.clone(),
        rfc3161_timestamp: flags.rfc3161_timestamp.clone(),
    }
}

/// Whose signature counts, and for certificates whose name.
fn trust(flags: &Verifying, context: &Context) -> Result<(Trust, Option<Asked>), Failure> {
    if flags.bundle.is_some() && flags.signature.is_some() {
        return Err(Failure::words(
            "unsupported: signature may not be provided using --signature when using --bundle",
        ));
    }
    for (given, flag) in [
        (flags.insecure_ignore_tlog, "--insecure-ignore-tlog"),
        (flags.insecure_ignore_sct, "--insecure-ignore-sct"),
    ] {
        if given {
            refused_in_production(flag)?;
        }
    }
    match (&flags.key, &flags.certificate) {
        (Some(_), Some(_)) => Err(Failure::words(
            "exactly one of: key reference (--key), certificate (--cert) or hardware token (--sk) must be provided",
        )),
        (Some(key), None) => {
            // The tool calls the service that its user names; so does its stand-in.
            let key = reference::public_key(key, true).map_err(Failure::from)?;
            let trust = if flags.insecure_ignore_tlog {
                Trust::Key(key)
            } else {
                let root = Arc::new(root(flags, context)?);
                Trust::LoggedKey {
                    key,
                    root,
                    timestamp: flags.use_signed_timestamps,
                }
            };
            Ok((trust, None))
        }
        (None, _) => {
            let asked = Asked::read(flags)?;
            let trust = if flags.certificate_chain.is_some() || flags.ca_roots.is_some() {
                by_chain(flags, context)?
            } else {
                by_identity(flags, context)?
            };
            Ok((trust, Some(asked)))
        }
    }
}

/// A private authority has no log of ours to ask, so cosign's flags must say that none is asked.
fn by_chain(flags: &Verifying, context: &Context) -> Result<Trust, Failure> {
    if !flags.insecure_ignore_tlog || !flags.insecure_ignore_sct || flags.trusted_root.is_some() {
        return Err(Failure::words(
            "a private certificate chain is checked without logs only: give --insecure-ignore-tlog and \
             --insecure-ignore-sct, or name the private logs with --trusted-root instead of the chain",
        ));
    }
    let mut roots = Vec::new();
    for path in [&flags.certificate_chain, &flags.ca_roots, &flags.ca_intermediates]
        .into_iter()
        .flatten()
    {
        roots.extend(certificates(path)?);
    }
    Ok(Trust::Roots {
        certificates: roots,
        at: context.now(),
        profile: Profile::Strict,
        name: None,
    })
}

/// Anybody whom the root knows; who it must be is asked of the answer.
fn by_identity(flags: &Verifying, context: &Context) -> Result<Trust, Failure> {
    let claims = [
        (Claim::GithubTrigger, &flags.certificate_github_workflow_trigger),
        (Claim::GithubSha, &flags.certificate_github_workflow_sha),
        (Claim::GithubName, &flags.certificate_github_workflow_name),
        (
            Claim::GithubRepository,
            &flags.certificate_github_workflow_repository,
        ),
        (Claim::GithubRef, &flags.certificate_github_workflow_ref),
    ];
    let required = claims
        .into_iter()
        .filter_map(|(claim, value)| Some((claim, value.as_ref().filter(|value| !value.is_empty())?)))
        .fold(danger::any_identity(), |required, (claim, value)| {
            required.with_claim(claim, value)
        });
    Ok(Trust::Identity {
        trust: IdentityTrust {
            required,
            root: Arc::new(root(flags, context)?),
        },
        timestamp: flags.use_signed_timestamps,
    })
}

fn root(flags: &Verifying, context: &Context) -> Result<TrustRoot, Failure> {
    let named = IdentityFlags {
        trusted_root: flags.trusted_root.clone(),
        danger_without_log: flags.insecure_ignore_tlog,
        danger_without_sct: flags.insecure_ignore_sct,
        ..IdentityFlags::default()
    };
    Ok(named.root(context.now())?)
}

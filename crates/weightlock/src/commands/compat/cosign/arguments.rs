//! cosign's arguments, release 3.1, for what it does with blobs. Flags that were removed from its help and that it
//! still takes are here too; what is not here is refused as an unknown flag, never passed over.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::cli::PasswordFlags;

/// Sign and verify blobs as `cosign` does.
#[derive(Parser, Debug)]
#[command(
    name = "cosign",
    disable_help_subcommand = true,
    args_override_self = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 yes, 1 no, failed, or wrong usage."
)]
pub(super) struct Typed {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Log debug output
    #[arg(short = 'd', long, global = true, hide = true)]
    verbose: bool,
    /// Timeout for commands
    #[arg(short = 't', long, global = true, hide = true, value_name = "DURATION")]
    timeout: Option<String>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Sign a blob
    #[command(args_override_self = true)]
    SignBlob(Box<SignBlob>),
    /// Verify the signature of a blob
    #[command(args_override_self = true)]
    VerifyBlob(Box<VerifyBlob>),
    /// Sign a statement about a blob
    #[command(args_override_self = true)]
    AttestBlob(Box<AttestBlob>),
    /// Verify a statement about a blob
    #[command(args_override_self = true)]
    VerifyBlobAttestation(Box<VerifyBlobAttestation>),
}

/// Who signs, and what of that is told.
#[derive(Args, Debug)]
pub(super) struct Signing {
    /// The private key: a file, or a PKCS#11 URI
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
    /// The certificate of the key
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// The certificates above it
    #[arg(long, value_name = "FILE")]
    pub(super) certificate_chain: Option<PathBuf>,
    /// Write a bundle
    #[arg(long, value_name = "FILE")]
    pub(super) bundle: Option<PathBuf>,
    /// Write the bundle in the form of Sigstore bundles
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) new_bundle_format: bool,
    /// Write the signature, or for a statement the envelope
    #[arg(long, value_name = "FILE")]
    pub(super) output_signature: Option<PathBuf>,
    /// Write the certificate
    #[arg(long, value_name = "FILE")]
    pub(super) output_certificate: Option<PathBuf>,
    /// Upload to a transparency log; without a service that is named nothing is uploaded
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) tlog_upload: Option<bool>,
    /// Take the addresses of services from the public signing configuration; nothing is fetched
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    use_signing_config: Option<bool>,
    /// The services of a private Sigstore
    #[arg(long, value_name = "FILE")]
    pub(super) signing_config: Option<PathBuf>,
    /// What their answers are checked against
    #[arg(long, value_name = "FILE")]
    pub(super) trusted_root: Option<PathBuf>,
    /// The file of an identity token; a token itself is not taken from the command line
    #[arg(long, value_name = "FILE")]
    pub(super) identity_token: Option<PathBuf>,
    /// Publish who signs without asking
    #[arg(short = 'y', long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) yes: Option<bool>,
    /// Where the key's password comes from.
    #[command(flatten)]
    pub(super) password: PasswordFlags,
}

#[derive(Args, Debug)]
pub(super) struct SignBlob {
    #[command(flatten)]
    pub(super) signing: Signing,
    /// The blobs, or - for standard input
    #[arg(value_name = "BLOB", required = true)]
    pub(super) blobs: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct AttestBlob {
    #[command(flatten)]
    pub(super) signing: Signing,
    /// What is claimed
    #[arg(long, value_name = "FILE", required_unless_present = "statement")]
    pub(super) predicate: Option<PathBuf>,
    /// The kind of claim
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    pub(super) predicate_type: String,
    /// A whole statement
    #[arg(long, value_name = "FILE", conflicts_with = "predicate")]
    pub(super) statement: Option<PathBuf>,
    /// The SHA-256 of a blob that is elsewhere
    #[arg(long, value_name = "HEX")]
    pub(super) hash: Option<String>,
    /// Write the statement, not signed
    #[arg(long, value_name = "FILE")]
    pub(super) output_attestation: Option<PathBuf>,
    /// The blob
    #[arg(value_name = "BLOB", required_unless_present = "statement")]
    pub(super) blob: Option<PathBuf>,
}

/// Whose signature counts, and where it is.
#[derive(Args, Debug)]
pub(super) struct Verifying {
    /// The public key
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<PathBuf>,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    pub(super) bundle: Option<PathBuf>,
    /// The signature
    #[arg(long, value_name = "FILE")]
    pub(super) signature: Option<PathBuf>,
    /// The certificate of the key that signed
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// The certificates above it, the root last
    #[arg(long, value_name = "FILE")]
    pub(super) certificate_chain: Option<PathBuf>,
    /// Root certificates
    #[arg(long, value_name = "FILE")]
    pub(super) ca_roots: Option<PathBuf>,
    /// Certificates between root and signer
    #[arg(long, value_name = "FILE", requires = "ca_roots")]
    pub(super) ca_intermediates: Option<PathBuf>,
    /// The name in the certificate
    #[arg(long, value_name = "NAME")]
    pub(super) certificate_identity: Option<String>,
    /// A regular expression that the name matches somewhere
    #[arg(long, value_name = "RE", conflicts_with = "certificate_identity")]
    pub(super) certificate_identity_regexp: Option<String>,
    /// Who vouches for the name
    #[arg(long, value_name = "URL")]
    pub(super) certificate_oidc_issuer: Option<String>,
    /// A regular expression that the issuer matches somewhere
    #[arg(long, value_name = "RE", conflicts_with = "certificate_oidc_issuer")]
    pub(super) certificate_oidc_issuer_regexp: Option<String>,
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) certificate_github_workflow_trigger: Option<String>,
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) certificate_github_workflow_sha: Option<String>,
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) certificate_github_workflow_name: Option<String>,
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) certificate_github_workflow_repository: Option<String>,
    #[arg(long, value_name = "TEXT", hide_short_help = true)]
    pub(super) certificate_github_workflow_ref: Option<String>,
    /// Authorities, logs and clocks that are believed
    #[arg(long, value_name = "FILE")]
    pub(super) trusted_root: Option<PathBuf>,
    /// The timestamp of a signature without bundle
    #[arg(long, value_name = "FILE")]
    pub(super) rfc3161_timestamp: Option<PathBuf>,
    /// Demand a timestamp
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) use_signed_timestamps: bool,
    /// Do not ask a transparency log: a signature with a stolen key can then go unseen
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) insecure_ignore_tlog: bool,
    /// Do not ask whether the certificate was published
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) insecure_ignore_sct: bool,
    /// The form is told by the content
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    new_bundle_format: Option<bool>,
    /// Chains are read in every bundle
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    allow_certificate_chain: Option<bool>,
    /// Nothing is ever asked online
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    offline: Option<bool>,
    /// One blob needs one worker
    #[arg(long, value_name = "N")]
    max_workers: Option<u32>,
}

#[derive(Args, Debug)]
pub(super) struct VerifyBlob {
    #[command(flatten)]
    pub(super) verifying: Verifying,
    /// The blob, or - for standard input
    #[arg(value_name = "BLOB")]
    pub(super) blob: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct VerifyBlobAttestation {
    #[command(flatten)]
    pub(super) verifying: Verifying,
    /// The kind of claim
    #[arg(long = "type", value_name = "TYPE", default_value = "custom")]
    pub(super) predicate_type: String,
    /// Hold the statement against the blob
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = ArgAction::Set)]
    pub(super) check_claims: bool,
    /// The blob's digest, in place of the blob
    #[arg(long, value_name = "HEX")]
    pub(super) digest: Option<String>,
    /// The algorithm of the digest
    #[arg(long = "digestAlg", value_name = "NAME")]
    pub(super) digest_algorithm: Option<String>,
    /// The blob
    #[arg(value_name = "BLOB")]
    pub(super) blob: Option<PathBuf>,
}

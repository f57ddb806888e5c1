//! The reference's arguments, release 1.1.1 and the later `digest`. Names are written with hyphens here and are
//! accepted with underscores too.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// Sign and verify models as `model_signing` does.
#[derive(Parser, Debug)]
#[command(
    name = "model_signing",
    version = super::usage::REFERENCE_VERSION,
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_override_self = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 yes, 1 no or failed, 2 usage. Options may be written with underscores."
)]
pub(super) struct Typed {
    #[command(subcommand)]
    pub(super) command: Command,
    /// What is told on standard error beside the answer
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub(super) log_level: LogLevel,
    /// Print the version
    #[arg(long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// From what level on something is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(super) enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Sign a model
    Sign(Sign),
    /// Verify a model
    Verify(Verify),
    /// Print a model's root digest
    Digest(Digest),
}

#[derive(Args, Debug)]
#[command(
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(super) struct Sign {
    #[command(subcommand)]
    pub(super) method: SignMethod,
}

#[derive(Args, Debug)]
#[command(
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(super) struct Verify {
    #[command(subcommand)]
    pub(super) method: VerifyMethod,
}

#[derive(Subcommand, Debug)]
pub(super) enum SignMethod {
    /// With a private key
    #[command(args_override_self = true)]
    Key(SignKey),
    /// With a private key and its certificate
    #[command(args_override_self = true)]
    Certificate(SignCertificate),
    /// With a key on a PKCS#11 token
    #[command(name = "pkcs11-key", args_override_self = true)]
    Pkcs11Key(SignPkcs11Key),
    /// With a key on a PKCS#11 token and its certificate
    #[command(name = "pkcs11-certificate", args_override_self = true)]
    Pkcs11Certificate(SignPkcs11Certificate),
    /// With a Sigstore identity
    #[command(args_override_self = true)]
    Sigstore(SignSigstore),
}

#[derive(Subcommand, Debug)]
pub(super) enum VerifyMethod {
    /// With a public key
    #[command(args_override_self = true)]
    Key(VerifyKey),
    /// With the root of a certificate chain
    #[command(args_override_self = true)]
    Certificate(VerifyCertificate),
    /// With a Sigstore identity
    #[command(args_override_self = true)]
    Sigstore(VerifySigstore),
}

/// Which files belong to the model.
#[derive(Args, Debug)]
pub(super) struct Selection {
    /// The model: a folder or a file
    #[arg(value_name = "MODEL_PATH")]
    pub(super) model: PathBuf,
    /// Leave out a file or folder, relative to the current folder; repeatable
    #[arg(long, value_name = "PATH", action = ArgAction::Append)]
    pub(super) ignore_paths: Vec<PathBuf>,
    /// Leave out .git, .gitattributes, .github and .gitignore, as is the default
    #[arg(long, overrides_with = "no_ignore_git_paths")]
    ignore_git_paths: bool,
    /// Do not leave out git's files
    #[arg(long, overrides_with = "ignore_git_paths")]
    no_ignore_git_paths: bool,
    /// Follow symbolic links to files; links to folders are refused
    #[arg(long)]
    pub(super) allow_symlinks: bool,
}

impl Selection {
    pub(super) const fn ignores_git(&self) -> bool {
        !self.no_ignore_git_paths
    }
}

/// Where a signature is written.
#[derive(Args, Debug)]
pub(super) struct Destination {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Where the signature is written
    #[arg(long, value_name = "PATH", default_value = "model.sig")]
    pub(super) signature: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct SignKey {
    #[command(flatten)]
    pub(super) to: Destination,
    #[command(flatten)]
    pub(super) key: PrivateKeyFile,
}

#[derive(Args, Debug)]
pub(super) struct SignCertificate {
    #[command(flatten)]
    pub(super) to: Destination,
    #[command(flatten)]
    pub(super) key: PrivateKeyFile,
    #[command(flatten)]
    pub(super) certificates: Certificates,
}

#[derive(Args, Debug)]
pub(super) struct SignPkcs11Key {
    #[command(flatten)]
    pub(super) to: Destination,
    /// The key, as an RFC 7512 URI
    #[arg(long, value_name = "URI")]
    pub(super) pkcs11_uri: String,
}

#[derive(Args, Debug)]
pub(super) struct SignPkcs11Certificate {
    #[command(flatten)]
    pub(super) to: Destination,
    /// The key, as an RFC 7512 URI
    #[arg(long, value_name = "URI")]
    pub(super) pkcs11_uri: String,
    #[command(flatten)]
    pub(super) certificates: Certificates,
}

#[derive(Args, Debug)]
pub(super) struct SignSigstore {
    #[command(flatten)]
    pub(super) to: Destination,
    #[command(flatten)]
    pub(super) service: SigstoreService,
    /// Ask the surroundings of this job for an identity token
    #[arg(long)]
    pub(super) use_ambient_credentials: bool,
    /// Refused: whoever lists processes sees it; use --identity-token-file or SIGSTORE_ID_TOKEN
    #[arg(long, value_name = "TOKEN")]
    pub(super) identity_token: Option<String>,
    /// Read the identity token from a file
    #[arg(long, value_name = "PATH")]
    pub(super) identity_token_file: Option<PathBuf>,
    /// Log in on another device, with a code
    #[arg(long)]
    pub(super) oauth_force_oob: bool,
    /// The name this client has at the issuer
    #[arg(long, value_name = "ID")]
    pub(super) client_id: Option<String>,
    /// Refused, as --identity-token is
    #[arg(long, value_name = "SECRET")]
    pub(super) client_secret: Option<String>,
}

/// The key that signs.
#[derive(Args, Debug)]
pub(super) struct PrivateKeyFile {
    /// The private key, PEM
    #[arg(long, value_name = "PATH")]
    pub(super) private_key: PathBuf,
    /// Read the key's password from the first line of a file, or of standard input (`-`); also from
    /// WEIGHTLOCK_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
}

/// The certificate of the key that signs.
#[derive(Args, Debug)]
pub(super) struct Certificates {
    /// The certificate of the key, PEM
    #[arg(long, value_name = "PATH")]
    pub(super) signing_certificate: PathBuf,
    /// Certificates above it, PEM; repeatable
    #[arg(long, value_name = "PATH", action = ArgAction::Append)]
    pub(super) certificate_chain: Vec<PathBuf>,
}

/// What is verified.
#[derive(Args, Debug)]
pub(super) struct Source {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// The signature
    #[arg(long, value_name = "PATH")]
    pub(super) signature: PathBuf,
    /// Look only at the files that are signed
    #[arg(long, overrides_with = "no_ignore_unsigned_files")]
    pub(super) ignore_unsigned_files: bool,
    /// Refuse files that are not signed, as is the default
    #[arg(long, overrides_with = "ignore_unsigned_files")]
    no_ignore_unsigned_files: bool,
}

#[derive(Args, Debug)]
pub(super) struct VerifyKey {
    #[command(flatten)]
    pub(super) from: Source,
    /// The signer's public key, PEM
    #[arg(long, value_name = "PATH")]
    pub(super) public_key: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct VerifyCertificate {
    #[command(flatten)]
    pub(super) from: Source,
    /// Trusted roots, and certificates that help to reach them, PEM; repeatable
    #[arg(long, value_name = "PATH", action = ArgAction::Append)]
    pub(super) certificate_chain: Vec<PathBuf>,
    /// Tell the fingerprints of all certificates
    #[arg(long)]
    pub(super) log_fingerprints: bool,
}

#[derive(Args, Debug)]
pub(super) struct VerifySigstore {
    #[command(flatten)]
    pub(super) from: Source,
    /// The signer's identity
    #[arg(long, value_name = "TEXT")]
    pub(super) identity: String,
    /// Who vouches for the identity
    #[arg(long, value_name = "TEXT")]
    pub(super) identity_provider: String,
    #[command(flatten)]
    pub(super) service: SigstoreService,
}

/// Which Sigstore.
#[derive(Args, Debug)]
pub(super) struct SigstoreService {
    /// The staging instance instead of production
    #[arg(long)]
    pub(super) use_staging: bool,
    /// A client trust configuration, instead of a public instance
    #[arg(long, value_name = "FILE")]
    pub(super) trust_config: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(super) struct Digest {
    #[command(flatten)]
    pub(super) selection: Selection,
}

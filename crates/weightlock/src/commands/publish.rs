//! Who signs a statement, and where it goes: shared by everything that states something about a model.

use std::path::{Path, PathBuf};

use clap::Args;
use weightlock_artifact::{
    evidence::Kind,
    inventory::Root,
    write::{Existing, write_whole},
};
use weightlock_signing::{
    Refusal, bundle::Bundle, key::Signer, oms::SigningMaterial, reason::EXISTS, sigstore::sign::Signable,
    statement::sign_statement_payload,
};

use crate::{
    commands::{subject::Hashed, target},
    context::Context,
    diagnostic::Diagnostic,
    environment::PRIVATE_KEY,
    explanations::USAGE,
    flags::{KeylessFlags, Method, SIGN, SignerFlags, named},
    keyless::{self, Keyless},
};

/// Who signs, and where the statement goes.
#[derive(Args, Clone, Default, Debug)]
pub(crate) struct PublishFlags {
    #[command(flatten)]
    pub signer: SignerFlags,
    #[command(flatten)]
    pub keyless: KeylessFlags,
    /// Write the signed statement here instead of into the model's evidence
    #[arg(long, short, value_name = "FILE", help_heading = "Evidence")]
    pub output: Option<PathBuf>,
    /// Write next to the model instead of into it: MODEL.weightlock/evidence
    #[arg(long, conflicts_with = "output", help_heading = "Evidence")]
    pub beside: bool,
    /// Do everything but write
    #[arg(long)]
    pub dry_run: bool,
}

/// Who signs.
pub(crate) enum Author {
    /// The holder of a key.
    Key(Box<dyn Signer>, SigningMaterial),
    /// Whoever an identity token names.
    Identity(Box<Keyless>),
}

impl PublishFlags {
    /// Whether anything of them was typed.
    pub(crate) fn is_given(&self) -> bool {
        let signer = &self.signer;
        self.keyless.is_asked()
            || signer.key.is_some()
            || signer.pkcs11_uri.is_some()
            || signer.signing_certificate.is_some()
            || signer.password.password_file.is_some()
            || self.output.is_some()
            || self.beside
            || self.dry_run
    }

    /// Who signs; somebody must. `usage` is the verb with a key, for whoever names none.
    pub(crate) fn author(
        &self,
        usage: &str,
        method: Option<Method>,
        context: &Context,
    ) -> Result<Author, Diagnostic> {
        if method == Some(Method::Sigstore) || (method.is_none() && self.keyless.is_asked()) {
            let keyless = self.keyless.keyless(context)?;
            return Ok(Author::Identity(Box::new(keyless)));
        }
        let (signer, material) = self.signer.signer(usage, method)?;
        Ok(Author::Key(signer, material))
    }

    /// Who signs, or nobody where no flag and no variable names one. What nobody signed is evidence of nobody's, so it goes
    /// into a file that is named.
    pub(crate) fn author_or_nobody(&self, context: &Context) -> Result<Option<Author>, Diagnostic> {
        let signer = &self.signer;
        let is_named = self.keyless.is_asked()
            || signer.key.is_some()
            || signer.pkcs11_uri.is_some()
            || signer.signing_certificate.is_some()
            || PRIVATE_KEY.filled().is_some();
        match (is_named, &self.output) {
            (true, _) => self.author(SIGN, None, context).map(Some),
            (false, Some(_)) => Ok(None),
            (false, None) => Err(Diagnostic::new(
                USAGE,
                "nobody is named who signs, and no file for an unsigned statement",
            )
            .help("sign it:  --key NAME.key")
            .help("or write it unsigned, for level 1 at most:  --output FILE")),
        }
    }

    /// Signs a statement and writes it; without an author it is written as it is. Gives the signer, and where it lies.
    pub(crate) fn publish(
        &self,
        author: Option<&Author>,
        payload: Vec<u8>,
        kind: Kind,
        root: &Root,
    ) -> Result<(Option<String>, Option<String>), Diagnostic> {
        let (signer, text) = match author {
            Some(author) => {
                let (signer, bundle) = author.sign(payload, self.dry_run)?;
                (Some(signer), bundle)
            }
            None => (
                None,
                Some([payload.as_slice(), b"\n"].concat()).filter(|_| !self.dry_run),
            ),
        };
        let written = text.map(|text| self.write(root, kind, &text)).transpose()?;
        Ok((signer, written))
    }

    /// Signs a statement about a model that is still what was hashed, and writes it. Gives the signer, and where it lies.
    pub(crate) fn sign(
        &self,
        author: &Author,
        payload: Vec<u8>,
        kind: Kind,
        hashed: &Hashed,
    ) -> Result<(String, Option<String>), Diagnostic> {
        let (signer, bundle) = author.sign(payload, self.dry_run)?;
        hashed.still_holds()?;
        let written = bundle
            .map(|bundle| self.write(hashed.root(), kind, &bundle))
            .transpose()?;
        Ok((signer, written))
    }

    /// Writes a statement where it goes.
    fn write(&self, root: &Root, kind: Kind, bundle: &[u8]) -> Result<String, Diagnostic> {
        // Nobody could read it again, wherever it lies.
        if bundle.len() > Bundle::MAX_BYTES {
            let too_large = Refusal::TooLarge {
                limit: Bundle::MAX_BYTES,
            };
            return Err(Diagnostic::of(too_large.code(), &too_large).at(root.path().display().to_string()));
        }
        if let Some(path) = &self.output {
            write_whole(path, bundle, 0o644, Existing::Refused).map_err(|error| exists(path, error))?;
            return Ok(path.display().to_string());
        }
        let store = target::evidence_store(root, self.beside);
        let name = store
            .add_statement(kind, bundle)
            .map_err(|error| Diagnostic::of(error.code(), &error))?;
        Ok(store.folder().join(name.to_string()).display().to_string())
    }
}

impl Author {
    /// Who signed, and the bundle; none in a dry run, in which no name is published either.
    pub(crate) fn sign(
        &self,
        payload: Vec<u8>,
        dry_run: bool,
    ) -> Result<(String, Option<Vec<u8>>), Diagnostic> {
        match self {
            Self::Key(signer, material) => {
                let bundle = sign_statement_payload(payload, signer.as_ref(), material)
                    .map_err(|error| Diagnostic::of(error.code(), &error))?;
                Ok((
                    named(signer.as_ref(), material),
                    Some(bundle).filter(|_| !dry_run),
                ))
            }
            Self::Identity(_) if dry_run => Ok(("whoever the identity token names".to_owned(), None)),
            Self::Identity(keyless) => {
                let session = keyless.session()?;
                let bundle = keyless::sign(&session, Signable::Statement(&payload))?;
                Ok((session.identity().to_string(), Some(bundle)))
            }
        }
    }
}

/// Nothing that is there is replaced.
pub(crate) fn exists(path: &Path, error: weightlock_artifact::Error) -> Diagnostic {
    match &error {
        weightlock_artifact::Error::Io { source, .. }
            if source.kind() == std::io::ErrorKind::AlreadyExists =>
        {
            Diagnostic::new(EXISTS, format!("{} exists and is not replaced", path.display()))
                .at(path.display().to_string())
                .help("choose another name, or move the file away first")
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::inventory::Links;

    use super::*;

    #[test]
    fn what_nobody_could_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path(), Links::Refused).unwrap();
        let output = folder.path().join("statement.json");
        let flags = PublishFlags {
            output: Some(output.clone()),
            ..PublishFlags::default()
        };
        let write = |length: usize| flags.write(&root, Kind::Provenance, &vec![b' '; length]);
        let refused = write(Bundle::MAX_BYTES + 1).unwrap_err();
        assert_eq!(refused.code().as_str(), "WL-SIG-TOO-LARGE");
        assert!(!output.exists());
        write(Bundle::MAX_BYTES).unwrap();
    }
}

//! [`People`]: the identities of the policies, with what their signatures are checked with.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    input,
};
use weightlock_policy::{
    IdentityId, Layer,
    document::{Identity, Who},
    lock::without_ref,
    reason::DOCUMENT,
};
use weightlock_signing::{
    IdentityTrust, Signer, Trust,
    blob::{self, Blob},
    identity::Name,
    key::PublicKey,
    sigstore::TrustRoot,
};

use crate::{
    commands::{
        blob::files::{self, SignatureFlags, Wanted},
        verify::SignedBy,
    },
    context::Context,
    diagnostic::Diagnostic,
    flags::{IdentityFlags, TrustFlags, trust_in},
};

/// The identities of the policies.
#[derive(Debug, Default)]
pub(super) struct People {
    trusts: Vec<(IdentityId, Trust)>,
    roots: BTreeMap<Option<String>, Arc<TrustRoot>>,
}

impl People {
    /// Everybody, with what their signatures are checked with.
    pub(super) fn all(&self) -> impl Iterator<Item = &(IdentityId, Trust)> {
        self.trusts.iter()
    }

    /// Adds the identities of a layer, and gives the digests of the files that they name. One whose key cannot be read is a fault
    /// of the policy.
    pub(super) fn add(
        &mut self,
        number: usize,
        layer: &Layer,
        file: &Path,
        context: &Context,
    ) -> Result<Vec<Digest>, Diagnostic> {
        let mut files = BTreeSet::new();
        for (name, identity) in &layer.document.identities {
            let trust = self.trust(identity, file, context).map_err(|told| {
                Diagnostic::new(
                    DOCUMENT,
                    format!("the identity {name:?} cannot be used: {}", told.sentence()),
                )
                .at(format!("{}:{}", layer.source, identity.line))
            })?;
            let id = IdentityId {
                layer: number,
                name: name.clone(),
            };
            self.trusts.push((id, trust));
            if let Some(path) = named_file(identity, file) {
                files.insert(sha256(&input::read_at_most(&path, MAX_FILE)?));
            }
        }
        Ok(files.into_iter().collect())
    }

    fn trust(&mut self, identity: &Identity, policy: &Path, context: &Context) -> Result<Trust, Diagnostic> {
        match &identity.who {
            Who::Key(file) | Who::Certificates(file) => {
                let path = beside(policy, file);
                let trust = trust_in(&path, &TrustFlags::default(), context.now())?;
                let is_as_said = matches!(
                    (&identity.who, &trust),
                    (Who::Key(_), Trust::Key(_)) | (Who::Certificates(_), Trust::Roots { .. })
                );
                if is_as_said {
                    Ok(trust)
                } else {
                    let what = "it is a key where certificates are named, or the other way round";
                    Err(Diagnostic::new(DOCUMENT, what).at(path.display().to_string()))
                }
            }
            Who::Identity { required, root } => Ok(Trust::Identity(IdentityTrust {
                required: required.clone(),
                root: self.root(root.as_deref(), policy, context)?,
            })),
        }
    }

    /// A Sigstore that is believed: a built-in or kept one by its name, or a file beside the policy. Each is read once.
    fn root(
        &mut self,
        name: Option<&str>,
        policy: &Path,
        context: &Context,
    ) -> Result<Arc<TrustRoot>, Diagnostic> {
        let file = name.filter(|name| is_file(name)).map(|name| beside(policy, name));
        // The same name is another file beside another policy.
        let key = match &file {
            Some(file) => Some(file.display().to_string()),
            None => name.map(str::to_owned),
        };
        if let Some(known) = self.roots.get(&key) {
            return Ok(known.clone());
        }
        let flags = IdentityFlags {
            trusted_root: file,
            sigstore: name.filter(|name| !is_file(name)).map(str::to_owned),
            ..IdentityFlags::default()
        };
        let root = Arc::new(flags.root(context.now())?);
        self.roots.insert(key, root.clone());
        Ok(root)
    }

    /// Who of a layer signed a file: each whose signature lies beside it and holds over these bytes, and whoever else is known by the
    /// same key.
    pub(super) fn signers_of_file(&self, layer: usize, path: &Path, text: &[u8]) -> BTreeSet<String> {
        let of_layer = || self.trusts.iter().filter(|(id, _)| id.layer == layer);
        let signed = of_layer().filter_map(|(id, trust)| Some((id, signer_of(path, text, trust)?)));
        let (mut names, mut known) = (BTreeSet::new(), BTreeSet::new());
        for (id, signer) in signed {
            names.insert(id.name.clone());
            known.extend(marks(&signer));
        }
        let of_that_key = of_layer().filter(|(_, trust)| match trust {
            Trust::Key(key) => known.contains(&key_mark(key)),
            _ => false,
        });
        names.extend(of_that_key.map(|(id, _)| id.name.clone()));
        names
    }
}

/// Bytes of a file that a policy names for an identity.
const MAX_FILE: usize = 16 << 20;

/// The file that says who somebody is: a key, certificates, a root.
fn named_file(identity: &Identity, policy: &Path) -> Option<PathBuf> {
    match &identity.who {
        Who::Key(file) | Who::Certificates(file) => Some(beside(policy, file)),
        Who::Identity { root, .. } => {
            let file = root.as_deref().filter(|name| is_file(name))?;
            Some(beside(policy, file))
        }
    }
}

/// Whether the name of a root is that of a file.
fn is_file(name: &str) -> bool {
    name.contains('/') || name.contains('.')
}

/// Whoever counts as the signer of a model, as the signer of a file.
pub(crate) fn of_blobs(trust: Trust) -> blob::Trust {
    match trust {
        Trust::Key(key) => blob::Trust::Key(key),
        Trust::Roots {
            certificates,
            at,
            profile,
        } => blob::Trust::Roots {
            certificates,
            at,
            profile,
            name: None,
        },
        Trust::Identity(trust) => blob::Trust::Identity {
            trust,
            timestamp: false,
        },
    }
}

/// Who of those that are trusted made the signature beside a file, if it is theirs and holds.
fn signer_of(path: &Path, text: &[u8], trust: &Trust) -> Option<Signer> {
    let trust = of_blobs(trust.clone());
    let wants_certificate = !matches!(trust, blob::Trust::Key(_));
    let found = files::find(
        path,
        &SignatureFlags::default(),
        Wanted::Signature,
        wants_certificate,
    );
    let found = found.ok()?;
    let needs = trust.needs(&found.signature);
    let read = Blob::read(&mut &*text, &needs).ok()?;
    let verified = blob::verify(&read, &found.signature, &trust).ok()?;
    Some(verified.signer().clone())
}

/// A file that a document names, relative to it.
pub(super) fn beside(document: &Path, name: &str) -> PathBuf {
    document.parent().unwrap_or_else(|| Path::new("")).join(name)
}

/// What tells a signer from others: the same key under two names, and with two certificates, is one signer.
pub(super) fn distinct(signer: &Signer) -> String {
    match signer {
        Signer::Key(key) => key.hint_pem(),
        Signer::Certificate(path) => path.public_key().hint_pem(),
        Signer::Identity { identity, .. } => format!("{} {}", identity.issuer(), identity.name()),
    }
}

/// Everything that tells who a signer is. Whoever shares one of it with another is the same person: with two certificates, at two tags
/// of one workflow, with a key that is also certified.
pub(super) fn marks(signer: &Signer) -> BTreeSet<String> {
    let named = |name: &str| format!("name {}", name.to_lowercase());
    match signer {
        Signer::Key(public) => BTreeSet::from([key_mark(public)]),
        Signer::Certificate(path) => {
            let leaf = path.leaf();
            let subject = Some(leaf.subject()).filter(|subject| !subject.is_empty());
            let names = leaf.alternative_names().map(named);
            let subject = subject.map(|subject| named(&subject));
            let own = [key_mark(path.public_key())];
            own.into_iter().chain(subject).chain(names).collect()
        }
        Signer::Identity { identity, .. } => BTreeSet::from([match identity.name() {
            // Of an issuer that has no addresses; another one has other people.
            Name::Username(name) => format!("user {} {name}", identity.issuer()),
            name => named(without_ref(name.as_str())),
        }]),
    }
}

fn key_mark(key: &PublicKey) -> String {
    format!("key {}", key.hint_pem())
}

/// Who signed, for people.
pub(super) fn shown(signer: &Signer) -> String {
    SignedBy::from(signer).text()
}

/// What names a text.
pub(super) fn sha256(text: &[u8]) -> Digest {
    Algorithm::Sha256.digest(text)
}

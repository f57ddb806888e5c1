//! `verify`: trust, signature, statement, model; in the reference's order.

use std::sync::Arc;

use weightlock_artifact::digest::{Algorithm, engine::Reading};
use weightlock_signing::{
    IdentityTrust, Trust,
    bundle::{Bundle, Material},
    certificate::Profile,
    identity::Required,
    oms::{
        model::{Rules, Strictness, Unsigned, compare},
        verify_bundle,
    },
};

use super::{
    arguments::{LogLevel, Source, VerifyCertificate, VerifyMethod, VerifySigstore},
    failure::Failure,
    keys, mismatch,
    selection::Model,
    working,
};
use crate::{
    context::Context,
    explanations,
    flags::refused_in_production,
    roots::{self, Roots},
    terminal,
};

/// On standard output, with a space at its end, as the reference prints it.
const NO_HINT: &str = "WARNING: This model's signature uses an older verification material format. Please re-sign \
                       with an updated signer to use a public key identifier hash. \n";

pub(super) fn run(method: &VerifyMethod, level: LogLevel, context: &Context) -> Result<String, Failure> {
    let from = match method {
        VerifyMethod::Key(asked) => &asked.from,
        VerifyMethod::Certificate(asked) => &asked.from,
        VerifyMethod::Sigstore(asked) => &asked.from,
    };
    if from.ignore_unsigned_files {
        refused_in_production("--ignore_unsigned_files")?;
    }
    match method {
        VerifyMethod::Key(asked) => {
            let trust = Trust::Key(keys::public_key(&asked.public_key)?.into());
            verify(&asked.from, &trust, false, context)
        }
        VerifyMethod::Certificate(asked) => {
            let tell = asked.log_fingerprints && level <= LogLevel::Info;
            let trust = certificates(asked, tell, context)?;
            verify(&asked.from, &trust, tell, context)
        }
        VerifyMethod::Sigstore(asked) => verify(&asked.from, &identity(asked)?, false, context),
    }
}

/// Both exactly, as the reference has it. Its own root is what the network says now; ours is built in or kept, and nothing
/// is fetched.
fn identity(asked: &VerifySigstore) -> Result<Trust, Failure> {
    let root = match &asked.service.trust_config {
        Some(file) => roots::in_file(file)?,
        None if asked.service.use_staging => Roots::of_user().open("staging")?.root,
        None => Roots::of_user().open("production")?.root,
    };
    Ok(Trust::Identity(IdentityTrust {
        required: Required::exactly(&asked.identity, &asked.identity_provider),
        root: Arc::new(root),
    }))
}

fn certificates(asked: &VerifyCertificate, tell: bool, context: &Context) -> Result<Trust, Failure> {
    if asked.certificate_chain.is_empty() {
        return Err(Failure::new(
            explanations::NO_TRUST,
            "no root is named: model signatures are not checked against the roots of web sites; \
             give --certificate_chain FILE",
        ));
    }
    let certificates = keys::chain(&asked.certificate_chain)?;
    if tell {
        certificates
            .iter()
            .for_each(|one| say_fingerprint("[  init  ]", one.as_der()));
    }
    Ok(Trust::Roots {
        certificates,
        at: context.now(),
        profile: Profile::Compat,
    })
}

fn verify(from: &Source, trust: &Trust, tell: bool, context: &Context) -> Result<String, Failure> {
    let bundle = Bundle::parse(&keys::read(&from.signature, Bundle::MAX_BYTES)?)?;
    let warning = match (&bundle.material, trust) {
        (Material::PublicKey { hint: None }, Trust::Key(_)) => NO_HINT,
        _ => "",
    };
    if tell && let Material::Certificates(chain) = &bundle.material {
        let leaf_last = chain.iter().skip(1).chain(chain.first());
        leaf_last.for_each(|der| say_fingerprint("[ verify ]", der));
    }
    compare_with(from, bundle, trust, context).map_err(|failure| failure.after(warning))?;
    Ok(format!("{warning}Verification succeeded\n"))
}

fn compare_with(from: &Source, bundle: Bundle, trust: &Trust, context: &Context) -> Result<(), Failure> {
    let verified = verify_bundle(bundle, trust)?;
    let model = Model::open(&from.selection, Some(&from.signature))?;
    let rules = Rules {
        strictness: Strictness::Reference {
            git: from.selection.ignores_git(),
        },
        ignore: model.ignore,
        unsigned: if from.ignore_unsigned_files {
            Unsigned::Tolerated
        } else {
            Unsigned::Refused
        },
        // What a link points to is another file of the model, and is not left out for it.
        signature: model.signature.filter(|_| !from.signature.is_symlink()),
        only: None,
    };
    let comparison = working(context, Reading::Mapped, |work| {
        compare(&verified, model.root, &rules, work)
    })??;
    match comparison.accept() {
        Ok(_) => Ok(()),
        Err(mismatch) => Err(mismatch::failure(&from.selection.model, &mismatch)),
    }
}

fn say_fingerprint(step: &str, der: &[u8]) {
    let digest = Algorithm::Sha256.digest(der);
    let pairs: Vec<_> = digest
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    terminal::say(&format!("{step} sha256 Fingerprint: {}\n", pairs.join(":")));
}

//! `sign sigstore`: the signature of an identity. Files are hashed first, because certificates last for minutes.

use std::path::Path;

use weightlock_artifact::evidence::Kind;
use weightlock_signing::{
    bundle::Bundle,
    identity::Required,
    is_signed_by_identity,
    reason::EXISTS,
    sigstore::sign::{Session, Signable},
};

use super::{
    Arguments, Signed, Tables, describe, further, nothing_loadable_is_ignored, plan, prepared, store, write,
};
use crate::{
    commands::target,
    context::Context,
    diagnostic::Diagnostic,
    explanations::USAGE,
    keyless::{self, Keyless},
};

pub(super) fn sign(
    arguments: &Arguments,
    model: &Path,
    context: &Context,
) -> Result<Signed, Vec<Diagnostic>> {
    let one = |told| vec![told];
    if arguments.incremental {
        return Err(one(Diagnostic::new(
            USAGE,
            "--incremental is for signatures with a key",
        )));
    }
    arguments.signer.refuse_beside_identity().map_err(one)?;
    let keyless = arguments.keyless.keyless(context).map_err(one)?;
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
        further::first(&root).map(|_| None)
    } else {
        earlier(&path)
    };
    let earlier = earlier.map_err(one)?;
    let plan = plan(&root, &path, arguments).map_err(one)?;
    let prepared = prepared(root, &plan, None, arguments, context)?;
    nothing_loadable_is_ignored(&prepared, &path)?;
    if arguments.dry_run {
        return Ok(describe(
            &prepared,
            model,
            "whoever the identity token names".to_owned(),
        ));
    }

    let session = keyless.session().map_err(one)?;
    let replaced =
        arguments.replace || replaces(earlier.as_deref(), &session, &keyless, &path).map_err(one)?;
    let payload = prepared.statement.to_payload();
    let bundle = keyless::sign(&session, Signable::Statement(&payload)).map_err(one)?;
    let tables = Tables::sign(&prepared, &mut |statement| {
        keyless::sign(&session, Signable::Statement(&statement.to_payload()))
    })
    .map_err(one)?;
    prepared.still_holds().map_err(|error| one(error.into()))?;
    let mut signed = describe(&prepared, model, session.identity().to_string());
    let written = tables.write(&store).map_err(one)?;
    (signed.leaves, signed.fs_verity) = (written.leaves, written.verity);
    let path = if arguments.add {
        let name = store.add_statement(Kind::Oms, &bundle);
        let name = name.map_err(|error| one(Diagnostic::of(error.code(), &error)))?;
        store.folder().join(name.to_string())
    } else {
        write(&path, &store, &bundle, replaced).map_err(one)?;
        path
    };
    signed.signature = Some(path.display().to_string());
    Ok(signed)
}

/// What lies where the signature goes.
fn earlier(path: &Path) -> Result<Option<Vec<u8>>, Diagnostic> {
    match target::read(path) {
        Ok(bundle) => Ok(Some(bundle)),
        Err(told) if told.code() == weightlock_artifact::error::NOT_FOUND => Ok(None),
        Err(told) => Err(told),
    }
}

/// One's own earlier signature is replaced, somebody else's is not.
fn replaces(
    earlier: Option<&[u8]>,
    session: &Session<'_>,
    keyless: &Keyless,
    path: &Path,
) -> Result<bool, Diagnostic> {
    let Some(earlier) = earlier else {
        return Ok(false);
    };
    let identity = session.identity();
    let own = Required::exactly(identity.name().as_str(), identity.issuer());
    let is_own =
        Bundle::parse(earlier).is_ok_and(|bundle| is_signed_by_identity(&bundle, &own, &keyless.root));
    if is_own {
        return Ok(true);
    }
    Err(
        Diagnostic::new(EXISTS, format!("{} was not made by {identity}", path.display()))
            .at(path.display().to_string())
            .help("sign without touching it:  weightlock sign sigstore --beside …")
            .help("--replace replaces it"),
    )
}

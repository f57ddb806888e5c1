//! The text of a model that differs, in the reference's words.

use std::path::Path;

use weightlock_artifact::{
    digest::Digest,
    drift::Change,
    inventory::{Irregular, IrregularKind},
    path::ArtifactPath,
};
use weightlock_signing::oms::model::Mismatch;

use super::{failure::Failure, python, selection::typed_name};

/// The first thing that is neither file nor folder, as in the reference's walk; else all differences.
pub(super) fn failure(model: &Path, mismatch: &Mismatch) -> Failure {
    let comparison = mismatch.comparison();
    let retyped = |found: &&Irregular| {
        let changes = comparison.drift.changes().iter();
        changes
            .filter(|change| matches!(change, Change::Retyped { .. }))
            .any(|change| change.path().as_str() == found.name)
    };
    let walked = comparison.inventory.irregular();
    let strange = comparison
        .irregular
        .first()
        .or_else(|| walked.iter().find(retyped));
    if let Some(found) = strange {
        return unusable(model, found);
    }
    let codes = mismatch.codes();
    let code = codes
        .first()
        .copied()
        .unwrap_or(weightlock_signing::reason::TAMPERED);
    let texts = differences(&typed_name(model), comparison.drift.changes());
    if texts.is_empty() {
        return Failure::new(code, "no file of the model was checked");
    }
    Failure::new(code, format!("Signature mismatch: {}", python::list(&texts)))
}

fn unusable(model: &Path, found: &Irregular) -> Failure {
    let path = model.join(&found.name);
    let path = path.display();
    let text = match &found.kind {
        IrregularKind::Link { .. } => format!(
            "Cannot use '{path}' because it is a symlink. This behavior can be changed with `allow_symlinks`."
        ),
        other => format!("Cannot use '{path}': it {other}"),
    };
    Failure::new(found.kind.code(), text)
}

/// The reference's list: extra files, missing files, then one text per changed file.
fn differences(name: &str, changes: &[Change]) -> Vec<String> {
    let (mut extra, mut missing, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Added { path } => extra.push(path),
            Change::Renamed { from, to } => {
                missing.push(from);
                extra.push(to);
            }
            Change::Changed {
                path,
                expected,
                found,
            } => changed.push(format!(
                "Hash mismatch for '{}': Expected '{}', Actual '{}'",
                path.as_str(),
                digest(expected),
                digest(found)
            )),
            other => missing.push(other.path()),
        }
    }
    let mut texts = Vec::new();
    if !extra.is_empty() {
        texts.push(format!("Extra files found in model '{name}': {}", names(extra)));
    }
    if !missing.is_empty() {
        texts.push(format!("Missing files in model '{name}': {}", names(missing)));
    }
    texts.extend(changed);
    texts
}

fn names(mut paths: Vec<&ArtifactPath>) -> String {
    paths.sort_by_key(|path| path.as_str());
    let names: Vec<_> = paths.into_iter().map(ArtifactPath::as_str).collect();
    names.join(", ")
}

fn digest(digest: &Digest) -> String {
    format!(
        "Digest(algorithm='{}', digest_value={})",
        digest.algorithm().name(),
        python::bytes_literal(digest.as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use weightlock_artifact::digest::Algorithm;

    use super::*;

    fn path(name: &str) -> ArtifactPath {
        ArtifactPath::parse(name).unwrap()
    }

    #[test]
    fn lists_differences_in_the_references_order_and_words() {
        let changes = [
            Change::Changed {
                path: path("a"),
                expected: Algorithm::Sha256.digest(b"x"),
                found: Algorithm::Sha256.digest(b"y"),
            },
            Change::Removed { path: path("b-") },
            Change::Removed { path: path("b/c") },
            Change::Renamed {
                from: path("c"),
                to: path("d"),
            },
            Change::Added { path: path("e") },
            Change::Retyped {
                path: path("f"),
                now: "is a folder".to_owned(),
            },
        ];
        let texts = differences("m", &changes);
        assert_eq!(texts[0], "Extra files found in model 'm': d, e");
        assert_eq!(texts[1], "Missing files in model 'm': b-, b/c, c, f");
        assert!(
            texts[2].starts_with(
                "Hash mismatch for 'a': Expected 'Digest(algorithm='sha256', digest_value=b'-q\\x16B\\xb7&"
            ),
            "{}",
            texts[2]
        );
        assert_eq!(texts.len(), 3);
    }
}

//! What the files of a model say by themselves: formats, licences, code that comes along, the revision.

use weightlock_artifact::path::ArtifactPath;
use weightlock_bom::{document::licence::Licence, graph::Property, provenance::review::CustomCode};
use weightlock_format::{
    detect::{Format, HEAD_BYTES},
    loadable::loadable,
    model::{CodeOnLoad, CodePath, Facts, summarise},
};
use weightlock_policy::evidence::{Called, FileFact, LicenseFact, ModelFacts, Revision};

use super::flags::PolicyFlags;
use crate::{
    commands::{attest::review, bom::model::Described, subject::Hashed},
    diagnostic::Diagnostic,
};

/// Names of kinds of file, beside those of formats: what a loader could take a file for.
pub(super) const KINDS: [&str; 4] = ["code", "executable", "template", "custom-code"];

/// Everything that policies ask of the files.
pub(super) fn of(
    described: &Described,
    flags: &PolicyFlags,
) -> Result<(ModelFacts, CustomCode), Vec<Diagnostic>> {
    let hashed = &described.hashed;
    let code = review::code(hashed)?;
    let (Called { namespace, name }, also, revision) = called(hashed, flags);
    let facts = ModelFacts {
        name,
        namespace,
        also,
        revision,
        digest: *hashed.digest(),
        files: files(hashed)?,
        licenses: licenses(described),
        code: listed(&code),
    };
    Ok((facts, code))
}

fn listed(code: &CustomCode) -> Vec<String> {
    let files = code.files().map(|file| file.path);
    let entries = code
        .entries()
        .map(|entry| format!("{}: {}", entry.file, entry.value));
    files
        .chain(entries)
        .chain(code.unread().iter().cloned())
        .collect()
}

/// What it is called: as the caller says, else by the place it lies in; and by that place, where both say something. Whose revision
/// a cache knows, the caller cannot say another of.
fn called(hashed: &Hashed, flags: &PolicyFlags) -> (Called, Vec<Called>, Option<Revision>) {
    let hub = hashed.root().hub_name();
    let said = flags
        .called
        .clone()
        .map(|(namespace, name)| Called { namespace, name });
    let of_place = hub.as_ref().map(|hub| Called {
        namespace: hub.namespace.clone(),
        name: hub.name.clone(),
    });
    let also = said.as_ref().and(of_place.clone()).into_iter().collect();
    let called = said.or(of_place).unwrap_or_else(|| Called {
        namespace: None,
        name: hashed.root().base_name(),
    });
    let of_place = hub.map(|hub| hub.revision.clone());
    let revision = of_place.or_else(|| flags.revision.clone());
    let revision = revision.map(|text| Revision {
        is_pinned: is_pinned(&text),
        text,
    });
    (called, also, revision)
}

/// Whether a text can name one content only: a commit, or a digest.
pub(in crate::commands) fn is_pinned(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let is_hex = hex
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hex && (hex.len() == 64 || (hex.len() == 40 && hex.len() == text.len()))
}

/// The files with the names of everything that a reader could take each for.
fn files(hashed: &Hashed) -> Result<Vec<FileFact>, Vec<Diagnostic>> {
    let names = hashed.names()?;
    let sources = hashed.sources();
    let mut all = Vec::new();
    let mut seen: Vec<(ArtifactPath, Facts)> = Vec::new();
    for (path, source) in names.into_iter().zip(&sources) {
        let mut file = source.open().map_err(Diagnostic::from)?;
        let failed = |error| Diagnostic::from(weightlock_artifact::Error::io("read", &source.name, error));
        let head = head(&mut file).map_err(failed)?;
        let content = crate::commands::scan::opened(source).map_err(Diagnostic::from)?;
        let mut formats = vec![Format::of_content(&content).map_err(failed)?.word().to_owned()];
        formats.extend(
            tail(&content)
                .map_err(failed)?
                .map(|format| format.word().to_owned()),
        );
        formats.extend(loadable(&path, &head).map(|kind| kind.word().to_owned()));
        let mut file = source.open().map_err(Diagnostic::from)?;
        seen.push((
            path.clone(),
            weightlock_format::model::examine(&path, &mut file).map_err(failed)?,
        ));
        let digest = match hashed.manifest() {
            Some(manifest) => manifest.file(&path).map(|file| *file.sha256()),
            None => Some(*hashed.digest()),
        };
        all.push(FileFact {
            path: path.to_string(),
            digest: digest.unwrap_or(*hashed.digest()),
            formats,
        });
    }
    // A pickle can lie in an archive or a stream: whoever denies pickles means those, too.
    if let CodeOnLoad::Possible(reasons) = summarise(&seen).code {
        for reason in reasons {
            let kind = match reason.how {
                CodePath::Pickle => "pickle",
                CodePath::File => "code",
                CodePath::CustomCode => "custom-code",
                CodePath::Template => "template",
                _ => continue,
            };
            if let Some(file) = all.iter_mut().find(|file| file.path == reason.file.as_str()) {
                file.formats.push(kind.to_owned());
            }
        }
    }
    for file in &mut all {
        file.formats.sort();
        file.formats.dedup();
    }
    Ok(all)
}

fn head(file: &mut std::fs::File) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut head = Vec::new();
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What else a file is by its end.
fn tail(content: &weightlock_format::content::Content) -> std::io::Result<Option<Format>> {
    use weightlock_format::detect::TAIL_BYTES;
    let from = content.size().saturating_sub(TAIL_BYTES as u64);
    Ok(Format::of_tail(&content.read(from, TAIL_BYTES)?))
}

/// What each source says of the licence; a text that was recognised counts like a word.
fn licenses(described: &Described) -> Vec<LicenseFact> {
    let graph = &described.graph;
    let Some(subject) = graph.component(graph.subject()) else {
        return Vec::new();
    };
    let properties = [
        Property::License,
        Property::LicenseText,
        Property::LicenseUnlisted,
    ];
    let claims = properties.into_iter().flat_map(|property| {
        let claims = subject.claims(property).iter();
        claims.map(move |claim| (property, claim))
    });
    let facts = claims.filter_map(|(property, claim)| {
        let text = claim.value.as_text()?.to_owned();
        let known = match Licence::of(&text) {
            Licence::Id(id) | Licence::Expression(id) => Some(id),
            Licence::Name(_) => None,
        };
        Some(LicenseFact {
            expression: known.filter(|_| property != Property::LicenseUnlisted),
            text,
            standing: claim.standing,
            source: claim
                .sources
                .first()
                .map_or_else(String::new, ToString::to_string),
        })
    });
    let mut facts: Vec<LicenseFact> = facts.collect();
    facts.dedup_by(|one, other| one.text == other.text && one.source == other.source);
    facts
}

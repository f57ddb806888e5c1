//! `requirements.txt`. <https://pip.pypa.io/en/stable/reference/requirements-file-format/>
//!
//! Files that it includes (`-r`) are read as themselves where they are there; other options are passed over. `--hash` states
//! the digest of an archive, not of what was installed.

use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    notes,
    page::text_of,
    purl,
    requirement::{Requirement, Wanted},
    things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) struct Requirements;

impl Extractor for Requirements {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let name = file.path.base_name();
        let is_named = name.ends_with(".txt") && name.contains("requirements");
        is_named && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = text_of(content)?;
        let text = String::from_utf8_lossy(&text);
        let of = draft.environment(&file.path);
        for (line, text) in joined(&text) {
            let source = Source::file(&file.path, format!("line {line}"));
            state(&of, &text, &source, draft);
        }
        Ok(())
    }
}

/// The lines, continued ones joined, without comments, each with its number.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let (number, mut whole) = open.take().unwrap_or((at.saturating_add(1), String::new()));
        let (part, goes_on) = line.strip_suffix('\\').map_or((line, false), |it| (it, true));
        whole.push_str(part);
        if goes_on {
            open = Some((number, whole));
        } else if !whole.is_empty() && !whole.starts_with('#') {
            lines.push((number, whole));
        }
    }
    lines.extend(open);
    lines
}

/// States one requirement, with its options.
pub(super) fn state(of: &Ref, line: &str, source: &Source, draft: &mut Draft) {
    if line.starts_with('-') {
        return;
    }
    let (text, options) = line.split_once(" --").unwrap_or((line, ""));
    let Some(wanted) = Requirement::read(text) else {
        return;
    };
    let Some(own) = want(of, &wanted, source, draft) else {
        return;
    };
    for option in options.split_whitespace() {
        let hash = option
            .trim_start_matches("--")
            .strip_prefix("hash=")
            .and_then(|it| it.strip_prefix("sha256:"));
        if let Some(digest) = hash.and_then(|it| Digest::from_hex(Algorithm::Sha256, it).ok()) {
            let claim = Claim::declared(Value::Digest(digest), source.clone());
            draft.state(&own, Kind::Package, Property::StatedDigest, claim);
        }
    }
}

/// States what is wanted: a version is a package, a range is noted until all versions are known.
pub(super) fn want(of: &Ref, wanted: &Requirement, source: &Source, draft: &mut Draft) -> Option<Ref> {
    let name = purl::python_name(&wanted.name);
    let own = match &wanted.wanted {
        Wanted::Version(version) => things::python(draft, &name, Some(version), source),
        Wanted::Address(address) => {
            let own = things::python(draft, &name, None, source);
            let claim = Claim::declared(Value::text(address), source.clone());
            let is_private = super::hub::is_local(address) || address.contains('@');
            let claim = if is_private { claim.private() } else { claim };
            draft.state(&own, Kind::Package, Property::Location, claim);
            own
        }
        Wanted::Range(range) => {
            let text = if range.is_empty() {
                "any".to_owned()
            } else {
                range.clone()
            };
            let range = Claim::declared(Value::text(text), source.clone());
            draft.notes.requirements.push(notes::Requirement {
                of: of.clone(),
                name,
                range,
            });
            return None;
        }
    };
    if !wanted.marker.is_empty() {
        let claim = Claim::declared(Value::text(&wanted.marker), source.clone());
        draft.state(&own, Kind::Package, Property::Marker, claim);
    }
    draft.relate(of, Verb::DependsOn, &own, source);
    Some(own)
}

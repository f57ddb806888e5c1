//! `requirements.txt`. <https://pip.pypa.io/en/stable/reference/requirements-file-format/>
//!
//! Files that it includes (`-r`) are read as themselves where they are there; other options are passed over. `--hash` states
//! the digest of an archive, not of what was installed.

use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::ArtifactPath,
};
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    notes,
    page::text_of,
    places, private, purl,
    requirement::{Requirement, Wanted},
    things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) struct Requirements;

impl Extractor for Requirements {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let name = file.path.base_name();
        is_list(name) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = text_of(content)?;
        let text = String::from_utf8_lossy(&text);
        let of = draft.environment(&file.path);
        for (line, text) in joined(&text) {
            let source = Source::file(&file.path, format!("line {line}"));
            let included = included(&text);
            if let Some(name) = included {
                include(file, name, draft);
            } else if !state(&of, &text, &source, draft) {
                let why = format!("line {line} names no package that can be told");
                draft.leave_for(file, 0, why);
            }
        }
        Ok(())
    }
}

/// The file that a line includes.
pub(super) fn included(line: &str) -> Option<&str> {
    ["-r", "--requirement"]
        .iter()
        .find_map(|it| line.strip_prefix(it))
        .filter(|it| it.starts_with([' ', '=', '\t']))
        .map(|it| it.trim_start_matches('=').trim())
}

/// A file that is there and called like a list is read as itself; of any other one it is told that it is not.
pub(super) fn include(file: &File, name: &str, draft: &mut Draft) {
    let folder = places::folder(&file.path);
    let inside = name.trim_start_matches("./");
    let inside = if folder.is_empty() {
        inside.to_owned()
    } else {
        format!("{folder}/{inside}")
    };
    let is_read = ArtifactPath::parse(inside).is_ok_and(|it| draft.has_file(&it) && is_list(it.base_name()));
    if !is_read {
        let name = if private::is_told_by(name) {
            "a file elsewhere"
        } else {
            name
        };
        draft.leave_for(
            file,
            0,
            format!("it includes {name}, which is not there or not called like a list"),
        );
    }
}

fn is_list(name: &str) -> bool {
    name.ends_with(".txt") && name.contains("requirements")
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

/// States one requirement, with its options; says whether it is one, or an option.
pub(super) fn state(of: &Ref, line: &str, source: &Source, draft: &mut Draft) -> bool {
    let line = match line
        .strip_prefix("-e ")
        .or_else(|| line.strip_prefix("--editable "))
    {
        // The project itself.
        Some(folder) if matches!(folder.trim(), "." | "./") => return true,
        Some(rest) => rest.trim(),
        None if line.starts_with('-') => return true,
        None => line,
    };
    let (text, options) = line.split_once(" --").unwrap_or((line, ""));
    let Some(wanted) = Requirement::read(text).or_else(|| addressed(text)) else {
        return false;
    };
    let Some(own) = want(of, &wanted, source, draft) else {
        return true;
    };
    if let Wanted::Address(address) = &wanted.wanted
        && let Some((_, hex)) = address.split_once("#sha256=")
        && let Ok(digest) = Digest::from_hex(Algorithm::Sha256, hex)
    {
        let claim = Claim::declared(Value::Digest(digest), source.clone());
        draft.state(&own, Kind::Package, Property::StatedDigest, claim);
    }
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
    true
}

/// An address without a name before it: the name stands behind `#egg=`, or in the name of the wheel.
fn addressed(text: &str) -> Option<Requirement> {
    let text = text.split(" ;").next()?.trim();
    let egg = text
        .split_once('#')
        .and_then(|(_, rest)| rest.split('&').find_map(|it| it.strip_prefix("egg=")));
    let file = text.split(['#', '?']).next()?.rsplit('/').next()?;
    let wheel = file.strip_suffix(".whl").and_then(|it| it.split('-').next());
    let name = egg.and_then(|it| it.split('[').next()).or(wheel)?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
    is_name.then(|| Requirement {
        name: name.to_owned(),
        wanted: Wanted::Address(text.to_owned()),
        marker: String::new(),
    })
}

/// States what is wanted: a version is a package, a range is noted until all versions are known.
pub(super) fn want(of: &Ref, wanted: &Requirement, source: &Source, draft: &mut Draft) -> Option<Ref> {
    let name = purl::python_name(&wanted.name);
    let own = match &wanted.wanted {
        Wanted::Version(version) => things::python(draft, &name, Some(version), source),
        Wanted::Address(address) => {
            let own = things::python(draft, &name, None, source);
            let claim = Claim::declared(Value::text(address), source.clone());
            let is_private = super::hub::is_local(address);
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
            let marker = Some(&wanted.marker).filter(|it| !it.is_empty());
            draft.notes.requirements.push(notes::Requirement {
                of: of.clone(),
                name,
                range,
                marker: marker.map(|it| Claim::declared(Value::text(it), source.clone())),
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

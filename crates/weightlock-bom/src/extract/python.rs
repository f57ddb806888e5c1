//! Installed Python distributions: `*.dist-info` and `*.egg-info`.
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>
//!
//! | file | says |
//! |---|---|
//! | `METADATA`, `PKG-INFO` | name, version, licence; only the header is read, not the description behind it |
//! | `RECORD` | the files and their digests |
//! | `INSTALLER` | what put it there |
//! | `direct_url.json` | where it came from, where that was no index |

use std::io::BufRead;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::ArtifactPath,
};
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    notes::{Installed, StatedDigest},
    page::{Page, json_of, text_of},
    places, purl, things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) struct Distribution;

impl Extractor for Distribution {
    fn wants(&self, file: &File, _: &Draft) -> bool {
        let folder = places::folder(&file.path);
        match file.path.base_name() {
            "METADATA" | "INSTALLER" | "direct_url.json" => folder.ends_with(".dist-info"),
            // A list is compared with digests that were computed; where none were there is nothing to compare.
            "RECORD" => file.sha256.is_some() && folder.ends_with(".dist-info"),
            "PKG-INFO" => folder.ends_with(".egg-info"),
            name => name.ends_with(".egg-info"),
        }
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let Some(own) = package(file, draft) else {
            return Ok(());
        };
        match file.path.base_name() {
            "INSTALLER" => {
                let text = content.read(0, 256)?;
                let text = String::from_utf8_lossy(&text);
                if let Some(name) = text.lines().next().map(str::trim).filter(|it| !it.is_empty()) {
                    let claim = Claim::declared(Value::text(name), Source::file(&file.path, ""));
                    draft.state(&own, Kind::Package, Property::Installer, claim);
                }
                Ok(())
            }
            "direct_url.json" => origin(file, &own, &json_of(content)?, draft),
            "RECORD" => {
                record(file, own, &text_of(content)?, draft);
                Ok(())
            }
            _ => metadata(file, &own, content, draft),
        }
    }
}

/// The package by the name of its folder, `name-version.dist-info`. Names in it are escaped, never shortened, so that the
/// files of one distribution speak for the same package whichever is read first; `METADATA` is compared with it.
fn package(file: &File, draft: &mut Draft) -> Option<Ref> {
    let folder = places::folder(&file.path);
    let name = if file.path.base_name().ends_with(".egg-info") {
        file.path.base_name()
    } else {
        folder.rsplit('/').next()?
    };
    let stem = name
        .strip_suffix(".dist-info")
        .or_else(|| name.strip_suffix(".egg-info"))?;
    let (name, version) = named(stem)?;
    let source = Source::file(&file.path, "");
    let own = things::python(draft, name, version, &source);
    let environment = draft.environment(&file.path);
    draft.relate(&environment, Verb::Contains, &own, &source);
    Some(own)
}

/// Name and version in the name of a folder or a file: `a_b-1.0`, `old-3.1-py3.9`, of older tools also `my-pkg-2.0`.
fn named(stem: &str) -> Option<(&str, Option<&str>)> {
    let is_version = |it: &str| {
        it.trim_start_matches('v')
            .starts_with(|it: char| it.is_ascii_digit())
    };
    // `-py3.9`, behind which a platform may stand.
    let stem = match stem.rsplit_once("-py") {
        Some((rest, python)) if is_version(python) => rest,
        _ => stem,
    };
    let (name, version) = match stem.rsplit_once('-') {
        Some((name, version)) if is_version(version) => (name, Some(version)),
        _ => (stem, None),
    };
    (!name.is_empty()).then_some((name, version))
}

/// The header of `METADATA`: lines `Key: value` up to the first empty one.
fn metadata(file: &File, own: &Ref, content: &Content, draft: &mut Draft) -> Result<(), Error> {
    const MOST_LINES: usize = 10_000;
    let mut cursor = content.part(0, 1 << 20).cursor();
    let mut line = Vec::new();
    let mut is_licensed = false;
    for _ in 0..MOST_LINES {
        line.clear();
        if cursor.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            break;
        }
        // A line that begins with a blank goes on with the one before; none of these does that matters.
        let Some((key, value)) = text.split_once(": ").filter(|_| !text.starts_with([' ', '\t'])) else {
            continue;
        };
        let claim = |text: &str| Claim::declared(Value::text(text), Source::file(&file.path, key));
        let value = value.trim();
        match key {
            "Name" => draft.state(
                own,
                Kind::Package,
                Property::Name,
                claim(&purl::python_name(value)),
            ),
            "Version" => draft.state(own, Kind::Package, Property::Version, claim(value)),
            "License-Expression" => {
                is_licensed = true;
                draft.state(own, Kind::Package, Property::License, claim(value));
            }
            "License" if !is_licensed && value.len() < 64 && value != "UNKNOWN" => {
                let page = Page {
                    file,
                    of: own.clone(),
                    kind: Kind::Package,
                };
                page.licence(draft, value, None, &Source::file(&file.path, key));
            }
            "Author" | "Maintainer" if value != "UNKNOWN" => {
                draft.state(own, Kind::Package, Property::Author, claim(value));
            }
            "Summary" if value != "UNKNOWN" => {
                draft.state(own, Kind::Package, Property::Description, claim(value))
            }
            "Home-page" if value.contains("://") => {
                draft.state(own, Kind::Package, Property::Homepage, claim(value))
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where it came from: an address, an archive with its digests, a folder on a machine.
fn origin(file: &File, own: &Ref, document: &Json, draft: &mut Draft) -> Result<(), Error> {
    let Some(url) = document.get("url").and_then(Json::as_str) else {
        return Ok(());
    };
    let claim = Claim::declared(Value::text(url), Source::file(&file.path, "url"));
    let is_private = super::hub::is_local(url);
    let claim = if is_private { claim.private() } else { claim };
    draft.state(own, Kind::Package, Property::Location, claim);
    if let Some(commit) = document.pointer("/vcs_info/commit_id").and_then(Json::as_str) {
        let claim = Claim::declared(
            Value::text(commit),
            Source::file(&file.path, "vcs_info.commit_id"),
        );
        draft.state(own, Kind::Package, Property::Revision, claim);
    }
    let sha256 = document
        .pointer("/archive_info/hashes/sha256")
        .and_then(Json::as_str);
    if let Some(digest) = sha256.and_then(|it| Digest::from_hex(Algorithm::Sha256, it).ok()) {
        let claim = Claim::declared(
            Value::Digest(digest),
            Source::file(&file.path, "archive_info.hashes.sha256"),
        );
        draft.state(own, Kind::Package, Property::StatedDigest, claim);
    }
    Ok(())
}

/// The files: `path,sha256=…,size`, relative to the folder that it is installed in. Byte code is made after the list and has no
/// digest in it.
fn record(file: &File, package: Ref, text: &[u8], draft: &mut Draft) {
    let text = String::from_utf8_lossy(text);
    let outer = places::folder(&file.path)
        .rsplit_once('/')
        .map_or("", |(outer, _)| outer);
    let mut files: Vec<ArtifactPath> = Vec::new();
    let mut is_whole = true;
    for (at, line) in text.lines().enumerate() {
        let mut fields = line.rsplitn(3, ',');
        let (_, hash, name) = (fields.next(), fields.next(), fields.next());
        let Some(path) = name.and_then(|name| resolve(outer, name.trim_matches('"'))) else {
            continue;
        };
        if path == file.path || path.as_str().ends_with(".pyc") {
            continue;
        }
        is_whole &= draft.has_file(&path);
        if let Some(computed) = draft.digest(&path)
            && let Some(digest) = hash.and_then(listed)
            && digest != computed
        {
            let source = Source::file(&file.path, format!("line {}", at.saturating_add(1)));
            let path = path.clone();
            draft.notes.stated.push(StatedDigest { path, digest, source });
        }
        files.push(path);
    }
    if is_whole && !files.is_empty() {
        let list = file.path.clone();
        draft.notes.installed.push(Installed { package, list, files });
    }
}

/// The digest in a line of the list.
fn listed(hash: &str) -> Option<Digest> {
    let bytes = URL_SAFE_NO_PAD.decode(hash.strip_prefix("sha256=")?).ok()?;
    Digest::new(Algorithm::Sha256, &bytes).ok()
}

/// A name of a list below the folder that it is relative to; `..` goes out of it, as programs beside a library do.
fn resolve(outer: &str, name: &str) -> Option<ArtifactPath> {
    let mut parts: Vec<&str> = outer.split('/').filter(|it| !it.is_empty()).collect();
    for part in name.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    ArtifactPath::parse(parts.join("/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_split_before_the_version() {
        for (stem, name, version) in [
            ("a_b-1.0", "a_b", Some("1.0")),
            ("my-pkg-2.0", "my-pkg", Some("2.0")),
            ("old-3.1-py3.9", "old", Some("3.1")),
            ("old-3.1-py3.9-linux-x86_64", "old", Some("3.1")),
            ("dev_pkg", "dev_pkg", None),
            ("torch-2.1.0+cu121", "torch", Some("2.1.0+cu121")),
        ] {
            assert_eq!(named(stem), Some((name, version)), "{stem}");
        }
        assert_eq!(named("-1"), None);
    }

    #[test]
    fn names_in_a_list_stay_inside() {
        let path = |outer, name| resolve(outer, name).map(|it| it.as_str().to_owned());
        assert_eq!(
            path("lib/site-packages", "x/y.py").as_deref(),
            Some("lib/site-packages/x/y.py")
        );
        assert_eq!(path("lib/site-packages", "../../bin/x").as_deref(), Some("bin/x"));
        assert_eq!(path("", "x.py").as_deref(), Some("x.py"));
        for name in ["../../../x", "", "a//b", "./x"] {
            assert_eq!(path("lib/site-packages", name), None, "{name}");
        }
    }
}

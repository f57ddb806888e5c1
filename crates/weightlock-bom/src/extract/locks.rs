//! Lock files of Python projects: what was resolved, each at one version, with the digests of its archives.
//!
//! | file | form |
//! |---|---|
//! | `uv.lock`, `poetry.lock`, `pdm.lock` | TOML: `[[package]]` with `name`, `version`, and files with `hash` |
//! | `pylock.toml` | TOML: `[[packages]]`, [PEP 751](https://packaging.python.org/en/latest/specifications/pylock-toml/) |
//! | `Pipfile.lock` | JSON: `default` and `develop`, `version` with `==`, `hashes` |
//!
//! The digests are of archives that could be installed, not of what was: they are stated, never compared.

use serde_json::Value as Json;
use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::{Draft, limit},
    hub::is_local,
    page::{json_of, text_of},
    things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) struct Lock;

impl Extractor for Lock {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let name = file.path.base_name();
        let is_pylock = name.starts_with("pylock.") && name.ends_with(".toml");
        let names = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"];
        (is_pylock || names.contains(&name)) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let of = draft.environment(&file.path);
        if file.path.base_name() == "Pipfile.lock" {
            pipfile(file, &of, &json_of(content)?, draft);
            return Ok(());
        }
        let text = text_of(content)?;
        match toml::from_str::<toml::Table>(&String::from_utf8_lossy(&text)) {
            Ok(lock) => packages(file, &of, &lock, draft),
            Err(error) => {
                let offset = error.span().map_or(0, |it| it.start as u64);
                draft.leave_for(file, offset, format!("it is no TOML: {}", error.message()));
            }
        }
        Ok(())
    }
}

fn packages(file: &File, of: &Ref, lock: &toml::Table, draft: &mut Draft) {
    let key = if lock.contains_key("packages") {
        "packages"
    } else {
        "package"
    };
    let packages = lock.get(key).and_then(toml::Value::as_array);
    for (at, entry) in packages.map_or(&[][..], Vec::as_slice).iter().enumerate() {
        let text = |key: &str| entry.get(key).and_then(toml::Value::as_str);
        let Some(name) = text("name") else {
            continue;
        };
        let source = Source::file(&file.path, format!("{key}[{at}]"));
        let origin = entry.get("source");
        let is_own = origin.is_some_and(|it| it.get("virtual").is_some() || it.get("editable").is_some());
        if is_own {
            continue;
        }
        let own = things::python(draft, name, text("version"), &source);
        draft.relate(of, Verb::DependsOn, &own, &source);
        let keys = ["url", "git", "path", "directory"];
        let address = origin.and_then(|it| keys.iter().find_map(|key| Some((*key, it.get(*key)?.as_str()?))));
        if let Some((key, address)) = address {
            let claim = Claim::declared(Value::text(address), source.clone());
            let claim = if is_local(address) || matches!(key, "path" | "directory") {
                claim.private()
            } else {
                claim
            };
            draft.state(&own, Kind::Package, Property::Location, claim);
        }
        for hash in hashes(entry) {
            digest(&own, hash, &source, draft);
        }
    }
}

/// Every digest in a package: of its source archive, its wheels, its files.
fn hashes(entry: &toml::Value) -> impl Iterator<Item = &str> {
    let lists = ["wheels", "files"];
    let many = lists
        .into_iter()
        .filter_map(|key| entry.get(key)?.as_array())
        .flatten();
    let one = ["sdist", "archive"].into_iter().filter_map(|key| entry.get(key));
    many.chain(one).filter_map(|it| {
        let listed = it.get("hashes").and_then(|it| it.get("sha256"));
        it.get("hash").or(listed)?.as_str()
    })
}

fn pipfile(file: &File, of: &Ref, lock: &Json, draft: &mut Draft) {
    for group in ["default", "develop"] {
        for (name, entry) in lock.get(group).and_then(Json::as_object).into_iter().flatten() {
            let source = Source::file(&file.path, format!("{group}.{name}"));
            let version = entry
                .get("version")
                .and_then(Json::as_str)
                .map(|it| it.trim_start_matches('='));
            let own = things::python(draft, name, version, &source);
            draft.relate(of, Verb::DependsOn, &own, &source);
            let list = entry.get("hashes").and_then(Json::as_array);
            for hash in list.into_iter().flatten().filter_map(Json::as_str) {
                digest(&own, hash, &source, draft);
            }
        }
    }
}

fn digest(own: &Ref, hash: &str, source: &Source, draft: &mut Draft) {
    let known = draft
        .graph()
        .component(own)
        .map_or(0, |it| it.claims(Property::StatedDigest).len());
    if known >= limit::ARCHIVES {
        return;
    }
    let hex = hash.strip_prefix("sha256:").unwrap_or(hash);
    if let Ok(digest) = Digest::from_hex(Algorithm::Sha256, hex) {
        let claim = Claim::declared(Value::Digest(digest), source.clone());
        draft.state(own, Kind::Package, Property::StatedDigest, claim);
    }
}

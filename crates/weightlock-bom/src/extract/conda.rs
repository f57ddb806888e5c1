//! conda: `conda.yaml` and `environment.yml`, MLflow's `python_env.yaml`, and the packages in `conda-meta`.
//! <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html>

use serde_json::Value as Json;
use weightlock_artifact::digest::{Algorithm, Digest};
use weightlock_format::{Error, content::Content, yaml::tree::Node};

use super::{
    Extractor, File,
    draft::Draft,
    page::{json_of, text_of},
    places, purl, requirements, things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// Files that say what shall be installed.
pub(super) struct CondaFile;

impl Extractor for CondaFile {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let names = [
            "conda.yaml",
            "conda.yml",
            "environment.yml",
            "environment.yaml",
            "python_env.yaml",
        ];
        names.contains(&file.path.base_name()) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = Node::read(&text_of(content)?)?;
        let of = draft.environment(&file.path);
        if let Some(version) = document.at("python").and_then(Node::text) {
            python(&of, version, &Source::file(&file.path, "python"), draft);
        }
        let is_pip = file.path.base_name() == "python_env.yaml";
        for list in ["build_dependencies", "dependencies"] {
            for (at, entry) in document.at(list).map_or(&[][..], Node::items).iter().enumerate() {
                let place = format!("{list}[{at}]");
                let source = Source::file(&file.path, place.as_str()).at(entry.range.start);
                match entry.text() {
                    Some(text) if requirements::included(text).is_some() => include(file, text, draft),
                    Some(text) if is_pip => drop(requirements::state(&of, text, &source, draft)),
                    Some(text) => package(&of, text, &source, draft),
                    None => pip(&of, entry, file, &place, draft),
                }
            }
        }
        Ok(())
    }
}

/// The list that conda hands on to pip.
fn pip(of: &Ref, entry: &Node, file: &File, place: &str, draft: &mut Draft) {
    for (at, line) in entry.at("pip").map_or(&[][..], Node::items).iter().enumerate() {
        if let Some(text) = line.text() {
            let source = Source::file(&file.path, format!("{place}.pip[{at}]")).at(line.range.start);
            include(file, text, draft);
            requirements::state(of, text, &source, draft);
        }
    }
}

/// A list that a line includes is read as itself, where it is there.
fn include(file: &File, line: &str, draft: &mut Draft) {
    if let Some(name) = requirements::included(line) {
        requirements::include(file, name, draft);
    }
}

/// Lists of exactly what was installed: `@EXPLICIT` with an address a line, and `conda-lock.yml`.
pub(super) struct CondaLock;

impl Extractor for CondaLock {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        places::is_conda_lock(file.path.base_name()) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let text = text_of(content)?;
        let of = draft.environment(&file.path);
        if file.path.base_name().ends_with(".yml") {
            locked(file, &of, &Node::read(&text)?, draft);
            return Ok(());
        }
        let text = String::from_utf8_lossy(&text);
        if !text.lines().any(|it| it.trim() == "@EXPLICIT") {
            return Ok(());
        }
        for (at, line) in text.lines().enumerate() {
            let source = Source::file(&file.path, format!("line {}", at.saturating_add(1)));
            if line.contains("://") && !line.trim_start().starts_with('#') {
                explicit(&of, line.trim(), &source, draft);
            }
        }
        Ok(())
    }
}

/// `https://host/channel/linux-64/numpy-1.26.4-py311_0.conda#digest`
fn explicit(of: &Ref, line: &str, source: &Source, draft: &mut Draft) {
    let (address, digest) = line.split_once('#').unwrap_or((line, ""));
    let mut parts = address.rsplit('/');
    let (Some(file), Some(subdir)) = (parts.next(), parts.next()) else {
        return;
    };
    let stem = file
        .strip_suffix(".conda")
        .or_else(|| file.strip_suffix(".tar.bz2"));
    let mut fields = stem.unwrap_or_default().rsplitn(3, '-');
    let (Some(build), Some(version), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
        return;
    };
    let own = built(of, [name, version, build, subdir], source, draft);
    if let Ok(digest) = Digest::from_hex(Algorithm::Sha256, digest.trim_start_matches("sha256:")) {
        let claim = Claim::declared(Value::Digest(digest), source.clone());
        draft.state(&own, Kind::Package, Property::StatedDigest, claim);
    }
}

/// A package of conda: name, version, build, platform.
fn built(of: &Ref, [name, version, build, subdir]: [&str; 4], source: &Source, draft: &mut Draft) -> Ref {
    let own = things::package(draft, "conda", name, Some(version), source);
    let qualifiers = [("build", build), ("subdir", subdir)];
    let purl = Value::text(purl::purl("conda", "", name, Some(version), &qualifiers));
    draft.state(
        &own,
        Kind::Package,
        Property::Purl,
        Claim::inferred(purl, source.clone()),
    );
    draft.relate(of, Verb::DependsOn, &own, source);
    own
}

/// `package:` of `conda-lock.yml`: of conda or of pip, with the digest of its archive.
fn locked(file: &File, of: &Ref, document: &Node, draft: &mut Draft) {
    for (at, entry) in document
        .at("package")
        .map_or(&[][..], Node::items)
        .iter()
        .enumerate()
    {
        let text = |key: &str| entry.at(key).and_then(Node::text);
        let (Some(name), Some(version)) = (text("name"), text("version")) else {
            continue;
        };
        let source = Source::file(&file.path, format!("package[{at}]")).at(entry.range.start);
        let own = if text("manager") == Some("pip") {
            let own = things::python(draft, name, Some(version), &source);
            draft.relate(of, Verb::DependsOn, &own, &source);
            own
        } else {
            let own = things::package(draft, "conda", name, Some(version), &source);
            let purl = Value::text(purl::purl("conda", "", name, Some(version), &[]));
            draft.state(
                &own,
                Kind::Package,
                Property::Purl,
                Claim::inferred(purl, source.clone()),
            );
            draft.relate(of, Verb::DependsOn, &own, &source);
            own
        };
        let hash = entry
            .at("hash")
            .and_then(|it| it.at("sha256"))
            .and_then(Node::text);
        if let Some(digest) = hash.and_then(|it| Digest::from_hex(Algorithm::Sha256, it).ok()) {
            let claim = Claim::declared(Value::Digest(digest), source);
            draft.state(&own, Kind::Package, Property::StatedDigest, claim);
        }
    }
}

/// The interpreter. It is no package of an index.
fn python(of: &Ref, version: &str, source: &Source, draft: &mut Draft) {
    let tool = things::tool(draft, "python", Some(version), source);
    draft.relate(of, Verb::DependsOn, &tool, source);
}

/// `name=version=build`, `name==version`, `name>=1`, each perhaps after `channel::`. pip, setuptools and wheel are those of the
/// index under another roof; what conda alone has is conda's.
fn package(of: &Ref, text: &str, source: &Source, draft: &mut Draft) {
    let text = text.rsplit("::").next().unwrap_or(text).trim();
    let end = text.find(|it: char| "=<>!~ ".contains(it)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if name.is_empty() {
        return;
    }
    let version = rest
        .trim_start_matches('=')
        .split(['=', ' '])
        .next()
        .unwrap_or_default();
    // One `=` stands for every version that begins so, `1.26` for 1.26.4 too; with a build, or three numbers, it is one.
    let is_exact =
        rest.starts_with("==") || rest.matches('=').count() > 1 || version.matches('.').count() > 1;
    let is_fixed = is_exact
        && rest.starts_with('=')
        && version.starts_with(|it: char| it.is_ascii_digit())
        && !version.contains(['*', ',', '<', '>', '|']);
    match (name, is_fixed) {
        ("python", true) => python(of, version, source, draft),
        ("pip" | "setuptools" | "wheel", _) if !is_fixed || rest.starts_with("==") => {
            requirements::state(of, text, source, draft);
        }
        (_, true) => {
            let own = things::package(draft, "conda", name, Some(version), source);
            let claim = Claim::inferred(
                Value::text(purl::purl("conda", "", name, Some(version), &[])),
                source.clone(),
            );
            draft.state(&own, Kind::Package, Property::Purl, claim);
            draft.relate(of, Verb::DependsOn, &own, source);
        }
        (_, false) => {
            let own = things::package(draft, "conda", name, None, source);
            let range = if rest.trim().is_empty() {
                "any"
            } else {
                rest.trim()
            };
            let claim = Claim::declared(Value::text(range), source.clone());
            draft.state(&own, Kind::Package, Property::Requirement, claim);
            draft.relate(of, Verb::DependsOn, &own, source);
        }
    }
}

/// One installed package: `conda-meta/name-version-build.json`.
pub(super) struct CondaMeta;

impl Extractor for CondaMeta {
    fn wants(&self, file: &File, _: &Draft) -> bool {
        let folder = places::folder(&file.path);
        let is_inside = folder == "conda-meta" || folder.ends_with("/conda-meta");
        is_inside && file.path.as_str().ends_with(".json")
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = json_of(content)?;
        let text = |key: &str| {
            document
                .get(key)
                .and_then(Json::as_str)
                .filter(|it| !it.is_empty())
        };
        let (Some(name), Some(version)) = (text("name"), text("version")) else {
            return Ok(());
        };
        let source = Source::file(&file.path, "name");
        let own = things::package(draft, "conda", name, Some(version), &source);
        let qualifiers = [
            ("build", text("build").unwrap_or_default()),
            ("subdir", text("subdir").unwrap_or_default()),
        ];
        let purl = purl::purl("conda", "", name, Some(version), &qualifiers);
        draft.state(
            &own,
            Kind::Package,
            Property::Purl,
            Claim::inferred(Value::text(purl), source.clone()),
        );
        let facts = [
            ("subdir", Property::Platform),
            ("license", Property::License),
            ("channel", Property::Location),
        ];
        for (key, property) in facts {
            if let Some(value) = text(key) {
                let claim = Claim::declared(Value::text(value), Source::file(&file.path, key));
                draft.state(&own, Kind::Package, property, claim);
            }
        }
        let environment = draft.environment(&file.path);
        draft.relate(&environment, Verb::Contains, &own, &source);
        Ok(())
    }
}

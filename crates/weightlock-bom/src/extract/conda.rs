//! conda: `conda.yaml` and `environment.yml`, MLflow's `python_env.yaml`, and the packages in `conda-meta`.
//! <https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html>

use serde_json::Value as Json;
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
                    Some(text) if is_pip => requirements::state(&of, text, &source, draft),
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
            requirements::state(of, text, &source, draft);
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
    let is_fixed = rest.starts_with('=')
        && version.starts_with(|it: char| it.is_ascii_digit())
        && !version.contains(['*', ',', '<', '>', '|']);
    match (name, is_fixed) {
        ("python", true) => python(of, version, source, draft),
        ("pip" | "setuptools" | "wheel", _) if !is_fixed || rest.starts_with("==") => {
            requirements::state(of, text, source, draft)
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

//! `MLmodel` of MLflow: flavours, signature, run. <https://mlflow.org/docs/latest/ml/model/>

use serde_json::Value as Json;
use weightlock_format::{Error, content::Content, json, yaml::tree::Node};

use super::{
    Extractor, File,
    draft::Draft,
    page::{Page, text_of, yaml_scalar},
    things,
};
use crate::graph::{Claim, Property, Value, Verb};

/// See the module.
pub(super) struct Mlflow;

impl Extractor for Mlflow {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "MLmodel" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = Node::read(&text_of(content)?)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        for (key, property) in [
            ("run_id", Property::RunId),
            ("model_id", Property::TrackerId),
            ("model_uuid", Property::TrackerId),
        ] {
            declare(&page, draft, property, document.at(key), key);
        }
        declare(
            &page,
            draft,
            Property::PackedAt,
            document.at("utc_time_created"),
            "utc_time_created",
        );
        if let Some(version) = document.at("mlflow_version").and_then(Node::text) {
            let source = page.source("mlflow_version");
            let tool = things::tool(draft, "mlflow", Some(version), &source);
            draft.relate(&page.of, Verb::UsesTool, &tool, &source);
        }
        for (name, flavour) in document.at("flavors").map_or(&[][..], Node::entries) {
            if let Some(name) = name.text() {
                self::flavour(&page, name, flavour, draft);
            }
        }
        let signature = document.at("signature");
        for (key, property) in [
            ("inputs", Property::InputField),
            ("outputs", Property::OutputField),
        ] {
            if let Some(text) = signature.and_then(|it| it.at(key)).and_then(Node::text) {
                fields(&page, draft, property, text, &format!("signature.{key}"))?;
            }
        }
        Ok(())
    }
}

fn declare(page: &Page<'_>, draft: &mut Draft, property: Property, node: Option<&Node>, place: &str) {
    if let Some((node, value)) = node.and_then(|it| Some((it, yaml_scalar(it)?))) {
        let claim = Claim::declared(value, page.source(place).at(node.range.start));
        draft.state(&page.of, page.kind, property, claim);
    }
}

/// A way to load it, and the version of the library that it is for.
fn flavour(page: &Page<'_>, name: &str, flavour: &Node, draft: &mut Draft) {
    let place = format!("flavors.{name}");
    page.declare(draft, Property::Entrypoint, Value::text(name), place.as_str());
    for (key, value) in flavour.entries() {
        let (Some(key), Some(text)) = (key.text(), value.text()) else {
            continue;
        };
        let place = format!("{place}.{key}");
        let source = page.source(place.as_str()).at(value.range.start);
        match key {
            "loader_module" => page.declare(draft, Property::Loader, Value::text(text), place),
            "code" => page.declare(draft, Property::CustomCode, Value::text(text), place),
            "python_version" => {
                let python = things::tool(draft, "python", Some(text), &source);
                draft.relate(&page.of, Verb::DependsOn, &python, &source);
            }
            _ => {
                let library = key
                    .strip_suffix("_version")
                    .filter(|it| *it == name)
                    .map(distribution);
                if let Some(library) = library {
                    let own = things::python(draft, library, Some(text), &source);
                    draft.relate(&page.of, Verb::DependsOn, &own, &source);
                }
            }
        }
    }
}

/// The distribution that a flavour is of.
fn distribution(flavour: &str) -> &str {
    match flavour {
        "sklearn" => "scikit-learn",
        "pytorch" => "torch",
        "xgb" => "xgboost",
        other => other,
    }
}

/// Columns or tensors: MLflow keeps them as JSON in a text.
fn fields(
    page: &Page<'_>,
    draft: &mut Draft,
    property: Property,
    text: &str,
    place: &str,
) -> Result<(), Error> {
    let document = json::parse(text.as_bytes())?;
    for (at, field) in document
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .enumerate()
    {
        let kind = match field.get("type").and_then(Json::as_str) {
            Some("tensor") => field.pointer("/tensor-spec/dtype").and_then(Json::as_str),
            other => other,
        };
        let field = match (field.get("name").and_then(Json::as_str), kind) {
            (Some(name), Some(kind)) => format!("{name}:{kind}"),
            (None, Some(only)) | (Some(only), None) => only.to_owned(),
            (None, None) => continue,
        };
        page.declare(draft, property, Value::text(field), format!("{place}[{at}]"));
    }
    Ok(())
}

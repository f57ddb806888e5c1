//! `MLmodel` of MLflow: flavours, signature, run. <https://mlflow.org/docs/latest/ml/model/>

use serde_json::Value as Json;
use weightlock_format::{Error, content::Content, json, yaml::tree::Node};

use super::{
    Extractor, File,
    draft::Draft,
    hub::Named,
    notes::{By, Name, NameFrom, Parent},
    page::{Page, text_of},
    things,
};
use crate::graph::{Claim, Property, Value, Verb};

/// See the module.
pub(super) struct Mlflow;

impl Extractor for Mlflow {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        matches!(file.path.base_name(), "MLmodel" | "registered_model_meta")
            && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = Node::read(&text_of(content)?)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        if file.path.base_name() == "registered_model_meta" {
            registered(&page, &document, draft);
            return Ok(());
        }
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

/// What a registry of models wrote beside a model that was fetched from it: under which name it is registered, and as which
/// version.
fn registered(page: &Page<'_>, document: &Node, draft: &mut Draft) {
    let name = document
        .at("model_name")
        .and_then(Node::text)
        .and_then(Named::title);
    if let Some(name) = name {
        draft.notes.names.push(Name {
            of: page.of.clone(),
            name,
            from: NameFrom::Address,
            source: page.source("model_name"),
        });
    }
    if let Some(version) = document.at("model_version").and_then(Node::text) {
        // A count, whatever YAML takes it for.
        page.declare(draft, Property::Version, Value::text(version), "model_version");
    }
}

/// The model at the hub that was packed, or that what was packed was loaded from: nobody says which.
fn origin(page: &Page<'_>, flavour: &Node, place: &str, draft: &mut Draft) {
    let text = |key: &str| flavour.at(key).and_then(Node::text).filter(|it| *it != "null");
    let key = "source_model_name";
    let Some(named) = text(key).and_then(Named::read) else {
        return;
    };
    let mut parent = Parent::new(
        page.of.clone(),
        named,
        By::Tracker,
        page.source(format!("{place}.{key}")),
    );
    parent.revision = text("source_model_revision").map(|it| {
        Claim::declared(
            Value::text(it),
            page.source(format!("{place}.source_model_revision")),
        )
    });
    draft.notes.parents.push(parent);
}

fn declare(page: &Page<'_>, draft: &mut Draft, property: Property, node: Option<&Node>, place: &str) {
    // Identifiers stay text, also where YAML takes one for a number.
    let node = node.filter(|it| !it.is_null());
    if let Some((node, text)) = node.and_then(|it| Some((it, it.text().filter(|it| !it.is_empty())?))) {
        let claim = Claim::declared(Value::text(text), page.source(place).at(node.range.start));
        draft.state(&page.of, page.kind, property, claim);
    }
}

/// A way to load it, and the version of the library that it is for.
fn flavour(page: &Page<'_>, name: &str, flavour: &Node, draft: &mut Draft) {
    let place = format!("flavors.{name}");
    page.declare(draft, Property::Entrypoint, Value::text(name), place.as_str());
    origin(page, flavour, &place, draft);
    for (key, value) in flavour.entries() {
        let (Some(key), Some(text)) = (key.text(), value.text()) else {
            continue;
        };
        let place = format!("{place}.{key}");
        let source = page.source(place.as_str()).at(value.range.start);
        match key {
            "loader_module" => page.declare(draft, Property::Loader, Value::text(text), place),
            "code" if text != "null" => {
                page.declare(draft, Property::CustomCode, Value::text(text), place);
            }
            "task" => page.declare(draft, Property::Task, Value::text(text), place),
            "pipeline_model_type" => page.declare(draft, Property::Architecture, Value::text(text), place),
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

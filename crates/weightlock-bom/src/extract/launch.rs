//! `launch.json`: with what a model is served. The record of a deployment, as its operator writes it.
//!
//! ```text
//! {"engine": "vllm", "engine_version": "0.8.4", "model": "ns/name", "trust_remote_code": true,
//!  "cuda": "12.4", "driver": "550.90.07", "python": "3.12.1", "gpu": "…"}
//! ```

use serde_json::Value as Json;
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    hub::Named,
    page::{Page, json_of, scalar},
    things,
};
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) struct Launch;

impl Extractor for Launch {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "launch.json" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let record = json_of(content)?;
        let text = |key: &str| record.get(key).and_then(Json::as_str);
        // Editors keep files of this name too.
        let Some(engine) = text("engine") else {
            return Ok(());
        };
        let of = draft.environment(&file.path);
        let source = |key: &str| Source::file(&file.path, key);
        let programs = [
            ("engine", engine, text("engine_version")),
            ("cuda", "cuda", text("cuda")),
            ("driver", "nvidia-driver", text("driver")),
            ("python", "python", text("python")),
        ];
        for (key, name, version) in programs {
            if text(key).is_some() {
                let tool = things::tool(draft, name, version, &source(key));
                draft.relate(&of, Verb::DependsOn, &tool, &source(key));
            }
        }
        let page = Page {
            file,
            of: of.clone(),
            kind: Kind::Environment,
        };
        if let Some(Value::Flag(flag)) = record.get("trust_remote_code").and_then(scalar) {
            page.declare(
                draft,
                Property::RemoteCode,
                Value::Flag(flag),
                "trust_remote_code",
            );
        }
        page.declare_each(draft, Property::HardwareUsed, &record, "gpu", "");
        if let Some(model) = text("model") {
            served(&of, model, &source("model"), draft);
        }
        Ok(())
    }
}

/// The model that is served: a name, or a path on the machine.
fn served(of: &Ref, model: &str, source: &Source, draft: &mut Draft) {
    match Named::read(model) {
        Some(Named::Local(path)) => {
            let claim = Claim::declared(Value::text(path), source.clone()).private();
            draft.state(of, Kind::Environment, Property::LoadedFrom, claim);
        }
        Some(named) => {
            if let (Some((namespace, name)), Some(full)) = (named.parts(), named.full()) {
                let own = Ref::new("served", &full);
                things::named(draft, &own, Kind::Model, namespace, name, source);
                draft.relate(of, Verb::DependsOn, &own, source);
            }
        }
        None => {}
    }
}

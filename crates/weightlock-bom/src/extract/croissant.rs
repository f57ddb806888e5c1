//! Croissant: a data set described in JSON-LD. <https://docs.mlcommons.org/croissant/docs/croissant-spec.html>
//!
//! The digests that it states for its files are compared with the bytes that lie beside it.

use serde_json::Value as Json;
use weightlock_artifact::{
    digest::{Algorithm, Digest},
    path::ArtifactPath,
};
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    hub::Named,
    notes::{Name, NameFrom, StatedDigest},
    page::{Page, json_of, texts},
    places, things,
};
use crate::graph::{Kind, Property, Value, Verb};

/// See the module.
pub(super) struct Croissant;

/// Keys whose values are facts as they stand.
const FACTS: [(&str, Property); 23] = [
    ("description", Property::Description),
    ("version", Property::Version),
    ("url", Property::Homepage),
    ("datePublished", Property::ReleaseTime),
    ("citeAs", Property::Paper),
    ("keywords", Property::Tag),
    ("inLanguage", Property::Language),
    ("rai:dataCollection", Property::Collection),
    ("rai:dataPreprocessingProtocol", Property::Preprocessing),
    ("rai:dataBiases", Property::DatasetBias),
    ("rai:personalSensitiveInformation", Property::SensitiveData),
    ("rai:dataUseCases", Property::IntendedUse),
    ("rai:dataLimitations", Property::Limitation),
    ("rai:dataCollectionType", Property::Collection),
    ("rai:dataCollectionRawData", Property::Collection),
    ("rai:dataCollectionTimeframe", Property::Collection),
    ("rai:dataAnnotationProtocol", Property::Collection),
    ("rai:dataAnnotationPlatform", Property::Collection),
    ("rai:annotatorDemographics", Property::Collection),
    ("rai:dataImputationProtocol", Property::Preprocessing),
    ("rai:dataManipulationProtocol", Property::Preprocessing),
    ("rai:dataSocialImpact", Property::DatasetBias),
    ("rai:dataReleaseMaintenancePlan", Property::Distribution),
];

impl Extractor for Croissant {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let name = file.path.base_name();
        let is_named = name == "croissant.json" || name.ends_with(".croissant.json");
        (is_named || name == "metadata.json") && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = json_of(content)?;
        let is_croissant = document.get("@context").is_some() && document.get("distribution").is_some();
        if !is_croissant {
            return Ok(());
        }
        let Some(mut page) = Page::of(file, draft) else {
            return Ok(());
        };
        // Beside a model it tells of data that came with the model, not of the model.
        if draft.places().has_model() {
            let name = document.get("name").and_then(Json::as_str).and_then(Named::title);
            let Some(own) = name.and_then(|it| things::known_dataset(draft, &it, &page.source("name")))
            else {
                return Ok(());
            };
            draft.relate(&page.of, Verb::Contains, &own, &page.source("@type"));
            page = Page {
                of: own,
                kind: Kind::Dataset,
                ..page
            };
        } else {
            draft.notes.data.push(page.source("@type"));
        }
        conforms(&page, &document, draft);
        for (key, property) in FACTS {
            page.declare_each(draft, property, &document, key, "");
        }
        if let Some(name) = document.get("name").and_then(Json::as_str).and_then(Named::title)
            && page.kind != Kind::Dataset
        {
            draft.notes.names.push(Name {
                of: page.of.clone(),
                name,
                from: NameFrom::Index,
                source: page.source("name"),
            });
        }
        for key in ["license", "sc:license"] {
            let licences = document
                .get(key)
                .map(|it| it.as_array().map_or(std::slice::from_ref(it), Vec::as_slice));
            for licence in licences.unwrap_or_default() {
                let text = licence
                    .as_str()
                    .or_else(|| licence.get("url").and_then(Json::as_str));
                if let Some(text) = text {
                    page.licence(draft, text, None, &page.source(key));
                }
            }
        }
        makers(&page, &document, draft);
        distribution(&page, &document, draft);
        Ok(())
    }
}

/// The specification that it follows. Where several are named, the others are vocabularies that it uses beside it.
fn conforms(page: &Page<'_>, document: &Json, draft: &mut Draft) {
    for key in ["conformsTo", "dct:conformsTo"] {
        let named = texts(document.get(key));
        let is_main = |(_, text): &&(String, &str)| text.contains("/croissant/") && !text.contains("/RAI/");
        if let Some((at, text)) = named.iter().find(is_main).or_else(|| named.first()) {
            page.declare(
                draft,
                Property::ConformsTo,
                Value::text(*text),
                format!("{key}{at}"),
            );
        }
    }
}

fn makers(page: &Page<'_>, document: &Json, draft: &mut Draft) {
    for (key, property) in [("creator", Property::Author), ("publisher", Property::Supplier)] {
        let many = document
            .get(key)
            .map(|it| it.as_array().map_or(std::slice::from_ref(it), Vec::as_slice));
        for (at, maker) in many.unwrap_or_default().iter().enumerate() {
            let name = maker
                .as_str()
                .or_else(|| maker.get("name").and_then(Json::as_str));
            if let Some(name) = name {
                page.declare(draft, property, Value::text(name), format!("{key}[{at}].name"));
            }
        }
    }
}

/// The files of the data set: where they are, and the digests that they should have.
fn distribution(page: &Page<'_>, document: &Json, draft: &mut Draft) {
    let files = document.get("distribution").and_then(Json::as_array);
    for (at, entry) in files.map_or(&[][..], Vec::as_slice).iter().enumerate() {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        let place = |key: &str| format!("distribution[{at}].{key}");
        let Some(location) = text("contentUrl") else {
            continue;
        };
        let folder = places::folder(&page.file.path);
        let inside = location.trim_start_matches("./");
        let inside = if folder.is_empty() {
            inside.to_owned()
        } else {
            format!("{folder}/{inside}")
        };
        let is_remote = location.contains("://");
        if is_remote {
            page.declare(
                draft,
                Property::Location,
                Value::text(location),
                place("contentUrl"),
            );
        }
        let Some(path) = ArtifactPath::parse(inside).ok().filter(|_| !is_remote) else {
            continue;
        };
        if let Some(digest) = text("sha256").and_then(|it| Digest::from_hex(Algorithm::Sha256, it).ok()) {
            let source = page.source(place("sha256"));
            draft.notes.stated.push(StatedDigest { path, digest, source });
        }
    }
}

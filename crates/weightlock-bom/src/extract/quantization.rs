//! How numbers were made coarser: `quantization_config` of a `config.json`, `quantize_config.json`,
//! `hf_quant_config.json`.
//!
//! Every method has its own keys for the same few facts, and new ones come each month. So the known names of a fact are looked
//! for in the document and in the objects that methods wrap it in; what is left over becomes a setting of the step, under
//! the key it has.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::Draft,
    page::{Page, json_of, place, scalar, texts},
    things,
};
use crate::graph::{Claim, Kind, Property, Value, Verb};

/// The files that hold nothing else.
pub(super) struct QuantizationFile;

impl Extractor for QuantizationFile {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        matches!(
            file.path.base_name(),
            "quantize_config.json"
                | "hf_quant_config.json"
                | "quant_config.json"
                | "quantization_config.json"
        ) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let document = json_of(content)?;
        if let Some(page) = Page::of(file, draft) {
            state(&page, &document, "", draft);
        }
        Ok(())
    }
}

/// Objects that methods put their facts into.
const WRAPPERS: [&str; 9] = [
    "quantization",
    "quant_config",
    "weight_quant_params",
    "config_groups",
    "group_0",
    "weights",
    "quant_type",
    "default",
    "_data",
];
const BITS: [&str; 5] = ["bits", "w_bit", "num_bits", "nbits", "weight_bits"];
const GROUP: [&str; 3] = ["group_size", "q_group_size", "block_size"];
const EXCLUDED: [&str; 9] = [
    "skip_modules",
    "linear_weights_not_to_quantize",
    "modules_to_not_quantize",
    "not_quantized",
    "exclude_modules",
    "ignore",
    "modules_to_not_convert",
    "ignored_layers",
    "llm_int8_skip_modules",
];
const TYPE: [&str; 5] = ["quant_algo", "bnb_4bit_quant_type", "fmt", "_type", "quant_type"];

/// A document with the way to it.
type Level<'d> = (String, &'d Map<String, Json>);

/// States what `document`, which stands at `within` in its file, says.
pub(super) fn state(page: &Page<'_>, document: &Json, within: &str, draft: &mut Draft) {
    // An empty object says that there is none.
    if document.as_object().is_none_or(Map::is_empty) {
        return;
    }
    let levels = levels(document, within);
    let source = page.source(within);
    draft.notes.quantized.push((page.of.clone(), source));
    method(page, &levels, draft);
    bits(page, &levels, draft);
    for (property, names) in [
        (Property::QuantizationGroup, &GROUP[..]),
        (Property::QuantizationType, &TYPE[..]),
    ] {
        if let Some((at, value)) = find(&levels, names).and_then(|(at, value)| Some((at, scalar(value)?))) {
            page.declare(draft, property, value, at);
        }
    }
    for (at, key, value) in all(&levels) {
        if EXCLUDED.contains(&key) {
            for (item, text) in texts(Some(value)) {
                page.declare(
                    draft,
                    Property::QuantizationExcluded,
                    Value::text(text),
                    format!("{at}{item}"),
                );
            }
        }
    }
    cache(page, &levels, draft);
    calibration(page, &levels, draft);
    tools(page, &levels, draft);
    settings(page, &levels, draft);
}

/// The document and the objects in it that hold facts, outermost first.
fn levels<'d>(document: &'d Json, within: &str) -> Vec<Level<'d>> {
    const MOST: usize = 32;
    let mut found: Vec<Level<'d>> = Vec::new();
    found.extend(document.as_object().map(|it| (within.to_owned(), it)));
    let mut next = 0;
    while let Some((way, object)) = found.get(next).cloned() {
        for key in WRAPPERS {
            if let Some(inner) = object.get(key).and_then(Json::as_object)
                && found.len() < MOST
            {
                found.push((place(&way, key), inner));
            }
        }
        next = next.saturating_add(1);
    }
    found
}

fn find<'d>(levels: &[Level<'d>], names: &[&str]) -> Option<(String, &'d Json)> {
    levels.iter().find_map(|(way, object)| {
        names.iter().find_map(|name| {
            let value = object.get(*name).filter(|it| scalar(it).is_some())?;
            Some((place(way, name), value))
        })
    })
}

fn all<'l, 'd>(levels: &'l [Level<'d>]) -> impl Iterator<Item = (String, &'d str, &'d Json)> + 'l {
    let entries = |(way, object): &'l Level<'d>| {
        object
            .iter()
            .map(move |(key, value)| (place(way, key), key.as_str(), value))
    };
    levels.iter().flat_map(entries)
}

/// The method: named, or told by keys that only one has.
fn method(page: &Page<'_>, levels: &[Level<'_>], draft: &mut Draft) {
    if let Some((at, Json::String(name))) = find(levels, &["quant_method"]) {
        page.declare(
            draft,
            Property::QuantizationMethod,
            Value::text(name.to_ascii_lowercase()),
            at,
        );
        return;
    }
    let has = |key: &str| levels.iter().any(|(_, object)| object.contains_key(key));
    let producer = levels
        .iter()
        .find_map(|(_, object)| object.get("producer")?.get("name")?.as_str());
    let told = match producer {
        Some(name) => name,
        None if has("load_in_4bit") || has("load_in_8bit") => "bitsandbytes",
        None if has("w_bit") || has("q_group_size") => "awq",
        None if has("desc_act") || has("damp_percent") => "gptq",
        None if has("config_groups") => "compressed-tensors",
        None if has("weight_quant_params") => "hqq",
        None => return,
    };
    let place = levels.first().map_or("", |(way, _)| way.as_str());
    let claim = Claim::inferred(Value::text(told), page.source(place));
    draft.state(&page.of, page.kind, Property::QuantizationMethod, claim);
}

fn bits(page: &Page<'_>, levels: &[Level<'_>], draft: &mut Draft) {
    let by_number = find(levels, &BITS).and_then(|(at, value)| Some((at, value.as_u64()?)));
    let by_flag = || {
        [("load_in_4bit", 4), ("load_in_8bit", 8)]
            .into_iter()
            .find_map(|(key, bits)| {
                let (at, value) = find(levels, &[key])?;
                (value == &Json::Bool(true)).then_some((at, bits))
            })
    };
    // quanto and eetq: "int4", "qint8".
    let by_word = || {
        let (at, value) = find(levels, &["weights", "weight_dtype"])?;
        let digits: String = value.as_str()?.chars().filter(char::is_ascii_digit).collect();
        Some((at, digits.parse().ok()?))
    };
    if is_mixed(levels) {
        return;
    }
    if let Some((at, bits)) = by_number.or_else(by_flag).or_else(by_word) {
        page.declare(draft, Property::QuantizationBits, Value::Number(bits), at);
        draft.notes.bits.push((page.of.clone(), bits));
    } else if let Some((at, bits)) = bits_in_name(levels) {
        let claim = Claim::inferred(Value::Number(bits), page.source(at));
        draft.state(&page.of, page.kind, Property::QuantizationBits, claim);
    }
}

/// Whether groups of layers have different numbers of bits, so that the model has none.
fn is_mixed(levels: &[Level<'_>]) -> bool {
    let groups = levels
        .iter()
        .filter_map(|(_, object)| object.get("config_groups")?.as_object());
    let bits: BTreeSet<Option<u64>> = groups
        .flatten()
        .map(|(_, group)| group.pointer("/weights/num_bits").and_then(Json::as_u64))
        .collect();
    bits.len() > 1
}

/// The bits of weights in the name of a scheme: `int4_weight_only`, `Int8DynamicActivationInt4WeightConfig`, `mxfp4`.
fn bits_in_name(levels: &[Level<'_>]) -> Option<(String, u64)> {
    let keys = ["quant_type", "_type", "quant_method"];
    let (at, name) = keys.iter().find_map(|key| find(levels, &[*key]))?;
    let name = name.as_str()?.to_ascii_lowercase().replace('_', "");
    if matches!(name.as_str(), "mxfp4" | "nvfp4") {
        return Some((at, 4));
    }
    let before = name.split("weight").next().filter(|it| it.len() < name.len())?;
    let digits: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
    let bits: u64 = digits.chars().rev().collect::<String>().parse().ok()?;
    (1..=16).contains(&bits).then_some((at, bits))
}

/// The type of what is kept between tokens: a name, or a number of bits and a kind.
fn cache(page: &Page<'_>, levels: &[Level<'_>], draft: &mut Draft) {
    for (at, key, value) in all(levels) {
        let name = match (key, value) {
            ("kv_cache_quant_algo", Json::String(name)) => name.clone(),
            ("kv_cache_scheme", Json::Object(scheme)) => {
                let kind = scheme.get("type").and_then(Json::as_str);
                let Some(bits) = scheme.get("num_bits").and_then(Json::as_u64) else {
                    continue;
                };
                format!("{}{bits}", if kind == Some("float") { "FP" } else { "INT" })
            }
            _ => continue,
        };
        page.declare(draft, Property::QuantizationCache, Value::text(name), at);
    }
}

/// The data that scales were found with. A list of texts is the data itself, and names nothing.
fn calibration(page: &Page<'_>, levels: &[Level<'_>], draft: &mut Draft) {
    let Some((at, Json::String(name))) = find(levels, &["dataset"]) else {
        return;
    };
    let source = page.source(at);
    let Some(own) = things::dataset(draft, name, &source) else {
        page.private(draft, name, &source);
        return;
    };
    things::calibrates(draft, page, &own, &source);
}

/// Programs that say they did it: `meta.quantizer: ["gptqmodel:4.2.5"]`, `producer: {name, version}`.
fn tools(page: &Page<'_>, levels: &[Level<'_>], draft: &mut Draft) {
    let mut found: Vec<(String, String, Option<String>)> = Vec::new();
    for (way, object) in levels {
        if let Some(producer) = object.get("producer")
            && let Some(name) = producer.get("name").and_then(Json::as_str)
        {
            let version = producer.get("version").and_then(Json::as_str).map(str::to_owned);
            found.push((place(way, "producer"), name.to_owned(), version));
        }
        let quantizer = object.get("meta").and_then(|it| it.get("quantizer"));
        for (item, text) in texts(quantizer) {
            let (name, version) = match text.split_once([':', ' ']) {
                Some((name, version)) => (name, Some(version.to_owned())),
                None => (text, None),
            };
            found.push((
                format!("{}{item}", place(way, "meta.quantizer")),
                name.to_owned(),
                version,
            ));
        }
    }
    let step = page.step("quantize");
    for (at, name, version) in found {
        let source = page.source(at);
        let tool = things::tool(draft, &name, version.as_deref(), &source);
        draft.ensure(&step, Kind::Step);
        draft.relate(&step, Verb::UsesTool, &tool, &source);
    }
}

fn settings(page: &Page<'_>, levels: &[Level<'_>], draft: &mut Draft) {
    let step = page.step("quantize");
    let base = levels.first().map_or("", |(way, _)| way.as_str());
    for (at, _, value) in all(levels) {
        if let Some(value) = scalar(value) {
            // One step has the settings of both files that tell of it; a key means the same in each.
            let name = at
                .strip_prefix(base)
                .unwrap_or(&at)
                .trim_start_matches('.')
                .to_owned();
            draft.set(&step, Kind::Step, &name, Claim::declared(value, page.source(at)));
        }
    }
}

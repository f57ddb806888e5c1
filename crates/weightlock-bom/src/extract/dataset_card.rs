//! The front matter that only cards of data sets have. <https://huggingface.co/docs/hub/datasets-cards>

use weightlock_format::{
    config::card::{Card, tree},
    yaml::tree::Node,
};

use super::{
    draft::Draft,
    hub::Named,
    notes::{Name, NameFrom},
    page::{Page, yaml_scalar},
};
use crate::graph::{Claim, Property, Source, Value};

/// Keys that no card of a model has.
const SIGNS: [&str; 7] = [
    "dataset_info",
    "configs",
    "task_categories",
    "size_categories",
    "annotations_creators",
    "source_datasets",
    "language_creators",
];

/// Keys whose values are facts as they stand.
const LISTS: [(&str, Property); 5] = [
    ("task_categories", Property::Task),
    ("task_ids", Property::Task),
    ("annotations_creators", Property::Collection),
    ("language_creators", Property::Collection),
    ("source_datasets", Property::Collection),
];

/// States what a front matter says about data, where it does.
pub(super) fn state(page: &Page<'_>, text: &[u8], card: &Card, draft: &mut Draft) {
    let range = card
        .front
        .as_ref()
        .and_then(|it| Some(usize::try_from(it.start).ok()?..usize::try_from(it.end).ok()?));
    let Some((range, Ok(front))) = range.map(|it| (it.clone(), tree(text, &it))) else {
        return;
    };
    let Some(sign) = SIGNS.iter().find(|it| front.at(it).is_some()) else {
        return;
    };
    let facts = Facts {
        page,
        start: range.start as u64,
    };
    draft.notes.data.push(page.source(*sign));
    for (key, property) in LISTS {
        for node in front.at(key).map_or(&[][..], Node::one_or_many) {
            facts.declare(draft, property, node, key);
        }
    }
    if let Some(node) = front
        .at("size_categories")
        .and_then(|it| it.one_or_many().first())
    {
        facts.declare(draft, Property::DatasetSize, node, "size_categories");
    }
    if let Some(node) = front.at("pretty_name")
        && let Some(name) = node.text().and_then(Named::title)
    {
        draft.notes.names.push(Name {
            of: page.of.clone(),
            name,
            from: NameFrom::Title,
            source: facts.source(node, "pretty_name"),
        });
    }
    for (at, config) in front
        .at("configs")
        .map_or(&[][..], Node::items)
        .iter()
        .enumerate()
    {
        if let Some(node) = config.at("config_name") {
            facts.declare(
                draft,
                Property::DatasetConfig,
                node,
                &format!("configs[{at}].config_name"),
            );
        }
    }
    let mut records = Some(0_u64);
    let infos = front.at("dataset_info").map_or(&[][..], Node::one_or_many);
    for (at, info) in infos.iter().enumerate() {
        let own = facts.info(draft, info, &format!("dataset_info[{at}]"));
        records = records.zip(own).and_then(|(all, own)| all.checked_add(own));
    }
    if let Some(records) = records.filter(|_| !infos.is_empty()) {
        let claim = Claim::declared(Value::Number(records), page.source("dataset_info"));
        draft.state(&page.of, page.kind, Property::Records, claim);
    }
}

/// A front matter and where it begins.
struct Facts<'a> {
    page: &'a Page<'a>,
    start: u64,
}

impl Facts<'_> {
    fn source(&self, node: &Node, place: &str) -> Source {
        self.page
            .source(place)
            .at(self.start.saturating_add(node.range.start))
    }

    fn declare(&self, draft: &mut Draft, property: Property, node: &Node, place: &str) {
        if let Some(value) = yaml_scalar(node) {
            let claim = Claim::declared(value, self.source(node, place));
            draft.state(&self.page.of, self.page.kind, property, claim);
        }
    }

    /// Columns and splits; how many records they have together, where each of them says it.
    fn info(&self, draft: &mut Draft, info: &Node, way: &str) -> Option<u64> {
        for (at, feature) in info
            .at("features")
            .map_or(&[][..], Node::items)
            .iter()
            .enumerate()
        {
            let place = format!("{way}.features[{at}]");
            if let (Some(name), kind) = (feature.at("name").and_then(Node::text), feature.at("dtype")) {
                let field = match kind.and_then(Node::text) {
                    Some(kind) => format!("{name}:{kind}"),
                    None => name.to_owned(),
                };
                let claim = Claim::declared(Value::text(field), self.source(feature, &place));
                draft.state(&self.page.of, self.page.kind, Property::OutputField, claim);
            }
        }
        let mut records = Some(0_u64);
        let splits = info.at("splits").map_or(&[][..], Node::items);
        for (at, split) in splits.iter().enumerate() {
            if let Some(name) = split.at("name") {
                self.declare(
                    draft,
                    Property::DatasetSplit,
                    name,
                    &format!("{way}.splits[{at}].name"),
                );
            }
            let count = split
                .at("num_examples")
                .and_then(Node::number)
                .and_then(|it| it.parse::<u64>().ok());
            records = records.zip(count).and_then(|(all, count)| all.checked_add(count));
        }
        records.filter(|_| !splits.is_empty())
    }
}

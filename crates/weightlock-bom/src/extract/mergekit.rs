//! `mergekit_config.yml`: which models were mixed, and how. <https://github.com/arcee-ai/mergekit>
//!
//! A model may be written `model+adapter`: the adapter was put on the model first, and both went in.

use weightlock_format::{Error, content::Content, yaml::tree::Node};

use super::{
    Extractor, File,
    draft::Draft,
    hub::Named,
    notes::{By, Parent},
    page::{Page, text_of, yaml_scalar},
};
use crate::graph::{Claim, Derivation, Kind, Property, Value};

/// See the module.
pub(super) struct Mergekit;

impl Extractor for Mergekit {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        matches!(
            file.path.base_name(),
            "mergekit_config.yml"
                | "mergekit_config.yaml"
                | "mergekit_moe_config.yml"
                | "mergekit_moe_config.yaml"
        ) && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let recipe = Node::read(&text_of(content)?)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        let facts = [
            (Property::MergeMethod, "merge_method"),
            (Property::MergeType, "dtype"),
        ];
        for (property, key) in facts {
            if let Some(value) = recipe.at(key).and_then(yaml_scalar) {
                page.declare(draft, property, value, key);
            }
        }
        let step = page.step("merge");
        draft.ensure(&step, Kind::Step);
        for (key, value) in recipe.entries() {
            if let (Some(key), Some(value)) = (key.text(), yaml_scalar(value)) {
                draft.set(&step, Kind::Step, key, Claim::declared(value, page.source(key)));
            }
        }
        if let Some(base) = recipe.at("base_model") {
            model(&page, base, None, "base_model", draft);
        }
        for list in ["models", "experts"] {
            each(&page, recipe.at(list), list, draft);
        }
        for (key, value) in recipe.at("parameters").map_or(&[][..], Node::entries) {
            if let (Some(key), Some(value)) = (key.text(), yaml_scalar(value)) {
                let key = format!("parameters.{key}");
                let claim = Claim::declared(value, page.source(key.as_str()));
                draft.set(&step, Kind::Step, &key, claim);
            }
        }
        let slices = recipe.at("slices").map_or(&[][..], Node::items);
        for (at, slice) in slices.iter().enumerate() {
            let way = format!("slices[{at}].sources");
            if slices.len() == 1 {
                each(&page, slice.at("sources"), &way, draft);
                continue;
            }
            // A weight of one slice is none of the model's.
            for (at, source) in slice
                .at("sources")
                .map_or(&[][..], Node::items)
                .iter()
                .enumerate()
            {
                if let Some(name) = source.at("model") {
                    model(&page, name, None, &format!("{way}[{at}].model"), draft);
                }
            }
        }
        Ok(())
    }
}

/// The models of a list.
fn each(page: &Page<'_>, list: Option<&Node>, way: &str, draft: &mut Draft) {
    for (at, entry) in list.map_or(&[][..], Node::items).iter().enumerate() {
        let weight = entry.at("parameters").and_then(|it| it.at("weight"));
        let weight = weight.and_then(|weight| {
            let value = yaml_scalar(weight)?;
            let source = page
                .source(format!("{way}[{at}].parameters.weight"))
                .at(weight.range.start);
            Some(Claim::declared(value, source))
        });
        for key in ["model", "source_model"] {
            if let Some(name) = entry.at(key) {
                model(page, name, weight.clone(), &format!("{way}[{at}].{key}"), draft);
            }
        }
    }
}

/// A model, or a model and the adapter that was put on it; the weight belongs to what is new, the adapter.
fn model(page: &Page<'_>, node: &Node, weight: Option<Claim>, way: &str, draft: &mut Draft) {
    // A model is a name, or a mapping with a path and a revision.
    let written = node
        .text()
        .or_else(|| node.at("model").and_then(|it| it.at("path")).and_then(Node::text));
    let Some(written) = written else {
        return;
    };
    let source = page.source(way).at(node.range.start);
    let mut names = written.splitn(2, '+');
    let (base, adapter) = (
        names.next().and_then(Named::read),
        names.next().and_then(Named::read),
    );
    let mut add = |named: Named, weight: Option<Claim>, on: Option<Claim>| {
        let mut parent = Parent::new(page.of.clone(), named, By::Merge, source.clone());
        parent.derivation = Some((Derivation::Merge.word().to_owned(), source.clone()));
        parent.weight = weight;
        parent.applied_on = on;
        draft.notes.parents.push(parent);
    };
    match (base, adapter) {
        (Some(base), Some(adapter)) => {
            let on = base
                .full()
                .map(|it| Claim::declared(Value::text(it), source.clone()));
            add(base, None, None);
            add(adapter, weight, on);
        }
        (Some(base), None) => add(base, weight, None),
        _ => {}
    }
}

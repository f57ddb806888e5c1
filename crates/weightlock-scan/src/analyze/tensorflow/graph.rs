//! What a graph does, when all of its nodes are known: which operators reach out, and which paths the file itself gives
//! to those that save and restore.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use weightlock_format::tensorflow::{Fact, Node};

use super::{BY_PATH, addressed, is_known, reach_of};
use crate::{
    analyze::Examination,
    observation::tensorflow::{Reach, Seen},
    reach::escape,
};

/// Operators, assets and metadata with something to be judged that are remembered. An honest graph has a handful.
const MOST_FACTS: usize = 30_000;
/// Nodes through which a path could come that are remembered.
const MOST_CARRIERS: usize = 200_000;
/// Nodes that are looked at for one path.
const MOST_STEPS: usize = 256;

/// Operators that make a text of the texts they are given.
const CARRIERS: &[&str] = &[
    "Const",
    "Identity",
    "IdentityN",
    "StringJoin",
    "StringFormat",
    "StringLower",
    "StringUpper",
    "StringStrip",
    "Substr",
    "ReduceJoin",
    "RegexReplace",
    "StaticRegexReplace",
    "AsString",
    "Select",
    "SelectV2",
    "ShardedFilename",
    "ShardedFilespec",
    "ExpandDims",
    "Squeeze",
    "Reshape",
    "Pack",
    "Unpack",
    "Concat",
    "ConcatV2",
    "Gather",
    "GatherV2",
    "StridedSlice",
    "Slice",
    "Split",
    "Fill",
    "Tile",
    "Switch",
    "Merge",
    "PlaceholderWithDefault",
    "StopGradient",
    "PreventGradient",
    "Snapshot",
    "DeepCopy",
    "EnsureShape",
    "DecodeBase64",
    "UnicodeTranscode",
];

/// A node by the function that it stands in and its name.
type Place = (String, String);

/// What is collected on the way.
#[derive(Default)]
pub(in crate::analyze) struct Graph {
    facts: Vec<Fact>,
    carriers: BTreeMap<Place, (Vec<String>, Vec<String>)>,
    /// Operators that TensorFlow has not got, and where they first stand.
    foreign: BTreeMap<String, (u64, String)>,
    functions: BTreeSet<String>,
    /// Tensors that are given the path of an asset.
    assets: BTreeSet<String>,
    is_lost: bool,
}

impl Graph {
    /// Looks at one fact.
    pub(in crate::analyze) fn see(&mut self, fact: Fact) {
        match fact {
            Fact::Node(node) => self.node(node),
            Fact::Function { name } => self.remember(|graph| _ = graph.functions.insert(name)),
            Fact::AssetTensor { name } => {
                let name = source(&name).to_owned();
                self.remember(|graph| _ = graph.assets.insert(name));
            }
            fact => self.keep(fact),
        }
    }

    fn keep(&mut self, fact: Fact) {
        if self.facts.len() < MOST_FACTS {
            self.facts.push(fact);
        } else {
            self.is_lost = true;
        }
    }

    fn remember(&mut self, note: impl FnOnce(&mut Self)) {
        if self.functions.len().max(self.assets.len()) < MOST_CARRIERS {
            note(self);
        } else {
            self.is_lost = true;
        }
    }

    fn node(&mut self, node: Node) {
        let operator = node.operator.as_str();
        if CARRIERS.contains(&operator) {
            let texts: Vec<String> = node.texts.into_iter().map(|(_, text)| text).collect();
            if self.carriers.len() >= MOST_CARRIERS {
                self.is_lost = true;
            } else if !texts.is_empty() || !node.inputs.is_empty() {
                self.carriers
                    .insert((node.function, node.name), (node.inputs, texts));
            }
        } else if reach_of(operator).is_some()
            || addressed(&node).is_some()
            || BY_PATH.iter().any(|(name, ..)| *name == operator)
        {
            self.keep(Fact::Node(node));
        } else if !operator.is_empty() && !is_known(operator) && !self.foreign.contains_key(operator) {
            if self.foreign.len() < MOST_FACTS {
                self.foreign.insert(node.operator, (node.range.start, node.name));
            } else {
                self.is_lost = true;
            }
        }
    }

    /// Judges what was collected; gives the configurations of Keras objects, with their names.
    pub(in crate::analyze) fn conclude(mut self, exam: &mut Examination<'_>) -> Vec<(String, Range<u64>)> {
        if self.is_lost {
            exam.lose(0);
        }
        let mut configurations = Vec::new();
        for fact in std::mem::take(&mut self.facts) {
            match fact {
                Fact::Node(node) => self.judge(node, exam),
                Fact::Asset { name, range } => {
                    if let Some(escape) = escape(&name) {
                        let construct = Some("asset_file_def.filename".to_owned());
                        exam.put(Some(range.start), construct, Seen::Asset { name, escape });
                    }
                }
                Fact::Keras { object, range } => configurations.push((object, range)),
                _ => {}
            }
        }
        for (operator, (offset, node)) in self.foreign {
            if !self.functions.contains(&operator) {
                let seen = Seen::ForeignOperator { operator, node };
                exam.put(Some(offset), Some("op".to_owned()), seen);
            }
        }
        configurations
    }

    fn judge(&self, node: Node, exam: &mut Examination<'_>) {
        let by_path = BY_PATH.iter().find(|(name, ..)| *name == node.operator);
        let found = match by_path {
            Some((_, inputs, reach)) => self.path(&node, inputs).map(|path| (*reach, Some(path))),
            None => addressed(&node)
                .map(|(reach, text)| (reach, Some(text)))
                .or_else(|| {
                    let given = node.texts.first().map(|(_, text)| text.clone());
                    let given = given.or_else(|| self.texts(&node, &[0]).into_iter().next());
                    Some((reach_of(&node.operator)?, given))
                }),
        };
        if let Some((reach, target)) = found {
            observe(node, reach, target, exam);
        }
    }

    /// A path outside the folder that the file gives to one of the inputs.
    fn path(&self, node: &Node, inputs: &[usize]) -> Option<String> {
        let texts = self.texts(node, inputs);
        texts.into_iter().find(|text| escape(text).is_some())
    }

    /// The constant texts that come to the inputs of a node, through whatever passes them on.
    fn texts(&self, node: &Node, inputs: &[usize]) -> Vec<String> {
        let wanted = inputs.iter().filter_map(|&at| node.inputs.get(at));
        let mut todo: Vec<&str> = wanted.map(|input| source(input)).collect();
        let mut done = BTreeSet::new();
        let mut found = Vec::new();
        while let Some(name) = todo.pop() {
            if self.assets.contains(name) || done.len() >= MOST_STEPS || !done.insert(name) {
                continue;
            }
            if let Some((inputs, texts)) = self.carriers.get(&(node.function.clone(), name.to_owned())) {
                found.extend(texts.iter().cloned());
                todo.extend(inputs.iter().map(|input| source(input)));
            }
        }
        found
    }
}

/// The node that an input comes from: `^a`, `a:0` and `a:output:0` are `a`.
fn source(input: &str) -> &str {
    let input = input.trim_start_matches('^');
    input.split_once(':').map_or(input, |(node, _)| node)
}

fn observe(node: Node, reach: Reach, target: Option<String>, exam: &mut Examination<'_>) {
    let place = if node.function.is_empty() {
        node.name
    } else {
        format!("{}/{}", node.function, node.name)
    };
    let seen = Seen::Operator {
        operator: node.operator,
        reach,
        node: place,
        target,
    };
    exam.put(Some(node.range.start), Some("op".to_owned()), seen);
}

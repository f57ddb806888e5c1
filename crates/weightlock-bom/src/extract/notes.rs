//! What is noted while files are read and judged when all were: see [`infer`](super::infer).

use std::collections::BTreeSet;

use weightlock_artifact::{digest::Digest, path::ArtifactPath};
use weightlock_format::Dtype;

use super::hub::Named;
use crate::graph::{Claim, Ref, Source};

/// Everything that one file alone cannot decide.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Notes {
    /// Models that something was made from.
    pub(super) parents: Vec<Parent>,
    /// Names.
    pub(super) names: Vec<Name>,
    /// Signs that numbers were made coarser.
    pub(super) quantized: Vec<(Ref, Source)>,
    /// Models whose output is their embedding, as their configuration says.
    pub(super) tied: BTreeSet<Ref>,
    /// Signs that models were mixed.
    pub(super) merged: Vec<(Ref, Source)>,
    /// Bits that packed numbers are said to have.
    pub(super) bits: Vec<(Ref, u64)>,
    /// Files with weights.
    pub(super) weights: Vec<Weights>,
    /// Graphs with weights in them, and how many numbers there are.
    pub(super) graphs: Vec<(Ref, ArtifactPath, Claim)>,
    /// Lists of shards.
    pub(super) shards: Vec<Shards>,
    /// Numbers of parameters that somebody claims.
    pub(super) sizes: Vec<(Ref, Claim)>,
    /// Packages for which a range of versions is asked.
    pub(super) requirements: Vec<Requirement>,
    /// Digests that a list states for files.
    pub(super) stated: Vec<StatedDigest>,
    /// Distributions that are installed, with their lists of files.
    pub(super) installed: Vec<Installed>,
    /// Identity and version of the operating system.
    pub(super) system: Option<System>,
    /// Signs that this is a data set.
    pub(super) data: Vec<Source>,
}

/// Who names a parent, from the strongest to the weakest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum By {
    /// The configuration of an adapter.
    Adapter,
    /// `base_model` of a card.
    Card,
    /// A tag of a card.
    Tag,
    /// `general.base_model` of a GGUF file.
    Gguf,
    /// `general.source` of a GGUF file.
    GgufSource,
    /// A recipe of mergekit.
    Merge,
    /// `source_model_name` of MLflow.
    Tracker,
    /// `_name_or_path` of a configuration.
    NameOrPath,
}

/// A model that something was made from.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Parent {
    /// What was made.
    pub(super) of: Ref,
    /// From what.
    pub(super) from: Named,
    /// Who says so.
    pub(super) by: By,
    /// Where.
    pub(super) source: Source,
    /// How it was made, where this source says it, in its own word, and where it does.
    pub(super) derivation: Option<(String, Source)>,
    /// The revision of the parent.
    pub(super) revision: Option<Claim>,
    /// The version of the parent.
    pub(super) version: Option<Claim>,
    /// Where the parent can be got.
    pub(super) location: Option<Claim>,
    /// Whose the parent is.
    pub(super) supplier: Option<Claim>,
    /// With which weight it was mixed in.
    pub(super) weight: Option<Claim>,
    /// The model that it, an adapter, was put on before.
    pub(super) applied_on: Option<Claim>,
}

impl Parent {
    /// A parent of which only the name is known.
    pub(super) const fn new(of: Ref, from: Named, by: By, source: Source) -> Self {
        Self {
            of,
            from,
            by,
            source,
            derivation: None,
            revision: None,
            version: None,
            location: None,
            supplier: None,
            weight: None,
            applied_on: None,
        }
    }
}

/// What a name is taken from, from the strongest to the weakest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum NameFrom {
    /// The address of the model itself.
    Address,
    /// `model-index[].name`, or the name in a description of a data set.
    Index,
    /// A name for people: `model_name`, `pretty_name`, `general.name`.
    Title,
    /// The first heading of a card. It only helps to tell a model from its parent.
    Heading,
}

/// A name of something.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Name {
    /// Of what.
    pub(super) of: Ref,
    /// The name.
    pub(super) name: Named,
    /// What it is taken from.
    pub(super) from: NameFrom,
    /// Where.
    pub(super) source: Source,
}

/// A file with weights.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Weights {
    /// Whose they are.
    pub(super) of: Ref,
    /// Whether they are counted for it. Another form of the same weights in a folder below is not.
    pub(super) is_counted: bool,
    /// The file.
    pub(super) path: ArtifactPath,
    /// Whether it is GGUF, whose dimensions count numbers whatever they are packed into.
    pub(super) is_gguf: bool,
    /// Whether the header was read to its end.
    pub(super) is_whole: bool,
    /// Its tensors.
    pub(super) tensors: Vec<Tensor>,
}

/// A tensor as far as counting needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tensor {
    /// Its name.
    pub(super) name: String,
    /// The type of its numbers.
    pub(super) dtype: Option<Dtype>,
    /// Its dimensions.
    pub(super) shape: Vec<u64>,
}

/// A list of shards.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Shards {
    /// Whose they are.
    pub(super) of: Ref,
    /// The list.
    pub(super) path: ArtifactPath,
    /// Each tensor, and the file that it is said to be in.
    pub(super) tensors: Vec<(String, ArtifactPath)>,
    /// Bytes of all tensors, as the list says.
    pub(super) total_size: Option<u64>,
}

/// A package and the range of versions that is asked for.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Requirement {
    /// What needs it.
    pub(super) of: Ref,
    /// Its name, normalised.
    pub(super) name: String,
    /// The range, as it is written.
    pub(super) range: Claim,
    /// On which machines it is asked for.
    pub(super) marker: Option<Claim>,
}

/// A digest that a list states for a file.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct StatedDigest {
    /// The file.
    pub(super) path: ArtifactPath,
    /// The digest.
    pub(super) digest: Digest,
    /// Where it is stated.
    pub(super) source: Source,
}

/// A distribution that is installed.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Installed {
    /// The package.
    pub(super) package: Ref,
    /// The list of its files.
    pub(super) list: ArtifactPath,
    /// Its files that are here.
    pub(super) files: Vec<ArtifactPath>,
}

/// An operating system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct System {
    /// `debian`.
    pub(super) id: String,
    /// `12`; empty where it has none.
    pub(super) version: String,
}

//! The published kinds of step ("build types"): what each may have set from outside. `docs/build-types` has a page for each.
//!
//! A build type says what the parameters mean, so a verifier has to know it, and refuses external parameters that it does not
//! have: an unknown one could have changed anything. Digests of inputs belong into `resolvedDependencies` and not into the
//! parameters.

use serde_json::{Map, Value};

use super::urn;

/// What the URI of every build type of ours begins with.
pub const BASE: &str = "urn:weightlock:build-type:";

/// A kind of step of machine learning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// Weights from data alone.
    Train,
    /// Weights, or an adapter, from a base model and data.
    FineTune,
    /// One model from several, or from a base and an adapter.
    Merge,
    /// The same weights in fewer bits.
    Quantize,
    /// The same weights in another format.
    Convert,
    /// The same weights in other files.
    Shard,
    /// Files of a model put together for giving them away.
    Package,
    /// Measurements of a model.
    Evaluate,
}

/// Which part of making a model a step belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// New weights come from data.
    Training,
    /// Weights come from weights.
    Transform,
    /// Nothing is made but numbers.
    Evaluation,
}

/// Parameters that every step has.
pub const COMMON: [Parameter; 4] = [
    (
        "source",
        "where the code comes from: `uri`, and `ref` where a branch or tag was known",
    ),
    (
        "command",
        "the program and its arguments, as a list; what looked like a secret is left out",
    ),
    (
        "materials",
        "the names of what was declared as input; their digests are resolved dependencies",
    ),
    (
        "config",
        "the names of configuration files; their digests are resolved dependencies",
    ),
];

/// A parameter and its meaning.
pub type Parameter = (&'static str, &'static str);

impl Step {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::Train,
        Self::FineTune,
        Self::Merge,
        Self::Quantize,
        Self::Convert,
        Self::Shard,
        Self::Package,
        Self::Evaluate,
    ];

    /// The word on the command line and in the URI.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::FineTune => "finetune",
            Self::Merge => "merge",
            Self::Quantize => "quantize",
            Self::Convert => "convert",
            Self::Shard => "shard",
            Self::Package => "package",
            Self::Evaluate => "evaluate",
        }
    }

    /// The step of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    /// The URI of its build type.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{BASE}ml/{}/v1", self.word())
    }

    /// The step of a build type of ours.
    #[must_use]
    pub fn of(build_type: &str) -> Option<Self> {
        let word = urn::canonical(build_type);
        let word = word
            .strip_prefix(BASE)?
            .strip_prefix("ml/")?
            .strip_suffix("/v1")?;
        Self::named(word)
    }

    /// The step that a foreign build type is, going by the end of its URI: `…/ml/quantize/v1`. That says what was done, and
    /// nothing about which parameters it may have.
    #[must_use]
    pub fn like(build_type: &str) -> Option<Self> {
        let mut parts = build_type.rsplit(['/', ':']);
        let (version, word, family) = (parts.next()?, parts.next()?, parts.next()?);
        let is_version = version
            .strip_prefix('v')
            .is_some_and(|digits| digits.parse::<u32>().is_ok());
        (is_version && family == "ml")
            .then(|| Self::named(word))
            .flatten()
    }

    /// Which part of making a model it belongs to.
    #[must_use]
    pub const fn part(self) -> Part {
        match self {
            Self::Train | Self::FineTune => Part::Training,
            Self::Merge | Self::Quantize | Self::Convert | Self::Shard | Self::Package => Part::Transform,
            Self::Evaluate => Part::Evaluation,
        }
    }

    /// What may be set from outside, beside [`COMMON`].
    #[must_use]
    pub const fn own_parameters(self) -> &'static [Parameter] {
        match self {
            Self::Train => &[
                ("seed", "the seed of random numbers"),
                ("dataMix", "shares of the data sets, by their names"),
                (
                    "hyperparameters",
                    "values by name, or the name of the file that has them",
                ),
            ],
            Self::FineTune => &[
                ("base", "what the base model is called"),
                (
                    "method",
                    "how: `full`, `lora`, `qlora`, `dpo`, `sft` and the like",
                ),
                ("dataset", "what the data is called, or a list of such names"),
                (
                    "hyperparameters",
                    "values by name, or the name of the file that has them",
                ),
                ("seed", "the seed of random numbers"),
            ],
            Self::Merge => &[
                ("method", "how: `linear`, `slerp`, `ties`, `adapter` and the like"),
                ("weights", "the share of each model, by its name"),
                ("dtype", "the type that the result is computed in"),
            ],
            Self::Quantize => &[
                ("scheme", "what: `Q8_0`, `gptq`, `awq`, `fp8` and the like"),
                ("bits", "bits for a weight"),
                ("groupSize", "weights that share a scale"),
                ("exclude", "modules that keep their precision"),
                ("calibration", "what the calibration data is called"),
            ],
            Self::Convert => &[
                ("from", "the format before"),
                ("to", "the format after"),
                ("options", "further options, by name"),
            ],
            Self::Shard => &[
                ("shards", "how many files"),
                ("shardBytes", "the most bytes for a file"),
            ],
            Self::Package => &[(
                "layout",
                "how the files are put together: `oci`, `folder` and the like",
            )],
            Self::Evaluate => &[
                ("benchmark", "what was measured, or a list of it"),
                ("limit", "the most examples for each benchmark"),
                ("seed", "the seed of random numbers"),
            ],
        }
    }

    /// Whether this may be set from outside.
    #[must_use]
    pub fn knows(self, parameter: &str) -> bool {
        let all = COMMON.iter().chain(self.own_parameters());
        all.into_iter().any(|(name, _)| *name == parameter)
    }
}

/// Build types of others whose parameters are known: those of GitHub's workflows.
const FOREIGN: [(&str, &[&str]); 2] = [
    (
        "https://actions.github.io/buildtypes/workflow/v1",
        &["workflow", "inputs"],
    ),
    (
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
        &["workflow", "inputs", "vars"],
    ),
];

/// What a build type allows to be set from outside: `None` for one that is not known.
#[must_use]
pub fn allowed(build_type: &str) -> Option<Allowed> {
    if let Some(step) = Step::of(build_type) {
        return Some(Allowed::Ours(step));
    }
    let foreign = FOREIGN.iter().find(|(uri, _)| *uri == build_type);
    foreign.map(|(_, names)| Allowed::Listed(names))
}

/// What may be set from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allowed {
    /// What a published step of ours has.
    Ours(Step),
    /// These.
    Listed(&'static [&'static str]),
}

impl Allowed {
    /// The parameters among these that are not allowed, in order of their names.
    #[must_use]
    pub fn strangers<'a>(&self, parameters: &'a Map<String, Value>) -> Vec<&'a str> {
        let is_known = |name: &str| match self {
            Self::Ours(step) => step.knows(name),
            Self::Listed(names) => names.contains(&name),
        };
        let names = parameters.keys().map(String::as_str);
        names.filter(|name| !is_known(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_uris_lead_back_to_their_step() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.word()), Some(step));
            assert_eq!(Step::of(&step.uri()), Some(step));
            assert_eq!(Step::like(&step.uri()), Some(step));
        }
        assert_eq!(
            Step::like("https://example.org/buildtypes/ml/quantize/v1"),
            Some(Step::Quantize)
        );
        for other in [
            "",
            "quantize",
            "ml/quantize",
            "https://x/quantize/v1",
            "https://x/ml/quantize/vx",
        ] {
            assert_eq!((Step::of(other), Step::like(other)), (None, None), "{other}");
        }
        assert_eq!(
            Step::of("https://example.org/buildtypes/ml/quantize/v1"),
            None,
            "the same words under another name are another type"
        );
    }

    #[test]
    fn a_urn_in_capitals_is_the_same_build_type() {
        assert_eq!(
            Step::of("URN:WeightLock:build-type:ml/train/v1"),
            Some(Step::Train)
        );
        assert_eq!(Step::of("urn:weightlock:build-type:ML/train/v1"), None);
    }

    #[test]
    fn a_parameter_of_another_step_is_a_stranger() {
        let parameters = serde_json::json!({"command": ["x"], "bits": 4, "dataset": "d"});
        let parameters = parameters.as_object().unwrap();
        assert_eq!(Allowed::Ours(Step::Quantize).strangers(parameters), ["dataset"]);
        assert_eq!(Allowed::Ours(Step::FineTune).strangers(parameters), ["bits"]);
        assert!(allowed("https://example.com/unknown").is_none());
        let github = allowed("https://actions.github.io/buildtypes/workflow/v1").unwrap();
        assert_eq!(github.strangers(parameters), ["bits", "command", "dataset"]);
    }

    /// The pages list exactly what the verifier allows.
    #[test]
    fn every_build_type_has_its_page_with_its_parameters() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/build-types");
        for step in Step::ALL {
            let page = folder.join(format!("{}.md", step.word()));
            let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{}", page.display()));
            assert!(text.contains(&step.uri()), "{}", step.word());
            let rows: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
                .map(|(name, _)| name)
                .collect();
            let own = step.own_parameters().iter().map(|(name, _)| *name);
            let wanted: Vec<&str> = COMMON.iter().map(|(name, _)| *name).chain(own).collect();
            assert_eq!(rows, wanted, "{}", step.word());
        }
    }
}

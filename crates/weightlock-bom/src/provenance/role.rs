//! [`Role`]: which part an input played. The words stand in the annotation `role` of a resolved dependency, as the pages on
//! the build types say.

/// Which part an input played.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// A model that the new one was made from.
    BaseModel,
    /// An adapter that was merged into it.
    Adapter,
    /// What it was trained on.
    Dataset,
    /// What a quantisation was calibrated with.
    CalibrationDataset,
    /// What it was measured with.
    EvaluationDataset,
    /// The code that did it.
    Code,
    /// A program that did it.
    Tool,
    /// Its tokenizer.
    Tokenizer,
    /// The image of the container that it ran in.
    BaseImage,
    /// A configuration file.
    Config,
    /// A list of exact versions.
    LockFile,
    /// A file that lay in the folder of products before, and was not touched.
    CarriedOver,
    /// Anything else, and everything of which nobody said more.
    Material,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 13] = [
        Self::BaseModel,
        Self::Adapter,
        Self::Dataset,
        Self::CalibrationDataset,
        Self::EvaluationDataset,
        Self::Code,
        Self::Tool,
        Self::Tokenizer,
        Self::BaseImage,
        Self::Config,
        Self::LockFile,
        Self::CarriedOver,
        Self::Material,
    ];

    /// The word in statements and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BaseModel => "base-model",
            Self::Adapter => "adapter",
            Self::Dataset => "dataset",
            Self::CalibrationDataset => "calibration-dataset",
            Self::EvaluationDataset => "evaluation-dataset",
            Self::Code => "code",
            Self::Tool => "tool",
            Self::Tokenizer => "tokenizer",
            Self::BaseImage => "base-image",
            Self::Config => "config",
            Self::LockFile => "lock-file",
            Self::CarriedOver => "carried-over",
            Self::Material => "material",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the new model descends from it.
    #[must_use]
    pub const fn is_parent(self) -> bool {
        matches!(self, Self::BaseModel | Self::Adapter)
    }

    /// Whether it is data that the weights come from.
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, Self::Dataset | Self::CalibrationDataset)
    }
}

//! [`Profile`]: what the model will be used for decides what must be vouched for.

use serde::Serialize;

/// How much is vouched for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Known classes of the common libraries may be constructed.
    #[default]
    Default,
    /// Only plain values, tensors and arrays may; known classes are Medium. Declared data is read at every offset.
    Strict,
    /// Only what PyTorch accepts with `weights_only=True` may; anything else is High.
    WeightsOnly,
}

impl Profile {
    /// The word on the command line and in all outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
            Self::WeightsOnly => "weights-only",
        }
    }
}

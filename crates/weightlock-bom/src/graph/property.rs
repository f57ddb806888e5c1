//! [`Property`]: everything that can be known about a component. One list, from which documents, profiles, comparisons and
//! the reference page are made.

use serde::Serialize;

/// How many values a fact can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arity {
    /// One: two values are a conflict.
    One,
    /// Several: each value stands for itself.
    Many,
}

macro_rules! properties {
    ($($variant:ident $name:literal $arity:ident $meaning:literal;)+) => {
        /// What a fact is about. The name in documents is `weightlock:` with [`Property::name`].
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Property {
            $(#[doc = concat!($meaning, ".")] $variant,)+
        }

        impl Property {
            /// Every property, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in documents: lower case with dashes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it means, as a sentence without a final period.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)+
                }
            }

            /// How many values it can have.
            #[must_use]
            pub const fn arity(self) -> Arity {
                match self {
                    $(Self::$variant => Arity::$arity,)+
                }
            }
        }
    };
}

properties! {
    // What it is.
    Name "name" One "What it is called, without the name of its owner";
    Title "title" Many "A name for people, where it differs from the one at the registry";
    Namespace "namespace" One "Whose it is at the registry: the part before the slash";
    Version "version" One "The version, as its maker counts";
    Revision "revision" One "The commit or the digest at the registry";
    Purl "purl" One "The package URL";
    Digest "digest" Many "A digest of the bytes; of a folder, the digest of its canonical manifest";
    Supplier "supplier" One "Who gives it out";
    Author "author" Many "Who made it";
    Description "description" Many "What it is, in a paragraph";
    ReleaseTime "release-time" One "When it was given out, as RFC 3339 has it";
    StatedDigest "stated-digest" Many "A digest that a list states for it";
    LoadedFrom "loaded-from" Many "What its files were loaded from or written to: a name, or a path on a machine";
    Location "location" Many "Where it can be got, a URL or a name at a registry";
    License "license" Many "A licence: an expression of SPDX, or a name where there is none";
    LicenseWritten "license-written" Many "A licence as its source writes it";
    LicenseUnlisted "license-unlisted" Many "What stands for a licence and is no identifier of SPDX or of a hub";
    LicenseText "license-text" Many "A licence whose text lies with the model, recognised by its words";
    LicenseLink "license-link" Many "Where the text of a licence is";
    Language "language" Many "A language it is for";
    Tag "tag" Many "A word its maker filed it under";
    Homepage "homepage" Many "A page about it";
    Paper "paper" Many "A publication about it";

    // Models.
    Task "task" Many "What it is for, in the words of the model hubs: text-generation";
    Library "library" Many "What loads it";
    ModelType "model-type" One "The family of its architecture: llama";
    Architecture "architecture" Many "The class that loads it: LlamaForCausalLM";
    LearningApproach "learning-approach" Many "How it learnt: supervised, reinforcement-learning";
    Parameters "parameters" One "Trained numbers, whatever they are packed into";
    ParameterClaim "parameter-claim" Many "How many trained numbers somebody says it has, as written";
    WeightsType "weights-type" One "The type of its numbers, as its configuration gives it";
    StoredElements "stored-elements" One "Numbers in the files, of each type";
    Tensors "tensors" One "Tensors in the files";
    ContextLength "context-length" One "Tokens it can look back on";
    VocabularySize "vocabulary-size" One "Tokens it knows";
    HiddenSize "hidden-size" One "Numbers that stand for one token inside";
    Layers "layers" One "Blocks that follow each other";
    InputModality "input-modality" Many "What goes in: text, image, audio";
    OutputModality "output-modality" Many "What comes out";
    InputField "input-field" Many "A column or tensor that goes in, with its type";
    OutputField "output-field" Many "A column or tensor that comes out, with its type";
    ChatTemplate "chat-template" Many "SHA-256 of a chat template, with its name";
    Generation "generation" Many "A setting of text generation that comes with it";
    RemoteCode "remote-code" One "Whether loading it needs code of its own";
    CustomCode "custom-code" Many "A class it asks for from outside the library, with its place";
    Pickle "pickle" One "Whether the file is a pickle, which runs code when it is loaded";
    Entrypoint "entrypoint" Many "How it is loaded: a flavour of MLflow, a pipeline";
    Loader "loader" Many "The module that loads it";
    TrackerId "tracker-id" Many "What a tracker of models calls it";
    PackedAt "packed-at" Many "When its folder was written, as its packer says";
    RunId "run-id" Many "The run that made it, in the words of its tracker";

    // How it was made coarser, put beside, or mixed.
    QuantizationMethod "quantization-method" One "How its numbers were made coarser: gptq";
    QuantizationBits "quantization-bits" One "Bits of a number";
    QuantizationGroup "quantization-group-size" One "Numbers that share a scale";
    QuantizationType "quantization-type" One "The type of most numbers, in the words of the format: Q8_0";
    QuantizationFileType "quantization-file-type" One "The number that GGUF has for the type of most numbers";
    QuantizationVersion "quantization-version" One "The version of that type";
    QuantizationExcluded "quantization-excluded" Many "A part that was left as it was";
    QuantizationCache "quantization-kv-cache" One "The type of what is kept between tokens";
    QuantizedBy "quantized-by" Many "Who made it coarser";
    AdapterType "adapter-type" One "The kind of adapter: LORA";
    AdapterRank "adapter-rank" One "The smaller side of its matrices";
    AdapterAlpha "adapter-alpha" One "What its matrices are scaled by";
    AdapterTarget "adapter-target" Many "A module it sits beside";
    MergeMethod "merge-method" One "How models were mixed: linear";
    MergeType "merge-type" One "The type of the mixed numbers";

    // Relations.
    Derivation "derivation" One "How it was made from its parent: finetune, adapter, merge, quantized, converted";
    Weight "weight" One "With which weight a parent was mixed in";
    AppliedOn "applied-on" One "The model that an adapter was put on before";
    Role "role" Many "What a file or an input is there for: weights, tokenizer, configuration";

    // Data.
    DatasetType "dataset-type" One "What the data are: text, image, structured";
    DatasetConfig "dataset-config" Many "Which configuration of it";
    DatasetSplit "dataset-split" Many "Which split of it";
    Records "records" One "Rows, documents or pictures in it";
    DatasetSize "dataset-size" One "Its size, as its card gives it";
    Collection "collection" Many "How it was collected";
    Preprocessing "preprocessing" Many "What was done to it";
    DatasetBias "dataset-bias" Many "A known lean of it";
    SensitiveData "sensitive-data" Many "What in it is personal or secret";
    IntendedUse "intended-use" Many "What it is meant for";
    ConformsTo "conforms-to" One "The specification its description follows";

    // Files and packages.
    Size "size" One "Bytes";
    Format "format" One "The file format, by content";
    Ecosystem "ecosystem" One "Whose package it is: pypi, deb";
    SourcePackage "source-package" One "The package it was built from, with its version";
    Installer "installer" One "What installed it";
    Platform "platform" One "Machine and system it is for";
    Marker "marker" Many "On which machines it is asked for";
    Requirement "requirement" Many "A range of versions that is asked for, where no version is fixed";

    // Steps.
    StepKind "step-kind" One "What was done: train, finetune, quantize, convert, merge, evaluate";
    StartedAt "started-at" One "When it began, as RFC 3339 has it";
    FinishedAt "finished-at" One "When it ended, as RFC 3339 has it";
    Duration "duration" One "How long it took, in seconds";
    Steps "steps" One "Steps of the optimiser";
    Epochs "epochs" One "Times it saw its data";
    Carbon "carbon" One "Grams of carbon dioxide it cost";
    CarbonSource "carbon-source" One "How they were counted";
    Energy "energy" One "Kilowatt hours it cost";
    HardwareUsed "hardware" Many "A machine it ran on";
    RanAt "ran-at" One "Where it ran";

    // What its makers think of it.
    Limitation "limitation" Many "What it cannot do well";
    Bias "bias" Many "Whom it may wrong, and how";
    OutOfScopeUse "out-of-scope-use" Many "What it must not be used for";
    SafetyRisk "safety-risk" One "How great the risk is: low, medium, high, serious";
    Autonomy "autonomy" One "Whether it acts without a person: yes, no";
    PersonalData "personal-data" One "Whether it learnt from personal data: yes, no";
    Explainability "explainability" Many "How its answers can be explained";
    Standard "standard" Many "A standard it complies with";
    Distribution "distribution" Many "How it is given out";
    Integration "integration" Many "How it is built into something";
    TrainingMethod "training-method" Many "How it was designed and trained";
    Compute "compute" One "Operations its training took";
    SecurityControl "security-control" Many "How it is protected";
    DataFlow "data-flow" Many "Where data go when it is used";
    DataUsage "data-usage" Many "What data of its users are used for";
}

impl Serialize for Property {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Property {
    /// The property with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

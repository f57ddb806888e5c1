//! Core ML models: what they need from the app around them. <https://apple.github.io/coremltools/mlmodel/index.html>
//!
//! `Model` is a protocol buffer whose outermost field with a number from 200 on says what kind it is. A custom layer
//! or custom model names a class of native code in the app; a pipeline holds further models. The rest is weights and
//! settings, which run nothing.

pub mod weights;

use std::ops::Range;

use crate::{
    Error,
    content::Content,
    limits::{Budget, Limits},
    protobuf::{
        self, Event, Schema,
        Shape::{Data, Message, Number, Text},
        Walker, field,
    },
};

static MODEL: Schema = Schema {
    name: "Model",
    fields: &[
        field(1, "specificationVersion", Number),
        field(2, "description", Data),
        field(10, "isUpdatable", Number),
        field(200, "pipelineClassifier", Message(&PIPELINE_WRAPPER)),
        field(201, "pipelineRegressor", Message(&PIPELINE_WRAPPER)),
        field(202, "pipeline", Message(&PIPELINE)),
        field(300, "glmRegressor", Data),
        field(301, "supportVectorRegressor", Data),
        field(302, "treeEnsembleRegressor", Data),
        field(303, "neuralNetworkRegressor", Message(&NETWORK)),
        field(304, "bayesianProbitRegressor", Data),
        field(400, "glmClassifier", Data),
        field(401, "supportVectorClassifier", Data),
        field(402, "treeEnsembleClassifier", Data),
        field(403, "neuralNetworkClassifier", Message(&NETWORK)),
        field(404, "kNearestNeighborsClassifier", Data),
        field(500, "neuralNetwork", Message(&NETWORK)),
        field(501, "itemSimilarityRecommender", Data),
        field(502, "mlProgram", Data),
        field(555, "customModel", Message(&CUSTOM)),
        field(556, "linkedModel", Message(&LINKED)),
        field(560, "classConfidenceThresholding", Data),
        field(600, "oneHotEncoder", Data),
        field(601, "imputer", Data),
        field(602, "featureVectorizer", Data),
        field(603, "dictVectorizer", Data),
        field(604, "scaler", Data),
        field(606, "categoricalMapping", Data),
        field(607, "normalizer", Data),
        field(609, "arrayFeatureExtractor", Data),
        field(610, "nonMaximumSuppression", Data),
        field(900, "identity", Data),
        field(2000, "textClassifier", Data),
        field(2001, "wordTagger", Data),
        field(2002, "visionFeaturePrint", Data),
        field(2003, "soundAnalysisPreprocessing", Data),
        field(2004, "gazetteer", Data),
        field(2005, "wordEmbedding", Data),
        field(2006, "audioFeaturePrint", Data),
        field(3000, "serializedModel", Data),
    ],
};

static PIPELINE_WRAPPER: Schema = Schema {
    name: "PipelineClassifier",
    fields: &[field(1, "pipeline", Message(&PIPELINE))],
};

static PIPELINE: Schema = Schema {
    name: "Pipeline",
    fields: &[field(1, "models", Message(&MODEL)), field(2, "names", Text)],
};

static NETWORK: Schema = Schema {
    name: "NeuralNetwork",
    fields: &[
        field(1, "layers", Message(&LAYER)),
        field(2, "preprocessing", Data),
        field(5, "arrayInputShapeMapping", Number),
        field(6, "imageInputShapeMapping", Number),
        field(10, "updateParams", Data),
        field(100, "stringClassLabels", Data),
        field(101, "int64ClassLabels", Data),
        field(200, "labelProbabilityLayerName", Text),
    ],
};

static CUSTOM: Schema = Schema {
    name: "Custom",
    fields: &[
        field(1, "className", Text),
        field(10, "className", Text),
        field(20, "weights", Data),
        field(30, "parameters", Data),
        field(40, "description", Text),
    ],
};

static LINKED: Schema = Schema {
    name: "LinkedModel",
    fields: &[field(1, "linkedModelFile", Message(&LINKED_FILE))],
};

static LINKED_FILE: Schema = Schema {
    name: "LinkedModelFile",
    fields: &[
        field(1, "linkedModelFileName", Message(&PARAMETER)),
        field(2, "linkedModelSearchPath", Message(&PARAMETER)),
    ],
};

static PARAMETER: Schema = Schema {
    name: "StringParameter",
    fields: &[field(1, "defaultValue", Text)],
};

static LAYER: Schema = Schema {
    name: "NeuralNetworkLayer",
    fields: &[
        field(1, "name", Text),
        field(2, "input", Text),
        field(3, "output", Text),
        field(4, "inputTensor", Data),
        field(5, "outputTensor", Data),
        field(10, "isUpdatable", Number),
        field(500, "custom", Message(&CUSTOM)),
    ],
};

/// Something that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// A layer or model that is a class of native code in the app.
    Custom {
        /// The class.
        class: String,
        /// Where the name lies.
        range: Range<u64>,
    },
    /// Another model file that is loaded with this one.
    Linked {
        /// Its name or the folders it is looked for in.
        path: String,
        /// Where it lies.
        range: Range<u64>,
    },
    /// Bytes that were passed over: weights and settings.
    Data {
        /// The field.
        field: &'static str,
        /// Where they lie.
        range: Range<u64>,
    },
    /// A field that Core ML does not have.
    Unknown {
        /// Its number.
        number: u32,
        /// Where its value lies.
        range: Range<u64>,
    },
}

/// Whether `content` is a Core ML model by its outermost fields.
///
/// # Errors
/// What reading raises.
pub fn fits(content: &Content, limits: &Limits) -> std::io::Result<bool> {
    let kinds: Vec<u32> = MODEL
        .fields
        .iter()
        .map(|field| field.number)
        .filter(|&number| number >= 200)
        .collect();
    protobuf::fits(content, &MODEL, &kinds, limits)
}

/// Reads `content` and hands each fact to `tell`.
///
/// # Errors
/// The first broken rule of the wire format, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<(), Error> {
    let mut walker = Walker::new(content, &MODEL, limits, budget);
    let mut open = vec![MODEL.name];
    while let Some(event) = walker.step()? {
        let message = open.last().copied().unwrap_or_default();
        match event {
            Event::Enter { schema, .. } => open.push(schema.name),
            Event::Leave { .. } => {
                open.pop();
            }
            Event::Text {
                field: "className",
                bytes,
                range,
            } => tell(Fact::Custom {
                class: String::from_utf8_lossy(&bytes).into_owned(),
                range,
            }),
            Event::Text { bytes, range, .. } if message == PARAMETER.name => tell(Fact::Linked {
                path: String::from_utf8_lossy(&bytes).into_owned(),
                range,
            }),
            Event::Data { field, range } => tell(Fact::Data { field, range }),
            // A layer has one of some two hundred kinds, each with weights and settings of its own.
            Event::Unknown { range, .. } if message == LAYER.name => tell(Fact::Data {
                field: "layer",
                range,
            }),
            Event::Unknown { number, range } => tell(Fact::Unknown { number, range }),
            Event::Text { .. } | Event::Number { .. } => {}
        }
    }
    Ok(())
}

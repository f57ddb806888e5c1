//! MLflow's `MLmodel` ([model format](https://mlflow.org/docs/latest/ml/model/)): flavours, the module that loads each,
//! and the files that they lie in.

use weightlock_format::yaml::Stream;

use super::super::Examination;
use crate::{observation::config::Seen, reach};

/// Modules of MLflow that load a flavour.
const LOADERS: &[&str] = &[
    "mlflow.sklearn",
    "mlflow.pytorch",
    "mlflow.tensorflow",
    "mlflow.keras",
    "mlflow.keras.load",
    "mlflow.xgboost",
    "mlflow.lightgbm",
    "mlflow.catboost",
    "mlflow.spark",
    "mlflow.onnx",
    "mlflow.transformers",
    "mlflow.sentence_transformers",
    "mlflow.langchain",
    "mlflow.langchain.model",
    "mlflow.llama_index",
    "mlflow.llama_index.model",
    "mlflow.openai",
    "mlflow.openai.model",
    "mlflow.prophet",
    "mlflow.pmdarima",
    "mlflow.statsmodels",
    "mlflow.spacy",
    "mlflow.fastai",
    "mlflow.gluon",
    "mlflow.mleap",
    "mlflow.h2o",
    "mlflow.paddle",
    "mlflow.diviner",
    "mlflow.johnsnowlabs",
    "mlflow.shap",
    "mlflow.promptflow",
    "mlflow.dspy",
    "mlflow.dspy.load",
    "mlflow.pyfunc.model",
    "mlflow.pyfunc.loaders.code_model",
    "mlflow.pyfunc.loaders.responses_agent",
    "mlflow.pyfunc.loaders.chat_agent",
    "mlflow.pyfunc.loaders.chat_model",
    "mlflow.crate",
    "mlflow.rfunc",
    "mlflow.ag2",
    "mlflow.smolagents",
];

/// Packages that a model of Keras is loaded with, and modules that read a pickle of PyTorch.
const IMPORTED: &[&str] = &[
    "keras",
    "tensorflow.keras",
    "tf_keras",
    "tf.keras",
    "pickle",
    "cloudpickle",
    "dill",
    "mlflow.pytorch.pickle_module",
];
/// Files that hold nothing but the name of a module, which is imported.
const NAMING_FILES: &[&str] = &["keras_module.txt", "pickle_module_info.txt"];

/// Keys that name a file or folder of the model.
const PATHS: &[&str] = &[
    "code",
    "data",
    "model_path",
    "model_code_path",
    "pickled_model",
    "python_model",
    "env",
    "conda",
    "virtualenv",
    "model_data",
    "model_binary",
    "saved_model_dir",
    "artifact_path",
    "path",
];

/// Whether a file of that name, in lower case, holds nothing but the name of a module.
pub(in super::super) fn names_module(name: &str) -> bool {
    NAMING_FILES.contains(&name)
}

/// What such a file asks for.
pub(in super::super) fn named_module(text: &str) -> Option<Seen> {
    let module = text.trim();
    let is_foreign = !module.is_empty() && !IMPORTED.contains(&module);
    is_foreign.then(|| Seen::LoaderModule {
        module: module.chars().take(200).collect(),
    })
}

/// What a model description asks for.
pub(super) fn judge(stream: &Stream, exam: &mut Examination<'_>) {
    for scalar in &stream.scalars {
        let name = scalar.text.trim();
        let is_foreign = match scalar.key.as_str() {
            "loader_module" => !LOADERS.contains(&name),
            "keras_module" | "pickle_module_name" => !IMPORTED.contains(&name),
            _ => false,
        };
        if is_foreign {
            let module = scalar.text.clone();
            exam.put(
                Some(scalar.offset),
                Some(scalar.path.clone()),
                Seen::LoaderModule { module },
            );
        }
        if !PATHS.contains(&scalar.key.as_str()) {
            continue;
        }
        let escape = reach::escape(&scalar.text).filter(|how| {
            // Where a run stored the model is told as an address; nothing is loaded from there.
            scalar.key != "artifact_path" || *how == reach::Escape::Parent
        });
        if let Some(how) = escape {
            let path = scalar.text.clone();
            exam.put(
                Some(scalar.offset),
                Some(scalar.path.clone()),
                Seen::EscapingPath { path, how },
            );
        }
    }
}

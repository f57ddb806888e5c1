//! What a model is for and what goes in and out, where only its architecture tells; and whether code lies beside it.

use super::super::draft::Draft;
use crate::graph::{Claim, Kind, Property, Ref, Source, Value, Verb};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    for model in super::models(draft) {
        task(&model, draft);
        modalities(&model, draft);
        source_code(&model, draft);
    }
}

/// The task, by the end of the name of the class.
fn task(model: &Ref, draft: &mut Draft) {
    let Some(component) = draft
        .graph()
        .component(model)
        .filter(|it| it.fact(Property::Task).is_none())
    else {
        return;
    };
    let claim = component.claim(Property::Architecture);
    let found = claim.and_then(|it| Some((of_class(it.value.as_text()?)?, it.sources.first()?.clone())));
    if let Some((task, source)) = found {
        draft.state(
            model,
            Kind::Model,
            Property::Task,
            Claim::inferred(Value::text(task), source),
        );
    }
}

fn of_class(class: &str) -> Option<&'static str> {
    const ENDINGS: [(&str, &str); 13] = [
        ("ForCausalLM", "text-generation"),
        ("LMHeadModel", "text-generation"),
        ("ForMaskedLM", "fill-mask"),
        ("ForSequenceClassification", "text-classification"),
        ("ForTokenClassification", "token-classification"),
        ("ForQuestionAnswering", "question-answering"),
        ("ForImageClassification", "image-classification"),
        ("ForObjectDetection", "object-detection"),
        ("ForSemanticSegmentation", "image-segmentation"),
        ("ForAudioClassification", "audio-classification"),
        ("ForCTC", "automatic-speech-recognition"),
        ("ForSpeechSeq2Seq", "automatic-speech-recognition"),
        ("ForImageTextToText", "image-text-to-text"),
    ];
    ENDINGS
        .iter()
        .find(|(ending, _)| class.ends_with(ending))
        .map(|(_, task)| *task)
}

/// What goes in and comes out, by the task.
fn modalities(model: &Ref, draft: &mut Draft) {
    let Some(component) = draft.graph().component(model) else {
        return;
    };
    let tasks: Vec<String> = component
        .claims(Property::Task)
        .iter()
        .filter_map(|it| it.value.as_text().map(str::to_owned))
        .collect();
    for task in tasks {
        let Some((input, output)) = of_task(&task) else {
            continue;
        };
        for (property, kinds) in [
            (Property::InputModality, input),
            (Property::OutputModality, output),
        ] {
            for kind in kinds {
                let claim = Claim::inferred(Value::text(*kind), Source::computed("task", task.as_str()));
                draft.state(model, Kind::Model, property, claim);
            }
        }
    }
}

fn of_task(task: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match task {
        "text-generation"
        | "text2text-generation"
        | "translation"
        | "summarization"
        | "fill-mask"
        | "question-answering" => (&["text"], &["text"]),
        "text-classification" | "token-classification" | "zero-shot-classification" => {
            (&["text"], &["label"])
        }
        "feature-extraction" | "sentence-similarity" => (&["text"], &["vector"]),
        "text-to-image" => (&["text"], &["image"]),
        "image-classification" | "object-detection" => (&["image"], &["label"]),
        "image-segmentation" | "image-to-image" => (&["image"], &["image"]),
        "image-to-text" => (&["image"], &["text"]),
        "image-text-to-text" | "visual-question-answering" => (&["image", "text"], &["text"]),
        "automatic-speech-recognition" => (&["audio"], &["text"]),
        "audio-classification" => (&["audio"], &["label"]),
        "text-to-speech" | "text-to-audio" => (&["text"], &["audio"]),
        _ => return None,
    })
}

/// Python that lies beside a model may be loaded with it.
fn source_code(model: &Ref, draft: &mut Draft) {
    let graph = draft.graph();
    let files = graph.from(model).filter(|it| it.verb == Verb::Contains);
    let code: Vec<(String, Source)> = files
        .filter_map(|it| {
            let name = graph.component(&it.to)?.text(Property::Name)?;
            name.ends_with(".py")
                .then(|| Some((name.to_owned(), it.sources.first()?.clone())))?
        })
        .collect();
    for (name, source) in code {
        draft.state(
            model,
            Kind::Model,
            Property::CustomCode,
            Claim::inferred(Value::text(name), source),
        );
    }
}

//! Python source: modules, programs, notebook cells, and the site files that Python runs at its start.

mod commands;
mod deeds;
mod downloads;
mod files;
mod names;
pub(super) mod notebook;
mod policy;

use weightlock_format::{
    Error, Fault, Problem,
    python::{self, Call, Class, Kind, Source},
};

pub(super) use self::{commands::fetches_and_runs, downloads::is_commit};
use super::{Examination, Role, Subject};
use crate::{
    coverage::Gap,
    observation::python::{Deed, Given, Seen, What},
};

/// What calling a dotted name does in source, if it is anything that has to be accounted for.
pub(super) fn deed_of(name: &str) -> Option<What> {
    names::of(name)
}

/// Whether Python reads a file of that name as source.
pub(super) fn is_source_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".py", ".pyw", ".pyi", ".py3"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether Python runs the lines of a file of that name that begin with `import`, if it lies beside its packages.
pub(super) fn is_site_name(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".pth")
}

/// Examines source text.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let kind = match subject.trail.base_name() {
        "setup.py" | "__main__.py" => Kind::Program,
        _ => Kind::Module,
    };
    let Some(text) = text(subject, exam) else {
        return;
    };
    read(&text, kind, 0, subject, exam);
}

/// Examines a cell of a notebook.
pub(super) fn cell(subject: &Subject, exam: &mut Examination<'_>) {
    if let Some(text) = text(subject, exam) {
        read(&text, Kind::Cell, 0, subject, exam);
    }
}

/// Examines the lines of a site file that Python runs.
pub(super) fn site_file(subject: &Subject, exam: &mut Examination<'_>) {
    let Some(text) = text(subject, exam) else {
        return;
    };
    let mut offset = 0_u64;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b"import ") || line.starts_with(b"import\t") {
            read(line, Kind::Module, offset, subject, exam);
        } else {
            exam.explain(offset..offset.saturating_add(line.len() as u64));
        }
        offset = offset.saturating_add(line.len() as u64);
    }
}

/// The whole text, if it is within what is granted.
fn text(subject: &Subject, exam: &mut Examination<'_>) -> Option<Vec<u8>> {
    let size = subject.content.size();
    match subject.content.whole(exam.limits.text) {
        Ok(Some(text)) => Some(text),
        Ok(None) => {
            let limit = exam.limits.text as u64;
            exam.unread(
                0..size,
                Gap::Limit {
                    what: "bytes of source text",
                    limit,
                },
            );
            None
        }
        Err(error) => {
            exam.unread(0..size, Gap::Unreadable(error.to_string()));
            None
        }
    }
}

/// Bytes of source that cost as much as one object.
const BYTES_PER_OBJECT: u64 = 16;

/// Reads source that begins at `offset` of the subject.
fn read(text: &[u8], kind: Kind, offset: u64, subject: &Subject, exam: &mut Examination<'_>) {
    let whole = offset..offset.saturating_add(text.len() as u64);
    let cost = (text.len() as u64).div_ceil(BYTES_PER_OBJECT);
    let Some(left) = exam.budget.objects.checked_sub(cost) else {
        let limit = exam.limits.objects.saturating_mul(BYTES_PER_OBJECT);
        exam.unread(
            whole,
            Gap::Limit {
                what: "bytes of source text",
                limit,
            },
        );
        return;
    };
    exam.budget.objects = left;
    match python::read(text, kind, exam.limits) {
        Ok(source) => {
            let readable = source
                .broken
                .as_ref()
                .map_or(whole.end, |(at, _)| offset.saturating_add(*at).min(whole.end));
            exam.explain(offset..readable);
            if let Some((_, why)) = &source.broken {
                exam.unread(
                    readable..whole.end,
                    Gap::Malformed(format!("the grammar of Python is broken: {why}")),
                );
            }
            judge(&source, offset, subject, exam);
            annotations(&source, offset, subject, exam);
        }
        Err(Error::Refused(problem)) => refused(problem, whole, exam),
        Err(error) => exam.unread(whole, Gap::Unreadable(error.to_string())),
    }
}

/// Judges the annotations that are written as text: whoever asks for types (`typing.get_type_hints`, data classes that
/// check, compilers) evaluates them. Those that are no Python are prose, such as the shape of a tensor.
fn annotations(source: &Source, offset: u64, subject: &Subject, exam: &mut Examination<'_>) {
    for (at, text) in &source.annotations {
        let cost = (text.len() as u64).div_ceil(BYTES_PER_OBJECT);
        let Some(left) = exam.budget.objects.checked_sub(cost) else {
            return;
        };
        exam.budget.objects = left;
        if let Ok(inner) = python::read(text.as_bytes(), Kind::Module, exam.limits)
            && inner.broken.is_none()
        {
            judge(&inner, offset.saturating_add(*at), subject, exam);
        }
    }
}

fn refused(problem: Problem, whole: std::ops::Range<u64>, exam: &mut Examination<'_>) {
    match &problem {
        Problem::Malformed {
            fault: Fault::Python(python::Fault::Encoding(name)),
            ..
        } => {
            exam.observe_at(whole.start, Seen::HiddenEncoding(name.to_string()));
            exam.unread(whole, Gap::Malformed(problem.to_string()));
        }
        Problem::LimitExceeded { what, limit, .. } => {
            exam.unread(whole, Gap::Limit { what, limit: *limit });
            exam.problem(problem);
        }
        _ => exam.unread(whole, Gap::Malformed(problem.to_string())),
    }
}

/// Puts down what the source does.
fn judge(source: &Source, offset: u64, subject: &Subject, exam: &mut Examination<'_>) {
    let in_model_code = is_model_code(subject.trail.base_name(), &source.classes);
    let at = |inner: u64| Some(offset.saturating_add(inner));
    for call in &source.calls {
        if let Some(what) = deeds::of_call(call) {
            let deed = deed(what, call, source);
            exam.put(at(call.offset), construct(call), Seen::Deed(deed));
        }
        for seen in downloads::of_call(call, in_model_code) {
            exam.put(at(call.offset), construct(call), seen);
        }
        if let Some((name, inner)) = deeds::source_inside(call) {
            exam.inner(
                &format!("{name} at {}", offset.saturating_add(call.offset)),
                inner.into(),
                Role::Python,
            );
        }
        if let Some((name, inner)) = deeds::template_inside(call) {
            exam.inner(
                &format!("{name} at {}", offset.saturating_add(call.offset)),
                inner.into(),
                Role::Template,
            );
        }
        if let Some((name, inner)) = deeds::pickle_inside(call) {
            exam.inner(
                &format!("{name} at {}", offset.saturating_add(call.offset)),
                inner.into(),
                Role::Pickle,
            );
        }
    }
    for store in &source.stores {
        if let Some(deed) = deeds::of_store(store, source) {
            exam.put(at(store.offset), None, Seen::Deed(deed));
        }
    }
    for command in &source.commands {
        exam.put(at(command.offset), None, Seen::Command(commands::of(command)));
    }
}

fn construct(call: &Call) -> Option<String> {
    use python::How;
    Some(
        match &call.how {
            How::Called => "call",
            How::Passed(_) => "argument",
            How::Imported => "import",
            How::Returned => "return",
            How::Stored(_) => "assignment",
            _ => "attribute",
        }
        .to_owned(),
    )
}

fn deed(what: What, call: &Call, source: &Source) -> Deed {
    use python::{How, Origin};
    let how = match &call.how {
        How::Called => "is called".to_owned(),
        How::Passed(to) if to.is_empty() => "is handed to a call".to_owned(),
        How::Passed(to) => format!("is handed to {to}"),
        How::Imported => "is imported".to_owned(),
        How::Returned => "is given back to the unpickler".to_owned(),
        How::Stored(target) => format!("is put in place of {target}"),
        _ => "is read".to_owned(),
    };
    let origin = call.arguments_origin();
    let given = if origin.has(Origin::NETWORK) {
        Given::Network
    } else if origin.has(Origin::DECODED) || origin.has(Origin::FILE) && reads_data(source) {
        Given::Decoded
    } else if origin.has(Origin::FILE) {
        Given::File
    } else {
        Given::Plain
    };
    Deed {
        what,
        name: call.name.clone(),
        how,
        reach: call.reach,
        function: function_name(source, call.function),
        assembled: call.origin.has(Origin::ASSEMBLED) || call.origin.has(Origin::DECODED),
        given,
    }
}

/// Whether the files that the source opens, as far as their names are written down, are files of data, and none of them
/// is source.
fn reads_data(source: &Source) -> bool {
    const DATA: &[&str] = &[
        "bak",
        "bin",
        "ckpt",
        "dat",
        "data",
        "enc",
        "gguf",
        "jpg",
        "json",
        "log",
        "model",
        "npy",
        "npz",
        "onnx",
        "pkl",
        "png",
        "pt",
        "pth",
        "safetensors",
        "tmp",
        "txt",
    ];
    const PROSE: &[&str] = &["requirements.txt", "license.txt", "readme.txt", "version.txt"];
    let opens = |call: &&Call| {
        matches!(
            call.name.as_str(),
            "builtins.open" | "io.open" | "codecs.open" | "pathlib.Path"
        )
    };
    let mut texts = source
        .calls
        .iter()
        .filter(opens)
        .filter_map(|call| call.argument(0, "file")?.as_path());
    let mut found = false;
    let is_source = texts.any(|text| {
        let name = text
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        found |= DATA.contains(&extension) && !PROSE.contains(&name.as_str());
        extension == "py"
    });
    found && !is_source
}

fn function_name(source: &Source, function: Option<usize>) -> Option<String> {
    source
        .functions
        .get(function?)
        .map(|function| function.name.clone())
}

/// Whether the file is the code of a model: by its name, or by the classes that it defines.
fn is_model_code(name: &str, classes: &[Class]) -> bool {
    const NAMES: &[&str] = &[
        "modeling_",
        "configuration_",
        "tokenization_",
        "processing_",
        "image_processing",
        "feature_extraction",
        "modular_",
        "audio_processing_",
        "video_processing_",
        "pipeline_",
    ];
    const BASES: &[&str] = &[
        "PreTrainedModel",
        "PretrainedConfig",
        "PreTrainedConfig",
        "PreTrainedTokenizer",
        "PreTrainedTokenizerFast",
        "ProcessorMixin",
        "Module",
        "ModelMixin",
        "DiffusionPipeline",
        "BaseImageProcessor",
        "GenerationMixin",
    ];
    let derives = |class: &Class| {
        let mut last = class.bases.iter().filter_map(|base| base.rsplit('.').next());
        last.any(|base| BASES.contains(&base))
    };
    NAMES.iter().any(|begin| name.starts_with(begin)) || classes.iter().any(derives)
}

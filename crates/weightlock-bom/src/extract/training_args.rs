//! `training_args.bin`: the settings that transformers' trainer was called with, as a pickle.
//!
//! Loading it would run what is in it. It is read by [`weightlock_format::pickle`], a machine that calls nothing: the state that
//! would be given to the object is looked at, and its plain values are settings. What the file would import is no fact of
//! the model and is left to the scanner; the file is marked as a pickle whatever it holds.

use std::collections::BTreeMap;

use weightlock_format::{
    Error,
    container::zip,
    content::Content,
    limits::{Budget, Limits},
    pickle::{self, Event, Frames, Observer, Op, Value as Pickled, Values, View},
};

use super::{
    Extractor, File,
    draft::Draft,
    files,
    hub::is_local,
    page::{Page, decimal},
};
use crate::graph::{Claim, Kind, Property, Source, Value};

/// See the module.
pub(super) struct TrainingArgs;

impl Extractor for TrainingArgs {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        file.path.base_name() == "training_args.bin" && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        let own = files::reference(file);
        let claim = Claim::inferred(
            Value::Flag(true),
            Source::computed("file-name", file.path.as_str()),
        );
        draft.state(&own, Kind::File, Property::Pickle, claim);
        let limits = Limits::default();
        let mut budget = Budget::for_file(&limits, content.size());
        let Some(stream) = stream(content, &limits, &mut budget)? else {
            draft.leave_for(file, 0, "it is no archive with a pickle in it, and no pickle");
            return Ok(());
        };
        let mut floats = Floats {
            content: stream.clone(),
            by_key: BTreeMap::new(),
        };
        let read = pickle::read(&stream, 0, Frames::Ignored, &limits, &mut budget, &mut floats)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        let settings = read
            .root
            .map(|root| settings(root, &read.values))
            .unwrap_or_default();
        for (key, value) in settings {
            let value = match value {
                Some(value) => value,
                None => match floats.by_key.get(&key) {
                    Some(number) => Value::Decimal(decimal(*number)),
                    None => continue,
                },
            };
            set(&page, &key, value, draft);
        }
        if let Some(problem) = read.broken {
            return Err(problem.into());
        }
        Ok(())
    }
}

fn set(page: &Page<'_>, key: &str, value: Value, draft: &mut Draft) {
    // Tokens for services belong to a person; names of runs and folders to a machine.
    let is_secret = key.ends_with("_token") || key.ends_with("_key");
    if is_secret {
        return;
    }
    let is_private = value.as_text().is_some_and(is_local) || key.ends_with("_dir") || key == "run_name";
    let claim = Claim::declared(value, page.source(key));
    let claim = if is_private { claim.private() } else { claim };
    let step = page.step("train");
    draft.set(&step, Kind::Step, key, claim);
}

/// The pickle: the file itself, or `data.pkl` of an archive that PyTorch wrote.
fn stream(content: &Content, limits: &Limits, budget: &mut Budget) -> Result<Option<Content>, Error> {
    const MOST_BYTES: u64 = 1 << 20;
    let archive = zip::Archive::read(content, limits, budget)?;
    if !archive.is_zip() {
        return Ok(pickle::is_stream(content).then(|| content.part(0, MOST_BYTES)));
    }
    let member = archive
        .members
        .iter()
        .find(|it| it.name == "data.pkl" || it.name.ends_with("/data.pkl"));
    let view = member
        .and_then(|it| it.views.first())
        .filter(|it| it.is_stored() && !it.encrypted);
    Ok(view.map(|it| {
        content.part(
            it.data.start,
            it.data.end.saturating_sub(it.data.start).min(MOST_BYTES),
        )
    }))
}

/// The plain values of the state of an object by their keys; `None` for a number with a fraction.
fn settings(root: Pickled, values: &Values) -> Vec<(String, Option<Value>)> {
    const MOST_TEXT: usize = 512;
    let View::Instance(instance) = values.view(root) else {
        return Vec::new();
    };
    let View::Dict(items) = values.view(instance.state) else {
        return Vec::new();
    };
    let pairs = items.kept.chunks_exact(2).filter_map(|pair| match pair {
        [key, value] => Some((values.text(*key, MOST_TEXT)?, *value)),
        _ => None,
    });
    let plain = pairs.filter_map(|(key, value)| {
        let plain = match values.view(value) {
            View::Bool(flag) => Some(Value::Flag(flag)),
            View::Int(number) => Some(match u64::try_from(number) {
                Ok(number) => Value::Number(number),
                Err(_) => Value::Decimal(number.to_string()),
            }),
            View::Text => Some(Value::text(values.text(value, MOST_TEXT)?)),
            View::Float => None,
            // An enumeration is called with its value.
            View::Instance(member) => match values.view(member.args) {
                View::Tuple(args) => Some(Value::text(values.text(*args.kept.first()?, MOST_TEXT)?)),
                _ => return None,
            },
            _ => return None,
        };
        Some((key, plain)).filter(|(_, it)| it.as_ref().and_then(Value::as_text) != Some(""))
    });
    plain.collect()
}

/// Numbers with a fraction, which the machine does not keep: each is read again where it stands behind its key.
struct Floats {
    content: Content,
    by_key: BTreeMap<String, f64>,
}

impl Observer for Floats {
    fn see(&mut self, _: &Event, _: &Values) {}

    fn step(&mut self, offset: u64, op: Op, stack: &[Pickled], values: &Values) {
        const MOST: usize = 1000;
        if op != Op::BinFloat || self.by_key.len() >= MOST {
            return;
        }
        let key = stack.len().checked_sub(2).and_then(|at| stack.get(at));
        let Some(key) = key.and_then(|it| values.text(*it, 128)) else {
            return;
        };
        let bytes = self.content.read(offset.saturating_add(1), 8).unwrap_or_default();
        if let Some(bytes) = bytes.first_chunk() {
            self.by_key.insert(key, f64::from_be_bytes(*bytes));
        }
    }
}

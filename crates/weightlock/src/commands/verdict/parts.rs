//! Files that weights name as further parts of themselves: external data of ONNX, the parts of a split GGUF. A loader reads them
//! whatever was judged.

use std::collections::BTreeSet;

use weightlock_artifact::{manifest::is_built_in, path::ArtifactPath};
use weightlock_format::{
    Error,
    content::Content,
    detect::Format,
    gguf::Metadata,
    limits::{Budget, Limits},
    model::Facts,
    onnx::{self, Fact, Kind},
};

use super::references::{Place, folder, place};

/// Parts that are looked for; a model has some hundred.
const MOST: u64 = 10_000;
/// Names that are told of one file.
const MOST_TOLD: usize = 4;

/// What a file names that is not among the files, a sentence each.
///
/// # Errors
/// What reading raises.
pub(super) fn astray(
    file: &ArtifactPath,
    content: &Content,
    facts: &Facts,
    files: &BTreeSet<&ArtifactPath>,
) -> std::io::Result<Vec<String>> {
    let told = match facts {
        Facts::Gguf(header) => {
            let count = header.metadata().get("split.count");
            parts_of_gguf(file, count, files)
        }
        Facts::Other {
            format: Format::Onnx | Format::Unknown,
            ..
        } => data_of_onnx(file, content, files)?,
        _ => Vec::new(),
    };
    Ok(told.into_iter().take(MOST_TOLD).collect())
}

/// `NAME-00001-of-00003.gguf` and so on, as llama.cpp finds them.
fn parts_of_gguf(
    file: &ArtifactPath,
    count: Option<&Metadata>,
    files: &BTreeSet<&ArtifactPath>,
) -> Vec<String> {
    let count = match count {
        None => return Vec::new(),
        Some(Metadata::Integer(count)) => u64::try_from(*count).ok(),
        Some(_) => None,
    };
    let Some(count) = count.filter(|count| *count <= MOST) else {
        return vec![format!("{file} says that it is split, and not how")];
    };
    if count <= 1 {
        return Vec::new();
    }
    let Some(stem) = stem(file.as_str(), count) else {
        return vec![format!(
            "{file} is one of {count} parts, and its name does not say which"
        )];
    };
    let parts = (1..=count).map(|number| format!("{stem}-{number:05}-of-{count:05}.gguf"));
    let missing = parts.filter(|part| !ArtifactPath::parse(part).is_ok_and(|part| files.contains(&part)));
    missing
        .map(|part| format!("{file} has the part {part}, which is not among its files"))
        .collect()
}

/// What stands before `-00001-of-00003.gguf`.
fn stem(name: &str, count: u64) -> Option<&str> {
    let rest = name.strip_suffix(&format!("-of-{count:05}.gguf"))?;
    let (stem, number) = rest.rsplit_once('-')?;
    let is_number = number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(stem)
}

/// External data, wherever in the graph it is named. Of a graph that cannot be read to its end nobody knows; the scan says that.
fn data_of_onnx(
    file: &ArtifactPath,
    content: &Content,
    files: &BTreeSet<&ArtifactPath>,
) -> std::io::Result<Vec<String>> {
    let limits = Limits::default();
    let Some(kind) = Kind::of(content, &limits)? else {
        return Ok(Vec::new());
    };
    let mut names = BTreeSet::new();
    let mut budget = Budget::new(&limits);
    let end = onnx::read(content, kind, &limits, &mut budget, &mut |fact| {
        if let Fact::Tensor(tensor) = fact {
            names.extend(tensor.locations().map(str::to_owned));
        }
    });
    let mut told: Vec<String> = names
        .iter()
        .filter_map(|name| {
            Some(format!(
                "{file} names {name:?} as its data, {}",
                why(file, name, files)?
            ))
        })
        .collect();
    match end {
        Err(Error::Io(error)) => return Err(error),
        Err(_) if !told.is_empty() => {
            told.push(format!("{file} cannot be read to its end, and could name more"))
        }
        _ => {}
    }
    Ok(told)
}

/// Why data is none of the model's; `None` where it is.
fn why(file: &ArtifactPath, name: &str, files: &BTreeSet<&ArtifactPath>) -> Option<&'static str> {
    match place(folder(file), name) {
        Place::Below(path) if files.contains(&path) => None,
        Place::Below(path) if is_built_in(&path) => Some("which is passed over"),
        Place::Outside => Some("which lies outside of the model"),
        Place::Below(_) | Place::Root | Place::None => Some("which is not among its files"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_split_file_is_there() {
        let path = |name: &str| ArtifactPath::parse(name).unwrap();
        let (first, second) = (path("q/m-00001-of-00002.gguf"), path("q/m-00002-of-00002.gguf"));
        let two = Metadata::Integer(2);
        let both = BTreeSet::from([&first, &second]);
        assert!(parts_of_gguf(&first, Some(&two), &both).is_empty());
        assert!(parts_of_gguf(&first, None, &BTreeSet::from([&first])).is_empty());
        assert!(parts_of_gguf(&first, Some(&Metadata::Integer(1)), &BTreeSet::from([&first])).is_empty());
        for (file, count, files) in [
            (&first, two.clone(), BTreeSet::from([&first])),
            (&second, two, BTreeSet::from([&second])),
            (&path("m.gguf"), Metadata::Integer(2), both.clone()),
            (&first, Metadata::Integer(3), both.clone()),
            (&first, Metadata::Integer(-1), both.clone()),
            (&first, Metadata::Integer(i128::from(u64::MAX)), both.clone()),
            (&first, Metadata::Text("2".to_owned()), both),
        ] {
            assert!(
                !parts_of_gguf(file, Some(&count), &files).is_empty(),
                "{file} {count:?}"
            );
        }
    }
}

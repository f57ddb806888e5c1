//! The tensors: by file, and within a file those together that differ by a number in their name only.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Markup, Report, beyond, folded, more, nothing, table};
use crate::{
    commands::inspect::html::report::{Tensor, TensorFile},
    text::{Size, counted},
};

/// Files whose tensors are listed.
const MOST_FILES: usize = 100;
/// Rows of all files together.
const MOST_ROWS: usize = 1000;
/// Dimensions that are written out; no model has more.
const MOST_DIMENSIONS: usize = 16;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    let files = &report.tensors;
    if files.is_empty() {
        return nothing(
            page,
            "No file has a list of tensors that is read here: headers of safetensors and GGUF are.",
        );
    }
    let all: usize = files.iter().map(|file| file.tensors.len()).sum();
    let lead = format!(
        "{} in {}. Headers of safetensors and GGUF are read. Tensors of one type and shape whose names differ by numbers only share a row.",
        counted(all, "tensor"),
        counted(files.len(), "file")
    );
    page.says("p", &[("class", "lead")], &lead);
    let mut left = MOST_ROWS;
    let mut untold = 0;
    for file in files.iter().take(MOST_FILES) {
        let groups = groups(&file.tensors);
        let shown = groups.len().min(left);
        left -= shown;
        let (told, rest) = groups.split_at(shown);
        let rest = rest.iter().map(|group| group.count).sum::<u64>();
        if told.is_empty() && rest > 0 {
            untold += rest;
            continue;
        }
        self::file(page, file, told, rest);
    }
    let beyond_files = files.iter().skip(MOST_FILES);
    untold += beyond_files.map(|file| file.tensors.len() as u64).sum::<u64>();
    more(page, untold, "tensor", "");
}

fn file(page: &mut Markup, file: &TensorFile, groups: &[Group], rest: u64) {
    let bytes = file
        .tensors
        .iter()
        .map(|it| it.bytes)
        .fold(0, u64::saturating_add);
    page.element("h3", &[], |it| it.name(&file.path));
    let title = format!("{}, {}", counted(file.tensors.len(), "tensor"), Size(bytes));
    folded(page, &title, |it| {
        let columns = ["Name", "How many", "Type", "Shape", "Size"];
        table(it, "Tensors", &columns, |table| {
            for group in groups {
                table.row(&[
                    &|cell| cell.name(&group.name),
                    &|cell| cell.shown(group.count),
                    &|cell| cell.text(group.dtype),
                    &|cell| cell.text(&shape(&group.shape)),
                    &|cell| cell.shown(Size(group.bytes)),
                ]);
            }
        });
        more(it, rest, "tensor", "");
    });
}

/// `4096 × 11008`; a scalar has no dimension.
fn shape(shape: &[u64]) -> String {
    if shape.is_empty() {
        return "scalar".to_owned();
    }
    let some: Vec<String> = shape.iter().take(MOST_DIMENSIONS).map(u64::to_string).collect();
    let more = match beyond(shape.len(), MOST_DIMENSIONS) {
        0 => String::new(),
        count => format!(" and {count} more dimensions"),
    };
    format!("{}{more}", some.join(" × "))
}

/// Tensors that share a row.
#[derive(PartialEq, Eq, Debug)]
struct Group {
    /// `model.layers.[0–31].mlp.up_proj.weight`.
    name: String,
    count: u64,
    dtype: &'static str,
    shape: Vec<u64>,
    /// Bytes of all of them.
    bytes: u64,
}

/// Tensors of one pattern, as they are found.
#[derive(Default)]
struct Gathered {
    /// The least and the greatest of each number.
    ranges: Vec<(u64, u64)>,
    count: u64,
    bytes: u64,
}

impl Gathered {
    fn add(&mut self, numbers: &[u64], bytes: u64) {
        if self.count == 0 {
            self.ranges = numbers.iter().map(|it| (*it, *it)).collect();
        }
        for ((least, most), number) in self.ranges.iter_mut().zip(numbers) {
            *least = (*least).min(*number);
            *most = (*most).max(*number);
        }
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Tensors of one type and shape by the pattern of their names, in the order of the first name of each.
fn groups(tensors: &[Tensor]) -> Vec<Group> {
    let mut order = Vec::new();
    let mut found: BTreeMap<_, Gathered> = BTreeMap::new();
    for tensor in tensors {
        let (pattern, numbers) = pattern(&tensor.name);
        let key = (pattern, tensor.dtype, &tensor.shape);
        let group = found.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Gathered::default()
        });
        group.add(&numbers, tensor.bytes);
    }
    let groups = order.into_iter().filter_map(|key| {
        let gathered = found.remove(&key)?;
        let (pattern, dtype, shape) = key;
        Some(Group {
            name: named(&pattern, &gathered.ranges),
            count: gathered.count,
            dtype,
            shape: shape.clone(),
            bytes: gathered.bytes,
        })
    });
    groups.collect()
}

/// The parts of a name that are no numbers, and the numbers between them: what stands between two dots and is written as this
/// program would write it.
fn pattern(name: &str) -> (Vec<&str>, Vec<u64>) {
    let (mut parts, mut numbers) = (Vec::new(), Vec::new());
    let (mut start, mut at) = (0, 0);
    for piece in name.split('.') {
        let end = at + piece.len();
        let number = piece.parse::<u64>().ok().filter(|it| it.to_string() == piece);
        if let Some(number) = number {
            parts.push(name.get(start..at).unwrap_or_default());
            numbers.push(number);
            start = end;
        }
        at = end + 1;
    }
    parts.push(name.get(start..).unwrap_or_default());
    (parts, numbers)
}

/// The name with the range of each number; one that is always the same stands as it is.
fn named(parts: &[&str], ranges: &[(u64, u64)]) -> String {
    let mut name = String::new();
    for (at, part) in parts.iter().enumerate() {
        name.push_str(part);
        match ranges.get(at) {
            Some((least, most)) if least == most => {
                let _ = write!(name, "{least}");
            }
            Some((least, most)) => {
                let _ = write!(name, "[{least}\u{2013}{most}]");
            }
            None => {}
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[u64]) -> Tensor {
        Tensor {
            name: name.to_owned(),
            dtype: "F32",
            shape: shape.to_vec(),
            bytes: 10,
        }
    }

    fn told(names: &[&str]) -> Vec<(String, u64)> {
        let tensors: Vec<Tensor> = names.iter().map(|name| tensor(name, &[2])).collect();
        groups(&tensors)
            .into_iter()
            .map(|it| (it.name, it.count))
            .collect()
    }

    #[test]
    fn names_that_differ_by_numbers_share_a_row() {
        let told = told(&[
            "h.0.w",
            "h.1.w",
            "h.2.w",
            "h.2.b",
            "x",
            "7",
            "l.0.e.5.w",
            "l.1.e.4.w",
        ]);
        let told: Vec<(&str, u64)> = told.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        assert_eq!(
            told,
            [
                ("h.[0–2].w", 3),
                ("h.2.b", 1),
                ("x", 1),
                ("7", 1),
                ("l.[0–1].e.[4–5].w", 2)
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_number_is_a_name() {
        let names = [
            "a.01.w",
            "a.1x.w",
            "a.99999999999999999999.w",
            "a..w",
            "",
            "a.-1.w",
        ];
        let told = told(&names);
        assert_eq!(told.len(), names.len(), "{told:?}");
        assert!(told.iter().zip(names).all(|((told, _), name)| told == name));
    }

    #[test]
    fn another_shape_is_another_row() {
        let tensors = [tensor("h.0.w", &[2]), tensor("h.1.w", &[3])];
        assert_eq!(groups(&tensors).len(), 2);
        assert_eq!(shape(&[]), "scalar");
        assert_eq!(shape(&[2, 3]), "2 × 3");
        assert!(shape(&[1; 20]).ends_with("1 and 4 more dimensions"));
    }
}

//! What the Markdown of a card says, as far as its headings tell: the standard template of the hub, and what trainers write.
//!
//! A section belongs to a topic by the words of its heading. A heading without text under it, and the placeholders of the
//! template ("[More Information Needed]"), say nothing, and count as if they were not there.

use std::ops::Range;

use serde::Serialize;

use super::{
    Stated,
    markdown::{self, Kind, Line},
    parts::Lines,
};

/// Headings that are kept.
const MOST_SECTIONS: usize = 10_000;

/// The Markdown of a card.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Body {
    /// The first paragraph of prose, as it is written, in one line.
    pub first_paragraph: Option<Stated>,
    /// The sections, in their order.
    pub sections: Vec<Section>,
    /// The list under "Training hyperparameters": name and value.
    pub hyperparameters: Vec<(Stated, Stated)>,
    /// The list under "Framework versions": name and version.
    pub frameworks: Vec<(Stated, Stated)>,
}

/// A heading, and what stands under it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Section {
    /// The level of its heading, from 1 to 6.
    pub level: u8,
    /// The heading.
    pub title: Stated,
    /// What it is about, by the words of the heading.
    pub topics: Vec<Topic>,
    /// The text up to the next heading, without placeholders and comments; `None` when it says nothing.
    pub says: Option<Stated>,
    /// The bytes from behind the heading to the next heading of any level.
    pub text: Range<u64>,
    /// The bytes from behind the heading to the next heading of its own level or a higher one.
    pub whole: Range<u64>,
}

/// What a section is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Topic {
    /// What the model cannot do.
    Limitations,
    /// Bias.
    Bias,
    /// Risks.
    Risks,
    /// What it is meant for.
    IntendedUse,
    /// What it is not meant for.
    OutOfScopeUse,
    /// What it was trained on.
    TrainingData,
    /// How well it does.
    Evaluation,
    /// Settings of the training.
    Hyperparameters,
    /// Versions of the libraries.
    Frameworks,
}

impl Body {
    /// Reads the Markdown of `text` from byte `start` on; `lines` is the number of lines before it.
    pub(super) fn read(text: &[u8], start: usize) -> Self {
        let before = Lines::new(text.get(..start).unwrap_or_default(), 0).count() as u64;
        let lines = markdown::lines(text, start);
        let numbered: Vec<(u64, &Line)> = (before.saturating_add(1)..).zip(&lines).collect();
        let mut body = Self {
            first_paragraph: first_paragraph(&numbered),
            ..Self::default()
        };
        let is_heading = |line: &Line| matches!(line.kind, Kind::Heading(_));
        let starts: Vec<usize> = (0..numbered.len())
            .filter(|at| numbered.get(*at).is_some_and(|(_, line)| is_heading(line)))
            .take(MOST_SECTIONS)
            .collect();
        for (at, next) in starts.iter().zip(starts.iter().skip(1).chain([&numbered.len()])) {
            let under = at.saturating_add(1)..*next;
            if let Some((number, heading)) = numbered.get(*at) {
                body.add(*number, heading, numbered.get(under).unwrap_or_default());
            }
        }
        body.close(text.len() as u64);
        body
    }

    fn add(&mut self, number: u64, heading: &Line, under: &[(u64, &Line)]) {
        let Kind::Heading(level) = heading.kind else {
            return;
        };
        let topics = topics(&heading.text);
        if topics.contains(&Topic::Hyperparameters) {
            self.hyperparameters.extend(under.iter().filter_map(setting));
        }
        if topics.contains(&Topic::Frameworks) {
            self.frameworks.extend(under.iter().filter_map(version));
        }
        let end = under.last().map_or(heading.end, |(_, line)| line.end) as u64;
        self.sections.push(Section {
            level,
            title: stated(number, heading, &heading.text),
            topics,
            says: says(under),
            text: heading.end as u64..end,
            whole: heading.end as u64..end,
        });
    }

    /// Ends each section where the next one of its level or a higher one begins.
    fn close(&mut self, end: u64) {
        let mut open: [u64; 6] = [end; 6];
        for section in self.sections.iter_mut().rev() {
            let level = usize::from(section.level.saturating_sub(1));
            if let Some(end) = open.get(level) {
                section.whole.end = *end;
            }
            // What begins here ends everything at its level and below that stands before it.
            for deeper in open.iter_mut().skip(level) {
                *deeper = section.title.offset;
            }
        }
    }

    /// What the card says about a topic: the sections of the topic, and those below them that have none of their own.
    pub fn about(&self, topic: Topic) -> impl Iterator<Item = &Stated> {
        let mut inside = 0;
        self.sections.iter().filter_map(move |section| {
            let is_meant = section.topics.contains(&topic);
            if is_meant {
                inside = inside.max(section.whole.end);
            }
            let is_below = section.text.start < inside && section.topics.is_empty();
            section.says.as_ref().filter(|_| is_meant || is_below)
        })
    }
}

fn stated(number: u64, line: &Line, text: &str) -> Stated {
    Stated {
        text: text.to_owned(),
        line: number,
        offset: line.offset as u64,
    }
}

/// The first lines of prose that stand together.
fn first_paragraph(lines: &[(u64, &Line)]) -> Option<Stated> {
    let is_prose = |(_, line): &&(u64, &Line)| line.kind == Kind::Prose && !says_nothing(&line.text);
    let start = lines.iter().position(|line| is_prose(&line))?;
    let (number, first) = lines.get(start)?;
    let paragraph = lines.iter().skip(start).take_while(is_prose);
    let text: Vec<&str> = paragraph.map(|(_, line)| line.text.as_str()).collect();
    Some(stated(*number, first, &text.join(" ")))
}

/// The lines under a heading that say something.
fn says(under: &[(u64, &Line)]) -> Option<Stated> {
    let kept: Vec<&(u64, &Line)> = under
        .iter()
        .filter(|(_, line)| line.kind != Kind::Blank && !says_nothing(&line.text))
        .collect();
    let (number, first) = kept.first()?;
    let text: Vec<&str> = kept.iter().map(|(_, line)| line.text.as_str()).collect();
    Some(stated(*number, first, &text.join("\n")))
}

/// Whether a text is a placeholder: of the hub's template, or one that people write until they know better.
#[must_use]
pub fn says_nothing(text: &str) -> bool {
    const PLACEHOLDERS: [&str; 12] = [
        "more information needed",
        "more info needed",
        "needs more information",
        "information needed",
        "todo",
        "tbd",
        "to be done",
        "to be determined",
        "fixme",
        "coming soon",
        "unknown",
        "needed",
    ];
    let text = markdown::item(text.trim()).unwrap_or(text.trim());
    // `**Developed by:** [More Information Needed]`
    let value = match text.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        Some((label, rest)) if label.ends_with(':') || rest.starts_with(':') => rest,
        _ => text,
    };
    let plain: String = value
        .chars()
        .filter(|letter| letter.is_alphanumeric() || letter.is_whitespace())
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let plain = words.join(" ").to_lowercase();
    plain.is_empty() || PLACEHOLDERS.contains(&plain.as_str())
}

/// `- learning_rate: 2e-05`, `- **Training regime:** fp16`
fn setting((number, line): &(u64, &Line)) -> Option<(Stated, Stated)> {
    let text = markdown::item(&line.text)?;
    let (name, value) = text.split_once(':')?;
    pair(*number, line, name, value)
}

/// `- Transformers 4.57.1`, `- TRL: 0.12.0`
fn version((number, line): &(u64, &Line)) -> Option<(Stated, Stated)> {
    let text = markdown::item(&line.text)?;
    let (name, value) = match text.split_once(':') {
        Some(split) => split,
        None => text.rsplit_once(char::is_whitespace)?,
    };
    let (name, value) = pair(*number, line, name, value)?;
    let is_version = value
        .text
        .starts_with(|first: char| first.is_ascii_digit() || first == 'v');
    is_version.then_some((name, value))
}

/// The two halves of an item, without the marks of bold and code, each where it stands in the line.
fn pair(number: u64, line: &Line, name: &str, value: &str) -> Option<(Stated, Stated)> {
    let bare = |text: &str| {
        let text = text.trim().trim_matches(['*', '`']).trim();
        (!says_nothing(text)).then(|| text.to_owned())
    };
    let place = |text: &str, from: usize| {
        let found = line
            .text
            .get(from..)
            .and_then(|rest| rest.find(text))
            .unwrap_or(0);
        (line.offset.saturating_add(from).saturating_add(found)) as u64
    };
    let (name, value) = (bare(name)?, bare(value)?);
    let behind = line
        .text
        .find(&name)
        .map_or(0, |at| at.saturating_add(name.len()));
    let stated = |text: String, offset| Stated {
        text,
        line: number,
        offset,
    };
    let (of_name, of_value) = (place(&name, 0), place(&value, behind));
    Some((stated(name, of_name), stated(value, of_value)))
}

/// What a heading is about.
fn topics(title: &str) -> Vec<Topic> {
    let lower = title.to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "optional")
        .collect();
    let phrase = words.join(" ");
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let says = |any: &[&str]| any.iter().any(|part| phrase.contains(part));
    let is = |any: &[&str]| any.contains(&phrase.as_str());
    let out_of_scope = says(&["out of scope", "prohibited use", "misuse", "unintended use"]);
    let uses = says(&["intended use", "direct use", "downstream use", "use case"]) || is(&["uses"]);
    let data = says(&[
        "training data",
        "training dataset",
        "training and evaluation data",
        "fine tuning data",
        "finetuning data",
    ]) || is(&["data", "dataset", "datasets"]);
    let evaluation = says(&["evaluation", "benchmark"]) || is(&["results", "performance", "metrics"]);
    [
        (Topic::Limitations, has(&["limitation", "limitations"])),
        (Topic::Bias, has(&["bias", "biases"])),
        (Topic::Risks, has(&["risk", "risks"])),
        (Topic::IntendedUse, uses && !out_of_scope),
        (Topic::OutOfScopeUse, out_of_scope),
        (Topic::TrainingData, data),
        (Topic::Evaluation, evaluation && !says(&["evaluation data"])),
        (
            Topic::Hyperparameters,
            has(&["hyperparameter", "hyperparameters"]),
        ),
        (
            Topic::Frameworks,
            says(&["framework version", "library version"]) || is(&["frameworks"]),
        ),
    ]
    .into_iter()
    .filter_map(|(topic, is_meant)| is_meant.then_some(topic))
    .collect()
}

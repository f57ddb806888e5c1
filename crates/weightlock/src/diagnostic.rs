//! [`Diagnostic`]: one reason, told so that a person knows what, where, why and what to do next.
//!
//! ```text
//! error[WL-SIG-TAMPERED]: model.safetensors differs from what was signed
//!   --> ./tiny/model.safetensors
//!   expected   sha256:9f2c…
//!   found      sha256:41aa…
//!   = note: unchanged: 2 of 3 files
//!   = help: compare with a good copy:  weightlock diff GOOD ./tiny
//! ```

use std::error::Error as StdError;

use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::{error::NOT_FOUND, reason::Code};

use crate::{
    explanations, nearest,
    terminal::{Paint, Style},
    text::Shown,
};

/// One reason of a refusal or failure.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diagnostic {
    /// The stable code, `WL-AREA-NAME`; `weightlock explain` tells more.
    #[schemars(with = "String")]
    code: Code,
    /// What, in one sentence.
    message: Box<str>,
    /// Where: a file, with offset or tensor where known.
    place: Option<Box<str>>,
    /// Named facts, such as expected and found.
    facts: Vec<Fact>,
    /// What else helps to understand.
    notes: Vec<String>,
    /// What to do next.
    help: Vec<String>,
}

/// A named fact.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fact {
    name: String,
    value: String,
}

impl Diagnostic {
    /// A reason with its sentence.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into().into(),
            place: None,
            facts: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A reason told by an error and the chain of its sources.
    pub(crate) fn of(code: Code, error: &dyn StdError) -> Self {
        let mut told = Self::new(code, error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            let text = error.to_string();
            // Transparent errors repeat the sentence of their source.
            if *told.message != text && told.notes.last() != Some(&text) {
                told.notes.push(text);
            }
            source = error.source();
        }
        told
    }

    /// Where.
    #[must_use]
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into().into());
        self
    }

    /// A named fact.
    #[must_use]
    pub(crate) fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push(Fact {
            name: name.to_owned(),
            value: value.into(),
        });
        self
    }

    /// What else helps to understand.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// What to do next; a command where there is one.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The code.
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// The sentence, without place, facts and advice.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether another reason says the same of the same, whatever it advises.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.code == other.code && self.place == other.place && self.message == other.message
    }

    /// Where, if that is known.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The file of the place, which may be followed by three spaces and what lies where in it.
    pub(crate) fn file(&self) -> Option<&str> {
        let place = self.place()?;
        Some(place.split_once("   ").map_or(place, |(file, _)| file))
    }

    /// The sentence with its facts and notes, in one line.
    pub(crate) fn sentence(&self) -> String {
        let facts = self
            .facts
            .iter()
            .map(|fact| format!("{} {}", fact.name, fact.value));
        let more: Vec<String> = facts.chain(self.notes.iter().cloned()).collect();
        if more.is_empty() {
            self.message.to_string()
        } else {
            format!("{} ({})", self.message, more.join("; "))
        }
    }

    /// With what to do next: what its code advises in general, where it says nothing itself.
    #[must_use]
    pub(crate) fn advised(self) -> Self {
        match explanations::find(self.code.as_str()) {
            Some(explained) if self.help.is_empty() => self.help(explained.fix),
            _ => self,
        }
    }

    /// What to do next, if this reason says so itself.
    pub(crate) fn advice(&self) -> Option<String> {
        (!self.help.is_empty()).then(|| self.help.join("; or: "))
    }

    /// The text for a person. Ends with a line feed.
    pub(crate) fn text(&self, paint: Paint, verbose: bool) -> String {
        let head = paint.apply(Style::Error, &format!("error[{}]", self.code));
        let mut text = format!("{head}: {}\n", Shown(&self.message));
        if let Some(place) = &self.place {
            text += &format!("  {} {}\n", paint.apply(Style::Frame, "-->"), Shown(place));
        }
        let width = self
            .facts
            .iter()
            .map(|fact| fact.name.len())
            .max()
            .unwrap_or_default();
        for Fact { name, value } in &self.facts {
            text += &format!("  {name:width$}   {}\n", Shown(value));
        }
        for (word, lines) in [("note", &self.notes), ("help", &self.help)] {
            for line in lines {
                text += &format!("  {} {word}: {}\n", paint.apply(Style::Frame, "="), Shown(line));
            }
        }
        let Some(explained) = explanations::find(self.code.as_str()) else {
            return text;
        };
        if verbose {
            text += &format!("  {} why: {}\n", paint.apply(Style::Frame, "="), explained.why);
        }
        if self.help.is_empty() {
            text += &format!("  {} help: {}\n", paint.apply(Style::Frame, "="), explained.fix);
        }
        text
    }
}

impl From<weightlock_runtime::Error> for Diagnostic {
    fn from(error: weightlock_runtime::Error) -> Self {
        match error {
            weightlock_runtime::Error::Artifact(error) => error.into(),
            other => Self::of(other.code(), &other),
        }
    }
}

impl From<weightlock_artifact::Error> for Diagnostic {
    fn from(error: weightlock_artifact::Error) -> Self {
        let told = Self::of(error.code(), &error);
        match &error {
            weightlock_artifact::Error::Io { path, .. } if error.code() == NOT_FOUND => {
                match nearest::sibling(path) {
                    Some(near) => told.help(format!("did you mean {near} ?")),
                    None => told,
                }
            }
            _ => told,
        }
    }
}

/// Where several reasons may be given, one will do.
impl From<Diagnostic> for Vec<Diagnostic> {
    fn from(one: Diagnostic) -> Self {
        vec![one]
    }
}

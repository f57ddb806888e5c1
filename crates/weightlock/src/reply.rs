//! [`Reply`]: what a verb answers, rendered as text for people or JSON for programs.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::{Format, Global},
    context::Context,
    diagnostic::Diagnostic,
    exit::Exit,
    explanations, interrupt, terminal,
    text::Shown,
};

/// The version of every JSON document this tool writes. Within a version, members are only added.
pub const SCHEMA_VERSION: u32 = 1;

/// What a verb answers.
#[derive(Debug)]
pub(crate) struct Reply {
    verb: &'static str,
    exit: Exit,
    /// For standard output; empty when there is no result to show.
    text: String,
    result: Value,
    reasons: Vec<Diagnostic>,
    /// The reasons that are told beside a result in which the others stand; all of them where there is none.
    told: Option<Vec<Diagnostic>>,
    /// For standard error, beside the result: what was left out, what came from a cache.
    notes: Vec<String>,
    /// The last line on standard error after a refusal, without its exit code.
    verdict: Option<String>,
    /// Another tool's format, chosen by the verb itself.
    verbatim: bool,
    /// The result in a form that only this verb has, instead of text or JSON.
    rendered: Option<String>,
    /// The process ends with 0 also when the answer is no, or there is none.
    exit_zero: bool,
}

/// The JSON document of every verb.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document<T> {
    /// Version of this format.
    pub schema_version: u32,
    /// The verb that answered.
    pub verb: String,
    /// `yes`, `no`, `usage`, `no-answer`, `could-not-work` or `interrupted`.
    pub outcome: String,
    /// The exit code of the process.
    pub exit_code: u8,
    /// Why the outcome is not `yes`.
    pub reasons: Vec<Diagnostic>,
    /// What the verb found out, as far as it came.
    pub result: Option<T>,
}

impl Reply {
    /// The answer is yes.
    pub(crate) fn yes(verb: &'static str, text: String, result: impl Serialize) -> Self {
        Self {
            verb,
            exit: Exit::Yes,
            text,
            result: serde_json::to_value(result).unwrap_or_default(),
            reasons: Vec::new(),
            told: None,
            notes: Vec::new(),
            verdict: None,
            verbatim: false,
            rendered: None,
            exit_zero: false,
        }
    }

    /// The answer is not yes: the first reason decides what it is.
    pub(crate) fn refusal(verb: &'static str, reasons: Vec<Diagnostic>) -> Self {
        let exit = reasons
            .first()
            .map_or(Exit::NoAnswer, |first| explanations::outcome(first.code()).into());
        Self {
            verb,
            exit,
            text: String::new(),
            result: Value::Null,
            reasons,
            told: None,
            notes: Vec::new(),
            verdict: None,
            verbatim: false,
            rendered: None,
            exit_zero: false,
        }
    }

    /// Text that is printed as it is, whatever the format: completions, manual pages.
    pub(crate) fn verbatim(verb: &'static str, text: String) -> Self {
        Self {
            verbatim: true,
            ..Self::yes(verb, text, ())
        }
    }

    /// With what was found out before the refusal.
    #[must_use]
    pub(crate) fn with_result(mut self, result: impl Serialize) -> Self {
        self.result = serde_json::to_value(result).unwrap_or_default();
        self
    }

    /// With text for standard output.
    #[must_use]
    pub(crate) fn with_text(mut self, text: String) -> Self {
        self.text = text;
        self
    }

    /// With remarks for standard error that the result has no place for.
    #[must_use]
    pub(crate) fn with_notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// With a last line that sums up: `refused: …`.
    #[must_use]
    pub(crate) fn with_verdict(mut self, verdict: impl Into<String>) -> Self {
        self.verdict = Some(verdict.into());
        self
    }

    /// Likewise, where the answer is no or there is none: a run that could not work, or was put wrongly, says nothing of the matter.
    #[must_use]
    pub(crate) fn with_answer(self, verdict: impl Into<String>) -> Self {
        match self.exit {
            Exit::No | Exit::NoAnswer => self.with_verdict(verdict),
            _ => self,
        }
    }

    /// With another exit code than the first reason's.
    #[must_use]
    pub(crate) const fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Tells only some of the reasons beside the result, where the others stand in the result.
    #[must_use]
    pub(crate) fn telling(mut self, is_told: impl Fn(&Diagnostic) -> bool) -> Self {
        self.told = Some(
            self.reasons
                .iter()
                .filter(|reason| is_told(reason))
                .cloned()
                .collect(),
        );
        self
    }

    /// Shows the result in this form instead of as text or JSON.
    #[must_use]
    pub(crate) fn rendered_as(mut self, rendered: String) -> Self {
        self.rendered = Some(rendered);
        self
    }

    /// Ends the process with 0 also when the answer is no, or there is none, if `wanted`.
    #[must_use]
    pub(crate) const fn with_exit_zero(mut self, wanted: bool) -> Self {
        self.exit_zero = wanted && matches!(self.exit, Exit::No | Exit::NoAnswer);
        self
    }

    /// Takes out what would go to standard output.
    pub(crate) fn taken(self, format: Format) -> (String, Self) {
        let taken = match (&self.rendered, format) {
            (Some(rendered), _) => rendered.clone(),
            (None, Format::Json) => self.document(),
            (None, _) => self.text.clone(),
        };
        (taken, self.rendered_as(String::new()))
    }

    /// How the run ends.
    pub(crate) const fn exit(&self) -> Exit {
        if self.exit_zero { Exit::Yes } else { self.exit }
    }

    /// Why the answer is not yes.
    pub(crate) fn into_reasons(self) -> Vec<Diagnostic> {
        self.reasons
    }

    /// The text for standard output.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The reasons as text for a person.
    pub(crate) fn reasons_text(&self, context: &Context) -> String {
        self.told
            .as_ref()
            .unwrap_or(&self.reasons)
            .iter()
            .map(|reason| reason.text(context.err, context.verbose))
            .collect()
    }

    /// The last line.
    pub(crate) fn verdict_text(&self) -> String {
        match &self.verdict {
            Some(verdict) if self.exit_zero => format!("{verdict} (exit 0, as --exit-zero asks)\n"),
            Some(verdict) => format!("{verdict} (exit {})\n", self.exit.number()),
            None => String::new(),
        }
    }

    /// Prints the reply and returns how the run ends.
    pub(crate) fn render(mut self, global: &Global, context: &Context) -> Exit {
        if let Some(signal) = interrupt::signal()
            && self.exit != Exit::Yes
        {
            self.exit = Exit::Signal(signal);
        }
        match global.format() {
            _ if self.verbatim => terminal::print(&self.text, self.exit),
            _ if self.rendered.is_some() => self.render_text(global, context),
            Format::Json if global.quiet >= 2 => self.exit(),
            Format::Json => terminal::print(&self.document(), self.exit()),
            _ => self.render_text(global, context),
        }
    }

    fn render_text(&self, global: &Global, context: &Context) -> Exit {
        if global.quiet == 0 {
            for note in &self.notes {
                terminal::say(&format!("note: {}\n", Shown(note)));
            }
        }
        if global.quiet < 2 {
            terminal::say(&self.reasons_text(context));
        }
        let exit = self.exit();
        let exit = match &self.rendered {
            _ if global.quiet >= 2 => return exit,
            Some(rendered) => terminal::print(rendered, exit),
            None if global.quiet == 1 && self.exit == Exit::Yes => exit,
            None => terminal::print(&self.text, exit),
        };
        terminal::say(&self.verdict_text());
        exit
    }

    /// The JSON document, ended by a line feed.
    pub(crate) fn document(&self) -> String {
        let document = Document {
            schema_version: SCHEMA_VERSION,
            verb: self.verb.to_owned(),
            outcome: self.exit.word().to_owned(),
            exit_code: self.exit().number(),
            reasons: self.reasons.iter().cloned().map(Diagnostic::advised).collect(),
            result: Some(self.result.clone()).filter(|result| !result.is_null()),
        };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl From<(&'static str, Diagnostic)> for Reply {
    fn from((verb, reason): (&'static str, Diagnostic)) -> Self {
        Self::refusal(verb, vec![reason])
    }
}

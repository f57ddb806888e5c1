//! `weightlock bom check`: which elements a list asks for are there, and how each is known.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use weightlock_artifact::standing::Standing;
use weightlock_bom::{
    document::reason::ELEMENTS,
    profile::{self, Checked, Found, Profile},
};

use super::Input;
use crate::{
    context::Context,
    diagnostic::Diagnostic,
    reply::Reply,
    text::{Shown, counted},
};

/// Say which elements a list of minimum elements asks for are known, and how: verified, declared, inferred, unknown.
///
/// There is no mark: an element that the maker declares is not as good as one that was verified. Exit codes: 0 every required
/// element is there, 1 some are not, 3 a file could not be read.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A model, or a CycloneDX or SPDX document
    #[arg(value_name = "TARGET|FILE", value_parser = crate::layout::typed::target())]
    target: PathBuf,
    /// The list
    #[arg(long, value_name = "PROFILE")]
    profile: List,
    #[command(flatten)]
    input: Input,
}

/// A list of minimum elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum List {
    /// SBOM for AI of the G7, 2026.
    G7Ai,
    /// CISA and partners, 2026.
    Cisa,
    /// NTIA, 2021.
    Ntia,
    /// Annex XI of the EU's AI Act.
    EuAiAct,
    /// The field list of the OWASP AIBOM project.
    Owasp,
}

impl From<List> for Profile {
    fn from(list: List) -> Self {
        match list {
            List::G7Ai => Self::G7Ai,
            List::Cisa => Self::Cisa,
            List::Ntia => Self::Ntia,
            List::EuAiAct => Self::EuAiAct,
            List::Owasp => Self::Owasp,
        }
    }
}

/// The result in JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Elements {
    /// The target as it was named.
    pub target: String,
    /// The list.
    pub profile: String,
    /// Elements that were verified.
    pub verified: usize,
    /// Elements that somebody declares.
    pub declared: usize,
    /// Elements that were worked out.
    pub inferred: usize,
    /// Elements that are not known.
    pub unknown: usize,
    /// Elements that nothing could have.
    pub not_applicable: usize,
    /// Required elements that are not known.
    pub missing: Vec<String>,
    /// Every element.
    pub elements: Vec<Element>,
}

/// One element.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// The part of the list that it is in.
    pub cluster: String,
    /// What it is called.
    pub name: String,
    /// Whether the list asks for it in every document.
    pub required: bool,
    /// `present`, `said-unknown`, `absent` or `not-applicable`.
    #[schemars(extend("enum" = ["present", "said-unknown", "absent", "not-applicable"]))]
    pub state: String,
    /// How it is known, where it is present.
    #[schemars(
        with = "Option<String>",
        extend("enum" = ["verified", "declared", "inferred", "unknown", "failed", null])
    )]
    pub standing: Option<Standing>,
    /// What it says, or what lacks it.
    pub says: String,
}

const VERB: &str = "bom check";
/// Characters of a value on the screen.
const MOST_LETTERS: usize = 60;

pub(super) fn run(arguments: &Arguments, context: &Context) -> Reply {
    match check(arguments, context) {
        Ok((elements, unread, notes)) => {
            let text = text(&elements);
            let mut reasons = Vec::new();
            if !elements.missing.is_empty() {
                reasons.push(missing(&elements));
            }
            reasons.extend(unread);
            if reasons.is_empty() {
                Reply::yes(VERB, text, elements).with_notes(notes)
            } else {
                Reply::refusal(VERB, reasons)
                    .with_text(text)
                    .with_result(elements)
                    .with_notes(notes)
            }
        }
        Err(reasons) => Reply::refusal(VERB, reasons),
    }
}

fn missing(elements: &Elements) -> Diagnostic {
    let what = format!(
        "{} asks for what is not known: {}",
        elements.profile,
        counted(elements.missing.len(), "required element")
    );
    let told = Diagnostic::new(ELEMENTS, what).note(elements.missing.join("; "));
    let is_of_document = |name: &str| elements.missing.iter().any(|it| it.ends_with(name));
    let told = if is_of_document("timestamp") {
        told.help("state the time of making: SOURCE_DATE_EPOCH=$(date +%s)")
    } else {
        told
    };
    told.help("state what you know in a facts file: --facts FILE")
}

type Answer = (Elements, Vec<Diagnostic>, Vec<String>);

fn check(arguments: &Arguments, context: &Context) -> Result<Answer, Vec<Diagnostic>> {
    let given = arguments.input.either(&arguments.target, context)?;
    let profile = Profile::from(arguments.profile);
    let checked = profile::check(&given.graph, profile, &given.about()?);
    let counts = profile::counts(&checked);
    let count = |standing| counts.get(&standing).copied().unwrap_or_default();
    let elements = Elements {
        target: arguments.target.display().to_string(),
        profile: profile.word().to_owned(),
        verified: count(Standing::Verified),
        declared: count(Standing::Declared),
        inferred: count(Standing::Inferred),
        unknown: count(Standing::Unknown) + count(Standing::Failed),
        not_applicable: checked
            .iter()
            .filter(|it| it.found == Found::NotApplicable)
            .count(),
        missing: checked
            .iter()
            .filter(|it| it.element.is_required && matches!(it.found, Found::Absent { .. }))
            .map(|it| format!("{}: {}", it.element.cluster, it.element.name))
            .collect(),
        elements: checked.iter().map(element).collect(),
    };
    Ok((elements, given.unread(), given.notes))
}

fn element(checked: &Checked) -> Element {
    let (state, standing, says) = match &checked.found {
        Found::Present { standing, says } => ("present", Some(*standing), says.clone()),
        Found::SaidUnknown { says } => ("said-unknown", None, says.clone()),
        Found::Absent { says } => ("absent", None, says.clone()),
        Found::NotApplicable => ("not-applicable", None, String::new()),
    };
    Element {
        cluster: checked.element.cluster.to_owned(),
        name: checked.element.name.to_owned(),
        required: checked.element.is_required,
        state: state.to_owned(),
        standing,
        says,
    }
}

fn text(elements: &Elements) -> String {
    let mut text = format!("{}: {}\n\n", Shown(&elements.target), elements.profile);
    for element in &elements.elements {
        let word = match element.standing {
            Some(standing) => standing.word(),
            None if element.state == "not-applicable" => "-",
            None => "UNKNOWN",
        };
        let mut says: String = element
            .says
            .split('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .take(MOST_LETTERS)
            .collect();
        if element.state == "said-unknown" {
            says = format!("said not to be known: {says}");
        }
        let required = if element.required { "required" } else { "" };
        text += &format!(
            "  {word:9} {required:9} {:14} {:26} {}\n",
            element.cluster,
            element.name,
            Shown(&says)
        );
    }
    text += &format!(
        "\n{} verified, {} declared, {} inferred, {} unknown, {} not applicable\n",
        elements.verified, elements.declared, elements.inferred, elements.unknown, elements.not_applicable
    );
    text
}

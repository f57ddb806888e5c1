//! The six answers, each with how it is known, what it rests on and what to do next.

use super::{Markup, Report, badge, folded};
use crate::{commands::inspect::Answer, text::counted};

/// What each question asks, by the word that text and JSON have for it.
const QUESTIONS: [(&str, &str); 6] = [
    ("who", "Who vouches for it?"),
    ("unchanged", "Is it unchanged?"),
    ("executes", "What can it execute?"),
    ("made how", "How was it made?"),
    ("may we use", "May we use it?"),
    ("behaves", "Does it behave?"),
];

/// Details that stand there unfolded.
const MOST_OPEN: usize = 5;

pub(super) fn write(page: &mut Markup, report: &Report<'_>) {
    page.says(
        "p",
        &[("class", "lead")],
        "Six separate questions. No answer stands in for another: a valid signature says who, and not that the model is safe.",
    );
    page.element("div", &[("class", "answers")], |grid| {
        for (word, answer) in report.inspection.answers.all() {
            let question = QUESTIONS.iter().find(|(one, _)| *one == word);
            one(grid, question.map_or(word, |(_, asks)| asks), answer);
        }
    });
}

fn one(grid: &mut Markup, question: &str, answer: &Answer) {
    grid.element("article", &[("class", "answer")], |it| {
        it.says("h3", &[], question);
        badge(it, answer.standing());
        it.says("p", &[("class", "says")], &answer.says);
        let (open, rest) = answer.details.split_at(answer.details.len().min(MOST_OPEN));
        details(it, open);
        if !rest.is_empty() {
            folded(it, &format!("{} more", rest.len()), |it| details(it, rest));
        }
        if answer.details_left_out > 0 {
            let count = usize::try_from(answer.details_left_out).unwrap_or(usize::MAX);
            let told = format!(
                "and {} that the answer does not list",
                counted(count, "more fact")
            );
            it.says("p", &[("class", "more")], &told);
        }
        if let Some(next) = &answer.next {
            self::next(it, next);
        }
    });
}

fn details(page: &mut Markup, details: &[String]) {
    if details.is_empty() {
        return;
    }
    page.element("ul", &[("class", "details")], |list| {
        for detail in details {
            list.says("li", &[], detail);
        }
    });
}

/// What to do next: a command, or some words and then a command.
fn next(page: &mut Markup, next: &str) {
    page.element("p", &[("class", "next")], |it| {
        let (words, command) = match next.find("weightlock ") {
            Some(at) => next.split_at(at),
            None => (next, ""),
        };
        it.text("Next: ");
        it.text(words);
        if !command.is_empty() {
            it.command(command);
        }
    });
}

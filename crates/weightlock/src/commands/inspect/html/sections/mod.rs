//! The sections of the page, in their order, and what they are built from.

mod about;
mod answers;
mod components;
mod contradictions;
mod files;
mod findings;
mod lineage;
mod statements;
mod tensors;
mod verdict;

use weightlock_artifact::standing::Standing;

use super::{markup::Markup, report::Report};
use crate::text::counted;

/// A section: where links lead to, its heading, and what writes it.
struct Section {
    id: &'static str,
    /// The same with `#`, for links.
    link: &'static str,
    title: &'static str,
    write: fn(&mut Markup, &Report<'_>),
}

macro_rules! sections {
    ($($id:literal $title:literal $module:ident;)+) => {
        /// Every section, in the order of the page.
        const SECTIONS: &[Section] = &[$(Section {
            id: $id,
            link: concat!("#", $id),
            title: $title,
            write: $module::write,
        },)+];
    };
}

sections! {
    "answers" "Six answers" answers;
    "contradictions" "Contradictions" contradictions;
    "verdict" "Verdict" verdict;
    "statements" "Signatures and statements" statements;
    "findings" "Findings" findings;
    "files" "Files" files;
    "tensors" "Tensors" tensors;
    "components" "What it is made of" components;
    "about" "About this report" about;
}

/// Everything that is seen.
pub(super) fn body(body: &mut Markup, report: &Report<'_>) {
    body.says(
        "a",
        &[("class", "skip"), ("href", "#answers")],
        "Skip to the answers",
    );
    body.element("header", &[], |header| self::header(header, report));
    body.element("nav", &[("aria-label", "Sections")], |nav| {
        nav.element("ul", &[], |list| {
            for section in SECTIONS {
                list.element("li", &[], |item| {
                    item.says("a", &[("href", section.link)], section.title);
                });
            }
        });
    });
    body.element("main", &[], |main| {
        for section in SECTIONS {
            let heading = format!("{}-heading", section.id);
            main.element(
                "section",
                &[("id", section.id), ("aria-labelledby", &heading)],
                |it| {
                    it.says("h2", &[("id", &heading)], section.title);
                    (section.write)(it, report);
                },
            );
        }
    });
    body.element("footer", &[], |footer| {
        footer.says(
            "p",
            &[],
            concat!(
                "Made by weightlock ",
                env!("CARGO_PKG_VERSION"),
                ". This page holds everything it shows: it loads nothing and runs nothing."
            ),
        );
    });
}

fn header(header: &mut Markup, report: &Report<'_>) {
    let inspection = report.inspection;
    header.says("p", &[("class", "kicker")], "Weightlock report");
    header.element("h1", &[], |it| it.name(&inspection.target));
    if let Some(chosen) = &inspection.chosen {
        header.says("p", &[("class", "made")], chosen);
    }
    if let Some(image) = &inspection.image {
        header.element("p", &[("class", "digest")], |it| {
            it.text("Manifest ");
            it.name(&image.manifest);
        });
    }
    header.says("p", &[("class", "headline")], &report.headline);
    verdict::banner(header, report);
    if let Some(verdict) = &inspection.verdict {
        header.element("p", &[("class", "digest")], |it| {
            it.text("Digest ");
            it.name(&verdict.digest);
        });
    }
    if let Some(made) = &report.made {
        header.says("p", &[("class", "made")], &format!("Time: {made}"));
    }
}

/// The word of a standing.
fn badge(page: &mut Markup, standing: Standing) {
    let class = match standing {
        Standing::Verified => "badge verified",
        Standing::Declared => "badge declared",
        Standing::Inferred => "badge inferred",
        Standing::Unknown => "badge unknown",
        Standing::Failed => "badge failed",
    };
    page.says("span", &[("class", class)], standing.word());
}

/// Something that can be opened and closed, and is open on paper.
fn folded(page: &mut Markup, title: &str, content: impl FnOnce(&mut Markup)) {
    page.element("details", &[], |it| {
        it.says("summary", &[], title);
        it.element("div", &[("class", "folded")], content);
    });
}

/// What is said where there is nothing to show.
fn nothing(page: &mut Markup, says: &str) {
    page.says("p", &[("class", "nothing")], says);
}

/// How many are not shown, where some are not, and which command tells all.
fn more(page: &mut Markup, left_out: u64, noun: &str, command: &str) {
    if left_out == 0 {
        return;
    }
    page.element("p", &[("class", "more")], |it| {
        let count = usize::try_from(left_out).unwrap_or(usize::MAX);
        let noun = format!("more {noun}");
        it.text(&format!("and {}, not on this page", counted(count, &noun)));
        if !command.is_empty() {
            it.text(": ");
            it.command(command);
        }
    });
}

/// How many of `all` are beyond the first `most`.
fn beyond(all: usize, most: usize) -> u64 {
    all.saturating_sub(most) as u64
}

/// A content of a cell.
type Cell<'c> = &'c dyn Fn(&mut Markup);

/// A table: its caption, its columns, and its rows of as many cells. The first cell of a row names it.
struct Table<'m> {
    body: &'m mut Markup,
    columns: &'m [&'static str],
}

fn table(page: &mut Markup, caption: &str, columns: &[&'static str], rows: impl FnOnce(&mut Table<'_>)) {
    page.element("table", &[], |it| {
        it.says("caption", &[], caption);
        it.element("thead", &[], |head| {
            head.element("tr", &[], |row| {
                for column in columns {
                    row.says("th", &[("scope", "col")], column);
                }
            });
        });
        it.element("tbody", &[], |body| rows(&mut Table { body, columns }));
    });
}

impl Table<'_> {
    /// A row. On a narrow screen each cell says the name of its column.
    fn row(&mut self, cells: &[Cell<'_>]) {
        let columns = self.columns;
        self.body.element("tr", &[], |row| {
            for (at, (cell, column)) in cells.iter().zip(columns).enumerate() {
                if at == 0 {
                    row.element("th", &[("scope", "row")], cell);
                } else {
                    row.element("td", &[("data-label", column)], |it| {
                        it.element("div", &[], cell);
                    });
                }
            }
        });
    }
}

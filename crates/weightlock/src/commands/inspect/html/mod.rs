//! `inspect --format html`: one page that holds everything, for whoever has to read, file or print it.
//!
//! 1. [`collect`] puts what was seen and judged into a [`Report`], which is plain data.
//! 2. [`render`] is a pure function from it to the page; each section has its own file under [`sections`].
//! 3. [`markup`] is the only way to write, and escapes everything that is no literal of this program.
//!
//! The page has no script, no picture, no font and no link to elsewhere, and its content security policy forbids all of them: opening
//! it tells nobody, and what a stranger called a file is never more than text. It is bounded, whatever the model is: each section
//! shows so many rows and says how many more there are. Colours only repeat what a word says.

mod collect;
mod markup;
mod report;
mod sections;
#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use weightlock_artifact::digest::Algorithm;

use self::markup::Markup;
pub(super) use self::{collect::Material, report::Report};
use crate::text::Shown;

/// How the page looks: on a desktop, a phone and paper, in light and dark.
const STYLE: &str = include_str!("style.css");

/// The page.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut page = Markup::document();
    page.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |head| self::head(head, report));
        html.element("body", &[], |body| sections::body(body, report));
    });
    page.finish()
}

fn head(head: &mut Markup, report: &Report<'_>) {
    head.empty("meta", &[("charset", "utf-8")]);
    let policy = content_security_policy();
    head.empty(
        "meta",
        &[("http-equiv", "Content-Security-Policy"), ("content", &policy)],
    );
    for (name, content) in [
        ("referrer", "no-referrer"),
        ("viewport", "width=device-width, initial-scale=1"),
        ("color-scheme", "light dark"),
        ("format-detection", "telephone=no, date=no, address=no, email=no"),
        ("robots", "noindex"),
        ("generator", concat!("weightlock ", env!("CARGO_PKG_VERSION"))),
    ] {
        head.empty("meta", &[("name", name), ("content", content)]);
    }
    let title = format!("{} \u{2013} Weightlock report", Shown(&report.inspection.target));
    head.says("title", &[], &title);
    head.style(STYLE);
}

/// Nothing is loaded and nothing runs; of styles, exactly ours.
fn content_security_policy() -> String {
    let digest = STANDARD.encode(Algorithm::Sha256.digest(STYLE.as_bytes()).as_bytes());
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

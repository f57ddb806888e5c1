//! The HTML report in a real browser: nothing leaves the page, nothing runs, and it can be read on a desktop, a phone and paper.
#![expect(
    clippy::unwrap_used,
    reason = "what a test did not expect should stop it loudly"
)]

#[path = "browser/driver.rs"]
mod driver;
#[path = "browser/models.rs"]
mod models;

use std::path::Path;

use serde_json::Value;

use driver::Browser;
use models::{Reported, honest, hostile};

/// Widths in CSS pixels: a phone, a tablet, a desktop.
const WIDTHS: [u32; 3] = [390, 768, 1280];

/// A browser with the page open.
fn opened(page: &Path) -> Option<Browser> {
    let browser = Browser::start()?;
    browser.open(page);
    Some(browser)
}

fn unfold(browser: &Browser) {
    browser.evaluate("for (const it of document.querySelectorAll('details')) it.open = true;");
}

fn both() -> [Reported; 2] {
    [honest(), hostile()]
}

/// Whatever the model is called: one request, for the page itself.
#[test]
fn no_request_leaves_the_page() {
    for reported in both() {
        let Some(browser) = opened(&reported.page) else {
            return;
        };
        for width in WIDTHS {
            browser.looks(width, "dark");
            unfold(&browser);
        }
        browser.print();
        let own = format!("file://{}", reported.page.display());
        assert_eq!(browser.requests(), [own]);
        let loaded = browser.evaluate("return performance.getEntriesByType('resource').length;");
        assert_eq!(loaded, 0);
    }
}

/// The checks of this file are no blind ones: a page that does these things is caught.
#[test]
fn a_page_that_asks_and_runs_is_seen_to() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("bad.html");
    let text = "<!DOCTYPE html><p>x</p><img src='http://127.0.0.1:9/x'><script>window.owned = 1; console.error('x'); \
        setTimeout(() => alert('x'), 500);</script>";
    std::fs::write(&page, text).unwrap();
    let Some(browser) = opened(&page) else { return };
    assert_eq!(browser.evaluate("return typeof window.owned;"), "number");
    assert!(browser.requests().iter().any(|it| it == "http://127.0.0.1:9/x"));
    assert!(!browser.console().is_empty());
    browser.evaluate_later("const [done] = arguments; setTimeout(() => done(1), 2000);");
    assert!(browser.has_dialog());
}

/// Names that would run code if they were markup are text: nothing ran, asked or complained.
#[test]
fn no_name_runs_and_nobody_is_asked() {
    let reported = hostile();
    let Some(browser) = opened(&reported.page) else {
        return;
    };
    assert!(!browser.has_dialog());
    assert_eq!(browser.evaluate("return typeof window.owned;"), "undefined");
    let title = browser.evaluate("return document.title;");
    assert!(title.as_str().unwrap().ends_with("Weightlock report"), "{title}");
    let foreign = browser.evaluate(
        "return document.querySelectorAll('script, img, iframe, object, embed, link, form, input, button, base, video, audio, \
         [style], [onload], [onerror], [onclick], [onfocus], use, image, animate, foreignObject').length;",
    );
    assert_eq!(foreign, 0);
    let text = browser.evaluate("return document.body.textContent;");
    let text = text.as_str().unwrap();
    for name in ["<script>window.owned=1</script>.py", "\\u{202e}"] {
        assert!(text.contains(name), "{name} is shown as it is written");
    }
    assert!(!text.contains(['\u{202e}', '\u{1b}', '\0']));
    assert_eq!(browser.console(), Vec::<Value>::new());
}

/// The browser's own parsers: XML finds no fault, and HTML makes the same tree of it.
#[test]
fn the_page_is_well_formed() {
    for reported in both() {
        let Some(browser) = opened(&reported.page) else {
            return;
        };
        let text = std::fs::read_to_string(&reported.page).unwrap();
        let fault = browser.evaluate_with(
            "const it = new DOMParser().parseFromString(arguments[0], 'application/xhtml+xml'); \
             const fault = it.querySelector('parsererror'); return fault ? fault.textContent : \
             (it.querySelectorAll('*').length === document.querySelectorAll('*').length ? '' : 'another tree');",
            &text,
        );
        assert_eq!(fault, "");
        let doubled = browser.evaluate(
            "const ids = [...document.querySelectorAll('[id]')].map(it => it.id); return ids.length - new Set(ids).size;",
        );
        assert_eq!(doubled, 0);
        let broken = browser.evaluate(
            "return [...document.querySelectorAll('a')].filter(it => !it.hash || !document.querySelector(it.hash)).length;",
        );
        assert_eq!(broken, 0, "every link leads somewhere on the page");
    }
}

/// Nothing is wider than the window, folded or not. Heads of tables are clipped on a phone, where each cell says what it is.
#[test]
fn nothing_scrolls_sideways() {
    for reported in both() {
        let Some(browser) = opened(&reported.page) else {
            return;
        };
        for width in WIDTHS {
            browser.looks(width, "light");
            for _ in 0..2 {
                let wide = browser.evaluate(
                    "const most = document.documentElement.clientWidth; \
                     const seen = it => { const box = it.getBoundingClientRect(); return box.width > 1 && box.right > most + 1 && !it.closest('thead'); }; \
                     const out = [...document.querySelectorAll('main *, header *, nav *, footer *')].filter(seen); \
                     return [document.documentElement.scrollWidth - most, out.slice(0, 3).map(it => it.outerHTML.slice(0, 200))];",
                );
                assert_eq!(wide, serde_json::json!([0, []]), "{width}");
                unfold(&browser);
            }
        }
    }
}

#[test]
fn six_answers_are_seen_with_their_standings() {
    for reported in both() {
        let Some(browser) = opened(&reported.page) else {
            return;
        };
        for width in WIDTHS {
            browser.looks(width, "light");
            let seen = browser.evaluate(
                "return [...document.querySelectorAll('.answer')].filter(it => it.checkVisibility() && \
                 ['VERIFIED', 'DECLARED', 'INFERRED', 'UNKNOWN', 'FAILED'].includes(it.querySelector('.badge').innerText)).length;",
            );
            assert_eq!(seen, 6);
            let drawn = browser.evaluate(
                "return [...document.querySelectorAll('svg.lineage')].filter(it => it.checkVisibility()).length;",
            );
            assert!(drawn == 1 || drawn == 0, "one drawing fits the width: {drawn}");
        }
    }
}

/// WCAG 2.2, 1.4.3: every text stands out from what is behind it by 4.5 to 1, in light and in dark.
#[test]
fn every_text_stands_out_from_its_ground() {
    const SCRIPT: &str = "
        const parts = text => text.match(/[\\d.]+/g).map(Number);
        const light = text => { const of = it => { it /= 255; return it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4; };
            const [r, g, b] = parts(text); return 0.2126 * of(r) + 0.7152 * of(g) + 0.0722 * of(b); };
        const ground = it => { for (; it; it = it.parentElement) { const own = getComputedStyle(it).backgroundColor;
            if (parts(own)[3] !== 0) return own; } return 'rgb(255, 255, 255)'; };
        const weak = [];
        let looked = 0;
        for (const it of document.querySelectorAll('body *')) {
            const own = [...it.childNodes].some(one => one.nodeType === 3 && one.textContent.trim());
            if (!own || !it.checkVisibility()) continue;
            looked += 1;
            const style = getComputedStyle(it);
            const isDrawn = it instanceof SVGElement;
            const behind = isDrawn ? getComputedStyle(it.parentElement.querySelector('rect')).fill : ground(it);
            const [a, b] = [light(isDrawn ? style.fill : style.color), light(behind)].sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(it.outerHTML.slice(0, 160));
        }
        return [looked > 100, weak.slice(0, 3)];";
    let reported = honest();
    let Some(browser) = opened(&reported.page) else {
        return;
    };
    for scheme in ["light", "dark"] {
        browser.looks(1280, scheme);
        unfold(&browser);
        assert_eq!(
            browser.evaluate(SCRIPT),
            serde_json::json!([true, []]),
            "{scheme}"
        );
    }
}

/// On paper everything is unfolded, though nobody unfolded it.
#[test]
fn paper_shows_what_is_folded() {
    let reported = honest();
    let Some(browser) = opened(&reported.page) else {
        return;
    };
    const SEEN: &str = "const all = [...document.querySelectorAll('details .folded')]; \
        const seen = all.filter(it => it.checkVisibility()).length; return seen === 0 ? 'none' : seen === all.length ? 'all' : seen;";
    assert_eq!(browser.evaluate(SEEN), "none");
    browser.media("print");
    assert_eq!(browser.evaluate(SEEN), "all");
    browser.media("");
    let folded = browser.print();
    assert!(folded.starts_with(b"%PDF-"));
    unfold(&browser);
    let pages = |pdf: &[u8]| pdf.windows(11).filter(|it| *it == b"/Type /Page").count();
    let unfolded = browser.print();
    assert!(pages(&folded) > 2);
    assert_eq!(pages(&folded), pages(&unfolded), "nothing is missing on paper");
}

/// Whoever has no pointing device sees where they are.
#[test]
fn the_keyboard_reaches_every_link_and_fold_and_shows_where_it_is() {
    let reported = honest();
    let Some(browser) = opened(&reported.page) else {
        return;
    };
    let seen = browser.evaluate(
        "const all = [...document.querySelectorAll('a, summary')]; let unseen = []; for (const it of all) { \
         it.focus({focusVisible: true}); const style = getComputedStyle(it); \
         if (document.activeElement !== it || style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) \
         unseen.push(it.outerHTML.slice(0, 100)); } return [all.length > 10, unseen];",
    );
    assert_eq!(seen, serde_json::json!([true, []]));
}

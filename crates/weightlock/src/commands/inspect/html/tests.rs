//! Whatever a model says of itself, the page is whole, bounded, and nothing but text.

use weightlock_artifact::standing::Standing;
use weightlock_format::model::ModelSummary;
use weightlock_scan::Severity;

use super::{
    render,
    report::{
        Component, Composition, Counts, End, Fact, File, Finding, Gap, Judging, Metric, Relation, Report,
        Scanned, Statement, Stop, Tensor, TensorFile,
    },
};
use crate::commands::inspect::{Answer, Answers, Inspection, Model};

fn answer(text: &str) -> Answer {
    Answer::declared(text)
        .details(vec![text.to_owned(); 15])
        .next(format!("do it: weightlock verify '{text}'"))
}

fn inspection(text: &str) -> Inspection {
    Inspection {
        target: text.to_owned(),
        kind: "folder".to_owned(),
        chosen: Some(text.to_owned()),
        image: None,
        blobs: None,
        contradictions: vec![text.to_owned()],
        contradictions_left_out: 0,
        files: 1,
        bytes: 1,
        model: Model::from(&ModelSummary::default()),
        answers: Answers {
            who: answer(text),
            unchanged: answer(text),
            executes: answer(text),
            made_how: answer(text),
            may_we_use: answer(text),
            behaves: answer(text),
        },
        verdict: None,
    }
}

/// A report in which everything that can be a stranger's is `text`, and each list has `count` of it.
fn report<'a>(inspection: &'a Inspection, text: &str, count: usize) -> Report<'a> {
    let own = || text.to_owned();
    Report {
        inspection,
        headline: own(),
        made: Some(own()),
        judging: Judging::Stopped(
            std::iter::repeat_with(|| Stop {
                code: own(),
                why: own(),
                place: Some(own()),
            })
            .take(count)
            .collect(),
        ),
        read: "everything",
        contradictions: vec![own(); count],
        statements: std::iter::repeat_with(|| Statement {
            name: own(),
            kind: "review",
            says: own(),
            signer: Some(own()),
            made: Some(own()),
            counts: Counts::No(own()),
        })
        .take(count)
        .collect(),
        scanned: scanned(text, count),
        files: std::iter::repeat_with(|| File {
            path: own(),
            size: 1,
            format: own(),
            digest: Some(own()),
        })
        .take(count)
        .collect(),
        tensors: tensors(text, count),
        composition: composition(text, count),
    }
}

fn scanned(text: &str, count: usize) -> Scanned {
    let own = || text.to_owned();
    Scanned {
        findings: std::iter::repeat_with(|| Finding {
            severity: Severity::High,
            confidence: "high",
            rule: "pickle-code-execution",
            cwe: 502,
            place: own(),
            offset: Some(1),
            construct: Some(own()),
            name: Some(own()),
            reason: own(),
            fix: "do not load it",
        })
        .take(count)
        .collect(),
        left_out: 7,
        gaps: std::iter::repeat_with(|| Gap {
            place: own(),
            bytes: Some((1, 2)),
            code: Some(own()),
            why: own(),
        })
        .take(count)
        .collect(),
        ..Scanned::default()
    }
}

fn tensors(text: &str, count: usize) -> Vec<TensorFile> {
    let tensor = |at: usize| Tensor {
        name: format!("{at}x{text}"),
        dtype: "F32",
        shape: vec![1; 40],
        bytes: 1,
    };
    vec![TensorFile {
        path: text.to_owned(),
        tensors: (0..count).map(tensor).collect(),
    }]
}

fn composition(text: &str, count: usize) -> Composition {
    let own = || text.to_owned();
    let fact = || Fact {
        name: "description",
        values: vec![own(); 9],
        standing: Standing::Declared,
        sources: vec![own(); 9],
    };
    Composition {
        facts: std::iter::repeat_with(fact).take(count).collect(),
        components: std::iter::repeat_with(|| Component {
            title: own(),
            kind: "model",
            facts: vec![fact()],
            facts_left_out: 1,
        })
        .take(count)
        .collect(),
        relations: (0..count)
            .map(|at| Relation {
                from: End::Model,
                verb: own(),
                to: End::Component(at),
                standing: Standing::Inferred,
                sources: vec![own(); 9],
            })
            .collect(),
        metrics: std::iter::repeat_with(|| Metric {
            metric: own(),
            value: own(),
            on: own(),
            standing: Standing::Declared,
        })
        .take(count)
        .collect(),
        unread: vec![own(); count],
    }
}

fn page(text: &str, count: usize) -> String {
    let inspection = inspection(text);
    render(&report(&inspection, text, count))
}

/// What a model could be called to get out of its place.
const HOSTILE: [&str; 12] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "' onfocus='alert(1)' autofocus='",
    "</style><script>alert(1)</script>",
    "</title></textarea><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "--><![CDATA[<b>]]><!--",
    "} body { display: none } @import url(https://example.com/x); {",
    "a\0b\u{1b}[2J\u{7}\r\n\u{9b}31m",
    "gpj.\u{202e}exe\u{2066}\u{200b}\u{feff}",
    "\u{fffe}\u{ffff}\u{fdd0}\u{10ffff}",
    "&lt;b&gt; &amp;#60; &#x3c;script&#x3e;",
];

/// The tags of a page: what stands between a `<` and the next `>`. No attribute of ours has either.
fn tags(page: &str) -> Vec<&str> {
    let pieces = page.split('<').skip(1);
    pieces.filter_map(|piece| piece.split('>').next()).collect()
}

#[test]
fn no_name_gets_out_of_its_place() {
    let plain: Vec<String> = tags(&page("plain", 2))
        .iter()
        .map(|it| (*it).to_owned())
        .collect();
    for text in HOSTILE {
        let page = page(text, 2);
        let found = tags(&page);
        // Only the words in attributes differ: there is not one more element than with a harmless name.
        let names = |tag: &str| tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        let expected: Vec<String> = plain.iter().map(|it| names(it)).collect();
        let found_names: Vec<String> = found.iter().map(|it| names(it)).collect();
        assert_eq!(found_names, expected, "{text:?}");
        for tag in found {
            let attributes = tag.split('"').step_by(2).collect::<String>();
            assert!(!attributes.contains('\''), "{text:?}: {tag}");
            for forbidden in [" on", " src", " style=", " action", " ping", " formaction"] {
                assert!(!attributes.contains(forbidden), "{text:?}: {tag}");
            }
        }
        let bad = |it: char| (it.is_control() && it != '\n') || ('\u{202a}'..='\u{202e}').contains(&it);
        assert!(!page.contains(bad), "{text:?}");
    }
}

/// No link leads away, and nothing is loaded: addresses are text.
#[test]
fn nothing_leads_out_of_the_page() {
    let page = page("https://example.com/model", 2);
    for tag in tags(&page) {
        if let Some((_, rest)) = tag.split_once("href=\"") {
            assert!(rest.starts_with('#'), "{tag}");
        }
    }
    assert!(
        page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"),
        "{page}"
    );
    assert!(page.contains("<meta name=\"referrer\" content=\"no-referrer\"/>"));
    let sheet = super::STYLE;
    assert!(!sheet.contains("url(") && !sheet.contains("@import") && !sheet.contains(['<', '&']));
}

#[test]
fn every_section_has_its_heading_and_headings_are_in_order() {
    let page = page("plain", 2);
    let levels: Vec<u32> = tags(&page)
        .iter()
        .filter_map(|tag| tag.strip_prefix('h')?.split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    for id in [
        "answers",
        "contradictions",
        "verdict",
        "statements",
        "findings",
        "files",
        "tensors",
        "components",
        "about",
    ] {
        let section = format!("<section id=\"{id}\" aria-labelledby=\"{id}-heading\">");
        assert!(
            page.contains(&section) && page.contains(&format!("href=\"#{id}\"")),
            "{id}"
        );
    }
    for landmark in [
        "<header>",
        "<nav aria-label=",
        "<main>",
        "<footer>",
        "<html lang=\"en\">",
    ] {
        assert!(page.contains(landmark), "{landmark}");
    }
}

/// What opens is closed, in the order of opening: the page is well-formed.
#[test]
fn every_element_is_closed() {
    for text in HOSTILE {
        let page = page(text, 3);
        let mut open = Vec::new();
        for tag in tags(&page).into_iter().skip(1) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{text:?}"),
                None if tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().unwrap_or_default()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn the_page_is_bounded_and_tells_what_is_not_on_it() {
    let page = page("name", 5000);
    for told in [
        "and 4600 more files, not on this page: <code translate=\"no\">weightlock digest name</code>",
        "and 4807 more findings, not on this page",
        "and 4000 more tensors, not on this page",
        "and 4850 more components, not on this page",
        "4976 more components are not drawn",
        "and 4850 more relations, not on this page",
        "and 4900 more contradictions, not on this page",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(page.len() < 2 << 20, "{}", page.len());
}

/// Long names, in which every letter takes as much room as it can, in every place there is.
#[test]
fn the_page_is_bounded_whatever_its_names_are() {
    for long in ["x".repeat(3000), "\u{e0041}".repeat(700), "\"'<".repeat(1000)] {
        let size = page(&long, 600).len();
        assert!(size < 10 << 20, "{size}");
    }
    assert!(page(&"x".repeat(1 << 20), 2).len() < 1 << 20);
}

#[test]
fn what_a_list_leaves_out_is_counted() {
    let mut inspection = inspection("x");
    inspection.contradictions_left_out = 7;
    let report = report(&inspection, "x", 1);
    assert!(render(&report).contains("and 7 more contradictions, not on this page"));
}

#[test]
fn the_same_report_is_the_same_page() {
    assert_eq!(page("name", 40), page("name", 40));
}

/// What is missing is said, and never looks like a good answer.
#[test]
fn an_empty_report_says_so_in_every_section() {
    let inspection = inspection("m");
    let empty = Report {
        judging: Judging::NotAsked,
        read: "everything",
        inspection: &inspection,
        headline: String::new(),
        made: None,
        contradictions: Vec::new(),
        statements: Vec::new(),
        scanned: Scanned::default(),
        files: Vec::new(),
        tensors: Vec::new(),
        composition: Composition::default(),
    };
    let page = render(&empty);
    for told in [
        "NO VERDICT",
        "The sources that were read do not contradict each other.",
        "no signature and no statement lies with this model",
        "There is no file.",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

//! Whether a text is a licence and nothing else: who recognises a licence by its words must not pass over what stands around them.
//!
//! ```text
//! text    = outside { licence outside }
//! licence = the words of a form, with names in its gaps
//! outside = { title | copyright line | words that publishers put around a licence }
//! ```
//!
//! Words are compared without signs, without case, and without those of one letter, which are numbers of clauses and articles. The
//! short licences are compared word by word: the forms in `licences/`, where `GAP8` stands for up to eight words, such as the name of
//! who is not liable. The long ones are known by how they begin and end, and by their length: more words than theirs are others' words.
//! Licences whose text is not here are not compared.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

/// What a text holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whole {
    /// The licences whose texts stand in it.
    pub ids: BTreeSet<&'static str>,
    /// The first line that belongs to none of them, cut short.
    pub further: Option<String>,
}

/// What a text holds beside the licence `id` that [`of_text`](super::license::of_text) recognised in it.
#[must_use]
pub fn whole(id: &'static str, text: &[u8]) -> Whole {
    let text = String::from_utf8_lossy(text);
    let words = Words::of(&text);
    let all_of = |form: &'static Form| all_in(&form.pieces, &words).map(move |range| (form, range));
    let found: Vec<(&Form, Range<usize>)> = FORMS.iter().flat_map(all_of).collect();
    if found.is_empty() {
        return Whole {
            ids: BTreeSet::from([id]),
            further: long(id, &words),
        };
    }
    let outside = words.without(found.iter().map(|(_, range)| range.clone()));
    let titles: Vec<&str> = found.iter().flat_map(|(form, _)| form.titles).copied().collect();
    Whole {
        ids: found.iter().map(|(form, _)| form.id).collect(),
        further: outside.further(&titles),
    }
}

/// Characters of a line that are told.
const MOST_TOLD: usize = 60;

/// A licence by its words.
struct Form {
    id: &'static str,
    pieces: Vec<Piece>,
    /// Words of its title.
    titles: &'static [&'static str],
}

enum Piece {
    Word(String),
    /// Up to so many words.
    Gap(usize),
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let bsd = &[
        "bsd",
        "2clause",
        "3clause",
        "bsd2clause",
        "bsd3clause",
        "new",
        "revised",
        "simplified",
        "modified",
    ];
    vec![
        Form::of("MIT", &["mit", "expat"], include_str!("licences/mit.txt")),
        Form::of("ISC", &["isc"], include_str!("licences/isc.txt")),
        Form::of("BSD-2-Clause", bsd, include_str!("licences/bsd-2-clause.txt")),
        Form::of("BSD-3-Clause", bsd, include_str!("licences/bsd-3-clause.txt")),
        Form::of(
            "Unlicense",
            &["unlicense"],
            include_str!("licences/unlicense.txt"),
        ),
        Form::of(
            "Apache-2.0",
            &["apache", "january"],
            include_str!("licences/apache-2.0.txt"),
        ),
    ]
});

/// What publishers put around a licence, besides its title and who holds the rights.
static AROUND: LazyLock<Vec<Vec<Piece>>> = LazyLock::new(|| {
    [
        "All rights reserved.",
        "END OF TERMS AND CONDITIONS",
        include_str!("licences/apache-2.0-appendix.txt"),
        include_str!("licences/apache-2.0-notice.txt"),
    ]
    .map(pieces)
    .into()
});

fn pieces(text: &str) -> Vec<Piece> {
    let words = Words::of(text).0.into_iter().map(|word| word.text);
    let piece = |word: String| match word.strip_prefix("gap").and_then(|most| most.parse().ok()) {
        Some(most) => Piece::Gap(most),
        None => Piece::Word(word),
    };
    words.map(piece).collect()
}

impl Form {
    fn of(id: &'static str, titles: &'static [&'static str], text: &str) -> Self {
        Self {
            id,
            pieces: pieces(text),
            titles,
        }
    }
}

/// Where the words of a form stand.
fn all_in<'w>(pieces: &'w [Piece], words: &'w Words) -> impl Iterator<Item = Range<usize>> + 'w {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < words.0.len() {
            let start = from;
            match end_of(pieces, words, start) {
                Some(end) => {
                    from = end;
                    return Some(start..end);
                }
                None => from = from.saturating_add(1),
            }
        }
        None
    })
}

/// Where a form ends that begins here, if it does.
fn end_of(pieces: &[Piece], words: &Words, start: usize) -> Option<usize> {
    let mut at = start;
    let mut pieces = pieces;
    while let Some((piece, rest)) = pieces.split_first() {
        match piece {
            Piece::Word(word) if words.is(at, word) => at = at.saturating_add(1),
            Piece::Word(_) => return None,
            Piece::Gap(most) => at = (at..=at.saturating_add(*most)).find(|at| goes_on(rest, words, *at))?,
        }
        pieces = rest;
    }
    (at > start).then_some(at)
}

/// Whether the words behind a gap stand here: three of them, so that a name is taken for none.
fn goes_on(pieces: &[Piece], words: &Words, at: usize) -> bool {
    let next = pieces.iter().take(3).enumerate();
    next.into_iter().all(|(ahead, piece)| match piece {
        Piece::Word(word) => words.is(at.saturating_add(ahead), word),
        Piece::Gap(_) => true,
    })
}

/// A long licence: its words, those that its text begins with at the latest, and those that it ends with, in one of its forms.
struct Long {
    ids: &'static [&'static str],
    most: usize,
    starts: &'static [&'static str],
    ends: &'static [&'static str],
    titles: &'static [&'static str],
}

/// Words that stand beside a long licence: who holds the rights, another address of its publisher.
const MOST_BESIDE: usize = 60;

const GNU: &[&str] = &[
    "gnu", "general", "public", "affero", "lesser", "gpl", "lgpl", "agpl",
];

const fn creative(ids: &'static [&'static str], most: usize) -> Long {
    Long {
        ids,
        most,
        starts: &[
            "Creative Commons Corporation Creative Commons is not a law firm",
            "By exercising the Licensed Rights (defined below)",
        ],
        ends: &[
            "may be contacted at creativecommons.org",
            "from the legal processes of any jurisdiction or authority",
        ],
        titles: &[
            "creative",
            "commons",
            "cc",
            "by",
            "nc",
            "sa",
            "nd",
            "attribution",
            "noncommercial",
            "sharealike",
            "noderivatives",
            "international",
            "public",
            "legal",
            "code",
            "deed",
            "ccby40",
            "ccbysa40",
            "ccbync40",
            "ccbyncsa40",
            "ccbynd40",
            "ccbyncnd40",
            "attributionnoncommercial",
            "attributionsharealike",
            "attributionnoderivatives",
            "attributionnoncommercialsharealike",
            "attributionnoncommercialnoderivatives",
        ],
    }
}

static LONG: &[Long] = &[
    Long {
        ids: &["GPL-2.0"],
        most: 2828,
        starts: &["GNU General Public License version 2, June 1991"],
        ends: &[
            "president of vice",
            "instead of this license",
            "end of terms and conditions",
        ],
        titles: GNU,
    },
    Long {
        ids: &["GPL-3.0"],
        most: 5424,
        starts: &["GNU General Public License version 3, 29 June 2007"],
        ends: &["why-not-lgpl.html", "end of terms and conditions"],
        titles: GNU,
    },
    Long {
        ids: &["AGPL-3.0"],
        most: 5305,
        starts: &["GNU Affero General Public License version 3, 19 November 2007"],
        ends: &["www.gnu.org/licenses", "end of terms and conditions"],
        titles: GNU,
    },
    Long {
        ids: &["LGPL-3.0"],
        most: 6588,
        starts: &["GNU Lesser General Public License version 3, 29 June 2007"],
        ends: &[
            "choose that version for the Library",
            "why-not-lgpl.html",
            "end of terms and conditions",
        ],
        titles: GNU,
    },
    Long {
        ids: &["LGPL-2.1"],
        most: 4219,
        starts: &["GNU Lesser General Public License version 2.1, February 1999"],
        ends: &["that's all there is to it", "end of terms and conditions"],
        titles: GNU,
    },
    Long {
        ids: &["MPL-2.0"],
        most: 2222,
        starts: &[
            "Mozilla Public License version 2.0",
            "1. Definitions 1.1. \"Contributor\"",
        ],
        ends: &["as defined by the Mozilla Public License, v. 2.0"],
        titles: &["mozilla", "public", "mpl"],
    },
    Long {
        ids: &["CC0-1.0"],
        most: 1039,
        starts: &["CC0 1.0 Universal", "Statement of Purpose"],
        ends: &["obligation with respect to this CC0 or use of the Work"],
        titles: &[
            "creative",
            "commons",
            "legal",
            "code",
            "cc0",
            "universal",
            "public",
            "domain",
            "dedication",
        ],
    },
    creative(&["CC-BY-4.0", "CC-BY-ND-4.0"], 2442),
    creative(&["CC-BY-SA-4.0"], 2626),
    creative(&["CC-BY-NC-4.0", "CC-BY-NC-ND-4.0"], 2522),
    creative(&["CC-BY-NC-SA-4.0"], 2707),
];

/// What stands beside a long licence, if its text is here, or why it is not that text.
fn long(id: &str, words: &Words) -> Option<String> {
    if FORMS.iter().any(|form| form.id == id) {
        return Some("other words than those of the licence".to_owned());
    }
    let long = LONG.iter().find(|long| long.ids.contains(&id))?;
    if words.0.len() > long.most.saturating_add(MOST_BESIDE) {
        return Some("more words than the licence has".to_owned());
    }
    let places = |phrases: &[&str]| -> Vec<Range<usize>> {
        let phrases: Vec<Vec<Piece>> = phrases.iter().map(|it| pieces(it)).collect();
        phrases.iter().flat_map(|it| all_in(it, words)).collect()
    };
    let start = places(long.starts).into_iter().map(|it| it.start).min();
    let end = places(long.ends).into_iter().map(|it| it.end).max();
    match (start, end) {
        (Some(start), Some(end)) if start < end => {
            words.without(std::iter::once(start..end)).further(long.titles)
        }
        _ => Some("not the whole text of the licence".to_owned()),
    }
}

/// A word, and its line.
#[derive(Clone, Debug)]
struct Word {
    text: String,
    line: usize,
}

/// The words of a text.
struct Words(Vec<Word>);

/// What is left of a text.
struct Outside<'t> {
    words: Vec<&'t Word>,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut words = Vec::new();
        for (line, text) in text.lines().enumerate() {
            let lower = text.to_lowercase();
            // A sign that stands alone for a word.
            let lower = lower.replace("(c)", " copyright ").replace('©', " copyright ");
            let joined = without_hyphens(&lower);
            let parts = joined.split(|it: char| !it.is_alphanumeric());
            let kept = parts.filter(|it| it.chars().nth(1).is_some() && !matches!(*it, "http" | "https"));
            words.extend(kept.map(|text| Word {
                text: text.to_owned(),
                line,
            }));
        }
        Self(words)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.0.get(at).is_some_and(|it| it.text == word)
    }

    /// Likewise, without those at these places, and without what publishers put around a licence.
    fn without(&self, places: impl Iterator<Item = Range<usize>>) -> Outside<'_> {
        let around = AROUND.iter().flat_map(|it| all_in(it, self));
        let mut is_left = vec![true; self.0.len()];
        for range in places.chain(around) {
            is_left.get_mut(range).unwrap_or_default().fill(false);
        }
        let left = self.0.iter().zip(is_left).filter(|(_, is_left)| *is_left);
        Outside {
            words: left.map(|(word, _)| word).collect(),
        }
    }
}

/// `non-infringement` and `noninfringement` are one word.
fn without_hyphens(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        let is_inner = before.is_alphanumeric() && chars.peek().is_some_and(|it| it.is_alphanumeric());
        if next != '-' || !is_inner {
            joined.push(next);
        }
        before = next;
    }
    joined
}

impl Outside<'_> {
    /// The first line that is neither a title nor says who holds the rights.
    fn further(&self, titles: &[&str]) -> Option<String> {
        let mut named: Option<usize> = None;
        for line in self.words.chunk_by(|one, other| one.line == other.line) {
            let at = line.first().map_or(0, |word| word.line);
            let words: Vec<&str> = line.iter().map(|word| word.text.as_str()).collect();
            // A list of names goes on in the next line.
            let goes_on = named.is_some_and(|before| before.saturating_add(1) == at);
            // A text in one line has its title before.
            let title = words.iter().take_while(|word| is_title(&[word], titles)).count();
            let behind = words.get(title..).unwrap_or_default();
            if is_copyright(&words, goes_on) || is_copyright(behind, false) {
                named = Some(at);
            } else if !is_title(&words, titles) {
                return Some(words.join(" ").chars().take(MOST_TOLD).collect());
            }
        }
        None
    }
}

/// Whether a line only says who holds the rights: no word of it could be a condition.
fn is_copyright(words: &[&str], goes_on: bool) -> bool {
    const MOST_WORDS: usize = 40;
    const CONDITIONS: &[&str] = &[
        "academic",
        "agree",
        "agreement",
        "allowed",
        "any",
        "apply",
        "applies",
        "cannot",
        "clause",
        "commercial",
        "commercially",
        "condition",
        "conditions",
        "except",
        "exclusively",
        "forbidden",
        "free",
        "grant",
        "granted",
        "if",
        "is",
        "it",
        "licence",
        "license",
        "licensed",
        "licences",
        "licenses",
        "limited",
        "may",
        "military",
        "must",
        "no",
        "non",
        "noncommercial",
        "not",
        "only",
        "permission",
        "permitted",
        "personal",
        "prohibited",
        "purpose",
        "purposes",
        "required",
        "restricted",
        "shall",
        "subject",
        "terms",
        "this",
        "unless",
        "usage",
        "use",
        "used",
        "uses",
        "using",
        "without",
        "you",
        "your",
    ];
    let is_named = goes_on
        || matches!(
            words,
            ["copyright", ..] | ["portions", "copyright", ..] | ["parts", "copyright", ..]
        );
    is_named && words.len() <= MOST_WORDS && !words.iter().any(|word| CONDITIONS.contains(word))
}

fn is_title(words: &[&str], titles: &[&str]) -> bool {
    const COMMON: &[&str] = &[
        "the",
        "this",
        "is",
        "are",
        "all",
        "and",
        "of",
        "under",
        "by",
        "released",
        "licensed",
        "software",
        "project",
        "model",
        "models",
        "code",
        "license",
        "licence",
        "version",
        "html",
        "txt",
        "www",
        "org",
        "licenses",
        "opensource",
        "spdx",
        "identifier",
        "spdxlicenseidentifier",
        "mitlicense",
    ];
    let is_number = |word: &str| word.bytes().all(|it| it.is_ascii_digit());
    let is_named = |word: &&str| COMMON.contains(word) || titles.contains(word) || is_number(word);
    words.len() <= 16 && words.iter().all(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = include_str!("../../testdata/licence-mit.txt");
    const APACHE: &str = include_str!("../../../../LICENSE");

    fn further(id: &'static str, text: &str) -> Option<String> {
        let whole = whole(id, text.as_bytes());
        assert!(whole.ids.contains(id), "{whole:?}");
        whole.further
    }

    fn form(name: &str, gap: &str) -> String {
        let gaps = ["GAP24", "GAP12", "GAP8"];
        gaps.iter()
            .fold(name.to_owned(), |text, it| text.replace(it, gap))
    }

    #[test]
    fn a_licence_as_it_is_published_has_nothing_besides() {
        let apache = include_str!("licences/apache-2.0.txt");
        let notice = include_str!("licences/apache-2.0-notice.txt");
        for (id, text) in [
            ("MIT", MIT.to_owned()),
            (
                "MIT",
                format!("The MIT License (MIT)\n=====\n\nhttps://opensource.org/licenses/MIT\n\n{MIT}"),
            ),
            (
                "MIT",
                MIT.replace(
                    "Copyright",
                    "© 2020-2024 OpenAI, Inc.\n    and its friends\nCopyright",
                ),
            ),
            ("MIT", MIT.to_uppercase()),
            ("MIT", MIT.split_whitespace().collect::<Vec<_>>().join(" ")),
            ("MIT", format!("{MIT}\n\n---\n\n{MIT}")),
            ("Apache-2.0", APACHE.to_owned()),
            ("Apache-2.0", APACHE.replace("http://", "https://")),
            (
                "Apache-2.0",
                format!("Copyright 2018- The Hugging Face team. All rights reserved.\n\n{APACHE}"),
            ),
            (
                "Apache-2.0",
                format!(
                    "Apache License\nVersion 2.0, January 2004\n{apache}\nCopyright 2024 Alibaba Cloud\n\n{notice}"
                ),
            ),
            (
                "BSD-3-Clause",
                format!(
                    "BSD 3-Clause License\n\nCopyright (c) 2023, Acme Research. All rights reserved.\n\n{}",
                    form(
                        include_str!("licences/bsd-3-clause.txt"),
                        "Acme Research and its contributors"
                    ),
                ),
            ),
            (
                "BSD-2-Clause",
                form(include_str!("licences/bsd-2-clause.txt"), "the regents"),
            ),
            (
                "ISC",
                format!(
                    "ISC License\n{}",
                    form(include_str!("licences/isc.txt"), "the author")
                ),
            ),
            ("Unlicense", include_str!("licences/unlicense.txt").to_owned()),
        ] {
            assert_eq!(further(id, &text), None, "{text}");
        }
    }

    #[test]
    fn whatever_stands_around_it_or_within_is_told() {
        for more in [
            "You may not use it for any commercial purpose.",
            "No commercial use.",
            "GNU Affero General Public License version 3",
            "Commons Clause",
            "Nur zur Forschung.",
            "Copyright 2024 Acme. Commercial use is forbidden.",
        ] {
            for text in [format!("{MIT}\n{more}\n"), format!("{more}\n\n{MIT}")] {
                assert!(further("MIT", &text).is_some(), "{more}");
            }
            assert!(
                further("Apache-2.0", &format!("{APACHE}\n{more}\n")).is_some(),
                "{more}"
            );
        }
        for (from, to) in [
            (
                "free of charge, to any person",
                "free of charge, to any academic person",
            ),
            ("to use, copy", "to copy"),
        ] {
            let other = MIT.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(other.contains(from));
            assert!(further("MIT", &other.replace(from, to)).is_some(), "{to}");
        }
    }

    #[test]
    fn a_text_of_two_licences_is_both() {
        let both = whole("Apache-2.0", format!("{APACHE}\n\n{MIT}").as_bytes());
        assert_eq!(both.ids, BTreeSet::from(["Apache-2.0", "MIT"]));
        assert_eq!(both.further, None);
    }

    #[test]
    fn a_long_licence_ends_where_it_ends() {
        let head = "Creative Commons Legal Code\n\nCC0 1.0 Universal\n\nStatement of Purpose\n\nwords ";
        let end = "or obligation with respect to\nthis CC0 or use of the Work.\n";
        let text = format!("{head}{}{end}", "of it ".repeat(100));
        assert_eq!(further("CC0-1.0", &text), None);
        assert!(further("CC0-1.0", &format!("{text}\nNot for companies.\n")).is_some());
        assert!(further("CC0-1.0", &format!("Not for companies.\n\n{text}")).is_some());
        assert!(further("CC0-1.0", &format!("{head}{}{end}", "of it ".repeat(700))).is_some());
        assert!(further("CC0-1.0", head).is_some());
        // Its text is not here.
        assert_eq!(further("LicenseRef-llama2", "anything"), None);
    }
}

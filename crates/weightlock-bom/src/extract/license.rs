//! Licences: from what metadata write to an identifier of SPDX, and from the text of a licence to its name.
//! <https://spdx.org/licenses/>
//!
//! | written | becomes |
//! |---|---|
//! | `apache-2.0`, `MIT`, `GPL-2.0-or-later OR MIT` | the identifier or expression, in the letters of the list |
//! | `other` with a name beside it, `llama3.1` | `LicenseRef-` with the name |
//! | an address of a known licence | its identifier |
//! | `MIT License`, `unknown` | nothing: no identifier, and it is said so |
//!
//! A text is recognised by phrases that stand in no other licence, all of which must be there. A short note that names a
//! licence is not its text.

use spdx::{Expression, identifiers::LICENSES};
use weightlock_artifact::digest::Algorithm;

/// The identifier or expression that a written licence means; `None` where it is none.
pub fn normalise(written: &str, name: Option<&str>) -> Option<String> {
    let written = written.trim();
    if written.eq_ignore_ascii_case("other") {
        let name = name.map(str::trim).filter(|it| !it.is_empty())?;
        return listed(name).map(str::to_owned).or_else(|| Some(reference(name)));
    }
    if written.contains("://") {
        return of_address(written).map(str::to_owned);
    }
    if let Some(id) = listed(written) {
        return Some(id.to_owned());
    }
    if let Some((_, id)) = RENAMED.iter().find(|(hub, _)| hub.eq_ignore_ascii_case(written)) {
        return Some((*id).to_owned());
    }
    if let Some(id) = HUB.iter().find(|id| id.eq_ignore_ascii_case(written)) {
        return Some(reference(id));
    }
    let is_expression = [" OR ", " AND ", " WITH ", "LicenseRef-"]
        .iter()
        .any(|it| written.contains(it));
    (is_expression && Expression::parse(written).is_ok()).then(|| written.to_owned())
}

/// Identifiers of the model hubs for licences that SPDX lists under another one.
const RENAMED: [(&str, &str); 3] = [
    ("odbl", "ODbL-1.0"),
    ("odc-by", "ODC-By-1.0"),
    ("pddl", "PDDL-1.0"),
];

/// Identifiers of the model hubs for licences that SPDX does not list.
const HUB: [&str; 28] = [
    "apple-amlr",
    "apple-ascl",
    "bigcode-openrail-m",
    "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m",
    "c-uda",
    "creativeml-openrail-m",
    "deepfloyd-if-license",
    "fair-noncommercial-research-license",
    "gemma",
    "grok2-community",
    "h-research",
    "hippocratic-3.0",
    "intel-research",
    "lgpl-lr",
    "llama2",
    "llama3",
    "llama3.1",
    "llama3.2",
    "llama3.3",
    "llama4",
    "nvidia-open-model-license",
    "open-mdw",
    "openmdw-1.0",
    "openrail",
    "openrail++",
    "qwen",
    "qwen-research",
];

/// The identifier of SPDX's list in its own letters.
#[must_use]
pub fn listed(written: &str) -> Option<&'static str> {
    LICENSES
        .iter()
        .map(|it| it.name)
        .find(|it| it.eq_ignore_ascii_case(written) && *it != "NOASSERTION")
}

/// A name as a reference: letters, digits, dots and dashes. Blanks become dashes; where more than that is lost, so that two names
/// could become one, the beginning of its digest is put behind it.
fn reference(name: &str) -> String {
    const MOST: usize = 128;
    let is_kept = |it: char| it.is_ascii_alphanumeric() || "-. _".contains(it);
    let plain: String = name
        .chars()
        .take(MOST)
        .map(|it| {
            if is_kept(it) && !" _".contains(it) {
                it
            } else {
                '-'
            }
        })
        .collect();
    let plain = plain.trim_matches('-');
    if !plain.is_empty() && name.chars().count() <= MOST && name.chars().all(is_kept) {
        return format!("LicenseRef-{plain}");
    }
    let digest = Algorithm::Sha256.digest(name.as_bytes()).hex();
    format!("LicenseRef-{plain}-{}", digest.get(..8).unwrap_or_default())
        .replace("LicenseRef--", "LicenseRef-")
}

/// The licence that an address is of.
fn of_address(address: &str) -> Option<&'static str> {
    let (_, rest) = address.split_once("://")?;
    let rest = rest
        .trim_start_matches("www.")
        .trim_end_matches('/')
        .to_ascii_lowercase();
    let (host, path) = rest.split_once('/')?;
    let parts: Vec<&str> = path.split('/').collect();
    let last = parts.last().copied().unwrap_or_default();
    let last = last.trim_end_matches(".html").trim_end_matches(".txt");
    match (host, &parts[..]) {
        ("creativecommons.org", ["licenses", kind, version, ..]) => listed(&format!("cc-{kind}-{version}")),
        ("creativecommons.org", ["publicdomain", "zero", "1.0", ..]) => Some("CC0-1.0"),
        ("apache.org", ["licenses", ..]) if last == "license-2.0" => Some("Apache-2.0"),
        ("gnu.org", ["licenses", ..]) => listed(last.trim_end_matches(".en")),
        ("mozilla.org", [.., "mpl", "2.0"]) => Some("MPL-2.0"),
        // Its newer addresses have no dots.
        ("opensource.org", ["license", _]) => listed(last).or_else(|| {
            let dotted = last
                .rsplit_once('-')
                .map(|(before, minor)| format!("{before}.{minor}"));
            dotted.and_then(|it| listed(&it))
        }),
        ("opensource.org", _) | ("spdx.org", _) | ("choosealicense.com", _) => listed(last),
        _ => None,
    }
}

/// Phrases of texts, in small letters and with single blanks; the first whose phrases are all there names the licence.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "Apache-2.0",
        &[
            "apache license version 2.0, january 2004",
            "terms and conditions for use, reproduction, and distribution",
            "grant of patent license",
        ],
    ),
    (
        "AGPL-3.0",
        &[
            "gnu affero general public license version 3, 19 november 2007",
            "remote network interaction",
        ],
    ),
    (
        "LGPL-3.0",
        &[
            "gnu lesser general public license version 3, 29 june 2007",
            "additional definitions",
        ],
    ),
    (
        "LGPL-2.1",
        &[
            "gnu lesser general public license version 2.1, february 1999",
            "terms and conditions for copying",
        ],
    ),
    (
        "GPL-3.0",
        &[
            "gnu general public license version 3, 29 june 2007",
            "terms and conditions",
            "basic permissions",
        ],
    ),
    (
        "GPL-2.0",
        &[
            "gnu general public license version 2, june 1991",
            "terms and conditions for copying",
        ],
    ),
    (
        "MPL-2.0",
        &[
            "mozilla public license version 2.0",
            "\"covered software\"",
            "secondary licenses",
        ],
    ),
    (
        "CC0-1.0",
        &[
            "cc0 1.0 universal",
            "statement of purpose",
            "copyright and related rights",
        ],
    ),
    (
        "CC-BY-NC-SA-4.0",
        &[
            "attribution-noncommercial-sharealike 4.0 international public license",
            "section 1",
        ],
    ),
    (
        "CC-BY-NC-ND-4.0",
        &[
            "attribution-noncommercial-noderivatives 4.0 international public license",
            "section 1",
        ],
    ),
    (
        "CC-BY-NC-4.0",
        &[
            "attribution-noncommercial 4.0 international public license",
            "section 1",
        ],
    ),
    (
        "CC-BY-SA-4.0",
        &[
            "attribution-sharealike 4.0 international public license",
            "section 1",
        ],
    ),
    (
        "CC-BY-ND-4.0",
        &[
            "attribution-noderivatives 4.0 international public license",
            "section 1",
        ],
    ),
    (
        "CC-BY-4.0",
        &[
            "creative commons attribution 4.0 international public license",
            "section 1",
        ],
    ),
    (
        "Unlicense",
        &[
            "this is free and unencumbered software released into the public domain",
            "anyone is free to copy, modify",
        ],
    ),
    (
        "BSD-3-Clause",
        &[
            "redistribution and use in source and binary forms, with or without modification, are permitted",
            "neither the name of",
            "this software is provided by the copyright holders and contributors",
        ],
    ),
    (
        "BSD-2-Clause",
        &[
            "redistribution and use in source and binary forms, with or without modification, are permitted",
            "redistributions in binary form must reproduce",
            "this software is provided by the copyright holders and contributors",
        ],
    ),
    (
        "ISC",
        &[
            "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
            "the software is provided \"as is\" and the author disclaims all warranties",
        ],
    ),
    (
        "MIT",
        &[
            "permission is hereby granted, free of charge, to any person obtaining a copy of this software",
            "the above copyright notice and this permission notice shall be included in all",
            "the software is provided \"as is\", without warranty of any kind",
        ],
    ),
    (
        "LicenseRef-llama2",
        &[
            "llama 2 community license agreement",
            "additional commercial terms",
        ],
    ),
    (
        "LicenseRef-llama3.1",
        &[
            "llama 3.1 community license agreement",
            "additional commercial terms",
        ],
    ),
    (
        "LicenseRef-llama3.2",
        &[
            "llama 3.2 community license agreement",
            "additional commercial terms",
        ],
    ),
    (
        "LicenseRef-llama3.3",
        &[
            "llama 3.3 community license agreement",
            "additional commercial terms",
        ],
    ),
    (
        "LicenseRef-llama3",
        &[
            "meta llama 3 community license agreement",
            "additional commercial terms",
        ],
    ),
    (
        "LicenseRef-llama4",
        &[
            "llama 4 community license agreement",
            "additional commercial terms",
        ],
    ),
    (
        "LicenseRef-gemma",
        &["gemma terms of use", "gemma prohibited use policy"],
    ),
    (
        "LicenseRef-creativeml-openrail-m",
        &["creativeml open rail-m", "use-based restrictions"],
    ),
    (
        "LicenseRef-bigcode-openrail-m",
        &["bigcode open rail-m", "use-based restrictions"],
    ),
    (
        "LicenseRef-bigscience-bloom-rail-1.0",
        &["bigscience rail license v1.0", "use-based restrictions"],
    ),
];

/// Shorter texts name a licence at best. The shortest listed here, ISC's, has 700 bytes.
const SHORTEST_TEXT: usize = 500;

/// The licence whose text this is.
pub fn of_text(text: &[u8]) -> Option<&'static str> {
    if text.len() < SHORTEST_TEXT {
        return None;
    }
    let text = String::from_utf8_lossy(text).to_lowercase();
    let text = text.replace(['“', '”'], "\"").replace(['*', '#'], " ");
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_text = |phrases: &[&str]| phrases.iter().all(|it| plain.contains(it));
    let (id, _) = TEXTS.iter().find(|(_, phrases)| is_text(phrases))?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_the_list() {
        for (written, name, id) in [
            ("apache-2.0", None, "Apache-2.0"),
            ("cc-by-4.0", None, "CC-BY-4.0"),
            ("odbl", None, "ODbL-1.0"),
            ("gpl", None, "LicenseRef-none"),
            (
                "other",
                Some("acme-community-1.0"),
                "LicenseRef-acme-community-1.0",
            ),
            ("other", Some("a b_c"), "LicenseRef-a-b-c"),
            ("other", Some("mit"), "MIT"),
            ("llama3.1", None, "LicenseRef-llama3.1"),
            ("MIT OR Apache-2.0", None, "MIT OR Apache-2.0"),
            ("https://creativecommons.org/licenses/by/4.0/", None, "CC-BY-4.0"),
            ("https://www.apache.org/licenses/LICENSE-2.0", None, "Apache-2.0"),
            ("https://opensource.org/licenses/MIT", None, "MIT"),
            (
                "https://spdx.org/licenses/BSD-3-Clause.html",
                None,
                "BSD-3-Clause",
            ),
        ] {
            let expected = (id != "LicenseRef-none").then(|| id.to_owned());
            assert_eq!(normalise(written, name), expected, "{written}");
        }
    }

    #[test]
    fn different_names_are_different_references() {
        let long = "a".repeat(200);
        let names = ["a b/c", "a b.c", "a b(c)", "ü", "ö", "/", &long, &long[..199]];
        let references: std::collections::BTreeSet<_> = names.map(|it| normalise("other", Some(it))).into();
        assert_eq!(references.len(), names.len(), "{references:?}");
        for reference in references.into_iter().flatten() {
            assert!(Expression::parse(&reference).is_ok(), "{reference}");
        }
    }

    #[test]
    fn what_is_no_identifier_stays_none() {
        for written in [
            "MIT License",
            "unknown",
            "other",
            "",
            "free OR so",
            "https://example.org/LICENSE",
            "../x",
        ] {
            assert_eq!(normalise(written, None), None, "{written}");
        }
    }

    #[test]
    fn texts_are_known_by_their_words() {
        let mit = include_str!("../../testdata/licence-mit.txt");
        assert_eq!(of_text(mit.as_bytes()), Some("MIT"));
        assert_eq!(of_text(b"MIT"), None);
        let own = include_bytes!("../../../../LICENSE");
        assert_eq!(of_text(own), Some("Apache-2.0"));
        let note = format!("Apache License 2.0, see there. {}", "x ".repeat(400));
        assert_eq!(of_text(note.as_bytes()), None);
        assert_eq!(of_text(&mit.as_bytes()[..600]), None, "a part of it");
    }
}

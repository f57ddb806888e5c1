//! Everything that states a licence: what the graph knows of the model, and what lies in its files without being the model's own
//! word for a bill of materials.
//!
//! | source | what it states |
//! |---|---|
//! | the graph of the model | its metadata and the text of its licence, as a bill of materials has them |
//! | every card, also `readme.md` and those in folders | each `license`, a `license_name` beside it, an address in `license_link` |
//! | every file of a licence, in any folder | the licence whose text it is, or that nobody knows the text |
//! | headers of safetensors and GGUF, in any folder | what their metadata call a licence |
//! | the configuration and the annotations of an image | each licence; of an archive of documents nobody knows what it says |
//!
//! A policy wants each of them to be content. What is not known is a fact that is not known, and no silence: else a licence that
//! forbids the use would pass beside a word that allows it. Files of installed packages speak for their packages.

use weightlock_artifact::{path::ArtifactPath, standing::Standing};
use weightlock_bom::{
    document::licence::Licence,
    extract::{
        license::{normalise, of_text},
        limit,
    },
    graph::Property,
};
use weightlock_format::{
    config::card::{self, Card, Stated},
    content::Content,
    loadable::{EXTENSIONS, Loadable},
    model::Facts,
};
use weightlock_policy::evidence::LicenseFact;

use crate::{
    commands::{bom::model::Described, scan::opened},
    diagnostic::Diagnostic,
    layout::Image,
    sources::Source,
};

/// What each source says of the licence. `seen` are the headers of all files.
pub(super) fn of(
    described: &Described,
    image: Option<&Image>,
    seen: &[(ArtifactPath, Facts)],
) -> Result<Vec<LicenseFact>, Vec<Diagnostic>> {
    let mut found = Found(of_graph(described));
    let names = described.hashed.names()?;
    let sources = described.hashed.sources();
    let mut texts: Vec<bool> = names.iter().map(is_licence).collect();
    for (path, source) in names.iter().zip(&sources).filter(|(path, _)| is_card(path)) {
        let content = read(source, card::MAX_BYTES)?;
        for link in found.card(path, &Card::read(&content)) {
            // A card may keep the text under any name.
            let linked = beside(path, &link);
            let at = names
                .iter()
                .position(|name| Some(name.as_str()) == linked.as_deref());
            if let Some(is_text) = at.and_then(|at| texts.get_mut(at)) {
                *is_text = true;
            }
        }
    }
    let texts = names.iter().zip(&sources).zip(&texts);
    for ((path, source), _) in texts.filter(|(_, is_text)| **is_text) {
        let text = read(source, limit::LICENCE_BYTES + 1)?;
        if text.len() > limit::LICENCE_BYTES {
            // What stands behind the part that is known could take it back.
            found.unknown("a text that is longer than any licence", path.as_str());
        }
        found.text(path, &text);
    }
    for (path, facts) in seen.iter().filter(|(path, _)| !is_installed(path)) {
        found.header(path, facts);
    }
    if let Some(image) = image {
        found.image(image);
    }
    Ok(found.0)
}

fn read(source: &Source, limit: usize) -> Result<Vec<u8>, Diagnostic> {
    let content: Content = opened(source)?;
    let failed = |error| weightlock_artifact::Error::io("read", &source.name, error);
    Ok(content.read(0, limit).map_err(failed)?)
}

/// What was found so far.
struct Found(Vec<LicenseFact>);

impl Found {
    /// What a card states. Answers with what it links to.
    fn card(&mut self, path: &ArtifactPath, card: &Card) -> Vec<String> {
        if card.fault.is_some() {
            self.unknown("front matter that cannot be read", path.as_str());
        }
        let name = card.license_name.as_ref().map(|name| name.text.as_str());
        let is_other = |it: &Stated| it.text.trim().eq_ignore_ascii_case("other");
        for license in &card.license {
            self.written(&license.text, name, path.as_str());
        }
        // The name is that of `other`; beside another word it is a second one.
        if let Some(name) = name
            && !card.license.iter().any(is_other)
        {
            self.written(name, None, path.as_str());
        }
        let link = card.license_link.as_ref().map(|link| link.text.trim());
        if let Some(id) = link
            .filter(|it| it.contains("://"))
            .and_then(|it| normalise(it, None))
        {
            self.known(&id, path.as_str());
        }
        link.map(str::to_owned).into_iter().collect()
    }

    /// The text of a licence; blanks are none.
    fn text(&mut self, path: &ArtifactPath, text: &[u8]) {
        match of_text(text) {
            Some(id) => {
                self.known(id, path.as_str());
                if let Some(term) = further_term(id, text) {
                    self.unknown(&format!("{id} with further terms ({term})"), path.as_str());
                }
            }
            None if text.trim_ascii().is_empty() => {}
            None => self.unknown("a text that is not recognised", path.as_str()),
        }
    }

    fn header(&mut self, path: &ArtifactPath, facts: &Facts) {
        match facts {
            Facts::Safetensors(header) => {
                let metadata = header.metadata().iter();
                for (_, value) in metadata.filter(|(key, _)| is_about_licences(key)) {
                    self.written(value, None, path.as_str());
                }
            }
            Facts::Gguf(header) => {
                let name = header.text("general.license.name");
                match header.text("general.license") {
                    Some(license) => self.written(license, name, path.as_str()),
                    None => name
                        .into_iter()
                        .for_each(|it| self.written(it, None, path.as_str())),
                }
            }
            _ => {}
        }
    }

    /// What an image says besides its files.
    fn image(&mut self, image: &Image) {
        for license in &image.licenses {
            self.written(license, None, "the configuration of the image");
        }
        for license in &image.annotated {
            self.written(license, None, "an annotation of the image");
        }
        for name in &image.documents {
            self.unknown("documents in an archive, which is not looked into", name);
        }
    }

    /// A licence as somebody wrote it.
    fn written(&mut self, text: &str, name: Option<&str>, source: &str) {
        match normalise(text, name) {
            Some(id) => self.known(&id, source),
            None => self.unknown(text, source),
        }
    }

    fn known(&mut self, id: &str, source: &str) {
        let expression = expression(id);
        if expression.is_none() || !self.0.iter().any(|fact| fact.expression == expression) {
            self.push(expression, id, source);
        }
    }

    fn unknown(&mut self, text: &str, source: &str) {
        self.push(None, text, source);
    }

    fn push(&mut self, expression: Option<String>, text: &str, source: &str) {
        self.0.push(LicenseFact {
            expression,
            text: text.to_owned(),
            standing: Standing::Declared,
            source: source.to_owned(),
        });
    }
}

fn expression(text: &str) -> Option<String> {
    match Licence::of(text) {
        Licence::Id(id) | Licence::Expression(id) => Some(id),
        Licence::Name(_) => None,
    }
}

/// What a text takes back that is recognised as a licence without conditions on the use: a text may go on behind the licence.
fn further_term(id: &str, text: &[u8]) -> Option<&'static str> {
    const FREE: [&str; 6] = [
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "Unlicense",
    ];
    const TERMS: [&str; 7] = [
        "non commercial",
        "noncommercial",
        "commons clause",
        "research only",
        "research purposes only",
        "affero general public license",
        "gnu general public license",
    ];
    let text = String::from_utf8_lossy(text).to_lowercase();
    let words: Vec<&str> = text
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .collect();
    let plain = words.join(" ");
    TERMS
        .into_iter()
        .find(|term| FREE.contains(&id) && plain.contains(term))
}

/// What the graph says; a text that was recognised counts like a word.
fn of_graph(described: &Described) -> Vec<LicenseFact> {
    let graph = &described.graph;
    let Some(subject) = graph.component(graph.subject()) else {
        return Vec::new();
    };
    let properties = [
        Property::License,
        Property::LicenseText,
        Property::LicenseUnlisted,
    ];
    let claims = properties.into_iter().flat_map(|property| {
        let claims = subject.claims(property).iter();
        claims.map(move |claim| (property, claim))
    });
    let facts = claims.filter_map(|(property, claim)| {
        let text = claim.value.as_text()?.to_owned();
        Some(LicenseFact {
            expression: expression(&text).filter(|_| property != Property::LicenseUnlisted),
            text,
            standing: claim.standing,
            source: claim
                .sources
                .first()
                .map_or_else(String::new, ToString::to_string),
        })
    });
    let mut facts: Vec<LicenseFact> = facts.collect();
    facts.dedup_by(|one, other| one.text == other.text && one.source == other.source);
    facts
}

/// A file that a card names, relative to the folder of the card.
fn beside(card: &ArtifactPath, link: &str) -> Option<String> {
    let link = link.trim_start_matches("./");
    let folder = card.as_str().rsplit_once('/').map(|(folder, _)| folder);
    let path = match folder {
        Some(folder) => format!("{folder}/{link}"),
        None => link.to_owned(),
    };
    ArtifactPath::parse(path).ok().map(|path| path.to_string())
}

fn is_card(path: &ArtifactPath) -> bool {
    const NAMES: [&str; 4] = ["readme.md", "readme.markdown", "model_card.md", "modelcard.md"];
    NAMES.contains(&path.base_name().to_lowercase().as_str()) && !is_installed(path)
}

/// Whether a file is a licence by its name, or by that of its folder.
fn is_licence(path: &ArtifactPath) -> bool {
    const WORDS: [&str; 5] = ["license", "licence", "copying", "unlicense", "eula"];
    let base = path.base_name().to_lowercase();
    let (stem, extension) = base.rsplit_once('.').unwrap_or((&base, ""));
    let is_named = WORDS
        .iter()
        .any(|word| base.starts_with(word) || stem.ends_with(word));
    // Those of others that come along are about them.
    let is_of_others = base.starts_with("third");
    let mut folders = path.as_str().rsplit('/').skip(1);
    let is_below = folders.any(|it| ["licenses", "licences"].contains(&it.to_lowercase().as_str()));
    let is_program = EXTENSIONS.iter().any(|(kind, words)| {
        matches!(kind, Loadable::Code | Loadable::Config | Loadable::Executable) && words.contains(&extension)
    });
    (is_named && !is_of_others || is_below) && !is_program && !is_installed(path)
}

/// Whether a package brought it.
fn is_installed(path: &ArtifactPath) -> bool {
    let mut parts = path.as_str().split('/');
    parts.any(|part| matches!(part, "site-packages" | "dist-packages"))
}

/// Whether a key of metadata is about licences: `license`, `modelspec.license`, `licence_name`.
fn is_about_licences(key: &str) -> bool {
    let key = key.to_lowercase();
    let last = key.rsplit(['.', ':', '/']).next().unwrap_or_default();
    matches!(
        last,
        "license" | "licence" | "licenses" | "licences" | "license_name" | "licence_name" | "spdx"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_licences_are_known_by_their_names() {
        let is = |name: &str| is_licence(&ArtifactPath::parse(name).unwrap());
        for name in [
            "LICENSE",
            "License.TXT",
            "docs/LICENSE",
            "COPYING.LESSER",
            "LICENSE-AGPL",
            "LICENSE.rst",
            "MODEL_LICENSE.md",
            "MIT-LICENSE.txt",
            "LICENSES/AGPL-3.0-only.txt",
            "eula.pdf",
        ] {
            assert!(is(name), "{name}");
        }
        for name in [
            "README.md",
            "license.py",
            "license.json",
            "THIRD_PARTY_LICENSE.txt",
            "lib/site-packages/torch/LICENSE",
            "relicensed.bin",
        ] {
            assert!(!is(name), "{name}");
        }
    }

    #[test]
    fn a_licence_with_further_terms_is_another_one() {
        let mit = include_str!("../../../../weightlock-bom/testdata/licence-mit.txt");
        assert_eq!(further_term("MIT", mit.as_bytes()), None);
        let more = format!("{mit}\nThe above holds for non-\ncommercial use.\n");
        assert_eq!(further_term("MIT", more.as_bytes()), Some("non commercial"));
        let apache = include_str!("../../../../../LICENSE");
        assert_eq!(further_term("Apache-2.0", apache.as_bytes()), None);
        assert_eq!(further_term("CC-BY-NC-4.0", b"NonCommercial"), None);
    }

    #[test]
    fn keys_about_licences_are_known() {
        for key in ["license", "modelspec.license", "License", "licence_name"] {
            assert!(is_about_licences(key), "{key}");
        }
        for key in ["format", "license_notes_count", "modelspec.title"] {
            assert!(!is_about_licences(key), "{key}");
        }
    }

    #[test]
    fn a_name_beside_a_licence_is_a_second_one() {
        let card = |front: &str| {
            let mut found = Found(Vec::new());
            let path = ArtifactPath::parse("README.md").unwrap();
            let _ = found.card(&path, &Card::read(format!("---\n{front}\n---\n").as_bytes()));
            let texts: Vec<_> = found
                .0
                .into_iter()
                .map(|fact| fact.expression.ok_or(fact.text))
                .collect();
            texts
        };
        let known = |id: &str| Ok(id.to_owned());
        assert_eq!(card("license: mit"), [known("MIT")]);
        assert_eq!(
            card("license: mit\nlicense_name: agpl-3.0"),
            [known("MIT"), known("AGPL-3.0")]
        );
        assert_eq!(
            card("license: other\nlicense_name: acme-1"),
            [known("LicenseRef-acme-1")]
        );
        assert_eq!(
            card("license: mit\nlicense_name: Our terms"),
            [known("MIT"), Err("Our terms".to_owned())]
        );
        assert_eq!(card("license: unknown"), [Err("unknown".to_owned())]);
        assert_eq!(
            card("license: mit\nlicense_link: https://creativecommons.org/licenses/by-nc/4.0/"),
            [known("MIT"), known("CC-BY-NC-4.0")]
        );
        assert_eq!(card("tags: [x]"), []);
    }
}

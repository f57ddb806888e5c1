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
//! forbids the use would pass beside a word that allows it. Files of installed packages speak for their packages. Where a signature
//! counts, what lies in a file that it does not list takes away and gives nothing.

use weightlock_artifact::{path::ArtifactPath, standing::Standing};
use weightlock_bom::{
    document::licence::Licence,
    extract::{
        licence_form::whole,
        license::{listed, normalise, of_text},
        limit,
    },
    graph::{self, Origin, Property},
};
use weightlock_format::{
    config::card::{self, Card, Stated},
    content::Content,
    loadable::{EXTENSIONS, Loadable},
    model::Facts,
};
use weightlock_policy::evidence::LicenseFact;

use super::signatures::Judged as Signatures;
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
    signed: &Signatures,
) -> Result<Vec<LicenseFact>, Vec<Diagnostic>> {
    let mut found = Found {
        facts: of_graph(described, signed),
        counts: true,
    };
    let names = described.hashed.names()?;
    let sources = described.hashed.sources();
    let mut texts: Vec<bool> = names.iter().map(is_licence).collect();
    for (path, source) in names.iter().zip(&sources).filter(|(path, _)| is_card(path)) {
        let content = read(source, card::MAX_BYTES)?;
        found.counts = signed.lists(path);
        let card = Card::read(&content);
        for link in found.card(path, &card) {
            // A card may keep the text under any name.
            let linked = beside(path, &link);
            let at = names
                .iter()
                .position(|name| Some(name.as_str()) == linked.as_deref());
            match at.and_then(|at| texts.get_mut(at)) {
                Some(is_text) => *is_text = true,
                None => found.link(path, &card, &link),
            }
        }
        // A page that is no card of the hub can hold the licence itself.
        if let Some(id) = of_text(&content).filter(|_| !is_markdown(path)) {
            for id in whole(id, &content).ids {
                found.known(id, path.as_str());
            }
        }
    }
    let texts = names.iter().zip(&sources).zip(&texts);
    for ((path, source), _) in texts.filter(|(_, is_text)| **is_text) {
        let text = read(source, limit::LICENCE_BYTES + 1)?;
        found.counts = signed.lists(path);
        if text.len() > limit::LICENCE_BYTES {
            // What stands behind the part that is known could take it back.
            found.unknown("a text that is longer than any licence", path.as_str());
        }
        found.text(path, &text);
    }
    for (path, facts) in seen.iter().filter(|(path, _)| !is_installed(path)) {
        found.counts = signed.lists(path);
        found.header(path, facts);
    }
    if let Some(image) = image {
        // No signature is about what the layout says of an image.
        found.counts = signed.files.is_none();
        found.image(image);
    }
    Ok(found.facts)
}

/// The first bytes of the very file that was hashed; another one in its place is an error.
pub(super) fn read(source: &Source, limit: usize) -> Result<Vec<u8>, Diagnostic> {
    let content: Content = opened(source)?;
    let failed = |error| weightlock_artifact::Error::io("read", &source.name, error);
    Ok(content.read(0, limit).map_err(failed)?)
}

/// What was found so far.
struct Found {
    facts: Vec<LicenseFact>,
    /// Whether the file that is read is listed by a signature, or nothing is signed.
    counts: bool,
}

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
        for misfit in &card.license_misfits {
            self.written(&misfit.text, None, path.as_str());
        }
        let link = card.license_link.as_ref().map(|link| link.text.trim());
        link.map(str::to_owned).into_iter().collect()
    }

    /// What a card links to, where it is no file of the model: the address of a known licence, of a text on a forge beside a licence that
    /// is known, or nobody knows what.
    fn link(&mut self, path: &ArtifactPath, card: &Card, link: &str) {
        let has_scheme = link.contains("://");
        let address = if has_scheme {
            link.to_owned()
        } else {
            format!("https://{link}")
        };
        if let Some(id) = normalise(&address, None) {
            self.known(&id, path.as_str());
        } else if !(has_scheme && (links_to_a_licence(link) || is_of_its_own(card))) {
            self.unknown(&format!("a link to {link}"), path.as_str());
        }
    }

    /// The text of a licence; blanks are none.
    fn text(&mut self, path: &ArtifactPath, text: &[u8]) {
        match of_text(text) {
            Some(id) => {
                let whole = whole(id, text);
                for id in &whole.ids {
                    self.known(id, path.as_str());
                }
                if let Some(further) = whole.further {
                    self.unknown(&format!("{id} with further terms ({further})"), path.as_str());
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
        let is_same = |fact: &LicenseFact| fact.expression == expression && fact.counts >= self.counts;
        if expression.is_none() || !self.facts.iter().any(is_same) {
            self.push(expression, id, source);
        }
    }

    fn unknown(&mut self, text: &str, source: &str) {
        self.push(None, text, source);
    }

    fn push(&mut self, expression: Option<String>, text: &str, source: &str) {
        self.facts.push(LicenseFact {
            expression,
            text: text.to_owned(),
            standing: Standing::Declared,
            source: source.to_owned(),
            counts: self.counts,
        });
    }
}

fn expression(text: &str) -> Option<String> {
    match Licence::of(text) {
        Licence::Id(id) | Licence::Expression(id) => Some(id),
        Licence::Name(_) => None,
    }
}

/// What the graph says; a text that was recognised counts like a word.
fn of_graph(described: &Described, signed: &Signatures) -> Vec<LicenseFact> {
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
            counts: claim.sources.iter().any(|source| is_listed(source, signed)),
        })
    });
    let mut facts: Vec<LicenseFact> = facts.collect();
    facts.dedup_by(|one, other| one.text == other.text && one.source == other.source);
    facts
}

/// Whether a source is a file that a signature lists, or what was worked out from one; or nothing is signed.
fn is_listed(source: &graph::Source, signed: &Signatures) -> bool {
    match &source.origin {
        Origin::File(path) => signed.lists(path),
        Origin::Computed(_) => signed.has_listed(&source.place),
        _ => signed.files.is_none(),
    }
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
    const NAMES: [&str; 7] = [
        "readme",
        "readme.txt",
        "readme.rst",
        "readme.md",
        "readme.markdown",
        "model_card.md",
        "modelcard.md",
    ];
    NAMES.contains(&path.base_name().to_lowercase().as_str()) && !is_installed(path)
}

fn is_markdown(path: &ArtifactPath) -> bool {
    let base = path.base_name().to_lowercase();
    base.ends_with(".md") || base.ends_with(".markdown")
}

/// Whether a card says that its licence is one of its own, which a policy has to allow by its name: any address can have its text.
fn is_of_its_own(card: &Card) -> bool {
    let name = card.license_name.as_ref().map(|name| name.text.as_str());
    let mut all = card.license.iter();
    all.any(|it| normalise(&it.text, name).is_some_and(|id| id.starts_with("LicenseRef-")))
}

/// Whether an address is that of the file of a licence on a forge: what licence, the card itself says.
fn links_to_a_licence(link: &str) -> bool {
    const FORGES: [&str; 6] = [
        "huggingface.co",
        "hf.co",
        "github.com",
        "raw.githubusercontent.com",
        "gitlab.com",
        "modelscope.cn",
    ];
    const NAMES: [&str; 3] = ["license", "licence", "copying"];
    let address = link.split_once("://").map_or(link, |(_, address)| address);
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let Some((host, path)) = address.split_once('/') else {
        return false;
    };
    let host = host.trim_start_matches("www.").to_lowercase();
    let base = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let stem = [".md", ".txt", ".rst"]
        .iter()
        .find_map(|end| base.strip_suffix(end))
        .unwrap_or(&base);
    FORGES.contains(&host.as_str()) && path.contains('/') && NAMES.contains(&stem)
}

/// Whether a name is that of a licence: `AGPL-3.0.txt`, `MIT`.
fn is_identifier(base: &str) -> bool {
    let stem = [".md", ".txt", ".rst", ".html"]
        .iter()
        .find_map(|end| base.strip_suffix(end))
        .unwrap_or(base);
    let is_versioned = stem.contains('-') && stem.bytes().any(|it| it.is_ascii_digit());
    let is_short = ["mit", "isc", "wtfpl", "zlib"].contains(&stem);
    (is_versioned || is_short) && listed(stem).is_some()
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
    (is_named && !is_of_others || is_below || is_identifier(&base)) && !is_program && !is_installed(path)
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
            "AGPL-3.0.txt",
            "docs/cc-by-nc-4.0",
            "MIT",
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
            "gemma.txt",
            "intel.txt",
            "mit.json",
            "model-3.0.txt",
        ] {
            assert!(!is(name), "{name}");
        }
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
            let mut found = Found {
                facts: Vec::new(),
                counts: true,
            };
            let path = ArtifactPath::parse("README.md").unwrap();
            let _ = found.card(&path, &Card::read(format!("---\n{front}\n---\n").as_bytes()));
            let texts: Vec<_> = found
                .facts
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
        assert_eq!(card("tags: [x]"), []);
        assert_eq!(
            card("license: [mit, apache-2.0]"),
            [known("MIT"), known("Apache-2.0")]
        );
        assert_eq!(card("licence: agpl-3.0"), [known("AGPL-3.0")]);
        // As the template of the hub leaves it.
        assert_eq!(
            card("license: mit\nlicense_name:\nlicense_link: null"),
            [known("MIT")]
        );
        for odd in [
            "license: {name: agpl-3.0}",
            "license: [[agpl-3.0]]",
            "license: [mit, {id: agpl-3.0}]",
            "license: [mit, [agpl-3.0]]",
            "license: {agpl-3.0: yes}",
            "license: \"\"",
            "license: mit\nlicense_name: [agpl-3.0]",
            "license: mit\nlicense_name: {a: agpl-3.0}",
            "license: mit\nlicense_link: [x]",
        ] {
            assert!(matches!(card(odd).last(), Some(Err(_))), "{odd}: {:?}", card(odd));
        }
    }

    #[test]
    fn a_link_is_known_or_told() {
        let link = |front: &str, link: &str| {
            let mut found = Found {
                facts: Vec::new(),
                counts: true,
            };
            let path = ArtifactPath::parse("README.md").unwrap();
            let card = Card::read(format!("---\n{front}\n---\n").as_bytes());
            found.link(&path, &card, link);
            let facts = found.facts.into_iter();
            facts.map(|fact| fact.expression.ok_or(())).collect::<Vec<_>>()
        };
        let silent = [
            "https://huggingface.co/Qwen/Qwen2.5-0.5B/blob/main/LICENSE",
            "https://huggingface.co/deepseek-ai/DeepSeek-R1/resolve/main/LICENSE.md",
            "https://github.com/openai/whisper/blob/main/LICENSE",
            "https://raw.githubusercontent.com/o/r/main/LICENSE.txt",
        ];
        for text in silent {
            assert_eq!(link("license: mit", text), [], "{text}");
        }
        for (text, id) in [
            ("https://opensource.org/licenses/MIT", "MIT"),
            ("https://opensource.org/license/mit/", "MIT"),
            ("https://opensource.org/license/apache-2-0", "Apache-2.0"),
            ("https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0"),
            ("www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
            ("https://choosealicense.com/licenses/apache-2.0/", "Apache-2.0"),
            ("https://www.gnu.org/licenses/agpl-3.0.html", "AGPL-3.0"),
            (
                "https://www.gnu.org/licenses/old-licenses/gpl-2.0.en.html",
                "GPL-2.0",
            ),
            (
                "https://creativecommons.org/licenses/by-nc/4.0/legalcode",
                "CC-BY-NC-4.0",
            ),
        ] {
            assert_eq!(link("license: mit", text), [Ok(id.to_owned())], "{text}");
        }
        for text in [
            "https://huggingface.co/acme/m/blob/main/EULA",
            "https://huggingface.co/LICENSE",
            "https://example.org/LICENSE",
            "https://example.org/huggingface.co/m/LICENSE",
            "EULA",
            "LICENSE",
            "",
        ] {
            assert_eq!(link("license: mit", text), [Err(())], "{text}");
        }
        // The licence of somebody's own is allowed by its name.
        let terms = "https://ai.google.dev/gemma/terms";
        assert_eq!(link("license: gemma", terms), []);
        assert_eq!(link("license: other\nlicense_name: acme-1", terms), []);
        assert_eq!(link("license: other\nlicense_name: acme-1", "EULA"), [Err(())]);
    }
}

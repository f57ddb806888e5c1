//! `LICENSE` and its like: which licence the text is, told by its words.

use weightlock_format::{Error, content::Content};

use super::{
    Extractor, File,
    draft::{Draft, limit},
    license,
    page::Page,
};
use crate::graph::{Claim, Property, Source, Value};

/// See the module.
pub(super) struct LicenceText;

impl Extractor for LicenceText {
    fn wants(&self, file: &File, draft: &Draft) -> bool {
        let name = file.path.base_name().to_ascii_lowercase();
        let is_named = ["license", "licence", "copying", "unlicense"]
            .iter()
            .any(|it| name.starts_with(it));
        let is_text = !name.contains('.') || name.ends_with(".txt") || name.ends_with(".md");
        is_named && is_text && !draft.places().is_foreign(&file.path)
    }

    fn read(&self, file: &File, content: &Content, draft: &mut Draft) -> Result<(), Error> {
        // No licence is longer than some hundred kilobytes; a longer file holds several.
        let text = content.read(0, limit::LICENCE_BYTES)?;
        let Some(page) = Page::of(file, draft) else {
            return Ok(());
        };
        if let Some(id) = license::of_text(&text) {
            let claim = Claim::inferred(
                Value::text(id),
                Source::computed("licence-text", file.path.as_str()),
            );
            draft.state(&page.of, page.kind, Property::LicenseText, claim);
        }
        Ok(())
    }
}

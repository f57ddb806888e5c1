//! Cards are read to their end or to a fault within them; what is said stands where it is said to stand. A front matter that is not
//! changed keeps its bytes, one that is changed says what was wanted, and a check of any card ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_bom::card::{
    Field, FrontMatter, ModelCard,
    check::{Material, check},
    draft,
    edit::{Document, New},
    statement::CardStatement,
};
use weightlock_format::config::card::Card;

fuzz_target!(|text: &[u8]| {
    let readme = Card::read(text);
    let size = text.len() as u64;
    assert!(readme.fault.iter().all(|problem| problem.offset() <= size));
    for section in &readme.body.sections {
        assert!(section.text.start <= section.text.end && section.text.end <= size);
        assert!(section.whole.end <= size && section.whole.end >= section.text.end);
    }
    for stated in readme
        .license
        .iter()
        .chain(&readme.base_model)
        .chain(&readme.tags)
    {
        assert!(stated.offset <= size && stated.line > 0);
    }
    if let Ok(mut front) = FrontMatter::read(text) {
        assert_eq!(front.to_bytes(), text);
        if front.set(&["license"], &New::Text("a: #b\n".to_owned())).is_ok() {
            let again = FrontMatter::read(&front.to_bytes()).expect("what was written is read");
            let license = again.document().found(&["license"]).and_then(|node| node.text());
            assert_eq!(license, Some("a: #b\n"));
        }
    }
    let card = ModelCard::read(text).ok();
    let checked = check(&Material {
        card: card.as_ref().map(|card| ("card", card)),
        readme: Some(("README.md", &readme)),
        ..Material::default()
    });
    assert_eq!(checked.answers.len(), Field::ALL.len());
    let known = draft::known(Some(("README.md", &readme)), &[], None);
    let written = ModelCard::read(draft::write(&known).as_bytes()).expect("a new card is read");
    for one in &known {
        assert!(!written.says(one.field).is_empty(), "{one:?}");
    }
    if let (Some(card), Ok(mut document)) = (card, Document::read(text)) {
        let _ = draft::fill(&mut document, &known);
        assert!(ModelCard::read(document.text().as_bytes()).is_ok());
        let _ = CardStatement::read(&serde_json::json!({"card": {"content": card.to_json()}}));
    }
});

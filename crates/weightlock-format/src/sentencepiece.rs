//! SentencePiece models: the vocabulary of a tokenizer, `tokenizer.model` beside most language models.
//! <https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto>
//!
//! ```text
//! ModelProto = pieces:1* trainer_spec:2 normalizer_spec:3 self_test_data:4 denormalizer_spec:5
//! piece      = text:1 score:2 (4 bytes) type:3
//! ```
//!
//! A protocol buffer of texts, numbers and tables: nothing in it is run. It begins like a graph of TensorFlow, so it is
//! told by its pieces, each of which has a score where a graph has an operator.

use std::ops::Range;

use crate::{
    Error,
    content::Content,
    limits::{Budget, Limits},
    protobuf::{
        self, Event, Schema,
        Shape::{Data, Message, Number, Text},
        Walker, field,
    },
};

static MODEL: Schema = Schema {
    name: "ModelProto",
    fields: &[
        field(1, "pieces", Message(&PIECE)),
        field(2, "trainer_spec", Data),
        field(3, "normalizer_spec", Message(&NORMALIZER)),
        field(4, "self_test_data", Message(&SELF_TEST)),
        field(5, "denormalizer_spec", Message(&NORMALIZER)),
    ],
};

static PIECE: Schema = Schema {
    name: "SentencePiece",
    fields: &[
        field(1, "piece", Text),
        field(2, "score", Number),
        field(3, "type", Number),
    ],
};

static NORMALIZER: Schema = Schema {
    name: "NormalizerSpec",
    fields: &[
        field(1, "name", Text),
        field(2, "precompiled_charsmap", Data),
        field(3, "add_dummy_prefix", Number),
        field(4, "remove_extra_whitespaces", Number),
        field(5, "escape_whitespaces", Number),
        field(6, "normalization_rule_tsv", Text),
    ],
};

static SELF_TEST: Schema = Schema {
    name: "SelfTestData",
    fields: &[field(1, "samples", Message(&SAMPLE))],
};

static SAMPLE: Schema = Schema {
    name: "Sample",
    fields: &[field(1, "input", Text), field(2, "expected", Text)],
};

/// Whether `content` could be a model by its fields and its first pieces.
///
/// # Errors
/// What reading raises.
pub fn fits(content: &Content, limits: &Limits) -> std::io::Result<bool> {
    const STEPS: usize = 64;
    if !protobuf::fits(content, &MODEL, &[1], limits)? {
        return Ok(false);
    }
    let mut budget = Budget::new(limits);
    let mut walker = Walker::new(content, &MODEL, limits, &mut budget);
    let mut scores = 0_usize;
    for _ in 0..STEPS {
        match walker.step() {
            Ok(Some(Event::Number { field: "score", .. })) => scores = scores.saturating_add(1),
            // Of a piece nothing is packed: that is an operator of a graph, or worse.
            Ok(Some(
                Event::Unknown { .. }
                | Event::Data {
                    field: "score" | "type",
                    ..
                },
            )) => return Ok(false),
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(Error::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
            Err(_) => return Ok(false),
        }
    }
    Ok(scores > 0)
}

/// Something that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fact {
    /// Bytes that were passed over: settings of the training, or a table of characters.
    Data {
        /// The field that holds them.
        field: &'static str,
        /// Where they lie.
        range: Range<u64>,
    },
    /// A field that the message does not have.
    Unknown {
        /// Where its value lies.
        range: Range<u64>,
    },
}

/// Reads `content` and hands each fact to `tell`; pieces are read and are none.
///
/// # Errors
/// The first broken rule of the wire format, a limit, or what reading raises.
pub fn read(
    content: &Content,
    limits: &Limits,
    budget: &mut Budget,
    tell: &mut dyn FnMut(Fact),
) -> Result<(), Error> {
    let mut walker = Walker::new(content, &MODEL, limits, budget);
    while let Some(event) = walker.step()? {
        match event {
            Event::Data { field, range } => tell(Fact::Data { field, range }),
            Event::Unknown { range, .. } => tell(Fact::Unknown { range }),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A delimited field.
    fn part(number: u8, body: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(body.len()).unwrap()][..], body].concat()
    }

    fn piece(text: &str) -> Vec<u8> {
        part(
            1,
            &[&part(1, text.as_bytes())[..], b"\x15\0\0\x80\xbf\x18\x02"].concat(),
        )
    }

    fn model() -> Vec<u8> {
        let trainer = part(2, &part(1, &b"corpus.txt ".repeat(8)));
        let normalizer = part(3, &[part(1, b"nmt_nfkc"), part(2, &[7; 80])].concat());
        [
            piece("<unk>"),
            piece("<s>"),
            piece("\u{2581}the"),
            trainer,
            normalizer,
        ]
        .concat()
    }

    fn told(bytes: &[u8]) -> (bool, Vec<Fact>, bool) {
        let limits = Limits::default();
        let content = Content::from(bytes.to_vec());
        let mut facts = Vec::new();
        let end = read(&content, &limits, &mut Budget::new(&limits), &mut |fact| {
            facts.push(fact)
        });
        (fits(&content, &limits).unwrap(), facts, end.is_ok())
    }

    #[test]
    fn a_model_is_told_and_read_to_its_end() {
        let (fits, facts, whole) = told(&model());
        assert!(fits && whole);
        let fields: Vec<_> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Data { field, .. } => *field,
                Fact::Unknown { .. } => "?",
            })
            .collect();
        assert_eq!(fields, ["trainer_spec", "precompiled_charsmap"]);
    }

    #[test]
    fn a_graph_is_none_and_what_nobody_knows_is_told() {
        let graph = part(1, &[part(1, b"node"), part(2, b"PyFunc")].concat());
        assert!(!told(&graph).0);
        assert!(!told(&part(1, &part(1, b"<unk>"))).0, "a piece has a score");
        let more = [model(), part(9, b"payload")].concat();
        assert!(!told(&more).0);
        assert!(
            told(&more)
                .1
                .iter()
                .any(|fact| matches!(fact, Fact::Unknown { .. }))
        );
        assert!(!told(&model()[..20]).0);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..200, byte: u8) {
            told(&bytes);
            let mut broken = model();
            let index = at % broken.len();
            broken[index] = byte;
            told(&broken);
        }
    }
}

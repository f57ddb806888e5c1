//! Formats without a magic number, told by taking a content apart: protocol buffers, MessagePack, UBJSON.

use weightlock_format::{
    content::Content,
    coreml,
    detect::Format,
    limits::{Budget, Limits},
    msgpack, onnx, pickle, sentencepiece,
    tensorflow::{self, Fact},
    ubjson,
};

/// Everything that `content` could be. A file that is made to be two is both.
///
/// # Errors
/// What reading raises.
pub(crate) fn formats(content: &Content, limits: &Limits) -> std::io::Result<Vec<Format>> {
    let mut formats = Vec::new();
    // A tensor alone says so little that anything may pose as one.
    let is_onnx = match onnx::Kind::of(content, limits)? {
        Some(onnx::Kind::Model) => true,
        Some(onnx::Kind::Tensor | onnx::Kind::Sequence) => pickle::next_stream(content, 0).is_none(),
        None => false,
    };
    if is_onnx {
        formats.push(Format::Onnx);
    }
    let is_sentencepiece = sentencepiece::fits(content, limits)?;
    if is_sentencepiece {
        formats.push(Format::SentencePiece);
    }
    let graphs = tensorflow::Kind::all_of(content, limits)?;
    // By its outermost fields alone each vocabulary is a graph, too.
    if !graphs.is_empty() && (!is_sentencepiece || graphs.iter().any(|&kind| does(content, kind, limits))) {
        formats.push(Format::TensorFlow);
    }
    if tensorflow::bundle::is_bundle(content)? {
        formats.push(Format::TensorBundle);
    }
    if coreml::fits(content, limits)? {
        formats.push(Format::CoreMl);
    }
    if coreml::weights::begins(content)? {
        formats.push(Format::CoreMlWeights);
    }
    if msgpack::fits(content, limits)? {
        formats.push(Format::Msgpack);
    }
    if ubjson::fits(content, limits)? {
        formats.push(Format::Ubjson);
    }
    Ok(formats)
}

/// Whether anything in the content, read as `kind`, is an operator, or an object or file of a model.
fn does(content: &Content, kind: tensorflow::Kind, limits: &Limits) -> bool {
    let mut does = false;
    // Where it breaks, its loader gives up as well.
    let _ = tensorflow::read(content, kind, limits, &mut Budget::new(limits), &mut |fact| {
        does |= match fact {
            Fact::Node(node) => !node.operator.is_empty(),
            Fact::Asset { .. } | Fact::Keras { .. } => true,
            _ => false,
        };
    });
    does
}

//! Formats without a magic number, told by taking a content apart: protocol buffers, MessagePack, UBJSON.

use weightlock_format::{
    content::Content, coreml, detect::Format, limits::Limits, msgpack, onnx, pickle, tensorflow, ubjson,
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
    if !tensorflow::Kind::all_of(content, limits)?.is_empty() {
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

//! Which protocol buffer a content is: the wire format does not say, so it is told by the fields.

use weightlock_format::{
    content::Content, coreml, detect::Format, limits::Limits, onnx, protobuf, tensorflow,
};

/// Every message that `content` could be. A file that is made to be two is both.
///
/// # Errors
/// What reading raises.
pub(crate) fn formats(content: &Content, limits: &Limits) -> std::io::Result<Vec<Format>> {
    let mut formats = Vec::new();
    if protobuf::fits(content, &onnx::MODEL, &[7, 25], limits)? {
        formats.push(Format::Onnx);
    }
    if !tensorflow::Kind::all_of(content, limits)?.is_empty() {
        formats.push(Format::TensorFlow);
    }
    if coreml::fits(content, limits)? {
        formats.push(Format::CoreMl);
    }
    Ok(formats)
}

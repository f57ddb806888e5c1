//! Every protobuf reader, over any bytes: ranges lie inside the file and in order, nothing panics, budgets hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    content::Content,
    coreml,
    limits::{Budget, Limits},
    onnx, sentencepiece, tensorflow,
};

fuzz_target!(|file: &[u8]| {
    let limits = Limits::default();
    let content = Content::from(file.to_vec());
    let inside = |range: &std::ops::Range<u64>| {
        assert!(range.start <= range.end && range.end <= file.len() as u64);
    };
    let mut budget = Budget::new(&limits);
    let _ = onnx::Kind::of(&content, &limits);
    for kind in [onnx::Kind::Model, onnx::Kind::Tensor, onnx::Kind::Sequence] {
        let _ = onnx::read(&content, kind, &limits, &mut budget, &mut |fact| match fact {
            onnx::Fact::Data { range, .. } | onnx::Fact::Unknown { range, .. } => inside(&range),
            onnx::Fact::Tensor(tensor) => inside(&tensor.range),
            _ => {}
        });
    }
    for kind in [
        tensorflow::Kind::SavedModel,
        tensorflow::Kind::MetaGraph,
        tensorflow::Kind::Graph,
        tensorflow::Kind::KerasMetadata,
    ] {
        let _ = tensorflow::read(&content, kind, &limits, &mut budget, &mut |fact| {
            if let tensorflow::Fact::Data { range, .. } = fact {
                inside(&range);
            }
        });
    }
    let _ = sentencepiece::fits(&content, &limits);
    let _ = sentencepiece::read(&content, &limits, &mut budget, &mut |fact| match fact {
        sentencepiece::Fact::Data { range, .. } | sentencepiece::Fact::Unknown { range } => inside(&range),
        _ => {}
    });
    let _ = coreml::read(&content, &limits, &mut budget, &mut |fact| {
        if let coreml::Fact::Data { range, .. } = fact {
            inside(&range);
        }
    });
    let _ = (
        tensorflow::Kind::all_of(&content, &limits),
        coreml::fits(&content, &limits),
        tensorflow::bundle::Bundle::read(&content),
        coreml::weights::Weights::read(&content),
    );
});

//! A model that is read lies inside the file without overlap; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::ggml::Model;

fuzz_target!(|file: &[u8]| {
    let Ok(model) = Model::read(&file.to_vec().into()) else {
        return;
    };
    let mut reached = model.header_range().end;
    for tensor in model.layout().tensors() {
        assert!(tensor.bytes.start >= reached && tensor.bytes.end >= tensor.bytes.start);
        reached = tensor.bytes.end;
    }
    assert_eq!(reached, file.len() as u64);
});

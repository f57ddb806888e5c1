//! A sound GGUF layout lies inside the file without overlap; nothing panics.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use weightlock_format::gguf::Header;

fuzz_target!(|file: &[u8]| {
    let Ok(header) = Header::read(&mut Cursor::new(file)) else {
        return;
    };
    if let Ok(layout) = header.sound() {
        let mut reached = header.data_range().start;
        for tensor in layout.tensors() {
            assert!(tensor.bytes.start >= reached && tensor.bytes.end >= tensor.bytes.start);
            reached = tensor.bytes.end;
        }
        assert!(layout.tensors().is_empty() || reached <= file.len() as u64);
        assert_eq!(layout.tensors().len() as u64, header.declared_tensors());
    }
    for offset in (0..file.len() as u64 + 16).step_by(7) {
        if let Some(element) = header.layout().element_at(offset) {
            assert!(element.bytes.contains(&offset));
            let _ = element.indices();
        }
    }
});

//! A sound safetensors layout tiles the data exactly; look-ups agree with it; nothing panics.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use weightlock_format::{reader::Endian, safetensors::Header, value::Value};

fuzz_target!(|file: &[u8]| {
    let Ok(header) = Header::read(&mut Cursor::new(file)) else {
        return;
    };
    if let Ok(layout) = header.sound() {
        let mut reached = header.data_range().start;
        for tensor in layout.tensors() {
            assert_eq!(tensor.bytes.start, reached);
            reached = tensor.bytes.end;
        }
        assert_eq!(reached, file.len() as u64);
    }
    for offset in (0..file.len() as u64 + 16).step_by(7) {
        if let Some(element) = header.layout().element_at(offset) {
            assert!(element.bytes.contains(&offset));
            let _ = element.indices();
            let bytes = file.get(element.bytes.start as usize..element.bytes.end as usize);
            let value = element.tensor.dtype.zip(bytes).map(|(dtype, bytes)| Value::decode(dtype, Endian::Little, bytes));
            let _ = format!("{value:?}");
        }
    }
});

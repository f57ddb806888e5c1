//! A sound safetensors layout tiles the data exactly; look-ups agree with it; a signed file is read as any other, as far as
//! that is; nothing panics.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    reader::Endian,
    safetensors::{Header, Limits},
    value::Value,
};

fuzz_target!(|file: &[u8]| {
    let signed = Header::parse_within(file, file.len() as u64, Limits::SIGNED);
    let Ok(header) = Header::read(&mut Cursor::new(file)) else {
        if let Ok(layout) = signed.as_ref().map(Header::sound) {
            // Only what is large is read with these limits and not with the others.
            assert!(layout.is_err() || file.len() > 100_000);
        }
        return;
    };
    assert_eq!(Ok(&header), signed.as_ref());
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

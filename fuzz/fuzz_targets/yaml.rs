//! YAML never gives more than its events, and nothing beyond its end; what the tree has stands in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    limits::Limits,
    yaml::{read, tree::Node},
};

fuzz_target!(|text: &[u8]| {
    if let Ok(stream) = read(text, &Limits::default()) {
        let size = text.len() as u64;
        assert!(stream.scalars.len() <= text.len().saturating_mul(2).saturating_add(2));
        assert!(stream.scalars.iter().all(|scalar| scalar.offset <= size && scalar.path.len() <= 1024));
        assert!(stream.broken.iter().all(|problem| problem.offset() <= size));
    }
    if let Ok(root) = Node::read(text) {
        let text = std::str::from_utf8(text).expect("a tree is read of UTF-8 only");
        let mut due = vec![&root];
        while let Some(node) = due.pop() {
            let (start, end) = (node.range.start as usize, node.range.end as usize);
            assert!(text.get(start..end).is_some(), "{:?}", node.range);
            due.extend(node.items());
            due.extend(node.entries().iter().flat_map(|(key, value)| [key, value]));
        }
    }
});

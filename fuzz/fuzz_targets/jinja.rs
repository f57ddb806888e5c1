//! Any template is read or refused at an offset within it, expressions follow those that they are made of, and the
//! scan follows what was read to an end; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::jinja::{Expression, Template};
use weightlock_scan::{Settings, scan};

fuzz_target!(|text: &str| {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err((template, problem)) => {
            assert!(problem.offset() <= text.len() as u64);
            template
        }
    };
    for (index, node) in template.nodes().iter().enumerate() {
        assert!(node.offset <= text.len() as u64);
        if let Expression::Binary(_, left, right) = &node.expression {
            assert!(left.index() < index && right.index() < index);
        }
    }
    let report = scan("chat_template.jinja", text.as_bytes().to_vec().into(), &Settings::default());
    assert!(report.coverage.contents >= 1);
});

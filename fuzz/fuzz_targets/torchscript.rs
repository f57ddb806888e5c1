//! Programs of PyTorch, as source and as graphs: what is found lies in the text; a call is seen behind sound code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weightlock_format::{
    torch::program::{Program, judge_expression},
    torchscript::Source,
};

fuzz_target!(|text: &[u8]| {
    let source = Source::read(text);
    assert!(source.uses.iter().all(|used| used.offset <= text.len() as u64));
    // A backslash at the end would join the call to what stands before it.
    let sound = source.problem.is_none() && !text.ends_with(b"\\");
    let alone = Source::read(&[text, b"\ntorch.save(x)\n"].concat());
    assert!(!sound || alone.problem.is_some() || alone.uses.iter().any(|used| used.name == "aten::save"));
    for found in Program::read(text).texts {
        let _ = judge_expression(&found.text);
    }
});

//! `torchscript-file-access`: a TorchScript program reads or writes files.

use crate::{
    Severity,
    observation::torch::Seen,
    rules::{Check, Context, Judgement, Rule},
};

/// A TorchScript program reaches files.
pub(super) const RULE: Rule = Rule {
    id: "torchscript-file-access",
    title: "TorchScript program reads or writes files",
    worst: Severity::High,
    cwe: 73,
    what: "the code of a TorchScript archive uses an operator that opens a file by name, directly, through another name \
           of its namespace or as a method of a value",
    why: "the operator runs with the rights of whoever runs the model, and weights_only does not apply to it: a model \
          can replace files of the user, or carry their contents away in its outputs",
    example: "torch.save(x, \"/home/user/.bashrc\") in code/__torch__.py",
    fix: "do not load or run the model; ask the publisher for a version whose code touches no files",
    references: &["CVE-2025-32434"],
    check: Check::Torch(check),
};

/// Operators that open files, by library and name.
const OPERATORS: &[(&str, &str)] = &[
    ("aten", "from_file"),
    ("aten", "load"),
    ("aten", "save"),
    ("image", "read_file"),
    ("image", "write_file"),
    ("torchaudio", "ffmpeg_StreamReader"),
    ("torchaudio", "ffmpeg_StreamWriter"),
    ("torchaudio", "kaldi_io_read"),
    ("torchaudio", "sox_effects_apply_effects_file"),
    ("torchaudio", "sox_io_get_info"),
    ("torchaudio", "sox_io_load_audio_file"),
    ("torchaudio", "sox_io_save_audio_file"),
    ("torchaudio_sox", "apply_effects_file"),
    ("torchaudio_sox", "get_info"),
    ("torchaudio_sox", "load_audio_file"),
    ("torchaudio_sox", "save_audio_file"),
    ("torchtext", "_load_token_and_vectors_from_file"),
    ("torchtext", "_load_vocab_from_file"),
    ("video_reader", "probe_video_from_file"),
    ("video_reader", "read_video_from_file"),
];

fn check(seen: &Seen, _: &Context<'_>) -> Option<Judgement> {
    let opens = |wanted: (&str, &str)| OPERATORS.contains(&wanted);
    match seen {
        Seen::Operator { library, name } if opens((library, name)) => {
            let reason = "the program uses an operator that opens a file by name";
            Some(Judgement::new(Severity::High, reason).named(format!("{library}::{name}")))
        }
        Seen::Method { name, is_defined } if opens(("aten", name)) => {
            let (severity, reason) = match is_defined {
                false => (
                    Severity::High,
                    "a method that the code does not define is the operator that opens a file",
                ),
                true => (
                    Severity::Medium,
                    "the method is defined by the code and is also an operator that opens a file",
                ),
            };
            Some(Judgement::new(severity, reason).named(format!("aten::{name}")))
        }
        _ => None,
    }
}

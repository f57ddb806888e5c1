//! TorchScript source: which operators it uses.

use weightlock_format::torchscript::{Kind, Source, Use, limit};

use super::{Examination, Role, Subject};
use crate::{coverage::Gap, observation::torch::Seen};

/// Examines a source file.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let text = match subject.content.whole(limit::SOURCE_BYTES) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let (what, limit) = ("bytes of TorchScript source", limit::SOURCE_BYTES as u64);
            return exam.unread(0..size, Gap::Limit { what, limit });
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    if imports_python(&text) {
        exam.inner("as Python", subject.content.clone(), Role::Python);
    }
    let source = Source::read(&text);
    for used in &source.uses {
        exam.put(Some(used.offset), Some(construct(used)), seen(used, &source));
    }
    if let Some(problem) = source.problem {
        exam.explain(0..problem.offset().min(size));
        return exam.gave_up(problem.into(), subject);
    }
    exam.explain(0..size);
}

/// Whether the source imports a module that is none of the archive's own: that is Python, and no program of TorchScript.
fn imports_python(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| {
        let mut words = line
            .split(|byte| byte.is_ascii_whitespace())
            .filter(|word| !word.is_empty());
        let first = words.next();
        let module = words.next().unwrap_or_default();
        matches!(first, Some(b"import" | b"from")) && !module.starts_with(b"__torch__")
    })
}

fn construct(used: &Use) -> String {
    match used.kind {
        Kind::Operator => "operator",
        Kind::Method => "method",
        Kind::Namespace => "namespace",
        Kind::Python => "^",
        Kind::Class => "class",
    }
    .to_owned()
}

fn seen(used: &Use, source: &Source) -> Seen {
    let name = used.name.clone();
    let (library, member) = name.split_once("::").unwrap_or(("", &name));
    let (library, member) = (library.to_owned(), member.to_owned());
    match used.kind {
        Kind::Operator => Seen::Operator {
            library,
            name: member,
        },
        Kind::Class => Seen::NativeClass {
            library,
            name: member,
        },
        Kind::Method => Seen::Method {
            is_defined: source.functions.contains(&name),
            name,
        },
        Kind::Namespace => Seen::Namespace { name },
        Kind::Python => Seen::PythonOperator { name },
    }
}

//! The graph of an exported program of PyTorch: what it looks up and evaluates.

use weightlock_format::torch::program::{Expression, Field, Program, Text, judge_expression, limit};

use super::{Examination, Subject};
use crate::{
    coverage::Gap,
    observation::torch::{Evaluated, Seen},
};

/// Examines the graph of an exported program.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let json = match subject.content.whole(limit::BYTES) {
        Ok(Some(json)) => json,
        Ok(None) => {
            let (what, limit) = ("bytes of an exported program", limit::BYTES as u64);
            return exam.unread(0..size, Gap::Limit { what, limit });
        }
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    let program = Program::read(&json);
    for text in &program.texts {
        if let Some(seen) = seen(text) {
            let construct = match text.field {
                Field::Target => "target",
                Field::Expression => "expr_str",
            };
            exam.put(Some(text.offset), Some(construct.to_owned()), seen);
        }
    }
    match program.problem {
        Some(problem) => {
            exam.explain(0..problem.offset().min(size));
            exam.gave_up(problem.into(), subject);
        }
        None => exam.explain(0..size),
    }
}

fn seen(text: &Text) -> Option<Seen> {
    if text.field == Field::Expression {
        let evaluated = match judge_expression(&text.text) {
            Expression::Plain => return None,
            Expression::UnknownCall => Evaluated::UnknownCall,
            Expression::Program => Evaluated::Program,
        };
        let text = text.text.clone();
        return Some(Seen::ExportExpression { text, evaluated });
    }
    // `torch.ops.library.name.overload`
    if let Some((library, name)) = text
        .text
        .strip_prefix("torch.ops.")
        .and_then(|rest| rest.split_once('.'))
    {
        let name = name.split('.').next().unwrap_or_default();
        return Some(Seen::Operator {
            library: library.to_owned(),
            name: name.to_owned(),
        });
    }
    let target = text.text.clone();
    Some(Seen::ExportTarget { target })
}

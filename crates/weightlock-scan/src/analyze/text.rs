//! Text without a format of its own: prose, scripts, lists of packages. All of it is explained; what some program
//! would read as its own format is handed on.

use super::{Examination, Role, Subject, python};
use crate::coverage::Gap;

/// Examines text.
pub(super) fn analyze(subject: &Subject, exam: &mut Examination<'_>) {
    let size = subject.content.size();
    let name = subject.trail.base_name();
    let head = match subject.content.read(0, 256) {
        Ok(head) => head,
        Err(error) => return exam.unread(0..size, Gap::Unreadable(error.to_string())),
    };
    if python::is_site_name(name) {
        return python::site_file(subject, exam);
    }
    if is_python_script(&head) {
        return python::analyze(subject, exam);
    }
    let _ = Role::Plain;
    exam.explain(0..size);
}

/// Whether the first line names Python as the interpreter.
fn is_python_script(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"#!") && line.windows(6).any(|window| window == b"python")
}

//! The revision is pinned.

use super::{Answer, Case};
use crate::{check::Check, verdict::Reason};

impl Case<'_> {
    pub(super) fn revision(&self) -> Answer {
        let code = Check::Revision.code();
        match &self.evidence.model.revision {
            Some(revision) if revision.is_pinned => Answer::met(revision.text.clone(), []),
            Some(revision) => Answer::because(Reason::no(
                code,
                format!("{:?} is no commit: what it names can change", revision.text),
            )),
            None => Answer::because(Reason::no(code, "it is not known from which revision it is")),
        }
    }
}

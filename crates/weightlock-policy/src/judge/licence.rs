//! The licence is one of those that are allowed.

use super::{Answer, Case};
use crate::{check::Check, demand::Licences, verdict::Reason};

impl Case<'_> {
    /// Every source that says something of it must be content: two licences that contradict each other are both taken seriously.
    pub(super) fn licenses(&self, wanted: &Licences) -> Answer {
        let code = Check::License.code();
        let known = &self.evidence.model.licenses;
        if known.is_empty() {
            return Answer::because(Reason::unknown(code, "no file says under which license it is"));
        }
        let mut reasons = Vec::new();
        for license in known {
            let allowed = license.expression.as_deref().and_then(|it| wanted.allows(it));
            match allowed {
                Some(true) => {}
                Some(false) => reasons.push(Reason::no(
                    code,
                    format!("{} is not allowed ({})", license.text, license.source),
                )),
                None => reasons.push(Reason::unknown(
                    code,
                    format!(
                        "{:?} is no license that is known ({})",
                        license.text, license.source
                    ),
                )),
            }
        }
        if reasons.is_empty() {
            let texts: Vec<&str> = known.iter().map(|license| license.text.as_str()).collect();
            Answer::met(texts.join(", "), [])
        } else {
            Answer::no(reasons)
        }
    }
}

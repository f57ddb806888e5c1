//! joblib: the arrays between the opcodes of a pickle. Any pickle may be one of joblib's; only its wrappers tell.

use weightlock_format::{
    content::Content,
    joblib::{Wrapper, is_wrapper, wrapper},
    pickle::{Inline, Value, Values},
};

use super::{
    Examination,
    pickle::{Companion, Follows},
};
use crate::observation::numpy::Seen;

/// Follows the wrappers of joblib in one stream.
#[derive(Debug)]
pub(crate) struct Joblib {
    content: Content,
    seen: Vec<(u64, Seen)>,
}

impl Joblib {
    /// Wrappers of one stream that are told.
    const MOST_SEEN: usize = 100;

    /// Follows the wrappers in the streams of `content`.
    pub(crate) const fn new(content: Content) -> Self {
        Self {
            content,
            seen: Vec::new(),
        }
    }

    fn put(&mut self, offset: u64, seen: Seen) {
        if self.seen.len() < Self::MOST_SEEN {
            self.seen.push((offset, seen));
        }
    }
}

impl Companion for Joblib {
    fn after_build(&mut self, object: Value, state: Value, next: u64, values: &Values) -> Follows {
        let Some(found) = wrapper(&self.content, values, object, state, next) else {
            return Follows::default();
        };
        let build = next.saturating_sub(1);
        match found {
            Wrapper::Values { padding, data } => Follows {
                inline: Inline::Data(data.end.saturating_sub(next)),
                padding: padding.end.saturating_sub(padding.start),
            },
            Wrapper::Pickle => Follows {
                inline: Inline::Pickle,
                padding: 0,
            },
            Wrapper::External { filename } => {
                self.put(build, Seen::ExternalArray { filename });
                Follows::default()
            }
            Wrapper::Unknown => {
                self.put(build, Seen::UnknownArray);
                Follows::default()
            }
        }
    }

    fn defines(&self, module: &str, name: &str) -> bool {
        is_wrapper(module, name)
    }

    fn report(&mut self, exam: &mut Examination<'_>) {
        for (offset, seen) in self.seen.drain(..) {
            exam.put(Some(offset), Some("BUILD".to_owned()), seen);
        }
    }
}

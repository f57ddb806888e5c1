//! Digests that a list states are compared with the bytes. Equal ones are verified; of two that differ both are kept, and the
//! conflict is listed.

use super::super::draft::Draft;
use crate::graph::{Claim, Kind, Property, Ref, Value};

/// See the module.
pub(super) fn conclude(draft: &mut Draft) {
    for stated in std::mem::take(&mut draft.notes.stated) {
        let own = Ref::new("file", stated.path.as_str());
        let Some(file) = draft.graph().component(&own) else {
            continue;
        };
        let is_equal = file
            .claims(Property::Digest)
            .iter()
            .any(|it| it.value == Value::Digest(stated.digest));
        let claim = if is_equal {
            Claim::verified
        } else {
            Claim::declared
        };
        let claim = claim(Value::Digest(stated.digest), stated.source);
        draft.state(&own, Kind::File, Property::StatedDigest, claim);
    }
}

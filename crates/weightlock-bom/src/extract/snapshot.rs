//! Where a folder of a local cache of the hub came from, by its name: `models--owner--name/snapshots/<commit>`.

use super::draft::Draft;
use crate::graph::{Claim, Kind, Property, Ref, Source, Value};

/// States the revision that the name of the home says, as what it is: a name of a folder.
pub(super) fn state(draft: &mut Draft) {
    let home = draft.places().root().to_owned();
    let mut parts = home.rsplit('/');
    let (Some(commit), Some("snapshots")) = (parts.next(), parts.next()) else {
        return;
    };
    let is_commit = commit.len() == 40 && commit.bytes().all(|it| it.is_ascii_hexdigit());
    if !is_commit {
        return;
    }
    let claim = Claim::inferred(Value::text(commit), Source::computed("folder", home.as_str()));
    draft.state(&Ref::subject(), Kind::Model, Property::Revision, claim);
}

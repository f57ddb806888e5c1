//! [`Draft`]: the graph while it is made, and what was noted on the way.

use weightlock_artifact::{path::ArtifactPath, standing::Standing};
use weightlock_format::Error;

use super::{
    File,
    places::{Places, Speaker},
};
use crate::graph::{Claim, Component, Graph, Kind, Property, Ref, Relation, Source, Unread, Value, Verb};

/// What is granted to all files together. A lock file of a few megabytes can ask for a component in every line.
pub mod limit {
    /// Components. An image with everything installed has some ten thousand packages.
    pub const COMPONENTS: usize = 100_000;
    /// Claims.
    pub const CLAIMS: usize = 1_000_000;
    /// Claims under one property of one component; a card has dozens of tags, a lock file hundreds of hashes.
    pub const CLAIMS_OF_ONE: usize = 1000;
    /// Bytes of one text; longer ones are cut, with a sign.
    pub const TEXT_BYTES: usize = 16 << 10;
    /// Bytes of a small file: configuration, list, lock file.
    pub const FILE_BYTES: usize = 16 << 20;
}

/// A graph in the making.
#[derive(Debug)]
pub(super) struct Draft {
    graph: Graph,
    places: Places,
    claims: usize,
    /// Whether something was left out because there was too much of it.
    is_full: bool,
}

impl Draft {
    /// A draft about these files, which are in the order of their paths.
    pub(super) fn new(files: &[&File]) -> Self {
        Self {
            graph: Graph::about(Ref::subject(), Kind::Model),
            places: Places::of(files),
            claims: 0,
            is_full: false,
        }
    }

    /// What folders stand for.
    pub(super) const fn places(&self) -> &Places {
        &self.places
    }

    /// The component that a file speaks for; a part is added to the subject where it is not there yet. `None` for a file of
    /// a package.
    pub(super) fn spoken_for(&mut self, path: &ArtifactPath) -> Option<Ref> {
        match self.places.speaker(path) {
            Speaker::Subject => Some(Ref::subject()),
            Speaker::Nobody => None,
            Speaker::Part(folder) => {
                let part = Ref::new("part", folder);
                if self.graph.component(&part).is_none() && self.ensure(&part, Kind::Model).is_some() {
                    let source = Source::computed("folder", folder);
                    let contains =
                        Relation::new(&Ref::subject(), Verb::Contains, &part, Standing::Verified, source);
                    self.graph.relate(contains);
                }
                Some(part)
            }
        }
    }

    /// The component, added where there is room.
    pub(super) fn ensure(&mut self, of: &Ref, kind: Kind) -> Option<&mut Component> {
        let is_new = self.graph.component(of).is_none();
        if is_new && self.graph.components().len() >= limit::COMPONENTS {
            self.is_full = true;
            return None;
        }
        Some(self.graph.ensure(of, kind))
    }

    /// States a fact, as far as there is room.
    pub(super) fn state(&mut self, of: &Ref, kind: Kind, property: Property, mut claim: Claim) {
        if self.claims >= limit::CLAIMS {
            self.is_full = true;
            return;
        }
        cut(&mut claim.value);
        let Some(component) = self.ensure(of, kind) else {
            return;
        };
        if component.claims(property).len() >= limit::CLAIMS_OF_ONE {
            self.is_full = true;
            return;
        }
        component.state(property, claim);
        self.claims = self.claims.saturating_add(1);
    }

    /// Relates two components.
    pub(super) fn relate(&mut self, relation: Relation) {
        self.graph.relate(relation);
    }

    /// Notes that a file breaks its format.
    pub(super) fn leave(&mut self, file: &File, error: &Error) {
        let (offset, why) = match error {
            Error::Refused(problem) => (problem.offset(), problem.to_string()),
            error => (0, error.to_string()),
        };
        self.leave_for(file, offset, why);
    }

    /// Notes that a file, or what follows `offset` in it, is left unread.
    pub(super) fn leave_for(&mut self, file: &File, offset: u64, why: impl Into<String>) {
        self.graph.leave_unread(Unread {
            path: file.path.clone(),
            offset,
            why: why.into(),
        });
    }

    /// Notes against the file that was being read that there was no room for all of it.
    pub(super) fn settle(&mut self, file: &File) {
        if std::mem::take(&mut self.is_full) {
            let why = format!(
                "more is in it than is described: at most {} components, {} claims, {} of one kind",
                limit::COMPONENTS,
                limit::CLAIMS,
                limit::CLAIMS_OF_ONE
            );
            self.leave_for(file, 0, why);
        }
    }

    /// The graph.
    pub(super) fn finish(self) -> Graph {
        self.graph
    }
}

/// Cuts a text that nobody will read to its end.
fn cut(value: &mut Value) {
    if let Value::Text(text) | Value::Decimal(text) = value
        && text.len() > limit::TEXT_BYTES
    {
        let end = (0..=limit::TEXT_BYTES)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
}

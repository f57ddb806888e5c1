//! [`Draft`]: the graph while it is made, and what was noted on the way.

use std::collections::HashMap;

use weightlock_artifact::{digest::Digest, path::ArtifactPath, standing::Standing};
use weightlock_format::Error;

use super::{
    File,
    notes::Notes,
    places::{Places, Speaker},
    private,
};
use crate::graph::{
    Claim, Component, Graph, Kind, Metric, Property, Ref, Relation, Source, Unread, Value, Verb,
};

/// What is granted to all files together. A lock file of a few megabytes can ask for a component in every line.
pub mod limit {
    /// Components. An image with everything installed has some ten thousand packages.
    pub const COMPONENTS: usize = 100_000;
    /// Claims.
    pub const CLAIMS: usize = 1_000_000;
    /// Claims under one property of one component; a card has dozens of tags, a lock file hundreds of hashes.
    pub const CLAIMS_OF_ONE: usize = 1000;
    /// Relations.
    pub const RELATIONS: usize = 500_000;
    /// Measured values.
    pub const METRICS: usize = 10_000;
    /// Bytes of one text; longer ones are cut, with a sign.
    pub const TEXT_BYTES: usize = 16 << 10;
    /// Digests of archives that are kept for one package: a wheel for each machine and version of Python.
    pub const ARCHIVES: usize = 200;
    /// Bytes of a licence that are looked at. The longest listed one has 35 kB.
    pub const LICENCE_BYTES: usize = 256 << 10;
    /// Bytes of a small file: configuration, list, lock file.
    pub const FILE_BYTES: usize = 16 << 20;
}

/// A graph in the making.
#[derive(Debug)]
pub(super) struct Draft {
    graph: Graph,
    places: Places,
    /// Sizes and digests of all files.
    files: HashMap<ArtifactPath, (u64, Option<Digest>)>,
    /// What is judged when every file was read.
    pub(super) notes: Notes,
    claims: usize,
    relations: usize,
    /// Whether something was left out because there was too much of it.
    is_full: bool,
}

impl Draft {
    /// A draft about these files, which are in the order of their paths.
    pub(super) fn new(files: &[&File]) -> Self {
        Self {
            graph: Graph::about(Ref::subject(), Kind::Model),
            places: Places::of(files),
            files: files
                .iter()
                .map(|it| (it.path.clone(), (it.size, it.sha256)))
                .collect(),
            notes: Notes::default(),
            claims: 0,
            relations: 0,
            is_full: false,
        }
    }

    /// What folders stand for.
    pub(super) const fn places(&self) -> &Places {
        &self.places
    }

    /// The graph so far.
    pub(super) const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The component that a file speaks for; a part is added to the subject where it is not there yet. `None` for a file of
    /// a package, and for one that only lies there.
    pub(super) fn spoken_for(&mut self, path: &ArtifactPath) -> Option<Ref> {
        match self.places.speaker(path) {
            Speaker::Subject => Some(Ref::subject()),
            Speaker::Nobody | Speaker::Silent(_) => None,
            Speaker::Part(folder) => self.part(folder),
        }
    }

    /// The component that a file belongs to, whether it speaks for it or not.
    pub(super) fn owner(&mut self, path: &ArtifactPath) -> Option<Ref> {
        match self.places.speaker(path) {
            Speaker::Subject | Speaker::Silent(None) | Speaker::Nobody => Some(Ref::subject()),
            Speaker::Part(folder) | Speaker::Silent(Some(folder)) => self.part(folder),
        }
    }

    fn part(&mut self, folder: &str) -> Option<Ref> {
        let part = Ref::new("part", folder);
        if self.graph.component(&part).is_none() {
            self.ensure(&part, Kind::Model)?;
            let source = Source::computed("folder", folder);
            self.relate(&Ref::subject(), Verb::Contains, &part, &source);
        }
        Some(part)
    }

    /// The environment that a file tells about: the subject, where it is one or where the file lies beside the model; else the
    /// folder of the file.
    pub(super) fn environment(&mut self, path: &ArtifactPath) -> Ref {
        if self.places.is_environment() || self.places.is_around_home(path) {
            return Ref::subject();
        }
        let own = Ref::new("environment", self.places.root_of(path));
        if self.graph.component(&own).is_none() && self.ensure(&own, Kind::Environment).is_some() {
            self.relate(
                &Ref::subject(),
                Verb::Contains,
                &own,
                &Source::computed("folder", own.as_str()),
            );
        }
        own
    }

    /// Whether there is a file at a path.
    pub(super) fn has_file(&self, path: &ArtifactPath) -> bool {
        self.files.contains_key(path)
    }

    /// The digest of the file at a path, where it was hashed.
    pub(super) fn digest(&self, path: &ArtifactPath) -> Option<Digest> {
        self.files.get(path).and_then(|(_, digest)| *digest)
    }

    /// The bytes in the file at a path.
    pub(super) fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.files.get(path).map(|(size, _)| *size)
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
        // What a file of the model is called is never left out: the list of files is whole.
        let is_file_name = kind == Kind::File && property == Property::Name;
        claim.is_private |= !is_file_name && claim.value.as_text().is_some_and(private::is_told_by);
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

    /// States a setting, as far as there is room.
    pub(super) fn set(&mut self, of: &Ref, kind: Kind, parameter: &str, mut claim: Claim) {
        if self.claims >= limit::CLAIMS {
            self.is_full = true;
            return;
        }
        cut(&mut claim.value);
        claim.is_private |=
            private::is_key(parameter) || claim.value.as_text().is_some_and(private::is_told_by);
        let Some(component) = self.ensure(of, kind) else {
            return;
        };
        let is_new = !component.parameters().contains_key(parameter);
        if is_new && component.parameters().len() >= limit::CLAIMS_OF_ONE {
            self.is_full = true;
            return;
        }
        component.set(parameter, claim);
        self.claims = self.claims.saturating_add(1);
    }

    /// Relates two components because metadata say so.
    pub(super) fn relate(&mut self, from: &Ref, verb: Verb, to: &Ref, source: &Source) {
        self.join(Relation::new(from, verb, to, Standing::Declared, source.clone()));
    }

    /// Adds a relation, as far as there is room.
    pub(super) fn join(&mut self, relation: Relation) {
        if self.relations >= limit::RELATIONS {
            self.is_full = true;
            return;
        }
        self.relations = self.relations.saturating_add(1);
        self.graph.relate(relation);
    }

    /// Adds a measured value, as far as there is room.
    pub(super) fn measure(&mut self, mut metric: Metric) {
        // A data set by its path; no metric can be marked as private in parts.
        if private::is_told_by(&metric.slice) {
            metric.slice.clear();
        }
        metric.details.retain(|_, text| !private::is_told_by(text));
        if self.graph.metrics().len() >= limit::METRICS {
            self.is_full = true;
            return;
        }
        self.graph.measure(metric);
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
        self.leave_at(&file.path, offset, why);
    }

    /// Notes that what a path names is left unread.
    pub(super) fn leave_at(&mut self, path: &ArtifactPath, offset: u64, why: impl Into<String>) {
        self.graph.leave_unread(Unread {
            path: path.clone(),
            offset,
            why: why.into(),
        });
    }

    /// Notes against the file that was being read that there was no room for all of it.
    pub(super) fn settle(&mut self, file: &File) {
        if std::mem::take(&mut self.is_full) {
            let why = format!(
                "more is in it than is described: at most {} components, {} claims, {} of one kind, {} relations",
                limit::COMPONENTS,
                limit::CLAIMS,
                limit::CLAIMS_OF_ONE,
                limit::RELATIONS
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

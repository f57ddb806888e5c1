//! [`Policy`]: the documents that hold here, from the floor upwards.

use std::{collections::BTreeSet, fmt};

use weightlock_artifact::{digest::Digest, evidence::Kind};

use crate::{
    demand::Demand,
    document::{Document, Identity, Placed},
    evidence::StatementFact,
    level::{Mode, Tier},
    waiver::Waiver,
};

/// Where a layer comes from. The order is that of authority.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LayerKind {
    /// The machine's; it can be tightened and nothing of it waived.
    Floor,
    /// The user's.
    User,
    /// One that the environment names.
    Environment,
    /// One that was named for this call.
    Named,
}

impl LayerKind {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::User => "user",
            Self::Environment => "environment",
            Self::Named => "named",
        }
    }
}

/// One document and where it is from.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where it comes from.
    pub kind: LayerKind,
    /// Its file, as it is shown.
    pub source: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What it says.
    pub document: Document,
    /// Exceptions of its other file, if it names one.
    pub waivers: Option<SignedWaivers>,
    /// SHA-256 of every file that it names and that decides whose word counts: keys, certificates, roots. In order of digests.
    pub files: Vec<Digest>,
}

/// An exception that a layer grants.
#[derive(Clone, Copy, Debug)]
pub struct Exception<'p> {
    /// What it says.
    pub waiver: &'p Waiver,
    /// The file that it stands in.
    pub source: &'p str,
    /// Why it does not count, whatever its dates say.
    pub not_counted: Option<&'static str>,
}

impl Layer {
    /// Every exception: those in the policy itself, which count for nothing in production, and those in its other file, which count when
    /// their approver has signed it.
    pub fn exceptions(&self, mode: Mode) -> impl Iterator<Item = Exception<'_>> {
        let unsigned = "in production, a waiver stands in a file that its approver has signed";
        let own = self.document.waivers.iter().map(move |waiver| Exception {
            waiver,
            source: &self.source,
            not_counted: (mode == Mode::Production).then_some(unsigned),
        });
        let other = self.waivers.iter().flat_map(|file| {
            file.waivers.iter().map(|waiver| {
                let parts = waiver.parts();
                let owner = parts.owner.trim();
                let is_own = file.signed_by.iter().any(|name| name.eq_ignore_ascii_case(owner));
                let not_counted = if !file.signed_by.contains(&parts.approver) {
                    Some("its approver has not signed the file that it stands in")
                } else {
                    // One key under two names is one person.
                    is_own
                        .then_some("its owner's own key has signed the file; somebody else approves a waiver")
                };
                Exception {
                    waiver,
                    source: &file.source,
                    not_counted,
                }
            })
        });
        own.chain(other)
    }

    /// Whether it needs statements of a kind, names nobody whose word on it counts, and does not leave that to others.
    fn is_silent_on(&self, kind: Kind) -> bool {
        let document = &self.document;
        !document.signers.contains_key(&kind) && !document.delegates.contains(&kind) && self.needs(kind)
    }

    /// Whether something that it demands rests on statements of a kind.
    #[must_use]
    pub fn needs(&self, kind: Kind) -> bool {
        if kind == Kind::Verdict {
            let document = &self.document;
            return document.all_demands().next().is_some() || !document.rules.is_empty();
        }
        let mut demands = self.document.all_demands();
        demands.any(|(_, placed)| placed.demand.rests_on().contains(&kind))
    }
}

/// Exceptions in a file of their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedWaivers {
    /// The file, as it is shown.
    pub source: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The exceptions.
    pub waivers: Vec<Waiver>,
    /// Identities of the layer that signed the file.
    pub signed_by: BTreeSet<String>,
}

/// An identity of a policy: the number of its layer, and its name there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IdentityId {
    /// The layer.
    pub layer: usize,
    /// The name.
    pub name: String,
}

/// Where a demand stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The layer.
    pub layer: usize,
    /// The file, as it is shown.
    pub source: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)
    }
}

/// The documents that hold, the floor first.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    layers: Vec<Layer>,
}

impl Policy {
    /// A policy of these documents, in the order of authority whatever their order here.
    #[must_use]
    pub fn new(layers: impl IntoIterator<Item = Layer>) -> Self {
        let mut layers: Vec<Layer> = layers.into_iter().collect();
        layers.sort_by_key(|layer| layer.kind);
        Self { layers }
    }

    /// The documents.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Everybody who is known.
    pub fn identities(&self) -> impl Iterator<Item = (IdentityId, &Identity)> {
        self.layers.iter().enumerate().flat_map(|(layer, it)| {
            it.document.identities.iter().map(move |(name, identity)| {
                let id = IdentityId {
                    layer,
                    name: name.clone(),
                };
                (id, identity)
            })
        })
    }

    /// The mode: the strictest that a document sets, or that is asked for. A document that says nothing means production, so that
    /// another one cannot speak for it.
    #[must_use]
    pub fn mode(&self, asked: Option<Mode>) -> Mode {
        let set = self.layers.iter().map(|layer| layer.document.mode);
        let strictest = set.map(|it| it.unwrap_or(Mode::Production)).max();
        strictest
            .unwrap_or(Mode::Production)
            .max(asked.unwrap_or(Mode::Development))
    }

    /// The tier of models of which no rule says more: the highest that a document sets. One that says nothing means high.
    #[must_use]
    pub fn default_tier(&self) -> Tier {
        let set = self.layers.iter().map(|layer| layer.document.default_tier);
        set.map(|it| it.unwrap_or(Tier::High)).max().unwrap_or(Tier::High)
    }

    /// Where something of a layer stands.
    #[must_use]
    pub fn place(&self, layer: usize, line: usize) -> Place {
        let source = self.layers.get(layer).map_or("", |it| it.source.as_str());
        Place {
            layer,
            source: source.to_owned(),
            line,
        }
    }

    /// Whether statements of a kind by these identities count: for every layer that names whose do, one of them is among those; no
    /// layer that needs such statements is silent about whose; and at least one layer names them. A verdict is needed by every layer
    /// that demands anything, since it stands in for all of it.
    #[must_use]
    pub fn counts(&self, kind: Kind, by: &BTreeSet<IdentityId>) -> bool {
        let mut said = false;
        for (layer, it) in self.layers.iter().enumerate() {
            match it.document.signers.get(&kind) {
                Some(names) => {
                    said = true;
                    if !by.iter().any(|id| id.layer == layer && names.contains(&id.name)) {
                        return false;
                    }
                }
                None if it.is_silent_on(kind) => return false,
                None => {}
            }
        }
        said
    }

    /// Whether a no by these identities is heard in a layer: it names one of them for the kind.
    #[must_use]
    pub fn hears_in(&self, layer: usize, kind: Kind, by: &BTreeSet<IdentityId>) -> bool {
        let named = self
            .layers
            .get(layer)
            .and_then(|it| it.document.signers.get(&kind));
        named.is_some_and(|names| by.iter().any(|id| id.layer == layer && names.contains(&id.name)))
    }

    /// Whether a no by these identities is heard: in one layer. A yes counts only where no layer objects ([`Policy::counts`]); were that
    /// asked of a no as well, a further policy that does not know its signer would silence it.
    #[must_use]
    pub fn hears(&self, kind: Kind, by: &BTreeSet<IdentityId>) -> bool {
        (0..self.layers.len()).any(|layer| self.hears_in(layer, kind, by))
    }

    /// The layers that need statements of a kind and do not say whose word on it counts.
    pub fn silent_on(&self, kind: Kind) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(move |layer| layer.is_silent_on(kind))
    }

    /// Whether a statement is by one of these identities of a layer; of nobody in particular when none are named.
    #[must_use]
    pub fn is_by(&self, layer: usize, names: &[String], statement: &StatementFact) -> bool {
        names.is_empty()
            || statement
                .by
                .iter()
                .any(|id| id.layer == layer && names.contains(&id.name))
    }

    /// Whether a question is asked at all, in any mode, of any tier, by any rule.
    #[must_use]
    pub fn asks(&self, wanted: impl Fn(&Demand) -> bool) -> bool {
        self.layers.iter().any(|layer| {
            let mut demands = layer.document.all_demands();
            demands.any(|(_, Placed { demand, .. })| wanted(demand))
        })
    }
}

//! Statements against folders: what is signed for a model on disk ([`prepare`]), and whether a model on disk is
//! what was signed ([`compare`]), or is so but for bytes that somebody else answers for ([`survey`]).

mod by_leaves;
mod compare;
mod prepare;
mod survey;

use weightlock_artifact::{
    Error,
    cache::DigestCache,
    digest::{
        Algorithm,
        engine::{Observer, Settings},
    },
    inventory::{Entry, Inventory},
    measure::{Keeper, Measured, Wanted, measure, measure_kept},
    path::ArtifactPath,
};

pub use self::{
    by_leaves::Leaves,
    compare::{
        Comparison, LoaderView, Mismatch, Rules, Strictness, Unsigned, VerifiedModel, compare, locate,
    },
    prepare::{Plan, Prepared, Previous, Unsignable, prepare},
    survey::{Surveyed, survey},
};

/// Names at the root that the reference implementation ignores by default (OMS 6.2).
pub const GIT_NAMES: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// How hashing is done, and who watches.
#[expect(missing_debug_implementations, reason = "an observer has no representation")]
pub struct Work<'a> {
    /// Kernel, threads, reading. The algorithm is taken from the statement.
    pub settings: Settings,
    /// Sees progress and may stop the work.
    pub observer: &'a dyn Observer,
    /// Where known digests may be taken from; not those of files that are kept.
    pub cache: Option<&'a mut DigestCache>,
    /// Keeps the bytes of the listed files that [`compare`] reads.
    pub keeper: Option<&'a mut dyn Keeper>,
    /// Signed leaves of the listed files, for [`compare`]. Those of another signature are passed over.
    pub leaves: Option<Leaves<'a>>,
}

impl Work<'_> {
    fn hashing(&self, algorithm: Algorithm) -> Settings {
        Settings {
            algorithm,
            ..self.settings
        }
    }

    /// As [`Work::measure`], of files whose bytes are kept if somebody wants them.
    fn measure_listed(
        &mut self,
        inventory: &Inventory,
        entries: &[&Entry],
        wanted: Wanted,
        algorithm: Algorithm,
    ) -> Result<Vec<Measured>, Error> {
        let settings = self.hashing(algorithm);
        match self.keeper.as_deref_mut() {
            Some(keeper) => measure_kept(inventory, entries, wanted, &settings, self.observer, keeper),
            None => self.measure(inventory, entries, wanted, algorithm),
        }
    }

    fn measure(
        &mut self,
        inventory: &Inventory,
        entries: &[&Entry],
        wanted: Wanted,
        algorithm: Algorithm,
    ) -> Result<Vec<Measured>, Error> {
        let settings = self.hashing(algorithm);
        measure(
            inventory,
            entries,
            wanted,
            &settings,
            self.observer,
            self.cache.as_deref_mut(),
        )
    }
}

/// The names of a list as paths. The lists are constants of this crate and hold nothing else than paths.
fn names(list: &[&str]) -> impl Iterator<Item = ArtifactPath> {
    list.iter().filter_map(|name| ArtifactPath::parse(*name).ok())
}

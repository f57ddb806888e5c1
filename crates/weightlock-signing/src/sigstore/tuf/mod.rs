//! Fresh trust roots: a client of The Update Framework ([TUF 1.0]), which Sigstore deployments publish their roots with.
//!
//! 1. Start from a root of keys: the built-in one of a public instance, or a file the user gives. Walk to its newest version,
//!    each signed by the one before.
//! 2. Fetch timestamp, snapshot and targets, each signed, not expired, and pinned by the one before; none may be older than
//!    what an earlier update saw ([`Seen`]).
//! 3. Fetch `trusted_root.json`, and the signing configuration if there is one, by the length and digest that the targets pin.
//! 4. Read the trust root with the strict reader of [`TrustRoot`]. What cannot be used is not handed out.
//!
//! The rules of steps 1 to 3 are those of the `sigstore-tuf` crate, used in this module and nowhere else, with this crate's own
//! cryptography and this program's own HTTP client. It is chosen over `tough`, which brings `aws-lc-rs` (C, refused here), a
//! runtime and an own client, and which cannot read GitHub's repository, whose key ids are not digests. It costs two crates
//! more than the verifier already has (`sigstore-tuf` and `glob`); without its feature `client` it opens nothing. Its interface
//! is asynchronous although nothing in it waits by itself: our fetches are done when they return, so a future is finished the
//! first time it is asked ([`finished`]), and no runtime is needed.
//!
//! [TUF 1.0]: https://theupdateframework.github.io/specification/v1.0.33/

mod error;
mod mirror;
mod reason;
mod seen;

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use jiff::Timestamp;
use sigstore_tuf::{Updater, UpdaterConfig};
use weightlock_transport::{Url, http::Client};

use self::{mirror::Mirror, seen::Store};
use super::{Instance, TrustRoot, crypto};
use crate::{certificate::UnixTime, json};

pub use error::TufError;
pub use reason::EXPLANATIONS;
pub use seen::Seen;

/// The target that holds the trust root.
const TRUSTED_ROOT: &str = "trusted_root.json";
/// The target that says which services sign; not every deployment has one.
const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// Where a deployment publishes its trust root, and the keys that the first step is checked with.
#[derive(Clone, Debug)]
pub struct Repository {
    root: Vec<u8>,
    mirror: Url,
}

impl Repository {
    /// The largest root of keys that is read, in bytes. The public one has 6 KB.
    pub const MAX_ROOT_BYTES: usize = 512_000;

    /// The repository of a public instance, with the root of keys that is built in.
    #[must_use]
    pub fn of(instance: Instance) -> Self {
        // As the release 0.15.1 of the crate `sigstore-trust-root` carries them.
        let (root, mirror) = match instance {
            Instance::Production => (
                include_bytes!("production.json").as_slice(),
                "https://tuf-repo-cdn.sigstore.dev",
            ),
            Instance::Staging => (
                include_bytes!("staging.json").as_slice(),
                "https://tuf-repo-cdn.sigstage.dev",
            ),
            Instance::GitHub => (
                include_bytes!("github.json").as_slice(),
                "https://tuf-repo.github.com",
            ),
        };
        let Ok(mirror) = Url::parse(mirror) else {
            unreachable!("the addresses above are read by a test");
        };
        Self::new(root, mirror)
    }

    /// The same repository at another address.
    #[must_use]
    pub fn at(mut self, mirror: Url) -> Self {
        self.mirror = mirror;
        self
    }

    /// A repository of another deployment: its root of keys (`root.json`), which must come over a channel the user trusts,
    /// and the address below which its metadata lie.
    #[must_use]
    pub fn new(root: &[u8], mirror: Url) -> Self {
        Self {
            root: root.to_vec(),
            mirror,
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn mirror(&self) -> &Url {
        &self.mirror
    }
}

/// What an update brought.
#[derive(Debug)]
pub struct Updated {
    /// The trust root, with the signing configuration beside it if one is published.
    pub root: TrustRoot,
    /// The version of the list of targets it comes from. Grows with every change.
    pub version: u64,
    /// When the publisher stops vouching for its being current.
    pub expires: UnixTime,
    /// What the next update must not go behind. To be kept with the trust root.
    pub seen: Seen,
}

/// Fetches the newest trust root of a deployment.
///
/// # Errors
/// [`TufError`]: the repository could not be reached, or what it offers is not signed, expired, older than what was seen,
/// changed on the way, or no trust root. Nothing of it is handed out then.
pub fn update(
    repository: &Repository,
    client: &Client,
    seen: Seen,
    now: UnixTime,
) -> Result<Updated, TufError> {
    crypto::install();
    let now = timestamp(now)?;
    if repository.root.len() > Repository::MAX_ROOT_BYTES {
        return Err(TufError::Malformed {
            what: "the root of keys is larger than any".to_owned(),
        });
    }
    let store = Store::new(seen);
    let mirror = Mirror::new(client.clone(), repository.mirror.clone());
    let mut config = UpdaterConfig::default();
    config.target_max_length = TrustRoot::MAX_BYTES as u64;
    let mut updater = Updater::new(mirror, &repository.root)?
        .with_config(config)
        .with_store(store.clone());
    finished(updater.refresh(now))?;
    let root = finished(updater.get_target(TRUSTED_ROOT, now))?;
    let config = match finished(updater.get_target(SIGNING_CONFIG, now)) {
        Ok(found) => Some(found),
        Err(sigstore_tuf::Error::TargetNotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let trusted = updater.trusted();
    let targets = trusted
        .targets_role("targets")
        .ok_or(sigstore_tuf::Error::NotRefreshed)?;
    let expiries = [
        Some(targets.expires),
        trusted.snapshot().map(|snapshot| snapshot.expires),
        trusted.timestamp().map(|timestamp| timestamp.expires),
    ];
    let expires = expiries.into_iter().flatten().min().unwrap_or(now);
    if config
        .as_deref()
        .is_some_and(|text| json::refuse_repeated_keys(text).is_err())
    {
        return Err(TufError::Malformed {
            what: "the signing configuration is no JSON".to_owned(),
        });
    }
    Ok(Updated {
        root: TrustRoot::from_json(&root)?.with_signing_config(config),
        version: targets.version,
        expires: UnixTime(u64::try_from(expires.as_second()).unwrap_or(0)),
        seen: store.seen(),
    })
}

fn timestamp(now: UnixTime) -> Result<Timestamp, TufError> {
    let seconds = i64::try_from(now.0).ok();
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.ok_or_else(|| TufError::Malformed {
        what: "the time is out of range".to_owned(),
    })
}

/// The result of a future that never waits.
fn finished<T>(work: impl Future<Output = sigstore_tuf::Result<T>>) -> sigstore_tuf::Result<T> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(sigstore_tuf::Error::transport(
            "a fetch was not done when it returned",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roots_are_signed_by_their_own_keys() {
        crypto::install();
        for instance in Instance::ALL {
            let repository = Repository::of(instance);
            let root = sigstore_tuf::TrustedMetadataSet::from_root(&repository.root).unwrap();
            assert!(root.root().version >= 9, "{instance}");
            assert!(repository.mirror().is_encrypted());
        }
    }
}

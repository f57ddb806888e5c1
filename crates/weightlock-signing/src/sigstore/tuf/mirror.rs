//! [`Mirror`]: fetches files of a repository with this program's own client.

use sigstore_tuf::{Error, Repository, transport::FetchFuture};
use weightlock_transport::{self as transport, Url, http::Client};

/// A place below which metadata and, in `targets/`, the targets lie.
pub(super) struct Mirror {
    client: Client,
    base: Url,
}

impl Mirror {
    pub(super) const fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }

    /// The file, or nothing where there is none. Stores of objects answer 403 for what does not exist.
    fn fetch(
        &self,
        folder: Option<&str>,
        name: &str,
        most: u64,
    ) -> Result<Option<Vec<u8>>, transport::Error> {
        let address = self.base.below(folder.into_iter().chain(name.split('/')))?;
        let answer = self.client.get(&address).limit(most).send()?;
        if matches!(answer.status, 403 | 404) {
            return Ok(None);
        }
        answer.success().map(|answer| Some(answer.body))
    }

    /// The file as a future that is done.
    fn done<'a>(&self, folder: Option<&str>, name: &str, most: u64) -> FetchFuture<'a> {
        let fetched = self.fetch(folder, name, most);
        let result =
            fetched.map_err(|error| Error::transport_with_source("a file could not be fetched", error));
        Box::pin(std::future::ready(result))
    }
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.done(None, name, max_length)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.done(Some("targets"), path, max_length)
    }
}

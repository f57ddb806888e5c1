//! [`Call`] and [`Response`]: one question and its answer.

use ureq::http::{
    Method,
    header::{HeaderName, HeaderValue},
};

use super::{Client, client::Prepared};
use crate::{Error, Secret, Url};

/// Bytes of a refusal that are shown.
const WORDS: usize = 300;

/// A call that is being put together. Nothing is sent before [`Call::send`].
#[derive(Debug)]
#[must_use = "a call is made by `send`"]
pub struct Call<'a> {
    client: &'a Client,
    method: Method,
    url: Url,
    headers: Vec<(String, Secret)>,
    body: Option<Secret>,
    secret: bool,
    limit: u64,
}

impl<'a> Call<'a> {
    pub(super) fn new(client: &'a Client, method: Method, url: &Url) -> Self {
        Self {
            client,
            method,
            url: url.clone(),
            headers: Vec::new(),
            body: None,
            secret: false,
            limit: client.settings().answer_limit,
        }
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(Secret::new(body));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), Secret::new(value)));
        self
    }

    /// Adds a header with a secret, which may have a word before it, such as `Bearer `. The call is then refused where it
    /// would carry the secret unencrypted to another machine.
    pub fn secret_header(mut self, name: &str, before: &str, secret: &Secret) -> Self {
        let value = [before.as_bytes(), secret.expose()].concat();
        self.headers.push((name.to_owned(), Secret::new(value)));
        self.secret = true;
        self
    }

    /// Adds `Authorization: Bearer …`, as [`Call::secret_header`] does.
    pub fn bearer(self, token: &Secret) -> Self {
        self.secret_header("Authorization", "Bearer ", token)
    }

    /// Says that what is handed over holds a secret: it is sent encrypted, or to this machine.
    pub const fn confidential(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The most bytes that the answer's body may have.
    pub const fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Makes the call and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`Error`]: the call could not be made, or its answer was not complete, over its limit or a redirect. A status such
    /// as 404 is an answer: see [`Response::success`].
    pub fn send(self) -> Result<Response, Error> {
        if self.secret && !self.url.is_encrypted() && !self.url.is_loopback() {
            return Err(Error::PlainSecret {
                at: self.url.origin().to_owned(),
            });
        }
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| header(name, value))
            .collect::<Result<_, _>>()?;
        self.client.work(Prepared {
            method: self.method,
            url: self.url,
            headers,
            body: self.body,
            limit: self.limit,
        })
    }
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), Error> {
    let refused = || Error::Header {
        name: name.to_owned(),
    };
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
    let mut value = HeaderValue::from_bytes(value.expose()).map_err(|_| refused())?;
    value.set_sensitive(true);
    Ok((key, value))
}

/// An answer. Everything in it is a stranger's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Scheme, host and port that answered.
    pub at: String,
    /// The HTTP status, 200 to 599 except those of redirects.
    pub status: u16,
    /// Header names in lower case with their values, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, which is written in lower case here.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The answer, if its status says that the call succeeded (200 to 299).
    ///
    /// # Errors
    /// [`Error::Status`] with the beginning of what the service said.
    pub fn success(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Error::Status {
            words: self.words(),
            at: self.at,
            status: self.status,
        })
    }

    /// The beginning of the body in one line, for an error. Control characters are made harmless where it is shown.
    #[must_use]
    pub fn words(&self) -> String {
        let start = &self.body[..self.body.len().min(WORDS)];
        let text = String::from_utf8_lossy(start);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

//! [`Client`]: makes calls with one set of settings.

use std::{
    io::Read as _,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use ureq::{
    Agent, Body,
    http::{Method, Request, header},
};

use super::{
    Call, Response, Settings,
    failure::{self, Told},
    tls,
};
use crate::{Error, Secret, Url};

/// How often a waiting caller asks whether the user wants to stop.
const PATIENCE: Duration = Duration::from_millis(25);

/// Redirects within one service that are followed.
const MOST_REDIRECTS: u32 = 4;

/// Header lines of an answer together.
const MOST_HEADER_BYTES: usize = 64 << 10;

/// An HTTP client. Cheap to clone; every call has a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    direct: Agent,
    https: Option<Agent>,
    http: Option<Agent>,
}

/// What the working thread needs of a call.
pub(super) struct Prepared {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(header::HeaderName, header::HeaderValue)>,
    pub(super) body: Option<Secret>,
    pub(super) limit: u64,
}

impl Client {
    /// Makes a client. Nothing is opened before the first call.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let tls = tls::config(&settings.roots);
        let agent = |proxy: Option<&ureq::Proxy>| {
            let config = Agent::config_builder()
                .tls_config(tls.clone())
                .proxy(proxy.cloned())
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .max_response_header_size(MOST_HEADER_BYTES)
                // A kept connection may be gone when it is used again, and a call that failed is not made twice.
                .max_idle_connections(0)
                .max_idle_connections_per_host(0)
                .timeout_connect(Some(settings.connect))
                .timeout_resolve(Some(settings.connect))
                .user_agent(concat!("weightlock/", env!("CARGO_PKG_VERSION")))
                .build();
            Agent::new_with_config(config)
        };
        let through = |proxy: Option<&ureq::Proxy>| proxy.map(|proxy| agent(Some(proxy)));
        Self {
            inner: Arc::new(Inner {
                direct: agent(None),
                https: through(settings.proxies.https.as_ref()),
                http: through(settings.proxies.http.as_ref()),
                settings,
            }),
        }
    }

    /// A call that asks for something.
    pub fn get(&self, url: &Url) -> Call<'_> {
        Call::new(self, Method::GET, url)
    }

    /// A call that hands something over.
    pub fn post(&self, url: &Url, content_type: &str, body: impl Into<Vec<u8>>) -> Call<'_> {
        Call::new(self, Method::POST, url)
            .header("Content-Type", content_type)
            .body(body)
    }

    /// The settings it was made with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Works on the call in another thread and waits for it, for the time it may take, or until the user wants to stop.
    pub(super) fn work(&self, call: Prepared) -> Result<Response, Error> {
        let whole = self.inner.settings.whole;
        let deadline = Instant::now() + whole;
        let at = call.url.origin().to_owned();
        let (sender, answer) = mpsc::sync_channel(1);
        let inner = Arc::clone(&self.inner);
        let worker = move || {
            // The receiver is gone when the caller has given up; then nobody wants the answer.
            drop(sender.send(inner.follow(call, deadline)));
        };
        let spawned = thread::Builder::new().name("http".to_owned()).spawn(worker);
        spawned.map_err(|source| Error::Connect {
            at: at.clone(),
            source,
        })?;
        loop {
            if self.inner.settings.stop.is_wanted() {
                return Err(Error::Stopped);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match answer.recv_timeout(PATIENCE.min(left)) {
                Ok(answer) => return answer,
                Err(mpsc::RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Err(Error::Timeout { at, limit: whole });
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let what = "the call ended without an answer".to_owned();
                    return Err(Error::Protocol { at, what });
                }
            }
        }
    }
}

impl Inner {
    /// Makes the call, and again for each redirect within the same service.
    fn follow(&self, mut call: Prepared, deadline: Instant) -> Result<Response, Error> {
        for _ in 0..=MOST_REDIRECTS {
            let response = self.once(&call, deadline)?;
            let Some(location) = redirect(&response) else {
                return Ok(response);
            };
            let refused = |to: &str| Error::Redirect {
                at: call.url.origin().to_owned(),
                to: to.chars().take(200).collect(),
            };
            let next = call.url.redirected(location).map_err(|_| refused(location))?;
            if call.method != Method::GET || !call.url.same_origin(&next) {
                return Err(refused(next.origin()));
            }
            call.url = next;
        }
        Err(Error::Redirect {
            at: call.url.origin().to_owned(),
            to: "itself, again and again".to_owned(),
        })
    }

    fn once(&self, call: &Prepared, deadline: Instant) -> Result<Response, Error> {
        let told = Told {
            at: call.url.origin(),
            settings: &self.settings,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let agent = self.agent(&call.url);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.url.as_str());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let failed = |error| failure::told(error, &told);
        let answer = match &call.body {
            Some(body) => {
                let request = request
                    .body(body.expose())
                    .map_err(|error| failed(error.into()))?;
                agent.run(
                    agent
                        .configure_request(request)
                        .timeout_global(Some(left))
                        .build(),
                )
            }
            None => {
                let request = request.body(()).map_err(|error| failed(error.into()))?;
                agent.run(
                    agent
                        .configure_request(request)
                        .timeout_global(Some(left))
                        .build(),
                )
            }
        };
        read(answer.map_err(failed)?, call, &told)
    }

    fn agent(&self, url: &Url) -> &Agent {
        let through = if url.is_encrypted() {
            &self.https
        } else {
            &self.http
        };
        match through {
            Some(agent) if !self.settings.proxies.spares(url) => agent,
            _ => &self.direct,
        }
    }
}

/// Where an answer redirects to.
fn redirect(response: &Response) -> Option<&str> {
    matches!(response.status, 301 | 302 | 303 | 307 | 308)
        .then(|| response.header("location").unwrap_or_default())
}

/// Reads the answer whole, under the call's limit.
fn read(answer: ureq::http::Response<Body>, call: &Prepared, told: &Told<'_>) -> Result<Response, Error> {
    let at = || told.at.to_owned();
    let too_large = || Error::TooLarge {
        at: at(),
        limit: call.limit,
    };
    let (head, body) = answer.into_parts();
    let encoding = head.headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding.as_bytes() != b"identity") {
        return Err(Error::Protocol {
            at: at(),
            what: "the answer is compressed, which was not asked for".to_owned(),
        });
    }
    if body.content_length().is_some_and(|length| length > call.limit) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut reader = body.into_reader().take(call.limit.saturating_add(1));
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| failure::told(error.into(), told))?;
    if u64::try_from(bytes.len()).map_or(true, |length| length > call.limit) {
        return Err(too_large());
    }
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Response {
        at: at(),
        status: head.status.as_u16(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: bytes,
    })
}

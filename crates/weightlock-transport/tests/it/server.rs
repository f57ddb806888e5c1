//! A small TCP server that answers as a test tells it to, with or without TLS.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What reads and writes.
pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A server that lives as long as the process; every connection gets the same answer.
pub(crate) struct Server {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request as `answer` says, which writes bytes to the connection.
    pub(crate) fn plain(answer: impl Fn(&str, &mut dyn Stream) + Send + Sync + 'static) -> Self {
        Self::start(move |stream| Some(Box::new(stream)), answer)
    }

    /// The same behind TLS.
    pub(crate) fn tls(
        config: Arc<ServerConfig>,
        answer: impl Fn(&str, &mut dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        let wrap = move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(StreamOwned::new(connection, stream)) as Box<dyn Stream>)
        };
        Self::start(wrap, answer)
    }

    /// Always the same bytes.
    pub(crate) fn saying(bytes: &str) -> Self {
        let bytes = bytes.to_owned();
        Self::plain(move |_, stream| {
            // A client may hang up before it has heard everything.
            drop(stream.write_all(bytes.as_bytes()));
        })
    }

    fn start(
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
        answer: impl Fn(&str, &mut dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::new((wrap, answer, Arc::clone(&heard)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let (wrap, answer, heard) = &*shared;
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    let raw = stream.try_clone().unwrap();
                    let Some(mut stream) = wrap(stream) else { return };
                    if let Some(request) = request(&mut *stream) {
                        heard.lock().unwrap().push(request.clone());
                        answer(&request, &mut *stream);
                        drop(stream.flush());
                    }
                    drop(raw.shutdown(Shutdown::Write));
                });
            }
        });
        Self { port, heard }
    }

    pub(crate) fn url(&self, path: &str) -> weightlock_transport::Url {
        weightlock_transport::Url::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    /// The requests so far, headers and body.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// One request with the body its length says.
fn request(stream: &mut dyn Stream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).ok()?)
}

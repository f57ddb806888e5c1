//! A small HTTP/1.1 server on a loopback port: one thread for each connection, one request on each. It can be told
//! to answer as broken servers do.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Bodies of requests larger than this are refused.
const MAX_BODY: u64 = 64 << 20;

/// What a client asks.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, or of a form in the body.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let form = String::from_utf8_lossy(&self.body);
        parameters(&self.query)
            .chain(parameters(&form))
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) location: Option<String>,
    /// The name of what was made, as some clients of Rekor look it up.
    pub(crate) tag: Option<String>,
}

impl Response {
    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self {
            status,
            kind: "application/json",
            body: value.to_string().into_bytes(),
            location: None,
            tag: None,
        }
    }

    pub(crate) fn bytes(kind: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: 200,
            kind,
            body,
            location: None,
            tag: None,
        }
    }

    /// A refusal in the words of gRPC's gateway, which Fulcio and Rekor use.
    pub(crate) fn refused(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({"code": 3, "message": message}))
    }

    pub(crate) fn see(location: String) -> Self {
        Self {
            status: 302,
            kind: "text/plain",
            body: Vec::new(),
            location: Some(location),
            tag: None,
        }
    }
}

/// How a server misbehaves below the protocol it speaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Every request is answered with 500.
    Fails,
    /// Answers come after this time.
    Slow(Duration),
    /// Answers are this many bytes of nothing, sent without saying how many.
    Huge(usize),
    /// Answers are a page for people.
    Page,
    /// Answers are cut off after this many bytes, although more were announced.
    CutOff(usize),
    /// Answers send the client to another address.
    Redirects(String),
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// A running server; it ends when dropped.
pub(crate) struct Server {
    address: std::net::SocketAddr,
    trouble: Arc<Mutex<Option<Trouble>>>,
    requests: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Server {
    /// Listens on a port of the loopback interface that the system chooses.
    pub(crate) fn start(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::serve(TcpListener::bind(("127.0.0.1", 0)).expect("a free port"), handler)
    }

    /// As [`Server::start`], on a port that was reserved before, for services that must know their own address.
    pub(crate) fn serve(
        listener: TcpListener,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let server = Self {
            address: listener.local_addr().expect("a bound socket has an address"),
            trouble: Arc::default(),
            requests: Arc::default(),
            ended: Arc::default(),
        };
        let handler: Arc<Handler> = Arc::new(handler);
        let (trouble, requests, ended) = (
            Arc::clone(&server.trouble),
            Arc::clone(&server.requests),
            Arc::clone(&server.ended),
        );
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                requests.fetch_add(1, Ordering::Relaxed);
                let (handler, trouble) = (Arc::clone(&handler), told(&trouble));
                thread::spawn(move || {
                    let _ = answer(stream, &*handler, trouble);
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.requests.store(0, Ordering::Relaxed);
        *self.trouble.lock().expect("no thread panics with it") = trouble;
    }

    /// How many connections were accepted since the last change of [`Server::trouble`].
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Server").field(&self.address).finish()
    }
}

fn told(trouble: &Mutex<Option<Trouble>>) -> Option<Trouble> {
    trouble.lock().expect("no thread panics with it").clone()
}

fn answer(mut stream: TcpStream, handler: &Handler, trouble: Option<Trouble>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let Some(request) = read(&stream)? else {
        return Ok(());
    };
    let mut cut = None;
    let response = match trouble {
        None => handler(&request),
        Some(Trouble::Fails) => Response::refused(500, "an error occurred"),
        Some(Trouble::Slow(time)) => {
            thread::sleep(time);
            handler(&request)
        }
        Some(Trouble::Huge(bytes)) => return huge(&mut stream, bytes),
        Some(Trouble::Page) => Response::bytes("text/html", b"<html>Sign in to the network</html>".to_vec()),
        Some(Trouble::CutOff(bytes)) => {
            cut = Some(bytes);
            handler(&request)
        }
        Some(Trouble::Redirects(to)) => Response::see(to),
    };
    let tag = response
        .tag
        .map_or_else(String::new, |tag| format!("ETag: {tag}\r\n"));
    let location = response
        .location
        .map_or_else(String::new, |to| format!("Location: {to}\r\n"));
    let head = format!(
        "HTTP/1.1 {} Answer\r\nContent-Type: {}\r\n{location}{tag}Content-Length: {}\r\nConnection: close\r\n\r\n",
        response.status,
        response.kind,
        response.body.len()
    );
    stream.write_all(head.as_bytes())?;
    let sent = cut.map_or(response.body.len(), |cut| cut.min(response.body.len()));
    stream.write_all(&response.body[..sent])
}

fn huge(stream: &mut TcpStream, bytes: usize) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")?;
    let block = [b' '; 1 << 16];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(block.len());
        stream.write_all(&block[..now])?;
        left -= now;
    }
    Ok(())
}

fn read(stream: &TcpStream) -> std::io::Result<Option<Request>> {
    let mut input = BufReader::new(stream.take(MAX_BODY));
    let mut line = String::new();
    input.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        request
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if request.header("transfer-encoding") == Some("chunked") {
        read_chunks(&mut input, &mut request.body)?;
    } else if let Some(length) = request
        .header("content-length")
        .and_then(|text| text.parse().ok())
    {
        input.take(length).read_to_end(&mut request.body)?;
    }
    Ok(Some(request))
}

fn read_chunks(input: &mut impl std::io::BufRead, body: &mut Vec<u8>) -> std::io::Result<()> {
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let length = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
        input.take(length).read_to_end(body)?;
        input.read_line(&mut String::new())?;
        if length == 0 {
            return Ok(());
        }
    }
}

fn parameters(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
}

/// `application/x-www-form-urlencoded`, read.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `application/x-www-form-urlencoded`, written.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_are_written() {
        let text = "a b&c=d+é%";
        assert_eq!(decoded(&encoded(text)), text);
        let form = format!("x={}&y=2", encoded(text));
        assert_eq!(parameters(&form).count(), 2);
        assert_eq!(parameters(&form).next().unwrap().1, text);
    }
}

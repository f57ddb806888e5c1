//! A port of this machine that waits for a browser to come back from a login (RFC 8252 section 7.3).
//!
//! Bound to the loopback interface, on a port that the system chooses, for one visit to one path. Everybody on this
//! machine can call it, so what a visitor brings proves nothing: the caller compares it with what only the real answer
//! can know. Requests are read to their first line's end, at most 8 KiB, each within a second; other paths are answered
//! with 404 and forgotten.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{Error, Url, http::Stop};

/// The longest request line that is read; a code and a state have a few hundred bytes.
const MOST_BYTES: usize = 8 << 10;
/// How long a visitor may take to say what it wants.
const VISIT: Duration = Duration::from_secs(1);
/// How often is looked for a visitor.
const PATIENCE: Duration = Duration::from_millis(25);

const PAGE: &str =
    "<!doctype html><title>Weightlock</title><p>You can close this page and go back to the terminal.";

/// A listening port. It is closed when dropped.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    url: Url,
}

impl Listener {
    /// Listens for visits to this path.
    ///
    /// # Errors
    /// [`Error::Connect`] when the system gives no port.
    pub fn start(path: &str) -> Result<Self, Error> {
        let failed = |source| Error::Connect {
            at: "127.0.0.1".to_owned(),
            source,
        };
        let socket = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        // A name, because issuers compare it with the one they were told, and theirs is this.
        let url = Url::parse(&format!("http://localhost:{port}{path}"))?;
        Ok(Self { socket, url })
    }

    /// Where the browser must come back to.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Waits for a visit and gives the fields of its query; nothing when the time is over.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the user wants to stop.
    pub fn wait(&self, limit: Duration, stop: &Stop) -> Result<Option<Vec<(String, String)>>, Error> {
        let started = Instant::now();
        while started.elapsed() < limit {
            if stop.is_wanted() {
                return Err(Error::Stopped);
            }
            match self.socket.accept() {
                Ok((stream, _)) => {
                    if let Ok(Some(fields)) = self.visit(stream) {
                        return Ok(Some(fields));
                    }
                }
                Err(_) => thread::sleep(PATIENCE),
            }
        }
        Ok(None)
    }

    fn visit(&self, mut stream: TcpStream) -> io::Result<Option<Vec<(String, String)>>> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(VISIT))?;
        stream.set_write_timeout(Some(VISIT))?;
        let line = first_line(&mut stream)?;
        let found = line.and_then(|line| fields(&line, self.url.path()));
        let (status, page) = match found {
            Some(_) => ("200 OK", PAGE),
            None => ("404 Not Found", ""),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        );
        // A visitor that is gone has said what it wanted all the same.
        drop(stream.write_all(answer.as_bytes()));
        Ok(found)
    }
}

/// The request's first line, as far as it comes in time.
fn first_line(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let deadline = Instant::now() + VISIT;
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while seen.len() < MOST_BYTES && Instant::now() < deadline {
        if stream.read(&mut byte)? == 0 {
            break;
        }
        if byte[0] == b'\n' {
            return Ok(String::from_utf8(seen).ok());
        }
        seen.push(byte[0]);
    }
    Ok(None)
}

/// The fields of `GET path?query HTTP/1.1`. A repeated field is no answer: which of the two counts would be chance.
fn fields(line: &str, path: &str) -> Option<Vec<(String, String)>> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    let (found, query) = target.split_once('?')?;
    if found != path {
        return None;
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if fields.iter().any(|(known, _)| *known == name) {
            return None;
        }
        fields.push((name, value));
    }
    Some(fields)
}

/// `application/x-www-form-urlencoded`, read; broken escapes are refused.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (hex, after) = rest.split_at_checked(2)?;
                rest = after;
                let hex = std::str::from_utf8(hex)
                    .ok()
                    .filter(|hex| !hex.starts_with('+'))?;
                u8::from_str_radix(hex, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(port: &str, text: &str) -> String {
        let mut stream = TcpStream::connect(port).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        said
    }

    #[test]
    fn one_visit_to_the_path_is_waited_for() {
        let listener = Listener::start("/back").unwrap();
        let port = listener.url().authority().replace("localhost", "127.0.0.1");
        let visitor = thread::spawn(move || {
            for strange in [
                "GET /favicon.ico HTTP/1.1\r\n\r\n",
                "POST /back?a=1 HTTP/1.1\r\n\r\n",
                "\r\n",
            ] {
                assert!(call(&port, strange).starts_with("HTTP/1.1 404"), "{strange}");
            }
            call(
                &port,
                "GET /back?state=a%20b&code=c+d HTTP/1.1\r\nHost: x\r\n\r\n",
            )
        });
        let came = listener
            .wait(Duration::from_secs(20), &Stop::default())
            .unwrap()
            .unwrap();
        assert_eq!(
            came,
            [("state".into(), "a b".into()), ("code".into(), "c d".into())]
        );
        assert!(visitor.join().unwrap().starts_with("HTTP/1.1 200"));
    }

    #[test]
    fn waiting_ends() {
        let listener = Listener::start("/back").unwrap();
        assert!(listener.wait(Duration::ZERO, &Stop::default()).unwrap().is_none());
        let stopped = listener.wait(Duration::from_secs(20), &Stop::when(|| true));
        assert!(matches!(stopped, Err(Error::Stopped)));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_no_answer() {
        for line in [
            "GET /back?code=1&code=2 HTTP/1.1",
            "GET /back?code=%zz HTTP/1.1",
            "GET /back?code=%+1 HTTP/1.1",
            "GET /back?code=%f HTTP/1.1",
            "GET /back?code=%ff HTTP/1.1",
            "GET /back/?code=1 HTTP/1.1",
            "GET /back HTTP/1.1",
        ] {
            assert!(fields(line, "/back").is_none(), "{line}");
        }
        assert_eq!(
            fields("GET /back?a HTTP/1.1", "/back").unwrap(),
            [("a".into(), String::new())]
        );
    }
}

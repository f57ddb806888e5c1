//! Answers, limits, redirects, time and stopping.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use weightlock_transport::{
    Error, Secret, Url,
    http::{Client, Settings, Stop},
};

use crate::server::Server;

fn client() -> Client {
    Client::new(Settings::default())
}

fn hasty() -> Client {
    let settings = Settings {
        whole: Duration::from_millis(400),
        ..Settings::default()
    };
    Client::new(settings)
}

#[test]
fn an_answer_is_read_whole() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client()
        .get(&server.url("/a?b=c"))
        .header("X-Two", "2")
        .send()
        .unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"hello".as_slice())
    );
    assert_eq!(answer.header("x-one"), Some("1"));
    let heard = &server.heard()[0];
    assert!(heard.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_ascii_lowercase().contains("\r\nx-two: 2\r\n"), "{heard}");
}

#[test]
fn chunks_and_ends_of_connections_are_understood() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let answer = client().get(&Server::saying(chunked).url("/")).send().unwrap();
    assert_eq!(answer.body, b"abcde");
    let closed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc";
    let answer = client().get(&Server::saying(closed).url("/")).send().unwrap();
    assert_eq!(answer.body, b"abc");
}

#[test]
fn a_body_is_handed_over_with_its_type_and_token() {
    let server = Server::saying("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    let client = client();
    let call = client.post(&server.url("/sign"), "application/json", "{\"a\":1}");
    let answer = call.bearer(&Secret::new("t0ken")).send().unwrap();
    assert_eq!(answer.status, 201);
    let heard = &server.heard()[0];
    assert!(heard.ends_with("\r\n\r\n{\"a\":1}"), "{heard}");
    let heard = heard.to_ascii_lowercase();
    assert!(heard.contains("content-type: application/json\r\n"), "{heard}");
    assert!(heard.contains("authorization: bearer t0ken\r\n"), "{heard}");
}

#[test]
fn a_refusal_is_an_answer_with_harmless_words() {
    let server = Server::saying("HTTP/1.1 403 No\r\nContent-Length: 18\r\n\r\nno\x1b[31m\r\n way \u{202e}x");
    let answer = client().get(&server.url("/")).send().unwrap();
    assert_eq!(answer.status, 403);
    let error = answer.success().unwrap_err();
    assert_eq!(
        (error.code().as_str(), error.status()),
        ("WL-NET-STATUS", Some(403))
    );
    let shown = error.to_string();
    assert!(
        shown.contains("status 403: no\\u{1b}[31m way \\u{202e}x"),
        "{shown}"
    );
}

#[test]
fn only_so_many_words_of_a_refusal_are_kept() {
    let body = "w".repeat(5000);
    let server = Server::saying(&format!("HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n{body}"));
    let error = client()
        .get(&server.url("/"))
        .send()
        .unwrap()
        .success()
        .unwrap_err();
    assert!(error.to_string().len() < 400);
}

#[test]
fn a_large_answer_is_refused_before_and_while_it_is_read() {
    let announced = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    let error = client().get(&announced.url("/")).limit(999).send().unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 999, .. }), "{error:?}");

    let endless = Server::plain(|_, stream| {
        let mut going = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while going.is_ok() {
            going = stream.write_all(&[b'x'; 4096]);
        }
    });
    let error = client().get(&endless.url("/")).limit(100_000).send().unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");

    let exact = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    assert!(client().get(&exact.url("/")).limit(3).send().is_ok());
    assert!(client().get(&exact.url("/")).limit(2).send().is_err());
}

#[test]
fn endless_headers_are_refused() {
    let server = Server::plain(|_, stream| {
        let mut going = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while going.is_ok() {
            going = stream.write_all(b"X-Header: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
        }
    });
    let error = client().get(&server.url("/")).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-PROTOCOL", "{error:?}");
}

#[test]
fn half_an_answer_is_none() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        "220 smtp.example.org ready\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x02",
    ] {
        let error = client().get(&Server::saying(text).url("/")).send().unwrap_err();
        assert_eq!(error.code().as_str(), "WL-NET-PROTOCOL", "{text:?}: {error:?}");
    }
}

#[test]
fn a_slow_body_ends_at_the_limit_of_time() {
    let server = Server::plain(|_, stream| {
        let mut going = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while going.is_ok() {
            thread::sleep(Duration::from_millis(50));
            going = stream.write_all(b"x");
        }
    });
    let start = Instant::now();
    let error = hasty().get(&server.url("/")).send().unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn silence_ends_at_the_limit_of_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let error = hasty().get(&url).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-TIMEOUT", "{error:?}");
}

#[test]
fn a_waiting_call_stops_when_the_user_wants() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let wanted = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&wanted);
    let settings = Settings {
        stop: Stop::when(move || asked.load(Ordering::Relaxed)),
        ..Settings::default()
    };
    let client = Client::new(settings);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        wanted.store(true, Ordering::Relaxed);
    });
    let start = Instant::now();
    let error = client.get(&url).send().unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn nobody_there_is_said() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = Url::parse(&format!("http://127.0.0.1:{port}/secret-path")).unwrap();
    let error = client().get(&url).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-CONNECT", "{error:?}");
    assert!(!error.to_string().contains("secret-path"));
    let unknown = Url::parse("https://no-such-host.invalid/").unwrap();
    let error = client().get(&unknown).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-NAME", "{error:?}");
}

#[test]
fn a_redirect_within_the_service_is_followed() {
    let server = Server::plain(|request, stream| {
        let answer: &[u8] = if request.starts_with("GET /old") {
            b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"
        };
        stream.write_all(answer).unwrap();
    });
    let answer = client().get(&server.url("/old")).send().unwrap();
    assert_eq!(answer.body, b"new");
}

#[test]
fn every_other_redirect_is_refused_and_not_called() {
    let elsewhere = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let place = format!("http://127.0.0.1:{}/x", elsewhere.port);
    let here = "http://localhost.example/x";
    for (to, told) in [
        (place.as_str(), format!("http://127.0.0.1:{}", elsewhere.port)),
        (here, "http://localhost.example".to_owned()),
        ("https://user:secret@example.org/", "https://user".to_owned()),
        ("ftp://example.org/", "ftp://example.org/".to_owned()),
        ("", String::new()),
    ] {
        let text = format!("HTTP/1.1 307 Go\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let server = Server::saying(&text);
        let error = client()
            .get(&server.url("/"))
            .bearer(&Secret::new("t"))
            .send()
            .unwrap_err();
        assert_eq!(error.code().as_str(), "WL-NET-REDIRECT", "{to}: {error:?}");
        assert!(error.to_string().contains(&told), "{error}");
    }
    assert!(elsewhere.heard().is_empty());
}

#[test]
fn a_post_is_never_sent_on_and_a_circle_ends() {
    let server = Server::saying("HTTP/1.1 307 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    let error = client()
        .post(&server.url("/"), "text/plain", "x")
        .send()
        .unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-REDIRECT");
    assert_eq!(server.heard().len(), 1);
    let error = client().get(&server.url("/")).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-REDIRECT");
    assert_eq!(server.heard().len(), 6);
}

#[test]
fn a_secret_does_not_travel_in_the_open() {
    let url = Url::parse("http://vault.example:8200/v1").unwrap();
    let token = Secret::new("hunter2");
    let client = client();
    for call in [
        client.get(&url).bearer(&token),
        client.get(&url).secret_header("X-Vault-Token", "", &token),
        client.post(&url, "text/plain", "hunter2").confidential(),
    ] {
        assert!(!format!("{call:?}").contains("hunter2"));
        let error = call.send().unwrap_err();
        assert!(matches!(error, Error::PlainSecret { .. }), "{error:?}");
    }
}

#[test]
fn a_token_cannot_add_headers() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let token = Secret::new("hunter2\r\nX-Evil: 1");
    let error = client().get(&server.url("/")).bearer(&token).send().unwrap_err();
    assert!(matches!(error, Error::Header { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(server.heard().is_empty());
}

#[test]
fn the_seeds_of_the_fuzz_target_are_read_as_before() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/service_url");
    let seeds = std::fs::read_dir(folder).unwrap();
    let texts = seeds.map(|seed| std::fs::read_to_string(seed.unwrap().path()).unwrap());
    let (read, refused): (Vec<_>, Vec<_>) =
        texts.partition(|text| Url::parse(text.lines().next().unwrap_or_default()).is_ok());
    assert!(read.len() >= 4 && refused.len() >= 2, "{read:?} {refused:?}");
}

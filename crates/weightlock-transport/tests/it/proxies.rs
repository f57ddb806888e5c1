//! Calls through a proxy, and around it.

use weightlock_transport::{
    Url,
    http::{Client, Proxies, Settings},
};

use crate::server::Server;

fn client(proxy: &Server, never: &str) -> Client {
    let address = format!("http://user:hunter2@127.0.0.1:{}", proxy.port);
    let settings = Settings {
        proxies: Proxies::from_variables(&address, &address, never).unwrap(),
        ..Settings::default()
    };
    Client::new(settings)
}

#[test]
fn an_encrypted_call_asks_the_proxy_for_a_tunnel() {
    let proxy = Server::plain(|_, stream| {
        drop(stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    });
    let url = Url::parse("https://vault.example:8200/v1/secret-path").unwrap();
    let error = client(&proxy, "").get(&url).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-CONNECT", "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let heard = &proxy.heard()[0];
    assert!(
        heard.starts_with("CONNECT vault.example:8200 HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(!heard.contains("secret-path"), "{heard}");
    assert!(
        heard.to_ascii_lowercase().contains("proxy-authorization: basic "),
        "{heard}"
    );
}

#[test]
fn hosts_that_are_spared_are_called_directly() {
    let proxy = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserver");
    let answer = client(&proxy, "").get(&server.url("/")).send().unwrap();
    assert_eq!(answer.body, b"server", "this machine is never behind a proxy");
    let spared = Url::parse("http://no-such-host.invalid/").unwrap();
    let error = client(&proxy, "invalid").get(&spared).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-NAME", "{error:?}");
    assert!(proxy.heard().is_empty());
}

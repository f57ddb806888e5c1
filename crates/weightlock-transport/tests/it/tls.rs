//! TLS with a private authority: who is believed and who is not.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use weightlock_transport::{
    Error, Url,
    http::{Client, Roots, Settings},
};

use crate::server::Server;

/// A private authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server with a certificate for `name`.
    fn server(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> Server {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Server::tls(Arc::new(config), |_, stream| {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        })
    }
}

fn call(server: &Server, roots: Roots) -> Result<Vec<u8>, Error> {
    let settings = Settings {
        roots,
        ..Settings::default()
    };
    let url = Url::parse(&format!("https://localhost:{}/", server.port)).unwrap();
    let answer = Client::new(settings).get(&url).send()?;
    Ok(answer.body)
}

#[test]
fn a_server_of_a_named_authority_is_believed() {
    let authority = Authority::new();
    let server = authority.server("localhost", |_| ());
    let roots = Roots::default().and_pem(authority.pem().as_bytes()).unwrap();
    assert_eq!(call(&server, roots).unwrap(), b"ok");
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn others_are_not_believed_and_hear_nothing() {
    let authority = Authority::new();
    let roots = Roots::default().and_pem(authority.pem().as_bytes()).unwrap();
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let future = |params: &mut CertificateParams| params.not_before = date_time_ymd(2100, 1, 1);
    for (case, server, roots) in [
        (
            "unknown authority",
            authority.server("localhost", |_| ()),
            Roots::default(),
        ),
        (
            "another authority",
            Authority::new().server("localhost", |_| ()),
            roots.clone(),
        ),
        (
            "another name",
            authority.server("elsewhere.example", |_| ()),
            roots.clone(),
        ),
        ("expired", authority.server("localhost", expired), roots.clone()),
        ("not yet valid", authority.server("localhost", future), roots),
    ] {
        let error = call(&server, roots).unwrap_err();
        assert_eq!(error.code().as_str(), "WL-NET-TLS", "{case}: {error:?}");
        assert!(server.heard().is_empty(), "{case}");
    }
}

#[test]
fn what_speaks_no_tls_is_said_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        stream.read_to_end(&mut Vec::new())
    });
    let error = Client::new(Settings::default()).get(&url).send().unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-PROTOCOL", "{error:?}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

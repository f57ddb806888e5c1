//! Identity tokens: logging in, and what jobs find around them. The issuer implements the protocols.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use weightlock_peers::sigstore::{Account, JOB_SECRET, Lie, Service, Sigstore, Trouble};
use weightlock_signing::{
    certificate::UnixTime,
    key::SystemRandom,
    sigstore::oidc::{Application, OidcError, Provider, Token, ambient::Surroundings, browser, device},
};
use weightlock_transport::{
    Secret, Url,
    http::{Client, Settings, Stop},
};

fn now() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixTime(now.unwrap().as_secs())
}

fn provider(sigstore: &Sigstore, client: &Client) -> Result<Provider, OidcError> {
    Provider::discover(client, &Url::parse(sigstore.issuer()).unwrap())
}

/// A browser: opens the page, and goes where it is sent.
fn browse(mut address: String) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for _ in 0..3 {
            let rest = address.strip_prefix("http://").unwrap();
            let (host, path) = rest.split_once('/').unwrap();
            let host = host.replace("localhost", "127.0.0.1");
            let mut stream = TcpStream::connect(host).unwrap();
            write!(stream, "GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            match answer.lines().find_map(|line| line.strip_prefix("Location: ")) {
                Some(next) => address = next.to_owned(),
                None => return,
            }
        }
        panic!("the browser is sent around");
    })
}

fn logged_in(sigstore: &Sigstore) -> Result<Token, OidcError> {
    let client = Client::new(Settings::default());
    let provider = provider(sigstore, &client)?;
    let application = Application::default();
    browser::token(
        &client,
        &provider,
        &application,
        &mut SystemRandom,
        &now,
        &mut |url| {
            browse(url.as_str().to_owned());
        },
    )
}

fn on_device(sigstore: &Sigstore, approves: bool) -> Result<Token, OidcError> {
    let client = Client::new(Settings::default());
    let provider = provider(sigstore, &client)?;
    let application = Application {
        id: "sigstore".to_owned(),
        secret: Some(Secret::new("a secret: with / signs")),
    };
    device::token(
        &client,
        &provider,
        &application,
        &mut SystemRandom,
        &now,
        &mut |told| {
            if approves {
                browse(told.complete.clone().unwrap()).join().unwrap();
            }
        },
    )
}

#[test]
fn a_person_logs_in_with_a_browser_or_another_device() {
    let sigstore = Sigstore::start();
    sigstore.sign_in(Account::email("ada@example.com"));
    for token in [logged_in(&sigstore), on_device(&sigstore, true)] {
        let token = token.unwrap();
        assert_eq!(token.names()[0], "ada@example.com");
        assert_eq!(token.issuer(), sigstore.issuer());
    }
}

#[test]
fn an_issuer_that_lies_gives_no_token() {
    let sigstore = Sigstore::start();
    for (lie, code) in [
        (Lie::TokenOfAnotherLogin, "WL-OIDC-OTHER-LOGIN"),
        (Lie::OtherState, "WL-OIDC-OTHER-LOGIN"),
        (Lie::OtherAudience, "WL-OIDC-AUDIENCE"),
        (Lie::ExpiredToken, "WL-OIDC-EXPIRED"),
        (Lie::OtherDiscovery, "WL-OIDC-DISCOVERY"),
    ] {
        sigstore.lie(Some(lie));
        assert_eq!(logged_in(&sigstore).unwrap_err().code().as_str(), code, "{lie:?}");
        if lie != Lie::OtherState {
            assert_eq!(
                on_device(&sigstore, true).unwrap_err().code().as_str(),
                code,
                "{lie:?}"
            );
        }
    }
    sigstore.lie(None);
    let other = Account::email("ada@example.com").with("iss", "https://issuer.example.org".into());
    sigstore.sign_in(other);
    assert_eq!(
        logged_in(&sigstore).unwrap_err().code().as_str(),
        "WL-OIDC-OTHER-LOGIN"
    );
    sigstore.trouble(Service::Issuer, Some(Trouble::Page));
    assert_eq!(
        logged_in(&sigstore).unwrap_err().code().as_str(),
        "WL-OIDC-DISCOVERY"
    );
}

/// Somebody on this machine calls the waiting port with a code of their own.
#[test]
fn a_code_that_was_not_asked_for_is_refused() {
    let sigstore = Sigstore::start();
    let client = Client::new(Settings::default());
    let provider = provider(&sigstore, &client).unwrap();
    let application = Application::default();
    let found = browser::token(
        &client,
        &provider,
        &application,
        &mut SystemRandom,
        &now,
        &mut |url| {
            let page = url.as_str();
            let redirect = page
                .split("redirect_uri=")
                .nth(1)
                .unwrap()
                .split('&')
                .next()
                .unwrap();
            let redirect = redirect.replace("%3A", ":").replace("%2F", "/");
            browse(format!("{redirect}?code=mallorys&state=guessed"));
        },
    );
    assert_eq!(found.unwrap_err().code().as_str(), "WL-OIDC-OTHER-LOGIN");
    assert_eq!(sigstore.requests(Service::Issuer), 1, "the code was exchanged");
}

#[test]
fn waiting_for_a_person_can_be_stopped() {
    let sigstore = Sigstore::start();
    let started = std::time::Instant::now();
    let client = Client::new(Settings {
        stop: Stop::when(move || started.elapsed() > Duration::from_millis(700)),
        ..Settings::default()
    });
    let provider = provider(&sigstore, &client).unwrap();
    let application = Application::default();
    let one = browser::token(
        &client,
        &provider,
        &application,
        &mut SystemRandom,
        &now,
        &mut |_| {},
    );
    assert_eq!(one.unwrap_err().to_string(), "interrupted");
    let two = device::token(
        &client,
        &provider,
        &application,
        &mut SystemRandom,
        &now,
        &mut |_| {},
    );
    assert_eq!(two.unwrap_err().to_string(), "interrupted");
}

#[test]
fn jobs_get_the_token_of_their_surroundings() {
    let sigstore = Sigstore::start();
    let job = Account::github("acme/model", "release.yml", "refs/heads/main", "push");
    sigstore.sign_in(job.clone());
    let client = Client::new(Settings::default());
    let github = Surroundings {
        github: true,
        github_url: Some(format!("{}/job?api-version=2.0", sigstore.issuer())),
        github_token: Some(Secret::new(JOB_SECRET)),
        ..Surroundings::default()
    };
    let google = Surroundings {
        google: Some(sigstore.issuer().replace("http://", "")),
        ..Surroundings::default()
    };
    let given = Surroundings {
        token: Some(Secret::new(sigstore.token(&job))),
        ..Surroundings::default()
    };
    for surroundings in [&github, &google, &given] {
        assert!(surroundings.offer_something());
        let token = surroundings.token(&client, "sigstore", now()).unwrap();
        assert_eq!(token.names()[0], job.identity());
    }
    let other = Surroundings {
        github_token: Some(Secret::new("another")),
        ..github.clone()
    };
    assert_eq!(
        other
            .token(&client, "sigstore", now())
            .unwrap_err()
            .code()
            .as_str(),
        "WL-NET-STATUS"
    );
    for (surroundings, code) in [
        (
            Surroundings {
                github_url: None,
                ..github.clone()
            },
            "WL-OIDC-NOT-ALLOWED",
        ),
        (
            Surroundings {
                github_token: None,
                ..github
            },
            "WL-OIDC-NOT-ALLOWED",
        ),
        (
            Surroundings {
                gitlab: true,
                ..Surroundings::default()
            },
            "WL-OIDC-NOT-ALLOWED",
        ),
        (Surroundings::default(), "WL-OIDC-NOTHING-AMBIENT"),
    ] {
        let found = surroundings.token(&client, "sigstore", now());
        assert_eq!(found.unwrap_err().code().as_str(), code);
    }
}

//! Updates of trust roots, against repositories that the reference implementation of TUF made.

use std::{fs, time::Duration};

use weightlock_peers::{
    tuf::{Mirror, Repositories},
    vault::Trouble,
};
use weightlock_signing::{
    certificate::UnixTime,
    sigstore::{
        Instance, TrustRoot,
        tuf::{Repository, Seen, TufError, Updated, update},
    },
};
use weightlock_transport::{
    Url,
    http::{Client, Settings},
};

const CONFIG: &[u8] = br#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#;

fn repositories() -> Option<Repositories> {
    let root = TrustRoot::embedded(Instance::Staging).unwrap();
    Repositories::make(root.to_json(), CONFIG)
}

fn now() -> UnixTime {
    UnixTime(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs())
}

fn from(made: &Repositories, mirror: &Mirror, seen: Seen, now: UnixTime) -> Result<Updated, TufError> {
    let client = Client::new(Settings {
        whole: Duration::from_secs(5),
        ..Settings::default()
    });
    let keys = fs::read(made.file("root.json")).unwrap();
    update(
        &Repository::new(&keys, Url::parse(&mirror.url()).unwrap()),
        &client,
        seen,
        now,
    )
}

fn refused(made: &Repositories, name: &str, seen: Seen) -> &'static str {
    from(made, &made.serve(name), seen, now())
        .unwrap_err()
        .code()
        .as_str()
}

#[test]
fn a_trust_root_is_fetched_with_its_signing_configuration() {
    let Some(made) = repositories() else { return };
    let mirror = made.serve("good");
    let updated = from(&made, &mirror, Seen::default(), now()).unwrap();
    let expected = TrustRoot::embedded(Instance::Staging).unwrap();
    assert_eq!(updated.root.to_json(), expected.to_json());
    assert_eq!(updated.root.signing_config(), Some(CONFIG));
    assert_eq!(updated.version, 1);
    let days = (updated.expires.0 - now().0) / 86_400;
    assert!((29..=30).contains(&days), "{days}");
    let again = from(&made, &mirror, updated.seen.clone(), now()).unwrap();
    assert_eq!(again.seen, updated.seen);
    let plain = from(&made, &made.serve("plain"), Seen::default(), now()).unwrap();
    assert_eq!(plain.root.signing_config(), None);
}

#[test]
fn keys_are_rotated_and_nobody_goes_back() {
    let Some(made) = repositories() else { return };
    let first = from(&made, &made.serve("good"), Seen::default(), now()).unwrap();
    let second = from(&made, &made.serve("newer"), first.seen, now()).unwrap();
    assert_eq!(second.version, 2);
    let kept = Seen::from_json(&second.seen.to_json()).unwrap();
    // The older mirror has no second root of keys, so what it offers is signed by keys that no longer count.
    assert_eq!(refused(&made, "good", kept.clone()), "WL-TUF-SIGNATURE");
    assert!(from(&made, &made.serve("newer"), kept, now()).is_ok());
}

#[test]
fn an_older_state_by_the_same_keys_is_a_rollback() {
    let Some(made) = repositories() else { return };
    let second = from(&made, &made.serve("newer"), Seen::default(), now()).unwrap();
    let mirror = made.serve("older");
    let error = from(&made, &mirror, second.seen.clone(), now()).unwrap_err();
    assert_eq!(error.code().as_str(), "WL-TUF-ROLLBACK", "{error}");
    assert!(
        from(&made, &mirror, Seen::default(), now()).is_ok(),
        "only memory tells"
    );
}

#[test]
fn what_is_not_rightly_published_is_refused_by_its_rule() {
    let Some(made) = repositories() else { return };
    for (name, code) in [
        ("expired", "WL-TUF-EXPIRED"),
        ("forged", "WL-TUF-SIGNATURE"),
        ("usurped", "WL-TUF-SIGNATURE"),
        ("changed", "WL-TUF-INTEGRITY"),
        ("large", "WL-TUF-INTEGRITY"),
        ("empty", "WL-TUF-MISSING"),
        ("useless", "WL-ROOT-MEDIA-TYPE"),
    ] {
        assert_eq!(refused(&made, name, Seen::default()), code, "{name}");
    }
    let far = UnixTime(now().0 + 40 * 86_400);
    let error = from(&made, &made.serve("good"), Seen::default(), far).unwrap_err();
    assert_eq!(error.code().as_str(), "WL-TUF-EXPIRED");
    let strange = fs::read(made.file("other-root.json")).unwrap();
    let mirror = made.serve("good");
    let repository = Repository::new(&strange, Url::parse(&mirror.url()).unwrap());
    let client = Client::new(Settings::default());
    let error = update(&repository, &client, Seen::default(), now()).unwrap_err();
    assert_eq!(error.code().as_str(), "WL-TUF-SIGNATURE");
    for nonsense in [&b""[..], b"{}", CONFIG] {
        let repository = Repository::new(nonsense, Url::parse(&mirror.url()).unwrap());
        let error = update(&repository, &client, Seen::default(), now()).unwrap_err();
        assert_eq!(error.code().as_str(), "WL-TUF-MALFORMED", "{error}");
    }
}

#[test]
fn a_mirror_in_trouble_gives_nothing() {
    let Some(made) = repositories() else { return };
    let mirror = made.serve("good");
    for (trouble, code) in [
        (Trouble::Fails, "WL-NET-STATUS"),
        (Trouble::Slow(Duration::from_secs(20)), "WL-NET-TIMEOUT"),
        (Trouble::Huge(64 << 20), "WL-NET-TOO-LARGE"),
        (Trouble::CutOff(10), "WL-NET-PROTOCOL"),
        (
            Trouble::Redirects("http://127.0.0.1:1/".to_owned()),
            "WL-NET-REDIRECT",
        ),
    ] {
        mirror.trouble(Some(trouble.clone()));
        let error = from(&made, &mirror, Seen::default(), now()).unwrap_err();
        assert_eq!(error.code().as_str(), code, "{trouble:?}: {error}");
    }
    let elsewhere = "http://127.0.0.1:1/";
    let keys = fs::read(made.file("root.json")).unwrap();
    let repository = Repository::new(&keys, Url::parse(elsewhere).unwrap());
    let error = update(
        &repository,
        &Client::new(Settings::default()),
        Seen::default(),
        now(),
    )
    .unwrap_err();
    assert_eq!(error.code().as_str(), "WL-NET-CONNECT");
}

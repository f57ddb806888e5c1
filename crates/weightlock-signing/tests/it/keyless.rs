//! Signing keyless against services that implement the real protocols, honest and lying.

use weightlock_peers::sigstore::{Account, Lie, Rekor, Service, Sigstore, Trouble};
use weightlock_signing::{
    bundle::Bundle,
    certificate::UnixTime,
    identity::Required,
    key::SystemRandom,
    sigstore::{
        Artifact, TrustRoot, Whom,
        oidc::Token,
        sign::{KeylessError, Services, Session, Signable, Signed, SigningConfig},
    },
};
use weightlock_transport::{
    Secret,
    http::{Client, Settings},
};

const MESSAGE: &[u8] = b"weights";
const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}],"predicateType":"https://example.com/p","predicate":{}}"#;

fn now() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixTime(now.unwrap().as_secs())
}

fn client() -> Client {
    Client::new(Settings {
        whole: std::time::Duration::from_secs(3),
        ..Settings::default()
    })
}

/// Signs as `account`; the token comes from elsewhere.
fn sign(
    sigstore: &Sigstore,
    rekor: Rekor,
    account: &Account,
    signable: Signable<'_>,
) -> Result<Signed, KeylessError> {
    let root = TrustRoot::from_json(sigstore.trusted_root().as_bytes()).unwrap();
    let config = SigningConfig::parse(sigstore.signing_config(rekor).as_bytes()).unwrap();
    let plan = config.plan(now())?;
    let client = client();
    let services = Services {
        client: &client,
        plan: &plan,
        root: &root,
    };
    let token = Token::parse(&Secret::new(sigstore.token(account)), "sigstore", now())?;
    let session = Session::open(services, &token, None, &mut SystemRandom)?;
    session.sign(signable, now(), &mut SystemRandom)
}

fn accounts() -> [Account; 5] {
    [
        Account::email("signer@example.com"),
        Account::github("acme/model", "release.yml", "refs/tags/v1", "push"),
        Account::gitlab("acme/model", "refs/heads/main", "push"),
        Account::kubernetes("builds", "signer"),
        Account::subject("https://example.com/robots/7"),
    ]
}

#[test]
fn every_kind_of_signature_verifies_for_whom_it_names() {
    let sigstore = Sigstore::start();
    let root = TrustRoot::from_json(sigstore.trusted_root().as_bytes()).unwrap();
    for rekor in [Rekor::First, Rekor::Second, Rekor::Both] {
        for account in accounts() {
            for signable in [Signable::bytes(MESSAGE), Signable::Statement(STATEMENT)] {
                let signed = sign(&sigstore, rekor, &account, signable).unwrap();
                assert!(signed.proven.logged());
                let identity = signed.proven.identity().unwrap();
                assert_eq!(identity.name().as_str(), account.identity());
                assert_eq!(identity.issuer(), sigstore.issuer());
                let bundle = Bundle::parse(&signed.bundle).unwrap();
                let artifact = |bytes| match signable {
                    Signable::Statement(_) => Artifact::Bytes(b"test"),
                    _ => Artifact::Bytes(bytes),
                };
                let whom = Required::exactly(account.identity(), sigstore.issuer());
                root.verify(&bundle, artifact(MESSAGE), Whom::Identity(&whom))
                    .unwrap();
                let other = Required::exactly("mallory@example.com", sigstore.issuer());
                root.verify(&bundle, artifact(MESSAGE), Whom::Identity(&other))
                    .unwrap_err();
                if matches!(signable, Signable::Sha256(_)) {
                    root.verify(&bundle, artifact(b"other"), Whom::Identity(&whom))
                        .unwrap_err();
                }
            }
        }
    }
}

/// What is wrong with an answer, and the code that tells.
const LIES: &[(Rekor, Lie, &str)] = &[
    (Rekor::First, Lie::NoSct, "WL-CA-ANSWER"),
    (Rekor::First, Lie::SctOfAnotherLog, "WL-CERT-SCT"),
    (Rekor::First, Lie::SctOfAnotherCertificate, "WL-CERT-SCT"),
    (Rekor::First, Lie::OtherIdentity, "WL-CA-OTHER-IDENTITY"),
    (Rekor::First, Lie::OtherIssuer, "WL-CA-OTHER-IDENTITY"),
    (Rekor::First, Lie::OtherKey, "WL-CA-OTHER-KEY"),
    (Rekor::First, Lie::OtherAuthority, "WL-CERT-CHAIN"),
    (Rekor::First, Lie::ExpiredCertificate, "WL-CA-ENDED"),
    (Rekor::First, Lie::OtherPurpose, "WL-CERT-CHAIN"),
    (Rekor::First, Lie::ProofOfAnotherTree, "WL-LOG-PROOF"),
    (Rekor::First, Lie::ProofOfAnotherEntry, "WL-LOG-PROOF"),
    (Rekor::First, Lie::NoProof, "WL-LOG-ANSWER"),
    (Rekor::First, Lie::CheckpointOfAnotherLog, "WL-LOG-CHECKPOINT"),
    (Rekor::First, Lie::OldCheckpoint, "WL-LOG-CHECKPOINT"),
    (Rekor::First, Lie::EntryOfAnotherSignature, "WL-LOG-OTHER-ENTRY"),
    (Rekor::First, Lie::SetOfAnotherEntry, "WL-LOG-PROMISE"),
    (Rekor::First, Lie::NoSet, "WL-LOG-ANSWER"),
    (Rekor::First, Lie::LateEntry, "WL-LOG-TIME"),
    (Rekor::Second, Lie::ProofOfAnotherTree, "WL-LOG-PROOF"),
    (Rekor::Second, Lie::ProofOfAnotherEntry, "WL-LOG-PROOF"),
    (Rekor::Second, Lie::NoProof, "WL-LOG-ANSWER"),
    (Rekor::Second, Lie::CheckpointOfAnotherLog, "WL-LOG-CHECKPOINT"),
    (Rekor::Second, Lie::OldCheckpoint, "WL-LOG-PROOF"),
    (Rekor::Second, Lie::EntryOfAnotherSignature, "WL-LOG-OTHER-ENTRY"),
    (Rekor::Second, Lie::TimestampOfOtherBytes, "WL-TIME-ANSWER"),
    (Rekor::Second, Lie::OtherNonce, "WL-TIME-ANSWER"),
    (Rekor::Second, Lie::LateTimestamp, "WL-CERT-SIGNED-OUTSIDE"),
    (Rekor::Second, Lie::TimestampOfAnotherAuthority, "WL-TIME-INVALID"),
    (Rekor::Second, Lie::TimestampRejected, "WL-TIME-ANSWER"),
    (Rekor::First, Lie::TimestampOfOtherBytes, "WL-TIME-ANSWER"),
    (Rekor::First, Lie::TimestampOfAnotherAuthority, "WL-TIME-INVALID"),
    (Rekor::First, Lie::OtherAudience, "WL-OIDC-AUDIENCE"),
    (Rekor::First, Lie::ExpiredToken, "WL-OIDC-EXPIRED"),
];

#[test]
fn a_lying_service_gives_a_refusal_and_no_bundle() {
    let sigstore = Sigstore::start();
    let account = Account::email("signer@example.com");
    for all in [
        Lie::CERTIFICATES.as_slice(),
        &Lie::ENTRIES,
        &Lie::PROMISES,
        &Lie::TIMESTAMPS,
    ] {
        for lie in all {
            assert!(
                LIES.iter().any(|(_, known, _)| known == lie),
                "{lie:?} is not asked"
            );
        }
    }
    let mut wrong = Vec::new();
    for (rekor, lie, code) in LIES {
        for signable in [Signable::bytes(MESSAGE), Signable::Statement(STATEMENT)] {
            sigstore.lie(Some(*lie));
            let found = sign(&sigstore, *rekor, &account, signable);
            let found = found.map_or_else(|error| error.code().as_str(), |_| "no refusal");
            if found != *code {
                wrong.push(format!("{rekor:?} {lie:?}: {found} and not {code}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    sigstore.lie(None);
    sign(&sigstore, Rekor::Both, &account, Signable::bytes(MESSAGE)).unwrap();
}

#[test]
fn a_broken_service_gives_a_refusal_and_no_bundle() {
    let sigstore = Sigstore::start();
    let account = Account::email("signer@example.com");
    let far = Trouble::Redirects("https://example.org/".to_owned());
    for (service, answer) in [
        (Service::Fulcio, "WL-CA-ANSWER"),
        (Service::RekorFirst, "WL-LOG-ANSWER"),
        (Service::Timestamps, "WL-TIME-ANSWER"),
    ] {
        for (trouble, code) in [
            (Trouble::Fails, "WL-NET-STATUS"),
            (Trouble::Slow(std::time::Duration::from_secs(4)), "WL-NET-TIMEOUT"),
            (Trouble::Huge(8 << 20), "WL-NET-TOO-LARGE"),
            (Trouble::CutOff(40), "WL-NET-PROTOCOL"),
            (far.clone(), "WL-NET-REDIRECT"),
            (Trouble::Page, answer),
        ] {
            sigstore.trouble(service, Some(trouble.clone()));
            let found = sign(&sigstore, Rekor::First, &account, Signable::bytes(MESSAGE));
            let found = found.map_or_else(|error| error.code().as_str(), |_| "no refusal");
            assert_eq!(found, code, "{service:?} {trouble:?}");
        }
        sigstore.trouble(service, None);
    }
    sign(&sigstore, Rekor::First, &account, Signable::bytes(MESSAGE)).unwrap();
}

#[test]
fn nothing_is_logged_for_a_certificate_that_is_not_ours() {
    let sigstore = Sigstore::start();
    let account = Account::email("signer@example.com");
    for lie in [
        Lie::NoSct,
        Lie::OtherIdentity,
        Lie::OtherIssuer,
        Lie::OtherKey,
        Lie::ExpiredCertificate,
    ] {
        sigstore.lie(Some(lie));
        sign(&sigstore, Rekor::First, &account, Signable::bytes(MESSAGE)).unwrap_err();
    }
    assert_eq!(sigstore.requests(Service::RekorFirst), 0);
    assert_eq!(sigstore.requests(Service::Timestamps), 0);
    assert_eq!(sigstore.requests(Service::Fulcio), 5);
}

#[test]
fn an_authority_that_refuses_is_quoted() {
    let sigstore = Sigstore::start();
    let unchecked = Account::email("signer@example.com").with("email_verified", false.into());
    let error = sign(&sigstore, Rekor::First, &unchecked, Signable::bytes(MESSAGE)).unwrap_err();
    assert_eq!(error.code().as_str(), "WL-CA-REFUSED");
    assert!(error.to_string().contains("the token names nobody"), "{error}");
}

#[test]
fn one_session_signs_several_things() {
    let sigstore = Sigstore::start();
    let root = TrustRoot::from_json(sigstore.trusted_root().as_bytes()).unwrap();
    let config = SigningConfig::parse(sigstore.signing_config(Rekor::Both).as_bytes()).unwrap();
    let (plan, client) = (config.plan(now()).unwrap(), client());
    let services = Services {
        client: &client,
        plan: &plan,
        root: &root,
    };
    let account = Account::email("signer@example.com");
    let token = Token::parse(&Secret::new(sigstore.token(&account)), "sigstore", now()).unwrap();
    let session = Session::open(services, &token, Some("signer@example.com"), &mut SystemRandom).unwrap();
    for _ in 0..3 {
        session
            .sign(Signable::bytes(MESSAGE), now(), &mut SystemRandom)
            .unwrap();
    }
    assert_eq!(sigstore.requests(Service::Fulcio), 1);
    let later = UnixTime(now().0 + 700);
    let error = session
        .sign(Signable::bytes(MESSAGE), later, &mut SystemRandom)
        .unwrap_err();
    assert_eq!(error.code().as_str(), "WL-CA-ENDED");
    let other = Session::open(services, &token, Some("mallory@example.com"), &mut SystemRandom);
    assert_eq!(other.unwrap_err().code().as_str(), "WL-CA-OTHER-IDENTITY");
}

/// A statement about nothing is not published.
#[test]
fn what_is_no_statement_is_not_published() {
    let sigstore = Sigstore::start();
    let account = Account::email("signer@example.com");
    for payload in [
        "",
        "{}",
        "{\"subject\":[]}",
        "{\"subject\":[{\"name\":\"m\",\"digest\":{\"sha256\":\"00\"}}]}",
    ] {
        let found = sign(
            &sigstore,
            Rekor::First,
            &account,
            Signable::Statement(payload.as_bytes()),
        );
        assert!(matches!(found, Err(KeylessError::Statement(_))), "{payload}");
    }
    assert_eq!(sigstore.requests(Service::RekorFirst), 0);
}

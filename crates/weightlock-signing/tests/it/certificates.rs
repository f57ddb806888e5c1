//! Certificates: the vectors' chains, chains below RSA, and one hostile chain per rule.

use weightlock_signing::certificate::{
    Certificate, CertificateError, CertificateRefusal, Profile, UnixTime, ValidatedPath, validate,
};

use super::{
    data,
    mint::{self, Mint, NOW, authority, ca, extended_key_usage, extension, key_usage, leaf, name, tlv},
};

type Answer = Result<ValidatedPath, CertificateRefusal>;

fn pki(name: &str) -> Certificate {
    Certificate::from_pem(&data(&format!("pki/{name}.cert.pem"))).unwrap()
}

fn ask(leaf: &str, candidates: &[&str], roots: &[&str], profile: Profile) -> Answer {
    let all = |names: &[&str]| names.iter().map(|name| pki(name)).collect::<Vec<_>>();
    validate(&pki(leaf), &all(candidates), &all(roots), NOW, profile)
}

fn code(answer: Answer) -> &'static str {
    answer.map_or_else(|refusal| refusal.code().as_str(), |_| "ok")
}

/// The certificate cases of the vectors, as far as the chain decides them.
#[test]
fn vectors_have_their_expected_answer() {
    const MIDDLE: &[&str] = &["intermediate-ca"];
    const ROOT: &[&str] = &["root-ca"];
    for (case, leaf, bundle, roots, compat, strict) in [
        ("cert-chain", "leaf", MIDDLE, ROOT, "ok", "ok"),
        (
            "cert-other-root",
            "leaf",
            MIDDLE,
            &["other-ca"],
            "WL-CERT-NO-PATH",
            "WL-CERT-NO-PATH",
        ),
        (
            "cert-no-root",
            "leaf",
            MIDDLE,
            &[],
            "WL-CERT-NO-ROOT",
            "WL-CERT-NO-ROOT",
        ),
        ("cert-p384", "leaf-p384", MIDDLE, ROOT, "ok", "ok"),
        (
            "cert-no-intermediate",
            "leaf",
            &[],
            ROOT,
            "WL-CERT-NO-PATH",
            "WL-CERT-NO-PATH",
        ),
        (
            "cert-intermediate-from-verifier",
            "leaf",
            &[],
            &["intermediate-ca", "root-ca"],
            "ok",
            "ok",
        ),
        (
            "cert-intermediate-as-anchor",
            "leaf",
            &[],
            MIDDLE,
            "WL-CERT-ROOT-NOT-SELF-SIGNED",
            "WL-CERT-ROOT-NOT-SELF-SIGNED",
        ),
        ("cert-eku-only", "leaf-eku-only", MIDDLE, ROOT, "ok", "ok"),
        (
            "cert-no-usage",
            "leaf-no-usage",
            MIDDLE,
            ROOT,
            "WL-CERT-KEY-USAGE",
            "WL-CERT-KEY-USAGE",
        ),
        (
            "cert-encrypt-only",
            "leaf-encrypt-only",
            MIDDLE,
            ROOT,
            "WL-CERT-KEY-USAGE",
            "WL-CERT-KEY-USAGE",
        ),
        (
            "cert-tls-server",
            "leaf-tls-server",
            MIDDLE,
            ROOT,
            "ok",
            "WL-CERT-EXTENDED-KEY-USAGE",
        ),
        (
            "cert-expired",
            "leaf-expired",
            MIDDLE,
            ROOT,
            "WL-CERT-EXPIRED",
            "WL-CERT-EXPIRED",
        ),
        (
            "cert-leaf-predates-ca",
            "leaf-predates-ca",
            MIDDLE,
            ROOT,
            "ok",
            "ok",
        ),
        (
            "cert-self-signed",
            "leaf-self-signed",
            &[],
            &["leaf-self-signed"],
            "ok",
            "ok",
        ),
    ] {
        assert_eq!(code(ask(leaf, bundle, roots, Profile::Compat)), compat, "{case}");
        assert_eq!(code(ask(leaf, bundle, roots, Profile::Strict)), strict, "{case}");
    }
}

#[test]
fn a_root_in_the_bundle_is_not_trusted() {
    let answer = ask(
        "leaf",
        &["intermediate-ca", "root-ca"],
        &["other-ca"],
        Profile::Strict,
    );
    let subject = "CN=Test Root CA,O=Weightlock test vectors".to_owned();
    assert_eq!(answer.unwrap_err(), CertificateRefusal::UntrustedRoot { subject });
    let answer = ask("leaf-self-signed", &[], &["other-ca"], Profile::Strict);
    assert_eq!(code(answer), "WL-CERT-UNTRUSTED-ROOT");
}

#[test]
fn the_path_says_who_signed() {
    let path = ask(
        "leaf",
        &["intermediate-ca", "root-ca"],
        &["root-ca"],
        Profile::Strict,
    )
    .unwrap();
    assert_eq!(path.certificates().len(), 3);
    assert_eq!(path.leaf().subject(), "CN=model signer,O=Weightlock test vectors");
    assert_eq!(path.root(), &pki("root-ca"));
    assert_eq!(
        path.leaf().alternative_names().collect::<Vec<_>>(),
        ["signer@example.com"]
    );
    assert_eq!(path.public_key(), super::private("pki/leaf.key.pem").public_key());
    assert_eq!(path.leaf().not_after().to_string(), "2055-01-01T00:00:00Z");
}

#[test]
fn validity_is_judged_at_the_stated_time_to_the_second() {
    let at = |at: u64| {
        let roots = [pki("root-ca"), pki("intermediate-ca")];
        code(validate(
            &pki("leaf-expired"),
            &[],
            &roots,
            UnixTime(at),
            Profile::Strict,
        ))
    };
    let (from, until) = (
        pki("leaf-expired").not_before().0,
        pki("leaf-expired").not_after().0,
    );
    assert_eq!(at(from - 1), "WL-CERT-NOT-YET-VALID");
    assert_eq!((at(from), at(until)), ("ok", "ok"));
    assert_eq!(at(until + 1), "WL-CERT-EXPIRED");
}

#[test]
fn rsa_authorities_are_checked_and_weak_ones_refused() {
    for (name, expected) in [
        ("pkcs1-sha256", "ok"),
        ("pkcs1-sha384", "ok"),
        ("pkcs1-sha512", "ok"),
        ("pss-sha256", "ok"),
        ("pss-sha512", "ok"),
        ("weak-sha1", "WL-CERT-WEAK-ALGORITHM"),
        ("weak-1024", "WL-CERT-WEAK-ALGORITHM"),
    ] {
        let read = |part: &str| Certificate::from_pem(&data(&format!("rsa/{name}-{part}.pem"))).unwrap();
        let (leaf, root) = (read("leaf"), read("ca"));
        // These were made on the afternoon of NOW.
        let at = UnixTime(NOW.0 + 86_400);
        let answer = validate(&leaf, &[], &[root], at, Profile::Strict);
        assert_eq!(code(answer), expected, "{name}");
        // Any bit of the authority's signature matters.
        let mut forged = leaf.as_der().to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = Certificate::from_der(&forged).unwrap();
        let answer = validate(&forged, &[], &[read("ca")], at, Profile::Strict);
        let forged = if expected == "ok" {
            "WL-CERT-SIGNATURE"
        } else {
            expected
        };
        assert_eq!(code(answer), forged, "{name}");
    }
}

/// Validates leaf, intermediate, root of the mint.
fn chain(leaf: &Mint, middle: &[Mint], root: &Mint) -> Answer {
    let middle: Vec<_> = middle.iter().map(Mint::make).collect();
    validate(&leaf.make(), &middle, &[root.make()], NOW, Profile::Strict)
}

fn usual() -> (Mint, Mint, Mint) {
    (
        leaf("signer", "middle", 3, 2),
        ca("middle", "root", 2, 1),
        ca("root", "root", 1, 1),
    )
}

#[test]
fn each_rule_about_authorities_refuses() {
    let (signer, middle, root) = usual();
    assert_eq!(code(chain(&signer, std::slice::from_ref(&middle), &root)), "ok");
    let purposes = |oid| vec![authority(None), key_usage(0x04), extended_key_usage(&[oid])];
    for (what, changed, expected) in [
        (
            "not an authority",
            middle.clone().instead(vec![key_usage(0x04)]),
            "WL-CERT-NOT-AN-AUTHORITY",
        ),
        (
            "explicitly not an authority",
            middle
                .clone()
                .instead(vec![extension(mint::BASIC_CONSTRAINTS, true, &tlv(0x30, &[]))]),
            "WL-CERT-NOT-AN-AUTHORITY",
        ),
        (
            "key usage",
            middle.clone().instead(vec![authority(None), key_usage(0x80)]),
            "WL-CERT-AUTHORITY-KEY-USAGE",
        ),
        (
            "for web servers",
            middle.clone().instead(purposes(mint::SERVER_AUTH)),
            "WL-CERT-EXTENDED-KEY-USAGE",
        ),
        (
            "for code signing",
            middle.clone().instead(purposes(mint::CODE_SIGNING)),
            "ok",
        ),
        (
            "forged",
            Mint {
                issuer_key: 9,
                ..middle.clone()
            },
            "WL-CERT-SIGNATURE",
        ),
        (
            "expired",
            Mint {
                not_after: "260101000000Z",
                ..middle.clone()
            },
            "WL-CERT-EXPIRED",
        ),
        (
            "from the future",
            Mint {
                not_before: "270101000000Z",
                ..middle.clone()
            },
            "WL-CERT-NOT-YET-VALID",
        ),
        (
            "unknown critical",
            middle
                .clone()
                .with(extension(mint::POLICY_CONSTRAINTS, true, &tlv(0x30, &[]))),
            "WL-CERT-UNKNOWN-CRITICAL",
        ),
        (
            "unknown, not critical",
            middle
                .clone()
                .with(extension(mint::POLICY_CONSTRAINTS, false, &tlv(0x30, &[]))),
            "ok",
        ),
        (
            "another name",
            Mint {
                subject: name("Middle"),
                ..middle.clone()
            },
            "WL-CERT-NO-PATH",
        ),
    ] {
        assert_eq!(code(chain(&signer, &[changed], &root)), expected, "{what}");
    }
    let expired = Mint {
        not_after: "260101000000Z",
        ..root.clone()
    };
    assert_eq!(
        code(chain(&signer, std::slice::from_ref(&middle), &expired)),
        "WL-CERT-EXPIRED"
    );
    let impostor = Mint {
        issuer_key: 2,
        ..root
    };
    assert_eq!(code(chain(&signer, &[middle], &impostor)), "WL-CERT-SIGNATURE");
}

#[test]
fn a_leaf_cannot_vouch_for_another() {
    let (signer, middle, root) = usual();
    let second = leaf("second", "signer", 4, 3);
    assert_eq!(
        code(chain(&second, &[signer, middle], &root)),
        "WL-CERT-NOT-AN-AUTHORITY"
    );
}

#[test]
fn each_rule_about_the_leaf_refuses() {
    let (signer, middle, root) = usual();
    let critical = extension(mint::POLICY_CONSTRAINTS, true, &tlv(0x30, &[]));
    for (what, changed, expected) in [
        (
            "encryption only",
            signer.clone().instead(vec![key_usage(0x20)]),
            "WL-CERT-KEY-USAGE",
        ),
        (
            "code signing, but the key may not sign",
            signer
                .clone()
                .instead(vec![key_usage(0x20), extended_key_usage(&[mint::CODE_SIGNING])]),
            "WL-CERT-KEY-USAGE",
        ),
        ("no usage", signer.clone().instead(vec![]), "WL-CERT-KEY-USAGE"),
        (
            "an authority",
            signer.clone().with(authority(None)),
            "WL-CERT-LEAF-IS-AUTHORITY",
        ),
        (
            "web server",
            signer.clone().with(extended_key_usage(&[mint::SERVER_AUTH])),
            "WL-CERT-EXTENDED-KEY-USAGE",
        ),
        (
            "web server and code",
            signer
                .clone()
                .with(extended_key_usage(&[mint::SERVER_AUTH, mint::CODE_SIGNING])),
            "ok",
        ),
        (
            "unknown critical",
            signer.clone().with(critical),
            "WL-CERT-UNKNOWN-CRITICAL",
        ),
        (
            "forged",
            Mint {
                issuer_key: 9,
                ..signer.clone()
            },
            "WL-CERT-SIGNATURE",
        ),
    ] {
        assert_eq!(
            code(chain(&changed, std::slice::from_ref(&middle), &root)),
            expected,
            "{what}"
        );
    }
}

#[test]
fn path_length_counts_authorities_between() {
    let (_, middle, _) = usual();
    let root = |limit| ca("root", "root", 1, 1).instead(vec![authority(Some(limit)), key_usage(0x04)]);
    let lower = ca("lower", "middle", 4, 2);
    let signer = leaf("signer", "lower", 3, 4);
    let answer = |limit| code(chain(&signer, &[middle.clone(), lower.clone()], &root(limit)));
    assert_eq!((answer(1), answer(2)), ("WL-CERT-PATH-LENGTH", "ok"));
    // An authority's own successor, issued to itself, does not count.
    let successor = ca("middle", "middle", 5, 2);
    let signer = leaf("signer", "middle", 3, 5);
    assert_eq!(code(chain(&signer, &[middle, successor], &root(1))), "ok");
}

#[test]
fn key_identifiers_must_agree_where_both_are_given() {
    let (signer, middle, root) = usual();
    let wanted = extension(
        mint::AUTHORITY_KEY_ID,
        false,
        &tlv(0x30, &[&tlv(0x80, &[b"one"])]),
    );
    let has = |id: &[u8]| extension(mint::SUBJECT_KEY_ID, false, &tlv(0x04, &[id]));
    let signer = signer.with(wanted);
    assert_eq!(
        code(chain(&signer, &[middle.clone().with(has(b"one"))], &root)),
        "ok"
    );
    assert_eq!(code(chain(&signer, std::slice::from_ref(&middle), &root)), "ok");
    assert_eq!(
        code(chain(&signer, &[middle.with(has(b"two"))], &root)),
        "WL-CERT-KEY-IDENTIFIER"
    );
}

#[test]
fn another_way_to_the_root_is_found() {
    let (signer, middle, root) = usual();
    let dead_ends = [
        Mint {
            not_after: "260101000000Z",
            serial: 20,
            ..middle.clone()
        },
        Mint {
            issuer: name("elsewhere"),
            serial: 21,
            ..middle.clone()
        },
        Mint {
            key: 9,
            ..middle.clone()
        },
    ];
    for order in 0..4 {
        let mut all = dead_ends.to_vec();
        all.insert(order, middle.clone());
        assert_eq!(code(chain(&signer, &all, &root)), "ok", "{order}");
    }
}

#[test]
fn long_chains_and_mazes_end() {
    let root = ca("root", "root", 1, 1);
    let names = ["root", "a", "b", "c", "d", "e", "f", "g"];
    let links = |count: usize| {
        (1..=count)
            .map(|i| ca(names[i], names[i - 1], 1 + i as u8, i as u8))
            .collect::<Vec<_>>()
    };
    let signer = |count: usize| leaf("signer", names[count], 99, 1 + count as u8);
    assert_eq!(code(chain(&signer(6), &links(6), &root)), "ok");
    assert_eq!(code(chain(&signer(7), &links(7), &root)), "WL-CERT-TOO-DEEP");
    // Many authorities of one name and key: every path must be tried.
    let maze: Vec<_> = (0..60)
        .map(|i| Mint {
            serial: i,
            ..ca("maze", "maze", 2, 2)
        })
        .collect();
    let signer = leaf("signer", "maze", 3, 2);
    assert_eq!(code(chain(&signer, &maze, &root)), "WL-CERT-SEARCH-LIMIT");
    let too_many: Vec<_> = (0..65)
        .map(|i| Mint {
            serial: i,
            ..ca("x", "x", 2, 2)
        })
        .collect();
    assert_eq!(code(chain(&signer, &too_many, &root)), "WL-CERT-SEARCH-LIMIT");
}

/// A GeneralName of the given context tag, 1 e-mail, 2 host, 6 URI.
fn general(tag: u8, text: &str) -> Vec<u8> {
    tlv(0x80 | tag, &[text.as_bytes()])
}

fn limited(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let trees = |tag, names: &[Vec<u8>]| {
        let trees: Vec<_> = names.iter().map(|name| tlv(0x30, &[name])).collect();
        let trees: Vec<&[u8]> = trees.iter().map(Vec::as_slice).collect();
        if trees.is_empty() {
            vec![]
        } else {
            tlv(tag, &trees)
        }
    };
    let value = tlv(0x30, &[&trees(0xa0, permitted), &trees(0xa1, excluded)]);
    extension(mint::NAME_CONSTRAINTS, true, &value)
}

#[test]
fn name_constraints_bind_everything_below() {
    let (signer, middle, root) = usual();
    let named = |names: &[Vec<u8>]| {
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        signer
            .clone()
            .with(extension(mint::SUBJECT_ALT_NAME, false, &tlv(0x30, &names)))
    };
    let email = |text| named(&[general(1, text)]);
    let directory = |text| tlv(0xa4, &[&name(text)]);
    for (what, signer, permitted, excluded, expected) in [
        (
            "inside",
            email("a@example.com"),
            vec![general(1, "example.com")],
            vec![],
            "ok",
        ),
        (
            "outside",
            email("a@example.org"),
            vec![general(1, "example.com")],
            vec![],
            "WL-CERT-NAME-NOT-PERMITTED",
        ),
        (
            "excluded",
            email("a@EXAMPLE.com"),
            vec![],
            vec![general(1, "example.com")],
            "WL-CERT-NAME-NOT-PERMITTED",
        ),
        (
            "another kind of name",
            email("a@example.org"),
            vec![general(2, "example.com")],
            vec![],
            "ok",
        ),
        (
            "subject inside",
            signer.clone(),
            vec![directory("signer")],
            vec![],
            "ok",
        ),
        (
            "subject outside",
            signer.clone(),
            vec![directory("someone")],
            vec![],
            "WL-CERT-NAME-NOT-PERMITTED",
        ),
        (
            "subject excluded, in capitals",
            signer.clone(),
            vec![],
            vec![directory("SIGNER")],
            "WL-CERT-NAME-NOT-PERMITTED",
        ),
        (
            "one of two names outside",
            named(&[
                general(6, "https://a.example/x"),
                general(6, "https://b.example/x"),
            ]),
            vec![general(6, "a.example")],
            vec![],
            "WL-CERT-NAME-NOT-PERMITTED",
        ),
        (
            "URI without host",
            named(&[general(6, "urn:x")]),
            vec![],
            vec![general(6, "a.example")],
            "WL-CERT-NAME-NOT-PERMITTED",
        ),
        (
            "a kind that cannot be checked",
            signer.clone(),
            vec![tlv(0x88, &[&[0x2a, 3]])],
            vec![],
            "WL-CERT-NAME-CONSTRAINT-UNSUPPORTED",
        ),
    ] {
        let limited_middle = middle.clone().with(limited(&permitted, &excluded));
        assert_eq!(code(chain(&signer, &[limited_middle], &root)), expected, "{what}");
    }
    // The root's limits bind the leaf as well, past the intermediate.
    let limited_root = root.with(limited(&[], &[directory("signer")]));
    assert_eq!(
        code(chain(&signer, &[middle], &limited_root)),
        "WL-CERT-NAME-NOT-PERMITTED"
    );
}

#[test]
fn malformed_certificates_are_refused() {
    let (signer, ..) = usual();
    let code = |result: Result<Certificate, CertificateError>| result.unwrap_err().code().as_str();
    let mut behind = signer.to_der();
    behind.push(0);
    assert_eq!(code(Certificate::from_der(&behind)), "WL-CERT-TRAILING-DATA");
    assert_eq!(
        code(Certificate::from_der(&vec![0x30; 70_000])),
        "WL-CERT-TOO-LARGE"
    );
    assert_eq!(code(Certificate::from_der(b"")), "WL-CERT-MALFORMED");
    assert_eq!(
        code(signer.clone().with(key_usage(0x80)).parse()),
        "WL-CERT-DUPLICATE-EXTENSION"
    );
    let broken = extension(mint::SUBJECT_ALT_NAME, false, b"\x04\x00");
    assert_eq!(code(signer.with(broken).parse()), "WL-CERT-MALFORMED");

    assert_eq!(code(Certificate::from_pem(b"x")), "WL-CERT-NOT-A-CERTIFICATE");
    assert_eq!(
        code(Certificate::from_pem(&data("pki/leaf.key.pem"))),
        "WL-CERT-NOT-A-CERTIFICATE"
    );
    let two = data("pki/leaf.cert.pem").repeat(2);
    assert_eq!(code(Certificate::from_pem(&two)), "WL-CERT-SEVERAL");
    assert_eq!(Certificate::chain_from_pem(&two).unwrap().len(), 2);
    let many = data("pki/leaf.cert.pem").repeat(513);
    assert_eq!(
        Certificate::chain_from_pem(&many).unwrap_err().code().as_str(),
        "WL-CERT-TOO-LARGE"
    );
}

#[test]
fn the_signed_and_the_outer_algorithm_must_agree() {
    let mut der = usual().0.to_der();
    let oid = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let outer = der.windows(oid.len()).rposition(|window| window == oid).unwrap();
    der[outer + 7] = 3;
    assert!(matches!(
        Certificate::from_der(&der),
        Err(CertificateError::Malformed { .. })
    ));
}

#[test]
fn hostile_names_are_escaped_in_messages() {
    let (_, middle, root) = usual();
    let signer = Mint {
        issuer_key: 9,
        ..leaf("a\u{1b}[2Jb\u{202e}c", "middle", 3, 2)
    };
    let message = chain(&signer, &[middle], &root).unwrap_err().to_string();
    assert!(!message.contains(['\u{1b}', '\u{202e}']), "{message}");
}

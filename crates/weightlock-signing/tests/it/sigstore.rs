//! Sigstore bundles of every version, and what is left of them when one part of their tree is changed.
//!
//! The services that make them are ours; the real client of Sigstore accepts what they give out (`xtask/peers/tests`).

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock_peers::sigstore::{Account, BundleVersion, Lie, Rekor, Signed, Sigstore};
use weightlock_signing::{
    bundle::Bundle,
    identity::{Claim, Pattern, Required, danger},
    sigstore::{Artifact, Instance, Proven, TrustRoot, Whom, Without},
};

use super::tree::Tree;

const MESSAGE: &[u8] = b"test";
const STATEMENT: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}],"predicateType":"https://example.com/p","predicate":{}}"#;
const NAME: &str = "signer@example.com";

/// Every form a bundle can have.
const FORMS: [(Signed<'static>, BundleVersion, Rekor, bool); 10] = [
    (Signed::Message(MESSAGE), BundleVersion::V01, Rekor::First, false),
    (
        Signed::Statement(STATEMENT),
        BundleVersion::V01,
        Rekor::First,
        false,
    ),
    (Signed::Message(MESSAGE), BundleVersion::V02, Rekor::First, false),
    (
        Signed::Statement(STATEMENT),
        BundleVersion::V02,
        Rekor::First,
        true,
    ),
    (Signed::Message(MESSAGE), BundleVersion::V03, Rekor::First, false),
    (
        Signed::Statement(STATEMENT),
        BundleVersion::V03,
        Rekor::First,
        false,
    ),
    (Signed::Message(MESSAGE), BundleVersion::V03, Rekor::First, true),
    (Signed::Message(MESSAGE), BundleVersion::V03, Rekor::Second, true),
    (
        Signed::Statement(STATEMENT),
        BundleVersion::V03,
        Rekor::Second,
        true,
    ),
    (
        Signed::Envelope(STATEMENT),
        BundleVersion::V03,
        Rekor::Second,
        true,
    ),
];

struct World {
    sigstore: Sigstore,
    root: TrustRoot,
    required: Required,
}

impl World {
    fn new() -> Self {
        let sigstore = Sigstore::start();
        let root = TrustRoot::from_json(sigstore.trusted_root().as_bytes()).unwrap();
        let required = Required::exactly(NAME, sigstore.issuer());
        Self {
            sigstore,
            root,
            required,
        }
    }

    fn bundle(&self, (signed, version, rekor, stamp): (Signed<'_>, BundleVersion, Rekor, bool)) -> String {
        self.sigstore
            .bundle(&Account::email(NAME), signed, version, rekor, stamp)
    }

    /// The code of the refusal, or what was proven.
    fn answer(&self, bundle: &str) -> Result<Proven, &'static str> {
        self.asked(bundle, &self.root, &self.required, MESSAGE)
    }

    fn asked(
        &self,
        bundle: &str,
        root: &TrustRoot,
        required: &Required,
        artifact: &[u8],
    ) -> Result<Proven, &'static str> {
        let bundle = Bundle::parse(bundle.as_bytes()).map_err(|refusal| refusal.code().as_str())?;
        root.verify(&bundle, Artifact::Bytes(artifact), Whom::Identity(required))
            .map_err(|refusal| refusal.code().as_str())
    }
}

#[test]
fn every_form_verifies_and_tells_who_and_when() {
    let world = World::new();
    for form in FORMS {
        let proven = world
            .answer(&world.bundle(form))
            .unwrap_or_else(|code| panic!("{form:?}: {code}"));
        assert_eq!(proven.identity().unwrap().name().as_str(), NAME, "{form:?}");
        assert!(!proven.times().is_empty() && proven.logged(), "{form:?}");
    }
}

#[test]
fn other_bytes_roots_and_identities_are_refused() {
    let world = World::new();
    let issuer = world.sigstore.issuer();
    let production = TrustRoot::embedded(Instance::Production).unwrap();
    for form in FORMS {
        let bundle = world.bundle(form);
        let asked =
            |root, required: &Required, artifact| world.asked(&bundle, root, required, artifact).unwrap_err();
        assert_eq!(
            asked(&world.root, &world.required, b"other".as_slice()),
            "WL-SIG-OTHER-ARTIFACT",
            "{form:?}"
        );
        let stranger = asked(&production, &world.required, MESSAGE);
        assert!(
            ["WL-LOG-PROMISE", "WL-TIME-INVALID"].contains(&stranger),
            "{form:?}: {stranger}"
        );
        for (required, code) in [
            (Required::exactly("other@example.com", issuer), "WL-ID-MISMATCH"),
            (Required::exactly("Signer@example.com", issuer), "WL-ID-MISMATCH"),
            (Required::exactly("signer@example.co", issuer), "WL-ID-MISMATCH"),
            (Required::exactly(NAME, format!("{issuer}/")), "WL-ID-ISSUER"),
            (
                Required::like(Pattern::parse("*@example.org").unwrap(), issuer),
                "WL-ID-MISMATCH",
            ),
            (
                world.required.clone().with_claim(Claim::BuildTrigger, "push"),
                "WL-ID-CLAIM",
            ),
        ] {
            assert_eq!(
                asked(&world.root, &required, MESSAGE),
                code,
                "{form:?}: {required}"
            );
        }
        let like = Required::like(Pattern::parse("*@example.com").unwrap(), issuer);
        world.asked(&bundle, &world.root, &like, MESSAGE).unwrap();
        world
            .asked(&bundle, &world.root, &danger::any_identity(), MESSAGE)
            .unwrap();
    }
}

#[test]
fn workflows_can_be_required_to_the_letter() {
    let world = World::new();
    for (account, claims) in [
        (
            Account::github("acme/model", "release.yml", "refs/tags/v1", "push"),
            [
                (Claim::GithubRepository, "acme/model"),
                (Claim::SourceRepositoryRef, "refs/tags/v1"),
                (Claim::BuildTrigger, "push"),
            ],
        ),
        (
            Account::gitlab("acme/model", "refs/heads/main", "push"),
            [
                (Claim::SourceRepositoryUri, "https://gitlab.com/acme/model"),
                (Claim::SourceRepositoryRef, "refs/heads/main"),
                (Claim::BuildTrigger, "push"),
            ],
        ),
    ] {
        let bundle = world.sigstore.bundle(
            &account,
            Signed::Message(MESSAGE),
            BundleVersion::V03,
            Rekor::First,
            false,
        );
        let exactly = || Required::exactly(account.identity(), world.sigstore.issuer());
        let found = world.asked(&bundle, &world.root, &exactly(), MESSAGE).unwrap();
        for (claim, value) in claims {
            assert_eq!(found.identity().unwrap().claim(claim), Some(value), "{claim}");
            world
                .asked(&bundle, &world.root, &exactly().with_claim(claim, value), MESSAGE)
                .unwrap();
            let other = exactly().with_claim(claim, format!("{value}x"));
            assert_eq!(
                world.asked(&bundle, &world.root, &other, MESSAGE).unwrap_err(),
                "WL-ID-CLAIM"
            );
        }
    }
}

/// What services can get wrong and a bundle then carries.
#[test]
fn what_lying_services_give_out_is_refused_by_the_rule_it_breaks() {
    const LIES: &[(Rekor, Lie, &str)] = &[
        (Rekor::First, Lie::NoSct, "WL-CERT-SCT"),
        (Rekor::First, Lie::SctOfAnotherLog, "WL-CERT-SCT"),
        (Rekor::First, Lie::SctOfAnotherCertificate, "WL-CERT-SCT"),
        (Rekor::First, Lie::OtherIdentity, "WL-ID-MISMATCH"),
        (Rekor::First, Lie::OtherIssuer, "WL-ID-ISSUER"),
        (Rekor::First, Lie::OtherAuthority, "WL-CERT-CHAIN"),
        (Rekor::First, Lie::ExpiredCertificate, "WL-CERT-SIGNED-OUTSIDE"),
        (Rekor::First, Lie::OtherPurpose, "WL-CERT-CHAIN"),
        (Rekor::First, Lie::ProofOfAnotherTree, "WL-LOG-PROOF"),
        (Rekor::First, Lie::NoProof, "WL-LOG-MISSING"),
        (Rekor::First, Lie::CheckpointOfAnotherLog, "WL-LOG-CHECKPOINT"),
        (Rekor::First, Lie::OldCheckpoint, "WL-LOG-CHECKPOINT"),
        (Rekor::First, Lie::EntryOfAnotherSignature, "WL-LOG-OTHER-ENTRY"),
        (Rekor::First, Lie::SetOfAnotherEntry, "WL-LOG-PROMISE"),
        (Rekor::First, Lie::NoSet, "WL-TIME-MISSING"),
        (Rekor::First, Lie::LateEntry, "WL-LOG-TIME"),
        (Rekor::Second, Lie::ProofOfAnotherTree, "WL-LOG-PROOF"),
        (Rekor::Second, Lie::NoProof, "WL-LOG-MISSING"),
        (Rekor::Second, Lie::CheckpointOfAnotherLog, "WL-LOG-CHECKPOINT"),
        (Rekor::Second, Lie::EntryOfAnotherSignature, "WL-LOG-OTHER-ENTRY"),
        (Rekor::Second, Lie::TimestampOfOtherBytes, "WL-TIME-INVALID"),
        (Rekor::Second, Lie::LateTimestamp, "WL-CERT-SIGNED-OUTSIDE"),
        (Rekor::Second, Lie::TimestampOfAnotherAuthority, "WL-TIME-INVALID"),
    ];
    let world = World::new();
    for (rekor, lie, code) in LIES {
        let contents: &[Signed<'_>] = match rekor {
            Rekor::Second => &[
                Signed::Message(MESSAGE),
                Signed::Statement(STATEMENT),
                Signed::Envelope(STATEMENT),
            ],
            _ => &[Signed::Message(MESSAGE), Signed::Statement(STATEMENT)],
        };
        for signed in contents {
            world.sigstore.lie(Some(*lie));
            let bundle = world.bundle((*signed, BundleVersion::V03, *rekor, false));
            world.sigstore.lie(None);
            let told = world.answer(&bundle).err();
            assert_eq!(told, Some(*code), "{rekor:?} {lie:?} {signed:?}");
        }
    }
}

/// What a deployment without a log gives up is the log, and only that.
#[test]
fn proofs_can_be_given_up_one_by_one() {
    let world = World::new();
    let root = || TrustRoot::from_json(world.sigstore.trusted_root().as_bytes()).unwrap();
    let form = (Signed::Message(MESSAGE), BundleVersion::V03, Rekor::First, true);
    let mut bundle: Value = serde_json::from_str(&world.bundle(form)).unwrap();
    bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    let bundle = bundle.to_string();
    let asked = |root: &TrustRoot, bundle: &str| world.asked(bundle, root, &world.required, MESSAGE);
    assert_eq!(asked(&world.root, &bundle).unwrap_err(), "WL-LOG-MISSING");
    let proven = asked(&root().dangerously(Without::Log), &bundle).unwrap();
    assert!(!proven.logged());
    world.sigstore.lie(Some(Lie::NoSct));
    let no_sct = world.bundle(form);
    world.sigstore.lie(None);
    assert_eq!(
        asked(&root().dangerously(Without::Log), &no_sct).unwrap_err(),
        "WL-CERT-SCT"
    );
    asked(&root().dangerously(Without::CertificateLog), &no_sct).unwrap();
    // An entry that is there must still be about this signature.
    world.sigstore.lie(Some(Lie::EntryOfAnotherSignature));
    let other = world.bundle(form);
    world.sigstore.lie(None);
    assert_eq!(
        asked(&root().dangerously(Without::Log), &other).unwrap_err(),
        "WL-LOG-OTHER-ENTRY"
    );
}

/// Changes that are accepted, since they take nothing from what is proven.
const HARMLESS: &[(&str, &[&str])] = &[
    // A digest to find the artifact by; the artifact itself was checked.
    ("messageSignature.messageDigest", &["deleted", "null"]),
    // A second witness of the time, where the log's promise is one, and the reverse.
    (
        "verificationMaterial.timestampVerificationData",
        &["deleted", "null", "empty object"],
    ),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps",
        &["deleted", "empty list"],
    ),
    (
        "verificationMaterial.timestampVerificationData.rfc3161Timestamps[]",
        &["deleted"],
    ),
    (
        "verificationMaterial.tlogEntries[].inclusionPromise",
        &["deleted", "null"],
    ),
    // Logs of the second generation tell no time, and a zero says so too.
    (
        "verificationMaterial.tlogEntries[].integratedTime",
        &["deleted", "null", "number"],
    ),
    // Copies beside the checkpoint: of a log of the second generation, what the checkpoint says is taken.
    (
        "verificationMaterial.tlogEntries[].inclusionProof.logIndex",
        &["deleted", "number"],
    ),
    (
        "verificationMaterial.tlogEntries[].inclusionProof.rootHash",
        &["first letter", "upper case"],
    ),
    (
        "verificationMaterial.tlogEntries[].inclusionProof.treeSize",
        &["number"],
    ),
    // A number where protobuf writes text.
    ("verificationMaterial.tlogEntries[].logIndex", &["number"]),
];

#[test]
fn every_change_of_a_bundles_tree_is_refused() {
    let world = World::new();
    let mut accepted = BTreeSet::new();
    let mut refused = 0;
    for form in FORMS {
        let text = world.bundle(form);
        for mutation in Tree::parse(text.as_bytes()).mutations() {
            let changed = mutation.tree.text();
            match world.answer(&changed) {
                Ok(_) => {
                    accepted.insert((mutation.place, mutation.kind));
                }
                Err(_) => refused += 1,
            }
        }
    }
    let known = HARMLESS
        .iter()
        .flat_map(|(place, kinds)| kinds.iter().map(|kind| ((*place).to_owned(), *kind)));
    let known: BTreeSet<_> = known.collect();
    // In capitals, the last letter of some base64 has bits that nothing stands for, and is refused as base64.
    let by_chance = (
        "verificationMaterial.tlogEntries[].inclusionProof.rootHash".to_owned(),
        "upper case",
    );
    assert!(known.contains(&by_chance));
    accepted.insert(by_chance);
    assert_eq!(accepted, known);
    assert!(refused > 500, "{refused}");
}

/// One flipped bit anywhere in the bytes that base64 hides: certificates, bodies, timestamps, signatures, hashes.
#[test]
fn every_flipped_bit_of_what_is_encoded_is_refused() {
    let world = World::new();
    let mut refused = 0;
    for form in FORMS {
        let text = world.bundle(form);
        let proven = world.answer(&text).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        let pointers = [
            "/verificationMaterial/certificate/rawBytes",
            "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
            "/verificationMaterial/tlogEntries/0/canonicalizedBody",
            "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
            "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp",
            "/messageSignature/signature",
            "/dsseEnvelope/signatures/0/sig",
            "/dsseEnvelope/payload",
        ];
        for pointer in pointers {
            let Some(text) = whole.pointer(pointer).and_then(Value::as_str) else {
                continue;
            };
            let bytes = STANDARD.decode(text).unwrap();
            // A certificate has hundreds of bytes: every seventh is enough to meet each of its parts.
            for index in (0..bytes.len()).step_by(if bytes.len() > 200 { 7 } else { 1 }) {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << (index % 8);
                let mut bundle = whole.clone();
                *bundle.pointer_mut(pointer).unwrap() = STANDARD.encode(changed).into();
                // A timestamp has an envelope that nobody signed; what it says of the time was signed.
                match world.answer(&bundle.to_string()) {
                    Ok(answer) => assert!(
                        pointer.ends_with("signedTimestamp") && answer.times() == proven.times(),
                        "{form:?}: byte {index} of {pointer}"
                    ),
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(refused > 2000, "{refused}");
}

#[test]
fn every_embedded_root_can_be_read() {
    for instance in Instance::ALL {
        let root = TrustRoot::embedded(instance).unwrap();
        assert!(root.authorities().len() >= 3, "{instance}");
        assert_eq!(root.is_without(Without::Log), instance == Instance::GitHub);
        assert_eq!(
            root.is_without(Without::CertificateLog),
            instance == Instance::GitHub
        );
    }
    // A root with logs keeps its demands under any name.
    let root = TrustRoot::embedded(Instance::Production)
        .unwrap()
        .as_of(Instance::GitHub);
    assert!(!root.is_without(Without::Log) && !root.is_without(Without::CertificateLog));
}

/// Where bundles lie that were made once, for readers that have no services: fuzz targets.
fn testdata() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/sigstore")
}

#[test]
fn bundles_of_long_ago_still_verify() {
    let read = |name: &str| std::fs::read(testdata().join(name)).unwrap();
    let root = TrustRoot::from_json(&read("trusted_root.json")).unwrap();
    for index in 0..FORMS.len() {
        let bundle = Bundle::parse(&read(&format!("form-{index}.sigstore.json"))).unwrap();
        let proven = root.verify(
            &bundle,
            Artifact::Bytes(MESSAGE),
            Whom::Identity(&danger::any_identity()),
        );
        assert_eq!(
            proven.unwrap().identity().unwrap().name().as_str(),
            NAME,
            "form {index}"
        );
    }
}

/// Makes them anew: `cargo test -p weightlock-signing --test it renew_the_bundles -- --ignored`.
#[test]
#[ignore = "writes testdata/sigstore"]
fn renew_the_bundles() {
    let world = World::new();
    std::fs::create_dir_all(testdata()).unwrap();
    let write = |name: &str, text: &str| std::fs::write(testdata().join(name), text).unwrap();
    write("trusted_root.json", &world.sigstore.trusted_root());
    for (index, form) in FORMS.into_iter().enumerate() {
        write(&format!("form-{index}.sigstore.json"), &world.bundle(form));
    }
}

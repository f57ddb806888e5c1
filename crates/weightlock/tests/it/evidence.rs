//! `weightlock evidence`, what `verify` makes of evidence, and further signatures.

use std::{fs, os::unix::fs::symlink};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weightlock::commands::{
    evidence::{add::Added, list::Listed, remove::Removed, show::Claimed},
    sign::Signed,
    verify::Verified,
};

use weightlock_peers::sigstore::{self, Account, BundleVersion, Rekor, Sigstore};

use crate::{
    attest::{attest, names, path, place, put},
    run::{Place, Ran, repository},
};

fn evidence(place: &Place, arguments: &[&str]) -> Ran {
    place.run([&["evidence"], arguments].concat())
}

/// A model with four statements by two signers.
fn stocked() -> Place {
    let place = place();
    attest(&place, "p256.key.pem", "slsaprovenance1", "provenance.json", &[]).yes();
    attest(&place, "p256.key.pem", "cyclonedx", "bom.json", &[]).yes();
    attest(&place, "p256.key.pem", "review", "review.json", &[]).yes();
    attest(&place, "p384.key.pem", "review", "review.json", &[]).yes();
    place
}

#[test]
fn a_list_believes_nothing_unless_somebody_is_named() {
    let place = stocked();
    let ran = evidence(&place, &["list", "m"]).yes();
    assert!(!ran.stdout.contains("counts"), "{ran:?}");
    let ran = ran.says("m: 4 files of evidence   sha256:");
    let ran = ran.says("says      CycloneDX 1.6, 2 components");
    ran.says("by        key 963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427 (claimed)");
    let listed = |more: &[&str]| {
        let ran = evidence(&place, &[&["list", "m", "--json"], more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let document = ran.document::<Listed>();
        let pieces = document["result"]["evidence"].as_array().unwrap().clone();
        pieces
            .iter()
            .map(|one| {
                (
                    one["kind"].clone(),
                    one["counts"].clone(),
                    one["about_model"].clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    let all = |counts: [Value; 4]| {
        let kinds = ["bom", "provenance", "review", "review"];
        let zipped = kinds.iter().zip(counts);
        zipped
            .map(|(kind, counts)| (json!(kind), counts, json!(true)))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&[]), all([(); 4].map(|()| Value::Null)));
    let key = path("p256.pub.pem");
    let by_first = listed(&["--key", &key]);
    let counting = by_first.iter().filter(|(_, counts, _)| *counts == true).count();
    assert_eq!(counting, 3);
    let other = format!("review={}", path("p384.pub.pem"));
    let by_second = listed(&["--signer-for", &other]);
    let counting: Vec<_> = by_second
        .iter()
        .filter(|(_, counts, _)| *counts == true)
        .collect();
    assert_eq!(counting.len(), 1);
    assert_eq!(counting[0].0, "review");
    place.flip("m/config.json", 3, 1);
    assert!(
        listed(&["--key", &key])
            .iter()
            .all(|(_, counts, about)| *counts == false && *about == false)
    );
    evidence(&place, &["list", "m"])
        .yes()
        .says("another model, or another state");
}

#[test]
fn nothing_there_is_no_answer() {
    let place = place();
    evidence(&place, &["list", "m"]).refused(3, "WL-EVIDENCE-NONE");
    let ran = evidence(&place, &["list", "m", "--json"]);
    assert_eq!(ran.document::<Listed>()["result"]["evidence"], json!([]));
    evidence(&place, &["show", "m", "scan"]).refused(2, "WL-EVIDENCE-NAME");
    evidence(&place, &["remove", "m", "scan", "--yes"]).refused(2, "WL-EVIDENCE-NAME");
    evidence(&place, &["list", "none"]).refused(4, "WL-IO-NOT-FOUND");
    evidence(&place, &["list", "m", "--identity", "a@example.com"]).refused(2, "WL-CLI-NO-TRUST");
}

#[test]
fn one_is_shown_by_so_much_of_its_name_as_only_it_has() {
    let place = stocked();
    let ran = evidence(&place, &["show", "m", "prov"]).yes();
    let name = names(&place.path("m/.weightlock/evidence"))
        .into_iter()
        .find(|name| name.starts_with("prov"));
    let name = name.unwrap();
    let begin = format!(
        "claimed, not verified: evidence/{name}\n\
         \x20 kind       provenance\n\
         \x20 type       https://slsa.dev/provenance/v1\n\
         \x20 by         key 963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427\n\
         \x20 says       built by https://example.com/builder as https://example.com/train/v1, 2 dependencies\n\
         \x20 about      sha256:"
    );
    assert!(ran.stdout.starts_with(&begin), "{}", ran.stdout);
    let ran = ran.says("   tokenizer/tokenizer.json\n");
    ran.says("    \"buildDefinition\": {");
    evidence(&place, &["show", "m", "review"])
        .refused(2, "WL-EVIDENCE-NAME")
        .says("2 names");
    evidence(&place, &["show", "m", ""]).refused(2, "WL-EVIDENCE-NAME");
    evidence(&place, &["show", "m", "provenence"]).refused(2, "WL-EVIDENCE-NAME");
    let hex = &name["provenance-".len()..][..8];
    let json = evidence(&place, &["show", "m", hex, "--json", "--output", "out.json"]).document::<Claimed>();
    assert_eq!(json["result"]["subjects"].as_array().unwrap().len(), 4);
    assert_eq!(
        fs::read(place.path("out.json")).unwrap(),
        fs::read(place.path(&format!("m/.weightlock/evidence/{name}"))).unwrap()
    );
    evidence(&place, &["show", "m", hex, "--output", "out.json"]).refused(1, "WL-SIG-EXISTS");
}

/// What was sent is stored under the name that fits it, wherever it came from.
#[test]
fn what_is_about_the_model_is_stored_and_nothing_else() {
    let place = place();
    let sent = |name: &str| ["--output".to_owned(), name.to_owned()];
    let [flag, name] = sent("sent.json");
    attest(&place, "p384.key.pem", "review", "review.json", &[&flag, &name]).yes();
    let ran = evidence(&place, &["add", "m", "sent.json", "--dry-run"]).yes();
    ran.says("would add  sent.json   review, by key");
    assert!(!place.path("m/.weightlock").exists());
    let json = evidence(&place, &["add", "m", "sent.json", "--json"]).document::<Added>();
    assert_eq!(json["result"]["evidence"][0]["kind"], "review");
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), 1);
    // Adding is not believing.
    let key = path("p256.pub.pem");
    place
        .run(["verify-attestation", "m", "--type", "review", "--key", &key])
        .refused(1, "WL-EVIDENCE-NOT-COUNTED");
    // Again, it is there already.
    evidence(&place, &["add", "m", "sent.json"]).yes();
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), 1);
    place.write("m/more.txt", "x");
    evidence(&place, &["add", "m", "sent.json"])
        .refused(1, "WL-EVIDENCE-SUBJECT")
        .says("nothing was added");
    fs::remove_file(place.path("m/more.txt")).unwrap();
    evidence(&place, &["add", "m", "review.json"]).refused(1, "WL-SIG-MALFORMED");
    evidence(&place, &["add", "m", "sent.json", "none.json"]).refused(4, "WL-IO-NOT-FOUND");
    let bundle = fs::read(place.path("sent.json")).unwrap();
    fs::write(place.path("half.json"), &bundle[..bundle.len() - 9]).unwrap();
    evidence(&place, &["add", "m", "sent.json", "half.json"]).refused(1, "WL-SIG-MALFORMED");
    let message = repository().join("testdata/oms/reference-1.1.1/sigs/bad-payloadtype.sig");
    evidence(&place, &["add", "m", message.to_str().unwrap()]).refused(1, "WL-SIG-PAYLOAD-TYPE");
}

#[test]
fn a_signature_that_was_sent_becomes_a_further_signature() {
    let place = place();
    place.sign(&[]).yes();
    place
        .run_with_key("sign", "p384.key.pem", &["--signature", "second.sig"])
        .yes();
    evidence(&place, &["add", "m", "second.sig"]).yes();
    place.run_with_key("verify", "p384.pub.pem", &[]).yes();
    place
        .run_with_key(
            "sign",
            "p521.key.pem",
            &["--signature", "third.sig", "--algorithm", "blake3"],
        )
        .yes();
    evidence(&place, &["add", "m", "third.sig"]).refused(2, "WL-EVIDENCE-TYPE");
    place.flip("m/config.json", 3, 1);
    evidence(&place, &["add", "m", "second.sig"]).refused(1, "WL-EVIDENCE-SUBJECT");
}

#[test]
fn the_limits_of_the_store_are_kept() {
    let place = place();
    let more = ["--output", "sent.json"];
    attest(&place, "p384.key.pem", "review", "review.json", &more).yes();
    for number in 0..1000 {
        put(&place, "other", number.to_string().as_bytes());
    }
    evidence(&place, &["add", "m", "sent.json"]).refused(3, "WL-SIG-EVIDENCE-LIMIT");
    attest(&place, "p256.key.pem", "review", "review.json", &[]).refused(3, "WL-SIG-EVIDENCE-LIMIT");
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), 1000);
}

#[test]
fn what_is_removed_is_gone_and_the_signature_stays() {
    let place = stocked();
    place.sign(&["--leaves"]).yes();
    evidence(&place, &["remove", "m", "bom"])
        .refused(2, "WL-CLI-USAGE")
        .says("--yes");
    evidence(&place, &["remove", "m", "bom", "--dry-run"])
        .yes()
        .says("would remove  m/.weightlock/");
    let before = names(&place.path("m/.weightlock/evidence")).len();
    evidence(&place, &["remove", "m", "bom", "nothing", "--yes"]).refused(2, "WL-EVIDENCE-NAME");
    evidence(&place, &["remove", "m", "review", "--yes"]).refused(2, "WL-EVIDENCE-NAME");
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), before);
    let json = evidence(&place, &["remove", "m", "bom", "prov", "--yes", "--json"]).document::<Removed>();
    assert_eq!(json["result"]["removed"].as_array().unwrap().len(), 2);
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), before - 2);
    for name in ["model.sig", "../model.sig", "config.json", "../../m/config.json"] {
        evidence(&place, &["remove", "m", name, "--yes"]).refused(2, "WL-EVIDENCE-NAME");
    }
    place.verify(&[]).yes();
}

#[test]
fn nothing_is_removed_through_a_link() {
    let place = stocked();
    fs::rename(place.path("m/.weightlock/evidence"), place.path("elsewhere")).unwrap();
    symlink("../../elsewhere", place.path("m/.weightlock/evidence")).unwrap();
    evidence(&place, &["remove", "m", "bom", "--yes"]).refused(2, "WL-EVIDENCE-NAME");
    assert_eq!(names(&place.path("elsewhere")).len(), 4);
}

/// `verify` lists every kind, each by what it says, and none of it changes the answer.
#[test]
fn verify_lists_evidence_of_every_kind() {
    let place = stocked();
    place.sign(&["--leaves", "--fs-verity"]).yes();
    let ran = place.verify(&[]).yes();
    let ran = ran.says("  bom        DECLARED  CycloneDX 1.6, 2 components, which names no digest of what it describes   evidence/bom-");
    let ran = ran.says("  provenance DECLARED  built by https://example.com/builder");
    let ran = ran.says("  leaves     DECLARED  digests of every 1 MiB");
    let ran = ran.says("  verity     DECLARED  fs-verity digests of the files");
    ran.says("  review     not counted: the signature was made with another key");
    let ask = |more: &[&str]| {
        let document = place.verify(&[&["--json"], more].concat()).document::<Verified>();
        let pieces = document["result"]["evidence"].as_array().unwrap().clone();
        let counting = pieces.iter().filter(|one| one["counts"] == true);
        (
            pieces.len(),
            counting
                .map(|one| one["kind"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        ask(&[]),
        (
            6,
            ["leaves", "verity", "bom", "provenance", "review"]
                .map(str::to_owned)
                .to_vec()
        )
    );
    let second = path("p384.pub.pem");
    let review = format!("review={second}");
    let bom = format!("bom={second}");
    let more = ["--signer-for", &review, "--signer-for", &bom];
    assert_eq!(
        ask(&more),
        (
            6,
            ["leaves", "verity", "provenance", "review"]
                .map(str::to_owned)
                .to_vec()
        )
    );
    // Whoever signs leaves for another's model is not their signer.
    let leaves = format!("leaves={second}");
    assert!(!ask(&["--signer-for", &leaves]).1.contains(&"leaves".to_owned()));
}

/// Foreign, false, broken and a thousand: listed as not counted, and the answer stays.
#[test]
fn hostile_evidence_changes_no_answer() {
    let place = place();
    place.sign(&[]).yes();
    let first = place.verify(&["--json"]).json()["result"]["digest"].clone();
    // About another model, by the very signer.
    let other = Place::with_model();
    other.write("m/config.json", "{}");
    other.write("review.json", "{}");
    attest(
        &other,
        "p256.key.pem",
        "review",
        "review.json",
        &["--output", "x.json"],
    )
    .yes();
    let foreign = fs::read(other.path("x.json")).unwrap();
    put(&place, "review", &foreign);
    put(&place, "scan", &foreign);
    put(&place, "oms", &foreign);
    other.sign(&[]).yes();
    put(&place, "oms", &fs::read(other.path("m/model.sig")).unwrap());
    put(&place, "provenance", b"{");
    put(&place, "provenance", &foreign[..foreign.len() / 2]);
    let text = String::from_utf8(foreign.clone()).unwrap();
    put(
        &place,
        "review",
        text.replacen('{', "{\"mediaType\":\"x\",", 1).as_bytes(),
    );
    put(&place, "card", "[".repeat(100_000).as_bytes());
    put(&place, "bom", &vec![b' '; 5 << 20]);
    place.write("m/.weightlock/evidence/vex-0123456789abcdef.sigstore.json", "{}");
    let document = place.verify(&["--json"]).document::<Verified>();
    assert_eq!(document["outcome"], "yes");
    assert_eq!(document["result"]["digest"], first);
    let pieces = document["result"]["evidence"].as_array().unwrap().clone();
    assert_eq!(pieces.len(), 10);
    for piece in &pieces {
        assert_eq!(piece["counts"], false, "{piece}");
        assert!(piece["code"].is_string() && piece["signer"].is_null(), "{piece}");
    }
    for number in 0..990 {
        put(&place, "other", format!("{number}").as_bytes());
    }
    let ran = place.verify(&[]).yes();
    assert!(ran.stdout.lines().count() < 40, "{}", ran.stdout);
    // What is no evidence at all is refused, as ever.
    symlink(
        "/etc/hostname",
        place.path("m/.weightlock/evidence/scan-0000000000000000.sigstore.json"),
    )
    .unwrap();
    place.verify(&[]).refused(1, "WL-SIG-EXTRA-FILE");
}

/// Two signers, one model: each is accepted, and the answer says by which file.
#[test]
fn a_further_signature_is_added_beside_the_first() {
    let place = Place::with_model();
    place
        .run_with_key("sign", "p384.key.pem", &["--add"])
        .refused(2, "WL-CLI-USAGE");
    place.sign(&[]).yes();
    place.sign(&["--add"]).refused(2, "WL-CLI-USAGE");
    place
        .run_with_key("sign", "p384.key.pem", &[])
        .refused(1, "WL-SIG-EXISTS")
        .says("--add");
    let first = fs::read(place.path("m/model.sig")).unwrap();
    let json = place
        .run_with_key("sign", "p384.key.pem", &["--add", "--json"])
        .document::<Signed>();
    let written = json["result"]["signature"].as_str().unwrap().to_owned();
    assert!(written.starts_with("m/.weightlock/evidence/oms-"), "{written}");
    assert_eq!(fs::read(place.path("m/model.sig")).unwrap(), first);
    place.verify(&[]).yes().says("  signature  m/model.sig\n");
    let second = place.run_with_key("verify", "p384.pub.pem", &[]).yes();
    let second = second.says(&format!("  signature  {written}\n"));
    second.says("  oms        DECLARED  a further signature over the same 3 files");
    place
        .run_with_key("verify", "p521.pub.pem", &[])
        .refused(1, "WL-SIG-KEY-MISMATCH");
    // The file that is named is the one that is checked.
    place
        .run_with_key("verify", "p384.pub.pem", &["--signature", "m/model.sig"])
        .refused(1, "WL-SIG-KEY-MISMATCH");
    // And loads go by it.
    let load = |key: &str| {
        let key = path(key);
        place.run(["run", "--model", "m", "--key", &key, "--", "/bin/ls", "{model}"])
    };
    let loaded = load("p384.pub.pem");
    assert_eq!(
        (loaded.code, loaded.stdout.contains("config.json")),
        (0, true),
        "{loaded:?}"
    );
    assert_eq!(load("p521.pub.pem").code, 1);
    place.flip("m/config.json", 3, 1);
    for key in ["p256.pub.pem", "p384.pub.pem"] {
        place
            .run_with_key("verify", key, &[])
            .refused(1, "WL-SIG-TAMPERED");
    }
    // Signed again, the earlier one by the same key goes.
    place.sign(&[]).yes();
    place.run_with_key("sign", "p384.key.pem", &["--add"]).yes();
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), 1);
    place.run_with_key("verify", "p384.pub.pem", &[]).yes();
}

/// An old signature by the same signer neither hides a good one nor makes an old model pass for the new.
#[test]
fn of_several_signatures_by_one_signer_the_one_that_fits_is_taken() {
    let place = Place::with_model();
    place.sign(&[]).yes();
    let mut old = Vec::new();
    for change in 0..3 {
        place.run_with_key("sign", "p384.key.pem", &["--add"]).yes();
        let folder = place.path("m/.weightlock/evidence");
        let name = names(&folder)[0].clone();
        old.push(fs::read(folder.join(&name)).unwrap());
        place.flip("m/config.json", change, 1);
        place.sign(&[]).yes();
    }
    place
        .run_with_key("verify", "p384.pub.pem", &[])
        .refused(1, "WL-SIG-TAMPERED");
    place.run_with_key("sign", "p384.key.pem", &["--add"]).yes();
    for bundle in &old {
        put(&place, "oms", bundle);
    }
    assert_eq!(names(&place.path("m/.weightlock/evidence")).len(), 4);
    place.run_with_key("verify", "p384.pub.pem", &[]).yes();
    place.flip("m/config.json", 9, 1);
    place
        .run_with_key("verify", "p384.pub.pem", &[])
        .refused(1, "WL-SIG-TAMPERED");
    place.flip("m/config.json", 9, 1);
    // The first signature decides where it is theirs.
    let first = fs::read(place.path("m/model.sig")).unwrap();
    fs::write(place.path("m/model.sig"), &old[0]).unwrap();
    place
        .run_with_key("verify", "p384.pub.pem", &[])
        .refused(1, "WL-SIG-TAMPERED");
    fs::write(place.path("m/model.sig"), first).unwrap();
    place.verify(&[]).yes();
}

/// Who did not sign with us gets no file into their folder.
#[test]
fn a_further_signature_for_somebody_elses_folder_lies_beside_it() {
    let place = Place::with_model();
    let reference = repository().join("testdata/oms/reference-1.1.1/sigs/basic-p384.sig");
    fs::copy(reference, place.path("m/model.sig")).unwrap();
    let before = names(&place.path("m"));
    place.sign(&["--add", "--leaves"]).yes();
    assert_eq!(names(&place.path("m")), before);
    place
        .verify(&[])
        .yes()
        .says("  signature  m.weightlock/evidence/oms-");
}

#[test]
fn two_signers_can_be_required() {
    let place = Place::with_model();
    let (second, third) = (path("p384.pub.pem"), path("p521.pub.pem"));
    place.sign(&[]).yes();
    place
        .verify(&["--also-signed-by", &second])
        .refused(1, "WL-SIG-CO-SIGNER")
        .says("looked at 1 signature");
    place.run_with_key("sign", "p384.key.pem", &["--add"]).yes();
    let ran = place.verify(&["--also-signed-by", &second]).yes();
    ran.says("  and        VERIFIED    ECDSA P-384 key");
    place
        .run_with_key(
            "verify",
            "p384.pub.pem",
            &["--also-signed-by", &path("p256.pub.pem")],
        )
        .yes();
    let json = place
        .verify(&["--also-signed-by", &second, "--json"])
        .document::<Verified>();
    assert_eq!(json["result"]["also_signed_by"].as_array().unwrap().len(), 1);
    place
        .verify(&["--also-signed-by", &second, "--also-signed-by", &third])
        .refused(1, "WL-SIG-CO-SIGNER");
    // One signer is not two, under whatever name.
    let first = path("p256.pub.pem");
    fs::copy(&first, place.path("again.pub")).unwrap();
    for twice in [
        &["--also-signed-by", first.as_str()][..],
        &["--also-signed-by", "again.pub"],
        &["--also-signed-by", &second, "--also-signed-by", &first],
        &["--also-signed-by", &second, "--also-signed-by", &second],
    ] {
        place
            .verify(twice)
            .refused(1, "WL-SIG-CO-SIGNER")
            .says("as many different signers");
    }
    // Of another state.
    place.flip("m/config.json", 3, 1);
    place.sign(&[]).yes();
    place
        .verify(&["--also-signed-by", &second])
        .refused(1, "WL-SIG-CO-SIGNER")
        .says("lists other files");
}

/// Identities make statements and further signatures as keys do, and count for what they were named for.
#[test]
fn what_an_identity_states_counts_for_that_identity() {
    let services = Sigstore::start();
    let who = Account::email("auditor@example.com");
    let place = place();
    place.write("root.json", services.trusted_root());
    let by_identity = |bundle: &str, name: &str| {
        let payload = payload(&fs::read(place.path(bundle)).unwrap());
        let signed = sigstore::Signed::Statement(&payload);
        let made = services.bundle(&who, signed, BundleVersion::V03, Rekor::First, false);
        place.write(name, made);
    };
    let ask = |verb: &[&str], identity: &str| {
        let trust = [
            "--trusted-root",
            "root.json",
            "--identity-provider",
            services.issuer(),
        ];
        place.run([verb, &["m", "--identity", identity], &trust].concat())
    };
    let more = ["--output", "by-key.json"];
    attest(&place, "p256.key.pem", "review", "review.json", &more).yes();
    by_identity("by-key.json", "sent.json");
    evidence(&place, &["add", "m", "sent.json"])
        .yes()
        .says("review, by auditor@example.com (vouched for by ");
    let review = ["verify-attestation", "--type", "review"];
    ask(&review, "auditor@example.com")
        .yes()
        .says("who       VERIFIED    auditor@example.com (vouched for by ");
    ask(&review, "auditor@example.org")
        .refused(1, "WL-EVIDENCE-NOT-COUNTED")
        .says("WL-ID-");
    place
        .run([
            "verify-attestation",
            "m",
            "--type",
            "review",
            "--key",
            &path("p256.pub.pem"),
        ])
        .refused(1, "WL-EVIDENCE-NOT-COUNTED");

    // A further signature by the same identity.
    place.sign(&[]).yes();
    ask(&["verify"], "auditor@example.com").refused(1, "WL-SIG-METHOD");
    by_identity("m/model.sig", "second.json");
    evidence(&place, &["add", "m", "second.json"]).yes();
    let verified = ask(&["verify"], "auditor@example.com").yes();
    let verified = verified.says("  signature  m/.weightlock/evidence/oms-");
    verified.says("  review     DECLARED");
    place.verify(&[]).yes().says("  signature  m/model.sig\n");
    ask(&["verify"], "auditor@example.org").refused(1, "WL-SIG-METHOD");
    place.flip("m/config.json", 3, 1);
    ask(&["verify"], "auditor@example.com").refused(1, "WL-SIG-TAMPERED");
    ask(&review, "auditor@example.com")
        .refused(1, "WL-EVIDENCE-NOT-COUNTED")
        .says("WL-EVIDENCE-SUBJECT");
}

/// The signed bytes of a bundle.
fn payload(bundle: &[u8]) -> Vec<u8> {
    let bundle: Value = serde_json::from_slice(bundle).unwrap();
    STANDARD
        .decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap())
        .unwrap()
}

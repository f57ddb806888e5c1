//! `weightlock lock` and `weightlock verify --lock`.

use std::fs;

use serde_json::Value;
use weightlock::commands::lock::{add::LockAdded, diff::LockDiff, update::LockUpdated, verify::LockVerified};

use crate::{
    attest::path,
    run::{Place, Ran},
};

/// A signed model, and a key that is not its signer's.
fn signed() -> Place {
    let place = Place::with_model();
    place.sign(&[]).yes();
    place
}

/// The signed model, locked with its signer as `acme/pebble`.
fn locked() -> Place {
    let place = signed();
    let ran = lock(&place, "add", &["--key", &public(), "acme/pebble=m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    place
}

fn public() -> String {
    path("p256.pub.pem")
}

fn other() -> String {
    path("p384.pub.pem")
}

fn lock(place: &Place, action: &str, more: &[&str]) -> Ran {
    place.run([&["lock", action], more].concat())
}

fn text(place: &Place) -> String {
    fs::read_to_string(place.path("weightlock.lock")).unwrap()
}

/// Signs the model again, with another key.
fn sign_by_other(place: &Place) {
    let key = path("p384.key.pem");
    let ran = place.run(["sign", "--replace", "--key", &key, "m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// One policy, by which the P-256 key may sign.
fn policy(place: &Place, head: &str, more: &str) {
    place.write(
        "policy.toml",
        format!(
            "version = 1\n{head}default-tier = \"low\"\n[identity.release]\nkey = \"{}\"\n[identity.other]\nkey = \"{}\"\n\
             [signers]\noms = [\"release\"]\nreview = [\"other\"]\n[require]\nsignature = true\n{more}",
            public(),
            other()
        ),
    );
}

const DEVELOPMENT: &str = "mode = \"development\"\n";

#[test]
fn what_is_locked_says_who_was_checked_and_the_same_input_has_the_same_text() {
    let place = signed();
    let ran = lock(&place, "add", &["--json", "--key", &public(), "acme/pebble=m"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let model = ran.document::<LockAdded>()["result"]["models"][0].clone();
    assert_eq!(
        (&model["name"], &model["path"]),
        (&"acme/pebble".into(), &"m".into())
    );
    assert_eq!((&model["files"], &model["verdict"]), (&3.into(), &Value::Null));
    assert!(model["signed_by"][0].as_str().unwrap().starts_with("key "));
    let digest = place.run(["digest", "--manifest", "m"]).stdout;
    assert_eq!(digest.split_whitespace().next(), model["digest"].as_str());
    let first = text(&place);
    fs::remove_file(place.path("weightlock.lock")).unwrap();
    lock(&place, "add", &["--key", &public(), "acme/pebble=m"]).yes();
    assert_eq!(text(&place), first);
    // Nothing is replaced.
    let ran = lock(&place, "add", &["--key", &public(), "acme/pebble=m"]);
    ran.refused(2, "WL-LOCK-EXISTS");
    assert_eq!(text(&place), first);
}

#[test]
fn bytes_alone_are_locked_loudly_and_nothing_that_is_refused() {
    let place = signed();
    let ran = lock(&place, "add", &["m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("NOBODY WAS CHECKED"), "{ran:#?}");
    assert!(ran.stderr.starts_with("note: nobody was checked"), "{ran:#?}");
    assert!(!text(&place).contains("signed-by"));
    fs::remove_file(place.path("weightlock.lock")).unwrap();
    for (more, code, reason) in [
        (vec!["--key", &other(), "m"], 1, "WL-SIG-KEY-MISMATCH"),
        (vec!["nothing"], 4, "WL-IO-NOT-FOUND"),
        (vec!["../m=m"], 2, "WL-CLI-USAGE"),
        (vec!["a b=m"], 2, "WL-CLI-USAGE"),
        (vec!["x="], 2, "WL-CLI-USAGE"),
        (vec!["--lock", "m/my.lock", "m"], 2, "WL-CLI-USAGE"),
        (vec!["--source", "x", "m", "n=m"], 2, "WL-CLI-USAGE"),
        (vec!["--at-time", "2026-01-01T00:00:00Z", "m"], 2, "WL-CLI-USAGE"),
    ] {
        let ran = lock(&place, "add", &more);
        let (exit, codes) = ran.refusal();
        assert_eq!(
            (exit, codes.first().copied()),
            (code, Some(reason)),
            "{more:?}: {ran:#?}"
        );
        assert!(!place.path("weightlock.lock").exists(), "{more:?}");
    }
    // One that is refused keeps all of the call out.
    place.write("n/config.json", "{}");
    let ran = lock(&place, "add", &["--key", &public(), "m", "n"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(!place.path("weightlock.lock").exists());
}

/// S36, and the cases of what can happen to a model after it was locked.
#[test]
fn each_change_is_told_with_its_code() {
    type Case<'c> = (&'c str, fn(&Place), &'c [&'c str], i32, &'c [&'c str]);
    let key = ["--key", &public()];
    let cases: [Case<'_>; 12] = [
        ("nothing", |_| {}, &key, 0, &[]),
        (
            "a tampered file",
            |place| place.flip("m/config.json", 3, 1),
            &key,
            1,
            &["WL-LOCK-DIGEST", "WL-SIG-TAMPERED"],
        ),
        (
            "a new file",
            |place| place.write("m/more.py", "x"),
            &key,
            1,
            &["WL-LOCK-DIGEST", "WL-SIG-EXTRA-FILE"],
        ),
        (
            "a file that is missing",
            |place| fs::remove_file(place.path("m/tokenizer/tokenizer.json")).unwrap(),
            &key,
            1,
            &["WL-LOCK-DIGEST", "WL-SIG-TAMPERED"],
        ),
        (
            "no signature",
            |place| fs::remove_file(place.path("m/model.sig")).unwrap(),
            &key,
            1,
            &["WL-SIG-UNSIGNED"],
        ),
        (
            "another signer of the same bytes",
            sign_by_other,
            &key,
            1,
            &["WL-SIG-KEY-MISMATCH"],
        ),
        (
            "another signer, who is asked for",
            sign_by_other,
            &["--key", &other()],
            1,
            &["WL-LOCK-SIGNER"],
        ),
        (
            "another signer is asked for",
            |_| {},
            &["--key", &other()],
            1,
            &["WL-SIG-KEY-MISMATCH"],
        ),
        ("nobody is asked", |_| {}, &[], 3, &["WL-LOCK-UNCHECKED"]),
        (
            "the signers were taken out of the lock",
            |place| {
                let text = text(place);
                let before = text.split("signed-by").next().unwrap();
                place.write("weightlock.lock", before);
                sign_by_other(place);
            },
            &key,
            1,
            &["WL-SIG-KEY-MISMATCH"],
        ),
        (
            "the folder is gone",
            |place| fs::rename(place.path("m"), place.path("moved")).unwrap(),
            &key,
            4,
            &["WL-IO-NOT-FOUND"],
        ),
        (
            "the lock was edited",
            |place| {
                let text = text(place).replace(" config.json", " konfig.json");
                place.write("weightlock.lock", text);
            },
            &key,
            2,
            &["WL-LOCK-FILE"],
        ),
    ];
    for (what, spoil, more, code, codes) in cases {
        let place = locked();
        spoil(&place);
        let ran = lock(&place, "verify", more);
        assert_eq!(ran.refusal(), (code, codes.to_vec()), "{what}: {ran:#?}");
        let json = lock(&place, "verify", &[more, &["--json"]].concat());
        let result = json.document::<LockVerified>()["result"].clone();
        assert_eq!(result.is_null(), what == "the lock was edited", "{what}");
        if result.is_null() {
            continue;
        }
        let failing = result["newly_failing"].as_array().unwrap().len();
        assert_eq!(failing, usize::from(code != 0), "{what}");
        assert_eq!(
            result["holding"].as_array().unwrap().len(),
            usize::from(code == 0),
            "{what}"
        );
    }
}

/// What was edited so that it fits itself is another lock, and does not fit the model.
#[test]
fn a_lock_that_was_forged_authenticates_nothing() {
    let place = locked();
    let forged = Place::with_model();
    forged.write("m/config.json", "{\"auto_map\": {}}");
    lock(&forged, "add", &["acme/pebble=m"]);
    // The attacker changes model and lock alike: the signature is asked all the same.
    fs::copy(forged.path("m/config.json"), place.path("m/config.json")).unwrap();
    fs::copy(forged.path("weightlock.lock"), place.path("weightlock.lock")).unwrap();
    let ran = lock(&place, "verify", &["--key", &public()]);
    assert_eq!(ran.refusal(), (1, vec!["WL-SIG-TAMPERED"]), "{ran:#?}");
    let ran = place.run(["verify", "--lock", "weightlock.lock", "--key", &public(), "m"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-SIG-TAMPERED"]), "{ran:#?}");
    let ran = place.run(["verify", "--lock", "weightlock.lock", "m"]);
    ran.refused(2, "WL-CLI-NO-TRUST");
}

#[test]
fn what_is_newly_failing_comes_first() {
    let place = Place::new();
    for name in ["a", "b", "c", "d"] {
        place.write(&format!("{name}/config.json"), name);
    }
    lock(&place, "add", &["a", "b", "c", "d"]);
    place.write("d/config.json", "other");
    let ran = lock(&place, "verify", &["--json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    place.write("last.json", &ran.stdout);
    place.write("b/config.json", "other");
    fs::rename(place.path("a"), place.path("gone")).unwrap();
    // There is no earlier run in the first night.
    let first = lock(&place, "verify", &["--json", "--previous", "none.json"]);
    assert_eq!(
        first.document::<LockVerified>()["result"]["newly_failing"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let again = ["--previous", "last.json"];
    let ran = lock(&place, "verify", &[&again[..], &["--json"]].concat());
    let document = ran.document::<LockVerified>();
    let names = |list: &str| -> Vec<String> {
        let list = document["result"][list].as_array().unwrap();
        list.iter()
            .map(|it| it["locked"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    // What says no comes before what could not be read.
    assert_eq!(
        (ran.code, names("newly_failing")),
        (1, vec!["b".to_owned(), "a".to_owned()])
    );
    assert_eq!(
        (names("still_failing"), names("holding")),
        (vec!["d".to_owned()], vec!["c".to_owned()])
    );
    assert_eq!(
        ran.codes(),
        ["WL-LOCK-DIGEST", "WL-IO-NOT-FOUND", "WL-LOCK-DIGEST"]
    );
    let ran = lock(&place, "verify", &again);
    let order = [
        "fails     new     b",
        "no-answer new     a",
        "fails     still   d",
        "holds             c",
    ];
    let found: Vec<usize> = order
        .iter()
        .map(|line| {
            ran.stdout
                .find(line)
                .unwrap_or_else(|| panic!("{line}: {ran:#?}"))
        })
        .collect();
    assert!(found.is_sorted(), "{ran:#?}");
    // Where nothing says no, what could not be told is the answer.
    place.write("b/config.json", "b");
    place.write("d/config.json", "d");
    assert_eq!(lock(&place, "verify", &again).code, 4);
    place.write("last.json", "[]");
    assert_eq!(lock(&place, "verify", &again).code, 2);
    lock(&place, "verify", &["e"]).refused(1, "WL-LOCK-MISSING");
    lock(&place, "verify", &["c"]).yes();
}

#[test]
fn a_model_that_was_moved_is_found_where_it_is_said_to_be() {
    let place = locked();
    fs::rename(place.path("m"), place.path("elsewhere")).unwrap();
    let key = ["--key", &public()];
    lock(&place, "verify", &[&key[..], &["acme/pebble=elsewhere"]].concat()).yes();
    let ran = lock(&place, "update", &[&key[..], &["acme/pebble=elsewhere"]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("path: m -> elsewhere"), "{ran:#?}");
    lock(&place, "verify", &key).yes();
    // Lock and models move together.
    fs::create_dir(place.path("new")).unwrap();
    fs::rename(place.path("elsewhere"), place.path("new/elsewhere")).unwrap();
    fs::rename(place.path("weightlock.lock"), place.path("new/weightlock.lock")).unwrap();
    lock(
        &place,
        "verify",
        &[&key[..], &["--lock", "new/weightlock.lock"]].concat(),
    )
    .yes();
}

/// S52: another signer needs a word of its own, which is logged, and which production does not take.
#[test]
fn another_signer_is_accepted_by_its_own_flag_and_never_in_production() {
    let place = locked();
    let before = text(&place);
    sign_by_other(&place);
    let other = other();
    let asked = ["--key", other.as_str(), "--audit-log", "audit.jsonl"];
    let ran = lock(&place, "update", &asked);
    assert_eq!(ran.refusal(), (1, vec!["WL-LOCK-SIGNER"]), "{ran:#?}");
    // Nobody who is asked is not somebody else.
    assert_eq!(
        lock(&place, "update", &[]).refusal(),
        (3, vec!["WL-LOCK-UNCHECKED"])
    );
    // The one flag is not the other.
    let wrong = [&asked[..], &["--accept-source"]].concat();
    assert_eq!(
        lock(&place, "update", &wrong).refusal(),
        (1, vec!["WL-LOCK-SIGNER"])
    );
    assert!(!place.path("audit.jsonl").exists());
    let accepting = [&asked[..], &["--accept-signer"]].concat();
    let production = [&accepting[..], &["--mode", "production"]].concat();
    let ran = lock(&place, "update", &production);
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-OVERRIDE"]), "{ran:#?}");
    let mut command = place.command([&["lock", "update"], &accepting[..]].concat());
    let ran = Ran::of(command.env("WEIGHTLOCK_MODE", "production"));
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-OVERRIDE"]), "{ran:#?}");
    assert_eq!(text(&place), before, "a refusal writes nothing");
    let ran = lock(&place, "update", &[&accepting[..], &["--json"]].concat());
    let result = ran.document::<LockUpdated>()["result"].clone();
    assert_eq!(result["accepted"][0], "WL-LOCK-SIGNER acme/pebble", "{ran:#?}");
    let events: Vec<Value> = fs::read_to_string(place.path("audit.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect();
    assert_eq!(
        events,
        ["override-refused", "override-refused", "change-accepted"]
    );
    place.run(["audit", "verify", "audit.jsonl"]).yes();
    lock(&place, "verify", &["--key", &other]).yes();
    // Nothing differs now, so nothing is written and nothing has to be accepted.
    let ran = lock(&place, "update", &["--key", &other]);
    assert!(ran.stdout.starts_with("nothing differs"), "{ran:#?}");
}

/// Accepting another signer is not going without one: a model that nobody vouches for now takes the place of none that somebody did.
#[test]
fn a_model_is_locked_anew_only_where_somebody_is_asked_as_before() {
    let place = locked();
    let before = text(&place);
    place.flip("m/config.json", 3, 1);
    for more in [
        &[][..],
        &["--accept-signer"],
        &["--accept-signer", "--accept-source"],
    ] {
        let log = ["--audit-log", "audit.jsonl"];
        let ran = lock(&place, "update", &[more, &log, &["acme/pebble"]].concat());
        assert_eq!(
            ran.refusal(),
            (3, vec!["WL-LOCK-UNCHECKED"]),
            "{more:?}: {ran:#?}"
        );
        assert_eq!(text(&place), before, "{more:?}");
    }
    assert!(!place.path("audit.jsonl").exists());
    let ran = lock(&place, "update", &["--accept-signer", "--key", &public()]);
    assert_eq!(ran.refusal(), (1, vec!["WL-SIG-TAMPERED"]), "{ran:#?}");
    // What a policy allowed, another policy or the same one allows, and no key alone.
    let place = signed();
    policy(&place, DEVELOPMENT, "");
    lock(&place, "add", &["--policy", "policy.toml", "m"]).yes();
    let before = text(&place);
    place.write("m/config.json", "{}");
    place.sign(&["--replace"]).yes();
    let ran = lock(&place, "update", &["--accept-signer", "--key", &public()]);
    assert_eq!(ran.refusal(), (3, vec!["WL-LOCK-UNCHECKED"]), "{ran:#?}");
    assert_eq!(text(&place), before);
    lock(&place, "update", &["--policy", "policy.toml"]).yes();
    lock(&place, "verify", &["--policy", "policy.toml"]).yes();
}

/// The log tells what was locked: of several models that are updated together, one that is refused keeps the others out of both.
#[test]
fn an_acceptance_is_logged_when_it_is_written() {
    let place = Place::with_model();
    place.program("cp", ["-r", "m", "n"]);
    let sign = |name: &str, key: &str| {
        let ran = place.run(["sign", "--replace", "--key", &path(key), name]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    };
    for name in ["m", "n"] {
        sign(name, "p256.key.pem");
    }
    lock(&place, "add", &["--key", &public(), "a=m", "b=n"]).yes();
    let before = text(&place);
    sign("m", "p384.key.pem");
    let other = other();
    let asked = [
        "--key",
        other.as_str(),
        "--accept-signer",
        "--audit-log",
        "audit.jsonl",
    ];
    let ran = lock(&place, "update", &asked);
    assert_eq!(ran.refusal(), (1, vec!["WL-SIG-KEY-MISMATCH"]), "{ran:#?}");
    assert_eq!(text(&place), before);
    assert!(!place.path("audit.jsonl").exists(), "nothing was accepted");
    sign("n", "p384.key.pem");
    lock(&place, "update", &asked).yes();
    let log = fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert_eq!(log.matches("change-accepted").count(), 2, "{log}");
}

/// S52: the same name from another owner.
#[test]
fn another_source_is_accepted_by_its_own_flag_and_never_in_production() {
    let place = signed();
    let key = ["--key", &public()];
    lock(
        &place,
        "add",
        &[&key[..], &["--source", "https://models.example/acme", "m"]].concat(),
    )
    .yes();
    let moved = [&key[..], &["--source", "https://models.example/evil", "m"]].concat();
    let ran = lock(&place, "update", &moved);
    assert_eq!(ran.refusal(), (1, vec!["WL-LOCK-SOURCE"]), "{ran:#?}");
    assert!(ran.stderr.contains("https://models.example/acme"), "{ran:#?}");
    let accepting = [&moved[..], &["--accept-source"]].concat();
    let ran = lock(
        &place,
        "update",
        &[&accepting[..], &["--mode", "production"]].concat(),
    );
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-OVERRIDE"]), "{ran:#?}");
    let ran = lock(&place, "update", &accepting);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("ACCEPTED    WL-LOCK-SOURCE m"), "{ran:#?}");
    lock(&place, "verify", &key).yes();
}

/// A snapshot in the hub's cache says itself whose it is, and another owner's is another source.
#[test]
fn a_snapshot_of_the_hub_is_locked_with_its_owner_and_revision() {
    let place = Place::new();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let snapshot = |owner: &str, content: &str| {
        let folder = format!("hub/models--{owner}--pebble/snapshots/{commit}");
        place.write(&format!("hub/models--{owner}--pebble/blobs/b"), content);
        fs::create_dir_all(place.path(&folder)).unwrap();
        std::os::unix::fs::symlink("../../blobs/b", place.path(&folder).join("config.json")).unwrap();
        folder
    };
    let ran = lock(&place, "add", &["--json", &snapshot("acme", "{}")]);
    let model = ran.document::<LockAdded>()["result"]["models"][0].clone();
    assert_eq!(
        (&model["name"], &model["source"]),
        (&"acme/pebble".into(), &"hub:acme/pebble".into()),
        "{ran:#?}"
    );
    assert_eq!(model["revision"], commit);
    let elsewhere = format!("acme/pebble={}", snapshot("acme-ai", "{ }"));
    let ran = lock(&place, "update", &[&elsewhere]);
    assert_eq!(ran.refusal(), (1, vec!["WL-LOCK-SOURCE"]), "{ran:#?}");
    let ran = lock(&place, "verify", &[&elsewhere]);
    assert_eq!(
        ran.refusal(),
        (1, vec!["WL-LOCK-DIGEST", "WL-LOCK-SOURCE"]),
        "{ran:#?}"
    );
}

/// The verdict is asked again: what the policy denies now fails now, whatever it said when the model was locked.
#[test]
fn a_policy_is_asked_when_a_model_is_locked_and_every_time_after() {
    let place = signed();
    policy(&place, DEVELOPMENT, "");
    let asked = ["--policy", "policy.toml"];
    let add = [&asked[..], &["acme/pebble=m"]].concat();
    lock(&place, "add", &add).yes();
    assert!(
        text(&place).contains("verdict = { digest = \"sha256:"),
        "{}",
        text(&place)
    );
    assert!(text(&place).contains("signed-by"));
    lock(&place, "verify", &asked).yes();
    // Without the policy its verdict is not known, also where the signer is named.
    let ran = lock(&place, "verify", &["--key", &public()]);
    assert_eq!(ran.refusal(), (3, vec!["WL-LOCK-UNCHECKED"]), "{ran:#?}");
    // Another policy that allows it still is told, and holds.
    policy(&place, DEVELOPMENT, "formats = { deny = [\"pickle\"] }\n");
    let ran = lock(&place, "verify", &asked);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("by another policy or evidence"), "{ran:#?}");
    // A demand that is new, a signer who was taken out.
    policy(&place, DEVELOPMENT, "bom = true\n");
    let ran = lock(&place, "verify", &asked);
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-BOM"]), "{ran:#?}");
    policy(&place, DEVELOPMENT, "");
    let removed = fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        removed.replace("oms = [\"release\"]", "oms = [\"other\"]"),
    );
    let ran = lock(&place, "verify", &asked);
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-SIGNATURE"]), "{ran:#?}");
    // A policy that cannot be read is no policy, and what it does not allow is not locked.
    place.write("policy.toml", "version = 1\nrequrie = 1\n");
    assert_eq!(lock(&place, "verify", &asked).code, 2);
    policy(&place, DEVELOPMENT, "bom = true\n");
    let ran = lock(&place, "add", &[&asked[..], &["second=m"]].concat());
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-BOM"]), "{ran:#?}");
    assert!(!text(&place).contains("second"));
    // A policy that says no mode means production: there, nothing is accepted.
    policy(&place, "", "");
    sign_by_other(&place);
    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    place.write(
        "policy.toml",
        policy.replace("oms = [\"release\"]", "oms = [\"other\"]"),
    );
    let ran = lock(&place, "update", &[&asked[..], &["--accept-signer"]].concat());
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-OVERRIDE"]), "{ran:#?}");
}

/// A waiver that allowed a model when it was locked, and has ended.
#[test]
fn a_waiver_that_ended_is_newly_failing() {
    let place = signed();
    let digest = place.run(["digest", "--manifest", "m"]).stdout;
    let digest = digest.split_whitespace().next().unwrap().to_owned();
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let waived = |from: i64, to: i64| {
        let day = |days: i64| today.saturating_add(jiff::Span::new().days(days));
        format!(
            "bom = true\n[[waiver]]\nwaives = \"WL-POLICY-BOM\"\ndigest = \"{digest}\"\nowner = \"Ada\"\napprover = \"Ben\"\n\
             reason = \"it is being made\"\ngranted = {}\nexpires = {}\n",
            day(from),
            day(to)
        )
    };
    policy(&place, DEVELOPMENT, &waived(-40, 40));
    let asked = ["--policy", "policy.toml"];
    let ran = lock(&place, "add", &[&asked[..], &["m"]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(lock(&place, "verify", &asked).code, 0);
    policy(&place, DEVELOPMENT, &waived(-40, -2));
    let ran = lock(&place, "verify", &asked);
    assert_eq!(ran.refusal(), (1, vec!["WL-POLICY-BOM"]), "{ran:#?}");
}

/// An answer that the policy needs and that is not known: neither yes nor no.
#[test]
fn a_quarantined_model_is_not_locked_and_has_no_answer() {
    let place = signed();
    policy(&place, DEVELOPMENT, "");
    lock(&place, "add", &["--policy", "policy.toml", "m"]).yes();
    let held = "[[rule]]\nname = \"hold\"\nwhen = { path = \"config.json\" }\nquarantine = \"somebody looks first\"\n";
    policy(&place, DEVELOPMENT, held);
    let checked = place.run(["policy", "check", "--policy", "policy.toml"]);
    assert_eq!(checked.code, 0, "{checked:#?}");
    let ran = lock(&place, "verify", &["--policy", "policy.toml"]);
    assert_eq!(ran.refusal(), (3, vec!["WL-POLICY-RULE"]), "{ran:#?}");
    let ran = lock(&place, "add", &["--policy", "policy.toml", "again=m"]);
    assert_eq!(ran.refusal(), (3, vec!["WL-POLICY-RULE"]), "{ran:#?}");
}

#[test]
fn locks_are_compared_with_each_other_and_with_the_disk() {
    let place = locked();
    lock(&place, "diff", &[]).yes();
    fs::copy(place.path("weightlock.lock"), place.path("old.lock")).unwrap();
    place.write("m/config.json", "{}");
    place.write("m/more.json", "{ }");
    let ran = lock(&place, "diff", &["weightlock.lock"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-DIFF-DIFFERENT"]), "{ran:#?}");
    assert!(
        ran.stdout.contains("changed: config.json\n  new: more.json"),
        "{ran:#?}"
    );
    place.sign(&["--replace"]).yes();
    lock(&place, "update", &["--key", &public()]).yes();
    place.write("n/config.json", "{}");
    lock(&place, "add", &["n"]);
    let ran = lock(&place, "diff", &["--json", "old.lock", "weightlock.lock"]);
    let changes = ran.document::<LockDiff>()["result"]["changes"].clone();
    let told: Vec<(&str, &str)> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["change"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("acme/pebble", "changed"), ("n", "added")]);
    assert_eq!(
        lock(&place, "diff", &["weightlock.lock", "weightlock.lock"]).code,
        0
    );
    assert_eq!(lock(&place, "diff", &["nothing.lock"]).code, 4);
}

/// What is gone, and what cannot be read, are told beside what differs.
#[test]
fn one_model_that_is_gone_hides_no_other_difference() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.write(&format!("{name}/config.json"), name);
    }
    lock(&place, "add", &["a", "b", "c"]);
    fs::remove_dir_all(place.path("a")).unwrap();
    place.write("b/config.json", "other");
    let told = |ran: &Ran| -> Vec<(String, String)> {
        let changes = ran.document::<LockDiff>()["result"]["changes"].clone();
        let word = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
        let changes = changes.as_array().unwrap().iter();
        changes.map(|it| (word(it, "name"), word(it, "change"))).collect()
    };
    let gone = ("a".to_owned(), "removed".to_owned());
    let changed = ("b".to_owned(), "changed".to_owned());
    let ran = lock(&place, "diff", &["--json"]);
    assert_eq!(
        (ran.code, told(&ran)),
        (1, vec![gone.clone(), changed.clone()]),
        "{ran:#?}"
    );
    // Of one that cannot be read, nobody knows whether it differs.
    assert_eq!(place.program("mkfifo", ["c/pipe"]).code, 0);
    let ran = lock(&place, "diff", &["--json"]);
    assert_eq!((ran.code, told(&ran)), (1, vec![gone, changed]), "{ran:#?}");
    assert_eq!(ran.codes(), ["WL-DIFF-DIFFERENT", "WL-ART-SPECIAL-FILE"]);
    place.write("b/config.json", "b");
    place.write("a/config.json", "a");
    let ran = lock(&place, "diff", &[]);
    assert_eq!(ran.refusal().1, ["WL-ART-SPECIAL-FILE"], "{ran:#?}");
    assert!(!ran.stdout.contains("the same"), "{ran:#?}");
}

/// The file is not there yet, and its folder is named by a path with `..`.
#[test]
fn a_lock_is_begun_in_a_folder_above() {
    let place = signed();
    fs::create_dir(place.path("below")).unwrap();
    let above = |more: &[&str]| {
        let mut command = place.command([&["lock"], more].concat());
        Ran::of(command.current_dir(place.path("below")))
    };
    let key = public();
    above(&["add", "--lock", "../new.lock", "--key", &key, "../m"]).yes();
    above(&["verify", "--lock", "../new.lock", "--key", &key]).yes();
    let text = fs::read_to_string(place.path("new.lock")).unwrap();
    assert!(text.contains("path = \"m\""), "{text}");
    let inside = above(&["add", "--lock", "../m/new.lock", "--key", &key, "../m"]);
    inside.refused(2, "WL-CLI-USAGE");
}

/// `verify --lock`: a rightly signed model that is not the locked one.
#[test]
fn a_rightly_signed_model_must_be_the_locked_one_too() {
    let place = locked();
    let with_lock = |more: &[&str]| {
        let key = public();
        place.run(
            [
                &["verify", "--lock", "weightlock.lock", "--key", &key],
                more,
                &["m"],
            ]
            .concat(),
        )
    };
    let ran = with_lock(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("as locked: acme/pebble"), "{ran:#?}");
    let ran = with_lock(&["--only", "config.json"]);
    assert_eq!(ran.refusal(), (1, vec!["WL-LOCK-DIGEST"]), "{ran:#?}");
    place.write("m/config.json", "{}");
    place.sign(&["--replace"]).yes();
    let ran = with_lock(&[]);
    assert_eq!(ran.refusal(), (1, vec!["WL-LOCK-DIGEST"]), "{ran:#?}");
    assert!(ran.stderr.contains("changed: config.json"), "{ran:#?}");
    sign_by_other(&place);
    let ran = place.run(["verify", "--lock", "weightlock.lock", "--key", &other(), "m"]);
    assert_eq!(
        ran.refusal(),
        (1, vec!["WL-LOCK-DIGEST", "WL-LOCK-SIGNER"]),
        "{ran:#?}"
    );
    fs::rename(place.path("m"), place.path("n")).unwrap();
    let moved = ["verify", "--lock", "weightlock.lock", "--key", &other(), "n"];
    place.run(moved).refused(1, "WL-LOCK-MISSING");
    let named = [&moved[..], &["--locked-as", "acme/pebble"]].concat();
    assert_eq!(
        place.run(named).refusal(),
        (1, vec!["WL-LOCK-DIGEST", "WL-LOCK-SIGNER"])
    );
    let named = [&moved[..], &["--locked-as", "acme/peble"]].concat();
    place
        .run(named)
        .refused(1, "WL-LOCK-MISSING")
        .says("did you mean acme/pebble ?");
}

/// Nothing is ever half written, and of two writers none loses what the other wrote.
#[test]
fn a_lock_is_written_whole_by_one_process_at_a_time() {
    let place = Place::new();
    let names: Vec<String> = (0..8).map(|number| format!("m{number}")).collect();
    for name in &names {
        place.write(&format!("{name}/config.json"), name);
    }
    let processes: Vec<_> = names
        .iter()
        .map(|name| {
            let mut command = place.command(["lock", "add", name]);
            command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let ended = processes
        .into_iter()
        .map(|mut process| process.wait().unwrap().success());
    let written = names.iter().zip(ended).filter(|(_, ended)| *ended);
    let written: Vec<&String> = written.map(|(name, _)| name).collect();
    let text = text(&place);
    for name in &written {
        assert!(
            text.contains(&format!("name = \"{name}\"")),
            "{name} said that it wrote: {text}"
        );
    }
    assert!(!written.is_empty());
    assert_eq!(text.matches("[[model]]").count(), written.len());
    lock(&place, "verify", &[]).yes();
}

#[test]
fn a_lock_that_is_too_large_or_no_file_is_refused() {
    let place = locked();
    place.write("weightlock.lock", vec![b'#'; (16 << 20) + 1]);
    lock(&place, "verify", &[]).refused(2, "WL-LOCK-FILE");
    lock(&place, "add", &["n=m"]).refused(2, "WL-LOCK-FILE");
    fs::remove_file(place.path("weightlock.lock")).unwrap();
    let ran = lock(&place, "verify", &[]).refused(4, "WL-IO-NOT-FOUND");
    // Nothing is said of models that were not looked at.
    assert!(!ran.stderr.contains("as it was locked"), "{ran:#?}");
    ran.says("weightlock lock add");
    lock(&place, "add", &["--lock", "m", "n=m"]).says("error[WL-");
    place.write(
        "empty.lock",
        "# Made by `weightlock lock`. It pins models and authenticates none of them.\nversion = 1\n",
    );
    lock(&place, "verify", &["--lock", "empty.lock"]).refused(1, "WL-LOCK-MISSING");
}

/// What is proposed can be typed as it stands, and throws away no other entry.
#[test]
fn what_is_proposed_names_whoever_was_asked() {
    let place = Place::with_model();
    let ran = place.run(["lock", "add", "m"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stderr
            .contains("To lock its signer:  weightlock lock update --key SIGNER.pub m\n"),
        "{ran:#?}"
    );
    let ran = place.run(["lock", "add", "m"]);
    assert_eq!(ran.refusal(), (2, vec!["WL-LOCK-EXISTS"]), "{ran:#?}");
    assert!(ran.stderr.contains("m is locked already"), "{ran:#?}");
    place.sign(&[]).yes();
    place.run(["lock", "update", "--key", &public(), "m"]).yes();
    place.write("m/config.json", "{}");
    place.sign(&["--replace"]).yes();
    let ran = place.run(["lock", "verify", "--key", &public()]);
    assert_eq!(ran.refusal(), (1, vec!["WL-LOCK-DIGEST"]), "{ran:#?}");
    assert!(
        ran.stderr.contains("weightlock lock update --key SIGNER.pub m\n"),
        "{ran:#?}"
    );
}

/// Writing through a link would leave the file that it leads to as it was.
#[test]
fn a_lock_that_is_a_link_is_not_written() {
    let place = Place::with_model();
    assert_eq!(place.run(["lock", "add", "--lock", "real.lock", "m"]).code, 0);
    let before = fs::read(place.path("real.lock")).unwrap();
    std::os::unix::fs::symlink("real.lock", place.path("weightlock.lock")).unwrap();
    place.write("n/config.json", "{}");
    place.run(["lock", "add", "n"]).refused(2, "WL-CLI-USAGE");
    assert!(
        place
            .path("weightlock.lock")
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
    assert_eq!(fs::read(place.path("real.lock")).unwrap(), before);
    assert_eq!(place.run(["lock", "add", "--lock", "real.lock", "n"]).code, 0);
    assert_ne!(fs::read(place.path("real.lock")).unwrap(), before);
}

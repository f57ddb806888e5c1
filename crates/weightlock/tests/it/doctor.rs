//! `doctor`: facts of the machine, and nothing that is secret.

use crate::run::{Place, Ran};

#[test]
fn a_sound_machine_has_nothing_in_the_way() {
    let place = Place::new();
    let health = place.run(["doctor", "--json"]).yes().json()["result"].clone();
    assert!(health["workers"].as_u64().unwrap() >= 1);
    let kernels = health["sha256_kernels"].as_array().unwrap();
    assert!(
        kernels.iter().all(|kernel| kernel["correct"] == true),
        "{kernels:?}"
    );
    assert!(
        kernels
            .iter()
            .any(|kernel| kernel["name"] == health["sha256_kernel"])
    );
    assert_eq!(health["cache_state"], "absent");
    place.run(["doctor"]).yes().says("nothing stands in the way");
}

#[test]
fn variables_are_named_secrets_hidden_and_slips_told() {
    let place = Place::new();
    let mut command = place.command(["doctor"]);
    command
        .env("WEIGHTLOCK_JOBS", "3")
        .env("WEIGHTLOCK_PASSWORD", "canary-7f3a")
        .env("WEIGHTLOCK_JOSB", "4");
    let ran = Ran::of(&mut command)
        .yes()
        .says("WEIGHTLOCK_JOBS \"3\"")
        .says("WEIGHTLOCK_PASSWORD (set; not shown)")
        .says("did you mean WEIGHTLOCK_JOBS ?");
    assert!(!ran.stdout.contains("canary"), "{ran:#?}");
}

//! Loads without stop points, beside a process that changes the model all the time.
//!
//! A few hundred rounds are part of every test run; `cargo xtask races` has ten thousand.

use std::{
    fs,
    num::NonZeroU64,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use weightlock_artifact::{
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_peers::races::{Attacker, CODE, CONFIG, Count, Layout, TOKENIZER, Victim, WEIGHTS, rounds};
use weightlock_runtime::view::SealedView;
use weightlock_signing::oms::{Method, VerifiedStatement, model::Plan};

use super::{judged, load, settings, signed};

/// Small, so that there are many rounds; two shards and more than one read.
const SIZE: usize = 100_000;

/// No single load takes so long, whatever is put in its way.
const HANGS: Duration = Duration::from_secs(30);

/// Both outcomes must have been seen by then, or there was no race.
const PATIENCE: Duration = Duration::from_secs(120);

/// One load: the signed bytes, or an error.
fn round(victim: &Victim, verified: &VerifiedStatement, number: usize) -> Result<(), String> {
    let root = Root::open(victim.model(), Links::Refused).map_err(|error| error.code().to_string())?;
    let guarded = load(
        verified,
        root,
        &|_| true,
        (settings(1 + number % 4, number.is_multiple_of(3)), &()),
    )?;
    let called = ArtifactPath::parse("m").unwrap();
    let view = SealedView::new(guarded, &victim.home().join("views"), &called, false).unwrap();
    let told = judged(&view, victim);
    assert!(told.is_ok(), "round {number} loaded other bytes: {told:?}");
    Ok(())
}

fn raced(layout: Layout, least: usize, alive: &mpsc::Sender<()>) -> Option<Count> {
    let victim = Victim::new(layout, SIZE).unwrap();
    // Ended before the model is removed.
    let mut attacker = Attacker::start()?;
    let shards = Plan {
        method: Method::Shards(NonZeroU64::new(65_536).unwrap()),
        ..Plan::new()
    };
    let verified = [signed(&victim, &Plan::new()), signed(&victim, &shards)];
    fs::create_dir(victim.home().join("views")).unwrap();
    attacker.storm(7, victim.model(), &[WEIGHTS, CONFIG, CODE, TOKENIZER]);
    let (begun, mut count) = (Instant::now(), Count::default());
    let mut number = 0;
    while number < least || (!count.is_race() && begun.elapsed() < PATIENCE) {
        count.add(round(&victim, &verified[number % 2], number));
        number += 1;
        alive.send(()).unwrap();
    }
    assert!(attacker.is_alive(), "nobody attacked any more");
    assert!(count.is_race(), "there was no race: {count:?}");
    let left = fs::read_dir(victim.home().join("views")).unwrap().count();
    assert_eq!(left, 0, "something is left of a view");
    Some(count)
}

#[test]
fn free_running_loads_give_the_signed_bytes_or_an_error() {
    let least = rounds().div_ceil(2);
    let racing = Layout::BOTH.map(|layout| {
        let (sender, alive) = mpsc::channel();
        let racing = thread::spawn(move || raced(layout, least, &sender));
        (layout, racing, alive)
    });
    for (layout, racing, alive) in racing {
        loop {
            match alive.recv_timeout(HANGS) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("a load hangs: {layout:?}"),
            }
        }
        if let Some(count) = racing.join().unwrap() {
            count.publish("library", layout, "in one process");
        }
    }
}

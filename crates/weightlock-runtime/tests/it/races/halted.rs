//! A load that is halted at each stage while another process changes the model.
//!
//! The stop points are those that a load has anyway: the observer of the hashing engine, and the question which files are
//! wanted, which is put before anything is read and again after everything was.

use std::{
    fs,
    io::Read as _,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use weightlock_artifact::{
    digest::engine::Observer,
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_peers::races::{
    Attack, Attacker, CODE, CONFIG, Layout, Stage, TOKENIZER, Table, Victim, WEIGHTS,
};
use weightlock_runtime::{sealed::Bytes, view::SealedView};
use weightlock_signing::oms::model::Plan;

use super::{judged, load, settings, signed};

/// Weights that take several reads.
const SIZE: usize = 560_000;

const NAMES: [&str; 4] = [WEIGHTS, CONFIG, CODE, TOKENIZER];

const STAGES: [Stage; 9] = [
    Stage::Opened,
    Stage::Walked,
    Stage::FirstRead,
    Stage::Reading,
    Stage::Digested,
    Stage::Sealed,
    Stage::Viewed,
    Stage::Running,
    Stage::Loaded,
];

/// Halts a load at one stage until the attacker is done.
struct Halt<'a> {
    stage: Stage,
    attacker: Mutex<&'a mut Attacker>,
    fired: AtomicBool,
    hashed: AtomicU64,
    wanted: AtomicU64,
}

impl Halt<'_> {
    fn reached(&self, stage: Stage) {
        if stage == self.stage && !self.fired.swap(true, SeqCst) {
            self.attacker.lock().unwrap().act();
        }
    }

    /// Asked of each file after the walk, and again after the last byte.
    fn is_wanted(&self, _: &ArtifactPath) -> bool {
        let (hashed, wanted) = (self.hashed.load(SeqCst), self.wanted.load(SeqCst));
        self.reached(if wanted > 0 && hashed >= wanted {
            Stage::Digested
        } else {
            Stage::Walked
        });
        true
    }
}

impl Observer for Halt<'_> {
    fn begins(&self, bytes: u64) {
        self.wanted.fetch_add(bytes, SeqCst);
        self.reached(Stage::FirstRead);
    }

    fn advanced(&self, bytes: u64) {
        let hashed = self.hashed.fetch_add(bytes, SeqCst) + bytes;
        if hashed < self.wanted.load(SeqCst) {
            self.reached(Stage::Reading);
        }
    }
}

/// A load that is attacked at one stage: what it came to.
fn attacked(
    stage: Stage,
    attack: Attack,
    (layout, name): (Layout, &str),
    attacker: &mut Attacker,
) -> Result<Result<(), String>, String> {
    let victim = Victim::new(layout, SIZE).unwrap();
    let verified = signed(&victim, &Plan::new());
    attacker.aim(attack, victim.model(), name);
    let halt = Halt {
        stage,
        attacker: Mutex::new(attacker),
        fired: AtomicBool::new(false),
        hashed: AtomicU64::new(0),
        wanted: AtomicU64::new(0),
    };
    let root = Root::open(victim.model(), Links::Refused).unwrap();
    halt.reached(Stage::Opened);
    let only = |path: &ArtifactPath| halt.is_wanted(path);
    let past_cache = layout == Layout::HubCache;
    let outcome = load(&verified, root, &only, (settings(1, past_cache), &halt)).map(|guarded| {
        halt.reached(Stage::Sealed);
        let place = victim.home().join("views");
        fs::create_dir(&place).unwrap();
        let called = ArtifactPath::parse("m").unwrap();
        let view = SealedView::new(guarded, &place, &called, false).unwrap();
        halt.reached(Stage::Viewed);
        let told = used(&view, &victim, &halt);
        drop(view);
        assert_eq!(
            fs::read_dir(&place).unwrap().count(),
            0,
            "something is left of the view"
        );
        told
    });
    assert!(
        halt.fired.load(SeqCst),
        "{} was never reached: {outcome:?}",
        stage.name()
    );
    outcome
}

/// What a program does with a view: opens it, maps it, reads it, and all of that again.
fn used(view: &SealedView, victim: &Victim, halt: &Halt<'_>) -> Result<(), String> {
    let mut half = vec![0; SIZE / 2];
    let mut open = fs::File::open(view.path().join(WEIGHTS)).unwrap();
    open.read_exact(&mut half).unwrap();
    halt.reached(Stage::Running);
    open.read_to_end(&mut half).unwrap();
    if half != victim.files()[WEIGHTS] {
        return Err(WEIGHTS.to_owned());
    }
    let files = view.guarded().files();
    let map = |private: bool| -> Vec<(&str, Bytes)> {
        let mapped = |(name, sealed): (&'_ ArtifactPath, &weightlock_runtime::sealed::Sealed)| {
            let bytes = if private {
                sealed.map_private()
            } else {
                sealed.map()
            };
            (files.get_key_value(name).unwrap().0.as_str(), bytes.unwrap())
        };
        files.iter().map(mapped).collect()
    };
    let (shared, private) = (map(false), map(true));
    judged(view, victim)?;
    halt.reached(Stage::Loaded);
    for mapped in [&shared, &private] {
        victim.is(mapped
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_ref().to_vec())))?;
    }
    judged(view, victim)
}

fn attacked_everywhere(layout: Layout, names: &[&str], table: &Table) {
    let Some(mut attacker) = Attacker::start() else {
        return;
    };
    for stage in STAGES {
        for attack in Attack::ALL {
            for name in names {
                let outcome = attacked(stage, attack, (layout, name), &mut attacker);
                table.add(stage, attack, name, outcome);
            }
        }
    }
}

/// Every stage, every attack, both layouts, one of them read past the page cache; on weights, configuration, code, and a file in a folder below.
#[test]
fn a_halted_load_gives_the_signed_bytes_or_an_error() {
    let table = Table::default();
    let halves = Layout::BOTH.map(|layout| NAMES.chunks(2).map(move |names| (layout, names)));
    thread::scope(|scope| {
        for (layout, names) in halves.into_iter().flatten() {
            let table = &table;
            scope.spawn(move || attacked_everywhere(layout, names, table));
        }
    });
    let all = STAGES.len() * Attack::ALL.len() * Layout::BOTH.len() * NAMES.len();
    assert!(
        table.loads() == all || table.loads() == 0,
        "{} of {all}",
        table.loads()
    );
    table.publish("halted-library.md");
}

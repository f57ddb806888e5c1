//! Ctrl-C and termination: the first signal asks the work to stop, a second one ends the process at once.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use signal_hook::{
    SigId,
    consts::{SIGINT, SIGTERM},
};

/// Empty where this library is part of another program, whose signals are its own.
static CAUGHT: OnceLock<Caught> = OnceLock::new();

struct Caught {
    signal: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Caught {
    fn install() -> Self {
        let signal = Arc::new(AtomicUsize::new(0));
        let twice = Arc::new(AtomicBool::new(false));
        let mut registered = Vec::new();
        for (number, value) in [(SIGINT, 2), (SIGTERM, 15)] {
            // Registered in this order: the second signal finds the flag that the first one set. Registering a
            // signal that may be caught fails only when memory is exhausted; then the system's default stays.
            let actions = [
                signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&twice)),
                signal_hook::flag::register(number, Arc::clone(&twice)),
                signal_hook::flag::register_usize(number, Arc::clone(&signal), value),
            ];
            registered.extend(actions.into_iter().flatten());
        }
        Self { signal, registered }
    }
}

/// Catches signals from now on.
pub(crate) fn install() {
    CAUGHT.get_or_init(Caught::install);
}

/// Leaves signals to others from now on: a program that this process stays beside decides what they mean.
pub(crate) fn hand_over() {
    for action in CAUGHT.get().iter().flat_map(|caught| &caught.registered) {
        signal_hook::low_level::unregister(*action);
    }
}

/// Takes signals back after such a program has ended: the first one ends the process at once. What is written from here on
/// is written whole or not at all.
pub(crate) fn take_back() {
    if CAUGHT.get().is_none() {
        return;
    }
    let at_once = Arc::new(AtomicBool::new(true));
    for number in [SIGINT, SIGTERM] {
        // As in `install`, this fails only when memory is exhausted.
        let _: std::io::Result<SigId> =
            signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&at_once));
    }
}

/// The signal that asked to stop: 2 or 15.
pub(crate) fn signal() -> Option<u8> {
    let signal = CAUGHT.get()?.signal.load(Ordering::Relaxed);
    u8::try_from(signal).ok().filter(|signal| *signal != 0)
}

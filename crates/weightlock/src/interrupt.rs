//! Ctrl-C and termination: the first signal asks the work to stop, a second one ends the process at once.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use signal_hook::consts::{SIGINT, SIGTERM};

static CAUGHT: LazyLock<Caught> = LazyLock::new(Caught::install);

struct Caught {
    signal: Arc<AtomicUsize>,
}

impl Caught {
    fn install() -> Self {
        let signal = Arc::new(AtomicUsize::new(0));
        let twice = Arc::new(AtomicBool::new(false));
        for (number, value) in [(SIGINT, 2), (SIGTERM, 15)] {
            // Registered in this order: the second signal finds the flag that the first one set. Registering a
            // signal that may be caught fails only when memory is exhausted; then the system's default stays.
            let _ =
                signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&twice));
            let _ = signal_hook::flag::register(number, Arc::clone(&twice));
            let _ = signal_hook::flag::register_usize(number, Arc::clone(&signal), value);
        }
        Self { signal }
    }
}

/// Catches signals from now on.
pub(crate) fn install() {
    LazyLock::force(&CAUGHT);
}

/// The signal that asked to stop: 2 or 15.
pub(crate) fn signal() -> Option<u8> {
    u8::try_from(CAUGHT.signal.load(Ordering::Relaxed))
        .ok()
        .filter(|signal| *signal != 0)
}

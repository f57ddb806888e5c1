//! [`Context`]: clock, environment and terminal of one run. What is below takes them as arguments.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use weightlock_artifact::{
    cache::DigestCache,
    digest::{
        Algorithm,
        engine::{Reading, Settings},
        sha256::Kernel,
    },
};
use weightlock_signing::certificate::UnixTime;

use crate::{
    cli::{Global, Hashing, ReadingChoice},
    commands::verdict,
    diagnostic::Diagnostic,
    environment, explanations, interrupt,
    progress::{Progress, Show, Stop},
    terminal::{self, ColorChoice, Paint},
};

/// The world around one run.
#[derive(Debug)]
pub(crate) struct Context {
    /// Colours on standard output.
    pub(crate) out: Paint,
    /// Colours on standard error.
    pub(crate) err: Paint,
    /// How progress is shown.
    pub(crate) show: Show,
    /// Reasons also say why they matter.
    pub(crate) verbose: bool,
    /// The user forbids the network.
    pub(crate) offline: bool,
    /// This is a demonstration on a model of its own: policies of the machine and the user say nothing about it.
    pub(crate) plays: bool,
}

impl Context {
    /// Looks at flags, terminal and environment, and catches Ctrl-C from now on.
    pub(crate) fn new(global: &Global) -> Self {
        interrupt::install();
        let show = match (
            global.no_progress || global.quiet > 0,
            terminal::stderr_is_terminal(),
        ) {
            (true, _) => Show::Nothing,
            (false, true) => Show::Line,
            (false, false) => Show::Log,
        };
        Self {
            out: Paint::decide(global.color, terminal::stdout_is_terminal()),
            err: Paint::decide(global.color, terminal::stderr_is_terminal()),
            show,
            verbose: global.verbose > 0,
            offline: global.offline,
            plays: false,
        }
    }

    /// For a program that this library is part of: no terminal, and its signals are left alone.
    pub(crate) fn embedded(progress: Arc<Progress>) -> Self {
        let plain = Paint::decide(ColorChoice::Never, false);
        Self {
            out: plain,
            err: plain,
            show: Show::Told(progress),
            verbose: false,
            offline: true,
            plays: false,
        }
    }

    /// Whether somebody wants the work to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopping().is_wanted()
    }

    /// How somebody says that the work should stop.
    pub(crate) fn stopping(&self) -> Stop {
        match &self.show {
            Show::Told(progress) => progress.stopping(),
            _ => Stop::default(),
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime(
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }

    /// The same in a calendar.
    ///
    /// # Errors
    ///
    /// A clock behind the year 9999.
    pub(crate) fn timestamp(&self) -> Result<Timestamp, Diagnostic> {
        let seconds = i64::try_from(self.now().0).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds)
            .map_err(|error| Diagnostic::new(explanations::CLOCK, error.to_string()))
    }

    /// Kernel, threads and reading as the flags say.
    pub(crate) fn hashing(&self, flags: &Hashing, default: Reading) -> Result<Settings, Diagnostic> {
        let mut settings = Settings::new(Algorithm::Sha256);
        settings.reading = match flags.read {
            Some(ReadingChoice::Buffered) => Reading::Buffered,
            Some(ReadingChoice::Mapped) => Reading::Mapped,
            None => default,
        };
        if let Some(jobs) = flags.jobs {
            settings.workers = jobs;
        }
        if let Some(name) = &flags.sha256_kernel {
            settings.kernel = kernel(name)?;
        }
        Ok(settings)
    }

    /// The digest cache, when the flags ask for it.
    pub(crate) fn cache(&self, flags: &Hashing) -> Result<Option<DigestCache>, Diagnostic> {
        if !flags.digest_cache || verdict::is_production() {
            return Ok(None);
        }
        let folder = cache_folder().ok_or_else(|| {
            Diagnostic::new(explanations::USAGE, "there is no folder for the digest cache")
                .help("set WEIGHTLOCK_CACHE_DIR to a folder of your own")
        })?;
        Ok(Some(DigestCache::open(&folder.join("digests-v1"), nanoseconds)?))
    }
}

fn kernel(name: &str) -> Result<Kernel, Diagnostic> {
    let available: Vec<_> = Kernel::available().into_iter().map(Kernel::name).collect();
    name.parse().map_err(|_| {
        Diagnostic::new(
            explanations::USAGE,
            format!("this processor has no SHA-256 kernel called {name:?}"),
        )
        .help(format!("choose one of: {}", available.join(", ")))
    })
}

/// `WEIGHTLOCK_CACHE_DIR`, `XDG_CACHE_HOME/weightlock`, or `~/.cache/weightlock`.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let own = environment::CACHE_DIR.filled().map(PathBuf::from);
    let caches = || environment::XDG_CACHE_HOME.folder();
    let home = || environment::HOME.folder();
    own.or_else(|| caches().map(|base| base.join("weightlock")))
        .or_else(|| home().map(|home| home.join(".cache/weightlock")))
}

fn nanoseconds() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX))
}

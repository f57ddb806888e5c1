//! Races: a model, another process that changes it, and what a load may come to at each stage.
//!
//! The other process is `attacker.py`, a program of its own; see there for what it does. The rule is one: a load gives the
//! bytes that were signed, or an error. Beyond that, [`Stage::expected`] says where a load must notice, and where it must
//! no longer care; that table is derived from the order of the steps of a load and not from what was seen.

use std::{
    collections::BTreeMap,
    env, fmt,
    fmt::Write as _,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

use tempfile::TempDir;

const ATTACKER: &str = include_str!("../attacker.py");

/// Names a folder into which tests write their tables and counts, as `cargo xtask races` wants them.
pub const RESULTS: &str = "WEIGHTLOCK_RACES_RESULTS";

/// How many free-running rounds there are to be.
pub const ROUNDS: &str = "WEIGHTLOCK_RACES_ROUNDS";

/// Rounds when nobody says how many.
const USUAL_ROUNDS: usize = 300;

/// The weights of a [`Victim`].
pub const WEIGHTS: &str = "model.safetensors";

/// Code that comes with a model.
pub const CODE: &str = "modeling.py";

/// The configuration of a model.
pub const CONFIG: &str = "config.json";

/// A file in a folder below.
pub const TOKENIZER: &str = "tokenizer/tokenizer.json";

/// What can be done to a file of a model. The names are those of `attacker.py`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Attack {
    /// Other bytes, in place.
    Rewrite,
    /// One other byte, and the time of modification set back.
    Flip,
    /// Half of it cut off.
    Truncate,
    /// A byte more.
    Extend,
    /// Cut off and filled again with other bytes.
    Refill,
    /// Another file renamed over it.
    Replace,
    /// Another name of another file in its place.
    HardLink,
    /// A link in its place; in a hub cache, to another blob.
    Relink,
    /// A link to a file outside of the model.
    RelinkOut,
    /// The folder in which its bytes lie, against another.
    SwapParent,
    /// The whole model, against another.
    SwapModel,
    /// Mapped before the load began, written to now.
    MapAndWrite,
    /// A file more.
    Add,
    /// The name is gone.
    Delete,
    /// A named pipe in its place.
    Pipe,
    /// A folder in its place.
    Folder,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Rewrite,
        Self::Flip,
        Self::Truncate,
        Self::Extend,
        Self::Refill,
        Self::Replace,
        Self::HardLink,
        Self::Relink,
        Self::RelinkOut,
        Self::SwapParent,
        Self::SwapModel,
        Self::MapAndWrite,
        Self::Add,
        Self::Delete,
        Self::Pipe,
        Self::Folder,
    ];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rewrite => "rewrite",
            Self::Flip => "flip",
            Self::Truncate => "truncate",
            Self::Extend => "extend",
            Self::Refill => "refill",
            Self::Replace => "replace",
            Self::HardLink => "hard-link",
            Self::Relink => "relink",
            Self::RelinkOut => "relink-out",
            Self::SwapParent => "swap-parent",
            Self::SwapModel => "swap-model",
            Self::MapAndWrite => "map-and-write",
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Pipe => "pipe",
            Self::Folder => "folder",
        }
    }

    /// The name leads to the same file of the same size afterwards: only bytes and times tell.
    const fn keeps_identity(self) -> bool {
        matches!(
            self,
            Self::Rewrite | Self::Flip | Self::Refill | Self::MapAndWrite
        )
    }

    /// Whoever opened the folder before goes on reading the right one.
    const fn moves_folders(self) -> bool {
        matches!(self, Self::SwapParent | Self::SwapModel)
    }
}

/// Where a load is halted: right after the step that gives the stage its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// The model was opened.
    Opened,
    /// The signature was opened.
    Signature,
    /// The names in the folder were read, and nothing was looked at.
    Listed,
    /// Every file was looked at, and memory is being made.
    Walked,
    /// Memory was made, and nothing was read.
    FirstRead,
    /// A part of the weights was read.
    Reading,
    /// The last byte was read and hashed.
    Digested,
    /// The names were read the second time.
    ListedAgain,
    /// Everything was compared, and the first file was sealed.
    Sealing,
    /// Every file was sealed.
    Sealed,
    /// The folder for the program was made.
    Viewed,
    /// The program runs.
    Running,
    /// The program has mapped and read the files, and reads them again.
    Loaded,
}

/// What a load may come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// The bytes that were signed.
    Bytes,
    /// An error.
    Refused,
    /// One of both.
    Either,
}

impl Stage {
    /// What a load may come to that is halted here while one of its files is attacked.
    #[must_use]
    pub fn expected(self, attack: Attack, name: &str) -> Expected {
        // Times are as fine as the file system has them, so a change without other traces may stay unseen. What was read
        // before it is what was signed.
        let already_read = self >= Self::Digested || (self == Self::Reading && name != WEIGHTS);
        match self {
            _ if self >= Self::Sealing => Expected::Bytes,
            Self::ListedAgain => Expected::Either,
            _ if attack.moves_folders() => Expected::Either,
            _ if already_read && attack.keeps_identity() => Expected::Either,
            _ => Expected::Refused,
        }
    }

    /// The heading of its column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Signature => "signature",
            Self::Listed => "listed",
            Self::Walked => "walked",
            Self::FirstRead => "first read",
            Self::Reading => "reading",
            Self::Digested => "digested",
            Self::ListedAgain => "listed again",
            Self::Sealing => "sealing",
            Self::Sealed => "sealed",
            Self::Viewed => "viewed",
            Self::Running => "running",
            Self::Loaded => "loaded",
        }
    }
}

/// How a model lies on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// A folder of files.
    Folder,
    /// A snapshot of a hub cache: links to blobs.
    HubCache,
}

impl Layout {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Folder, Self::HubCache];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::HubCache => "hub cache",
        }
    }
}

/// A small model that will be attacked: weights, configuration, code, and a tokenizer in a folder below.
#[derive(Debug)]
pub struct Victim {
    home: TempDir,
    model: PathBuf,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Victim {
    /// Makes one with about so many bytes of weights.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(layout: Layout, weights: usize) -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        let files = BTreeMap::from([
            (WEIGHTS, safetensors(weights)),
            (CONFIG, b"{\"model_type\": \"toy\", \"auto_map\": {}}".to_vec()),
            (CODE, b"def load():\n    return 'as it was signed'\n".to_vec()),
            (TOKENIZER, b"{\"version\": \"1.0\"}".to_vec()),
        ]);
        let model = match layout {
            Layout::Folder => home.path().join("m"),
            Layout::HubCache => home.path().join("hub/models--o--n/snapshots/0123"),
        };
        for (number, (name, content)) in files.iter().enumerate() {
            let path = model.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&model))?;
            match layout {
                Layout::Folder => fs::write(path, content)?,
                Layout::HubCache => {
                    let blobs = home.path().join("hub/models--o--n/blobs");
                    fs::create_dir_all(&blobs)?;
                    fs::write(blobs.join(format!("b{number}")), content)?;
                    let up = "../".repeat(name.split('/').count() + 1);
                    symlink(format!("{up}blobs/b{number}"), path)?;
                }
            }
        }
        Ok(Self { home, model, files })
    }

    /// Where the model is.
    #[must_use]
    pub fn model(&self) -> &Path {
        &self.model
    }

    /// A folder of its own around the model.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// What was signed: every file, and its bytes.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<&'static str, Vec<u8>> {
        &self.files
    }

    /// Whether these are exactly the files that were signed.
    ///
    /// # Errors
    /// The name of the first file that is another one, is missing, or is one too many.
    pub fn is<'n>(&self, seen: impl IntoIterator<Item = (&'n str, Vec<u8>)>) -> Result<(), String> {
        let seen: BTreeMap<&str, Vec<u8>> = seen.into_iter().collect();
        let names = self.files.keys().chain(seen.keys());
        match names
            .into_iter()
            .find(|name| self.files.get(**name) != seen.get(**name))
        {
            Some(name) => Err((*name).to_owned()),
            None => Ok(()),
        }
    }
}

/// One tensor of so many bytes, none of which is like its neighbour. Many models of a few sizes are made.
fn safetensors(size: usize) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<usize, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let make = || {
        let header = format!("{{\"w\":{{\"dtype\":\"U8\",\"shape\":[{size}],\"data_offsets\":[0,{size}]}}}}");
        let padded = format!("{header:width$}", width = header.len().next_multiple_of(8));
        let mut bytes = (padded.len() as u64).to_le_bytes().to_vec();
        bytes.extend(padded.as_bytes());
        let words = (0_u32..).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes());
        bytes.extend(words.take(size));
        bytes
    };
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(size).or_insert_with(make).clone()
}

/// The Python of this machine itself, not a script that looks for it.
#[must_use]
pub fn python() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let script = "import sys; print(sys.executable)";
        let told = Command::new(crate::on_path("python3")?)
            .args(["-c", script])
            .output()
            .ok()?;
        Some(PathBuf::from(String::from_utf8(told.stdout).ok()?.trim())).filter(|path| path.is_file())
    };
    FOUND.get_or_init(find).clone()
}

/// The other process. It is ended with this value.
#[derive(Debug)]
pub struct Attacker {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Attacker {
    /// Starts one; `None` where there is no Python, and the test is skipped.
    ///
    /// # Panics
    /// When it was there and does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(python) = python() else {
            crate::skip("there is no python3 to attack with");
            return None;
        };
        let mut process = Command::new(python)
            .args(["-I", "-S", "-c", ATTACKER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (orders, answers) = (process.stdin.take()?, process.stdout.take()?);
        Some(Self {
            process,
            orders,
            answers: BufReader::new(answers),
        })
    }

    /// Has it get ready.
    ///
    /// # Panics
    /// When it cannot, which is a fault of the test.
    pub fn aim(&mut self, attack: Attack, model: &Path, name: &str) {
        self.order(&format!("aim\t{}\t{}\t{name}", attack.name(), model.display()));
    }

    /// Has it do what it aimed at, and waits until it is done.
    ///
    /// # Panics
    /// When it cannot, which is a fault of the test.
    pub fn act(&mut self) {
        self.order("act");
    }

    /// Has it attack again and again, until this value is gone.
    ///
    /// # Panics
    /// When it cannot begin.
    pub fn storm(&mut self, seed: u64, model: &Path, names: &[&str]) {
        self.order(&format!(
            "storm\t{seed}\t{}\t{}",
            model.display(),
            names.join("\t")
        ));
    }

    /// Whether it still runs: a storm that ended by itself attacks nobody.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    fn order(&mut self, order: &str) {
        let mut answer = String::new();
        let told = writeln!(self.orders, "{order}").and_then(|()| self.answers.read_line(&mut answer));
        assert!(
            told.is_ok() && answer == "done\n",
            "the attacker failed at {order:?}"
        );
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        let _: io::Result<()> = self.process.kill();
        let _: io::Result<_> = self.process.wait();
    }
}

/// What loads came to, by attack and stage. Tests of several threads fill one.
#[derive(Debug, Default)]
pub struct Table(Mutex<BTreeMap<(Attack, Stage), Count>>);

/// How loads ended.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Count {
    /// With the bytes that were signed.
    pub verified: usize,
    /// With an error.
    pub refused: usize,
    /// Of these, with the one that says that something changed while it was read.
    pub midway: usize,
}

impl Count {
    /// Adds how one load ended.
    pub fn add(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.verified += 1,
            Err(why) => {
                self.refused += 1;
                self.midway += usize::from(why == "WL-ART-CHANGED");
            }
        }
    }

    /// Whether there was a race at all.
    #[must_use]
    pub const fn is_race(&self) -> bool {
        self.verified > 0 && self.refused > 0
    }

    /// Writes the count where `cargo xtask races` wants it, if it does.
    pub fn publish(self, of: &str, layout: Layout, what: &str) {
        let Self {
            verified,
            refused,
            midway,
        } = self;
        let row = format!(
            "| {what}, {} | {} | {verified} | {refused} | {midway} |\n",
            layout.name(),
            verified + refused
        );
        publish(&format!("rounds-{of}-{layout:?}.md"), &row);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.verified, self.refused) {
            (0, refused) => write!(f, "refused {refused}"),
            (verified, 0) => write!(f, "bytes {verified}"),
            (verified, refused) => write!(f, "bytes {verified}, refused {refused}"),
        }
    }
}

impl Table {
    /// Adds how one load ended: what was read by the program, or why it was refused.
    ///
    /// # Panics
    /// When that is not what a load may come to: other bytes, a refusal too late, or none.
    pub fn add(&self, stage: Stage, attack: Attack, name: &str, outcome: Result<Result<(), String>, String>) {
        let here = format!("{} of {name} at {}", attack.name(), stage.name());
        let expected = stage.expected(attack, name);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = table.entry((attack, stage)).or_default();
        match outcome {
            Ok(bytes) => {
                assert!(bytes.is_ok(), "{here}: other bytes were loaded: {bytes:?}");
                assert!(
                    expected != Expected::Refused,
                    "{here}: must be refused and was loaded"
                );
                count.verified += 1;
            }
            Err(why) => {
                assert!(
                    expected != Expected::Bytes,
                    "{here}: must be loaded and was refused: {why}"
                );
                count.refused += 1;
            }
        }
    }

    /// How many loads there were.
    #[must_use]
    pub fn loads(&self) -> usize {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.values().map(|count| count.verified + count.refused).sum()
    }

    /// Writes the table where `cargo xtask races` wants it, if it does.
    pub fn publish(&self, name: &str) {
        publish(name, &self.markdown());
    }

    fn markdown(&self) -> String {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stages: Vec<Stage> = table.keys().map(|(_, stage)| *stage).collect();
        stages.sort_unstable();
        stages.dedup();
        let mut text = String::from("| attack |");
        stages.iter().for_each(|stage| {
            let _ = write!(text, " {} |", stage.name());
        });
        let _ = write!(text, "\n|---|{}\n", "---|".repeat(stages.len()));
        for attack in Attack::ALL {
            let _ = write!(text, "| {} |", attack.name());
            for stage in &stages {
                let cell = table.get(&(attack, *stage)).map(ToString::to_string);
                let _ = write!(text, " {} |", cell.unwrap_or_default());
            }
            text.push('\n');
        }
        text
    }
}

/// Writes a result where `cargo xtask races` wants it, if it does.
///
/// # Panics
/// When it is wanted and cannot be written.
fn publish(name: &str, text: &str) {
    if let Some(folder) = env::var_os(RESULTS) {
        let written = fs::write(Path::new(&folder).join(name), text);
        assert!(
            written.is_ok(),
            "a result of {name} cannot be written: {written:?}"
        );
    }
}

/// How many free-running rounds there are to be.
#[must_use]
pub fn rounds() -> usize {
    env::var(ROUNDS)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(USUAL_ROUNDS)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt as _;

    use super::*;

    #[test]
    #[should_panic(expected = "other bytes")]
    fn other_bytes_are_no_result() {
        Table::default().add(
            Stage::Digested,
            Attack::Rewrite,
            WEIGHTS,
            Ok(Err(WEIGHTS.to_owned())),
        );
    }

    #[test]
    #[should_panic(expected = "must be refused")]
    fn a_load_that_must_notice_and_does_not_is_no_result() {
        Table::default().add(Stage::Walked, Attack::Replace, WEIGHTS, Ok(Ok(())));
    }

    #[test]
    #[should_panic(expected = "must be loaded")]
    fn a_refusal_too_late_is_no_result() {
        Table::default().add(Stage::Viewed, Attack::Delete, WEIGHTS, Err("x".to_owned()));
    }

    #[test]
    fn the_attacker_changes_what_it_aims_at_and_nothing_before() {
        let Some(mut attacker) = Attacker::start() else {
            return;
        };
        for layout in Layout::BOTH {
            for attack in Attack::ALL {
                let victim = Victim::new(layout, 5000).unwrap();
                let seen = |name: &'static str| fs::read(victim.model().join(name)).ok();
                let whole = || {
                    let read = victim
                        .files()
                        .keys()
                        .filter_map(|name| Some((*name, seen(name)?)));
                    victim.is(read.collect::<Vec<_>>())
                };
                attacker.aim(attack, victim.model(), CODE);
                whole().unwrap();
                attacker.act();
                let there = fs::symlink_metadata(victim.model().join(CODE));
                let is_pipe = there.is_ok_and(|there| there.file_type().is_fifo());
                let added = victim.model().join("added.py").exists();
                assert!(is_pipe || added || whole().is_err(), "{attack:?} {layout:?}");
            }
        }
    }
}

//! Processes that verify a model once between them. Other ranks are real processes: this very program, started again.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use weightlock_artifact::{
    digest::{Algorithm, engine::Observer},
    inventory::{Links, Root},
    path::ArtifactPath,
};
use weightlock_runtime::{
    Error,
    folder::PrivateFolder,
    guard::share::{self, Shared, Standing},
    view::{Frozen as _, SealedView},
};
use weightlock_signing::oms::model::Mismatch;

use super::{Signed, content, path, rules, settings, verified};

/// Where a rank finds its model, and what it does.
const PLACE: &str = "WEIGHTLOCK_TEST_PLACE";
const DEED: &str = "WEIGHTLOCK_TEST_DEED";

const SIZE: usize = (3 << 20) + 5;

fn model() -> Signed {
    Signed::new(&[
        ("w.bin", &content(SIZE, 1)),
        ("a/config.json", b"{}"),
        ("empty", b""),
    ])
}

fn attempt(place: &Path, observer: &dyn Observer) -> Result<Result<Shared, Mismatch>, Error> {
    let folder = PrivateFolder::open(&place.join("meet")).unwrap();
    let root = Root::open(&place.join("m"), Links::Refused).unwrap();
    share::read(
        &verified(place),
        &root,
        (&rules(), ""),
        None,
        settings(),
        observer,
        &folder,
    )
}

fn shared(signed: &Signed) -> Shared {
    attempt(signed.place.path(), &()).unwrap().unwrap()
}

fn leader(shared: &Shared) -> Option<u32> {
    match shared.standing() {
        Standing::Led(_) => None,
        Standing::Joined { survey, leader } => {
            assert!(survey.is_complete());
            Some(*leader)
        }
    }
}

/// The weights as they are, and which file in memory they lie in.
fn weights(shared: &Shared) -> (Vec<u8>, u64) {
    let sealed = &shared.files()[&path("w.bin")];
    let inode = rustix::fs::fstat(sealed.as_fd()).unwrap().st_ino;
    (sealed.map().unwrap().as_ref().to_vec(), inode)
}

fn names(shared: &Shared) -> Vec<&str> {
    shared.files().keys().map(ArtifactPath::as_str).collect()
}

/// Another process.
struct Rank {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Rank {
    fn start(signed: &Signed, deed: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "share::a_rank", "--ignored", "--nocapture"])
            .env(PLACE, signed.place.path())
            .env(DEED, deed)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            input,
            output,
        }
    }

    /// The next thing that it says.
    fn says(&mut self) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some((_, said)) = line.trim_end().split_once("rank: ") {
                return said.to_owned();
            }
            line.clear();
        }
        "nothing".to_owned()
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Lets it end.
    fn end(mut self) {
        drop(self.input.take());
        assert!(self.process.wait().unwrap().success());
    }
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "rank: {words}").unwrap();
    out.flush().unwrap();
}

fn wait_for_the_end() {
    let mut all = Vec::new();
    std::io::stdin().read_to_end(&mut all).unwrap();
}

/// Never gets on, once it has begun.
struct Stuck;

impl Observer for Stuck {
    fn begins(&self, _: u64) {
        say("verifying");
        wait_for_the_end();
    }
}

#[test]
#[ignore = "a process of the other tests"]
fn a_rank() {
    let place = PathBuf::from(env::var_os(PLACE).expect("the tests of this file start it"));
    if env::var(DEED).unwrap() == "stuck" {
        drop(attempt(&place, &Stuck));
        return;
    }
    match attempt(&place, &()).unwrap() {
        Ok(shared) => {
            let (bytes, inode) = weights(&shared);
            let digest = Algorithm::Sha256.digest(&bytes).hex();
            let part = leader(&shared).map_or_else(|| "led".to_owned(), |leader| format!("joined {leader}"));
            say(&format!("{inode} {digest} {part}"));
            wait_for_the_end();
        }
        Err(mismatch) => say(mismatch.codes()[0].as_str()),
    }
}

#[test]
fn one_of_many_reads_and_all_have_the_same_memory() {
    let signed = model();
    let mut ranks: Vec<Rank> = (0..5).map(|_| Rank::start(&signed, "read")).collect();
    let said: Vec<String> = ranks.iter_mut().map(Rank::says).collect();
    let mut memory: Vec<&str> = said
        .iter()
        .map(|said| {
            said.rsplit_once(" led")
                .or_else(|| said.split_once(" joined"))
                .unwrap()
                .0
        })
        .collect();
    memory.dedup();
    assert_eq!(memory.len(), 1, "{said:?}");
    let digest = Algorithm::Sha256.digest(&content(SIZE, 1)).hex();
    assert!(memory[0].ends_with(&digest));
    let leaders: Vec<u32> = ranks
        .iter()
        .zip(&said)
        .filter(|(_, said)| said.ends_with("led"))
        .map(|(rank, _)| rank.process.id())
        .collect();
    assert_eq!(leaders.len(), 1, "{said:?}");
    let joined = said
        .iter()
        .filter(|said| said.ends_with(&format!("joined {}", leaders[0])));
    assert_eq!(joined.count(), 4, "{said:?}");
    // And one in this process.
    let shared = shared(&signed);
    assert_eq!(leader(&shared), Some(leaders[0]));
    assert_eq!(names(&shared), ["a/config.json", "empty", "w.bin"]);
    ranks.into_iter().for_each(Rank::end);
}

#[test]
fn who_joined_keeps_the_bytes_when_the_leader_ends() {
    let signed = model();
    let mut rank = Rank::start(&signed, "read");
    assert!(rank.says().ends_with("led"));
    let shared = shared(&signed);
    assert_eq!(leader(&shared), Some(rank.process.id()));
    rank.kill();
    fs::write(signed.file("w.bin"), "other").unwrap();
    assert!(weights(&shared).0 == content(SIZE, 1));
    // Programs read it by paths too.
    let view = SealedView::new(shared, signed.place.path(), &path("m"), false).unwrap();
    assert!(fs::read(view.path().join("w.bin")).unwrap() == content(SIZE, 1));
    assert_eq!(fs::read(view.path().join("a/config.json")).unwrap(), b"{}");
}

#[test]
fn when_the_leader_dies_the_next_one_leads() {
    let signed = model();
    let mut stuck = Rank::start(&signed, "stuck");
    assert_eq!(stuck.says(), "verifying");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| shared(&signed));
        thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished());
        stuck.kill();
        assert_eq!(leader(&waiting.join().unwrap()), None);
    });
    // One that died after it had published left only a note behind.
    let mut rank = Rank::start(&signed, "read");
    assert!(rank.says().ends_with("led"));
    rank.kill();
    let again = shared(&signed);
    assert_eq!(leader(&again), None);
    assert!(weights(&again).0 == content(SIZE, 1));
}

#[test]
fn waiting_ends_when_the_caller_wants_it_to() {
    struct Impatient;

    impl Observer for Impatient {
        fn cancelled(&self) -> bool {
            true
        }
    }

    let signed = model();
    let mut stuck = Rank::start(&signed, "stuck");
    assert_eq!(stuck.says(), "verifying");
    let refused = attempt(signed.place.path(), &Impatient).unwrap_err();
    assert!(matches!(
        refused,
        Error::Artifact(weightlock_artifact::Error::Interrupted)
    ));
    stuck.kill();
}

/// The one note in the meeting place.
fn note(signed: &Signed) -> PathBuf {
    let notes = fs::read_dir(signed.place.path().join("meet")).unwrap();
    let mut notes = notes
        .map(|note| note.unwrap().path())
        .filter(|note| note.extension().is_none());
    let note = notes.next().unwrap();
    assert_eq!(notes.next(), None);
    note
}

#[test]
fn a_note_that_is_not_true_is_not_believed() {
    let signed = model();
    let led = shared(&signed);
    let note = note(&signed);
    let text = fs::read_to_string(&note).unwrap();
    let joined = || leader(&shared(&signed)).is_some();
    assert!(joined());
    // Word by word: process, its start, number of files; descriptor, device, inode, size, name of each file.
    let words: Vec<&str> = text.split(' ').collect();
    for at in 1..words.len() {
        let (number, rest) = words[at].split_at(words[at].find('\n').unwrap_or(words[at].len()));
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        // The next number may be that of a thread of this process, which has the same files.
        let changed = format!("{}{rest}", number + 1_000_003);
        let mut words = words.clone();
        words[at] = &changed;
        fs::write(&note, words.join(" ")).unwrap();
        assert!(!joined(), "{words:?}");
    }
    for wrong in [
        "",
        "weightlock-share-v1\n",
        &text[..text.len() - 1],
        &format!("{text}x"),
    ] {
        fs::write(&note, wrong).unwrap();
        assert!(!joined());
    }
    fs::write(&note, &text).unwrap();
    assert!(joined());
    drop(led);
    assert!(!note.exists(), "a leader that ends takes its note along");
    fs::write(&note, &text).unwrap();
    assert!(!joined(), "its files are gone");
}

#[test]
fn who_joins_compares_the_names_itself() {
    let signed = model();
    let _led = shared(&signed);
    fs::write(signed.file("modeling.py"), "").unwrap();
    let refused = attempt(signed.place.path(), &()).unwrap().unwrap_err();
    assert_eq!(refused.codes()[0].as_str(), "WL-SIG-EXTRA-FILE");
    fs::remove_file(signed.file("modeling.py")).unwrap();
    fs::write(signed.file("w.bin"), "shorter").unwrap();
    let mut rank = Rank::start(&signed, "read");
    assert_eq!(rank.says(), "WL-SIG-TAMPERED");
    rank.end();
}

#[test]
fn other_signatures_and_other_folders_are_not_shared() {
    let (one, two) = (model(), model());
    let led = shared(&one);
    let folder = PrivateFolder::open(&one.place.path().join("meet")).unwrap();
    let read = |signed: &Signed, root| {
        let shared = share::read(
            &signed.verified(),
            &root,
            (&rules(), ""),
            None,
            settings(),
            &(),
            &folder,
        );
        shared.unwrap().unwrap()
    };
    // The same files in another folder.
    assert_eq!(leader(&read(&one, two.root())), None);
    // Other files of the same sizes in the same folder.
    let other = Signed::new(&[
        ("w.bin", &content(SIZE, 2)),
        ("a/config.json", b"{}"),
        ("empty", b""),
    ]);
    fs::write(one.file("w.bin"), content(SIZE, 2)).unwrap();
    let shared = read(&other, one.root());
    assert_eq!(leader(&shared), None);
    assert!(weights(&shared).0 == content(SIZE, 2));
    // The very same statement about the same folder is shared, and gives the bytes that were verified then.
    let joined = read(&one, one.root());
    assert!(leader(&joined).is_some() && weights(&joined).0 == content(SIZE, 1));
    drop(led);
}

#[test]
fn a_meeting_place_that_others_may_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let signed = model();
    let meet = signed.place.path().join("open");
    fs::create_dir(&meet).unwrap();
    fs::set_permissions(&meet, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        PrivateFolder::open(&meet).unwrap_err().code().as_str(),
        "WL-RUN-FOLDER"
    );
}

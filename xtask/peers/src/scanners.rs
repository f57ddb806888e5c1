//! Foreign scanners of models, and the corpus on which they and Weightlock are compared.
//!
//! Every scanner is called through `scan.py`, file by file, as its users call it; see there for what a call can come to.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::Peer;

/// The four, in the order of the scorecard.
pub const SCANNERS: [Peer; 4] = [
    Peer::Picklescan,
    Peer::ModelScan,
    Peer::Fickling,
    Peer::ModelAudit,
];

/// What a scanner says of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The file is dangerous.
    Refused,
    /// Something is reported, and the file passes.
    Warned,
    /// The file cannot be read, or is not supported.
    NoAnswer,
    /// The scanner itself failed.
    Crashed,
    /// Nothing is wrong.
    Clean,
}

impl Verdict {
    /// Every verdict, in the order of the scorecard.
    pub const ALL: [Self; 5] = [
        Self::Refused,
        Self::Warned,
        Self::NoAnswer,
        Self::Crashed,
        Self::Clean,
    ];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Warned => "warned",
            Self::NoAnswer => "no answer",
            Self::Crashed => "crashed",
            Self::Clean => "clean",
        }
    }

    /// One letter, for lists.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Refused => 'R',
            Self::Warned => 'W',
            Self::NoAnswer => 'N',
            Self::Crashed => 'X',
            Self::Clean => 'C',
        }
    }

    /// The verdict of a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.letter() == letter)
    }
}

/// A scanner's answer on one file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// What it says.
    pub verdict: Verdict,
    /// Its own words, shortened.
    pub why: String,
    /// Seconds on the clock, without importing the program.
    pub seconds: f64,
    /// Largest resident set in kilobytes.
    pub rss_kb: u64,
}

/// A file of the corpus.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Case {
    /// Below the corpus: `dev/pickle/os_system_p0.pkl`.
    pub file: String,
    /// `malicious`, `suspicious` or `benign`.
    pub label: String,
    /// What kind of case it is.
    pub class: String,
    /// What it shows.
    pub note: String,
}

/// The corpus, as `testdata/scan/make.py` writes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corpus {
    /// Where it lies.
    pub folder: PathBuf,
    /// Its files.
    pub cases: Vec<Case>,
}

impl Corpus {
    /// The parts of the corpus.
    pub const PARTS: [&str; 3] = ["dev", "varied", "benign_libs"];

    /// Writes the corpus into `folder` and reads its manifests.
    ///
    /// # Errors
    /// When Python is missing, or the generator fails.
    pub fn make(folder: &Path) -> Result<Self> {
        let script = repository().join("testdata/scan/make.py");
        run(Command::new("python3").arg(script).arg(folder))?;
        let mut cases = Vec::new();
        for part in Self::PARTS {
            let manifest = folder.join(part).join("manifest.json");
            let text = fs::read(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
            let listed = serde_json::from_slice::<Vec<Case>>(&text)
                .with_context(|| format!("cannot parse {}", manifest.display()))?;
            cases.extend(listed.into_iter().map(|case| Case {
                file: format!("{part}/{}", case.file),
                ..case
            }));
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            cases,
        })
    }

    /// Asks a foreign scanner about every file.
    ///
    /// # Errors
    /// When the scanner is missing or cannot be called at all. That it fails at a file is an answer.
    pub fn ask(&self, scanner: Peer) -> Result<Vec<Answer>> {
        let python = scanner
            .find()
            .with_context(|| format!("{} is missing: {}", scanner.name(), scanner.install()))?;
        self.call(&python, scanner.name().as_ref())
    }

    /// Asks Weightlock about every file.
    ///
    /// # Errors
    /// As [`Corpus::ask`].
    pub fn ask_weightlock(&self, program: &Path) -> Result<Vec<Answer>> {
        self.call(Path::new("python3"), program.as_os_str())
    }

    fn call(&self, python: &Path, scanner: &OsStr) -> Result<Vec<Answer>> {
        let (list, out) = (self.folder.join("list"), self.folder.join("answers"));
        let paths = self
            .cases
            .iter()
            .map(|case| format!("{}\n", self.folder.join(&case.file).display()));
        fs::write(&list, paths.collect::<String>())?;
        let script = repository().join("xtask/peers/scan.py");
        let mut command = Command::new(python);
        command
            .arg(script)
            .arg(scanner)
            .args([&list, &out])
            .env("PROMPTFOO_DISABLE_TELEMETRY", "1")
            .env("NO_COLOR", "1");
        run(&mut command)?;
        let text = fs::read_to_string(&out)?;
        let answers = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<Vec<Answer>, _>>()?;
        if answers.len() != self.cases.len() {
            bail!("{} answers on {} files", answers.len(), self.cases.len());
        }
        Ok(answers)
    }
}

/// Which verdict each scanner gave on each file: a letter each, Weightlock's first and then those of [`SCANNERS`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verdicts(pub BTreeMap<String, String>);

impl Verdicts {
    /// The verdicts of `answers`: Weightlock's on every file of the corpus, then those of each of [`SCANNERS`].
    #[must_use]
    pub fn new(corpus: &Corpus, answers: &[Vec<Answer>]) -> Self {
        let letters = |index: usize| {
            let of_all = answers.iter().filter_map(|answers| answers.get(index));
            of_all.map(|answer| answer.verdict.letter()).collect()
        };
        let files = corpus.cases.iter().enumerate();
        Self(
            files
                .map(|(index, case)| (case.file.clone(), letters(index)))
                .collect(),
        )
    }

    /// The verdict of the scanner at `index` (0 is Weightlock) on `file`.
    #[must_use]
    pub fn of(&self, file: &str, index: usize) -> Option<Verdict> {
        Verdict::of_letter(self.0.get(file)?.chars().nth(index)?)
    }

    /// Where Weightlock and the scanner at `index` differ now although `published` has them agree, or has another
    /// difference. A difference that is gone is no complaint.
    #[must_use]
    pub fn beyond(&self, published: &Self, index: usize) -> Vec<String> {
        let differs = |file: &&String| self.of(file, 0) != self.of(file, index);
        let told = |file: &&String| {
            let pair = |all: &Self| (all.of(file, 0), all.of(file, index));
            pair(self) == pair(published)
        };
        let name = |verdict: Option<Verdict>| verdict.map_or("not asked", Verdict::name);
        self.0
            .keys()
            .filter(differs)
            .filter(|file| !told(file))
            .map(|file| {
                format!(
                    "{file}: weightlock {}, the other {}",
                    name(self.of(file, 0)),
                    name(self.of(file, index))
                )
            })
            .collect()
    }
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(command: &mut Command) -> Result<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let out = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {shown}"))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        bail!("{shown} failed: {}", said.lines().last().unwrap_or("no message"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(pairs: &[(&str, &str)]) -> Verdicts {
        Verdicts(
            pairs
                .iter()
                .map(|(file, letters)| ((*file).to_owned(), (*letters).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn letters_and_verdicts_belong_together() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::of_letter(verdict.letter()), Some(verdict));
        }
        assert_eq!(Verdict::of_letter('?'), None);
    }

    #[test]
    fn a_difference_that_was_published_passes_and_a_new_one_does_not() {
        let published = verdicts(&[("a", "RC"), ("b", "CC"), ("c", "RC")]);
        assert!(published.beyond(&published, 1).is_empty());
        let gone = verdicts(&[("a", "RR"), ("b", "CC"), ("c", "RC")]);
        assert!(gone.beyond(&published, 1).is_empty());
        let other = verdicts(&[("a", "CR"), ("b", "CR"), ("d", "RC")]);
        assert_eq!(other.beyond(&published, 1).len(), 3);
    }

    #[test]
    fn the_same_verdict_of_both_is_no_difference() {
        let published = verdicts(&[("a", "RC")]);
        assert!(
            verdicts(&[("a", "CC"), ("b", "RR")])
                .beyond(&published, 1)
                .is_empty()
        );
    }
}

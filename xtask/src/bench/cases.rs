//! What is measured: the data, both command lines, and the bars. The command lines of the program are all here.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use weightlock_peers::{
    Peer,
    sigstore::{Account, Rekor, Sigstore},
};

use super::data;
use super::kernels;
use super::measure::{Line, Sample};

/// All cases, in the order of the table.
pub(super) const NAMES: [&str; 16] = [
    "tiny-sign",
    "tiny-verify",
    "tiny-verify-identity",
    "one-file-buffered",
    "one-file-mapped",
    "large-files-sign",
    "large-files-verify-buffered",
    "large-files-verify-mapped",
    "many-files-sign",
    "many-files-verify-buffered",
    "many-files-verify-mapped",
    kernels::NAME,
    "shards-buffered",
    "shards-mapped",
    "blake3",
    "warm-cache",
];

/// One comparison.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) ours: Line,
    pub(super) peer: Line,
    pub(super) rounds: usize,
    pub(super) bars: Vec<Bar>,
    /// Both print a digest of the same bytes, which must be the same.
    pub(super) same_digest: bool,
}

/// What a bar measures.
#[derive(Clone, Copy, Debug)]
pub(super) enum Metric {
    /// Ours divided by the peer's.
    Wall,
    /// Ours divided by the peer's.
    Cpu,
    /// Megabytes (10^6).
    Memory,
    /// Megabytes (10^6) that went through read calls.
    Read,
    /// Milliseconds on the clock, ours alone.
    Milliseconds,
}

/// At most `limit`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    pub(super) metric: Metric,
    pub(super) limit: f64,
}

impl Bar {
    /// At most so many milliseconds on the clock.
    pub(super) const fn milliseconds(limit: f64) -> Self {
        Self {
            metric: Metric::Milliseconds,
            limit,
        }
    }

    /// The bar in words, and whether it was met.
    pub(super) fn judge(self, ours: &Sample, peer: &Sample) -> (String, bool) {
        #[expect(clippy::cast_precision_loss, reason = "megabytes are far below 2^52 bytes")]
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let (what, value) = match self.metric {
            Metric::Wall => ("wall", ours.wall / peer.wall),
            Metric::Cpu => ("CPU", ours.cpu / peer.cpu),
            Metric::Memory => ("MB", megabytes(ours.rss_kb * 1024)),
            Metric::Read => ("MB read", megabytes(ours.read)),
            Metric::Milliseconds => ("ms", ours.wall * 1e3),
        };
        (
            format!("{what} {value:.3} ≤ {:.3}", self.limit),
            value <= self.limit,
        )
    }
}

pub(super) fn bars(list: &[(Metric, f64)]) -> Vec<Bar> {
    list.iter()
        .map(|(metric, limit)| Bar {
            metric: *metric,
            limit: *limit,
        })
        .collect()
}

/// A folder for the data, deleted at the end, and the program under test.
#[derive(Debug)]
pub(super) struct Lab {
    home: PathBuf,
    program: PathBuf,
    quick: bool,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

impl Lab {
    /// Makes the folder below `dir`.
    pub(super) fn new(dir: &Path, program: PathBuf, quick: bool) -> Result<Self> {
        let home = dir.join(format!("weightlock-bench-{}", std::process::id()));
        fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        Ok(Self { home, program, quick })
    }

    /// The program under test.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// A command line for people: base names instead of paths.
    pub(super) fn shorten(&self, line: &Line) -> String {
        let home = self.home.to_string_lossy();
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let args = line
            .args
            .iter()
            .map(|arg| arg.to_string_lossy().replace(&format!("{home}/"), ""))
            .map(|arg| match Path::new(&arg) {
                ours if ours == self.program => "weightlock".to_owned(),
                other if other.is_absolute() => name(other),
                _ => arg,
            });
        std::iter::once(name(&line.program))
            .chain(args)
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn path(&self, name: &str) -> OsString {
        self.home.join(name).into_os_string()
    }

    /// So many, or a sixteenth with `--quick`.
    pub(super) const fn smaller(&self, count: u64) -> u64 {
        if self.quick { count.div_ceil(16) } else { count }
    }

    /// A model folder; with `--quick`, a sixteenth of it.
    pub(super) fn model(&self, name: &str, count: u64, size: u64) -> Result<OsString> {
        let (count, size) = match (self.quick, count) {
            (false, _) => (count, size),
            (true, 1) => (1, size / 16),
            (true, _) => (count.div_ceil(16), size),
        };
        data::folder(&self.home.join(name), count, size)?;
        Ok(self.path(name))
    }

    fn tiny(&self) -> Result<OsString> {
        self.model("tiny", 4, 16 << 10)
    }

    fn large(&self) -> Result<OsString> {
        self.model("large", 16, 256 << 20)
    }

    fn many(&self) -> Result<OsString> {
        self.model("many", 2000, 1 << 20)
    }

    fn single(&self) -> Result<OsString> {
        self.model("single", 1, 4 << 30)?;
        Ok(self.path("single/part-00000.bin"))
    }

    fn ours(&self, args: Vec<OsString>) -> Line {
        Line {
            program: self.program.clone(),
            args,
            ..Line::default()
        }
    }

    /// A fresh P-256 pair, made by openssl so that neither side is favoured.
    pub(super) fn keys(&self) -> Result<(OsString, OsString)> {
        let (key, public) = (self.path("bench.key"), self.path("bench.pub"));
        if !Path::new(&public).exists() {
            let openssl = peer(Peer::Openssl)?;
            let make = [
                "genpkey",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-out",
            ]
            .map(OsString::from);
            run(&openssl, [make.as_slice(), std::slice::from_ref(&key)].concat())?;
            let show = [
                OsString::from("pkey"),
                "-in".into(),
                key.clone(),
                "-pubout".into(),
                "-out".into(),
            ];
            run(
                &openssl,
                [show.as_slice(), std::slice::from_ref(&public)].concat(),
            )?;
        }
        Ok((key, public))
    }

    /// `sign` of both.
    fn sign(&self, model: OsString, rounds: usize, bars: Vec<Bar>) -> Result<Case> {
        let (key, _) = self.keys()?;
        let ours = words(
            &["sign", "key", "--key"],
            [
                &key,
                &"--signature".into(),
                &self.path("our.sig"),
                &"--replace".into(),
                &model,
            ],
        );
        let peer_args = words(
            &["sign", "key", "--private_key"],
            [&key, &"--signature".into(), &self.path("peer.sig"), &model],
        );
        Ok(Case {
            ours: self.ours(ours),
            peer: Line {
                program: peer(Peer::ModelSigning)?,
                args: peer_args,
                ..Line::default()
            },
            rounds,
            bars,
            same_digest: false,
        })
    }

    /// `verify` of both, of the same signature, which the reference makes first.
    fn verify(&self, model: OsString, read: Option<&str>, rounds: usize, bars: Vec<Bar>) -> Result<Case> {
        let (key, public) = self.keys()?;
        let (reference, signature) = (peer(Peer::ModelSigning)?, self.path("peer.sig"));
        run(
            &reference,
            words(
                &["sign", "key", "--private_key"],
                [&key, &"--signature".into(), &signature, &model],
            ),
        )?;
        let mut ours = words(
            &["verify", "key", "--key"],
            [&public, &"--signature".into(), &signature],
        );
        ours.extend(
            read.into_iter()
                .flat_map(|how| ["--read".into(), OsString::from(how)]),
        );
        ours.push(model.clone());
        let peer_args = words(
            &["verify", "key", "--public_key"],
            [&public, &"--signature".into(), &signature, &model],
        );
        Ok(Case {
            ours: self.ours(ours),
            peer: Line {
                program: reference,
                args: peer_args,
                ..Line::default()
            },
            rounds,
            bars,
            same_digest: false,
        })
    }

    /// `verify` of both by a Sigstore identity, offline: ours signs with services of this process, which end then.
    fn verify_identity(&self, model: OsString, rounds: usize, bars: Vec<Bar>) -> Result<Case> {
        let account = Account::email("signer@example.com");
        let (trust, token) = (self.path("trust.json"), self.path("token"));
        let signature = self.path("identity.sig");
        let sigstore = Sigstore::start();
        fs::write(&trust, sigstore.trust_config(Rekor::First))?;
        fs::write(&token, sigstore.token(&account))?;
        let named = ["sign", "sigstore", "--yes", "--replace", "--trust-config"];
        let sign = [
            &trust,
            &"--identity-token-file".into(),
            &token,
            &"--signature".into(),
            &signature,
            &model,
        ];
        run(&self.program, words(&named, sign))?;
        let (name, issuer) = (
            OsString::from(account.identity()),
            OsString::from(sigstore.issuer()),
        );
        let ours = [
            &trust,
            &"--signature".into(),
            &signature,
            &"--identity-provider".into(),
            &issuer,
            &model,
        ];
        let peers = [
            &trust,
            &"--signature".into(),
            &signature,
            &"--identity_provider".into(),
            &issuer,
            &model,
        ];
        let verify = |method: &[&str], option: &str, from: [&OsString; 6]| {
            let mut args = words(method, [&name]);
            args.push(option.into());
            args.extend(from.into_iter().cloned());
            args
        };
        Ok(Case {
            ours: self.ours(verify(
                &["verify", "sigstore", "--identity"],
                "--trusted-root",
                ours,
            )),
            peer: Line {
                program: peer(Peer::ModelSigning)?,
                args: verify(&["verify", "sigstore", "--identity"], "--trust_config", peers),
                ..Line::default()
            },
            rounds,
            bars,
            same_digest: false,
        })
    }

    /// `digest` of one large file against another program.
    fn digest(&self, args: &[&str], peer: Line, bars: Vec<Bar>) -> Result<Case> {
        let ours = words(&[["digest"].as_slice(), args].concat(), [&self.single()?]);
        Ok(Case {
            ours: self.ours(ours),
            peer,
            rounds: 5,
            bars,
            same_digest: true,
        })
    }

    /// One large file by shards of 1 MiB against one stream, on one processor, signed and not written: the whole work
    /// but the last step. The answers differ in kind, so they are not compared.
    fn shards(&self, read: &str, limit: f64) -> Result<Case> {
        let (key, _) = self.keys()?;
        let single = self.single()?;
        let sign = |more: &[&str]| {
            let fixed = ["sign", "--dry-run", "--jobs", "1", "--read", read];
            let fixed = [fixed.as_slice(), more, &["--key"]].concat();
            self.ours(words(&fixed, [&key, &single]))
        };
        Ok(Case {
            ours: sign(&["--shards", "1MiB"]),
            peer: sign(&[]),
            rounds: 5,
            bars: bars(&[(Metric::Wall, limit)]),
            same_digest: false,
        })
    }

    /// `digest` with a cache of its own. The variable is set by `env`, whose own time counts as ours.
    fn cached(&self, peer: Line, bars: Vec<Bar>) -> Result<Case> {
        let mut folder = OsString::from("WEIGHTLOCK_CACHE_DIR=");
        folder.push(self.path("cache"));
        let args = words(
            &[],
            [
                &folder,
                &self.program.clone().into_os_string(),
                &"digest".into(),
                &"--digest-cache".into(),
                &self.single()?,
            ],
        );
        let ours = Line {
            program: PathBuf::from("/usr/bin/env"),
            args,
            ..Line::default()
        };
        Ok(Case {
            ours,
            peer,
            rounds: 5,
            bars,
            same_digest: true,
        })
    }

    fn openssl_digest(&self) -> Result<Line> {
        Ok(Line {
            program: peer(Peer::Openssl)?,
            args: words(&["dgst", "-sha256"], [&self.single()?]),
            ..Line::default()
        })
    }
}

pub(super) fn words<'a>(fixed: &[&str], rest: impl IntoIterator<Item = &'a OsString>) -> Vec<OsString> {
    fixed
        .iter()
        .map(OsString::from)
        .chain(rest.into_iter().cloned())
        .collect()
}

pub(super) fn peer(peer: Peer) -> Result<PathBuf> {
    peer.find()
        .with_context(|| format!("{} is missing: {}", peer.name(), peer.install()))
}

pub(super) fn run(program: &Path, args: Vec<OsString>) -> Result<()> {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output();
    let out = out.with_context(|| format!("cannot run {}", program.display()))?;
    if !out.status.success() {
        bail!(
            "{} failed: {}",
            program.display(),
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    Ok(())
}

/// Makes the data of a case and gives its command lines.
pub(super) fn prepare(name: &str, lab: &Lab) -> Result<Case> {
    use Metric::{Cpu, Memory, Read, Wall};
    let tiny = bars(&[(Wall, 1.0 / 40.0), (Memory, 15.0)]);
    let large = bars(&[(Wall, 0.4), (Cpu, 0.65)]);
    let large_mapped = bars(&[(Wall, 0.4), (Cpu, 0.4)]);
    let single = bars(&[(Cpu, 1.10), (Wall, 1.0), (Memory, 32.0)]);
    match name {
        "tiny-sign" => lab.sign(lab.tiny()?, 20, tiny),
        "tiny-verify" => lab.verify(lab.tiny()?, None, 20, tiny),
        // The bar is for the verification alone; held by the whole process, it is held by that.
        "tiny-verify-identity" => lab.verify_identity(lab.tiny()?, 20, bars(&[(Metric::Milliseconds, 5.0)])),
        "one-file-buffered" => lab.digest(&["--read", "buffered"], lab.openssl_digest()?, single),
        "one-file-mapped" => lab.digest(&["--read", "mapped"], lab.openssl_digest()?, single),
        "large-files-sign" => lab.sign(lab.large()?, 5, large),
        "large-files-verify-buffered" => lab.verify(lab.large()?, Some("buffered"), 5, large),
        "large-files-verify-mapped" => lab.verify(lab.large()?, Some("mapped"), 5, large_mapped),
        "many-files-sign" => lab.sign(lab.many()?, 5, large),
        "many-files-verify-buffered" => lab.verify(lab.many()?, Some("buffered"), 5, large),
        "many-files-verify-mapped" => lab.verify(lab.many()?, Some("mapped"), 5, large_mapped),
        "shards-buffered" => lab.shards("buffered", 1.0 / 1.8),
        "shards-mapped" => lab.shards("mapped", 1.0 / 3.0),
        "blake3" => {
            let b3sum = Line {
                program: peer(Peer::B3sum)?,
                args: vec![lab.single()?],
                ..Line::default()
            };
            lab.digest(&["--algorithm", "blake3"], b3sum, bars(&[(Wall, 1.0 / 0.9)]))
        }
        // The first round fills the cache and is not counted.
        "warm-cache" => lab.cached(lab.openssl_digest()?, bars(&[(Wall, 0.01), (Read, 1.0)])),
        _ => bail!("there is no case {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_at_its_limit_and_not_above() {
        let one = Sample {
            wall: 1.0,
            cpu: 1.0,
            rss_kb: 1000,
            read: 5,
        };
        let bar = |metric, limit| Bar { metric, limit }.judge(&one, &one).1;
        assert!(bar(Metric::Wall, 1.0));
        assert!(!bar(Metric::Wall, 0.99));
        assert!(!bar(Metric::Memory, 1.0));
        assert!(bar(Metric::Memory, 1.1));
    }

    #[test]
    fn commands_are_shown_without_the_folder_of_the_day() {
        let dir = tempfile::tempdir().unwrap();
        let lab = Lab::new(dir.path(), PathBuf::from("/x/weightlock"), true).unwrap();
        let line = lab.ours(vec!["digest".into(), lab.path("single/a.bin")]);
        assert_eq!(lab.shorten(&line), "weightlock digest single/a.bin");
    }
}

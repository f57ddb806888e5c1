//! Bills of materials: the cost of starting, of a large model, of an environment, and of lineage over a million edges.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use weightlock_peers::Peer;
use weightlock_peers::boms::ENVIRONMENT;
use weightlock_peers::scanners::repository;

use super::cases::{Bar, Lab, Metric, bars, peer};
use super::measure::{self, Line};
use super::{Row, data, example};

/// All cases, in the order of the table.
pub(super) const NAMES: [&str; 5] = [
    "bom-small",
    "bom-large",
    "bom-environment",
    LINEAGE,
    "lineage-descendants-verb",
];

const LINEAGE: &str = "lineage-descendants";

/// A large model: files of so many tensors of so many bytes each, 4.3 GB together.
const FILES: u64 = 4;
const TENSORS: u64 = 17;
const TENSOR: u64 = 63 << 20;

/// Statements of lineage in a store, each about one model.
const STATEMENTS: u64 = 20_000;

/// Writes a virtual environment of 300 MB: packages with their files, lists with digests, and what belongs to metadata.
const ENVIRONMENT_WRITER: &str = r#"
import base64, hashlib, os, random, sys
out, packages = sys.argv[1], int(sys.argv[2])
random.seed(1)
site = os.path.join(out, "lib", "python3.11", "site-packages")
os.makedirs(site)
with open(os.path.join(out, "pyvenv.cfg"), "w") as file:
    file.write("home = /usr/bin\nversion = 3.11.7\n")
for number in range(packages):
    name, version = f"made_up_{number:03}", f"1.{number}.0"
    lines = []
    for part in range(75):
        path = f"{name}/part_{part:03}.py"
        os.makedirs(os.path.dirname(os.path.join(site, path)), exist_ok=True)
        content = random.randbytes(33000)
        with open(os.path.join(site, path), "wb") as file:
            file.write(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    info = os.path.join(site, f"{name}-{version}.dist-info")
    os.makedirs(info)
    needs = "".join(f"Requires-Dist: made-up-{other:03} (>=1.0)\n" for other in range(number % 7))
    with open(os.path.join(info, "METADATA"), "w") as file:
        file.write(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: made up\nLicense: MIT\n{needs}\n" + "words\n" * 3000)
    with open(os.path.join(info, "RECORD"), "w") as file:
        file.write("\n".join(lines) + f"\n{name}-{version}.dist-info/RECORD,,\n")
    for extra, text in (("INSTALLER", "pip\n"), ("WHEEL", "Wheel-Version: 1.0\n"), ("top_level.txt", name + "\n")):
        with open(os.path.join(info, extra), "w") as file:
            file.write(text)
"#;

/// Writes statements in lines, each of a model that was made from another.
const STATEMENT_WRITER: &str = r#"
import hashlib, json, os, sys
out, count = sys.argv[1], int(sys.argv[2])
os.makedirs(out)
digest = lambda number: hashlib.sha256(str(number).encode()).hexdigest()
per_file = 2000
for first in range(0, count, per_file):
    with open(os.path.join(out, f"{first:07}.jsonl"), "w") as file:
        for number in range(first + 1, min(first + per_file, count) + 1):
            inputs = [{"name": f"in-{number}-{it}", "digest": {"sha256": digest((number - 1) // 4 if it == 0 else f"{number} in {it}")}} for it in range(25)]
            subject = [{"name": f"model-{number}", "digest": {"sha256": digest(number)}}]
            subject += [{"name": f"part-{it}.safetensors", "digest": {"sha256": digest(f"{number} out {it}")}} for it in range(12)]
            file.write(json.dumps({
                "_type": "https://in-toto.io/Statement/v1",
                "subject": subject,
                "predicateType": "https://slsa.dev/provenance/v1",
                "predicate": {
                    "buildDefinition": {"buildType": "urn:weightlock:build:finetune:v1", "externalParameters": {}, "resolvedDependencies": inputs},
                    "runDetails": {"builder": {"id": "https://example.org/builder"}},
                },
            }) + "\n")
"#;

/// Makes what a case needs, and measures it.
pub(super) fn measure(name: &str, lab: &Lab, root: &Path, rounds: Option<usize>) -> Result<Row> {
    use Metric::{Memory, Milliseconds, Wall};
    let rounds = |usual: usize| rounds.unwrap_or(usual).max(1);
    match name {
        "bom-small" => {
            let model = repository().join("crates/weightlock-bom/testdata/vectors/models/base");
            let ours = ours(lab, &["bom"], model.into_os_string());
            alone(
                name,
                lab,
                &ours,
                rounds(20),
                &bars(&[(Milliseconds, 20.0), (Memory, 20.0)]),
            )
        }
        "bom-large" => {
            let model = large(lab)?;
            let ours = ours(lab, &["bom"], model.clone());
            let hash = self::ours(lab, &["digest", "--manifest"], model);
            beside(name, lab, &ours, &hash, rounds(9), &bars(&[(Wall, 1.02)]))
        }
        "bom-environment" => {
            let environment = made(lab, name, ENVIRONMENT_WRITER, lab.smaller(120))?;
            let ours = ours(lab, &["bom", "--metadata-only"], environment.clone());
            let syft = syft(&environment)?;
            let bars = bars(&[(Milliseconds, 150.0)]);
            beside(name, lab, &ours, &syft, rounds(9), &bars)
        }
        "lineage-descendants-verb" => {
            let store = made(lab, name, STATEMENT_WRITER, lab.smaller(STATEMENTS))?;
            let first = "sha256:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
            let ours = Line {
                program: lab.program().to_path_buf(),
                args: ["lineage", "descendants", first, "--store"]
                    .map(OsString::from)
                    .into_iter()
                    .chain([store])
                    .collect(),
                // What nobody signed is found as well, and the answer says so.
                may_refuse: true,
            };
            alone(name, lab, &ours, rounds(5), &[])
        }
        _ => lineage(root),
    }
}

fn ours(lab: &Lab, words: &[&str], target: OsString) -> Line {
    Line {
        program: lab.program().to_path_buf(),
        args: words.iter().map(OsString::from).chain([target]).collect(),
        ..Line::default()
    }
}

fn syft(environment: &OsString) -> Result<Line> {
    let mut folder = OsString::from("dir:");
    folder.push(environment);
    let own = ENVIRONMENT
        .into_iter()
        .filter(|(name, _)| name.starts_with("SYFT"));
    let variables = own.map(|(name, value)| OsString::from(format!("{name}={value}")));
    let words = [
        OsString::from("scan"),
        folder,
        "-q".into(),
        "-o".into(),
        "cyclonedx-json".into(),
    ];
    Ok(Line {
        program: "env".into(),
        args: variables
            .chain([peer(Peer::Syft)?.into_os_string()])
            .chain(words)
            .collect(),
        ..Line::default()
    })
}

/// A model that looks like one: configuration, and weights.
fn large(lab: &Lab) -> Result<OsString> {
    let home = lab.path("bom-large");
    for number in 0..FILES {
        let name = format!("model-{:05}-of-{FILES:05}.safetensors", number + 1);
        data::safetensors(&Path::new(&home).join(name), lab.smaller(TENSORS), TENSOR, number)?;
    }
    let config = r#"{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}"#;
    fs::write(Path::new(&home).join("config.json"), config)?;
    Ok(home)
}

/// A folder that a script writes.
fn made(lab: &Lab, name: &str, script: &str, count: u64) -> Result<OsString> {
    let home = lab.path(name);
    let out = Command::new("python3")
        .args(["-I", "-c", script])
        .arg(&home)
        .arg(count.to_string())
        .stdin(Stdio::null())
        .output()
        .context("cannot run python3")?;
    if !out.status.success() {
        bail!("python3: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(home)
}

pub(super) fn alone(name: &str, lab: &Lab, ours: &Line, rounds: usize, bars: &[Bar]) -> Result<Row> {
    let sample = measure::alone(ours, rounds)?;
    Ok(Row {
        name: name.to_owned(),
        ours: lab.shorten(ours),
        rounds,
        kernel: measure::kernel_of(lab.program()),
        our_sample: sample,
        bars: bars.iter().map(|bar| bar.judge(&sample, &sample)).collect(),
        ..Row::default()
    })
}

fn beside(name: &str, lab: &Lab, ours: &Line, peer: &Line, rounds: usize, bars: &[Bar]) -> Result<Row> {
    let (our_sample, peer_sample) = measure::alternate(ours, peer, rounds)?;
    Ok(Row {
        name: name.to_owned(),
        ours: lab.shorten(ours),
        peer: lab.shorten(peer),
        rounds,
        kernel: measure::kernel_of(lab.program()),
        our_sample,
        peer_sample,
        bars: bars
            .iter()
            .map(|bar| bar.judge(&our_sample, &peer_sample))
            .collect(),
        ..Row::default()
    })
}

#[derive(Deserialize)]
struct Walked {
    edges: u64,
    reached: u64,
    seconds: f64,
}

/// Runs the example of the library that walks.
fn lineage(root: &Path) -> Result<Row> {
    let walked: Walked = example(root, "weightlock-bom", "lineage")?;
    let ours = format!(
        "descendants in memory: {} edges, {} things reached",
        walked.edges, walked.reached
    );
    Ok(Row::in_memory(
        LINEAGE,
        ours,
        walked.seconds,
        &[Bar::milliseconds(100.0)],
    ))
}

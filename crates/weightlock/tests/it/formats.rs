//! Forms that other programs read, checked by what they are checked with: the official SARIF schema, the linters of
//! hook and action definitions.

use std::{
    fs,
    process::{Command, Stdio},
};

use clap::Parser as _;
use serde_json::Value;
use weightlock::cli::Cli;
use weightlock_peers::{Peer, program};

use crate::{
    models::weights,
    run::{Place, Ran, repository},
};

const CALL: &[u8] = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.";

/// A folder with a finding in a file, in a member of an archive, something unread, and names that a program could
/// stumble over.
fn place() -> Place {
    let place = Place::new();
    place.write("d/good.safetensors", weights());
    place.write("d/[x](y) {0} %41 a:b,c.pkl", CALL);
    place.write("d/odd.bin", [0xff; 64]);
    place.write("d/member.zip", stored("archive/data [1].pkl", CALL));
    place
}

/// A zip archive of one member that is not compressed.
fn stored(name: &str, bytes: &[u8]) -> Vec<u8> {
    let (count, length) = (
        u32::try_from(bytes.len()).unwrap(),
        u16::try_from(name.len()).unwrap(),
    );
    let common = |zip: &mut Vec<u8>| {
        zip.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
        zip.extend(crc32(bytes).to_le_bytes());
        zip.extend(count.to_le_bytes());
        zip.extend(count.to_le_bytes());
        zip.extend(length.to_le_bytes());
        zip.extend([0, 0]);
    };
    let mut zip = b"PK\x03\x04".to_vec();
    common(&mut zip);
    zip.extend(name.as_bytes());
    zip.extend(bytes);
    let directory = u32::try_from(zip.len()).unwrap();
    zip.extend(b"PK\x01\x02\x14\0");
    common(&mut zip);
    zip.extend([0; 14]);
    zip.extend(name.as_bytes());
    let size = u32::try_from(zip.len()).unwrap() - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(size.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// The official schema, where it is at hand.
pub(crate) fn sarif_schema() -> Option<jsonschema::Validator> {
    // The pattern of languages has a bracket too many, which only some readers of patterns forgive.
    let schema = fs::read_to_string(program(Peer::SarifSchema)?).unwrap();
    let schema = schema.replace(
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$",
        "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$",
    );
    let schema: Value = serde_json::from_str(&schema).unwrap();
    Some(jsonschema::validator_for(&schema).unwrap())
}

#[test]
fn sarif_follows_the_official_schema() {
    let place = place();
    let sarif = place.run(["scan", "d", "--format", "sarif"]).json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let nested = results
        .iter()
        .any(|result| result.get("relatedLocations").is_some());
    assert!(nested, "the finding in the archive points into it: {sarif:#}");
    let Some(validator) = sarif_schema() else { return };
    place.run(["scan", "d", "--json", "-o", "base.json"]);
    place.write("empty/.git/x", "");
    for more in [
        &["d"][..],
        &["d", "--baseline", "base.json"],
        &["d/good.safetensors"],
        &["empty"],
        &["d", "none", "--coverage"],
    ] {
        let arguments = ["scan", "--format", "sarif"].iter().chain(more);
        let document = place.run(arguments).json();
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{more:?}: {errors:#?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0"})));
}

#[test]
fn commands_of_the_hooks_parse() {
    let hooks = fs::read_to_string(repository().join(".pre-commit-hooks.yaml")).unwrap();
    let entries: Vec<&str> = hooks
        .lines()
        .filter_map(|line| line.trim().strip_prefix("entry: "))
        .collect();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        let words = entry.split(' ').chain(["a.pkl", "b.py"]);
        assert!(Cli::try_parse_from(words).is_ok(), "{entry}");
    }
}

#[test]
fn definitions_of_hooks_and_action_are_valid() {
    let check = |peer: Peer, arguments: &[&str], file: &str| {
        let Some(path) = program(peer) else { return };
        let mut command = Command::new(path);
        command.args(arguments).arg(repository().join(file));
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, 0, "{file}: {ran:#?}");
        let mut command = Command::new(program(peer).unwrap());
        let wrong = command.args(arguments).arg(repository().join("rustfmt.toml"));
        assert_ne!(Ran::of(wrong).code, 0, "the checker accepts everything");
    };
    check(Peer::PreCommit, &["validate-manifest"], ".pre-commit-hooks.yaml");
    check(
        Peer::CheckJsonschema,
        &["--builtin-schema", "vendor.github-actions"],
        "action.yml",
    );
}

/// The script of the first step of the action.
fn script() -> String {
    let action = fs::read_to_string(repository().join("action.yml")).unwrap();
    let block = action.split("      run: |\n").nth(1).unwrap();
    let lines = block.lines().take_while(|line| line.starts_with("        "));
    lines.map(|line| format!("{}\n", line.trim_start())).collect()
}

#[test]
fn the_action_writes_sarif_a_summary_and_annotations_and_ends_as_the_scan() {
    let place = place();
    let run = |paths: &str| {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_weightlock"));
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script()])
            .current_dir(place.path(""))
            .env_clear()
            .stdin(Stdio::null())
            .envs([("PATH", path.as_str()), ("PATHS", paths), ("FAIL_ON", "medium")])
            .envs([("PROFILE", "default"), ("BASELINE", ""), ("SARIF", "out.sarif")])
            .envs([("GITHUB_OUTPUT", "outputs"), ("GITHUB_STEP_SUMMARY", "summary")]);
        Ran::of(&mut command)
    };
    let ran = run("d\n");
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stdout.lines().any(|line| line.starts_with("::error file=d/")),
        "{ran:#?}"
    );
    let read = |name: &str| fs::read_to_string(place.path(name)).unwrap();
    assert!(read("out.sarif").starts_with("{\n"));
    assert_eq!(read("outputs"), "sarif=out.sarif\n");
    assert!(read("summary").starts_with("## weightlock scan\n"));
    assert_eq!(run("d/good.safetensors").code, 0);
    // A path is data, whatever it looks like.
    let ran = run("$(touch ran)\n--rules");
    assert_eq!(ran.code, 4, "{ran:#?}");
    assert!(!place.path("ran").exists());
}

//! Recorded provenance goes to the readers of others: cosign, and in-toto's own library for Python.

use std::{fs, process::Command};

use weightlock_peers::{Peer, program};

use super::Pair;

/// Reads a statement and its predicate as the published protocol buffers have them; members that those do not know are refused.
const READER: &str = "
import json, sys
from google.protobuf.json_format import Parse
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
text = open(sys.argv[1]).read()
Statement.copy_from_pb(Parse(text, statement_pb2.Statement())).validate()
predicate = json.dumps(json.loads(text)['predicate'])
provenance = Parse(predicate, provenance_pb2.Provenance())
for one in provenance.build_definition.resolved_dependencies:
    ResourceDescriptor.copy_from_pb(one).validate()
print(provenance.run_details.builder.id, len(provenance.build_definition.resolved_dependencies))
";

/// A place in which something was run, with its statement signed in `b.json` and unsigned in `p.json`.
fn recorded() -> Option<Pair> {
    let pair = Pair::new()?;
    fs::create_dir(pair.folder.path().join("data")).unwrap();
    fs::write(pair.folder.path().join("data/a.jsonl"), "{}").unwrap();
    fs::write(pair.folder.path().join("train.yaml"), "lr: 1").unwrap();
    pair.ours(&["key", "generate", "k"], 0);
    pair.ours(&["key", "generate", "other"], 0);
    let inputs = "--step finetune --parameter method=lora --material m=base-model:acme/base --material data=dataset --config train.yaml";
    let inputs: Vec<&str> = inputs.split(' ').collect();
    for (product, how) in [
        ("out", &["--key", "k.key", "--output", "b.json"][..]),
        ("out2", &["--output", "p.json"]),
    ] {
        let script = format!("mkdir {product}; cp m/config.json {product}; echo weights > {product}/w.bin");
        let command = ["attest", "run", "--product", product];
        pair.ours(
            &[&command[..], &inputs, how, &["--", "/bin/sh", "-c", &script]].concat(),
            0,
        );
    }
    Some(pair)
}

/// S79: stock cosign accepts what `attest run` signs, for each product and for nothing else.
#[test]
fn cosign_accepts_recorded_provenance() {
    let Some(pair) = recorded() else { return };
    let accepts = |key: &str, file: &str| {
        let arguments = [
            "verify-blob-attestation",
            "--key",
            key,
            "--type",
            "slsaprovenance1",
            "--bundle",
            "b.json",
            "--insecure-ignore-tlog",
            file,
        ];
        pair.cosign(&arguments, "").status.success()
    };
    assert!(accepts("k.pub", "out/w.bin"));
    assert!(accepts("k.pub", "out/config.json"));
    assert!(!accepts("k.pub", "data/a.jsonl"), "an input is no product");
    assert!(!accepts("other.pub", "out/w.bin"));
}

/// S79: in-toto's library parses statement, predicate and every dependency, without a member that it does not know.
#[test]
fn in_totos_own_library_reads_recorded_provenance() {
    let (Some(python), Some(pair)) = (program(Peer::InTotoAttestation), recorded()) else {
        return;
    };
    let read = |file: &str| {
        let mut command = Command::new(&python);
        command.args(["-c", READER, file]).current_dir(pair.folder.path());
        command.output().unwrap()
    };
    let output = read("p.json");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    // The folder and the file of two materials, and the configuration.
    assert_eq!(said.trim(), "urn:weightlock:builder:local:v1 5");
    let text = fs::read_to_string(pair.folder.path().join("p.json")).unwrap();
    for (from, to) in [
        ("\"runDetails\"", "\"runDetail\""),
        ("\"startedOn\":\"2", "\"startedOn\":\"x2"),
    ] {
        fs::write(pair.folder.path().join("q.json"), text.replace(from, to)).unwrap();
        assert!(
            !read("q.json").status.success(),
            "{from}: the reader would read anything"
        );
    }
}

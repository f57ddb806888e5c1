"""Make `legacy/`: bundles written by older releases of the reference, tampered twins, and hostile 0.2.0 forms.

    python generate.py --python 0.2.0=VENV/bin/python --python 0.3.1=... [--keep]

Run it with the reference 1.1.1's own interpreter; each `--python` names a release and an interpreter that has
it. Releases before 1.1.0 need `sigstore<4 sigstore-protobuf-specs==0.3.2 pyopenssl` beside them (their own
requirements are open-ended and no longer resolve to something they can import). The old signers use random
nonces: a new run writes other bytes, and `--keep` reuses the bundles that are there. The hostile cases are
signed here, deterministically.
"""

import argparse
import base64
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# The child: runs under an old release --------------------------------------------------------------------------


def sign_with_0_2_0(job):
    """0.2.0 had no command line in its wheel; this is the call its examples made."""
    from model_signing import model
    from model_signing.hashing import file, memory
    from model_signing.serialization import serialize_by_file, serialize_by_file_shard
    from model_signing.signature import key, pki
    from model_signing.signing import in_toto, in_toto_signature

    if job["method"] == "key":
        signer = key.ECKeySigner.from_path(job["private_key"])
    else:
        signer = pki.PKISigner.from_path(job["private_key"], job["certificate"], job["chain"])
    if job.get("shard_size"):
        serializer = serialize_by_file_shard.ManifestSerializer(
            lambda path, start, end: file.ShardedFileHasher(
                path, memory.SHA256(), start=start, end=end, shard_size=job["shard_size"]
            )
        )
        payload = in_toto.ShardDigestsIntotoPayload
    else:
        serializer = serialize_by_file.ManifestSerializer(lambda path: file.SimpleFileHasher(path, memory.SHA256()))
        payload = in_toto.DigestOfDigestsIntotoPayload if job.get("merged") else in_toto.DigestsIntotoPayload
    model.sign(
        pathlib.Path(job["model"]), in_toto_signature.IntotoSigner(signer), payload.from_manifest, serializer
    ).write(pathlib.Path(job["signature"]))


def sign_with_config(job):
    """0.3.1 and later."""
    import model_signing

    # Not `Config()`: up to 1.0.1 the constructor fetches Sigstore's trust root over the network.
    config = model_signing.signing.Config.__new__(model_signing.signing.Config)
    if job["method"] == "key":
        config.use_elliptic_key_signer(private_key=pathlib.Path(job["private_key"]))
    else:
        config.use_certificate_signer(
            private_key=pathlib.Path(job["private_key"]),
            signing_certificate=pathlib.Path(job["certificate"]),
            certificate_chain=[pathlib.Path(c) for c in job["chain"]],
        )
    hashing = model_signing.hashing.Config()
    if job.get("shard_size"):
        hashing.use_shard_serialization(shard_size=job["shard_size"])
    config.set_hashing_config(hashing).sign(pathlib.Path(job["model"]), pathlib.Path(job["signature"]))


def child(release):
    jobs = json.load(sys.stdin)
    for job in jobs:
        (sign_with_0_2_0 if release == "0.2.0" else sign_with_config)(job)


# The parent ----------------------------------------------------------------------------------------------------

UNUSUAL_NAMES = [
    {"op": "write", "path": "it's \"quoted\".bin", "text": "quotes"},
    {"op": "write", "path": "\u00e9/\u6a21\u578b.bin", "text": "unicode"},
]

# name of the bundle -> what is signed
SIGNED = {
    "basic-p256": {"model": "basic", "key": "p256"},
    "basic-p384": {"model": "basic", "key": "p384"},
    "basic-p521": {"model": "basic", "key": "p521"},
    "nested": {"model": "nested", "key": "p256"},
    "single": {"model": "single", "key": "p256", "target": "weights.bin"},
    "names": {"model": "basic", "key": "p256", "setup": UNUSUAL_NAMES},
    "cert": {"model": "basic", "leaf": "leaf"},
    "cert-p384": {"model": "basic", "leaf": "leaf-p384"},
    "sharded": {"model": "sharded", "key": "p256", "shard_size": 1000},
}
# 0.3.1 could not sign with a certificate (a misspelt argument raises TypeError).
NO_CERTIFICATES = {"0.3.1"}
ONLY_0_2_0 = {"merged": {"model": "basic", "key": "p256", "merged": True}}

FLIP = {"op": "flip", "path": "model.safetensors", "offset": 2048}
EXTRA = {"op": "write", "path": "evil.py", "text": "import os\n"}
DELETE = {"op": "delete", "path": "config.json"}

# id suffix -> (bundle, description, setup, key that verifies or None for the signer's, options, expect)
TWINS = {
    "basic-p256": ("basic-p256", "valid, P-256 key", [], None, [], "pass"),
    "basic-p384": ("basic-p384", "valid, P-384 key", [], None, [], "pass"),
    "basic-p521": ("basic-p521", "valid, P-521 key", [], None, [], "pass"),
    "nested": ("nested", "valid, folders", [], None, [], "pass"),
    "single": ("single", "valid, one file", [], None, [], "pass"),
    "names": ("names", "valid, quotes and non-ASCII in names", [], None, [], "pass"),
    "cert": ("cert", "valid, certificate chain", [], None, [], "pass"),
    "cert-p384": ("cert-p384", "valid, certificate chain, P-384 leaf", [], None, [], "pass"),
    "sharded": ("sharded", "valid, shards of 1000 bytes", [], None, [], "pass"),
    "flipped": ("basic-p256", "one bit of the model flipped", [FLIP], None, [], "fail"),
    "extra": ("basic-p256", "a file added", [EXTRA], None, [], "fail"),
    "extra-ignored": ("basic-p256", "a file added, unsigned files ignored", [EXTRA], None,
                      ["--ignore_unsigned_files"], "pass"),
    "deleted": ("basic-p256", "a file deleted", [DELETE], None, [], "fail"),
    "wrong-key": ("basic-p256", "another P-256 key", [], "other-p256", [], "fail"),
    "wrong-curve": ("basic-p384", "a key of another curve", [], "p256", [], "fail"),
    "single-flipped": ("single", "the one file changed",
                       [{"op": "flip", "path": "weights.bin", "offset": 0}], None, [], "fail"),
    "cert-flipped": ("cert", "certificate chain, model changed", [FLIP], None, [], "fail"),
    "cert-other-root": ("cert", "a root that did not issue the chain", [], None, [], "fail"),
    "sharded-flipped": ("sharded", "one bit of one shard flipped",
                        [{"op": "flip", "path": "big.bin", "offset": 1500}], None, [], "fail"),
}

NOTES = {
    "0.2.0-basic-p384": "0.2.0 hashed with SHA-256 for every curve; the reference retries with the curve's hash"
    " (SHA-384) for keys and so cannot read what 0.2.0 wrote. Refused alike: the only hash of a P-384 key is SHA-384.",
    "0.2.0-basic-p521": "As 0.2.0-basic-p384.",
    "0.2.0-wrong-curve": "Fails twice: SHA-256 with P-384, and the wrong key.",
    "0.2.0-sharded": "predicateType ShardDigests/v0.1: the reference reads only Digests/v0.1 of this release.",
    "0.2.0-merged": "predicateType DigestOfDigests/v0.1: as 0.2.0-sharded.",
}
NOTES["0.3.1-sharded"] = (
    'hash_type is "sha256-sharded-1000": 0.3.1 wrote the mangled name there too. It agrees with shard_size and'
    " with every resource's algorithm, so nothing is ambiguous. The reference cannot verify any shard signature here."
)
REFUSED = {"0.2.0-basic-p384", "0.2.0-basic-p521", "0.2.0-sharded", "0.2.0-merged"}


def signed_bundles(pythons, keep):
    import vectors

    for release, python in pythons.items():
        folder = HERE / release
        folder.mkdir(exist_ok=True)
        wanted = dict(SIGNED, **(ONLY_0_2_0 if release == "0.2.0" else {}))
        for name, spec in wanted.items():
            if "leaf" in spec and release in NO_CERTIFICATES:
                continue
            signature = folder / f"{name}.sig"
            if keep and signature.exists():
                continue
            leaf = spec.get("leaf")
            job = {
                "method": "certificate" if leaf else "key",
                "private_key": str(vectors.KEYS / f"{leaf or spec['key']}.key.pem"),
                "certificate": str(vectors.KEYS / f"{leaf}.cert.pem"),
                "chain": [str(vectors.KEYS / "intermediate-ca.cert.pem")],
                "shard_size": spec.get("shard_size"),
                "merged": spec.get("merged"),
                "signature": str(signature),
            }
            case = {"model": f"models/{spec['model']}", "setup": spec.get("setup", []),
                    "target": spec.get("target", ".")}
            with vectors.staged(case, vectors.REFERENCE) as (target, _):
                subprocess.run(
                    [python, str(HERE / "generate.py"), "--child", release],
                    input=json.dumps([dict(job, model=str(target))]), text=True, check=True,
                )


def subject_digest(signature):
    payload = json.loads(base64.b64decode(json.loads(signature.read_text())["dsseEnvelope"]["payload"]))
    if payload["predicateType"].endswith("/v0.1"):
        return None
    return payload["subject"][0]["digest"]["sha256"]


def twin(release, suffix, spec):
    name, description, setup, key, options, expect = spec
    signed = dict(SIGNED, **ONLY_0_2_0)[name]
    case = {
        "id": f"{release}-{suffix}",
        "description": f"{release}: {description}",
        "model": f"../reference-1.1.1/models/{signed['model']}",
        "setup": signed.get("setup", []) + setup,
        "target": signed.get("target", "."),
        "signature": f"{release}/{name}.sig",
        "method": "certificate" if "leaf" in signed else "key",
        "options": options,
        "expect": expect,
        "signed_with": f"model_signing {release} Python API",
    }
    if "leaf" in signed:
        root = "other-ca" if suffix == "cert-other-root" else "root-ca"
        case["certificate_chain"] = [f"../reference-1.1.1/keys/{root}.cert.pem"]
    else:
        case["public_key"] = f"../reference-1.1.1/keys/{key or signed['key']}.pub.pem"
    if case["id"] in REFUSED:
        case["expect"] = "fail"
    if case["id"] in NOTES:
        case["note"] = NOTES[case["id"]]
    elif name == "sharded":
        case["note"] = "The reference's command line cannot verify shards; see shards-sha256 of reference-1.1.1."
    digest = subject_digest(HERE / case["signature"])
    if digest:
        case["subject_sha256"] = digest
    return case


# Hostile 0.2.0 forms, signed here with the test keys -------------------------------------------------------------


def old_subject(name, data, **more):
    import hashlib

    return {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()},
            "annotations": {"actual_hash_algorithm": "file-sha256"}, **more}


def old_statement(subjects=None, **fields):
    import vectors

    root = vectors.MODELS / "basic"
    if subjects is None:
        subjects = [old_subject(p.name, p.read_bytes()) for p in sorted(root.iterdir())]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": vectors.PREDICATE_V01,
        "predicate": {"unused": "Unused, just passed due to API requirements"},
        **fields,
    }


def hostile():
    """(id, description, payload, how it is signed, expect, other fields of the case)."""
    import vectors as v
    from cryptography.hazmat.primitives import hashes

    honest = old_statement()
    subjects = honest["subject"]
    config = (v.MODELS / "basic" / "config.json").read_bytes()
    wrong = dict(subjects[0], digest={"sha256": "00" * 32})
    outside = [{"op": "write", "path": "../outside.bin", "text": "out"}]
    unsigned = ["--ignore_unsigned_files"]
    old = v.pae_0_2_0

    def old_pae_text(payload, magic="DSSEV1", body=None):
        return f"{magic} {len(v.IN_TOTO)} {v.IN_TOTO} {len(payload)} {body or repr(payload)}".encode()

    raw_text = json.dumps(dict(honest, note="\u00e9 it's"), ensure_ascii=False, indent=2).encode() + b"\t\r\n"

    yield "old-pae", "0.2.0 statement under the 0.2.0 signature input", honest, {"pae": old}, "pass", {}
    yield ("old-pae-escapes", "payload bytes that Python's repr escapes: tab, newline, quote, UTF-8", raw_text,
           {"pae": old}, "pass", {})
    yield ("right-pae", "0.2.0 statement under the right DSSE signature input", honest, {"pae": v.pae}, "pass",
           {"note": "The right signature input is tried first, for every statement."})
    yield ("old-pae-new-predicate", "1.0 statement under the 0.2.0 signature input", v.statement(), {"pae": old},
           "fail", {"note": "The reference PASSES: it tries the broken form for everything. No release wrote this."})
    yield ("old-pae-new-predicate-cert", "as old-pae-new-predicate, certificate", v.statement(),
           {"pae": old, "leaf": "leaf"}, "fail", {"note": "The reference PASSES."})
    yield ("old-pae-unknown-predicate", "another predicate under the 0.2.0 signature input",
           old_statement(predicateType="https://model_signing/Digest/v0.1"), {"pae": old}, "fail", {})
    yield ("old-pae-right-magic", "0.2.0 form with the right magic DSSEv1", honest,
           {"pae": lambda p: old_pae_text(p, "DSSEv1")}, "fail", {})
    yield ("old-pae-raw-payload", "0.2.0 magic over the raw payload", honest,
           {"pae": lambda p: old_pae_text(p).split(b" b'")[0] + b" " + p}, "fail", {})
    yield ("old-pae-double-quotes", "repr in the quotes that Python would not choose", honest,
           {"pae": lambda p: old_pae_text(p, body='b"' + p.decode() + '"')}, "fail", {})
    yield ("p384-curve-hash", "P-384 key, 0.2.0 form, SHA-384", honest, {"pae": old, "key": "p384"}, "pass",
           {"note": "What the reference's verifier looks for; 0.2.0 itself wrote SHA-256 (0.2.0-basic-p384)."})
    yield ("cert-p384-curve-hash", "P-384 leaf, 0.2.0 form, SHA-384", honest, {"pae": old, "leaf": "leaf-p384"},
           "fail", {"note": "For certificates the 0.2.0 form is SHA-256 for every curve, and only that is accepted."})
    yield ("cert-p384-sha256-right-pae", "P-384 leaf, right signature input, SHA-256", honest,
           {"pae": v.pae, "leaf": "leaf-p384", "hash": hashes.SHA256}, "fail", {})
    yield ("duplicate-subject", "one name twice, same digest", old_statement([*subjects, subjects[0]]),
           {"pae": old}, "fail", {"note": "The reference PASSES (last wins)."})
    yield ("duplicate-subject-first-wrong", "one name twice, the first digest wrong",
           old_statement([wrong, *subjects]), {"pae": old}, "fail", {"note": "The reference PASSES (last wins)."})
    yield ("duplicate-subject-last-wrong", "one name twice, the last digest wrong",
           old_statement([*subjects, wrong]), {"pae": old}, "fail", {})
    yield ("duplicate-subject-spelling", "one file under two spellings",
           old_statement([*subjects, dict(subjects[0], name="./" + subjects[0]["name"])]), {"pae": old}, "fail",
           {"note": "The reference PASSES: its path type drops the dot."})
    yield ("parent-name", "a name with ..", old_statement([*subjects, old_subject("../outside.bin", b"out")]),
           {"pae": old}, "fail", {"setup": outside})
    yield ("parent-name-ignore-unsigned", "a name with .., unsigned files ignored",
           old_statement([*subjects, old_subject("../outside.bin", b"out")]), {"pae": old}, "fail",
           {"setup": outside, "options": unsigned,
            "note": "The reference PASSES: it hashes a file outside the model."})
    yield ("absolute-name", "an absolute name", old_statement([*subjects, old_subject("/config.json", config)]),
           {"pae": old}, "fail", {})
    yield ("nul-name", "a name with NUL", old_statement([*subjects, old_subject("a\0b", b"")]), {"pae": old},
           "fail", {})
    yield ("no-subjects", "no subjects", old_statement([]), {"pae": old}, "fail", {})
    yield ("no-subjects-ignore-unsigned", "no subjects, unsigned files ignored", old_statement([]), {"pae": old},
           "fail", {"options": unsigned, "note": "The reference PASSES: nothing was checked."})
    yield ("no-subjects-empty-model", "no subjects, empty model", old_statement([]), {"pae": old}, "fail",
           {"model": None, "note": "The reference PASSES: nothing was checked."})
    yield ("no-sha256", "a subject with only sha512",
           old_statement([dict(subjects[0], digest={"sha512": "00" * 64}), *subjects[1:]]), {"pae": old}, "fail", {})
    yield ("short-digest", "a digest of 31 bytes",
           old_statement([dict(subjects[0], digest={"sha256": subjects[0]["digest"]["sha256"][2:]}), *subjects[1:]]),
           {"pae": old}, "fail", {})
    yield ("digest-with-spaces", "hex with spaces in it",
           old_statement([dict(subjects[0], digest={"sha256": " " + subjects[0]["digest"]["sha256"]}), *subjects[1:]]),
           {"pae": old}, "fail", {"note": "The reference PASSES: Python's fromhex skips white space."})
    yield ("more-digests", "a subject with sha256 and another algorithm",
           old_statement([dict(subjects[0], digest=dict(subjects[0]["digest"], sha1="00" * 20)), *subjects[1:]]),
           {"pae": old}, "pass", {"note": "Only sha256 is read."})
    yield ("annotation-lies", "the annotation names another algorithm",
           old_statement([dict(subjects[0], annotations={"actual_hash_algorithm": "file-blake2"}), *subjects[1:]]),
           {"pae": old}, "pass", {"note": "Annotations are not read: the file is hashed with SHA-256, and matches."})
    yield ("no-annotation", "subjects without annotations",
           old_statement([{k: s[k] for k in ("name", "digest")} for s in subjects]), {"pae": old}, "pass", {})
    yield ("serialization-not-honoured", "an ignore list smuggled into the predicate",
           old_statement(predicate={"serialization": {"method": "files", "hash_type": "sha256",
                                                      "allow_symlinks": True, "ignore_paths": ["evil.py"]}}),
           {"pae": old}, "fail", {"setup": [EXTRA], "note": "The 0.1 predicate has no serialization: nothing applies."})
    yield ("payload-type", "0.2.0 form, other payloadType", honest, {"pae": old, "payload_type": "application/json"},
           "fail", {})


def hostile_cases():
    import vectors as v

    folder = HERE / "hostile-0.2.0"
    folder.mkdir(exist_ok=True)
    for name, description, payload, how, expect, more in hostile():
        payload = payload if isinstance(payload, bytes) else v.compact(payload).encode()
        key = how.get("leaf") or how.get("key", "p256")
        material = {"publicKey": {"rawBytes": v.b64(v.public_pem(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256"}}
        if "leaf" in how:
            material = {"x509CertificateChain": {"certificates": [
                {"rawBytes": v.b64(certificate_der(c))} for c in (key, "intermediate-ca")]}}
        bundle = v.bundle(payload, v.sign(how["pae"](payload), key, how.get("hash")), key, material)
        bundle["dsseEnvelope"]["signatures"][0].pop("keyid")
        bundle["dsseEnvelope"]["payloadType"] = how.get("payload_type", v.IN_TOTO)
        (folder / f"{name}.sig").write_text(json.dumps(bundle))
        case = {
            "id": f"hostile-0.2.0-{name}", "description": description,
            "model": "../reference-1.1.1/models/basic", "setup": [], "target": ".",
            "signature": f"hostile-0.2.0/{name}.sig",
            "method": "certificate" if "leaf" in how else "key", "options": [], "expect": expect,
            "signed_with": "statement crafted by generate.py, signed with the test key",
        }
        if "leaf" in how:
            case["certificate_chain"] = ["../reference-1.1.1/keys/root-ca.cert.pem"]
        else:
            case["public_key"] = f"../reference-1.1.1/keys/{key}.pub.pem"
        yield {**case, **more}


def certificate_der(name):
    import vectors
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    pem = (vectors.KEYS / f"{name}.cert.pem").read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--python", action="append", default=[], metavar="RELEASE=INTERPRETER")
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--child")
    arguments = arguments.parse_args()
    if arguments.child:
        return child(arguments.child)
    sys.path.insert(0, str(HERE.parent))
    import vectors

    signed_bundles(dict(p.split("=", 1) for p in arguments.python), arguments.keep)
    releases = sorted(p.name for p in HERE.iterdir() if p.is_dir() and p.name[0].isdigit())
    cases = [
        twin(release, suffix, spec)
        for release in releases
        for suffix, spec in TWINS.items()
        if (HERE / release / f"{spec[0]}.sig").exists()
    ]
    cases.append(twin("0.2.0", "merged", ("merged", "one digest over all files", [], None, [], "fail")))
    cases += hostile_cases()
    vectors.with_reference_answers(cases, HERE)
    vectors.write_manifest(HERE, "legacy/generate.py, answers by model-signing 1.1.1 (PyPI), Python 3.11", cases)
    return report(cases)


def report(cases):
    for case in cases:
        if case["expect"] != case["reference"]["cli_1.1.1"]:
            print(case["id"], "expect", case["expect"], case["reference"])


if __name__ == "__main__":
    main()

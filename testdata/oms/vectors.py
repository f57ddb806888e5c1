"""What the two generators share: build and sign OMS bundles, play a case, write a manifest.

Run with a Python that has `model_signing` 1.1.1 and `cryptography`: the same interpreter answers for the
reference, once through its command line and once through its API. Signatures use RFC 6979 nonces, so a
generator that signs here writes the same bytes every time.
"""

import base64
import concurrent.futures
import contextlib
import copy
import hashlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = HERE / "reference-1.1.1"
MODELS = REFERENCE / "models"
KEYS = REFERENCE / "keys"

IN_TOTO = "application/vnd.in-toto+json"
BUNDLE_V03 = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE_V1 = "https://model_signing/signature/v1.0"
PREDICATE_V01 = "https://model_signing/Digests/v0.1"
GIT_PATHS = [".git", ".gitattributes", ".github", ".gitignore"]
CURVE_HASH = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}


def b64(data):
    return base64.b64encode(data).decode()


def private_key(name):
    return serialization.load_pem_private_key((KEYS / f"{name}.key.pem").read_bytes(), None)


def public_der(name):
    return private_key(name).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_pem(name):
    return private_key(name).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def hint(name):
    return hashlib.sha256(public_pem(name)).hexdigest()


def pae(payload, payload_type=IN_TOTO):
    """DSSE v1 signature input."""
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)


def pae_0_2_0(payload):
    """The signature input of model_signing 0.2.0: other magic, and Python's repr of the payload."""
    return f"DSSEV1 {len(IN_TOTO)} {IN_TOTO} {len(payload)} {payload!r}".encode()


def sign(message, key="p256", digest=None):
    key = private_key(key)
    digest = digest or CURVE_HASH[key.curve.key_size]
    return key.sign(message, ec.ECDSA(digest(), deterministic_signing=True))


def root_digest(resources):
    return hashlib.sha256(b"".join(bytes.fromhex(r["digest"]) for r in resources)).hexdigest()


def resource(name, data, algorithm="sha256"):
    return {"name": name, "algorithm": algorithm, "digest": hashlib.sha256(data).hexdigest()}


def file_resources(model):
    """Every file of a model in component order, as the reference lists them."""
    root = MODELS / model
    names = sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file())
    return [resource(n.as_posix(), (root / n).read_bytes()) for n in names]


def statement(model="basic", resources=None, **serialization_fields):
    """An OMS 1.0 statement; `resources` and serialization fields override what an honest signer writes."""
    resources = file_resources(model) if resources is None else resources
    fields = {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": list(GIT_PATHS),
    }
    fields.update(serialization_fields)
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": model, "digest": {"sha256": root_digest(resources)}}],
        "predicateType": PREDICATE_V1,
        "predicate": {"serialization": fields, "resources": resources},
    }


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def bundle(payload, sig=None, key="p256", material=None):
    """A key bundle over exactly these payload bytes."""
    payload = payload if isinstance(payload, bytes) else compact(payload).encode()
    sig = sign(pae(payload), key) if sig is None else sig
    return {
        "mediaType": BUNDLE_V03,
        "verificationMaterial": material or {"publicKey": {"hint": hint(key)}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": b64(payload),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": b64(sig), "keyid": ""}],
        },
    }


def edited(value, path, new):
    """A copy of a JSON tree with one member replaced, added, or (new is None) removed."""
    value = copy.deepcopy(value)
    *parents, last = path
    at = value
    for step in parents:
        at = at[step]
    if new is REMOVE:
        del at[last]
    else:
        at[last] = new
    return value


REMOVE = object()


# Playing a case ------------------------------------------------------------------------------------------------


def apply_setup(root, steps):
    for step in steps:
        path = root / step["path"]
        op = step["op"]
        if op in ("write", "symlink", "mkdir"):
            path.parent.mkdir(parents=True, exist_ok=True)
        if op == "write":
            data = base64.b64decode(step["base64"]) if "base64" in step else step["text"].encode()
            path.write_bytes(data)
        elif op == "flip":
            data = bytearray(path.read_bytes())
            data[step["offset"]] ^= step.get("mask", 1)
            path.write_bytes(data)
        elif op == "truncate":
            path.write_bytes(path.read_bytes()[: step["size"]])
        elif op == "append":
            path.write_bytes(path.read_bytes() + step["text"].encode())
        elif op == "delete":
            path.unlink()
        elif op == "rename":
            (root / step["to"]).parent.mkdir(parents=True, exist_ok=True)
            path.rename(root / step["to"])
        elif op == "symlink":
            path.symlink_to(step["target"])
        elif op == "mkdir":
            path.mkdir()
        else:
            raise ValueError(f"unknown setup step {op}")


@contextlib.contextmanager
def staged(case, base):
    """The case's model in a fresh folder, set up; yields (verification target, model root)."""
    with tempfile.TemporaryDirectory() as scratch:
        name = pathlib.PurePosixPath(case["model"]).name if case["model"] else "model"
        root = pathlib.Path(scratch) / name
        if case["model"]:
            shutil.copytree(base / case["model"], root, copy_function=shutil.copyfile)
        else:
            root.mkdir()
        apply_setup(root, case["setup"])
        yield (root if case["target"] == "." else root / case["target"]), root


def without_paths(text, root, base):
    text = text.replace(str(root), "MODEL").replace(str(root.parent), "TMP").replace(str(base), "VECTORS")
    return re.sub(r"\s*\n\s*", " / ", text.strip())[:200]


def ask_cli(case, base):
    with staged(case, base) as (target, root):
        options = [o.replace("MODEL", str(root)) for o in case["options"]]
        trust = (
            ["--public_key", str(base / case["public_key"])]
            if case["method"] == "key"
            else [a for c in case["certificate_chain"] for a in ("--certificate_chain", str(base / c))]
        )
        run = subprocess.run(
            [sys.executable, "-m", "model_signing", "verify", case["method"], "--signature",
             str(base / case["signature"]), *trust, *options, str(target)],
            capture_output=True, text=True, errors="backslashreplace", timeout=120, check=False,
        )
        if run.returncode == 0:
            return "pass", None
        return "fail", without_paths(run.stderr, root, base)


def ask_api(case, base):
    import model_signing

    with staged(case, base) as (target, root), contextlib.redirect_stdout(io.StringIO()):
        try:
            config = model_signing.verifying.Config()
            if case["method"] == "key":
                config.use_elliptic_key_verifier(public_key=base / case["public_key"])
            else:
                config.use_certificate_verifier(certificate_chain=[base / c for c in case["certificate_chain"]])
            config.set_ignore_unsigned_files("--ignore_unsigned_files" in case["options"])
            config.verify(target, base / case["signature"])
        except Exception as error:  # the answer itself is the datum
            text = f"{type(error).__name__}: {error}".encode("ascii", "backslashreplace").decode()
            return "fail", without_paths(text, root, base)
        return "pass", None


def with_reference_answers(cases, base):
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        answers = list(pool.map(lambda c: ask_cli(c, base), cases))
    for case, (verdict, message) in zip(cases, answers, strict=True):
        api, api_message = ask_api(case, base)
        reference = {"cli_1.1.1": verdict, "python_api_auto_1.1.1": api}
        if message:
            reference["cli_message"] = message
        if api_message and api != verdict:
            reference["api_message"] = api_message
        case["reference"] = reference
    return cases


ORDER = [
    "id", "description", "model", "setup", "target", "signature", "method", "public_key", "certificate_chain",
    "options", "expect", "reference", "signed_with", "subject_sha256", "note",
]


def write_manifest(base, generator, cases):
    ids = [c["id"] for c in cases]
    assert len(ids) == len(set(ids)), "two cases share an id"
    shape = json.loads((REFERENCE / "manifest.json").read_text())
    manifest = {
        "format": shape["format"],
        "generator": generator,
        "cases": [{k: c[k] for k in ORDER if k in c} for c in cases],
        "setup_ops": shape["setup_ops"],
        "base_dir_rule": shape["base_dir_rule"],
    }
    (base / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=True) + "\n")

"""Makes repositories of The Update Framework with its reference implementation: an honest one, newer states of it, and some
as attackers would have them. Arguments: the folder to write to, trusted_root.json, signing_config.json."""

import pathlib
import sys
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

FOLDER = pathlib.Path(sys.argv[1])
ROOT, CONFIG = (pathlib.Path(name).read_bytes() for name in sys.argv[2:4])
NOW = datetime.now(timezone.utc).replace(microsecond=0)
LATER, EARLIER = NOW + timedelta(days=30), NOW - timedelta(days=1)
ROLES = ["root", "timestamp", "snapshot", "targets"]


def keys():
    return {role: CryptoSigner.generate_ecdsa() for role in ROLES}


def root(version, signers):
    made = Root(version=version, expires=LATER, consistent_snapshot=True)
    for role in ROLES:
        made.add_key(signers[role].public_key, role)
    return made


def signed(part, *signers):
    metadata = Metadata(part)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()


def publish(name, version, signers, roots, files, pinned=None, expires=LATER, timestamp_signer=None):
    folder = FOLDER / name
    (folder / "targets").mkdir(parents=True)

    def write(file, content):
        (folder / file).write_bytes(content)

    for number, content in roots.items():
        write(f"{number}.root.json", content)
    targets = Targets(version=version, expires=LATER)
    for file, content in files.items():
        pin = TargetFile.from_data(file, (pinned or files)[file], ["sha256"])
        targets.targets[file] = pin
        write(f"targets/{pin.hashes['sha256']}.{file}", content)
    meta = {"targets.json": MetaFile(version=version)}
    write(f"{version}.targets.json", signed(targets, signers["targets"]))
    write(f"{version}.snapshot.json", signed(Snapshot(version=version, expires=LATER, meta=meta), signers["snapshot"]))
    timestamp = Timestamp(version=version, expires=expires, snapshot_meta=MetaFile(version=version))
    write("timestamp.json", signed(timestamp, timestamp_signer or signers["timestamp"]))


honest, rotated, stranger = keys(), keys(), keys()
first = signed(root(1, honest), honest["root"])
second = signed(root(2, rotated), honest["root"], rotated["root"])
usurped = signed(root(2, stranger), stranger["root"])
both = {"trusted_root.json": ROOT, "signing_config.v0.2.json": CONFIG}
changed = dict(both, **{"trusted_root.json": ROOT.replace(b"sigstore", b"sigst0re", 1)})
large = dict(both, **{"trusted_root.json": ROOT + b" " * (5 << 20)})
useless = dict(both, **{"trusted_root.json": b"{}"})
FOLDER.mkdir(parents=True, exist_ok=True)
(FOLDER / "root.json").write_bytes(first)
(FOLDER / "other-root.json").write_bytes(signed(root(1, stranger), stranger["root"]))
publish("good", 1, honest, {1: first}, both)
publish("newer", 2, rotated, {1: first, 2: second}, both)
publish("older", 1, rotated, {1: first, 2: second}, both)
publish("plain", 1, honest, {1: first}, {"trusted_root.json": ROOT})
publish("expired", 1, honest, {1: first}, both, expires=EARLIER)
publish("forged", 1, honest, {1: first}, both, timestamp_signer=stranger["timestamp"])
publish("usurped", 2, stranger, {1: first, 2: usurped}, both)
publish("changed", 1, honest, {1: first}, changed, pinned=both)
publish("large", 1, honest, {1: first}, large)
publish("empty", 1, honest, {1: first}, {})
publish("useless", 1, honest, {1: first}, useless)

"""Make `crafted/`: one small bundle per rule of the OMS format that the reference's own vectors do not reach.

    python generate.py

Run it with the reference 1.1.1's own interpreter. Every statement is really signed with a test key (RFC 6979
nonces), so a case fails for the rule in its name and not for a broken signature, unless the signature is the
rule. A case says what `compat` must answer (`expect`); where the native verbs differ is in `../native.json`.
"""

import base64
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import vectors as v  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import utils  # noqa: E402

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CASES = []
UNSIGNED_IGNORED = ["--ignore_unsigned_files"]
EVIL = {"op": "write", "path": "evil.py", "text": "import os\n"}
OUTSIDE = {"op": "write", "path": "../outside.bin", "text": "out"}


def case(name, description, content, expect, *, model="basic", key="p256", chain=None, **fields):
    """`content` is a bundle tree, or the exact bytes of the signature file."""
    data = content if isinstance(content, bytes) else v.compact(content).encode()
    (HERE / "sigs").mkdir(exist_ok=True)
    (HERE / "sigs" / f"{name}.sig").write_bytes(data)
    entry = {
        "id": name,
        "description": description,
        "model": f"../reference-1.1.1/models/{model}" if model else None,
        "setup": [],
        "target": ".",
        "signature": f"sigs/{name}.sig",
        "method": "certificate" if chain is not None else "key",
        "options": [],
        "expect": expect,
        "signed_with": "crafted by generate.py, signed with the test key",
        **fields,
    }
    if chain is not None:
        entry["certificate_chain"] = [f"../reference-1.1.1/keys/{c}.cert.pem" for c in chain]
    else:
        entry["public_key"] = f"../reference-1.1.1/keys/{key}.pub.pem"
    CASES.append(entry)


def passes(name, description, content, **fields):
    case(name, description, content, "pass", **fields)


def fails(name, description, content, **fields):
    case(name, description, content, "fail", **fields)


def signed(statement, **how):
    """A bundle around a statement tree, or around exact payload bytes."""
    return v.bundle(statement, **how)


def with_predicate(**fields):
    statement = v.statement()
    statement["predicate"].update(fields)
    return statement


def with_serialization(**fields):
    return v.statement(**fields)


def without(path, statement=None):
    return v.edited(statement or v.statement(), path, v.REMOVE)


def resources(*extra, model="basic"):
    return v.statement(model=model, resources=[*v.file_resources(model), *extra])


def first_resource(**fields):
    items = v.file_resources("basic")
    items[0] = {k: x for k, x in {**items[0], **fields}.items() if x is not v.REMOVE}
    try:
        return v.statement(resources=items)
    except (KeyError, ValueError, TypeError):  # a digest that cannot be rolled up: any root will do
        statement = v.statement()
        statement["predicate"]["resources"] = items
        return statement


def renamed(old, new, model="basic"):
    """The honest statement with one resource under another name."""
    items = v.file_resources(model)
    for item in items:
        if item["name"] == old:
            item["name"] = new
    return v.statement(model=model, resources=items)


def doubled(text, member, value, *, after=False):
    """JSON text in which `member` occurs twice in the object that first holds it; `value` is the other one."""
    quoted = json.dumps(member) + ":"
    at = text.index(quoted)
    other = f"{quoted}{v.compact(value)}"
    if not after:
        return text[:at] + other + "," + text[at:]
    _, length = json.JSONDecoder().raw_decode(text[at + len(quoted) :])
    end = at + len(quoted) + length
    return text[:end] + "," + other + text[end:]


HONEST = signed(v.statement())
PAYLOAD = v.compact(v.statement()).encode()
ENVELOPE = ["dsseEnvelope"]
SIGNATURE = ["dsseEnvelope", "signatures", 0]
MATERIAL = ["verificationMaterial"]


def url_safe(text):
    return text.replace("+", "-").replace("/", "_")


def base64_forms():
    """§1: the standard alphabet with padding is written, the URL-safe one is read too."""
    # A filler chosen so that payload and signature both need the letters in which the alphabets differ.
    for filler in range(1000):
        statement = with_predicate(filler=f"?>~{filler}>?~")
        bundle = signed(statement)
        payload, sig = bundle["dsseEnvelope"]["payload"], bundle["dsseEnvelope"]["signatures"][0]["sig"]
        if all("+" in text and "/" in text for text in (payload, sig)) and payload.endswith("="):
            break
    note = "The reference FAILS: Python's decoder drops letters outside the standard alphabet."
    passes("base64url-payload", "payload in the URL-safe alphabet",
           v.edited(bundle, [*ENVELOPE, "payload"], url_safe(payload)), note=note)
    passes("base64url-signature", "signature in the URL-safe alphabet",
           v.edited(bundle, [*SIGNATURE, "sig"], url_safe(sig)), note=note)
    fails("base64-mixed-alphabets", "both alphabets in one value",
          v.edited(bundle, [*ENVELOPE, "payload"], payload.replace("+", "-")))
    strict = "The reference PASSES: Python's decoder drops what it does not know. One text, one reading: refused."
    fails("base64-unpadded-payload", "payload without its padding",
          v.edited(bundle, [*ENVELOPE, "payload"], payload.rstrip("=")),
          note="Some protobuf JSON readers accept it; the reference does not, and no producer writes it.")
    fails("base64-newline-payload", "a line break inside the payload",
          v.edited(bundle, [*ENVELOPE, "payload"], payload[:76] + "\n" + payload[76:]), note=strict)
    fails("base64-space-signature", "a space before the signature",
          v.edited(bundle, [*SIGNATURE, "sig"], " " + sig), note=strict)
    fails("base64-junk-signature", "letters of no alphabet inside the signature",
          v.edited(bundle, [*SIGNATURE, "sig"], sig[:10] + "!*" + sig[10:]), note=strict)
    fails("base64-more-padding", "padding after the padding",
          v.edited(bundle, [*ENVELOPE, "payload"], payload + "===="), note=strict)
    fails("base64-after-padding", "data after the padding",
          v.edited(bundle, [*ENVELOPE, "payload"], payload + "QUJD"),
          note="The reference PASSES: its decoder stops at the padding.")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = payload.rstrip("=")
    last = letters[letters.index(body[-1]) + 1]
    loose = body[:-1] + last + "=" * (len(payload) - len(body))
    assert base64.b64decode(loose) == base64.b64decode(payload)
    fails("base64-loose-bits", "unused bits of the last letter are set",
          v.edited(bundle, [*ENVELOPE, "payload"], loose), note=strict)
    fails("base64-empty-payload", "no payload", v.edited(bundle, [*ENVELOPE, "payload"], ""))


def hints():
    """§1.2: the hint selects nothing; when present it must be this key's."""
    path = [*MATERIAL, "publicKey", "hint"]
    der = hashlib.sha256(v.public_der("p256")).digest()
    passes("hint-cosign-form", "hint is base64 of SHA-256 over the DER key", v.edited(HONEST, path, v.b64(der)),
           note="The reference FAILS: it knows only its own form. cosign writes this one.")
    passes("hint-empty", "empty hint", v.edited(HONEST, path, ""))
    passes("hint-null", "hint null", v.edited(HONEST, path, None))
    passes("hint-absent", "publicKey is an empty object", v.edited(HONEST, [*MATERIAL, "publicKey"], {}))
    fails("hint-cosign-form-other-key", "cosign's form of another key's hint",
          v.edited(HONEST, path, v.b64(hashlib.sha256(v.public_der("other-p256")).digest())))
    fails("hint-other-key", "good signature, hint of another key", v.edited(HONEST, path, v.hint("other-p256")))
    fails("hint-upper-case", "the right hint in upper case", v.edited(HONEST, path, v.hint("p256").upper()))
    fails("hint-hex-of-der", "hex SHA-256 of the DER key", v.edited(HONEST, path, der.hex()),
          note="Neither the reference's form nor cosign's.")
    fails("hint-space", "a space after the hint", v.edited(HONEST, path, v.hint("p256") + " "))
    fails("hint-garbage", "a hint of no form", v.edited(HONEST, path, "my key"))
    fails("hint-number", "the hint is a number", v.edited(HONEST, path, 7))
    fails("hint-right-key-wrong-signature", "this key's hint over another key's signature",
          v.bundle(v.statement(), key="other-p256",
                   material={"publicKey": {"hint": v.hint("p256")}, "tlogEntries": []}))


def certificate(name):
    pem = (v.KEYS / f"{name}.cert.pem").read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


def chain_of(*names):
    return {"certificates": [{"rawBytes": v.b64(certificate(n))} for n in names]}


def materials():
    """§1.2: exactly one kind of material, and the kind the caller asked for."""
    key = HONEST["verificationMaterial"]["publicKey"]
    old = {"rawBytes": v.b64(v.public_pem("other-p256")), "keyDetails": "PKIX_ECDSA_P384_SHA_384"}
    passes("raw-bytes-of-another-key", "the old rawBytes field holds another key: ignored",
           v.edited(HONEST, [*MATERIAL, "publicKey"], old))
    passes("raw-bytes-beside-hint", "the old fields beside a hint", v.edited(HONEST, [*MATERIAL, "publicKey"],
                                                                              {**old, **key}))
    fails("raw-bytes-is-no-trust", "rawBytes holds the signer's key, the caller another", v.edited(
        v.bundle(v.statement(), key="other-p256"), [*MATERIAL, "publicKey"], old))
    chain = chain_of("leaf", "intermediate-ca")
    fails("key-and-chain", "publicKey and x509CertificateChain", v.edited(
        HONEST, [*MATERIAL, "x509CertificateChain"], chain))
    fails("key-and-certificate", "publicKey and certificate", v.edited(
        HONEST, [*MATERIAL, "certificate"], chain["certificates"][0]))
    passes("key-and-null-chain", "publicKey, and the chain null", v.edited(
        HONEST, [*MATERIAL, "x509CertificateChain"], None))
    fails("no-material", "neither key nor certificate", v.edited(HONEST, MATERIAL, {"tlogEntries": []}))
    fails("material-absent", "no verificationMaterial", v.edited(HONEST, MATERIAL, v.REMOVE))
    fails("material-null", "verificationMaterial null", v.edited(HONEST, MATERIAL, None))
    fails("public-key-null", "publicKey null", v.edited(HONEST, [*MATERIAL, "publicKey"], None))
    fails("public-key-text", "publicKey is text", v.edited(HONEST, [*MATERIAL, "publicKey"], v.hint("p256")))
    fails("log-entry-garbage", "an empty transparency log entry", v.edited(
        HONEST, [*MATERIAL, "tlogEntries"], [{}]))
    fails("log-entries-null", "tlogEntries null", v.edited(HONEST, [*MATERIAL, "tlogEntries"], None),
          note="A protobuf reader takes null for absent; the reference refuses, no producer writes it.")
    passes("timestamps-empty", "empty timestampVerificationData", v.edited(
        HONEST, [*MATERIAL, "timestampVerificationData"], {}))


def certificates():
    """§1.9, beside the reference's own certificate vectors."""
    def bundle(material, key="leaf", sig=None):
        return v.bundle(v.statement(), sig=sig, key=key,
                        material={"x509CertificateChain": material, "tlogEntries": []})

    honest = bundle(chain_of("leaf", "intermediate-ca"))
    root = ["root-ca"]
    fails("cert-bundle-verified-by-key", "a certificate bundle, the caller asks for a key", honest)
    fails("key-bundle-verified-by-cert", "a key bundle, the caller asks for a certificate", HONEST, chain=root)
    passes("cert-root-included", "the chain also holds the root", bundle(
        chain_of("leaf", "intermediate-ca", "root-ca")), chain=root)
    passes("cert-unrelated-extra", "an unrelated certificate in the chain", bundle(
        chain_of("leaf", "intermediate-ca", "other-ca")), chain=root)
    passes("cert-repeated", "the intermediate twice", bundle(
        chain_of("leaf", "intermediate-ca", "intermediate-ca")), chain=root)
    fails("cert-order", "the leaf is not first", bundle(chain_of("intermediate-ca", "leaf")), chain=root)
    fails("cert-empty-chain", "no certificates", bundle({"certificates": []}), chain=root)
    fails("cert-no-list", "the chain has no list", bundle({}), chain=root)
    garbage = chain_of("leaf", "intermediate-ca")
    garbage["certificates"][1]["rawBytes"] = v.b64(b"not a certificate")
    fails("cert-garbage-in-chain", "an entry of the chain is not a certificate", bundle(garbage), chain=root)
    trailing = chain_of("leaf", "intermediate-ca")
    trailing["certificates"][0]["rawBytes"] = v.b64(certificate("leaf") + b"\0")
    fails("cert-trailing-byte", "a byte after the leaf's DER", bundle(trailing), chain=root)
    pem = chain_of("leaf", "intermediate-ca")
    pem["certificates"][0]["rawBytes"] = v.b64((v.KEYS / "leaf.cert.pem").read_bytes())
    fails("cert-pem-inside", "rawBytes holds PEM", bundle(pem), chain=root)
    single = {"certificate": chain_of("leaf")["certificates"][0], "tlogEntries": []}
    fails("cert-single-form", "the Sigstore form: certificate instead of a chain", v.bundle(
        v.statement(), key="leaf", material=single), chain=["intermediate-ca", "root-ca"],
        note="The reference fails for want of a chain. A certificate without log or timestamp is no OMS method.")
    fails("cert-signed-by-other", "a good chain, the signature by another key", bundle(
        chain_of("leaf", "intermediate-ca"), sig=v.sign(v.pae(PAYLOAD), "p256")), chain=root)
    fails("cert-ca-as-leaf", "the intermediate CA presented as the leaf, signed by the leaf's key", bundle(
        chain_of("intermediate-ca")), chain=root)
    fails("cert-p384-sha256", "P-384 leaf, SHA-256", bundle(
        chain_of("leaf-p384", "intermediate-ca"),
        sig=v.sign(v.pae(PAYLOAD), "leaf-p384", hashes.SHA256)), chain=root)
    passes("cert-unknown-fields", "unknown fields in the chain objects", bundle(
        {"certificates": [{**c, "x": 1} for c in chain_of("leaf", "intermediate-ca")["certificates"]], "y": 2}),
        chain=root, note="The reference FAILS: it forbids unknown bundle fields.")


def media_types():
    """§1: key and certificate bundles have one media type."""
    for name, value in {
        "v0.1": "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "v0.2": "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "v0.3-old-spelling": "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "v0.4": "application/vnd.dev.sigstore.bundle.v0.4+json",
        "upper-case": v.BUNDLE_V03.upper(),
        "space": v.BUNDLE_V03 + " ",
        "charset": v.BUNDLE_V03 + "; charset=utf-8",
        "empty": "",
        "null": None,
        "number": 3,
    }.items():
        fails(f"media-type-{name}", f"media type {value!r}", v.edited(HONEST, ["mediaType"], value))
    fails("media-type-absent", "no media type", v.edited(HONEST, ["mediaType"], v.REMOVE))


def contents():
    """One envelope, nothing beside it."""
    message = {"messageDigest": {"algorithm": "SHA2_256", "digest": v.b64(hashlib.sha256(PAYLOAD).digest())},
               "signature": v.b64(v.sign(PAYLOAD))}
    fails("envelope-and-message", "dsseEnvelope and messageSignature", {**HONEST, "messageSignature": message})
    only = {k: x for k, x in HONEST.items() if k != "dsseEnvelope"}
    fails("message-only", "messageSignature only", {**only, "messageSignature": message})
    passes("envelope-and-null-message", "messageSignature null", {**HONEST, "messageSignature": None})
    fails("envelope-absent", "no dsseEnvelope", only)
    fails("envelope-null", "dsseEnvelope null", {**HONEST, "dsseEnvelope": None})
    fails("envelope-text", "dsseEnvelope is text", {**HONEST, "dsseEnvelope": "x"})
    for name, text in {"array": "[]", "text": '"x"', "null": "null", "number": "1"}.items():
        fails(f"bundle-{name}", f"the file holds JSON {name}", text.encode())
    good = HONEST["dsseEnvelope"]["signatures"][0]
    bad = {"sig": v.b64(v.sign(v.pae(b"other"))), "keyid": ""}
    one = "The reference PASSES: it looks at the first signature only. The bundle format allows exactly one."
    fails("two-signatures-good", "two good signatures", v.edited(HONEST, [*ENVELOPE, "signatures"], [good, good]),
          note=one)
    fails("two-signatures-second-bad", "a good signature, then a bad one",
          v.edited(HONEST, [*ENVELOPE, "signatures"], [good, bad]), note=one)
    fails("signatures-null", "signatures null", v.edited(HONEST, [*ENVELOPE, "signatures"], None))
    fails("signatures-object", "signatures is an object", v.edited(HONEST, [*ENVELOPE, "signatures"], good))
    passes("keyid-garbage", "a key id that names nothing", v.edited(HONEST, [*SIGNATURE, "keyid"], "../\u0000\u20ac" * 40))
    fails("keyid-number", "the key id is a number", v.edited(HONEST, [*SIGNATURE, "keyid"], 1))
    other = v.edited(HONEST, [*ENVELOPE, "payloadType"], "application/json")
    fails("payload-type-signed", "another payloadType, signed as such", v.edited(
        other, [*SIGNATURE, "sig"], v.b64(v.sign(v.pae(PAYLOAD, "application/json")))))
    fails("payload-type-case", "payloadType in other case", v.edited(
        HONEST, [*ENVELOPE, "payloadType"], "application/vnd.in-toto+JSON"))
    fails("payload-type-absent", "no payloadType", v.edited(HONEST, [*ENVELOPE, "payloadType"], v.REMOVE))


def unknown_fields():
    """§1.3 and the bundle format: what nobody knows is ignored, wherever it stands."""
    note = "The reference FAILS: it forbids unknown bundle fields. They are unsigned and mean nothing."
    for name, path in {"bundle": [], "material": MATERIAL, "public-key": [*MATERIAL, "publicKey"],
                       "envelope": ENVELOPE, "signature": SIGNATURE}.items():
        passes(f"unknown-in-{name}", f"an unknown field in {name}", v.edited(HONEST, [*path, "x-new"], {"a": [1]}),
               note=note)
    for name, path in {"statement": [], "subject": ["subject", 0], "predicate": ["predicate"],
                       "serialization": ["predicate", "serialization"],
                       "resource": ["predicate", "resources", 0]}.items():
        passes(f"unknown-in-{name}", f"an unknown field in {name}",
               signed(v.edited(v.statement(), [*path, "x-new"], {"a": [1]})))
    passes("file-with-shard-size", "shard_size in a files manifest", signed(with_serialization(shard_size=7)))
    snake = v.edited(HONEST, ["media_type"], HONEST["mediaType"])
    fails("snake-case-only", "protobuf's own field names", v.edited(snake, ["mediaType"], v.REMOVE),
          note="The reference PASSES, as protobuf readers do. No producer writes it.")
    evil = signed(v.statement(resources=[*v.file_resources("basic"), v.resource("evil.py", b"import os\n")]))
    fails("snake-case-twin", "dsseEnvelope, and another one as dsse_envelope",
          {**HONEST, "dsse_envelope": evil["dsseEnvelope"]},
          note="Two spellings of one field are one field twice: readers would disagree on what was signed.")


def duplicates():
    """A member twice: readers disagree on which one counts, so neither does."""
    text = v.compact(HONEST)
    note = "The reference PASSES (last wins)."
    evil = signed(v.statement(resources=[*v.file_resources("basic"), v.resource("evil.py", b"import os\n")]))
    swap = {"setup": [EVIL]}
    for name, member, other in [
        ("media-type", "mediaType", v.BUNDLE_V03),
        ("material", "verificationMaterial", evil["verificationMaterial"]),
        ("envelope", "dsseEnvelope", evil["dsseEnvelope"]),
        ("payload", "payload", evil["dsseEnvelope"]["payload"]),
        ("signatures", "signatures", evil["dsseEnvelope"]["signatures"]),
        ("sig", "sig", evil["dsseEnvelope"]["signatures"][0]["sig"]),
        ("hint", "hint", v.hint("other-p256")),
        ("log-entries", "tlogEntries", []),
    ]:
        fails(f"duplicate-{name}-first", f"{member} twice, the honest one last",
              doubled(text, member, other).encode(), note=note)
    fails("duplicate-envelope-last", "dsseEnvelope twice, the honest one first",
          doubled(text, "dsseEnvelope", evil["dsseEnvelope"], after=True).encode(), **swap, note=note)
    escaped = doubled(text, "mediaType", v.BUNDLE_V03).replace('"mediaType"', '"media\\u0054ype"', 1)
    fails("duplicate-media-type-escaped", "one member, two escapings", escaped.encode(), note=note)
    unknown = '{"x":1,"x":2,' + text[1:]
    fails("duplicate-unknown", "an unknown member twice", unknown.encode(),
          note="The reference fails for the unknown member.")

    payload = v.compact(v.statement())
    items = v.file_resources("basic")
    for name, member, other in [
        ("statement-type", "_type", "https://in-toto.io/Statement/v1"),
        ("subject", "subject", [{"name": "basic", "digest": {"sha256": "00" * 32}}]),
        ("subject-digest", "sha256", "00" * 32),
        ("predicate-type", "predicateType", "https://example.com/other"),
        ("predicate", "predicate", {}),
        ("serialization", "serialization", {"method": "shards"}),
        ("method", "method", "shards"),
        ("ignore-paths", "ignore_paths", ["evil.py"]),
        ("resources", "resources", items[:1]),
        ("resource-name", "name", "other"),
        ("resource-algorithm", "algorithm", "blake3"),
    ]:
        fails(f"duplicate-{name}", f"{member} twice in the statement, the honest one last",
              signed(doubled(payload, member, other).encode()), note=note)
    digest = payload.replace('"digest":"', '"digest":"' + "00" * 32 + '","digest":"', 1)
    fails("duplicate-resource-digest", "a resource's digest twice, the honest one last",
          signed(digest.encode()), note=note)
    fails("duplicate-in-unknown", "a member twice inside an unknown field",
          signed(payload[:-1].encode() + b',"x":{"a":1,"a":2}}'), note=note)


def json_text():
    """One JSON object in UTF-8, and nothing else."""
    text = v.compact(HONEST).encode()
    passes("white-space", "white space around and inside the bundle",
           b" \r\n\t" + json.dumps(HONEST, indent=4).encode() + b"\n\n")
    passes("key-order", "members in reverse order",
           v.compact({k: HONEST[k] for k in reversed(HONEST)}).encode())
    passes("escaped-members", "member names written with escapes", text.replace(b'"mediaType"', b'"\\u006dediaType"'))
    fails("bom-bundle", "byte order mark before the bundle", b"\xef\xbb\xbf" + text)
    fails("trailing-text", "letters after the bundle", text + b"x")
    fails("trailing-object", "a second object after the bundle", text + b"\n" + text)
    fails("trailing-nul", "NUL after the bundle", text + b"\0")
    fails("trailing-comma", "a comma before the closing brace", text[:-1] + b",}")
    fails("comment", "a comment", b"/* */" + text)
    fails("truncated", "the last brace missing", text[:-1])
    fails("utf-8-invalid-bundle", "a byte that is not UTF-8", text.replace(b'"keyid":""', b'"keyid":"\xff"'))
    fails("utf-16-bundle", "the bundle in UTF-16", text.decode().encode("utf-16"))
    fails("control-in-text", "a raw line break inside a string", text.replace(b'"keyid":""', b'"keyid":"\n"'))
    fails("single-quotes", "single quotes", text.replace(b'"', b"'"))

    payload = PAYLOAD.decode()

    def extra(raw):
        return signed((payload[:-1] + ',"x":').encode() + raw + b"}")

    passed = "The reference PASSES. "
    fails("bom-statement", "byte order mark before the statement", signed(b"\xef\xbb\xbf" + PAYLOAD), note=passed.strip())
    fails("utf-16-statement", "the statement in UTF-16", signed(payload.encode("utf-16")),
          note=passed + "Python guesses the encoding of bytes.")
    fails("trailing-statement", "letters after the statement", signed(PAYLOAD + b" x"))
    passes("trailing-newline-statement", "a newline after the statement", signed(PAYLOAD + b"\n"))
    fails("utf-8-invalid-statement", "a byte that is not UTF-8", extra(b'"\xff"'))
    fails("utf-8-surrogate-statement", "an encoded surrogate", extra(b'"\xed\xa0\x80"'), note=passed.strip())
    fails("lone-surrogate-unknown", "a lone surrogate in an unknown field", extra(b'"\\ud800"'), note=passed.strip())
    fails("lone-surrogate-subject", "a lone surrogate in the subject's name",
          signed(PAYLOAD.replace(b'"name":"basic"', b'"name":"\\udcff"')), note=passed.strip())
    fails("lone-surrogate-name", "a lone surrogate in a resource name",
          signed(PAYLOAD.replace(b'"name":"config.json"', b'"name":"\\udcff.json"')))
    for name, raw in {"nan": b"NaN", "infinity": b"Infinity", "minus-infinity": b"-Infinity"}.items():
        fails(f"{name}", f"{raw.decode()} in an unknown field", extra(raw), note=passed + "It is not JSON.")
    for name, raw in {"plus": b"+1", "leading-zero": b"01", "bare-point": b".5", "hex": b"0x10",
                      "single-quoted": b"'a'"}.items():
        fails(f"number-{name}", f"{raw.decode()} in an unknown field", extra(raw))
    passes("huge-integer", "an integer beyond 64 bits in an unknown field", extra(b"123456789012345678901234567890"))
    fails("huge-integer-400", "an integer of 400 digits in an unknown field", extra(b"1" + b"0" * 400),
          note="The reference PASSES. No double holds it: readers disagree on such numbers, and no producer writes them.")
    fails("huge-exponent", "1e999 in an unknown field", extra(b"1e999"), note="As huge-integer-400.")
    passes("nested-64", "64 levels in an unknown field", extra(b"[" * 64 + b"]" * 64))
    fails("nested-5000", "5000 levels in an unknown field", extra(b"[" * 5000 + b"]" * 5000),
          note="A limit on depth is what keeps a recursive reader alive.")
    fails("nested-5000-bundle", "5000 levels in the bundle",
          text[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}")
    for name, raw in {"array": b"[]", "text": b'"x"', "null": b"null", "number": b"1"}.items():
        fails(f"statement-{name}", f"the payload is JSON {name}", signed(raw))


def statements():
    """§1.3, shape of the statement."""
    base = v.statement()
    for path in (["_type"], ["subject"], ["predicateType"], ["predicate"], ["predicate", "serialization"],
                 ["predicate", "resources"], ["subject", 0, "name"], ["subject", 0, "digest"],
                 ["subject", 0, "digest", "sha256"], ["predicate", "serialization", "method"],
                 ["predicate", "serialization", "hash_type"]):
        members = "-".join(p.replace("predicateType", "predicate-type") for p in path if p != 0)
        fails("absent-" + members.replace("_", "-").strip("-"), f"no {path[-1]}", signed(without(path)))
    for name, value in {"null": None, "text": "x", "array": []}.items():
        fails(f"predicate-{name}", f"predicate is {name}", signed(v.edited(base, ["predicate"], value)))
        fails(f"resources-{name}" if name != "array" else "resources-empty", f"resources is {name}",
              signed(v.edited(base, ["predicate", "resources"], value)))
    empty = v.statement(resources=[])
    fails("resources-empty-right-root", "no resources, root digest of nothing", signed(empty))
    hole = "The reference PASSES: nothing was checked."
    fails("resources-empty-ignore-unsigned", "no resources, unsigned files ignored", signed(empty),
          options=UNSIGNED_IGNORED, note=hole)
    fails("resources-empty-model", "no resources, empty model", signed(empty), model=None, note=hole)
    fails("subject-empty", "no subject", signed(v.edited(base, ["subject"], [])))
    fails("subject-object", "subject is an object", signed(v.edited(base, ["subject"], base["subject"][0])))
    digest = base["subject"][0]["digest"]["sha256"]
    passes("subject-more-digests", "the subject has another digest beside sha256",
           signed(v.edited(base, ["subject", 0, "digest", "sha512"], "00" * 64)),
           note="Only sha256 is defined; the reference reads only it.")
    fails("subject-upper-case-digest", "root digest in upper case",
          signed(v.edited(base, ["subject", 0, "digest", "sha256"], digest.upper())),
          note="The reference compares text here (but not for resources).")
    fails("subject-short-digest", "root digest one byte short",
          signed(v.edited(base, ["subject", 0, "digest", "sha256"], digest[2:])))
    fails("subject-null-digest", "root digest null",
          signed(v.edited(base, ["subject", 0, "digest", "sha256"], None)))
    passes("subject-other-name", "the subject names another model", signed(
        v.edited(base, ["subject", 0, "name"], "another")))
    passes("subject-empty-name", "the subject's name is empty", signed(v.edited(base, ["subject", 0, "name"], "")))
    passes("subject-path-name", "the subject's name looks like a path", signed(
        v.edited(base, ["subject", 0, "name"], "../../etc")), note="Informational: never opened, only shown.")
    fails("subject-number-name", "the subject's name is a number", signed(
        v.edited(base, ["subject", 0, "name"], 5)), note="The reference PASSES: it does not look.")
    fails("predicate-type-slash", "predicateType with a slash after it", signed(
        v.edited(base, ["predicateType"], v.PREDICATE_V1 + "/")))
    fails("predicate-type-v1.1", "a later predicate", signed(
        v.edited(base, ["predicateType"], "https://model_signing/signature/v1.1")))


def names():
    """§1.5: relative, `/` between components, nothing to resolve."""
    loose = "The reference PASSES: its path type rewrites the name. A signed name has one spelling."
    fails("name-absolute", "an absolute name", signed(renamed("config.json", "/config.json")))
    fails("name-dot-prefix", "./config.json", signed(renamed("config.json", "./config.json")), note=loose)
    fails("name-dot-inside", "a/./b.bin", signed(renamed("a/b.bin", "a/./b.bin", "nested")), model="nested",
          note=loose)
    fails("name-double-slash", "a//b.bin", signed(renamed("a/b.bin", "a//b.bin", "nested")), model="nested",
          note=loose)
    fails("name-trailing-slash", "config.json/", signed(renamed("config.json", "config.json/")), note=loose)
    fails("name-parent-inside", "a/../b.bin, which is there", signed(renamed("b.bin", "a/../b.bin", "nested")),
          model="nested")
    fails("name-parent-inside-ignore-unsigned", "a/../b.bin, unsigned files ignored",
          signed(renamed("b.bin", "a/../b.bin", "nested")), model="nested", options=UNSIGNED_IGNORED,
          note="The reference PASSES: it opens what the name leads to.")
    fails("name-parent", "..", signed(renamed("config.json", "..")))
    fails("name-parent-last", "a name that ends in ..", signed(renamed("config.json", "a/..")))
    fails("name-empty", "the empty name", signed(renamed("config.json", "")))
    fails("name-dot-in-folder", "the name . for a folder", signed(renamed("config.json", ".")))
    fails("name-nul", "NUL in a name", signed(renamed("config.json", "config.json\0")))
    fails("name-nul-ignore-unsigned", "NUL in a name, unsigned files ignored",
          signed(renamed("config.json", "config.json\0")), options=UNSIGNED_IGNORED)
    fails("name-too-long", "a name of 5000 letters", signed(resources(v.resource("a" * 5000, b""))))
    fails("name-number", "a name that is a number", signed(first_resource(name=5)))
    fails("name-null", "a name that is null", signed(first_resource(name=None)))
    fails("name-absent", "a resource without a name", signed(first_resource(name=v.REMOVE)))
    fails("name-backslash-separator", "a\\b.bin for a/b.bin", signed(renamed("a/b.bin", "a\\b.bin", "nested")),
          model="nested")
    for name, file in {"backslash": "a\\b.bin", "newline": "a\nb.bin", "escape": "a\u001b[31mb.bin",
                       "three-dots": "...", "two-dots-prefix": "..a", "colon": "a:b.bin",
                       "tilde": "~", "star": "*", "trailing-space": "a "}.items():
        passes(f"name-{name}", f"a file that is really called {file!r}",
               signed(resources(v.resource(file, b"x"))), setup=[{"op": "write", "path": file, "text": "x"}])
    fails("name-star-is-no-pattern", "a resource *.json covers no other file",
          signed(renamed("config.json", "*.json")))
    first = v.file_resources("basic")[0]
    wrong = {**first, "digest": "00" * 32}
    dot = {**first, "name": "./" + first["name"]}
    fails("duplicate-name-spelling", "one file under two spellings", signed(resources(dot)), note=loose)
    fails("duplicate-name-spelling-wrong", "one file under two spellings, the first digest wrong",
          signed(v.statement(resources=[wrong, {**dot}, *v.file_resources("basic")[1:]])), note=loose)
    fails("name-below-a-file", "config.json and config.json/x", signed(resources(v.resource("config.json/x", b""))))
    fails("name-traversal-absolute-ignore-unsigned", "an absolute name, unsigned files ignored",
          signed(resources(v.resource("/dev/null", b""))), options=UNSIGNED_IGNORED)
    fails("name-outside-deep", "a/../../outside.bin, unsigned files ignored",
          signed(resources(v.resource("a/../../outside.bin", b"out"))), options=UNSIGNED_IGNORED,
          setup=[OUTSIDE, {"op": "mkdir", "path": "a"}], note="The reference PASSES: it leaves the model.")
    link = [{"op": "delete", "path": "config.json"},
            {"op": "write", "path": "../outside.bin", "base64": v.b64((v.MODELS / "basic/config.json").read_bytes())},
            {"op": "symlink", "path": "config.json", "target": "../outside.bin"}]
    passes("symlink-leaves-model-allowed", "a listed file became a link out of the model, links allowed", HONEST,
           setup=link, options=["--allow_symlinks"])
    fails("symlink-leaves-model", "a listed file became a link out of the model", HONEST, setup=link)
    fails("symlink-leaves-model-ignore-unsigned", "the same, unsigned files ignored", HONEST, setup=link,
          options=UNSIGNED_IGNORED)
    fails("symlink-folder", "a link to a folder, links not allowed", HONEST,
          setup=[{"op": "symlink", "path": "link", "target": "."}])
    fails("symlink-folder-allowed", "a link to a folder with an unsigned file, links allowed", HONEST,
          setup=[{"op": "write", "path": "../elsewhere/evil.py", "text": "x"},
                 {"op": "symlink", "path": "link", "target": "../elsewhere"}], options=["--allow_symlinks"],
          note="The reference PASSES: it neither walks nor refuses a linked folder, so nothing below it is checked.")
    fails("symlink-folder-inside-allowed", "a link to a folder of the model, links allowed",
          signed(v.statement(model="nested")), model="nested", options=["--allow_symlinks"],
          setup=[{"op": "symlink", "path": "link", "target": "a"}], note="As symlink-folder-allowed.")
    fails("symlink-parent-ignore-unsigned", "a folder became a link out of the model, unsigned files ignored",
          signed(v.statement(model="nested")), model="nested", options=UNSIGNED_IGNORED,
          setup=[{"op": "rename", "path": "a", "to": "../a-moved"},
                 {"op": "symlink", "path": "a", "target": "../a-moved"}],
          note="The reference PASSES: it looks for links only in the last component.")
    passes("symlink-unsigned-ignore-unsigned", "an unlisted link, unsigned files ignored", HONEST,
           options=UNSIGNED_IGNORED, setup=[{"op": "symlink", "path": "link", "target": "config.json"}])
    fails("symlink-ignored", "a link that the signer's ignore list covers",
          signed(v.statement(ignore_paths=[*v.GIT_PATHS, "link"])),
          setup=[{"op": "symlink", "path": "link", "target": "config.json"}])
    fails("symlink-in-git", "a link inside .git", HONEST,
          setup=[{"op": "write", "path": ".git/config", "text": "x"},
                 {"op": "symlink", "path": ".git/link", "target": "config"}])
    fails("symlink-broken-allowed", "a broken link, links allowed", HONEST, options=["--allow_symlinks"],
          setup=[{"op": "symlink", "path": "link", "target": "nowhere"}])


def single_files():
    """§1.5: one file as the model."""
    weights = (v.MODELS / "single" / "weights.bin").read_bytes()

    def one(*items):
        return signed(v.edited(v.statement(model="single", resources=list(items)),
                               ["subject", 0, "name"], "weights.bin"))

    how = {"model": "single", "target": "weights.bin"}
    passes("single-dot", "the resource is called .", one(v.resource(".", weights)), **how)
    passes("single-file-name", "the resource has the file's name", one(v.resource("weights.bin", weights)), **how,
           note="The specification's form. The reference FAILS: it writes and expects the name '.'.")
    passes("single-renamed-dot", "the file was renamed; the resource is called .", one(v.resource(".", weights)),
           model="single", target="other.bin", setup=[{"op": "rename", "path": "weights.bin", "to": "other.bin"}])
    fails("single-other-name", "the resource has another name", one(v.resource("other.bin", weights)), **how)
    fails("single-empty-name", "the resource's name is empty", one(v.resource("", weights)), **how,
          note="The reference PASSES: an empty path is '.'.")
    fails("single-both-names", "both forms at once",
          one(v.resource(".", weights), v.resource("weights.bin", weights)), **how)
    fails("single-two-files", "a second resource", one(v.resource(".", weights), v.resource("x", b"")), **how)
    fails("single-signed-folder-given", "one file was signed, its folder is given",
          one(v.resource(".", weights)), model="single")
    passes("single-signed-by-name-folder-given", "the file's name was signed, its folder is given",
           one(v.resource("weights.bin", weights)), model="single")
    fails("folder-signed-file-given", "a folder was signed, one of its files is given", HONEST,
          target="config.json")


def digests():
    """§1.4: one algorithm for all, digests of its length in hex."""
    good = v.file_resources("basic")[0]["digest"]
    fails("algorithm-mixed", "one resource with another algorithm", signed(first_resource(algorithm="blake3")))
    fails("algorithm-upper-case", "algorithm SHA256", signed(first_resource(algorithm="SHA256")))
    fails("algorithm-dash", "algorithm sha-256", signed(first_resource(algorithm="sha-256")))
    fails("algorithm-absent", "a resource without algorithm", signed(first_resource(algorithm=v.REMOVE)))
    fails("algorithm-null", "algorithm null", signed(first_resource(algorithm=None)))
    fails("algorithm-shard-form", "the shard form in a files manifest",
          signed(first_resource(algorithm="sha256-sharded-1000")))
    fails("digest-short", "31 bytes", signed(first_resource(digest=good[2:])))
    fails("digest-long", "33 bytes", signed(first_resource(digest=good + "00")))
    fails("digest-empty", "no bytes", signed(first_resource(digest="")))
    fails("digest-odd", "an odd number of letters", signed(first_resource(digest=good[1:])))
    fails("digest-not-hex", "a letter that is not hex", signed(first_resource(digest="g" + good[1:])))
    fails("digest-prefix", "0x before the hex", signed(first_resource(digest="0x" + good)))
    fails("digest-named", "sha256: before the hex", signed(first_resource(digest="sha256:" + good)))
    fails("digest-space", "a space in the hex", signed(first_resource(digest=good[:2] + " " + good[2:])),
          note="The reference PASSES: Python's fromhex skips white space.")
    fails("digest-base64", "base64 instead of hex",
          signed(first_resource(digest=v.b64(bytes.fromhex(good)))))
    fails("digest-absent", "a resource without digest", signed(first_resource(digest=v.REMOVE)))
    fails("digest-number", "a digest that is a number", signed(first_resource(digest=5)))
    fails("digest-object", "a digest object", signed(first_resource(digest={"sha256": good})))
    passes("digest-mixed-case", "hex in both cases", signed(first_resource(digest=good[:32].upper() + good[32:])))
    hole = "The reference's command line PASSES: it never reads hash_type."
    fails("hash-type-upper-case", "hash_type SHA256", signed(with_serialization(hash_type="SHA256")), note=hole)
    fails("hash-type-differs", "hash_type blake3, resources sha256",
          signed(with_serialization(hash_type="blake3")), note=hole)
    fails("hash-type-sha512", "hash_type sha512", signed(with_serialization(hash_type="sha512")), note=hole)
    fails("hash-type-null", "hash_type null", signed(with_serialization(hash_type=None)), note=hole)
    fails("hash-type-number", "hash_type is a number", signed(with_serialization(hash_type=256)), note=hole)
    fails("hash-type-shard-form", "the shard form in a files manifest",
          signed(with_serialization(hash_type="sha256-sharded-1000")), note=hole)


def serialization_fields():
    """§1.4, the other fields."""
    for name, value in {"upper-case": "FILES", "singular": "file", "null": None, "number": 1, "empty": ""}.items():
        fails(f"method-{name}", f"method {value!r}", signed(with_serialization(method=value)))
    fails("method-array", "method is a list", signed(with_serialization(method=["files"])))
    fails("symlinks-absent", "no allow_symlinks",
          signed(without(["predicate", "serialization", "allow_symlinks"])))
    loose = "The reference PASSES: it never reads the value."
    for name, value in {"text": "false", "number": 0, "null": None}.items():
        fails(f"symlinks-{name}", f"allow_symlinks is {value!r}",
              signed(with_serialization(allow_symlinks=value)), note=loose)
    passes("symlinks-true-no-links", "allow_symlinks true, no link present",
           signed(with_serialization(allow_symlinks=True)))


def ignore_lists():
    """§1.4: relative to the model root, whole components, no patterns."""
    def listed(paths, **fields):
        return signed(with_serialization(ignore_paths=paths), **fields)

    passes("ignore-absent", "no ignore_paths", signed(without(["predicate", "serialization", "ignore_paths"])))
    passes("ignore-empty", "ignore_paths is empty", listed([]))
    passes("ignore-twice", "one path twice", listed(["cache", "cache"]),
           setup=[{"op": "write", "path": "cache/x", "text": "x"}])
    passes("ignore-file", "one file", listed(["evil.py"]), setup=[EVIL])
    passes("ignore-missing", "a path that is not there", listed(["nowhere"]))
    dropped = "The reference PASSES: such an entry has no effect there. No producer writes one."
    fails("ignore-parent", "an entry ..", listed([".."]), note=dropped)
    fails("ignore-parent-inside", "an entry cache/../evil.py", listed(["cache/../evil.py"]), note=dropped)
    fails("ignore-absolute", "an absolute entry", listed(["/etc"]), note=dropped)
    fails("ignore-nul", "an entry with NUL", listed(["a\0b"]), note=dropped)
    fails("ignore-empty-entry", "an empty entry", listed([""]),
          note="An empty path is the model itself: nothing would be checked.")
    fails("ignore-empty-entry-ignore-unsigned", "an empty entry, unsigned files ignored", listed([""]),
          options=UNSIGNED_IGNORED)
    fails("ignore-dot-slash", "an entry ./", listed(["./"]))
    respelt = "The reference PASSES: its path type rewrites the entry. A signed path has one spelling."
    fails("ignore-trailing-slash", "an entry cache/", listed(["cache/"]),
          setup=[{"op": "write", "path": "cache/x", "text": "x"}], note=respelt)
    fails("ignore-dot-prefix", "an entry ./cache", listed(["./cache"]),
          setup=[{"op": "write", "path": "cache/x", "text": "x"}], note=respelt)
    typed = "The reference PASSES: it turns the entry into text."
    fails("ignore-number", "an entry that is a number", listed([5]), note=typed)
    fails("ignore-null-entry", "an entry that is null", listed([None]), note=typed)
    fails("ignore-null", "ignore_paths null", listed(None))
    fails("ignore-object", "ignore_paths is an object", listed({"cache": True}),
          note="The reference PASSES: it walks the keys.")
    fails("ignore-text", "ignore_paths is text", listed("cache"), note="The reference PASSES: it walks the letters.")
    fails("ignore-text-covers-letter", "ignore_paths is text, a file is called like one of its letters",
          listed("cache"), setup=[{"op": "write", "path": "c", "text": "x"}], note="The reference PASSES.")
    fails("ignore-pattern", "an entry *.py is no pattern", listed(["*.py"]), setup=[EVIL])
    fails("ignore-case", "an entry in other case", listed(["EVIL.PY"]), setup=[EVIL])
    fails("ignore-suffix", "an entry is no suffix", listed(["evil.py"]),
          setup=[{"op": "write", "path": "sub/evil.py", "text": "x"}])
    fails("ignore-listed-file", "an entry covers a listed file", listed(["config.json"]),
          note="Signed as present and signed as ignored: the reference reports it missing.")
    git = resources(v.resource(".gitignore", b"x"))
    git["predicate"]["serialization"].pop("ignore_paths")
    write = [{"op": "write", "path": ".gitignore", "text": "x"}]
    passes("git-path-signed", "a .gitignore was signed, verified with git paths", signed(git), setup=write,
           options=["--no-ignore-git-paths"], note="The reference's API hides git paths unless configured.")
    fails("git-path-signed-default", "a .gitignore was signed, git paths ignored by the verifier", signed(git),
          setup=write, note="The reference reports it missing: the default hides it.")


def shard(model, file, start, end, algorithm="sha256-sharded-1000"):
    data = (v.MODELS / model / file).read_bytes()[start:end]
    return v.resource(f"{file}:{start}:{end}", data, algorithm)


SHARDS = [("big.bin", 0, 1000), ("big.bin", 1000, 2000), ("big.bin", 2000, 2500), ("exact.bin", 0, 1000),
          ("small.bin", 0, 100)]


def sharded(items=None, algorithm="sha256-sharded-1000", **fields):
    items = items if items is not None else [shard("sharded", *s, algorithm) for s in SHARDS]
    fields = {"method": "shards", "shard_size": 1000, **fields}
    fields = {k: x for k, x in fields.items() if x is not v.REMOVE}
    return signed(v.statement(model="sharded", resources=items, **fields))


def shards():
    """§1.4, §1.5: together the shards of a file cover it once, in steps of shard_size."""
    here = {"model": "sharded"}
    tool = "The reference's command line verifies no shard signature; "
    passes("shards-integer", "shard_size 1000, algorithm sha256-sharded-1000", sharded(), **here,
           note=tool + "its API does this one.")
    passes("shards-plain-algorithm", "algorithm sha256, as the specification says",
           sharded(algorithm="sha256"), **here, note=tool + "its API compares the algorithm's name.")
    passes("shards-exponent", "shard_size 1e3",
           signed(v.compact(v.statement(model="sharded", method="shards", shard_size=1000, resources=[
               shard("sharded", *s) for s in SHARDS])).replace('"shard_size":1000', '"shard_size":1e3').encode()),
           **here, note=tool + "its API wants an integer.")
    passes("shards-unordered", "shards in reverse order",
           sharded([shard("sharded", *s) for s in reversed(SHARDS)]), **here, note=tool + "its API does this one.")
    passes("shards-larger-than-files", "shard_size above every file",
           sharded([shard("sharded", "big.bin", 0, 2500, "sha256"), shard("sharded", "exact.bin", 0, 1000, "sha256"),
                    shard("sharded", "small.bin", 0, 100, "sha256")], shard_size=10**15), **here,
           note=tool + "its API compares the algorithm's name.")
    passes("shards-hash-type-shard-form", "hash_type sha256-sharded-1000, as 0.3.1 wrote it",
           sharded(hash_type="sha256-sharded-1000"), **here,
           note="Signatures of that release exist: see legacy/0.3.1/sharded.sig.")
    fails("shards-hash-type-other-size", "hash_type sha256-sharded-500, shard_size 1000",
          sharded(hash_type="sha256-sharded-500"), **here)
    fails("shards-algorithm-other-size", "algorithm sha256-sharded-500, shard_size 1000",
          sharded(algorithm="sha256-sharded-500"), **here)
    fails("shards-algorithm-mixed", "both algorithm forms in one manifest",
          sharded([shard("sharded", *s, "sha256" if i else "sha256-sharded-1000") for i, s in enumerate(SHARDS)]),
          **here)
    for name, value in {"zero": 0, "negative": -1, "fraction": 1000.5, "text": "1000", "null": None, "true": True,
                        "huge": 1e300, "other": 500, "array": [1000]}.items():
        fails(f"shard-size-{name}", f"shard_size {value!r}", sharded(shard_size=value), **here)
    fails("shard-size-absent", "no shard_size", sharded(shard_size=v.REMOVE), **here)

    def replaced(index, *items):
        honest = [shard("sharded", *s) for s in SHARDS]
        return sharded(honest[:index] + list(items) + honest[index + 1 :])

    def named(name, data=b""):
        return v.resource(name, data, "sha256-sharded-1000")

    big = (v.MODELS / "sharded" / "big.bin").read_bytes()
    fails("shards-gap", "the middle shard is missing", replaced(1), **here)
    fails("shards-first-missing", "the first shard is missing", replaced(0), **here)
    fails("shards-last-missing", "the last shard is missing", replaced(2), **here)
    fails("shards-gap-ignore-unsigned", "the middle shard is missing, unsigned files ignored", replaced(1), **here,
          options=UNSIGNED_IGNORED)
    fails("shards-overlap", "two shards overlap",
          replaced(1, shard("sharded", "big.bin", 1000, 2000), shard("sharded", "big.bin", 500, 1500)), **here)
    fails("shards-duplicate", "one shard twice",
          replaced(1, shard("sharded", "big.bin", 1000, 2000), shard("sharded", "big.bin", 1000, 2000)), **here,
          note="The reference's API PASSES (last wins).")
    fails("shards-duplicate-first-wrong", "one shard twice, the first digest wrong",
          replaced(1, {**shard("sharded", "big.bin", 1000, 2000), "digest": "00" * 32},
                   shard("sharded", "big.bin", 1000, 2000)), **here, note="The reference's API PASSES (last wins).")
    fails("shards-beyond-end", "the last shard ends beyond the file",
          replaced(2, named("big.bin:2000:3000", big[2000:])), **here)
    fails("shards-far-beyond-end", "a shard that ends at 2^63",
          replaced(2, named(f"big.bin:2000:{2**63}", big[2000:])), **here)
    fails("shards-beyond-u64", "a shard that ends at 2^64",
          replaced(2, named(f"big.bin:2000:{2**64}", big[2000:])), **here)
    fails("shards-zero-length", "a shard of no bytes", replaced(4, shard("sharded", "small.bin", 0, 100),
                                                               named("small.bin:100:100")), **here)
    fails("shards-empty-file-listed", "a shard of an empty file", replaced(
        4, shard("sharded", "small.bin", 0, 100), named("empty.bin:0:0")), **here)
    fails("shards-backwards", "start after end", replaced(1, named("big.bin:2000:1000")), **here)
    fails("shards-unaligned", "two halves where shard_size says one",
          replaced(3, shard("sharded", "exact.bin", 0, 500), shard("sharded", "exact.bin", 500, 1000)), **here)
    fails("shards-merged", "one shard where shard_size says two",
          replaced(0, shard("sharded", "big.bin", 0, 2000)), **here)
    respelt = {"shards-leading-zero": "big.bin:01000:2000", "shards-plus": "big.bin:+1000:2000",
               "shards-space": "big.bin: 1000:2000", "shards-underscore": "big.bin:1_000:2000",
               "shards-other-digits": "big.bin:\u0661\u0660\u0660\u0660:2000", "shards-hex": "big.bin:0x3e8:2000",
               "shards-exponent-offset": "big.bin:1e3:2000", "shards-point-offset": "big.bin:1000.0:2000"}
    for name, spelling in respelt.items():
        fails(name, f"a shard called {spelling!r}", replaced(1, named(spelling, big[1000:2000])), **here,
              note="Offsets are plain decimal: one spelling each. The reference's API reads what Python's int() reads.")
    fails("shards-minus-zero", "a shard called 'big.bin:-0:1000'",
          replaced(0, named("big.bin:-0:1000", big[:1000])), **here,
          note="As shards-leading-zero.")
    fails("shards-negative", "a negative start", replaced(0, named("big.bin:-1:1000", big[:1000])), **here)
    fails("shards-no-offsets", "a shard without offsets", replaced(4, named("small.bin", b"")), **here)
    fails("shards-one-offset", "a shard with one offset", replaced(4, named("small.bin:0", b"")), **here)
    fails("shards-empty-offsets", "a shard with empty offsets", replaced(4, named("small.bin::", b"")), **here)
    fails("shards-empty-path", "a shard without a path", replaced(4, named(":0:100", b"")), **here)
    fails("shards-parent-path", "a shard outside the model", replaced(
        4, shard("sharded", "small.bin", 0, 100), named("../outside.bin:0:3", b"out")), **here, setup=[OUTSIDE])
    fails("shards-file-beside", "a whole file beside shards", replaced(4, named("small.bin", (
        v.MODELS / "sharded" / "small.bin").read_bytes())), **here)
    fails("shards-extra-file", "a file that no shard names", sharded(), **here, setup=[EVIL])
    passes("shards-extra-empty-file", "an empty file that was not there at signing", sharded(), **here,
           setup=[{"op": "write", "path": "new.bin", "text": ""}],
           note="Shards do not record empty files: it cannot be told from one that was there. Worth a warning.")
    moved = [named(f"with:colon.bin:{start}:{end}", big[start:end]) for _, start, end in SHARDS[:3]]
    rest = [shard("sharded", *s) for s in SHARDS[3:]]
    passes("shards-colon-in-path", "a colon in the path", sharded([*rest, *moved]), **here,
           setup=[{"op": "rename", "path": "big.bin", "to": "with:colon.bin"}],
           note="Split at the last two colons. The reference FAILS: it splits at every one.")
    number = [named(f"7:8:{start}:{end}", big[start:end]) for _, start, end in SHARDS[:3]]
    passes("shards-number-like-path", "a path that looks like offsets", sharded([*number, *rest]), **here,
           setup=[{"op": "rename", "path": "big.bin", "to": "7:8"}], note="As shards-colon-in-path.")
    fails("files-with-shard-name", "a shard name in a files manifest",
          signed(renamed("config.json", "config.json:0:45")))


def signature_forms():
    """§1.1: ASN.1 DER, and the curve's own hash."""
    message = v.pae(PAYLOAD)
    der = v.sign(message)
    r, s = utils.decode_dss_signature(der)

    def carrying(sig):
        return v.edited(HONEST, [*SIGNATURE, "sig"], v.b64(sig))

    def tlv(tag, body, long=False):
        return bytes([tag]) + (b"\x81" if long else b"") + bytes([len(body)]) + body

    def integer(n, pad=b""):
        body = n.to_bytes((n.bit_length() + 8) // 8, "big") if n else b"\0"
        return tlv(2, pad + body)

    passes("sig-low-s", "s in the lower half", carrying(utils.encode_dss_signature(r, min(s, P256_ORDER - s))))
    passes("sig-high-s", "s in the upper half", carrying(utils.encode_dss_signature(r, max(s, P256_ORDER - s))))
    fails("sig-trailing-byte", "a byte after the DER", carrying(der + b"\0"))
    fails("sig-truncated", "the last byte missing", carrying(der[:-1]))
    fails("sig-raw", "r and s side by side", carrying(r.to_bytes(32, "big") + s.to_bytes(32, "big")))
    fails("sig-empty", "no signature", carrying(b""))
    fails("sig-null", "sig null", v.edited(HONEST, [*SIGNATURE, "sig"], None))
    fails("sig-absent", "no sig", v.edited(HONEST, [*SIGNATURE, "sig"], v.REMOVE))
    fails("sig-long-length", "a length in the long form", carrying(tlv(0x30, integer(r) + integer(s), long=True)))
    fails("sig-padded-integer", "a zero byte too many", carrying(tlv(0x30, integer(r, b"\0") + integer(s))))
    fails("sig-negative", "r written as a negative number",
          carrying(tlv(0x30, tlv(2, b"\xff" + r.to_bytes(32, "big")) + integer(s))))
    fails("sig-three-integers", "a third integer", carrying(tlv(0x30, integer(r) + integer(s) + integer(1))))
    fails("sig-r-zero", "r is zero", carrying(utils.encode_dss_signature(0, s)))
    fails("sig-s-zero", "s is zero", carrying(utils.encode_dss_signature(r, 0)))
    fails("sig-both-zero", "r and s are zero", carrying(utils.encode_dss_signature(0, 0)))
    fails("sig-r-order", "r is the group order", carrying(utils.encode_dss_signature(P256_ORDER, s)))
    fails("sig-r-plus-order", "r plus the group order", carrying(utils.encode_dss_signature(r + P256_ORDER, s)))
    fails("sig-hex-text", "hex instead of base64", v.edited(HONEST, [*SIGNATURE, "sig"], der.hex()))
    fails("sig-over-payload", "signature over the payload, without PAE", carrying(v.sign(PAYLOAD)))
    fails("sig-over-base64", "signature over the PAE of the base64 text",
          carrying(v.sign(v.pae(v.b64(PAYLOAD).encode()))))
    fails("sig-pae-length", "PAE with another length", carrying(
        v.sign(b"DSSEv1 %d %s %d %s" % (len(v.IN_TOTO), v.IN_TOTO.encode(), len(PAYLOAD) + 1, PAYLOAD))))
    for key, digest in (("p384", hashes.SHA256), ("p521", hashes.SHA256), ("p521", hashes.SHA384),
                        ("p256", hashes.SHA384), ("p384", hashes.SHA512)):
        fails(f"sig-{key}-{digest.name}", f"{key} with {digest.name}",
              signed(v.statement(), key=key, sig=v.sign(message, key, digest)), key=key)
    passes("sig-p384-curve-hash", "p384 with its own hash", signed(v.statement(), key="p384"), key="p384")
    passes("sig-p521-curve-hash", "p521 with its own hash", signed(v.statement(), key="p521"), key="p521")
    fails("sig-old-pae", "the 0.2.0 signature input under the 1.0 predicate", carrying(
        v.sign(v.pae_0_2_0(PAYLOAD))), note="The reference PASSES. Only the 0.1 predicate was ever signed that way.")


def main():
    for old in (HERE / "sigs").glob("*.sig"):
        old.unlink()
    for topic in (base64_forms, hints, materials, certificates, media_types, contents, unknown_fields, duplicates,
                  json_text, statements, names, single_files, digests, serialization_fields, ignore_lists, shards,
                  signature_forms):
        topic()
    v.with_reference_answers(CASES, HERE)
    v.write_manifest(HERE, "crafted/generate.py, answers by model-signing 1.1.1 (PyPI), Python 3.11", CASES)
    for one in CASES:
        answer = one["reference"]["cli_1.1.1"]
        if one["expect"] != answer or answer != one["reference"]["python_api_auto_1.1.1"]:
            print(one["id"], "| expect", one["expect"], "|", one["reference"], "|", one.get("note", "NO NOTE"))


if __name__ == "__main__":
    main()

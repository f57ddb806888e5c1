#!/usr/bin/env python3
"""Writes the scan corpus: inert files, only ever read as bytes.

    python3 make.py OUT

OUT/dev          the corpus as its generator writes it
OUT/varied       the same cases with other payload strings, member names, file names and compression, as a test that
                 verdicts follow from what a file does and not from how it is spelt
OUT/benign_libs  files written by the real libraries, unpacked from benign_libs.tar.xz.base64
"""
import base64, importlib, io, json, os, sys, tarfile, zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import builders

# Files that loaders find by their name keep it.
BY_NAME = {"tokenizer_config.json", "chat_template.json", "chat_template.jinja", "config.json", "model_index.json",
           "saved_model.pb", "keras_metadata.pb", "MLmodel", "adapter_model.safetensors", "external.onnx.data",
           "external.onnx", "h5_named_keras.keras", "README.md", "wrong_ext.json", "wrong_ext.model", "no_ext"}


def dev(out):
    importlib.import_module("gen_dev").main(out)


def vary(out):
    """Other strings, other names of archive roots, deflate where the case does not choose a method."""
    builders.CMD, builders.PY = "true 'another inert payload'", "another = 'inert payload'"
    add, compressobj = builders.Zip.add, zlib.compressobj

    def added(self, name, data, method=0, **header):
        plain = not header.keys() - {"align", "mversion"} and method == 0 and data[:4] not in (b"PK\3\4", b"\x7fELF")
        tensor = isinstance(name, str) and "/data/" in name
        if isinstance(name, str) and name.startswith("archive/"):
            name = "renamed_root/" + name[len("archive/"):]
        return add(self, name, data, method=8 if plain and not tensor else method, **header)

    builders.Zip.add = added
    builders.zlib.compressobj = lambda level, *rest: compressobj(1, *rest)
    sys.modules.pop("gen_dev", None)
    importlib.import_module("gen_dev").main(out)
    builders.Zip.add, builders.zlib.compressobj = add, compressobj
    manifest = os.path.join(out, "manifest.json")
    entries = json.load(open(manifest))
    for number, entry in enumerate(entries):
        folder, name = os.path.split(entry["file"])
        if name in BY_NAME:
            continue
        stem, dot, suffix = name.partition(".")
        entry["file"] = os.path.join(folder, f"sample{number}{dot}{suffix}")
        os.rename(os.path.join(out, folder, name), os.path.join(out, entry["file"]))
    json.dump(entries, open(manifest, "w"), indent=1)


def benign_libs(out):
    packed = base64.b64decode(open(os.path.join(HERE, "benign_libs.tar.xz.base64")).read())
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
        for member in archive:
            if member.isfile():
                path = os.path.join(out, os.path.basename(member.name))
                with open(path, "wb") as file:
                    file.write(archive.extractfile(member).read())


if __name__ == "__main__":
    for name, make in (("dev", dev), ("varied", vary), ("benign_libs", benign_libs)):
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        make(folder)

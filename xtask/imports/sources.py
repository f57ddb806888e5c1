"""The wheels that the tables are made from: pinned in `sources.txt`, kept in a folder outside the checkout.

    sources = { "[" section "]" LF { name "==" version SP file SP bytes SP sha256 LF } }    ; and lines of comment

The wheels of one section see each other. A wheel is only ever opened as a zip; nothing of it is installed or run, and
of what is built from source nothing is taken, because that would run it.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile

FILE = pathlib.Path(__file__).parent / "sources.txt"
# What wheels for any Python are asked for with.
PYTHON = "3.11"


class Source:
    def __init__(self, requirement, file, size, sha256):
        self.requirement, self.file, self.size, self.sha256 = requirement, file, int(size), sha256

    def label(self):
        return self.requirement.replace("==", " ")

    def is_in(self, folder):
        path = folder / self.file
        return path.is_file() and path.stat().st_size == self.size and digest(path) == self.sha256

    def options(self):
        """What makes `pip` take this file: the tags of its name."""
        python, abi, platforms = self.file.removesuffix(".whl").split("-")[-3:]
        options = [f"--platform={platform}" for platform in platforms.split(".")]
        if python.startswith("cp"):
            return [*options, "--implementation=cp", f"--abi={abi}", f"--python-version={python[2]}.{python[3:]}"]
        return [*options, f"--python-version={PYTHON}"]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pinned():
    """`{section: [Source]}`, in the order of the file."""
    sections, here = {}, None
    for line in FILE.read_text().splitlines():
        if line.startswith("["):
            here = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            here.append(Source(*line.split()))
    return sections


def fetch(sections, folder):
    """Brings what is missing into `folder`."""
    wanted = {source.file: source for sources in sections.values() for source in sources}
    missing = [source for source in wanted.values() if not source.is_in(folder)]
    size = sum(source.size for source in missing) / 1e6
    print(f"{len(wanted)} wheels, {len(missing)} of them to download ({size:.0f} MB) from the package index into {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    for source in missing:
        print(f"  {source.file}, {source.size / 1e6:.1f} MB", flush=True)
        download(source, folder)


def download(source, folder):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{source.requirement} --hash=sha256:{source.sha256}\n")
        requirements.flush()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", f"--requirement={requirements.name}", f"--dest={folder}", *source.options()]
        subprocess.run(command, check=True)
    if not source.is_in(folder):
        raise SystemExit(f"{source.file}: not the file that is pinned")

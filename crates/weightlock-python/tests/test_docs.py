"""What the documents show in Python is run, in order, and prints what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from support import NO_SERVICES, ROOT, Case, safetensors, services, sign_as

#: What pages call the provider of identities. Where they are run it is one of the services beside the tests.
PROVIDER = "https://accounts.example.com"

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(page: Path) -> list[tuple[str, str | None]]:
    """Each piece of Python, and what follows it as text: its output, where that is shown."""
    blocks = [(match[1], match[2]) for match in BLOCK.finditer(page.read_text())]
    found: list[tuple[str, str | None]] = []
    for at, (language, text) in enumerate(blocks):
        if language == "python":
            after = blocks[at + 1] if at + 1 < len(blocks) else ("", "")
            found.append((text, after[1] if after[0] == "text" else None))
    return found


class Page(Case):
    """A place for the snippets of a page, with the model that they speak of."""

    def setUp(self) -> None:
        super().setUp()
        (self.model / "code" / "modeling_tiny.py").unlink()
        (self.model / "code").rmdir()
        (self.model / "model.safetensors").write_bytes(safetensors({"one": [0.5] * 64, "two": [1.0] * 4}))
        (self.model / "model.sig").unlink()
        self.sign(self.model)
        self.provider = None
        found = services()
        if found is not None:
            self.provider = json.loads((found / "who.json").read_text())["identity_provider"]
            shutil.copyfile(found / "trusted_root.json", self.folder / "trusted_root.json")
            published = shutil.copytree(self.model, self.folder / "published", ignore=shutil.ignore_patterns("model.sig"))
            sign_as(found / "token", published)

    def run_page(self, page: str, *, seconds: int = 60) -> None:
        found = snippets(ROOT / page)
        self.assertTrue(found, f"{page} shows no Python")
        for text, output in found:
            with self.subTest(page=page, snippet=text):
                if PROVIDER in text and self.provider is None:
                    self.skipTest(NO_SERVICES)
                ran = subprocess.run(
                    [sys.executable, "-c", text.replace(PROVIDER, str(self.provider))],
                    cwd=self.folder,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=seconds,
                )
                self.assertEqual(ran.returncode, 0, ran.stderr)
                if output is not None:
                    self.assertEqual(ran.stdout, output)


class Pages(Page):
    def test_the_readme(self) -> None:
        self.run_page("README.md")

    def test_the_page_for_python(self) -> None:
        self.run_page("docs/howto/python.md")

    def test_what_pages_for_frameworks_show_is_python(self) -> None:
        # It is run where the frameworks are: tests/frameworks/test_pages.py
        pages = sorted((ROOT / "docs/howto/python").glob("*.md"))
        self.assertGreater(len(pages), 8)
        for page in pages:
            for text, _ in snippets(page):
                compile(text, str(page), "exec")

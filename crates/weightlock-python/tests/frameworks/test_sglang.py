"""The plugin for SGLang, with its real registry of hooks and its real loader: no model is run, which takes a GPU."""

from __future__ import annotations

from typing import Any

from frameworks.libraries import Attacked, needs

needs("torch", "sglang")

import torch  # noqa: E402
from sglang.srt.configs.load_config import LoadConfig, LoadFormat  # noqa: E402
from sglang.srt.model_loader import loader as loaders  # noqa: E402
from sglang.srt.plugins.hook_registry import HookRegistry  # noqa: E402

import weightlock  # noqa: E402
import weightlock.sglang  # noqa: E402

#: In a list: the registry replaces every name that a module has for it.
ORIGINAL = [loaders.get_model_loader]


class Sglang(Attacked):
    def setUp(self) -> None:
        super().setUp()
        # No server runs here, so it has no arguments.
        self.addCleanup(setattr, loaders, "get_server_args", loaders.get_server_args)
        loaders.get_server_args = lambda: None
        HookRegistry.reset()
        weightlock.sglang.register()
        HookRegistry.apply_hooks()
        self.addCleanup(setattr, loaders, "get_model_loader", ORIGINAL[0])
        self.assertIsNot(loaders.get_model_loader, ORIGINAL[0])

    def loader(self, extra: Any, load_format: LoadFormat = LoadFormat.AUTO) -> Any:
        return loaders.get_model_loader(LoadConfig(load_format=load_format, model_loader_extra_config=extra))

    def files(self, extra: Any, model: Any = None) -> tuple[str, list[str]]:
        found = self.loader(extra)._prepare_weights(str(model or self.model), None, True)
        return found[0], found[1]

    def test_the_loader_is_given_a_sealed_view(self) -> None:
        asked = {"weightlock": {"key": str(self.key)}, "num_threads": 2}
        loader = self.loader(asked)
        self.assertEqual(loader.load_config.model_loader_extra_config, {"num_threads": 2})
        folder, files, is_safetensors = loader._prepare_weights(str(self.model), None, True)
        self.assertNotEqual(folder, str(self.model))
        self.assertTrue(is_safetensors)
        for change in self.changes(self.model / "model.safetensors"):
            change()
        from sglang.srt.model_loader.weight_utils import safetensors_weights_iterator

        weights = dict(safetensors_weights_iterator(files))
        del loader
        self.assertTrue(torch.equal(weights["two"], torch.full((512,), 0.5)))

    def test_who_does_not_ask_is_left_alone(self) -> None:
        self.assertEqual(self.files({})[0], str(self.model))

    def test_a_tampered_twin_and_a_missing_signer_are_refused(self) -> None:
        self.is_refused("WL-CLI-NO-TRUST", lambda: self.files({"weightlock": {}}))
        asked = {"weightlock": {"key": str(self.key)}}
        self.is_refused("WL-SIG-UNSIGNED", lambda: self.files(asked, self.make("plain")))
        (self.model / "config.json").write_text("{}")
        self.is_refused("WL-SIG-TAMPERED", lambda: self.files(asked))

    def test_without_the_hook_the_option_is_an_error(self) -> None:
        config = LoadConfig(load_format=LoadFormat.AUTO, model_loader_extra_config={"weightlock": {"key": str(self.key)}})
        with self.assertRaisesRegex(ValueError, "Unexpected extra config keys"):
            ORIGINAL[0](config)

    def test_loaders_that_cannot_be_guarded_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "cannot guard"):
            self.loader({"weightlock": {"key": str(self.key)}}, LoadFormat.DUMMY)
        with self.assertRaisesRegex(ImportError, "does not know"):
            weightlock.sglang.guard(type("DefaultModelLoader", (), {"_prepare_weights": lambda self, place: place})(), {})
        for wrong in ({"trust_me": True}, "release.pub", None):
            with self.assertRaisesRegex(ValueError, "is an object"):
                self.loader({"weightlock": wrong})

    def test_names_of_the_hub_are_looked_for_in_the_cache_only(self) -> None:
        loader = self.loader({"weightlock": {"key": str(self.key)}})
        self.is_refused("WL-IO-NOT-FOUND", lambda: loader._prepare_weights("org/nowhere", "a" * 40, True))

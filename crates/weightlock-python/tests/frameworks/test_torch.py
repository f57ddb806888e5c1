"""``weightlock.torch.load`` beside ``torch.load``."""

from __future__ import annotations

import gc
import io
import os
import pickle
from pathlib import Path
from typing import Any

from frameworks.libraries import Attacked, needs

needs("torch")

import torch  # noqa: E402

import weightlock  # noqa: E402
import weightlock.torch  # noqa: E402

#: A file that a hostile pickle would write.
CANARY = "canary"


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.place}",)


class Torch(Attacked):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.model / "pytorch_model.bin"
        self.state = {"weight": torch.arange(4096.0), "bias": torch.ones(8, dtype=torch.bfloat16), "step": 3}
        self.save(self.state)

    def save(self, content: Any, **options: Any) -> None:
        torch.save(content, self.file, **options)
        self.sign(self.model, replace=True)

    def same(self, loaded: Any) -> None:
        self.assertEqual(loaded["step"], 3)
        for name in ("weight", "bias"):
            self.assertTrue(torch.equal(loaded[name], self.state[name]))

    def test_it_loads_what_torch_loads(self) -> None:
        for legacy in (False, True):
            self.save(self.state, _use_new_zipfile_serialization=not legacy)
            self.same(weightlock.torch.load(self.file, key=self.key))
            self.same(weightlock.torch.load(str(self.file), "cpu", None, weights_only=True, key=self.key))
            self.same(weightlock.torch.load(self.file, map_location=torch.device("cpu"), key=self.key))
        tensors = weightlock.torch.load(self.model / "model.safetensors", "cpu", key=self.key)
        self.assertEqual(tensors["two"].tolist(), [0.5] * 512)

    def test_mapped_storages_are_private_and_stay(self) -> None:
        loaded = weightlock.torch.load(self.file, mmap=True, key=self.key)
        for change in self.changes(self.file):
            change()
            if self.file.exists():
                self.same(loaded)
        gc.collect()
        self.same(loaded)
        loaded["weight"].fill_(1.0)

    def test_a_changed_file_is_refused_and_never_unpickled(self) -> None:
        canary = self.folder / CANARY
        torch.save({"a": Runs(canary)}, self.file)
        self.is_refused("WL-SIG-TAMPERED", lambda: weightlock.torch.load(self.file, key=self.key))
        self.assertFalse(canary.exists())

    def test_a_signed_pickle_that_runs_code_does_not_run_it(self) -> None:
        canary = self.folder / CANARY
        for legacy in (False, True):
            self.save({"a": Runs(canary)}, _use_new_zipfile_serialization=not legacy)
            with self.assertRaises(pickle.UnpicklingError):
                weightlock.torch.load(self.file, key=self.key)
            self.assertFalse(canary.exists())

    def test_there_is_no_way_to_turn_it_off(self) -> None:
        canary = self.folder / CANARY
        self.save({"a": Runs(canary)})
        for options in ({"weights_only": False}, {"weights_only": 0}, {"pickle_module": pickle}):
            with self.assertRaises(ValueError):
                weightlock.torch.load(self.file, key=self.key, **options)
        for value in ("1", "TRUE", "yes", "y"):
            os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = value
            self.addCleanup(os.environ.pop, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", None)
            with self.assertRaisesRegex(ValueError, "unset it"):
                weightlock.torch.load(self.file, key=self.key)
        self.assertFalse(canary.exists())

    def test_the_variable_that_forces_it_is_honoured(self) -> None:
        os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
        self.addCleanup(os.environ.pop, "TORCH_FORCE_WEIGHTS_ONLY_LOAD")
        self.same(weightlock.torch.load(self.file, key=self.key))

    def test_what_cannot_be_verified_is_refused(self) -> None:
        with self.assertRaises(TypeError):
            weightlock.torch.load(io.BytesIO(self.file.read_bytes()), key=self.key)
        self.is_refused("WL-CLI-NO-TRUST", lambda: weightlock.torch.load(self.file))

    def test_torchscript_is_code_and_refused(self) -> None:
        archive = self.model / "script.pt"
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(archive))  # type: ignore[attr-defined]
        self.sign(self.model, replace=True)
        with self.assertRaises(RuntimeError):
            weightlock.torch.load(archive, key=self.key)

    def test_a_file_of_a_view_and_of_the_hub_cache(self) -> None:
        with weightlock.verified(self.model, key=self.key) as path:
            self.same(weightlock.torch.load(Path(path, self.file.name)))
        snapshot = self.hub(self.model)
        self.sign(snapshot)
        self.same(weightlock.torch.load(snapshot / self.file.name, key=self.key))

"""Loaders of frameworks with a model that was signed as an identity: named as arguments, by a trust, and for the process."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable
from typing import Any

from frameworks.libraries import SIGNER, needs, python

needs("numpy", "onnx", "onnxruntime", "safetensors", "torch", "transformers")

import numpy  # noqa: E402
import onnx  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import weightlock  # noqa: E402
import weightlock.hf  # noqa: E402
import weightlock.onnxruntime  # noqa: E402
import weightlock.safetensors  # noqa: E402
import weightlock.safetensors.numpy  # noqa: E402
import weightlock.safetensors.torch  # noqa: E402
import weightlock.sglang  # noqa: E402
import weightlock.torch  # noqa: E402
import weightlock.transformers  # noqa: E402
import weightlock.vllm  # noqa: E402
from support import Identified  # noqa: E402

#: Loads with the loaders of the libraries, after `install`.
INSTALLED = """
import json, sys
import safetensors.torch, torch
import weightlock

who, folder = json.loads(sys.argv[1]), sys.argv[2]
try:
    weightlock.install(identity=who["identity"])
except TypeError:
    print(weightlock._install._REPLACED)
weightlock.install(**who)
print(len(safetensors.torch.load_file(folder + "/model.safetensors")) > 2, torch.load(folder + "/state.pt")["a"].tolist())
weightlock.install(**who | {"identity": "mallory@example.com"})
try:
    torch.load(folder + "/state.pt")
except weightlock.VerificationError as refused:
    print(refused.code)
"""


class Loaders(Identified):
    def setUp(self) -> None:
        super().setUp()
        torch.manual_seed(0)
        sizes = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 32, "max_position_embeddings": 64}
        heads = {"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}
        transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, **heads)).save_pretrained(self.folder / "all")
        self.model = self.folder / "all"
        torch.save({"a": torch.ones(2)}, self.model / "state.pt")
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 4])],
            [numpy_helper.from_array(numpy.ones((4, 4), numpy.float32), "w")],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(made, self.model / "model.onnx", save_as_external_data=True, location="model.onnx.data", size_threshold=0)
        self.sign(self.model, leaves=True)

    def loaders(self) -> list[Callable[..., object]]:
        """Everything that takes a signer."""
        file, layer = self.model / "model.safetensors", torch.nn.Linear(1, 1)

        def sealed(**who: Any) -> object:
            with weightlock.transformers.sealed(self.model, **who) as path:
                return transformers.AutoConfig.from_pretrained(path)

        def serving(**who: Any) -> object:
            models = weightlock.vllm.Sealed(who)
            self.addCleanup(models.close)
            return models.path(str(self.model), None)

        return [
            lambda **who: weightlock.safetensors.safe_open(file, "pt", **who),
            lambda **who: weightlock.safetensors.safe_open(file, "np", partial=True, **who),
            lambda **who: weightlock.safetensors.numpy.load_file(file, **who),
            lambda **who: weightlock.safetensors.torch.load_file(file, **who),
            lambda **who: weightlock.safetensors.torch.load_model(layer, file, strict=False, **who),
            lambda **who: weightlock.torch.load(self.model / "state.pt", **who),
            lambda **who: weightlock.torch.load(file, **who),
            lambda **who: weightlock.transformers.from_pretrained("AutoModelForCausalLM", self.model, **who),
            lambda **who: weightlock.onnxruntime.InferenceSession(self.model / "model.onnx", **who),
            sealed,
            serving,
        ]

    def codes(self, **who: Any) -> set[str]:
        """How each loader answers."""
        codes: set[str] = set()
        for number, load in enumerate(self.loaders()):
            with self.subTest(number=number, who=who):
                try:
                    load(**who)
                    codes.add("loaded")
                except weightlock.VerificationError as refused:
                    codes.add(refused.code)
        return codes

    def test_the_right_identity_loads_as_an_argument_and_by_a_trust(self) -> None:
        self.assertEqual(self.codes(**self.who), {"loaded"})
        self.assertEqual(self.codes(), {"WL-CLI-NO-TRUST"})
        with weightlock.trust(**self.who):
            self.assertEqual(self.codes(), {"loaded"})

    def test_others_are_refused(self) -> None:
        for wrong, code in (
            ({"identity": "mallory@example.com"}, "WL-ID-MISMATCH"),
            ({"identity_provider": "https://accounts.example.com"}, "WL-ID-ISSUER"),
        ):
            self.assertEqual(self.codes(**self.who | wrong), {code})
            with weightlock.trust(**self.who | wrong):
                self.assertEqual(self.codes(), {code})
                # An argument counts more.
                self.assertEqual(self.codes(**self.who), {"loaded"})
        for missing in ("identity", "identity_provider"):
            self.assertEqual(self.codes(**self.who | {missing: None}), {"WL-CLI-NO-TRUST"})
        self.assertEqual(self.codes(key=self.key, **self.who), {"WL-CLI-USAGE"})
        self.assertEqual(self.codes(trusted_root=self.who["trusted_root"]), {"WL-CLI-USAGE"})
        (code,) = self.codes(key=self.key)
        self.assertTrue(code.startswith("WL-SIG-"), code)

    def test_a_tampered_twin_is_refused(self) -> None:
        for file in self.model.iterdir():
            if file.is_file() and file.name != "model.sig":
                file.write_bytes(file.read_bytes() + b"\n")
        self.assertEqual(self.codes(**self.who), {"WL-SIG-TAMPERED"})

    def test_who_names_an_identity_is_not_answered_by_a_view_of_another(self) -> None:
        other = self.make("other")
        weightlock.sign(other, key=self.private)
        with weightlock.verified(other, key=self.key) as path:
            weightlock.safetensors.torch.load_file(f"{path}/model.safetensors")
            for named in (self.who, {"identity": "a"}, {"identity_provider": "b"}, {"trusted_root": "c"}):
                for partial in (False, True):
                    with self.assertRaises(weightlock.VerificationError):
                        weightlock.safetensors.safe_open(f"{path}/model.safetensors", "pt", partial=partial, **named)

    def test_a_snapshot_of_the_hub_cache(self) -> None:
        snapshot = self.folder / "hub" / "models--org--tiny" / "snapshots" / ("a" * 40)
        snapshot.parent.mkdir(parents=True)
        self.model.rename(snapshot)
        cached: dict[str, Any] = {"revision": "a" * 40, "cache_dir": self.folder / "hub"}
        with weightlock.hf.verified("org/tiny", **cached, **self.who):
            pass
        for load in (weightlock.hf.verified, weightlock.hf.guarded):
            with self.assertRaises(weightlock.VerificationError) as caught:
                load("org/tiny", **cached, **self.who | {"identity": "mallory@example.com"})
            self.assertEqual(caught.exception.code, "WL-ID-MISMATCH")

    def test_options_of_servers_name_an_identity(self) -> None:
        ours, theirs = weightlock.vllm.split(self.who | {"num_threads": 2})
        self.assertEqual((ours, theirs), (self.who, {"num_threads": 2}))

        def choose(extra: object) -> types.SimpleNamespace:
            asked = types.SimpleNamespace(model_loader_extra_config=extra)
            return weightlock.sglang.choose(lambda *_: DefaultModelLoader(), asked)

        class DefaultModelLoader:
            def _prepare_weights(self, model_name_or_path: str, revision: str | None) -> str:
                return model_name_or_path

        loader = choose({"weightlock": self.who})
        self.assertNotEqual(loader._prepare_weights(str(self.model), None), str(self.model))
        loader = choose({"weightlock": self.who | {"identity": "mallory@example.com"}})
        with self.assertRaises(weightlock.VerificationError) as caught:
            loader._prepare_weights(str(self.model), None)
        self.assertEqual(caught.exception.code, "WL-ID-MISMATCH")

    def test_every_loader_takes_the_same_signer(self) -> None:
        for load in (
            weightlock.guarded,
            weightlock.read_into,
            weightlock.verified,
            weightlock.verify,
            weightlock.hf.guarded,
            weightlock.hf.verified,
            weightlock.onnxruntime.InferenceSession,
            weightlock.safetensors.numpy.load_file,
            weightlock.safetensors.safe_open,
            weightlock.safetensors.torch.load_file,
            weightlock.safetensors.torch.load_model,
            weightlock.torch.load,
            weightlock.transformers.from_pretrained,
            weightlock.transformers.sealed,
        ):
            self.assertEqual([name for name in inspect.signature(load).parameters if name in SIGNER], SIGNER, load)
        for name in (weightlock.install, weightlock.trust):
            self.assertEqual([one for one in inspect.signature(name).parameters if one in SIGNER], SIGNER[:-1], name)
        self.assertEqual([name for name in weightlock.vllm.OPTIONS if name in SIGNER], SIGNER)

    def test_a_process_trusts_an_identity(self) -> None:
        ran = python(INSTALLED, json.dumps(self.who), self.model)
        self.assertEqual(ran.stdout.split("\n")[:-1], ["[]", "True [1.0, 1.0]", "WL-ID-MISMATCH"], ran.stderr)

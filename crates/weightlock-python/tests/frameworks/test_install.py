"""``weightlock.install()`` with the real libraries. Each test in an interpreter of its own: it changes the process."""

from __future__ import annotations

from frameworks.libraries import Attacked, needs, python

needs("torch", "transformers", "safetensors")

import torch  # noqa: E402

#: Modules that have imported the loaders by name, before the call.
EARLY = """
import pathlib, sys, threading
import safetensors, safetensors.torch, safetensors.numpy, torch, transformers.modeling_utils
from safetensors.torch import load_file
from safetensors import safe_open
import weightlock
model, key = pathlib.Path(sys.argv[1]), sys.argv[2]
file = model / "model.safetensors"

def refused(load):
    try:
        load()
    except weightlock.VerificationError as error:
        return error.code
    return "loaded"
"""


class Installed(Attacked):
    def setUp(self) -> None:
        super().setUp()
        torch.save({"a": torch.ones(3)}, self.model / "weights.pt")
        self.sign(self.model, replace=True)

    def prints(self, script: str, *expected: object, **variables: str) -> None:
        ran = python(EARLY + script, self.model, self.key, **variables)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(ran.stdout.split("\n")[:-1], [str(one) for one in expected])

    def test_every_name_of_the_loaders_is_guarded(self) -> None:
        self.prints(
            """
weightlock.install(key=key)
ours = weightlock.safetensors.safe_open
for place in (safetensors, safetensors.torch, safetensors.numpy, transformers.modeling_utils, sys.modules["__main__"]):
    assert place.safe_open is ours, place
import transformers.modeling_layers, transformers.integrations.accelerate, transformers.quantizers.quantizer_torchao as late
assert late.safe_open is ours
assert load_file is weightlock.safetensors.torch.load_file is safetensors.torch.load_file
assert torch.load is torch.serialization.load is weightlock.torch.load
print(len(load_file(file)), len(torch.load(model / "weights.pt")), len(safetensors.numpy.load_file(file)))
with safe_open(file, framework="pt") as opened:
    print(opened.keys())
file.write_bytes(file.read_bytes()[:-1] + b"!")
print(refused(lambda: load_file(file)), refused(lambda: safe_open(file, "pt")), refused(lambda: safetensors.numpy.load_file(file)))
print(refused(lambda: transformers.modeling_utils.load_state_dict(file)))
print(refused(lambda: transformers.modeling_utils.load_state_dict(file, disable_mmap=True)))
""",
            "2 1 2",
            "['one', 'two']",
            "WL-SIG-TAMPERED WL-SIG-TAMPERED WL-SIG-TAMPERED",
            "WL-SIG-TAMPERED",
            "WL-SIG-TAMPERED",
        )

    def test_it_holds_in_threads_and_without_a_signer_nothing_loads(self) -> None:
        self.prints(
            """
weightlock.install()
print(refused(lambda: load_file(file)))
weightlock.install(key=key)
seen = []
thread = threading.Thread(target=lambda: seen.append(refused(lambda: load_file(file))))
thread.start(); thread.join()
print(*seen)
""",
            "WL-CLI-NO-TRUST",
            "loaded",
        )

    def test_twice_is_once_and_it_can_be_taken_back(self) -> None:
        self.prints(
            """
before = (safetensors.safe_open, safetensors.torch.load_file, torch.load, transformers.modeling_utils.load_state_dict)
from weightlock.safetensors import safe_open as chosen
threads = [threading.Thread(target=weightlock.install, kwargs={"key": key}) for _ in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
weightlock.install(key=key)
print(len(load_file(file)))
weightlock.uninstall()
weightlock.uninstall()
print(before == (safetensors.safe_open, safetensors.torch.load_file, torch.load, transformers.modeling_utils.load_state_dict))
print(safe_open is before[0], chosen is weightlock.safetensors.safe_open)
print(refused(lambda: weightlock.safetensors.load_file(file)))
weightlock.install(key=key)
print(torch.load is weightlock.torch.load)
""",
            2,
            True,
            "True True",
            "WL-CLI-NO-TRUST",
            True,
        )

    def test_a_version_that_lacks_a_loader_is_refused_and_left_as_it_is(self) -> None:
        self.prints(
            """
before = safetensors.safe_open
kept = transformers.modeling_utils.safe_open
for change in ("del transformers.modeling_utils.safe_open", "transformers.modeling_utils.safe_open = print"):
    exec(change)
    try:
        weightlock.install(key=key)
    except ImportError as error:
        print("safe_open" in str(error), safetensors.safe_open is before, torch.load is torch.serialization.load)
    transformers.modeling_utils.safe_open = kept
""",
            "True True True",
            "True True True",
        )

    def test_ways_to_run_code_are_closed(self) -> None:
        self.prints(
            """
import io, pickle
weightlock.install(key=key)
for load in (
    lambda: torch.load(model / "weights.pt", weights_only=False),
    lambda: torch.load(model / "weights.pt", pickle_module=pickle),
    lambda: torch.load(io.BytesIO((model / "weights.pt").read_bytes())),
):
    try:
        load()
    except (ValueError, TypeError) as error:
        print(type(error).__name__)
""",
            "ValueError",
            "ValueError",
            "TypeError",
        )

    def test_transformers_load_verified_folders_and_no_others(self) -> None:
        self.prints(
            """
import os, shutil
os.environ["HF_HUB_OFFLINE"] = "1"
config = transformers.LlamaConfig(vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
place = model.parent / "llama"
transformers.LlamaForCausalLM(config).save_pretrained(place)
weightlock.install(key=key)
print(refused(lambda: transformers.AutoModelForCausalLM.from_pretrained(place)))
weightlock.sign(place, key=model.parent / "release.key")
print(refused(lambda: transformers.AutoModelForCausalLM.from_pretrained(place)))
with weightlock.verified(place, key=key) as path:
    print(refused(lambda: transformers.AutoModelForCausalLM.from_pretrained(path)))
""",
            "WL-SIG-UNSIGNED",
            "loaded",
            "loaded",
        )


class Pickles(Attacked):
    """The hook, which needs no library."""

    def test_dangerous_names_are_vetoed_in_a_load_and_only_there(self) -> None:
        script = """
import os, pickle, sys, collections, weightlock
weightlock.install()
class Runs:
    def __reduce__(self):
        return os.system, ("echo ran",)
hostile, tame = pickle.dumps(Runs()), pickle.dumps([collections.OrderedDict(a=1), {1, 2}])
old = b"c__builtin__\\neval\\n(S'1'\\ntR."
with weightlock.verified(sys.argv[1], key=sys.argv[2]):
    for content in (hostile, old):
        for load in (pickle.loads, lambda content: pickle._loads(content)):
            try:
                load(content)
            except weightlock.VerificationError as error:
                print(error.code)
    print(len(pickle.loads(tame)))
print(type(pickle.loads(old)).__name__)
with weightlock.verified(sys.argv[1], key=sys.argv[2]):
    weightlock.uninstall()
    print(type(pickle.loads(old)).__name__)
"""
        ran = python(script, self.model, self.key)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(ran.stdout.split(), ["WL-SCAN-FINDINGS"] * 4 + ["2", "int", "int"])

    def test_the_package_is_light_until_it_is_asked_for_more(self) -> None:
        ran = python("import sys, weightlock; print([name for name in ('torch', 'numpy', 'safetensors') if name in sys.modules])")
        self.assertEqual(ran.stdout.strip(), "[]", ran.stderr)


"""SGLang reads weights that were verified: ``--model-loader-extra-config '{"weightlock": {"key": "release.pub"}}'``.

SGLang's formats are a closed list, so the package hooks the function that chooses a loader, by an entry point. Whoever asks for
``weightlock`` in the extra configuration gets a loader that reads sealed views; who does not is left alone. Should the hook be
missing (no package, ``SGLANG_PLUGINS`` without it, another version), SGLang's loader does not know the option and stops: it
fails closed. An empty object takes the signer from ``WEIGHTLOCK_PUBLIC_KEY``.

Only the ordinary loader can be guarded; formats with loaders of their own are refused. The ranks of a node read a model once
between them, unless ``share`` is false. Configuration, tokenizer and code are read before: as for vLLM, ``weightlock run`` gives a
server the whole model sealed.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import copy
import inspect

from weightlock.vllm import OPTIONS, Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["register"]

#: The option, and the name of the plugin.
NAME = "weightlock"

#: The function that chooses a loader.
TARGET = "sglang.srt.model_loader.loader.get_model_loader"


def register() -> None:
    """Puts the hook in its place. Called by SGLang, in each of its processes."""
    from sglang.srt.plugins.hook_registry import HookRegistry, HookType

    HookRegistry.register(TARGET, choose, HookType.AROUND)


def choose(original: Callable[..., Any], load_config: Any, model_config: Any = None) -> Any:
    """The loader for a configuration: a guarded one, if that is asked for."""
    extra = load_config.model_loader_extra_config
    if not isinstance(extra, dict) or NAME not in extra:
        return original(load_config, model_config)
    ours = extra[NAME]
    if not isinstance(ours, dict) or not set(ours) <= set(OPTIONS):
        raise ValueError(f"the option {NAME!r} is an object with some of {', '.join(OPTIONS)}")
    inner = copy.copy(load_config)
    inner.model_loader_extra_config = {name: value for name, value in extra.items() if name != NAME}
    return guard(original(inner, model_config), ours)


def guard(loader: Any, options: dict[str, Any]) -> Any:
    """A loader whose files are those of sealed views."""
    prepare = getattr(loader, "_prepare_weights", None)
    if type(loader).__name__ != "DefaultModelLoader" or prepare is None:
        raise ValueError(f"weightlock cannot guard {type(loader).__name__}: use the format auto, safetensors, mistral or pt")
    signature = inspect.signature(prepare)
    if not {"model_name_or_path", "revision"} <= set(signature.parameters):
        raise ImportError("weightlock does not know this version of SGLang, and would not guard its weights")
    sealed = Sealed(options)

    def prepare_sealed(*arguments: Any, **others: Any) -> Any:
        called = signature.bind(*arguments, **others)
        name, revision = called.arguments["model_name_or_path"], called.arguments.get("revision")
        called.arguments["model_name_or_path"] = sealed.path(name, revision)
        return prepare(*called.args, **called.kwargs)

    # The views live as long as the loader: it reads the weights after it has listed them.
    loader._prepare_weights = prepare_sealed
    return loader

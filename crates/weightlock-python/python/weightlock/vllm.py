"""``vllm serve … --load-format weightlock``: vLLM reads weights that were verified.

The package registers the format by an entry point, in each process of vLLM. Without the package, or when ``VLLM_PLUGINS`` leaves it
out, vLLM does not know the format and stops: it fails closed. Options are given by ``--model-loader-extra-config``, as JSON:
``key``, ``certificate_chain``, ``identity``, ``identity_provider``, ``trusted_root``, ``signature``, ``policy``, ``share``, and those of
vLLM's own loader. Without a signer or a policy among them, the one that
``WEIGHTLOCK_PUBLIC_KEY`` names.

Every source of weights is verified: also a second model that an architecture asks for. The ranks of a node read a model once
between them, and hold it in the same memory, unless ``share`` is false: see :func:`weightlock.guarded`. One that asks when the
others are done reads by itself. Configuration, tokenizer and code are read by vLLM before it asks for weights. Where that
matters, give vLLM a sealed view as a whole: ``weightlock run --model … -- vllm serve {model}``.

Rejected: a loader from scratch. What vLLM does with names, shards and quantization changes with each release.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
from __future__ import annotations

import copy
import inspect
import os

from weightlock import _ranks, hf
from weightlock._load import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from weightlock._native import Guarded

__all__ = ["OPTIONS", "Sealed", "register"]

#: The format, and the name of the plugin.
NAME = "weightlock"

#: Options of ours; others are those of the loader that reads for us.
OPTIONS = ("key", "certificate_chain", "identity", "identity_provider", "trusted_root", "signature", "policy", "share")


class Sealed:
    """The verified models of one loader: by the name that it asks for."""

    def __init__(self, options: dict[str, Any]) -> None:
        if type(options.get("share", False)) is not bool:
            raise ValueError("the option share is true or false")
        self._options = {"share": _ranks.several(), **options}
        self._models: dict[tuple[str, str | None], Guarded] = {}

    def path(self, name: str, revision: str | None) -> str:
        """The sealed view of a folder, or of a cached snapshot of the hub: nothing is fetched."""
        known = self._models.get((name, revision))
        if known is None:
            if os.path.isdir(name) or not hf.is_repository(name):
                known = guarded(name, **self._options)
            else:
                known = hf.guarded(name, revision=revision, **self._options)
            self._models[name, revision] = known
        return known.path

    def close(self) -> None:
        """Gives up what nobody has mapped."""
        while self._models:
            self._models.popitem()[1].close()


def split(options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Our options, and those of the loader that reads for us."""
    if not isinstance(options, dict):
        raise ValueError("the extra configuration of the loader must be an object")
    ours = {name: value for name, value in options.items() if name in OPTIONS}
    return ours, {name: value for name, value in options.items() if name not in OPTIONS}


def register() -> None:
    """Makes the format known to vLLM. Called by it, in each of its processes; more than once does no harm."""
    from vllm.model_executor.model_loader import DefaultModelLoader, register_model_loader

    if "model_name_or_path" not in inspect.signature(DefaultModelLoader._prepare_weights).parameters:
        raise ImportError("weightlock does not know this version of vLLM, and would not guard its weights")

    class WeightlockModelLoader(DefaultModelLoader):
        """vLLM's own loader, on sealed views."""

        def __init__(self, load_config: Any) -> None:
            ours, theirs = split(load_config.model_loader_extra_config)
            inner = copy.copy(load_config)
            inner.load_format, inner.model_loader_extra_config = "hf", theirs
            super().__init__(inner)
            self._sealed = Sealed(ours)

        def _prepare_weights(self, model_name_or_path: str, *arguments: Any, **options: Any) -> Any:
            called = signature.bind(self, model_name_or_path, *arguments, **options)
            revision = called.arguments.get("revision")
            called.arguments["model_name_or_path"] = self._sealed.path(model_name_or_path, revision)
            return super()._prepare_weights(*called.args[1:], **called.kwargs)

        def load_weights(self, model: Any, model_config: Any) -> None:
            try:
                super().load_weights(model, model_config)
            finally:
                self._sealed.close()

    signature = inspect.signature(DefaultModelLoader._prepare_weights)
    register_model_loader(NAME)(WeightlockModelLoader)

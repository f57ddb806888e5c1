"""Load AI models whose bytes were verified.

>>> import weightlock
>>> with weightlock.verified("model", key="release.pub") as path:
...     model = AutoModel.from_pretrained(path)

``path`` is a *sealed view*: a private folder that leads to memory nobody can change, with the very bytes that were compared
with the signature. It holds what the signature covers and nothing else. A model that is not what was signed raises
:class:`VerificationError`, and none of its bytes are handed out.
"""

from weightlock._errors import Reason, VerificationError
from weightlock._install import install, uninstall
from weightlock._load import (
    guarded,
    load_model_verified,
    read_into,
    secure_load_model,
    verified,
    verify_weights,
)
from weightlock._native import Buffer, Guarded, __version__
from weightlock._policy import Policy
from weightlock._trust import trust
from weightlock._verbs import gate, inspect, scan, sign, verify

__all__ = [
    "Buffer",
    "Guarded",
    "Policy",
    "Reason",
    "VerificationError",
    "__version__",
    "gate",
    "guarded",
    "inspect",
    "install",
    "load_model_verified",
    "read_into",
    "scan",
    "secure_load_model",
    "sign",
    "trust",
    "uninstall",
    "verified",
    "verify",
    "verify_weights",
]

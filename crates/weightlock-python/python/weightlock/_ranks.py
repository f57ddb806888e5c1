"""Whether a process is one of several on its node that load the same model."""

from __future__ import annotations

import os
import sys

__all__ = ["several"]


def several() -> bool:
    """By the variable that launchers set for each rank, or else by the process group that it has joined.

    A yes that is wrong costs a look into an empty folder, a no that is wrong a second reading: neither costs safety.
    """
    told = os.environ.get("LOCAL_WORLD_SIZE", "")
    if told.isascii() and told.isdigit():
        return int(told) > 1
    # Where nobody has imported it, there is no group.
    group = sys.modules.get("torch.distributed")
    return group is not None and group.is_available() and group.is_initialized() and group.get_world_size() > 1

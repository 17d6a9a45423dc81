"""What a program and its fork server say to each other."""

from __future__ import annotations

import struct

__all__ = ["BORN", "DEATH", "KILL", "ORDER", "OUT_OF_MEMORY", "SPAWN"]

ORDER = struct.Struct("<cq")
"""An order: `SPAWN` with the bytes of memory a worker may add (0: any), or `KILL` with its id.

`SPAWN` carries two descriptors: the worker's end of its channel, and a pipe for news of it.
"""
SPAWN = b"S"
KILL = b"K"

BORN = struct.Struct("<q")
"""The first news of a worker: its process id."""
DEATH = struct.Struct("<iq")
"""The last news: its wait status, and the most memory it held, in bytes."""

OUT_OF_MEMORY = 77
"""The exit code of a worker that had too little memory left to say so."""

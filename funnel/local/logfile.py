"""The log of an embedded server: appended to, and begun anew when it has grown large."""

import os
from io import BufferedWriter
from pathlib import Path

LARGEST_BYTES = 5 * 1024 * 1024
TAIL_BYTES = 800


def opened(path: Path) -> BufferedWriter:
    """The log to append to. One that has grown past LARGEST_BYTES is kept once, as `<name>.old`."""
    if path.exists() and path.stat().st_size > LARGEST_BYTES:
        path.replace(path.with_name(f"{path.name}.old"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def tail(path: Path) -> str:
    """The last lines of the log, for a message."""
    try:
        return path.read_bytes()[-TAIL_BYTES:].decode(errors="replace").strip()
    except OSError:
        return ""

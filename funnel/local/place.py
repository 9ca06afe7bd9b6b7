"""DATA_DIR: the one run it allows at a time, the key made there once, and the note of what is running."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from funnel import config
from funnel.local import leash

LOCK_FILE = "lock"
SECRET_KEY_FILE = "secret_key"  # noqa: S105 (a file's name)
SECRET_KEY_BYTES = 48
CLEARING_UP_TIMEOUT_S = 90


class PlaceError(RuntimeError):
    """DATA_DIR cannot be used. The text says why and how to mend it."""


def make(folder: Path) -> None:
    """Makes DATA_DIR, closed to other accounts since it holds mails and keys. Raises PlaceError."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise PlaceError(
            f"DATA_DIR {folder} cannot be made ({error}). Set DATA_DIR to a folder you may write"
        ) from None


def lock(folder: Path, say: Callable[[str], None]) -> IO[str]:
    """Takes DATA_DIR for this run until the file is closed. Raises PlaceError when another run has it.

    After a run that was killed, its leash still holds the lock while it clears up: that is waited for.
    """
    try:
        file = (folder / LOCK_FILE).open("a+")
    except OSError as error:
        raise PlaceError(f"DATA_DIR {folder} cannot be written ({error}). Run as its owner, or set DATA_DIR") from None
    deadline = time.monotonic() + CLEARING_UP_TIMEOUT_S
    said = False
    while not _taken(file):
        file.seek(0)
        holder = file.read().strip()
        if time.monotonic() > deadline or (holder.isdigit() and leash.started(int(holder))):
            file.close()
            raise PlaceError(
                f"`make run` is already running on {folder} (process {holder}). Stop it, or set DATA_DIR and PORT and "
                "OUTBOX_PORT to others"
            )
        if not said:
            say("The last run was killed; waiting until what it started has ended.")
            said = True
        time.sleep(0.1)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def secret_key(folder: Path) -> str:
    """The key of this place, made on first use, readable by us only."""
    path = folder / SECRET_KEY_FILE
    if not path.exists() or not path.read_text().strip():
        unfinished = path.with_name(f"{SECRET_KEY_FILE}.new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(SECRET_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    return path.read_text().strip()


def note(folder: Path, found: dict[str, str]) -> None:
    """Writes down what is running, so that a command in another terminal finds it (config reads it)."""
    path = folder / config.EMBEDDED_FILE
    unfinished = path.with_name(f"{config.EMBEDDED_FILE}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(found, file)
    unfinished.rename(path)


def forget(folder: Path) -> None:
    """Removes the note, once nothing of it runs."""
    (folder / config.EMBEDDED_FILE).unlink(missing_ok=True)


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

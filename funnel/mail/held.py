"""A file that one process holds: its lock ends with the process, however it ends.

flock(2) belongs to the opened file, which a forked child shares: a child that lives on would keep its dead parent's
lock. So a child closes what it inherits, and a program that is started inherits nothing.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time
import weakref
from pathlib import Path

CLOSED = -1  # refused by the kernel, whereas the old number may soon be a socket's
UNFINISHED = ".new"
LEFT_BEHIND_S = 3600  # an unfinished file this old has lost its maker
FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW  # for writing even where we read: NFS gives no lock otherwise


class NoLocksError(OSError):
    """The file system knows no locks."""


class Held:
    """An open file, locked against everybody else until it is let go."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        _ours.add(self)

    def lock(self) -> bool:
        """Locks it; False when somebody else has. Raises NoLocksError."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise NoLocksError(error.errno, error.strerror, str(self.path)) from None
        return True

    def show(self, path: Path) -> None:
        """Gives it the name under which others look for it. Raises OSError."""
        self.path.rename(path)
        self.path = path

    def remove(self) -> None:
        """Takes the file away. Raises OSError once it is let go: by then somebody else may read it."""
        if self.descriptor == CLOSED:
            raise OSError(errno.EBADF, "It is held no more", str(self.path))
        self.path.unlink(missing_ok=True)

    def let_go(self) -> None:
        descriptor, self.descriptor = self.descriptor, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)  # and never LOCK_UN, which in a child would open the parent's lock


_ours: weakref.WeakSet[Held] = weakref.WeakSet()


def made(path: Path) -> Held:
    """A new file for appending, readable by us only, held before anybody can see it at `path`: that takes `show`.

    Raises OSError, NoLocksError.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    held = Held(unfinished, os.open(unfinished, FLAGS | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600))
    try:
        held.lock()
    except NoLocksError:
        held.remove()
        held.let_go()
        raise
    return held


def taken(path: Path) -> Held | None:
    """The file at `path`, now ours; None while another holds it, or when it is gone. Raises OSError, NoLocksError."""
    try:
        held = Held(path, os.open(path, FLAGS | os.O_NONBLOCK))
    except FileNotFoundError:
        return None
    try:
        # Between opening and locking, its holder or another taker may have removed it: then the lock is on nothing.
        if held.lock() and _in_place(held):
            return held
    except OSError:
        held.let_go()
        raise
    held.let_go()
    return None


def sweep(folder: Path) -> None:
    """Removes what processes left behind that were killed between `made` and `show`."""
    for path in folder.glob(f"*{UNFINISHED}"):
        with contextlib.suppress(FileNotFoundError):  # its maker is quick, or another sweeps too
            if time.time() - path.stat().st_mtime > LEFT_BEHIND_S:
                path.unlink()


def _in_place(held: Held) -> bool:
    try:
        there = os.lstat(held.path)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(there.st_mode) and os.path.samestat(there, os.fstat(held.descriptor))


def _leave_to_parent() -> None:
    for held in list(_ours):
        held.let_go()


os.register_at_fork(after_in_child=_leave_to_parent)

"""The embedded PostgreSQL: the server that a wheel ships, started by us, on a socket under DATA_DIR.

The wheel's own starter makes every parent folder of the data readable to all when run as root, so we start `initdb` and
`postgres` ourselves.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psycopg

from funnel.local import account, leash, logfile, programs

LONGEST_SOCKET_FOLDER = 90  # bytes; a socket's path may take 103 on macOS, and PostgreSQL appends its own name
PORT = 5432  # only names the socket: nothing listens on a network
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
CHECK_TIMEOUT_S = 5
OLDEST_VERSION = 14
# No network; and terse, since the details of an error would put addresses into the log.
SETTINGS = ("listen_addresses=", "max_connections=200", "log_error_verbosity=terse")
FAST_DURABILITY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class DatabaseError(RuntimeError):
    """The embedded server could not be started. The text says why and how to mend it."""


class Database:
    """One server on the data in `folder`. `launch` may be called again after it ended; its URL stays the same."""

    def __init__(self, folder: Path, flags: tuple[str, ...] = ()) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self.programs = _programs_for(folder / "data")
        self.account = account.choose(folder, self.programs)
        self.socket = _socket_folder(folder, self.account)
        self.flags = flags
        self.process: subprocess.Popen[bytes] | None = None
        self.lone: leash.Lone | None = None
        self.url = f"postgresql://funnel@/postgres?host={quote(str(self.socket), safe='')}&port={PORT}"

    def launch(self) -> "subprocess.Popen[bytes]":
        """Starts the server, without waiting for it to answer; makes its data first when there is none."""
        if not (self.folder / "data").exists():
            self._make_data()
        settings = (f"unix_socket_directories={self.socket}", *SETTINGS, *self.flags)
        words = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(PORT)]
        with logfile.opened(self.folder / "log") as log:
            self.process = subprocess.Popen(
                self.account.command([*words, *(word for setting in settings for word in ("-c", setting))]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                **self.account.options,
            )  # fmt: skip
        return self.process

    def wait(self, give_up: Callable[[], bool] = lambda: False) -> None:
        """Returns when the server answers, or `give_up` says so. Raises DatabaseError when it does not start."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not give_up():
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                    raise DatabaseError(
                        f"PostgreSQL did not start: {error}\n{logfile.tail(self.folder / 'log')}"
                    ) from None
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends every session and shuts down cleanly (PostgreSQL's fast shutdown)."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)  # immediate: the next start recovers from its log
                self.process.wait(STOP_TIMEOUT_S)
        self.forget_socket()
        if self.lone:
            self.lone.let_go()

    def forget_socket(self) -> None:
        """Removes the socket's folder where it had to be made outside `folder`."""
        if self.socket != self.folder:
            shutil.rmtree(self.socket, ignore_errors=True)

    def _make_data(self) -> None:
        # Made beside and then renamed, so that a first start cut short leaves nothing half-made under the real name.
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        # PostgreSQL's own locale: the same on every system, whatever locales that has.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        words = [str(self.programs / "initdb"), "-D", str(unfinished), "-U", "funnel", "-A", "trust", "-E", "UTF8"]
        made = subprocess.run(
            self.account.command([*words, *locale, "--no-instructions"]),
            capture_output=True, text=True, check=False, cwd=self.folder, **self.account.options,
        )  # fmt: skip
        if made.returncode:
            raise DatabaseError(f"PostgreSQL could not make its data in {unfinished}: {made.stderr.strip()}")
        unfinished.rename(self.folder / "data")


def start(folder: Path, *, durable: bool = True, options: tuple[str, ...] = ()) -> Database:
    """Starts the server on the data in `folder`, made when missing, and waits for it. It ends when we do.

    `durable=False` drops fsync: for tests only. `options` are further settings for the server, such as "-c", "name=1".
    Raises DatabaseError or account.AccountError.
    """
    flags = tuple(option for option in options if option != "-c")
    found = Database(folder, flags if durable else (*flags, *FAST_DURABILITY))
    found.lone = leash.Lone("server", found.launch().pid, folder, signal.SIGINT)
    try:
        found.wait()
    except DatabaseError:
        found.stop()
        raise
    return found


def check(url: str) -> None:
    """Raises DatabaseError when the database that DATABASE_URL names does not answer, or is too old."""
    try:
        with psycopg.connect(f"postgresql://{url.partition('://')[2]}", connect_timeout=CHECK_TIMEOUT_S) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        raise DatabaseError(f"DATABASE_URL: {str(error).strip()}. Mend it, or leave it out to use our own") from None
    if version < OLDEST_VERSION:
        raise DatabaseError(f"DATABASE_URL: it is PostgreSQL {version}, and {OLDEST_VERSION} or later is needed")


def _programs_for(data: Path) -> Path:
    # Data belongs to one major version; the wheel may have moved on since it was made.
    folders = programs.shipped()
    if not folders:
        raise DatabaseError("The embedded PostgreSQL is not installed. Run `make run` once, or set DATABASE_URL")
    if not data.exists():
        return folders[0]
    try:
        version = int((data / "PG_VERSION").read_text())
    except (OSError, ValueError):
        raise DatabaseError(f"{data} is not a PostgreSQL data folder. Move it away and start again") from None
    for folder in folders:
        if programs.major_version(folder / "postgres") == version:
            return folder
    raise DatabaseError(
        f"{data} was made by PostgreSQL {version}, which is no longer shipped. Make a backup with the earlier version "
        "of Funnel, move the folder away, and restore the backup"
    )


def _socket_folder(folder: Path, owner: account.Account) -> Path:
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER and "," not in str(folder):
        return folder
    short = Path(tempfile.mkdtemp(prefix="funnel-", dir="/tmp" if len(tempfile.gettempdir()) > 60 else None))  # noqa: S108
    owner.own(short)
    return short

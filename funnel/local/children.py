"""The processes of one run: started, watched, started again when they crash, and ended in order."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from funnel.local import leash
from funnel.local.terminal import Terminal

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
WELL_AFTER_S = 30.0  # who lived that long starts again at the first backoff
STOP_TIMEOUT_S = 40.0  # a worker may finish what it is at
POLL_S = 0.05


@dataclass
class Child:
    """One process. `launch` starts it, as the leader of its own group; `stage`s end from the highest to the lowest."""

    name: str
    launch: Callable[[], "subprocess.Popen[bytes]"]
    stage: int
    ending: int = signal.SIGTERM
    after: Callable[[], None] = lambda: None  # once it has ended for good
    process: "subprocess.Popen[bytes] | None" = None
    since: float = 0.0
    backoff: float = FIRST_BACKOFF_S
    again_at: float = 0.0

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Children:
    def __init__(self, register: leash.Register, terminal: Terminal) -> None:
        self.register = register
        self.terminal = terminal
        self.all: list[Child] = []

    def start(self, child: Child) -> None:
        """Starts a child and registers it at once, so that it cannot be forgotten. Raises what its `launch` raises."""
        self._launched(child, child.launch())
        self.all.append(child)

    def watch(self) -> None:
        """Starts again what has crashed, after its backoff. To be called over and over."""
        now = time.monotonic()
        for child in self.all:
            if child.process is not None and child.process.poll() is not None:
                self._mourn(child, now)
            if child.process is None and now >= child.again_at:
                self._relaunch(child, now)

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Ends all, stage by stage. Once `hurry` says so, what runs is killed, but PostgreSQL is told."""
        for stage in sorted({child.stage for child in self.all}, reverse=True):
            self._stop([child for child in self.all if child.stage == stage], hurry)

    def _relaunch(self, child: Child, now: float) -> None:
        try:
            self._launched(child, child.launch())
        except (OSError, RuntimeError) as error:
            self._again(child, f"could not be started ({error})", now)

    def _launched(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        child.process = process
        child.since = time.monotonic()
        self.register.add(child.name, process.pid, child.stage, child.ending)
        if process.stdout:
            self.terminal.follow(child.name, process.stdout)

    def _mourn(self, child: Child, now: float) -> None:
        assert child.process is not None
        leash.end_group(child.process.pid)  # its own children are of no use without it
        self.register.drop(child.name)
        if now - child.since > WELL_AFTER_S:
            child.backoff = FIRST_BACKOFF_S
        self._again(child, f"has crashed ({_how(child.process.returncode)})", now)
        child.process = None

    def _again(self, child: Child, what: str, now: float) -> None:
        self.terminal.say(f"{child.name} {what}; it is started again in {child.backoff:g} s")
        child.again_at = now + child.backoff
        child.backoff = min(child.backoff * 2, LONGEST_BACKOFF_S)

    def _stop(self, children: list[Child], hurry: Callable[[], bool]) -> None:
        running = [child for child in children if child.runs]
        for child in running:
            assert child.process is not None
            child.process.send_signal(child.ending)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(child.runs for child in running) and time.monotonic() < deadline and not hurry():
            time.sleep(POLL_S)
        for child in children:
            if child.process is not None:
                _finish(child)
            child.after()
            self.register.drop(child.name)


def _finish(child: Child) -> None:
    assert child.process is not None
    if child.runs and child.ending != signal.SIGTERM:
        child.process.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate shutdown, which tells its own processes
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(STOP_TIMEOUT_S)
    leash.end_group(child.process.pid)
    child.process.wait()


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"

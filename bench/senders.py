"""Who sends while things break, and how they are killed: forked processes of our own, or Celery's of the Procfile."""

import contextlib
import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack

import psutil

from bench import watch
from bench.program import Program
from bench.rig import Rig

END_S = 40.0


class Senders:
    """The sending processes of one act. `port`: the sink's, by which their connections are told."""

    def __init__(self, port: int) -> None:
        self.port = port

    def pids(self) -> list[int]:
        """Of those that send, without their parents."""
        raise NotImplementedError

    def kill_one(self) -> int:
        """Kills one that sends, at once; returns how many connections to the sink it had."""
        pids = self.pids()
        if not pids:
            return 0
        return self._kill([random.choice(pids)])

    def connections(self, *pids: int) -> int:
        """How many to the sink are open, by these or all."""
        return sum(_connections(pid, self.port) for pid in pids or self.pids())

    def _kill(self, pids: list[int]) -> int:
        """All stand still before they are counted: none opens another connection between that and its end."""
        for number in (signal.SIGSTOP, None, signal.SIGKILL):
            if number is None:
                found = sum(_connections(pid, self.port) for pid in pids)
                continue
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        return found


class Nest(Senders):
    """Forked ones, kept at a number."""

    def __init__(self, program: Program, port: int, count: int, **how: float) -> None:
        super().__init__(port)
        self.program, self.count, self.how = program, count, how
        self.alive: set[int] = set()
        self.codes: dict[int, int] = {}
        self.fill()

    def fill(self) -> None:
        self.look()
        while len(self.alive) < self.count:
            self.alive.add(int(self.program.ask("hatch", **self.how)["pid"]))

    def look(self) -> None:
        """Notes which have ended."""
        for pid, code in self.program.ask("ended")["ended"].items():
            self.codes[int(pid)] = code
            self.alive.discard(int(pid))

    def pids(self) -> list[int]:
        return sorted(self.alive)

    def tell(self, pid: int, number: int = signal.SIGTERM) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def wait(self, pid: int, seconds: float = END_S) -> float:
        """How long it took to end. Raises TimeoutError."""
        began = time.monotonic()
        while pid in self.alive:
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"a sending process did not end within {seconds:g} s of being told to")
            time.sleep(0.02)
            self.look()
        return time.monotonic() - began

    def end(self) -> None:
        for pid in self.pids():
            self.tell(pid)
        for pid in self.pids():
            try:
                self.wait(pid)
            except TimeoutError:
                self.tell(pid, signal.SIGKILL)
                raise


class Celery(Senders):
    """The Procfile's `worker`, some of them, and beats and an urgent one beside them."""

    def __init__(self, rig: Rig, port: int, workers: int, *others: str, concurrency: int = 2) -> None:
        super().__init__(port)
        self.rig, self.stack = rig, ExitStack()
        self.told = {"WORKER_CONCURRENCY": str(concurrency), "URGENT_CONCURRENCY": "1"}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.others: dict[str, list[subprocess.Popen[bytes]]] = {}
        for name in others:
            self.start(name)
        for _ in range(workers):
            self.start("worker")

    def start(self, name: str) -> None:
        process = self.stack.enter_context(self.rig.procfile(name, **self.told))
        self.stack.callback(_end_group, process.pid)
        (self.workers if name == "worker" else self.others.setdefault(name, [])).append(process)

    def pids(self) -> list[int]:
        found: list[int] = []
        for process in self.workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                found += watch.family(process.pid)[1:]
        return found

    def kill_worker(self) -> int:
        """Kills a worker with all that it forked, as when its container is killed; another is started."""
        process = self.workers.pop(random.randrange(len(self.workers)))
        found = self._kill(watch.family(process.pid))
        process.wait()
        self.start("worker")
        return found

    def kill_parent(self) -> int:
        """Kills only the parent: the forked ones finish their turn and end by themselves. Another is started."""
        process = self.workers.pop(random.randrange(len(self.workers)))
        found = sum(_connections(pid, self.port) for pid in watch.family(process.pid))
        process.kill()
        process.wait()
        self.start("worker")
        return found

    def kill_other(self, name: str) -> None:
        process = self.others[name].pop(0)
        process.kill()
        process.wait()
        self.start(name)

    def stop_worker(self) -> float:
        """Ends a worker as a host does, with SIGTERM; returns how long that took."""
        process = self.workers.pop(0)
        began = time.monotonic()
        process.terminate()
        process.wait(END_S)
        return time.monotonic() - began

    def end(self) -> None:
        for process in self.workers:
            process.terminate()
        self.stack.close()


def _connections(pid: int, port: int) -> int:
    with contextlib.suppress(psutil.Error):
        found = psutil.Process(pid).net_connections("tcp")
        return sum(
            bool(one.raddr) and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in found
        )
    return 0


def _end_group(pid: int) -> None:
    """What a killed parent may have left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)

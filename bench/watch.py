"""What processes cost: processor seconds and memory, read from outside while they work."""

import contextlib
import threading
import time
from dataclasses import dataclass, field

import psutil

EVERY_S = 0.5
MB = 1e6


@dataclass
class Memory:
    """Of some processes over time: (monotonic, the largest RSS, the largest PSS), in MB. PSS only where Linux is."""

    samples: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def peak_rss(self) -> float:
        return max((rss for _, rss, _ in self.samples), default=0.0)

    @property
    def peak_pss(self) -> float:
        return max((pss for _, _, pss in self.samples), default=0.0)


class Watch(threading.Thread):
    """Reads the memory of `pids` twice a second, from `with` to its end."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self.processes = [psutil.Process(pid) for pid in pids]
        self.memory = Memory()
        self._over = threading.Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while True:
            found = [read for process in self.processes if (read := _read(process))]
            if found:
                self.memory.samples.append((time.monotonic(), max(r for r, _ in found), max(p for _, p in found)))
            if self._over.wait(EVERY_S):
                return


def cpu_seconds(pids: list[int]) -> tuple[float, float]:
    """User and system seconds of these processes together, with what those below them cost that have ended."""
    user = system = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            user += times.user + getattr(times, "children_user", 0.0)
            system += times.system + getattr(times, "children_system", 0.0)
    return user, system


def family(pid: int) -> list[int]:
    """A process and all below it."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def _read(process: psutil.Process) -> tuple[float, float] | None:
    try:
        found = process.memory_full_info()
    except psutil.Error:
        return None
    return found.rss / MB, getattr(found, "pss", 0) / MB

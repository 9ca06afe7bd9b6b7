"""No process outlives the run that started it, even when that run is killed and can clear nothing up itself.

The supervisor keeps a register of what it started, and the leash holds the other end of a pipe. When the pipe closes
without a word, the leash ends all that is still registered. When both were killed, the next start does it. This file is
run by its path and needs the standard library only, so that the leash stays small.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

# Celery's worker says that it ends before it does, and cannot when nobody reads it any more: it has to be killed. What
# it leaves undone is claimed again. The last stage holds the data and is given time to write it down.
PATIENCE_S = 3.0
LAST_STAGE_PATIENCE_S = 30.0
POLL_S = 0.05


@dataclass(frozen=True)
class Process:
    """A process that leads its own group. Those of the highest stage end first."""

    name: str
    pid: int
    started: str  # tells it from a later process that was given the same number
    stage: int
    ending: int  # the signal that asks it to end


class Register:
    """The processes of one run, in a file that is replaced at every change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.processes: dict[str, Process] = {}

    def add(self, name: str, pid: int, stage: int, ending: int) -> None:
        self.processes[name] = Process(name, pid, started(pid) or "", stage, ending)
        self._write()

    def drop(self, name: str) -> None:
        self.processes.pop(name, None)
        self._write()

    def _write(self) -> None:
        unfinished = self.path.with_name(f"{self.path.name}.new")
        unfinished.write_text(json.dumps([asdict(process) for process in self.processes.values()]))
        unfinished.rename(self.path)


class Leash:
    """The supervisor's end of the pipe. The leash shares `lock`, on DATA_DIR, until it has cleared up."""

    def __init__(self, register: Path, *leftovers: Path, lock: int | None = None) -> None:
        self.words = [sys.executable, "-I", "-S", __file__, str(register), *(str(path) for path in leftovers)]
        self.shared = () if lock is None else (lock,)
        self._tie()

    def check(self) -> None:
        """Starts the leash again when it was killed."""
        if self.process.poll() is not None:
            self._tie()

    def let_go(self) -> None:
        """Ends the leash; it clears up whatever is still registered."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _tie(self) -> None:
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, pass_fds=self.shared,
        )  # fmt: skip


class Lone:
    """A single process on a leash of its own: a server that a test run starts must not outlive it either."""

    def __init__(self, name: str, pid: int, folder: Path, ending: int) -> None:
        register = Register(folder / f"{name}.json")
        register.add(name, pid, 0, ending)
        self.register = register
        self.leash = Leash(register.path)

    def let_go(self) -> None:
        self.register.drop(next(iter(self.register.processes)))
        self.leash.let_go()


def started(pid: int) -> str | None:
    """When a process started, in words only good for comparing; None when there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
    except ProcessLookupError:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if fields[0] == b"Z" else f"{boot} {fields[19].decode()}"  # proc(5): the state, and field 22


def sweep(path: Path) -> list[str]:
    """Ends every process registered in `path` that still runs; returns their names. Removes the register."""
    try:
        found = [Process(**entry) for entry in json.loads(path.read_text())]
    except (FileNotFoundError, ValueError, TypeError):
        found = []
    left = [process for process in found if _runs(process)]
    for stage in sorted({process.stage for process in left}, reverse=True):
        patience = PATIENCE_S if stage else LAST_STAGE_PATIENCE_S
        _end([process for process in left if process.stage == stage], patience)
    path.unlink(missing_ok=True)
    return [process.name for process in left]


def end_group(pid: int, number: int = signal.SIGKILL) -> None:
    """Signals all of the group that `pid` leads or led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses a group of mere remains
        os.killpg(pid, number)


def _end(processes: list[Process], patience: float) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, process.ending)
            os.kill(process.pid, signal.SIGCONT)  # one that was stopped could not hear it
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(_runs(process) for process in processes):
        time.sleep(POLL_S)
    for process in processes:
        end_group(process.pid)


def _runs(process: Process) -> bool:
    return started(process.pid) == process.started


def _started_by_ps(pid: int) -> str | None:
    said = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, since = said.stdout.strip().partition(" ")
    return since.strip() if state and not state.startswith("Z") else None


def main(register: Path, leftovers: list[Path]) -> None:
    """Waits until standard input ends, then clears up: processes first, then files that told of them."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(register)
    for path in leftovers:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])

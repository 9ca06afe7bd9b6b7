"""The machine that was measured on: figures mean nothing without it."""

import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

import psutil

from bench.program import ROOT

SYNCS = 50
BUSY = 0.5  # load, below which the machine counts as quiet


def described(folder: Path, postgres: str) -> dict[str, str]:
    """In words; `folder` lies on the disk that the database is on."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "disk": f"{_sync_ms(folder):.2g} ms to write and sync a page (median of {SYNCS})",
        "programs": f"Python {platform.python_version()}, PostgreSQL {postgres}",
        "version": _version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def is_busy() -> bool:
    """Others are at work here: the figures will jump."""
    return os.getloadavg()[0] > BUSY


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _sync_ms(folder: Path) -> float:
    path, spent = folder / "sync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(b"x" * 8192)
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(spent) * 1000


def _version() -> str:
    try:
        found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True,
                               check=True)  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()

"""The web process, and others in its place: other servers of the same pages, the same server of a trivial one."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.program import ROOT
from bench.readers import Site
from bench.rig import Rig, procfile_line

OURS, TRIVIAL = "wsgi:app", "bench.trivial:app"
START_TIMEOUT_S = 60.0
OTHERS_BEGIN_S = 3.0  # the first process answers before the last listens, and would keep all connections of the load
SERVERS = ROOT / "var" / "bench" / "servers"
PINNED = ROOT / "bench" / "servers.txt"
# Two processes of as many hands as granian has by the Procfile; waitress knows one process only.
OTHERS = {
    "gunicorn, sync, 2 processes": "gunicorn --bind 127.0.0.1:$PORT --workers 2 --log-level warning wsgi:app",
    "gunicorn, gthread, 2 processes of 16 threads": (
        "gunicorn --bind 127.0.0.1:$PORT --workers 2 --worker-class gthread --threads 16 --log-level warning wsgi:app"
    ),
    "waitress, 1 process of 32 threads": "waitress --listen=127.0.0.1:$PORT --threads=32 wsgi:app",
}
# The same server, set otherwise than the Procfile says.
OURS_OTHERWISE = {
    "granian, 4 threads a process": {"WEB_THREADS": "4"},
    "granian, 32 threads a process": {"WEB_THREADS": "32"},
}


@contextmanager
def served(rig: Rig, app: str = OURS, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The Procfile's own web process, with this application."""
    line = procfile_line("web").replace(OURS, app)
    with rig.command("web", line, **more) as process:
        _wait_until_ready(rig, "web", "/" if app == TRIVIAL else "/health")
        time.sleep(OTHERS_BEGIN_S)
        yield process


@contextmanager
def served_by(rig: Rig, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The application, by one of OTHERS."""
    with rig.command("other", f"python -m {OTHERS[name]}", PYTHONPATH=str(_installed())) as process:
        _wait_until_ready(rig, "other", "/health")
        time.sleep(OTHERS_BEGIN_S)
        yield process


def _installed() -> Path:
    """The other servers, put there once."""
    done = SERVERS / PINNED.name
    if not done.exists() or done.read_text() != PINNED.read_text():
        wheel = next((ROOT / "funnel" / "local" / "wheels").glob("pip-*.whl"))
        words = [sys.executable, str(wheel / "pip"), "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
        subprocess.run([*words, "--upgrade", "--target", str(SERVERS), "-r", str(PINNED)], check=True, cwd=ROOT)
        done.write_text(PINNED.read_text())
    return SERVERS


def _wait_until_ready(rig: Rig, log: str, path: str) -> None:
    site, deadline = Site(rig.environ["BASE_URL"]), time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            if site.ask("GET", path, "127.0.0.1")[0] < 500:
                return
        except OSError:
            pass  # nobody listens yet
        if time.monotonic() > deadline:
            raise TimeoutError(f"the web process did not start.\n{rig.said(log)}")
        time.sleep(0.1)

"""What we are compared with: Postfix's smtp-source, a load generator in C whose mails are all the same."""

import os
import resource
import shutil
import subprocess
from dataclasses import dataclass

from bench.rig import Rig

HOW_TO_INSTALL = (
    "smtp-source is not installed, so there is no comparison with it. It comes with Postfix (Debian: sudo apt-get "
    "install postfix; its service need not run)"
)
SBIN = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec/postfix", "/usr/lib/postfix/sbin")
HEADERS = 190  # bytes of the headers it puts before the length it is told
SESSIONS = 10


@dataclass(frozen=True)
class Sent:
    """What the sink saw of one run, and what smtp-source itself cost."""

    rate: float  # mails a second, from the first to the last accepted
    bytes_a_mail: float
    own_cpu: float  # processor seconds a mail
    sink_busy: float  # of a processor


def program() -> str | None:
    """Where smtp-source is; None when it is not installed."""
    return shutil.which("smtp-source", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN]))


def send(rig: Rig, mails: int, size: float, sessions: int = SESSIONS, delay_s: float = 0.0) -> Sent:
    """One run of `smtp-source -d -s <sessions>`: `mails` of `size` bytes, headers included."""
    found = program()
    assert found
    rig.rest()
    rig.sink.ask("reset", delay_s=delay_s)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [found, "-d", "-s", str(sessions), "-m", str(mails), "-l", str(max(int(size) - HEADERS, 1)),
         "-f", "bench@example.org", "-t", "reader@example.org", f"inet:127.0.0.1:{rig.sink.ready['port']}"],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    saw = rig.sink.ask("report")
    assert saw["mails"] == mails, f"smtp-source sent {mails}, and the sink took {saw['mails']}"
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sent(mails / saw["seconds"], saw["bytes"] / mails, own / mails, saw["cpu"] / saw["seconds"])

"""Nothing outlives the run that started it, and nothing else is ever ended."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from funnel.local import leash

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
]


def a_process(words: list[str] = SLEEP) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE)


def test_what_is_registered_is_ended_and_named(tmp_path: Path) -> None:
    register = leash.Register(tmp_path / "register")
    process = a_process()
    register.add("web", process.pid, 3, signal.SIGTERM)
    assert leash.sweep(register.path) == ["web"]
    assert process.wait(5) == -signal.SIGTERM
    assert not register.path.exists()


def test_a_process_that_does_not_hear_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leash, "PATIENCE_S", 0.2)
    register = leash.Register(tmp_path / "register")
    process = a_process(DEAF)
    assert process.stdout
    process.stdout.readline()
    register.add("web", process.pid, 3, signal.SIGTERM)
    leash.sweep(register.path)
    assert process.wait(5) == -signal.SIGKILL


def test_a_later_process_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    process = a_process()
    stranger = leash.Process("web", process.pid, "another time", 3, signal.SIGTERM)
    (tmp_path / "register").write_text(json.dumps([vars(stranger)]))
    assert leash.sweep(tmp_path / "register") == []
    assert process.poll() is None
    process.kill()
    process.wait()


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "x"}]'])
def test_a_broken_register_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "register").write_text(text)
    assert leash.sweep(tmp_path / "register") == []


def test_what_was_dropped_is_left_alone(tmp_path: Path) -> None:
    register = leash.Register(tmp_path / "register")
    register.add("web", os.getpid(), 3, signal.SIGTERM)
    register.drop("web")
    assert leash.sweep(register.path) == []


def test_remains_of_a_process_count_as_none() -> None:
    process = a_process([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while leash.started(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert leash.started(process.pid) is None  # not yet waited for, so still listed
    process.wait()


@pytest.mark.skipif(not shutil.which("ps"), reason="only systems without /proc need it, and those have it")
def test_where_there_is_no_proc_the_system_is_asked() -> None:
    process = a_process()
    assert leash._started_by_ps(process.pid)
    process.kill()
    process.wait()
    assert leash._started_by_ps(process.pid) is None


def test_servers_started_by_a_test_run_that_is_killed_end_with_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from funnel.local import broker, ports\n"
        "found = broker.start(Path(sys.argv[1]), ports.free())\n"
        "print(found.process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while leash.started(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert leash.started(pid) is None

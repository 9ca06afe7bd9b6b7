"""The processes of a run: started again when they crash, later each time, and ended in order."""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from funnel.local import children, leash
from funnel.local.children import Child, Children
from funnel.local.terminal import Terminal


@pytest.fixture
def family(tmp_path: Path) -> Children:
    return Children(leash.Register(tmp_path / "register"), Terminal(io.StringIO()))


def a_child(name: str, program: str, stage: int = 3, ending: int = signal.SIGTERM) -> Child:
    def launch() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)

    return Child(name, launch, stage, ending)


def said(family: Children) -> str:
    assert isinstance(family.terminal.out, io.StringIO)
    return family.terminal.out.getvalue()


def watch_until(family: Children, words: str) -> None:
    deadline = time.monotonic() + 20
    while words not in said(family) and time.monotonic() < deadline:
        family.watch()
        time.sleep(0.02)
    assert words in said(family)


def test_who_crashes_again_is_waited_for_twice_as_long(family: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "FIRST_BACKOFF_S", 0.1)
    child = a_child("web", "raise SystemExit(3)")
    child.backoff = 0.1
    family.start(child)
    watch_until(family, "web has crashed (code 3); it is started again in 0.1 s")
    watch_until(family, "web has crashed (code 3); it is started again in 0.2 s")
    family.stop(lambda: False)


def test_who_lived_well_starts_at_the_first_backoff(family: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "WELL_AFTER_S", 0.0)
    child = a_child("web", "")
    child.backoff = 20.0
    family.start(child)
    watch_until(family, "started again in 0.5 s")
    family.stop(lambda: False)


def test_one_that_cannot_be_started_again_is_said_and_tried_later(family: Children) -> None:
    child = a_child("web", "")
    family.start(child)

    def fail() -> "subprocess.Popen[bytes]":
        raise OSError("no room")

    child.launch = fail
    child.backoff = 0.01
    watch_until(family, "web could not be started (no room)")
    family.stop(lambda: False)


def test_a_first_start_that_fails_is_raised(family: Children) -> None:
    with pytest.raises(FileNotFoundError):
        family.start(Child("web", lambda: subprocess.Popen(["/no/such/program"]), 3))


def test_they_end_stage_by_stage_and_what_is_to_follow_follows(family: Children) -> None:
    told: list[str] = []
    program = "import signal, sys; signal.signal(15, lambda *_: sys.exit()); print('up', flush=True); signal.pause()"
    for name, stage in (("database", 0), ("web", 3), ("outbox", 2)):
        child = a_child(name, program, stage)
        child.after = lambda name=name: told.append(name)  # type: ignore[misc]
        family.start(child)
    for name in ("database", "web", "outbox"):
        watch_until(family, f"{name:8} | up")
    family.stop(lambda: False)
    assert told == ["web", "outbox", "database"]
    assert not any(child.runs for child in family.all)


def test_in_a_hurry_the_deaf_are_killed(family: Children) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    family.start(a_child("web", deaf))
    watch_until(family, "web      | up")
    family.stop(lambda: True)
    assert family.all[0].process
    assert family.all[0].process.returncode == -signal.SIGKILL


def test_a_database_in_a_hurry_is_told_first(family: Children) -> None:
    program = (
        "import signal, sys; signal.signal(2, signal.SIG_IGN); signal.signal(3, lambda *_: sys.exit(7))\n"
        "print('up', flush=True); signal.pause()"
    )
    family.start(a_child("database", program, 0, signal.SIGINT))
    watch_until(family, "database | up")
    family.stop(lambda: True)
    assert family.all[0].process
    assert family.all[0].process.returncode == 7

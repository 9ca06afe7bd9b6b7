"""`make run`, started for real: one run that serves and is hurt, then a second one on the same data that is killed."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from funnel.config import EMBEDDED_FILE
from funnel.local.embedded import ROOT
from tests.local_run import Run

RUNNING = "Ctrl-C stops it"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place") / "a folder"


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[Run]:
    with Run(folder) as run:
        run.until_said(RUNNING)
        yield run


def test_a_start_says_where_everything_is_and_the_password_once(first: Run) -> None:
    site = f"http://127.0.0.1:{first.port}"
    for page in ("/posts/quadratus-lumborum", "/outbox", "/owner/"):
        assert f"{site}{page}" in first.said
    assert "with the password " in first.said


def test_it_serves_and_listens_on_loopback_only(first: Run) -> None:
    assert first.status("/health") == 200
    with socket.create_connection(("127.0.0.1", first.outbox_port)) as mail:
        assert mail.recv(100).startswith(b"220 ")
    listening = Path("/proc/net/tcp")
    if listening.exists():
        ports = {f"{port:04X}" for port in (first.port, first.outbox_port)}
        local = {line.split()[1] for line in listening.read_text().splitlines()[1:] if line.split()[3] == "0A"}
        assert {address.split(":")[0] for address in local if address.split(":")[1] in ports} == {"0100007F"}


def test_a_command_in_another_terminal_finds_its_servers(first: Run) -> None:
    assert f"http://127.0.0.1:{first.port}" in first.flask("check")
    assert (first.folder / EMBEDDED_FILE).stat().st_mode & 0o777 == 0o600


def test_all_processes_of_the_procfile_run(first: Run) -> None:
    names = {line.partition(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()} - {"release"}
    assert set(first.processes()) == names | {"database", "redis", "outbox"}


def test_a_second_run_on_the_same_folder_is_refused(first: Run) -> None:
    with Run(first.folder.with_name("second"), DATA_DIR=str(first.folder)) as second:
        assert second.process.wait(30) == 1
    assert f"already running on {first.folder} (process {first.process.pid})" in second.said


@pytest.mark.parametrize("variable", ["PORT", "OUTBOX_PORT"])
def test_a_taken_port_is_refused_with_the_variable_to_change(first: Run, tmp_path: Path, variable: str) -> None:
    with Run(tmp_path / "data", **{variable: str(first.port)}) as other:
        assert other.process.wait(30) == 1
    assert f"Port {first.port} is taken by another program. Stop that, or set {variable}" in other.said


def test_refused_settings_are_all_named(tmp_path: Path) -> None:
    with Run(tmp_path / "data", TIMEZONE="Atlantis", DAY_SECONDS="soon", REDIS_URL="http://x") as run:
        assert run.process.wait(30) == 2
    assert all(f"{name}: " in run.said for name in ("TIMEZONE", "DAY_SECONDS", "REDIS_URL"))


@pytest.mark.parametrize(
    ("variable", "url"),
    [("DATABASE_URL", "postgresql://funnel:hunter22@127.0.0.1:1/x"), ("REDIS_URL", "redis://:hunter22@127.0.0.1:1/0")],
)
def test_a_given_server_that_does_not_answer_is_refused(tmp_path: Path, variable: str, url: str) -> None:
    with Run(tmp_path / "data", **{variable: url}) as run:
        assert run.process.wait(30) == 1
    assert f"{variable}: " in run.said
    assert "leave it out to use our own" in run.said
    assert "hunter22" not in run.said
    assert "Traceback" not in run.said


@pytest.mark.parametrize("name", ["web", "database"])
def test_a_crashed_child_is_started_again_and_that_is_said(first: Run, name: str) -> None:
    before = first.processes()[name]
    os.kill(before.pid, signal.SIGKILL)
    first.until_said(rf"{name} has crashed \(signal SIGKILL\); it is started again in [\d.]+ s")
    first.until(lambda: first.processes().get(name, before) != before)
    first.until(lambda: _ready(first))


def test_a_killed_leash_is_replaced(first: Run) -> None:
    (before,) = first.leashes()
    os.kill(before, signal.SIGKILL)
    first.until(lambda: first.leashes() not in ([], [before]))


def test_ctrl_c_ends_everything(first: Run) -> None:
    assert first.end(signal.SIGINT) == 0
    assert "Stopped. Everything is kept" in first.said


def test_a_second_start_keeps_the_data_and_when_killed_leaves_nothing(first: Run) -> None:
    key = (first.folder / "secret_key").read_text()
    with Run(first.folder) as second:
        second.until_said(RUNNING)
        assert "password" not in second.said
        assert json.loads((first.folder / EMBEDDED_FILE).read_text())["SECRET_KEY"] == key.strip()
        second.end(signal.SIGKILL)
    with Run(first.folder, TIMEZONE="Atlantis") as third:  # it has the folder, and is refused for another reason
        assert third.process.wait(60) == 2


def _ready(run: Run) -> bool:
    try:
        run.flask("messages", "list")
        return run.status("/health") == 200
    except (OSError, subprocess.CalledProcessError):  # it is on its way
        return False

"""DATA_DIR: one run at a time, a key made once, and a note of what runs that only we can read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from funnel import config
from funnel.config import SettingsError
from funnel.local import place, ports


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    place.make(tmp_path / "a" / "var")
    assert (tmp_path / "a" / "var").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(place.PlaceError, match="Set DATA_DIR to a folder you may write"):
        place.make(tmp_path / "file" / "var")


def test_the_key_is_made_once_and_read_by_us_only(tmp_path: Path) -> None:
    key = place.secret_key(tmp_path)
    assert len(key) >= 64
    assert place.secret_key(tmp_path) == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_an_empty_key_file_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("\n")
    assert place.secret_key(tmp_path)


def test_the_lock_is_refused_while_another_run_lives(tmp_path: Path) -> None:
    with (
        place.lock(tmp_path, print),
        pytest.raises(place.PlaceError, match=rf"already running on .*process {os.getpid()}\)"),
    ):
        place.lock(tmp_path, print)


def test_the_lock_is_waited_for_after_a_killed_run(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from funnel.local import place\n"
        "held = place.lock(Path(sys.argv[1]), print); held.seek(0); held.truncate(); held.write('999999999')\n"
        "held.flush(); print(flush=True); time.sleep(0.5)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    said: list[str] = []
    place.lock(tmp_path, said.append).close()
    process.wait()
    assert said == ["The last run was killed; waiting until what it started has ended."]


def test_a_lock_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(place.PlaceError, match="cannot be written"):
        place.lock(tmp_path, print)


def test_the_note_is_found_by_commands_and_gives_way_to_the_environment(tmp_path: Path) -> None:
    place.note(tmp_path, {"SECRET_KEY": "k" * 40, "PORT": "9000", "REDIS_URL": "redis://127.0.0.1:1/0"})
    found = config.load({"DATA_DIR": str(tmp_path), "PORT": "9001"})
    assert (found.secret_key, found.port, found.redis_url) == ("k" * 40, 9001, "redis://127.0.0.1:1/0")
    assert (tmp_path / "embedded.json").stat().st_mode & 0o777 == 0o600
    place.forget(tmp_path)
    assert config.load({"DATA_DIR": str(tmp_path)}).redis_url == ""


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    place.note(tmp_path, {"REDIS_URL": "redis://127.0.0.1:1/0"})
    assert config.load({"DATA_DIR": str(tmp_path), "REDIS_URL": " "}).redis_url == "redis://127.0.0.1:1/0"


def test_a_broken_note_is_refused_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "embedded.json").write_text("{")
    with pytest.raises(SettingsError, match=r"embedded\.json"):
        config.load({"DATA_DIR": str(tmp_path)})


def test_a_taken_port_names_the_variable_and_a_free_one() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ports.PortError, match=r"set PORT: make run PORT=\d+"):
            ports.check(taken.getsockname()[1], "PORT")

"""A backup is proved by restoring it: the rows, the key, the journals and the withdrawals come back."""

import dataclasses
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from funnel import config, tokens
from funnel.config import Settings
from funnel.db import engine
from funnel.local import archive, backup, dump, place, programs
from funnel.models.people import Subscriber
from tests import factories


@pytest.fixture
def known(clean: None, tmp_path: Path) -> Settings:
    """Settings of a place of its own, whose key was made there."""
    folder = tmp_path / "data"
    place.make(folder)
    (folder / "journal").mkdir()
    (folder / "journal" / "1.journal").write_bytes(b"sent 1\nsent 2\n")
    (folder / "withdrawals").write_bytes(b"hash 1\n")
    return dataclasses.replace(config.settings(), data_dir=folder, secret_key=place.secret_key(folder))


@pytest.fixture
def ada(session: Session) -> Subscriber:
    subscriber: Subscriber = factories.a_subscriber(session, first_name="Ada 🧘")
    session.commit()
    return subscriber


def rows() -> list[tuple[str, str]]:
    engine().dispose()  # a restore puts other tables in place of those that connections have prepared for
    with engine().connect() as connection:
        return [tuple(row) for row in connection.execute(select(Subscriber.email, Subscriber.first_name))]


def wipe() -> None:
    with engine().begin() as connection:
        connection.execute(text("TRUNCATE subscriber CASCADE"))


def test_what_was_lost_comes_back(known: Settings, ada: Subscriber, tmp_path: Path) -> None:
    before = rows()
    token = tokens.sign(tokens.Purpose.UNSUBSCRIBE, 7, 0)
    made = backup.create(known, tmp_path / "backup.tar.gz")
    wipe()
    notes = backup.restore(known, made, replace=True)
    assert rows() == before
    assert before[0][1] == "Ada 🧘"
    assert tokens.read(tokens.Purpose.UNSUBSCRIBE, token) == (7, 0)
    assert notes[0].startswith("Restored the backup of 20")
    assert len(notes) == 2


def test_a_backup_is_for_our_eyes_only_and_leaves_nothing_beside_it(known: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = backup.create(known, folder)
    assert made.name.startswith("funnel-20")
    assert made.stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [made]


def test_a_database_that_holds_data_is_left_alone(known: Settings, ada: Subscriber, tmp_path: Path) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    wipe()
    with pytest.raises(backup.BackupError, match="say --replace"):
        backup.restore(known, made)
    assert rows() == []


def test_a_restore_that_fails_leaves_the_database_as_it_was(
    known: Settings, ada: Subscriber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    before = rows()
    # A dump that is whole as a file and broken as a dump.
    facts = archive.unpack(made, tmp_path / "parts")
    broken = tmp_path / "broken"
    broken.write_bytes((tmp_path / "parts" / "database.dump").read_bytes()[:-2000])
    archive.write(tmp_path / "other.tar.gz", {"database.dump": broken}, facts)
    with pytest.raises(backup.BackupError, match="pg_restore ended"):
        backup.restore(known, tmp_path / "other.tar.gz", replace=True)
    assert rows() == before


def test_a_key_from_the_environment_is_not_written_down(known: Settings, tmp_path: Path) -> None:
    outside = dataclasses.replace(known, secret_key="e" * 40)
    made = backup.create(outside, tmp_path / "backup.tar.gz")
    with tarfile.open(made) as tar:
        assert "secret_key" not in tar.getnames()
        assert b"e" * 40 not in b"".join(file.read() for member in tar if (file := tar.extractfile(member)))
    assert "Set SECRET_KEY to what it was" in backup.restore(known, made, replace=True)[-1]


def test_a_password_is_never_on_a_command_line(
    known: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    spy = tmp_path / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" > "{seen}"; echo "$PGPASSWORD" >> "{seen}"; exit 3\n')
    spy.chmod(0o755)
    monkeypatch.setattr(programs, "of_version", lambda name, least: spy)
    guarded = dataclasses.replace(known, database_url=known.database_url.replace("funnel@", "funnel:p%40ss@"))
    with pytest.raises(backup.BackupError, match="pg_dump ended with code 3"):
        backup.create(guarded, tmp_path / "backup.tar.gz")
    words, password = seen.read_text().splitlines()
    assert password == "p@ss"
    assert "p@ss" not in words
    assert "p%40ss" not in words


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def _forge(path: Path) -> None:
    path.write_bytes(b"not a backup")


@pytest.mark.parametrize("harm", [_cut, _forge])
def test_a_damaged_backup_is_refused(
    known: Settings, ada: Subscriber, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    harm(made)
    before = rows()
    with pytest.raises(backup.BackupError, match="is not a whole backup"):
        backup.restore(known, made, replace=True)
    assert rows() == before


def test_a_backup_of_a_later_version_is_refused(known: Settings, tmp_path: Path) -> None:
    part = tmp_path / "database.dump"
    part.write_text("x")
    archive.write(tmp_path / "made.tar.gz", {"database.dump": part}, {"schema_version": "9999"})
    with pytest.raises(backup.BackupError, match="schema 9999, which this version of Funnel does not know"):
        backup.restore(known, tmp_path / "made.tar.gz")


def test_nothing_is_overwritten(known: Settings, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    with pytest.raises(backup.BackupError, match="already there"):
        backup.create(known, tmp_path / "there")
    with pytest.raises(backup.BackupError, match="is not a folder"):
        backup.create(known, tmp_path / "none" / "backup")


@pytest.mark.parametrize(
    ("url", "words"),
    [("", "There is no database"), ("postgresql://funnel@127.0.0.1:1/none", "The database does not answer")],
)
def test_without_a_database_it_is_said(known: Settings, tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(backup.BackupError, match=words):
        backup.create(dataclasses.replace(known, database_url=url), tmp_path / "backup.tar.gz")


def test_an_empty_database_has_nothing_to_back_up_and_takes_a_restore(
    known: Settings, ada: Subscriber, tmp_path: Path
) -> None:
    before = rows()
    made = backup.create(known, tmp_path / "backup.tar.gz")
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE another"))
    other = dataclasses.replace(known, database_url=known.database_url.replace("/postgres?", "/another?"))
    with pytest.raises(backup.BackupError, match="holds nothing of Funnel's"):
        backup.create(other, tmp_path / "none.tar.gz")
    backup.restore(other, made)
    assert dump.holds_tables(other)
    assert rows() == before
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE another"))


def test_a_missing_program_is_named(known: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "of_version", lambda name, least: None)
    with pytest.raises(backup.BackupError, match="Install postgresql-client-"):
        backup.create(known, tmp_path / "backup.tar.gz")


def test_the_lowest_version_that_can_do_it_is_taken() -> None:
    found = programs.of_version("pg_dump", 16)
    assert found
    assert programs.major_version(found) >= 16
    assert programs.of_version("pg_dump", 99) is None
    assert programs.major_version(Path("/bin/false")) == 0


def test_the_commands_say_what_was_done(app: Flask, tmp_path: Path, setting: Callable[..., None]) -> None:
    def run(*words: str) -> Result:
        return app.test_cli_runner().invoke(args=["backup", *words])

    target = str(tmp_path / "backup.tar.gz")
    assert f"Written: {target}" in run("create", target).output
    refused = run("restore", target)
    assert refused.exit_code == 1
    assert "say --replace" in refused.output
    assert "Restored the backup of" in run("restore", "--replace", target).output
    engine().dispose()

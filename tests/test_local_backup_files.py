"""What a backup holds beside the database: the key, the journals, and the withdrawals, of which none is ever lost."""

import dataclasses
import shutil
import tarfile
from pathlib import Path

import pytest

from funnel.config import Settings
from funnel.local import backup
from tests.test_local_backup import known  # noqa: F401 (a fixture)


def test_the_key_the_journals_and_the_withdrawals_come_back(known: Settings, tmp_path: Path) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    journal, withdrawals = known.data_dir / "journal" / "1.journal", known.data_dir / "withdrawals"
    journal.unlink()
    withdrawals.unlink()
    (known.data_dir / "secret_key").write_text("n" * 64)
    notes = backup.restore(dataclasses.replace(known, secret_key="n" * 64), made, replace=True)
    assert journal.read_bytes() == b"sent 1\nsent 2\n"
    assert withdrawals.read_bytes() == b"hash 1\n"
    assert {path.stat().st_mode & 0o777 for path in (journal, withdrawals)} == {0o600}
    assert (known.data_dir / "secret_key").read_text().strip() == known.secret_key
    assert (known.data_dir / "secret_key").stat().st_mode & 0o777 == 0o600
    assert (known.data_dir / "secret_key.before-restore").read_text() == "n" * 64
    assert "The backup's SECRET_KEY is now in" in notes[-1]


def test_a_journal_that_is_there_belongs_to_its_process(known: Settings, tmp_path: Path) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    journal = known.data_dir / "journal" / "1.journal"
    journal.write_bytes(b"")  # emptied since: all of it is recorded
    before = journal.stat().st_ino
    backup.restore(known, made, replace=True)
    assert (journal.read_bytes(), journal.stat().st_ino) == (b"", before)


@pytest.mark.parametrize(
    ("there", "after"),
    [
        (b"hash 1\nhash 2\n", b"hash 1\nhash 2\n"),
        (b"hash 2\n", b"hash 2\nhash 1\n"),
        (b"hash 2\nhas", b"hash 2\nhas\nhash 1\n"),  # a power cut tore the last line off
        (b"", b"hash 1\n"),
    ],
)
def test_no_withdrawal_is_lost_neither_the_places_nor_the_backups(
    known: Settings, tmp_path: Path, there: bytes, after: bytes
) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    (known.data_dir / "withdrawals").write_bytes(there)
    for _ in range(2):
        backup.restore(known, made, replace=True)
        assert (known.data_dir / "withdrawals").read_bytes() == after


def test_a_journal_that_goes_while_it_is_copied_is_not_missed(
    known: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = shutil.copyfile

    def slow(source: Path, target: Path) -> Path:
        if source.suffix == ".journal":
            source.unlink()
        return copied(source, target)

    monkeypatch.setattr(shutil, "copyfile", slow)
    with tarfile.open(backup.create(known, tmp_path / "backup.tar.gz")) as tar:
        assert set(tar.getnames()) == {"manifest.json", "database.dump", "secret_key", "withdrawals"}


def test_what_cannot_be_brought_beside_the_database_is_said(known: Settings, tmp_path: Path) -> None:
    made = backup.create(known, tmp_path / "backup.tar.gz")
    shutil.rmtree(known.data_dir / "journal")
    (known.data_dir / "journal").write_text("")
    with pytest.raises(backup.BackupError, match="The database is restored; what belongs to it"):
        backup.restore(known, made, replace=True)

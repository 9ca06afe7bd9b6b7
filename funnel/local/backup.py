"""Backup and restore: the database, the locally made key, the journals and the withdrawals, in one file."""

import contextlib
import fcntl
import hmac
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from funnel.config import Settings
from funnel.local import archive, dump
from funnel.local.place import SECRET_KEY_FILE

DATABASE_PART = "database.dump"
WITHDRAWALS = "withdrawals"  # lines, of which none is ever lost
KEPT = ("journal", WITHDRAWALS)  # a folder and a file under DATA_DIR
SCHEMA_VERSIONS = Path(__file__).parent.parent / "migrations" / "versions"
KEY_CHECK_SIGNS = 12


class BackupError(Exception):
    """The backup could not be made or restored. The text says why and how to mend it."""


def create(settings: Settings, target: Path) -> Path:
    """Writes a backup to `target`, a new file or a folder to make one in; returns the file. Raises BackupError.

    The database is read in one snapshot while everything goes on. The file is readable by us only (0600).
    """
    path = target / f"funnel-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz" if target.is_dir() else target
    if path.exists():
        raise BackupError(f"{path} is already there. Name a new file, or a folder")
    if not path.parent.is_dir():
        raise BackupError(f"{path.parent} is not a folder. Make it first")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".funnel-") as work:
            _pack(settings, path, Path(work))
    except (dump.DumpError, psycopg.Error, OSError) as error:
        raise BackupError(f"The backup could not be written. {error}") from None
    return path


def restore(settings: Settings, source: Path, *, replace: bool = False) -> list[str]:
    """Brings back what `create` wrote to `source`; returns what the operator must now know or do, a line each.

    A database that holds tables is left alone unless `replace`; then the old ones go only once the new ones are in.
    Raises BackupError, after which the database is as it was, or else the text says so. The caller halts sending.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="funnel-") as work:
            manifest = archive.unpack(source, Path(work))
            _check_schema(manifest)
            if dump.holds_tables(settings) and not replace:
                raise BackupError("The database holds data. To put the backup in its place, say --replace")
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            # First, and added to what is there: whoever withdrew since is not to be mailed again.
            _add_lines(settings.data_dir / WITHDRAWALS, Path(work) / WITHDRAWALS)
            dump.put_back(settings, Path(work) / DATABASE_PART, manifest["dump_version"])
            return [f"Restored the backup of {manifest['made_at']}.", *_bring_files(settings, Path(work), manifest)]
    except (archive.ArchiveError, dump.DumpError, psycopg.Error, OSError) as error:
        raise BackupError(str(error)) from None


def _pack(settings: Settings, target: Path, work: Path) -> None:
    facts = dump.take(settings, work / DATABASE_PART)
    # After the dump: a journal that knows more than the database is safe, one that knows less is not.
    parts = {DATABASE_PART: work / DATABASE_PART, **_copied(settings.data_dir, work)}
    if _made_here(settings):
        parts[SECRET_KEY_FILE] = settings.data_dir / SECRET_KEY_FILE
    archive.write(target, parts, {**facts, "key_check": _key_check(settings.secret_key)})


def _copied(data_dir: Path, work: Path) -> dict[str, Path]:
    # Copied first, since a file that grows while it is packed would not match its checksum.
    found = {}
    for kept in KEPT:
        for path in sorted([data_dir / kept, *(data_dir / kept).rglob("*")]):
            name = str(path.relative_to(data_dir))
            # A journal goes at any moment: its process has recorded what it knew.
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                found[name] = Path(shutil.copyfile(path, work / name))
    return found


def _check_schema(manifest: dict[str, Any]) -> None:
    if not list(SCHEMA_VERSIONS.glob(f"{manifest['schema_version']}_*.py")):
        raise BackupError(
            f"The backup has schema {manifest['schema_version']}, which this version of Funnel does not know. "
            "Restore it with the version that made it, or a later one"
        )


def _bring_files(settings: Settings, work: Path, manifest: dict[str, Any]) -> list[str]:
    try:
        return _bring(settings, work, manifest)
    except OSError as error:
        raise BackupError(f"The database is restored; what belongs to it under DATA_DIR is not. {error}") from None


def _bring(settings: Settings, work: Path, manifest: dict[str, Any]) -> list[str]:
    for name in manifest["parts"]:
        if name not in (DATABASE_PART, SECRET_KEY_FILE, WITHDRAWALS):
            _bring_new(settings.data_dir / name, work / name)
    notes = ["Restart web, worker, urgent and beat."]
    if _key_check(settings.secret_key) == manifest["key_check"]:
        return notes
    if SECRET_KEY_FILE in manifest["parts"]:
        return [*notes, *_bring_key(settings, work / SECRET_KEY_FILE)]
    return [*notes, "Set SECRET_KEY to what it was when the backup was made: its links and keys need it."]


def _bring_new(target: Path, part: Path) -> None:
    """Puts a file where there is none. One that is there belongs to a process, and knows more."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), open(target, "xb", opener=_for_us_only) as file:
        file.write(part.read_bytes())


def _for_us_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _add_lines(target: Path, part: Path) -> None:
    """Adds those lines of `part` that `target` lacks, durably, while others write to it too."""
    if not part.exists():
        return
    with open(target, "ab+", opener=_for_us_only) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        raw = file.read()
        known = set(raw.splitlines())
        new = [line for line in part.read_bytes().splitlines() if line not in known]
        torn = raw and not raw.endswith(b"\n")
        file.write(b"\n" * bool(torn) + b"".join(line + b"\n" for line in new))
        file.flush()
        os.fsync(file.fileno())


def _bring_key(settings: Settings, key: Path) -> list[str]:
    target = settings.data_dir / SECRET_KEY_FILE
    if target.exists():
        target.replace(target.with_name(f"{SECRET_KEY_FILE}.before-restore"))
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.read_text())
    return [f"The backup's SECRET_KEY is now in {target}. Where SECRET_KEY is set by a variable, set it to that."]


def _made_here(settings: Settings) -> bool:
    path = settings.data_dir / SECRET_KEY_FILE
    return path.is_file() and path.read_text().strip() == settings.secret_key


def _key_check(key: str) -> str:
    # Tells whether two keys are the same, and nothing else of them.
    return hmac.new(key.encode(), b"backup", "sha256").hexdigest()[:KEY_CHECK_SIGNS]

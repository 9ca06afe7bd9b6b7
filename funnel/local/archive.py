"""One backup as a file: a .tar.gz of named parts with a manifest that holds the checksum of each."""

import hashlib
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST_BYTES = 4 * 1024 * 1024
COMPRESSION = 1  # the dump within is compressed already


class ArchiveError(Exception):
    """The file is not a whole backup. The text says what is wrong with it."""


def write(target: Path, parts: dict[str, Path], facts: dict[str, Any]) -> None:
    """Writes `parts` (name: file) and a manifest of `facts` to `target`, whole or not at all, for our eyes only."""
    digests = {name: _digest(path) for name, path in parts.items()}
    manifest = json.dumps({"format": FORMAT, **facts, "parts": digests}, indent=1, ensure_ascii=False).encode()
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=COMPRESSION) as tar:
                _add(tar, MANIFEST, manifest)
                for name, path in parts.items():
                    tar.add(path, name, recursive=False, filter=_without_owner)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Unpacks the parts into `folder` and returns the manifest. Raises ArchiveError for a file that is not whole.

    Only plain files that the manifest names are taken, so that a made-up archive cannot write elsewhere.
    """
    try:
        with tarfile.open(source, "r:gz") as tar:
            manifest = _manifest(tar)
            for member in tar:
                if member.name == MANIFEST:
                    continue
                if not member.isreg() or member.name not in manifest["parts"]:
                    raise ArchiveError(f"{source} holds {member.name}, which its manifest does not name")
                _extract(tar, member, folder)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ArchiveError(f"{source} is not a whole backup: {error}") from None
    for name, digest in manifest["parts"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise ArchiveError(f"{source} is damaged: {name} is not what was written")
    return manifest


def _manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    first = tar.next()
    file = tar.extractfile(first) if first and first.name == MANIFEST and first.isreg() else None
    if file is None:
        raise ValueError("it does not begin with a manifest")
    found: dict[str, Any] = json.loads(file.read(LARGEST_MANIFEST_BYTES))
    if found.get("format") != FORMAT:
        raise ValueError(f"its format {found.get('format')} is not known to this version")
    if any(name.startswith("/") or ".." in Path(name).parts for name in found["parts"]):
        raise ValueError("it names a part outside itself")
    return found


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    file = tar.extractfile(member)
    assert file is not None  # it is a plain file
    with target.open("xb") as out:
        shutil.copyfileobj(file, out)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    import io

    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o600
    tar.addfile(member, io.BytesIO(data))


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

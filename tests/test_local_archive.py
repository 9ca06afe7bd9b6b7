"""A backup's file is whole, or refused; and it cannot write anywhere but where it is unpacked."""

import tarfile
from pathlib import Path

import pytest

from funnel.local import archive


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "stranger"])
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, name: str) -> None:
    part = tmp_path / "part"
    part.write_text("x")
    archive.write(tmp_path / "made.tar.gz", {name: part}, {})
    if name == "stranger":
        with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as tar:
            (tmp_path / "manifest.json").write_text('{"format": 1, "parts": {}}')
            tar.add(tmp_path / "manifest.json", "manifest.json")
            tar.add(part, name)
    with pytest.raises(archive.ArchiveError):
        archive.unpack(tmp_path / "made.tar.gz", tmp_path / "out")


def test_a_changed_part_is_seen(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_text("x")
    (tmp_path / "manifest.json").write_text('{"format": 1, "parts": {"part": "00"}}')
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "manifest.json", "manifest.json")
        tar.add(part, "part")
    with pytest.raises(archive.ArchiveError, match="part is not what was written"):
        archive.unpack(tmp_path / "made.tar.gz", tmp_path / "out")


@pytest.mark.parametrize("manifest", ['{"format": 2, "parts": {}}', "{", None])
def test_a_manifest_of_another_kind_is_refused(tmp_path: Path, manifest: str | None) -> None:
    (tmp_path / "file").write_text(manifest or "")
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "file", "manifest.json" if manifest else "other")
    with pytest.raises(archive.ArchiveError, match="is not a whole backup"):
        archive.unpack(tmp_path / "made.tar.gz", tmp_path / "out")

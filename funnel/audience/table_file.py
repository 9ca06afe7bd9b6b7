"""A table as people keep it: CSV, with commas, semicolons or tabs, in whatever encoding their program wrote.

Nothing here holds more of a file than a piece of it.
"""

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from funnel.audience.formulas import armed

SEPARATORS = (",", ";", "\t", "|")
LOOKED_AT = 64 * 1024  # bytes by which the separator is told
LOOKED_AT_ROWS = 50
MOST_NULS = 0.2  # of a file in UTF-16 without its mark, every second byte of plain text is NUL
OTHER_FILES = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
)
MEND = "In Excel or Numbers choose “Save as” or “Export”, then CSV (UTF-8), and choose that file here."


class FileError(ValueError):
    """The file cannot be read as a table. The text says why and how to mend it."""


@dataclass(frozen=True)
class Spelling:
    """How the file is written. `encoding` is Python's name; `separator` stands between two cells."""

    encoding: str
    separator: str


@dataclass
class Ear:
    """Hears the pieces of a file as they come, and tells at the end how it is spelled."""

    head: bytes = b""
    size: int = 0
    unicode: bool = True  # as far as it was heard
    _decoder: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def hear(self, piece: bytes) -> None:
        if len(self.head) < LOOKED_AT:
            self.head += piece[: LOOKED_AT - len(self.head)]
        self.size += len(piece)
        if self.unicode:
            try:
                self._decoder.decode(piece)
            except UnicodeDecodeError:
                self.unicode = False

    def spelling(self) -> Spelling:
        """Raises FileError when it is no table."""
        if not self.head.strip():
            raise FileError("This file is empty.")
        if what := _other_file(self.head):
            raise FileError(f"This is {what}, not a CSV file. {MEND}")
        encoding = self._encoding()
        text = codecs.getincrementaldecoder(encoding)("replace").decode(self.head)
        return Spelling(encoding, _separator(text))

    def _encoding(self) -> str:
        if self.head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if self.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        even, odd = (self.head[start::2].count(0) / max(len(self.head) / 2, 1) for start in (0, 1))
        if max(even, odd) > MOST_NULS:
            return "utf-16-le" if odd > even else "utf-16-be"
        return "utf-8" if self.unicode else "cp1252"


def records(pieces: Iterable[bytes], spelling: Spelling) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record begins, counted from 1, and its cells; empty lines are left out.

    Raises FileError, with the line, where a quotation mark is never closed.
    """
    for line, cells in written(pieces, spelling):
        yield line, mended(cells)


def mended(cells: Sequence[str]) -> list[str]:
    """Cells without NULs, which the database takes nowhere, and as they were before an export defused them."""
    return [armed(cell.replace("\0", "�")) for cell in cells]


def written(pieces: Iterable[bytes], spelling: Spelling) -> Iterator[tuple[int, list[str]]]:
    """As `records`, with each cell as it stands in the file."""
    text = io.TextIOWrapper(
        io.BufferedReader(_Pieces(pieces)), encoding=spelling.encoding, errors="replace", newline=""
    )
    first = next(text, "")
    skipped = first.lower().startswith("sep=") and len(first.strip()) == len("sep=;")  # Excel's own word to itself
    before = int(skipped)
    reader = csv.reader(text if skipped else itertools.chain((first,), text), delimiter=spelling.separator)
    line = before + 1
    try:
        for cells in reader:
            if any(cells):
                yield line, cells
            line = before + reader.line_num + 1
    except csv.Error:
        raise FileError(f"From line {line} on a quotation mark is never closed. Please mend that line.") from None


class _Pieces(io.RawIOBase):
    """A stream made of pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _other_file(head: bytes) -> str:
    if head.startswith(b"PK\x03\x04"):
        office = b"xl/" in head or b"[Content_Types].xml" in head
        return "an Excel workbook" if office else "a zip file: unpack it first, and choose the CSV in it; it is"
    return next((what for mark, what in OTHER_FILES if head.startswith(mark)), "")


def _separator(text: str) -> str:
    """What most lines agree on: the separator that gives most of them the same number of cells, and more than one."""
    lines = text.splitlines(keepends=True)
    if lines[0].lower().startswith("sep=") and len(lines[0].strip()) == len("sep=;"):
        return lines[0].strip()[-1]
    whole = lines[:-1] if len(lines) > 1 and len(text) >= LOOKED_AT // 4 else lines  # the last may be cut
    return max(SEPARATORS, key=lambda separator: _agreement(whole, separator))


def _agreement(lines: list[str], separator: str) -> tuple[float, int]:
    try:
        rows = [row for row in itertools.islice(csv.reader(lines, delimiter=separator), LOOKED_AT_ROWS) if row]
    except csv.Error:
        return 0.0, 0
    width, agree = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
    return (agree / len(rows), width) if width > 1 else (0.0, 0)

"""A crowd: a set of people as bits, so that all, any and not of a million of them cost less than a millisecond each."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

BITS = 16
SIZE = 1 << BITS  # people a block: ids may lie far apart, as after a restore that skipped some


class Crowd:
    """Some people, by their ids."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._blocks: dict[int, int] = {}
        ordered = sorted(ids)
        at = 0
        while at < len(ordered):
            block = ordered[at] >> BITS
            end = bisect_left(ordered, (block + 1) << BITS, at)
            last = ((block + 1) << BITS) - 1
            flags = bytearray(b"0") * SIZE
            for number in ordered[at:end]:
                flags[last - number] = 49
            self._blocks[block] = int(bytes(flags), 2)
            at = end

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._blocks.values())

    def __contains__(self, number: int) -> bool:
        return bool(self._blocks.get(number >> BITS, 0) >> (number & (SIZE - 1)) & 1)

    def __and__(self, other: "Crowd") -> "Crowd":
        return self._joined(other, self._blocks.keys() & other._blocks.keys(), int.__and__)

    def __or__(self, other: "Crowd") -> "Crowd":
        return self._joined(other, self._blocks.keys() | other._blocks.keys(), int.__or__)

    def __sub__(self, other: "Crowd") -> "Crowd":
        return self._joined(other, self._blocks.keys(), lambda own, theirs: own & ~theirs)

    def __iter__(self) -> Iterator[int]:
        """The newest first."""
        for block in sorted(self._blocks, reverse=True):
            written = f"{self._blocks[block]:0{SIZE}b}"
            at = written.find("1")
            while at >= 0:
                yield (block << BITS) + SIZE - 1 - at
                at = written.find("1", at + 1)

    def _joined(self, other: "Crowd", blocks: Iterable[int], join: Callable[[int, int], int]) -> "Crowd":
        found = Crowd()
        for block in blocks:
            found._blocks[block] = join(self._blocks.get(block, 0), other._blocks.get(block, 0))
        return found

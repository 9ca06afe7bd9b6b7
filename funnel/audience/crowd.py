"""A crowd: a set of people as bits, so that all, any and not of a million of them cost less than a millisecond each."""

import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

BITS = 16
SIZE = 1 << BITS  # people a block: ids may lie far apart, as after a restore that skipped some
NEAR = 1 << 22  # ids so near to one another are marked in one piece
MANY = 10_000  # for fewer, that piece would cost more than they do
NUMBER = 8  # bytes of a block's number, packed


class Crowd:
    """Some people, by their ids."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._blocks: dict[int, int] = {}
        found = ids if isinstance(ids, array.array) else list(ids)
        if len(found) > MANY and self._add_low(found):
            return
        if found and max(found) - min(found) < NEAR:
            self._add(found)
        elif found:
            ordered = sorted(found)
            while ordered:
                end = bisect_left(ordered, ordered[0] + NEAR)
                self._add(ordered[:end])
                ordered = ordered[end:]

    def _add_low(self, ids: "list[int] | array.array[int]") -> bool:
        """Three times as fast as `_add`; False, and nothing added, where an id is NEAR or above."""
        flags = bytearray(b"0") * NEAR
        try:
            for number in ids:
                flags[number] = 49  # “1”
        except IndexError:
            return False
        flags.reverse()
        for block in range(NEAR >> BITS):
            end = NEAR - (block << BITS)
            if flags.find(b"1", end - SIZE, end) >= 0:
                self._blocks[block] = int(flags[end - SIZE : end], 2)
        return True

    def _add(self, ids: "Sequence[int] | array.array[int]") -> None:
        first, last = min(ids) >> BITS, max(ids) >> BITS
        highest = ((last + 1) << BITS) - 1
        flags = bytearray(b"0") * ((last - first + 1) * SIZE)
        for number in ids:
            flags[highest - number] = 49  # “1”
        for block in range(first, last + 1):
            at = (last - block) * SIZE
            if bits := int(bytes(flags[at : at + SIZE]), 2):
                self._blocks[block] = self._blocks.get(block, 0) | bits

    @classmethod
    def unpacked(cls, packed: bytes) -> "Crowd":
        """The crowd that was `packed`."""
        found, step = cls(), NUMBER + SIZE // 8
        for at in range(0, len(packed), step):
            block = int.from_bytes(packed[at : at + NUMBER], "big")
            found._blocks[block] = int.from_bytes(packed[at + NUMBER : at + step], "big")
        return found

    def packed(self) -> bytes:
        """As bytes: a bit a person, and eight kilobytes at least."""
        return b"".join(
            block.to_bytes(NUMBER, "big") + bits.to_bytes(SIZE // 8, "big") for block, bits in self._blocks.items()
        )

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

"""A print run of a stencil: the bytes that its `fill` gives, at a fifth of the price.

What differs in each mail is put in as it is, since we made it; names come again, so how each looks in its places is
kept. No mail goes from slot to slot: its pieces are picked and joined.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from funnel.mail.encoding import LINE_ROOM, quoted_printable
from funnel.mail.stencil import Cuts, Slot, Stencil, Values, escaped, measured, merged, named, printable
from funnel.programme.merge import Tag

NAMES_KEPT = 2048  # of a run; with the places they stand in, about a megabyte
OF_BODY = (printable, escaped)


class Run:
    """`still` is the same in every mail. The values of `own` are another in each, and told in this order.

    Both are bytes as in stencil.Values, those of `own` never empty. What is left is said to the reader, such as a name.
    """

    def __init__(self, stencil: Stencil, still: Mapping[str, bytes], own: Sequence[str]) -> None:
        cuts = merged(
            [cut.fill(still) if isinstance(cut, Slot) and cut.alone in still else cut for cut in stencil.cuts]
        )
        self._still_said = dict(still)
        self._order = tuple(own)
        self._still = tuple(cut for cut in cuts if isinstance(cut, bytes))
        self._said = [cut for cut in cuts if isinstance(cut, Slot) and cut.alone not in own]
        # A slot that mixes what is said with what is its mail's own is not kept.
        mixed = any(isinstance(part, Tag) and part.name in own for slot in self._said for part in slot.parts)
        self._most = 0 if mixed else NAMES_KEPT
        self._kept: dict[tuple[str, ...], tuple[bytes, ...]] = {}
        self._pick = itemgetter(*self._places(cuts))

    def fill(self, own: Sequence[bytes], said: dict[str, str]) -> bytes:
        """One mail, lines ended by CRLF. Raises Unsendable as Stencil.fill does."""
        words = tuple(said.values())
        shown = self._kept.get(words) or self._shown(words, said, own)
        in_body = own if max(map(len, own)) <= LINE_ROOM else [_in_body(value) for value in own]
        return measured(b"".join(self._pick((*own, *in_body, *self._still, *shown))))

    def _places(self, cuts: Cuts) -> Iterator[int]:
        """Of each cut, where `fill` has what stands there."""
        still = iter(range(2 * len(self._order), 2 * len(self._order) + len(self._still)))
        said = itertools.count(2 * len(self._order) + len(self._still))
        for cut in cuts:
            if isinstance(cut, bytes):
                yield next(still)
            elif cut.alone in self._order:
                yield self._order.index(cut.alone) + (len(self._order) if cut.encode in OF_BODY else 0)
            else:
                yield next(said)

    def _shown(self, words: tuple[str, ...], said: dict[str, str], own: Sequence[bytes]) -> tuple[bytes, ...]:
        """What is said to a reader, as it stands in each of its places."""
        values: Values = {**self._still_said, **dict(zip(self._order, own, strict=True)), **said}
        with named():
            shown = tuple(slot.fill(values) for slot in self._said)
        if len(self._kept) >= self._most:
            self._kept.clear()
        if self._most:
            self._kept[words] = shown
        return shown


def _in_body(value: bytes) -> bytes:
    return value if len(value) <= LINE_ROOM else quoted_printable(value.decode())

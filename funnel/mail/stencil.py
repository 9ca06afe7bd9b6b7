"""The stencil: a whole mail built once, cut at its slots, filled for each person by one join.

What stands still is already encoded as it leaves. A slot in a body begins at a line's start, behind a soft break, so
that what is put in cannot make a line of its neighbours too long; a slot in a header is the header's whole value.
No line begins with a dot, so nothing is left for the transport to double.
"""

import html
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from hashlib import blake2b
from operator import itemgetter
from typing import TypeAlias

from funnel.mail.encoding import CRLF, LINE_ROOM, SOFT_BREAK, Unsendable, quoted_printable
from funnel.mail.pieces import Pieces
from funnel.programme import merge
from funnel.programme.merge import Tag

TARGET_BYTES = 60_000
LARGEST_BYTES = 95_000  # Gmail cuts a mail off at 102 kB, and the way out with it
VALUES_KEPT = 4096  # readers' names of a run, as each stands in the mail

_SAMPLE = "sample"  # stands in every slot when a new stencil is checked
_PART = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"

Encode: TypeAlias = Callable[[str], bytes]
# Bytes are ASCII of our own making that is encoded already, such as a link: they are put in as they are.
Values: TypeAlias = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Slot:
    """A place for what differs from person to person, and how it is encoded where it stands."""

    parts: Pieces
    encode: Encode

    @property
    def alone(self) -> str:
        """The name of the one value that fills it; empty when it is made of several pieces."""
        return self.parts[0].name if len(self.parts) == 1 and isinstance(self.parts[0], Tag) else ""

    def fill(self, values: Values) -> bytes:
        """Raises KeyError for a value that is missing, and what `encode` raises."""
        found = values.get(self.alone)
        if isinstance(found, bytes) and 0 < len(found) <= LINE_ROOM:
            return found
        return self.encode("".join([part if isinstance(part, str) else _text(part, values) for part in self.parts]))


Cuts: TypeAlias = tuple[bytes | Slot, ...]
Header: TypeAlias = tuple[str, Cuts]


class Stencil:
    """A mail ready to be filled. `names`: every value it asks for."""

    def __init__(self, cuts: Cuts) -> None:
        self.cuts = cuts
        slots = [cut for cut in cuts if isinstance(cut, Slot)]
        self.names = {part.name for slot in slots for part in slot.parts if isinstance(part, Tag)}

    def fill(self, values: Values) -> bytes:
        """The mail with `values` in its slots, lines ended by CRLF.

        Raises Unsendable for a value that cannot stand where it would, and for a mail above LARGEST_BYTES.
        """
        with _named():
            return _measured(b"".join([cut.fill(values) if isinstance(cut, Slot) else cut for cut in self.cuts]))


class Run:
    """A print run of a stencil: the same bytes as its `fill` gives, at a fifth of the price.

    `still` is the same in every mail. The values of `own`, bytes as in Values, are another in each mail and told in
    this order. What is left is said to the reader, such as a name: names come again, so how each looks is kept.
    """

    def __init__(self, stencil: Stencil, still: Mapping[str, bytes], own: Sequence[str]) -> None:
        cuts = _whole(
            [cut.fill(still) if isinstance(cut, Slot) and cut.alone in still else cut for cut in stencil.cuts]
        )
        self._order = tuple(own)
        self._still = tuple(cut for cut in cuts if isinstance(cut, bytes))
        self._said = [cut for cut in cuts if isinstance(cut, Slot) and cut.alone not in own]
        # A slot that mixes what is said with what is its mail's own is not kept.
        mixed = any(isinstance(part, Tag) and part.name in own for slot in self._said for part in slot.parts)
        self._most = 0 if mixed else VALUES_KEPT
        self._kept: dict[tuple[str, ...], tuple[bytes, ...]] = {}
        self._pick = itemgetter(*self._places(cuts))

    def fill(self, own: Sequence[bytes], said: dict[str, str]) -> bytes:
        """One mail. Raises Unsendable as Stencil.fill does."""
        words = tuple(said.values())
        shown = self._kept.get(words) or self._shown(words, said, own)
        in_body = own if max(map(len, own)) <= LINE_ROOM else [_in_body(value) for value in own]
        return _measured(b"".join(self._pick((*own, *in_body, *self._still, *shown))))

    def _places(self, cuts: Cuts) -> Iterator[int]:
        """Of each cut, where `fill` has what stands there."""
        still = iter(range(2 * len(self._order), 2 * len(self._order) + len(self._still)))
        said = itertools.count(2 * len(self._order) + len(self._still))
        for cut in cuts:
            if isinstance(cut, bytes):
                yield next(still)
            elif cut.alone in self._order:
                yield self._order.index(cut.alone) + (len(self._order) if cut.encode in _OF_BODY else 0)
            else:
                yield next(said)

    def _shown(self, words: tuple[str, ...], said: dict[str, str], own: Sequence[bytes]) -> tuple[bytes, ...]:
        """What is said to a reader, as it stands in each of its places."""
        values: Values = {**dict(zip(self._order, own, strict=True)), **said}
        with _named():
            shown = tuple(slot.fill(values) for slot in self._said)
        if len(self._kept) >= self._most:
            self._kept.clear()
        if self._most:
            self._kept[words] = shown
        return shown


def cut(headers: list[Header], text: Pieces, page: Pieces) -> Stencil:
    """The stencil of a mail with `headers` in this order, a text part and an HTML part.

    Raises Unsendable when what was built does not read back as exactly these headers and two parts.
    """
    fence = b"=_" + blake2b(repr((text, page)).encode(), digest_size=12).hexdigest().encode()  # not in quoted-printable
    kind = b'multipart/alternative; boundary="' + fence + b'"'
    headers = [*headers, ("MIME-Version", (b"1.0",)), ("Content-Type", (kind,))]
    cuts: list[bytes | Slot] = []
    for name, pieces in headers:
        cuts += [name.encode() + b": ", *pieces, CRLF]
    cuts += [CRLF + b"--" + fence + CRLF + _PART % b"plain", *_body(text, _printable)]
    cuts += [CRLF + b"--" + fence + CRLF + _PART % b"html", *_body(page, _escaped)]
    cuts += [CRLF + b"--" + fence + b"--" + CRLF]
    stencil = Stencil(_whole(cuts))
    _check(stencil, [name for name, _ in headers])
    return stencil


def _text(tag: Tag, values: Values) -> str:
    found = values.get(tag.name)
    if isinstance(found, bytes):
        found = found.decode()
    return found if found and found.strip() else merge.value(tag, {} if found is None else {tag.name: found})


@contextmanager
def _named() -> Iterator[None]:
    """Says of a value that is missing which tag wants it."""
    try:
        yield
    except KeyError as missing:
        raise Unsendable(f"the tag {missing.args[0]} has no value in this mail: take it out") from None


def _measured(data: bytes) -> bytes:
    if len(data) > LARGEST_BYTES:
        raise Unsendable(f"the mail is {len(data) // 1000} kB, and Gmail would cut it off: shorten it")
    return data


def _printable(text: str) -> bytes:
    return quoted_printable(text)


def _escaped(text: str) -> bytes:
    return quoted_printable(html.escape(text))


def _in_body(value: bytes) -> bytes:
    return value if len(value) <= LINE_ROOM else quoted_printable(value.decode())


_OF_BODY = (_printable, _escaped)


def _body(pieces: Pieces, encode: Encode) -> list[bytes | Slot]:
    """A part's pieces, encoded. Between a slot and its neighbour on the line stands a soft break."""
    cuts: list[bytes | Slot] = []
    at_line_start = True
    for number, piece in enumerate(pieces):
        if isinstance(piece, Tag):
            cuts += [b"" if at_line_start else SOFT_BREAK, Slot((piece,), encode)]
        else:
            after_slot = number > 0 and not piece.startswith("\n")
            cuts.append((SOFT_BREAK if after_slot else b"") + quoted_printable(piece))
        at_line_start = isinstance(piece, str) and piece.endswith("\n")
    return cuts


def _whole(cuts: list[bytes | Slot]) -> Cuts:
    """Neighbouring bytes made one, so that filling joins as few as can be."""
    whole: list[bytes | Slot] = []
    for piece in cuts:
        if isinstance(piece, bytes) and whole and isinstance(whole[-1], bytes):
            whole[-1] += piece
        else:
            whole.append(piece)
    return tuple(whole)


def _check(stencil: Stencil, names: list[str]) -> None:
    sample = dict.fromkeys(stencil.names, _SAMPLE) | {"to": f"{_SAMPLE}@example.org"}
    mail = BytesParser(policy=policy.default).parsebytes(stencil.fill(sample))
    parts = [part.get_content_type() for part in mail.iter_parts()]
    if mail.keys() != names or parts != ["text/plain", "text/html"]:
        raise Unsendable(f"its headers do not read back as they were written: {', '.join(mail.keys())}")

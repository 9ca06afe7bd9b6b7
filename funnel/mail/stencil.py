"""The stencil: a whole mail built once, cut at its slots, filled for each person by one join.

What stands still is already encoded as it leaves. A slot in a body begins at a line's start, behind a soft break, so
that what is put in cannot make a line of its neighbours too long; a slot in a header is the header's whole value.
No line begins with a dot, so nothing is left for the transport to double.
"""

import html
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from hashlib import blake2b
from typing import TypeAlias

from funnel.mail.bidi import isolated
from funnel.mail.encoding import CRLF, LINE_ROOM, SOFT_BREAK, Unsendable, quoted_printable
from funnel.mail.pieces import Pieces
from funnel.programme import merge
from funnel.programme.merge import Tag

TARGET_BYTES = 60_000
LARGEST_BYTES = 95_000  # Gmail cuts a mail off at 102 kB, and the way out with it

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
        with named():
            return measured(b"".join([cut.fill(values) if isinstance(cut, Slot) else cut for cut in self.cuts]))


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
    cuts += [CRLF + b"--" + fence + CRLF + _PART % b"plain", *_body(text, printable)]
    cuts += [CRLF + b"--" + fence + CRLF + _PART % b"html", *_body(page, escaped)]
    cuts += [CRLF + b"--" + fence + b"--" + CRLF]
    stencil = Stencil(merged(cuts))
    _check(stencil, [name for name, _ in headers])
    return stencil


def _text(tag: Tag, values: Values) -> str:
    found = values.get(tag.name)
    if isinstance(found, bytes):
        found = found.decode()
    if found and found.strip():
        return isolated(found) if tag.name == merge.NAME else found
    return merge.value(tag, {} if found is None else {tag.name: found})


@contextmanager
def named() -> Iterator[None]:
    """Says of a value that is missing which tag wants it."""
    try:
        yield
    except KeyError as missing:
        raise Unsendable(f"the tag {missing.args[0]} has no value in this mail: take it out") from None


def measured(data: bytes) -> bytes:
    if len(data) > LARGEST_BYTES:
        raise Unsendable(f"the mail is {len(data) // 1000} kB, and Gmail would cut it off: shorten it")
    return data


def printable(text: str) -> bytes:
    return quoted_printable(text)


def escaped(text: str) -> bytes:
    return quoted_printable(html.escape(text))


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


def merged(cuts: list[bytes | Slot]) -> Cuts:
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
